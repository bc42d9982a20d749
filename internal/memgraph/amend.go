package memgraph

import (
	"cmp"
	"slices"

	"github.com/throughline/throughline/internal/kg"
)

// This file makes what follows from few new or changed records. A version made so shares with the one before all that
// they do not touch: pages of records and ranks, chunks of orders, lists of links. What is touched is written anew,
// behind what there is.

// amend makes everything that follows from the records.
func (b *Builder) amend() {
	old := b.old
	b.nodeOrder, b.ranks, b.linkOrder, b.linkRanks = old.nodeOrder, old.ranks, old.linkOrder, old.linkRanks
	copy(b.byType, old.byType)
	b.counts, b.kinds = old.counts, old.kinds
	b.finding, b.adjacency, b.supports, b.refuted = old.finding, old.adjacency, old.supports, old.refuted
	b.searching, b.searchingSources, b.merging = old.searching, old.searchingSources, old.merging
	b.rankEdit.grow(b.nodes.n)
	b.linkRankEdit.grow(b.links.n)
	b.takeLinkLists()
	moved := b.amendNodeOrder()
	b.amendLinkOrder()
	b.amendSources()
	b.amendLinks(moved)
	b.takeFinding()
	b.amendFinding()
	b.takeWords()
	b.amendWords()
	if b.merging.lists == nil && b.crowded() {
		b.merging.lists = &behind[longLists]{of: b.Graph}
	}
}

// amendNodeOrder puts nodes in their places. It returns those that were elsewhere before, and had links there.
func (b *Builder) amendNodeOrder() (moved []uint32) {
	old := b.old
	stays := func(k uint32) bool { // where it was
		if int(k) >= old.nodes.n {
			return false
		}
		was, is := old.nodes.at(k), b.nodes.at(k)
		return was.typ == is.typ && old.sortKey(was) == b.sortKey(is) && old.id(was) == b.id(is)
	}
	gone, fresh := b.goneNodes.keys(), slices.Clone(b.freshNodes)
	gone = slices.DeleteFunc(gone, func(k uint32) bool { return b.nodes.at(k).typ != 0 && stays(k) })
	fresh = slices.DeleteFunc(fresh, func(k uint32) bool { return b.goneNodes.has(k) && stays(k) })
	if len(gone)+len(fresh) == 0 {
		return nil
	}
	b.nodeOrder = b.nodeOrder.edited()
	edited := make([]bool, len(b.byType))
	ofType := func(t uint8) *order {
		if !edited[t] {
			edited[t] = true
			b.byType[t] = b.byType[t].edited()
		}
		return &b.byType[t]
	}
	for _, k := range gone {
		n := old.nodes.at(k)
		before := func(other uint32) bool { return old.compareNodes(old.nodes.at(other), n) < 0 }
		b.nodeOrder.remove(b.nodeOrder.find(before))
		of := ofType(n.typ)
		of.remove(of.find(before))
		b.counts.Nodes--
		if b.nodes.at(k).typ != 0 {
			moved = append(moved, k)
		}
	}
	same := func(x, y uint32) bool { return b.sortKey(b.nodes.at(x)) == b.sortKey(b.nodes.at(y)) }
	for _, k := range fresh {
		n := b.nodes.at(k)
		before := func(other uint32) bool { return b.compareNodes(b.nodes.at(other), n) < 0 }
		rank(&b.nodeOrder, &b.rankEdit, b.nodeOrder.find(before), k, same)
		of := ofType(n.typ)
		of.insert(of.find(before), k)
		b.counts.Nodes++
	}
	return moved
}

// amendLinkOrder puts links in their places.
func (b *Builder) amendLinkOrder() {
	old := b.old
	stays := func(k uint32) bool {
		if int(k) >= old.links.n || old.links.at(k).from == 0 {
			return false
		}
		l := b.links.at(k)
		return l.from != 0 && b.idAt(l.id) == old.linkID(k)
	}
	b.kinds = slices.Clone(b.kinds)
	edited := false
	edit := func() {
		if !edited {
			edited = true
			b.linkOrder = b.linkOrder.edited()
		}
	}
	for k := range b.goneLinks.few {
		l := old.links.at(k)
		if l.standing != kg.Refuted {
			b.kinds[l.kind]--
		}
		if stays(k) {
			continue
		}
		edit()
		id := old.linkID(k)
		b.linkOrder.remove(b.linkOrder.find(func(other uint32) bool { return old.linkID(other) < id }))
		b.counts.Links--
	}
	for _, k := range b.freshLinks {
		if l := b.links.at(k); l.standing != kg.Refuted {
			b.kinds[l.kind]++
		}
		if stays(k) {
			continue
		}
		edit()
		id := b.linkID(k)
		place := b.linkOrder.find(func(other uint32) bool { return b.linkID(other) < id })
		rank(&b.linkOrder, &b.linkRankEdit, place, k, func(uint32, uint32) bool { return false })
		b.counts.Links++
	}
	b.freshLinks = slices.Clone(b.freshLinks)
	slices.SortFunc(b.freshLinks, b.compareLinks)
}

