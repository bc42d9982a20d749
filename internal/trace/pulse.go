package trace

import (
	"context"
	"slices"
)

// pulse ends long work in memory soon after its context. Every loop that a graph can make long beats; the end comes as a
// panic that guard turns into the context's error, as a sort cannot be left in any other way.
type pulse struct {
	ctx   context.Context //nolint:containedctx // it lives as long as one call
	steps int
}

// ended is the end of a context on its way to guard.
type ended struct{ err error }

// beat counts n steps.
func (p *pulse) beat(n int) {
	if p.steps += n; p.steps > 4096 {
		p.steps = 0
		if err := p.ctx.Err(); err != nil {
			panic(ended{err})
		}
	}
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
