package trace

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"unsafe"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// The search has three parts, repeated with a growing bound C on the cost of a line until there are enough:
//
//  1. Both ends are expanded in the order of cost (Dijkstra), the cheaper side first, to radii that add up to C. Then
//     every hop of every line that costs at most C was seen from one of its ends. Nodes whose costs lie within one hop
//     cannot improve each other, so they are expanded together: a store that needs a round trip needs one for all.
//  2. Over the hops seen, the cost that is left from each node to the target is counted exactly for each number of hops
//     left, backwards from the target, no further than C allows.
//  3. With that, lines are listed in the order of cost and ids (A*); whatever is begun can be finished within C, so
//     hardly anything is begun in vain.
//
// Lines that must pass some nodes are searched in states of a node and which of them were passed already.
//
// Sources: P. Hart, N. Nilsson, B. Raphael, "A Formal Basis for the Heuristic Determination of Minimum Cost Paths"
// (1968); T. Nicholson, "Finding the Shortest Route between Two Points in a Network" (1966) for the two sides.

const (
	none = int32(-1)
	far  = math.MaxInt32
)

// Limits of one search that are not part of the question.
const (
	// maxBegun bounds the lines begun in one listing: conditions can refuse what the costs allow.
	maxBegun = 100_000
	// wary is how many nodes are expanded before the search makes sure that there is a line at all.
	wary = 2_000
)

// Find searches. Its errors are the store's, and the end of ctx; the end of limit ends the search with what there is.
func Find(ctx, limit context.Context, g store.Graph, q *Question) (*Answer, error) {
	return find(ctx, limit, g, q, wary)
}

func find(ctx, limit context.Context, g store.Graph, q *Question, wary int) (*Answer, error) {
	begin := func() *search {
		s := &search{
			pulse: pulse{ctx: limit}, g: g, q: q, wary: wary, width: 1 << len(q.Via),
			pages: map[uint32]*page{},
		}
		s.size = s.memory
		s.begin()
		return s
	}
	s := begin()
	a, err := guarded(s.meet)
	if err == nil && a == nil {
		s.free()
		s = begin()
		a, err = guarded(s.find)
	}
	if err != nil && ctx.Err() == nil && limit.Err() != nil {
		s.ctx = ctx // what was found is still to be told
		return guarded(func() (*Answer, error) { return s.done(TimeLimit) })
	}
	return a, err
}

// memory is about how many bytes a search holds. What it keeps for each state is most of it: a question with four nodes
// to pass has sixteen states of each node.
func (s *search) memory() int64 {
	n := cap(s.nodes)*int(unsafe.Sizeof(nodeInfo{})) + len(s.pages)*int(unsafe.Sizeof(page{})) +
		cap(s.hops)*int(unsafe.Sizeof(hopInfo{})) +
		cap(s.arcs)*int(unsafe.Sizeof(arcInfo{})) + cap(s.rest)*int(unsafe.Sizeof(left{})) + 4*cap(s.restOf) +
		s.began*int(unsafe.Sizeof(begun{})+8)
	for i := range s.sides {
		n += 4 * cap(s.sides[i].cost)
		for _, b := range s.sides[i].buckets {
			n += 4 * cap(b)
		}
	}
	return int64(n)
}

// guarded calls a part of a search that beats.
func guarded(f func() (*Answer, error)) (a *Answer, err error) {
	defer guard(&err)
	return f()
}

// nodeInfo is what is known of a node that was seen.
type nodeInfo struct {
	key     uint32
	penalty int32
	bit     int32    // of a node to pass, 0 for others
	mark    int32    // the last hop to it, while one node is expanded
	out, in span     // hops, when it was expanded that way
	known   [2]int32 // first of a chain of hops: into it, out of it, seen from their other ends
	avoid   bool
}

type span struct{ start, end int32 }

func (s span) done() bool { return s.end >= 0 }

