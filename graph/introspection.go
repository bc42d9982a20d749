package graph

import (
	"strings"

	"github.com/99designs/gqlgen/graphql/introspection"
	"github.com/vektah/gqlparser/v2/ast"
)

// IntrospectionQuery asks for the whole schema, as tools do.
const IntrospectionQuery = introspection.Query

// onlySchema reports whether the fields of an operation ask for the schema, and for nothing of the graph.
func onlySchema(fields ast.SelectionSet) bool {
	for _, s := range fields {
		only := false
		switch s := s.(type) {
		case *ast.Field:
			only = strings.HasPrefix(s.Name, "__")
		case *ast.InlineFragment:
			only = onlySchema(s.SelectionSet)
		case *ast.FragmentSpread:
			only = s.Definition != nil && onlySchema(s.Definition.SelectionSet)
		}
		if !only {
			return false
		}
	}
	return true
}
