package graph

import (
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline/graph/internal/bind"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/operation"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/text"
)

// This file fills the values of a request into the skeletons of compile.go.

// binder fills in the values of one root field.
type binder struct {
	bind.Binder
	vars map[string]any
}

// finish decides whether a follow is the same in every request, and binds it now if so.
func (c *compiler) finish(k *follow) {
	for _, s := range []*selection{k.node, k.link, k.because} {
		if s != nil {
			c.settle(s)
			k.dynamic = k.dynamic || s.dynamic
		}
	}
	for i := range k.facets {
		if s := k.facets[i].node; s != nil {
			c.settle(s)
			k.dynamic = k.dynamic || s.dynamic
		}
		k.dynamic = k.dynamic || variable(k.facets[i].field.Arguments)
	}
	k.dynamic = k.dynamic || variable(k.field.Arguments) || k.field.Arguments.ForName("where") != nil
	if !k.dynamic {
		b := newBinder(c.cat, 0, nil)
		f, err := b.follow(k)
		if err != nil {
			k.dynamic = true // every request is refused for it
			return
		}
		k.static = f
	}
}

func (c *compiler) settle(s *selection) {
	for _, k := range s.children {
		s.dynamic = s.dynamic || k.dynamic
	}
	if !s.dynamic {
		s.static = &plan.Sel{Props: s.props}
		for _, k := range s.children {
			s.static.Children = append(s.static.Children, k.static)
		}
	}
}

// variable reports whether any of these arguments holds a variable.
func variable(args ast.ArgumentList) bool {
	var in func(v *ast.Value) bool
	in = func(v *ast.Value) bool {
		if v.Kind == ast.Variable {
			return true
		}
		for _, c := range v.Children {
			if in(c.Value) {
				return true
			}
		}
		return false
	}
	for _, a := range args {
		if in(a.Value) {
			return true
		}
	}
	return false
}

func newBinder(cat *catalog.Catalog, root catalog.TypeSet, vars map[string]any) *binder {
	return &binder{bind.Binder{Catalog: cat, Root: root}, vars}
}

// arguments are those of a field, coerced.
func (b *binder) arguments(f *ast.Field) map[string]any {
	return operation.Arguments(b.Catalog.Schema, f, b.vars)
}

func (b *binder) sel(s *selection) (*plan.Sel, error) {
	if s == nil || s.static != nil {
		if s == nil {
			return nil, nil //nolint:nilnil // nothing is wanted
		}
		return s.static, nil
	}
	out := &plan.Sel{Props: s.props, Children: make([]*plan.Field, len(s.children))}
	for i, k := range s.children {
		f, err := b.follow(k)
		if err != nil {
			return nil, err
		}
		out.Children[i] = f
	}
	return out, nil
}

// follow fills in the values of a follow.
func (b *binder) follow(k *follow) (*plan.Field, error) {
	if k.static != nil {
		return k.static, nil
	}
	return b.with(k, b.arguments(k.field))
}

// with fills in the values of a follow, from the arguments of its field.
func (b *binder) with(k *follow, args map[string]any) (*plan.Field, error) {
	if k.static != nil {
		return k.static, nil
	}
	f := k.base // a copy
	var err error
	if k.page {
		if err = b.paging(&f, k, args, nil); err != nil {
			return nil, err
		}
	}
	if f.Follow == plan.EvidenceOf {
		f.Stance, _ = args["stance"].(string)
	}
	if w, ok := args["where"].(map[string]any); ok {
		at := k.field.Name + ".where"
		if b.On = b.Catalog.Entities; f.Follow == plan.Links {
			b.On = f.Other
		}
		if of := b.Catalog.Filtered(k.field.Definition.Arguments.ForName("where").Type.Name()); of != nil {
			b.On = b.Root
			f.Entities, err = b.RecordFilter(of, at, w, 1)
		} else {
			f.Links, err = b.LinkFilter(at, w, 1)
		}
		if err != nil {
			return nil, err
		}
	}
	if f.Node, err = b.sel(k.node); err != nil {
		return nil, err
	}
	if f.Link, err = b.sel(k.link); err != nil {
		return nil, err
	}
	if f.Because, err = b.sel(k.because); err != nil {
		return nil, err
	}
	if f.Want.Facets, err = b.facets(k.facets); err != nil {
		return nil, err
	}
	return &f, nil
}

// facets reads what the facets of a list count by.
func (b *binder) facets(list []facets) (all []plan.FacetWant, err error) {
	for i := range list {
		node, err := b.sel(list[i].node)
		if err != nil {
			return nil, err
		}
		by, _ := b.arguments(list[i].field)["by"].([]any)
		if len(by) > 8 {
			return nil, bind.Bad("facets.by", "at most 8")
		}
		for _, v := range by {
			s, _ := v.(string)
			how, ok := facetNames[s]
			if !ok {
				return nil, bind.Bad("facets.by", "there is no facet %q", s)
			}
			if how == plan.ByKind && list[i].field.Definition.Arguments.ForName("by").Type.Name() == "SourceFacet" {
				how = plan.BySourceKind
			}
			w := plan.FacetWant{By: how, Group: i}
			if how.Named() {
				w.Node = node
			}
			all = append(all, w)
		}
	}
	return all, nil
}

var facetNames = map[string]plan.FacetBy{
	"KIND":        plan.ByKind,
	"ROLE":        plan.ByRole,
	"OTHER_TYPE":  plan.ByOtherType,
	"SOURCE":      plan.BySource,
	"YEAR":        plan.ByYear,
	"TYPE":        plan.ByType,
	"THEME":       plan.ByTheme,
	"INSTITUTION": plan.ByInstitution,
	"PUBLISHER":   plan.ByPublisher,
	"AUTHOR":      plan.ByAuthor,
}