// hopInfo is a hop that was seen: all links that join two nodes the one way.
type hopInfo struct {
	owner, other int32 // the node it was seen from, and the other
	cost         int32
	next         int32 // in the chain of other
	arc          int32 // first of a chain of arcs
	back         bool  // it was seen from its end
}

type arcInfo struct {
	arc  store.Arc
	next int32
}

// side is one direction of the search: costs of states, and which are to be expanded at which cost.
type side struct {
	cost    []int32 // by state: of arriving there
	buckets [][]int32
	at      int // the next bucket; all before are expanded
	pending int // states that wait to be expanded; buckets hold some twice, which are out of date
	back    bool
}

// radius is the cost up to which every state of a side is expanded.
func (d *side) radius() int32 { return int32(d.at)*hop - 1 }

type page [1024]int32

type search struct {
	pulse
	g      store.Graph
	q      *Question
	width  int // states of a node
	nodes  []nodeInfo
	pages  map[uint32]*page // key / 1024 → index of nodes + 1
	hops   []hopInfo
	arcs   []arcInfo
	source int32
	target int32
	sides  [2]side
	met    int32 // cost of the best way seen, not necessarily a line
	grown  int   // nodes expanded
	wary   int
	// distances in hops, once they were counted: see distances
	counted    bool
	reached    [2][]uint8 // by node
	depth      [2]int
	pruned     bool // a node was not expanded because it is too far for MaxLength
	listed     listed
	rest       []left // by state: see remaining
	restOf     []int32
	worked     int // lines taken up so far
	began      int // lines begun in this listing, all of which are kept
	incomplete bool
	missed     bool // a line may have been left out: see choose
}

func (s *search) begin() {
	q := s.q
	s.source, s.target = s.local(q.From), s.local(q.To)
	for i, k := range q.Via {
		s.nodes[s.local(k)].bit = 1 << i
	}
	for _, k := range q.Avoid {
		s.nodes[s.local(k)].avoid = true
	}
	s.nodes[s.source].penalty, s.nodes[s.target].penalty = 0, 0
	s.met = far
	s.sides[1].back = true
	full := int32(s.width - 1)
	s.arrive(&s.sides[0], s.state(s.source, 0), 0)
	s.arrive(&s.sides[1], s.state(s.target, full), 0)
}

// listed are the best lines, in order: all that cost no more than the last one, or as many as are wanted.
type listed struct {
	found  []*begun
	behind int  // how many of them are behind Page.After
	passed bool // whether the last of these is at Page.Before or behind it
}

// wanted is how many lines behind Page.After are enough. One is looked for whenever there may be none.
func (q *Question) wanted() int {
	if q.More {
		return max(1, q.Page.N+1)
	}
	return max(1, q.Page.N)
}

// enough reports whether the page, and what is to be told of it, is among the lines that were found.
func (s *search) enough() bool {
	switch q := s.q; {
	case q.Count:
		return false
	case s.listed.passed:
		return true
	case q.Page.Backward:
		return false // it ends at Before, or with the last line of all
	default:
		return s.listed.behind >= q.wanted()
	}
}

func (s *search) done(o Outcome) (*Answer, error) {
	a := &Answer{Outcome: o, Visited: len(s.nodes), Total: -1, None: len(s.listed.found) == 0}
	n := len(s.listed.found)
	i, j := s.q.Page.Cut(n, func(place int, keys []kg.Value) int { return s.place(s.listed.found[place], keys) })
	gaveUp := o == NodeLimit || o == TimeLimit
	switch {
	case !gaveUp && !s.enough():
		a.Total = n
	case gaveUp && s.q.Page.Backward && !s.listed.passed:
		i, j = 0, 0 // where the page ends was not found
	case gaveUp && !s.missed && (s.listed.passed || s.listed.behind >= max(1, s.q.Page.N)):
		a.Outcome = Complete // of the page, though not of what else was asked
	}
	a.Before, a.More = i > 0, j < n
	a.Lines = s.lines(s.listed.found[i:j])
	return a, nil
}

