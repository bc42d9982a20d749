package neo4jstore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/store"
)

// Atomic is false: a load of any size does not fit into one transaction, whose state Neo4j keeps in memory. What was
// written is right as far as it goes, and the load run again completes it.
func (s *Store) Atomic() bool { return false }

// batchSize is about how many records one transaction writes: a commit costs some milliseconds, and a statement for
// each of fourteen kinds of link half of one. Larger ones gain nothing and cost memory on the server.
const batchSize = 10_000

// batchText is about how many bytes of long texts one transaction writes at most, and one batch more.
const batchText = 4 << 20

// load writes batches, each in transactions of its own.
type load struct {
	s       *Store
	now     kg.Time
	done    bool
	sources map[string]*rules.Text
	// changing are the texts that are about to be written
	changing map[string]*rules.Text
	held     int           // bytes of them
	pieces   []kg.Evidence // of a link, while it is written
	// waiting is what was put and not yet written, and the bytes of its texts
	waiting store.Batch
	texts   int
	// what of a kind, or of entities, was not there when the load began need not be looked for
	noLinks catalog.KindSet
	noNodes bool
	// sent are transactions that are under way: see concurrent.go
	sent []*sent

	// tx is the one transaction of a load that is one: see write.go
	tx      neo4j.ManagedTransaction
	written []string // ids of the links that it has written or deleted

	// for the log: see log.go
	deed    store.Deed
	marks   map[string]int64 // of what waits, where the log is another store's: see mark
	seq     int64            // of the change, once it is there
	went    map[string]bool  // ids of records that were there before the load and that it deleted
	came    map[string]bool  // ids of records that are new, where the log keeps each of them and they bear no mark
	logging *logging         // of the transaction that was begun last
	is      kg.Change        // as it was written

	migrates bool // what is damaged is passed over: a store with some of it starts
}

// What a load remembers of sources at most.
const (
	maxHeld  = 100_000
	maxTexts = 16 << 20 // bytes of their texts; folded, one takes about as much again
)

// Load begins a load. It waits for one that is under way in this process; loads of other servers take turns batch by
// batch.
func (s *Store) Load(ctx context.Context) (store.Load, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	select {
	case s.loads <- struct{}{}:
	case <-ctx.Done():
		return nil, failure(ctx, ctx.Err())
	}
	l := &load{
		s: s, now: kg.TimeOf(s.now()), sources: map[string]*rules.Text{}, waiting: store.Batch{Distinct: true},
		went: map[string]bool{}, came: map[string]bool{},
	}
	if err := l.count(ctx); err != nil {
		return nil, errors.Join(err, l.Rollback())
	}
	return l, nil
}

// count finds out what is not there; Neo4j keeps the numbers.
func (l *load) count(ctx context.Context) error {
	rows, _, err := l.s.read(ctx, "RETURN '' AS kind, COUNT { MATCH (:Entity) } AS n UNION ALL"+
		l.s.layout.eachType("RETURN '%s' AS kind, COUNT { MATCH ()-[:%s]->() } AS n"), nil)
	refuted := false
	for _, r := range rows {
		none := asInt(r[1]) == 0
		switch name := asString(r[0]); {
		case name == "":
			l.noNodes = none
		case name == refutedType:
			refuted = !none
		case none:
			l.noLinks |= 1 << l.s.layout.cat.Kind(name).Index
		}
	}
	if refuted {
		l.noLinks = 0 // some are of any kind
	}
	return err
}

// Commit writes what waits and ends the load.
func (l *load) Commit(ctx context.Context) error {
	if l.done {
		return kg.Errorf(kg.Internal, "the load has ended")
	}
	err := cmp.Or(l.flush(ctx), l.settle(ctx))
	switch {
	case err != nil:
	case l.deed.Log != nil:
		err = l.copyLog(ctx, l.deed.Log)
	case l.seq > 0:
		err = l.s.write(ctx, func(tx neo4j.ManagedTransaction) error { return l.closeLog(ctx, tx) })
	}
	_ = l.Rollback() // it only lets the next load begin
	return err
}

// Rollback ends the load; what was written stays.
func (l *load) Rollback() error {
	if !l.done {
		l.done = true
		l.leave()
		<-l.s.loads
	}
	return nil
}

// Put takes a batch and writes it when enough has come together.
func (l *load) Put(ctx context.Context, b *store.Batch) error {
	if l.done {
		return kg.Errorf(kg.Internal, "the load has ended")
	}
	if l.waiting.Merge != b.Merge {
		if err := l.flush(ctx); err != nil {
			return err
		}
	}
	w := &l.waiting
	w.Sources, w.Nodes, w.Links = append(w.Sources, b.Sources...), append(w.Nodes, b.Nodes...), append(w.Links,
		b.Links...)
	w.Distinct, w.Merge, w.Report = w.Distinct && b.Distinct, b.Merge, b.Report
	l.texts += textBytes(b)
	if len(w.Sources)+len(w.Nodes)+len(w.Links) >= l.s.batch || l.texts >= batchText || len(b.Delete) > 0 {
		if err := l.flush(ctx); err != nil {
			return err
		}
	}
	return l.remove(ctx, b)
}

