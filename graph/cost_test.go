package graph_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/plan"
)

// TestASubgraphRunsAtItsBounds asks what a graph view asks for, with the defaults and with the bounds that the
// contract names.
func TestASubgraphRunsAtItsBounds(t *testing.T) {
	cat, s := small(t)
	e := engine(t, cat, s)
	for _, args := range []string{"", ", depth: 4, maxNodes: 1000"} {
		for _, fields := range []string{
			`nodes { id } links { id }`,
			`nodes { id type name } links { id kind from { id } to { id } }`,
			`nodes { id type name aliases description linkCount createdAt updatedAt ... on Person { born died } ... on Event { startsOn endsOn } }
			 links { id kind sentence role since until from { id name type } to { id name type } } frontier { node { id } hiddenLinks } truncated`,
		} {
			q := `{ subgraph(seeds: [{id: "lse"}]` + args + `) { ` + fields + ` } }`
			if got := ask(t, e, q, nil); strings.Contains(got, `"errors"`) {
				t.Errorf("%s: %.300s", q, got)
			}
		}
	}
}

func TestCostLimitNamesTheArgumentToLower(t *testing.T) {
	cat, s := small(t)
	e := engine(t, cat, s)
	for _, c := range []struct{ query, argument string }{
		{
			`{ subgraph(seeds: [{id: "lse"}], maxNodes: 1000) { nodes { links { nodes { id name type } edges { link { from { name } to { name } } } } } } }`,
			"subgraph.maxNodes",
		},
		{`{ people(first: 100) { nodes { links(first: 100) { nodes { id name } } } } }`, "people.first"},
		{`{ people(last: 100) { nodes { links(first: 100) { nodes { id name } } } } }`, "people.last"},
		{
			`{ people(first: 50) { nodes { name links(first: 100) { edges { link { evidence(first: 10) { nodes { excerpt } } } } } } } }`,
			"people.links.first",
		},
		{
			`{ person(ref: {id: "mary-kaldor"}) { links(last: 90) { nodes { links(first: 80) { nodes { id name } } } } } }`,
			"person.links.last",
		},
		{ // of two ways down, the one that costs more by being longer
			`{ people(first: 50) { nodes { few: links(first: 1) { nodes { links(last: 60) { nodes { id } } } } links(first: 95) { nodes { id name } } } } }`,
			"people.links.first",
		},
		{
			`{ a: person(ref: {id: "mary-kaldor"}) { id } b: paths(from: {id: "lse"}, to: {id: "q1"}, first: 50, maxLength: 8) { nodes { nodes { links(first: 100) { nodes { id } } } } } }`,
			"paths.first",
		},
		{
			`{ centrality(by: DEGREE, first: 100) { nodes { links(first: 90) { nodes { id name } } } } }`,
			"centrality.first",
		},
		{
			`{ match(first: 50, pattern: [{node: {}}, {link: {}}, {node: {}}]) { nodes { nodes { links(first: 100) { nodes { id } } } } } }`,
			"match.first",
		},
	} {
		var got struct {
			Errors []struct {
				Message    string
				Extensions struct {
					Code        string
					Argument    []string
					Cost, Limit int
				}
			}
		}
		answer := ask(t, e, c.query, nil)
		if err := json.Unmarshal([]byte(answer), &got); err != nil || len(got.Errors) != 1 {
			t.Errorf("%s: %.300s", c.query, answer)
			continue
		}
		x := got.Errors[0]
		if x.Extensions.Code != "COST_LIMIT" || strings.Join(x.Extensions.Argument, ".") != c.argument ||
			!strings.Contains(x.Message, "lower "+c.argument) || x.Extensions.Cost <= x.Extensions.Limit {
			t.Errorf("%s: %+v, want %s", c.query, x, c.argument)
		}
	}
}

// TestCostIsToldOnRequest: an answer says what the operation costs, as the error says it where that is too much.
func TestCostIsToldOnRequest(t *testing.T) {
	cat, s := small(t)
	limits := plan.DefaultLimits()
	limits.MaxCost = 100
	e, err := graph.New(graph.Options{Catalog: cat, Store: s, Limits: limits, Introspection: true})
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		`{ person(ref: {id: "mary-kaldor"}) { id name } }`: `{"data":{"person":{"id":"mary-kaldor","name":"Mary Kaldor"}},"extensions":{"cost":4,"limit":100}}`,
		// each of 10 edges is a link and two properties of it
		`{ person(ref: {id: "mary-kaldor"}) { affiliations(first: 10) { edges { role since } } } }`: `{"data":{"person":{"affiliations":{"edges":[` +
			`{"role":"professor","since":null}]}}},"extensions":{"cost":33,"limit":100}}`,
		`{ __typename }`: `{"data":{"__typename":"Query"},"extensions":{"cost":0,"limit":100}}`,
		`{ people(first: 100) { nodes { id } } }`: `{"errors":[{"message":"the operation costs 201, the limit is 100; lower people.first, or ask for fewer fields or levels",` +
			`"extensions":{"argument":["people","first"],"code":"COST_LIMIT","cost":201,"limit":100}}],"extensions":{"cost":201,"limit":100}}`,
	} {
		r := e.Do(t.Context(), &graph.Request{Query: query, Cost: true})
		if got := string(r.JSON()); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", query, got, want)
		}
		r.Release()
		r = e.Do(t.Context(), &graph.Request{Query: query, Cost: true, Explain: true})
		if got := string(r.AppendJSON(nil)); r.Began && !strings.Contains(got, `"limit":100,"explain":{`) || !json.Valid([]byte(got)) {
			t.Errorf("%s, explained: %s", query, got)
		}
		r.Release()
		r = e.Do(t.Context(), &graph.Request{Query: query})
		if r.Extensions != nil {
			t.Errorf("%s, not asked: %s", query, r.Extensions)
		}
		r.Release()
	}
}
