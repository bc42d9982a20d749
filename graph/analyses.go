package graph

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/throughline/throughline/internal/budget"
	"github.com/throughline/throughline/internal/fair"
	"github.com/throughline/throughline/internal/kg"
)

const (
	// maxKept is how many bytes of results are kept, by their own account.
	maxKept = 256 << 20
	// analysisTimeout is how long a measure may take, and how long it may wait for its turn. When those who waited for
	// it had less time it goes on, so that who asks again finds it; no more than have a turn go on like this.
	analysisTimeout = time.Minute
	// atOnce is how many measures are taken at once. Each takes all the processors there are, so they are slower
	// together: of one client two are, and whoever comes next begins all the same.
	atOnce = 4
)

// analyses keeps what was found out about the whole graph as long as the graph is in the same state, and has those
// who ask the same at once wait for one answer. singleflight would do the second, but goes on when nobody waits
// any more.
type analyses struct {
	mu    sync.Mutex
	state string
	found map[string]*analysis
	used  []string // keys of what is finished, least lately used first
	size  int      // of these
	most  int      // it may be
	// memory bounds the bytes of measures under way and of the results that are kept.
	memory *budget.Pool
	turns  *fair.Places
}

// analysis is one result, perhaps still in the making.
type analysis struct {
	done    chan struct{}
	waiting int
	running bool // it has its turn
	client  string
	memory  *budget.Budget
	cancel  context.CancelFunc
	// set before done is closed
	value sized
	err   error
}

// sized is a result that knows about how many bytes it keeps.
type sized interface{ Size() int }

// newAnalyses keeps results in a quarter of the memory at the most.
func newAnalyses(memory *budget.Pool) *analyses {
	return &analyses{
		found:  map[string]*analysis{},
		most:   int(min(maxKept, memory.Most()/4)),
		memory: memory,
		turns:  fair.NewPlaces(atOnce, 1, 2*atOnce),
	}
}

// get returns what f finds out about the graph in this state, found before or now. It ends soon after ctx; f does when
// nobody waits for it any more, but see analysisTimeout. fresh reports whether f was run for this caller.
func (a *analyses) get(
	ctx context.Context,
	log *slog.Logger,
	state, key string,
	f func(ctx context.Context) (sized, error),
) (value sized, fresh bool, err error) {
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
		x = &analysis{
			done:   make(chan struct{}),
			cancel: cancel,
			client: fair.Of(ctx).Client(),
			memory: a.memory.Begin(a.memory.Most()),
		}
		a.found[key] = x
		go a.run(budget.With(work, x.memory), log, key, x, f)
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

func (a *analyses) run(
	ctx context.Context,
	log *slog.Logger,
	key string,
	x *analysis,
	f func(ctx context.Context) (sized, error),
) {
	defer x.cancel()
	x.value, x.err = a.work(ctx, log, x, f)
	a.mu.Lock()
	defer a.mu.Unlock()
	defer close(x.done) // last: whoever is told finds its memory counted
	switch {
	case a.found[key] != x:
		x.memory.End()
	case x.err != nil:
		x.memory.End()
		delete(a.found, key)
	default:
		x.memory.Keep(int64(x.value.Size()))
		a.used = append(a.used, key)
		a.size += x.value.Size()
		a.forget(func(k string) bool { return a.size > a.most && k != key })
	}
}

func (a *analyses) work(
	ctx context.Context,
	log *slog.Logger,
	x *analysis,
	f func(ctx context.Context) (sized, error),
) (value sized, err error) {
	switch err := a.turns.Enter(ctx, x.client, analysisTimeout); {
	case errors.Is(err, fair.ErrFull):
		return nil, kg.Wrap(kg.Unavailable, budget.ErrFull, "others measure the graph; try again in a second")
	case err != nil:
		return nil, err
	}
	defer a.turns.Leave(x.client)
	a.mu.Lock()
	x.running = true
	a.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, analysisTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			log.LogAttrs(
				ctx,
				slog.LevelError,
				"panic while measuring the graph",
				slog.Any("panic", p),
				slog.String("stack", string(debug.Stack())),
			)
			err = kg.Errorf(kg.Internal, "panic")
		}
	}()
	return f(ctx)
}

// forget drops finished results, least lately used first, as long as which says so.
func (a *analyses) forget(which func(key string) bool) {
	for len(a.used) > 0 && which(a.used[0]) {
		x := a.found[a.used[0]]
		a.size -= x.value.Size()
		x.memory.End()
		delete(a.found, a.used[0])
		a.used = a.used[1:]
	}
}
