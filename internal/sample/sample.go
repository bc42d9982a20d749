// Package sample is the graph a new store begins with: what one article says of NATO's Digital Dialogue on Human
// Security (25 February 2021). Every link has words of the article; nothing else is in it, and the article itself is
// not.
package sample

import (
	"context"
	_ "embed"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/store"
)

// Data is the sample as lines of JSON (docs/format-jsonl.md).
//
//go:embed sample.jsonl
var Data []byte

// Load writes the sample into a store. Doing it again changes nothing.
func Load(ctx context.Context, cat *catalog.Catalog, s store.Store) (exchange.Report, error) {
	return exchange.Import(ctx, cat, s, []exchange.File{exchange.FromBytes("sample.jsonl", Data)}, exchange.Options{})
}
