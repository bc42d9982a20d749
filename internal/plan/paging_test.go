package plan_test

import (
	"cmp"
	"testing"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

func TestPagesAreCut(t *testing.T) {
	// the list is 0, 2, 4, 6, 8
	at := func(place int, keys []kg.Value) int { return cmp.Compare(int64(2*place), keys[0].Int) }
	const none = -9
	for _, c := range []struct {
		n             int
		backward      bool
		after, before int64
		i, j          int
	}{
		{3, false, none, none, 0, 3},
		{9, false, none, none, 0, 5},
		{0, false, none, none, 0, 0},
		{3, true, none, none, 2, 5},
		{9, true, none, none, 0, 5},
		{0, true, none, none, 5, 5},
		{2, false, 2, none, 2, 4},  // behind an entry
		{2, false, 3, none, 2, 4},  // behind where one has been
		{2, false, 8, none, 5, 5},  // behind the last
		{2, false, -1, none, 0, 2}, // behind nothing
		{9, false, none, 4, 0, 2},
		{9, false, none, 5, 0, 3},
		{9, true, none, 4, 0, 2},
		{1, true, none, 4, 1, 2},
		{9, true, 0, 6, 1, 3},
		{1, false, 0, 6, 1, 2},
		{9, false, 6, 2, 4, 4}, // cursors the wrong way round
		{9, true, 6, 2, 4, 4},
	} {
		p := plan.Paging{N: c.n, Backward: c.backward}
		if c.after != none {
			p.After = []kg.Value{kg.IntValue(c.after)}
		}
		if c.before != none {
			p.Before = []kg.Value{kg.IntValue(c.before)}
		}
		if i, j := p.Cut(5, at); i != c.i || j != c.j {
			t.Errorf("%+v: [%d, %d)", c, i, j)
		}
	}
}

func TestDatesThatFit(t *testing.T) {
	for _, c := range []struct {
		filter          plan.DateFilter
		inside, overlap bool // [5, 6], and [1, 5]
		undated         bool
	}{
		{plan.DateFilter{From: 5, To: 9}, true, true, true},
		{plan.DateFilter{From: 5, To: 9, Bounded: true}, true, true, false},
		{plan.DateFilter{From: 6, To: 9, Bounded: true}, true, false, false},
		{plan.DateFilter{From: 7, To: 9, Bounded: true}, false, false, false},
		{plan.DateFilter{From: 1, To: 4, Bounded: true}, false, true, false},
		{plan.DateFilter{From: 5, To: 9, Bounded: true, Certain: true}, true, false, false},
		{plan.DateFilter{From: 5, To: 5, Bounded: true, Certain: true}, false, false, false},
		{plan.DateFilter{From: 5, To: 9, IsNull: ptr(true)}, false, false, true},
		{plan.DateFilter{From: 5, To: 9, IsNull: ptr(false)}, true, true, false},
		{plan.DateFilter{From: 5, To: 9, Bounded: true, IsNull: ptr(true)}, false, false, false},
	} {
		got := [3]bool{c.filter.Fits(5, 6, true), c.filter.Fits(1, 5, true), c.filter.Fits(kg.MinDay, kg.MaxDay, false)}
		if want := [3]bool{c.inside, c.overlap, c.undated}; got != want {
			t.Errorf("%s: %v, want %v", shown(t, c.filter), got, want)
		}
	}
}
