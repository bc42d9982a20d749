package edit_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/internal/edit"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// twoBergs is the small graph in which Ann Berg is there twice, and the club too.
func twoBergs() *store.Batch {
	b := begun()
	words := func(excerpts ...string) (out []kg.Evidence) {
		for _, e := range excerpts {
			out = append(out, kg.Evidence{Source: "s_article", Excerpt: e, Stance: kg.Supports})
		}
		return out
	}
	b.Nodes = append(b.Nodes,
		&kg.Node{
			ID: "berg", Type: "PERSON", Name: "Berg", Aliases: []string{"A. Berg", "Ann Berg"}, Description: "Leads the Club.",
			ExternalIDs: []kg.ExternalID{{Scheme: "wikidata", Value: "Q1"}}, FormerIDs: []string{"a-berg"}, Props: map[string]any{"born": "1971", "died": "2020"},
		},
		&kg.Node{ID: "the-club", Type: "INSTITUTION", Name: "The Club"},
		&kg.Node{ID: "late", Type: "PERSON", Name: "Late", Props: map[string]any{"died": "1900"}},
	)
	link := func(id, kind, from, to, role string, e []kg.Evidence) {
		if id == "" {
			id = kg.LinkID(kind, from, to, role, "", "")
		}
		b.Links = append(b.Links, &kg.Link{ID: id, Kind: kind, From: from, To: to, Role: role, Evidence: e})
	}
	link("", "AFFILIATED_WITH", "berg", "club", "", words("the Club since 1998", "Ann Berg has led the Club"))
	link("", "AFFILIATED_WITH", "berg", "the-club", "", words("The Club is in Oslo"))
	link("l_own", "AFFILIATED_WITH", "berg", "club", "head", words("Ann Berg said"))
	link("l_same", "AFFILIATED_WITH", "ann", "club", "chair", words("Ann Berg said"))
	link("l_other", "AFFILIATED_WITH", "berg", "club", "chair", words("Ann Berg"))
	link("l_loop", "PART_OF", "the-club", "club", "", words("The Club is in Oslo"))
	link("", "SAID", "berg", "begin", "", words("We begin"))
	return b
}

