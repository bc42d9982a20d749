package neo4jstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/neotest"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/neo4jstore"
	"github.com/throughline/throughline/internal/store/storetest"
)

// viewed reads the adjacency before every walk, so that all walks that can are answered from it.
type viewed struct{ *neo4jstore.Store }

func (v viewed) Walk(ctx context.Context, w *plan.Walk) (store.Graph, []uint32, error) {
	if err := v.RefreshView(ctx); err != nil {
		return nil, nil, err
	}
	return v.Store.Walk(ctx, w)
}

// openViews opens a store that may keep links in memory.
func openViews(t testing.TB, srv *neotest.Server, most int64) *neo4jstore.Store {
	t.Helper()
	s, err := neo4jstore.Open(t.Context(), neo4jstore.Options{
		URL: srv.URL, User: srv.User, Password: srv.Password, Catalog: parse(t), Now: storetest.Clock, AdjacencyLinks: most,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	wait, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.Wait(wait); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWalksFromMemoryAsTheOracle(t *testing.T) {
	srv, d := database(t)
	s := openViews(t, srv, 1000)
	storetest.RunWalks(t, parse(t), func(t *testing.T) store.Store {
		t.Helper()
		d.clear()
		return viewed{s}
	}, 1, 7)
	if s.ViewWalks() < 4*int64(storetest.Rounds(t)) {
		t.Errorf("only %d walks were answered from memory", s.ViewWalks())
	}
}

// pair is a small graph: two people at one event.
func pair() *store.Batch {
	b := &store.Batch{
		Sources: []*kg.Source{{ID: "s_a", Title: "A", Kind: "BOOK"}},
		Nodes: []*kg.Node{
			{ID: "ada", Type: "PERSON", Name: "Ada"},
			{ID: "ben", Type: "PERSON", Name: "Ben"},
			{ID: "ev", Type: "EVENT", Name: "Ev"},
		},
	}
	for _, p := range []string{"ada", "ben"} {
		b.Links = append(b.Links, &kg.Link{
			ID:   kg.LinkID("PARTICIPATED_IN", p, "ev", "", "", ""),
			Kind: "PARTICIPATED_IN", From: p, To: "ev", Evidence: []kg.Evidence{{
				Source: "s_a", Excerpt: "x",
				Stance: "SUPPORTS",
			}},
		})
	}
	return b
}

// hops counts the links of ev as a walk sees them.
func hops(t *testing.T, s *neo4jstore.Store) (n int) {
	t.Helper()
	g, keys, err := s.Walk(t.Context(), &plan.Walk{Refs: []plan.Ref{{ID: "ev", Types: parse(t).Entities}}, Asked: 1})
	if err != nil {
		t.Fatal(err)
	}
	err = g.Expand(t.Context(), keys, store.Way{Out: true, In: true}, func(_ uint32,
		arcs []store.Arc,
	) {
		n = len(arcs)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWalksSeeEveryWriteWhoeverMakesIt(t *testing.T) {
	srv, d := database(t)
	s := openViews(t, srv, 1000)
	if err := storetest.Fill(t.Context(), s, pair()); err != nil {
		t.Fatal(err)
	}
	used := func() int64 {
		if err := s.RefreshView(t.Context()); err != nil {
			t.Fatal(err)
		}
		before := s.ViewWalks()
		if n := hops(t, s); n != 2 {
			t.Fatalf("%d links, want 2", n)
		}
		return s.ViewWalks() - before
	}
	if used() != 1 {
		t.Error("the walk was not answered from memory")
	}
	d.run("MATCH (a:Entity {id: 'ada'})-[r:PARTICIPATED_IN]->() DELETE r", nil)
	if n := hops(t, s); n != 1 {
		t.Errorf("after another client's write %d links, want 1", n)
	}
	if err := storetest.Fill(t.Context(), s, pair()); err != nil {
		t.Fatal(err)
	}
	if n := hops(t, s); n != 2 {
		t.Errorf("after a write of its own %d links, want 2", n)
	}
	if used() != 1 {
		t.Error("after the writes no walk is answered from memory any more")
	}
}

func TestLargeGraphsAreWalkedInNeo4j(t *testing.T) {
	srv, _ := database(t)
	s := openViews(t, srv, 1)
	if err := storetest.Fill(t.Context(), s, pair()); err != nil {
		t.Fatal(err)
	}
	if err := s.RefreshView(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := hops(t, s); n != 2 || s.ViewWalks() != 0 {
		t.Errorf("%d links, want 2; %d walks from memory, want none", n, s.ViewWalks())
	}
}
