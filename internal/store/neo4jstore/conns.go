package neo4jstore

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/kg"
)

// A connection that has died says nothing, and the driver waits for it as long as the caller does: a minute where
// nobody's own time bounds it. So a statement that has heard nothing for a while is not waited for alone: the server is
// tried on a connection of its own. When that is refused, or not answered for a while, Neo4j is away, and whoever asks
// is told at once. When it answers again, or a connection has broken, all connections there are may be dead: they are
// left to the statements that use them, which are run again on others when they stay silent, and new ones are made.

const (
	// silence is how long a statement may hear nothing before the server is tried.
	silence = time.Second
	// tryTime bounds a try, tryPause is between two while Neo4j is away, and strikes is how many in a row say that it
	// is.
	tryTime  = 2 * time.Second
	tryPause = 500 * time.Millisecond
	strikes  = 2
	// busy is how long tries may stay without an answer before that says the same: a server on a machine that has much
	// to do takes seconds for a new connection, and goes on.
	busy = 15 * time.Second
	// moment is how long a statement that was under way while Neo4j did not answer may stay silent once it answers
	// again: a server that stood still goes on.
	moment = 3 * time.Second
	// leaveTime is how long closing waits for statements under way, and then for them to end.
	leaveTime = 500 * time.Millisecond
	endTime   = time.Second
)

// Why a statement was ended by nobody who waits for it.
var (
	errLost   = kg.Errorf(kg.Unavailable, "the store cannot be reached; try again")
	errAway   = kg.Errorf(kg.Unavailable, "Neo4j does not answer; it is tried again until it does")
	errClosed = kg.Errorf(kg.Unavailable, "the store is closed")
)

// errSilent is a try that was not answered, as by a server that is busy or by a network that loses all.
var errSilent = errors.New("no answer")

// conns are the connections to Neo4j.
type conns struct {
	make func() (neo4j.DriverWithContext, error)
	log  *slog.Logger

	mu     sync.Mutex
	now    *pool // that new statements use
	uses   map[*use]struct{}
	pools  int           // that are not closed
	ended  chan struct{} // closed when there are none, after close
	closed bool
	away   bool
	failed int       // tries in a row
	since  time.Time // when the first of them began
	broken bool      // a connection has, and the server was not tried yet
	timer  *time.Timer
	trying bool
	tries  sync.WaitGroup
	ctx    context.Context //nolint:containedctx // until close: nobody waits for a try
	stop   context.CancelFunc
}

// pool is a driver with the number of statements that use it. The driver is closed only when there are none: closing it
// races with a statement that returns its connection (neo4j-go-driver#529).
type pool struct {
	driver neo4j.DriverWithContext
	inside int
	left   bool // no new statement uses it
}

// silenceKind is how long a statement may be silent.
type silenceKind uint8

const (
	reading silenceKind = iota
	writing
	endless // indexes are made for hours
)

// use is a statement, or a few of one transaction.
type use struct {
	c      *conns
	pool   *pool
	caller context.Context //nolint:containedctx // of a call that is under way
	ctx    context.Context //nolint:containedctx // ends with the caller's, or when the statement is given up
	cancel context.CancelCauseFunc
	kind   silenceKind
	heard  atomic.Int64 // when something came from the server, or it was asked
}

func newConns(ctx context.Context, log *slog.Logger, open func() (neo4j.DriverWithContext, error)) (*conns, error) {
	driver, err := open()
	if err != nil {
		return nil, err
	}
	c := &conns{
		make: open, log: log, now: &pool{driver: driver}, pools: 1, uses: map[*use]struct{}{},
		ended: make(chan struct{}),
	}
	c.ctx, c.stop = context.WithCancel(ctx)
	return c, nil
}

// enter begins a statement; leave must follow unless it fails.
func (c *conns) enter(ctx context.Context, p silenceKind) (*use, error) {
	u := &use{c: c, caller: ctx, kind: p}
	u.ctx, u.cancel = context.WithCancelCause(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return nil, errClosed
	case c.away && p != endless:
		return nil, errAway
	}
	u.hear()
	u.pool = c.now
	u.pool.inside++
	c.uses[u] = struct{}{}
	if c.timer == nil && !c.trying {
		c.after(silence)
	}
	return u, nil
}

// session opens a session.
func (u *use) session(cfg neo4j.SessionConfig) neo4j.SessionWithContext {
	return u.pool.driver.NewSession(u.ctx, cfg)
}

// end closes a session, which returns its connection to the pool, even when the caller has gone.
func (u *use) end(s neo4j.SessionWithContext) {
	ctx := context.WithoutCancel(u.ctx)
	if u.ctx.Err() != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, endTime)
		defer cancel()
	}
	_ = s.Close(ctx) // what it could say, the result has said
}

// hear notes that the server has said something.
func (u *use) hear() { u.heard.Store(time.Now().UnixNano()) }

