package memgraph

import (
	"cmp"
	"encoding/binary"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/throughline/throughline/internal/bitset"
	"github.com/throughline/throughline/internal/kg"
)

// This file makes what follows from many new or changed records: orders, indexes and the lists of links, all of them at
// once. What has not changed is taken over from the old version. The graph without records is an old version like any
// other. For few records see amend.go.

// derive makes everything that follows from the records.
func (b *Builder) derive() {
	b.old = b.old.settled()
	var g errgroup.Group
	g.Go(func() error { b.orderNodes(); return nil })
	g.Go(func() error { b.orderLinks(); return nil })
	_ = g.Wait() // they cannot fail
	b.count()
	g.Go(func() error { b.connect(); b.refuteAll(); return nil })
	g.Go(func() error {
		b.nodeByID = index{table: newTable(&b.old.nodeByID.table, b.goneNodes.many, b.byIDs)}
		b.byName = index{table: newTable(&b.old.byName.table, b.goneNodes.many, b.names)}
		b.byExternal = index{table: newTable(&b.old.byExternal.table, b.goneNodes.many, b.externals)}
		b.byOuter = index{table: newTable(&b.old.byOuter.table, b.goneNodes.many, b.outers)}
		b.byIDs, b.names, b.externals, b.outers = nil, nil, nil, nil
		b.searching = searching{{searchIndex: b.indexWords(b.old.searching[mostNodes].searchIndex, b.freshNodes, nil,
			b.nodes.n, b.goneNodes.many)}}
		b.indexSources()
		return nil
	})
	_ = g.Wait()
}

// indexSources makes the index of the sources' words.
func (b *Builder) indexSources() {
	b.searchingSources = b.sourceWords.index(b.old.searchingSources, len(b.sources), b.goneSources, false)
	b.sourceWords = wordNotes{}
}

// settled returns the version with everything put in order at once that later versions share by parts.
func (graph *Graph) settled() *Graph {
	out := &Graph{
		cat: graph.cat, seq: graph.seq, wasted: graph.wasted, nodes: graph.nodes, links: graph.links, sources: graph.sources, texts: graph.texts, ids: graph.ids,
		dates: graph.dates, roles: graph.roles, born: graph.born, stamps: graph.stamps, more: graph.more, nodeOrder: graph.nodeOrder, ranks: graph.ranks, byType: graph.byType,
		linkOrder: graph.linkOrder, linkRanks: graph.linkRanks, counts: graph.counts, kinds: graph.kinds, adjacency: graph.adjacency,
		supports: graph.supports, refuted: graph.refuted, searchingSources: graph.searchingSources, interned: graph.interned,
		sourceByID: graph.sourceByID, sourceByName: graph.sourceByName, sourceByURL: graph.sourceByURL,
	}
	out.finding = *graph.settledFinding()
	out.searching = searching{{searchIndex: graph.settledWords()}}
	return out
}

// count counts the records.
func (b *Builder) count() {
	b.kinds = make([]int64, len(b.cat.Kinds))
	for k := range b.links.n {
		if l := b.links.at(uint32(k)); l.from != 0 {
			b.counts.Links++
			if l.standing != kg.Refuted {
				b.kinds[l.kind]++
			}
		}
	}
	b.counts.Nodes = int64(b.nodeOrder.n)
	b.counts.Sources = int64(b.byType[b.cat.Source.Index].n)
}

// prefixed is a key with the first bytes of what it is ordered by.
type prefixed struct {
	prefix uint64
	key    uint32
}

// prefix is the first eight bytes of s as a number that orders alike.
func prefix(s string) uint64 {
	var b [8]byte
	copy(b[:], s)
	return binary.BigEndian.Uint64(b[:])
}

// sorted orders keys by text, and by compare where the first bytes of it are the same.
func sorted(keys []uint32, text func(k uint32) string, compare func(a, b uint32) int) []uint32 {
	list := make([]prefixed, len(keys))
	for i, k := range keys {
		list[i] = prefixed{prefix(text(k)), k}
	}
	slices.SortFunc(list, func(a, b prefixed) int {
		if a.prefix != b.prefix {
			return cmp.Compare(a.prefix, b.prefix)
		}
		return compare(a.key, b.key)
	})
	out := make([]uint32, len(list))
	for i := range list {
		out[i] = list[i].key
	}
	return out
}

