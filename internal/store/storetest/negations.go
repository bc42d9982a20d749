package storetest

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// negations holds a store to two truths: wherever a filter is taken, what fits it and what fits its negation are all
// there is, and nothing fits both. The graph has entities, sources and links of which everything that may be missing is
// missing, so a comparison that is neither true nor false shows.
func (s *suite) negations(t *testing.T) {
	cat, x := s.Catalog, s.Open(t)
	if err := Fill(t.Context(), x, bareAndFull(cat)); err != nil {
		t.Fatal(err)
	}
	word, yes, one := "q", true, int64(1)
	no := !yes
	texts := map[string]*plan.StringFilter{
		"eq": {Eq: &word}, "in": {In: []string{word}}, "in none": {In: []string{}}, "contains": {Contains: &word},
		"startsWith": {StartsWith: &word}, "isNull": {IsNull: &yes}, "isNull false": {IsNull: &no}, "both": {
			Eq:     &word,
			IsNull: &no,
		},
	}
	dates := map[string]*plan.DateFilter{
		"possible": {From: 20200101, To: 20201231, Bounded: true}, "certain": {
			From: 20200101, To: 20201231,
			Bounded: true, Certain: true,
		},
		"from": {From: 20200101, To: kg.MaxDay, Bounded: true}, "isNull": {
			From: kg.MinDay, To: kg.MaxDay,
			IsNull: &yes,
		},
		"isNull false": {From: kg.MinDay, To: kg.MaxDay, IsNull: &no},
	}
	types, kinds := catalog.TypeSet(1)<<cat.Types[0].Index, catalog.KindSet(1)<<cat.Kinds[0].Index
	time := &plan.TimeFilter{After: &one}
	entities := map[string]*plan.EntityFilter{
		"ids": {IDs: []string{"person-full", "full-EVENT", "s_full"}}, "externalIds": {ExternalIDs: [][2]string{{"x", "1"}}},
		"updatedAt": {Updated: time}, "linkedTo by a link": {LinkedTo: &plan.LinkedTo{
			Ref: -1, Link: &plan.LinkFilter{Role: &plan.StringFilter{Eq: &word}},
		}},
		"type": {Types: &types}, "linkCount": {LinkCount: &plan.IntFilter{Gte: &one}}, "linkedTo": {LinkedTo: &plan.LinkedTo{
			Ref:   -1,
			Kinds: &kinds,
		}},
	}
	links := map[string]*plan.LinkFilter{
		"ids": {IDs: []string{"l_full"}}, "createdAt": {Created: time},
		"kind": {Kinds: &kinds}, "source": {Sources: []string{"s_full"}},
		"minSources": {MinSources: &one}, "verified": {Verified: &yes}, "not verified": {Verified: &no},
	}
	for name, f := range texts {
		entities["name "+name], entities["text "+name] = &plan.EntityFilter{Name: f}, &plan.EntityFilter{Text: f}
		links["role "+name] = &plan.LinkFilter{Role: f}
	}
	for name, f := range dates {
		entities["date "+name] = &plan.EntityFilter{Date: f}
		links["during "+name] = &plan.LinkFilter{During: f}
		if f.IsNull == nil {
			links["asOf "+name] = &plan.LinkFilter{AsOf: f}
		}
	}
	half := 0.5
	entities["text of a property"] = &plan.EntityFilter{Props: []*plan.PropFilter{
		{Prop: cat.Prop("language"), Text: texts["eq"]},
	}}
	entities["date of a property"] = &plan.EntityFilter{Props: []*plan.PropFilter{
		{Prop: cat.Prop("endsOn"), Date: dates["certain"]},
	}}
	entities["numbers of properties"] = &plan.EntityFilter{Props: []*plan.PropFilter{
		{Prop: cat.Prop("attendance"), Int: &plan.IntFilter{Gte: &one}}, {Prop: cat.Prop("latitude"), Float: &plan.FloatFilter{Lte: &half}},
	}}
	entities["verified words"] = &plan.EntityFilter{Props: []*plan.PropFilter{
		{Prop: cat.Prop("verified"), Bool: &plan.BoolFilter{Eq: &yes}},
	}}
	for name, f := range entities {
		links["other "+name] = &plan.LinkFilter{Other: f}
	}
	// a statement costs Neo4j the time of planning it, so one asks several things, and not every door has every filter
	for _, door := range []struct {
		id  string
		how plan.Follow
	}{{"person-bare", plan.Links}, {"person-full", plan.LinkCount}, {"s_full", plan.LinksOf}} {
		all := counted(t, x, cat, door.id, door.how, []*plan.LinkFilter{nil})[0]
		for _, names := range part(t, s, slices.Collect(slices.Chunk(slices.Sorted(maps.Keys(links)), 6))) {
			if door.how != plan.Links && strings.HasPrefix(names[0], "other") {
				continue
			}
			var filters []*plan.LinkFilter
			for _, name := range names {
				filters = append(filters, links[name], &plan.LinkFilter{Not: links[name]})
			}
			n := counted(t, x, cat, door.id, door.how, filters)
			for i, name := range names {
				law(t, door.id+": "+name, all, n[2*i], n[2*i+1])
			}
		}
		for _, f := range []*plan.LinkFilter{links["role eq"], links["during certain"]} {
			both := []*plan.LinkFilter{f, {Not: f}}
			n := counted(t, x, cat, door.id, door.how, []*plan.LinkFilter{{Or: both}, {And: both}})
			law(t, door.id+": or and and", all, n[0], n[1])
		}
	}
	for _, name := range part(t, s, []string{
		"name eq", "text contains", "text isNull", "date possible",
		"date certain", "ids", "externalIds", "updatedAt", "linkedTo by a link", "text of a property", "date of a property",
		"numbers of properties", "verified words",
	}) {
		for _, typ := range []*catalog.Type{cat.TypeOf("EVENT"), cat.TypeOf("QUOTE"), cat.Source} {
			f := entities[name]
			law(t, typ.Name+": "+name, listed(t, x, typ, nil), listed(t, x, typ, f),
				listed(t, x, typ, &plan.EntityFilter{Not: f}))
		}
	}
	for _, name := range part(t, s, []string{"role eq", "role isNull", "during certain", "asOf possible"}) {
		f := links[name]
		law(t, "walk: "+name, expanded(t, x, cat, nil), expanded(t, x, cat, f),
			expanded(t, x, cat, &plan.LinkFilter{Not: f}))
		law(t, "whole: "+name, surveyed(t, x, nil), surveyed(t, x, f), surveyed(t, x, &plan.LinkFilter{Not: f}))
	}
}

