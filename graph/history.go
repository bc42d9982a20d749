package graph

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/history"
	"github.com/throughline/throughline/internal/jsonl"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/operation"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// This file answers `changes` and `change` from the log, and the fields of changes and of their items.

var changesKind = &questionKind{
	name: "changes", begin: func() question { return &changesQuestion{} }, logged: true, tables: historyTables,
}

var historyTables = tables{
	"ChangeConnection": {
		"nodes": objectsOf(func(l *entryList[kg.Change]) []kg.Change { return l.beside }).also(wantEntries),
	},
	"ChangeEdge": {"node": objectOf(func(c *kg.Change) *kg.Change { return c })},
	"Change": {
		"id":      textOf(func(c *kg.Change) string { return c.ID }),
		"seq":     intOf(func(c *kg.Change) int64 { return c.Seq }),
		"at":      textOf(func(c *kg.Change) string { return c.At.String() }),
		"by":      valueOf(func(c *kg.Change) kg.Value { return kg.StringValue(c.By) }),
		"action":  textOf(func(c *kg.Change) string { return string(c.Action) }),
		"note":    valueOf(func(c *kg.Change) kg.Value { return kg.StringValue(c.Note) }),
		"summary": textOf((*kg.Change).Summary),
		"created": intOf(func(c *kg.Change) int64 { return c.Created }),
		"updated": intOf(func(c *kg.Change) int64 { return c.Changed }),
		"removed": intOf(func(c *kg.Change) int64 { return c.Removed }),
		"files":   objectsOf(func(c *kg.Change) []kg.ChangeFile { return c.Files }),
		"open":    valueOf(func(c *kg.Change) kg.Value { return kg.BoolValue(c.Open) }),
		"reverts": laterField(&laterKind{
			subject: func(_ *out, p *place) string { return of[kg.Change](p).Reverts }, read: readReverted, compile: noRecord,
		}),
		"revertedBy": laterField(&laterKind{subject: changeID, read: readReverting, compile: noRecord}),
		"items": laterField(&laterKind{
			at: func(*catalog.Type) string { return "Change.items" }, keys: kg.String,
			subject: changeID, read: readItems, compile: noRecord,
		}),
	},
	"ChangeFile": {
		"name":   textOf(func(f *kg.ChangeFile) string { return f.Name }),
		"sha256": valueOf(func(f *kg.ChangeFile) kg.Value { return kg.StringValue(f.SHA256) }),
	},
	"ChangeItemConnection": {
		"nodes": objectsOf(func(l *entryList[changeItem]) []changeItem { return l.beside }).also(wantEntries),
	},
	"ChangeItemEdge": {"node": objectOf(func(i *changeItem) *changeItem { return i })},
	"ChangeItem": {
		"recordId": textOf(func(i *changeItem) string { return i.ID }),
		"kind":     textOf(func(i *changeItem) string { return i.Kind }),
		"before":   valueOf(func(i *changeItem) kg.Value { return kg.StringValue(i.Before) }),
		"after":    valueOf(func(i *changeItem) kg.Value { return kg.StringValue(i.After) }),
		"fields":   objectsOf((*changeItem).differing),
		"record": laterField(&laterKind{
			subject: func(_ *out, p *place) string { return of[changeItem](p).ID }, read: (*laterSearch).records,
			compile: func(c *compiler, f operation.Field, l *later) *objects {
				return c.records(f, l.sel, anyRecord(c.cat))
			},
		}),
	},
	"FieldChange": {
		"name":   textOf(func(f *jsonl.FieldChange) string { return f.Name }),
		"before": valueOf(func(f *jsonl.FieldChange) kg.Value { return kg.StringValue(f.Before) }),
		"after":  valueOf(func(f *jsonl.FieldChange) kg.Value { return kg.StringValue(f.After) }),
	},
}