// merged merges new keys, in order, into an old order, from which those that are gone drop out. before reports whether
// what stands in the old order, as it was when it stood there, comes before a new key.
func merged(old []uint32, gone bitset.Set, fresh []uint32, before func(old, fresh uint32) bool) []uint32 {
	out := make([]uint32, 0, len(old)+len(fresh))
	keep := func(run []uint32) {
		if len(gone) == 0 {
			out = append(out, run...)
			return
		}
		for _, k := range run {
			if !gone.Has(k) {
				out = append(out, k)
			}
		}
	}
	for _, f := range fresh {
		// strides that grow, and then halves: as many comparisons as the logarithm of how far it is
		n := 1
		for n <= len(old) && before(old[n-1], f) {
			n *= 2
		}
		from, to := n/2, min(n, len(old))
		for from < to {
			if m := (from + to) / 2; before(old[m], f) {
				from = m + 1
			} else {
				to = m
			}
		}
		keep(old[:from])
		old = old[from:]
		out = append(out, f)
	}
	keep(old)
	return out
}

// kept reports whether a node's texts are those of the old version.
func (b *Builder) kept(k uint32) bool { return int(k) < b.old.nodes.n && !b.goneNodes.has(k) }

// orderNodes orders nodes by name and id, once, so that later comparisons are of integers.
func (b *Builder) orderNodes() {
	old := b.old
	b.orderSources()
	if len(b.freshNodes) == 0 && !b.goneNodes.many.Any() && b.nodes.n == old.nodes.n {
		b.nodeOrder, b.ranks = old.nodeOrder, old.ranks
		copy(b.byType[:b.cat.Source.Index], old.byType)
		return
	}
	fresh := sorted(b.freshNodes, func(k uint32) string { return b.sortKey(b.nodes.at(k)) },
		func(x, y uint32) int { return b.compareNodes(b.nodes.at(x), b.nodes.at(y)) })
	keys := merged(old.nodeOrder.keys(), b.goneNodes.many, fresh, func(x,
		y uint32,
	) bool {
		return b.compareNodes(old.nodes.at(x), b.nodes.at(y)) < 0
	})
	b.nodeOrder = orderOf(keys)
	ranks := make([]uint32, b.nodes.n)
	place := 0 // among the different names
	for i, k := range keys {
		if i > 0 && !b.sameName(keys[i-1], k) {
			place++
		}
		ranks[k] = uint32(place)
	}
	for _, k := range keys {
		ranks[k] = spread(int(ranks[k]), place+1)
	}
	b.ranks = pagedOf(ranks)
	b.listTypes()
}

// compareNodes compares nodes by what they are ordered by.
func (graph *Graph) compareNodes(m, n *node) int {
	return cmp.Or(cmp.Compare(graph.sortKey(m), graph.sortKey(n)), cmp.Compare(graph.id(m), graph.id(n)))
}

// sameName reports whether two nodes have the same sort key, by their old ranks if they have them still.
func (b *Builder) sameName(x, y uint32) bool {
	if b.kept(x) && b.kept(y) {
		return *b.old.ranks.at(x) == *b.old.ranks.at(y)
	}
	return b.sortKey(b.nodes.at(x)) == b.sortKey(b.nodes.at(y))
}

// listTypes lists each type's entities in order.
func (graph *Graph) listTypes() {
	counts := make([]int, graph.cat.Source.Index+1)
	graph.nodeOrder.all(func(keys []uint32) bool {
		for _, k := range keys {
			counts[graph.nodes.at(k).typ]++
		}
		return true
	})
	lists := make([][]uint32, graph.cat.Source.Index)
	for t, n := range counts[:graph.cat.Source.Index] {
		lists[t] = make([]uint32, 0, n)
	}
	graph.nodeOrder.all(func(keys []uint32) bool {
		for _, k := range keys {
			t := graph.nodes.at(k).typ
			lists[t] = append(lists[t], k)
		}
		return true
	})
	for t, list := range lists {
		graph.byType[t] = orderOf(list)
	}
}

// orderSources lists the sources in order, where they are not what they were.
func (b *Builder) orderSources() {
	if b.otherSources {
		b.listSources()
	} else {
		b.byType[b.cat.Source.Index] = b.old.byType[b.cat.Source.Index]
	}
}

