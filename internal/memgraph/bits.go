package memgraph

import (
	"maps"
	"slices"

	"github.com/throughline/throughline/internal/bitset"
)

// bits returns a set of nodes.
func (graph *Graph) bits(keys []uint32) bitset.Set {
	b := bitset.New(graph.nodes.n)
	for _, k := range keys {
		b.Add(k)
	}
	return b
}

// keySet is a set of keys, of which there are few or many.
type keySet struct {
	many bitset.Set
	few  map[uint32]struct{}
}

// newKeySet returns an empty set for keys below n.
func newKeySet(n int, few bool) keySet {
	if few {
		return keySet{few: map[uint32]struct{}{}}
	}
	return keySet{many: bitset.New(n)}
}

func (s *keySet) add(k uint32) {
	if s.few != nil {
		s.few[k] = struct{}{}
		return
	}
	s.many.Add(k)
}

func (s *keySet) remove(k uint32) {
	if s.few != nil {
		delete(s.few, k)
	} else if int(k/64) < len(s.many) {
		s.many.Remove(k)
	}
}

func (s *keySet) has(k uint32) bool {
	if s.few != nil {
		_, ok := s.few[k]
		return ok
	}
	return s.many.Has(k)
}

// keys returns the keys in order.
func (s *keySet) keys() []uint32 {
	if s.few != nil {
		return slices.Sorted(maps.Keys(s.few))
	}
	var out []uint32
	s.many.Each(func(k uint32) { out = append(out, k) })
	return out
}