// law holds that so many fit, so many do not, and these are all.
func law(t *testing.T, what string, all, fit, unfit int64) {
	t.Helper()
	if all == 0 {
		t.Fatalf("%s: there is nothing to filter", what)
	}
	if fit+unfit != all {
		t.Errorf("%s: %d fit and %d do not, of %d", what, fit, unfit, all)
	}
}

// bareAndFull has two of each type, and for each kind a link that has everything and one that has nothing but its ends.
func bareAndFull(cat *catalog.Catalog) *store.Batch {
	b := &store.Batch{Sources: []*kg.Source{
		{ID: "s_bare", Title: "Bare", Kind: "OTHER"},
		{ID: "s_full", Title: "q", Kind: "BOOK", PublishedOn: "2020-02"},
	}}
	ids := map[string][2]string{}
	for _, typ := range cat.Types {
		name := typ.Enum
		bare := &kg.Node{ID: "bare-" + name, Type: name, Name: "Bare", Props: map[string]any{}}
		full := &kg.Node{
			ID: "full-" + name, Type: name, Name: "q", Aliases: []string{"quite"}, Description: "q",
			ExternalIDs: []kg.ExternalID{{Scheme: "x", Value: "1"}}, Props: map[string]any{},
		}
		if typ == cat.Types[0] {
			bare.ID, full.ID = "person-bare", "person-full"
		}
		for _, p := range typ.Props {
			must := cat.Schema.Types[typ.Name].Fields.ForName(p.Name).Type.NonNull
			switch p.Kind {
			case catalog.Date:
				full.Props[p.Name] = "2020-02"
			case catalog.Text:
				full.Props[p.Name] = "q"
				if must {
					bare.Props[p.Name] = "Bare"
				}
			}
		}
		b.Nodes = append(b.Nodes, bare, full)
		ids[name] = [2]string{bare.ID, full.ID}
	}
	for _, k := range cat.Kinds {
		from, to := "", ""
		for _, typ := range cat.Types {
			if from == "" && k.From.Has(typ.Index) {
				from = typ.Enum
			}
			if to == "" && k.To.Has(typ.Index) {
				to = typ.Enum
			}
		}
		for i := range 2 {
			for j := range 2 {
				bare := &kg.Link{
					Kind: k.Name, From: ids[from][i], To: ids[to][j],
					Evidence: []kg.Evidence{{Source: "s_bare", Excerpt: "x", Stance: "SUPPORTS"}},
				}
				full := &kg.Link{
					Kind: k.Name, From: ids[from][i], To: ids[to][j], Role: "q", Since: "2020-02", Until: "2020-03",
					Evidence: []kg.Evidence{
						{Source: "s_full", Excerpt: "x", Stance: "SUPPORTS"},
						{Source: "s_bare", Excerpt: "x", Stance: "SUPPORTS"},
					},
				}
				for _, l := range []*kg.Link{bare, full} {
					l.ID = l.StatedID()
					b.Links = append(b.Links, l)
				}
			}
		}
	}
	return b
}

