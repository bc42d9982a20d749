package trace

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"unsafe"

	"github.com/throughline/throughline/internal/bitset"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// A pattern is matched hop by hop, in an order that is chosen before anything is looked at:
//
//  1. Known is what the nodes named by ref are, or else the list of nodes that fit one place of the pattern. From what is
//     known, the hop that leads to fewest nodes by the counts of the graph comes next, until all hops were followed: each
//     is one Expand, between two known places only among the nodes they have.
//  2. After each hop, nodes that no link of it touches leave their place, and what led only to them leaves its own: in the
//     end every node and link left stands in some walk that fits (arc consistency, which on a chain is enough).
//  3. Walks are listed by the ids of their nodes; those that pass a node twice are left out.

// Pattern asks for the lines whose nodes and links fit, step by step. Lines come in the order of the ids of their
// nodes.
type Pattern struct {
	Nodes []PatternNode // one more than Links
	Links []PatternLink
	// Page is which of the lines are wanted; its keys are the ids of a line, one for each of Nodes. Count asks how many
	// there are in all.
	Page  plan.Paging
	Count bool
	// MaxNodes is how many nodes may be looked at.
	MaxNodes int
}

// PatternNode is what a node must be.
type PatternNode struct {
	Node  uint32          // this one; 0 = any
	Types catalog.TypeSet // of one of these, once Narrow was called
	Where *plan.EntityFilter
}

// PatternLink is what the links of a hop must be.
type PatternLink struct {
	Kinds   catalog.KindSet
	Out, In bool             // with the pattern, against it
	Where   *plan.LinkFilter // Other speaks of the node the hop arrives at
	// whether such links lead to types that do not fit: against the pattern, and with it; see Narrow
	astray [2]bool
}

// Narrow takes from each place the types that the kinds of link beside it never join. It returns the first hop that
// nothing can fit, or -1.
func (p *Pattern) Narrow(cat *catalog.Catalog) int {
	for changed := true; changed; {
		changed = false
		for i := range p.Links {
			l, a, b := &p.Links[i], &p.Nodes[i], &p.Nodes[i+1]
			var left, right catalog.TypeSet
			for _, k := range cat.Kinds {
				if !l.Kinds.Has(k.Index) {
					continue
				}
				if l.Out && k.From&a.Types != 0 && k.To&b.Types != 0 {
					left, right = left|k.From, right|k.To
				}
				if l.In && k.To&a.Types != 0 && k.From&b.Types != 0 {
					left, right = left|k.To, right|k.From
				}
			}
			if a.Types&left == 0 || b.Types&right == 0 {
				return i
			}
			changed = changed || a.Types&^left != 0 || b.Types&^right != 0
			a.Types &= left
			b.Types &= right
		}
	}
	for i := range p.Links {
		l, a, b := &p.Links[i], p.Nodes[i].Types, p.Nodes[i+1].Types
		for _, k := range cat.Kinds {
			if l.Kinds.Has(k.Index) {
				l.astray[0] = l.astray[0] || l.Out && k.To&b != 0 && k.From&^a != 0 || l.In && k.From&b != 0 &&
					k.To&^a != 0
				l.astray[1] = l.astray[1] || l.Out && k.From&a != 0 && k.To&^b != 0 || l.In && k.To&a != 0 &&
					k.From&^b != 0
			}
		}
	}
	return -1
}

// Stage is one thing a match does: it lists the nodes of a place, or follows a hop.
type Stage struct {
	Place int // the place listed, or the one the hop is followed from
	Hop   int // -1: nothing is followed
	Back  bool
	// Estimated is how many nodes it is expected to look at, one for each link that leads to them; Visited is how many
	// of these fitted, -1 before it ran.
	Estimated int64
	Visited   int
}

// from and to are the places a hop leads between.
func (s *Stage) from() int { return s.Place }

func (s *Stage) to() int {
	if s.Back {
		return s.Place - 1
	}
	return s.Place + 1
}

// passing is the part of the nodes that a filter is taken to let through.
const passing = 0.1

