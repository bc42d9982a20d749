package storetest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/trace"
)

// RunPatterns holds a store's Start, Counts and filtered Expand against the oracle's: random patterns on random graphs,
// whose estimates and lines must be equal.
func RunPatterns(t *testing.T, cat *catalog.Catalog, open func(t *testing.T) store.Store, graphs, patterns int) {
	t.Helper()
	lines := 0
	for g := range graphs * Rounds(t) {
		seed := uint64(g + 1)
		t.Run(fmt.Sprintf("graph %d", seed), func(t *testing.T) {
			r := &random{Rand: rand.New(rand.NewPCG(seed, 17)), cat: cat}
			r.graph(4+r.IntN(20), 5+r.IntN(80))
			oracle, s := NewOracle(cat, Clock), open(t)
			for _, into := range []store.Store{oracle, s} {
				if err := Fill(t.Context(), into, r.batch()); err != nil {
					t.Fatal(err)
				}
			}
			for i := range patterns {
				w, ask := r.pattern()
				want, got := asked(t, oracle, w, ask), asked(t, s, w, ask)
				if want != got {
					t.Fatalf("pattern %d: %s\nrefs %+v", i, difference(want, got), w.Refs)
				}
				lines += strings.Count(want, "\n")
			}
		})
	}
	if lines < graphs*patterns {
		t.Errorf("%d patterns found next to nothing: %d lines", graphs*patterns, lines)
	}
}

// pattern makes a random pattern: its refs come first, then those its filters name.
func (r *random) pattern() (*plan.Walk, func(*testing.T, store.Graph, []uint32) string) {
	w := &plan.Walk{Counts: true, Sources: r.yes()}
	hops := 1 + r.IntN(4)
	p := trace.Pattern{
		Page: plan.Paging{N: 1 + r.IntN(30), Backward: r.yes()}, Count: r.yes(),
		MaxNodes: pick(r, []int{0, 20, 100_000}),
	}
	if r.yes() {
		p.MaxNodes = 100_000
	}
	refs := make([]int, hops+1)
	for i := range hops + 1 {
		n := trace.PatternNode{Types: r.cat.Entities}
		refs[i] = -1
		switch r.IntN(5) {
		case 0:
			refs[i] = len(w.Refs)
			w.Refs = append(w.Refs, plan.Ref{ID: r.nodeID(), Types: r.cat.Entities})
		case 1:
			n.Types = 1 << pick(r, r.cat.Types).Index
			n.Types |= 1 << pick(r, r.cat.Types).Index
		}
		p.Nodes = append(p.Nodes, n)
	}
	w.Asked = len(w.Refs)
	r.refs = w.Refs
	for range hops {
		l := trace.PatternLink{Kinds: r.cat.AllKinds(), Out: true, In: true}
		if r.IntN(3) == 0 {
			l.Kinds = *r.kindSet()
		}
		switch r.IntN(4) {
		case 0:
			l.In = false
		case 1:
			l.Out = false
		}
		if r.IntN(4) == 0 {
			l.Where = r.linkFilter(1)
		}
		p.Links = append(p.Links, l)
	}
	for i := range p.Nodes {
		if refs[i] < 0 && r.IntN(4) == 0 {
			p.Nodes[i].Where = r.entityFilter(1)
		}
	}
	w.Refs = r.refs
	after := r.yes()
	return w, func(t *testing.T, graph store.Graph, keys []uint32) string {
		g, ok := graph.(store.Patterned)
		if !ok {
			t.Fatal("the question asks for counts, and the graph is not for patterns")
		}
		p := p
		p.Nodes, p.Links = append([]trace.PatternNode(nil), p.Nodes...), append([]trace.PatternLink(nil), p.Links...)
		for i, at := range refs {
			if at >= 0 {
				p.Nodes[i].Node, p.Nodes[i].Types = keys[at], 1<<g.Node(keys[at]).Type
			}
		}
		if i := p.Narrow(r.cat); i >= 0 {
			return fmt.Sprint("nothing fits hop ", i)
		}
		stages := p.Plan(r.cat, g.Counts(), func(k uint32) int64 { return g.Node(k).Degree })
		out := matched(t, g, &p, stages)
		if after && len(out.lines) > 0 {
			last := out.lines[len(out.lines)/2]
			cursor := make([]kg.Value, len(last.Nodes))
			for i, k := range last.Nodes {
				cursor[i] = kg.StringValue(g.Node(k).ID)
			}
			if p.Page.Backward {
				p.Page.Before = cursor
			} else {
				p.Page.After = cursor
			}
			out.text += matched(t, g, &p, stages).text
		}
		return out.text
	}
}

type match struct {
	text  string
	lines []trace.Line
}

func matched(t *testing.T, g store.Patterned, p *trace.Pattern, stages []trace.Stage) match {
	t.Helper()
	m, err := trace.MatchPattern(t.Context(), t.Context(), g, p, stages)
	if err != nil {
		return match{text: show(err)}
	}
	out := match{lines: m.Lines, text: fmt.Sprintln(m.Outcome, m.Visited, m.Before, m.More, m.Total, stages)}
	for _, l := range m.Lines {
		out.text += fmt.Sprintln(names(g, l.Nodes))
		for _, h := range l.Hops {
			for _, arc := range h.Links {
				out.text += fmt.Sprintln(arc.Out, g.Node(arc.To).ID, links(g, []uint32{arc.Link}))
			}
		}
	}
	return out
}