// listed counts the records of a type that fit.
func listed(t *testing.T, s store.Store, typ *catalog.Type, f *plan.EntityFilter) int64 {
	t.Helper()
	q := &plan.Query{Start: plan.Everything, Types: 1 << typ.Index, Root: plan.Field{
		Entities: f,
		Want:     plan.Want{Total: true},
	}}
	res, err := s.Fetch(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return res.Total
}

// counted counts the links of a record that fit each of the filters, by one statement.
func counted(t *testing.T, s store.Store, cat *catalog.Catalog, id string, how plan.Follow,
	filters []*plan.LinkFilter,
) []int64 {
	t.Helper()
	on := cat.Entities
	if how == plan.LinksOf {
		on = 1 << cat.Source.Index
	}
	sel := &plan.Sel{Props: []*catalog.Prop{cat.Prop("id")}}
	for _, f := range filters {
		sel.Children = append(sel.Children, &plan.Field{
			Follow: how, On: on, Kinds: cat.AllKinds(), Out: true,
			In: how != plan.LinksOf, Other: cat.Entities, Links: f, Want: plan.Want{Total: true},
		})
	}
	q := &plan.Query{
		Start: plan.ByID, IDs: []string{id}, Types: cat.Entities | 1<<cat.Source.Index,
		Root: plan.Field{Want: plan.Want{Rows: true}, Page: plan.Paging{N: 1}, Node: sel},
	}
	res, err := s.Fetch(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]int64, len(filters))
	for i := range out {
		out[i] = res.Edges[0].Node.Children[i].Total
	}
	return out
}

// expanded counts the links that a walk meets.
func expanded(t *testing.T, s store.Store, cat *catalog.Catalog, f *plan.LinkFilter) (n int64) {
	t.Helper()
	g, keys, err := s.Walk(t.Context(), &plan.Walk{
		Asked: 1, Refs: []plan.Ref{{ID: "person-full", Types: cat.Entities}},
		Links: f,
	})
	if err == nil {
		err = g.Expand(t.Context(), keys, store.Way{Out: true, In: true},
			func(_ uint32, arcs []store.Arc) { n += int64(len(arcs)) })
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// surveyed counts the links of the whole graph.
func surveyed(t *testing.T, s store.Store, f *plan.LinkFilter) int64 {
	t.Helper()
	w, err := s.Whole(t.Context(), &plan.Walk{Links: f})
	if err != nil {
		t.Fatal(err)
	}
	return int64(len(w.Links))
}
