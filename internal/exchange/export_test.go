package exchange

import (
	"context"
	"errors"
	"io"

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

// Shown returns a number of a sheet as it is shown in a format.
func Shown(code, v string, from1904 bool) string { return displayOf(code).number(v, from1904) }

// Tables calls a function for each row of the tables of a file.
func Tables(ctx context.Context, f File, row func(values []string)) error {
	opened, err := f.Open()
	if err != nil {
		return err
	}
	r, err := unpacked(opened)
	if err != nil {
		return err
	}
	return formatOf(f.Name, r).tables(f.quiet(ctx, r), func(t rows) error {
		for {
			values, err := t.next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			row(values)
		}
	})
}
