package graph

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"github.com/throughline/throughline/graph/internal/bind"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/trace"
)

// This file answers `centrality`.

var centralityKind = &questionKind{
	name: "centrality", begin: func() question { return &centralityQuestion{} },
	whole: true,
	tables: tables{
		"CentralityConnection": {
			"sampled": boolOf(func(a *centralityAnswer) bool { return a.ranking.Sampled }),
			"pivots": valueOf(func(a *centralityAnswer) kg.Value {
				if a.ranking.Measure != trace.ByBetweenness {
					return kg.Value{}
				}
				return kg.IntValue(int64(a.ranking.Pivots))
			}),
		},
		"CentralityEdge": {
			"score":   floatOf(func(c *central) float64 { return c.score }),
			"error":   valueOf(func(c *central) kg.Value { return c.err }),
			"rank":    intOf(func(c *central) int64 { return int64(c.rank) }),
			"certain": boolOf(func(c *central) bool { return c.certain }),
		},
	},
}

// centralityQuestion is `centrality` with its values.
type centralityQuestion struct {
	asked
	by     trace.Measure
	pivots int             // of a sampled measure; 0: as many as there is time for
	once   bool            // parallel links count as one
	types  catalog.TypeSet // that are listed
}

// centralityAnswer holds the values of CentralityConnection, central those of CentralityEdge.
type (
	centralityAnswer struct {
		entryList[central]
		ranking *trace.Ranking
	}
	central struct {
		score   float64
		err     kg.Value // the standard error, null for none
		rank    int
		certain bool
	}
)

var measureNames = map[string]trace.Measure{
	"DEGREE":      trace.ByDegree,
	"PAGE_RANK":   trace.ByPageRank,
	"BETWEENNESS": trace.ByBetweenness,
}

func (q *centralityQuestion) bind(b *binder, args map[string]any) (err error) {
	name, _ := args["by"].(string)
	var ok bool
	if q.by, ok = measureNames[name]; !ok {
		return bind.Bad("centrality.by", "there is no measure %q", name)
	}
	q.once = args["parallel"] == "ONCE"
	if args["pivots"] != nil {
		if q.pivots, err = bind.Whole("centrality.pivots", args["pivots"], 1, plan.MaxPivots); err != nil {
			return err
		}
	}
	if q.types, err = b.readTypes("centrality.types", args["types"]); err != nil {
		return err
	}
	q.window, err = b.window(q.list, args, kg.Int, kg.String)
	return err
}

func (q *centralityQuestion) records() int { return q.entries(plan.DefaultPageSize) }

func (q *centralityQuestion) answer(x *search) (place, error) {
	g, err := x.e.whole(x.ctx, &x.walk)
	if err != nil {
		return place{}, err
	}
	r, err := g.ranking(x.ctx, q.by, q.once, q.pivots)
	if err != nil {
		return place{}, err
	}
	var all []uint32
	for _, i := range r.Order {
		if q.types.Has(r.Nodes[i].Type) && r.Degree(i) > 0 {
			all = append(all, i)
		}
	}
	page, prev, next := pageOf(all, &q.page, func(i uint32, k []kg.Value) int {
		return cmp.Or(cmp.Compare(k[0].Int, r.Scores[i]), strings.Compare(r.Nodes[i].ID, k[1].Str))
	})
	ids := make([]string, len(page))
	for i, v := range page {
		ids[i] = r.Nodes[v].ID
	}
	if err := x.read(ids); err != nil {
		return place{}, err
	}
	first := 0 // of the page, in the list
	if len(page) > 0 {
		first = slices.Index(all, page[0])
	}
	certain := r.Certain(all, first, first+len(page))
	a := &centralityAnswer{ranking: r}
	a.begin(x, q.window, len(all), prev, next)
	for i, v := range page {
		c := central{score: r.Score(v), certain: certain[i]}
		c.rank = 1 + sort.Search(len(all), func(j int) bool { return r.Scores[all[j]] <= r.Scores[v] })
		if e, ok := r.Error(v); ok {
			c.err = kg.FloatValue(e)
		}
		a.add(x.rows[ids[i]], c, kg.IntValue(r.Scores[v]), kg.StringValue(ids[i]))
	}
	x.a.res.RoundTrips += g.trips
	return a.place(a), nil
}
