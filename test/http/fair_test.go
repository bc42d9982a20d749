package http_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/server"
	"github.com/throughline/throughline/internal/store"
)

// stuck is a store whose walks end with their callers.
type stuck struct {
	store.Answerer
	began chan struct{}
}

func (s *stuck) Walk(ctx context.Context, _ *plan.Walk) (store.Graph, []uint32, error) {
	s.began <- struct{}{}
	<-ctx.Done()
	return nil, nil, ctx.Err()
}

// startStuck serves a store whose walks end with their callers, with places for eight operations that take long.
func startStuck(t *testing.T, change func(*server.Options)) (s *stuck, base string, stop func() error) {
	t.Helper()
	s = &stuck{began: make(chan struct{}, 1000)}
	base, stop = start(t, func(g *graph.Options, o *server.Options) {
		s.Answerer = g.Store
		g.Store = s
		g.Limits = plan.DefaultLimits()
		g.Limits.Timeout = time.Hour
		o.MaxConcurrent, o.QueueTime, o.Grace = 64, 50*time.Millisecond, time.Millisecond
		change(o)
	})
	return s, base, stop
}

// TestACrowdOfOneClientLeavesPlaces: 256 requests that take long keep neither another client's from beginning, nor what
// is soon answered, be it of the same client.
func TestACrowdOfOneClientLeavesPlaces(t *testing.T) {
	s, base, stop := startStuck(t, func(o *server.Options) {
		o.Client = server.ByAddress([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")})
	})
	crowd, end := context.WithCancel(t.Context())
	defer end()
	ask := func(ctx context.Context, client, query string) reply {
		b, err := json.Marshal(map[string]any{"query": query})
		if err != nil {
			t.Error(err)
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/graphql", bytes.NewReader(b))
		if err != nil {
			t.Error(err)
			return reply{}
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Forwarded-For", client)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			if ctx.Err() == nil {
				t.Error(err)
			}
			return reply{} // the caller has gone
		}
		defer resp.Body.Close()
		b, err = io.ReadAll(resp.Body)
		if err != nil {
			t.Error(err)
		}
		return reply{resp.StatusCode, resp.Header, string(b)}
	}
	const long = `{ paths(from: {id: "mary-kaldor"}, to: {id: "lse"}) { nodes { length } } }`
	const point = `{ person(ref: {id: "mary-kaldor"}) { name } }`
	var all sync.WaitGroup
	refused := make(chan int, 256)
	for range 256 {
		all.Go(func() {
			if r := ask(crowd, "192.0.2.1", long); r.status != 0 {
				refused <- r.status
			}
		})
	}
	for range 4 {
		<-s.began
	}
	for range 252 { // the others are told to come again
		if status := <-refused; status != http.StatusServiceUnavailable {
			t.Fatalf("status %d", status)
		}
	}
	for _, client := range []string{"192.0.2.1", "192.0.2.2"} {
		if r := ask(t.Context(), client, point); r.status != http.StatusOK || r.code(t) != "" {
			t.Errorf("a point read of %s: %d %s", client, r.status, r.body)
		}
	}
	all.Go(func() { ask(crowd, "192.0.2.2", long) })
	<-s.began
	if n := len(s.began); n != 0 {
		t.Errorf("%d more have begun", n)
	}
	end()
	all.Wait()
	if err := stop(); err != nil {
		t.Error(err)
	}
}
