package memgraph

import (
	"cmp"
	"slices"

	"github.com/throughline/throughline/internal/kg"
)

// refuted are the links that are REFUTED. They lie apart from the others, so that whoever does not ask for them does
// not meet them, and they are few: a change copies all of it, and orders what has changed.
type refuted struct {
	links []uint32 // by id
	adjacency
	nodes []uint32 // those that have any, ascending
	first []uint32 // groups[first[i]:first[i+1]] are those of nodes[i]
}

// groupsOf are the runs of a node's links.
func (r *refuted) groupsOf(k uint32) []group {
	i, ok := slices.BinarySearch(r.nodes, k)
	if !ok {
		return nil
	}
	return r.groups[r.first[i]:r.first[i+1]]
}

// refute lists the links that are REFUTED. moved are nodes that stand elsewhere in their order than before.
func (b *Builder) refute(moved []uint32) {
	old := &b.old.refuted
	var fresh []uint32 // by id, as freshLinks are
	for _, k := range b.freshLinks {
		if b.links.at(k).standing == kg.Refuted {
			fresh = append(fresh, k)
		}
	}
	links := make([]uint32, 0, len(old.links)+len(fresh))
	changed := map[uint32]struct{}{} // nodes whose links are others, or in another order
	note := func(l *link) { changed[l.from], changed[l.to] = struct{}{}, struct{}{} }
	come := fresh
	for _, k := range old.links {
		if b.goneLinks.has(k) {
			note(b.old.links.at(k))
			continue
		}
		for len(come) > 0 && b.compareLinks(come[0], k) < 0 {
			links, come = append(links, come[0]), come[1:]
		}
		links = append(links, k)
	}
	links = append(links, come...)
	for _, k := range fresh {
		note(b.links.at(k))
	}
	for _, n := range moved {
		for _, g := range old.groupsOf(n) {
			for _, other := range old.ends[g.start:g.end] {
				changed[other] = struct{}{}
			}
		}
	}
	// the ends of the links of nodes that have changed, in order, and then the others' among them
	var ends []end
	for n := range changed {
		for _, g := range old.groupsOf(n) {
			for _, k := range old.adjacent[g.start:g.end] {
				if !b.goneLinks.has(k) {
					ends = append(ends, b.endOf(k, g.out))
				}
			}
		}
	}
	for _, k := range fresh {
		ends = append(ends, b.endOf(k, true), b.endOf(k, false))
	}
	slices.SortFunc(ends, end.compare)
	r := refuted{links: links}
	r.adjacent, r.ends = make([]uint32, 0, 2*len(links)), make([]uint32, 0, 2*len(links))
	for i, n := range old.nodes {
		if _, ok := changed[n]; ok {
			continue
		}
		for len(ends) > 0 && ends[0].node < n {
			r.add(b.Graph, ends[0])
			ends = ends[1:]
		}
		r.nodes, r.first = append(r.nodes, n), append(r.first, uint32(len(r.groups)))
		for _, g := range old.groups[old.first[i]:old.first[i+1]] {
			at := uint32(len(r.adjacent))
			r.adjacent = append(r.adjacent, old.adjacent[g.start:g.end]...)
			r.ends = append(r.ends, old.ends[g.start:g.end]...)
			g.start, g.end = at, uint32(len(r.adjacent))
			r.groups = append(r.groups, g)
		}
	}
	for _, e := range ends {
		r.add(b.Graph, e)
	}
	r.first = append(r.first, uint32(len(r.groups)))
	b.refuted = r
}

// refuteAll lists the links that are REFUTED where many records change.
func (b *Builder) refuteAll() {
	links := make([]uint32, 0, len(b.old.refuted.links))
	for _, k := range b.old.refuted.links {
		if !b.goneLinks.has(k) {
			links = append(links, k)
		}
	}
	for _, k := range b.freshLinks {
		if b.links.at(k).standing == kg.Refuted {
			links = append(links, k)
		}
	}
	slices.SortFunc(links, b.compareLinks)
	b.refuted = b.apart(links)
}

// end is a link as one of its ends sees it.
type end struct {
	node uint32
	half
}

func (e end) compare(with end) int {
	return cmp.Or(cmp.Compare(e.node, with.node), cmp.Compare(e.group, with.group), cmp.Compare(e.order, with.order))
}

// endOf returns a link as the end sees it from which it goes out, or to which it comes.
func (graph *Graph) endOf(k uint32, out bool) end {
	l := graph.links.at(k)
	e := end{l.other(!out), half{graph.placeOf(k, l.other(out)), k, l.kind}}
	if !out {
		e.group |= 0x80
	}
	return e
}

// add lays an end behind the others.
func (r *refuted) add(graph *Graph, e end) {
	pos, out := uint32(len(r.adjacent)), e.group&0x80 == 0
	r.adjacent, r.ends = append(r.adjacent, e.link), append(r.ends, graph.links.at(e.link).other(out))
	last := len(r.groups) - 1
	if len(r.nodes) == 0 || r.nodes[len(r.nodes)-1] != e.node {
		r.nodes, r.first = append(r.nodes, e.node), append(r.first, uint32(len(r.groups)))
		last = -1
	}
	if last < 0 || sideOf(&r.groups[last]) != e.group {
		r.groups = append(r.groups, group{start: pos, kind: e.group & 0x7f, out: out})
	}
	r.groups[len(r.groups)-1].end = pos + 1
}

// apart lays links, given by id, side by side for each node, as connect does with the others.
func (graph *Graph) apart(links []uint32) refuted {
	r := refuted{links: links}
	ends := make([]end, 0, 2*len(links))
	for _, k := range links {
		ends = append(ends, graph.endOf(k, true), graph.endOf(k, false))
	}
	slices.SortFunc(ends, end.compare)
	for _, e := range ends {
		r.add(graph, e)
	}
	r.first = append(r.first, uint32(len(r.groups)))
	return r
}
