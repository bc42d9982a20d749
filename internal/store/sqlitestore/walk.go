package sqlitestore

import (
	"context"
	"errors"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/memgraph"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

var (
	_ store.Walker    = (*Store)(nil)
	_ store.Patterned = (*walk)(nil)
	_ store.Keyed     = (*walk)(nil)
)

// walk is the graph as one question sees it, with its texts.
type walk struct {
	*memgraph.Walk
	s *Store
}

// Walk returns the graph in memory as the question sees it.
func (s *Store) Walk(ctx context.Context, w *plan.Walk) (store.Graph, []uint32, error) {
	graph, err := s.held(ctx)
	if err != nil {
		return nil, nil, err
	}
	g, keys, err := graph.Walk(ctx, w)
	if err != nil {
		return nil, nil, err
	}
	return &walk{g, s}, keys, nil
}

// Read reads by key what Fetch would have to find by id, and of the version that the walk went through.
func (g *walk) Read(ctx context.Context, q *plan.Query, nodes, links []uint32) (*kg.Result, error) {
	res, err := g.Walk.Read(ctx, q, (*texts)(g.s), nodes, links)
	if !errors.Is(err, memgraph.ErrStale) {
		return res, storeError(ctx, err)
	}
	q.IDs = g.IDs(nodes, links)
	// the walk saw the version that the file has left behind
	if v := store.ViewOf(ctx); v != nil {
		if err := v.Leave(g.Graph()); err != nil {
			return nil, err
		}
	}
	return g.s.Fetch(ctx, q)
}
