package exchange

import (
	"context"

	"github.com/throughline/throughline/internal/catalog"
)

// ParseLine reads one line and writes it again, "" for a line that holds no record.
func ParseLine(cat *catalog.Catalog, line []byte) (string, error) {
	r, err := parse(cat, line)
	if err != nil {
		return "", err
	}
	return string(r.line(cat)), nil
}

// ReadFile reads a file without a store, and returns the lines of its records, what is wrong, and why it could not be read
// to its end.
func ReadFile(ctx context.Context, cat *catalog.Catalog, f File) (lines []string, bad []*LineError, err error) {
	batches := make(chan *batch)
	go func() {
		defer close(batches)
		readFile(ctx, cat, 0, f, turn{}, batches)
	}()
	for b := range batches {
		bad = append(bad, b.errs...)
		if b.err != nil {
			err = b.err
		}
		for _, r := range b.records {
			if r.bad {
				continue
			}
			if line := r.line(cat); line != nil {
				lines = append(lines, string(line))
			}
		}
	}
	return lines, bad, err
}
