package graph

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// IntrospectionQuery asks for the whole schema, as tools do.
const IntrospectionQuery = `query IntrospectionQuery {
  __schema {
    description
    queryType { name kind }
    mutationType { name kind }
    subscriptionType { name kind }
    types { ...FullType }
    directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } }
  }
}
fragment FullType on __Type {
  kind name description specifiedByURL isOneOf
  fields(includeDeprecated: true) {
    name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason
  }
  inputFields(includeDeprecated: true) { ...InputValue }
  interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
  possibleTypes { ...TypeRef }
}
fragment InputValue on __InputValue {
  name description type { ...TypeRef } defaultValue isDeprecated deprecationReason
}
fragment TypeRef on __Type {
  kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }
}
`

// NoSubscriptions is the message for a request that subscribes, by whatever protocol it comes.
const NoSubscriptions = "there are no subscriptions on this server, neither by WebSocket nor by server-sent events (SSE): " +
	"ask again instead; by GET with If-None-Match that costs little while nothing has changed"

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
