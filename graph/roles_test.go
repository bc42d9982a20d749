package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/contract"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// requiring is a directive that asks for a role.
func requiring(role auth.Role) *ast.Directive {
	return &ast.Directive{Name: contract.Requires, Arguments: ast.ArgumentList{
		{Name: "role", Value: &ast.Value{Kind: ast.EnumValue, Raw: role.String()}},
	}}
}

// least returns the arguments that a root field cannot do without.
func least(schema *ast.Schema, f *ast.FieldDefinition) string {
	special := map[string]string{
		"match": `(pattern: [{node: {}}, {link: {}}, {node: {}}])`, "compare": `(left: {id: "mary-kaldor"}, right: {id: "nato"})`,
		"paths":      `(from: {id: "mary-kaldor"}, to: {id: "nato"}, maxLength: 1)`,
		"asRecorded": `(id: "mary-kaldor", at: "2024-01-01T00:00:00Z")`,
	}
	if s, ok := special[f.Name]; ok {
		return s
	}
	var args []string
	for _, a := range f.Arguments {
		if !a.Type.NonNull || a.DefaultValue != nil {
			continue
		}
		value := `"mary-kaldor"`
		def := schema.Types[a.Type.Name()]
		switch def.Kind {
		case ast.Enum:
			value = def.EnumValues[0].Name
		case ast.InputObject:
			value = `{id: "mary-kaldor"}`
		}
		args = append(args, a.Name+": "+value)
	}
	if len(args) == 0 {
		return ""
	}
	return "(" + strings.Join(args, ", ") + ")"
}

// TestARootFieldAnswersWhoHasItsRole: of every root field, each role that it may need and each that may ask, the answer is
// FORBIDDEN exactly when the one is above the other, whatever stands beside it, and by either way of writing answers.
func TestARootFieldAnswersWhoHasItsRole(t *testing.T) {
	shift := func(by int) (*catalog.Catalog, []*ast.FieldDefinition, map[string]auth.Role) {
		cat, err := catalog.Parse("schema.graphqls", throughline.Schema)
		if err != nil {
			t.Fatal(err)
		}
		needs := map[string]auth.Role{}
		fields := slices.DeleteFunc(slices.Clone(cat.Schema.Query.Fields), func(f *ast.FieldDefinition) bool {
			return strings.HasPrefix(f.Name, "__")
		})
		for i, f := range fields {
			needs[f.Name] = auth.Role((i+by)%int(auth.Admin)) + auth.Reader
			f.Directives = append(f.Directives, requiring(needs[f.Name]))
		}
		return cat, fields, needs
	}
	asked := 0
	for by := range int(auth.Admin) {
		cat, fields, needs := shift(by)
		e, err := New(Options{Catalog: cat, Store: stored(t, cat)})
		if err != nil {
			t.Fatal(err)
		}
		for role := auth.Reader; role <= auth.Admin; role++ {
			for i, f := range fields {
				other := fields[(i+1)%len(fields)]
				query := fmt.Sprintf(`{ a: %s%s { __typename } b: %s%s { __typename } __typename }`,
					f.Name, least(cat.Schema, f), other.Name, least(cat.Schema, other))
				want := map[string]string{}
				for alias, name := range map[string]string{"a": f.Name, "b": other.Name} {
					if needs[name] > role {
						want[alias] = needs[name].String()
					}
				}
				var texts []string
				for _, ctx := range []context.Context{t.Context(), context.WithValue(t.Context(), forceKey{}, true)} {
					r := e.Do(ctx, &Request{Query: query, Who: auth.NewIdentity("ann", role)})
					got := map[string]string{}
					for _, err := range r.Errors {
						if err.Extensions["code"] != string(kg.Forbidden) {
							t.Errorf("%s: %v", query, err)
						}
						got[err.Path.String()], _ = err.Extensions["requires"].(string)
					}
					if fmt.Sprint(got) != fmt.Sprint(want) {
						t.Errorf("%s as %s: forbidden are %v, want %v", query, role, got, want)
					}
					slices.SortFunc(r.Errors, func(a, b *gqlerror.Error) int { return strings.Compare(a.Path.String(), b.Path.String()) })
					texts = append(texts, string(r.AppendJSON(nil)))
					r.Release()
					asked++
				}
				if texts[0] != texts[1] {
					t.Errorf("%s as %s:\n%s\n%s", query, role, texts[0], texts[1])
				}
			}
		}
	}
	if asked < 500 {
		t.Errorf("%d questions", asked)
	}
}

