package store

import (
	"context"
	"encoding/json"
	"strings"

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

// Again returns an item that was read from a log as stores keep it.
func Again(i *kg.ChangeItem) (*Logged, error) {
	l := &Logged{ChangeItem: *i}
	for _, side := range []struct {
		line string
		a, b *string
	}{{i.Before, &l.WasA, &l.WasB}, {i.After, &l.A, &l.B}} {
		if !strings.HasPrefix(side.line, `{"link":`) {
			continue
		}
		var ends struct{ From, To string }
		if err := json.Unmarshal([]byte(side.line), &ends); err != nil {
			return nil, kg.Wrap(kg.Corrupt, err, "the log has a line of %s that cannot be read", i.ID)
		}
		*side.a, *side.b = ends.From, ends.To
	}
	return l, nil
}

// logPage is how many changes, and how many items, EachChange reads at once.
const logPage = 1000

// EachChange calls f for each change of a log, the earliest first, with what it did and the imports that created what
// it deleted.
func EachChange(ctx context.Context, log Logger, f func(c *kg.Change, items []kg.ChangeItem, made map[string]int64) error) error {
	q := &ChangesQuery{Limit: logPage, Earliest: true}
	for {
		changes, err := log.Changes(ctx, q)
		if err != nil {
			return err
		}
		for i := range changes {
			c := &changes[i]
			items, err := itemsOf(ctx, log, c.Seq)
			if err != nil {
				return err
			}
			made, err := log.Departed(ctx, c.Seq)
			if err != nil {
				return err
			}
			if err := f(c, items, made); err != nil {
				return err
			}
			q.After = c.Seq
		}
		if len(changes) < q.Limit {
			return nil
		}
	}
}

// itemsOf returns all items of a change.
func itemsOf(ctx context.Context, log Logger, seq int64) (all []kg.ChangeItem, err error) {
	q := &ItemsQuery{Seq: seq, Limit: logPage}
	for {
		some, err := log.Items(ctx, q)
		if all = append(all, some...); err != nil || len(some) < q.Limit {
			return all, err
		}
		q.After = all[len(all)-1].ID
	}
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
