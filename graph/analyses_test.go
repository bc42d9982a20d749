package graph_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/budget"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/sample"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
)

// reading is how the whole graph is read, or is not; read reads it.
type reading func(ctx context.Context, read func() (*store.Whole, error)) (*store.Whole, error)

// held is a store that reads the whole graph when it is let, and then as it is told.
type held struct {
	store.Answerer
	let chan reading

	mu           sync.Mutex
	reads, ended int
}

func (h *held) Whole(ctx context.Context, w *plan.Walk) (*store.Whole, error) {
	h.mu.Lock()
	h.reads++
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		h.ended++
		h.mu.Unlock()
	}()
	select {
	case how := <-h.let:
		return how(ctx, func() (*store.Whole, error) { return h.Answerer.Whole(ctx, w) })
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// counts are how many readings have begun, and how many have ended.
func (h *held) counts() [2]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return [2]int{h.reads, h.ended}
}

func read(_ context.Context, read func() (*store.Whole, error)) (*store.Whole, error) { return read() }

// measured runs a test in a bubble of its own, where nothing may be left running, on a graph whose readings are held.
func measured(t *testing.T, pool *budget.Pool, test func(t *testing.T, e *graph.Engine, h *held)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cat := parse(t)
		s := storetest.NewOracle(cat, time.Now)
		if _, err := sample.Load(t.Context(), cat, s); err != nil {
			t.Fatal(err)
		}
		h := &held{Answerer: s, let: make(chan reading)}
		limits := plan.DefaultLimits()
		limits.Timeout = 7 * time.Second
		e, err := graph.New(graph.Options{Catalog: cat, Store: h, Limits: limits, Memory: pool})
		if err != nil {
			t.Fatal(err)
		}
		test(t, e, h)
	})
}

const askedMeasure, measuredAnswer = `{ centrality(by: DEGREE, first: 1) { nodes { id } } }`, `{"data":{"centrality":{"nodes":[{"id":"digital-dialogue-on-human-security-in-nato"}]}}}`

// asking has a client ask for a measure; it ends with the answer, or the error's code.
func asking(ctx context.Context, e *graph.Engine) <-chan string {
	answer := make(chan string, 1)
	go func() {
		r := e.Do(ctx, &graph.Request{Query: askedMeasure})
		defer r.Release()
		if code := r.Code(); code != "" {
			answer <- code + fmt.Sprint(r.Errors)
			return
		}
		answer <- string(r.AppendJSON(nil))
	}()
	return answer
}

// TestAMeasureThatFailsWhileOthersWait: it fails for all who wait for it, with the error's code and none of its
// words, and whoever asks then has it measured again.
func TestAMeasureThatFailsWhileOthersWait(t *testing.T) {
	for name, c := range map[string]struct {
		how  reading
		code kg.Code
	}{
		"a coded error": {func(ctx context.Context, _ func() (*store.Whole, error)) (*store.Whole, error) {
			if err := budget.Of(ctx).Hold(512 << 10); err != nil { // what was held is given back
				return nil, err
			}
			return nil, kg.Errorf(kg.Unavailable, "the store is away")
		}, kg.Unavailable},
		"another error": {func(context.Context, func() (*store.Whole, error)) (*store.Whole, error) {
			return nil, errors.New("secret")
		}, kg.Internal},
		"a panic": {
			func(context.Context, func() (*store.Whole, error)) (*store.Whole, error) { panic("secret") },
			kg.Internal,
		},
		"more than there is memory for": {func(_ context.Context, read func() (*store.Whole, error)) (*store.Whole,
			error,
		) {
			w, err := read()
			for i := range 200_000 {
				w.Nodes = append(w.Nodes, store.WholeNode{ID: fmt.Sprintf("~%06d", i)})
			}
			return w, err
		}, kg.CostLimit},
	} {
		t.Run(name, func(t *testing.T) {
			pool := budget.NewPool(1 << 20)
			measured(t, pool, func(t *testing.T, e *graph.Engine, h *held) {
				var answers []<-chan string
				for range 5 {
					answers = append(answers, asking(t.Context(), e))
				}
				synctest.Wait() // all of them wait
				h.let <- c.how
				for _, answer := range answers {
					if got := <-answer; !strings.HasPrefix(got, string(c.code)) || strings.Contains(got, "secret") {
						t.Errorf("%s, want %s", got, c.code)
					}
				}
				synctest.Wait()
				if n := pool.Used(); n != 0 {
					t.Errorf("%d bytes are held for what failed", n)
				}
				again := asking(t.Context(), e)
				h.let <- read
				if got := <-again; got != measuredAnswer {
					t.Errorf("asked again: %s", got)
				}
				if got := h.counts(); got != [2]int{2, 2} {
					t.Errorf("%v readings have begun and ended", got)
				}
			})
		})
	}
}

// TestWhoeverLeavesAMeasureLeavesItToOthers: be it who began it, or that the time of all is up.
func TestWhoeverLeavesAMeasureLeavesItToOthers(t *testing.T) {
	measured(t, nil, func(t *testing.T, e *graph.Engine, h *held) {
		ctx, leave := context.WithCancel(t.Context())
		first := asking(ctx, e)
		synctest.Wait()
		second, third := asking(t.Context(), e), asking(t.Context(), e)
		synctest.Wait()
		leave()
		if got := <-first; !strings.HasPrefix(got, string(kg.Cancelled)) {
			t.Errorf("who left got %s", got)
		}
		synctest.Wait()
		if got := h.counts(); got != [2]int{1, 0} {
			t.Errorf("%v readings have begun and ended", got)
		}
		h.let <- read
		for _, answer := range []<-chan string{second, third} {
			if got := <-answer; got != measuredAnswer {
				t.Errorf("who stayed got %s", got)
			}
		}
	})
}

// TestAMeasureThatTakesTooLong: it goes on while others come, for a minute. Then it fails for those who wait,
// whose own time is not up, and whoever asks next has it measured again.
func TestAMeasureThatTakesTooLong(t *testing.T) {
	measured(t, nil, func(t *testing.T, e *graph.Engine, h *held) {
		began := time.Now()
		for h.counts()[1] == 0 && time.Since(began) < time.Hour {
			first, second := asking(t.Context(), e), asking(t.Context(), e)
			for _, answer := range []<-chan string{first, second} {
				if got := <-answer; !strings.HasPrefix(got, string(kg.Timeout)) {
					t.Errorf("after %v: %s", time.Since(began), got)
				}
			}
			synctest.Wait()
		}
		if took := time.Since(began); took != time.Minute || h.counts() != [2]int{1, 1} {
			t.Errorf("it was given up after %v; %v readings have begun and ended", took, h.counts())
		}
		again := asking(t.Context(), e)
		h.let <- read
		if got := <-again; got != measuredAnswer {
			t.Errorf("asked again: %s", got)
		}
	})
}
