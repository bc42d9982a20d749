package storetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// loadsInOrder writes one load after another into a store and the oracle. What is refused is refused in the words that
// stand here.
func (s *suite) loadsInOrder(t *testing.T) {
	first := Small()
	moved := *first.Links[3]
	moved.From, moved.To, moved.Since = "kaldor", "far", "2001"
	longer := *first.Sources[1]
	longer.Text = "say a beta now, not there"
	longest := *first.Sources[1]
	longest.Text = "say no more"
	named := kg.Node{
		ID: "lse", Type: "INSTITUTION", Name: "LSE",
		Aliases: []string{"London School of Economics and Political Science"},
	}
	denied := moved
	denied.Evidence = []kg.Evidence{{Source: "s_two", Excerpt: "say a beta", Stance: kg.Refutes}}
	disputed := denied
	disputed.Evidence = append([]kg.Evidence{{Source: "s_one", Excerpt: "x", Stance: kg.Supports}}, denied.Evidence...)
	role := *first.Links[0]
	role.Role, role.UpdatedAt = "Dean", kg.TimeAt(5000)
	oracle, x := NewOracle(s.Catalog, Clock), s.Open(t)
	for _, step := range []struct {
		name    string
		b       store.Batch
		refused string
	}{
		{"first", *first, ""},
		{"the same again", *Small(), ""},
		{"a source's text changes", store.Batch{Sources: []*kg.Source{&longer}}, ""},
		{"a name changes, aliases go", store.Batch{Nodes: []*kg.Node{
			&named,
			{ID: "far", Type: "PLACE", Name: "Home", ExternalIDs: []kg.ExternalID{{Scheme: "a", Value: "b"}}},
		}}, ""},
		{"a link changes its ends", store.Batch{Links: []*kg.Link{&moved}}, ""},
		{"a link changes", store.Batch{Links: []*kg.Link{&role}}, ""},
		{"a link is refuted", store.Batch{Links: []*kg.Link{&denied}}, ""},
		{"the same refuted link again", store.Batch{Links: []*kg.Link{&denied}}, ""},
		{"the text of a refuted link's source changes", store.Batch{Sources: []*kg.Source{&longest}}, ""},
		{
			"another kind has the id of a refuted link",
			store.Batch{Links: []*kg.Link{{
				ID: denied.ID, Kind: "SAID", From: denied.From, To: denied.To,
				Evidence: moved.Evidence,
			}}},
			"CONFLICT: l_three has the kind AFFILIATED_WITH in the store; give the SAID another id",
		},
		{"a refuted link is disputed", store.Batch{Links: []*kg.Link{&disputed}}, ""},
		{"twice in one batch", store.Batch{Nodes: []*kg.Node{{
			ID: "twice", Type: "THEME", Name: "A",
			Aliases: []string{"x"},
		}, {ID: "twice", Type: "THEME", Name: "B"}}}, ""},
		{
			"merged: what is left out stays",
			store.Batch{Merge: true, Nodes: []*kg.Node{{
				ID: "lse", Type: "INSTITUTION", Name: "The LSE",
				Aliases: []string{"LSE", "London School of Economics and Political Science"},
			}}},
			"",
		},
		{
			"merged: twice in one batch",
			store.Batch{Merge: true, Nodes: []*kg.Node{
				{ID: "merged", Type: "THEME", Name: "A", Aliases: []string{"x"}},
				{ID: "merged", Type: "THEME", Description: "d", Aliases: []string{"y", "x"}},
			}},
			"",
		},
		{"merged: what is cleared goes", store.Batch{Merge: true, Nodes: []*kg.Node{{
			ID: "merged", Type: "THEME",
			Clear: []string{"aliases"},
		}}}, ""},
		{
			"an entity that links hang on stays",
			store.Batch{Delete: []string{"far"}},
			"CONFLICT: 2 links hang on the entity far; delete them first",
		},
		{
			"a source that evidence quotes stays",
			store.Batch{Delete: []string{"s_one"}},
			"CONFLICT: 4 links rest on the source s_one; delete them first",
		},
		{"an entity goes", store.Batch{Delete: []string{"merged", "nobody", "s_nobody", "l_nobody"}}, ""},
		{"a link goes", store.Batch{Delete: []string{moved.ID}}, ""},
		{"a link comes back", store.Batch{Links: []*kg.Link{&moved}}, ""},
		{
			"another type",
			store.Batch{Nodes: []*kg.Node{{ID: "lse", Type: "PLACE", Name: "x"}}},
			"CONFLICT: lse has the type institution in the store; give the place another id",
		},
		{"another kind", store.Batch{Links: []*kg.Link{{
			ID: "l_four", Kind: "SAID", From: "kaldor", To: "far",
			Evidence: moved.Evidence,
		}}}, "CONFLICT: l_four has the kind LOCATED_IN in the store; give the SAID another id"},
		{"no such entity", store.Batch{Links: []*kg.Link{{
			ID: "l_new", Kind: "LOCATED_IN", From: "lse", To: "nowhere",
			Evidence: moved.Evidence,
		}}}, "CONFLICT: there is no entity nowhere"},
		{
			"no such source",
			store.Batch{Links: []*kg.Link{{
				ID: "l_new", Kind: "LOCATED_IN", From: "lse", To: "far",
				Evidence: []kg.Evidence{{Source: "s_nowhere", Excerpt: "x", Stance: kg.Supports}},
			}}},
			"CONFLICT: there is no source s_nowhere",
		},
	} {
		for _, into := range []store.Store{oracle, x} {
			b := step.b
			if got := show(Fill(t.Context(), into, &b)); got != step.refused {
				t.Errorf("%s: %s says %q, want %q", step.name, into.Kind(), got, step.refused)
			}
		}
		if a, b := whole(t, oracle), whole(t, x); a != b {
			t.Fatalf("%s: %s", step.name, difference(a, b))
		}
	}
	s.sameLogs(t, oracle, x)
	q := s.recordsOf("lse", "s_one", "l_two", "nobody", moved.ID, "kaldor")
	compare(t, oracle, x, q, 0)
}

