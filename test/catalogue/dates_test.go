package catalogue_test

import (
	"testing"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// TestDatesAreTakenApart: beside each date stands what it can mean, wherever dates stand: on records, on edges, in a
// timeline.
func TestDatesAreTakenApart(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		err := storetest.Fill(t.Context(), s, &store.Batch{
			Sources: []*kg.Source{{ID: "s_a", Kind: "BOOK", Title: "A", PublishedOn: "2020-02", Text: "Ann works at Acme"}},
			Nodes: []*kg.Node{
				{ID: "ann", Type: "PERSON", Name: "Ann", Props: map[string]any{"born": "1900-02"}},
				{ID: "acme", Type: "INSTITUTION", Name: "Acme", Props: map[string]any{"founded": "0044"}},
			},
			Links: []*kg.Link{{
				ID: "l_a", Kind: "AFFILIATED_WITH", From: "ann", To: "acme", Since: "2021-12-31",
				Evidence: []kg.Evidence{{Source: "s_a", Excerpt: "Ann works at Acme", Stance: "SUPPORTS"}},
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		a := newAsker(t, cat, s)
		got := asText(a.ask(`{
			person(ref: {id: "ann"}) {
				bornParts { earliest latest precision } diedParts { earliest } born
				affiliations { edges { sinceParts { ...P } untilParts { ...P } node { foundedParts { ...P } } link { sinceParts { precision } } } }
				links { edges { ... on LinkEdgeFields { sinceParts { latest } } } }
			}
			source(ref: {id: "s_a"}) { publishedOnParts { ...P } }
			timeline(subjects: [{id: "ann"}]) { nodes { date dateParts { ...P } } }
		}
		fragment P on PartialDateParts { earliest latest precision }`, nil))
		want := asText(map[string]any{
			"person": map[string]any{
				"bornParts": map[string]any{"earliest": "1900-02-01", "latest": "1900-02-28", "precision": "MONTH"}, "diedParts": nil, "born": "1900-02",
				"affiliations": map[string]any{"edges": []any{map[string]any{
					"sinceParts": day("2021-12-31"), "untilParts": nil,
					"node": map[string]any{"foundedParts": map[string]any{"earliest": "0044-01-01", "latest": "0044-12-31", "precision": "YEAR"}},
					"link": map[string]any{"sinceParts": map[string]any{"precision": "DAY"}},
				}}},
				"links": map[string]any{"edges": []any{map[string]any{"sinceParts": map[string]any{"latest": "2021-12-31"}}}},
			},
			"source": map[string]any{"publishedOnParts": map[string]any{"earliest": "2020-02-01", "latest": "2020-02-29", "precision": "MONTH"}},
			"timeline": map[string]any{"nodes": []any{
				map[string]any{"date": "2020-02", "dateParts": map[string]any{"earliest": "2020-02-01", "latest": "2020-02-29", "precision": "MONTH"}},
				map[string]any{"date": "2021-12-31", "dateParts": day("2021-12-31")},
			}},
		})
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

func day(d string) map[string]any {
	return map[string]any{"earliest": d, "latest": d, "precision": "DAY"}
}
