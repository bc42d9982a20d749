package graph

import (
	"errors"
	"strings"

	"github.com/throughline/throughline/internal/history"
	"github.com/throughline/throughline/internal/jsonl"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// This file answers `asRecorded`: a record and the links at it as the graph had them at a time.

var asRecordedKind = &questionKind{
	name: "asRecorded", begin: func() question { return &asRecordedQuestion{} }, logged: true, looks: true,
	tables: tables{
		"RecordedState": {
			"id":     textOf(func(s *recordedState) string { return s.id }),
			"at":     textOf(func(s *recordedState) string { return s.at.String() }),
			"kind":   valueOf(func(s *recordedState) kg.Value { return kg.StringValue(s.Kind) }),
			"record": valueOf(func(s *recordedState) kg.Value { return kg.StringValue(s.Record) }),
			"links": {
				shape: objectShape, plan: planListPart("RecordedState.links"),
				one: func(_ *reading, x *out, p, to *place) bool {
					*to = of[recordedState](p).lists[x.index]
					return true
				},
			},
		},
		"RecordedLinkConnection": {
			"nodes": objectsOf(func(l *entryList[recordedLink]) []recordedLink { return l.beside }).also(wantEntries),
		},
		"RecordedLinkEdge": {"node": objectOf(func(l *recordedLink) *recordedLink { return l })},
		"RecordedLink": {
			"id":     textOf(func(l *recordedLink) string { return l.id }),
			"record": textOf(func(l *recordedLink) string { return l.line }),
		},
	},
}

// asRecordedQuestion is `asRecorded` with its values.
type asRecordedQuestion struct {
	asked
	id      string
	at      kg.Time
	windows []window
}

// recordedState holds the values of RecordedState.
type recordedState struct {
	*history.State
	id    string
	at    kg.Time
	lists []place
}

// recordedLink holds the values of RecordedLink.
type recordedLink struct{ id, line string }

func (q *asRecordedQuestion) bind(b *binder, args map[string]any) (err error) {
	if q.id, err = b.Text("asRecorded.id", args["id"]); err != nil {
		return err
	}
	at, err := b.Instant("asRecorded.at", args["at"])
	if err != nil {
		return err
	}
	q.at = kg.TimeAt(*at)
	q.windows = make([]window, len(q.parts))
	for i, p := range q.parts {
		if q.windows[i], err = b.window(p.list, b.arguments(p.field), kg.String); err != nil {
			return err
		}
	}
	return nil
}

// records counts the links that are shown.
func (q *asRecordedQuestion) records() int {
	n := 1
	for i := range q.windows {
		n += q.windows[i].entries(defaultedPage)
	}
	return n
}

func (q *asRecordedQuestion) answer(x *search) (place, error) {
	cat, s := x.e.opts.Catalog, x.e.opts.Store
	seq, err := history.Last(x.ctx, s, q.at)
	if err != nil {
		return place{}, ofAt(err)
	}
	state, err := history.Recorded(x.ctx, cat, s, q.id, seq, q.at)
	if err != nil {
		return place{}, ofAt(err)
	}
	if state.Kind == cat.Source.Enum && !x.e.opts.ServeTexts {
		state.Record = jsonl.Without(state.Record, "text")
	}
	r := &recordedState{State: state, id: q.id, at: q.at}
	for i := range q.windows {
		w := &q.windows[i]
		page, prev, next := pageOf(state.Links, &w.page, func(id string, k []kg.Value) int { return strings.Compare(id, k[0].Str) })
		var lines map[string]string
		if q.parts[i].list.base.Want.Rows {
			if lines, err = state.Lines(x.ctx, page); err != nil {
				return place{}, ofAt(err)
			}
		}
		l := &entryList[recordedLink]{}
		l.Total, l.HasPrev, l.HasNext = int64(len(state.Links)), prev, next
		l.field = plan.Field{Binding: w.binding}
		for _, id := range page {
			if line := lines[id]; line != "" { // a link that came and went meanwhile has none
				l.addMade(recordedLink{id, line}, kg.StringValue(id))
			}
		}
		r.lists = append(r.lists, l.place(l))
	}
	x.a.trips(1 + state.Trips)
	return x.object(r), nil
}

// ofAt says of an error about a time that is not kept which argument it is about.
func ofAt(err error) error {
	var own *kg.Error
	if errors.As(err, &own) && own.Code == kg.NotKept {
		own.Details["argument"] = kg.Way("asRecorded.at")
	}
	return err
}
