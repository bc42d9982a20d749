// Package texts_test reads the texts of sources through GraphQL, on every store and the oracle.
package texts_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/budget"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// The first text is not in NFC, and has what JSON escapes; of s_c the reference alone is held.
const lines = `{"source":"ARTICLE","id":"s_a","title":"A","text":"Bob said: \"Alice\u0001 joined the cafe\u0301.\"\r\n\tShe never left."}
{"source":"REPORT","id":"s_b","title":"B","text":"Bob is a member of the Guild."}
{"source":"BOOK","id":"s_c","title":"C"}
{"node":"PERSON","id":"alice","name":"Alice"}
{"node":"PERSON","id":"bob","name":"Bob"}
{"node":"INSTITUTION","id":"guild","name":"Guild"}
{"node":"QUOTE","id":"q","name":"Left","text":"She never left."}
{"link":"SAID","id":"l_1","from":"bob","to":"q","evidence":[{"source":"s_a","excerpt":"She never left"}]}
{"link":"AFFILIATED_WITH","id":"l_2","from":"alice","to":"guild","evidence":[{"source":"s_a","excerpt":"joined"},{"source":"s_a","excerpt":"never left"},{"source":"s_c","excerpt":"a member"}]}
{"link":"AFFILIATED_WITH","id":"l_3","from":"bob","to":"guild","evidence":[{"source":"s_b","excerpt":"a member of the Guild"}]}
`

// asked are queries, their answers with texts (‹a› and ‹b› stand for those of s_a and s_b), and how many more
// statements those take.
var asked = []struct {
	query, want string
	more        int
}{
	{
		`{sources {nodes {id text contentHash @skip(if: true)}}}`,
		`{"sources":{"nodes":[{"id":"s_a","text":‹a›},{"id":"s_b","text":‹b›},{"id":"s_c","text":null}]}}`, 1,
	},
	{`{sources(last: 1) {nodes {words: text}}}`, `{"sources":{"nodes":[{"words":null}]}}`, -1},
	{
		`{node(id: "s_a") {id ... on Source {text again: text title}}}`,
		`{"node":{"id":"s_a","text":‹a›,"again":‹a›,"title":"A"}}`, 1,
	},
	{
		`{nodes(ids: ["s_b", "q", "s_b", "nobody"]) {... on Source {text} ... on Quote {said: text}}}`,
		`{"nodes":[{"text":‹b›},{"said":"She never left."},{"text":‹b›},null]}`, 1,
	},
	{`{node(id: "q") {... on Quote {text} ... on Source {words: text}}}`, `{"node":{"text":"She never left."}}`, 0},
	{
		`{institution(ref: {id: "guild"}) {people {edges {link {evidence {nodes {excerpt source {title text}}}}}}}}`,
		`{"institution":{"people":{"edges":[{"link":{"evidence":{"nodes":[{"excerpt":"joined","source":{"title":"A","text":‹a›}},{"excerpt":"never left","source":{"title":"A","text":‹a›}},{"excerpt":"a member","source":{"title":"C","text":null}}]}}},{"link":{"evidence":{"nodes":[{"excerpt":"a member of the Guild","source":{"title":"B","text":‹b›}}]}}}]}}}`,
		1,
	},
	{
		`{links(where: {kinds: [SAID]}) {edges {link {evidence {nodes {start end source {text}}}}}}}`,
		`{"links":{"edges":[{"link":{"evidence":{"nodes":[{"start":39,"end":53,"source":{"text":‹a›}}]}}}]}}`, 1,
	},
	{
		`{search(text: "member", types: [SOURCE]) {nodes {name ... on Source {text}}}}`,
		`{"search":{"nodes":[{"name":"B","text":‹b›}]}}`, 1,
	},
	{
		`{source(ref: {title: "B"}) {text links {edges {link {evidence {nodes {source {text}}}}}}}}`,
		`{"source":{"text":‹b›,"links":{"edges":[{"link":{"evidence":{"nodes":[{"source":{"text":‹b›}}]}}}]}}}`, 1,
	},
	{
		`{subgraph(seeds: [{id: "bob"}]) {links {sentence evidence {nodes {source {text}}}}}}`,
		`{"subgraph":{"links":[{"sentence":"Bob is affiliated with Guild.","evidence":{"nodes":[{"source":{"text":‹b›}}]}},{"sentence":"Bob said Left.","evidence":{"nodes":[{"source":{"text":‹a›}}]}}]}}`, -1,
	},
}

// texts are what the lines give as the texts of s_a and s_b, as JSON.
func texts(t *testing.T) *strings.Replacer {
	t.Helper()
	a, errA := json.Marshal("Bob said: \"Alice\x01 joined the cafe\u0301.\"\r\n\tShe never left.")
	b, errB := json.Marshal("Bob is a member of the Guild.")
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	return strings.NewReplacer("‹a›", string(a), "‹b›", string(b))
}

