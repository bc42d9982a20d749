package memgraph

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// BenchmarkFind finds hashes in a table of many, by guessing the place and by halving alone.
func BenchmarkFind(b *testing.B) {
	const n = 300_000
	r := rand.New(rand.NewPCG(1, 2))
	t := table{hashes: make([]uint64, n), keys: make([]uint32, n)}
	for i := range t.hashes {
		t.hashes[i] = r.Uint64()
	}
	slices.Sort(t.hashes)
	asked := make([]uint64, 1<<14)
	for i := range asked {
		asked[i] = t.hashes[r.IntN(n)]
	}
	b.Run("guess", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if len(t.find(asked[i&(1<<14-1)])) == 0 {
				b.Fatal("it is not found")
			}
		}
	})
	b.Run("halve", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, ok := slices.BinarySearch(t.hashes, asked[i&(1<<14-1)]); !ok {
				b.Fatal("it is not found")
			}
		}
	})
}