// compareLinks compares links by id.
func (graph *Graph) compareLinks(x, y uint32) int {
	return cmp.Compare(*graph.linkRanks.at(x), *graph.linkRanks.at(y))
}

// amendSources takes in new and changed sources, of which there are few, and lists the links of each.
func (b *Builder) amendSources() {
	b.orderSources()
	if b.otherSources {
		b.counts.Sources = int64(b.byType[b.cat.Source.Index].n)
		b.indexSources()
	}
	lists := map[uint32][]uint32{} // those that change
	list := func(s uint32) []uint32 {
		if l, ok := lists[s]; ok {
			return l
		}
		if int(s) >= len(b.supports.at) {
			return nil
		}
		return slices.Clone(b.supports.of(s))
	}
	for k := range b.goneLinks.few {
		if b.old.links.at(k).standing == kg.Refuted {
			continue
		}
		for _, s := range b.old.restsOn(k) {
			l := list(s)
			lists[s] = slices.Delete(l, slices.Index(l, k), slices.Index(l, k)+1)
		}
	}
	for k := range b.usual {
		for _, s := range b.restsOn(k) {
			l := list(s)
			i, _ := slices.BinarySearchFunc(l, k, b.compareLinks)
			lists[s] = slices.Insert(l, i, k)
		}
	}
	if len(lists) == 0 && len(b.sources) == len(b.supports.at) {
		return
	}
	b.supports.at = append(make([]span, 0, len(b.sources)), b.supports.at...)[:len(b.sources)]
	for s, l := range lists {
		at := &b.supports.at[s]
		b.supports.unused += int(at.end - at.start)
		*at = span{uint32(len(b.supports.items)), uint32(len(b.supports.items) + len(l))}
		b.supports.items = append(b.supports.items, l...)
	}
	if b.supports.unused > len(b.supports.items)/2+unusedMost {
		b.supports, b.merging.lists = b.supports.tidied(), nil
	}
}

// tidied returns the lists one behind the other.
func (l *lists) tidied() lists {
	out := lists{at: make([]span, len(l.at)), items: make([]uint32, 0, roomy(len(l.items)-l.unused))}
	for i := range l.at {
		from := uint32(len(out.items))
		out.items = append(out.items, l.of(uint32(i))...)
		out.at[i] = span{from, uint32(len(out.items))}
	}
	return out
}

// side is the links of a node of one direction and kind: see half.
type side struct {
	node uint32
	of   uint8
}

func sideOf(g *group) uint8 {
	if g.out {
		return g.kind
	}
	return g.kind | 0x80
}

// amendLinks lays out the links of nodes that have others than before, or to nodes that moved.
func (b *Builder) amendLinks(moved []uint32) {
	old := b.old
	out, in := map[side][]uint32{}, map[side][]uint32{} // links that go, and that come
	note := func(to map[side][]uint32, l *link, k uint32) {
		from := side{l.from, l.kind}
		to[from] = append(to[from], k)
		end := side{l.to, l.kind | 0x80}
		to[end] = append(to[end], k)
	}
	refuted := false
	for k := range b.goneLinks.few {
		if l := old.links.at(k); l.standing == kg.Refuted {
			refuted = true
		} else {
			note(out, l, k)
		}
	}
	for _, k := range b.freshLinks {
		if l := b.links.at(k); l.standing == kg.Refuted {
			refuted = true
		} else {
			note(in, l, k)
		}
	}
	for _, k := range moved {
		refuted = refuted || len(old.refuted.groupsOf(k)) > 0
		for _, g := range old.groupsOf(k) {
			for i, l := range old.adjacent[g.start:g.end] {
				if b.goneLinks.has(l) {
					continue
				}
				// seen from the other end
				s := side{old.ends[int(g.start)+i], g.kind}
				if g.out {
					s.of |= 0x80
				}
				if !slices.Contains(out[s], l) {
					out[s], in[s] = append(out[s], l), append(in[s], l)
				}
			}
		}
	}
	sides := map[uint32][]uint8{} // of nodes
	for _, m := range [2]map[side][]uint32{out, in} {
		for s := range m {
			if !slices.Contains(sides[s.node], s.of) {
				sides[s.node] = append(sides[s.node], s.of)
			}
		}
	}
	for k, of := range sides {
		b.layOut(k, of, out, in)
	}
	if refuted {
		b.refute(moved)
	}
	if b.adjacency.unused > len(b.adjacent)/4+unusedMost {
		b.tidy()
	}
}

