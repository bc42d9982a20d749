package trace

import (
	"cmp"
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
		q := &Around{
			Seeds: []uint32{2, 1, 3}[:1+fair(t, "seeds", 3)], Depth: fair(t, "depth", 4),
			MaxNodes: 1 + fair(t, "nodes", 8), MaxLinks: 1 + fair(t, "links", 30),
		}
		got, err := Surround(context.Background(), g, q)
		if err != nil {
			t.Fatal(err)
		}
		// levels by definition, each in order, until there is no room
		distance := map[uint32]int{}
		for _, k := range q.Seeds[:min(q.MaxNodes, len(q.Seeds))] {
			distance[k] = 0
		}
		want, truncated := slices.Clone(q.Seeds[:len(distance)]), len(distance) < len(q.Seeds)
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
		// the links among them: those of the nodes listed first, of those the ones to nodes listed first, then by id
		var links []uint32
		places := func(l uint32) (near, away int) {
			a, b := slices.Index(want, g.ends[l][0]), slices.Index(want, g.ends[l][1])
			return min(a, b), max(a, b)
		}
		for l := uint32(1); int(l) < len(g.links); l++ {
			if near, _ := places(l); near >= 0 {
				links = append(links, l)
			}
		}
		slices.SortFunc(links, func(x, y uint32) int {
			a, b := places(x)
			c, d := places(y)
			return cmp.Or(cmp.Compare(a, c), cmp.Compare(b, d), strings.Compare(g.links[x].ID, g.links[y].ID))
		})
		among := len(links)
		links = links[:min(among, q.MaxLinks)]
		if !slices.Equal(got.Links, links) {
			t.Fatalf("links %v, want %v of %d", got.Links, links, among)
		}
		var hidden int64
		for i, k := range want {
			var all, shown int64
			for _, n := range linked(g, k) {
				all += n
			}
			for _, e := range g.ends[1:] {
				if e == [2]uint32{k, k} {
					all++
				}
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

// sharedLinks counts the links by which two nodes share a third: of those that overlap one of the other side, or all.
func sharedLinks(g *drawn, a, b, shared uint32, overlapping bool) (n int64) {
	side := func(k uint32) (links []store.GraphLink) {
		for l := 1; l < len(g.links); l++ {
			if e := g.ends[l]; e == [2]uint32{k, shared} || e == [2]uint32{shared, k} {
				links = append(links, g.links[l])
			}
		}
		return links
	}
	one, other := side(a), side(b)
	if !overlapping {
		return int64(len(one) + len(other))
	}
	for _, pair := range [2][2][]store.GraphLink{{one, other}, {other, one}} {
		for _, x := range pair[0] {
			if slices.ContainsFunc(pair[1], func(y store.GraphLink) bool {
				return x.Until.To >= y.Since.From && y.Until.To >= x.Since.From
			}) {
				n++
			}
		}
	}
	return n
}

// TestMomentsOfOneDay puts moments of one first day in the order that the contract says.
func TestMomentsOfOneDay(t *testing.T) {
	day := store.Interval{From: 20210225, To: 20210225, Known: true}
	week := store.Interval{From: 20210225, To: 20210303, Known: true}
	want := []Moment{
		{What: LinkBegan, Date: store.Interval{From: 20210224, To: 20211231, Known: true}, ID: "z"},
		{What: Event, Date: day, ID: "b"},
		{What: Event, Date: week, ID: "a"},
		{What: LinkEnded, Date: day, ID: "y"},
		{What: LinkBegan, Date: day, ID: "c"},
		{What: LinkBegan, Date: day, ID: "d"},
		{What: LinkEnded, Date: day, ID: "d", Own: true},
		{What: Said, Date: day, ID: "a"},
		{What: Published, Date: day, ID: "a"},
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, Moment.Compare)
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestCompareByDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t)
		overlapping := rapid.Bool().Draw(t, "overlapping")
		got, err := Compare(context.Background(), g, 1, 2, overlapping)
		if err != nil {
			t.Fatal(err)
		}
		a, b := linked(g, 1), linked(g, 2)
		if int64(len(got.Direct)) != a[2] {
			t.Fatalf("%d links between the two, want %d", len(got.Direct), a[2])
		}
		shared, sides, onlyLeft, onlyRight := 0, int64(0), 0, 0
		for k := uint32(3); int(k) < len(g.nodes); k++ {
			switch {
			case a[k] > 0 && b[k] > 0:
				if n := sharedLinks(g, 1, 2, k, overlapping); n > 0 {
					shared++
					sides += n
				}
			case a[k] > 0:
				onlyLeft++
			case b[k] > 0:
				onlyRight++
			}
		}
		if got.SharedNodes != shared || int64(len(got.Shared)) != sides || len(got.OnlyLeft) != onlyLeft ||
			len(got.OnlyRight) != onlyRight {
			t.Fatalf("%+v, want %d shared by %d links, %d and %d alone", got, shared, sides, onlyLeft, onlyRight)
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
			g.nodes[i].Type = uint8(1 + fair(t, "type", 2))
		}
		overlapping := rapid.Bool().Draw(t, "overlapping")
		got, err := Accompany(context.Background(), g, 1, 2, overlapping)
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
				if g.nodes[m].Type == 2 && theirs[m] > 0 && sharedLinks(g, 1, who, m, overlapping) > 0 {
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
			g.nodes[i].Type = uint8(1 + i%3)
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
			if e := g.ends[l]; e[0] == 1 || e[1] == 1 {
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
