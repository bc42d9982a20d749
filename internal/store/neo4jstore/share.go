package neo4jstore

import (
	"context"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/throughline/throughline/internal/store"
)

// Requests of one shape that are under way together share a statement. A statement costs Neo4j and the driver much the
// same whether it finds one person or ten, so under load most of what a small request costs is being a request.
//
// Each shape has a few slots. Who finds one free sends its statement at once, as if there were no sharing; who does not
// waits, and when a statement comes back those that wait go out together in its place. So nobody waits for others that
// might come, and a request that is alone pays for a look at a lock.
//
// What can be told apart stays apart. Everything that depends on a request's values (which rows, an ambiguous name, too
// many rows) is read from the request's own records. A caller that goes leaves the others alone; the statement is
// stopped when all have gone. When a shared statement fails, whatever the reason, that is nobody's answer: each of its
// requests then asks on its own.

// request is the variable that holds a request's values in a shared statement: its number, then its parameters.
const request = "request"

// Shared is a good Options.Share: docs/decisions/0004-shared-statements.md has the figures.
const Shared = 2

// together is how many requests share a statement at most: beyond it the first would wait long for the last.
const together = 16

// batcher is the statements of one shape that are under way, and who waits for one of them to come back.
type batcher struct {
	slots   int
	mu      sync.Mutex
	busy    int
	waiting []*waiter

	once sync.Once
	text string // for several requests
}

// waiter is a request that waits for its turn, or shares a statement.
type waiter struct {
	ctx    context.Context //nolint:containedctx // the statement must end when all that wait for it have
	c      *compiler
	in     *batch // once it shares a statement
	answer chan reply
}

// reply is what a waiter gets: an answer, or word to ask on its own, for all of its shape or for itself.
type reply struct {
	records  [][]any
	bookmark string // the bookmark they are of
	turn     bool
	own      bool
}

// batch is the requests that share a statement.
type batch struct {
	members []*waiter
	left    int // members that still wait
	cancel  context.CancelFunc
}

// ask runs the statement of a plan, alone or together with others. It returns the records, their bookmark, and the
// number of round trips.
func (s *Store) ask(ctx context.Context, st *statement, c *compiler) ([][]any, string, int, error) {
	l := &st.batcher
	if l.slots == 0 || store.RecorderOf(ctx) != nil { // who wants to know how it is answered is answered alone
		return s.readMarked(ctx, st.text, params(c.values))
	}
	l.mu.Lock()
	if l.busy < l.slots {
		l.busy++
		l.mu.Unlock()
		defer s.next(st)
		return s.readMarked(ctx, st.text, params(c.values))
	}
	w := &waiter{ctx: ctx, c: c, answer: make(chan reply, 1)}
	l.waiting = append(l.waiting, w)
	l.mu.Unlock()
	select {
	case a := <-w.answer:
		switch {
		case a.turn:
			defer s.next(st)
			return s.readMarked(ctx, st.text, params(c.values))
		case a.own:
			records, bookmark, trips, err := s.readMarked(ctx, st.text, params(c.values))
			return records, bookmark, trips + 1, err
		}
		return a.records, a.bookmark, 1, nil
	case <-ctx.Done():
		if l.leave(w) {
			s.next(st)
		}
		return nil, "", 0, failure(ctx, ctx.Err())
	}
}

// leave takes away a waiter whose caller has gone, and reports whether it had been given a slot.
func (l *batcher) leave(w *waiter) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := w.in; b != nil {
		if b.left--; b.left == 0 {
			b.cancel()
		}
		return false
	}
	if i := slices.Index(l.waiting, w); i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
		return false
	}
	return true
}

