package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/andybalholm/brotli"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/budget"
	"github.com/throughline/throughline/internal/fair"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/text"
)

// The transport: GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/).

const (
	jsonType     = "application/json; charset=utf-8"
	responseType = "application/graphql-response+json; charset=utf-8"
	allow        = "GET, POST, OPTIONS"
	// compressFrom is the size from which an answer is worth compressing: below it fits one packet.
	compressFrom = 1400
)

// Headers that most answers have: nobody changes the lists, so they are made once.
var (
	jsonValue, responseValue = []string{jsonType}, []string{responseType}
	nosniff                  = []string{"nosniff"}
)

// wire is a request as it arrives.
type wire struct {
	Query         *string         `json:"query"`
	OperationName *string         `json:"operationName"`
	Variables     json.RawMessage `json:"variables"`
	Extensions    json.RawMessage `json:"extensions"`
	// the id of a document, as the specification, Relay's network layers and Meta's own call it
	DocumentID *string `json:"documentId"`
	ID         *string `json:"id"`
	DocID      *string `json:"doc_id"`
}

// document is the id of the document that a request names, "" for none.
func (m *wire) document() string {
	for _, id := range []*string{m.DocumentID, m.ID, m.DocID} {
		if id != nil {
			return *id
		}
	}
	return ""
}

// refusal is a request that is answered without running anything.
type refusal struct {
	status   int // 0 for that of request errors
	code     kg.Code
	sentence string
}

// pause says in the headers of an answer when to ask again, where that is known.
func (no *refusal) pause(h http.Header) {
	if no == tokensAway {
		h.Set("Retry-After", "5")
	}
}

func badRequest(sentence string) *refusal {
	return &refusal{http.StatusBadRequest, kg.BadRequest, sentence}
}

// contentType is the header of an answer in a media type.
func contentType(mediaType string) []string {
	if mediaType == responseType {
		return responseValue
	}
	return jsonValue
}

// buffers hold bodies while they are read.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (s *Server) graphql(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if len(h["Vary"]) == 0 {
		h["Vary"] = s.vary
	} else { // cors has said more
		h.Add("Vary", s.vary[0])
	}
	mediaType, ok := negotiate(r.Header.Values("Accept"))
	switch {
	case strings.EqualFold(r.Header.Get("Upgrade"), "websocket"):
		writeError(w, http.StatusBadRequest, kg.BadRequest, graph.NoSubscriptions)
		return
	case !ok && strings.Contains(r.Header.Get("Accept"), "text/event-stream"):
		writeError(w, http.StatusNotAcceptable, kg.NotAcceptable, graph.NoSubscriptions)
		return
	case !ok:
		writeError(w, http.StatusNotAcceptable, kg.NotAcceptable,
			"answers are application/graphql-response+json or application/json")
		return
	}
	if r.Method == http.MethodOptions { // browsers ask so without saying who
		h.Set("Allow", allow)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	who, no := s.who(r)
	if no != nil {
		h["Content-Type"] = contentType(mediaType)
		s.refuse(w, r, no)
		return
	}
	memory := s.o.Memory.Begin(s.o.OperationMemory)
	defer memory.End()
	var in *incoming
	switch r.Method {
	case http.MethodPost:
		in, no = s.post(w, r, memory)
	case http.MethodGet, http.MethodHead:
		in = &incoming{}
	default:
		no = &refusal{http.StatusMethodNotAllowed, kg.MethodNotAllowed, "use POST, or GET for queries"}
	}
	h["Content-Type"] = contentType(mediaType)
	defer func() { s.release(in) }()
	if no == nil {
		in.pass, no = s.enter(r, s.client(r, who))
	}
	if no != nil {
		s.refuse(w, r, no)
		return
	}
	req, no := s.read(r, in, memory)
	if no != nil {
		s.release(in)
		s.refuse(w, r, no)
		return
	}
	req.Who = who
	req.Explain = s.o.Explain && r.Header.Get(ExplainHeader) == "1"
	tag := ""
	if in.body == nil && !req.Explain && !req.Cost {
		if tag = s.tag(r.Context(), req, mediaType); tag != "" && has(r.Header, tag) {
			req.Held = true
			note(w, s.o.Executor.Do(r.Context(), req))
			s.unchanged(w, tag, who)
			return
		}
	}
	resp := s.o.Executor.Do(fair.With(budget.With(r.Context(), memory), in.pass), req)
	defer resp.Release()
	if resp.Overloaded {
		memory.End()
		s.release(in)
		s.refuse(w, r, overloaded)
		return
	}
	s.answer(w, r, resp, mediaType, tag, who, func() {
		memory.End()
		s.release(in)
	})
}

