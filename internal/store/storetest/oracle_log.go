package storetest

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// logged is a change and its items by the ids of the records.
type logged struct {
	kg.Change
	items map[string]*store.Logged
	made  map[string]int64 // of what went, the imports that created it
}

// change is what the oracle's load keeps for the log.
type change struct {
	deed  store.Deed
	items map[string]*store.Logged // of each record that was written
	was   map[string]bool          // whether a record that was written was there when the load began
	made  map[string]int64         // of what went, the imports that created it
	new   map[string]bool          // records that are there and were made by the load, some in place of others of their ids
	wrote bool
}

// Describe says what the load is for.
func (l *oracleLoad) Describe(d *store.Deed) { l.deed = *d }

// note takes down what is written of a record.
func (l *oracleLoad) note(was, is any) {
	l.wrote = true
	i := store.Log(l.o.cat, was, is)
	if before := l.items[i.ID]; before != nil {
		i.Before, i.WasA, i.WasB = before.Before, before.WasA, before.WasB
	} else {
		l.was[i.ID] = was != nil
	}
	l.items[i.ID] = i
	if seq := l.next.made[i.ID]; is == nil && seq != 0 {
		if l.made == nil {
			l.made = map[string]int64{}
		}
		l.made[i.ID] = seq
	}
	if l.new[i.ID] = is != nil && (was == nil || l.new[i.ID]); is == nil {
		delete(l.next.made, i.ID)
	}
}

// record adds the change to the log.
func (l *oracleLoad) record() {
	if !l.wrote {
		return
	}
	d := &l.deed
	c := logged{items: map[string]*store.Logged{}, made: l.made, Change: kg.Change{
		Seq: l.next.kept.First + int64(len(l.next.log)), ID: cmp.Or(d.ID, kg.NewChangeID()), At: kg.TimeOf(l.o.now()), By: d.By,
		Action: cmp.Or(d.Action, kg.Imported), Note: d.Note, Reverts: d.Reverts, Key: d.Key, Files: d.Files,
	}}
	for id, i := range l.items {
		there := i.After != ""
		if l.new[id] && !d.Whole {
			l.next.made[id] = c.Seq
		}
		switch {
		case !l.was[id] && there:
			c.Created++
			if !d.Whole {
				continue
			}
		case i.Before == i.After:
			continue
		case there:
			c.Changed++
		default:
			c.Removed++
		}
		c.items[id] = i
	}
	l.next.log = append(l.next.log, c)
}

// touches reports whether an item is of one of some records, or of a link that ends at one.
func touches(i *store.Logged, ids []string) bool {
	return slices.ContainsFunc([]string{i.ID, i.A, i.B, i.WasA, i.WasB},
		func(id string) bool { return id != "" && slices.Contains(ids, id) })
}

// named reports whether q names a change.
func (o *Oracle) named(c *logged, q *store.ChangesQuery) bool {
	touched := slices.ContainsFunc(q.Touching, func(id string) bool { return o.made[id] == c.Seq })
	for _, i := range c.items {
		touched = touched || touches(i, q.Touching)
	}
	switch {
	case q.Touching != nil && !touched, q.IDs != nil && !slices.Contains(q.IDs, c.ID),
		q.Reverting != nil && (c.Reverts == "" || !slices.Contains(q.Reverting, c.Reverts)),
		q.By != nil && *q.By != c.By, !strings.HasPrefix(c.Key, q.Key), q.From != 0 && c.At < q.From,
		q.To != 0 && c.At >= q.To, q.Before != 0 && c.Seq >= q.Before, c.Seq <= q.After:
		return false
	}
	return true
}

// Changes returns changes, the latest first.
func (o *Oracle) Changes(_ context.Context, q *store.ChangesQuery) (out []kg.Change, err error) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	for i := range o.log {
		if o.named(&o.log[i], q) {
			out = append(out, o.log[i].Change)
		}
	}
	if !q.Earliest {
		slices.Reverse(out)
	}
	return out[:min(len(out), q.Limit)], nil
}

// CountChanges counts changes.
func (o *Oracle) CountChanges(ctx context.Context, q *store.ChangesQuery) (int64, error) {
	all := *q
	all.Limit = math.MaxInt
	out, err := o.Changes(ctx, &all)
	return int64(len(out)), err
}

// Items returns what a change did, by id.
func (o *Oracle) Items(_ context.Context, q *store.ItemsQuery) (out []kg.ChangeItem, err error) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	at := q.Seq - o.kept.First
	if at < 0 || at >= int64(len(o.log)) {
		return nil, nil
	}
	items := o.log[at].items
	for _, i := range sorted(items) {
		if i.ID > q.After && (q.Before == "" || i.ID < q.Before) && (q.Touching == nil || touches(i, q.Touching)) {
			out = append(out, i.ChangeItem)
		}
	}
	if q.Last {
		slices.Reverse(out)
	}
	return out[:min(len(out), q.Limit)], nil
}

