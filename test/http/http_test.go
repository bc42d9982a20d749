// Package http_test asks a whole server over the wire what it does with good and bad requests.
package http_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/cputime"
	"github.com/throughline/throughline/internal/sample"
	"github.com/throughline/throughline/internal/server"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start serves the sample on a free port and returns its address and how to stop it.
func start(t *testing.T, change func(*graph.Options, *server.Options)) (base string, stop func() error) {
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
	return serve(t, cat, s, change)
}

// serve loads the sample into a store and serves it.
func serve(t *testing.T, cat *catalog.Catalog, s store.Store, change func(*graph.Options,
	*server.Options),
) (base string, stop func() error) {
	t.Helper()
	if _, err := sample.Load(t.Context(), cat, s); err != nil {
		t.Fatal(err)
	}
	g := graph.Options{Catalog: cat, Store: s, StoreKind: s.Kind(), Version: "test", Introspection: true}
	o := server.Options{Store: s, State: s.State, Grace: 2 * time.Second}
	if change != nil {
		change(&g, &o)
	}
	e, err := graph.New(g)
	if err != nil {
		t.Fatal(err)
	}
	if o.Executor == nil {
		o.Executor = e
	}
	srv, err := server.New(o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ctx, l) }()
	stopped := false
	stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-done
	}
	t.Cleanup(func() {
		_ = stop()
		http.DefaultClient.CloseIdleConnections()
	})
	return "http://" + l.Addr().String(), stop
}

type reply struct {
	status int
	header http.Header
	body   string
}

func (r reply) code(t *testing.T) string {
	t.Helper()
	var m struct {
		Errors []struct {
			Extensions struct{ Code string }
		}
	}
	if err := json.Unmarshal([]byte(r.body), &m); err != nil {
		t.Errorf("not JSON: %.200s", r.body)
		return ""
	}
	if len(m.Errors) == 0 {
		return ""
	}
	return m.Errors[0].Extensions.Code
}

func do(t *testing.T, method, address, body string, header map[string]string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(b)}
}

