package memgraph

import (
	"bytes"
	"context"
	"slices"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// Outline is a graph of which nothing is kept but what a traversal looks at: ids, types and dates of nodes, and of
// links what a filter asks about them. It has no names, properties, orders or words. It never changes.
type Outline struct{ graph *Graph }

// Traverse returns the graph as a question sees it, and the keys of the entities it asks about. They, and those that
// its filter names, must be named by id.
func (o *Outline) Traverse(ctx context.Context, w *plan.Walk) (*Traversal, []uint32, error) {
	g := &Traversal{}
	keys, err := g.begin(ctx, o.graph, w)
	return g, keys, err
}

// OutlineBuilder makes an Outline of sources, nodes and links, which get their keys in the order in which they come.
type OutlineBuilder struct {
	*Builder
	intervals map[store.Interval]uint32 // by link.since, link.until
}

// OutlineLink is a link as an OutlineBuilder takes it in. Its list and texts may change once AddLink has returned.
type OutlineLink struct {
	ID           string
	From, To     uint32
	Kind         uint8
	Role         string
	Since, Until store.Interval
	Standing     kg.Standing // not REFUTED
	Unverified   int64       // how many of its excerpts are not verified
	Sources      []uint32    // keys of the different sources that support it
}

// NewOutline begins an Outline.
func NewOutline(cat *catalog.Catalog) *OutlineBuilder {
	return &OutlineBuilder{NewBuilder(New(cat), 1), map[store.Interval]uint32{}}
}

// AddSource adds a source.
func (o *OutlineBuilder) AddSource(id string, published store.Interval) (key uint32, err error) {
	key = uint32(len(o.sources))
	if key > MaxKey {
		return 0, ErrTooLarge
	}
	o.sources = append(o.sources, source{id: id, from: published.From, to: published.To, dated: published.Known})
	return key, nil
}

// AddNode adds an entity.
func (o *OutlineBuilder) AddNode(id string, typ uint8, date store.Interval) (key uint32, err error) {
	key = uint32(o.nodes.n)
	if err = place(&o.nodeEdit, key); err != nil {
		return 0, err
	}
	*o.nodeEdit.edit(key) = node{
		text: uint64(len(o.texts)), typ: typ, from: date.From, to: date.To,
		dated: date.Known,
	}
	o.put(id)
	o.byIDs = append(o.byIDs, entry{hash(id), key})
	return key, nil
}

// AddLink adds a link, whose ends and sources must have been added.
func (o *OutlineBuilder) AddLink(r *OutlineLink) error {
	key := uint32(o.links.n)
	if err := place(&o.linkEdit, key); err != nil {
		return err
	}
	if err := o.checkLink(r.ID, r.From, r.To); err != nil {
		return err
	}
	l := link{
		id: o.linkText(r.ID), kind: r.Kind, from: r.From, to: r.To, standing: r.Standing,
		proof: proofOf(r.Unverified, 0), role: o.role(r.Role), since: o.interval(r.Since), until: o.interval(r.Until),
	}
	if len(r.Sources) == 1 && r.Standing == kg.Supported {
		l.source = r.Sources[0]
	} else if len(r.Sources) > 0 {
		l.source = o.several(r.Standing, r.Sources, nil) // no traversal asks who speaks against it
	}
	*o.linkEdit.edit(key) = l
	o.freshLinks = append(o.freshLinks, key)
	return nil
}

// interval returns the number of a date, of which only the days are known.
func (o *OutlineBuilder) interval(d store.Interval) uint32 {
	if !d.Known {
		return 0
	}
	k, ok := o.intervals[d]
	if !ok {
		k = uint32(len(o.dates))
		o.dates = append(o.dates, date{from: d.From, to: d.To})
		o.intervals[d] = k
	}
	return k
}

// Build returns the Outline. The builder must not be used again.
func (o *OutlineBuilder) Build() *Outline {
	// links of one direction and kind lie by the keys of their other ends
	o.ranks, o.linkRanks = pagedOf(numbers(o.nodes.n)), pagedOf(numbers(o.links.n))
	o.connect()
	return &Outline{&Graph{
		cat: o.cat, nodes: o.nodes, links: o.links, sources: slices.Clone(o.sources), texts: bytes.Clone(o.texts),
		ids: bytes.Clone(o.ids), dates: o.dates, roles: o.roles, more: slices.Clone(o.more), adjacency: o.adjacency,
		finding: finding{nodeByID: index{table: newTable(&table{}, nil, o.byIDs)}},
	}}
}

// numbers are the first n numbers.
func numbers(n int) []uint32 {
	out := make([]uint32, n)
	for i := range out {
		out[i] = uint32(i)
	}
	return out
}
