package graph

import (
	"fmt"
	"slices"

	"github.com/throughline/throughline/graph/internal/bind"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/trace"
)

// This file answers `subgraph`.

var subgraphKind = &questionKind{
	name: "subgraph", begin: func() question { return &subgraphQuestion{} },
	flat: true, bound: "maxNodes",
	tables: tables{
		"Subgraph": {
			"nodes":     recordsOf(func(a *subgraphAnswer) []*kg.Row { return a.nodes }),
			"links":     recordsOf(func(a *subgraphAnswer) []*kg.Row { return a.links }).also(wantLinks),
			"frontier":  objectsOf(func(a *subgraphAnswer) []frontier { return a.frontier }),
			"truncated": boolOf(func(a *subgraphAnswer) bool { return a.truncated }),
		},
		"Frontier": {
			"node":        recordOf(func(f *frontier) *kg.Row { return f.node }),
			"hiddenLinks": intOf(func(f *frontier) int64 { return f.hiddenLinks }),
		},
	},
}

// subgraphQuestion is `subgraph` with its values.
type subgraphQuestion struct {
	asked
	depth, maxNodes int
}

// subgraphAnswer holds the values of Subgraph, frontier those of Frontier.
type (
	subgraphAnswer struct {
		nodes, links []*kg.Row
		frontier     []frontier
		truncated    bool
	}
	frontier struct {
		node        *kg.Row
		hiddenLinks int64
	}
)

func (q *subgraphQuestion) bind(b *binder, args map[string]any) (err error) {
	if err := b.SomeEntities("subgraph.seeds", args["seeds"], plan.MaxSubgraph); err != nil {
		return err
	}
	if q.depth, err = bind.Whole("subgraph.depth", args["depth"], 0, plan.MaxSubgraphDepth); err != nil {
		return err
	}
	q.maxNodes, err = bind.Whole("subgraph.maxNodes", args["maxNodes"], 1, plan.MaxSubgraph)
	return err
}

func (q *subgraphQuestion) records() int { return q.maxNodes }

func (q *subgraphQuestion) describe(*describer) (how, steps []string) {
	return []string{fmt.Sprintf("depth %d", q.depth), fmt.Sprintf("at most %d nodes", q.maxNodes)}, nil
}

func (q *subgraphQuestion) answer(x *search) (place, error) {
	seeds := make([]uint32, 0, len(x.keys))
	for _, k := range x.keys {
		if !slices.Contains(seeds, k) {
			seeds = append(seeds, k)
		}
	}
	s, err := trace.Surround(
		x.ctx,
		x.g,
		&trace.Around{Seeds: seeds, Depth: q.depth, MaxNodes: q.maxNodes, MaxLinks: plan.LinksPerNode * q.maxNodes},
	)
	if err != nil {
		return place{}, err
	}
	if !q.links {
		s.Links = nil
	}
	rows, err := x.readKeys(s.Nodes, s.Links)
	if err != nil {
		return place{}, err
	}
	gone := func(row *kg.Row) bool { return row == nil }
	a := &subgraphAnswer{truncated: s.Truncated}
	for i, n := range s.Hidden {
		if n > 0 {
			a.frontier = append(a.frontier, frontier{rows[i], n})
		}
	}
	a.links = slices.DeleteFunc(rows[len(s.Nodes):], gone)
	a.nodes = slices.DeleteFunc(rows[:len(s.Nodes):len(s.Nodes)], gone)
	return x.object(a), nil
}
