// Package damage_test changes what a store holds behind its back, and asks for it: damage is told, and never served.
package damage_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/edit"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/neotest"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

const lines = `{"source":"ARTICLE","id":"s_a","title":"A","publisher":"P","authors":["W"],"publishedOn":"2020"}
{"source":"ARTICLE","id":"s_b","title":"B","publisher":"P","authors":["W"],"publishedOn":"2021"}
{"node":"PERSON","id":"ann","name":"Ann","aliases":["A."],"description":"One","born":"1950","externalIds":[{"scheme":"x","value":"1"}]}
{"node":"PERSON","id":"bob","name":"Bob","aliases":["B."],"description":"Two","born":"1960"}
{"node":"EVENT","id":"fair","name":"Fair","startsOn":"2001","attendance":7}
{"node":"EVENT","id":"gala","name":"Gala","startsOn":"2002","attendance":8}
{"link":"PARTICIPATED_IN","id":"l_a","from":"ann","to":"fair","role":"guest","since":"2001","evidence":[{"source":"s_a","excerpt":"Ann came"}]}
{"link":"PARTICIPATED_IN","id":"l_b","from":"bob","to":"gala","role":"host","since":"2002","evidence":[{"source":"s_b","excerpt":"Bob came"}]}
`

// everything lists all that lines hold, each list under a key of its own.
const everything = `{
  people { nodes { id name aliases description born externalIds { scheme value } createdAt updatedAt } }
  events { nodes { id name startsOn attendance } }
  sources { nodes { id title publisher authors publishedOn text } }
  links { nodes: edges { link { id role since until updatedAt evidence { nodes { excerpt stance source { id } } } } } }
}`

// rows are the entries of an answer's lists, as JSON.
func rows(t *testing.T, data []byte) map[string]string {
	t.Helper()
	var lists map[string]struct{ Nodes []json.RawMessage }
	if err := json.Unmarshal(data, &lists); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	out := map[string]string{}
	for name, list := range lists {
		for _, n := range list.Nodes {
			var r struct {
				ID   string
				Link struct{ ID string }
			}
			if err := json.Unmarshal(n, &r); err != nil {
				t.Fatal(err)
			}
			out[name+" "+r.ID+r.Link.ID] = string(n)
		}
	}
	return out
}

// refused holds that every way that reads a record whole refuses a damaged one, and leaves it as it is: an export, reads
// before a write and the writes themselves. held returns what is held.
func refused(t *testing.T, cat *catalog.Catalog, s store.Store, change, id string, held func() string) {
	t.Helper()
	was := held()
	set := map[string]any{"description": "Another"}
	switch id[:2] {
	case kg.SourcePrefix:
		set = map[string]any{"url": "https://example.org/another"}
	case kg.LinkPrefix:
		set = map[string]any{"until": "2003"}
	}
	apply := func(e edit.Edit, a edit.About) error {
		_, err := edit.Apply(t.Context(), cat, s, e, a)
		return err
	}
	for way, err := range map[string]error{
		"an export": func() error {
			_, err := exchange.Export(t.Context(), cat, s, io.Discard)
			return err
		}(),
		"records by their ids": func() error {
			_, err := s.Records(t.Context(), []string{id})
			return err
		}(),
		"a change":            apply(&edit.Update{ID: id, Set: set}, edit.About{}), // what it looks at is read ahead
		"a change in a trial": apply(&edit.Update{ID: id, Set: set}, edit.About{DryRun: true}),
		"an import over it": func() error {
			_, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("lines", []byte(lines))},
				exchange.Options{Replace: true})
			return err
		}(),
	} {
		if kg.CodeOf(err) != kg.Corrupt || !strings.Contains(err.Error(), id) {
			t.Errorf("%s: %s of %s: %v", change, way, id, err)
		}
	}
	if diff := cmp.Diff(was, held()); diff != "" {
		t.Errorf("%s: it was written: %s", change, diff)
	}
}

