package tour_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/sample"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/neo4jstore"
	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/store/storetest/both"
	"github.com/throughline/throughline/internal/web"
)

// explained is extensions.explain of one root field.
type explained struct {
	Plan       []string
	Store      string
	Statements []struct {
		Text         string
		Parameters   map[string]string
		Rows         int
		Milliseconds float64
	}
	Walked *struct {
		Note  string
		Steps int
	}
	RoundTrips, Rows int
	Milliseconds     map[string]float64
}

// asks is everything the tour asks, and two things side by side that name what must not be told.
func asks() map[string]string {
	all := map[string]string{
		"side by side": `query Q($name: String! = "Mary Kaldor") { __typename a: person(ref: {name: $name}) { name affiliations(first: 3, where: {role: {contains: "Professor"}}) { edges { role node { name } link { evidence { nodes { excerpt } } } } } }
			b: people(first: 2, where: {or: [{name: {startsWith: "je"}}, {linkedTo: {entity: {name: "NATO"}}}]}, orderBy: [{field: LINK_COUNT, direction: DESC}]) { totalCount facets(by: [THEME]) { buckets { key } } nodes { id } }
			c: paths(from: {name: $name}, to: {name: "protection of civilians"}, first: 2) { nodes { narrative } }
			d: match(pattern: [{node: {where: {name: {contains: "stoltenberg"}}}}, {link: {}}, {node: {}}]) { nodes { narrative } } search(text: "kaldor") { totalCount } stats { sources } }`,
	}
	for _, q := range web.Tour() {
		if q.Variables == nil {
			all[q.Title] = q.Document
		}
	}
	return all
}

// values are words of the requests and of the graph that an explanation may not hold.
var values = []string{"kaldor", "stoltenberg", "civilians", "professor", "article", "london", "dialogue"}

// explains holds explanations of a store to what they promise. statements is how many statements the store has sent so
// far; nil where nobody counts.
func explains(t *testing.T, cat *catalog.Catalog, s store.Store, statements func() int64) {
	t.Helper()
	if _, err := sample.Load(t.Context(), cat, s); err != nil {
		t.Fatal(err)
	}
	trips := 0
	limits := plan.DefaultLimits()
	limits.Timeout = 2 * time.Minute // Neo4j compiles what it sees for the first time
	e, err := graph.New(graph.Options{
		Catalog: cat, Store: s, StoreKind: s.Kind(), Limits: limits, Introspection: true,
		Observe: func(o graph.Observation) { trips = o.RoundTrips },
	})
	if err != nil {
		t.Fatal(err)
	}
	for title, q := range asks() {
		t.Run(title, func(t *testing.T) {
			plain := e.Do(t.Context(), &graph.Request{Query: q})
			defer plain.Release()
			before := int64(0)
			if statements != nil {
				before = statements()
			}
			r := e.Do(t.Context(), &graph.Request{Query: q, Explain: true})
			defer r.Release()
			if plain.Extensions != nil || !bytes.Equal(plain.Data, r.Data) || len(r.Errors) > 0 {
				t.Fatalf("not asked: %s\nasked: %s\n%v", plain.AppendJSON(nil), r.AppendJSON(nil), r.Errors)
			}
			var whole struct {
				Extensions struct{ Explain map[string]explained }
			}
			if err := json.Unmarshal(r.AppendJSON(nil), &whole); err != nil {
				t.Fatal(err)
			}
			var data map[string]any
			if err := json.Unmarshal(r.Data, &data); err != nil {
				t.Fatal(err)
			}
			delete(data, "__typename")
			delete(data, "serverInfo")
			if len(whole.Extensions.Explain) != len(data) {
				t.Errorf("%d root fields, %d explanations", len(data), len(whole.Extensions.Explain))
			}
			asked, sent := 0, 0
			for key, x := range whole.Extensions.Explain {
				asked += x.RoundTrips
				sent += len(x.Statements)
				if x.RoundTrips != len(x.Statements) {
					t.Errorf("%s: %d round trips, %d statements", key, x.RoundTrips, len(x.Statements))
				}
				if len(x.Plan) == 0 || x.Store != s.Kind() || len(x.Milliseconds) != 3 || x.Milliseconds["store"] <= 0 {
					t.Errorf("%s: %+v", key, x)
				}
				if s.Kind() == "sqlite" && x.Rows > 0 && (x.Walked == nil || x.Walked.Steps == 0) ||
					s.Kind() != "sqlite" && x.Walked != nil {
					t.Errorf("%s: walked %+v", key, x.Walked)
				}
				for _, st := range x.Statements {
					if st.Text == "" || s.Kind() == "neo4j" && st.Rows == 0 && len(st.Parameters) == 0 {
						t.Errorf("%s: %+v", key, st)
					}
				}
			}
			if asked != trips {
				t.Errorf("explained %d round trips, the store counted %d", asked, trips)
			}
			if statements != nil && statements()-before != int64(sent) {
				t.Errorf("explained %d statements, the store sent %d", sent, statements()-before)
			}
			explanation := strings.ToLower(string(r.Extensions))
			for _, v := range values {
				if strings.Contains(explanation, v) {
					t.Errorf("the explanation tells a value, %q: %s", v, r.Extensions)
				}
			}
		})
	}
}

func TestExplainOnTheEmbeddedStore(t *testing.T) {
	cat := parse(t)
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Catalog: cat, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	explains(t, cat, s, nil)
}

func TestExplainOnNeo4j(t *testing.T) {
	cat := parse(t)
	srv := both.Server(t, cat)
	s, err := neo4jstore.Open(t.Context(), neo4jstore.Options{
		URL: srv.URL, User: srv.User, Password: srv.Password,
		Catalog: cat, Now: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	explains(t, cat, s, s.Statements)
}

// away is a store that cannot answer lists.
type away struct{ store.Answerer }

func (away) Fetch(context.Context, *plan.Query) (*kg.Result, error) {
	return nil, kg.Errorf(kg.Unavailable, "away")
}

func TestExplainOfAnError(t *testing.T) {
	cat := parse(t)
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Catalog: cat})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	e, err := graph.New(graph.Options{Catalog: cat, Store: away{s}, StoreKind: "any"})
	if err != nil {
		t.Fatal(err)
	}
	for q, want := range map[string]string{
		`{ person(ref: {name: "x"}) { name } }`:     `"person":{"plan":["person: one of PERSON, by name; wants name"]`,
		`{ people(first: 101) { totalCount } }`:     ``,
		`{ stats { sources } people { totalCount }`: ``,
	} {
		r := e.Do(t.Context(), &graph.Request{Query: q, Explain: true})
		if got := string(r.Extensions); !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("%s: %s", q, got)
		}
		r.Release()
	}
}
