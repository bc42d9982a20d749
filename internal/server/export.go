package server

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/andybalholm/brotli"

	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/kg"
)

// export answers GET /export with what its parameters ask for, as a file, for whoever may read the graph. It takes one
// of the places for what is costly, as long as somebody reads who is not too slow: see paced.
func (s *Server) export(w http.ResponseWriter, r *http.Request) {
	if s.o.Verifier != nil {
		w.Header().Add("Vary", varyWho)
	}
	who, no := s.who(r)
	if no == nil && s.o.Export == nil {
		no = &refusal{http.StatusNotFound, kg.NotFound, "this server exports nothing: it was started with --no-export, or for documents alone"}
	}
	if no != nil {
		s.refuse(w, r, no)
		return
	}
	query, leave, ok := s.begin(w, r, who, "/export?format=graphml&kind=SAID")
	if !ok {
		return
	}
	defer leave()
	var out *paced
	var body io.WriteCloser
	err := s.o.Export(r.Context(), query, func(mediaType, file string) io.Writer {
		h := w.Header()
		h.Set("Content-Type", mediaType)
		h.Set("Content-Disposition", `attachment; filename="`+file+`"`)
		h["Cache-Control"] = notKept
		out = &paced{
			ResponseWriter: w, conn: http.NewResponseController(w), head: r.Method == http.MethodHead,
			chunk: chunkTime, rate: s.o.ExportRate, grace: s.o.ExportGrace, now: time.Now,
		}
		body = brotli.HTTPCompressor(out, r)
		return body
	})
	if err == nil && body != nil {
		err = body.Close()
	}
	switch {
	case err == nil, errors.Is(err, errHead):
	case out == nil || !out.begun:
		h := w.Header()
		h.Del("Content-Disposition")
		h.Del("Content-Encoding")
		status, code := http.StatusInternalServerError, kg.CodeOf(err)
		switch code {
		case kg.BadUserInput, kg.AmbiguousRef, kg.CostLimit:
			status = http.StatusBadRequest
		case kg.NotFound:
			status = http.StatusNotFound
		case kg.Unavailable, kg.Timeout:
			status = http.StatusServiceUnavailable
		}
		if code == kg.Internal {
			s.log.LogAttrs(r.Context(), slog.LevelError, "export", slog.Any("error", err))
		}
		writeError(w, status, code, message(err, "something went wrong on the server while it exported"))
	default: // whoever reads sees that it is cut off
		s.log.LogAttrs(r.Context(), slog.LevelWarn, "export", slog.Any("error", err))
		panic(http.ErrAbortHandler)
	}
}

// begin reads the parameters of a request for files, and takes one of the places for what is costly, which leave gives
// back. Where it cannot, it answers the request and returns false. Example is an address that can be read.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, who *auth.Identity, example string) (
	query url.Values, leave func(), ok bool,
) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		writeError(w, http.StatusBadRequest, kg.BadRequest, "the address cannot be read: write "+example)
		return nil, nil, false
	}
	pass, no := s.enter(r, s.client(r, who))
	if no != nil {
		s.refuse(w, r, no)
		return nil, nil, false
	}
	if pass.Costly(r.Context()) != nil {
		pass.Leave()
		s.refuse(w, r, overloaded)
		return nil, nil, false
	}
	return query, pass.Leave, true
}

// errHead ends an export of which only the header is wanted.
var errHead = errors.New("only the header was asked for")
