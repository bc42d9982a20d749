package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// crowdClients ask for paths, each one operation of four with four nodes on the way.
const crowdClients = 256

// crowdMemory is the --max-memory of the server under a crowd, in bytes.
const crowdMemory = 1 << 30

// measureCrowd has a crowd ask for paths, as many as it gets, while one client reads points: first one of another
// address, then one of the same.
func (b *bench) measureCrowd(ctx context.Context) error {
	w := &world{bench: b, people: slices.Max(b.people)}
	w.dir = filepath.Join(b.work, "crowd")
	if err := w.make(ctx); err != nil {
		return err
	}
	w.servers[embedded].Stop()
	most := fmt.Sprint(crowdMemory)
	t, args := embedded, []string{"--store", "sqlite:" + w.database()}
	if b.store == "neo4j" {
		if err := w.bringOurs(ctx); err != nil {
			return err
		}
		w.servers[onNeo4j].Stop()
		t, args = onNeo4j, []string{"--store", w.ours.URL}
	}
	env := []string(nil)
	if w.ours != nil {
		env = w.env()
	}
	s, err := w.serve(ctx, "crowd", env, append(args, "--no-sample", "--max-memory", most)...)
	if err != nil {
		return err
	}
	if err := ready(ctx, s.host); err != nil {
		return err
	}
	w.servers[t] = s
	_, points, err := w.mixed(t)
	if err != nil {
		return err
	}
	var heavy []request
	for i := range 512 {
		var fields strings.Builder
		for j := range 4 {
			p := func(k int) string { return w.params[(i*31+j*7+k*101)%len(w.params)].id }
			fmt.Fprintf(&fields,
				`p%d: paths(from: {id: %q}, to: {id: %q}, via: [{id: %q}, {id: %q}, {id: %q}, {id: %q}], maxLength: 8, first: 20) { nodes { length nodes { id name } } } `, j, p(0), p(1), p(2), p(3), p(4), p(5))
		}
		body, err := json.Marshal(map[string]string{"query": "{ " + fields.String() + "}"})
		if err != nil {
			return err
		}
		heavy = append(heavy, post(s.host, "/graphql", body))
	}
	for _, from := range []string{"127.0.0.2", "127.0.0.1"} {
		b.crowd(ctx, s, from, heavy, points)
	}
	return ctx.Err()
}

// crowd has the crowd ask from 127.0.0.1 for a while, and one client read points from an address.
func (b *bench) crowd(ctx context.Context, s *child, from string, heavy, points []request) {
	busy, done := context.WithTimeout(ctx, b.during)
	defer done()
	var wg sync.WaitGroup
	var served, shed, other atomic.Int64
	var first atomic.Value
	for c := range crowdClients {
		wg.Go(func() {
			l := &lines{host: s.host}
			defer l.close()
			for n := c; busy.Err() == nil; n += crowdClients {
				err := l.upTo(ctx, 1)
				var a answer
				if err == nil {
					if a, err = l.open[0].do(heavy[n%len(heavy)]); err != nil {
						l.close()
					}
				}
				switch {
				case err == nil && a.status == 503 && a.retryAfter:
					shed.Add(1)
				case err == nil && a.status == 200:
					served.Add(1)
				default:
					other.Add(1)
					first.CompareAndSwap(nil, fmt.Sprintf("%v, status %d: %.200s", err, a.status, a.body))
				}
			}
		})
	}
	var rss int64
	wg.Go(func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for busy.Err() == nil {
			rss = max(rss, memory(s.pid()))
			<-tick.C
		}
	})
	var times []time.Duration
	refused, failed, why := 0, 0, ""
	for n := 0; busy.Err() == nil; n++ {
		begin := time.Now()
		a, err := once(ctx, s.host, from, points[n%len(points)])
		if err == nil && a.status != 503 {
			err = a.check()
		}
		switch {
		case err != nil:
			failed++
			why = cmp.Or(why, err.Error())
		case a.status == 503:
			refused++
		default:
			times = append(times, time.Since(begin))
		}
	}
	wg.Wait()
	b.say("%d clients of 127.0.0.1 ask for paths: %d answered, %d refused with 503 and Retry-After, %d else %v",
		crowdClients, served.Load(), shed.Load(), other.Load(), first.Load())
	b.say("points read from %s: %d answered (p50 %.1f ms, p99 %.1f, most %.1f), %d refused, %d failed %s; RSS at most %d MB of %d",
		from, len(times),
		ms(percentile(times, 50)), ms(percentile(times, 99)), ms(percentile(times,
			100)), refused, failed, why, rss>>20, crowdMemory>>20)
}

// once asks by a connection of its own, from an address.
func once(ctx context.Context, host, from string, q request) (answer, error) {
	c, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).DialContext(ctx, "tcp", host)
	if err != nil {
		return answer{}, err
	}
	defer c.Close()
	return connOf(c).do(q)
}
