package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/trace"
)

// RunWhole holds a store's Whole against the oracle's: random graphs, seen through random filters, and what package
// trace measures on them, to the last bit. It also holds State to its promise.
func RunWhole(t *testing.T, cat *catalog.Catalog, open func(t *testing.T) store.Store, graphs, filters int) {
	t.Helper()
	for g := range graphs * Rounds(t) {
		seed := uint64(g + 1)
		t.Run(fmt.Sprintf("graph %d", seed), func(t *testing.T) {
			r := &random{Rand: rand.New(rand.NewPCG(seed, 13)), cat: cat}
			oracle, s := NewOracle(cat, Clock), open(t)
			state := func() string {
				now, _, err := s.State(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				return now
			}
			empty := state()
			r.graph(4+r.IntN(20), 5+r.IntN(80))
			for _, into := range []store.Store{oracle, s} {
				if err := Fill(t.Context(), into, r.batch()); err != nil {
					t.Fatal(err)
				}
			}
			full := state()
			if full == empty {
				t.Errorf("the graph was filled and the state is still %q", full)
			}
			want, _, _ := oracle.Unverified(t.Context())
			if got, _, err := s.Unverified(t.Context()); err != nil || !slices.Equal(got, want) {
				t.Errorf("not verified are %q, %v, want %q", got, err, want)
			}
			for i := range filters {
				w := &plan.Walk{}
				if i > 0 {
					r.refs = nil
					w.Links = r.linkFilter(0)
					w.Refs = r.refs
				}
				resolution := pick(r, []float64{0.3, 1, 2.5})
				if want, got := seen(t, oracle, w, seed, resolution), seen(t, s, w, seed, resolution); want != got {
					t.Fatalf("filter %d: %s\nrefs %+v, links %+v", i, difference(want, got), w.Refs, w.Links)
				}
			}
			if now := state(); now != full {
				t.Errorf("nothing was written and the state went from %q to %q", full, now)
			}
			// a change that neither adds nor takes away
			b := r.batch()
			b.Nodes = b.Nodes[:1]
			b.Nodes[0].Description += " changed"
			if err := Fill(t.Context(), s, &store.Batch{Nodes: b.Nodes}); err != nil {
				t.Fatal(err)
			}
			if state() == full {
				t.Errorf("an entity was changed and the state is still %q", full)
			}
		})
	}
}

// seen tells a whole graph and what is measured on it.
func seen(t *testing.T, s store.Store, w *plan.Walk, seed uint64, resolution float64) string {
	t.Helper()
	whole, err := s.Whole(t.Context(), w)
	if err != nil {
		return show(err)
	}
	var b strings.Builder
	pairs := make([]string, len(whole.Links))
	for i, l := range whole.Links {
		pairs[i] = whole.Nodes[l.From].ID + " " + whole.Nodes[l.To].ID
	}
	slices.Sort(pairs)
	fmt.Fprintln(&b, whole.Nodes, "\n", strings.Join(pairs, "\n "))
	g, err := trace.NewNet(t.Context(), whole)
	if err != nil {
		t.Fatal(err)
	}
	once, err := g.Once(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range []*trace.Net{g, once} {
		for _, by := range []trace.Measure{trace.ByDegree, trace.ByPageRank, trace.ByBetweenness} {
			for _, pivots := range []int{0, 3, 8} {
				c, err := trace.Centrality(t.Context(), g, by, trace.Effort{Pivots: pivots})
				if err != nil {
					t.Fatal(err)
				}
				errors := make([]float64, len(c.Scores))
				for i := range errors {
					errors[i], _ = c.Error(uint32(i))
				}
				fmt.Fprintln(&b, by, c.Scores, errors, c.Order, c.Pivots, c.Sampled,
					c.Certain(c.Order, 0, len(c.Order)))
			}
		}
		p, err := trace.Communities(t.Context(), g, seed, resolution)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%v %v %v %v %b\n", p.Groups, p.Within, p.Internal, p.External, p.Modularity)
	}
	return b.String()
}