// historyField is the history of a record.
var historyField = laterField(&laterKind{
	at: func(t *catalog.Type) string {
		if t.IsEntity() {
			return "Entity.history"
		}
		return t.Name + ".history"
	},
	keys:    kg.Int,
	subject: func(x *out, p *place) string { return p.row.Vals[x.index].Str },
	read:    readHistory, compile: noRecord,
})

// readHistory reads the history of records. The history of an entity includes the changes of its former ids.
func readHistory(s *laterSearch, of map[string]*place) error {
	_, entities, _ := kg.SortIDs(slices.Collect(maps.Keys(of)))
	former := map[string][]string{}
	if len(entities) > 0 {
		s.asked(1)
		found, err := s.e.opts.Store.Records(s.ctx, entities)
		if err != nil {
			return err
		}
		for _, x := range found.Nodes {
			former[x.ID] = x.FormerIDs
		}
	}
	return s.each(of, func(ctx context.Context, id string, _ *place) error {
		q := store.ChangesQuery{Touching: append([]string{id}, former[id]...)}
		page, err := history.Changes(ctx, s.log(), q, &s.page, s.list.base.Want)
		if err != nil {
			return err
		}
		s.asked(page.Trips)
		s.put(id, changeList(page, s.window, nil))
		return nil
	})
}

// wantEntries has the entries of a list read.
func wantEntries(_ *compiler, at *scope) { at.follow.base.Want.Rows = true }

func changeID(_ *out, p *place) string { return of[kg.Change](p).ID }

// changeItem is an item of a change as clients read it, with the fields that differ once they were asked for.
type changeItem struct {
	kg.ChangeItem
	fields []jsonl.FieldChange
}

// differing returns the fields that differ.
func (i *changeItem) differing() []jsonl.FieldChange {
	if i.fields == nil {
		i.fields = jsonl.Diff(i.Before, i.After)
	}
	return i.fields
}

// changeItem returns an item as clients read it.
func (e *Engine) changeItem(i *kg.ChangeItem) changeItem {
	c := changeItem{ChangeItem: *i}
	if i.Kind == e.opts.Catalog.Source.Enum && !e.opts.ServeTexts {
		c.Before, c.After = jsonl.Without(i.Before, "text"), jsonl.Without(i.After, "text")
	}
	return c
}

// changeList returns the place of a page of changes.
func changeList(p *history.Page[kg.Change], w window, sel *plan.Sel) place {
	l := &entryList[kg.Change]{}
	l.Total, l.HasPrev, l.HasNext = p.Total, p.HasPrev, p.HasNext
	l.field = plan.Field{Binding: w.binding, Node: sel}
	for _, c := range p.Entries {
		l.addMade(c, kg.IntValue(c.Seq))
	}
	return l.place(l)
}

// readItems reads what changes did.
func readItems(s *laterSearch, of map[string]*place) error {
	return s.each(of, func(ctx context.Context, id string, p *place) error {
		q := store.ItemsQuery{Seq: seqAt(p), Touching: s.touching}
		page, err := history.Items(ctx, s.log(), q, &s.page, s.list.base.Want)
		if err != nil {
			return err
		}
		s.asked(page.Trips)
		l := &entryList[changeItem]{}
		l.Total, l.HasPrev, l.HasNext = page.Total, page.HasPrev, page.HasNext
		l.field.Binding = s.binding
		for i := range page.Entries {
			l.addMade(s.e.changeItem(&page.Entries[i]), kg.StringValue(page.Entries[i].ID))
		}
		s.put(id, l.place(l))
		return nil
	})
}

func seqAt(p *place) int64 { return of[kg.Change](p).Seq }

// readReverted reads the changes that others took back.
func readReverted(s *laterSearch, of map[string]*place) error {
	q := &store.ChangesQuery{Limit: len(of)}
	for id := range of {
		q.IDs = append(q.IDs, id)
	}
	slices.Sort(q.IDs)
	s.asked(1)
	found, err := s.log().Changes(s.ctx, q)
	for i := range found {
		s.put(found[i].ID, place{at: &found[i]})
	}
	return err
}

