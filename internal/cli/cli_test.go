package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/cli"
	"github.com/throughline/throughline/internal/issuer/issuertest"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/sample"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"throughline": func() { os.Exit(cli.Process()) }})
}

// TestScripts runs the commands as a person would: each file of testdata/script is one story.
func TestScripts(t *testing.T) {
	testscript.Run(t, params("testdata/script", setUp))
}

func params(dir string, setUp func(*testscript.Env) error) testscript.Params {
	return testscript.Params{
		Dir: dir, RequireExplicitExec: true, Setup: setUp,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"server": startServer, "end": stopServer,
			"take": take, "hangup": hangUp, "logged": logged,
			"get": get, "post": post, "soon": soon, "overwrite": overwrite, "misprint": misprint, "sql": inFile, "same": same,
			"until": until, "full": full,
			"issuer": startIssuer, "aged": aged,
		},
		Condition: func(cond string) (bool, error) {
			if path, ok := strings.CutPrefix(cond, "exists:"); ok {
				_, err := os.Stat(path)
				return err == nil, nil
			}
			return os.Getuid() == 0, nil // [root]: nothing is locked to it
		},
	}
}

// aged is "aged FILE": it makes a store with one theme, which was made at noon of 2021-01-01, and changed on that day of the
// three years after.
func aged(ts *testscript.TestScript, _ bool, args []string) {
	cat, err := catalog.Parse("schema.graphqls", throughline.Schema)
	ts.Check(err)
	year := 2021
	s, err := sqlitestore.Open(context.Background(), sqlitestore.Options{
		Path: ts.MkAbs(args[0]), Catalog: cat, Now: func() time.Time { return time.Date(year, 1, 1, 12, 0, 0, 0, time.UTC) },
	})
	ts.Check(err)
	defer s.Close()
	for ; year < 2025; year++ {
		l, err := s.Load(context.Background())
		ts.Check(err)
		defer l.Rollback()
		ts.Check(l.Put(context.Background(), &store.Batch{Nodes: []*kg.Node{{ID: "peace", Type: "THEME", Name: fmt.Sprint("Peace of ", year)}}}))
		ts.Check(l.Commit(context.Background()))
	}
}

// ofScript is a script as a test.
type ofScript struct{ *testscript.TestScript }

func (s ofScript) Helper()           {}
func (s ofScript) Fatal(args ...any) { s.Fatalf("%s", fmt.Sprint(args...)) }
func (s ofScript) Cleanup(do func()) { s.Defer(do) }

// startIssuer is "issuer NAME ROLE…": it starts an issuer of tokens, sets ISSUER to its address, and each variable NAME to a
// token of somebody who is a ROLE there, as Keycloak has it.
func startIssuer(ts *testscript.TestScript, _ bool, args []string) {
	i := issuertest.New(ofScript{ts})
	ts.Setenv("ISSUER", i.URL)
	for n := 0; n+1 < len(args); n += 2 {
		ts.Setenv(args[n], i.Token(issuertest.Claims{
			"preferred_username": strings.ToLower(args[n]), "realm_access": map[string]any{"roles": []string{"offline_access", args[n+1]}},
		}))
	}
}

// full runs a command with a full device as its standard output: it must fail and say why.
func full(ts *testscript.TestScript, _ bool, args []string) {
	to, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	ts.Check(err)
	defer to.Close()
	var said bytes.Buffer
	cmd := exec.Command("throughline", args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = ts.Getenv("WORK"), to, &said
	err = cmd.Run()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 1 ||
		said.String() != "throughline: standard output cannot be written: is its disk full, or was it closed?\n" {
		ts.Fatalf("%q to a full device: %v, %s", args, err, said.String())
	}
}

func setUp(e *testscript.Env) error {
	e.Setenv("XDG_DATA_HOME", e.WorkDir+"/data")
	e.Setenv("HOME", e.WorkDir+"/home")
	e.Setenv("THROUGHLINE_ADDR", "127.0.0.1:0") // another program may answer on the port that is usual
	schema, err := filepath.Abs("../contract/testdata/whole.graphqls")
	if err != nil {
		return err
	}
	e.Setenv("SCHEMA", schema)
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		return err
	}
	if err := os.Symlink(examples, filepath.Join(e.WorkDir, "examples")); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(e.WorkDir, "sample.jsonl"), sample.Data, 0o600)
}

