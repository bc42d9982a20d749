package graph

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline/graph/internal/bind"
	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/contract"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/operation"
	"github.com/throughline/throughline/internal/plan"
)

// This file says what a field of an answer is. Each field of the schema has one row in one table: what it adds to
// the plan, and how it is read. The tables of records are in records.go, those of lists in lists.go, of root
// fields in roots.go, and those of a question's answer in the question's file. What writes an answer, write.go and
// executor.go, knows shapes and no fields.

// shape is what a field is read as.
type shape uint8

const (
	valueShape        shape = iota // by field.value
	propertyShape                  // place.row.Vals[index]; never through its row, as most fields are properties
	linkPropertyShape              // place.edge.Link.Vals[index]; so are these
	objectShape                    // an object or none, by field.one
	listShape                      // a list of objects, by field.count and field.item
	rootShape                      // the answer of root field index, which its row reads
	typeNameShape                  // the name of the object's type
	introspectedShape              // what the generated executor says of the schema
)

// field is what one field of one type is.
type field struct {
	shape shape
	// requires is the role that a root field needs, by the schema.
	requires auth.Role
	// plan adds what the field needs to the plan, and compiles its selection. Without it nothing is added, and the
	// selection, if there is one, is on an object of the same answer.
	plan func(c *compiler, f operation.Field, at *scope, x *out)
	// start does the same for a root field that asks the store.
	start func(c *compiler, r *root, f operation.Field, x *out)
	// Of these one is set, by shape; of a list both count and item. They read from p; one and item fill in the
	// place of the object, which is empty, or an item's before.
	value func(r *reading, x *out, p *place) (kg.Value, error)
	one   func(r *reading, x *out, p, to *place) bool
	count func(r *reading, x *out, p *place) (int, error)
	item  func(r *reading, x *out, p *place, i int, to *place)
}

// table holds the fields of one type by their names, tables those of all types.
type (
	table  map[string]*field
	tables map[string]table
)

// scope is where the fields of an object add to the plan. Which parts are set depends on the object.
type scope struct {
	typ    *catalog.Type   // of a record
	sel    *selection      // of a record: what is wanted of it; of the answer of a question: of all its records
	follow *follow         // of a list, and of its edges
	types  catalog.TypeSet // of the entries of the list
	facets *facets         // of a facet, and of its buckets
	asked  *asking         // of the answer of a question
	later  *later          // of what is read later
}

// place holds what the fields of an object are read from. Which parts are set depends on the object.
type place struct {
	row   *kg.Row     // of a record
	sel   *plan.Sel   // what row's values and children are; in the answer of a question, of all its records
	page  *kg.Page    // of a list, its edges, its page info and facets
	field *plan.Field // what page answers
	edge  *kg.Edge    // of an edge
	at    any         // a pointer to what else there is: part of a question's answer, a bucket, the statistics
	i     int         // of a facet: which of page.Facets
}

// reading holds what all fields of an answer may look at.
type reading struct {
	cat     *catalog.Catalog
	answers []answer
	vars    map[string]any
	today   kg.Day
	server  *serverInfo
	who     *auth.Identity // who asks
}

// of returns what else there is at a place.
func of[T any](p *place) *T {
	t, _ := p.at.(*T)
	return t
}

// record makes it the place of a record, and reports whether there is one.
func (p *place) record(row *kg.Row, sel *plan.Sel) bool {
	p.row, p.sel = row, sel
	return row != nil && row.Type != 0
}

// valueOf returns a field that is read from a T, as are those of the functions below.
func valueOf[T any](get func(*T) kg.Value) *field {
	return &field{value: func(_ *reading, _ *out, p *place) (kg.Value, error) { return get(of[T](p)), nil }}
}

// textValue is s, also when it is empty.
func textValue(s string) kg.Value { return kg.Value{Kind: kg.String, Str: s} }

func textOf[T any](get func(*T) string) *field {
	return valueOf(func(t *T) kg.Value { return textValue(get(t)) })
}

func intOf[T any](get func(*T) int64) *field {
	return valueOf(func(t *T) kg.Value { return kg.IntValue(get(t)) })
}

