package trace

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// drawn is a small graph that rapid draws.
type drawn struct {
	nodes []store.GraphNode // by key
	links []store.GraphLink // by key
	ends  [][2]uint32
	asked int
}

func (g *drawn) Expand(_ context.Context, nodes []uint32, way store.Way, visit func(uint32, []store.Arc)) error {
	g.asked++
	for _, k := range nodes {
		var arcs []store.Arc
		for l := 1; l < len(g.links); l++ {
			from, to := g.ends[l][0], g.ends[l][1]
			if from == to && !way.Loops {
				continue
			}
			among := func(to uint32) bool { return way.Among == nil || slices.Contains(way.Among, to) }
			if way.Out && from == k && among(to) {
				arcs = append(arcs, store.Arc{To: to, Link: uint32(l), Out: true})
			}
			if way.In && to == k && from != to && among(from) {
				arcs = append(arcs, store.Arc{To: from, Link: uint32(l)})
			}
		}
		visit(k, arcs)
	}
	return nil
}

func (g *drawn) Middle(ctx context.Context, a, b []uint32, wayA, wayB store.Way) (out []uint32, err error) {
	near := map[uint32]bool{}
	_ = g.Expand(ctx, a, wayA, func(_ uint32, arcs []store.Arc) {
		for _, x := range arcs {
			near[x.To] = true
		}
	})
	err = g.Expand(ctx, b, wayB, func(_ uint32, arcs []store.Arc) {
		for _, x := range arcs {
			if near[x.To] && !slices.Contains(out, x.To) {
				out = append(out, x.To)
			}
		}
	})
	return out, err
}

func (g *drawn) Node(k uint32) store.GraphNode { return g.nodes[k] }
func (g *drawn) Link(k uint32) store.GraphLink { return g.links[k] }
func (g *drawn) RoundTrips() int               { return g.asked }

// fair draws a number from 0 to n-1, each as likely as the others: rapid's own prefer the small, and graphs drawn with
// them have hardly a line.
func fair(t *rapid.T, label string, n int) int {
	v := 0
	for i := range 6 {
		if rapid.Bool().Draw(t, label) {
			v |= 1 << i
		}
	}
	return v % n
}

func drawInterval(t *rapid.T, label string) store.Interval {
	if rapid.Bool().Draw(t, label+" unknown") {
		return store.Interval{From: kg.MinDay, To: kg.MaxDay}
	}
	y := 2000 + fair(t, label, 7)
	from, to := kg.PartialDate(fmt.Sprint(y)).Interval()
	return store.Interval{From: from, To: to, Known: true}
}

func drawGraph(t *rapid.T) *drawn {
	n := 3 + fair(t, "nodes", 5)
	m := fair(t, "links", 26)
	g := &drawn{
		nodes: make([]store.GraphNode, n+1), links: make([]store.GraphLink, 1, m+1),
		ends: make([][2]uint32, 1, m+1),
	}
	for i := 1; i <= n; i++ {
		g.nodes[i].ID = string(rune('a' + (i*5)%9)) // not in the order of keys
	}
	for i := 1; i <= m; i++ {
		from, to := uint32(1+fair(t, "from", n)), uint32(1+fair(t, "to", n))
		var sources []store.GraphSource
		for s := range 3 {
			if fair(t, "supports", 4) == 0 {
				sources = append(sources, store.GraphSource{ID: fmt.Sprint("s_", s)})
			}
		}
		g.links = append(g.links, store.GraphLink{
			ID: fmt.Sprintf("l_%02d", (i*7)%27), SourceCount: int64(len(sources)), Sources: sources,
			Since: drawInterval(t, "since"), Until: drawInterval(t, "until"),
		})
		g.ends = append(g.ends, [2]uint32{from, to})
		g.nodes[from].Degree++
		if from != to {
			g.nodes[to].Degree++
		}
	}
	// weights beyond what so small a graph has, so that hubs matter
	for i := range g.nodes {
		g.nodes[i].Degree += int64(rapid.SampledFrom([]int{0, 0, 5, 40, 500}).Draw(t, "more links"))
	}
	return g
}

