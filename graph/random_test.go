package graph_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// writer makes random documents that are valid for the schema.
type documents struct {
	*rand.Rand
	cat       *catalog.Catalog
	fragments []string
	aliases   int
	fields    int
}

func (d *documents) yes() bool { return d.IntN(2) == 0 }

// selection writes a random selection on a type. seen keeps response names from meaning two things.
func (d *documents) selection(def *ast.Definition, depth int) string {
	var b strings.Builder
	b.WriteString("{ ")
	n := 0
	used := map[string]bool{}
	field := func(on *ast.Definition, f *ast.FieldDefinition, unique bool) {
		to := d.cat.Schema.Types[f.Type.Name()]
		leaf := to.Kind == ast.Scalar || to.Kind == ast.Enum
		if !leaf && (depth <= 0 || d.fields > 120) || strings.HasPrefix(f.Name, "__") {
			return
		}
		name := f.Name
		alias := ""
		if (unique || used[name] || len(f.Arguments) > 0 || d.IntN(5) == 0) && d.aliases < 45 {
			d.aliases++
			alias = fmt.Sprintf("a%d: ", d.aliases)
		} else if used[name] || unique || len(f.Arguments) > 0 {
			return
		}
		used[name] = true
		d.fields++
		n++
		b.WriteString(alias + name + d.arguments(f) + d.directives() + " ")
		if !leaf {
			b.WriteString(d.selection(to, depth-1) + " ")
		}
	}
	for range 1 + d.IntN(4) {
		switch {
		case d.IntN(6) == 0:
			b.WriteString("__typename ")
			n++
		case def.Kind == ast.Union || def.Kind == ast.Interface && d.yes():
			possible := d.cat.Schema.PossibleTypes[def.Name]
			t := possible[d.IntN(len(possible))]
			b.WriteString("... on " + t.Name + d.directives() + " { __typename ")
			f := t.Fields[d.IntN(len(t.Fields))]
			field(t, f, true)
			b.WriteString("} ")
			n++
		case d.IntN(8) == 0 && len(d.fragments) < 6 && def != d.cat.Schema.Query:
			name := fmt.Sprintf("F%d", len(d.fragments))
			d.fragments = append(d.fragments, "")
			d.fragments[len(d.fragments)-1] = ""
			i := len(d.fragments) - 1
			d.fragments[i] = "fragment " + name + " on " + def.Name + " " + d.selection(def, depth-1)
			b.WriteString("..." + name + " ")
			n++
		default:
			field(def, def.Fields[d.IntN(len(def.Fields))], false)
		}
	}
	if n == 0 {
		b.WriteString("__typename ")
	}
	b.WriteString("}")
	return b.String()
}

func (d *documents) directives() string {
	switch d.IntN(12) {
	case 0:
		return " @include(if: $on)"
	case 1:
		return " @skip(if: $on)"
	case 2:
		return " @include(if: true)"
	}
	return ""
}

