// Package clients writes, from a schema, what programs that ask a server want to know about it: which fields are lists
// to be read by pages, which types are values without an id, what an interface stands for, and how scalars are sent.
package clients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/throughline/throughline/internal/catalog"
)

// writers make what is printed for a client, by its name.
var writers = map[string]func(*catalog.Catalog) (string, error){
	"apollo": apollo, "urql": urql, "relay": relay, "codegen": codegen, "genqlient": genqlient, "sdl": sdl,
}

// Names are the names of all clients, separated by commas.
func Names() string { return strings.Join(slices.Sorted(maps.Keys(writers)), ",") }

// Write returns what the client of that name wants, for the types of a catalogue.
func Write(name string, c *catalog.Catalog) (string, error) {
	w := writers[name]
	if w == nil {
		return "", fmt.Errorf("there is no client %q", name)
	}
	return w(c)
}

// address is where a server listens by default.
const address = "http://localhost:8080/graphql"

// generated is the first line of a file that is written by the program and not to be edited.
const generated = "// Written by `throughline schema --client %s` from the schema: write it again when the schema changes.\n"

// pageArguments say which part of a list is wanted. All other arguments say which list.
var pageArguments = []string{"first", "after", "last", "before"}

// isConnection reports whether a type is a list that is read by pages.
func isConnection(d *ast.Definition) bool {
	return d != nil && d.Kind == ast.Object && d.Fields.ForName("edges") != nil && d.Fields.ForName("pageInfo") != nil
}

// isPaged reports whether a field is a list that can be read on from a cursor.
func isPaged(s *ast.Schema, f *ast.FieldDefinition) bool {
	return isConnection(s.Types[f.Type.Name()]) &&
		(f.Arguments.ForName("after") != nil || f.Arguments.ForName("before") != nil)
}

// paged joins what a function writes of each field of a type that is a list to be read on.
func paged(s *ast.Schema, d *ast.Definition, write func(*ast.FieldDefinition) string) string {
	var b strings.Builder
	for _, f := range d.Fields {
		if isPaged(s, f) {
			b.WriteString(write(f))
		}
	}
	return b.String()
}

// keyArguments are the arguments of a list that make it another list.
func keyArguments(f *ast.FieldDefinition) []string {
	var out []string
	for _, a := range f.Arguments {
		if !slices.Contains(pageArguments, a.Name) {
			out = append(out, a.Name)
		}
	}
	return out
}

// objects are the object types of a schema by name, without those of introspection.
func objects(s *ast.Schema) []*ast.Definition {
	var out []*ast.Definition
	for name, d := range s.Types {
		if d.Kind == ast.Object && !strings.HasPrefix(name, "__") {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b *ast.Definition) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// isValue reports whether a type has no id, so that a cache keeps it within what it is part of.
func isValue(s *ast.Schema, d *ast.Definition) bool {
	return d != s.Query && d != s.Mutation && d != s.Subscription && d.Fields.ForName("id") == nil
}

// alone are the values that some field has one of, rather than a list. Where a page stands is left to its list.
func alone(s *ast.Schema) map[string]bool {
	out := map[string]bool{}
	for _, d := range objects(s) {
		if d.Fields.ForName("pageInfo") != nil {
			continue
		}
		for _, f := range d.Fields {
			if t := s.Types[f.Type.Name()]; f.Type.Elem == nil && t.Kind == ast.Object && isValue(s, t) && !isConnection(t) {
				out[t.Name] = true
			}
		}
	}
	return out
}

// possibleTypes writes what each interface and union stands for, as a constant of TypeScript.
func possibleTypes(b *strings.Builder, s *ast.Schema) error {
	all := map[string][]string{}
	for name, d := range s.Types {
		if (d.Kind == ast.Interface || d.Kind == ast.Union) && !strings.HasPrefix(name, "__") {
			for _, p := range s.GetPossibleTypes(d) {
				all[name] = append(all[name], p.Name)
			}
			slices.Sort(all[name])
		}
	}
	text, err := json.MarshalIndent(all, "", "  ") // names are written in their order
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "\n/** What each interface and union stands for: fragments on them fit these types. */\n"+
		"export const possibleTypes: Record<string, string[]> = %s;\n", text)
	return nil
}

// apollo writes a module with the settings of Apollo Client's cache.
func apollo(c *catalog.Catalog) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, generated, "apollo")
	b.WriteString(`import type { FieldPolicy, TypePolicies } from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";

/**
 * A list that is read by pages. What the arguments named ask for is a list of its own. Pages of ` + "`edges`" + ` are joined by
 * relayStylePagination, pages of ` + "`nodes`" + ` here.
 */
function list(keyArgs: string[] | false): FieldPolicy {
  const pages = relayStylePagination(keyArgs);
  return {
    ...pages,
    merge(existing, incoming, options) {
      if (typeof pages.merge !== "function") return incoming;
      const merged: any = pages.merge(existing, incoming, options);
      const was: any = existing;
      const now: any = incoming;
      if (!was?.nodes || !now?.nodes) return merged;
      const { after, before } = options.args ?? {};
      if (after && after === was.pageInfo?.endCursor) {
        const { startCursor, hasPreviousPage } = was.pageInfo;
        return { ...merged, nodes: [...was.nodes, ...now.nodes], pageInfo: { ...merged.pageInfo, startCursor, hasPreviousPage } };
      }
      if (before && before === was.pageInfo?.startCursor) {
        const { endCursor, hasNextPage } = was.pageInfo;
        return { ...merged, nodes: [...now.nodes, ...was.nodes], pageInfo: { ...merged.pageInfo, endCursor, hasNextPage } };
      }
      return merged;
    },
  };
}

/** For ` + "`new InMemoryCache({ typePolicies, possibleTypes })`" + `. Values without an id are merged where they stand. */
export const typePolicies: TypePolicies = {
`)
	merged := alone(c.Schema)
	for _, d := range objects(c.Schema) {
		fields := paged(c.Schema, d, func(f *ast.FieldDefinition) string {
			keys := "false"
			if k := keyArguments(f); len(k) > 0 {
				keys = `["` + strings.Join(k, `", "`) + `"]`
			}
			return fmt.Sprintf("      %s: list(%s),\n", f.Name, keys)
		})
		switch {
		case fields != "":
			fmt.Fprintf(&b, "  %s: {\n", d.Name)
			if merged[d.Name] {
				b.WriteString("    merge: true,\n")
			}
			fmt.Fprintf(&b, "    fields: {\n%s    },\n  },\n", fields)
		case merged[d.Name]:
			fmt.Fprintf(&b, "  %s: { merge: true },\n", d.Name)
		}
	}
	b.WriteString("};\n")
	err := possibleTypes(&b, c.Schema)
	return b.String(), err
}

