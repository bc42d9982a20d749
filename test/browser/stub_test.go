package browser_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/web"
)

// headline is what the stub knows of the sample: the beginning of the answer to the tour's first query.
const headline = `{"data":{"person":{"affiliations":{"edges":[{"role":"Professor","node":{"name":"London School of Economics and Political Science",` +
	`"events":{"edges":[{"node":{"name":"Digital Dialogue on Human Security in NATO","startsOn":"2021-02-25","themes":{"edges":[]}}}]}}}]}}}}`

// stubServer serves the playground and, at /graphql, the contract's introspection and the headline's answer.
func stubServer(t *testing.T) string {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphqls", Input: throughline.Schema})
	if err != nil {
		t.Fatal(err)
	}
	introspection, err := json.Marshal(map[string]any{"data": map[string]any{"__schema": introspect(schema)}})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	playground := web.Playground(web.Options{Explain: true})
	mux.Handle("/playground", playground)
	mux.Handle("/playground/", playground)
	mux.HandleFunc("POST /graphql", func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Query, OperationName string }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/graphql-response+json; charset=utf-8")
		answer := []byte(`{"data":null}`)
		switch {
		case body.OperationName == "IntrospectionQuery":
			answer = introspection
		case strings.Contains(body.Query, `person(ref: {name: "Mary Kaldor"})`):
			answer = []byte(headline)
		case r.Header.Get("X-Throughline-Explain") == "1":
			answer = []byte(`{"data":null,"extensions":{"explain":{"event":{"plan":["event: one of EVENT, by name"],"roundTrips":1}}}}`)
		}
		_, _ = w.Write(answer)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

// introspect is the answer to an introspection query that asks for everything.
func introspect(s *ast.Schema) map[string]any {
	var types, directives []any
	for _, name := range sortedKeys(s.Types) {
		types = append(types, typeDefinition(s, s.Types[name]))
	}
	for _, name := range sortedKeys(s.Directives) {
		d := s.Directives[name]
		directives = append(directives, map[string]any{
			"name": d.Name, "description": d.Description, "locations": d.Locations, "isRepeatable": d.IsRepeatable, "args": arguments(s, d.Arguments),
		})
	}
	return map[string]any{
		"queryType": map[string]any{"name": s.Query.Name}, "mutationType": nil, "subscriptionType": nil, "types": types, "directives": directives,
	}
}

func typeDefinition(s *ast.Schema, d *ast.Definition) map[string]any {
	out := map[string]any{
		"kind": d.Kind, "name": d.Name, "description": d.Description,
		"fields": nil, "inputFields": nil, "interfaces": nil, "enumValues": nil, "possibleTypes": nil,
	}
	switch d.Kind {
	case ast.Object, ast.Interface:
		fields, interfaces := []any{}, []any{}
		for _, f := range d.Fields {
			if !strings.HasPrefix(f.Name, "__") {
				fields = append(fields, map[string]any{
					"name": f.Name, "description": f.Description, "args": arguments(s, f.Arguments), "type": reference(s, f.Type), "isDeprecated": false,
				})
			}
		}
		for _, name := range d.Interfaces {
			interfaces = append(interfaces, reference(s, ast.NamedType(name, nil)))
		}
		out["fields"], out["interfaces"] = fields, interfaces
	case ast.InputObject:
		fields := []any{}
		for _, f := range d.Fields {
			fields = append(fields, inputValue(s, f.Name, f.Description, f.Type, f.DefaultValue))
		}
		out["inputFields"] = fields
	case ast.Enum:
		values := []any{}
		for _, v := range d.EnumValues {
			values = append(values, map[string]any{"name": v.Name, "description": v.Description, "isDeprecated": false})
		}
		out["enumValues"] = values
	}
	if d.IsAbstractType() {
		possible := []any{}
		for _, p := range s.GetPossibleTypes(d) {
			possible = append(possible, reference(s, ast.NamedType(p.Name, nil)))
		}
		out["possibleTypes"] = possible
	}
	return out
}

func arguments(s *ast.Schema, list ast.ArgumentDefinitionList) []any {
	out := []any{}
	for _, a := range list {
		out = append(out, inputValue(s, a.Name, a.Description, a.Type, a.DefaultValue))
	}
	return out
}

func inputValue(s *ast.Schema, name, description string, typ *ast.Type, def *ast.Value) map[string]any {
	out := map[string]any{"name": name, "description": description, "type": reference(s, typ), "defaultValue": nil}
	if def != nil {
		out["defaultValue"] = def.String()
	}
	return out
}

func reference(s *ast.Schema, t *ast.Type) map[string]any {
	switch {
	case t.NonNull:
		inner := *t
		inner.NonNull = false
		return map[string]any{"kind": "NON_NULL", "name": nil, "ofType": reference(s, &inner)}
	case t.Elem != nil:
		return map[string]any{"kind": "LIST", "name": nil, "ofType": reference(s, t.Elem)}
	}
	return map[string]any{"kind": s.Types[t.NamedType].Kind, "name": t.NamedType, "ofType": nil}
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
