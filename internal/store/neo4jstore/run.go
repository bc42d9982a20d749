package neo4jstore

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/budget"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

const (
	// attempts is how often a read is tried when the connection breaks or the server asks to try again.
	attempts = 3
	// pause is how long the first try again waits; the next waits longer.
	pause = 50 * time.Millisecond
	// longest is a statement's time on the server when the caller sets none.
	longest = time.Minute
)

// timeout is how long the server may work for a caller.
func timeout(ctx context.Context, otherwise time.Duration) func(*neo4j.TransactionConfig) {
	d := otherwise
	if end, ok := ctx.Deadline(); ok {
		d = max(time.Until(end), time.Millisecond)
	}
	return neo4j.WithTxTimeout(d)
}

// read runs a reading statement and returns its records, and how often the server was asked. A read that fails because
// of the connection, or for a passing reason, is simply run again.
func (s *Store) read(ctx context.Context, text string, params map[string]any) (records [][]any, trips int, err error) {
	for {
		trips++
		records, err = s.once(ctx, text, params)
		if !again(ctx, trips, err) {
			return records, trips, s.failed(ctx, err)
		}
	}
}

// failed is failure of a store that may have been closed meanwhile.
func (s *Store) failed(ctx context.Context, err error) error {
	if err != nil && s.lifetime.Err() != nil {
		return kg.Wrap(kg.Unavailable, err, "the store is closed")
	}
	return failure(ctx, err)
}

// again reports whether a read is worth another try, and waits a little before it.
func again(ctx context.Context, tries int, err error) bool {
	if err == nil || tries == attempts || ctx.Err() != nil || !passing(err) {
		return false
	}
	wait := pause << (2 * (tries - 1))
	wait += rand.N(wait) //nolint:gosec // spreads what failed together
	select {
	case <-ctx.Done():
	case <-time.After(wait):
	}
	return true
}

// once runs a reading statement once, as its own transaction.
func (s *Store) once(ctx context.Context, text string, params map[string]any) (records [][]any, err error) {
	err = s.stream(ctx, longest, text, params, func(r *neo4j.Record) error {
		records = append(records, r.Values)
		return nil
	})
	return records, err
}

// Statements is how many statements have been sent to the server so far.
func (s *Store) Statements() int64 { return s.texts.Load() }

// stream runs a reading statement once and hands on its records as they come.
func (s *Store) stream(ctx context.Context, limit time.Duration, text string, params map[string]any,
	f func(*neo4j.Record) error,
) error {
	return s.within(ctx, limit, text, params, f, nil)
}

// within does so and, when all has come, lets a caller look at the session.
func (s *Store) within(ctx context.Context, limit time.Duration, text string, params map[string]any,
	f func(*neo4j.Record) error, end func(neo4j.SessionWithContext),
) error {
	return s.running(ctx, reading, limit, text, params, f, end)
}

// running runs a statement once, as its own transaction.
func (s *Store) running(ctx context.Context, p silenceKind, limit time.Duration, text string, params map[string]any,
	f func(*neo4j.Record) error, end func(neo4j.SessionWithContext),
) (err error) {
	u, err := s.conns.enter(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = u.leave(err) }()
	ctx = u.ctx
	cfg := s.session
	if cfg.AccessMode = neo4j.AccessModeRead; p == writing {
		cfg.AccessMode = neo4j.AccessModeWrite
	}
	session := u.session(cfg)
	defer u.end(session)
	s.texts.Add(1)
	text = awaited(text)
	rows := 0
	if r := store.RecorderOf(ctx); r != nil {
		began := time.Now()
		defer func() { r.Statement(text, params, rows, began) }()
	}
	res, err := session.Run(ctx, text, params, timeout(ctx, limit))
	if err != nil {
		return err
	}
	var rec *neo4j.Record
	held := budget.Of(ctx)
	for res.NextRecord(ctx, &rec) {
		if rows++; rows%pageOfRecords == 1 {
			u.hear()
		}
		if held != nil {
			if err := held.Hold(sizeOf(rec.Values)); err != nil {
				return err
			}
		}
		if err := f(rec); err != nil {
			return err
		}
	}
	if err := res.Err(); err != nil || end == nil {
		return err
	}
	end(session)
	return nil
}

// sizeOf is about how many bytes a value takes that the driver made, and what is made of it.
func sizeOf(v any) int64 {
	const each = 32
	n := int64(each)
	switch v := v.(type) {
	case string:
		n += int64(len(v))
	case []any:
		for _, x := range v {
			n += sizeOf(x)
		}
	case map[string]any:
		for k, x := range v {
			n += each + int64(len(k)) + sizeOf(x)
		}
	}
	return n
}

// write runs one transaction, again when it failed for a passing reason; work must be right however often it runs.
func (s *Store) write(ctx context.Context, work func(tx neo4j.ManagedTransaction) error) error {
	if err := s.usable(); err != nil {
		return err
	}
	return s.writeAnyway(ctx, work)
}

