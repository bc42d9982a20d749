package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/throughline/throughline/internal/neo4jserver"
)

// world is a graph of one size and the servers that have it.
type world struct {
	*bench
	people       int
	dir          string
	nodes, links int
	params       []params

	servers map[target]*child
	ours    *neo4jserver.Server // with Throughline's layout
	theirs  *neo4jserver.Server // with what the peer and the server by hand would keep
}

// requests is how many different requests there are of each question.
const requests = 2048

func (w *world) file() string     { return filepath.Join(w.dir, "graph.jsonl") }
func (w *world) database() string { return filepath.Join(w.dir, "graph.db") }

// make generates the graph, imports it into the embedded store and starts the server on it: every part needs it.
func (w *world) make(ctx context.Context) (err error) {
	if err := os.RemoveAll(w.dir); err != nil {
		return err
	}
	if err := os.MkdirAll(w.dir, 0o750); err != nil {
		return err
	}
	known := &names{}
	if w.nodes, w.links, err = writeGraph(w.file(), w.people, w.seed, known); err != nil {
		return err
	}
	w.say("%d people: %d nodes, %d links", w.people, w.nodes, w.links)
	w.servers = map[target]*child{}
	if err := w.load(ctx, embedded, "sqlite:"+w.database(), nil); err != nil {
		return err
	}
	if w.servers[embedded], err = w.serve(ctx, "embedded", nil, "--store", "sqlite:"+w.database(),
		"--no-sample"); err != nil {
		return err
	}
	pages, err := w.pages(ctx)
	if err != nil {
		return err
	}
	w.params = draw(requests, w.people, pages, known)
	return nil
}

// serve starts Throughline as it comes, but for the cost limit (200 nodes with up to 2,000 links and their ends cost
// 12,050) and the time limit, which a Neo4j that has just started can need longer than.
func (b *bench) serve(ctx context.Context, name string, env []string, args ...string) (*child, error) {
	args = append([]string{
		b.bin, "serve", "--addr", "127.0.0.1:0", "--log-level", "warn", "--max-cost", "20000",
		"--timeout", "1m",
	}, args...)
	return b.family.start(ctx, name, "GraphQL     http://", env, args...)
}

// importRate is what importing the graph gave.
type importRate struct {
	Nodes, Links int
	Seconds      float64
	LinksRate    float64 // links a second
	RSS          int64   // the most the importing process had
}

// load imports the graph into a store of Throughline's.
func (w *world) load(ctx context.Context, t target, store string, env []string) error {
	begin := time.Now()
	cmd := exec.CommandContext(ctx, w.bin, "import", "--store", store, w.file())
	cmd.Env = append(os.Environ(), env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return err
	}
	most := peak(cmd.Process.Pid)
	err := cmd.Wait()
	rss := most()
	if err != nil {
		return fmt.Errorf("import into %s: %w: %s", t, err, &out)
	}
	took := time.Since(begin)
	r := importRate{
		Nodes: w.nodes, Links: w.links, Seconds: took.Seconds(),
		LinksRate: float64(w.links) / took.Seconds(), RSS: rss,
	}
	w.results.at(w.people).Import[t] = r
	w.say("imported into %s: %.1f s, %.0f links/s, %d MB", t, r.Seconds, r.LinksRate, r.RSS>>20)
	return nil
}

// pages walks all people in the order of names, and returns where a page of them may begin.
func (w *world) pages(ctx context.Context) ([]page, error) {
	l := &lines{host: w.servers[embedded].host}
	defer l.close()
	var out []page
	after := ""
	for {
		vars := map[string]any{}
		if after != "" {
			vars["after"] = after
		}
		body, err := json.Marshal(map[string]any{
			"query":     `query($after: String) { people(first: 100, after: $after) { edges { cursor node { name } } } }`,
			"variables": vars,
		})
		if err != nil {
			return nil, err
		}
		if err := l.upTo(ctx, 1); err != nil {
			return nil, err
		}
		a, err := l.open[0].do(post(l.host, "/graphql", body))
		if err == nil {
			err = a.check()
		}
		if err != nil {
			return nil, err
		}
		var got struct {
			Data struct {
				People struct {
					Edges []struct {
						Cursor string
						Node   struct{ Name string }
					}
				}
			}
		}
		if err := json.Unmarshal(a.body, &got); err != nil {
			return nil, err
		}
		edges := got.Data.People.Edges
		if len(edges) < 100 { // no full page follows
			break
		}
		for i := 0; i < len(edges); i += 10 {
			out = append(out, page{edges[i].Cursor, edges[i].Node.Name})
		}
		after = edges[99].Cursor
	}
	// the last ones have less than a page behind them
	if len(out) < 11 {
		return nil, errors.New("there are too few people for pages of 50")
	}
	return out[:len(out)-5], nil
}

