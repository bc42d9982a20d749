package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/kg"
)

// DefaultCacheControl lets clients and caches keep answers of GET and has them ask each time whether they still hold.
const DefaultCacheControl = "no-cache"

// notKept is the Cache-Control of answers that no cache may keep: errors, and what holds for a moment only.
var notKept = []string{"no-store"}

// stateTime is how long the store may take to name its state. An answer without a tag is better than none.
const stateTime = 2 * time.Second

// newSecret makes what the tags of one server have in common. A state has a meaning in one store alone, and answers
// depend on the server's settings too, so that no tag of another server, or of this one before it was started anew, may
// fit.
func newSecret() []byte {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return b
}

// tag names the answer to a request by all that it depends on: the state of the graph, the document, the operation, the
// variables, the type of the answer, the day (what has ended has ended before it), and who asks where that can differ.
// The state is that before the request runs: when somebody writes meanwhile, the answer may be newer than its tag, and
// is sent once more at the next request. It is "" where the state cannot be named.
//
// Tags are weak, as the bytes may be compressed.
func (s *Server) tag(ctx context.Context, req *graph.Request, mediaType string) string {
	if s.o.State == nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, stateTime)
	defer cancel()
	state, _, err := s.o.State(ctx)
	if err != nil {
		return ""
	}
	of := []any{state, req.Query, req.OperationName, req.Variables, mediaType, kg.DayOf(s.o.Now())}
	if s.o.Verifier != nil {
		of = append(of, req.Who.Subject, req.Who.Role)
	}
	all, err := json.Marshal(of)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(append(all, s.secret...))
	return `W/"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
}

// has reports whether a client has the answer of this tag (If-None-Match).
func has(header http.Header, tag string) bool {
	for _, line := range header["If-None-Match"] {
		for t := range strings.SplitSeq(line, ",") {
			// comparison is weak: RFC 9110 section 13.1.2
			if strings.TrimPrefix(strings.TrimSpace(t), "W/") == tag[len("W/"):] {
				return true
			}
		}
	}
	return false
}

// hasAny reports whether a client has an answer, whichever it is (If-None-Match: *). It is sent none when there is one,
// which is known when the request has run: one that cannot be answered has none.
func hasAny(header http.Header) bool {
	lines := header["If-None-Match"]
	return len(lines) == 1 && strings.TrimSpace(lines[0]) == "*"
}

// keeping says how long an answer to GET may be kept. One with errors is not kept: what was away may be back. Nor is
// one with extensions, which are about how this one request was answered.
func (s *Server) keeping(h http.Header, resp *graph.Response, tag string, who *auth.Identity) {
	if len(resp.Errors) > 0 || resp.Extensions != nil {
		h["Cache-Control"] = notKept
		return
	}
	h.Set("Cache-Control", s.cacheControl(who))
	if tag != "" {
		h.Set("ETag", tag)
	}
}

// unchanged answers a request whose answer the client has.
func (s *Server) unchanged(w http.ResponseWriter, tag string, who *auth.Identity) {
	h := w.Header()
	h.Del("Content-Type")
	h.Set("Cache-Control", s.cacheControl(who))
	h.Set("ETag", tag)
	w.WriteHeader(http.StatusNotModified)
}
