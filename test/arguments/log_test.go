package arguments_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
)

// logged is a change of the log: what was imported, and what came after.
type logged struct {
	deed  store.Deed
	items []string // ids of records
	ends  []string // of the links among them
}

// newLog returns the changes of the world after its import, and the batch of each. The last leave everything as it was.
func (w *world) newLog() (log []logged, batches []*store.Batch) {
	link := w.byLink[0]
	more, source := *link, *w.sources["s_e"]
	more.Evidence = append(slices.Clone(link.Evidence),
		kg.Evidence{Source: "s_e", Excerpt: "nothing rests", Stance: kg.Supports})
	source.Publisher = "Another"
	var nodes, were []*kg.Node
	for _, typ := range w.cat.Types {
		was := w.records[strings.ToLower(typ.Name)+"-5"].node
		is := *was
		is.Description = "Something else"
		nodes, were = append(nodes, &is), append(were, was)
	}
	for i, b := range []*store.Batch{
		{Nodes: nodes, Sources: []*kg.Source{&source}},
		{Nodes: were, Sources: []*kg.Source{w.sources["s_e"]}, Links: []*kg.Link{&more}},
		{Links: []*kg.Link{link}},
	} {
		c := logged{deed: store.Deed{
			ID: fmt.Sprintf("%s%d", kg.ChangePrefix, i+2), By: []string{"Ann", "bo", "Ann"}[i], Action: kg.Updated, Whole: true,
		}}
		for _, n := range b.Nodes {
			c.items = append(c.items, n.ID)
		}
		for _, s := range b.Sources {
			c.items = append(c.items, s.ID)
		}
		for _, l := range b.Links {
			c.items, c.ends = append(c.items, l.ID), append(c.ends, l.From, l.To)
		}
		slices.Sort(c.items)
		log, batches = append(log, c), append(batches, b)
	}
	return log, batches
}

