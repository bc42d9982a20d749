package exchange

import (
	"testing"

	"pgregory.net/rapid"
)

// However many there are, some places stay free: the search for one that is not there ends at them.
func TestHashesLeavePlacesFree(t *testing.T) {
	var s hashes
	for h := range uint64(5000) {
		s.add(h + 1)
		if 4*s.n > 3*len(s.slots) {
			t.Fatalf("%d of %d places are taken", s.n, len(s.slots))
		}
	}
}

func TestHashesAreASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s hashes
		want := map[uint64]bool{}
		// few different low bits, so that places are shared; 0 and 1 are one
		for _, h := range rapid.SliceOfN(rapid.Uint64Range(0, 7), 0, 3000).Draw(t, "low") {
			h |= rapid.Uint64Range(0, 300).Draw(t, "high") << 40
			key := max(h, 1)
			if s.has(h) != want[key] || s.add(h) == want[key] || !s.has(h) {
				t.Fatalf("%d", h)
			}
			want[key] = true
		}
		if s.n != len(want) {
			t.Fatalf("%d, want %d", s.n, len(want))
		}
	})
}
