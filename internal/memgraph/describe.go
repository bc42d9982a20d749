package memgraph

import (
	"fmt"
	"slices"
	"strings"
)

// Describe returns all that a graph holds, by name. It is equal for graphs that hold the same under the same keys,
// however they were made, and is for tests.
func (graph *Graph) Describe() map[string]string {
	ix, sx := graph.settledWords(), graph.searchingSources
	names := func(o *order) (out []string) {
		for _, k := range o.keys() {
			out = append(out, fmt.Sprint(k))
		}
		return out
	}
	places := func(o *order, ranks *paged[uint32]) (out []int) { // the ranks as places among the different ones
		place := 0
		for i, k := range o.keys() {
			if i > 0 {
				if was, is := *ranks.at(o.at(i - 1)), *ranks.at(k); was < is {
					place++
				} else if was > is {
					place = -1 << 30
				}
			}
			out = append(out, place)
		}
		return out
	}
	out := map[string]string{
		"order of nodes": fmt.Sprint(names(&graph.nodeOrder)), "ranks": fmt.Sprint(places(&graph.nodeOrder,
			&graph.ranks)),
		"order of links": fmt.Sprint(names(&graph.linkOrder)), "ranks of links": fmt.Sprint(places(&graph.linkOrder,
			&graph.linkRanks)),
		"refuted links": fmt.Sprint(graph.refuted), "counts": fmt.Sprint(graph.counts, graph.kinds),
		"words": fmt.Sprint(string(ix.words.text),
			ix.words.end), "words of names": fmt.Sprint(ix.name.ordered()), "words of texts": fmt.Sprint(ix.body.ordered()),
		"fuzzy keys": fmt.Sprint(ix.name.leading(ix.deletes), ix.body.leading(ix.skeletons),
			sx.name.leading(sx.deletes)),
		"words of sources": fmt.Sprint(string(sx.words.text), sx.words.end, sx.name.ordered(), sx.body.ordered(),
			string(sx.nameCount)),
		"sources by id": fmt.Sprint(graph.sourceByID, graph.sourceByName, graph.sourceByURL),
	}
	for i, s := range graph.sources {
		if s.id != "" {
			out["sources"] += fmt.Sprintf("%d %#v\n", i, s)
		}
	}
	for i := range graph.byType {
		out["types"] += fmt.Sprintln(names(&graph.byType[i]))
	}
	for i := range graph.supports.at {
		out["links of sources"] += fmt.Sprintln(graph.supports.of(uint32(i)))
	}
	var found [4][]entry
	var rows, lists strings.Builder
	for i := range graph.nodes.n {
		k := uint32(i)
		n := graph.nodes.at(k)
		if n.typ == 0 {
			continue
		}
		fmt.Fprintf(&rows, "%d %q %d %d %d %d %v %d %d %v\n", k, graph.textsOf(n), graph.born[n.created],
			graph.born[n.updated], n.from, n.to, n.dated, ix.nameCount[k], n.degree, n.looped)
		side := -1
		for _, g := range graph.groupsOf(k) { // several of one direction and kind are one list
			if int(sideOf(&g)) != side {
				side = int(sideOf(&g))
				fmt.Fprint(&lists, "\n", k, " ", g.kind, g.out)
			}
			for i := g.start; i < g.end; i++ {
				fmt.Fprint(&lists, " ", graph.adjacent[i], ":", graph.ends[i])
			}
		}
		to := func(i int) func(entry) { return func(e entry) { found[i] = append(found[i], e) } }
		graph.entries(k, to(0), to(1), to(2), to(3))
	}
	// each entry must be there, once; others may be left of what nodes were found by before
	for i, x := range [4]*index{&graph.nodeByID, &graph.byName, &graph.byExternal, &graph.byOuter} {
		for _, e := range found[i] {
			n := 0
			for _, k := range x.find(e.hash) {
				if k == e.key {
					n++
				}
			}
			fmt.Fprintln(&lists, i, e, n)
		}
	}
	for i := range graph.links.n {
		k := uint32(i)
		if l := graph.links.at(k); l.from != 0 {
			fmt.Fprintf(&rows, "%d %s %d %d %d %q %q %q %d %s %v %v %d %d %v\n", k, graph.LinkID(k), l.kind, l.from,
				l.to, graph.roles[l.role], graph.dates[l.since].text, graph.dates[l.until].text,
				l.proof, l.standing, graph.sourcesOf(k), graph.refutersOf(k), graph.stamps[l.created], graph.stamps[l.updated], graph.findLink(graph.linkID(k)) == k)
		}
	}
	out["records"], out["lists"] = rows.String(), lists.String()
	return out
}

// ordered returns the lists, each in order.
func (l *postings) ordered() (out [][]uint32) {
	for i := range len(l.start) - 1 {
		out = append(out, slices.Sorted(slices.Values(l.of(uint32(i)))))
	}
	return out
}

// leading returns those fuzzy keys that lead to a word which some record has; others may be left of what records had
// before.
func (l *postings) leading(keys []uint64) (out []uint64) {
	for _, k := range keys {
		if len(l.of(uint32(k))) > 0 {
			out = append(out, k)
		}
	}
	return out
}
