package edit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/edit"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
	"github.com/throughline/throughline/internal/text"
)

const article = "Ann Berg has led the Club since 1998. “We begin,” Ann Berg said. The Club is in Oslo. The Club is in Oslo, they say."

// begun is a small graph with a text.
func begun() *store.Batch {
	return &store.Batch{
		Sources: []*kg.Source{
			{ID: "s_article", Kind: "ARTICLE", Title: "The club", Text: article},
			{ID: "s_note", Kind: "ARTICLE", Title: "A note"},
		},
		Nodes: []*kg.Node{
			{ID: "ann", Type: "PERSON", Name: "Ann Berg", Aliases: []string{"A. Berg"}, Props: map[string]any{"born": "1970"}},
			{ID: "club", Type: "INSTITUTION", Name: "Club"},
			{ID: "oslo", Type: "PLACE", Name: "Oslo"},
			{ID: "begin", Type: "QUOTE", Name: "We begin", Props: map[string]any{"text": "We begin"}},
		},
		Links: []*kg.Link{{
			ID: kg.LinkID("AFFILIATED_WITH", "ann", "club", "", "", ""), Kind: "AFFILIATED_WITH", From: "ann", To: "club",
			Evidence: []kg.Evidence{{Source: "s_article", Excerpt: "Ann Berg has led the Club", Stance: kg.Supports}},
		}},
	}
}

func filled(t *testing.T, s store.Store) store.Store {
	t.Helper()
	if err := storetest.Fill(t.Context(), s, begun()); err != nil {
		t.Fatal(err)
	}
	return s
}

func n(i int) *int { return &i }

