// Package model holds the Go types of the generated executor, one for each object type of the schema, all of them a
// Value: a place in a compiled selection and in the answer of the store.
package model

// Value is what the executor's resolvers read from; package graph alone looks inside.
type Value struct{ In any }
