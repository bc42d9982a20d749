// Package catalogue_test walks every type and kind of link that the contract declares through everything the program
// does with it. Nothing here names one of them: what is added to schema.graphqls is tested the moment it is declared.
package catalogue_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// node is one entity of each type, with a value in each of its properties.
type node struct {
	typ    *catalog.Type
	id     string
	fields map[string]any // by field, as JSON reads them
}

// link is one link of each kind for each pair of types that it joins.
type link struct {
	kind     *catalog.Kind
	id       string
	from, to *node
}

// everything makes a graph that has each type, property, kind and pair, and its file.
func everything(t *testing.T, cat *catalog.Catalog) (nodes []*node, links []*link, file string) {
	t.Helper()
	var b strings.Builder
	line := func(v ...any) {
		b.WriteByte('{')
		for i := 0; i < len(v); i += 2 {
			j, err := json.Marshal(v[i+1])
			if err != nil {
				t.Fatal(err)
			}
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "%q:%s", v[i], j)
		}
		b.WriteString("}\n")
	}
	peculiar := func(i int, typ *catalog.Type, p *catalog.Prop) string {
		return fmt.Sprintf("Peculiar%d%s%s", i, strings.ToLower(strings.ReplaceAll(typ.Enum, "_", "")),
			strings.ToLower(p.Name))
	}
	words := "the very words"
	for _, typ := range cat.Types {
		if q := typ.Quoted; q != nil {
			words += ", " + peculiar(0, typ, q.Words) + ", " + peculiar(1, typ, q.Words)
		}
	}
	line("source", cat.Schema.Types["SourceKind"].EnumValues[0].Name, "id", "s_all", "title", "Of everything", "text",
		words)
	of := map[uint8][]*node{}
	for _, typ := range cat.Types {
		for i := range 2 { // a kind may join a type with itself
			low := strings.ToLower(typ.Enum)
			n := &node{
				typ: typ, id: fmt.Sprintf("%s-%d", strings.ReplaceAll(low, "_", "-"), i),
				fields: map[string]any{},
			}
			name := fmt.Sprintf("Specimen%d %s", i, low)
			v := []any{"node", typ.Enum, "id", n.id, "name", name}
			n.fields["name"], n.fields["type"], n.fields["id"] = name, typ.Enum, n.id
			for j, p := range typ.Props {
				var x any
				switch p.Kind {
				case catalog.Date:
					x = fmt.Sprintf("20%02d", 10+j)
				case catalog.Int:
					x = float64(1000*i + j)
				case catalog.Float:
					x = float64(i) + 0.5
				case catalog.Bool:
					x = i == 0
				case catalog.Text:
					x = peculiar(i, typ, p)
					switch {
					case p.Enum != nil:
						x = p.Enum[i%len(p.Enum)]
					case p.Type == "URL":
						x = "https://example.org/" + peculiar(i, typ, p)
					}
				default:
					t.Fatalf("%s.%s is of a kind this test knows no value for", typ.Name, p.Name)
				}
				n.fields[p.Name] = x
				v = append(v, p.Name, x)
			}
			if q := typ.Quoted; q != nil {
				n.fields[q.Verified.Name] = nil
				if i == 1 { // only what the links below lead to is quoted
					n.fields[q.Verified.Name] = true
				}
			}
			line(v...)
			nodes = append(nodes, n)
			of[typ.Index] = append(of[typ.Index], n)
		}
	}
	for _, k := range cat.Kinds {
		for _, from := range cat.Types {
			for _, to := range cat.Types {
				if !k.From.Has(from.Index) || !k.To.Has(to.Index) {
					continue
				}
				l := &link{
					kind: k, id: fmt.Sprintf("l_%s-%s-%s", k.Name, from.Name, to.Name), from: of[from.Index][0],
					to: of[to.Index][1],
				}
				line("link", k.Name, "id", l.id, "from", l.from.id, "to", l.to.id, "role", "a role", "since", "2020",
					"until", "2021-02", "evidence", []map[string]string{{
						"source":  "s_all",
						"excerpt": "the very words",
					}})
				links = append(links, l)
			}
		}
	}
	return nodes, links, b.String()
}

// asker asks a store.
type asker struct {
	t *testing.T
	e *graph.Engine
}

func newAsker(t *testing.T, cat *catalog.Catalog, s store.Store) *asker {
	t.Helper()
	limits := plan.DefaultLimits()
	limits.Timeout = time.Minute // on a busy machine as well
	e, err := graph.New(graph.Options{Catalog: cat, Store: s, Limits: limits, Introspection: true})
	if err != nil {
		t.Fatal(err)
	}
	return &asker{t, e}
}