// Plan decides the order of a match, and estimates what it costs, from how much there is of each type and kind.
func (p *Pattern) Plan(cat *catalog.Catalog, c *store.Counts, degree func(node uint32) int64) []Stage {
	e := &estimator{p: p, cat: cat, c: c, degree: degree}
	if slices.ContainsFunc(p.Nodes, func(n PatternNode) bool { return n.Node != 0 }) {
		stages, _ := e.from(-1)
		return stages
	}
	var best []Stage
	least := math.Inf(1)
	for i := range p.Nodes {
		if stages, cost := e.from(i); cost < least {
			best, least = stages, cost
		}
	}
	return best
}

// Total is what stages are expected to look at together.
func Total(stages []Stage) (n int64) {
	for i := range stages {
		n += stages[i].Estimated
	}
	return n
}

type estimator struct {
	p      *Pattern
	cat    *catalog.Catalog
	c      *store.Counts
	degree func(uint32) int64
}

// nodes is how many nodes there are of some types.
func (e *estimator) nodes(types catalog.TypeSet) (n float64) {
	for _, t := range e.cat.Types {
		if types.Has(t.Index) {
			n += float64(e.c.Nodes[t.Index])
		}
	}
	return n
}

// listed is how many nodes must be looked at to list those of a place, and how many fit.
func (e *estimator) listed(n *PatternNode) (looked, fit float64) {
	looked = e.nodes(n.Types)
	if n.Where == nil {
		return looked, looked
	}
	if f := n.Where.Name; f != nil && f.Eq != nil {
		return min(looked, 1), min(looked, 1) // there is an index of names
	}
	return looked, looked * passing
}

// share is the part of the nodes of some types that are of others.
func (e *estimator) share(of, among catalog.TypeSet) float64 {
	all := e.nodes(among)
	if all == 0 {
		return 0
	}
	return e.nodes(of&among) / all
}

// hop is how many links of hop i, followed from n nodes, are expected, and which part of their far ends is of the types
// of the place they lead to.
func (e *estimator) hop(s *Stage, n float64) (links, part float64) {
	l, from, to := &e.p.Links[s.Hop], &e.p.Nodes[s.from()], &e.p.Nodes[s.to()]
	out, in := l.Out, l.In // seen from the nodes followed
	if s.Back {
		out, in = in, out
	}
	fit, all := 0.0, 0.0 // all: links of any kind and direction
	count := func(k *catalog.Kind, wanted bool, near, far catalog.TypeSet) {
		if there := e.nodes(near); there > 0 {
			each := n * e.share(near, from.Types) * float64(e.c.Links[k.Index]) / there
			all += each
			if wanted && l.Kinds.Has(k.Index) {
				links += each
				fit += each * e.share(to.Types, far)
			}
		}
	}
	for _, k := range e.cat.Kinds {
		count(k, out, k.From, k.To)
		count(k, in, k.To, k.From)
	}
	if links == 0 {
		return 0, 0
	}
	part = fit / links
	if from.Node != 0 && all > 0 { // how many links it has is known, of all kinds
		links *= float64(e.degree(from.Node)) / all
	}
	return links, part
}

// from plans a match that begins with the list of a place, or with what is named.
func (e *estimator) from(place int) (stages []Stage, cost float64) {
	p := e.p
	size := make([]float64, len(p.Nodes)) // how many nodes a place is expected to have; < 0: not known yet
	for i := range size {
		if size[i] = -1; p.Nodes[i].Node != 0 {
			size[i] = 1
		}
	}
	if place >= 0 {
		looked, fit := e.listed(&p.Nodes[place])
		size[place], cost = fit, looked
		stages = append(stages, Stage{Place: place, Hop: -1, Estimated: rounded(looked), Visited: -1})
	}
	done := make([]bool, len(p.Links))
	for range p.Links {
		var next Stage
		least, part := math.Inf(1), 0.0
		for i := range p.Links {
			for _, s := range []Stage{{Place: i, Hop: i, Visited: -1}, {
				Place: i + 1, Hop: i, Back: true,
				Visited: -1,
			}} {
				if done[i] || size[s.from()] < 0 {
					continue
				}
				if links, fit := e.hop(&s, size[s.from()]); links < least {
					next, least, part = s, links, fit
				}
			}
		}
		to := next.to()
		next.Estimated = rounded(least)
		cost += least
		reached := min(least*part, e.nodes(p.Nodes[to].Types))
		if p.Nodes[to].Where != nil {
			reached *= passing
		}
		if p.Links[next.Hop].Where != nil {
			reached *= passing
		}
		if size[to] < 0 || reached < size[to] {
			size[to] = reached
		}
		done[next.Hop] = true
		stages = append(stages, next)
	}
	return stages, cost
}

