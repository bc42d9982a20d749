package http_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/cputime"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/server"
	"github.com/throughline/throughline/internal/store"
)

var asJSON = map[string]string{"Content-Type": "application/json"}

// ask sends a query with variables given as JSON.
func ask(t *testing.T, base, query, variables string) reply {
	t.Helper()
	b, err := json.Marshal(map[string]any{"query": query, "variables": json.RawMessage(variables)})
	if err != nil {
		t.Fatal(err)
	}
	return do(t, "POST", base+"/graphql", string(b), asJSON)
}

// clean checks what holds for every refusal: JSON, a code, and nothing of ours or of the store's in its text.
func clean(t *testing.T, r reply, body string) {
	t.Helper()
	if r.status >= 500 || r.code(t) == "" || r.code(t) == "INTERNAL" {
		t.Errorf("status %d, code %q: %.300s", r.status, r.code(t), r.body)
	}
	if ct := r.header.Get("Content-Type"); !strings.Contains(ct, "json") {
		t.Errorf("Content-Type %q", ct)
	}
	if len(r.body) > 64<<10 {
		t.Errorf("%d bytes of answer", len(r.body))
	}
	for _, word := range []string{"SELECT", "MATCH", "sqlite", ".go:", "goroutine", "127.0.0.1", "/tmp"} {
		if strings.Contains(r.body, word) {
			t.Errorf("the answer holds %q: %.300s", word, r.body)
		}
	}
	if len(body) > 40 && strings.Contains(r.body, body[:40]) {
		t.Errorf("the body is repeated: %.300s", r.body)
	}
}

