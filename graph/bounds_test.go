package graph_test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/budget"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/store/storetest"
)

// TestCostSeesWhatAFilterFollows: a filter counts for each level at which it asks what others are linked to,
// wherever it stands.
func TestCostSeesWhatAFilterFollows(t *testing.T) {
	s := fifty(t)
	linked := func(levels int) string {
		return strings.Repeat("{linkedTo: {where: ", levels) + `{text: {contains: "zzz"}}` + strings.Repeat("}}",
			levels)
	}
	for _, c := range []struct{ name, before, after string }{
		{"list", "{ people(first: 1, where: ", ") { totalCount } }"},
		{"links", `{ person(ref: {id: "p1"}) { affiliations(first: 30, where: {other: `, "}) { nodes { id } } } }"},
		{
			"paths", `{ paths(from: {id: "p1"}, to: {id: "p2"}, first: 1, maxLength: 1, where: {other: `,
			"}) { report { outcome } } }",
		},
		{
			"match", "{ match(first: 1, pattern: [{node: {where: ",
			"}}, {link: {}}, {node: {}}]) { report { outcome } } }",
		},
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
		fmt.Fprintf(&b, " fragment F%d on Person { affiliations(first: 1) { nodes { people(first: 1) { nodes { x%d: id ...F%d @include(if: $a) } edges { node { ...F%d } } } } } }",
			i, i, i+1, i+1)
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
	if counted := int64(graph.CachedBytes(e)); largest > 80<<20 || counted > 64<<20 || counted < 32<<20 ||
		largest > 2*counted {
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
		"fields of every type": strings.ReplaceAll(doubling(0, 10), "on Person { id name }",
			"on Person { links(first: 1) { nodes { id name type description aliases createdAt updatedAt linkCount __typename } } }"),
		"operations together": strings.ReplaceAll(doubling(0, 9), "query Q0",
			"query Q1($a: Boolean = true) { person(ref: {id: \"p1\"}) { ...F0 } } query Q2($a: Boolean = true) { person(ref: {id: \"p1\"}) { ...F0 } } query Q3($a: Boolean = true) { person(ref: {id: \"p1\"}) { ...F0 } } query Q4($a: Boolean = true) { person(ref: {id: \"p1\"}) { ...F0 } } query Q0"),
	} {
		r := e.Do(t.Context(), &graph.Request{Query: query, OperationName: "Q0"})
		if r.Code() != string(kg.CostLimit) {
			t.Errorf("%s: %q", name, r.Code())
		}
		r.Release()
	}
}

// TestNothingLongIsRepeated: no answer of errors is longer than 64 KiB, and none of its messages than 300
// characters, whatever they are about.
func TestNothingLongIsRepeated(t *testing.T) {
	e := engine(t, parse(t), fifty(t))
	long := strings.Repeat("n", 900_000)
	alias := func(n int) string { return strings.Repeat("a", n) }
	for name, r := range map[string]*graph.Request{
		"operation name": {Query: "query " + long + " { people(first: $x) { totalCount } }"},
		"undefined variables": {Query: "query " + alias(256) + " {" +
			strings.Repeat(" people(first: $"+alias(256)+") { totalCount }", 400) + "}"},
		"variable": {Query: "query A($" + long + ": Int) { people(first: $" + long +
			") { totalCount } }"},
		"field": {Query: "{ " + long + " }"},
		"fields": {Query: "{ people { nodes {" + strings.Repeat(" "+alias(250)+": "+alias(256),
			40) + " } } }"},
		"argument":              {Query: "{ people(" + long + ": 1) { totalCount } }"},
		"directive":             {Query: "{ people @" + long + " { totalCount } }"},
		"fragment":              {Query: "{ ..." + long + " }"},
		"type":                  {Query: "{ ... on " + long + " { id } }"},
		"enum value":            {Query: "{ people(orderBy: [{field: " + long + "}]) { totalCount } }"},
		"field of an input":     {Query: "{ people(where: {" + long + ": 1}) { totalCount } }"},
		"string":                {Query: `{ people(where: {date: {from: "` + long + `"}}) { totalCount } }`},
		"name in operationName": {Query: "query A { people { totalCount } }", OperationName: long},
		"variable's field": {
			Query:     "query A($w: PersonFilter) { people(where: $w) { totalCount } }",
			Variables: map[string]any{"w": map[string]any{long: 1}},
		},
		"variable's value": {
			Query:     "query A($w: PersonFilter) { people(where: $w) { totalCount } }",
			Variables: map[string]any{"w": map[string]any{"date": map[string]any{"from": long}}},
		},
		"cursor": {
			Query:     "query A($w: String) { people(after: $w) { totalCount } }",
			Variables: map[string]any{"w": long},
		},
		"reference": {
			Query:     "query A($w: ID) { person(ref: {id: $w}) { id } }",
			Variables: map[string]any{"w": long},
		},
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

// hub is a store of so many people who are all linked to two institutions, and each to one of twenty more.
func hub(t *testing.T, n int) store.Store {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{
		Path:    filepath.Join(t.TempDir(), "g.db"),
		Catalog: parse(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	b := &store.Batch{Sources: []*kg.Source{{ID: "s_a", Title: "A", Kind: "BOOK"}}}
	for i := range 22 {
		b.Nodes = append(b.Nodes, &kg.Node{
			ID: fmt.Sprint("i", i), Type: "INSTITUTION",
			Name: fmt.Sprint("Institution ", i),
		})
	}
	for i := range n {
		b.Nodes = append(b.Nodes, &kg.Node{ID: fmt.Sprint("p", i), Type: "PERSON", Name: fmt.Sprint("Person ", i)})
		for _, to := range []int{0, 1, 2 + i%20} {
			l := &kg.Link{
				Kind: "AFFILIATED_WITH", From: fmt.Sprint("p", i), To: fmt.Sprint("i", to), Since: "1999",
				Evidence: []kg.Evidence{{Source: "s_a", Excerpt: "x", Stance: "SUPPORTS"}},
			}
			l.ID = l.StatedID()
			b.Links = append(b.Links, l)
		}
	}
	if err := storetest.Fill(t.Context(), s, b); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestWorkAccountsForWhatItHolds: whatever an operation does that a graph can make large is refused when it holds
// more than it may, and answered when it may hold enough.
func TestWorkAccountsForWhatItHolds(t *testing.T) {
	limits := plan.DefaultLimits()
	limits.MaxCost = 1 << 30
	e, err := graph.New(graph.Options{Catalog: parse(t), Store: hub(t, 12_000), Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	for name, query := range map[string]string{
		"a filtered list":  `{ people(first: 1, where: {name: {contains: "e"}}) { totalCount } }`,
		"an ordered list":  `{ people(first: 1, orderBy: [{field: DATE}]) { nodes { id } } }`,
		"links":            `{ institution(ref: {id: "i0"}) { people(first: 1, where: {other: {name: {contains: "e"}}}, orderBy: [{field: SINCE}]) { nodes { id } } } }`,
		"facets":           `{ people(first: 1) { facets(by: [INSTITUTION, SOURCE]) { buckets { key } } } search(text: "person", first: 1) { facets(by: [INSTITUTION]) { buckets { key } } } }`,
		"rows":             `{ people(first: 100) { nodes { id name links { nodes { id name links { nodes { id name } } } } } } }`,
		"paths":            `{ paths(from: {id: "p1"}, to: {id: "p2"}, via: [{id: "i3"}, {id: "i5"}], hubPenalty: 1) { nodes { length } } }`,
		"match":            `{ match(pattern: [{node: {types: [PERSON]}}, {link: {}}, {node: {ref: {id: "i0"}}}], first: 1) { nodes { length } } }`,
		"coParticipation":  `{ coParticipation(of: {id: "p1"}, through: INSTITUTION, first: 1) { totalCount } }`,
		"compare":          `{ compare(left: {id: "i0"}, right: {id: "i1"}) { shared { totalCount } } }`,
		"timeline":         `{ timeline(subjects: [{id: "i0"}], first: 1) { totalCount } }`,
		"a document alone": "{ person(ref: {id: \"p1\"}) { id " + manyTypes(49) + " } }",
	} {
		pool := budget.NewPool(1 << 30)
		for most, want := range map[int64]string{24 << 10: string(kg.CostLimit), 1 << 30: ""} {
			b := pool.Begin(most)
			r := e.Do(budget.With(t.Context(), b), &graph.Request{Query: query + fmt.Sprintf("#%d", most)})
			if r.Code() != want {
				t.Errorf("%s with %d bytes: %q, want %q: %.200s", name, most, r.Code(), want, r.JSON())
			}
			r.Release()
			b.End()
		}
		if n := pool.Used(); n != 0 {
			t.Errorf("%s: %d bytes are held by nobody", name, n)
		}
	}
}

// manyTypes are n fields.
func manyTypes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " a%d: __typename", i)
	}
	return b.String()
}

// TestWhatIsTooLargeLeavesNothingBehind: the memory that an answer was written in serves the next one.
func TestWhatIsTooLargeLeavesNothingBehind(t *testing.T) {
	limits := plan.DefaultLimits()
	limits.MaxAnswer = 2000
	e, err := graph.New(graph.Options{Catalog: parse(t), Store: fifty(t), Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	const small = `{ person(ref: {id: "p7"}) { id quotes { nodes { id } pageInfo { hasNextPage } } nobody: links(first: 0) { edges { cursor } } } gone: node(id: "nobody") { id } }`
	first := ask(t, e, small, nil)
	for range 20 {
		if got := ask(t, e, list, nil); !strings.Contains(got, "COST_LIMIT") || !strings.Contains(got, `"data":null`) {
			t.Fatalf("%.200s", got)
		}
		if got := ask(t, e, small, nil); got != first {
			t.Fatalf("behind what is too large %s, before %s", got, first)
		}
	}
}
