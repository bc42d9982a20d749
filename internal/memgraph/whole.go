package memgraph

import (
	"context"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// Whole returns all entities, and the links that fit. Its meaning is that of store.Surveyor.
func (graph *Graph) Whole(ctx context.Context, w *plan.Walk) (*store.Whole, error) {
	out := &store.Whole{}
	g := &Traversal{x: fetch{graph: graph, q: &plan.Query{Refs: w.Refs}, ctx: ctx}}
	g.x.holdSlabs()
	err := g.guard(func() {
		g.x.resolve()
		order := slices.Clone(graph.nodeOrder.keys())
		slices.SortFunc(order, func(a, b uint32) int {
			return strings.Compare(graph.id(graph.nodes.at(a)), graph.id(graph.nodes.at(b)))
		})
		g.x.step(len(order))
		out.Nodes = make([]store.WholeNode, len(order))
		place := make([]uint32, graph.nodes.n)
		for i, k := range order {
			out.Nodes[i] = store.WholeNode{ID: graph.id(graph.nodes.at(k)), Type: graph.nodes.at(k).typ}
			place[k] = uint32(i)
		}
		named := w.Links.NamesRefuted()
		for k := 1; k < graph.links.n; k++ {
			g.x.step(1)
			l := graph.links.at(uint32(k))
			if l.from == 0 || l.from == l.to || l.standing == kg.Refuted && !named ||
				!g.x.linkFits(w.Links, uint32(k), l.from) || !g.x.linkFits(w.Links, uint32(k), l.to) {
				continue
			}
			if len(out.Links) == plan.MaxWhole {
				g.x.fail(store.TooLarge())
			}
			out.Links = append(out.Links, store.Pair{From: place[l.from], To: place[l.to]})
		}
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
