package memgraph

// EndingAt returns the keys of the links that end at one of some entities, whatever their standing.
func (graph *Graph) EndingAt(ids []string) []uint32 {
	keys := []uint32{}
	for _, id := range ids {
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
