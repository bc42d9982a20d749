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

// RunWalks holds a store's Walk against the oracle's: random graphs, and on each random questions of package trace,
// whose answers must be equal.
func RunWalks(t *testing.T, cat *catalog.Catalog, open func(t *testing.T) store.Store, graphs, questions int) {
	t.Helper()
	for g := range graphs * Rounds(t) {
		seed := uint64(g + 1)
		t.Run(fmt.Sprintf("graph %d", seed), func(t *testing.T) {
			r := &random{Rand: rand.New(rand.NewPCG(seed, 11)), cat: cat}
			r.graph(4+r.IntN(20), 5+r.IntN(80))
			oracle, s := NewOracle(cat, Clock), open(t)
			for _, into := range []store.Store{oracle, s} {
				if err := Fill(t.Context(), into, r.batch()); err != nil {
					t.Fatal(err)
				}
			}
			for i := range questions {
				w, ask := r.walk()
				want, got := asked(t, oracle, w, ask), asked(t, s, w, ask)
				if want != got {
					t.Fatalf("question %d: %s\nrefs %+v, links %+v", i, difference(want, got), w.Refs, w.Links)
				}
			}
		})
	}
}

// asked asks one store and tells the answer in ids.
func asked(t *testing.T, s store.Store, w *plan.Walk, ask func(*testing.T, store.Graph, []uint32) string) string {
	t.Helper()
	g, keys, err := s.Walk(t.Context(), w)
	if err != nil {
		return show(err)
	}
	return ask(t, g, keys)
}

// walk makes a random question.
func (r *random) walk() (*plan.Walk, func(*testing.T, store.Graph, []uint32) string) {
	w := &plan.Walk{Asked: 2 + r.IntN(3)}
	for range w.Asked {
		ref := plan.Ref{ID: r.nodeID(), Types: r.cat.Entities}
		if r.IntN(8) == 0 {
			ref = r.ref(r.cat.Entities)
		}
		w.Refs = append(w.Refs, ref)
	}
	if r.IntN(3) == 0 {
		r.refs = w.Refs
		w.Links = r.linkFilter(0)
		w.Refs = r.refs
	}
	w.Sources = r.yes()
	w.SourceDates = r.yes()
	switch r.IntN(6) {
	case 0:
		depth, most := r.IntN(4), 1+r.IntN(20)
		return w, func(t *testing.T, g store.Graph, keys []uint32) string { return surround(t, g, keys, depth, most) }
	case 1:
		overlapping := r.yes()
		return w, func(t *testing.T, g store.Graph, keys []uint32) string { return contrast(t, g, keys, overlapping) }
	case 2:
		through := uint8(1 + r.IntN(len(r.cat.Types)))
		overlapping := r.yes()
		return w, func(t *testing.T, g store.Graph, keys []uint32) string {
			return accompany(t, g, keys[0], through, overlapping)
		}
	case 3:
		w.SourceDates = true
		return w, timeline
	}
	q := trace.Question{
		Directed: r.IntN(4) == 0, Chronological: r.IntN(4) == 0, Certain: r.yes(), Independent: r.IntN(4) == 0, Overlapping: r.IntN(4) == 0,
		HubPenalty: pick(r, []float64{0, 0.5, 3}), Rank: trace.Rank(r.IntN(4)), MaxLength: 1 + r.IntN(8),
		Page: plan.Paging{N: 1 + r.IntN(8), Backward: r.IntN(8) == 0}, More: r.yes(), Count: r.IntN(8) == 0,
		MaxNodes: pick(r, []int{3, 10_000}), Year: 2026,
	}
	w.Sources = w.Sources || q.Independent
	avoid := r.yes()
	return w, func(t *testing.T, g store.Graph, keys []uint32) string {
		p := q
		p.From, p.To = keys[0], keys[1]
		rest := slices.DeleteFunc(once(keys[2:]), func(k uint32) bool { return k == p.From || k == p.To })
		if avoid {
			p.Avoid = rest
		} else {
			p.Via = rest
		}
		if p.From == p.To {
			return "the same"
		}
		return lines(t, g, &p)
	}
}

func once(keys []uint32) []uint32 {
	keys = slices.Clone(keys)
	slices.Sort(keys)
	return slices.Compact(keys)
}

func names(g store.Graph, nodes []uint32) string {
	out := make([]string, len(nodes))
	for i, k := range nodes {
		out[i] = g.Node(k).ID
	}
	return strings.Join(out, " ")
}

func links(g store.Graph, keys []uint32) string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = fmt.Sprintf("%+v", g.Link(k))
	}
	return strings.Join(out, " ")
}

func lines(t *testing.T, g store.Graph, q *trace.Question) string {
	t.Helper()
	a, err := trace.Find(t.Context(), t.Context(), g, q)
	if err != nil {
		return show(err)
	}
	var b strings.Builder
	fmt.Fprintln(&b, a.Outcome, a.Visited, a.Before, a.More, a.Total)
	for _, l := range a.Lines {
		fmt.Fprintln(&b, l.Cost, names(g, l.Nodes))
		for _, h := range l.Hops {
			for _, arc := range h.Links {
				fmt.Fprintln(&b, arc.Out, g.Node(arc.To).ID, links(g, []uint32{arc.Link}))
			}
		}
	}
	return b.String()
}

func surround(t *testing.T, g store.Graph, keys []uint32, depth, most int) string {
	t.Helper()
	s, err := trace.Surround(t.Context(), g, &trace.Around{
		Seeds: keys[:1], Depth: depth, MaxNodes: most,
		MaxLinks: 2 * most,
	})
	if err != nil {
		return show(err)
	}
	return fmt.Sprintln(names(g, s.Nodes), "\n", links(g, s.Links), "\n", s.Hidden, s.Truncated)
}

func contrast(t *testing.T, g store.Graph, keys []uint32, overlapping bool) string {
	t.Helper()
	if keys[0] == keys[1] {
		return "the same"
	}
	c, err := trace.Compare(t.Context(), g, keys[0], keys[1], overlapping)
	if err != nil {
		return show(err)
	}
	var b strings.Builder
	only := func(list []trace.Only) (out []string) {
		for _, o := range list {
			out = append(out, fmt.Sprint(g.Node(o.Node).ID, " ", o.Links))
		}
		return out
	}
	fmt.Fprintln(&b, links(g, c.Direct), c.SharedNodes, only(c.OnlyLeft), "|", only(c.OnlyRight))
	for _, s := range c.Shared {
		fmt.Fprintln(&b, s.Order, s.Out)
	}
	return b.String()
}

func accompany(t *testing.T, g store.Graph, of uint32, through uint8, overlapping bool) string {
	t.Helper()
	all, err := trace.Accompany(t.Context(), g, of, through, overlapping)
	if err != nil {
		return show(err)
	}
	var b strings.Builder
	for _, c := range all {
		fmt.Fprintln(&b, c.ID, names(g, c.Shared), links(g, c.Links))
	}
	return b.String()
}

func timeline(t *testing.T, g store.Graph, keys []uint32) string {
	t.Helper()
	all, err := trace.Timeline(t.Context(), g, once(keys), map[uint8]trace.What{
		1: trace.Event, 3: trace.Event,
		4: trace.Said,
	})
	if err != nil {
		return show(err)
	}
	return fmt.Sprintf("%+v", all)
}
