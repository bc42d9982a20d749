package exchange_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/edit"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

const correctedLines = `{"source":"ARTICLE","id":"s_a","title":"A"}
{"node":"PERSON","id":"ann","name":"Ann"}
{"node":"PERSON","id":"anna","name":"Anna"}
{"node":"INSTITUTION","id":"club","name":"Club"}
{"link":"AFFILIATED_WITH","from":"anna","to":"club","role":"member","since":"1998","evidence":[{"source":"s_a","excerpt":"She joined"}]}
`

// correctedTables say the same.
const (
	correctedNodes = "id,type,name\nann,PERSON,Ann\nanna,PERSON,Anna\nclub,INSTITUTION,Club\n"
	correctedLinks = `from,to,kind,role,since,excerpt,sourceId,sourceTitle,sourceKind
anna,club,AFFILIATED_WITH,member,1998,She joined,s_a,A,ARTICLE
`
)

// corrected imports files, corrects the one link that they make, and returns its id.
func corrected(t *testing.T, cat *catalog.Catalog, s store.Store, set map[string]any, files ...exchange.File) string {
	t.Helper()
	if _, err := exchange.Import(t.Context(), cat, s, files, exchange.Options{}); err != nil {
		t.Fatal(err)
	}
	id := kg.LinkID("AFFILIATED_WITH", "anna", "club", "member", "1998", "")
	if _, err := edit.Apply(t.Context(), cat, s, &edit.Update{ID: id, Set: set}, edit.About{}); err != nil {
		t.Fatal(err)
	}
	return id
}

// TestACorrectionOfALinkOutlivesItsFile imports a file again after its link was corrected.
func TestACorrectionOfALinkOutlivesItsFile(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		lines := []exchange.File{exchange.FromBytes("people.jsonl", []byte(correctedLines))}
		tables := []exchange.File{
			exchange.FromBytes("people-nodes.csv", []byte(correctedNodes)), exchange.FromBytes("people-links.csv", []byte(correctedLinks)),
		}
		for _, c := range []struct {
			files []exchange.File
			set   map[string]any
		}{
			{lines, map[string]any{"since": "1997"}},
			{lines, map[string]any{"role": "chair", "since": nil, "until": "2004"}},
			{tables, map[string]any{"since": "1998-03"}},
		} {
			s := open(t)
			id := corrected(t, cat, s, c.set, c.files...)
			before := exported(t, s)
			for _, dry := range []bool{true, false} {
				var diff []exchange.FieldChange
				r, err := exchange.Import(t.Context(), cat, s, c.files, exchange.Options{
					DryRun: dry, Diff: func(c exchange.FieldChange) { diff = append(diff, c) },
				})
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(before, exported(t, s)); d != "" || len(diff) > 0 {
					t.Fatalf("%s, %v: %s %v", c.files[0].Name, c.set, d, diff)
				}
				if len(r.Warnings) != 1 || !strings.HasPrefix(string(r.Warnings[0]), "the link "+id+" was corrected since it was made, and stays as it is now: anna AFFILIATED_WITH club") {
					t.Errorf("%s, %v: the warnings are %q", c.files[0].Name, c.set, r.Warnings)
				}
				for _, tally := range r.Records {
					if tally.Changed+tally.New > 0 {
						t.Errorf("%s, %v: %+v", c.files[0].Name, c.set, tally)
					}
				}
			}
		}
	})
}

// TestACorrectedLinkGainsWhatAFileAdds: evidence of the statement as it was made is evidence of the corrected one. A line
// that has the id of the link sets what it says, and --replace takes the correction back.
func TestACorrectedLinkGainsWhatAFileAdds(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		id := corrected(t, cat, s, map[string]any{"since": "1997"}, exchange.FromBytes("a", []byte(correctedLines)))
		links := func(file string, o exchange.Options) string {
			t.Helper()
			if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("b", []byte(file))}, o); err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			if err := s.Links(t.Context(), func(l *kg.Link) error {
				fmt.Fprintf(&b, "%s %s %s %s %d;", l.ID, l.From, l.Role, l.Since, len(l.Evidence))
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			return b.String()
		}
		if got := links(strings.Replace(correctedLines, "She joined", "She was one of them", 1), exchange.Options{}); got != id+" anna member 1997 2;" {
			t.Errorf("more evidence: %s", got)
		}
		// a merge of its end does not let go of the correction
		if _, err := edit.Apply(t.Context(), cat, s, &edit.Merge{Survivor: "ann", Absorbed: []string{"anna"}}, edit.About{}); err != nil {
			t.Fatal(err)
		}
		if got := links(correctedLines, exchange.Options{}); got != id+" ann member 1997 2;" {
			t.Errorf("after a merge: %s", got)
		}
		if got := links(`{"link":"AFFILIATED_WITH","id":"`+id+`","from":"ann","to":"club","since":"1996"}`, exchange.Options{}); got != id+" ann member 1996 2;" {
			t.Errorf("by its id: %s", got)
		}
		if _, err := edit.Apply(t.Context(), cat, s, &edit.Delete{ID: id}, edit.About{}); err != nil {
			t.Fatal(err)
		}
		s = open(t)
		corrected(t, cat, s, map[string]any{"since": "1997"}, exchange.FromBytes("a", []byte(correctedLines)))
		if got := links(correctedLines, exchange.Options{Replace: true}); got != id+" anna member 1998 1;" {
			t.Errorf("replaced: %s", got)
		}
	})
}