func post(t *testing.T, base, query string) reply {
	t.Helper()
	b, err := json.Marshal(map[string]any{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	return do(t, "POST", base+"/graphql", string(b), map[string]string{"Content-Type": "application/json"})
}

func TestBadRequests(t *testing.T) {
	base, _ := start(t, nil)
	const ok = `{"query":"{ serverInfo { version } }"}`
	typed := func(ct string) map[string]string { return map[string]string{"Content-Type": ct} }
	for _, c := range []struct {
		name, method, path, body string
		header                   map[string]string
		status                   int
		code                     string
	}{
		{"empty body", "POST", "/graphql", "", typed("application/json"), 400, "BAD_REQUEST"},
		{"half an object", "POST", "/graphql", "{", typed("application/json"), 400, "BAD_REQUEST"},
		{"null", "POST", "/graphql", "null", typed("application/json"), 400, "BAD_REQUEST"},
		{"a string", "POST", "/graphql", `"x"`, typed("application/json"), 400, "BAD_REQUEST"},
		{"a batch", "POST", "/graphql", "[" + ok + "]", typed("application/json"), 400, "BAD_REQUEST"},
		{"query a number", "POST", "/graphql", `{"query":1}`, typed("application/json"), 400, "BAD_REQUEST"},
		{
			"variables a list", "POST", "/graphql", `{"query":"{ __typename }","variables":[]}`, typed("application/json"),
			400, "BAD_REQUEST",
		},
		{"text behind", "POST", "/graphql", ok + " x", typed("application/json"), 400, "BAD_REQUEST"},
		{"not UTF-8", "POST", "/graphql", "{\"query\":\"\xff\"}", typed("application/json"), 400, "BAD_REQUEST"},
		{
			"half a pair", "POST", "/graphql", `{"query":"{ search(text: \"\ud800\") { totalCount } }"}`,
			typed("application/json"), 400, "BAD_USER_INPUT",
		},
		{"text/plain", "POST", "/graphql", ok, typed("text/plain"), 415, "UNSUPPORTED_MEDIA_TYPE"},
		{
			"a form", "POST", "/graphql", "query=x", typed("application/x-www-form-urlencoded"), 415,
			"UNSUPPORTED_MEDIA_TYPE",
		},
		{"multipart", "POST", "/graphql", ok, typed("multipart/form-data; boundary=x"), 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"no type", "POST", "/graphql", ok, nil, 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"gzip", "POST", "/graphql", ok, map[string]string{
			"Content-Type":     "application/json",
			"Content-Encoding": "gzip",
		}, 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"PUT", "PUT", "/graphql", ok, typed("application/json"), 405, "METHOD_NOT_ALLOWED"},
		{"DELETE", "DELETE", "/graphql", "", nil, 405, "METHOD_NOT_ALLOWED"},
		{
			"GET a mutation", "GET", "/graphql?query=" + url.QueryEscape("mutation { x }"), "", nil, 405,
			"METHOD_NOT_ALLOWED",
		},
		{
			"20 MB", "POST", "/graphql", `{"query":"` + strings.Repeat("x", 20<<20) + `"}`, typed("application/json"), 413,
			"BAD_REQUEST",
		},
		{"syntax", "POST", "/graphql", `{"query":"{"}`, typed("application/json"), 200, "GRAPHQL_PARSE_FAILED"},
		{
			"validation", "POST", "/graphql", `{"query":"{ nope }"}`, typed("application/json"), 200,
			"GRAPHQL_VALIDATION_FAILED",
		},
		{
			"@defer, which would be without effect", "POST", "/graphql", `{"query":"{ ... @defer { __typename } }"}`,
			typed("application/json"), 200, "GRAPHQL_VALIDATION_FAILED",
		},
		{
			"two operations", "POST", "/graphql", `{"query":"query A { __typename } query B { __typename }"}`,
			typed("application/json"), 200, "BAD_REQUEST",
		},
		{
			"unknown operation", "POST", "/graphql", `{"query":"query A { __typename }","operationName":"C"}`,
			typed("application/json"), 200, "BAD_REQUEST",
		},
		{
			"a subscription", "POST", "/graphql", `{"query":"subscription { x }"}`, typed("application/json"), 200,
			"BAD_REQUEST",
		},
		{"nothing acceptable", "POST", "/graphql", ok, map[string]string{
			"Content-Type": "application/json",
			"Accept":       "text/csv",
		}, 406, "NOT_ACCEPTABLE"},
		{
			"wrong hash", "POST", "/graphql",
			`{"query":"{ __typename }","extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + strings.Repeat("0",
				64) + `"}}}`, typed("application/json"), 400, "BAD_REQUEST",
		},
		{"metrics", "GET", "/metrics", "", nil, 404, "NOT_FOUND"},
		{"pprof", "GET", "/debug/pprof/", "", nil, 404, "NOT_FOUND"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := do(t, c.method, base+c.path, c.body, c.header)
			if r.status != c.status || r.code(t) != c.code {
				t.Errorf("status %d code %q, want %d %q: %.300s", r.status, r.code(t), c.status, c.code, r.body)
			}
			if strings.Contains(r.body, `"data"`) {
				t.Error("there is a data key")
			}
			if !strings.HasPrefix(r.header.Get("Content-Type"), "application/json") {
				t.Errorf("Content-Type %q", r.header.Get("Content-Type"))
			}
			if c.status == 405 && r.header.Get("Allow") != "GET, POST, OPTIONS" {
				t.Errorf("Allow %q", r.header.Get("Allow"))
			}
		})
	}
}

func TestLimitsOfADocument(t *testing.T) {
	base, _ := start(t, nil)
	repeat := strings.Repeat
	doubling := "{ person(ref: {id: \"mary-kaldor\"}) { ...f0 } }"
	for i := range 26 {
		doubling += fmt.Sprintf(" fragment f%d on Person { a: affiliations { nodes { people { nodes { ...f%d } } } } b: affiliations { nodes { people { nodes { ...f%d } } } } }",
			i, i+1, i+1)
	}
	doubling += " fragment f26 on Person { id }"
	nested := "id"
	for range 12 {
		nested = "broader { nodes { " + nested + " } }"
	}
	aliases := ""
	for i := range 300 {
		aliases += fmt.Sprintf(" a%d: people { totalCount }", i)
	}
	for _, c := range []struct {
		name, query string
		codes       string // any of these; "" for an answer
		within      time.Duration
	}{
		{"doubling fragments", doubling, "COST_LIMIT DEPTH_LIMIT ALIAS_LIMIT", 500 * time.Millisecond},
		{"1,500 of a field", "{" + repeat(" __typename", 1500) + "}", "", time.Second},
		{"5,000 of a field", "{" + repeat(" __typename", 5000) + "}", "GRAPHQL_PARSE_FAILED", time.Second},
		{"20,000 of a field", "{" + repeat(" __typename", 20000) + "}", "GRAPHQL_PARSE_FAILED", 2 * time.Second},
		{"inline fragments", "{" + repeat(" ... { "+repeat("__typename ", 40)+"}", 90) + "}", "", time.Second},
		{"300 aliases", "{" + aliases + "}", "ALIAS_LIMIT COST_LIMIT", time.Second},
		{"25 levels", `{ theme(ref: {id: "human-security"}) { ` + nested + " } }", "DEPTH_LIMIT", time.Second},
		{
			"wide pages", "{ people(first: 100) { nodes { affiliations(first: 100) { nodes { people(first: 100) { nodes { id } } } } } } }",
			"COST_LIMIT", time.Second,
		},
		{"21 root fields", "{" + func() (s string) {
			for i := range 21 {
				s += fmt.Sprintf(" a%d: people { totalCount }", i)
			}
			return s
		}() + "}", "COST_LIMIT", time.Second},
		{
			"3,000 directives", "{ __typename" + repeat(" @skip(if: false)", 400) + " }", "GRAPHQL_VALIDATION_FAILED",
			2 * time.Second,
		},
		{"unknown fields", "{ people { nodes {" + func() (s string) {
			for i := range 3000 {
				s += fmt.Sprintf(" f%d", i)
			}
			return s
		}() + "} } }", "GRAPHQL_VALIDATION_FAILED", 2 * time.Second},
		{"open braces", repeat("{ a ", 50000), "GRAPHQL_PARSE_FAILED BAD_REQUEST", 1500 * time.Millisecond},
		{"first -1", "{ people(first: -1) { totalCount } }", "BAD_USER_INPUT", time.Second},
		{"first 101", "{ people(first: 101) { totalCount } }", "BAD_USER_INPUT", time.Second},
		{
			"first beyond 32 bits", "{ people(first: 2147483648) { totalCount } }",
			"BAD_USER_INPUT GRAPHQL_VALIDATION_FAILED", time.Second,
		},
		{
			"first beyond 64 bits", "{ people(first: 99999999999999999999) { totalCount } }",
			"BAD_USER_INPUT GRAPHQL_VALIDATION_FAILED", time.Second,
		},
		{"first 1.5", "{ people(first: 1.5) { totalCount } }", "GRAPHQL_VALIDATION_FAILED", time.Second},
		{"first a string", `{ people(first: "1") { totalCount } }`, "GRAPHQL_VALIDATION_FAILED", time.Second},
		{"first and last", "{ people(first: 1, last: 1) { totalCount } }", "BAD_USER_INPUT", time.Second},
		{"junk cursor", `{ people(after: "%%%") { totalCount } }`, "BAD_CURSOR", time.Second},
		{"long cursor", `{ people(after: "` + repeat("a", 5000) + `") { totalCount } }`, "BAD_CURSOR", time.Second},
		{"NUL", `{ search(text: "a\u0000b") { totalCount } }`, "BAD_USER_INPUT", time.Second},
		{
			"half a pair in the document", `{ search(text: "\uD800") { totalCount } }`,
			"BAD_USER_INPUT GRAPHQL_PARSE_FAILED", time.Second,
		},
		{
			"two keys", `{ person(ref: {id: "a", name: "b"}) { id } }`, "GRAPHQL_VALIDATION_FAILED BAD_USER_INPUT",
			time.Second,
		},
		{
			"from nobody", `{ paths(from: {id: "nobody"}, to: {name: "NATO"}) { report { outcome } } }`, "NOT_FOUND",
			time.Second,
		},
		{
			"from is to", `{ paths(from: {name: "nato"}, to: {name: "NATO"}) { report { outcome } } }`, "BAD_USER_INPUT",
			time.Second,
		},
		{
			"via what is avoided",
			`{ paths(from: {name: "Mary Kaldor"}, to: {name: "NATO"}, via: [{name: "London"}], avoid: [{name: "London"}]) { report { outcome } } }`, "BAD_USER_INPUT", time.Second,
		},
		{
			"too many vias",
			`{ paths(from: {name: "Mary Kaldor"}, to: {name: "NATO"}, via: [{id: "a"}, {id: "b"}, {id: "c"}, {id: "d"}, {id: "e"}]) { report { outcome } } }`, "BAD_USER_INPUT", time.Second,
		},
		{
			"a long path", `{ paths(from: {name: "Mary Kaldor"}, to: {name: "NATO"}, maxLength: 9) { report { outcome } } }`,
			"BAD_USER_INPUT", time.Second,
		},
		{
			"many paths", `{ paths(from: {name: "Mary Kaldor"}, to: {name: "NATO"}, first: 101) { report { outcome } } }`,
			"BAD_USER_INPUT", time.Second,
		},
		{
			"a negative penalty",
			`{ paths(from: {name: "Mary Kaldor"}, to: {name: "NATO"}, hubPenalty: -1) { report { outcome } } }`, "BAD_USER_INPUT", time.Second,
		},
		{"no seeds", `{ subgraph(seeds: []) { truncated } }`, "BAD_USER_INPUT", time.Second},
		{
			"a large subgraph", `{ subgraph(seeds: [{name: "NATO"}], maxNodes: 1001) { truncated } }`, "BAD_USER_INPUT",
			time.Second,
		},
		{
			"a deep subgraph", `{ subgraph(seeds: [{name: "NATO"}], depth: 5) { truncated } }`, "BAD_USER_INPUT",
			time.Second,
		},
		{
			"a timeline's junk cursor", `{ timeline(subjects: [{name: "NATO"}], after: "%%%") { totalCount } }`,
			"BAD_CURSOR", time.Second,
		},
		{
			"the same compared", `{ compare(left: {name: "NATO"}, right: {id: "nato"}) { sharedCount } }`, "BAD_USER_INPUT",
			time.Second,
		},
		{
			"company of nobody", `{ coParticipation(of: {id: "nobody"}, through: EVENT) { totalCount } }`, "NOT_FOUND",
			time.Second,
		},
		{"a bad date", `{ events(where: {date: {from: "2021-13"}}) { totalCount } }`, "BAD_USER_INPUT", time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			begin := cputime.Used()
			r := post(t, base, c.query)
			if took := cputime.Used() - begin; took > c.within {
				t.Errorf("took %s of work, want at most %s", took, c.within)
			}
			code := r.code(t)
			if code == "" && c.codes != "" || code != "" && !strings.Contains(c.codes, code) {
				t.Errorf("code %q, want %q: %.300s", code, c.codes, r.body)
			}
			if len(r.body) > 64<<10 {
				t.Errorf("%d bytes of answer", len(r.body))
			}
		})
	}
}

