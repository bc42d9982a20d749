package http_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/assist"
	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/contract"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/server"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// keyring is a file of tokens, with the tokens themselves.
type keyring struct {
	path   string
	tokens *auth.Tokens
	of     map[string]string // by subject
}

// newKeyring makes a token of each role for a subject of its name in lower case, and one of ed that has expired.
func newKeyring(t *testing.T) *keyring {
	t.Helper()
	k := &keyring{path: filepath.Join(t.TempDir(), "tokens"), of: map[string]string{}}
	add := func(subject string, role auth.Role, expires time.Time) {
		secret, _, err := auth.Create(k.path, subject, role, time.Now(), expires)
		if err != nil {
			t.Fatal(err)
		}
		k.of[subject] = secret
	}
	for r := auth.Reader; r <= auth.Admin; r++ {
		add(strings.ToLower(r.String()), r, time.Time{})
	}
	add("ed", auth.Admin, time.Now().Add(-time.Second))
	var err error
	if k.tokens, err = auth.Open(k.path, time.Now); err != nil {
		t.Fatal(err)
	}
	return k
}

// revoke deletes the tokens of a subject, and has the file read again.
func (k *keyring) revoke(t *testing.T, subject string) {
	t.Helper()
	_, err := auth.Revoke(k.path, func(x auth.Token) bool { return x.Subject == subject })
	if err == nil {
		err = k.tokens.Reload()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// header is that of a request of a subject.
func (k *keyring) header(subject string) map[string]string {
	return map[string]string{"Authorization": "Bearer " + k.of[subject], "Content-Type": "application/json"}
}

// reading is who shows no token, and may read.
var reading = auth.NewIdentity("", auth.Reader)

// doors are the ways to what the graph holds.
var doors = []struct{ method, path, body string }{
	{"POST", "/graphql", `{"query":"{ stats { sources } }"}`},
	{"GET", "/graphql?query=" + url.QueryEscape("{ stats { sources } }"), ""},
	{"HEAD", "/graphql?query=" + url.QueryEscape("{ stats { sources } }"), ""},
	{"GET", "/graphql?query=" + url.QueryEscape("{ __schema { queryType { name } } }"), ""},
	{"POST", "/graphql", "no JSON"},
	{"PUT", "/graphql", ""},
	{"GET", "/e/mary-kaldor", ""},
	{"HEAD", "/e/mary-kaldor", ""},
	{"GET", "/s/s_kaldor-interview", ""},
	{"GET", "/path?from=mary-kaldor&to=nato", ""},
	{"GET", "/view", ""},
	{"GET", "/playground", ""},
	{"GET", "/export?format=gexf", ""},
	{"HEAD", "/export", ""},
	{"GET", "/export?format=nothing", ""},
	{"POST", "/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}`},
	{"POST", "/mcp", "no JSON"},
	{"GET", "/mcp", ""},
	{"GET", "/reconcile?queries={}", ""},
	{"POST", "/reconcile", "queries={}"},
	{"POST", "/reconcile/1.0-draft/match", "{}"},
	{"GET", "/reconcile/preview?id=mary-kaldor", ""},
}

// TestEveryDoorAsksWhoIsThere: no token, a bad one and one that has expired are 401 with a challenge; a good one is let
// in, and where it is said who shows none.
func TestEveryDoorAsksWhoIsThere(t *testing.T) {
	k := newKeyring(t)
	for _, anonymous := range []*auth.Identity{nil, reading} {
		base, _ := start(t, func(g *graph.Options, o *server.Options) {
			o.Verifier, o.Anonymous = k.tokens, anonymous
			showPages(o)
			o.Export = exchange.Served(g.Catalog, g.Store.(store.Scanner), nil, false)
			o.Assistants = assist.New(assist.Options{Catalog: g.Catalog}).Handler()
			o.Reconcile = http.NotFoundHandler()
		})
		for _, d := range doors {
			for header, want := range map[string]string{
				"":                         `Bearer realm="throughline"`,
				"Basic YW5uOnNlY3JldA==":   `Bearer realm="throughline"`, // a proxy's
				"Bearer":                   "invalid_token",
				"Bearer ":                  "invalid_token",
				"bearer nonsense":          "invalid_token",
				"Bearer " + k.of["ed"]:     "invalid_token",
				"Bearer " + k.of["reader"]: "",
				"BEARER  " + k.of["admin"]: "",
			} {
				r := do(t, d.method, base+d.path, d.body, map[string]string{"Authorization": header, "Content-Type": "application/json"})
				if anonymous != nil && want == `Bearer realm="throughline"` {
					want = ""
				}
				got := r.header.Get("Www-Authenticate")
				refused := want != ""
				if (r.status == 401) != refused || refused && !strings.Contains(got, want) || !refused && got != "" {
					t.Errorf("anonymous %v, %s %s with %.12q: %d, WWW-Authenticate %q", anonymous, d.method, d.path, header, r.status, got)
				}
				if !strings.Contains(strings.Join(r.header.Values("Vary"), ", "), "Authorization, Cookie") {
					t.Errorf("%s %s: Vary is %q", d.method, d.path, r.header.Values("Vary"))
				}
				if !refused {
					continue
				}
				if r.header.Get("Cache-Control") != "no-store" || d.method != "HEAD" && r.code(t) != "UNAUTHENTICATED" {
					t.Errorf("%s %s: %v %s", d.method, d.path, r.header, r.body)
				}
				if header != "" && len(header) > 10 && strings.Contains(r.body, header[8:]) || strings.Contains(r.body, "Kaldor") {
					t.Errorf("%s %s says too much: %s", d.method, d.path, r.body)
				}
			}
		}
		for path, want := range map[string]int{"/livez": 200, "/readyz": 200, "/assets/THIRD_PARTY_NOTICES.txt": 200, "/": 200} {
			if r := do(t, "GET", base+path, "", nil); r.status != want || strings.Contains(r.body, "Kaldor") {
				t.Errorf("%s without a token: %d", path, r.status)
			}
		}
		if r := do(t, "OPTIONS", base+"/graphql", "", nil); r.status != 204 {
			t.Errorf("what browsers ask before they show a token: %d", r.status)
		}
	}
}

// TestTwoTokensAreNone: it cannot be told which is meant.
func TestTwoTokensAreNone(t *testing.T) {
	k := newKeyring(t)
	base, _ := start(t, func(_ *graph.Options, o *server.Options) { o.Verifier = k.tokens })
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/graphql?query={__typename}", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{"reader", "admin"} {
		req.Header.Add("Authorization", "Bearer "+k.of[subject])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("%d", resp.StatusCode)
	}
}

// TestWhoIsUnknownTakesNothing: neither a place, nor is a body read, however long it is.
func TestWhoIsUnknownTakesNothing(t *testing.T) {
	k := newKeyring(t)
	base, _ := start(t, func(_ *graph.Options, o *server.Options) { o.Verifier, o.MaxBody = k.tokens, 100 })
	long := `{"query":"` + strings.Repeat(" ", 1000) + `{ stats { sources } }"}`
	if r := do(t, "POST", base+"/graphql", long, map[string]string{"Content-Type": "application/json"}); r.status != 401 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := do(t, "POST", base+"/graphql", long, k.header("reader")); r.status != 413 {
		t.Errorf("%d %s", r.status, r.body)
	}
}

// TestRolesOverTheWire: a field that needs more than a token has is forbidden, and the others answer.
func TestRolesOverTheWire(t *testing.T) {
	cat := both.Catalog(t)
	needs := map[string]auth.Role{"people": auth.Editor, "links": auth.Curator, "events": auth.Admin}
	for name, role := range needs {
		f := cat.Schema.Query.Fields.ForName(name)
		f.Directives = append(f.Directives, &ast.Directive{Name: contract.Requires, Arguments: ast.ArgumentList{
			{Name: "role", Value: &ast.Value{Kind: ast.EnumValue, Raw: role.String()}},
		}})
	}
	k := newKeyring(t)
	base, _ := serve(t, cat, both.SQLite(cat)(t), func(_ *graph.Options, o *server.Options) {
		o.Verifier, o.Anonymous = k.tokens, reading
	})
	const query = `{"query":"{ people { totalCount } links { totalCount } events { totalCount } stats { sources } viewer { role } }"}`
	for role := auth.Reader; role <= auth.Admin; role++ {
		r := do(t, "POST", base+"/graphql", query, k.header(strings.ToLower(role.String())))
		for name, needed := range needs {
			if strings.Contains(r.body, `"`+name+`":null`) != (needed > role) ||
				strings.Contains(r.body, name+" needs the role "+needed.String()) != (needed > role) {
				t.Errorf("%s as %s: %s", name, role, r.body)
			}
		}
		if r.status != 200 || !strings.Contains(r.body, `"stats":{"sources":1},"viewer":{"role":"`+role.String()+`"}`) {
			t.Errorf("as %s: %d %s", role, r.status, r.body)
		}
	}
	r := do(t, "POST", base+"/graphql", query, map[string]string{"Content-Type": "application/json"})
	if !strings.Contains(r.body, `"role":"READER"`) {
		t.Errorf("without a token: %s", r.body)
	}
}

// TestAnswersAreKeptForOneAlone: what depends on who asks has a tag of its own, and no shared cache may keep it.
func TestAnswersAreKeptForOneAlone(t *testing.T) {
	k := newKeyring(t)
	base, _ := start(t, func(_ *graph.Options, o *server.Options) {
		o.Verifier, o.Anonymous, o.CacheControl = k.tokens, reading, "public, max-age=60, s-maxage=600, must-revalidate"
	})
	address := getting(base, "{ viewer { subject role } stats { sources } }", "")
	tags := map[string]string{}
	for _, subject := range []string{"", "reader", "editor"} {
		header, want := map[string]string{}, "private, max-age=60, must-revalidate"
		if subject != "" {
			header = k.header(subject)
		} else {
			want = "public, max-age=60, s-maxage=600, must-revalidate"
		}
		r := do(t, "GET", address, "", header)
		tag := r.header.Get("ETag")
		if r.status != 200 || tag == "" || tags[tag] != "" || r.header.Get("Cache-Control") != want ||
			!strings.Contains(r.header.Get("Vary"), "Authorization, Cookie") {
			t.Errorf("%q: %d %v", subject, r.status, r.header)
		}
		tags[tag] = subject
		for tag, of := range tags {
			header["If-None-Match"] = tag
			if r := do(t, "GET", address, "", header); (r.status == 304) != (of == subject) || r.header.Get("Cache-Control") != want {
				t.Errorf("%q with the tag of %q: %d %v", subject, of, r.status, r.header)
			}
		}
	}
	// a token that is revoked gets no 304 either
	k.revoke(t, "editor")
	for tag := range tags {
		header := k.header("editor")
		header["If-None-Match"] = tag
		if r := do(t, "GET", address, "", header); r.status != 401 {
			t.Errorf("revoked: %d", r.status)
		}
	}
	// where nobody is asked who they are nothing says otherwise
	open, _ := start(t, nil)
	r := do(t, "GET", getting(open, "{ stats { sources } }", ""), "", nil)
	if r.header.Get("Vary") != "Accept, Accept-Encoding" || r.header.Get("Cache-Control") != "no-cache" {
		t.Errorf("%v", r.header)
	}
}

// TestSubjectsShareFairly: a crowd of one subject leaves places for another at the same address.
func TestSubjectsShareFairly(t *testing.T) {
	k := newKeyring(t)
	s, base, stop := startStuck(t, func(o *server.Options) { o.Verifier, o.NoArrivalQueue = k.tokens, true })
	crowd, end := context.WithCancel(t.Context())
	var all sync.WaitGroup
	ask := func(subject string) {
		all.Go(func() {
			body := strings.NewReader(`{"query":"{ subgraph(seeds: [{id: \"nato\"}]) { nodes { id } } }"}`)
			req, err := http.NewRequestWithContext(crowd, http.MethodPost, base+"/graphql", body)
			if err != nil {
				t.Error(err)
				return
			}
			for name, v := range k.header(subject) {
				req.Header.Set(name, v)
			}
			if resp, err := http.DefaultClient.Do(req); err == nil {
				_ = resp.Body.Close()
			}
		})
	}
	for range 100 {
		ask("reader")
	}
	for range 4 { // half of the eight places for what takes long
		<-s.began
	}
	ask("editor")
	select {
	case <-s.began:
	case <-time.After(20 * time.Second):
		t.Error("the other subject gets no place")
	}
	end()
	all.Wait()
	_ = stop()
}

// TestTokensAreNowhereWritten: in no log, trace, metric or error, be they good or bad.
func TestTokensAreNowhereWritten(t *testing.T) {
	k := newKeyring(t)
	log := &locked{}
	kept := tracetest.NewInMemoryExporter()
	tracing := sdktrace.NewTracerProvider(sdktrace.WithSyncer(kept))
	metrics := server.NewMetrics("test")
	base, stop := start(t, func(g *graph.Options, o *server.Options) {
		logger := slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		g.Logger, g.Observe = logger, metrics.Observe
		o.Logger, o.Verifier, o.Tracing, o.Metrics, o.Explain = logger, k.tokens, tracing, metrics, true
		o.Explorer = explorer
	})
	bodies := ""
	for _, token := range []string{k.of["reader"], k.of["ed"], k.of["admin"][:20] + "wrongwrong", "secretsecret"} {
		for _, d := range doors {
			header := map[string]string{
				"Authorization": "Bearer " + token, "Content-Type": "application/json", "X-Throughline-Explain": "1",
			}
			r := do(t, d.method, base+d.path, d.body, header)
			bodies += fmt.Sprint(r.header) + r.body
		}
	}
	_ = stop()
	w := httptest.NewRecorder()
	metrics.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for where, text := range map[string]string{
		"log": log.String(), "trace": fmt.Sprintf("%+v", kept.GetSpans()), "metric": w.Body.String(), "answer": bodies,
	} {
		if len(text) < 100 {
			t.Errorf("the %s is %q", where, text)
		}
		for _, secret := range []string{k.of["reader"][14:], k.of["ed"][14:], k.of["admin"][14:20], "wrongwrong", "secretsecret", "tl_"} {
			if strings.Contains(text, secret) {
				t.Errorf("a token stands in the %s", where)
			}
		}
	}
}
