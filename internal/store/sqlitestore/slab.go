package sqlitestore

import "unsafe"

// slab gives out short lists cut from longer ones, so that an answer of a thousand rows is some tens of allocations and not
// thousands.
type slab[T any] struct {
	free []T
	size int
}

// slabBytes bounds what an answer may leave unused. It is well below the size from which Go takes each piece from the heap's
// own lock and clears it anew.
const slabBytes = 12 << 10

// take gives n zero values.
func (s *slab[T]) take(n int) []T {
	if n > len(s.free) {
		var zero T
		if s.size = min(max(2*s.size, n), slabBytes/int(unsafe.Sizeof(zero))); n >= s.size { //nolint:gosec // a size
			return make([]T, n)
		}
		s.free = make([]T, s.size)
	}
	out := s.free[:n:n]
	s.free = s.free[n:]
	return out
}