func (d *documents) arguments(f *ast.FieldDefinition) string {
	var args []string
	for _, a := range f.Arguments {
		ref := []string{
			`{name: "Mary Kaldor"}`, `{name: "NATO"}`, `{name: "human security"}`, `{name: "London"}`,
			`{id: $id}`, `{name: "protection of civilians"}`,
		}[d.IntN(6)]
		switch a.Name {
		case "from", "to", "left", "right", "of":
			args = append(args, a.Name+": "+ref)
		case "seeds", "subjects":
			args = append(args, a.Name+": ["+ref+"]")
		case "via", "avoid":
			if d.IntN(4) == 0 {
				args = append(args, a.Name+": ["+ref+"]")
			}
		case "through":
			args = append(args, "through: "+[]string{"EVENT", "PERSON", "INSTITUTION", "QUOTE"}[d.IntN(4)])
		case "directed", "chronological", "overlapping", "independentSources":
			if d.IntN(4) == 0 {
				args = append(args, a.Name+": $on")
			}
		case "rank":
			args = append(args, "rank: "+[]string{
				"SHORTEST", "STRONGEST", "MOST_CORROBORATED",
				"MOST_RECENT",
			}[d.IntN(4)])
		case "maxNodes":
			args = append(args, "maxNodes: "+[]string{"1", "5", "40"}[d.IntN(3)])
		case "pattern":
			args = append(args, "pattern: "+d.pattern())
		case "dryRun":
			if d.IntN(4) == 0 {
				args = append(args, "dryRun: $on")
			}
		case "first":
			if f.Name == "paths" || f.Name == "match" {
				args = append(args, "first: "+[]string{"1", "2", "7"}[d.IntN(3)])
				continue
			}
			if d.yes() {
				args = append(args, "first: "+[]string{"0", "1", "2", "3", "$n"}[d.IntN(5)])
			}
		case "id":
			args = append(args, fmt.Sprintf("id: %q", d.id()))
		case "ids":
			args = append(args, fmt.Sprintf("ids: [%q, %q, $id]", d.id(), d.id()))
		case "ref":
			if a.Type.Name() == "SourceRef" {
				args = append(args, "ref: {id: $id}")
				continue
			}
			args = append(args, "ref: "+[]string{
				`{name: "Mary Kaldor"}`, `{id: $id}`, `{name: "NATO"}`,
				`{name: "human security"}`, `{id: "nobody"}`,
			}[d.IntN(5)])
		case "text":
			args = append(args, `text: "`+[]string{
				"kaldr civilians", "security", "zzz", "M. Kaldor",
				`\"human security\" kaldor`, "mary-kaldor",
			}[d.IntN(6)]+`"`)
		case "by":
			if a.Type.Name() == "CentralityMeasure" {
				args = append(args, "by: "+[]string{"DEGREE", "PAGE_RANK", "BETWEENNESS"}[d.IntN(3)])
			} else if a.Type.Name() == "String" {
				if d.IntN(3) == 0 {
					args = append(args, "by: $s")
				}
			} else if strings.Contains(a.Type.String(), "LinkFacet") {
				args = append(args, "by: [KIND, ROLE, OTHER_TYPE, SOURCE]")
			} else if strings.Contains(a.Type.String(), "SourceFacet") {
				args = append(args, "by: [KIND, PUBLISHER, AUTHOR, THEME]")
			} else {
				args = append(args, "by: [TYPE, THEME, SOURCE, YEAR]")
			}
		case "at":
			args = append(args, "at: "+[]string{`"2023-11-14T22:13:20Z"`, `"2100-01-01T00:00:00Z"`}[d.IntN(2)])
		case "touching":
			if d.IntN(2) == 0 {
				args = append(args, fmt.Sprintf("touching: [%q, $id]", d.id()))
			}
		case "where":
			if d.IntN(4) == 0 {
				if a.Type.Name() == "LinkFilter" {
					args = append(args, `where: {other: {name: {contains: "a"}}}`)
				} else {
					args = append(args, `where: {name: {contains: $s}}`)
				}
			}
		case "types":
			if d.IntN(3) == 0 {
				args = append(args, "types: [PERSON, INSTITUTION]")
			}
		case "pivots":
			if d.IntN(3) == 0 {
				args = append(args, "pivots: "+[]string{"1", "30", "10000", "$n"}[d.IntN(4)])
			}
		case "parallel":
			args = append(args, "parallel: "+[]string{"COUNT", "ONCE"}[d.IntN(2)])
		case "minSize":
			args = append(args, "minSize: "+[]string{"1", "3", "$n"}[d.IntN(3)])
		case "orderBy":
			switch {
			case d.IntN(8) == 0 && strings.Contains(a.Type.String(), "EntityOrder"):
				args = append(args, "orderBy: [{field: "+[]string{
					"PAGE_RANK",
					"BETWEENNESS",
				}[d.IntN(2)]+", direction: DESC}]")
			case d.IntN(4) == 0:
				args = append(args, "orderBy: [{field: NAME, direction: DESC}]")
			}
		}
	}
	if len(args) == 0 {
		return ""
	}
	return "(" + strings.Join(args, ", ") + ")"
}

// pattern writes a pattern of one or two hops, now and then one that is refused.
func (d *documents) pattern() string {
	var steps []string
	for i := range 3 + 2*d.IntN(2) {
		switch {
		case i%2 == 1:
			steps = append(steps, []string{
				`{link: {}}`, `{link: {kinds: [SAID, ABOUT]}}`,
				`{link: {direction: OUTGOING}}`, `{link: {where: {other: {name: {contains: $s}}}}}`,
			}[d.IntN(4)])
		case d.IntN(20) == 0:
			steps = append(steps, `{link: {}}`)
		default:
			steps = append(steps, []string{
				`{node: {}}`, `{node: {types: [PERSON, THEME]}}`, `{node: {ref: {id: $id}}}`,
				`{node: {where: {name: {contains: $s}}}}`,
			}[d.IntN(4)])
		}
	}
	return "[" + strings.Join(steps, ", ") + "]"
}

