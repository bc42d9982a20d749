// Package verified_test asks what words are not in the texts they are taken from, on every store and the oracle.
package verified_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

const lines = `{"source":"ARTICLE","id":"s_a","title":"A","text":"Bob said: Alice never joined the Guild."}
{"source":"ARTICLE","id":"s_b","title":"B"}
{"node":"PERSON","id":"alice","name":"Alice"}
{"node":"PERSON","id":"bob","name":"Bob"}
{"node":"INSTITUTION","id":"guild","name":"Guild"}
{"node":"QUOTE","id":"q","name":"Never","text":"Alice nevar joined","verified":false}
{"node":"QUOTE","id":"r","name":"Said","text":"Alice … the Guild"}
{"node":"QUOTE","id":"u","name":"Unheld","text":"Alice nevar joined"}
{"link":"SAID","id":"l_1","from":"bob","to":"q","evidence":[{"source":"s_a","excerpt":"Alice never joined"}]}
{"link":"SAID","id":"l_2","from":"bob","to":"r","evidence":[{"source":"s_b","excerpt":"false]"},{"source":"s_a","excerpt":"Alice nevar joined","verified":false},{"source":"s_a","excerpt":"Bob said"}]}
{"link":"SAID","id":"l_3","from":"bob","to":"u","evidence":[{"source":"s_b","excerpt":"Alice nevar joined"}]}
{"link":"AFFILIATED_WITH","id":"l_4","from":"alice","to":"guild","evidence":[{"source":"s_a","excerpt":"Alice is no member","stance":"REFUTES","verified":false}]}
{"link":"AFFILIATED_WITH","id":"l_5","from":"bob","to":"guild","evidence":[{"source":"s_a","excerpt":"Bob is a member","verified":false},{"source":"s_a","excerpt":"Bob is an elder","verified":false}]}
`

// ask returns an answer's data.
func ask(t *testing.T, cat *catalog.Catalog, s store.Store, query string, to any) string {
	t.Helper()
	e, err := graph.New(graph.Options{Catalog: cat, Store: s})
	if err != nil {
		t.Fatal(err)
	}
	r := e.Do(t.Context(), &graph.Request{Query: query})
	defer r.Release()
	if len(r.Errors) > 0 {
		t.Fatalf("%s: %v", query, r.Errors)
	}
	if to != nil {
		if err := json.Unmarshal(r.Data, to); err != nil {
			t.Fatal(err)
		}
	}
	return string(r.Data)
}

func TestWordsThatAreNotInTheirTexts(t *testing.T) {
	cat := both.Catalog(t)
	test := func(t *testing.T, s store.Store) {
		if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("lines", []byte(lines))},
			exchange.Options{}); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ query, want string }{
			{
				`{quotes {nodes {id verified}}}`,
				`{"quotes":{"nodes":[{"id":"q","verified":false},{"id":"r","verified":true},{"id":"u","verified":null}]}}`,
			},
			{
				`{person(ref: {id: "bob"}) {quotes(first: 1) {edges {node {verified text}}} links(first: 1) {nodes {id ... on Quote {verified}}}}}`,
				`{"person":{"quotes":{"edges":[{"node":{"verified":false,"text":"Alice nevar joined"}}]},"links":{"nodes":[{"id":"guild"}]}}}`,
			},
			{
				`{a: unverified(first: 0) {totalCount} b: unverified(last: 1) {nodes {link {id} source {title}} pageInfo {hasNextPage hasPreviousPage}}}`,
				`{"a":{"totalCount":4},"b":{"nodes":[{"link":{"id":"l_5"},"source":{"title":"A"}}],"pageInfo":{"hasNextPage":false,"hasPreviousPage":true}}}`,
			},
			{
				`{link(id: "l_4") {evidence {nodes {link {id standing from {name} evidence {nodes {excerpt link {to {name}}}}}}}}}`,
				`{"link":{"evidence":{"nodes":[{"link":{"id":"l_4","standing":"REFUTED","from":{"name":"Alice"},"evidence":{"nodes":[{"excerpt":"Alice is no member","link":{"to":{"name":"Guild"}}}]}}}]}}}`,
			},
		} {
			if got := ask(t, cat, s, c.query, nil); got != c.want {
				t.Errorf("%s\n%s, want\n%s", c.query, got, c.want)
			}
		}
		// page by page it is the whole
		var seen []string
		for after := "null"; ; {
			var got struct {
				Unverified struct {
					Edges []struct {
						Node struct {
							ID, Excerpt string
							Verified    *bool
							Link        struct{ ID, Sentence string }
						}
					}
					PageInfo struct {
						HasNextPage bool
						EndCursor   string
					}
				}
			}
			ask(t, cat, s, `{unverified(first: 3, after: `+after+`) {edges {cursor node {id excerpt verified link {id sentence}}} pageInfo {hasNextPage endCursor}}}`,
				&got)
			for _, e := range got.Unverified.Edges {
				if e.Node.Verified == nil || *e.Node.Verified {
					t.Errorf("%s is verified", e.Node.ID)
				}
				seen = append(seen, fmt.Sprintf("%s %s %s", e.Node.Link.ID, e.Node.Excerpt, e.Node.Link.Sentence))
			}
			if !got.Unverified.PageInfo.HasNextPage {
				break
			}
			after = fmt.Sprintf("%q", got.Unverified.PageInfo.EndCursor)
		}
		want := []string{
			"l_2 Alice nevar joined Bob said Said.", "l_4 Alice is no member It is denied that Alice is affiliated with Guild.",
			"l_5 Bob is an elder Bob is affiliated with Guild.", "l_5 Bob is a member Bob is affiliated with Guild.",
		}
		if fmt.Sprintf("%q", seen) != fmt.Sprintf("%q", want) {
			t.Errorf("not verified are %q, want %q", seen, want)
		}
	}
	t.Run("oracle", func(t *testing.T) { test(t, storetest.NewOracle(cat, both.Clock)) })
	both.Run(t, cat, func(t *testing.T, open both.Open) { test(t, open(t)) })
}