// TestWhatOthersWroteIsToldApart writes into Neo4j what this program never would.
func TestWhatOthersWroteIsToldApart(t *testing.T) {
	cat := both.Catalog(t)
	open := both.Neo4j(t, cat)
	srv := neotest.Start(t)
	d, err := neo4j.NewDriverWithContext(srv.URL, neo4j.BasicAuth(srv.User, srv.Password, ""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close(context.Background()) })
	s := open(t)
	fill := func() {
		t.Helper()
		if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("lines", []byte(lines))},
			exchange.Options{Replace: true}); err != nil {
			t.Fatal(err)
		}
	}
	fill()
	var log bytes.Buffer
	e, err := graph.New(graph.Options{
		Catalog: cat, Store: s, ServeTexts: true,
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	ask := func() (map[string]string, *graph.Response) {
		r := e.Do(t.Context(), &graph.Request{Query: everything})
		t.Cleanup(r.Release)
		return rows(t, r.Data), r
	}
	n, err := s.Check(t.Context(), func(d store.Damage) error {
		t.Errorf("nothing is damaged, and a check finds %v",
			d)
		return nil
	})
	if err != nil || n != (store.Checked{Sources: 2, Nodes: 4, Links: 2}) {
		t.Errorf("a check reads %v, %v", n, err)
	}
	whole, r := ask()
	if len(r.Errors) > 0 || len(whole) != 8 {
		t.Fatal(r.Errors, whole)
	}
	// now: what is told of the record then; "" when it is left out
	for _, c := range []struct{ change, where, id, now string }{
		{"(n:Person {id: 'ann'}) SET n.born = 1950", "people", "ann", `"born":null`},
		{"(n:Person {id: 'ann'}) SET n.born = 'in May'", "people", "ann", `"born":null`},
		{"(n:Person {id: 'ann'}) SET n.name = 42", "people", "ann", ""},
		{"(n:Person {id: 'ann'}) REMOVE n.name", "people", "ann", ""},
		{"(n:Person {id: 'ann'}) SET n.aliases = 'A.'", "people", "ann", ""},
		{"(n:Person {id: 'ann'}) SET n.aliases = [1, 2]", "people", "ann", ""},
		{"(n:Person {id: 'ann'}) SET n.description = ['One']", "people", "ann", `"description":null`},
		{"(n:Person {id: 'ann'}) SET n.createdAt = 'yesterday'", "people", "ann", ""},
		{"(n:Event {id: 'fair'}) SET n.attendance = 'many'", "events", "fair", `"attendance":null`},
		{"(n:Event {id: 'fair'}) SET n.attendance = 7.5", "events", "fair", `"attendance":null`},
		{"(n:Event {id: 'fair'}) SET n.startsOn = date('2001-01-01')", "events", "fair", `"startsOn":null`},
		{"(n:Source {id: 's_a'}) SET n.publisher = true", "sources", "s_a", `"publisher":null`},
		{"(n:Source {id: 's_a'}) SET n.title = 1", "sources", "s_a", ""},
		{"(n:Source {id: 's_a'}) SET n.text = 5", "sources", "s_a", `"text":null`},
		{"()-[n:PARTICIPATED_IN {id: 'l_a'}]->() SET n.role = 5", "links", "l_a", `"role":null`},
		{"()-[n:PARTICIPATED_IN {id: 'l_a'}]->() SET n.since = 2001", "links", "l_a", `"since":null`},
		{"()-[n:PARTICIPATED_IN {id: 'l_a'}]->() SET n.updatedAt = 'today'", "links", "l_a", ""},
		{"()-[n:PARTICIPATED_IN {id: 'l_a'}]->() SET n.sources = [5]", "links", "l_a", `"evidence":{"nodes":[]}`},
		{"()-[n:PARTICIPATED_IN {id: 'l_a'}]->() SET n.excerpts = 5", "links", "l_a", `"evidence":{"nodes":[]}`},
		{"()-[n:PARTICIPATED_IN {id: 'l_a'}]->() SET n.excerpts = [5]", "links", "l_a", `"evidence":{"nodes":[]}`},
		{"()-[n:PARTICIPATED_IN {id: 'l_a'}]->() SET n.excerpts = ['Ann', 'came']", "links", "l_a", `"evidence":{"nodes":[]}`},
		{"()-[n:PARTICIPATED_IN {id: 'l_a'}]->() SET n.stances = 'SUPPORTS'", "links", "l_a", `"evidence":{"nodes":[]}`},
	} {
		log.Reset()
		if _, err := neo4j.ExecuteQuery(t.Context(), d, "MATCH "+c.change, nil,
			neo4j.EagerResultTransformer); err != nil {
			t.Fatal(c.change, err)
		}
		got, r := ask()
		key := c.where + " " + c.id
		if row, there := got[key]; there != (c.now != "") || !strings.Contains(row, c.now) {
			t.Errorf("%s: the record is %q, want %q", c.change, row, c.now)
		}
		rest := maps.Clone(whole)
		delete(rest, key)
		delete(got, key)
		if diff := cmp.Diff(rest, got); diff != "" {
			t.Errorf("%s: the others: %s", c.change, diff)
		}
		if !slices.ContainsFunc(r.Errors, func(err *gqlerror.Error) bool {
			return err.Path.String() == c.where && err.Extensions["code"] == "CORRUPT"
		}) || r.Code() != "CORRUPT" {
			t.Errorf("%s: the errors are %v", c.change, r.Errors)
		}
		var damaged []store.Damage
		if _, err := s.Check(t.Context(), func(d store.Damage) error {
			damaged = append(damaged,
				d)
			return nil
		}); err != nil || len(damaged) != 1 || damaged[0].ID != c.id {
			t.Errorf("%s: a check finds %v, %v", c.change, damaged, err)
		}
		refused(t, cat, s, c.change, c.id, func() string {
			t.Helper()
			pattern, _, _ := strings.Cut(strings.Replace(c.change, " REMOVE ", " SET ", 1), " SET ")
			r, err := neo4j.ExecuteQuery(t.Context(), d, "MATCH "+pattern+" RETURN properties(n)", nil, neo4j.EagerResultTransformer)
			if err != nil || len(r.Records) != 1 {
				t.Fatal(err, r)
			}
			return fmt.Sprint(r.Records[0].Values[0])
		})
		if !strings.Contains(log.String(), c.id) {
			t.Errorf("%s: the log does not name the record: %s", c.change, log.String())
		}
		if _, err := neo4j.ExecuteQuery(t.Context(), d, "MATCH (n) WHERE NOT n:ThroughlineMeta DETACH DELETE n", nil,
			neo4j.EagerResultTransformer); err != nil {
			t.Fatal(err)
		}
		fill()
	}
	// the source that a link rests on is gone
	log.Reset()
	if _, err := neo4j.ExecuteQuery(t.Context(), d, "MATCH ()-[n:PARTICIPATED_IN {id: 'l_a'}]->() SET n.sources = ['s_gone']", nil,
		neo4j.EagerResultTransformer); err != nil {
		t.Fatal(err)
	}
	got, r := ask()
	if len(got) != len(whole) || !strings.Contains(got["links l_a"], `"evidence":{"nodes":[]}`) || r.Code() != "CORRUPT" || !strings.Contains(log.String(), "l_a") {
		t.Errorf("of a link on a source that is gone is told %v, %v, and in the log %s", got, r.Errors, log.String())
	}
}
