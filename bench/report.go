package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// sectionNames are the places of a page that are written.
var sectionNames = []string{
	"machine", "ratios", "compare", "growth", "bare", "import", "paths", "start", "sample",
	"load",
}

// called is what people call the servers.
var called = map[target]string{
	peer: "peer", onNeo4j: "Throughline, Neo4j", byHand: "by hand",
	embedded: "Throughline, embedded",
}

// sections are the parts of the page of which there are figures.
func (r *results) sections() map[string]string {
	out := map[string]string{"machine": r.machine()}
	for name, text := range map[string]string{
		"ratios": r.ratios(), "compare": r.compare(), "growth": r.growth(), "bare": r.bare(), "import": r.imports(),
		"paths": r.paths(), "start": r.starts(), "sample": r.sample(), "load": r.loads(),
	} {
		if text != "" {
			out[name] = text
		}
	}
	return out
}

// table writes a table; the first column is text, the others are numbers.
func table(head []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(head)
	rule := make([]string, len(head))
	for i := range rule {
		rule[i] = "---:"
	}
	rule[0] = "---"
	line(rule)
	for _, r := range rows {
		line(r)
	}
	return b.String()
}

// num writes a figure with three digits that count.
func num(x float64) string {
	switch {
	case x >= 100:
		return count(int(x + 0.5))
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	case x >= 1:
		return fmt.Sprintf("%.2f", x)
	}
	return fmt.Sprintf("%.3f", x)
}

// times writes a ratio, – where a side is missing.
func times(a, b figures) string {
	if a.Rate == 0 || b.Rate == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", a.Rate/b.Rate)
}

func megabytes(n int64) string {
	if n == 0 {
		return "–"
	}
	return count(int(n >> 20))
}

func day(t time.Time) string { return t.Format("2006-01-02") }

func (r *results) machine() string {
	m := r.Machine
	peerIs := m.Peer
	if peerIs == "" {
		peerIs = "not measured"
	}
	return fmt.Sprintf("%s, %d cores, %.0f GiB, %s. %s; Neo4j %s (%s); Node.js %s; peer: %s. Throughline %s, %s MB.\n",
		m.CPU, m.Cores, float64(m.Memory)/(1<<30), m.OS, m.Go, m.Neo4j, m.Java, m.Node, peerIs, m.Version, fmt.Sprintf("%.1f",
			float64(r.Binary)/1e6))
}

