package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/text"
)

// random makes graphs and plans. Everything is drawn from small sets, so that names collide after folding, dates are
// equal, pairs carry several links and cursors fall on ties.
type random struct {
	*rand.Rand
	cat   *catalog.Catalog
	nodes []*kg.Node
	links []*kg.Link
	srcs  []*kg.Source
	refs  []plan.Ref
	// listed is the type that a list is of, whose properties its filter asks for; nil for a filter of entities of any.
	listed *catalog.Type
}

var (
	someNames = []string{
		"Mary Kaldor", "mary  KALDOR", "Máry Káldor", "NATO", "Nato Review", "Human security", "protection of civilians", "Protection",
		"Ærø", "Zürich", "李明", "𝒜lpha", "alpha", "Étude", "etude", "O'Neill", "x~y", "a b c", "London School", "London", "civilians in conflict",
		"ハナ", "バナ", "ﾊﾞﾅ", "パナ", "東京タワー", "राम", "रामा", "कर्म", "محمد", "مُحَمَّد", "أحمد", "احمد", "שָׁלוֹם", "ประเทศไทย", "มา", "ม้า", "대한민국", "Сергей", "Сергеи",
		"O’Neill", "Jean-Luc Picard", "Jean–Luc Pi\u00adcard", "Kal\u200bdor", "F.B.I.", "FBI", "CO₂", "D. Trump", "Donald Trump",
	}
	someTexts = []string{
		"Human Security is about protecting civilians.", "It is about people in Afghanistan and the Congo.", "Nothing of the kind", "NATO said so: «priority»",
		"CO₂ and the F.B.I. — a ‘soft\u00adhyphen’", "राम और श्याम, कर्म", "東京タワーと京都", "قال مُحَمَّد: أحمد", "ประเทศไทย มา",
	}
	// sourceTexts and someQuotes meet what comparing words could trip over: of each text, quotes that stand in it as
	// they are or written otherwise, and some that stand nowhere
	sourceTexts = []string{
		"Human Security is about protecting civilians.",
		"It is  about\r\npeople in Afgha\u00adnistan and the Congo — “cafe\u0301” 𝒜lpha. It is about people.",
		"NATO said so: «priority», the people’s\u00a0own. 李明 said so 1999–2003.",
	}
	someQuotes = []string{
		"Human Security is about", "is about people", "is about\npeople", "Afghanistan", "Congo - \"café\"", "Congo — “cafe\u0301” 𝒜lpha", "said so: \"priority\"",
		"people's own", "said so 1999-2003", "said so", "Nothing of the kind", "is abaut people", "so", "cafe",
	}
	// someQuotations are words of quotations, some of which leave something out.
	someQuotations = []string{
		"Human Security is about protecting civilians", "Human Security … civilians.", "civilians […] Human Security", "people in Afghanistan ... people",
		"NATO said so: \"priority\"", "NATO said so … 李明", "NATO never said so", "It is abaut people", "…",
	}
	someDates = []string{"", "", "2019", "2020", "2020-02", "2020-02-29", "2021-02-25", "2021", "0044-03"}
	someRoles = []string{"", "", "Professor", "professor", "moderator", "Chairman of the board"}
	someWords = []string{
		"mary", "kaldr", "civilians", "civillians", "security human", "nato", "prot", "zurich", "afganistan congo", "nothing", "x", "李明", "london scool", "alpha etude", "qqqq",
		"राम", "バナ", "ハナ", "京タ", "タワー", "محمد", "احمد", "มา", "민국", "сергей", "o'neill", "jean luc", "co2", "FBI", "F.B.I.", "d. trump", "tru", "softhyphen",
		"M. Kaldor", "J.-L. Picard", "F. B. I.", "T. D.", "Z. Q.", `"human security" nato`, "“Kaldor Mary”", "«mary kaldor», x", `"is about" civilians`, `"東京" x`, `"nothing`, `"FBI"`,
		"Y:1", "x:2", "1", "N2", "n11", "nobody", "-", `"x y`, "the of and a to in that is was he for it with as his on be at by i this had mary alpha so",
	}
)

func pick[T any](r *random, list []T) T { return list[r.IntN(len(list))] }

func (r *random) yes() bool { return r.IntN(2) == 0 }

