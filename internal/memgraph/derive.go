package memgraph

import (
	"cmp"
	"encoding/binary"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/throughline/throughline/internal/kg"
)

// This file makes what follows from a version's rows: orders, indexes and the lists of links. What has not changed is
// taken over from the old version, as it is or moved to its new place, so that a small change to a large graph costs little more
// than copying it. The version of nothing is an old version like any other.

// derive makes everything that follows from the rows.
func (b *Builder) derive() {
	var g errgroup.Group
	g.Go(func() error { b.orderNodes(); return nil })
	g.Go(func() error { b.orderLinks(); return nil })
	_ = g.Wait() // they cannot fail
	g.Go(func() error { b.connect(); b.refute(); return nil })
	g.Go(func() error {
		b.nodeByID = newIndex(&b.old.nodeByID, b.goneNodes, b.byIDs)
		b.byName = newIndex(&b.old.byName, b.goneNodes, b.names)
		b.byExternal = newIndex(&b.old.byExternal, b.goneNodes, b.externals)
		b.byOuter = newIndex(&b.old.byOuter, b.goneNodes, b.outers)
		b.byIDs, b.names, b.externals, b.outers = nil, nil, nil, nil
		b.searching = b.indexWords()
		b.searchingSources = b.sourceWords.index(&b.old.searchingSources, len(b.sources), b.goneSources, false)
		b.sourceWords = wordNotes{}
		return nil
	})
	_ = g.Wait()
	b.wasted = b.old.wasted + b.nodeWaste + b.linkWaste
	if b.wasted > int64(len(b.texts)+len(b.ids)+4*len(b.more))/4 {
		runtime.GC() // it is seldom, and takes as much again: let it be what is free already
		b.compact()
	}
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

// merged merges new keys, in order, into an old order, from which those that are gone drop out. before reports whether what
// stands in the old order, as it was when it stood there, comes before a new key.
func merged(old []uint32, gone bits, fresh []uint32, before func(old, fresh uint32) bool) []uint32 {
	out := make([]uint32, 0, len(old)+len(fresh))
	keep := func(run []uint32) {
		if len(gone) == 0 {
			out = append(out, run...)
			return
		}
		for _, k := range run {
			if !gone.has(k) {
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
func (b *Builder) kept(k uint32) bool { return int(k) < len(b.old.nodes) && !b.goneNodes.has(k) }

// orderNodes orders nodes by name and id, once, so that later comparisons are of integers.
func (b *Builder) orderNodes() {
	old := b.old
	b.listSources()
	if len(b.freshNodes) == 0 && !b.goneNodes.any() && len(b.nodes) == len(old.nodes) {
		b.nodeOrder, b.ranks = old.nodeOrder, old.ranks
		copy(b.byType[:b.cat.Source.Index], old.byType)
		return
	}
	compare := func(m, n *node) int {
		return cmp.Or(cmp.Compare(b.sortKey(m), b.sortKey(n)), cmp.Compare(b.id(m), b.id(n)))
	}
	fresh := sorted(b.freshNodes, func(k uint32) string { return b.sortKey(&b.nodes[k]) }, func(x, y uint32) int { return compare(&b.nodes[x], &b.nodes[y]) })
	b.nodeOrder = merged(old.nodeOrder, b.goneNodes, fresh, func(x, y uint32) bool { return compare(&old.nodes[x], &b.nodes[y]) < 0 })
	b.ranks = make([]uint32, len(b.nodes))
	var rank, last uint32
	for i, k := range b.nodeOrder {
		if i > 0 && !b.sameName(last, k) {
			rank++
		}
		last = k
		b.ranks[k] = rank
	}
	b.listTypes()
}

// sameName reports whether two nodes have the same sort key, by their old ranks if they have them still.
func (b *Builder) sameName(x, y uint32) bool {
	if b.kept(x) && b.kept(y) {
		return b.old.ranks[x] == b.old.ranks[y]
	}
	return b.sortKey(&b.nodes[x]) == b.sortKey(&b.nodes[y])
}

// listTypes lists each type's entities in order.
func (graph *Graph) listTypes() {
	counts := make([]int, graph.cat.Source.Index+1)
	for _, k := range graph.nodeOrder {
		counts[graph.nodes[k].typ]++
	}
	for t, n := range counts[:graph.cat.Source.Index] {
		graph.byType[t] = make([]uint32, 0, n)
	}
	for _, k := range graph.nodeOrder {
		t := graph.nodes[k].typ
		graph.byType[t] = append(graph.byType[t], k)
	}
}

// listSources lists sources in order, of which there are few.
func (graph *Graph) listSources() {
	s := make([]uint32, 0, len(graph.sources))
	for i := range graph.sources {
		if graph.sources[i].id != "" {
			s = append(s, uint32(i)) //nolint:gosec // keys are below 2³¹
		}
	}
	slices.SortFunc(s, func(a, b uint32) int {
		x, y := &graph.sources[a], &graph.sources[b]
		return cmp.Or(cmp.Compare(x.sortKey, y.sortKey), cmp.Compare(x.id, y.id))
	})
	graph.byType[graph.cat.Source.Index] = s
}

// orderLinks orders links by id, and lists those of each source in that order.
func (b *Builder) orderLinks() {
	old := b.old
	if len(b.freshLinks) == 0 && !b.goneLinks.any() && len(b.links) == len(old.links) && len(b.sources) == len(old.sources) {
		b.linkOrder, b.linkRanks, b.supports = old.linkOrder, old.linkRanks, old.supports
		return
	}
	b.freshLinks = sorted(b.freshLinks, b.linkID, func(x, y uint32) int { return cmp.Compare(b.linkID(x), b.linkID(y)) })
	b.linkOrder = merged(old.linkOrder, b.goneLinks, b.freshLinks, func(x, y uint32) bool { return old.linkID(x) < b.linkID(y) })
	b.linkRanks = make([]uint32, len(b.links))
	for i, k := range b.linkOrder {
		b.linkRanks[k] = uint32(i) //nolint:gosec // keys are below 2³¹
	}
	b.support()
}

// usual are the new links without those that are REFUTED.
func (b *Builder) usual(yield func(uint32) bool) {
	for _, k := range b.freshLinks {
		if b.links[k].standing != kg.Refuted && !yield(k) {
			return
		}
	}
}

// support lists the links of each source, by id.
func (b *Builder) support() {
	was := &b.old.supports
	had := max(len(was.start)-1, 0)
	// how many there will be: as many as before, and some more or fewer, which below nothing wraps round
	start := make([]uint32, len(b.sources)+1)
	for s := range had {
		start[s+1] = was.start[s+1] - was.start[s]
	}
	b.goneLinks.each(func(k uint32) {
		if b.old.links[k].standing == kg.Refuted {
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
	items := make([]uint32, start[len(start)-1])
	// the new ones at the end of each list first, and then the old ones among them
	at := slices.Clone(start[1:])
	for _, k := range slices.Backward(b.freshLinks) {
		if b.links[k].standing == kg.Refuted {
			continue
		}
		for _, s := range b.restsOn(k) {
			at[s]--
			items[at[s]] = k
		}
	}
	for s := range had {
		to, fresh := items[start[s]:start[s+1]], items[at[s]:start[s+1]]
		for _, k := range was.items[was.start[s]:was.start[s+1]] {
			if b.goneLinks.has(k) {
				continue
			}
			for len(fresh) > 0 && b.linkRanks[fresh[0]] < b.linkRanks[k] {
				to[0], to, fresh = fresh[0], to[1:], fresh[1:]
			}
			to[0], to = k, to[1:]
		}
	}
	b.supports = lists{start: start, items: items}
}

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
		return int(k) < len(old.nodes) && old.nodes[k].typ != 0 && old.sortKey(&old.nodes[k]) != b.sortKey(&b.nodes[k])
	}
	touched := make(bits, len(b.nodes)/64+1) // nodes whose lists are not what they were
	start := make([]uint32, len(b.nodes)+1)
	for k := range old.nodes {
		start[k+1] = uint32(len(old.linksOf(uint32(k)))) //nolint:gosec // keys are below 2³¹
	}
	change := func(l *link, n uint32) {
		for _, k := range [2]uint32{l.from, l.to} {
			touched.add(k)
			start[k+1] += n // one fewer is 2³²-1 more
		}
	}
	b.goneLinks.each(func(k uint32) {
		if l := &old.links[k]; l.from != 0 && l.standing != kg.Refuted {
			change(l, ^uint32(0))
		}
	})
	for k := range b.usual {
		change(&b.links[k], 1)
	}
	for _, k := range b.freshNodes {
		if renamed(k) {
			for _, n := range old.endsOf(k) {
				touched.add(n)
			}
		}
	}
	if !touched.any() && len(b.nodes) == len(old.nodes) {
		b.adjacency = old.adjacency
		for k := range b.nodes {
			n, was := &b.nodes[k], &old.nodes[k]
			n.loops, n.group0, n.group1 = was.loops, was.group0, was.group1
		}
		return
	}
	for i := 1; i < len(start); i++ {
		start[i] += start[i-1]
	}
	b.adjacent, b.ends = make([]uint32, start[len(start)-1]), make([]uint32, start[len(start)-1])
	// the new ones at the end of each list first; until they are ordered, ends tells the direction
	at := slices.Clone(start[1:])
	for k := range b.usual {
		l := &b.links[k]
		for d, n := range [2]uint32{l.from, l.to} {
			at[n]--
			b.adjacent[at[n]], b.ends[at[n]] = k, uint32(d) //nolint:gosec // 0 or 1
		}
	}
	// two halves of about as many links, side by side
	middle, _ := slices.BinarySearch(start, start[len(start)-1]/2)
	middle = min(max(middle, 1), len(b.nodes))
	// each new end makes one more group at most
	most := func(from, to int) (n int) {
		for k := from; k < to; k++ {
			if k < len(old.nodes) {
				n += int(old.nodes[k].group1 - old.nodes[k].group0)
			}
			n += int(start[k+1] - at[k])
		}
		return n
	}
	room := most(1, middle)
	all := make([]group, room+most(middle, len(b.nodes)))
	var g errgroup.Group
	var first, second []group
	g.Go(func() error { first = b.arrange(all[:0:room], 1, middle, start, at, touched); return nil })
	g.Go(func() error { second = b.arrange(all[room:room], middle, len(b.nodes), start, at, touched); return nil })
	_ = g.Wait() // they cannot fail
	for k := middle; k < len(b.nodes); k++ {
		b.nodes[k].group0 += uint32(len(first)) //nolint:gosec // at most two for each link
		b.nodes[k].group1 += uint32(len(first)) //nolint:gosec // see above
	}
	b.groups = all[:len(first)+len(second)]
	copy(b.groups[len(first):], second)
	if len(b.groups) < len(all)/8*7 {
		b.groups = slices.Clone(b.groups)
	}
}

// run is where the links of some nodes that follow one another lie in adjacent and ends.
func (graph *Graph) run(first, last *node) (from, to uint32) {
	if first.group0 == last.group1 {
		return 0, 0
	}
	return graph.groups[first.group0].start, graph.groups[last.group1-1].end
}

func (graph *Graph) linksOf(k uint32) []uint32 {
	from, to := graph.run(&graph.nodes[k], &graph.nodes[k])
	return graph.adjacent[from:to]
}

func (graph *Graph) endsOf(k uint32) []uint32 {
	from, to := graph.run(&graph.nodes[k], &graph.nodes[k])
	return graph.ends[from:to]
}

// arrange lays out the links of the nodes [from, to), and adds their groups: those of a node begin at start, its new ones at
// fresh.
func (b *Builder) arrange(groups []group, from, to int, start, fresh []uint32, touched bits) []group {
	var mine []half
	for k := from; k < to; k++ {
		if !touched.has(uint32(k)) { //nolint:gosec // keys are below 2³¹
			end := k + 1
			for end < to && (end < len(b.old.nodes)) == (k < len(b.old.nodes)) && !touched.has(uint32(end)) { //nolint:gosec // see above
				end++
			}
			groups = b.takeOver(groups, k, end, start[k])
			k = end - 1
			continue
		}
		mine = b.halves(mine[:0], k, fresh[k], start[k+1])
		slices.SortFunc(mine, func(a, b half) int { return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(a.order, b.order)) })
		n := &b.nodes[k]
		n.loops = 0
		n.group0 = uint32(len(groups)) //nolint:gosec // at most two for each link
		for i := range mine {
			pos, out := start[k]+uint32(i), mine[i].group&0x80 == 0 //nolint:gosec // see above
			l := &b.links[mine[i].link]
			b.adjacent[pos], b.ends[pos] = mine[i].link, l.other(out)
			if out && l.from == l.to {
				n.loops++
			}
			if i == 0 || mine[i].group != mine[i-1].group {
				groups = append(groups, group{start: pos, kind: mine[i].group & 0x7f, out: out})
			}
			groups[len(groups)-1].end = pos + 1
		}
		n.group1 = uint32(len(groups)) //nolint:gosec // see above
	}
	return groups
}

// halves are the links of a node: the old ones that are still there, and the new ones in [from, to).
func (b *Builder) halves(mine []half, k int, from, to uint32) []half {
	add := func(link, other uint32, group uint8) {
		mine = append(mine, half{order: uint64(b.ranks[other])<<32 | uint64(b.linkRanks[link]), link: link, group: group})
	}
	if k < len(b.old.nodes) {
		n := &b.old.nodes[k]
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
		l := &b.links[b.adjacent[i]]
		add(b.adjacent[i], l.other(b.ends[i] == 0), l.kind|uint8(b.ends[i])<<7) //nolint:gosec // 0 or 1
	}
	return mine
}

// takeOver moves the lists of the nodes [from, to), none of which has changed, to where they lie now. Either all of the nodes
// are of the old version or none is, and then they have no links.
func (b *Builder) takeOver(groups []group, from, to int, start uint32) []group {
	n := uint32(len(groups)) //nolint:gosec // at most two for each link
	if from >= len(b.old.nodes) {
		for k := from; k < to; k++ {
			b.nodes[k].group0, b.nodes[k].group1 = n, n
		}
		return groups
	}
	was := b.old.nodes[from:to]
	first, last := was[0].group0, was[len(was)-1].group1
	for i := range was {
		k := &b.nodes[from+i]
		k.loops, k.group0, k.group1 = was[i].loops, was[i].group0-first+n, was[i].group1-first+n
	}
	i, j := b.old.run(&was[0], &was[len(was)-1])
	copy(b.adjacent[start:], b.old.adjacent[i:j])
	copy(b.ends[start:], b.old.ends[i:j])
	for _, g := range b.old.groups[first:last] {
		g.start, g.end = g.start-i+start, g.end-i+start
		groups = append(groups, g)
	}
	return groups
}

// compact writes anew, without what nothing refers to any more, what else only grows.
func (b *Builder) compact() {
	was := &Graph{cat: b.cat, texts: b.texts, ids: b.ids, more: b.more, born: b.born, stamps: b.stamps, roles: b.roles}
	b.texts, b.born = make([]byte, 0, len(was.texts)), nil
	born := renumbered(&b.born, was.born)
	for i := range b.nodes {
		if n := &b.nodes[i]; n.typ != 0 {
			own := was.textsOf(n)
			n.text = uint64(len(b.texts))
			b.texts = append(b.texts, own...)
			n.created, n.updated = born(n.created), born(n.updated)
		}
	}
	if len(b.links) > 0 && &b.links[0] == &b.old.links[0] {
		b.links = slices.Clone(b.links)
	}
	b.ids, b.more, b.stamps, b.roles = make([]byte, 0, len(was.ids)), make([]uint32, 0, len(was.more)), nil, nil
	stamps, roles := renumbered(&b.stamps, was.stamps), renumbered(&b.roles, was.roles)
	for i := range b.links {
		l := &b.links[i]
		if l.from == 0 {
			continue
		}
		id := was.idAt(l.id)
		l.id = uint32(len(b.ids)) //nolint:gosec // no more than it was
		b.ids = append(append(b.ids, byte(len(id))), id...)
		if l.source&severalSources != 0 {
			own := was.ownMore(l)
			l.source = severalSources | uint32(len(b.more)) //nolint:gosec // see above
			b.more = append(b.more, own...)
		}
		l.created, l.updated, l.role = stamps(l.created), stamps(l.updated), roles(l.role)
	}
	b.wasted = 0
}

// renumbered returns the new number of a value of an old list, which goes into the new one when it is first asked for. The
// first value stays the first.
func renumbered[T any](to *[]T, old []T) func(uint32) uint32 {
	*to = append(*to, old[0])
	numbers := make([]uint32, len(old))
	return func(i uint32) uint32 {
		if i > 0 && numbers[i] == 0 {
			numbers[i] = uint32(len(*to)) //nolint:gosec // no more than there were
			*to = append(*to, old[i])
		}
		return numbers[i]
	}
}
