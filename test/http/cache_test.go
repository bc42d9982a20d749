package http_test

import (
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/server"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// getting is the address of a query by GET.
func getting(base, query, variables string) string {
	q := url.Values{"query": {query}}
	if variables != "" {
		q.Set("variables", variables)
	}
	return base + "/graphql?" + q.Encode()
}

// TestAnswersOfGetHaveATag: the answer is sent once, and again when somebody has written, and for nothing else.
func TestAnswersOfGetHaveATag(t *testing.T) {
	cat, err := catalog.Parse("schema.graphqls", throughline.Schema)
	if err != nil {
		t.Fatal(err)
	}
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		base, _ := serve(t, cat, s, nil)
		const people = "query A($n: Int) { people(first: $n) { totalCount } } "
		address := getting(base, people, `{"n": 1}`)
		first := do(t, "GET", address, "", nil)
		tag := first.header.Get("ETag")
		if first.status != 200 || !strings.HasPrefix(tag, `W/"`) || first.header.Get("Cache-Control") != "no-cache" {
			t.Fatalf("%d %v %s", first.status, first.header, first.body)
		}
		for _, given := range []string{tag, strings.TrimPrefix(tag, "W/"), `"other", ` + tag, `W/"a,b" ,` + tag} {
			for _, method := range []string{"GET", "HEAD"} {
				r := do(t, method, address, "", map[string]string{"If-None-Match": given})
				if r.status != 304 || r.body != "" || r.header.Get("ETag") != tag || r.header.Get("Cache-Control") != "no-cache" || r.header.Get("Vary") == "" || r.header.Get("Content-Type") != "" {
					t.Errorf("%s, If-None-Match %s: %d %v %s", method, given, r.status, r.header, r.body)
				}
			}
		}
		// whichever answer a client has, it is sent none, unless there is none
		for _, method := range []string{"GET", "HEAD"} {
			if r := do(t, method, address, "", map[string]string{"If-None-Match": " * "}); r.status != 304 || r.body != "" || r.header.Get("ETag") != tag {
				t.Errorf("%s, If-None-Match *: %d %v %s", method, r.status, r.header, r.body)
			}
		}
		if r := do(t, "GET", getting(base, "{ nothing }", ""), "", map[string]string{"If-None-Match": "*"}); r.status != 200 || !strings.Contains(r.body, "VALIDATION_FAILED") {
			t.Errorf("If-None-Match * of what cannot be answered: %d %s", r.status, r.body)
		}
		// the same asked in other words of JSON is the same; whatever else differs is not
		if r := do(t, "GET", getting(base, people, "{ \"n\" : 1 }"), "", map[string]string{"If-None-Match": tag}); r.status != 304 {
			t.Errorf("white space: %d", r.status)
		}
		for name, c := range map[string]struct {
			address string
			header  map[string]string
		}{
			"variables":  {getting(base, people, `{"n": 2}`), nil},
			"a document": {getting(base, people+" ", `{"n": 1}`), nil},
			"operation":  {address + "&operationName=A", nil},
			"media type": {address, map[string]string{"Accept": "application/graphql-response+json"}},
		} {
			header := map[string]string{"If-None-Match": tag + `, "x", *x`}
			for k, v := range c.header {
				header[k] = v
			}
			if r := do(t, "GET", c.address, "", header); r.status != 200 || r.header.Get("ETag") == "" || r.header.Get("ETag") == tag {
				t.Errorf("another %s: %d %v", name, r.status, r.header)
			}
		}
		more := exchange.FromBytes("more", []byte(`{"throughline":1}`+"\n"+`{"node":"PERSON","id":"ada","name":"Ada Lovelace"}`+"\n"))
		if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{more}, exchange.Options{}); err != nil {
			t.Fatal(err)
		}
		second := do(t, "GET", address, "", map[string]string{"If-None-Match": tag})
		if second.status != 200 || second.body != `{"data":{"people":{"totalCount":9}}}` || second.header.Get("ETag") == tag {
			t.Errorf("somebody has written: %d %v %s", second.status, second.header, second.body)
		}
		if r := do(t, "GET", address, "", map[string]string{"If-None-Match": second.header.Get("ETag")}); r.status != 304 {
			t.Errorf("nobody has written since: %d %s", r.status, r.body)
		}
	})
}

