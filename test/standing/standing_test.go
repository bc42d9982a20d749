// Package standing_test asks what the program makes of words that deny a link, on every store and the oracle: a denial
// is not a fact, wherever it is looked for.
package standing_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// everywhere runs a test on a store of each kind that holds the files of testdata, and on the oracle.
func everywhere(t *testing.T, test func(t *testing.T, s store.Store)) {
	t.Helper()
	cat := both.Catalog(t)
	on := func(t *testing.T, s store.Store) {
		t.Helper()
		for _, name := range []string{"denial.jsonl", "dispute.jsonl"} {
			lines, err := os.ReadFile("testdata/" + name)
			if err != nil {
				t.Fatal(err)
			}
			load(t, s, string(lines))
		}
		test(t, s)
	}
	t.Run("oracle", func(t *testing.T) { on(t, storetest.NewOracle(cat, both.Clock)) })
	both.Run(t, cat, func(t *testing.T, open both.Open) { on(t, open(t)) })
}

func load(t *testing.T, s store.Store, lines string) {
	t.Helper()
	if _, err := exchange.Import(t.Context(), both.Catalog(t), s, []exchange.File{exchange.FromBytes("lines",
		[]byte(lines))}, exchange.Options{}); err != nil {
		t.Fatal(err)
	}
}

// ask returns the data of an answer.
func ask(t *testing.T, s store.Store, query string) string {
	t.Helper()
	e, err := graph.New(graph.Options{Catalog: both.Catalog(t), Store: s})
	if err != nil {
		t.Fatal(err)
	}
	r := e.Do(t.Context(), &graph.Request{Query: query})
	defer r.Release()
	if len(r.Errors) > 0 {
		t.Fatalf("%s: %v", query, r.Errors)
	}
	return string(r.Data)
}

