package neo4jstore_test

import (
	"testing"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/neo4jstore"
	"github.com/throughline/throughline/internal/store/storetest"
)

// TestContract holds the store to the contract that every store has. It asks little, as planning a statement takes
// Neo4j a good part of a second.
func TestContract(t *testing.T) {
	srv, db := database(t)
	cat := parse(t)
	s := open(t, srv, cat)
	draws := storetest.Draws{
		Graphs: 1, Answers: 6, Searches: 8, Walks: 10, Patterns: 12, Wholes: 3, Loads: 4,
		Turns: true,
	}
	if storetest.Rounds(t) == 1 { // every question is planned, and nothing else takes long
		draws.Answers, draws.Searches, draws.Walks, draws.Patterns, draws.Wholes, draws.Loads = 2, 3, 4, 4, 1, 2
	}
	storetest.Run(t, storetest.Factory{
		Catalog: cat,
		Open: func(t *testing.T) store.Store {
			t.Helper()
			if n := db.run("MATCH (a:Alias) WHERE NOT (a)-[:ALIAS_OF]->(:Entity) RETURN count(a)",
				nil)[0][0]; n != int64(0) {
				t.Errorf("the test before left %d aliases of nothing", n)
			}
			db.clear()
			return s
		},
		Reopen: func(_ *testing.T, cat *catalog.Catalog) (_ store.Store, err error) {
			if s, err = neo4jstore.Open(t.Context(), neo4jstore.Options{
				URL: srv.URL, User: srv.User,
				Password: srv.Password, Catalog: cat, Now: storetest.Clock,
			}); err != nil {
				return nil, err
			}
			t.Cleanup(func() { _ = s.Close() })
			if err = s.Wait(t.Context()); err != nil {
				_ = s.Close() // it would try again, and make indexes beside the next
			}
			return s, err
		},
		Draws:   draws,
		Damages: damagesOf(db),
	}, storetest.Known{
		storetest.LoadsInParts: "Neo4j keeps the state of a transaction in memory, where a load of any size does not fit: it takes several",
		storetest.ManyStates:   "Neo4j keeps no state of the database for a reader: each statement sees what was committed before it began",
		storetest.NotKeyed:     "a walk keeps of what it meets what it needs to go on; records are read from the server, by id",
	})
}
