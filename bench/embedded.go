package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// bareResult compares the embedded store with a handler that has the same bytes in memory.
type bareResult struct {
	Title      string
	Ours, Bare figures // by 16 clients
}

// measureBare measures what Throughline adds to what net/http costs anyway.
func (w *world) measureBare(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	ours := &lines{host: w.servers[embedded].host}
	defer ours.close()
	r := w.results.at(w.people)
	r.Bare, r.BareDate = nil, time.Now().UTC()
	for _, q := range questions {
		rs, err := w.requests(q, embedded)
		if err != nil {
			return err
		}
		rs = rs[:256]
		var file bytes.Buffer
		if _, err := ours.each(ctx, rs, func(_ int, body []byte) error {
			file.Write(bytes.TrimSpace(body))
			return file.WriteByte('\n')
		}); err != nil {
			return fmt.Errorf("%s: %w", q.key, err)
		}
		path := filepath.Join(w.dir, "answers")
		if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
			return err
		}
		c, err := w.family.start(ctx, "bare", "ready http://", nil, self, "serve-bare", path)
		if err != nil {
			return err
		}
		bare := &lines{host: c.host}
		same := make([]request, len(rs))
		for i := range rs {
			_, body, _ := bytes.Cut(rs[i], []byte("\r\n\r\n"))
			same[i] = post(c.host, fmt.Sprintf("/%d", i), body)
		}
		var a, b rounds
		for round := range w.rounds + 1 {
			if round == 1 {
				a, b = rounds{}, rounds{} // the first one only warmed up
			}
			for _, side := range []struct {
				to  *lines
				rs  []request
				pid int
				in  *rounds
			}{{ours, rs, w.servers[embedded].pid(), &a}, {bare, same, c.pid(), &b}} {
				before := cpuTime(side.pid)
				s, err := side.to.run(ctx, side.rs, 16, w.slice/2, 0)
				if err != nil {
					return fmt.Errorf("%s: %w", q.key, err)
				}
				side.in.add(s, map[string]time.Duration{"server": cpuTime(side.pid) - before})
			}
		}
		bare.close()
		c.Stop()
		r.Bare = append(r.Bare, bareResult{q.title, a.figures(), b.figures()})
		w.say("embedded and bare: %s", q.key)
	}
	return nil
}

// timing is how long requests took that one client made one after the other.
type timing struct {
	Title    string
	Requests int
	P50, P99 float64
	Max      float64
	Answer   string // a part of the first answer, to see what was asked
}

type pathsResult struct {
	Date    time.Time
	People  int
	Links   int
	Timings []timing
}

