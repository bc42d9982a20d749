package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
)

// The server by hand answers these questions alone, and is written to be as quick as can be: no GraphQL, but one
// Cypher statement for each question, whose rows are lists, and JSON written from them. It asks the graph of theirs.go.
// It checks nothing, limits nothing and logs nothing.

// statement is how the server by hand answers a question.
type statement struct {
	cypher string
	row    row
	bare   bool // the one row is the whole of data, without "r"
}

// column is a value of a row: a scalar, a list of strings, or a list of rows.
type column struct {
	name string
	list row
}

type row []column

// append writes a row as an object.
func (r row) append(b []byte, values []any) []byte {
	b = append(b, '{')
	for i := range r {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, r[i].name...)
		b = append(b, '"', ':')
		if list, ok := values[i].([]any); ok {
			b = append(b, '[')
			for j, v := range list {
				if j > 0 {
					b = append(b, ',')
				}
				if r[i].list == nil {
					b = appendScalar(b, v)
				} else {
					v, _ := v.([]any)
					b = r[i].list.append(b, v)
				}
			}
			b = append(b, ']')
			continue
		}
		b = appendScalar(b, values[i])
	}
	return append(b, '}')
}

func appendScalar(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case float64:
		return strconv.AppendFloat(b, v, 'g', -1, 64)
	case string:
		for i := range len(v) {
			if v[i] < ' ' || v[i] >= 0x7f || v[i] == '"' || v[i] == '\\' {
				quoted, _ := json.Marshal(v) // a string always can be
				return append(b, quoted...)
			}
		}
		b = append(b, '"')
		b = append(b, v...)
		return append(b, '"')
	}
	return fmt.Appendf(b, "%q", fmt.Sprint(v))
}

// answer runs the statement and appends the response.
func (s *statement) answer(ctx context.Context, b []byte, d neo4j.DriverWithContext, args map[string]any) ([]byte,
	error,
) {
	session := d.NewSession(ctx, neo4j.SessionConfig{AccessMode: neo4j.AccessModeRead})
	defer session.Close(context.WithoutCancel(ctx))
	res, err := session.Run(ctx, s.cypher, args)
	if err != nil {
		return b, err
	}
	open, end := `{"data":{"r":[`, `]}}`
	if s.bare {
		open, end = `{"data":`, `}`
	}
	b = append(b, open...)
	for n := 0; res.Next(ctx); n++ {
		if n > 0 {
			b = append(b, ',')
		}
		values, _ := res.Record().Values[0].([]any)
		b = s.row.append(b, values)
	}
	return append(b, end...), res.Err()
}

// serveByHand is the process of the server by hand: it prints its address and answers until it is stopped.
func serveByHand(ctx context.Context) error {
	d, err := neo4j.NewDriverWithContext(os.Getenv("NEO4J_URL"), neo4j.BasicAuth(os.Getenv("NEO4J_USER"),
		os.Getenv("NEO4J_PASSWORD"), ""))
	if err != nil {
		return err
	}
	defer d.Close(ctx)
	mux := http.NewServeMux()
	for _, q := range questions {
		if q.byHand == nil {
			continue
		}
		mux.HandleFunc("GET /"+q.key, func(w http.ResponseWriter, r *http.Request) {
			args := map[string]any{}
			for k, v := range r.URL.Query() {
				args[k] = v[0]
			}
			b, err := q.byHand.answer(r.Context(), make([]byte, 0, 4096), d, args)
			if err != nil {
				http.Error(w, `{"errors":true}`, http.StatusInternalServerError)
				fmt.Fprintln(os.Stderr, err)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(b) // a client that has gone
		})
	}
	return serveUntil(ctx, mux)
}

// serveUntil answers on a free port, and prints which, until the context ends.
func serveUntil(ctx context.Context, h http.Handler) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("ready http://%s/\n", l.Addr())
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = s.Close() })()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// serveBare is a process that answers with bytes from memory: POST /K gets the Kth of the file's lines. What any HTTP
// server in Go costs.
func serveBare(ctx context.Context, file string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var answers [][]byte
	for len(b) > 0 {
		n := 0
		for n < len(b) && b[n] != '\n' {
			n++
		}
		answers = append(answers, b[:n])
		b = b[min(n+1, len(b)):]
	}
	return serveUntil(ctx, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k, err := strconv.Atoi(r.URL.Path[1:])
		if err != nil || k >= len(answers) {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answers[k])
	}))
}
