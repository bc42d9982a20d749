package graph

import (
	"context"
	"fmt"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/throughline/throughline/graph/internal/model"
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
		if x := &s.obj.outs[i]; x.key == alias {
			if x.requires > s.r.who.Role {
				return nil, nil, forbidden(x.field.Name, x.requires, s.r.who)
			}
			return s, x, nil
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

// generate has the generated executor answer an operation. Of types that are declared in a file it knows what the
// schema says, and has no Go types: it answers introspection.
func (e *Engine) generate(
	ctx context.Context,
	r *Request,
	p *prepared,
	op *ast.OperationDefinition,
	w *writer,
) ([]byte, gqlerror.List) {
	oc := &graphql.OperationContext{
		RawQuery:           r.Query,
		Variables:          w.vars,
		OperationName:      op.Name,
		Doc:                p.doc.doc,
		Operation:          op,
		ResolverMiddleware: func(ctx context.Context, next graphql.Resolver) (any, error) { return next(ctx) },
		RootResolverMiddleware: func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
			return next(ctx)
		},
		RecoverFunc: func(ctx context.Context, p any) error {
			return e.panicked(ctx, "while answering", p)
		},
		DisableIntrospection: !e.opts.Introspection,
	}
	if w.vars == nil {
		oc.Variables = map[string]any{}
	}
	ctx = context.WithValue(ctx, rootKey{}, model.Value{In: &spot{r: &w.reading, obj: &p.compiled.object}})
	ctx = graphql.WithOperationContext(ctx, oc)
	ctx = graphql.WithResponseContext(ctx, func(ctx context.Context, err error) *gqlerror.Error {
		return e.present(ctx, err, graphql.GetPath(ctx))
	}, oc.RecoverFunc)
	answer := e.generated.Exec(ctx)(ctx)
	errs := graphql.GetErrors(ctx)
	errs = errs[:min(len(errs), w.mostErrors)]
	if answer == nil || len(answer.Data) == 0 {
		return []byte("null"), errs
	}
	return answer.Data, errs
}

// execute has the generated executor write a whole answer: tests hold it against the writer's.
func (e *Engine) execute(ctx context.Context, r *Request, p *prepared, w *writer, resp *Response) {
	began := time.Now()
	for i := range p.compiled.object.outs {
		if x := &p.compiled.object.outs[i]; x.shape == rootShape {
			for _, err := range w.answers[x.index].corrupt() {
				resp.Errors = append(resp.Errors, e.present(ctx, err, ast.Path{ast.PathName(x.key)}))
			}
		}
	}
	data, errs := e.generate(ctx, r, p, p.op, w)
	for i := range w.answers {
		if x := w.answers[i].explain; x != nil {
			x.write = time.Since(began) // of all fields: they are written side by side
		}
	}
	resp.Data, resp.Errors = data, append(resp.Errors, errs...)
	resp.Errors = resp.Errors[:min(len(resp.Errors), w.mostErrors)]
	if most := e.opts.Limits.MaxAnswer; most > 0 && len(resp.Data) > most {
		resp.Data = nil
		resp.Errors = []*gqlerror.Error{
			e.present(
				ctx,
				kg.Errorf(
					kg.CostLimit,
					"the answer has more than %d bytes; ask for smaller pages or fewer fields",
					most,
				),
				nil,
			),
		}
	}
}

// forceKey makes Do use the generated executor for everything: tests hold the two against each other.
type forceKey struct{}

func forceGenerated(ctx context.Context) bool { return ctx.Value(forceKey{}) != nil }
