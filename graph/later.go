package graph

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
	"golang.org/x/sync/errgroup"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/operation"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// This file answers fields that are read when what they stand on is known: what the log has of a record, or of a
// change. No plan holds them. When a root field is answered its answer is walked as it will be written, what such
// fields stand on is gathered, and each field is read for all of that; what is read may have such fields in turn. See
// history.go for the fields.

// later is such a field, compiled.
type later struct {
	kind   *laterKind
	fields []*ast.Field
	list   *follow // of a field that is a list
	// sel selects properties of the records that the field leads to. Where it leads to none, sel holds the later fields
	// of the field's own selection alone.
	sel  *selection
	objs *objects
	// root is the root field that it is part of, index its place among those of that root field.
	root, index int
}

// laterKind says how the later fields of one name are read.
type laterKind struct {
	// at returns the name of the list, to which its cursors are bound: "Entity.history".
	at   func(t *catalog.Type) string
	keys kg.ValueKind // of the cursors of a list; kg.Null of what is no list
	// subject returns the id of the record or change whose field it is, "" where the field is null.
	subject func(x *out, p *place) string
	// read reads the field of several subjects at once, by their ids, and puts each value in its place.
	read func(s *laterSearch, of map[string]*place) error
	// compile compiles its selection.
	compile func(c *compiler, f operation.Field, l *later) *objects
}

// asksLater has the values of a later field of a request.
type asksLater struct {
	window
	touching []string
	node     *plan.Sel
}

// laterKey names an answer that is read later: by the field that reads it, and by the id of the record that has the
// field.
type laterKey struct {
	of *later
	id string
}

// laterSearch is a later field being read.
type laterSearch struct {
	*later
	asksLater
	e    *Engine
	ctx  context.Context //nolint:containedctx // it lives as long as one call
	a    *answer
	lock sync.Mutex
}

// laterField returns the row of a field of this kind.
func laterField(kind *laterKind) *field {
	return &field{
		shape: objectShape,
		plan: func(c *compiler, f operation.Field, at *scope, x *out) {
			if at.typ != nil {
				x.index = at.sel.prop(c.cat.Prop("id"))
			}
			for _, l := range at.sel.later {
				if l.kind == kind && slices.Equal(l.fields, f.Fields) { // alike on every type of an interface
					x.later, x.objs = l, l.objs
					return
				}
			}
			l := &later{kind: kind, fields: f.Fields, sel: &selection{}, root: c.root, index: len(c.later)}
			c.later, at.sel.later = append(c.later, l), append(at.sel.later, l)
			if kind.keys != kg.Null {
				l.list = &follow{field: f.Fields[0], at: kind.at(at.typ), page: true}
			}
			l.objs = kind.compile(c, f, l)
			c.settle(l.sel)
			x.later, x.objs = l, l.objs
		},
		one: func(r *reading, x *out, p, to *place) bool {
			found, ok := r.answers[x.later.root].later[laterKey{x.later, x.later.kind.subject(x, p)}]
			*to = found
			return ok
		},
	}
}

// noRecord compiles the selection on what is no record.
func noRecord(c *compiler, f operation.Field, l *later) *objects {
	return c.inner(f, &scope{sel: l.sel, follow: l.list, later: l})
}

// bind fills in the values of a request.
func (l *later) bind(b *binder) (a asksLater, err error) {
	args := b.arguments(l.fields[0])
	if l.list != nil {
		if a.window, err = b.window(l.list, args, l.kind.keys); err != nil {
			return a, err
		}
	}
	if v := args["touching"]; v != nil {
		if a.touching, err = b.IDs(l.list.field.Name+".touching", v); err != nil {
			return a, err
		}
	}
	a.node, err = b.sel(l.sel)
	return a, err
}

