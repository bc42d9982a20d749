package trace

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"

	"github.com/throughline/throughline/internal/budget"
)

// Partition divides the connected nodes of a Net into communities: groups with more links within than their degrees
// would let expect.
type Partition struct {
	*Net
	// Groups are the communities. The nodes of each: those with most links within it first, then by id. No group falls
	// apart: its nodes are joined by links within it.
	Groups [][]uint32
	// Within is how many links each node has within its group; for each group, Internal is how many join two of its
	// nodes and External how many lead out.
	Within             []int64
	Internal, External []int64
	// Modularity is the share of links within groups less what would be by chance, times the resolution (Newman and
	// Girvan 2004): Σ internal / m − resolution · (degrees / 2m)².
	Modularity float64
}

// Size is about how many bytes a Partition keeps beside its Net.
func (p *Partition) Size() int { return 12*len(p.Nodes) + 48*len(p.Groups) }

const (
	// rounds is how often the whole is gone through from what was found before, as long as that makes it better.
	rounds = 2
	// settling bounds the passes that look for single nodes to move at the end: two are common.
	settling = 16
	// better is the least gain of a move, as a share of all links.
	better = 1e-7
)

// Communities finds communities by the Leiden algorithm (Traag, Waltman and van Eck 2019), maximizing modularity at a
// resolution: above 1 more and smaller groups, below 1 fewer and larger ones. The seed sets the order in which nodes
// are looked at. Where Leiden merges at random among what is good, this takes the best: the same seed gives the same
// groups.
func Communities(ctx context.Context, g *Net, seed uint64, resolution float64) (*Partition, error) {
	// the nodes with their groups, and the graph of groups, which is no larger than the graph
	if err := budget.Of(ctx).Hold(int64(80*len(g.Nodes) + 16*len(g.ends))); err != nil {
		return nil, err
	}
	l := &leiden{ctx: ctx, resolution: resolution, rand: rand.New(rand.NewPCG(seed, 2019)), all: 2 * float64(g.Links)} //nolint:gosec // repeatable on purpose
	base := &level{first: g.first, ends: g.ends, weights: g.weights, degrees: g.degrees}
	of := make([]uint32, len(g.Nodes))
	for i := range of {
		of[i] = uint32(i)
	}
	for range rounds {
		changed, err := l.improve(base, of)
		if err != nil {
			return nil, err
		}
		if !changed {
			break
		}
	}
	// Groups moved as a whole, or divided because they fell apart, can leave a node that is better off with a
	// neighbour.
	for range settling {
		moved, err := l.move(base, of)
		if err != nil {
			return nil, err
		}
		if of = whole(base, of); !moved {
			break
		}
	}
	return g.partition(of, resolution), ctx.Err()
}

// level is a graph whose nodes stand for groups of nodes; links within one are only in its degree.
type level struct {
	first   []uint32
	ends    []uint32
	weights []uint32
	degrees []float64
}

type leiden struct {
	ctx        context.Context //nolint:containedctx // it lives as long as one call
	resolution float64
	rand       *rand.Rand
	all        float64 // sum of all degrees: 2m
}

// improve moves the nodes of a graph to better groups, and then groups of them, until nothing is gained. of is the
// group of each node.
func (l *leiden) improve(base *level, of []uint32) (changed bool, err error) {
	g, groups := base, of
	at := make([]uint32, len(of)) // which node of g each node of base has become
	for i := range at {
		at[i] = uint32(i)
	}
	for {
		moved, err := l.move(g, groups)
		if err != nil {
			return false, err
		}
		changed = changed || moved
		for i, a := range at {
			of[i] = groups[a]
		}
		parts, err := l.refine(g, groups)
		if err != nil {
			return false, err
		}
		n := renumber(parts)
		if n == len(groups) {
			return changed, nil // nothing to put together
		}
		next := make([]uint32, n)
		for i, p := range parts {
			next[p] = groups[i]
		}
		renumber(next) // so that a group's number is below the number of nodes
		g, groups = together(g, parts, n), next
		for i, a := range at {
			at[i] = parts[a]
		}
	}
}

// gains is what a node is joined to, by group.
type gains struct {
	weight []float64 // by group; 0 for those not in touched
	groups []uint32  // in the order first met
}

func newGains(n int) *gains { return &gains{weight: make([]float64, n)} }

