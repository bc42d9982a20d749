package cli_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/throughline/throughline/internal/cli"
	"github.com/throughline/throughline/internal/sample"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// home is a folder with the sample in the store of a data folder.
func home(t *testing.T) (dir string, env []string) {
	t.Helper()
	dir = t.TempDir()
	env = []string{"HOME=" + dir, "XDG_DATA_HOME=" + dir, "PATH=" + os.Getenv("PATH")}
	lines := filepath.Join(dir, "sample.jsonl")
	if err := os.WriteFile(lines, sample.Data, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, store := range [][]string{nil, {"--store", "sqlite:" + filepath.Join(dir, "graph.db")}} {
		cmd := exec.Command("throughline", append([]string{"import", lines}, store...)...)
		cmd.Env = env
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
	}
	return dir, env
}

// ask begins a session and returns the names of its tools, and what a tool answers.
func ask(t *testing.T, to mcp.Transport, name string, args any) (tools []string, text string) {
	t.Helper()
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), to, nil)
	if err != nil {
		t.Fatal(err)
	}
	all, err := session.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range all.Tools {
		tools = append(tools, x.Name)
	}
	r, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: name, Arguments: args})
	if err != nil {
		t.Fatal(err)
	}
	said, _ := r.Content[0].(*mcp.TextContent)
	if err := session.Close(); err != nil {
		t.Errorf("the process ended with %v", err)
	}
	return tools, said.Text
}

