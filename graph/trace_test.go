package graph_test

import (
	"strings"
	"testing"
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
	bare := ask(t, e, `{ paths(from: {id: "mary-kaldor"}, to: {id: "civilians"}, first: 3) { paths { length start { id type __typename } nodes { id } } } }`, nil)
	full := ask(t, e, `{ paths(from: {id: "mary-kaldor"}, to: {id: "civilians"}, first: 3) { paths { length start { id type __typename } nodes { id name } } } }`, nil)
	for _, name := range []string{"Mary Kaldor", "London School of Economics", "Digital Dialogue", "protection of civilians", "About civilians"} {
		full = strings.ReplaceAll(full, `,"name":"`+name+`"`, "")
	}
	if bare != full || !strings.Contains(bare, `"start":{"id":"mary-kaldor","type":"PERSON","__typename":"Person"}`) {
		t.Errorf("what the search knows is\n%s\nwhat the store says is\n%s", bare, full)
	}
}
