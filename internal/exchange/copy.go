package exchange

import (
	"context"
	"strings"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// Copied counts what a copy has.
type Copied struct {
	Sources, Nodes, Links int
	// Changes is how many changes the log has.
	Changes int64

	kept store.Kept
	last int64 // seq of the latest change
}

// copiedAtOnce is how many records are read at once.
const copiedAtOnce = 1000

// Copy writes all that one store holds into another, which must hold nothing: records as they are, and the log with its
// numbers, so that both give the same history. Where the Loader is not atomic, a copy that fails leaves what it has
// written. A trial counts what would be copied.
func Copy(ctx context.Context, from, to store.Store, trial bool) (*Copied, error) {
	if err := holdsNothing(ctx, to); err != nil {
		return nil, err
	}
	out := &Copied{}
	var err error
	if out.last, err = lastChange(ctx, from); err != nil {
		return nil, err
	}
	if out.kept, err = from.Kept(ctx); err != nil {
		return nil, err
	}
	out.Changes = out.last - out.kept.First + 1
	put := func(context.Context, []string) error { return nil }
	var load store.Load
	if !trial {
		if load, err = to.Load(ctx); err != nil {
			return nil, err
		}
		defer load.Rollback()                         //nolint:errcheck // what was not committed goes in any case
		if err := holdsNothing(ctx, to); err != nil { // another may have written while this waited for its turn
			return nil, err
		}
		load.Describe(&store.Deed{Log: from})
		put = func(ctx context.Context, ids []string) error {
			b, err := from.Records(ctx, ids)
			if err != nil {
				return err
			}
			b.Distinct = true
			return load.Put(ctx, b)
		}
	}
	if err := out.records(ctx, from, put); err != nil || trial {
		return out, err
	}
	const again = "copy again while nobody writes"
	before, after := "nothing was copied; "+again, "delete the copy, and "+again
	if !to.Atomic() {
		before = after
	}
	if err := out.unchanged(ctx, from, before); err != nil {
		return nil, err
	}
	if err := load.Commit(ctx); err != nil {
		return nil, err
	}
	return out, out.unchanged(ctx, from, after)
}

// records puts the ids of all records, some at once, and counts them: first what others lean on.
func (c *Copied) records(ctx context.Context, from store.Scanner, put func(context.Context, []string) error) error {
	var ids []string
	next := func(id string, n *int) error {
		*n++
		if ids = append(ids, strings.Clone(id)); len(ids) < copiedAtOnce {
			return nil
		}
		some := ids
		ids = nil
		return put(ctx, some)
	}
	if err := from.Sources(ctx, func(s *kg.Source) error { return next(s.ID, &c.Sources) }); err != nil {
		return err
	}
	if err := from.Nodes(ctx, func(n *kg.Node) error { return next(n.ID, &c.Nodes) }); err != nil {
		return err
	}
	if err := from.Links(ctx, func(l *kg.Link) error { return next(l.ID, &c.Links) }); err != nil || len(ids) == 0 {
		return err
	}
	return put(ctx, ids)
}

// holdsNothing returns an error for a store that has records or a log.
func holdsNothing(ctx context.Context, s store.Store) error {
	empty, err := s.Empty(ctx)
	if err != nil {
		return err
	}
	last, err := lastChange(ctx, s)
	if err == nil && (!empty || last > 0) {
		err = kg.Errorf(kg.Conflict, "there is a graph already, or the log of one: copy into a store that holds nothing")
	}
	return err
}

// unchanged returns an error, with what to do, where a store was written to since, or a part of its log deleted.
func (c *Copied) unchanged(ctx context.Context, from store.Store, remedy string) error {
	last, err := lastChange(ctx, from)
	if err != nil {
		return err
	}
	kept, err := from.Kept(ctx)
	if err == nil && (last != c.last || kept != c.kept) {
		err = kg.Errorf(kg.Conflict, "the graph was written to while it was copied: %s", remedy)
	}
	return err
}

// lastChange returns the number of the latest change, 0 for none.
func lastChange(ctx context.Context, log store.Logger) (int64, error) {
	found, err := log.Changes(ctx, &store.ChangesQuery{Limit: 1})
	if err != nil || len(found) == 0 {
		return 0, err
	}
	return found[0].Seq, nil
}
