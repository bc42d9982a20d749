package operation

import (
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
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

// MaxSpread is how many fields the operations of a document may have together, with fragments spread out: a
// fragment that spreads another twice doubles what is compiled and kept of it.
const MaxSpread = 20_000

// maxNesting lets every filter that plan.MaxFilterDepth allows pass. Validation takes squared time in the levels
// of a value.
const maxNesting = 64

// Check refuses a document that asks for too much, whatever the schema. The whole document counts, as it is validated
// whole. It also drops fields that are repeated to the letter, which mean nothing and cost validation squared time.
func Check(doc *ast.QueryDocument, limits *plan.Limits, introspection bool) error {
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
		return kg.Errorf(
			kg.BadUserInput,
			"a value of the document has %d levels, at most %d fit",
			c.nesting,
			maxNesting,
		)
	}
	if c.aliases > limits.MaxAliases {
		return kg.Errorf(
			kg.AliasLimit,
			"the document has %d aliases, the limit is %d; send several requests",
			c.aliases,
			limits.MaxAliases,
		)
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
			return kg.Errorf(
				kg.NoIntrospection,
				"introspection is off on this server; its schema can be had from whoever runs it",
			)
		case m.depth > limits.MaxDepth:
			return kg.Errorf(
				kg.DepthLimit,
				"the document has %d levels (edges and leaves not counted), the limit is %d; ask in two steps",
				m.depth,
				limits.MaxDepth,
			)
		case m.introspection > maxIntrospectionDepth:
			return kg.Errorf(
				kg.DepthLimit,
				"introspection has %d levels, the limit is %d",
				m.introspection,
				maxIntrospectionDepth,
			)
		case m.fields > limits.MaxCost:
			return kg.Errorf(
				kg.CostLimit,
				"the document has more than %d fields with its fragments spread out; ask for less at once",
				limits.MaxCost,
			)
		case spread > MaxSpread:
			return kg.Errorf(
				kg.CostLimit,
				"the operations of the document have more than %d fields with their fragments spread out; "+
					"ask for less at once",
				MaxSpread,
			)
		case i < len(doc.Operations) && c.roots(set, map[string]bool{}) > limits.MaxRootFields:
			return kg.Errorf(
				kg.CostLimit,
				"the operation has more than %d fields of Query; send several requests",
				limits.MaxRootFields,
			)
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
