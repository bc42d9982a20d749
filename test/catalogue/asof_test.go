package catalogue_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// when are the times that links hold: over, begun, open on either side, unknown.
var when = [][2]kg.PartialDate{
	{"2010", "2012"},
	{"2020-03", ""},
	{"", ""},
	{"", "2011-05"},
	{"2011", "2021-02-25"},
	{"2012-06-01", "2012-06-30"},
}

// dated makes a graph of a few nodes of each type with links of each kind that hold at different times.
func dated(cat *catalog.Catalog) *store.Batch {
	b := &store.Batch{Sources: []*kg.Source{{
		ID: "s_a", Kind: cat.Schema.Types["SourceKind"].EnumValues[0].Name,
		Title: "A",
	}, {ID: "s_b", Kind: cat.Schema.Types["SourceKind"].EnumValues[0].Name, Title: "B"}}}
	of := map[uint8][]string{}
	for _, typ := range cat.Types {
		for i := range 2 {
			n := &kg.Node{
				ID: fmt.Sprintf("%s-%d", strings.ToLower(typ.Name), i), Type: typ.Enum,
				Name: fmt.Sprintf("%s %d", typ.Name, i),
			}
			for _, p := range typ.Props {
				if cat.Schema.Types[typ.Name].Fields.ForName(p.Name).Type.NonNull {
					n.Props = map[string]any{p.Name: "text"}
				}
				if p == typ.DateProp {
					n.Props = map[string]any{p.Name: "2011"}
				}
			}
			for _, p := range typ.Props {
				if cat.Schema.Types[typ.Name].Fields.ForName(p.Name).Type.NonNull {
					n.Props[p.Name] = "text"
				}
			}
			b.Nodes = append(b.Nodes, n)
			of[typ.Index] = append(of[typ.Index], n.ID)
		}
	}
	for _, k := range cat.Kinds {
		for _, from := range cat.Types {
			for _, to := range cat.Types {
				if !k.From.Has(from.Index) || !k.To.Has(to.Index) {
					continue
				}
				for _, f := range of[from.Index] {
					for _, t := range of[to.Index] {
						if f == t {
							continue
						}
						for range 2 {
							w := when[len(b.Links)%len(when)]
							l := &kg.Link{
								Kind: k.Name, From: f, To: t, Role: fmt.Sprint("role ", len(b.Links)%3),
								Since: w[0], Until: w[1], Evidence: []kg.Evidence{{
									Source:  b.Sources[len(b.Links)%2].ID,
									Excerpt: "x", Stance: "SUPPORTS",
								}},
							}
							l.ID = l.StatedID()
							b.Links = append(b.Links, l)
						}
					}
				}
			}
		}
	}
	return b
}

// conditions are filters by time, and which links fit them.
var conditions = []struct {
	filter string
	fits   func(l *kg.Link) bool
}{
	{`{asOf: "2011-07"}`, func(l *kg.Link) bool { return overlaps(l, "2011-07", "2011-07") }},
	{`{asOf: "2021"}`, func(l *kg.Link) bool { return overlaps(l, "2021", "2021") }},
	{`{during: {from: "2012-07", to: "2019"}}`, func(l *kg.Link) bool { return overlaps(l, "2012-07", "2019") }},
	{`{during: {from: "2010", to: "2012", match: CERTAIN}}`, func(l *kg.Link) bool {
		return inside(l, "2010",
			"2012")
	}},
	{`{not: {asOf: "2011-07"}}`, func(l *kg.Link) bool { return !overlaps(l, "2011-07", "2011-07") }},
}

func overlaps(l *kg.Link, from, to kg.PartialDate) bool {
	begin, _ := l.Since.Interval()
	_, end := l.Until.Interval()
	a, _ := from.Interval()
	_, b := to.Interval()
	return begin <= b && end >= a
}

func inside(l *kg.Link, from, to kg.PartialDate) bool {
	begin, _ := l.Since.Interval()
	_, end := l.Until.Interval()
	a, _ := from.Interval()
	_, b := to.Interval()
	return l.Since != "" && l.Until != "" && begin >= a && end <= b
}

// question is a query with a field that takes a LinkFilter; $ stands for it, with what separates it.
type question struct{ name, query string }