// TestWhatIsWrongIsToldAndWritesNothing has an edit of each kind refused.
func TestWhatIsWrongIsToldAndWritesNothing(t *testing.T) {
	cat := both.Catalog(t)
	link := kg.LinkID("AFFILIATED_WITH", "ann", "club", "", "", "")
	piece := kg.EvidenceID(link, &begun().Links[0].Evidence[0])
	words := []edit.Evidence{{Source: "s_article", Excerpt: "Ann Berg has led the Club"}}
	person := func(f map[string]any) *edit.Create { return &edit.Create{Type: "PERSON", Fields: f} }
	place := func(latitude float64) *edit.Create {
		return &edit.Create{Type: "PLACE", Fields: map[string]any{"name": "X", "latitude": latitude}}
	}
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := filled(t, open(t))
		before := export(t, cat, s)
		for _, c := range []struct {
			edit edit.Edit
			code edit.Code
			path string
			says string
		}{
			{person(nil), edit.InvalidValue, "name", "has no name"},
			{person(map[string]any{"name": " "}), edit.InvalidValue, "name", "has no name"},
			{person(map[string]any{"name": "Ann Berg", "born": "soon"}), edit.InvalidValue, "born", "what is no date"},
			{person(map[string]any{"name": "X", "born": "2000", "died": "1999"}), edit.InvalidDateRange, "born", "has born after died"},
			{person(map[string]any{"name": "X", "shoe": "9"}), edit.InvalidValue, "shoe", "unknown field"},
			{person(map[string]any{"name": "X", "id": "l_x"}), edit.InvalidValue, "id", "begins with l_"},
			{person(map[string]any{"name": "\xff"}), edit.InvalidValue, "", "is not UTF-8"},
			{place(math.NaN()), edit.InvalidValue, "latitude", "has in latitude what is no number"},
			{place(math.Inf(-1)), edit.InvalidValue, "latitude", "has in latitude what is no number"},
			{&edit.Update{ID: "oslo", Set: map[string]any{"latitude": math.Inf(1)}}, edit.InvalidValue, "latitude", "has in latitude what is no number"},
			{person(map[string]any{"name": "Ann"}), edit.AlreadyExists, "id", "There is the person ann already, whose id is made from the same name"},
			{person(map[string]any{"name": "X", "id": "club"}), edit.AlreadyExists, "id", "There is the institution club already."},
			{&edit.Create{Type: "DRAGON", Fields: map[string]any{"name": "X"}}, edit.InvalidValue, "", "unknown type"},
			{&edit.Create{Type: "SOURCE", Fields: map[string]any{"kind": "SCROLL", "title": "X"}}, edit.InvalidValue, "kind", "unknown kind of source"},
			{&edit.Create{Type: "SOURCE", Fields: map[string]any{"kind": "ARTICLE", "title": "X", "url": "nowhere"}}, edit.InvalidValue, "url", "no address"},
			{&edit.Create{Type: "SOURCE", Fields: map[string]any{"title": "X"}}, edit.InvalidValue, "kind", "The source has no kind; write one of ARTICLE, REPORT"},
			{&edit.Update{ID: "l_nothing", Set: map[string]any{"role": "X"}}, edit.NotFound, "id", "There is no link l_nothing."},
			{&edit.Update{ID: "s_nothing", Set: map[string]any{"title": "X"}}, edit.NotFound, "id", "There is no source s_nothing."},
			{&edit.RemoveEvidence{Evidence: "e_nothing.aaaaaaaa"}, edit.NotFound, "evidence", "There is no evidence e_nothing.aaaaaaaa."},
			{&edit.Update{ID: "nobody", Set: map[string]any{"name": "X"}}, edit.NotFound, "id", "There is no record nobody."},
			{&edit.Update{ID: "no'body", Set: map[string]any{"name": "X"}}, edit.NotFound, "id", `There is no record "no'body".`},
			{&edit.Update{ID: "ann", Set: map[string]any{"name": nil}}, edit.InvalidValue, "name", "has no name"},
			{&edit.Update{ID: "ann", Set: map[string]any{"died": "1960"}}, edit.InvalidDateRange, "born", "has born after died"},
			{&edit.Update{ID: "ann", Set: map[string]any{"id": "bea"}}, edit.InvalidValue, "id", "cannot be changed"},
			{&edit.Update{ID: "ann", Add: map[string]any{"born": []string{"1971"}}}, edit.InvalidValue, "born", "is no list"},
			{&edit.Update{ID: "begin", Set: map[string]any{"text": nil}}, edit.InvalidValue, "text", "has no text"},
			{&edit.Update{ID: link, Set: map[string]any{"from": "oslo"}}, edit.InvalidValue, "from", "cannot be changed"},
			{&edit.Update{ID: link, Set: map[string]any{"since": "2000", "until": "1999"}}, edit.InvalidDateRange, "since", "has since after until"},
			{&edit.CreateLink{Kind: "LOVES", From: "ann", To: "club", Evidence: words}, edit.InvalidValue, "kind", `There is no kind of link "LOVES"; write one of `},
			{&edit.CreateLink{Kind: "AFFILIATED_WITH", From: "nobody", To: "club", Evidence: words}, edit.NotFound, "from", "There is no entity nobody."},
			{&edit.CreateLink{Kind: "AFFILIATED_WITH", From: "ann", To: "s_note", Evidence: words}, edit.NotFound, "to", "There is no entity s_note."},
			{&edit.CreateLink{Kind: "AFFILIATED_WITH", From: "oslo", To: "club", Evidence: words}, edit.WrongEndpointType, "from", "oslo is of type PLACE; AFFILIATED_WITH joins"},
			{&edit.CreateLink{Kind: "AFFILIATED_WITH", From: "ann", To: "club"}, edit.EvidenceRequired, "evidence", "at least one"},
			{&edit.CreateLink{Kind: "LOCATED_IN", From: "club", To: "oslo", Evidence: []edit.Evidence{{Source: "s_nothing", Excerpt: "x"}}}, edit.NotFound, "evidence 0 source", "s_nothing"},
			{&edit.CreateLink{Kind: "LOCATED_IN", From: "club", To: "oslo", Evidence: []edit.Evidence{{Source: "ann", Excerpt: "x"}}}, edit.NotFound, "evidence 0 source", "ann is no source"},
			{
				&edit.CreateLink{Kind: "LOCATED_IN", From: "club", To: "oslo", Evidence: []edit.Evidence{{Source: "s_article", Excerpt: "The Club is in Bergen"}}},
				edit.ExcerptNotInText, "evidence 0 excerpt", `Nearest is: "said. The Club is in".`,
			},
			{&edit.CreateLink{Kind: "LOCATED_IN", From: "club", To: "oslo", Evidence: []edit.Evidence{{Source: "s_article"}}}, edit.InvalidValue, "evidence 0 excerpt", "has an empty text in evidence.0.excerpt"},
			{&edit.CreateLink{Kind: "LOCATED_IN", From: "club", To: "oslo", Evidence: []edit.Evidence{{Source: "s_note", Start: n(0), End: n(3)}}}, edit.InvalidValue, "evidence 0 start", "not held"},
			{&edit.CreateLink{Kind: "LOCATED_IN", From: "club", To: "oslo", Evidence: []edit.Evidence{{Source: "s_article", Start: n(5), End: n(5000)}}}, edit.InvalidValue, "evidence 0 start", "within the text"},
			{&edit.CreateLink{Kind: "LOCATED_IN", From: "club", To: "oslo", Evidence: []edit.Evidence{{Source: "s_article", Start: n(5)}}}, edit.InvalidValue, "evidence 0 start", "within the text"},
			{
				&edit.CreateLink{Kind: "LOCATED_IN", From: "club", To: "oslo", Evidence: []edit.Evidence{{Source: "s_article", Start: n(0), End: n(8), Excerpt: "The Club"}}},
				edit.ExcerptNotInText, "evidence 0 excerpt", `Other words stand there in the text of s_article: "Ann Berg".`,
			},
			{&edit.CreateLink{Kind: "AFFILIATED_WITH", From: "ann", To: "club", Since: "2001", Until: "2000", Evidence: words}, edit.InvalidDateRange, "since", "has since after until"},
			{&edit.AddEvidence{Link: "l_nothing", Evidence: words}, edit.NotFound, "link", "l_nothing"},
			{&edit.AddEvidence{Link: "ann", Evidence: words}, edit.NotFound, "link", "ann is no link"},
			{&edit.AddEvidence{Link: link}, edit.EvidenceRequired, "evidence", "at least one"},
			{&edit.RemoveEvidence{Evidence: piece}, edit.EvidenceRequired, "evidence", "It is the last evidence"},
			{&edit.RemoveEvidence{Evidence: piece + "x"}, edit.NotFound, "evidence", "no evidence"},
			{&edit.RemoveEvidence{Evidence: "ann"}, edit.NotFound, "evidence", "no evidence"},
			{&edit.Delete{ID: "nobody"}, edit.NotFound, "id", "nobody"},
			{&edit.Delete{ID: piece}, edit.InvalidValue, "id", "piece of evidence"},
			{&edit.Delete{ID: "ann"}, edit.DependentLinks, "id", "1 link hangs on it"},
			{&edit.Delete{ID: "s_article"}, edit.DependentLinks, "id", "1 link hangs on it"},
		} {
			_, err := edit.Apply(t.Context(), cat, s, c.edit, edit.About{})
			var p *edit.UserError
			if !errors.As(err, &p) || p.Code != c.code || strings.Join(p.Path, " ") != c.path || !strings.Contains(p.Message, c.says) {
				t.Errorf("%T %+v: %#v, want %s at %q: %s", c.edit, c.edit, err, c.code, c.path, c.says)
			}
		}
		if after := export(t, cat, s); after != before {
			t.Errorf("something was written: %s", cmp.Diff(before, after))
		}
	})
}

