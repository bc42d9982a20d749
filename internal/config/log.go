package config

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// errorInterval is how often an error of one kind is logged: a client can cause as many as it likes.
const errorInterval = time.Second

// sparing is a handler that logs one error of each kind, and when the interval is over the last of those that came
// meanwhile, with their number. Errors of one message and code are of one kind. What is no error passes.
type sparing struct {
	slog.Handler
	kinds *kinds
}

type kinds struct {
	mu   sync.Mutex
	seen map[string]*kind
}

// kind is an error that was logged in this interval.
type kind struct {
	more    int
	last    slog.Record
	handler slog.Handler // of the last
}

func newSparing(h slog.Handler) *sparing { return &sparing{h, &kinds{seen: map[string]*kind{}}} }

// Handle logs a record, or counts it.
func (s *sparing) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelError {
		return s.Handler.Handle(ctx, r)
	}
	key := r.Message
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "code" {
			key += "\x00" + a.Value.String()
		}
		return true
	})
	s.kinds.mu.Lock()
	if k := s.kinds.seen[key]; k != nil {
		k.more++
		k.last, k.handler = r, s.Handler
		s.kinds.mu.Unlock()
		return nil
	}
	s.kinds.seen[key] = &kind{}
	s.kinds.mu.Unlock()
	time.AfterFunc(errorInterval, func() { s.kinds.over(key) })
	return s.Handler.Handle(ctx, r)
}

// over ends the interval of a kind.
func (k *kinds) over(key string) {
	k.mu.Lock()
	x := k.seen[key]
	if x.more == 0 {
		delete(k.seen, key)
		k.mu.Unlock()
		return
	}
	r, h := x.last.Clone(), x.handler
	r.AddAttrs(slog.Int("times", x.more))
	x.more = 0
	k.mu.Unlock()
	time.AfterFunc(errorInterval, func() { k.over(key) })
	_ = h.Handle(context.Background(), r) // there is nowhere to say that a log cannot be written
}

// WithAttrs is that of the handler.
func (s *sparing) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &sparing{s.Handler.WithAttrs(attrs), s.kinds}
}

// WithGroup is that of the handler.
func (s *sparing) WithGroup(name string) slog.Handler {
	return &sparing{s.Handler.WithGroup(name), s.kinds}
}
