package graph

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/throughline/throughline/graph/internal/bind"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/trace"
)

// This file measures the graph as a whole, for `centrality`, `communities` and `unverified`, and answers lists in
// the order of a measure. See internal/trace for the measures.

// analyzing is the cost of a root field that measures the whole graph: ten of them are all an operation may have.
const analyzing = 1000

// readTypes reads which types are listed, of those that a measure of the whole graph is about.
func (b *binder) readTypes(at string, v any) (catalog.TypeSet, error) {
	if v == nil {
		return b.Catalog.Entities, nil
	}
	types, err := b.Types(at, v)
	if err != nil {
		return 0, err
	}
	return *types, nil
}

// wholeGraph asks the store and package trace about the whole graph, unless the answer is at hand.
type wholeGraph struct {
	e     *Engine
	walk  *plan.Walk
	state string
	key   string // of the links asked about
	trips int
}

func (e *Engine) whole(ctx context.Context, w *plan.Walk) (*wholeGraph, error) {
	state, trips, err := e.opts.Store.State(ctx)
	if err != nil {
		return nil, err
	}
	key, err := json.Marshal([]any{w.Refs, w.Links})
	return &wholeGraph{e: e, walk: w, state: state, key: string(key), trips: trips}, err
}

func (g *wholeGraph) get(ctx context.Context, what string, f func(ctx context.Context) (sized, error)) (sized, error) {
	x, _, err := g.e.analyses.get(ctx, g.e.log, g.state, what+"\x00"+g.key, f)
	return x, err
}

// net is the graph with its parallel links counted each, or once.
func (g *wholeGraph) net(ctx context.Context, once bool) (*trace.Net, error) {
	if once {
		n, err := g.net(ctx, false)
		if err != nil {
			return nil, err
		}
		return resultOf[*trace.Net](g.get(ctx, "once", func(ctx context.Context) (sized, error) { return n.Once(ctx) }))
	}
	trips := 0
	x, fresh, err := g.e.analyses.get(ctx, g.e.log, g.state, "net\x00"+g.key, func(ctx context.Context) (sized, error) {
		w, err := g.e.opts.Store.Whole(ctx, g.walk)
		if err != nil {
			return nil, err
		}
		trips = w.RoundTrips
		return trace.NewNet(ctx, w)
	})
	if err != nil {
		return nil, g.e.aboutRef(ctx, err, g.walk.Refs)
	}
	if fresh {
		g.trips += trips
	}
	return resultOf[*trace.Net](x, nil)
}

// resultOf is a result as the type it was made as.
func resultOf[T any](x sized, err error) (T, error) {
	v, _ := x.(T)
	return v, err
}

// ranking is how central the nodes are. A measure that is sampled takes half of the time limit, so that the rest
// of the answer has the other half, unless it is asked for from a number of pivots.
func (g *wholeGraph) ranking(ctx context.Context, by trace.Measure, once bool, pivots int) (*trace.Ranking, error) {
	n, err := g.net(ctx, once)
	if err != nil {
		return nil, err
	}
	if by != trace.ByBetweenness {
		pivots = 0
	}
	effort := trace.Effort{
		Pivots: min(pivots, n.Connected),
		Within: min(g.e.opts.Limits.Timeout, analysisTimeout) / 2,
		Now:    g.e.opts.Now,
	}
	return resultOf[*trace.Ranking](
		g.get(ctx, fmt.Sprint("by", by, " ", once, " ", effort.Pivots), func(ctx context.Context) (sized, error) {
			return trace.Centrality(ctx, n, by, effort)
		}),
	)
}

func (g *wholeGraph) partition(
	ctx context.Context,
	once bool,
	seed uint64,
	resolution float64,
) (*trace.Partition, error) {
	n, err := g.net(ctx, once)
	if err != nil {
		return nil, err
	}
	return resultOf[*trace.Partition](
		g.get(
			ctx,
			fmt.Sprint("communities ", once, " ", seed, " ", resolution),
			func(ctx context.Context) (sized, error) {
				return trace.Communities(ctx, n, seed, resolution)
			},
		),
	)
}

// measured is the measure a list is ordered by, false for a list that the store can order.
func measured(order []plan.Order) (trace.Measure, bool) {
	for _, o := range order {
		switch o.By {
		case plan.ByPageRank:
			return trace.ByPageRank, true
		case plan.ByBetweenness:
			return trace.ByBetweenness, true
		}
	}
	return 0, false
}

