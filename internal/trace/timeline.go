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
	LinkBegan
	LinkEnded
	Said
	Published
)

// WhatNames are the names of the kinds in the contract, by What.
var WhatNames = [...]string{"EVENT", "LINK_BEGAN", "LINK_ENDED", "SAID", "PUBLISHED"}

// Moment is one entry of a timeline.
type Moment struct {
	What What
	Date store.Interval
	ID   string // of the entity, link or source
}

// Compare orders moments by first day, last day, kind and id.
func (m Moment) Compare(o Moment) int {
	return cmp.Or(cmp.Compare(m.Date.From, o.Date.From), cmp.Compare(m.Date.To, o.Date.To), cmp.Compare(m.What, o.What), strings.Compare(m.ID, o.ID))
}

// Timeline lists what has a date around some nodes, in order. Kinds says what a node is, by the index of its type; nodes
// of other types are on no timeline.
func Timeline(ctx context.Context, g store.Graph, subjects []uint32, kinds map[uint8]What) (_ []Moment, err error) {
	defer guard(&err)
	p := &pulse{ctx: ctx}
	var out []Moment
	seen := map[string]bool{}
	add := func(w What, date store.Interval, id string) {
		key := WhatNames[w] + id
		if date.Known && !seen[key] {
			seen[key] = true
			out = append(out, Moment{w, date, id})
		}
	}
	node := func(k uint32) {
		n := g.Node(k)
		if w, ok := kinds[n.Type]; ok {
			add(w, n.Date, n.ID)
		}
	}
	for _, k := range subjects {
		node(k)
	}
	err = g.Expand(ctx, subjects, store.Way{Out: true, In: true}, func(_ uint32, arcs []store.Arc) {
		for _, a := range arcs {
			node(a.To)
			l := g.Link(a.Link)
			p.beat(1 + len(l.Sources))
			p.hold(arcKept)
			add(LinkBegan, l.Since, l.ID)
			add(LinkEnded, l.Until, l.ID)
			for _, s := range l.Sources {
				add(Published, s.Date, s.ID)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	sortFunc(p, out, Moment.Compare)
	return out, nil
}