// TestWhatIsForbiddenIsNotAsked: neither its arguments nor what it costs are looked at, and an explanation says so.
func TestWhatIsForbiddenIsNotAsked(t *testing.T) {
	cat, err := catalog.Parse("schema.graphqls", throughline.Schema)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"people", "centrality"} {
		f := cat.Schema.Query.Fields.ForName(name)
		f.Directives = append(f.Directives, requiring(auth.Curator))
	}
	e, err := New(Options{Catalog: cat, Store: stored(t, cat)})
	if err != nil {
		t.Fatal(err)
	}
	who := auth.NewIdentity("ann", auth.Editor)
	r := e.Do(t.Context(), &Request{Query: `{ people(first: 1000000) { totalCount } centrality(by: DEGREE) { totalCount }
		node(id: "nato") { id } viewer { subject role } }`, Who: who, Explain: true, Cost: true})
	defer r.Release()
	got := string(r.AppendJSON(nil))
	for _, want := range []string{
		`"people":null,"centrality":null,"node":{"id":"nato"},"viewer":{"subject":"ann","role":"EDITOR"}`,
		`people needs the role CURATOR, and yours is EDITOR`, `"requires":"CURATOR"`,
		`people: not asked, as it needs the role CURATOR`, `centrality: not asked`, `"cost":3,`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
	alone := e.Do(t.Context(), &Request{Query: `{ people { totalCount } }`, Who: who})
	defer alone.Release()
	if got := string(alone.AppendJSON(nil)); !strings.Contains(got, `"data":{"people":null}`) || !strings.Contains(got, "FORBIDDEN") {
		t.Error(got)
	}
}

// TestViewer: who asks; the program itself is nobody in particular and may everything.
func TestViewer(t *testing.T) {
	cat := extended(t, nil, "")
	e, err := New(Options{Catalog: cat, Store: stored(t, cat)})
	if err != nil {
		t.Fatal(err)
	}
	for want, who := range map[string]*auth.Identity{
		`{"subject":null,"role":"ADMIN"}`:               nil,
		`{"subject":null,"role":"READER"}`:              auth.NewIdentity("", auth.Reader),
		`{"subject":"Ann \"A\" Berg","role":"CURATOR"}`: auth.NewIdentity(`Ann "A" Berg`, auth.Curator),
	} {
		for _, ctx := range []context.Context{t.Context(), context.WithValue(t.Context(), forceKey{}, true)} {
			r := e.Do(ctx, &Request{Query: `{ viewer { subject role } }`, Who: who})
			if got := string(r.AppendJSON(nil)); got != `{"data":{"viewer":`+want+`}}` {
				t.Errorf("%s, want %s", got, want)
			}
			r.Release()
		}
	}
}

