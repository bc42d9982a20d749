package cli_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/throughline/throughline/internal/store/storetest/both"
)

// TestNeo4jScripts runs the stories of testdata/neo4j against a real server.
func TestNeo4jScripts(t *testing.T) {
	srv := both.Server(t, both.Catalog(t))
	testscript.Run(t, params("testdata/neo4j", func(e *testscript.Env) error {
		e.Setenv("NEO4J", srv.URL)
		e.Setenv("THROUGHLINE_NEO4J_USER", srv.User)
		e.Setenv("THROUGHLINE_NEO4J_PASSWORD", srv.Password)
		return setUp(e)
	}))
}

// forward carries connections to a server until the test ends.
func forward(t *testing.T, l net.Listener, to string) {
	t.Helper()
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
			go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
		}
	}()
}

// TestServeWaitsForNeo4j starts the server while there is no Neo4j, and lets one come.
func TestServeWaitsForNeo4j(t *testing.T) {
	srv := both.Server(t, both.Catalog(t))
	to, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	free := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return l.Addr().String()
	}
	neo, addr := free(), free()
	cmd := exec.Command("throughline", "serve", "--addr", addr, "--store", "bolt://"+neo)
	cmd.Env = []string{"THROUGHLINE_NEO4J_USER=" + srv.User, "THROUGHLINE_NEO4J_PASSWORD=" + srv.Password}
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	ask := func(path string) (int, string) {
		resp, err := http.Get("http://" + addr + path)
		if err != nil {
			return 0, err.Error()
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b)
	}
	until := func(path string, want int) string {
		t.Helper()
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		end := time.After(time.Minute)
		for {
			status, body := ask(path)
			if status == want {
				return body
			}
			select {
			case <-tick.C:
			case <-end:
				t.Fatalf("%s: %d %s", path, status, body)
			}
		}
	}
	until("/livez", http.StatusOK)
	// before and after it was asked for the first time
	waits := regexp.MustCompile(`Neo4j has not answered yet|Neo4j does not answer \(nothing listens there; is it running\?\)`)
	if status, body := ask("/readyz"); status != http.StatusServiceUnavailable || !waits.MatchString(body) ||
		strings.Contains(body, neo) {
		t.Errorf("not ready: %d %s", status, body)
	}
	if _, body := ask("/graphql?query={stats{sources}}"); !strings.Contains(body, `"UNAVAILABLE"`) ||
		strings.Contains(body, neo) {
		t.Errorf("without a store: %s", body)
	}
	l, err := net.Listen("tcp", neo)
	if err != nil {
		t.Fatal(err)
	}
	forward(t, l, to.Host)
	until("/readyz", http.StatusOK)
	// ready means that the sample is there too
	if _, body := ask("/graphql?query={person(ref:{name:\"Mary%20Kaldor\"}){__typename}}"); !strings.Contains(body,
		`"Person"`) {
		t.Errorf("with a store: %s", body)
	}
	begin := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || time.Since(begin) > 10*time.Second {
		t.Errorf("it stopped after %s: %v", time.Since(begin), err)
	}
	if strings.Contains(log.String(), srv.Password) {
		t.Error("the password is in the log")
	}
}

// TestASignalEndsAnImportIntoNeo4j stops an import of which some is written: it ends soon, and run again it ends in the
// graph of an import that was never stopped.
func TestASignalEndsAnImportIntoNeo4j(t *testing.T) {
	srv := both.Server(t, both.Catalog(t))
	var b strings.Builder
	// three transactions: it is interrupted once one of them is there
	for i := range 30_000 {
		fmt.Fprintf(&b, "{\"node\":\"PERSON\",\"id\":\"p%05d\",\"name\":\"Person %d\",\"createdAt\":\"2026-01-01T00:00:00Z\",\"updatedAt\":\"2026-01-01T00:00:00Z\"}\n",
			i, i)
	}
	file := filepath.Join(t.TempDir(), "people.jsonl")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	command := func(args ...string) *exec.Cmd {
		cmd := exec.Command("throughline", append(args, "--store", srv.URL)...)
		cmd.Env = []string{"THROUGHLINE_NEO4J_USER=" + srv.User, "THROUGHLINE_NEO4J_PASSWORD=" + srv.Password}
		return cmd
	}
	begun := func() bool {
		out, err := command("query", "-e", "{ people(first: 0) { totalCount } }").Output()
		return err == nil && !strings.Contains(string(out), `"totalCount":0`)
	}
	cmd := command("import", file)
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for !begun() {
		select {
		case err := <-ended:
			t.Fatalf("it ended by itself: %v %s", err, said.String())
		default:
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("it goes on")
	}
	if want := "throughline: the import was interrupted; nothing is lost, run it again\n"; cmd.ProcessState.ExitCode() != 0 &&
		said.String() != want {
		t.Errorf("it said %q", said.String())
	}
	if out, err := command("import", file).CombinedOutput(); err != nil {
		t.Fatalf("again: %v %s", err, out)
	}
	out, err := command("export").Output()
	if err != nil {
		t.Fatal(err)
	}
	_, nodes, _ := strings.Cut(string(out), "\n")
	if got := strings.ReplaceAll(nodes, ":00.000Z", ":00Z"); got != b.String() {
		t.Errorf("%d bytes are exported, %d were imported", len(got), b.Len())
	}
}
