package neo4jstore

import (
	"context"
	"fmt"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/text"
)

// CompileShared is the statement that answers several plans of one shape at once, with the parameters of so many
// requests for this one; the text is "" for a plan that asks nothing.
func CompileShared(cat *catalog.Catalog, q *plan.Query, requests int) (string, map[string]any, error) {
	l, err := newLayout(cat)
	if err != nil {
		return "", nil, err
	}
	text, values := compileShared(l, q, requests)
	return text, values, nil
}

func compileShared(l *layout, q *plan.Query, requests int) (string, map[string]any) {
	var rows []any
	for i := range requests {
		c, a := compile(l, q, dry)
		if a.empty && !a.refs {
			return "", nil
		}
		c.values[0] = int64(i)
		rows = append(rows, c.values)
	}
	c, _ := compile(l, q, dry)
	return sharedText(l, c), sharedParams(c, rows)
}

// SharedReads answers reads by shared statements, whether or not there is somebody to share them with.
type SharedReads struct{ *Store }

// Fetch answers q by the statement for several, as the last of three that ask the same.
func (s SharedReads) Fetch(ctx context.Context, q *plan.Query) (*kg.Result, error) {
	if q.Start == plan.Search && len(q.Search.Words) > text.MaxQueryWords {
		few, _, err := s.rarest(ctx, q)
		if err != nil {
			return nil, err
		}
		q = few
	}
	statement, values := compileShared(s.layout, q, 3)
	if statement == "" {
		return s.Store.Fetch(ctx, q)
	}
	all, err := s.once(ctx, statement, values)
	if err != nil {
		return nil, failure(ctx, err)
	}
	var records [][]any
	for _, r := range all {
		if asInt(r[0]) == 2 {
			records = append(records, r[1:])
		}
	}
	_, a := compile(s.layout, q, written)
	return s.decode(ctx, &a, q, records, 1, s.reads)
}

// CompileAsking is Compile for a database that holds what is not ours.
func CompileAsking(cat *catalog.Catalog, q *plan.Query) (string, map[string]any, error) {
	l, err := newLayout(cat)
	if err != nil {
		return "", nil, err
	}
	text, values := compileShared(layouts(l)[1][1], q, 1)
	return text, values, nil
}

// AskForAll has every statement ask for our marks from now on.
func (s *Store) AskForAll() { s.survey.Store(&survey{links: true, nodes: true}) }

// Survey surveys the database now, and not behind the callers.
func (s *Store) Survey(ctx context.Context) error {
	found, err := s.look(ctx)
	s.survey.Store(found)
	return err
}

// NeverSurvey has every statement ask for our marks, and the database not be surveyed behind the callers. A survey that
// has begun comes to its end first.
func (s *Store) NeverSurvey() {
	s.sharing.running.Wait()
	s.counting.mu.Lock()
	defer s.counting.mu.Unlock()
	s.counting.busy = true
}

// Hold takes every slot of a plan's shape until release is called: the requests that come meanwhile wait.
func (s *Store) Hold(q *plan.Query) (release func()) {
	st, _ := s.statement(q)
	st.batcher.mu.Lock()
	defer st.batcher.mu.Unlock()
	held := st.batcher.slots - st.batcher.busy
	st.batcher.busy += held
	return func() {
		for range held {
			s.next(st)
		}
	}
}

// Waiting reports how many requests of a plan's shape wait for a slot.
func (s *Store) Waiting(q *plan.Query) int {
	st, _ := s.statement(q)
	st.batcher.mu.Lock()
	defer st.batcher.mu.Unlock()
	return len(st.batcher.waiting)
}

// Busy reports how many slots of a plan's shape are taken.
func (s *Store) Busy(q *plan.Query) int {
	st, _ := s.statement(q)
	st.batcher.mu.Lock()
	defer st.batcher.mu.Unlock()
	return st.batcher.busy
}

// WalkStatement is one statement of a walk, and its parameters.
type WalkStatement struct {
	Name, Text string
	Params     map[string]any
}

// WalkStatements are those of a walk: to find what it names, to expand some of it each way, and to join two sides.
func WalkStatements(cat *catalog.Catalog, w *plan.Walk, ways ...store.Way) ([]WalkStatement, error) {
	l, err := newLayout(cat)
	if err != nil {
		return nil, err
	}
	g := &walk{s: &Store{layout: l}, layout: l, w: w, nodes: []store.GraphNode{{}, {ID: "a"}, {ID: "b"}}}
	for i := range w.Refs {
		g.refs = append(g.refs, plan.Ref{ID: "r", Types: w.Refs[i].Types})
	}
	text, values := g.find()
	out := []WalkStatement{{"find", text, values}}
	for _, way := range ways {
		text, values = g.expand(way, []string{"a", "b"})
		out = append(out, WalkStatement{fmt.Sprintf("expand %+v", way), text, values})
	}
	text, values = g.middle([]uint32{1}, []uint32{2}, ways[0], ways[1])
	return append(out, WalkStatement{"middle", text, values}), nil
}

// FindStatement finds the statement of q and its parameters, as Fetch does.
func FindStatement(s *Store, q *plan.Query) int {
	_, c := s.statement(q)
	return len(c.values)
}

// Decode reads records as Fetch does.
func Decode(s *Store, q *plan.Query, records [][]any) (*kg.Result, error) {
	st, _ := s.statement(q)
	return s.decode(context.Background(), &st.answer, q, records, 1, s.reads)
}

// Unconnected is a store that can compile and decode, and nothing else.
func Unconnected(cat *catalog.Catalog) (*Store, error) {
	l, err := newLayout(cat)
	if err != nil {
		return nil, err
	}
	s := &Store{layout: l, layouts: layouts(l), share: Shared}
	s.survey.Store(&survey{})
	return s, nil
}

// RefreshView reads the adjacency now, and not behind the callers.
func (s *Store) RefreshView(ctx context.Context) error { return s.refresh(ctx) }

// ViewWalks is how many walks were answered from memory.
func (s *Store) ViewWalks() int64 { return s.views.used.Load() }

// LayoutVersion is the number of the layout that this program makes.
var LayoutVersion = len(migrations)

// Sent returns the transactions of a load that are under way.
func Sent(l store.Load) int {
	x, _ := l.(*load)
	return len(x.sent)
}

// Statements returns how many statements a store has sent.
func Statements(s *Store) int64 { return s.texts.Load() }

// SetBatch sets how many records a transaction of a load writes.
func (s *Store) SetBatch(n int) { s.batch = n }

// ReadWhole reads a source, an entity and a link as they are read whole.
func ReadWhole(s *Store, source, node, link []any) error {
	_, err := sourceOf(source)
	if err == nil {
		_, err = s.nodeOf(node)
	}
	if err == nil {
		_, err = s.layout.linkOf(link)
	}
	return err
}

// StatementsOfWrites are statements by which a write looks for links, by what it looks for, with their parameters: what
// says what some links say, and what ends at entities.
func (s *Store) StatementsOfWrites(links []*kg.Link, entities []string) map[string]func() (string, map[string]any) {
	at := map[string]any{"entities": entities, "sources": []string{}, "ids": []string{}}
	return map[string]func() (string, map[string]any){
		"strays": func() (string, map[string]any) {
			return s.layout.straysText(), map[string]any{"said": said(links)}
		},
		"resting":                  func() (string, map[string]any) { return s.restingText(), at },
		"resting in a transaction": func() (string, map[string]any) { return s.restingInText(), at },
	}
}