// next hands a slot that has become free to those that wait.
func (s *Store) next(st *statement) {
	l := &st.batcher
	l.mu.Lock()
	defer l.mu.Unlock()
	members := l.take()
	switch len(members) {
	case 0:
		l.busy--
	case 1:
		members[0].answer <- reply{turn: true}
	default:
		ctx, cancel := context.WithCancel(s.lifetime)
		b := &batch{members: members, left: len(members), cancel: cancel}
		for _, w := range members {
			w.in = b
		}
		if !s.sharing.start(func() { s.run(ctx, st, b) }) {
			cancel()
			l.busy--
			for _, w := range members {
				w.answer <- reply{own: true}
			}
		}
	}
}

// group is goroutines that end before it closes, and none starts afterwards.
type group struct {
	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
}

func (g *group) start(f func()) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.running.Go(f)
	}
	return !g.closed
}

func (g *group) close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.running.Wait()
}

// take takes those that have waited longest and can share a statement: their limits are equal.
func (l *batcher) take() []*waiter {
	if len(l.waiting) == 0 {
		return nil
	}
	first := l.waiting[0].c
	var members []*waiter
	rest := l.waiting[:0]
	for _, w := range l.waiting {
		if len(members) < together && sameLimits(first, w.c) {
			members = append(members, w)
		} else {
			rest = append(rest, w)
		}
	}
	clear(l.waiting[len(rest):])
	l.waiting = rest
	return members
}

func sameLimits(a, b *compiler) bool {
	for _, i := range a.limits {
		if a.values[i] != b.values[i] {
			return false
		}
	}
	return true
}

// run asks for all members at once. Requests for the very same are asked for once.
func (s *Store) run(ctx context.Context, st *statement, b *batch) {
	defer b.cancel()
	defer s.next(st)
	var rows []any
	number := make([]int, len(b.members))
	for i, w := range b.members {
		values := w.c.values
		same := slices.IndexFunc(rows, func(r any) bool { return reflect.DeepEqual(r.([]any)[1:], values[1:]) }) // made here
		if same < 0 {
			same = len(rows)
			values[0] = int64(same)
			rows = append(rows, values)
		}
		number[i] = same
	}
	first := b.members[0].c
	ctx, cancel := until(ctx, b.members)
	defer cancel()
	var records [][]any
	var bookmark string
	var err error
	found := make([][][]any, len(rows))
	if len(rows) == 1 {
		found[0], bookmark, err = s.readMarkedOnce(ctx, st.text, params(first.values))
	} else {
		records, bookmark, err = s.readMarkedOnce(ctx, st.batcher.shared(first), sharedParams(first, rows))
		for _, r := range records {
			i := asInt(r[0])
			found[i] = append(found[i], r[1:])
		}
	}
	for i, w := range b.members {
		w.answer <- reply{records: found[number[i]], bookmark: bookmark, own: err != nil}
	}
}

// until bounds a statement by the time of whoever can wait longest.
func until(ctx context.Context, members []*waiter) (context.Context, context.CancelFunc) {
	var last time.Time
	for _, w := range members {
		end, ok := w.ctx.Deadline()
		if !ok {
			return ctx, func() {}
		}
		if end.After(last) {
			last = end
		}
	}
	return context.WithDeadline(ctx, last)
}

// shared returns the statement for several requests of the shape that c was compiled for.
func (l *batcher) shared(c *compiler) string {
	l.once.Do(func() { l.text = sharedText(c.layout, c) })
	return l.text
}

// sharedParams are the limits that all have and the values of each.
func sharedParams(c *compiler, rows []any) map[string]any {
	ps := make(map[string]any, len(c.limits)+1)
	for _, i := range c.limits {
		ps[paramName(i-1)] = c.values[i]
	}
	ps["requests"] = rows
	return ps
}

func sharedText(l *layout, of *compiler) string {
	c, a := compile(l, of.q, shared)
	columns := "row"
	if a.refs {
		columns = "candidates, rows"
	}
	return "UNWIND $requests AS " + request + "\nCALL (" + request + ") {\n" + string(c.text) + "\n}\nRETURN " +
		request + "[0] AS number, " + columns
}
