package clients_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/throughline/throughline/internal/cli"
	"github.com/throughline/throughline/internal/server"
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

var codegenBlock = regexp.MustCompile("(?s)```ts\n(// codegen\\.ts.*?)```\n")

// TestCodegenOfTheREADME runs README's codegen.ts as it is printed, but for the server's address. Every scalar has a
// type, and what it writes for --documents is taken by a server, which then answers to the hash.
func TestCodegenOfTheREADME(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := codegenBlock.FindSubmatch(readme)
	const address = "http://localhost:8080/graphql"
	if block == nil || !bytes.Contains(block[1], []byte(address)) {
		t.Fatal("README has no codegen.ts that asks " + address)
	}
	// below the packages, where the file's imports are found
	dir, err := os.MkdirTemp("testdata", "codegen-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	const query = `query People($first: Int) { people(first: $first, orderBy: [{field: NAME}]) { nodes { name born createdAt } } }`
	for name, text := range map[string]string{
		"codegen.ts":     strings.Replace(string(block[1]), address, newServer(t, nil), 1),
		"src/people.tsx": "import { graphql } from \"./gql\";\nexport const People = graphql(`" + query + "`);\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	node(t, "codegen.mjs", filepath.Base(dir))
	types, err := os.ReadFile(filepath.Join(dir, "src/gql/graphql.ts"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"PeopleQuery", "born"} {
		if !bytes.Contains(types, []byte(want)) {
			t.Errorf("graphql.ts lacks %s", want)
		}
	}
	if loose := regexp.MustCompile(`(?m)^.*\b(any|unknown);.*$`).Find(types); loose != nil {
		t.Errorf("a type is not known: %s", loose)
	}
	manifest, err := os.ReadFile(filepath.Join(dir, "src/gql/persisted-documents.json"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := server.ReadManifest(manifest)
	if err != nil || len(list) != 1 || !strings.HasPrefix(list[0].Title(), "People (") {
		t.Fatalf("%v: %s", err, manifest)
	}
	documents := &server.Documents{}
	if err := documents.Add(list); err != nil {
		t.Fatal(err)
	}
	asked := newServer(t, func(o *server.Options) { o.Documents, o.DocumentsOnly = documents, true })
	resp, err := http.Post(asked, "application/json",
		strings.NewReader(`{"documentId":"`+list[0].ID+`","variables":{"first":1}}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || !bytes.HasPrefix(body,
		[]byte(`{"data":{"people":{"nodes":[{`)) || !bytes.Contains(body, []byte(`"name":"Clare Hutchinson"`)) {
		t.Errorf("%v %s", err, body)
	}
}
