package catalogue_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// presidents is an office of two centuries, an event that lasts, one of which only the end is known, and a theme that
// belongs under itself.
func presidents() *store.Batch {
	evidence := []kg.Evidence{{Source: "s_a", Excerpt: "x", Stance: "SUPPORTS"}}
	b := &store.Batch{
		Sources: []*kg.Source{{ID: "s_a", Kind: "BOOK", Title: "A book", PublishedOn: "1789-04-30"}},
		Nodes: []*kg.Node{
			{ID: "adams", Type: "PERSON", Name: "John Adams"},
			{ID: "biden", Type: "PERSON", Name: "Joe Biden"},
			{ID: "washington", Type: "PERSON", Name: "George Washington"},
			{ID: "house", Type: "INSTITUTION", Name: "White House"},
			{ID: "army", Type: "INSTITUTION", Name: "Army"},
			{ID: "theme", Type: "THEME", Name: "Offices"},
			{ID: "congress", Type: "EVENT", Name: "Congress", Props: map[string]any{
				"startsOn": "1789-04-30",
				"endsOn":   "1791-03-03",
			}},
			{ID: "farewell", Type: "EVENT", Name: "Farewell", Props: map[string]any{"endsOn": "1797-03-04"}},
		},
	}
	for _, l := range []kg.Link{
		{
			Kind: "AFFILIATED_WITH", From: "washington", To: "house", Role: "President", Since: "1789-04-30",
			Until: "1797-03-04",
		},
		{Kind: "AFFILIATED_WITH", From: "washington", To: "army", Since: "1775", Until: "1789-04-30"},
		{
			Kind: "AFFILIATED_WITH", From: "adams", To: "house", Role: "Vice President", Since: "1789-04-21",
			Until: "1797-03-04",
		},
		{Kind: "AFFILIATED_WITH", From: "biden", To: "house", Role: "President", Since: "2021-01-20"},
		{Kind: "PARTICIPATED_IN", From: "washington", To: "congress", Since: "1789-04-30", Until: "1789-04-30"},
		{Kind: "PARTICIPATED_IN", From: "washington", To: "farewell"},
		{Kind: "BROADER", From: "theme", To: "theme", Since: "1900"},
	} {
		l.ID, l.Evidence = l.StatedID(), evidence
		b.Links = append(b.Links, &l)
	}
	return b
}