// run returns an answer's data, its code, and how many round trips it took.
func run(ctx context.Context, t *testing.T, o graph.Options, query string) (data, code string, trips int) {
	t.Helper()
	o.Observe = func(o graph.Observation) { trips = o.RoundTrips }
	e, err := graph.New(o)
	if err != nil {
		t.Fatal(err)
	}
	r := e.Do(ctx, &graph.Request{Query: query})
	defer r.Release()
	return string(r.Data), r.Code(), trips
}

// fill imports lines.
func fill(t *testing.T, s store.Store, lines string) {
	t.Helper()
	if _, err := exchange.Import(t.Context(), both.Catalog(t), s, []exchange.File{exchange.FromBytes("lines",
		[]byte(lines))}, exchange.Options{}); err != nil {
		t.Fatal(err)
	}
}

// TestTextsOfOneRequest: a request may read texts that clients may not, and what is kept of its document does not let them.
func TestTextsOfOneRequest(t *testing.T) {
	cat, served, none := both.Catalog(t), texts(t), strings.NewReplacer("‹a›", "null", "‹b›", "null")
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		fill(t, s, lines)
		e, err := graph.New(graph.Options{Catalog: cat, Store: s})
		if err != nil {
			t.Fatal(err)
		}
		for _, reads := range []bool{false, true, false, true} {
			for _, c := range asked {
				want := none.Replace(c.want)
				if reads {
					want = served.Replace(c.want)
				}
				r := e.Do(t.Context(), &graph.Request{Query: c.query, Texts: reads})
				if got := string(r.Data); got != want {
					t.Errorf("texts %v: %s\n%s, want\n%s", reads, c.query, got, want)
				}
				r.Release()
			}
		}
	})
}

func TestTextsAreReadWhereTheyAreServed(t *testing.T) {
	cat := both.Catalog(t)
	served := texts(t)
	none := strings.NewReplacer("‹a›", "null", "‹b›", "null")
	// statements reports whether the store counts those that it sends
	test := func(t *testing.T, s store.Store, statements bool) {
		fill(t, s, lines)
		for _, c := range asked {
			with := graph.Options{Catalog: cat, Store: s, ServeTexts: true, Introspection: true}
			without := graph.Options{Catalog: cat, Store: s}
			got, code, trips := run(t.Context(), t, with, c.query)
			if want := served.Replace(c.want); got != want || code != "" {
				t.Errorf("%s\n%s %s, want\n%s", c.query, code, got, want)
			}
			// with introspection it is the generated executor that answers
			query := "{s: __schema {queryType {name}} " + c.query[1:]
			want := `{"s":{"queryType":{"name":"Query"}},` + served.Replace(c.want)[1:]
			if got, code, _ := run(t.Context(), t, with, query); got != want {
				t.Errorf("%s\ngenerated: %s %s", c.query, code, got)
			}
			got, code, least := run(t.Context(), t, without, c.query)
			if want := none.Replace(c.want); got != want || code != "" {
				t.Errorf("%s\nnot served: %s %s, want\n%s", c.query, code, got, want)
			}
			if statements && c.more >= 0 && trips-least != c.more {
				t.Errorf("%s: %d round trips, %d without texts", c.query, trips, least)
			}
		}
	}
	t.Run("oracle", func(t *testing.T) { test(t, storetest.NewOracle(cat, both.Clock), false) })
	both.Run(t, cat, func(t *testing.T, open both.Open) { test(t, open(t), true) })
}

// TestTextsAreBounded: large texts count as what they are, in the answer's bytes and in the memory of an operation.
func TestTextsAreBounded(t *testing.T) {
	cat := both.Catalog(t)
	const each = 1_000_000
	var b strings.Builder
	for i := range 4 {
		fmt.Fprintf(&b, `{"source":"REPORT","id":"s_%d","title":"R%d","text":"%s"}`+"\n", i, i,
			strings.Repeat("word ", each/5))
	}
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		fill(t, s, b.String())
		for _, c := range []struct {
			query          string
			answer, memory int64
			want           kg.Code
		}{
			{`{sources {nodes {text}}}`, 5 * each, 64 * each, ""},
			{`{sources {nodes {text}}}`, 3 * each, 64 * each, kg.CostLimit},
			{`{sources {nodes {text}}}`, 5 * each, 2 * each, kg.CostLimit},
			{`{sources {nodes {title}}}`, each, each, ""},
			{
				`{source(ref: {id: "s_0"}) {a: text b: text c: text d: text e: text f: text}}`, 5 * each, 64 * each,
				kg.CostLimit,
			},
		} {
			limits := plan.DefaultLimits()
			limits.MaxAnswer = int(c.answer)
			held := (*budget.Pool)(nil).Begin(c.memory)
			data, code, _ := run(budget.With(t.Context(), held), t, graph.Options{
				Catalog: cat, Store: s,
				Limits: limits, ServeTexts: true,
			}, c.query)
			if code != string(c.want) || c.want != "" && len(data) > 100 {
				t.Errorf("%s in %d bytes of %d: %q, %d bytes", c.query, c.answer, c.memory, code, len(data))
			}
		}
	})
}
