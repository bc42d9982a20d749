package graph_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/graph"
)

const explainedQuery = `query Q($name: String! = "Mary Kaldor") {
  who: person(ref: {name: $name}) { name affiliations(first: 2, where: {role: {contains: "prof"}, kinds: [AFFILIATED_WITH]}, orderBy: [{field: SINCE, direction: DESC}]) {
    totalCount edges { role node { name } link { sentence evidence { nodes { excerpt source { title } } } } } } }
  people(where: {or: [{name: {startsWith: "m"}}, {linkedTo: {entity: {id: "lse"}, link: {kinds: [AFFILIATED_WITH]}}}]}) { nodes { ... on Person { id relatedThemes { nodes { name } } } } facets(by: [THEME]) { buckets { key } } }
  paths(from: {name: $name}, to: {id: "civilians"}, where: {kinds: [SAID, ABOUT]}) { nodes { length } }
  match(pattern: [{node: {ref: {name: $name}}}, {link: {kinds: [SAID], direction: OUTGOING}}, {node: {where: {text: {contains: "x"}}}}]) { nodes { length } }
  __schema { queryType { name } }
}`

const wantPlan = `who: person: one of PERSON, by name; wants name
  Person.affiliations: links AFFILIATED_WITH, outgoing, to INSTITUTION; where role.contains and kind AFFILIATED_WITH; by SINCE descending; first 2; count; wants name
    of the links between; wants role, kind, name of its from, name of its to, standing, since, until
      Link.evidence: evidence of the link; first 20; wants excerpt
        Evidence.source: source of the evidence; wants title
people: people: all of PERSON; where (name.startsWith or linkedTo by AFFILIATED_WITH an entity named); first 20; facet THEME; wants id
  Person.relatedThemes: over chains of two links, to THEME; first 20; wants name
paths: paths: a search over the graph; entities given by name, id; SHORTEST, hubPenalty 0.5, at most 6 hops, first 20; links where kind SAID/ABOUT
  records of the answer: by id; wants id
match: match: a search over the graph; entities given by name; first 20
  step 0: the entity named
  step 1: SAID; outgoing
  step 2: QUOTE; where text.contains
  1. follow step 1 from the entity of step 0: about 1 expected
  records of the answer: by id; wants id
`

func TestExplainPutsPagesIntoWords(t *testing.T) {
	cat, s := small(t)
	e := engine(t, cat, s)
	r := e.Do(t.Context(), &graph.Request{Query: `{ people(first: 1) { pageInfo { endCursor } } }`})
	var data struct {
		People struct{ PageInfo struct{ EndCursor string } }
	}
	if err := json.Unmarshal(r.Data, &data); err != nil {
		t.Fatal(err)
	}
	cursor := `"` + data.People.PageInfo.EndCursor + `"`
	for args, want := range map[string]string{
		"first: 3":                    "first 3",
		"last: 3":                     "last 3",
		"first: 3, after: " + cursor:  "first 3 after a cursor",
		"last: 3, before: " + cursor:  "last 3 before a cursor",
		"first: 3, before: " + cursor: "first 3 before a cursor",
	} {
		r := e.Do(t.Context(), &graph.Request{Query: `{ people(` + args + `) { nodes { id } } }`, Explain: true})
		if len(r.Errors) > 0 || !strings.Contains(string(r.Extensions), "; "+want+"; wants id") {
			t.Errorf("%s: %v %s, want %s", args, r.Errors, r.Extensions, want)
		}
	}
}

func TestExplainPutsPlansIntoWords(t *testing.T) {
	cat, s := small(t)
	e := engine(t, cat, s)
	// by the generated executor, and not
	for _, document := range []string{explainedQuery, strings.Replace(explainedQuery, "__schema { queryType { name } }",
		"", 1)} {
		for range 2 { // read, and remembered
			began := time.Now()
			r := e.Do(t.Context(), &graph.Request{Query: document, Explain: true})
			var ext struct {
				Explain map[string]struct {
					Plan         []string
					Milliseconds map[string]float64
				}
			}
			if len(r.Errors) > 0 || json.Unmarshal([]byte("{"+string(r.Extensions)+"}"), &ext) != nil {
				t.Fatalf("%v %s", r.Errors, r.Extensions)
			}
			got := ""
			for _, key := range []string{"who", "people", "paths", "match"} {
				got += key + ": " + strings.Join(ext.Explain[key].Plan, "\n") + "\n"
			}
			if got != wantPlan {
				t.Errorf("got\n%s\nwant\n%s", got, wantPlan)
			}
			// whole microseconds: what takes less is 0
			ms := ext.Explain["who"].Milliseconds
			for _, part := range []string{"plan", "store", "write"} {
				if d, ok := ms[part]; !ok || d < 0 || d > float64(time.Since(began).Milliseconds()+1) {
					t.Errorf("times: %v", ms)
				}
			}
			r.Release()
		}
	}
}

func TestExplainCostsNothingUnlessAsked(t *testing.T) {
	e := answering(t)
	plain := testing.AllocsPerRun(200, func() { e.Do(t.Context(), &graph.Request{Query: list}).Release() })
	asked := testing.AllocsPerRun(200, func() {
		e.Do(t.Context(), &graph.Request{
			Query:   list,
			Explain: true,
		}).Release()
	})
	if plain > 12 || asked <= plain {
		t.Errorf("%.0f allocations, %.0f when explained", plain, asked)
	}
}