// TestOrderAndTime holds what has dates to the order that the contract names, on both stores.
func TestOrderAndTime(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		if err := storetest.Fill(t.Context(), s, presidents()); err != nil {
			t.Fatal(err)
		}
		e, err := graph.New(graph.Options{Catalog: cat, Store: s, Now: func() time.Time {
			return time.Date(2026, 1, 1,
				0, 0, 0, 0, time.UTC)
		}})
		if err != nil {
			t.Fatal(err)
		}
		ask := func(query string) string {
			r := e.Do(t.Context(), &graph.Request{Query: query})
			defer r.Release()
			return string(r.AppendJSON(nil))
		}
		var line struct {
			Data struct {
				Timeline struct {
					Edges []struct {
						Cursor string
						Node   struct {
							Date, Kind string
							Subject    struct {
								ID string
								To struct{ ID string }
							}
						}
					}
				}
			}
		}
		var got []string
		for after := ""; ; {
			query := fmt.Sprintf(`{ timeline(subjects: {id: "washington"}, first: 2 %s) { edges { cursor node { date kind subject { ... on Entity { id } ... on Link { to { id } } } } } } }`,
				after)
			line.Data.Timeline.Edges = nil
			if err := json.Unmarshal([]byte(ask(query)), &line); err != nil {
				t.Fatal(err)
			}
			for _, x := range line.Data.Timeline.Edges {
				what := x.Node.Date + " " + x.Node.Kind
				if id := x.Node.Subject.ID + x.Node.Subject.To.ID; id != "" {
					what += " " + id
				}
				got = append(got, what)
				after = fmt.Sprintf(`after: %q`, x.Cursor)
			}
			if len(line.Data.Timeline.Edges) < 2 {
				break
			}
		}
		want := []string{
			"1775 LINK_BEGAN army", "1789-04-30 EVENT congress", "1789-04-30 LINK_ENDED army", "1789-04-30 LINK_BEGAN house", "1789-04-30 LINK_BEGAN congress",
			"1789-04-30 LINK_ENDED congress", "1789-04-30 PUBLISHED", "1797-03-04 EVENT farewell", "1797-03-04 LINK_ENDED house",
		}
		// two links that began the same day stand by id
		if i := slices.Index(got, "1789-04-30 LINK_BEGAN congress"); i == 3 {
			got[3], got[4] = got[4], got[3]
		}
		if !slices.Equal(got, want) {
			t.Errorf("the timeline is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		turn := both.Turns(t)
		for query, want := range map[string]string{
			// what ended and never began has a date
			`{ events(orderBy: {field: DATE}) { nodes { id } } }`:                                                                                             `{"events":{"nodes":[{"id":"congress"},{"id":"farewell"}]}}`,
			`{ events(where: {date: {isNull: true}}) { nodes { id } } }`:                                                                                      `{"events":{"nodes":[]}}`,
			`{ events(where: {date: {from: "1797", match: CERTAIN}}) { nodes { id } } }`:                                                                      `{"events":{"nodes":[{"id":"farewell"}]}}`,
			`{ events { facets(by: YEAR) { buckets { key count } } } }`:                                                                                       `{"events":{"facets":[{"buckets":[{"key":"1789","count":1},{"key":"1797","count":1}]}]}}`,
			`{ timeline(subjects: {id: "farewell"}) { nodes { date } } }`:                                                                                     `{"timeline":{"nodes":[{"date":"1789-04-30"},{"date":"1797-03-04"}]}}`,
			`{ timeline(subjects: {id: "theme"}) { nodes { date kind } } }`:                                                                                   `{"timeline":{"nodes":[{"date":"1789-04-30","kind":"PUBLISHED"},{"date":"1900","kind":"LINK_BEGAN"}]}}`,
			`{ subgraph(seeds: {id: "theme"}) { links { kind } frontier { hiddenLinks } } }`:                                                                  `{"subgraph":{"links":[{"kind":"BROADER"}],"frontier":[]}}`,
			`{ subgraph(seeds: {id: "theme"}, depth: 0) { links { kind } } }`:                                                                                 `{"subgraph":{"links":[{"kind":"BROADER"}]}}`,
			`{ coParticipation(of: {id: "washington"}, through: INSTITUTION) { nodes { id } } }`:                                                              `{"coParticipation":{"nodes":[{"id":"adams"},{"id":"biden"}]}}`,
			`{ coParticipation(of: {id: "washington"}, through: INSTITUTION, overlapping: true) { edges { weight node { id } because { from { id } } } } }`:   `{"coParticipation":{"edges":[{"weight":1,"node":{"id":"adams"},"because":[{"from":{"id":"washington"}},{"from":{"id":"adams"}}]}]}}`,
			`{ compare(left: {id: "washington"}, right: {id: "biden"}) { sharedCount onlyLeft { totalCount } } }`:                                             `{"compare":{"sharedCount":1,"onlyLeft":{"totalCount":3}}}`,
			`{ compare(left: {id: "washington"}, right: {id: "biden"}, overlapping: true) { sharedCount onlyLeft { totalCount } onlyRight { totalCount } } }`: `{"compare":{"sharedCount":0,"onlyLeft":{"totalCount":3},"onlyRight":{"totalCount":0}}}`,
			`{ compare(left: {id: "washington"}, right: {id: "adams"}, overlapping: true) { sharedCount } }`:                                                  `{"compare":{"sharedCount":1}}`,
			`{ paths(from: {id: "washington"}, to: {id: "adams"}, overlapping: true) { nodes { length } } }`:                                                  `{"paths":{"nodes":[{"length":2}]}}`,
			`{ paths(from: {id: "washington"}, to: {id: "biden"}) { nodes { length } } }`:                                                                     `{"paths":{"nodes":[{"length":2}]}}`,
			`{ paths(from: {id: "washington"}, to: {id: "biden"}, overlapping: true) { nodes { length } report { nearMiss { length } } } }`:                   `{"paths":{"nodes":[],"report":{"nearMiss":{"length":2}}}}`,
		} {
			if !turn() {
				continue
			}
			if got := ask(query); got != `{"data":`+want+`}` {
				t.Errorf("%s: %s, want %s", query, got, want)
			}
		}
		for _, query := range []string{
			`{ events(where: {date: {from: "2021", to: "2020"}}) { totalCount } }`,
			`{ events(where: {not: {or: [{date: {from: "2021-02-02", to: "2021-02-01"}}]}}) { totalCount } }`,
			`{ person(ref: {id: "biden"}) { links(where: {during: {from: "2021", to: "2020-12"}}) { totalCount } } }`,
			`{ timeline(subjects: {id: "biden"}, during: {from: "2021", to: "2020"}) { totalCount } }`,
			`{ paths(from: {id: "adams"}, to: {id: "biden"}, where: {during: {from: "2021", to: "2020"}}) { nodes { length } } }`,
			`{ centrality(by: DEGREE, where: {other: {date: {from: "2021", to: "2020"}}}) { totalCount } }`,
			`{ match(pattern: [{node: {where: {date: {from: "2021", to: "2020"}}}}, {link: {}}, {node: {}}]) { nodes { length } } }`,
		} {
			if got := ask(query); !strings.Contains(got, "BAD_USER_INPUT") ||
				!strings.Contains(got, "ends before it begins") {
				t.Errorf("%s: %s", query, got)
			}
		}
	})
}
