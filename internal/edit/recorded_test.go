package edit_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/edit"
	"github.com/throughline/throughline/internal/history"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// kept is all that a store held after a change: the lines of records, and the ids of the links at entities.
type kept struct {
	kg.Change
	lines map[string]string
	links map[string][]string
}

// keepAll takes down what a store holds, after its last change.
func keepAll(t *testing.T, cat *catalog.Catalog, s store.Store) *kept {
	t.Helper()
	last, err := s.Changes(t.Context(), &store.ChangesQuery{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	k := &kept{Change: last[0], lines: map[string]string{}, links: map[string][]string{}}
	take := func(x any) {
		i := store.Log(cat, nil, x)
		k.lines[i.ID] = i.After
		for _, end := range slices.Compact([]string{i.A, i.B}) {
			if end != "" {
				k.links[end] = append(k.links[end], i.ID)
			}
		}
	}
	for _, err := range []error{
		s.Sources(t.Context(), func(x *kg.Source) error { take(x); return nil }),
		s.Nodes(t.Context(), func(x *kg.Node) error { take(x); return nil }),
		s.Links(t.Context(), func(x *kg.Link) error { take(x); return nil }),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return k
}

// TestWhatWasRecorded draws edits, imports, and changes that are taken back, keeps what there was after each, and holds
// what the log says of that time against it.
func TestWhatWasRecorded(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		both.Checks(t, 48, 480)
		rapid.Check(t, func(r *rapid.T) {
			s := open(t)
			if s.Kind() == "sqlite" {
				s = ticking(t, cat)
			}
			filled(t, s)
			all := []*kept{keepAll(t, cat, s)}
			d := &drawing{T: r, ids: []string{"ann", "club", "oslo", "begin", "s_article", "s_note", begun().Links[0].ID}}
			imported := func(id string) {
				link := &kg.Link{
					Kind: "LOCATED_IN", From: id, To: id + "-2",
					Evidence: []kg.Evidence{{Source: "s_article", Excerpt: "The Club is in Oslo", Stance: kg.Supports}},
				}
				link.ID = kg.LinkID(link.Kind, link.From, link.To, "", "", "")
				b := &store.Batch{
					Sources: []*kg.Source{{ID: "s_article", Kind: "ARTICLE", Title: "The club", Text: article}},
					Nodes:   []*kg.Node{{ID: id, Type: "PLACE", Name: id}, {ID: id + "-2", Type: "PLACE", Name: id}}, Links: []*kg.Link{link},
				}
				if err := storetest.Fill(t.Context(), s, b); err != nil {
					r.Fatal(err)
				}
				d.ids = append(d.ids, id, id+"-2", link.ID)
				all = append(all, keepAll(t, cat, s))
			}
			var made []kg.Change
			for i := range rapid.IntRange(1, 15).Draw(r, "changes") {
				e := d.edit()
				switch n := rapid.IntRange(-1, 9).Draw(r, "what"); {
				case n < 0:
					all = forget(t, r, s, all)
					continue
				case n == 0:
					imported(fmt.Sprintf("late-%d", i))
					continue
				case n < 4 && len(made) > 0:
					e = &edit.Revert{Log: s, Change: made[rapid.IntRange(0, len(made)-1).Draw(r, "reverted")]}
				case n < 6:
					e = &edit.Delete{ID: d.id(), Cascade: true}
				}
				out, err := edit.Apply(t.Context(), cat, s, e, edit.About{})
				if err != nil || out.Change == nil {
					continue
				}
				if made = append(made, *out.Change); !slices.Contains(d.ids, out.ID) {
					d.ids = append(d.ids, out.ID)
				}
				d.keep(t.Context(), s)
				all = append(all, keepAll(t, cat, s))
			}
			imported("last")
			ids := map[string]bool{"nobody": true}
			for _, k := range all {
				for id := range k.lines {
					ids[id] = true
				}
			}
			sorted := slices.Sorted(maps.Keys(ids))
			for seq := range all[0].Seq {
				_, err := history.Recorded(t.Context(), cat, s, rapid.SampledFrom(sorted).Draw(r, "forgotten"), seq, kg.TimeOf(both.Clock()))
				if kg.CodeOf(err) != kg.NotKept && all[0].Seq > 1 {
					r.Fatalf("what was after change %d, where what was after %d is kept: %v", seq, all[0].Seq, err)
				}
			}
			for _, k := range all {
				for _, id := range sorted {
					if rapid.IntRange(0, 3).Draw(r, "asked") == 0 {
						asRecorded(t, r, cat, s, k, id)
					}
				}
			}
		})
	})
}

// forget compacts the log up to one of the changes after which it was kept what there was, maybe not to the end, and returns
// those after which it is known what there was.
func forget(t *testing.T, r *rapid.T, s store.Store, all []*kept) []*kept {
	t.Helper()
	upto := all[rapid.IntRange(0, len(all)-1).Draw(r, "kept from")].Seq
	was, err := s.Kept(t.Context())
	if err != nil {
		r.Fatal(err)
	}
	for range rapid.IntRange(1, 4).Draw(r, "steps") {
		if _, err := s.Compact(t.Context(), upto, rapid.IntRange(1, 5).Draw(r, "at once")); err != nil {
			r.Fatal(err)
		}
	}
	k, err := s.Kept(t.Context())
	if err != nil || k.First > max(upto, was.First) {
		r.Fatalf("up to %d: %+v, %v", upto, k, err)
	}
	if _, err := s.Check(t.Context(), func(d store.Damage) error { return fmt.Errorf("%+v", d) }); err != nil {
		r.Fatal(err)
	}
	return slices.DeleteFunc(all, func(x *kept) bool { return x.Seq < k.First-1 })
}

// asRecorded holds what the log says of a record after a change against what there was.
func asRecorded(t *testing.T, r *rapid.T, cat *catalog.Catalog, s store.Store, k *kept, id string) {
	t.Helper()
	got, err := history.Recorded(t.Context(), cat, s, id, k.Seq, k.At)
	if err != nil {
		r.Fatal(err)
	}
	if got.Record != k.lines[id] || (got.Kind == "") != (got.Record == "") {
		r.Fatalf("%s after change %d was %s %q, want %q", id, k.Seq, got.Kind, got.Record, k.lines[id])
	}
	if d := cmp.Diff(k.links[id], got.Links); d != "" {
		r.Fatalf("the links at %s after change %d: %s", id, k.Seq, d)
	}
	lines, err := got.Lines(t.Context(), got.Links)
	if err != nil {
		r.Fatal(err)
	}
	for _, link := range got.Links {
		if lines[link] != k.lines[link] {
			r.Fatalf("the link %s after change %d was %q, want %q", link, k.Seq, lines[link], k.lines[link])
		}
	}
}