func TestPagesAndUnknownThings(t *testing.T) {
	base, _ := start(t, nil)
	for _, c := range []struct{ query, want string }{
		{
			`{ people(first: 0) { edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor } totalCount } }`,
			`{"data":{"people":{"edges":[],"pageInfo":{"hasNextPage":true,"hasPreviousPage":false,"startCursor":null},"totalCount":8}}}`,
		},
		{
			`{ nodes(ids: ["nato", "nobody", "mary-kaldor", "mary-kaldor"]) { id } }`,
			`{"data":{"nodes":[{"id":"nato"},null,{"id":"mary-kaldor"},{"id":"mary-kaldor"}]}}`,
		},
		{`{ node(id: "nobody") { id } }`, `{"data":{"node":null}}`},
		{`{ node(id: "") { id } }`, `{"data":{"node":null}}`},
		{`{ search(text: "* \" ( ~") { totalCount } }`, `{"data":{"search":{"totalCount":0}}}`},
		{
			`{ theme(ref: {name: "Human Security"}) { narrower { totalCount } } }`,
			`{"data":{"theme":{"narrower":{"totalCount":5}}}}`,
		},
		{
			`{ search(text: "kaldr", types: [PERSON]) { nodes { id } } }`,
			`{"data":{"search":{"nodes":[{"id":"mary-kaldor"}]}}}`,
		},
		{
			`{ __schema { directives { name } } }`,
			`{"data":{"__schema":{"directives":[{"name":"deprecated"},{"name":"include"},{"name":"oneOf"},{"name":"skip"},{"name":"specifiedBy"}]}}}`,
		},
		{
			`{ serverInfo { store limits { maxPageSize timeoutMs } } }`,
			`{"data":{"serverInfo":{"store":"SQLITE","limits":{"maxPageSize":100,"timeoutMs":10000}}}}`,
		},
	} {
		if r := post(t, base, c.query); r.body != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.query, r.body, c.want)
		}
	}
	r := post(t, base, `{ people(first: 2) { pageInfo { endCursor } } }`)
	var m struct {
		Data struct {
			People struct{ PageInfo struct{ EndCursor string } }
		}
	}
	if err := json.Unmarshal([]byte(r.body), &m); err != nil {
		t.Fatal(err)
	}
	cursor := m.Data.People.PageInfo.EndCursor
	if r := post(t, base, `{ institutions(after: "`+cursor+`") { totalCount } }`); r.code(t) != "BAD_CURSOR" {
		t.Errorf("a cursor of another list: %s", r.body)
	}
	if r := post(t, base,
		`{ people(after: "`+cursor+`", orderBy: [{field: DATE}]) { totalCount } }`); r.code(t) != "BAD_CURSOR" {
		t.Errorf("a cursor of another order: %s", r.body)
	}
}

