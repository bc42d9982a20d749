package store

import (
	"context"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// Walker opens the graph to the searches of package trace, which do not know beforehand where they will look.
type Walker interface {
	// Walk resolves the entities a question names and returns the graph as the question sees it. The keys are those of
	// w.Refs[:w.Asked]. Errors: those of Reader.Fetch.
	Walk(ctx context.Context, w *plan.Walk) (Graph, []uint32, error)
}

// Graph is the entities and links one question may use. Entities and links have keys, from 1, that mean something
// within this Graph only. A Graph must be used by one goroutine at a time and needs no closing; where the store can,
// all of it is one state.
type Graph interface {
	// Expand calls visit once for each of the nodes, in any order, with the links that fit, in any order. A link of a
	// node to itself is left out unless way.Loops asks for it. The arcs are valid until visit returns. A store may need
	// a round trip for each call, so callers ask for many nodes at once.
	Expand(ctx context.Context, nodes []uint32, way Way, visit func(node uint32, arcs []Arc)) error
	// Middle finds the nodes, each once and in any order, that are linked to one of a, followed as wayA says, and to
	// one of b, followed as wayB says.
	Middle(ctx context.Context, a, b []uint32, wayA, wayB Way) ([]uint32, error)
	// Node reports what was learned of a node: those asked for, and every end of an arc.
	Node(key uint32) GraphNode
	// Link reports what was learned of a link.
	Link(key uint32) GraphLink
	// RoundTrips is how often the store was asked so far.
	RoundTrips() int
}

// Patterned is a Graph that patterns can be matched on: what Walk gives when plan.Walk.Counts asks for it.
type Patterned interface {
	Graph
	// Start lists entities of these types that fit a filter, each once and in any order; of more than most, any so
	// many.
	Start(ctx context.Context, types catalog.TypeSet, f *plan.EntityFilter, most int) ([]uint32, error)
	// Counts reports how much there is.
	Counts() *Counts
}

// Keyed is a Graph that has the records of what it walked at hand.
type Keyed interface {
	Graph
	// Read answers a plan by ids as Reader.Fetch does; the ids are those of these nodes, and behind them of these
	// links.
	Read(ctx context.Context, q *plan.Query, nodes, links []uint32) (*kg.Result, error)
}

// Way says how links are followed.
type Way struct {
	// Out and In say which directions count, seen from the nodes that are expanded.
	Out, In bool
	// Back tells that the walk comes towards the expanded nodes: LinkFilter.Other then speaks of these, and not of the
	// far end.
	Back bool
	// Among, when it is not nil, lists the only far ends that count.
	Among []uint32
	// Loops asks for the links of a node to itself too: each once, as one that runs from it. Only with Out and In.
	Loops bool
	// Links, when it is not nil, stands in for plan.Walk.Links, and Far is what the far ends must fit, whichever way
	// the walk goes. What they name stands in plan.Walk.Refs. Both are for a Patterned.
	Links *plan.LinkFilter
	Far   *plan.EntityFilter
}

// Counts is how many entities there are of each type and links of each kind, by index.
type Counts struct {
	Nodes, Links []int64
}

// Arc is one link of a node.
type Arc struct {
	To, Link uint32
	Out      bool // the link runs from the expanded node
}

// GraphNode is a node of a Graph.
type GraphNode struct {
	ID     string
	Type   uint8
	Degree int64 // its links in all, whatever the question's filter: what linkCount says
	Date   Interval
}

// GraphLink is a link of a Graph.
type GraphLink struct {
	ID           string
	Kind         uint8
	Role         string
	SourceCount  int64
	Since, Until Interval
	Sources      []GraphSource // by id; filled when plan.Walk.Sources asks for it
}

// GraphSource is a source of a link of a Graph.
type GraphSource struct {
	ID   string
	Date Interval // filled when plan.Walk.SourceDates asks for it
}

// Interval is a partial date; without Known it is open: MinDay to MaxDay.
type Interval struct {
	From, To kg.Day
	Known    bool
}
