package graph_test

import (
	"context"
	"strings"
	"testing"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

func TestEachAliasOfPathsGetsWhatItAsksFor(t *testing.T) {
	cat, s := small(t)
	got := ask(t, engine(t, cat, s), `{ paths(from: {id: "mary-kaldor"}, to: {id: "civilians"}, first: 1) {
		bare: paths { length nodes { id } }
		told: paths { narrative sources { title } steps { link { kind } } }
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
		`{ paths(from: {id: "mary-kaldor"}, to: {id: "civilians"}, first: 3) { paths { length start { id type __typename } nodes { id } } } }`, nil)
	full := ask(t, e,
		`{ paths(from: {id: "mary-kaldor"}, to: {id: "civilians"}, first: 3) { paths { length start { id type __typename } nodes { id name } } } }`, nil)
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
		`{ paths(from: {id: "mary-kaldor"}, to: {id: "dialogue"}, maxLength: 1) { paths { length } report { nearMiss { length } } } }`:                    1,
		`{ paths(from: {id: "mary-kaldor"}, to: {id: "lse"}, where: {kinds: [SAID]}, maxLength: 8) { paths { length } report { nearMiss { length } } } }`: 2,
		`{ paths(from: {id: "mary-kaldor"}, to: {id: "lse"}) { paths { length } report { nearMiss { length } } } }`:                                       1,
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