// bring starts the two Neo4j, loads them, and starts the servers on them.
func (w *world) bring(ctx context.Context) (err error) {
	if err := w.bringOurs(ctx); err != nil {
		return err
	}
	if w.theirs, err = w.startNeo4j(ctx, "theirs"); err != nil {
		return err
	}
	begin := time.Now()
	if err := loadTheirs(ctx, w.theirs.URL, w.theirs.User, w.theirs.Password, w.people, w.seed); err != nil {
		return err
	}
	w.say("graph of the others loaded in %.1f s", time.Since(begin).Seconds())
	env := []string{
		"NEO4J_URL=" + w.theirs.URL, "NEO4J_USER=" + w.theirs.User, "NEO4J_PASSWORD=" + w.theirs.Password,
		"NODE_ENV=production",
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if w.servers[byHand], err = w.family.start(ctx, "by-hand", "ready http://", env, self, "serve-by-hand"); err != nil {
		return err
	}
	dir, err := w.installPeer(ctx)
	if err != nil {
		return err
	}
	w.servers[peer], err = w.family.start(ctx, "peer", "ready http://", env, "node", filepath.Join(dir, "server.mjs"))
	return err
}

// bringOurs starts a Neo4j and Throughline on it, and imports the graph beside the server.
func (w *world) bringOurs(ctx context.Context) (err error) {
	if w.ours, err = w.startNeo4j(ctx, "ours"); err != nil {
		return err
	}
	if w.servers[onNeo4j], err = w.serve(ctx, "neo4j", w.env(), "--store", w.ours.URL, "--no-sample"); err != nil {
		return err
	}
	if err := ready(ctx, w.servers[onNeo4j].host); err != nil {
		return err
	}
	return w.load(ctx, onNeo4j, w.ours.URL, w.env())
}

// env is what Throughline needs to know of its Neo4j.
func (w *world) env() []string { return []string{"THROUGHLINE_NEO4J_PASSWORD=" + w.ours.Password} }

// ready waits until a server of Throughline says that its store answers and its indexes are there.
func ready(ctx context.Context, host string) error {
	l := &lines{host: host}
	defer l.close()
	// between two questions
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end) &&
		ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
		if err := l.upTo(ctx, 1); err != nil {
			return err
		}
		a, err := l.open[0].do(get(host, "/readyz"))
		if err == nil && a.status == 200 {
			return nil
		}
		if err != nil {
			l.close()
		}
	}
	return errors.Join(errors.New("the server is not ready"), ctx.Err())
}

func (w *world) startNeo4j(ctx context.Context, name string) (*neo4jserver.Server, error) {
	s, err := neo4jserver.Start(ctx, neo4jserver.Options{
		Jars: filepath.Join(w.work, "jars"), Home: filepath.Join(w.work, "neo4j-"+name, "home"),
		Heap: []string{"-Xms1g", "-Xmx" + w.heap, "-XX:+UseG1GC"}, PageCache: "1g",
	})
	if err != nil {
		return nil, err
	}
	w.family.add(s)
	w.say("neo4j for %s is up", name)
	return s, nil
}

// installPeer has npm install the peer, outside of the project's tree.
func (b *bench) installPeer(ctx context.Context) (string, error) {
	dir := filepath.Join(b.work, "peer")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return "", err
	}
	fresh := false
	for _, name := range []string{"package.json", "package-lock.json", "server.mjs"} {
		now, err := os.ReadFile(filepath.Join(b.root, "bench", "peer", name))
		if err != nil {
			return "", err
		}
		old, err := os.ReadFile(filepath.Join(dir, name))
		fresh = fresh || err != nil || string(old) != string(now)
		if err := os.WriteFile(filepath.Join(dir, name), now, 0o600); err != nil {
			return "", err
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil || fresh {
		b.say("npm ci for the peer")
		cmd := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			_ = os.Remove(filepath.Join(dir, "package-lock.json")) // so that it is tried again
			return "", fmt.Errorf("npm ci: %w: %s", err, out)
		}
	}
	lock, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return "", err
	}
	version := func(name string) string {
		m := regexp.MustCompile(`"node_modules/` + regexp.QuoteMeta(name) +
			`": \{\s*"version": "([^"]+)"`).FindSubmatch(lock)
		if m == nil {
			return "?"
		}
		return string(m[1])
	}
	b.results.Machine.Peer = fmt.Sprintf("@neo4j/graphql %s, @apollo/server %s, neo4j-driver %s",
		version("@neo4j/graphql"), version("@apollo/server"), version("neo4j-driver"))
	return dir, nil
}

// processes are those whose CPU time a request at a target costs, by name.
func (w *world) processes(t target) map[string]int {
	p := map[string]int{"server": w.servers[t].pid()}
	switch {
	case t == onNeo4j && w.ours.Pid() != 0:
		p["neo4j"] = w.ours.Pid()
	case (t == byHand || t == peer) && w.theirs.Pid() != 0:
		p["neo4j"] = w.theirs.Pid()
	}
	return p
}

// peak looks at the most memory a process has had until it is asked for it. What the system says of a process that has
// ended counts what the process had that started it.
func peak(pid int) (most func() int64) {
	end, found := make(chan struct{}), make(chan int64)
	go func() {
		var n int64
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			n = max(n, highWater(pid))
			select {
			case <-tick.C:
			case <-end:
				found <- n
				return
			}
		}
	}()
	return func() int64 { close(end); return <-found }
}

func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
