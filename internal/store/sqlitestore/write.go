package sqlitestore

import (
	"context"
	"database/sql"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/memgraph"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// Write runs work in a load of its own. What it foresees need not be read in one go: it is in this process.
func (s *Store) Write(ctx context.Context, _ store.Ahead, work func(ctx context.Context, tx store.Tx) error) (*kg.Change, error) {
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

// Fetch answers a plan from a version of what the transaction sees. Nothing is built on it: the version that follows is
// made from the same one before, and may write where this one's texts lie. So none is made meanwhile, and the texts of
// the answer are copied.
func (w *writing) Fetch(ctx context.Context, q *plan.Query) (*kg.Result, error) {
	w.s.build.Lock()
	defer w.s.build.Unlock()
	h, err := readHead(ctx, w.tx)
	if err != nil {
		return nil, storeError(ctx, err)
	}
	graph, err := follow(ctx, w.s.cat, []*sql.Tx{w.tx}, &h, w.s.graph.Load())
	if err != nil {
		return nil, storeError(ctx, err)
	}
	res, err := graph.Fetch(ctx, q, (*writtenTexts)(w))
	if err != nil {
		return nil, storeError(ctx, err)
	}
	res.Own()
	return res, nil
}

// writtenTexts is a transaction as a memgraph.Texts.
type writtenTexts writing

// ReadTexts returns what reads texts in the transaction.
func (w *writtenTexts) ReadTexts(_ context.Context, of *memgraph.Graph) (memgraph.TextReader, error) {
	return unended{&textReader{tx: w.tx, of: of, file: w.s.file.path}}, nil
}

// unended is a reader whose transaction goes on.
type unended struct{ *textReader }

// Close leaves the transaction as it is.
func (unended) Close() {}

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

// Merged finds the entities whose former ids some are.
func (w *writing) Merged(ctx context.Context, ids []string) (map[string]string, error) {
	return merged(ctx, w.tx, ids)
}