// TestMoreBadRequests are the transport's refusals beside those of TestBadRequests.
func TestMoreBadRequests(t *testing.T) {
	base, _ := start(t, nil)
	const ok = `{"query":"{ serverInfo { version } }"}`
	mutation := "?query=" + url.QueryEscape("mutation { x }")
	for _, c := range []struct {
		name, method, path, body string
		header                   map[string]string
		status                   int
		code                     string
	}{
		{"an empty list", "POST", "/graphql", "[]", asJSON, 400, "BAD_REQUEST"},
		{
			"a long body that is none", "POST", "/graphql", "{" + strings.Repeat("secret words ", 100), asJSON, 400,
			"BAD_REQUEST",
		},
		{
			"extensions a list", "POST", "/graphql", `{"query":"{ __typename }","extensions":[]}`, asJSON, 400,
			"BAD_REQUEST",
		},
		{
			"operationName a number", "POST", "/graphql", `{"query":"{ __typename }","operationName":1}`, asJSON, 400,
			"BAD_REQUEST",
		},
		{"no query", "POST", "/graphql", `{"variables":{}}`, asJSON, 400, "BAD_REQUEST"},
		{
			"application/graphql", "POST", "/graphql", "{ __typename }",
			map[string]string{"Content-Type": "application/graphql"},
			415, "UNSUPPORTED_MEDIA_TYPE",
		},
		{
			"Latin-1", "POST", "/graphql", ok,
			map[string]string{"Content-Type": "application/json; charset=iso-8859-1"},
			415, "UNSUPPORTED_MEDIA_TYPE",
		},
		{"PATCH", "PATCH", "/graphql", ok, asJSON, 405, "METHOD_NOT_ALLOWED"},
		{"GET without a query", "GET", "/graphql", "", nil, 400, "BAD_REQUEST"},
		{"GET bad variables", "GET", "/graphql?query=%7B__typename%7D&variables=%5B", "", nil, 400, "BAD_REQUEST"},
		{"GET not UTF-8", "GET", "/graphql?query=%7B__typename%7D%ff", "", nil, 400, "BAD_REQUEST"},
		{
			"GET half a pair", "GET", "/graphql?query=%7B__typename%7D&variables=" + url.QueryEscape(`{"a":"\ud800"}`), "",
			nil, 400, "BAD_USER_INPUT",
		},
		{"GET a mutation hidden among queries", "GET", "/graphql?operationName=M&query=" +
			url.QueryEscape("query Q { __typename } mutation M { x }"), "", nil, 405, "METHOD_NOT_ALLOWED"},
		{
			"variables nested 20,000 deep", "POST", "/graphql",
			`{"query":"query($a: PersonFilter) { people(where: $a) { totalCount } }","variables":{"a":` +
				strings.Repeat(`{"not":`, 20000) + "{}" + strings.Repeat("}", 20000) + `}}`, asJSON, 400, "",
		},
		{
			"lists nested 20,000 deep", "POST", "/graphql",
			`{"query":"query($a: PersonFilter) { people(where: $a) { totalCount } }","variables":{"a":` +
				strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}}`, asJSON, 400, "",
		},
		{
			"an Int of more than 32 bits", "POST", "/graphql",
			`{"query":"query($n: Int) { people(first: $n) { totalCount } }","variables":{"n":2147483648}}`, asJSON, 200, "BAD_USER_INPUT",
		},
		{
			"a literal of more than 32 bits", "POST", "/graphql",
			`{"query":"{ people(first: 2147483648) { totalCount } }"}`, asJSON, 200, "GRAPHQL_VALIDATION_FAILED",
		},
		{
			"GET text for an Int", "GET",
			"/graphql?query=" + url.QueryEscape("query($n: Int) { people(first: $n) { totalCount } }") + "&variables=" +
				url.QueryEscape(`{"n":"1"}`), "", nil, 200, "BAD_USER_INPUT",
		},
		{"debug variables", "GET", "/debug/vars", "", nil, 404, "NOT_FOUND"},
	} {
		t.Run(c.name, func(t *testing.T) {
			begin := cputime.Used()
			r := do(t, c.method, base+c.path, c.body, c.header)
			if took := cputime.Used() - begin; took > 1500*time.Millisecond {
				t.Errorf("it took %s of work", took)
			}
			if r.status != c.status || c.code != "" && r.code(t) != c.code {
				t.Errorf("status %d, want %d %q: %.300s", r.status, c.status, c.code, r.body)
			}
			clean(t, r, c.body)
		})
	}
	t.Run("HEAD a mutation", func(t *testing.T) {
		if r := do(t, "HEAD", base+"/graphql"+mutation, "", nil); r.status != 405 ||
			r.header.Get("Allow") != "GET, POST, OPTIONS" {
			t.Errorf("%d %v", r.status, r.header)
		}
	})
}

// TestStatusOfRequestErrors holds what GraphQL over HTTP says: a request that is well-formed and cannot be run has
// status 200 as application/json, which clients take any other status for the word of something in between, and 400 as
// application/graphql-response+json. What is no GraphQL request, or may not be sent so, has its own status as both, in
// the type that was asked for.
func TestStatusOfRequestErrors(t *testing.T) {
	base, _ := start(t, nil)
	const plain, modern = "application/json", "application/graphql-response+json"
	for _, c := range []struct {
		name, body, code string
		plain, modern    int
	}{
		{"a parse failure", `{"query":"{"}`, "GRAPHQL_PARSE_FAILED", 200, 400},
		{"no operation", `{"query":"fragment f on Query { __typename }"}`, "GRAPHQL_PARSE_FAILED", 200, 400},
		{"a validation failure", `{"query":"{ nope }"}`, "GRAPHQL_VALIDATION_FAILED", 200, 400},
		{
			"a variable of a wrong type",
			`{"query":"query($n: Int) { people(first: $n) { totalCount } }","variables":{"n":"1"}}`, "BAD_USER_INPUT", 200, 400,
		},
		{"no value for a variable", `{"query":"query($id: ID!) { node(id: $id) { id } }"}`, "BAD_USER_INPUT", 200, 400},
		{"an argument out of bounds", `{"query":"{ people(first: 101) { totalCount } }"}`, "BAD_USER_INPUT", 200, 400},
		{"a cursor that is none", `{"query":"{ people(after: \"%%%\") { totalCount } }"}`, "BAD_CURSOR", 200, 400},
		{
			"two operations and no name", `{"query":"query A { __typename } query B { __typename }"}`, "BAD_REQUEST", 200,
			400,
		},
		{
			"an operation that is not there", `{"query":"query A { __typename }","operationName":"C"}`, "BAD_REQUEST", 200,
			400,
		},
		{
			"a cost beyond the limit",
			`{"query":"{ people(first: 100) { nodes { affiliations(first: 100) { nodes { people(first: 100) { nodes { id } } } } } } }"}`, "COST_LIMIT", 200, 400,
		},
		{"a subscription", `{"query":"subscription { x }"}`, "BAD_REQUEST", 200, 400},
		{
			"an error of a field", `{"query":"{ timeline(subjects: [{name: \"nobody\"}]) { totalCount } }"}`, "NOT_FOUND",
			200, 200,
		},
		{"no JSON", `{`, "BAD_REQUEST", 400, 400},
		{"no query", `{"variables":{}}`, "BAD_REQUEST", 400, 400},
	} {
		for accept, want := range map[string]struct {
			status int
			media  string
		}{
			"": {c.plain, plain}, "*/*": {c.plain, plain}, "application/*": {c.plain, plain}, plain: {
				c.plain,
				plain,
			}, modern: {c.modern, modern},
			modern + ", " + plain + ";q=0.9": {c.modern, modern}, plain + ", " + modern + ";q=0.9": {c.plain, plain},
		} {
			header := map[string]string{"Content-Type": "application/json"}
			if accept != "" {
				header["Accept"] = accept
			}
			r := do(t, "POST", base+"/graphql", c.body, header)
			media, _, _ := strings.Cut(r.header.Get("Content-Type"), ";")
			if r.status != want.status || media != want.media || r.code(t) == "" || c.code != "" &&
				r.code(t) != c.code {
				t.Errorf("%s, Accept %q: %d %s, want %d %s: %.200s", c.name, accept, r.status, media, want.status,
					want.media, r.body)
			}
			if began := c.name == "an error of a field"; strings.Contains(r.body, `"data"`) != began {
				t.Errorf("%s, Accept %q: is there a data key? %.200s", c.name, accept, r.body)
			}
		}
	}
	// who would subscribe is told that there is nothing to subscribe to, by whatever way
	for name, r := range map[string]reply{
		"POST": post(t, base, "subscription { x }"),
		"GET":  do(t, "GET", getting(base, "subscription S { x }", ""), "", nil),
		"GET, with a status that says so": do(t, "GET", getting(base, "subscription S { x }", ""), "",
			map[string]string{"Accept": modern}),
		"SSE": do(t, "POST", base+"/graphql", `{"query":"subscription { x }"}`,
			map[string]string{"Content-Type": "application/json", "Accept": "text/event-stream"}),
		"WebSocket": do(t, "GET", base+"/graphql", "", map[string]string{
			"Connection": "Upgrade",
			"Upgrade":    "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "graphql-transport-ws",
		}),
	} {
		want := map[string]int{"POST": 200, "GET": 200, "GET, with a status that says so": 400, "SSE": 406, "WebSocket": 400}[name]
		if r.status != want || r.code(t) == "" || !strings.Contains(r.body,
			"there are no subscriptions on this server") {
			t.Errorf("a subscription by %s: %d %s", name, r.status, r.body)
		}
	}
	if r := do(t, "PUT", base+"/graphql", "", map[string]string{"Accept": modern}); r.status != 405 ||
		!strings.HasPrefix(r.header.Get("Content-Type"), modern) {
		t.Errorf("PUT: %d %v", r.status, r.header)
	}
}

// TestValuesAreCoerced holds what a client may write in two ways against each other.
func TestValuesAreCoerced(t *testing.T) {
	base, _ := start(t, nil)
	for one, other := range map[string]string{
		`{"query":"{ events(orderBy: {field: DATE}) { nodes { id } } }"}`:                                                                        `{"query":"{ events(orderBy: [{field: DATE}]) { nodes { id } } }"}`,
		`{"query":"query($o: [EntityOrder!]) { events(orderBy: $o) { nodes { id } } }","variables":{"o":{"field":"DATE"}}}`:                      `{"query":"{ events(orderBy: [{field: DATE}]) { nodes { id } } }"}`,
		`{"query":"query($i: ID!) { node(id: $i) { id } }","variables":{"i":2021}}`:                                                              `{"query":"{ node(id: \"2021\") { id } }"}`,
		`{"query":"query($n: Int) { people(first: $n) { nodes { id } } }","variables":{"n":null}}`:                                               `{"query":"{ people { nodes { id } } }"}`,
		`{"query":"query($d: Int = 0) { subgraph(seeds: {id: \"nato\"}, depth: $d) { nodes { id } } }"}`:                                         `{"query":"{ subgraph(seeds: [{id: \"nato\"}], depth: 0) { nodes { id } } }"}`,
		`{"query":"query($d: Int = 0) { subgraph(seeds: {id: \"nato\"}, depth: $d) { nodes { id } } }","variables":{"d":null}}`:                  `{"query":"{ subgraph(seeds: [{id: \"nato\"}]) { nodes { id } } }"}`,
		`{"query":"query($w: PersonFilter) { people(where: $w) { totalCount } }","variables":{"w":{"and":{"linkCount":{"gte":0},"name":null}}}}`: `{"query":"{ people { totalCount } }"}`,
	} {
		a, b := do(t, "POST", base+"/graphql", one, asJSON), do(t, "POST", base+"/graphql", other, asJSON)
		if a.status != 200 || a.body != b.body {
			t.Errorf("%s: %d %s\n%s: %s", one, a.status, a.body, other, b.body)
		}
	}
}

// TestMoreLimits are documents at and beyond the limits, beside those of TestLimitsOfADocument.
func TestMoreLimits(t *testing.T) {
	base, _ := start(t, nil)
	repeat := strings.Repeat
	nested := "...f0"
	fragments := ""
	for i := range 25 {
		fragments += fmt.Sprintf(" fragment f%d on Theme { broader { nodes { ...f%d } } }", i, i+1)
	}
	for _, c := range []struct {
		name, query, variables string
		codes                  string
	}{
		{"25 levels in fragments", `{ theme(ref: {id: "human-security"}) { ` + nested + " } }" + fragments +
			" fragment f25 on Theme { id }", "{}", "DEPTH_LIMIT"},
		{
			"a fragment of itself", "{ people { nodes { ...f } } } fragment f on Person { id ...f }", "{}",
			"GRAPHQL_VALIDATION_FAILED",
		},
		{
			"150 × 40 inline fragments", "{" + repeat(" ... { "+repeat("__typename ", 40)+"}", 150) + "}", "{}",
			"GRAPHQL_PARSE_FAILED",
		},
		{
			"10,000 unknown directives", "{ __typename" + repeat(" @nope", 10000) + " }", "{}",
			"GRAPHQL_PARSE_FAILED GRAPHQL_VALIDATION_FAILED",
		},
		{
			"3,000 directives", "{ __typename" + repeat(" @skip(if: false)", 3000) + " }", "{}",
			"GRAPHQL_PARSE_FAILED GRAPHQL_VALIDATION_FAILED",
		},
		{"1,900 unknown directives", "{ __typename" + repeat(" @nope", 1900) + " }", "{}", "GRAPHQL_VALIDATION_FAILED"},
		{
			"5,000 unknown fields", "{ people { nodes {" + repeat(" nope", 5000) + " } } }", "{}",
			"GRAPHQL_PARSE_FAILED GRAPHQL_VALIDATION_FAILED",
		},
		{"50,000 brackets", "{ people(where: {and: " + repeat("[", 50000), "{}", "GRAPHQL_PARSE_FAILED"},
		{"50,000 objects", "{ people(where: " + repeat("{not:", 50000), "{}", "GRAPHQL_PARSE_FAILED"},
		{"1,200 nested objects", "{ people(where: " + repeat("{not:", 1200) + "{}" + repeat("}",
			1200) + ") { totalCount } }", "{}", "GRAPHQL_PARSE_FAILED"},
		{
			"60 nested objects", "{ people(where: " + repeat("{not:", 60) + "{}" + repeat("}", 60) + ") { totalCount } }",
			"{}", "BAD_USER_INPUT",
		},
		{"a default of 900 nested objects", "query($f: PersonFilter = " + repeat("{not:", 900) + "{}" + repeat("}",
			900) + ") { people(where: $f) { totalCount } }", "{}", "BAD_USER_INPUT"},
		{"900 nested objects", "{ people(where: " + repeat("{not:", 900) + "{}" + repeat("}",
			900) + ") { totalCount } }", "{}", "BAD_USER_INPUT"},
		{"a filter of many parts", "{ people(where: {or: [" + repeat(`{name: {eq: "x"}} `,
			200) + "]}) { totalCount } }", "{}", "BAD_USER_INPUT"},
		{"101 ids", `query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, `{"ids": [` +
			strings.TrimSuffix(repeat(`"nato",`, 101), ",") + `]}`, "BAD_USER_INPUT"},
		{"first -1 by variable", "query($n: Int) { people(first: $n) { totalCount } }", `{"n": -1}`, "BAD_USER_INPUT"},
		{
			"first 101 by variable", "query($n: Int) { people(first: $n) { totalCount } }", `{"n": 101}`,
			"BAD_USER_INPUT",
		},
		{
			"first beyond 32 bits by variable", "query($n: Int) { people(first: $n) { totalCount } }", `{"n": 2147483648}`,
			"BAD_USER_INPUT",
		},
		{
			"first 1e400 by variable", "query($n: Int) { people(first: $n) { totalCount } }", `{"n": 1e400}`,
			"BAD_USER_INPUT",
		},
		{
			"first 1.5 by variable", "query($n: Int) { people(first: $n) { totalCount } }", `{"n": 1.5}`,
			"BAD_USER_INPUT",
		},
		{
			"first a string by variable", "query($n: Int) { people(first: $n) { totalCount } }", `{"n": "1"}`,
			"BAD_USER_INPUT",
		},
		{
			"a variable that is not there", "query($n: Int!) { people(first: $n) { totalCount } }", `{}`,
			"BAD_USER_INPUT",
		},
		{
			"null where nothing may be null", "query($n: EntityRef!) { person(ref: $n) { id } }", `{"n": null}`,
			"BAD_USER_INPUT",
		},
		{
			"two keys by variable", "query($n: EntityRef!) { person(ref: $n) { id } }", `{"n": {"id": "a", "name": "b"}}`,
			"BAD_USER_INPUT",
		},
		{"no key by variable", "query($n: EntityRef!) { person(ref: $n) { id } }", `{"n": {}}`, "BAD_USER_INPUT"},
		{
			"an unknown key by variable", "query($n: EntityRef!) { person(ref: $n) { id } }", `{"n": {"nope": 1}}`,
			"BAD_USER_INPUT",
		},
		{
			"an unknown value of an enum", "query($n: [EntityType!]) { search(text: \"x\", types: $n) { totalCount } }",
			`{"n": ["NOPE"]}`, "BAD_USER_INPUT",
		},
		{"last 101", "{ people(last: 101) { totalCount } }", "{}", "BAD_USER_INPUT"},
		{"a cursor that is a number", "{ people(after: 7) { totalCount } }", "{}", "GRAPHQL_VALIDATION_FAILED"},
		{"an id of 3 KB", `{ node(id: "` + repeat("a", 3000) + `") { id } }`, "{}", " "},
		{"an id with a NUL", `{ node(id: "a\u0000b") { id } }`, "{}", "BAD_USER_INPUT "},
		{
			"a NUL by variable", "query($n: String!) { search(text: $n) { totalCount } }", `{"n": "a\u0000b"}`,
			"BAD_USER_INPUT",
		},
		{
			"900 KB of text", "query($n: String!) { search(text: $n) { totalCount } }",
			`{"n": "` + repeat("a b ", 225_000) + `"}`, "BAD_USER_INPUT",
		},
		{
			"a name of 900 KB", "query($n: String!) { person(ref: {name: $n}) { id } }",
			`{"n": "` + repeat("a", 900_000) + `"}`, "BAD_USER_INPUT",
		},
		{"many words", `{ search(text: "` + func() (s string) {
			for i := range 201 {
				s += fmt.Sprint("word", i, " ")
			}
			return s
		}() + `") { totalCount } }`, "{}", "BAD_USER_INPUT"},
		{"a year of five digits", `{ people(where: {date: {from: "12021"}}) { totalCount } }`, "{}", "BAD_USER_INPUT"},
		{"a span backwards", `{ people(where: {date: {from: "2021", to: "2020"}}) { totalCount } }`, "{}", "BAD_USER_INPUT "},
	} {
		t.Run(c.name, func(t *testing.T) {
			begin := cputime.Used()
			r := ask(t, base, c.query, c.variables)
			if took := cputime.Used() - begin; took > 2*time.Second {
				t.Errorf("it took %s of work", took)
			}
			code := r.code(t)
			if code == "" && strings.Contains(c.codes, " ") && r.status == 200 {
				return // nothing there fits: an answer, too
			}
			clean(t, r, "")
			if code == "" || !strings.Contains(c.codes, code) {
				t.Errorf("code %q, want %q: %.300s", code, c.codes, r.body)
			}
		})
	}
}

// TestOddTextIsTakenAsItIs: what means something to a store's language means itself.
func TestOddTextIsTakenAsItIs(t *testing.T) {
	base, _ := start(t, nil)
	for _, s := range []string{`'`, `"`, `\`, `%`, `_`, `*`, `?`, `'; DROP TABLE node; --`, `" OR 1=1`, "{", "}", "$1", "\u202eabc", "שלום", "مرحبا", "\u200bx", "~", `\\`, "(", "AND", "NOT", "NEAR(a b)", "a:b", "\ufffd", "😀"} {
		for _, q := range []string{
			"query($s: String!) { people(where: {name: {contains: $s}}) { totalCount } }", "query($s: String!) { people(where: {name: {startsWith: $s}}) { totalCount } }",
			"query($s: String!) { people(where: {text: {eq: $s}}) { totalCount } }", "query($s: String!) { search(text: $s) { totalCount } }",
			"query($s: String!) { entity(ref: {name: $s}) { id } }", "query($s: String!) { entity(ref: {externalId: {scheme: $s, value: $s}}) { id } }",
		} {
			v, err := json.Marshal(map[string]string{"s": s})
			if err != nil {
				t.Fatal(err)
			}
			r := ask(t, base, q, string(v))
			if code := r.code(t); code != "" && code != "BAD_USER_INPUT" || r.status != 200 {
				t.Errorf("%q in %s: %d %s", s, q, r.status, r.body)
			}
			if strings.Contains(q, "contains") && strings.ContainsAny(s, `%_*?`) && len(s) == 1 && r.body != `{"data":{"people":{"totalCount":0}}}` {
				t.Errorf("%q is a wildcard: %s", s, r.body)
			}
		}
	}
}

// TestAliasesOfOneThingAskForDifferentParts: each gets what it asked for.
func TestAliasesOfOneThingAskForDifferentParts(t *testing.T) {
	base, _ := start(t, nil)
	r := post(t, base, `{ paths(from: {name: "London"}, to: {name: "protection of civilians"}, avoid: [{name: "NATO"}, {id: "2019-leaders-meeting"}]) {
		a: report { nearMiss { length } } b: report { outcome c: nearMiss { narrative } d: nearMiss { sources { id } } } } }`)
	if r.code(t) != "" || !strings.Contains(r.body, `"narrative":"London`) || !strings.Contains(r.body, `"sources":[{"id"`) {
		t.Error(r.body)
	}
	r = post(t, base, `{ paths(from: {name: "London"}, to: {name: "NATO"}, first: 1) { a: nodes { length } b: nodes { narrative } } }`)
	if r.code(t) != "" || !strings.Contains(r.body, `"narrative":"London`) {
		t.Error(r.body)
	}
}

// add imports lines into the store of a server.
func add(t *testing.T, g *graph.Options, lines string) {
	t.Helper()
	if _, err := exchange.Import(t.Context(), g.Catalog, g.Store.(store.Store), []exchange.File{exchange.FromBytes("lines", []byte(lines))}, exchange.Options{}); err != nil {
		t.Fatal(err)
	}
}

func TestAmbiguousNames(t *testing.T) {
	base, _ := start(t, func(g *graph.Options, _ *server.Options) {
		add(t, g, `{"node":"PERSON","id":"mary-2","name":"Mary Kaldor","aliases":["The other Mary"]}`+"\n"+`{"node":"INSTITUTION","id":"mary-3","name":"MÁRY\u00a0 kaldor"}`)
	})
	r := post(t, base, `{ person(ref: {name: "mary kaldor"}) { id } }`)
	want := `"candidates":[{"id":"mary-kaldor","type":"PERSON","name":"Mary Kaldor","description":"Professor, London School of Economics and Political Science.","linkCount":4},{"id":"mary-2","type":"PERSON","name":"Mary Kaldor","linkCount":0}]`
	if r.code(t) != "AMBIGUOUS_REF" || !strings.Contains(r.body, want) || !strings.Contains(r.body, `"data":{"person":null}`) {
		t.Errorf("two people: %s", r.body)
	}
	if r := post(t, base, `{ entity(ref: {name: "mary kaldor"}) { id } }`); strings.Count(r.body, `"type"`) != 3 {
		t.Errorf("three entities: %s", r.body)
	}
	// the type, an alias or an id decides, and a name in a filter is one as well
	for query, want := range map[string]string{
		`{ institution(ref: {name: "mary kaldor"}) { id } }`:      `{"data":{"institution":{"id":"mary-3"}}}`,
		`{ person(ref: {name: " the OTHER  mary "}) { id } }`:     `{"data":{"person":{"id":"mary-2"}}}`,
		`{ entity(ref: {id: "mary-2"}) { id } }`:                  `{"data":{"entity":{"id":"mary-2"}}}`,
		`{ entity(ref: {id: "MARY-2"}) { id } }`:                  `{"data":{"entity":null}}`,
		`{ person(ref: {name: "mary"}) { id } }`:                  `{"data":{"person":null}}`,
		`{ person(ref: {name: "Professor Mary Kaldor"}) { id } }`: `{"data":{"person":{"id":"mary-kaldor"}}}`,
	} {
		if r := post(t, base, query); r.body != want {
			t.Errorf("%s: %s", query, r.body)
		}
	}
	if r := post(t, base, `{ events(where: {linkedTo: {entity: {name: "mary kaldor"}}}) { totalCount } }`); r.code(t) != "AMBIGUOUS_REF" {
		t.Errorf("in a filter: %s", r.body)
	}
}

func TestPagesStayRightUnderInserts(t *testing.T) {
	var g *graph.Options
	base, _ := start(t, func(o *graph.Options, _ *server.Options) { c := *o; g = &c })
	var seen []string
	after := ""
	for range 20 {
		r := post(t, base, `{ people(first: 2`+after+`) { nodes { name } pageInfo { endCursor hasNextPage } } }`)
		var m struct {
			Data struct {
				People struct {
					Nodes    []struct{ Name string }
					PageInfo struct {
						EndCursor   string
						HasNextPage bool
					}
				}
			}
		}
		if err := json.Unmarshal([]byte(r.body), &m); err != nil {
			t.Fatal(err)
		}
		for _, n := range m.Data.People.Nodes {
			seen = append(seen, n.Name)
		}
		if !m.Data.People.PageInfo.HasNextPage {
			break
		}
		// one before the cursor and one behind, each time
		add(t, g, fmt.Sprintf("{\"node\":\"PERSON\",\"name\":\"Aaa %d\"}\n", len(seen))+fmt.Sprintf("{\"node\":\"PERSON\",\"name\":\"Zzz %d\"}\n", len(seen)))
		after = `, after: "` + m.Data.People.PageInfo.EndCursor + `"`
	}
	once := map[string]bool{}
	sample := 0
	for i, n := range seen {
		if once[n] || strings.HasPrefix(n, "Aaa") || i > 0 && strings.ToLower(seen[i-1]) > strings.ToLower(n) {
			t.Errorf("%s: %q", n, seen)
		}
		once[n] = true
		if !strings.HasPrefix(n, "Zzz") {
			sample++
		}
	}
	if sample != 8 || len(seen) < 11 {
		t.Errorf("pages: %q", seen)
	}
}

func TestALargeBodyCostsNoMemory(t *testing.T) {
	base, _ := start(t, nil)
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.TotalAlloc
	}
	before := heap()
	// without a length, so that the body has to be read to be found too long
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/graphql", io.MultiReader(strings.NewReader(`{"query":"`), io.LimitReader(letters{}, 20<<20)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", resp.StatusCode)
	}
	if grown := heap() - before; grown > 16<<20 {
		t.Errorf("%d bytes were allocated", grown)
	}
}

type letters struct{}

func (letters) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}

// failing is a store whose answers a test decides.
type failing struct {
	store.Store
	fetch func(ctx context.Context) error
}

func (f *failing) Fetch(ctx context.Context, q *plan.Query) (*kg.Result, error) {
	if err := f.fetch(ctx); err != nil {
		return nil, err
	}
	return f.Store.Fetch(ctx, q)
}

// TestFaultsOfTheStore: each has its code, the log has what happened, and the next request is answered.
func TestFaultsOfTheStore(t *testing.T) {
	var log locked
	fault := func(context.Context) error { return nil }
	base, _ := start(t, func(g *graph.Options, o *server.Options) {
		g.Store = &failing{g.Store.(store.Store), func(ctx context.Context) error { return fault(ctx) }}
		g.Limits = plan.DefaultLimits()
		g.Limits.Timeout = time.Second
		g.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	for _, c := range []struct {
		name string
		err  func(context.Context) error
		code string
		logs string
	}{
		{"panic", func(context.Context) error { panic("secret state") }, "INTERNAL", "secret state"},
		{"an error of the driver", func(context.Context) error { return fmt.Errorf("dial tcp 10.0.0.1:7687: secret state") }, "INTERNAL", "secret state"},
		{"away", func(context.Context) error {
			return kg.Wrap(kg.Unavailable, fmt.Errorf("secret state"), "the store cannot be reached")
		}, "UNAVAILABLE", "secret state"},
		{"slow", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, "TIMEOUT", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			fault = c.err
			r := post(t, base, "{ people { totalCount } }")
			data := `"data":{"people":null}`
			if c.name == "panic" { // nothing is known of any field then
				data = `"data":null`
			}
			if r.status != 200 || r.code(t) != c.code || !strings.Contains(r.body, data) {
				t.Errorf("%d %s", r.status, r.body)
			}
			for _, word := range []string{"secret state", "10.0.0.1", ".go", "goroutine"} {
				if strings.Contains(r.body, word) {
					t.Errorf("the answer holds %q: %s", word, r.body)
				}
			}
			if said := log.take(); (c.logs == "") != (said == "") || !strings.Contains(said, c.logs) {
				t.Errorf("the log has to say %q of it: %s", c.logs, said)
			}
			fault = func(context.Context) error { return nil }
			if r := post(t, base, "{ people { totalCount } }"); r.body != `{"data":{"people":{"totalCount":8}}}` {
				t.Errorf("the next: %s", r.body)
			}
		})
	}
	// one root field's fault leaves the others
	var once sync.Once
	fault = func(context.Context) (err error) {
		once.Do(func() { err = kg.Errorf(kg.Unavailable, "away") })
		return err
	}
	if r := post(t, base, "{ __typename people { totalCount } }"); r.code(t) != "UNAVAILABLE" {
		t.Errorf("%s", r.body)
	}
}

// locked is a log that is written and read at once.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// take returns what was written since it was last taken.
func (l *locked) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.b.String()
	l.b.Reset()
	return s
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestAClientThatGoesEndsItsStatement: what the store was asked for it ends when nobody waits for it.
func TestAClientThatGoesEndsItsStatement(t *testing.T) {
	begun, ended := make(chan struct{}), make(chan error, 1)
	base, _ := start(t, func(g *graph.Options, _ *server.Options) {
		g.Store = &failing{g.Store.(store.Store), func(ctx context.Context) error {
			close(begun)
			<-ctx.Done()
			ended <- context.Cause(ctx)
			return ctx.Err()
		}}
	})
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/graphql", strings.NewReader(`{"query":"{ people { totalCount } }"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	go func() {
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
		}
	}()
	<-begun
	cancel()
	select {
	case err := <-ended:
		if err != context.Canceled { //nolint:errorlint // it must be this one, and not the time limit's
			t.Errorf("it ended by %v", err)
		}
	case <-time.After(time.Minute):
		t.Error("it goes on")
	}
}