func boolOf[T any](get func(*T) bool) *field {
	return valueOf(func(t *T) kg.Value { return kg.BoolValue(get(t)) })
}

func floatOf[T any](get func(*T) float64) *field {
	return valueOf(func(t *T) kg.Value { return kg.FloatValue(get(t)) })
}

// objectOf returns a field that is an object of the same answer, null when get returns nil.
func objectOf[T, E any](get func(*T) *E) *field {
	return &field{shape: objectShape, one: func(_ *reading, _ *out, p, to *place) bool {
		e := get(of[T](p))
		to.at, to.sel = e, p.sel
		return e != nil
	}}
}

// objectsOf returns a field that is a list of objects of the same answer.
func objectsOf[T, E any](get func(*T) []E) *field {
	return &field{
		shape: listShape,
		count: func(_ *reading, _ *out, p *place) (int, error) { return len(get(of[T](p))), nil },
		item:  func(_ *reading, _ *out, p *place, i int, to *place) { *to = place{at: &get(of[T](p))[i], sel: p.sel} },
	}
}

// recordOf returns a field that is a record of a question's answer, null when it is gone.
func recordOf[T any](get func(*T) *kg.Row) *field {
	return &field{shape: objectShape, plan: planRecords, one: func(_ *reading, _ *out, p, to *place) bool {
		return to.record(get(of[T](p)), p.sel)
	}}
}

// recordsOf returns a field that is a list of records of a question's answer.
func recordsOf[T any](get func(*T) []*kg.Row) *field {
	return &field{
		shape: listShape, plan: planRecords,
		count: func(_ *reading, _ *out, p *place) (int, error) { return len(get(of[T](p))), nil },
		item:  func(_ *reading, _ *out, p *place, i int, to *place) { *to = place{row: get(of[T](p))[i], sel: p.sel} },
	}
}

// planRecords has records of a question's answer read.
func planRecords(c *compiler, f operation.Field, at *scope, x *out) {
	x.objs = c.records(f, at.sel, c.cat.Entities)
}

// also returns a field that does something more when it is wanted.
func (f field) also(more func(c *compiler, at *scope)) *field {
	before := f.plan
	f.plan = func(c *compiler, sel operation.Field, at *scope, x *out) {
		more(c, at)
		switch {
		case before != nil:
			before(c, sel, at, x)
		case len(sel.Fields[0].SelectionSet) > 0:
			x.objs = c.inner(sel, at)
		}
	}
	return &f
}

// Tables that hold for all types of a name: what every connection and every edge has that has no field of that
// name of its own.
const (
	everyConnection = "Connection"
	everyEdge       = "Edge"
)

