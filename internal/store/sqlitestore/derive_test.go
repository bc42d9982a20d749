package sqlitestore_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/store/storetest"
)

// TestAnImageMadeInStepsIsTheOneMadeAtOnce changes a graph a few records at a time, with a version after each load, and
// holds what was derived in steps against what is derived from all rows at once.
func TestAnImageMadeInStepsIsTheOneMadeAtOnce(t *testing.T) {
	cat := parse(t)
	compacted, graphs := false, 3
	if testing.Short() {
		graphs = 1
	}
	for seed := range uint64(graphs) {
		r := rand.New(rand.NewPCG(seed, 3))
		s := opener(cat)(t).(*sqlitestore.Store)
		g := storetest.Graph(cat, seed, 120, 400)
		most := len(g.Links) * 3 / 4
		fill(t, s, &store.Batch{Sources: g.Sources, Nodes: g.Nodes, Links: g.Links[:most]})
		before := int64(0)
		var isolated []*kg.Node // no link ends at them
		for step := range 40 {
			b := &store.Batch{}
			if step%4 == 3 {
				more := storetest.Graph(cat, seed+100*uint64(step), 5, 0)
				for _, n := range more.Nodes {
					n.ID = fmt.Sprint(n.ID, "_", step)
				}
				b.Nodes = more.Nodes
			}
			for range r.IntN(12) * min(step%5, 1) {
				n := *g.Nodes[r.IntN(len(g.Nodes))]
				switch r.IntN(4) {
				case 0:
					n.Name = fmt.Sprint("Renamed ", r.IntN(50))
				case 1:
					n.Description = fmt.Sprint("described anew ", r.IntN(9))
				case 2:
					n.Aliases, n.ExternalIDs = []string{fmt.Sprint("Alias ", r.IntN(9))}, []kg.ExternalID{{
						Scheme: "x",
						Value:  fmt.Sprint(r.IntN(9)),
					}}
				}
				b.Nodes = append(b.Nodes, &n)
			}
			for range r.IntN(12) * min((step+1)%3, 1) {
				l := *g.Links[r.IntN(len(g.Links))]
				switch r.IntN(5) {
				case 3: // it is refuted, or disputed, or no longer so
					l.Evidence = []kg.Evidence{{
						Source: g.Sources[r.IntN(len(g.Sources))].ID, Excerpt: "z",
						Stance: "REFUTES",
					}, {Source: g.Sources[1].ID, Excerpt: "y", Stance: [...]string{
						"SUPPORTS",
						"REFUTES",
					}[r.IntN(2)]}}
				case 0:
					l.Role = fmt.Sprint("role ", r.IntN(9))
				case 1:
					l.Evidence = []kg.Evidence{{
						Source: g.Sources[r.IntN(len(g.Sources))].ID, Excerpt: "x",
						Stance: "SUPPORTS",
					}, {Source: g.Sources[0].ID, Excerpt: "y", Stance: "SUPPORTS"}}
				case 2:
					l.To = g.Nodes[r.IntN(len(g.Nodes))].ID // loads do not look at what a kind may join
				}
				b.Links = append(b.Links, &l)
			}
			for range r.IntN(8) * min(step%3, 1) { // a later step may write it again
				gone := g.Links[r.IntN(len(g.Links))].ID
				if !slices.ContainsFunc(b.Links, func(l *kg.Link) bool { return l.ID == gone }) {
					b.Delete = append(b.Delete, gone)
				}
			}
			if isolated != nil && step%5 == 0 {
				b.Delete = append(b.Delete, isolated[r.IntN(len(isolated))].ID)
			}
			fill(t, s, b)
			if len(b.Nodes) > 0 && step%4 == 3 {
				isolated = append(isolated, b.Nodes[0])
			}
			steps, once, wasted, err := sqlitestore.Derived(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			compacted = compacted || wasted < before
			before = wasted
			for name, want := range once {
				if got := steps[name]; got != want {
					t.Fatalf("graph %d, step %d: %s is otherwise\nin steps %.300s\nat once  %.300s", seed, step, name,
						got, want)
				}
			}
		}
	}
	if !compacted {
		t.Error("no image was compacted")
	}
}
