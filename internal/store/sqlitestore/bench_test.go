package sqlitestore_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/text"
)

// crowd is a graph of n people with three affiliations each, to n/20 institutions of which the first is everybody's.
func crowd(n int) *store.Batch {
	b := &store.Batch{Sources: []*kg.Source{{ID: "s_a", Title: "A", Kind: "BOOK"}}}
	for i := range n/20 + 2 {
		b.Nodes = append(b.Nodes, &kg.Node{
			ID: fmt.Sprintf("i%d", i), Type: "INSTITUTION",
			Name: fmt.Sprintf("Institute of rivers %d", i),
		})
	}
	for i := range n {
		b.Nodes = append(b.Nodes, &kg.Node{
			ID: fmt.Sprintf("p%d", i), Type: "PERSON",
			Name: fmt.Sprintf("Ada Person %d", i), Props: map[string]any{"born": "1950"},
		})
		for j, to := range []int{0, 1 + i%(n/20), 1 + (i*7+1)%(n/20)} {
			l := &kg.Link{
				Kind: "AFFILIATED_WITH", From: fmt.Sprintf("p%d", i), To: fmt.Sprintf("i%d", to),
				Role: fmt.Sprint("role ", j), Evidence: []kg.Evidence{{
					Source: "s_a", Excerpt: "x",
					Stance: "SUPPORTS",
				}},
			}
			l.ID = kg.LinkID(l.Kind, l.From, l.To, l.Role, "", "")
			b.Links = append(b.Links, l)
		}
	}
	return b
}

// asked are the questions that are measured.
func asked(cat *catalog.Catalog) map[string]*plan.Query {
	var id, name *catalog.Prop
	for _, p := range cat.Props {
		switch p.Name {
		case "id":
			id = p
		case "name":
			name = p
		}
	}
	both := &plan.Sel{Props: []*catalog.Prop{id, name}}
	person, institution := cat.TypeOf("PERSON").Index, cat.TypeOf("INSTITUTION").Index
	all := ^catalog.TypeSet(0)
	affiliations := &plan.Field{
		On: all, Follow: plan.Links, Kinds: 1 << cat.Kind("AFFILIATED_WITH").Index, Out: true,
		Other: all, Node: both,
	}
	affiliations.Want.Rows, affiliations.Page.N = true, 3
	members := &plan.Field{On: all, Follow: plan.Links, Kinds: affiliations.Kinds, In: true, Other: all}
	members.Want.Total = true
	root := func(q plan.Query, sel *plan.Sel, n int) *plan.Query {
		q.Root.Node, q.Root.Want.Rows, q.Root.Page.N = sel, true, n
		return &q
	}
	role := "role 0"
	filtered := *members
	filtered.Links = &plan.LinkFilter{Role: &plan.StringFilter{Eq: &role}}
	return map[string]*plan.Query{
		"point": root(plan.Query{Start: plan.ByID, IDs: []string{"p7"}, Types: all}, both, 1),
		"list": root(plan.Query{Start: plan.Everything, Types: 1 << person},
			&plan.Sel{Props: both.Props, Children: []*plan.Field{affiliations}}, 50),
		"hub's count": root(plan.Query{Start: plan.ByID, IDs: []string{"i0"}, Types: all},
			&plan.Sel{Children: []*plan.Field{members}}, 1),
		"hub's filtered": root(plan.Query{Start: plan.ByID, IDs: []string{"i0"}, Types: all},
			&plan.Sel{Children: []*plan.Field{&filtered}}, 1),
		"common words": root(plan.Query{
			Start: plan.Search, Types: 1 << person,
			Search: text.NewSearch("ada person"),
		}, both, 10),
		"misspelt word": root(plan.Query{
			Start: plan.Search, Types: 1 << institution,
			Search: text.NewSearch("instutute"),
		}, both, 10),
		"institution all": root(plan.Query{Start: plan.Everything, Types: 1 << institution}, both, 20),
	}
}

func crowded(t testing.TB, n int) (*catalog.Catalog, *sqlitestore.Store) {
	t.Helper()
	cat := parse(t)
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Path: filepath.Join(t.TempDir(), "g.db"), Catalog: cat})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := errors.Join(storetest.Fill(t.Context(), s, crowd(n)), s.Warm(t.Context())); err != nil {
		t.Fatal(err)
	}
	return cat, s
}

// BenchmarkFetch shows what answers cost at two sizes of graph: what is asked for is the same.
func BenchmarkFetch(b *testing.B) {
	for _, n := range []int{1000, 50_000} {
		cat, s := crowded(b, n)
		for name, q := range asked(cat) {
			b.Run(fmt.Sprintf("%s of %d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					res, err := s.Fetch(b.Context(), q)
					if err != nil {
						b.Fatal(err)
					}
					res.Release()
				}
			})
		}
	}
}

// BenchmarkStart is making a version from the rows, and restoring one.
func BenchmarkStart(b *testing.B) {
	cat := parse(b)
	path := filepath.Join(b.TempDir(), "g.db")
	open := func(b *testing.B) *sqlitestore.Store {
		s, err := sqlitestore.Open(b.Context(), sqlitestore.Options{Path: path, Catalog: cat})
		if err != nil {
			b.Fatal(err)
		}
		return s
	}
	s := open(b)
	err := storetest.Fill(b.Context(), s, crowd(5000)) // too few for a snapshot of its own
	if err = errors.Join(err, s.Close()); err != nil {
		b.Fatal(err)
	}
	run := func(b *testing.B) {
		for b.Loop() {
			s := open(b)
			if err := errors.Join(s.Warm(b.Context()), s.Close()); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("from rows", run)
	s = open(b)
	if err := errors.Join(sqlitestore.Snapshot(b.Context(), s), s.Close()); err != nil {
		b.Fatal(err)
	}
	b.Run("from a snapshot", run)
}

func TestAFetchAllocatesLittle(t *testing.T) {
	cat, s := crowded(t, 1000)
	most := map[string]float64{
		"point": 0, "list": 1, "hub's count": 0, "hub's filtered": 6, "common words": 4,
		"misspelt word": 17, "institution all": 1,
	}
	if poolsForget { // "institution all" took 5 in a fifth of the runs
		most = map[string]float64{
			"point": 3, "list": 14, "hub's count": 3, "hub's filtered": 10, "common words": 24,
			"misspelt word": 30, "institution all": 6,
		}
	}
	for name, q := range asked(cat) {
		got := testing.AllocsPerRun(100, func() {
			res, err := s.Fetch(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			res.Release()
		})
		t.Logf("%s takes %.0f allocations", name, got)
		if bound, ok := most[name]; !ok || got > bound {
			t.Errorf("%s takes %.0f allocations, the bound is %.0f", name, got, bound)
		}
	}
}
