package exchange

import (
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
