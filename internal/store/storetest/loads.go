package storetest

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// runLoads holds a store against the oracle through random loads, one after another: batches that replace and that
// merge, that clear fields, say an id twice and delete. After each the two hold the same, have reported the same, and
// answer some plans alike. open returns an empty store; it is called once for each run.
func runLoads(t *testing.T, cat *catalog.Catalog, open func(t *testing.T) store.Store, runs, loads int) {
	t.Helper()
	for n := range runs * Rounds(t) {
		seed := uint64(n + 1)
		t.Run(fmt.Sprintf("loads %d", seed), func(t *testing.T) {
			r := &random{Rand: rand.New(rand.NewPCG(seed, 23)), cat: cat}
			r.graph(4+r.IntN(12), 2+r.IntN(20))
			oracle, s := NewOracle(cat, Clock), open(t)
			for i := range loads {
				b := r.part(oracle)
				if i == 0 {
					b = r.batch()
				}
				oracle.typed(b)
				if i > 0 && r.IntN(6) > 0 {
					oracle.fit(b)
				}
				if !r.loaded(t, i, oracle, s, b) {
					return
				}
				for j := range 3 {
					compare(t, oracle, s, r.query(), j)
				}
				if t.Failed() {
					return
				}
			}
			sound(t, s)
		})
	}
}

// typed leaves out of a batch the links that lead from or to a type that their kind does not have there: imports refuse
// them, and stores rely on it.
func (o *Oracle) typed(b *store.Batch) {
	types := map[string]string{}
	for _, x := range slices.Backward(b.Nodes) { // the first of an id is the one that stands
		types[x.ID] = x.Type
	}
	for id, x := range o.nodes {
		types[id] = x.Type
	}
	among := func(id string, set catalog.TypeSet) bool {
		t := o.cat.TypeOf(types[id])
		return t == nil || set.Has(t.Index)
	}
	b.Links = slices.DeleteFunc(slices.Clone(b.Links), func(x *kg.Link) bool {
		k := o.cat.Kind(x.Kind)
		return !among(x.From, k.From) || !among(x.To, k.To)
	})
}

// fit leaves out of a batch what a store that holds the oracle's graph would refuse.
func (o *Oracle) fit(b *store.Batch) {
	next := NewOracle(o.cat, o.now)
	maps.Copy(next.nodes, o.nodes)
	maps.Copy(next.sources, o.sources)
	maps.Copy(next.links, o.links)
	for _, x := range b.Sources {
		next.sources[x.ID] = x
	}
	b.Nodes = slices.DeleteFunc(b.Nodes, func(x *kg.Node) bool {
		was := next.nodes[x.ID]
		if was == nil {
			next.nodes[x.ID] = x
		}
		return was != nil && was.Type != x.Type
	})
	b.Links = slices.DeleteFunc(b.Links, func(x *kg.Link) bool {
		bad := next.nodes[x.From] == nil || next.nodes[x.To] == nil || slices.ContainsFunc(x.Evidence,
			func(e kg.Evidence) bool { return next.sources[e.Source] == nil })
		if !bad { // it may move away from where it was, and then hangs on neither end's neighbour
			next.links[x.ID], next.links[x.ID+"'"] = x, next.links[x.ID]
			if next.links[x.ID+"'"] == nil {
				delete(next.links, x.ID+"'")
			}
		}
		return bad
	})
	for _, id := range b.Delete {
		delete(next.links, id)
		delete(next.links, id+"'")
	}
	b.Delete = slices.DeleteFunc(b.Delete, func(id string) bool { return len(next.resting([]string{id})) > 0 })
}

