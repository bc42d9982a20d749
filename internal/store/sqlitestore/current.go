package sqlitestore

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/memgraph"
	"github.com/throughline/throughline/internal/store"
)

// versionWait is how long a request waits for a newer version; then it is answered from the one there is.
const versionWait = 100 * time.Millisecond

// seen returns the version that an operation's questions see: the one its view keeps, or without a view the current
// one.
func (s *Store) seen(ctx context.Context, v *store.View) (*memgraph.Graph, error) {
	if v == nil {
		return s.current(ctx)
	}
	kept, err := v.Take(func() (any, error) { return s.current(ctx) })
	graph, _ := kept.(*memgraph.Graph)
	return graph, err
}

// held is seen for a question that reads the version alone, so that it stays.
func (s *Store) held(ctx context.Context) (*memgraph.Graph, error) {
	v := store.ViewOf(ctx)
	for {
		graph, err := s.seen(ctx, v)
		if err != nil || v == nil || v.Answered(graph) {
			return graph, err
		}
	}
}

// current is the version of the file as it is now, or as it was at most watchEvery ago; while a new one takes long to
// make, the one before.
func (s *Store) current(ctx context.Context) (*memgraph.Graph, error) {
	if s.closed.Load() {
		return nil, kg.Errorf(kg.Unavailable, "the store is closed")
	}
	graph := s.graph.Load()
	if graph != nil && !s.watch.due() && !s.lost.Load() {
		return graph, nil
	}
	err := s.file.gone()
	s.lost.Store(err != nil)
	if err != nil {
		return nil, err
	}
	changed, err := s.watch.changed(ctx)
	if err != nil {
		return nil, storeError(ctx, err)
	}
	if graph == nil {
		// whoever asked may go away; the next would only have to begin again
		return s.rebuild(context.WithoutCancel(ctx))
	}
	if !changed {
		return graph, nil
	}
	done := make(chan error, 1)
	ahead := s.inBackground(func(ctx context.Context) {
		_, err := s.rebuild(ctx)
		if err != nil {
			s.watch.again()
		}
		done <- err
	})
	if !ahead {
		return graph, nil // the store is being closed
	}
	wait := time.NewTimer(versionWait)
	defer wait.Stop()
	select {
	case err := <-done:
		if err != nil {
			return nil, err
		}
		return s.graph.Load(), nil
	case <-wait.C:
		return graph, nil
	case <-ctx.Done():
		return nil, kg.Ended(ctx)
	}
}

// inBackground runs f on a goroutine of its own, and reports whether it does: not when the store is closed. Close ends
// the context of f and waits for it.
func (s *Store) inBackground(f func(ctx context.Context)) bool {
	s.backgroundMu.Lock()
	defer s.backgroundMu.Unlock()
	if s.closed.Load() {
		return false
	}
	s.background.Go(func() { f(s.ctx) })
	return true
}

// rebuild makes a new version when the file has a newer seq than the one there is.
func (s *Store) rebuild(ctx context.Context) (*memgraph.Graph, error) {
	graph, unkept, err := s.make(ctx)
	if unkept {
		s.keep(graph)
	}
	return graph, err
}

// make is rebuild, and reports whether a start would be quicker with a snapshot of the new version: it is the first
// here, the file holds no snapshot of it, and it is large.
func (s *Store) make(ctx context.Context) (_ *memgraph.Graph, unkept bool, _ error) {
	s.build.Lock()
	defer s.build.Unlock()
	old := s.graph.Load()
	first := old == nil
	if first {
		old = s.restore(ctx)
	}
	var graph *memgraph.Graph
	err := undeclared(checkOwn(ctx, s.bulk, s.cat)) // others may have written what our schema lacks
	if err == nil {
		graph, err = advance(ctx, s.cat, s.bulk, old)
	}
	if d := (*damage)(nil); errors.As(err, &d) {
		err = d.corrupt(s.file.path)
	}
	if err != nil {
		return nil, false, storeError(ctx, err)
	}
	s.graph.Store(graph)
	if graph.Full() {
		s.inBackground(func(context.Context) { graph.Merge() })
	}
	return graph, first && graph != old && graph.Size() >= s.snapshotFrom, nil
}

// keep saves a version beside the requests.
func (s *Store) keep(graph *memgraph.Graph) {
	s.inBackground(func(ctx context.Context) { s.unsaved(ctx, s.save(ctx, graph)) })
}

// unsaved logs why a snapshot was not saved. It is an aid: without it the next start takes longer.
func (s *Store) unsaved(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		s.log.LogAttrs(ctx, slog.LevelWarn, "the snapshot could not be saved; the next start will take longer",
			slog.Any("error", err))
	}
}

// Warm builds the version, so that no request waits for it.
func (s *Store) Warm(ctx context.Context) error {
	_, err := s.current(ctx)
	return err
}
