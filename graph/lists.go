package graph

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/operation"
	"github.com/throughline/throughline/internal/plan"
)

// This file holds the fields of lists: connections, their edges, page info, facets and buckets.

// connectionTable are the fields of a connection. A question that lists something else than records has its own nodes.
var connectionTable = table{
	"edges": {
		shape: listShape,
		plan: func(c *compiler, f operation.Field, at *scope, x *out) {
			at.follow.base.Want.Rows = true
			x.objs = c.inner(f, at)
		},
		count: countEdges,
		item: func(_ *reading, _ *out, p *place, i int, to *place) {
			*to = place{page: p.page, field: p.field, edge: &p.page.Edges[i], sel: p.sel}
			if l, ok := p.at.(entries); ok {
				to.at = l.entry(i)
			}
		},
	},
	"nodes": {
		shape: listShape,
		plan: func(c *compiler, f operation.Field, at *scope, x *out) {
			at.follow.base.Want.Rows = true
			x.objs = c.records(f, at.follow.nodes(), at.types)
		},
		count: countEdges,
		item: func(_ *reading, _ *out, p *place, i int, to *place) {
			*to = place{row: &p.page.Edges[i].Node, sel: p.field.Node}
		},
	},
	"pageInfo": {shape: objectShape, one: func(_ *reading, _ *out, p, to *place) bool {
		*to = *p
		return true
	}},
	"totalCount": {
		plan: func(_ *compiler, _ operation.Field, at *scope, _ *out) { at.follow.base.Want.Total = true },
		value: func(_ *reading, _ *out, p *place) (kg.Value, error) {
			return kg.IntValue(p.page.Total), nil
		},
	},
	"facets": {
		shape: listShape,
		plan: func(c *compiler, f operation.Field, at *scope, x *out) {
			fc := facets{field: f.Fields[0]}
			x.index = len(at.follow.facets)
			x.objs = c.inner(f, &scope{facets: &fc, asked: at.asked, sel: at.sel})
			at.follow.facets = append(at.follow.facets, fc)
		},
		count: func(_ *reading, x *out, p *place) (int, error) {
			_, n := facetGroup(p.field, x.index)
			return n, nil
		},
		item: func(_ *reading, x *out, p *place, i int, to *place) {
			first, _ := facetGroup(p.field, x.index)
			*to = place{page: p.page, field: p.field, sel: p.sel, i: first + i}
		},
	},
}

// maxDerivedBecause is how many links `because` lists at most on an edge that follows from chains of links.
const maxDerivedBecause = 20

// edgeTable are the fields of an edge. A question that says more of its entries has fields of its own beside these.
var edgeTable = table{
	"cursor": {
		plan: func(_ *compiler, _ operation.Field, at *scope, _ *out) { at.follow.base.Want.Cursors = true },
		value: func(_ *reading, _ *out, p *place) (kg.Value, error) {
			return cursorOf(p.field, p.edge), nil
		},
	},
	"node": {
		shape: objectShape,
		plan: func(c *compiler, f operation.Field, at *scope, x *out) {
			x.objs = c.records(f, at.follow.nodes(), at.types)
		},
		one: func(_ *reading, _ *out, p, to *place) bool { return to.record(&p.edge.Node, p.field.Node) },
	},
	"link": {
		shape: objectShape,
		plan: func(c *compiler, f operation.Field, at *scope, x *out) {
			x.objs = c.records(f, at.follow.links(), 0)
		},
		one: func(_ *reading, _ *out, p, to *place) bool {
			*to = place{row: &p.edge.Link, sel: p.field.Link}
			return true
		},
	},
	"role":  propertyOfLink("role"),
	"since": propertyOfLink("since"),
	"until": propertyOfLink("until"),
	"direction": ofEdge(func(e *kg.Edge) kg.Value {
		return textValue(directionName(e.Out))
	}),
	"weight": ofEdge(func(e *kg.Edge) kg.Value { return kg.IntValue(e.Weight) }),
	"score":  ofEdge(func(e *kg.Edge) kg.Value { return kg.FloatValue(float64(e.Weight) / 100) }),
	"highlights": {
		shape: listShape,
		plan: func(c *compiler, f operation.Field, at *scope, x *out) {
			at.follow.base.Want.Highlight = true
			x.objs = c.inner(f, at)
		},
		count: func(_ *reading, _ *out, p *place) (int, error) { return len(p.edge.Highlights), nil },
		item: func(_ *reading, _ *out, p *place, i int, to *place) {
			*to = place{at: &p.edge.Highlights[i], sel: p.sel}
		},
	},
	"because": {
		shape: listShape,
		plan: func(c *compiler, f operation.Field, at *scope, x *out) {
			k := at.follow
			if k.because == nil {
				k.because = &selection{}
			}
			k.base.BecauseN = maxDerivedBecause
			x.objs = c.records(f, k.because, 0)
		},
		count: func(_ *reading, _ *out, p *place) (int, error) { return len(p.edge.Because), nil },
		item: func(_ *reading, _ *out, p *place, i int, to *place) {
			*to = place{row: &p.edge.Because[i], sel: p.field.Because}
		},
	},
}

