package trace

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	gonum "gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/community"
	"gonum.org/v1/gonum/graph/network"
	"gonum.org/v1/gonum/graph/simple"
	"pgregory.net/rapid"

	"github.com/throughline/throughline/internal/store"
)

// drawWhole draws a small whole graph; parallel links only when they may be.
func drawWhole(rt *rapid.T, parallel bool) *store.Whole {
	n := rapid.IntRange(0, 14).Draw(rt, "nodes")
	w := &store.Whole{}
	for i := range n {
		w.Nodes = append(w.Nodes, store.WholeNode{ID: fmt.Sprintf("n%02d", i), Type: 1})
	}
	if n < 2 {
		return w
	}
	have := map[[2]int]bool{}
	for range rapid.IntRange(0, 30).Draw(rt, "links") {
		a, b := rapid.IntRange(0, n-1).Draw(rt, "from"), rapid.IntRange(0, n-1).Draw(rt, "to")
		key := [2]int{min(a, b), max(a, b)}
		if a == b || have[key] && !parallel {
			continue
		}
		have[key] = true
		w.Links = append(w.Links, store.Pair{From: uint32(a), To: uint32(b)})
	}
	return w
}

func netOf(t interface{ Fatal(...any) }, w *store.Whole) *Net {
	g, err := NewNet(context.Background(), w)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func central(t interface{ Fatal(...any) }, g *Net, by Measure) *Ranking {
	r, err := Centrality(context.Background(), g, by, Effort{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestNetHasEveryLinkFromBothEnds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWhole(rt, true)
		g := netOf(rt, w)
		want := map[[2]uint32]float64{}
		for _, l := range w.Links {
			want[[2]uint32{l.From, l.To}]++
			want[[2]uint32{l.To, l.From}]++
		}
		got := map[[2]uint32]float64{}
		connected := 0
		for v := range g.Nodes {
			ends := g.ends[g.first[v]:g.first[v+1]]
			if !slices.IsSorted(ends) || len(slices.Compact(slices.Clone(ends))) != len(ends) {
				rt.Fatalf("neighbours of %d: %v", v, ends)
			}
			sum := 0.0
			for i := g.first[v]; i < g.first[v+1]; i++ {
				got[[2]uint32{uint32(v), g.ends[i]}] = float64(g.weights[i])
				sum += float64(g.weights[i])
			}
			if sum != g.degrees[v] {
				rt.Fatalf("degree of %d is %v, not %v", v, g.degrees[v], sum)
			}
			if sum > 0 {
				connected++
			}
		}
		if fmt.Sprint(want) != fmt.Sprint(got) || connected != g.Connected {
			rt.Fatalf("want %v, got %v, %d connected of %d", want, got, g.Connected, connected)
		}
	})
}

// lists every shortest line between two nodes by trying all, one for each choice among parallel links.
func shortest(w *store.Whole, from, to uint32) (lines [][]uint32) {
	front := [][]uint32{{from}}
	for len(front) > 0 && len(lines) == 0 {
		var next [][]uint32
		for _, line := range front {
			for _, l := range w.Links {
				for _, x := range [2][2]uint32{{l.From, l.To}, {l.To, l.From}} {
					if x[0] != line[len(line)-1] || slices.Contains(line, x[1]) {
						continue
					}
					longer := append(slices.Clone(line), x[1])
					if x[1] == to {
						lines = append(lines, longer)
					}
					next = append(next, longer)
				}
			}
		}
		if len(next) > 20_000 {
			return nil
		}
		front = next
	}
	return lines
}

// The smallest graph with a line that passes a node.
func TestTheMiddleOfThreeIsBetweenTheOthers(t *testing.T) {
	w := &store.Whole{
		Nodes: []store.WholeNode{{ID: "a", Type: 1}, {ID: "b", Type: 1}, {ID: "c", Type: 1}},
		Links: []store.Pair{{From: 0, To: 1}, {From: 1, To: 2}},
	}
	g := netOf(t, w)
	got := central(t, g, ByBetweenness)
	for v, want := range []float64{0, 1, 0} {
		if score := got.Score(uint32(v)); score != want {
			t.Errorf("node %d has the score %v, want %v", v, score, want)
		}
	}
}

func TestBetweennessAgreesWithListingAllLines(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWhole(rt, true)
		w.Links = w.Links[:min(len(w.Links), 14)]
		g := netOf(rt, w)
		got := central(rt, g, ByBetweenness)
		want := make([]float64, len(w.Nodes))
		n := float64(g.Connected)
		for a := range w.Nodes {
			for b := range a {
				lines := shortest(w, uint32(a), uint32(b))
				for _, line := range lines {
					for _, v := range line[1 : len(line)-1] {
						want[v] += 2 / ((n - 1) * (n - 2)) / float64(len(lines))
					}
				}
			}
		}
		for v := range want {
			if math.Abs(want[v]-got.Score(uint32(v))) > 1e-9 {
				rt.Fatalf("node %d: want %v, got %v", v, want[v], got.Score(uint32(v)))
			}
		}
		if got.Sampled || got.Pivots != g.Connected {
			rt.Fatalf("%d pivots of %d", got.Pivots, g.Connected)
		}
	})
}

