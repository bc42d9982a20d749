package memgraph_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/memgraph"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// outlined fills a graph and an outline with the same random records, in which a few entities have many links.
func outlined(tb testing.TB, nodes, links, sources int) (*memgraph.Graph, *memgraph.Outline) {
	tb.Helper()
	r := rand.New(rand.NewPCG(3, 3))
	cat := parse(tb)
	whole, o := memgraph.NewBuilder(memgraph.New(cat), 1), memgraph.NewOutline(cat)
	check := func(errs ...error) {
		for _, err := range errs {
			if err != nil {
				tb.Fatal(err)
			}
		}
	}
	day := func(n int) string {
		if n == 0 {
			return ""
		}
		return fmt.Sprintf("2001-01-%02d", n)
	}
	interval := func(s string) store.Interval {
		from, to := kg.PartialDate(s).Interval()
		return store.Interval{From: from, To: to, Known: s != ""}
	}
	for i := range sources {
		x := memgraph.Source{Key: uint32(i + 1), ID: fmt.Sprintf("s_%07d", i), Kind: "ARTICLE", PublishedOn: day(i % 28)}
		_, err := o.AddSource(x.ID, interval(x.PublishedOn))
		check(err, whole.AddSource(&x))
	}
	for i := range nodes {
		x := memgraph.Node{Key: uint32(i + 1), ID: fmt.Sprintf("p%07d", i), Type: cat.TypeAt(uint8(1 + i%5)).Enum}
		_, err := o.AddNode(x.ID, uint8(1+i%5), store.Interval{From: kg.MinDay, To: kg.MaxDay})
		check(err, whole.AddNode(&x))
	}
	hub := rand.NewZipf(r, 1.2, 20, uint64(nodes-1))
	for i := range links {
		kind := cat.Kinds[r.IntN(10)]
		x := memgraph.Link{
			Key: uint32(i + 1), ID: kg.LinkID(kind.Name, fmt.Sprint(i), "", "", "", ""), Kind: kind.Name,
			From: 1 + uint32(r.IntN(nodes)), To: 1 + uint32(hub.Uint64()), Role: []string{"", "member", "speaker"}[i%3],
			Since: day(i % 28), Until: day(i % 27), Sources: []uint32{1 + uint32(r.IntN(sources))},
			Unverified: int64(i % 2),
		}
		if i%8 == 0 {
			x.Sources = append(x.Sources, 1+x.Sources[0]%uint32(sources))
		}
		if i%16 == 1 {
			x.Refuters = []uint32{1 + uint32(r.IntN(sources))}
		}
		check(whole.AddLink(&x), o.AddLink(&memgraph.OutlineLink{
			ID: x.ID, Kind: kind.Index, From: x.From, To: x.To, Role: x.Role, Since: interval(x.Since),
			Until: interval(x.Until), Sources: x.Sources, Unverified: x.Unverified,
			Standing: kg.StandingOf(len(x.Sources), len(x.Refuters)),
		}))
	}
	return whole.Build(), o.Build()
}

// met is an arc by ids, and what is known of its link.
type met struct {
	from, to string
	out      bool
	link     string
}