// graph makes a random graph that fits the catalogue.
func (r *random) graph(nodes, links int) {
	for i := range 3 {
		s := &kg.Source{ID: fmt.Sprintf("s_%d", i), Title: pick(r, someNames), Kind: pick(r, []string{"ARTICLE", "BOOK"}), PublishedOn: kg.PartialDate(pick(r, someDates))}
		if r.yes() {
			s.Text, s.Publisher, s.Authors, s.URL = sourceTexts[i], "P", []string{"A", pick(r, someNames), "A"}[:1+r.IntN(3)], "https://example.org/"
		}
		r.srcs = append(r.srcs, s)
	}
	for i := range nodes {
		t := pick(r, r.cat.Types)
		n := &kg.Node{ID: fmt.Sprintf("n%d", i), Type: t.Enum, Name: pick(r, someNames), CreatedAt: kg.TimeAt(int64(r.IntN(3)) - 1), UpdatedAt: kg.TimeAt(int64(r.IntN(3)) - 1)}
		if r.IntN(3) == 0 {
			n.Aliases = []string{pick(r, someNames), pick(r, someNames) + " II"}
		}
		if r.IntN(3) == 0 {
			n.Description = pick(r, someTexts)
		}
		if r.IntN(4) == 0 {
			n.ExternalIDs = []kg.ExternalID{{Scheme: "x", Value: fmt.Sprint(r.IntN(3))}, {Scheme: "y", Value: "1", URL: "https://example.org/1"}}
		}
		if r.IntN(4) == 0 {
			n.FormerIDs = []string{fmt.Sprintf("was%d", i), fmt.Sprintf("once%d", i)}[:1+r.IntN(2)]
		}
		for _, p := range t.Props {
			must := r.cat.Schema.Types[t.Name].Fields.ForName(p.Name).Type.NonNull
			if !must && r.yes() {
				continue
			}
			if n.Props == nil {
				n.Props = map[string]any{}
			}
			switch p.Kind {
			case catalog.Date:
				if d := pick(r, someDates); d != "" {
					n.Props[p.Name] = d
				}
			case catalog.Int:
				n.Props[p.Name] = int64(r.IntN(1000))
			case catalog.Float:
				n.Props[p.Name] = float64(r.IntN(180)) + 0.25
			case catalog.Bool:
				n.Props[p.Name] = r.yes()
			default:
				n.Props[p.Name] = pick(r, someTexts)
			}
		}
		if q := t.Quoted; q != nil && r.IntN(4) > 0 {
			n.Props[q.Words.Name] = pick(r, someQuotations)
		}
		if len(n.Props) == 0 {
			n.Props = nil
		}
		r.nodes = append(r.nodes, n)
	}
	for range links {
		k := pick(r, r.cat.Kinds)
		for r.IntN(3) == 0 && !r.cat.Quoting.Has(k.Index) { // by chance alone, few are
			k = pick(r, r.cat.Kinds)
		}
		var from, to []*kg.Node
		for _, n := range r.nodes {
			if i := r.cat.TypeOf(n.Type).Index; k.From.Has(i) {
				from = append(from, n)
			}
			if i := r.cat.TypeOf(n.Type).Index; k.To.Has(i) {
				to = append(to, n)
			}
		}
		if len(from) == 0 || len(to) == 0 {
			continue
		}
		l := &kg.Link{Kind: k.Name, From: pick(r, from).ID, To: pick(r, to).ID, Role: pick(r, someRoles), CreatedAt: kg.TimeAt(int64(r.IntN(3)) - 1), UpdatedAt: kg.TimeAt(int64(r.IntN(3)) - 1)}
		if r.IntN(4) == 0 { // a hub
			l.From = from[0].ID
		}
		if i := slices.IndexFunc(to, func(n *kg.Node) bool { return n.ID == l.From }); i >= 0 && r.IntN(3) == 0 {
			l.To = l.From
		}
		l.Since, l.Until = kg.PartialDate(pick(r, someDates)), kg.PartialDate(pick(r, someDates))
		l.ID = l.StatedID()
		if slices.ContainsFunc(r.links, func(o *kg.Link) bool { return o.ID == l.ID }) {
			continue
		}
		refuted := r.IntN(4) == 0 // by chance alone, few are
		for range 1 + r.IntN(3) {
			e := kg.Evidence{Source: pick(r, r.srcs).ID, Excerpt: pick(r, someQuotes), Stance: pick(r, []string{kg.Supports, kg.Supports, kg.Refutes})}
			if refuted {
				e.Stance = kg.Refutes
			}
			if r.yes() {
				e.Prefix, e.Suffix = pick(r, []string{"before ", "", "It is ", "NATO"}), pick(r, []string{"", " after", "people"})
			}
			if !slices.ContainsFunc(l.Evidence, func(o kg.Evidence) bool { return o == e }) {
				l.Evidence = append(l.Evidence, e)
			}
		}
		r.links = append(r.links, l)
	}
}

func (r *random) batch() *store.Batch {
	return &store.Batch{Sources: r.srcs, Nodes: r.nodes, Links: r.links}
}

// Graph is a random graph, the same for the same seed.
func Graph(cat *catalog.Catalog, seed uint64, nodes, links int) *store.Batch {
	r := &random{Rand: rand.New(rand.NewPCG(seed, 7)), cat: cat}
	r.graph(nodes, links)
	return r.batch()
}