// questions asks every field of the contract that takes a LinkFilter.
func questions(t *testing.T, cat *catalog.Catalog) (out []question) {
	t.Helper()
	for _, def := range cat.Schema.Types {
		if def.Kind != ast.Object || strings.HasPrefix(def.Name, "__") {
			continue
		}
		for _, f := range def.Fields {
			where := f.Arguments.ForName("where")
			if where == nil || where.Type.Name() != "LinkFilter" {
				if slices.ContainsFunc(f.Arguments,
					func(a *ast.ArgumentDefinition) bool { return a.Type.Name() == "LinkFilter" }) {
					t.Errorf("%s.%s takes a LinkFilter by another name than where", def.Name, f.Name)
				}
				continue
			}
			name := def.Name + "." + f.Name
			sel := selection(t, cat, f.Type.Name(), 0)
			if def != cat.Schema.Query {
				for i := range 2 {
					id := fmt.Sprintf("%s-%d", strings.ToLower(def.Name), i)
					if def.Name == "Source" {
						id = []string{"s_a", "s_b"}[i]
					}
					out = append(out, question{name, fmt.Sprintf("{ node(id: %q) { ... on %s { %s(%s$)%s } } }", id,
						def.Name, f.Name, given(t, cat, f, ""), sel)})
				}
				continue
			}
			through := []string{""}
			for _, a := range f.Arguments {
				if a.Type.Name() == "EntityType" && a.Type.NonNull {
					through = nil
					for _, typ := range cat.Types {
						through = append(through, typ.Enum)
					}
				}
			}
			for _, typ := range through {
				out = append(out, question{
					strings.TrimSpace(name + " " + typ),
					fmt.Sprintf("{ %s(%s$)%s }", f.Name, given(t, cat, f, typ), sel),
				})
			}
		}
	}
	slices.SortFunc(out, func(a, b question) int { return strings.Compare(a.name+a.query, b.name+b.query) })
	return out
}

// given writes the arguments that a field must have, and those without which an answer would depend on more than the
// links.
func given(t *testing.T, cat *catalog.Catalog, f *ast.FieldDefinition, typ string) string {
	t.Helper()
	var out []string
	refs := 0
	ref := func() string {
		refs++
		of := cat.Types[0]
		return fmt.Sprintf("{id: %q}", fmt.Sprintf("%s-%d", strings.ToLower(of.Name), refs-1))
	}
	for _, a := range f.Arguments {
		switch {
		case a.Name == "hubPenalty":
			out = append(out, "hubPenalty: 0") // a hub is one by all of its links
		case a.Name == "first" && f.Name == "paths":
			out = append(out, "first: 20") // a hundred cost too much: each has many records
		case a.Name == "maxLength" && f.Name == "paths":
			out = append(out, "maxLength: 3") // to count the thousands of longer ones takes longer than an operation may
		case a.Name == "first" && strings.HasSuffix(f.Type.Name(), "Connection"):
			out = append(out, "first: 100")
		case !a.Type.NonNull:
		case a.Type.Name() == "EntityRef" && a.Type.Elem != nil:
			out = append(out, fmt.Sprintf("%s: [%s]", a.Name, ref()))
		case a.Type.Name() == "EntityRef":
			out = append(out, fmt.Sprintf("%s: %s", a.Name, ref()))
		case a.Type.Name() == "EntityType":
			out = append(out, fmt.Sprintf("%s: %s", a.Name, typ))
		case cat.Schema.Types[a.Type.Name()].Kind == ast.Enum && a.Type.Elem == nil:
			out = append(out, fmt.Sprintf("%s: %s", a.Name, cat.Schema.Types[a.Type.Name()].EnumValues[0].Name))
		default:
			t.Fatalf("this test knows no value for %s(%s: %s)", f.Name, a.Name, a.Type)
		}
	}
	if len(out) == 0 {
		return ""
	}
	return strings.Join(out, ", ") + ", "
}

