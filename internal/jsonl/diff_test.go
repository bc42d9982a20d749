package jsonl_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/internal/jsonl"
)

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
