package sqlitestore

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"
	"time"
)

// watchEvery is how long an answer may lag behind a load by another process.
const watchEvery = 50 * time.Millisecond

// watcher notices that the file was changed, by this process or another: PRAGMA data_version of one connection that
// never writes changes with every commit of anyone else.
type watcher struct {
	mu      sync.Mutex
	conn    *sql.Conn
	version int64
	begin   time.Time
	next    atomic.Int64 // when to look again, in ns since begin: the wall clock may be set back
}

func (w *watcher) open(ctx context.Context, db *sql.DB) (err error) {
	w.begin = time.Now()
	if w.conn, err = db.Conn(ctx); err != nil {
		return err
	}
	return w.conn.QueryRowContext(ctx, `PRAGMA data_version`).Scan(&w.version)
}

// due reports whether it is time to look; of many goroutines that ask, one is told yes.
func (w *watcher) due() bool {
	now, next := int64(time.Since(w.begin)), w.next.Load()
	return now >= next && w.next.CompareAndSwap(next, now+int64(watchEvery))
}

// changed reports whether there was a commit since it last said so.
func (w *watcher) changed(ctx context.Context) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var v int64
	// the look must not fail because the request that happens to do it ends
	if err := w.conn.QueryRowContext(context.WithoutCancel(ctx), `PRAGMA data_version`).Scan(&v); err != nil {
		return false, err
	}
	if v == w.version {
		return false, nil
	}
	w.version = v
	return true, nil
}

// again makes the next look see a change: what followed from the last one failed.
func (w *watcher) again() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.version--
}

func (w *watcher) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conn == nil {
		return nil
	}
	return w.conn.Close()
}
