package trace

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/throughline/throughline/internal/budget"
)

// Measure is a way to say how central a node is.
type Measure uint8

// The measures. Links are taken both ways, since which way one runs is a matter of how it is put in words ("is affiliated
// with", "has as a member"), and parallel links count each.
const (
	// ByDegree: how many links a node has.
	ByDegree Measure = iota
	// ByPageRank: how often somebody is met at the node who goes from node to node along links, each as likely as any
	// other, and of every 100 steps takes 15 to a node picked at random instead (Brin and Page 1998, damping 0.85):
	// PR(v) = 0.15 / N + 0.85 · Σ links(u, v) / links(u) · PR(u). The sum over all nodes is 1.
	ByPageRank
	// ByBetweenness: of the shortest lines between any two other nodes, the share that passes through the node; the mean
	// over all pairs, so 0 to 1 (Freeman 1977, by the algorithm of Brandes 2001). Pairs that no line joins count as 0.
	ByBetweenness
)

// Unit is 1 in the scores of ByPageRank and ByBetweenness. Scores are rounded to whole numbers of it, so that what
// floating-point arithmetic leaves behind neither shows nor orders.
const Unit = 1e12

// Ranking is how central the nodes of a Net are.
type Ranking struct {
	*Net
	Measure Measure
	// Scores are of each node: a number of links for ByDegree, otherwise in Units.
	Scores []int64
	// Order lists the nodes, the most central first, equal ones by id.
	Order []uint32
	// Pivots is from how many nodes the lines of ByBetweenness were counted; Sampled tells that it was not from all.
	Pivots  int
	Sampled bool
}

// Size is about how many bytes a Ranking keeps beside its Net.
func (r *Ranking) Size() int { return 8*len(r.Scores) + 4*len(r.Order) }

// Score is the score of a node as it is told.
func (r *Ranking) Score(i uint32) float64 {
	if r.Measure == ByDegree {
		return float64(r.Scores[i])
	}
	return float64(r.Scores[i]) / Unit
}

// Centrality measures every node.
func Centrality(ctx context.Context, g *Net, by Measure) (*Ranking, error) {
	each := 12 // bytes of a node: what is kept, and what it is found with
	switch by {
	case ByPageRank:
		each += 24
	case ByBetweenness:
		each += 8*(blocks+1) + 29*runtime.GOMAXPROCS(0)
	}
	if err := budget.Of(ctx).Hold(int64(each * len(g.Nodes))); err != nil {
		return nil, err
	}
	r := &Ranking{Net: g, Measure: by, Scores: make([]int64, len(g.Nodes))}
	var scores []float64
	var err error
	switch by {
	case ByDegree:
		scores = g.degrees
	case ByPageRank:
		scores, err = g.pageRank(ctx)
	case ByBetweenness:
		r.Pivots = g.pivots()
		r.Sampled = r.Pivots < g.Connected
		scores, err = g.betweenness(ctx, r.Pivots)
	}
	if err != nil {
		return nil, err
	}
	unit := Unit
	if by == ByDegree {
		unit = 1
	}
	r.Order = make([]uint32, len(scores))
	for i, s := range scores {
		r.Scores[i], r.Order[i] = int64(math.Round(s*unit)), uint32(i)
	}
	slices.SortFunc(r.Order, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(r.Scores[b], r.Scores[a]), cmp.Compare(a, b))
	})
	return r, ctx.Err()
}

const (
	damping = 0.85
	// pageRank ends when a step changes all scores together by less than settled, or after steps of them: 0.85^200 < settled.
	settled = 1e-13
	steps   = 200
)

func (g *Net) pageRank(ctx context.Context) ([]float64, error) {
	now, next := make([]float64, len(g.Nodes)), make([]float64, len(g.Nodes))
	if g.Connected == 0 {
		return now, nil
	}
	each := 1 / float64(g.Connected)
	for v := range now {
		if g.degrees[v] > 0 {
			now[v] = each
		}
	}
	shares := make([]float64, len(g.Nodes)) // what a node gives for each of its links
	for range steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for v, d := range g.degrees {
			if d > 0 {
				shares[v] = now[v] / d
			}
		}
		change := 0.0
		for v, d := range g.degrees {
			if d == 0 {
				continue
			}
			sum := 0.0
			for i := g.first[v]; i < g.first[v+1]; i++ {
				sum += float64(g.weights[i]) * shares[g.ends[i]]
			}
			next[v] = (1-damping)*each + damping*sum
			change += math.Abs(next[v] - now[v])
		}
		now, next = next, now
		if change < settled {
			break
		}
	}
	return now, nil
}

const (
	// work is how many looks at a node or at a neighbour betweenness may take; lines are counted from every node as long
	// as that is within it, and otherwise from as many as are, but fewest at the least.
	work   = 100_000_000
	fewest = 50
	// blocks is in how many parts the pivots are counted; the parts may be counted side by side, and are added in order.
	blocks = 8
)

// pivots is from how many nodes lines are counted.
func (g *Net) pivots() int {
	if g.Connected == 0 {
		return 0
	}
	return min(g.Connected, max(fewest, work/(g.Connected+len(g.ends))))
}

