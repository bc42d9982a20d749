package memgraph

import (
	"slices"
	"sync/atomic"
)

// This file does what takes long where the lists of a graph are long: it merges the small indexes into the large ones,
// and makes room behind lists that only grow. It is not done by the change that fills an index or a list: Merge does
// it, of the version that the change made, while other versions follow. The first change after that takes what was
// made, and adds what has come since.

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

// merging is what is made behind the versions: nil where nothing is full.
type merging struct {
	finding *behind[finding]
	words   *behind[searchIndex]
	lists   *behind[longLists]
}

// longLists are the lists that versions put something behind, and those that are laid out anew.
type longLists struct {
	texts, ids           []byte // nil where there is room, as the others
	born, stamps         []int64
	more, adjacent, ends []uint32
	groups               []group
	supports             lists
	// where much of adjacent is unused, all of it is laid out anew, and the nodes lead there
	tidied    bool
	adjacency adjacency
	nodes     paged[node]
}

// overfull is how many times as much as fills them small indexes take while they are merged. With more they are merged
// in line: so much comes only where nobody calls Merge, or where it gets no processor.
const overfull = 4

// Full reports whether small indexes or lists of the version are full, so that Merge has something to do.
func (graph *Graph) Full() bool {
	return graph.merging.finding.due() || graph.merging.words.due() || graph.merging.lists.due()
}

// Merge merges small indexes that are full into the large ones, and copies lists that are full to where there is room,
// which takes some ten milliseconds where there are a million links. It changes no version, and may be called while
// versions are read and made: one that is made later takes the result.
func (graph *Graph) Merge() {
	graph.merging.finding.run((*Graph).settledFinding)
	graph.merging.words.run((*Graph).settledWords)
	graph.merging.lists.run((*Graph).withRoom)
}

// roomFrom is how long a list is that gets room behind the versions. A shorter one is soon copied by the change that
// fills it. Tests set it lower.
var roomFrom = 1 << 16

// tight reports whether a list has little room left.
func tight[T any](list []T) bool {
	return len(list) >= roomFrom && cap(list)-len(list) < len(list)/roomPart/2
}

// crowded reports whether a list has little room left, or much in it is unused.
func (graph *Graph) crowded() bool {
	return tight(graph.texts) || tight(graph.ids) || tight(graph.born) || tight(graph.stamps) || tight(graph.more) ||
		tight(graph.adjacent) || tight(graph.ends) || tight(graph.groups) || tight(graph.supports.items) ||
		wasteful(graph.supports.items, graph.supports.unused) || wasteful(graph.adjacent, graph.adjacency.unused)
}

// wasteful reports whether so much of a list is unused that it is laid out anew behind the versions. It is less than
// what has a change do so.
func wasteful(list []uint32, unused int) bool {
	return len(list) >= roomFrom && unused > len(list)/8+unusedMost/2
}

// withRoom returns copies of the lists that have little room.
func (graph *Graph) withRoom() *longLists {
	made := &longLists{
		texts: copyWithRoom(graph.texts), ids: copyWithRoom(graph.ids), born: copyWithRoom(graph.born),
		stamps: copyWithRoom(graph.stamps), more: copyWithRoom(graph.more), supports: graph.supports.tidied(),
	}
	if made.tidied = wasteful(graph.adjacent, graph.adjacency.unused); made.tidied {
		made.adjacency, made.nodes = graph.tidied()
		return made
	}
	made.adjacent, made.ends = copyWithRoom(graph.adjacent), copyWithRoom(graph.ends)
	made.groups = copyWithRoom(graph.groups)
	return made
}

func copyWithRoom[T any](list []T) []T {
	if !tight(list) {
		return nil
	}
	return append(make([]T, 0, roomy(len(list))), list...)
}

// moved returns a list in a copy that was made of it as it was in a version. It returns the list where there is none,
// or where the list was made anew since: then it has room.
func moved[T any](list, was, made []T) []T {
	if made == nil || len(list) < len(was) || &list[0] != &was[0] {
		return list
	}
	return append(made, list[len(made):]...)
}

// takeRecordLists takes those lists with room that records are put behind, if they were made.
func (b *Builder) takeRecordLists() {
	made := b.old.merging.lists.result()
	if made == nil {
		return
	}
	b.room = made
	was := b.old.merging.lists.of
	b.texts, b.ids = moved(b.texts, was.texts, made.texts), moved(b.ids, was.ids, made.ids)
	b.born, b.stamps = moved(b.born, was.born, made.born), moved(b.stamps, was.stamps, made.stamps)
	b.more = moved(b.more, was.more, made.more)
}

// takeLinkLists takes the others.
func (b *Builder) takeLinkLists() {
	made := b.room
	if made == nil {
		return
	}
	was := b.merging.lists.of
	if made.tidied {
		b.followTidied(made, was)
	} else {
		b.adjacent, b.ends = moved(b.adjacent, was.adjacent, made.adjacent), moved(b.ends, was.ends, made.ends)
		b.groups = moved(b.groups, was.groups, made.groups)
	}
	b.supports = made.supports.followed(&was.supports, &b.supports)
	b.merging.lists = nil
}

// followed returns tidied lists as they are now, by the lists that were tidied.
func (l *lists) followed(was, now *lists) lists {
	out := lists{at: slices.Clone(now.at), items: l.items, unused: l.unused}
	for i, at := range now.at {
		if i < len(was.at) && at == was.at[i] {
			out.at[i] = l.at[i]
			continue
		}
		if i < len(l.at) {
			out.unused += int(l.at[i].end - l.at[i].start)
		}
		out.at[i] = span{uint32(len(out.items)), uint32(len(out.items) + int(at.end-at.start))}
		out.items = append(out.items, now.items[at.start:at.end]...)
	}
	return out
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

// followTidied takes the tidied lists of nodes. Nodes that have got others since have them taken over.
func (b *Builder) followTidied(made *longLists, was *Graph) {
	now, e := b.adjacency, &b.nodeEdit
	b.adjacency = made.adjacency
	pages := make([]*[pageLen]node, len(e.pages), len(e.pages)+16)
	for i, page := range e.pages {
		first := i << pageBits
		if first+pageLen <= was.nodes.n && page == was.nodes.pages[i] {
			pages[i] = made.nodes.pages[i]
			continue
		}
		own := *page
		for j := range min(pageLen, e.n-first) {
			k, n := uint32(first+j), &own[j]
			if int(k) < was.nodes.n {
				if tidied := made.nodes.at(k); sameGroups(n, was.nodes.at(k)) {
					n.group0, n.group1 = tidied.group0, tidied.group1
					continue
				}
				b.adjacency.unused += made.adjacency.held(made.nodes.at(k))
			}
			b.adjacency.takeOver(n, &now)
		}
		pages[i] = &own
		if e.own == nil {
			e.own = map[uint32]struct{}{}
		}
		e.own[uint32(i)] = struct{}{}
	}
	e.pages, e.table = pages, true
}

func sameGroups(a, b *node) bool { return a.group0 == b.group0 && a.group1 == b.group1 }

// held returns how many links are in the lists of a node.
func (a *adjacency) held(n *node) (links int) {
	for _, g := range a.groups[n.group0:n.group1] {
		links += int(g.end - g.start)
	}
	return links
}
