package graph_test

import (
	"testing"

	"github.com/throughline/throughline/graph"
)

// TestAnAnswerFromTheEmbeddedStoreAllocatesLittle guards the whole engine: what a repeated document costs with its
// store. Allocations are the same on every machine; time is not, and is no part of any test.
func TestAnAnswerFromTheEmbeddedStoreAllocatesLittle(t *testing.T) {
	e := engine(t, parse(t), fifty(t))
	for _, c := range []struct {
		name, text string
		vars       map[string]any
		most       float64
	}{
		{
			"a person by id", `query A($id: ID!) { person(ref: {id: $id}) { id name born } }`,
			map[string]any{"id": "p7"},
			30,
		},
		{
			"a chain of three",
			`query B($id: ID!) { person(ref: {id: $id}) { id name affiliations { nodes { id name people(first: 5) { nodes { id name } } } } } }`,
			map[string]any{"id": "p7"},
			50,
		},
		{"1,050 fields", list, nil, 60},
		{
			"ten of a search", `query E($t: String!) { search(text: $t, first: 10) { edges { score node { id name } } } }`,
			map[string]any{"t": "person"},
			65,
		},
	} {
		r := &graph.Request{Query: c.text, Variables: c.vars}
		resp := e.Do(t.Context(), r)
		if len(resp.Errors) > 0 {
			t.Fatal(c.name, resp.Errors)
		}
		resp.Release()
		if got := testing.AllocsPerRun(200, func() { e.Do(t.Context(), r).Release() }); got > c.most {
			t.Errorf("%s takes %.0f allocations, the bound is %.0f", c.name, got, c.most)
		} else {
			t.Logf("%s takes %.0f allocations", c.name, got)
		}
	}
}
