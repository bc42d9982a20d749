package trace

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/store"
)

// Around asks for what surrounds some nodes.
type Around struct {
	Seeds              []uint32 // each once
	Depth              int
	MaxNodes, MaxLinks int
}

// Surroundings are nodes and the links among them.
type Surroundings struct {
	Nodes, Links []uint32
	// Hidden is how many links of each node are not shown, by the index of Nodes.
	Hidden []int64
	// Truncated: nodes within the depth, or links, were left out.
	Truncated bool
}

// Surround finds what surrounds some nodes: level by level, of each level those with most links first, then by id. Every
// node of the answer is expanded, as the links among the last level and what it hides are part of the answer.
func Surround(ctx context.Context, g store.Graph, q *Around) (*Surroundings, error) {
	out := &Surroundings{Nodes: slices.Clone(q.Seeds)}
	place := map[uint32]int{}
	for i, k := range out.Nodes {
		place[k] = i
	}
	if len(out.Nodes) > q.MaxNodes {
		for _, k := range out.Nodes[q.MaxNodes:] {
			delete(place, k)
		}
		out.Nodes, out.Truncated = out.Nodes[:q.MaxNodes], true
	}
	arcs := map[uint32][]store.Arc{}
	for level, begin := 0, 0; begin < len(out.Nodes); level++ {
		front := slices.Clone(out.Nodes[begin:])
		begin = len(out.Nodes)
		slices.Sort(front)
		found := map[uint32]bool{}
		err := g.Expand(ctx, front, store.Way{Out: true, In: true}, func(k uint32, list []store.Arc) {
			arcs[k] = slices.Clone(list)
			if level == q.Depth {
				return
			}
			for _, a := range list {
				if _, shown := place[a.To]; !shown {
					found[a.To] = true
				}
			}
		})
		if err != nil {
			return nil, err
		}
		next := make([]uint32, 0, len(found))
		for k := range found {
			next = append(next, k)
		}
		slices.SortFunc(next, func(a, b uint32) int { return byDegree(g, a, b) })
		if room := q.MaxNodes - len(out.Nodes); len(next) > room {
			next, out.Truncated = next[:room], true
		}
		for _, k := range next {
			place[k] = len(out.Nodes)
			out.Nodes = append(out.Nodes, k)
		}
	}
	out.link(g, q, place, arcs)
	return out, nil
}

// byDegree orders by number of links, most first, then by id.
func byDegree(g store.Graph, a, b uint32) int {
	x, y := g.Node(a), g.Node(b)
	return cmp.Or(cmp.Compare(y.Degree, x.Degree), strings.Compare(x.ID, y.ID))
}

// link lists the links among the nodes, those of the nearest first, and counts the others.
func (out *Surroundings) link(g store.Graph, q *Around, place map[uint32]int, arcs map[uint32][]store.Arc) {
	type joined struct {
		link       uint32
		near, away int // places of the ends
		id         string
	}
	var all []joined
	seen := map[uint32]bool{}
	out.Hidden = make([]int64, len(out.Nodes))
	for i, k := range out.Nodes {
		for _, a := range arcs[k] {
			j, shown := place[a.To]
			switch {
			case !shown:
				out.Hidden[i]++
			case !seen[a.Link]:
				seen[a.Link] = true
				all = append(all, joined{a.Link, min(i, j), max(i, j), g.Link(a.Link).ID})
			}
		}
	}
	slices.SortFunc(all, func(a, b joined) int {
		return cmp.Or(cmp.Compare(a.near, b.near), cmp.Compare(a.away, b.away), strings.Compare(a.id, b.id))
	})
	for i, j := range all {
		if i >= q.MaxLinks {
			out.Truncated = true
			out.Hidden[j.near]++
			out.Hidden[j.away]++
			continue
		}
		out.Links = append(out.Links, j.link)
	}
}