// selection selects what a type says without following further links.
func selection(t *testing.T, cat *catalog.Catalog, typ string, depth int) string {
	t.Helper()
	def := cat.Schema.Types[typ]
	switch {
	case def.Kind == ast.Scalar || def.Kind == ast.Enum:
		return ""
	case def.Kind == ast.Interface || cat.Type(typ) != nil:
		return " { id }" // a record, whose own fields are asked elsewhere
	case def.Kind == ast.Union || depth == 6:
		return " { __typename }"
	}
	var out []string
	own := def.Fields.ForName("id") != nil
	for _, f := range def.Fields {
		by := f.Arguments.ForName("by")
		switch {
		case strings.HasPrefix(f.Name, "__") || f.Arguments.ForName("where") != nil:
			continue
		// what has an id and is no record is asked for its own values: the id may hold what was asked
		case f.Name == "id" || own && cat.Schema.Types[f.Type.Name()].IsCompositeType():
			continue
		case by != nil && cat.Schema.Types[by.Type.Name()].Kind == ast.Enum:
			var all []string
			for _, v := range cat.Schema.Types[by.Type.Name()].EnumValues {
				all = append(all, v.Name)
			}
			out = append(out, fmt.Sprintf("%s(by: [%s])%s", f.Name, strings.Join(all, ", "),
				selection(t, cat, f.Type.Name(), depth+1)))
		case slices.ContainsFunc(f.Arguments, func(a *ast.ArgumentDefinition) bool {
			return a.Type.NonNull &&
				a.DefaultValue == nil
		}):
			continue
		default:
			out = append(out, f.Name+selection(t, cat, f.Type.Name(), depth+1))
		}
	}
	return " { " + strings.Join(out, " ") + " }"
}

// unordered are fields whose order also looks at links beside the filter: by how many links a node has in all.
var unordered = map[string]bool{"Query.subgraph": true, "Query.compare": true}

// sorted sorts every list of an answer, and drops the cursors, which hold its order.
func sorted(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			if strings.HasSuffix(strings.ToLower(k), "cursor") {
				delete(v, k)
				continue
			}
			v[k] = sorted(v[k])
		}
	case []any:
		for i := range v {
			v[i] = sorted(v[i])
		}
		slices.SortFunc(v, func(a, b any) int { return strings.Compare(asText(a), asText(b)) })
	}
	return v
}

func asText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // it was JSON before
	}
	return string(b)
}

// TestTheGraphAsItWas: a field that is asked with a condition on time answers as the field without one does on a graph
// that has only the links that fit. This holds for every field that takes a LinkFilter, and for one that is added to
// the contract.
func TestTheGraphAsItWas(t *testing.T) {
	cat := both.Catalog(t)
	whole := dated(cat)
	all := questions(t, cat)
	want := make([][]string, len(conditions))
	for i, c := range conditions {
		part := *whole
		part.Links = nil
		for _, l := range whole.Links {
			if c.fits(l) {
				part.Links = append(part.Links, l)
			}
		}
		if len(part.Links) < 10 || len(part.Links) > len(whole.Links)-10 {
			t.Fatalf("%s leaves %d of %d links", c.filter, len(part.Links), len(whole.Links))
		}
		want[i] = answersOf(t, cat, fill(t, storetest.NewOracle(cat, both.Clock), &part), all, "")
	}
	check := func(t *testing.T, s store.Store) {
		fill(t, s, whole)
		var places []int
		for j := range all {
			places = append(places, j)
		}
		places = both.Part(t, places)
		var asked []question
		for _, j := range places {
			asked = append(asked, all[j])
		}
		plain, turn := answersOf(t, cat, s, asked, ""), both.Some(t, len(conditions))
		for i, c := range conditions {
			if !turn() {
				continue
			}
			same := 0
			for j, got := range answersOf(t, cat, s, asked, "where: "+c.filter) {
				if want := want[i][places[j]]; got != want {
					t.Errorf("%s %s\n%s", asked[j].name, c.filter, cmp.Diff(indent(want), indent(got)))
				}
				if got == plain[j] {
					same++
				}
			}
			if same == len(all) { // of a few, all may be alike
				t.Errorf("%s makes no difference anywhere", c.filter)
			}
		}
	}
	t.Run("oracle", func(t *testing.T) { check(t, storetest.NewOracle(cat, both.Clock)) })
	both.Run(t, cat, func(t *testing.T, open both.Open) { check(t, open(t)) })
}

func indent(s string) []string {
	return strings.Split(strings.NewReplacer("{", "{\n", "},", "},\n").Replace(s), "\n")
}

func fill(t *testing.T, s store.Store, b *store.Batch) store.Store {
	t.Helper()
	if err := storetest.Fill(t.Context(), s, b); err != nil {
		t.Fatal(err)
	}
	return s
}

func answersOf(t *testing.T, cat *catalog.Catalog, s store.Store, all []question, where string) []string {
	t.Helper()
	a := newAsker(t, cat, s)
	out := make([]string, len(all))
	for i, q := range all {
		query := strings.Replace(q.query, "$", where, 1)
		query = strings.ReplaceAll(strings.ReplaceAll(query, ", )", ")"), "()", "")
		v := any(a.ask(query, nil))
		if unordered[q.name] {
			v = sorted(v)
		}
		out[i] = asText(v)
	}
	return out
}
