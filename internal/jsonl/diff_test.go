package jsonl_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/internal/jsonl"
)

func TestWithout(t *testing.T) {
	for line, want := range map[string]string{
		"": "", "{}": "{}", `{"a":1,"b":"x"}`: `{"a":1}`, `{"b":{"b":1}}`: "{}", `{"b":1,"a\"":["b"],"c":2}`: `{"a\"":["b"],"c":2}`,
	} {
		if got := jsonl.Without(line, "b"); got != want {
			t.Errorf("%s without b is %s, want %s", line, got, want)
		}
	}
}

func TestDiff(t *testing.T) {
	for _, c := range []struct {
		before, after string
		want          []jsonl.FieldChange
	}{
		{"", "", nil},
		{`{"a":1,"b":["x"]}`, `{"a":1,"b":["x"]}`, nil},
		{`{"a":1,"b":["x"]}`, `{"b":["x","y"],"c":"z"}`, []jsonl.FieldChange{{"a", "1", ""}, {"b", `["x"]`, `["x","y"]`}, {"c", "", `"z"`}}},
		{"", `{"a":"b"}`, []jsonl.FieldChange{{"a", "", `"b"`}}},
		{`{"a":"b"}`, "", []jsonl.FieldChange{{"a", `"b"`, ""}}},
		{`{"a":1,"b":`, "no line", []jsonl.FieldChange{{"a", "1", ""}}},
	} {
		if d := cmp.Diff(c.want, jsonl.Diff(c.before, c.after)); d != "" {
			t.Errorf("%s, %s: %s", c.before, c.after, d)
		}
	}
}
