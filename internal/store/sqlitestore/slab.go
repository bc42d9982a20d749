package sqlitestore

// slab gives out short lists cut from longer ones, so that an answer of a thousand rows is some tens of allocations and not
// thousands.
type slab[T any] struct {
	free []T
	size int
}

// maxSlab bounds what an answer may leave unused.
const maxSlab = 512

// take gives n zero values.
func (s *slab[T]) take(n int) []T {
	if n > len(s.free) {
		if s.size = min(max(2*s.size, n), maxSlab); n >= s.size {
			return make([]T, n)
		}
		s.free = make([]T, s.size)
	}
	out := s.free[:n:n]
	s.free = s.free[n:]
	return out
}
