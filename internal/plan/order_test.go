package plan_test

import (
	"cmp"
	"testing"

	"pgregory.net/rapid"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// Dates are ordered by the first day they may be, then by the last; what has none is behind them in both directions.
func TestDateKeysAreInTheOrderOfDates(t *testing.T) {
	day := rapid.OneOf(rapid.Int32Range(int32(kg.MinDay), int32(kg.MaxDay)), rapid.Int32Range(100, 103),
		rapid.SampledFrom([]int32{int32(kg.MinDay), int32(kg.MaxDay)}))
	interval := func(t *rapid.T) (from, to kg.Day) {
		a, b := day.Draw(t, "day"), day.Draw(t, "day")
		return kg.Day(min(a, b)), kg.Day(max(a, b))
	}
	rapid.Check(t, func(t *rapid.T) {
		from, to := interval(t)
		from2, to2 := interval(t)
		if rapid.Bool().Draw(t, "same first day") {
			from2, to2 = from, max(from, to2)
		}
		want := cmp.Or(cmp.Compare(from, from2), cmp.Compare(to, to2))
		for _, desc := range []bool{false, true} {
			a, b := plan.DateKey(from, to, true, desc), plan.DateKey(from2, to2, true, desc)
			if cmp.Compare(a, b) != want {
				t.Fatalf("%d–%d has the key %d, %d–%d %d", from, to, a, from2, to2, b)
			}
			none := plan.DateKey(from, to, false, desc)
			if desc && none > a || !desc && none < a {
				t.Fatalf("descending %t: %d–%d has the key %d, no date %d", desc, from, to, a, none)
			}
		}
	})
}
