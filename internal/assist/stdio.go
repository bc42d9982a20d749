package assist

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/throughline/throughline/internal/auth"
)

// maxLine is the longest message on standard input, in bytes.
const maxLine = 1 << 20

// Run answers messages of one client on who's behalf, one a line, until there are no more or ctx ends. A line that is
// no message is answered by an error, and all that was asked before the input ended is answered before it returns.
func (s *Service) Run(ctx context.Context, who *auth.Identity, in io.Reader, out io.Writer) error {
	ctx = context.WithValue(ctx, carriedKey{}, &carried{ctx, who})
	err := s.of(who).Run(ctx, &stdio{in, &whole{to: out}})
	if errors.Is(err, io.EOF) || ctx.Err() != nil {
		return nil //nolint:nilerr // so it ends
	}
	return err
}

// stdio is the library's transport by lines, which would end at the first line that is no message, and would not wait
// for what is still to be answered where the input ends.
type stdio struct {
	in  io.Reader
	out *whole
}

// Connect begins the one connection.
func (t *stdio) Connect(ctx context.Context) (mcp.Connection, error) {
	lines := &lines{from: bufio.NewReaderSize(t.in, 64<<10), out: t.out}
	inner, err := (&mcp.IOTransport{Reader: io.NopCloser(lines), Writer: t.out, MaxLineLength: -1}).Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &connection{Connection: inner, lines: lines, out: t.out, asked: map[jsonrpc.ID]bool{}, closed: make(chan struct{})}, nil
}

// whole writes lines one after the other, whoever writes them.
type whole struct {
	mu sync.Mutex
	to io.Writer
}

// Write writes a line.
func (w *whole) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(line)
}

// Close does nothing: standard output stays open.
func (w *whole) Close() error { return nil }

// wrong answers what is no message, and so has no id to answer to.
func (w *whole) wrong(code int, said string) error {
	quoted, err := json.Marshal(said)
	if err == nil {
		_, err = w.Write([]byte(`{"jsonrpc":"2.0","id":null,"error":{"code":` + strconv.Itoa(code) + `,"message":` + string(quoted) + "}}\n"))
	}
	return err
}

// lines are those of the input that are JSON. Others are answered here.
type lines struct {
	from *bufio.Reader
	out  *whole
	rest []byte
	mu   sync.Mutex
	err  error // why there are no more
}

// Read returns what there is of the next line.
func (l *lines) Read(p []byte) (int, error) {
	for len(l.rest) == 0 {
		line, long, err := l.line()
		switch {
		case long:
			err = errors.Join(err, l.out.wrong(jsonrpc.CodeParseError, "the line is longer than "+strconv.Itoa(maxLine)+" bytes: send less at once"))
		case len(bytes.TrimSpace(line)) == 0:
		case !json.Valid(line):
			err = errors.Join(err, l.out.wrong(jsonrpc.CodeParseError,
				`the line is no JSON: write one message a line, such as {"jsonrpc":"2.0","id":1,"method":"ping"}`))
		default:
			l.rest = append(bytes.TrimSpace(line), '\n')
		}
		if err != nil {
			l.mu.Lock()
			l.err = err
			l.mu.Unlock()
			if len(l.rest) == 0 {
				return 0, err
			}
		}
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// line reads a line, and reports whether it was too long to be kept.
func (l *lines) line() (line []byte, long bool, err error) {
	for {
		part, err := l.from.ReadSlice('\n')
		if long = long || len(line)+len(part) > maxLine; !long {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, long, err
		}
	}
}

// ended returns why there are no more lines; nil while there may be some.
func (l *lines) ended() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// connection counts what was asked and is not yet answered.
type connection struct {
	mcp.Connection
	lines    *lines
	out      *whole
	mu       sync.Mutex
	asked    map[jsonrpc.ID]bool
	waiting  chan struct{} // closed when nothing is asked any more; nil while nobody waits
	closed   chan struct{}
	closeOne sync.Once
}

// Read returns the next message. Behind the last it waits until all are answered.
func (c *connection) Read(ctx context.Context) (jsonrpc.Message, error) {
	for {
		m, err := c.Connection.Read(ctx)
		if err == nil {
			if c.ask(m) {
				return m, nil
			}
			err = errors.New("its id is that of another") // the library would leave it unanswered
		}
		if ctx.Err() != nil {
			return nil, err
		}
		if ended := c.lines.ended(); ended != nil && errors.Is(err, ended) {
			c.wait(ctx)
			return nil, err
		}
		select {
		case <-c.closed:
			return nil, err
		default:
		}
		if err := c.out.wrong(jsonrpc.CodeInvalidRequest, `the line is no message of JSON-RPC: `+
			`write "jsonrpc": "2.0", "method" and, to be answered, an "id" of its own`); err != nil {
			return nil, err
		}
	}
}

// ask notes a request that waits for an answer. It reports whether the message may go on: a second request under the id
// of one that is not answered yet may not.
func (c *connection) ask(m jsonrpc.Message) bool {
	r, ok := m.(*jsonrpc.Request)
	if !ok || !r.IsCall() {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked[r.ID] {
		return false
	}
	c.asked[r.ID] = true
	return true
}

// wait returns when everything is answered, or nobody is there to be answered.
func (c *connection) wait(ctx context.Context) {
	c.mu.Lock()
	if len(c.asked) == 0 {
		c.mu.Unlock()
		return
	}
	answered := make(chan struct{})
	c.waiting = answered
	c.mu.Unlock()
	select {
	case <-answered:
	case <-c.closed:
	case <-ctx.Done():
	}
}

// Write writes a message.
func (c *connection) Write(ctx context.Context, m jsonrpc.Message) error {
	err := c.Connection.Write(ctx, m)
	if r, ok := m.(*jsonrpc.Response); ok {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.asked, r.ID)
		if len(c.asked) == 0 && c.waiting != nil {
			close(c.waiting)
			c.waiting = nil
		}
	}
	return err
}

// Close ends the connection.
func (c *connection) Close() error {
	c.closeOne.Do(func() { close(c.closed) })
	return c.Connection.Close()
}
