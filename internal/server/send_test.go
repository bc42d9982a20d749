package server_test

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/server"
)

// reader is a client that takes a piece of an answer in its time, by a clock of its own.
type reader struct {
	header http.Header
	now    time.Time
	takes  time.Duration // for a piece
	by     []time.Duration
	until  time.Time
	pieces int
	each   func() // is told of each piece
}

func (r *reader) Header() http.Header { return r.header }
func (r *reader) WriteHeader(int)     {}

func (r *reader) Write(b []byte) (int, error) {
	r.pieces++
	if r.each != nil {
		r.each()
	}
	if r.now = r.now.Add(r.takes); !r.until.IsZero() && r.now.After(r.until) {
		r.now = r.until
		return 0, os.ErrDeadlineExceeded
	}
	return len(b), nil
}

// SetWriteDeadline takes down how long there is for the next piece.
func (r *reader) SetWriteDeadline(t time.Time) error {
	r.until = t
	r.by = append(r.by, t.Sub(r.now))
	return nil
}

// TestAReaderOfAnExportIsNotWaitedForLong: one that takes each piece in its time, and the whole in hours, is cut off; one
// that the server is slow for is not.
func TestAReaderOfAnExportIsNotWaitedForLong(t *testing.T) {
	const rate, piece = 256 << 10, 64 << 10
	export := func(takes, made time.Duration) (*reader, time.Duration, error) {
		r := &reader{header: http.Header{}, now: time.Unix(0, 0), takes: takes}
		w := server.ExportTo(r, rate, time.Minute, func() time.Time { return r.now })
		began := r.now
		b := make([]byte, piece)
		for range 10_000 {
			r.now = r.now.Add(made)
			if _, err := w.Write(b); err != nil {
				return r, r.now.Sub(began), err
			}
		}
		return r, r.now.Sub(began), nil
	}
	r, took, err := export(9*time.Second, 0)
	var own *kg.Error
	if !errors.As(err, &own) || own.Code != kg.Timeout || !strings.Contains(own.Message, "takes less than 262144 bytes a second") {
		t.Errorf("who takes 7 kB a second is told %v", err)
	}
	if took > 63*time.Second || r.pieces < 5 {
		t.Errorf("who takes 7 kB a second was waited for %v, for %d pieces", took, r.pieces)
	}
	if _, took, err := export(time.Second, 0); err == nil || took > 82*time.Second {
		t.Errorf("who takes 64 kB a second was waited for %v: %v", took, err)
	}
	if _, took, err := export(250*time.Millisecond, 0); err != nil {
		t.Errorf("who takes 256 kB a second, after %v: %v", took, err)
	}
	if _, took, err := export(10*time.Millisecond, 5*time.Second); err != nil {
		t.Errorf("who waits for what the server makes, after %v: %v", took, err)
	}
	if r, _, err := export(11*time.Second, 0); !errors.Is(err, os.ErrDeadlineExceeded) || r.pieces != 1 {
		t.Errorf("who has stopped is noticed at piece %d: %v", r.pieces, err)
	}
}

// TestAPlaceIsHeldForSecondsWhileTheOutboxIsFull: who reads then has less time, for a piece and for all, until there is
// room again.
func TestAPlaceIsHeldForSecondsWhileTheOutboxIsFull(t *testing.T) {
	s := newServer(t, server.Options{Outbox: 1 << 20})
	body := make([]byte, 1<<20)
	deliver := func(each func(r *reader, worked bool)) (r *reader, worked bool) {
		r = &reader{header: http.Header{}, now: time.Now()}
		r.each = func() { each(r, worked) }
		s.Deliver(r, body, func() { worked = true })
		return r, worked
	}
	if r, worked := deliver(func(r *reader, worked bool) {
		if !worked {
			t.Errorf("there is room, and piece %d is sent in a place", r.pieces)
		}
	}); !worked || r.pieces != 16 {
		t.Errorf("of an answer that may wait %d pieces were sent", r.pieces)
	}
	empty := s.FillOutbox()
	r, worked := deliver(func(r *reader, worked bool) {
		if worked != (r.pieces > 4) {
			t.Errorf("piece %d: the place was given back: %v", r.pieces, worked)
		}
		if r.pieces == 4 {
			empty()
		}
	})
	if !worked || r.pieces != 16 {
		t.Errorf("of an answer that finds room %d pieces were sent", r.pieces)
	}
	for i, by := range r.by {
		if full := i < 4; full && by > server.DefaultFullTime/2 || !full && by < server.DefaultFullTime/2 {
			t.Errorf("for piece %d there are %v", i+1, by)
		}
	}
	s = newServer(t, server.Options{Outbox: 1 << 20, FullTime: time.Nanosecond})
	s.FillOutbox()
	r = &reader{header: http.Header{}, now: time.Now(), takes: time.Second}
	s.Deliver(r, body, func() { t.Error("there is no room, and the place was given back") })
	if r.pieces != 1 {
		t.Errorf("%d pieces were sent in no time", r.pieces)
	}
}
