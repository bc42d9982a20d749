package memgraph

import "testing"

// ReadAhead has graphs of any size read ahead until the test ends.
func ReadAhead(t *testing.T) {
	t.Helper()
	set(t, &aheadFrom, 0)
}

func set(t *testing.T, p *int, n int) {
	t.Helper()
	was := *p
	*p = n
	t.Cleanup(func() { *p = was })
}

// Crowd has what changes be put in order at once, and runs and chunks be split, after few changes until the test ends.
func Crowd(t *testing.T) {
	t.Helper()
	set(t, &runLen, 2)
	set(t, &chunkLen, 8)
	set(t, &recentMost, 12)
	set(t, &lastNodesMost, 3)
	set(t, &someNodesMost, 20)
	set(t, &unusedMost, 10)
	set(t, &roomFrom, 40)
}

// Tiers returns how many nodes the indexes of words hold, and how many of an index's entries are recent.
func (graph *Graph) Tiers() (last, some, recent int) {
	return len(graph.searching[lastNodes].docs), len(graph.searching[someNodes].docs), len(graph.nodeByID.recent.keys)
}

// MergeFinding merges what nodes of a version are found by, beside the version.
func (graph *Graph) MergeFinding() { graph.settledFinding() }

// MergeWords makes one index of the words of a version's nodes, beside the version.
func (graph *Graph) MergeWords() { graph.settledWords() }

// Merged reports whether words, what nodes are found by, and lists were made and wait for the next version.
func (graph *Graph) Merged() (words, finding, lists bool) {
	m := &graph.merging
	return m.words.result() != nil, m.finding.result() != nil, m.lists.result() != nil
}
