package store

import (
	"context"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// Surveyor returns the graph as a whole to the measures of package trace that must look at all of it.
type Surveyor interface {
	// State names the state the graph is in, cheaply: as long as it is the same, nothing was written. Errors: those of
	// Reader.Fetch.
	State(ctx context.Context) (state string, trips int, err error)
	// Unverified finds the evidence whose words do not stand in the stored text of its source: its ids, in bytewise
	// order. It may look at every link. Errors: those of Reader.Fetch.
	Unverified(ctx context.Context) (ids []string, trips int, err error)
	// Whole returns every entity, and every link that w.Links fits seen from both of its ends: LinkFilter.Other must
	// hold for both. A link of an entity to itself is left out. w.Refs are those the filter names. It must see all that
	// was written before the call. Errors: those of Reader.Fetch; CostLimit beyond plan.MaxWhole links.
	Whole(ctx context.Context, w *plan.Walk) (*Whole, error)
}

// Whole is a graph reduced to who is linked to whom.
type Whole struct {
	Nodes      []WholeNode // in bytewise order of id
	Links      []Pair      // in any order; parallel links each
	RoundTrips int
}

// WholeNode is an entity of a Whole.
type WholeNode struct {
	ID   string
	Type uint8
}

// Pair is a link of a Whole, by the indexes of its ends.
type Pair struct{ From, To uint32 }

// TooLarge is the error for a graph with more links than a measure looks at.
func TooLarge() error {
	return kg.Errorf(kg.CostLimit, "the graph has more than %d links that fit; ask about a part of it by a filter",
		plan.MaxWhole)
}