// urql writes a module with the settings of urql's normalized cache.
func urql(c *catalog.Catalog) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, generated, "urql")
	b.WriteString(`import type { CacheExchangeOpts } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";

const value = () => null;

/** Values without an id, which stand where they are. */
const keys: CacheExchangeOpts["keys"] = {
`)
	for _, d := range objects(c.Schema) {
		if isValue(c.Schema, d) {
			fmt.Fprintf(&b, "  %s: value,\n", d.Name)
		}
	}
	b.WriteString("};\n\n/** Lists, whose pages are joined. */\nconst resolvers: CacheExchangeOpts[\"resolvers\"] = {\n")
	for _, d := range objects(c.Schema) {
		fields := paged(c.Schema, d, func(f *ast.FieldDefinition) string {
			return fmt.Sprintf("    %s: relayPagination(),\n", f.Name)
		})
		if fields != "" {
			fmt.Fprintf(&b, "  %s: {\n%s  },\n", d.Name, fields)
		}
	}
	b.WriteString("};\n")
	if err := introspected(&b, c.Schema); err != nil {
		return "", err
	}
	b.WriteString("\n/** For `cacheExchange(settings)`. */\n" +
		"export const settings: CacheExchangeOpts = { keys, resolvers, schema };\n")
	return b.String(), nil
}

