package neo4jstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/neo4jstore"
	"github.com/throughline/throughline/internal/store/sqlitestore"
)

func put(t testing.TB, s store.Store, sources []*kg.Source, nodes []*kg.Node, links []*kg.Link) {
	t.Helper()
	l, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Rollback() //nolint:errcheck // after Commit it does nothing
	if err := l.Put(t.Context(), &store.Batch{Sources: sources, Nodes: nodes, Links: links}); err != nil {
		t.Fatal(err)
	}
	if err := l.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestDiff(t *testing.T) {
	cat := mustCatalog(t)
	now := func() time.Time { return time.UnixMilli(1_600_000_000_000) }
	s, err := neo4jstore.Open(t.Context(), neo4jstore.Options{URL: "bolt://127.0.0.1:17687", User: "neo4j", Password: "throughline", Catalog: cat, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, c := context.WithTimeout(t.Context(), 60*time.Second)
	defer c()
	if err := s.Wait(ctx); err != nil {
		t.Fatalf("%+v", err)
	}
	lite, err := sqlitestore.Open(ctx, sqlitestore.Options{Catalog: cat, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	defer lite.Close()
	a, b, l := small()
	put(t, s, a, b, l)
	put(t, lite, a, b, l)
	for _, sh := range shapes(t, cat) {
		t.Run(sh.name, func(t *testing.T) {
			want, err1 := lite.Fetch(ctx, sh.q)
			got, err2 := s.Fetch(ctx, sh.q)
			if kg.CodeOf(err1) != kg.CodeOf(err2) {
				t.Fatalf("%v\n%v", err1, err2)
			}
			if err1 != nil {
				if err1.Error() != err2.Error() {
					t.Errorf("%v\n%v", err1, err2)
				}
				return
			}
			want.RoundTrips, got.RoundTrips = 0, 0
			if sh.q.Start == plan.Everything || sh.q.Start == plan.Search {
				mask(&want.Page, &sh.q.Root)
			} else {
				for i := range want.Edges {
					maskRow(&want.Edges[i].Node, sh.q.Root.Node)
				}
				want.Total = 0
			}
			if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
				t.Error(d)
			}
		})
	}
}

func mask(p *kg.Page, f *plan.Field) {
	if !f.Want.Total && f.Follow != plan.LinkCount {
		p.Total = 0
	}
	if !f.Want.More {
		p.HasNext, p.HasPrev = false, false
	}
	for i := range p.Edges {
		maskRow(&p.Edges[i].Node, f.Node)
		maskRow(&p.Edges[i].Link, f.Link)
		for j := range p.Edges[i].Because {
			maskRow(&p.Edges[i].Because[j], f.Because)
		}
	}
}

func maskRow(r *kg.Row, s *plan.Sel) {
	if s == nil {
		return
	}
	for i := range r.Kids {
		mask(&r.Kids[i], s.Kids[i])
	}
}
