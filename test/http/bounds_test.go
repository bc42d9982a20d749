package http_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/budget"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/server"
)

// TestOnlyNamesOfThisMachineAreAnswered: a page of another site cannot ask by having its own name lead here.
func TestOnlyNamesOfThisMachineAreAnswered(t *testing.T) {
	base, _ := start(t, func(_ *graph.Options, o *server.Options) { o.AllowedHosts = []string{"Graph.Example.org"} })
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(base, "http://"))
	for host, want := range map[string]int{
		"localhost": 200, "localhost:" + port: 200, "LOCALHOST:1": 200, "127.0.0.1:" + port: 200, "[::1]:" +
			port: 200, "[::1]": 200, "localhost.": 200, "graph.example.org": 200, "graph.example.org:80": 200,
		"evil.example": 421, "evil.example:" +
			port: 421, "localhost.evil.example": 421, "127.0.0.1.evil.example": 421, "example.org": 421, "10.0.0.1": 421, "::1.evil.example": 421,
	} {
		for _, path := range []string{"/graphql?query={__typename}", "/playground", "/livez", "/"} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = host
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if path == "/playground" && want == 200 {
				continue // not served here
			}
			if resp.StatusCode != want {
				t.Errorf("%s of %s: %d, want %d", path, host, resp.StatusCode, want)
			}
		}
	}
	metrics := server.LocalHosts(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, nil, http.NotFoundHandler())
	public := server.LocalHosts(&net.TCPAddr{IP: net.IPv4zero}, nil, http.NotFoundHandler())
	if a, b := served(metrics, "evil.example"), served(public, "evil.example"); a != 421 || b != 404 {
		t.Errorf("%d on a loopback address, %d on another", a, b)
	}
}

type status struct {
	http.ResponseWriter
	header http.Header
	code   int
}

func (s *status) Header() http.Header         { return s.header }
func (s *status) WriteHeader(code int)        { s.code = code }
func (s *status) Write(b []byte) (int, error) { return len(b), nil }

func served(h http.Handler, host string) int {
	s := &status{header: http.Header{}}
	h.ServeHTTP(s, &http.Request{Method: http.MethodGet, Host: host, Header: http.Header{}})
	return s.code
}

// large is an executor whose answers are longer than a socket takes, but that to { short }.
type large struct{ bytes int }

func (l *large) Do(_ context.Context, r *graph.Request) *graph.Response {
	if r.Query == "{ short }" {
		return &graph.Response{Began: true, Data: []byte(`"x"`)}
	}
	return &graph.Response{Began: true, Data: []byte(`"` + strings.Repeat("x", l.bytes) + `"`)}
}

// ServeHTTP is an answer of another door.
func (l *large) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(l.Do(context.Background(), &graph.Request{}).Data)
}

// unread asks at a door, and reads no more than the beginning of the answer.
func unread(t *testing.T, base, method, door, body string) {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", method, door, len(body), body)
	// the beginning has come, so the rest waits
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
}

// TestReadersThatAreSlowHoldNoPlace: clients that do not read their answers do not keep others out, whatever door they
// asked at.
func TestReadersThatAreSlowHoldNoPlace(t *testing.T) {
	const size = 8 << 20
	for door, body := range map[string]string{"/graphql": `{"query":"{a}"}`, "/mcp": `{}`, "/reconcile": `{}`} {
		t.Run(door[1:], func(t *testing.T) {
			base, _ := start(t, func(_ *graph.Options, o *server.Options) {
				l := &large{size}
				o.Executor, o.Assistants, o.Reconcile = l, l, l
				o.MaxConcurrent, o.Outbox = 2, 10*(size+1<<20)
				o.Grace = 10 * time.Millisecond
			})
			for range 8 {
				unread(t, base, http.MethodPost, door, body)
			}
			began := time.Now()
			if r := post(t, base, "{a}"); r.status != http.StatusOK || len(r.body) < size {
				t.Errorf("%d after %v: %.200s", r.status, time.Since(began), r.body)
			}
		})
	}
}

// TestAFullOutboxKeepsNobodyOutForLong: clients that do not read while no more answers may wait hold their places for
// FullTime.
func TestAFullOutboxKeepsNobodyOutForLong(t *testing.T) {
	base, _ := start(t, func(_ *graph.Options, o *server.Options) {
		o.Executor, o.MaxConcurrent, o.Outbox = &large{8 << 20}, 2, 1
		o.FullTime, o.QueueTime, o.NoArrivalQueue = 100*time.Millisecond, 8*time.Second, true
		o.Grace = 10 * time.Millisecond
	})
	for range 2 {
		unread(t, base, http.MethodPost, "/graphql", `{"query":"{a}"}`)
	}
	if r := post(t, base, "{ short }"); r.status != http.StatusOK {
		t.Errorf("%d: %.200s", r.status, r.body)
	}
}

// TestWhatHasNotArrivedHoldsNoMemory: who announces a long body and does not send it takes nothing from others.
func TestWhatHasNotArrivedHoldsNoMemory(t *testing.T) {
	pool := budget.NewPool(4 << 20)
	base, _ := start(t, func(_ *graph.Options, o *server.Options) {
		o.Memory, o.OperationMemory = pool, 4<<20
		o.Grace = 10 * time.Millisecond
	})
	for _, header := range []string{"Content-Length: 1000000", "Transfer-Encoding: chunked"} {
		for range 8 {
			c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
			fmt.Fprintf(c, "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n%s\r\n\r\n", header)
			// the server has begun to read
			if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, " 100 ") {
				t.Fatal(line, err)
			}
		}
		if n := pool.Used(); n != 0 {
			t.Errorf("%s: %d bytes are held for nothing", header, n)
		}
	}
	long := "{ people { totalCount } }" + strings.Repeat(" ", 900_000)
	if r := post(t, base, long); r.status != http.StatusServiceUnavailable {
		t.Errorf("what has arrived is counted: %d %.200s", r.status, r.body)
	}
	if n := pool.Used(); n != 0 {
		t.Errorf("%d bytes are held by nobody", n)
	}
}

