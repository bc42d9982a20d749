package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// cancelling holds a store to ending with its context: before it is asked, in the middle of a plan that would read a
// hundred million entries, and by its deadline. The next plan is answered.
func (s *suite) cancelling(t *testing.T) {
	cat, x := s.Catalog, s.Open(t)
	theme := cat.TypeOf("THEME")
	broader := cat.Kind("BROADER")
	b := &store.Batch{Sources: []*kg.Source{{ID: "s_a", Kind: "ARTICLE", Title: "A"}}}
	for i := range 120 {
		b.Nodes = append(b.Nodes, &kg.Node{
			ID: fmt.Sprintf("t%d", i), Type: theme.Enum,
			Name: fmt.Sprintf("Theme %d", i),
		})
	}
	for i := range 120 { // everything is under everything
		for j := range 120 {
			if i != j {
				l := &kg.Link{
					Kind: broader.Name, From: b.Nodes[i].ID, To: b.Nodes[j].ID,
					Evidence: []kg.Evidence{{Source: "s_a", Excerpt: "x", Stance: "SUPPORTS"}},
				}
				l.ID = kg.LinkID(l.Kind, l.From, l.To, "", "", "")
				b.Links = append(b.Links, l)
			}
		}
	}
	if err := Fill(t.Context(), x, b); err != nil {
		t.Fatal(err)
	}
	endless := func(depth int) *plan.Query {
		q := &plan.Query{Start: plan.ByID, IDs: []string{"t0"}, Types: cat.Entities}
		q.Root.Node = &plan.Sel{Props: []*catalog.Prop{cat.Prop("id")}}
		at := q.Root.Node
		for range depth {
			f := &plan.Field{
				Follow: plan.Links, On: 1 << theme.Index, Kinds: 1 << broader.Index, Out: true, Other: 1 << theme.Index,
				Page: plan.Paging{N: plan.MaxPageSize}, Want: plan.Want{Rows: true}, Node: &plan.Sel{Props: []*catalog.Prop{cat.Prop("name")}},
			}
			at.Children = []*plan.Field{f}
			at = f.Node
		}
		return q
	}
	fetch := func(ctx context.Context, depth int) error {
		_, err := x.Fetch(ctx, endless(depth))
		return err
	}
	if err := fetch(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := fetch(gone, 1); kg.CodeOf(err) != kg.Cancelled {
		t.Errorf("asked by nobody: %v", err)
	}
	late, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := fetch(late, 4); kg.CodeOf(err) != kg.Timeout {
		t.Errorf("too late: %v", err)
	}
	going, cancel := context.WithCancel(t.Context())
	stop := time.AfterFunc(50*time.Millisecond, cancel)
	defer stop.Stop()
	if err := fetch(going, 4); kg.CodeOf(err) != kg.Cancelled {
		t.Errorf("in the middle: %v", err)
	}
	if err := fetch(t.Context(), 1); err != nil {
		t.Errorf("the next: %v", err)
	}
}