// readReverting reads the latest changes that took some back.
func readReverting(s *laterSearch, of map[string]*place) error {
	q := &store.ChangesQuery{Limit: plan.MaxPageSize}
	for id := range of {
		q.Reverting = append(q.Reverting, id)
	}
	slices.Sort(q.Reverting)
	seen := map[string]bool{}
	for {
		s.asked(1)
		found, err := s.log().Changes(s.ctx, q)
		if err != nil {
			return err
		}
		for i := range found {
			if c := &found[i]; !seen[c.Reverts] {
				seen[c.Reverts] = true
				s.put(c.Reverts, place{at: c})
			}
		}
		if len(found) < q.Limit || len(seen) == len(of) {
			return nil
		}
		q.Before = found[len(found)-1].Seq
	}
}

// changesQuestion is `changes` with its values.
type changesQuestion struct {
	asked
	query store.ChangesQuery
	none  bool // nothing fits
}

func (q *changesQuestion) bind(b *binder, args map[string]any) (err error) {
	if v := args["touching"]; v != nil {
		if q.query.Touching, err = b.IDs("changes.touching", v); err != nil {
			return err
		}
	}
	if v := args["by"]; v != nil {
		by, err := b.Text("changes.by", v)
		if err != nil {
			return err
		}
		q.query.By = &by
	}
	if m, ok := args["during"].(map[string]any); ok {
		during, err := b.DateFilter("changes.during", m)
		if err != nil {
			return err
		}
		q.none = during.IsNull != nil && *during.IsNull // each change has a date
		if during.From > kg.MinDay {
			q.query.From = kg.TimeOf(during.From.Begin())
		}
		if during.To < kg.MaxDay {
			q.query.To = kg.TimeOf(during.To.Begin().AddDate(0, 0, 1))
		}
	}
	if upTo, ok := args["upTo"].(int64); ok {
		q.none = q.none || upTo < 1
		q.query.Before = upTo + 1
	}
	q.window, err = b.window(q.list, args, kg.Int)
	return err
}

func (q *changesQuestion) records() int { return q.entries(defaultedPage) }

func (q *changesQuestion) describe(*describer) (how, steps []string) {
	for _, x := range []struct {
		set  bool
		what string
	}{
		{q.query.Touching != nil, "that touch some records"},
		{q.query.By != nil, "of one author"},
		{q.query.From != 0 || q.query.To != 0, "of a time"},
		{q.query.Before != 0, "up to a number"},
	} {
		if x.set {
			how = append(how, x.what)
		}
	}
	return append(how, pageWords(&q.page)), nil
}

func (q *changesQuestion) answer(x *search) (place, error) {
	page := &history.Page[kg.Change]{}
	if !q.none {
		var err error
		if page, err = history.Changes(x.ctx, x.e.opts.Store, q.query, &q.page, q.list.base.Want); err != nil {
			return place{}, err
		}
	}
	x.a.trips(page.Trips)
	return changeList(page, q.window, x.sel()), nil
}

// changeNodeKind is `node` with the id of a change.
var changeNodeKind = changeKindOf("node")

// changeKindOf returns the root field of this name that looks up a change.
func changeKindOf(name string) *questionKind {
	return &questionKind{name: name, begin: func() question { return &oneChange{} }, logged: true, bound: "id"}
}

// oneChange is a look-up of a change with its values.
type oneChange struct {
	asked
	id string
}

func (q *oneChange) bind(b *binder, args map[string]any) (err error) {
	q.id, err = b.Text(q.kind.name+".id", args["id"])
	return err
}

func (*oneChange) records() int { return 1 }

func (q *oneChange) answer(x *search) (place, error) {
	if !strings.HasPrefix(q.id, kg.ChangePrefix) {
		return place{}, nil
	}
	found, err := x.e.opts.Store.Changes(x.ctx, &store.ChangesQuery{IDs: []string{q.id}, Limit: 1})
	x.a.trips(1)
	if err != nil || len(found) == 0 {
		return place{}, err
	}
	return x.object(&found[0]), nil
}
