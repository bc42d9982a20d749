package trace

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/throughline/throughline/internal/budget"
)

// Measure is a way to say how central a node is.
type Measure uint8

// The measures. Links are taken both ways, since which way one runs is a matter of how it is put in words ("is
// affiliated with", "has as a member"), and parallel links count each, or once on Net.Once.
const (
	// ByDegree: how many links a node has.
	ByDegree Measure = iota
	// ByPageRank: how often somebody is met at the node who goes from node to node along links, each as likely as any
	// other, and of every 100 steps takes 15 to a node picked at random instead (Brin and Page 1998, damping 0.85):
	// PR(v) = 0.15 / N + 0.85 · Σ links(u, v) / links(u) · PR(u). The sum over all nodes is 1.
	ByPageRank
	// ByBetweenness: of the shortest lines between any two other nodes, the share that passes through the node; the
	// mean over all pairs, so 0 to 1 (Freeman 1977, by the algorithm of Brandes 2001). Pairs that no line joins count
	// as 0.
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
	// Pivots is from how many nodes the lines of ByBetweenness were counted; Sampled reports that it was not from all.
	Pivots  int
	Sampled bool
	// errors are the standard errors of the scores in Units; nil when they are exact, or when one pivot shows none.
	errors []float64
}

// Size is about how many bytes a Ranking keeps beside its Net.
func (r *Ranking) Size() int { return 8*len(r.Scores) + 4*len(r.Order) + 8*len(r.errors) }

// Score is the score of a node as it is told: an estimate is rounded to the decimal place of its standard error.
func (r *Ranking) Score(i uint32) float64 {
	if r.Measure == ByDegree {
		return float64(r.Scores[i])
	}
	if e, ok := r.Error(i); ok && e > 0 {
		return round(float64(r.Scores[i])/Unit, place(e))
	}
	return float64(r.Scores[i]) / Unit
}

// Error is the standard error of an estimated score, to two significant digits (GUM, JCGM 100:2008, 7.2.6), and false
// for a score that has none.
func (r *Ranking) Error(i uint32) (float64, bool) {
	if r.errors == nil {
		return 0, false
	}
	e := r.errors[i] / Unit
	if e > 0 {
		e = round(e, place(e)+1)
	}
	return e, true
}

// place is the decimal place of the first significant digit of a number.
func place(x float64) int { return -int(math.Floor(math.Log10(x))) }

// round rounds to some decimal places, at most the twelve of a Unit.
func round(x float64, places int) float64 {
	p := math.Pow10(min(places, 12))
	return math.Round(x*p) / p
}

const (
	// doubt is how likely a rank that is called certain may be wrong.
	doubt = 0.05
	// enough is how many pivots must have been counted before their mean is taken to be normally distributed.
	enough = 30
	// remote is beyond how many standard errors a difference is taken to be sure: those of a million others together
	// are below 1e-8.
	remote = 8
)

// Certain reports of the nodes from a place of a list to another whether their ranks within the list hold with 95 %.
// The list is in the order of r.Order. A rank is certain when the chances that another node of the list stands on the
// wrong side of it add up to no more than 5 % (the union bound), each taken from the normal distribution of the
// difference of the two scores. Its standard deviation is taken to be the sum of the two standard errors, which it
// never exceeds however the two scores depend on each other. Exact ranks are certain.
func (r *Ranking) Certain(list []uint32, from, to int) []bool {
	out := make([]bool, to-from)
	for i := range out {
		out[i] = !r.Sampled
	}
	if !r.Sampled || r.errors == nil || r.Pivots < enough || from == to {
		return out
	}
	// the largest error from a place of the list on, so that what is far below one node is not looked at one by one
	rest := make([]float64, len(list)+1)
	for i := len(list) - 1; i >= from; i-- {
		rest[i] = max(rest[i+1], r.errors[list[i]])
	}
	for i := range out {
		at, risk := from+i, 0.0
		for j := at - 1; j >= 0 && risk <= doubt; j-- {
			risk += r.chance(list[j], list[at])
		}
		for j := at + 1; j < len(list) && risk <= doubt; j++ {
			if float64(r.Scores[list[at]]-r.Scores[list[j]]) > remote*(r.errors[list[at]]+rest[j]) {
				break
			}
			risk += r.chance(list[at], list[j])
		}
		out[i] = risk <= doubt
	}
	return out
}

// chance is how likely it is that one node is not more central than another whose score is no higher.
func (r *Ranking) chance(a, b uint32) float64 {
	gap := float64(r.Scores[a] - r.Scores[b])
	if gap == 0 {
		return 0.5
	}
	return math.Erfc(gap/(r.errors[a]+r.errors[b])/math.Sqrt2) / 2
}

// Effort is what ByBetweenness may cost; the zero value counts the lines from every node.
type Effort struct {
	// Pivots is from how many nodes lines are counted, at most from all. 0: from as many as there is time for.
	Pivots int
	// Within is the time there is, by the clock Now; nil for no bound.
	Within time.Duration
	Now    func() time.Time
}

