package writing_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/server"
	"github.com/throughline/throughline/internal/store/storetest/both"
	"github.com/throughline/throughline/internal/web"
)

// answers holds the answer of a query against a text.
func answers(t *testing.T, e *graph.Engine, query, want string) {
	t.Helper()
	if d := cmp.Diff(want, do(t.Context(), e, query, nil)); d != "" {
		t.Errorf("%s: %s", query, d)
	}
}

// TestTheHistoryOfASurvivor merges twice: the history of the survivor includes the changes of its former ids, until the
// merges are taken back.
func TestTheHistoryOfASurvivor(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := filled(t, open(t))
		e := writable(t, cat, s)
		is := func(query, want string) {
			t.Helper()
			answers(t, e, query, `{"data":`+want+`}`)
		}
		update := func(id, description string) {
			t.Helper()
			is(`mutation { updateInstitution(input: {id: "`+id+`", description: "`+description+`"}) { errors { message } } }`, `{"updateInstitution":{"errors":[]}}`)
		}
		merge := func(survivor, absorbed string) {
			t.Helper()
			is(`mutation { mergeEntities(input: {survivor: {id: "`+survivor+`"}, absorbed: [{id: "`+absorbed+`"}]}) { errors { message } } }`,
				`{"mergeEntities":{"errors":[]}}`)
		}
		is(`mutation { createInstitution(input: {id: "club3", name: "Third"}) { errors { message } } }`, `{"createInstitution":{"errors":[]}}`) // 2
		update("club3", "a third")                                                                                                              // 3
		update("club", "a club")                                                                                                                // 4
		merge("club2", "club3")                                                                                                                 // 5
		update("club2", "a second")                                                                                                             // 6
		merge("club", "club2")                                                                                                                  // 7
		update("club", "the club")                                                                                                              // 8
		const of = `{ node(id: "club") { ... on Entity { history%s { totalCount pageInfo { hasNextPage } nodes { seq } } } } }`
		ask := func(args string) string { return strings.Replace(of, "%s", args, 1) }
		all := `{"seq":8},{"seq":7},{"seq":6},{"seq":5},{"seq":4},{"seq":3},{"seq":2},{"seq":1}`
		is(ask(""), `{"node":{"history":{"totalCount":8,"pageInfo":{"hasNextPage":false},"nodes":[`+all+`]}}}`)
		is(ask("(first: 3)"), `{"node":{"history":{"totalCount":8,"pageInfo":{"hasNextPage":true},"nodes":[{"seq":8},{"seq":7},{"seq":6}]}}}`)
		is(ask("(last: 2)"), `{"node":{"history":{"totalCount":8,"pageInfo":{"hasNextPage":false},"nodes":[{"seq":2},{"seq":1}]}}}`)
		third := changeOf(t, e, 6)
		is(`{ a: node(id: "ann") { ... on Entity { history { nodes { seq } } } } b: changes(touching: ["club"]) { totalCount } c: change(id: "`+third+`") { seq } }`,
			`{"a":{"history":{"nodes":[{"seq":1}]}},"b":{"totalCount":4},"c":{"seq":6}}`)
		for _, seq := range []int{8, 7} {
			is(`mutation { revertChange(input: {change: "`+changeOf(t, e, seq)+`"}) { errors { message } } }`, `{"revertChange":{"errors":[]}}`)
		}
		is(ask(""), `{"node":{"history":{"totalCount":6,"pageInfo":{"hasNextPage":false},"nodes":[{"seq":10},{"seq":9},{"seq":8},{"seq":7},{"seq":4},{"seq":1}]}}}`)
	})
}

