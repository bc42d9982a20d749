package http_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"testing"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/server"
)

// TestDocumentsOfAManifest asks by id in every way that clients do, of a server that runs other documents too, and of
// one that does not, with introspection and without.
func TestDocumentsOfAManifest(t *testing.T) {
	const people = "query People($n: Int) { people(first: $n) { totalCount } }"
	sum := sha256.Sum256([]byte(people))
	hash := hex.EncodeToString(sum[:])
	with := func(only, introspection bool) string {
		base, _ := start(t, func(g *graph.Options, o *server.Options) {
			g.Introspection = introspection
			o.Documents, o.DocumentsOnly = &server.Documents{}, only
			if err := o.Documents.Add([]server.Document{
				{ID: "People-1", Text: people},
				{ID: hash, Text: people},
			}); err != nil {
				t.Fatal(err)
			}
		})
		return base
	}
	plain, _ := start(t, nil)
	both, only, hidden := with(false, true), with(true, true), with(true, false)
	otherSum := sha256.Sum256([]byte("{ events { totalCount } }"))
	other := hex.EncodeToString(otherSum[:])
	const yes, no, unknown, schema = `{"data":{"people":{"totalCount":8}}}`, "DOCUMENT_NOT_TRUSTED", "DOCUMENT_NOT_FOUND", `{"data":{"__schema":{"queryType":{"name":"Query"}}}}`
	const events = `{"data":{"events":{"totalCount":2}}}`
	for _, c := range []struct{ name, body, plain, both, only, hidden string }{
		{"documentId", `{"documentId":"People-1","variables":{"n":1}}`, unknown, yes, yes, yes},
		{"documentId by the specification", `{"documentId":"sha256:` + hash + `"}`, unknown, yes, yes, yes},
		{"id", `{"id":"People-1","variables":{"n":1}}`, unknown, yes, yes, yes},
		{"doc_id", `{"doc_id":"People-1","operationName":"People"}`, unknown, yes, yes, yes},
		{"with a null query", `{"id":"People-1","query":null}`, unknown, yes, yes, yes},
		{
			"Apollo's link for manifests", `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + hash + `"}}}`,
			"PERSISTED_QUERY_NOT_FOUND", yes, yes, yes,
		},
		{"an id that stands for nothing", `{"documentId":"People-2"}`, unknown, unknown, unknown, unknown},
		{"a hash that stands for nothing", `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + other +
			`"}}}`, "PERSISTED_QUERY_NOT_FOUND", "PERSISTED_QUERY_NOT_FOUND", unknown, unknown},
		{"the text of a document", `{"query":"` + people + `"}`, yes, yes, yes, yes},
		{"another text", `{"query":"{ events { totalCount } }"}`, events, events, no, no},
		{
			"another text with an id", `{"query":"{ events { totalCount } }","documentId":"People-1"}`, events, events, no,
			no,
		},
		{
			"another text with its hash",
			`{"query":"{ events { totalCount } }","extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + other +
				`"}}}`, events, events, no, no,
		},
		{
			"that hash again", `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + other + `"}}}`, events,
			events, unknown, unknown,
		},
		{"a document with white space behind", `{"query":"` + people + ` "}`, yes, yes, no, no},
		{"the schema", `{"query":"{ __schema { queryType { name } } }"}`, schema, schema, schema, no},
		{
			"the schema by fragments",
			`{"query":"query A { ...f ... { __schema { queryType { name } } } } fragment f on Query { __schema { queryType { name } } }"}`, schema, schema, schema, no,
		},
		{
			"the schema and more", `{"query":"{ __schema { queryType { name } } events { totalCount } }"}`, "", "", no,
			no,
		},
		{
			"the schema and more in a fragment",
			`{"query":"query A { __typename ...f } fragment f on Query { events { totalCount } }"}`, "", "", no, no,
		},
		{"no document", `{"query":"{"}`, "GRAPHQL_PARSE_FAILED", "GRAPHQL_PARSE_FAILED", "GRAPHQL_PARSE_FAILED", no},
		{"nothing", `{"variables":{}}`, "BAD_REQUEST", "BAD_REQUEST", "BAD_REQUEST", "BAD_REQUEST"},
		{"an id that is no text", `{"documentId":1}`, "BAD_REQUEST", "BAD_REQUEST", "BAD_REQUEST", "BAD_REQUEST"},
	} {
		for _, at := range []struct{ name, base, want string }{
			{"plain", plain, c.plain},
			{"both", both, c.both},
			{"only", only, c.only},
			{"hidden", hidden, c.hidden},
		} {
			r := do(t, "POST", at.base+"/graphql", c.body, asJSON)
			switch {
			case at.want == "":
				if r.status != 200 || r.code(t) != "" {
					t.Errorf("%s, %s: %d %.200s", c.name, at.name, r.status, r.body)
				}
			case at.want[0] == '{':
				if r.status != 200 || r.body != at.want {
					t.Errorf("%s, %s: %d %.200s, want %s", c.name, at.name, r.status, r.body, at.want)
				}
			default:
				status := map[bool]int{true: 400, false: 200}[at.want == "BAD_REQUEST"]
				if r.status != status || r.code(t) != at.want {
					t.Errorf("%s, %s: %d %.200s, want %s", c.name, at.name, r.status, r.body, at.want)
				}
			}
		}
	}
	for _, name := range []string{"documentId", "id", "doc_id"} {
		address := fmt.Sprintf("%s/graphql?%s=People-1&variables=%s", only, name, url.QueryEscape(`{"n":1}`))
		r := do(t, "GET", address, "", nil)
		if r.body != yes || r.header.Get("ETag") == "" {
			t.Errorf("GET by %s: %d %s", name, r.status, r.body)
		}
		if r := do(t, "GET", address, "", map[string]string{"If-None-Match": r.header.Get("ETag")}); r.status != 304 {
			t.Errorf("GET by %s again: %d", name, r.status)
		}
	}
	modern := map[string]string{"Content-Type": "application/json", "Accept": "application/graphql-response+json"}
	for body, code := range map[string]string{
		`{"documentId":"x"}`:                    unknown,
		`{"query":"{ events { totalCount } }"}`: no,
	} {
		if r := do(t, "POST", only+"/graphql", body, modern); r.status != 400 || r.code(t) != code ||
			r.header.Get("Content-Type") != "application/graphql-response+json; charset=utf-8" {
			t.Errorf("%s: %d %v %s", body, r.status, r.header, r.body)
		}
	}
}
