package arguments_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	searching "github.com/throughline/throughline/internal/text"
)

// entry is one entry of a list.
type entry struct {
	shown any // as the answer shows it, without its cursor
	rec   *record
	link  *kg.Link
	other *record // the entity at the other end of link
	out   bool
}

// rule is what a field with arguments answers.
type rule struct {
	def   *ast.Definition
	field *ast.FieldDefinition
	// means are the arguments that answer reads, beside those of pages.
	means []string
	// given are arguments that it must have, or without which it would depend on more than its arguments.
	given input
	// needed are, by argument, the others without which it says nothing.
	needed map[string]input
	// bounds are the least and the most of numbers.
	bounds map[string][2]float64
	// on are the records that it is asked of; none for fields of Query.
	on []string
	// host puts the field where it can be asked, and says where its answer is.
	host func(on, call string) (query string, path []any)
	// edge is what is asked of an entry of a list, also what is asked of the list beside its entries.
	edge, also string
	// answer is what the field says: of a list all entries, and what also asks for.
	answer func(on string, args input) (list []entry, value any)
}

// refusal is the code of an error that an answer is instead.
type refusal string

func (r *rule) name() string { return r.def.Name + "." + r.field.Name }

// lists reports whether the field answers by pages.
func (r *rule) lists() bool { return r.edge != "" }

// pages reports whether there are more pages than the first.
func (r *rule) takes(arg string) bool { return r.field.Arguments.ForName(arg) != nil }

var paging = []string{"first", "after", "last", "before"}

// selection is what is asked of the field.
func (r *rule) selection() string {
	if r.lists() {
		return fmt.Sprintf("{ edges { cursor %s } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } %s }",
			r.edge, r.also)
	}
	return r.also
}

func ask1(id string) any { return input{"id": id} }
func idsOf[T any](l []T, id func(T) string) []any {
	out := []any{}
	for _, x := range l {
		out = append(out, ask1(id(x)))
	}
	return out
}

func (w *world) linkEntry(l *kg.Link, other *record, out bool) entry {
	way := "INCOMING"
	if out {
		way = "OUTGOING"
	}
	null := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	return entry{
		shown: input{
			"node": ask1(other.id), "link": ask1(l.ID), "direction": way, "role": null(l.Role),
			"since": null(string(l.Since)), "until": null(string(l.Until)),
		},
		link: l, other: other, out: out,
	}
}

const linkEdge = "node { id } link { id } direction role since until"

// linksOf lists the links of an entity that a field shows, in its order.
func (w *world) linksOf(on string, f *catalog.LinkField, args input) (list []entry) {
	add := func(l *kg.Link, other *record, out bool) {
		if (f == nil || f.Kinds.Has(w.cat.Kind(l.Kind).Index) && f.Out == out &&
			f.Other.Has(w.cat.TypeOf(other.typ).Index)) && w.passes(args["where"], l, other) {
			list = append(list, w.linkEntry(l, other, out))
		}
	}
	for _, l := range w.byLink {
		switch {
		case on == "": // of the whole graph
			add(l, w.records[l.To], true)
		case w.sources[on] != nil:
			if slices.ContainsFunc(l.Evidence, func(e kg.Evidence) bool { return e.Source == on }) {
				add(l, w.records[l.To], true)
			}
		default:
			if l.From == on {
				add(l, w.records[l.To], true)
			}
			if l.To == on && (l.From != on || f != nil) {
				add(l, w.records[l.From], false)
			}
		}
	}
	orders := []any{input{"field": "NAME"}}
	if o := args["orderBy"]; o != nil && len(list2(o)) > 0 {
		orders = list2(o)
	}
	slices.SortFunc(list, func(a, b entry) int {
		desc := false
		for _, o := range orders {
			desc = object(o)["direction"] == "DESC"
			if c := w.means.byLink[text(object(o)["field"])](a, b, desc); c != 0 {
				return c
			}
		}
		return turned(strings.Compare(a.link.ID, b.link.ID), desc)
	})
	return list
}

func list2(v any) []any {
	if v == nil {
		return nil
	}
	return list(v)
}

