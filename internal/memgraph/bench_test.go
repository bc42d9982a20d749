package memgraph_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/throughline/throughline/internal/cputime"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/memgraph"
)

// world is a graph of people, institutions, events, quotes and themes, of about the shape of the one in bench, which is
// measured. It has about 13.5 links for each of the people.
func world(tb testing.TB, people int) *memgraph.Graph {
	tb.Helper()
	r := rand.New(rand.NewPCG(1, uint64(people)))
	institutions, events, quotes, sources := people/20, people/10, 2*people, max(20, people/100)
	const themes = 200
	b := memgraph.NewBuilder(memgraph.New(parse(tb)), 1)
	check := func(err error) {
		if err != nil {
			tb.Fatal(err)
		}
	}
	for i := range sources {
		check(b.AddSource(&memgraph.Source{
			Key: uint32(i + 1), ID: fmt.Sprintf("s_%07d", i),
			Title: fmt.Sprint("Report ", i), Kind: "ARTICLE",
		}))
	}
	var key uint32
	words := []string{
		"security", "harvest", "migration", "climate", "border", "heritage", "health", "language",
		"river", "trade", "schooling", "justice",
	}
	word := func() string { return words[r.IntN(len(words))] }
	nodes := func(n int, typ, prefix string, name func(i int) (string, string)) (first uint32) {
		first = key + 1
		for i := range n {
			key++
			name, description := name(i)
			check(b.AddNode(&memgraph.Node{
				Key: key, ID: fmt.Sprintf("%s%07d", prefix, i), Type: typ, Name: name,
				Description: description, Created: 1, Updated: 1,
			}))
		}
		return first
	}
	theme := nodes(themes, "THEME", "t", func(i int) (string, string) { return fmt.Sprint(word(), " ", i), "" })
	institution := nodes(institutions, "INSTITUTION", "i", func(i int) (string,
		string,
	) {
		return fmt.Sprintf("Institute of %s %d", word(), i), ""
	})
	event := nodes(events, "EVENT", "e", func(i int) (string, string) {
		return fmt.Sprintf("%s congress %d", word(), i),
			""
	})
	person := nodes(people, "PERSON", "p", func(int) (string, string) {
		return fmt.Sprintf("%s %s%d", names[r.IntN(len(names))], names[r.IntN(len(names))],
			r.IntN(people)), fmt.Sprintf("Worked on %s %s and %s.", word(), word(), word())
	})
	quote := nodes(quotes, "QUOTE", "q", func(i int) (string, string) {
		return fmt.Sprintf("No. %d: there is no %s", i,
			word()), ""
	})
	var links uint32
	zipf := func(v float64, first uint32, n int) func() uint32 {
		z := rand.NewZipf(r, 1.2, v, uint64(n-1))
		return func() uint32 { return first + uint32(z.Uint64()) }
	}
	member, visited, about := zipf(20, institution, institutions), zipf(20, event, events), zipf(2, theme, themes)
	link := func(kind string, from, to uint32, role string) {
		links++
		l := memgraph.Link{
			Key: links, Kind: kind, From: from, To: to, Role: role, Created: 1, Updated: 1,
			Sources: []uint32{1 + uint32(r.IntN(sources))},
		}
		l.ID = kg.LinkID(kind, fmt.Sprint(from), fmt.Sprint(to), fmt.Sprint(role, links), "", "")
		check(b.AddLink(&l))
	}
	anybody := func() uint32 { return person + uint32(r.IntN(people)) }
	for i := range uint32(events) {
		for range 1 + r.IntN(4) {
			link("ADDRESSED", event+i, about(), "")
			link("ORGANIZED", institution+uint32(r.IntN(institutions)), event+i, "")
		}
	}
	for i := range uint32(people) {
		for range 1 + r.IntN(5) {
			link("AFFILIATED_WITH", person+i, member(), "member")
		}
		for range r.IntN(5) {
			link("PARTICIPATED_IN", person+i, visited(), "speaker")
		}
	}
	for i := range uint32(quotes) {
		link("SAID", anybody(), quote+i, "")
		link("SAID_AT", quote+i, visited(), "")
		for range 1 + r.IntN(3) {
			link("ABOUT", quote+i, about(), "")
		}
	}
	return b.Build()
}

