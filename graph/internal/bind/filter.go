package bind

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// This file reads filters. Each field of a filter has one condition, found by its name, that reads its value; a field
// of the schema without one stops the start: see UnreadFilters.

// condition reads the value of one field of a filter into a filter of the plan.
type condition[F any] func(b *Binder, f *F, at string, v any, depth int) error

// read reads all fields of a filter that have a value, but those that are read before.
func read[F any](b *Binder, input, at string, m map[string]any, depth int, f *F, of func(string) condition[F],
	before ...string,
) error {
	for name, v := range b.given(input, m) {
		if slices.Contains(before, name) {
			continue
		}
		at := at + "." + name
		c := of(name)
		if c == nil {
			return unread(at)
		}
		if err := c(b, f, at, v, depth); err != nil {
			return err
		}
	}
	return nil
}

// UnreadFilters returns an error for each field of a filter that has no condition.
func UnreadFilters(cat *catalog.Catalog) (errs []error) {
	conditions := map[string]func(string) bool{
		EntityFilter:        func(n string) bool { return entityCondition(n) != nil },
		"LinkFilter":        func(n string) bool { return linkCondition(n) != nil },
		"LinkedToFilter":    func(n string) bool { return linkedCondition(n) != nil },
		"StringFilter":      func(n string) bool { return stringCondition(n) != nil },
		"IntFilter":         func(n string) bool { return numberCondition[int64](n) != nil },
		"FloatFilter":       func(n string) bool { return numberCondition[float64](n) != nil },
		"BooleanFilter":     func(n string) bool { return boolCondition(n) != nil },
		"DateTimeFilter":    func(n string) bool { return timeCondition(n) != nil },
		"PartialDateFilter": func(n string) bool { return dateCondition(n) != nil },
	}
	for _, p := range cat.Props {
		if p.Enum != nil {
			conditions[p.Type+"Filter"] = func(n string) bool { return enumCondition(n) != nil }
		}
	}
	for _, t := range append(slices.Clone(cat.Types), cat.Source) {
		def := cat.Schema.Types[t.Filter]
		if def == nil {
			continue
		}
		conditions[t.Filter] = func(n string) bool {
			if p := askedProp(t, n); p != nil {
				return def.Fields.ForName(n).Type.Name() == conditionOf(p)
			}
			return entityCondition(n) != nil
		}
	}
	for name, def := range cat.Schema.Types {
		if def.Kind != ast.InputObject || !strings.HasSuffix(name, "Filter") {
			continue
		}
		for _, f := range def.Fields {
			if has := conditions[name]; has == nil || !has(f.Name) {
				errs = append(errs, fmt.Errorf("%s.%s has no reader: nothing says what it means", name, f.Name))
			}
		}
	}
	return errs
}

// part counts a condition, and the level it stands at.
func (b *Binder) part(at string, depth int) error {
	if b.parts++; b.parts > plan.MaxFilterParts {
		return Bad(at, "a filter has at most %d conditions", plan.MaxFilterParts)
	}
	if depth > plan.MaxFilterDepth {
		return Bad(at, "a filter has at most %d levels", plan.MaxFilterDepth)
	}
	return nil
}

