package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/throughline/throughline/internal/config"
	"github.com/throughline/throughline/internal/history"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

type compactCmd struct {
	config.Store
	Before string `arg:"" placeholder:"BEFORE" help:"Delete the changes made before: an instant, a day, which begins in UTC (2027-01-31), or so long ago (90d). The last 24 hours stay, and so does the latest change."`
	Yes    bool   `help:"Yes, delete them. What is deleted does not come back."`
	DryRun bool   `help:"Say what would be deleted, and delete nothing."`
	JSON   bool   `name:"json" help:"Print the result as JSON, for scripts."`
}

// compactedJSON is the report of a compaction as --json prints it.
type compactedJSON struct {
	Deleted int64  `json:"deleted"`
	Kept    int64  `json:"kept"`
	First   int64  `json:"first"`
	Since   string `json:"since,omitempty"` // from when on the past is known, "" for always
	DryRun  bool   `json:"dryRun,omitempty"`
}

// Run deletes changes, also while a server runs.
func (c *compactCmd) Run(w *world) error {
	before, err := c.instant(time.Now())
	switch {
	case err != nil:
		return err
	case !c.Yes && !c.DryRun:
		return &config.UsageError{
			Problem: "the history that is deleted does not come back",
			Hint:    "see what would go with --dry-run, and delete it with --yes",
		}
	}
	cat, err := loadCatalog(&c.Contract)
	if err != nil {
		return err
	}
	if err := w.there(&c.Store); err != nil {
		return err
	}
	s, err := w.openNow(&c.Store, cat, c.DryRun)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // what was committed is on disk
	was, err := s.Kept(w.ctx)
	if err != nil {
		return err
	}
	var now store.Kept
	if c.DryRun {
		now, err = would(w.ctx, s, was, before)
	} else {
		now, err = history.Compact(w.ctx, s, before)
	}
	if err != nil {
		return err
	}
	latest, err := s.Changes(w.ctx, &store.ChangesQuery{Limit: 1})
	if err != nil {
		return err
	}
	out := compactedJSON{Deleted: now.First - was.First, First: now.First, DryRun: c.DryRun}
	if len(latest) > 0 {
		out.Kept = latest[0].Seq - now.First + 1
	}
	if now.Since != 0 {
		out.Since = now.Since.String()
	}
	return c.tell(w, &out)
}

// would returns where the log would begin.
func would(ctx context.Context, log store.Logger, was store.Kept, before kg.Time) (store.Kept, error) {
	first, err := history.Upto(ctx, log, before)
	if err != nil || first <= was.First {
		return was, err
	}
	last, err := log.Changes(ctx, &store.ChangesQuery{Before: first, Limit: 1})
	if err != nil || len(last) == 0 {
		return was, err
	}
	return store.Kept{First: first, Since: last[0].At}, nil
}

// tell prints the result.
func (c *compactCmd) tell(w *world, out *compactedJSON) error {
	if c.JSON {
		b, err := json.Marshal(out)
		if err == nil {
			_, err = fmt.Fprintf(w.stdout, "%s\n", b)
		}
		return err
	}
	verb := "Deleted"
	if c.DryRun {
		verb = "Would delete"
	}
	since := "since there is a log"
	if out.Since != "" {
		since = "since " + out.Since
	}
	_, err := fmt.Fprintf(w.stdout, "%s %s; kept are %d, and what was there %s.\n", verb, count(int(out.Deleted), "change"), out.Kept, since)
	return err
}

// instant reads the time before which changes go.
func (c *compactCmd) instant(now time.Time) (kg.Time, error) {
	var at time.Time
	if day, err := time.Parse(time.DateOnly, c.Before); err == nil {
		at = day
	} else if at, err = time.Parse(time.RFC3339, c.Before); err != nil {
		age, err := parseDuration(c.Before)
		if err != nil || age < 0 {
			return 0, &config.UsageError{
				Problem: fmt.Sprintf("%q is no time", kg.Clip(c.Before, 40)),
				Hint:    "write 2027-01-31, 2027-01-31T12:00:00Z, or 90d for what is older than 90 days",
			}
		}
		at = now.Add(-age)
	}
	if now.Sub(at) < history.Least {
		return 0, &config.UsageError{
			Problem: "the changes of the last 24 hours stay, as clients may ask whether theirs were made",
			Hint:    "name an earlier time",
		}
	}
	return kg.TimeOf(at), nil
}
