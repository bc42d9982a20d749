package neo4jstore_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/neo4jstore"
	"github.com/throughline/throughline/internal/store/storetest"
)

// everything reads a store whole.
func everything(t *testing.T, s store.Scanner) (out []any) {
	t.Helper()
	for _, err := range []error{
		s.Sources(t.Context(), func(x *kg.Source) error { c := *x; out = append(out, c); return nil }),
		s.Nodes(t.Context(), func(x *kg.Node) error { c := *x; out = append(out, c); return nil }),
		s.Links(t.Context(), func(x *kg.Link) error { c := *x; out = append(out, c); return nil }),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// TestWhatIsTakenToBeNewMayBeThere has another server write the same while a load waits that found the store empty.
func TestWhatIsTakenToBeNewMayBeThere(t *testing.T) {
	srv, _ := database(t)
	cat := parse(t)
	s, other, oracle := open(t, srv, cat), open(t, srv, cat), storetest.NewOracle(cat, storetest.Clock)
	sources, nodes, links := small()
	b := store.Batch{Sources: sources, Nodes: nodes, Links: links, Distinct: true}
	l, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, into := range []store.Store{other, oracle} {
		if err := storetest.Fill(t.Context(), into, &b); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Put(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	if err := l.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(everything(t, oracle), everything(t, s), cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
}

// TestQuotationsOfAnEarlierLayoutAreCompared opens a database in which it was not kept whether quotations stand in
// their texts.
func TestQuotationsOfAnEarlierLayoutAreCompared(t *testing.T) {
	srv, db := database(t)
	cat := parse(t)
	s := open(t, srv, cat)
	if err := storetest.Fill(t.Context(), s, storetest.Graph(cat, 4, 40, 160)); err != nil {
		t.Fatal(err)
	}
	const all = "MATCH ()-[r]->() WHERE r._quoted IS NOT NULL RETURN r.id, r._quoted ORDER BY r.id"
	before := db.run(all, nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if said := fmt.Sprint(before); !strings.Contains(said, "true") || !strings.Contains(said, "false") {
		t.Fatal(said)
	}
	db.run("MATCH ()-[r]->() REMOVE r._quoted", nil)
	db.run("MATCH (m:ThroughlineMeta {id: 'layout'}) SET m.version = 3", nil)
	open(t, srv, cat)
	if d := cmp.Diff(before, db.run(all, nil)); d != "" {
		t.Error(d)
	}
}

// TestWordsThatAnEarlierLayoutCutAreNotVerified opens a database of a version that took words for those of a text which
// stand within others.
func TestWordsThatAnEarlierLayoutCutAreNotVerified(t *testing.T) {
	srv, db := database(t)
	cat := parse(t)
	s := open(t, srv, cat)
	sources, nodes, links := small()
	sources[0].Text = "is un-unaffiliated with Clubs, but he is affiliated with Club"
	for _, x := range links {
		for i := range x.Evidence {
			x.Evidence[i] = kg.Evidence{Source: sources[0].ID, Excerpt: "affiliated with Clubs", Stance: x.Evidence[i].Stance}
		}
	}
	links[0].Evidence[0].Excerpt = "affiliated with Club"
	if err := storetest.Fill(t.Context(), s, &store.Batch{Sources: sources, Nodes: nodes, Links: links}); err != nil {
		t.Fatal(err)
	}
	const all = "MATCH (:Entity)-[r]->(:Entity) RETURN r{.*} ORDER BY r.id"
	before := db.run(all, nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if said := fmt.Sprint(before); !strings.Contains(said, "false") || !strings.Contains(said, "true") {
		t.Fatal(said)
	}
	db.run("MATCH (:Entity)-[r]->(:Entity) SET r.verified = [x IN r.excerpts | 'true'], r.starts = [x IN r.excerpts | 8], "+
		"r.ends = [x IN r.excerpts | 8 + size(x)] REMOVE r._unverified", nil)
	if now := db.run(all, nil); cmp.Equal(before, now) {
		t.Fatal(now)
	}
	db.run("MATCH (m:ThroughlineMeta {id: 'layout'}) SET m.version = 10", nil)
	open(t, srv, cat)
	if d := cmp.Diff(before, db.run(all, nil)); d != "" {
		t.Error(d)
	}
}

// TestLinksOfAnEarlierLayoutGetTheirStanding opens a database in which what speaks for a link and what speaks against
// it were alike.
func TestLinksOfAnEarlierLayoutGetTheirStanding(t *testing.T) {
	srv, db := database(t)
	cat := parse(t)
	s := open(t, srv, cat)
	if err := storetest.Fill(t.Context(), s, storetest.Graph(cat, 3, 12, 30)); err != nil {
		t.Fatal(err)
	}
	const all = "MATCH (a:Entity)-[r]->(b:Entity) RETURN type(r), a.id, b.id, r{.*} ORDER BY r.id"
	before := db.run(all, nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := db.run("MATCH ()-[r:REFUTED]->() RETURN count(r)", nil)[0][0]; n == int64(0) {
		t.Fatal("no link is refuted")
	}
	for _, k := range cat.Kinds {
		db.run("MATCH (a)-[r:REFUTED {kind: '"+k.Name+"'}]->(b) CREATE (a)-[x:"+k.Name+"]->(b) SET x = properties(r) DELETE r",
			nil)
	}
	db.run("MATCH (:Entity)-[r]->(:Entity) SET r.sourceCount = size(r.sources) REMOVE r.standing, r.supporters, r.refuteCount, r.kind",
		nil)
	db.run("DROP CONSTRAINT throughline_refuted_id", nil)
	db.run("DROP INDEX throughline_refuted_sources", nil)
	db.run("MATCH (m:ThroughlineMeta {id: 'layout'}) SET m.version = 2", nil)
	open(t, srv, cat)
	if d := cmp.Diff(before, db.run(all, nil)); d != "" {
		t.Error(d)
	}
}

// TestTextsOfAnEarlierLayoutAreFolded opens a database in which the text of properties was not kept folded.
func TestTextsOfAnEarlierLayoutAreFolded(t *testing.T) {
	srv, db := database(t)
	cat := parse(t)
	s := open(t, srv, cat)
	if err := storetest.Fill(t.Context(), s, storetest.Graph(cat, 3, 40, 10)); err != nil {
		t.Fatal(err)
	}
	const all = "MATCH (n) WHERE n:Entity OR n:Source RETURN n.id, properties(n) ORDER BY n.id"
	before := db.run(all, nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if said := fmt.Sprint(before); !strings.Contains(said, "_folded_text") || !strings.Contains(said, "_folded_authors") {
		t.Fatal(said)
	}
	db.run("MATCH (n) REMOVE n._folded_text, n._folded_language, n._folded_publisher, n._folded_authors, n._folded_url", nil)
	db.run("MATCH (m:ThroughlineMeta {id: 'layout'}) SET m.version = 5", nil)
	open(t, srv, cat)
	if d := cmp.Diff(before, db.run(all, nil)); d != "" {
		t.Error(d)
	}
}

// TestAnEarlierLayoutGetsALog opens a database of a layout without a log, whose full-text indexes were written within each
// commit.
func TestAnEarlierLayoutGetsALog(t *testing.T) {
	srv, db := database(t)
	cat := parse(t)
	s := open(t, srv, cat)
	graph := storetest.Graph(cat, 3, 40, 30)
	if err := storetest.Fill(t.Context(), s, graph); err != nil {
		t.Fatal(err)
	}
	const indexes = "SHOW INDEXES YIELD name, type, entityType, labelsOrTypes, properties, owningConstraint, options WHERE type <> 'LOOKUP' " +
		"RETURN name, type, entityType, labelsOrTypes, properties, owningConstraint, options.indexConfig ORDER BY name"
	const records = "MATCH (n) WHERE n:Entity OR n:Source RETURN n.id AS id, n{.*, _made: null} AS x " +
		"UNION ALL MATCH (:Entity)-[r]->(:Entity) RETURN r.id AS id, r{.*, _made: null} AS x"
	sorted := func() [][]any { return db.run("CALL () { "+records+" } RETURN id, x ORDER BY id", nil) }
	wantIndexes, wantRecords := db.run(indexes, nil), sorted()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db.run("MATCH (c:ThroughlineChange|ThroughlineChangeItem) DELETE c", nil)
	db.run("MATCH (n) REMOVE n._made", nil)
	db.run("MATCH ()-[r]->() REMOVE r._made", nil)
	db.run("MATCH (m:ThroughlineMeta {id: 'layout'}) SET m.version = 6 REMOVE m.turns", nil)
	for _, x := range db.run("SHOW INDEXES YIELD name, labelsOrTypes, owningConstraint, type, createStatement "+
		"WHERE type = 'FULLTEXT' OR any(l IN labelsOrTypes WHERE l STARTS WITH 'ThroughlineChange') RETURN name, owningConstraint, type, createStatement", nil) {
		switch name := fmt.Sprint(x[0]); {
		case x[1] != nil:
			db.run("DROP CONSTRAINT "+name, nil)
		case x[2] == "FULLTEXT":
			db.run("DROP INDEX "+name, nil)
			db.run(strings.Replace(fmt.Sprint(x[3]), "`fulltext.eventually_consistent`: true", "`fulltext.eventually_consistent`: false", 1), nil)
		default:
			db.run("DROP INDEX "+name, nil)
		}
	}
	if d := cmp.Diff(wantIndexes, db.run(indexes, nil)); d == "" {
		t.Fatal("the indexes are those of this layout")
	}

	s = open(t, srv, cat)
	if d := cmp.Diff(wantIndexes, db.run(indexes, nil)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(wantRecords, sorted()); d != "" {
		t.Error(d)
	}
	if log, err := s.Changes(t.Context(), &store.ChangesQuery{Limit: 10}); err != nil || len(log) != 0 {
		t.Errorf("the log says %v, %v", log, err)
	}
	was := graph.Nodes[0]
	change, err := s.Write(t.Context(), store.Ahead{}, func(ctx context.Context, tx store.Tx) error {
		tx.Describe(&store.Deed{Action: kg.Updated, Whole: true})
		is := *was
		is.Description = "known from now on"
		return tx.Put(ctx, &store.Batch{Nodes: []*kg.Node{&is}})
	})
	if err != nil || change == nil || change.Seq != 1 {
		t.Fatalf("the first change is %+v, %v", change, err)
	}
	items, err := s.Items(t.Context(), &store.ItemsQuery{Seq: 1, Limit: 10})
	if err != nil || len(items) != 1 || items[0].Before == "" || !strings.Contains(items[0].After, "known from now on") {
		t.Errorf("it has %+v, %v", items, err)
	}
}

// many returns so many people, each a colleague of the next in a source.
func many(n int) *store.Batch {
	b := &store.Batch{Sources: []*kg.Source{{ID: "s_1", Title: "A report", Kind: "REPORT"}}, Distinct: true}
	id := func(i int) string { return fmt.Sprintf("p%03d", i) }
	for i := range n {
		b.Nodes = append(b.Nodes,
			&kg.Node{Type: "PERSON", ID: id(i), Name: fmt.Sprintf("Ann %d", i)},
			&kg.Node{Type: "INSTITUTION", ID: "i" + id(i), Name: fmt.Sprintf("House %d", i)})
		b.Links = append(b.Links, &kg.Link{
			ID: kg.LinkID("AFFILIATED_WITH", id(i), "i"+id(i), "", "", ""), Kind: "AFFILIATED_WITH", From: id(i), To: "i" + id(i),
			Evidence: []kg.Evidence{{Source: "s_1", Excerpt: "as they say", Stance: kg.Supports}},
		})
	}
	return b
}

// TestTransactionsOfALoadAreUnderWayAtOnce loads more than fits into the transactions that are under way at once, while another
// server has written some of it: of the first, of the middle and of the last.
func TestTransactionsOfALoadAreUnderWayAtOnce(t *testing.T) {
	srv, db := database(t)
	cat := parse(t)
	s, other := open(t, srv, cat), open(t, srv, cat)
	s.SetBatch(100)
	b := many(210)
	l, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	some := &store.Batch{Sources: b.Sources}
	for _, i := range []int{3, 120, 209} {
		some.Nodes = append(some.Nodes, b.Nodes[2*i], b.Nodes[2*i+1])
		some.Links = append(some.Links, b.Links[i])
	}
	if err := storetest.Fill(t.Context(), other, some); err != nil {
		t.Fatal(err)
	}
	reported := map[string]int{}
	b.Report = func(was, is any) {
		switch x := is.(type) {
		case *kg.Node:
			reported[x.ID]++
		case *kg.Link:
			reported[x.ID]++
		}
	}
	ctx, end := context.WithCancel(t.Context())
	err = l.Put(ctx, b)
	end() // what is under way goes on
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if neo4jstore.Sent(l) != 0 {
		t.Error("a transaction is under way after the commit")
	}
	// what another has written stays as it is
	if n := db.run("MATCH (n:Entity) RETURN count(n)", nil)[0][0]; n != int64(420) {
		t.Errorf("%d entities", n)
	}
	if n := db.run("MATCH ()-[r:AFFILIATED_WITH]->() RETURN count(r)", nil)[0][0]; n != int64(210) {
		t.Errorf("%d links", n)
	}
	for _, x := range b.Nodes {
		if reported[x.ID] != 1 {
			t.Fatalf("%s was reported %d times", x.ID, reported[x.ID])
		}
	}
	// the log counts what each has made
	made := db.run("MATCH (c:ThroughlineChange) RETURN c.created, c.changed, c.open ORDER BY c.seq", nil)
	if got, want := fmt.Sprint(made), fmt.Sprint([][]any{{int64(10), int64(0), nil}, {int64(621), int64(0), nil}}); got != want {
		t.Errorf("the log says %s, want %s", got, want)
	}
}

// TestALinkWithoutAnEndEndsALoad has a link in the middle whose end is nowhere: it is named, and what the load has sent is over
// when it has ended.
func TestALinkWithoutAnEndEndsALoad(t *testing.T) {
	srv, db := database(t)
	s := open(t, srv, parse(t))
	s.SetBatch(100)
	b := many(210)
	b.Links[120].To = "nowhere"
	l, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = l.Put(t.Context(), b)
	if kg.CodeOf(err) != kg.Conflict || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("it ends with %v", err)
	}
	if err := l.Rollback(); err != nil {
		t.Fatal(err)
	}
	held := db.run("MATCH ()-[r:AFFILIATED_WITH]->() RETURN count(r)", nil)
	if n := held[0][0]; n == int64(0) || n == int64(210) {
		t.Errorf("%d links", n)
	}
	// the load run again completes it
	b.Links[120].To = b.Nodes[241].ID
	if err := storetest.Fill(t.Context(), s, b); err != nil {
		t.Fatal(err)
	}
	if n := db.run("MATCH ()-[r:AFFILIATED_WITH]->() RETURN count(r)", nil)[0][0]; n != int64(210) {
		t.Errorf("%d links", n)
	}
}

// TestWhatIsNotThereIsNotLookedFor counts the statements of a load into an empty store.
func TestWhatIsNotThereIsNotLookedFor(t *testing.T) {
	srv, _ := database(t)
	s := open(t, srv, parse(t))
	s.SetBatch(100)
	b := many(100)
	if err := storetest.Fill(t.Context(), s, &store.Batch{Sources: b.Sources}); err != nil {
		t.Fatal(err)
	}
	l, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := neo4jstore.Statements(s)
	for _, err := range []error{
		l.Put(t.Context(), &store.Batch{Nodes: b.Nodes[:100], Distinct: true}),
		l.Put(t.Context(), &store.Batch{Nodes: b.Nodes[100:], Distinct: true}),
		l.Put(t.Context(), &store.Batch{Links: b.Links, Distinct: true}),
		l.Commit(t.Context()),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	// the first transaction: the lock, two types, the change; the second: two types, the lock; the third: the texts of
	// sources, the links, the lock; then two for the end of the log: 12
	if n := neo4jstore.Statements(s) - before; n > 12 {
		t.Errorf("%d statements", n)
	}
}
