package sqlitestore_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
)

// TestReadingByKeyIsFetchingByID reads what surrounds a person both ways, also when the file has moved on since the walk.
func TestReadingByKeyIsFetchingByID(t *testing.T) {
	cat, s := crowded(t, 40)
	all := ^catalog.TypeSet(0)
	sel := *asked(cat)["point"].Root.Node
	evidence := &plan.Field{On: all, Follow: plan.EvidenceOf, Node: &plan.Sel{Props: sel.Props}}
	evidence.Want.Rows, evidence.Page.N = true, 3
	sel.Kids = []*plan.Field{evidence}
	for _, c := range []struct {
		name  string
		types catalog.TypeSet
		moved bool
	}{
		{"everything", all, false},
		{"people alone", 1 << cat.TypeOf("PERSON").Index, false},
		{"after a write", all, true},
	} {
		g, keys, err := s.Walk(t.Context(), &plan.Walk{Refs: []plan.Ref{{ID: "p7", Types: all}}, Asked: 1})
		if err != nil {
			t.Fatal(err)
		}
		nodes, ids := keys, []string{"p7"}
		var links []uint32
		var linkIDs []string
		err = g.Expand(t.Context(), keys, store.Way{Out: true, In: true}, func(_ uint32, arcs []store.Arc) {
			for _, a := range arcs {
				nodes, ids = append(nodes, a.To), append(ids, g.Node(a.To).ID)
				links, linkIDs = append(links, a.Link), append(linkIDs, g.Link(a.Link).ID)
			}
		})
		if c.moved {
			err = errors.Join(err, storetest.Fill(t.Context(), s, crowd(60)))
		}
		if err != nil || len(links) < 3 {
			t.Fatal(links, err)
		}
		ask := func() *plan.Query {
			q := &plan.Query{Start: plan.ByIDs, Types: c.types}
			q.Root.Node, q.Root.Want.Rows = &sel, true
			return q
		}
		k, ok := g.(store.Keyed)
		if !ok {
			t.Fatal("the walk does not read by key")
		}
		got, err := k.Read(t.Context(), ask(), nodes, links)
		if err != nil {
			t.Fatal(c.name, err)
		}
		q := ask()
		q.IDs = append(ids, linkIDs...)
		want, err := s.Fetch(t.Context(), q)
		if err != nil {
			t.Fatal(c.name, err)
		}
		got.Release, want.Release = nil, nil // a function equals nothing
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: by key %+v, by id %+v", c.name, got, want)
		}
	}
}
