package store

import (
	"cmp"
	"strings"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/rules"
)

// IDs returns the ids of a batch's records.
func (b *Batch) IDs() []string {
	ids := make([]string, 0, len(b.Sources)+len(b.Nodes)+len(b.Links))
	for _, x := range b.Sources {
		ids = append(ids, x.ID)
	}
	for _, x := range b.Nodes {
		ids = append(ids, x.ID)
	}
	for _, x := range b.Links {
		ids = append(ids, x.ID)
	}
	return ids
}

// ByID returns a batch's records by their ids: *kg.Source, *kg.Node and *kg.Link.
func (b *Batch) ByID() map[string]any {
	by := make(map[string]any, len(b.Sources)+len(b.Nodes)+len(b.Links))
	for _, x := range b.Sources {
		by[x.ID] = x
	}
	for _, x := range b.Nodes {
		by[x.ID] = x
	}
	for _, x := range b.Links {
		by[x.ID] = x
	}
	return by
}

// Parts returns a batch's sources and then the rest, each a batch, where it has both: a source's new text changes what
// is held of the links that rest on it, and what a batch says of them adds to that.
func (b *Batch) Parts() []*Batch {
	if len(b.Sources) == 0 || len(b.Links) == 0 {
		return []*Batch{b}
	}
	sources, rest := *b, *b
	sources.Nodes, sources.Links, sources.Delete, rest.Sources = nil, nil, nil, nil
	return []*Batch{&sources, &rest}
}

// Onto returns what is to be written so that a store that holds some of a batch's records holds what the batch says:
// records that are new and records that change, each once, whole. held are the records that the store holds under the
// batch's ids. What became of each record of the batch goes to b.Report, in order. A record that is new has the times
// it was given; one that changes has no UpdatedAt when it gets the time of the load.
func (b *Batch) Onto(held *Batch) (created, changed *Batch, err error) {
	created, changed = &Batch{}, &Batch{}
	if created.Sources, changed.Sources, err = onto(b, held.Sources, b.Sources, &sources); err != nil {
		return nil, nil, err
	}
	if created.Nodes, changed.Nodes, err = onto(b, held.Nodes, b.Nodes, &nodes); err != nil {
		return nil, nil, err
	}
	if created.Links, changed.Links, err = onto(b, held.Links, b.Links, &links); err != nil {
		return nil, nil, err
	}
	return created, changed, nil
}

// Times returns the times that a record is written with: those it has, or else that of the load. See Load.
func Times(created, updated, now kg.Time) (kg.Time, kg.Time) {
	created = cmp.Or(created, now)
	return created, cmp.Or(updated, max(created, now))
}

// Timed returns a record with the times that it is written with, and a source, which has none, as it is.
func Timed(x any, now kg.Time) any {
	switch x := x.(type) {
	case *kg.Node:
		c := *x
		c.CreatedAt, c.UpdatedAt = Times(x.CreatedAt, x.UpdatedAt, now)
		return &c
	case *kg.Link:
		c := *x
		c.CreatedAt, c.UpdatedAt = Times(x.CreatedAt, x.UpdatedAt, now)
		return &c
	}
	return x
}

// class is what Onto knows of a class of records.
type class[T any] struct {
	id       func(x *T) string
	conflict func(was, x *T) error
	merge    func(was, x *T) *T
	absorbed func(x *T) bool  // it adds to what is there in any case
	check    func(x *T) error // of what merging made
	clean    func(x *T) *T    // without what it clears
	same     func(was, x *T) bool
	// keep takes over the times of a record that was there, where the new one has none. It reports whether they stay.
	keep func(was, x *T, same bool) bool
}