var names = []string{
	"Aino", "Bela", "Carla", "Dmitri", "Edith", "Faris", "Gwen", "Hanna", "Igor", "Juno", "Katya",
	"Lorenz", "Mina", "Nikos", "Oskar", "Paula", "Rita", "Stefan", "Thea", "Ulla",
}

// BenchmarkVersion is what the next version costs where one record is new or changes: at 13,500 links, and at 1.35
// million.
func BenchmarkVersion(b *testing.B) {
	for _, people := range []int{1000, 100_000} {
		graph := world(b, people)
		runtime.GC()
		n := graph.Counts()
		b.Logf("%d nodes, %d links", n.Nodes, n.Links)
		r := rand.New(rand.NewPCG(2, 2))
		someone := func() uint32 { return uint32(200 + people/20 + people/10 + r.IntN(people) + 1) }
		anything := func() uint32 { return 1 + uint32(r.IntN(int(n.Nodes))) }
		node := func(k uint32) *memgraph.Node {
			return &memgraph.Node{
				Key: k, ID: fmt.Sprintf("x%07d", k), Type: "PERSON",
				Name: fmt.Sprintf("%s %s%d", names[r.IntN(len(names))], names[r.IntN(len(names))],
					r.IntN(people)), Description: "Worked on rivers and trade.", Created: 2, Updated: 2,
			}
		}
		link := func(k, from, to uint32) *memgraph.Link {
			return &memgraph.Link{
				Key: k, ID: kg.LinkID("KNOWS", fmt.Sprint(k), "", "", "", ""),
				Kind: "AFFILIATED_WITH", From: from, To: to, Role: "fellow", Created: 2, Updated: 2, Sources: []uint32{1 +
					uint32(r.IntN(20))},
			}
		}
		var made []uint32 // nodes that a benchmark has made
		for _, c := range []struct {
			name   string
			change func(b *memgraph.Builder, had memgraph.Counts) error
		}{
			{"a new link", func(b *memgraph.Builder, had memgraph.Counts) error {
				had.Links++
				b.Reserve(had, memgraph.Keys{})
				return b.AddLink(link(uint32(had.Links), someone(), someone()))
			}},
			{"a new link to anything", func(b *memgraph.Builder, had memgraph.Counts) error {
				had.Links++
				b.Reserve(had, memgraph.Keys{})
				return b.AddLink(link(uint32(had.Links), someone(), anything()))
			}},
			{"a new link to a hub", func(b *memgraph.Builder, had memgraph.Counts) error {
				had.Links++
				b.Reserve(had, memgraph.Keys{})
				return b.AddLink(link(uint32(had.Links), someone(), 201))
			}},
			{"a link that changes", func(b *memgraph.Builder, had memgraph.Counts) error {
				k := uint32(had.Links) - uint32(r.IntN(8))
				b.Reserve(had, memgraph.Keys{Links: []uint32{k}})
				return b.AddLink(link(k, someone(), someone()))
			}},
			{"a new node", func(b *memgraph.Builder, had memgraph.Counts) error {
				had.Nodes++
				made = append(made, uint32(had.Nodes))
				b.Reserve(had, memgraph.Keys{})
				return b.AddNode(node(uint32(had.Nodes)))
			}},
			{"a node that changes", func(b *memgraph.Builder, had memgraph.Counts) error {
				k := made[r.IntN(len(made))]
				b.Reserve(had, memgraph.Keys{Nodes: []uint32{k}})
				return b.AddNode(node(k))
			}},
		} {
			b.Run(fmt.Sprintf("%s of %d", c.name, n.Links), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					next := memgraph.NewBuilder(graph, graph.Seq()+1)
					if err := c.change(next, graph.Largest()); err != nil {
						b.Fatal(err)
					}
					graph = next.Build()
				}
			})
		}
	}
}