// recordsOf lists the records of a type that fit, in their order.
func (w *world) recordsOf(t testing.TB, typ string, args input) (out []entry) {
	var found []*record
	for _, x := range w.order {
		if x.typ == typ && (args["where"] == nil || w.fitsListed(args["where"], x)) {
			found = append(found, x)
		}
	}
	orders := []any{input{"field": "NAME"}}
	if o := list2(args["orderBy"]); len(o) > 0 {
		orders = o
	}
	if len(orders) > 4 {
		panic(refusal("BAD_USER_INPUT"))
	}
	scores := map[string]int64{}
	for _, o := range orders {
		if m := text(object(o)["field"]); m == "PAGE_RANK" || m == "BETWEENNESS" {
			if typ == "SOURCE" || len(orders) > 1 {
				panic(refusal("BAD_USER_INPUT"))
			}
			r := w.ranking(t, m, nil, false, 0)
			for i, n := range r.Nodes {
				scores[n.ID] = r.Scores[i]
			}
		}
	}
	slices.SortFunc(found, func(a, b *record) int {
		desc := false
		for _, o := range orders {
			desc = object(o)["direction"] == "DESC"
			order := w.means.byNode[text(object(o)["field"])]
			if order == nil { // a measure: equal ones stand by id
				return cmp.Or(turned(cmp.Compare(scores[a.id], scores[b.id]), desc), strings.Compare(a.id, b.id))
			}
			if c := order(a, b, desc); c != 0 {
				return c
			}
		}
		return turned(strings.Compare(a.id, b.id), desc)
	})
	for _, x := range found {
		out = append(out, entry{shown: input{"node": ask1(x.id)}, rec: x})
	}
	return out
}

// rules makes what each field with arguments answers. A field it does not know fails the test.
func (w *world) rules(t testing.TB) (all []*rule) {
	for _, def := range w.cat.Schema.Types {
		if def.Kind != ast.Object || strings.HasPrefix(def.Name, "__") || def == w.cat.Schema.Mutation { // see test/writing
			continue
		}
		for _, f := range def.Fields {
			if len(f.Arguments) == 0 || strings.HasPrefix(f.Name, "__") {
				continue
			}
			r := &rule{def: def, field: f}
			switch {
			case def == w.cat.Schema.Query:
				r.host = func(_, call string) (string, []any) { return "{ f: " + call + " }", []any{"f"} }
			case w.cat.Type(def.Name) != nil:
				r.host = func(on, call string) (string, []any) {
					return fmt.Sprintf("{ node(id: %q) { ... on %s { f: %s } } }", on, def.Name, call), []any{
						"node",
						"f",
					}
				}
			}
			if !w.rule(t, r) {
				t.Errorf("%s takes arguments, and nothing here says what they mean: give it a rule", r.name())
				continue
			}
			for _, a := range f.Arguments {
				if !slices.Contains(r.means, a.Name) && (!r.lists() || !slices.Contains(paging, a.Name)) {
					t.Errorf("nothing here says what %s(%s:) means: have the field's rule read it, and name it there",
						r.name(), a.Name)
				}
			}
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b *rule) int { return strings.Compare(a.name(), b.name()) })
	return all
}

// typed lists the ids of a type: the last has no links, and the one before it not all that others have.
func (w *world) typed(typ string) (ids []string) {
	for _, x := range w.order {
		if x.typ == typ {
			ids = append(ids, x.id)
		}
	}
	return ids
}

func pageBounds() map[string][2]float64 {
	return map[string][2]float64{"first": {0, 100}, "last": {0, 100}}
}

