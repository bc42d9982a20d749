package main

import (
	"context"
	"fmt"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
)

// Their graph is the generated graph as one would keep it in Neo4j for the peer and the server by hand: nodes with the
// labels of their types, the properties that are asked for, and evidence as lists on the relationships. It has nothing
// of Throughline's layout.

// theirSink loads it in batches.
type theirSink struct {
	ctx     context.Context //nolint:containedctx // it lives as long as one load
	session neo4j.SessionWithContext
	titles  map[string]string // of sources
	nodes   map[string][]any  // rows by label
	links   map[string][]any  // rows by the statement that writes them
	linking bool              // every node is written
}

const theirBatch = 5000

var labels = map[string]string{
	"PERSON": "Person", "INSTITUTION": "Institution", "EVENT": "Event", "QUOTE": "Quote",
	"THEME": "Theme",
}

// labelOf returns the label by the first letter of an id.
var labelOf = map[byte]string{'p': "Person", 'i': "Institution", 'e': "Event", 'q': "Quote", 't': "Theme"}

func (s *theirSink) run(cypher string, args map[string]any) error {
	res, err := s.session.Run(s.ctx, cypher, args)
	if err == nil {
		_, err = res.Consume(s.ctx)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", cypher, err)
	}
	return nil
}

func (s *theirSink) source(v source) error {
	s.titles[v.ID] = v.Title
	return nil
}

func (s *theirSink) node(n node) error {
	p := map[string]any{"id": n.ID}
	set := func(k string, v any, there bool) {
		if there {
			p[k] = v
		}
	}
	set("name", n.Name, n.Type != "QUOTE")
	set("text", n.Text, n.Text != "")
	set("description", n.Description, n.Description != "")
	set("date", n.Date, n.Date != "")
	set("born", int64(n.Year), n.Type == "PERSON")
	set("founded", int64(n.Year), n.Type == "INSTITUTION")
	label := labels[n.Type]
	s.nodes[label] = append(s.nodes[label], p)
	if len(s.nodes[label]) == theirBatch {
		return s.flushNodes(label)
	}
	return nil
}

func (s *theirSink) flushNodes(label string) error {
	rows := s.nodes[label]
	s.nodes[label] = rows[:0:0]
	return s.run("UNWIND $rows AS row CREATE (n:"+label+") SET n = row", map[string]any{"rows": rows})
}

func (s *theirSink) link(l link) error {
	if !s.linking {
		s.linking = true
		for label := range s.nodes {
			if err := s.flushNodes(label); err != nil {
				return err
			}
		}
	}
	p := map[string]any{}
	if l.Role != "" {
		p["role"] = l.Role
	}
	if l.Since != 0 {
		p["since"] = int64(l.Since)
	}
	excerpts, titles := make([]any, len(l.Evidence)), make([]any, len(l.Evidence))
	for i, e := range l.Evidence {
		excerpts[i], titles[i] = e.Excerpt, s.titles[e.Source]
	}
	p["excerpts"], p["titles"] = excerpts, titles
	into := fmt.Sprintf("UNWIND $rows AS row MATCH (a:%s {id: row[0]}) MATCH (b:%s {id: row[1]}) "+
		"CREATE (a)-[r:%s]->(b) SET r = row[2]",
		labelOf[l.From[0]], labelOf[l.To[0]], l.Kind)
	s.links[into] = append(s.links[into], []any{l.From, l.To, p})
	if len(s.links[into]) == theirBatch {
		return s.flushLinks(into)
	}
	return nil
}

func (s *theirSink) flushLinks(into string) error {
	rows := s.links[into]
	s.links[into] = rows[:0:0]
	return s.run(into, map[string]any{"rows": rows})
}

// loadTheirs fills an empty Neo4j with their graph.
func loadTheirs(ctx context.Context, url, user, password string, people int, seed uint64) error {
	d, err := neo4j.NewDriverWithContext(url, neo4j.BasicAuth(user, password, ""))
	if err != nil {
		return err
	}
	defer d.Close(ctx)
	session := d.NewSession(ctx, neo4j.SessionConfig{})
	defer session.Close(ctx)
	s := &theirSink{
		ctx: ctx, session: session, titles: map[string]string{}, nodes: map[string][]any{},
		links: map[string][]any{},
	}
	var before []string
	for _, l := range labels {
		before = append(before, "CREATE CONSTRAINT "+l+"_id FOR (n:"+l+") REQUIRE n.id IS UNIQUE")
	}
	before = append(before,
		"CREATE INDEX Person_name FOR (n:Person) ON (n.name)", // pages of people by name
		"CREATE INDEX Event_date FOR (n:Event) ON (n.date)",
		"CREATE FULLTEXT INDEX personName FOR (n:Person) ON EACH [n.name]",
		"CREATE FULLTEXT INDEX institutionName FOR (n:Institution) ON EACH [n.name]",
		"CALL db.awaitIndexes(300)")
	for _, c := range before {
		if err := s.run(c, nil); err != nil {
			return err
		}
	}
	if _, _, err := generate(people, seed, s); err != nil {
		return err
	}
	for into := range s.links {
		if err := s.flushLinks(into); err != nil {
			return err
		}
	}
	for _, c := range []string{"CALL db.awaitIndexes(300)", "CALL db.prepareForReplanning(60)"} {
		if err := s.run(c, nil); err != nil {
			return err
		}
	}
	return nil
}