// Centrality measures every node.
func Centrality(ctx context.Context, g *Net, by Measure, effort Effort) (*Ranking, error) {
	each := 12 // bytes of a node: what is kept, and what it is found with
	switch by {
	case ByPageRank:
		each += 24
	case ByBetweenness:
		each += 28 + eachCounting*(workers()+1)
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
		scores, err = r.betweenness(ctx, effort)
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
	// pageRank ends when a step changes all scores together by less than settled, or after steps of them: 0.85^200 <
	// settled.
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
	// Lines are counted in blocks of pivots, as many as take about this many looks at a node or at a neighbour, some
	// hundredth of a second; so the blocks of a graph are the same whoever counts them, and are added in the same
	// order.
	blockLooks = 4_000_000
	mostBlock  = 64
	// mostWorkers is how many blocks are counted side by side at the most, and eachCounting how many bytes a node each
	// takes.
	mostWorkers  = 8
	eachCounting = 53
	// fewest is from how many nodes lines are counted whatever the time: one alone has no standard error.
	fewest = 2
	// unseen is how many times more the pivot that gave a node most is counted in the node's variance.
	unseen = 2
)

// betweenness counts lines from nodes picked at random, the pivots, and takes the others to be like these (Brandes and
// Pich 2007). The pivots are the same for the same graph, and the first n are the same however many there are.
//
// Counted from both its ends, a line from s to t through v counts for v once in all. It need not count the same from
// either: where a pivot near v counts much, v is overestimated, and underestimated when the few nodes near it are no
// pivots. So a line counts by how far v is on the way, f = d(s, v) / d(s, t), as f + f' = 1 from the two ends
// (Geisberger, Sanders and Schultes 2008, where f is linear). Any slope c does, 1/2 + c·(f - 1/2): Net.slope is the one
// at which neighbours of a pivot hardly count. In the benchmark's graph the standard errors of the first 200 are a
// sixth of what counting whole gives, and a third of c = 1.
//
// The standard error is that of the mean of a sample without replacement (Cochran 1977, 2.6), and a little more, since
// pivots that give much are few, so that a sample may have missed them: the largest is counted three times. Bounds that
// hold without any assumption (Bader et al. 2007; Riondato and Kornaropoulos 2016) are many times wider.
func (r *Ranking) betweenness(ctx context.Context, effort Effort) ([]float64, error) {
	g := r.Net
	if r.Pivots = g.Connected; g.Connected < 3 {
		return make([]float64, len(g.Nodes)), nil
	}
	pivots := g.pivots()
	if effort.Pivots > 0 {
		pivots = pivots[:min(effort.Pivots, len(pivots))]
	}
	t := newTally(len(g.Nodes))
	n, err := g.count(ctx, pivots, &effort, t)
	if err != nil {
		return nil, err
	}
	r.Pivots, r.Sampled = n, n < g.Connected
	all, counted := float64(g.Connected), float64(n)
	scale := 2 * all / ((all - 1) * (all - 2)) // of the mean of a pivot
	if r.Sampled && n > 1 {
		r.errors = t.squares
		for v, sum := range t.sums {
			variance := max(0, t.squares[v]-sum*sum/counted) / (counted - 1)
			variance += unseen * t.most[v] * t.most[v] / counted
			r.errors[v] = Unit * scale * math.Sqrt((1-counted/all)*variance/counted)
		}
	}
	for v := range t.sums {
		t.sums[v] = max(0, t.sums[v]*scale/counted)
	}
	return t.sums, nil
}

// tally is what was counted from pivots: of what each gave to each node, the sum, the sum of the squares, and the
// largest.
type tally struct{ sums, squares, most []float64 }

func newTally(n int) *tally {
	return &tally{make([]float64, n), make([]float64, n), make([]float64, n)}
}

func (t *tally) add(v uint32, x float64) {
	t.sums[v] += x
	t.squares[v] += x * x
	t.most[v] = max(t.most[v], math.Abs(x))
}

// take adds what another counted, which begins anew.
func (t *tally) take(o *tally) {
	for v := range t.sums {
		t.sums[v] += o.sums[v]
		t.squares[v] += o.squares[v]
		t.most[v] = max(t.most[v], o.most[v])
	}
	clear(o.sums)
	clear(o.squares)
	clear(o.most)
}

// pivots lists the connected nodes in the order in which lines are counted from them.
func (g *Net) pivots() []uint32 {
	out := make([]uint32, 0, g.Connected)
	for v, d := range g.degrees {
		if d > 0 {
			out = append(out, uint32(v))
		}
	}
	r := rand.New(rand.NewPCG(uint64(g.Connected), 2007)) //nolint:gosec // repeatable on purpose
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// slope is how steeply a line counts by how far a node is on the way, by the mean distance d of nodes: at d / (d - 2),
// a pivot's neighbours on lines of the mean length do not count. A few pivots are enough to find it out.
func (g *Net) slope(pivots []uint32) float64 {
	const some, steepest = 4, 3
	c := g.counting(0)
	var far, ends float64
	for _, s := range pivots[:min(some, len(pivots))] {
		c.reach(s)
		for l := 1; l+1 < len(c.levels); l++ {
			size := float64(c.levels[l+1] - c.levels[l])
			far, ends = far+float64(l)*size, ends+size
		}
		c.forget()
	}
	if d := far / ends; d > 2 {
		return min(d/(d-2), steepest)
	}
	return steepest
}

// count counts lines from pivots, as long as there is time, and returns from how many.
func (g *Net) count(ctx context.Context, pivots []uint32, effort *Effort, t *tally) (int, error) {
	timed := effort.Pivots == 0 && effort.Now != nil
	var begun, now time.Time
	var last time.Duration // what the round before took
	if timed {
		begun = effort.Now()
		now = begun
	}
	slope := g.slope(pivots)
	block := max(1, min(mostBlock, blockLooks/(g.Connected+len(g.ends))))
	counters := make([]*counting, min(workers(), (len(pivots)+block-1)/block))
	for i := range counters {
		counters[i] = g.counting(slope)
	}
	done := 0
	for done < len(pivots) && (!timed || done < fewest || now.Sub(begun)+last <= effort.Within) {
		var round errgroup.Group
		for _, c := range counters {
			mine := pivots[done:min(done+block, len(pivots))]
			done += len(mine)
			round.Go(func() error {
				for _, s := range mine {
					if err := ctx.Err(); err != nil {
						return err
					}
					c.from(s)
				}
				return nil
			})
		}
		if err := round.Wait(); err != nil {
			return 0, err
		}
		for _, c := range counters {
			t.take(c.tally)
		}
		if timed {
			before := now
			now = effort.Now()
			last = now.Sub(before)
		}
	}
	return done, nil
}

// workers is how many blocks are counted side by side.
func workers() int { return min(mostWorkers, runtime.GOMAXPROCS(0)) }

// counting counts shortest lines from one node after another.
type counting struct {
	*Net
	*tally
	slope float64
	lines []float64 // shortest lines to each node, scaled: see tooMany
	// part is, of the lines to a node and to those behind it, what falls to one line to the node: each line as 1, and
	// as 1 divided by its length.
	part [][2]float64
	// level is 1 more than the number of a node's level modulo 3, 0 for a node not reached: levels of neighbours are at
	// most one apart, and bytes stay in the cache.
	level  []uint8
	order  []uint32 // nodes by level
	levels []int    // where each level begins in order
	shifts []int
}

func (g *Net) counting(slope float64) *counting {
	n := len(g.Nodes)
	return &counting{
		Net: g, tally: newTally(n), slope: slope, lines: make([]float64, n), part: make([][2]float64, n),
		level: make([]uint8, n),
	}
}

// There can be more lines than a float64 holds, and only the ratios between two levels count: a level with more than
// 2^tooMany is scaled down by that, and what is lost beside so many is kept from becoming none.
const tooMany = 400

// from counts the lines from one node.
func (c *counting) from(s uint32) {
	c.reach(s)
	c.share()
	c.forget()
}

// reach finds the level of each node, and how many shortest lines lead there.
func (c *counting) reach(s uint32) {
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
}

// share adds to each node what falls to it of the lines to those behind it; nothing falls to the pivot itself.
func (c *counting) share() {
	for l := len(c.levels) - 2; l > 0; l-- {
		below := uint8((l+1)%3 + 1)
		length := float64(l)
		whole, part := (1-c.slope)/2, c.slope*length // see betweenness
		for _, v := range c.order[c.levels[l]:c.levels[l+1]] {
			var ones, lengths float64
			weights := c.weights[c.first[v]:c.first[v+1]]
			for i, u := range c.ends[c.first[v]:c.first[v+1]] {
				if c.level[u] == below {
					ones += float64(weights[i]) * c.part[u][0]
					lengths += float64(weights[i]) * c.part[u][1]
				}
			}
			lines := c.lines[v]
			c.part[v] = [2]float64{1/lines + ones, 1/(lines*length) + lengths}
			if c.shifts[l] != 0 {
				c.part[v][0], c.part[v][1] = math.Ldexp(c.part[v][0], -c.shifts[l]), math.Ldexp(c.part[v][1],
					-c.shifts[l])
			}
			if ones > 0 {
				c.add(v, lines*(whole*ones+part*lengths))
			}
		}
	}
}

// forget makes ready for another node.
func (c *counting) forget() {
	for _, v := range c.order {
		c.level[v] = 0
	}
}

// scale keeps the numbers of lines of a level within bounds and reports by which power of two.
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
