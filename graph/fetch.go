package graph

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// This file has the store answer the root fields of an operation.

// fetch has the store answer every root field: one after the other, or all from one state of the graph where the
// store can keep one.
func (e *Engine) fetch(ctx context.Context, r *reading, inOrder bool) {
	answers := r.answers
	if inOrder {
		e.all(ctx, r, 1)
		return
	}
	if len(answers) == 1 && answers[0].asksOnce() {
		e.one(ctx, r, &answers[0])
		return
	}
	for {
		seeing, view := store.WithView(ctx)
		e.findVersions(seeing, answers)
		e.all(seeing, r, atOnceFetched)
		if !view.Lost() || ctx.Err() != nil {
			return
		}
		for i := range answers {
			answers[i].again()
		}
	}
}

// asksOnce reports whether the store is asked one question for this root field.
func (a *answer) asksOnce() bool {
	if a.forbidden {
		return true
	}
	_, measured := measured(a.query.Root.Order)
	return a.question == nil && !measured && !a.root.version && len(a.root.later) == 0
}

// findVersions finds the version of the graph for the statistics that name it, before anything else is read: what is
// read then may be newer than the version, and never older.
func (e *Engine) findVersions(ctx context.Context, answers []answer) {
	for i := range answers {
		a := &answers[i]
		if !a.root.version || a.forbidden {
			continue
		}
		ctx := ctx
		if a.explain != nil {
			ctx = store.WithRecorder(ctx, &a.explain.recorder)
		}
		var state string
		if state, a.versionTrips, a.err = e.opts.Store.State(ctx); a.err == nil {
			sum := sha256.Sum256([]byte(e.opts.StoreKind + "\x00" + state))
			a.version = base64.RawURLEncoding.EncodeToString(sum[:12])
		}
	}
}

// versioned answers the statistics that name the version of the graph.
func (e *Engine) versioned(ctx context.Context, a *answer) {
	if a.err != nil {
		return
	}
	if a.root.versionOnly {
		a.res = &kg.Result{Stats: &kg.Stats{}}
	} else if a.res, a.err = e.fetchPlan(ctx, a.query); a.err != nil {
		return
	}
	stats := *a.res.Stats // those of the store may be others' too
	stats.Version = a.version
	a.res.Stats = &stats
	a.res.RoundTrips += a.versionTrips
}

// again takes back what a root field was answered with.
func (a *answer) again() {
	a.release()
	a.res, a.err, a.place, a.later = nil, nil, nil, nil
	if a.explain != nil {
		a.explain.recorder.Reset()
	}
}

// release returns the memory of the rows to the store, when the answer is written.
func (a *answer) release() {
	if a.res != nil && a.res.Release != nil {
		a.res.Release()
	}
	for _, release := range a.releases {
		if release != nil {
			release()
		}
	}
	a.releases = nil
}

// atOnceFetched is how many root fields of an operation are answered side by side.
const atOnceFetched = 4

// all has the store answer every root field: one call each, so many side by side, in order.
func (e *Engine) all(ctx context.Context, r *reading, atOnce int) {
	answers := r.answers
	if len(answers) == 1 {
		e.one(ctx, r, &answers[0])
		return
	}
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i := range answers {
		a := &answers[i]
		g.Go(func() error {
			defer func() {
				if p := recover(); p != nil {
					a.err = e.panicked(ctx, "in the store", p)
				}
			}()
			e.one(ctx, r, a)
			return nil
		})
	}
	_ = g.Wait() // each answer keeps its own error
}

// one has the store answer one root field, whole.
func (e *Engine) one(ctx context.Context, r *reading, a *answer) {
	if a.forbidden {
		return
	}
	if x := a.explain; x != nil {
		ctx = store.WithRecorder(ctx, &x.recorder)
		began := time.Now()
		defer func() { x.store = time.Since(began) }()
	}
	e.ask(ctx, a)
	if err := e.readLater(ctx, r, a); err != nil {
		a.err = unanswered(err, a.written())
	}
}

// written returns the change that the root field made, nil where it made none.
func (a *answer) written() *kg.Change {
	if a.place != nil {
		if w := of[written](a.place); w != nil {
			return w.change
		}
	}
	return nil
}

// ask has the store answer one root field, as far as its plan or its question goes.
func (e *Engine) ask(ctx context.Context, a *answer) {
	if a.question != nil {
		a.err = e.search(ctx, a)
		return
	}
	if by, ok := measured(a.query.Root.Order); ok {
		a.res, a.err = e.measuredList(ctx, a.query, by)
		return
	}
	if a.root.version {
		e.versioned(ctx, a)
		return
	}
	a.res, a.err = e.fetchPlan(ctx, a.query)
}
