package trace

import (
	"context"
	"slices"

	"github.com/throughline/throughline/internal/budget"
)

// pulse ends long work in memory soon after its context, or when it holds more than its budget. Every loop that a graph
// can make long beats; the end comes as a panic that guard turns into the context's error, as a sort cannot be left in
// any other way.
type pulse struct {
	ctx   context.Context //nolint:containedctx // it lives as long as one call
	steps int
	held  int64 // of which the budget knows
	// size is how many bytes are held by now, when it is not counted as it comes.
	size   func() int64
	unheld int64
}

// ended is the end of a context, or a budget's no, on its way to guard.
type ended struct{ err error }

// beat counts n steps.
func (p *pulse) beat(n int) {
	if p.steps += n; p.steps > 4096 {
		p.steps = 0
		err := p.ctx.Err()
		if err == nil && p.size != nil {
			if now := p.size(); now > p.held {
				err = budget.Of(p.ctx).Hold(now - p.held)
				p.held = now
			}
		}
		if err != nil {
			panic(ended{err})
		}
	}
}

// hold counts n bytes that are kept.
func (p *pulse) hold(n int) {
	if p.unheld += int64(n); p.unheld > 32<<10 {
		if err := budget.Of(p.ctx).Hold(p.unheld); err != nil {
			panic(ended{err})
		}
		p.unheld = 0
	}
}

// free subtracts the bytes of what is no longer kept.
func (p *pulse) free() {
	budget.Of(p.ctx).Free(p.held)
	p.held = 0
}

// guard is deferred around whatever beats.
func guard(err *error) {
	switch r := recover().(type) {
	case nil:
	case ended:
		*err = r.err
	default:
		panic(r)
	}
}

// sortFunc sorts, as long as there is time.
func sortFunc[T any](p *pulse, list []T, compare func(a, b T) int) {
	slices.SortFunc(list, func(a, b T) int {
		p.beat(1)
		return compare(a, b)
	})
}
