package memgraph

import (
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Describe returns all that a graph holds, by name. It is equal for graphs that hold the same under the same keys,
// however they were made, and is for tests.
func (graph *Graph) Describe() map[string]string {
	parts := map[string]*strings.Builder{}
	graph.describe(func(name string) io.Writer {
		if parts[name] == nil {
			parts[name] = &strings.Builder{}
		}
		return parts[name]
	})
	out := map[string]string{}
	for name, b := range parts {
		out[name] = b.String()
	}
	return out
}

// Sums returns a sum of each part of Describe: graphs that have the same ones hold the same, however large they are.
func (graph *Graph) Sums() map[string]string {
	parts := map[string]interface {
		io.Writer
		Sum(b []byte) []byte
	}{}
	graph.describe(func(name string) io.Writer {
		if parts[name] == nil {
			parts[name] = sha256.New()
		}
		return parts[name]
	})
	out := map[string]string{}
	for name, b := range parts {
		out[name] = string(b.Sum(nil))
	}
	return out
}

// describe writes all that a graph holds, each part to what part returns for its name.
func (graph *Graph) describe(part func(name string) io.Writer) {
	ix, sx := graph.settledWords(), graph.searchingSources
	names := func(to io.Writer, o *order) {
		for _, k := range o.keys() {
			fmt.Fprint(to, " ", k)
		}
		fmt.Fprintln(to)
	}
	places := func(to io.Writer, o *order, ranks *paged[uint32]) { // the ranks as places among the different ones
		place := 0
		for i, k := range o.keys() {
			if i > 0 {
				if was, is := *ranks.at(o.at(i - 1)), *ranks.at(k); was < is {
					place++
				} else if was > is {
					place = -1 << 30
				}
			}
			fmt.Fprint(to, " ", place)
		}
	}
	names(part("order of nodes"), &graph.nodeOrder)
	places(part("ranks"), &graph.nodeOrder, &graph.ranks)
	names(part("order of links"), &graph.linkOrder)
	places(part("ranks of links"), &graph.linkOrder, &graph.linkRanks)
	fmt.Fprint(part("refuted links"), graph.refuted)
	fmt.Fprint(part("counts"), graph.counts, graph.kinds)
	fmt.Fprint(part("words"), string(ix.words.text), ix.words.end)
	ix.name.ordered(part("words of names"))
	ix.body.ordered(part("words of texts"))
	fmt.Fprint(part("fuzzy keys"), ix.name.leading(ix.deletes), ix.body.leading(ix.skeletons), sx.name.leading(sx.deletes))
	fmt.Fprint(part("words of sources"), string(sx.words.text), sx.words.end, string(sx.nameCount))
	sx.name.ordered(part("words of sources"))
	sx.body.ordered(part("words of sources"))
	fmt.Fprint(part("sources by id"), graph.sourceByID, graph.sourceByName, graph.sourceByURL)
	for i, s := range graph.sources {
		if s.id != "" {
			fmt.Fprintf(part("sources"), "%d %#v\n", i, s)
		}
	}
	for i := range graph.byType {
		names(part("types"), &graph.byType[i])
	}
	for i := range graph.supports.at {
		fmt.Fprintln(part("links of sources"), graph.supports.of(uint32(i)))
	}
	var found [4][]entry
	rows, lists := part("records"), part("lists")
	for i := range graph.nodes.n {
		k := uint32(i)
		n := graph.nodes.at(k)
		if n.typ == 0 {
			continue
		}
		fmt.Fprintf(rows, "%d %q %d %d %d %d %v %d %d %v\n", k, graph.textsOf(n), graph.born[n.created],
			graph.born[n.updated], n.from, n.to, n.dated, ix.nameCount[k], n.degree, n.looped)
		side := -1
		for _, g := range graph.groupsOf(k) { // several of one direction and kind are one list
			if int(sideOf(&g)) != side {
				side = int(sideOf(&g))
				fmt.Fprint(lists, "\n", k, " ", g.kind, g.out)
			}
			for i := g.start; i < g.end; i++ {
				fmt.Fprint(lists, " ", graph.adjacent[i], ":", graph.ends[i])
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
			fmt.Fprintln(lists, i, e, n)
		}
	}
	for i := range graph.links.n {
		k := uint32(i)
		if l := graph.links.at(k); l.from != 0 {
			fmt.Fprintf(rows, "%d %s %d %d %d %q %q %q %d %s %v %v %d %d %v\n", k, graph.LinkID(k), l.kind, l.from,
				l.to, graph.roles[l.role], graph.dates[l.since].text, graph.dates[l.until].text,
				l.proof, l.standing, graph.sourcesOf(k), graph.refutersOf(k), graph.stamps[l.created], graph.stamps[l.updated], graph.findLink(graph.linkID(k)) == k)
		}
	}
}

// ordered writes the lists, each in order.
func (l *postings) ordered(to io.Writer) {
	for i := range len(l.start) - 1 {
		fmt.Fprintln(to, slices.Sorted(slices.Values(l.of(uint32(i)))))
	}
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