// loaded loads a batch into both and compares them. It reports whether to go on: where a load that fails leaves a part,
// what is held differs from then on.
func (r *random) loaded(t *testing.T, i int, oracle, s store.Store, b *store.Batch) bool {
	t.Helper()
	deed := r.deed()
	var told [2]string
	var errs [2]error
	for j, into := range []store.Store{oracle, s} {
		c := *b
		c.Report = func(was, is any) { told[j] += told1(was) + " → " + told1(is) + "\n" }
		errs[j] = fillAs(t.Context(), into, &c, deed)
	}
	if show(errs[0]) != show(errs[1]) {
		t.Errorf("load %d: error %q, want %q", i, show(errs[1]), show(errs[0]))
	}
	if errs[0] == nil && told[0] != told[1] {
		t.Errorf("load %d (merge %v) reports otherwise: %s", i, b.Merge, difference(told[0], told[1]))
	}
	if errs[0] != nil && !s.Atomic() {
		return false
	}
	if a, b := whole(t, oracle), whole(t, s); a != b {
		t.Errorf("load %d: %s", i, difference(a, b))
	}
	sameLogs(t, oracle, s, r)
	ids := []string{r.id(), r.id(), "nobody"}
	want, _ := oracle.Resting(t.Context(), ids)
	got, err := s.Resting(t.Context(), ids)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("load %d: on %q rest %q, want %q, %v", i, ids, got, want, err)
	}
	said := r.said(t, oracle)
	want, _ = oracle.Strays(t.Context(), said)
	got, err = s.Strays(t.Context(), said)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("load %d: say the same %q, want %q, %v", i, got, want, err)
	}
	sameRecords(t, oracle, s, r)
	return !t.Failed()
}

// said are links without ids, most of which say what a link of a store says.
func (r *random) said(t *testing.T, s store.Store) (said []*kg.Link) {
	t.Helper()
	links := slices.Clone(r.links)
	if err := s.Links(t.Context(), func(x *kg.Link) error { links = append(links, x); return nil }); err != nil {
		t.Fatal(err)
	}
	for _, x := range links {
		if c := *x; r.IntN(3) > 0 {
			c.ID = ""
			if r.IntN(4) == 0 {
				c.Role = pick(r, someRoles)
			}
			if r.IntN(8) == 0 {
				c.From, c.To = c.To, c.From
			}
			said = append(said, &c)
		}
	}
	return said
}

// fillAs writes a batch into a store as one load, of which something is said; nil for nothing.
func fillAs(ctx context.Context, s store.Loader, b *store.Batch, d *store.Deed) error {
	l, err := s.Load(ctx)
	if err != nil {
		return err
	}
	if d != nil {
		l.Describe(d)
	}
	if err := l.Put(ctx, b); err != nil {
		_ = l.Rollback()
		return err
	}
	return l.Commit(ctx)
}

// deed is something to say of a load.
func (r *random) deed() *store.Deed {
	if r.IntN(3) == 0 {
		return nil
	}
	d := &store.Deed{
		By: pick(r, []string{"", "ann", "Bob | B"}), Note: pick(r, []string{"", `"so"`}), Whole: r.yes(),
		Action: pick(r, []kg.ChangeAction{"", kg.Updated, kg.Applied}), Key: pick(r, []string{"", "k'1"}),
		Reverts: pick(r, []string{"", kg.ChangePrefix + "x"}),
	}
	if r.yes() {
		d.Files = []kg.ChangeFile{{Name: "a \"b\".jsonl", SHA256: "ab"}, {Name: "c"}}
	}
	return d
}

