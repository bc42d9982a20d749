package exchange

import (
	"bytes"
	"context"
	"encoding/csv"
	"slices"
)

// tables are the formats of two files of values, one of nodes and one of links. They are told apart by what stands
// between values only where they are written.
func tables() []*Format {
	return []*Format{
		tableFormat("csv", "Comma-separated values: spreadsheets, pandas, R, databases", "text/csv", ',', ".csv"),
		tableFormat("tsv", "Tab-separated values: the same with tabs", "text/tab-separated-values", '\t', ".tsv", ".tab"),
	}
}

func tableFormat(name, title, media string, between rune, extensions ...string) *Format {
	return &Format{
		Name: name, Title: title, Extensions: extensions, Media: media, Parts: []string{"nodes", "links"},
		Holds: "nodes and links with all their fields, each link with its words and where they stand; two files, or both in one zip",
		Lacks: flatLacks + "; white space around a value; the carriage return of a Windows line end within one",
		noun:  "row", recodes: true, tables: oneTable, read: func(in *reading) error { return readTables(in, oneTable) },
		looks: func(head []byte) bool {
			line, _, _ := bytes.Cut(bytes.TrimPrefix(head, []byte(byteOrderMark)), []byte("\n"))
			r := csv.NewReader(bytes.NewReader(line))
			r.Comma = delimiterOf(line)
			header, err := r.Read()
			if err != nil || len(header) < 2 {
				return false
			}
			_, err = automatic(header, &Terms{})
			return err == nil
		},
		write: func(ctx context.Context, x *outlet) error { return x.draw(ctx, &table{outlet: x, between: between}) },
	}
}

// table writes nodes and links as two files.
type table struct {
	*outlet
	*csv.Writer
	between rune // values
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
	t.Comma = t.between
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
