package http_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/server"
)

func TestExplainIsForThoseWhoAskWhereItIsAllowed(t *testing.T) {
	on, _ := start(t, func(_ *graph.Options, o *server.Options) {
		o.Explain, o.CORSOrigins = true, []string{"https://app.example.org"}
	})
	off, _ := start(t, nil)
	const body = `{"query":"{ person(ref: {name: \"Mary Kaldor\"}) { name affiliations { nodes { name } } } }"}`
	ask := func(base, value string) reply {
		return do(t, http.MethodPost, base+"/graphql", body, map[string]string{
			"Content-Type":          "application/json",
			"X-Throughline-Explain": value,
		})
	}
	plain := ask(on, "").body
	for _, q := range []struct {
		base, value string
		explained   bool
	}{{on, "1", true}, {on, "0", false}, {on, "true", false}, {off, "1", false}} {
		r := ask(q.base, q.value)
		if r.status != http.StatusOK ||
			strings.Contains(r.body,
				`"extensions":{"explain":{"person":{"plan":["person: one of PERSON, by name`) != q.explained {
			t.Errorf("%q: %d %s", q.value, r.status, r.body)
		}
		data, _, _ := strings.Cut(r.body, `,"extensions"`)
		if q.explained {
			data += "}"
		}
		if data != plain {
			t.Errorf("%q changes the answer: %s, not %s", q.value, r.body, plain)
		}
	}
	get := do(t, http.MethodGet, on+"/graphql?query="+url.QueryEscape(`{ stats { sources } }`), "",
		map[string]string{"X-Throughline-Explain": "1"})
	if !strings.Contains(get.body, `"explain"`) || !strings.Contains(strings.Join(get.header.Values("Vary"), ", "),
		"X-Throughline-Explain") {
		t.Errorf("%v %s", get.header, get.body)
	}
	// what is refused before it runs has nothing to explain
	if r := do(t, http.MethodPost, on+"/graphql", `{"query":"{ people(first: 101) { totalCount } }"}`,
		map[string]string{
			"Content-Type":          "application/json",
			"X-Throughline-Explain": "1",
		}); r.code(t) != "BAD_USER_INPUT" || strings.Contains(r.body, "explain") {
		t.Errorf("%s", r.body)
	}
	asks := do(t, http.MethodOptions, on+"/graphql", "", map[string]string{
		"Origin":                        "https://app.example.org",
		"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-throughline-explain",
	})
	if !strings.Contains(strings.ToLower(asks.header.Get("Access-Control-Allow-Headers")), "x-throughline-explain") {
		t.Errorf("%v", asks.header)
	}
}
