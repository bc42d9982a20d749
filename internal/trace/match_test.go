package trace

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// Start lists drawn nodes by type; Expand knows no filters either, so patterns here are made of kinds, types and names.
func (g *drawn) Start(_ context.Context, types catalog.TypeSet, _ *plan.EntityFilter, most int) (out []uint32,
	err error,
) {
	for k := 1; k < len(g.nodes) && len(out) < most; k++ {
		if types.Has(g.nodes[k].Type) {
			out = append(out, uint32(k))
		}
	}
	return out, nil
}

func (g *drawn) Counts() *store.Counts {
	c := &store.Counts{Nodes: make([]int64, 64), Links: make([]int64, 64)}
	for _, n := range g.nodes[1:] {
		c.Nodes[n.Type]++
	}
	for _, l := range g.links[1:] {
		c.Links[l.Kind]++
	}
	return c
}

func parse(t testing.TB) *catalog.Catalog {
	t.Helper()
	cat, err := catalog.Parse("schema.graphqls", throughline.Schema)
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

// typed returns a drawn graph types, and kinds of link that join them.
func typed(t *rapid.T, cat *catalog.Catalog, g *drawn) {
	for i := 1; i < len(g.nodes); i++ {
		g.nodes[i].Type = cat.Types[fair(t, "type", 3)].Index // few, so that much fits
	}
	links, ends := g.links[:1], g.ends[:1]
	for i := 1; i < len(g.links); i++ {
		from, to := g.nodes[g.ends[i][0]].Type, g.nodes[g.ends[i][1]].Type
		var fit []uint8
		for _, k := range cat.Kinds {
			if k.From.Has(from) && k.To.Has(to) {
				fit = append(fit, k.Index)
			}
		}
		if len(fit) == 0 {
			continue
		}
		g.links[i].Kind = fit[fair(t, "kind", len(fit))]
		links, ends = append(links, g.links[i]), append(ends, g.ends[i])
	}
	g.links, g.ends = links, ends
}

func drawPattern(t *rapid.T, cat *catalog.Catalog, g *drawn) *Pattern {
	p := &Pattern{Page: plan.Paging{N: 12}, Count: rapid.Bool().Draw(t, "count"), MaxNodes: 100_000}
	hops := 1 + fair(t, "hops", 3)
	for i := range hops + 1 {
		n := PatternNode{Types: cat.Entities}
		switch fair(t, "node", 8) {
		case 0:
			n.Node = uint32(1 + fair(t, "which", len(g.nodes)-1))
			n.Types = 1 << g.nodes[n.Node].Type
		case 1:
			n.Types = 1 << cat.Types[fair(t, "type", len(cat.Types))].Index
			n.Types |= 1 << cat.Types[fair(t, "type", len(cat.Types))].Index
		}
		p.Nodes = append(p.Nodes, n)
		if i == hops {
			break
		}
		l := PatternLink{Kinds: cat.AllKinds(), Out: true, In: true}
		if fair(t, "link", 4) == 0 {
			l.Kinds = 0
			for range 4 {
				l.Kinds |= 1 << cat.Kinds[fair(t, "kind", len(cat.Kinds))].Index
			}
		}
		switch fair(t, "direction", 4) {
		case 0:
			l.In = false
		case 1:
			l.Out = false
		}
		p.Links = append(p.Links, l)
	}
	return p
}

// byDefinition lists all lines that fit a pattern.
func byDefinition(g *drawn, p *Pattern) (out []Line) {
	var grow func(l Line)
	grow = func(l Line) {
		i := len(l.Nodes)
		if i == len(p.Nodes) {
			out = append(out, Line{
				Nodes: slices.Clone(l.Nodes), Hops: slices.Clone(l.Hops),
				Cost: int64(len(l.Hops)) * hop,
			})
			return
		}
		for k := 1; k < len(g.nodes); k++ {
			n := &p.Nodes[i]
			if slices.Contains(l.Nodes, uint32(k)) || n.Node != 0 && n.Node != uint32(k) ||
				!n.Types.Has(g.nodes[k].Type) {
				continue
			}
			next := Line{Nodes: append(slices.Clone(l.Nodes), uint32(k)), Hops: l.Hops}
			if i > 0 {
				from, step := l.Nodes[i-1], &p.Links[i-1]
				var h Hop
				for x := 1; x < len(g.links); x++ {
					switch e := g.ends[x]; {
					case !step.Kinds.Has(g.links[x].Kind):
					case step.Out && e[0] == from && e[1] == uint32(k):
						h.Links = append(h.Links, store.Arc{To: uint32(k), Link: uint32(x), Out: true})
					case step.In && e[1] == from && e[0] == uint32(k):
						h.Links = append(h.Links, store.Arc{To: uint32(k), Link: uint32(x)})
					}
				}
				if len(h.Links) == 0 {
					continue
				}
				slices.SortFunc(h.Links, func(a, b store.Arc) int {
					x, y := g.links[a.Link], g.links[b.Link]
					return cmp.Or(cmp.Compare(y.SourceCount, x.SourceCount), strings.Compare(x.ID, y.ID))
				})
				next.Hops = append(slices.Clone(l.Hops), h)
			}
			grow(next)
		}
	}
	grow(Line{})
	slices.SortFunc(out, func(a, b Line) int { return slices.Compare(idsOf(g, a), idsOf(g, b)) })
	return out
}

func idsOf(g *drawn, l Line) []string {
	out := make([]string, len(l.Nodes))
	for i, k := range l.Nodes {
		out[i] = g.nodes[k].ID
	}
	return out
}

// filtered is a drawn graph that looks at the filters a pattern makes of kinds and types.
type filtered struct{ *drawn }

func (g filtered) Expand(ctx context.Context, nodes []uint32, way store.Way, visit func(uint32, []store.Arc)) error {
	return g.drawn.Expand(ctx, nodes, way, func(k uint32, arcs []store.Arc) {
		visit(k, slices.DeleteFunc(arcs, func(a store.Arc) bool {
			return way.Links != nil && !way.Links.Kinds.Has(g.links[a.Link].Kind) || way.Far != nil &&
				!way.Far.Types.Has(g.nodes[a.To].Type)
		}))
	})
}

func TestMatchByDefinition(t *testing.T) {
	cat := parse(t)
	lines, pages, turned := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t)
		typed(t, cat, g)
		p := drawPattern(t, cat, g)
		want := byDefinition(g, p)
		if at := p.Narrow(cat); at >= 0 {
			if len(want) > 0 {
				t.Fatalf("hop %d is said to be impossible, but there are %d lines", at, len(want))
			}
			return
		}
		stages := p.Plan(cat, g.Counts(), func(k uint32) int64 { return g.nodes[k].Degree })
		if stages[0].Back || stages[0].Place > 0 {
			turned++
		}
		cursor := func(name string) (keys []kg.Value) {
			if len(want) > 0 && fair(t, name, 3) == 0 {
				for _, id := range idsOf(g, want[fair(t, name+" at", len(want))]) {
					keys = append(keys, kg.StringValue(id))
				}
				pages++
			}
			return keys
		}
		for range 4 {
			p.Page.N, p.Page.Backward = fair(t, "first", 12), fair(t, "backward", 3) == 0
			p.Page.After, p.Page.Before = cursor("after"), cursor("before")
			g.asked = 0
			m, err := MatchPattern(context.Background(), context.Background(), filtered{g}, p, stages)
			if err != nil {
				t.Fatal(err)
			}
			if g.asked > len(p.Links) {
				t.Fatalf("%d hops took %d round trips", len(p.Links), g.asked)
			}
			i, j := p.Page.Cut(len(want), func(i int, keys []kg.Value) int {
				return slices.CompareFunc(idsOf(g, want[i]), keys, func(id string, k kg.Value) int { return strings.Compare(id, k.Str) })
			})
			page := want[i:j]
			if got, want := fmt.Sprint(m.Lines), fmt.Sprint(page); len(page)+len(m.Lines) > 0 && got != want {
				t.Fatalf("page %+v\n got %s\nwant %s", p.Page, got, want)
			}
			if m.Outcome != Complete || m.More != (j < len(want)) || m.Before != (i > 0) || p.Count != (m.Total >= 0) ||
				p.Count && m.Total != len(want) {
				t.Fatalf("%+v: %s, more %v, before %v, total %d at %d to %d of %d", p.Page, m.Outcome, m.More, m.Before, m.Total, i,
					j, len(want))
			}
			lines += len(page)
		}
	})
	if !testing.Short() && (lines < 100 || pages < 5 || turned < 5) { // -short tries a fifth
		t.Errorf("only %d lines, %d cursors, %d patterns not begun at their start: widen the generator", lines,
			pages, turned)
	}
}