// rule says what a field answers, and reports whether it knows.
func (w *world) rule(t testing.TB, r *rule) bool {
	name, of := r.name(), r.field.Type.Name()
	typ := w.cat.Type(r.def.Name)
	r.bounds = pageBounds()
	if typ != nil {
		r.on = w.typed(typ.Enum)
	}
	if r.traced(t, w) || w.logRule(r) {
		return true
	}
	switch {
	case name == "Query.node":
		r.means, r.also, r.given = []string{"id"}, "{ __typename id }", input{"id": "person-5"}
		r.answer = func(_ string, args input) ([]entry, any) { return nil, w.thing(text(args["id"])) }
	case name == "Query.nodes":
		r.means, r.also, r.given = []string{"ids"}, "{ __typename id }", input{"ids": []any{"person-5"}}
		r.answer = func(_ string, args input) ([]entry, any) {
			out := []any{}
			for _, id := range list(args["ids"]) {
				out = append(out, w.thing(text(id)))
			}
			return nil, out
		}
	case name == "Query.link":
		r.means, r.also, r.given = []string{"id"}, "{ __typename id }", input{"id": w.byLink[3].ID}
		r.answer = func(_ string, args input) ([]entry, any) {
			if id := text(args["id"]); w.links[id] != nil {
				return nil, w.thing(id)
			}
			return nil, nil
		}
	case name == "Query.evidence":
		r.means, r.also, r.given = []string{"id"}, "{ __typename id }", input{"id": "nobody"}
		r.answer = func(_ string, args input) ([]entry, any) {
			for _, l := range w.byLink {
				for i := range l.Evidence {
					if id := kg.EvidenceID(l.ID, &l.Evidence[i]); id == text(args["id"]) {
						return nil, input{"__typename": "Evidence", "id": id}
					}
				}
			}
			return nil, nil
		}
	case r.def.Name == "Query" && r.field.Arguments.ForName("ref") != nil:
		r.means, r.also, r.given = []string{"ref"}, "{ __typename id }", input{"ref": input{"id": "person-5"}}
		r.answer = func(_ string, args input) ([]entry, any) {
			var found []*record
			for _, x := range w.order {
				own := of == "Entity" && x.node != nil || w.cat.Type(of) != nil && w.cat.Type(of).Enum == x.typ
				if own && w.named(args["ref"], x) {
					found = append(found, x)
				}
			}
			switch len(found) {
			case 0:
				return nil, nil
			case 1:
				return nil, w.thing(found[0].id)
			}
			panic(refusal("AMBIGUOUS_REF"))
		}
	case name == "Query.links":
		r.means, r.edge = []string{"where", "orderBy"}, linkEdge
		r.answer = func(_ string, args input) ([]entry, any) { return w.linksOf("", nil, args), nil }
	case r.def.Name == "Query" && r.field.Arguments.ForName("where") != nil && w.listed(of) != "":
		r.means, r.edge = []string{"where", "orderBy"}, "node { id }"
		r.answer = func(_ string, args input) ([]entry, any) { return w.recordsOf(t, w.listed(of), args), nil }
	case name == "Query.search":
		r.means, r.edge, r.given = []string{"text", "types"}, "node { id }", input{"text": "engine"}
		r.answer = func(_ string, args input) ([]entry, any) { return w.search(args), nil }
	case typ != nil && (typ.IsEntity() || r.def.Name == "Source") && r.field.Name == "links":
		r.means, r.edge = []string{"where", "orderBy"}, linkEdge
		if r.def.Name == "Source" {
			r.means = []string{"where"}
		}
		r.answer = func(on string, args input) ([]entry, any) { return w.linksOf(on, nil, args), nil }
	case typ != nil && w.cat.LinkField(typ.Name, r.field.Name) != nil:
		r.means, r.edge = []string{"where", "orderBy"}, linkEdge
		f := w.cat.LinkField(typ.Name, r.field.Name)
		r.answer = func(on string, args input) ([]entry, any) { return w.linksOf(on, f, args), nil }
	case typ != nil && r.field.Name == "linkCount":
		r.means = []string{"where"}
		r.answer = func(on string, args input) ([]entry, any) { return nil, float64(len(w.linksOf(on, nil, args))) }
	case typ != nil && w.cat.DerivedField(typ.Name, r.field.Name) != nil:
		r.means, r.edge = []string{"where"}, "node { id } weight because { id }"
		f := w.cat.DerivedField(typ.Name, r.field.Name)
		r.answer = func(on string, args input) ([]entry, any) { return w.derived(on, f, args, 20), nil }
	case name == "Link.evidence":
		r.means, r.edge = []string{"stance"}, "node { id }"
		r.on = nil
		for _, l := range w.byLink {
			if len(l.Evidence) > 2 {
				r.on = append(r.on, l.ID)
			}
		}
		r.answer = func(on string, args input) (out []entry, _ any) {
			for _, e := range w.oldest(w.links[on]) {
				if args["stance"] == nil || args["stance"] == e.Stance {
					out = append(out, entry{shown: input{"node": ask1(kg.EvidenceID(on, &e))}})
				}
			}
			return out, nil
		}
	case r.field.Name == "facets" && strings.HasSuffix(r.def.Name, "Connection"):
		return w.facets(t, r)
	default:
		return false
	}
	return true
}

// thing is what node shows of a record.
func (w *world) thing(id string) any {
	x := w.records[id]
	switch {
	case w.links[id] != nil:
		return input{"__typename": "Link", "id": id}
	case x == nil:
		return nil
	}
	return input{"__typename": w.cat.TypeOf(x.typ).Name, "id": id}
}

// listed is the type of record, by its enum value, that a connection of root lists; "" for others.
func (w *world) listed(connection string) string {
	if typ := w.cat.Type(strings.TrimSuffix(connection, "Connection")); typ != nil && typ.Plural != "" {
		return typ.Enum
	}
	return ""
}

