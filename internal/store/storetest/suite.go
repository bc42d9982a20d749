package storetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/store"
)

// Factory opens the store that Run holds to its contract, and says how much may be asked of it.
type Factory struct {
	Catalog *catalog.Catalog
	// Open returns an empty store. A load of it happens at Clock. Run has no use for what an earlier call returned.
	Open func(t *testing.T) store.Store
	// Reopen opens with a catalogue what was opened last and is closed. Its error is what somebody reads who starts the
	// program.
	Reopen func(t *testing.T, cat *catalog.Catalog) (store.Store, error)
	Draws  Draws
	// Damages are the ways in which what follows from records, and what they rest on, can be damaged: see repairs.
	Damages []Damaging
}

// Draws is how much is asked. What is 0 stands for as much as suits a store that answers a new question within a
// millisecond.
type Draws struct {
	Graphs   int // random graphs of each part, and Rounds times as many
	Answers  int // random plans on each graph
	Searches int
	Walks    int
	Patterns int
	Wholes   int // filters through which each graph is seen whole
	Loads    int // one after another, in place of a graph
	// Turns is for a store that takes long to plan a new question: of what is listed one question in many is asked,
	// others in each run. See Turns.
	Turns bool
}

// orElse fills in what is 0.
func (d Draws) orElse(e Draws) Draws {
	for _, x := range []struct{ n, other *int }{
		{&d.Graphs, &e.Graphs},
		{&d.Answers, &e.Answers},
		{&d.Searches, &e.Searches},
		{&d.Walks, &e.Walks},
		{&d.Patterns, &e.Patterns},
		{&d.Wholes, &e.Wholes},
		{&d.Loads, &e.Loads},
	} {
		if *x.n == 0 {
			*x.n = *x.other
		}
	}
	return d
}

// Difference is something that a store may do otherwise than the contract asks.
type Difference string

// The differences that are allowed. A store must differ in those that are named for it, and in no other.
const (
	// LoadsInParts is that a load that fails may leave a part of itself: see store.Loader.Atomic.
	LoadsInParts Difference = "a load that fails leaves a part of itself"
	// ManyStates is that the questions under one store.View see each its own state of the graph.
	ManyStates Difference = "questions of one operation see different states"
	// NotKeyed is that what a walk has met is read by id, as the walk is no store.Keyed.
	NotKeyed Difference = "a walk does not read records by key"
)

// Known names the differences of a store, each with its reason.
type Known map[Difference]string

// suite is what the parts of Run share.
type suite struct {
	Factory
	known Known
	met   map[Difference]bool // those that a test has looked at
}

// differs reports whether the store is said to differ.
func (s *suite) differs(d Difference) bool {
	s.met[d] = true
	_, ok := s.known[d]
	return ok
}

// wrong returns what is wrong with the known differences, once all parts have run.
func (s *suite) wrong() (out []string) {
	for _, d := range slices.Sorted(maps.Keys(s.known)) {
		if strings.TrimSpace(s.known[d]) == "" {
			out = append(out, fmt.Sprintf("it is known that %s: say why", d))
		}
		if !s.met[d] {
			out = append(out, fmt.Sprintf("it is known that %s, and no test looks at that", d))
		}
	}
	return out
}

// Run holds a store to the contract of package store. What it asks is answered by the oracle too, or stands beside the
// question. known names the differences that the store may have.
func Run(t *testing.T, f Factory, known Known) {
	t.Helper()
	f.Draws = f.Draws.orElse(Draws{Graphs: 3, Answers: 63, Searches: 42, Walks: 40, Patterns: 63, Wholes: 17, Loads: 8})
	s := &suite{f, known, map[Difference]bool{}}
	d := f.Draws
	parts := []struct {
		name string
		run  func(t *testing.T)
	}{
		{"answers", func(t *testing.T) { RunRandom(t, f.Catalog, f.Open, d.Graphs, d.Answers) }},
		{"answers to many at once", s.manyAtOnce},
		{"answers to one operation", s.oneOperation},
		{"searches", func(t *testing.T) { RunSearches(t, f.Catalog, f.Open, d.Graphs, d.Searches) }},
		{"negations", s.negations},
		{"walks", func(t *testing.T) { RunWalks(t, f.Catalog, f.Open, d.Graphs, d.Walks) }},
		{"walks read by key", s.readByKey},
		{"patterns", func(t *testing.T) { RunPatterns(t, f.Catalog, f.Open, d.Graphs, d.Patterns) }},
		{"whole graphs", func(t *testing.T) { RunWhole(t, f.Catalog, f.Open, d.Graphs, d.Wholes) }},
		{"loads", func(t *testing.T) { runLoads(t, f.Catalog, f.Open, d.Graphs, d.Loads) }},
		{"loads one after another", s.loadsInOrder},
		{"loads of several batches", s.batches},
		{"loads that fail", s.failingLoads},
		{"loads two at once", s.twoLoads},
		{"writes", s.writes},
		{"writes that delete what they changed", s.changedThenDeleted},
		{"writes many at once", s.manyWrites},
		{"compactions", s.compactions},
		{"compactions beside writers", s.compactsBesideWriters},
		{"scans", s.scans},
		{"types", s.types},
		{"former ids", s.formerIDs},
		{"checks", s.checks},
		{"repairs", s.repairs},
		{"repairs beside writers", s.repairsBesideWriters},
		{"errors", s.errors},
		{"cancelling", s.cancelling},
		{"readiness", s.readiness}, // it closes the store, as the next does
		{"own types", s.ownTypes},
	}
	ran := 0
	for _, p := range parts {
		t.Run(p.name, func(t *testing.T) {
			ran++
			p.run(t)
		})
	}
	if ran < len(parts) {
		return // -run has left some out
	}
	for _, w := range s.wrong() {
		t.Error(w)
	}
}

// part returns those of all that are asked in this run.
func part[T any](t *testing.T, s *suite, all []T) []T {
	t.Helper()
	if s.Draws.Turns {
		return Part(t, all)
	}
	return all
}

// filled opens a store and fills it and an oracle.
func (s *suite) filled(t *testing.T, b *store.Batch) (*Oracle, store.Store) {
	t.Helper()
	oracle, x := NewOracle(s.Catalog, Clock), s.Open(t)
	for _, into := range []store.Store{oracle, x} {
		c := *b
		if err := Fill(t.Context(), into, &c); err != nil {
			t.Fatal(err)
		}
	}
	return oracle, x
}
