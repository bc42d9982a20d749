// Package store is the contract between the graph's readers and writers and what keeps it. Two stores implement it,
// sqlitestore and neo4jstore, and the naive oracle in storetest; the suite there holds them to it, and to the same
// answers to the byte.
//
// A store keeps nodes, links and sources as package kg describes them and answers plans as package plan describes
// them. Everything visible to a reader must be equal on every store: order, cursors' keys, counts, facets, scores,
// highlights, error codes and messages. Only kg.Result.RoundTrips may differ.
//
// The order of any list is total: its keys, then the id. Text is compared after text.Fold, names are ordered by
// text.SortKey, ids bytewise.
package store
