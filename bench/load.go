package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// mix is the mixed workload: how many of 20 requests are of which question.
var mix = []struct {
	key   string
	share int
}{{"a", 8}, {"b", 2}, {"c", 2}, {"d", 1}, {"e", 2}, {"f", 1}, {"filter", 1}, {"evidence", 2}, {"aliases", 1}}

// loadResult is what the load test gave.
type loadResult struct {
	Date            time.Time
	People, Links   int
	Clients         int
	During          time.Duration
	Alone           float64 // p99 of point reads by one client, nothing else going on, ms
	Quiet, Loaded   mixed   // without and with imports
	Imports, Failed int     // of the importing process
	ImportLinks     int     // links of one import
	RSS, Neo4jRSS   span    // the server's and Neo4j's memory, from two minutes on
	Over            overload
}

// span is where samples of one size lie, in bytes: all of them, and nine tenths.
type span struct{ Least, P5, P95, Most int64 }

func spanOf(samples []int64) (s span) {
	if len(samples) == 0 {
		return s
	}
	slices.Sort(samples)
	last := len(samples) - 1
	return span{samples[0], samples[last/20], samples[last-last/20], samples[last]}
}

// mixed is what the mixed workload gave.
type mixed struct {
	Rate     float64
	Requests int
	Errors   int
	First    string  // error
	P50, P99 float64 // of point reads, ms
	AllP99   float64
}

// overload is what happened when more was asked than can be served.
type overload struct {
	Offered, Sent, Served, Shed float64 // a second
	Other                       int     // neither served nor shed as it should be
	First                       string  // of those
	P99, ShedP99                float64 // ms
	// ms: the p99 of the served until their bytes had come; the client, which shares the processors, reads them later
	Came float64
}

const loadClients = 64

// measureLoad is the load test.
func (b *bench) measureLoad(ctx context.Context) error {
	w := &world{bench: b, people: slices.Max(b.people)}
	w.dir = filepath.Join(b.work, "load")
	if err := w.make(ctx); err != nil {
		return err
	}
	t, store, env := embedded, "sqlite:"+w.database(), []string(nil)
	neo4jPid := 0
	if b.store == "neo4j" {
		w.servers[embedded].Stop()
		if err := w.bringOurs(ctx); err != nil {
			return err
		}
		t, store, env = onNeo4j, w.ours.URL, w.env()
		neo4jPid = w.ours.Pid()
	}
	host, pid := w.servers[t].host, w.servers[t].pid()
	qs, points, err := w.mixed(t)
	if err != nil {
		return err
	}
	out := &loadResult{Date: time.Now().UTC(), People: w.people, Links: w.links, Clients: loadClients, During: b.during}

	// imports go on all the time: two graphs of their own, one after the other, so that the whole soon stops growing
	files := []string{filepath.Join(w.dir, "churn-1.jsonl"), filepath.Join(w.dir, "churn-2.jsonl")}
	for i, f := range files {
		if out.ImportLinks, err = writeChurn(f, 1000, b.seed+uint64(i)+1); err != nil {
			return err
		}
		if err := b.importOnce(ctx, store, env, f); err != nil {
			return err
		}
	}

	l := &lines{host: host}
	defer l.close()
	if _, err := l.run(ctx, qs, loadClients, b.warm, 0); err != nil {
		return err
	}
	alone, err := l.run(ctx, points, 1, min(b.during/10, 10*time.Second), 0)
	if err != nil {
		return err
	}
	out.Alone = ms(percentile(alone.times, 99))
	out.Quiet = askMix(ctx, host, qs, min(b.during/5, time.Minute))
	b.say("quiet: %.0f requests/s, point reads p99 %.2f ms (alone %.2f), %d errors %s", out.Quiet.Rate, out.Quiet.P99,
		out.Alone, out.Quiet.Errors, out.Quiet.First)

	busy, done := context.WithTimeout(ctx, b.during)
	defer done()
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; busy.Err() == nil; i++ {
			err := b.importOnce(busy, store, env, files[i%2])
			switch {
			case busy.Err() != nil:
			case err != nil:
				out.Failed++
				b.say("%v", err)
			default:
				out.Imports++
			}
		}
	})
	var rss, neo4jRSS []int64
	wg.Go(func() {
		settled := time.Now().Add(min(2*time.Minute, b.during/5))
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-busy.Done():
				return
			case now := <-tick.C:
				if now.After(settled) {
					rss = append(rss, memory(pid))
					if neo4jPid != 0 {
						neo4jRSS = append(neo4jRSS, memory(neo4jPid))
					}
				}
			}
		}
	})
	out.Loaded = askMix(busy, host, qs, b.during)
	done()
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	out.RSS, out.Neo4jRSS = spanOf(rss), spanOf(neo4jRSS)
	b.say("with %d imports (%d failed): %.0f requests/s, point reads p99 %.2f ms, %d errors %s; RSS %d–%d MB",
		out.Imports, out.Failed,
		out.Loaded.Rate, out.Loaded.P99, out.Loaded.Errors, out.Loaded.First, out.RSS.Least>>20, out.RSS.Most>>20)

	out.Over = flood(ctx, host, qs, 4*out.Quiet.Rate, min(b.during/5, 30*time.Second))
	b.say("overload: %+v", out.Over)
	b.results.Load[b.store] = out
	return ctx.Err()
}

