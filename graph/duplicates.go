package graph

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/alike"
	"github.com/throughline/throughline/internal/budget"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/edit"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/text"
)

// This file answers `possibleDuplicates`: of the whole graph as a list, and of what a mutation makes as a part of its
// payload.

var duplicatesKind = &questionKind{
	name: "possibleDuplicates", begin: func() question { return &duplicatesQuestion{} },
	whole: true,
	tables: tables{
		"DuplicateEdge": {
			"other":   recordOf(func(d *duplicate) *kg.Row { return d.other }),
			"score":   floatOf(func(d *duplicate) float64 { return float64(d.score) / alike.Unit }),
			"reasons": objectsOf(func(d *duplicate) []alike.Reason { return d.why }),
		},
		"DuplicateReason": {
			"kind":    textOf(func(r *alike.Reason) string { return string(r.Kind) }),
			"against": boolOf(func(r *alike.Reason) bool { return r.Kind.Against() }),
			"text":    textOf(func(r *alike.Reason) string { return r.Says }),
		},
	},
}

// duplicatesQuestion is `possibleDuplicates` with its values.
type duplicatesQuestion struct {
	asked
	types catalog.TypeSet
}

// duplicate holds the values of DuplicateEdge.
type duplicate struct {
	other *kg.Row
	score int
	why   []alike.Reason
}

func (q *duplicatesQuestion) bind(b *binder, args map[string]any) (err error) {
	if args["of"] != nil {
		if err := b.Entity("possibleDuplicates.of", args["of"]); err != nil {
			return err
		}
	}
	if q.types, err = b.readTypes("possibleDuplicates.types", args["types"]); err != nil {
		return err
	}
	q.window, err = b.window(q.list, args, kg.Int, kg.String, kg.String)
	return err
}

func (q *duplicatesQuestion) records() int { return 2 * q.entries(plan.DefaultPageSize) }

// likely are two entities that may be one, by their ids.
type likely struct {
	node, other string
	typ         uint8
	score       int
	why         []alike.Reason
}

// likelyPairs are all of a graph.
type likelyPairs []likely

// Size is about how many bytes they keep.
func (l likelyPairs) Size() int {
	n := 0
	for i := range l {
		n += 128 + len(l[i].node) + len(l[i].other)
		for _, r := range l[i].why {
			n += 64 + len(r.Says)
		}
	}
	return n
}

func (q *duplicatesQuestion) answer(x *search) (place, error) {
	of, trips := "", 0
	if len(x.walk.Refs) > 0 {
		g, keys, err := x.e.openWalk(x.ctx, &x.walk)
		if err != nil {
			return place{}, err
		}
		of, trips = g.Node(keys[0]).ID, g.RoundTrips()
	}
	g, err := x.e.whole(x.ctx, &plan.Walk{})
	if err != nil {
		return place{}, err
	}
	found, err := g.duplicates(x.ctx)
	if err != nil {
		return place{}, err
	}
	all := make([]likely, 0, len(found))
	for _, d := range found {
		switch {
		case !q.types.Has(d.typ) || of != "" && d.node != of && d.other != of:
			continue
		case d.node == of:
			d.node, d.other = d.other, d.node
		}
		all = append(all, d)
	}
	if of != "" { // the one is the other in all by now
		slices.SortFunc(all, func(a, b likely) int {
			return cmp.Or(cmp.Compare(b.score, a.score), strings.Compare(a.node, b.node))
		})
	}
	page, prev, next := pageOf(all, &q.page, func(d likely, k []kg.Value) int {
		return cmp.Or(cmp.Compare(k[0].Int, int64(d.score)), strings.Compare(d.other, k[1].Str), strings.Compare(d.node, k[2].Str))
	})
	var ids []string
	for i := range page {
		ids = append(ids, page[i].node, page[i].other)
	}
	if err := x.read(unique(ids)); err != nil {
		return place{}, err
	}
	list := &entryList[duplicate]{}
	list.begin(x, q.window, len(all), prev, next)
	for _, d := range page {
		if other := x.rows[d.other]; other != nil {
			list.add(x.rows[d.node], duplicate{other, d.score, d.why}, kg.IntValue(int64(d.score)), kg.StringValue(d.other),
				kg.StringValue(d.node))
		}
	}
	x.a.res.RoundTrips += g.trips + trips
	return list.place(list), nil
}

// duplicates finds the entities of the graph that may be one, the likeliest first.
func (g *wholeGraph) duplicates(ctx context.Context) (likelyPairs, error) {
	net, err := g.net(ctx, false)
	if err != nil {
		return nil, err
	}
	return resultOf[likelyPairs](g.get(ctx, "duplicates", func(ctx context.Context) (sized, error) {
		at := make(map[string]uint32, len(net.Nodes))
		list := make([]alike.Entity, len(net.Nodes))
		for i := range net.Nodes {
			n := &net.Nodes[i]
			at[n.ID] = uint32(i)
			list[i] = alike.Entity{ID: n.ID, Type: n.Type, Links: int(net.Degree(uint32(i)))}
		}
		if err := budget.Of(ctx).Hold(int64(1000 * len(list))); err != nil {
			return nil, err
		}
		cat := g.e.opts.Catalog
		res, err := g.e.fetchPlan(ctx, &plan.Query{
			Start: plan.Everything, Types: cat.Entities,
			Root: plan.Field{Page: plan.Paging{N: max(1, len(list))}, Want: plan.Want{Rows: true}, Node: comparedSel(cat)},
		})
		if err != nil {
			return nil, err
		}
		for i := range res.Edges {
			row := &res.Edges[i].Node
			if k, ok := at[row.Vals[0].Str]; ok { // it was there when the links were read
				compared(cat, row, &list[k])
			}
		}
		pairs, err := alike.Pairs(ctx, list, net.Neighbours)
		out := make(likelyPairs, len(pairs))
		for i, p := range pairs {
			out[i] = likely{list[p.Node].ID, list[p.Other].ID, list[p.Node].Type, p.Score, p.Why}
		}
		return out, err
	}))
}

