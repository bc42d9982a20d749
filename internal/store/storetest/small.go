package storetest

import (
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// Small makes a graph with something of everything: a name that three entities have, aliases, external ids, letters of
// two, three and four bytes, parallel links, a link of an entity to itself, evidence for and against, words that stand
// in their text and that do not.
//
//	kaldor ──l_one, l_two──▶ lse ──l_four──▶ far        emoji ──l_loop──▶ emoji
//	same-1 ──l_three──▶ lse      same-2    same-3
func Small() *store.Batch {
	b := &store.Batch{
		Sources: []*kg.Source{
			{
				ID: "s_one", Title: "Source One", Kind: "ARTICLE", URL: "https://example.org/1",
				Authors: []string{"A", "B"}, PublishedOn: "2021-02", Text: "alpha beta gamma",
			},
			{ID: "s_two", Title: "Source Two", Kind: "BOOK", Publisher: "P", Text: "say a beta now"},
			{ID: "s_none", Title: "Ünused", Kind: "OTHER"},
		},
		Nodes: []*kg.Node{
			{
				ID: "kaldor", Type: "PERSON", Name: "Mary Kaldor", Description: "Writes on human security.",
				Props: map[string]any{"born": "1946"}, CreatedAt: kg.TimeAt(1000), UpdatedAt: kg.TimeAt(2000),
			},
			{
				ID: "lse", Type: "INSTITUTION", Name: "London School of Economics and Political Science", Aliases: []string{
					"LSE",
					"L.S.E.",
				},
				ExternalIDs: []kg.ExternalID{
					{Scheme: "isni", Value: "1"},
					{Scheme: "ror", Value: "x", URL: "https://ror.org/x"},
				}, Props: map[string]any{"founded": "1895"},
			},
			{ID: "same-1", Type: "PERSON", Name: "Same Name"},
			{ID: "same-2", Type: "THEME", Name: "Sáme  name"},
			{ID: "same-3", Type: "PERSON", Name: "Other", Aliases: []string{"SAME NAME"}},
			{ID: "far", Type: "PLACE", Name: "Łódź", Props: map[string]any{"latitude": 51.77, "longitude": 19.0}},
			{ID: "emoji", Type: "THEME", Name: "😀 \uFFFD z", Description: "nul-free"},
		},
	}
	link := func(id, kind, from, to, role string, since, until kg.PartialDate, ev ...kg.Evidence) {
		b.Links = append(b.Links, &kg.Link{
			ID: id, Kind: kind, From: from, To: to, Role: role, Since: since,
			Until: until, Evidence: ev,
		})
	}
	link("l_one", "AFFILIATED_WITH", "kaldor", "lse", "Professor", "1999", "2020-05",
		kg.Evidence{Source: "s_one", Excerpt: "alpha", Stance: kg.Supports})
	link("l_two", "AFFILIATED_WITH", "kaldor", "lse", "director", "", "",
		kg.Evidence{Source: "s_one", Excerpt: "gamma", Suffix: ".", Stance: kg.Supports},
		kg.Evidence{Source: "s_two", Excerpt: "beta", Prefix: "a ", Stance: kg.Refutes},
		kg.Evidence{Source: "s_two", Excerpt: "not there", Stance: kg.Supports})
	link("l_loop", "BROADER", "emoji", "emoji", "", "2020", "", kg.Evidence{
		Source: "s_one", Excerpt: "beta",
		Stance: kg.Supports,
	})
	link("l_three", "AFFILIATED_WITH", "same-1", "lse", "", "", "1970-03-01",
		kg.Evidence{Source: "s_two", Excerpt: "say", Stance: kg.Supports})
	link("l_four", "LOCATED_IN", "lse", "far", "", "", "", kg.Evidence{
		Source: "s_two", Excerpt: "now",
		Stance: kg.Supports,
	})
	return b
}
