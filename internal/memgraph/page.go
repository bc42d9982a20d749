package memgraph

import (
	"slices"

	"github.com/throughline/throughline/internal/plan"
)

// list is a filtered list of which one page is wanted: its items, their order, and where an item stands to a cursor.
type list[T any] struct {
	items  []T
	sorted bool // items are in order already, and may not be changed
	cmp    func(a, b T) int
	// after and before compare an item with a cursor's keys; nil without a cursor.
	after, before func(T) int
}

// page cuts the window of plan.Paging out of the list. What it returns is valid until the items change.
func (l *list[T]) page(p *plan.Paging) (items []T, prev, next bool) {
	if l.sorted {
		i, j := 0, len(l.items)
		if l.after != nil {
			i, _ = slices.BinarySearchFunc(l.items, 0, func(x T, _ int) int {
				if l.after(x) <= 0 {
					return -1
				}
				return 1
			})
		}
		if l.before != nil {
			j, _ = slices.BinarySearchFunc(l.items, 0, func(x T, _ int) int {
				if l.before(x) < 0 {
					return -1
				}
				return 1
			})
		}
		i, j = window(i, j, p)
		return l.items[i:j], i > 0, j < len(l.items)
	}
	// keep what lies between the cursors, count what does not
	kept, ahead, behind := l.items[:0], 0, 0
	for _, x := range l.items {
		switch {
		case l.after != nil && l.after(x) <= 0:
			ahead++
		case l.before != nil && l.before(x) >= 0:
			behind++
		default:
			kept = append(kept, x)
		}
	}
	i, j := window(ahead, ahead+len(kept), p)
	prev, next = i > 0, j < ahead+len(kept)+behind
	if p.Backward {
		kept = largest(kept, j-i, l.cmp)
	} else {
		kept = smallest(kept, j-i, l.cmp)
	}
	return kept, prev, next
}

// page cuts the window of plan.Paging out of all keys. after and before compare a key with a cursor; nil without one.
func (o *order) page(p *plan.Paging, after, before func(uint32) int, room func(n int) []uint32) (keys []uint32, prev,
	next bool,
) {
	i, j := 0, o.n
	if after != nil {
		i = o.find(func(k uint32) bool { return after(k) <= 0 })
	}
	if before != nil {
		j = o.find(func(k uint32) bool { return before(k) < 0 })
	}
	i, j = window(i, j, p)
	return o.cut(i, j, room), i > 0, j < o.n
}

// window narrows [i, j) to the page: plan.Paging.
func window(i, j int, p *plan.Paging) (int, int) {
	j = max(i, j)
	if p.Backward {
		return max(i, j-p.N), j
	}
	return i, min(j, i+p.N)
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
