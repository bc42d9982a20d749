package graph_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
)

// list is the query of 50 people with three affiliations each: 1,050 fields.
const list = `query L { people(first: 50) { nodes { id name born affiliations(first: 3) { edges { role since node { id name } } } } } }`

// fifty makes a store of 50 people with three affiliations each.
func fifty(t testing.TB) store.Store {
	t.Helper()
	cat := parse(t)
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Catalog: cat})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	b := &store.Batch{Sources: []*kg.Source{{ID: "s_a", Title: "A", Kind: "BOOK"}}}
	for i := range 50 {
		b.Nodes = append(b.Nodes,
			&kg.Node{
				ID: fmt.Sprintf("p%d", i), Type: "PERSON", Name: fmt.Sprintf("Person %d", i),
				Props: map[string]any{"born": "1950"},
			},
			&kg.Node{ID: fmt.Sprintf("i%d", i), Type: "INSTITUTION", Name: fmt.Sprintf("Institution %d", i)})
	}
	for i := range 150 {
		l := &kg.Link{
			Kind: "AFFILIATED_WITH", From: fmt.Sprintf("p%d", i%50), To: fmt.Sprintf("i%d", i/3),
			Role: "member", Since: "1999",
		}
		l.ID = kg.LinkID(l.Kind, l.From, l.To, l.Role, l.Since, "")
		l.Evidence = []kg.Evidence{{Source: "s_a", Excerpt: "x", Stance: "SUPPORTS"}}
		b.Links = append(b.Links, l)
	}
	l, err := s.Load(t.Context())
	if err == nil {
		err = l.Put(t.Context(), b)
	}
	if err == nil {
		err = l.Commit(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// canned answers every plan with one result, so that what is measured is this package alone.
type canned struct {
	store.Answerer
	res *kg.Result
}

func (c *canned) Fetch(context.Context, *plan.Query) (*kg.Result, error) { return c.res, nil }

// remember keeps the last result of a store.
type remember struct {
	store.Answerer
	last *kg.Result
}

func (r *remember) Fetch(ctx context.Context, q *plan.Query) (res *kg.Result, err error) {
	if res, err = r.Answerer.Fetch(ctx, q); err == nil {
		res.Release = nil // what is kept is not given back
		r.last = res
	}
	return res, err
}

// answering returns an engine over a canned answer to the list.
func answering(t testing.TB) *graph.Engine {
	t.Helper()
	s := fifty(t)
	cat := parse(t)
	r := &remember{Answerer: s}
	e := engine(t, cat, r)
	if n := len(ask(t, e, list, nil)); n < 5000 {
		t.Fatalf("the list has %d bytes", n)
	}
	return engine(t, cat, &canned{res: r.last})
}

func BenchmarkAnswer(b *testing.B) {
	for _, c := range []struct {
		name string
		ctx  context.Context
	}{{"written from the plan", b.Context()}, {"generated executor", graph.ForceGenerated(b.Context())}} {
		b.Run(c.name, func(b *testing.B) {
			e := answering(b)
			b.ReportAllocs()
			for b.Loop() {
				e.Do(c.ctx, &graph.Request{Query: list}).Release()
			}
		})
	}
}

func BenchmarkEmbedded(b *testing.B) {
	s := fifty(b)
	e := engine(b, parse(b), s)
	for name, q := range map[string]string{
		"point": `{ person(ref: {id: "p7"}) { id name born } }`, "list": list, "node": `{ node(id: "p7") { id } }`,
		"filter": `{ people(first: 5, where: {name: {contains: "person"}, date: {from: "1900"}, or: [{linkCount: {gte: 1}}, ` +
			`{linkedTo: {link: {role: {contains: "x"}}}}]}) { nodes { id } totalCount } }`,
		"references": `{ people(first: 5, where: {or: [{linkedTo: {entity: {id: "i7"}}}, {not: {linkedTo: {entity: {name: "Institution 3"}}}}]}) ` +
			`{ nodes { id } totalCount } }`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e.Do(b.Context(), &graph.Request{Query: q}).Release()
			}
		})
	}
}

func TestAnAnswerAllocatesLittle(t *testing.T) {
	e := answering(t)
	got := testing.AllocsPerRun(200, func() { e.Do(t.Context(), &graph.Request{Query: list}).Release() })
	if got > 100 {
		t.Errorf("an answer of 1,050 fields takes %.0f allocations, the bound is 100", got)
	}
}
