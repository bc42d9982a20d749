package memgraph

import (
	"cmp"
	"slices"

	"github.com/throughline/throughline/internal/bitset"
	"github.com/throughline/throughline/internal/text"
)

// index finds keys by the hash of a text. Whoever asks compares the text itself: hashes may be shared, and texts have
// changed.
type index struct {
	table
	recent table // what came since table was made
	// marks has a bit set for each hash in recent, by its first bits: most hashes are not there, and one look says so.
	marks *[64]uint64
}

func markOf(h uint64) (word int, bit uint64) { return int(h >> 58), 1 << (h >> 52 & 63) }

// addRecent adds entries.
func (x *index) addRecent(fresh []entry) {
	if len(fresh) == 0 {
		return
	}
	marks := [64]uint64{}
	if x.marks != nil {
		marks = *x.marks
	}
	for _, e := range fresh {
		word, bit := markOf(e.hash)
		marks[word] |= bit
	}
	x.recent, x.marks = newTable(&x.recent, nil, fresh), &marks
}

// table is an index in order of hashes.
type table struct {
	hashes []uint64
	keys   []uint32 // beside them
}

// find returns the keys under a hash, in order.
func (x *index) find(h uint64) []uint32 {
	if x.marks == nil {
		return x.table.find(h)
	}
	return x.findBoth(h)
}

func (x *index) findBoth(h uint64) []uint32 {
	keys := x.table.find(h)
	if word, bit := markOf(h); x.marks[word]&bit == 0 {
		return keys
	}
	recent := x.recent.find(h)
	switch {
	case len(recent) == 0:
		return keys
	case len(keys) == 0:
		return recent
	}
	keys = slices.Concat(keys, recent)
	slices.Sort(keys)
	return slices.Compact(keys)
}

// hash is FNV-1a with a last mixing, so that its values are spread evenly. It is part of what a snapshot holds.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// find returns the keys under a hash, in order. Hashes are spread evenly, so the place is guessed and then narrowed: of
// 300,000 hashes one is found in 192 ns, by halving alone in 225 (BenchmarkFind).
func (x *table) find(h uint64) []uint32 {
	lo, hi := 0, len(x.hashes) // the first that is ≥ h lies in [lo, hi]
	for hi-lo > 16 {
		a, b := x.hashes[lo], x.hashes[hi-1]
		if h <= a {
			hi = lo
			break
		}
		if h > b {
			lo = hi
			break
		}
		m := lo + int(float64(h-a)/float64(b-a)*float64(hi-1-lo))
		m = min(max(m, lo+1), hi-1)
		// a window about the guess that is as wide as guesses go wrong
		if x.hashes[m] < h {
			lo = m + 1
			if e := lo + 64; e < hi && x.hashes[e] >= h {
				hi = e
			}
		} else {
			hi = m
			if e := hi - 64; e > lo && x.hashes[e] < h {
				lo = e + 1
			}
		}
	}
	i, _ := slices.BinarySearch(x.hashes[lo:hi], h)
	i += lo
	j := i
	for j < len(x.hashes) && x.hashes[j] == h {
		j++
	}
	return x.keys[i:j]
}

// entry is one entry of an index in the making.
type entry struct {
	hash uint64
	key  uint32
}

// newTable makes an index of the old one's entries that are not gone and of new ones, which it sorts.
func newTable(old *table, gone bitset.Set, fresh []entry) table {
	if len(fresh) == 0 && !gone.Any() {
		return *old
	}
	slices.SortFunc(fresh, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash),
			cmp.Compare(a.key, b.key))
	})
	fresh = slices.Compact(fresh)
	x := table{hashes: make([]uint64, 0, len(old.hashes)+len(fresh)), keys: make([]uint32, 0,
		len(old.hashes)+len(fresh))}
	j := 0
	for i, h := range old.hashes {
		k := old.keys[i]
		if gone.Has(k) {
			continue
		}
		for ; j < len(fresh) && (fresh[j].hash < h || fresh[j].hash == h && fresh[j].key < k); j++ {
			x.hashes, x.keys = append(x.hashes, fresh[j].hash), append(x.keys, fresh[j].key)
		}
		if j < len(fresh) && fresh[j] == (entry{h, k}) {
			j++ // a node that changed and is still found by this
		}
		x.hashes, x.keys = append(x.hashes, h), append(x.keys, k)
	}
	for ; j < len(fresh); j++ {
		x.hashes, x.keys = append(x.hashes, fresh[j].hash), append(x.keys, fresh[j].key)
	}
	return x
}

// entries calls f with what a node is found by in each index.
func (graph *Graph) entries(k uint32, id, name, external, outer func(entry)) {
	n := graph.nodes.at(k)
	own := graph.id(n)
	id(entry{hash(own), k})
	if f := text.Fold(own); f != own {
		outer(entry{hash(f), k})
	}
	graph.names(n, func(s string) bool { name(entry{hash(text.Fold(s)), k}); return true })
	for i, x := 0, graph.externals(n); i < len(x); i += 2 {
		external(entry{hash(x[i] + "\x00" + x[i+1]), k})
		outer(entry{hash(text.Fold(x[i+1])), k})
	}
	for _, id := range graph.formers(n) {
		external(entry{hash(formerly(id)), k})
	}
}

// entriesOf returns what those of some nodes that are there are found by in each index.
func (graph *Graph) entriesOf(keys []uint32) (ids, names, externals, outers []entry) {
	to := func(list *[]entry) func(entry) { return func(e entry) { *list = append(*list, e) } }
	graph.bits(keys).Each(func(k uint32) {
		if graph.nodes.at(k).typ != 0 {
			graph.entries(k, to(&ids), to(&names), to(&externals), to(&outers))
		}
	})
	return ids, names, externals, outers
}

// settledFinding returns the indexes with the small tables merged into the large ones.
func (graph *Graph) settledFinding() *finding {
	if len(graph.unsettled) == 0 {
		return &graph.finding
	}
	gone := graph.bits(graph.unsettled)
	ids, names, externals, outers := graph.entriesOf(graph.unsettled)
	return &finding{
		nodeByID:   index{table: newTable(&graph.nodeByID.table, gone, ids)},
		byName:     index{table: newTable(&graph.byName.table, gone, names)},
		byExternal: index{table: newTable(&graph.byExternal.table, gone, externals)},
		byOuter:    index{table: newTable(&graph.byOuter.table, gone, outers)},
	}
}