// derived lists what a derived field leads to over links that fit: those reached by most chains first.
func (w *world) derived(on string, f *catalog.DerivedField, args input, most int) (out []entry) {
	end := func(l *kg.Link) string {
		if f.Out {
			return l.To
		}
		return l.From
	}
	hop := func(id string, k *catalog.Kind) (list []*kg.Link) {
		for _, l := range w.byLink {
			if near := l.From + l.To; l.Kind == k.Name && strings.TrimSuffix(near, l.To) == id && f.Out ||
				l.Kind == k.Name && l.To == id && !f.Out {
				if w.passes(args["where"], l, w.records[end(l)]) {
					list = append(list, l)
				}
			}
		}
		return list
	}
	weight, because := map[string]int{}, map[string][]string{}
	type chain struct{ a, b *kg.Link }
	var chains []chain
	for _, c := range f.Chains {
		for _, a := range hop(on, c[0]) {
			for _, b := range hop(end(a), c[1]) {
				chains = append(chains, chain{a, b})
			}
		}
	}
	slices.SortFunc(chains, func(x, y chain) int {
		return cmp.Or(strings.Compare(x.a.ID, y.a.ID), strings.Compare(x.b.ID, y.b.ID))
	})
	for _, c := range chains {
		to := end(c.b)
		weight[to]++
		for _, l := range []string{c.a.ID, c.b.ID} {
			if !slices.Contains(because[to], l) {
				because[to] = append(because[to], l)
			}
		}
	}
	ids := slices.SortedFunc(maps.Keys(weight), func(a, b string) int {
		return cmp.Or(cmp.Compare(weight[b], weight[a]), strings.Compare(fold(w.records[a].name),
			fold(w.records[b].name)), strings.Compare(a, b))
	})
	for _, id := range ids {
		links := because[id][:min(most, len(because[id]))]
		out = append(out, entry{shown: input{
			"node": ask1(id), "weight": float64(weight[id]),
			"because": idsOf(links, func(s string) string { return s }),
		}})
	}
	return out
}

// search finds what has every word, or else what has any: each record is looked at as package text says.
func (w *world) search(args input) (out []entry) {
	s := searching.NewSearch(text(args["text"]))
	type hit struct {
		x     *record
		score int
	}
	var hits []hit
	for round := 1; round <= 3 && len(hits) == 0 && s.ID != ""; round++ {
		for _, x := range w.order {
			if args["types"] != nil && !some(args["types"], func(v any) bool { return v == x.typ }) {
				continue
			}
			var doc searching.Doc
			if x.source != nil {
				doc = searching.NewSourceDoc(x.name, x.source.Text)
				doc.IDs = searching.IDs(x.id)
			} else {
				var outer []string
				for _, e := range x.node.ExternalIDs {
					outer = append(outer, e.Scheme, e.Value)
				}
				var body []string
				if x.node.Description != "" {
					body = append(body, x.node.Description)
				}
				for _, p := range w.cat.TypeOf(x.typ).Props {
					if v, _ := x.node.Props[p.Name].(string); v != "" && p.Searchable {
						body = append(body, v)
					}
				}
				doc = searching.NewDoc(x.name, x.node.Aliases, body)
				doc.IDs = searching.IDs(x.id, outer...)
			}
			if score, ok := doc.Match(&s, round); ok {
				hits = append(hits, hit{x, score})
			}
		}
	}
	slices.SortFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(b.score, a.score), strings.Compare(fold(a.x.name), fold(b.x.name)),
			strings.Compare(a.x.id, b.x.id))
	})
	for _, h := range hits {
		out = append(out, entry{shown: input{"node": ask1(h.x.id)}, rec: h.x})
	}
	return out
}

