package memgraph

import (
	"cmp"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// everything fills a page of all records of the types wanted.
func (x *fetch) everything(page *kg.Page, f *plan.Field) {
	if x.q.Types.Has(x.graph.cat.Source.Index) {
		x.records(page, f, &x.graph.byType[x.graph.cat.Source.Index], sourcesOrder{x})
		return
	}
	x.records(page, f, x.ofTypes(), nodesOrder{x})
}

// ofTypes lists the entities of the types wanted, in order of name.
func (x *fetch) ofTypes() *order {
	var one *order
	kinds, n := 0, 0
	for _, t := range x.graph.cat.Types {
		if x.q.Types.Has(t.Index) {
			one = &x.graph.byType[t.Index]
			kinds++
			n += one.n
		}
	}
	switch {
	case kinds == 0:
		return &order{}
	case kinds == 1:
		return one
	case n == x.graph.nodeOrder.n:
		return &x.graph.nodeOrder
	}
	x.hold(4 * n)
	all := make([]uint32, 0, n)
	x.graph.nodeOrder.all(func(keys []uint32) bool {
		for _, k := range keys {
			x.step(1)
			if x.q.Types.Has(x.graph.nodes.at(k).typ) {
				all = append(all, k)
			}
		}
		return true
	})
	return &order{flat: all, n: len(all)}
}

// recordOrder is what entities and sources differ in when they are listed.
type recordOrder interface {
	fits(f *plan.EntityFilter, k uint32) bool
	cmp(a, b uint32, order []plan.Order) int
	at(k uint32, order []plan.Order, keys []kg.Value) int
	keys(k uint32, order []plan.Order) []kg.Value
	fill(row *kg.Row, k uint32, sel *plan.Sel)
	ahead(keys []uint32, sel *plan.Sel)
}

// records fills a page from records in order of name.
func (x *fetch) records(page *kg.Page, f *plan.Field, all *order, r recordOrder) {
	name, desc := byNameOnly(f.Order)
	ordered := name && !desc
	whole := f.Entities == nil // the page is of all, in their order: nothing is listed
	var fit []uint32
	switch {
	case !whole:
		look := func(keys []uint32) bool {
			for _, k := range keys {
				x.step(1)
				if r.fits(f.Entities, k) {
					fit = append(fit, k)
					x.hold(8)
				}
			}
			return true
		}
		if some, narrowed := x.candidates(f.Entities, all.n); narrowed {
			look(some)
			fit = x.inOrder(fit)
		} else {
			all.all(look)
		}
		page.Total = int64(len(fit))
	case !ordered || len(f.Want.Facets) > 0:
		x.hold(4 * all.n)
		fit = all.keys()
		if !ordered {
			fit = slices.Clone(fit)
			whole = false
		}
		page.Total = int64(all.n)
	default:
		page.Total = int64(all.n)
	}
	x.facetRecords(page, f, fit)
	if !f.Want.Rows && !f.Want.More {
		return
	}
	at := func(k uint32, keys []kg.Value) int { return r.at(k, f.Order, keys) }
	var items []uint32
	if whole {
		items = all.page(page, &f.Page, at, x.keys.take)
	} else {
		l := list[uint32]{
			items: fit, sorted: ordered, cmp: func(a, b uint32) int { return r.cmp(a, b, f.Order) },
		}
		items = l.page(page, &f.Page, at)
	}
	if !f.Want.Rows {
		return
	}
	page.Edges = x.edges.take(len(items))
	r.ahead(items, f.Node)
	for i, k := range items {
		if f.Node != nil {
			r.fill(&page.Edges[i].Node, k, f.Node)
		}
		if f.Want.Cursors {
			page.Edges[i].Keys = r.keys(k, f.Order)
		}
	}
}

// candidates narrows what a filter has to be tried on: to an exact name, to ids, or to links to a known entity that has
// fewer of them than there are records. Then they are in no order, and some may stand there twice.
func (x *fetch) candidates(f *plan.EntityFilter, all int) (some []uint32, narrowed bool) {
	if all == 0 || x.q.Types.Has(x.graph.cat.Source.Index) {
		return nil, false
	}
	var keys []uint32
	switch {
	case f.Name != nil && f.Name.Eq != nil:
		keys = x.graph.named(*f.Name.Eq)
	case f.IDs != nil:
		for _, id := range f.IDs {
			if k := x.graph.findNode(id); k != 0 {
				keys = append(keys, k)
			}
		}
	case f.ExternalIDs != nil:
		for _, id := range f.ExternalIDs {
			keys = append(keys, x.graph.known(id[0], id[1])...)
		}
	case f.LinkedTo != nil && f.LinkedTo.Ref >= 0 && !f.LinkedTo.Link.NamesRefuted():
		k := x.refs[f.LinkedTo.Ref]
		if x.graph.degree(k) >= int64(all) {
			return nil, false
		}
		n := x.graph.nodes.at(k)
		for _, g := range x.graph.groups[n.group0:n.group1] {
			if f.LinkedTo.Kinds == nil || f.LinkedTo.Kinds.Has(g.kind) {
				keys = append(keys, x.graph.ends[g.start:g.end]...)
			}
		}
	default:
		return nil, false
	}
	return slices.DeleteFunc(keys, func(k uint32) bool { return !x.q.Types.Has(x.graph.nodes.at(k).typ) }), true
}

// inOrder orders nodes by name and id, each once.
func (x *fetch) inOrder(keys []uint32) []uint32 {
	ranked := make([]uint64, len(keys))
	for i, k := range keys {
		ranked[i] = uint64(*x.graph.ranks.at(k))<<32 | uint64(k)
	}
	slices.Sort(ranked)
	ranked = slices.Compact(ranked)
	out := keys[:0]
	for i := 0; i < len(ranked); {
		same := i + 1
		for same < len(ranked) && ranked[same]>>32 == ranked[i]>>32 {
			same++
		}
		from := len(out)
		for ; i < same; i++ {
			out = append(out, uint32(ranked[i]))
		}
		slices.SortFunc(out[from:], func(a, b uint32) int {
			return strings.Compare(x.graph.id(x.graph.nodes.at(a)), x.graph.id(x.graph.nodes.at(b)))
		})
	}
	return out
}

type nodesOrder struct{ x *fetch }

func (r nodesOrder) fits(f *plan.EntityFilter, k uint32) bool { return r.x.entityFits(f, k) }

func (r nodesOrder) fill(row *kg.Row, k uint32, sel *plan.Sel) { r.x.node(row, k, sel) }

func (r nodesOrder) ahead(keys []uint32, sel *plan.Sel) { r.x.ahead(keys, sel) }

func (r nodesOrder) number(k uint32, o plan.Order) int64 {
	n := r.x.graph.nodes.at(k)
	switch o.By {
	case plan.ByDate:
		return plan.DateKey(n.from, n.to, n.dated, o.Desc)
	case plan.ByLinkCount:
		return r.x.graph.degree(k)
	}
	return r.x.graph.born[n.updated]
}

func (r nodesOrder) cmp(a, b uint32, order []plan.Order) int {
	order = orDefault(order)
	graph := r.x.graph
	for _, o := range order {
		var c int
		if o.By == plan.ByName {
			c = cmp.Compare(*graph.ranks.at(a), *graph.ranks.at(b))
		} else {
			c = cmp.Compare(r.number(a, o), r.number(b, o))
		}
		if c != 0 {
			return direct(c, o.Desc)
		}
	}
	return direct(strings.Compare(graph.id(graph.nodes.at(a)), graph.id(graph.nodes.at(b))), order[len(order)-1].Desc)
}

func (r nodesOrder) at(k uint32, order []plan.Order, keys []kg.Value) int {
	n := r.x.graph.nodes.at(k)
	return recordAt(r.x.graph.sortKey(n), r.x.graph.id(n), orDefault(order), keys,
		func(o plan.Order) int64 { return r.number(k, o) })
}

func (r nodesOrder) keys(k uint32, order []plan.Order) []kg.Value {
	n := r.x.graph.nodes.at(k)
	return recordKeys(r.x.graph.sortKey(n), r.x.graph.id(n), orDefault(order),
		func(o plan.Order) int64 { return r.number(k, o) })
}

type sourcesOrder struct{ x *fetch }

func (r sourcesOrder) fits(f *plan.EntityFilter, k uint32) bool { return r.x.sourceFits(f, k) }

func (r sourcesOrder) fill(row *kg.Row, k uint32, sel *plan.Sel) { r.x.source(row, k, sel) }

func (sourcesOrder) ahead([]uint32, *plan.Sel) {}

func (r sourcesOrder) number(k uint32, o plan.Order) int64 {
	s := &r.x.graph.sources[k]
	switch o.By {
	case plan.ByDate:
		return plan.DateKey(s.from, s.to, s.dated, o.Desc)
	case plan.ByLinkCount:
		return int64(len(r.x.graph.supports.of(k)))
	}
	return 0
}

func (r sourcesOrder) cmp(a, b uint32, order []plan.Order) int {
	s := &r.x.graph.sources[b]
	return r.at(a, order, recordKeys(s.sortKey, s.id, orDefault(order),
		func(o plan.Order) int64 { return r.number(b, o) }))
}

func (r sourcesOrder) at(k uint32, order []plan.Order, keys []kg.Value) int {
	s := &r.x.graph.sources[k]
	return recordAt(s.sortKey, s.id, orDefault(order), keys, func(o plan.Order) int64 { return r.number(k, o) })
}

func (r sourcesOrder) keys(k uint32, order []plan.Order) []kg.Value {
	s := &r.x.graph.sources[k]
	return recordKeys(s.sortKey, s.id, orDefault(order), func(o plan.Order) int64 { return r.number(k, o) })
}

func recordAt(sortKey, id string, order []plan.Order, keys []kg.Value, number func(plan.Order) int64) int {
	for i, o := range order {
		var c int
		if o.By == plan.ByName {
			c = strings.Compare(sortKey, keys[i].Str)
		} else {
			c = cmp.Compare(number(o), keys[i].Int)
		}
		if c != 0 {
			return direct(c, o.Desc)
		}
	}
	return direct(strings.Compare(id, keys[len(order)].Str), order[len(order)-1].Desc)
}

func recordKeys(sortKey, id string, order []plan.Order, number func(plan.Order) int64) []kg.Value {
	keys := make([]kg.Value, 0, len(order)+1)
	for _, o := range order {
		if o.By == plan.ByName {
			keys = append(keys, kg.Value{Kind: kg.String, Str: sortKey})
		} else {
			keys = append(keys, kg.IntValue(number(o)))
		}
	}
	return append(keys, kg.StringValue(id))
}
