package cli_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// mostToStop is how long a server may take to end that is told to, after its grace: 3 s, and some for a machine that is
// busy with other tests.
const mostToStop = 6 * time.Second

// TestASignalEndsAServerUnderLoad: what is answered is answered or told, and the process ends in time.
func TestASignalEndsAServerUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what keeps a server busy for seconds")
	}
	t.Run("sqlite", func(t *testing.T) { stopUnderLoad(t, "sqlite:"+filepath.Join(t.TempDir(), "g.db"), nil) })
	t.Run("neo4j", func(t *testing.T) {
		srv := both.Server(t, both.Catalog(t))
		stopUnderLoad(t, srv.URL, []string{
			"THROUGHLINE_NEO4J_USER=" + srv.User,
			"THROUGHLINE_NEO4J_PASSWORD=" + srv.Password,
		})
	})
}

// crowd is lines of people who met at events, each at three.
func crowd(name string, people int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "{\"source\":\"ARTICLE\",\"id\":\"s_%s\",\"title\":\"A\"}\n", name)
	for i := range people {
		fmt.Fprintf(&b, "{\"node\":\"PERSON\",\"id\":\"%s%05d\",\"name\":\"Person %d\",\"description\":\"%s\"}\n", name,
			i, i, strings.Repeat("word ", 100))
	}
	events := people / 10
	for i := range events {
		fmt.Fprintf(&b, "{\"node\":\"EVENT\",\"id\":\"e%s%05d\",\"name\":\"Event %d\"}\n", name, i, i)
	}
	for i := range people {
		for _, step := range [...]int{0, 1 + i/events, 100 + 3*(i/events)} {
			fmt.Fprintf(&b, "{\"link\":\"PARTICIPATED_IN\",\"from\":\"%s%05d\",\"to\":\"e%s%05d\",\"evidence\":[{\"source\":\"s_%s\",\"excerpt\":\"e\"}]}\n",
				name, i, name, (i+step)%events, name)
		}
	}
	return b.String()
}

// stopUnderLoad starts a server, keeps it busy in every way, and stops it.
func stopUnderLoad(t *testing.T, store string, env []string) {
	command := func(args ...string) *exec.Cmd {
		cmd := exec.Command("throughline", append(args, "--store", store)...)
		cmd.Env = append([]string{"HOME=" + t.TempDir()}, env...)
		return cmd
	}
	file := func(name string, people int) string {
		path := filepath.Join(t.TempDir(), name+".jsonl")
		if err := os.WriteFile(path, []byte(crowd(name, people)), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if out, err := command("import", file("p", 3000)).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	grace := time.Second
	if storetest.Rounds(t) > 1 {
		grace = 6 * time.Second // as by default
	}
	server := command("serve", "--addr", addr, "--no-sample", "--timeout", "60s", "--grace", grace.String())
	var log strings.Builder
	server.Stderr = &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	defer server.Process.Kill()
	ask := func(ctx context.Context, query string) (*http.Response, error) {
		body, _ := json.Marshal(map[string]string{"query": query})
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/graphql",
			strings.NewReader(string(body)))
		if err != nil {
			t.Error(err)
		}
		r.Header.Set("Content-Type", "application/json")
		return http.DefaultClient.Do(r)
	}
	tick := time.NewTicker(20 * time.Millisecond) // its start needs the processor
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); ; <-tick.C {
		resp, err := http.Get("http://" + addr + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Now().After(end) {
			t.Fatal("it is not ready: ", log.String())
		}
	}

	// connections that are kept, with an answer read and nothing asked any more
	for range 4 {
		c := &http.Client{Transport: &http.Transport{}}
		resp, err := c.Get("http://" + addr + "/livez")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		defer c.CloseIdleConnections()
	}
	// clients that do not read
	const large = `{ people(first: 100) { nodes { description links(first: 3) { nodes: edges { node { ... on Event { participants(first: 7) { nodes { description } } } } } } } } }`
	for range 4 {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.(*net.TCPConn).SetReadBuffer(1024)
		body, _ := json.Marshal(map[string]string{"query": large})
		for range 20 {
			fmt.Fprintf(c, "POST /graphql HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
				addr, len(body), body)
		}
	}
	// a measure whose client has gone
	gone, leave := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer leave()
	if resp, err := ask(gone,
		`{ centrality(by: BETWEENNESS, first: 3, pivots: 9001) { edges { score } } }`); err == nil {
		resp.Body.Close()
	}
	// questions that take long
	var all sync.WaitGroup
	answers := make(chan string, 64)
	var asked, told atomic.Int64
	for range 12 {
		all.Go(func() {
			for {
				began := time.Now()
				// no measure is the other's, so that none is ready
				resp, err := ask(t.Context(),
					fmt.Sprintf(`{ centrality(by: BETWEENNESS, first: 3, pivots: %d) { edges { score } } }`,
						9000-asked.Add(1)))
				if err != nil {
					if time.Since(began) > time.Second { // it was being answered
						answers <- err.Error()
					}
					return
				}
				b, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if told.Add(1); err != nil || !json.Valid(b) {
					answers <- fmt.Sprint(resp.StatusCode, err, string(b))
				}
			}
		})
	}
	// an import beside it
	other := command("import", file("q", 2000))
	var said strings.Builder
	other.Stderr = &said
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := other.Wait(); err != nil {
			t.Errorf("the import beside it: %v %s", err, said.String())
		}
	}()
	busy := time.After(1500 * time.Millisecond)
	<-busy

	began := time.Now()
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		took := time.Since(began)
		t.Logf("it stopped after %s; %d asked, %d answered", took, asked.Load(), told.Load())
		if err != nil || took > grace+mostToStop {
			t.Errorf("it stopped after %s: %v %s", took, err, log.String())
		}
	case <-time.After(time.Minute):
		t.Error("it goes on")
	}
	all.Wait()
	close(answers)
	for a := range answers {
		t.Error("neither answered nor told: ", a)
	}
}
