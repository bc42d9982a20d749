package writing_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// TestANewTextSaysWhatItLoses gives a source another text: the answer has the excerpts and quotations that are not in it,
// tried and done, alone and among other operations; of many it names ten and counts all.
func TestANewTextSaysWhatItLoses(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		e := clocked(t, cat, filled(t, open(t)), storetest.Clock)
		ask := func(query string) string { return do(t.Context(), e, "mutation { "+query+" }", nil) }
		const words = ` lostCount lost { excerpt link { id evidence { nodes { verified } } } evidenceId quotationId } `
		update := func(control, text string) string {
			return `updateSource(input: {id: "s_article", text: "` + text + `"` + control + `}) {` + words + `change { seq } errors { code } }`
		}
		if got := ask(`createLink(input: {kind: SAID, from: {id: "ann"}, to: {id: "begin"}, evidence: [{source: {id: "s_article"}, excerpt: "Ann Berg has led"}]}) { errors { message } }`); !strings.Contains(got, `"errors":[]`) {
			t.Fatal(got)
		}
		want := `"lostCount":3,"lost":[` +
			`{"excerpt":"Ann Berg has led","link":{"id":"l_3uohbuhqxavhzz76argn","evidence":{"nodes":[{"verified":false}]}},"evidenceId":"e_3uohbuhqxavhzz76argn.ejjy4h7e","quotationId":null},` +
			`{"excerpt":"Ann Berg has led the Club","link":{"id":"` + affiliated + `","evidence":{"nodes":[{"verified":false},{"verified":null}]}},"evidenceId":"e_iv74y4mn6jgbr4lhi5bd.akjiqinc","quotationId":null},` +
			`{"excerpt":"We begin","link":{"id":"l_3uohbuhqxavhzz76argn","evidence":{"nodes":[{"verified":false}]}},"evidenceId":null,"quotationId":"begin"}]`
		tried := ask(update(", dryRun: true", "Another."))
		if !strings.Contains(tried, want+`,"change":null`) {
			t.Errorf("tried: %s", tried)
		}
		among := ask(`applyChanges(input: {dryRun: true, operations: [{updateSource: {id: "s_article", text: "Another."}}]}) {` + words + `}`)
		if !strings.Contains(among, want+`}`) {
			t.Errorf("among others: %s", among)
		}
		for range 2 { // under its key, it is said again
			done := ask(update(`, idempotencyKey: "k"`, "Another."))
			if !strings.Contains(done, want+`,"change":{`) {
				t.Errorf("done: %s", done)
			}
		}
		if got := ask(update("", "A third.")); !strings.Contains(got, `"lostCount":0,"lost":[]`) {
			t.Errorf("they were lost before: %s", got)
		}
		var many []string
		for i := range 12 {
			many = append(many, fmt.Sprintf(`{source: {id: "s_note"}, excerpt: "words %d"}`, i))
		}
		ask(`addEvidence(input: {link: "` + affiliated + `", evidence: [` + strings.Join(many, ", ") + `]}) { errors { code } }`)
		got := ask(`updateSource(input: {id: "s_note", text: "None of them."}) { lostCount lost { excerpt } errors { code } }`)
		if !strings.Contains(got, `"lostCount":13,`) || strings.Count(got, `{"excerpt"`) != 10 {
			t.Errorf("of thirteen: %s", got)
		}
	})
}
