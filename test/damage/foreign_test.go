package damage_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/neotest"
	"github.com/throughline/throughline/internal/sample"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/neo4jstore"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
	"github.com/throughline/throughline/internal/web"
)

// doors are ways to read that the tour does not show, or shows less of.
var doors = map[string]string{
	"node":      `{ node(id: "mary-kaldor") { ... on Person { name links(first: 50) { totalCount edges { direction link { id kind role } node { ... on Entity { id name } } } facets(by: [KIND, ROLE, SOURCE, OTHER_TYPE]) { buckets { key count } } } } } }`,
	"theirs":    `{ nodes(ids: ["theirs", "theirs2", "s_theirs", "l_theirs"]) { id } }`,
	"named":     `{ person(ref: {name: "Theirs"}) { id } }`,
	"sources":   `{ sources { totalCount nodes { id title links { totalCount } } } }`,
	"links":     `{ links(first: 100) { totalCount edges { link { id sentence } } } }`,
	"linkedTo":  `{ people(where: {linkedTo: {where: {types: [THEME]}}}) { totalCount nodes { id } } }`,
	"linkCount": `{ people(orderBy: [{field: LINK_COUNT, direction: DESC}]) { nodes { id links { totalCount } } } }`,
	"stats":     `{ stats { entities { key count } links { key count } refutedLinks sources linksWithoutEvidence unverifiedExcerpts } }`,
	"degree":    `{ centrality(by: DEGREE, first: 100) { edges { score node { id } } } }`,
	"rank":      `{ centrality(by: PAGE_RANK, first: 100) { edges { score node { id } } } }`,
	"groups":    `{ communities(first: 10) { modularity nodes { size internalLinks externalLinks members(first: 20) { nodes { id } } } } }`,
	"around":    `{ subgraph(seeds: [{name: "NATO"}], depth: 2) { nodes { id } links { id } } }`,
	"paths":     `{ paths(from: {id: "mary-kaldor"}, to: {name: "NATO"}, first: 20) { nodes { cost narrative } } }`,
	"match":     `{ match(pattern: [{node: {types: [PERSON]}}, {link: {}}, {node: {}}, {link: {}}, {node: {types: [THEME]}}], first: 50) { nodes { narrative } } }`,
	"estimate":  `{ match(dryRun: true, pattern: [{node: {types: [PERSON]}}, {link: {}}, {node: {}}]) { report { estimatedNodes stages { description estimatedNodes } } } }`,
	"search":    `{ search(text: "theirs security", first: 50) { totalCount nodes: edges { node { ... on Entity { id } ... on Source { id } } } } }`,
}

// theirs are edits of others that leave all of ours as it is: none of what they make has our marks.
var theirs = map[string]string{
	"links of our kinds beside ours":   "MATCH (a:Entity)-[r]->(b:Entity) WHERE r.id STARTS WITH 'l_' CALL (a, r, b) { CREATE (a)-[x:$(type(r)) {role: 'theirs', since: 3}]->(b) }",
	"links of all kinds between two":   "MATCH (a:Person {id: 'mary-kaldor'}), (b:Entity) WHERE b.name IN ['NATO', 'human security'] CREATE (a)-[:AFFILIATED_WITH]->(b), (b)-[:ABOUT {id: id(b)}]->(a), (a)-[:PART_OF {id: 'theirs ' + b.id, sources: b.sources}]->(b), (a)-[:REFUTED {kind: 'ABOUT'}]->(b)",
	"links that name our sources":      "MATCH (a:Person {id: 'mary-kaldor'}), (b:Theme), (s:Source) WITH a, b, collect(s.id) AS ids CREATE (a)-[:SAID {sources: ids, sourceCount: 0, _unverified: 5}]->(b)",
	"links of other types":             "MATCH (a:Person), (b:Theme) CREATE (a)-[:KNOWS {id: 'l_theirs'}]->(b)",
	"nodes with our labels":            "MATCH (a:Entity {id: 'mary-kaldor'}) CREATE (p:Person:Entity {name: 'Theirs'})-[:AFFILIATED_WITH]->(i:Institution:Entity {name: 'Theirs'}), (p)-[:SAID]->(a), (a)-[:AFFILIATED_WITH]->(i), (:Person {id: 'theirs', name: 'Theirs'}), (:Person:Entity {id: 'theirs2', name: 'Theirs'}), (:Source {id: 's_theirs', title: 'Theirs'}), (:Theme {name: 'human security'})",
	"our mark on links of their nodes": "MATCH (a:Entity {id: 'mary-kaldor'}) CREATE (a)-[:SAID]->(:Quote:Entity {name: 'Theirs'})-[:ABOUT]->(:Theme {name: 'Theirs'})",
}

