package memgraph

import (
	"slices"
	"sort"
)

// chunkLen is about how many keys of an order share a chunk: a change copies one, and the list of all chunks. Tests set
// it lower.
var chunkLen = 4096

// order is keys in an order. Its chunks are shared by the versions that follow one another.
type order struct {
	flat   []uint32   // all keys, where nothing has been put in or taken out since they were put in order; or else
	chunks [][]uint32 // the keys in chunks, none of them empty
	before []int      // how many keys stand before each chunk
	n      int
}

func orderOf(keys []uint32) order { return order{flat: keys, n: len(keys)} }

// all calls f with runs of keys, in order, until it returns false.
func (o *order) all(f func(keys []uint32) bool) {
	if o.flat != nil {
		f(o.flat)
		return
	}
	for _, c := range o.chunks {
		if !f(c) {
			return
		}
	}
}

// keys returns all keys. They must not be changed.
func (o *order) keys() []uint32 {
	if o.flat != nil || o.n == 0 {
		return o.flat
	}
	return slices.Concat(o.chunks...)
}

// at returns the key at a place.
func (o *order) at(i int) uint32 {
	if o.flat != nil {
		return o.flat[i]
	}
	c := o.chunkOf(i)
	return o.chunks[c][i-o.before[c]]
}

// chunkOf returns the chunk that holds a place.
func (o *order) chunkOf(i int) int {
	c, ok := slices.BinarySearch(o.before, i)
	if !ok {
		c--
	}
	return c
}

// cut returns the keys from one place to before another. They must not be changed. room returns room for n keys.
func (o *order) cut(from, to int, room func(n int) []uint32) []uint32 {
	if o.flat != nil {
		return o.flat[from:to]
	}
	if from >= to {
		return nil
	}
	c := o.chunkOf(from)
	if first := o.chunks[c][from-o.before[c]:]; len(first) >= to-from {
		return first[:to-from]
	}
	out := room(to - from)[:0]
	for len(out) < to-from {
		i := from + len(out) - o.before[c]
		out = append(out, o.chunks[c][i:min(len(o.chunks[c]), i+to-from-len(out))]...)
		c++
	}
	return out
}

// find returns the first place whose key is not before what is looked for.
func (o *order) find(isBefore func(k uint32) bool) int {
	if o.flat != nil {
		return sort.Search(len(o.flat), func(i int) bool { return !isBefore(o.flat[i]) })
	}
	c := sort.Search(len(o.chunks), func(i int) bool { return !isBefore(o.chunks[i][len(o.chunks[i])-1]) })
	if c == len(o.chunks) {
		return o.n
	}
	return o.before[c] + sort.Search(len(o.chunks[c]), func(i int) bool { return !isBefore(o.chunks[c][i]) })
}

// edited returns an order that insert and remove may be called on, and this one may not be any more.
func (o *order) edited() order {
	e := order{n: o.n}
	if o.flat != nil {
		for c := range slices.Chunk(o.flat, chunkLen) {
			e.before = append(e.before, len(e.chunks)*chunkLen)
			e.chunks = append(e.chunks, slices.Clip(c))
		}
		return e
	}
	e.chunks, e.before = slices.Clone(o.chunks), slices.Clone(o.before)
	return e
}

// insert puts a key at a place.
func (o *order) insert(i int, k uint32) {
	if len(o.chunks) == 0 {
		o.chunks, o.before, o.n = [][]uint32{{k}}, []int{0}, 1
		return
	}
	c := o.chunkOf(i)
	was := o.chunks[c]
	at := i - o.before[c]
	chunk := make([]uint32, 0, len(was)+1)
	chunk = append(append(append(chunk, was[:at]...), k), was[at:]...)
	o.n++
	for j := c + 1; j < len(o.before); j++ {
		o.before[j]++
	}
	if len(chunk) < 2*chunkLen {
		o.chunks[c] = chunk
		return
	}
	half := len(chunk) / 2
	o.chunks[c] = chunk[:half:half]
	o.chunks = slices.Insert(o.chunks, c+1, chunk[half:])
	o.before = slices.Insert(o.before, c+1, o.before[c]+half)
}

// remove takes out the key at a place.
func (o *order) remove(i int) {
	c := o.chunkOf(i)
	was := o.chunks[c]
	at := i - o.before[c]
	o.n--
	for j := c + 1; j < len(o.before); j++ {
		o.before[j]--
	}
	if len(was) == 1 {
		o.chunks, o.before = slices.Delete(o.chunks, c, c+1), slices.Delete(o.before, c, c+1)
		return
	}
	o.chunks[c] = append(append(make([]uint32, 0, len(was)-1), was[:at]...), was[at+1:]...)
}

// Ranks stand for what keys are ordered by: equal for equal, and otherwise in the same order. There is room between
// them, so that a key that comes between two others gets a rank without theirs being changed; where there is no room,
// those about it are spread anew.

const (
	rankEnd = 1 << 32 // ranks are from 1 and below it
	// rankRoom is the least room between ranks that are spread anew.
	rankRoom = 64
	// rankStep is the room behind the last.
	rankStep = 1024
)

// spread returns the rank of the i-th of n different values.
func spread(i, n int) uint32 {
	return uint32((uint64(i) + 1) * (rankEnd / (uint64(n) + 1)))
}

// rank puts a key at a place of an order, and gives it a rank. same reports whether two keys are ordered by the same.
func rank(o *order, ranks *pageEditor[uint32], place int, k uint32, same func(a, b uint32) bool) {
	prev, next := uint64(0), uint64(rankEnd)
	var r uint64
	if place > 0 {
		p := o.at(place - 1)
		if prev = uint64(*ranks.at(p)); same(p, k) {
			r = prev
		}
	}
	if r == 0 && place < o.n {
		n := o.at(place)
		if next = uint64(*ranks.at(n)); same(n, k) {
			r = next
		}
	}
	switch {
	case r > 0:
	case next == rankEnd && next-prev > 2*rankStep:
		r = prev + rankStep
	case next-prev >= 2:
		r = prev + (next-prev)/2
	default:
		spreadAbout(o, ranks, place)
		rank(o, ranks, place, k, same)
		return
	}
	o.insert(place, k)
	*ranks.edit(k) = uint32(r)
}

// spreadAbout makes room about a place: it spreads the ranks of so many keys anew that there is enough between them.
func spreadAbout(o *order, ranks *pageEditor[uint32], place int) {
	get := func(i int) uint64 { return uint64(*ranks.at(o.at(i))) }
	for w := 32; ; w *= 2 {
		from, to := max(0, place-w), min(o.n, place+w)
		for from > 0 && get(from-1) == get(from) {
			from--
		}
		for to < o.n && get(to-1) == get(to) {
			to++
		}
		lo, hi, different := uint64(0), uint64(rankEnd), uint64(1)
		if from > 0 {
			lo = get(from - 1)
		}
		if to < o.n {
			hi = get(to)
		}
		for i := from + 1; i < to; i++ {
			if get(i) != get(i-1) {
				different++
			}
		}
		step := (hi - lo) / (different + 1)
		if step < rankRoom && (from > 0 || to < o.n) {
			continue
		}
		keys := o.cut(from, to, func(n int) []uint32 { return make([]uint32, n) })
		was, r := uint32(0), lo
		for i, k := range keys {
			if now := *ranks.at(k); i == 0 || now != was {
				was = now
				r += step
			}
			*ranks.edit(k) = uint32(r)
		}
		return
	}
}
