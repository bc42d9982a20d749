package http_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/server"
)

// page is a page of an origin in a browser.
type page struct {
	origin      string
	credentials bool
}

// mayAsk reports whether a browser lets a page ask with these headers and read the answer, as the Fetch standard has
// it: after a preflight that allows each header by its name or, without credentials, by *, which never stands for
// Authorization.
func (p page) mayAsk(t *testing.T, base string, headers ...string) bool {
	t.Helper()
	headers = append(headers, "content-type")
	slices.Sort(headers)
	asked := strings.Join(headers, ",")
	pre := do(t, "OPTIONS", base+"/graphql", "", map[string]string{
		"Origin":                        p.origin,
		"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": asked,
	})
	if pre.status < 200 || pre.status > 299 || !p.mayRead(pre.header) {
		return false
	}
	allowed := map[string]bool{}
	for h := range strings.SplitSeq(strings.ToLower(strings.Join(pre.header.Values("Access-Control-Allow-Headers"),
		",")), ",") {
		allowed[strings.TrimSpace(h)] = true
	}
	for _, h := range headers {
		if !allowed[h] && (!allowed["*"] || p.credentials || h == "authorization") {
			return false
		}
	}
	header := map[string]string{"Origin": p.origin, "Content-Type": "application/json"}
	for _, h := range headers {
		if h != "content-type" {
			header[h] = "1"
		}
	}
	r := do(t, "POST", base+"/graphql", `{"query":"{ __typename }"}`, header)
	if r.status != 200 {
		t.Errorf("%v asks with %s: %d %s", p, asked, r.status, r.body)
	}
	if !slices.ContainsFunc(r.header.Values("Vary"), func(v string) bool { return strings.Contains(v, "Origin") }) {
		t.Errorf("the answer does not vary by origin: %v", r.header.Values("Vary"))
	}
	return p.mayRead(r.header)
}

// mayRead reports whether a browser lets a page read an answer with these headers.
func (p page) mayRead(h http.Header) bool {
	origin, credentials := h.Get("Access-Control-Allow-Origin"), h.Get("Access-Control-Allow-Credentials")
	if p.credentials {
		return origin == p.origin && credentials == "true"
	}
	return origin == p.origin || origin == "*"
}

// TestPagesOfOtherOrigins: a page of an origin that is named may send what its libraries add, and cookies; any page may
// where all may ask, without cookies.
func TestPagesOfOtherOrigins(t *testing.T) {
	from := func(headers []string, origins ...string) string {
		base, _ := start(t, func(_ *graph.Options, o *server.Options) {
			o.CORSOrigins, o.CORSHeaders = origins,
				headers
		})
		return base
	}
	named := from(nil, "https://app.example.org", "https://*.example.com", "http://*.localhost:3000")
	open := from(nil, "*")
	more := from([]string{"X-Tenant"}, "*")
	anything := from([]string{"*"}, "*")
	closed := from(nil)
	libraries := [][]string{
		nil,
		{"apollographql-client-name", "apollographql-client-version"},
		{"traceparent", "tracestate"},
		{"sentry-trace", "baggage"},
		{"authorization", "apollo-require-preflight", "x-request-id", "x-throughline-explain"},
	}
	for _, c := range []struct {
		name    string
		base    string
		page    page
		headers [][]string
		want    bool
	}{
		{"named", named, page{"https://app.example.org", false}, libraries, true},
		{"named, with cookies", named, page{"https://app.example.org", true}, libraries, true},
		{
			"named, a header of its own", named,
			page{"https://app.example.org", true},
			[][]string{{"x-tenant", "x-a", "x-b"}},
			true,
		},
		{"below a name", named, page{"https://pr-17.example.com", true}, libraries, true},
		{"far below a name", named, page{"https://a.b.example.com", true}, libraries, true},
		{"below localhost", named, page{"http://app.localhost:3000", true}, libraries, true},
		{"the name itself", named, page{"https://example.com", false}, libraries, false},
		{"another scheme", named, page{"http://pr-17.example.com", false}, libraries, false},
		{"another port", named, page{"https://pr-17.example.com:8443", false}, libraries, false},
		{"a name that ends alike", named, page{"https://evilexample.com", false}, libraries, false},
		{"a name that begins alike", named, page{"https://app.example.com.evil.example", false}, libraries, false},
		{"below a name that stands alone", named, page{"https://x.app.example.org", false}, libraries, false},
		{"foreign", named, page{"https://evil.example", false}, libraries, false},
		{"no origin to speak of", named, page{"null", false}, libraries, false},
		{"all", open, page{"https://anything.example", false}, libraries, true},
		{"all, with cookies", open, page{"https://anything.example", true}, libraries, false},
		{
			"all, a header that is not listed", open,
			page{"https://anything.example", false},
			[][]string{{"x-tenant"}},
			false,
		},
		{
			"all, a header that was added", more,
			page{"https://anything.example", false},
			append(libraries, []string{"x-tenant", "traceparent"}), true,
		},
		{"all, another one", more, page{"https://anything.example", false}, [][]string{{"x-tenant", "x-other"}}, false},
		{
			"all, any header", anything,
			page{"https://anything.example", false},
			[][]string{{"x-other"}, {"authorization", "x-other"}},
			true,
		},
		{
			"all, any header, with cookies", anything,
			page{"https://anything.example", true},
			[][]string{{"x-other"}},
			false,
		},
		{"none", closed, page{"https://app.example.org", false}, libraries, false},
	} {
		for _, headers := range c.headers {
			if got := c.page.mayAsk(t, c.base, headers...); got != c.want {
				t.Errorf("%s: %s with %v: %v, want %v", c.name, c.page.origin, headers, got, c.want)
			}
		}
	}
}