func rounded(f float64) int64 { return int64(math.Ceil(min(f, 1e15))) }

// Match is what a pattern found.
type Match struct {
	Lines   []Line
	Outcome Outcome // Complete, NodeLimit, TimeLimit
	Before  bool    // there are lines before the page
	More    bool    // there are lines behind it
	Total   int     // how many lines there are, -1 where they were not counted to the end
	Visited int     // nodes that fitted, one for each link that led to them
}

// MatchPattern matches a pattern in the order of its stages, and notes in them what each visited. Its errors are the
// store's, and the end of ctx; the end of limit ends it with the lines listed by then.
func MatchPattern(ctx, limit context.Context, g store.Patterned, p *Pattern, stages []Stage) (*Match, error) {
	m := &matching{
		pulse: pulse{ctx: limit}, g: g, p: p, places: make([]*set, len(p.Nodes)),
		hops: make([][]crossing, len(p.Links)), done: make([]bool, len(p.Links)),
	}
	err := m.run(stages)
	if err != nil && ctx.Err() == nil && limit.Err() != nil {
		m.out.Outcome, err = TimeLimit, nil
	}
	if err != nil {
		return nil, err
	}
	return &m.out, nil
}

// crossing is a link of a hop, with its ends as the pattern has them.
type crossing struct {
	left, right uint32
	arc         store.Arc // as seen from left
}

// set is a set of nodes.
type set struct {
	bitset.Set
	n int
}

func (s *set) add(k uint32) {
	if s.Put(k) {
		s.n++
	}
}

// list returns the nodes in order, never nil.
func (s *set) list() []uint32 {
	out := make([]uint32, 0, s.n)
	s.Each(func(k uint32) { out = append(out, k) })
	return out
}

type matching struct {
	pulse
	g      store.Patterned
	p      *Pattern
	places []*set // the nodes that can stand there; nil = not known yet
	hops   [][]crossing
	done   []bool
	out    Match
	worked int
}

func (m *matching) run(stages []Stage) (err error) {
	defer guard(&err)
	for i := range m.p.Nodes {
		if k := m.p.Nodes[i].Node; k != 0 {
			m.places[i] = &set{}
			m.places[i].add(k)
		}
	}
	m.out.Outcome = Complete
	for i := range stages {
		s := &stages[i]
		n, err := m.stage(s)
		if err == nil {
			err = m.ctx.Err()
		}
		if err != nil {
			return err
		}
		s.Visited = n
		if m.out.Visited += n; m.out.Visited > m.p.MaxNodes {
			m.out.Outcome = NodeLimit
			return nil
		}
	}
	m.list()
	return nil
}

// stage runs a stage and returns how many nodes it found.
func (m *matching) stage(s *Stage) (int, error) {
	if s.Hop < 0 {
		n := &m.p.Nodes[s.Place]
		list, err := m.g.Start(m.ctx, n.Types, n.Where, m.p.MaxNodes+1)
		if err != nil {
			return 0, err
		}
		m.places[s.Place] = &set{}
		for _, k := range list {
			m.places[s.Place].add(k)
		}
		return len(list), nil
	}
	from, to := s.from(), s.to()
	l := &m.p.Links[s.Hop]
	links := &plan.LinkFilter{Kinds: &l.Kinds}
	if l.Where != nil {
		links.And = []*plan.LinkFilter{l.Where}
	}
	way := store.Way{Out: l.Out, In: l.In, Back: s.Back, Links: links}
	if s.Back {
		way.Out, way.In = l.In, l.Out
	}
	if m.places[to] != nil {
		way.Among = m.places[to].list()
	} else {
		n := &m.p.Nodes[to]
		way.Far = n.Where
		if !s.Back && l.astray[1] || s.Back && l.astray[0] {
			way.Far = &plan.EntityFilter{Types: &n.Types}
			if n.Where != nil {
				way.Far.And = []*plan.EntityFilter{n.Where}
			}
		}
	}
	ends := &set{}
	var list []crossing
	if keys := m.places[from].list(); len(keys) > 0 && (way.Among == nil || len(way.Among) > 0) {
		err := m.g.Expand(m.ctx, keys, way, func(k uint32, arcs []store.Arc) {
			for _, a := range arcs {
				m.beat(1)
				ends.add(a.To)
				c := crossing{left: k, right: a.To, arc: a}
				if s.Back {
					c.left, c.right, c.arc.Out, c.arc.To = a.To, k, !a.Out, k
				}
				list = append(list, c)
				m.hold(2 * int(unsafe.Sizeof(c)))
			}
		})
		if err != nil {
			return 0, err
		}
	}
	m.hops[s.Hop], m.done[s.Hop] = list, true
	if m.places[to] == nil {
		m.places[to] = ends
	}
	n := len(list)
	m.prune(s.Hop)
	return n, nil
}

