package store

import (
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/jsonl"
	"github.com/throughline/throughline/internal/kg"
)

// Logged is an item of the log as stores keep it: with the ends of links, by which changes are found.
type Logged struct {
	kg.ChangeItem
	A, B       string // ends of a link as it is then, "" of other records
	WasA, WasB string // and as it was
}

// Log returns the item for a record that is written: was is nil for one that is new, is for one that went. Both are
// *kg.Source, *kg.Node or *kg.Link as they are stored, with their times.
func Log(cat *catalog.Catalog, was, is any) *Logged {
	l := &Logged{}
	l.Before = l.line(cat, was, &l.WasA, &l.WasB)
	l.After = l.line(cat, is, &l.A, &l.B)
	return l
}

// line writes one side of an item.
func (l *Logged) line(cat *catalog.Catalog, x any, a, b *string) string {
	switch x := x.(type) {
	case *kg.Source:
		l.ID, l.Kind = x.ID, cat.Source.Enum
		return string(jsonl.AppendSource(nil, x))
	case *kg.Node:
		l.ID, l.Kind = x.ID, x.Type
		c := *x
		c.Verified = nil
		return string(jsonl.AppendNode(nil, cat, &c))
	case *kg.Link:
		l.ID, l.Kind, *a, *b = x.ID, x.Kind, x.From, x.To
		c := *x
		c.Evidence = make([]kg.Evidence, len(x.Evidence))
		for i, e := range x.Evidence {
			e.Verified = nil
			c.Evidence[i] = e
		}
		return string(jsonl.AppendLink(nil, &c))
	}
	return ""
}
