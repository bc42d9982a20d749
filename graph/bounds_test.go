package graph_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// TestCostSeesWhatAFilterFollows: a filter counts for each level at which it asks what others are linked to, wherever it stands.
func TestCostSeesWhatAFilterFollows(t *testing.T) {
	s := fifty(t)
	linked := func(levels int) string {
		return strings.Repeat("{linkedTo: {where: ", levels) + `{text: {contains: "zzz"}}` + strings.Repeat("}}", levels)
	}
	for _, c := range []struct{ name, before, after string }{
		{"list", "{ people(first: 1, where: ", ") { totalCount } }"},
		{"links", `{ person(ref: {id: "p1"}) { affiliations(first: 30, where: {other: `, "}) { nodes { id } } } }"},
		{"paths", `{ paths(from: {id: "p1"}, to: {id: "p2"}, first: 1, maxLength: 1, where: {other: `, "}) { report { outcome } } }"},
		{"match", "{ match(first: 1, pattern: [{node: {where: ", "}}, {link: {}}, {node: {}}]) { report { outcome } } }"},
	} {
		limits := plan.DefaultLimits()
		limits.MaxCost = 150
		e, err := graph.New(graph.Options{Catalog: parse(t), Store: s, Limits: limits})
		if err != nil {
			t.Fatal(err)
		}
		for levels, want := range []kg.Code{"", "", kg.CostLimit, kg.CostLimit} {
			if c.name == "list" && levels == 2 {
				want = "" // it costs less by itself
			}
			r := e.Do(t.Context(), &graph.Request{Query: c.before + linked(levels) + c.after})
			if got := r.Code(); got != string(want) {
				t.Errorf("%s with %d levels: %q, want %q", c.name, levels, got, want)
			}
			r.Release()
		}
	}
}

// doubling is a document whose fragments each spread the next twice, and the last two fields; n makes it another one.
func doubling(n, levels int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "query Q%d($a: Boolean = true) { person(ref: {id: \"p1\"}) { ...F0 } }", n)
	for i := range levels {
		fmt.Fprintf(&b, " fragment F%d on Person { affiliations(first: 1) { nodes { people(first: 1) { nodes { x%d: id ...F%d @include(if: $a) } edges { node { ...F%d } } } } } }", i, i, i+1, i+1)
	}
	fmt.Fprintf(&b, " fragment F%d on Person { id name }", levels)
	return b.String()
}

