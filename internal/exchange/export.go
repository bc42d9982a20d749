package exchange

import (
	"bufio"
	"context"
	"io"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/jsonl"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// Export writes everything a store holds: sources, nodes, links, each by id. The same graph gives the same bytes,
// whatever store it is in.
func Export(ctx context.Context, cat *catalog.Catalog, s store.Scanner, w io.Writer) (Counts, error) {
	out := bufio.NewWriterSize(w, 1<<20)
	var counts Counts
	var b []byte
	line := func(of []byte) error {
		b = of
		_, err := out.Write(append(b, '\n'))
		return err
	}
	if _, err := out.WriteString("{\"throughline\":1}\n"); err != nil {
		return counts, err
	}
	if err := s.Sources(ctx, func(x *kg.Source) error {
		counts.Sources++
		return line(jsonl.AppendSource(b[:0], x))
	}); err != nil {
		return counts, err
	}
	if err := s.Nodes(ctx, func(x *kg.Node) error {
		counts.Nodes++
		return line(jsonl.AppendNode(b[:0], cat, x))
	}); err != nil {
		return counts, err
	}
	if err := s.Links(ctx, func(x *kg.Link) error {
		counts.Links++
		return line(jsonl.AppendLink(b[:0], x))
	}); err != nil {
		return counts, err
	}
	return counts, out.Flush()
}