// TestQuotationsAreHeldToTheirTexts: a quote is not said by whoever's text does not have its words, nor reworded so.
func TestQuotationsAreHeldToTheirTexts(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := filled(t, open(t))
		said := func(id, text string) error {
			if _, err := edit.Apply(t.Context(), cat, s, &edit.Create{Type: "QUOTE", Fields: map[string]any{"id": id, "name": id, "text": text}}, edit.About{}); err != nil {
				return err
			}
			_, err := edit.Apply(t.Context(), cat, s, &edit.CreateLink{
				Kind: "SAID", From: "ann", To: id,
				Evidence: []edit.Evidence{{Source: "s_article", Excerpt: "Ann Berg said"}},
			}, edit.About{})
			return err
		}
		var p *edit.UserError
		if err := said("q1", "We begin"); err != nil {
			t.Error(err)
		}
		if err := said("q2", "We end"); !errors.As(err, &p) || p.Code != edit.ExcerptNotInText {
			t.Errorf("words that stand nowhere: %v", err)
		}
		_, err := edit.Apply(t.Context(), cat, s, &edit.Update{ID: "q1", Set: map[string]any{"text": "We end"}}, edit.About{})
		if !errors.As(err, &p) || p.Code != edit.ExcerptNotInText || p.Path[0] != "text" {
			t.Errorf("new words that stand nowhere: %v", err)
		}
		if _, err = edit.Apply(t.Context(), cat, s, &edit.Update{ID: "q1", Set: map[string]any{"text": "We begin,"}}, edit.About{}); err != nil {
			t.Error(err)
		}
	})
}

