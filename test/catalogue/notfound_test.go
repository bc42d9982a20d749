package catalogue_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// TestWhatNamesNothing asks every root field that takes a reference for what is not there: a look-up is null without
// an error, a question is null with one that says which argument it is, and the field beside it is answered.
func TestWhatNamesNothing(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		a := newAsker(t, cat, open(t))
		for _, f := range cat.Schema.Query.Fields {
			var args []string
			for _, x := range f.Arguments {
				if of := x.Type.Name(); x.Type.NonNull && (of == "EntityRef" || of == "SourceRef") {
					args = append(args, x.Name+`: {id: "nobody"}`)
				}
			}
			if len(args) == 0 {
				continue
			}
			if f.Arguments.ForName("through") != nil {
				args = append(args, "through: EVENT")
			}
			r := a.e.Do(t.Context(), &graph.Request{
				Query: "{ it: " + f.Name + "(" + strings.Join(args, ", ") + ") { __typename } stats { sources } }",
			})
			var data map[string]any
			if err := json.Unmarshal(r.Data, &data); err != nil || data["it"] != nil || data["stats"] == nil {
				t.Errorf("%s: %s %v", f.Name, r.Data, r.Errors)
			}
			if lookup := slices.ContainsFunc(f.Arguments, func(x *ast.ArgumentDefinition) bool {
				return x.Name == "ref"
			}); lookup != (len(r.Errors) == 0) {
				t.Errorf("%s: %v", f.Name, r.Errors)
			} else if !lookup {
				way, _ := r.Errors[0].Extensions["argument"].([]any)
				if r.Code() != "NOT_FOUND" || len(way) < 2 || way[0] != f.Name {
					t.Errorf("%s: %v %v", f.Name, r.Code(), way)
				}
			}
			r.Release()
		}
	})
}

// unnamed is a filter with a reference that names nothing.
type unnamed struct {
	where string // the filter, with %s for the reference
	way   []any  // to the reference, from the filter
}

// ofLinks and ofEntities are filters that hold, or hold anything, but for the reference.
var (
	ofEntities = []unnamed{
		{`{linkedTo: {entity: %s}}`, []any{"linkedTo", "entity"}},
		{
			`{or: [{linkCount: {gte: 0}}, {not: {linkedTo: {where: {linkedTo: {entity: %s}}}}}]}`,
			[]any{"or", 1, "not", "linkedTo", "where", "linkedTo", "entity"},
		},
		{
			`{linkedTo: {link: {or: {not: {other: {linkedTo: {entity: %s}}}}}}}`,
			[]any{"linkedTo", "link", "or", 0, "not", "other", "linkedTo", "entity"},
		},
	}
	ofLinks = []unnamed{
		{`{other: {linkedTo: {entity: %s}}}`, []any{"other", "linkedTo", "entity"}},
		{
			`{or: [{minSources: 0}, {not: {other: {and: {linkedTo: {entity: %s}}}}}]}`,
			[]any{"or", 1, "not", "other", "and", 0, "linkedTo", "entity"},
		},
	}
)

// filtered is a place where a filter stands.
type filtered struct {
	query string // with %s for the filter
	way   []any  // to the filter
	of    []unnamed
}