// place compares a line's place in the list with that of a cursor.
func (s *search) place(b *begun, keys []kg.Value) int {
	if c := cmp.Compare(int64(b.cost), keys[0].Int); c != 0 {
		return c
	}
	var nodes [16]int32
	ids := make([]string, 0, len(nodes))
	for _, n := range nodes[:s.trail(b, &nodes)] {
		ids = append(ids, s.g.Node(s.nodes[n].key).ID)
	}
	return strings.Compare(strings.Join(ids, idGap), keys[1].Str)
}

// meet answers the commonest question, for the shortest lines whatever they pass, with much less looking: by turns it
// asks the graph which nodes the two sides lead to both, and expands the side with fewer links only when there are
// none. It returns nil for other questions, and where there are fewer shortest lines than asked for.
func (s *search) meet() (*Answer, error) {
	if s.q.Rank != Shortest || s.q.HubPenalty > 0 || s.conditional() || s.width > 1 || s.q.Count {
		return nil, nil //nolint:nilnil // as said
	}
	ways := [2]store.Way{s.way(false), s.way(true)}
	// found lists the lines when hops were seen that join the sides
	found := func(length int) (*Answer, error) {
		s.list(int32(length) * hop)
		if !s.enough() {
			return nil, nil //nolint:nilnil // the whole search takes over
		}
		return s.done(Complete)
	}
	join := func(back bool, nodes []int32, among []uint32) error {
		d := &s.sides[0]
		if back {
			d = &s.sides[1]
		}
		if err := s.expandAmong(nodes, back, among); err != nil {
			return err
		}
		return s.spread(d, nodes)
	}
	front := [2][]int32{{s.source}, {s.target}} // width is 1: states are nodes
	if err := join(false, front[0], []uint32{s.q.To}); err != nil {
		return nil, err
	}
	if s.met < far {
		return found(1)
	}
	s.nodes[s.source].out = span{0, none} // it was asked about one node only
	for length := 2; ; length++ {
		// a little further than asked, to tell that there is no line at all from that there is none so short
		beyond := length > s.q.MaxLength
		if beyond && len(s.nodes) > s.wary {
			return s.done(LengthLimit)
		}
		if len(s.nodes) > s.q.MaxNodes {
			return s.done(NodeLimit)
		}
		middle, err := s.g.Middle(s.ctx, s.keys(front[0]), s.keys(front[1]), ways[0], ways[1])
		if err != nil {
			return nil, err
		}
		middle = slices.DeleteFunc(middle, func(k uint32) bool { return s.nodes[s.local(k)].avoid })
		if len(middle) > 0 {
			if beyond {
				return s.done(LengthLimit)
			}
			slices.Sort(middle)
			for i := range front {
				if err := join(i == 1, front[i], middle); err != nil {
					return nil, err
				}
			}
			return found(length)
		}
		i := 0
		if s.load(front[1]) < s.load(front[0]) {
			i = 1
		}
		if err := s.expand(front[i], i == 1); err != nil {
			return nil, err
		}
		if err := s.spread(&s.sides[i], front[i]); err != nil {
			return nil, err
		}
		d := &s.sides[i]
		d.at++ // past the bucket of the front
		if front[i] = slices.Clone(s.next(d)); len(front[i]) == 0 {
			return s.done(Disconnected)
		}
	}
}

// load is how many links nodes have.
func (s *search) load(nodes []int32) (n int64) {
	for _, i := range nodes {
		n += s.g.Node(s.nodes[i].key).Degree
	}
	return n
}

func (s *search) keys(nodes []int32) []uint32 {
	keys := make([]uint32, len(nodes))
	for i, n := range nodes {
		keys[i] = s.nodes[n].key
	}
	slices.Sort(keys)
	return keys
}