// TestADrippingClientIsCut sends a byte a second, in the header and in the body, while others are answered.
func TestADrippingClientIsCut(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out seconds of dripping")
	}
	const cut = 4 * time.Second
	base, _ := start(t, func(_ *graph.Options, o *server.Options) { o.BodyTime, o.HeaderTime = cut, cut })
	drip := func(begin, more string, within time.Duration, done chan<- string) {
		conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
		if err != nil {
			done <- err.Error()
			return
		}
		defer conn.Close()
		started := time.Now()
		_, _ = io.WriteString(conn, begin)
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			_, _ = io.Copy(io.Discard, conn)
		}()
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				_, _ = io.WriteString(conn, more)
			case <-gone:
				done <- ""
				return
			case <-time.After(within - time.Since(started)):
				done <- fmt.Sprintf("after %s it is still there", within)
				return
			}
		}
	}
	header, body := make(chan string, 1), make(chan string, 1)
	go drip("GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: ", "a", 20*time.Second, header)
	go drip("POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{", " ", time.Minute, body)
	for header != nil || body != nil {
		begin := time.Now()
		if r := post(t, base, "{ people { totalCount } }"); r.status != 200 || time.Since(begin) > cut-time.Second {
			t.Errorf("others wait %s: %d", time.Since(begin), r.status)
		}
		select {
		case said := <-header:
			if header = nil; said != "" {
				t.Errorf("the header's: %s", said)
			}
		case said := <-body:
			if body = nil; said != "" {
				t.Errorf("the body's: %s", said)
			}
		case <-time.After(time.Second):
		}
	}
}