// listTables are the fields of what stands in lists of all kinds.
var listTables = tables{
	everyConnection: connectionTable,
	everyEdge:       edgeTable,
	"PageInfo": {
		"hasNextPage":     ofPageInfo(wantMore, func(p *place) kg.Value { return kg.BoolValue(p.page.HasNext) }),
		"hasPreviousPage": ofPageInfo(wantMore, func(p *place) kg.Value { return kg.BoolValue(p.page.HasPrev) }),
		"startCursor":     ofPageInfo(wantCursors, func(p *place) kg.Value { return cursorAt(p, 0) }),
		"endCursor":       ofPageInfo(wantCursors, func(p *place) kg.Value { return cursorAt(p, len(p.page.Edges)-1) }),
	},
	"Highlight": {
		"field":  textOf(func(h *kg.Highlight) string { return h.Field }),
		"text":   textOf(func(h *kg.Highlight) string { return h.Text }),
		"ranges": objectsOf(func(h *kg.Highlight) []kg.Range { return h.Ranges }),
	},
	"HighlightRange": {
		"start": intOf(func(r *kg.Range) int64 { return int64(r.Start) }),
		"end":   intOf(func(r *kg.Range) int64 { return int64(r.End) }),
	},
	"Facet": {
		"by": {value: func(_ *reading, _ *out, p *place) (kg.Value, error) {
			return textValue(facetName(p.field.Want.Facets[p.i].By)), nil
		}},
		"buckets": {
			shape: listShape,
			count: func(_ *reading, _ *out, p *place) (int, error) { return len(p.page.Facets[p.i].Buckets), nil },
			item: func(_ *reading, _ *out, p *place, i int, to *place) {
				w := &p.field.Want.Facets[p.i]
				*to = place{at: &bucket{&p.page.Facets[p.i].Buckets[i], w.By}, sel: cmp.Or(w.Node, p.sel)}
			},
		},
	},
	"FacetBucket": {
		"key":        textOf(func(b *bucket) string { return b.Key }),
		"count":      intOf(func(b *bucket) int64 { return b.Count }),
		"kind":       bucketKey(plan.ByKind),
		"type":       bucketKey(plan.ByType, plan.ByOtherType),
		"sourceKind": bucketKey(plan.BySourceKind),
		"year": valueOf(func(b *bucket) kg.Value {
			if n, err := strconv.ParseInt(b.Key, 10, 64); err == nil && b.by == plan.ByYear {
				return kg.IntValue(n)
			}
			return kg.Value{}
		}),
		"node": {
			shape: objectShape,
			plan: func(c *compiler, f operation.Field, at *scope, x *out) {
				at.facets.nodes = true
				sel := at.sel // of a question, whose records are read together
				if at.asked == nil {
					if at.facets.node == nil {
						at.facets.node = &selection{}
					}
					sel = at.facets.node
				}
				x.objs = c.records(f, sel, c.cat.Entities|1<<c.cat.Source.Index)
			},
			one: func(_ *reading, _ *out, p, to *place) bool { return to.record(&of[bucket](p).Node, p.sel) },
		},
	},
	"EntityTypeCount": {
		"key":   textOf(func(b *kg.Bucket) string { return b.Key }),
		"count": intOf(func(b *kg.Bucket) int64 { return b.Count }),
	},
	"LinkKindCount": {
		"key":   textOf(func(b *kg.Bucket) string { return b.Key }),
		"count": intOf(func(b *kg.Bucket) int64 { return b.Count }),
	},
}

