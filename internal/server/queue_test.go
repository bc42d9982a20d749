package server

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/throughline/throughline/internal/fair"
)

// TestAQueueThatStandsIsShed plays requests with their waits to a server with 10 places.
func TestAQueueThatStandsIsShed(t *testing.T) {
	const ms = time.Millisecond
	q := newQueue(10)
	now := time.Unix(0, 0)
	// play has a request come each millisecond for a while, of which one in every some is served, and counts the
	// refused
	play := func(d, waited time.Duration, served int) (refused int) {
		for i := range int(d / ms) {
			now = now.Add(ms)
			if q.note(now, "a", waited) {
				refused++
			} else if i%served == 0 {
				q.served.Add(1)
			}
		}
		return refused
	}
	// 1,000 a second: 20 requests may be there, which is 20 ms
	if n := play(time.Second, 5*ms, 1); n != 0 {
		t.Errorf("%d refused without a queue", n)
	}
	if n := play(40*ms, 300*ms, 1); n != 0 {
		t.Errorf("%d refused of a burst", n)
	}
	if n := play(500*ms, 5*ms, 1); n != 0 {
		t.Errorf("%d refused after a burst", n)
	}
	if n := play(time.Second, 300*ms, 1); n < 900 {
		t.Errorf("%d of 1,000 refused while a queue stands", n)
	}
	play(50*ms, 300*ms, 1)
	if !q.standing.Load() || q.note(now, "b", 300*ms) || !q.note(now, "a", 300*ms) {
		t.Error("who asks little is refused for what another asks")
	}
	if n := play(1500*ms, 15*ms, 1); n != 0 || q.standing.Load() {
		t.Errorf("%d refused of those that have not waited long", n)
	}
	// at 50 a second the same 20 take 400 ms
	play(time.Second, 15*ms, 20)
	if n := play(time.Second, 300*ms, 20); n != 0 {
		t.Errorf("%d refused though only so many wait as may", n)
	}
}

// received makes a request whose bytes lie in the kernel, on a connection of its own.
func received(t testing.TB) *http.Request {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux says when bytes came")
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	to, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = to.Close() })
	from, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = from.Close() })
	if _, err := to.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	return httptest.NewRequestWithContext(withConnection(context.Background(), from), http.MethodPost, "/graphql", nil)
}

// TestTheArrivalQueueCanBeTurnedOff: a request that has waited long while a queue stands is refused, and taken where
// nobody asks.
func TestTheArrivalQueueCanBeTurnedOff(t *testing.T) {
	r := received(t)
	for c := connectionOf(r); c.Waited() < 2*queueTarget; {
		runtime.Gosched()
	}
	for _, off := range []bool{false, true} {
		s := &Server{
			o:    Options{NoArrivalQueue: off, QueueTime: time.Second},
			gate: fair.NewGate(1), queue: newQueue(1),
		}
		s.queue.target, s.queue.begin = queueTarget, time.Now()
		s.queue.standing.Store(true)
		pass, no := s.enter(r, "a client")
		if refused := no != nil; refused == off {
			t.Errorf("turned off: %t, refused: %t", off, refused)
		}
		if pass != nil {
			pass.Leave()
		}
	}
}

// BenchmarkArrival is what a request pays for the queue: while none stands one in queueEvery is asked how long it has
// waited, while one stands each.
func BenchmarkArrival(b *testing.B) {
	for name, standing := range map[string]bool{"no queue": false, "a queue stands": true} {
		b.Run(name, func(b *testing.B) {
			c, q := connectionOf(received(b)), newQueue(64)
			for b.Loop() {
				q.standing.Store(standing) // what is measured here would end it
				q.refuses(c, "a")
			}
		})
	}
}
