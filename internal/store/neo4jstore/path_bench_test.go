package neo4jstore_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/trace"
)

// BenchmarkPaths compares the shortest line between two people with what Cypher's own shortestPath takes to find one.
func BenchmarkPaths(b *testing.B) {
	people := 1000
	if n, err := strconv.Atoi(os.Getenv("PEOPLE")); err == nil {
		people = n
	}
	srv, d := database(b)
	cat := parse(b)
	s := openViews(b, srv, 5_000_000)
	loadPeer(b, s, people)
	begin := time.Now()
	if err := s.RefreshView(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Logf("the adjacency was read in %v", time.Since(begin))
	run := func(name string, f func(from, to string)) {
		b.Run(name, func(b *testing.B) {
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					a := rand.N(people)
					f(fmt.Sprintf("p%07d", a), fmt.Sprintf("p%07d", (a+1+rand.N(people-1))%people))
				}
			})
		})
	}
	for range 3 {
		run("cypher", func(from, to string) {
			d.in(neo4j.AccessModeRead,
				"MATCH (a:Entity {id: $a}), (b:Entity {id: $b}) MATCH p = shortestPath((a)-[*..8]-(b)) RETURN [n IN nodes(p) | n.id]", map[string]any{
					"a": from,
					"b": to,
				})
		})
		run("store", func(from, to string) {
			g, keys, err := s.Walk(b.Context(), &plan.Walk{Refs: []plan.Ref{
				{ID: from, Types: cat.Entities},
				{ID: to, Types: cat.Entities},
			}, Asked: 2})
			if err != nil {
				b.Error(err)
				return
			}
			a, err := trace.Find(b.Context(), b.Context(), g, &trace.Question{
				From: keys[0], To: keys[1], MaxLength: 6,
				Page: plan.Paging{N: 1}, MaxNodes: 100_000,
			})
			if err != nil || len(a.Lines) != 1 {
				b.Error(err, a)
			}
		})
	}
}
