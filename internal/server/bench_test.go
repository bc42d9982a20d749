package server_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/cputime"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/server"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
)

// people is how many the benchmarked graph has.
const people = 1000

// served makes a server over an embedded graph of people with affiliations, events, quotes and themes.
func served(t testing.TB) http.Handler {
	t.Helper()
	cat, err := catalog.Parse("schema.graphqls", throughline.Schema)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Catalog: cat})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	l, err := s.Load(t.Context())
	if err == nil {
		err = l.Put(t.Context(), company())
	}
	if err == nil {
		err = l.Commit(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	e, err := graph.New(graph.Options{Catalog: cat, Store: s, StoreKind: "sqlite"})
	if err != nil {
		t.Fatal(err)
	}
	srv, err := server.New(server.Options{Executor: e, Store: s})
	if err != nil {
		t.Fatal(err)
	}
	return srv.Handler()
}

func company() *store.Batch {
	r := rand.New(rand.NewSource(1))
	b := &store.Batch{Sources: []*kg.Source{{ID: "s_a", Title: "A", Kind: "BOOK"}}}
	node := func(id, typ, name string, props map[string]any) {
		b.Nodes = append(b.Nodes, &kg.Node{ID: id, Type: typ, Name: name, Props: props})
	}
	link := func(kind, from, to, role string, since kg.PartialDate) {
		id := kg.LinkID(kind, from, to, role, since, "")
		b.Links = append(b.Links, &kg.Link{
			ID: id, Kind: kind, From: from, To: to, Role: role, Since: since,
			Evidence: []kg.Evidence{{Source: "s_a", Excerpt: "x", Stance: "SUPPORTS"}},
		})
	}
	for i := range 100 {
		node(fmt.Sprintf("t%d", i), "THEME", fmt.Sprintf("theme %d", i), nil)
	}
	for i := range people {
		if i < people/20 {
			node(fmt.Sprintf("i%d", i), "INSTITUTION", fmt.Sprintf("Institution %d", i), nil)
		}
		if i < people/10 {
			node(fmt.Sprintf("e%d", i), "EVENT", fmt.Sprintf("Event %d", i), map[string]any{"startsOn": "2001-02-03"})
			link("ORGANIZED", fmt.Sprintf("i%d", r.Intn(i/2+1)), fmt.Sprintf("e%d", i), "", "")
			link("ADDRESSED", fmt.Sprintf("e%d", i), fmt.Sprintf("t%d", i%100), "", "")
			link("ADDRESSED", fmt.Sprintf("e%d", i), fmt.Sprintf("t%d", (i+7)%100), "", "")
		}
	}
	for i := range people {
		p := fmt.Sprintf("p%d", i)
		node(p, "PERSON", fmt.Sprintf("Person %d", i), map[string]any{"born": "1950"})
		for j := range 3 {
			link("AFFILIATED_WITH", p, fmt.Sprintf("i%d", (i+j*17)%(people/20)), "member", "1999")
		}
		for j := range 2 {
			q := fmt.Sprintf("q%d-%d", i, j)
			node(q, "QUOTE", "There is no liberty without labour",
				map[string]any{"text": "There is no liberty without labour; every river begins with memory."})
			link("SAID", p, q, "", "")
			link("SAID_AT", q, fmt.Sprintf("e%d", (i+j)%(people/10)), "", "")
			link("ABOUT", q, fmt.Sprintf("t%d", i%100), "", "")
		}
	}
	return b
}

// questions are those of the comparison with other servers.
var questions = []struct{ name, text string }{
	{"point", `query A($id: ID!) { person(ref: {id: $id}) { id name born } }`},
	{"chain", `query B($id: ID!) { r: person(ref: {id: $id}) { id name affiliations { nodes { id name organized(first: 5) { nodes { id name themes { nodes { id name } } } } } } } }`},
	{"quotes", `query C($id: ID!) { r: person(ref: {id: $id}) { id name quotes { nodes { id text themes { nodes { id name } } events { nodes { id name date: startsOn } } } } } }`},
	{"list", `query D { people(first: 50) { nodes { id name born affiliations(first: 3) { edges { role since node { id name } } } } } }`},
	{"search", `query E($id: String!) { search(text: $id, types: [PERSON], first: 10) { edges { score node { id name } } } }`},
}

// body is a request as it is sent.
func body(t testing.TB, name, text, id string) []byte {
	t.Helper()
	vars := map[string]any{"id": id}
	switch name {
	case "search":
		vars["id"] = "person"
	case "list":
		vars = nil
	}
	b, err := json.Marshal(map[string]any{"query": text, "variables": vars})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// client is a connection that sends requests as cheaply as can be, so that what is measured is the server.
type client struct {
	conn net.Conn
	r    *bufio.Reader
}

func dial(t testing.TB, addr string) *client {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &client{c, bufio.NewReaderSize(c, 64<<10)}
}

func request(body []byte) []byte {
	return fmt.Appendf(nil,
		"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAccept: application/json\r\nUser-Agent: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// do sends a request and reads the answer; it gives the answer's size.
func (c *client) do(t testing.TB, req []byte) int {
	if _, err := c.conn.Write(req); err != nil {
		t.Fatal(err)
	}
	size := 0
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			t.Fatal(err)
		}
		if len(line) == 2 {
			break
		}
		if v, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if size, err = strconv.Atoi(string(bytes.TrimSpace(v))); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := c.r.Discard(size); err != nil {
		t.Fatal(err)
	}
	return size
}

// bare serves the same bytes from memory: what net/http costs.
func bare(answer []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		_, _ = w.Write(answer)
	})
}

// BenchmarkHTTP compares each question with a bare handler that serves the same bytes: cpu-ns/op is the process's
// processor time, client included, for the one (ours) and for the other (bare).
func BenchmarkHTTP(b *testing.B) {
	h := served(b)
	ours := httptest.NewServer(h)
	b.Cleanup(ours.Close)
	for _, q := range questions {
		body := body(b, q.name, q.text, "p7")
		rec := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/graphql", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		h.ServeHTTP(rec, r)
		if bytes.Contains(rec.Body.Bytes(), []byte(`"errors"`)) {
			b.Fatal(rec.Body)
		}
		plain := httptest.NewServer(bare(rec.Body.Bytes()))
		b.Cleanup(plain.Close)
		for _, s := range []struct {
			name string
			srv  *httptest.Server
		}{{"ours", ours}, {"bare", plain}} {
			b.Run(q.name+"/"+s.name, func(b *testing.B) {
				c, req := dial(b, s.srv.Listener.Addr().String()), request(body)
				b.ReportAllocs()
				before := cputime.Used()
				for b.Loop() {
					c.do(b, req)
				}
				b.ReportMetric(float64(cputime.Used()-before)/float64(b.N), "cpu-ns/op")
			})
		}
	}
}

// BenchmarkHandler is the same without a network.
func BenchmarkHandler(b *testing.B) {
	h := served(b)
	for _, q := range questions {
		b.Run(q.name, func(b *testing.B) {
			body := body(b, q.name, q.text, "p7")
			w := &sink{h: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/graphql", bytes.NewReader(body))
				r.Header.Set("Content-Type", "application/json")
				h.ServeHTTP(w, r)
			}
		})
	}
}

// sink is an http.ResponseWriter that keeps nothing.
type sink struct{ h http.Header }

func (s *sink) Header() http.Header              { return s.h }
func (s *sink) Write(b []byte) (int, error)      { return len(b), nil }
func (s *sink) WriteHeader(int)                  {}
func (s *sink) SetReadDeadline(time.Time) error  { return nil }
func (s *sink) SetWriteDeadline(time.Time) error { return nil }
