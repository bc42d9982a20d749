package graph

import (
	"cmp"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/operation"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/text"
	"github.com/throughline/throughline/internal/trace"
)

// This file answers `timeline`.

var timelineKind = &questionKind{
	name: "timeline", begin: func() question { return &timelineQuestion{} },
	props: timelineProps,
	tables: tables{
		"TimelineConnection": {
			"nodes": objectsOf(func(l *entryList[timelineItem]) []timelineItem { return l.beside }),
		},
		"TimelineEdge": {
			"node": objectOf(func(i *timelineItem) *timelineItem { return i }),
		},
		"TimelineItem": {
			"id": textOf(func(i *timelineItem) string {
				return "t_" + strings.ToLower(trace.WhatNames[i.what]) + "." + i.id
			}),
			"date": valueOf(func(i *timelineItem) kg.Value { return i.date }),
			"kind": textOf(func(i *timelineItem) string { return trace.WhatNames[i.what] }),
			"subject": {
				shape: objectShape,
				plan: func(c *compiler, f operation.Field, at *scope, x *out) {
					x.objs = c.records(f, at.sel, c.cat.Entities|1<<c.cat.Source.Index|1<<c.cat.Link.Index)
				},
				one: func(_ *reading, _ *out, p, to *place) bool { return to.record(of[timelineItem](p).subject, p.sel) },
			},
			"caption": textOf(func(i *timelineItem) string { return i.caption }).also(func(c *compiler, at *scope) {
				at.sel.prop(c.cat.Prop("verified"))
			}),
		},
	},
}

// timelineProps are what captions say, and the dates of the types that a timeline shows.
func timelineProps(cat *catalog.Catalog) []string {
	names := append([]string{"name", "title", "publishedOn"}, statementProps[:]...)
	for _, t := range cat.Types {
		for _, p := range []*catalog.Prop{t.DateProp, t.UntilProp} {
			if t.Timeline != "" && p != nil {
				names = append(names, p.Name)
			}
		}
	}
	return names
}

// timelineQuestion is `timeline` with its values.
type timelineQuestion struct {
	asked
	during *plan.DateFilter
}

// timelineItem holds the values of TimelineItem.
type timelineItem struct {
	what    trace.What
	id      string // of the subject
	date    kg.Value
	subject *kg.Row
	caption string
}

func (q *timelineQuestion) bind(b *binder, args map[string]any) (err error) {
	if err := b.SomeEntities("timeline.subjects", args["subjects"], plan.MaxSeeds); err != nil {
		return err
	}
	if m, ok := args["during"].(map[string]any); ok {
		if q.during, err = b.DateFilter("timeline.during", m); err != nil {
			return err
		}
	}
	q.walk.SourceDates = true
	q.window, err = b.window(q.list, args, kg.Int, kg.Int, kg.Int, kg.String)
	return err
}

func (q *timelineQuestion) records() int { return q.entries(q.asked.records()) }

func (q *timelineQuestion) answer(x *search) (place, error) {
	kinds := map[uint8]trace.What{}
	for _, t := range x.e.opts.Catalog.Types {
		if i := slices.Index(trace.WhatNames[:], t.Timeline); i >= 0 {
			kinds[t.Index] = trace.What(i)
		}
	}
	all, err := trace.Timeline(x.ctx, x.g, distinct(x.keys), kinds)
	if err != nil {
		return place{}, err
	}
	if d := q.during; d != nil {
		all = slices.DeleteFunc(all, func(m trace.Moment) bool { return !d.Fits(m.Date.From, m.Date.To, true) })
	}
	keys := func(m trace.Moment) []kg.Value {
		return []kg.Value{
			kg.IntValue(int64(m.Date.From)),
			kg.IntValue(m.Place()),
			kg.IntValue(int64(m.Date.To)),
			kg.StringValue(m.ID),
		}
	}
	page, prev, next := pageOf(all, &q.page, func(m trace.Moment, c []kg.Value) int {
		k := keys(m)
		return cmp.Or(
			cmp.Compare(k[0].Int, c[0].Int),
			cmp.Compare(k[1].Int, c[1].Int),
			cmp.Compare(k[2].Int, c[2].Int),
			strings.Compare(k[3].Str, c[3].Str),
		)
	})
	ids := make([]string, len(page))
	for i, m := range page {
		ids[i] = m.ID
	}
	if err := x.read(unique(ids)); err != nil {
		return place{}, err
	}
	list := &entryList[timelineItem]{}
	list.begin(x, q.window, len(all), prev, next)
	for _, m := range page {
		if row := x.rows[m.ID]; row != nil {
			list.add(row, x.timelineItem(m, row), keys(m)...)
		}
	}
	return list.place(list), nil
}

// timelineItem makes an entry of a timeline of the record it is about.
func (x *search) timelineItem(m trace.Moment, row *kg.Row) timelineItem {
	cat := x.e.opts.Catalog
	item := timelineItem{what: m.What, id: m.ID, subject: row}
	name := x.value(row, "name").Str
	switch m.What {
	case trace.Event, trace.Said:
		typ := cat.TypeAt(row.Type)
		item.date = x.value(row, typ.DateProp.Name)
		if item.date.Kind == kg.Null && typ.UntilProp != nil {
			item.date = x.value(row, typ.UntilProp.Name)
		}
		item.caption = name
		if m.What == trace.Said {
			item.caption = "Said: " + text.Quote(name) + unverified(x.value(row, "verified"))
		}
	case trace.LinkBegan, trace.LinkEnded:
		item.date, item.caption = x.value(row, "since"), "Began: "
		if m.What == trace.LinkEnded {
			item.date, item.caption = x.value(row, "until"), "Ended: "
		}
		if k, s := x.statement(row); k != nil {
			item.caption += k.Sentence(&s, kg.DayOf(x.now))
		}
	case trace.Published:
		item.date, item.caption = x.value(row, "publishedOn"), "Published: "+x.value(row, "title").Str
	}
	return item
}
