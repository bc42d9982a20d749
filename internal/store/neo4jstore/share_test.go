package neo4jstore_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/neotest"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/neo4jstore"
	"github.com/throughline/throughline/internal/store/storetest"
)

// TestSharedAnswersAsTheOracle: the statement for several answers each as its own would.
func TestSharedAnswersAsTheOracle(t *testing.T) {
	srv, db := database(t)
	cat := parse(t)
	s := open(t, srv, cat)
	storetest.RunRandom(t, cat, func(t *testing.T) store.Store {
		t.Helper()
		db.clear()
		return neo4jstore.SharedReads{Store: s}
	}, 1, 2)
}

// openShared opens a store whose requests share statements as soon as one is under way.
func openShared(t *testing.T, srv *neotest.Server) (*neo4jstore.Store, *builder) {
	t.Helper()
	cat := parse(t)
	s, err := neo4jstore.Open(t.Context(), neo4jstore.Options{
		URL: srv.URL, User: srv.User, Password: srv.Password,
		Catalog: cat, Now: storetest.Clock, Share: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	return s, &builder{t: t, cat: cat}
}

// surveyed has the database surveyed, so that the shape of a statement does not change later.
func surveyed(t *testing.T, s *neo4jstore.Store) {
	t.Helper()
	if err := s.Survey(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// asked is a request under way.
type asked struct {
	q      *plan.Query
	cancel context.CancelFunc
	res    *kg.Result
	err    error
	done   chan struct{}
}

// wait waits for the answer.
func (a *asked) wait(t *testing.T) {
	t.Helper()
	select {
	case <-a.done:
	case <-time.After(20 * time.Second):
		t.Fatal("no answer within twenty seconds")
	}
}

// together begins requests and returns when all of them wait for a slot.
func together(t *testing.T, s *neo4jstore.Store, plans ...*plan.Query) []*asked {
	t.Helper()
	memo := plans[0].Memo
	out := make([]*asked, len(plans))
	for i, q := range plans {
		q.Memo = memo
		a := &asked{q: q, done: make(chan struct{})}
		var ctx context.Context
		ctx, a.cancel = context.WithCancel(t.Context())
		t.Cleanup(a.cancel)
		out[i] = a
		go func() {
			defer close(a.done)
			a.res, a.err = s.Fetch(ctx, q)
		}()
		eventually(t, "the request waits", func() bool { return s.Waiting(plans[0]) == i+1 })
	}
	return out
}

// TestSharing is one test of several, as a database takes long to set up.
func TestSharing(t *testing.T) {
	srv, db := database(t)
	s, b := openShared(t, srv)
	fill(t, s)
	surveyed(t, s)
	t.Run("apart", func(t *testing.T) { sharedRequestsAreApart(t, s, b) })
	t.Run("one that waits goes", func(t *testing.T) { waitingRequestThatGoes(t, s, b) })
	t.Run("the statement fails", func(t *testing.T) { sharedStatementThatFails(t, srv) })
	t.Run("all go", func(t *testing.T) { sharedStatementEndsWithItsLast(t, s, b, db) })
	t.Run("the store closes", func(t *testing.T) { closingWithRequestsUnderWay(t, s, b) })
}

// sharedRequestsAreApart: one statement for all that wait, and to each its own rows, its own error, its own limit.
func sharedRequestsAreApart(t *testing.T, s *neo4jstore.Store, b *builder) {
	oracle := storetest.NewOracle(b.cat, storetest.Clock)
	fill(t, oracle)
	linked := func(name, key string, n int) *plan.Query {
		q := b.list(b.types("Person"), 20, &plan.EntityFilter{LinkedTo: &plan.LinkedTo{Ref: 0}})
		q.Refs = []plan.Ref{{Name: name, NameKey: key, Types: b.cat.Entities}}
		q.MaxRows = n
		return q
	}
	for _, c := range []struct {
		name       string
		plans      []*plan.Query
		statements int64
	}{
		{"by id", []*plan.Query{
			byID(b, "kaldor"), byID(b, "nobody"), byID(b, "lse"), byID(b, "p0000001"),
			byID(b, "kaldor"),
		}, 2}, // the other looks whether somebody was called nobody
		{"by a name in the filter", []*plan.Query{
			linked("LSE", "lse", 0), linked("Same Name", "same name", 0),
			linked("No One", "no one", 0), linked("LSE", "lse", 0),
		}, 1},
		{"with limits", []*plan.Query{
			linked("London", "institute of labour 0", 1), linked("LSE", "lse", 1),
			linked("Mary Kaldor", "mary kaldor", 0),
		}, 1},
		{"all the same", []*plan.Query{byID(b, "kaldor"), byID(b, "kaldor"), byID(b, "kaldor")}, 1},
		{"pages of two sizes", []*plan.Query{
			b.list(b.types("Person"), 2, nil), b.list(b.types("Person"), 3, nil),
			b.list(b.types("Person"), 2, nil),
		}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.plans[0].Memo = &plan.Memo{}
			release := s.Hold(c.plans[0])
			all := together(t, s, c.plans...)
			before := s.Statements()
			release()
			for i, a := range all {
				a.wait(t)
				want, errWant := oracle.Fetch(t.Context(), a.q)
				if fmt.Sprint(a.err) != fmt.Sprint(errWant) {
					t.Errorf("request %d: error %v, want %v", i, a.err, errWant)
				} else if errWant == nil && storetest.Render(a.q, want) != storetest.Render(a.q, a.res) {
					t.Errorf("request %d: got\n%s\nwant\n%s", i, storetest.Render(a.q, a.res),
						storetest.Render(a.q, want))
				}
			}
			if n := s.Statements() - before; n != c.statements {
				t.Errorf("%d statements, want %d", n, c.statements)
			}
			eventually(t, "the slot is free", func() bool { return s.Busy(c.plans[0]) == 0 })
		})
	}
}

// waitingRequestThatGoes: it leaves at once and the others are answered.
func waitingRequestThatGoes(t *testing.T, s *neo4jstore.Store, b *builder) {
	first := byID(b, "kaldor")
	first.Memo = &plan.Memo{}
	release := s.Hold(first)
	all := together(t, s, first, byID(b, "lse"), byID(b, "far"))
	all[1].cancel()
	all[1].wait(t)
	if kg.CodeOf(all[1].err) != kg.Cancelled {
		t.Errorf("cancelled: %v", all[1].err)
	}
	release()
	for _, i := range []int{0, 2} {
		if all[i].wait(t); all[i].err != nil || len(all[i].res.Edges) != 1 {
			t.Errorf("request %d: %v, %v", i, all[i].res, all[i].err)
		}
	}
	eventually(t, "the slot is free", func() bool { return s.Busy(first) == 0 })
}

// sharedStatementEndsWithItsLast: one that goes leaves the statement to the others; when the last goes, it ends.
func sharedStatementEndsWithItsLast(t *testing.T, s *neo4jstore.Store, b *builder, db *outside) {
	// a text that takes the server a while to look through, many times over
	db.run("UNWIND range(1, 10000) AS i CREATE (:Entity:Person {id: 'x' + i, _sort: 'x', name: 'x', _names: [j IN range(1, 100) | 'aaaaaaaaaaaaaaaaaaaaaaaa']})",
		nil)
	slow := func(word string) *plan.Query {
		f := &plan.EntityFilter{}
		for range 90 {
			f.Or = append(f.Or, &plan.EntityFilter{Name: &plan.StringFilter{Contains: of(word)}})
		}
		return b.list(b.types("Person"), 10, f)
	}
	first := slow("zzz1")
	first.Memo = &plan.Memo{}
	release := s.Hold(first)
	all := together(t, s, first, slow("zzz2"), slow("zzz3"))
	release()
	running := func(n int64) func() bool {
		return func() bool {
			return db.run("SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery STARTS WITH 'UNWIND $requests' RETURN count(*)",
				nil)[0][0] == n
		}
	}
	eventually(t, "the statement runs", running(1))
	for _, a := range all[:2] {
		a.cancel()
		if a.wait(t); kg.CodeOf(a.err) != kg.Cancelled {
			t.Errorf("cancelled: %v", a.err)
		}
	}
	if !running(1)() {
		t.Error("the statement ended though one still waits for it")
	}
	all[2].cancel()
	all[2].wait(t)
	eventually(t, "the statement has ended", running(0))
	eventually(t, "the slot is free", func() bool { return s.Busy(first) == 0 })
}

// sharedStatementThatFails: each of its requests asks on its own.
func sharedStatementThatFails(t *testing.T, srv *neotest.Server) {
	p := neotest.NewProxy(t, srv)
	p.Start()
	s, b := openShared(t, &neotest.Server{URL: "bolt://" + p.Addr, User: srv.User, Password: srv.Password})
	surveyed(t, s)
	first := byID(b, "kaldor")
	first.Memo = &plan.Memo{}
	release := s.Hold(first)
	all := together(t, s, first, byID(b, "lse"), byID(b, "nobody"))
	p.OnByte(p.Cut)
	release()
	for i, edges := range []int{1, 1, 0} {
		if all[i].wait(t); all[i].err != nil || len(all[i].res.Edges) != edges || all[i].res.RoundTrips < 2 {
			t.Errorf("request %d: %v, %v", i, all[i].res, all[i].err)
		}
	}
}

// closingWithRequestsUnderWay: everybody gets an answer or Unavailable, and nothing is left running (see TestMain).
func closingWithRequestsUnderWay(t *testing.T, s *neo4jstore.Store, b *builder) {
	memo := &plan.Memo{}
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			for j := range 1000 {
				q := byID(b, fmt.Sprint("p", i, j))
				q.Memo = memo
				if _, err := s.Fetch(t.Context(), q); err != nil {
					if kg.CodeOf(err) != kg.Unavailable {
						t.Errorf("closed under a request: %v", err)
					}
					return
				}
			}
		})
	}
	before := s.Statements()
	eventually(t, "requests are under way", func() bool { return s.Statements() > before+20 })
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	all.Wait()
}
