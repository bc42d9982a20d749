// Package sentences_test asks how links that have dates are put into words, on every store and the oracle, by both
// writers of answers: from when to when, and in the past when they have ended before the day of the engine's clock.
package sentences_test

import (
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

const lines = `{"source":"ARTICLE","id":"s_p","title":"Paper","text":"Mary taught at the school. Carol never worked for Acme. Dave left Acme. Acme belonged to Group. They met."}
{"node":"PERSON","id":"mary","name":"Mary"}
{"node":"PERSON","id":"carol","name":"Carol"}
{"node":"PERSON","id":"dave","name":"Dave"}
{"node":"INSTITUTION","id":"school","name":"School"}
{"node":"INSTITUTION","id":"acme","name":"Acme"}
{"node":"INSTITUTION","id":"group","name":"Group"}
{"node":"EVENT","id":"meeting","name":"The meeting"}
{"link":"AFFILIATED_WITH","id":"l_a","from":"mary","to":"school","role":"professor","since":"1999","until":"2005","evidence":[{"source":"s_p","excerpt":"Mary taught at the school."}]}
{"link":"AFFILIATED_WITH","id":"l_b","from":"carol","to":"acme","since":"2001","until":"2003","evidence":[{"source":"s_p","excerpt":"Carol never worked for Acme.","stance":"REFUTES"}]}
{"link":"AFFILIATED_WITH","id":"l_c","from":"dave","to":"acme","until":"2021-02-24","evidence":[{"source":"s_p","excerpt":"Dave left Acme."},{"source":"s_p","excerpt":"Carol never worked for Acme.","stance":"REFUTES"}]}
{"link":"PART_OF","id":"l_d","from":"acme","to":"group","until":"2021-02-25","evidence":[{"source":"s_p","excerpt":"Acme belonged to Group."}]}
{"link":"PARTICIPATED_IN","id":"l_e","from":"dave","to":"meeting","since":"2021-02-25","until":"2021-02-25","evidence":[{"source":"s_p","excerpt":"They met."}]}
{"link":"PARTICIPATED_IN","id":"l_f","from":"mary","to":"meeting","evidence":[{"source":"s_p","excerpt":"They met."}]}
{"link":"AFFILIATED_WITH","id":"l_g","from":"mary","to":"acme","since":"2021","until":"2021","evidence":[{"source":"s_p","excerpt":"They met."}]}
`

// instant is late on 24 February in New York, and 25 February in UTC.
var instant = time.Date(2021, 2, 24, 22, 0, 0, 0, time.FixedZone("EST", -5*3600))

func TestDatesAndWhatHasEnded(t *testing.T) {
	cat := both.Catalog(t)
	on := func(t *testing.T, s store.Store) {
		t.Helper()
		if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("lines", []byte(lines))},
			exchange.Options{}); err != nil {
			t.Fatal(err)
		}
		for _, x := range []struct {
			what, query, want string
			now               time.Time
		}{
			{
				"sentences",
				`{ nodes(ids: ["l_a", "l_b", "l_c", "l_d", "l_e", "l_f", "l_g"]) { ... on Link { id sentence } } }`,
				`{"nodes":[{"id":"l_a","sentence":"Mary was affiliated with School (professor) (1999–2005)."},{"id":"l_b","sentence":"It is denied that Carol was affiliated with Acme (2001–2003)."},{"id":"l_c","sentence":"Dave was affiliated with Acme (until 2021-02-24) (disputed)."},{"id":"l_d","sentence":"Acme is part of Group (until 2021-02-25)."},{"id":"l_e","sentence":"Dave took part in The meeting (2021-02-25)."},{"id":"l_f","sentence":"Mary took part in The meeting."},{"id":"l_g","sentence":"Mary is affiliated with Acme (2021)."}]}`,
				instant,
			},
			{
				"a day later",
				`{ a: link(id: "l_d") { sentence } b: link(id: "l_g") { sentence } }`,
				`{"a":{"sentence":"Acme was part of Group (until 2021-02-25)."},"b":{"sentence":"Mary is affiliated with Acme (2021)."}}`,
				instant.Add(24 * time.Hour),
			},
			{
				"on a day of old",
				`{ link(id: "l_a") { sentence } }`,
				`{"link":{"sentence":"Mary is affiliated with School (professor) (1999–2005)."}}`,
				time.Date(2005, 12, 31, 23, 59, 0, 0, time.UTC),
			},
			{
				"on an edge",
				`{ person(ref: {id: "mary"}) { affiliations { edges { since link { sentence } } } } }`,
				`{"person":{"affiliations":{"edges":[{"since":"2021","link":{"sentence":"Mary is affiliated with Acme (2021)."}},{"since":"1999","link":{"sentence":"Mary was affiliated with School (professor) (1999–2005)."}}]}}}`,
				instant,
			},
			{
				"narratives",
				`{ paths(from: {id: "school"}, to: {id: "meeting"}, first: 1) { nodes { narrative } } denied: paths(from: {id: "carol"}, to: {id: "acme"}, where: {standings: [REFUTED]}) { nodes { narrative } } group: paths(from: {id: "dave"}, to: {id: "group"}, maxLength: 2) { nodes { narrative } } }`,
				`{"paths":{"nodes":[{"narrative":"School was the institution of Mary (professor) (1999–2005)¹, who took part in The meeting².\n¹ “Mary taught at the school.” — Paper\n² “They met.” — Paper"}]},"denied":{"nodes":[{"narrative":"Carol was affiliated with Acme (2001–2003) (refuted)¹.\n¹ refutes: “Carol never worked for Acme.” — Paper"}]},"group":{"nodes":[{"narrative":"Dave was affiliated with Acme (until 2021-02-24) (disputed)¹, which is part of Group (until 2021-02-25)².\n¹ “Dave left Acme.” — Paper\n¹ refutes: “Carol never worked for Acme.” — Paper\n² “Acme belonged to Group.” — Paper"}]}}`,
				instant,
			},
			{
				"a timeline",
				`{ timeline(subjects: [{id: "school"}]) { nodes { date caption subject { ... on Link { sentence } } } } }`,
				`{"timeline":{"nodes":[{"date":"1999","caption":"Began: Mary was affiliated with School (professor) (1999–2005).","subject":{"sentence":"Mary was affiliated with School (professor) (1999–2005)."}},{"date":"2005","caption":"Ended: Mary was affiliated with School (professor) (1999–2005).","subject":{"sentence":"Mary was affiliated with School (professor) (1999–2005)."}}]}}`,
				instant,
			},
		} {
			limits := plan.DefaultLimits()
			limits.Timeout = time.Minute // a Neo4j that has just started plans its first statements for seconds
			e, err := graph.New(graph.Options{
				Catalog: cat, Store: s, Introspection: true, Limits: limits,
				Now: func() time.Time { return x.now },
			})
			if err != nil {
				t.Fatal(err)
			}
			// with it, the generated executor writes
			for _, more := range []string{"", ` __schema { queryType { name } }`} {
				r := e.Do(t.Context(), &graph.Request{Query: strings.TrimSuffix(x.query, " }") + more + " }"})
				got, want := string(r.Data), x.want
				if more != "" {
					want = strings.TrimSuffix(want, "}") + `,"__schema":{"queryType":{"name":"Query"}}}`
				}
				if len(r.Errors) > 0 || got != want {
					t.Errorf("%s:\n%s\nwant\n%s\n%v", x.what, got, want, r.Errors)
				}
				r.Release()
			}
		}
	}
	t.Run("oracle", func(t *testing.T) { on(t, storetest.NewOracle(cat, both.Clock)) })
	both.Run(t, cat, func(t *testing.T, open both.Open) { on(t, open(t)) })
}
