package graph

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/operation"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/text"
)

// This file fills the values of a request into the skeletons of compile.go.

// binder fills in the values of one root field.
type binder struct {
	cat   *catalog.Catalog
	vars  map[string]any
	refs  []plan.Ref
	parts int // conditions of filters so far
	// on are the types that what a filter speaks of can have: where it stands, and what is around it, says so.
	on   catalog.TypeSet
	root catalog.TypeSet // of the records the root field lists
}

// bad is the error for a value that cannot be meant; at is the way to it, from the field.
func bad(at, format string, args ...any) error {
	return about(at, kg.BadUserInput, fmt.Sprintf(format, args...))
}

// about is an error about the value at the end of this way. Programs read the way as Details["argument"].
func about(at string, code kg.Code, message string) *kg.Error {
	err := kg.Errorf(code, "%s: %s", at, message)
	err.Details = map[string]any{"argument": kg.Way(at)}
	return err
}

// atEntry turns an error about a list into one about an entry of it: the way to an entry is made for errors alone.
func atEntry(err error, list string, i int) error {
	var e *kg.Error
	if errors.As(err, &e) {
		return about(nth(list, i), e.Code, strings.TrimPrefix(e.Message, list+": "))
	}
	return err
}

// within puts the way to a value before the message of an error about it.
func within(at string, err error) error {
	var e *kg.Error
	if errors.As(err, &e) && e.Code == kg.BadUserInput {
		return about(at, e.Code, e.Message)
	}
	return err
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
		b := &binder{cat: c.cat}
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

// arguments are those of a field, coerced.
func (b *binder) arguments(f *ast.Field) map[string]any {
	return operation.Arguments(b.cat.Schema, f, b.vars)
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
		if b.on = b.cat.Entities; f.Follow == plan.Links {
			b.on = f.Other
		}
		if of := b.cat.Filtered(k.field.Definition.Arguments.ForName("where").Type.Name()); of != nil {
			b.on = b.root
			f.Entities, err = b.recordFilter(of, at, w, 1)
		} else {
			f.Links, err = b.linkFilter(at, w, 1)
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
			return nil, bad("facets.by", "at most 8")
		}
		for _, v := range by {
			s, _ := v.(string)
			how, ok := facetNames[s]
			if !ok {
				return nil, bad("facets.by", "there is no facet %q", s)
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
		return bad(at, "give first or last, not both")
	case first >= 0:
		f.Page.N, f.Page.Given = first, true
	case last >= 0:
		f.Page.N, f.Page.Given, f.Page.Backward = last, true, true
	default:
		f.Page.N = plan.DefaultPageSize
	}
	orders, _ := args["orderBy"].([]any)
	if len(orders) > 4 {
		return bad(at+".orderBy", "at most 4 keys")
	}
	f.Order = nil
	for i, o := range orders {
		m, _ := o.(map[string]any)
		name, _ := m["field"].(string)
		by, ok := orderNames[name]
		if !ok {
			return bad(nth(at+".orderBy", i), "each key needs a field")
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
		return 0, bad(at, "ask for 0 to %d; take the rest with after or before", plan.MaxPageSize)
	}
	return int(n), nil
}

// checkText refuses what no store keeps byte for byte.
func checkText(at, s string) error {
	switch {
	case len(s) > plan.MaxText:
		return bad(at, "at most %d bytes", plan.MaxText)
	case strings.IndexByte(s, 0) >= 0:
		return bad(at, "a text has no NUL character")
	case !utf8.ValidString(s):
		return bad(at, "not UTF-8")
	}
	return nil
}

func (b *binder) text(at string, v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", bad(at, "write a text")
	}
	return s, checkText(at, s)
}

func (b *binder) folded(at string, v any) (*string, error) {
	s, err := b.text(at, v)
	s = text.Fold(s)
	return &s, err
}

// items reads a list of bounded length.
func items(at string, v any, most int) ([]any, error) {
	list, _ := v.([]any)
	if len(list) > most {
		return nil, bad(at, "at most %d", most)
	}
	return list, nil
}

// nth returns the way to an entry of a list.
func nth(at string, i int) string { return at + "[" + strconv.Itoa(i) + "]" }

// given yields the fields of an input that have a value, in the order of the schema: which of two mistakes is told
// and in which order entities are named must not change from request to request. Null is as good as left out.
func (b *binder) given(input string, m map[string]any) iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for _, f := range b.cat.Schema.Types[input].Fields {
			if v := m[f.Name]; v != nil && !yield(f.Name, v) {
				return
			}
		}
	}
}

