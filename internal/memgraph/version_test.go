package memgraph_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/memgraph"
)

// records are what a graph is made of, by key.
type records struct {
	*rand.Rand
	cat     *catalog.Catalog
	sources map[uint32]*memgraph.Source
	nodes   map[uint32]*memgraph.Node
	links   map[uint32]*memgraph.Link
	largest memgraph.Counts
}

// names are few, so that some sort alike, and of which many come just before or behind another.
func (r *records) name() string {
	switch r.IntN(4) {
	case 0:
		return []string{"Ann", "ann", "Änn", "Bo", "Zoë Zoë", "von Ann"}[r.IntN(6)]
	case 1:
		return fmt.Sprintf("Bo %06d", 500_000-r.largest.Nodes) // ever earlier
	case 2:
		return fmt.Sprintf("Carl %06d", r.largest.Nodes)
	}
	return fmt.Sprintf("Dora %d %d", r.IntN(40), r.IntN(3))
}

func (r *records) fill(n *memgraph.Node) {
	n.Name, n.Updated = r.name(), int64(r.IntN(9))
	n.Aliases, n.ExternalIDs, n.Description = nil, nil, ""
	if r.IntN(3) == 0 {
		n.Aliases = []string{r.name(), r.name()}
	}
	if r.IntN(4) == 0 {
		n.ExternalIDs = []kg.ExternalID{{Scheme: "x", Value: fmt.Sprint("V", r.IntN(9))}}
	}
	if n.FormerIDs = nil; r.IntN(4) == 0 {
		n.FormerIDs = []string{fmt.Sprint("was-", n.Key), fmt.Sprint("once-", n.Key, "-", r.IntN(3))}
	}
	if r.IntN(2) == 0 {
		n.Description = fmt.Sprintf("words of %s and %d", r.name(), r.IntN(30))
	}
}

// change is one version's: the keys of what was and is not as it was, and of what is to be added.
type change struct {
	had                   memgraph.Counts
	gone                  memgraph.Keys
	sources, nodes, links map[uint32]bool
}

func (r *records) pick(of []uint32) uint32 { return of[r.IntN(len(of))] }

