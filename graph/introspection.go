package graph

import "github.com/99designs/gqlgen/graphql/introspection"

// IntrospectionQuery asks for the whole schema, as tools do.
const IntrospectionQuery = introspection.Query
