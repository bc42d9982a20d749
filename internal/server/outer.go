package server

import (
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/google/uuid"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/text"
)

// recorder remembers what was answered, for the log line, and takes notes from the transport.
type recorder struct {
	http.ResponseWriter
	status    int
	bytes     int
	operation string
	code      string
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// WriteHeader remembers the status.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write counts.
func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += n
	return n, err
}

// outer is around every route: request id, one line in the log, panics, deadlines.
func (s *Server) outer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		id := requestID(r.Header.Get("X-Request-Id"))
		h := w.Header()
		h.Set("X-Request-Id", id)
		h["X-Content-Type-Options"] = nosniff
		rec := &recorder{ResponseWriter: w}
		conn := http.NewResponseController(w)
		_ = conn.SetReadDeadline(begin.Add(s.o.BodyTime)) // a connection that has none has no deadline either
		_ = conn.SetWriteDeadline(begin.Add(writeTime))
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler { //nolint:errorlint // a value, by contract
					panic(p)
				}
				s.log.LogAttrs(r.Context(), slog.LevelError, "panic", slog.String("request", id), slog.Any("panic", p),
					slog.String("stack", string(debug.Stack())))
				if rec.status == 0 {
					writeError(rec, http.StatusInternalServerError, kg.Internal,
						"something went wrong on the server; it has been logged as "+id)
				}
			}
			level := slog.LevelInfo
			if r.URL.Path == "/livez" || r.URL.Path == "/readyz" {
				level = slog.LevelDebug
			}
			if s.log.Enabled(r.Context(), level) {
				s.log.LogAttrs(r.Context(), level, "request", slog.String("request", id),
					slog.String("method", r.Method), slog.String("path", clipped(r.URL.Path)),
					slog.Int("status", rec.status), slog.Int("bytes", rec.bytes), slog.Duration("took",
						time.Since(begin)),
					slog.String("operation", rec.operation), slog.String("code", rec.code))
			}
		}()
		if !s.local.Load().allows(r.Host) {
			misdirected(rec)
			return
		}
		next.ServeHTTP(rec, r)
	})
}

// requestID keeps an id that came with the request when it is short and plain, and makes one otherwise.
func requestID(given string) string {
	ok := given != "" && len(given) <= 64
	for i := 0; ok && i < len(given); i++ {
		c := given[i]
		ok = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.'
	}
	if ok {
		return given
	}
	id, err := uuid.NewV7()
	if err != nil {
		return "unknown"
	}
	return id.String()
}

// longestMessage is the longest text, in characters, that repeats what was sent, which may be as long as a request.
const longestMessage = 300

func clipped(s string) string { return kg.Clip(s, longestMessage-1) }

// message is the sentence of an error of ours, or instead.
func message(err error, instead string) string {
	var e *kg.Error
	if errors.As(err, &e) && e.Code != kg.Internal {
		return e.Message
	}
	return instead
}

// writeJSON answers with what is so now: an error, or how the server is. A cache that keeps it, as some do by their own
// rules, would have clients meet an error that is long over.
func writeJSON(w http.ResponseWriter, status int, body string) {
	h := w.Header()
	h["Cache-Control"] = notKept
	if len(h["Content-Type"]) == 0 { // the transport has said which type of JSON it is
		h["Content-Type"] = jsonValue
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body)) // who reads has gone
}

// writeError answers with one coded error in the form of a GraphQL answer.
func writeError(w http.ResponseWriter, status int, code kg.Code, sentence string) {
	if rec, ok := w.(*recorder); ok {
		rec.code = string(code)
	}
	b := append([]byte(`{"errors":[{"message":`), text.AppendJSON(nil, clipped(sentence))...)
	b = append(b, `,"extensions":{"code":`...)
	b = text.AppendJSON(b, string(code))
	b = append(b, `}}]}`...)
	writeJSON(w, status, string(b))
}
