package arguments_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
)

// values makes what arguments are asked with, from their types.
type values struct {
	*world
	t testing.TB
}

// samples are values of scalars, by where they stand: the coordinate of the argument or field of an input, and, for
// inputs that stand in several places, that of the field above it.
func (v *values) samples(at, above string) []any {
	person := object(v.busiest("PERSON", 0))["id"]
	if typ, part, _ := strings.Cut(at, "."); typ == "StringFilter" && part != "isNull" {
		texts := map[string][]any{
			"LinkFilter.role":   {"Chair", "Vice  chair", "chair", "d'Honneur", "", "nobody"},
			"EntityFilter.name": {"Böhm", "the bohm", "Mercury", "Ada", "annals", "", "on stars", "nobody"},
			"EntityFilter.text": {"engine", "The engine weaves", "Known for the", "bread", "security", "", "nobody"},

			"QuoteFilter.text":         {"the ENGINE weaves", "bread", "stars", "", "nobody"},
			"QuoteFilter.language":     {"EN", "de-ch", "d", "", "fr"},
			"SourceFilter.title":       {"Annals", "bÉatrice's", "chron", "", "nobody"},
			"SourceFilter.url":         {"https://example.org/b", "HTTPS://example.org", "org/a", "", "nobody"},
			"SourceFilter.publisher":   {"press", "Pre", "es", "", "nobody"},
			"SourceFilter.authors":     {"Some Body", "else", "body", "", "nobody"},
			"SourceFilter.contentHash": {v.records["s_a"].hash, v.records["s_b"].hash[:9], "", "nothing"},
		}[shared(v.cat, above)]
		if texts == nil {
			v.t.Errorf("%s takes a StringFilter, and there are no texts for it here", above)
		}
		return texts
	}
	out, ok := map[string][]any{
		"EntityFilter.ids":       {person, "s_b", "nobody", v.byLink[0].ID},
		"LinkFilter.ids":         {v.byLink[0].ID, v.byLink[7].ID, person},
		"DateTimeFilter.after":   {"2020-09-13T12:26:42.000Z", "1970-01-01T00:00:00.001Z", "2030-01-01T00:00:00Z"},
		"DateTimeFilter.before":  {"2020-09-13T14:26:43+02:00", "1970-01-01T00:00:00.002Z", "2000-01-01T00:00:00Z"},
		"ExternalIdInput.scheme": {"wikidata", "WikiData", "isni"},
		"ExternalIdInput.value":  {v.external()},
		"FloatFilter.eq":         {51.5, 0, -3.25},
		"FloatFilter.gte":        {0, 40.125, 90},
		"FloatFilter.lte":        {51.5, -1e3, 0},
		"IntFilter.eq":           {0, 7, 5},
		"IntFilter.gte":          {1, 7, 1000},
		"IntFilter.lte":          {0, 7, -1},
		"LinkFilter.sources":     {"s_a", "s_b", "s_e", "nothing"},
		"LinkFilter.minSources":  {2, 0, 3, 5},
		"LinkFilter.asOf":        {"2013", "2012-06", "2014-02-28", "1998"},
		"PartialDateFilter.from": {"2012", "2012-06-02", "1815-12-11"},
		"PartialDateFilter.to":   {"2012", "2012-05", "1840-01-01"},
		"Query.node.id": {
			person, v.byLink[0].ID, "s_a", "nobody",
			kg.EvidenceID(v.byLink[0].ID, &v.byLink[0].Evidence[0]) + "x",
		},
		"Query.link.id": {v.byLink[0].ID, v.byLink[1].ID, person, "s_a", "l_nothing"},
		"Query.evidence.id": {
			kg.EvidenceID(v.byLink[0].ID, &v.byLink[0].Evidence[0]), v.byLink[0].ID,
			kg.EvidenceID(v.byLink[0].ID, &v.byLink[0].Evidence[0]) + "x",
		},
		"Query.changes.touching": {"person-5", v.byLink[0].ID, v.byLink[0].From, "s_a", "nobody"},
		"Change.items.touching":  {"person-5", v.byLink[0].ID, v.byLink[0].To, "nobody"},
		"Query.changes.by":       {"Ann", "bo", "ann", ""},
		"Query.changes.upTo":     {3, 1, 0, -1, 99},
		"Query.asRecorded.id":    {"person-5", v.byLink[0].ID, "s_e", "nobody"},
		"Query.asRecorded.at":    {"2023-11-14T22:13:20Z", "2023-11-14T22:13:19Z", "2030-01-01T00:00:00+02:00"},
		"Query.change.id":        {kg.ChangePrefix + "3", kg.ChangePrefix + "9", "person-5"},
		"SourceRef.id":           {"s_a", "s_nothing", person},
		"SourceRef.title":        {v.titled(0), v.titled(1), "no such title"},
		"SourceRef.url":          {"https://example.org/a", "https://example.org/b", "https://example.org/nothing"},
		"Query.nodes.ids":        {person, "s_b", "nobody", v.byLink[0].ID, person},
		"Query.search.text": {
			"engine", "annals", "words", "zürich", `"the very words"`, "person-5",
			"nothing at all like this zzz", "",
		},
		"Query.paths.hubPenalty":    {0, 2.5, 10, 1},
		"Query.paths.maxLength":     {1, 2, 4},
		"Query.subgraph.depth":      {0, 2},
		"Query.subgraph.maxNodes":   {1, 3, 9, 1000},
		"Query.centrality.pivots":   {1, 30, 10_000},
		"Query.communities.seed":    {0, 2, 3, 4, 5, 6, 7, 8, 99, 2147483647},
		"Query.communities.minSize": {1, 4, 9, 100},
		"Query.communities.resolution": {
			0.01, 2, 1.5, 100,
		},
	}[shared(v.cat, at)]
	if !ok {
		v.t.Errorf("there is no value of %s here to ask with: give it samples that make a difference", at)
	}
	return out
}

