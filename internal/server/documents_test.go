package server_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/throughline/throughline/internal/server"
)

const apollo = `{"format":"apollo-persisted-query-manifest","version":1,"operations":[{"id":"a","name":"A","type":"query","body":"query A { a }"},{"id":"b","name":"B","type":"query","body":"query B { b }"}]}`

func TestReadManifest(t *testing.T) {
	for manifest, want := range map[string]string{
		`{"a": "query A { a }", "b": "query B { b }"}`:                      "A (a) B (b)",
		`{"b": "fragment f on Query { a } query B { ...f }", "a": "{ a }"}`: "B (b) document a",
		apollo: "A (a) B (b)",
		`{}`:   "",
		`{"format":"apollo-persisted-query-manifest","version":1,"operations":[]}`: "",
		// what is wrong
		``: "neither", `[]`: "neither", `"x"`: "neither", `{`: "neither", `{"a": 1}`: "neither", `{"a": {"text": "{ a }"}}`: "neither", `{"a": ""}`: "neither",
		`{"": "{ a }"}`: "neither", `{"a": "{ a }"} x`: "neither", `{"a": "{ a }"`: "neither", `{"format":"other","version":1}`: "neither",
		strings.Replace(apollo, `"version":1`, `"version":2`, 1):                              "version 2",
		strings.Replace(apollo, `"id":"b",`, ``, 1):                                           `operation 2 ("B")`,
		strings.Replace(apollo, `"body":"query B { b }"`, `"body":""`, 1):                     `operation 2 ("B")`,
		`{"format":"apollo-persisted-query-manifest","version":1,"operations":{"a":"{ a }"}}`: `"operations"`,
	} {
		list, err := server.ReadManifest([]byte(manifest))
		if err != nil {
			if !strings.Contains(err.Error(), want) || want == "" {
				t.Errorf("%s: %v, want %s", manifest, err, want)
			}
			continue
		}
		var titles []string
		for _, d := range list {
			titles = append(titles, d.Title())
		}
		if got := strings.Join(titles, " "); got != want {
			t.Errorf("%s: %s, want %s", manifest, got, want)
		}
	}
	var d server.Documents
	list, err := server.ReadManifest([]byte(`{"a": "{ a }", "a": "{ b }"}`))
	if err != nil || d.Add(list) == nil {
		t.Errorf("an id stands for two documents, and %v", err)
	}
	if err := d.Add([]server.Document{
		{ID: "x", Text: "{ a }"},
		{ID: "x", Text: "{ a }"},
		{ID: "y", Text: "{ a }"},
	}); err != nil {
		t.Error(err)
	}
}

func FuzzReadManifest(f *testing.F) {
	for _, s := range []string{apollo, `{"a": "query A { a }"}`, `{"a": "\ud800"}`, "[]", "{\"\xff\": \"x\"}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, manifest []byte) {
		list, err := server.ReadManifest(manifest)
		if err == nil && !json.Valid(manifest) {
			t.Errorf("%q is no JSON and was read", manifest)
		}
		for _, d := range list {
			if d.ID == "" || d.Text == "" || d.Title() == "" {
				t.Errorf("%q: %+v", manifest, d)
			}
		}
	})
}
