package store

import "context"

// Damage is a record that is not as it was written.
type Damage struct {
	What string // "source", "entity", "link", "evidence of the link", …
	ID   string // of the record, as far as it can be read
	Says string // what is wrong with it, as a part of a sentence: "is not as it was written"
}

// Checked is how much a check has read.
type Checked struct{ Sources, Nodes, Links int }

// Checker looks for damage.
type Checker interface {
	// Check reads every record, and calls f for each that is damaged. An error of f ends it, and so does a store that
	// cannot be read any further.
	Check(ctx context.Context, f func(Damage) error) (Checked, error)
}
