package storetest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// recordsOf asks for records by id: their names, and how many links each has.
func (s *suite) recordsOf(ids ...string) *plan.Query {
	q := &plan.Query{Start: plan.ByIDs, IDs: ids, Types: ^catalog.TypeSet(0)}
	links := &plan.Field{
		Follow: plan.LinkCount, On: s.Catalog.Entities, Kinds: s.Catalog.AllKinds(), Out: true, In: true, Other: s.Catalog.Entities,
	}
	q.Root.Node = &plan.Sel{
		Props:    []*catalog.Prop{s.Catalog.Prop("id"), s.Catalog.Prop("name")},
		Children: []*plan.Field{links},
	}
	q.Root.Want.Rows = true
	return q
}

// manyAtOnce asks from many goroutines: each gets its own answer.
func (s *suite) manyAtOnce(t *testing.T) {
	b := Small()
	oracle, x := s.filled(t, b)
	var all sync.WaitGroup
	for i, n := range b.Nodes {
		q := s.recordsOf(n.ID, b.Nodes[(i+1)%len(b.Nodes)].ID)
		res, err := oracle.Fetch(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		want := Render(q, res)
		all.Go(func() {
			for range 5 {
				res, err := x.Fetch(t.Context(), q)
				if err != nil {
					t.Error(err)
					return
				}
				if got := Render(q, res); got != want {
					t.Errorf("%s: %s", n.ID, difference(want, got))
				}
			}
		})
	}
	all.Wait()
}

// oneOperation asks twice under one view and writes in between. Without the view the second answer is that of the new
// graph.
func (s *suite) oneOperation(t *testing.T) {
	_, x := s.filled(t, Small())
	ask := func(view bool) func() string {
		ctx := t.Context()
		if view {
			ctx, _ = store.WithView(ctx)
		}
		return func() string {
			q := s.recordsOf("kaldor", "late")
			res, err := x.Fetch(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			return Render(q, res)
		}
	}
	kept, free := ask(true), ask(false)
	before := kept()
	if got := free(); got != before {
		t.Errorf("two questions about one state: %s", difference(before, got))
	}
	if err := Fill(t.Context(), x, &store.Batch{Nodes: []*kg.Node{{
		ID: "late", Type: "PERSON",
		Name: "Late",
	}}}); err != nil {
		t.Fatal(err)
	}
	after := free()
	if after == before {
		t.Error("what was written is not seen")
	}
	want := before
	if s.differs(ManyStates) {
		want = after
	}
	if got := kept(); got != want {
		t.Errorf("the second question of an operation: %s", difference(want, got))
	}
}

// readByKey reads what a walk has met by its keys and by its ids, also when others have written since the walk.
func (s *suite) readByKey(t *testing.T) {
	oracle, x := s.filled(t, Small())
	walked := func(of store.Store) (g store.Graph, nodes, links []uint32, ids []string) {
		g, keys, err := of.Walk(t.Context(), &plan.Walk{
			Refs:  []plan.Ref{{ID: "lse", Types: s.Catalog.Entities}},
			Asked: 1,
		})
		if err != nil {
			t.Fatal(err)
		}
		var linkIDs []string
		nodes, ids = keys, []string{"lse"}
		err = g.Expand(t.Context(), keys, store.Way{Out: true, In: true}, func(_ uint32, arcs []store.Arc) {
			for _, a := range arcs {
				nodes, ids = append(nodes, a.To), append(ids, g.Node(a.To).ID)
				links, linkIDs = append(links, a.Link), append(linkIDs, g.Link(a.Link).ID)
			}
		})
		if err != nil || len(links) < 3 {
			t.Fatalf("a walk from lse meets %d links, %v", len(links), err)
		}
		return g, nodes, links, append(ids, linkIDs...)
	}
	g, nodes, links, ids := walked(x)
	k, keyed := g.(store.Keyed)
	if keyed == s.differs(NotKeyed) {
		t.Errorf("that the walk reads records by key is %t", keyed)
	}
	if !keyed {
		return
	}
	evidence := &plan.Field{
		On: 1 << s.Catalog.Link.Index, Follow: plan.EvidenceOf, Page: plan.Paging{N: 3},
		Want: plan.Want{Rows: true},
	}
	evidence.Node = &plan.Sel{Props: []*catalog.Prop{s.Catalog.Prop("id"), s.Catalog.Prop("excerpt")}}
	ask := func(types catalog.TypeSet) *plan.Query {
		q := s.recordsOf()
		q.Types = types
		q.Root.Node.Children = append(q.Root.Node.Children, evidence)
		return q
	}
	for _, c := range []struct {
		name  string
		types catalog.TypeSet
		write *store.Batch
	}{
		{"everything", ^catalog.TypeSet(0), nil},
		{"people alone", 1 << s.Catalog.TypeOf("PERSON").Index, nil},
		{"after a write", ^catalog.TypeSet(0), &store.Batch{Nodes: []*kg.Node{{
			ID: "early", Type: "PERSON",
			Name: "Early",
		}}}},
	} {
		if c.write != nil {
			if err := errors.Join(Fill(t.Context(), x, c.write), Fill(t.Context(), oracle, c.write)); err != nil {
				t.Fatal(err)
			}
		}
		got, err := k.Read(t.Context(), ask(c.types), nodes, links)
		if err != nil {
			t.Fatal(c.name, err)
		}
		q := ask(c.types)
		q.IDs = ids
		want, err := oracle.Fetch(t.Context(), q)
		if err != nil {
			t.Fatal(c.name, err)
		}
		if a, b := Render(q, want), Render(q, got); a != b {
			t.Errorf("%s: %s", c.name, difference(a, b))
		}
		byID, err := x.Fetch(t.Context(), q)
		if err != nil {
			t.Fatal(c.name, err)
		}
		got.Release, byID.Release = nil, nil // a function equals nothing
		if !reflect.DeepEqual(got, byID) {
			t.Errorf("%s: by key %+v, by id %+v", c.name, got, byID)
		}
	}
}

// types finds what records are.
func (s *suite) types(t *testing.T) {
	_, x := s.filled(t, Small())
	want := map[string]string{
		"kaldor": "PERSON", "lse": "INSTITUTION", "far": "PLACE", "emoji": "THEME",
		"s_one": "SOURCE", "l_two": "LINK",
	}
	ids := []string{
		"kaldor", "lse", "far", "emoji", "s_one", "l_two", "lse", "nobody", "",
		kg.EvidenceID("l_one", &Small().Links[0].Evidence[0]),
	}
	if got, err := x.Types(t.Context(), ids); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("types %v, %v, want %v", got, err, want)
	}
	for _, none := range [][]string{nil, {"nobody"}} {
		if got, err := x.Types(t.Context(), none); err != nil || len(got) > 0 {
			t.Errorf("types of %q: %v, %v", none, got, err)
		}
	}
}

// formerIDs follows a former id from when it comes to when it goes, in the transaction that writes it and behind it.
func (s *suite) formerIDs(t *testing.T) {
	oracle, x := s.filled(t, Small())
	node := func(former ...string) *store.Batch {
		return &store.Batch{Nodes: []*kg.Node{{ID: "kaldor", Type: "PERSON", Name: "Mary Kaldor", FormerIDs: former}}}
	}
	ids := []string{"m-kaldor", "kaldor", "nobody", "", "s_one", "l_two", "mk"}
	for _, step := range []struct {
		name string
		do   *store.Batch
		want map[string]string
	}{
		{"none", nil, map[string]string{}},
		{"one", node("m-kaldor"), map[string]string{"m-kaldor": "kaldor"}},
		{"two", node("m-kaldor", "mk"), map[string]string{"m-kaldor": "kaldor", "mk": "kaldor"}},
		{"another", node("mk"), map[string]string{"mk": "kaldor"}},
		{"none again", node(), map[string]string{}},
	} {
		for name, of := range map[string]store.Store{"oracle": oracle, "store": x} {
			is := func(when string, y interface {
				Merged(ctx context.Context, ids []string) (map[string]string, error)
				Fetch(ctx context.Context, q *plan.Query) (*kg.Result, error)
			},
			) {
				for _, asked := range [][]string{ids, nil} {
					if got, err := y.Merged(t.Context(), asked); err != nil || len(got) != len(step.want) ||
						len(got) > 0 && !reflect.DeepEqual(got, step.want) {
						t.Errorf("%s, %s, %s: of %q it finds %v, %v, want %v", step.name, name, when, asked, got, err, step.want)
					}
				}
				res, err := y.Fetch(t.Context(), s.recordsOf(ids...))
				if err != nil {
					t.Fatal(err)
				}
				for i, id := range ids {
					want := step.want[id]
					if id == "kaldor" {
						want = id
					}
					if row := &res.Edges[i].Node; want != "" && (row.Type == 0 || row.Vals[0].Str != want) ||
						want == "" && row.Type != 0 && id != "s_one" && id != "l_two" {
						t.Errorf("%s, %s, %s: %q is %+v, want %q", step.name, name, when, id, row, want)
					}
				}
			}
			if step.do != nil {
				if _, err := of.Write(t.Context(), store.Ahead{}, func(ctx context.Context, tx store.Tx) error {
					err := tx.Put(ctx, step.do)
					is("as it is written", tx)
					return err
				}); err != nil {
					t.Fatal(err)
				}
			}
			is("as it is", of)
		}
	}
}

// checks looks for damage where there is none.
func (s *suite) checks(t *testing.T) {
	b := Small()
	_, x := s.filled(t, b)
	got, err := x.Check(t.Context(), func(d store.Damage) error {
		t.Errorf("damage where there is none: %+v",
			d)
		return nil
	})
	if want := (store.Checked{Sources: len(b.Sources), Nodes: len(b.Nodes), Links: len(b.Links)}); err != nil ||
		got != want {
		t.Errorf("%+v were checked, %v, want %+v", got, err, want)
	}
}

// sortedIDs are the ids of records in the order in which a scan calls for them.
func sortedIDs[T any](list []T, id func(T) string) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = id(x)
	}
	slices.Sort(out)
	return out
}
