package graph_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
)

var update = flag.Bool("update", false, "write the golden files anew")

func parse(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Parse("schema.graphqls", throughline.Schema)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func small(t testing.TB) (*catalog.Catalog, store.Store) {
	t.Helper()
	cat := parse(t)
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{
		Catalog: cat,
		Now:     func() time.Time { return time.UnixMilli(1614247200000) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	ev := func(s string) []kg.Evidence { return []kg.Evidence{{Source: "s_a", Excerpt: s, Stance: "SUPPORTS"}} }
	l, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	link := func(kind, from, to, role, words string) *kg.Link {
		return &kg.Link{
			ID: kg.LinkID(kind, from, to, role, "", ""), Kind: kind, From: from, To: to, Role: role,
			Evidence: ev(words),
		}
	}
	err = l.Put(t.Context(), &store.Batch{
		Sources: []*kg.Source{{ID: "s_a", Title: "An article", Kind: "ARTICLE", Authors: []string{"A. Writer"}}},
		Nodes: []*kg.Node{
			{
				ID: "mary-kaldor", Type: "PERSON", Name: "Mary Kaldor", Aliases: []string{"Professor Mary Kaldor"},
				ExternalIDs: []kg.ExternalID{{Scheme: "x", Value: "1"}},
			},
			{ID: "lse", Type: "INSTITUTION", Name: "London School of Economics"},
			{ID: "dialogue", Type: "EVENT", Name: "Digital Dialogue", Props: map[string]any{
				"startsOn":   "2021-02-25",
				"attendance": int64(500),
			}},
			{ID: "civilians", Type: "THEME", Name: "protection of civilians"},
			{
				ID: "q1", Type: "QUOTE", Name: "About civilians",
				Props: map[string]any{"text": "It is about protecting <civilians> & \"others\"."},
			},
		},
		Links: []*kg.Link{
			link("AFFILIATED_WITH", "mary-kaldor", "lse", "professor", "Professor Mary Kaldor, LSE"),
			link("REPRESENTED_AT", "lse", "dialogue", "", "LSE also participated"),
			link("PARTICIPATED_IN", "mary-kaldor", "dialogue", "speaker", "Kaldor also participated"),
			link("ADDRESSED", "dialogue", "civilians", "", "protection of civilians"),
			link("SAID", "mary-kaldor", "q1", "", "said"),
			link("ABOUT", "q1", "civilians", "", "about"),
			link("SAID_AT", "q1", "dialogue", "", "at"),
		},
	})
	if err == nil {
		err = l.Commit(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return cat, s
}

func engine(t testing.TB, cat *catalog.Catalog, s store.Answerer) *graph.Engine {
	t.Helper()
	e, err := graph.New(graph.Options{
		Catalog: cat, Store: s, StoreKind: "sqlite", Version: "test",
		Introspection: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func ask(t testing.TB, e *graph.Engine, q string, vars map[string]any) string {
	t.Helper()
	r := e.Do(context.Background(), &graph.Request{Query: q, Variables: vars})
	defer r.Release()
	return string(r.AppendJSON(nil))
}

const headline = `{ person(ref: {name: "Mary Kaldor"}) { affiliations { edges { role node { name
  events { edges { node { name startsOn themes { edges { node { name } link { evidence { nodes { excerpt source { title } } } } } } } } } } } } } }`

func TestAnswers(t *testing.T) {
	cat, s := small(t)
	e := engine(t, cat, s)
	var got strings.Builder
	for _, q := range []string{
		headline,
		`{ node(id: "mary-kaldor") { id __typename ... on Person { name aliases externalIds { scheme value url } relatedThemes { edges { cursor weight node { name } because { sentence } } totalCount pageInfo { hasNextPage endCursor } } } } }`,
		`{ nodes(ids: ["lse", "nobody", "mary-kaldor", "mary-kaldor"]) { id ... on Entity { linkCount links(first: 2) { totalCount facets(by: [KIND, OTHER_TYPE]) { by buckets { key count } } edges { direction node { id type } } } } } }`,
		`{ search(text: "kaldr civilians") { totalCount edges { score highlights { field text ranges { start end } } node { id } } } }`,
		`{ people(first: 1) { totalCount pageInfo { hasNextPage hasPreviousPage startCursor } facets(by: [THEME]) { buckets { key count node { ... on Entity { name } } } } nodes { id createdAt } } stats { sources entities { key count } } serverInfo { store limits { maxCost } } }`,
		`{ quotes(where: {text: {contains: "CIVILIANS"}, linkedTo: {entity: {name: "mary kaldor"}}}) { nodes { text } } }`,
		`{ __schema { queryType { name } } person(ref: {id: "mary-kaldor"}) { name } }`,
		`{ person(ref: {id: "mary-kaldor", name: "x"}) { name } }`,
		`{ people(first: 101) { totalCount } }`,
		`{ people(after: "junk") { totalCount } }`,
	} {
		fmt.Fprintf(&got, "%s\n%s\n\n", q, ask(t, e, q, nil))
	}
	const golden = "testdata/answers.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got.String()); d != "" {
		t.Errorf("answers differ (go test ./graph -run TestAnswers -update writes them anew):\n%s", d)
	}
}

// A filter has as many conditions and levels as the contract lets it have, itself among them, and no more.
func TestFiltersHaveBounds(t *testing.T) {
	cat, s := small(t)
	e := engine(t, cat, s)
	for name, filter := range map[string]func(n int) string{
		"at most 100 conditions": func(n int) string {
			all := "{or: [" // of five lists, as a list has 20 at most: six conditions, and those in the lists
			for i := range 5 {
				all += "{or: [" + strings.Repeat(`{name: {eq: "a"}}, `, (n-6+i)/5) + "]}, "
			}
			return all + "]}"
		},
		"at most 8 levels": func(n int) string {
			return strings.Repeat("{not: ", n-1) + `{name: {eq: "a"}}` + strings.Repeat("}", n-1)
		},
	} {
		most := 8
		if strings.Contains(name, "100") {
			most = 100
		}
		for n, refused := range map[int]bool{most: false, most + 1: true} {
			got := ask(t, e, "{ people(where: "+filter(n)+") { totalCount } }", nil)
			if strings.Contains(got, name) != refused || strings.Contains(got, "error") != refused {
				t.Errorf("%s, asked %d: %.300s", name, n, got)
			}
		}
	}
}
