package sqlitestore

import (
	"context"
	mathbits "math/bits"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

var (
	_ store.Walker    = (*Store)(nil)
	_ store.Patterned = (*walk)(nil)
	_ store.Keyed     = (*walk)(nil)
)

// Walk returns the image as the question sees it: every step is in memory.
func (s *Store) Walk(ctx context.Context, w *plan.Walk) (store.Graph, []uint32, error) {
	im, err := s.held(ctx)
	if err != nil {
		return nil, nil, err
	}
	g := &walk{s: s, x: fetch{im: im, q: &plan.Query{Refs: w.Refs}, ctx: ctx}, rec: store.RecorderOf(ctx), sources: w.Sources || w.SourceDates, dates: w.SourceDates}
	g.x.holdSlabs()
	if err := g.guard(g.x.resolve); err != nil {
		return nil, nil, storeError(ctx, err)
	}
	g.see(w.Links)
	return g, g.x.refs[:w.Asked], nil
}

// see has the walk use the links that fit a filter.
func (g *walk) see(f *plan.LinkFilter) {
	g.filter, g.refuted = f, f.NamesRefuted()
	if g.kinds, _ = f.OnlyKinds(); g.kinds != nil {
		g.filter = nil
	}
}

// walk is the image as one question sees it.
type walk struct {
	s              *Store
	x              fetch
	filter         *plan.LinkFilter
	refuted        bool             // the filter asks for REFUTED links too
	kinds          *catalog.KindSet // a filter that asks for kinds alone is looked at once for each group
	sources, dates bool             // what is wanted of links
	rec            *store.Recorder
	arcs           []store.Arc
	among          bits // of the Expand under way; nil for all
}

// guard turns the stop of a fetch into its error.
func (g *walk) guard(f func()) (err error) {
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

// bits is a set of keys.
type bits []uint64

func (im *image) bits(keys []uint32) bits {
	b := make(bits, len(im.nodes)/64+1)
	for _, k := range keys {
		b.add(k)
	}
	return b
}

func (b bits) add(k uint32) { b[k/64] |= 1 << (k % 64) }

func (b bits) remove(k uint32) { b[k/64] &^= 1 << (k % 64) }

// any reports whether a key is in the set.
func (b bits) any() bool { return slices.ContainsFunc(b, func(w uint64) bool { return w != 0 }) }

// each calls f for every key of the set, in order.
func (b bits) each(f func(k uint32)) {
	for i, w := range b {
		for ; w != 0; w &= w - 1 {
			f(uint32(i*64 + mathbits.TrailingZeros64(w))) //nolint:gosec // keys are below 2³¹
		}
	}
}

// has reports whether a key is in the set; a set may end early.
func (b bits) has(k uint32) bool { return int(k/64) < len(b) && b[k/64]&(1<<(k%64)) != 0 }

// Expand returns the links of nodes.
func (g *walk) Expand(ctx context.Context, nodes []uint32, way store.Way, visit func(uint32, []store.Arc)) error {
	g.x.ctx = ctx //nolint:fatcontext // replaced, not wrapped
	if way.Links != nil {
		filter, kinds, refuted := g.filter, g.kinds, g.refuted
		defer func() { g.filter, g.kinds, g.refuted = filter, kinds, refuted }()
		g.see(way.Links)
	}
	err := g.guard(func() {
		if g.among = nil; way.Among != nil {
			g.among = g.x.im.bits(way.Among)
		}
		for _, k := range nodes {
			g.expand(k, way)
			visit(k, g.arcs)
		}
	})
	if err != nil {
		return storeError(ctx, err)
	}
	return nil
}

func (g *walk) expand(k uint32, way store.Way) {
	im := g.x.im
	n := &im.nodes[k]
	g.arcs = g.arcs[:0]
	g.expandIn(k, way, &im.adjacency, im.groups[n.group0:n.group1])
	if g.refuted {
		g.expandIn(k, way, &im.refuted.adjacency, im.refuted.groupsOf(k))
	}
}

func (g *walk) expandIn(k uint32, way store.Way, in *adjacency, groups []group) {
	for _, gr := range groups {
		if gr.out && !way.Out || !gr.out && !way.In || g.kinds != nil && !g.kinds.Has(gr.kind) {
			continue
		}
		g.x.step(int(gr.end - gr.start))
		if g.among == nil {
			g.arcs = slices.Grow(g.arcs, int(gr.end-gr.start))
		}
		links, ends := in.adjacent[gr.start:gr.end], in.ends[gr.start:gr.end]
		for i, l := range links {
			to := ends[i]
			if to == k && (!way.Loops || !gr.out) || g.among != nil && !g.among.has(to) {
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
func (g *walk) Middle(ctx context.Context, a, b []uint32, wayA, wayB store.Way) (out []uint32, err error) {
	if g.links(a) > g.links(b) {
		a, b, wayA, wayB = b, a, wayB, wayA
	}
	g.x.ctx = ctx //nolint:fatcontext // replaced, not wrapped
	err = g.guard(func() {
		marked, seen := g.x.im.bits(nil), g.x.im.bits(nil)
		g.ends(a, wayA, func(to uint32) { marked.add(to) })
		g.ends(b, wayB, func(to uint32) {
			if marked.has(to) && !seen.has(to) {
				seen.add(to)
				out = append(out, to)
			}
		})
	})
	if err != nil {
		return nil, storeError(ctx, err)
	}
	return out, nil
}

func (g *walk) links(nodes []uint32) (n int64) {
	for _, k := range nodes {
		n += g.x.im.degree(k)
	}
	return n
}

// ends calls f with the far ends of the links of nodes.
func (g *walk) ends(nodes []uint32, way store.Way, f func(uint32)) {
	g.among = nil
	im := g.x.im
	for _, k := range nodes {
		if g.filter != nil {
			g.expand(k, way)
			for _, a := range g.arcs {
				f(a.To)
			}
			continue
		}
		n := &im.nodes[k]
		for _, gr := range im.groups[n.group0:n.group1] {
			if gr.out && !way.Out || !gr.out && !way.In || g.kinds != nil && !g.kinds.Has(gr.kind) {
				continue
			}
			g.x.step(int(gr.end - gr.start))
			for _, to := range im.ends[gr.start:gr.end] {
				if to != k {
					f(to)
				}
			}
		}
	}
}

// Start lists what an index leads to, or else looks at all entities of the types.
func (g *walk) Start(ctx context.Context, types catalog.TypeSet, f *plan.EntityFilter, most int) (out []uint32, err error) {
	g.x.ctx = ctx //nolint:fatcontext // replaced, not wrapped
	err = g.guard(func() {
		for _, t := range g.x.im.cat.Types {
			if !types.Has(t.Index) {
				continue
			}
			list := g.x.im.byType[t.Index]
			if f != nil {
				g.x.q.Types = 1 << t.Index
				var narrowed bool
				if list, narrowed = g.x.candidates(f, list); narrowed {
					list = g.x.inOrder(list)
				}
			}
			for _, k := range list {
				if g.x.step(1); len(out) < most && g.x.entityFits(f, k) {
					out = append(out, k)
				}
			}
		}
	})
	if err != nil {
		return nil, storeError(ctx, err)
	}
	return out, nil
}

// Counts counts the groups of the adjacency, each once.
func (g *walk) Counts() *store.Counts {
	im := g.x.im
	c := &store.Counts{Nodes: make([]int64, len(im.cat.Types)+1), Links: make([]int64, len(im.cat.Kinds))}
	for _, t := range im.cat.Types {
		c.Nodes[t.Index] = int64(len(im.byType[t.Index]))
	}
	for _, gr := range im.groups {
		if gr.out {
			c.Links[gr.kind] += int64(gr.end - gr.start)
		}
	}
	return c
}

// Node reports what a node is.
func (g *walk) Node(k uint32) store.GraphNode {
	n := &g.x.im.nodes[k]
	return store.GraphNode{ID: g.x.im.id(n), Type: n.typ, Degree: g.x.im.degree(k), Date: known(n.from, n.to, n.dated)}
}

// Read reads by key what Fetch would have to find by id, and from the image the walk went through.
func (g *walk) Read(ctx context.Context, q *plan.Query, nodes, links []uint32) (*kg.Result, error) {
	if ctx.Err() != nil {
		return nil, ended(ctx)
	}
	x := &fetch{im: g.x.im, q: q, ctx: ctx, db: g.s.read, file: g.s.file.path, keyed: true, walkedNodes: nodes, walkedLinks: links}
	x.holdSlabs()
	res, err := x.run()
	store.RecorderOf(ctx).Walk(x.walked, x.rows)
	if err == errStale { //nolint:errorlint // never wrapped: see Fetch
		q.IDs = make([]string, 0, len(nodes)+len(links))
		for _, k := range nodes {
			q.IDs = append(q.IDs, g.x.im.id(&g.x.im.nodes[k]))
		}
		for _, k := range links {
			q.IDs = append(q.IDs, g.x.im.linkID(k))
		}
		// the walk saw the image that the file has left behind
		if v := store.ViewOf(ctx); v != nil {
			if err := v.Leave(g.x.im); err != nil {
				return nil, err
			}
		}
		return g.s.Fetch(ctx, q)
	}
	if err != nil {
		return nil, storeError(ctx, err)
	}
	return res, nil
}

// Degree is that of Node, for the searches that rank many nodes by it.
func (g *walk) Degree(k uint32) int64 { return g.x.im.degree(k) }

// Link reports what a link is.
func (g *walk) Link(k uint32) store.GraphLink {
	im := g.x.im
	l := &im.links[k]
	day := func(d uint32) store.Interval {
		return store.Interval{From: im.dates[d].from, To: im.dates[d].to, Known: d != 0}
	}
	out := store.GraphLink{ID: im.linkID(k), Kind: l.kind, Role: im.roles[l.role], SourceCount: im.sourceCount(k), Since: day(l.since), Until: day(l.until)}
	if g.sources {
		for _, k := range im.sourcesOf(k) {
			s := &im.sources[k]
			out.Sources = append(out.Sources, store.GraphSource{ID: s.id, Date: known(s.from, s.to, g.dates && s.published != "")})
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
func (*walk) RoundTrips() int { return 0 }