// incoming is a request that has arrived and is not yet read, and what is held for it.
type incoming struct {
	body *bytes.Buffer // nil for a request in the address
	pass *fair.Pass    // its place
}

// release gives everything back, once.
func (s *Server) release(in *incoming) {
	if in == nil {
		return
	}
	if in.body != nil {
		buffers.Put(in.body)
	}
	if in.pass != nil {
		in.pass.Leave()
		s.queue.served.Add(1)
	}
	in.body, in.pass = nil, nil
}

// read makes the engine's request of what arrived. It is done in a place, as what a body is decoded to can be many
// times as long.
func (s *Server) read(r *http.Request, in *incoming, memory *budget.Budget) (*graph.Request, *refusal) {
	if in.body == nil {
		return s.get(r)
	}
	key, no := idempotencyKey(r.Header)
	if no != nil {
		return nil, no
	}
	req, no := s.decode(in.body.Bytes(), memory)
	if no == nil {
		req.IdempotencyKey = key
	}
	return req, no
}

// idempotencyKey reads the key under which the mutations of a request are made once, "" for none. A header that holds
// none is refused: whoever sends it asks for what would not be done.
func idempotencyKey(h http.Header) (string, *refusal) {
	sent := h["Idempotency-Key"]
	switch {
	case len(sent) == 0:
		return "", nil
	case len(sent) > 1:
		return "", badRequest("send the header Idempotency-Key once")
	case sent[0] == "" || len(sent[0]) > graph.MaxKey:
		return "", badRequest("the header Idempotency-Key has 1 to " + strconv.Itoa(graph.MaxKey) + " bytes")
	}
	return sent[0], nil
}

// overloaded is the answer when there is more to do than can be done.
var overloaded = &refusal{
	http.StatusServiceUnavailable, kg.Unavailable,
	"the server has more to do than it can; try again in a second",
}

// refuse answers a request that is not run, or was given up. What is refused for want of memory or a place is held back
// a little.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, no *refusal) {
	if no == overloaded {
		s.o.Metrics.shed()
		w.Header().Set("Retry-After", "1")
		t := time.NewTimer(refusalPause())
		defer t.Stop()
		select {
		case <-t.C:
		case <-r.Context().Done():
		}
	}
	no.pause(w.Header())
	if no.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", allow)
	}
	if no.status == http.StatusUnauthorized {
		w.Header()["Www-Authenticate"] = challenge(no)
	}
	if no.status == http.StatusRequestEntityTooLarge || no.status == http.StatusUnsupportedMediaType {
		w.Header().Set("Connection", "close") // the rest of the body is not worth reading
	}
	status := no.status
	if status == 0 {
		status = requestErrorStatus(w.Header().Get("Content-Type"))
	}
	writeError(w, status, no.code, no.sentence)
}

// requestErrorStatus is the status of the answer to a request that is well-formed and cannot be run, such as one with a
// document that is not valid. As application/json it is 200, where clients take any other status for the word of
// something between them and the server, and lose the errors. As application/graphql-response+json it is 400.
func requestErrorStatus(mediaType string) int {
	if mediaType == responseType {
		return http.StatusBadRequest
	}
	return http.StatusOK
}

// enter takes one of the places for operations, waiting a little when none is free for this client. What has waited
// long before is refused.
func (s *Server) enter(r *http.Request, client string) (*fair.Pass, *refusal) {
	if !s.o.NoArrivalQueue && s.queue.refuses(connectionOf(r), client) {
		return nil, overloaded
	}
	pass, err := s.gate.Enter(r.Context(), client, s.queue.maxWait(s.o.QueueTime))
	if err != nil {
		return nil, overloaded
	}
	return pass, nil
}

// post reads the body of a request.
func (s *Server) post(w http.ResponseWriter, r *http.Request, memory *budget.Budget) (*incoming, *refusal) {
	if !isJSON(r.Header.Get("Content-Type")) {
		return nil, &refusal{
			http.StatusUnsupportedMediaType, kg.UnsupportedMedia,
			"send application/json in UTF-8",
		}
	}
	return s.body(w, r, memory)
}

