package edit_test

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/edit"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// ticking returns a store whose clock goes on with each change.
func ticking(t *testing.T, cat *catalog.Catalog) store.Store {
	t.Helper()
	now := storetest.Clock()
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Catalog: cat, Now: func() time.Time {
		now = now.Add(time.Second)
		return now
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

var updatedAt = regexp.MustCompile(`"updatedAt":"[^"]*"`)

// TestChangesAreTakenBack draws edits and takes them back: from the last to the first, and all is byte for byte as it
// was; or in any order that is allowed, and all is as it was but for the times of the last change.
func TestChangesAreTakenBack(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		both.Checks(t, 48, 480)
		rapid.Check(t, func(r *rapid.T) {
			s := open(t)
			if s.Kind() == "sqlite" {
				s = ticking(t, cat)
			}
			before := export(t, cat, filled(t, s))
			d := &drawing{T: r, ids: []string{"ann", "club", "oslo", "begin", "s_article", "s_note", begun().Links[0].ID}}
			var made []kg.Change
			for range rapid.IntRange(1, 25).Draw(r, "edits") {
				out, err := edit.Apply(t.Context(), cat, s, d.edit(), edit.About{})
				if err != nil || out.Change == nil {
					continue
				}
				if made = append(made, *out.Change); !slices.Contains(d.ids, out.ID) {
					d.ids = append(d.ids, out.ID)
				}
				d.keep(t.Context(), s)
			}
			inOrder := rapid.Bool().Draw(r, "in order")
			for len(made) > 0 {
				i := len(made) - 1
				if !inOrder {
					i = rapid.IntRange(0, i).Draw(r, "taken back")
				}
				err := revert(t, cat, s, made[i])
				var p *edit.UserError
				switch {
				case err == nil:
					made = slices.Delete(made, i, i+1)
				case i == len(made)-1 && inOrder:
					r.Fatalf("the last change is not taken back: %v", err)
				case !errors.As(err, &p):
					r.Fatal(err)
				default: // the last that is left is free
					if err := revert(t, cat, s, made[len(made)-1]); err != nil {
						r.Fatalf("the last change that is left is not taken back: %v", err)
					}
					made = made[:len(made)-1]
				}
			}
			after := export(t, cat, s)
			if !inOrder {
				before, after = updatedAt.ReplaceAllString(before, ""), updatedAt.ReplaceAllString(after, "")
			}
			if before != after {
				r.Fatalf("it is otherwise (in order %v): %s", inOrder, cmp.Diff(before, after))
			}
		})
	})
}

func revert(t *testing.T, cat *catalog.Catalog, s store.Store, c kg.Change) error {
	t.Helper()
	_, err := edit.Apply(t.Context(), cat, s, &edit.Revert{Log: s, Change: c}, edit.About{})
	return err
}

// TestALaterChangeIsInTheWay of one that is taken back only where it touched the same fields, and is named.
func TestALaterChangeIsInTheWay(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := filled(t, open(t))
		do := func(e edit.Edit) kg.Change {
			t.Helper()
			out, err := edit.Apply(t.Context(), cat, s, e, edit.About{})
			if err != nil || out.Change == nil {
				t.Fatal(out, err)
			}
			return *out.Change
		}
		blocked := func(c kg.Change, why string, by ...int64) {
			t.Helper()
			before := export(t, cat, s)
			var p *edit.UserError
			if err := revert(t, cat, s, c); !errors.As(err, &p) || p.Code != edit.BlockedByLater {
				t.Fatalf("change %d is taken back: %v", c.Seq, err)
			}
			if !strings.Contains(p.Message, why) {
				t.Errorf("change %d: %s does not say %s", c.Seq, p.Message, why)
			}
			var got []int64
			for _, c := range p.Changes {
				got = append(got, c.Seq)
			}
			if !slices.Equal(got, by) {
				t.Errorf("change %d is blocked by %v, want %v", c.Seq, got, by)
			}
			if after := export(t, cat, s); after != before {
				t.Error("something was written")
			}
		}
		free := func(c kg.Change) kg.Change {
			t.Helper()
			return do(&edit.Revert{Log: s, Change: c})
		}
		first := do(&edit.Update{ID: "ann", Set: map[string]any{"born": "1971", "description": "One."}})
		second := do(&edit.Update{ID: "ann", Set: map[string]any{"born": "1972"}})
		third := do(&edit.Update{ID: "ann", Set: map[string]any{"died": "2020"}})
		blocked(first, "born of ann was changed since", third.Seq, second.Seq)
		back := free(second)
		if back.Action != kg.Reverted || back.Reverts != second.ID || back.Changed != 1 {
			t.Errorf("%+v", back)
		}
		free(first) // its fields are as it left them again
		found, err := s.Records(t.Context(), []string{"ann"})
		if err != nil || found.Nodes[0].Props["born"] != "1970" || found.Nodes[0].Props["died"] != "2020" || found.Nodes[0].Description != "" {
			t.Errorf("%+v, %v", found.Nodes[0], err)
		}
		made := do(&edit.Create{Type: "PLACE", Fields: map[string]any{"name": "Bergen"}})
		link := do(&edit.CreateLink{
			Kind: "LOCATED_IN", From: "club", To: "bergen",
			Evidence: []edit.Evidence{{Source: "s_note", Excerpt: "in Bergen"}},
		})
		blocked(made, "a link hangs on bergen by now", link.Seq)
		gone := do(&edit.Delete{ID: "bergen", Cascade: true})
		source := do(&edit.Delete{ID: "s_note"})
		blocked(gone, "s_note, which a link of it needs, is gone", source.Seq) // its link would rest on nothing
		free(source)
		again := free(gone)
		if again.Created != 2 {
			t.Errorf("%+v", again)
		}
		free(again) // what was taken back is taken back
		// what an import created is not in the log
		changes, err := s.Changes(t.Context(), &store.ChangesQuery{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		var p *edit.UserError
		if err := revert(t, cat, s, changes[len(changes)-1]); !errors.As(err, &p) || !strings.Contains(p.Message, "the log does not list") {
			t.Errorf("an import is taken back: %v", err)
		}
	})
}