func (s *search) find() (*Answer, error) {
	q := s.q
	bound := int32(0)
	for _, keys := range [][]kg.Value{q.Page.After, q.Page.Before} {
		if keys != nil && keys[0].Int > 0 {
			bound = max(bound, int32(min(keys[0].Int, far/4))) // the page is not found before
		}
	}
	for {
		exhausted := false
		for {
			if s.sides[0].pending == 0 || s.sides[1].pending == 0 {
				exhausted = true
				break
			}
			if s.met < far && s.sides[0].radius()+s.sides[1].radius() >= max(bound, s.met) {
				break
			}
			if len(s.nodes) > q.MaxNodes {
				return s.done(NodeLimit)
			}
			if s.grown > s.wary && !s.counted {
				if o, err := s.distances(); err != nil || o != "" {
					a, _ := s.done(o)
					return a, err
				}
			}
			if err := s.grow(); err != nil {
				return nil, err
			}
		}
		if exhausted && s.met == far {
			if s.pruned {
				return s.done(LengthLimit)
			}
			return s.done(Disconnected)
		}
		bound = s.sides[0].radius() + s.sides[1].radius()
		if exhausted {
			bound = far
		}
		s.list(bound)
		switch {
		case s.missed:
			return s.done(NodeLimit)
		case s.enough():
			return s.done(Complete)
		case s.incomplete:
			return s.done(NodeLimit)
		case exhausted && len(s.listed.found) > 0:
			return s.done(Complete)
		case exhausted:
			return s.done(s.why())
		case len(s.nodes) > q.MaxNodes:
			return s.done(NodeLimit)
		}
		bound += hop
	}
}

// why says why there is no line although everything was looked at.
func (s *search) why() Outcome {
	if s.pruned || s.tooLong() {
		return LengthLimit
	}
	return Complete
}

// tooLong reports whether a longer line could exist: the best way seen has more hops than MaxLength.
func (s *search) tooLong() bool {
	// counted without conditions: how many hops the target is away
	dist := make([]uint16, len(s.nodes)*s.width) // and 1, by state; 0: not come to yet
	dist[s.state(s.source, 0)] = 1
	queue := []int32{s.state(s.source, 0)}
	goal := s.state(s.target, int32(s.width-1))
	for i := 0; i < len(queue); i++ {
		st := queue[i]
		if st == goal {
			return int(dist[st])-1 > s.q.MaxLength
		}
		n, mask := s.node(st), s.mask(st)
		s.outHops(n, func(_ int32, to int32, _ int32) {
			if next, ok := s.forward(to, mask); ok {
				if dist[next] == 0 {
					dist[next] = min(dist[st]+1, math.MaxUint16-1)
					queue = append(queue, next)
				}
			}
		})
	}
	return true
}

// local returns the index of a node here, a new one at its first call.
func (s *search) local(key uint32) int32 {
	p := s.pages[key/1024]
	if p == nil {
		p = &page{}
		s.pages[key/1024] = p
	}
	if i := p[key%1024]; i != 0 {
		return i - 1
	}
	i := int32(len(s.nodes))
	p[key%1024] = i + 1
	n := nodeInfo{key: key, mark: none, out: span{0, none}, in: span{0, none}, known: [2]int32{none, none}}
	if s.q.HubPenalty > 0 {
		n.penalty = int32(penalty(s.q.HubPenalty, s.g.Node(key).Degree))
	}
	s.nodes = append(s.nodes, n)
	return i
}

func (s *search) state(node, mask int32) int32 { return node*int32(s.width) + mask }
func (s *search) node(state int32) int32       { return state / int32(s.width) }
func (s *search) mask(state int32) int32       { return state % int32(s.width) }

// forward is the state after a hop to a node; false when no line can go there.
func (s *search) forward(to, mask int32) (int32, bool) {
	n := &s.nodes[to]
	if n.avoid || to == s.source || to == s.target && mask != int32(s.width-1) {
		return 0, false
	}
	return s.state(to, mask|n.bit), true
}