// CountItems counts what a change did.
func (o *Oracle) CountItems(ctx context.Context, q *store.ItemsQuery) (int64, error) {
	all := *q
	all.Limit = math.MaxInt
	out, err := o.Items(ctx, &all)
	return int64(len(out)), err
}

// Later returns what the first changes after one made of records.
func (o *Oracle) Later(_ context.Context, q *store.LaterQuery) (out []store.LaterItem, err error) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	seen := map[string]bool{}
	for _, c := range o.log {
		for _, i := range sorted(c.items) {
			if c.Seq > q.Seq && i.ID > q.After && touches(i, q.Touching) && !seen[i.ID] {
				seen[i.ID] = true
				out = append(out, store.LaterItem{Seq: c.Seq, Made: o.madeAfter(i.ID, q.Seq), ChangeItem: i.ChangeItem})
			}
		}
	}
	slices.SortFunc(out, func(a, b store.LaterItem) int { return strings.Compare(a.ID, b.ID) })
	return out[:min(len(out), q.Limit)], nil
}

// madeAfter returns the first import after a change that created a record which went, by the changes that it went by.
func (o *Oracle) madeAfter(id string, seq int64) (first int64) {
	for _, c := range o.log {
		if _, there := c.items[id]; there && c.Seq > seq && c.made[id] > seq && (first == 0 || c.made[id] < first) {
			first = c.made[id]
		}
	}
	return first
}

// Made returns the imports after a change that created records.
func (o *Oracle) Made(_ context.Context, ids []string, after int64) (map[string]int64, error) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	out := map[string]int64{}
	for _, id := range ids {
		if seq := o.made[id]; seq > after {
			out[id] = seq
		}
	}
	return out, nil
}

// Departed finds the imports that created what a change deleted.
func (o *Oracle) Departed(_ context.Context, seq int64) (map[string]int64, error) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	for i := range o.log {
		if o.log[i].Seq == seq {
			return maps.Clone(o.log[i].made), nil
		}
	}
	return nil, nil
}

// Kept says where the log begins.
func (o *Oracle) Kept(context.Context) (store.Kept, error) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.kept, nil
}

// Compact deletes changes before one, but for the latest, with what they did.
func (o *Oracle) Compact(_ context.Context, first int64, most int) (more bool, err error) {
	o.loading.Lock()
	defer o.loading.Unlock()
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for ; n < most && len(o.log) > 1 && o.log[0].Seq < first; n++ {
		o.kept = store.Kept{First: o.log[0].Seq + 1, Since: o.log[0].At}
		o.log = o.log[1:]
	}
	return n == most, nil
}

// Write runs work in a load.
func (o *Oracle) Write(ctx context.Context, _ store.Ahead, work func(ctx context.Context, tx store.Tx) error) (*kg.Change, error) {
	begun, err := o.Load(ctx)
	if err != nil {
		return nil, err
	}
	l := begun.(*oracleLoad)
	defer l.Rollback()
	if err := work(ctx, &oracleTx{l}); err != nil {
		return nil, err
	}
	if err := l.Commit(ctx); err != nil || !l.wrote {
		return nil, err
	}
	return &l.next.log[len(l.next.log)-1].Change, nil
}

// oracleTx is a load that is read.
type oracleTx struct{ *oracleLoad }

// Fetch answers a plan.
func (x *oracleTx) Fetch(ctx context.Context, q *plan.Query) (*kg.Result, error) {
	return x.next.Fetch(ctx, q)
}

// Types finds the types of records.
func (x *oracleTx) Types(ctx context.Context, ids []string) (map[string]string, error) {
	return x.next.Types(ctx, ids)
}

// Records finds records.
func (x *oracleTx) Records(ctx context.Context, ids []string) (*store.Batch, error) {
	return x.next.Records(ctx, ids)
}

// Resting finds what hangs on records.
func (x *oracleTx) Resting(ctx context.Context, ids []string) ([]string, error) {
	return x.next.Resting(ctx, ids)
}

// Strays finds the links that say what some say, under ids that do not follow from it.
func (x *oracleTx) Strays(ctx context.Context, links []*kg.Link) ([]string, error) {
	return x.next.Strays(ctx, links)
}

// Merged finds the entities whose former ids some are.
func (x *oracleTx) Merged(ctx context.Context, ids []string) (map[string]string, error) {
	return x.next.Merged(ctx, ids)
}
