package clients_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/throughline/throughline/internal/cli"
)

// command runs a command of ours and returns the file with what it printed.
func command(t *testing.T, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out")
	var out, said bytes.Buffer
	if code := cli.Main(t.Context(), args, strings.NewReader(""), &out, &said, os.Getenv); code != 0 {
		t.Fatalf("%v: %d %s", args, code, said.Bytes())
	}
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTheSchemaAsJSON: GraphQL.js builds the same schema from it as from the schema's text.
func TestTheSchemaAsJSON(t *testing.T) {
	var got struct {
		Lines         int
		Same          bool
		Read, Written []string
	}
	if err := json.Unmarshal(node(t, "schema.mjs", command(t, "schema", "--json"), command(t, "schema")),
		&got); err != nil {
		t.Fatal(err)
	}
	if !got.Same || got.Lines < 1000 {
		t.Errorf("%d lines; the JSON says\n%s\nand the text\n%s", got.Lines, strings.Join(got.Read, "\n"),
			strings.Join(got.Written, "\n"))
	}
}