// TestALinkThatIsThereGainsTheEvidence, by the words of the source, or by where they stand, whichever comes first.
func TestALinkThatIsThereGainsTheEvidence(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := filled(t, open(t))
		second := strings.LastIndex(article, "The Club")
		start := len([]rune(article[:second]))
		in := func(e edit.Evidence) edit.Outcome {
			t.Helper()
			out, err := edit.Apply(t.Context(), cat, s, &edit.CreateLink{Kind: "LOCATED_IN", From: "club", To: "oslo", Evidence: []edit.Evidence{e}}, edit.About{By: "ann", Note: "so"})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		first := in(edit.Evidence{Source: "s_article", Excerpt: "The  club is in Oslo"[0:4] + " Club is in\nOslo"})
		if first.Change == nil || first.Change.Created != 1 || first.Change.By != "ann" || first.Change.Note != "so" ||
			first.Change.Action != kg.Created || len(first.Items) != 1 || first.Items[0].ID != first.ID {
			t.Errorf("%+v", first)
		}
		again := in(edit.Evidence{Source: "s_article", Start: n(start), End: n(start + len("The Club is in Oslo"))})
		if again.ID != first.ID || again.Change == nil || again.Change.Changed != 1 {
			t.Errorf("%+v", again)
		}
		if same := in(edit.Evidence{Source: "s_article", Excerpt: "The Club is in Oslo"}); same.Change != nil || len(same.Items) != 0 {
			t.Errorf("the same again: %+v", same)
		}
		found, err := s.Records(t.Context(), []string{first.ID})
		if err != nil || len(found.Links) != 1 || len(found.Links[0].Evidence) != 2 {
			t.Fatalf("%+v, %v", found, err)
		}
		for i, want := range []int{len([]rune(article[:strings.Index(article, "The Club is")])), start} {
			e := found.Links[0].Evidence[i]
			if e.Start != want || e.Excerpt != "The Club is in Oslo" || e.Verified == nil || !*e.Verified {
				t.Errorf("evidence %d: %+v, want it at %d", i, e, want)
			}
		}
	})
}

// TestALinkThatWasCorrectedIsNotMadeAgain: what it was made of before the correction would take that back.
func TestALinkThatWasCorrectedIsNotMadeAgain(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := filled(t, open(t))
		made := &edit.CreateLink{Kind: "LOCATED_IN", From: "club", To: "oslo", Since: "1998", Evidence: []edit.Evidence{
			{Source: "s_article", Excerpt: "The Club is in Oslo"},
		}}
		out, err := edit.Apply(t.Context(), cat, s, made, edit.About{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := edit.Apply(t.Context(), cat, s, &edit.Update{ID: out.ID, Set: map[string]any{"since": "1997"}}, edit.About{}); err != nil {
			t.Fatal(err)
		}
		before := export(t, cat, s)
		_, err = edit.Apply(t.Context(), cat, s, made, edit.About{})
		var user *edit.UserError
		if !errors.As(err, &user) || user.Code != edit.AlreadyExists || !strings.Contains(user.Message, `its since is "1997" now`) {
			t.Errorf("made again: %v", err)
		}
		if d := cmp.Diff(before, export(t, cat, s)); d != "" {
			t.Error(d)
		}
		// evidence of the link as it is now is taken
		more := &edit.AddEvidence{Link: out.ID, Evidence: []edit.Evidence{{Source: "s_article", Excerpt: "Ann Berg has led the Club"}}}
		if _, err := edit.Apply(t.Context(), cat, s, more, edit.About{}); err != nil {
			t.Error(err)
		}
	})
}

