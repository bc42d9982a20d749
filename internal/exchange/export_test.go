package exchange

import (
	"context"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/jsonl"
)

// ParseLine reads one line and writes it again, "" for a line that holds no record.
func ParseLine(cat *catalog.Catalog, line []byte) (string, error) {
	r, err := parse(cat, line)
	if err != nil {
		return "", err
	}
	switch {
	case r.source != nil:
		return string(jsonl.AppendSource(nil, r.source)), nil
	case r.node != nil:
		return string(jsonl.AppendNode(nil, cat, r.node)), nil
	case r.link != nil:
		return string(jsonl.AppendLink(nil, r.link)), nil
	}
	return "", nil
}

// ReadFile reads a file without a store, and returns the lines of its records, what is wrong, and why it could not be read
// to its end.
func ReadFile(ctx context.Context, cat *catalog.Catalog, f File) (lines []string, bad []*LineError, err error) {
	batches := make(chan *batch)
	go func() {
		defer close(batches)
		readFile(ctx, cat, 0, f, false, batches)
	}()
	for b := range batches {
		bad = append(bad, b.errs...)
		if b.err != nil {
			err = b.err
		}
		for _, r := range b.records {
			switch {
			case r.bad:
			case r.source != nil:
				lines = append(lines, string(jsonl.AppendSource(nil, r.source)))
			case r.node != nil:
				lines = append(lines, string(jsonl.AppendNode(nil, cat, r.node)))
			case r.link != nil:
				lines = append(lines, string(jsonl.AppendLink(nil, r.link)))
			}
		}
	}
	return lines, bad, err
}
