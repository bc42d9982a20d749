// Package both runs a test on each store the program has: what is asked of both stands in one place.
package both

import (
	"context"
	"flag"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/neotest"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/neo4jstore"
	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/store/storetest"
)

// Clock is the time of every load, so that exports can be held against each other.
func Clock() time.Time { return storetest.Clock() }

// Catalog reads the contract.
func Catalog(t testing.TB) *catalog.Catalog {
	t.Helper()
	cat, err := catalog.Parse("schema.graphqls", throughline.Schema)
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

// Open returns an empty store.
type Open func(t *testing.T) store.Store

// Run runs test on the embedded store and on Neo4j, which -short leaves out. What open gave on Neo4j before is empty
// when it is called again: there is one database.
func Run(t *testing.T, cat *catalog.Catalog, test func(t *testing.T, open Open)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(cat)) })
	t.Run("neo4j", func(t *testing.T) { test(t, Neo4j(t, cat)) })
}

// Turns is storetest.Turns on Neo4j, which takes long to plan what it is asked; the embedded store is asked all, and by
// -short one in four.
func Turns(t testing.TB) func() bool {
	t.Helper()
	switch {
	case strings.Contains(t.Name(), "/neo4j"):
		return storetest.Turns(t)
	case testing.Short():
		return storetest.OneIn(t, 4)
	}
	return func() bool { return true }
}

// Some is storetest.Some on Neo4j; the embedded store is asked all.
func Some(t testing.TB, of int) func() bool {
	t.Helper()
	if strings.Contains(t.Name(), "/neo4j") {
		return storetest.Some(t, of)
	}
	return func() bool { return true }
}

// Part is storetest.Part in the same way as Turns.
func Part[T any](t testing.TB, all []T) []T {
	t.Helper()
	turn := Turns(t)
	return slices.DeleteFunc(slices.Clone(all), func(T) bool { return !turn() })
}

// Checks sets how many checks rapid makes until the test ends: so many of each store where twice AllRounds are asked
// for, and as many fewer as there are fewer rounds, at least one. Of the embedded store they are no more than
// rapid is told to make. On Neo4j each check takes some seconds.
func Checks(t testing.TB, neo4j, embedded int) {
	t.Helper()
	checks := flag.Lookup("rapid.checks").Value
	before := checks.String()
	most, err := strconv.Atoi(before)
	if err != nil {
		t.Fatal(err)
	}
	n := embedded
	if strings.Contains(t.Name(), "/neo4j") {
		n, most = neo4j, math.MaxInt
	}
	n = min(most, max(1, n*storetest.Rounds(t)/(2*storetest.AllRounds)))
	t.Cleanup(func() { _ = checks.Set(before) })
	if err := checks.Set(strconv.Itoa(n)); err != nil {
		t.Fatal(err)
	}
}

// Log returns the log of a store as a text, without the ids of its changes: those differ from store to store.
func Log(t testing.TB, s store.Logger) string {
	t.Helper()
	changes, err := s.Changes(t.Context(), &store.ChangesQuery{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	out, seqs := "", map[string]int64{}
	for i := range changes {
		seqs[changes[i].ID] = changes[i].Seq
	}
	for i := range changes {
		c := &changes[i]
		if c.Reverts != "" {
			c.Reverts = strconv.FormatInt(seqs[c.Reverts], 10)
		}
		items, err := s.Items(t.Context(), &store.ItemsQuery{Seq: c.Seq, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		c.ID = ""
		out += fmt.Sprintf("%+v %+v\n", *c, items)
	}
	return out
}

// SQLite opens stores in files of their own.
func SQLite(cat *catalog.Catalog) Open {
	return func(t *testing.T) store.Store {
		t.Helper()
		s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{
			Path: t.TempDir() + "/g.db", Catalog: cat,
			Now: Clock,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
}

// Server takes the test server for this test, without data but with the indexes of a catalogue.
func Server(t testing.TB, cat *catalog.Catalog) *neotest.Server {
	t.Helper()
	srv := neotest.Start(t)
	all, err := neo4jstore.Indexes(cat)
	if err != nil {
		t.Fatal(err)
	}
	srv.Indexed(t, strings.Join(all, "\n")+"\n", func() {
		if err := Ready(t, srv, cat).Close(); err != nil {
			t.Fatal(err)
		}
	})
	return srv
}

// Ready opens a store on a server and waits until it can be used.
func Ready(t testing.TB, srv *neotest.Server, cat *catalog.Catalog) *neo4jstore.Store {
	t.Helper()
	s, err := neo4jstore.Open(t.Context(), neo4jstore.Options{
		URL: srv.URL, User: srv.User, Password: srv.Password,
		Catalog: cat, Now: Clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	return s
}

// Neo4j takes the test server for this test, and opens one store on it.
func Neo4j(t *testing.T, cat *catalog.Catalog) Open {
	t.Helper()
	srv := Server(t, cat)
	s := Ready(t, srv, cat)
	d, err := neo4j.NewDriverWithContext(srv.URL, neo4j.BasicAuth(srv.User, srv.Password, ""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close(context.Background()) })
	return func(t *testing.T) store.Store {
		t.Helper()
		if _, err := neo4j.ExecuteQuery(t.Context(), d, "MATCH (n) WHERE NOT n:ThroughlineMeta DETACH DELETE n", nil,
			neo4j.EagerResultTransformer); err != nil {
			t.Fatal(err)
		}
		return s
	}
}