func (s *gains) add(group uint32, w float64) {
	if s.weight[group] == 0 {
		s.groups = append(s.groups, group)
	}
	s.weight[group] += w
}

func (s *gains) clear() {
	for _, c := range s.groups {
		s.weight[c] = 0
	}
	s.groups = s.groups[:0]
}

// shuffled lists the nodes of a graph in the order of the seed.
func (l *leiden) shuffled(n int) []uint32 {
	out := make([]uint32, n)
	for i := range out {
		out[i] = uint32(i)
	}
	l.rand.Shuffle(n, func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// look ends a long loop when nobody waits for it any more.
func (l *leiden) look(i int) error {
	if i%4096 == 0 {
		return l.ctx.Err()
	}
	return nil
}

// move moves each node to the group of its neighbours that gains most, and looks again at those around one that has
// moved. Gains are in links times 2m, so that with resolution 1 they are whole numbers.
func (l *leiden) move(g *level, of []uint32) (moved bool, err error) {
	n := len(of)
	total, members := make([]float64, n), make([]int, n)
	for v, c := range of {
		total[c] += g.degrees[v]
		members[c]++
	}
	var empty []uint32
	for c := n - 1; c >= 0; c-- {
		if members[c] == 0 {
			empty = append(empty, uint32(c))
		}
	}
	queue, waiting := l.shuffled(n), make([]bool, n)
	for i := range waiting {
		waiting[i] = true
	}
	near := newGains(n)
	for head := 0; head < len(queue); head++ {
		if err := l.look(head); err != nil {
			return false, err
		}
		if head > n { // what is done is dropped now and then
			queue, head = queue[:copy(queue, queue[head:])], 0
		}
		v := queue[head]
		waiting[v] = false
		if g.first[v] == g.first[v+1] {
			continue
		}
		own, d := of[v], g.degrees[v]
		for i := g.first[v]; i < g.first[v+1]; i++ {
			near.add(of[g.ends[i]], float64(g.weights[i]))
		}
		total[own] -= d
		gain := func(c uint32) float64 { return near.weight[c]*l.all - l.resolution*d*total[c] }
		best, most := own, gain(own)+better*l.all
		for _, c := range near.groups {
			if x := gain(c); x > most {
				best, most = c, x
			}
		}
		if most < 0 && members[own] > 1 { // alone is better
			best = empty[len(empty)-1]
			empty = empty[:len(empty)-1]
		}
		total[best] += d
		near.clear()
		if best == own {
			continue
		}
		moved, of[v] = true, best
		members[best]++
		if members[own]--; members[own] == 0 {
			empty = append(empty, own)
		}
		// an empty group that was chosen as a neighbour's cannot be: a neighbour's group has that neighbour
		for i := g.first[v]; i < g.first[v+1]; i++ {
			if u := g.ends[i]; of[u] != best && !waiting[u] {
				waiting[u] = true
				queue = append(queue, u)
			}
		}
	}
	return moved, nil
}

// refine divides each group into parts that are well joined within, each grown from single nodes.
func (l *leiden) refine(g *level, of []uint32) ([]uint32, error) {
	n := len(of)
	total := make([]float64, n) // degrees of each group
	for v, c := range of {
		total[c] += g.degrees[v]
	}
	parts, sum, outward, single := make([]uint32, n), make([]float64, n), make([]float64, n), make([]bool, n)
	for v := range n {
		parts[v], sum[v], single[v] = uint32(v), g.degrees[v], true
		for i := g.first[v]; i < g.first[v+1]; i++ {
			if of[g.ends[i]] == of[v] {
				outward[v] += float64(g.weights[i]) // to the rest of the group
			}
		}
	}
	joined := func(p uint32, c uint32) bool {
		return outward[p]*l.all >= l.resolution*sum[p]*(total[c]-sum[p])
	}
	near := newGains(n)
	for i, v := range l.shuffled(n) {
		if err := l.look(i); err != nil {
			return nil, err
		}
		if !single[v] || !joined(v, of[v]) {
			continue
		}
		for i := g.first[v]; i < g.first[v+1]; i++ {
			if u := g.ends[i]; of[u] == of[v] {
				near.add(parts[u], float64(g.weights[i]))
			}
		}
		best, most := v, better*l.all
		for _, p := range near.groups {
			if x := near.weight[p]*l.all - l.resolution*g.degrees[v]*sum[p]; x > most && joined(p, of[v]) {
				best, most = p, x
			}
		}
		if best != v {
			parts[v] = best
			single[best] = false
			sum[best] += g.degrees[v]
			outward[best] += outward[v] - 2*near.weight[best]
			sum[v], outward[v] = 0, 0
		}
		near.clear()
	}
	return parts, nil
}

// renumber numbers groups from 0 in the order in which they are met, and reports how many there are.
func renumber(of []uint32) int {
	number := make([]uint32, len(of)+1)
	n := uint32(0)
	most := uint32(0)
	for _, c := range of {
		most = max(most, c)
	}
	if int(most) >= len(number) {
		number = make([]uint32, most+1)
	}
	for i, c := range of {
		if number[c] == 0 {
			n++
			number[c] = n
		}
		of[i] = number[c] - 1
	}
	return int(n)
}

// together makes a graph whose nodes are the parts of another's.
func together(g *level, parts []uint32, n int) *level {
	out := &level{first: make([]uint32, 1, n+1), degrees: make([]float64, n)}
	for v, p := range parts {
		out.degrees[p] += g.degrees[v]
	}
	near := newGains(n)
	for p, nodes := range lists(parts, n) {
		for _, v := range nodes {
			for i := g.first[v]; i < g.first[v+1]; i++ {
				if u := parts[g.ends[i]]; u != uint32(p) {
					near.add(u, float64(g.weights[i]))
				}
			}
		}
		slices.Sort(near.groups)
		for _, u := range near.groups {
			out.ends = append(out.ends, u)
			out.weights = append(out.weights, uint32(near.weight[u]))
		}
		near.clear()
		out.first = append(out.first, uint32(len(out.ends)))
	}
	return out
}

// lists are the nodes of each group, ascending.
func lists(of []uint32, n int) [][]uint32 {
	start := make([]int, n+1)
	for _, c := range of {
		start[c+1]++
	}
	for c := range n {
		start[c+1] += start[c]
	}
	all, at := make([]uint32, len(of)), slices.Clone(start)
	for v, c := range of {
		all[at[c]] = uint32(v)
		at[c]++
	}
	out := make([][]uint32, n)
	for c := range out {
		out[c] = all[start[c]:start[c+1]:start[c+1]]
	}
	return out
}

// whole divides what falls apart: a group's nodes must be joined by links within it.
func whole(g *level, of []uint32) []uint32 {
	const none = ^uint32(0)
	out := make([]uint32, len(of))
	for i := range out {
		out[i] = none
	}
	var queue []uint32
	for s := range of {
		if out[s] != none {
			continue
		}
		out[s] = uint32(s)
		for queue = append(queue[:0], uint32(s)); len(queue) > 0; {
			v := queue[len(queue)-1]
			queue = queue[:len(queue)-1]
			for i := g.first[v]; i < g.first[v+1]; i++ {
				if u := g.ends[i]; out[u] == none && of[u] == of[v] {
					out[u] = uint32(s)
					queue = append(queue, u)
				}
			}
		}
	}
	return out
}

// partition describes a division into groups.
func (g *Net) partition(of []uint32, resolution float64) *Partition {
	groups := lists(of, renumber(of))
	p := &Partition{Net: g, Within: make([]int64, len(g.Nodes))}
	all := 2 * float64(g.Links)
	for _, nodes := range groups {
		if g.degrees[nodes[0]] == 0 {
			continue
		}
		internal, degrees := int64(0), 0.0
		for _, v := range nodes {
			for i := g.first[v]; i < g.first[v+1]; i++ {
				if of[g.ends[i]] == of[v] {
					p.Within[v] += int64(g.weights[i])
				}
			}
			internal += p.Within[v]
			degrees += g.degrees[v]
		}
		slices.SortFunc(nodes, func(a, b uint32) int {
			return cmp.Or(cmp.Compare(p.Within[b], p.Within[a]),
				cmp.Compare(a, b))
		})
		p.Groups = append(p.Groups, nodes)
		p.Internal = append(p.Internal, internal/2)
		p.External = append(p.External, int64(degrees)-internal)
		p.Modularity += float64(internal)/all - resolution*(degrees/all)*(degrees/all)
	}
	return p
}
