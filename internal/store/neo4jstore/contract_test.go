package neo4jstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/neotest"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/neo4jstore"
	"github.com/throughline/throughline/internal/store/storetest"
)

// shared opens one store on the shared server and gives a function that empties it: opening anew would create every
// index again.
func shared(t *testing.T) (*catalog.Catalog, func(t *testing.T) store.Store) {
	t.Helper()
	srv := neotest.Start(t)
	srv.Exclusive(t)
	cat, err := catalog.Parse("schema.graphqls", throughline.Schema)
	if err != nil {
		t.Fatal(err)
	}
	s, err := neo4jstore.Open(t.Context(), neo4jstore.Options{
		URL: srv.URL, User: srv.User, Password: srv.Password, Catalog: cat,
		Now: func() time.Time { return time.UnixMilli(1_700_000_000_000) },
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
	d, err := neo4j.NewDriverWithContext(srv.URL, neo4j.BasicAuth(srv.User, srv.Password, ""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close(context.Background()) })
	return cat, func(t *testing.T) store.Store {
		t.Helper()
		if _, err := neo4j.ExecuteQuery(t.Context(), d, "MATCH (n) WHERE NOT n:ThroughlineMeta DETACH DELETE n", nil, neo4j.EagerResultTransformer); err != nil {
			t.Fatal(err)
		}
		return s
	}
}

func TestAnswersAsTheOracle(t *testing.T) {
	cat, open := shared(t)
	storetest.RunRandom(t, cat, open, 12, 60)
}

func TestSearchesAsTheOracle(t *testing.T) {
	cat, open := shared(t)
	storetest.RunSearches(t, cat, open, 3, 100)
}

func TestFiltersAreTwoValued(t *testing.T) {
	cat, open := shared(t)
	storetest.RunNegations(t, cat, open)
}

func TestWalksAsTheOracle(t *testing.T) {
	cat, open := shared(t)
	storetest.RunWalks(t, cat, open, 10, 60)
}

func TestPatternsAsTheOracle(t *testing.T) {
	cat, open := shared(t)
	storetest.RunPatterns(t, cat, open, 10, 60)
}

func TestWholeAsTheOracle(t *testing.T) {
	cat, open := shared(t)
	storetest.RunWhole(t, cat, open, 8, 12)
}

func TestRandomLoadsAsTheOracle(t *testing.T) {
	cat, open := shared(t)
	storetest.RunLoads(t, cat, open, 8, 6)
}

func TestEndsWithItsContext(t *testing.T) {
	cat, open := shared(t)
	storetest.RunCancel(t, cat, open(t))
}
