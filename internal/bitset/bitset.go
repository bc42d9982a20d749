// Package bitset is sets of small numbers, a bit for each.
package bitset

import (
	"math/bits"
	"slices"
)

// Set is a set of numbers. One that is made with New has room for the numbers below n, which Add and Remove need; Put
// makes room. It may be read by several goroutines at a time, and changed by one.
type Set []uint64

// New returns an empty set with room for the numbers below n.
func New(n int) Set { return make(Set, n/64+1) }

// Add puts a number for which there is room into the set.
func (s Set) Add(k uint32) { s[k/64] |= 1 << (k % 64) }

// Put adds a number, and makes room where there is none. It reports whether it was not in the set before.
func (s *Set) Put(k uint32) bool {
	if s.Has(k) {
		return false
	}
	if n := int(k/64) + 1; n > len(*s) {
		*s = append(*s, make([]uint64, max(n, 2*len(*s))-len(*s))...)
	}
	s.Add(k)
	return true
}

// Remove takes a number for which there is room out of the set.
func (s Set) Remove(k uint32) { s[k/64] &^= 1 << (k % 64) }

// Has reports whether a number is in the set. Any number may be asked for.
func (s Set) Has(k uint32) bool { return int(k/64) < len(s) && s[k/64]&(1<<(k%64)) != 0 }

// Any reports whether there is a number in the set.
func (s Set) Any() bool { return slices.ContainsFunc(s, func(w uint64) bool { return w != 0 }) }

// Each calls f for every number in the set, in order.
func (s Set) Each(f func(k uint32)) {
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			f(uint32(i*64 + bits.TrailingZeros64(w)))
		}
	}
}

// Len returns how many numbers are in the set.
func (s Set) Len() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}
