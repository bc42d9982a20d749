package graph

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/throughline/throughline/graph/internal/bind"
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
			"id": textOf(func(c *community) string { return c.id }).also(func(_ *compiler, at *scope) {
				at.asked.ids = true
			}),
			"label":         textOf(func(c *community) string { return c.label }),
			"size":          intOf(func(c *community) int64 { return int64(len(c.all)) }),
			"internalLinks": intOf(func(c *community) int64 { return c.internalLinks }),
			"externalLinks": intOf(func(c *community) int64 { return c.externalLinks }),
			"members":       partOfCommunity("members"),
			"bridges":       partOfCommunity("bridges"),
		},
		"CommunityMemberEdge": {"links": intOf(func(links *int64) int64 { return *links })},
		"CommunityBridgeEdge": {"links": intOf(func(links *int64) int64 { return *links })},
	},
}

// partOfCommunity returns a field that is a list.
func partOfCommunity(name string) *field {
	return &field{
		shape: objectShape, plan: planListPart("Community." + name),
		one: func(_ *reading, x *out, p, to *place) bool {
			list := &of[community](p).parts[x.index].list
			*to = list.place(list)
			return true
		},
	}
}

// communitiesQuestion is `communities` with its values.
type communitiesQuestion struct {
	asked
	once       bool            // parallel links count as one
	types      catalog.TypeSet // that are listed
	seed       uint64
	resolution float64
	minSize    int
	arguments  map[string]any // as ids hold them
	asks       []communityAsk // of each part
}

// communityAsk holds the arguments of a list of Community.
type communityAsk struct {
	window
	bridges bool
}

// communitiesAnswer holds the values of CommunityConnection, community those of Community.
type (
	communitiesAnswer struct {
		entryList[community]
		found *trace.Partition
	}
	community struct {
		index                        int
		id, leader, label            string // leader is the id of the member with most links within it
		all                          []uint32
		internalLinks, externalLinks int64
		parts                        []communityPart // as communitiesQuestion.asks
	}
	// communityPart is the answer to a communityAsk.
	communityPart struct {
		keys       []uint32
		total      int
		prev, next bool
		list       entryList[int64] // with the numbers of their links within the community, or out of it
	}
)

func (q *communitiesQuestion) bind(b *binder, args map[string]any) (err error) {
	q.once = args["parallel"] == "ONCE"
	if q.types, err = b.readTypes("communities.types", args["types"]); err != nil {
		return err
	}
	seed, err := bind.Whole("communities.seed", args["seed"], 0, math.MaxInt32)
	if err != nil {
		return err
	}
	q.seed = uint64(seed)
	if q.resolution, err = bind.Number("communities.resolution", args["resolution"], 0.01, 100); err != nil {
		return err
	}
	if q.minSize, err = bind.Whole("communities.minSize", args["minSize"], 1, math.MaxInt32); err != nil {
		return err
	}
	if q.asking.ids {
		if q.arguments, err = communityArguments(b.Catalog, q.types, args); err != nil {
			return err
		}
	}
	if q.asks, err = bindAsks(b, q.parts); err != nil {
		return err
	}
	q.window, err = b.window(q.list, args, kg.Int, kg.String)
	return err
}

func bindAsks(b *binder, parts []part) ([]communityAsk, error) {
	asks := make([]communityAsk, len(parts))
	for i := range parts {
		if err := asks[i].bind(b, &parts[i]); err != nil {
			return nil, err
		}
	}
	return asks, nil
}

func (a *communityAsk) bind(b *binder, p *part) (err error) {
	a.bridges = p.field.Name == "bridges"
	a.window, err = b.window(p.list, b.arguments(p.field), kg.Int, kg.String)
	return err
}

func (q *communitiesQuestion) records() int { return q.entries(plan.DefaultPageSize) * q.each() }

// each is about how many records a community has.
func (q *communitiesQuestion) each() int {
	n := 1
	for i := range q.asks {
		n += q.asks[i].page.N
	}
	return n
}