// TestAnOldIDMeansTheSurvivor asks by the id of an entity that was merged into another, wherever an id may stand.
func TestAnOldIDMeansTheSurvivor(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := filled(t, open(t))
		e := writable(t, cat, s)
		is := func(query, want string) {
			t.Helper()
			answers(t, e, query, want)
		}
		before := export(t, cat, s)
		merge := func(more string) string {
			return `mutation { mergeEntities(input: {survivor: {id: "club"}, absorbed: [{id: "club2"}], ` + more + `note: "one club"}) {
				survivor { __typename id formerIds ... on Institution { aliases } links { nodes { id } } } change { action summary note } errors { code message path } } }`
		}
		survivor := `"survivor":{"__typename":"Institution","id":"club","formerIds":["club2"],"aliases":["club"],"links":{"nodes":[{"id":"ann"}]}}`
		is(merge("dryRun: true, "), `{"data":{"mergeEntities":{`+survivor+`,"change":null,"errors":[]}}}`)
		if d := cmp.Diff(before, export(t, cat, s)); d != "" {
			t.Errorf("a trial has written %s", d)
		}
		is(`{ node(id: "club2") { id ... on Entity { name formerIds } } }`, `{"data":{"node":{"id":"club2","name":"club","formerIds":[]}}}`)
		is(merge(``), `{"data":{"mergeEntities":{`+survivor+`,"change":{"action":"MERGED","summary":"merged: 1 changed, 1 removed","note":"one club"},"errors":[]}}}`)
		is(merge(""), `{"data":{"mergeEntities":{`+survivor+`,"change":null,"errors":[]}}}`) // they are one already

		is(`{ node(id: "club2") { id } nodes(ids: ["club2", "ann", "club"]) { id } }`, `{"data":{"node":{"id":"club"},"nodes":[{"id":"club"},{"id":"ann"},{"id":"club"}]}}`)
		is(`{ entity(ref: {id: "club2"}) { id } institution(ref: {id: "club2"}) { name } person(ref: {id: "club2"}) { name } }`,
			`{"data":{"entity":{"id":"club"},"institution":{"name":"Club"},"person":null}}`)
		is(`{ institutions(where: {ids: ["club2", "club", "nobody"]}) { totalCount nodes { id } } none: institutions(where: {not: {ids: ["club2"]}}) { totalCount } }`,
			`{"data":{"institutions":{"totalCount":1,"nodes":[{"id":"club"}]},"none":{"totalCount":0}}}`)
		is(`{ people(where: {linkedTo: {entity: {id: "club2"}}}) { nodes { id links(where: {other: {ids: ["club2"]}}) { nodes { id } } } } }`,
			`{"data":{"people":{"nodes":[{"id":"ann","links":{"nodes":[{"id":"club"}]}}]}}}`)
		is(`{ paths(from: {id: "ann"}, to: {id: "club2"}) { totalCount edges { node { nodes { id } } } } }`,
			`{"data":{"paths":{"totalCount":1,"edges":[{"node":{"nodes":[{"id":"ann"},{"id":"club"}]}}]}}}`)
		is(`{ subgraph(seeds: [{id: "club2"}]) { nodes { id } } timeline(subjects: [{id: "club2"}]) { totalCount } }`,
			`{"data":{"subgraph":{"nodes":[{"id":"club"},{"id":"ann"}]},"timeline":{"totalCount":0}}}`)
		is(`{ match(pattern: [{node: {types: [PERSON]}}, {link: {}}, {node: {where: {ids: ["club2"]}}}]) { nodes { nodes { id } } } }`,
			`{"data":{"match":{"nodes":[{"nodes":[{"id":"ann"},{"id":"club"}]}]}}}`)
		is(`{ centrality(by: DEGREE, where: {other: {ids: ["club2", "ann"]}}, first: 2) { edges { node { id } } } }`, do(t.Context(), e,
			`{ centrality(by: DEGREE, where: {other: {ids: ["club", "ann"]}}, first: 2) { edges { node { id } } } }`, nil))
		link := kg.LinkID("PART_OF", "guild", "club", "", "", "")
		is(`mutation { applyChanges(input: {operations: [{createInstitution: {name: "Guild", as: "g"}},
			{createLink: {kind: PART_OF, from: {as: "g"}, to: {id: "club2"}, evidence: [{source: {id: "s_note"}, excerpt: "so"}]}},
			{createInstitution: {name: "The Club", as: "c"}}, {mergeEntities: {survivor: {id: "club2"}, absorbed: [{as: "c"}]}}]}) {
			results { id record { ... on Entity { formerIds } } } errors { code message path } } }`,
			`{"data":{"applyChanges":{"results":[{"id":"guild","record":{"formerIds":[]}},{"id":"`+link+`","record":{}},{"id":"the-club","record":{"formerIds":["club2","the-club"]}},{"id":"club","record":{"formerIds":["club2","the-club"]}}],"errors":[]}}}`)
		is(`mutation { updateInstitution(input: {id: "club2", description: "A club."}) { institution { id description } errors { code } } }`,
			`{"data":{"updateInstitution":{"institution":{"id":"club","description":"A club."},"errors":[]}}}`)
		is(`mutation { mergeEntities(input: {survivor: {id: "club"}, absorbed: [{name: "Ann Berg"}]}) { survivor { id } errors { code message path } } }`,
			`{"data":{"mergeEntities":{"survivor":null,"errors":[{"code":"INVALID_VALUE","message":"ann is of type PERSON, and club of type INSTITUTION: only entities of one type are merged.","path":["input","absorbed","0"]}]}}}`)

		h, err := server.New(server.Options{
			Executor: e, Store: s,
			Explorer: func(graphql http.Handler) http.Handler { return web.Explorer(web.Options{}, graphql) },
		})
		if err != nil {
			t.Fatal(err)
		}
		res := httptest.NewRecorder()
		h.Handler().ServeHTTP(res, httptest.NewRequest(http.MethodGet, "/e/club2", http.NoBody))
		if res.Code != http.StatusFound || res.Header().Get("Location") != "/e/club" {
			t.Errorf("its page: %d to %q\n%s", res.Code, res.Header().Get("Location"), strings.TrimSpace(res.Body.String()))
		}
	})
}
