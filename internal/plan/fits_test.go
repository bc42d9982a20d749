package plan_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// The links that the filters below are held against. Days are written as in kg.Day.
var someLinks = map[string]plan.LinkFacts{
	"plain": {Kind: 1, From: kg.MinDay, To: kg.MaxDay, FromSource: isOneOf()},
	"full": {
		Kind: 2, Role: "professor of peace", HasRole: true, From: 2019_01_01, To: 2020_12_31, HasSince: true,
		HasUntil: true, SourceCount: 2, FromSource: isOneOf("s_a", "s_b"),
	},
	"since": {
		Kind: 2, Role: "dean", HasRole: true, From: 2020_02_01, To: kg.MaxDay, HasSince: true, SourceCount: 1,
		FromSource: isOneOf("s_a"), Unverified: true,
	},
	"until": {
		Kind: 3, Role: "professor", HasRole: true, From: kg.MinDay, To: 2020_02_29, HasUntil: true,
		SourceCount: 1, FromSource: isOneOf("s_c"), Standing: kg.Disputed,
	},
	"refuted": {
		Kind: 63, From: 2021_06_15, To: 2021_06_15, HasSince: true, HasUntil: true, FromSource: isOneOf(),
		Standing: kg.Refuted,
	},
	"nameless": {
		Kind: 0, HasRole: true, From: kg.MinDay, To: kg.MaxDay, SourceCount: 3,
		FromSource: isOneOf("s_d", "s_e", "s_f"),
	},
}

func isOneOf(own ...string) func([]string) bool {
	return func(ids []string) bool {
		return slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(own, id) })
	}
}

func ptr[T any](x T) *T { return &x }

func kinds(of ...int) *catalog.KindSet {
	var s catalog.KindSet
	for _, k := range of {
		s |= 1 << k
	}
	return &s
}

