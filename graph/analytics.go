package graph

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/trace"
)

// This file answers what is asked of the graph as a whole: `centrality`, `communities`, and lists in the order of a
// measure. See internal/trace for the measures.

// analyzing is the cost of a root field that measures the whole graph: ten of them are all an operation may have.
const analyzing = 1000

// analytics are the values of a question about the whole graph.
type analytics struct {
	by         trace.Measure
	pivots     int  // of a sampled measure; 0: as many as there is time for
	once       bool // parallel links count as one
	types      catalog.TypeSet
	seed       uint64
	resolution float64
	minSize    int
	members    map[*out]*question // of each `members` field: its page
	bridges    map[*out]int       // of each `bridges` field: how many
}

var measureNames = map[string]trace.Measure{"DEGREE": trace.ByDegree, "PAGE_RANK": trace.ByPageRank, "BETWEENNESS": trace.ByBetweenness}

// shown reads which types are listed.
func (b *binder) shown(q *question, v any) (err error) {
	q.analytics.types = b.cat.Entities
	if v != nil {
		var types *catalog.TypeSet
		if types, err = b.types(q.field.Name+".types", v); err == nil {
			q.analytics.types = *types
		}
	}
	return err
}

func bindCentrality(b *binder, q *question, args map[string]any) error {
	name, _ := args["by"].(string)
	by, ok := measureNames[name]
	if !ok {
		return bad("centrality.by", "there is no measure %q", name)
	}
	a := &q.analytics
	a.by, a.once = by, args["parallel"] == "ONCE"
	if args["pivots"] != nil {
		var err error
		if a.pivots, err = whole("centrality.pivots", args["pivots"], 1, plan.MaxPivots); err != nil {
			return err
		}
	}
	if err := b.shown(q, args["types"]); err != nil {
		return err
	}
	return b.window(q, args, kg.Int, kg.String)
}

func bindCommunities(b *binder, q *question, args map[string]any) error {
	a := &q.analytics
	a.once = args["parallel"] == "ONCE"
	if err := b.shown(q, args["types"]); err != nil {
		return err
	}
	seed, err := whole("communities.seed", args["seed"], 0, math.MaxInt32)
	if err != nil {
		return err
	}
	a.seed = uint64(seed)
	if a.resolution, err = number("communities.resolution", args["resolution"], 0.01, 100); err != nil {
		return err
	}
	if a.minSize, err = whole("communities.minSize", args["minSize"], 1, math.MaxInt32); err != nil {
		return err
	}
	a.members, a.bridges = map[*out]*question{}, map[*out]int{}
	for _, o := range q.communityObjects() {
		for _, m := range selected(o, "members") {
			page := &question{traced: &traced{field: m.field, at: "Community.members"}}
			if err := b.window(page, b.arguments(m.field), kg.Int, kg.String); err != nil {
				return err
			}
			a.members[m] = page
		}
		for _, m := range selected(o, "bridges") {
			if a.bridges[m], err = whole("bridges.first", b.arguments(m.field)["first"], 0, plan.MaxPageSize); err != nil {
				return err
			}
		}
	}
	return b.window(q, args, kg.Int, kg.String)
}

// communityObjects are what is wanted of a community: in `nodes`, and in `node` of `edges`.
func (q *question) communityObjects() (all []*object) {
	for _, x := range selected(q.obj, "nodes") {
		all = append(all, x.objs.one)
	}
	for _, e := range selected(q.obj, "edges") {
		for _, x := range selected(e.objs.one, "node") {
			all = append(all, x.objs.one)
		}
	}
	return all
}

// analyzed is about how many records the answer to a question about the whole graph has.
func (q *question) analyzed() int {
	n := plan.DefaultPageSize
	if q.page.Given {
		n = q.page.N
	}
	each := 1
	for _, m := range q.analytics.members {
		each += m.page.N
	}
	for _, b := range q.analytics.bridges {
		each += b
	}
	return n * each
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
	if fresh && err == nil {
		g.trips += trips
	}
	return resultOf[*trace.Net](x, err)
}

// resultOf is a result as the type it was made as.
func resultOf[T any](x sized, err error) (T, error) {
	v, _ := x.(T)
	return v, err
}

// ranking is how central the nodes are. A measure that is sampled takes half of the time limit, so that the rest of the answer has the
// other half, unless it is asked for from a number of pivots.
func (g *wholeGraph) ranking(ctx context.Context, by trace.Measure, once bool, pivots int) (*trace.Ranking, error) {
	n, err := g.net(ctx, once)
	if err != nil {
		return nil, err
	}
	if by != trace.ByBetweenness {
		pivots = 0
	}
	effort := trace.Effort{Pivots: min(pivots, n.Connected), Within: min(g.e.opts.Limits.Timeout, patience) / 2, Now: g.e.opts.Now}
	return resultOf[*trace.Ranking](g.get(ctx, fmt.Sprint("by", by, " ", once, " ", effort.Pivots), func(ctx context.Context) (sized, error) {
		return trace.Centrality(ctx, n, by, effort)
	}))
}

