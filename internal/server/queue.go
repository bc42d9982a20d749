package server

import (
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/throughline/throughline/internal/arrival"
)

// What waits for a processor waits unseen: its bytes lie in the kernel, or its goroutine in the scheduler's queue,
// before any handler runs, and places for operations are free all the while. So a request is asked, when its handler
// runs, how long ago its last bytes came.
//
// As many requests may be under way as there are places, and as many again may wait; how long that takes, at the rate
// at which requests are served now, is how long one may have waited. A queue is standing when in two samples in a row
// most have waited longer: a burst drains by itself. A sample is an interval, or in less time as many late requests as
// may be there, as a fast server would serve thousands of them in two intervals. (CoDel would look at the one that has
// waited least, but the scheduler does not take goroutines in the order in which their bytes came.) From then on what
// has waited longer is refused, until few have.
const (
	// queueTarget is the least that a request may have waited: the kernel tells it in steps of some milliseconds.
	queueTarget   = 12 * time.Millisecond
	queueInterval = 100 * time.Millisecond
	// queueOver is in how many intervals in a row hardly any may have been late until the queue stands no more.
	// Refusals that are held back leave gaps: a queue that was taken to be over in one let in all that came when they
	// ended, to wait for each other.
	queueOver = 10
	// queueLeast is how many requests an interval must have measured to tell of a queue.
	queueLeast = 4
	// queueEvery is which share of requests is measured while none was late: each costs a system call.
	queueEvery = 4
	// A 503 is held back for a time between these two, drawn for each: a client that asks again at once must not take
	// the time that others are served in, and clients that are refused together must not come back together.
	refusalLeast, refusalMost = 100 * time.Millisecond, 500 * time.Millisecond
	// rateKept is how much of the best rate of late counts an interval later. What a burst of refusals leaves for
	// others in one interval says little of how fast they are served.
	rateKept = 0.5
)

// refusalPause is how long to hold a 503 back.
func refusalPause() time.Duration { return refusalLeast + rand.N(refusalMost-refusalLeast) } //nolint:gosec // a pause is no secret

// queue reports whether there is a standing queue.
type queue struct {
	places   int
	standing atomic.Bool
	watched  atomic.Bool // one was late in this sample or most in the one before: all requests are measured
	requests atomic.Uint32
	served   atomic.Int64 // in the interval

	mu             sync.Mutex
	begin          time.Time      // of the interval
	measured, late int            // in the sample: requests, and those that have waited too long
	clients        map[string]int // in the sample: requests measured of each client
	before         bool           // in the sample before most were late
	calm           int            // intervals in a row in which few were
	rate           float64        // requests served a second, the best of late
	target         time.Duration
}

func newQueue(places int) *queue {
	return &queue{places: places, target: time.Second, clients: map[string]int{}}
}

// refuses reports whether a request of a client that has come by a connection has waited too long in a standing queue.
func (q *queue) refuses(c *arrival.Conn, client string) bool {
	if c == nil || !q.standing.Load() && !q.watched.Load() && q.requests.Add(1)%queueEvery != 0 {
		return false
	}
	return q.note(time.Now(), client, c.Waited())
}

// note takes note of how long a request has waited, and reports whether it is to be refused. What others have too much
// under way is no reason to refuse a client that asks less than its share.
func (q *queue) note(now time.Time, client string, waited time.Duration) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	most := q.measured >= queueLeast && 2*q.late > q.measured
	if passed := now.Sub(q.begin); passed >= queueInterval {
		if q.calm++; 8*q.late > q.measured {
			q.calm = 0
		}
		q.sample(most, most && q.before || q.standing.Load() && q.calm < queueOver)
		if n := q.served.Swap(0); n > 0 {
			q.rate = max(float64(n)/passed.Seconds(), rateKept*q.rate)
			q.target = max(queueTarget, time.Duration(2*float64(q.places)/q.rate*float64(time.Second)))
		}
		q.begin = now
	} else if most && q.late >= 2*q.places && !q.standing.Load() {
		q.calm = 0
		q.sample(true, q.before)
	}
	q.measured++
	q.clients[client]++
	if waited <= q.target {
		return false
	}
	q.late++
	q.watched.Store(true)
	return q.standing.Load() && q.clients[client]*len(q.clients) >= q.measured
}

// sample begins the next sample after one in which most were late or not.
func (q *queue) sample(most, standing bool) {
	q.standing.Store(standing)
	q.watched.Store(most)
	q.before, q.measured, q.late = most, 0, 0
	clear(q.clients)
}

// maxWait is how long a request may wait for a place: while a queue stands no longer than it may have waited before.
func (q *queue) maxWait(most time.Duration) time.Duration {
	if !q.standing.Load() {
		return most
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return min(most, q.target)
}

type connectionKey struct{}

// withConnection lets a request's handler find its connection.
func withConnection(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, arrival.Of(c))
}

// connectionOf is the request's connection, nil where it cannot be asked.
func connectionOf(r *http.Request) *arrival.Conn {
	c, _ := r.Context().Value(connectionKey{}).(*arrival.Conn)
	return c
}
