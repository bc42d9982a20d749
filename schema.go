// Package throughline carries the contract: the GraphQL schema that the server, its catalogue and its clients share.
package throughline

import _ "embed"

// Schema is schema.graphqls: what is particular to the contract. Package contract makes the whole of it.
//
//go:embed schema.graphqls
var Schema string