// bucket is a bucket of a facet, and what it counts by.
type bucket struct {
	*kg.Bucket
	by plan.FacetBy
}

// bucketKey returns a field that is the key of a bucket, null unless the facet is one of these.
func bucketKey(by ...plan.FacetBy) *field {
	return valueOf(func(b *bucket) kg.Value {
		if slices.Contains(by, b.by) {
			return textValue(b.Key)
		}
		return kg.Value{}
	})
}

// entries are the values that a question has for each entry of a list, one for each edge.
type entries interface{ entry(i int) any }

func countEdges(_ *reading, _ *out, p *place) (int, error) { return len(p.page.Edges), nil }

func ofEdge(get func(*kg.Edge) kg.Value) *field {
	return &field{value: func(_ *reading, _ *out, p *place) (kg.Value, error) { return get(p.edge), nil }}
}

func ofPageInfo(want func(*plan.Want), get func(*place) kg.Value) *field {
	return &field{
		plan:  func(_ *compiler, _ operation.Field, at *scope, _ *out) { want(&at.follow.base.Want) },
		value: func(_ *reading, _ *out, p *place) (kg.Value, error) { return get(p), nil },
	}
}

func wantMore(w *plan.Want) { w.More = true }

func wantCursors(w *plan.Want) { w.Rows, w.Cursors = true, true }

// propertyOfLink returns a field that is a property of the link of an edge.
func propertyOfLink(name string) *field {
	return &field{shape: linkPropertyShape, plan: func(c *compiler, _ operation.Field, at *scope, x *out) {
		x.index = at.follow.links().prop(c.cat.Prop(name))
		if at.asked == nil { // what a question says beside its records costs nothing
			at.follow.links().leaves++
		}
	}}
}

func cursorOf(f *plan.Field, e *kg.Edge) kg.Value {
	return textValue(string(plan.AppendCursor(nil, f.Binding, e.Keys)))
}

// cursorAt returns the cursor of an edge of a page, null on an empty one.
func cursorAt(p *place, i int) kg.Value {
	if len(p.page.Edges) == 0 {
		return kg.Value{}
	}
	return cursorOf(p.field, &p.page.Edges[i])
}

func directionName(out bool) string {
	if out {
		return "OUTGOING"
	}
	return "INCOMING"
}

// facetGroup returns which of a page's facets a facets field asked for.
func facetGroup(f *plan.Field, group int) (first, n int) {
	first = -1
	for i, w := range f.Want.Facets {
		if w.Group == group {
			if first < 0 {
				first = i
			}
			n++
		}
	}
	return first, n
}

func (k *follow) nodes() *selection {
	if k.node == nil {
		k.node = &selection{}
	}
	return k.node
}

func (k *follow) links() *selection {
	if k.link == nil {
		k.link = &selection{}
	}
	return k.link
}

// facets is a facets field: what it counts by is read with the request.
type facets struct {
	field *ast.Field
	node  *selection
	nodes bool // the records that keys name are wanted
}