// query makes a random plan over the graph.
func (r *random) query() *plan.Query {
	r.refs = nil
	all := r.cat.Entities | 1<<r.cat.Source.Index | 1<<r.cat.Link.Index | 1<<r.cat.Evidence.Index
	q := &plan.Query{Types: r.cat.Entities}
	switch r.IntN(8) {
	case 0:
		q.Start, q.IDs, q.Types = plan.ByIDs, []string{r.id(), "nobody", r.id(), r.id()}, all
		q.Root.Node = r.sel(all, 3)
	case 1:
		q.Start = plan.ByRef
		q.Types = pick(r, []catalog.TypeSet{r.cat.Entities, 1 << r.cat.Types[0].Index, 1 << r.cat.Source.Index})
		r.refs = append(r.refs, r.ref(q.Types))
		q.Root.Node = r.sel(q.Types, 3)
	case 2:
		q.Start, q.Search = plan.Search, text.NewSearch(r.search())
		if r.yes() {
			one, two := pick(r, r.cat.Types), pick(r, r.cat.Types)
			q.Types = 1<<one.Index | 1<<two.Index
		}
		switch source := catalog.TypeSet(1) << r.cat.Source.Index; r.IntN(3) {
		case 0:
			q.Types |= source
		case 1:
			q.Types = source
		}
		q.Root = *r.list(plan.Field{Want: plan.Want{Highlight: true}}, q.Types, 1, plan.WeightKinds(), false)
		q.Root.Want.Facets = r.facets(entityFacets, 2)
	case 3:
		q.Start = plan.Statistics
	case 4:
		q.Start = plan.EveryLink
		f := plan.Field{Order: r.order(true)}
		if r.yes() {
			f.Links = r.linkFilter(2)
		}
		q.Root = *r.list(f, q.Types, 2, nil, true)
		q.Root.Want.Facets = r.facets(linkFacets, 2)
	default:
		q.Start = plan.Everything
		of := pick(r, append(slices.Clone(r.cat.Types), r.cat.Source))
		q.Types = 1 << of.Index
		f := plan.Field{}
		f.Order = r.order(false)
		if r.yes() {
			r.listed = of
			f.Entities = r.entityFilter(2)
			r.listed = nil
		}
		q.Root = *r.list(f, q.Types, 2, nil, false)
		if q.Root.Want.Facets = r.facets(entityFacets, 2); of == r.cat.Source {
			q.Root.Want.Facets = r.facets(sourceFacets, 3)
		}
	}
	q.Refs = r.refs
	return q
}

// search is a search text: one of someWords, several, or a name.
func (r *random) search() string {
	switch r.IntN(8) {
	case 0:
		return pick(r, someWords) + " " + pick(r, someWords)
	case 1:
		return strings.Join(append(append(slices.Clone(someWords[r.IntN(len(someWords)):]), someNames...), someTexts...), " ")
	case 2:
		return `"` + pick(r, append(slices.Clone(someNames), someTexts...)) + `" ` + pick(r, someWords)
	case 3:
		return pick(r, someNames)
	}
	return pick(r, someWords)
}

func (r *random) id() string {
	switch r.IntN(5) {
	case 0:
		return pick(r, r.srcs).ID
	case 1:
		if len(r.links) > 0 {
			return pick(r, r.links).ID
		}
	case 2:
		if len(r.links) > 0 {
			l := pick(r, r.links)
			return kg.EvidenceID(l.ID, r.stored(&l.Evidence[0]))
		}
	}
	return r.nodeID()
}

// nodeID is the id of an entity, or a former one.
func (r *random) nodeID() string {
	n := pick(r, r.nodes)
	if len(n.FormerIDs) > 0 && r.yes() {
		return pick(r, n.FormerIDs)
	}
	return n.ID
}

// stored is a piece of evidence as it is stored.
func (r *random) stored(e *kg.Evidence) *kg.Evidence {
	i := slices.IndexFunc(r.srcs, func(s *kg.Source) bool { return s.ID == e.Source })
	v := rules.Verified(*e, rules.NewText(r.srcs[i].Text))
	return &v
}

func (r *random) ref(types catalog.TypeSet) plan.Ref {
	ref := plan.Ref{Types: types}
	switch r.IntN(4) {
	case 0:
		ref.Scheme, ref.Value = "x", fmt.Sprint(r.IntN(4))
	case 1:
		ref.Name = pick(r, someNames)
		if r.yes() {
			ref.Name += " II"
		}
		ref.NameKey = text.Fold(ref.Name)
		if types == 1<<r.cat.Source.Index && r.yes() {
			ref = plan.Ref{Types: types, URL: pick(r, r.srcs).URL + pick(r, []string{"", "x"})}
			if ref.URL == "" {
				ref.URL = "https://example.org/"
			}
		}
	default:
		ref.ID = r.nodeID()
		if types.Has(r.cat.Source.Index) {
			ref.ID = pick(r, r.srcs).ID
		}
	}
	if ref.ID != "" {
		return ref
	}
	switch r.IntN(6) {
	case 0:
		ref.Types &= 1<<pick(r, r.cat.Types).Index | 1<<r.cat.Source.Index // maybe nothing
	case 1:
		ref.Types &= r.cat.Titled() | 1<<pick(r, r.cat.Types).Index | 1<<r.cat.Source.Index
	}
	return ref
}