// facets counts the entries of a list of the connection's type: of the first field of the schema that has such.
func (w *world) facets(t testing.TB, r *rule) bool {
	r.means, r.also = []string{"by"}, "{ by buckets { key count kind type sourceKind year node { id } } }"
	by := w.cat.Schema.Types[r.field.Arguments.ForName("by").Type.Name()]
	r.given = input{"by": []any{by.EnumValues[len(by.EnumValues)-1].Name}}
	defs := append([]*ast.Definition{w.cat.Schema.Query}, w.cat.Schema.PossibleTypes["Entity"]...)
	for _, def := range defs {
		for _, f := range def.Fields {
			if f.Type.Name() != r.def.Name {
				continue
			}
			of := &rule{def: def, field: f}
			if !w.rule(t, of) {
				continue
			}
			call := func(inner string) string {
				var given []string
				for _, k := range slices.Sorted(maps.Keys(of.given)) {
					given = append(given, fmt.Sprintf("%s: %q", k, of.given[k]))
				}
				given = append(given, "first: 1") // facets are of the whole list
				return fmt.Sprintf("%s(%s) { f: %s }", f.Name, strings.Join(given, ", "), inner)
			}
			r.on = of.on
			r.host = func(on, inner string) (string, []any) {
				if def == w.cat.Schema.Query {
					return "{ " + call(inner) + " }", []any{f.Name, "f"}
				}
				return fmt.Sprintf("{ node(id: %q) { ... on %s { %s } } }", on, def.Name, call(inner)), []any{
					"node",
					f.Name, "f",
				}
			}
			r.answer = func(on string, args input) ([]entry, any) {
				list, _ := of.answer(on, of.given)
				return nil, w.counted(list, args["by"])
			}
			return true
		}
	}
	return false
}

// counted is what facets say of a list.
func (w *world) counted(entries []entry, by any) any {
	if len(list(by)) > 8 {
		panic(refusal("BAD_USER_INPUT"))
	}
	out := []any{}
	for _, v := range list(by) {
		counts := map[string]int{}
		for _, e := range entries {
			var keys []string
			if e.link != nil {
				keys = w.linkKeys(e, text(v))
			} else {
				keys = w.recordKeys(e.rec, text(v))
			}
			slices.Sort(keys)
			for _, k := range slices.Compact(keys) {
				counts[k]++
			}
		}
		buckets := []any{}
		for _, k := range slices.SortedFunc(maps.Keys(counts),
			func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b)) }) {
			bucket := input{
				"key": k, "count": float64(counts[k]), "kind": nil, "type": nil, "sourceKind": nil, "year": nil, "node": nil,
			}
			switch {
			case v == "YEAR":
				n, err := strconv.Atoi(k)
				if err != nil {
					panic(err) // it was made of a date
				}
				bucket["year"] = float64(n)
			case v == "KIND" && w.cat.Kind(k) != nil:
				bucket["kind"] = k
			case v == "KIND":
				bucket["sourceKind"] = k
			case v == "TYPE" || v == "OTHER_TYPE":
				bucket["type"] = k
			case v == "SOURCE" || v == "THEME" || v == "INSTITUTION":
				bucket["node"] = ask1(k)
			}
			buckets = append(buckets, bucket)
		}
		out = append(out, input{"by": v, "buckets": buckets})
	}
	return out
}

func year(d kg.PartialDate) []string {
	if d == "" {
		return nil
	}
	return []string{string(d[:4])}
}

func (w *world) linkKeys(e entry, by string) []string {
	switch by {
	case "KIND":
		return []string{e.link.Kind}
	case "ROLE":
		if e.link.Role == "" {
			return nil
		}
		return []string{e.link.Role}
	case "OTHER_TYPE":
		return []string{e.other.typ}
	case "SOURCE":
		return slices.Clone(supporters(e.link))
	case "YEAR":
		return year(e.link.Since)
	}
	panic("a facet of links that has no meaning here: " + by)
}

func (w *world) recordKeys(x *record, by string) (keys []string) {
	switch by {
	case "TYPE":
		return []string{x.typ}
	case "KIND":
		return []string{x.source.Kind}
	case "PUBLISHER":
		if x.source.Publisher == "" {
			return nil
		}
		return []string{x.source.Publisher}
	case "AUTHOR":
		return slices.Clone(x.source.Authors)
	case "YEAR":
		if x.dated {
			keys = append(keys, fmt.Sprintf("%04d", x.from/10000))
		}
		return keys
	case "SOURCE":
		if x.source != nil {
			return []string{x.id}
		}
		for _, l := range x.links {
			keys = append(keys, supporters(l)...)
		}
		return keys
	case "THEME", "INSTITUTION":
		if x.node != nil {
			if f := w.cat.DerivedTo(w.cat.TypeOf(x.typ), w.cat.TypeOf(by)); f != nil {
				for _, e := range w.derived(x.id, f, input{}, 0) {
					keys = append(keys, text(object(object(e.shown)["node"])["id"]))
				}
				return keys
			}
		}
		for _, l := range x.links {
			for _, o := range w.others(l, x) {
				if o.typ == by {
					keys = append(keys, o.id)
				}
			}
		}
		return keys
	}
	panic("a facet of records that has no meaning here: " + by)
}
