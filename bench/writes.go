package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"time"
)

// writesASecond is how often a link is made while reads are measured beside writes.
const writesASecond = 50

// writeRounds is how often reads are measured quiet and beside writes, by turns.
const writeRounds = 3

// measureWrites has one client ask the mix, by turns alone and while another makes links, each with one piece of
// evidence.
func (b *bench) measureWrites(ctx context.Context) error {
	w := &world{bench: b, people: slices.Max(b.people)}
	w.dir = filepath.Join(b.work, "writes")
	if err := w.make(ctx); err != nil {
		return err
	}
	w.servers[embedded].Stop()
	s, err := w.serve(ctx, "writes", nil, "--store", "sqlite:"+w.database(), "--no-sample", "--writable")
	if err != nil {
		return err
	}
	if err := ready(ctx, s.host); err != nil {
		return err
	}
	w.servers[embedded] = s
	qs, _, err := w.mixed(embedded)
	if err != nil {
		return err
	}
	writer, reader := &lines{host: s.host}, &lines{host: s.host}
	defer writer.close()
	defer reader.close()
	if err := errors.Join(writer.upTo(ctx, 1), reader.upTo(ctx, 1)); err != nil {
		return err
	}
	const words = "the words that say so"
	if err := writer.mutate(`mutation { createSource(input: {id: "s_writes", kind: ARTICLE, title: "Writes", text: "` + words + `"}) { source { id } errors { message } } }`); err != nil {
		return err
	}
	fmt.Println("| Round | Reads | quiet: p50, p99 (ms) | beside writes: p50, p99 (ms) | p99, times | Writes a second: p50, p99 (ms) |")
	fmt.Println("| --- | --- | --- | --- | --- | --- |")
	n := 0
	link := func() error {
		n++
		p := &w.params[n%len(w.params)]
		return writer.mutate(fmt.Sprintf(`mutation { createLink(input: {kind: AFFILIATED_WITH, from: {id: %q}, to: {id: %q}, role: "Writer %d",
  evidence: [{source: {id: "s_writes"}, excerpt: %q}]}) { link { id } errors { message } } }`, p.id, p.institution, n, words))
	}
	for range 4 * writesASecond { // what is slow the first time is not measured
		if err := link(); err != nil {
			return err
		}
	}
	for round := range writeRounds {
		quiet, err := reader.run(ctx, qs, 1, b.during, 0)
		if err != nil {
			return err
		}
		busy, done := context.WithCancel(ctx)
		times := make(chan []time.Duration, 1)
		failed := make(chan error, 1)
		go func() {
			taken, err := paced(busy, link)
			times <- taken
			failed <- err
		}()
		beside, err := reader.run(ctx, qs, 1, b.during, 0)
		done()
		took := <-times
		if err := errors.Join(err, <-failed); err != nil {
			return err
		}
		before, after := percentile(quiet.times, 99), percentile(beside.times, 99)
		fmt.Printf("| %d | %d, %d | %.2f, %.2f | %.2f, %.2f | %.2f | %.0f: %.1f, %.1f |\n", round+1, len(quiet.times), len(beside.times),
			ms(percentile(quiet.times, 50)), ms(before), ms(percentile(beside.times, 50)), ms(after), float64(after)/float64(before),
			float64(len(took))/beside.took.Seconds(), ms(percentile(took, 50)), ms(percentile(took, 99)))
	}
	return ctx.Err()
}

// paced writes so often a second, until ctx ends, and returns the time of each.
func paced(ctx context.Context, write func() error) (took []time.Duration, err error) {
	tick := time.NewTicker(time.Second / writesASecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return took, nil
		case <-tick.C:
		}
		begin := time.Now()
		if err := write(); err != nil {
			return took, err
		}
		took = append(took, time.Since(begin))
	}
}

// mutate sends a mutation on the first connection. Its answer must have no errors.
func (l *lines) mutate(query string) error {
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		return err
	}
	a, err := l.open[0].do(post(l.host, "/graphql", body))
	if err != nil {
		return err
	}
	var said struct {
		Errors []any
		Data   map[string]struct{ Errors []any }
	}
	if err := json.Unmarshal(a.body, &said); err != nil {
		return err
	}
	for _, of := range said.Data {
		said.Errors = append(said.Errors, of.Errors...)
	}
	if a.status != http.StatusOK || len(said.Errors) > 0 {
		return fmt.Errorf("a change was refused with status %d: %.300s", a.status, a.body)
	}
	return nil
}