// measurable refuses an order by a measure where there can be none.
func measurable(at, list string, order []plan.Order) error {
	if _, ok := measured(order); !ok {
		return nil
	}
	switch {
	case list == "Query.sources":
		return bind.Bad(
			at+".orderBy",
			"sources are no part of what PAGE_RANK and BETWEENNESS measure; LINK_COUNT orders them",
		)
	case len(order) > 1:
		return bind.Bad(at+".orderBy", "PAGE_RANK and BETWEENNESS stand alone: give no other key")
	}
	return nil
}

// measuredEntry is an entry of a list in the order of a measure.
type measuredEntry struct {
	score int64
	id    string
}

// measuredList answers a root list that is ordered by a measure. Which entities fit, how many, and by what they
// divide is the store's to say; their order is found here, and the page of them read by id.
func (e *Engine) measuredList(ctx context.Context, q *plan.Query, by trace.Measure) (*kg.Result, error) {
	g, err := e.whole(ctx, &plan.Walk{})
	if err != nil {
		return nil, err
	}
	r, err := g.ranking(ctx, by, false, 0)
	if err != nil {
		return nil, err
	}
	f := &q.Root
	res := &kg.Result{RoundTrips: g.trips}
	var fits map[string]bool // nil: all of the type
	if f.Entities != nil || len(f.Want.Facets) > 0 {
		all := *q
		all.MaxRows, all.Memo = 0, nil
		all.Root.Order, all.Root.Page = nil, plan.Paging{}
		all.Root.Want, all.Root.Node = plan.Want{Facets: f.Want.Facets}, nil
		if f.Entities != nil {
			all.Root.Page.N, all.Root.Want.Rows, all.Root.Node = len(
				r.Nodes,
			), true, &plan.Sel{
				Props: []*catalog.Prop{e.opts.Catalog.Prop("id")},
			}
		}
		found, err := e.fetchPlan(ctx, &all)
		if err != nil {
			return nil, err
		}
		res.Facets = found.Facets
		res.RoundTrips += found.RoundTrips
		if f.Entities != nil {
			fits = make(map[string]bool, len(found.Edges))
			for i := range found.Edges {
				fits[found.Edges[i].Node.Vals[0].Str] = true
			}
		}
	}
	list := measuredOrder(r, f.Order[0].Desc, func(i uint32) bool {
		return q.Types.Has(r.Nodes[i].Type) && (fits == nil || fits[r.Nodes[i].ID])
	})
	way := 1
	if f.Order[0].Desc {
		way = -1
	}
	page, prev, next := pageOf(list, &f.Page, func(x measuredEntry, k []kg.Value) int {
		return cmp.Or(way*cmp.Compare(x.score, k[0].Int), strings.Compare(x.id, k[1].Str))
	})
	res.Total, res.HasPrev, res.HasNext = int64(len(list)), prev, next
	if !f.Want.Rows {
		return res, nil
	}
	few := *q
	few.Start, few.Memo = plan.ByIDs, nil
	few.Root.Entities, few.Root.Order, few.Root.Want = nil, nil, plan.Want{Rows: true}
	for _, x := range page {
		few.IDs = append(few.IDs, x.id)
	}
	found, err := e.fetchPlan(ctx, &few)
	if err != nil {
		return nil, err
	}
	res.RoundTrips += found.RoundTrips
	for i, x := range page {
		edge := found.Edges[i]
		if edge.Node.Type == 0 {
			continue // it has gone since it was measured
		}
		edge.Keys = []kg.Value{kg.IntValue(x.score), kg.StringValue(x.id)}
		res.Edges = append(res.Edges, edge)
	}
	return res, nil
}

// measuredOrder lists what fits in the order of a list: by score, equal ones by id as in `centrality`, whichever way.
func measuredOrder(r *trace.Ranking, desc bool, fits func(uint32) bool) []measuredEntry {
	list := make([]measuredEntry, 0, len(r.Order))
	for _, i := range r.Order { // the ids of equal scores ascend here
		if fits(i) {
			list = append(list, measuredEntry{r.Scores[i], r.Nodes[i].ID})
		}
	}
	if desc {
		return list
	}
	slices.Reverse(list)
	for from, i := 0, 1; i <= len(list); i++ {
		if i == len(list) || list[i].score != list[from].score {
			slices.Reverse(list[from:i])
			from = i
		}
	}
	return list
}