// export is everything, as bytes.
func export(t testing.TB, cat *catalog.Catalog, s store.Scanner) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := exchange.Export(t.Context(), cat, s, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestEditsAreThoseOfTheOracle draws edits, one after another, of a store and the oracle, and takes some back: both say the
// same, hold the same, answer the same and have the same log.
func TestEditsAreThoseOfTheOracle(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		const edits = 40
		both.Checks(t, 72, 480)
		rapid.Check(t, func(r *rapid.T) {
			oracle, s := filled(t, storetest.NewOracle(cat, storetest.Clock)), filled(t, open(t))
			d := &drawing{T: r, ids: []string{"ann", "club", "oslo", "begin", "s_article", "s_note", begun().Links[0].ID}}
			var made [][2]kg.Change // what the oracle has logged, and the store
			for range rapid.IntRange(1, edits).Draw(r, "edits") {
				e, about := d.edit(), edit.About{By: d.text("by"), Note: d.text("note"), DryRun: rapid.IntRange(0, 9).Draw(r, "dry") == 0}
				its, back := e, len(made) > 0 && rapid.IntRange(0, 4).Draw(r, "back") == 0
				if back {
					of := rapid.SampledFrom(made).Draw(r, "taken back")
					e, its = &edit.Revert{Log: oracle, Change: of[0]}, &edit.Revert{Log: s, Change: of[1]}
				}
				want, wanted := edit.Apply(t.Context(), cat, oracle, e, about)
				got, err := edit.Apply(t.Context(), cat, s, its, about)
				if problems(wanted) != problems(err) {
					r.Fatalf("%T %+v: %v, want %v", e, e, err, wanted)
				}
				if want.Change != nil && got.Change != nil {
					made = append(made, [2]kg.Change{*want.Change, *got.Change})
				}
				if back { // changes have ids of their own in each store
					want.ID, want.IDs, got.ID, got.IDs = "", nil, "", nil
				}
				if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(kg.Change{}, "ID", "Reverts")); diff != "" {
					r.Fatalf("%T %+v: %s", e, e, diff)
				}
				if got.ID != "" && !about.DryRun && !slices.Contains(d.ids, got.ID) {
					d.ids = append(d.ids, got.ID)
				}
				d.keep(t.Context(), oracle)
				if a, b := answers(t.Context(), cat, oracle), answers(t.Context(), cat, s); a != b {
					r.Fatalf("after %T %+v it answers otherwise: %s", e, e, cmp.Diff(a, b))
				}
			}
			if a, b := export(t, cat, oracle), export(t, cat, s); a != b {
				r.Fatalf("it holds otherwise: %s", cmp.Diff(a, b))
			}
			if a, b := both.Log(t, oracle), both.Log(t, s); a != b {
				r.Fatalf("its log: %s", cmp.Diff(a, b))
			}
		})
	})
}

