package graph_test

import (
	"strings"
	"testing"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// TestCostSeesWhatAFilterFollows: a filter counts for each level at which it asks what others are linked to, wherever it stands.
func TestCostSeesWhatAFilterFollows(t *testing.T) {
	s := fifty(t)
	linked := func(levels int) string {
		return strings.Repeat("{linkedTo: {where: ", levels) + `{text: {contains: "zzz"}}` + strings.Repeat("}}", levels)
	}
	for _, c := range []struct{ name, before, after string }{
		{"list", "{ people(first: 1, where: ", ") { totalCount } }"},
		{"links", `{ person(ref: {id: "p1"}) { affiliations(first: 30, where: {other: `, "}) { nodes { id } } } }"},
		{"paths", `{ paths(from: {id: "p1"}, to: {id: "p2"}, first: 1, maxLength: 1, where: {other: `, "}) { report { outcome } } }"},
		{"match", "{ match(first: 1, pattern: [{node: {where: ", "}}, {link: {}}, {node: {}}]) { report { outcome } } }"},
	} {
		limits := plan.DefaultLimits()
		limits.MaxCost = 150
		e, err := graph.New(graph.Options{Catalog: parse(t), Store: s, Limits: limits})
		if err != nil {
			t.Fatal(err)
		}
		for levels, want := range []kg.Code{"", "", kg.CostLimit, kg.CostLimit} {
			if c.name == "list" && levels == 2 {
				want = "" // it costs less by itself
			}
			r := e.Do(t.Context(), &graph.Request{Query: c.before + linked(levels) + c.after})
			if got := r.Code(); got != string(want) {
				t.Errorf("%s with %d levels: %q, want %q", c.name, levels, got, want)
			}
			r.Release()
		}
	}
}
