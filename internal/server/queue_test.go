package server

import (
	"net"
	"runtime"
	"testing"
	"time"
)

// TestAQueueThatStandsIsShed plays requests with their waits to a server with 10 places.
func TestAQueueThatStandsIsShed(t *testing.T) {
	const ms = time.Millisecond
	q := newQueue(10)
	now := time.Unix(0, 0)
	// play has a request come each millisecond for a while, of which one in every some is served, and counts the refused
	play := func(d, waited time.Duration, served int) (refused int) {
		for i := range int(d / ms) {
			now = now.Add(ms)
			if q.note(now, waited) {
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
	if n := play(150*ms, 300*ms, 1); n != 0 {
		t.Errorf("%d refused of a burst", n)
	}
	if n := play(500*ms, 5*ms, 1); n != 0 {
		t.Errorf("%d refused after a burst", n)
	}
	if n := play(time.Second, 300*ms, 1); n < 700 {
		t.Errorf("%d of 1,000 refused while a queue stands", n)
	}
	if n := play(time.Second, 15*ms, 1); n != 0 || q.standing.Load() {
		t.Errorf("%d refused of those that have not waited long", n)
	}
	// at 50 a second the same 20 take 400 ms
	play(time.Second, 15*ms, 20)
	if n := play(time.Second, 300*ms, 20); n != 0 {
		t.Errorf("%d refused though only so many wait as may", n)
	}
}

// TestAConnectionTellsHowLongItsBytesHaveWaited sends a byte and lets it lie.
func TestAConnectionTellsHowLongItsBytesHaveWaited(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
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
	defer to.Close()
	from, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	sent := time.Now()
	if _, err := to.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	c := newConnection(from)
	for time.Since(sent) < 100*time.Millisecond {
		runtime.Gosched()
	}
	if waited := c.waited(); waited < 80*time.Millisecond || waited > time.Since(sent)+20*time.Millisecond {
		t.Errorf("%s, after %s", waited, time.Since(sent))
	}
	if newConnection(nil) != nil {
		t.Error("what is no connection of TCP tells something")
	}
}
