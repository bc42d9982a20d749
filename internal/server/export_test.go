package server

import (
	"io"
	"net/http"
	"time"

	"github.com/throughline/throughline/graph"
)

// Negotiate is negotiate.
func Negotiate(accept []string) (string, bool) { return negotiate(accept) }

// RequestID is requestID.
func RequestID(given string) string { return requestID(given) }

// PersistedBytes is how many bytes of texts a server may keep.
const PersistedBytes = persistedBytes

// Kept is how many bytes it keeps.
func (s *Server) Kept() int {
	_, bytes := s.persisted.Size()
	return bytes
}

// Decode reads a request as it arrives, and returns the status of the refusal, or 0.
func (s *Server) Decode(w http.ResponseWriter, r *http.Request) (*graph.Request, int) {
	in, no := s.post(w, r, nil)
	var req *graph.Request
	if no == nil {
		req, no = s.decode(in.body.Bytes(), nil)
	}
	s.release(in)
	if no != nil {
		return nil, no.status
	}
	return req, 0
}

// Deliver sends an answer that is made.
func (s *Server) Deliver(w http.ResponseWriter, body []byte, worked func()) {
	s.deliver(w, http.StatusOK, body, worked)
}

// FillOutbox has so much wait for others that no long answer may, until empty is called.
func (s *Server) FillOutbox() (empty func()) {
	others := s.outbox.Begin(1 << 40)
	if err := others.Hold(s.outbox.Most() + 64<<10); err != nil { // the first of it is not counted
		panic(err)
	}
	return others.End
}

// ExportTo writes an export to a reader who takes rate bytes a second at least, beside grace, by a clock.
func ExportTo(w http.ResponseWriter, rate int64, grace time.Duration, now func() time.Time) io.Writer {
	return &paced{
		ResponseWriter: w, conn: http.NewResponseController(w), chunk: chunkTime, rate: rate, grace: grace, now: now,
	}
}
