package trace

import (
	"cmp"
	"container/heap"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// begun is a line that is begun.
type begun struct {
	before *begun
	state  int32
	hop    int32 // the hop to it
	hops   int32
	cost   int32       // of arriving at its end
	total  int32       // at least
	chosen []store.Arc // by hop, when conditions choose among parallel links
}

type queue struct {
	s    *search
	list []*begun
}

func (q *queue) Len() int      { return len(q.list) }
func (q *queue) Swap(i, j int) { q.list[i], q.list[j] = q.list[j], q.list[i] }
func (q *queue) Push(x any)    { q.list = append(q.list, x.(*begun)) } // nothing else is pushed
func (q *queue) Pop() any {
	n := len(q.list) - 1
	x := q.list[n]
	q.list = q.list[:n]
	return x
}

// Less orders by cost, then by ids from the start.
func (q *queue) Less(i, j int) bool {
	a, b := q.list[i], q.list[j]
	if a.total != b.total {
		return a.total < b.total
	}
	return q.s.compare(a, b) < 0
}

// compare compares the ids of two lines from the start.
func (s *search) compare(a, b *begun) int {
	var x, y [16]int32
	n, m := s.trail(a, &x), s.trail(b, &y)
	for i := range min(n, m) {
		if x[i] != y[i] {
			if c := strings.Compare(s.g.Node(s.nodes[x[i]].key).ID, s.g.Node(s.nodes[y[i]].key).ID); c != 0 {
				return c
			}
		}
	}
	return cmp.Compare(n, m)
}

// trail lists the nodes of a line from its start.
func (s *search) trail(b *begun, to *[16]int32) int {
	n := int(b.hops) + 1
	for i := n - 1; b != nil; i, b = i-1, b.before {
		to[i] = s.node(b.state)
	}
	return n
}

func (b *begun) passes(s *search, n int32) bool {
	for ; b != nil; b = b.before {
		if s.node(b.state) == n {
			return true
		}
	}
	return false
}

// list lists the lines that cost at most bound, as many as are asked for. When its time ends it leaves the longer of
// the lists that were made.
func (s *search) list(bound int32) {
	before := s.listed
	s.listed, s.worked, s.began = listed{}, 0, 0
	defer func() {
		if len(s.listed.found) < len(before.found) {
			s.listed = before
		}
	}()
	s.measure(bound)
	q := &queue{s: s}
	begin := func(b *begun) {
		rest := s.remaining(b.state, s.q.MaxLength-int(b.hops))
		if rest == far {
			return
		}
		if b.total = b.cost + s.nodes[s.node(b.state)].penalty + rest; b.total <= bound {
			s.began++
			heap.Push(q, b)
		}
	}
	begin(&begun{state: s.state(s.source, 0), hop: none})
	goal := s.state(s.target, int32(s.width-1))
	for q.Len() > 0 {
		b, _ := heap.Pop(q).(*begun)
		if b.state == goal {
			if s.add(b); s.enough() {
				return
			}
			continue
		}
		if s.worked++; s.worked > maxBegun {
			s.incomplete = true
			return
		}
		if int(b.hops) >= s.q.MaxLength {
			continue
		}
		n := s.node(b.state)
		depart := b.cost + s.nodes[n].penalty
		s.outHops(n, func(h, to, cost int32) {
			next, ok := s.forward(to, s.mask(b.state))
			if !ok || b.passes(s, to) {
				return
			}
			x := &begun{before: b, state: next, hop: h, hops: b.hops + 1, cost: depart + cost}
			if s.conditional() {
				if x.chosen, ok = s.choose(x); !ok {
					return
				}
			}
			begin(x)
		})
	}
}

// add adds a line to those that were found.
func (s *search) add(b *begun) {
	l, p := &s.listed, &s.q.Page
	if l.found = append(l.found, b); p.After == nil || s.place(b, p.After) > 0 {
		l.behind++
		l.passed = l.passed || p.Before != nil && s.place(b, p.Before) >= 0
	}
}

// links are the links of a hop, the one it is told by first.
func (s *search) links(h int32) []store.Arc {
	x := &s.hops[h]
	var list []store.Arc
	for a := x.arc; a != none; a = s.arcs[a].next {
		arc := s.arcs[a].arc
		if x.back {
			arc.To = s.nodes[x.owner].key
		}
		list = append(list, arc)
	}
	sortFunc(&s.pulse, list, func(a, b store.Arc) int {
		x, y := s.g.Link(a.Link), s.g.Link(b.Link)
		if s.q.Rank == MostRecent {
			if c := cmp.Compare(latest(&y), latest(&x)); c != 0 {
				return c
			}
		}
		return cmp.Or(cmp.Compare(y.SourceCount, x.SourceCount), strings.Compare(x.ID, y.ID))
	})
	return list
}

func (s *search) conditional() bool { return s.q.Chronological || s.q.Overlapping || s.q.Independent }

// maxChoices bounds the ways tried to choose among the parallel links of one line.
const maxChoices = 2_000

// choose finds links for the hops of a line that fulfil the conditions together: those told first where they do. What
// it cannot find within maxChoices may be there still, and the search has missed a line then. That happens only where
// sources must differ: otherwise what can follow a hop depends on its link and on the day alone, and is tried once.
func (s *search) choose(b *begun) ([]store.Arc, bool) {
	hops := make([][]store.Arc, b.hops)
	for i, x := int(b.hops)-1, b; i >= 0; i, x = i-1, x.before {
		hops[i] = s.links(x.hop)
	}
	chosen := make([]store.Arc, len(hops))
	type choice struct {
		hop   int
		link  uint32
		since kg.Day
	}
	var failed map[choice]bool // nothing fits behind these
	tries := 0
	var try func(i int, since kg.Day, used []string) bool
	try = func(i int, since kg.Day, used []string) bool {
		if i == len(hops) {
			return true
		}
		for _, arc := range hops[i] {
			if tries++; tries > maxChoices {
				s.missed = true
				return false
			}
			s.beat(1)
			l := s.g.Link(arc.Link)
			if s.q.Overlapping && i > 0 {
				if before := s.g.Link(chosen[i-1].Link); !overlap(&before, &l) {
					continue
				}
			}
			begin := since
			if s.q.Chronological {
				var ok bool
				if begin, ok = after(since, &l, s.q.Certain); !ok {
					continue
				}
			}
			mine := used
			if s.q.Independent {
				if slices.ContainsFunc(l.Sources, func(x store.GraphSource) bool { return slices.Contains(used, x.ID) }) {
					continue
				}
				mine = slices.Clip(used)
				for _, x := range l.Sources {
					mine = append(mine, x.ID)
				}
			}
			c := choice{i, arc.Link, begin}
			if failed[c] {
				continue
			}
			chosen[i] = arc
			if try(i+1, begin, mine) {
				return true
			}
			if !s.q.Independent {
				if failed == nil {
					failed = map[choice]bool{}
				}
				failed[c] = true
			}
		}
		return false
	}
	return chosen, try(0, kg.MinDay, nil)
}

// after reports whether a link can be going on at or after a day, and returns the day that the next must not end
// before. Possible: some reading of the dates allows it; certain: every reading does, for which the link's beginning
// must be known.
func after(since kg.Day, l *store.GraphLink, certain bool) (kg.Day, bool) {
	if !certain {
		return max(since, l.Since.From), l.Until.To >= since
	}
	if !l.Since.Known {
		return 0, false
	}
	end := l.Since.From // it lasted at least until it began
	if l.Until.Known {
		end = max(end, l.Until.From)
	}
	return max(since, l.Since.To), end >= since
}

// lines reports what was found.
func (s *search) lines(found []*begun) []Line {
	out := make([]Line, len(found))
	for i, b := range found {
		l := Line{Nodes: make([]uint32, b.hops+1), Hops: make([]Hop, b.hops), Cost: int64(b.cost)}
		chosen := b.chosen
		for x := b; x != nil; x = x.before {
			l.Nodes[x.hops] = s.nodes[s.node(x.state)].key
			if x.hop == none {
				continue
			}
			links := s.links(x.hop)
			if chosen != nil {
				c := chosen[x.hops-1]
				at := slices.IndexFunc(links, func(a store.Arc) bool { return a.Link == c.Link })
				links = slices.Insert(slices.Delete(links, at, at+1), 0, c)
			}
			l.Hops[x.hops-1].Links = links
		}
		out[i] = l
	}
	return out
}
