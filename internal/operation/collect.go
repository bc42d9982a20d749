// Package operation is what GraphQL alone says of a request, whatever the graph: what a document may ask for,
// which fields an object of it has once fragments, @skip and @include are seen to, and the values of variables and
// arguments.
package operation

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// Selections is what the selections of an operation are read with: its document, and the values of its variables.
type Selections struct {
	Schema *ast.Schema
	Doc    *ast.QueryDocument
	Vars   map[string]any
}

// Field is the fields of one response key.
type Field struct {
	Key    string
	Fields []*ast.Field
	// Definition is that of the type they were collected for, whose type may be narrower than that of an interface
	// they are asked for through; nil for __typename.
	Definition *ast.FieldDefinition
}

// Collect merges selections for a concrete type: GraphQL spec (September 2025) section 6.3.2, CollectFields.
func (c *Selections) Collect(typ *ast.Definition, sets ...ast.SelectionSet) []Field {
	var out []Field
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
					out = append(out, Field{Key: s.Alias, Definition: typ.Fields.ForName(s.Name)})
				}
				out[i].Fields = append(out[i].Fields, s)
			case *ast.InlineFragment:
				if c.included(s.Directives) && c.applies(s.TypeCondition, typ) {
					walk(s.SelectionSet)
				}
			case *ast.FragmentSpread:
				if !c.included(s.Directives) || seen[s.Name] {
					continue
				}
				seen[s.Name] = true
				if f := c.Doc.Fragments.ForName(s.Name); f != nil && c.applies(f.TypeCondition, typ) {
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

// applies reports whether a type condition holds for an object: it names its type, an interface of it, or a union
// that it is in.
func (c *Selections) applies(condition string, typ *ast.Definition) bool {
	if condition == "" || condition == typ.Name || slices.Contains(typ.Interfaces, condition) {
		return true
	}
	of := c.Schema.Types[condition]
	return of != nil && slices.Contains(of.Types, typ.Name)
}

// included evaluates @skip and @include.
func (c *Selections) included(list ast.DirectiveList) bool {
	for _, d := range list {
		if d.Name != "skip" && d.Name != "include" {
			continue
		}
		a := d.Arguments.ForName("if")
		if a == nil {
			continue
		}
		v, err := a.Value.Value(c.Vars)
		if on, ok := v.(bool); err == nil && ok && on == (d.Name == "skip") {
			return false
		}
	}
	return true
}

// Sets returns the selections of these fields, which are merged where they are collected.
func (c Field) Sets() []ast.SelectionSet {
	out := make([]ast.SelectionSet, len(c.Fields))
	for i, f := range c.Fields {
		out[i] = f.SelectionSet
	}
	return out
}

// Steering lists the variables that decide which fields of an operation are there.
func Steering(doc *ast.QueryDocument, op *ast.OperationDefinition) []string {
	return steers(doc, op.SelectionSet, map[string]bool{}, nil)
}

func steers(doc *ast.QueryDocument, set ast.SelectionSet, seen map[string]bool, out []string) []string {
	directives := func(l ast.DirectiveList) {
		for _, d := range l {
			if d.Name != "skip" && d.Name != "include" {
				continue
			}
			if a := d.Arguments.ForName("if"); a != nil && a.Value.Kind == ast.Variable && !seen["$"+a.Value.Raw] {
				seen["$"+a.Value.Raw] = true
				out = append(out, a.Value.Raw)
			}
		}
	}
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			directives(s.Directives)
			out = steers(doc, s.SelectionSet, seen, out)
		case *ast.InlineFragment:
			directives(s.Directives)
			out = steers(doc, s.SelectionSet, seen, out)
		case *ast.FragmentSpread:
			directives(s.Directives)
			if f := doc.Fragments.ForName(s.Name); f != nil && !seen[s.Name] {
				seen[s.Name] = true
				out = steers(doc, f.SelectionSet, seen, out)
			}
		}
	}
	return out
}