func (g *wholeGraph) partition(ctx context.Context, once bool, seed uint64, resolution float64) (*trace.Partition, error) {
	n, err := g.net(ctx, once)
	if err != nil {
		return nil, err
	}
	return resultOf[*trace.Partition](g.get(ctx, fmt.Sprint("communities ", once, " ", seed, " ", resolution), func(ctx context.Context) (sized, error) {
		return trace.Communities(ctx, n, seed, resolution)
	}))
}

// centrality answers `centrality`.
func (x *searching) centrality() error {
	g, err := x.e.whole(x.ctx, &x.walk)
	if err != nil {
		return err
	}
	r, err := g.ranking(x.ctx, x.analytics.by, x.analytics.once, x.analytics.pivots)
	if err != nil {
		return err
	}
	var list []uint32
	for _, i := range r.Order {
		if x.analytics.types.Has(r.Nodes[i].Type) && r.Degree(i) > 0 {
			list = append(list, i)
		}
	}
	page, prev, next := pageOf(list, &x.page, func(i uint32, k []kg.Value) int {
		return cmp.Or(cmp.Compare(k[0].Int, r.Scores[i]), strings.Compare(r.Nodes[i].ID, k[1].Str))
	})
	ids := make([]string, len(page))
	for i, v := range page {
		ids[i] = r.Nodes[v].ID
	}
	if err := x.read(ids); err != nil {
		return err
	}
	first := 0 // of the page, in the list
	if len(page) > 0 {
		first = slices.Index(list, page[0])
	}
	certain := r.Certain(list, first, first+len(page))
	var edges []tree
	for i, v := range page {
		rank := 1 + sort.Search(len(list), func(j int) bool { return r.Scores[list[j]] <= r.Scores[v] })
		edges = append(edges, tree{
			"cursor": cursorCell(x.binding, kg.IntValue(r.Scores[v]), kg.StringValue(ids[i])),
			"node":   x.cell(ids[i]), "score": {value: kg.FloatValue(r.Score(v))}, "rank": intCell(int64(rank)),
			"certain": boolCell(certain[i]),
		})
		if e, ok := r.Error(v); ok {
			edges[i]["error"] = cell{value: kg.FloatValue(e)}
		}
	}
	x.a.tree = connection(x.there(edges), x.cell(ids...), prev, next, len(list))
	x.a.tree["sampled"] = boolCell(r.Sampled)
	if r.Measure == trace.ByBetweenness {
		x.a.tree["pivots"] = intCell(int64(r.Pivots))
	}
	x.a.res.RoundTrips += g.trips
	return nil
}

// there drops edges whose node has gone since it was measured.
func (*searching) there(edges []tree) []tree {
	return slices.DeleteFunc(edges, func(t tree) bool { return len(t["node"].rows) == 0 })
}

// group is a community as it is shown.
type group struct {
	index   int
	id      string
	members []uint32
}

func (g *group) keys() []kg.Value {
	return []kg.Value{kg.IntValue(int64(len(g.members))), kg.StringValue(g.id)}
}

// communities answers `communities`.
func (x *searching) communities() error {
	g, err := x.e.whole(x.ctx, &x.walk)
	if err != nil {
		return err
	}
	q := &x.analytics
	p, err := g.partition(x.ctx, q.once, q.seed, q.resolution)
	if err != nil {
		return err
	}
	var list []group
	for i, all := range p.Groups {
		members := all
		if q.types != x.e.opts.Catalog.Entities {
			members = nil
			for _, v := range all {
				if q.types.Has(p.Nodes[v].Type) {
					members = append(members, v)
				}
			}
		}
		if len(members) >= q.minSize {
			list = append(list, group{i, p.Nodes[members[0]].ID, members})
		}
	}
	slices.SortFunc(list, func(a, b group) int {
		return cmp.Or(cmp.Compare(len(b.members), len(a.members)), strings.Compare(a.id, b.id))
	})
	page, prev, next := pageOf(list, &x.page, func(c group, k []kg.Value) int {
		return cmp.Or(cmp.Compare(k[0].Int, int64(len(c.members))), strings.Compare(c.id, k[1].Str))
	})
	parts := make([]communityParts, len(page))
	ids := make([][]string, len(page))
	for i := range page {
		parts[i] = x.parts(p, &page[i])
		ids[i] = append(parts[i].ids(p), page[i].id)
	}
	if err := x.read(unique(ids...)); err != nil {
		return err
	}
	var edges, nodes []tree
	for i := range page {
		t := x.community(p, &page[i], &parts[i])
		nodes = append(nodes, t)
		edges = append(edges, tree{"cursor": cursorCell(x.binding, page[i].keys()...), "node": treeCell(t)})
	}
	x.a.tree = connection(edges, treeCell(nodes...), prev, next, len(list))
	x.a.tree["modularity"] = cell{value: kg.FloatValue(math.Round(p.Modularity*trace.Unit) / trace.Unit)}
	x.a.res.RoundTrips += g.trips
	return nil
}

// communityParts are the parts of lists that fields of one community want.
type communityParts struct {
	members map[*out]membersPage
	bridges map[*out][]uint32
}