func TestCentralityAgreesWithGonum(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWhole(rt, false)
		g := netOf(rt, w)
		both, once := simple.NewDirectedGraph(), simple.NewUndirectedGraph()
		for _, l := range w.Links {
			a, b := simple.Node(l.From), simple.Node(l.To)
			both.SetEdge(simple.Edge{F: a, T: b})
			both.SetEdge(simple.Edge{F: b, T: a})
			once.SetEdge(simple.Edge{F: a, T: b})
		}
		ranks := map[int64]float64{}
		if len(w.Links) > 0 {
			ranks = network.PageRank(both, damping, 1e-13)
		}
		between := network.Betweenness(once)
		n := float64(g.Connected)
		rank, through := central(rt, g, ByPageRank), central(rt, g, ByBetweenness)
		for v := range w.Nodes {
			if want, got := ranks[int64(v)], rank.Score(uint32(v)); math.Abs(want-got) > 1e-9 {
				rt.Fatalf("PageRank of %d: want %v, got %v", v, want, got)
			}
			want := 0.0
			if n > 2 {
				want = between[int64(v)] / ((n - 1) * (n - 2))
			}
			if got := through.Score(uint32(v)); math.Abs(want-got) > 1e-9 {
				rt.Fatalf("betweenness of %d: want %v, got %v", v, want, got)
			}
		}
	})
}

func TestOrderIsByScoreThenID(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		g := netOf(rt, drawWhole(rt, true))
		for _, by := range []Measure{ByDegree, ByPageRank, ByBetweenness} {
			r := central(rt, g, by)
			if len(r.Order) != len(g.Nodes) {
				rt.Fatalf("%d of %d are ordered", len(r.Order), len(g.Nodes))
			}
			for i := 1; i < len(r.Order); i++ {
				a, b := r.Order[i-1], r.Order[i]
				if r.Scores[a] < r.Scores[b] || r.Scores[a] == r.Scores[b] && g.Nodes[a].ID >= g.Nodes[b].ID {
					rt.Fatalf("%d before %d: %v", a, b, r.Scores)
				}
			}
		}
	})
}

// A ladder of n rungs whose rails are many links each has more shortest lines than a float64 holds.
func TestBetweennessOfMoreLinesThanCanBeCounted(t *testing.T) {
	w := &store.Whole{}
	const n, many = 600, 9
	for i := range 3*n + 1 {
		w.Nodes = append(w.Nodes, store.WholeNode{ID: fmt.Sprintf("n%05d", i), Type: 1})
	}
	for i := range uint32(n) {
		a, b, c, d := 3*i, 3*i+1, 3*i+2, 3*i+3
		for range many {
			w.Links = append(w.Links, store.Pair{From: a, To: b}, store.Pair{From: a, To: c},
				store.Pair{From: b, To: d}, store.Pair{From: c, To: d})
		}
	}
	g := netOf(t, w)
	r := central(t, g, ByBetweenness)
	// the joint in the middle lies on every line from one half to the other, and on half of those between the two sides
	// of the rung before it and of the one behind it
	half, all := float64(3*n/2), float64(3*n+1)
	want := 2 * (half*half + 0.5 + 0.5) / ((all - 1) * (all - 2))
	if got := r.Score(3 * n / 2); math.Abs(got-want) > 1e-9 {
		t.Errorf("the middle has %v, not %v", got, want)
	}
	for v := range w.Nodes {
		if s := r.Score(uint32(v)); !(s >= 0 && s <= 1) {
			t.Fatalf("node %d has %v", v, s)
		}
	}
	if a, b := r.Scores[1], r.Scores[2]; a != b {
		t.Errorf("two sides of a rung have %d and %d", a, b)
	}
}

