package trace

import (
	"cmp"
	"container/heap"
	"context"
	"slices"
	"strings"
	"unsafe"

	"github.com/throughline/throughline/internal/bitset"
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

// Surround finds what surrounds some nodes: level by level, of each level those with most links first, then by id.
// Every node of the answer is expanded, as the links among the last level and what it hides are part of the answer.
func Surround(ctx context.Context, g store.Graph, q *Around) (_ *Surroundings, err error) {
	defer guard(&err)
	p := &pulse{ctx: ctx}
	out := &Surroundings{Nodes: slices.Clone(q.Seeds)}
	if len(out.Nodes) > q.MaxNodes {
		out.Nodes, out.Truncated = out.Nodes[:q.MaxNodes], true
	}
	both := store.Way{Out: true, In: true, Loops: true}
	seen, degree := bitset.Set{}, degreesOf(g)
	for _, k := range out.Nodes {
		seen.Put(k)
	}
	links := map[uint32]int64{} // of each node
	inner := 0                  // the nodes before the last level
	for level := 0; level < q.Depth && inner < len(out.Nodes); level++ {
		front := slices.Clone(out.Nodes[inner:])
		inner = len(out.Nodes)
		slices.Sort(front)
		best := &nearest{g: g, degree: degree, room: q.MaxNodes - len(out.Nodes)}
		err := g.Expand(ctx, front, both, func(k uint32, list []store.Arc) {
			links[k] = int64(len(list))
			for _, a := range list {
				p.beat(1)
				if seen.Put(a.To) {
					best.add(a.To)
				}
			}
		})
		if err != nil {
			return nil, err
		}
		out.Truncated = out.Truncated || best.refused
		out.Nodes = append(out.Nodes, best.sorted()...)
	}
	place, shown := make(map[uint32]int, len(out.Nodes)), bitset.Set{}
	for i, k := range out.Nodes {
		place[k] = i
		shown.Put(k)
	}
	out.Hidden = make([]int64, len(out.Nodes))
	var all []joined
	taken := bitset.Set{}
	collect := func(k uint32, list []store.Arc) {
		i := place[k]
		for _, a := range list {
			p.beat(1)
			if !shown.Has(a.To) {
				continue
			}
			j := place[a.To]
			out.Hidden[i]--
			if taken.Put(a.Link) {
				all = append(all, joined{a.Link, min(i, j), max(i, j)})
				p.hold(2 * int(unsafe.Sizeof(joined{})))
			}
		}
		out.Hidden[i] += links[k]
	}
	// what the inner nodes have was counted; of it only the links among the nodes are looked at again
	among := both
	among.Among = out.Nodes
	if err := g.Expand(ctx, out.Nodes[:inner], among, collect); err != nil {
		return nil, err
	}
	err = g.Expand(ctx, out.Nodes[inner:], both, func(k uint32, list []store.Arc) {
		links[k] = int64(len(list))
		collect(k, list)
	})
	if err != nil {
		return nil, err
	}
	out.list(p, g, all, q.MaxLinks)
	return out, nil
}

// nearest keeps the nodes with most links, and of those the first ids: a heap with the worst on top. An id is asked for
// only where degrees are equal: most nodes are turned away by their degree.
type nearest struct {
	g       store.Graph
	degree  func(uint32) int64
	room    int
	nodes   []ranked
	refused bool
}

type ranked struct {
	key    uint32
	degree int64
}

// degrees is a graph that knows the degree of a node without the rest of it.
type degrees interface {
	Degree(key uint32) int64
}

func degreesOf(g store.Graph) func(uint32) int64 {
	if d, ok := g.(degrees); ok {
		return d.Degree
	}
	return func(k uint32) int64 { return g.Node(k).Degree }
}

func (n *nearest) Len() int           { return len(n.nodes) }
func (n *nearest) Less(i, j int) bool { return n.compare(n.nodes[i], n.nodes[j]) > 0 }
func (n *nearest) Swap(i, j int)      { n.nodes[i], n.nodes[j] = n.nodes[j], n.nodes[i] }
func (n *nearest) Push(x any)         { n.nodes = append(n.nodes, x.(ranked)) } // nothing else is pushed
func (n *nearest) Pop() any           { return nil }                            // nothing is popped

func (n *nearest) compare(a, b ranked) int {
	if c := cmp.Compare(b.degree, a.degree); c != 0 {
		return c
	}
	return strings.Compare(n.g.Node(a.key).ID, n.g.Node(b.key).ID)
}

func (n *nearest) add(k uint32) {
	if n.room == 0 {
		n.refused = true
		return
	}
	r := ranked{k, n.degree(k)}
	if len(n.nodes) < n.room {
		heap.Push(n, r)
		return
	}
	n.refused = true
	if n.compare(r, n.nodes[0]) < 0 {
		n.nodes[0] = r
		heap.Fix(n, 0)
	}
}

func (n *nearest) sorted() []uint32 {
	slices.SortFunc(n.nodes, n.compare)
	out := make([]uint32, len(n.nodes))
	for i, r := range n.nodes {
		out[i] = r.key
	}
	return out
}

// joined is a link between two of the nodes, by their places.
type joined struct {
	link       uint32
	near, away int
}

// list lists the links, those of the nearest nodes first, as many as there is room for.
func (out *Surroundings) list(p *pulse, g store.Graph, all []joined, most int) {
	sortFunc(p, all, func(a, b joined) int {
		if c := cmp.Or(cmp.Compare(a.near, b.near), cmp.Compare(a.away, b.away)); c != 0 {
			return c
		}
		return strings.Compare(g.Link(a.link).ID, g.Link(b.link).ID)
	})
	out.Links = make([]uint32, 0, min(len(all), most))
	for i, j := range all {
		if i >= most {
			out.Truncated = true
			out.Hidden[j.near]++
			if j.away != j.near {
				out.Hidden[j.away]++
			}
			continue
		}
		out.Links = append(out.Links, j.link)
	}
}
