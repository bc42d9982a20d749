package exchange

import "github.com/throughline/throughline/internal/catalog"

// ParseLine reads one line and writes it again, "" for a line that holds no record.
func ParseLine(cat *catalog.Catalog, line []byte) (string, error) {
	r, err := parse(cat, line)
	if err != nil {
		return "", err
	}
	l := &liner{b: []byte("{")}
	switch {
	case r.source != nil:
		l.source(r.source)
	case r.node != nil:
		l.node(cat, r.node)
	case r.link != nil:
		l.link(r.link)
	default:
		return "", nil
	}
	return string(l.b) + "}", nil
}