func TestMatchBeginsAtTheCheaperEnd(t *testing.T) {
	cat := parse(t)
	person, institution, event := cat.Type("Person").Index, cat.Type("Institution").Index, cat.Type("Event").Index
	c := &store.Counts{Nodes: make([]int64, 64), Links: make([]int64, 64)}
	c.Nodes[person], c.Nodes[institution], c.Nodes[event] = 100_000, 2_000, 500
	c.Links[cat.Kind("AFFILIATED_WITH").Index], c.Links[cat.Kind("REPRESENTED_AT").Index] = 300_000, 1_000
	name := "nato"
	pattern := func() *Pattern {
		p := &Pattern{
			Nodes: []PatternNode{{Types: 1 << person}, {Types: 1 << institution}, {Types: 1 << event}},
			Links: []PatternLink{
				{Kinds: 1 << cat.Kind("AFFILIATED_WITH").Index, Out: true},
				{Kinds: 1 << cat.Kind("REPRESENTED_AT").Index, Out: true},
			},
		}
		if p.Narrow(cat) >= 0 {
			t.Fatal("it can never match")
		}
		return p
	}
	plan0 := func(change func(*Pattern)) string {
		p := pattern()
		change(p)
		var b strings.Builder
		for _, s := range p.Plan(cat, c, func(k uint32) int64 { return max(4, int64(k)) }) {
			fmt.Fprintf(&b, "%d/%d/%v/%d ", s.Place, s.Hop, s.Back, s.Estimated)
		}
		return strings.TrimSpace(b.String())
	}
	for _, q := range []struct {
		what, want string
		change     func(*Pattern)
	}{
		{"the type there is least of", "2/-1/false/500 2/1/true/1000 1/0/true/150000", func(*Pattern) {}},
		{"a filter beats a type", "1/-1/false/1 1/1/false/1 1/0/true/150", func(p *Pattern) {
			p.Nodes[1].Where = &plan.EntityFilter{Name: &plan.StringFilter{Eq: &name}}
		}},
		{"a ref beats a filter", "0/0/false/4 1/1/false/1", func(p *Pattern) {
			p.Nodes[0].Node = 1
			p.Nodes[1].Where = &plan.EntityFilter{Name: &plan.StringFilter{Eq: &name}}
		}},
		{
			"of two refs the one that leads to less", "0/0/false/4 1/1/false/2",
			func(p *Pattern) { p.Nodes[0].Node, p.Nodes[2].Node = 1, 2 },
		},
		{
			"the other, when the first leads to much", "2/1/true/4 1/0/true/600",
			func(p *Pattern) { p.Nodes[0].Node, p.Nodes[2].Node = 900, 4 },
		},
	} {
		if got := plan0(q.change); got != q.want {
			t.Errorf("%s: %s, want %s", q.what, got, q.want)
		}
	}
}

