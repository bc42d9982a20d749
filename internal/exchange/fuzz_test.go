package exchange_test

import (
	"bytes"
	"testing"

	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/sample"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// FuzzRecord: a line is refused, or written again it says the same.
func FuzzRecord(f *testing.F) {
	cat := both.Catalog(f)
	for line := range bytes.Lines(sample.Data) {
		f.Add(bytes.TrimSpace(line))
	}
	for _, c := range badLines {
		f.Add([]byte(c.line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		once, err := exchange.ParseLine(cat, line)
		if err != nil {
			if len(err.Error()) > 1000 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
			return
		}
		if once == "" {
			return
		}
		twice, err := exchange.ParseLine(cat, []byte(once))
		if err != nil || once != twice {
			t.Errorf("%q is written as %q, read again %q, %v", line, once, twice, err)
		}
	})
}
