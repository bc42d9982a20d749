package budget_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/throughline/throughline/internal/budget"
	"github.com/throughline/throughline/internal/kg"
)

func TestABudgetSaysNo(t *testing.T) {
	pool := budget.NewPool(1 << 20)
	a, b := pool.Begin(700<<10), pool.Begin(700<<10)
	if err := a.Hold(600 << 10); err != nil {
		t.Fatal(err)
	}
	if err := a.Hold(200 << 10); kg.CodeOf(err) != kg.CostLimit {
		t.Errorf("beyond its own bound: %v", err)
	}
	if err := b.Hold(600 << 10); kg.CodeOf(err) != kg.Unavailable || !errors.Is(err, budget.ErrFull) {
		t.Errorf("beyond the pool: %v", err)
	}
	if err := b.Hold(100 << 10); err != nil {
		t.Errorf("what is refused is not held: %v", err)
	}
	if err := pool.Begin(1 << 20).Hold(50 << 10); err != nil {
		t.Errorf("what is small goes on: %v", err)
	}
	a.End()
	if err := b.Hold(500 << 10); err != nil {
		t.Errorf("what ended is given back: %v", err)
	}
	b.End()
	b.End()
	if n := pool.Used(); n != 0 {
		t.Errorf("%d bytes are held by nobody", n)
	}
	var none *budget.Budget
	if err := none.Hold(1 << 40); err != nil {
		t.Errorf("no budget is no bound: %v", err)
	}
}

func TestABudgetOfManyGoroutines(t *testing.T) {
	pool := budget.NewPool(64 << 20)
	b := pool.Begin(32 << 20)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				if err := b.Hold(1000); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if b.Held() != 8_000_000 || pool.Used() < b.Held()-64<<10 {
		t.Errorf("%d bytes are held, %d taken", b.Held(), pool.Used())
	}
	b.End()
	if n := pool.Used(); n != 0 {
		t.Errorf("%d bytes are held by nobody", n)
	}
}
