package trace

import (
	"context"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

var errStore = errors.New("the store fails")

// failing is a graph whose store fails when it is asked once more than so many times.
type failing struct {
	store.Patterned
	left int
}

func (g *failing) ask() error {
	if g.left--; g.left < 0 {
		return errStore
	}
	return nil
}

func (g *failing) Expand(ctx context.Context, nodes []uint32, way store.Way, visit func(uint32, []store.Arc)) error {
	if err := g.ask(); err != nil {
		return err
	}
	return g.Patterned.Expand(ctx, nodes, way, visit)
}

func (g *failing) Middle(ctx context.Context, a, b []uint32, wayA, wayB store.Way) ([]uint32, error) {
	if err := g.ask(); err != nil {
		return nil, err
	}
	return g.Patterned.Middle(ctx, a, b, wayA, wayB)
}

func (g *failing) Start(ctx context.Context, types catalog.TypeSet, f *plan.EntityFilter, most int) ([]uint32, error) {
	if err := g.ask(); err != nil {
		return nil, err
	}
	return g.Patterned.Start(ctx, types, f, most)
}

// Whatever a question asks of the store, and whenever that fails, the failure is the answer.
func TestAStoreThatFailsIsNoAnswer(t *testing.T) {
	cat := parse(t)
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t)
		q := drawQuestion(t, g)
		cautious := rapid.SampledFrom([]int{0, wary}).Draw(t, "wary")
		typed(t, cat, g)
		p := drawPattern(t, cat, g)
		possible := p.Narrow(cat) < 0
		for name, ask := range map[string]func(context.Context, store.Patterned) error{
			"paths": func(ctx context.Context, g store.Patterned) error {
				_, err := find(ctx, ctx, g, q, cautious)
				return err
			},
			"surround": func(ctx context.Context, g store.Patterned) error {
				_, err := Surround(ctx, g, &Around{Seeds: []uint32{1}, Depth: 2, MaxNodes: 9, MaxLinks: 9})
				return err
			},
			"compare": func(ctx context.Context, g store.Patterned) error {
				_,
					err := Compare(ctx, g, 1, 2, false)
				return err
			},
			"company": func(ctx context.Context, g store.Patterned) error {
				_, err := Accompany(ctx, g, 1, g.Node(2).Type, false)
				return err
			},
			"timeline": func(ctx context.Context, g store.Patterned) error {
				_, err := Timeline(ctx, g, []uint32{1}, nil)
				return err
			},
			"a pattern's": func(ctx context.Context, g store.Patterned) error {
				if !possible {
					return nil
				}
				_, err := MatchPattern(ctx, ctx, g, p, p.Plan(cat, g.Counts(),
					func(k uint32) int64 { return g.Node(k).Degree }))
				return err
			},
		} {
			for asked := 0; ; asked++ {
				f := &failing{filtered{g}, asked}
				err := ask(context.Background(), f)
				if f.left >= 0 { // it was not asked that often
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					break
				}
				if !errors.Is(err, errStore) {
					t.Fatalf("%s: the store failed when it was asked for the %d. time, and the answer is %v", name,
						asked+1, err)
				}
				if asked > 100 {
					t.Fatalf("%s goes on asking", name)
				}
			}
		}
	})
}
