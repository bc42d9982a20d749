package memgraph

import (
	"slices"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// list is a filtered list of which one page is wanted.
type list[T any] struct {
	items  []T
	sorted bool // items are in order already, and may not be changed
	cmp    func(a, b T) int
}

// page cuts the window of p out of the list, and notes whether there is more before and behind it. at returns how an
// item compares with a cursor's keys. What page returns is valid until the items change.
func (l *list[T]) page(to *kg.Page, p *plan.Paging, at func(x T, keys []kg.Value) int) []T {
	if l.sorted {
		i, j := p.Cut(len(l.items), func(i int, keys []kg.Value) int { return at(l.items[i], keys) })
		to.HasPrev, to.HasNext = i > 0, j < len(l.items)
		return l.items[i:j]
	}
	// keep what lies between the cursors, count what does not
	kept, ahead, behind := l.items[:0], 0, 0
	for _, x := range l.items {
		switch {
		case p.After != nil && at(x, p.After) <= 0:
			ahead++
		case p.Before != nil && at(x, p.Before) >= 0:
			behind++
		default:
			kept = append(kept, x)
		}
	}
	i, j := p.Window(ahead, ahead+len(kept))
	to.HasPrev, to.HasNext = i > 0, j < ahead+len(kept)+behind
	if p.Backward {
		return largest(kept, j-i, l.cmp)
	}
	return smallest(kept, j-i, l.cmp)
}

// page cuts the window of p out of all keys, and notes whether there is more before and behind it. at returns how a key
// compares with a cursor's.
func (o *order) page(
	to *kg.Page, p *plan.Paging, at func(k uint32, keys []kg.Value) int, room func(n int) []uint32,
) []uint32 {
	i, j := 0, o.n
	if p.After != nil {
		i = o.find(func(k uint32) bool { return at(k, p.After) <= 0 })
	}
	if p.Before != nil {
		j = o.find(func(k uint32) bool { return at(k, p.Before) < 0 })
	}
	i, j = p.Window(i, j)
	to.HasPrev, to.HasNext = i > 0, j < o.n
	return o.cut(i, j, room)
}

// smallest returns the first n items in order, by a heap when there are many more than that.
func smallest[T any](items []T, n int, cmp func(a, b T) int) []T {
	if n == 0 {
		return nil
	}
	if n*8 < len(items) {
		h := items[:n]
		for i := n/2 - 1; i >= 0; i-- {
			sift(h, i, cmp)
		}
		for _, x := range items[n:] {
			if cmp(x, h[0]) < 0 {
				h[0] = x
				sift(h, 0, cmp)
			}
		}
		items = h
	}
	slices.SortFunc(items, cmp)
	return items[:min(n, len(items))]
}

// largest returns the last n items, in order.
func largest[T any](items []T, n int, cmp func(a, b T) int) []T {
	out := smallest(items, n, func(a, b T) int { return cmp(b, a) })
	slices.Reverse(out)
	return out
}

// sift restores the heap (largest on top) below i.
func sift[T any](h []T, i int, cmp func(a, b T) int) {
	for {
		c := 2*i + 1
		if c >= len(h) {
			return
		}
		if c+1 < len(h) && cmp(h[c+1], h[c]) > 0 {
			c++
		}
		if cmp(h[c], h[i]) <= 0 {
			return
		}
		h[i], h[c] = h[c], h[i]
		i = c
	}
}