// TestRolesAreDeclaredWhereTheyHold: a field of Mutation that names no role, and a role where none is looked at, stop the
// start; the roles of the schema are those of the program.
func TestRolesAreDeclaredWhereTheyHold(t *testing.T) {
	cat := extended(t, nil, "")
	s := stored(t, cat)
	var declared []string
	for _, v := range cat.Schema.Types["Role"].EnumValues {
		declared = append(declared, v.Name)
	}
	var known []string
	for r := auth.Reader; r <= auth.Admin; r++ {
		known = append(known, r.String())
	}
	if !slices.Equal(declared, known) {
		t.Errorf("the schema has the roles %v, the program %v", declared, known)
	}
	silent := extended(t, nil, "")
	first := silent.Schema.Mutation.Fields[0]
	first.Directives = nil
	odd := extended(t, map[string]string{"GraphStats": "odd: Int! @requires(role: READER)"}, "")
	for want, cat := range map[string]*catalog.Catalog{
		"Mutation." + first.Name + " has no @requires":                                      silent,
		"GraphStats.odd has @requires, to which only fields of Query and Mutation are held": odd,
	} {
		more := tables{}
		if cat == odd {
			more["GraphStats"] = table{"odd": intOf(func(*kg.Stats) int64 { return 1 })}
		}
		if _, err := newEngine(Options{Catalog: cat, Store: s}, questionKinds(), more); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// value returns something that an argument or a field of an input can be.
func value(schema *ast.Schema, t *ast.Type) string {
	if t.Elem != nil {
		return "[" + value(schema, t.Elem) + "]"
	}
	switch def := schema.Types[t.NamedType]; {
	case def.Kind == ast.Enum:
		return def.EnumValues[0].Name
	case def.Kind == ast.InputObject && def.Directives.ForName("oneOf") != nil:
		return "{" + def.Fields[0].Name + ": " + strings.Replace(value(schema, def.Fields[0].Type), ", dryRun: true", "", 1) + "}"
	case def.Kind == ast.InputObject:
		var in []string
		for _, f := range def.Fields {
			if f.Type.NonNull || f.Name == contract.DryRun {
				in = append(in, f.Name+": "+value(schema, f.Type))
			}
		}
		return "{" + strings.Join(in, ", ") + "}"
	case def.Name == "Boolean":
		return "true"
	}
	return `"mary-kaldor"`
}

// TestAMutationIsForWhoHasItsRole: of every mutation and each role, the answer is FORBIDDEN exactly when the role is below
// what the schema says; with a role it is tried.
func TestAMutationIsForWhoHasItsRole(t *testing.T) {
	cat := extended(t, nil, "")
	s := stored(t, cat)
	e, err := New(Options{Catalog: cat, Store: s, Writer: s})
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, f := range cat.Schema.Mutation.Fields {
		if strings.HasPrefix(f.Name, "__") {
			continue
		}
		needs, ok := auth.ParseRole(f.Directives.ForName(contract.Requires).Arguments.ForName("role").Value.Raw)
		if !ok || needs < auth.Editor {
			t.Errorf("%s is for %s", f.Name, needs)
		}
		query := "mutation { " + f.Name + "(input: " + value(cat.Schema, f.Arguments.ForName("input").Type) + ") { errors { code } } }"
		for role := auth.Reader; role <= auth.Admin; role++ {
			for _, ctx := range []context.Context{t.Context(), context.WithValue(t.Context(), forceKey{}, true)} {
				r := e.Do(ctx, &Request{Query: query, Who: auth.NewIdentity("ann", role)})
				if forbidden := r.Code() == string(kg.Forbidden); forbidden != (needs > role) || !r.Began {
					t.Errorf("%s as %s: %s", query, role, r.AppendJSON(nil))
				}
				r.Release()
				tried++
			}
		}
	}
	if tried < 100 {
		t.Errorf("%d were tried", tried)
	}
}

// TestAMutationKnowsWhoWrites: the subject stands in the log, and what may not write leaves nothing there.
func TestAMutationKnowsWhoWrites(t *testing.T) {
	cat := extended(t, nil, "")
	s := stored(t, cat)
	e, err := New(Options{Catalog: cat, Store: s, Writer: s})
	if err != nil {
		t.Fatal(err)
	}
	for role := auth.Reader; role <= auth.Admin; role++ {
		who := auth.NewIdentity("the "+role.String(), role)
		r := e.Do(t.Context(), &Request{Query: `mutation { createTheme(input: {name: "by ` + role.String() + `"}) { change { by } } }`, Who: who})
		got := string(r.AppendJSON(nil))
		r.Release()
		if want := `{"data":{"createTheme":{"change":{"by":"the ` + role.String() + `"}}}}`; (role >= auth.Editor) != (got == want) {
			t.Errorf("as %s: %s", role, got)
		}
	}
	changes, err := s.Changes(t.Context(), &store.ChangesQuery{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var by []string
	for _, c := range changes {
		by = append(by, c.By)
	}
	if got := strings.Join(by, ", "); !strings.HasPrefix(got, "the ADMIN, the CURATOR, the EDITOR") || strings.Contains(got, "READER") {
		t.Errorf("changes by %s", got)
	}
}

// TestAnOperationOfSeveralNeedsItsRole: what a role may not do alone it may not do among others, and then nothing is done.
func TestAnOperationOfSeveralNeedsItsRole(t *testing.T) {
	cat := extended(t, nil, "")
	s := stored(t, cat)
	e, err := New(Options{Catalog: cat, Store: s, Writer: s})
	if err != nil {
		t.Fatal(err)
	}
	const query = `mutation { applyChanges(input: {operations: [{createTheme: {name: "made"}}, {delete: {id: "nato", cascade: true}}]}) {
		results { id } errors { code message } } }`
	for role := auth.Editor; role <= auth.Admin; role++ {
		for _, ctx := range []context.Context{context.WithValue(t.Context(), forceKey{}, true), t.Context()} {
			r := e.Do(ctx, &Request{Query: query, Who: auth.NewIdentity("ann", role)})
			got := string(r.AppendJSON(nil))
			r.Release()
			if role == auth.Editor {
				const want = `{"errors":[{"message":"delete needs the role CURATOR, and yours is EDITOR","path":["applyChanges"],` +
					`"extensions":{"argument":["applyChanges","input","operations",1,"delete"],"code":"FORBIDDEN","requires":"CURATOR"}}],"data":{"applyChanges":null}}`
				if got != want {
					t.Errorf("%s", got)
				}
				continue
			}
			if strings.Contains(got, "FORBIDDEN") {
				t.Errorf("as %s: %s", role, got)
			}
		}
		if got := answerTo(t, e, `{ made: theme(ref: {id: "made"}) { id } gone: node(id: "nato") { id } }`, false); (role == auth.Editor) !=
			(got == `{"data":{"made":null,"gone":{"id":"nato"}}}`) {
			t.Errorf("as %s: %s", role, got)
		}
	}
}

// TestAnEditorTakesBackTheirOwn: an editor takes back what they have changed, and neither what others have nor an import;
// a curator takes back all of it.
func TestAnEditorTakesBackTheirOwn(t *testing.T) {
	cat := extended(t, nil, "")
	s := stored(t, cat)
	e, err := New(Options{Catalog: cat, Store: s, Writer: s})
	if err != nil {
		t.Fatal(err)
	}
	ann, bob := auth.NewIdentity("ann", auth.Editor), auth.NewIdentity("bob", auth.Editor)
	ask := func(who *auth.Identity, query string) string {
		r := e.Do(t.Context(), &Request{Query: query, Who: who})
		defer r.Release()
		return string(r.AppendJSON(nil))
	}
	latest := func() string {
		changes, err := s.Changes(t.Context(), &store.ChangesQuery{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		return changes[0].ID
	}
	revert := func(who *auth.Identity, change string) string {
		return ask(who, `mutation { revertChange(input: {change: "`+change+`"}) { change { by } errors { message } } }`)
	}
	made := func(who *auth.Identity, name string) string {
		ask(who, `mutation { createTheme(input: {name: "`+name+`"}) { theme { id } } }`)
		return latest()
	}
	load, err := s.Load(t.Context())
	if err == nil {
		err = load.Put(t.Context(), &store.Batch{Nodes: []*kg.Node{{ID: "imported", Type: "THEME", Name: "Imported"}}})
	}
	if err == nil {
		load.Describe(&store.Deed{By: "ann"})
		err = load.Commit(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	const forbidden = `{"errors":[{"message":"revertChange of what another has changed, or of an import, needs the role CURATOR, and yours is EDITOR","path":["revertChange"],` +
		`"extensions":{"code":"FORBIDDEN","requires":"CURATOR"}}],"data":{"revertChange":null}}`
	imported, anns, bobs := latest(), made(ann, "Hers"), made(bob, "His")
	for what, change := range map[string]string{"an import": imported, "what another made": bobs} {
		if got := revert(ann, change); got != forbidden {
			t.Errorf("%s: %s", what, got)
		}
	}
	if got := revert(bob, anns); got != forbidden {
		t.Error(got)
	}
	if got := revert(ann, anns); got != `{"data":{"revertChange":{"change":{"by":"ann"},"errors":[]}}}` {
		t.Errorf("her own: %s", got)
	}
	if got := ask(ann, `{ theme(ref: {id: "hers"}) { id } }`); got != `{"data":{"theme":null}}` {
		t.Errorf("it is there: %s", got)
	}
	curator := auth.NewIdentity("cy", auth.Curator)
	if got := revert(curator, bobs); got != `{"data":{"revertChange":{"change":{"by":"cy"},"errors":[]}}}` {
		t.Errorf("a curator, what another made: %s", got)
	}
	if got := revert(curator, imported); !strings.Contains(got, "that the log does not list: it cannot be taken back") {
		t.Errorf("a curator, an import: %s", got)
	}
}