// TestANewTextTellsWhichExcerptsItLacks tells those that stood in the old one, or were never looked for, in a trial as well.
func TestANewTextTellsWhichExcerptsItLacks(t *testing.T) {
	cat := both.Catalog(t)
	link := kg.LinkID("AFFILIATED_WITH", "ann", "club", "", "", "")
	piece := begun().Links[0].Evidence[0]
	lost := []edit.Lost{{Link: link, Evidence: kg.EvidenceID(link, &piece), Excerpt: piece.Excerpt}}
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := filled(t, open(t))
		for _, c := range []struct {
			text any
			dry  bool
			want []edit.Lost
		}{
			{"Another text.", true, lost},
			{article + " More.", false, nil},
			{"Another text.", false, lost},
			{"A third text.", false, nil}, // they were gone before
			{nil, false, nil},
			{"A fourth text.", false, lost}, // there was no text to look in
		} {
			out, err := edit.Apply(t.Context(), cat, s, &edit.Update{ID: "s_article", Set: map[string]any{"text": c.text}},
				edit.About{DryRun: c.dry})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, out.Lost); d != "" {
				t.Errorf("%v: %s", c.text, d)
			}
		}
		// the words of a quotation too
		do := func(e edit.Edit) edit.Outcome {
			t.Helper()
			out, err := edit.Apply(t.Context(), cat, s, e, edit.About{})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		do(&edit.Update{ID: "s_article", Set: map[string]any{"text": article}})
		said := do(&edit.CreateLink{Kind: "SAID", From: "ann", To: "begin", Evidence: []edit.Evidence{{Source: "s_article", Excerpt: "Ann Berg said"}}})
		out := do(&edit.Update{ID: "s_article", Set: map[string]any{"text": strings.Replace(article, "We begin", "We start", 1)}})
		want := []edit.Lost{{Link: said.ID, Quotation: "begin", Excerpt: "We begin"}}
		if d := cmp.Diff(want, out.Lost); d != "" {
			t.Error(d)
		}
		if out = do(&edit.Update{ID: "s_article", Set: map[string]any{"text": article + " More."}}); out.Lost != nil {
			t.Errorf("%+v", out.Lost)
		}
	})
}

// problems is an error, for comparing.
func problems(err error) string {
	var p *edit.UserError
	if errors.As(err, &p) {
		return fmt.Sprintf("%s %v %s %v %d %+v", p.Code, p.Path, p.Message, p.Links, p.LinkCount, p.Nearest)
	}
	return fmt.Sprint(err)
}

// answers asks a store for what it has, by name and by link.
func answers(ctx context.Context, cat *catalog.Catalog, s store.Store) string {
	props := func(names ...string) *plan.Sel {
		sel := &plan.Sel{}
		for _, n := range names {
			sel.Props = append(sel.Props, cat.Prop(n))
		}
		return sel
	}
	link := props("id", "role", "since", "until", "standing", "supportCount")
	link.Children = []*plan.Field{{
		Follow: plan.EvidenceOf, On: 1 << cat.Link.Index, Page: plan.Paging{N: 10}, Want: plan.Want{Rows: true},
		Node: props("id", "excerpt", "stance", "verified"),
	}}
	out := ""
	for _, q := range []*plan.Query{
		{Start: plan.Everything, Types: cat.Entities, Root: plan.Field{
			Page: plan.Paging{N: 100}, Want: plan.Want{Rows: true, Total: true}, Node: props("id", "name", "aliases", "description"),
		}},
		{Start: plan.EveryLink, Root: plan.Field{
			Page: plan.Paging{N: 100}, Want: plan.Want{Rows: true, Total: true}, Link: link, Node: props("id"),
		}},
		{Start: plan.Search, Types: cat.Entities, Search: text.NewSearch("ann"), Root: plan.Field{
			Page: plan.Paging{N: 100}, Want: plan.Want{Rows: true, Total: true}, Node: props("id", "name"),
		}},
		{Start: plan.Statistics},
	} {
		res, err := s.Fetch(ctx, q)
		if err != nil {
			return err.Error()
		}
		out += storetest.Render(q, res) + fmt.Sprintf("%+v\n", res.Stats)
		if res.Release != nil {
			res.Release()
		}
	}
	return out
}

// drawing draws edits.
type drawing struct {
	*rapid.T
	ids    []string
	pieces []string // of evidence
}

func (d *drawing) keep(ctx context.Context, s store.Store) {
	d.pieces = nil
	_ = s.Links(ctx, func(l *kg.Link) error {
		for i := range l.Evidence {
			d.pieces = append(d.pieces, kg.EvidenceID(l.ID, &l.Evidence[i]))
		}
		return nil
	})
}

