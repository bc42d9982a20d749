package server

import (
	"net/http"

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