// running is a server that a script started.
type running struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when it says no more
	mu    sync.Mutex
	out   string
}

func (r *running) said() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out
}

var servers sync.Map // *running by the script's work folder: scripts run side by side

func started(ts *testscript.TestScript) *running {
	r, _ := servers.Load(ts.Getenv("WORK"))
	return r.(*running)
}

// startServer is "server ARG…": it starts `throughline serve ARG…` on a free port, waits until it says that it is
// there, and sets URL to its address.
func startServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("a server that must not start is for exec")
	}
	cmd := exec.Command("throughline", append([]string{"serve", "--addr", "127.0.0.1:0"}, args...)...)
	cmd.Dir = ts.Getenv("WORK")
	for _, k := range []string{
		"PATH", "HOME", "XDG_DATA_HOME", "TMPDIR", "THROUGHLINE_STORE",
		"THROUGHLINE_NEO4J_PASSWORD", "THROUGHLINE_NEO4J_USER",
	} {
		if v := ts.Getenv(k); v != "" {
			cmd.Env = append(cmd.Env, k+"="+v)
		}
	}
	pipe, err := cmd.StdoutPipe()
	ts.Check(err)
	log, err := os.Create(ts.MkAbs("server.log"))
	ts.Check(err)
	cmd.Stderr = log
	ts.Check(cmd.Start())
	_ = log.Close()
	r := &running{cmd: cmd, ended: make(chan struct{})}
	servers.Store(ts.Getenv("WORK"), r)
	ts.Defer(func() { _ = cmd.Process.Kill() })
	begun := make(chan string)
	go func() {
		defer close(r.ended)
		defer close(begun)
		for lines := bufio.NewScanner(pipe); lines.Scan(); {
			r.mu.Lock()
			r.out += lines.Text() + "\n"
			r.mu.Unlock()
			if url, ok := strings.CutPrefix(lines.Text(), "Start here  "); ok {
				begun <- strings.TrimSuffix(url, "/")
			}
		}
	}()
	url := <-begun
	if url == "" {
		_ = cmd.Wait()
		ts.Fatalf("the server did not start: %s%s", r.said(), ts.ReadFile("server.log"))
	}
	ts.Setenv("URL", url)
	ts.Setenv("ADDR", strings.TrimPrefix(url, "http://"))
	ts.Check(os.WriteFile(ts.MkAbs("server.out"), []byte(r.said()), 0o600))
}

// random are ids of changes, and times, which differ from run to run.
var random = regexp.MustCompile(`h_[a-z2-7]{24}|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z?`)

// same is "same REGEXP ARG…": throughline ARG… must say the same, which the expression matches, with the store a.db and with
// the server.
func same(ts *testscript.TestScript, _ bool, args []string) {
	said := [2]string{}
	for i, where := range []string{"THROUGHLINE_STORE=sqlite:a.db", "THROUGHLINE_SERVER=" + ts.Getenv("URL") + "/graphql"} {
		cmd := exec.Command("throughline", args[1:]...)
		cmd.Dir = ts.Getenv("WORK")
		cmd.Env = append(cmd.Environ(), where)
		for _, k := range []string{"THROUGHLINE_BY", "THROUGHLINE_TOKEN"} {
			cmd.Env = append(cmd.Env, k+"="+ts.Getenv(k))
		}
		out, err := cmd.CombinedOutput()
		said[i] = random.ReplaceAllString(string(out), "…")
		if err != nil {
			said[i] += err.Error()
		}
	}
	if said[0] != said[1] {
		ts.Fatalf("the store says\n%s\nand the server\n%s", said[0], said[1])
	}
	if !regexp.MustCompile(args[0]).MatchString(said[0]) {
		ts.Fatalf("%q is not in\n%s", args[0], said[0])
	}
}