// everyFilter finds each place of the schema where a filter can stand that can hold a reference.
func everyFilter(t *testing.T, cat *catalog.Catalog, id func(*catalog.Type) string) (all []filtered) {
	t.Helper()
	lists := func(f *ast.FieldDefinition) []unnamed {
		a := f.Arguments.ForName("where")
		switch {
		case a == nil:
			return nil
		case a.Type.Name() == "LinkFilter":
			return ofLinks
		case cat.Schema.Types[a.Type.Name()].Fields.ForName("linkedTo") != nil:
			return ofEntities
		}
		t.Errorf("%s has a filter that is not known here", f.Name)
		return nil
	}
	person := fmt.Sprintf("{id: %q}", id(cat.Types[0]))
	for _, f := range cat.Schema.Query.Fields {
		of := lists(f)
		if of == nil {
			continue
		}
		var args []string
		for _, x := range f.Arguments {
			switch {
			case !x.Type.NonNull || x.DefaultValue != nil:
			case x.Type.Name() == "EntityRef":
				args = append(args, x.Name+": "+person)
			case x.Type.Name() == "EntityType":
				args = append(args, x.Name+": EVENT")
			case x.Type.Name() == "CentralityMeasure":
				args = append(args, x.Name+": DEGREE")
			default:
				t.Errorf("%s.%s is not known here", f.Name, x.Name)
			}
		}
		args = append(args, "where: %s")
		all = append(all, filtered{"it: " + f.Name + "(" + strings.Join(args, ", ") + ") { __typename }", []any{f.Name, "where"}, of})
	}
	all = append(all,
		filtered{
			"it: match(pattern: [{node: {}}, {link: {}}, {node: {where: %s}}]) { __typename }",
			[]any{"match", "pattern", 2, "node", "where"},
			ofEntities,
		},
		filtered{
			"it: match(pattern: [{node: {}}, {link: {where: %s}}, {node: {}}]) { __typename }",
			[]any{"match", "pattern", 1, "link", "where"},
			ofLinks,
		},
		filtered{"it: paths(from: " + person + ", to: " + fmt.Sprintf("{id: %q}", id(cat.Types[1])) +
			") { nodes { nodes { links(where: %s) { totalCount } } } }", []any{"links", "where"}, ofLinks},
	)
	for _, typ := range append(slices.Clone(cat.Types), cat.Source) {
		for _, f := range cat.Schema.Types[typ.Name].Fields {
			of := lists(f)
			if of == nil {
				continue
			}
			sel := " { totalCount }"
			if f.Type.Name() == "Int" {
				sel = ""
			}
			all = append(all, filtered{
				fmt.Sprintf("it: %s(ref: {id: %q}) { %s(where: %%s)%s }",
					rootField(cat.Schema.Query, typ.Name, "ref"), id(typ), f.Name, sel),
				[]any{f.Name, "where"},
				of,
			})
		}
	}
	return all
}

// TestWhatAFilterNamesThatIsNot puts a reference that names nothing into every filter there is, within what holds without
// it too: the root field alone is null, with an error that says which reference it is and what is like it.
func TestWhatAFilterNamesThatIsNot(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		nodes, _, file := everything(t, cat)
		s := open(t)
		if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("everything", []byte(file))},
			exchange.Options{}); err != nil {
			t.Fatal(err)
		}
		a := newAsker(t, cat, s)
		asked := 0
		turn := both.Turns(t)
		for _, at := range everyFilter(t, cat, func(typ *catalog.Type) string {
			if typ == cat.Source {
				return "s_all"
			}
			return nodes[slices.IndexFunc(nodes, func(n *node) bool { return n.typ == typ })].id
		}) {
			for _, f := range at.of {
				if !turn() {
					continue
				}
				asked++
				for ref, by := range map[string]string{
					`{name: "Specimen0"}`: "name", `{id: "nobody"}`: "id",
					`{externalId: {scheme: "x", value: "y"}}`: "external id",
				} {
					r := a.e.Do(t.Context(), &graph.Request{
						Query: "{ " + fmt.Sprintf(at.query, fmt.Sprintf(f.where, ref)) + " stats { sources } }",
					})
					var data map[string]any
					if err := json.Unmarshal(r.Data, &data); err != nil || len(r.Errors) != 1 || data["it"] != nil || data["stats"] == nil {
						t.Fatalf("%s in %s: %s %v", f.where, at.query, r.Data, r.Errors)
					}
					e := r.Errors[0].Extensions
					way := append(slices.Clone(at.way), f.way...)
					if e["code"] != "NOT_FOUND" || fmt.Sprint(e["argument"]) != fmt.Sprint(way) ||
						!strings.HasSuffix(r.Errors[0].Message, " of this "+by) {
						t.Errorf("%s in %s: %s %v, want %v", f.where, at.query, r.Errors[0].Message, e, way)
					}
					if like := fmt.Sprint(e["suggestions"]); (by == "name") != strings.Contains(like, "Specimen0 ") {
						t.Errorf("%s in %s by %s: what is like it is %s", f.where, at.query, by, like)
					}
					r.Release()
				}
			}
		}
		if asked == 0 {
			t.Error("no filter was asked with")
		}
	})
}
