package history

import (
	"context"
	"time"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// Least is the shortest time that changes are kept: as long as a client may ask again whether its change was made.
const Least = 24 * time.Hour

// Log is a log that can be compacted.
type Log interface {
	store.Logger
	store.Compactor
}

// Upto returns the seq of the first change that a compaction leaves which is to delete what was made before a time: the
// first that was made then or later, or else the latest; 0 where there is no change.
func Upto(ctx context.Context, log store.Logger, before kg.Time) (int64, error) {
	for _, q := range []store.ChangesQuery{{From: before, Earliest: true, Limit: 1}, {Limit: 1}} {
		found, err := log.Changes(ctx, &q)
		if err != nil {
			return 0, err
		}
		if len(found) > 0 {
			return found[0].Seq, nil
		}
	}
	return 0, nil
}

// compactedAtOnce is how many changes, and how many items, one transaction deletes.
const compactedAtOnce = 1000

// Compact deletes the changes before the first that was made at a time or later, but not the latest of all, and returns
// where the log begins then. Between its transactions it rests as long as they take, so that others come to write.
func Compact(ctx context.Context, log Log, before kg.Time) (store.Kept, error) {
	first, err := Upto(ctx, log, before)
	if err != nil {
		return store.Kept{}, err
	}
	for {
		began := time.Now()
		more, err := log.Compact(ctx, first, compactedAtOnce)
		if err != nil {
			return store.Kept{}, err
		}
		if !more {
			return log.Kept(ctx)
		}
		select {
		case <-time.After(time.Since(began)):
		case <-ctx.Done():
			return store.Kept{}, kg.Ended(ctx)
		}
	}
}

// Retain compacts a log at once and at each tick, so that it keeps what is younger than an age, until ctx ends. It
// tells where the log begins each time that this is later, and why it could not be compacted.
func Retain(ctx context.Context, log Log, age time.Duration, now func() time.Time, ticks <-chan time.Time,
	tell func(k store.Kept, err error),
) {
	var was store.Kept
	for {
		k, err := Compact(ctx, log, kg.TimeOf(now().Add(-age)))
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			tell(k, err)
		case k != was:
			tell(k, nil)
			was = k
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		}
	}
}

// forgotten is the error for what was before the history that is kept.
func forgotten(k store.Kept) error {
	err := kg.Errorf(kg.NotKept, "the history is kept since %s: what was before is not known any more", k.Since)
	err.Details = map[string]any{"since": k.Since.String()}
	return err
}