// each reads a list of filters. The result is not nil even when it is empty: nothing fits one of none.
func each[F any](at string, v any, read func(string, map[string]any) (F, error)) ([]F, error) {
	list, err := Items(at, v, 20)
	if err != nil {
		return nil, err
	}
	out := make([]F, 0, len(list))
	for i, x := range list {
		at := Nth(at, i)
		m, ok := x.(map[string]any)
		if !ok {
			return nil, Bad(at, "write a filter")
		}
		f, err := read(at, m)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// over has what f reads speak of these types alone.
func over[F any](b *Binder, on catalog.TypeSet, f func() (F, error)) (F, error) {
	before := b.On
	b.On = on
	defer func() { b.On = before }()
	return f()
}

// EntityFilter is the filter of entities of any type.
const EntityFilter = "EntityFilter"

// EntityFilter reads a filter of entities of any type.
func (b *Binder) EntityFilter(at string, m map[string]any, depth int) (*plan.EntityFilter, error) {
	return b.RecordFilter(nil, at, m, depth)
}

// RecordFilter reads the filter of the list of a type, or of entities of any where it is nil.
func (b *Binder) RecordFilter(of *catalog.Type, at string, m map[string]any, depth int) (*plan.EntityFilter, error) {
	if err := b.part(at, depth); err != nil {
		return nil, err
	}
	r := &filtering{EntityFilter: &plan.EntityFilter{}, of: of}
	input := EntityFilter
	if of != nil {
		input = of.Filter
	}
	if v := m["types"]; v != nil { // first: the parts beside it speak of these types alone
		defer func(before catalog.TypeSet) { b.On = before }(b.On)
		if err := entityCondition("types")(b, r, at+".types", v, depth); err != nil {
			return nil, err
		}
		b.On &= *r.Types
	}
	err := read(b, input, at, m, depth, r, func(name string) condition[filtering] {
		if p := askedProp(of, name); p != nil {
			return func(b *Binder, f *filtering, at string, v any, _ int) error {
				x, err := b.propFilter(p, at, inputOf(v))
				f.Props = append(f.Props, x)
				return err
			}
		}
		return entityCondition(name)
	}, "types")
	return r.EntityFilter, err
}

// filtering is a filter of entities that is being read.
type filtering struct {
	*plan.EntityFilter
	of *catalog.Type // whose list it filters; nil for entities of any type
}

// sub reads a part of the filter.
func (f *filtering) sub(b *Binder, depth int) func(at string, m map[string]any) (*plan.EntityFilter, error) {
	return func(at string, m map[string]any) (*plan.EntityFilter, error) {
		return b.RecordFilter(f.of, at, m, depth+1)
	}
}

// askedProp returns the property of a type that a field of its filter asks for; nil for a field that filters of all
// types have.
func askedProp(of *catalog.Type, name string) *catalog.Prop {
	if of == nil {
		return nil
	}
	return of.Asked(name)
}

func entityCondition(name string) condition[filtering] {
	switch name {
	case "and":
		return func(b *Binder, f *filtering, at string, v any, depth int) (err error) {
			f.And, err = each(at, v, f.sub(b, depth))
			return err
		}
	case "or":
		return func(b *Binder, f *filtering, at string, v any, depth int) (err error) {
			f.Or, err = each(at, v, f.sub(b, depth))
			return err
		}
	case "not":
		return func(b *Binder, f *filtering, at string, v any, depth int) (err error) {
			f.Not, err = f.sub(b, depth)(at, inputOf(v))
			return err
		}
	case "ids":
		return func(b *Binder, f *filtering, at string, v any, _ int) (err error) {
			f.IDs, err = b.IDs(at, v)
			return err
		}
	case "externalIds":
		return func(b *Binder, f *filtering, at string, v any, _ int) (err error) {
			f.ExternalIDs, err = b.externalIDs(at, v)
			return err
		}
	case "types":
		return func(b *Binder, f *filtering, at string, v any, _ int) (err error) {
			f.Types, err = b.Types(at, v)
			return err
		}
	case "name":
		return func(b *Binder, f *filtering, at string, v any, _ int) (err error) {
			f.Name, err = b.stringFilter(at, inputOf(v))
			return err
		}
	case "text":
		return func(b *Binder, f *filtering, at string, v any, _ int) (err error) {
			f.Text, err = b.stringFilter(at, inputOf(v))
			return err
		}
	case "date":
		return func(b *Binder, f *filtering, at string, v any, _ int) (err error) {
			f.Date, err = b.DateFilter(at, inputOf(v))
			return err
		}
	case "linkedTo":
		return func(b *Binder, f *filtering, at string, v any, depth int) (err error) {
			f.LinkedTo, err = b.linkedTo(at, inputOf(v), depth+1)
			return err
		}
	case "linkCount":
		return func(b *Binder, f *filtering, at string, v any, _ int) (err error) {
			f.LinkCount, err = numberFilter[int64](b, "IntFilter", at, inputOf(v))
			return err
		}
	case "createdAt":
		return func(b *Binder, f *filtering, at string, v any, _ int) (err error) {
			f.Created, err = b.timeFilter(at, inputOf(v))
			return err
		}
	case "updatedAt":
		return func(b *Binder, f *filtering, at string, v any, _ int) (err error) {
			f.Updated, err = b.timeFilter(at, inputOf(v))
			return err
		}
	}
	return nil
}

// conditionOf is the input that a condition on a property is of.
func conditionOf(p *catalog.Prop) string {
	switch {
	case p.Enum != nil:
		return p.Type + "Filter"
	case p.Kind == catalog.Date:
		return "PartialDateFilter"
	case p.Kind == catalog.Int:
		return "IntFilter"
	case p.Kind == catalog.Float:
		return "FloatFilter"
	case p.Kind == catalog.Bool:
		return "BooleanFilter"
	}
	return "StringFilter"
}

// propFilter reads a condition on a property.
func (b *Binder) propFilter(p *catalog.Prop, at string, m map[string]any) (f *plan.PropFilter, err error) {
	f = &plan.PropFilter{Prop: p}
	switch input := conditionOf(p); input {
	case "PartialDateFilter":
		f.Date, err = b.DateFilter(at, m)
	case "IntFilter":
		f.Int, err = numberFilter[int64](b, input, at, m)
	case "FloatFilter":
		f.Float, err = numberFilter[float64](b, input, at, m)
	case "BooleanFilter":
		f.Bool = &plan.BoolFilter{}
		err = read(b, input, at, m, 0, f.Bool, boolCondition)
	case "StringFilter":
		f.Text, err = b.stringFilter(at, m)
	default:
		f.Text = &plan.StringFilter{}
		err = read(b, input, at, m, 0, f.Text, enumCondition)
	}
	return f, err
}

// linking is a LinkedTo that is being read.
type linking struct {
	*plan.LinkedTo
	from, others catalog.TypeSet // what it filters, and what can be at the other end
}

func (b *Binder) linkedTo(at string, m map[string]any, depth int) (*plan.LinkedTo, error) {
	if err := b.part(at, depth); err != nil {
		return nil, err
	}
	f := &linking{LinkedTo: &plan.LinkedTo{Ref: -1}, from: b.On}
	if f.from.Has(b.Catalog.Source.Index) {
		f.from = b.Catalog.Entities // what rests on a source touches entities of any type
	}
	f.others = b.Catalog.Ends(b.Catalog.AllKinds(), f.from, true, true)
	if v := m["link"]; v != nil { // first: it says what can be at the other end
		if err := linkedCondition("link")(b, f, at+".link", v, depth); err != nil {
			return nil, err
		}
	}
	return f.LinkedTo, read(b, "LinkedToFilter", at, m, depth, f, linkedCondition, "link")
}

func linkedCondition(name string) condition[linking] {
	switch name {
	case "link":
		return func(b *Binder, f *linking, at string, v any, depth int) (err error) {
			f.Link, err = over(b, f.others, func() (*plan.LinkFilter, error) { return b.LinkFilter(at, inputOf(v), depth+1) })
			if err != nil {
				return err
			}
			if f.Kinds = f.Link.Kinds; f.Kinds != nil { // stores have links by their kind
				f.others = b.Catalog.Ends(*f.Kinds, f.from, true, true)
				if _, only := f.Link.OnlyKinds(); only {
					f.Link = nil
				} else {
					f.Link.Kinds = nil
				}
			}
			return nil
		}
	case "entity":
		return func(b *Binder, f *linking, at string, v any, _ int) error {
			f.Ref = len(b.Refs)
			err := b.Entity(at, v)
			b.Refs[f.Ref] = b.Refs[f.Ref].Among(f.others)
			return err
		}
	case "where":
		return func(b *Binder, f *linking, at string, v any, depth int) (err error) {
			f.Where, err = over(b, f.others,
				func() (*plan.EntityFilter, error) { return b.EntityFilter(at, inputOf(v), depth+1) })
			return err
		}
	}
	return nil
}

// LinkFilter reads a filter of links, at a depth that is 1 for the outermost.
func (b *Binder) LinkFilter(at string, m map[string]any, depth int) (*plan.LinkFilter, error) {
	if err := b.part(at, depth); err != nil {
		return nil, err
	}
	f := &plan.LinkFilter{}
	if v := m["kinds"]; v != nil { // first: the other end is of a type that these kinds lead to
		if err := linkCondition("kinds")(b, f, at+".kinds", v, depth); err != nil {
			return nil, err
		}
		defer func(before catalog.TypeSet) { b.On = before }(b.On)
		b.On &= b.Catalog.Ends(*f.Kinds, b.Catalog.Entities, true, true)
	}
	return f, read(b, "LinkFilter", at, m, depth, f, linkCondition, "kinds")
}

// subLink reads a part of a filter of links.
func (b *Binder) subLink(depth int) func(at string, m map[string]any) (*plan.LinkFilter, error) {
	return func(at string, m map[string]any) (*plan.LinkFilter, error) { return b.LinkFilter(at, m, depth+1) }
}

func linkCondition(name string) condition[plan.LinkFilter] {
	switch name {
	case "and":
		return func(b *Binder, f *plan.LinkFilter, at string, v any, depth int) (err error) {
			f.And, err = each(at, v, b.subLink(depth))
			return err
		}
	case "or":
		return func(b *Binder, f *plan.LinkFilter, at string, v any, depth int) (err error) {
			f.Or, err = each(at, v, b.subLink(depth))
			return err
		}
	case "not":
		return func(b *Binder, f *plan.LinkFilter, at string, v any, depth int) (err error) {
			f.Not, err = b.subLink(depth)(at, inputOf(v))
			return err
		}
	case "ids":
		return func(b *Binder, f *plan.LinkFilter, at string, v any, _ int) (err error) {
			f.IDs, err = b.IDs(at, v)
			return err
		}
	case "kinds":
		return func(b *Binder, f *plan.LinkFilter, at string, v any, _ int) (err error) {
			f.Kinds, err = b.Kinds(at, v)
			return err
		}
	case "role":
		return func(b *Binder, f *plan.LinkFilter, at string, v any, _ int) (err error) {
			f.Role, err = b.stringFilter(at, inputOf(v))
			return err
		}
	case "other":
		return func(b *Binder, f *plan.LinkFilter, at string, v any, depth int) (err error) {
			f.Other, err = b.EntityFilter(at, inputOf(v), depth+1)
			return err
		}
	case "asOf":
		return func(_ *Binder, f *plan.LinkFilter, at string, v any, _ int) (err error) {
			f.AsOf, err = asOf(at, v)
			return err
		}
	case "during":
		return func(b *Binder, f *plan.LinkFilter, at string, v any, _ int) (err error) {
			f.During, err = b.DateFilter(at, inputOf(v))
			return err
		}
	case "sources":
		return func(b *Binder, f *plan.LinkFilter, at string, v any, _ int) (err error) {
			f.Sources, err = b.IDs(at, v)
			return err
		}
	case "minSources":
		return func(_ *Binder, f *plan.LinkFilter, _ string, v any, _ int) error {
			n, _ := v.(int64)
			f.MinSources = &n
			return nil
		}
	case "standings":
		return func(_ *Binder, f *plan.LinkFilter, at string, v any, _ int) (err error) {
			f.Standing, err = standings(at, v)
			return err
		}
	case "verified":
		return func(_ *Binder, f *plan.LinkFilter, _ string, v any, _ int) error {
			f.Verified = truth(v)
			return nil
		}
	case "createdAt":
		return func(b *Binder, f *plan.LinkFilter, at string, v any, _ int) (err error) {
			f.Created, err = b.timeFilter(at, inputOf(v))
			return err
		}
	case "updatedAt":
		return func(b *Binder, f *plan.LinkFilter, at string, v any, _ int) (err error) {
			f.Updated, err = b.timeFilter(at, inputOf(v))
			return err
		}
	}
	return nil
}

// standings reads a list of them. The result is not nil even when there are none.
func standings(at string, v any) ([]kg.Standing, error) {
	list, err := Items(at, v, plan.MaxIDs)
	if err != nil {
		return nil, err
	}
	out := make([]kg.Standing, 0, len(list))
	for i, x := range list {
		name, _ := x.(string)
		s, ok := kg.ParseStanding(name)
		if !ok {
			return nil, Bad(Nth(at, i), "there is no standing %q", name)
		}
		out = append(out, s)
	}
	return out, nil
}

func truth(v any) *bool {
	is, _ := v.(bool)
	return &is
}

func (b *Binder) timeFilter(at string, m map[string]any) (*plan.TimeFilter, error) {
	f := &plan.TimeFilter{}
	return f, read(b, "DateTimeFilter", at, m, 0, f, timeCondition)
}

func timeCondition(name string) condition[plan.TimeFilter] {
	switch name {
	case "after":
		return func(b *Binder, f *plan.TimeFilter, at string, v any, _ int) (err error) {
			f.After, err = b.Instant(at, v)
			return err
		}
	case "before":
		return func(b *Binder, f *plan.TimeFilter, at string, v any, _ int) (err error) {
			f.Before, err = b.Instant(at, v)
			return err
		}
	}
	return nil
}

// Instant reads a DateTime as milliseconds.
func (b *Binder) Instant(at string, v any) (*int64, error) {
	s, err := b.Text(at, v)
	if err != nil {
		return nil, err
	}
	t, err := kg.ParseTime(s)
	if err != nil {
		return nil, within(at, err)
	}
	ms := t.UnixMilli()
	return &ms, nil
}

func (b *Binder) stringFilter(at string, m map[string]any) (*plan.StringFilter, error) {
	f := &plan.StringFilter{}
	return f, read(b, "StringFilter", at, m, 0, f, stringCondition)
}

func stringCondition(name string) condition[plan.StringFilter] {
	switch name {
	case "eq":
		return func(b *Binder, f *plan.StringFilter, at string, v any, _ int) (err error) {
			f.Eq, err = b.folded(at, v)
			return err
		}
	case "contains":
		return func(b *Binder, f *plan.StringFilter, at string, v any, _ int) (err error) {
			f.Contains, err = b.folded(at, v)
			return err
		}
	case "startsWith":
		return func(b *Binder, f *plan.StringFilter, at string, v any, _ int) (err error) {
			f.StartsWith, err = b.folded(at, v)
			return err
		}
	case "in":
		return func(b *Binder, f *plan.StringFilter, at string, v any, _ int) error {
			list, err := Items(at, v, plan.MaxIDs)
			if err != nil {
				return err
			}
			f.In = make([]string, 0, len(list))
			for i, x := range list {
				s, err := b.folded(at, x)
				if err != nil {
					return AtEntry(err, at, i)
				}
				f.In = append(f.In, *s)
			}
			return nil
		}
	case "isNull":
		return func(_ *Binder, f *plan.StringFilter, _ string, v any, _ int) error {
			f.IsNull = truth(v)
			return nil
		}
	}
	return nil
}

// enumCondition reads a filter of the values of an enum, which are what they are.
func enumCondition(name string) condition[plan.StringFilter] {
	switch name {
	case "eq":
		return func(_ *Binder, f *plan.StringFilter, _ string, v any, _ int) error {
			s, _ := v.(string)
			f.Eq = &s
			return nil
		}
	case "in":
		return func(_ *Binder, f *plan.StringFilter, at string, v any, _ int) error {
			list, err := Items(at, v, plan.MaxIDs)
			f.In = make([]string, 0, len(list))
			for _, x := range list {
				s, _ := x.(string)
				f.In = append(f.In, s)
			}
			return err
		}
	case "isNull":
		return stringCondition(name)
	}
	return nil
}

func numberFilter[N int64 | float64](b *Binder, input, at string, m map[string]any) (*plan.NumberFilter[N], error) {
	f := &plan.NumberFilter[N]{}
	return f, read(b, input, at, m, 0, f, numberCondition[N])
}

func numberCondition[N int64 | float64](name string) condition[plan.NumberFilter[N]] {
	switch name {
	case "eq":
		return func(_ *Binder, f *plan.NumberFilter[N], _ string, v any, _ int) error {
			f.Eq = numberOf[N](v)
			return nil
		}
	case "gte":
		return func(_ *Binder, f *plan.NumberFilter[N], _ string, v any, _ int) error {
			f.Gte = numberOf[N](v)
			return nil
		}
	case "lte":
		return func(_ *Binder, f *plan.NumberFilter[N], _ string, v any, _ int) error {
			f.Lte = numberOf[N](v)
			return nil
		}
	case "isNull":
		return func(_ *Binder, f *plan.NumberFilter[N], _ string, v any, _ int) error {
			f.IsNull = truth(v)
			return nil
		}
	}
	return nil
}

func numberOf[N int64 | float64](v any) *N {
	n, _ := v.(N)
	return &n
}

func boolCondition(name string) condition[plan.BoolFilter] {
	switch name {
	case "eq":
		return func(_ *Binder, f *plan.BoolFilter, _ string, v any, _ int) error {
			f.Eq = truth(v)
			return nil
		}
	case "isNull":
		return func(_ *Binder, f *plan.BoolFilter, _ string, v any, _ int) error {
			f.IsNull = truth(v)
			return nil
		}
	}
	return nil
}

// DateFilter reads a filter of dates.
func (b *Binder) DateFilter(at string, m map[string]any) (*plan.DateFilter, error) {
	f := &plan.DateFilter{From: kg.MinDay, To: kg.MaxDay}
	if err := read(b, "PartialDateFilter", at, m, 0, f, dateCondition); err != nil {
		return nil, err
	}
	if f.From > f.To {
		return nil, Bad(at, "it ends before it begins: from is after to")
	}
	return f, nil
}

func dateCondition(name string) condition[plan.DateFilter] {
	switch name {
	case "from":
		return func(_ *Binder, f *plan.DateFilter, at string, v any, _ int) (err error) {
			f.From, _, err = days(at, v)
			f.Bounded = true
			return err
		}
	case "to":
		return func(_ *Binder, f *plan.DateFilter, at string, v any, _ int) (err error) {
			_, f.To, err = days(at, v)
			f.Bounded = true
			return err
		}
	case "match":
		return func(_ *Binder, f *plan.DateFilter, _ string, v any, _ int) error {
			f.Certain = v == "CERTAIN"
			return nil
		}
	case "isNull":
		return func(_ *Binder, f *plan.DateFilter, _ string, v any, _ int) error {
			f.IsNull = truth(v)
			return nil
		}
	}
	return nil
}

// days reads a date as its first and last day.
func days(at string, v any) (from, to kg.Day, err error) {
	s, ok := v.(string)
	if !ok {
		return 0, 0, noDate(at, v)
	}
	d, err := kg.ParseDate(s)
	if err != nil {
		return 0, 0, within(at, err)
	}
	from, to = d.Interval()
	return from, to, nil
}

// noDate is the error for what is no text where a date stands, such as a year as a number.
func noDate(at string, v any) error {
	is, err := json.Marshal(v)
	if err != nil {
		is = nil
	}
	said := kg.Clip(string(is), 60)
	if _, err := kg.ParseDate(said); err == nil {
		return Bad(at, "%s is a number and no date: write it as text, %q", said, said)
	}
	return Bad(at, "%s is no date: write it as text, \"2021\", \"2021-02\" or \"2021-02-25\"", said)
}

// asOf reads a date as the interval of its days.
func asOf(at string, v any) (*plan.DateFilter, error) {
	from, to, err := days(at, v)
	return &plan.DateFilter{From: from, To: to, Bounded: true}, err
}
