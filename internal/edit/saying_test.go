package edit_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/internal/edit"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// TestALinkIsMetUnderAnyID: a new link that says what a stored one says adds its evidence to that, whatever the id of the
// stored one is.
func TestALinkIsMetUnderAnyID(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		b := twoBergs()
		b.Links = append(b.Links, &kg.Link{
			ID: "l_denied", Kind: "AFFILIATED_WITH", From: "ann", To: "the-club", Since: "1990",
			Evidence: []kg.Evidence{{Source: "s_article", Excerpt: "Ann Berg", Stance: kg.Refutes}},
		})
		if err := storetest.Fill(t.Context(), s, b); err != nil {
			t.Fatal(err)
		}
		try := func(e edit.Edit) (edit.Outcome, error) {
			t.Helper()
			return edit.Apply(t.Context(), cat, s, e, edit.About{})
		}
		do := func(e edit.Edit) edit.Outcome {
			t.Helper()
			out, err := try(e)
			if err != nil {
				t.Fatalf("%+v: %v", e, err)
			}
			return out
		}
		refused := func(e edit.Edit, code edit.Code, says string) {
			t.Helper()
			var p *edit.UserError
			if _, err := try(e); !errors.As(err, &p) || p.Code != code || !strings.Contains(p.Message, says) {
				t.Errorf("%+v: %v, want %s: %s", e, err, code, says)
			}
		}
		links := func() (lines []string) {
			t.Helper()
			if err := s.Links(t.Context(), func(l *kg.Link) error {
				lines = append(lines, fmt.Sprintf("%s %s %s %s %s %s %d", l.ID, l.Kind, l.From, l.To, l.Role, l.Since, len(l.Evidence)))
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			return lines
		}
		made := func(from, to, role, since string, words ...string) *edit.CreateLink {
			c := &edit.CreateLink{Kind: "AFFILIATED_WITH", From: from, To: to, Role: role, Since: since}
			for _, w := range words {
				c.Evidence = append(c.Evidence, edit.Evidence{Source: "s_article", Excerpt: w})
			}
			return c
		}
		// by another id
		n := len(links())
		if out := do(made("ann", "club", "chair", "", "the Club since 1998")); out.ID != "l_same" {
			t.Errorf("it is %s", out.ID)
		}
		if out := do(made("ann", "the-club", "", "1990", "the Club since 1998")); out.ID != "l_denied" {
			t.Errorf("what is denied is %s", out.ID)
		}
		// corrected
		first := do(made("ann", "club", "head", "1998", "Ann Berg has led the Club")).ID
		do(&edit.Update{ID: first, Set: map[string]any{"since": "1997"}})
		if out := do(made("ann", "club", "head", "1997", "the Club since 1998")); out.ID != first {
			t.Errorf("it is %s, want %s", out.ID, first)
		}
		refused(made("ann", "club", "head", "1998", "Ann Berg"), edit.AlreadyExists, first+" was made like this")
		do(&edit.Create{Type: "PERSON", Fields: map[string]any{"id": "annie", "name": "Annie"}})
		// in the transaction that has made it so, and by a former id
		out := do(&edit.Several{Steps: []edit.Step{
			{Edit: made("ann", "the-club", "guest", "", "Ann Berg")},
			{Edit: &edit.Merge{Survivor: "ann", Absorbed: []string{"annie"}}},
			{Edit: made("annie", "club", "head", "1997", "Ann Berg said")},
		}})
		if out.ID != first {
			t.Errorf("it is %s, want %s", out.ID, first)
		}
		all := links()
		if len(all) != n+2 {
			t.Errorf("there are\n%s", strings.Join(all, "\n"))
		}
		if want := first + " AFFILIATED_WITH ann club head 1997 3"; !slices.Contains(all, want) {
			t.Errorf("there are\n%s\nand not %s", strings.Join(all, "\n"), want)
		}
		// a link is not made to say what another says
		refused(&edit.Update{ID: first, Set: map[string]any{"role": "chair", "since": nil}}, edit.AlreadyExists, "The link l_same says that already")
		do(&edit.Update{ID: "l_same", Set: map[string]any{"role": "member"}})
		do(&edit.Update{ID: first, Set: map[string]any{"role": "chair", "since": nil}})
		refused(&edit.Update{ID: "l_same", Set: map[string]any{"role": "chair"}}, edit.AlreadyExists, "The link "+first+" says that already")
		do(&edit.Update{ID: first, Set: map[string]any{"since": "1999"}})
		plain := do(made("ann", "club", "chair", "", "Ann Berg")).ID
		refused(&edit.Update{ID: "l_same", Set: map[string]any{"role": "chair"}}, edit.AlreadyExists, "The link "+plain+" says that already")
		// nor by an undo
		gone := do(&edit.Delete{ID: "l_same"}).Change
		now := do(made("ann", "club", "member", "", "Ann Berg")).ID
		refused(&edit.Revert{Log: s, Change: *gone}, edit.BlockedByLater, "the link "+now+" says by now what l_same said")
		do(&edit.Delete{ID: now})
		do(&edit.Revert{Log: s, Change: *gone})
		if all := links(); !slices.ContainsFunc(all, func(l string) bool { return strings.HasPrefix(l, "l_same ") }) {
			t.Errorf("there are\n%s", strings.Join(all, "\n"))
		}
	})
}

// TestAnImportMeetsALinkUnderAnyID: a line without an id is of the link that says the same.
func TestAnImportMeetsALinkUnderAnyID(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		if err := storetest.Fill(t.Context(), s, twoBergs()); err != nil {
			t.Fatal(err)
		}
		const lines = `{"link":"AFFILIATED_WITH","from":"ann","to":"club","role":"chair","evidence":[{"source":"s_article","excerpt":"the Club since 1998"}]}
{"link":"AFFILIATED_WITH","from":"ann","to":"the-club","role":"chair","evidence":[{"source":"s_article","excerpt":"the Club since 1998"}]}
`
		named := strings.Replace(lines, `"from":"ann","to":"club"`, `"id":"l_same","from":"ann","to":"club"`, 1)
		for i, o := range []exchange.Options{{DryRun: true}, {}, {}, {Replace: true}} {
			r, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("a.jsonl", []byte(lines))}, o)
			if err != nil || len(r.Warnings) > 0 {
				t.Fatalf("import %d: %v %q", i, err, r.Warnings)
			}
			want := []int{1, 2, 2, 1}[i]
			found, err := s.Records(t.Context(), []string{"l_same", kg.LinkID("AFFILIATED_WITH", "ann", "club", "chair", "", "")})
			if err != nil || len(found.Links) != 1 || len(found.Links[0].Evidence) != want {
				t.Errorf("import %d: %+v, %v", i, found.Links, err)
			}
		}
		if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{
			exchange.FromBytes("a.jsonl", []byte(lines)), exchange.FromBytes("b.jsonl", []byte(named)),
		}, exchange.Options{}); err != nil {
			t.Error(err)
		}
		// what goes is not met
		if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("a.jsonl", []byte(`{"delete":"l_same"}
`+lines))}, exchange.Options{}); err != nil {
			t.Error(err)
		}
		if got, err := s.Types(t.Context(), []string{"l_same", kg.LinkID("AFFILIATED_WITH", "ann", "club", "chair", "", "")}); err != nil || len(got) != 1 || got["l_same"] != "" {
			t.Errorf("there are %v, %v", got, err)
		}
	})
}