func TestIntrospectionOff(t *testing.T) {
	base, _ := start(t, func(g *graph.Options, _ *server.Options) { g.Introspection = false })
	for _, q := range []string{
		`{ __schema { queryType { name } } }`, `{ x: __type(name: "Person") { name } }`, `query { ...f } fragment f on Query { __schema { queryType { name } } }`,
	} {
		if r := post(t, base, q); r.code(t) != "INTROSPECTION_DISABLED" {
			t.Errorf("%s: %s", q, r.body)
		}
	}
	for _, q := range []string{
		`{ peopl { totalCount } }`, `{ people(frist: 1) { totalCount } }`,
		`{ people { nodes { nam } } }`, `{ people { nodes { ... on Persn { id } } } }`, `{ people { nodes } }`,
	} {
		if r := post(t, base, q); strings.Contains(r.body, "Did you mean") || r.code(t) != "GRAPHQL_VALIDATION_FAILED" {
			t.Errorf("%s: %s", q, r.body)
		}
	}
	if r := post(t, base, `{ __typename }`); r.body != `{"data":{"__typename":"Query"}}` {
		t.Error(r.body)
	}
}

func TestMediaTypes(t *testing.T) {
	base, _ := start(t, nil)
	for _, c := range []struct{ accept, want string }{
		{"", "application/json"},
		{"*/*", "application/json"},
		{"application/json", "application/json"},
		{"application/graphql-response+json", "application/graphql-response+json"},
		{"application/json;q=0.5, application/graphql-response+json", "application/graphql-response+json"},
		{"application/graphql-response+json;q=0.1, application/json;q=0.9", "application/json"},
	} {
		h := map[string]string{"Content-Type": "application/json; charset=utf-8"}
		if c.accept != "" {
			h["Accept"] = c.accept
		}
		r := do(t, "POST", base+"/graphql", `{"query":"{ __typename }"}`, h)
		if got, _, _ := strings.Cut(r.header.Get("Content-Type"), ";"); r.status != 200 || got != c.want {
			t.Errorf("Accept %q: %d %q, want %q", c.accept, r.status, got, c.want)
		}
	}
	q := base + "/graphql?query=" + url.QueryEscape("query($n: Int!) { people(first: $n) { totalCount } }") +
		"&variables=" + url.QueryEscape(`{"n": 1}`)
	if r := do(t, "GET", q, "", nil); r.status != 200 || r.body != `{"data":{"people":{"totalCount":8}}}` {
		t.Errorf("GET: %d %s", r.status, r.body)
	}
	if r := do(t, "HEAD", q, "", nil); r.status != 200 || r.body != "" {
		t.Errorf("HEAD: %d %s", r.status, r.body)
	}
	if r := do(t, "OPTIONS", base+"/graphql", "", nil); r.status != 204 ||
		r.header.Get("Allow") != "GET, POST, OPTIONS" {
		t.Errorf("OPTIONS: %d %v", r.status, r.header)
	}
}

