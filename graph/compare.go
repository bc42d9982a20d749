package graph

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/graph/internal/bind"
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
			"left":        recordOf(func(c *comparison) *kg.Row { return c.left }),
			"right":       recordOf(func(c *comparison) *kg.Row { return c.right }),
			"direct":      recordsOf(func(c *comparison) []*kg.Row { return c.direct }),
			"sharedCount": intOf(func(c *comparison) int64 { return int64(c.found.SharedNodes) }),
			"onlyLeft":    partOfComparison("onlyLeft"),
			"onlyRight":   partOfComparison("onlyRight"),
			"shared":      partOfComparison("shared"),
		},
	},
}

// partOfComparison returns a field that is a list.
func partOfComparison(name string) *field {
	return &field{
		shape: objectShape, plan: planListPart("Comparison." + name),
		one: func(_ *reading, x *out, p, to *place) bool {
			*to = of[comparison](p).parts[x.index].place(nil)
			return true
		},
	}
}

// compareQuestion is `compare` with its values.
type compareQuestion struct {
	asked
	overlapping bool // only what was shared at one time counts
	asks        []comparisonAsk
}

// comparisonAsk holds the arguments of a list of Comparison.
type comparisonAsk struct {
	name string
	window
	facets []plan.FacetWant
}

// comparison holds the values of Comparison.
type comparison struct {
	left, right *kg.Row
	direct      []*kg.Row
	found       *trace.Comparison
	parts       []entryList[struct{}] // as compareQuestion.asks
}

func (q *compareQuestion) bind(b *binder, args map[string]any) error {
	for _, name := range []string{"left", "right"} {
		if err := b.Entity("compare."+name, args[name]); err != nil {
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
	if a.name = p.field.Name; a.name != "shared" {
		a.window, err = b.window(p.list, args, kg.Int, kg.Int, kg.String)
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
		return place{}, bind.Bad("compare", "left and right are the same entity; name two")
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
		only       []trace.Only
		total      int
		shared     []trace.Side
		prev, next bool
		facets     []kg.Facet
	}
	parts := make([]found, len(q.asks))
	for i := range q.asks {
		a, p := &q.asks[i], &parts[i]
		switch a.name {
		case "onlyLeft", "onlyRight":
			of := c.OnlyLeft
			if a.name == "onlyRight" {
				of = c.OnlyRight
			}
			p.total = len(of)
			p.only, p.prev, p.next = pageOf(of, &a.page, func(o trace.Only, k []kg.Value) int {
				n := x.g.Node(o.Node)
				return cmp.Or(cmp.Compare(k[0].Int, o.Links), cmp.Compare(k[1].Int, n.Degree), strings.Compare(n.ID, k[2].Str))
			})
			for _, o := range p.only {
				ids = append(ids, x.g.Node(o.Node).ID)
			}
		default:
			p.total = len(c.Shared)
			p.shared, p.prev, p.next = pageOf(c.Shared, &a.page, func(s trace.Side, k []kg.Value) int {
				return s.Order.Compare(trace.Placing{Degree: k[0].Int, Node: k[1].Str, Link: k[2].Str})
			})
			for _, s := range p.shared {
				ids = append(ids, s.Order.Node, s.Order.Link)
			}
			for _, w := range a.facets {
				f := kg.Facet{Buckets: x.facet(c.Shared, w.By)}
				p.facets = append(p.facets, f)
				if w.By == plan.BySource && q.parts[i].list.facets[w.Group].nodes {
					for _, b := range f.Buckets {
						ids = append(ids, b.Key)
					}
				}
			}
		}
	}
	if err := x.read(unique(ids)); err != nil {
		return place{}, err
	}
	done := &comparison{
		left:   x.rows[ids[0]],
		right:  x.rows[ids[1]],
		direct: x.records(direct...),
		found:  c,
		parts:  make([]entryList[struct{}], len(parts)),
	}
	for i := range parts {
		a, p, to := &q.asks[i], &parts[i], &done.parts[i]
		to.begin(x, a.window, p.total, p.prev, p.next)
		for _, o := range p.only {
			n := x.g.Node(o.Node)
			to.add(x.rows[n.ID], struct{}{}, kg.IntValue(o.Links), kg.IntValue(n.Degree), kg.StringValue(n.ID))
		}
		to.field.Want.Facets = a.facets
		to.Facets = p.facets
		for j, f := range p.facets {
			for i := range f.Buckets {
				if row := x.rows[f.Buckets[i].Key]; row != nil && a.facets[j].By == plan.BySource {
					f.Buckets[i].Node = *row
				}
			}
		}
		for _, s := range p.shared {
			link := x.rows[s.Order.Link]
			if link == nil {
				continue
			}
			e := to.add(
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
