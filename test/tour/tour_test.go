// Package tour_test runs what the playground shows on both stores.
package tour_test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/sample"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/store/storetest/both"
	"github.com/throughline/throughline/internal/web"
)

func clock() time.Time { return time.UnixMilli(1_700_000_000_000) }

// answers runs every query of the tour on a store.
func answers(t *testing.T, cat *catalog.Catalog, s store.Store) map[string]string {
	t.Helper()
	if _, err := sample.Load(t.Context(), cat, s); err != nil {
		t.Fatal(err)
	}
	e, err := graph.New(graph.Options{Catalog: cat, Store: s, StoreKind: "any", Version: "test", Introspection: true})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, q := range web.Tour() {
		var vars map[string]any
		if q.Variables != nil {
			d := json.NewDecoder(bytes.NewReader(q.Variables))
			d.UseNumber()
			if err := d.Decode(&vars); err != nil {
				t.Fatal(err)
			}
		}
		r := e.Do(t.Context(), &graph.Request{Query: q.Document, Variables: vars})
		out[q.Title] = string(r.AppendJSON(nil))
		r.Release()
		if strings.Contains(out[q.Title], `"errors"`) {
			t.Errorf("%s: %.500s", q.Title, out[q.Title])
		}
		if !strings.Contains(out[q.Title], `"name"`) && !strings.Contains(out[q.Title], `"excerpt"`) {
			t.Errorf("%s finds nothing: %s", q.Title, out[q.Title])
		}
	}
	return out
}

func embedded(t *testing.T, cat *catalog.Catalog) map[string]string {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Catalog: cat, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	return answers(t, cat, s)
}

func parse(t *testing.T) *catalog.Catalog {
	t.Helper()
	cat, err := catalog.Parse("schema.graphqls", throughline.Schema)
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

// sampled returns an embedded store of the sample graph.
func sampled(t *testing.T) (*catalog.Catalog, store.Store) {
	t.Helper()
	cat := parse(t)
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Catalog: cat})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if _, err := sample.Load(t.Context(), cat, s); err != nil {
		t.Fatal(err)
	}
	return cat, s
}

func TestTourOnTheEmbeddedStore(t *testing.T) {
	got := embedded(t, parse(t))
	if len(got) < 8 {
		t.Errorf("the tour has %d queries", len(got))
	}
	first := got[web.Tour()[0].Title]
	for _, want := range []string{
		"London School of Economics and Political Science",
		"Digital Dialogue on Human Security in NATO", "2021-02-25", "protection of civilians",
	} {
		if !strings.Contains(first, want) {
			t.Errorf("the headline line lacks %q: %s", want, first)
		}
	}
}

func TestTourOnNeo4jAnswersTheSame(t *testing.T) {
	cat := parse(t)
	s := both.Neo4j(t, cat)(t)
	want := embedded(t, cat)
	for title, got := range answers(t, cat, s) {
		if got != want[title] {
			t.Errorf("%s\nneo4j    %s\nembedded %s", title, got, want[title])
		}
	}
}

// TestTheReadmesMutation runs the mutation that the README prints, which is a trial.
func TestTheReadmesMutation(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, document, _ := strings.Cut(string(readme), "```graphql\nmutation")
	document, _, ok := strings.Cut(document, "```")
	if !ok {
		t.Fatal("the README has no mutation")
	}
	cat, s := sampled(t)
	e, err := graph.New(graph.Options{Catalog: cat, Store: s, Writer: s})
	if err != nil {
		t.Fatal(err)
	}
	r := e.Do(t.Context(), &graph.Request{Query: "mutation" + document})
	defer r.Release()
	got := string(r.AppendJSON(nil))
	if !strings.HasPrefix(got, `{"data":{"createLink":{"link":{"sentence":"Mary Kaldor is affiliated with NATO.",`) ||
		!strings.HasSuffix(got, `"errors":[]}}}`) {
		t.Error(got)
	}
}

// TestTheReadmesAnswer holds what the README prints against the answer: all of it must be there, in this order, with
// something left out only where it says so.
func TestTheReadmesAnswer(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := func(language string) string {
		_, rest, _ := strings.Cut(string(readme), "\n```"+language+"\n")
		text, _, ok := strings.Cut(rest, "```")
		if !ok {
			t.Fatalf("the README has no block of %s", language)
		}
		return text
	}
	cat, s := sampled(t)
	e, err := graph.New(graph.Options{Catalog: cat, Store: s})
	if err != nil {
		t.Fatal(err)
	}
	r := e.Do(t.Context(), &graph.Request{Query: block("graphql")})
	defer r.Release()
	space := regexp.MustCompile(`\s+`)
	rest := space.ReplaceAllString(string(r.AppendJSON(nil)), "")
	for i, part := range strings.Split(block("json"), "…") {
		part = strings.TrimPrefix(space.ReplaceAllString(part, ""), ",")
		at := strings.Index(rest, part)
		if at < 0 || i == 0 && at > 0 {
			t.Fatalf("the answer has no %s", part)
		}
		rest = rest[at+len(part):]
	}
}
