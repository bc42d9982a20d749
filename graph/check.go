package graph

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// Codes of errors that only exist at this layer.
const (
	codeParse         kg.Code = "GRAPHQL_PARSE_FAILED"
	codeValidation    kg.Code = "GRAPHQL_VALIDATION_FAILED"
	codeBadRequest    kg.Code = "BAD_REQUEST"
	codeIntrospection kg.Code = "INTROSPECTION_DISABLED"
	codeMethod        kg.Code = "METHOD_NOT_ALLOWED"
)

// checker measures a document before it is validated, in time linear in its size: validation and everything after it
// may then take what the document says at its word. A fragment is measured once and remembered.
type checker struct {
	doc       *ast.QueryDocument
	limits    *plan.Limits
	fragments map[string]*measure
	aliases   int
	nesting   int // levels of the deepest value
	longest   int // bytes of the longest name
}

// measure is what a selection comes to.
type measure struct {
	depth, introspection int // levels, not counting `edges` and leaves
	fields               int // with fragments spread out; saturates
	schema               bool
	done                 bool
}

// maxFields is where counting fields stops: far above any limit, far below overflow.
const maxFields = 1 << 40

// maxIntrospectionDepth lets the introspection query of every tool pass and circular ones not.
const maxIntrospectionDepth = 24

// maxName is the longest name, in bytes: errors, logs and traces repeat names.
const maxName = 256

// maxSpread is how many fields the operations of a document may have together, with fragments spread out: a fragment that
// spreads another twice doubles what is compiled and kept of it.
const maxSpread = 20_000

// maxNesting lets every filter that plan.MaxFilterDepth allows pass. Validation takes squared time in the levels of a value.
const maxNesting = 64

// check refuses a document that asks for too much, whatever the schema. The whole document counts, as it is validated
// whole. It also drops fields that are repeated to the letter, which mean nothing and cost validation squared time.
func check(doc *ast.QueryDocument, limits *plan.Limits, introspection bool) error {
	c := &checker{doc: doc, limits: limits, fragments: map[string]*measure{}}
	for _, f := range doc.Fragments {
		c.names(f.Name, f.TypeCondition)
		c.directives(f.Directives)
		f.SelectionSet = c.tidy(f.SelectionSet)
	}
	for _, o := range doc.Operations {
		c.names(o.Name)
		c.directives(o.Directives)
		for _, v := range o.VariableDefinitions {
			c.names(v.Variable, v.Type.Name())
			c.directives(v.Directives)
			c.value(v.DefaultValue)
		}
		o.SelectionSet = c.tidy(o.SelectionSet)
	}
	if c.longest > maxName {
		return kg.Errorf(kg.BadUserInput, "the document has a name of %d bytes, at most %d fit", c.longest, maxName)
	}
	if c.nesting > maxNesting {
		return kg.Errorf(kg.BadUserInput, "a value of the document has %d levels, at most %d fit", c.nesting, maxNesting)
	}
	if c.aliases > limits.MaxAliases {
		return kg.Errorf(kg.AliasLimit, "the document has %d aliases, the limit is %d; send several requests", c.aliases, limits.MaxAliases)
	}
	all := make([]ast.SelectionSet, 0, len(doc.Operations)+len(doc.Fragments))
	for _, o := range doc.Operations {
		all = append(all, o.SelectionSet)
	}
	for _, f := range doc.Fragments {
		all = append(all, f.SelectionSet)
	}
	spread := 0
	for i, set := range all {
		m := c.set(set, false)
		if i < len(doc.Operations) {
			spread += m.fields
		}
		switch {
		case m.schema && !introspection:
			return kg.Errorf(codeIntrospection, "introspection is off on this server; its schema can be had from whoever runs it")
		case m.depth > limits.MaxDepth:
			return kg.Errorf(kg.DepthLimit, "the document has %d levels (edges and leaves not counted), the limit is %d; ask in two steps", m.depth, limits.MaxDepth)
		case m.introspection > maxIntrospectionDepth:
			return kg.Errorf(kg.DepthLimit, "introspection has %d levels, the limit is %d", m.introspection, maxIntrospectionDepth)
		case m.fields > limits.MaxCost:
			return kg.Errorf(kg.CostLimit, "the document has more than %d fields with its fragments spread out; ask for less at once", limits.MaxCost)
		case spread > maxSpread:
			return kg.Errorf(kg.CostLimit, "the operations of the document have more than %d fields with their fragments spread out; ask for less at once", maxSpread)
		case i < len(doc.Operations) && c.roots(set, map[string]bool{}) > limits.MaxRootFields:
			return kg.Errorf(kg.CostLimit, "the operation has more than %d fields of Query; send several requests", limits.MaxRootFields)
		}
	}
	return nil
}