// grown is a graph in which newcomers join those who have many links already, and some of two halves never meet but at
// a bridge.
func grown(seed uint64) *store.Whole {
	r := rand.New(rand.NewPCG(seed, 11))
	w := &store.Whole{}
	n := 300 + r.IntN(200)
	var ends []uint32
	for i := range uint32(n) {
		w.Nodes = append(w.Nodes, store.WholeNode{ID: fmt.Sprintf("n%05d", i), Type: 1})
		for range min(int(i), 1+r.IntN(3)) {
			to := r.Uint32N(i)
			if len(ends) > 0 && r.IntN(5) > 0 {
				to = ends[r.IntN(len(ends))]
			}
			if to != i && (to%2 == i%2 || r.IntN(10) == 0) {
				w.Links = append(w.Links, store.Pair{From: i, To: to})
				ends = append(ends, i, to)
			}
		}
	}
	return w
}

// ranks are 1 and how many have more, of each node.
func ranks(r *Ranking) []int {
	out := make([]int, len(r.Scores))
	for at, v := range r.Order {
		out[v] = at + 1
		if at > 0 && r.Scores[v] == r.Scores[r.Order[at-1]] {
			out[v] = out[r.Order[at-1]]
		}
	}
	return out
}

// Over many graphs, the exact score is within 1.96 standard errors about as often as it should be, a rank that is
// called certain is hardly ever wrong, and what is told is not told at random.
func TestSampledBetweennessKnowsHowSureItIs(t *testing.T) {
	graphs := 60
	if testing.Short() {
		graphs = 15
	}
	for _, x := range []struct{ share, least, sure float64 }{{0.1, 0.9, 0.1}, {0.3, 0.92, 0.5}, {0.6, 0.94, 1}} {
		within, asked, certain, wrong := 0, 0, 0, 0
		var off, told float64
		for seed := range uint64(graphs) {
			g := netOf(t, grown(seed))
			exact := central(t, g, ByBetweenness)
			some, err := Centrality(t.Context(), g, ByBetweenness, Effort{Pivots: int(x.share * float64(g.Connected))})
			if err != nil {
				t.Fatal(err)
			}
			if !some.Sampled || some.Pivots != int(x.share*float64(g.Connected)) || exact.Sampled {
				t.Fatalf("%d pivots of %d, sampled %v", some.Pivots, g.Connected, some.Sampled)
			}
			for _, v := range exact.Order[:40] {
				e, ok := some.Error(v)
				if !ok || e <= 0 {
					t.Fatalf("node %d has the error %v, %v", v, e, ok)
				}
				away := math.Abs(some.Score(v) - exact.Score(v))
				off, told = off+away*away, told+e*e
				asked++
				if away <= 1.96*e {
					within++
				}
			}
			right, is := ranks(exact), ranks(some)
			for at, sure := range some.Certain(some.Order, 0, len(some.Order)) {
				if v := some.Order[at]; sure {
					certain++
					if is[v] != right[v] {
						wrong++
					}
				}
			}
		}
		covered := float64(within) / float64(asked)
		t.Logf("of %v pivots: within 1.96 errors %.3f of %d, root mean square %.2f of that told, certain %d, wrong %d",
			x.share, covered, asked, math.Sqrt(off/told), certain, wrong)
		if covered < x.least {
			t.Errorf("only %.3f are within 1.96 errors", covered)
		}
		if math.Sqrt(off/told) < 0.5 {
			t.Errorf("errors are told to be %v of what they are", math.Sqrt(told/off))
		}
		if float64(certain) < x.sure*float64(graphs) {
			t.Errorf("only %d ranks of %d graphs are certain", certain, graphs)
		}
		if float64(wrong) > 0.05*float64(certain) {
			t.Errorf("%d of %d certain ranks are wrong", wrong, certain)
		}
	}
}

