package memgraph

import (
	mathbits "math/bits"
	"slices"
)

// bits is a set of keys.
type bits []uint64

func (graph *Graph) bits(keys []uint32) bits {
	b := make(bits, len(graph.nodes)/64+1)
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
			f(uint32(i*64 + mathbits.TrailingZeros64(w))) //nolint:gosec // keys are below 2³¹
		}
	}
}

// has reports whether a key is in the set; a set may end early.
func (b bits) has(k uint32) bool { return int(k/64) < len(b) && b[k/64]&(1<<(k%64)) != 0 }