// betweenness counts lines from k of the nodes, and takes the others to be like these (Brandes and Pich 2007).
func (g *Net) betweenness(ctx context.Context, k int) ([]float64, error) {
	total := make([]float64, len(g.Nodes))
	if g.Connected < 3 {
		return total, nil
	}
	pivots := make([]uint32, 0, g.Connected)
	for v, d := range g.degrees {
		if d > 0 {
			pivots = append(pivots, uint32(v))
		}
	}
	if k < len(pivots) {
		// the same graph has the same pivots, whoever asks
		r := rand.New(rand.NewPCG(uint64(g.Connected), 2007)) //nolint:gosec // repeatable on purpose
		for i := range k {
			j := i + r.IntN(len(pivots)-i)
			pivots[i], pivots[j] = pivots[j], pivots[i]
		}
		pivots = pivots[:k]
		slices.Sort(pivots)
	}
	parts := make([][]float64, blocks)
	var workers errgroup.Group
	workers.SetLimit(max(1, min(blocks, runtime.GOMAXPROCS(0))))
	for b := range parts {
		mine := pivots[b*len(pivots)/blocks : (b+1)*len(pivots)/blocks]
		workers.Go(func() error {
			c := g.counting()
			for _, s := range mine {
				if err := ctx.Err(); err != nil {
					return err
				}
				c.from(s)
			}
			parts[b] = c.through
			return nil
		})
	}
	if err := workers.Wait(); err != nil {
		return nil, err
	}
	// each pair was counted from both of its ends
	n := float64(g.Connected)
	scale := n / float64(len(pivots)) / ((n - 1) * (n - 2))
	for v := range total {
		for _, p := range parts {
			total[v] += p[v]
		}
		total[v] *= scale
	}
	return total, nil
}

// counting counts shortest lines from one node after another.
type counting struct {
	*Net
	through []float64 // what was counted so far
	lines   []float64 // shortest lines to each node, scaled: see tooMany
	part    []float64 // of the lines to a node and to those behind it, what falls to one line to the node
	// level is 1 more than the number of a node's level modulo 3, 0 for a node not reached: levels of neighbours are at most
	// one apart, and bytes stay in the cache.
	level  []uint8
	order  []uint32 // nodes by level
	levels []int    // where each level begins in order
	shifts []int
}

func (g *Net) counting() *counting {
	n := len(g.Nodes)
	return &counting{Net: g, through: make([]float64, n), lines: make([]float64, n), part: make([]float64, n), level: make([]uint8, n)}
}

// There can be more lines than a float64 holds, and only the ratios between two levels count: a level with more than
// 2^tooMany is scaled down by that, and what is lost beside so many is kept from becoming none.
const tooMany = 400

func (c *counting) from(s uint32) {
	c.order, c.levels, c.shifts = append(c.order[:0], s), append(c.levels[:0], 0, 1), append(c.shifts[:0], 0)
	c.level[s], c.lines[s] = 1, 1
	for l := 0; c.levels[l] < c.levels[l+1]; l++ {
		below := uint8((l+1)%3 + 1)
		for _, v := range c.order[c.levels[l]:c.levels[l+1]] {
			lines := c.lines[v]
			weights := c.weights[c.first[v]:c.first[v+1]]
			for i, u := range c.ends[c.first[v]:c.first[v+1]] {
				switch c.level[u] {
				case 0:
					c.level[u], c.lines[u] = below, lines*float64(weights[i])
					c.order = append(c.order, u)
				case below:
					c.lines[u] += lines * float64(weights[i])
				}
			}
		}
		c.levels = append(c.levels, len(c.order))
		c.shifts = append(c.shifts, c.scale(c.order[c.levels[l+1]:]))
	}
	for l := len(c.levels) - 2; l >= 0; l-- {
		below := uint8((l+1)%3 + 1)
		for _, v := range c.order[c.levels[l]:c.levels[l+1]] {
			rest := 0.0
			weights := c.weights[c.first[v]:c.first[v+1]]
			for i, u := range c.ends[c.first[v]:c.first[v+1]] {
				if c.level[u] == below {
					rest += float64(weights[i]) * c.part[u]
				}
			}
			rest *= c.lines[v]
			c.part[v] = (1 + rest) / c.lines[v]
			if c.shifts[l] != 0 {
				c.part[v] = math.Ldexp(c.part[v], -c.shifts[l])
			}
			if l > 0 {
				c.through[v] += rest
			}
		}
	}
	for _, v := range c.order {
		c.level[v] = 0
	}
}

// scale keeps the numbers of lines of a level within bounds and tells by which power of two.
func (c *counting) scale(level []uint32) int {
	most := 0.0
	for _, v := range level {
		most = max(most, c.lines[v])
	}
	if most < math.Ldexp(1, tooMany) {
		return 0
	}
	for _, v := range level {
		c.lines[v] = max(math.Ldexp(c.lines[v], -tooMany), math.Ldexp(1, -tooMany))
	}
	return tooMany
}
