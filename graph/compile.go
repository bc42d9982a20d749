package graph

import (
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/operation"
	"github.com/throughline/throughline/internal/plan"
)

// This file compiles an operation. Each root field becomes two things: the skeleton of a plan, into which bind.go puts
// the values of a request, and the list of fields to write, by which write.go reads the store's result. Both depend on
// the document alone, and on the variables of @skip and @include. What a field adds to the plan stands in its row of
// a table: see field.go.

// out is one field of an answer.
type out struct {
	key     string
	quoted  string // the key as it is written behind another: ,"key":
	shape   shape
	index   int   // of the value, the child or the part that def reads
	more    []int // indexes of further values that def reads
	def     *field
	objs    *objects // of fields that have a selection
	field   *ast.Field
	later   *later // of fields that are read later
	nonNull bool
	items   bool // whether the items of a list may not be null
	// requires is the role that a root field needs.
	requires auth.Role
}

// object lists the fields to write of an object of one type.
type object struct {
	name  string
	outs  []out
	later bool // one of the fields is read later, or what it leads to has one that is
}

// objects lists the fields to write of an object whose type is known only with its record.
type objects struct {
	one    *object
	byType []*object // by kg.Row.Type; nil where one stands for all
	// other is the object of a value that is no record, such as a community; change is that of a change.
	other, change *object
	// among has the objects of something that is no record and may be of several types, a user error, by the name of
	// the type; see userErrorList.
	among map[string]*object
}

// of returns what is written of the object at a place; nil for a record that is none, or of a type that cannot
// stand there.
func (o *objects) of(p *place) *object {
	switch {
	case o.one != nil:
		return o.one
	case o.among != nil:
		x, _ := p.at.(interface{ among() string })
		return o.among[x.among()]
	case p.row == nil && of[kg.Change](p) != nil:
		return o.change
	case p.row == nil:
		return o.other
	case p.row.Type != 0 && int(p.row.Type) < len(o.byType):
		return o.byType[p.row.Type]
	}
	return nil
}

// selection is the skeleton of a plan.Sel.
type selection struct {
	props    []*catalog.Prop
	children []*follow
	leaves   int
	dynamic  bool
	static   *plan.Sel // when not dynamic
	shared   map[*ast.Field]int
	later    []*later
}

// prop is the index of a property in the selection.
func (s *selection) prop(p *catalog.Prop) int {
	if i := slices.Index(s.props, p); i >= 0 {
		return i
	}
	s.props = append(s.props, p)
	return len(s.props) - 1
}

// follow is the skeleton of a plan.Field.
type follow struct {
	base    plan.Field // the parts that hold no values of the request
	field   *ast.Field // whose arguments are read
	at      string     // "Person.affiliations": what cursors are bound to
	page    bool       // first, after, last, before
	node    *selection
	link    *selection
	because *selection
	facets  []facets
	dynamic bool
	static  *plan.Field
	// of a child that several types share
	objs   *objects
	fields []*ast.Field
}

// root is one root field.
type root struct {
	out    out
	start  plan.Start
	types  catalog.TypeSet
	follow *follow
	// query is the plan, when no value of it changes between requests.
	query atomic.Pointer[plan.Query]
	memo  *plan.Memo
	asked *asking // of plan.Traced
	// version says that the statistics are to name the version of the graph, versionOnly that nothing else of them is
	// wanted.
	version, versionOnly bool
	// instead answers `node` where the id is that of no record, by the prefix of the id; nil for other fields.
	instead map[string]*root
	// later are the fields within it that are read later.
	later []*later
}

// compiled is an operation, compiled for one setting of the variables that steer it.
type compiled struct {
	object object // of the root; out.index of a root field is into roots
	roots  []*root
	// inOrder says that the root fields are answered one after the other, as those of a mutation are.
	inOrder bool
	// introspection are the fields that ask for the schema, which the generated executor answers.
	introspection ast.SelectionSet
}

// compiler compiles one operation.
type compiler struct {
	cat  *catalog.Catalog
	from operation.Selections
	eng  *Engine
	// texts reports whether the texts of sources are read.
	texts bool
	// fields is how many were compiled so far.
	fields int
	// root is the root field that is being compiled, later what within it is read later.
	root  int
	later []*later
}

// tooLarge ends the compilation of an operation that comes to too many fields.
type tooLarge struct{}

// bounded compiles an operation, unless it is too large.
func (c *compiler) bounded(o *ast.OperationDefinition) (done *compiled, err error) {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(tooLarge); !ok {
				panic(p)
			}
			err = kg.Errorf(
				kg.CostLimit,
				"the operation has more than %d fields, those of each type that one can lead to counted; "+
					"ask for less at once",
				maxCompiled,
			)
		}
	}()
	return c.operation(o), nil
}