// comparedSel selects the properties by which entities are compared: id, names, external ids and dates.
func comparedSel(cat *catalog.Catalog) *plan.Sel {
	sel := &plan.Sel{}
	for _, name := range []string{"id", "name", "aliases", "externalIds"} {
		sel.Props = append(sel.Props, cat.Prop(name))
	}
	for _, t := range cat.Types {
		for _, p := range t.Props {
			if p.Kind == catalog.Date && !slices.Contains(sel.Props, p) {
				sel.Props = append(sel.Props, p)
			}
		}
	}
	return sel
}

// compared reads what is compared of an entity from a row of comparedSel.
func compared(cat *catalog.Catalog, row *kg.Row, e *alike.Entity) {
	e.Type = row.Type
	e.Names = append([]string{strings.Clone(row.Vals[1].Str)}, texts(&row.Vals[2])...)
	for i, x := 0, texts(&row.Vals[3]); i+2 < len(x); i += 3 {
		e.External = append(e.External, [2]string{x[i], x[i+1]})
	}
	for i, p := range comparedSel(cat).Props[4:] {
		if v := row.Vals[4+i]; v.Kind == kg.String {
			e.Dates = append(e.Dates, alike.Date{Name: p.Name, On: kg.PartialDate(strings.Clone(v.Str))})
		}
	}
}

// texts are the items of a list, as they stay when the row is used again.
func texts(v *kg.Value) []string {
	items := v.Items()
	out := make([]string, len(items))
	for i, s := range items {
		out[i] = strings.Clone(s)
	}
	return out
}

// Bounds of the search for entities that are like one that is being created.
const (
	namesLooked  = 5  // names and external ids
	wordsLooked  = 3  // words of a name
	foundByWords = 50 // entities
)

// alreadyThere finds the entities that one which is to be made may be: their ids, the likeliest first.
func (e *Engine) alreadyThere(ctx context.Context, c *edit.Create) ([]string, error) {
	cat := e.opts.Catalog
	t := cat.TypeOf(c.Type)
	if t == nil || !t.IsEntity() {
		return nil, nil
	}
	mine := alike.Entity{Type: t.Index}
	if name, _ := c.Fields["name"].(string); name != "" {
		mine.Names = append(mine.Names, name)
	}
	aliases, _ := c.Fields["aliases"].([]string)
	mine.Names = append(mine.Names, aliases...)
	external, _ := c.Fields["externalIds"].([]kg.ExternalID)
	for _, x := range external {
		mine.External = append(mine.External, [2]string{strings.ToLower(x.Scheme), x.Value})
	}
	for _, p := range t.Props {
		s, _ := c.Fields[p.Name].(string)
		if d, err := kg.ParseDate(s); p.Kind == catalog.Date && err == nil {
			mine.Dates = append(mine.Dates, alike.Date{Name: p.Name, On: d})
		}
	}
	own, _ := c.Fields["id"].(string)
	found := map[string]int{}
	look := func(q *plan.Query) error {
		q.Types = 1 << t.Index
		q.Root.Page.N, q.Root.Want.Rows, q.Root.Node = foundByWords, true, comparedSel(cat)
		res, err := e.fetchPlan(ctx, q)
		if err != nil {
			return err
		}
		for i := range res.Edges {
			row := &res.Edges[i].Node
			id := strings.Clone(row.Vals[0].Str)
			other := alike.Entity{ID: id}
			compared(cat, row, &other)
			if score, _ := alike.Compare(&mine, &other, 0); score >= alike.Least && id != own {
				found[id] = score
			}
		}
		if res.Release != nil {
			res.Release()
		}
		return nil
	}
	if len(mine.External) > 0 {
		f := &plan.EntityFilter{ExternalIDs: mine.External[:min(len(mine.External), namesLooked)]}
		if err := look(&plan.Query{Start: plan.Everything, Root: plan.Field{Entities: f}}); err != nil {
			return nil, err
		}
	}
	var asked []string
	for _, n := range mine.Names[:min(len(mine.Names), namesLooked)] {
		asked = append(asked, n)
		words := text.Words(n)
		slices.SortStableFunc(words, func(a, b string) int { return len(b) - len(a) })
		for _, w := range words[:min(len(words), wordsLooked)] {
			if len([]rune(w)) > 1 {
				asked = append(asked, w)
			}
		}
	}
	for _, s := range unique(asked) {
		search := text.NewSearch(s)
		if len(search.Words) == 0 {
			continue
		}
		if err := look(&plan.Query{Start: plan.Search, Search: search}); err != nil {
			return nil, err
		}
	}
	ids := make([]string, 0, len(found))
	for id := range found {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int { return cmp.Or(cmp.Compare(found[b], found[a]), strings.Compare(a, b)) })
	return ids[:min(len(ids), namedMost)], nil
}
