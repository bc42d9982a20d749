package sqlitestore_test

import (
	"testing"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// nested asks for people who are so many links away from a text that nobody has.
func nested(cat *catalog.Catalog, levels int) *plan.Query {
	nowhere := "zzz"
	f := &plan.EntityFilter{Text: &plan.StringFilter{Contains: &nowhere}}
	for range levels {
		f = &plan.EntityFilter{LinkedTo: &plan.LinkedTo{Ref: -1, Where: f}}
	}
	q := &plan.Query{Start: plan.Everything, Types: 1 << cat.TypeOf("PERSON").Index}
	q.Root.Entities, q.Root.Want.Total = f, true
	return q
}

// TestFiltersWithinFiltersCostASum: each level of a filter looks at each link once from either end, and no more.
func TestFiltersWithinFiltersCostASum(t *testing.T) {
	const people = 2000
	cat, s := crowded(t, people)
	const links, nodes = 3 * people, people + people/20 + 2
	for levels := 1; levels <= 6; levels++ {
		var r store.Recorder
		res, err := s.Fetch(store.WithRecorder(t.Context(), &r), nested(cat, levels))
		if err != nil {
			t.Fatal(err)
		}
		if res.Total != 0 {
			t.Errorf("%d people are linked to a text that nobody has", res.Total)
		}
		_, walked := r.Taken()
		if most := levels*(2*links+nodes) + 3*nodes; walked.Steps > most {
			t.Errorf("%d levels took %d steps, at most %d look at everything once a level", levels, walked.Steps, most)
		}
	}
}

func BenchmarkNestedFilter(b *testing.B) {
	cat, s := crowded(b, 33_334)
	q := nested(cat, 3)
	for b.Loop() {
		res, err := s.Fetch(b.Context(), q)
		if err != nil {
			b.Fatal(err)
		}
		res.Release()
	}
}
