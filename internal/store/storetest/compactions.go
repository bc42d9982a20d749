package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/throughline/throughline/internal/history"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// compactions writes, and deletes some of the earliest changes between writes, maybe not to the end. The store holds
// the same as the oracle that has done the same, and says the same of what is kept as the oracle that has deleted
// nothing.
func (s *suite) compactions(t *testing.T) {
	for n := range max(s.Draws.Graphs*Rounds(t)/4, 1) { // each asks much
		seed := uint64(n + 1)
		t.Run(fmt.Sprintf("compactions %d", seed), func(t *testing.T) {
			r := &random{Rand: rand.New(rand.NewPCG(seed, 37)), cat: s.Catalog}
			r.graph(4+r.IntN(8), 2+r.IntN(12))
			oracle, x := NewOracle(s.Catalog, Clock), s.Open(t)
			var gone []logged
			for i := range s.Draws.Loads {
				b := r.part(oracle)
				if i == 0 {
					b = r.batch()
				}
				oracle.typed(b)
				oracle.fit(b)
				r.written(t, i, oracle, x, []*store.Batch{b})
				gone = append(gone, r.compacted(t, oracle, x)...)
				sameLogs(t, oracle, x, r)
				r.sameKept(t, oracle.whole(gone), x)
				compare(t, oracle, x, r.query(), i)
				if t.Failed() {
					return
				}
			}
		})
	}
}

// compacted compacts both, and returns what the oracle had of the changes that went.
func (r *random) compacted(t *testing.T, oracle *Oracle, x store.Store) []logged {
	t.Helper()
	was := oracle.log
	first := oracle.kept.First + int64(r.IntN(len(was)+2))
	for range 1 + r.IntN(3) {
		more, err := x.Compact(t.Context(), first, 1+r.IntN(3))
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			break
		}
	}
	kept, err := x.Kept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := oracle.Compact(t.Context(), kept.First, len(was)+1); err != nil {
		t.Fatal(err)
	}
	if kept != oracle.kept || kept.First > max(first, 1) {
		t.Fatalf("up to %d the log begins %+v, want %+v", first, kept, oracle.kept)
	}
	sound(t, x)
	return was[:len(was)-len(oracle.log)]
}

// whole is the oracle with changes that it has deleted.
func (o *Oracle) whole(gone []logged) *Oracle {
	all := NewOracle(o.cat, o.now)
	all.nodes, all.links, all.sources, all.made = o.nodes, o.links, o.sources, o.made
	all.log = slices.Concat(gone, o.log)
	return all
}

// sameKept holds what a store says of what is kept against an oracle that has kept all.
func (r *random) sameKept(t *testing.T, all *Oracle, x store.Store) {
	t.Helper()
	if len(all.log) == 0 {
		return // all that was written so far was refused
	}
	kept, err := x.Kept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []store.ChangesQuery{
		{Limit: 1000, After: kept.First - 1},
		{Limit: 1000, After: kept.First - 1, Touching: []string{r.id(), r.id()}},
	} {
		want, _ := all.Changes(t.Context(), &q)
		got, err := x.Changes(t.Context(), &q)
		if d := cmp.Diff(want, got, cmpopts.IgnoreFields(kg.Change{}, "ID")); d != "" || err != nil {
			t.Errorf("the changes that are kept, of %v: %s, %v", q.Touching, d, err)
		}
	}
	for range 6 {
		id, seq := r.id(), kept.First-1+int64(r.IntN(len(all.log)))
		seq = min(seq, int64(len(all.log)))
		want, _ := history.Recorded(t.Context(), r.cat, all, id, seq, kg.TimeOf(Clock()))
		got, err := history.Recorded(t.Context(), r.cat, x, id, seq, kg.TimeOf(Clock()))
		if err != nil {
			t.Fatal(err)
		}
		lines, _ := want.Lines(t.Context(), want.Links)
		found, err := got.Lines(t.Context(), got.Links)
		if got.Record != want.Record || got.Kind != want.Kind || !slices.Equal(got.Links, want.Links) || !cmp.Equal(lines, found) || err != nil {
			t.Errorf("%s after change %d was %s with %v, want %s with %v, %v", id, seq, got.Record, found, want.Record, lines, err)
		}
		if seq = r.Int64N(kept.First); seq < kept.First-1 {
			if _, err := history.Recorded(t.Context(), r.cat, x, id, seq, kg.TimeOf(Clock())); kg.CodeOf(err) != kg.NotKept {
				t.Errorf("%s after change %d, which is not kept: %v", id, seq, err)
			}
		}
	}
}

// compactsBesideWriters deletes the earliest changes over and over, by two at once, while others write. Nothing of what
// is kept is missing, and the latest change is always there.
func (s *suite) compactsBesideWriters(t *testing.T) {
	const writers, each = 4, 8
	x := s.Open(t)
	if err := Fill(t.Context(), x, Small()); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var writes, compacts sync.WaitGroup
	for w := range writers {
		writes.Go(func() {
			for i := range each {
				if _, err := x.Write(t.Context(), store.Ahead{}, func(ctx context.Context, tx store.Tx) error {
					tx.Describe(&store.Deed{Whole: true})
					return tx.Put(ctx, &store.Batch{Nodes: []*kg.Node{
						{ID: "made-" + strconv.Itoa(w), Type: "THEME", Name: strconv.Itoa(i)},
						{ID: fmt.Sprintf("made-%d-%d", w, i), Type: "THEME", Name: "Made"},
					}})
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		compacts.Go(func() {
			for last := false; !last; {
				select {
				case <-done:
					last = true
				default:
				}
				now, err := x.Changes(t.Context(), &store.ChangesQuery{Limit: 1})
				if err != nil || len(now) != 1 {
					t.Errorf("the latest change is not there: %v, %v", now, err)
					return
				}
				if _, err := x.Compact(t.Context(), now[0].Seq-2, 5); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writes.Wait()
	close(done)
	compacts.Wait()
	for more := true; more; {
		var err error
		if more, err = x.Compact(t.Context(), writers*each, 100); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := x.Kept(t.Context())
	if err != nil || kept.First != writers*each {
		t.Errorf("the log begins %+v, want with change %d, %v", kept, writers*each, err)
	}
	changes, err := x.Changes(t.Context(), &store.ChangesQuery{Limit: 1000})
	if err != nil || len(changes) != 2 || changes[0].Seq != writers*each+1 {
		t.Errorf("kept is %+v, %v", changes, err)
	}
	for _, c := range changes {
		if items, err := x.Items(t.Context(), &store.ItemsQuery{Seq: c.Seq, Limit: 10}); err != nil || len(items) != 2 {
			t.Errorf("the items of change %d are %+v, %v", c.Seq, items, err)
		}
	}
	sound(t, x)
}
