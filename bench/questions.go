package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
)

// params are what one request asks for.
type params struct {
	id, to                    string // people
	event, institution, theme string
	cursor, after             string // where a page of people begins: Throughline's cursor, and the name before it
	person, body              string // words of a person's name; common words of institutions' names
}

// target is a server that is asked.
type target string

// The servers.
const (
	embedded target = "embedded"
	onNeo4j  target = "neo4j"
	byHand   target = "byhand"
	peer     target = "peer"
)

// targets in the order of tables.
var targets = []target{peer, onNeo4j, byHand, embedded}

// question is one thing asked of every server that can answer it.
type question struct {
	key, title string
	ours, peer string // documents; "" where the peer cannot say it
	byHand     *statement
	vars       func(p *params) (ours, peer map[string]any)
	plain      func(p *params) url.Values // for the server by hand
	canon      func(p *params) func(map[string]any) any
}

// asks reports whether a target can be asked.
func (q *question) asks(t target) bool {
	switch t {
	case peer:
		return q.peer != ""
	case byHand:
		return q.byHand != nil
	}
	return true
}

// request makes the request of a target.
func (q *question) request(t target, host string, p *params) (request, error) {
	if t == byHand {
		return get(host, "/"+q.key+"?"+q.plain(p).Encode()), nil
	}
	document, path := q.ours, "/graphql"
	vars, theirs := q.vars(p)
	if t == peer {
		document, path = q.peer, "/"
		if theirs != nil {
			vars = theirs
		}
	}
	body, err := json.Marshal(map[string]any{"query": document, "variables": vars})
	return post(host, path, body), err
}

func canonical(*params) func(map[string]any) any { return canon }

func byID(p *params) (ours, peers map[string]any) { return map[string]any{"id": p.id}, nil }
func plainID(p *params) url.Values                { return url.Values{"id": {p.id}} }

// decade is when the events of the filtered list were.
const decadeFrom, decadeTo = "1990-01-01", "1999-12-31"

func filterVars(p *params) (ours, peers map[string]any) {
	return map[string]any{"theme": p.theme, "from": decadeFrom, "to": decadeTo}, nil
}

func plainFilter(p *params) url.Values {
	return url.Values{"theme": {p.theme}, "from": {decadeFrom}, "to": {decadeTo}}
}

const (
	oursFilter = `query Filter($theme: ID!, $from: PartialDate!, $to: PartialDate!) {
  r: events(first: 20, where: {date: {from: $from, to: $to}, linkedTo: {entity: {id: $theme}, link: {kinds: [ADDRESSED]}}}) { totalCount %s nodes { id name date: startsOn } } }`
	byHandFilter = `MATCH (:Theme {id: $theme})<-[:ADDRESSED]-(e:Event) WHERE e.date >= $from AND e.date <= $to
WITH e ORDER BY e.name WITH collect(e) AS found `
)

