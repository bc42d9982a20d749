package server

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
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
	s.within(w, r, who, s.post, func(asked *http.Request, body []byte) (*reply, *refusal) {
		if first := bytes.TrimLeft(body, " \t\r\n"); len(first) > 0 && first[0] == '[' {
			// the library would answer all at once, in the one place that there is for the request
			return nil, badRequest("send one message, not a list of them")
		}
		asked.Header.Set("Accept", "application/json, text/event-stream") // as the protocol has it
		asked.Body = io.NopCloser(bytes.NewReader(body))
		a := &reply{header: http.Header{}}
		s.o.Assistants.ServeHTTP(a, asked)
		if a.status >= http.StatusBadRequest && !isJSON(a.header.Get("Content-Type")) {
			// it is refused without an answer in the form of the protocol
			return nil, &refusal{a.status, kg.BadRequest, strings.TrimSpace(a.body.String())}
		}
		clipError(a)
		return a, nil
	})
}

// clipError shortens the message of an answer that is an error: the library repeats what it was sent.
func clipError(m *reply) {
	d := json.NewDecoder(bytes.NewReader(m.body.Bytes()))
	if m.body.Len() <= longestMessage {
		return
	}
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return
	}
	var members []byte
	for d.More() {
		name, err := d.Token()
		var value json.RawMessage
		if err != nil || name == "result" || d.Decode(&value) != nil {
			return
		}
		if name == "error" {
			var said struct {
				Code    int             `json:"code"`
				Message string          `json:"message"`
				Data    json.RawMessage `json:"data,omitempty"`
			}
			if json.Unmarshal(value, &said) != nil {
				return
			}
			if said.Message = clipped(said.Message); len(said.Data) > longestMessage {
				said.Data = nil // such as the address that was asked for
			}
			if value, err = json.Marshal(said); err != nil {
				return
			}
		}
		quoted, err := json.Marshal(name)
		if err != nil {
			return
		}
		members = append(append(append(append(members, ','), quoted...), ':'), value...)
	}
	if len(members) == 0 {
		return
	}
	members[0] = '{'
	m.body.Reset()
	m.body.Write(append(members, '}'))
	m.header.Del("Content-Length")
}

// isOfNoOrigin reports whether a request comes from a page of another origin than those that may ask.
func (s *Server) isOfNoOrigin(r *http.Request) bool {
	return s.origins.Check(r) != nil && (s.cors == nil || !s.cors.OriginAllowed(r))
}

// reader reads the body of a request.
type reader func(http.ResponseWriter, *http.Request, *budget.Budget) (*incoming, *refusal)

// within answers a request of a door other than that of GraphQL in one of the places, with memory of its own, which are
// given back before the answer is sent. The context of what is asked says who asks.
func (s *Server) within(w http.ResponseWriter, r *http.Request, who *auth.Identity, read reader,
	answer func(asked *http.Request, body []byte) (*reply, *refusal),
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
	a, no := answer(r.Clone(auth.With(fair.With(budget.With(r.Context(), memory), in.pass), who)), in.body.Bytes())
	if no != nil {
		s.refuse(w, r, no)
		return
	}
	s.relay(w, a, func() {
		memory.End()
		s.release(in)
	})
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