// names notes the lengths of names.
func (c *checker) names(list ...string) {
	for _, name := range list {
		c.longest = max(c.longest, len(name))
	}
}

func (c *checker) directives(list ast.DirectiveList) {
	for _, d := range list {
		c.names(d.Name)
		c.arguments(d.Arguments)
	}
}

func (c *checker) arguments(list ast.ArgumentList) {
	for _, a := range list {
		c.names(a.Name)
		c.value(a.Value)
	}
}

func (c *checker) value(v *ast.Value) { c.nesting = max(c.nesting, c.levels(v)) }

// levels counts the lists and objects around the innermost value; the parser bounds them, so this ends.
func (c *checker) levels(v *ast.Value) int {
	n := 0
	if v != nil {
		if v.Kind == ast.Variable || v.Kind == ast.EnumValue {
			c.names(v.Raw)
		}
		for _, child := range v.Children {
			c.names(child.Name)
			n = max(n, 1+c.levels(child.Value))
		}
	}
	return n
}

// tidy counts aliases, measures values and drops leaves that stand in the same set already.
func (c *checker) tidy(set ast.SelectionSet) ast.SelectionSet {
	seen := map[[2]string]bool{}
	kept := set[:0]
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			c.names(s.Alias, s.Name)
			c.arguments(s.Arguments)
			c.directives(s.Directives)
			if s.Alias != s.Name {
				c.aliases++
			}
			if len(s.SelectionSet) == 0 && len(s.Arguments) == 0 && len(s.Directives) == 0 {
				key := [2]string{s.Alias, s.Name}
				if seen[key] {
					continue
				}
				seen[key] = true
			}
			s.SelectionSet = c.tidy(s.SelectionSet)
		case *ast.FragmentSpread:
			c.names(s.Name)
			c.directives(s.Directives)
		case *ast.InlineFragment:
			c.names(s.TypeCondition)
			c.directives(s.Directives)
			s.SelectionSet = c.tidy(s.SelectionSet)
		}
		kept = append(kept, s)
	}
	return kept
}

// set measures a selection set.
func (c *checker) set(set ast.SelectionSet, inSchema bool) measure {
	var m measure
	add := func(o measure, levels int) {
		m.fields = min(maxFields, m.fields+o.fields)
		m.depth = max(m.depth, o.depth+levels)
		m.introspection = max(m.introspection, o.introspection)
		m.schema = m.schema || o.schema
	}
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			meta := s.Name == "__schema" || s.Name == "__type"
			m.fields = min(maxFields, m.fields+1)
			m.schema = m.schema || meta
			if len(s.SelectionSet) == 0 {
				continue
			}
			o := c.set(s.SelectionSet, inSchema || meta)
			levels := 1
			if s.Name == "edges" {
				levels = 0
			}
			if inSchema || meta {
				o.introspection++
				levels, o.depth = 0, 0
			}
			add(o, levels)
		case *ast.InlineFragment:
			add(c.set(s.SelectionSet, inSchema), 0)
		case *ast.FragmentSpread:
			key := fmt.Sprint(inSchema, s.Name)
			f := c.fragments[key]
			if f == nil {
				f = &measure{}
				c.fragments[key] = f // a cycle finds it unfinished; validation refuses it
				if d := c.doc.Fragments.ForName(s.Name); d != nil {
					*f = c.set(d.SelectionSet, inSchema)
				}
				f.done = true
			}
			add(*f, 0)
		}
	}
	return m
}