func drawQuestion(t *rapid.T, g *drawn) *Question {
	n := len(g.nodes) - 1
	perm := rapid.Permutation(func() (all []uint32) {
		for i := 1; i <= n; i++ {
			all = append(all, uint32(i))
		}
		return all
	}()).Draw(t, "who")
	q := &Question{
		From: perm[0], To: perm[1], Directed: fair(t, "directed", 4) == 0,
		Chronological: fair(t, "chronological", 4) == 0, Certain: rapid.Bool().Draw(t, "certain"),
		Independent: fair(t, "independent", 4) == 0, Overlapping: fair(t, "overlapping", 4) == 0,
		HubPenalty: rapid.SampledFrom([]float64{0, 0.5, 2}).Draw(t, "penalty"), Rank: Rank(fair(t, "rank", 4)),
		MaxLength: 1 + fair(t, "length", rapid.SampledFrom([]int{2, 8}).Draw(t, "up to")),
		Page:      plan.Paging{N: fair(t, "first", 12), Backward: fair(t, "backward", 4) == 0},
		More:      rapid.Bool().Draw(t, "more"), Count: fair(t, "count", 4) == 0, MaxNodes: 1000, Year: 2026,
	}
	if rapid.Bool().Draw(t, "common") { // what is asked most is answered in a way of its own
		return &Question{
			From: q.From, To: q.To, Directed: q.Directed, MaxLength: q.MaxLength,
			Page: plan.Paging{N: 1 + fair(t, "few", 3)}, More: q.More,
			Avoid: perm[2 : 2+fair(t, "avoided", 2)], MaxNodes: q.MaxNodes, Year: q.Year,
		}
	}
	rest := perm[2:]
	if len(rest) > 0 && fair(t, "some via", 4) == 0 {
		k := 1 + fair(t, "via", min(2, len(rest)))
		q.Via, rest = rest[:k], rest[k:]
	}
	if len(rest) > 0 && fair(t, "some avoided", 4) == 0 {
		q.Avoid = rest[:1]
	}
	return q
}

// drawCursors has a question's page begin and end at some of all lines.
func drawCursors(t *rapid.T, g *drawn, q *Question, all []Line) {
	cursor := func(name string) []kg.Value {
		if len(all) == 0 || fair(t, name, 3) > 0 {
			return nil
		}
		return keysOf(g, &all[fair(t, name+" at", len(all))])
	}
	q.Page.After, q.Page.Before = cursor("after"), cursor("before")
}

func keysOf(g *drawn, l *Line) []kg.Value {
	return LineKeys(l, func(k uint32) string { return g.nodes[k].ID })
}

