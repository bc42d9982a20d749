package exchange

import (
	"context"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// A record that a second file says again adds to what the first said. Whoever must know what it is by then, because a
// name may be of two or nothing is to be written, keeps those that several files say as they are after the lines so
// far.

// watch finds the records that several files say, and keeps them from then on. It reads the files once more.
func (c *checks) watch(ctx context.Context, files []File) error {
	if len(files) < 2 {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	batches := make(chan *batch, 2)
	how := turn{noLinks: !c.trial, others: c.beyond()}
	go func() {
		defer close(batches)
		for i, f := range files {
			if !readFile(ctx, c.cat, i, f, how, batches) {
				return
			}
		}
	}()
	var before, mine hashes
	at := 0
	for b := range batches {
		if b.err != nil {
			return b.err
		}
		if b.file != at {
			before.merge(&mine)
			mine, at = hashes{}, b.file
		}
		for _, r := range b.records {
			if id := r.id(); id != "" {
				h := c.hash(id)
				mine.add(h)
				if before.has(h) {
					c.watched.add(h)
				}
			}
		}
	}
	return ctx.Err()
}

// recall reads what the records of a batch are before it: those whose ids were made from names, that say one of two
// dates, or that several files say, or all of a trial.
func (c *checks) recall(ctx context.Context, records []record) error {
	clear(c.before)
	var ids []string
	for _, r := range records {
		id := r.id()
		if id == "" || r.bad || (!r.minted || r.link != nil) && !c.trial && !c.halfDated(r) && !c.watched.has(c.hash(id)) {
			continue
		}
		if x := c.kept[id]; x != nil {
			c.before[id] = x
		} else if !c.none {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	found, err := c.store.Records(ctx, ids)
	if err != nil {
		return err
	}
	for _, x := range found.Sources {
		c.before[x.ID] = x
	}
	for _, x := range found.Nodes {
		c.before[x.ID] = x
	}
	for _, x := range found.Links {
		c.before[x.ID] = x
	}
	return nil
}

// keep takes over a batch: what became of each record goes to report where there is one, and those that several files
// say are kept.
func (c *checks) keep(b *store.Batch, report func(was, is any)) error {
	some := store.Batch{Merge: b.Merge, Report: report}
	held := &store.Batch{}
	all := report != nil
	for _, x := range b.Sources {
		if all || c.watched.has(c.hash(x.ID)) {
			some.Sources = append(some.Sources, x)
			if was, ok := c.held(x.ID).(*kg.Source); ok {
				held.Sources = append(held.Sources, was)
			}
		}
	}
	for _, x := range b.Nodes {
		if all || c.watched.has(c.hash(x.ID)) {
			some.Nodes = append(some.Nodes, x)
			if was, ok := c.held(x.ID).(*kg.Node); ok {
				held.Nodes = append(held.Nodes, was)
			}
		}
	}
	for _, x := range b.Links {
		if all {
			some.Links = append(some.Links, x)
			if was, ok := c.held(x.ID).(*kg.Link); ok {
				held.Links = append(held.Links, was)
			}
		}
	}
	created, changed, err := some.Onto(held)
	if err != nil {
		return err
	}
	note := func(id string, x any) {
		if c.watched.has(c.hash(id)) {
			c.kept[id] = x
		}
	}
	for _, part := range []*store.Batch{created, changed} {
		for _, x := range part.Sources {
			note(x.ID, x)
		}
		for _, x := range part.Nodes {
			note(x.ID, x)
		}
		for _, x := range part.Links {
			note(x.ID, x)
		}
	}
	return nil
}

// held is a record as it is before the batch at hand.
func (c *checks) held(id string) any {
	if x := c.kept[id]; x != nil {
		return x
	}
	return c.before[id]
}