// facetName is the name a facet was asked for by.
func facetName(by plan.FacetBy) string {
	if by == plan.BySourceKind {
		by = plan.ByKind
	}
	for name, b := range facetNames {
		if b == by {
			return name
		}
	}
	return ""
}

var orderNames = map[string]plan.OrderBy{
	"NAME": plan.ByName, "DATE": plan.ByDate, "LINK_COUNT": plan.ByLinkCount, "UPDATED_AT": plan.ByUpdated,
	"PAGE_RANK": plan.ByPageRank, "BETWEENNESS": plan.ByBetweenness,
	"SINCE": plan.BySince, "UNTIL": plan.ByUntil, "SOURCE_COUNT": plan.BySourceCount,
}

// paging reads first, after, last, before and orderBy. The keys of a list's cursors are of these kinds; nil for
// those of its order.
func (b *binder) paging(f *plan.Field, k *follow, args map[string]any, kinds []kg.ValueKind) error {
	at := k.field.Name
	first, err := pageSize(at+".first", args["first"])
	if err != nil {
		return err
	}
	last, err := pageSize(at+".last", args["last"])
	if err != nil {
		return err
	}
	switch {
	case first >= 0 && last >= 0:
		return bind.Bad(at, "give first or last, not both")
	case first >= 0:
		f.Page.N, f.Page.Given = first, true
	case last >= 0:
		f.Page.N, f.Page.Given, f.Page.Backward = last, true, true
	default:
		f.Page.N = plan.DefaultPageSize
	}
	orders, _ := args["orderBy"].([]any)
	if len(orders) > 4 {
		return bind.Bad(at+".orderBy", "at most 4 keys")
	}
	f.Order = nil
	for i, o := range orders {
		m, _ := o.(map[string]any)
		name, _ := m["field"].(string)
		by, ok := orderNames[name]
		if !ok {
			return bind.Bad(bind.Nth(at+".orderBy", i), "each key needs a field")
		}
		f.Order = append(f.Order, plan.Order{By: by, Desc: m["direction"] == "DESC"})
	}
	if err := measurable(at, k.at, f.Order); err != nil {
		return err
	}
	switch {
	case kinds != nil:
	case f.Follow == plan.Derived || k.at == "Query.search":
		kinds = plan.WeightKinds()
	case f.Follow == plan.EvidenceOf:
		kinds = plan.PositionKinds()
	case len(f.Order) > 0:
		kinds = plan.KeyKinds(f.Order)
	default:
		kinds = plan.KeyKinds([]plan.Order{{By: plan.ByName}})
	}
	f.Binding = plan.Binding(k.at, f.Order)
	if s, ok := args["after"].(string); ok {
		if f.Page.After, err = plan.ParseCursor(s, f.Binding, kinds); err != nil {
			return err
		}
	}
	if s, ok := args["before"].(string); ok {
		f.Page.Before, err = plan.ParseCursor(s, f.Binding, kinds)
	}
	return err
}

// pageSize reads first or last; -1 for none.
func pageSize(at string, v any) (int, error) {
	if v == nil {
		return -1, nil
	}
	n, ok := v.(int64)
	if !ok || n < 0 || n > plan.MaxPageSize {
		return 0, bind.Bad(at, "ask for 0 to %d; take the rest with after or before", plan.MaxPageSize)
	}
	return int(n), nil
}

// query fills in the values of a root field.
func (c *compiled) query(r *root, cat *catalog.Catalog, vars map[string]any, limits *plan.Limits) (*plan.Query, error) {
	if q := r.query.Load(); q != nil {
		return q, nil
	}
	b := newBinder(cat, r.types, vars)
	q := &plan.Query{Start: r.start, Types: r.types, MaxRows: limits.MaxRows, Memo: r.memo}
	field := r.follow.field
	args := b.arguments(field)
	switch r.start {
	case plan.ByID:
		id, err := b.Text(field.Name+".id", args["id"])
		if err != nil {
			return nil, err
		}
		q.IDs = []string{id}
	case plan.ByIDs:
		list, err := bind.Items(field.Name+".ids", args["ids"], plan.MaxIDs)
		if err != nil {
			return nil, err
		}
		for i, v := range list {
			id, err := b.Text(field.Name+".ids", v)
			if err != nil {
				return nil, bind.AtEntry(err, field.Name+".ids", i)
			}
			q.IDs = append(q.IDs, id)
		}
	case plan.ByRef:
		m, _ := args["ref"].(map[string]any)
		read := b.Ref
		if r.types == 1<<cat.Source.Index {
			read = b.SourceRef
		}
		ref, err := read(field.Name+".ref", m, r.types)
		if err != nil {
			return nil, err
		}
		b.Refs = append(b.Refs, ref)
	case plan.Search:
		s, err := b.Text(field.Name+".text", args["text"])
		if err != nil {
			return nil, err
		}
		if q.Search = text.NewSearch(s); q.Search.Size() > text.MaxSearchWords {
			return nil, bind.Bad(
				field.Name+".text",
				"at most %d words, of which the rarest %d are looked for",
				text.MaxSearchWords,
				text.MaxQueryWords,
			)
		}
		if v := args["types"]; v != nil {
			if q.Types, err = b.Found(field.Name+".types", v); err != nil {
				return nil, err
			}
		}
	}
	f, err := b.with(r.follow, args)
	if err != nil {
		return nil, err
	}
	q.Root, q.Refs = *f, b.Refs
	if r.start == plan.Traced {
		q.Start = plan.ByIDs
		return q, nil
	}
	if !r.follow.dynamic && len(b.Refs) == 0 || !r.follow.dynamic && r.start == plan.ByRef {
		r.query.Store(q)
	}
	return q, nil
}