// roots counts the different fields of an operation's root, fragments included.
func (c *checker) roots(set ast.SelectionSet, seen map[string]bool) int {
	n := 0
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			if key := "field " + s.Alias; !seen[key] {
				seen[key] = true
				n++
			}
		case *ast.InlineFragment:
			n += c.roots(s.SelectionSet, seen)
		case *ast.FragmentSpread:
			if d := c.doc.Fragments.ForName(s.Name); d != nil && !seen[s.Name] {
				seen[s.Name] = true
				n += c.roots(d.SelectionSet, seen)
			}
		}
	}
	return n
}

// defaultedPage is what a page of default size counts in a cost: most lists are short, and what they really multiply
// to is bounded by plan.Query.MaxRows when it is read.
const defaultedPage = 4

// Cost is the cost of a bound root field: every field of every entry that the pages above it can have counts one,
// where an explicit first or last counts as given and a page of default size as 4; a facet counts 20, a search over
// the graph 50, what measures the whole graph 1,000. A node or link of a subgraph counts one with all its own fields, and
// there are as many as it may have nodes. A record that may be of several types counts as the type with most fields. A filter counts 50 for each place where it asks what other entities are
// linked to, however many entries it is asked of, as an answer is remembered.
func cost(r *root, q *plan.Query, asked question) int {
	n := answerCost(r, q, asked) + throughEntity(q.Root.Entities)
	if asked != nil {
		n += asked.through()
	}
	return clamp(n)
}

// long reports whether a root field may be under way for long, however little it answers: what searches or measures the graph, and
// filters that follow links.
func long(q *plan.Query, asked question) bool {
	_, measures := measured(q.Root.Order)
	return asked != nil || measures || throughEntity(q.Root.Entities) > 0
}

// searching is the cost of a root field that searches the graph.
const searching = 50

// following is the cost of a filter that follows links to entities which must fit in turn.
const following = 50

// throughEntity returns the cost of a filter on entities, without that of the entries it filters.
func throughEntity(f *plan.EntityFilter) int {
	if f == nil {
		return 0
	}
	n := throughEntity(f.Not)
	for _, x := range slices.Concat(f.And, f.Or) {
		n += throughEntity(x)
	}
	if f.LinkedTo != nil && f.LinkedTo.Where != nil {
		n += following + throughEntity(f.LinkedTo.Where)
	}
	return n
}

// throughLink returns the cost of a filter on links, without that of the links it filters.
func throughLink(f *plan.LinkFilter) int {
	if f == nil {
		return 0
	}
	n := throughLink(f.Not) + throughEntity(f.Other)
	for _, x := range slices.Concat(f.And, f.Or) {
		n += throughLink(x)
	}
	return n
}

func answerCost(r *root, q *plan.Query, asked question) int {
	k := r.follow
	n := 1
	switch q.Start {
	case plan.ByIDs:
		n = len(q.IDs)
	case plan.Search, plan.Everything, plan.EveryLink:
		n = pageCost(&q.Root)
	}
	if asked != nil {
		least := searching
		if asked.base().kind.whole {
			least = analyzing
		}
		return clamp(least + followCost(k, &q.Root, asked.records()))
	}
	if _, ok := measured(q.Root.Order); ok {
		return clamp(analyzing + followCost(k, &q.Root, n))
	}
	return clamp(1 + followCost(k, &q.Root, n))
}

// costly is an argument that multiplies what a root field costs.
type costly struct {
	argument string // the way to it from the root field: `people.links.first`; "" for none
	n        int
}

