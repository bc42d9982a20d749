package graph_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/budget"
	"github.com/throughline/throughline/internal/fair"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// TestMeasuresOfOthersBegin: one client's measures, however many, leave a turn for another's.
func TestMeasuresOfOthersBegin(t *testing.T) {
	cat, s := small(t)
	g := &gated{Answerer: s, began: make(chan struct{}, 10), gate: make(chan struct{})}
	pool := budget.NewPool(1 << 20)
	e, err := graph.New(graph.Options{Catalog: cat, Store: g, Memory: pool})
	if err != nil {
		t.Fatal(err)
	}
	gate := fair.NewGate(800)
	answers := make(chan *graph.Response, 10)
	ask := func(client, kind string) {
		pass, err := gate.Enter(t.Context(), client, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			defer pass.Leave()
			answers <- e.Do(fair.With(t.Context(), pass),
				&graph.Request{Query: fmt.Sprintf(`{ centrality(by: DEGREE, where: {kinds: [%s]}) { totalCount } }`,
					kind)})
		}()
	}
	for _, kind := range []string{"AFFILIATED_WITH", "SAID", "ABOUT", "PARTICIPATED_IN"} {
		ask("a", kind)
	}
	<-g.began
	<-g.began
	ask("b", "PART_OF")
	<-g.began
	if n := g.reads(); n != 3 {
		t.Errorf("%d measures have begun, of one client two and of the other one", n)
	}
	close(g.gate)
	for range 5 {
		if r := <-answers; len(r.Errors) > 0 {
			t.Error(r.Errors)
		}
	}
	if n := pool.Used(); n < 0 || n > pool.Most()/4 {
		t.Errorf("%d bytes are held for what is kept of the measures", n)
	}
}

// TestMeasuresHaveBoundedMemory: what there is no memory for is refused and leaves nothing behind.
func TestMeasuresHaveBoundedMemory(t *testing.T) {
	cat, s := small(t)
	for _, q := range []string{
		`{ centrality(by: DEGREE) { totalCount } }`, `{ centrality(by: BETWEENNESS) { totalCount } }`,
		`{ communities { totalCount } }`, `{ people(orderBy: [{field: PAGE_RANK}]) { totalCount } }`,
	} {
		pool := budget.NewPool(1 << 20)
		e, err := graph.New(graph.Options{Catalog: cat, Store: s, Memory: pool})
		if err != nil {
			t.Fatal(err)
		}
		if r := e.Do(t.Context(), &graph.Request{Query: q}); len(r.Errors) > 0 {
			t.Error(r.Errors)
		}
		e, err = graph.New(graph.Options{Catalog: cat, Store: &bloated{s, 10_000}, Memory: pool})
		if err != nil {
			t.Fatal(err)
		}
		others := pool.Begin(1 << 30)
		if err := others.Hold(pool.Most() - pool.Used() - 128<<10); err != nil {
			t.Fatal(err)
		}
		before := pool.Used()
		if r := e.Do(t.Context(), &graph.Request{Query: q}); !r.Overloaded || r.Code() != "UNAVAILABLE" {
			t.Errorf("%s: %v", q, r.Errors)
		}
		if n := pool.Used(); n != before {
			t.Errorf("%s: %d bytes are held by nobody", q, n-before)
		}
	}
}

// TestWhatTakesLongIsAdmittedApart: its place is changed before the store is asked.
func TestWhatTakesLongIsAdmittedApart(t *testing.T) {
	cat, s := small(t)
	e := engine(t, cat, s)
	for q, costly := range map[string]bool{
		`{ person(ref: {id: "mary-kaldor"}) { name } }`:                                         false,
		`{ people(first: 100) { nodes { name links { nodes { id } } } } }`:                      false,
		`{ search(text: "kaldor") { nodes { node { id } } } }`:                                  false,
		`{ people(where: {name: {contains: "a"}}) { totalCount } }`:                             false,
		`{ people(where: {linkedTo: {where: {name: {contains: "a"}}}}) { totalCount } }`:        true,
		`{ people(where: {not: {linkedTo: {where: {name: {eq: "x"}}}}}) { totalCount } }`:       true,
		`{ people(orderBy: [{field: BETWEENNESS}]) { totalCount } }`:                            true,
		`{ centrality(by: DEGREE) { totalCount } }`:                                             true,
		`{ paths(from: {id: "lse"}, to: {id: "q1"}) { nodes { length } } }`:                     true,
		`{ a: person(ref: {id: "lse"}) { name } subgraph(seeds: [{id: "lse"}]) { truncated } }`: true,
	} {
		gate := fair.NewGate(16)
		for range 2 { // one of two costly places is each client's
			p, err := gate.Enter(t.Context(), fmt.Sprint(costly, q), 0)
			if err == nil {
				err = p.Costly(t.Context())
			}
			if err != nil && !errors.Is(err, fair.ErrFull) {
				t.Fatal(err)
			}
		}
		pass, err := gate.Enter(t.Context(), fmt.Sprint(costly, q), 0)
		if err != nil {
			t.Fatal(err)
		}
		r := e.Do(fair.With(context.Background(), pass), &graph.Request{Query: q})
		if r.Overloaded != costly || costly && !strings.Contains(fmt.Sprint(r.Errors), "no place left") {
			t.Errorf("%s: %v", q, r.Errors)
		}
		pass.Leave()
	}
}

// bloated is a store with more entities that have no links.
type bloated struct {
	store.Answerer
	more int
}

func (b *bloated) Whole(ctx context.Context, w *plan.Walk) (*store.Whole, error) {
	whole, err := b.Answerer.Whole(ctx, w)
	if err == nil {
		for i := range b.more {
			whole.Nodes = append(whole.Nodes, store.WholeNode{ID: fmt.Sprintf("~%06d", i)})
		}
	}
	return whole, err
}
