package storetest

import (
	"context"
	"slices"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// Walk returns the graph as a question sees it: every Expand looks at every link.
func (o *Oracle) Walk(_ context.Context, w *plan.Walk) (store.Graph, []uint32, error) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	x := &seeing{Oracle: o, q: &plan.Query{Refs: w.Refs}}
	var err error
	if x.refs, err = x.entities(0); err != nil {
		return nil, nil, err
	}
	g := &oracleGraph{x: x, w: w, nodes: sorted(o.nodes), links: sorted(o.links)}
	keys := make([]uint32, w.Asked)
	for i := range keys {
		keys[i] = g.key(x.refs[i].ID)
	}
	return g, keys, nil
}

type oracleGraph struct {
	x     *seeing
	w     *plan.Walk
	nodes []*kg.Node // by key-1, by id
	links []*kg.Link
}

func (g *oracleGraph) key(id string) uint32 {
	return uint32(1 + slices.IndexFunc(g.nodes, func(n *kg.Node) bool { return n.ID == id }))
}

func (g *oracleGraph) Expand(_ context.Context, nodes []uint32, way store.Way, visit func(uint32, []store.Arc)) error {
	for _, k := range nodes {
		n := g.nodes[k-1]
		var arcs []store.Arc
		for i, l := range g.links {
			for _, out := range []bool{true, false} {
				near, far := l.From, l.To
				if !out {
					near, far = far, near
				}
				loop := far == n.ID // told once, as one that runs from it
				if near != n.ID || loop && (!out || !way.Loops) || out && !way.Out || !out && !way.In {
					continue
				}
				other := g.x.nodes[far]
				if way.Back {
					other = n
				}
				if way.Among != nil && !slices.Contains(way.Among, g.key(far)) {
					continue
				}
				filter := g.w.Links
				if way.Links != nil {
					filter = way.Links
				}
				if g.x.matches(filter, l, other) && g.x.fits(way.Far, g.x.nodes[far]) {
					arcs = append(arcs, store.Arc{To: g.key(far), Link: uint32(i + 1), Out: out})
				}
			}
		}
		visit(k, arcs)
	}
	return nil
}

func (g *oracleGraph) Middle(ctx context.Context, a, b []uint32, wayA, wayB store.Way) ([]uint32, error) {
	return Middle(ctx, g, a, b, wayA, wayB)
}

// Middle finds the entities next to both a and b by expanding each: what a store does faster, done naively.
func Middle(ctx context.Context, g store.Graph, a, b []uint32, wayA, wayB store.Way) (out []uint32, err error) {
	near := map[uint32]bool{}
	_ = g.Expand(ctx, a, wayA, func(_ uint32, arcs []store.Arc) {
		for _, x := range arcs {
			near[x.To] = true
		}
	})
	err = g.Expand(ctx, b, wayB, func(_ uint32, arcs []store.Arc) {
		for _, x := range arcs {
			if near[x.To] && !slices.Contains(out, x.To) {
				out = append(out, x.To)
			}
		}
	})
	return out, err
}

func (g *oracleGraph) Start(_ context.Context, types catalog.TypeSet, f *plan.EntityFilter, most int) (out []uint32,
	err error,
) {
	for i, n := range g.nodes {
		if types.Has(g.x.cat.TypeOf(n.Type).Index) && g.x.fits(f, n) && len(out) < most {
			out = append(out, uint32(i+1))
		}
	}
	return out, nil
}

func (g *oracleGraph) Counts() *store.Counts {
	c := &store.Counts{Nodes: make([]int64, len(g.x.cat.Types)+1), Links: make([]int64, len(g.x.cat.Kinds))}
	for _, n := range g.nodes {
		c.Nodes[g.x.cat.TypeOf(n.Type).Index]++
	}
	for _, l := range g.x.stand() {
		c.Links[g.x.cat.Kind(l.Kind).Index]++
	}
	return c
}

func (g *oracleGraph) Node(k uint32) store.GraphNode {
	n := g.nodes[k-1]
	out := store.GraphNode{ID: n.ID, Type: g.x.cat.TypeOf(n.Type).Index, Date: open()}
	out.Degree = g.x.touching(n)
	if from, to, ok := g.x.nodeDate(n); ok {
		out.Date = store.Interval{From: from, To: to, Known: true}
	}
	return out
}

func open() store.Interval { return store.Interval{From: kg.MinDay, To: kg.MaxDay} }

func known(d kg.PartialDate) store.Interval {
	if d == "" {
		return open()
	}
	from, to := d.Interval()
	return store.Interval{From: from, To: to, Known: true}
}

func (g *oracleGraph) Link(k uint32) store.GraphLink {
	l := g.links[k-1]
	out := store.GraphLink{
		ID: l.ID, Kind: g.x.cat.Kind(l.Kind).Index, Role: l.Role, Since: known(l.Since),
		Until: known(l.Until),
	}
	ids := sourcesOf(l)
	slices.Sort(ids)
	out.SourceCount = int64(len(ids))
	if g.w.Sources || g.w.SourceDates {
		for _, id := range ids {
			s := store.GraphSource{ID: id, Date: open()}
			if g.w.SourceDates {
				s.Date = known(g.x.sources[id].PublishedOn)
			}
			out.Sources = append(out.Sources, s)
		}
	}
	return out
}

func (*oracleGraph) RoundTrips() int { return 0 }
