package neo4jstore_test

import (
	"fmt"
	"testing"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store/neo4jstore"
)

// TestAllocations bounds what our side of a request allocates beside the driver once its shape is known: finding the
// statement with its parameters, and reading the records.
func TestAllocations(t *testing.T) {
	cat := parse(t)
	s, err := neo4jstore.Unconnected(cat)
	if err != nil {
		t.Fatal(err)
	}
	plans := map[string]*plan.Query{}
	for _, sh := range shapes(t, cat) {
		sh.q.Memo = &plan.Memo{}
		plans[sh.name] = sh.q
	}
	plans["list with links"].Root.Page.After = []kg.Value{str("ada"), str("p0000001")}
	var people []any
	for i := range 50 {
		var links []any
		for j := range 3 {
			links = append(links, []any{fmt.Sprint("i", j), "Institute", "member", "1999"})
		}
		people = append(people, []any{fmt.Sprint("p", i), "Ada", links, "ada", fmt.Sprint("p", i)})
	}
	themes := []any{[]any{"t1", "labour"}, []any{"t2", "peace"}}
	for _, c := range []struct {
		name    string
		records [][]any
		// measured, and a little to spare
		find, read float64
	}{
		{"point", [][]any{{[]any{"p0000001", "p0000001", "Ada", "1900"}}}, 12, 5},
		{"chain", [][]any{{[]any{"p0000001", "p0000001", "Ada", []any{[]any{
			"i1", "LSE",
			[]any{[]any{"e1", "Congress", themes}, []any{"e2", "Congress", themes}},
		}}}}}, 55, 14},
		{"quotes", [][]any{{[]any{"p0000001", "p0000001", "Ada", []any{[]any{
			"q1", "Words.", themes,
			[]any{[]any{"e1", "Congress", "2021"}},
		}}}}}, 55, 11},
		{"list with links", [][]any{{[]any{[]any{people, false}}}}, 45, 120},
		{"search", [][]any{{[]any{[]any{[]any{}, int64(0)}}}}, 101, 4},
	} {
		q := plans[c.name]
		neo4jstore.FindStatement(s, q) // compiles it
		find := testing.AllocsPerRun(100, func() { neo4jstore.FindStatement(s, q) })
		both := testing.AllocsPerRun(100, func() {
			if _, err := neo4jstore.Decode(s, q, c.records); err != nil {
				t.Fatal(err)
			}
		})
		t.Logf("%s: %.0f to find the statement, %.0f to read the records", c.name, find, both-find)
		if find > c.find || both-find > c.read {
			t.Errorf("%s: more than %.0f or %.0f allocations", c.name, c.find, c.read)
		}
	}
}

// TestAllocationsOfWholeRecords bounds what reading a source, an entity and a link takes when all are read: the records
// and their lists, and nothing for each value that is held against the contract.
func TestAllocationsOfWholeRecords(t *testing.T) {
	cat := parse(t)
	s, err := neo4jstore.Unconnected(cat)
	if err != nil {
		t.Fatal(err)
	}
	long := func(n int) (list []any) {
		for range n {
			list = append(list, "words")
		}
		return list
	}
	const pieces = 20
	at := int64(1_700_000_000_000)
	var places []any
	for i := range pieces {
		places = append(places, int64(i))
	}
	source := []any{"s_a", "A", "https://example.org/", "ARTICLE", "P", long(10), "2020-01-02", "text"}
	node := []any{int64(cat.TypeOf("PERSON").Index), map[string]any{
		"id": "ann", "name": "Ann", "description": "One", "aliases": long(10), "externalIds": long(30), "formerIds": long(10),
		"createdAt": at, "updatedAt": at, "born": "1950-02", "died": "2010-03-04",
	}, nil}
	link := []any{
		"l_a", "PARTICIPATED_IN", "ann", "fair", "guest", "2001", "2002-03", at, at,
		long(pieces), long(pieces), long(pieces), long(pieces), long(pieces), nil, places, places,
	}
	n := testing.AllocsPerRun(100, func() {
		if err := neo4jstore.ReadWhole(s, source, node, link); err != nil {
			t.Fatal(err)
		}
	})
	// 3 records, the lists of authors, aliases, external and former ids and evidence, and the map of properties
	if t.Logf("%.0f allocations", n); n > 12 {
		t.Errorf("%.0f allocations are more than 12", n)
	}
}
