package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// writes holds transactions against the oracle: some of one batch, some of several that read what they wrote, some that
// fail in the end and leave nothing, on every store.
func (s *suite) writes(t *testing.T) {
	for n := range s.Draws.Graphs * Rounds(t) {
		seed := uint64(n + 1)
		t.Run(fmt.Sprintf("writes %d", seed), func(t *testing.T) {
			r := &random{Rand: rand.New(rand.NewPCG(seed, 29)), cat: s.Catalog}
			r.graph(4+r.IntN(8), 2+r.IntN(12))
			oracle, x := NewOracle(s.Catalog, Clock), s.Open(t)
			for i := range s.Draws.Loads {
				var parts []*store.Batch
				for range 1 + r.IntN(3) {
					b := r.part(oracle)
					if i == 0 {
						b = r.batch()
					}
					oracle.typed(b)
					if r.IntN(6) > 0 {
						oracle.fit(b)
					}
					parts = append(parts, b)
				}
				r.written(t, i, oracle, x, parts)
				compare(t, oracle, x, r.query(), i)
				if t.Failed() {
					return
				}
			}
			sound(t, x)
		})
	}
}

var errEnough = errors.New("enough")

// written writes batches into both in one transaction, and compares them.
func (r *random) written(t *testing.T, i int, oracle, s store.Store, parts []*store.Batch) {
	t.Helper()
	deed, fails := r.deed(), r.IntN(4) == 0
	ids, said, q := []string{r.id(), r.id(), "nobody"}, r.said(t, oracle), r.query()
	var saw [2]string
	var errs [2]error
	var changes [2]*kg.Change
	for j, into := range []store.Store{oracle, s} {
		changes[j], errs[j] = into.Write(t.Context(), store.Ahead{}, func(ctx context.Context, tx store.Tx) error {
			saw[j] = ""
			if deed != nil {
				tx.Describe(deed)
			}
			for _, b := range parts {
				c := *b
				if err := tx.Put(ctx, &c); err != nil {
					return err
				}
				found, err := tx.Records(ctx, ids)
				if err != nil {
					return err
				}
				resting, err := tx.Resting(ctx, ids)
				if err != nil {
					return err
				}
				types, err := tx.Types(ctx, ids)
				if err != nil {
					return err
				}
				strays, err := tx.Strays(ctx, said)
				if err != nil {
					return err
				}
				saw[j] += fmt.Sprintf("%s%q %v %q\n", records(found), resting, types, strays)
				res, err := tx.Fetch(ctx, q)
				if err != nil {
					saw[j] += show(err) + "\n"
					continue
				}
				saw[j] += Render(q, res) + "\n"
			}
			if fails {
				return errEnough
			}
			return nil
		})
	}
	if show(errs[0]) != show(errs[1]) || errors.Is(errs[0], errEnough) != errors.Is(errs[1], errEnough) {
		t.Errorf("write %d: error %q, want %q", i, show(errs[1]), show(errs[0]))
	}
	if saw[0] != saw[1] {
		t.Errorf("write %d sees: %s", i, difference(saw[0], saw[1]))
	}
	if d := cmp.Diff(changes[0], changes[1], cmpopts.IgnoreFields(kg.Change{}, "ID")); d != "" {
		t.Errorf("write %d: its change: %s", i, d)
	}
	if a, b := whole(t, oracle), whole(t, s); a != b {
		t.Errorf("write %d: %s", i, difference(a, b))
	}
	sameLogs(t, oracle, s, r)
}

