package memgraph

import (
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/kg"
)

// RestingOn returns the keys of the links that end at one of some entities or rest on one of some sources, whatever
// their standing.
func (graph *Graph) RestingOn(ids []string) []uint32 {
	keys := []uint32{}
	for _, id := range ids {
		if strings.HasPrefix(id, kg.SourcePrefix) {
			if k, ok := graph.sourceByID[id]; ok {
				keys = append(keys, graph.supports.of(k)...)
				for _, l := range graph.refuted.links {
					if slices.Contains(graph.restsOn(l), k) {
						keys = append(keys, l)
					}
				}
			}
			continue
		}
		k := graph.findNode(id)
		if k == 0 {
			continue
		}
		for _, g := range graph.groupsOf(k) {
			keys = append(keys, graph.adjacent[g.start:g.end]...)
		}
		for _, g := range graph.refuted.groupsOf(k) {
			keys = append(keys, graph.refuted.adjacent[g.start:g.end]...)
		}
	}
	return keys
}
