package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// scans reads everything: in order of id, until f has enough or its context is over.
func (s *suite) scans(t *testing.T) {
	b := Small()
	for _, id := range []string{"Zed", "a-b", "a_b", "a", "~", "0"} { // the order is that of bytes, and no language's
		b.Nodes = append(b.Nodes, &kg.Node{
			ID: id, Type: "PERSON", Name: "Person " + id,
			ExternalIDs: []kg.ExternalID{{Scheme: "z", Value: id}, {Scheme: "a", Value: id}},
		})
	}
	oracle, x := s.filled(t, b)
	if want, got := whole(t, oracle), whole(t, x); want != got {
		t.Error(difference(want, got))
	}
	var external []string
	for _, of := range []store.Store{oracle, x} {
		list := ""
		if err := of.ExternalIDs(t.Context(), func(entity string, e kg.ExternalID) error {
			list += entity + " " + e.Scheme + " " + e.Value + " " + e.URL + "\n"
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		external = append(external, list)
	}
	if external[0] != external[1] {
		t.Error(difference(external[0], external[1]))
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	enough := errors.New("enough")
	for _, c := range []struct {
		name string
		ids  []string
		scan func(ctx context.Context, f func(id string) error) error
	}{
		{
			"sources", sortedIDs(b.Sources, func(x *kg.Source) string { return x.ID }),
			func(ctx context.Context, f func(string) error) error {
				return x.Sources(ctx, func(r *kg.Source) error { return f(r.ID) })
			},
		},
		{
			"nodes", sortedIDs(b.Nodes, func(x *kg.Node) string { return x.ID }),
			func(ctx context.Context, f func(string) error) error {
				return x.Nodes(ctx, func(r *kg.Node) error { return f(r.ID) })
			},
		},
		{
			"links", sortedIDs(b.Links, func(x *kg.Link) string { return x.ID }),
			func(ctx context.Context, f func(string) error) error {
				return x.Links(ctx, func(r *kg.Link) error { return f(r.ID) })
			},
		},
	} {
		var got []string
		if err := c.scan(t.Context(), func(id string) error { got = append(got, id); return nil }); err != nil ||
			!slices.Equal(got, c.ids) {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.ids)
		}
		got = nil
		err := c.scan(t.Context(), func(id string) error {
			if got = append(got, id); len(got) == 2 {
				return enough
			}
			return nil
		})
		if !errors.Is(err, enough) || !slices.Equal(got, c.ids[:2]) {
			t.Errorf("%s until there are two: %q, %v", c.name, got, err)
		}
		if err := c.scan(gone, func(string) error { return nil }); kg.CodeOf(err) != kg.Cancelled {
			t.Errorf("%s for nobody: %v", c.name, err)
		}
	}
}

// readiness follows a store from empty to closed, and opens it again in between.
func (s *suite) readiness(t *testing.T) {
	x := s.Open(t)
	empty := func(want bool) {
		t.Helper()
		if got, err := x.Empty(t.Context()); err != nil || got != want {
			t.Errorf("that it is empty is %t, %v", got, err)
		}
		if err := x.Ready(t.Context()); err != nil {
			t.Error(err)
		}
	}
	load := func(b *store.Batch) {
		t.Helper()
		if err := Fill(t.Context(), x, b); err != nil {
			t.Fatal(err)
		}
	}
	if x.Kind() == "" {
		t.Error("its kind has no name")
	}
	empty(true)
	load(&store.Batch{Sources: []*kg.Source{{ID: "s_alone", Kind: "BOOK", Title: "Alone"}}})
	empty(false)
	load(&store.Batch{Delete: []string{"s_alone"}})
	empty(true)
	load(Small())
	empty(false)
	before := whole(t, x)
	s.closed(t, x)
	x, err := s.Reopen(t, s.Catalog)
	if err != nil {
		t.Fatal(err)
	}
	if empty, err := x.Empty(t.Context()); err != nil || empty {
		t.Errorf("opened again it is empty: %t, %v", empty, err)
	}
	if got := whole(t, x); got != before {
		t.Errorf("opened again: %s", difference(before, got))
	}
	q := s.recordsOf("kaldor", "lse", "s_one")
	if res, err := x.Fetch(t.Context(), q); err != nil || len(res.Edges) != len(q.IDs) {
		t.Errorf("opened again it answers %+v, %v", res, err)
	}
}
