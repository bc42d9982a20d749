package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

func TestEachAliasOfPathsGetsWhatItAsksFor(t *testing.T) {
	cat, s := small(t)
	got := ask(t, engine(t, cat, s), `{ paths(from: {id: "mary-kaldor"}, to: {id: "civilians"}, first: 1) {
		bare: nodes { length nodes { id } }
		told: nodes { narrative sources { title } steps { link { kind } } }
		why: report { outcome } and: report { visitedNodes nearMiss { narrative } }
	} }`, nil)
	if strings.Contains(got, "errors") {
		t.Fatal(got)
	}
	for _, want := range []string{
		`"bare":[{"length":2,"nodes":[{"id":"mary-kaldor"},{"id":"q1"},{"id":"civilians"}]}]`,
		`"sources":[{"title":"An article"}]`, `"narrative":"Mary Kaldor `, `"steps":[{"link":{"kind":"SAID"}}`,
		`"why":{"outcome":"COMPLETE"}`, `"nearMiss":null`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the answer lacks %s\n%s", want, got)
		}
	}
}

func TestLinesOfIDsAreNotReadFromTheStore(t *testing.T) {
	cat, s := small(t)
	e := engine(t, cat, s)
	bare := ask(t, e,
		`{ paths(from: {id: "mary-kaldor"}, to: {id: "civilians"}, first: 3) { nodes { length start { id type __typename } nodes { id } } } }`, nil)
	full := ask(t, e,
		`{ paths(from: {id: "mary-kaldor"}, to: {id: "civilians"}, first: 3) { nodes { length start { id type __typename } nodes { id name } } } }`, nil)
	for _, name := range []string{
		"Mary Kaldor", "London School of Economics", "Digital Dialogue",
		"protection of civilians", "About civilians",
	} {
		full = strings.ReplaceAll(full, `,"name":"`+name+`"`, "")
	}
	if bare != full || !strings.Contains(bare, `"start":{"id":"mary-kaldor","type":"PERSON","__typename":"Person"}`) {
		t.Errorf("what the search knows is\n%s\nwhat the store says is\n%s", bare, full)
	}
}

// counted is a store whose walks say that they took five round trips.
type counted struct {
	store.Answerer
	walks int
}

func (c *counted) Walk(ctx context.Context, w *plan.Walk) (store.Graph, []uint32, error) {
	g, keys, err := c.Answerer.Walk(ctx, w)
	c.walks++
	return &fiveTrips{g}, keys, err
}

type fiveTrips struct{ store.Graph }

func (*fiveTrips) RoundTrips() int { return 5 }

// TestRoundTripsAreCountedOnce: those of a near miss in the same graph are not its own, those of a graph without
// conditions are.
func TestRoundTripsAreCountedOnce(t *testing.T) {
	cat, s := small(t)
	for query, walks := range map[string]int{
		`{ paths(from: {id: "mary-kaldor"}, to: {id: "dialogue"}, maxLength: 1) { nodes { length } report { nearMiss { length } } } }`:                    1,
		`{ paths(from: {id: "mary-kaldor"}, to: {id: "lse"}, where: {kinds: [SAID]}, maxLength: 8) { nodes { length } report { nearMiss { length } } } }`: 2,
		`{ paths(from: {id: "mary-kaldor"}, to: {id: "lse"}) { nodes { length } report { nearMiss { length } } } }`:                                       1,
	} {
		c := &counted{Answerer: s}
		var seen graph.Observation
		e, err := graph.New(graph.Options{Catalog: cat, Store: c, Observe: func(o graph.Observation) { seen = o }})
		if err != nil {
			t.Fatal(err)
		}
		got := ask(t, e, query, nil)
		if strings.Contains(got, "errors") || c.walks != walks {
			t.Fatalf("%s: %s after %d walks", query, got, c.walks)
		}
		if n := seen.RoundTrips - 5*walks; n < 0 || n >= 5 {
			t.Errorf("%s: %d round trips of %d walks and what was read", query, seen.RoundTrips, walks)
		}
	}
}

