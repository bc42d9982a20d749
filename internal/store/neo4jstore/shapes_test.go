package neo4jstore_test

import (
	"testing"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/text"
)

// shapes are plans of every shape that Cypher is written for: their query plans are looked at, and their answers are
// compared with the oracle's. What requests become Cypher is kept in test/goldens.

type shape struct {
	name string
	// root reports which records the statement must find by an index: it may not scan a label.
	seek bool
	q    *plan.Query
}

// of returns pointers to values.
func of[T any](v T) *T { return &v }

type builder struct {
	t   testing.TB
	cat *catalog.Catalog
}

func (b *builder) types(names ...string) (s catalog.TypeSet) {
	for _, n := range names {
		if b.cat.Type(n) == nil {
			b.t.Fatalf("no type %s", n)
		}
		s |= 1 << b.cat.Type(n).Index
	}
	return s
}

func (b *builder) kinds(names ...string) (s catalog.KindSet) {
	for _, n := range names {
		s |= 1 << b.cat.Kind(n).Index
	}
	return s
}

func (b *builder) sel(props ...string) *plan.Sel {
	s := &plan.Sel{}
	for _, n := range props {
		p := b.cat.Prop(n)
		if p == nil {
			b.t.Fatalf("no property %s", n)
		}
		s.Props = append(s.Props, p)
	}
	return s
}

func with(s *plan.Sel, children ...*plan.Field) *plan.Sel {
	s.Children = append(s.Children, children...)
	return s
}

// field is a @graphLink field of the schema, first 20.
func (b *builder) field(owner, name string, node, link *plan.Sel) *plan.Field {
	lf := b.cat.LinkField(owner, name)
	if lf == nil {
		b.t.Fatalf("no field %s.%s", owner, name)
	}
	return &plan.Field{
		Follow: plan.Links, On: b.types(owner), Kinds: lf.Kinds, Out: lf.Out, In: !lf.Out, Other: lf.Other,
		Page: plan.Paging{N: 20}, Want: plan.Want{Rows: true, More: true}, Node: node, Link: link,
	}
}

// all is Entity.links.
func (b *builder) all(on catalog.TypeSet, node, link *plan.Sel) *plan.Field {
	return &plan.Field{
		Follow: plan.Links, On: on, Kinds: b.cat.AllKinds(), Out: true, In: true, Other: b.cat.Entities,
		Page: plan.Paging{N: 20}, Want: plan.Want{
			Rows: true, More: true, Cursors: true,
			Total: true,
		}, Node: node, Link: link,
	}
}

func (b *builder) derived(owner, name string, node, because *plan.Sel) *plan.Field {
	d := b.cat.DerivedField(owner, name)
	return &plan.Field{
		Follow: plan.Derived, On: b.types(owner), Derived: d, Other: 1 << d.Other.Index, Page: plan.Paging{N: 5},
		Want: plan.Want{Rows: true, More: true, Cursors: true, Total: true}, Node: node, Because: because, BecauseN: 3,
	}
}

func (b *builder) count(on catalog.TypeSet, f *plan.LinkFilter) *plan.Field {
	return &plan.Field{
		Follow: plan.LinkCount, On: on, Kinds: b.cat.AllKinds(), Out: true, In: true,
		Other: b.cat.Entities, Links: f,
	}
}

func (b *builder) evidence(n int, props ...string) *plan.Field {
	return &plan.Field{
		Follow: plan.EvidenceOf, On: b.types("Link"), Page: plan.Paging{N: n}, Want: plan.Want{
			Rows: true, More: true,
			Total: true,
		},
		Node: b.sel(props...),
	}
}

func (b *builder) single(f plan.Follow, on string, node *plan.Sel) *plan.Field {
	return &plan.Field{Follow: f, On: b.types(on), Page: plan.Paging{N: 1}, Want: plan.Want{Rows: true}, Node: node}
}

func (b *builder) linksOf(n int, node, link *plan.Sel) *plan.Field {
	return &plan.Field{
		Follow: plan.LinksOf, On: b.types("Source"), Kinds: b.cat.AllKinds(), Other: b.cat.Entities, Page: plan.Paging{N: n},
		Want: plan.Want{Rows: true, More: true, Cursors: true, Total: true}, Node: node, Link: link,
	}
}

func (b *builder) list(types catalog.TypeSet, n int, f *plan.EntityFilter, order ...plan.Order) *plan.Query {
	return &plan.Query{Start: plan.Everything, Types: types, Root: plan.Field{
		On: types, Entities: f, Order: order, Page: plan.Paging{N: n}, Want: plan.Want{
			Rows: true, More: true,
			Cursors: true,
		}, Node: b.sel("id", "name"),
	}}
}