// introspected writes what urql's cache reads of a schema, a type a line: the fields of objects and interfaces and
// whether they can be null, and what interfaces and unions stand for. It takes all scalars and enums to be alike.
func introspected(b *strings.Builder, s *ast.Schema) error {
	type ref struct {
		Kind string `json:"kind"`
		Name string `json:"name,omitempty"`
		Of   *ref   `json:"ofType,omitempty"`
	}
	var of func(t *ast.Type) *ref
	of = func(t *ast.Type) *ref {
		switch d := s.Types[t.Name()]; {
		case t.NonNull:
			inner := *t
			inner.NonNull = false
			return &ref{Kind: "NON_NULL", Of: of(&inner)}
		case t.Elem != nil:
			return &ref{Kind: "LIST", Of: of(t.Elem)}
		case d.IsLeafType():
			return &ref{Kind: string(ast.Scalar), Name: "Any"}
		default:
			return &ref{Kind: string(d.Kind), Name: d.Name}
		}
	}
	type field struct {
		Name string   `json:"name"`
		Type *ref     `json:"type"`
		Args []string `json:"args"`
	}
	type named struct {
		Name string `json:"name"`
	}
	b.WriteString("\n/** What fields there are, which of them can be null, and what interfaces stand for. */\n" +
		"const schema: NonNullable<CacheExchangeOpts[\"schema\"]> = {\n  __schema: {\n" +
		"    queryType: { name: \"" + s.Query.Name + "\" },\n    types: [\n")
	for _, name := range slices.Sorted(maps.Keys(s.Types)) {
		d := s.Types[name]
		if !d.IsCompositeType() || strings.HasPrefix(name, "__") {
			continue
		}
		line := struct {
			Kind       string  `json:"kind"`
			Name       string  `json:"name"`
			Interfaces []named `json:"interfaces,omitempty"`
			Possible   []named `json:"possibleTypes,omitempty"`
			Fields     []field `json:"fields,omitempty"`
		}{Kind: string(d.Kind), Name: name}
		for _, i := range d.Interfaces {
			line.Interfaces = append(line.Interfaces, named{i})
		}
		if d.IsAbstractType() {
			for _, p := range s.GetPossibleTypes(d) {
				line.Possible = append(line.Possible, named{p.Name})
			}
			slices.SortFunc(line.Possible, func(a, b named) int { return strings.Compare(a.Name, b.Name) })
		}
		for _, f := range d.Fields {
			if !strings.HasPrefix(f.Name, "__") {
				line.Fields = append(line.Fields, field{f.Name, of(f.Type), []string{}})
			}
		}
		text, err := json.Marshal(line)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "      %s,\n", text)
	}
	b.WriteString("    ],\n  },\n};\n")
	return nil
}

// scalars are the scalars that the schema declares. All of them are sent as text.
func scalars(s *ast.Schema) []string {
	var out []string
	for name, d := range s.Types {
		if d.Kind == ast.Scalar && !d.BuiltIn {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// relay writes relay.config.json.
func relay(c *catalog.Catalog) (string, error) {
	types := map[string]string{}
	for _, name := range scalars(c.Schema) {
		types[name] = "string"
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	err := e.Encode(struct {
		Src               string            `json:"src"`
		Schema            string            `json:"schema"`
		Language          string            `json:"language"`
		CustomScalarTypes map[string]string `json:"customScalarTypes"`
	}{"./src", "./schema.graphql", "typescript", types})
	return b.String(), err
}

// codegen writes codegen.ts.
func codegen(c *catalog.Catalog) (string, error) {
	var types []string
	for _, name := range scalars(c.Schema) {
		types = append(types, name+`: "string"`)
	}
	return `import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  // or schema.graphql, which ` + "`throughline schema > schema.graphql`" + ` writes
  schema: "` + address + `",
  documents: ["src/**/*.{ts,tsx}"],
  generates: {
    "src/gql/": {
      preset: "client",
      presetConfig: { persistedDocuments: true }, // src/gql/persisted-documents.json, for --documents
      config: { scalars: { ` + strings.Join(types, ", ") + ` }, strictScalars: true, useTypeImports: true },
    },
  },
};
export default config;
`, nil
}

// genqlient writes genqlient.yaml.
func genqlient(c *catalog.Catalog) (string, error) {
	var b strings.Builder
	b.WriteString(`# schema.graphql is what ` + "`throughline schema --client sdl > schema.graphql`" + ` writes
schema: schema.graphql
operations: ["*.graphql"]
generated: generated.go
# what is null is a nil pointer; an argument that is nil is as good as left out
optional: pointer
use_struct_references: true
bindings:
`)
	for _, name := range scalars(c.Schema) {
		fmt.Fprintf(&b, "  %s: { type: string }\n", name)
	}
	return b.String(), nil
}

// sdl writes the schema for programs that know the language of 2018: without directives but @deprecated, which the
// server alone reads or which came later, and without interfaces that implement others.
func sdl(c *catalog.Catalog) (string, error) {
	doc, err := parser.ParseSchema(&ast.Source{Name: "schema.graphqls", Input: c.SDL})
	if err != nil {
		return "", err
	}
	known := func(all ast.DirectiveList) ast.DirectiveList {
		return slices.DeleteFunc(all, func(d *ast.Directive) bool { return d.Name != "deprecated" })
	}
	arguments := func(all ast.ArgumentDefinitionList) {
		for _, a := range all {
			a.Directives = known(a.Directives)
		}
	}
	doc.Schema = nil // its description came later, and its root has the name that is usual
	for _, d := range doc.Definitions {
		if d.Kind == ast.Interface {
			d.Interfaces = nil
		}
		d.Directives = known(d.Directives)
		for _, f := range d.Fields {
			f.Directives = known(f.Directives)
			arguments(f.Arguments)
		}
		for _, v := range d.EnumValues {
			v.Directives = known(v.Directives)
		}
	}
	var b strings.Builder
	formatter.NewFormatter(&b, formatter.WithIndent("  ")).FormatSchemaDocument(doc)
	return b.String(), nil
}