// leave ends a use, and returns err or why it was given up.
func (u *use) leave(err error) error {
	if err != nil && u.caller.Err() == nil {
		if why := context.Cause(u.ctx); why != nil {
			err = why
		}
	}
	var broken *neo4j.ConnectivityError
	lost := u.kind != endless && errors.As(err, &broken) && u.caller.Err() == nil && !pressed(u.caller)
	u.cancel(nil)
	c := u.c
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.uses, u)
	u.pool.inside--
	if lost && !c.closed {
		lost = !full(broken) || u.pool.inside < mostConns()-1
	}
	if lost && !c.closed && u.pool == c.now && !c.broken {
		c.broken = true
		if c.timer != nil && c.timer.Stop() {
			c.timer = nil
		}
		if c.timer == nil && !c.trying {
			c.after(0)
		}
	}
	c.drop(u.pool)
	if lost && full(broken) { // the wait was not for others, but for a connection that does not answer
		return errLost
	}
	return err
}

// drop closes a pool that nobody will use any more. It holds the lock.
func (c *conns) drop(p *pool) {
	if !p.left || p.inside > 0 || p.driver == nil {
		return
	}
	_ = p.driver.Close(context.Background()) // closes connections behind itself
	p.driver = nil
	if c.pools--; c.pools == 0 && c.closed {
		close(c.ended)
	}
}

// leaveFor lets new statements use another driver. It holds the lock.
func (c *conns) leaveFor(driver neo4j.DriverWithContext) {
	old := c.now
	c.now = &pool{driver: driver}
	c.pools++
	old.left = true
	c.drop(old)
}

// after has the server looked at. It holds the lock.
func (c *conns) after(d time.Duration) {
	if !c.closed {
		c.timer = time.AfterFunc(d, c.look)
	}
}

// look tries the server when there is a reason to.
func (c *conns) look() {
	c.mu.Lock()
	c.timer = nil
	if c.closed || c.trying {
		c.mu.Unlock()
		return
	}
	began := time.Now()
	if !c.broken && !c.away && c.failed == 0 && !c.silentSince(began.Add(-silence)) {
		if len(c.uses) > 0 {
			c.after(silence)
		}
		c.mu.Unlock()
		return
	}
	c.trying = true
	c.tries.Add(1)
	c.mu.Unlock()
	defer c.tries.Done()

	driver, err := c.try()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trying = false
	if c.closed {
		closeUnused(driver)
		return
	}
	if err != nil {
		c.strike(began, err)
		c.after(tryPause)
		return
	}
	if c.broken || c.away || c.failed > 0 {
		c.back(driver)
	} else {
		closeUnused(driver)
	}
	if len(c.uses) > 0 {
		c.after(silence)
	}
}

func closeUnused(driver neo4j.DriverWithContext) {
	if driver != nil {
		_ = driver.Close(context.Background()) // it was only tried
	}
}

// silentSince reports whether there is a statement that has heard nothing since then. It holds the lock.
func (c *conns) silentSince(then time.Time) bool {
	for u := range c.uses {
		if u.kind != endless && u.heard.Load() < then.UnixNano() {
			return true
		}
	}
	return false
}

// try asks the server on a connection of its own. A server that refuses is there.
func (c *conns) try() (neo4j.DriverWithContext, error) {
	driver, err := c.make()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(c.ctx, tryTime)
	defer cancel()
	var refused *neo4j.Neo4jError
	if err := driver.VerifyConnectivity(ctx); err != nil && !errors.As(err, &refused) {
		closeUnused(driver)
		if ctx.Err() != nil {
			return nil, errors.Join(errSilent, err)
		}
		return nil, err
	}
	return driver, nil
}

// strike notes a try that failed. It holds the lock.
func (c *conns) strike(began time.Time, err error) {
	if c.failed++; c.failed == 1 {
		c.since = began
	}
	if c.failed < strikes || c.away || errors.Is(err, errSilent) && time.Since(c.since) < busy {
		return
	}
	c.away = true
	c.log.Warn("neo4j does not answer; it is tried again", "cause", err.Error())
	c.giveUp(reading, c.since, errAway)
}

// back goes on with new connections. It holds the lock.
func (c *conns) back(driver neo4j.DriverWithContext) {
	if c.away {
		c.log.Info("neo4j answers again")
	}
	if c.failed > 0 {
		c.tries.Add(1)
		go c.abandon(time.Now())
	}
	c.broken, c.away, c.failed = false, false, 0
	c.leaveFor(driver)
}

// abandon waits for moment, and then gives up the reads and writes that have heard nothing since.
func (c *conns) abandon(since time.Time) {
	defer c.tries.Done()
	t := time.NewTimer(moment)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.ctx.Done():
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.giveUp(reading, since, errLost)
	c.giveUp(writing, since, errLost)
}

// giveUp ends the statements that have heard nothing since then. It holds the lock.
func (c *conns) giveUp(p silenceKind, then time.Time, why error) {
	for u := range c.uses {
		if u.kind == p && u.heard.Load() < then.UnixNano() {
			u.cancel(why)
		}
	}
}

// close ends the statements under way, after a moment, and closes the connections when they are given back.
func (c *conns) close() {
	c.mu.Lock()
	c.closed = true
	c.now.left = true
	c.drop(c.now)
	c.mu.Unlock()
	c.stop()
	if !c.endIn(leaveTime) {
		c.mu.Lock()
		for u := range c.uses {
			u.cancel(errClosed)
		}
		c.mu.Unlock()
		c.endIn(endTime) // who stays longer closes the rest as it leaves
	}
	c.tries.Wait()
}

func (c *conns) endIn(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-c.ended:
		return true
	case <-t.C:
		return false
	}
}
