package graph

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// This file compiles an operation: each root field becomes the skeleton of a plan, which bind.go fills with the values
// of a request, and a table of what to write, which answer.go walks over the store's result. Both depend only on the
// document and on the variables that steer @skip and @include.

// op says what one field of an answer reads.
type op uint8

const (
	opTypename      op = iota
	opRoot             // the answer of root field index
	opIntrospection    // what the generated executor says of the schema
	opConst            // text, the same in every answer
	opLimits           // an object of constants
	// of a record
	opProp        // Vals[index]
	opSentence    // a link's, from Vals[more…]
	opPublished   // by whom and when a source was, from Vals[more…]
	opExternalIDs // objects, from Vals[index]
	opPage        // Kids[index], a connection
	opTotal       // Kids[index], its total
	opRecord      // Kids[index], its one record
	// of a connection
	opEdges
	opNodes
	opPageInfo
	opTotalCount
	opFacets // those of group index
	// of an edge
	opCursor
	opNode
	opLink
	opLinkProp // Link.Vals[index]
	opDirection
	opWeight
	opScore
	opHighlight
	opBecause
	// of a page
	opHasNext
	opHasPrev
	opStart
	opEnd
	// of a facet and of a bucket
	opBy
	opBuckets
	opKey
	opCount
	opEntity
	// of an external id
	opScheme
	opValue
	opURL
	// of the statistics
	opStatEntities
	opStatLinks
	opStatSources
	opStatUnevidenced
	opStatRefuted
	opStatUnverified
	// of a traced answer: what stands in the cell
	opCell
	opCellRecord
	opCellObject
)

// out is one field of an answer.
type out struct {
	key     string
	quoted  string // the key as it is written behind another: ,"key":
	text    string // opConst
	field   *ast.Field
	objs    *objects // of fields that have a selection
	index   int
	more    []int  // opSentence: the indexes of statementProps
	cell    string // opCell…: its name
	op      op
	nonNull bool
	list    bool // of non-null items
}

// object is what is written of an object of one type.
type object struct {
	name string
	outs []out
}

// objects is what is written of an object whose type may depend on the record.
type objects struct {
	one    *object
	byType []*object // by kg.Row.Type; nil where one stands for all
}

func (o *objects) of(index uint8) *object {
	if o.byType == nil {
		return o.one
	}
	if int(index) < len(o.byType) {
		return o.byType[index]
	}
	return nil
}

// selection is the skeleton of a plan.Sel.
type selection struct {
	props   []*catalog.Prop
	kids    []*follow
	leaves  int
	dynamic bool
	static  *plan.Sel // when not dynamic
	shared  map[*ast.Field]int
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
	base      plan.Field // the parts that hold no values of the request
	field     *ast.Field // whose arguments are read
	at        string     // "Person.affiliations": what cursors are bound to
	page      bool       // first, after, last, before
	node      *selection
	link      *selection
	because   *selection
	becauseOf []*ast.Field
	facets    []facets
	dynamic   bool
	static    *plan.Field
	// of a kid that several types share:
	op     op
	objs   *objects
	fields []*ast.Field
}

type facets struct {
	field *ast.Field
	node  *selection
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
	trace *traced // of plan.Traced
}

// compiled is an operation, compiled for one setting of the variables that steer it.
type compiled struct {
	object object // of Query; out.index of opRoot is into roots
	roots  []*root
	// introspection are the fields that ask for the schema, which the generated executor answers.
	introspection ast.SelectionSet
}

// compiler compiles one operation.
type compiler struct {
	cat  *catalog.Catalog
	doc  *ast.QueryDocument
	vars map[string]any
	eng  *Engine
	// fields is how many were compiled so far.
	fields int
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
			err = kg.Errorf(kg.CostLimit, "the operation has more than %d fields, those of each type that one can lead to counted; ask for less at once", maxCompiled)
		}
	}()
	return c.operation(o), nil
}

// collected is the fields of one response key.
type collected struct {
	key    string
	fields []*ast.Field
}