// list fills in the page and wants of a list.
func (r *random) list(f plan.Field, node catalog.TypeSet, depth int, kinds []kg.ValueKind, link bool) *plan.Field {
	f.Page.N = pick(r, []int{0, 1, 2, 3, 5, 20})
	f.Page.Backward = r.IntN(3) == 0
	f.Want.Rows, f.Want.Total, f.Want.More, f.Want.Cursors = r.IntN(8) > 0, r.yes(), r.yes(), r.yes()
	if kinds == nil {
		kinds = plan.KeyKinds(orDefault(f.Order))
	}
	for _, to := range []*[]kg.Value{&f.Page.After, &f.Page.Before} {
		if r.IntN(4) == 0 {
			for i, k := range kinds {
				v := kg.Value{Kind: k, Int: int64(r.IntN(12))}
				if k == kg.String {
					if v.Int, v.Str = 0, text.SortKey(pick(r, someNames)); i == len(kinds)-1 {
						v.Str = r.id()
					}
				} else if v.Int > 8 {
					v.Int = pick(r, []int64{20200101*1e8 + 20201231, 0, int64(kg.MaxDay)*1e8 + int64(kg.MaxDay), 20190101 * 1e8})
				}
				*to = append(*to, v)
			}
		}
	}
	f.Binding = plan.Binding(fmt.Sprint(f.Follow, f.On), f.Order)
	if r.IntN(6) > 0 {
		f.Node = r.sel(node, depth-1)
	}
	if link && r.yes() {
		f.Link = r.sel(1<<r.cat.Link.Index, depth-1)
	}
	return &f
}

func (r *random) order(links bool) (out []plan.Order) {
	by := []plan.OrderBy{plan.ByName, plan.ByDate, plan.ByLinkCount, plan.ByUpdated}
	if links {
		by = []plan.OrderBy{plan.ByName, plan.BySince, plan.ByUntil, plan.BySourceCount}
	}
	for range r.IntN(3) {
		out = append(out, plan.Order{By: pick(r, by), Desc: r.yes()})
	}
	return out
}

// What the lists of these tests are counted by.
var (
	linkFacets   = []plan.FacetBy{plan.ByKind, plan.ByRole, plan.ByOtherType, plan.BySource, plan.ByYear}
	entityFacets = []plan.FacetBy{plan.ByType, plan.ByTheme, plan.ByInstitution, plan.BySource, plan.ByYear}
	sourceFacets = []plan.FacetBy{plan.BySourceKind, plan.ByPublisher, plan.ByAuthor, plan.ByYear, plan.ByTheme, plan.ByInstitution}
)

// facets are some of those that a list has: of links, of sources, or of entities and what a search finds.
func (r *random) facets(by []plan.FacetBy, most int) (out []plan.FacetWant) {
	for range r.IntN(most + 1) {
		w := plan.FacetWant{By: pick(r, by)}
		if w.By.Named() && r.IntN(3) > 0 {
			w.Node = r.sel(r.cat.Entities|1<<r.cat.Source.Index, 0)
		}
		out = append(out, w)
	}
	return out
}

// sel makes a random selection on records of these types.
func (r *random) sel(types catalog.TypeSet, depth int) *plan.Sel {
	s := &plan.Sel{Props: []*catalog.Prop{r.cat.Prop("id")}}
	for _, p := range r.cat.Props {
		if p.Name != "id" && r.IntN(4) == 0 {
			s.Props = append(s.Props, p)
		}
	}
	if depth <= 0 {
		return s
	}
	for range r.IntN(3) {
		var of []*catalog.Type
		for i := uint8(1); i <= r.cat.Evidence.Index; i++ {
			if types.Has(i) {
				of = append(of, r.cat.TypeAt(i))
			}
		}
		s.Children = append(s.Children, r.child(pick(r, of), depth))
	}
	return s
}