// until is "until TEXT": the server must say that, soon.
func until(ts *testscript.TestScript, _ bool, args []string) {
	r := started(ts)
	within(ts, func() error {
		if said := r.said(); !strings.Contains(said, args[0]) {
			return fmt.Errorf("the server only said: %s%s", said, ts.ReadFile("server.log"))
		}
		return nil
	})
}

// within asks again and again for up to a minute, until there is no error.
func within(ts *testscript.TestScript, ask func() error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.After(time.Minute)
	for {
		err := ask()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-end:
			ts.Check(err)
		}
	}
}

// take is "take NAME FILE": it sets the variable NAME to the contents of the file, trimmed of white space.
func take(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}

// logged is "logged TEXT": the server must log that, soon.
func logged(ts *testscript.TestScript, _ bool, args []string) {
	within(ts, func() error {
		if said := ts.ReadFile("server.log"); !strings.Contains(strings.ReplaceAll(said, `\"`, `"`), args[0]) {
			return fmt.Errorf("the server only logged: %s", said)
		}
		return nil
	})
}

// hangUp is "hangup TEXT": the server gets SIGHUP, and must log the text.
func hangUp(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(started(ts).cmd.Process.Signal(syscall.SIGHUP))
	logged(ts, neg, args)
}

// stopServer is "end": the server must end well, and soon. (A "stop" is testscript's own, and would leave out the rest
// of a script.)
func stopServer(ts *testscript.TestScript, _ bool, _ []string) {
	r := started(ts)
	begin := time.Now()
	ts.Check(r.cmd.Process.Signal(syscall.SIGTERM))
	<-r.ended
	ts.Check(r.cmd.Wait())
	if took := time.Since(begin); took > 10*time.Second {
		ts.Fatalf("it took %s", took)
	}
}

// get is "get STATUS PATH TEXT": what the server answers must have the status and hold the text.
func get(ts *testscript.TestScript, _ bool, args []string) { ts.Check(answer(ts, args)) }

// soon is get for what another process has just written, behind which an answer may lag a little.
func soon(ts *testscript.TestScript, _ bool, args []string) {
	within(ts, func() error { return answer(ts, args) })
}

// post is "post STATUS FILE TEXT": what the server answers to the document in the file must have the status and hold the
// text.
func post(ts *testscript.TestScript, _ bool, args []string) {
	document, err := json.Marshal(map[string]string{"query": ts.ReadFile(args[1])})
	ts.Check(err)
	c := &http.Client{Timeout: 20 * time.Second}
	resp, err := c.Post(ts.Getenv("URL")+"/graphql", "application/json", bytes.NewReader(document))
	ts.Check(err)
	ts.Check(expected(resp, args))
}

// answer asks for a path, and returns an error unless the answer is as expected.
func answer(ts *testscript.TestScript, args []string) error {
	resp, err := (&http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request,
		[]*http.Request,
	) error {
		return http.ErrUseLastResponse
	}}).Get(ts.Getenv("URL") + args[1])
	if err != nil {
		return err
	}
	return expected(resp, args)
}

// expected returns an error unless an answer has the status args[0] and holds the text args[2].
func expected(resp *http.Response, args []string) error {
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && (fmt.Sprint(resp.StatusCode) != args[0] || !strings.Contains(string(body), args[2])) {
		err = fmt.Errorf("%s: status %d: %.500s", args[1], resp.StatusCode, body)
	}
	return err
}

// overwrite is "overwrite FILE OFFSET COUNT": so many bytes become x.
func overwrite(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_RDWR, 0)
	ts.Check(err)
	var at int64
	var n int
	_, err = fmt.Sscan(args[1]+" "+args[2], &at, &n)
	ts.Check(err)
	_, err = f.WriteAt(bytes.Repeat([]byte("x"), n), at)
	ts.Check(err)
	ts.Check(f.Close())
}

// inFile is "sql FILE STATEMENTS": it changes the file of a store behind its back.
func inFile(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	_, err = db.ExecContext(context.Background(), args[1])
	ts.Check(err)
}

