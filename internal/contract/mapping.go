package contract

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// The directives by which a schema says how its types lie in the graph. They begin with graph, as others have
// directives called node and link. Clients do not get them, nor what else a schema of ours declares of directives.
const (
	Node       = "graphNode"
	Joins      = "graphJoins"
	Link       = "graphLink"
	Derived    = "graphDerived"
	Searchable = "graphSearchable"
	Verbatim   = "graphVerbatim"
)

// renamed are the names that these directives had.
var renamed = map[string]string{
	"node": Node, "joins": Joins, "link": Link, "derived": Derived, "searchable": Searchable, "verbatim": Verbatim,
}

// namedAnew reports as an error a directive by the name that it had.
func namedAnew(doc *ast.SchemaDocument) error {
	check := func(all ast.DirectiveList) error {
		for _, d := range all {
			if now := renamed[d.Name]; now != "" {
				return gqlerror.ErrorPosf(d.Position, "@%s is called @%s now: write it so, with the same arguments", d.Name, now)
			}
		}
		return nil
	}
	for _, d := range slices.Concat(doc.Definitions, doc.Extensions) {
		if err := check(d.Directives); err != nil {
			return err
		}
		for _, f := range d.Fields {
			if err := check(f.Directives); err != nil {
				return err
			}
		}
		for _, v := range d.EnumValues {
			if err := check(v.Directives); err != nil {
				return err
			}
		}
	}
	return nil
}

// public is a schema as clients see it: without directives that are declared in a file.
func public(schema *ast.Schema, declared ast.DirectiveDefinitionList) *ast.Schema {
	out := *schema
	out.Directives = map[string]*ast.DirectiveDefinition{}
	for name, d := range schema.Directives {
		if declared.ForName(name) == nil {
			out.Directives[name] = d
		}
	}
	return &out
}
