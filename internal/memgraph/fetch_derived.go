package memgraph

import (
	"cmp"
	"slices"
	"strings"
	"unsafe"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// chain is one way from the owner of a derived field to a node.
type chain struct{ node, hop1, hop2 uint32 }

// chains lists the ways a derived field leads from a node over links that fit.
func (x *fetch) chains(k uint32, d *catalog.DerivedField, fits *plan.LinkFilter) []chain {
	var out []chain
	along := func(of *adjacency, groups []group, kind uint8, f func(link, other uint32)) {
		for _, g := range groups {
			if g.kind != kind || g.out != d.Out {
				continue
			}
			x.step(int(g.end - g.start))
			ends := of.ends[g.start:g.end]
			for i, l := range of.adjacent[g.start:g.end] {
				if x.linkFits(fits, l, ends[i]) {
					f(l, ends[i])
				}
			}
		}
	}
	named := fits.NamesRefuted()
	each := func(k uint32, kind uint8, f func(link, other uint32)) {
		n := x.graph.nodes.at(k)
		along(&x.graph.adjacency, x.graph.groups[n.group0:n.group1], kind, f)
		if named {
			along(&x.graph.refuted.adjacency, x.graph.refuted.groupsOf(k), kind, f)
		}
	}
	for _, c := range d.Chains {
		each(k, c[0].Index, func(hop1, middle uint32) {
			each(middle, c[1].Index, func(hop2, end uint32) {
				if x.graph.nodes.at(end).typ == d.Other.Index {
					out = append(out, chain{end, hop1, hop2})
					x.hold(3 * int(unsafe.Sizeof(chain{})))
				}
			})
		})
	}
	return out
}

// weighed is a node that chains lead to.
type weighed struct {
	node   uint32 // of a search also a source, with sourceFlag
	rank   uint32 // of its name; 0 of sources
	weight int64
	first  int // its chains: chains[first : first+weight]
}

// derived fills a page of what chains lead to, most first.
func (x *fetch) derived(page *kg.Page, k uint32, f *plan.Field) {
	chains := x.chains(k, f.Derived, f.Links)
	slices.SortFunc(chains, func(a, b chain) int {
		x.step(1)
		return cmp.Or(cmp.Compare(a.node, b.node), x.graph.compareLinks(a.hop1, b.hop1),
			x.graph.compareLinks(a.hop2, b.hop2))
	})
	var all []weighed
	for i, c := range chains {
		if i == 0 || c.node != chains[i-1].node {
			all = append(all, weighed{node: c.node, rank: *x.graph.ranks.at(c.node), first: i})
		}
		all[len(all)-1].weight++
	}
	page.Total = int64(len(all))
	items := x.weighedPage(page, f, all)
	for i, w := range items {
		e := &page.Edges[i]
		e.Weight = w.weight
		if f.Because == nil {
			continue
		}
		var links []uint32
		for _, c := range chains[w.first : w.first+int(w.weight)] {
			for _, l := range [2]uint32{c.hop1, c.hop2} {
				if len(links) < f.BecauseN && !slices.Contains(links, l) {
					links = append(links, l)
				}
			}
			if len(links) >= f.BecauseN {
				break
			}
		}
		e.Because = make([]kg.Row, len(links))
		for j, l := range links {
			x.link(&e.Because[j], l, f.Because)
		}
	}
}

// orderOf is what hits of one weight are ordered by.
func (graph *Graph) orderOf(k uint32) (sortKey, id string) {
	if k&sourceFlag != 0 {
		s := &graph.sources[k&^sourceFlag]
		return s.sortKey, s.id
	}
	n := graph.nodes.at(k)
	return graph.sortKey(n), graph.id(n)
}

// weighedPage fills a page of nodes by weight, then name, then id.
func (x *fetch) weighedPage(page *kg.Page, f *plan.Field, all []weighed) []weighed {
	if !f.Want.Rows && !f.Want.More {
		return nil
	}
	graph := x.graph
	at := func(w weighed, keys []kg.Value) int {
		sortKey, id := graph.orderOf(w.node)
		return cmp.Or(cmp.Compare(keys[0].Int, w.weight), strings.Compare(sortKey, keys[1].Str),
			strings.Compare(id, keys[2].Str))
	}
	l := list[weighed]{items: all, cmp: func(a, b weighed) int {
		if c := cmp.Compare(b.weight, a.weight); c != 0 {
			return c
		}
		if (a.node|b.node)&sourceFlag != 0 { // whose ranks are not known
			aKey, aID := graph.orderOf(a.node)
			bKey, bID := graph.orderOf(b.node)
			return cmp.Or(strings.Compare(aKey, bKey), strings.Compare(aID, bID))
		}
		if c := cmp.Compare(a.rank, b.rank); c != 0 {
			return c
		}
		return strings.Compare(graph.id(graph.nodes.at(a.node)), graph.id(graph.nodes.at(b.node)))
	}}
	items := l.page(page, &f.Page, at)
	if !f.Want.Rows {
		return nil
	}
	page.Edges = x.edges.take(len(items))
	keys := x.keys.take(len(items))
	for i, w := range items {
		if w.node&sourceFlag == 0 {
			keys[i] = w.node
		}
	}
	x.ahead(slices.DeleteFunc(keys, func(k uint32) bool { return k == 0 }), f.Node)
	for i, w := range items {
		e := &page.Edges[i]
		switch {
		case f.Node == nil:
		case w.node&sourceFlag != 0:
			x.source(&e.Node, w.node&^sourceFlag, f.Node)
		default:
			x.node(&e.Node, w.node, f.Node)
		}
		e.Weight = w.weight
		if f.Want.Cursors {
			sortKey, id := graph.orderOf(w.node)
			e.Keys = []kg.Value{kg.IntValue(w.weight), {Kind: kg.String, Str: sortKey}, kg.StringValue(id)}
		}
	}
	return items
}