func (d *documents) id() string {
	return []string{
		"mary-kaldor", "nato", "human-security", "nobody",
		"digital-dialogue-on-human-security-in-nato",
	}[d.IntN(5)]
}

// failing is a store that fails on single records, whose fields may be null, so that errors and nulls are answered too.
type failing struct {
	store.Answerer
	on bool
}

func (f *failing) Fetch(ctx context.Context, q *plan.Query) (*kg.Result, error) {
	if f.on && (q.Start == plan.ByRef || q.Start == plan.ByID) {
		return nil, kg.Errorf(kg.Unavailable, "away")
	}
	return f.Answerer.Fetch(ctx, q)
}

func TestWriterAndGeneratedExecutorAgree(t *testing.T) {
	cat, s := sampled(t)
	answered, texts := 0, 1500
	if testing.Short() {
		texts = 300
	}
	for seed := range uint64(texts) {
		d := &documents{Rand: rand.New(rand.NewPCG(seed, 3)), cat: cat}
		body := d.selection(cat.Schema.Query, 7)
		doc := "query Q($on: Boolean! = true, $n: Int = 2, $id: ID! = \"nato\", $s: String = \"a\") " + body + " " +
			strings.Join(d.fragments, " ")
		doc += " fragment Uses on Query { a: node(id: $id) { id @include(if: $on) } b: people(first: $n, where: {name: {contains: $s}}) { totalCount } }"
		doc = strings.Replace(doc, "{ ", "{ ...Uses ", 1)
		vars := map[string]any{"on": d.yes()}
		run := func(ctx context.Context) string {
			e, err := graph.New(graph.Options{
				Catalog: cat, Store: &failing{
					Answerer: s,
					on:       seed%5 == 0,
				}, StoreKind: "sqlite", Version: "test", Introspection: true, ServeTexts: seed%2 == 0,
			})
			if err != nil {
				t.Fatal(err)
			}
			r := e.Do(ctx, &graph.Request{Query: doc, Variables: vars})
			defer r.Release()
			for _, err := range r.Errors {
				if c := err.Extensions["code"]; c != "UNAVAILABLE" && c != "COST_LIMIT" && c != "DEPTH_LIMIT" &&
					c != "ALIAS_LIMIT" && c != "BAD_USER_INPUT" && c != "AMBIGUOUS_REF" && c != "NOT_FOUND" {
					t.Fatalf("%s: %v\n%s", c, err, doc)
				}
			}
			if r.Began {
				answered++
			}
			// the order of errors is free, as fields are answered side by side
			slices.SortFunc(r.Errors, func(a, b *gqlerror.Error) int {
				return strings.Compare(a.Path.String(),
					b.Path.String())
			})
			return string(r.AppendJSON(nil))
		}
		if planned, generated := run(t.Context()), run(graph.ForceGenerated(t.Context())); planned != generated {
			t.Fatalf("seed %d\nplanned   %s\ngenerated %s\n%s", seed, planned, generated, doc)
		}
	}
	if answered < texts {
		t.Errorf("only %d of %d documents were answered", answered, 2*texts)
	}
}

// counting counts store calls.
type counting struct {
	store.Answerer
	n int
}

func (c *counting) Fetch(ctx context.Context, q *plan.Query) (*kg.Result, error) {
	c.n++
	return c.Answerer.Fetch(ctx, q)
}

func TestOneStoreCallForEachRootField(t *testing.T) {
	cat, s := small(t)
	c := &counting{Answerer: s}
	e := engine(t, cat, c)
	for _, q := range []struct {
		text  string
		calls int
	}{
		{headline, 1},
		{
			`{ a: person(ref: {id: "mary-kaldor"}) { relatedThemes { edges { because { evidence { nodes { source { links { nodes { id } } } } } } } } } }`,
			1,
		},
		{`{ people { totalCount } }`, 1},
		{`{ serverInfo { version } __typename }`, 0},
		{`{ __schema { queryType { name } } }`, 0},
	} {
		c.n = 0
		if got := ask(t, e, q.text, nil); strings.Contains(got, `"errors"`) {
			t.Errorf("%s: %s", q.text, got)
		}
		if c.n != q.calls {
			t.Errorf("%d calls, want %d: %s", c.n, q.calls, q.text)
		}
	}
}
