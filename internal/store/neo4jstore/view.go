package neo4jstore

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/bitset"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/text"
)

// Walks read an adjacency in memory where they can: see docs/decisions/0005-tracing-on-neo4j.md. Neo4j itself says
// whether it still is the graph: the bookmark of every transaction, reading ones too, names the last transaction that
// was committed, by whomever. The statement that resolves what a question names brings it along, so the check costs
// nothing. While the graph has moved on, walks go to Neo4j as they did before, and the adjacency is made anew behind
// them.

// view is the entities and links of the graph, without those that are REFUTED, as they were at one bookmark. It never
// changes.
type view struct {
	bookmark string
	nodes    []store.GraphNode // by key, from 1
	byID     map[string]uint32
	links    []viewLink // by key, from 1
	start    []uint32   // by node: where its arcs begin; those of a node to itself stand in loops
	arcs     []viewArc
	loops    map[uint32][]uint32 // by node: links, of those few that have any
	roles    []string            // by viewLink.role
	folded   []string            // the same, folded
	sources  [][]store.GraphSource
}

type viewLink struct {
	id           string
	from, to     uint32
	since, until int64 // order keys as on the relationship, 0 = not known
	role         uint32
	sources      uint32 // index into view.sources
	kind         uint8
	standing     kg.Standing
	unverified   bool
}

// viewArc is a link seen from one end.
type viewArc struct {
	to   uint32
	link uint32 // key << 1, and 1 when it runs from the node
}

// views keeps the newest view and makes the next.
type views struct {
	most    int64 // links a view may have; 0 = no views
	current atomic.Pointer[view]
	mu      sync.Mutex
	busy    bool
	next    time.Time // no new view is begun before
	stop    context.CancelFunc
	ctx     context.Context //nolint:containedctx // ends what is made behind the callers
	done    sync.WaitGroup
	used    atomic.Int64 // walks that a view answered, for tests
}

// rest is how much longer than it took a view is left alone before the next is begun: a graph that is always being
// written is not read over and over.
const rest = 5

// open lets views be made until the context ends or close is called.
func (v *views) open(ctx context.Context, most int64) {
	v.most = most
	v.ctx, v.stop = context.WithCancel(ctx)
}

func (v *views) close() {
	v.mu.Lock()
	v.stop()
	v.mu.Unlock()
	v.done.Wait()
}

// fromView answers a question whose entities are all named by id, and whose links can be told by themselves, from the
// view, if it is the graph as it is now.
func (s *Store) fromView(ctx context.Context, w *plan.Walk) (*viewWalk, []uint32, error) {
	v := s.views.current.Load()
	if v == nil || !viewAnswers(w) || slices.ContainsFunc(w.Refs, func(r plan.Ref) bool { return r.ID == "" }) {
		return nil, nil, nil
	}
	bookmark, err := s.bookmark(ctx)
	if err != nil || s.at(bookmark) != v {
		return nil, nil, err
	}
	keys := make([]uint32, w.Asked)
	for i := range keys {
		if k := v.byID[w.Refs[i].ID]; k != 0 && w.Refs[i].Types.Has(v.nodes[k].Type) {
			keys[i] = k
		}
	}
	return newViewWalk(v, w, 1), keys, nil
}

// viewAnswers reports whether a view holds all that a question wants to know: nothing of entities but what GraphNode
// has, and nothing of links that are REFUTED.
func viewAnswers(w *plan.Walk) bool {
	return w.Links.OnLinkAlone() && !w.Links.NamesRefuted() && !w.Counts
}

