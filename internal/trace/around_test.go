package trace

import (
	"context"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/throughline/throughline/internal/store"
)

// linked are the nodes a node is linked to, and how many links lead to each.
func linked(g *drawn, k uint32) map[uint32]int64 {
	out := map[uint32]int64{}
	for l := 1; l < len(g.links); l++ {
		switch e := g.ends[l]; {
		case e[0] == e[1]:
		case e[0] == k:
			out[e[1]]++
		case e[1] == k:
			out[e[0]]++
		}
	}
	return out
}

func TestSurroundByDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t)
		q := &Around{Seeds: []uint32{1}, Depth: fair(t, "depth", 4), MaxNodes: 1 + fair(t, "nodes", 8), MaxLinks: 1 + fair(t, "links", 30)}
		got, err := Surround(context.Background(), g, q)
		if err != nil {
			t.Fatal(err)
		}
		// levels by definition, each in order, until there is no room
		distance := map[uint32]int{1: 0}
		want, truncated := []uint32{1}, false
		for level := 1; level <= q.Depth; level++ {
			var next []uint32
			for _, k := range want {
				for to := range linked(g, k) {
					if _, known := distance[to]; !known {
						distance[to] = level
						next = append(next, to)
					}
				}
			}
			slices.SortFunc(next, func(a, b uint32) int {
				if d := g.nodes[b].Degree - g.nodes[a].Degree; d != 0 {
					return int(d)
				}
				return strings.Compare(g.nodes[a].ID, g.nodes[b].ID)
			})
			room := q.MaxNodes - len(want)
			truncated = truncated || len(next) > room
			want = append(want, next[:min(room, len(next))]...)
		}
		if !slices.Equal(got.Nodes, want) {
			t.Fatalf("nodes %v, want %v", got.Nodes, want)
		}
		among := 0
		var hidden int64
		for l := 1; l < len(g.links); l++ {
			e := g.ends[l]
			if e[0] != e[1] && slices.Contains(want, e[0]) && slices.Contains(want, e[1]) {
				among++
			}
		}
		if len(got.Links) != min(among, q.MaxLinks) {
			t.Fatalf("%d links, want %d of %d", len(got.Links), q.MaxLinks, among)
		}
		for i, k := range want {
			var all, shown int64
			for _, n := range linked(g, k) {
				all += n
			}
			for _, l := range got.Links {
				if e := g.ends[l]; e[0] == k || e[1] == k {
					shown++
				}
			}
			if hidden = all - shown; got.Hidden[i] != hidden {
				t.Fatalf("node %d hides %d links, want %d", k, got.Hidden[i], hidden)
			}
		}
		if got.Truncated != (truncated || among > q.MaxLinks) {
			t.Fatalf("truncated %v", got.Truncated)
		}
	})
}

func TestCompareByDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t)
		got, err := Compare(context.Background(), g, 1, 2)
		if err != nil {
			t.Fatal(err)
		}
		a, b := linked(g, 1), linked(g, 2)
		if int64(len(got.Direct)) != a[2] {
			t.Fatalf("%d links between the two, want %d", len(got.Direct), a[2])
		}
		shared, sides, onlyA, onlyB := 0, int64(0), 0, 0
		for k := uint32(3); int(k) < len(g.nodes); k++ {
			switch {
			case a[k] > 0 && b[k] > 0:
				shared++
				sides += a[k] + b[k]
			case a[k] > 0:
				onlyA++
			case b[k] > 0:
				onlyB++
			}
		}
		if got.SharedNodes != shared || int64(len(got.Shared)) != sides || len(got.OnlyA) != onlyA || len(got.OnlyB) != onlyB {
			t.Fatalf("%+v, want %d shared by %d links, %d and %d alone", got, shared, sides, onlyA, onlyB)
		}
		if !slices.IsSortedFunc(got.Shared, func(x, y Side) int { return x.Order.Compare(y.Order) }) {
			t.Fatal("not in order")
		}
	})
}

func TestAccompanyByDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t)
		for i := range g.nodes {
			g.nodes[i].Type = uint8(1 + fair(t, "type", 2)) //nolint:gosec // two
		}
		got, err := Accompany(context.Background(), g, 1, 2)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int{}
		for who := uint32(2); int(who) < len(g.nodes); who++ {
			if g.nodes[who].Type != g.nodes[1].Type {
				continue
			}
			mine, theirs := linked(g, 1), linked(g, who)
			for m := range mine {
				if g.nodes[m].Type == 2 && theirs[m] > 0 {
					want[g.nodes[who].ID]++
				}
			}
		}
		for i, c := range got {
			if len(c.Shared) != want[c.ID] {
				t.Fatalf("%s shares %d, want %d", c.ID, len(c.Shared), want[c.ID])
			}
			if i > 0 && len(c.Shared) > len(got[i-1].Shared) {
				t.Fatal("not in order")
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%d in company, want %d", len(got), len(want))
		}
	})
}

func TestTimelineByDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t)
		for i := range g.nodes {
			g.nodes[i].Date = drawInterval(t, "date")
			g.nodes[i].Type = uint8(1 + i%3) //nolint:gosec // three
		}
		got, err := Timeline(context.Background(), g, []uint32{1}, map[uint8]What{1: Event, 2: Said})
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		count := func(i store.Interval) {
			if i.Known {
				want++
			}
		}
		near := linked(g, 1)
		near[1] = 1
		for k := range near {
			if g.nodes[k].Type < 3 {
				count(g.nodes[k].Date)
			}
		}
		for l := 1; l < len(g.links); l++ {
			if e := g.ends[l]; e[0] != e[1] && (e[0] == 1 || e[1] == 1) {
				count(g.links[l].Since)
				count(g.links[l].Until)
			}
		}
		if len(got) != want {
			t.Fatalf("%d moments, want %d", len(got), want)
		}
		if !slices.IsSortedFunc(got, Moment.Compare) {
			t.Fatal("not in order")
		}
	})
}
