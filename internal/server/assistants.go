package server

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/budget"
	"github.com/throughline/throughline/internal/fair"
	"github.com/throughline/throughline/internal/kg"
)

// foreignPage refuses a page of another origin that would ask what is not for pages.
var foreignPage = &refusal{
	http.StatusForbidden, kg.Forbidden,
	"a page of another origin cannot ask here: name its origin with --cors-origin",
}

// assistants answers POST /mcp: messages of the Model Context Protocol, each of which is a request like one of GraphQL,
// with the same token, place, memory and length.
func (s *Server) assistants(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if s.o.Verifier != nil {
		h.Add("Vary", varyWho)
	}
	if r.Method == http.MethodOptions {
		h.Set("Allow", allowMessages)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	who, no := s.who(r)
	if no == nil && s.isOfNoOrigin(r) {
		no = foreignPage
	}
	if no != nil {
		s.refuse(w, r, no)
		return
	}
	if r.Method != http.MethodPost {
		wrongMethod(w, allowMessages, "assistants send their messages by POST")
		return
	}
	if !takesJSON(r.Header.Values("Accept")) {
		writeError(w, http.StatusNotAcceptable, kg.NotAcceptable, "answers are application/json")
		return
	}
	s.within(w, r, who, s.post, func(asked *http.Request, body []byte) {
		if first := bytes.TrimLeft(body, " \t\r\n"); len(first) > 0 && first[0] == '[' {
			// the library would answer all at once, in the one place that there is for the request
			writeError(w, http.StatusBadRequest, kg.BadRequest, "send one message, not a list of them")
			return
		}
		asked.Header.Set("Accept", "application/json, text/event-stream") // as the protocol has it
		asked.Body = io.NopCloser(bytes.NewReader(body))
		a := &reply{header: http.Header{}}
		s.o.Assistants.ServeHTTP(a, asked)
		s.relay(w, a)
	})
}

// isOfNoOrigin reports whether a request comes from a page of another origin than those that may ask.
func (s *Server) isOfNoOrigin(r *http.Request) bool {
	return s.origins.Check(r) != nil && (s.cors == nil || !s.cors.OriginAllowed(r))
}

// reader reads the body of a request.
type reader func(http.ResponseWriter, *http.Request, *budget.Budget) (*incoming, *refusal)

// within answers a request of a door other than that of GraphQL in one of the places, with memory of its own. The
// context of what is asked says who asks.
func (s *Server) within(w http.ResponseWriter, r *http.Request, who *auth.Identity, read reader,
	answer func(asked *http.Request, body []byte),
) {
	memory := s.o.Memory.Begin(s.o.OperationMemory)
	defer memory.End()
	in, no := read(w, r, memory)
	defer func() { s.release(in) }()
	if no == nil {
		in.pass, no = s.enter(r, s.client(r, who))
	}
	if no == nil && memory.Hold(decodedFactor*int64(in.body.Len())) != nil {
		no = overloaded
	}
	if no != nil {
		s.refuse(w, r, no)
		return
	}
	answer(r.Clone(auth.With(fair.With(budget.With(r.Context(), memory), in.pass), who)), in.body.Bytes())
}

// allowMessages are the methods of /mcp.
const allowMessages = "POST, OPTIONS"

// takesJSON reports whether a client takes answers of JSON.
func takesJSON(accept []string) bool {
	all := strings.Join(accept, ",")
	if strings.TrimSpace(all) == "" {
		return true
	}
	for part := range strings.SplitSeq(all, ",") {
		mediaType, _, _ := strings.Cut(part, ";")
		switch strings.ToLower(strings.TrimSpace(mediaType)) {
		case "application/json", "application/*", "*/*":
			return true
		}
	}
	return false
}

// reply is what answers a message, in memory.
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

// relay sends what answers a message. What is refused without an answer in the form of the protocol is an error of
// ours.
func (s *Server) relay(w http.ResponseWriter, m *reply) {
	status := m.status
	if status == 0 {
		status = http.StatusOK
	}
	if status >= http.StatusBadRequest && !isJSON(m.header.Get("Content-Type")) {
		writeError(w, status, kg.BadRequest, strings.TrimSpace(m.body.String()))
		return
	}
	h := w.Header()
	for name, values := range m.header {
		h[name] = values
	}
	h["Cache-Control"] = notKept
	h.Set("Content-Length", strconv.Itoa(m.body.Len()))
	w.WriteHeader(status)
	send(w, m.body.Bytes())
}
