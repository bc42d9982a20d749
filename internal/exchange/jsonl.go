package exchange

import (
	"bufio"
	"context"
	"errors"
	"fmt"

	"github.com/throughline/throughline/internal/jsonl"
	"github.com/throughline/throughline/internal/kg"
)

// jsonlFormat is the form that holds every record whole: docs/format-jsonl.md.
func jsonlFormat() *Format {
	return &Format{
		Name: "jsonl", Title: "Throughline's own lines of JSON: a backup, and the way from store to store",
		Extensions: []string{".jsonl", ".ndjson"}, Media: "application/x-ndjson",
		Holds: "every record, whole", Lacks: "the log: all records follow from one change", read: readLines, write: writeLines,
	}
}

// readLines hands on each line.
func readLines(in *reading) error { return readLinesUpTo(in, MaxLine) }

// readLinesUpTo reads lines of at most so many bytes.
func readLinesUpTo(in *reading, longest int) error {
	sc := bufio.NewScanner(in.r)
	sc.Buffer(make([]byte, 256<<10), longest)
	n := 0
	for sc.Scan() {
		n++
		if !in.say(n, sc.Bytes()) {
			return nil
		}
	}
	if errors.Is(sc.Err(), bufio.ErrTooLong) {
		return &LineError{Line: n + 1, Err: fmt.Errorf("is longer than %d bytes", longest)}
	}
	return sc.Err()
}

// writeLines writes sources, nodes, links, each by id.
func writeLines(ctx context.Context, x *outlet) error {
	out, err := x.file()
	if err != nil {
		return err
	}
	var b []byte
	line := func(of []byte) error {
		b = of
		_, err := out.Write(append(b, '\n'))
		return err
	}
	if _, err := out.WriteString("{\"throughline\":1}\n"); err != nil {
		return err
	}
	if err := x.from.Sources(ctx, func(s *kg.Source) error {
		x.counts.Sources++
		return line(jsonl.AppendSource(b[:0], s))
	}); err != nil {
		return err
	}
	if err := x.from.Nodes(ctx, func(n *kg.Node) error {
		x.counts.Nodes++
		return line(jsonl.AppendNode(b[:0], x.cat, n))
	}); err != nil {
		return err
	}
	if err := x.from.Links(ctx, func(l *kg.Link) error {
		x.counts.Links++
		return line(jsonl.AppendLink(b[:0], l))
	}); err != nil {
		return err
	}
	return out.Flush()
}