// mixed makes the requests of the mixed workload; those of the point read stand at multiples of 20, up to its share.
func (w *world) mixed(t target) (qs, points []request, err error) {
	for i := range w.params {
		for _, m := range mix {
			for range m.share {
				p := &w.params[(i*7+len(qs))%len(w.params)]
				q, err := find(m.key).request(t, w.servers[t].host, p)
				if err != nil {
					return nil, nil, err
				}
				qs = append(qs, q)
				if m.key == "a" {
					points = append(points, q)
				}
			}
		}
		if len(qs) > 8192 {
			break
		}
	}
	return qs, points, nil
}

// isPoint reports whether the nth request of the mix is a point read.
func isPoint(n int) bool {
	share := 0
	for _, m := range mix {
		share += m.share
	}
	return n%share < mix[0].share
}

// askMix has clients ask the mix for a while; errors are counted, and the client goes on.
func askMix(ctx context.Context, host string, qs []request, d time.Duration) mixed {
	var mu sync.Mutex
	var out mixed
	var points, all []time.Duration
	begin := time.Now()
	end := begin.Add(d)
	var wg sync.WaitGroup
	for c := range loadClients {
		wg.Go(func() {
			var mine, others []time.Duration
			var first string
			failed := 0
			l := &lines{host: host}
			defer l.close()
			for n := c * 131; time.Now().Before(end) && ctx.Err() == nil; n++ {
				err := l.upTo(ctx, 1)
				at := time.Now()
				if err == nil {
					var a answer
					if a, err = l.open[0].do(qs[n%len(qs)]); err == nil {
						err = a.check()
					} else {
						l.close()
					}
				}
				took := time.Since(at)
				switch {
				case err != nil:
					failed++
					first = cmp.Or(first, err.Error())
				case isPoint(n % len(qs)):
					mine = append(mine, took)
				default:
					others = append(others, took)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			points, all = append(points, mine...), append(append(all, mine...), others...)
			out.Errors += failed
			out.First = cmp.Or(out.First, first)
		})
	}
	wg.Wait()
	out.Requests = len(all)
	out.Rate = float64(len(all)) / time.Since(begin).Seconds()
	out.P50, out.P99, out.AllP99 = ms(percentile(points, 50)), ms(percentile(points, 99)), ms(percentile(all, 99))
	return out
}

// flood sends requests at a rate, whether or not earlier ones were answered, as far as 2,048 connections reach.
func flood(ctx context.Context, host string, qs []request, rate float64, d time.Duration) overload {
	const connections = 2048
	ctx, stop := context.WithTimeout(ctx, d)
	defer stop()
	next := make(chan int) // nobody waits in it: what no connection takes at once was not sent
	var mu sync.Mutex
	var served, shed, came []time.Duration
	var out overload
	var wg sync.WaitGroup
	for range connections {
		wg.Go(func() {
			l := &lines{host: host}
			defer l.close()
			for n := range next {
				err := l.upTo(context.WithoutCancel(ctx), 1)
				var a answer
				at := time.Now()
				if err == nil {
					if a, err = l.open[0].do(qs[n%len(qs)]); err != nil {
						l.close()
					}
				}
				took := time.Since(at)
				var lay time.Duration // of the answer, before it was read
				if err == nil {
					lay = l.open[0].came.Waited()
				}
				mu.Lock()
				switch {
				case err == nil && a.status == 503 && a.retryAfter && bytes.Contains(a.body, []byte(`"code"`)):
					shed = append(shed, took)
				case err == nil && a.check() == nil:
					served, came = append(served, took), append(came, max(took-lay, 0))
				default:
					if err == nil {
						err = a.check()
					}
					out.Other++
					out.First = cmp.Or(out.First, err.Error())
				}
				mu.Unlock()
			}
		})
	}
	var sent atomic.Int64
	begin := time.Now()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	due := 0
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case now := <-tick.C:
			for want := int(now.Sub(begin).Seconds() * rate); due < want; due++ {
				select {
				case next <- due:
					sent.Add(1)
				default:
				}
			}
		}
	}
	took := time.Since(begin).Seconds()
	close(next)
	wg.Wait()
	out.Offered, out.Sent = float64(due)/took, float64(sent.Load())/took
	out.Served, out.Shed = float64(len(served))/took, float64(len(shed))/took
	out.Came = ms(percentile(came, 99))
	out.P99, out.ShedP99 = ms(percentile(served, 99)), ms(percentile(shed, 99))
	return out
}

