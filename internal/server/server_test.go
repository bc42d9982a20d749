package server_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/server"
	"github.com/throughline/throughline/internal/text"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// answering is an executor made of a function.
type answering func(ctx context.Context, r *graph.Request) *graph.Response

func (a answering) Do(ctx context.Context, r *graph.Request) *graph.Response { return a(ctx, r) }

// ready is what the store says of itself.
type ready struct{ err error }

func (r *ready) Ready(context.Context) error { return r.err }

func fine(context.Context, *graph.Request) *graph.Response {
	return &graph.Response{Data: []byte(`{"a":1}`), Began: true}
}

func newServer(t testing.TB, o server.Options) *server.Server {
	t.Helper()
	if o.Executor == nil {
		o.Executor = answering(fine)
	}
	if o.Store == nil {
		o.Store = &ready{}
	}
	s, err := server.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func send(h http.Handler, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "localhost"
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const document = `{"query":"{ a }"}`

func TestRequestIDs(t *testing.T) {
	h := newServer(t, server.Options{}).Handler()
	for given, kept := range map[string]bool{
		"abc-1_2.3": true, strings.Repeat("a", 64): true,
		"": false, strings.Repeat("a", 65): false, "a b": false, "a\"b": false, "é": false, "<script>": false,
	} {
		got := send(h, "GET", "/livez", "", "X-Request-Id", given).Header().Get("X-Request-Id")
		if (got == given) != kept || got == "" {
			t.Errorf("%q became %q", given, got)
		}
	}
	if a, b := server.RequestID(""), server.RequestID(""); a == b || len(a) != 36 {
		t.Errorf("ids %s %s", a, b)
	}
}

func TestReadinessFollowsTheStore(t *testing.T) {
	store := &ready{kg.Wrap(kg.Unavailable, errors.New("dial tcp 10.0.0.1"), "Neo4j has not answered yet")}
	h := newServer(t, server.Options{Store: store}).Handler()
	if w := send(h, "GET", "/readyz", ""); w.Code != 503 || !strings.Contains(w.Body.String(),
		"Neo4j has not answered yet") || strings.Contains(w.Body.String(), "10.0.0.1") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	store.err = errors.New("dial tcp 10.0.0.1")
	if w := send(h, "GET", "/readyz", ""); w.Code != 503 || !strings.Contains(w.Body.String(),
		"the store cannot be reached") || strings.Contains(w.Body.String(), "10.0.0.1") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	store.err = nil
	if w := send(h, "GET", "/readyz", ""); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	store.err = errors.New("gone")
	if w := send(h, "GET", "/livez", ""); w.Code != 200 {
		t.Errorf("alive: %d %s", w.Code, w.Body)
	}
}

func TestAPanicIsLoggedAndAnswered(t *testing.T) {
	var log bytes.Buffer
	h := newServer(t, server.Options{
		Logger:   slog.New(slog.NewTextHandler(&log, nil)),
		Executor: answering(func(context.Context, *graph.Request) *graph.Response { panic("secret state") }),
	}).Handler()
	w := send(h, "POST", "/graphql", document, "Content-Type", "application/json", "X-Request-Id", "abc")
	if w.Code != 500 || !strings.Contains(w.Body.String(), `"INTERNAL"`) || !strings.Contains(w.Body.String(), "abc") ||
		strings.Contains(w.Body.String(), "secret") || strings.Contains(w.Body.String(), ".go") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, want := range []string{"secret state", "server_test.go", "request=abc", "status=500"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q: %s", want, log.String())
		}
	}
}

func TestTheLogHasOneLineForARequestAndNothingOfItsValues(t *testing.T) {
	var log bytes.Buffer
	h := newServer(t, server.Options{
		Logger: slog.New(slog.NewJSONHandler(&log, nil)),
		Executor: answering(func(context.Context, *graph.Request) *graph.Response {
			return &graph.Response{Data: []byte(`{}`), Began: true, Operation: "Find"}
		}),
	}).Handler()
	send(h, "POST", "/graphql", `{"query":"query Find($n: String!) { a }","variables":{"n":"Mary Kaldor"}}`,
		"Content-Type", "application/json", "Authorization", "Bearer secret")
	send(h, "GET", "/livez", "") // health checks are not worth a line
	var m map[string]any
	if err := json.Unmarshal(log.Bytes(), &m); err != nil {
		t.Fatalf("%v: %s", err, log.String())
	}
	if m["operation"] != "Find" || m["status"] != 200.0 || m["method"] != "POST" || m["path"] != "/graphql" ||
		m["request"] == "" {
		t.Errorf("%v", m)
	}
	if strings.Contains(log.String(), "Kaldor") || strings.Contains(log.String(), "secret") {
		t.Errorf("the log has a value: %s", log.String())
	}
}

func TestPersistedQueriesAreBoundedInBytes(t *testing.T) {
	s := newServer(t, server.Options{})
	h := s.Handler()
	body := func(query string, with bool) string {
		sum := sha256.Sum256([]byte(query))
		m := map[string]any{"extensions": map[string]any{"persistedQuery": map[string]any{
			"version":    1,
			"sha256Hash": hex.EncodeToString(sum[:]),
		}}}
		if with {
			m["query"] = query
		}
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	known := func(query string) bool {
		w := send(h, "POST", "/graphql", body(query, false), "Content-Type", "application/json")
		return !strings.Contains(w.Body.String(), "PERSISTED_QUERY_NOT_FOUND")
	}
	query := func(i int) string { return fmt.Sprintf("{ a%d } #%s", i, strings.Repeat("x", 40_000)) }
	for i := range 300 { // 12 MB
		if w := send(h, "POST", "/graphql", body(query(i), true), "Content-Type", "application/json"); w.Code != 200 {
			t.Fatal(w.Code, w.Body)
		}
		if i%10 == 0 && !known(query(0)) {
			t.Fatalf("what is used is gone after %d", i)
		}
		if n := s.Kept(); n < 0 || n > server.PersistedBytes {
			t.Fatalf("%d bytes are kept", n)
		}
	}
	if !known(query(299)) || known(query(5)) {
		t.Error("the oldest did not go first")
	}
	large := "{ a } #" + strings.Repeat("x", 100_000)
	send(h, "POST", "/graphql", body(large, true), "Content-Type", "application/json")
	if known(large) {
		t.Error("a large one is kept")
	}
	// a wrong hash keeps nothing
	before := s.Kept()
	wrong := strings.Replace(body("{ b }", true), "{ b }", "{ c }", 1)
	if w := send(h, "POST", "/graphql", wrong, "Content-Type", "application/json"); w.Code != 400 ||
		s.Kept() != before {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestMetrics(t *testing.T) {
	m := server.NewMetrics("v1.2.3")
	public := newServer(t, server.Options{Metrics: m}).Handler()
	if w := send(public, "GET", "/metrics", ""); w.Code != 404 {
		t.Errorf("metrics on the public address: %d", w.Code)
	}
	m.Observe(graph.Observation{
		Operation: "Headline", Duration: time.Millisecond, Store: time.Microsecond,
		RoundTrips: 1,
	})
	m.Observe(graph.Observation{Code: "TIMEOUT"})
	m.Observe(graph.Observation{Operation: "Headline", Held: true})
	for i := range 500 { // names are the clients'
		m.Observe(graph.Observation{Operation: fmt.Sprint("Operation", i)})
	}
	text := send(m.Handler(), "GET", "/metrics", "").Body.String()
	for _, want := range []string{
		`throughline_operations_total{code="OK",operation="Headline"} 1`, `throughline_operations_total{code="TIMEOUT",operation="unnamed"} 1`,
		`throughline_operations_total{code="NOT_MODIFIED",operation="Headline"} 1`,
		`throughline_store_round_trips_sum{operation="Headline"} 1`, `throughline_operation_seconds_count{operation="Headline"} 1`,
		`throughline_operations_total{code="OK",operation="other"}`, `throughline_build_info{version="v1.2.3"} 1`, "go_goroutines", "throughline_shed_total 0",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if n := strings.Count(text, "throughline_operations_total{"); n > 203 {
		t.Errorf("%d names have a count of their own", n)
	}
}

func TestWhoWaitsInVainIsTold(t *testing.T) {
	begun, open := make(chan struct{}), make(chan struct{})
	m := server.NewMetrics("test")
	h := newServer(t, server.Options{
		MaxConcurrent: 1, QueueTime: time.Millisecond, Metrics: m,
		Executor: answering(func(ctx context.Context, r *graph.Request) *graph.Response {
			begun <- struct{}{}
			<-open
			return fine(ctx, r)
		}),
	}).Handler()
	first := make(chan int, 1)
	go func() { first <- send(h, "POST", "/graphql", document, "Content-Type", "application/json").Code }()
	<-begun
	w := send(h, "POST", "/graphql", document, "Content-Type", "application/json")
	if w.Code != 503 || w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), `"UNAVAILABLE"`) {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if w := send(h, "GET", "/livez", ""); w.Code != 200 {
		t.Errorf("alive: %d", w.Code)
	}
	// a place that is given back is taken by who waits
	second := make(chan int, 1)
	h2 := newServer(t, server.Options{
		MaxConcurrent: 1, QueueTime: time.Minute,
		Executor: answering(func(ctx context.Context, r *graph.Request) *graph.Response {
			begun <- struct{}{}
			<-open
			return fine(ctx, r)
		}),
	}).Handler()
	go func() { second <- send(h2, "POST", "/graphql", document, "Content-Type", "application/json").Code }()
	<-begun
	third := make(chan int, 1)
	go func() { third <- send(h2, "POST", "/graphql", document, "Content-Type", "application/json").Code }()
	close(open)
	<-begun
	for i, c := range []chan int{first, second, third} {
		if code := <-c; code != 200 {
			t.Errorf("number %d got %d", i+1, code)
		}
	}
	if text := send(m.Handler(), "GET", "/metrics", "").Body.String(); !strings.Contains(text,
		"throughline_shed_total 1") {
		t.Error("what was turned away is not counted")
	}
}

// TestStoppingCutsWhatDoesNotEnd: after the grace, what still runs is told to end, and the server is gone soon.
func TestStoppingCutsWhatDoesNotEnd(t *testing.T) {
	begun := make(chan struct{})
	store := &ready{}
	s := newServer(t, server.Options{
		Grace: 50 * time.Millisecond, Store: store,
		Executor: answering(func(ctx context.Context, r *graph.Request) *graph.Response {
			close(begun)
			<-ctx.Done()
			return fine(ctx, r)
		}),
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	answer := make(chan string, 1)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	go func() {
		resp, err := client.Post("http://"+l.Addr().String()+"/graphql", "application/json",
			strings.NewReader(document))
		if err != nil {
			answer <- err.Error()
			return
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		answer <- string(b)
	}()
	<-begun
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("stop: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it does not stop")
	}
	if got := <-answer; got != `{"data":{"a":1}}` {
		t.Errorf("the client got %s", got)
	}
	if w := send(s.Handler(), "GET", "/readyz", ""); w.Code != 503 || !strings.Contains(w.Body.String(), "stopping") {
		t.Errorf("while it stops: %d %s", w.Code, w.Body)
	}
}

func TestNegotiate(t *testing.T) {
	const modern, plain = "application/graphql-response+json; charset=utf-8", "application/json; charset=utf-8"
	for accept, want := range map[string]string{
		"": plain, "*/*": plain, "application/*": plain, "application/json": plain, "application/graphql-response+json": modern,
		"application/json;q=0.5, application/graphql-response+json": modern, "application/graphql-response+json;q=0.1, application/json": plain,
		"application/graphql-response+json, application/json": modern, "text/html, */*;q=0.1": plain, "APPLICATION/JSON": plain,
		"application/json; charset=utf-8": plain, "application/json; charset=latin1": "", "text/html": "", "application/json;q=0": "", ";;;": "", "application/json;q=x, */*": plain,
	} {
		if got, ok := server.Negotiate([]string{accept}); got != want || ok != (want != "") {
			t.Errorf("%q: %q %v, want %q", accept, got, ok, want)
		}
	}
}

func FuzzNegotiate(f *testing.F) {
	for _, s := range []string{
		"*/*", "application/json;q=0.5, application/graphql-response+json", ";;;", "a/b;q=1e400",
		"application/json;q=NaN", strings.Repeat("*/*,", 100),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		got, ok := server.Negotiate([]string{accept, accept})
		if ok != (got != "") || ok && !strings.Contains(got, "json") {
			t.Errorf("%q: %q %v", accept, got, ok)
		}
	})
}

func FuzzRequestBody(f *testing.F) {
	for _, s := range []string{
		"", "{", "[]", "null", document,
		`{"query":"{ a }","variables":{"a":[1,{"b":null}]},"operationName":"x","extensions":{"persistedQuery":{"version":1,"sha256Hash":"` +
			strings.Repeat("0", 64) + `"}}}`, `{"query":"\ud800"}`, "{\"query\":\"\xff\"}", `{"query":1}`, document +
			"x", `{"QUERY":"{ a }"}`, strings.Repeat(`{"variables":`, 2000),
	} {
		f.Add([]byte(s))
	}
	s := newServer(f, server.Options{MaxBody: 10_000})
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/graphql", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		req, status := s.Decode(httptest.NewRecorder(), r)
		switch {
		case status == 0 && (req.Query == "" || !utf8.ValidString(req.Query) || len(body) > 10_000 ||
			text.LoneSurrogate(body)):
			t.Errorf("%q was taken: %+v", body, req)
		case status != 0 && status != 200 && (status < 400 || status > 499): // 200 is for persisted queries
			t.Errorf("%q: status %d", body, status)
		}
	})
}