// TestTagsAreOfOneServerAndDay: a state has a meaning in one store alone, and what has ended has ended before its day.
func TestTagsAreOfOneServerAndDay(t *testing.T) {
	var now atomic.Pointer[time.Time]
	at := time.Date(2024, 2, 29, 23, 59, 0, 0, time.UTC)
	now.Store(&at)
	base, _ := start(t, func(_ *graph.Options, o *server.Options) { o.Now = func() time.Time { return *now.Load() } })
	other, _ := start(t, func(_ *graph.Options, o *server.Options) { o.Now = func() time.Time { return *now.Load() } })
	const query = "{ people { totalCount } }"
	tag := do(t, "GET", getting(base, query, ""), "", nil).header.Get("ETag")
	held := map[string]string{"If-None-Match": tag}
	if r := do(t, "GET", getting(base, query, ""), "", held); r.status != 304 {
		t.Errorf("the same server: %d", r.status)
	}
	if r := do(t, "GET", getting(other, query, ""), "", held); r.status != 200 {
		t.Errorf("another server: %d", r.status)
	}
	next := at.Add(2 * time.Minute)
	now.Store(&next)
	if r := do(t, "GET", getting(base, query, ""), "", held); r.status != 200 {
		t.Errorf("the next day: %d", r.status)
	}
}

// TestWhatMayBeKept: errors never, so that no cache has clients meet one that is over.
func TestWhatMayBeKept(t *testing.T) {
	base, _ := start(t, func(_ *graph.Options, o *server.Options) {
		o.CacheControl, o.Explain, o.CORSOrigins = "public, max-age=60", true, []string{"https://app.example.org"}
	})
	miss := `{"persistedQuery":{"version":1,"sha256Hash":"` + strings.Repeat("0", 64) + `"}}`
	for _, c := range []struct {
		name, method, address, body string
		header                      map[string]string
		status                      int
		keep                        string
		tag                         bool
	}{
		{"an answer", "GET", getting(base, "{ people { totalCount } }", ""), "", nil, 200, "public, max-age=60", true},
		{"its head", "HEAD", getting(base, "{ people { totalCount } }", ""), "", nil, 200, "public, max-age=60", true},
		{"a compressed one", "GET", getting(base, "{ __schema { types { name description } } }", ""), "", map[string]string{"Accept-Encoding": "br"}, 200, "public, max-age=60", true},
		{"an answer to POST", "POST", base + "/graphql", `{"query":"{ people { totalCount } }"}`, asJSON, 200, "", false},
		{"one that is explained", "GET", getting(base, "{ people { totalCount } }", ""), "", map[string]string{"X-Throughline-Explain": "1"}, 200, "no-store", false},
		{"one that tells its cost", "GET", getting(base, "{ people { totalCount } }", "") + "&extensions=" + url.QueryEscape(`{"cost":true}`), "", nil, 200, "no-store", false},
		{"an error of a field", "GET", getting(base, `{ timeline(subjects: [{name: "nobody"}]) { totalCount } }`, ""), "", nil, 200, "no-store", false},
		{"a document that is not valid", "GET", getting(base, "{ nope }", ""), "", nil, 200, "no-store", false},
		{"a persisted query that is not known", "GET", base + "/graphql?extensions=" + url.QueryEscape(miss), "", nil, 200, "no-store", false},
		{"the same by POST", "POST", base + "/graphql", `{"extensions":` + miss + `}`, asJSON, 200, "no-store", false},
		{"no query", "GET", base + "/graphql", "", nil, 400, "no-store", false},
		{"a mutation", "GET", getting(base, "mutation { x }", ""), "", nil, 405, "no-store", false},
		{"nothing", "GET", base + "/nowhere", "", nil, 404, "no-store", false},
		{"health", "GET", base + "/readyz", "", nil, 200, "no-store", false},
	} {
		r := do(t, c.method, c.address, c.body, c.header)
		if r.status != c.status || r.header.Get("Cache-Control") != c.keep || r.header.Get("ETag") != "" != c.tag {
			t.Errorf("%s: %d %v %.200s", c.name, r.status, r.header, r.body)
		}
		if c.tag && c.method == "GET" {
			header := map[string]string{"If-None-Match": r.header.Get("ETag"), "Origin": "https://app.example.org"}
			for k, v := range c.header {
				header[k] = v
			}
			r := do(t, c.method, c.address, "", header)
			if r.status != 304 || r.header.Get("Access-Control-Allow-Origin") == "" || r.header.Get("Content-Encoding") != "" || !strings.Contains(r.header.Get("Access-Control-Expose-Headers"), "Etag") {
				t.Errorf("%s, again: %d %v", c.name, r.status, r.header)
			}
		}
	}
}