// body reads the body of a request, of any type.
func (s *Server) body(w http.ResponseWriter, r *http.Request, memory *budget.Budget) (*incoming, *refusal) {
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return nil, &refusal{
			http.StatusUnsupportedMediaType, kg.UnsupportedMedia,
			"send the body without Content-Encoding",
		}
	}
	tooLarge := func() *refusal {
		return &refusal{
			http.StatusRequestEntityTooLarge, kg.BadRequest,
			"the body is larger than " + strconv.FormatInt(s.o.MaxBody, 10) + " bytes",
		}
	}
	if r.ContentLength > s.o.MaxBody {
		return nil, tooLarge()
	}
	buf, _ := buffers.Get().(*bytes.Buffer)
	buf.Reset()
	in := &incoming{body: buf}
	if _, err := buf.ReadFrom(&arriving{http.MaxBytesReader(w, r.Body, s.o.MaxBody), memory}); err != nil {
		var large *http.MaxBytesError
		switch {
		case errors.As(err, &large):
			return in, tooLarge()
		case errors.Is(err, budget.ErrFull) || kg.CodeOf(err) == kg.CostLimit:
			return in, overloaded
		}
		return in, &refusal{http.StatusRequestTimeout, kg.BadRequest, "the body did not arrive"}
	}
	return in, nil
}

// arriving is a body that holds memory for what of it is there: who announces much and sends nothing holds none.
type arriving struct {
	io.Reader
	memory *budget.Budget
}

// Read reads what has arrived.
func (a *arriving) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	if full := a.memory.Hold(int64(n)); full != nil {
		return n, full
	}
	return n, err
}

// decodedFactor is how many times as much memory as its text a value of JSON takes at most, about: [1,1,1] takes most.
const decodedFactor = 24

// decode reads a request from a body.
func (s *Server) decode(body []byte, memory *budget.Budget) (*graph.Request, *refusal) {
	if !utf8.Valid(body) {
		return nil, badRequest("the body is not UTF-8")
	}
	if first := bytes.TrimLeft(body, " \t\r\n"); len(first) == 0 || first[0] != '{' {
		return nil, badRequest(`the body must be one JSON object, such as {"query": "{ serverInfo { version } }"}`)
	}
	if memory.Hold(decodedFactor*int64(len(body))) != nil {
		return nil, overloaded
	}
	if req, ok := quick(body); ok {
		return s.trust(req), nil
	}
	var m wire
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, badRequest(`the body must be one JSON object with "query" (or "documentId", "id") a string, "variables" and "extensions" objects`)
	}
	if text.LoneSurrogate(body) {
		return nil, &refusal{
			http.StatusBadRequest, kg.BadUserInput,
			"the body has half of a surrogate pair, which is no character",
		}
	}
	return s.request(&m, false)
}

// isJSON reports whether a body of this type is JSON in UTF-8.
func isJSON(contentType string) bool {
	if contentType == "application/json" {
		return true
	}
	t, params, err := mime.ParseMediaType(contentType)
	return err == nil && t == "application/json" && (params["charset"] == "" ||
		strings.EqualFold(params["charset"], "utf-8"))
}

// get reads a request from the address.
func (s *Server) get(r *http.Request) (*graph.Request, *refusal) {
	q := r.URL.Query()
	one := func(name string) *string {
		if !q.Has(name) {
			return nil
		}
		v := q.Get(name)
		return &v
	}
	m := wire{
		Query: one("query"), OperationName: one("operationName"), Variables: json.RawMessage(q.Get("variables")), Extensions: json.RawMessage(q.Get("extensions")),
		DocumentID: one("documentId"), ID: one("id"), DocID: one("doc_id"),
	}
	for _, v := range q {
		for _, s := range v {
			if !utf8.ValidString(s) {
				return nil, badRequest("the address is not UTF-8")
			}
		}
	}
	if text.LoneSurrogate(m.Variables) {
		return nil, &refusal{
			http.StatusBadRequest, kg.BadUserInput,
			"the variables have half of a surrogate pair, which is no character",
		}
	}
	return s.request(&m, true)
}

