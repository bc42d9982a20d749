package graph

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/throughline/throughline/graph/internal/bind"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/text"
)

// This file asks the store what has references. Of a reference that does not name one entity, the error says where it
// stands and which names are like it.

// fetchPlan has the store answer a plan.
func (e *Engine) fetchPlan(ctx context.Context, q *plan.Query) (*kg.Result, error) {
	res, err := e.opts.Store.Fetch(ctx, q)
	if err != nil {
		return nil, e.aboutRef(ctx, err, q.Refs)
	}
	return res, nil
}

// openWalk has the store open the graph to a question.
func (e *Engine) openWalk(ctx context.Context, w *plan.Walk) (store.Graph, []uint32, error) {
	g, keys, err := e.opts.Store.Walk(ctx, w)
	if err != nil {
		return nil, nil, e.aboutRef(ctx, err, w.Refs)
	}
	return g, keys, nil
}

// aboutRef returns an error of the store with what a client is told of the reference that it is about, if it is about
// one. Others may be told the same error, so it stays as it is.
func (e *Engine) aboutRef(ctx context.Context, err error, refs []plan.Ref) error {
	var of *kg.Error
	var i plan.RefError
	if !errors.As(err, &of) || !errors.As(err, &i) {
		return err
	}
	r := &refs[i]
	if of.Code == kg.NotFound {
		return e.notFound(ctx, r, i)
	}
	told := *of
	told.Details = maps.Clone(of.Details)
	told.Details["argument"] = kg.Way(r.At)
	return &told
}

// mostSuggestions is how many names an error suggests for one that names nothing.
const mostSuggestions = 3

// notFound returns the error for a reference that names nothing, with the names that are most like it.
func (e *Engine) notFound(ctx context.Context, r *plan.Ref, cause plan.RefError) error {
	cat := e.opts.Catalog
	says := fmt.Sprintf("there is no entity of this %s", named(r))
	switch {
	case r.ID != "" || r.Types == cat.Entities:
	case r.Types == 0: // the types around it leave none
		says = fmt.Sprintf("no entity of this %s can stand here", named(r))
	default:
		says = fmt.Sprintf("there is no %s of this %s", typeNames(cat, r.Types), named(r))
	}
	err := bind.About(r.At, kg.NotFound, says)
	err.Err = cause
	like, failed := e.like(ctx, r)
	if failed != nil {
		return failed
	}
	if like != nil {
		err.Details["suggestions"] = like
	}
	return err
}

// like returns the entities whose names are most like that of a reference; nil where it is by no name.
func (e *Engine) like(ctx context.Context, r *plan.Ref) ([]kg.Suggestion, error) {
	cat := e.opts.Catalog
	words := text.NewSearch(r.Name)
	if r.Name == "" || words.Size() > text.MaxSearchWords {
		return nil, nil
	}
	found, err := e.opts.Store.Fetch(ctx, &plan.Query{
		Start: plan.Search, Types: r.Types & cat.Entities, Search: words,
		Root: plan.Field{
			Page: plan.Paging{N: mostSuggestions}, Want: plan.Want{Rows: true},
			Node: &plan.Sel{Props: []*catalog.Prop{cat.Prop("id"), cat.Prop("name")}},
		},
	})
	if err != nil {
		return nil, err
	}
	like := []kg.Suggestion{}
	for i := range found.Edges {
		row := &found.Edges[i].Node
		like = append(like, kg.Suggestion{ID: row.Vals[0].Str, Type: cat.TypeAt(row.Type).Enum, Name: row.Vals[1].Str})
	}
	return like, nil
}

// named returns what a reference is by.
func named(r *plan.Ref) string {
	switch {
	case r.ID != "":
		return "id"
	case r.Name != "":
		return "name"
	case r.URL != "":
		return "url"
	}
	return "external id"
}
