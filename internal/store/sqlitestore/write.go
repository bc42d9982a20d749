package sqlitestore

import (
	"context"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// Write runs work in a load of its own.
func (s *Store) Write(ctx context.Context, work func(ctx context.Context, tx store.Tx) error) (*kg.Change, error) {
	l, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	defer l.Rollback() //nolint:errcheck // what was not committed goes in any case
	if err := work(ctx, &writing{l}); err != nil {
		return nil, err
	}
	if err := l.Commit(ctx); err != nil {
		return nil, err
	}
	if l.is.Seq == 0 {
		return nil, nil //nolint:nilnil // nothing was written
	}
	return &l.is, nil
}

// writing is a load that is read.
type writing struct{ *load }

// Types finds what records are by their ids.
func (w *writing) Types(ctx context.Context, ids []string) (map[string]string, error) {
	return types(ctx, w.tx, ids)
}

// Records finds records by their ids.
func (w *writing) Records(ctx context.Context, ids []string) (*store.Batch, error) {
	return w.s.records(ctx, w.tx, ids)
}

// Resting finds the links that end at entities or rest on sources.
func (w *writing) Resting(ctx context.Context, ids []string) ([]string, error) {
	return w.s.resting(ctx, w.tx, ids)
}
