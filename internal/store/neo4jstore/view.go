package neo4jstore

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/memgraph"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
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
	outline  *memgraph.Outline
}

// viewWalk is a view as one question sees it.
type viewWalk struct {
	*memgraph.Traversal
	trips int
}

var _ store.Graph = (*viewWalk)(nil)

// RoundTrips counts the statements that found the entities the question names.
func (g *viewWalk) RoundTrips() int { return g.trips }

// walk opens the view to a question whose entities are all named by id.
func (v *view) walk(ctx context.Context, w *plan.Walk, trips int) (store.Graph, []uint32, error) {
	g, keys, err := v.outline.Traverse(ctx, w)
	if err != nil {
		return nil, nil, err
	}
	return &viewWalk{g, trips}, keys, nil
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

// refreshPause is how much longer than it took a view is left alone before the next is begun: a graph that is always
// being written is not read over and over.
const refreshPause = 5

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
func (s *Store) fromView(ctx context.Context, w *plan.Walk) (store.Graph, []uint32, error) {
	v := s.views.current.Load()
	if v == nil || !viewAnswers(w) || slices.ContainsFunc(w.Refs, func(r plan.Ref) bool { return r.ID == "" }) {
		return nil, nil, nil
	}
	bookmark, err := s.bookmark(ctx)
	if err != nil || s.at(bookmark) != v {
		return nil, nil, err
	}
	return v.walk(ctx, w, 1)
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
		v.next = time.Now().Add(refreshPause * time.Since(begin))
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
	o := memgraph.NewOutline(cat)
	c := newCompiler(s.layout, &plan.Query{}, written)
	c.w("MATCH (n:Entity) WHERE n.id >= '' AND n._sort IS NOT NULL RETURN id(n), n.id, ")
	c.typeOf("n", cat.Entities)
	c.w(", n._date")
	nodes := map[int64]uint32{}
	err = s.scan(ctx, string(c.text), func(r []any) (err error) {
		nodes[asInt(r[0])], err = o.AddNode(asString(r[1]), uint8(asInt(r[2])), dated(r[3]))
		return err
	})
	if err != nil {
		return err
	}
	sources := map[string]uint32{}
	err = s.scan(ctx, "MATCH (s:Source) WHERE s.id >= '' RETURN s.id, s._date", func(r []any) (err error) {
		sources[asString(r[0])], err = o.AddSource(asString(r[0]), dated(r[1]))
		return err
	})
	if err != nil {
		return err
	}
	if err := s.readLinks(ctx, o, nodes, sources); err != nil {
		return err
	}
	_, after, _, err := s.readMarked(ctx, "RETURN 1 AS one", nil)
	if err != nil {
		return err
	}
	if before != after {
		return nil // what was read may be of two states
	}
	s.views.current.Store(&view{before, o.Build()})
	return nil
}

// readLinks reads the links kind by kind, so that the kind does not travel.
func (s *Store) readLinks(ctx context.Context, o *memgraph.OutlineBuilder, nodes map[int64]uint32,
	sources map[string]uint32,
) error {
	for _, kind := range s.layout.cat.Kinds {
		l := memgraph.OutlineLink{Kind: kind.Index}
		err := s.scan(ctx,
			"MATCH (a)-[r:"+kind.Name+"]->(b) WHERE r.id STARTS WITH '"+kg.LinkPrefix+"' RETURN r.id, id(a), id(b), r._since, r._until, r.role, "+supporters("r")+", r.standing, r._unverified", func(r []any) (err error) {
				l.ID, l.From, l.To = asString(r[0]), nodes[asInt(r[1])], nodes[asInt(r[2])]
				if l.From == 0 || l.To == 0 {
					return nil // between nodes that are not ours
				}
				l.Since, l.Until, l.Role, l.Unverified = dated(r[3]), dated(r[4]), asString(r[5]), asInt(r[8])
				l.Standing, _ = kg.ParseStanding(asString(r[7]))
				l.Sources = l.Sources[:0]
				for _, v := range asList(r[6]) {
					id := asString(v)
					k, known := sources[id]
					if !known { // it has been deleted
						if k, err = o.AddSource(id, dated(nil)); err != nil {
							return err
						}
						sources[id] = k
					}
					l.Sources = append(l.Sources, k)
				}
				return o.AddLink(&l)
			})
		if err != nil {
			return err
		}
	}
	return nil
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