// runLen is about how many links a group has at most once it has changed: a longer one becomes several, one behind the
// other, so that a change writes one of them anew. Tests set it lower.
var runLen = 4096

// layOut writes the lists of a node anew, as far as they change.
func (b *Builder) layOut(k uint32, sides []uint8, out, in map[side][]uint32) {
	n := b.nodeEdit.edit(k)
	old := b.groups[n.group0:n.group1]
	groups := make([]group, 0, len(old)+2*len(sides))
	slices.Sort(sides)
	for len(old)+len(sides) > 0 {
		if len(sides) == 0 || len(old) > 0 && sideOf(&old[0]) < sides[0] {
			groups, old = append(groups, old[0]), old[1:]
			continue
		}
		runs := 0
		for runs < len(old) && sideOf(&old[runs]) == sides[0] {
			runs++
		}
		s := side{k, sides[0]}
		groups = b.layOutSide(groups, s.of, old[:runs], out[s], in[s])
		old, sides = old[runs:], sides[1:]
	}
	n.group0 = uint32(len(b.groups))
	b.groups = append(b.groups, groups...)
	n.group1 = uint32(len(b.groups))
	n.degree, n.looped = 0, false
	for _, g := range groups {
		n.degree += g.end - g.start
		if !g.out {
			continue
		}
		for _, to := range b.loopsOf(g, k) {
			if to == k {
				n.degree--
				n.looped = true
			}
		}
	}
}

// placed is a link with what it is ordered by among those of a side.
type placed struct {
	place uint64
	link  uint32
}

// placeOf returns what a link is ordered by among those of one of its ends, by the rank of the other.
func (graph *Graph) placeOf(link, other uint32) uint64 {
	return uint64(*graph.ranks.at(other))<<32 | uint64(*graph.linkRanks.at(link))
}

// placesOf returns links in the order in which they lie on a side.
func (graph *Graph) placesOf(links []uint32, out bool) []placed {
	list := make([]placed, len(links))
	for i, k := range links {
		list[i] = placed{graph.placeOf(k, graph.links.at(k).other(out)), k}
	}
	slices.SortFunc(list, func(a, b placed) int { return cmp.Compare(a.place, b.place) })
	return list
}

// layOutSide appends the groups of a direction and kind, without the links that go and with those that come.
func (b *Builder) layOutSide(groups []group, of uint8, was []group, out, in []uint32) []group {
	runs := make([]group, 0, len(was)+1)
	for _, g := range was {
		runs = split(runs, g)
	}
	leave, come := b.old.placesOf(out, of&0x80 == 0), b.placesOf(in, of&0x80 == 0)
	left := runs[:0]
	for _, g := range runs {
		n := len(leave)
		// they lie where the old ranks say
		for n > 0 && leave[n-1].place > b.old.placeOf(b.adjacent[g.end-1], b.ends[g.end-1]) {
			n--
		}
		if n > 0 {
			g = b.without(g, leave[:n])
			leave = leave[n:]
		}
		if g.start < g.end {
			left = append(left, g)
		}
	}
	if len(left) == 0 && len(come) > 0 {
		left = append(left, group{kind: of & 0x7f, out: of&0x80 == 0})
	}
	for i, g := range left {
		n := len(come)
		for i < len(left)-1 && n > 0 && come[n-1].place > b.placeOf(b.adjacent[g.end-1], b.ends[g.end-1]) {
			n--
		}
		if n > 0 {
			g = b.with(g, come[:n])
			come = come[n:]
		}
		groups = split(groups, g)
	}
	return groups
}

// split appends a group, as several where it is long.
func split(to []group, g group) []group {
	for int(g.end-g.start) > 2*runLen {
		first := g
		first.end = g.start + uint32(runLen)
		g.start = first.end
		to = append(to, first)
	}
	return append(to, g)
}

// without writes a group anew, without some of its links.
func (b *Builder) without(g group, leave []placed) group {
	links, ends := b.copied(g, 0)
	for _, p := range leave {
		i, _ := slices.BinarySearchFunc(links, p.place, func(k uint32, place uint64) int {
			return cmp.Compare(b.old.placeOf(k, b.old.links.at(k).other(g.out)), place)
		})
		links, ends = slices.Delete(links, i, i+1), slices.Delete(ends, i, i+1)
	}
	return b.laid(g, links, ends)
}

