package memgraph

import "github.com/throughline/throughline/internal/plan"

// A large graph does not fit into the processor's caches, and then most of what an answer takes is waiting for memory:
// a node, where its texts are, the texts, its links, their other ends, one after the other, record by record. The
// processor waits for many places at once if nothing stands between the reads. So before an answer is made, level by
// level, one field of every record it will be made of is read (a batched prefetch, as in Chen, Ailamaki, Gibbons and
// Mowry, "Improving hash join performance through prefetching", 2004). It changes nothing but the time.

// aheadFrom is how many links a graph has that is worth it: fewer stay in the caches. Tests set it to 0.
var aheadFrom = 50_000

// aheadMost is how many nodes of a level are looked at: with many more, the first are gone again when they are needed.
const aheadMost = 1000

// ahead reads what rows of these nodes will be made of.
func (x *fetch) ahead(keys []uint32, sel *plan.Sel) {
	if x.graph.links.n >= aheadFrom {
		x.touch(keys, sel)
	}
}

func (x *fetch) touch(keys []uint32, sel *plan.Sel) {
	if sel == nil || len(keys) == 0 || len(keys) > aheadMost {
		return
	}
	graph, sum := x.graph, uint64(0)
	for _, k := range keys { // a node may lie across two lines of the cache
		n := graph.nodes.at(k)
		sum += n.text + uint64(n.typ)
	}
	for _, k := range keys {
		n := graph.nodes.at(k)
		sum += uint64(graph.texts[n.text])
		if n.group0 < n.group1 && len(sel.Children) > 0 {
			sum += uint64(graph.groups[n.group0].kind)
		}
	}
	for _, f := range sel.Children {
		if f.Follow == plan.Links && f.Want.Rows && f.Links == nil && len(f.Want.Facets) == 0 {
			sum += x.touchLinks(keys, f)
		}
	}
	x.touched += sum // so that the reads are not left out
}

// touchLinks reads the links that the pages of a field will begin with, and goes on with their other ends.
func (x *fetch) touchLinks(keys []uint32, f *plan.Field) (sum uint64) {
	if name, desc := byNameOnly(f.Order); !name || desc || f.Page.Backward || f.Page.After != nil {
		return 0
	}
	graph := x.graph
	each := func(see func(from, to uint32)) {
		for _, k := range keys {
			n := graph.nodes.at(k)
			for i := n.group0; i < n.group1; i++ {
				if g := &graph.groups[i]; wants(f, g) {
					see(g.start, min(g.end, g.start+uint32(f.Page.N)))
					break
				}
			}
		}
	}
	total := 0
	each(func(from, to uint32) {
		total += int(to - from)
		sum += uint64(graph.ends[from]) + uint64(graph.adjacent[from])
	})
	if total > aheadMost {
		return sum
	}
	ends := x.keys.take(total)[:0]
	each(func(from, to uint32) {
		ends = append(ends, graph.ends[from:to]...)
		if f.Link != nil {
			for _, l := range graph.adjacent[from:to] {
				sum += uint64(graph.links.at(l).role)
			}
		}
	})
	x.touch(ends, f.Node)
	return sum
}