func TestLinksThatFit(t *testing.T) {
	role := func(f plan.StringFilter) *plan.LinkFilter { return &plan.LinkFilter{Role: &f} }
	asOf := func(from, to kg.Day) *plan.LinkFilter {
		return &plan.LinkFilter{AsOf: &plan.DateFilter{From: from, To: to, Bounded: true}}
	}
	during := func(f plan.DateFilter) *plan.LinkFilter { return &plan.LinkFilter{During: &f} }
	possible := func(from, to kg.Day) *plan.LinkFilter {
		return during(plan.DateFilter{From: from, To: to, Bounded: true})
	}
	certain := func(from, to kg.Day) *plan.LinkFilter {
		return during(plan.DateFilter{From: from, To: to, Bounded: true, Certain: true})
	}
	standing := func(s ...kg.Standing) *plan.LinkFilter {
		return &plan.LinkFilter{Standing: append([]kg.Standing{}, s...)}
	}
	verified := func(v bool) *plan.LinkFilter { return &plan.LinkFilter{Verified: &v} }
	atLeast := func(n int64) *plan.LinkFilter { return &plan.LinkFilter{MinSources: &n} }
	sources := func(ids ...string) *plan.LinkFilter { return &plan.LinkFilter{Sources: append([]string{}, ids...)} }
	not := func(f *plan.LinkFilter) *plan.LinkFilter { return &plan.LinkFilter{Not: f} }
	and := func(f ...*plan.LinkFilter) *plan.LinkFilter {
		return &plan.LinkFilter{And: append([]*plan.LinkFilter{}, f...)}
	}
	or := func(f ...*plan.LinkFilter) *plan.LinkFilter {
		return &plan.LinkFilter{Or: append([]*plan.LinkFilter{}, f...)}
	}
	const all = "full nameless plain refuted since until"
	professors := role(plan.StringFilter{StartsWith: ptr("professor")})
	for i, c := range []struct {
		filter *plan.LinkFilter
		fit    string // names of the links, in order
	}{
		{nil, all},
		{&plan.LinkFilter{}, all},
		{&plan.LinkFilter{Other: &plan.EntityFilter{Name: &plan.StringFilter{Eq: ptr("x")}}}, all}, // passed over

		{&plan.LinkFilter{Kinds: kinds(1)}, "plain"},
		{&plan.LinkFilter{Kinds: kinds(0, 2, 63)}, "full nameless refuted since"},
		{&plan.LinkFilter{Kinds: kinds()}, ""},

		// roles: what has none fits nothing but isNull: true
		{role(plan.StringFilter{}), all},
		{role(plan.StringFilter{Eq: ptr("professor")}), "until"},
		{role(plan.StringFilter{Eq: ptr("")}), "nameless"},
		{role(plan.StringFilter{In: []string{"dean", "professor", "x"}}), "since until"},
		{role(plan.StringFilter{In: []string{}}), ""},
		{role(plan.StringFilter{Contains: ptr("of")}), "full until"},
		{role(plan.StringFilter{Contains: ptr("")}), "full nameless since until"},
		{role(plan.StringFilter{StartsWith: ptr("prof")}), "full until"},
		{role(plan.StringFilter{StartsWith: ptr("peace")}), ""},
		{role(plan.StringFilter{StartsWith: ptr("prof"), Contains: ptr("peace")}), "full"},
		{role(plan.StringFilter{StartsWith: ptr("prof"), In: []string{"dean"}}), ""},
		{role(plan.StringFilter{Eq: ptr("dean"), Contains: ptr("x")}), ""},
		{role(plan.StringFilter{IsNull: ptr(true)}), "plain refuted"},
		{role(plan.StringFilter{IsNull: ptr(false)}), "full nameless since until"},
		{role(plan.StringFilter{IsNull: ptr(true), Contains: ptr("")}), ""},
		{role(plan.StringFilter{IsNull: ptr(false), Eq: ptr("dean")}), "since"},

		// as of: an unknown side is open, and the first and the last day count
		{asOf(2018_12_31, 2018_12_31), "nameless plain until"},
		{asOf(2019_01_01, 2019_01_01), "full nameless plain until"},
		{asOf(2020_01_01, 2020_12_31), "full nameless plain since until"},
		{asOf(2020_02_29, 2020_02_29), "full nameless plain since until"},
		{asOf(2020_03_01, 2020_03_01), "full nameless plain since"},
		{asOf(2020_12_31, 2020_12_31), "full nameless plain since"},
		{asOf(2021_01_01, 2021_01_01), "nameless plain since"},
		{asOf(2021_06_01, 2021_06_30), "nameless plain refuted since"},

		// during: as that, and CERTAIN needs both sides
		{during(plan.DateFilter{From: kg.MinDay, To: kg.MaxDay}), all},
		{during(plan.DateFilter{From: kg.MinDay, To: kg.MaxDay, Certain: true}), all},
		{possible(2018_01_01, 2018_12_31), "nameless plain until"},
		{possible(2018_01_01, 2019_01_01), "full nameless plain until"},
		{possible(2020_03_01, kg.MaxDay), "full nameless plain refuted since"},
		{possible(2021_06_16, kg.MaxDay), "nameless plain since"},
		{possible(kg.MinDay, 2020_01_31), "full nameless plain until"},
		{possible(kg.MinDay, 2020_02_01), "full nameless plain since until"},
		{certain(kg.MinDay, kg.MaxDay), "full refuted"},
		{certain(2019_01_01, 2020_12_31), "full"},
		{certain(2019_01_02, 2020_12_31), ""},
		{certain(2019_01_01, 2020_12_30), ""},
		{certain(2020_01_01, kg.MaxDay), "refuted"},
		{certain(2021_06_15, 2021_06_15), "refuted"},
		{during(plan.DateFilter{From: kg.MinDay, To: kg.MaxDay, IsNull: ptr(true)}), "nameless plain"},
		{during(plan.DateFilter{From: kg.MinDay, To: kg.MaxDay, IsNull: ptr(false)}), "full refuted since until"},
		{
			during(plan.DateFilter{From: 2020_02_29, To: kg.MaxDay, Bounded: true, IsNull: ptr(false)}),
			"full refuted since until",
		},
		{during(plan.DateFilter{From: 2021_01_01, To: kg.MaxDay, Bounded: true, IsNull: ptr(false)}), "refuted since"},
		{during(plan.DateFilter{From: kg.MinDay, To: kg.MaxDay, Bounded: true, Certain: true, IsNull: ptr(true)}), ""},

		{standing(kg.Supported), "full nameless plain since"},
		{standing(kg.Disputed), "until"},
		{standing(kg.Refuted), "refuted"},
		{standing(kg.Refuted, kg.Disputed), "refuted until"},
		{standing(), ""},

		{verified(true), "full nameless plain refuted until"},
		{verified(false), "since"},

		{atLeast(0), all},
		{atLeast(1), "full nameless since until"},
		{atLeast(2), "full nameless"},
		{atLeast(4), ""},

		{sources("s_a"), "full since"},
		{sources("s_b", "s_c", "s_x"), "full until"},
		{sources("s_x"), ""},
		{sources(), ""},
		{&plan.LinkFilter{Sources: []string{"s_a"}, MinSources: ptr(int64(2))}, "full"},

		// parts that are set must all hold
		{&plan.LinkFilter{Kinds: kinds(2), Role: &plan.StringFilter{Eq: ptr("dean")}, Verified: ptr(false)}, "since"},
		{&plan.LinkFilter{Kinds: kinds(3), Verified: ptr(false)}, ""},
		{&plan.LinkFilter{
			Kinds: kinds(2, 3), And: []*plan.LinkFilter{professors},
			Or: []*plan.LinkFilter{atLeast(2), standing(kg.Refuted)},
		}, "full"},
		{&plan.LinkFilter{Kinds: kinds(2, 3), Not: professors}, "since"},

		// not: what is not known is not so, and so its opposite holds
		{not(&plan.LinkFilter{}), ""},
		{not(professors), "nameless plain refuted since"},
		{not(asOf(2020_12_31, 2020_12_31)), "refuted until"},
		{not(certain(2019_01_01, 2020_12_31)), "nameless plain refuted since until"},
		{not(standing(kg.Disputed)), "full nameless plain refuted since"},
		{not(standing()), all},
		{not(verified(true)), "since"},
		{not(atLeast(1)), "plain refuted"},
		{not(not(professors)), "full until"},
		{not(and(professors, atLeast(2))), "nameless plain refuted since until"},
		{not(or(professors, atLeast(2))), "plain refuted since"},
		{not(or()), all},
		{not(and()), ""},

		{and(), all},
		{and(professors), "full until"},
		{and(professors, certain(kg.MinDay, kg.MaxDay)), "full"},
		{and(certain(kg.MinDay, kg.MaxDay), not(professors), nil), "refuted"},
		{and(professors, not(professors)), ""},
		{or(), ""},
		{or(professors), "full until"},
		{or(professors, standing(kg.Refuted)), "full refuted until"},
		{or(standing(kg.Refuted), nil), all},
		{or(and(professors, verified(false)), &plan.LinkFilter{Kinds: kinds(1)}), "plain"},
		{or(sources("s_a"), sources("s_c")), "full since until"},
		{not(sources("s_a")), "nameless plain refuted until"},
	} {
		fit := ""
		for _, name := range slices.Sorted(maps.Keys(someLinks)) {
			l := someLinks[name]
			if c.filter.Fits(&l) {
				fit += " " + name
			}
		}
		if fit != "" {
			fit = fit[1:]
		}
		if fit != c.fit {
			t.Errorf("%d: %s fits %q, want %q", i, shown(t, c.filter), fit, c.fit)
		}
	}
}

func shown(t *testing.T, f *plan.LinkFilter) string {
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
