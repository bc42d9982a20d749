package graph

import (
	"context"
	"strings"

	"github.com/throughline/throughline/internal/kg"
)

// This file answers `unverified`. Its answer is a list of records like any other.

var unverifiedKind = &questionKind{
	name:  "unverified",
	begin: func() question { return &unverifiedQuestion{} },
	whole: true,
}

// unverifiedQuestion is `unverified` with its values.
type unverifiedQuestion struct{ asked }

func (q *unverifiedQuestion) bind(b *binder, args map[string]any) (err error) {
	q.window, err = b.window(q.list, args, kg.String)
	return err
}

// idList is a result that is a list of ids.
type idList []string

// Size is about how many bytes it keeps.
func (l idList) Size() int {
	n := 0
	for _, id := range l {
		n += 16 + len(id)
	}
	return n
}

func (q *unverifiedQuestion) answer(x *search) (place, error) {
	g, err := x.e.whole(x.ctx, &x.walk)
	if err != nil {
		return place{}, err
	}
	trips := 0
	found, fresh, err := x.e.analyses.get(
		x.ctx,
		x.e.log,
		g.state,
		"unverified",
		func(ctx context.Context) (sized, error) {
			ids, n, err := x.e.opts.Store.Unverified(ctx)
			trips = n
			return idList(ids), err
		},
	)
	if err != nil {
		return place{}, err
	}
	all, _ := found.(idList)
	page, prev, next := pageOf(all, &q.page, func(id string, k []kg.Value) int { return strings.Compare(id, k[0].Str) })
	if err := x.read(page); err != nil {
		return place{}, err
	}
	list := &entryList[struct{}]{}
	list.begin(x, q.window, len(all), prev, next)
	for _, id := range page {
		list.add(x.rows[id], struct{}{}, kg.StringValue(id))
	}
	if x.a.res.RoundTrips += g.trips; fresh {
		x.a.res.RoundTrips += trips
	}
	return list.place(nil), nil
}