// questions are what is measured, in the order of the tables.
var questions = []*question{
	{
		key: "a", title: "a person by id", vars: byID, plain: plainID, canon: canonical,
		ours: `query A($id: ID!) { r: person(ref: {id: $id}) { id name born } }`,
		peer: `query A($id: String!) { r: people(where: {id: {eq: $id}}) { id name born } }`,
		byHand: &statement{
			cypher: `MATCH (p:Person {id: $id}) RETURN [p.id, p.name, p.born]`,
			row:    row{{name: "id"}, {name: "name"}, {name: "born"}},
		},
	},
	{
		key: "b", title: "person → institutions → 5 events each → themes", vars: byID, plain: plainID, canon: canonical,
		ours: `query B($id: ID!) { r: person(ref: {id: $id}) { id name affiliations { nodes { id name organized(first: 5) { nodes { id name themes { nodes { id name } } } } } } } }`,
		peer: `query B($id: String!) { r: people(where: {id: {eq: $id}}) { id name affiliations { id name organized(limit: 5, sort: [{name: ASC}]) { id name themes { id name } } } } }`,
		byHand: &statement{cypher: `MATCH (p:Person {id: $id})
CALL (p) { MATCH (p)-[:AFFILIATED_WITH]->(i:Institution)
  CALL (i) { MATCH (i)-[:ORGANIZED]->(e:Event) WITH e ORDER BY e.name LIMIT 5
    CALL (e) { MATCH (e)-[:ADDRESSED]->(t:Theme) RETURN collect([t.id, t.name]) AS themes }
    RETURN collect([e.id, e.name, themes]) AS events }
  RETURN collect([i.id, i.name, events]) AS institutions }
RETURN [p.id, p.name, institutions]`, row: named("affiliations", named("organized", named("themes", idName)))},
	},
	{
		key: "c", title: "person → quotes → themes and event", vars: byID, plain: plainID, canon: canonical,
		ours: `query C($id: ID!) { r: person(ref: {id: $id}) { id name quotes { nodes { id text themes { nodes { id name } } events { nodes { id name date: startsOn } } } } } }`,
		peer: `query C($id: String!) { r: people(where: {id: {eq: $id}}) { id name quotes { id text themes { id name } events { id name date } } } }`,
		byHand: &statement{
			cypher: `MATCH (p:Person {id: $id}) RETURN [p.id, p.name, [(p)-[:SAID]->(q:Quote) |
  [q.id, q.text, [(q)-[:ABOUT]->(t:Theme) | [t.id, t.name]], [(q)-[:SAID_AT]->(e:Event) | [e.id, e.name, e.date]]]]]`,
			row: named("quotes", row{
				{name: "id"},
				{name: "text"},
				{name: "themes", list: idName},
				{name: "events", list: row{{name: "id"}, {name: "name"}, {name: "date"}}},
			}),
		},
	},
	{
		key: "d", title: "50 people × 3 affiliations", canon: canonical,
		ours: `query D($after: String!) { r: people(first: 50, after: $after) { nodes { id name affiliations(first: 3) { edges { role since node { id name } } } } } }`,
		peer: `query D($after: String!) { r: people(where: {name: {gt: $after}}, sort: [{name: ASC}], limit: 50) { id name
  affiliations: affiliationsConnection(first: 3, sort: [{node: {name: ASC}}]) { edges { properties { role since } node { id name } } } } }`,
		byHand: &statement{
			cypher: `MATCH (p:Person) WHERE p.name > $after WITH p ORDER BY p.name LIMIT 50
RETURN [p.id, p.name, COLLECT { MATCH (p)-[r:AFFILIATED_WITH]->(i:Institution) RETURN [r.role, r.since, i.id, i.name] ORDER BY i.name LIMIT 3 }]`,
			row: named("affiliations", row{{name: "role"}, {name: "since"}, {name: "id"}, {name: "name"}}),
		},
		vars: func(p *params) (ours, peers map[string]any) {
			return map[string]any{"after": p.cursor}, map[string]any{"after": p.after}
		},
		plain: func(p *params) url.Values { return url.Values{"after": {p.after}} },
	},
	{
		key: "e", title: "people by two words of a name",
		ours: `query E($text: String!) { r: search(text: $text, types: [PERSON], first: 10) { edges { score node { id name } } } }`,
		peer: `query E($text: String!) { r: peopleByName(phrase: $text, first: 10) { edges { score node { id name } } } }`,
		byHand: &statement{
			cypher: `CALL db.index.fulltext.queryNodes('personName', $text, {limit: 10}) YIELD node, score RETURN [score, node.id, node.name]`,
			row:    scored,
		},
		vars: func(p *params) (ours, peers map[string]any) {
			return map[string]any{"text": p.person}, map[string]any{"text": every(p.person)}
		},
		plain: func(p *params) url.Values { return url.Values{"text": {every(p.person)}} },
		canon: func(p *params) func(map[string]any) any { return hits(p.person, 10) },
	},
	{
		key: "common", title: "institutions by two common words",
		ours: `query Common($text: String!) { r: search(text: $text, types: [INSTITUTION], first: 10) { edges { score node { id name } } } }`,
		peer: `query Common($text: String!) { r: institutionsByName(phrase: $text, first: 10) { edges { score node { id name } } } }`,
		byHand: &statement{
			cypher: `CALL db.index.fulltext.queryNodes('institutionName', $text, {limit: 10}) YIELD node, score RETURN [score, node.id, node.name]`,
			row:    scored,
		},
		vars: func(p *params) (ours, peers map[string]any) {
			return map[string]any{"text": p.body}, map[string]any{"text": every(p.body)}
		},
		plain: func(p *params) url.Values { return url.Values{"text": {every(p.body)}} },
		canon: func(p *params) func(map[string]any) any { return hits(p.body, 10) },
	},
	{
		key: "f", title: "shortest path between two people",
		ours: `query F($id: ID!, $to: ID!) { r: paths(from: {id: $id}, to: {id: $to}, first: 1, hubPenalty: 0, maxLength: 8) { nodes { nodes { id type } } } }`,
		peer: `query F($id: String!, $to: String!) { r: shortestPath(from: $id, to: $to) { id label } }`,
		byHand: &statement{
			cypher: `MATCH (a:Person {id: $id}), (b:Person {id: $to}) MATCH p = shortestPath((a)-[*..8]-(b)) UNWIND nodes(p) AS n RETURN [n.id, labels(n)[0]]`,
			row:    row{{name: "id"}, {name: "label"}},
		},
		vars:  func(p *params) (ours, peers map[string]any) { return map[string]any{"id": p.id, "to": p.to}, nil },
		plain: func(p *params) url.Values { return url.Values{"id": {p.id}, "to": {p.to}} },
		canon: func(*params) func(map[string]any) any { return hops },
	},
	{
		key: "filter", title: "events of a theme in ten years, 20, with totalCount", vars: filterVars, plain: plainFilter, canon: canonical,
		ours: fmt.Sprintf(oursFilter, ""),
		peer: `query Filter($theme: String!, $from: String!, $to: String!) {
  r: eventsConnection(first: 20, where: {date: {gte: $from, lte: $to}, themes: {some: {id: {eq: $theme}}}}, sort: [{name: ASC}]) { totalCount edges { node { id name date } } } }`,
		byHand: &statement{
			cypher: byHandFilter + `RETURN [size(found), [e IN found[..20] | [e.id, e.name, e.date]]]`,
			row:    row{{name: "totalCount"}, {name: "nodes", list: row{{name: "id"}, {name: "name"}, {name: "date"}}}},
		},
	},
	{
		key: "facets", title: "the same with facets by theme", vars: filterVars, plain: plainFilter, canon: canonical,
		ours: fmt.Sprintf(oursFilter, "facets(by: [THEME]) { buckets { key count } }"),
		byHand: &statement{
			cypher: byHandFilter + `CALL (found) { UNWIND found AS e MATCH (e)-[:ADDRESSED]->(t:Theme) WITH t.id AS id, count(*) AS n ORDER BY n DESC, id LIMIT 100 RETURN collect([id, n]) AS buckets }
RETURN [size(found), [[buckets]], [e IN found[..20] | [e.id, e.name, e.date]]]`,
			row: row{{name: "totalCount"}, {name: "facets", list: row{{
				name: "buckets",
				list: row{
					{name: "key"},
					{name: "count"},
				},
			}}}, {name: "nodes", list: row{{name: "id"}, {name: "name"}, {name: "date"}}}},
		},
	},
	{
		key: "evidence", title: "evidence, four levels deep", vars: byID, plain: plainID, canon: canonical,
		ours: `query Evidence($id: ID!) { r: person(ref: {id: $id}) { name affiliations { edges { role node { name organized(first: 5) { edges { node { name date: startsOn
  themes { edges { node { name } link { evidence { nodes { excerpt source { title } } } } } } } } } } } } } }`,
		peer: `query Evidence($id: String!) { r: people(where: {id: {eq: $id}}) { name affiliations: affiliationsConnection { edges { properties { role } node { name
  organized: organizedConnection(first: 5, sort: [{node: {name: ASC}}]) { edges { node { name date themes: themesConnection { edges { node { name } properties { excerpts titles } } } } } } } } } } }`,
		byHand: &statement{
			cypher: `MATCH (p:Person {id: $id})
CALL (p) { MATCH (p)-[a:AFFILIATED_WITH]->(i:Institution)
  CALL (i) { MATCH (i)-[:ORGANIZED]->(e:Event) WITH e ORDER BY e.name LIMIT 5
    CALL (e) { MATCH (e)-[r:ADDRESSED]->(t:Theme) RETURN collect([t.name, r.excerpts, r.titles]) AS themes }
    RETURN collect([e.name, e.date, themes]) AS events }
  RETURN collect([a.role, i.name, events]) AS institutions }
RETURN [p.name, institutions]`,
			row: row{{name: "name"}, {name: "affiliations", list: row{
				{name: "role"},
				{name: "name"},
				{name: "organized", list: row{{name: "name"}, {name: "date"}, {name: "themes", list: row{
					{name: "name"}, {name: "excerpts"}, {name: "titles"},
				}}}},
			}}},
		},
	},
	{
		key: "aliases", title: "three things under three aliases", canon: canonical,
		ours: `query Aliases($id: ID!, $event: ID!, $institution: ID!) {
  p: person(ref: {id: $id}) { id name born } e: event(ref: {id: $event}) { id name themes { nodes { id name } } } i: institution(ref: {id: $institution}) { id name organized(first: 5) { nodes { id name } } } }`,
		peer: `query Aliases($id: String!, $event: String!, $institution: String!) {
  p: people(where: {id: {eq: $id}}) { id name born } e: events(where: {id: {eq: $event}}) { id name themes { id name } } i: institutions(where: {id: {eq: $institution}}) { id name organized(limit: 5, sort: [{name: ASC}]) { id name } } }`,
		byHand: &statement{
			cypher: `MATCH (p:Person {id: $id}) MATCH (e:Event {id: $event}) MATCH (i:Institution {id: $institution})
RETURN [[[p.id, p.name, p.born]], [[e.id, e.name, [(e)-[:ADDRESSED]->(t:Theme) | [t.id, t.name]]]],
  [[i.id, i.name, COLLECT { MATCH (i)-[:ORGANIZED]->(o:Event) RETURN [o.id, o.name] ORDER BY o.name LIMIT 5 }]]]`,
			row: row{
				{name: "p", list: row{{name: "id"}, {name: "name"}, {name: "born"}}},
				{name: "e", list: named("themes", idName)},
				{name: "i", list: named("organized", idName)},
			}, bare: true,
		},
		vars: func(p *params) (ours, peers map[string]any) {
			return map[string]any{"id": p.id, "event": p.event, "institution": p.institution}, nil
		},
		plain: func(p *params) url.Values {
			return url.Values{"id": {p.id}, "event": {p.event}, "institution": {p.institution}}
		},
	},
	{
		key: "subgraph", title: "surroundings, depth 2, 200 nodes", vars: byID, canon: canonical,
		ours: `query Subgraph($id: ID!) { r: subgraph(seeds: [{id: $id}], depth: 2, maxNodes: 200) { truncated nodes { id name } links { kind from { id } to { id } } } }`,
	},
}

