package memgraph

import "unsafe"

// slab gives out short lists cut from longer ones, so that an answer of a thousand rows is some tens of allocations and
// not thousands; and from one answer to the next, hardly any.
type slab[T any] struct {
	free   []T
	size   int
	pieces [][]T
	next   int            // the first of pieces that has not been cut into
	hold   func(size int) // is told of each piece that is cut into, in bytes
}

const (
	// slabBytes bounds what an answer may leave unused. It is well below the size from which Go takes each piece from
	// the heap's own lock and clears it anew.
	slabBytes = 12 << 10
	// slabKept bounds what is kept for the next answer.
	slabKept = 128 << 10
)

// take returns n zero values.
func (s *slab[T]) take(n int) []T {
	if n > len(s.free) {
		s.free = s.piece(n)
	}
	out := s.free[:n:n]
	s.free = s.free[n:]
	return out
}

// piece returns a list of at least n.
func (s *slab[T]) piece(n int) []T {
	var p []T
	for ; p == nil && s.next < len(s.pieces); s.next++ {
		if len(s.pieces[s.next]) >= n {
			p = s.pieces[s.next]
		}
	}
	var zero T
	size := int(unsafe.Sizeof(zero))
	if p == nil {
		s.size = min(max(2*s.size, n), slabBytes/size)
		p = make([]T, max(n, s.size))
		s.pieces = append(s.pieces, p)
		s.next++
	}
	s.hold(len(p) * size)
	return p
}

// reset takes back all that was given.
func (s *slab[T]) reset() {
	kept := 0
	var zero T
	for _, p := range s.pieces {
		kept += len(p) * int(unsafe.Sizeof(zero))
	}
	if kept > slabKept {
		*s = slab[T]{hold: s.hold}
		return
	}
	for i, p := range s.pieces[:s.next] {
		if i == s.next-1 {
			p = p[:len(p)-len(s.free)]
		}
		clear(p)
	}
	s.free, s.next = nil, 0
}