// with writes a group anew, with some more links.
func (b *Builder) with(g group, come []placed) group {
	links, ends := b.copied(g, len(come))
	for _, p := range come {
		i, _ := slices.BinarySearchFunc(links, p.place, func(k uint32, place uint64) int {
			return cmp.Compare(b.placeOf(k, b.links.at(k).other(g.out)), place)
		})
		links, ends = slices.Insert(links, i, p.link), slices.Insert(ends, i, b.links.at(p.link).other(g.out))
	}
	return b.laid(g, links, ends)
}

// copied returns the links of a group and their ends, with room behind all others for some more.
func (b *Builder) copied(g group, more int) (links, ends []uint32) {
	n := int(g.end-g.start) + more
	b.adjacent, b.ends = slices.Grow(b.adjacent, n), slices.Grow(b.ends, n)
	at := len(b.adjacent)
	return append(b.adjacent[at:at:at+n], b.adjacent[g.start:g.end]...), append(b.ends[at:at:at+n],
		b.ends[g.start:g.end]...)
}

// laid takes what copied has returned, as it is now, into a group.
func (b *Builder) laid(g group, links, ends []uint32) group {
	b.adjacency.unused += int(g.end - g.start)
	g.start = uint32(len(b.adjacent))
	b.adjacent, b.ends = b.adjacent[:len(b.adjacent)+len(links)], b.ends[:len(b.ends)+len(ends)]
	g.end = uint32(len(b.adjacent))
	return g
}

// loopsOf returns the ends in a group that have the rank of a node: those that may be the node itself.
func (b *Builder) loopsOf(g group, k uint32) []uint32 {
	ends, r := b.ends[g.start:g.end], *b.ranks.at(k)
	compare := func(end uint32, r uint32) int { return cmp.Compare(*b.ranks.at(end), r) }
	i, _ := slices.BinarySearchFunc(ends, r, compare)
	j := i
	for j < len(ends) && *b.ranks.at(ends[j]) == r {
		j++
	}
	return ends[i:j]
}

// tidied returns the lists of all nodes one behind the other, and the nodes that lead to them.
func (graph *Graph) tidied() (adjacency, paged[node]) {
	n := len(graph.adjacent) - graph.adjacency.unused
	out := adjacency{
		adjacent: make([]uint32, 0, roomy(n)), ends: make([]uint32, 0, roomy(n)),
		groups: make([]group, 0, roomy(len(graph.groups))),
	}
	nodes := pagedOf(graph.nodes.flat())
	for k := range nodes.n {
		out.takeOver(nodes.at(uint32(k)), &graph.adjacency)
	}
	return out, nodes
}

// takeOver puts the lists of a node, which lie in others, behind all there are.
func (a *adjacency) takeOver(n *node, from *adjacency) {
	groups := from.groups[n.group0:n.group1]
	n.group0 = uint32(len(a.groups))
	for _, g := range groups {
		start := uint32(len(a.adjacent))
		a.adjacent = append(a.adjacent, from.adjacent[g.start:g.end]...)
		a.ends = append(a.ends, from.ends[g.start:g.end]...)
		g.start, g.end = start, uint32(len(a.adjacent))
		a.groups = joined(a.groups, int(n.group0), g)
	}
	n.group1 = uint32(len(a.groups))
}

// tidy lays the lists of all nodes one behind the other.
func (b *Builder) tidy() {
	b.adjacency, *b.nodeEdit.paged = b.tidied()
	b.nodeEdit.all, b.nodeEdit.table, b.merging.lists = true, true, nil
}

// joined appends a group to those of a node, which begin at from: to the last one, where they are of one direction and
// kind.
func joined(groups []group, from int, g group) []group {
	if last := len(groups) - 1; last >= from && sideOf(&groups[last]) == sideOf(&g) && groups[last].end == g.start {
		groups[last].end = g.end
		return groups
	}
	return append(groups, g)
}

// unusedMost is how much of lists is left unused whatever their length. Tests set it lower.
var unusedMost = 1024

// recentMost is how many nodes may have entries in recent tables: then these are to be merged. Tests set it lower.
var recentMost = 512

// amendFinding adds what nodes are found by.
func (b *Builder) amendFinding() {
	gone := b.goneNodes.keys()
	if len(b.freshNodes)+len(gone) == 0 {
		return
	}
	b.unsettled = slices.Concat(b.unsettled, gone, b.freshNodes)
	if len(b.unsettled) > overfull*recentMost {
		b.finding, b.merging.finding = *b.settledFinding(), nil
		return
	}
	b.nodeByID.addRecent(b.byIDs)
	b.byName.addRecent(b.names)
	b.byExternal.addRecent(b.externals)
	b.byOuter.addRecent(b.outers)
	if len(b.unsettled) > recentMost && b.merging.finding == nil {
		b.merging.finding = &behind[finding]{of: b.Graph}
	}
}