// brute lists every line there is, by trying all of them, and says what each costs by the definitions alone.
func brute(g *drawn, q *Question) []Line {
	var all []Line
	between := func(a, b uint32) (arcs []store.Arc) {
		for l := 1; l < len(g.links); l++ {
			switch e := g.ends[l]; {
			case e == [2]uint32{a, b}:
				arcs = append(arcs, store.Arc{To: b, Link: uint32(l), Out: true})
			case e == [2]uint32{b, a} && !q.Directed:
				arcs = append(arcs, store.Arc{To: b, Link: uint32(l)})
			}
		}
		slices.SortFunc(arcs, func(x, y store.Arc) int {
			a, b := g.links[x.Link], g.links[y.Link]
			recent := 0
			if q.Rank == MostRecent {
				recent = cmp.Compare(latest(&b), latest(&a))
			}
			return cmp.Or(recent, cmp.Compare(b.SourceCount, a.SourceCount), strings.Compare(a.ID, b.ID))
		})
		return arcs
	}
	price := func(arcs []store.Arc) int64 {
		var sources int64
		var last kg.Day
		for _, a := range arcs {
			l := g.links[a.Link]
			sources, last = max(sources, l.SourceCount), max(last, latest(&l))
		}
		switch {
		case q.Rank == Strongest:
			return 1000 + 1000/int64(len(arcs))
		case q.Rank == MostCorroborated && sources == 0:
			return 7000
		case q.Rank == MostCorroborated:
			return 1000 + 3000/sources
		case q.Rank == MostRecent && last == 0:
			return 11000
		case q.Rank == MostRecent:
			return 1000 + 100*int64(min(100, max(0, q.Year-int(last)/10000)))
		}
		return 1000
	}
	// holds reports whether links, one for each hop, fulfil the conditions
	holds := func(links []store.Arc) bool {
		since := kg.MinDay
		used := map[string]bool{}
		for i, a := range links {
			l := g.links[a.Link]
			if q.Overlapping && i > 0 {
				before := g.links[links[i-1].Link]
				if l.Until.To < before.Since.From || before.Until.To < l.Since.From {
					return false
				}
			}
			if q.Chronological {
				if q.Certain {
					end := l.Since.From
					if l.Until.Known {
						end = max(end, l.Until.From)
					}
					if !l.Since.Known || end < since {
						return false
					}
					since = max(since, l.Since.To)
				} else {
					if l.Until.To < since {
						return false
					}
					since = max(since, l.Since.From)
				}
			}
			if q.Independent {
				for _, s := range l.Sources {
					if used[s.ID] {
						return false
					}
				}
				for _, s := range l.Sources {
					used[s.ID] = true
				}
			}
		}
		return true
	}
	var walk func(line Line)
	walk = func(line Line) {
		at := line.Nodes[len(line.Nodes)-1]
		if at == q.To {
			for _, v := range q.Via {
				if !slices.Contains(line.Nodes, v) {
					return
				}
			}
			// the first choice of links, in the order they are told, that fulfils the conditions
			var choose func(i int, chosen []store.Arc) []store.Arc
			choose = func(i int, chosen []store.Arc) []store.Arc {
				if i == len(line.Hops) {
					if holds(chosen) {
						return slices.Clone(chosen)
					}
					return nil
				}
				for _, a := range line.Hops[i].Links {
					if c := choose(i+1, append(chosen, a)); c != nil {
						return c
					}
				}
				return nil
			}
			chosen := choose(0, nil)
			if chosen == nil {
				return
			}
			out := Line{Nodes: slices.Clone(line.Nodes), Cost: line.Cost}
			for i, c := range chosen {
				links := slices.DeleteFunc(slices.Clone(line.Hops[i].Links), func(a store.Arc) bool { return a == c })
				out.Hops = append(out.Hops, Hop{Links: append([]store.Arc{c}, links...)})
			}
			all = append(all, out)
			return
		}
		if len(line.Hops) == q.MaxLength {
			return
		}
		for next := uint32(1); int(next) < len(g.nodes); next++ {
			if slices.Contains(line.Nodes, next) || slices.Contains(q.Avoid, next) {
				continue
			}
			arcs := between(at, next)
			if len(arcs) == 0 {
				continue
			}
			cost := line.Cost + price(arcs)
			if next != q.To {
				cost += penalty(q.HubPenalty, g.nodes[next].Degree)
			}
			walk(Line{Nodes: append(slices.Clone(line.Nodes), next), Hops: append(slices.Clone(line.Hops),
				Hop{Links: arcs}), Cost: cost})
		}
	}
	walk(Line{Nodes: []uint32{q.From}})
	slices.SortFunc(all, func(a, b Line) int {
		if c := cmp.Compare(a.Cost, b.Cost); c != 0 {
			return c
		}
		return slices.CompareFunc(a.Nodes, b.Nodes, func(x, y uint32) int {
			return strings.Compare(g.nodes[x].ID,
				g.nodes[y].ID)
		})
	})
	return all
}

