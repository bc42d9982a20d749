package server

import (
	"bytes"
	"cmp"
	"net/http"
	"strconv"
	"time"

	"github.com/throughline/throughline/internal/kg"
)

// deliver sends an answer that is made. As soon as its bytes may wait in the outbox for a slow reader, worked gives
// back what others work with: a place, and memory. While the outbox is full of others, the answer keeps those, and its
// reader has less time.
func (s *Server) deliver(w http.ResponseWriter, status int, body []byte, worked func()) {
	out := s.outbox.Begin(int64(len(body)))
	defer out.End()
	waits := out.Hold(int64(len(body))) == nil
	if waits {
		worked()
	}
	w.WriteHeader(status)
	if len(body) <= writeChunk { // it waits: a little is never refused
		_, _ = w.Write(body) // who reads has gone
		return
	}
	now := time.Now()
	p := &paced{ResponseWriter: w, conn: http.NewResponseController(w), chunk: chunkTime, end: now.Add(writeTime), now: time.Now}
	if !waits {
		p.chunk, p.end = s.o.FullTime/fullChunks, now.Add(s.o.FullTime)
		p.piece = func(rest int) {
			if waits = out.Hold(int64(rest)) == nil; waits {
				worked()
				p.chunk, p.end, p.piece = chunkTime, now.Add(writeTime), nil
			}
		}
	}
	_, _ = p.Write(body)
}

// reply is an answer in memory.
type reply struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header is that of the answer.
func (m *reply) Header() http.Header { return m.header }

// Write keeps a piece of the answer.
func (m *reply) Write(p []byte) (int, error) { return m.body.Write(p) }

// WriteHeader keeps the status.
func (m *reply) WriteHeader(status int) { m.status = status }

// relay sends an answer that was made in memory, and is of its moment.
func (s *Server) relay(w http.ResponseWriter, m *reply, worked func()) {
	h := w.Header()
	for name, values := range m.header {
		h[name] = values
	}
	h["Cache-Control"] = notKept
	h.Set("Content-Length", strconv.Itoa(m.body.Len()))
	s.deliver(w, cmp.Or(m.status, http.StatusOK), m.body.Bytes(), worked)
}

// kept has pages made in memory, so that the outbox counts those that wait for slow readers.
func (s *Server) kept(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m := &reply{header: w.Header()}
		next.ServeHTTP(m, r)
		s.deliver(w, cmp.Or(m.status, http.StatusOK), m.body.Bytes(), func() {})
	})
}

// paced writes an answer of any length in pieces, each of which has to be taken in its time: a reader that has stopped
// is noticed then. One that goes on slowly is noticed by the end, or by the rate: what counts of that is the time in
// which the reader is waited for, and not that in which the answer is made.
type paced struct {
	http.ResponseWriter
	conn  *http.ResponseController
	now   func() time.Time
	chunk time.Duration // for a piece
	end   time.Time     // when the time for all of it is up; zero where there is no such time
	head  bool          // nobody wants a body
	begun bool
	due   int            // bytes until the time for a piece begins anew
	piece func(rest int) // unless nil, is told before a piece how much is left

	// rate is how many bytes a second a reader takes at least, beside grace for all of it; 0 for any.
	rate   int64
	grace  time.Duration
	waited time.Duration // for the reader
	sent   int64
}

// Write writes a piece.
func (p *paced) Write(b []byte) (n int, err error) {
	p.begun = true
	if p.head {
		p.WriteHeader(http.StatusOK)
		return 0, errHead
	}
	for len(b) > 0 {
		if p.due <= 0 {
			if p.piece != nil {
				p.piece(len(b))
			}
			if err := p.limit(); err != nil {
				return n, err
			}
			p.due = writeChunk
		}
		began := p.now()
		m, err := p.ResponseWriter.Write(b[:min(len(b), p.due)])
		p.waited += p.now().Sub(began)
		n, b, p.due, p.sent = n+m, b[m:], p.due-m, p.sent+int64(m)
		if err != nil {
			if slow := p.slow(); slow != nil {
				err = slow
			}
			return n, err
		}
	}
	return n, nil
}

// left is how long the reader may still be waited for, by its rate.
func (p *paced) left() time.Duration {
	return p.grace + time.Duration(float64(p.sent)/float64(p.rate)*float64(time.Second)) - p.waited
}

// slow is the error for a reader that is slower than it may be, nil for others.
func (p *paced) slow() error {
	if p.rate == 0 || p.left() > 0 {
		return nil
	}
	return kg.Errorf(kg.Timeout, "whoever reads it takes less than %d bytes a second: it was cut off after %d bytes, for which the server waited %v",
		p.rate, p.sent, p.waited.Round(time.Millisecond))
}

// limit sets the time by which a piece has to be taken.
func (p *paced) limit() error {
	if err := p.slow(); err != nil {
		return err
	}
	by := p.now().Add(p.chunk)
	if !p.end.IsZero() && by.After(p.end) {
		by = p.end
	}
	if p.rate > 0 {
		if last := p.now().Add(p.left()); by.After(last) {
			by = last
		}
	}
	_ = p.conn.SetWriteDeadline(by) // a connection that has none has no deadline either
	return nil
}
