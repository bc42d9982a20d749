package neo4jstore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/neo4jstore"
)

func mustCatalog(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Parse("schema.graphqls", throughline.Schema)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func load(t testing.TB, s store.Store, people int) {
	src, nodes, links := peerGraph(people)
	ctx := t.Context()
	l, err := s.Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Rollback()
	t0 := time.Now()
	if err := l.Put(ctx, &store.Batch{Sources: []*kg.Source{src}}); err != nil {
		t.Fatal(err)
	}
	for part := range slices.Chunk(nodes, 5000) {
		if err := l.Put(ctx, &store.Batch{Nodes: part}); err != nil {
			t.Fatal(err)
		}
	}
	t1 := time.Now()
	for part := range slices.Chunk(links, 5000) {
		if err := l.Put(ctx, &store.Batch{Links: part}); err != nil {
			t.Fatal(err)
		}
	}
	t2 := time.Now()
	if err := l.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d nodes %v (%.0f/s), %d links %v (%.0f/s)", len(nodes), t1.Sub(t0), float64(len(nodes))/t1.Sub(t0).Seconds(), len(links), t2.Sub(t1), float64(len(links))/t2.Sub(t1).Seconds())
}

func TestScratch(t *testing.T) {
	cat := mustCatalog(t)
	s, err := neo4jstore.Open(t.Context(), neo4jstore.Options{URL: "bolt://127.0.0.1:17687", User: "neo4j", Password: "throughline", Catalog: cat})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, c := context.WithTimeout(t.Context(), 60*time.Second)
	defer c()
	if err := s.Wait(ctx); err != nil {
		t.Fatalf("%+v", err)
	}
	n := 1000
	fmt.Sscan(os.Getenv("PEOPLE"), &n)
	load(t, s, n)
	if os.Getenv("TWICE") != "" {
		load(t, s, n)
	}
	_ = rand.N[int]
	_ = sync.WaitGroup{}
	q := &plan.Query{Start: plan.Statistics}
	res, err := s.Fetch(ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", res.Stats)
}