// TestOutlinesAreWalkedAsGraphs asks an outline and the graph of the same records the same.
func TestOutlinesAreWalkedAsGraphs(t *testing.T) {
	const nodes = 150
	graph, o := outlined(t, nodes, 900, 20)
	cat := graph.Catalog()
	kinds := catalog.KindSet(1<<cat.Kinds[1].Index | 1<<cat.Kinds[2].Index)
	two, no, role, day := int64(2), false, "member", kg.Day(2001_01_20)
	all, refs := make([]uint32, nodes), make([]plan.Ref, nodes)
	for i := range all {
		all[i] = uint32(i + 1)
		refs[i] = plan.Ref{ID: fmt.Sprintf("p%07d", i), Types: cat.Entities}
	}
	for what, ref := range map[string]plan.Ref{
		"nobody":              {ID: "nobody", Types: cat.Entities},
		"one of another type": {ID: "p0000000", Types: 1 << cat.TypeAt(2).Index},
	} {
		_, _, err := o.Traverse(t.Context(), &plan.Walk{Refs: []plan.Ref{refs[0], ref}, Asked: 2})
		var at plan.RefError
		if kg.CodeOf(err) != kg.NotFound || !errors.As(err, &at) || at != 1 {
			t.Errorf("%s: %v", what, err)
		}
	}
	both := store.Way{Out: true, In: true}
	for _, f := range []*plan.LinkFilter{
		nil,
		{Kinds: &kinds},
		{MinSources: &two},
		{Verified: &no, Role: &plan.StringFilter{Eq: &role}},
		{Standing: []kg.Standing{kg.Disputed}},
		{Sources: []string{"s_0000001"}},
		{AsOf: &plan.DateFilter{From: day, To: day, Bounded: true}},
	} {
		for _, way := range []store.Way{
			both,
			{Out: true},
			{In: true},
			{Out: true, In: true, Loops: true},
			{Out: true, In: true, Among: all[:nodes/3]},
		} {
			answers := [2][]met{}
			middles := [2][]uint32{}
			for i, walk := range []func(context.Context, *plan.Walk) (store.Graph, []uint32, error){
				func(ctx context.Context, w *plan.Walk) (store.Graph, []uint32, error) { return graph.Walk(ctx, w) },
				func(ctx context.Context, w *plan.Walk) (store.Graph, []uint32, error) { return o.Traverse(ctx, w) },
			} {
				g, keys, err := walk(t.Context(), &plan.Walk{Refs: refs, Asked: len(refs), Links: f, SourceDates: true})
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(keys, all) {
					t.Fatal("not the entities that were named", keys)
				}
				err = g.Expand(t.Context(), all, way, func(k uint32, arcs []store.Arc) {
					for _, a := range arcs {
						answers[i] = append(answers[i], met{
							fmt.Sprint(g.Node(k)), fmt.Sprint(g.Node(a.To)), a.Out, fmt.Sprint(g.Link(a.Link)),
						})
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				slices.SortFunc(answers[i], func(a, b met) int {
					return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to), cmp.Compare(a.link, b.link),
						cmp.Compare(fmt.Sprint(a.out), fmt.Sprint(b.out)))
				})
				if middles[i], err = g.Middle(t.Context(), all[:20], all[20:50], way, both); err != nil {
					t.Fatal(err)
				}
				slices.Sort(middles[i])
			}
			if !slices.Equal(answers[0], answers[1]) || !slices.Equal(middles[0], middles[1]) || len(answers[0]) == 0 {
				t.Errorf("%+v, %+v: %d and %d links, or others; %d and %d in the middle", f, way, len(answers[0]),
					len(answers[1]), len(middles[0]), len(middles[1]))
			}
		}
	}
}

// BenchmarkOutline measures the memory of an outline, and the time in which all of its links are met from both ends.
func BenchmarkOutline(b *testing.B) {
	const nodes, links = 30_000, 100_000
	var before, after runtime.MemStats
	cat := parse(b)
	runtime.GC()
	runtime.ReadMemStats(&before)
	_, o := outlined(b, nodes, links, 500)
	runtime.GC()
	runtime.ReadMemStats(&after)
	perLink := float64(after.HeapAlloc-before.HeapAlloc) / links
	all := make([]uint32, nodes)
	for i := range all {
		all[i] = uint32(i + 1)
	}
	two, kinds := int64(2), catalog.KindSet(1<<cat.Kinds[1].Index|1<<cat.Kinds[2].Index)
	for _, c := range []struct {
		name   string
		filter *plan.LinkFilter
	}{{"all", nil}, {"kinds", &plan.LinkFilter{Kinds: &kinds}}, {"filter", &plan.LinkFilter{MinSources: &two}}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				g, _, err := o.Traverse(b.Context(), &plan.Walk{Links: c.filter})
				if err != nil {
					b.Fatal(err)
				}
				n := 0
				err = g.Expand(b.Context(), all, store.Way{Out: true, In: true}, func(_ uint32, arcs []store.Arc) {
					n += len(arcs)
				})
				if err != nil || n == 0 {
					b.Fatal(err, n)
				}
			}
			b.ReportMetric(perLink, "B/link")
		})
	}
}