// questions are asked of the graph as it was loaded. Carol is linked to Acme by a denial alone, and Acme to the
// meeting; that Dave worked for Acme is disputed.
var questions = []struct{ name, query, want string }{
	{
		"a list, its count and facets",
		`{institution(ref: {id: "acme"}) {linkCount people {totalCount nodes {name} facets(by: [KIND, SOURCE]) {buckets {key count}}}}}`,
		`{"institution":{"linkCount":2,"people":{"totalCount":2,"nodes":[{"name":"Dave"},{"name":"Erin"}],"facets":[{"buckets":[{"key":"AFFILIATED_WITH","count":2}]},{"buckets":[{"key":"s_new","count":2},{"key":"s_undated","count":1}]}]}}}`,
	},
	{
		"what is only denied, asked for",
		`{institution(ref: {id: "acme"}) {linkCount(where: {standings: [REFUTED]}) people(where: {standings: [REFUTED]}) {totalCount nodes {name} edges {link {kind standing sourceCount supportCount refuteCount sentence evidence {totalCount nodes {stance excerpt}}}} facets(by: [KIND, SOURCE]) {buckets {key count}}}}}`,
		`{"institution":{"linkCount":2,"people":{"totalCount":1,"nodes":[{"name":"Carol"}],"edges":[{"link":{"kind":"AFFILIATED_WITH","standing":"REFUTED","sourceCount":0,"supportCount":0,"refuteCount":1,"sentence":"It is denied that Carol is affiliated with Acme.","evidence":{"totalCount":1,"nodes":[{"stance":"REFUTES","excerpt":"Carol never worked for Acme."}]}}}],"facets":[{"buckets":[{"key":"AFFILIATED_WITH","count":1}]},{"buckets":[]}]}}}`,
	},
	{
		"only what nobody denies",
		`{institution(ref: {id: "acme"}) {people(where: {standings: [SUPPORTED]}) {nodes {name}} not: people(where: {not: {standings: [DISPUTED]}}) {nodes {name}} every: people(where: {standings: [SUPPORTED, DISPUTED, REFUTED]}) {nodes {name}} any: people(where: {or: [{standings: [REFUTED]}, {role: {eq: "clerk"}}]}) {nodes {name}} none: people(where: {not: {standings: [REFUTED]}}) {totalCount} never: linkCount(where: {standings: []})}}`,
		`{"institution":{"people":{"nodes":[{"name":"Erin"}]},"not":{"nodes":[{"name":"Erin"}]},"every":{"nodes":[{"name":"Carol"},{"name":"Dave"},{"name":"Erin"}]},"any":{"nodes":[{"name":"Carol"},{"name":"Dave"}]},"none":{"totalCount":2},"never":0}}`,
	},
	{
		"a disputed link",
		`{link(id: "l_dave") {standing sourceCount supportCount refuteCount sentence evidence {totalCount nodes {source {id}}} con: evidence(stance: REFUTES) {totalCount nodes {excerpt}} pro: evidence(stance: SUPPORTS, first: 1) {totalCount nodes {excerpt} pageInfo {hasNextPage}}}}`,
		`{"link":{"standing":"DISPUTED","sourceCount":2,"supportCount":2,"refuteCount":1,"sentence":"Dave is affiliated with Acme (clerk) (since 2001) (disputed).","evidence":{"totalCount":3,"nodes":[{"source":{"id":"s_old"}},{"source":{"id":"s_new"}},{"source":{"id":"s_undated"}}]},"con":{"totalCount":1,"nodes":[{"excerpt":"Dave never worked for Acme."}]},"pro":{"totalCount":2,"nodes":[{"excerpt":"Dave worked for Acme"}],"pageInfo":{"hasNextPage":true}}}}`,
	},
	{
		"entities by their links",
		`{people(where: {linkedTo: {entity: {id: "acme"}}}) {nodes {name}} some: people(where: {linkCount: {lte: 1}}) {nodes {name}} most: people(orderBy: [{field: LINK_COUNT, direction: DESC}]) {nodes {name linkCount}} of: people {facets(by: [INSTITUTION, SOURCE]) {buckets {key count}}}}`,
		`{"people":{"nodes":[{"name":"Dave"},{"name":"Erin"}]},"some":{"nodes":[{"name":"Carol"},{"name":"Erin"}]},"most":{"nodes":[{"name":"Dave","linkCount":2},{"name":"Erin","linkCount":1},{"name":"Carol","linkCount":1}]},"of":{"facets":[{"buckets":[{"key":"acme","count":2}]},{"buckets":[{"key":"s_new","count":2},{"key":"s_old","count":2},{"key":"s_undated","count":1}]}]}}`,
	},
	{
		"filters by source",
		`{institution(ref: {id: "acme"}) {people(where: {sources: ["s_old"]}) {totalCount} more: people(where: {minSources: 2}) {nodes {name}} denied: links(where: {standings: [REFUTED], minSources: 1}) {totalCount} most: people(orderBy: [{field: SOURCE_COUNT, direction: DESC}]) {nodes {name}}}}`,
		`{"institution":{"people":{"totalCount":0},"more":{"nodes":[{"name":"Dave"}]},"denied":{"totalCount":0},"most":{"nodes":[{"name":"Dave"},{"name":"Erin"}]}}}`,
	},
	{
		"what rests on a source",
		`{a: source(ref: {id: "s_a"}) {links {totalCount} denied: links(where: {standings: [REFUTED]}) {totalCount edges {link {id standing} node {name}}}} old: source(ref: {id: "s_old"}) {links {edges {link {id}}}} sources(where: {linkCount: {eq: 0}}) {nodes {id}} about: sources(where: {linkedTo: {link: {kinds: [REPRESENTED_AT]}}}) {totalCount} by: sources {facets(by: [INSTITUTION]) {buckets {key count}}}}`,
		`{"a":{"links":{"totalCount":0},"denied":{"totalCount":1,"edges":[{"link":{"id":"CAROL","standing":"REFUTED"},"node":{"name":"Acme"}}]}},"old":{"links":{"edges":[{"link":{"id":"l_dave"}},{"link":{"id":"l_there"}},{"link":{"id":"l_too"}}]}},"sources":{"nodes":[{"id":"s_a"}]},"about":{"totalCount":0},"by":{"facets":[{"buckets":[{"key":"acme","count":3}]}]}}`,
	},
	{
		"by id",
		`{node(id: "CAROL") {... on Link {standing kind from {name}}} evidence: node(id: "l_absent") {... on Link {kind standing evidence {nodes {id}}}}}`,
		`{"node":{"standing":"REFUTED","kind":"AFFILIATED_WITH","from":{"name":"Carol"}},"evidence":{"kind":"REPRESENTED_AT","standing":"REFUTED","evidence":{"nodes":[{"id":"e_absent.fnn7e6w5"}]}}}`,
	},
	{
		"all links",
		`{links {totalCount edges {direction node {name} link {id}}} denied: links(where: {standings: [REFUTED]}) {totalCount edges {link {kind} node {name}}} last: links(last: 1) {edges {link {id}} pageInfo {hasPreviousPage hasNextPage}} by: links(orderBy: [{field: SOURCE_COUNT, direction: DESC}], first: 1) {edges {link {id}} pageInfo {hasNextPage} facets(by: [KIND]) {buckets {key count}}}}`,
		`{"links":{"totalCount":4,"edges":[{"direction":"OUTGOING","node":{"name":"Acme"},"link":{"id":"l_dave"}},{"direction":"OUTGOING","node":{"name":"Acme"},"link":{"id":"l_erin"}},{"direction":"OUTGOING","node":{"name":"The meeting"},"link":{"id":"l_there"}},{"direction":"OUTGOING","node":{"name":"The meeting"},"link":{"id":"l_too"}}]},"denied":{"totalCount":2,"edges":[{"link":{"kind":"AFFILIATED_WITH"},"node":{"name":"Acme"}},{"link":{"kind":"REPRESENTED_AT"},"node":{"name":"The meeting"}}]},"last":{"edges":[{"link":{"id":"l_too"}}],"pageInfo":{"hasPreviousPage":true,"hasNextPage":false}},"by":{"edges":[{"link":{"id":"l_dave"}}],"pageInfo":{"hasNextPage":true},"facets":[{"buckets":[{"key":"AFFILIATED_WITH","count":2},{"key":"PARTICIPATED_IN","count":2}]}]}}`,
	},
	{
		"paths",
		`{paths(from: {id: "carol"}, to: {id: "acme"}) {nodes {length narrative sources {id}}} denied: paths(from: {id: "carol"}, to: {id: "acme"}, where: {standings: [REFUTED]}) {nodes {length narrative sources {id}}} best: paths(from: {id: "dave"}, to: {id: "acme"}, rank: MOST_CORROBORATED, first: 1) {nodes {cost}}}`,
		`{"paths":{"nodes":[{"length":3,"narrative":"Carol took part in The meeting¹, which was attended by Dave², who is affiliated with Acme (clerk) (since 2001) (disputed)³.\n¹ “Carol was at the meeting.” — Old\n² “Dave was at the meeting.” — Old\n³ “Dave worked for Acme” — New\n³ refutes: “Dave never worked for Acme.” — Old","sources":[{"id":"s_old"},{"id":"s_new"},{"id":"s_undated"}]}]},"denied":{"nodes":[{"length":1,"narrative":"Carol is affiliated with Acme (refuted)¹.\n¹ refutes: “Carol never worked for Acme.” — Denial","sources":[]}]},"best":{"nodes":[{"cost":2.5}]}}`,
	},
	{
		"a pattern",
		`{match(pattern: [{node: {types: [PERSON]}}, {link: {kinds: [AFFILIATED_WITH]}}, {node: {}}]) {nodes {start {name}}} denied: match(pattern: [{node: {types: [PERSON]}}, {link: {where: {standings: [REFUTED]}}}, {node: {}}, {link: {}}, {node: {ref: {id: "dave"}}}]) {nodes {start {name}}}}`,
		`{"match":{"nodes":[{"start":{"name":"Dave"}},{"start":{"name":"Erin"}}]},"denied":{"nodes":[{"start":{"name":"Carol"}}]}}`,
	},
	{
		"what surrounds, and when",
		`{subgraph(seeds: [{id: "acme"}], depth: 1) {nodes {id} links {id} frontier {node {id} hiddenLinks}} denied: subgraph(seeds: [{id: "acme"}], depth: 1, where: {standings: [REFUTED]}) {nodes {id}} timeline(subjects: [{id: "acme"}]) {nodes {kind caption}} none: timeline(subjects: [{id: "acme"}], where: {standings: [REFUTED]}) {nodes {kind caption}}}`,
		`{"subgraph":{"nodes":[{"id":"acme"},{"id":"dave"},{"id":"erin"}],"links":[{"id":"l_dave"},{"id":"l_erin"}],"frontier":[{"node":{"id":"dave"},"hiddenLinks":1}]},"denied":{"nodes":[{"id":"acme"},{"id":"meeting"},{"id":"carol"}]},"timeline":{"nodes":[{"kind":"LINK_BEGAN","caption":"Began: Dave is affiliated with Acme (clerk) (since 2001) (disputed)."},{"kind":"PUBLISHED","caption":"Published: New"}]},"none":{"nodes":[{"kind":"EVENT","caption":"The meeting"}]}}`,
	},
	{
		"who shares what",
		`{compare(left: {id: "carol"}, right: {id: "dave"}) {sharedCount onlyRight { totalCount }} coParticipation(of: {id: "carol"}, through: INSTITUTION) {totalCount} denied: compare(left: {id: "carol"}, right: {id: "acme"}, where: {standings: [REFUTED]}) {direct {standing}}}`,
		`{"compare":{"sharedCount":1,"onlyRight":{"totalCount":1}},"coParticipation":{"totalCount":0},"denied":{"direct":[{"standing":"REFUTED"}]}}`,
	},
	{
		"measures",
		`{centrality(by: DEGREE) {edges {score node {id}}} denied: centrality(by: DEGREE, where: {standings: [REFUTED]}) {edges {score node {id}}} communities(minSize: 1) {nodes {size}}}`,
		`{"centrality":{"edges":[{"score":2,"node":{"id":"acme"}},{"score":2,"node":{"id":"dave"}},{"score":2,"node":{"id":"meeting"}},{"score":1,"node":{"id":"carol"}},{"score":1,"node":{"id":"erin"}}]},"denied":{"edges":[{"score":2,"node":{"id":"acme"}},{"score":1,"node":{"id":"carol"}},{"score":1,"node":{"id":"meeting"}}]},"communities":{"nodes":[{"size":3},{"size":2}]}}`,
	},
	{
		"statistics",
		`{stats {links {key count} refutedLinks linksWithoutEvidence}}`,
		`{"stats":{"links":[{"key":"AFFILIATED_WITH","count":2},{"key":"PARTICIPATED_IN","count":2},{"key":"REPRESENTED_AT","count":0}`,
	},
}

