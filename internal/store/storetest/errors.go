package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// errors holds a store to the words of its errors, which reach clients, and to what an ambiguous name lists.
func (s *suite) errors(t *testing.T) {
	_, x := s.filled(t, Small())
	ref := plan.Ref{Name: "Same Name", NameKey: "same name", Types: s.Catalog.Entities}
	named := &plan.Query{Start: plan.ByRef, Refs: []plan.Ref{ref}, Types: s.Catalog.Entities}
	named.Root.Node = s.recordsOf().Root.Node
	linked := &plan.Query{Start: plan.Everything, Refs: []plan.Ref{ref}, Types: s.Catalog.Entities}
	linked.Root.Node, linked.Root.Want.Rows, linked.Root.Page.N = named.Root.Node, true, 5
	linked.Root.Entities = &plan.EntityFilter{LinkedTo: &plan.LinkedTo{}}
	unheard := plan.Ref{Name: "Nobody", NameKey: "nobody", Types: s.Catalog.Entities}
	unlinked := *linked
	unlinked.Refs = []plan.Ref{{ID: "kaldor", Types: s.Catalog.Entities}, unheard}
	unlinked.Root.Entities = &plan.EntityFilter{Or: []*plan.EntityFilter{
		{LinkedTo: &plan.LinkedTo{}}, {Not: &plan.EntityFilter{LinkedTo: &plan.LinkedTo{Ref: 1}}},
	}}
	lookup := *named
	lookup.Refs = []plan.Ref{unheard, {ID: "lse", Types: 1 << s.Catalog.Source.Index}} // of another type
	lost := &plan.LinkFilter{Other: &plan.EntityFilter{LinkedTo: &plan.LinkedTo{Ref: 1}}}
	few := s.recordsOf("kaldor", "lse", "far")
	few.MaxRows = 2
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	late, end := context.WithDeadline(t.Context(), Clock())
	defer end()
	fetch := func(ctx context.Context, q *plan.Query) error {
		_, err := x.Fetch(ctx, q)
		return err
	}
	walk := func(asked int, refs ...plan.Ref) error {
		_, _, err := x.Walk(t.Context(), &plan.Walk{Refs: refs, Asked: asked, Links: lost})
		return err
	}
	whole := func(refs ...plan.Ref) error {
		_, err := x.Whole(t.Context(), &plan.Walk{Refs: refs, Links: lost})
		return err
	}
	kaldor := unlinked.Refs[0]
	const nothing = "a reference names nothing"
	const ambiguous = `"Same Name" fits 3 entities; name one of the candidates by id`
	for _, c := range []struct {
		name  string
		err   error
		code  kg.Code
		words string
		at    plan.RefError
	}{
		{"a name that three have", fetch(t.Context(), named), kg.AmbiguousRef, ambiguous, 0},
		{"a filter with that name", fetch(t.Context(), linked), kg.AmbiguousRef, ambiguous, 0},
		{"a walk from that name", walk(2, ref, kaldor), kg.AmbiguousRef, ambiguous, 0},
		{"a walk where a filter has that name", walk(1, kaldor, ref), kg.AmbiguousRef, ambiguous, 1},
		{"the whole graph, filtered by that name", whole(kaldor, ref), kg.AmbiguousRef, ambiguous, 1},
		{"a filter with a name that nobody has", fetch(t.Context(), &unlinked), kg.NotFound, nothing, 1},
		{"a look-up of nobody whose filter names nobody", fetch(t.Context(), &lookup), kg.NotFound, nothing, 1},
		{"a walk from nobody", walk(2, kaldor, unheard), kg.NotFound, nothing, 1},
		{"a walk where a filter names nobody", walk(1, kaldor, unheard), kg.NotFound, nothing, 1},
		{"the whole graph, filtered by nobody", whole(kaldor, unheard), kg.NotFound, nothing, 1},
		{
			"more than was allowed", fetch(t.Context(), few), kg.CostLimit,
			"the answer has more than 2 entries; ask for smaller pages or fewer levels", -1,
		},
		{
			"an answer too late", fetch(late, s.recordsOf("lse")), kg.Timeout,
			"the operation took too long; ask for less at once", -1,
		},
		{"an answer for nobody", fetch(gone, s.recordsOf("lse")), kg.Cancelled, "the request was cancelled", -1},
	} {
		var e *kg.Error
		if !errors.As(c.err, &e) || e.Code != c.code || e.Message != c.words {
			t.Errorf("%s: %v, want %s: %s", c.name, c.err, c.code, c.words)
			continue
		}
		if at := plan.RefError(-1); errors.As(c.err, &at) != (c.at >= 0) || at != c.at {
			t.Errorf("%s: it is about %v, want reference %d", c.name, at, c.at)
		}
		if c.code != kg.AmbiguousRef {
			continue
		}
		want := []kg.Candidate{
			{ID: "same-1", Type: "PERSON", Name: "Same Name", LinkCount: 1},
			{ID: "same-2", Type: "THEME", Name: "Sáme  name"},
			{ID: "same-3", Type: "PERSON", Name: "Other"},
		}
		if got := fmt.Sprint(e.Details["candidates"], e.Details["candidateCount"]); got != fmt.Sprint(want, 3) {
			t.Errorf("%s: the candidates are %s, want %v", c.name, got, want)
		}
	}
}

// closed closes a store, twice, and uses it then.
func (s *suite) closed(t *testing.T, x store.Store) {
	t.Helper()
	for range 2 {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	}
	ctx := t.Context()
	for what, err := range map[string]error{
		"Ready":       x.Ready(ctx),
		"Empty":       second(x.Empty(ctx)),
		"Fetch":       second(x.Fetch(ctx, s.recordsOf("kaldor"))),
		"Whole":       second(x.Whole(ctx, &plan.Walk{})),
		"Sources":     x.Sources(ctx, func(*kg.Source) error { return nil }),
		"Nodes":       x.Nodes(ctx, func(*kg.Node) error { return nil }),
		"Links":       x.Links(ctx, func(*kg.Link) error { return nil }),
		"ExternalIDs": x.ExternalIDs(ctx, func(string, kg.ExternalID) error { return nil }),
		"Types":       second(x.Types(ctx, []string{"kaldor"})),
		"Records":     second(x.Records(ctx, []string{"kaldor"})),
		"Resting":     second(x.Resting(ctx, []string{"kaldor"})),
		"Strays":      second(x.Strays(ctx, Small().Links)),
		"Check":       second(x.Check(ctx, func(store.Damage) error { return nil })),
		"Load":        Fill(ctx, x, Small()),
		"Walk": third(x.Walk(ctx, &plan.Walk{
			Refs:  []plan.Ref{{ID: "kaldor", Types: s.Catalog.Entities}},
			Asked: 1,
		})),
		"State":      third(x.State(ctx)),
		"Unverified": third(x.Unverified(ctx)),
	} {
		var e *kg.Error
		if !errors.As(err, &e) || e.Code != kg.Unavailable || e.Message != "the store is closed" {
			t.Errorf("%s of a store that is closed: %v", what, err)
		}
	}
}

func second[A any](_ A, err error) error { return err }

func third[A, B any](_ A, _ B, err error) error { return err }
