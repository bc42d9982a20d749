package neo4jstore_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/config"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/notifications"
	"go.uber.org/goleak"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/neotest"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/neo4jstore"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
	"github.com/throughline/throughline/internal/text"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func parse(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Parse("schema.graphqls", throughline.Schema)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// open opens a store on a server and waits until it is ready.
func open(t testing.TB, srv *neotest.Server, cat *catalog.Catalog) *neo4jstore.Store {
	t.Helper()
	s, err := neo4jstore.Open(t.Context(), neo4jstore.Options{
		URL: srv.URL, User: srv.User, Password: srv.Password,
		Catalog: cat, Now: storetest.Clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	return s
}

// database returns the test server, whose database is emptied, and a driver of its own for looking at what a store
// wrote.
func database(t testing.TB) (*neotest.Server, *outside) {
	t.Helper()
	srv := both.Server(t, parse(t))
	return srv, look(t, srv.URL, srv.User, srv.Password)
}

// outside is a way into the database that is not the store's.
type outside struct {
	t testing.TB
	d neo4j.DriverWithContext
}

func look(t testing.TB, url, user, password string) *outside {
	t.Helper()
	auth := neo4j.NoAuth()
	if user != "" {
		auth = neo4j.BasicAuth(user, password, "")
	}
	d, err := neo4j.NewDriverWithContext(url, auth, func(c *config.Config) {
		c.TelemetryDisabled = true
		c.NotificationsMinSeverity = notifications.DisabledLevel
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close(context.Background()) })
	return &outside{t, d}
}

// run runs a statement and returns its records.
func (o *outside) run(text string, params map[string]any) [][]any {
	o.t.Helper()
	return o.in(neo4j.AccessModeWrite, text, params)
}

// clear deletes what stores have written, and leaves the indexes.
func (o *outside) clear() {
	o.t.Helper()
	o.run("MATCH (n) WHERE NOT n:ThroughlineMeta DETACH DELETE n", nil)
}

func (o *outside) in(mode neo4j.AccessMode, text string, params map[string]any) [][]any {
	o.t.Helper()
	ctx := context.Background()
	s := o.d.NewSession(ctx, neo4j.SessionConfig{AccessMode: mode, FetchSize: 1000})
	defer s.Close(ctx)
	res, err := s.Run(ctx, text, params)
	if err != nil {
		o.t.Fatal(err)
	}
	var out [][]any
	for res.Next(ctx) {
		out = append(out, res.Record().Values)
	}
	if res.Err() != nil {
		o.t.Fatal(res.Err())
	}
	return out
}

func fill(t testing.TB, s store.Store) {
	t.Helper()
	sources, nodes, links := small()
	if err := storetest.Fill(t.Context(), s, &store.Batch{Sources: sources, Nodes: nodes, Links: links}); err != nil {
		t.Fatal(err)
	}
}

// TestShapes holds the plans of shapes against the oracle, and to one statement each; where an id is nobody's, one more
// looks whether it was somebody's.
func TestShapes(t *testing.T) {
	srv, _ := database(t)
	cat := parse(t)
	s := open(t, srv, cat)
	oracle := storetest.NewOracle(cat, storetest.Clock)
	fill(t, s)
	fill(t, oracle)
	surveyed(t, s)
	all := storetest.Part(t, shapes(t, cat))
	for _, sh := range slices.Clone(all) {
		sh.name += ", asking for marks"
		all = append(all, sh)
	}
	for i, sh := range all {
		if i == len(all)/2 {
			s.AskForAll()
		}
		t.Run(sh.name, func(t *testing.T) {
			most := 1
			if slices.Contains(sh.q.IDs, "nobody") {
				most = 2
			}
			want, errWant := oracle.Fetch(t.Context(), sh.q)
			before := s.Statements()
			got, errGot := s.Fetch(t.Context(), sh.q)
			if n := int(s.Statements() - before); n > most {
				t.Errorf("%d statements", n)
			}
			if kg.CodeOf(errWant) != kg.CodeOf(errGot) || errWant != nil && errWant.Error() != errGot.Error() {
				t.Fatalf("error %v, want %v", errGot, errWant)
			}
			if errWant != nil {
				return
			}
			if a, b := storetest.Render(sh.q, want), storetest.Render(sh.q, got); a != b {
				t.Errorf("got\n%s\nwant\n%s", b, a)
			}
			if got.RoundTrips > most {
				t.Errorf("%d round trips", got.RoundTrips)
			}
		})
	}
}

// answers are what the store says to shapes, in one text.
func answers(t testing.TB, s store.Reader, asked []shape) string {
	t.Helper()
	out := ""
	for _, sh := range asked {
		res, err := s.Fetch(t.Context(), sh.q)
		if err != nil {
			out += sh.name + ": " + err.Error() + "\n"
			continue
		}
		out += sh.name + ": " + storetest.Render(sh.q, res) + "\n"
	}
	return out
}

// TestTextIsFoldedAgain: a database that was written when text was folded otherwise has all that is made of folded text
// made anew at start, and no other property touched.
func TestTextIsFoldedAgain(t *testing.T) {
	srv, db := database(t)
	cat := parse(t)
	s := open(t, srv, cat)
	b := storetest.Graph(cat, 3, 40, 60)
	if err := storetest.Fill(t.Context(), s, b); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	all := func() string {
		return fmt.Sprint(db.run("MATCH (n) WHERE NOT n:ThroughlineMeta RETURN labels(n), properties(n), COLLECT { MATCH (n)-[r]->(m) RETURN [type(r), properties(r), properties(m)] AS x ORDER BY toString(x[0]), m.id, r.id, m.name } ORDER BY n.id, n.name, n.scheme, n.value, COUNT { (n)--() }",
			nil))
	}
	want := all()
	db.run("MATCH (n) WHERE n._name IS NOT NULL SET n._name = n._name + '?'", nil)
	db.run("MATCH (n) WHERE n._sort IS NOT NULL SET n._names = ['?'], n._sort = '?' + n._sort", nil)
	db.run("MATCH (n:Entity) SET n._texts = ['?']", nil)
	db.run("MATCH (n:Entity|Source) SET n._words = '?', n._nameWords = 77", nil)
	db.run("MATCH ()-[r]->() WHERE r._role IS NOT NULL SET r._role = '?'", nil)
	db.run("MATCH (m:ThroughlineMeta {id: 'layout'}) SET m.text = '1 Unicode 1.0'", nil)
	if all() == want {
		t.Fatal("nothing was changed")
	}
	s = open(t, srv, cat)
	if got := all(); got != want {
		t.Errorf("after folding again:\n%s", cmp.Diff(strings.Split(want, " "), strings.Split(got, " ")))
	}
	for _, n := range b.Nodes {
		res, err := s.Fetch(t.Context(), &plan.Query{
			Start: plan.ByRef, Types: cat.Entities,
			Refs: []plan.Ref{{Name: n.Name, NameKey: text.Fold(n.Name), Types: cat.Entities}},
		})
		if err != nil && kg.CodeOf(err) != kg.AmbiguousRef || err == nil && len(res.Edges) != 1 {
			t.Errorf("%s is not found by its name: %v", n.Name, err)
		}
	}
}