// changedThenDeleted asks within the transaction that has changed records and deleted them: none of them is found,
// neither by what it was nor by what it became.
func (s *suite) changedThenDeleted(t *testing.T) {
	r := &random{Rand: rand.New(rand.NewPCG(1, 31)), cat: s.Catalog}
	r.graph(12, 20)
	oracle, x := s.filled(t, r.batch())
	changed, gone := &store.Batch{}, &store.Batch{}
	for _, l := range r.links {
		c := *l
		c.Role, c.Since, c.Until = "again", "1789", ""
		changed.Links, gone.Delete = append(changed.Links, &c), append(gone.Delete, l.ID)
	}
	for _, n := range r.nodes[:8] {
		c := *n
		c.Name += " again"
		changed.Nodes, gone.Delete = append(changed.Nodes, &c), append(gone.Delete, n.ID)
	}
	for _, src := range r.srcs[:2] {
		c := *src
		c.Title += " again"
		changed.Sources, gone.Delete = append(changed.Sources, &c), append(gone.Delete, src.ID)
	}
	var asked []*plan.Query
	for len(asked) < s.Draws.Answers {
		asked = append(asked, r.query())
	}
	var saw [2][]string
	for i, into := range []store.Store{oracle, x} {
		if _, err := into.Write(t.Context(), store.Ahead{}, func(ctx context.Context, tx store.Tx) error {
			saw[i] = nil
			for _, b := range []*store.Batch{changed, gone} {
				c := *b
				if err := tx.Put(ctx, &c); err != nil {
					return err
				}
			}
			for _, q := range asked {
				switch res, err := tx.Fetch(ctx, q); {
				case err == nil:
					saw[i] = append(saw[i], Render(q, res))
				case kg.CodeOf(err) == kg.Internal:
					return err // Neo4j's transactions end with the first
				default:
					saw[i] = append(saw[i], show(err))
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range asked {
		if saw[0][i] != saw[1][i] {
			t.Errorf("question %d: %s", i, difference(saw[0][i], saw[1][i]))
		}
	}
}

// manyWrites has several write at once, each what it read and one more: nobody's is lost, and the log has all of them
// in a row.
func (s *suite) manyWrites(t *testing.T) {
	const writers, each = 6, 8
	x := s.Open(t)
	if err := Fill(t.Context(), x, &store.Batch{Nodes: []*kg.Node{{ID: "count", Type: "THEME", Name: "0"}}}); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				change, err := x.Write(t.Context(), store.Ahead{}, func(ctx context.Context, tx store.Tx) error {
					found, err := tx.Records(ctx, []string{"count"})
					if err != nil {
						return err
					}
					n, err := strconv.Atoi(found.Nodes[0].Name)
					if err != nil {
						return err
					}
					tx.Describe(&store.Deed{Action: kg.Updated, By: strconv.Itoa(w), Whole: true})
					return tx.Put(ctx, &store.Batch{Nodes: []*kg.Node{
						{ID: "count", Type: "THEME", Name: strconv.Itoa(n + 1)},
						{ID: fmt.Sprintf("made-%d-%d", w, i), Type: "THEME", Name: "Made"},
					}})
				})
				if err != nil || change.Created != 1 || change.Changed != 1 || change.By != strconv.Itoa(w) {
					t.Errorf("writer %d: %+v, %v", w, change, err)
				}
			}
		})
	}
	all.Wait()
	found, err := x.Records(t.Context(), []string{"count"})
	if err != nil || found.Nodes[0].Name != strconv.Itoa(writers*each) {
		t.Errorf("it counts %s, want %d, %v", found.Nodes[0].Name, writers*each, err)
	}
	changes, err := x.Changes(t.Context(), &store.ChangesQuery{Limit: 1000})
	if err != nil || len(changes) != writers*each+1 {
		t.Fatalf("%d changes, %v", len(changes), err)
	}
	slices.Reverse(changes)
	for i, c := range changes {
		if c.Seq != int64(i+1) {
			t.Errorf("change %d has the seq %d", i, c.Seq)
		}
		if i == 0 {
			continue
		}
		items, err := x.Items(t.Context(), &store.ItemsQuery{Seq: c.Seq, Limit: 10})
		if err != nil || len(items) != 2 || !strings.Contains(items[0].After, fmt.Sprintf(`"name":"%d"`, i)) {
			t.Errorf("the items of change %d are %+v, %v", i, items, err)
		}
	}
}