// sameLogs compares the logs of an oracle and a store: whole, and as far as they touch some records.
func sameLogs(t *testing.T, oracle, s store.Store, r *random) {
	t.Helper()
	sameLater(t, oracle, s, r)
	by := "ann"
	questions := []store.ChangesQuery{
		{Limit: 3},
		{Limit: 3, Key: "k'"},
		{Limit: 3, Key: "k'1x"},
		{Limit: 1000, Touching: []string{r.id(), r.id(), "no'body"}},
		{Limit: 2, Touching: []string{r.id()}, Before: 1 + int64(r.IntN(6))},
		{Limit: 5, By: &by},
		{Limit: 5, From: kg.TimeOf(Clock()), To: kg.TimeOf(Clock()) + kg.Time(r.IntN(2))},
		{Limit: 5, Touching: []string{}},
		{Limit: 3, Earliest: true},
		{Limit: 2, After: int64(r.IntN(3)), Before: 1 + int64(r.IntN(6))},
		{Limit: 2, After: int64(r.IntN(3)), Touching: []string{r.id()}, Earliest: true},
		{Limit: 3, Reverting: []string{kg.ChangePrefix + "x", "no'body"}},
		{Limit: 3, Reverting: []string{}},
		{Limit: 3, Reverting: []string{""}},
	}
	for _, q := range questions {
		want, _ := oracle.Changes(t.Context(), &q)
		got, err := s.Changes(t.Context(), &q)
		if err != nil || len(got) != len(want) {
			t.Errorf("%d changes for %+v, want %d, %v", len(got), q, len(want), err)
			continue
		}
		of, _ := oracle.CountChanges(t.Context(), &q)
		if n, err := s.CountChanges(t.Context(), &q); n != of || err != nil {
			t.Errorf("it counts %d changes for %+v, want %d, %v", n, q, of, err)
		}
		for i := range want {
			if !strings.HasPrefix(got[i].ID, kg.ChangePrefix) {
				t.Errorf("a change has the id %q", got[i].ID)
			}
			byID, err := s.Changes(t.Context(), &store.ChangesQuery{IDs: []string{got[i].ID}, Limit: 2})
			if err != nil || len(byID) != 1 || !cmp.Equal(byID[0], got[i]) {
				t.Errorf("by its id %+v is %+v, %v", got[i], byID, err)
			}
			want[i].ID = got[i].ID
			if d := cmp.Diff(want[i], got[i]); d != "" {
				t.Errorf("change: %s", d)
			}
			of := store.ItemsQuery{Seq: want[i].Seq, Touching: q.Touching, Limit: 1 + r.IntN(30)}
			if r.yes() {
				of.After = r.id()
			}
			if r.yes() {
				of.Before, of.Last = r.id(), r.yes()
			}
			wants, _ := oracle.Items(t.Context(), &of)
			items, err := s.Items(t.Context(), &of)
			if d := cmp.Diff(wants, items); d != "" || err != nil {
				t.Errorf("items for %+v: %s, %v", of, d, err)
			}
			all, _ := oracle.CountItems(t.Context(), &of)
			if n, err := s.CountItems(t.Context(), &of); n != all || err != nil {
				t.Errorf("it counts %d items for %+v, want %d, %v", n, of, all, err)
			}
		}
	}
}

// sameLater compares what the logs have of records after a change.
func sameLater(t *testing.T, oracle, s store.Store, r *random) {
	t.Helper()
	kept, err := s.Kept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	q := store.LaterQuery{Seq: kept.First - 1 + int64(r.IntN(4)), Touching: []string{r.id(), r.id(), "no'body"}, Limit: 1 + r.IntN(20)}
	if r.yes() {
		q.After = r.id()
	}
	want, _ := oracle.Later(t.Context(), &q)
	got, err := s.Later(t.Context(), &q)
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("later items for %+v: %s, %v", q, d, err)
	}
	ids := []string{r.id(), r.id(), r.id(), "no'body"}
	made, _ := oracle.Made(t.Context(), ids, q.Seq)
	found, err := s.Made(t.Context(), ids, q.Seq)
	if d := cmp.Diff(made, found); d != "" || err != nil {
		t.Errorf("what imports after %d made of %v: %s, %v", q.Seq, ids, d, err)
	}
}

// told1 is one side of a report.
func told1(x any) string {
	b := &store.Batch{}
	switch x := x.(type) {
	case *kg.Source:
		b.Sources = append(b.Sources, x)
	case *kg.Node:
		c := *x
		c.Verified = nil // as a link's evidence
		b.Nodes = append(b.Nodes, &c)
	case *kg.Link:
		c := *x
		c.Evidence = slices.Clone(x.Evidence)
		for i := range c.Evidence {
			c.Evidence[i].Verified = nil // what is written has it once it is written
		}
		b.Links = append(b.Links, &c)
	}
	return records(b)
}

