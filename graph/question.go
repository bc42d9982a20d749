package graph

import (
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/operation"
	"github.com/throughline/throughline/internal/plan"
)

// This file says what a question is: a root field that searches or measures the graph. Each is one file, with a
// type that binds the arguments, says what it costs, finds the answer and describes itself, and with the tables of
// the fields of its answer. A search finds ids; then one Fetch reads all records of the answer, whatever their
// type, by one selection that holds what any place of the answer wants of them: see read.go.

// questionKinds returns the root fields that ask a question. To add one, write its file and name it here.
func questionKinds() []*questionKind {
	return []*questionKind{
		pathsKind,
		matchKind,
		subgraphKind,
		timelineKind,
		compareKind,
		coParticipationKind,
		centralityKind,
		communitiesKind,
		unverifiedKind,
		asRecordedKind,
		changesKind,
		changeKindOf("change"),
		duplicatesKind,
	}
}

// questionKind is one of the root fields that ask a question.
type questionKind struct {
	name string
	// begin returns a question whose arguments are yet to be read.
	begin func() question
	// tables are the fields of its answer.
	tables tables
	// props are what the answer needs of its records, whatever is selected; nil for nothing but ids.
	props func(cat *catalog.Catalog) []string
	// whole says that the question is about the whole graph: it needs no walk from an entity, and costs what a
	// measure does.
	whole bool
	// writes says that its root field is one of Mutation: it needs no walk, and is answered when all before it are.
	writes bool
	// logged says that the log answers: it needs no walk. looks says that much of the log may be looked at for it, or
	// of the links at an entity, so that it waits and costs as a search does.
	logged, looks bool
	// flat says that a record counts one in the cost, with all its own fields.
	flat bool
	// bound is the argument that bounds the answer, `first` unless it is set.
	bound string
}

// question is a root field that asks a question, with its values. What a question has nothing of its own to say
// about, asked says.
type question interface {
	base() *asked
	// bind reads the arguments but `where`. Entities that they name are read by binder.entities, before any filter.
	bind(b *binder, args map[string]any) error
	// bindFilters reads filters that stand within other arguments.
	bindFilters(b *binder) error
	// records is about how many records the answer has.
	records() int
	// filterCost is the cost of the filters.
	filterCost() int
	// answer finds the answer, and returns what its fields are read from.
	answer(x *search) (place, error)
	// describe returns the values of the arguments in words, and lines about the steps it takes.
	describe(d *describer) (how []string, steps []string)
}

// asking is a root field that asks a question, compiled.
type asking struct {
	kind  *questionKind
	field *ast.Field
	list  *follow // of an answer that is a list
	sel   *selection
	// evidence is the index of the child that reads the evidence of links, -1 where it is not wanted; sources is
	// what is wanted of its sources.
	evidence int
	sources  *selection
	// parts are the fields of the answer that have arguments of their own.
	parts []part
	// links says that the answer needs its links, nearMiss that it needs the nearest miss of a search for paths.
	links, nearMiss bool
	// ids says that the answer needs the ids of communities.
	ids bool
	// several says that a payload may name several records, and duplicates that it is to name those that a record which
	// is made may be.
	several, duplicates bool
}

// part is a list of an answer that has arguments of its own.
type part struct {
	field *ast.Field
	list  *follow
}

// asked is what all questions have.
type asked struct {
	*asking
	window
	walk plan.Walk
	// limits are those of the operation, now is when it began.
	limits *plan.Limits
	now    time.Time
}

// window is which part of a list is asked for, and what its cursors are bound to.
type window struct {
	page    plan.Paging
	binding uint32
}

func (q *asked) base() *asked { return q }

func (*asked) bindFilters(*binder) error { return nil }

func (*asked) records() int { return 2 * plan.DefaultPageSize }

func (q *asked) filterCost() int { return linkFilterCost(q.walk.Links) }

