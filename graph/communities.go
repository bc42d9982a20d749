package graph

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/trace"
)

// This file answers `communities`.

var communitiesKind = &questionKind{
	name: "communities", begin: func() question { return &communitiesQuestion{} },
	props: func(*catalog.Catalog) []string { return []string{"name"} },
	whole: true,
	tables: tables{
		"CommunityConnection": {
			"nodes": objectsOf(func(a *communitiesAnswer) []community { return a.beside }),
			"modularity": floatOf(
				func(a *communitiesAnswer) float64 { return math.Round(a.found.Modularity*trace.Unit) / trace.Unit },
			),
		},
		"CommunityEdge": {
			"node": objectOf(func(c *community) *community { return c }),
		},
		"Community": {
			"id":            textOf(func(c *community) string { return c.id }),
			"label":         textOf(func(c *community) string { return c.label }),
			"size":          intOf(func(c *community) int64 { return int64(len(c.all)) }),
			"internalLinks": intOf(func(c *community) int64 { return c.internalLinks }),
			"externalLinks": intOf(func(c *community) int64 { return c.externalLinks }),
			"members": {
				shape: objectShape, plan: planListPart("Community.members"),
				one: func(_ *reading, x *out, p, to *place) bool {
					list := &of[community](p).parts[x.index].members
					*to = list.place(list)
					return true
				},
			},
			"bridges": {
				shape: listShape, plan: planPart,
				count: func(_ *reading, x *out, p *place) (int, error) {
					return len(of[community](p).parts[x.index].bridges), nil
				},
				item: func(_ *reading, x *out, p *place, i int, to *place) {
					*to = place{row: of[community](p).parts[x.index].bridges[i], sel: p.sel}
				},
			},
		},
		"CommunityMemberEdge": {
			"links": intOf(func(links *int64) int64 { return *links }),
		},
	},
}

// communitiesQuestion is `communities` with its values.
type communitiesQuestion struct {
	asked
	once       bool            // parallel links count as one
	types      catalog.TypeSet // that are listed
	seed       uint64
	resolution float64
	minSize    int
	asks       []communityAsk // of each part
}

// communityAsk holds the arguments of a field of Community: a page of members, or how many bridges.
type communityAsk struct {
	window
	bridges int // -1 for members
}

// communitiesAnswer holds the values of CommunityConnection, community those of Community.
type (
	communitiesAnswer struct {
		entryList[community]
		found *trace.Partition
	}
	community struct {
		index                        int
		id, label                    string
		all                          []uint32
		internalLinks, externalLinks int64
		parts                        []communityPart // as communitiesQuestion.asks
	}
	// communityPart is the answer to a communityAsk.
	communityPart struct {
		memberKeys, bridgeKeys []uint32
		prev, next             bool
		members                entryList[int64] // with the number of their links within the community
		bridges                []*kg.Row
	}
)

func (q *communitiesQuestion) bind(b *binder, args map[string]any) (err error) {
	q.once = args["parallel"] == "ONCE"
	if q.types, err = b.readTypes("communities.types", args["types"]); err != nil {
		return err
	}
	seed, err := whole("communities.seed", args["seed"], 0, math.MaxInt32)
	if err != nil {
		return err
	}
	q.seed = uint64(seed)
	if q.resolution, err = number("communities.resolution", args["resolution"], 0.01, 100); err != nil {
		return err
	}
	if q.minSize, err = whole("communities.minSize", args["minSize"], 1, math.MaxInt32); err != nil {
		return err
	}
	q.asks = make([]communityAsk, len(q.parts))
	for i := range q.parts {
		if err := q.asks[i].bind(b, &q.parts[i]); err != nil {
			return err
		}
	}
	q.window, err = b.window(q.list, args, kg.Int, kg.String)
	return err
}

func (a *communityAsk) bind(b *binder, p *part) (err error) {
	args := b.arguments(p.field)
	if p.list != nil {
		a.bridges = -1
		a.window, err = b.window(p.list, args, kg.Int, kg.String)
		return err
	}
	a.bridges, err = whole("bridges.first", args["first"], 0, plan.MaxPageSize)
	return err
}