func (b *builder) search(s string, types catalog.TypeSet) *plan.Query {
	return &plan.Query{Start: plan.Search, Types: types, Search: text.NewSearch(s), Root: plan.Field{
		On: types, Page: plan.Paging{N: 10}, Want: plan.Want{
			Rows: true, More: true, Total: true, Cursors: true,
			Highlight: true,
		}, Node: b.sel("id", "type", "name"),
	}}
}

func str(s string) kg.Value { return kg.Value{Kind: kg.String, Str: s} }

func shapes(t testing.TB, cat *catalog.Catalog) []shape {
	b := &builder{t: t, cat: cat}
	everything := cat.Entities | b.types("Source", "Link", "Evidence")
	person := b.types("Person")
	theme := func(children ...*plan.Field) *plan.Sel { return with(b.sel("id", "name"), children...) }

	chain := b.field("Person", "affiliations", with(b.sel("id", "name"),
		b.field("Institution", "organized", with(b.sel("id", "name"),
			b.field("Event", "themes", theme(), nil)), nil)), nil)
	quotes := b.field("Person", "quotes", with(b.sel("id", "text"),
		b.field("Quote", "themes", theme(), nil), b.field("Quote", "events", b.sel("id", "name", "startsOn"),
			nil)), nil)
	three := b.field("Person", "affiliations", b.sel("id", "name"), b.sel("role", "since"))
	three.Page.N = 3
	listed := b.list(person, 50, nil)
	listed.Root.Node = with(b.sel("id", "name"), three)
	source := b.single(plan.SourceOf, "Evidence", b.sel("id", "title", "url", "kind", "publisher", "authors",
		"publishedOn", "contentHash"))
	proof := b.evidence(2, "id", "excerpt", "prefix", "suffix", "stance", "verified")
	proof.Node.Children = []*plan.Field{source}
	proof.Want.Cursors = true
	after := b.evidence(1, "excerpt")
	after.Page.After = []kg.Value{kg.IntValue(0), str("e_zzzz")}
	back := b.evidence(1, "excerpt")
	back.Page.Backward = true
	counted := b.evidence(0)
	counted.Want = plan.Want{Total: true}
	ends := with(b.sel("id", "kind", "role", "since", "until", "sourceCount", "createdAt", "updatedAt", "fromName",
		"toName"),
		b.single(plan.From, "Link", b.sel("id", "type")), b.single(plan.To, "Link", b.sel("id", "type", "name")), proof)

	byID := func(node *plan.Sel, types catalog.TypeSet, id string) *plan.Query {
		return &plan.Query{
			Start: plan.ByID, IDs: []string{id}, Types: types,
			Root: plan.Field{On: types, Node: node, Want: plan.Want{Rows: true}},
		}
	}
	byRef := func(node *plan.Sel, types catalog.TypeSet, r plan.Ref) *plan.Query {
		r.Types = types
		return &plan.Query{
			Start: plan.ByRef, Refs: []plan.Ref{r}, Types: types,
			Root: plan.Field{On: types, Node: node, Want: plan.Want{Rows: true}},
		}
	}
	every := b.sel("id", "type", "name", "aliases", "description", "externalIds", "createdAt", "updatedAt", "born",
		"founded", "text", "latitude")

	filtered := func(f *plan.LinkFilter, order ...plan.Order) *plan.Field {
		x := b.all(cat.Entities, b.sel("id"), b.sel("id"))
		x.Links, x.Order = f, order
		x.Want.Facets = []plan.FacetWant{
			{By: plan.ByKind},
			{By: plan.ByRole},
			{By: plan.ByOtherType},
			{By: plan.BySource},
			{By: plan.ByYear},
		}
		return x
	}
	paged := func(p plan.Paging, order ...plan.Order) *plan.Query {
		q := b.list(person, 3, nil, order...)
		p.N = 3
		q.Root.Page = p
		return q
	}
	faceted := func(types catalog.TypeSet, f *plan.EntityFilter) *plan.Query {
		q := b.list(types, 2, f)
		q.Root.Want.Total = true
		q.Root.Want.Facets = []plan.FacetWant{
			{By: plan.ByType},
			{By: plan.ByYear},
			{By: plan.BySource},
			{By: plan.ByTheme, Node: b.sel("name")},
			{By: plan.ByInstitution},
		}
		return q
	}
	linkedTo := func(types catalog.TypeSet, r plan.Ref, l *plan.LinkedTo) *plan.Query {
		r.Types = cat.Entities
		q := b.list(types, 20, &plan.EntityFilter{LinkedTo: l})
		q.Refs = []plan.Ref{r}
		return q
	}
	sources := func(f *plan.EntityFilter, order ...plan.Order) *plan.Query {
		q := b.list(b.types("Source"), 3, f, order...)
		q.Root.Node = with(b.sel("id", "title"), b.linksOf(2, b.sel("name"), b.sel("kind", "fromName")))
		q.Root.Want.Facets = []plan.FacetWant{
			{By: plan.ByType},
			{By: plan.ByYear},
			{By: plan.BySource},
			{By: plan.ByTheme},
		}
		return q
	}
	since := plan.DateFilter{From: 19500101, To: 19801231, Bounded: true}
	certain := plan.DateFilter{From: 19500101, To: 19801231, Bounded: true, Certain: true}
	two := b.search("ada nosuchword", cat.Entities)
	two.Root.Want.Facets = []plan.FacetWant{{By: plan.ByType}}
	next := b.search("ada", cat.Entities)
	next.Root.Page.After = []kg.Value{kg.IntValue(90), str("ada"), str("p0000001")}

	return []shape{
		{"point", true, byID(b.sel("id", "name", "born"), person, "p0000001")},
		{"chain", true, byID(with(b.sel("id", "name"), chain), person, "p0000001")},
		{"quotes", true, byID(with(b.sel("id", "name"), quotes), person, "p0000001")},
		{"list with links", true, listed},
		{"node of any type", true, byID(every, everything, "q0000003")},
		{"node that is not there", true, byID(every, everything, "nobody")},
		{"nodes", true, &plan.Query{
			Start: plan.ByIDs, Types: everything,
			IDs: []string{
				"t0000001", "nobody", "p0000001", "p0000001", "s_one", "l_loop",
				"e_loop.aaaaaaaa",
			}, Root: plan.Field{Node: with(b.sel("id", "type", "title", "kind"),
				b.count(cat.Entities, nil))},
		}},
		{"link by id", true, byID(ends, everything, "l_two")},
		{"evidence by id", true, byID(with(b.sel("id", "excerpt", "verified"), source), everything,
			kg.EvidenceID("l_two", &kg.Evidence{Source: "s_two", Excerpt: "beta", Prefix: "a ", Stance: "REFUTES"}))},
		{"source by id", true, byID(with(b.sel("id", "title", "contentHash"), b.linksOf(3, b.sel("name"), ends)),
			everything, "s_two")},
		{"person by name", true, byRef(b.sel("id", "name"), person, plan.Ref{
			Name:    "Mary Kaldor",
			NameKey: "mary kaldor",
		})},
		{"entity by alias", true, byRef(every, cat.Entities, plan.Ref{Name: "LSE", NameKey: "lse"})},
		{"entity by external id", true, byRef(b.sel("id", "name"), cat.Entities, plan.Ref{Scheme: "isni", Value: "1"})},
		{"ambiguous", true, byRef(b.sel("id", "name"), cat.Entities, plan.Ref{
			Name:    "Same Name",
			NameKey: "same name",
		})},
		{"source by title", true, byRef(b.sel("id", "title"), b.types("Source"),
			plan.Ref{Name: "Source Two", NameKey: "source two"})},
		{"links of an entity", true, byID(with(b.sel("id"), b.all(cat.Entities, every, ends)), cat.Entities, "kaldor")},
		{"evidence behind a cursor", true, byID(with(b.sel("id"), after, back, counted), b.types("Link"), "l_two")},
		{"links by since", true, byID(with(b.sel("id"), filtered(nil, plan.Order{By: plan.BySince, Desc: true},
			plan.Order{By: plan.ByName})), cat.Entities, "i0000001")},
		{"links by until and sources", true, byID(with(b.sel("id"), filtered(nil, plan.Order{By: plan.ByUntil},
			plan.Order{By: plan.BySourceCount, Desc: true})), cat.Entities, "kaldor")},
		{"links filtered", true, byID(with(b.sel("id"), filtered(&plan.LinkFilter{
			Role: &plan.StringFilter{
				Contains: of("e"),
				IsNull:   of(false),
			}, During: &since, Not: &plan.LinkFilter{Kinds: of(b.kinds("ABOUT", "SAID"))},
			Or: []*plan.LinkFilter{{MinSources: of(int64(1))}, {Sources: []string{"s_one"}}, {AsOf: &since}},
		})), cat.Entities, "i0000001")},
		{"links filtered by the other end", true, byID(with(b.sel("id"), filtered(&plan.LinkFilter{
			During: &certain, And: []*plan.LinkFilter{{Other: &plan.EntityFilter{
				Name:  &plan.StringFilter{StartsWith: of("a")},
				Types: of(person), LinkCount: &plan.IntFilter{Gte: of(int64(2))},
			}}},
		}), b.count(cat.Entities, &plan.LinkFilter{Role: &plan.StringFilter{IsNull: of(true)}})), cat.Entities, "i0000001")},
		{"links that none can fit", true, byID(with(b.sel("id"), filtered(&plan.LinkFilter{Or: []*plan.LinkFilter{}})),
			cat.Entities, "i0000001")},
		{"derived themes", true, byID(with(b.sel("id"), b.derived("Person", "relatedThemes", b.sel("id", "name"),
			b.sel("id", "kind", "fromName", "toName"))), person, "p0000001")},
		{"derived themes filtered", true, func() *plan.Query {
			f := b.derived("Person", "relatedThemes", b.sel("id"), b.sel("id"))
			f.Links = &plan.LinkFilter{
				AsOf:  &plan.DateFilter{From: 20210101, To: 20211231, Bounded: true},
				Other: &plan.EntityFilter{LinkedTo: &plan.LinkedTo{Ref: 0}},
			}
			q := byID(with(b.sel("id"), f), person, "p0000001")
			q.Refs = []plan.Ref{{ID: "t0000001", Types: b.cat.Entities}}
			return q
		}()},
		{"derived people", true, byID(with(b.sel("id"), b.derived("Theme", "relatedPeople", b.sel("id"), b.sel("id"))),
			b.types("Theme"), "t0000001")},
		{"entities by name", false, b.list(cat.Entities, 10, nil)},
		{"people forward", false, paged(plan.Paging{After: []kg.Value{str("clara"), str("p0000001")}})},
		{"people backward", false, paged(plan.Paging{Backward: true})},
		{"people between", false, paged(plan.Paging{
			Backward: true, After: []kg.Value{str("b"), str("")},
			Before: []kg.Value{str("g"), str("")},
		})},
		{"people by date", false, paged(plan.Paging{After: []kg.Value{kg.IntValue(1900_01_01_1900_12_31), str("p")}},
			plan.Order{By: plan.ByDate, Desc: true})},
		{"people by links", false, paged(plan.Paging{Before: []kg.Value{kg.IntValue(7), str("c"), str("p")}},
			plan.Order{By: plan.ByLinkCount, Desc: true}, plan.Order{By: plan.ByName})},
		{"people by update", false, paged(plan.Paging{}, plan.Order{By: plan.ByUpdated})},
		{"people counted", false, &plan.Query{
			Start: plan.Everything, Types: person,
			Root: plan.Field{Want: plan.Want{Total: true}},
		}},
		{
			"people by name filter", true,
			b.list(person, 10, &plan.EntityFilter{Name: &plan.StringFilter{Eq: of("same name")}}),
		},
		{
			"people by names", true,
			b.list(person, 10,
				&plan.EntityFilter{And: []*plan.EntityFilter{{Name: &plan.StringFilter{In: []string{
					"same name",
					"mary kaldor",
				}}}}}),
		},
		{
			"people by text", false,
			b.list(cat.Entities, 10, &plan.EntityFilter{Text: &plan.StringFilter{
				Contains: of("harvest"),
				IsNull:   of(false),
			}, Not: &plan.EntityFilter{Name: &plan.StringFilter{StartsWith: of("the")}}}),
		},
		{"events by date filter", false, b.list(b.types("Event"), 10, &plan.EntityFilter{
			Date: &since,
			Or:   []*plan.EntityFilter{{Date: &certain}, {Date: &plan.DateFilter{IsNull: of(true)}}},
		})},
		{"linked to", true, linkedTo(person, plan.Ref{ID: "i0000001"}, &plan.LinkedTo{Ref: 0})},
		{"linked to a name by kind", true, linkedTo(cat.Entities, plan.Ref{Name: "LSE", NameKey: "lse"},
			&plan.LinkedTo{Ref: 0, Kinds: of(b.kinds("AFFILIATED_WITH"))})},
		{"linked to an ambiguous name", true, linkedTo(person, plan.Ref{Name: "Same Name", NameKey: "same name"},
			&plan.LinkedTo{Ref: 0})},
		{"linked to what fits", false, b.list(person, 10, &plan.EntityFilter{LinkedTo: &plan.LinkedTo{
			Ref: -1,
			Kinds: of(b.kinds("SAID",
				"AFFILIATED_WITH")), Where: &plan.EntityFilter{Name: &plan.StringFilter{Contains: of("council")}},
		}})},
		{"facets", false, faceted(person, nil)},
		{
			"facets of all types", false,
			faceted(cat.Entities, &plan.EntityFilter{LinkCount: &plan.IntFilter{
				Gte: of(int64(3)),
				Lte: of(int64(9)),
			}}),
		},
		{"sources", false, sources(nil)},
		{"sources by links", false, sources(&plan.EntityFilter{
			LinkCount: &plan.IntFilter{Gte: of(int64(1))},
			Date: &plan.DateFilter{
				From: 20200101, To: 20221231,
				Bounded: true,
			},
		}, plan.Order{By: plan.ByLinkCount, Desc: true})},
		{"sources linked to", true, func() *plan.Query {
			q := linkedTo(b.types("Source"), plan.Ref{ID: "kaldor"}, &plan.LinkedTo{Ref: 0})
			q.Root.Node = b.sel("id", "title")
			return q
		}()},
		{"linked to what is linked", false, func() *plan.Query {
			inner := &plan.EntityFilter{LinkedTo: &plan.LinkedTo{
				Ref:   -1,
				Where: &plan.EntityFilter{Name: &plan.StringFilter{Eq: of("lse")}},
			}}
			q := b.list(person, 10, linkedThrough(&plan.EntityFilter{Not: linkedThrough(inner)}))
			q.Root.Want.Total = true
			return q
		}()},
		{"linked to what is linked to a name", true, func() *plan.Query {
			q := linkedTo(person, plan.Ref{Name: "LSE", NameKey: "lse"},
				linkedThrough(&plan.EntityFilter{LinkedTo: &plan.LinkedTo{
					Ref:   0,
					Kinds: of(b.kinds("AFFILIATED_WITH")),
				}}).LinkedTo)
			q.Root.Entities.Name = &plan.StringFilter{In: []string{"mary kaldor", "same name"}}
			return q
		}()},
		{"sources linked to what is linked", false, sources(linkedThrough(&plan.EntityFilter{Or: []*plan.EntityFilter{
			linkedThrough(&plan.EntityFilter{Text: &plan.StringFilter{Contains: of("human security")}}),
			linkedThrough(&plan.EntityFilter{Types: of(b.types("Place"))}),
		}}))},
		{"nodes with links to what is linked", true, &plan.Query{
			Start: plan.ByIDs, Types: everything,
			IDs: []string{"t0000001", "p0000001", "s_one"}, Root: plan.Field{
				Node: with(b.sel("id"),
					b.count(cat.Entities,
						&plan.LinkFilter{Other: linkedThrough(linkedThrough(&plan.EntityFilter{Types: of(b.types("Event"))}))})),
			},
		}},
		{"derived themes linked to what is linked", true, func() *plan.Query {
			f := b.derived("Person", "relatedThemes", b.sel("id"), b.sel("id"))
			f.Links = &plan.LinkFilter{Other: linkedThrough(linkedThrough(nil))}
			return byID(with(b.sel("id"), f), person, "p0000001")
		}()},
		{"search", true, b.search("mary kaldor", cat.Entities)},
		{"search misspelt", true, b.search("mari kaldr", person)},
		{"search by initials", true, b.search("m. kaldor", person)},
		{"search for a phrase", true, b.search(`"human security" nato`, everything)},
		{"search for some words", true, two},
		{"search goes on", true, next},
		{"search of sources", true, b.search("mary kaldor", b.types("Source"))},
		{"search of everything", true, b.search("mary kaldor", everything)},
		{"search for nothing", true, b.search("  ", cat.Entities)},
		{"statistics", false, &plan.Query{Start: plan.Statistics}},
	}
}

// linkedThrough is a filter for what is linked to what fits another.
func linkedThrough(f *plan.EntityFilter) *plan.EntityFilter {
	return &plan.EntityFilter{LinkedTo: &plan.LinkedTo{Ref: -1, Where: f}}
}

// small is a graph of some size with something of everything.
func small() (sources []*kg.Source, nodes []*kg.Node, links []*kg.Link) {
	source, nodes, links := peerGraph(30)
	b := storetest.Small()
	return append([]*kg.Source{source}, b.Sources...), append(nodes, b.Nodes...), append(links, b.Links...)
}
