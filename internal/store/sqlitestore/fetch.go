package sqlitestore

import (
	"context"
	"errors"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/memgraph"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// Fetch answers a plan from the graph in memory; only evidence and texts of sources are read from the file.
func (s *Store) Fetch(ctx context.Context, q *plan.Query) (*kg.Result, error) {
	view := store.ViewOf(ctx)
	for {
		if ctx.Err() != nil {
			return nil, kg.Ended(ctx)
		}
		graph, err := s.seen(ctx, view)
		if err != nil {
			return nil, err
		}
		res, err := graph.Fetch(ctx, q, (*texts)(s))
		switch {
		case err == nil && (view == nil || view.Answered(graph)):
			return res, nil
		case err == nil: // the view has left this version
			res.Release()
		case errors.Is(err, memgraph.ErrStale):
			if view != nil {
				if err := view.Leave(graph); err != nil {
					return nil, err
				}
			}
			if _, err = s.rebuild(context.WithoutCancel(ctx)); err != nil {
				return nil, err
			}
		default:
			return nil, storeError(ctx, err)
		}
	}
}