func (r *random) child(t *catalog.Type, depth int) *plan.Field {
	f := plan.Field{On: 1 << t.Index}
	switch t {
	case r.cat.Link:
		switch r.IntN(3) {
		case 0:
			f.Follow = plan.From
		case 1:
			f.Follow = plan.To
		default:
			f.Follow = plan.EvidenceOf
			f.Stance = pick(r, []string{"", "", kg.Supports, kg.Refutes})
			return r.list(f, 1<<r.cat.Evidence.Index, depth, plan.PositionKinds(), false)
		}
		f.Node = r.sel(r.cat.Entities, depth-1)
		return &f
	case r.cat.Evidence:
		if r.IntN(3) == 0 {
			f.Follow = plan.LinkOf
			f.Node = r.sel(1<<r.cat.Link.Index, depth-1)
			return &f
		}
		f.Follow = plan.SourceOf
		f.Node = r.sel(1<<r.cat.Source.Index, depth-1)
		return &f
	case r.cat.Source:
		f.Follow, f.Out, f.Order = plan.LinksOf, true, r.order(true)
		if r.yes() {
			f.Links = r.linkFilter(2)
		}
		f.Want.Facets = r.facets(linkFacets, 1)
		return r.list(f, r.cat.Entities, depth, nil, true)
	}
	var fields []string
	for _, d := range r.cat.Schema.Types[t.Name].Fields {
		if r.cat.LinkField(t.Name, d.Name) != nil || r.cat.DerivedField(t.Name, d.Name) != nil || d.Name == "links" || d.Name == "linkCount" {
			fields = append(fields, d.Name)
		}
	}
	name := pick(r, fields)
	f.Kinds, f.Out, f.In, f.Other = r.cat.AllKinds(), true, true, r.cat.Entities
	if df := r.cat.DerivedField(t.Name, name); df != nil {
		f.Follow, f.Derived, f.Other = plan.Derived, df, 1<<df.Other.Index
		if r.IntN(3) == 0 {
			f.Links = r.linkFilter(2)
		}
		if r.yes() {
			f.Because, f.BecauseN = r.sel(1<<r.cat.Link.Index, depth-1), 1+r.IntN(4)
		}
		return r.list(f, f.Other, depth, plan.WeightKinds(), false)
	}
	if lf := r.cat.LinkField(t.Name, name); lf != nil {
		f.Kinds, f.Out, f.In, f.Other = lf.Kinds, lf.Out, !lf.Out, lf.Other
	}
	if r.yes() {
		f.Links = r.linkFilter(2)
	}
	if name == "linkCount" {
		f.Follow = plan.LinkCount
		f.Want.Total = true
		return &f
	}
	f.Order = r.order(true)
	f.Want.Facets = r.facets(linkFacets, 1)
	return r.list(f, f.Other, depth, nil, true)
}

func (r *random) stringFilter(from []string) *plan.StringFilter {
	f := &plan.StringFilter{}
	s := text.Fold(pick(r, from))
	switch r.IntN(6) {
	case 0:
		f.Eq = &s
	case 1:
		f.In = []string{s, text.Fold(pick(r, from))}
	case 2:
		runes := []rune(s)
		s = string(runes[len(runes)/3:])
		f.Contains = &s
	case 3:
		s = string([]rune(s)[:len([]rune(s))/2])
		f.StartsWith = &s
	case 4:
		is := r.yes()
		f.IsNull = &is
	default:
		f.In = []string{}
	}
	return f
}

func (r *random) dateFilter() *plan.DateFilter {
	f := &plan.DateFilter{From: kg.MinDay, To: kg.MaxDay, Certain: r.yes()}
	if d := pick(r, someDates); d != "" {
		f.Bounded = true
		f.From, _ = kg.PartialDate(d).Interval()
	}
	if d := pick(r, someDates); d != "" {
		f.Bounded = true
		_, f.To = kg.PartialDate(d).Interval()
	}
	if f.From > f.To {
		f.From, f.To = f.To, f.From // a filter that ends before it begins is refused before a store sees it
	}
	if r.IntN(4) == 0 {
		is := r.yes()
		f.IsNull = &is
	}
	return f
}

func (r *random) kindSet() *catalog.KindSet {
	var k catalog.KindSet
	for range r.IntN(4) {
		k |= 1 << pick(r, r.cat.Kinds).Index
	}
	return &k
}

func (r *random) number(most int) *int64 {
	n := int64(r.IntN(most))
	return &n
}

func (r *random) entityFilter(depth int) *plan.EntityFilter {
	if depth > 0 && r.IntN(6) == 0 {
		return r.nested(1 + r.IntN(3))
	}
	f := &plan.EntityFilter{}
	for range 1 + r.IntN(2) {
		switch r.IntN(5) {
		case 0: // what is missing must not fit, and then its negation must
			g := &plan.EntityFilter{}
			r.entityPart(g, 0)
			f.Not = g
		case 1:
			if depth == 0 {
				continue
			}
			switch r.IntN(3) {
			case 0:
				f.Not = r.entityFilter(depth - 1)
			case 1:
				f.And = []*plan.EntityFilter{r.entityFilter(depth - 1), r.entityFilter(depth - 1)}
			default:
				f.Or = []*plan.EntityFilter{r.entityFilter(depth - 1), r.entityFilter(depth - 1)}[:r.IntN(3)]
			}
		default:
			r.entityPart(f, depth)
		}
	}
	return f
}

// entityPart sets one condition of a filter.
func (r *random) entityPart(f *plan.EntityFilter, depth int) {
	switch r.IntN(15) { // subqueries are few: planning them takes Neo4j its time
	case 13, 14:
		f.Props = append(f.Props, r.propFilter())
	case 10:
		f.IDs = r.ids()
	case 11:
		f.ExternalIDs = [][2]string{{"x", "1"}, {"y", "none"}}[:r.IntN(3)]
		for _, e := range pick(r, r.nodes).ExternalIDs {
			f.ExternalIDs = append(f.ExternalIDs, [2]string{e.Scheme, e.Value})
		}
	case 12:
		if r.yes() {
			f.Created = r.timeFilter()
		} else {
			f.Updated = r.timeFilter()
		}
	case 0:
		var t catalog.TypeSet
		for range r.IntN(4) {
			t |= 1 << pick(r, r.cat.Types).Index
		}
		f.Types = &t
	case 1, 2:
		f.Name = r.stringFilter(someNames)
	case 3, 4:
		f.Text = r.stringFilter(append(slices.Clone(someNames), someTexts...))
	case 5, 6, 7:
		f.Date = r.dateFilter()
	case 8:
		f.LinkCount = &plan.IntFilter{Gte: r.number(4)}
		if r.yes() {
			f.LinkCount.Lte = r.number(6)
		}
	default:
		f.LinkedTo = r.linkedTo()
		if depth > 0 && r.yes() {
			f.LinkedTo.Where = r.entityFilter(depth - 1)
		}
	}
}

