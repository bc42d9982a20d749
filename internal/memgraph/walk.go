package memgraph

import (
	"context"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/bitset"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

var (
	_ store.Patterned = (*Walk)(nil)
	_ store.Graph     = (*Traversal)(nil)
)

// Walk returns the graph as a question sees it, and the keys of the entities it asks about: every step is in memory.
func (graph *Graph) Walk(ctx context.Context, w *plan.Walk) (*Walk, []uint32, error) {
	g := &Walk{Traversal{rec: store.RecorderOf(ctx)}}
	keys, err := g.begin(ctx, graph, w)
	return g, keys, err
}

// begin resolves what a question names.
func (g *Traversal) begin(ctx context.Context, graph *Graph, w *plan.Walk) ([]uint32, error) {
	g.x = fetch{graph: graph, q: &plan.Query{Refs: w.Refs}, ctx: ctx}
	g.sources, g.dates = w.Sources || w.SourceDates, w.SourceDates
	g.x.holdSlabs()
	if err := g.guard(g.x.resolve); err != nil {
		return nil, err
	}
	g.see(w.Links)
	return g.x.refs[:w.Asked], nil
}

// see has the traversal use the links that fit a filter.
func (g *Traversal) see(f *plan.LinkFilter) {
	g.filter, g.refuted = f, f.NamesRefuted()
	if g.kinds, _ = f.OnlyKinds(); g.kinds != nil {
		g.filter = nil
	}
}

// Walk is the graph as one question sees it.
type Walk struct{ Traversal }

// Traversal is the part of a Walk that needs ids, links and dates alone, as an Outline has them.
type Traversal struct {
	x              fetch
	filter         *plan.LinkFilter
	refuted        bool             // the filter asks for REFUTED links too
	kinds          *catalog.KindSet // a filter that asks for kinds alone is looked at once for each group
	sources, dates bool             // what is wanted of links
	rec            *store.Recorder
	arcs           []store.Arc
	among          bitset.Set // of the Expand under way; nil for all
}

// guard turns the stop of a fetch into its error.
func (g *Traversal) guard(f func()) (err error) {
	before := g.x.walked
	defer func() {
		if g.rec != nil {
			g.rec.Walk(g.x.walked-before, 0)
		}
		if r := recover(); r != nil {
			s, ok := r.(stop)
			if !ok {
				panic(r)
			}
			err = s.err
		}
	}()
	f()
	return nil
}

// Expand returns the links of nodes.
func (g *Traversal) Expand(ctx context.Context, nodes []uint32, way store.Way, visit func(uint32, []store.Arc)) error {
	g.x.ctx = ctx //nolint:fatcontext // replaced, not wrapped
	if way.Links != nil {
		filter, kinds, refuted := g.filter, g.kinds, g.refuted
		defer func() { g.filter, g.kinds, g.refuted = filter, kinds, refuted }()
		g.see(way.Links)
	}
	err := g.guard(func() {
		if g.among = nil; way.Among != nil {
			g.among = g.x.graph.bits(way.Among)
		}
		for _, k := range nodes {
			g.expand(k, way)
			visit(k, g.arcs)
		}
	})
	return err
}

func (g *Traversal) expand(k uint32, way store.Way) {
	graph := g.x.graph
	n := graph.nodes.at(k)
	g.arcs = g.arcs[:0]
	g.expandIn(k, way, &graph.adjacency, graph.groups[n.group0:n.group1])
	if g.refuted {
		g.expandIn(k, way, &graph.refuted.adjacency, graph.refuted.groupsOf(k))
	}
}

func (g *Traversal) expandIn(k uint32, way store.Way, in *adjacency, groups []group) {
	plain := g.filter == nil && g.among == nil && way.Far == nil && !way.Loops // nothing is asked of a link
	for _, gr := range groups {
		if gr.out && !way.Out || !gr.out && !way.In || g.kinds != nil && !g.kinds.Has(gr.kind) {
			continue
		}
		g.x.step(int(gr.end - gr.start))
		if g.among == nil {
			g.arcs = slices.Grow(g.arcs, int(gr.end-gr.start))
		}
		links, ends := in.adjacent[gr.start:gr.end], in.ends[gr.start:gr.end]
		if plain {
			for i, to := range ends {
				if to != k {
					g.arcs = append(g.arcs, store.Arc{To: to, Link: links[i], Out: gr.out})
				}
			}
			continue
		}
		for i, l := range links {
			to := ends[i]
			if to == k && (!way.Loops || !gr.out) || g.among != nil && !g.among.Has(to) {
				continue
			}
			if g.filter != nil {
				other := to
				if way.Back {
					other = k
				}
				if !g.x.linkFits(g.filter, l, other) {
					continue
				}
			}
			if way.Far != nil && !g.x.entityFitsOnce(way.Far, to) {
				continue
			}
			g.arcs = append(g.arcs, store.Arc{To: to, Link: l, Out: gr.out})
		}
	}
}

// Middle marks what the side with fewer links leads to, and looks for that from the other.
func (g *Traversal) Middle(ctx context.Context, a, b []uint32, wayA, wayB store.Way) (out []uint32, err error) {
	if g.links(a) > g.links(b) {
		a, b, wayA, wayB = b, a, wayB, wayA
	}
	g.x.ctx = ctx //nolint:fatcontext // replaced, not wrapped
	err = g.guard(func() {
		marked, seen := g.x.graph.bits(nil), g.x.graph.bits(nil)
		g.ends(a, wayA, func(to uint32) { marked.Add(to) })
		g.ends(b, wayB, func(to uint32) {
			if marked.Has(to) && !seen.Has(to) {
				seen.Add(to)
				out = append(out, to)
			}
		})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (g *Traversal) links(nodes []uint32) (n int64) {
	for _, k := range nodes {
		n += g.x.graph.degree(k)
	}
	return n
}

// ends calls f with the far ends of the links of nodes.
func (g *Traversal) ends(nodes []uint32, way store.Way, f func(uint32)) {
	g.among = nil
	graph := g.x.graph
	for _, k := range nodes {
		if g.filter != nil {
			g.expand(k, way)
			for _, a := range g.arcs {
				f(a.To)
			}
			continue
		}
		n := graph.nodes.at(k)
		for _, gr := range graph.groups[n.group0:n.group1] {
			if gr.out && !way.Out || !gr.out && !way.In || g.kinds != nil && !g.kinds.Has(gr.kind) {
				continue
			}
			g.x.step(int(gr.end - gr.start))
			for _, to := range graph.ends[gr.start:gr.end] {
				if to != k {
					f(to)
				}
			}
		}
	}
}

// Start lists what an index leads to, or else looks at all entities of the types.
func (g *Walk) Start(ctx context.Context, types catalog.TypeSet, f *plan.EntityFilter, most int) (out []uint32,
	err error,
) {
	g.x.ctx = ctx //nolint:fatcontext // replaced, not wrapped
	err = g.guard(func() {
		look := func(keys []uint32) bool {
			for _, k := range keys {
				if g.x.step(1); len(out) < most && g.x.entityFits(f, k) {
					out = append(out, k)
				}
			}
			return len(out) < most
		}
		for _, t := range g.x.graph.cat.Types {
			if !types.Has(t.Index) {
				continue
			}
			all := &g.x.graph.byType[t.Index]
			if f != nil {
				g.x.q.Types = 1 << t.Index
				if some, narrowed := g.x.candidates(f, all.n); narrowed {
					look(g.x.inOrder(some))
					continue
				}
			}
			all.all(look)
		}
	})
	return out, err
}

// Counts returns how many entities and links there are.
func (g *Walk) Counts() *store.Counts {
	graph := g.x.graph
	c := &store.Counts{Nodes: make([]int64, len(graph.cat.Types)+1), Links: slices.Clone(graph.kinds)}
	for _, t := range graph.cat.Types {
		c.Nodes[t.Index] = int64(graph.byType[t.Index].n)
	}
	return c
}

// Node reports what a node is.
func (g *Traversal) Node(k uint32) store.GraphNode {
	n := g.x.graph.nodes.at(k)
	return store.GraphNode{
		ID: g.x.graph.id(n), Type: n.typ, Degree: g.x.graph.degree(k),
		Date: known(n.from, n.to, n.dated),
	}
}

// Read reads by key what Fetch would have to find by id. It fails with ErrStale where texts cannot be read any more.
func (g *Walk) Read(ctx context.Context, q *plan.Query, t Texts, nodes, links []uint32) (*kg.Result, error) {
	if ctx.Err() != nil {
		return nil, kg.Ended(ctx)
	}
	x := &fetch{graph: g.x.graph, q: q, ctx: ctx, texts: t, keyed: true, walkedNodes: nodes, walkedLinks: links}
	x.holdSlabs()
	res, err := x.run()
	store.RecorderOf(ctx).Walk(x.walked, x.rows)
	return res, err
}

// IDs returns the ids of nodes, and behind them those of links.
func (g *Walk) IDs(nodes, links []uint32) []string {
	ids := make([]string, 0, len(nodes)+len(links))
	for _, k := range nodes {
		ids = append(ids, g.x.graph.id(g.x.graph.nodes.at(k)))
	}
	for _, k := range links {
		ids = append(ids, g.x.graph.linkID(k))
	}
	return ids
}

// Graph returns the graph that is walked.
func (g *Walk) Graph() *Graph { return g.x.graph }

// Degree is that of Node, for the searches that rank many nodes by it.
func (g *Traversal) Degree(k uint32) int64 { return g.x.graph.degree(k) }

// Link reports what a link is.
func (g *Traversal) Link(k uint32) store.GraphLink {
	graph := g.x.graph
	l := graph.links.at(k)
	day := func(d uint32) store.Interval {
		return store.Interval{From: graph.dates[d].from, To: graph.dates[d].to, Known: d != 0}
	}
	out := store.GraphLink{
		ID: graph.linkID(k), Kind: l.kind, Role: graph.roles[l.role],
		SourceCount: graph.sourceCount(k), Since: day(l.since), Until: day(l.until),
	}
	if g.sources {
		for _, k := range graph.sourcesOf(k) {
			s := &graph.sources[k]
			out.Sources = append(out.Sources, store.GraphSource{
				ID:   s.id,
				Date: known(s.from, s.to, g.dates && s.dated),
			})
		}
		slices.SortFunc(out.Sources, func(a, b store.GraphSource) int { return strings.Compare(a.ID, b.ID) })
	}
	return out
}

func known(from, to kg.Day, yes bool) store.Interval {
	if !yes {
		return store.Interval{From: kg.MinDay, To: kg.MaxDay}
	}
	return store.Interval{From: from, To: to, Known: true}
}

// RoundTrips is 0: nothing is asked of the file.
func (*Traversal) RoundTrips() int { return 0 }