// collect merges selections for a concrete type: GraphQL spec (September 2025) section 6.3.2, CollectFields.
func (c *compiler) collect(typ *ast.Definition, sets ...ast.SelectionSet) []collected {
	var out []collected
	index := map[string]int{}
	seen := map[string]bool{}
	var walk func(ast.SelectionSet)
	walk = func(set ast.SelectionSet) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				if !c.included(s.Directives) {
					continue
				}
				i, ok := index[s.Alias]
				if !ok {
					i = len(out)
					index[s.Alias] = i
					out = append(out, collected{key: s.Alias})
				}
				out[i].fields = append(out[i].fields, s)
			case *ast.InlineFragment:
				if c.included(s.Directives) && c.applies(s.TypeCondition, typ) {
					walk(s.SelectionSet)
				}
			case *ast.FragmentSpread:
				if !c.included(s.Directives) || seen[s.Name] {
					continue
				}
				seen[s.Name] = true
				if f := c.doc.Fragments.ForName(s.Name); f != nil && c.applies(f.TypeCondition, typ) {
					walk(f.SelectionSet)
				}
			}
		}
	}
	for _, s := range sets {
		walk(s)
	}
	return out
}

func (c *compiler) applies(condition string, typ *ast.Definition) bool {
	if condition == "" || condition == typ.Name {
		return true
	}
	return slices.Contains(typ.Interfaces, condition)
}

// included evaluates @skip and @include.
func (c *compiler) included(list ast.DirectiveList) bool {
	for _, d := range list {
		if d.Name != "skip" && d.Name != "include" {
			continue
		}
		a := d.Arguments.ForName("if")
		if a == nil {
			continue
		}
		v, err := a.Value.Value(c.vars)
		if on, ok := v.(bool); err == nil && ok && on == (d.Name == "skip") {
			return false
		}
	}
	return true
}

func sets(fields []*ast.Field) []ast.SelectionSet {
	out := make([]ast.SelectionSet, len(fields))
	for i, f := range fields {
		out[i] = f.SelectionSet
	}
	return out
}

// newOut begins a field of an answer.
func (c *compiler) newOut(f collected, o op) out {
	if c.fields++; c.fields > maxCompiled {
		panic(tooLarge{})
	}
	first := f.fields[0]
	t := first.Definition
	x := out{key: f.key, quoted: "," + strconv.Quote(f.key) + ":", op: o, field: first}
	if t != nil && t.Type != nil {
		x.nonNull = t.Type.NonNull
		x.list = t.Type.Elem != nil
	}
	return x
}

// operation compiles the root fields.
func (c *compiler) operation(o *ast.OperationDefinition) *compiled {
	query := c.cat.Schema.Query
	done := &compiled{object: object{name: query.Name}}
	for _, f := range c.collect(query, o.SelectionSet) {
		name := f.fields[0].Name
		switch name {
		case "__typename":
			x := c.newOut(f, opTypename)
			x.nonNull = true
			done.object.outs = append(done.object.outs, x)
			continue
		case "__schema", "__type":
			for _, x := range f.fields {
				done.introspection = append(done.introspection, x)
			}
			done.object.outs = append(done.object.outs, c.newOut(f, opIntrospection))
			continue
		case "serverInfo":
			x := c.newOut(f, opLimits)
			x.objs = &objects{one: c.serverInfo(sets(f.fields))}
			done.object.outs = append(done.object.outs, x)
			continue
		}
		r := c.root(f)
		r.memo = &plan.Memo{}
		r.out.index = len(done.roots)
		done.roots = append(done.roots, r)
		done.object.outs = append(done.object.outs, r.out)
	}
	return done
}

// root compiles one root field that asks the store.
func (c *compiler) root(f collected) *root {
	field := f.fields[0]
	r := &root{out: c.newOut(f, opRoot), follow: &follow{field: field, at: "Query." + field.Name}}
	def := c.cat.Schema.Types[field.Definition.Type.Name()]
	everyType := c.cat.Entities | 1<<c.cat.Source.Index | 1<<c.cat.Link.Index | 1<<c.cat.Evidence.Index
	record := func(types catalog.TypeSet) {
		r.types = types
		r.follow.node = &selection{}
		r.out.objs = c.records(def, sets(f.fields), r.follow.node, types)
	}
	switch {
	case field.Name == "node":
		r.start = plan.ByID
		record(everyType)
	case field.Name == "nodes":
		r.start = plan.ByIDs
		record(everyType)
	case field.Name == "stats":
		r.start = plan.Statistics
		r.out.objs = &objects{one: c.stats(sets(f.fields))}
	case field.Name == "search":
		r.start, r.types = plan.Search, c.cat.Entities|1<<c.cat.Source.Index
		r.follow.page = true
		r.out.objs = &objects{one: c.connection(def, sets(f.fields), r.follow, r.types)}
	case askerOf(field.Name) != nil:
		r.start, r.types = plan.Traced, everyType
		r.trace = c.trace(f, r)
	case field.Definition.Arguments.ForName("ref") != nil:
		r.start = plan.ByRef
		types := c.cat.Entities
		if t := c.cat.Type(def.Name); t != nil {
			types = 1 << t.Index
		}
		record(types)
	case def.Name == "LinkConnection":
		r.start, r.types = plan.EveryLink, c.cat.Entities
		r.follow.page, r.follow.base.Other = true, c.cat.Entities
		r.out.objs = &objects{one: c.connection(def, sets(f.fields), r.follow, c.cat.Entities)}
	default:
		r.start = plan.Everything
		r.follow.page = true
		t := c.cat.Type(trimConnection(def.Name))
		r.types = 1 << t.Index
		r.out.objs = &objects{one: c.connection(def, sets(f.fields), r.follow, r.types)}
	}
	c.finish(r.follow)
	return r
}

