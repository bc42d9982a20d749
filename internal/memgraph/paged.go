package memgraph

import "unsafe"

// pageBits says how many records share a page: a change copies a page for each record that it touches, and a list of
// all pages.
const (
	pageBits = 8
	pageLen  = 1 << pageBits
	pageMask = pageLen - 1
)

// paged is a list whose pages are shared by the versions that follow one another. A version looks at its first n items
// only, so that the next one may put items behind them into the same page.
type paged[T any] struct {
	pages []*[pageLen]T
	n     int
}

// at returns an item. Written &p.pages[k>>pageBits][k&pageMask] it would look whether the page is nil, by reading its
// first byte: that is another line of memory to wait for.
func (p *paged[T]) at(k uint32) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(p.pages[k>>pageBits]), uintptr(k&pageMask)*unsafe.Sizeof(*new(T)))) //nolint:gosec // within the page
}

// pagedOf returns a list in pages which lie in list, as far as they are full.
func pagedOf[T any](list []T) paged[T] {
	p := paged[T]{n: len(list), pages: make([]*[pageLen]T, 0, (len(list)+pageLen-1)/pageLen)}
	for len(list) >= pageLen {
		p.pages = append(p.pages, (*[pageLen]T)(list))
		list = list[pageLen:]
	}
	if len(list) > 0 {
		last := new([pageLen]T)
		copy(last[:], list)
		p.pages = append(p.pages, last)
	}
	return p
}

// flat returns a copy of all items, one behind the other.
func (p *paged[T]) flat() []T {
	out := make([]T, p.n)
	for i, page := range p.pages {
		copy(out[min(i*pageLen, p.n):], page[:])
	}
	return out
}

// pageEditor changes a list that is shared with an older version: what it changes, it copies first.
type pageEditor[T any] struct {
	*paged[T]
	older int                 // how many items the older version looks at
	own   map[uint32]struct{} // pages that are no longer shared
	all   bool                // no page is
	table bool                // the list of pages is no longer shared
}

// edit returns an item that may be changed.
func (e *pageEditor[T]) edit(k uint32) *T {
	if !e.all && int(k) < e.older {
		e.share(k >> pageBits)
	}
	return e.at(k)
}

// share copies a page, unless that was done.
func (e *pageEditor[T]) share(page uint32) {
	if _, ok := e.own[page]; ok {
		return
	}
	if !e.table {
		e.pages, e.table = append(make([]*[pageLen]T, 0, len(e.pages)+16), e.pages...), true
	}
	if e.own == nil {
		e.own = map[uint32]struct{}{}
	}
	c := *e.pages[page]
	e.pages[page] = &c
	e.own[page] = struct{}{}
}

// grow appends zero items until there are n.
func (e *pageEditor[T]) grow(n int) {
	var zero T
	for ; e.n < n; e.n++ {
		if i := e.n >> pageBits; i == len(e.pages) {
			e.pages = append(e.pages, new([pageLen]T))
		} else {
			// no reader of an older version looks there
			e.pages[i][e.n&pageMask] = zero
		}
	}
}

// unshare copies all pages.
func (e *pageEditor[T]) unshare() {
	if e.all {
		return
	}
	p := pagedOf(e.flat())
	e.pages, e.all, e.table = p.pages, true, true
}