// prune leaves nodes and links that stand in some walk over the hops followed so far: from the hop just followed, as
// far to either side as places lose nodes.
func (m *matching) prune(hop int) {
	left, right := m.restrict(hop)
	for i := hop - 1; left && i >= 0 && m.done[i]; i-- {
		left, _ = m.restrict(i)
	}
	for i := hop + 1; right && i < len(m.hops) && m.done[i]; i++ {
		_, right = m.restrict(i)
	}
}

// restrict takes from a hop the links whose ends have left their places, and from its places the nodes without a link.
// It says which of the two lost nodes.
func (m *matching) restrict(i int) (left, right bool) {
	a, b := &set{}, &set{}
	m.hops[i] = slices.DeleteFunc(m.hops[i], func(c crossing) bool {
		m.beat(1)
		if !m.places[i].Has(c.left) || !m.places[i+1].Has(c.right) {
			return true
		}
		a.add(c.left)
		b.add(c.right)
		return false
	})
	left, right = a.n < m.places[i].n, b.n < m.places[i+1].n
	m.places[i], m.places[i+1] = a, b
	return left, right
}

// maxListed bounds the walks begun while lines are listed: walks that pass a node twice are begun in vain.
const maxListed = 1_000_000

// way is a hop from a node: to another, by some links.
type way struct {
	to    uint32
	id    string
	links []store.Arc
}

// ways are the hops out of the nodes of one place.
type ways struct {
	*pulse
	g         store.Graph
	crossings []crossing // by left
	from      []uint32   // by node: where its crossings begin
	made      map[uint32][]way
}

func newWays(p *pulse, g store.Graph, hop []crossing) *ways {
	sortFunc(p, hop, func(a, b crossing) int { return cmp.Compare(a.left, b.left) })
	w := &ways{pulse: p, g: g, crossings: hop, made: map[uint32][]way{}}
	if len(hop) > 0 {
		w.from = make([]uint32, hop[len(hop)-1].left+2)
	}
	for _, c := range hop {
		w.from[c.left+1]++
	}
	for k := 1; k < len(w.from); k++ {
		w.from[k] += w.from[k-1]
	}
	return w
}

// out lists the hops out of a node by the ids they lead to: most nodes are never come to, as only a page is listed.
func (w *ways) out(k uint32) []way {
	list, ok := w.made[k]
	if ok || int(k)+1 >= len(w.from) {
		return list
	}
	mine := w.crossings[w.from[k]:w.from[k+1]]
	sortFunc(w.pulse, mine, func(a, b crossing) int { return cmp.Compare(a.right, b.right) })
	for i := range mine {
		if i == 0 || mine[i].right != mine[i-1].right {
			list = append(list, way{to: mine[i].right, id: w.g.Node(mine[i].right).ID})
		}
		x := &list[len(list)-1]
		x.links = append(x.links, mine[i].arc)
	}
	sortFunc(w.pulse, list, func(a, b way) int { return strings.Compare(a.id, b.id) })
	w.made[k] = list
	return list
}