type membersPage struct {
	nodes      []uint32
	prev, next bool
}

func (c *communityParts) ids(p *trace.Partition) (ids []string) {
	for _, m := range c.members {
		for _, v := range m.nodes {
			ids = append(ids, p.Nodes[v].ID)
		}
	}
	for _, b := range c.bridges {
		for _, v := range b {
			ids = append(ids, p.Nodes[v].ID)
		}
	}
	return ids
}

func (x *searching) parts(p *trace.Partition, g *group) communityParts {
	c := communityParts{map[*out]membersPage{}, map[*out][]uint32{}}
	for o, q := range x.analytics.members {
		nodes, prev, next := pageOf(g.members, &q.page, func(v uint32, k []kg.Value) int {
			return cmp.Or(cmp.Compare(k[0].Int, p.Within[v]), strings.Compare(p.Nodes[v].ID, k[1].Str))
		})
		c.members[o] = membersPage{nodes, prev, next}
	}
	var bridges []uint32
	for o, n := range x.analytics.bridges {
		if bridges == nil {
			out := func(v uint32) int64 { return p.Degree(v) - p.Within[v] }
			for _, v := range g.members {
				if out(v) > 0 {
					bridges = append(bridges, v)
				}
			}
			slices.SortFunc(bridges, func(a, b uint32) int { return cmp.Or(cmp.Compare(out(b), out(a)), cmp.Compare(a, b)) })
		}
		c.bridges[o] = bridges[:min(n, len(bridges))]
	}
	return c
}

// community makes the tree of one community, for all that is wanted of it anywhere.
func (x *searching) community(p *trace.Partition, g *group, c *communityParts) tree {
	t := tree{
		"id": textCell(g.id), "label": textCell(x.value(x.rows[g.id], "name").Str), "size": intCell(int64(len(g.members))),
		"internalLinks": intCell(p.Internal[g.index]), "externalLinks": intCell(p.External[g.index]),
	}
	for m, page := range c.members {
		var edges []tree
		ids := make([]string, len(page.nodes))
		for i, v := range page.nodes {
			ids[i] = p.Nodes[v].ID
			edges = append(edges, tree{
				"cursor": cursorCell(x.analytics.members[m].binding, kg.IntValue(p.Within[v]), kg.StringValue(ids[i])),
				"node":   x.cell(ids[i]), "links": intCell(p.Within[v]),
			})
		}
		t[m.cell] = treeCell(connection(x.there(edges), x.cell(ids...), page.prev, page.next, len(g.members)))
	}
	for b, nodes := range c.bridges {
		ids := make([]string, len(nodes))
		for i, v := range nodes {
			ids[i] = p.Nodes[v].ID
		}
		t[b.cell] = x.cell(ids...)
	}
	return t
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
		return bad(at+".orderBy", "sources are no part of what PAGE_RANK and BETWEENNESS measure; LINK_COUNT orders them")
	case len(order) > 1:
		return bad(at+".orderBy", "PAGE_RANK and BETWEENNESS stand alone: give no other key")
	}
	return nil
}

// measuredEntry is an entry of a list in the order of a measure.
type measuredEntry struct {
	score int64
	id    string
}

// measuredList answers a root list that is ordered by a measure. Which entities fit, how many, and by what they divide is
// the store's to say; their order is found here, and the page of them read by id.
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
			all.Root.Page.N, all.Root.Want.Rows, all.Root.Node = len(r.Nodes), true, &plan.Sel{Props: []*catalog.Prop{e.opts.Catalog.Prop("id")}}
		}
		found, err := e.opts.Store.Fetch(ctx, &all)
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
	found, err := e.opts.Store.Fetch(ctx, &few)
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

func bindUnverified(b *binder, q *question, args map[string]any) error {
	return b.window(q, args, kg.String)
}

// idList is a result that is a list of ids.
type idList []string

// Size is about how many bytes it keeps.
func (l idList) Size() int {
	n := 0
	for _, id := range l {
		n += 16 + len(id)
	}
	return n
}

// unverified answers `unverified`.
func (x *searching) unverified() error {
	g, err := x.e.whole(x.ctx, &x.walk)
	if err != nil {
		return err
	}
	trips := 0
	list, fresh, err := x.e.analyses.get(x.ctx, x.e.log, g.state, "unverified", func(ctx context.Context) (sized, error) {
		ids, n, err := x.e.opts.Store.Unverified(ctx)
		trips = n
		return idList(ids), err
	})
	if err != nil {
		return err
	}
	all, _ := list.(idList)
	page, prev, next := pageOf(all, &x.page, func(id string, k []kg.Value) int { return strings.Compare(id, k[0].Str) })
	if err := x.read(page); err != nil {
		return err
	}
	var edges []tree
	for _, id := range page {
		if x.rows[id] != nil {
			edges = append(edges, tree{"cursor": cursorCell(x.binding, kg.StringValue(id)), "node": x.cell(id)})
		}
	}
	x.a.tree = connection(edges, x.cell(page...), prev, next, len(all))
	if x.a.res.RoundTrips += g.trips; fresh {
		x.a.res.RoundTrips += trips
	}
	return nil
}