func TestFindAgreesWithTryingEverything(t *testing.T) {
	counts := [4]int{}
	defer func() { t.Logf("questions with 0, 1, 2 and more lines: %v", counts) }()
	property := func(t *rapid.T) {
		g := drawGraph(t)
		q := drawQuestion(t, g)
		// with 0 the distances are counted at once, which else only a large graph makes worth while
		cautious := rapid.SampledFrom([]int{0, 2, wary}).Draw(t, "wary")
		want := brute(g, q)
		drawCursors(t, g, q, want)
		got, err := find(context.Background(), context.Background(), g, q, cautious)
		if err != nil {
			t.Fatal(err)
		}
		counts[min(len(want), 3)]++
		i, j := q.Page.Cut(len(want), func(i int, keys []kg.Value) int {
			of := keysOf(g, &want[i])
			return cmp.Or(cmp.Compare(of[0].Int, keys[0].Int), strings.Compare(of[1].Str, keys[1].Str))
		})
		page := want[i:j]
		if len(got.Lines)+len(page) > 0 && fmt.Sprint(got.Lines) != fmt.Sprint(page) {
			t.Fatalf("%+v\nfound %v\nwant  %v", *q, got.Lines, page)
		}
		if got.Before != (i > 0) || (q.More || q.Page.Backward) && got.More != (j < len(want)) ||
			got.None != (len(want) == 0) || q.Count && got.Total != len(want) || got.Total >= 0 && got.Total != len(want) {
			t.Fatalf("%+v\nof lines %d to %d of %d: before %t, more %t, total %d, none %t", *q, i, j, len(want),
				got.Before, got.More, got.Total, got.None)
		}
		if len(want) > 0 && got.Outcome != Complete {
			t.Fatalf("%d lines and the outcome %s", len(want), got.Outcome)
		}
		unlimited := *q
		unlimited.MaxLength, unlimited.Chronological, unlimited.Overlapping, unlimited.Independent = 8, false, false, false
		any := len(brute(g, &unlimited)) > 0
		if len(want) == 0 && got.Outcome == Disconnected && any {
			t.Fatalf("there is a line, and the outcome is DISCONNECTED")
		}
		// without a line, what stands in its way is told: the conditions where they are what refuses those of this
		// length
		short := unlimited
		short.MaxLength = q.MaxLength
		if len(want) == 0 && any && len(q.Via) == 0 && cautious == wary {
			outcome := Complete
			if len(brute(g, &short)) == 0 {
				outcome = LengthLimit
			}
			if got.Outcome != outcome {
				t.Fatalf("%+v: the outcome is %s, want %s", *q, got.Outcome, outcome)
			}
		}
		// with nodes to pass there may be a way that is no line, as it passes a node twice
		if len(want) == 0 && !any && len(q.Via) == 0 && cautious == wary && got.Outcome != Disconnected {
			t.Fatalf("there is no line at all, and the outcome is %s", got.Outcome)
		}
	}
	for range 20 { // a draw takes a tenth of a millisecond, and each part of a question changes the way it is answered
		rapid.Check(t, property)
	}
}

// Two that meet in one node are found by looking at that node alone, however many links they have.
func TestTheCommonestQuestionLooksAtLittle(t *testing.T) {
	const many = 500
	for _, directed := range []bool{false, true} {
		for _, length := range []int{1, 2} {
			g := &drawn{
				nodes: make([]store.GraphNode, 4), links: make([]store.GraphLink, 1),
				ends: make([][2]uint32, 1),
			}
			link := func(from, to uint32) { g.link(store.GraphLink{ID: fmt.Sprint("l_", len(g.links))}, from, to) }
			if length == 1 {
				link(1, 2)
			} else {
				link(1, 3)
				link(3, 2)
			}
			for range many {
				g.nodes = append(g.nodes, store.GraphNode{}, store.GraphNode{})
				link(1, uint32(len(g.nodes)-2))
				link(uint32(len(g.nodes)-1), 2)
			}
			for i := range g.nodes {
				g.nodes[i].ID = fmt.Sprint("n_", i)
			}
			got, err := Find(t.Context(), t.Context(), g, &Question{
				From: 1, To: 2, Directed: directed, MaxLength: 4,
				Page: plan.Paging{N: 1}, MaxNodes: 10_000,
			})
			if err != nil || len(got.Lines) != 1 || len(got.Lines[0].Hops) != length || got.Visited != length+1 {
				t.Errorf("directed %t: %+v, %v, want a line of %d and no other node seen", directed, got, err, length)
			}
		}
	}
}

// link adds a link.
func (g *drawn) link(l store.GraphLink, from, to uint32) {
	g.links, g.ends = append(g.links, l), append(g.ends, [2]uint32{from, to})
	g.nodes[from].Degree++
	g.nodes[to].Degree++
}

// parallel returns a graph of one line from node 1, each hop of which is some links, those that are told first first.
func parallel(hops ...[]store.GraphLink) *drawn {
	g := &drawn{nodes: make([]store.GraphNode, len(hops)+2), links: make([]store.GraphLink, 1), ends: make([][2]uint32, 1)}
	for i := range g.nodes {
		g.nodes[i].ID = fmt.Sprintf("n_%02d", i)
	}
	for i, links := range hops {
		for k, l := range links {
			l.ID = fmt.Sprintf("l_%02d_%d", i, k)
			g.link(l, uint32(i+1), uint32(i+2))
		}
	}
	return g
}