func TestCompression(t *testing.T) {
	base, _ := start(t, nil)
	const q = `{"query":"{ __schema { types { name description fields { name description } } } }"}`
	r := do(t, "POST", base+"/graphql", q, map[string]string{
		"Content-Type":    "application/json",
		"Accept-Encoding": "gzip",
	})
	if r.header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("headers %v", r.header)
	}
	z, err := gzip.NewReader(bytes.NewReader([]byte(r.body)))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(z); err != nil || !bytes.Contains(b, []byte(`"PartialDate"`)) {
		t.Errorf("%v %.100s", err, b)
	}
	if r := do(t, "POST", base+"/graphql", q, map[string]string{
		"Content-Type":    "application/json",
		"Accept-Encoding": "br",
	}); r.header.Get("Content-Encoding") != "br" {
		t.Errorf("headers %v", r.header)
	}
	if r := do(t, "POST", base+"/graphql", `{"query":"{ __typename }"}`,
		map[string]string{
			"Content-Type":    "application/json",
			"Accept-Encoding": "br, gzip",
		}); r.header.Get("Content-Encoding") != "" {
		t.Errorf("a small answer was compressed: %v", r.header)
	}
}

func TestForeignOrigins(t *testing.T) {
	base, _ := start(t, nil)
	listed, _ := start(t,
		func(_ *graph.Options, o *server.Options) { o.CORSOrigins = []string{"https://app.example.org"} })
	open, _ := start(t, func(_ *graph.Options, o *server.Options) { o.CORSOrigins = []string{"*"} })
	for _, origin := range []string{"https://evil.example", "null"} {
		for _, b := range []string{base, listed} {
			r := do(t, "POST", b+"/graphql", `{"query":"{ __typename }"}`,
				map[string]string{"Content-Type": "application/json", "Origin": origin})
			if a := r.header.Get("Access-Control-Allow-Origin"); a != "" {
				t.Errorf("%s may read: %q", origin, a)
			}
		}
	}
	pre := map[string]string{
		"Origin": "https://app.example.org", "Access-Control-Request-Method": "POST",
		"Access-Control-Request-Headers": "content-type",
	}
	if r := do(t, "OPTIONS", listed+"/graphql", "",
		pre); r.header.Get("Access-Control-Allow-Origin") != "https://app.example.org" {
		t.Errorf("preflight: %d %v", r.status, r.header)
	}
	if r := do(t, "OPTIONS", open+"/graphql", "", pre); r.header.Get("Access-Control-Allow-Origin") != "*" ||
		r.header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("preflight of *: %v", r.header)
	}
}