// misprint puts other words of the same length in the place of some, wherever they stand in a file.
func misprint(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	raw, err := os.ReadFile(path)
	ts.Check(err)
	if !bytes.Contains(raw, []byte(args[1])) || len(args[1]) != len(args[2]) {
		ts.Fatalf("%q does not stand in %s, or %q is not as long", args[1], args[0], args[2])
	}
	ts.Check(os.WriteFile(path, bytes.ReplaceAll(raw, []byte(args[1]), []byte(args[2])), 0o600))
}

// run runs a command inside this process.
func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = cli.Main(t.Context(), args, strings.NewReader(""), &out, &errs, func(string) string { return "" })
	return code, out.String(), errs.String()
}

func model(t *testing.T) *kong.Application {
	t.Helper()
	p, err := cli.NewParser(&cli.Commands{})
	if err != nil {
		t.Fatal(err)
	}
	return p.Model
}

// read returns what a file holds.
func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestOwnTypesAreWalkedThroughAsPrinted: each command of docs/own-types.md stands in the script that runs it, and the
// schema that it shows is the one of the example.
func TestOwnTypesAreWalkedThroughAsPrinted(t *testing.T) {
	doc, script := read(t, "../../docs/own-types.md"), read(t, "testdata/script/own.txtar")
	n := 0
	for line := range strings.Lines(doc) {
		command, ok := strings.CutPrefix(line, "throughline ")
		if !ok {
			continue
		}
		n++
		command = strings.TrimPrefix(command, "serve ")
		if !strings.Contains(script, command) {
			t.Errorf("the script does not run: throughline %s", command)
		}
	}
	if n < 5 {
		t.Errorf("%d commands", n)
	}
	if !strings.Contains(doc, read(t, "../../examples/own-types/parties.graphqls")) {
		t.Error("the schema that is shown is not that of the example")
	}
}

// TestPagesRunAsPrinted: the script runs each command of a page of documentation, and compares with what the page says that
// the command prints.
func TestPagesRunAsPrinted(t *testing.T) {
	// what a script writes in another way than a person at a shell
	written := strings.NewReplacer("exec throughline serve", "server", "exec kill -HUP $PID\n", "hangup ",
		"exec THROUGHLINE_TOKEN=$ANN throughline", "exec throughline", "http://localhost:8080", "$URL")
	for page, least := range map[string]int{"keeping": 12, "auth": 7} {
		script := read(t, "testdata/script/"+page+".txtar")
		n, blocks := 0, strings.Split(read(t, "../../docs/"+page+".md"), "```")
		for i := 1; i < len(blocks); i += 2 {
			language, printed, _ := strings.Cut(blocks[i], "\n")
			if language != "sh" { // what a command prints, or a document
				if !strings.Contains(script, printed) {
					t.Errorf("the script of %s does not have:\n%s", page, printed)
				}
				continue
			}
			for line := range strings.Lines(printed) {
				n++
				if !strings.Contains(script, written.Replace("exec "+line)) {
					t.Errorf("the script of %s does not run: %s", page, line)
				}
			}
		}
		if n < least {
			t.Errorf("%d commands of %s", n, page)
		}
	}
}

func TestEachCommandHasHelp(t *testing.T) {
	for _, n := range cli.AllCommands(model(t).Children) {
		code, out, errs := run(t, append(strings.Fields(n.Path()), "--help")...)
		if code != 0 || errs != "" || !strings.Contains(out, "Usage: throughline "+n.Path()) ||
			!strings.Contains(out, n.Help) {
			t.Errorf("%s --help: %d %q %q", n.Name, code, out, errs)
		}
		for _, f := range n.Flags {
			if !strings.Contains(out, "--"+f.Name) && !strings.Contains(out, "--[no-]"+f.Name) {
				t.Errorf("%s --help lacks --%s", n.Name, f.Name)
			}
		}
		if code, same, errs := run(t, append([]string{"help"}, strings.Fields(n.Path())...)...); code != 0 || errs != "" || same != out {
			t.Errorf("help %s: %d %q %q", n.Path(), code, same, errs)
		}
		if n.Help == "" || !strings.HasSuffix(n.Help, ".") {
			t.Errorf("%s: help %q", n.Name, n.Help)
		}
	}
}

