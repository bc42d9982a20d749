package neo4jstore

import (
	"context"
	"errors"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/store"
)

// Where all records of a transaction are taken to be new, nothing is read that must stay as it is: the constraints
// refuse what was there after all. Such a transaction takes the lock of those who write as its last act, and several
// are under way at once: one creates its records while another one is committed, and this program makes the rows of the
// next. One that is refused is run again on its own, with looking up.

// transactionsAtOnce is how many transactions of a load are under way at once. A third one gains nothing: one is
// committed at a time.
const transactionsAtOnce = 2

// later is the transaction of records that are taken to be new: its statements wait.
type later struct {
	neo4j.ManagedTransaction // none: it has no statements of its own

	writes []writes
}

// errLook ends work that wants to read in its transaction.
var errLook = errors.New("the work looks at what is there")

// sent is a transaction that is under way.
type sent struct {
	batch   store.Batch // what it writes
	work    batchWork
	changes []outcome
	cancel  context.CancelFunc // gives it up
	ended   chan struct{}      // closed when it has
	err     error              // then
}

// batchWork writes a batch in a transaction.
type batchWork func(ctx context.Context, tx neo4j.ManagedTransaction, b *store.Batch) error

// errMissing is the error of a transaction one of whose records cannot be written as it is.
var errMissing = errors.New("an end of a link is not there")

// send writes a batch in a transaction of its own and does not wait for it. It reports whether it could: the first of a
// load cannot, which makes its change, nor can one that needs looking up.
func (l *load) send(ctx context.Context, b store.Batch, work batchWork) (bool, error) {
	if !b.Distinct || l.seq == 0 || l.deed.Whole {
		return false, nil
	}
	x := &sent{batch: b, work: work, ended: make(chan struct{})}
	if b.Report != nil {
		b.Report = func(was, is any) { x.changes = append(x.changes, outcome{was, is}) }
	}
	g := &logging{seq: l.seq, went: map[string]bool{}, came: map[string]bool{}}
	l.logging = g
	tx := &later{}
	if err := work(ctx, tx, &b); err != nil || len(g.items) > 0 {
		return false, nil //nolint:nilerr // a transaction tells why
	}
	for len(l.sent) >= transactionsAtOnce {
		if err := l.receive(ctx); err != nil {
			return true, err
		}
	}
	l.sent = append(l.sent, x)
	// the transaction has a context of its own, as that of the call may end when the call returns
	ctx, x.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		defer close(x.ended)
		defer x.cancel()
		x.err = l.s.write(ctx, func(in neo4j.ManagedTransaction) error { return l.writeLater(ctx, in, tx, g) })
	}()
	return true, nil
}

// writeLater runs the statements that wait, takes the lock and counts the records.
func (l *load) writeLater(ctx context.Context, in neo4j.ManagedTransaction, tx *later, g *logging) error {
	for _, w := range tx.writes {
		if all, err := l.run(ctx, in, w.text, w.params, w.count); err != nil {
			return err
		} else if !all {
			return errMissing
		}
	}
	_, err := l.s.do(ctx, in, lockText+" WITH m MATCH (c:ThroughlineChange {seq: $seq}) SET c.created = c.created + $made",
		map[string]any{"seq": g.seq, "made": g.made})
	return err
}

// receive waits for the transaction that was sent first, and runs it again when it was refused.
func (l *load) receive(ctx context.Context) error {
	x := l.sent[0]
	select {
	case <-x.ended:
	case <-ctx.Done():
		x.cancel()
		<-x.ended
	}
	err := x.err
	l.sent = l.sent[1:]
	if notUnique(err) || errors.Is(err, errMissing) {
		x.batch.Distinct = false
		return l.alone(ctx, x.batch, x.work)
	}
	if err != nil {
		return err
	}
	for _, c := range x.changes {
		x.batch.Report(c.was, c.is)
	}
	return nil
}

// settle waits for all transactions that were sent.
func (l *load) settle(ctx context.Context) error {
	for len(l.sent) > 0 {
		if err := l.receive(ctx); err != nil {
			return err
		}
	}
	return nil
}

// leave cancels the transactions that are under way, and waits until they have ended.
func (l *load) leave() {
	for _, x := range l.sent {
		x.cancel()
		<-x.ended
	}
	l.sent = nil
}
