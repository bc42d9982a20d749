package store

import "context"

// Fault is a kind of damage, named by what is damaged.
type Fault string

// The kinds of damage. What is wrong with records and missing ones, and with the log, is to be restored; the rest
// follows from the records, and Repair mends it.
const (
	FaultyRecords  Fault = "records"  // not as they were written
	FaultyMissing  Fault = "missing"  // records that others rest on and that are not there
	FaultyLog      Fault = "log"      // changes or what they did: lost, or not as they were written
	FaultyExcerpts Fault = "excerpts" // whether words stand in their text, and where
	FaultyCounts   Fault = "counts"   // what else follows from evidence: standing, counts, whether a quotation stands in its source
	FaultyTerms    Fault = "terms"    // what records are found and ordered by: folded text, search terms, aliases
	FaultyIndexes  Fault = "indexes"  // those of the database
	FaultySnapshot Fault = "snapshot" // of the graph in memory
)

// Faults are all kinds, in the order in which they are told.
var Faults = []Fault{
	FaultyRecords, FaultyMissing, FaultyLog, FaultyExcerpts, FaultyCounts, FaultyTerms, FaultyIndexes, FaultySnapshot,
}

// Damage is something that is not as it must be.
type Damage struct {
	Kind Fault
	What string // "source", "entity", "link", "evidence of the link", …
	ID   string // of the record, as far as it can be read
	Says string // what is wrong with it, as a part of a sentence: "is not as it was written"
	// Mends says that it follows from what is whole, so that Repair mends it, and Mended that it did.
	Mends, Mended bool
}

// Checked is how much a check has read.
type Checked struct{ Sources, Nodes, Links int }

// Checker looks for damage.
type Checker interface {
	// Check reads every record, holds what follows from records against them, and calls f for what is damaged. An error
	// of f ends it, and so does a store that cannot be read any further.
	Check(ctx context.Context, f func(Damage) error) (Checked, error)
	// Repair is Check, and writes anew what follows from records where it does not fit them. No record changes but in
	// what follows from others, and none that is not as it was written. Others may read and write meanwhile, as beside
	// a load; who reads sees what was mended, as what a load writes.
	Repair(ctx context.Context, f func(Damage) error) (Checked, error)
}
