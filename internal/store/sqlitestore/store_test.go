package sqlitestore_test

import (
	"testing"
	"time"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/catalog"
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

// opener opens empty stores in files of their own.
func opener(cat *catalog.Catalog) func(t *testing.T) store.Store {
	return func(t *testing.T) store.Store {
		t.Helper()
		s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Path: t.TempDir() + "/g.db", Catalog: cat, Now: func() time.Time { return time.UnixMilli(1_700_000_000_000) }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
}

func TestAnswersAsTheOracle(t *testing.T) {
	cat := parse(t)
	storetest.RunRandom(t, cat, opener(cat), 3, 63)
}

func TestSearchesAsTheOracle(t *testing.T) {
	cat := parse(t)
	storetest.RunSearches(t, cat, opener(cat), 1, 125)
}

func TestFiltersAreTwoValued(t *testing.T) {
	cat := parse(t)
	storetest.RunNegations(t, cat, opener(cat))
}

func TestWalksAsTheOracle(t *testing.T) {
	cat := parse(t)
	storetest.RunWalks(t, cat, opener(cat), 3, 40)
}

func TestPatternsAsTheOracle(t *testing.T) {
	cat := parse(t)
	storetest.RunPatterns(t, cat, opener(cat), 3, 63)
}

func TestWholeAsTheOracle(t *testing.T) {
	cat := parse(t)
	storetest.RunWhole(t, cat, opener(cat), 3, 17)
}
