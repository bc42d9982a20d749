package graph

import (
	"cmp"
	"strings"

	"github.com/throughline/throughline/graph/internal/bind"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/trace"
)

// This file answers `coParticipation`.

var coParticipationKind = &questionKind{
	name: "coParticipation", begin: func() question { return &coParticipationQuestion{} },
	tables: tables{
		"CoParticipationEdge": {
			"shared":  recordsOf(func(c *companion) []*kg.Row { return c.shared }),
			"because": recordsOf(func(c *companion) []*kg.Row { return c.because }),
		},
	},
}

// Bounds of what an edge of coParticipation lists.
const (
	maxShared  = 20
	maxBecause = 40
)

// coParticipationQuestion is `coParticipation` with its values.
type coParticipationQuestion struct {
	asked
	through     uint8 // the type of what is shared
	overlapping bool  // only what was shared at one time counts
}

// companion holds the values of CoParticipationEdge.
type companion struct{ shared, because []*kg.Row }

func (q *coParticipationQuestion) bind(b *binder, args map[string]any) (err error) {
	if err := b.Entity("coParticipation.of", args["of"]); err != nil {
		return err
	}
	name, _ := args["through"].(string)
	t := b.Catalog.TypeOf(name)
	switch {
	case t == nil:
		return bind.Bad("coParticipation.through", "there is no type %q", name)
	case !t.IsEntity():
		return bind.NotEntity("coParticipation.through")
	}
	q.through, q.overlapping = t.Index, args["overlapping"] == true
	q.window, err = b.window(q.list, args, kg.Int, kg.String)
	return err
}

func (q *coParticipationQuestion) records() int { return q.entries(q.asked.records()) }

func (q *coParticipationQuestion) answer(x *search) (place, error) {
	all, err := trace.Accompany(x.ctx, x.g, x.keys[0], q.through, q.overlapping)
	if err != nil {
		return place{}, err
	}
	page, prev, next := pageOf(all, &q.page, func(c trace.Company, k []kg.Value) int {
		return cmp.Or(cmp.Compare(k[0].Int, int64(len(c.Shared))), strings.Compare(c.ID, k[1].Str))
	})
	shared := func(c *trace.Company) []string { return x.nodeIDs(c.Shared[:min(len(c.Shared), maxShared)]) }
	because := func(c *trace.Company) []string { return x.linkIDs(c.Links[:min(len(c.Links), maxBecause)]) }
	var ids []string
	for i := range page {
		ids = append(ids, page[i].ID)
		ids = append(ids, shared(&page[i])...)
		ids = append(ids, because(&page[i])...)
	}
	if err := x.read(unique(ids)); err != nil {
		return place{}, err
	}
	list := &entryList[companion]{}
	list.begin(x, q.window, len(all), prev, next)
	for i := range page {
		c := &page[i]
		e := list.add(
			x.rows[c.ID],
			companion{x.records(shared(c)...), x.records(because(c)...)},
			kg.IntValue(int64(len(c.Shared))),
			kg.StringValue(c.ID),
		)
		e.Weight = int64(len(c.Shared))
	}
	return list.place(list), nil
}
