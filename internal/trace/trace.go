// Package trace answers questions about how entities are connected: the best lines between two of them, what surrounds
// some, what two share. It works on any store.Graph, which it asks for the links of whole sets of nodes at a time, and
// returns the same answer on each.
package trace

import (
	"math"
	"strings"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// Rank says what makes one line better than another.
type Rank uint8

// The ranks. Each has a cost for every hop, in thousandths of a hop; the line of least cost is best, and of equal cost
// the one whose ids come first. On top of it come the hubs a line passes through: see Question.HubPenalty.
const (
	// Shortest: 1000 for each hop.
	Shortest Rank = iota
	// Strongest: 1000 + 1000 / number of links that join the two.
	Strongest
	// MostCorroborated: 1000 + 3000 / number of sources of the best supported of these links; 7000 without any.
	MostCorroborated
	// MostRecent: 1000 + 100 for each year since the latest known day of these links, at most 10 000 more; 11 000 when
	// no day is known.
	MostRecent
)

// RankNames are the names of the ranks in the contract.
var RankNames = map[string]Rank{
	"SHORTEST": Shortest, "STRONGEST": Strongest, "MOST_CORROBORATED": MostCorroborated,
	"MOST_RECENT": MostRecent,
}

// hop is the least a hop can cost: nodes whose cost lies within one hop can be expanded together.
const hop = 1000

// Outcome says why a search ended.
type Outcome string

// The outcomes, as in the contract.
const (
	Complete     Outcome = "COMPLETE"     // as many lines as asked for, or all there are
	LengthLimit  Outcome = "LENGTH_LIMIT" // none so short; there may be longer ones
	NodeLimit    Outcome = "NODE_LIMIT"   // the search saw as many nodes as it may
	TimeLimit    Outcome = "TIMEOUT"      // its time was up
	Disconnected Outcome = "DISCONNECTED" // there is none of any length
)

// Question asks for the best lines between two nodes.
type Question struct {
	From, To   uint32
	Via, Avoid []uint32 // none of them From or To; at most MaxVia of Via
	Directed   bool     // every hop runs along its link
	// Chronological: the hops can be walked in the order of time: each can be going on at or after the beginning of all
	// hops before it. Certain: whatever the unknown parts of the dates are.
	Chronological, Certain bool
	// Overlapping: each node between the ends was linked to the one before and the one behind at one time: the links by
	// which a line comes and goes can have held together.
	Overlapping bool
	// Independent: no source supports more than one hop.
	Independent bool
	// HubPenalty makes each node between the ends cost 1000 · HubPenalty · log2(1 + degree / 8).
	HubPenalty float64
	Rank       Rank
	MaxLength  int // in hops
	// Page is which of the lines are wanted, by keys as LineKeys are. More asks whether others follow, Count how many
	// there are in all.
	Page        plan.Paging
	More, Count bool
	MaxNodes    int // how many nodes may be seen
	Year        int // what MostRecent counts back from
}

// MaxVia is how many nodes a line can be asked to pass: the search distinguishes 2^MaxVia states of each node.
const MaxVia = 4

// Answer is what a search found.
type Answer struct {
	Lines   []Line // of the page, best first
	Outcome Outcome
	Visited int // nodes seen
	// Before and More say whether there are lines before the page and behind it; More is false where the search did not
	// look for any.
	Before, More bool
	// Total is how many lines there are, -1 where the search did not come to the end of them.
	Total int
	// None says that there is no line at all, on any page.
	None bool
}

// Line is a way from one node to another that passes no node twice.
type Line struct {
	Nodes []uint32
	Hops  []Hop
	Cost  int64
}

// LineKeys are the values of a line's cursor: what it costs, and the ids of its nodes in one text, which sorts as the
// ids do one by one.
func LineKeys(l *Line, id func(node uint32) string) []kg.Value {
	ids := make([]string, len(l.Nodes))
	for i, k := range l.Nodes {
		ids[i] = id(k)
	}
	return []kg.Value{kg.IntValue(l.Cost), kg.StringValue(strings.Join(ids, idGap))}
}

// idGap stands between the ids of a cursor: it sorts before whatever an id can have.
const idGap = "\x00"

// Hop is one step of a line: the links that join its two nodes, the one it is told by first.
type Hop struct {
	Links []store.Arc
}

// penalty is what passing a node costs.
func penalty(p float64, degree int64) int64 {
	return int64(math.Round(hop * p * math.Log2(1+float64(degree)/8)))
}

// latest is the last day that is known of a link, 0 for none.
func latest(l *store.GraphLink) kg.Day {
	switch {
	case l.Until.Known:
		return l.Until.To
	case l.Since.Known:
		return l.Since.To
	}
	return 0
}