func (d *drawing) of(what string, list ...string) string {
	return rapid.SampledFrom(list).Draw(d.T, what)
}

func (d *drawing) text(what string) string { return d.of(what, "", "so", `"quoted" | \`, "Zoë\n") }

func (d *drawing) id() string { return d.of("id", append(d.ids, "nobody")...) }

func (d *drawing) date() string { return d.of("date", "", "1990", "2001-05", "2020-02-29", "soon") }

func (d *drawing) evidence() (out []edit.Evidence) {
	for range rapid.IntRange(0, 2).Draw(d.T, "pieces") {
		e := edit.Evidence{
			Source:  d.of("source", "s_article", "s_article", "s_note", "s_new", "ann"),
			Excerpt: d.of("excerpt", "Ann Berg", "The Club is in Oslo", "the Club since 1998", "Ann Berg said", "nothing of the kind"),
			Stance:  d.of("stance", "", kg.Supports, kg.Refutes),
		}
		if rapid.IntRange(0, 5).Draw(d.T, "placed") == 0 {
			at := rapid.IntRange(0, 60).Draw(d.T, "at")
			e.Excerpt, e.Start, e.End = "", &at, n(at+rapid.IntRange(0, 12).Draw(d.T, "length"))
		}
		out = append(out, e)
	}
	return out
}

func (d *drawing) edit() edit.Edit {
	switch rapid.IntRange(0, 11).Draw(d.T, "edit") {
	case 0:
		f := map[string]any{"name": d.of("name", "New", "Ann Berg", "Club", "Máry", "")}
		if rapid.Bool().Draw(d.T, "more") {
			f["description"], f["aliases"] = d.text("description"), []string{"Al", d.of("alias", "Ias", "Al", " ")}
		}
		if rapid.IntRange(0, 3).Draw(d.T, "named") == 0 {
			f["id"] = d.of("new id", "new1", "new2", "ann", "l_x")
		}
		return &edit.Create{Type: d.of("type", "PERSON", "INSTITUTION", "PLACE", "QUOTE", "THEME"), Fields: f}
	case 1:
		return &edit.Create{Type: "SOURCE", Fields: map[string]any{
			"kind": "BOOK", "title": d.of("title", "New", "Newer"), "text": d.of("text", article, "The Club is in Oslo"),
		}}
	case 2, 3:
		u := &edit.Update{ID: d.id(), Set: map[string]any{}}
		field := d.of("field", "name", "title", "description", "born", "died", "role", "since", "until", "text", "publisher")
		u.Set[field] = d.of("value", "1999", "2005", "We begin", "Ann Berg")
		if rapid.IntRange(0, 2).Draw(d.T, "clear") == 0 {
			u.Set[field] = nil
		}
		if rapid.IntRange(0, 3).Draw(d.T, "lists") == 0 {
			u.Add = map[string]any{"aliases": []string{d.of("added", "Al", "A. Berg")}}
			u.Remove = map[string]any{"aliases": []string{d.of("removed", "Al", "A. Berg")}}
		}
		return u
	case 4, 5, 6:
		return &edit.CreateLink{
			Kind: d.of("kind", "AFFILIATED_WITH", "LOCATED_IN", "SAID", "ABOUT"), From: d.id(), To: d.id(),
			Role: d.of("role", "", "head"), Since: d.date(), Until: d.date(), Evidence: d.evidence(),
		}
	case 7:
		return &edit.AddEvidence{Link: d.id(), Evidence: d.evidence()}
	case 8:
		return &edit.RemoveEvidence{Evidence: d.of("piece", append(d.pieces, "e_nothing")...)}
	case 9, 10:
		m := &edit.Merge{Survivor: d.id()}
		for range rapid.IntRange(0, 2).Draw(d.T, "absorbed") {
			m.Absorbed = append(m.Absorbed, d.id())
		}
		return m
	}
	return &edit.Delete{ID: d.id(), Cascade: rapid.Bool().Draw(d.T, "cascade")}
}