// bindLater fills in the values of what is read later.
func (r *root) bindLater(cat *catalog.Catalog, vars map[string]any) ([]asksLater, error) {
	if len(r.later) == 0 {
		return nil, nil
	}
	b := newBinder(cat, 0, vars)
	all := make([]asksLater, len(r.later))
	var err error
	for i, l := range r.later {
		if all[i], err = l.bind(b); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// reads reports whether something within these objects is read later.
func (o *objects) reads() bool {
	if o == nil {
		return false
	}
	reads := func(x *object) bool { return x != nil && x.later }
	for _, x := range o.among {
		if x.later {
			return true
		}
	}
	return reads(o.one) || reads(o.other) || reads(o.change) || slices.ContainsFunc(o.byType, reads)
}

// waiting is a field that is to be read, and where it stands.
type waiting struct {
	x *out
	p place
}

// gathering walks an answer to find what is to be read.
type gathering struct {
	r     *reading
	found []waiting
}

func (g *gathering) object(o *object, p *place) {
	if o == nil || !o.later {
		return
	}
	for i := range o.outs {
		switch x := &o.outs[i]; {
		case x.later != nil:
			g.found = append(g.found, waiting{x, *p})
		case x.objs.reads():
			g.field(x, p)
		}
	}
}

// field walks the objects that a field leads to.
func (g *gathering) field(x *out, p *place) {
	var to place
	if x.def.shape == objectShape {
		if x.def.one(g.r, x, p, &to) {
			g.object(x.objs.of(&to), &to)
		}
		return
	}
	n, err := x.def.count(g.r, x, p)
	if err != nil {
		return // whoever writes it tells of it
	}
	for i := range n {
		to = place{}
		x.def.item(g.r, x, p, i, &to)
		g.object(x.objs.of(&to), &to)
	}
}

// readLater reads what is left to read of a root field that was answered.
func (e *Engine) readLater(ctx context.Context, r *reading, a *answer) error {
	if a.err != nil || len(a.root.later) == 0 {
		return nil //nolint:nilerr // the answer has the error
	}
	g := &gathering{r: r}
	var p place
	rootPlace(a, &p)
	g.field(&a.root.out, &p)
	a.later = map[laterKey]place{}
	for len(g.found) > 0 {
		level := g.found
		g.found = nil
		for _, l := range a.root.later {
			of := map[string]*place{}
			for i := range level {
				if w := &level[i]; w.x.later == l {
					if id := l.kind.subject(w.x, &w.p); id != "" {
						of[id] = &w.p
					}
				}
			}
			if len(of) == 0 {
				continue
			}
			s := &laterSearch{later: l, asksLater: a.asksLater[l.index], e: e, ctx: ctx, a: a}
			if err := l.kind.read(s, of); err != nil {
				return err
			}
		}
		for i := range level {
			if w := &level[i]; w.x.objs.reads() {
				g.field(w.x, &w.p)
			}
		}
	}
	return nil
}

// put notes the answer of the field for a record.
func (s *laterSearch) put(id string, p place) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.a.later[laterKey{s.later, id}] = p
}

// asked counts how often the store was asked.
func (s *laterSearch) asked(trips int) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.a.trips(trips)
}

// trips counts how often the store was asked for an answer, beyond its plan.
func (a *answer) trips(n int) {
	if a.res == nil {
		a.res = &kg.Result{}
	}
	a.res.RoundTrips += n
}

// each reads something for each that the field is asked of, some side by side.
func (s *laterSearch) each(of map[string]*place, read func(ctx context.Context, id string, p *place) error) error {
	g, ctx := errgroup.WithContext(s.ctx)
	g.SetLimit(atOnceFetched)
	for id, p := range of {
		g.Go(func() (err error) {
			defer func() {
				if p := recover(); p != nil {
					err = s.e.panicked(ctx, "in the store", p)
				}
			}()
			return read(ctx, id, p)
		})
	}
	return g.Wait()
}

// records reads records by id.
func (s *laterSearch) records(of map[string]*place) error {
	cat := s.e.opts.Catalog
	q := &plan.Query{
		Start: plan.ByIDs, Types: anyRecord(cat), MaxRows: s.e.opts.Limits.MaxRows,
		Root: plan.Field{Want: plan.Want{Rows: true}, Node: s.node},
	}
	for id := range of {
		q.IDs = append(q.IDs, id)
	}
	slices.Sort(q.IDs)
	res, err := s.e.fetchPlan(s.ctx, q)
	if err != nil {
		return err
	}
	s.asked(res.RoundTrips)
	s.a.releases = append(s.a.releases, res.Release)
	for i, id := range q.IDs {
		var p place
		if p.record(&res.Edges[i].Node, q.Root.Node) {
			s.put(id, p)
		}
	}
	return nil
}

// log returns the log that is read.
func (s *laterSearch) log() store.Logger { return s.e.opts.Store }

// describe puts what is read later into words.
func (l *later) describe(d *describer, depth int, a *asksLater) {
	if l.list == nil {
		d.line(depth, l.fields[0].Name+": when what it stands on is known", d.props("wants ", a.node))
		d.children(depth+1, l.sel, a.node)
		return
	}
	count := ""
	if l.list.base.Want.Total {
		count = "count"
	}
	d.line(depth, fmt.Sprintf("%s: from the log of changes, when what it stands on is known", l.list.at),
		pageWords(&a.page), count)
}