// TestTheCacheIsBoundedByWhatItKeeps: what short documents are compiled to counts, not their text.
func TestTheCacheIsBoundedByWhatItKeeps(t *testing.T) {
	limits := plan.DefaultLimits()
	limits.MaxDepth, limits.MaxCost = 100, 1<<30
	e, err := graph.New(graph.Options{Catalog: parse(t), Store: fifty(t), Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	largest := int64(0)
	for n := range 40 {
		for _, on := range []bool{true, false} {
			r := e.Do(t.Context(), &graph.Request{Query: doubling(n, 10), Variables: map[string]any{"a": on}})
			if r.Code() != "" {
				t.Fatalf("%v", r.Errors[0])
			}
			r.Release()
		}
		if n%10 == 9 {
			largest = max(largest, heap()-before)
		}
	}
	if counted := int64(graph.CachedBytes(e)); largest > 80<<20 || counted > 64<<20 || counted < 32<<20 || largest > 2*counted {
		t.Errorf("the cache keeps %d MiB and counts %d MiB", largest>>20, counted>>20)
	}
}

func TestWhatIsTooLargeIsNotCompiled(t *testing.T) {
	limits := plan.DefaultLimits()
	limits.MaxDepth, limits.MaxCost = 100, 1<<30
	e, err := graph.New(graph.Options{Catalog: parse(t), Store: fifty(t), Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	for name, query := range map[string]string{
		"fragments that double": doubling(0, 13),
		"fields of every type":  strings.ReplaceAll(doubling(0, 10), "on Person { id name }", "on Person { links(first: 1) { nodes { id name type description aliases createdAt updatedAt linkCount __typename } } }"),
		"operations together":   strings.ReplaceAll(doubling(0, 9), "query Q0", "query Q1($a: Boolean = true) { person(ref: {id: \"p1\"}) { ...F0 } } query Q2($a: Boolean = true) { person(ref: {id: \"p1\"}) { ...F0 } } query Q3($a: Boolean = true) { person(ref: {id: \"p1\"}) { ...F0 } } query Q4($a: Boolean = true) { person(ref: {id: \"p1\"}) { ...F0 } } query Q0"),
	} {
		r := e.Do(t.Context(), &graph.Request{Query: query, OperationName: "Q0"})
		if r.Code() != string(kg.CostLimit) {
			t.Errorf("%s: %q", name, r.Code())
		}
		r.Release()
	}
}

// TestNothingLongIsRepeated: no answer of errors is longer than 64 KiB, and none of its messages than 300 characters, whatever
// they are about.
func TestNothingLongIsRepeated(t *testing.T) {
	e := engine(t, parse(t), fifty(t))
	long := strings.Repeat("n", 900_000)
	alias := func(n int) string { return strings.Repeat("a", n) }
	for name, r := range map[string]*graph.Request{
		"operation name":            {Query: "query " + long + " { people(first: $x) { totalCount } }"},
		"undefined variables":       {Query: "query " + alias(256) + " {" + strings.Repeat(" people(first: $"+alias(256)+") { totalCount }", 400) + "}"},
		"variable":                  {Query: "query A($" + long + ": Int) { people(first: $" + long + ") { totalCount } }"},
		"field":                     {Query: "{ " + long + " }"},
		"fields":                    {Query: "{ people { nodes {" + strings.Repeat(" "+alias(250)+": "+alias(256), 40) + " } } }"},
		"argument":                  {Query: "{ people(" + long + ": 1) { totalCount } }"},
		"directive":                 {Query: "{ people @" + long + " { totalCount } }"},
		"fragment":                  {Query: "{ ..." + long + " }"},
		"type":                      {Query: "{ ... on " + long + " { id } }"},
		"enum value":                {Query: "{ people(orderBy: [{field: " + long + "}]) { totalCount } }"},
		"field of an input":         {Query: "{ people(where: {" + long + ": 1}) { totalCount } }"},
		"string":                    {Query: `{ people(where: {date: {from: "` + long + `"}}) { totalCount } }`},
		"name in operationName":     {Query: "query A { people { totalCount } }", OperationName: long},
		"variable's field":          {Query: "query A($w: EntityFilter) { people(where: $w) { totalCount } }", Variables: map[string]any{"w": map[string]any{long: 1}}},
		"variable's value":          {Query: "query A($w: EntityFilter) { people(where: $w) { totalCount } }", Variables: map[string]any{"w": map[string]any{"date": map[string]any{"from": long}}}},
		"cursor":                    {Query: "query A($w: String) { people(after: $w) { totalCount } }", Variables: map[string]any{"w": long}},
		"reference":                 {Query: "query A($w: ID) { person(ref: {id: $w}) { id } }", Variables: map[string]any{"w": long}},
		"not a document":            {Query: long + " {"},
		"not a document's string":   {Query: `{ people(after: "` + long},
		"a value of the wrong type": {Query: `{ people(first: "` + long + `") { totalCount } }`},
	} {
		t.Run(name, func(t *testing.T) {
			resp := e.Do(t.Context(), r)
			defer resp.Release()
			if len(resp.Errors) == 0 && name != "reference" {
				t.Error("there is no error")
			}
			if n := len(resp.JSON()); n > 64<<10 {
				t.Errorf("the answer has %d bytes", n)
			}
			for _, err := range resp.Errors {
				if n := len([]rune(err.Message)); n > 300 {
					t.Errorf("a message has %d characters: %.100s…", n, err.Message)
				}
			}
			if len(resp.Errors) > plan.DefaultLimits().MaxErrors {
				t.Errorf("there are %d errors", len(resp.Errors))
			}
		})
	}
}
