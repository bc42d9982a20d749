package writing_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// told makes changes of a graph: of a person, a link, a source, and one that takes another back.
func told(t *testing.T, e *graph.Engine) {
	t.Helper()
	for _, m := range []string{
		`updatePerson(input: {id: "ann", born: "1971", addAliases: ["Annie"], note: "a letter"}) { errors { message } }`,
		`addEvidence(input: {link: "` + affiliated + `", evidence: [{source: {id: "s_note"}, excerpt: "She does"}]}) { errors { message } }`,
		`updateSource(input: {id: "s_article", title: "The Club"}) { errors { message } }`,
		`revertChange(input: {change: "SECOND"}) { errors { message } }`,
		`delete(input: {id: "club2"}) { errors { message } }`,
	} {
		m = strings.Replace(m, "SECOND", changeOf(t, e, 2), 1)
		if got := do(t.Context(), e, "mutation { m: "+m+" }", nil); got != `{"data":{"m":{"errors":[]}}}` {
			t.Fatal(m, got)
		}
	}
}

// changeOf returns the id of the change with a number, "none" where there is none yet.
func changeOf(t *testing.T, e *graph.Engine, seq int) string {
	t.Helper()
	got := do(t.Context(), e, `{ changes(first: 100) { nodes { id seq } } }`, nil)
	var all struct {
		Data struct {
			Changes struct {
				Nodes []struct {
					ID  string
					Seq int
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(got), &all); err != nil {
		t.Fatal(err)
	}
	for _, c := range all.Data.Changes.Nodes {
		if c.Seq == seq {
			return c.ID
		}
	}
	return "none"
}

// TestHistory reads what was changed: the log, and what it has of records, with what each change did.
func TestHistory(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := filled(t, open(t))
		e := writable(t, cat, s)
		told(t, e)
		second := changeOf(t, e, 2)
		for _, c := range []struct{ query, want string }{
			{
				`changes(first: 3) { totalCount pageInfo { hasNextPage hasPreviousPage } nodes { seq action note summary reverts { seq } revertedBy { seq } } }`,
				`{"totalCount":6,"pageInfo":{"hasNextPage":true,"hasPreviousPage":false},"nodes":[` +
					`{"seq":6,"action":"DELETED","note":null,"summary":"deleted: 1 removed","reverts":null,"revertedBy":null},` +
					`{"seq":5,"action":"REVERTED","note":null,"summary":"reverted: 1 changed","reverts":{"seq":2},"revertedBy":null},` +
					`{"seq":4,"action":"UPDATED","note":null,"summary":"updated: 1 changed","reverts":null,"revertedBy":null}]}`,
			},
			{
				`change(id: "` + second + `") { seq note revertedBy { seq reverts { seq revertedBy { seq } } } items { nodes { recordId kind fields { name before after } record { ... on Person { name history { totalCount } } } } } }`,
				`{"seq":2,"note":"a letter","revertedBy":{"seq":5,"reverts":{"seq":2,"revertedBy":{"seq":5}}},"items":{"nodes":[` +
					`{"recordId":"ann","kind":"PERSON","fields":[{"name":"aliases","before":"[\"A. Berg\"]","after":"[\"A. Berg\",\"Annie\"]"},` +
					`{"name":"born","before":"\"1970\"","after":"\"1971\""}],"record":{"name":"Ann Berg","history":{"totalCount":4}}}]}}`,
			},
			{
				`changes(upTo: 3, first: 2) { totalCount pageInfo { hasNextPage hasPreviousPage } nodes { seq created updated removed open files { name sha256 } } }`,
				`{"totalCount":3,"pageInfo":{"hasNextPage":true,"hasPreviousPage":false},"nodes":[` +
					`{"seq":3,"created":0,"updated":1,"removed":0,"open":false,"files":[]},{"seq":2,"created":0,"updated":1,"removed":0,"open":false,"files":[]}]}`,
			},
			{`changes(upTo: 4, touching: ["ann"]) { totalCount nodes { seq } }`, `{"totalCount":3,"nodes":[{"seq":3},{"seq":2},{"seq":1}]}`},
			{`changes(upTo: 3, last: 1) { totalCount pageInfo { hasNextPage hasPreviousPage } nodes { seq } }`, `{"totalCount":3,"pageInfo":{"hasNextPage":false,"hasPreviousPage":true},"nodes":[{"seq":1}]}`},
			{`changes(upTo: 0) { totalCount nodes { seq } }`, `{"totalCount":0,"nodes":[]}`},
			{`node(id: "` + second + `") { id __typename ... on Change { seq } }`, `{"id":"` + second + `","__typename":"Change","seq":2}`},
			{`change(id: "h_nothing") { id }`, `null`},
			{`node(id: "h_nothing") { id }`, `null`},
			{`change(id: "ann") { id }`, `null`},
			{
				`changes(first: 1) { nodes { items { nodes { recordId before after record { id } } } } }`,
				`{"nodes":[{"items":{"nodes":[{"recordId":"club2","before":"{\"node\":\"INSTITUTION\",\"id\":\"club2\",\"name\":\"club\",` +
					`\"createdAt\":\"2023-11-14T22:13:20.000Z\",\"updatedAt\":\"2023-11-14T22:13:20.000Z\"}","after":null,"record":null}]}}]}`,
			},
			{
				`people { nodes { id history { nodes { seq items(touching: ["ann"], last: 1) { totalCount nodes { recordId } } } } links { nodes { id } edges { link { history { nodes { seq } } } } } } }`,
				`{"nodes":[{"id":"ann","history":{"nodes":[{"seq":5,"items":{"totalCount":1,"nodes":[{"recordId":"ann"}]}},` +
					`{"seq":3,"items":{"totalCount":1,"nodes":[{"recordId":"` + affiliated + `"}]}},{"seq":2,"items":{"totalCount":1,"nodes":[{"recordId":"ann"}]}},` +
					`{"seq":1,"items":{"totalCount":0,"nodes":[]}}]},"links":{"nodes":[{"id":"club"}],"edges":[{"link":{"history":{"nodes":[{"seq":3},{"seq":1}]}}}]}}]}`,
			},
			{
				`nodes(ids: ["s_article", "` + affiliated + `", "oslo"]) { ... on Source { history { nodes { seq } } } ... on Link { last: history(last: 1) { nodes { seq } } } ... on Entity { count: history { totalCount } } }`,
				`[{"history":{"nodes":[{"seq":4},{"seq":1}]}},{"last":{"nodes":[{"seq":1}]}},{"count":{"totalCount":1}}]`,
			},
			{`institutions { facets(by: [TYPE]) { buckets { node { id } } } nodes { id history { totalCount } } }`, `{"facets":[{"buckets":[{"node":null}]}],"nodes":[{"id":"club","history":{"totalCount":2}}]}`},
			{`sources(first: 1) { facets(by: [THEME]) { buckets { node { ... on Entity { history { totalCount } } } } } }`, `{"facets":[{"buckets":[]}]}`},
		} {
			if got, want := do(t.Context(), e, "{ q: "+c.query+" }", nil), `{"data":{"q":`+c.want+`}}`; got != want {
				t.Errorf("%s\n%s\nwant\n%s", c.query, got, want)
			}
		}
		cursors(t, e)
		// what a mutation answers has it too
		const m = `mutation { createTheme(input: {name: "New"}) { items { recordId before fields { name } record { id } } theme { history { nodes { seq } } } change { seq items { nodes { recordId fields { name } record { id } } } } } }`
		if got := do(t.Context(), e, m, nil); !strings.Contains(got, `{"items":[{"recordId":"new","before":null,"fields":[{"name":"node"},{"name":"id"},{"name":"name"}],"record":{"id":"new"}}],"theme":{"history":{"nodes":[{"seq":`) ||
			!strings.Contains(got, `"recordId":"new","fields":[{"name":"node"},{"name":"id"},{"name":"name"},{"name":"createdAt"},{"name":"updatedAt"}],"record":{"id":"new"}`) {
			t.Error(got)
		}
		withoutTexts(t, s)
		costs(t, s)
	})
}

// cursors has pages stay as they are when something new is written.
func cursors(t *testing.T, e *graph.Engine) {
	t.Helper()
	page := func(args string) (seqs []int, next bool, end string) {
		got := do(t.Context(), e, `{ changes(`+args+`) { nodes { seq } pageInfo { hasNextPage endCursor } } }`, nil)
		var p struct {
			Data struct {
				Changes struct {
					Nodes    []struct{ Seq int }
					PageInfo struct {
						HasNextPage bool
						EndCursor   string
					}
				}
			}
		}
		if err := json.Unmarshal([]byte(got), &p); err != nil {
			t.Fatal(err, got)
		}
		for _, n := range p.Data.Changes.Nodes {
			seqs = append(seqs, n.Seq)
		}
		return seqs, p.Data.Changes.PageInfo.HasNextPage, p.Data.Changes.PageInfo.EndCursor
	}
	first, _, end := page("first: 2")
	if got := do(t.Context(), e, `mutation { createTheme(input: {name: "Between"}) { errors { message } } }`, nil); !strings.Contains(got, "[]") {
		t.Fatal(got)
	}
	second, next, _ := page(fmt.Sprintf("first: 100, after: %q", end))
	if fmt.Sprint(first, second, next) != "[6 5] [4 3 2 1] false" {
		t.Error(first, second, next)
	}
	if got := do(t.Context(), e, fmt.Sprintf(`{ source(ref: {id: "s_note"}) { history(after: %q) { totalCount } } }`, end), nil); !strings.Contains(got, "BAD_CURSOR") {
		t.Error("a cursor of another list:", got)
	}
}

// withoutTexts has the texts of sources be in no item where they are not served.
func withoutTexts(t *testing.T, s store.Store) {
	t.Helper()
	e, err := graph.New(graph.Options{Catalog: both.Catalog(t), Store: s, Writer: s})
	if err != nil {
		t.Fatal(err)
	}
	const change = `mutation { updateSource(input: {id: "s_article", title: "Other", dryRun: true}) { items { before after } } }`
	if got := do(t.Context(), e, change, nil); strings.Contains(got, "Oslo") || !strings.Contains(got, `\"title\":\"Other\"`) {
		t.Error(got)
	}
	const query = `{ source(ref: {id: "s_article"}) { history(first: 1) { nodes { items { nodes { before after fields { name } } } } } } }`
	got := do(t.Context(), e, query, nil)
	if strings.Contains(got, "Oslo") || !strings.Contains(got, `\"authors\":[\"A\",\"B\"]}","after"`) ||
		!strings.Contains(got, `"fields":[{"name":"title"}]`) {
		t.Error(got)
	}
	served, err := graph.New(graph.Options{Catalog: both.Catalog(t), Store: s, ServeTexts: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := do(t.Context(), served, query, nil); !strings.Contains(got, "Oslo") {
		t.Error(got)
	}
}

// costs has the cost of reading the log be counted, of each record that it is read of.
func costs(t *testing.T, s store.Store) {
	t.Helper()
	limits := plan.DefaultLimits()
	limits.MaxCost = 1000
	e, err := graph.New(graph.Options{Catalog: both.Catalog(t), Store: s, Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	for query, argument := range map[string]string{
		`{ people(first: 10) { nodes { history(first: 90) { nodes { seq } } } } }`:                                            `["people","history","first"]`,
		`{ people(first: 40) { nodes { history(first: 5) { nodes { seq } } } } }`:                                             `["people","first"]`,
		`{ changes(first: 100) { nodes { items(first: 1) { totalCount } } } }`:                                                `["changes","first"]`,
		`{ changes(first: 2) { nodes { items(last: 50) { nodes { record { ... on Person { born } } } } } } }`:                 `["changes","items","last"]`,
		`{ institutions(first: 0) { facets(by: [THEME]) { buckets { node { ... on Theme { history { totalCount } } } } } } }`: ``,
	} {
		got := do(t.Context(), e, query, nil)
		if !strings.Contains(got, "COST_LIMIT") || !strings.Contains(got, argument) {
			t.Errorf("%s\n%s", query, got)
		}
	}
	if got := do(t.Context(), e, `{ people(first: 10) { nodes { history(first: 5) { nodes { seq } } } } }`, nil); strings.Contains(got, "errors") {
		t.Error(got)
	}
}
