package fair

import (
	"context"
	"time"
)

// Gate admits operations to the places of a server. Those for costly operations are apart: an operation that looks at
// much of the graph is under way for long, and must not keep out what is done in no time.
type Gate struct{ cheap, costly *Places }

// NewGate makes a gate to so many places, of which every eighth is for costly operations; at least one is for each
// kind. For either kind twice as many may wait as there are places in all: who waits holds no processor, and most
// costly operations take milliseconds.
func NewGate(places int) *Gate {
	costly := max(1, places/8)
	return &Gate{NewPlaces(max(1, places-costly), 8, 2*places), NewPlaces(costly, 1, 2*places)}
}

// Enter takes a place for an operation of a client. Who finds none waits as long as maxWait lasts, here and for
// another place later.
func (g *Gate) Enter(ctx context.Context, client string, maxWait time.Duration) (*Pass, error) {
	if err := g.cheap.Enter(ctx, client, maxWait); err != nil {
		return nil, err
	}
	return &Pass{gate: g, client: client, maxWait: maxWait, in: g.cheap}, nil
}

// Pass is an operation's place. It is not for several goroutines at once. All its methods do nothing on nil, the pass
// of an operation that nobody counts.
type Pass struct {
	gate    *Gate
	client  string
	maxWait time.Duration
	in      *Places // nil without a place
}

// Costly changes the place for one of those for costly operations.
func (p *Pass) Costly(ctx context.Context) error {
	if p == nil || p.in == p.gate.costly {
		return nil
	}
	p.Leave()
	if err := p.gate.costly.Enter(ctx, p.client, p.maxWait); err != nil {
		return err
	}
	p.in = p.gate.costly
	return nil
}

// Leave gives the place back, once.
func (p *Pass) Leave() {
	if p != nil && p.in != nil {
		p.in.Leave(p.client)
		p.in = nil
	}
}

// Client is who asks; "" where that is not known.
func (p *Pass) Client() string {
	if p == nil {
		return ""
	}
	return p.client
}

type key struct{}

// With lets what is done under a context find its pass.
func With(ctx context.Context, p *Pass) context.Context { return context.WithValue(ctx, key{}, p) }

// Of finds the pass of a context, nil for none.
func Of(ctx context.Context) *Pass {
	p, _ := ctx.Value(key{}).(*Pass)
	return p
}