// unread is the error for a field of an input that the schema has and nothing here reads.
func unread(at string) error { return kg.Errorf(kg.Internal, "%s has no reader", at) }

// types reads a list of types of entities.
func (b *binder) types(at string, v any) (*catalog.TypeSet, error) {
	list, err := items(at, v, plan.MaxIDs)
	if err != nil {
		return nil, err
	}
	var set catalog.TypeSet
	for i, x := range list {
		t, err := b.entityType(at, x)
		if err != nil {
			return nil, atEntry(err, at, i)
		}
		set |= t
	}
	return &set, nil
}

// entityType reads a type of entities.
func (b *binder) entityType(at string, v any) (catalog.TypeSet, error) {
	s, _ := v.(string)
	switch t := b.cat.TypeOf(s); {
	case t == nil:
		return 0, bad(at, "there is no type %q", s)
	case !t.IsEntity():
		return 0, notEntity(at)
	default:
		return 1 << t.Index, nil
	}
}

// notEntity refuses the type SOURCE where only entities can stand.
func notEntity(at string) error {
	return bad(at, "SOURCE is no type of entity: search finds sources, and sources(where:) lists them")
}

// found returns the types that a search asks for.
func (b *binder) found(at string, v any) (catalog.TypeSet, error) {
	list, err := items(at, v, plan.MaxIDs)
	if err != nil {
		return 0, err
	}
	var set catalog.TypeSet
	for i, x := range list {
		t := catalog.TypeSet(1) << b.cat.Source.Index
		if x != b.cat.Source.Enum {
			if t, err = b.entityType(at, x); err != nil {
				return 0, atEntry(err, at, i)
			}
		}
		set |= t
	}
	return set, nil
}

func (b *binder) kinds(at string, v any) (*catalog.KindSet, error) {
	list, err := items(at, v, plan.MaxIDs)
	var set catalog.KindSet
	for i, x := range list {
		s, _ := x.(string)
		k := b.cat.Kind(s)
		if k == nil {
			return nil, bad(nth(at, i), "there is no kind %q", s)
		}
		set |= 1 << k.Index
	}
	return &set, err
}

// idList reads ids. The result is not nil even when there are none: nothing is one of none.
func (*binder) idList(at string, v any) ([]string, error) {
	list, err := items(at, v, plan.MaxIDs)
	if err != nil {
		return nil, err
	}
	out := make([]string, 0, len(list))
	for i, x := range list {
		s, _ := x.(string)
		if err := checkText(at, s); err != nil {
			return nil, atEntry(err, at, i)
		}
		out = append(out, s)
	}
	return out, nil
}