// backward is the state before a hop into a state; false when no line can come from there.
func (s *search) backward(from, into int32) (int32, bool) {
	n := &s.nodes[from]
	mask := s.mask(into) &^ s.nodes[s.node(into)].bit
	if n.avoid || from == s.target || from == s.source && mask != 0 || mask&n.bit != n.bit {
		return 0, false
	}
	return s.state(from, mask), true
}

func (d *side) costOf(state int32) int32 {
	if int(state) < len(d.cost) {
		return d.cost[state]
	}
	return far
}

// arrive notes a way to a state.
func (s *search) arrive(d *side, state, cost int32) {
	for int(state) >= len(d.cost) {
		d.cost = append(d.cost, far)
	}
	if cost >= d.cost[state] {
		return
	}
	if d.cost[state] == far {
		d.pending++
	}
	d.cost[state] = cost
	n := &s.nodes[s.node(state)]
	b := int(cost+n.penalty) / hop
	for b >= len(d.buckets) {
		d.buckets = append(d.buckets, nil)
	}
	d.buckets[b] = append(d.buckets[b], state)
	other := &s.sides[0]
	if !d.back {
		other = &s.sides[1]
	}
	if o := other.costOf(state); o < far {
		s.met = min(s.met, cost+n.penalty+o)
	}
}

// next is the next bucket of a side with a state to expand. What is out of date in buckets depends on the order in
// which the store tells things, so nothing but the states themselves may be read off them.
func (s *search) next(d *side) []int32 {
	for ; d.at < len(d.buckets); d.at++ {
		b := slices.DeleteFunc(d.buckets[d.at],
			func(st int32) bool { return int(d.cost[st]+s.nodes[s.node(st)].penalty)/hop != d.at })
		slices.Sort(b)
		if d.buckets[d.at] = slices.Compact(b); len(b) > 0 {
			return d.buckets[d.at]
		}
	}
	return nil
}

// grow expands the next bucket of one side: the one with fewer links to look at.
func (s *search) grow() error {
	var todo [2][]int32
	var load [2]int64
	for i := range s.sides {
		todo[i] = s.next(&s.sides[i])
		for _, st := range todo[i] {
			if n := s.node(st); !s.span(n, s.sides[i].back).done() {
				load[i] += s.g.Node(s.nodes[n].key).Degree
			}
		}
	}
	i := 0
	if s.sides[0].pending == 0 || s.sides[1].pending > 0 && load[1] < load[0] {
		i = 1
	}
	d := &s.sides[i]
	d.buckets[d.at] = nil
	d.at++
	d.pending -= len(todo[i])
	goal := s.source
	if !d.back {
		goal = s.target
	}
	var ready, nodes []int32
	for _, st := range todo[i] {
		n := s.node(st)
		if n == goal {
			continue
		}
		if s.counted && s.hopsTo(0, n)+s.hopsTo(1, n) > s.q.MaxLength {
			s.pruned = true
			continue
		}
		ready = append(ready, st)
		nodes = append(nodes, n)
	}
	if err := s.expand(nodes, d.back); err != nil {
		return err
	}
	return s.spread(d, ready)
}

// spread arrives wherever the hops of expanded states lead.
func (s *search) spread(d *side, ready []int32) error {
	for _, st := range ready {
		n, from := s.node(st), d.cost[st]+s.nodes[s.node(st)].penalty
		sp := s.span(n, d.back)
		for h := sp.start; h < sp.end; h++ {
			s.beat(1)
			x := &s.hops[h]
			var next int32
			var ok bool
			if d.back {
				next, ok = s.backward(x.other, st)
			} else {
				next, ok = s.forward(x.other, s.mask(st))
			}
			if ok {
				s.arrive(d, next, from+x.cost)
			}
		}
	}
	return nil
}

func (s *search) span(n int32, back bool) span {
	if back {
		return s.nodes[n].in
	}
	return s.nodes[n].out
}

func (s *search) way(back bool) store.Way {
	return store.Way{Out: !back || !s.q.Directed, In: back || !s.q.Directed, Back: back}
}