func TestPersistedQueries(t *testing.T) {
	base, _ := start(t, nil)
	const q = "{ people { totalCount } }"
	sum := sha256.Sum256([]byte(q))
	ext := `{"persistedQuery":{"version":1,"sha256Hash":"` + hex.EncodeToString(sum[:]) + `"}}`
	send := func(body string) reply {
		return do(t, "POST", base+"/graphql", body, map[string]string{"Content-Type": "application/json"})
	}
	if r := send(`{"extensions":` + ext + `}`); r.status != 200 || r.code(t) != "PERSISTED_QUERY_NOT_FOUND" {
		t.Fatalf("%d %s", r.status, r.body)
	}
	for _, body := range []string{`{"query":"` + q + `","extensions":` + ext + `}`, `{"extensions":` + ext + `}`} {
		if r := send(body); r.body != `{"data":{"people":{"totalCount":8}}}` {
			t.Errorf("%s: %s", body, r.body)
		}
	}
	if r := do(t, "GET", base+"/graphql?extensions="+url.QueryEscape(ext), "",
		nil); r.body != `{"data":{"people":{"totalCount":8}}}` {
		t.Errorf("GET: %s", r.body)
	}
}

func TestHealthAndHome(t *testing.T) {
	base, stop := start(t, nil)
	for _, p := range []string{"/livez", "/readyz", "/"} {
		if r := do(t, "GET", base+p, "", nil); r.status != 200 {
			t.Errorf("%s: %d %s", p, r.status, r.body)
		}
	}
	if r := do(t, "GET", base+"/nowhere", "", nil); r.status != 404 || r.code(t) != "NOT_FOUND" {
		t.Errorf("%d %s", r.status, r.body)
	}
	r := do(t, "GET", base+"/livez", "", map[string]string{"X-Request-Id": "abc-1"})
	if r.header.Get("X-Request-Id") != "abc-1" {
		t.Errorf("request id %q", r.header.Get("X-Request-Id"))
	}
	if err := stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// slow is an executor that answers when it is told to, or when its request ends.
type slow struct {
	begun chan struct{}
	open  chan struct{}
}

func (s *slow) Do(ctx context.Context, _ *graph.Request) *graph.Response {
	s.begun <- struct{}{}
	select {
	case <-s.open:
	case <-ctx.Done():
	}
	return &graph.Response{Data: []byte("{}"), Began: true}
}

func TestStoppingLetsRequestsFinish(t *testing.T) {
	x := &slow{make(chan struct{}, 1), make(chan struct{})}
	base, stop := start(t, func(_ *graph.Options, o *server.Options) { o.Executor = x })
	got := make(chan reply, 1)
	go func() { got <- post(t, base, "{ x }") }()
	<-x.begun
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	close(x.open)
	if r := <-got; r.status != 200 {
		t.Errorf("status %d", r.status)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestOverloadIsShed(t *testing.T) {
	x := &slow{make(chan struct{}, 8), make(chan struct{})}
	base, _ := start(t, func(_ *graph.Options, o *server.Options) {
		o.Executor, o.MaxConcurrent, o.QueueTime = x, 1, time.Millisecond
	})
	first := make(chan reply, 1)
	go func() { first <- post(t, base, "{ x }") }()
	<-x.begun
	r := post(t, base, "{ x }")
	if r.status != 503 || r.code(t) != "UNAVAILABLE" || r.header.Get("Retry-After") == "" {
		t.Errorf("%d %v %s", r.status, r.header, r.body)
	}
	close(x.open)
	if r := <-first; r.status != 200 {
		t.Errorf("the first got %d", r.status)
	}
}

func TestALargeHeaderIsRefused(t *testing.T) {
	base, _ := start(t, nil)
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() {
		fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\n")
		for range 2 << 10 {
			if _, err := fmt.Fprintf(conn, "X-%s: 1\r\n", strings.Repeat("a", 1000)); err != nil {
				return
			}
		}
	}()
	b := make([]byte, 12)
	if _, err := io.ReadFull(conn, b); err != nil || string(b) != "HTTP/1.1 431" {
		t.Errorf("%q %v", b, err)
	}
}

// TestAKeyInTheHeaderHasItDoneOnce: the same mutation twice with one Idempotency-Key makes one record, and both times has
// the same answer.
func TestAKeyInTheHeaderHasItDoneOnce(t *testing.T) {
	base, stop := start(t, func(g *graph.Options, _ *server.Options) { g.Writer, _ = g.Store.(graph.Writer) })
	defer func() { _ = stop() }()
	ask := func(key string) string {
		return do(t, http.MethodPost, base+"/graphql",
			`{"query": "mutation { createTheme(input: {name: \"New\"}) { theme { id } change { id } errors { code } } }"}`,
			map[string]string{"Content-Type": "application/json", "Idempotency-Key": key}).body
	}
	first := ask("one")
	if again := ask("one"); again != first || !strings.Contains(first, `"theme":{"id":"new"},"change":{"id":"h_`) {
		t.Errorf("%s, then %s", first, again)
	}
	if got := ask("two"); !strings.Contains(got, `"code":"ALREADY_EXISTS"`) {
		t.Error(got)
	}
}

// TestAKeyInTheHeaderThatIsNoneIsRefused: nothing is made under a key that could not have it made once.
func TestAKeyInTheHeaderThatIsNoneIsRefused(t *testing.T) {
	base, _ := start(t, func(g *graph.Options, _ *server.Options) { g.Writer, _ = g.Store.(graph.Writer) })
	for _, c := range []struct {
		keys []string
		says string
	}{
		{[]string{""}, "the header Idempotency-Key has 1 to 255 bytes"},
		{[]string{strings.Repeat("k", 256)}, "the header Idempotency-Key has 1 to 255 bytes"},
		{[]string{"one", "one"}, "send the header Idempotency-Key once"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/graphql",
			strings.NewReader(`{"query": "mutation { createTheme(input: {name: \"New\"}) { theme { id } } }"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header = http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": c.keys}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		got := reply{resp.StatusCode, resp.Header, string(body)}
		if err != nil || got.status != http.StatusBadRequest || got.code(t) != "BAD_REQUEST" || !strings.Contains(got.body, c.says) {
			t.Errorf("%.20q: %d %s, %v", c.keys, got.status, got.body, err)
		}
	}
	if r := post(t, base, `{ theme(ref: {name: "New"}) { id } }`); r.body != `{"data":{"theme":null}}` {
		t.Errorf("it was made all the same: %s", r.body)
	}
}
