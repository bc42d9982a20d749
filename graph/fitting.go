package graph

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline/graph/internal/bind"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/operation"
	"github.com/throughline/throughline/internal/plan"
)

// This file lists what fits a filter for doors that answer with files.

// fittingPage is how many entities are read at once.
const fittingPage = 10_000

// Fitting calls f with the id of each entity of some types that fits a filter. Types are named as in the schema; none
// stands for all. The filter is the text of a `where` as JSON. With one type it is the filter of that type's list, such
// as PersonFilter; otherwise it is an EntityFilter. Each page that is read has the limits of an operation.
func (e *Engine) Fitting(ctx context.Context, types []string, where string, f func(id string)) error {
	q, err := e.fitting(types, where)
	for more := true; err == nil && more; {
		more, err = e.fittingPage(ctx, q, f)
	}
	if err == nil {
		return nil
	}
	told := e.present(ctx, err, nil)
	out := kg.Errorf(kg.CodeOf(err), "%s", strings.TrimPrefix(told.Message, operation.VariablePrefix))
	delete(told.Extensions, "code")
	out.Details = told.Extensions
	return out
}

// fitting returns the plan that reads the first page.
func (e *Engine) fitting(types []string, where string) (*plan.Query, error) {
	cat := e.opts.Catalog
	b := newBinder(cat, cat.Entities, nil)
	var of *catalog.Type
	input := bind.EntityFilter
	if len(types) > 0 {
		b.Root = 0
		for _, name := range types {
			of = cat.TypeOf(name)
			b.Root |= 1 << of.Index
		}
	}
	if b.On = b.Root; len(types) != 1 {
		of = nil
	} else {
		input = of.Filter
	}
	d := json.NewDecoder(strings.NewReader(where))
	d.UseNumber()
	var given map[string]any
	if err := d.Decode(&given); err != nil || given == nil {
		return nil, bind.Bad("where", `write a filter as JSON: {"name": {"contains": "nato"}}`)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, bind.Bad("where", "there is more behind the filter")
	}
	vars, err := operation.Variables(cat.Schema, &ast.OperationDefinition{VariableDefinitions: ast.VariableDefinitionList{
		{Variable: "where", Type: ast.NonNullNamedType(input, nil)},
	}}, map[string]any{"where": given})
	if err != nil {
		return nil, err
	}
	m, _ := vars["where"].(map[string]any)
	filter, err := b.RecordFilter(of, "where", m, 1)
	if err != nil {
		return nil, err
	}
	if n, most := entityFilterCost(filter), e.opts.Limits.MaxCost; n > most {
		return nil, tooCostly(n, most, costly{})
	}
	return &plan.Query{Start: plan.Everything, Types: b.Root, Refs: b.Refs, Root: plan.Field{
		Entities: filter, Page: plan.Paging{N: fittingPage}, Want: plan.Want{Rows: true, More: true, Cursors: true},
		Node: &plan.Sel{Props: []*catalog.Prop{cat.Prop("id")}},
	}}, nil
}

// fittingPage reads a page, and turns the plan to the next one. It reports whether there is one.
func (e *Engine) fittingPage(ctx context.Context, q *plan.Query, f func(id string)) (more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, e.opts.Limits.Timeout)
	defer cancel()
	res, err := e.fetchPlan(ctx, q)
	if err != nil {
		return false, err
	}
	if res.Release != nil {
		defer res.Release()
	}
	for i := range res.Edges {
		f(strings.Clone(res.Edges[i].Node.Vals[0].Str))
	}
	if n := len(res.Edges); n > 0 && res.HasNext {
		q.Root.Page.After = nil
		for _, k := range res.Edges[n-1].Keys {
			k.Str = strings.Clone(k.Str)
			q.Root.Page.After = append(q.Root.Page.After, k)
		}
		return true, nil
	}
	return false, nil
}
