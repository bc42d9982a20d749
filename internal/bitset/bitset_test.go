package bitset_test

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/throughline/throughline/internal/bitset"
)

// TestASetIsASet holds sets against maps.
func TestASetIsASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		room := rapid.IntRange(0, 200).Draw(t, "room")
		s, want := bitset.New(room), map[uint32]bool{}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			k := rapid.Uint32Range(0, 300).Draw(t, "number")
			switch what := rapid.IntRange(0, 2).Draw(t, "what"); {
			case what == 0:
				if got := s.Put(k); got == want[k] {
					t.Fatalf("%d is put: %v", k, got)
				}
				want[k] = true
			case int(k) >= room:
			case what == 1:
				s.Add(k)
				want[k] = true
			default:
				s.Remove(k)
				delete(want, k)
			}
			if s.Has(k) != want[k] || s.Any() != (len(want) > 0) || s.Len() != len(want) {
				t.Fatalf("after %d: %v %v %d, want %d", k, s.Has(k), s.Any(), s.Len(), len(want))
			}
		}
		var got []uint32
		s.Each(func(k uint32) { got = append(got, k) })
		if !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}
