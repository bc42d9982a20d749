// Command bench measures Throughline, on both of its stores, beside what else one could run: a peer (@neo4j/graphql
// with Apollo Server) and a server written by hand (Cypher and JSON). It brings up everything it needs, checks that all
// of them give the same answers, measures them in turns within one run, and writes tables and plots for
// docs/performance.md.
//
//	go run ./bench                                    everything but the load test: about half an hour on two cores
//	go run ./bench -only embedded -people 1000        what needs neither Neo4j nor Node.js
//	go run ./bench -load -store embedded              ten minutes of mixed load with imports, then overload
//	go run ./bench -crowd -during 20s                 point reads beside 256 clients that ask for paths, with bounded memory
//	go run ./bench -writes -during 20s                reads beside 50 writes a second, as a table
//
// It needs Go, Java 17 with Maven (or Docker), Node.js with npm, and about 16 GB of memory for 100,000 people.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// settings are the flags.
type settings struct {
	people    []int
	clients   []int
	rounds    int
	slice     time.Duration
	warm      time.Duration
	questions []string
	only      []string
	out, work string
	heap      string
	seed      uint64
	agree     int

	hold   bool
	load   bool
	throng bool
	writes bool
	store  string
	during time.Duration
}

// parts are what -only can choose.
var parts = []string{"compare", "embedded", "paths", "start", "import", "sample"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 {
		switch args[0] { // the processes it starts of itself
		case "serve-by-hand":
			return serveByHand(ctx)
		case "serve-bare":
			return serveBare(ctx, args[1])
		}
	}
	set, err := parseFlags(args)
	if err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	b, err := newBench(ctx, set)
	if err != nil {
		return err
	}
	defer b.family.stop()
	switch {
	case set.hold:
		return b.holdServers(ctx)
	case set.load:
		err = b.measureLoad(ctx)
	case set.throng:
		return b.measureCrowd(ctx)
	case set.writes:
		return b.measureWrites(ctx)
	default:
		err = b.measure(ctx)
	}
	return errors.Join(err, b.save())
}

func parseFlags(args []string) (*settings, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	var s settings
	var people, clients, qs, only string
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.StringVar(&people, "people", "1000,100000", "sizes of the graph, in people (about 13 links each)")
	f.StringVar(&clients, "c", "1,16,64", "numbers of clients")
	f.IntVar(&s.rounds, "rounds", 3, "rounds; figures are their medians")
	f.DurationVar(&s.slice, "slice", time.Second, "time of one slice: one server, one query, one number of clients")
	f.DurationVar(&s.warm, "warm", 4*time.Second, "time each server is warmed up with each query")
	f.StringVar(&qs, "queries", "", "queries, by key: "+keys()+" (default all)")
	f.StringVar(&only, "only", "", "parts: "+strings.Join(parts, ",")+" (default all)")
	f.StringVar(&s.out, "out", "docs", "folder of performance.md and the plots")
	f.StringVar(&s.work, "work", filepath.Join(cache, "throughline", "bench"),
		"folder for data, logs and results; its contents are replaced")
	f.StringVar(&s.heap, "heap", "4g", "heap of each Neo4j")
	f.Uint64Var(&s.seed, "seed", 42, "seed of the generated graph")
	f.IntVar(&s.agree, "agree", 60, "requests of each query whose answers must be equal before anything is measured")
	f.BoolVar(&s.hold, "hold", false,
		"bring the servers of the comparison up and hold them until interrupted, to ask them by hand, instead of measuring")
	f.BoolVar(&s.load, "load", false, "the load test instead: mixed load with imports, then overload")
	f.BoolVar(&s.throng, "crowd", false, "point reads beside a crowd of clients that ask for paths, instead")
	f.BoolVar(&s.writes, "writes", false, "reads alone and beside 50 writes a second, by turns, instead")
	f.StringVar(&s.store, "store", "embedded", "store of the load test and of the crowd: embedded or neo4j")
	f.DurationVar(&s.during, "during", 10*time.Minute, "time of the load test, and of each part of the crowd and of reads beside writes")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("%q is not a flag", f.Arg(0))
	}
	if s.people, err = numbers(people); err != nil {
		return nil, fmt.Errorf("-people: %w", err)
	}
	if s.clients, err = numbers(clients); err != nil {
		return nil, fmt.Errorf("-c: %w", err)
	}
	for _, n := range s.people {
		if n < 200 {
			return nil, errors.New("-people: at least 200")
		}
	}
	if s.rounds < 1 || s.slice <= 0 {
		return nil, errors.New("-rounds and -slice: more than nothing")
	}
	if s.only, err = chosen(only, parts); err != nil {
		return nil, fmt.Errorf("-only: %w", err)
	}
	if s.questions, err = chosen(qs, strings.Split(keys(), ",")); err != nil {
		return nil, fmt.Errorf("-queries: %w", err)
	}
	if s.store != "embedded" && s.store != "neo4j" {
		return nil, errors.New("-store: embedded or neo4j")
	}
	return &s, nil
}

