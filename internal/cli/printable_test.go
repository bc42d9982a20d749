package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// evil is text that would move a cursor, change a title and colours, and turn text around: C0, DEL, C1, bidi.
const evil = "\x1b[31m\x1b]0;title\a \x7f \u009b2J \u202e\u2066 \u200f \u2028 end"

// TestDataCannotSteerATerminal runs every command that prints what the graph holds over a graph of such texts.
func TestDataCannotSteerATerminal(t *testing.T) {
	dir := t.TempDir()
	file, store := filepath.Join(dir, "evil.jsonl"), "--store=sqlite:"+filepath.Join(dir, "g.db")
	line := func(what, kind string, v map[string]any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return `{"` + what + `":"` + kind + `",` + string(b[1:]) + "\n"
	}
	words := []any{map[string]any{"source": "s_evil", "excerpt": "words " + evil}}
	text := line("source", "ARTICLE", map[string]any{"id": "s_evil", "title": "Title " + evil, "publishedOn": "2020"}) +
		line("node", "PERSON", map[string]any{
			"id": "p", "name": "Person " + evil, "aliases": []any{"Alias " + evil},
			"description": "About " + evil, "externalIds": []any{map[string]any{"scheme": "x", "value": "v" + evil}},
		}) +
		line("node", "PERSON", map[string]any{"id": "q", "name": "Person " + evil}) +
		line("node", "INSTITUTION", map[string]any{"id": "i", "name": "Institution " + evil}) +
		line("link", "AFFILIATED_WITH", map[string]any{
			"from": "p", "to": "i", "role": "role " + evil, "since": "2020",
			"evidence": words,
		}) +
		line("link", "AFFILIATED_WITH", map[string]any{"from": "q", "to": "i", "evidence": words})
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(dir, "bad.jsonl")
	if err := os.WriteFile(bad, []byte(line("node", "PERSON", map[string]any{
		"id": "x", "name": "x",
		"shoe" + evil: "y",
	})+line("link", "SAID", map[string]any{"from": "nobody" +
		evil, "to": "i", "evidence": words})), 0o600); err != nil {
		t.Fatal(err)
	}
	changed := filepath.Join(dir, "changed.jsonl")
	again := line("node", "PERSON", map[string]any{"id": "p", "description": "Other " + evil}) +
		line("node", "PERSON", map[string]any{
			"id": "r", "name": "Namesake",
			"externalIds": []any{map[string]any{"scheme": "x", "value": "v" + evil}},
		})
	if err := os.WriteFile(changed, []byte(again), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := run(t, "import", store, file); code != 0 {
		t.Fatal(stderr)
	}
	const everything = `{ person(ref: {id: "p"}) { name links { edges { link { sentence role } } } } }`
	for _, args := range [][]string{
		{"show", store, "id:p"},
		{"show", store, "Person " + evil},     // two have the name: both are told
		{"show", store, "Nobody " + evil},     // nobody has
		{"path", store, "id:p", "id:q"},       // found
		{"path", store, "id:p", "nobody\x1b"}, // not found
		{"timeline", store, "id:p"},
		{"central", store},
		{"communities", store},
		{"show", "--json", store, "id:p"},
		{"query", store, "-e", everything},
		{"query", store, "-e", `{ person(ref: {name: "` + strings.ReplaceAll("Person "+evil, "\a",
			`\u0007`) + `"}) { id } }`},
		{"import", store, bad},
		{"import", "--diff", store, changed},
		{"import", "--diff", "--json", "--replace", store, file},
		{"search", store, "person"},
		{"search", "--json", store, "person"},
		{"query", store, filepath.Join(dir, "none\x1b[31m")},
		{"sho\x1bw"},
	} {
		_, stdout, stderr := run(t, args...)
		if stdout+stderr == "" {
			t.Errorf("%q says nothing", args)
		}
		for _, r := range stdout + stderr {
			if r != '\n' && (r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 ||
				unicode.Is(unicode.Bidi_Control, r)) {
				t.Errorf("%q prints %U: %q", args, r, stdout+stderr)
				break
			}
		}
	}
	// for scripts it means the same
	var got struct {
		Data struct{ Person struct{ Name string } }
	}
	if _, stdout, _ := run(t, "query", store, "-e", everything); json.Unmarshal([]byte(stdout), &got) != nil ||
		got.Data.Person.Name != "Person "+evil {
		t.Errorf("the name is %q: %s", got.Data.Person.Name, stdout)
	}
	if _, stdout, _ := run(t, "export", store); !strings.Contains(stdout, "\u009b") {
		t.Error("an export that goes to no terminal is not as it was")
	}
}