// expand asks the store for the hops out of nodes, or into them, where they are not known yet.
func (s *search) expand(nodes []int32, back bool) error { return s.expandAmong(nodes, back, nil) }

// expandAmong does so for the hops between these nodes and some others.
func (s *search) expandAmong(nodes []int32, back bool, among []uint32) error {
	var keys []uint32
	for _, n := range nodes {
		if !s.span(n, back).done() {
			keys = append(keys, s.nodes[n].key)
			sp := &s.nodes[n].out
			if back {
				sp = &s.nodes[n].in
			}
			*sp = span{0, 0} // asked for once, whatever states it is in
		}
	}
	if len(keys) == 0 {
		return nil
	}
	s.grown += len(keys)
	slices.Sort(keys)
	way := s.way(back)
	way.Among = among
	return s.g.Expand(s.ctx, keys, way, func(key uint32, arcs []store.Arc) {
		owner := s.local(key)
		start := int32(len(s.hops))
		for _, a := range arcs {
			s.beat(1)
			o := s.local(a.To)
			n := &s.nodes[o]
			if n.avoid {
				continue
			}
			if n.mark < start {
				n.mark = int32(len(s.hops))
				s.hops = append(s.hops, hopInfo{owner: owner, other: o, arc: none, back: back})
			}
			h := &s.hops[n.mark]
			if back {
				a.Out = !a.Out // as seen from the walk
			}
			s.arcs = append(s.arcs, arcInfo{arc: a, next: h.arc})
			h.arc = int32(len(s.arcs) - 1)
		}
		end := int32(len(s.hops))
		chain := 0
		if back {
			chain = 1
		}
		for i := start; i < end; i++ {
			h := &s.hops[i]
			h.cost = s.price(h)
			o := &s.nodes[h.other]
			o.mark = none
			h.next, o.known[chain] = o.known[chain], i
		}
		if back {
			s.nodes[owner].in = span{start, end}
		} else {
			s.nodes[owner].out = span{start, end}
		}
	})
}

// price is the cost of a hop by the question's rank.
func (s *search) price(h *hopInfo) int32 {
	if s.q.Rank == Shortest {
		return hop
	}
	var count, sources int64
	var last kg.Day
	for a := h.arc; a != none; a = s.arcs[a].next {
		l := s.g.Link(s.arcs[a].arc.Link)
		count++
		sources = max(sources, l.SourceCount)
		last = max(last, latest(&l))
	}
	switch {
	case s.q.Rank == Strongest:
		return hop + int32(1000/count)
	case s.q.Rank == MostCorroborated && sources == 0:
		return hop + 6000
	case s.q.Rank == MostCorroborated:
		return hop + int32(3000/sources)
	case last == 0:
		return hop + 10_000
	}
	return hop + 100*int32(min(100, max(0, s.q.Year-int(last)/10000)))
}

// outHops calls f with every hop out of a node that was seen.
func (s *search) outHops(n int32, f func(h, to, cost int32)) {
	info := &s.nodes[n]
	if info.out.done() {
		for h := info.out.start; h < info.out.end; h++ {
			s.beat(1)
			f(h, s.hops[h].other, s.hops[h].cost)
		}
		return
	}
	for h := info.known[1]; h != none; h = s.hops[h].next {
		s.beat(1)
		f(h, s.hops[h].owner, s.hops[h].cost)
	}
}

// inHops calls f with every hop into a node that was seen.
func (s *search) inHops(n int32, f func(from, cost int32)) {
	info := &s.nodes[n]
	if info.in.done() {
		for h := info.in.start; h < info.in.end; h++ {
			s.beat(1)
			f(s.hops[h].other, s.hops[h].cost)
		}
		return
	}
	for h := info.known[0]; h != none; h = s.hops[h].next {
		s.beat(1)
		f(s.hops[h].owner, s.hops[h].cost)
	}
}
