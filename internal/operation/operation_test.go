package operation_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/operation"
	"github.com/throughline/throughline/internal/plan"
)

var schema = gqlparser.MustLoadSchema(&ast.Source{Input: `
type Query { pet(name: String = "Rex", tags: [String!], size: Size): Pet }
interface Pet { name: String }
type Dog implements Pet { name: String friend: Dog }
type Cat implements Pet { name: String friend: Cat }
input Size { least: Int = 1, most: Float, unit: Unit }
enum Unit { CM INCH }
`})

func parse(t *testing.T, text string) *ast.QueryDocument {
	t.Helper()
	doc, err := gqlparser.LoadQueryWithRules(schema, text, nil)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestFieldsAreCollected: of fragments, of conditions and of fields with one key there is one list, in the order they
// are first met.
func TestFieldsAreCollected(t *testing.T) {
	doc := parse(t, `query Q($on: Boolean!, $off: Boolean = false) {
		pet {
			n: name ... on Dog { friend { name } n: name } ... on Cat { meow: name } ...F
			a: name @skip(if: $on) b: name @include(if: $on) c: name @include(if: $off)
		}
	}
	fragment F on Pet { ... on Dog { friend { again: name } } last: name ...G }
	fragment G on Pet { last: name }`)
	op := doc.Operations[0]
	pet, _ := op.SelectionSet[0].(*ast.Field)
	s := operation.Selections{Schema: schema, Doc: doc, Vars: map[string]any{"on": true, "off": false}}
	for name, want := range map[string]string{
		"Dog": "n:2 friend:2 last:2 b:1",
		"Cat": "n:1 meow:1 last:2 b:1",
	} {
		var got []string
		for _, f := range s.Collect(schema.Types[name], pet.SelectionSet) {
			got = append(got, fmt.Sprintf("%s:%d", f.Key, len(f.Fields)))
			if f.Key == "friend" {
				inner := s.Collect(schema.Types[name], f.Sets()...)
				if len(inner) != 2 || inner[0].Key != "name" || inner[1].Key != "again" {
					t.Errorf("the friend has %v", inner)
				}
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("of a %s: %s, want %s", name, got, want)
		}
	}
	if steering := operation.Steering(doc, op); !slices.Equal(steering, []string{"on", "off"}) {
		t.Errorf("%v steer it", steering)
	}
}

// TestArgumentsHaveTheirDefaults: literals and variables alike, one value standing for a list of one.
func TestArgumentsHaveTheirDefaults(t *testing.T) {
	doc := parse(t, `query Q($s: Size, $t: [String!]) {
		a: pet(tags: "x", size: {most: 2, unit: CM}) { name } b: pet(name: null, tags: $t, size: $s) { name }
	}`)
	op := doc.Operations[0]
	given := map[string]any{"s": map[string]any{"most": json.Number("3")}, "t": "y"}
	vars, err := operation.Variables(schema, op, given)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		`{"name":"Rex","size":{"least":1,"most":2,"unit":"CM"},"tags":["x"]}`,
		`{"name":"Rex","size":{"least":1,"most":3},"tags":["y"]}`,
	} {
		f, _ := op.SelectionSet[i].(*ast.Field)
		if got, _ := json.Marshal(operation.Arguments(schema, f, vars)); string(got) != want {
			t.Errorf("%s: %s, want %s", f.Alias, got, want)
		}
	}
	for want, given := range map[string]any{
		"variable $s must be of type Size, not []":                                 []any{},
		"variable $s.alpha: Size has no such field; it has least, most, unit":      map[string]any{"beta": 1, "alpha": 1},
		"variable $s.least must be of type Int, not 1.5: an Int is a whole number": map[string]any{"least": 1.5},
		`variable $s.unit must be of type Unit, not "ell"; Unit has `:              map[string]any{"unit": "ell"},
		`variable $s.most must be of type Float, not "much"`:                       map[string]any{"most": "much"},
		`variable $s.most must be of type Float, not "mmm`:                         map[string]any{"most": strings.Repeat("m", 1000)},
	} {
		_, err := operation.Variables(schema, op, map[string]any{"s": given})
		if kg.CodeOf(err) != kg.BadUserInput || !strings.Contains(err.Error(), want) || len(err.Error()) > 400 {
			t.Errorf("%v: %v, want %q", given, err, want)
		}
	}
}

func TestADocumentIsMeasured(t *testing.T) {
	limits := plan.DefaultLimits()
	deep := func(n int) string {
		return "{ pet { ... on Dog { name " + strings.Repeat("friend { ", n) + "name" + strings.Repeat(" }",
			n) + " } } }"
	}
	for _, c := range []struct {
		name, text string
		schema     bool
		code       kg.Code
	}{
		{"as deep as it may be", deep(limits.MaxDepth - 1), false, ""},
		{"too deep", deep(limits.MaxDepth), false, kg.DepthLimit},
		{
			"with as many names as it may have", "{ pet { " + strings.Repeat("x: name ", limits.MaxAliases) + "} }", false,
			"",
		},
		{
			"with too many names", "{ pet { " + strings.Repeat("x: name ", limits.MaxAliases+1) + "} }", false,
			kg.AliasLimit,
		},
		{"about the schema", "{ __schema { queryType { name } } }", true, ""},
		{"about a schema that is not shown", "{ __schema { queryType { name } } }", false, kg.NoIntrospection},
	} {
		err := operation.Check(parse(t, c.text), &limits, c.schema)
		if got := kg.CodeOf(err); err == nil && c.code != "" || err != nil && got != c.code {
			t.Errorf("a document %s: %v, want %q", c.name, err, c.code)
		}
	}
}