// BenchmarkLongest measures the processor time of the longest of 24,000 changes at 1.35 million links, a new node or a
// new link to a large institution in turn: where indexes are merged and lists laid out 50 changes later, which is not
// counted, and where the change that fills them does it.
func BenchmarkLongest(b *testing.B) {
	for _, later := range []int{50, 0} {
		graph := world(b, 100_000)
		full := 0
		change := func(add func(next *memgraph.Builder, had memgraph.Counts) error) time.Duration {
			began := cputime.Used()
			next := memgraph.NewBuilder(graph, graph.Seq()+1)
			if err := add(next, graph.Largest()); err != nil {
				b.Fatal(err)
			}
			graph = next.Build()
			took := cputime.Used() - began
			if graph.Full() {
				if full++; full > later {
					full = 0
					graph.Merge()
				}
			}
			if later == 0 {
				took = cputime.Used() - began
			}
			return took
		}
		b.Run(fmt.Sprintf("merged %d changes later", later), func(b *testing.B) {
			var all []time.Duration
			for b.Loop() {
				for range 12_000 {
					all = append(all, change(func(next *memgraph.Builder, had memgraph.Counts) error {
						had.Links++
						k := uint32(had.Links)
						next.Reserve(had, memgraph.Keys{})
						return next.AddLink(&memgraph.Link{
							Key: k, ID: kg.LinkID("KNOWS", fmt.Sprint(k), "", "", "", ""), Kind: "AFFILIATED_WITH",
							From: 20_000 + k%90_000, To: 201 + k%100, Role: "fellow", Sources: []uint32{1 + k%20},
						})
					}), change(func(next *memgraph.Builder, had memgraph.Counts) error {
						had.Nodes++
						k := uint32(had.Nodes)
						next.Reserve(had, memgraph.Keys{})
						return next.AddNode(&memgraph.Node{
							Key: k, ID: fmt.Sprintf("x%07d", k), Type: "PERSON", Name: fmt.Sprintf("%s %d", names[int(k)%len(names)], k),
							Description: "Worked on rivers and trade.",
						})
					}))
				}
			}
			slices.Sort(all)
			b.ReportMetric(all[len(all)-1].Seconds()*1000, "longest-ms")
			b.ReportMetric(all[len(all)*9995/10000].Seconds()*1000, "p99.95-ms")
			b.ReportMetric(all[len(all)/2].Seconds()*1000, "median-ms")
		})
	}
}

// BenchmarkMerge measures merging the small indexes into the large ones at 1.35 million links: those of hashes
// after 450 changed nodes, those of words after 4,050.
func BenchmarkMerge(b *testing.B) {
	const steps, changes = 9, 450
	graph := world(b, 100_000)
	for range steps {
		next, had := memgraph.NewBuilder(graph, graph.Seq()+1), graph.Largest()
		first := uint32(had.Nodes) + 1
		had.Nodes += changes
		next.Reserve(had, memgraph.Keys{})
		for i := range uint32(changes) {
			if err := next.AddNode(&memgraph.Node{
				Key: first + i, ID: fmt.Sprintf("x%07d", first+i), Type: "PERSON",
				Name:        fmt.Sprintf("%s %d", names[int(i)%len(names)], first+i),
				Description: "Worked on rivers and trade.",
			}); err != nil {
				b.Fatal(err)
			}
		}
		graph = next.Build()
	}
	b.Run("hashes", func(b *testing.B) {
		for b.Loop() {
			graph.MergeFinding()
		}
	})
	b.Run("words", func(b *testing.B) {
		for b.Loop() {
			graph.MergeWords()
		}
	})
}

// BenchmarkRefuted measures a version in which one more link is REFUTED, where 100 and where 10,000 are.
func BenchmarkRefuted(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		graph := world(b, 1000)
		r := rand.New(rand.NewPCG(3, 3))
		add := func(links int) {
			next, had := memgraph.NewBuilder(graph, graph.Seq()+1), graph.Largest()
			first := uint32(had.Links) + 1
			had.Links += int64(links)
			next.Reserve(had, memgraph.Keys{})
			for i := range uint32(links) {
				if err := next.AddLink(&memgraph.Link{
					Key: first + i, ID: kg.LinkID("KNOWS", fmt.Sprint(first+i), "", "", "", ""), Kind: "AFFILIATED_WITH",
					From: uint32(351 + r.IntN(1000)), To: uint32(201 + r.IntN(50)), Refuters: []uint32{1},
				}); err != nil {
					b.Fatal(err)
				}
			}
			graph = next.Build()
		}
		add(n)
		b.Run(fmt.Sprint("one more than ", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				add(1)
			}
		})
	}
}
