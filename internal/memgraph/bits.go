package memgraph

import (
	"maps"
	mathbits "math/bits"
	"slices"
)

// bits is a set of keys.
type bits []uint64

func (graph *Graph) bits(keys []uint32) bits {
	b := make(bits, graph.nodes.n/64+1)
	for _, k := range keys {
		b.add(k)
	}
	return b
}

func (b bits) add(k uint32) { b[k/64] |= 1 << (k % 64) }

func (b bits) remove(k uint32) { b[k/64] &^= 1 << (k % 64) }

// any reports whether a key is in the set.
func (b bits) any() bool { return slices.ContainsFunc(b, func(w uint64) bool { return w != 0 }) }

// each calls f for every key of the set, in order.
func (b bits) each(f func(k uint32)) {
	for i, w := range b {
		for ; w != 0; w &= w - 1 {
			f(uint32(i*64 + mathbits.TrailingZeros64(w)))
		}
	}
}

// has reports whether a key is in the set; a set may end early.
func (b bits) has(k uint32) bool { return int(k/64) < len(b) && b[k/64]&(1<<(k%64)) != 0 }

// keySet is a set of keys, of which there are few or many.
type keySet struct {
	many bits
	few  map[uint32]struct{}
}

// newKeySet returns an empty set for keys below n.
func newKeySet(n int, few bool) keySet {
	if few {
		return keySet{few: map[uint32]struct{}{}}
	}
	return keySet{many: make(bits, n/64+1)}
}

func (s *keySet) add(k uint32) {
	if s.few != nil {
		s.few[k] = struct{}{}
		return
	}
	s.many.add(k)
}

func (s *keySet) remove(k uint32) {
	if s.few != nil {
		delete(s.few, k)
	} else if int(k/64) < len(s.many) {
		s.many.remove(k)
	}
}

func (s *keySet) has(k uint32) bool {
	if s.few != nil {
		_, ok := s.few[k]
		return ok
	}
	return s.many.has(k)
}

// keys returns the keys in order.
func (s *keySet) keys() []uint32 {
	if s.few != nil {
		return slices.Sorted(maps.Keys(s.few))
	}
	var out []uint32
	s.many.each(func(k uint32) { out = append(out, k) })
	return out
}