// shared is where a field of the filter of a type stands that filters of all types share.
func shared(cat *catalog.Catalog, at string) string {
	input, name, _ := strings.Cut(at, ".")
	if t := cat.Filtered(input); t != nil && t.Asked(name) == nil {
		return "EntityFilter." + name
	}
	return at
}

// references are by each way a reference can be given.
func (v *values) references() []any {
	of := func(typ string) any { return v.busiest(typ, 0) }
	external := v.external()
	out := []any{
		of("PERSON"), of("EVENT"), of("THEME"), v.busiest("PERSON", 1), of("QUOTE"),
		input{"name": "ADA  lovelace"},
		input{"name": "Royal society"},
		input{"name": "The académie"},
		input{"name": "Beatrice's letters"},
		input{"id": "s_b"},
		input{"name": "Second meeting"},
		input{"name": "Zurich"},
		input{"externalId": input{"scheme": "WikiData", "value": external}},
		input{"externalId": input{"scheme": "isni", "value": external}},
		input{"typedName": input{"type": "PLACE", "name": "mercury"}},
		input{"typedName": input{"type": "PERSON", "name": "mercury"}},
		input{"typedName": input{"type": "THEME", "name": "Ada Lovelace"}},
		input{"name": "mercury"}, // of two, and of one where the other's type cannot stand
		input{"name": "nobody at all"},
		input{"id": "nobody"},
	}
	return out
}

// external is the value of an external id that a theme has.
func (v *values) external() string {
	return v.byNode(func(x *record) bool {
		return x.typ == "THEME" && len(x.node.ExternalIDs) > 0
	}).node.ExternalIDs[0].Value
}

// byNode finds the first entity that fits.
func (v *values) byNode(f func(*record) bool) *record {
	for _, x := range v.order {
		if x.node != nil && f(x) {
			return x
		}
	}
	return nil
}

// titled is the title of a source, in capitals.
func (v *values) titled(i int) string {
	return strings.ToUpper(v.batch.Sources[i].Title)
}

// alone makes values of a type in which one thing is said at a time. seen are the inputs it stands in: what contains
// itself is gone into once.
func (v *values) alone(typ *ast.Type, at, above string, seen ...string) (out []any) {
	def := v.cat.Schema.Types[typ.Name()]
	if typ.Elem != nil {
		if def.Name == "PatternStep" {
			return v.patterns()
		}
		each := v.alone(typ.Elem, at, above, seen...)
		for i, x := range each {
			if i == 0 {
				out = append(out, x) // one value where a list stands
			}
			out = append(out, []any{x})
		}
		if len(each) > 1 {
			out = append(out, each[:2:2], []any{each[len(each)-1], each[0]})
		}
		if len(each) > 8 {
			out = append(out, each[3:6:6])
		}
		return append(out, []any{})
	}
	switch {
	case def.Kind == ast.Enum:
		for _, e := range def.EnumValues {
			out = append(out, e.Name)
		}
	case def.Name == "Boolean":
		out = []any{true, false}
	case def.Name == "EntityRef":
		out = v.references()
	case def.Kind != ast.InputObject:
		out = v.samples(at, above)
	case slices.Contains(seen, def.Name):
		out = v.shallow(def.Name)
	default:
		if def.Directives.ForName("oneOf") == nil {
			out = append(out, v.required(def))
		}
		for _, f := range asking(def) {
			for _, x := range v.alone(f.Type, def.Name+"."+f.Name, at, v.within(seen, def)...) {
				m := v.required(def)
				if def.Name+"."+f.Name == "PartialDateFilter.match" { // says nothing alone
					m["from"], m["to"] = "2010", "2014-03"
				}
				m[f.Name] = x
				out = append(out, m)
			}
		}
	}
	return out
}