// TestPathsAreReadBothWays: pages of any size, from either end, are the lines in their order, and cursors are of their
// question alone.
func TestPathsAreReadBothWays(t *testing.T) {
	cat, s := small(t)
	e := engine(t, cat, s)
	const between = `from: {id: "mary-kaldor"}, to: {id: "civilians"}, maxLength: 4`
	type lines struct {
		Data struct {
			Paths struct {
				Edges []struct {
					Cursor string
					Node   struct{ Nodes []struct{ ID string } }
				}
				PageInfo struct {
					HasNextPage, HasPreviousPage bool
					StartCursor, EndCursor       string
				}
				TotalCount *int
			}
		}
		Errors []struct{ Extensions struct{ Code string } }
	}
	read := func(args string) (l lines) {
		t.Helper()
		got := ask(t, e, `{ paths(`+args+`) { edges { cursor node { nodes { id } } } totalCount
			pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`, nil)
		if err := json.Unmarshal([]byte(got), &l); err != nil {
			t.Fatal(err)
		}
		return l
	}
	whole := read(between + `, first: 100`).Data.Paths
	if n := len(whole.Edges); n < 4 || whole.TotalCount == nil || *whole.TotalCount != n || whole.PageInfo.HasNextPage {
		t.Fatalf("%d lines: %+v", n, whole)
	}
	for _, n := range []int{1, 3} {
		for _, way := range [][2]string{{"first", "after"}, {"last", "before"}} {
			at := ""
			var got []string
			for {
				p := read(fmt.Sprintf(`%s, %s: %d%s`, between, way[0], n, at)).Data.Paths
				more, cursor := p.PageInfo.HasNextPage, p.PageInfo.EndCursor
				if way[0] == "last" {
					slices.Reverse(p.Edges)
					more, cursor = p.PageInfo.HasPreviousPage, p.PageInfo.StartCursor
				}
				for _, e := range p.Edges {
					got = append(got, fmt.Sprint(e))
				}
				if !more || len(got) > 1000 {
					break
				}
				at = fmt.Sprintf(`, %s: %q`, way[1], cursor)
			}
			want := make([]string, len(whole.Edges))
			for i, e := range whole.Edges {
				want[i] = fmt.Sprint(e)
			}
			if way[0] == "last" {
				slices.Reverse(want)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %d\ngot  %v\nwant %v", way[0], n, got, want)
			}
		}
	}
	cursor := whole.Edges[1].Cursor
	for _, args := range []string{
		`from: {id: "mary-kaldor"}, to: {id: "civilians"}, after: "` + cursor + `"`,
		between + `, rank: STRONGEST, before: "` + cursor + `"`,
		`from: {id: "civilians"}, to: {id: "mary-kaldor"}, maxLength: 4, after: "` + cursor + `"`,
	} {
		if l := read(args); len(l.Errors) != 1 || l.Errors[0].Extensions.Code != "BAD_CURSOR" {
			t.Errorf("%s: %+v", args, l.Errors)
		}
	}
}

// TestTooManyPathsToCount: where there are too many lines to look for all, the first are told, and what would need all
// says so.
func TestTooManyPathsToCount(t *testing.T) {
	limits := plan.DefaultLimits()
	limits.MaxCost, limits.Timeout = 1<<30, time.Minute
	e, err := graph.New(graph.Options{Catalog: parse(t), Store: hub(t, 120), Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	const between = `{ paths(from: {id: "p1"}, to: {id: "p2"}, maxLength: 8, `
	if got := ask(t, e, between+`first: 2) { nodes { length } totalCount pageInfo { hasNextPage } report { outcome } } }`, nil); got !=
		`{"data":{"paths":{"nodes":[{"length":2},{"length":2}],"totalCount":null,"pageInfo":{"hasNextPage":true},"report":{"outcome":"COMPLETE"}}}}` {
		t.Error(got)
	}
	got := ask(t, e, between+`last: 2) { nodes { length } } }`, nil)
	if !strings.Contains(got, `"COST_LIMIT"`) || !strings.Contains(got, `"argument":["paths","last"]`) {
		t.Error(got)
	}
	if got := ask(t, e, `{ match(pattern: [{node: {}}, {link: {}}, {node: {}}, {link: {}}, {node: {}}, {link: {}}, {node: {}}, {link: {}}, {node: {}}], first: 1) {
		nodes { length } totalCount report { outcome } } }`, nil); got !=
		`{"data":{"match":{"nodes":[{"length":4}],"totalCount":null,"report":{"outcome":"COMPLETE"}}}}` {
		t.Error(got)
	}
}
