package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/text"
)

// Damaging is a damage that is done behind the back of a store which holds what repairs writes.
type Damaging struct {
	Name string
	Do   func(t *testing.T) // to the store that was opened last
	Kind store.Fault        // how a check calls it
	ID   string             // of the record that it names; "" for none
	Left bool               // no repair mends it
}

// repairable makes what repairs writes: an excerpt that stands in its text, one that does not, and one of which nobody
// knows; a quotation, a denial, and a link that is disputed; and a second load that changes, moves and deletes.
func repairable() (first, second *store.Batch) {
	first = &store.Batch{
		Sources: []*kg.Source{
			{ID: "s_a", Title: "A", Kind: "ARTICLE", PublishedOn: "2020", Text: "Ann said: “The sea is wide.” Ann leads the Club of Öland."},
			{ID: "s_b", Title: "B", Kind: "BOOK", Text: "Bob leads no club."},
			{ID: "s_c", Title: "C", Kind: "OTHER", Authors: []string{"Ännchen"}},
		},
		Nodes: []*kg.Node{
			{
				ID: "ann", Type: "PERSON", Name: "Ann Bérg", Aliases: []string{"Annie B."}, Description: "Sails.", FormerIDs: []string{"a-berg"},
				ExternalIDs: []kg.ExternalID{{Scheme: "x", Value: "1"}}, Props: map[string]any{"born": "1950"},
			},
			{ID: "bob", Type: "PERSON", Name: "Bob"},
			{ID: "cat", Type: "THEME", Name: "Cats"},
			{ID: "club", Type: "INSTITUTION", Name: "Club of Öland", Aliases: []string{"The Club"}, Props: map[string]any{"founded": "1895"}},
			{ID: "sea", Type: "QUOTE", Name: "On the sea", Props: map[string]any{"text": "The sea is wide."}},
		},
		Links: []*kg.Link{
			{ID: "l_said", Kind: "SAID", From: "ann", To: "sea", Evidence: []kg.Evidence{{Source: "s_a", Excerpt: "Ann said", Stance: kg.Supports}}},
			{ID: "l_ann", Kind: "AFFILIATED_WITH", From: "ann", To: "club", Role: "Head", Since: "1999", Evidence: []kg.Evidence{
				{Source: "s_a", Excerpt: "ann LEADS", Stance: kg.Supports},
				{Source: "s_c", Excerpt: "the club", Stance: kg.Supports},
				{Source: "s_b", Excerpt: "nowhere", Stance: kg.Refutes},
			}},
			{ID: "l_bob", Kind: "AFFILIATED_WITH", From: "bob", To: "club", Evidence: []kg.Evidence{{Source: "s_b", Excerpt: "leads no club", Stance: kg.Refutes}}},
			{ID: "l_cat", Kind: "ABOUT", From: "sea", To: "cat", Evidence: []kg.Evidence{{Source: "s_c", Excerpt: "cats at sea", Stance: kg.Supports}}},
			{ID: "l_gone", Kind: "ABOUT", From: "club", To: "cat", Evidence: []kg.Evidence{{Source: "s_c", Excerpt: "cats", Stance: kg.Supports}}},
		},
	}
	bob, cat := *first.Nodes[1], *first.Links[3]
	bob.Description, cat.To = "Rows.", "bob"
	return first, &store.Batch{Nodes: []*kg.Node{&bob}, Links: []*kg.Link{&cat}, Delete: []string{"l_gone"}}
}

// repairs damages a store in each way that there is. A check finds it and names the record; a repair mends what follows
// from what is whole, and then the store holds and answers what it did; what is left is as it was, and found again.
func (s *suite) repairs(t *testing.T) {
	if len(s.Damages) == 0 {
		t.Skip("nothing is damaged")
	}
	for _, d := range part(t, s, s.Damages) {
		t.Run(d.Name, func(t *testing.T) {
			first, second := repairable()
			oracle, x := s.filled(t, first)
			for _, into := range []store.Store{oracle, x} {
				b := *second
				if err := Fill(t.Context(), into, &b); err != nil {
					t.Fatal(err)
				}
			}
			before := whole(t, x)
			found := func(check func() []store.Damage) store.Damage {
				t.Helper()
				all := check()
				if len(all) != 1 || all[0].Kind != d.Kind || all[0].ID != d.ID || all[0].Says == "" || all[0].Mends == d.Left {
					t.Fatalf("found is %+v", all)
				}
				return all[0]
			}
			check := func() []store.Damage { t.Helper(); return damages(t, x, false) }
			if all := check(); len(all) > 0 {
				t.Fatalf("before it is damaged: %+v", all)
			}
			d.Do(t)
			if found(check).Mended {
				t.Error("a check mends")
			}
			if mended := found(func() []store.Damage { t.Helper(); return damages(t, x, true) }).Mended; mended == d.Left {
				t.Errorf("that it is mended is %t", mended)
			}
			if d.Left {
				found(check)
				return
			}
			if all := check(); len(all) > 0 {
				t.Errorf("after it is mended: %+v", all)
			}
			if got := whole(t, x); got != before {
				t.Error("mended it is otherwise:", cmp.Diff(before, got))
			}
			if was, is := logOf(t, oracle), logOf(t, x); was != is {
				t.Error("the log is otherwise:", cmp.Diff(was, is))
			}
			for i, q := range s.mended() {
				compare(t, oracle, x, q, i)
			}
		})
	}
}

