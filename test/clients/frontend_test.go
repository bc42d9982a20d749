package clients_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/cli"
	"github.com/throughline/throughline/internal/server"
	"github.com/throughline/throughline/test/npm"
)

const guide = "../../docs/front-end.md"

// block is one block of code of the guide.
type block struct{ language, text string }

var blockOfCode = regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)^```$")

// blocks are those of the guide, in their order.
func blocks(t *testing.T) []block {
	t.Helper()
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	var out []block
	for _, m := range blockOfCode.FindAllSubmatch(text, -1) {
		out = append(out, block{string(m[1]), string(m[2])})
	}
	if fences := bytes.Count(text, []byte("```")); fences != 2*len(out) {
		t.Fatalf("%s has %d fences and %d blocks", guide, fences, len(out))
	}
	return out
}

// write makes a file and its folder.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// shell runs the lines of a block of the guide as somebody would who reads it, in the folder that its comment names. A
// server is not started, but its flags are read.
func shell(t *testing.T, dir, address, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if in, ok := strings.CutPrefix(line, "# in "); ok {
			dir = filepath.Join(dir, in)
			continue
		}
		line, to, _ := strings.Cut(line, " > ")
		words := strings.Fields(strings.ReplaceAll(line, `"`, ""))
		switch {
		case words[0] == "npx":
			packages(t, words[1], dir, words[2:]...)
		case words[0] == "throughline" && words[1] == "serve":
			var c cli.Commands
			parser, err := cli.NewParser(&c)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.Parse(words[1:]); err != nil {
				t.Errorf("%s: %v", line, err)
			}
		case words[0] == "throughline" && to != "":
			printed, err := os.ReadFile(command(t, words[1:]...))
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, to), strings.ReplaceAll(string(printed), "http://localhost:8080/graphql", address))
		default:
			t.Fatalf("%s: this test cannot run: %s", guide, line)
		}
	}
}

// packages runs a command of the packages in a folder.
func packages(t *testing.T, name, dir string, args ...string) {
	t.Helper()
	bin, err := filepath.Abs(filepath.Join("testdata/node_modules/.bin", name))
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), bin, args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "GIT_DIR=none") // Relay's compiler adds what it writes to git
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// project makes a folder below the packages, where programs find them, that goes when the test ends.
func project(t *testing.T) string {
	t.Helper()
	npm.Need(t, "testdata")
	dir, err := os.MkdirTemp("testdata", "project-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// TestTheGuide runs every block of docs/front-end.md: its commands make settings, its files are written beside them,
// Code Generator and Relay's compiler read both, tsc checks the types of it all, and programs ask a server by it.
func TestTheGuide(t *testing.T) {
	dir := project(t)
	address := newServer(t, nil)
	all := blocks(t)
	var files []string
	for _, b := range all {
		if b.language != "ts" {
			continue
		}
		name, ok := strings.CutPrefix(strings.SplitN(b.text, "\n", 2)[0], "// ")
		if !ok {
			t.Fatalf("a block does not name its file:\n%s", b.text)
		}
		files = append(files, name)
		write(t, filepath.Join(dir, name), b.text)
	}
	var queries int
	for _, b := range all {
		switch b.language {
		case "ts":
		case "sh":
			shell(t, dir, address, b.text)
		case "graphql":
			queries++
			if errors := ask(t, address, b.text)["errors"]; errors != nil {
				t.Errorf("%s\n%v", b.text, errors)
			}
		default:
			t.Errorf("a block of %s is not run:\n%s", b.language, b.text)
		}
	}
	if len(files) < 9 || queries < 4 {
		t.Fatalf("%d files and %d queries", len(files), queries)
	}
	if err := os.CopyFS(filepath.Join(dir, "drivers"), os.DirFS("testdata/drivers")); err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile("testdata/tsconfig.json")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "tsconfig.json"), string(config))
	t.Run("types", func(t *testing.T) { packages(t, "tsc", dir) })
	node(t, "bundle.mjs", filepath.Base(dir))
	programs, err := filepath.Glob(filepath.Join(dir, "out/*.cjs"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range programs {
		if name := strings.TrimSuffix(filepath.Base(p), ".cjs"); name != "run" && name != "token" {
			t.Run(name, func(t *testing.T) { node(t, strings.TrimPrefix(p, "testdata/"), address) })
		}
	}
	t.Run("tokens", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "tokens.jsonl")
		secret, _, err := auth.Create(path, "ann", auth.Editor, time.Now(), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		tokens, err := auth.Open(path, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		guarded := newServer(t, func(o *server.Options) { o.Verifier = tokens })
		node(t, filepath.Join(filepath.Base(dir), "out/token.cjs"), guarded, secret)
	})
	t.Run("trusted by Code Generator", func(t *testing.T) {
		trusted(t, filepath.Join(dir, "src/gql/persisted-documents.json"), "People", `{"first":1}`)
	})
	t.Run("trusted by Relay", func(t *testing.T) {
		relay := filepath.Join(dir, "relay")
		settings, err := os.ReadFile(filepath.Join(relay, "relay.config.json"))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(files, "relay/src/environment.ts") {
			t.Fatal("the guide has no environment for Relay")
		}
		write(t, filepath.Join(relay, "relay.config.json"),
			strings.Replace(string(settings), "{", `{ "persistConfig": { "file": "./persisted.json" },`, 1))
		write(t, filepath.Join(relay, "persisted.json"), "{}")
		packages(t, "relay-compiler", relay)
		served := trusted(t, filepath.Join(relay, "persisted.json"), "PeopleQuery", `{"first":1}`)
		node(t, "bundle.mjs", filepath.Base(dir)) // now with ids in place of texts
		node(t, filepath.Join(filepath.Base(dir), "out/relay.cjs"), served)
	})
	t.Run("trusted by Apollo", func(t *testing.T) {
		packages(t, "generate-persisted-query-manifest", dir)
		trusted(t, filepath.Join(dir, "persisted-query-manifest.json"), "People", `{"first":1}`)
	})
}

// trusted has a server run nothing but a manifest's documents, asks for one of them by its id, and returns the server's
// address.
func trusted(t *testing.T, manifest, name, variables string) string {
	t.Helper()
	text, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	list, err := server.ReadManifest(text)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	documents := &server.Documents{}
	if err := documents.Add(list); err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(list, func(d server.Document) bool { return strings.HasPrefix(d.Title(), name+" (") })
	if at < 0 {
		t.Fatalf("%s is not among the %d documents of %s", name, len(list), text)
	}
	address := newServer(t, func(o *server.Options) { o.Documents, o.DocumentsOnly = documents, true })
	got := post(t, address, `{"documentId":"`+list[at].ID+`","variables":`+variables+`}`)
	if data, ok := got["data"].(map[string]any); !ok || data["people"] == nil || got["errors"] != nil {
		t.Errorf("%v", got)
	}
	if refused := ask(t, address, "{ people { totalCount } }"); refused["errors"] == nil {
		t.Errorf("a text that is in no manifest ran: %v", refused)
	}
	return address
}

// TestSettingsKnowOwnTypes: types of a file stand in all that is printed for clients.
func TestSettingsKnowOwnTypes(t *testing.T) {
	for client, want := range map[string]string{
		"apollo": "  Party: {\n", "urql": `"name":"Party"`, "sdl": "\ntype Party ",
	} {
		text, err := os.ReadFile(command(t, "schema", "--client", client, "--schema",
			"../../examples/own-types/parties.graphqls"))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("%s has no %q", client, want)
		}
	}
}
