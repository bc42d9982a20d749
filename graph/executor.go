package graph

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"

	"github.com/throughline/throughline/graph/model"
	"github.com/throughline/throughline/internal/kg"
)

// This file is what the generated resolvers call. They read by the same tables as write.go, a field at a time, by the
// field's alias. The generated executor answers introspection, and is what write.go is tested against.

// spot is where a resolver's object stands: the inside of a model.Value.
type spot struct {
	r     *reading
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

// found is an object that a field leads to, with the name of its type.
type found struct {
	value model.Value
	name  string
	ok    bool // there is one
}

// children are the objects a field leads to.
func (s *spot) children(x *out) (list []found, err error) {
	add := func(p place) {
		if o := x.objs.of(&p); o != nil {
			list = append(list, found{model.Value{In: &spot{s.r, o, p}}, o.name, true})
		} else {
			list = append(list, found{})
		}
	}
	p := &s.place
	if x.shape == rootShape {
		a := &s.r.answers[x.index]
		if a.err != nil {
			return nil, a.err
		}
		p = &place{}
		rootPlace(a, p)
	}
	switch x.def.shape {
	case objectShape:
		var to place
		if x.def.one(s.r, x, p, &to) {
			add(to)
		}
	case listShape:
		n, err := x.def.count(s.r, x, p)
		if err != nil {
			return nil, err
		}
		for i := range n {
			var to place
			x.def.item(s.r, x, p, i, &to)
			add(to)
		}
	default:
		return nil, kg.Errorf(kg.Internal, "%s leads to no object", x.field.Name)
	}
	return list, nil
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

// scalar reads the value of a field.
func (s *spot) scalar(x *out) (kg.Value, error) {
	switch x.shape {
	case propertyShape:
		return s.place.row.Vals[x.index], nil
	case linkPropertyShape:
		return s.place.edge.Link.Vals[x.index], nil
	case valueShape:
		v, err := x.def.value(s.r, x, &s.place)
		if err == nil && v.Kind == kg.Null && x.nonNull {
			err = kg.Errorf(kg.Internal, "%s has no value", x.field.Name)
		}
		return v, err
	}
	return kg.Value{}, kg.Errorf(kg.Internal, "%s has no value", x.field.Name)
}
