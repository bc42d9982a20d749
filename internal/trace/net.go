package trace

import (
	"context"

	"github.com/throughline/throughline/internal/budget"
	"github.com/throughline/throughline/internal/store"
)

// Net is a whole graph with its links taken both ways: who is joined to whom, by how many links. A node without a
// neighbour is no part of the graph: it counts nowhere and every measure of it is 0.
//
// What is measured on a Net depends on the nodes in order of id and on the neighbours of each alone, and every sum is
// taken in that order: equal graphs give equal bits on every store.
type Net struct {
	Nodes []store.WholeNode // in bytewise order of id
	// Connected is how many nodes have a neighbour, Links how many links there are: parallel ones each, but see Once.
	Connected int
	Links     int
	first     []uint32  // the neighbours of node i are ends[first[i]:first[i+1]], ascending, each once
	ends      []uint32  // neighbours
	weights   []uint32  // how many links join the two
	degrees   []float64 // links of each node
}

// NewNet lays a graph out.
func NewNet(ctx context.Context, w *store.Whole) (*Net, error) {
	n := len(w.Nodes)
	if err := budget.Of(ctx).Hold(int64(44*n + 32*len(w.Links))); err != nil { // with w itself
		return nil, err
	}
	arcs := make([]uint32, n+1)
	for _, l := range w.Links {
		arcs[l.From]++
		arcs[l.To]++
	}
	sum := uint32(0)
	for i, c := range arcs {
		arcs[i], sum = sum, sum+c
	}
	loose := make([]uint32, sum)
	at := append([]uint32(nil), arcs...)
	for _, l := range w.Links {
		loose[at[l.From]], loose[at[l.To]] = l.To, l.From
		at[l.From]++
		at[l.To]++
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// each node tells its neighbours of itself, in order: so theirs come in order
	sorted := make([]uint32, sum)
	copy(at, arcs)
	for v := range n {
		for _, u := range loose[arcs[v]:arcs[v+1]] {
			sorted[at[u]] = uint32(v)
			at[u]++
		}
	}
	g := &Net{
		Nodes: w.Nodes, Links: len(w.Links), first: make([]uint32, n+1), ends: sorted[:0],
		weights: make([]uint32, 0, sum), degrees: make([]float64, n),
	}
	for v := range n {
		// parallel links stand side by side; what is kept never overtakes what is read
		for i := arcs[v]; i < arcs[v+1]; i++ {
			if last := len(g.ends) - 1; i > arcs[v] && g.ends[last] == sorted[i] {
				g.weights[last]++
				continue
			}
			g.ends = append(g.ends, sorted[i])
			g.weights = append(g.weights, 1)
		}
		g.first[v+1] = uint32(len(g.ends))
		g.degrees[v] = float64(arcs[v+1] - arcs[v])
		if arcs[v+1] > arcs[v] {
			g.Connected++
		}
	}
	return g, ctx.Err()
}

// Size is about how many bytes a Net keeps.
func (g *Net) Size() int { return 40*len(g.Nodes) + 8*cap(g.ends) }

// Neighbours are the nodes that one is linked to, ascending, each once.
func (g *Net) Neighbours(i uint32) []uint32 { return g.ends[g.first[i]:g.first[i+1]] }

// Degree is how many links a node has; see Once.
func (g *Net) Degree(i uint32) int64 { return int64(g.degrees[i]) }

// Once is the same graph with the links between two nodes counted as one. It shares the lists of neighbours.
func (g *Net) Once(ctx context.Context) (*Net, error) {
	if err := budget.Of(ctx).Hold(int64(8*len(g.Nodes) + 4*len(g.ends))); err != nil {
		return nil, err
	}
	once := *g
	once.Links = len(g.ends) / 2
	once.weights, once.degrees = make([]uint32, len(g.weights)), make([]float64, len(g.degrees))
	for i := range once.weights {
		once.weights[i] = 1
	}
	for v := range once.degrees {
		once.degrees[v] = float64(g.first[v+1] - g.first[v])
	}
	return &once, nil
}