func TestEachFlagIsDocumented(t *testing.T) {
	b, err := os.ReadFile("../../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(b)
	for _, n := range cli.AllCommands(model(t).Children) {
		_, section, _ := strings.Cut(doc, "\n## throughline "+n.Path()+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		for _, f := range n.Flags {
			if !strings.Contains(section, "`--"+f.Name+"`") {
				t.Errorf("docs/config.md does not have --%s of %s: run go generate ./internal/cli", f.Name, n.Name)
			}
			for _, e := range f.Envs {
				if !strings.Contains(doc, e) {
					t.Errorf("docs/config.md does not have %s", e)
				}
			}
		}
	}
}

// shells are how each shell completes a line after the script at $1 was loaded.
var shells = map[string][]string{
	"bash": {
		"bash", "--norc", "-c",
		`. "$1"; COMP_WORDS=($2); case "$2" in *" ") COMP_WORDS+=("");; esac; COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _throughline; printf '%s\n' "${COMPREPLY[@]}"`, "-",
	},
	"fish": {"fish", "--no-config", "-c", `source $argv[1]; complete -C $argv[2]`},
	// zsh completes only at a terminal, so that here its own emulation of bash is called as it would
	"zsh": {
		"zsh", "-f", "-c",
		`. "$1" || exit 1; whence -w _throughline; setopt kshglob shwordsplit ksharrays; COMP_WORDS=(${=2}); [[ $2 == *" " ]] && COMP_WORDS+=(""); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _throughline; printf '%s\n' "${COMPREPLY[@]}"`, "-",
	},
}

func TestCompletionScriptsLoad(t *testing.T) {
	for shell, command := range shells {
		t.Run(shell, func(t *testing.T) {
			if _, err := exec.LookPath(shell); err != nil {
				t.Skipf("%s is not installed here; CI has it", shell)
			}
			_, script, _ := run(t, "completion", shell)
			file := filepath.Join(t.TempDir(), "completion")
			if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
				t.Fatal(err)
			}
			for line, want := range map[string][]string{
				"throughline ":                       {"serve", "query", "import", "timeline"},
				"throughline se":                     {"serve"},
				"throughline serve --no-":            {"--no-sample", "--no-playground"},
				"throughline serve --log-level ":     {"debug", "error"},
				"throughline path --rank ":           {"SHORTEST", "MOST_RECENT"},
				"throughline completion ":            {"bash", "zsh", "fish"},
				"throughline help ":                  {"serve", "token"},
				"throughline token ":                 {"create", "list", "revoke"},
				"throughline token create --ro":      {"--role"},
				"throughline token create f --role ": {"EDITOR", "ADMIN"},
			} {
				cmd := exec.Command(command[0], append(command[1:], file, line)...)
				cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%s: %v: %s", line, err, out)
				}
				for _, w := range want {
					if !strings.Contains(string(out), w) {
						t.Errorf("%q is not completed with %s: %s", line, w, out)
					}
				}
			}
		})
	}
}

// TestASignalEndsAnImport stops an import whose input is still coming: nothing of it is there, and it ends at once.
func TestASignalEndsAnImport(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			path := t.TempDir() + "/g.db"
			store := "sqlite:" + path
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, "throughline", "import", "--store", store, "-")
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			var errs bytes.Buffer
			cmd.Stderr = &errs
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			// more than a pipe and the program's own buffers hold, so that some of it has been read and written
			for i := range 60_000 {
				if _, err := fmt.Fprintf(in,
					"{\"node\":\"PERSON\",\"id\":\"p%d\",\"name\":\"Person number %d\",\"description\":%q}\n", i, i, strings.Repeat("x",
						40)); err != nil {
					t.Fatal(err)
				}
			}
			begin := time.Now()
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 1 {
				t.Errorf("it ended with %v", err)
			}
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("it took %s to stop", took)
			}
			if want := "throughline: the import was interrupted; nothing is lost, run it again\n"; errs.String() != want {
				t.Errorf("it said %q", errs.String())
			}
			if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a store is left: %v", err)
			}
		})
	}
}
