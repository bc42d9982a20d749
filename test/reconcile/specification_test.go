package reconcile_test

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/throughline/throughline/internal/reconcile"
	"github.com/throughline/throughline/internal/store/storetest/both"
	"github.com/throughline/throughline/test/served"
)

// specification is where the schemas and examples of the specification are, a folder for each version.
const specification = "testdata/specification"

// versions are the folders of the specification, with where the server has each.
var versions = map[string]string{"0.2": "/reconcile", "1.0-draft": reconcile.Draft}

// schema reads a schema of the specification.
func schema(t *testing.T, version, name string) *jsonschema.Resolved {
	t.Helper()
	load := func(name string) (*jsonschema.Schema, error) {
		b, err := os.ReadFile(filepath.Join(specification, version, "schemas", name))
		if err != nil {
			return nil, err
		}
		var s jsonschema.Schema
		if err := json.Unmarshal(b, &s); err != nil {
			return nil, err
		}
		s.Schema = "http://json-schema.org/draft-07/schema#" // they name no draft, and are written for this one
		return &s, nil
	}
	s, err := load(name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Resolve(&jsonschema.ResolveOptions{Loader: func(u *url.URL) (*jsonschema.Schema, error) {
		if u.Host == "swagger.io" { // of ways to log in, which these manifests have none of
			return &jsonschema.Schema{Definitions: map[string]*jsonschema.Schema{
				"securityDefinitions": {AdditionalProperties: &jsonschema.Schema{}},
			}}, nil
		}
		return load(filepath.Base(u.Path))
	}})
	if err != nil {
		t.Fatalf("%s of %s: %v", name, version, err)
	}
	return r
}

// validate holds JSON against a schema.
func validate(t *testing.T, s *jsonschema.Resolved, body string) error {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return s.Validate(v)
}

// examples calls f for each example of a kind, "valid" or "invalid".
func examples(t *testing.T, version, kind, is string, f func(t *testing.T, body string)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(specification, version, "examples", kind, is, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Join(version, kind, is, filepath.Base(file)), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			f(t, string(b))
		})
	}
}

// TestTheSpecificationsExamples sends the requests among the examples of the specification: the valid ones are answered
// as its schemas say, and the invalid ones refused. What services answer in its examples is held against the schemas
// too, which shows that those are read as they are meant.
func TestTheSpecificationsExamples(t *testing.T) {
	cat := both.Catalog(t)
	base := serve(t, cat, both.SQLite(cat)(t), nil)
	send := func(t *testing.T, version, name, path, body string) (int, string) {
		t.Helper()
		contentType := "application/json"
		if version == "0.2" {
			path, body = "", url.Values{name: {body}}.Encode()
			contentType = "application/x-www-form-urlencoded"
		}
		status, _, answer := served.Do(t, "POST", base+versions[version]+path, body, map[string]string{"Content-Type": contentType})
		return status, answer
	}
	for version := range versions {
		for _, kind := range []string{
			"reconciliation-query-batch", "reconciliation-result-batch", "data-extension-query", "data-extension-response",
			"data-extension-property-proposal", "suggest-entities-response", "suggest-properties-response", "suggest-types-response",
		} {
			s := schema(t, version, kind)
			examples(t, version, kind, "valid", func(t *testing.T, body string) {
				if err := validate(t, s, body); err != nil {
					t.Error(err)
				}
			})
			examples(t, version, kind, "invalid", func(t *testing.T, body string) {
				if validate(t, s, body) == nil {
					t.Error("the schema lets it pass")
				}
			})
		}
		results := schema(t, version, "reconciliation-result-batch")
		examples(t, version, "reconciliation-query-batch", "valid", func(t *testing.T, body string) {
			status, answer := send(t, version, "queries", "/match", body)
			if status != 200 {
				t.Fatalf("%d %s", status, answer)
			}
			if err := validate(t, results, answer); err != nil {
				t.Errorf("%s: %v", answer, err)
			}
		})
		examples(t, version, "reconciliation-query-batch", "invalid", func(t *testing.T, body string) {
			if status, answer := send(t, version, "queries", "/match", body); status != 400 {
				t.Errorf("%d %s", status, answer)
			}
		})
		// they ask for properties of another service, of which this one says that it has none
		examples(t, version, "data-extension-query", "valid", func(t *testing.T, body string) {
			if status, answer := send(t, version, "extend", "/extend", body); status != 400 || !strings.Contains(answer, "BAD_USER_INPUT") {
				t.Errorf("%d %s", status, answer)
			}
		})
	}
}

// TestAnswersFitTheSpecification holds what the server answers against the schemas of the specification.
func TestAnswersFitTheSpecification(t *testing.T) {
	cat := both.Catalog(t)
	base := serve(t, cat, both.SQLite(cat)(t), nil)
	for version, at := range versions {
		for path, name := range map[string]string{
			"":                              "manifest",
			"/suggest/entity?prefix=mar":    "suggest-entities-response",
			"/suggest/property?prefix=b":    "suggest-properties-response",
			"/suggest/type?prefix=p":        "suggest-types-response",
			"/suggest/entity?prefix=zzzzzz": "suggest-entities-response",
			"/extend/propose?type=PERSON":   "data-extension-property-proposal",
		} {
			status, _, answer := served.Do(t, "GET", base+at+path, "", nil)
			if err := validate(t, schema(t, version, name), answer); status != 200 || err != nil {
				t.Errorf("%s%s: %d %s: %v", at, path, status, answer, err)
			}
		}
		const asked = `{"ids":["mary-kaldor","nobody"],"properties":[{"id":"born"},{"id":"role","settings":{"limit":2}}]}`
		path, body, contentType := "/extend", asked, "application/json"
		if version == "0.2" {
			path, body, contentType = "", url.Values{"extend": {asked}}.Encode(), "application/x-www-form-urlencoded"
		}
		status, _, answer := served.Do(t, "POST", base+at+path, body, map[string]string{"Content-Type": contentType})
		if err := validate(t, schema(t, version, "data-extension-response"), answer); status != 200 || err != nil {
			t.Errorf("%s: %d %s: %v", at, status, answer, err)
		}
	}
}