// listSources lists sources in order, of which there are few.
func (graph *Graph) listSources() {
	s := make([]uint32, 0, len(graph.sources))
	for i := range graph.sources {
		if graph.sources[i].id != "" {
			s = append(s, uint32(i))
		}
	}
	slices.SortFunc(s, func(a, b uint32) int {
		x, y := &graph.sources[a], &graph.sources[b]
		return cmp.Or(cmp.Compare(x.sortKey, y.sortKey), cmp.Compare(x.id, y.id))
	})
	graph.byType[graph.cat.Source.Index] = orderOf(s)
}

// orderLinks orders links by id, and lists those of each source in that order.
func (b *Builder) orderLinks() {
	old := b.old
	if len(b.freshLinks) == 0 && !b.goneLinks.many.Any() && b.links.n == old.links.n &&
		len(b.sources) == len(old.sources) {
		b.linkOrder, b.linkRanks, b.supports = old.linkOrder, old.linkRanks, old.supports
		return
	}
	b.freshLinks = sorted(b.freshLinks, b.linkID, func(x, y uint32) int {
		return cmp.Compare(b.linkID(x),
			b.linkID(y))
	})
	keys := merged(old.linkOrder.keys(), b.goneLinks.many, b.freshLinks,
		func(x, y uint32) bool { return old.linkID(x) < b.linkID(y) })
	b.linkOrder = orderOf(keys)
	ranks := make([]uint32, b.links.n)
	for i, k := range keys {
		ranks[k] = spread(i, len(keys))
	}
	b.linkRanks = pagedOf(ranks)
	b.support()
}

// usual are the new links without those that are REFUTED.
func (b *Builder) usual(yield func(uint32) bool) {
	for _, k := range b.freshLinks {
		if b.links.at(k).standing != kg.Refuted && !yield(k) {
			return
		}
	}
}

// support lists the links of each source, by id.
func (b *Builder) support() {
	was := &b.old.supports
	had := len(was.at)
	// how many there will be: as many as before, and some more or fewer, which below nothing wraps round
	start := make([]uint32, len(b.sources)+1)
	for s := range had {
		start[s+1] = was.at[s].end - was.at[s].start
	}
	b.goneLinks.many.Each(func(k uint32) {
		if b.old.links.at(k).standing == kg.Refuted {
			return
		}
		for _, s := range b.old.restsOn(k) {
			start[s+1]--
		}
	})
	for k := range b.usual {
		for _, s := range b.restsOn(k) {
			start[s+1]++
		}
	}
	for i := 1; i < len(start); i++ {
		start[i] += start[i-1]
	}
	items := make([]uint32, start[len(start)-1], roomy(int(start[len(start)-1])))
	// the new ones at the end of each list first, and then the old ones among them
	at := slices.Clone(start[1:])
	for _, k := range slices.Backward(b.freshLinks) {
		if b.links.at(k).standing == kg.Refuted {
			continue
		}
		for _, s := range b.restsOn(k) {
			at[s]--
			items[at[s]] = k
		}
	}
	for s := range had {
		to, fresh := items[start[s]:start[s+1]], items[at[s]:start[s+1]]
		for _, k := range was.of(uint32(s)) {
			if b.goneLinks.has(k) {
				continue
			}
			for len(fresh) > 0 && *b.linkRanks.at(fresh[0]) < *b.linkRanks.at(k) {
				to[0], to, fresh = fresh[0], to[1:], fresh[1:]
			}
			to[0], to = k, to[1:]
		}
	}
	b.supports = lists{at: spans(start), items: items}
}

// spans returns where lists lie that lie one behind the other.
func spans(start []uint32) []span {
	out := make([]span, len(start)-1)
	for i := range out {
		out[i] = span{start[i], start[i+1]}
	}
	return out
}

// roomPart is the part of a list that it gets as room.
const roomPart = 16

// roomy returns how much room a list of n gets, so that the next versions can put something behind it.
func roomy(n int) int { return n + n/roomPart + 256 }

// half is a link as one of its ends sees it, with what it is ordered by.
type half struct {
	order uint64 // rank of the other end, position of the link's id
	link  uint32
	group uint8 // kind, and bit 7 for incoming
}