// propFilter returns a condition on a property: of the type that is listed, now and then of another.
func (r *random) propFilter() *plan.PropFilter {
	of := r.listed
	if of == nil || len(of.Props) == 0 || r.IntN(8) == 0 {
		of = pick(r, append(slices.Clone(r.cat.Types), r.cat.Source))
	}
	props := slices.DeleteFunc(slices.Clone(of.Props), func(p *catalog.Prop) bool {
		return p.Name == "id" || p.Name == catalog.SourceText
	})
	if of.Quoted != nil {
		props = append(props, of.Quoted.Verified)
	}
	if len(props) == 0 {
		props = []*catalog.Prop{r.cat.Prop("publisher")}
	}
	f := &plan.PropFilter{Prop: pick(r, props)}
	is := r.yes()
	switch f.Prop.Kind {
	case catalog.Date:
		f.Date = r.dateFilter()
	case catalog.Int:
		f.Int = &plan.IntFilter{Gte: r.number(1000)}
		if r.yes() {
			f.Int.Lte = r.number(1000)
		}
		if r.IntN(4) == 0 {
			f.Int = &plan.IntFilter{IsNull: &is}
		}
	case catalog.Float:
		from, to := float64(r.IntN(180)), float64(r.IntN(180))+0.25
		if f.Float = (&plan.FloatFilter{Gte: &from, Lte: &to}); is {
			f.Float = &plan.FloatFilter{Eq: &to}
		}
	case catalog.Bool:
		if f.Bool = (&plan.BoolFilter{Eq: &is}); r.yes() {
			f.Bool = &plan.BoolFilter{IsNull: &is}
		}
	default:
		switch f.Text = r.stringFilter(append([]string{"P", "A", "https://example.org/"}, someTexts...)); {
		case f.Prop.Enum == nil:
		case is:
			f.Text = &plan.StringFilter{In: []string{"BOOK", pick(r, someTexts)}}
		default:
			one := "ARTICLE"
			f.Text = &plan.StringFilter{Eq: &one}
		}
	}
	return f
}

func (r *random) linkedTo() *plan.LinkedTo {
	l := &plan.LinkedTo{Ref: -1}
	if r.yes() {
		l.Ref = len(r.refs)
		ref := plan.Ref{ID: r.nodeID(), Types: r.cat.Entities}
		switch r.IntN(16) { // most name an entity: of a plan with one that does not there is only an error to compare
		case 0:
			ref = plan.Ref{ID: "nobody", Types: r.cat.Entities}
		case 1, 2, 3:
			ref = r.ref(r.cat.Entities)
		}
		r.refs = append(r.refs, ref)
	}
	if r.yes() {
		l.Kinds = r.kindSet()
	}
	if r.IntN(3) == 0 {
		l.Link = r.linkFilter(0)
	}
	return l
}

// ids are those of some records, and of none.
func (r *random) ids() []string {
	out := []string{}
	for range r.IntN(4) {
		switch r.IntN(6) {
		case 0:
			out = append(out, "nobody")
		case 1:
			out = append(out, pick(r, r.srcs).ID)
		case 2:
			for _, l := range r.links[:min(2, len(r.links))] {
				out = append(out, l.ID)
			}
		default:
			out = append(out, r.nodeID())
		}
	}
	return out
}

// timeFilter bounds the times that records of these tests have.
func (r *random) timeFilter() *plan.TimeFilter {
	f, at := &plan.TimeFilter{}, func() *int64 {
		ms := Clock().UnixMilli() + int64(r.IntN(3)) - 1
		if r.yes() {
			ms = pick(r, r.nodes).UpdatedAt.UnixMilli() + int64(r.IntN(3)) - 1
		}
		return &ms
	}
	if r.yes() {
		f.After = at()
	}
	if r.yes() {
		f.Before = at()
	}
	return f
}

// nested returns a filter of so many LinkedTo, each within the where of another, with and, or and not between them.
func (r *random) nested(levels int) *plan.EntityFilter {
	f := &plan.EntityFilter{LinkedTo: r.linkedTo()}
	if levels > 1 {
		f.LinkedTo.Where = r.nested(levels - 1)
	}
	switch r.IntN(5) {
	case 0:
		return &plan.EntityFilter{Not: f}
	case 1:
		return &plan.EntityFilter{Or: []*plan.EntityFilter{r.entityFilter(0), f}}
	case 2:
		return &plan.EntityFilter{And: []*plan.EntityFilter{f, r.nested(1)}}
	case 3:
		r.entityPart(f, 0)
		if f.LinkedTo.Where == nil {
			f.LinkedTo.Where = r.entityFilter(0)
		}
	}
	return f
}

