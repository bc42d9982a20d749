package graph

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/throughline/throughline/internal/kg"
)

const (
	// maxKept is how many bytes of results are kept, by their own account.
	maxKept = 256 << 20
	// patience is how long a measure may take. When those who waited for it had less time it goes on, so that who asks
	// again finds it; as one is taken at a time, one at the most goes on like this.
	patience = time.Minute
)

// analyses keeps what was found out about the whole graph as long as the graph is in the same state, and has those who ask
// the same at once wait for one answer. singleflight would do the second, but goes on when nobody waits any more.
type analyses struct {
	mu    sync.Mutex
	state string
	found map[string]*analysis
	used  []string // keys of what is finished, least lately used first
	size  int      // of these
	// turn holds whoever counts: one takes all the processors there are, so several would only be slower together.
	turn chan struct{}
}

// analysis is one result, perhaps still in the making.
type analysis struct {
	done    chan struct{}
	waiting int
	running bool // it has the turn
	cancel  context.CancelFunc
	// set before done is closed
	value sized
	err   error
}

// sized is a result that tells about how many bytes it keeps.
type sized interface{ Size() int }

func newAnalyses() *analyses {
	return &analyses{found: map[string]*analysis{}, turn: make(chan struct{}, 1)}
}

// get gives what f finds out about the graph in this state, found before or now. It ends soon after ctx; f does when
// nobody waits for it any more, but see patience. fresh tells that f was run for this caller.
func (a *analyses) get(ctx context.Context, log *slog.Logger, state, key string, f func(ctx context.Context) (sized, error)) (value sized, fresh bool, err error) {
	key = state + "\x00" + key
	a.mu.Lock()
	if a.state != state {
		a.forget(func(string) bool { return true })
		a.state = state
	}
	x := a.found[key]
	if x == nil {
		fresh = true
		work, cancel := context.WithCancel(context.WithoutCancel(ctx))
		x = &analysis{done: make(chan struct{}), cancel: cancel}
		a.found[key] = x
		go a.run(work, log, key, x, f)
	} else if i := slices.Index(a.used, key); i >= 0 {
		a.used = append(slices.Delete(a.used, i, i+1), key)
	}
	x.waiting++
	a.mu.Unlock()
	select {
	case <-x.done:
		return x.value, fresh, x.err
	case <-ctx.Done():
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if x.waiting--; x.waiting == 0 && (!x.running || !errors.Is(ctx.Err(), context.DeadlineExceeded)) {
		x.cancel()
		if a.found[key] == x && !slices.Contains(a.used, key) {
			delete(a.found, key) // who asks now begins anew
		}
	}
	return nil, false, ctx.Err()
}

func (a *analyses) run(ctx context.Context, log *slog.Logger, key string, x *analysis, f func(ctx context.Context) (sized, error)) {
	defer x.cancel()
	x.value, x.err = a.work(ctx, log, x, f)
	a.mu.Lock()
	defer a.mu.Unlock()
	close(x.done)
	switch {
	case a.found[key] != x:
	case x.err != nil:
		delete(a.found, key)
	default:
		a.used = append(a.used, key)
		a.size += x.value.Size()
		a.forget(func(k string) bool { return a.size > maxKept && k != key })
	}
}

func (a *analyses) work(ctx context.Context, log *slog.Logger, x *analysis, f func(ctx context.Context) (sized, error)) (value sized, err error) {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	a.mu.Lock()
	x.running = true
	a.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			log.LogAttrs(ctx, slog.LevelError, "panic while measuring the graph", slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
			err = kg.Errorf(kg.Internal, "panic")
		}
	}()
	return f(ctx)
}

// forget drops finished results, least lately used first, as long as which says so.
func (a *analyses) forget(which func(key string) bool) {
	for len(a.used) > 0 && which(a.used[0]) {
		a.size -= a.found[a.used[0]].value.Size()
		delete(a.found, a.used[0])
		a.used = a.used[1:]
	}
}
