package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// compare measures all servers beside each other: answers checked first, then a warm-up, then slices in turns.
func (w *world) compare(ctx context.Context) error {
	if err := w.bring(ctx); err != nil {
		return err
	}
	var qs []*question
	for _, q := range questions {
		if slices.Contains(w.questions, q.key) {
			qs = append(qs, q)
		}
	}
	at := map[target]*lines{}
	for t, s := range w.servers {
		at[t] = &lines{host: s.host}
		defer at[t].close()
	}
	asked := map[*question]map[target][]request{}
	for _, q := range qs {
		asked[q] = map[target][]request{}
		for _, t := range targets {
			if !q.asks(t) {
				continue
			}
			rs, err := w.requests(q, t)
			if err != nil {
				return err
			}
			asked[q][t] = rs
		}
	}
	if err := w.agreement(ctx, qs, at, asked); err != nil {
		return err
	}
	for _, q := range qs {
		for _, t := range targets {
			if rs := asked[q][t]; rs != nil {
				d := w.warm
				switch t {
				case embedded:
					d = min(d, time.Second) // nothing is compiled there while it runs
				case onNeo4j:
					d *= 2 // the peer and the server by hand warm the same Neo4j
				}
				if _, err := at[t].run(ctx, rs, 16, d, 0); err != nil {
					return fmt.Errorf("warming up %s with %s: %w", t, q.key, err)
				}
			}
		}
		w.say("warm: %s", q.key)
	}
	return w.turns(ctx, qs, at, asked)
}

func (w *world) requests(q *question, t target) ([]request, error) {
	rs := make([]request, len(w.params))
	for i := range w.params {
		var err error
		if rs[i], err = q.request(t, w.servers[t].host, &w.params[i]); err != nil {
			return nil, err
		}
	}
	return rs, nil
}

// agreement refuses to measure servers that do not answer alike.
func (w *world) agreement(ctx context.Context, qs []*question, at map[target]*lines,
	asked map[*question]map[target][]request,
) error {
	var differ []string
	for _, q := range qs {
		answers := map[target][]string{}
		for t, rs := range asked[q] {
			got := make([]string, min(w.agree, len(rs)))
			_, err := at[t].each(ctx, rs[:len(got)], func(i int, body []byte) error {
				data, err := decode(body)
				if err == nil {
					got[i] = text(q.canon(&w.params[i])(data))
				}
				return err
			})
			if err != nil {
				return fmt.Errorf("%s asked %s: %w", t, q.key, err)
			}
			answers[t] = got
		}
		want := answers[onNeo4j]
		for _, t := range targets {
			for i, got := range answers[t] {
				if got != want[i] {
					differ = append(differ, fmt.Sprintf("%s with %+v\n  %-8s %.2000s\n  %-8s %.2000s", q.key,
						w.params[i], onNeo4j, want[i], t, got))
					break
				}
			}
		}
		empty := 0
		for _, s := range want {
			if len(s) < 10 { // {} or null or []
				empty++
			}
		}
		w.say("agreement: %s, %d requests at %d servers (%d answers empty)", q.key, len(want), len(answers), empty)
	}
	if len(differ) > 0 {
		return fmt.Errorf("the servers do not agree, so nothing is measured:\n%s", strings.Join(differ, "\n"))
	}
	return nil
}

// turns measures every server of a query in turn, round by round.
func (w *world) turns(ctx context.Context, qs []*question, at map[target]*lines,
	asked map[*question]map[target][]request,
) error {
	type cell struct {
		q string
		t target
		c int
	}
	all := map[cell]*rounds{}
	for round := range w.rounds {
		for _, q := range qs {
			for _, c := range w.clients {
				for _, t := range targets {
					rs := asked[q][t]
					if rs == nil {
						continue
					}
					before := w.cpu(t)
					s, err := at[t].run(ctx, rs, c, w.slice, round*677)
					if err != nil {
						return fmt.Errorf("%s asked %s by %d clients: %w", t, q.key, c, err)
					}
					used := w.cpu(t)
					for k := range used {
						used[k] -= before[k]
					}
					k := cell{q.key, t, c}
					if all[k] == nil {
						all[k] = &rounds{}
					}
					all[k].add(s, used)
				}
			}
		}
		w.say("round %d of %d", round+1, w.rounds)
	}
	r := w.results.at(w.people)
	r.Date = time.Now().UTC()
	r.Nodes, r.Links, r.Rounds, r.Slice, r.Warm, r.Agree = w.nodes, w.links, w.rounds, w.slice, w.warm, w.agree
	r.Queries = nil
	for _, q := range qs {
		out := queryResult{Key: q.key, Title: q.title, Figures: map[target]map[int]figures{}}
		for _, t := range targets {
			for _, c := range w.clients {
				if x := all[cell{q.key, t, c}]; x != nil {
					if out.Figures[t] == nil {
						out.Figures[t] = map[int]figures{}
					}
					out.Figures[t][c] = x.figures()
				}
			}
		}
		r.Queries = append(r.Queries, out)
	}
	r.RSS = map[string]int64{}
	for t, s := range w.servers {
		r.RSS[string(t)] = memory(s.pid())
	}
	r.RSS["Neo4j of Throughline"] = memory(w.ours.Pid())
	r.RSS["Neo4j of peer and by hand"] = memory(w.theirs.Pid())
	return nil
}

func (w *world) cpu(t target) map[string]time.Duration {
	out := map[string]time.Duration{}
	for name, pid := range w.processes(t) {
		out[name] = cpuTime(pid)
	}
	return out
}