var (
	sources = class[kg.Source]{
		id:       func(x *kg.Source) string { return x.ID },
		conflict: func(_, _ *kg.Source) error { return nil },
		merge:    kg.MergeSource,
		absorbed: func(*kg.Source) bool { return false },
		check:    rules.CheckSource,
		clean:    func(x *kg.Source) *kg.Source { c := *x; c.Clear = nil; return &c },
		same:     kg.SameSource,
		keep:     func(_, _ *kg.Source, same bool) bool { return same },
	}
	nodes = class[kg.Node]{
		id: func(x *kg.Node) string { return x.ID },
		conflict: func(was, x *kg.Node) error {
			if was.Type != x.Type {
				return kg.Errorf(kg.Conflict, "%s has the type %s in the store; give the %s another id", x.ID,
					strings.ToLower(was.Type), strings.ToLower(x.Type))
			}
			return nil
		},
		merge: func(was, x *kg.Node) *kg.Node {
			if x.Absorbed {
				return kg.Absorb(was, x)
			}
			return kg.MergeNode(was, x)
		},
		absorbed: func(x *kg.Node) bool { return x.Absorbed },
		check:    rules.CheckNode,
		clean:    func(x *kg.Node) *kg.Node { c := *x; c.Clear, c.Absorbed = nil, false; return &c },
		same:     kg.SameNode,
		keep: func(was, x *kg.Node, same bool) bool {
			return keep(was.CreatedAt, was.UpdatedAt, &x.CreatedAt, &x.UpdatedAt, same)
		},
	}
	links = class[kg.Link]{
		id: func(x *kg.Link) string { return x.ID },
		conflict: func(was, x *kg.Link) error {
			if was.Kind != x.Kind {
				return kg.Errorf(kg.Conflict, "%s has the kind %s in the store; give the %s another id", x.ID, was.Kind, x.Kind)
			}
			return nil
		},
		merge: func(was, x *kg.Link) *kg.Link {
			if x.Absorbed {
				c := *x
				c.CreatedAt, c.UpdatedAt = 0, 0
				x = &c
			}
			return kg.MergeLink(was, x)
		},
		absorbed: func(x *kg.Link) bool { return x.Absorbed },
		check:    rules.CheckLink,
		clean:    func(x *kg.Link) *kg.Link { c := *x; c.Clear, c.Absorbed, c.Minted = nil, false, false; return &c },
		same:     kg.SameLink,
		keep: func(was, x *kg.Link, same bool) bool {
			return keep(was.CreatedAt, was.UpdatedAt, &x.CreatedAt, &x.UpdatedAt, same)
		},
	}
)

// onto is Onto for the records of one class.
func onto[T any](b *Batch, held, list []*T, c *class[T]) (created, changed []*T, err error) {
	if len(list) == 0 {
		return nil, nil, nil
	}
	// a record by its id as it is after those so far, and where it is written
	type now struct {
		x      *T
		to     *[]*T
		at     int
		isThat bool // it is written already
	}
	known := make(map[string]now, len(held))
	for _, x := range held {
		known[c.id(x)] = now{x: x, to: &changed}
	}
	for _, x := range list {
		n, there := known[c.id(x)]
		next := c.clean(x)
		if there {
			if err := c.conflict(n.x, x); err != nil {
				return nil, nil, err
			}
			merge := b.Merge || c.absorbed(x)
			if merge {
				next = c.merge(n.x, x)
			}
			if c.keep(n.x, next, c.same(n.x, next)) {
				next = n.x
			} else if merge {
				if err := c.check(next); err != nil {
					return nil, nil, err
				}
			}
		} else {
			n.to = &created
		}
		if b.Report != nil {
			if there {
				b.Report(n.x, next)
			} else {
				b.Report(nil, next)
			}
		}
		switch {
		case next == n.x:
			continue
		case n.isThat:
			(*n.to)[n.at] = next
		default:
			n.at, n.isThat = len(*n.to), true
			*n.to = append(*n.to, next)
		}
		n.x = next
		known[c.id(x)] = n
	}
	return created, changed, nil
}

// keep sets the times of a record that was there: see Load.
func keep(created, updated kg.Time, newCreated, newUpdated *kg.Time, same bool) bool {
	if *newCreated == 0 {
		*newCreated = created
	}
	if *newUpdated == 0 && same {
		*newUpdated = updated
	}
	return same && *newCreated == created && *newUpdated == updated
}

// Hanging is the error for an entity or source that cannot go because of n links.
func Hanging(id string, n int) error {
	s := "s"
	if n == 1 {
		s = ""
	}
	if strings.HasPrefix(id, kg.SourcePrefix) {
		return kg.Errorf(kg.Conflict, "%d link%s rest on the source %s; delete them first", n, s, id)
	}
	return kg.Errorf(kg.Conflict, "%d link%s hang on the entity %s; delete them first", n, s, id)
}

// Removed reports records that went.
func (b *Batch) Removed(gone *Batch) {
	if b.Report == nil {
		return
	}
	for _, x := range gone.Links {
		b.Report(x, nil)
	}
	for _, x := range gone.Nodes {
		b.Report(x, nil)
	}
	for _, x := range gone.Sources {
		b.Report(x, nil)
	}
}