// TestAssistantsGuide: the settings of clients in docs/assistants.md start what they say, its commands parse, its tools are
// those there are, and what it shows is what is answered.
func TestAssistantsGuide(t *testing.T) {
	guide, err := os.ReadFile("../../docs/assistants.md")
	if err != nil {
		t.Fatal(err)
	}
	dir, env := home(t)
	process := func(args ...string) *mcp.CommandTransport {
		cmd := exec.Command("throughline", args...)
		cmd.Env = env
		return &mcp.CommandTransport{Command: cmd}
	}
	var listed []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllSubmatch(guide, -1) {
		listed = append(listed, string(m[1]))
	}
	kinds := map[string]int{}
	for _, m := range regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)^```$").FindAllSubmatch(guide, -1) {
		language, block := string(m[1]), string(m[2])
		kinds[language]++
		switch language {
		case "sh":
			for line := range strings.Lines(block) {
				parser, err := cli.NewParser(&cli.Commands{}, kong.Exit(func(int) {}))
				if err != nil {
					t.Fatal(err)
				}
				words := strings.Fields(strings.ReplaceAll(line, "'an assistant'", "assistant"))
				if _, err := parser.Parse(words[1:]); err != nil || words[0] != "throughline" {
					t.Errorf("%s: %v", line, err)
				}
			}
		case "text":
			head, want, _ := strings.Cut(block, "\n\n")
			tool, given, _ := strings.Cut(head, " ")
			var args map[string]any
			if err := json.Unmarshal([]byte(given), &args); err != nil {
				t.Fatalf("%s: %v", head, err)
			}
			if _, got := ask(t, process("mcp"), tool, args); got != want {
				t.Errorf("%s answers\n%s", head, got)
			}
		case "json":
			type settings struct {
				Type, Command, URL string
				Args               []string
				Env, Headers       map[string]string
			}
			var of struct{ McpServers, Servers map[string]settings }
			if err := json.Unmarshal([]byte(block), &of); err != nil || len(of.McpServers)+len(of.Servers) == 0 {
				t.Errorf("%v: %s", err, block)
			}
			for _, servers := range []map[string]settings{of.McpServers, of.Servers} {
				for name, s := range servers {
					switch {
					case s.URL != "":
						if s.URL != "http://127.0.0.1:8080/mcp" || s.Headers["Authorization"] != "Bearer ${input:token}" {
							t.Errorf("%s: %+v", name, s)
						}
						continue
					case s.Command != "throughline":
						t.Errorf("%s runs %s", name, s.Command)
					}
					for i := range s.Args {
						s.Args[i] = strings.ReplaceAll(s.Args[i], "${workspaceFolder}", dir)
					}
					if slices.Contains(s.Args, "neo4j://localhost:7687") { // asked by TestMCPOnNeo4j, elsewhere
						if s.Env["THROUGHLINE_NEO4J_PASSWORD"] == "" {
							t.Errorf("%s: %+v", name, s)
						}
						continue
					}
					tools, text := ask(t, process(s.Args...), "entity", map[string]any{"entity": "Mary Kaldor"})
					if !strings.Contains(text, "[1] Mary Kaldor") {
						t.Errorf("%s: %s", name, text)
					}
					tools = append(tools, "propose_link")
					if slices.Sort(tools); !slices.Equal(tools, slices.Sorted(slices.Values(listed))) {
						t.Errorf("there are %v, listed are %v", tools, listed)
					}
				}
			}
		}
	}
	if kinds["json"] != 3 || kinds["sh"] != 2 || kinds["text"] != 1 {
		t.Errorf("the guide has %v", kinds)
	}
}

// TestMCPWrites: a link that an assistant writes is in the log under a name, and one that it tries is not.
func TestMCPWrites(t *testing.T) {
	_, env := home(t)
	run := func(name string, args ...string) string {
		cmd := exec.Command(name, args...)
		cmd.Env = env
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%v: %v %s", args, err, out)
		}
		return string(out)
	}
	search, link := map[string]any{"text": "kaldor"}, map[string]any{
		"kind": "AFFILIATED_WITH", "from": "Mary Kaldor", "to": "NATO", "source": "s_human-security-is-about-protecting-civilians-mary-kaldor", "excerpt": "NATO said",
	}
	for _, c := range []struct {
		flags []string
		write bool
		says  string
		logs  bool
	}{
		{nil, false, "", false},
		{[]string{"--writable", "--by", "ann"}, false, "Nothing is written.", false},
		{[]string{"--writable", "--by", "ann"}, true, "READ_ONLY", false},
		{[]string{"--writable", "--mcp-writes", "--by", "ann"}, true, "It is written", true},
	} {
		link["write"] = c.write
		cmd := exec.Command("throughline", append([]string{"mcp"}, c.flags...)...)
		cmd.Env = env
		name, args := "propose_link", link
		if c.flags == nil {
			name, args = "search", search
		}
		tools, text := ask(t, &mcp.CommandTransport{Command: cmd}, name, args)
		if slices.Contains(tools, "propose_link") != (c.flags != nil) || !strings.Contains(text, c.says) {
			t.Errorf("%v: %v %s", c.flags, tools, text)
		}
		if log := run("throughline", "log"); strings.Contains(log, "ann") != c.logs {
			t.Errorf("%v: the log says %s", c.flags, log)
		}
	}
}

// serveSample starts a server, and returns its address.
func serveSample(t *testing.T, flags []string) string {
	t.Helper()
	cmd := exec.Command("throughline", append([]string{"serve", "--addr", "127.0.0.1:0", "--store", "memory:"}, flags...)...)
	cmd.Env = []string{"HOME=" + t.TempDir()}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if url, ok := strings.CutPrefix(lines.Text(), "Start here  "); ok {
			return strings.TrimSuffix(url, "/")
		}
	}
	t.Fatal("the server did not start")
	return ""
}

// TestMCPOnNeo4j: the command answers from a Neo4j, as the guide has it.
func TestMCPOnNeo4j(t *testing.T) {
	srv := both.Server(t, both.Catalog(t))
	dir, env := home(t)
	env = append(env, "THROUGHLINE_NEO4J_USER="+srv.User, "THROUGHLINE_NEO4J_PASSWORD="+srv.Password)
	fill := exec.Command("throughline", "import", filepath.Join(dir, "sample.jsonl"), "--store", srv.URL)
	fill.Env = env
	if out, err := fill.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	cmd := exec.Command("throughline", "mcp", "--store", srv.URL)
	cmd.Env = env
	if _, text := ask(t, &mcp.CommandTransport{Command: cmd}, "entity", map[string]any{"entity": "Mary Kaldor"}); !strings.Contains(text, "[1] Mary Kaldor") {
		t.Errorf("%s", text)
	}
}

// TestMCPOverHTTP: a server answers assistants unless it is told not to.
func TestMCPOverHTTP(t *testing.T) {
	for _, c := range []struct {
		flags  []string
		answer bool
	}{
		{nil, true},
		{[]string{"--no-mcp"}, false},
		{[]string{"--documents", "DOCUMENTS", "--documents-only"}, false},
	} {
		documents := filepath.Join(t.TempDir(), "documents.json")
		if err := os.WriteFile(documents, []byte(`{"a": "{ stats { sources } }"}`), 0o600); err != nil {
			t.Fatal(err)
		}
		for i := range c.flags {
			c.flags[i] = strings.Replace(c.flags[i], "DOCUMENTS", documents, 1)
		}
		base := serveSample(t, c.flags)
		if c.answer {
			if _, text := ask(t, &mcp.StreamableClientTransport{Endpoint: base + "/mcp"}, "entity", map[string]any{"entity": "NATO"}); !strings.Contains(text, "[1] NATO") {
				t.Errorf("%v: %s", c.flags, text)
			}
			continue
		}
		resp, err := http.Post(base+"/mcp", "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusNotFound {
			t.Errorf("%v: %d", c.flags, resp.StatusCode)
		}
	}
}

// TestMCPAnswersAllThatItRead: what is no message is answered by an error and stops nothing, and what stands at the end of
// the input is answered before the process ends.
func TestMCPAnswersAllThatItRead(t *testing.T) {
	_, env := home(t)
	const begin = `{"jsonrpc":"2.0","id":"begin","method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}` +
		"\n" + `{"jsonrpc":"2.0","method":"notifications/initialized"}` + "\n"
	call := func(id, tool, args string) string {
		return `{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"name":"` + tool + `","arguments":` + args + "}}\n"
	}
	const noJSON, noMessage = `"id":null,"error":{"code":-32700,"message":"the line is `, `"id":null,"error":{"code":-32600,"message":"the line is no message of JSON-RPC: `
	for name, c := range map[string]struct {
		input string
		want  []string // each in one line of the output, of which there are no others
	}{
		"nothing":     {"", nil},
		"empty lines": {"\n\r\n\n", nil},
		"no JSON at the beginning": {
			"hello\n" + begin + call("1", "search", `{"text":"kaldor"}`), []string{noJSON + `no JSON: `, `"id":"begin","result"`, `"id":1,"result"`},
		},
		"calls behind what is wrong": {
			begin + "{\n" + `{"a":1} {"b":2}` + "\n" + `{"jsonrpc":"2.0"}` + "\n[]\n7\n" + strings.Repeat("x", 3<<20) + "\n" +
				call("1", "search", `{"text":"kaldor"}`) + `{"jsonrpc":"2.0","id":2,"method":"nothing"}` + "\n" +
				strings.TrimSpace(call(`"three"`, "paths", `{"from":"Mary Kaldor","to":"NATO"}`)),
			[]string{
				`"id":"begin","result"`, noJSON + `no JSON: `, noJSON + `no JSON: `, noMessage, noMessage, noMessage, noJSON + `longer than 1048576 bytes: `,
				`"id":1,"result"`, `"id":2,"error":{"code":-32601`, `"id":"three","result"`,
			},
		},
		"the same id twice": {
			begin + call("1", "search", `{"text":"kaldor"}`) + call("1", "search", `{"text":"kaldor"}`), []string{`"id":"begin","result"`, `"id":1,"result"`, `{"jsonrpc":"2.0","id":`}, // answered, if the first is by then
		},
		"cut off": {begin + `{"jsonrpc":"2.0","id":1,"meth`, []string{`"id":"begin","result"`, noJSON + `no JSON: `}},
	} {
		cmd := exec.Command("throughline", "mcp")
		cmd.Env = env
		cmd.Stdin = strings.NewReader(c.input)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil || stderr.Len() > 0 {
			t.Errorf("%s: %v %s", name, err, stderr.String())
		}
		got := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
		for _, want := range c.want {
			i := slices.IndexFunc(got, func(line string) bool { return strings.Contains(line, want) })
			if i < 0 {
				t.Errorf("%s: no line has %s:\n%s", name, want, out)
				continue
			}
			got = slices.Delete(got, i, i+1)
		}
		if left := strings.Join(got, "\n"); left != "" {
			t.Errorf("%s: there is also\n%s", name, left)
		}
	}
}
