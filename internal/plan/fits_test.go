package plan_test

import (
	"encoding/json"
	"testing"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

func ptr[T any](x T) *T { return &x }

func kinds(of ...int) *catalog.KindSet {
	var s catalog.KindSet
	for _, k := range of {
		s |= 1 << k
	}
	return &s
}

func shown(t *testing.T, f any) string {
	t.Helper()
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestWhatFiltersLookAt(t *testing.T) {
	other := &plan.LinkFilter{Other: &plan.EntityFilter{}}
	refuted := &plan.LinkFilter{Standing: []kg.Standing{kg.Supported, kg.Refuted}}
	disputed := &plan.LinkFilter{Standing: []kg.Standing{kg.Disputed}}
	in := func(f *plan.LinkFilter) [3]*plan.LinkFilter { // in a part of another
		return [3]*plan.LinkFilter{
			{And: []*plan.LinkFilter{disputed, f}},
			{Or: []*plan.LinkFilter{disputed, f}},
			{Not: f},
		}
	}
	for i, c := range []struct {
		filter                   *plan.LinkFilter
		alone, names, only, bare bool // OnLinkAlone, NamesRefuted, OnlyRefuted, OnlyKinds
	}{
		{nil, true, false, false, false},
		{&plan.LinkFilter{}, true, false, false, false},
		{other, false, false, false, false},
		{in(other)[0], false, false, false, false},
		{in(other)[1], false, false, false, false},
		{in(other)[2], false, false, false, false},
		{in(in(other)[2])[1], false, false, false, false},
		{disputed, true, false, false, false},
		{refuted, true, true, false, false},
		{in(refuted)[0], true, true, false, false},
		{in(refuted)[1], true, true, false, false},
		{in(refuted)[2], true, true, false, false},
		{in(in(refuted)[2])[0], true, true, false, false},
		{&plan.LinkFilter{Standing: []kg.Standing{kg.Refuted}}, true, true, true, false},
		{&plan.LinkFilter{Standing: []kg.Standing{}}, true, false, false, false},
		{&plan.LinkFilter{Kinds: kinds(1), Standing: []kg.Standing{kg.Refuted}}, true, true, true, false},
		{&plan.LinkFilter{Kinds: kinds(1)}, true, false, false, true},
		{&plan.LinkFilter{Kinds: kinds()}, true, false, false, true},
		{&plan.LinkFilter{Kinds: kinds(1), Other: &plan.EntityFilter{}}, false, false, false, false},
		{&plan.LinkFilter{Kinds: kinds(1), And: []*plan.LinkFilter{}}, true, false, false, false},
		{&plan.LinkFilter{Kinds: kinds(1), Or: []*plan.LinkFilter{}}, true, false, false, false},
		{&plan.LinkFilter{Kinds: kinds(1), Not: &plan.LinkFilter{}}, true, false, false, false},
		{&plan.LinkFilter{Kinds: kinds(1), Role: &plan.StringFilter{}}, true, false, false, false},
		{&plan.LinkFilter{Kinds: kinds(1), AsOf: &plan.DateFilter{}}, true, false, false, false},
		{&plan.LinkFilter{Kinds: kinds(1), During: &plan.DateFilter{}}, true, false, false, false},
		{&plan.LinkFilter{Kinds: kinds(1), Sources: []string{}}, true, false, false, false},
		{&plan.LinkFilter{Kinds: kinds(1), MinSources: ptr(int64(0))}, true, false, false, false},
		{&plan.LinkFilter{Kinds: kinds(1), Standing: []kg.Standing{}}, true, false, false, false},
		{&plan.LinkFilter{Kinds: kinds(1), Verified: ptr(true)}, true, false, false, false},
	} {
		set, bare := c.filter.OnlyKinds()
		if bare != (set != nil) || bare && set != c.filter.Kinds {
			t.Errorf("%d: the only kinds are %v, %v", i, set, bare)
		}
		got := [4]bool{c.filter.OnLinkAlone(), c.filter.NamesRefuted(), c.filter.OnlyRefuted(), bare}
		if want := [4]bool{c.alone, c.names, c.only, c.bare}; got != want {
			t.Errorf("%d: %s: %v, want %v", i, shown(t, c.filter), got, want)
		}
	}
	for i, c := range []struct {
		filter plan.StringFilter
		bare   bool
	}{
		{plan.StringFilter{}, true},
		{plan.StringFilter{IsNull: ptr(false)}, true},
		{plan.StringFilter{Eq: ptr("")}, false},
		{plan.StringFilter{In: []string{}}, false},
		{plan.StringFilter{Contains: ptr("")}, false},
		{plan.StringFilter{StartsWith: ptr("")}, false},
	} {
		if got := c.filter.Bare(); got != c.bare {
			t.Errorf("%d: bare %v", i, got)
		}
	}
}