func (c *community) keys() []kg.Value {
	return []kg.Value{kg.IntValue(int64(len(c.all))), kg.StringValue(c.leader)}
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
	for i := range p.Groups {
		if c := q.shown(x, p, i); len(c.all) >= q.minSize {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b community) int {
		return cmp.Or(cmp.Compare(len(b.all), len(a.all)), strings.Compare(a.leader, b.leader))
	})
	page, prev, next := pageOf(all, &q.page, func(c community, k []kg.Value) int {
		return cmp.Or(cmp.Compare(k[0].Int, int64(len(c.all))), strings.Compare(c.leader, k[1].Str))
	})
	var ids []string
	for i := range page {
		ids = append(ids, q.choose(p, &page[i])...)
	}
	if err := x.read(unique(ids)); err != nil {
		return place{}, err
	}
	a := &communitiesAnswer{found: p}
	a.begin(x, q.window, len(all), prev, next)
	for i := range page {
		c := &page[i]
		q.fill(x, p, c)
		a.addMade(*c, c.keys()...)
	}
	x.a.res.RoundTrips += g.trips
	return a.place(a), nil
}

// shown returns a community with the members that are shown; of none, it has no leader.
func (q *communitiesQuestion) shown(x *search, p *trace.Partition, i int) community {
	c := community{index: i, all: p.Groups[i]}
	if q.types != x.e.opts.Catalog.Entities {
		c.all = slices.DeleteFunc(
			slices.Clone(c.all),
			func(v uint32) bool { return !q.types.Has(p.Nodes[v].Type) },
		)
	}
	if len(c.all) > 0 {
		c.leader = p.Nodes[c.all[0]].ID
	}
	return c
}

// choose finds which members and bridges are asked for, and returns the ids of the records that must be read for them
// and for the leader.
func (q *communitiesQuestion) choose(p *trace.Partition, c *community) []string {
	c.parts = make([]communityPart, len(q.asks))
	var bridges []uint32
	for i := range q.asks {
		a, to, of := &q.asks[i], &c.parts[i], c.all
		if a.bridges {
			if bridges == nil {
				bridges = slices.DeleteFunc(slices.Clone(c.all), func(v uint32) bool { return outward(p, v) <= 0 })
				slices.SortFunc(bridges, func(a, b uint32) int {
					return cmp.Or(cmp.Compare(outward(p, b), outward(p, a)), strings.Compare(p.Nodes[a].ID, p.Nodes[b].ID))
				})
			}
			of = bridges
		}
		to.total = len(of)
		to.keys, to.prev, to.next = pageOf(of, &a.page, func(v uint32, k []kg.Value) int {
			return cmp.Or(cmp.Compare(k[0].Int, a.links(p, v)), strings.Compare(p.Nodes[v].ID, k[1].Str))
		})
	}
	ids := []string{c.leader}
	for i := range c.parts {
		for _, v := range c.parts[i].keys {
			ids = append(ids, p.Nodes[v].ID)
		}
	}
	return ids
}

// outward is how many links join a node to other communities.
func outward(p *trace.Partition, v uint32) int64 { return p.Degree(v) - p.Within[v] }

// links is by how many links a list orders a node.
func (a *communityAsk) links(p *trace.Partition, v uint32) int64 {
	if a.bridges {
		return outward(p, v)
	}
	return p.Within[v]
}

// fill puts the records that were read into a community.
func (q *communitiesQuestion) fill(x *search, p *trace.Partition, c *community) {
	c.id = communityID(q.arguments, c.leader)
	c.label = x.value(x.rows[c.leader], "name").Str
	c.internalLinks, c.externalLinks = p.Internal[c.index], p.External[c.index]
	for i := range c.parts {
		a, to := &q.asks[i], &c.parts[i]
		to.list.begin(x, a.window, to.total, to.prev, to.next)
		for _, v := range to.keys {
			id, links := p.Nodes[v].ID, a.links(p, v)
			to.list.add(x.rows[id], links, kg.IntValue(links), kg.StringValue(id))
		}
	}
}
