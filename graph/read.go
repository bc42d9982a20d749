package graph

import (
	"context"
	"slices"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// This file has what questions have in common when they are answered: the walk, and the reading of records.

// search is a question being answered.
type search struct {
	*asked
	e    *Engine
	ctx  context.Context //nolint:containedctx // it lives as long as one call
	a    *answer
	g    store.Graph
	keys []uint32 // of walk.Refs[:Asked]
	rows map[string]*kg.Row
}

// search answers a question.
func (e *Engine) search(ctx context.Context, a *answer) (err error) {
	x := &search{asked: a.question.base(), e: e, ctx: ctx, a: a}
	if x.kind.whole || x.kind.writes || x.kind.logged {
		p, err := a.question.answer(x)
		a.place = &p
		return err
	}
	if x.g, x.keys, err = e.openWalk(ctx, &x.walk); err != nil {
		return err
	}
	p, err := a.question.answer(x)
	if err != nil {
		return err
	}
	a.place = &p
	if a.res == nil {
		a.res = &kg.Result{}
	}
	a.res.RoundTrips += x.g.RoundTrips()
	return nil
}

// sel returns what was read of the records of the answer.
func (x *search) sel() *plan.Sel { return x.a.query.Root.Node }

// object returns the place of an object of the answer.
func (x *search) object(at any) place { return place{at: at, sel: x.sel()} }

// read reads the records of the answer, by id.
func (x *search) read(ids []string) error {
	x.a.query.IDs = ids
	res, err := x.e.fetchPlan(x.ctx, x.a.query)
	if err != nil {
		return err
	}
	x.take(res)
	return nil
}

// take keeps the records that were read, by their ids.
func (x *search) take(res *kg.Result) {
	x.a.res = res
	x.rows = make(map[string]*kg.Row, len(x.a.query.IDs))
	for i, id := range x.a.query.IDs {
		if row := &res.Edges[i].Node; row.Type != 0 {
			x.rows[id] = row
		}
	}
}

// records returns the records with these ids; what is gone since the search is left out.
func (x *search) records(ids ...string) []*kg.Row {
	rows := make([]*kg.Row, 0, len(ids))
	for _, id := range ids {
		if row := x.rows[id]; row != nil {
			rows = append(rows, row)
		}
	}
	return rows
}

// readKeys reads the records of nodes and links: one for each, nil for what is gone since the search.
func (x *search) readKeys(nodes, links []uint32) ([]*kg.Row, error) {
	var err error
	if g, ok := x.g.(store.Keyed); ok {
		x.a.res, err = g.Read(x.ctx, x.a.query, nodes, links)
	} else {
		x.a.query.IDs = append(x.nodeIDs(nodes), x.linkIDs(links)...)
		x.a.res, err = x.e.opts.Store.Fetch(x.ctx, x.a.query)
	}
	if err != nil {
		return nil, x.e.aboutRef(x.ctx, err, x.a.query.Refs)
	}
	rows := make([]*kg.Row, len(x.a.res.Edges))
	for i := range rows {
		if row := &x.a.res.Edges[i].Node; row.Type != 0 {
			rows[i] = row
		}
	}
	return rows, nil
}

func (x *search) nodeIDs(keys []uint32) []string {
	ids := make([]string, len(keys))
	for i, k := range keys {
		ids[i] = x.g.Node(k).ID
	}
	return ids
}

func (x *search) linkIDs(keys []uint32) []string {
	ids := make([]string, len(keys))
	for i, k := range keys {
		ids[i] = x.g.Link(k).ID
	}
	return ids
}

// value returns a property of a record.
func (x *search) value(row *kg.Row, prop string) kg.Value {
	if row != nil {
		if i := slices.IndexFunc(x.sel().Props, func(p *catalog.Prop) bool { return p.Name == prop }); i >= 0 {
			return row.Vals[i]
		}
	}
	return kg.Value{}
}

// unique lists each id once, in the order first met.
func unique(lists ...[]string) []string {
	seen := map[string]bool{}
	var out []string
	for _, l := range lists {
		for _, id := range l {
			if !seen[id] {
				seen[id] = true
				out = append(out, id)
			}
		}
	}
	return out
}

// distinct returns each key once, in order.
func distinct(keys []uint32) []uint32 {
	keys = slices.Clone(keys)
	slices.Sort(keys)
	return slices.Compact(keys)
}

// entryList is a page of a list in a question's answer, in the form of a store's, with what the question says of
// each entry beside.
type entryList[E any] struct {
	kg.Page
	field  plan.Field
	beside []E
}

func (l *entryList[E]) entry(i int) any { return &l.beside[i] }

// begin says which part of the list it is.
func (l *entryList[E]) begin(x *search, w window, total int, prev, next bool) {
	l.Total, l.HasPrev, l.HasNext = int64(total), prev, next
	l.field = plan.Field{Binding: w.binding, Node: x.sel(), Link: x.sel()}
}

// add adds an entry with the values of its cursor, unless its record is gone since the search.
func (l *entryList[E]) add(row *kg.Row, e E, keys ...kg.Value) *kg.Edge {
	if row == nil {
		return &kg.Edge{}
	}
	l.Edges = append(l.Edges, kg.Edge{Node: *row, Keys: keys})
	l.beside = append(l.beside, e)
	return &l.Edges[len(l.Edges)-1]
}

// addMade adds an entry that is no record, with the values of its cursor.
func (l *entryList[E]) addMade(e E, keys ...kg.Value) {
	l.Edges = append(l.Edges, kg.Edge{Keys: keys})
	l.beside = append(l.beside, e)
}

// place returns the place of the list, and of what at is to its fields.
func (l *entryList[E]) place(at any) place {
	return place{page: &l.Page, field: &l.field, at: at, sel: l.field.Node}
}

// pageOf cuts the page out of a list in order; at compares an item with a cursor's keys.
func pageOf[T any](list []T, p *plan.Paging, at func(T, []kg.Value) int) (page []T, prev, next bool) {
	i, j := p.Cut(len(list), func(i int, keys []kg.Value) int { return at(list[i], keys) })
	return list[i:j], i > 0, j < len(list)
}
