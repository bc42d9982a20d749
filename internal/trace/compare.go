package trace

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/store"
)

// arcKept is about how many bytes a comparison keeps of a link, in maps and lists.
const arcKept = 160

// Comparison is what two nodes share and what not.
type Comparison struct {
	Direct []uint32 // links between the two, by id
	// Shared are the links of both to the nodes that both are linked to: nodes with fewest links first, then by id of
	// node and link.
	Shared      []Side
	SharedNodes int
	// OnlyLeft and OnlyRight are the nodes only one is linked to: most links with it first, then best connected, then
	// by id.
	OnlyLeft, OnlyRight []Only
}

// Only is a node that one of the two is linked to, by so many links.
type Only struct {
	Node  uint32
	Links int64
}

// Side is a link seen from one of the nodes compared.
type Side struct {
	store.Arc
	Order Placing
}

// Placing is what such links are ordered by.
type Placing struct {
	Degree     int64
	Node, Link string
}

// Compare compares two placings.
func (p Placing) Compare(o Placing) int {
	return cmp.Or(cmp.Compare(p.Degree, o.Degree), strings.Compare(p.Node, o.Node), strings.Compare(p.Link, o.Link))
}

// Compare finds what two nodes share. With overlapping that is only what both were linked to at one time, by the links
// that say so; what both were linked to at different times is then in none of the lists.
func Compare(ctx context.Context, g store.Graph, a, b uint32, overlapping bool) (_ *Comparison, err error) {
	defer guard(&err)
	p := &pulse{ctx: ctx}
	arcs := map[uint32]map[uint32][]store.Arc{a: {}, b: {}}
	out := &Comparison{}
	err = g.Expand(ctx, []uint32{a, b}, store.Way{Out: true, In: true}, func(k uint32, list []store.Arc) {
		for _, x := range list {
			p.beat(1)
			p.hold(arcKept)
			switch {
			case x.To != a && x.To != b:
				arcs[k][x.To] = append(arcs[k][x.To], x)
			case k == a:
				out.Direct = append(out.Direct, x.Link)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	sortFunc(p, out.Direct, func(x, y uint32) int { return strings.Compare(g.Link(x).ID, g.Link(y).ID) })
	only := func(mine, others map[uint32][]store.Arc) (list []Only) {
		for k, links := range mine {
			p.beat(1)
			if others[k] == nil {
				list = append(list, Only{k, int64(len(links))})
			}
		}
		sortFunc(p, list, func(x, y Only) int {
			return cmp.Or(cmp.Compare(y.Links, x.Links), byDegree(g, x.Node, y.Node))
		})
		return list
	}
	out.OnlyLeft, out.OnlyRight = only(arcs[a], arcs[b]), only(arcs[b], arcs[a])
	for k, list := range arcs[a] {
		p.beat(len(list))
		if arcs[b][k] == nil {
			continue
		}
		theirs := arcs[b][k]
		if overlapping {
			link := func(x store.Arc) uint32 { return x.Link }
			if list, theirs = meeting(p, g, list, theirs, link), meeting(p, g, theirs, list, link); len(list) == 0 {
				continue
			}
		}
		out.SharedNodes++
		n := g.Node(k)
		for _, x := range append(slices.Clone(list), theirs...) {
			out.Shared = append(out.Shared, Side{x, Placing{n.Degree, n.ID, g.Link(x.Link).ID}})
		}
	}
	sortFunc(p, out.Shared, func(x, y Side) int { return x.Order.Compare(y.Order) })
	return out, nil
}

// Company is one node that shares others with a node.
type Company struct {
	Node   uint32
	ID     string
	Shared []uint32 // by id
	Links  []uint32 // for each shared one those of the one side and those of the other, by id
}

// overlap reports whether two links can have held at one time; a date that is not known is open.
func overlap(a, b *store.GraphLink) bool {
	return a.Since.From <= b.Until.To && b.Since.From <= a.Until.To
}

// meeting lists those of list whose links can have held together with one of others.
func meeting[T any](p *pulse, g store.Graph, list, others []T, link func(T) uint32) (out []T) {
	for _, x := range list {
		p.beat(len(others))
		l := g.Link(link(x))
		if slices.ContainsFunc(others, func(y T) bool { o := g.Link(link(y)); return overlap(&l, &o) }) {
			out = append(out, x)
		}
	}
	return out
}

// Accompany finds the nodes of a node's own type that share nodes of type through with it: those that share most first,
// then by id. With overlapping they share only what both were linked to at one time, by the links that say so.
func Accompany(ctx context.Context, g store.Graph, of uint32, through uint8, overlapping bool) (_ []Company,
	err error,
) {
	defer guard(&err)
	p := &pulse{ctx: ctx}
	both := store.Way{Out: true, In: true}
	mine := map[uint32][]uint32{}
	var middle []uint32
	err = g.Expand(ctx, []uint32{of}, both, func(_ uint32, list []store.Arc) {
		for _, a := range list {
			p.beat(1)
			p.hold(arcKept)
			if g.Node(a.To).Type != through {
				continue
			}
			if mine[a.To] == nil {
				middle = append(middle, a.To)
			}
			mine[a.To] = append(mine[a.To], a.Link)
		}
	})
	if err != nil {
		return nil, err
	}
	sortFunc(p, middle, func(a, b uint32) int { return strings.Compare(g.Node(a).ID, g.Node(b).ID) })
	place := make(map[uint32]int, len(middle))
	for i, m := range middle {
		place[m] = i
	}
	own := g.Node(of).Type
	theirs := map[uint32]map[uint32][]uint32{} // who → what they share → their links
	// towards the middle: a filter's `other` speaks of what is shared, from both sides
	err = g.Expand(ctx, middle, store.Way{Out: true, In: true, Back: true}, func(m uint32, list []store.Arc) {
		for _, a := range list {
			p.beat(1)
			p.hold(arcKept)
			if a.To == of || g.Node(a.To).Type != own {
				continue
			}
			if theirs[a.To] == nil {
				theirs[a.To] = map[uint32][]uint32{}
			}
			theirs[a.To][m] = append(theirs[a.To][m], a.Link)
		}
	})
	if err != nil {
		return nil, err
	}
	byID := func(a, b uint32) int { return strings.Compare(g.Link(a).ID, g.Link(b).ID) }
	out := make([]Company, 0, len(theirs))
	for who, shared := range theirs {
		c := Company{Node: who, ID: g.Node(who).ID}
		c.Shared = slices.Collect(maps.Keys(shared))
		ours := mine
		if overlapping {
			ours = map[uint32][]uint32{}
			link := func(l uint32) uint32 { return l }
			c.Shared = slices.DeleteFunc(c.Shared, func(m uint32) bool {
				ours[m], shared[m] = meeting(p, g, mine[m], shared[m], link), meeting(p, g, shared[m], mine[m], link)
				return len(ours[m]) == 0
			})
			if len(c.Shared) == 0 {
				continue
			}
		}
		sortFunc(p, c.Shared, func(a, b uint32) int { return cmp.Compare(place[a], place[b]) })
		for _, m := range c.Shared {
			for _, side := range [2][]uint32{ours[m], shared[m]} {
				sortFunc(p, side, byID)
				c.Links = append(c.Links, side...)
			}
		}
		out = append(out, c)
	}
	sortFunc(p, out, func(a, b Company) int {
		return cmp.Or(cmp.Compare(len(b.Shared), len(a.Shared)), strings.Compare(a.ID, b.ID))
	})
	return out, nil
}

// byDegree orders by number of links, most first, then by id.
func byDegree(g store.Graph, a, b uint32) int {
	x, y := g.Node(a), g.Node(b)
	return cmp.Or(cmp.Compare(y.Degree, x.Degree), strings.Compare(x.ID, y.ID))
}