// writeAnyway is write where the store may not be set up yet: a migration writes too.
func (s *Store) writeAnyway(ctx context.Context, work func(tx neo4j.ManagedTransaction) error) error {
	err := s.writeOnce(ctx, work)
	if errors.Is(err, errLost) && ctx.Err() == nil {
		err = s.writeOnce(ctx, work)
	}
	s.wrote()
	return s.failed(ctx, err)
}

// wrote forgets what was read before a write, whatever became of that.
func (s *Store) wrote() {
	s.views.current.Store(nil)
	s.unsurvey()
}

func (s *Store) writeOnce(ctx context.Context, work func(tx neo4j.ManagedTransaction) error) (err error) {
	u, err := s.conns.enter(ctx, writing)
	if err != nil {
		return err
	}
	defer func() { err = u.leave(err) }()
	cfg := s.session
	cfg.AccessMode = neo4j.AccessModeWrite
	session := u.session(cfg)
	defer u.end(session)
	_, err = session.ExecuteWrite(u.ctx, func(tx neo4j.ManagedTransaction) (any, error) {
		return nil, work(&transaction{tx, u})
	}, timeout(ctx, 10*time.Minute))
	return err
}

// transaction is one of a use, which it ends with.
type transaction struct {
	neo4j.ManagedTransaction
	use *use
}

// do runs a statement within a transaction and returns its records.
func (s *Store) do(ctx context.Context, tx neo4j.ManagedTransaction, text string, params map[string]any) ([][]any,
	error,
) {
	switch t := tx.(type) {
	case *ahead:
		return nil, t.ask()
	case *later:
		return nil, errLook
	}
	s.texts.Add(1)
	if t, ok := tx.(*transaction); ok {
		ctx = t.use.ctx
		t.use.hear()
		defer t.use.hear()
	}
	res, err := tx.Run(ctx, awaited(text), params)
	if err != nil {
		return nil, err
	}
	var out [][]any
	for res.Next(ctx) {
		out = append(out, res.Record().Values)
	}
	return out, res.Err()
}

// passing reports whether an error may be gone at the next try.
func passing(err error) bool {
	var broken *neo4j.ConnectivityError
	var e *neo4j.Neo4jError
	switch {
	case errors.Is(err, errLost):
		return true
	case errors.As(err, &broken):
		return !full(broken)
	case errors.As(err, &e):
		return e.IsRetriable()
	}
	return false
}

// full reports whether the error is that no connection came free: the wait was long enough.
func full(err *neo4j.ConnectivityError) bool {
	return strings.HasPrefix(err.Inner.Error(), "Timeout while waiting for connection")
}

// pressed reports whether a context is about to end: its deadline is also that of the driver's reads, one of which may
// notice it first.
func pressed(ctx context.Context) bool {
	end, ok := ctx.Deadline()
	return ok && time.Until(end) < 10*time.Millisecond
}

// unshaken reports whether a connection ended before server and driver had agreed on a version of their protocol: the
// driver then takes what it did not hear for an offer of none, in an error without a type.
func unshaken(err error) bool { return strings.Contains(err.Error(), "offered Bolt versions") }

// failure turns an error of the driver into one of ours; the driver's words stay inside, for the log.
func failure(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var own *kg.Error
	if errors.As(err, &own) {
		return own
	}
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return kg.Wrap(kg.Timeout, err, "the operation took too long; ask for less at once")
	case errors.Is(ctx.Err(), context.Canceled):
		return kg.Wrap(kg.Cancelled, err, "the request was cancelled")
	}
	var broken *neo4j.ConnectivityError
	var limit *neo4j.TransactionExecutionLimit
	var e *neo4j.Neo4jError
	switch {
	case !errors.As(err, &e) && pressed(ctx):
		return kg.Wrap(kg.Timeout, err, "the operation took too long; ask for less at once")
	case errors.As(err, &broken), errors.As(err, &limit), unshaken(err):
		return kg.Wrap(kg.Unavailable, err, "the store cannot be reached; try again")
	case errors.As(err, &e):
		switch {
		case strings.HasPrefix(e.Code, "Neo.ClientError.Transaction.TransactionTimedOut"):
			return kg.Wrap(kg.Timeout, err, "the operation took too long; ask for less at once")
		case e.Code == "Neo.ClientError.General.ForbiddenOnReadOnlyDatabase":
			return kg.Wrap(kg.ReadOnly, err, "the database may only be read; nothing was written")
		case e.IsRetriable(), strings.HasPrefix(e.Code, "Neo.ClientError.Transaction.Terminated"),
			strings.HasPrefix(e.Code, "Neo.ClientError.Security."), strings.HasPrefix(e.Code,
				"Neo.ClientError.Database."),
			strings.HasPrefix(e.Code, "Neo.DatabaseError.General.OutOfMemory"):
			return kg.Wrap(kg.Unavailable, err, "the store cannot answer now; try again")
		}
	}
	return kg.Wrap(kg.Internal, err, "something went wrong in the store")
}
