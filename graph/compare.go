package graph

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/trace"
)

// This file answers `compare`.

var compareKind = &questionKind{
	name: "compare", begin: func() question { return &compareQuestion{} },
	props: func(*catalog.Catalog) []string { return []string{"role", "since", "until"} },
	tables: tables{
		"Comparison": {
			"left":           recordOf(func(c *comparison) *kg.Row { return c.left }),
			"right":          recordOf(func(c *comparison) *kg.Row { return c.right }),
			"direct":         recordsOf(func(c *comparison) []*kg.Row { return c.direct }),
			"sharedCount":    intOf(func(c *comparison) int64 { return int64(c.found.SharedNodes) }),
			"onlyLeftCount":  intOf(func(c *comparison) int64 { return int64(len(c.found.OnlyLeft)) }),
			"onlyRightCount": intOf(func(c *comparison) int64 { return int64(len(c.found.OnlyRight)) }),
			"onlyLeft":       onlyOne,
			"onlyRight":      onlyOne,
			"shared": {
				shape: objectShape, plan: planListPart("Comparison.shared"),
				one: func(_ *reading, x *out, p, to *place) bool {
					list := &of[comparison](p).parts[x.index].shared
					*to = list.place(nil)
					return true
				},
			},
		},
	},
}

// onlyOne is the field onlyLeft or onlyRight: the entities that one of the two is linked to and the other is not.
var onlyOne = &field{
	shape: listShape, plan: planPart,
	count: func(_ *reading, x *out, p *place) (int, error) {
		return len(of[comparison](p).parts[x.index].only), nil
	},
	item: func(_ *reading, x *out, p *place, i int, to *place) {
		*to = place{row: of[comparison](p).parts[x.index].only[i], sel: p.sel}
	},
}

// compareQuestion is `compare` with its values.
type compareQuestion struct {
	asked
	overlapping bool // only what was shared at one time counts
	asks        []comparisonAsk
}

// comparisonAsk holds the arguments of a field of Comparison: how many of onlyLeft or onlyRight, or a page of shared.
type comparisonAsk struct {
	name  string
	first int
	window
	facets []plan.FacetWant
}

// comparison holds the values of Comparison.
type comparison struct {
	left, right *kg.Row
	direct      []*kg.Row
	found       *trace.Comparison
	parts       []comparisonPart // as compareQuestion.asks
}

// comparisonPart is the answer to a comparisonAsk.
type comparisonPart struct {
	only   []*kg.Row
	shared entryList[struct{}]
}

func (q *compareQuestion) bind(b *binder, args map[string]any) error {
	for _, name := range []string{"left", "right"} {
		if err := b.entities(&q.asked, "compare."+name, []any{args[name]}, 1); err != nil {
			return err
		}
	}
	q.walk.Sources, q.overlapping = true, args["overlapping"] == true
	q.asks = make([]comparisonAsk, len(q.parts))
	for i := range q.parts {
		if err := q.asks[i].bind(b, &q.parts[i]); err != nil {
			return err
		}
	}
	return nil
}

func (a *comparisonAsk) bind(b *binder, p *part) (err error) {
	args := b.arguments(p.field)
	if a.name = p.field.Name; p.list == nil {
		a.first, err = whole("compare."+a.name+".first", args["first"], 0, plan.MaxPageSize)
		return err
	}
	if a.window, err = b.window(p.list, args, kg.Int, kg.String, kg.String); err != nil {
		return err
	}
	a.facets, err = b.facets(p.list.facets)
	return err
}

func (q *compareQuestion) answer(x *search) (place, error) {
	if x.keys[0] == x.keys[1] {
		return place{}, bad("compare", "left and right are the same entity; name two")
	}
	c, err := trace.Compare(x.ctx, x.g, x.keys[0], x.keys[1], q.overlapping)
	if err != nil {
		return place{}, err
	}
	ids := x.nodeIDs(x.keys)
	direct := x.linkIDs(c.Direct[:min(len(c.Direct), plan.MaxPageSize)])
	ids = append(ids, direct...)
	// what the fields with arguments ask for, before anything is read
	type found struct {
		only       []string
		shared     []trace.Side
		prev, next bool
	}
	parts := make([]found, len(q.asks))
	for i := range q.asks {
		a, p := &q.asks[i], &parts[i]
		switch a.name {
		case "onlyLeft":
			p.only = x.nodeIDs(c.OnlyLeft[:min(a.first, len(c.OnlyLeft))])
		case "onlyRight":
			p.only = x.nodeIDs(c.OnlyRight[:min(a.first, len(c.OnlyRight))])
		default:
			p.shared, p.prev, p.next = pageOf(c.Shared, &a.page, func(s trace.Side, k []kg.Value) int {
				return s.Order.Compare(trace.Placing{Degree: k[0].Int, Node: k[1].Str, Link: k[2].Str})
			})
			for _, s := range p.shared {
				ids = append(ids, s.Order.Node, s.Order.Link)
			}
		}
		ids = append(ids, p.only...)
	}
	if err := x.read(unique(ids)); err != nil {
		return place{}, err
	}
	done := &comparison{
		left:   x.rows[ids[0]],
		right:  x.rows[ids[1]],
		direct: x.records(direct...),
		found:  c,
		parts:  make([]comparisonPart, len(parts)),
	}
	for i := range parts {
		a, p, to := &q.asks[i], &parts[i], &done.parts[i]
		to.only = x.records(p.only...)
		to.shared.begin(x, a.window, len(c.Shared), p.prev, p.next)
		to.shared.field.Want.Facets = a.facets
		for _, w := range a.facets {
			to.shared.Facets = append(to.shared.Facets, kg.Facet{Buckets: x.facet(c.Shared, w.By)})
		}
		for _, s := range p.shared {
			link := x.rows[s.Order.Link]
			if link == nil {
				continue
			}
			e := to.shared.add(
				x.rows[s.Order.Node],
				struct{}{},
				kg.IntValue(s.Order.Degree),
				kg.StringValue(s.Order.Node),
				kg.StringValue(s.Order.Link),
			)
			e.Link, e.Out = *link, s.Out
		}
	}
	return x.object(done), nil
}

// facet counts links by what a facet says.
func (x *search) facet(list []trace.Side, by plan.FacetBy) (out []kg.Bucket) {
	cat := x.e.opts.Catalog
	counts := map[string]int64{}
	for _, s := range list {
		l := x.g.Link(s.Link)
		switch by {
		case plan.ByKind:
			counts[cat.Kinds[l.Kind].Name]++
		case plan.ByRole:
			if l.Role != "" {
				counts[l.Role]++
			}
		case plan.ByOtherType:
			counts[cat.TypeAt(x.g.Node(s.To).Type).Enum]++
		case plan.BySource:
			for _, src := range l.Sources {
				counts[src.ID]++
			}
		case plan.ByYear:
			if l.Since.Known {
				year := strconv.Itoa(int(l.Since.From)/10000 + 10000)
				counts[year[1:]]++
			}
		}
	}
	for key, n := range counts {
		out = append(out, kg.Bucket{Key: key, Count: n})
	}
	slices.SortFunc(
		out,
		func(a, b kg.Bucket) int { return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Key, b.Key)) },
	)
	return out[:min(len(out), plan.MaxBuckets)]
}