// request makes the engine's request of what arrived.
func (s *Server) request(m *wire, readOnly bool) (*graph.Request, *refusal) {
	r := &graph.Request{ReadOnly: readOnly}
	if m.OperationName != nil {
		r.OperationName = *m.OperationName
	}
	if err := decodeObject(m.Variables, &r.Variables); err != nil {
		return nil, badRequest(`"variables" must be a JSON object`)
	}
	var ext struct {
		PersistedQuery *persistedQuery `json:"persistedQuery"`
		Cost           bool            `json:"cost"`
	}
	var object map[string]any
	if err := decodeObject(m.Extensions, &object); err != nil {
		return nil, badRequest(`"extensions" must be a JSON object`)
	}
	if object != nil {
		if err := json.Unmarshal(m.Extensions, &ext); err != nil {
			return nil, badRequest(`in "extensions", "persistedQuery" is of the form {"version": 1, "sha256Hash": "…"}, and "cost" true or false`)
		}
		r.Cost = ext.Cost
	}
	if m.Query != nil {
		r.Query = *m.Query
	}
	if ext.PersistedQuery != nil {
		if no := s.resolve(ext.PersistedQuery, r); no != nil {
			return nil, no
		}
	}
	if id := m.document(); r.Query == "" && id != "" {
		if no := s.find(id, r); no != nil {
			return nil, no
		}
	}
	if r.Query == "" {
		return nil, badRequest(`"query" is missing, or "documentId"`)
	}
	return s.trust(r), nil
}

// decodeObject reads a JSON object or null, numbers as json.Number.
func decodeObject(raw json.RawMessage, to *map[string]any) error {
	if len(raw) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(to); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("text after the object")
	}
	return nil
}

// note takes down what was answered, for the log.
func note(w http.ResponseWriter, resp *graph.Response) {
	if rec, ok := w.(*recorder); ok {
		rec.operation, rec.code = resp.Operation, resp.Code()
	}
}

// answer writes what the engine answered, which tag names. When all that is left is to send it, worked is called: a
// reader that is slow must not hold what others work with.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, resp *graph.Response, mediaType, tag string, who *auth.Identity,
	worked func(),
) {
	note(w, resp)
	status := http.StatusOK
	switch {
	case resp.Began:
	case kg.Code(resp.Code()) == kg.MethodNotAllowed:
		status = http.StatusMethodNotAllowed
		w.Header().Set("Allow", allow)
	default:
		status = requestErrorStatus(mediaType)
	}
	h := w.Header()
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		s.keeping(h, resp, tag, who)
		if tag != "" && len(resp.Errors) == 0 && hasAny(r.Header) {
			s.unchanged(w, tag, who)
			return
		}
	}
	body := resp.JSON()
	if len(body) >= compressFrom && r.Header.Get("Accept-Encoding") != "" {
		buf, _ := buffers.Get().(*bytes.Buffer)
		buf.Reset()
		defer buffers.Put(buf)
		cw := brotli.HTTPCompressor(&captured{h, buf}, r)
		_, _ = cw.Write(body) // memory takes it
		_ = cw.Close()
		body = buf.Bytes()
		resp.Release()
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	s.deliver(w, status, body, worked)
}

// captured keeps what is written, with the header of an answer.
type captured struct {
	header http.Header
	*bytes.Buffer
}

// Header is that of the answer.
func (c *captured) Header() http.Header { return c.header }

// WriteHeader does nothing: the status is written with the length.
func (*captured) WriteHeader(int) {}

// negotiate picks the media type of an answer: the one preferred, application/json where neither is named
// (RFC 9110 section 12.5.1).
func negotiate(accept []string) (mediaType string, ok bool) {
	if len(accept) == 0 || len(accept) == 1 && (accept[0] == "" || accept[0] == "*/*" ||
		accept[0] == "application/json") {
		return jsonType, true
	}
	best, bestQ, exact := "", 0.0, 0
	for _, line := range accept {
		for part := range strings.SplitSeq(line, ",") {
			t, params, err := mime.ParseMediaType(strings.TrimSpace(part))
			if err != nil {
				continue
			}
			q := 1.0
			if s, ok := params["q"]; ok {
				if q, err = strconv.ParseFloat(s, 64); err != nil {
					continue
				}
			}
			if c := params["charset"]; c != "" && !strings.EqualFold(c, "utf-8") {
				continue
			}
			found, rank := "", 0
			switch t {
			case "application/graphql-response+json":
				found, rank = responseType, 3
			case "application/json":
				found, rank = jsonType, 2
			case "application/*", "*/*":
				found, rank = jsonType, 1
			}
			if found != "" && q > 0 && (q > bestQ || q == bestQ && rank > exact) {
				best, bestQ, exact = found, q, rank
			}
		}
	}
	return best, best != ""
}