// measurePaths measures tracing, one client at the embedded store.
func (w *world) measurePaths(ctx context.Context) error {
	const k5 = `query K5($id: ID!, $to: ID!) { paths(from: {id: $id}, to: {id: $to}, first: 5, hubPenalty: 0.5) { nodes { length cost nodes { name } } report { outcome visitedNodes } } }`
	const report = `query Apart($id: ID!, $to: ID!) { paths(from: {id: $id}, to: {id: $to}, first: 1) { nodes { length } report { outcome visitedNodes } } }`
	const hub = `query Hub($id: ID!) { theme(ref: {id: $id}) { quotes(first: 0) { totalCount } } }`
	pair := func(p *params) map[string]any { return map[string]any{"id": p.id, "to": p.to} }
	shortest, surroundings := find("f"), find("subgraph")
	kinds := []struct {
		title, document string
		n               int
		vars            func(*params) map[string]any
	}{
		{"shortest path between two random people (hubPenalty 0)", shortest.ours, requests, pair},
		{"5 paths between two random people, hubPenalty 0.5", k5, 512, pair},
		{"two people with no path between them", report, 512, func(p *params) map[string]any {
			return map[string]any{"id": p.id, "to": personID(w.people - 1)}
		}},
		{
			"subgraph, depth 2, 200 nodes", surroundings.ours, 512,
			func(p *params) map[string]any { return map[string]any{"id": p.id} },
		},
		{
			"totalCount on the largest hub", hub, requests,
			func(*params) map[string]any { return map[string]any{"id": themeID(0)} },
		},
	}
	l := &lines{host: w.servers[embedded].host}
	defer l.close()
	out := &pathsResult{Date: time.Now().UTC(), People: w.people, Links: w.links}
	for _, k := range kinds {
		rs := make([]request, k.n)
		for i := range rs {
			body, err := json.Marshal(map[string]any{"query": k.document, "variables": k.vars(&w.params[i])})
			if err != nil {
				return err
			}
			rs[i] = post(l.host, "/graphql", body)
		}
		t := timing{Title: k.title}
		if _, err := l.each(ctx, rs[len(rs)-20:], nil); err != nil { // warms up
			return fmt.Errorf("%s: %w", k.title, err)
		}
		times, err := l.each(ctx, rs, func(i int, body []byte) error {
			if i == 0 {
				t.Answer = fmt.Sprintf("%.200s", body)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("%s: %w", k.title, err)
		}
		t.Requests, t.P50, t.P99, t.Max = len(times), ms(percentile(times, 50)), ms(percentile(times,
			99)), ms(percentile(times, 100))
		out.Timings = append(out.Timings, t)
		w.say("%s: p50 %.3f ms, p99 %.3f ms; %s", k.title, t.P50, t.P99, t.Answer)
	}
	w.results.Paths = out
	return nil
}

func find(key string) *question {
	for _, q := range questions {
		if q.key == key {
			return q
		}
	}
	return nil
}

// startResult is how a server starts.
type startResult struct {
	Title       string
	Seconds     float64 // from the command to the first answer
	First, Used int64   // memory after the first answer, and after some thousand more
	Links       int     // 0 for the sample
}

type startsResult struct {
	Date   time.Time
	Starts []startResult
}

// measureStart measures the time from the command to the first answer, and the memory then.
func (w *world) measureStart(ctx context.Context) error {
	w.servers[embedded].Stop()
	out := &startsResult{Date: time.Now().UTC()}
	home := filepath.Join(w.dir, "home")
	kinds := []struct {
		title string
		args  []string
		big   bool
	}{
		{"the first command: a new store with the sample", []string{"--data-dir", home}, false},
		{"the sample again", []string{"--data-dir", home}, false},
		{
			fmt.Sprintf("%s nodes, %s links", count(w.nodes), count(w.links)),
			[]string{"--store", "sqlite:" + w.database(), "--no-sample"},
			true,
		},
	}
	for i, k := range kinds {
		var seconds []float64
		res := startResult{Title: k.title}
		if k.big {
			res.Links = w.links
		}
		for range w.rounds {
			if i == 0 {
				if err := os.RemoveAll(home); err != nil {
					return err
				}
			}
			begin := time.Now()
			c, err := w.serve(ctx, "start", nil, k.args...)
			if err != nil {
				return err
			}
			l := &lines{host: c.host}
			q, err := w.headline(c.host)
			if k.big {
				q, err = find("a").request(embedded, c.host, &w.params[0])
			}
			if err != nil {
				return err
			}
			if _, err := l.each(ctx, []request{q}, nil); err != nil {
				return err
			}
			seconds = append(seconds, time.Since(begin).Seconds())
			res.First = memory(c.pid())
			if _, err := l.run(ctx, []request{q}, 16, w.slice, 0); err != nil {
				return err
			}
			if k.big {
				for _, x := range questions {
					rs := make([]request, len(w.params))
					for j := range rs {
						if rs[j], err = x.request(embedded, c.host, &w.params[j]); err != nil {
							return err
						}
					}
					if _, err := l.run(ctx, rs, 16, w.slice/4, 0); err != nil {
						return err
					}
				}
			}
			res.Used = memory(c.pid())
			l.close()
			c.Stop()
		}
		res.Seconds = median(seconds)
		out.Starts = append(out.Starts, res)
		w.say("start, %s: %.2f s, %d MB, then %d MB", k.title, res.Seconds, res.First>>20, res.Used>>20)
	}
	w.results.Start = out
	var err error
	w.servers[embedded], err = w.serve(ctx, "embedded", nil, "--store", "sqlite:"+w.database(), "--no-sample")
	return err
}

// headline is the question that the README begins with, as CI asks it.
func (b *bench) headline(host string) (request, error) {
	body, err := os.ReadFile(filepath.Join(b.root, ".ci", "headline.json"))
	return post(host, "/graphql", bytes.TrimSpace(body)), err
}

// sampleResult is what the headline query gives on the sample.
type sampleResult struct {
	Date    time.Time
	Figures map[target]map[int]figures
}

// measureSample asks the headline query of both stores with the sample graph.
func (b *bench) measureSample(ctx context.Context) error {
	defer b.family.stop()
	w := &world{bench: b, dir: filepath.Join(b.work, "sample"), servers: map[target]*child{}}
	if err := os.RemoveAll(w.dir); err != nil {
		return err
	}
	var err error
	if w.servers[embedded], err = b.serve(ctx, "embedded", nil, "--data-dir", w.dir); err != nil {
		return err
	}
	if w.ours, err = w.startNeo4j(ctx, "ours"); err != nil {
		return err
	}
	if w.servers[onNeo4j], err = b.serve(ctx, "neo4j", w.env(), "--store", w.ours.URL); err != nil {
		return err
	}
	if err := ready(ctx, w.servers[onNeo4j].host); err != nil {
		return err
	}
	at := map[target]*lines{}
	for t, s := range w.servers {
		at[t] = &lines{host: s.host}
		defer at[t].close()
	}
	q, err := b.headline("localhost")
	if err != nil {
		return err
	}
	ask := func(t target) (body []byte, err error) {
		_, err = at[t].each(ctx, []request{q}, func(_ int, b []byte) error { body = bytes.Clone(b); return nil })
		return body, err
	}
	want, err := ask(embedded)
	if err != nil {
		return err
	}
	// between two looks: the sample is being loaded
	for end := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		got, err := ask(onNeo4j)
		if err == nil && bytes.Equal(got, want) {
			break
		}
		if time.Now().After(end) || ctx.Err() != nil {
			return fmt.Errorf("the two stores do not answer alike:\n%s\n%s (%w)", want, got, err)
		}
		at[onNeo4j].close()
	}
	all := map[target]map[int]*rounds{embedded: {}, onNeo4j: {}}
	for t := range all {
		if _, err := at[t].run(ctx, []request{q}, 16, w.warm, 0); err != nil {
			return err
		}
	}
	for range w.rounds {
		for _, c := range w.clients {
			for _, t := range []target{onNeo4j, embedded} {
				before := w.cpu(t)
				s, err := at[t].run(ctx, []request{q}, c, w.slice, 0)
				if err != nil {
					return err
				}
				used := w.cpu(t)
				for k := range used {
					used[k] -= before[k]
				}
				if all[t][c] == nil {
					all[t][c] = &rounds{}
				}
				all[t][c].add(s, used)
			}
		}
	}
	out := &sampleResult{Date: time.Now().UTC(), Figures: map[target]map[int]figures{embedded: {}, onNeo4j: {}}}
	for t, by := range all {
		for c, r := range by {
			out.Figures[t][c] = r.figures()
		}
	}
	b.results.Sample = out
	b.say("sample measured")
	return nil
}
