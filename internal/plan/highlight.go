package plan

import (
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/text"
)

// Highlights are what package text found, as an edge has them.
func Highlights(found []text.Highlight) []kg.Highlight {
	out := make([]kg.Highlight, len(found))
	for i, h := range found {
		out[i] = kg.Highlight{Field: h.Field, Text: h.Text, Ranges: make([]kg.Range, len(h.Ranges))}
		for j, r := range h.Ranges {
			out[i].Ranges[j] = kg.Range(r)
		}
	}
	return out
}