// TestMemoryHasACeiling: when operations have used the server's memory up, large ones are told to come again, small
// ones go on, and what was held is given back.
func TestMemoryHasACeiling(t *testing.T) {
	pool := budget.NewPool(4 << 20)
	base, _ := start(t, func(g *graph.Options, o *server.Options) {
		g.Limits = plan.DefaultLimits()
		g.Limits.MaxCost = 1 << 30
		o.Memory, o.OperationMemory = pool, 16<<20
	})
	heavy := "{ people(first: 100) { nodes { id name " + nested(3) + " } } }"
	other := pool.Begin(1 << 30)
	if err := other.Hold(4 << 20); err != nil {
		t.Fatal(err)
	}
	point := `{ person(ref: {name: "Mary Kaldor"}) { id name } }`
	if r := post(t, base, heavy); r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "" ||
		r.code(t) != "UNAVAILABLE" {
		t.Errorf("what is large: %d %v %.200s", r.status, r.header, r.body)
	}
	if r := post(t, base, point); r.status != http.StatusOK || r.code(t) != "" {
		t.Errorf("what is small: %d %.200s", r.status, r.body)
	}
	other.End()
	if r := post(t, base, heavy); r.status != http.StatusOK || r.code(t) != "" {
		t.Errorf("afterwards: %d %.200s", r.status, r.body)
	}
	if n := pool.Used(); n != 0 {
		t.Errorf("%d bytes are held by nobody", n)
	}
}

// TestAnOperationHoldsSoMuch: every kind of work accounts for what it holds.
func TestAnOperationHoldsSoMuch(t *testing.T) {
	base, _ := start(t, func(g *graph.Options, o *server.Options) {
		g.Limits = plan.DefaultLimits()
		g.Limits.MaxCost = 1 << 30
		o.OperationMemory = 96 << 10
	})
	for name, query := range map[string]string{
		"rows": "{ people(first: 100) { nodes { " + nested(3) + " } } }",
		"body": "{ people { totalCount } }" + strings.Repeat(" ", 5000),
	} {
		r := post(t, base, query)
		if name == "body" { // what it is decoded to is refused before anybody knows what it asks
			if r.status != http.StatusServiceUnavailable {
				t.Errorf("%s: %d %.200s", name, r.status, r.body)
			}
			continue
		}
		if r.code(t) != "COST_LIMIT" {
			t.Errorf("%s: %d %.300s", name, r.status, r.body)
		}
	}
}

// TestAnswersAreBounded: an answer has so many bytes, whatever multiplies them.
func TestAnswersAreBounded(t *testing.T) {
	limits := plan.DefaultLimits()
	limits.MaxAnswer, limits.MaxCost = 20_000, 1<<30
	base, _ := start(t, func(o *graph.Options, _ *server.Options) { o.Limits = limits })
	texts := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, " a%d: description", i)
		}
		return b.String()
	}
	for name, query := range map[string]string{
		"aliases":       "{ people(first: 100) { nodes { id " + texts(49) + " } } }",
		"a list":        "{ people(first: 100) { nodes { id name " + nested(3) + " } } }",
		"introspection": "{ __schema { types { name description fields { name description } } } }",
	} {
		if r := post(t, base, query); r.code(t) != "COST_LIMIT" || len(r.body) > 1000 || r.status != http.StatusOK {
			t.Errorf("%s: %d, %d bytes: %.200s", name, r.status, len(r.body), r.body)
		}
	}
	if r := post(t, base, "{ people(first: 1) { nodes { id } } }"); r.code(t) != "" {
		t.Errorf("a short answer: %.200s", r.body)
	}
}

// TestManyLargeOperationsShareMemory: many clients that ask for much at once stay within what the pool has.
func TestManyLargeOperationsShareMemory(t *testing.T) {
	pool := budget.NewPool(8 << 20)
	base, _ := start(t, func(_ *graph.Options, o *server.Options) { o.Memory, o.MaxConcurrent = pool, 64 })
	query := `{ paths(from: {name: "Mary Kaldor"}, to: {name: "protection of civilians"}, hubPenalty: 1, first: 50, maxLength: 8) { nodes { length nodes { id name description } } } }`
	var all sync.WaitGroup
	var mu sync.Mutex
	codes := map[int]int{}
	for range 32 {
		all.Go(func() {
			r := post(t, base, query)
			mu.Lock()
			defer mu.Unlock()
			codes[r.status]++
		})
	}
	most := int64(0)
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	for waiting := true; waiting; {
		select {
		case <-done:
			waiting = false
		default:
			most = max(most, pool.Used())
			runtime.Gosched()
		}
	}
	if most > 8<<20 || pool.Used() != 0 {
		t.Errorf("%d bytes were held, %d are still", most, pool.Used())
	}
	if codes[200]+codes[503] != 32 || codes[200] == 0 {
		t.Errorf("answers: %v", codes)
	}
}

// nested are the links of links.
func nested(levels int) string {
	fields := "id name description"
	for range levels {
		fields = "id name links { nodes { " + fields + " } }"
	}
	return fields
}