// at returns the view of a bookmark, or nil, and then has it made.
func (s *Store) at(bookmark string) *view {
	v := &s.views
	if v.most == 0 {
		return nil
	}
	if now := v.current.Load(); now != nil && now.bookmark == bookmark {
		v.used.Add(1)
		return now
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.busy || v.ctx.Err() != nil || time.Now().Before(v.next) {
		return nil
	}
	v.busy = true
	v.done.Go(func() {
		begin := time.Now()
		err := s.refresh(v.ctx)
		v.mu.Lock()
		defer v.mu.Unlock()
		v.busy = false
		v.next = time.Now().Add(rest * time.Since(begin))
		if err != nil && v.ctx.Err() == nil {
			s.log.WarnContext(v.ctx, "the adjacency could not be read; tracing goes on without it", "cause",
				err.Error())
		}
	})
	return nil
}

// refresh reads the graph and keeps it, unless somebody wrote meanwhile or it is too large.
func (s *Store) refresh(ctx context.Context) error {
	cat := s.layout.cat
	records, before, _, err := s.readMarked(ctx, "MATCH ()-[r:"+s.layout.allKinds+"]->() RETURN count(r)", nil)
	if err != nil {
		return err
	}
	count := asInt(records[0][0])
	if count > s.views.most {
		s.views.current.Store(nil)
		return nil
	}
	v := &view{
		bookmark: before, nodes: make([]store.GraphNode, 1), byID: map[string]uint32{}, links: make([]viewLink, 1,
			count+1),
		roles: []string{""}, folded: []string{""}, sources: make([][]store.GraphSource, 1),
	}
	c := newCompiler(s.layout, &plan.Query{}, written)
	c.w("MATCH (n:Entity) WHERE n.id >= '' AND n._sort IS NOT NULL RETURN id(n), n.id, ")
	c.typeOf("n", cat.Entities)
	c.w(", n._date")
	keys := map[int64]uint32{}
	err = s.scan(ctx, string(c.text), func(r []any) error {
		k := uint32(len(v.nodes))
		keys[asInt(r[0])] = k
		v.byID[asString(r[1])] = k
		v.nodes = append(v.nodes, store.GraphNode{ID: asString(r[1]), Type: uint8(asInt(r[2])), Date: dated(r[3])})
		return nil
	})
	if err != nil {
		return err
	}
	published := map[string]store.Interval{}
	err = s.scan(ctx, "MATCH (s:Source) WHERE s.id >= '' RETURN s.id, s._date", func(r []any) error {
		published[asString(r[0])] = dated(r[1])
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.readLinks(ctx, v, keys, published); err != nil {
		return err
	}
	_, after, _, err := s.readMarked(ctx, "RETURN 1 AS one", nil)
	if err != nil {
		return err
	}
	if before != after {
		return nil // what was read may be of two states
	}
	v.connect()
	s.views.current.Store(v)
	return nil
}

// readLinks reads the links kind by kind, so that the kind does not travel.
func (s *Store) readLinks(ctx context.Context, v *view, keys map[int64]uint32,
	published map[string]store.Interval,
) error {
	roles, lists := map[string]uint32{"": 0}, map[string]uint32{"": 0}
	for _, kind := range s.layout.cat.Kinds {
		err := s.scan(ctx,
			"MATCH (a)-[r:"+kind.Name+"]->(b) WHERE r.id STARTS WITH '"+kg.LinkPrefix+"' RETURN r.id, id(a), id(b), r._since, r._until, r.role, "+supporters("r")+", r.standing, r._unverified", func(r []any) error {
				l := viewLink{
					id: asString(r[0]), from: keys[asInt(r[1])], to: keys[asInt(r[2])],
					unverified: asInt(r[8]) > 0, since: asInt(r[3]), until: asInt(r[4]), kind: kind.Index,
				}
				if l.from == 0 || l.to == 0 {
					return nil // between nodes that are not ours
				}
				l.standing, _ = kg.ParseStanding(asString(r[7]))
				role := asString(r[5])
				var known bool
				if l.role, known = roles[role]; !known {
					l.role = uint32(len(v.roles))
					roles[role] = l.role
					v.roles, v.folded = append(v.roles, role), append(v.folded, text.Fold(role))
				}
				ids := texts(asList(r[6]))
				key := strings.Join(ids, "\x00")
				if l.sources, known = lists[key]; !known {
					l.sources = uint32(len(v.sources))
					lists[key] = l.sources
					list := make([]store.GraphSource, len(ids))
					for i, id := range ids {
						list[i].ID = id
						if list[i].Date, known = published[id]; !known {
							list[i].Date = dated(nil)
						}
					}
					sortSources(list)
					v.sources = append(v.sources, list)
				}
				v.links = append(v.links, l)
				return nil
			})
		if err != nil {
			return err
		}
	}
	return nil
}

// connect lays the arcs of each node side by side.
func (v *view) connect() {
	v.start = make([]uint32, len(v.nodes)+1)
	for i := 1; i < len(v.links); i++ {
		l := &v.links[i]
		v.nodes[l.from].Degree++
		if l.to != l.from {
			v.nodes[l.to].Degree++
			v.start[l.from]++
			v.start[l.to]++
		}
	}
	var sum uint32
	for i := range v.start {
		v.start[i], sum = sum, sum+v.start[i]
	}
	v.arcs = make([]viewArc, sum)
	at := slices.Clone(v.start)
	v.loops = map[uint32][]uint32{}
	for i := 1; i < len(v.links); i++ {
		l, k := &v.links[i], uint32(i)<<1
		if l.to == l.from {
			v.loops[l.from] = append(v.loops[l.from], uint32(i))
		} else {
			v.arcs[at[l.from]] = viewArc{l.to, k | 1}
			at[l.from]++
			v.arcs[at[l.to]] = viewArc{l.from, k}
			at[l.to]++
		}
	}
}

// bookmark asks for the newest bookmark. Those who ask while an answer is under way, which may be older than their
// question, share the next; who asks alone does not wait.
func (s *Store) bookmark(ctx context.Context) (string, error) {
	if store.RecorderOf(ctx) != nil { // who wants to know what is asked asks alone
		_, bookmark, _, err := s.readMarked(ctx, "RETURN 1 AS one", nil)
		return bookmark, err
	}
	m := &s.marks
	m.mu.Lock()
	if m.next == nil {
		m.next = &markCall{done: make(chan struct{})}
		if !m.busy {
			m.busy = true
			s.views.done.Go(s.answerMarks)
		}
	}
	c := m.next
	m.mu.Unlock()
	select {
	case <-c.done:
		return c.bookmark, failure(ctx, c.err)
	case <-ctx.Done():
		return "", failure(ctx, ctx.Err())
	}
}

// marks are those who wait for a bookmark.
type marks struct {
	mu   sync.Mutex
	busy bool
	next *markCall
}

type markCall struct {
	done     chan struct{}
	bookmark string
	err      error
}

// answerMarks asks until nobody waits.
func (s *Store) answerMarks() {
	m := &s.marks
	for {
		m.mu.Lock()
		c := m.next
		m.next = nil
		if c == nil {
			m.busy = false
			m.mu.Unlock()
			return
		}
		m.mu.Unlock()
		// nobody's own deadline: several wait, each no longer than it may
		ctx, cancel := context.WithTimeout(s.views.ctx, longest)
		_, c.bookmark, _, c.err = s.readMarked(ctx, "RETURN 1 AS one", nil)
		cancel()
		close(c.done)
	}
}

// readMarked runs a reading statement as read does, and returns the bookmark of its transaction as well.
func (s *Store) readMarked(ctx context.Context, text string, params map[string]any) (records [][]any, bookmark string,
	trips int, err error,
) {
	for {
		trips++
		records, bookmark, err = s.readMarkedOnce(ctx, text, params)
		if !again(ctx, trips, err) {
			return records, bookmark, trips, s.failed(ctx, err)
		}
	}
}

func (s *Store) readMarkedOnce(ctx context.Context, text string, params map[string]any) (records [][]any,
	bookmark string, err error,
) {
	err = s.within(ctx, longest, text, params, func(r *neo4j.Record) error {
		records = append(records, r.Values)
		return nil
	}, func(session neo4j.SessionWithContext) { bookmark = strings.Join(session.LastBookmarks(), " ") })
	return records, bookmark, err
}

// viewWalk is a view as one question sees it.
type viewWalk struct {
	*view
	w     *plan.Walk
	kinds *catalog.KindSet // of a filter that asks for nothing else
	trips int
	steps int
	mine  []store.Arc
	facts plan.LinkFacts
	list  []store.GraphSource // of the link that facts are of
}

var _ store.Graph = (*viewWalk)(nil)

func newViewWalk(v *view, w *plan.Walk, trips int) *viewWalk {
	g := &viewWalk{view: v, w: w, trips: trips}
	g.kinds, _ = w.Links.OnlyKinds()
	g.facts.FromSource = func(ids []string) bool {
		return slices.ContainsFunc(g.list, func(s store.GraphSource) bool { return slices.Contains(ids, s.ID) })
	}
	return g
}

// step is called in long loops.
func (g *viewWalk) step(ctx context.Context, n int) error {
	if g.steps += n; g.steps > 4096 {
		g.steps = 0
		if ctx.Err() != nil {
			return failure(ctx, ctx.Err())
		}
	}
	return nil
}

// fits reports whether a link may be used.
func (g *viewWalk) fits(k uint32) bool {
	l := &g.links[k]
	switch {
	case g.w.Links == nil:
		return true
	case g.kinds != nil:
		return g.kinds.Has(l.kind)
	}
	since, until := interval(l.since), interval(l.until)
	g.list = g.sources[l.sources]
	f := &g.facts
	f.Unverified = l.unverified
	f.Kind, f.Standing, f.Role, f.HasRole, f.SourceCount = l.kind, l.standing, g.folded[l.role], l.role != 0, int64(len(g.list))
	f.From, f.To, f.HasSince, f.HasUntil = since.From, until.To, since.Known, until.Known
	return g.w.Links.Fits(f)
}

func interval(key int64) store.Interval {
	if key == 0 {
		return store.Interval{From: kg.MinDay, To: kg.MaxDay}
	}
	return dated(key)
}

// Expand returns the links of nodes.
func (g *viewWalk) Expand(ctx context.Context, nodes []uint32, way store.Way, visit func(uint32, []store.Arc)) error {
	var among bitset.Set
	if way.Among != nil {
		among = g.bits()
		for _, k := range way.Among {
			among.Add(k)
		}
	}
	for _, k := range nodes {
		g.mine = g.mine[:0]
		for _, a := range g.arcs[g.start[k]:g.start[k+1]] {
			out := a.link&1 == 1
			if out && !way.Out || !out && !way.In || among != nil && !among.Has(a.to) || !g.fits(a.link>>1) {
				continue
			}
			g.mine = append(g.mine, store.Arc{To: a.to, Link: a.link >> 1, Out: out})
		}
		if way.Loops && (among == nil || among.Has(k)) {
			for _, l := range g.loops[k] {
				if g.fits(l) {
					g.mine = append(g.mine, store.Arc{To: k, Link: l, Out: true})
				}
			}
		}
		if err := g.step(ctx, int(g.start[k+1]-g.start[k])); err != nil {
			return err
		}
		visit(k, g.mine)
	}
	return nil
}

// Middle marks what the side with fewer links leads to, and looks for that from the other.
func (g *viewWalk) Middle(ctx context.Context, a, b []uint32, wayA, wayB store.Way) (out []uint32, err error) {
	if g.load(a) > g.load(b) {
		a, b, wayA, wayB = b, a, wayB, wayA
	}
	near, seen := g.bits(), g.bits()
	if err = g.ends(ctx, a, wayA, near.Add); err != nil {
		return nil, err
	}
	err = g.ends(ctx, b, wayB, func(k uint32) {
		if near.Has(k) && !seen.Has(k) {
			seen.Add(k)
			out = append(out, k)
		}
	})
	return out, err
}

// ends calls f with the far ends of the links of nodes.
func (g *viewWalk) ends(ctx context.Context, nodes []uint32, way store.Way, f func(uint32)) error {
	for _, k := range nodes {
		for _, a := range g.arcs[g.start[k]:g.start[k+1]] {
			if out := a.link&1 == 1; (out && way.Out || !out && way.In) && g.fits(a.link>>1) {
				f(a.to)
			}
		}
		if err := g.step(ctx, int(g.start[k+1]-g.start[k])); err != nil {
			return err
		}
	}
	return nil
}

// bits returns an empty set of nodes.
func (v *view) bits() bitset.Set { return bitset.New(len(v.nodes)) }

func (g *viewWalk) load(nodes []uint32) (n int64) {
	for _, k := range nodes {
		n += int64(g.start[k+1] - g.start[k])
	}
	return n
}

// Node reports what a node is.
func (g *viewWalk) Node(k uint32) store.GraphNode { return g.nodes[k] }

// Link reports what a link is.
func (g *viewWalk) Link(k uint32) store.GraphLink {
	l := &g.links[k]
	list := g.sources[l.sources]
	out := store.GraphLink{
		ID: l.id, Kind: l.kind, Role: g.roles[l.role], SourceCount: int64(len(list)),
		Since: interval(l.since), Until: interval(l.until),
	}
	switch {
	case g.w.SourceDates:
		out.Sources = list
	case g.w.Sources:
		out.Sources = slices.Clone(list)
		for i := range out.Sources {
			out.Sources[i].Date = dated(nil)
		}
	}
	return out
}

// RoundTrips counts the statements that found the entities the question names.
func (g *viewWalk) RoundTrips() int { return g.trips }