// Two nodes that are alike but for their names cannot be told apart by a sample.
func TestTiesAreNeverCertain(t *testing.T) {
	w := &store.Whole{}
	node := func() uint32 {
		w.Nodes = append(w.Nodes, store.WholeNode{ID: fmt.Sprintf("n%05d", len(w.Nodes)), Type: 1})
		return uint32(len(w.Nodes) - 1)
	}
	top := node()
	for range 2 { // two hubs of the same size below one node
		hub := node()
		w.Links = append(w.Links, store.Pair{From: hub, To: top})
		for range 200 {
			w.Links = append(w.Links, store.Pair{From: node(), To: hub})
		}
	}
	g := netOf(t, w)
	r, err := Centrality(t.Context(), g, ByBetweenness, Effort{Pivots: 100})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Certain(r.Order, 0, 3); got[0] || got[1] {
		t.Errorf("of two hubs that are alike one is certain to be first: %v", got)
	}
	few, err := Centrality(t.Context(), g, ByBetweenness, Effort{Pivots: enough - 1})
	if err != nil {
		t.Fatal(err)
	}
	if got := few.Certain(few.Order, 0, len(few.Order)); slices.Contains(got, true) {
		t.Errorf("%d pivots are enough to be certain: %v", few.Pivots, got)
	}
	one, err := Centrality(t.Context(), g, ByBetweenness, Effort{Pivots: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := one.Error(top); ok || !one.Sampled {
		t.Error("a single pivot tells its error")
	}
	exact := central(t, g, ByBetweenness)
	if got := exact.Certain(exact.Order, 0, 5); slices.Contains(got, false) {
		t.Errorf("exact ranks: %v", got)
	}
}

func TestPivotsAreTheSameHoweverTheyAreCounted(t *testing.T) {
	g := netOf(t, grown(1))
	of := func(n int) *Ranking {
		r, err := Centrality(t.Context(), g, ByBetweenness, Effort{Pivots: n})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, n := range []int{1, 2, 63, 64, 65, 200, g.Connected, g.Connected + 1} {
		many := of(n)
		before := runtime.GOMAXPROCS(1)
		alone := of(n)
		runtime.GOMAXPROCS(before)
		if !slices.Equal(many.Scores, alone.Scores) || !slices.Equal(many.errors, alone.errors) {
			t.Errorf("%d pivots gave other scores to one processor", n)
		}
		if want := min(n, g.Connected); many.Pivots != want || many.Sampled != (want < g.Connected) {
			t.Errorf("%d pivots: %d, sampled %v", n, many.Pivots, many.Sampled)
		}
	}
	if all, none := of(g.Connected), central(t, g, ByBetweenness); !slices.Equal(all.Scores, none.Scores) {
		t.Error("all pivots are not the exact scores")
	}
}

// The clock goes on by a second whenever it is looked at, which is once for each round.
func TestSamplingHasItsTime(t *testing.T) {
	w := &store.Whole{}
	const n = 6000
	for i := range uint32(n) {
		w.Nodes = append(w.Nodes, store.WholeNode{ID: fmt.Sprintf("n%05d", i), Type: 1})
		w.Links = append(w.Links, store.Pair{From: i, To: i / 2}, store.Pair{From: i, To: (i + 1) % n})
	}
	w.Links[0].To = 1
	g := netOf(t, w)
	round := mostBlock * min(mostWorkers, runtime.GOMAXPROCS(0))
	for seconds, rounds := range map[int]int{0: 1, 1: 1, 2: 2, 4: 4} {
		now := time.Unix(0, 0)
		r, err := Centrality(t.Context(), g, ByBetweenness, Effort{
			Within: time.Duration(seconds) * time.Second,
			Now:    func() time.Time { now = now.Add(time.Second); return now },
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := rounds * round; r.Pivots != want || !r.Sampled {
			t.Errorf("%d seconds were enough for %d pivots, not %d", seconds, r.Pivots, want)
		}
		same, err := Centrality(t.Context(), g, ByBetweenness, Effort{Pivots: r.Pivots})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(same.Scores, r.Scores) || !slices.Equal(same.errors, r.errors) {
			t.Errorf("%d pivots have another answer when they are asked for", r.Pivots)
		}
	}
}

func TestEstimatesAreRounded(t *testing.T) {
	r := &Ranking{Measure: ByBetweenness, Sampled: true, Pivots: 100, Scores: []int64{
		123_456_789_012, 123_456_789_012,
		123_456_789_012, 5,
	}, errors: []float64{3.46e9, 9.96e7, 0, 0}}
	for i, want := range [][2]float64{{0.123, 0.0035}, {0.1235, 0.0001}, {0.123456789012, 0}, {5e-12, 0}} {
		e, ok := r.Error(uint32(i))
		if got := [2]float64{r.Score(uint32(i)), e}; got != want || !ok {
			t.Errorf("%v, want %v", got, want)
		}
	}
}

func TestOnceIsTheGraphWithoutParallelLinks(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWhole(rt, true)
		g := netOf(rt, w)
		single := &store.Whole{Nodes: w.Nodes}
		have := map[[2]uint32]bool{}
		for _, l := range w.Links {
			if key := [2]uint32{min(l.From, l.To), max(l.From, l.To)}; !have[key] {
				have[key] = true
				single.Links = append(single.Links, l)
			}
		}
		once, err := g.Once(rt.Context())
		if err != nil {
			rt.Fatal(err)
		}
		want := netOf(rt, single)
		if once.Links != want.Links || once.Connected != want.Connected || !slices.Equal(once.weights, want.weights) ||
			!slices.Equal(once.degrees, want.degrees) {
			rt.Fatalf("%+v, want %+v", once, want)
		}
		for _, by := range []Measure{ByDegree, ByPageRank, ByBetweenness} {
			if got, want := central(rt, once, by), central(rt, want, by); !slices.Equal(got.Scores, want.Scores) {
				rt.Fatalf("measure %d: %v, want %v", by, got.Scores, want.Scores)
			}
		}
		a, err := Communities(rt.Context(), once, 1, 1)
		if err != nil {
			rt.Fatal(err)
		}
		b, _ := Communities(rt.Context(), want, 1, 1)
		if fmt.Sprint(a.Groups, a.Within, a.Internal, a.External, a.Modularity) != fmt.Sprint(b.Groups, b.Within,
			b.Internal, b.External, b.Modularity) {
			rt.Fatalf("communities %v, want %v", a.Groups, b.Groups)
		}
		if fmt.Sprint(g.weights) != fmt.Sprint(netOf(rt, w).weights) {
			rt.Fatal("the graph itself has changed")
		}
	})
}

func TestCommunities(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWhole(rt, true)
		g := netOf(rt, w)
		resolution := rapid.SampledFrom([]float64{0.2, 1, 1.7}).Draw(rt, "resolution")
		seed := rapid.Uint64Range(0, 5).Draw(rt, "seed")
		p, err := Communities(rt.Context(), g, seed, resolution)
		if err != nil {
			rt.Fatal(err)
		}
		again, _ := Communities(rt.Context(), g, seed, resolution)
		if fmt.Sprint(p.Groups, p.Modularity) != fmt.Sprint(again.Groups, again.Modularity) {
			rt.Fatalf("the same seed gave %v and %v", p.Groups, again.Groups)
		}
		of := make([]int, len(w.Nodes))
		for c, nodes := range p.Groups {
			for _, v := range nodes {
				if of[v] != 0 || g.degrees[v] == 0 {
					rt.Fatalf("node %d is in two groups, or has no links: %v", v, p.Groups)
				}
				of[v] = c + 1
			}
			if !joinedWithin(g, nodes) {
				rt.Fatalf("group %v falls apart", nodes)
			}
		}
		for v, c := range of {
			if c == 0 && g.degrees[v] > 0 {
				rt.Fatalf("node %d is in no group", v)
			}
		}
		if len(w.Links) == 0 {
			return
		}
		// what the groups are said to be
		internal, external, within := make([]int64, len(p.Groups)), make([]int64, len(p.Groups)), make([]int64,
			len(w.Nodes))
		for _, l := range w.Links {
			a, b := of[l.From]-1, of[l.To]-1
			if a == b {
				internal[a]++
				within[l.From]++
				within[l.To]++
			} else {
				external[a]++
				external[b]++
			}
		}
		if !slices.Equal(internal, p.Internal) || !slices.Equal(external, p.External) ||
			!slices.Equal(within, p.Within) {
			rt.Fatalf("links within %v and out %v, told %v and %v", internal, external, p.Internal, p.External)
		}
		if q := quality(w, p.Groups, resolution); math.Abs(q-p.Modularity) > 1e-9 {
			rt.Fatalf("the modularity is %v, told %v", q, p.Modularity)
		}
		// no node does better in the group of a neighbour
		for v := range w.Nodes {
			for c := range p.Groups {
				if of[v] == 0 || of[v]-1 == c {
					continue
				}
				moved := make([][]uint32, len(p.Groups))
				for d, nodes := range p.Groups {
					moved[d] = slices.DeleteFunc(slices.Clone(nodes), func(u uint32) bool { return u == uint32(v) })
				}
				moved[c] = append(moved[c], uint32(v))
				moved = slices.DeleteFunc(moved, func(nodes []uint32) bool { return len(nodes) == 0 })
				if q := quality(w, moved, resolution); q > p.Modularity+1e-6 {
					rt.Fatalf("moving %d to %v makes %v of %v", v, p.Groups[c], q, p.Modularity)
				}
			}
		}
	})
}

// quality is the modularity as gonum counts it.
func quality(w *store.Whole, groups [][]uint32, resolution float64) float64 {
	g := simple.NewWeightedUndirectedGraph(0, 0)
	for _, l := range w.Links {
		weight, _ := g.Weight(int64(l.From), int64(l.To))
		g.SetWeightedEdge(simple.WeightedEdge{F: simple.Node(l.From), T: simple.Node(l.To), W: weight + 1})
	}
	var all [][]gonum.Node
	for _, nodes := range groups {
		var list []gonum.Node
		for _, v := range nodes {
			list = append(list, simple.Node(v))
		}
		all = append(all, list)
	}
	return community.Q(g, all, resolution)
}

func joinedWithin(g *Net, nodes []uint32) bool {
	seen := map[uint32]bool{nodes[0]: true}
	for queue := []uint32{nodes[0]}; len(queue) > 0; queue = queue[1:] {
		for _, u := range g.ends[g.first[queue[0]]:g.first[queue[0]+1]] {
			if !seen[u] && slices.Contains(nodes, u) {
				seen[u] = true
				queue = append(queue, u)
			}
		}
	}
	return len(seen) == len(nodes)
}

// Zachary's karate club (1977): 34 members, 78 friendships, whose best division is known to have modularity 0.4198.
func TestCommunitiesOfTheKarateClub(t *testing.T) {
	friends := [][]uint32{
		{2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 18, 20, 22, 32},
		{3, 4, 8, 14, 18, 20, 22, 31},
		{4, 8, 9, 10, 14, 28, 29, 33},
		{8, 13, 14},
		{7, 11},
		{7, 11, 17},
		{17},
		{},
		{31, 33, 34},
		{34},
		{},
		{},
		{},
		{34},
		{33, 34},
		{33, 34},
		{},
		{},
		{33, 34},
		{34},
		{33, 34},
		{},
		{33, 34},
		{26, 28, 30, 33, 34},
		{26, 28, 32},
		{32},
		{30, 34},
		{34},
		{32, 34},
		{33, 34},
		{33, 34},
		{33, 34},
		{34},
		{},
	}
	w := &store.Whole{}
	for i, list := range friends {
		w.Nodes = append(w.Nodes, store.WholeNode{ID: fmt.Sprintf("n%02d", i+1), Type: 1})
		for _, j := range list {
			w.Links = append(w.Links, store.Pair{From: uint32(i), To: j - 1})
		}
	}
	if len(w.Links) != 78 {
		t.Fatalf("%d friendships", len(w.Links))
	}
	best := 0.0
	for seed := range uint64(5) {
		p, err := Communities(t.Context(), netOf(t, w), seed, 1)
		if err != nil {
			t.Fatal(err)
		}
		if best = max(best, p.Modularity); p.Modularity < 0.41 {
			t.Errorf("seed %d: modularity %v, %v", seed, p.Modularity, p.Groups)
		}
	}
	if math.Abs(best-0.4198) > 0.0001 {
		t.Errorf("the best of five is %v", best)
	}
}

func TestWholeGraphMeasuresStopWhenToldTo(t *testing.T) {
	w := &store.Whole{}
	for i := range uint32(1000) {
		w.Nodes = append(w.Nodes, store.WholeNode{ID: fmt.Sprintf("n%05d", i), Type: 1})
		w.Links = append(w.Links, store.Pair{From: i, To: (i + 1) % 1000})
	}
	g := netOf(t, w)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, by := range []Measure{ByDegree, ByPageRank, ByBetweenness} {
		if _, err := Centrality(ctx, g, by, Effort{}); !errors.Is(err, context.Canceled) {
			t.Errorf("measure %d: %v", by, err)
		}
	}
	if _, err := Communities(ctx, g, 1, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("communities: %v", err)
	}
	if _, err := NewNet(ctx, w); !errors.Is(err, context.Canceled) {
		t.Errorf("net: %v", err)
	}
}
