package memgraph

import (
	"cmp"
	"slices"
	"strings"
	"unsafe"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// hit is a link seen from one of its ends.
type hit struct {
	link, other uint32
	out         bool
}

// byNameOnly reports whether an order is the default one, and which way.
func byNameOnly(order []plan.Order) (yes, desc bool) {
	if len(order) == 0 {
		return true, false
	}
	return len(order) == 1 && order[0].By == plan.ByName, order[0].Desc
}

// plain reports whether every link of a group belongs to a field without looking at it.
func (x *fetch) plain(f *plan.Field, g *group) bool { return f.Links == nil && x.allTypes(f, g) }

// allTypes reports whether the links of a group lead to nothing but what a field wants.
func (x *fetch) allTypes(f *plan.Field, g *group) bool {
	ends := x.graph.cat.Kinds[g.kind].To
	if !g.out {
		ends = x.graph.cat.Kinds[g.kind].From
	}
	return ends&^f.Other == 0
}

// wants reports whether a field follows the links of a group.
func wants(f *plan.Field, g *group) bool {
	return f.Kinds.Has(g.kind) && (g.out && f.Out || !g.out && f.In)
}

// links fills a page of the links of a node.
func (x *fetch) links(page *kg.Page, k uint32, f *plan.Field) {
	n := x.graph.nodes.at(k)
	groups := x.graph.groups[n.group0:n.group1]
	// the common case: one direction and kind, in its own order, nothing to filter: only the page is touched
	first, count := 0, 0
	alike := true // all that is wanted is of one direction and kind
	for i := 0; i < len(groups); {
		j := runsEnd(groups, i)
		if wants(f, &groups[i]) {
			alike = count == 0
			first, count = i, count+j-i
		}
		i = j
	}
	if count == 0 && !f.Links.NamesRefuted() {
		x.facetLinks(page, f, nil)
		page.HasPrev, page.HasNext = false, false
		return
	}
	if name, desc := byNameOnly(f.Order); count > 0 && alike && name && !desc && x.plain(f, &groups[first]) &&
		len(f.Want.Facets) == 0 {
		x.linksInOrder(page, groups[first:first+count], f)
		return
	}
	if !f.Want.Rows && !f.Want.More && len(f.Want.Facets) == 0 {
		page.Total = x.countLinks(k, f)
		return
	}
	x.hitsPage(page, x.gather(k, f), f)
}

// runsEnd returns where the runs end that are of the same direction and kind as one.
func runsEnd(groups []group, i int) int {
	j := i + 1
	for j < len(groups) && groups[j].kind == groups[i].kind && groups[j].out == groups[i].out {
		j++
	}
	return j
}

// linksInOrder fills a page of all links of a direction and kind, in their own order.
func (x *fetch) linksInOrder(page *kg.Page, groups []group, f *plan.Field) {
	for i := range groups {
		page.Total += int64(groups[i].end - groups[i].start)
	}
	if !f.Want.Rows && !f.Want.More {
		return
	}
	if len(groups) > 1 {
		x.linksOfRuns(page, groups, f)
		return
	}
	g := &groups[0]
	l := list[uint32]{items: x.graph.adjacent[g.start:g.end], sorted: true}
	items := l.page(page, &f.Page, func(k uint32, keys []kg.Value) int {
		return x.linkAt(hit{k, x.graph.links.at(k).other(g.out), g.out}, f.Order, keys)
	})
	if !f.Want.Rows {
		return
	}
	page.Edges = x.edges.take(len(items))
	ends := x.graph.ends[int(g.start)+cap(l.items)-cap(items):] // items is cut out of l.items
	for i, k := range items {
		x.linkEdge(&page.Edges[i], hit{k, ends[i], g.out}, f)
	}
}

// linksOfRuns is linksInOrder for links that lie in several runs.
func (x *fetch) linksOfRuns(page *kg.Page, groups []group, f *plan.Field) {
	out := groups[0].out
	runs := order{chunks: make([][]uint32, len(groups)), before: make([]int, len(groups))}
	for i, g := range groups {
		runs.chunks[i], runs.before[i] = x.graph.adjacent[g.start:g.end], runs.n
		runs.n += int(g.end - g.start)
	}
	items := runs.page(page, &f.Page, func(k uint32, keys []kg.Value) int {
		return x.linkAt(hit{k, x.graph.links.at(k).other(out), out}, f.Order, keys)
	}, x.keys.take)
	if !f.Want.Rows {
		return
	}
	page.Edges = x.edges.take(len(items))
	for i, k := range items {
		x.linkEdge(&page.Edges[i], hit{k, x.graph.links.at(k).other(out), out}, f)
	}
}

// gather lists the links of a node that fit a field.
func (x *fetch) gather(k uint32, f *plan.Field) []hit {
	var hits []hit
	x.eachFit(k, f, func(h hit) {
		hits = append(hits, h)
		x.hold(2 * int(unsafe.Sizeof(h)))
	})
	return hits
}

// eachFit calls found with the links of a node that fit a field.
func (x *fetch) eachFit(k uint32, f *plan.Field, found func(hit)) {
	n := x.graph.nodes.at(k)
	x.eachFitOf(k, f, &x.graph.adjacency, x.graph.groups[n.group0:n.group1], found)
	if f.Links.NamesRefuted() {
		x.eachFitOf(k, f, &x.graph.refuted.adjacency, x.graph.refuted.groupsOf(k), found)
	}
}

func (x *fetch) eachFitOf(k uint32, f *plan.Field, of *adjacency, groups []group, found func(hit)) {
	for _, g := range groups {
		if !wants(f, &g) {
			continue
		}
		x.step(int(g.end - g.start))
		ends := of.ends[g.start:g.end]
		anyType := x.allTypes(f, &g)
		for i, l := range of.adjacent[g.start:g.end] {
			h := hit{l, ends[i], g.out}
			if !g.out && f.Out && h.other == k {
				continue // a link to itself is listed once, as outgoing
			}
			if (anyType || f.Other.Has(x.graph.nodes.at(h.other).typ)) && x.linkFits(f.Links, l, h.other) {
				found(h)
			}
		}
	}
}

// countLinks counts without listing, and without looking at links where all of them fit.
func (x *fetch) countLinks(k uint32, f *plan.Field) (total int64) {
	n := x.graph.nodes.at(k)
	each := func() int64 {
		total = 0
		x.eachFit(k, f, func(hit) { total++ })
		return total
	}
	if f.Links.NamesRefuted() {
		return each()
	}
	groups := x.graph.groups[n.group0:n.group1]
	for i := 0; i < len(groups); {
		j := runsEnd(groups, i)
		if wants(f, &groups[i]) {
			if n.looped || !x.plain(f, &groups[i]) {
				return each()
			}
			for ; i < j; i++ {
				total += int64(groups[i].end - groups[i].start)
			}
		}
		i = j
	}
	return total
}

// hitsPage fills a page from the links that fit.
func (x *fetch) hitsPage(page *kg.Page, hits []hit, f *plan.Field) {
	page.Total = int64(len(hits))
	x.facetLinks(page, f, hits)
	if !f.Want.Rows && !f.Want.More {
		return
	}
	linksPage(x, page, list[hit]{items: hits, cmp: func(a, b hit) int { return x.cmpLinks(a, b, f.Order) }},
		func(h hit) hit { return h }, f)
}

// linksPage fills the window of a list of links; seen is how an item is seen.
func linksPage[T any](x *fetch, page *kg.Page, l list[T], seen func(T) hit, f *plan.Field) {
	items := l.page(page, &f.Page, func(k T, keys []kg.Value) int { return x.linkAt(seen(k), f.Order, keys) })
	if !f.Want.Rows {
		return
	}
	page.Edges = x.edges.take(len(items))
	for i, k := range items {
		x.linkEdge(&page.Edges[i], seen(k), f)
	}
}

func (x *fetch) linkEdge(e *kg.Edge, h hit, f *plan.Field) {
	e.Out = h.out
	if f.Node != nil {
		x.node(&e.Node, h.other, f.Node)
	}
	if f.Link != nil {
		x.link(&e.Link, h.link, f.Link)
	}
	if f.Want.Cursors {
		e.Keys = x.linkKeys(h, f.Order)
	}
}

var defaultOrder = []plan.Order{{By: plan.ByName}}

func orDefault(order []plan.Order) []plan.Order {
	if len(order) == 0 {
		return defaultOrder
	}
	return order
}

// linkNumber is the value of an order key that is a number.
func (x *fetch) linkNumber(h hit, o plan.Order) int64 {
	l := x.graph.links.at(h.link)
	day := func(k uint32) int64 {
		d := &x.graph.dates[k]
		return plan.DateKey(d.from, d.to, k != 0, o.Desc)
	}
	switch o.By {
	case plan.BySince:
		return day(l.since)
	case plan.ByUntil:
		return day(l.until)
	}
	return x.graph.sourceCount(h.link)
}

// direct turns a comparison round for a descending key.
func direct(c int, desc bool) int {
	if desc {
		return -c
	}
	return c
}

func (x *fetch) cmpLinks(a, b hit, order []plan.Order) int {
	order = orDefault(order)
	for _, o := range order {
		var c int
		if o.By == plan.ByName {
			c = cmp.Compare(*x.graph.ranks.at(a.other), *x.graph.ranks.at(b.other))
		} else {
			c = cmp.Compare(x.linkNumber(a, o), x.linkNumber(b, o))
		}
		if c != 0 {
			return direct(c, o.Desc)
		}
	}
	return direct(x.graph.compareLinks(a.link, b.link), order[len(order)-1].Desc)
}

// linkAt compares a link with the keys of a cursor.
func (x *fetch) linkAt(h hit, order []plan.Order, keys []kg.Value) int {
	order = orDefault(order)
	for i, o := range order {
		var c int
		if o.By == plan.ByName {
			c = strings.Compare(x.graph.sortKey(x.graph.nodes.at(h.other)), keys[i].Str)
		} else {
			c = cmp.Compare(x.linkNumber(h, o), keys[i].Int)
		}
		if c != 0 {
			return direct(c, o.Desc)
		}
	}
	return direct(strings.Compare(x.graph.linkID(h.link), keys[len(order)].Str), order[len(order)-1].Desc)
}

func (x *fetch) linkKeys(h hit, order []plan.Order) []kg.Value {
	order = orDefault(order)
	keys := make([]kg.Value, 0, len(order)+1)
	for _, o := range order {
		if o.By == plan.ByName {
			keys = append(keys, kg.Value{Kind: kg.String, Str: x.graph.sortKey(x.graph.nodes.at(h.other))})
		} else {
			keys = append(keys, kg.IntValue(x.linkNumber(h, o)))
		}
	}
	return append(keys, kg.StringValue(x.graph.linkID(h.link)))
}

// linksOf fills a page of the links that rest on a source, seen from where they start.
func (x *fetch) linksOf(page *kg.Page, k uint32, f *plan.Field) {
	x.step(len(x.graph.supports.of(k)))
	var hits []hit
	look := func(l uint32) {
		to := x.graph.links.at(l).to
		if x.linkFits(f.Links, l, to) {
			hits = append(hits, hit{l, to, true})
			x.hold(2 * int(unsafe.Sizeof(hit{})))
		}
	}
	for _, l := range x.graph.supports.of(k) {
		look(l)
	}
	if f.Links.NamesRefuted() {
		x.step(len(x.graph.refuted.links))
		for _, l := range x.graph.refuted.links {
			if slices.Contains(x.graph.refutersOf(l), k) {
				look(l)
			}
		}
	}
	x.hitsPage(page, hits, f)
}

// everyLink fills a page of all links, seen from where they start.
func (x *fetch) everyLink(page *kg.Page, f *plan.Field) {
	all := x.graph.byEnd()
	seen := func(k uint32) hit { return hit{k, x.graph.links.at(k).to, true} }
	if name, desc := byNameOnly(f.Order); f.Links != nil || !name || desc || len(f.Want.Facets) > 0 {
		var hits []hit
		look := func(links []uint32) {
			for _, k := range links {
				x.step(1)
				if h := seen(k); x.linkFits(f.Links, k, h.other) {
					hits = append(hits, h)
					x.hold(2 * int(unsafe.Sizeof(h)))
				}
			}
		}
		look(all)
		if f.Links.NamesRefuted() {
			look(x.graph.refuted.links)
		}
		x.hitsPage(page, hits, f)
		return
	}
	page.Total = int64(len(all))
	linksPage(x, page, list[uint32]{items: all, sorted: true}, seen, f)
}
