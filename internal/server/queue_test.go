package server

import (
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
	if n := play(150*ms, 300*ms, 1); n != 0 {
		t.Errorf("%d refused of a burst", n)
	}
	if n := play(500*ms, 5*ms, 1); n != 0 {
		t.Errorf("%d refused after a burst", n)
	}
	if n := play(time.Second, 300*ms, 1); n < 700 {
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