// whole is all that a store holds.
func whole(t *testing.T, s store.Scanner) string {
	t.Helper()
	b := &store.Batch{}
	for _, err := range []error{
		s.Sources(t.Context(), func(x *kg.Source) error { c := *x; b.Sources = append(b.Sources, &c); return nil }),
		s.Nodes(t.Context(), func(x *kg.Node) error { c := *x; b.Nodes = append(b.Nodes, &c); return nil }),
		s.Links(t.Context(), func(x *kg.Link) error { c := *x; b.Links = append(b.Links, &c); return nil }),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return records(b)
}

// part makes a batch of changed and unchanged records of the graph, and of deletions, for a store that holds what the
// oracle does.
func (r *random) part(oracle *Oracle) *store.Batch {
	other := &random{Rand: r.Rand, cat: r.cat}
	other.graph(4+r.IntN(12), 2+r.IntN(20))
	b := &store.Batch{Merge: r.yes()}
	// what is said of an entity may be of its type or not; most of the time it is. What was deleted may come back as
	// something else
	types := map[string]string{}
	for id, n := range oracle.nodes {
		types[id] = n.Type
	}
	for _, x := range r.srcs {
		if r.yes() {
			c := *x
			b.Sources = append(b.Sources, &c)
		}
	}
	for i, x := range other.srcs {
		if r.IntN(3) == 0 {
			c := *x
			c.Clear = r.clear("url", "publisher", "authors", "publishedOn", "text")
			if r.yes() { // a text that is corrected, or another
				c.Text = pick(r, sourceTexts)
			}
			if i == 0 {
				c.ID = "s_other"
			}
			b.Sources = append(b.Sources, &c)
		}
	}
	first, second := r.nodes, other.nodes
	if r.yes() {
		first, second = second, first
	}
	for _, x := range slices.Concat(first, second) {
		if r.yes() || types[x.ID] != "" && types[x.ID] != x.Type && r.IntN(20) > 0 {
			continue
		}
		c := *x
		c.Clear = r.clear("description", "aliases", "externalIds")
		if t := r.cat.TypeOf(c.Type); len(t.Props) > 0 {
			if p := pick(r, t.Props); !r.cat.Schema.Types[t.Name].Fields.ForName(p.Name).Type.NonNull &&
				r.IntN(4) == 0 {
				c.Clear = append(c.Clear, p.Name)
			}
		}
		if q := r.cat.QuotedOf(c.Type); q != nil && r.yes() {
			c.Props = maps.Clone(c.Props)
			c.Props[q.Words.Name] = pick(r, someQuotations)
		}
		if r.yes() {
			c.CreatedAt, c.UpdatedAt = 0, 0
		}
		b.Nodes = append(b.Nodes, &c)
		if r.IntN(8) == 0 {
			again := c
			again.Name, again.Aliases = pick(r, someNames), []string{"twice"}
			b.Nodes = append(b.Nodes, &again)
		}
	}
	for _, x := range slices.Concat(r.links, other.links) {
		if r.yes() {
			continue
		}
		c := *x
		if r.IntN(3) == 0 {
			c.ID = "l_named" + c.Kind
			c.Clear = r.clear("role", "since", "until")
		}
		if r.yes() {
			c.CreatedAt, c.UpdatedAt = 0, 0
		}
		b.Links = append(b.Links, &c)
	}
	for range r.IntN(4) {
		b.Delete = append(b.Delete, r.id())
	}
	if r.yes() && len(r.links) > 0 { // all of some entity's links, and it
		n := pick(r, r.nodes).ID
		for _, l := range slices.Concat(r.links, b.Links) {
			if l.From == n || l.To == n {
				b.Delete = append(b.Delete, l.ID)
			}
		}
		b.Delete = append(b.Delete, n)
	}
	r.links = slices.Concat(r.links, b.Links)
	return b
}

// clear names some of the fields that a batch empties.
func (r *random) clear(fields ...string) (out []string) {
	for _, f := range fields {
		if r.IntN(8) == 0 {
			out = append(out, f)
		}
	}
	return out
}
