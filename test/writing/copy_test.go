package writing_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/edit"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/history"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// TestACopySaysTheSame draws changes of a store in a file, copies it and copies the copy into a file again: each holds the
// same, has the same log, says the same of each record after each change, and goes on in the same way.
func TestACopySaysTheSame(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		both.Checks(t, 24, 480)
		rapid.Check(t, func(r *rapid.T) {
			first := filled(t, both.SQLite(cat)(t))
			d := &drawing{T: r, cat: cat, ids: []string{"ann", "club", "club2", "oslo", "begin", "s_article", "s_note", affiliated}}
			change := func(in ...store.Store) {
				m := d.mutation(t.Context(), in[0])
				for _, s := range in {
					out, err := edit.Apply(t.Context(), cat, s, m.edit, edit.About{By: "ann", Note: m.note})
					if err == nil && !slices.Contains(d.ids, out.ID) {
						d.ids = append(d.ids, out.ID)
					}
				}
			}
			for range rapid.IntRange(1, 12).Draw(r, "changes") {
				change(first)
			}
			if rapid.Bool().Draw(r, "imported") { // what was deleted may come back, by another import
				if err := storetest.Fill(t.Context(), first, begun()); err != nil {
					t.Fatal(err)
				}
				change(first)
			}
			upto := rapid.Int64Range(0, 15).Draw(r, "kept from")
			for range rapid.IntRange(0, 3).Draw(r, "compacted") {
				if _, err := first.Compact(t.Context(), upto, rapid.IntRange(1, 5).Draw(r, "at once")); err != nil {
					r.Fatal(err)
				}
			}
			second, third := open(t), both.SQLite(cat)(t)
			was := said(t, cat, first, d.ids)
			tried, err := exchange.Copy(t.Context(), first, second, true)
			if err != nil {
				r.Fatal(err)
			}
			if empty, err := second.Empty(t.Context()); !empty || err != nil {
				r.Fatal("a trial wrote something", err)
			}
			for _, way := range [][2]store.Store{{first, second}, {second, third}} {
				done, err := exchange.Copy(t.Context(), way[0], way[1], false)
				if err != nil {
					r.Fatal(err)
				}
				if *done != *tried {
					r.Fatalf("%+v, and %+v was tried", done, tried)
				}
				if diff := cmp.Diff(was, said(t, cat, way[1], d.ids)); diff != "" {
					r.Fatalf("the copy from %s to %s says another thing: %s", way[0].Kind(), way[1].Kind(), diff)
				}
				if _, err := exchange.Copy(t.Context(), first, way[1], false); kg.CodeOf(err) != kg.Conflict {
					r.Fatal("over what is there:", err)
				}
			}
			if _, err := third.Check(t.Context(), func(d store.Damage) error { return fmt.Errorf("%+v", d) }); err != nil {
				r.Fatal(err)
			}
			change(first, second, third)
			for _, s := range []store.Store{second, third} {
				if a, b := both.Log(t, first), both.Log(t, s); a != b {
					r.Fatalf("%s goes on otherwise: %s", s.Kind(), cmp.Diff(a, b))
				}
			}
		})
	})
}

// meanwhile is a store that something happens to before a load of it begins, or before its records are read.
type meanwhile struct {
	store.Store
	load, records func()
}

func (m *meanwhile) Load(ctx context.Context) (store.Load, error) {
	m.load()
	return m.Store.Load(ctx)
}

func (m *meanwhile) Records(ctx context.Context, ids []string) (*store.Batch, error) {
	m.records()
	return m.Store.Records(ctx, ids)
}

// cutOff is a store that says of each second change that it is an import which has not ended.
type cutOff struct{ store.Store }

func (c cutOff) Changes(ctx context.Context, q *store.ChangesQuery) ([]kg.Change, error) {
	list, err := c.Store.Changes(ctx, q)
	for i := range list {
		list[i].Open = list[i].Seq%2 == 0
	}
	return list, err
}

// TestACopySaysWhatHasNotEnded copies a log with imports that were cut off, and the copy again.
func TestACopySaysWhatHasNotEnded(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		first := filled(t, both.SQLite(cat)(t))
		for _, id := range []string{"eve", "bob"} {
			if err := storetest.Fill(t.Context(), first, &store.Batch{Nodes: []*kg.Node{{ID: id, Type: "PERSON", Name: id}}}); err != nil {
				t.Fatal(err)
			}
		}
		from, second, third := cutOff{first}, open(t), both.SQLite(cat)(t)
		was := said(t, cat, from, []string{"eve"})
		if !strings.Contains(was, "Open:true") || !strings.Contains(was, "Open:false") {
			t.Fatal(was)
		}
		for _, way := range [][2]store.Store{{from, second}, {second, third}} {
			if _, err := exchange.Copy(t.Context(), way[0], way[1], false); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(was, said(t, cat, way[1], []string{"eve"})); diff != "" {
				t.Errorf("the copy from %s to %s says another thing: %s", way[0].Kind(), way[1].Kind(), diff)
			}
		}
		if _, err := third.Check(t.Context(), func(d store.Damage) error { return fmt.Errorf("%+v", d) }); err != nil {
			t.Fatal(err)
		}
	})
}

// TestACopyAndWhatIsWrittenMeanwhile: two into one store at once, and a store that is written to while it is copied.
func TestACopyAndWhatIsWrittenMeanwhile(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		first, second := filled(t, both.SQLite(cat)(t)), open(t)
		_, err := exchange.Copy(t.Context(), first, &meanwhile{second, func() {
			if _, err := exchange.Copy(t.Context(), first, second, false); err != nil {
				t.Error(err)
			}
		}, nil}, false)
		var own *kg.Error
		if !errors.As(err, &own) || own.Code != kg.Conflict || !strings.Contains(own.Message, "copy into a store that holds nothing") {
			t.Errorf("the second of two at once: %v", err)
		}
		if diff := cmp.Diff(export(t, cat, first), export(t, cat, second)); diff != "" {
			t.Error(diff)
		}

		third := open(t)
		_, err = exchange.Copy(t.Context(), &meanwhile{first, nil, func() {
			if err := storetest.Fill(t.Context(), first, &store.Batch{Nodes: []*kg.Node{{ID: "eve", Type: "PERSON", Name: "Eve"}}}); err != nil {
				t.Error(err)
			}
		}}, third, false)
		want := "delete the copy, and copy again while nobody writes"
		if third.Atomic() {
			want = "nothing was copied; copy again while nobody writes"
		}
		if !errors.As(err, &own) || own.Code != kg.Conflict || !strings.HasSuffix(own.Message, want) {
			t.Errorf("a store that is written to: %v", err)
		}
		if empty, err := third.Empty(t.Context()); err != nil || third.Atomic() && !empty {
			t.Errorf("something was copied, %v", err)
		}
	})
}

// said is all that a store says: its export, its log, and each record and the links at it after each change.
func said(t *testing.T, cat *catalog.Catalog, s store.Store, ids []string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(export(t, cat, s))
	changes, err := s.Changes(t.Context(), &store.ChangesQuery{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := s.Kept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "%+v %+v\n%s", kept, changes, both.Log(t, s))
	for seq := kept.First - 1; seq < kept.First+int64(len(changes)); seq++ {
		for _, id := range ids {
			was, err := history.Recorded(t.Context(), cat, s, id, seq, kg.TimeOf(both.Clock()))
			if err != nil {
				t.Fatal(err)
			}
			lines, err := was.Lines(t.Context(), was.Links)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%d %s: %s %s %v\n", seq, id, was.Kind, was.Record, lines)
		}
	}
	return b.String()
}