// within are the inputs that fields of another stand in: the filter of one type is that of all types, too.
func (v *values) within(seen []string, def *ast.Definition) []string {
	seen = append(slices.Clone(seen), def.Name)
	if v.cat.Filtered(def.Name) != nil {
		seen = append(seen, "EntityFilter")
	}
	return seen
}

// required has the fields that an input must have.
func (v *values) required(def *ast.Definition) input {
	m := input{}
	for _, f := range def.Fields {
		if f.Type.NonNull && f.DefaultValue == nil {
			m[f.Name] = v.plain(f.Type)
		}
	}
	return m
}

// plain is some value of a type.
func (v *values) plain(typ *ast.Type) any {
	switch def := v.cat.Schema.Types[typ.Name()]; {
	case def.Kind == ast.Enum:
		return def.EnumValues[0].Name
	case def.Kind == ast.InputObject:
		return v.required(def)
	case def.Name != "String" && def.Name != "ID":
		v.t.Fatalf("there is no plain value of %s here", typ)
	}
	return "x"
}

// shallow are filters to stand within filters.
func (v *values) shallow(name string) []any {
	if v.cat.Filtered(name) != nil {
		return []any{input{"name": input{"contains": "a"}}, input{"linkCount": input{"gte": 8}}}
	}
	switch name {
	case "EntityFilter":
		return []any{
			input{"types": []any{"PERSON", "THEME"}},
			input{"name": input{"contains": "a"}},
			input{"linkCount": input{"gte": 8}},
		}
	case "LinkFilter":
		return []any{
			input{"role": input{"isNull": true}},
			input{"standings": []any{"DISPUTED"}},
			input{"minSources": 2},
			input{"standings": []any{"REFUTED"}},
		}
	}
	v.t.Fatalf("%s contains itself, and there are no values here to stand within it", name)
	return nil
}

// patterns say one thing at a time about each step of a hop, and some things of two.
func (v *values) patterns() (out []any) {
	schema := v.cat.Schema
	person := input{"node": input{"types": []any{"PERSON"}}}
	for _, n := range v.alone(ast.NamedType("NodeStep", nil), "PatternStep.node", "") {
		out = append(out, []any{person, input{"link": input{}}, input{"node": n}},
			[]any{input{"node": n}, input{"link": input{"kinds": []any{"SAID", "MENTIONS"}}}, input{"node": input{}}})
	}
	for _, l := range v.alone(ast.NamedType("LinkStep", nil), "PatternStep.link", "") {
		out = append(out, []any{person, input{"link": l}, input{"node": input{}}})
	}
	if schema.Types["PatternStep"].Fields.ForName("node") == nil || len(schema.Types["PatternStep"].Fields) != 2 {
		v.t.Error("a step of a pattern can be more than a node or a link: have patterns ask for it")
	}
	two := []any{
		person,
		input{"link": input{"kinds": "SAID"}},
		input{"node": input{}},
		input{"link": input{
			"direction": "OUTGOING",
			"where":     input{"other": input{"types": "THEME"}},
		}},
		input{"node": input{"types": "THEME"}},
	}
	return append(out, two)
}

// without calls f with each field of an input that a value sets, and the value without it; with nil where it cannot do
// without.
func (w *world) without(typ *ast.Type, v any, f func(at string, less any)) {
	switch v := v.(type) {
	case []any:
		for i, x := range v {
			w.without(elem(typ), x, func(at string, less any) {
				if less != nil {
					list := slices.Clone(v)
					list[i] = less
					less = list
				}
				f(at, less)
			})
		}
	case input:
		def := w.cat.Schema.Types[typ.Name()]
		for name, x := range v {
			field := def.Fields.ForName(name)
			with := func(x any) input {
				m := maps.Clone(v)
				if m[name] = x; x == nil {
					delete(m, name)
				}
				return m
			}
			if field.Type.NonNull && field.DefaultValue == nil {
				f(def.Name+"."+name, nil)
			} else {
				f(def.Name+"."+name, with(nil))
			}
			w.without(field.Type, x, func(at string, less any) {
				if less != nil {
					less = with(less)
				}
				f(at, less)
			})
		}
	}
}