// list lists the lines.
func (m *matching) list() {
	all := make([]*ways, len(m.hops))
	for i, hop := range m.hops {
		all[i] = newWays(&m.pulse, m.g, hop)
	}
	starts := make([]way, 0, m.places[0].n)
	for _, k := range m.places[0].list() {
		starts = append(starts, way{to: k, id: m.g.Node(k).ID})
	}
	sortFunc(&m.pulse, starts, func(a, b way) int { return strings.Compare(a.id, b.id) })
	m.page(starts, all)
	if m.out.Total = -1; m.p.Count && m.out.Outcome == Complete {
		n := 0
		m.worked = 0
		if m.each(starts, all, nil, false, func([]way) bool {
			n++
			return true
		}) {
			m.out.Total = n
		}
	}
}

// page lists the lines of the page, from the end at which it begins.
func (m *matching) page(starts []way, all []*ways) {
	p := m.p.Page
	if p.After != nil && p.Before != nil && slices.CompareFunc(p.After, p.Before, byText) >= 0 {
		p = plan.Paging{After: p.After} // nothing lies between
	}
	from, to, back := p.After, p.Before, p.Backward
	if back {
		from, to = to, from
	}
	beyond := func(l []way, keys []kg.Value) bool { // whether a line is at a cursor, or behind it as the page is listed
		c := m.compare(l, keys)
		return c == 0 || c > 0 != back
	}
	before, more := false, false
	if from != nil {
		m.each(starts, all, nil, back, func(l []way) bool {
			before = !beyond(l, from) || m.compare(l, from) == 0
			return false
		})
	}
	whole := m.each(starts, all, from, back, func(l []way) bool {
		if more = len(m.out.Lines) == p.N || to != nil && beyond(l, to); !more {
			m.out.Lines = append(m.out.Lines, m.line(l))
		}
		return !more
	})
	if !whole && !more {
		m.out.Outcome = NodeLimit
	}
	if back {
		slices.Reverse(m.out.Lines)
		before, more = more, before
	}
	m.out.Before, m.out.More = before, more
}

func byText(a, b kg.Value) int { return strings.Compare(a.Str, b.Str) }

// compare compares a line with the one of a cursor.
func (m *matching) compare(l []way, keys []kg.Value) int {
	for i := range l {
		if c := strings.Compare(l[i].id, keys[i].Str); c != 0 {
			return c
		}
	}
	return 0
}

// each calls f with each line behind from, in order or from the end back, until it returns false. It reports whether it
// came to the last.
func (m *matching) each(starts []way, all []*ways, from []kg.Value, back bool, f func([]way) bool) bool {
	line := make([]way, 0, len(m.p.Nodes))
	var begin func(next []way, equal bool) bool
	begin = func(next []way, equal bool) bool {
		n := len(next)
		first := 0 // of those that are looked at
		if equal {
			i, _ := slices.BinarySearchFunc(next, from[len(line)].Str, func(w way, id string) int {
				return strings.Compare(w.id, id)
			})
			if first = i; back {
				if first = n - 1 - i; i == n || next[i].id != from[len(line)].Str {
					first = n - i
				}
			}
		}
		for i := first; i < n; i++ {
			w := next[i]
			if back {
				w = next[n-1-i]
			}
			if m.worked++; m.worked > maxListed {
				return false
			}
			m.beat(1)
			if slices.ContainsFunc(line, func(x way) bool { return x.to == w.to }) {
				continue
			}
			same := equal && w.id == from[len(line)].Str
			line = append(line, w)
			more := true
			if i := len(line) - 1; i < len(all) {
				more = begin(all[i].out(w.to), same)
			} else if !same {
				more = f(line)
			}
			line = line[:len(line)-1]
			if !more {
				return false
			}
		}
		return true
	}
	return begin(starts, from != nil)
}

// line returns a line.
func (m *matching) line(l []way) Line {
	out := Line{Nodes: make([]uint32, len(l)), Hops: make([]Hop, len(l)-1), Cost: int64(len(l)-1) * hop}
	for i, w := range l {
		if out.Nodes[i] = w.to; i > 0 {
			links := slices.Clone(w.links)
			sortFunc(&m.pulse, links, func(a, b store.Arc) int {
				x, y := m.g.Link(a.Link), m.g.Link(b.Link)
				return cmp.Or(cmp.Compare(y.SourceCount, x.SourceCount), strings.Compare(x.ID, y.ID))
			})
			out.Hops[i-1].Links = links
		}
	}
	return out
}
