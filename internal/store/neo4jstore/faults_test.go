package neo4jstore_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/neotest"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/neo4jstore"
	"github.com/throughline/throughline/internal/store/storetest"
)

func byID(b *builder, id string) *plan.Query {
	return &plan.Query{
		Start: plan.ByID, IDs: []string{id}, Types: b.cat.Entities,
		Root: plan.Field{Node: b.sel("id", "name"), Want: plan.Want{Rows: true}},
	}
}

func TestNeo4jThatStartsLater(t *testing.T) {
	srv, _ := database(t)
	cat := parse(t)
	p := neotest.NewProxy(t, srv)
	s, err := neo4jstore.Open(t.Context(), neo4jstore.Options{
		URL: "bolt://" + p.Addr, User: srv.User,
		Password: srv.Password, Catalog: cat,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b := &builder{t: t, cat: cat}
	if err := s.Ready(t.Context()); kg.CodeOf(err) != kg.Unavailable {
		t.Errorf("Ready says %v before there is a server", err)
	}
	if _, err := s.Fetch(t.Context(), byID(b, "x")); kg.CodeOf(err) != kg.Unavailable {
		t.Errorf("Fetch says %v before there is a server", err)
	}
	p.Start()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := s.Fetch(t.Context(), byID(b, "x")); err != nil {
		t.Error(err)
	}
	p.Stop()
	if err := s.Ready(t.Context()); kg.CodeOf(err) != kg.Unavailable {
		t.Errorf("Ready says %v when the server is gone", err)
	}
	if _, err := s.Fetch(t.Context(), byID(b, "x")); kg.CodeOf(err) != kg.Unavailable {
		t.Errorf("Fetch says %v when the server is gone", err)
	}
}

// TestConnectionCutInMidRead: a read whose connection breaks is run again.
func TestConnectionCutInMidRead(t *testing.T) {
	srv, _ := database(t)
	cat := parse(t)
	fill(t, open(t, srv, cat))
	p := neotest.NewProxy(t, srv)
	p.Start()
	s := open(t, &neotest.Server{URL: "bolt://" + p.Addr, User: srv.User, Password: srv.Password}, cat)
	b := &builder{t: t, cat: cat}
	if _, err := s.Fetch(t.Context(), byID(b, "kaldor")); err != nil {
		t.Fatal(err)
	}
	p.OnByte(p.Cut)
	res, err := s.Fetch(t.Context(), byID(b, "kaldor"))
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Edges) != 1 || res.RoundTrips < 2 {
		t.Errorf("%d edges after %d round trips", len(res.Edges), res.RoundTrips)
	}
}

// TestConnectionCutInMidWalk: so is what a walk reads, and nothing is visited twice.
func TestConnectionCutInMidWalk(t *testing.T) {
	srv, _ := database(t)
	cat := parse(t)
	fill(t, open(t, srv, cat))
	p := neotest.NewProxy(t, srv)
	p.Start()
	s := open(t, &neotest.Server{URL: "bolt://" + p.Addr, User: srv.User, Password: srv.Password}, cat)
	cut := func() { p.OnByte(p.Cut) }
	cut()
	g, keys, err := s.Walk(t.Context(), &plan.Walk{Refs: []plan.Ref{
		{ID: "kaldor", Types: cat.Entities},
		{ID: "far", Types: cat.Entities},
	}, Asked: 2})
	if err != nil {
		t.Fatal(err)
	}
	visits := map[uint32]int{}
	cut()
	if err := g.Expand(t.Context(), keys, store.Way{Out: true, In: true},
		func(k uint32, arcs []store.Arc) { visits[k] += 10 + len(arcs) }); err != nil {
		t.Fatal(err)
	}
	if visits[keys[0]] != 12 || visits[keys[1]] != 11 {
		t.Errorf("visited %v", visits)
	}
	cut()
	both := store.Way{Out: true, In: true}
	middle, err := g.Middle(t.Context(), keys[:1], keys[1:], both, both)
	if err != nil || len(middle) != 1 || g.Node(middle[0]).ID != "lse" {
		t.Errorf("between them %v, %v", middle, err)
	}
	if g.RoundTrips() != 6 {
		t.Errorf("%d round trips, want two for each of three statements", g.RoundTrips())
	}
}

func TestSetUpThatCannotWork(t *testing.T) {
	srv, _ := database(t)
	cat := parse(t)
	for _, address := range []string{
		"", "http://localhost:7474", "bolt://", "neo4j://u:p@localhost",
		"localhost:7687",
	} {
		_, err := neo4jstore.Open(t.Context(), neo4jstore.Options{URL: address, Catalog: cat})
		var setup *neo4jstore.SetupError
		if !errors.As(err, &setup) {
			t.Errorf("%q: %v", address, err)
		}
	}
	if srv.User == "" {
		t.Skip("the server asks for no password")
	}
	s, err := neo4jstore.Open(t.Context(), neo4jstore.Options{
		URL: srv.URL, User: srv.User, Password: "wrong",
		Catalog: cat,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err = s.Wait(ctx)
	var setup *neo4jstore.SetupError
	if kg.CodeOf(err) != kg.Unavailable || !errors.As(err, &setup) || !strings.Contains(setup.Message, "password") {
		t.Errorf("a wrong password gives %v", err)
	}
}

// TestARefusalIsTriedAgain: what was refused at start works once it is mended, without another start.
func TestARefusalIsTriedAgain(t *testing.T) {
	srv, db := database(t)
	cat := parse(t)
	open(t, srv, cat)
	db.run("MATCH (m:ThroughlineMeta) SET m.version = 99", nil)
	var log bytes.Buffer
	s, err := neo4jstore.Open(t.Context(), neo4jstore.Options{
		URL: srv.URL, User: srv.User, Password: srv.Password,
		Catalog: cat, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var setup *neo4jstore.SetupError
	if err := s.Wait(ctx); !errors.As(err, &setup) {
		t.Fatalf("a newer database gives %v", err)
	}
	if err := s.Ready(ctx); kg.CodeOf(err) != kg.Unavailable || !strings.Contains(err.Error(), "newer") {
		t.Errorf("Ready does not say what is missing: %v", err)
	}
	db.run("MATCH (m:ThroughlineMeta) SET m.version = 3", nil)
	if err := s.Await(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(ctx); err != nil {
		t.Error(err)
	}
	if n := strings.Count(log.String(), "cannot be used"); n != 1 {
		t.Errorf("the log says %d times what is said once", n)
	}
}

// refusal opens a store on a database that cannot be used, and returns the message of its SetupError.
func refusal(t *testing.T, url string, srv *neotest.Server, cat *catalog.Catalog) string {
	t.Helper()
	s, err := neo4jstore.Open(t.Context(), neo4jstore.Options{
		URL: url, User: srv.User, Password: srv.Password,
		Catalog: cat,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var setup *neo4jstore.SetupError
	if err := s.Wait(ctx); !errors.As(err, &setup) {
		t.Fatalf("the error is %v", err)
	}
	return setup.Message
}

// TestADatabaseThatIsNotThere is named behind the host.
func TestADatabaseThatIsNotThere(t *testing.T) {
	srv, _ := database(t)
	if got := refusal(t, srv.URL+"/no.such.graph", srv, parse(t)); !strings.Contains(got, "no database of that name") {
		t.Errorf("a database that is not there is refused: %s", got)
	}
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	srv, db := database(t)
	cat := parse(t)
	open(t, srv, cat)
	db.run("MATCH (m:ThroughlineMeta) SET m.version = 99", nil)
	if got := refusal(t, srv.URL, srv, cat); !strings.Contains(got, "newer") {
		t.Errorf("a newer database is refused: %s", got)
	}
}

// TestServersThatStartTogether: whoever comes first migrates, the others wait for it.
func TestServersThatStartTogether(t *testing.T) {
	srv, db := database(t)
	srv.Wipe(t)
	cat := parse(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			s, err := neo4jstore.Open(t.Context(), neo4jstore.Options{
				URL: srv.URL, User: srv.User,
				Password: srv.Password, Catalog: cat,
			})
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			if err := s.Wait(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := db.run("MATCH (m:ThroughlineMeta) RETURN count(m), max(m.version)", nil); !cmp.Equal(got,
		[][]any{{int64(1), int64(neo4jstore.LayoutVersion)}}) {
		t.Errorf("the record of the version is %v", got)
	}
}

// TestOtherDataIsLeftAlone: neither seen nor touched, whatever its labels.
func TestOtherDataIsLeftAlone(t *testing.T) {
	srv, db := database(t)
	srv.Wipe(t)
	cat := parse(t)
	db.run(`CREATE (p:Person {name: 'Somebody Else', born: 1900})-[:SAID {since: 3}]->(q:Quote {text: 'theirs'}),
  (:Person {name: 'Same Name', _mine: true}), (:Entity {key: 7}), (:Entity), (:Source {title: 'theirs'}), (:Alias {name: 'x'}), (:Thing {id: 'kaldor'})-[:KNOWS]->(p)`, nil)
	const all = "MATCH (n) WHERE NOT n:ThroughlineMeta AND NOT n:ThroughlineChange AND n._sort IS NULL AND n._name IS NULL AND n.scheme IS NULL OPTIONAL MATCH (n)-[r]->() RETURN labels(n), properties(n), type(r), properties(r) ORDER BY labels(n), n.name"
	before := db.run(all, nil)
	var log bytes.Buffer
	s, err := neo4jstore.Open(t.Context(), neo4jstore.Options{
		URL: srv.URL, User: srv.User, Password: srv.Password,
		Catalog: cat, Now: storetest.Clock, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "otherNodesLeftAlone=8") {
		t.Errorf("the log does not tell of the 8 nodes that are not ours: %s", log.String())
	}
	if empty, err := s.Empty(ctx); err != nil || !empty {
		t.Errorf("a store with other data alone is empty: %v, %v", empty, err)
	}
	asked := storetest.Part(t, shapes(t, cat))
	alone := answers(t, s, asked)
	if strings.Contains(alone, "Somebody") || strings.Contains(alone, "theirs") {
		t.Error("other data is seen")
	}
	fill(t, s)
	with := answers(t, s, asked)
	if after := db.run(all, nil); !cmp.Equal(before, after) {
		t.Errorf("other data was touched: %s", cmp.Diff(before, after))
	}
	db.run("MATCH (n) WHERE NOT n:ThroughlineMeta DETACH DELETE n", nil) // the indexes stay, and with them the plans
	s2 := open(t, srv, cat)
	fill(t, s2)
	if without := answers(t, s2, asked); with != without {
		t.Errorf("other data changes answers: %s", cmp.Diff(without, with))
	}
}

// TestCancelEndsTheStatement: when the caller goes, its statement ends on the server.
func TestCancelEndsTheStatement(t *testing.T) {
	srv, db := database(t)
	cat := parse(t)
	s := open(t, srv, cat)
	// a text that takes the server a while to look through, many times over
	db.run("UNWIND range(1, 10000) AS i CREATE (:Entity:Person {id: 'x' + i, _sort: 'x', name: 'x', _names: [j IN range(1, 100) | 'aaaaaaaaaaaaaaaaaaaaaaaa']})",
		nil)
	b := &builder{t: t, cat: cat}
	f := &plan.EntityFilter{}
	for range 90 {
		f.Or = append(f.Or, &plan.EntityFilter{Name: &plan.StringFilter{Contains: of("zzzz")}})
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error)
	go func() {
		_, err := s.Fetch(ctx, b.list(b.types("Person"), 10, f))
		ended <- err
	}()
	const running = "SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery STARTS WITH 'RETURN [COLLECT' RETURN count(*)"
	eventually(t, "the statement runs", func() bool { return db.run(running, nil)[0][0] == int64(1) })
	cancel()
	select {
	case err := <-ended:
		if kg.CodeOf(err) != kg.Cancelled {
			t.Errorf("cancelled: %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("Fetch goes on after its caller has gone")
	}
	eventually(t, "the statement has ended", func() bool { return db.run(running, nil)[0][0] == int64(0) })

	short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := s.Fetch(short, b.list(b.types("Person"), 10, f)); kg.CodeOf(err) != kg.Timeout {
		t.Errorf("past its time: %v", err)
	}
	eventually(t, "the statement has ended", func() bool { return db.run(running, nil)[0][0] == int64(0) })
}

// TestClosingEndsAReadThatNobodyWaitsFor: a measure reads the whole graph on when its caller has gone. Closing the
// store does not wait for the rest of it, and the driver is not closed under it.
func TestClosingEndsAReadThatNobodyWaitsFor(t *testing.T) {
	srv, _ := database(t)
	cat := parse(t)
	p := neotest.NewProxy(t, srv)
	p.Start()
	s := open(t, &neotest.Server{URL: "bolt://" + p.Addr, User: srv.User, Password: srv.Password}, cat)
	reached, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	p.OnByte(func() { close(reached); <-release })
	ended := make(chan error, 1)
	go func() {
		_, err := s.Whole(t.Context(), &plan.Walk{})
		ended <- err
	}()
	<-reached
	began := time.Now()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; kg.CodeOf(err) != kg.Unavailable {
		t.Errorf("the read ended with %v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("closing took %v", took)
	}
}

// eventually waits until something holds, for at most ten seconds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	end := time.After(10 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-end:
			t.Fatalf("not within ten seconds: %s", what)
		case <-tick.C:
		}
	}
}