var (
	idName = row{{name: "id"}, {name: "name"}}
	scored = row{{name: "score"}, {name: "id"}, {name: "name"}}
)

// named is a row of id, name and a list.
func named(list string, of row) row { return row{{name: "id"}, {name: "name"}, {name: list, list: of}} }

// every says in the language of Neo4j's full-text index that every word must be there, as Throughline's search wants
// it.
func every(words string) string {
	out := []byte{'+'}
	for i := range len(words) {
		out = append(out, words[i])
		if words[i] == ' ' {
			out = append(out, '+')
		}
	}
	return string(out)
}

// page is where a page of people begins.
type page struct{ cursor, after string }

// names are words that are searched for: two of the name of somebody, or of some institution, that is there. What
// nobody has is no question to compare by, as Throughline then answers with what has one of the words.
type names struct{ people, institutions []string }

// noting notes names while a graph is made.
type noting struct {
	sink
	names *names
}

func (s noting) node(n node) error {
	if w := strings.Fields(n.Name); n.Type == "PERSON" && len(s.names.people) < requests {
		s.names.people = append(s.names.people, w[0]+" "+w[2]) // given and family name
	} else if n.Type == "INSTITUTION" && len(s.names.institutions) < requests {
		s.names.institutions = append(s.names.institutions, w[0]+" "+w[2]) // such as Council … civic
	}
	return s.sink.node(n)
}

// draw makes the parameters of n requests, the same for the same data.
func draw(n, people int, pages []page, known *names) []params {
	r := rand.New(rand.NewPCG(7, uint64(people)))
	s := sizeOf(people)
	out := make([]params, n)
	for i := range out {
		pg := pages[r.IntN(len(pages))]
		out[i] = params{
			id: personID(r.IntN(s.people - island)), to: personID(r.IntN(s.people - island)),
			event: eventID(r.IntN(s.events)), institution: institutionID(r.IntN(s.institutions - 1)), theme: themeID(r.IntN(50)),
			cursor: pg.cursor, after: pg.after,
			person: known.people[r.IntN(len(known.people))],
			body:   known.institutions[r.IntN(len(known.institutions))],
		}
		for out[i].to == out[i].id {
			out[i].to = personID(r.IntN(s.people - island))
		}
	}
	return out
}