// connect lays the links of each node side by side, in the default order within each direction and kind.
func (b *Builder) connect() {
	old := b.old
	renamed := func(k uint32) bool {
		return int(k) < old.nodes.n && old.nodes.at(k).typ != 0 &&
			old.sortKey(old.nodes.at(k)) != b.sortKey(b.nodes.at(k))
	}
	touched := bitset.New(b.nodes.n) // nodes whose lists are not what they were
	start := make([]uint32, b.nodes.n+1)
	for k := range old.nodes.n {
		for _, g := range old.groupsOf(uint32(k)) {
			start[k+1] += g.end - g.start
		}
	}
	change := func(l *link, n uint32) {
		for _, k := range [2]uint32{l.from, l.to} {
			touched.Add(k)
			start[k+1] += n // one fewer is 2³²-1 more
		}
	}
	b.goneLinks.many.Each(func(k uint32) {
		if l := old.links.at(k); l.from != 0 && l.standing != kg.Refuted {
			change(l, ^uint32(0))
		}
	})
	for k := range b.usual {
		change(b.links.at(k), 1)
	}
	for _, k := range b.freshNodes {
		if renamed(k) {
			for _, g := range old.groupsOf(k) {
				for _, n := range old.ends[g.start:g.end] {
					touched.Add(n)
				}
			}
		}
	}
	if !touched.Any() {
		// nodes have their places in the old one still
		b.adjacency = old.adjacency
		return
	}
	for i := 1; i < len(start); i++ {
		start[i] += start[i-1]
	}
	total := int(start[len(start)-1])
	b.adjacent, b.ends = make([]uint32, total, roomy(total)), make([]uint32, total, roomy(total))
	// the new ones at the end of each list first; until they are ordered, ends says the direction
	at := slices.Clone(start[1:])
	for k := range b.usual {
		l := b.links.at(k)
		for d, n := range [2]uint32{l.from, l.to} {
			at[n]--
			b.adjacent[at[n]], b.ends[at[n]] = k, uint32(d)
		}
	}
	// two halves of about as many links, side by side
	middle, _ := slices.BinarySearch(start, start[len(start)-1]/2)
	middle = min(max(middle, 1), b.nodes.n)
	// each new end makes one more group at most
	most := func(from, to int) (n int) {
		for k := from; k < to; k++ {
			if k < old.nodes.n {
				was := old.nodes.at(uint32(k))
				n += int(was.group1 - was.group0)
			}
			n += int(start[k+1] - at[k])
		}
		return n
	}
	room := most(1, middle)
	all := make([]group, room+most(middle, b.nodes.n))
	var g errgroup.Group
	var first, second []group
	g.Go(func() error { first = b.arrange(all[:0:room], 1, middle, start, at, touched); return nil })
	g.Go(func() error { second = b.arrange(all[room:room], middle, b.nodes.n, start, at, touched); return nil })
	_ = g.Wait() // they cannot fail
	for k := middle; k < b.nodes.n; k++ {
		n := b.nodes.at(uint32(k))
		n.group0 += uint32(len(first))
		n.group1 += uint32(len(first))
	}
	b.groups = all[:len(first)+len(second)]
	copy(b.groups[len(first):], second)
	if len(b.groups) < len(all)/8*7 {
		b.groups = append(make([]group, 0, roomy(len(b.groups))), b.groups...)
	}
}

// groupsOf are the runs of a node's links.
func (graph *Graph) groupsOf(k uint32) []group {
	n := graph.nodes.at(k)
	return graph.groups[n.group0:n.group1]
}

// arrange lays out the links of the nodes [from, to), and adds their groups: those of a node begin at start, its new
// ones at fresh.
func (b *Builder) arrange(groups []group, from, to int, start, fresh []uint32, touched bitset.Set) []group {
	var mine []half
	for k := from; k < to; k++ {
		n := b.nodes.at(uint32(k))
		n.group0 = uint32(len(groups))
		if !touched.Has(uint32(k)) {
			if k < b.old.nodes.n {
				groups = b.takeOver(groups, b.old.nodes.at(uint32(k)), start[k])
			}
			n.group1 = uint32(len(groups))
			continue
		}
		mine = b.halves(mine[:0], k, fresh[k], start[k+1])
		slices.SortFunc(mine, func(a, b half) int {
			return cmp.Or(cmp.Compare(a.group, b.group),
				cmp.Compare(a.order, b.order))
		})
		loops := uint32(0)
		for i := range mine {
			pos, out := start[k]+uint32(i), mine[i].group&0x80 == 0
			l := b.links.at(mine[i].link)
			b.adjacent[pos], b.ends[pos] = mine[i].link, l.other(out)
			if out && l.from == l.to {
				loops++
			}
			if i == 0 || mine[i].group != mine[i-1].group {
				groups = append(groups, group{start: pos, kind: mine[i].group & 0x7f, out: out})
			}
			groups[len(groups)-1].end = pos + 1
		}
		n.degree, n.looped = uint32(len(mine))-loops, loops > 0
		n.group1 = uint32(len(groups))
	}
	return groups
}