// carol is the id of the link that denial.jsonl makes.
const carol = "l_4dr3kiq2fpb2eugpvqac"

func TestADenialIsNotAFact(t *testing.T) {
	everywhere(t, func(t *testing.T, s store.Store) {
		for _, q := range both.Part(t, questions) {
			got := strings.ReplaceAll(ask(t, s, strings.ReplaceAll(q.query, "CAROL", carol)), carol, "CAROL")
			if !strings.HasPrefix(got, q.want) {
				t.Errorf("%s:\n%s\nwant\n%s", q.name, got, q.want)
			}
		}
		if got := ask(t, s,
			`{stats {refutedLinks linksWithoutEvidence}}`); got != `{"stats":{"refutedLinks":2,"linksWithoutEvidence":2}}` {
			t.Errorf("statistics: %s", got)
		}
	})
}

// TestAStandingChangesWithItsEvidence gives the denied link words that support it, takes them away, and dates a source
// anew.
func TestAStandingChangesWithItsEvidence(t *testing.T) {
	const line = `{"link":"AFFILIATED_WITH","id":"` + carol + `","from":"carol","to":"acme","evidence":[`
	const denial, word = `{"source":"s_a","excerpt":"Carol never worked for Acme.","stance":"REFUTES"}`, `{"source":"s_b","excerpt":"Carol worked for Acme."}`
	everywhere(t, func(t *testing.T, s store.Store) {
		load(t, s, `{"source":"BOOK","id":"s_b","title":"B","publishedOn":"1990"}`)
		for i, step := range []struct{ lines, want string }{
			{"", `{"institution":{"people":{"nodes":[{"name":"Dave"},{"name":"Erin"}]},"denied":{"nodes":[{"name":"Carol"}]}},"link":{"standing":"REFUTED","evidence":{"nodes":[{"source":{"id":"s_a"}}]}}}`},
			{
				line + denial + "," + word + "]}",
				`{"institution":{"people":{"nodes":[{"name":"Carol"},{"name":"Dave"},{"name":"Erin"}]},"denied":{"nodes":[]}},"link":{"standing":"DISPUTED","evidence":{"nodes":[{"source":{"id":"s_b"}},{"source":{"id":"s_a"}}]}}}`,
			},
			{
				`{"source":"ARTICLE","id":"s_a","title":"Denial","publishedOn":"1989-12","text":"Carol never worked for Acme."}`,
				`{"institution":{"people":{"nodes":[{"name":"Carol"},{"name":"Dave"},{"name":"Erin"}]},"denied":{"nodes":[]}},"link":{"standing":"DISPUTED","evidence":{"nodes":[{"source":{"id":"s_a"}},{"source":{"id":"s_b"}}]}}}`,
			},
		} {
			if step.lines != "" {
				load(t, s, step.lines)
			}
			got := ask(t, s, `{institution(ref: {id: "acme"}) {people {nodes {name}} denied: people(where: {standings: [REFUTED]}) {nodes {name}}} link(id: "`+carol+`") {standing evidence {nodes {source {id}}}}}`)
			if got != step.want {
				t.Errorf("step %d:\n%s\nwant\n%s", i, got, step.want)
			}
		}
	})
}

// TestDenialsComeAndGoUnchanged exports and imports what has links of every standing.
func TestDenialsComeAndGoUnchanged(t *testing.T) {
	cat := both.Catalog(t)
	everywhere(t, func(t *testing.T, s store.Store) {
		var first, second bytes.Buffer
		if _, err := exchange.Export(t.Context(), cat, s, &first); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(first.String(), `"stance":"REFUTES"`); n != 3 {
			t.Errorf("%d denials were exported:\n%s", n, first.String())
		}
		again := storetest.NewOracle(cat, both.Clock)
		load(t, again, first.String())
		load(t, s, first.String())
		for _, from := range []store.Store{again, s} {
			second.Reset()
			if _, err := exchange.Export(t.Context(), cat, from, &second); err != nil {
				t.Fatal(err)
			}
			if second.String() != first.String() {
				t.Errorf("on %s the export was\n%s\nand is\n%s", from.Kind(), first.String(), second.String())
			}
		}
	})
}
