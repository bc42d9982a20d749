package memgraph

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// The links that the filters below are held against. Days are written as in kg.Day; sources are numbered as in
// TestLinksThatFit.
var someLinks = map[string]OutlineLink{
	"plain": {Kind: 1},
	"full": {
		Kind: 2, Role: "Professor of Peace", Since: on(2019_01_01, 2019_12_31), Until: on(2020_01_01, 2020_12_31),
		Sources: []uint32{1, 2},
	},
	"since": {Kind: 2, Role: "dean", Since: on(2020_02_01, 2020_02_29), Sources: []uint32{1}, Unverified: 1},
	"until": {
		Kind: 3, Role: "professor", Until: on(2020_02_01, 2020_02_29), Sources: []uint32{3}, Standing: kg.Disputed,
	},
	"refuted": {
		Kind: 63, Since: on(2021_06_15, 2021_06_15), Until: on(2021_06_15, 2021_06_15), Standing: kg.Refuted,
	},
	"nameless": {Kind: 0, Sources: []uint32{4, 5, 6}},
}

func on(from, to kg.Day) store.Interval { return store.Interval{From: from, To: to, Known: true} }

func ptr[T any](x T) *T { return &x }

func kinds(of ...int) *catalog.KindSet {
	var s catalog.KindSet
	for _, k := range of {
		s |= 1 << k
	}
	return &s
}

func TestLinksThatFit(t *testing.T) {
	cat, err := catalog.Parse("schema.graphqls", throughline.Schema)
	if err != nil {
		t.Fatal(err)
	}
	o := NewOutline(cat)
	for _, id := range []string{"s_a", "s_b", "s_c", "s_d", "s_e", "s_f"} {
		if _, err := o.AddSource(id, store.Interval{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := o.AddNode("n", 1, store.Interval{}); err != nil {
		t.Fatal(err)
	}
	names := slices.Sorted(maps.Keys(someLinks))
	for _, name := range names {
		l := someLinks[name]
		l.ID, l.From, l.To = name, 1, 1
		if err := o.AddLink(&l); err != nil {
			t.Fatal(err)
		}
	}
	graph := o.Build().graph
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

		{&plan.LinkFilter{Kinds: kinds(1)}, "plain"},
		{&plan.LinkFilter{Kinds: kinds(0, 2, 63)}, "full nameless refuted since"},
		{&plan.LinkFilter{Kinds: kinds()}, ""},

		// roles: what has none fits nothing but isNull: true
		{role(plan.StringFilter{}), all},
		{role(plan.StringFilter{Eq: ptr("professor")}), "until"},
		{role(plan.StringFilter{Eq: ptr("")}), ""},
		{role(plan.StringFilter{In: []string{"dean", "professor", "x"}}), "since until"},
		{role(plan.StringFilter{In: []string{}}), ""},
		{role(plan.StringFilter{Contains: ptr("of")}), "full until"},
		{role(plan.StringFilter{Contains: ptr("")}), "full since until"},
		{role(plan.StringFilter{StartsWith: ptr("prof")}), "full until"},
		{role(plan.StringFilter{StartsWith: ptr("peace")}), ""},
		{role(plan.StringFilter{StartsWith: ptr("prof"), Contains: ptr("peace")}), "full"},
		{role(plan.StringFilter{StartsWith: ptr("prof"), In: []string{"dean"}}), ""},
		{role(plan.StringFilter{Eq: ptr("dean"), Contains: ptr("x")}), ""},
		{role(plan.StringFilter{IsNull: ptr(true)}), "nameless plain refuted"},
		{role(plan.StringFilter{IsNull: ptr(false)}), "full since until"},
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
		x := &fetch{graph: graph, ctx: t.Context()}
		for k, name := range names {
			if x.linkFits(c.filter, uint32(k+1), 1) {
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