// newOut begins a field of an answer.
func (c *compiler) newOut(f operation.Field) out {
	if c.fields++; c.fields > maxCompiled {
		panic(tooLarge{})
	}
	x := out{key: f.Key, quoted: "," + strconv.Quote(f.Key) + ":", field: f.Fields[0]}
	if f.Definition != nil {
		t := f.Definition.Type
		x.nonNull, x.items = t.NonNull, t.Elem != nil && t.Elem.NonNull
	}
	return x
}

// rootType returns the type whose fields an operation asks for; nil where the schema has none.
func rootType(schema *ast.Schema, kind ast.Operation) *ast.Definition {
	switch kind {
	case ast.Mutation:
		return schema.Mutation
	case ast.Subscription:
		return schema.Subscription
	}
	return schema.Query
}

// operation compiles the root fields.
func (c *compiler) operation(o *ast.OperationDefinition) *compiled {
	on := rootType(c.cat.Schema, o.Operation)
	done := &compiled{object: object{name: on.Name}, inOrder: o.Operation == ast.Mutation}
	for _, f := range c.from.Collect(on, o.SelectionSet) {
		x := c.newOut(f)
		name := f.Fields[0].Name
		def := c.eng.tables[on.Name][name]
		if def != nil {
			x.requires = def.requires
		}
		switch {
		case name == "__typename":
			x.shape, x.nonNull = typeNameShape, true
		case def == nil: // __schema and __type: validation lets no other pass
			x.shape = introspectedShape
			for _, field := range f.Fields {
				done.introspection = append(done.introspection, field)
			}
		case def.start == nil:
			c.field(f, def, &scope{}, &x)
		default:
			r := &root{memo: &plan.Memo{}, follow: &follow{field: f.Fields[0], at: on.Name + "." + name}}
			x.def, x.shape, x.index = def, rootShape, len(done.roots)
			c.root, c.later = x.index, nil
			def.start(c, r, f, &x)
			c.finish(r.follow)
			r.out, r.later = x, c.later
			for _, other := range r.instead {
				other.out, other.later = x, c.later
			}
			done.roots = append(done.roots, r)
		}
		done.object.outs = append(done.object.outs, x)
	}
	return done
}

// object compiles the selection on an object.
func (c *compiler) object(def *ast.Definition, s []ast.SelectionSet, at *scope) *object {
	obj := &object{name: def.Name}
	for _, f := range c.from.Collect(def, s...) {
		x := c.newOut(f)
		if name := f.Fields[0].Name; name == "__typename" {
			x.shape, x.nonNull = typeNameShape, true
		} else {
			c.field(f, c.eng.tables[def.Name][name], at, &x)
		}
		obj.outs = append(obj.outs, x)
		obj.later = obj.later || x.later != nil || x.objs.reads()
	}
	return obj
}

// field compiles a field by its row.
func (c *compiler) field(f operation.Field, def *field, at *scope, x *out) {
	x.def, x.shape = def, def.shape
	switch {
	case def.plan != nil:
		def.plan(c, f, at, x)
	case len(f.Fields[0].SelectionSet) > 0:
		x.objs = c.inner(f, at)
	}
}

// target returns the type that a field leads to.
func (c *compiler) target(f operation.Field) *ast.Definition {
	return c.cat.Schema.Types[f.Definition.Type.Name()]
}

// inner compiles the selection of a field that leads to objects which are no records.
func (c *compiler) inner(f operation.Field, at *scope) *objects {
	return &objects{one: c.object(c.target(f), f.Sets(), at)}
}

// records compiles the selection of a field that leads to records of some of these types.
func (c *compiler) records(f operation.Field, sel *selection, types catalog.TypeSet) *objects {
	def, s := c.target(f), f.Sets()
	if def.Kind == ast.Object {
		return &objects{one: c.record(c.cat.Type(def.Name), s, sel)}
	}
	if def.Kind == ast.Union {
		var of catalog.TypeSet
		for _, name := range def.Types {
			of |= 1 << c.cat.Type(name).Index
		}
		types &= of
	}
	o := &objects{byType: make([]*object, c.cat.Evidence.Index+1)}
	before, most := sel.leaves, 0
	for i := uint8(1); i <= c.cat.Evidence.Index; i++ {
		if types.Has(i) {
			sel.leaves = before
			o.byType[i] = c.record(c.cat.TypeAt(i), s, sel)
			most = max(most, sel.leaves-before)
		}
	}
	sel.leaves = before + most // a record is of one type
	return o
}

// record compiles the selection on records of one type.
func (c *compiler) record(t *catalog.Type, s []ast.SelectionSet, sel *selection) *object {
	obj := c.object(c.cat.Schema.Types[t.Name], s, &scope{typ: t, sel: sel})
	sel.leaves += len(obj.outs)
	return obj
}
