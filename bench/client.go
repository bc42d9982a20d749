package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/throughline/throughline/internal/arrival"
)

// The load client shares the machine with what it measures, so it does as little as it can: one process, connections
// that stay open, requests made beforehand, answers looked through for "errors" and not decoded.

// request is one request as it goes over the wire.
type request []byte

// post makes a request of a GraphQL document.
func post(host, path string, body []byte) request {
	return fmt.Appendf(nil,
		"POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nAccept: application/json\r\nContent-Length: %d\r\n\r\n%s", path, host, len(body), body)
}

// get makes a request of a plain address.
func get(host, path string) request {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, host)
}

// conn is a connection that requests go through one after the other.
type conn struct {
	net.Conn
	came *arrival.Conn
	r    *bufio.Reader
	body []byte
	used time.Time
}

// stale is when a server may be about to close a connection that nothing came through: Node.js waits 5 s.
const stale = 2 * time.Second

func dial(ctx context.Context, host string) (*conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, err
	}
	return connOf(c), nil
}

func connOf(c net.Conn) *conn {
	return &conn{Conn: c, came: arrival.Of(c), r: bufio.NewReaderSize(c, 64<<10), used: time.Now()}
}

// answer is a response; its body is valid until the next request.
type answer struct {
	status     int
	body       []byte
	retryAfter bool
}

// answerTimeout is how long a request may take before the run is given up.
const answerTimeout = 60 * time.Second

func (c *conn) do(q request) (a answer, err error) {
	c.used = time.Now()
	if err = c.SetDeadline(c.used.Add(answerTimeout)); err != nil {
		return a, err
	}
	if _, err = c.Write(q); err != nil {
		return a, err
	}
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return a, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return a, fmt.Errorf("not an answer of HTTP/1.1: %q", line)
	}
	if a.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return a, err
	}
	length := -1
	for {
		if line, err = c.r.ReadSlice('\n'); err != nil {
			return a, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case len(name) == 14 && bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return a, err
			}
		case len(name) == 11 && bytes.EqualFold(name, []byte("Retry-After")):
			a.retryAfter = true
		}
	}
	c.body = c.body[:0]
	if length >= 0 {
		err = c.take(length)
	} else {
		err = c.chunks()
	}
	a.body = c.body
	return a, err
}

// take appends n bytes of the connection to the body.
func (c *conn) take(n int) error {
	at := len(c.body)
	if cap(c.body) < at+n {
		c.body = append(make([]byte, 0, 2*(at+n)), c.body...)
	}
	c.body = c.body[:at+n]
	_, err := io.ReadFull(c.r, c.body[at:])
	return err
}

// chunks reads a chunked body.
func (c *conn) chunks() error {
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return err
		}
		hex, _, _ := bytes.Cut(bytes.TrimSpace(line), []byte(";"))
		n, err := strconv.ParseUint(string(hex), 16, 31)
		if err != nil {
			return fmt.Errorf("a chunk of %q bytes", hex)
		}
		if err := c.take(int(n)); err != nil {
			return err
		}
		if _, err := c.r.Discard(2); err != nil || n == 0 {
			return err
		}
	}
}

// check reports whether an answer is one that may be counted.
func (a *answer) check() error {
	if a.status != 200 || bytes.Contains(a.body, []byte(`"errors"`)) {
		return fmt.Errorf("status %d: %.300s", a.status, a.body)
	}
	return nil
}

// lines is a set of open connections to one server.
type lines struct {
	host string
	open []*conn
}

// upTo opens connections until there are n fresh ones.
func (l *lines) upTo(ctx context.Context, n int) error {
	for i, c := range l.open[:min(n, len(l.open))] {
		if time.Since(c.used) > stale {
			_ = c.Close() // nothing is under way
			var err error
			if l.open[i], err = dial(ctx, l.host); err != nil {
				return err
			}
		}
	}
	for len(l.open) < n {
		c, err := dial(ctx, l.host)
		if err != nil {
			return err
		}
		l.open = append(l.open, c)
	}
	return nil
}

func (l *lines) close() {
	for _, c := range l.open {
		_ = c.Close() // it was only read
	}
	l.open = nil
}

// slice is what a stretch of load gave.
type slice struct {
	took  time.Duration
	times []time.Duration // of each answer
	bytes int64
}

// run has n clients ask one after the other for a while, each the next of its own requests. The first wrong answer ends
// it.
func (l *lines) run(ctx context.Context, qs []request, n int, d time.Duration, offset int) (slice, error) {
	if err := l.upTo(ctx, n); err != nil {
		return slice{}, err
	}
	parts := make([]slice, n)
	errs := make([]error, n)
	var wg sync.WaitGroup
	begin := time.Now()
	end := begin.Add(d)
	for w := range n {
		wg.Go(func() {
			p := &parts[w]
			p.times = make([]time.Duration, 0, 4096)
			for i, now := offset+w, begin; now.Before(end) && ctx.Err() == nil; i += n {
				a, err := l.open[w].do(qs[i%len(qs)])
				if err == nil {
					err = a.check()
				}
				if err != nil {
					errs[w] = err
					return
				}
				next := time.Now()
				p.times = append(p.times, next.Sub(now))
				p.bytes += int64(len(a.body))
				now = next
			}
		})
	}
	wg.Wait()
	out := slice{took: time.Since(begin)}
	for w, p := range parts {
		out.times = append(out.times, p.times...)
		out.bytes += p.bytes
		if errs[w] != nil && ctx.Err() == nil {
			return out, errs[w] // one says enough
		}
	}
	return out, ctx.Err()
}

// each asks a list of requests once, one after the other, and returns the time of each.
func (l *lines) each(ctx context.Context, qs []request, see func(int, []byte) error) ([]time.Duration, error) {
	if err := l.upTo(ctx, 1); err != nil {
		return nil, err
	}
	times := make([]time.Duration, len(qs))
	for i, q := range qs {
		begin := time.Now()
		a, err := l.open[0].do(q)
		times[i] = time.Since(begin)
		if err == nil {
			err = a.check()
		}
		if err == nil && see != nil {
			err = see(i, a.body)
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return nil, err
		}
	}
	return times, nil
}