// step changes one record.
func (r *records) step(c *change) {
	nodes, links := slices.Sorted(maps.Keys(r.nodes)), slices.Sorted(maps.Keys(r.links))
	was := func(list *[]uint32, k uint32, last int64) {
		if int64(k) <= last && !slices.Contains(*list, k) {
			*list = append(*list, k)
		}
	}
	fillLink := func(l *memgraph.Link) {
		l.From, l.To, l.Kind = r.pick(nodes), r.pick(nodes), r.cat.Kinds[r.IntN(3)].Name
		l.Role, l.Since = []string{"", "chair", fmt.Sprint("role ", r.IntN(50))}[r.IntN(3)], []string{
			"", "1990",
			fmt.Sprint(1900 + r.IntN(99)),
		}[r.IntN(3)]
		l.Sources, l.Refuters, l.Unverified = nil, nil, int64(r.IntN(3))
		all := []uint32{1, 2, 3}
		for s := range r.sources {
			all = append(all, s)
		}
		slices.Sort(all)
		if r.IntN(5) > 0 {
			l.Sources = append(l.Sources, r.pick(all))
			if s := r.pick(all); s != l.Sources[0] && r.IntN(3) == 0 {
				l.Sources = append(l.Sources, s)
			}
		}
		if r.IntN(5) == 0 {
			l.Refuters = append(l.Refuters, r.pick(all))
		}
	}
	switch r.IntN(9) {
	case 0, 1: // a new node
		r.largest.Nodes++
		k := uint32(r.largest.Nodes)
		n := &memgraph.Node{
			Key: k, ID: fmt.Sprintf("%c%d", "Nn"[r.IntN(2)], k), Type: r.cat.Types[r.IntN(3)].Enum,
			Created: int64(k),
		}
		r.fill(n)
		r.nodes[k], c.nodes[k] = n, true
	case 2: // a node that changes
		k := r.pick(nodes)
		n := *r.nodes[k]
		name := n.Name
		r.fill(&n)
		if r.IntN(2) == 0 {
			n.Name = name
		}
		r.nodes[k], c.nodes[k] = &n, true
		was(&c.gone.Nodes, k, c.had.Nodes)
	case 3: // a node that goes, if nothing is linked to it
		k := r.pick(nodes)
		for _, l := range r.links {
			if l.From == k || l.To == k {
				return
			}
		}
		if len(nodes) < 10 || c.nodes[k] {
			return
		}
		delete(r.nodes, k)
		was(&c.gone.Nodes, k, c.had.Nodes)
	case 4, 5, 6: // a new link
		r.largest.Links++
		k := uint32(r.largest.Links)
		l := &memgraph.Link{Key: k, ID: fmt.Sprintf("l_%d_%d", r.IntN(100), k), Created: int64(r.IntN(9))}
		if r.IntN(2) == 0 {
			l.ID = fmt.Sprintf("l_50_%06d", 500_000-k) // ever earlier
		}
		fillLink(l)
		r.links[k], c.links[k] = l, true
	case 7: // a link that changes
		if len(links) == 0 {
			return
		}
		k := r.pick(links)
		l := *r.links[k]
		if r.IntN(3) == 0 {
			l.Role, l.Updated = fmt.Sprint("role ", r.IntN(50)), int64(r.IntN(99))
		} else {
			fillLink(&l)
		}
		r.links[k], c.links[k] = &l, true
		was(&c.gone.Links, k, c.had.Links)
	case 8: // a link that goes; seldom a source that is new or changes
		if r.IntN(8) == 0 {
			k := 1 + uint32(r.IntN(int(r.largest.Sources)+1))
			r.largest.Sources = max(r.largest.Sources, int64(k))
			r.sources[k], c.sources[k] = &memgraph.Source{
				Key: k, ID: fmt.Sprintf("s_%d", k), Title: r.name(),
				Kind: "BOOK", PublishedOn: "1999", Text: "words of " + r.name(), ContentHash: "x",
			}, true
			was(&c.gone.Sources, k, c.had.Sources)
			return
		}
		if len(links) == 0 {
			return
		}
		k := r.pick(links)
		if c.links[k] {
			return
		}
		delete(r.links, k)
		was(&c.gone.Links, k, c.had.Links)
	}
}

// build adds the records of a change.
func (r *records) build(t *testing.T, b *memgraph.Builder, c *change) *memgraph.Graph {
	t.Helper()
	b.Reserve(r.largest, c.gone)
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(c.sources)) {
		check(b.AddSource(r.sources[k]))
	}
	for _, k := range slices.Sorted(maps.Keys(c.nodes)) {
		if n := r.nodes[k]; n != nil {
			check(b.AddNode(n))
		}
	}
	for _, k := range slices.Sorted(maps.Keys(c.links)) {
		if l := r.links[k]; l != nil {
			check(b.AddLink(l))
		}
	}
	return b.Build()
}

// atOnce makes a graph of all records.
func (r *records) atOnce(t *testing.T) *memgraph.Graph {
	t.Helper()
	c := &change{sources: map[uint32]bool{}, nodes: map[uint32]bool{}, links: map[uint32]bool{}}
	for k := range r.sources {
		c.sources[k] = true
	}
	for k := range r.nodes {
		c.nodes[k] = true
	}
	for k := range r.links {
		c.links[k] = true
	}
	return r.build(t, memgraph.NewBuilder(memgraph.New(r.cat), 1), c)
}

func newRecords(t *testing.T, seed uint64, nodes, links int) *records {
	t.Helper()
	r := &records{
		Rand: rand.New(rand.NewPCG(seed,
			1)), cat: parse(t), sources: map[uint32]*memgraph.Source{}, nodes: map[uint32]*memgraph.Node{}, links: map[uint32]*memgraph.Link{},
	}
	for k := uint32(1); k <= 3; k++ {
		r.sources[k] = &memgraph.Source{Key: k, ID: fmt.Sprint("s_", k), Title: r.name(), Kind: "BOOK"}
	}
	r.largest.Sources = 3
	for k := uint32(1); k <= 5; k++ {
		r.nodes[k] = &memgraph.Node{Key: k, ID: fmt.Sprint("first", k), Type: r.cat.Types[0].Enum}
		r.fill(r.nodes[k])
	}
	r.largest.Nodes = 5
	for len(r.nodes) < nodes || len(r.links) < links {
		r.step(r.nothing())
	}
	return r
}