// newTables puts together the tables of a schema. Its error names the fields that nothing reads, or more than one
// thing.
func newTables(cat *catalog.Catalog, kinds []*questionKind, more ...tables) (tables, error) {
	all := []tables{listTables, recordTables, rootTables, dateTables, writingTables}
	for _, k := range kinds {
		root := "Query"
		if k.writes {
			root = "Mutation"
		}
		all = append(all, k.tables, tables{root: {k.name: k.root()}})
	}
	errs := bind.UnreadFilters(cat)
	given := tables{}
	for _, some := range append(all, more...) {
		for name, rows := range some {
			if given[name] == nil {
				given[name] = table{}
			}
			for f, row := range rows {
				if given[name][f] != nil {
					errs = append(errs, fmt.Errorf("%s.%s has two readers", name, f))
				}
				given[name][f] = row
			}
		}
	}
	done, read := tables{}, map[*field]bool{}
	for _, def := range cat.Schema.Types {
		if def.Kind != ast.Object || strings.HasPrefix(def.Name, "__") {
			continue
		}
		done[def.Name] = table{}
		for _, f := range def.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			row := given.find(cat, def, f)
			if row == nil {
				errs = append(
					errs,
					fmt.Errorf("%s.%s has no reader: nothing says where its value is", def.Name, f.Name),
				)
				continue
			}
			if err := row.fits(cat.Schema, f); err != nil {
				errs = append(errs, fmt.Errorf("%s.%s %w", def.Name, f.Name, err))
			}
			read[row] = true
			row, err := row.guarded(cat.Schema, def, f)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s.%s %w", def.Name, f.Name, err))
			}
			done[def.Name][f.Name] = row
		}
	}
	for name, rows := range given {
		for f, row := range rows {
			if !read[row] {
				errs = append(errs, fmt.Errorf("%s.%s has a reader, and the schema has no such field", name, f))
			}
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return done, errors.Join(errs...)
}

// find returns the row of a field: the one given, or what follows from the schema for records, lists, edges and
// root fields; nil for none.
func (t tables) find(cat *catalog.Catalog, def *ast.Definition, f *ast.FieldDefinition) *field {
	if row := t[def.Name][f.Name]; row != nil {
		return row
	}
	if date, ok := strings.CutSuffix(f.Name, "Parts"); ok && f.Type.NamedType == contract.DateParts {
		return datePartsOf(t.find(cat, def, def.Fields.ForName(date)))
	}
	record := cat.Type(def.Name)
	switch {
	case record != nil:
		return recordField(cat, record, f)
	case def == cat.Schema.Query:
		return rootByRule(cat, f)
	case strings.HasSuffix(def.Name, everyConnection):
		return t[everyConnection][f.Name]
	case strings.HasSuffix(def.Name, everyEdge):
		return t[everyEdge][f.Name]
	}
	return nil
}

// datePartsOf returns the field that holds a date taken apart, null when there is no date. It is planned as the date
// is.
func datePartsOf(date *field) *field {
	return &field{
		shape: objectShape,
		plan: func(c *compiler, f operation.Field, at *scope, x *out) {
			if date.plan != nil {
				date.plan(c, f, at, x)
			}
			x.objs = c.inner(f, at)
		},
		one: func(r *reading, x *out, p, to *place) bool {
			var v kg.Value
			switch date.shape {
			case propertyShape:
				v = p.row.Vals[x.index]
			case linkPropertyShape:
				v = p.edge.Link.Vals[x.index]
			default:
				v, _ = date.value(r, x, p) // no date is found out by what can fail
			}
			d := kg.PartialDate(v.Str)
			to.at = &d
			return d != ""
		},
	}
}

// dateTables are the fields of a date taken apart.
var dateTables = tables{contract.DateParts: {
	"earliest": textOf(func(d *kg.PartialDate) string {
		from, _ := d.Interval()
		return string(from.Date())
	}),
	"latest": textOf(func(d *kg.PartialDate) string {
		_, to := d.Interval()
		return string(to.Date())
	}),
	"precision": textOf(func(d *kg.PartialDate) string { return d.Precision() }),
}}

// fits reports where a field is read as something that it is not in the schema.
func (f *field) fits(schema *ast.Schema, def *ast.FieldDefinition) error {
	read, leaf := f.shape, false
	switch schema.Types[def.Type.Name()].Kind {
	case ast.Scalar, ast.Enum:
		leaf = true
	}
	switch {
	case leaf != (read == valueShape || read == propertyShape || read == linkPropertyShape):
		return errors.New("is read as an object where the schema has a value, or the other way round")
	case !leaf && (def.Type.Elem != nil) != (read == listShape):
		return errors.New("is read as one object where the schema has a list, or the other way round")
	}
	return nil
}

// guarded returns the row of a field with the role that the schema says it needs. Only root fields are held to one, and
// each of Mutation says which: what says nothing would be open to everybody.
func (f *field) guarded(schema *ast.Schema, of *ast.Definition, def *ast.FieldDefinition) (*field, error) {
	d := def.Directives.ForName(contract.Requires)
	switch {
	case d == nil && of == schema.Mutation:
		return f, errors.New("has no @requires: say which role it needs")
	case d == nil:
		return f, nil
	case of != schema.Query && of != schema.Mutation:
		return f, errors.New("has @requires, to which only fields of Query and Mutation are held")
	}
	name := d.Arguments.ForName("role").Value.Raw
	role, ok := auth.ParseRole(name)
	if !ok {
		return f, fmt.Errorf("requires the role %s, which the program does not know", name)
	}
	g := *f // other schemas have the same row
	g.requires = role
	return &g, nil
}