// Ten hops with three parallel links each can be gone in 59,049 ways, of which the last alone fits.
func TestTheLastOfManyChoicesIsFound(t *testing.T) {
	during := func(since, until string) (l store.GraphLink) {
		l.Since.From, l.Since.To = kg.PartialDate(since).Interval()
		l.Until.From, l.Until.To = kg.PartialDate(until).Interval()
		l.Since.Known, l.Until.Known = true, true
		return l
	}
	late, early := during("2005", "2020"), during("1990", "2000")
	both := during("1990", "2020") // goes on beside either
	for _, q := range []Question{{Chronological: true}, {Chronological: true, Certain: true}, {Overlapping: true}} {
		var hops [][]store.GraphLink
		for range 10 {
			hops = append(hops, []store.GraphLink{late, late, early})
		}
		hops[9] = []store.GraphLink{early}
		if q.Overlapping {
			for _, hop := range hops[:9] {
				hop[0], hop[1] = both, both
			}
			hops[8] = []store.GraphLink{late, late, early}
		}
		g := parallel(hops...)
		q.From, q.To, q.MaxLength, q.MaxNodes, q.Page.N = 1, 11, 10, 1000, 1
		got, err := Find(t.Context(), t.Context(), g, &q)
		if err != nil || len(got.Lines) != 1 || got.Outcome != Complete {
			t.Fatalf("%+v: %+v, %v, want one line and COMPLETE", q, got, err)
		}
		for i, h := range got.Lines[0].Hops[:9] {
			want := fmt.Sprintf("l_%02d_2", i)
			if q.Overlapping && i < 8 {
				want = fmt.Sprintf("l_%02d_0", i)
			}
			if id := g.links[h.Links[0].Link].ID; id != want {
				t.Errorf("%+v: hop %d goes by %s, want %s", q, i, id, want)
			}
		}
	}
}

// To find sources that differ is hard, and is given up after some time. A line that was not found then may be there,
// and so the answer is not complete, whether or not it has another line.
func TestAChoiceThatIsGivenUpIsTold(t *testing.T) {
	from := func(sources ...string) (l store.GraphLink) {
		for _, id := range sources {
			l.Sources = append(l.Sources, store.GraphSource{ID: id})
		}
		return l
	}
	for _, another := range []bool{false, true} {
		hops := [][]store.GraphLink{{from("a"), from("b"), from("c")}}
		for i := range 8 {
			hops = append(hops, []store.GraphLink{from(fmt.Sprint(i, "x")), from(fmt.Sprint(i, "y")), from(fmt.Sprint(i, "z"))})
		}
		g := parallel(append(hops, []store.GraphLink{from("a", "b")})...)
		q := &Question{From: 1, To: 11, MaxLength: 11, MaxNodes: 1000, Independent: true, Page: plan.Paging{N: 1}}
		if another { // a longer one
			g.nodes = append(g.nodes, store.GraphNode{ID: "z"})
			for i, ends := range [][2]uint32{{1, 12}, {12, 2}} {
				l := from(fmt.Sprint("other", i))
				l.ID = l.Sources[0].ID
				g.link(l, ends[0], ends[1])
			}
		}
		got, err := Find(t.Context(), t.Context(), g, q)
		if err != nil || got.Outcome != NodeLimit || got.Total >= 0 {
			t.Errorf("another line %t: %+v, %v, want NODE_LIMIT", another, got, err)
		}
	}
}

// A search that may not look at more has answered when it has what was asked for.
func TestAPageIsCompleteWithAsManyLines(t *testing.T) {
	g := parallel(make([]store.GraphLink, 1), make([]store.GraphLink, 1))
	for i := range 60 { // around both ends, the second half farther away
		beside := uint32(1 + i%2*2)
		if i >= 30 {
			beside = uint32(len(g.nodes) - 30)
		}
		g.nodes = append(g.nodes, store.GraphNode{ID: fmt.Sprint("o_", i)})
		g.link(store.GraphLink{ID: fmt.Sprint("o_", i)}, beside, uint32(len(g.nodes)-1))
	}
	for n, want := range map[int]Outcome{0: Complete, 1: Complete, 2: NodeLimit} {
		got, err := Find(t.Context(), t.Context(), g, &Question{
			From: 1, To: 3, MaxLength: 6, MaxNodes: 40, Page: plan.Paging{N: n}, More: true,
		})
		if err != nil || got.Outcome != want || len(got.Lines) != min(n, 1) || got.Total >= 0 {
			t.Errorf("page of %d: %+v, %v, want %s", n, got, err, want)
		}
	}
}
