package graph_test

import (
	"context"
	"strings"
	"testing"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// planned keeps the last plan that its store was asked.
type planned struct {
	store.Answerer
	last *plan.Query
}

func (p *planned) Fetch(ctx context.Context, q *plan.Query) (*kg.Result, error) {
	p.last = q
	return p.Answerer.Fetch(ctx, q)
}

// TestArgumentsAreReadInTheOrderOfTheSchema: of two mistakes the same is told each time, and entities are named in
// the same order, so that the statement of a question does not change from request to request.
func TestArgumentsAreReadInTheOrderOfTheSchema(t *testing.T) {
	cat, s := small(t)
	p := &planned{Answerer: s}
	e := engine(t, cat, p)
	const filtered = `query Q($where: PersonFilter) { people(where: $where) { nodes { id } } }`
	for _, c := range []struct {
		name, query, want string
		vars              map[string]any
	}{
		{"two dates", filtered, "people.where.not.date.from", map[string]any{"where": map[string]any{
			"linkedTo": map[string]any{"where": map[string]any{"date": map[string]any{"to": "never"}}},
			"not":      map[string]any{"date": map[string]any{"to": "never", "from": "soon"}},
		}}},
		{"two texts", filtered, "people.where.name.contains", map[string]any{"where": map[string]any{
			"text": map[string]any{"eq": "\x00"}, "name": map[string]any{"startsWith": "\x00", "contains": "\x00"},
		}}},
		{"two unknown fields", filtered, "variable $where.alpha: PersonFilter has no such field", map[string]any{"where": map[string]any{
			"beta":  1,
			"alpha": 2, "gamma": 3,
		}}},
	} {
		first := ""
		for range 40 {
			got := ask(t, e, c.query, c.vars)
			if first == "" {
				first = got
			}
			if got != first || !strings.Contains(got, c.want) {
				t.Fatalf("%s: %s, and before %s, want %s", c.name, got, first, c.want)
			}
		}
	}
	named := func(id string) map[string]any {
		return map[string]any{"linkedTo": map[string]any{"entity": map[string]any{"id": id}}}
	}
	where := named("d")
	where["or"], where["and"], where["not"] = []any{named("b")}, []any{named("a")}, named("c")
	for range 40 {
		got := ask(t, e, filtered, map[string]any{"where": where})
		if !strings.Contains(got, `"argument":["people","where","and",0,"linkedTo","entity"],"code":"NOT_FOUND"`) {
			t.Fatal(got)
		}
		ids := ""
		for _, r := range p.last.Refs {
			ids += r.ID
		}
		if ids != "abcd" {
			t.Fatalf("the entities are named in the order %s", ids)
		}
	}
}
