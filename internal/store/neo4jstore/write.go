package neo4jstore

import (
	"cmp"
	"context"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/store"
)

// Write runs work in one transaction. Its first statement takes the lock that all who write wait for; so what the
// transaction reads stays as it is. When a connection is lost while it commits, nobody knows what became of it: the log
// says so, which has a change with the id that this one was to have.
func (s *Store) Write(ctx context.Context, foreseen store.Ahead, work func(ctx context.Context, tx store.Tx) error) (*kg.Change, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	select {
	case s.loads <- struct{}{}:
	case <-ctx.Done():
		return nil, failure(ctx, ctx.Err())
	}
	defer func() { <-s.loads }()
	id := kg.NewChangeID()
	if len(foreseen.IDs) > 0 {
		if is, ended, err := s.writeAhead(ctx, id, foreseen, work); ended {
			return is, err
		}
	}
	var l *load
	var own error // of work
	err := s.write(ctx, func(tx neo4j.ManagedTransaction) error {
		own = nil
		l = s.newLoad(id)
		l.tx = tx
		if err := l.lock(ctx, tx); err != nil || l.logging.done {
			return err
		}
		if own = work(ctx, &writer{l}); own != nil {
			return own
		}
		if !l.logging.wrote {
			return nil
		}
		return l.logAtOnce(ctx, tx)
	})
	switch {
	case own != nil && !ofServer(own) && ctx.Err() == nil:
		return nil, own
	case err == nil && !l.logging.done && l.seq == 0:
		return nil, nil //nolint:nilnil // nothing was written
	case err == nil && !l.logging.done:
		return &l.is, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), outcomeTimeout)
	defer cancel()
	if found, failed := s.Changes(ctx, &store.ChangesQuery{IDs: []string{id}, Limit: 1}); failed == nil && len(found) == 1 {
		return &found[0], nil
	} else if err == nil {
		err = failed
	}
	return nil, err
}

// newLoad begins a load of one transaction, whose change has an id.
func (s *Store) newLoad(id string) *load {
	return &load{
		s: s, now: kg.TimeOf(s.now()), sources: map[string]*rules.Text{}, went: map[string]bool{}, came: map[string]bool{},
		deed: store.Deed{ID: id},
	}
}

// outcomeTimeout bounds the look at what became of a transaction.
const outcomeTimeout = 5 * time.Second

// read runs a reading statement, in the one transaction of a load that is one.
func (l *load) read(ctx context.Context, text string, params map[string]any) ([][]any, error) {
	if l.tx != nil {
		return l.s.do(ctx, l.tx, text, params)
	}
	return l.s.reads(ctx, text, params)
}

// each is read for what may be much.
func (l *load) each(ctx context.Context, text string, params map[string]any, f func(row []any) error) error {
	if l.tx == nil {
		return l.s.stream(ctx, longest, text, params, func(r *neo4j.Record) error { return f(r.Values) })
	}
	rows, err := l.s.do(ctx, l.tx, text, params)
	for i := 0; i < len(rows) && err == nil; i++ {
		err = f(rows[i])
	}
	return err
}

// writer is a load of one transaction, which is read.
type writer struct{ *load }

// Put writes a batch at once.
func (w *writer) Put(ctx context.Context, b *store.Batch) error {
	c := *b
	c.Distinct = false
	if err := w.load.Put(ctx, &c); err != nil {
		return err
	}
	return w.flush(ctx)
}

// Describe says what the load is for.
func (w *writer) Describe(d *store.Deed) {
	w.deed, w.deed.ID = *d, cmp.Or(d.ID, w.deed.ID)
}

// Fetch answers a plan by statements of the transaction.
func (w *writer) Fetch(ctx context.Context, q *plan.Query) (*kg.Result, error) {
	return knowing(ctx, q, w.read, func(q *plan.Query) (*kg.Result, error) { return w.fetch(ctx, q) })
}

func (w *writer) fetch(ctx context.Context, q *plan.Query) (*kg.Result, error) {
	st, c := w.s.statementIn(w.s.behind, q)
	if st.answer.empty && !st.answer.refs {
		return (&decoder{cat: w.s.layout.cat}).result(&st.answer, q, nil)
	}
	records, err := w.read(ctx, st.text, params(c.values))
	if err != nil {
		return nil, err
	}
	return w.s.decode(ctx, &st.answer, q, records, 1, w.read)
}

// Types finds what records are by their ids.
func (w *writer) Types(ctx context.Context, ids []string) (map[string]string, error) {
	if a := aheadOf(w.load); a != nil {
		return a.types(w.s, ids)
	}
	return w.s.types(ctx, ids, w.read)
}

// Records finds records by their ids.
func (w *writer) Records(ctx context.Context, ids []string) (*store.Batch, error) {
	if a := aheadOf(w.load); a != nil {
		return a.records(w.s, ids)
	}
	return w.s.records(ctx, ids, w.read)
}

// Strays finds the links that say what some say, under ids that do not follow from it.
func (w *writer) Strays(ctx context.Context, links []*kg.Link) ([]string, error) {
	if a := aheadOf(w.load); a != nil {
		return a.straysOf(links)
	}
	return w.s.strays(ctx, links, w.read)
}

// Resting finds the links that end at entities or rest on sources.
func (w *writer) Resting(ctx context.Context, ids []string) ([]string, error) {
	if a := aheadOf(w.load); a != nil {
		return nil, a.ask()
	}
	return w.resting(ctx, w.tx, ids)
}