func trimConnection(name string) string {
	const suffix = "Connection"
	if len(name) > len(suffix) && name[len(name)-len(suffix):] == suffix {
		return name[:len(name)-len(suffix)]
	}
	return name
}

// records compiles the selection on records that are of one of types and declared as def.
func (c *compiler) records(def *ast.Definition, s []ast.SelectionSet, sel *selection, types catalog.TypeSet) *objects {
	if def.Kind == ast.Object {
		return &objects{one: c.record(c.cat.Type(def.Name), s, sel)}
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
	def := c.cat.Schema.Types[t.Name]
	obj := &object{name: t.Name}
	for _, f := range c.collect(def, s...) {
		sel.leaves++
		field := f.fields[0]
		x := c.newOut(f, opProp)
		switch {
		case field.Name == "__typename":
			x.op, x.nonNull = opTypename, true
		case field.Name == "sentence":
			x.op = opSentence
			for _, name := range statementProps {
				x.more = append(x.more, sel.prop(c.cat.Prop(name)))
			}
		case t == c.cat.Source && field.Name == "type":
			x.op, x.text = opConst, quote(t.Enum)
		case t == c.cat.Source && field.Name == "name":
			x.index = sel.prop(c.cat.Prop("title"))
		case t == c.cat.Source && field.Name == "description":
			x.op = opPublished
			x.more = []int{sel.prop(c.cat.Prop("publisher")), sel.prop(c.cat.Prop("publishedOn"))}
		case t == c.cat.Source && field.Name == "text" && !c.eng.opts.ServeTexts:
			x.op, x.text = opConst, "null"
		case t == c.cat.Source && field.Name == "text":
			x.index = sel.prop(c.cat.Prop(catalog.SourceText))
		case field.Name == "externalIds":
			x.op, x.index = opExternalIDs, sel.prop(c.cat.Prop(field.Name))
			x.objs = &objects{one: c.plain("ExternalId", f, map[string]op{"scheme": opScheme, "value": opValue, "url": opURL})}
		case len(field.Definition.Arguments) == 0 && len(field.SelectionSet) == 0:
			x.index = sel.prop(c.cat.Prop(field.Name))
		default:
			x.index = c.kid(t, f, sel, &x)
		}
		obj.outs = append(obj.outs, x)
	}
	return obj
}

// kid compiles a field of a record that leads to others, and returns its index.
func (c *compiler) kid(t *catalog.Type, f collected, sel *selection, x *out) int {
	field := f.fields[0]
	k := &follow{field: field, at: t.Name + "." + field.Name, base: plan.Field{On: 1 << t.Index}}
	def := c.cat.Schema.Types[field.Definition.Type.Name()]
	one := func(how plan.Follow, types catalog.TypeSet) {
		x.op = opRecord
		k.base.Follow = how
		k.node = &selection{}
		x.objs = c.records(def, sets(f.fields), k.node, types)
	}
	page := func(how plan.Follow, types catalog.TypeSet) {
		x.op = opPage
		k.base.Follow = how
		k.base.Other = types
		k.page = true
		x.objs = &objects{one: c.connection(def, sets(f.fields), k, types)}
	}
	lf, df := c.cat.LinkField(t.Name, field.Name), c.cat.DerivedField(t.Name, field.Name)
	switch {
	case lf != nil:
		k.base.Kinds, k.base.Out, k.base.In = lf.Kinds, lf.Out, !lf.Out
		page(plan.Links, lf.Other)
	case df != nil:
		k.base.Derived = df
		page(plan.Derived, 1<<df.Other.Index)
	case t == c.cat.Link && field.Name == "from":
		one(plan.From, c.cat.Entities)
	case t == c.cat.Link && field.Name == "to":
		one(plan.To, c.cat.Entities)
	case t == c.cat.Link:
		page(plan.EvidenceOf, 1<<c.cat.Evidence.Index)
	case t == c.cat.Evidence && field.Name == "link":
		one(plan.LinkOf, 1<<c.cat.Link.Index)
	case t == c.cat.Evidence:
		one(plan.SourceOf, 1<<c.cat.Source.Index)
	case t == c.cat.Source:
		page(plan.LinksOf, c.cat.Entities)
	default:
		// links and linkCount, alike on every entity: one kid serves all types of an interface
		if i, ok := sel.shared[field]; ok && slices.Equal(sel.kids[i].fields, f.fields) {
			kid := sel.kids[i]
			kid.base.On |= 1 << t.Index
			if kid.static != nil {
				kid.static.On = kid.base.On
			}
			x.op, x.objs = kid.op, kid.objs
			return i
		}
		k.base.Kinds, k.base.Out, k.base.In, k.at = c.cat.AllKinds(), true, true, "Entity."+field.Name
		if field.Name == "linkCount" {
			x.op = opTotal
			k.base.Follow, k.base.Other = plan.LinkCount, c.cat.Entities
		} else {
			page(plan.Links, c.cat.Entities)
		}
		k.base.Want.Total = k.base.Want.Total || x.op == opTotal
		if sel.shared == nil {
			sel.shared = map[*ast.Field]int{}
		}
		sel.shared[field] = len(sel.kids)
		k.op, k.objs, k.fields = x.op, x.objs, f.fields
	}
	c.finish(k)
	sel.kids = append(sel.kids, k)
	return len(sel.kids) - 1
}

// connection compiles the selection on a connection of a follow.
func (c *compiler) connection(def *ast.Definition, s []ast.SelectionSet, k *follow, types catalog.TypeSet) *object {
	obj := &object{name: def.Name}
	want := &k.base.Want
	for _, f := range c.collect(def, s...) {
		x := c.newOut(f, opTypename)
		field := f.fields[0]
		switch field.Name {
		case "__typename":
			x.nonNull = true
		case "edges":
			want.Rows = true
			x.op, x.objs = opEdges, &objects{one: c.edge(f, k, types)}
		case "nodes":
			want.Rows = true
			x.op = opNodes
			x.objs = c.records(c.cat.Schema.Types[field.Definition.Type.Name()], sets(f.fields), k.nodes(), types)
		case "pageInfo":
			x.op = opPageInfo
			x.objs = &objects{one: c.plain("PageInfo", f, map[string]op{
				"hasNextPage": opHasNext, "hasPreviousPage": opHasPrev, "startCursor": opStart, "endCursor": opEnd,
			})}
			for _, o := range x.objs.one.outs {
				switch o.op {
				case opHasNext, opHasPrev:
					want.More = true
				case opStart, opEnd:
					want.Rows, want.Cursors = true, true
				}
			}
		case "totalCount":
			want.Total = true
			x.op = opTotalCount
		case "facets":
			x.op, x.index = opFacets, len(k.facets)
			fc := facets{field: field}
			x.objs = &objects{one: c.facet(f, &fc)}
			k.facets = append(k.facets, fc)
		}
		obj.outs = append(obj.outs, x)
	}
	return obj
}

func (k *follow) nodes() *selection {
	if k.node == nil {
		k.node = &selection{}
	}
	return k.node
}

func (k *follow) links() *selection {
	if k.link == nil {
		k.link = &selection{}
	}
	return k.link
}

// edge compiles the selection on the edges of a connection.
func (c *compiler) edge(e collected, k *follow, types catalog.TypeSet) *object {
	def := c.cat.Schema.Types[e.fields[0].Definition.Type.Name()]
	obj := &object{name: def.Name}
	for _, f := range c.collect(def, sets(e.fields)...) {
		x := c.newOut(f, opTypename)
		field := f.fields[0]
		switch field.Name {
		case "__typename":
			x.nonNull = true
		case "cursor":
			k.base.Want.Cursors = true
			x.op = opCursor
		case "node":
			x.op = opNode
			x.objs = c.records(c.cat.Schema.Types[field.Definition.Type.Name()], sets(f.fields), k.nodes(), types)
		case "link":
			x.op = opLink
			x.objs = &objects{one: c.record(c.cat.Link, sets(f.fields), k.links())}
		case "role", "since", "until":
			x.op, x.index = opLinkProp, k.links().prop(c.cat.Prop(field.Name))
			k.links().leaves++
		case "direction":
			x.op = opDirection
		case "weight":
			x.op = opWeight
		case "score":
			x.op = opScore
		case "highlight":
			k.base.Want.Highlight = true
			x.op = opHighlight
		case "because":
			x.op = opBecause
			if k.because == nil {
				k.because = &selection{}
			}
			k.becauseOf = append(k.becauseOf, field)
			x.objs = &objects{one: c.record(c.cat.Link, sets(f.fields), k.because)}
		}
		obj.outs = append(obj.outs, x)
	}
	return obj
}

// facet compiles the selection on facets.
func (c *compiler) facet(fc collected, to *facets) *object {
	obj := &object{name: "Facet"}
	for _, f := range c.collect(c.cat.Schema.Types["Facet"], sets(fc.fields)...) {
		x := c.newOut(f, opTypename)
		switch f.fields[0].Name {
		case "__typename":
			x.nonNull = true
		case "by":
			x.op = opBy
		case "buckets":
			x.op, x.objs = opBuckets, &objects{one: c.bucket(f, to)}
		}
		obj.outs = append(obj.outs, x)
	}
	return obj
}

// bucket compiles the selection on buckets; to is nil for those of the statistics, which name no entity.
func (c *compiler) bucket(b collected, to *facets) *object {
	obj := &object{name: "FacetBucket"}
	for _, f := range c.collect(c.cat.Schema.Types["FacetBucket"], sets(b.fields)...) {
		x := c.newOut(f, opTypename)
		switch f.fields[0].Name {
		case "__typename":
			x.nonNull = true
		case "key":
			x.op = opKey
		case "count":
			x.op = opCount
		case "entity":
			x.op = opEntity
			sel := &selection{}
			if to != nil {
				if to.node == nil {
					to.node = sel
				}
				sel = to.node
			}
			x.objs = c.records(c.cat.Schema.Types["Entity"], sets(f.fields), sel, c.cat.Entities)
		}
		obj.outs = append(obj.outs, x)
	}
	return obj
}

// plain compiles the selection on an object whose fields each are one op.
func (c *compiler) plain(name string, p collected, ops map[string]op) *object {
	obj := &object{name: name}
	for _, f := range c.collect(c.cat.Schema.Types[name], sets(p.fields)...) {
		x := c.newOut(f, opTypename)
		if o, ok := ops[f.fields[0].Name]; ok {
			x.op = o
		} else {
			x.nonNull = true
		}
		obj.outs = append(obj.outs, x)
	}
	return obj
}

func (c *compiler) stats(s []ast.SelectionSet) *object {
	obj := &object{name: "GraphStats"}
	for _, f := range c.collect(c.cat.Schema.Types["GraphStats"], s...) {
		x := c.newOut(f, opTypename)
		switch f.fields[0].Name {
		case "__typename":
			x.nonNull = true
		case "entities":
			x.op, x.objs = opStatEntities, &objects{one: c.bucket(f, nil)}
		case "links":
			x.op, x.objs = opStatLinks, &objects{one: c.bucket(f, nil)}
		case "sources":
			x.op = opStatSources
		case "linksWithoutEvidence":
			x.op = opStatUnevidenced
		case "refutedLinks":
			x.op = opStatRefuted
		case "unverifiedExcerpts":
			x.op = opStatUnverified
		}
		obj.outs = append(obj.outs, x)
	}
	return obj
}

// serverInfo compiles to constants: nothing of it changes while the server runs.
func (c *compiler) serverInfo(s []ast.SelectionSet) *object {
	o, l := c.eng.opts, c.eng.opts.Limits
	num := strconv.Itoa
	info := map[string]string{
		"version": quote(o.Version), "store": quote(o.StoreKind), "readOnly": fmt.Sprint(o.ReadOnly),
		"maxDepth": num(l.MaxDepth), "maxCost": num(l.MaxCost), "maxPageSize": num(plan.MaxPageSize), "maxPathLength": num(plan.MaxPathLength),
		"timeoutMs": num(int(min(l.Timeout.Milliseconds(), math.MaxInt32))), "maxAliases": num(l.MaxAliases), "maxRootFields": num(l.MaxRootFields),
		"maxTokens": num(l.MaxTokens), "maxBodyBytes": num(o.MaxBodyBytes),
	}
	var constants func(name string, s []ast.SelectionSet) *object
	constants = func(name string, s []ast.SelectionSet) *object {
		obj := &object{name: name}
		for _, f := range c.collect(c.cat.Schema.Types[name], s...) {
			x := c.newOut(f, opConst)
			switch n := f.fields[0].Name; n {
			case "__typename":
				x.op, x.nonNull = opTypename, true
			case "limits":
				x.op, x.objs = opLimits, &objects{one: constants("Limits", sets(f.fields))}
			default:
				x.text = info[n]
			}
			obj.outs = append(obj.outs, x)
		}
		return obj
	}
	return constants("ServerInfo", s)
}
