// Package fair shares what there is little of among clients: places for operations under way, and turns at what takes
// every processor there is. Whoever asks most gets no more than others, and leaves something for whoever comes next.
package fair

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// ErrFull is the error for a client that finds no place, none to wait at, or none in time.
var ErrFull = errors.New("there is no place")

// Places are so many places. A client may hold as many times what is free as its share says: with a share of 1 one
// client gets half of all places, two get a third each, and some are always left for one that comes later (Choudhury
// and Hahne 1998, "Dynamic queue length thresholds for shared-memory packet switches"). A large share matters where
// places soon become free again, a small one where they are held for long. Who waits is served in turns: first the
// client that holds fewest, then the one whose turn is longest ago, and of one client who came first.
type Places struct {
	share int

	mu      sync.Mutex
	free    int
	room    int // how many more may wait
	clients map[string]*client
	waiting []*client // each once
	grants  uint64    // so far
}

// client is who holds places or waits for some.
type client struct {
	name  string
	held  int
	queue []chan struct{} // closed when it is their turn
	last  uint64          // its latest grant
}

// NewPlaces makes n places. As many as room says may wait, and of one client as many as there is room left for others.
func NewPlaces(n, share, room int) *Places {
	return &Places{share: share, free: n, room: room, clients: map[string]*client{}}
}

// Enter takes a place for a client, and waits for one as long as maxWait lasts and ctx has not ended. Its errors are
// ErrFull and that of the context.
func (p *Places) Enter(ctx context.Context, name string, maxWait time.Duration) error {
	p.mu.Lock()
	c := p.clients[name]
	if c == nil {
		c = &client{name: name}
		p.clients[name] = c
	}
	if p.fits(c) { // so nobody of this client waits
		p.grant(c)
		p.mu.Unlock()
		return nil
	}
	if maxWait <= 0 || len(c.queue) >= p.room {
		p.forget(c)
		p.mu.Unlock()
		return ErrFull
	}
	turn := make(chan struct{})
	if c.queue = append(c.queue, turn); len(c.queue) == 1 {
		p.waiting = append(p.waiting, c)
	}
	p.room--
	p.mu.Unlock()
	t := time.NewTimer(maxWait)
	defer t.Stop()
	err := ErrFull
	select {
	case <-turn:
		return nil
	case <-t.C:
	case <-ctx.Done():
		err = ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(c.queue, turn)
	if i < 0 {
		return nil // it was given just now
	}
	p.unqueue(c, i)
	p.forget(c)
	return err
}

// Leave gives a client's place back.
func (p *Places) Leave(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.clients[name]
	c.held--
	p.free++
	p.forget(c)
	for {
		var next *client
		for _, c := range p.waiting {
			if p.fits(c) && (next == nil || c.held < next.held || c.held == next.held && c.last < next.last) {
				next = c
			}
		}
		if next == nil {
			return
		}
		turn := next.queue[0]
		p.unqueue(next, 0)
		p.grant(next)
		close(turn)
	}
}

func (p *Places) fits(c *client) bool { return c.held < p.share*p.free }

func (p *Places) grant(c *client) {
	c.held++
	p.free--
	p.grants++
	c.last = p.grants
}

func (p *Places) unqueue(c *client, i int) {
	p.room++
	if c.queue = slices.Delete(c.queue, i, i+1); len(c.queue) == 0 {
		i := slices.Index(p.waiting, c)
		p.waiting = slices.Delete(p.waiting, i, i+1)
	}
}

// forget keeps nothing of a client that neither holds nor waits.
func (p *Places) forget(c *client) {
	if c.held == 0 && len(c.queue) == 0 {
		delete(p.clients, c.name)
	}
}

// Taken is how many places are held, and by how many clients some are held or waited for.
func (p *Places) Taken() (places, clients int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.clients {
		places += c.held
	}
	return places, len(p.clients)
}
