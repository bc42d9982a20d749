package plan_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/internal/plan"
)

// TestRenamed puts other ids in the place of some wherever a plan names entities, and leaves the plan as it was.
func TestRenamed(t *testing.T) {
	naming := func(a, b string) *plan.Query {
		one := func() *plan.EntityFilter { return &plan.EntityFilter{IDs: []string{a, "x", b}} }
		link := func() *plan.LinkFilter {
			return &plan.LinkFilter{
				IDs: []string{"a"}, Other: one(), Not: &plan.LinkFilter{Other: one()}, Or: []*plan.LinkFilter{{Other: one()}},
				And: []*plan.LinkFilter{{Other: one()}},
			}
		}
		child := &plan.Field{Links: link()}
		return &plan.Query{
			Start: plan.ByIDs, IDs: []string{a, "y", b}, Refs: []plan.Ref{{ID: a}, {Name: "a"}, {ID: "z"}},
			Root: plan.Field{
				Entities: &plan.EntityFilter{
					And: []*plan.EntityFilter{one()}, Or: []*plan.EntityFilter{{}, one()}, Not: one(),
					LinkedTo: &plan.LinkedTo{Ref: 2, Link: link(), Where: one()},
				},
				Node: &plan.Sel{Children: []*plan.Field{child}}, Link: &plan.Sel{Children: []*plan.Field{child}}, Because: &plan.Sel{Children: []*plan.Field{child}},
				Want: plan.Want{Facets: []plan.FacetWant{{Node: &plan.Sel{Children: []*plan.Field{child}}}}},
			},
		}
	}
	names := map[string]string{"a": "now", "b": "then"}
	q := naming("a", "b")
	got := q.Renamed(names)
	if d := cmp.Diff(naming("now", "then"), got, cmp.AllowUnexported(plan.Paging{})); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(naming("a", "b"), q, cmp.AllowUnexported(plan.Paging{})); d != "" {
		t.Errorf("it is changed itself: %s", d)
	}
	ids := q.FilteredIDs()
	if n := len(ids); n != 3*(3+5+4*4) || slices.Contains(ids, "y") {
		t.Errorf("its filters have %d ids: %q", n, ids)
	}
	if q.Renamed(nil) != q {
		t.Error("it is another where nothing is renamed")
	}
	w := &plan.Walk{Refs: q.Refs, Links: q.Root.Node.Children[0].Links}
	want := naming("now", "then")
	if d := cmp.Diff(&plan.Walk{Refs: want.Refs, Links: want.Root.Node.Children[0].Links}, w.Renamed(names)); d != "" {
		t.Error(d)
	}
}
