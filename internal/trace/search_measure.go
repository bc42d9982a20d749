package trace

import (
	"math"
	"slices"
)

// distances counts how many hops the ends are apart, both sides by turns, the one with fewer links first, and notes how
// far each node is as far as it went. An outcome other than "" says that there is no line.
func (s *search) distances() (Outcome, error) {
	s.counted = true
	front := [2][]int32{{s.source}, {s.target}}
	for i := range s.reached {
		s.reach(i, front[i][0], 0)
	}
	for s.depth[0]+s.depth[1] < s.q.MaxLength {
		var load [2]int64
		for i := range front {
			for _, n := range front[i] {
				if !s.span(n, i == 1).done() {
					load[i] += s.g.Node(s.nodes[n].key).Degree
				}
			}
		}
		i := 0
		if load[1] < load[0] {
			i = 1
		}
		if len(front[i]) == 0 {
			i = 1 - i
		}
		if len(front[0]) == 0 || len(front[1]) == 0 {
			return Disconnected, nil
		}
		if len(s.nodes) > s.q.MaxNodes {
			return NodeLimit, nil
		}
		if err := s.expand(front[i], i == 1); err != nil {
			return "", err
		}
		s.depth[i]++
		var next []int32
		meet := false
		for _, n := range front[i] {
			sp := s.span(n, i == 1)
			for h := sp.start; h < sp.end; h++ {
				s.beat(1)
				o := s.hops[h].other
				if s.nodes[o].avoid || s.hopsIn(i, o) < far {
					continue
				}
				s.reach(i, o, s.depth[i])
				next = append(next, o)
				meet = meet || s.hopsIn(1-i, o) < far
			}
		}
		front[i] = next
		if meet {
			return "", nil
		}
		if len(next) == 0 {
			return Disconnected, nil
		}
	}
	return LengthLimit, nil
}

const unreached = math.MaxUint8

func (s *search) reach(side int, n int32, depth int) {
	for int(n) >= len(s.reached[side]) {
		s.reached[side] = append(s.reached[side], unreached)
	}
	s.reached[side][n] = uint8(depth)
}

func (s *search) hopsIn(side int, n int32) int {
	if int(n) >= len(s.reached[side]) || s.reached[side][n] == unreached {
		return far
	}
	return int(s.reached[side][n])
}

// hopsTo is at most how many hops a node is from the end a side begins at.
func (s *search) hopsTo(side int, n int32) int { return min(s.hopsIn(side, n), s.depth[side]+1) }

// left is what a line still costs from a state, with at least so many hops left; the next is cheaper and takes more.
type left struct {
	hops, cost, next int32
}

// remaining is the least cost from a state to the target with so many hops left, the state's own penalty not counted.
func (s *search) remaining(state int32, hops int) int32 {
	if int(state) >= len(s.restOf) {
		return far
	}
	for i := s.restOf[state]; i != none; i = s.rest[i].next {
		if int(s.rest[i].hops) <= hops {
			return s.rest[i].cost
		}
	}
	return far
}

// measure counts the remaining costs of all states that a line of at most this cost can pass.
func (s *search) measure(bound int32) {
	s.rest = s.rest[:0]
	s.restOf = slices.Grow(s.restOf[:0], len(s.nodes)*s.width)[:len(s.nodes)*s.width]
	for i := range s.restOf {
		s.restOf[i] = none
	}
	note := func(state int32, hops int, cost int32) bool {
		i := s.restOf[state]
		switch {
		case i == none || s.rest[i].cost > cost && int(s.rest[i].hops) < hops:
			s.rest = append(s.rest, left{int32(hops), cost, i})
			s.restOf[state] = int32(len(s.rest) - 1)
			return i == none || int(s.rest[i].hops) < hops
		case s.rest[i].cost > cost: // of this very layer
			s.rest[i].cost = cost
		}
		return false
	}
	goal := s.state(s.target, int32(s.width-1))
	note(goal, 0, 0)
	layer := []int32{goal}
	beyond := s.sides[0].radius() + hop // what no cost is known of costs at least so much
	for hops := 1; hops <= s.q.MaxLength && len(layer) > 0; hops++ {
		var next []int32
		for _, st := range layer {
			n := s.node(st)
			base := s.remaining(st, hops-1) + s.nodes[n].penalty
			s.inHops(n, func(from, cost int32) {
				prev, ok := s.backward(from, st)
				if !ok {
					return
				}
				total := base + cost
				if bound < far {
					if before := min(s.sides[0].costOf(prev), beyond); before+s.nodes[from].penalty+total > bound {
						return
					}
				}
				if note(prev, hops, total) {
					next = append(next, prev)
				}
			})
		}
		layer = next
	}
}