// externalIDs reads schemes and values, as idList reads ids.
func (b *binder) externalIDs(at string, v any) ([][2]string, error) {
	list, err := items(at, v, plan.MaxIDs)
	if err != nil {
		return nil, err
	}
	out := make([][2]string, 0, len(list))
	for i, x := range list {
		m, _ := x.(map[string]any)
		id, err := b.externalID(nth(at, i), m)
		if err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, nil
}

// externalID reads a scheme and a value as they are stored. The address says nothing in a question, and is still one.
func (b *binder) externalID(at string, m map[string]any) (id [2]string, err error) {
	if id[0], err = b.text(at+".scheme", m["scheme"]); err == nil {
		id[0] = strings.ToLower(id[0])
		id[1], err = b.text(at+".value", m["value"])
	}
	if v := m["url"]; v != nil && err == nil {
		_, err = b.text(at+".url", v)
	}
	return id, err
}

// ref reads an EntityRef: exactly one key, for literals and variables alike.
func (b *binder) ref(at string, m map[string]any, types catalog.TypeSet) (plan.Ref, error) {
	r := plan.Ref{Types: types, At: at}
	given := 0
	for key, v := range b.given("EntityRef", m) {
		given++
		var err error
		switch key {
		case "id":
			r.ID, err = b.id(at+".id", v)
		case "name":
			err = b.name(at+".name", v, &r)
		case "typedName":
			x, _ := v.(map[string]any)
			var typ catalog.TypeSet
			if typ, err = b.entityType(at+".typedName.type", x["type"]); err != nil {
				break
			}
			r.Types &= typ
			err = b.name(at+".typedName.name", x["name"], &r)
		case "externalId":
			x, _ := v.(map[string]any)
			var id [2]string
			id, err = b.externalID(at+".externalId", x)
			r.Scheme, r.Value = id[0], id[1]
		case "as":
			err = nothingAs(at)
		}
		if err != nil {
			return r, err
		}
	}
	if given != 1 || len(m) != 1 {
		return r, bad(at, "give exactly one of id, name, externalId, typedName")
	}
	return r, nil
}

// nothingAs refuses a reference to what an operation has made where there are none.
func nothingAs(at string) error {
	return bad(at+".as", "only applyChanges has operations that a name can mean")
}

// sourceRef reads a SourceRef: exactly one key, for literals and variables alike.
func (b *binder) sourceRef(at string, m map[string]any, types catalog.TypeSet) (plan.Ref, error) {
	r := plan.Ref{Types: types, At: at}
	given := 0
	for key, v := range b.given("SourceRef", m) {
		given++
		at := at + "." + key
		var err error
		switch key {
		case "id":
			r.ID, err = b.id(at, v)
		case "title":
			err = b.name(at, v, &r)
		case "url":
			if r.URL, err = b.text(at, v); err == nil && r.URL == "" {
				err = bad(at, "an address is not empty")
			}
		case "as":
			err = nothingAs(strings.TrimSuffix(at, ".as"))
		default:
			err = unread(at)
		}
		if err != nil {
			return r, err
		}
	}
	if given != 1 || len(m) != 1 {
		return r, bad(at, "give exactly one of id, title, url")
	}
	return r, nil
}

func (b *binder) id(at string, v any) (string, error) {
	id, err := b.text(at, v)
	if err == nil && id == "" {
		err = bad(at, "an id is not empty")
	}
	return id, err
}

// name reads the name that a reference is by.
func (b *binder) name(at string, v any, r *plan.Ref) (err error) {
	if r.Name, err = b.text(at, v); err != nil {
		return err
	}
	if r.NameKey = text.Fold(r.Name); r.NameKey == "" {
		return bad(at, "a name is not empty")
	}
	return nil
}

// query fills in the values of a root field.
func (c *compiled) query(r *root, cat *catalog.Catalog, vars map[string]any, limits *plan.Limits) (*plan.Query, error) {
	if q := r.query.Load(); q != nil {
		return q, nil
	}
	b := &binder{cat: cat, vars: vars, root: r.types}
	q := &plan.Query{Start: r.start, Types: r.types, MaxRows: limits.MaxRows, Memo: r.memo}
	field := r.follow.field
	args := b.arguments(field)
	switch r.start {
	case plan.ByID:
		id, err := b.text(field.Name+".id", args["id"])
		if err != nil {
			return nil, err
		}
		q.IDs = []string{id}
	case plan.ByIDs:
		list, err := items(field.Name+".ids", args["ids"], plan.MaxIDs)
		if err != nil {
			return nil, err
		}
		for i, v := range list {
			id, err := b.text(field.Name+".ids", v)
			if err != nil {
				return nil, atEntry(err, field.Name+".ids", i)
			}
			q.IDs = append(q.IDs, id)
		}
	case plan.ByRef:
		m, _ := args["ref"].(map[string]any)
		read := b.ref
		if r.types == 1<<cat.Source.Index {
			read = b.sourceRef
		}
		ref, err := read(field.Name+".ref", m, r.types)
		if err != nil {
			return nil, err
		}
		b.refs = append(b.refs, ref)
	case plan.Search:
		s, err := b.text(field.Name+".text", args["text"])
		if err != nil {
			return nil, err
		}
		if q.Search = text.NewSearch(s); q.Search.Size() > text.MaxSearchWords {
			return nil, bad(
				field.Name+".text",
				"at most %d words, of which the rarest %d are looked for",
				text.MaxSearchWords,
				text.MaxQueryWords,
			)
		}
		if v := args["types"]; v != nil {
			if q.Types, err = b.found(field.Name+".types", v); err != nil {
				return nil, err
			}
		}
	}
	f, err := b.with(r.follow, args)
	if err != nil {
		return nil, err
	}
	q.Root, q.Refs = *f, b.refs
	if r.start == plan.Traced {
		q.Start = plan.ByIDs
		return q, nil
	}
	if !r.follow.dynamic && len(b.refs) == 0 || !r.follow.dynamic && r.start == plan.ByRef {
		r.query.Store(q)
	}
	return q, nil
}
