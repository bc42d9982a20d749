package neotest_test

import (
	"context"
	"testing"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/neotest"
)

func TestExclusiveGivesAnEmptyDatabase(t *testing.T) {
	srv := neotest.Start(t)
	srv.Exclusive(t)
	ctx := context.Background()
	d, err := neo4j.NewDriverWithContext(srv.URL, neo4j.BasicAuth(srv.User, srv.Password, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close(ctx)
	run := func(text string) int64 {
		res, err := neo4j.ExecuteQuery(ctx, d, text, nil, neo4j.EagerResultTransformer)
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Records) == 0 {
			return 0
		}
		n, _ := res.Records[0].Values[0].(int64)
		return n
	}
	run("CREATE CONSTRAINT x IF NOT EXISTS FOR (n:X) REQUIRE n.id IS UNIQUE")
	run("CREATE (:X {id: 1})-[:Y]->(:X {id: 2})")
	if n := run("MATCH (n) RETURN count(n)"); n != 2 {
		t.Fatalf("%d nodes", n)
	}
	srv.Wipe(t)
	if n := run("MATCH (n) RETURN count(n)"); n != 0 {
		t.Errorf("%d nodes after Wipe", n)
	}
	if n := run("SHOW CONSTRAINTS YIELD name RETURN count(*)"); n != 0 {
		t.Errorf("%d constraints after Wipe", n)
	}
}
