package memgraph

import (
	"fmt"
	"slices"
	"strings"
)

// Describe returns all that a graph holds, by name. It is equal for graphs that hold the same under the same keys, however they
// were made, and is for tests.
func (graph *Graph) Describe() map[string]string {
	ix, sx := &graph.searching, &graph.searchingSources
	out := map[string]string{
		"order of nodes": fmt.Sprint(graph.nodeOrder), "ranks": fmt.Sprint(graph.ranks), "types": fmt.Sprint(graph.byType),
		"order of links": fmt.Sprint(graph.linkOrder), "ranks of links": fmt.Sprint(graph.linkRanks),
		"links of nodes": fmt.Sprint(graph.adjacent, graph.ends, graph.groups), "links of sources": fmt.Sprint(graph.supports),
		"refuted links": fmt.Sprint(graph.refuted),
		"ids":           fmt.Sprint(graph.nodeByID), "names": fmt.Sprint(graph.byName), "external ids": fmt.Sprint(graph.byExternal), "found ids": fmt.Sprint(graph.byOuter),
		"words": fmt.Sprint(string(ix.words.text), ix.words.end), "words of names": fmt.Sprint(ix.name.ordered()), "words of texts": fmt.Sprint(ix.body.ordered()),
		"numbers of words": string(ix.nameCount),
		"fuzzy keys":       fmt.Sprint(ix.deletes, ix.skeletons),
		"words of sources": fmt.Sprint(string(sx.words.text), sx.words.end, sx.name.ordered(), sx.body.ordered(), string(sx.nameCount), sx.deletes),
	}
	var rows strings.Builder
	for k := range graph.nodes {
		if n := &graph.nodes[k]; n.typ != 0 {
			fmt.Fprintf(&rows, "%d %q %d %d %d %d %v %d %d %d\n", k, graph.textsOf(n), graph.born[n.created], graph.born[n.updated], n.from, n.to, n.dated, n.group0, n.group1, n.loops)
		}
	}
	for k := range graph.links {
		if l := &graph.links[k]; l.from != 0 {
			fmt.Fprintf(&rows, "%d %s %d %d %d %q %q %q %d %s %v %v %d %d\n", k, graph.LinkID(uint32(k)), l.kind, l.from, l.to, graph.roles[l.role], graph.dates[l.since].text, graph.dates[l.until].text,
				l.proof, l.standing, graph.sourcesOf(uint32(k)), graph.refutersOf(uint32(k)), graph.stamps[l.created], graph.stamps[l.updated])
		}
	}
	fmt.Fprintf(&rows, "%q\n", graph.sources)
	out["records"] = rows.String()
	return out
}

// ordered returns the lists, each in order.
func (l *lists) ordered() (out [][]uint32) {
	for i := range len(l.start) - 1 {
		out = append(out, slices.Sorted(slices.Values(l.of(uint32(i)))))
	}
	return out
}