// clients are the numbers of clients that were measured.
func clients(q *queryResult) []int {
	var out []int
	for _, by := range q.Figures {
		for c := range by {
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	slices.Sort(out)
	return out
}

// ratios are requests a second in relation to another server's.
func (r *results) ratios() string {
	var b strings.Builder
	for _, n := range r.sizes() {
		s := r.Sizes[n]
		if len(s.Queries) == 0 {
			continue
		}
		cs := clients(&s.Queries[0])
		head := []string{fmt.Sprintf("%s people, %s links", count(n), count(s.Links))}
		for _, what := range []string{"Neo4j ÷ peer", "Neo4j ÷ by hand", "embedded ÷ peer"} {
			for _, c := range cs {
				head = append(head, fmt.Sprintf("%s, c = %d", what, c))
			}
		}
		var rows [][]string
		for i := range s.Queries {
			q := &s.Queries[i]
			row := []string{q.Title}
			for _, pair := range [][2]target{{onNeo4j, peer}, {onNeo4j, byHand}, {embedded, peer}} {
				for _, c := range cs {
					row = append(row, times(q.Figures[pair[0]][c], q.Figures[pair[1]][c]))
				}
			}
			rows = append(rows, row)
		}
		b.WriteString(table(head, rows) + "\n")
	}
	return b.String()
}

// compare are all figures of the comparison.
func (r *results) compare() string {
	var b strings.Builder
	for _, n := range r.sizes() {
		s := r.Sizes[n]
		if len(s.Queries) == 0 {
			continue
		}
		fmt.Fprintf(&b, "### %s people\n\n", count(n))
		fmt.Fprintf(&b, "%s nodes, %s links; %s; medians of %d rounds of %s for each cell, after %s of warm-up for each query at each server; %d answers of each query compared first. p50 and p99 in ms; CPU in ms a request at %s: the server's own process + Neo4j's.\n\n",
			count(s.Nodes), count(s.Links), day(s.Date), s.Rounds, s.Slice, s.Warm, s.Agree, "c = 16")
		cs := clients(&s.Queries[0])
		head := []string{"query", "server"}
		for _, c := range cs {
			head = append(head, fmt.Sprintf("req/s, c = %d", c), "p50", "p99")
		}
		head = append(head, "CPU", "bytes")
		var rows [][]string
		for i := range s.Queries {
			q := &s.Queries[i]
			title := q.Title
			for _, t := range targets {
				row := []string{title, called[t]}
				by := q.Figures[t]
				if by == nil {
					for range 3*len(cs) + 2 {
						row = append(row, "–")
					}
					rows = append(rows, row)
					continue
				}
				for _, c := range cs {
					f := by[c]
					row = append(row, num(f.Rate), num(f.P50), num(f.P99))
				}
				f := by[16]
				if f.Requests == 0 {
					f = by[cs[len(cs)-1]]
				}
				cpu := num(f.CPU["server"])
				if x, ok := f.CPU["neo4j"]; ok {
					cpu += " + " + num(x)
				}
				rows = append(rows, append(row, cpu, count(int(f.Bytes))))
				title = ""
			}
		}
		b.WriteString(table(head, rows) + "\nMemory (RSS) afterwards, MB: ")
		var mem []string
		for _, k := range []string{
			string(peer), string(byHand), string(onNeo4j), string(embedded),
			"Neo4j of Throughline", "Neo4j of peer and by hand",
		} {
			if s.RSS[k] == 0 {
				continue
			}
			name := k
			if x, ok := called[target(k)]; ok {
				name = x
			}
			mem = append(mem, name+" "+megabytes(s.RSS[k]))
		}
		b.WriteString(strings.Join(mem, "; ") + ".\n\n")
	}
	return b.String()
}

// growth compares the largest graph with the smallest.
func (r *results) growth() string {
	var with []int
	for _, n := range r.sizes() {
		if len(r.Sizes[n].Queries) > 0 {
			with = append(with, n)
		}
	}
	if len(with) < 2 {
		return ""
	}
	small, large := with[0], with[len(with)-1]
	head := []string{
		fmt.Sprintf("requests/s at %s ÷ at %s people, c = 16", count(large), count(small)), "peer",
		"Neo4j", "by hand", "embedded", "bytes at " + count(small), "at " + count(large),
	}
	var rows [][]string
	for i := range r.Sizes[large].Queries {
		l := &r.Sizes[large].Queries[i]
		for j := range r.Sizes[small].Queries {
			s := &r.Sizes[small].Queries[j]
			if s.Key != l.Key {
				continue
			}
			row := []string{l.Title}
			for _, t := range targets {
				row = append(row, times(l.Figures[t][16], s.Figures[t][16]))
			}
			rows = append(rows, append(row, count(int(s.Figures[embedded][16].Bytes)),
				count(int(l.Figures[embedded][16].Bytes))))
		}
	}
	return table(head, rows)
}

func (r *results) bare() string {
	var b strings.Builder
	for _, n := range r.sizes() {
		s := r.Sizes[n]
		if len(s.Bare) == 0 {
			continue
		}
		var rows [][]string
		for _, x := range s.Bare {
			ratio := "–"
			if c := x.Bare.CPU["server"]; c > 0 {
				ratio = fmt.Sprintf("%.2f", x.Ours.CPU["server"]/c)
			}
			rows = append(rows, []string{
				x.Title, num(x.Ours.Rate), num(x.Bare.Rate), num(1000 * x.Ours.CPU["server"]),
				num(1000 * x.Bare.CPU["server"]), ratio, count(int(x.Ours.Bytes)),
			})
		}
		b.WriteString(table([]string{
			fmt.Sprintf("%s people, %s, c = 16", count(n), day(s.BareDate)), "req/s",
			"bare req/s", "CPU µs", "bare CPU µs", "cost ÷ bare", "bytes",
		}, rows) + "\n")
	}
	return b.String()
}

func (r *results) imports() string {
	var rows [][]string
	for _, n := range r.sizes() {
		for _, t := range []target{embedded, onNeo4j} {
			if x, ok := r.Sizes[n].Import[t]; ok {
				rows = append(rows, []string{
					called[t], count(n), count(x.Nodes), count(x.Links), num(x.Seconds),
					num(x.LinksRate), megabytes(x.RSS),
				})
			}
		}
	}
	if rows == nil {
		return ""
	}
	return table([]string{
		"store", "people", "nodes", "links", "seconds", "links/s",
		"most memory of the importing process, MB",
	}, rows)
}

func (r *results) paths() string {
	p := r.Paths
	if p == nil {
		return ""
	}
	var rows [][]string
	for _, t := range p.Timings {
		rows = append(rows, []string{t.Title, count(t.Requests), num(t.P50), num(t.P99), num(t.Max)})
	}
	return table([]string{
		fmt.Sprintf("embedded, %s links, one client, %s", count(p.Links), day(p.Date)), "requests",
		"p50 ms", "p99 ms", "most ms",
	}, rows)
}

func (r *results) starts() string {
	if r.Start == nil {
		return ""
	}
	var rows [][]string
	for _, s := range r.Start.Starts {
		rows = append(rows, []string{s.Title, num(s.Seconds), megabytes(s.First), megabytes(s.Used)})
	}
	out := table([]string{
		"embedded, " + day(r.Start.Date), "seconds to the first answer", "RSS then, MB",
		"RSS after queries, MB",
	}, rows)
	if s := r.Start.Starts; len(s) > 0 && s[len(s)-1].Links > 0 {
		big, small := s[len(s)-1], s[0]
		out += fmt.Sprintf("\nThe larger graph takes %d bytes of memory more for each of its links, nodes included.\n",
			(big.First-small.First)/int64(big.Links))
	}
	return out
}

func (r *results) sample() string {
	if r.Sample == nil {
		return ""
	}
	var cs []int
	for c := range r.Sample.Figures[embedded] {
		cs = append(cs, c)
	}
	slices.Sort(cs)
	head := []string{"the headline query on the sample, " + day(r.Sample.Date)}
	for _, c := range cs {
		head = append(head, fmt.Sprintf("req/s, c = %d", c), "p50", "p99")
	}
	var rows [][]string
	for _, t := range []target{onNeo4j, embedded} {
		row := []string{called[t]}
		for _, c := range cs {
			f := r.Sample.Figures[t][c]
			row = append(row, num(f.Rate), num(f.P50), num(f.P99))
		}
		rows = append(rows, row)
	}
	return table(head, rows)
}

func (r *results) loads() string {
	var b strings.Builder
	for _, store := range []string{"embedded", "neo4j"} {
		if l := r.Load[store]; l != nil {
			b.WriteString(l.text(store) + "\n")
		}
	}
	return b.String()
}