// halves are the links of a node: the old ones that are still there, and the new ones in [from, to).
func (b *Builder) halves(mine []half, k int, from, to uint32) []half {
	add := func(link, other uint32, group uint8) {
		mine = append(mine, half{
			order: uint64(*b.ranks.at(other))<<32 | uint64(*b.linkRanks.at(link)), link: link,
			group: group,
		})
	}
	if k < b.old.nodes.n {
		n := b.old.nodes.at(uint32(k))
		for _, g := range b.old.groups[n.group0:n.group1] {
			way := g.kind
			if !g.out {
				way |= 0x80
			}
			for i, l := range b.old.adjacent[g.start:g.end] {
				if !b.goneLinks.has(l) {
					add(l, b.old.ends[int(g.start)+i], way)
				}
			}
		}
	}
	for i := from; i < to; i++ {
		l := b.links.at(b.adjacent[i])
		add(b.adjacent[i], l.other(b.ends[i] == 0), l.kind|uint8(b.ends[i])<<7)
	}
	return mine
}

// takeOver moves the lists of a node that have not changed to where they lie now.
func (b *Builder) takeOver(groups []group, was *node, start uint32) []group {
	from := len(groups)
	for _, g := range b.old.groups[was.group0:was.group1] {
		copy(b.adjacent[start:], b.old.adjacent[g.start:g.end])
		copy(b.ends[start:], b.old.ends[g.start:g.end])
		g.start, g.end = start, start+g.end-g.start
		start = g.end
		groups = joined(groups, from, g)
	}
	return groups
}

// compact writes anew, without what nothing refers to any more, what else only grows.
func (b *Builder) compact() {
	was := &Graph{cat: b.cat, texts: b.texts, ids: b.ids, more: b.more, born: b.born, stamps: b.stamps, roles: b.roles}
	b.nodeEdit.unshare()
	b.linkEdit.unshare()
	b.texts, b.born = make([]byte, 0, roomy(len(was.texts))), nil
	born := renumbered(&b.born, was.born)
	for i := range b.nodes.n {
		if n := b.nodes.at(uint32(i)); n.typ != 0 {
			own := was.textsOf(n)
			n.text = uint64(len(b.texts))
			b.texts = append(b.texts, own...)
			n.created, n.updated = born(n.created), born(n.updated)
		}
	}
	b.ids, b.more, b.stamps, b.roles = make([]byte, 0, roomy(len(was.ids))), make([]uint32, 0,
		roomy(len(was.more))), nil, nil
	stamps, roles := renumbered(&b.stamps, was.stamps), renumbered(&b.roles, was.roles)
	for i := range b.links.n {
		l := b.links.at(uint32(i))
		if l.from == 0 {
			continue
		}
		id := was.idAt(l.id)
		l.id = uint32(len(b.ids))
		b.ids = append(append(b.ids, byte(len(id))), id...)
		if l.source&severalSources != 0 {
			own := was.ownMore(l)
			l.source = severalSources | uint32(len(b.more))
			b.more = append(b.more, own...)
		}
		l.created, l.updated, l.role = stamps(l.created), stamps(l.updated), roles(l.role)
	}
	b.intern()
	b.wasted = 0
}

// renumbered returns the new number of a value of an old list, which goes into the new one when it is first asked for.
// The first value stays the first.
func renumbered[T any](to *[]T, old []T) func(uint32) uint32 {
	*to = append(*to, old[0])
	numbers := make([]uint32, len(old))
	return func(i uint32) uint32 {
		if i > 0 && numbers[i] == 0 {
			numbers[i] = uint32(len(*to))
			*to = append(*to, old[i])
		}
		return numbers[i]
	}
}