// nothing returns a change that changes nothing yet.
func (r *records) nothing() *change {
	return &change{had: r.largest, sources: map[uint32]bool{}, nodes: map[uint32]bool{}, links: map[uint32]bool{}}
}

// same reports what two graphs hold that is not the same.
func same(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for name, w := range want {
		if g := got[name]; g != w {
			i := 0
			for i < len(g) && i < len(w) && g[i] == w[i] {
				i++
			}
			i = max(0, i-80)
			t.Fatalf("%s: %s is otherwise from byte %d on\n%.300s\nwant\n%.300s", what, name, i, g[i:], w[i:])
		}
	}
}

// TestVersionsAreWhatIsMadeAtOnce makes long rows of versions, most of them by few changes, and holds them against
// graphs that are made of the same records at once, or of a dump; and that a version stays what it was when others
// follow. Full indexes are merged at random moments.
func TestVersionsAreWhatIsMadeAtOnce(t *testing.T) {
	memgraph.Crowd(t)
	var last, some, recent int
	var took [3]int
	for seed := range uint64(few(4)) {
		r := newRecords(t, seed, 30+int(seed)*150, 100*int(seed))
		graph := r.atOnce(t)
		kept, was := graph, graph.Describe()
		for step := range 400 {
			c := r.nothing()
			changes := 1 + r.IntN(3)
			if step%90 == 89 {
				changes = 60 // all is put in order at once
			}
			for range changes {
				r.step(c)
			}
			if r.IntN(12) == 0 {
				graph.Merge() // what may have been full many versions ago
			}
			words, finding, lists := graph.Merged()
			graph = r.build(t, memgraph.NewBuilder(graph, int64(step+2)), c)
			if w, f, l := graph.Merged(); changes < 60 {
				for i, taken := range [3]bool{words && !w, finding && !f, lists && !l} {
					if taken {
						took[i]++
					}
				}
			}
			a, b, x := graph.Tiers()
			last, some, recent = max(last, a), max(some, b), max(recent, x)
			if step%5 != 0 && step < 390 {
				continue
			}
			what := fmt.Sprintf("graph %d, version %d", seed, step)
			is := graph.Describe()
			same(t, what, is, r.atOnce(t).Describe())
			same(t, what+": the version before", kept.Describe(), was)
			kept, was = graph, is
			if step%20 != 0 {
				continue
			}
			var dump [][]byte
			for d := range graph.Dump() {
				own := memgraph.Aligned(len(d))
				copy(own, d)
				dump = append(dump, own)
			}
			restored, err := memgraph.Restore(r.cat, graph.Seq(), graph.Wasted(), dump)
			if err != nil {
				t.Fatal(err)
			}
			same(t, what+", restored", restored.Describe(), is)
			if r.IntN(2) == 0 {
				graph = restored
			}
		}
	}
	if slices.Contains(took[:], 0) {
		t.Errorf("so often a version took words, hashes and lists that were made behind it: %v", took)
	}
	if last == 0 || some == 0 || recent == 0 {
		t.Errorf("at most %d nodes were in the last tier, %d in the one before, and %d entries were recent", last, some,
			recent)
	}
}

// TestAVersionIsReadWhileOthersAreMade reads versions in other goroutines while the next ones are made: the race
// detector looks on.
func TestAVersionIsReadWhileOthersAreMade(t *testing.T) {
	memgraph.Crowd(t)
	r := newRecords(t, 1, 100, 200)
	graph := r.atOnce(t)
	versions := make(chan *memgraph.Graph, 4)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for v := range versions {
			v.Describe()
			v.Merge()
		}
	}()
	for step := range 200 {
		c := r.nothing()
		r.step(c)
		graph = r.build(t, memgraph.NewBuilder(graph, int64(step+2)), c)
		versions <- graph
	}
	close(versions)
	<-done
}
