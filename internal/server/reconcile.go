package server

import (
	"bytes"
	"io"
	"net/http"

	"github.com/throughline/throughline/internal/budget"
)

// reconcile answers what is at /reconcile and below it. What a service can do is told to everybody, as the
// specification wants; all else is a request like one of GraphQL.
func (s *Server) reconcile(w http.ResponseWriter, r *http.Request) {
	if s.o.Verifier != nil {
		w.Header().Add("Vary", varyWho)
	}
	if r.Method == http.MethodOptions {
		w.Header().Set("Allow", allow)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	who, no := s.who(r)
	if no != nil && asksWhatThereIs(r) {
		who, no = everybody, nil
	}
	if no == nil && r.Method == http.MethodPost && s.isOfNoOrigin(r) {
		no = foreignPage
	}
	if no != nil {
		s.refuse(w, r, no)
		return
	}
	read := s.body
	if r.Method != http.MethodPost {
		read = func(http.ResponseWriter, *http.Request, *budget.Budget) (*incoming, *refusal) {
			return &incoming{body: new(bytes.Buffer)}, nil
		}
	}
	s.within(w, r, who, read, func(asked *http.Request, body []byte) (*reply, *refusal) {
		asked.URL.Scheme, asked.URL.Host = "http", r.Host
		if s.o.Secure(r) {
			asked.URL.Scheme = "https"
		}
		asked.Body = io.NopCloser(bytes.NewReader(body))
		a := &reply{header: http.Header{}}
		s.o.Reconcile.ServeHTTP(a, asked)
		return a, nil
	})
}

// asksWhatThereIs reports whether a request is for the manifest of the service, which says nothing of what the graph
// holds.
func asksWhatThereIs(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	if q := r.URL.Query(); q.Has("queries") || q.Has("extend") {
		return false
	}
	return r.URL.Path == "/reconcile" || r.URL.Path == "/reconcile/1.0-draft"
}
