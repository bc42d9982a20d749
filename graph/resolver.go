package graph

// Resolver is the root of the generated resolvers. It holds nothing: they read from the answer in their context.
type Resolver struct{}
