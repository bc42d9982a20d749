package bounded_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/throughline/throughline/internal/bounded"
)

// TestTheLeastRecentlyUsedGoFirst holds a cache against a list in the order of use.
func TestTheLeastRecentlyUsedGoFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const most = 20
		type entry struct{ key, value, size int }
		c := bounded.New[int, int](most)
		var kept []entry // the least recently used first
		find := func(key int) int {
			for i, x := range kept {
				if x.key == key {
					return i
				}
			}
			return -1
		}
		shrink := func() {
			for sum := 0; ; sum = 0 {
				for _, x := range kept {
					sum += x.size
				}
				if values, bytes := c.Size(); sum <= most {
					if values != len(kept) || bytes != sum {
						t.Fatalf("%d values of %d bytes, want %d of %d", values, bytes, len(kept), sum)
					}
					return
				}
				kept = kept[1:]
			}
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			key, value, n := rapid.IntRange(0, 5).Draw(t, "key"), rapid.IntRange(0, 1).Draw(t,
				"value"), rapid.IntRange(0, 25).Draw(t, "bytes")
			i := find(key)
			switch rapid.IntRange(0, 2).Draw(t, "what") {
			case 0:
				got, ok := c.Get(key)
				if ok != (i >= 0) || ok && got != kept[i].value {
					t.Fatalf("%d: %d, %v", key, got, ok)
				}
				if ok {
					kept = append(append(kept[:i:i], kept[i+1:]...), kept[i])
				}
			case 1:
				if c.Add(key, value, n); i < 0 {
					kept = append(kept, entry{key, value, n})
				}
			default:
				if c.Grow(key, value, n); i >= 0 && kept[i].value == value {
					kept[i].size += n
				}
			}
			shrink()
		}
	})
}