func TestMatchHasLimits(t *testing.T) {
	cat := parse(t)
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t)
		typed(t, cat, g)
		p := drawPattern(t, cat, g)
		if p.Narrow(cat) >= 0 {
			return
		}
		stages := p.Plan(cat, g.Counts(), func(k uint32) int64 { return g.nodes[k].Degree })
		p.MaxNodes = 0
		m, err := MatchPattern(context.Background(), context.Background(), filtered{g}, p, stages)
		if err != nil || len(m.Lines) > 0 || (m.Visited > 0) != (m.Outcome == NodeLimit) {
			t.Fatalf("%+v %v", m, err)
		}
		p.MaxNodes = 100_000
		over, cancel := context.WithCancel(context.Background())
		cancel()
		if m, err := MatchPattern(context.Background(), over, stopped{filtered{g}}, p, stages); err != nil ||
			m.Outcome != TimeLimit {
			t.Fatalf("%+v %v", m, err)
		}
	})
}

// stopped is a graph whose context has ended, as a store notices.
type stopped struct{ store.Patterned }

func (g stopped) Expand(ctx context.Context, nodes []uint32, way store.Way, visit func(uint32, []store.Arc)) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return g.Patterned.Expand(ctx, nodes, way, visit)
}

func (g stopped) Start(ctx context.Context, _ catalog.TypeSet, _ *plan.EntityFilter, _ int) ([]uint32, error) {
	return nil, ctx.Err()
}

func TestASetHasWhatWasAdded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOf(rapid.Uint32Max(200)).Draw(t, "keys")
		var s set
		for _, x := range list {
			s.add(x)
		}
		slices.Sort(list)
		list = slices.Compact(list)
		if !slices.Equal(s.list(), list) || s.n != len(list) {
			t.Fatalf("%v, %d of them, want %v", s.list(), s.n, list)
		}
		for x := range uint32(300) {
			if _, want := slices.BinarySearch(list, x); s.Has(x) != want {
				t.Fatalf("%d is in it: %t, want %t", x, s.Has(x), want)
			}
		}
	})
}
