package memgraph

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// counter counts by key, or by the node whose id is the key.
type counter struct {
	counts map[string]int64
	nodes  map[uint32]int64
}

func (c *counter) add(key string) { c.counts[key]++ }

// buckets are the largest counts, ties by key, with the records that keys name where they are wanted.
func (x *fetch) buckets(c *counter, w *plan.FacetWant) []kg.Bucket {
	x.hold((len(c.counts) + len(c.nodes)) * (int(unsafe.Sizeof(kg.Bucket{})) + 64))
	out := make([]kg.Bucket, 0, len(c.counts)+len(c.nodes))
	for k, n := range c.counts {
		out = append(out, kg.Bucket{Key: k, Count: n})
	}
	for k, n := range c.nodes {
		out = append(out, kg.Bucket{Key: x.graph.id(x.graph.nodes.at(k)), Count: n})
	}
	out = smallest(out, min(len(out), plan.MaxBuckets), func(a, b kg.Bucket) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Key, b.Key))
	})
	if w.Node == nil {
		return out
	}
	for i := range out {
		b := &out[i]
		if w.By == plan.BySource {
			if k, ok := x.graph.sourceByID[b.Key]; ok {
				x.source(&b.Node, k, w.Node)
			}
		} else if k := x.graph.findNode(b.Key); c.nodes[k] != 0 {
			x.node(&b.Node, k, w.Node)
		}
	}
	return out
}

func year(d kg.Day) string { return fmt.Sprintf("%04d", int(d)/10000) }

// facetLinks counts a filtered list of links.
func (x *fetch) facetLinks(page *kg.Page, f *plan.Field, hits []hit) {
	if len(f.Want.Facets) == 0 {
		return
	}
	graph := x.graph
	page.Facets = make([]kg.Facet, len(f.Want.Facets))
	for i, w := range f.Want.Facets {
		c := counter{counts: map[string]int64{}}
		for _, h := range hits {
			x.step(1)
			l := graph.links.at(h.link)
			switch w.By {
			case plan.ByKind:
				c.add(graph.cat.Kinds[l.kind].Name)
			case plan.ByRole:
				if l.role != 0 {
					c.add(graph.roles[l.role])
				}
			case plan.ByOtherType:
				c.add(graph.cat.TypeAt(graph.nodes.at(h.other).typ).Enum)
			case plan.BySource:
				for _, s := range graph.sourcesOf(h.link) {
					c.add(graph.sources[s].id)
				}
			case plan.ByYear:
				if l.since != 0 {
					c.add(year(graph.dates[l.since].from))
				}
			}
		}
		page.Facets[i].Buckets = x.buckets(&c, &w)
	}
}

// facetRecords counts a filtered list of entities, or of sources.
func (x *fetch) facetRecords(page *kg.Page, f *plan.Field, keys []uint32) {
	if len(f.Want.Facets) == 0 {
		return
	}
	searched := x.q.Start == plan.Search
	sources := x.q.Types.Has(x.graph.cat.Source.Index)
	page.Facets = make([]kg.Facet, len(f.Want.Facets))
	for i, w := range f.Want.Facets {
		c := counter{counts: map[string]int64{}, nodes: map[uint32]int64{}}
		for _, k := range keys {
			x.step(1)
			switch {
			case searched && k&sourceFlag != 0:
				x.countSource(&c, k&^sourceFlag, w.By)
			case sources && !searched:
				x.countSource(&c, k, w.By)
			default:
				x.countNode(&c, k, w.By)
			}
		}
		page.Facets[i].Buckets = x.buckets(&c, &w)
	}
}

func (x *fetch) countSource(c *counter, k uint32, by plan.FacetBy) {
	s := &x.graph.sources[k]
	switch by {
	case plan.ByType:
		c.add(x.graph.cat.Source.Enum)
	case plan.BySourceKind:
		c.add(s.kind)
	case plan.ByPublisher:
		if s.publisher != "" {
			c.add(s.publisher)
		}
	case plan.ByAuthor:
		authors := kg.Value{Kind: kg.List, Str: s.authors}.Items()
		slices.Sort(authors)
		for _, a := range slices.Compact(authors) {
			c.add(a)
		}
	case plan.BySource:
		c.add(s.id)
	case plan.ByYear:
		if s.dated {
			c.add(year(s.from))
		}
	case plan.ByTheme, plan.ByInstitution:
		near := x.near[:0]
		x.step(len(x.graph.supports.of(k)))
		for _, l := range x.graph.supports.of(k) {
			near = append(near, x.graph.links.at(l).from, x.graph.links.at(l).to)
		}
		x.addNodes(c, near, facetType(x.graph.cat, by))
	}
}

// facetType is the type of entity a facet counts by, nil when the schema has none such.
func facetType(cat *catalog.Catalog, by plan.FacetBy) *catalog.Type {
	if by == plan.ByTheme {
		return cat.TypeOf("THEME")
	}
	return cat.TypeOf("INSTITUTION")
}

// addNodes counts each of the nodes of a type once.
func (x *fetch) addNodes(c *counter, keys []uint32, t *catalog.Type) {
	x.near = keys // for the next
	slices.Sort(keys)
	for _, k := range slices.Compact(keys) {
		if t != nil && x.graph.nodes.at(k).typ == t.Index {
			c.nodes[k]++
		}
	}
}

func (x *fetch) countNode(c *counter, k uint32, by plan.FacetBy) {
	n := x.graph.nodes.at(k)
	switch by {
	case plan.ByType:
		c.add(x.graph.cat.TypeAt(n.typ).Enum)
	case plan.ByYear:
		if n.dated {
			c.add(year(n.from))
		}
	case plan.BySource:
		var seen []uint32
		for _, g := range x.graph.groups[n.group0:n.group1] {
			x.step(int(g.end - g.start))
			for _, l := range x.graph.adjacent[g.start:g.end] {
				seen = append(seen, x.graph.sourcesOf(l)...)
			}
		}
		slices.Sort(seen)
		for _, s := range slices.Compact(seen) {
			c.add(x.graph.sources[s].id)
		}
	case plan.ByTheme, plan.ByInstitution:
		t := facetType(x.graph.cat, by)
		near := x.near[:0]
		if d := x.graph.cat.DerivedTo(x.graph.cat.TypeAt(n.typ), t); d != nil {
			for _, ch := range x.chains(k, d, nil) {
				near = append(near, ch.node)
			}
		} else {
			for _, g := range x.graph.groups[n.group0:n.group1] {
				x.step(int(g.end - g.start))
				near = append(near, x.graph.ends[g.start:g.end]...)
			}
		}
		x.addNodes(c, near, t)
	}
}
