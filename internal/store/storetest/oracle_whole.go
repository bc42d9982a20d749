package storetest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// State is a hash of everything.
func (o *Oracle) State(context.Context) (string, int, error) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	h := sha256.New()
	for _, n := range sorted(o.nodes) {
		fmt.Fprintf(h, "%+v\n", *n)
	}
	for _, l := range sorted(o.links) {
		fmt.Fprintf(h, "%+v\n", *l)
	}
	for _, s := range sorted(o.sources) {
		fmt.Fprintf(h, "%+v\n", *s)
	}
	return fmt.Sprintf("%x", h.Sum(nil)), 0, nil
}

// Whole asks of every link whether it fits from both sides.
func (o *Oracle) Whole(_ context.Context, w *plan.Walk) (*store.Whole, error) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	x := &seeing{Oracle: o, q: &plan.Query{Refs: w.Refs}}
	var err error
	if x.refs, err = x.entities(0); err != nil {
		return nil, err
	}
	out := &store.Whole{}
	for _, n := range sorted(o.nodes) {
		out.Nodes = append(out.Nodes, store.WholeNode{ID: n.ID, Type: o.cat.TypeOf(n.Type).Index})
	}
	at := func(id string) uint32 {
		return uint32(slices.IndexFunc(out.Nodes, func(n store.WholeNode) bool { return n.ID == id }))
	}
	for _, l := range sorted(o.links) {
		if l.From != l.To && x.matches(w.Links, l, o.nodes[l.From]) && x.matches(w.Links, l, o.nodes[l.To]) {
			out.Links = append(out.Links, store.Pair{From: at(l.From), To: at(l.To)})
		}
	}
	return out, nil
}

// Unverified looks at all evidence.
func (o *Oracle) Unverified(context.Context) (ids []string, trips int, err error) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	for _, l := range o.links {
		for i := range l.Evidence {
			if v := l.Evidence[i].Verified; v != nil && !*v {
				ids = append(ids, kg.EvidenceID(l.ID, &l.Evidence[i]))
			}
		}
	}
	slices.Sort(ids)
	return ids, 0, nil
}
