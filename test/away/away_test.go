// Package away_test takes Neo4j away from a store and gives it back: every kind of question is answered again soon.
package away_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/neotest"
	"github.com/throughline/throughline/internal/sample"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/neo4jstore"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// questions are one of each shape.
var questions = map[string]string{
	"point":      `{ node(id: "mary-kaldor") { ... on Person { name } } }`,
	"list":       `{ people(where: {name: {contains: "a"}}) { totalCount nodes { name links { totalCount } } } }`,
	"paths":      `{ paths(from: {id: "mary-kaldor"}, to: {name: "NATO"}) { nodes { length } } }`,
	"search":     `{ search(text: "security") { totalCount } }`,
	"centrality": `{ centrality(by: DEGREE, first: 3) { edges { score } } }`,
	"stats":      `{ stats { sources refutedLinks } }`,
	"subgraph":   `{ subgraph(seeds: [{id: "mary-kaldor"}]) { nodes { id } } }`,
}

// within is how soon after Neo4j is back the first of each kind must succeed: 5 s, and as much again for a busy
// machine; on one that takes seconds for what is asked at once while Neo4j is there, several times that.
const within = 10 * time.Second

// away is how long Neo4j is away.
const away = 5 * time.Second

// TestWhenNeo4jIsBack asks a few questions a second of each shape, and writes, before, while and after Neo4j is away.
func TestWhenNeo4jIsBack(t *testing.T) {
	cat := both.Catalog(t)
	srv := both.Server(t, cat)
	p := neotest.NewProxy(t, srv)
	p.Start()
	s, err := neo4jstore.Open(t.Context(), neo4jstore.Options{
		URL: "bolt://" + p.Addr, User: srv.User, Password: srv.Password, Catalog: cat, Now: both.Clock,
		AdjacencyLinks: 1_000_000, Share: neo4jstore.Shared,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ready, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.Wait(ready); err != nil {
		t.Fatal(err)
	}
	if _, err := sample.Load(t.Context(), cat, s); err != nil {
		t.Fatal(err)
	}
	e, err := graph.New(graph.Options{Catalog: cat, Store: s, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(ctx context.Context, query string) error {
		r := e.Do(ctx, &graph.Request{Query: query})
		defer r.Release()
		if len(r.Errors) > 0 {
			return kg.Errorf(kg.Code(r.Code()), "%s", r.Errors[0].Message)
		}
		return nil
	}
	shapes := map[string]func(ctx context.Context) error{
		"write": func(ctx context.Context) error {
			l, err := s.Load(ctx)
			if err != nil {
				return err
			}
			defer l.Rollback()
			at := kg.TimeOf(time.Now())
			if err := l.Put(ctx, &store.Batch{Nodes: []*kg.Node{{
				ID: "x", Type: "PERSON", Name: "X", CreatedAt: at,
				UpdatedAt: at,
			}}}); err != nil {
				return err
			}
			return l.Commit(ctx)
		},
		"ready": s.Ready,
	}
	for name, q := range questions {
		shapes[name] = func(ctx context.Context) error { return ask(ctx, q) }
	}
	// more than once, so that Neo4j has a plan for each form that a statement takes: after a write it asks for our
	// marks
	for range 3 {
		for name, f := range shapes {
			if err := f(t.Context()); err != nil {
				t.Fatal(name, err)
			}
		}
	}
	turn := storetest.Some(t, 5) // each takes ten seconds
	for _, c := range []struct {
		name    string
		asked   bool // meanwhile
		go_, on func()
	}{
		{"refused", true, p.Stop, p.Start},
		{"refused and nobody asked", false, p.Stop, p.Start},
		{"silent", true, p.Silence, p.Start},
		{"silent and nobody asked", false, p.Silence, p.Start},
		{"cut", true, p.Cut, func() {}},
	} {
		if !turn() {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			var mu sync.Mutex
			var back time.Time
			first, codes := map[string]time.Duration{}, map[kg.Code]int{}
			var all sync.WaitGroup
			ask := func() {
				for name, f := range shapes {
					all.Go(func() {
						ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
						defer cancel()
						began := time.Now()
						err := f(ctx)
						mu.Lock()
						defer mu.Unlock()
						codes[kg.CodeOf(err)]++
						if err != nil && kg.CodeOf(err) != kg.Unavailable && kg.CodeOf(err) != kg.Timeout {
							t.Errorf("%s: %v", name, err)
						}
						if _, known := first[name]; err == nil && !known && !back.IsZero() && began.After(back) {
							first[name] = time.Since(back)
						}
					})
				}
			}
			tick := time.NewTicker(250 * time.Millisecond)
			defer tick.Stop()
			// they open connections side by side
			began := time.Now()
			for range 8 {
				ask()
			}
			all.Wait()
			within := max(within, 5*time.Second+5*time.Since(began))
			c.go_()
			for end := time.Now().Add(away); time.Now().Before(end); <-tick.C {
				if c.asked {
					ask()
				}
			}
			c.on()
			mu.Lock()
			back = time.Now()
			mu.Unlock()
			for end := back.Add(2 * within); time.Now().Before(end); <-tick.C {
				mu.Lock()
				done := len(first) == len(shapes)
				mu.Unlock()
				if done {
					break
				}
				ask()
			}
			all.Wait()
			var said []string
			for name := range shapes {
				took, ok := first[name]
				if !ok || took > within {
					t.Errorf("%s: first success after %s (%v), want within %s", name, took, ok, within)
				}
				said = append(said, fmt.Sprintf("%s %.1fs", name, took.Seconds()))
			}
			t.Logf("first success: %s; answers by code: %v", strings.Join(said, ", "), codes)
		})
	}
}