func keys() string {
	out := make([]string, len(questions))
	for i, q := range questions {
		out[i] = q.key
	}
	return strings.Join(out, ",")
}

func numbers(list string) ([]int, error) {
	var out []int
	for _, s := range strings.Split(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is not a number above 0", s)
		}
		out = append(out, n)
	}
	return out, nil
}

// chosen is a list of some of all, or all.
func chosen(list string, all []string) ([]string, error) {
	if list == "" {
		return all, nil
	}
	out := strings.Split(list, ",")
	for _, s := range out {
		if !slices.Contains(all, s) {
			return nil, fmt.Errorf("%q is none of %s", s, strings.Join(all, ","))
		}
	}
	return out, nil
}

// bench is one run.
type bench struct {
	*settings
	root    string // of the project
	bin     string // Throughline, built
	family  *family
	results *results
	begin   time.Time
}

func newBench(ctx context.Context, s *settings) (*bench, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return nil, errors.New("run it in the project: go run ./bench")
	}
	b := &bench{settings: s, root: strings.TrimSpace(string(out)), begin: time.Now()}
	if b.work, err = filepath.Abs(s.work); err != nil {
		return nil, err
	}
	logs := filepath.Join(b.work, "logs")
	if err := os.MkdirAll(logs, 0o750); err != nil {
		return nil, err
	}
	b.family = &family{logs: logs}
	if b.results, err = loadResults(filepath.Join(b.work, "results.json")); err != nil {
		return nil, err
	}
	b.results.Machine = lookAround(ctx)
	b.bin = filepath.Join(b.work, "throughline")
	b.say("building throughline")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", b.bin, "./cmd/throughline")
	cmd.Dir, cmd.Env = b.root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %w: %s", err, out)
	}
	i, err := os.Stat(b.bin)
	if err != nil {
		return nil, err
	}
	b.results.Binary = i.Size()
	return b, nil
}

// say reports progress.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%6.0fs  %s\n", time.Since(b.begin).Seconds(), fmt.Sprintf(format, args...))
}

func (b *bench) does(part string) bool { return slices.Contains(b.only, part) }

// measure is the whole run but the load test.
func (b *bench) measure(ctx context.Context) error {
	for _, people := range b.people {
		if err := b.measureSize(ctx, people, people == slices.Max(b.people)); err != nil {
			return err
		}
		if err := b.save(); err != nil {
			return err
		}
	}
	if b.does("sample") {
		return b.measureSample(ctx)
	}
	return nil
}

// holdServers brings up the servers of the largest graph and says where they are.
func (b *bench) holdServers(ctx context.Context) error {
	w := &world{bench: b, people: slices.Max(b.people)}
	w.dir = filepath.Join(b.work, strconv.Itoa(w.people))
	if err := w.make(ctx); err != nil {
		return err
	}
	if err := w.bring(ctx); err != nil {
		return err
	}
	for _, t := range targets {
		b.say("%-8s http://%s/ (process %d)", t, w.servers[t].host, w.servers[t].pid())
	}
	b.say("neo4j of Throughline: %s %s %s; of the peer and the server by hand: %s %s %s",
		w.ours.URL, w.ours.User, w.ours.Password, w.theirs.URL, w.theirs.User, w.theirs.Password)
	b.say("held; interrupt to end")
	<-ctx.Done()
	return nil
}

// measureSize is all that is measured on a graph of one size. The largest one also shows paths and start.
func (b *bench) measureSize(ctx context.Context, people int, largest bool) error {
	defer b.family.stop()
	w := &world{bench: b, people: people, dir: filepath.Join(b.work, strconv.Itoa(people))}
	if err := w.make(ctx); err != nil {
		return err
	}
	steps := []struct {
		part string
		when bool
		do   func(context.Context) error
	}{
		{"start", largest, w.measureStart},
		{"embedded", true, w.measureBare},
		{"paths", largest, w.measurePaths},
		{"import", !b.does("compare"), w.bringOurs}, // the comparison imports anyway
		{"compare", true, w.compare},
	}
	for _, s := range steps {
		if s.when && b.does(s.part) {
			if err := s.do(ctx); err != nil {
				return fmt.Errorf("%s at %d people: %w", s.part, people, err)
			}
		}
	}
	return nil
}
