package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/99designs/gqlgen/graphql"

	"github.com/throughline/throughline/graph/model"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// This file is what the generated resolvers call. They read the same tables and results as answer.go, a field at a
// time, by the field's alias. The generated executor answers introspection, and is what answer.go is tested against.

// spot is where a resolver's object stands: the inside of a model.Value.
type spot struct {
	w     *writer // for the catalogue and the answers; nothing is written to it
	obj   *object
	place place
}

type rootKey struct{}

// rootValue is the Value of Query.
func rootValue(ctx context.Context) model.Value {
	v, _ := ctx.Value(rootKey{}).(model.Value)
	return v
}

// find is the field that is being resolved.
func find(ctx context.Context, v model.Value) (*spot, *out, error) {
	s, ok := v.In.(*spot)
	if !ok {
		return nil, nil, kg.Errorf(kg.Internal, "the answer has no place")
	}
	alias := graphql.GetFieldContext(ctx).Field.Alias
	for i := range s.obj.outs {
		if s.obj.outs[i].key == alias {
			return s, &s.obj.outs[i], nil
		}
	}
	return nil, nil, kg.Errorf(kg.Internal, "%s was not planned", alias)
}

// child is an object that a field leads to, with the name of its type; false for none.
func (s *spot) child(x *out, p place, row *kg.Row) (model.Value, string, bool) {
	o := x.objs.one
	if row != nil {
		if o = x.objs.of(row.Type); row.Type == 0 || o == nil {
			return model.Value{}, "", false
		}
	}
	return model.Value{In: &spot{s.w, o, p}}, o.name, true
}

type found struct {
	value model.Value
	name  string
	ok    bool
}

// children are the objects a field leads to; list tells whether they are one.
func (s *spot) children(x *out) (out []found, err error) {
	add := func(p place, row *kg.Row) {
		v, name, ok := s.child(x, p, row)
		out = append(out, found{v, name, ok})
	}
	record := func(row *kg.Row, sel *plan.Sel) { add(place{row: row, sel: sel}, row) }
	buckets := func(list []kg.Bucket, sel *plan.Sel) {
		for i := range list {
			add(place{bucket: &list[i], sel: sel}, nil)
		}
	}
	p := &s.place
	switch x.op {
	case opRoot:
		a := &s.w.answers[x.index]
		switch {
		case a.err != nil:
			return nil, a.err
		case a.question == nil && a.query.Start == plan.ByIDs || a.query.Start == plan.ByID || a.query.Start == plan.ByRef:
			for i := range a.res.Edges {
				record(&a.res.Edges[i].Node, a.query.Root.Node)
			}
		default:
			add(rootPlace(a), nil)
		}
	case opLimits, opPageInfo:
		add(*p, nil)
	case opExternalIDs:
		items := p.row.Vals[x.index].Items()
		for i := 0; i < len(items); i += 3 {
			add(place{items: items[i : i+3]}, nil)
		}
	case opPage:
		add(place{page: &p.row.Kids[x.index], field: p.sel.Kids[x.index]}, nil)
	case opRecord:
		if kid := &p.row.Kids[x.index]; len(kid.Edges) > 0 {
			record(&kid.Edges[0].Node, p.sel.Kids[x.index].Node)
		}
	case opEdges:
		for i := range p.page.Edges {
			add(place{page: p.page, field: p.field, edge: &p.page.Edges[i]}, nil)
		}
	case opNodes:
		for i := range p.page.Edges {
			record(&p.page.Edges[i].Node, p.field.Node)
		}
	case opFacets:
		first, n := facetGroup(p.field, x.index)
		for i := range n {
			add(place{page: p.page, field: p.field, facet: first + i}, nil)
		}
	case opNode:
		record(&p.edge.Node, p.field.Node)
	case opLink:
		add(place{row: &p.edge.Link, sel: p.field.Link}, nil)
	case opBecause:
		n, err := becauseN(s.w.cat.Schema, x.field, s.w.vars)
		if err != nil {
			return nil, err
		}
		for i := range min(n, len(p.edge.Because)) {
			add(place{row: &p.edge.Because[i], sel: p.field.Because}, nil)
		}
	case opBuckets:
		buckets(p.page.Facets[p.facet].Buckets, p.field.Want.Facets[p.facet].Node)
	case opEntity:
		if p.bucket.Entity.Type != 0 {
			record(&p.bucket.Entity, p.sel)
		}
	case opStatEntities:
		buckets(p.stats.Entities, nil)
	case opStatLinks:
		buckets(p.stats.Links, nil)
	case opCellRecord:
		for _, row := range p.tree[x.cell].rows {
			record(row, p.tree[x.cell].sel)
		}
	case opCellObject:
		for _, t := range p.tree[x.cell].trees {
			add(place{tree: t}, nil)
		}
	default:
		return nil, kg.Errorf(kg.Internal, "%s leads to no object", x.field.Name)
	}
	return out, nil
}

// anObject is what every generated type is.
type anObject interface{ ~struct{ model.Value } }

// one resolves a field to an object.
func one[T anObject](ctx context.Context, v model.Value) (*T, error) {
	s, x, err := find(ctx, v)
	if err != nil {
		return nil, err
	}
	list, err := s.children(x)
	if err != nil || len(list) == 0 || !list[0].ok {
		return nil, err
	}
	t := T(struct{ model.Value }{list[0].value})
	return &t, nil
}