// importOnce imports a file in a process of its own, as somebody would beside the server.
func (b *bench) importOnce(ctx context.Context, store string, env []string, file string) error {
	cmd := exec.CommandContext(ctx, b.bin, "import", "--store", store, file)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("import: %w: %s", err, out)
	}
	return nil
}

// otherIDs changes the ids of a graph, so that a store can hold it and another.
type otherIDs struct{ sink }

func (s otherIDs) source(v source) error {
	v.ID = "s_x" + v.ID[2:]
	return s.sink.source(v)
}

func (s otherIDs) node(n node) error {
	n.ID, n.Name = "x"+n.ID, "Another "+n.Name
	return s.sink.node(n)
}

func (s otherIDs) link(l link) error {
	l.From, l.To = "x"+l.From, "x"+l.To
	for i := range l.Evidence {
		l.Evidence[i].Source = "s_x" + l.Evidence[i].Source[2:]
	}
	return s.sink.link(l)
}

// writeChurn writes a small graph with ids of its own, and returns how many links it has.
func writeChurn(path string, people int, seed uint64) (links int, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	s, flush := newFileSink(f)
	_, links, err = generate(people, seed, otherIDs{s})
	return links, errors.Join(err, flush(), f.Close())
}

func (l *loadResult) text(store string) string {
	flat := func(s span) string {
		if s.Most == 0 {
			return "–"
		}
		about := func(from, to int64) string {
			return fmt.Sprintf("%s–%s MB (± %.0f %%)", megabytes(from), megabytes(to),
				100*float64(to-from)/float64(to+from))
		}
		return about(s.P5, s.P95) + ", " + about(s.Least, s.Most)
	}
	ratio := 0.0
	if l.Quiet.P99 > 0 {
		ratio = l.Loaded.P99 / l.Quiet.P99
	}
	rows := [][]string{
		{"requests/s without imports, with", num(l.Quiet.Rate) + ", " + num(l.Loaded.Rate)},
		{"errors without, with", fmt.Sprintf("%d, %d of %s", l.Quiet.Errors, l.Loaded.Errors,
			count(l.Loaded.Requests))},
		{"p99 of point reads without, with imports, ms", fmt.Sprintf("%s, %s: × %.2f", num(l.Quiet.P99),
			num(l.Loaded.P99), ratio)},
		{"p99 of point reads by one client alone, ms", num(l.Alone)},
		{"imports done, failed", fmt.Sprintf("%d of %s links, %d", l.Imports, count(l.ImportLinks), l.Failed)},
		{"RSS of the server from two minutes on: nine tenths of the time, always", flat(l.RSS)},
		{"RSS of Neo4j", flat(l.Neo4jRSS)},
		{
			"overload: offered, sent, served, shed with 503 and Retry-After, a second",
			num(l.Over.Offered) + ", " + num(l.Over.Sent) + ", " + num(l.Over.Served) + ", " + num(l.Over.Shed),
		},
		{"overload: anything else", count(l.Over.Other)},
		{
			"overload: p99 of served when the bytes had come, when the client had read them, ms (without overload)",
			fmt.Sprintf("%s, %s (%s)", num(l.Over.Came), num(l.Over.P99), num(l.Quiet.AllP99)),
		},
		{"overload: p99 of shed, ms", num(l.Over.ShedP99)},
	}
	return table([]string{fmt.Sprintf("%s, %d clients, %s, %s links, %s", store, l.Clients, l.During, count(l.Links),
		day(l.Date)), ""}, rows)
}