func (q *communitiesQuestion) records() int {
	each := 1
	for i := range q.asks {
		if each += q.asks[i].page.N; q.asks[i].bridges > 0 {
			each += q.asks[i].bridges
		}
	}
	return q.entries(plan.DefaultPageSize) * each
}

func (c *community) keys() []kg.Value {
	return []kg.Value{kg.IntValue(int64(len(c.all))), kg.StringValue(c.id)}
}

func (q *communitiesQuestion) answer(x *search) (place, error) {
	g, err := x.e.whole(x.ctx, &x.walk)
	if err != nil {
		return place{}, err
	}
	p, err := g.partition(x.ctx, q.once, q.seed, q.resolution)
	if err != nil {
		return place{}, err
	}
	var all []community
	for i, members := range p.Groups {
		if q.types != x.e.opts.Catalog.Entities {
			members = slices.DeleteFunc(
				slices.Clone(members),
				func(v uint32) bool { return !q.types.Has(p.Nodes[v].Type) },
			)
		}
		if len(members) >= q.minSize {
			all = append(all, community{index: i, id: p.Nodes[members[0]].ID, all: members})
		}
	}
	slices.SortFunc(all, func(a, b community) int {
		return cmp.Or(cmp.Compare(len(b.all), len(a.all)), strings.Compare(a.id, b.id))
	})
	page, prev, next := pageOf(all, &q.page, func(c community, k []kg.Value) int {
		return cmp.Or(cmp.Compare(k[0].Int, int64(len(c.all))), strings.Compare(c.id, k[1].Str))
	})
	var ids []string
	for i := range page {
		q.choose(p, &page[i])
		for j := range page[i].parts {
			for _, v := range slices.Concat(page[i].parts[j].memberKeys, page[i].parts[j].bridgeKeys) {
				ids = append(ids, p.Nodes[v].ID)
			}
		}
		ids = append(ids, page[i].id)
	}
	if err := x.read(unique(ids)); err != nil {
		return place{}, err
	}
	a := &communitiesAnswer{found: p}
	a.begin(x, q.window, len(all), prev, next)
	for i := range page {
		c := &page[i]
		q.fill(x, p, c)
		a.Edges = append(a.Edges, kg.Edge{Keys: c.keys()})
		a.beside = append(a.beside, *c)
	}
	x.a.res.RoundTrips += g.trips
	return a.place(a), nil
}

// choose finds which members and bridges are asked for, before anything is read.
func (q *communitiesQuestion) choose(p *trace.Partition, c *community) {
	c.parts = make([]communityPart, len(q.asks))
	var bridges []uint32
	for i := range q.asks {
		to := &c.parts[i]
		if q.asks[i].bridges < 0 {
			to.memberKeys, to.prev, to.next = pageOf(c.all, &q.asks[i].page, func(v uint32, k []kg.Value) int {
				return cmp.Or(cmp.Compare(k[0].Int, p.Within[v]), strings.Compare(p.Nodes[v].ID, k[1].Str))
			})
			continue
		}
		if bridges == nil {
			outward := func(v uint32) int64 { return p.Degree(v) - p.Within[v] }
			bridges = slices.DeleteFunc(slices.Clone(c.all), func(v uint32) bool { return outward(v) <= 0 })
			slices.SortFunc(bridges, func(a, b uint32) int {
				return cmp.Or(cmp.Compare(outward(b), outward(a)), cmp.Compare(a, b))
			})
		}
		to.bridgeKeys = bridges[:min(q.asks[i].bridges, len(bridges))]
	}
}

// fill puts the records that were read into a community.
func (q *communitiesQuestion) fill(x *search, p *trace.Partition, c *community) {
	c.label = x.value(x.rows[c.id], "name").Str
	c.internalLinks, c.externalLinks = p.Internal[c.index], p.External[c.index]
	for i := range c.parts {
		to := &c.parts[i]
		to.members.begin(x, q.asks[i].window, len(c.all), to.prev, to.next)
		for _, v := range to.memberKeys {
			id := p.Nodes[v].ID
			to.members.add(x.rows[id], p.Within[v], kg.IntValue(p.Within[v]), kg.StringValue(id))
		}
		for _, v := range to.bridgeKeys {
			to.bridges = append(to.bridges, x.records(p.Nodes[v].ID)...)
		}
	}
}
