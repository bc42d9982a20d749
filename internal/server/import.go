package server

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/text"
)

// importTime is how long the files of an import may take to arrive.
const importTime = 5 * time.Minute

// importFiles answers POST /import: its body is a file, or a form with several, which are imported all or not at all.
// It takes one of the places for what is costly.
func (s *Server) importFiles(w http.ResponseWriter, r *http.Request) {
	if s.o.Verifier != nil {
		w.Header().Add("Vary", varyWho)
	}
	if r.Method != http.MethodPost {
		wrongMethod(w, "POST", "files are imported by POST")
		return
	}
	who, no := s.who(r)
	switch {
	case no != nil:
	case s.o.Import == nil && s.o.DocumentsOnly:
		no = &refusal{http.StatusNotFound, kg.NotFound, "this server runs documents alone: it imports nothing"}
	case s.o.Import == nil:
		no = &refusal{http.StatusForbidden, graph.ErrReadOnly.Code, graph.ErrReadOnly.Message}
	case s.isOfNoOrigin(r):
		no = foreignPage
	case who.Role < auth.Curator:
		no = &refusal{
			http.StatusForbidden, kg.Forbidden,
			"importing needs the role " + auth.Curator.String() + ", and yours is " + who.Role.String(),
		}
	}
	if no == nil && len(r.Header["Idempotency-Key"]) > 0 {
		no = keyOfImport
	}
	if no != nil {
		s.refuse(w, r, no)
		return
	}
	query, leave, ok := s.begin(w, r, who, "/import?format=csv&dryRun=true")
	if !ok {
		return
	}
	defer leave()
	conn := http.NewResponseController(w)
	_ = conn.SetReadDeadline(time.Now().Add(importTime)) // a connection that has none has no deadline either
	r.Body = http.MaxBytesReader(w, r.Body, s.o.MaxImport)
	next, err := files(r)
	var report any
	if err == nil {
		report, err = s.o.Import(r.Context(), who.Subject, query, next)
	}
	leave()
	_ = conn.SetWriteDeadline(time.Now().Add(writeTime))
	if err != nil {
		s.notImported(w, r, err)
		return
	}
	body, err := json.Marshal(report)
	if err != nil {
		s.notImported(w, r, err)
		return
	}
	w.Header()["Cache-Control"] = notKept
	writeJSON(w, http.StatusOK, string(body))
}

// keyOfImport refuses a key, as whoever sends one asks for what would not be done.
var keyOfImport = &refusal{
	http.StatusBadRequest, kg.BadRequest,
	"an import takes no Idempotency-Key: leave the header out; the same files imported again change nothing",
}

// files returns what reads the files of a request one after the other.
func files(r *http.Request) (next func() (part, name string, from io.Reader, err error), err error) {
	if mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); mediaType != "multipart/form-data" {
		done := false
		return func() (string, string, io.Reader, error) {
			if done {
				return "", "", nil, io.EOF
			}
			done = true
			return "file", "body", r.Body, nil
		}, nil
	}
	form, err := r.MultipartReader()
	if err != nil {
		return nil, errParts
	}
	return func() (string, string, io.Reader, error) {
		p, err := form.NextPart()
		var long *http.MaxBytesError
		switch {
		case errors.Is(err, io.EOF), errors.As(err, &long):
			return "", "", nil, err
		case err != nil:
			return "", "", nil, errParts
		}
		return p.FormName(), p.FileName(), p, nil
	}, nil
}

var errParts = kg.Errorf(kg.BadRequest, "the form did not arrive whole: send multipart/form-data with a part for each file")

// notImported answers where nothing was imported.
func (s *Server) notImported(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errParts
	}
	var long *http.MaxBytesError
	status, code := http.StatusInternalServerError, kg.CodeOf(err)
	switch {
	case errors.As(err, &long):
		writeError(w, http.StatusRequestEntityTooLarge, kg.BadRequest, "the files are larger than "+
			strconv.FormatInt(s.o.MaxImport, 10)+" bytes: send less at once, or import them where the store is")
		return
	case code == kg.BadUserInput:
		status = http.StatusUnprocessableEntity
	case code == kg.BadRequest:
		status = http.StatusBadRequest
	case code == kg.Unavailable, code == kg.StorageFull, code == kg.Cancelled, code == kg.ReadOnly, code == kg.Timeout:
		status = http.StatusServiceUnavailable
	case code == kg.Conflict:
		status = http.StatusConflict
	}
	if status == http.StatusInternalServerError {
		s.log.LogAttrs(r.Context(), slog.LevelError, "import", slog.Any("error", err))
	}
	var own *kg.Error
	if errors.As(err, &own) && own.Details != nil {
		details := map[string]any{"code": own.Code}
		for name, v := range own.Details {
			details[name] = v
		}
		if b, err := json.Marshal(details); err == nil {
			writeJSON(w, status, `{"errors":[{"message":`+string(text.AppendJSON(nil, clipped(own.Message)))+`,"extensions":`+string(b)+`}]}`)
			return
		}
	}
	writeError(w, status, code, message(err, "something went wrong on the server while it imported: its log says what. Import again, "+
		"nothing is written twice"))
}
