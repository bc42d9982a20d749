package neotest

import (
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// Proxy stands between a store and a server, and can do to what goes through it what networks do.
type Proxy struct {
	// Addr is where it listens once it is started.
	Addr string

	t      testing.TB
	target string
	mu     sync.Mutex
	l      net.Listener
	conns  map[net.Conn]bool
	onByte func()       // called, once, when the server next sends something
	dumb   *atomic.Bool // of the connections that are made now: nothing passes any more
	done   sync.WaitGroup
	trips  atomic.Int64
}

// NewProxy makes a proxy that nobody listens at yet.
func NewProxy(t testing.TB, srv *Server) *Proxy {
	t.Helper()
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{t: t, target: u.Host, conns: map[net.Conn]bool{}, dumb: new(atomic.Bool)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.Addr = l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(); p.done.Wait() })
	return p
}

// Start begins to listen, or to let through again what comes from now on.
func (p *Proxy) Start() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dumb = new(atomic.Bool)
	if p.l != nil {
		return
	}
	l, err := net.Listen("tcp", p.Addr)
	if err != nil {
		p.t.Fatal(err)
	}
	p.l = l
	p.done.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s, err := net.Dial("tcp", p.target)
			if err != nil {
				_ = c.Close()
				continue
			}
			p.mu.Lock()
			dumb := p.dumb
			p.conns[c], p.conns[s] = true, true
			p.mu.Unlock()
			asked := new(atomic.Bool)
			p.done.Go(func() { _, _ = io.Copy(&watched{p, s, dumb, asked}, c); _ = s.Close() })
			p.done.Go(func() { _, _ = io.Copy(&watched{p, c, dumb, asked}, s); _ = c.Close() })
		}
	})
}

// watched is a connection of a proxy that is written to.
type watched struct {
	p     *Proxy
	w     net.Conn
	dumb  *atomic.Bool
	asked *atomic.Bool // the client has said something since the server last did
}

func (w *watched) Write(b []byte) (int, error) {
	if w.w.RemoteAddr().String() == w.p.target {
		if !w.asked.Swap(true) {
			w.p.trips.Add(1)
		}
	} else {
		w.asked.Store(false)
		w.p.mu.Lock()
		f := w.p.onByte
		w.p.onByte = nil
		w.p.mu.Unlock()
		if f != nil {
			f()
		}
	}
	if w.dumb.Load() {
		return len(b), nil
	}
	return w.w.Write(b)
}

// Trips is how many round trips there were: how often the client has begun to say something.
func (p *Proxy) Trips() int { return int(p.trips.Load()) }

// OnByte has f called, once, when the server next sends something.
func (p *Proxy) OnByte(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.onByte = f
}

// Cut closes every connection.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
	clear(p.conns)
}

// Stop closes every connection and refuses others.
func (p *Proxy) Stop() {
	p.mu.Lock()
	if p.l != nil {
		_ = p.l.Close()
		p.l = nil
	}
	p.mu.Unlock()
	p.Cut()
}

// Silence lets nothing through any more, on the connections there are and on those that are accepted until Start is
// called. They stay open.
func (p *Proxy) Silence() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dumb.Store(true)
}
