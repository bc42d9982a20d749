package neo4jstore_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// floor is the hand-written Cypher the store is measured against, on a graph kept as somebody would who only wants
// these four questions answered: a few properties a node, an index on each label's id, nothing ordered.
var floor = map[string]string{
	"point": `MATCH (p:FPerson {id:$id}) RETURN [p.id, p.name, p.born]`,
	"chain": `MATCH (p:FPerson {id:$id})
CALL (p) { MATCH (p)-[:F_AFFILIATED_WITH]->(i:FInstitution)
  CALL (i) { MATCH (i)-[:F_ORGANIZED]->(e:FEvent)
    CALL (e) { MATCH (e)-[:F_ADDRESSED]->(t:FTheme) RETURN collect([t.id, t.name]) AS ts }
    RETURN collect([e.id, e.name, ts]) AS es }
  RETURN collect([i.id, i.name, es]) AS is }
RETURN [p.id, p.name, is]`,
	"quotes": `MATCH (p:FPerson {id:$id}) RETURN [p.id, p.name,
  [(p)-[:F_SAID]->(q:FQuote) | [q.id, q.text, [(q)-[:F_ABOUT]->(t:FTheme) | [t.id, t.name]], [(q)-[:F_SAID_AT]->(e:FEvent) | [e.id, e.name, e.startsOn]]]]]`,
	"list": `MATCH (p:FPerson) WHERE p.id > $id WITH p ORDER BY p.id LIMIT 50
RETURN [p.id, p.name, COLLECT { MATCH (p)-[r:F_AFFILIATED_WITH]->(i:FInstitution) RETURN [r.role, r.since, i.id, i.name] ORDER BY i.id LIMIT 3 }]`,
}

// loadFloor writes the same graph in the floor's layout, under labels and types of its own.
func loadFloor(d *outside, cat *catalog.Catalog, nodes []*kg.Node, links []*kg.Link) {
	byLabel, byType := map[string][]any{}, map[string][]any{}
	label := map[string]string{}
	for _, n := range nodes {
		p := map[string]any{"id": n.ID, "name": n.Name}
		for k, v := range n.Props {
			p[k] = v
		}
		label[n.ID] = "F" + cat.TypeOf(n.Type).Name
		byLabel[label[n.ID]] = append(byLabel[label[n.ID]], p)
	}
	for l, list := range byLabel {
		d.run("CREATE CONSTRAINT "+l+"_id IF NOT EXISTS FOR (n:"+l+") REQUIRE n.id IS UNIQUE", nil)
		for part := range slices.Chunk(list, 5000) {
			d.run("UNWIND $rows AS r CREATE (n:"+l+") SET n = r", map[string]any{"rows": part})
		}
	}
	for _, l := range links {
		p := map[string]any{"f": l.From, "t": l.To, "p": map[string]any{}}
		if l.Role != "" {
			p["p"] = map[string]any{"role": l.Role, "since": string(l.Since)}
		}
		k := label[l.From] + " " + label[l.To] + " F_" + l.Kind
		byType[k] = append(byType[k], p)
	}
	for k, list := range byType {
		x := strings.Fields(k)
		for part := range slices.Chunk(list, 5000) {
			d.run(fmt.Sprintf("UNWIND $rows AS r MATCH (a:%s {id:r.f}) MATCH (b:%s {id:r.t}) CREATE (a)-[x:%s]->(b) SET x = r.p",
				x[0], x[1], x[2]), map[string]any{"rows": part})
		}
	}
	d.run("CALL db.awaitIndexes(300)", nil)
}

// loadPeer loads the peer graph and prints how fast.
func loadPeer(t testing.TB, s store.Store, people int) ([]*kg.Node, []*kg.Link) {
	t.Helper()
	source, nodes, links := peerGraph(people)
	l, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Rollback()
	begin := time.Now()
	put := func(b *store.Batch) {
		if err := l.Put(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	put(&store.Batch{Sources: []*kg.Source{source}})
	for part := range slices.Chunk(nodes, 5000) {
		put(&store.Batch{Nodes: part})
	}
	middle := time.Now()
	for part := range slices.Chunk(links, 5000) {
		put(&store.Batch{Links: part})
	}
	took := time.Since(middle)
	if err := l.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d nodes at %.0f/s, %d links at %.0f/s", len(nodes), float64(len(nodes))/middle.Sub(begin).Seconds(),
		len(links), float64(len(links))/took.Seconds())
	return nodes, links
}

// BenchmarkFetch compares answers of the store with the floor's, by 16 callers.
func BenchmarkFetch(b *testing.B) {
	people := 1000
	if n, err := strconv.Atoi(os.Getenv("PEOPLE")); err == nil {
		people = n
	}
	srv, d := database(b)
	cat := parse(b)
	s := open(b, srv, cat)
	nodes, links := loadPeer(b, s, people)
	loadFloor(d, cat, nodes, links)
	plans := map[string]*plan.Query{}
	for _, sh := range shapes(b, cat) {
		sh.q.Memo = &plan.Memo{}
		plans[sh.name] = sh.q
	}
	plans["list"] = plans["list with links"]
	for _, name := range []string{"point", "chain", "quotes", "list"} {
		b.Run(name+"/floor", func(b *testing.B) {
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					d.in(neo4j.AccessModeRead, floor[name], map[string]any{"id": fmt.Sprintf("p%07d", rand.N(people))})
				}
			})
		})
		b.Run(name+"/store", func(b *testing.B) {
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					q := *plans[name]
					id := fmt.Sprintf("p%07d", rand.N(people))
					if name == "list" {
						first := []string{"ada", "ben", "clara", "david", "elena", "farid", "grace", "hugo"}
						q.Root.Page.After = []kg.Value{str(first[rand.N(len(first))]), str(id)}
					} else {
						q.IDs = []string{id}
					}
					if _, err := s.Fetch(b.Context(), &q); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
