// Package budget bounds the memory that operations hold. Each operation has a Budget, which says no beyond its own
// bound; those of a server draw on one Pool, which says no when all of them together would hold more than there is.
// What is counted is an estimate of what is live: the collector's own needs are left room for by whoever sizes the
// pool.
package budget

import (
	"context"
	"errors"
	"math"
	"sync/atomic"

	"github.com/throughline/throughline/internal/kg"
)

// lot is how many bytes a budget draws from its pool at once. The first lot of an operation is not drawn at all: small
// operations never meet at one counter, and go on when large ones have used the pool up.
const lot = 64 << 10

// Pool is the memory that all operations share.
type Pool struct {
	most int64
	used atomic.Int64
}

// NewPool makes a pool of so many bytes.
func NewPool(most int64) *Pool { return &Pool{most: most} }

// Used is how many bytes operations hold.
func (p *Pool) Used() int64 { return p.used.Load() }

// Most is how many bytes there are, of a nil pool as many as there can be.
func (p *Pool) Most() int64 {
	if p == nil {
		return math.MaxInt64
	}
	return p.most
}

// take takes n bytes, unless they are not there.
func (p *Pool) take(n int64) bool {
	if p == nil {
		return true
	}
	if p.used.Add(n) > p.most {
		p.used.Add(-n)
		return false
	}
	return true
}

// Budget is the memory of one operation. It may be used by many goroutines at once. All its methods do nothing on nil,
// the budget of an operation without a bound.
type Budget struct {
	pool  *Pool
	most  int64
	held  atomic.Int64
	drawn atomic.Int64
}

// Begin makes a budget of at most so many bytes; a nil pool has no end.
func (p *Pool) Begin(most int64) *Budget { return &Budget{pool: p, most: most} }

// ErrFull is in the chain of the error for a pool that has no more: the operation may succeed a little later.
var ErrFull = errors.New("the pool of memory is used up")

// Hold counts n bytes that stay until End. Its errors are COST_LIMIT when the operation holds more than it may, and
// UNAVAILABLE around ErrFull when all of them together do.
func (b *Budget) Hold(n int64) error {
	if b == nil || n <= 0 {
		return nil
	}
	held := b.held.Add(n)
	if held > b.most {
		b.held.Add(-n)
		return kg.Errorf(kg.CostLimit,
			"the operation needs more memory than the %d MiB it may have; ask for less at once", b.most>>20)
	}
	if missing := held - lot - b.drawn.Load(); missing > 0 {
		missing = (missing + lot - 1) / lot * lot
		if !b.pool.take(missing) {
			b.held.Add(-n)
			return kg.Wrap(kg.Unavailable, ErrFull, "the server has no memory left for this now; try again in a second")
		}
		b.drawn.Add(missing)
	}
	return nil
}

// Free subtracts n bytes that are no longer held.
func (b *Budget) Free(n int64) {
	if b != nil {
		b.held.Add(-n)
	}
}

// Held is how many bytes the operation holds.
func (b *Budget) Held() int64 {
	if b == nil {
		return 0
	}
	return b.held.Load()
}

// Keep ends the operation but for n bytes that are kept of it: fewer than it held, so they are there.
func (b *Budget) Keep(n int64) {
	if b == nil {
		return
	}
	b.held.Store(n)
	if b.pool != nil {
		b.pool.used.Add(n - b.drawn.Swap(n))
	}
}

// End returns to the pool all that was drawn.
func (b *Budget) End() {
	if b != nil && b.pool != nil {
		b.pool.used.Add(-b.drawn.Swap(0))
	}
}

type key struct{}

// With lets what is done under a context find its budget.
func With(ctx context.Context, b *Budget) context.Context { return context.WithValue(ctx, key{}, b) }

// Of finds the budget of a context, nil for none.
func Of(ctx context.Context) *Budget {
	b, _ := ctx.Value(key{}).(*Budget)
	return b
}
