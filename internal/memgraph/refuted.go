package memgraph

import (
	"cmp"
	"slices"

	"github.com/throughline/throughline/internal/kg"
)

// refuted are the links that are REFUTED. They lie apart from the others, so that whoever does not ask for them does
// not meet them, and they are few: all of it but links is made anew with every version.
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

// refute lists the links that are REFUTED.
func (b *Builder) refute() {
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

// apart lays links, given by id, side by side for each node, as connect does with the others.
func (graph *Graph) apart(links []uint32) refuted {
	r := refuted{links: links}
	type end struct {
		node uint32
		half
	}
	ends := make([]end, 0, 2*len(links))
	for _, k := range links {
		l := graph.links.at(k)
		for _, out := range [2]bool{true, false} {
			e := end{
				node: l.other(!out),
				half: half{
					order: uint64(*graph.ranks.at(l.other(out)))<<32 | uint64(*graph.linkRanks.at(k)), link: k,
					group: l.kind,
				},
			}
			if !out {
				e.group |= 0x80
			}
			ends = append(ends, e)
		}
	}
	slices.SortFunc(ends, func(a, b end) int {
		return cmp.Or(cmp.Compare(a.node, b.node), cmp.Compare(a.group, b.group), cmp.Compare(a.order, b.order))
	})
	r.adjacent, r.ends = make([]uint32, len(ends)), make([]uint32, len(ends))
	for i, e := range ends {
		pos, out := uint32(i), e.group&0x80 == 0
		r.adjacent[i], r.ends[i] = e.link, graph.links.at(e.link).other(out)
		other := i == 0 || e.node != ends[i-1].node
		if other {
			r.nodes = append(r.nodes, e.node)
			r.first = append(r.first, uint32(len(r.groups)))
		}
		if other || e.group != ends[i-1].group {
			r.groups = append(r.groups, group{start: pos, kind: e.group & 0x7f, out: out})
		}
		r.groups[len(r.groups)-1].end = pos + 1
	}
	r.first = append(r.first, uint32(len(r.groups)))
	return r
}