// repairsBesideWriters repairs a store while somebody writes what is damaged: what is written stays, and nothing is
// left.
func (s *suite) repairsBesideWriters(t *testing.T) {
	if len(s.Damages) == 0 {
		t.Skip("nothing is damaged")
	}
	first, second := repairable()
	_, x := s.filled(t, first)
	if err := Fill(t.Context(), x, second); err != nil {
		t.Fatal(err)
	}
	s.Damages[0].Do(t)
	link := first.Links[slices.IndexFunc(first.Links, func(l *kg.Link) bool { return l.ID == s.Damages[0].ID })]
	const writes = 20
	done := make(chan error, 1)
	go func() {
		for i := range writes {
			is := *link
			is.Role = fmt.Sprint("role ", i)
			if _, err := x.Write(t.Context(), store.Ahead{}, func(ctx context.Context, tx store.Tx) error {
				return tx.Put(ctx, &store.Batch{Links: []*kg.Link{&is}})
			}); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for range 3 {
		damages(t, x, true)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	sound(t, x)
	b, err := x.Records(t.Context(), []string{link.ID})
	if err != nil || len(b.Links) != 1 || b.Links[0].Role != fmt.Sprint("role ", writes-1) {
		t.Errorf("the link is %+v, %v", b, err)
	}
}

// sound reports what a check finds in a store in which nothing is damaged.
func sound(t *testing.T, x store.Store) {
	t.Helper()
	if all := damages(t, x, false); len(all) > 0 {
		t.Errorf("found is %+v", all)
	}
}

// damages checks a store, or repairs it.
func damages(t *testing.T, x store.Store, repair bool) (all []store.Damage) {
	t.Helper()
	work := x.Check
	if repair {
		work = x.Repair
	}
	if _, err := work(t.Context(), func(d store.Damage) error { all = append(all, d); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

// logOf returns the log of a store as a text, without the ids of its changes, and which changes touched each record.
func logOf(t *testing.T, x store.Store) string {
	t.Helper()
	var b strings.Builder
	if err := store.EachChange(t.Context(), x, func(c *kg.Change, items []kg.ChangeItem, made map[string]int64) error {
		is := *c
		is.ID = ""
		_, err := fmt.Fprintf(&b, "%+v %+v %v\n", is, items, made)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"ann", "bob", "cat", "club", "sea", "l_cat", "s_c"} {
		n, err := x.CountChanges(t.Context(), &store.ChangesQuery{Touching: []string{id}})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, id, n)
	}
	return b.String()
}

// mended are the questions that a store is asked once it was mended.
func (s *suite) mended() []*plan.Query {
	props := func(names ...string) *plan.Sel {
		sel := &plan.Sel{}
		for _, n := range names {
			sel.Props = append(sel.Props, s.Catalog.Prop(n))
		}
		return sel
	}
	return []*plan.Query{
		{Start: plan.Search, Search: text.NewSearch("annie oland"), Types: s.Catalog.Entities, Root: plan.Field{
			Page: plan.Paging{N: 100}, Want: plan.Want{Rows: true, Total: true}, Node: props("id", "name"),
		}},
		{Start: plan.Statistics},
		{Start: plan.Everything, Types: s.Catalog.Entities, Root: plan.Field{
			Page: plan.Paging{N: 100}, Want: plan.Want{Rows: true, Total: true}, Node: props("id", "name", "aliases"),
		}},
		{Start: plan.EveryLink, Root: plan.Field{
			Page: plan.Paging{N: 100}, Want: plan.Want{Rows: true, Total: true}, Link: props("id", "role", "sourceCount"), Node: props("id"),
		}},
	}
}
