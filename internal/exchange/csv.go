package exchange

import (
	"bytes"
	"context"
	"encoding/csv"
	"slices"
	"strings"
)

// csvFormat is two files with commas, one of nodes and one of links.
func csvFormat() *Format {
	return &Format{
		Name: "csv", Title: "Comma-separated values: spreadsheets, pandas, R, databases",
		Extensions: []string{".csv", ".tsv", ".tab"}, Media: "text/csv", Parts: []string{"nodes", "links"},
		Holds: "nodes and links with all their fields, each link with its words and where they stand; two files, or both in one zip",
		Lacks: flatLacks + "; white space around a value; the carriage return of a Windows line end within one",
		noun:  "row", recodes: true, read: readTable,
		looks: func(head []byte) bool {
			line, _, _ := strings.Cut(string(bytes.TrimPrefix(head, []byte(byteOrderMark))), "\n")
			header, err := csv.NewReader(strings.NewReader(line)).Read()
			if err != nil || len(header) < 2 {
				return false
			}
			_, err = automatic(header)
			return err == nil
		},
		write: func(ctx context.Context, x *outlet) error { return x.draw(ctx, &table{outlet: x}) },
	}
}

// table writes nodes and links as two files of comma-separated values.
type table struct {
	*outlet
	*csv.Writer
}

// head opens a part and writes the names of its columns.
func (t *table) head(part string, first []string, fields []field) error {
	if t.Writer != nil {
		if err := t.end(); err != nil {
			return err
		}
	}
	w, err := t.open(part)
	if err != nil {
		return err
	}
	t.Writer = csv.NewWriter(w)
	for _, f := range fields {
		first = append(first, f.name)
	}
	return t.Write(first)
}

func (t *table) begin() error { return t.head("nodes", []string{"id", "name"}, nodeFields(t.cat)) }

func (t *table) node(n *flatNode) error {
	return t.Write(slices.Concat([]string{n.ID, n.Name}, n.values))
}

func (t *table) links() error { return t.head("links", []string{"id", "from", "to"}, linkFields()) }

func (t *table) link(l *flatLink) error {
	return t.Write(slices.Concat([]string{l.ID, l.From, l.To}, l.values))
}

func (t *table) end() error {
	t.Flush()
	return t.Error()
}