// TestMerge makes one of two, whose ids both mean it then, and takes it back.
func TestMerge(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		if err := storetest.Fill(t.Context(), s, twoBergs()); err != nil {
			t.Fatal(err)
		}
		before := export(t, cat, s)
		do := func(e edit.Edit) edit.Outcome {
			t.Helper()
			out, err := edit.Apply(t.Context(), cat, s, e, edit.About{})
			if err != nil {
				t.Fatalf("%+v: %v", e, err)
			}
			return out
		}
		refused := func(e edit.Edit, code edit.Code, path, says string) {
			t.Helper()
			was := export(t, cat, s)
			var p *edit.UserError
			_, err := edit.Apply(t.Context(), cat, s, e, edit.About{})
			if !errors.As(err, &p) || p.Code != code || strings.Join(p.Path, " ") != path || !strings.Contains(p.Message, says) {
				t.Errorf("%+v: %v (%+v), want %s at %s: %s", e, err, p, code, path, says)
			}
			if now := export(t, cat, s); now != was {
				t.Errorf("%+v has written: %s", e, cmp.Diff(was, now))
			}
		}
		refused(&edit.Merge{Survivor: "ann"}, edit.InvalidValue, "absorbed", "Name at least one")
		refused(&edit.Merge{Survivor: "ann", Absorbed: make([]string, 101)}, edit.InvalidValue, "absorbed", "at most 100")
		refused(&edit.Merge{Survivor: "ann", Absorbed: []string{"ann"}}, edit.InvalidValue, "absorbed 0", "ann cannot be merged into itself")
		refused(&edit.Merge{Survivor: "ann", Absorbed: []string{"berg", "club"}}, edit.InvalidValue, "absorbed 1", "only entities of one type")
		refused(&edit.Merge{Survivor: "ann", Absorbed: []string{"nobody"}}, edit.NotFound, "absorbed 0", "There is no record nobody")
		refused(&edit.Merge{Survivor: "s_note", Absorbed: []string{"s_article"}}, edit.NotFound, "survivor", "s_note is no entity")
		refused(&edit.Merge{Survivor: "l_own", Absorbed: []string{"ann"}}, edit.NotFound, "survivor", "l_own is no entity")
		refused(&edit.Merge{Survivor: "late", Absorbed: []string{"berg"}}, edit.InvalidDateRange, "born", "born after died")
		refused(&edit.Merge{Survivor: "ann", Absorbed: []string{"berg"}, IfVersion: "old"}, edit.StaleWrite, "ifVersion", "ann was changed since")

		clubs := do(&edit.Merge{Survivor: "club", Absorbed: []string{"the-club"}})
		merged := do(&edit.Merge{Survivor: "ann", Absorbed: []string{"a-berg", "berg"}})
		if c := merged.Change; merged.ID != "ann" || c.Action != kg.Merged {
			t.Errorf("%+v", merged)
		}
		if again := do(&edit.Merge{Survivor: "berg", Absorbed: []string{"a-berg"}}); again.Change != nil || again.ID != "ann" {
			t.Errorf("merged again: %+v", again)
		}
		found, err := s.Records(t.Context(), []string{"ann", "club", "berg", "the-club"})
		if err != nil {
			t.Fatal(err)
		}
		want := &kg.Node{
			ID: "ann", Type: "PERSON", Name: "Ann Berg", Aliases: []string{"A. Berg", "Berg"}, Description: "Leads the Club.",
			ExternalIDs: []kg.ExternalID{{Scheme: "wikidata", Value: "Q1"}}, FormerIDs: []string{"berg", "a-berg"},
			Props: map[string]any{"born": "1970", "died": "2020"},
		}
		if len(found.Nodes) != 2 || !kg.SameNode(found.Nodes[0], want) || !slices.Equal(found.Nodes[1].FormerIDs, []string{"the-club"}) {
			t.Errorf("they are %+v", found.Nodes)
		}
		var links []string
		if err := s.Links(t.Context(), func(l *kg.Link) error {
			line := l.ID + " " + l.From + " " + l.Kind + " " + l.To + " " + l.Role
			for _, e := range l.Evidence {
				line += " | " + e.Excerpt
			}
			links = append(links, line)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		wanted := []string{
			begun().Links[0].ID + " ann AFFILIATED_WITH club  | Ann Berg has led the Club | The Club is in Oslo | the Club since 1998",
			kg.LinkID("SAID", "ann", "begin", "", "", "") + " ann SAID begin  | We begin",
			"l_own ann AFFILIATED_WITH club head | Ann Berg said",
			"l_same ann AFFILIATED_WITH club chair | Ann Berg said | Ann Berg",
		}
		slices.Sort(links)
		slices.Sort(wanted)
		for i, l := range links { // which of two links comes first depends on their digests
			if strings.HasPrefix(l, begun().Links[0].ID) {
				parts := strings.Split(l, " | ")
				slices.Sort(parts[2:])
				links[i] = strings.Join(parts, " | ")
			}
		}
		if d := cmp.Diff(wanted, links); d != "" {
			t.Error(d)
		}
		// what was there before is imported again
		one := export(t, cat, s)
		r, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("before.jsonl", []byte(before))}, exchange.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(one, export(t, cat, s)); d != "" {
			t.Errorf("imported again (%+v): %s", r.Warnings, d)
		}
		// the old ids mean it
		words := []edit.Evidence{{Source: "s_article", Excerpt: "Ann Berg"}}
		refused(&edit.Create{Type: "PERSON", Fields: map[string]any{"name": "Berg"}}, edit.AlreadyExists, "id", "berg was merged into ann")
		refused(&edit.Create{Type: "PERSON", Fields: map[string]any{"name": "X", "formerIds": []string{"x"}}}, edit.InvalidValue, "formerIds", "when others are merged into it")
		refused(&edit.Update{ID: "ann", Set: map[string]any{"formerIds": nil}}, edit.InvalidValue, "formerIds", "cannot be changed")
		refused(&edit.Update{ID: "ann", Remove: map[string]any{"formerIds": []string{"berg"}}}, edit.InvalidValue, "formerIds", "is no list")
		refused(&edit.Delete{ID: "berg"}, edit.NotFound, "id", "berg was merged into ann: delete that one")
		if out := do(&edit.Update{ID: "berg", Set: map[string]any{"description": "Led it."}}); out.ID != "ann" {
			t.Errorf("changed under its old id: %+v", out)
		}
		joined := do(&edit.CreateLink{Kind: "AFFILIATED_WITH", From: "a-berg", To: "the-club", Role: "member", Evidence: words})
		if id := kg.LinkID("AFFILIATED_WITH", "ann", "club", "member", "", ""); joined.ID != id {
			t.Errorf("a link under old ids: %+v", joined)
		}
		// what was done since is in the way, field by field
		refused(&edit.Revert{Log: s, Change: *merged.Change}, edit.BlockedByLater, "change", "description of ann was changed since")
		do(&edit.Update{ID: "ann", Set: map[string]any{"description": "Leads the Club."}})
		do(&edit.Revert{Log: s, Change: *merged.Change})
		do(&edit.Revert{Log: s, Change: *joined.Change})
		refused(&edit.Delete{ID: "a-berg"}, edit.NotFound, "id", "a-berg was merged into berg")
		do(&edit.Revert{Log: s, Change: *clubs.Change})
		untimed := func(s string) string { return updatedAt.ReplaceAllString(s, "") }
		if d := cmp.Diff(untimed(before), untimed(export(t, cat, s))); d != "" {
			t.Errorf("taken back, it is otherwise: %s", d)
		}
	})
}

// TestAnIDIsOfOneEntity refuses to bring back an entity with a former id that another has by now, and the other way
// round.
func TestAnIDIsOfOneEntity(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		if err := storetest.Fill(t.Context(), s, twoBergs()); err != nil {
			t.Fatal(err)
		}
		do := func(e edit.Edit) kg.Change {
			t.Helper()
			out, err := edit.Apply(t.Context(), cat, s, e, edit.About{})
			if err != nil || out.Change == nil {
				t.Fatalf("%+v: %+v, %v", e, out, err)
			}
			return *out.Change
		}
		blocked := func(c kg.Change, says string) {
			t.Helper()
			var p *edit.UserError
			if err := revert(t, cat, s, c); !errors.As(err, &p) || p.Code != edit.BlockedByLater || !strings.Contains(p.Message, says) {
				t.Errorf("change %d is taken back: %v, want %s", c.Seq, err, says)
			}
		}
		do(&edit.Create{Type: "PERSON", Fields: map[string]any{"name": "Eve"}})
		merged := do(&edit.Merge{Survivor: "eve", Absorbed: []string{"ann"}})
		gone := do(&edit.Delete{ID: "eve", Cascade: true})
		made := do(&edit.Create{Type: "PERSON", Fields: map[string]any{"name": "Ann"}})
		blocked(gone, "ann is an entity of its own by now")
		blocked(merged, "ann was made or deleted since")
		into := do(&edit.Merge{Survivor: "berg", Absorbed: []string{"ann"}})
		blocked(gone, "ann was merged into berg since")
		do(&edit.Revert{Log: s, Change: into})
		do(&edit.Revert{Log: s, Change: made})
		do(&edit.Revert{Log: s, Change: gone})
		do(&edit.Revert{Log: s, Change: merged})
	})
}