func (*asked) describe(*describer) (how, steps []string) { return nil, nil }

// entries is how many entries a page is asked for, n when the request does not say.
func (q *window) entries(n int) int {
	if q.page.Given {
		return q.page.N
	}
	return n
}

// noField stands for the field of a follow that no document has.
var noField = &ast.Field{Definition: &ast.FieldDefinition{}}

// root returns the row of the root field.
func (k *questionKind) root() *field {
	return &field{shape: objectShape, one: readRoot, start: func(c *compiler, r *root, f operation.Field, x *out) {
		x.objs = &objects{one: k.compile(c, r, f, c.target(f))}
	}}
}

// compile makes a root field ask the question, and returns what is written of its answer, an object of type def.
func (k *questionKind) compile(c *compiler, r *root, f operation.Field, def *ast.Definition) *object {
	a := &asking{kind: k, field: f.Fields[0], sel: &selection{}, evidence: -1}
	r.start, r.types, r.asked = plan.Traced, anyRecord(c.cat), a
	a.list = &follow{field: a.field, at: r.follow.at, node: a.sel, link: a.sel}
	r.follow.node, r.follow.field = a.sel, noField // the arguments are the question's
	a.sel.prop(c.cat.Prop("id"))
	if k.props != nil {
		for _, name := range k.props(c.cat) {
			a.sel.prop(c.cat.Prop(name))
		}
	}
	written := c.object(def, f.Sets(), &scope{asked: a, sel: a.sel, follow: a.list, types: c.cat.Entities})
	if k.flat {
		a.sel.leaves = 0
	}
	if a.evidence >= 0 { // everything that is wanted of the sources is known
		pieces := a.sel.children[a.evidence]
		c.finish(pieces.node.children[0])
		c.finish(pieces)
	}
	return written
}

// part adds a list of the answer that has arguments of its own, and returns its index. Its cursors are bound to at,
// such as Community.members.
func (a *asking) part(f operation.Field, at string) int {
	a.parts = append(a.parts, part{f.Fields[0], &follow{field: f.Fields[0], at: at, node: a.sel, link: a.sel}})
	return len(a.parts) - 1
}

// planListPart returns how a list is planned that is a field of an answer; at is what its cursors are bound to.
func planListPart(where string) func(c *compiler, f operation.Field, at *scope, x *out) {
	return func(c *compiler, f operation.Field, at *scope, x *out) {
		x.index = at.asked.part(f, where)
		x.objs = c.inner(f, &scope{asked: at.asked, sel: at.sel, follow: at.asked.parts[x.index].list, types: at.types})
	}
}

// ask fills in the values of the field: of these arguments, or where they are nil of its own.
func (a *asking) ask(
	cat *catalog.Catalog, vars, args map[string]any, limits *plan.Limits, now time.Time,
) (question, error) {
	b := newBinder(cat, 0, vars)
	q := a.kind.begin()
	base := q.base()
	*base = asked{asking: a, limits: limits, now: now}
	if args == nil {
		args = b.arguments(a.field)
	}
	if err := q.bind(b, args); err != nil {
		return nil, err
	}
	base.walk.Asked = len(b.Refs)
	b.On = b.Catalog.Entities
	if err := q.bindFilters(b); err != nil {
		return nil, err
	}
	if w, ok := args["where"].(map[string]any); ok {
		f, err := b.LinkFilter(a.kind.name+".where", w, 1)
		if err != nil {
			return nil, err
		}
		base.walk.Links = f
	}
	base.walk.Refs = b.Refs
	return q, nil
}

// window reads first, after, last, before of a list with keys of these kinds.
func (b *binder) window(k *follow, args map[string]any, kinds ...kg.ValueKind) (w window, err error) {
	f := plan.Field{}
	if err := b.paging(&f, k, args, kinds); err != nil {
		return window{}, err
	}
	return window{f.Page, f.Binding}, nil
}