// refused panics with the code of what cannot be meant, wherever it stands in a value.
func (w *world) refused(typ *ast.Type, v any, at string) {
	if l, ok := v.([]any); ok {
		for _, x := range l {
			w.refused(typ.Elem, x, at)
		}
		return
	}
	def := w.cat.Schema.Types[typ.Name()]
	m, ok := v.(input)
	switch {
	case def.Name == "EntityType" && v == "SOURCE" && at != "Query.search.types":
		panic(refusal("BAD_USER_INPUT"))
	case !ok:
		return
	case def.Name == "PartialDateFilter":
		if first, last := bounds(m); first > last {
			panic(refusal("BAD_USER_INPUT"))
		}
	}
	for k, x := range m {
		w.refused(def.Fields.ForName(k).Type, x, def.Name+"."+k)
	}
}

// spokenOf returns the types that a filter of a field speaks of.
func (w *world) spokenOf(r *rule) catalog.TypeSet {
	if f := w.cat.LinkField(r.def.Name, r.field.Name); f != nil {
		return f.Other
	}
	return w.cat.Entities
}

// unknown panics with the code of a reference of a filter that does not name one entity, wherever it stands in a value.
// A name means an entity of a type that can be at the other end of the link, seen from what is spoken of.
func (w *world) unknown(typ *ast.Type, v any, on catalog.TypeSet) {
	if typ.Elem != nil {
		for _, x := range list2(v) {
			w.unknown(typ.Elem, x, on)
		}
		return
	}
	m, ok := v.(input)
	if !ok {
		return
	}
	def := w.cat.Schema.Types[typ.Name()]
	kinds := func(v any) (set catalog.KindSet) {
		for _, k := range list(v) {
			set |= 1 << w.cat.Kind(text(k)).Index
		}
		return set
	}
	if t := w.cat.Filtered(def.Name); t != nil {
		on = 1 << t.Index
	}
	switch {
	case def.Name == "LinkFilter" && m["kinds"] != nil:
		on &= w.cat.Ends(kinds(m["kinds"]), w.cat.Entities, true, true)
	case m["types"] != nil && strings.HasSuffix(def.Name, "Filter"):
		var types catalog.TypeSet
		for _, t := range list(m["types"]) {
			types |= 1 << w.cat.TypeOf(text(t)).Index
		}
		on &= types
	case def.Name == "LinkedToFilter":
		from := on
		if from.Has(w.cat.Source.Index) {
			from = w.cat.Entities
		}
		on = w.cat.Ends(w.cat.AllKinds(), from, true, true)
		if link := object(m["link"]); link != nil {
			w.unknown(def.Fields.ForName("link").Type, link, on)
			m = maps.Clone(m)
			delete(m, "link")
			if link["kinds"] != nil {
				on = w.cat.Ends(kinds(link["kinds"]), from, true, true)
			}
		}
		if ref := m["entity"]; ref != nil {
			found := w.resolve(ref)
			if object(ref)["id"] == nil {
				found = slices.DeleteFunc(found, func(x *record) bool { return !on.Has(w.cat.TypeOf(x.typ).Index) })
			}
			switch len(found) {
			case 0:
				panic(refusal("NOT_FOUND"))
			case 1:
			default:
				panic(refusal("AMBIGUOUS_REF"))
			}
		}
	}
	for k, x := range m {
		w.unknown(def.Fields.ForName(k).Type, x, on)
	}
}

// literal writes a value as a document has it.
func (w *world) literal(typ *ast.Type, v any) string {
	switch v := v.(type) {
	case []any:
		var all []string
		for _, x := range v {
			all = append(all, w.literal(elem(typ), x))
		}
		return "[" + strings.Join(all, ", ") + "]"
	case input:
		var all []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			of := &ast.Type{NamedType: "String"}
			if f := w.cat.Schema.Types[typ.Name()].Fields.ForName(k); f != nil {
				of = f.Type
			}
			all = append(all, k+": "+w.literal(of, v[k]))
		}
		return "{" + strings.Join(all, ", ") + "}"
	case string:
		if w.cat.Schema.Types[typ.Name()].Kind == ast.Enum {
			return v
		}
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // there are no other values here
	}
	return string(b)
}

func elem(typ *ast.Type) *ast.Type {
	if typ.Elem != nil {
		return typ.Elem
	}
	return typ
}

// call writes the field with its arguments: as literals, or else as variables, which it defines.
func (w *world) call(r *rule, args input, literals bool) (call, variables string) {
	var given, defined []string
	for _, k := range slices.Sorted(maps.Keys(args)) {
		typ := r.field.Arguments.ForName(k).Type
		if literals {
			given = append(given, k+": "+w.literal(typ, args[k]))
		} else {
			given = append(given, k+": $"+k)
			defined = append(defined, fmt.Sprintf("$%s: %s", k, typ.String()))
		}
	}
	call = r.field.Name
	if len(given) > 0 {
		call += "(" + strings.Join(given, ", ") + ")"
	}
	if len(defined) > 0 {
		variables = "query(" + strings.Join(defined, ", ") + ") "
	}
	return call, variables
}