// many resolves a field to a list of objects.
func many[T anObject](ctx context.Context, v model.Value) ([]T, error) {
	s, x, err := find(ctx, v)
	if err != nil {
		return nil, err
	}
	list, err := s.children(x)
	if err != nil {
		return nil, err
	}
	out := make([]T, len(list))
	for i := range list {
		out[i] = T(struct{ model.Value }{list[i].value})
	}
	return out, nil
}

// oneAny resolves a field to an object of some type.
func oneAny[T any](ctx context.Context, v model.Value) (out T, err error) {
	list, err := manyAny[T](ctx, v)
	if err == nil && len(list) > 0 {
		out = list[0]
	}
	return out, err
}

// manyAny resolves a field to a list of objects of some types.
func manyAny[T any](ctx context.Context, v model.Value) ([]T, error) {
	s, x, err := find(ctx, v)
	if err != nil {
		return nil, err
	}
	list, err := s.children(x)
	if err != nil {
		return nil, err
	}
	out := make([]T, len(list))
	for i := range list {
		if list[i].ok {
			out[i], _ = model.New(list[i].name, list[i].value).(T)
		}
	}
	return out, nil
}

// scalar resolves a field to a value.
func scalar[T any](ctx context.Context, v model.Value) (out T, err error) {
	s, x, err := find(ctx, v)
	if err != nil {
		return out, err
	}
	value, err := s.scalar(x)
	if err != nil {
		return out, err
	}
	switch to := any(&out).(type) {
	case *string:
		*to = value.Str
	case **string:
		if value.Kind != kg.Null {
			*to = &value.Str
		}
	case *int64:
		*to = value.Int
	case **int64:
		if value.Kind != kg.Null {
			*to = &value.Int
		}
	case *float64:
		*to = value.Float()
	case **float64:
		if value.Kind != kg.Null {
			f := value.Float()
			*to = &f
		}
	case *bool:
		*to = value.Int == 1
	case **bool:
		if value.Kind != kg.Null {
			b := value.Int == 1
			*to = &b
		}
	case *[]string:
		*to = append([]string{}, value.Items()...)
	default:
		return out, fmt.Errorf("%s resolves to %T", x.field.Name, out)
	}
	return out, nil
}

// scalar reads what answer.go writes.
func (s *spot) scalar(x *out) (kg.Value, error) {
	p := &s.place
	str := func(t string) (kg.Value, error) { return kg.Value{Kind: kg.String, Str: t}, nil }
	num := func(n int64) (kg.Value, error) { return kg.IntValue(n), nil }
	switch x.op {
	case opCell:
		return p.tree[x.cell].value, nil
	case opConst:
		return constant(x.text)
	case opProp:
		return p.row.Vals[x.index], nil
	case opSentence:
		told, ok := x.sentence(s.w, p.row)
		if !ok {
			return kg.Value{}, kg.Errorf(kg.Internal, "sentence has no value")
		}
		return str(told)
	case opPublished:
		if s := x.published(p.row); s != "" {
			return str(s)
		}
		return kg.Value{}, nil
	case opTotal:
		return num(p.row.Kids[x.index].Total)
	case opTotalCount:
		return num(p.page.Total)
	case opCursor:
		return str(string(plan.AppendCursor(nil, p.field.Binding, p.edge.Keys)))
	case opLinkProp:
		return p.edge.Link.Vals[x.index], nil
	case opDirection:
		d := direction(p.edge)
		return str(d[1 : len(d)-1])
	case opWeight:
		return num(p.edge.Weight)
	case opScore:
		return kg.FloatValue(score(p.edge)), nil
	case opHighlight:
		return str(p.edge.Text)
	case opHasNext:
		return kg.BoolValue(p.page.HasNext), nil
	case opHasPrev:
		return kg.BoolValue(p.page.HasPrev), nil
	case opStart, opEnd:
		n := len(p.page.Edges)
		if n == 0 {
			return kg.Value{}, nil
		}
		e := &p.page.Edges[0]
		if x.op == opEnd {
			e = &p.page.Edges[n-1]
		}
		return str(string(plan.AppendCursor(nil, p.field.Binding, e.Keys)))
	case opBy:
		return str(facetName(p.field.Want.Facets[p.facet].By))
	case opKey:
		return str(p.bucket.Key)
	case opCount:
		return num(p.bucket.Count)
	case opScheme:
		return str(p.items[0])
	case opValue:
		return str(p.items[1])
	case opURL:
		if p.items[2] == "-" {
			return kg.Value{}, nil
		}
		return str(p.items[2])
	case opStatSources:
		return num(p.stats.Sources)
	case opStatUnevidenced:
		return num(p.stats.LinksWithoutEvidence)
	case opStatRefuted:
		return num(p.stats.RefutedLinks)
	case opStatUnverified:
		return num(p.stats.UnverifiedExcerpts)
	}
	return kg.Value{}, kg.Errorf(kg.Internal, "%s has no value", x.field.Name)
}

// constant reads back the text of an opConst: a number, a quoted string, a bool or null.
func constant(text string) (kg.Value, error) {
	switch {
	case text == "null":
		return kg.Value{}, nil
	case text == "true" || text == "false":
		return kg.BoolValue(text == "true"), nil
	case text != "" && text[0] == '"':
		var s string
		err := json.Unmarshal([]byte(text), &s)
		return kg.Value{Kind: kg.String, Str: s}, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return kg.IntValue(n), err
}