// ask returns the data of an answer; an error ends the test.
func (a *asker) ask(query string, vars map[string]any) map[string]any {
	a.t.Helper()
	r := a.e.Do(a.t.Context(), &graph.Request{Query: query, Variables: vars})
	defer r.Release()
	if len(r.Errors) > 0 {
		a.t.Fatalf("%s\n%v: %v", query, vars, r.Errors)
	}
	var data map[string]any
	if err := json.Unmarshal(r.Data, &data); err != nil {
		a.t.Fatal(err)
	}
	return data
}

// at follows keys and indexes into an answer; nil where there is nothing.
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

// ids are the "id"s of a list.
func ids(v any) (out []string) {
	l, _ := v.([]any)
	for _, x := range l {
		s, _ := at(x, "id").(string)
		out = append(out, s)
	}
	return out
}

// walk takes everything through the program.
func walk(t *testing.T, cat *catalog.Catalog, open both.Open) {
	nodes, links, file := everything(t, cat)
	s := open(t)
	if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("everything", []byte(file))},
		exchange.Options{}); err != nil {
		t.Fatal(err)
	}
	a := newAsker(t, cat, s)
	query := cat.Schema.Query

	t.Run("every type", func(t *testing.T) {
		a := &asker{t, a.e}
		for _, n := range both.Part(t, nodes) {
			var props []string
			for _, p := range n.typ.Props {
				props = append(props, p.Name)
			}
			if q := n.typ.Quoted; q != nil {
				props = append(props, q.Verified.Name)
			}
			fields := "id type name " + strings.Join(props, " ")
			if got := at(a.ask(fmt.Sprintf("query($id: ID!) { node(id: $id) { ... on %s { %s } } }", n.typ.Name,
				fields), map[string]any{"id": n.id}), "node"); !reflect.DeepEqual(got, any(n.fields)) {
				t.Errorf("node %s: %s", n.id, cmp.Diff(any(n.fields), got))
			}
			single := rootField(query, n.typ.Name, "ref")
			if single == "" || n.typ.Plural == "" {
				t.Fatalf("no root field gives one %s, or all", n.typ.Name)
			}
			if got := at(a.ask(fmt.Sprintf("query($name: String!) { it: %s(ref: {name: $name}) { %s } }", single,
				fields), map[string]any{"name": strings.ToUpper(n.fields["name"].(string))}), "it"); !reflect.DeepEqual(got, any(n.fields)) {
				t.Errorf("%s by name: %v", single, got)
			}
			if got := at(a.ask(fmt.Sprintf("query($name: String!) { it: %s(where: {name: {eq: $name}, ids: [%q]}) { nodes { id } totalCount } }",
				n.typ.Plural, n.id), map[string]any{"name": n.fields["name"]}), "it"); !reflect.DeepEqual(ids(at(got, "nodes")), []string{n.id}) {
				t.Errorf("%s: %v", n.typ.Plural, got)
			}
			// each word that only it has finds it
			words := []string{n.fields["name"].(string)}
			for _, p := range n.typ.Props {
				if p.Searchable {
					words = append(words, n.fields[p.Name].(string))
				}
			}
			for _, w := range words {
				for _, types := range []string{"", ", types: [" + n.typ.Enum + "]"} {
					got := ids(at(a.ask(fmt.Sprintf("query($w: String!) { search(text: $w%s) { nodes { ... on Entity { id } } } }",
						types), map[string]any{"w": w}), "search", "nodes"))
					// of a source, whose text may hold the word too
					got = slices.DeleteFunc(got, func(id string) bool { return id == "" })
					if len(got) == 0 || got[0] != n.id {
						t.Errorf("a search%s for %q finds %v", types, w, got)
					}
				}
				part := "text"
				if w == n.fields["name"] && n.typ.Prop(part) != nil {
					part = "name" // text is the property of that name
				}
				if got := ids(at(a.ask(fmt.Sprintf("query($w: String!) { it: %s(where: {%s: {contains: $w}}) { nodes { id } } }",
					n.typ.Plural, part), map[string]any{"w": w}), "it", "nodes")); !reflect.DeepEqual(got, []string{n.id}) {
					t.Errorf("%s whose text has %q: %v", n.typ.Plural, w, got)
				}
			}
			if n.typ.DateProp != nil {
				d := n.fields[n.typ.DateProp.Name]
				if got := ids(at(a.ask(fmt.Sprintf("query($d: PartialDate!) { it: %s(where: {date: {from: $d, to: $d}}) { nodes { id } } }",
					n.typ.Plural), map[string]any{"d": d}), "it", "nodes")); !slices.Contains(got, n.id) {
					t.Errorf("%s of %v: %v", n.typ.Plural, d, got)
				}
			}
		}
		stats := a.ask("{ stats { entities { key count } links { key count } } }", nil)
		for _, typ := range cat.Types {
			if !has(at(stats, "stats", "entities"), typ.Enum, 2) {
				t.Errorf("stats of %s: %v", typ.Enum, stats)
			}
		}
		for _, k := range cat.Kinds {
			n := 0
			for _, l := range links {
				if l.kind == k {
					n++
				}
			}
			if n == 0 || !has(at(stats, "stats", "links"), k.Name, n) {
				t.Errorf("stats of %s, of which there are %d: %v", k.Name, n, stats)
			}
		}
	})

	t.Run("every kind", func(t *testing.T) {
		a := &asker{t, a.e}
		for _, l := range both.Part(t, links) {
			got := at(a.ask("query($id: ID!) { link(id: $id) { id kind role since until sentence standing supportCount refuteCount from { id } to { id } evidence { nodes { excerpt verified source { id } } } } }",
				map[string]any{"id": l.id}), "link")
			want := map[string]any{
				"id": l.id, "kind": l.kind.Name, "role": "a role", "since": "2020", "until": "2021-02", "from": map[string]any{"id": l.from.id}, "to": map[string]any{"id": l.to.id},
				"sentence": l.from.fields["name"].(string) + " " + l.kind.Past + " " + l.to.fields["name"].(string) +
					" (a role) (2020–2021-02).",
				"standing": "SUPPORTED", "supportCount": 1.0, "refuteCount": 0.0,
				"evidence": map[string]any{"nodes": []any{map[string]any{
					"excerpt": "the very words", "verified": true,
					"source": map[string]any{"id": "s_all"},
				}}},
			}
			if !reflect.DeepEqual(got, any(want)) {
				t.Errorf("%s: %s", l.id, cmp.Diff(any(want), got))
			}
			for _, end := range []struct{ own, other *node }{{l.from, l.to}, {l.to, l.from}} {
				got := a.ask(fmt.Sprintf("query($id: ID!) { entity(ref: {id: $id}) { linkCount(where: {kinds: [%[1]s], other: {types: %[2]s}}) links(where: {kinds: [%[1]s], other: {types: %[2]s}}) { nodes { id } } } }",
					l.kind.Name, end.other.typ.Enum), map[string]any{"id": end.own.id})
				if !slices.Contains(ids(at(got, "entity", "links", "nodes")), end.other.id) ||
					at(got, "entity", "linkCount") == 0.0 {
					t.Errorf("links of %s: %v", end.own.id, got)
				}
			}
			path := a.ask(fmt.Sprintf("query($from: ID!, $to: ID!) { paths(from: {id: $from}, to: {id: $to}, directed: true, maxLength: 1, where: {kinds: [%s]}) { nodes { length steps { link { id } alternatives { id } } } } }",
				l.kind.Name), map[string]any{"from": l.from.id, "to": l.to.id})
			if at(path, "paths", "nodes", 0, "steps", 0, "link", "id") != l.id {
				t.Errorf("the path along %s: %v", l.id, path)
			}
			around := a.ask(fmt.Sprintf("query($id: ID!) { subgraph(seeds: [{id: $id}], where: {kinds: [%s]}) { nodes { id } links { id } } }",
				l.kind.Name), map[string]any{"id": l.from.id})
			if !slices.Contains(ids(at(around, "subgraph", "links")), l.id) ||
				!slices.Contains(ids(at(around, "subgraph", "nodes")), l.to.id) {
				t.Errorf("around %s: %v", l.from.id, around)
			}
		}
	})

	t.Run("every link field", func(t *testing.T) {
		a := &asker{t, a.e}
		fields, used, turn := 0, map[string]bool{}, both.Turns(t)
		for _, typ := range cat.Types {
			for _, f := range cat.Schema.Types[typ.Name].Fields {
				lf := cat.LinkField(typ.Name, f.Name)
				if lf == nil {
					continue
				}
				fields++
				asked := turn()
				for _, n := range nodes {
					if n.typ != typ {
						continue
					}
					var want []string
					for _, l := range links {
						own, other := l.from, l.to
						if !lf.Out {
							own, other = other, own
						}
						if own == n && lf.Kinds.Has(l.kind.Index) && lf.Other.Has(other.typ.Index) {
							want = append(want, l.id)
							used[l.kind.Name] = true
						}
					}
					if !asked {
						continue
					}
					got := a.ask(fmt.Sprintf("query($id: ID!) { node(id: $id) { ... on %s { it: %s(first: 100) { ... on LinkConnectionFields { totalCount edges { direction node { id } link { id } } } } } } }",
						typ.Name, f.Name), map[string]any{"id": n.id})
					var found []string
					edges, _ := at(got, "node", "it", "edges").([]any)
					for _, e := range edges {
						id, _ := at(e, "link", "id").(string)
						found = append(found, id)
					}
					slices.Sort(want)
					slices.Sort(found)
					if !slices.Equal(want, found) || at(got, "node", "it", "totalCount") != float64(len(want)) {
						t.Errorf("%s.%s of %s: %v, want %v", typ.Name, f.Name, n.id, found, want)
					}
				}
			}
		}
		for _, k := range cat.Kinds {
			if !used[k.Name] {
				t.Errorf("no field follows links of kind %s", k.Name)
			}
		}
		if fields == 0 {
			t.Error("there are no link fields")
		}
	})

	t.Run("out and in again", func(t *testing.T) {
		var once, twice bytes.Buffer
		if _, err := exchange.Export(t.Context(), cat, s, &once); err != nil {
			t.Fatal(err)
		}
		for _, l := range links {
			if !strings.Contains(once.String(), `"id":"`+l.id+`"`) {
				t.Errorf("%s is not exported", l.id)
			}
		}
		oracle := storetest.NewOracle(cat, both.Clock)
		if _, err := exchange.Import(t.Context(), cat, oracle, []exchange.File{exchange.FromBytes("once",
			once.Bytes())}, exchange.Options{}); err != nil {
			t.Fatal(err)
		}
		if _, err := exchange.Export(t.Context(), cat, oracle, &twice); err != nil {
			t.Fatal(err)
		}
		if once.String() != twice.String() {
			t.Error(cmp.Diff(once.String(), twice.String()))
		}
	})
}

