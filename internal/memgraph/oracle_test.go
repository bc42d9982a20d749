package memgraph_test

import (
	"context"
	"testing"
	"time"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/memgraph"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/store/storetest"
)

func parse(t testing.TB) *catalog.Catalog {
	t.Helper()
	cat, err := catalog.Parse("schema.graphqls", throughline.Schema)
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

// open returns an empty store, whose graphs are this package's.
func open(t *testing.T, cat *catalog.Catalog) *sqlitestore.Store {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{
		Catalog: cat,
		Now:     func() time.Time { return time.UnixMilli(1_700_000_000_000) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func opener(cat *catalog.Catalog) func(t *testing.T) store.Store {
	return func(t *testing.T) store.Store {
		t.Helper()
		return open(t, cat)
	}
}

// stepped is a store that is filled a record at a time, with a version of the graph after each.
type stepped struct{ *sqlitestore.Store }

func openStepped(cat *catalog.Catalog) func(t *testing.T) store.Store {
	return func(t *testing.T) store.Store {
		t.Helper()
		return &stepped{open(t, cat)}
	}
}

func (s *stepped) Load(context.Context) (store.Load, error) { return &stepping{s: s.Store}, nil }

type stepping struct{ s *sqlitestore.Store }

func (*stepping) Commit(context.Context) error { return nil }
func (*stepping) Describe(*store.Deed)         {}

func (*stepping) Rollback() error { return nil }

func (l *stepping) Put(ctx context.Context, b *store.Batch) error {
	put := func(b store.Batch) error {
		load, err := l.s.Load(ctx)
		if err != nil {
			return err
		}
		defer load.Rollback()
		if err := load.Put(ctx, &b); err != nil {
			return err
		}
		if err := load.Commit(ctx); err != nil {
			return err
		}
		return l.s.Warm(ctx)
	}
	for _, x := range b.Sources {
		if err := put(store.Batch{Sources: []*kg.Source{x}}); err != nil {
			return err
		}
	}
	for _, x := range b.Nodes {
		// it is first called otherwise
		was := *x
		was.Name, was.Aliases, was.Description = x.Name+" before", []string{"Otherwise"}, "words that go away"
		if err := put(store.Batch{Nodes: []*kg.Node{&was}}); err != nil {
			return err
		}
	}
	for _, x := range b.Links {
		if err := put(store.Batch{Links: []*kg.Link{x}}); err != nil {
			return err
		}
	}
	for _, x := range b.Nodes {
		if err := put(store.Batch{Nodes: []*kg.Node{x}}); err != nil {
			return err
		}
	}
	return nil
}

// few is how many of something are drawn; -short draws a third.
func few(n int) int {
	if testing.Short() {
		return max(1, n/3)
	}
	return n
}

// TestReadingAheadChangesNothing holds what is otherwise done in large graphs alone against the oracle, in versions
// made at once and in steps.
func TestReadingAheadChangesNothing(t *testing.T) {
	memgraph.ReadAhead(t)
	cat := parse(t)
	storetest.RunRandom(t, cat, opener(cat), 2, 100)
	storetest.RunRandom(t, cat, openStepped(cat), 1, 60)
	storetest.RunSearches(t, cat, opener(cat), 1, 80)
	storetest.RunWalks(t, cat, opener(cat), 1, 40)
}

// TestVersionsMadeInStepsAnswerAsTheOracle asks graphs that were made a record at a time.
func TestVersionsMadeInStepsAnswerAsTheOracle(t *testing.T) {
	memgraph.Crowd(t)
	cat := parse(t)
	storetest.RunRandom(t, cat, openStepped(cat), 1, 60)
	storetest.RunSearches(t, cat, openStepped(cat), 1, 60)
	storetest.RunWalks(t, cat, openStepped(cat), 1, 20)
	storetest.RunPatterns(t, cat, openStepped(cat), 1, 20)
	storetest.RunWhole(t, cat, openStepped(cat), 1, 5)
}