// batches writes a load of several batches. An id that comes again replaces what an earlier batch says of it, and what
// was rolled back before leaves no trace.
func (s *suite) batches(t *testing.T) {
	oracle, x := NewOracle(s.Catalog, Clock), s.Open(t)
	for _, into := range []store.Store{oracle, x} {
		undone, err := into.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(undone.Put(t.Context(), Small()), undone.Rollback(), undone.Rollback()); err != nil {
			t.Fatal(err)
		}
		l, err := into.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		again := Small()
		again.Sources[0].Text = "alpha beta gamma delta"
		again.Links[0].Evidence[0].Excerpt = "gamma delta"
		again.Nodes[0].Name = "M. Kaldor"
		more := &store.Batch{
			Nodes:  []*kg.Node{{ID: "more", Type: "PERSON", Name: "More"}},
			Delete: []string{"l_four", "more"},
		}
		if err := errors.Join(l.Put(t.Context(), Small()), l.Put(t.Context(), again), l.Put(t.Context(), more),
			l.Commit(t.Context()), l.Rollback()); err != nil {
			t.Fatal(into.Kind(), err)
		}
		for what, err := range map[string]error{"Put": l.Put(t.Context(), Small()), "Commit": l.Commit(t.Context())} {
			if show(err) != "INTERNAL: the load has ended" {
				t.Errorf("%s: %s after the end: %v", into.Kind(), what, err)
			}
		}
	}
	if a, b := whole(t, oracle), whole(t, x); a != b {
		t.Error(difference(a, b))
	}
	s.sameLogs(t, oracle, x)
	if got := len(Small().Links) - 1; got != count(t, x) {
		t.Errorf("%d links, want %d", count(t, x), got)
	}
}

// sameLogs compares the logs of an oracle and a store that were given what Small has.
func (s *suite) sameLogs(t *testing.T, oracle *Oracle, x store.Store) {
	t.Helper()
	small := Small()
	r := &random{Rand: rand.New(rand.NewPCG(1, 1)), cat: s.Catalog, nodes: small.Nodes, links: small.Links, srcs: small.Sources}
	for range 4 {
		sameLogs(t, oracle, x, r)
	}
}

// count counts the links of a store.
func count(t *testing.T, s store.Store) (n int) {
	t.Helper()
	if err := s.Links(t.Context(), func(*kg.Link) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

// failingLoads cuts loads off. What they leave is nothing, or a part that the load run again completes.
func (s *suite) failingLoads(t *testing.T) {
	oracle, x := s.filled(t, &store.Batch{Nodes: []*kg.Node{{ID: "lse", Type: "PERSON", Name: "Someone called LSE"}}})
	if parts := s.differs(LoadsInParts); x.Atomic() == parts {
		t.Errorf("that its loads leave nothing when they fail is %t", x.Atomic())
	}
	before := whole(t, x)
	same := func(what string) {
		t.Helper()
		if got := whole(t, x); x.Atomic() && got != before {
			t.Errorf("%s leaves something: %s", what, difference(before, got))
		}
	}
	l, err := x.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Put(t.Context(), &store.Batch{Nodes: []*kg.Node{{
		ID: "kaldor", Type: "PERSON",
		Name: "Mary Kaldor",
	}}}); err != nil {
		t.Fatal(err)
	}
	err = l.Put(t.Context(), &store.Batch{Nodes: []*kg.Node{{ID: "lse", Type: "INSTITUTION", Name: "LSE"}}})
	if err == nil { // it may say so later
		err = l.Commit(t.Context())
	}
	if kg.CodeOf(err) != kg.Conflict {
		t.Errorf("an id of another type: %v", err)
	}
	if err := l.Rollback(); err != nil {
		t.Error(err)
	}
	same("a load that is refused")
	small := Small()
	small.Nodes[1].ID, small.Links[0].To, small.Links[1].To, small.Links[3].To, small.Links[4].From = "school", "school", "school", "school", "school"
	if l, err = x.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Put(t.Context(), small), l.Put(t.Context(), &store.Batch{Delete: []string{"l_one"}}),
		l.Rollback()); err != nil {
		t.Fatal(err)
	}
	same("a load that is cut off")
	for _, into := range []store.Store{oracle, x} {
		b := *small
		if err := Fill(t.Context(), into, &b); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := whole(t, oracle), whole(t, x); a != b {
		t.Errorf("the load run again: %s", difference(a, b))
	}
}

// twoLoads begins a load while another is under way.
func (s *suite) twoLoads(t *testing.T) {
	x := s.Open(t)
	first, err := x.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	second, err := x.Load(soon)
	if code := kg.CodeOf(err); code != kg.Timeout && code != kg.Conflict {
		t.Errorf("a second load beside the first: %v", err)
	}
	if err == nil {
		_ = second.Rollback()
	}
	if err := errors.Join(first.Put(t.Context(), Small()), first.Commit(t.Context())); err != nil {
		t.Fatal(err)
	}
	if err := Fill(t.Context(), x, &store.Batch{Delete: []string{"l_one"}}); err != nil {
		t.Errorf("the second after the first: %v", err)
	}
	if got := len(Small().Links) - 1; got != count(t, x) {
		t.Errorf("%d links, want %d", count(t, x), got)
	}
}
