package trace

import (
	"cmp"
	"context"
	"strings"

	"github.com/throughline/throughline/internal/store"
)

// What says what an entry of a timeline is.
type What uint8

// The kinds of entry, in the order of the contract's TimelineKind, which entries of the same date have.
const (
	Event What = iota
	LinkEnded
	LinkBegan
	Said
	Published
)

// WhatNames are the names of the kinds in the contract, by What.
var WhatNames = [...]string{"EVENT", "LINK_ENDED", "LINK_BEGAN", "SAID", "PUBLISHED"}

// Moment is one entry of a timeline.
type Moment struct {
	What What
	Date store.Interval
	ID   string // of the entity, link or source
	// Own says of LinkEnded that the link began on the day that its end is put on.
	Own bool
}

// Place orders moments of one first day: their kind, and what ended on the day it began directly behind
// what began.
func (m Moment) Place() int64 {
	if m.Own {
		return 2*int64(LinkBegan) + 1
	}
	return 2 * int64(m.What)
}

// Compare orders moments by first day, place, last day and id: an event comes first on its first day, however long it
// lasts.
func (m Moment) Compare(o Moment) int {
	return cmp.Or(cmp.Compare(m.Date.From, o.Date.From), cmp.Compare(m.Place(), o.Place()),
		cmp.Compare(m.Date.To, o.Date.To), strings.Compare(m.ID, o.ID))
}

// Timeline lists what has a date around some nodes, in order. Kinds says what a node is, by the index of its type;
// nodes of other types are on no timeline.
func Timeline(ctx context.Context, g store.Graph, subjects []uint32, kinds map[uint8]What) (_ []Moment, err error) {
	defer guard(&err)
	p := &pulse{ctx: ctx}
	var out []Moment
	seen := map[string]bool{}
	add := func(m Moment) {
		key := WhatNames[m.What] + m.ID
		if m.Date.Known && !seen[key] {
			seen[key] = true
			out = append(out, m)
		}
	}
	node := func(k uint32) {
		n := g.Node(k)
		if w, ok := kinds[n.Type]; ok {
			add(Moment{What: w, Date: n.Date, ID: n.ID})
		}
	}
	for _, k := range subjects {
		node(k)
	}
	err = g.Expand(ctx, subjects, store.Way{Out: true, In: true, Loops: true}, func(_ uint32, arcs []store.Arc) {
		for _, a := range arcs {
			node(a.To)
			l := g.Link(a.Link)
			p.beat(1 + len(l.Sources))
			p.hold(arcKept)
			add(Moment{What: LinkBegan, Date: l.Since, ID: l.ID})
			add(Moment{What: LinkEnded, Date: l.Until, ID: l.ID, Own: l.Since.Known && l.Since.From == l.Until.From})
			for _, s := range l.Sources {
				add(Moment{What: Published, Date: s.Date, ID: s.ID})
			}
		}
	})
	if err != nil {
		return nil, err
	}
	sortFunc(p, out, Moment.Compare)
	return out, nil
}
