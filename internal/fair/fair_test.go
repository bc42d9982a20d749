package fair_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/throughline/throughline/internal/fair"
)

// TestOneClientLeavesPlacesForOthers: by shares of 1, half of what is free is anybody's, and no more.
func TestOneClientLeavesPlacesForOthers(t *testing.T) {
	for _, c := range []struct {
		places, share int
		want          []int // of clients that come one after the other and take what they get
	}{
		{1, 1, []int{1, 0}},
		{2, 1, []int{1, 1, 0}},
		{4, 1, []int{2, 1, 1, 0}},
		{8, 1, []int{4, 2, 1, 1, 0}},
		{56, 8, []int{50, 6, 0}},
		{1, 8, []int{1, 0}},
	} {
		p := fair.NewPlaces(c.places, c.share, 2*c.places)
		total := 0
		for i, want := range c.want {
			got := 0
			for ; p.Enter(t.Context(), string(rune('a'+i)), 0) == nil; got++ {
				total++
			}
			if got != want {
				t.Errorf("client %d gets %d of %d places by a share of %d, want %d", i, got, c.places, c.share, want)
			}
		}
		if n, _ := p.Taken(); n != total || n > c.places {
			t.Errorf("%d of %d places are taken, %d were given", n, c.places, total)
		}
		for i, n := range c.want {
			for range n {
				p.Leave(string(rune('a' + i)))
			}
		}
		if n, clients := p.Taken(); n != 0 || clients != 0 {
			t.Errorf("%d places and %d clients are left over", n, clients)
		}
	}
}

// TestWhoWaitsIsServedInTurns: one request of a client does not wait behind all of another's.
func TestWhoWaitsIsServedInTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := fair.NewPlaces(2, 2, 4) // nobody keeps both for long
		var mu sync.Mutex
		var order []string
		var all sync.WaitGroup
		ask := func(client string, times int) {
			for range times {
				all.Go(func() {
					if err := p.Enter(t.Context(), client, time.Hour); err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					order = append(order, client)
					mu.Unlock()
					time.Sleep(time.Second)
					p.Leave(client)
				})
			}
			synctest.Wait()
		}
		ask("many", 4)
		ask("few", 1)
		ask("other", 1)
		all.Wait()
		// two of the one began at once; then those who hold none come first
		at := map[string]int{}
		for i, c := range order {
			at[c] = i
		}
		if at["few"] > 3 || at["other"] > 3 {
			t.Errorf("served as %v", order)
		}
		if n, clients := p.Taken(); n != 0 || clients != 0 {
			t.Errorf("%d places and %d clients are left over", n, clients)
		}
	})
}

// TestEachClientGetsAlike: of many that ask all the time each is served as often, however much more one asks.
func TestEachClientGetsAlike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := fair.NewPlaces(8, 8, 16)
		var mu sync.Mutex
		served := map[string]int{}
		ctx, stop := context.WithTimeout(t.Context(), 100*time.Second)
		defer stop()
		var all sync.WaitGroup
		for client, lines := range map[string]int{"a": 64, "b": 4, "c": 4, "d": 4} {
			for range lines {
				all.Go(func() {
					for ctx.Err() == nil {
						if p.Enter(ctx, client, time.Second) != nil {
							time.Sleep(100 * time.Millisecond)
							continue
						}
						time.Sleep(50 * time.Millisecond)
						p.Leave(client)
						mu.Lock()
						served[client]++
						mu.Unlock()
					}
				})
			}
		}
		all.Wait()
		total := 0
		for _, n := range served {
			total += n
		}
		for client, n := range served {
			if 5*n < total || 3*n > total {
				t.Errorf("%s was served %d times of %d: %v", client, n, total, served)
			}
		}
		if total < 15_000 { // 8 places, 20 a second, 100 s: 16,000
			t.Errorf("%d served: places stand empty", total)
		}
	})
}

// TestWhatWaitsIsBounded: of each client, and in time.
func TestWhatWaitsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := fair.NewPlaces(4, 4, 8)
		for p.Enter(t.Context(), "a", 0) == nil {
		}
		ended := make(chan error, 100)
		for range 100 {
			go func() { ended <- p.Enter(t.Context(), "a", time.Second) }()
		}
		synctest.Wait()
		if n := len(ended); n != 96 {
			t.Errorf("%d of 100 refused at once, 4 places are waited for by one client", n)
		}
		began := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error)
		go func() { gone <- p.Enter(ctx, "b", time.Hour) }()
		synctest.Wait()
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) && err != nil {
			t.Error(err)
		}
		for range 100 {
			if err := <-ended; !errors.Is(err, fair.ErrFull) {
				t.Error(err)
			}
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("waited for %s", took)
		}
	})
}

// TestCostlyOperationsStandApart: cheap ones go on while all costly places are taken, of the same client too.
func TestCostlyOperationsStandApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := fair.NewGate(64)
		var passes []*fair.Pass
		for range 40 {
			go func() {
				p, err := g.Enter(t.Context(), "a", time.Second)
				if err == nil {
					if err = p.Costly(t.Context()); err == nil {
						passes = append(passes, p)
						if p.Costly(t.Context()) != nil || p.Client() != "a" {
							t.Error("who has a costly place has it")
						}
						return
					}
					p.Leave()
				}
				if !errors.Is(err, fair.ErrFull) {
					t.Error(err)
				}
			}()
			synctest.Wait()
		}
		if len(passes) != 4 {
			t.Errorf("one client has %d of 8 costly places", len(passes))
		}
		for range 1000 {
			p, err := g.Enter(t.Context(), "a", time.Second)
			if err != nil {
				t.Fatal(err)
			}
			p.Leave()
			p.Leave()
		}
		other, err := g.Enter(t.Context(), "b", time.Second)
		if err == nil {
			err = other.Costly(t.Context())
		}
		if err != nil {
			t.Errorf("another client's costly operation: %v", err)
		}
		time.Sleep(2 * time.Second) // who waits gives up
	})
	var none *fair.Pass
	if none.Costly(context.Background()) != nil || none.Client() != "" || fair.Of(context.Background()) != nil {
		t.Error("who is not counted goes on")
	}
	none.Leave()
}