// fill writes the world into a store, with its log.
func (w *world) fill(t testing.TB, s store.Store) {
	t.Helper()
	if err := storetest.Fill(t.Context(), s, w.batch); err != nil {
		t.Fatal(err)
	}
	log, batches := w.newLog()
	for i, b := range batches {
		if _, err := s.Write(t.Context(), store.Ahead{}, func(ctx context.Context, tx store.Tx) error {
			tx.Describe(&log[i].deed)
			c := *b
			return tx.Put(ctx, &c)
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// touchedBy reports whether a change touches one of some records; of none it is the import, which made all.
func (w *world) touchedBy(c *logged, ids []any) bool {
	return slices.ContainsFunc(ids, func(id any) bool {
		if c == nil {
			return w.records[text(id)] != nil || w.links[text(id)] != nil
		}
		return slices.Contains(c.items, text(id)) || slices.Contains(c.ends, text(id))
	})
}

// changes lists changes, the latest first; nil for no argument.
func (w *world) changes(touching, by, during, upTo any) (out []entry) {
	log, _ := w.newLog()
	day := kg.DayOf(storetest.Clock())
	for seq := min(len(log)+1, otherwise(upTo, len(log)+1)); seq > 0; seq-- {
		var c *logged
		author := ""
		if seq > 1 {
			c = &log[seq-2]
			author = c.deed.By
		}
		if touching != nil && !w.touchedBy(c, list(touching)) || by != nil && by != author {
			continue
		}
		if m := object(during); m != nil {
			if first, last := bounds(m); m["isNull"] == true || day < first || day > last {
				continue
			}
		}
		out = append(out, entry{shown: input{"node": input{"seq": float64(seq)}}})
	}
	return out
}

// clockText is the time of every change.
var clockText = storetest.Clock().UTC().Format(time.RFC3339)

// recorded returns the kind of a record, and reports whether it was there at a time. All came with the import.
func (w *world) recorded(id string, at time.Time) (kind string, there bool) {
	if at.Before(storetest.Clock()) {
		return "", false
	}
	if l := w.links[id]; l != nil {
		return l.Kind, true
	}
	if x := w.records[id]; x != nil {
		return x.typ, true
	}
	return "", false
}

// recordedLinks returns the ids of the links at an entity at a time.
func (w *world) recordedLinks(id string, at time.Time) (ids []string) {
	for _, l := range w.byLink {
		if _, there := w.recorded(l.ID, at); there && (l.From == id || l.To == id) {
			ids = append(ids, l.ID)
		}
	}
	return ids
}

// logRule says what a field of the log answers, and reports whether it is one.
func (w *world) logRule(r *rule) bool {
	log, _ := w.newLog()
	const edge = "node { seq }"
	switch {
	case r.name() == "Query.changes":
		r.means, r.edge = []string{"touching", "by", "during", "upTo"}, edge
		r.answer = func(_ string, args input) ([]entry, any) {
			return w.changes(args["touching"], args["by"], args["during"], args["upTo"]), nil
		}
	case r.name() == "Query.change":
		r.means, r.also, r.given = []string{"id"}, "{ id seq }", input{"id": log[0].deed.ID}
		r.answer = func(_ string, args input) ([]entry, any) {
			for i := range log {
				if id := log[i].deed.ID; id == args["id"] {
					return nil, input{"id": id, "seq": float64(i + 2)}
				}
			}
			return nil, nil
		}
	case r.field.Name == "history":
		r.edge = edge
		if r.def.Name == "Link" {
			r.on = []string{w.byLink[0].ID, w.byLink[1].ID}
		}
		r.answer = func(on string, _ input) ([]entry, any) { return w.changes([]any{on}, nil, nil, nil), nil }
	case r.name() == "Query.asRecorded":
		r.means, r.also = []string{"id", "at"}, "{ id kind links(first: 0) { totalCount } }"
		r.given = input{"id": "person-5", "at": clockText}
		r.answer = func(_ string, args input) ([]entry, any) {
			id, links := text(args["id"]), 0
			at, err := time.Parse(time.RFC3339, text(args["at"]))
			if err != nil {
				panic(refusal("BAD_USER_INPUT"))
			}
			var kind any
			if there, is := w.recorded(id, at); is {
				kind, links = there, len(w.recordedLinks(id, at))
			}
			return nil, input{"id": id, "kind": kind, "links": input{"totalCount": float64(links)}}
		}
	case r.name() == "RecordedState.links":
		r.edge, r.on = "node { id }", []string{w.byLink[0].From, w.byLink[0].ID}
		r.host = func(on, call string) (string, []any) {
			return fmt.Sprintf("{ asRecorded(id: %q, at: %q) { f: %s } }", on, clockText, call), []any{"asRecorded", "f"}
		}
		r.answer = func(on string, _ input) (out []entry, _ any) {
			for _, id := range w.recordedLinks(on, storetest.Clock()) {
				out = append(out, entry{shown: input{"node": ask1(id)}})
			}
			return out, nil
		}
	case r.name() == "Change.items":
		r.means, r.edge = []string{"touching"}, "node { recordId }"
		for i := range log {
			r.on = append(r.on, log[i].deed.ID)
		}
		r.host = func(on, call string) (string, []any) {
			return fmt.Sprintf("{ change(id: %q) { f: %s } }", on, call), []any{"change", "f"}
		}
		r.answer = func(on string, args input) (out []entry, _ any) {
			c := &log[slices.IndexFunc(log, func(c logged) bool { return c.deed.ID == on })]
			for _, id := range c.items {
				one := &logged{items: []string{id}}
				if w.links[id] != nil {
					one.ends = c.ends
				}
				if args["touching"] == nil || w.touchedBy(one, list(args["touching"])) {
					out = append(out, entry{shown: input{"node": input{"recordId": id}}})
				}
			}
			return out, nil
		}
	default:
		return false
	}
	return true
}
