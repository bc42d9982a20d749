package memgraph

import (
	"slices"
	"sync/atomic"
)

// This file merges the small indexes into the large ones. It takes long where the large ones are large, so it is not
// done by the change that fills a small one: Merge does it, of the version that the change made, while other versions
// follow. The first change after that takes what was made, and adds what nodes have become since.

// behind is something that is made of one version while others follow. They share it, until one takes what was made.
type behind[T any] struct {
	of    *Graph
	begun atomic.Bool
	made  atomic.Pointer[T]
}

func (m *behind[T]) due() bool { return m != nil && !m.begun.Load() }

// run makes it, unless that was begun.
func (m *behind[T]) run(of func(*Graph) *T) {
	if m != nil && m.begun.CompareAndSwap(false, true) {
		m.made.Store(of(m.of))
	}
}

// result returns what was made, nil where nothing is yet.
func (m *behind[T]) result() *T {
	if m == nil {
		return nil
	}
	return m.made.Load()
}

// merging is what is merged behind the versions: nil where the small indexes are not full.
type merging struct {
	finding *behind[finding]
	words   *behind[searchIndex]
}

// overfull is how many times as much as fills them small indexes take while they are merged. With more they are merged
// in line: so much comes only where nobody calls Merge, or where it gets no processor.
const overfull = 4

// Full reports whether small indexes of the version are full, so that Merge has something to do.
func (graph *Graph) Full() bool { return graph.merging.finding.due() || graph.merging.words.due() }

// Merge merges small indexes that are full into the large ones, which takes some ten milliseconds where there are a
// million links. It changes no version, and may be called while versions are read and made: one that is made later
// takes the result.
func (graph *Graph) Merge() {
	graph.merging.finding.run((*Graph).settledFinding)
	graph.merging.words.run((*Graph).settledWords)
}

// takeFinding takes what nodes are found by, if it was merged.
func (b *Builder) takeFinding() {
	made := b.merging.finding.result()
	if made == nil {
		return
	}
	since := slices.Clone(b.unsettled[len(b.merging.finding.of.unsettled):])
	ids, names, externals, outers := b.entriesOf(since)
	b.finding, b.unsettled = *made, since
	b.nodeByID.addRecent(ids)
	b.byName.addRecent(names)
	b.byExternal.addRecent(externals)
	b.byOuter.addRecent(outers)
	b.merging.finding = nil
}

// takeWords takes the index of words, if it was merged.
func (b *Builder) takeWords() {
	made := b.merging.words.result()
	if made == nil {
		return
	}
	// what left the tiers that were merged since then has not left the merged one yet
	full, before := &b.searching[fullNodes], b.merging.words.of.searching[mostNodes].stale
	var stale []uint32
	for _, k := range b.searching[mostNodes].stale {
		if _, ok := slices.BinarySearch(before, k); !ok {
			stale = append(stale, k)
		}
	}
	for _, number := range full.stale {
		stale = append(stale, full.docs[number])
	}
	slices.Sort(stale)
	b.searching[mostNodes], b.searching[fullNodes] = tier{searchIndex: made, stale: stale}, tier{}
	b.merging.words = nil
}