// costliest finds the argument to lower where an operation costs too much: on the way down where most of the cost comes
// from, the one that multiplies most.
func costliest(r *root, q *plan.Query, asked question) costly {
	name := r.follow.field.Name
	var c costly
	switch {
	case asked != nil:
		kind := asked.base().kind
		name = kind.name
		c = costly{name + "." + cmp.Or(kind.bound, "first"), asked.records()}
	case q.Start == plan.ByIDs:
		c = costly{name + ".ids", len(q.IDs)}
	case q.Start == plan.Search || q.Start == plan.Everything || q.Start == plan.EveryLink:
		c = costly{name + "." + pageArgument(&q.Root), pageCost(&q.Root)}
	}
	c.descend(name, r.follow, &q.Root)
	return c
}

func pageArgument(f *plan.Field) string {
	if f.Page.Given && f.Page.Backward {
		return "last"
	}
	return "first"
}

func (c *costly) descend(at string, k *follow, f *plan.Field) {
	var next *follow
	var bound *plan.Field
	most := 0
	for _, p := range []struct {
		skeleton *selection
		bound    *plan.Sel
	}{{k.node, f.Node}, {k.link, f.Link}, {k.because, f.Because}} {
		if p.skeleton == nil || p.bound == nil {
			continue
		}
		for i, kid := range p.skeleton.kids {
			n := 1
			if kid.page {
				n = pageCost(p.bound.Kids[i])
			}
			if cost := followCost(kid, p.bound.Kids[i], n); cost > most {
				next, bound, most = kid, p.bound.Kids[i], cost
			}
		}
	}
	if next == nil {
		return
	}
	if next.field.Name != "" { // what a search reads beside what was asked for has none
		at += "." + next.field.Name
	}
	if n := pageCost(bound); next.page && n > c.n {
		*c = costly{at + "." + pageArgument(bound), n}
	}
	c.descend(at, next, bound)
}

func clamp(n int) int { return min(n, maxFields) }

func pageCost(f *plan.Field) int {
	if f.Page.Given {
		return min(f.Page.N, plan.MaxPageSize)
	}
	return defaultedPage
}

// followCost is the cost of what a follow reads when it is followed so that n entries come.
func followCost(k *follow, f *plan.Field, n int) int {
	sum := 20*len(f.Want.Facets) + throughLink(f.Links)
	for _, p := range []struct {
		skeleton *selection
		bound    *plan.Sel
		times    int
	}{{k.node, f.Node, n}, {k.link, f.Link, n}, {k.because, f.Because, n * max(1, f.BecauseN/4)}} {
		if p.skeleton == nil || p.bound == nil {
			continue
		}
		each := 1 + p.skeleton.leaves
		for i, kid := range p.skeleton.kids {
			kf := p.bound.Kids[i]
			m := 1
			if kid.page {
				m = pageCost(kf)
			}
			each = clamp(each + followCost(kid, kf, m))
		}
		sum = clamp(sum + clamp(p.times*each))
	}
	return sum
}

// enough ends a validation once it has found as many errors as an answer lists.
type enough struct{}

// validate checks a document against the schema, and stops at MaxErrors: a document can have an error for every token, and
// each may repeat a name.
func (e *Engine) validate(doc *ast.QueryDocument) (errs []*gqlerror.Error) {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(enough); !ok {
				panic(p)
			}
		}
	}()
	observers := &core.Events{}
	for _, r := range e.rules {
		r.RuleFunc(observers, func(options ...core.ErrorOption) {
			err := &gqlerror.Error{}
			for _, o := range options {
				o(err)
			}
			err.Message = clip(err.Message)
			err.Extensions = map[string]any{"code": string(codeValidation)}
			if errs = append(errs, err); len(errs) >= e.opts.Limits.MaxErrors {
				panic(enough{})
			}
		})
	}
	core.Walk(e.opts.Catalog.Schema, doc, observers)
	return errs
}
