package arguments_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// clientCodes are the codes of what is wrong with an argument, which say so to whoever asked.
var clientCodes = []string{"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "BAD_CURSOR", "GRAPHQL_PARSE_FAILED"}

// odd is a value that an argument may not take; with certain it must not.
type odd struct {
	v       any
	certain bool
}

// wrong makes values of a type that are none of it, or out of bounds, or long, or empty. at is where they stand.
func (v *values) wrong(r *rule, typ *ast.Type, at string, seen ...string) (out []odd) {
	def := v.cat.Schema.Types[typ.Name()]
	no := func(all ...any) {
		for _, x := range all {
			out = append(out, odd{x, true})
		}
	}
	maybe := func(all ...any) {
		for _, x := range all {
			out = append(out, odd{x, false})
		}
	}
	if typ.NonNull {
		no(nil)
	}
	if typ.Elem != nil {
		for _, x := range v.wrong(r, typ.Elem, at, seen...) {
			if x.v != nil {
				out = append(out, odd{[]any{x.v}, x.certain})
			}
		}
		no([]any{nil}, []any{[]any{[]any{}}})
		seen := []string{"EntityFilter", "LinkFilter"}
		for _, t := range append(slices.Clone(v.cat.Types), v.cat.Source) {
			seen = append(seen, t.Filter)
		}
		some := v.alone(typ.Elem, at, v.above(at), seen...)
		maybe([]any{})
		many := []any{}
		for len(some) > 0 && len(many) < 1001 {
			many = append(many, some...)
		}
		if len(some) == 0 {
			v.t.Fatalf("there is no value of %s here", at)
		}
		no(many[:1001])
		return out
	}
	switch {
	case def.Kind == ast.Enum:
		no("NOT_A_VALUE", 5, true, []any{def.EnumValues[0].Name, def.EnumValues[0].Name}, input{})
		maybe("", strings.ToLower(def.EnumValues[0].Name))
	case def.Kind == ast.InputObject:
		no("x", 1, true, input{"nothingOfThis": 1}, []any{v.required(def), v.required(def)})
		if def.Directives.ForName("oneOf") != nil {
			no(input{})
			two := input{}
			for _, f := range def.Fields[:2] {
				two[f.Name] = v.plain(f.Type)
			}
			beside := maps.Clone(two)
			beside[def.Fields[1].Name] = nil
			no(two, beside, input{def.Fields[0].Name: nil})
		}
		for _, f := range def.Fields {
			if f.Type.NonNull && f.DefaultValue == nil {
				m := v.required(def)
				delete(m, f.Name)
				no(m)
			}
		}
		if slices.Contains(seen, def.Name) {
			return out
		}
		for _, f := range def.Fields {
			for _, x := range v.wrong(r, f.Type, def.Name+"."+f.Name, v.within(seen, def)...) {
				m := v.required(def)
				m[f.Name] = x.v
				out = append(out, odd{m, x.certain})
			}
		}
	case def.Name == "Int":
		no("1", 1.5, true, int64(1)<<31, []any{1, 2}, input{})
		maybe(-1, 0, 2147483647)
		if b, ok := r.bounds[strings.TrimPrefix(at, r.name()+".")]; ok && strings.HasPrefix(at, r.name()+".") {
			no(int(b[0]) - 1)
			if b[1] < 2147483647 {
				no(int(b[1]) + 1)
			}
		}
	case def.Name == "Float":
		no("1", true, []any{1, 2}, input{})
		if b, ok := r.bounds[strings.TrimPrefix(at, r.name()+".")]; ok {
			no(b[0]-0.001, b[1]+0.001, 1e300)
		}
	case def.Name == "Boolean":
		no("true", 1, []any{true, false}, input{})
	case def.Name == "PartialDate":
		no("yesterday", "2021-13", "2021-02-30", "02/2021", "", "20211", input{}, []any{"2021", "2022"})
		maybe(2021, true)
	case def.Name == "ID":
		no(true, 1.5, input{}, []any{"a", "b"})
		maybe("", strings.Repeat("x", 5000), "a\x00b", 5)
	case strings.HasSuffix(at, ".after") || strings.HasSuffix(at, ".before"):
		no(5, true, input{}, "junk", "", strings.Repeat("x", 5000), "AAAA", "a\x00b")
	default:
		no(5, true, input{}, []any{"a", "b"}, strings.Repeat("x", 5000), "a\x00b")
		maybe("", "   ", "\u202e\u200b", `"`)
	}
	return out
}

// above is a place that an input can stand in.
func (*values) above(at string) string {
	if strings.HasPrefix(at, "StringFilter.") {
		return "EntityFilter.name"
	}
	return ""
}

// TestWrongValues asks with what arguments may not take: it is told so, by the same words on both stores, and never an
// accident.
func TestWrongValues(t *testing.T) {
	answers := map[string]string{}
	run(t, func(a *asker, rules []*rule) {
		a.others = answers
		v := &values{a.world, a.t}
		first := map[string]bool{}
		turn := both.Turns(a.t)
		for _, r := range rules {
			on := a.most(r)
			for _, arg := range r.field.Arguments {
				all := v.wrong(r, arg.Type, r.name()+"."+arg.Name)
				if key := arg.Type.String(); !first[key] {
					first[key] = true
				} else if len(all) > 60 {
					all = all[:20] // others of the type say the same further in
				}
				for i, x := range all {
					args := with(r, input{arg.Name: x.v})
					for _, literals := range []bool{true, false} {
						if a.dear && !x.certain && (literals || i%12 != 0 || !turn()) { // it may be taken
							continue
						}
						_, code := a.ask(r, on, args, literals, r.selection())
						if code != "" && !slices.Contains(clientCodes, code) && code != "NOT_FOUND" &&
							code != "AMBIGUOUS_REF" || code == "" && x.certain {
							a.t.Errorf("%s with %.300s, literals %v: %q", r.name(), asText(args), literals, code)
						}
					}
				}
			}
		}
	})
}

// TestNullIsLeftOut: null, where an argument may be null, is as good as its default.
func TestNullIsLeftOut(t *testing.T) {
	run(t, func(a *asker, rules []*rule) {
		for _, r := range a.families(rules) {
			on := a.most(r)
			want, _ := a.ask(r, on, with(r, nil), true, r.selection())
			all := input{}
			for _, arg := range r.field.Arguments {
				if !arg.Type.NonNull {
					all[arg.Name] = nil
					if got, code := a.ask(r, on, with(r, input{arg.Name: nil}), len(all)%2 == 0,
						r.selection()); r.given[arg.Name] == nil && (code != "" || !same(want, got)) {
						a.t.Errorf("%s(%s: null) is not as without it: %s", r.name(), arg.Name, code)
					}
				}
				a.nulls(r, on, arg)
			}
			args := with(r, all)
			maps.Copy(args, r.given)
			if got, code := a.ask(r, on, args, false, r.selection()); code != "" || !same(want, got) {
				a.t.Errorf("%s with all arguments null is not as without them: %s", r.name(), code)
			}
		}
	})
}

// nulls asks with an input all of whose fields that may be null are, once at each level.
func (a *asker) nulls(r *rule, on string, arg *ast.ArgumentDefinition) {
	def := a.cat.Schema.Types[arg.Type.Name()]
	if def.Kind != ast.InputObject || def.Directives.ForName("oneOf") != nil {
		return
	}
	v := &values{a.world, a.t}
	one, full := v.required(def), v.required(def)
	for _, f := range def.Fields {
		if !f.Type.NonNull {
			full[f.Name] = nil
		}
	}
	want, code := a.ask(r, on, with(r, input{arg.Name: one}), false, r.selection())
	got, other := a.ask(r, on, with(r, input{arg.Name: full}), false, r.selection())
	if code != other || !same(want, got) {
		a.t.Errorf("%s(%s:) with every field null is not as with none: %q, %q", r.name(), arg.Name, code, other)
	}
	for _, f := range def.Fields {
		of := a.cat.Schema.Types[f.Type.Name()]
		if of.Kind != ast.InputObject || of.Directives.ForName("oneOf") != nil || f.Type.Elem != nil {
			continue
		}
		empty, nulls := v.required(of), v.required(of)
		for _, g := range of.Fields {
			if !g.Type.NonNull {
				nulls[g.Name] = nil
			}
		}
		want, code := a.ask(r, on, with(r, input{arg.Name: input{f.Name: empty}}), false, r.selection())
		got, other := a.ask(r, on, with(r, input{arg.Name: input{f.Name: nulls}}), false, r.selection())
		if code != other || !same(want, got) {
			a.t.Errorf("%s(%s: {%s:}) with every field null is not as with none: %q, %q", r.name(), arg.Name, f.Name,
				code, other)
		}
	}
}

// TestArgumentsWithinAnswers: arguments of fields within an answer are read wherever they stand, also where the answer
// is of a search over the graph.
func TestArgumentsWithinAnswers(t *testing.T) {
	run(t, func(a *asker, rules []*rule) {
		asked, turn := 0, both.Turns(a.t)
		for _, r := range rules {
			for _, within := range []string{
				"link { id }", "links { id }", "because { id }", "alternatives { id }",
				"direct { id }",
			} {
				if !strings.Contains(r.selection(), within) {
					continue
				}
				asked++
				field, _, _ := strings.Cut(within, " ")
				on := a.most(r)
				for args, code := range map[string]string{
					"first: 101": "BAD_USER_INPUT", "first: -1": "BAD_USER_INPUT", `after: "junk"`: "BAD_CURSOR", "stance: PERHAPS": "GRAPHQL_VALIDATION_FAILED",
				} {
					sel := strings.Replace(r.selection(), within, field+" { id evidence("+args+") { totalCount } }", 1)
					if _, got := a.ask(r, on, with(r, nil), true, sel); got != code {
						a.t.Errorf("%s: %s { evidence(%s) }: %q, want %s", r.name(), field, args, got, code)
					}
				}
				if a.dear && (asked > 12 || !turn()) {
					continue
				}
				sel := strings.Replace(r.selection(), within,
					field+" { id evidence(stance: REFUTES, first: 1) { totalCount edges { node { id } } pageInfo { hasNextPage } } }", 1)
				got, code := a.ask(r, on, with(r, nil), true, sel)
				if code != "" {
					a.t.Errorf("%s: %s", r.name(), code)
				}
				a.evidence(r, got)
			}
		}
		if asked < 50 {
			a.t.Errorf("only %d fields have links within them", asked)
		}
	})
}

// evidence holds what answers say of the denials of links, wherever these stand.
func (a *asker) evidence(r *rule, got any) {
	switch got := got.(type) {
	case []any:
		for _, x := range got {
			a.evidence(r, x)
		}
	case input:
		id := text(got["id"])
		if e, ok := got["evidence"]; ok {
			var denials []any
			for _, x := range a.oldest(a.links[id]) {
				if x.Stance == kg.Refutes {
					denials = append(denials, input{"node": ask1(kg.EvidenceID(id, &x))})
				}
			}
			want := input{"totalCount": float64(len(denials)), "edges": append([]any{},
				denials[:min(1, len(denials))]...), "pageInfo": input{"hasNextPage": len(denials) > 1}}
			if !same(want, e) {
				a.t.Errorf("%s: the denials of %s are %s, want %s", r.name(), id, asText(e), asText(want))
			}
		}
		for _, x := range got {
			a.evidence(r, x)
		}
	}
}

// TestEachFieldAlone: a field of an answer says the same alone as among all others.
func TestEachFieldAlone(t *testing.T) {
	run(t, func(a *asker, rules []*rule) {
		for _, r := range a.families(rules) {
			if _, path := r.host("", ""); r.field.Type.Name() == "Int" ||
				!slices.Contains([]any{"f", 0}, path[len(path)-1]) {
				continue // nothing to select, or one answer for each entry of a list
			}
			var paths [][]string
			full := a.selectAll(r.field.Type.Name(), nil, &paths, 0)
			on := a.most(r)
			all, code := a.ask(r, on, with(r, nil), true, full)
			if code != "" {
				a.t.Errorf("%s %s: %s", r.name(), full, code)
				continue
			}
			if a.dear && len(paths) > 12 {
				paths = paths[:12]
			}
			for _, p := range paths {
				got, code := a.ask(r, on, with(r, nil), true, "{ "+strings.Join(p, " { ")+strings.Repeat(" }", len(p)))
				if want := projected(all, p); code != "" || !same(want, got) {
					a.t.Errorf("%s { %s } alone is not as among others: %s\n%.400s\n%.400s", r.name(),
						strings.Join(p, " { "), code, asText(got), asText(want))
				}
			}
		}
	})
}

// selectAll selects all that a type says without following links, and lists the ways to each value.
func (a *asker) selectAll(typ string, way []string, paths *[][]string, depth int) string {
	def := a.cat.Schema.Types[typ]
	var out []string
	if def.Kind == ast.Union {
		*paths = append(*paths, append(slices.Clone(way), "__typename"))
		return "{ __typename }"
	}
	for _, f := range def.Fields {
		of := a.cat.Schema.Types[f.Type.Name()]
		leaf := of.Kind == ast.Scalar || of.Kind == ast.Enum
		record := def.Fields.ForName("id") != nil && (def.Kind == ast.Interface || a.cat.Type(def.Name) != nil)
		if strings.HasPrefix(f.Name, "__") || record && f.Name != "id" && f.Name != "name" || len(f.Arguments) > 0 &&
			slices.ContainsFunc(f.Arguments, func(x *ast.ArgumentDefinition) bool { return x.Type.NonNull }) {
			continue
		}
		to := append(slices.Clone(way), f.Name)
		switch {
		case leaf:
			out = append(out, f.Name)
			*paths = append(*paths, to)
		case depth < 6:
			out = append(out, f.Name+" "+a.selectAll(of.Name, to, paths, depth+1))
		}
	}
	return "{ " + strings.Join(out, " ") + " }"
}

// projected is what an answer says along one way.
func projected(v any, way []string) any {
	switch v := v.(type) {
	case []any:
		out := []any{}
		for _, x := range v {
			out = append(out, projected(x, way))
		}
		return out
	case input:
		if len(way) == 0 {
			return v
		}
		return input{way[0]: projected(v[way[0]], way[1:])}
	}
	return v
}
