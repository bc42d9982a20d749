// Package history reads the log of changes by pages.
package history

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// Page is a part of a list.
type Page[T any] struct {
	Entries []T
	// HasPrev and HasNext report whether there are entries before the page, and behind it.
	HasPrev, HasNext bool
	// Total is how many there are in the whole list, where that was wanted.
	Total int64
	// Trips is how often the store was asked.
	Trips int
}

// Changes returns a page of the changes that q names, the latest first. The key of a cursor is the seq of its change.
func Changes(ctx context.Context, log store.Logger, q store.ChangesQuery, p *plan.Paging, want plan.Want) (
	*Page[kg.Change], error,
) {
	var l list[kg.Change, int64]
	l = list[kg.Change, int64]{
		key:     func(c *kg.Change) int64 { return c.Seq },
		compare: func(a, b int64) int { return cmp.Compare(b, a) },
		next:    func(seq int64) *int64 { seq--; return &seq },
		read: func(after, before *int64, n int, fromEnd bool) ([]kg.Change, error) {
			q := q
			q.Limit, q.Earliest = n, fromEnd
			if after != nil {
				q.Before = max(*after, 1) // 0 would be all; a cursor is of a change that q names
			}
			if before != nil {
				q.After = *before
			}
			return log.Changes(ctx, &q)
		},
		count: func() (int64, error) {
			if !q.All() {
				return log.CountChanges(ctx, &q)
			}
			last, err := log.Changes(ctx, &store.ChangesQuery{Before: q.Before, Limit: 1}) // they are numbered without gaps
			if err != nil || len(last) == 0 {
				return 0, err
			}
			l.trips++
			kept, err := log.Kept(ctx)
			return max(last[0].Seq-kept.First+1, 0), err
		},
	}
	return l.page(intKey(p.After), intKey(p.Before), p, want)
}

// Items returns a page of the items that q names, by id. The key of a cursor is the id of its record.
func Items(ctx context.Context, log store.Logger, q store.ItemsQuery, p *plan.Paging, want plan.Want) (
	*Page[kg.ChangeItem], error,
) {
	l := list[kg.ChangeItem, string]{
		key:     func(i *kg.ChangeItem) string { return i.ID },
		compare: strings.Compare,
		next:    func(id string) *string { id += "\x00"; return &id },
		read: func(after, before *string, n int, fromEnd bool) ([]kg.ChangeItem, error) {
			q := q
			q.Limit, q.Last = n, fromEnd
			if after != nil {
				q.After = *after
			}
			if before != nil {
				q.Before = cmp.Or(*before, "\x00") // "" would be all
			}
			return log.Items(ctx, &q)
		},
		count: func() (int64, error) { return log.CountItems(ctx, &q) },
	}
	return l.page(textKey(p.After), textKey(p.Before), p, want)
}

func intKey(keys []kg.Value) *int64 {
	if keys == nil {
		return nil
	}
	return &keys[0].Int
}

func textKey(keys []kg.Value) *string {
	if keys == nil {
		return nil
	}
	return &keys[0].Str
}

// list is a list in the order of its keys.
type list[T any, K comparable] struct {
	key     func(*T) K
	compare func(a, b K) int
	// next returns the key of a place right behind that of k.
	next func(k K) *K
	// read returns the first n entries between two keys, nil for an open side, or the last n, the last first.
	read  func(after, before *K, n int, fromEnd bool) ([]T, error)
	count func() (int64, error)
	trips int
}

// page reads what p names of a list; after and before are the keys of its cursors.
func (l *list[T, K]) page(after, before *K, p *plan.Paging, want plan.Want) (*Page[T], error) {
	out, err := &Page[T]{}, error(nil)
	open := after == nil && before == nil
	if want.Rows || want.More {
		if out, err = l.window(after, before, p, want.More || want.Total && open); err != nil {
			return nil, err
		}
	}
	switch {
	case !want.Total:
	case open && want.Rows && !out.HasPrev && !out.HasNext: // the page is all there is
		out.Total = int64(len(out.Entries))
	default:
		l.trips++
		out.Total, err = l.count()
	}
	out.Trips = l.trips
	return out, err
}

// window reads entries, and where more is set whether there are others around them: a side that no cursor bounds, and
// on which nothing was left out, is the end of the list.
func (l *list[T, K]) window(after, before *K, p *plan.Paging, more bool) (*Page[T], error) {
	out, n := &Page[T]{}, p.N
	if more {
		n++
	}
	crossed := after != nil && before != nil && l.compare(*after, *before) >= 0
	if n > 0 && !crossed {
		var err error
		if out.Entries, err = l.ask(after, before, n, p.Backward); err != nil {
			return nil, err
		}
	}
	extra := len(out.Entries) > p.N
	out.Entries = out.Entries[:min(len(out.Entries), p.N)]
	if p.Backward {
		slices.Reverse(out.Entries)
	}
	if !more {
		return out, nil
	}
	out.HasPrev, out.HasNext = extra && p.Backward, extra && !p.Backward
	var err error
	if after != nil && !out.HasPrev {
		if out.HasPrev, err = l.some(nil, l.next(*after)); err != nil {
			return nil, err
		}
	}
	switch {
	case crossed:
		out.HasNext, err = l.some(after, nil)
	case before != nil && !out.HasNext:
		out.HasNext, err = l.from(*before)
	}
	return out, err
}

// ask reads entries.
func (l *list[T, K]) ask(after, before *K, n int, fromEnd bool) ([]T, error) {
	l.trips++
	return l.read(after, before, n, fromEnd)
}

// some reports whether there are entries between two keys.
func (l *list[T, K]) some(after, before *K) (bool, error) {
	found, err := l.ask(after, before, 1, false)
	return len(found) > 0, err
}

// from reports whether there are entries at a key, or behind it.
func (l *list[T, K]) from(k K) (bool, error) {
	if behind, err := l.some(&k, nil); behind || err != nil {
		return behind, err
	}
	last, err := l.ask(nil, l.next(k), 1, true)
	return len(last) > 0 && l.key(&last[0]) == k, err
}