// textBytes counts the bytes of what can be long.
func textBytes(b *store.Batch) (n int) {
	for _, x := range b.Sources {
		n += len(x.Text)
	}
	for _, x := range b.Nodes {
		n += len(x.Description)
		for _, v := range x.Props {
			if s, ok := v.(string); ok {
				n += len(s)
			}
		}
	}
	for _, x := range b.Links {
		for i := range x.Evidence {
			n += len(x.Evidence[i].Excerpt) + len(x.Evidence[i].Prefix) + len(x.Evidence[i].Suffix)
		}
	}
	return n
}

// flush writes what waits: sources, then nodes, then links, in transactions of at most batch records.
func (l *load) flush(ctx context.Context) error {
	b := l.waiting
	if err := l.keepOwn(ctx, &b); err != nil {
		return err
	}
	if err := l.copyMarks(ctx, &b); err != nil {
		return err
	}
	l.waiting, l.texts = store.Batch{Distinct: b.Distinct, Merge: b.Merge}, 0
	part := func(of store.Batch) store.Batch {
		of.Distinct, of.Merge, of.Report = b.Distinct, b.Merge, b.Report
		return of
	}
	for list := range slices.Chunk(b.Sources, l.s.batch) {
		if err := l.putSources(ctx, part(store.Batch{Sources: list})); err != nil {
			return err
		}
	}
	for list := range slices.Chunk(b.Nodes, l.s.batch) {
		if err := l.supposing(ctx, part(store.Batch{Nodes: list}), l.putNodes); err != nil {
			return err
		}
	}
	if len(b.Links) > 0 && slices.ContainsFunc(l.sent, func(x *sent) bool { return len(x.batch.Nodes) > 0 }) {
		if err := l.settle(ctx); err != nil { // they may be ends
			return err
		}
	}
	for list := range slices.Chunk(b.Links, l.s.batch) {
		if err := l.hold(ctx, list); err != nil {
			return err
		}
		if err := l.supposing(ctx, part(store.Batch{Links: list}), l.putLinks); err != nil {
			return err
		}
	}
	return nil
}

// supposing writes a batch that may suppose records to be new: beside others where it can, otherwise alone.
func (l *load) supposing(ctx context.Context, b store.Batch, work batchWork) error {
	if l.tx != nil {
		return work(ctx, l.tx, &b)
	}
	if ok, err := l.send(ctx, b, work); ok {
		return err
	}
	if err := l.settle(ctx); err != nil {
		return err
	}
	return l.alone(ctx, b, work)
}

// alone runs a transaction that may suppose records to be new, and again without that when one of them was there:
// another server's load is writing the same. What became of the records is reported once it is so.
func (l *load) alone(ctx context.Context, b store.Batch, work batchWork) error {
	var changes []outcome
	report := b.Report
	if report != nil {
		b.Report = func(was, is any) { changes = append(changes, outcome{was, is}) }
	}
	try := func() error {
		return l.s.write(ctx, func(tx neo4j.ManagedTransaction) error {
			changes = changes[:0] // the driver may run it again
			return l.within(ctx, tx, func() error { return work(ctx, tx, &b) })
		})
	}
	err := try()
	if b.Distinct && notUnique(err) {
		b.Distinct = false
		err = try()
	}
	if err == nil {
		l.logged()
	}
	if err == nil && report != nil {
		for _, c := range changes {
			report(c.was, c.is)
		}
	}
	return err
}

// within runs the work of a transaction between its lock and what it logs.
func (l *load) within(ctx context.Context, tx neo4j.ManagedTransaction, work func() error) error {
	if err := l.lock(ctx, tx); err != nil {
		return err
	}
	if err := work(); err != nil {
		return err
	}
	return l.writeLog(ctx, tx)
}

// outcome is a record before and after it was written: see store.Batch.
type outcome struct{ was, is any }

// notUnique reports whether a record was there that was taken to be new.
func notUnique(err error) bool {
	var e *neo4j.Neo4jError
	return errors.As(err, &e) && e.Code == "Neo.ClientError.Schema.ConstraintValidationFailed"
}

func anys(items []string) []any {
	out := make([]any, len(items))
	for i, s := range items {
		out[i] = s
	}
	return out
}

func setText(props map[string]any, name, s string) {
	if s != "" {
		props[name] = s
	}
}

// dateKey is how an interval is kept: see plan.DateKey.
func dateKey(from, until kg.PartialDate) int64 {
	a, b := from.Interval()
	if until != "" {
		_, b = until.Interval()
	}
	return int64(a)*1e8 + int64(b)
}

// setMade keeps the change that a record follows from.
func setMade(props map[string]any, seq int64) {
	if seq > 0 {
		props[madeProperty] = seq
	}
}

// known are the properties of a link that it has.
func known(columns []any) map[string]any {
	props := make(map[string]any, len(columns))
	for i, v := range columns {
		if v != nil {
			props[linkColumns[i]] = v
		}
	}
	return props
}

// linkTypes are the types of relationship that are links: the kinds and that of REFUTED links.
func (l *layout) linkTypes() []string { return append(l.kindList(l.cat.AllKinds()), refutedType) }

// eachType repeats a clause for every type of relationship that is a link.
func (l *layout) eachType(clause string) string {
	var b strings.Builder
	for i, name := range l.linkTypes() {
		if i > 0 {
			b.WriteString(" UNION ALL")
		}
		b.WriteByte(' ')
		b.WriteString(strings.ReplaceAll(clause, "%s", name))
	}
	return b.String()
}