// rootField finds the field of Query that gives one of a type by this argument.
func rootField(query *ast.Definition, typ, argument string) string {
	for _, f := range query.Fields {
		if f.Type.Name() == typ && f.Arguments.ForName(argument) != nil && f.Type.Elem == nil {
			return f.Name
		}
	}
	return ""
}

func has(list any, key string, count int) bool {
	l, _ := list.([]any)
	return slices.ContainsFunc(l, func(x any) bool { return at(x, "key") == key && at(x, "count") == float64(count) })
}

func TestEveryTypeAndKind(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) { walk(t, cat, open) })
}

// works declares works of art and letters as a file of own types does.
const works = `
"A work of art or letters."
type Work implements Entity & Node @graphNode(date: "issuedOn", pronoun: "which") {
  issuedOn: PartialDate
  motto: String @graphSearchable
  pages: Int
  home: URL
  price: Float
  translated: Boolean
  form: Form
  authors: [Person!]! @graphLink(kinds: [WROTE], direction: INCOMING)
  subjects: [Theme!]! @graphLink(kinds: [TREATS], direction: OUTGOING)
  treatedWith: [Entity!]! @graphLink(kinds: [TREATS], direction: INCOMING)
}
enum Form { VERSE PROSE }
extend enum LinkKind {
  WROTE @graphJoins(from: [PERSON], to: [WORK], phrase: "wrote", inverse: "was written by")
  TREATS @graphJoins(from: [WORK], to: [THEME, WORK], phrase: "treats of", inverse: "is treated of in")
}
extend type Theme { works: [Work!]! @graphLink(kinds: [TREATS], direction: INCOMING) }
extend type Person { gender: String }
`

// TestATypeThatIsOnlyDeclared adds a type with a property of each kind, two kinds of link and their fields in a file,
// and nothing else: no store, no import, no search and no answer needs a line of code for them.
func TestATypeThatIsOnlyDeclared(t *testing.T) {
	cat, err := catalog.Parse("schema.graphqls", throughline.Schema, &ast.Source{Name: "works.graphqls", Input: works})
	if err != nil {
		t.Fatal(err)
	}
	both.Run(t, cat, func(t *testing.T, open both.Open) { walk(t, cat, open) })
}