func (r *random) linkFilter(depth int) *plan.LinkFilter {
	f := &plan.LinkFilter{}
	for range 1 + r.IntN(2) {
		switch r.IntN(5) {
		case 0: // as in entityFilter
			g := &plan.LinkFilter{}
			r.linkPart(g, 0)
			f.Not = g
		case 1:
			if depth == 0 {
				continue
			}
			switch r.IntN(3) {
			case 0:
				f.Not = r.linkFilter(depth - 1)
			case 1:
				f.And = []*plan.LinkFilter{r.linkFilter(depth - 1)}
			default:
				f.Or = []*plan.LinkFilter{r.linkFilter(depth - 1), r.linkFilter(depth - 1)}[:r.IntN(3)]
			}
		default:
			r.linkPart(f, depth)
		}
	}
	return f
}

// linkPart sets one condition of a filter.
func (r *random) linkPart(f *plan.LinkFilter, depth int) {
	switch r.IntN(14) {
	case 12:
		f.IDs = r.ids()
	case 13:
		if r.yes() {
			f.Created = r.timeFilter()
		} else {
			f.Updated = r.timeFilter()
		}
	case 10, 11:
		f.Standing = []kg.Standing{}
		for range r.IntN(3) {
			f.Standing = append(f.Standing, pick(r, []kg.Standing{kg.Supported, kg.Disputed, kg.Refuted}))
		}
	case 0:
		f.Kinds = r.kindSet()
	case 1, 2:
		f.Role = r.stringFilter([]string{"Professor", "moderator", "chairman of the board"})
	case 3:
		if f.Other = r.entityFilter(max(0, depth-1)); r.IntN(4) == 0 {
			f.Other = r.nested(2)
		}
	case 4:
		if d := r.dateFilter(); d.Bounded {
			f.AsOf = d
		}
	case 5, 6:
		f.During = r.dateFilter()
	case 7:
		f.Sources = []string{pick(r, r.srcs).ID, "s_none"}[:r.IntN(3)]
	case 8:
		is := r.yes()
		f.Verified = &is
	default:
		f.MinSources = r.number(4)
	}
}

// Fill writes a batch into a store as one load.
func Fill(ctx context.Context, s store.Loader, b *store.Batch) error { return fillAs(ctx, s, b, nil) }

// Clock is the time of every load in these tests: what is exported can be compared.
func Clock() time.Time { return time.UnixMilli(1_700_000_000_000) }

// AllRounds is the number of Rounds from which Neo4j is asked all that it takes long to plan.
const AllRounds = 12

