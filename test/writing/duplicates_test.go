package writing_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// TestPossibleDuplicates lists what may be one, and says so of what is made.
func TestPossibleDuplicates(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := filled(t, open(t))
		words := []kg.Evidence{{Source: "s_article", Excerpt: "Ann Berg", Stance: kg.Supports}}
		if err := storetest.Fill(t.Context(), s, &store.Batch{
			Nodes: []*kg.Node{
				{ID: "a-berg", Type: "PERSON", Name: "A. Berg", Aliases: []string{"Berg, Anna"}, Props: map[string]any{"born": "1970-05"}},
				{ID: "q1", Type: "PERSON", Name: "Somebody", ExternalIDs: []kg.ExternalID{{Scheme: "wikidata", Value: "Q1"}}},
				{ID: "vik", Type: "PERSON", Name: "Vik"},
			},
			Links: []*kg.Link{{ID: "l_a", Kind: "AFFILIATED_WITH", From: "a-berg", To: "club", Evidence: words}},
		}); err != nil {
			t.Fatal(err)
		}
		e := writable(t, cat, s)
		is := func(query, want string) {
			t.Helper()
			if d := cmp.Diff(want, do(t.Context(), e, query, nil)); d != "" {
				t.Errorf("%s: %s", query, d)
			}
		}
		const pair = ` { totalCount edges { node { id } other { id } score reasons { kind against text } } } }`
		const externally = `{"node":{"id":"q1"},"other":{"id":"ann"},"score":0.9,"reasons":[{"kind":"SAME_EXTERNAL_ID","against":false,"text":"Both have the external id wikidata:Q1."}]}`
		const berg = `{"node":{"id":"ann"},"other":{"id":"a-berg"},"score":0.712,"reasons":[{"kind":"SAME_NAME","against":false,"text":"Both are called “A. Berg”."},` +
			`{"kind":"SHARED_LINKS","against":false,"text":"Both are linked to 1 entity."},{"kind":"SAME_DATE","against":false,"text":"They agree in born: 1970-05 and 1970."}]}`
		const clubs = `{"node":{"id":"club2"},"other":{"id":"club"},"score":0.6,"reasons":[{"kind":"SAME_NAME","against":false,"text":"Both are called “Club”."}]}`
		is(`{ possibleDuplicates`+pair, `{"data":{"possibleDuplicates":{"totalCount":3,"edges":[`+externally+`,`+berg+`,`+clubs+`]}}}`)
		is(`{ possibleDuplicates(types: [INSTITUTION])`+pair, `{"data":{"possibleDuplicates":{"totalCount":1,"edges":[`+clubs+`]}}}`)
		is(`{ possibleDuplicates(of: {id: "q1"}) { nodes { id } edges { other { id } } } }`, `{"data":{"possibleDuplicates":{"nodes":[{"id":"ann"}],"edges":[{"other":{"id":"q1"}}]}}}`)
		is(`{ possibleDuplicates(of: {name: "Vik"}) { totalCount } }`, `{"data":{"possibleDuplicates":{"totalCount":0}}}`)

		is(`mutation { createPerson(input: {name: "Anna Berg", dryRun: true}) { person { id } possibleDuplicates { id ... on Person { born } } errors { code } } }`,
			`{"data":{"createPerson":{"person":{"id":"anna-berg"},"possibleDuplicates":[{"id":"a-berg","born":"1970-05"},{"id":"ann","born":"1970"}],"errors":[]}}}`)
		is(`mutation { createPerson(input: {name: "Vik", id: "vik"}) { possibleDuplicates { id } errors { code } } }`,
			`{"data":{"createPerson":{"possibleDuplicates":[],"errors":[{"code":"ALREADY_EXISTS"}]}}}`)
		is(`mutation { createPerson(input: {name: "Jon", externalIds: [{scheme: "Wikidata", value: "Q1"}]}) { person { id } possibleDuplicates { id } } }`,
			`{"data":{"createPerson":{"person":{"id":"jon"},"possibleDuplicates":[{"id":"ann"},{"id":"q1"}]}}}`)
		is(`mutation { mergeEntities(input: {survivor: {id: "ann"}, absorbed: [{id: "a-berg"}, {id: "q1"}, {id: "jon"}]}) { errors { message } } }`, `{"data":{"mergeEntities":{"errors":[]}}}`)
		is(`{ possibleDuplicates(types: [PERSON]) { totalCount } }`, `{"data":{"possibleDuplicates":{"totalCount":0}}}`)
	})
}