// question is a request that reads.
type question struct {
	name    string
	request graph.Request
}

// questions are the doors and the tour.
func questions(t *testing.T) (all []question) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(doors)) {
		all = append(all, question{name, graph.Request{Query: doors[name]}})
	}
	for _, q := range web.Tour() {
		var variables map[string]any
		if q.Variables != nil {
			if err := json.Unmarshal(q.Variables, &variables); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, question{"tour: " + q.Title, graph.Request{Query: q.Document, Variables: variables}})
	}
	return all
}

// TestWhatIsNotOursIsNotSeen edits the database with plain Cypher, and reads it through every door: it reads as before.
func TestWhatIsNotOursIsNotSeen(t *testing.T) {
	cat := both.Catalog(t)
	s := both.Neo4j(t, cat)(t)
	srv := neotest.Start(t)
	d, err := neo4j.NewDriverWithContext(srv.URL, neo4j.BasicAuth(srv.User, srv.Password, ""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close(context.Background()) })
	run := func(statement string) {
		t.Helper()
		if _, err := neo4j.ExecuteQuery(t.Context(), d, statement, nil, neo4j.EagerResultTransformer); err != nil {
			t.Fatal(statement, err)
		}
	}
	if _, err := sample.Load(t.Context(), cat, s); err != nil {
		t.Fatal(err)
	}
	// another server, which keeps an adjacency and shares statements
	other, err := neo4jstore.Open(t.Context(), neo4jstore.Options{
		URL: srv.URL, User: srv.User, Password: srv.Password, Catalog: cat, Now: both.Clock, AdjacencyLinks: 1_000_000, Share: neo4jstore.Shared,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := other.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	asked := storetest.Part(t, questions(t))
	read := func(s store.Store) map[string]string {
		t.Helper()
		e, err := graph.New(graph.Options{Catalog: cat, Store: s, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, q := range asked {
			r := e.Do(t.Context(), &q.request)
			out[q.name] = string(r.AppendJSON(nil))
			r.Release()
			if strings.Contains(out[q.name], "VALIDATION") || strings.Contains(out[q.name], "COST_LIMIT") {
				t.Fatal(q.name, out[q.name])
			}
		}
		var lines bytes.Buffer
		if _, err := exchange.Export(t.Context(), cat, s, &lines); err != nil {
			t.Fatal(err)
		}
		out["export"] = lines.String()
		n, err := s.Check(t.Context(), func(d store.Damage) error { t.Errorf("a check finds %v", d); return nil })
		if err != nil {
			t.Fatal(err)
		}
		j, _ := json.Marshal(n)
		out["check"] = string(j)
		return out
	}
	before := read(s)
	if diff := cmp.Diff(before, read(other)); diff != "" {
		t.Error("two servers differ", diff)
	}
	if !strings.Contains(before["export"], `"link":`) {
		t.Error("there are no links to look at", before["export"])
	}
	for name, statement := range theirs {
		t.Run(name, func(t *testing.T) {
			run(statement)
			for i, s := range []store.Store{s, other, s, other} { // surveyed and not
				if diff := cmp.Diff(before, read(s)); diff != "" {
					t.Errorf("%d: %s", i, diff)
				}
			}
			run("MATCH ()-[r]->() WHERE (r.id IS NULL OR r:KNOWS OR NOT r.id STARTS WITH 'l_') AND NOT r:ALIAS_OF|IDENTIFIES DELETE r")
			run("MATCH (n:Entity|Source|Person|Theme) WHERE n._sort IS NULL DETACH DELETE n")
		})
	}
}