// Rounds is how many times as many graphs as by default the random suites draw: THROUGHLINE_TEST_ROUNDS, or 1.
func Rounds(t testing.TB) int {
	t.Helper()
	given := os.Getenv("THROUGHLINE_TEST_ROUNDS")
	if given == "" {
		return 1
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < 1 {
		t.Fatalf("THROUGHLINE_TEST_ROUNDS is %q: write a number from 1", given)
	}
	return n
}

// seldom is of how many things that take a store long one is asked by default.
const seldom = 48

// Turns returns a function that reports whether it is the turn of the next thing to be asked: of things that take a
// store long one in 48 is asked by default, others in each run, and all of them where Rounds is AllRounds.
func Turns(t testing.TB) func() bool {
	t.Helper()
	n := Rounds(t)
	if n == 1 {
		return OneIn(t, seldom)
	}
	return OneIn(t, max(1, AllRounds/n))
}

// Some is Turns for what takes not quite so long: one in a few is asked by default, and all of them where Rounds is as
// many.
func Some(t testing.TB, of int) func() bool {
	t.Helper()
	return OneIn(t, max(1, of/Rounds(t)))
}

// OneIn returns a function that reports true once in so many calls, in each run from another on.
func OneIn(t testing.TB, of int) func() bool {
	t.Helper()
	wait := rand.IntN(of)
	if of > 1 {
		t.Logf("one in %d is asked, from number %d on; THROUGHLINE_TEST_ROUNDS=%d, without -short, asks all", of, wait+1, AllRounds)
	}
	return func() bool {
		wait--
		if wait >= 0 {
			return false
		}
		wait = of - 1
		return true
	}
}

// Part returns those of all whose turn it is.
func Part[T any](t testing.TB, all []T) (part []T) {
	t.Helper()
	turn := Turns(t)
	for _, x := range all {
		if turn() {
			part = append(part, x)
		}
	}
	return part
}

// RunRandom holds a store against the oracle: graphs random graphs, and Rounds times as many, plans random plans on
// each. open returns an empty store; it is called once for each graph.
func RunRandom(t *testing.T, cat *catalog.Catalog, open func(t *testing.T) store.Store, graphs, plans int) {
	t.Helper()
	runPlans(t, cat, open, graphs, plans, (*random).query)
}

// RunSearches is RunRandom with searches alone, of few shapes, so that many are asked in little time.
func RunSearches(t *testing.T, cat *catalog.Catalog, open func(t *testing.T) store.Store, graphs, searches int) {
	t.Helper()
	memos := map[catalog.TypeSet]*plan.Memo{}
	runPlans(t, cat, open, graphs, searches, func(r *random) *plan.Query {
		r.refs = nil
		q := &plan.Query{Start: plan.Search, Search: text.NewSearch(r.search()), Types: cat.Entities}
		if r.IntN(4) == 0 {
			q.Types = 1<<cat.Types[0].Index | 1<<cat.Types[1].Index
		}
		if r.yes() {
			q.Types |= 1 << cat.Source.Index
		}
		if r.IntN(10) == 0 {
			q.Root = *r.list(plan.Field{Want: plan.Want{Highlight: true}}, q.Types, 2, plan.WeightKinds(), false)
			q.Root.Want.Facets, q.Refs = r.facets(entityFacets, 2), r.refs
			return q
		}
		if memos[q.Types] == nil {
			memos[q.Types] = &plan.Memo{}
		}
		q.Memo = memos[q.Types]
		q.Root.Node, q.Root.Page.N = &plan.Sel{Props: []*catalog.Prop{cat.Prop("id"), cat.Prop("name")}}, 30
		q.Root.Want = plan.Want{Rows: true, Total: true, Cursors: true, Highlight: true}
		return q
	})
}

// runPlans holds a store against the oracle by plans that next makes.
func runPlans(t *testing.T, cat *catalog.Catalog, open func(t *testing.T) store.Store, graphs, plans int, next func(*random) *plan.Query) {
	t.Helper()
	for g := range graphs * Rounds(t) {
		seed := uint64(g + 1)
		t.Run(fmt.Sprintf("graph %d", seed), func(t *testing.T) {
			r := &random{Rand: rand.New(rand.NewPCG(seed, 7)), cat: cat}
			r.graph(4+r.IntN(30), 2+r.IntN(70))
			oracle, s := NewOracle(cat, Clock), open(t)
			for _, into := range []store.Store{oracle, s} {
				if err := Fill(t.Context(), into, r.batch()); err != nil {
					t.Fatal(err)
				}
			}
			sameRecords(t, oracle, s, r)
			for i := range plans {
				q := next(r)
				if i%10 == 9 {
					q.MaxRows = 1 + r.IntN(6)
				}
				compare(t, oracle, s, q, i)
				if t.Failed() {
					return
				}
			}
		})
	}
}

// sameRecords asks for some records by id, and for what is not there.
func sameRecords(t *testing.T, oracle, s store.Store, r *random) {
	t.Helper()
	ids := []string{"nobody", "s_nobody", "l_nobody", "e_nobody.x"}
	for range 1 + r.IntN(20) {
		ids = append(ids, r.id())
	}
	for _, some := range [][]string{ids, nil} {
		want, _ := oracle.Records(t.Context(), some)
		got, err := s.Records(t.Context(), some)
		if a, b := records(want), records(got); err != nil || a != b {
			t.Errorf("records %q: %s, %v", some, difference(a, b), err)
		}
	}
}

// records writes a batch so that two can be compared.
func records(b *store.Batch) string {
	var s strings.Builder
	if b == nil {
		return "none"
	}
	write := func(x any) {
		j, err := json.Marshal(x)
		if err != nil {
			panic(err) // they are plain values
		}
		s.Write(j)
		s.WriteByte('\n')
	}
	for _, x := range b.Sources {
		c := *x
		c.Authors = append([]string{}, c.Authors...)
		write(&c)
	}
	for _, x := range b.Nodes {
		c := *x
		c.Aliases, c.ExternalIDs = append([]string{}, c.Aliases...), append([]kg.ExternalID{}, c.ExternalIDs...)
		c.FormerIDs = append([]string{}, c.FormerIDs...)
		write(&c)
	}
	for _, x := range b.Links {
		write(x)
	}
	return s.String()
}

func compare(t *testing.T, oracle *Oracle, s store.Store, q *plan.Query, i int) {
	t.Helper()
	want, errWant := oracle.Fetch(t.Context(), q)
	got, errGot := s.Fetch(t.Context(), q)
	if show(errWant) != show(errGot) {
		t.Errorf("plan %d: error %q, want %q\n%s", i, show(errGot), show(errWant), Describe(oracle.cat, q))
		return
	}
	if errWant != nil {
		return
	}
	if a, b := Render(q, want), Render(q, got); a != b {
		t.Errorf("plan %d: %s\n%s", i, difference(a, b), Describe(oracle.cat, q))
	}
}

// show is what of an error must be equal on every store. Where the bound on rows is hit may differ by a read ahead, so
// only its code counts.
func show(err error) string {
	if err == nil {
		return ""
	}
	if kg.CodeOf(err) == kg.CostLimit {
		return string(kg.CostLimit)
	}
	return err.Error()
}
