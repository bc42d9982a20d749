package graph_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/sample"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/store/storetest"
)

// both loads the sample into the oracle and the embedded store.
func both(t *testing.T) (*catalog.Catalog, [2]store.Store) {
	t.Helper()
	cat := parse(t)
	clock := func() time.Time { return time.UnixMilli(1_700_000_000_000) }
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Catalog: cat, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	stores := [2]store.Store{storetest.NewOracle(cat, clock), s}
	for _, s := range stores {
		if _, err := sample.Load(t.Context(), cat, s); err != nil {
			t.Fatal(err)
		}
	}
	return cat, stores
}

type entry struct {
	Cursor string
	Score  float64
	Rank   int
	Node   struct{ ID, Name string }
}

type listPage struct {
	TotalCount int
	PageInfo   struct {
		HasNextPage, HasPreviousPage bool
		StartCursor, EndCursor       string
	}
	Edges  []entry
	Facets json.RawMessage
}

func page(t *testing.T, e *graph.Engine, q string) listPage {
	t.Helper()
	var got struct {
		Data   map[string]listPage
		Errors []json.RawMessage
	}
	answer := ask(t, e, q, nil)
	if err := json.Unmarshal([]byte(answer), &got); err != nil || len(got.Errors) > 0 {
		t.Fatalf("%s: %.600s", q, answer)
	}
	return got.Data["x"]
}

const wantedOfPage = ` { totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id name } %s } }`

// walk reads a list page by page, forwards and backwards, and tells the ids.
func walk(t *testing.T, e *graph.Engine, field, args, more string, n int) (ids []string, total int) {
	t.Helper()
	after := ""
	for range 1000 {
		p := page(t, e, fmt.Sprintf(`{ x: %s(%s first: %d%s)`+wantedOfPage+` }`, field, args, n, after, more))
		total = p.TotalCount
		for _, x := range p.Edges {
			ids = append(ids, x.Node.ID)
		}
		if !p.PageInfo.HasNextPage {
			break
		}
		after = fmt.Sprintf(` after: %q`, p.PageInfo.EndCursor)
	}
	before := ""
	var back []string
	for range 1000 {
		p := page(t, e, fmt.Sprintf(`{ x: %s(%s last: %d%s)`+wantedOfPage+` }`, field, args, n, before, more))
		var here []string
		for _, x := range p.Edges {
			here = append(here, x.Node.ID)
		}
		back = append(here, back...)
		if !p.PageInfo.HasPreviousPage {
			break
		}
		before = fmt.Sprintf(` before: %q`, p.PageInfo.StartCursor)
	}
	if !slices.Equal(ids, back) {
		t.Errorf("%s(%s) by %d: forwards %v, backwards %v", field, args, n, ids, back)
	}
	return ids, total
}

func TestListsInTheOrderOfAMeasure(t *testing.T) {
	cat, stores := both(t)
	for _, filter := range []string{
		"", `where: {linkCount: {gte: 2}}`, `where: {name: {contains: "zzz"}}`,
		`where: {linkedTo: {entity: {name: "NATO"}}}`,
	} {
		for _, field := range []string{"people", "themes"} {
			for _, measure := range []string{"PAGE_RANK", "BETWEENNESS"} {
				var first []string
				for _, s := range stores {
					e := engine(t, cat, s)
					// what fits, and each one's score, from elsewhere
					fits := page(t, e, fmt.Sprintf(`{ x: %s(%s first: 100)`+wantedOfPage+` }`, field, filter, "")).Edges
					typ := map[string]string{"people": "PERSON", "themes": "THEME"}[field]
					scores := map[string]float64{}
					for _, x := range page(t, e,
						fmt.Sprintf(`{ x: centrality(by: %s types: [%s] first: 100)`+wantedOfPage+` }`, measure, typ,
							"score rank")).Edges {
						scores[x.Node.ID] = x.Score
					}
					slices.SortFunc(fits, func(a, b entry) int {
						switch d := scores[b.Node.ID] - scores[a.Node.ID]; {
						case d > 0:
							return 1
						case d < 0:
							return -1
						}
						return strings.Compare(a.Node.ID, b.Node.ID)
					})
					want := make([]string, len(fits))
					for i := range fits {
						want[i] = fits[i].Node.ID
					}
					for _, n := range []int{1, 3, 100} {
						args := fmt.Sprintf(`%s orderBy: [{field: %s, direction: DESC}]`, filter, measure)
						got, total := walk(t, e, field, args, "", n)
						if !slices.Equal(got, want) || total != len(want) {
							t.Errorf("%s(%s) by %d on %s: %v of %d, want %v", field, args, n, s.Kind(), got, total,
								want)
						}
					}
					up, _ := walk(t, e, field, fmt.Sprintf(`%s orderBy: [{field: %s}]`, filter, measure), "", 7)
					ascending := slices.Clone(want) // equal ones stand by id either way
					slices.SortStableFunc(ascending, func(a, b string) int { return cmp.Compare(scores[a], scores[b]) })
					if !slices.Equal(up, ascending) {
						t.Errorf("%s(%s) ascending by %s on %s: %v, want %v", field, filter, measure, s.Kind(), up,
							ascending)
					}
					if first == nil {
						first = want
					}
					if !slices.Equal(first, want) {
						t.Errorf("%s(%s) by %s: %v on the oracle, %v on %s", field, filter, measure, first, want,
							s.Kind())
					}
				}
			}
		}
	}
}

func TestWholeGraphAnswersAreTheOraclesToTheByte(t *testing.T) {
	cat, stores := both(t)
	oracle, embedded := engine(t, cat, stores[0]), engine(t, cat, stores[1])
	asked := 0
	for _, where := range []string{
		"", `where: {other: {types: [PERSON, EVENT]}}`, `where: {kinds: [SAID]}`,
		`where: {other: {linkedTo: {entity: {name: "NATO"}}}}`, `where: {asOf: "2021"}`, `where: {kinds: []}`,
	} {
		for _, types := range []string{"", "types: [PERSON, THEME]", "types: []"} {
			args := where + " " + types + " first: 4"
			for _, q := range []string{
				`{ a: centrality(by: DEGREE %[1]s) { sampled pivots totalCount edges { rank score error certain cursor node { id type linkCount } } }
				   b: centrality(by: PAGE_RANK %[1]s) { sampled pivots nodes { name } edges { rank score error certain } pageInfo { hasNextPage endCursor } }
				   c: centrality(by: BETWEENNESS %[1]s) { sampled pivots edges { rank score error certain node { id } } }
				   d: centrality(by: BETWEENNESS pivots: 7 %[1]s) { sampled pivots edges { rank score error certain cursor node { id } } } }`,
				`{ a: centrality(by: DEGREE parallel: ONCE %[1]s) { edges { rank score node { id } } }
				   b: centrality(by: PAGE_RANK parallel: ONCE %[1]s) { edges { rank score node { id } } }
				   c: centrality(by: BETWEENNESS parallel: ONCE %[1]s) { edges { rank score node { id } } }
				   d: centrality(by: BETWEENNESS parallel: ONCE pivots: 30 %[1]s) { sampled pivots edges { rank score error certain node { id } } }
				   communities(parallel: ONCE %[1]s minSize: 1) { modularity nodes { label internalLinks externalLinks members { edges { links node { id } } } } } }`,
				`{ communities(%[1]s resolution: 0.8 minSize: 1) { modularity totalCount pageInfo { startCursor }
				   edges { cursor node { id size m: members(first: 2) { totalCount pageInfo { hasNextPage endCursor } edges { links cursor node { name } } } } }
				   nodes { label internalLinks externalLinks bridges(first: 3) { edges { links cursor node { name } } } m: members { nodes { id } } } } }`,
				`{ people(%[2]s orderBy: [{field: PAGE_RANK, direction: DESC}], first: 3) { totalCount nodes { name linkCount } facets(by: [THEME]) { by buckets { key count node { ... on Entity { name } } } } } }`,
			} {
				filter := ""
				if types != "" {
					filter = `where: {linkCount: {gte: 3}}`
				}
				q = fmt.Sprintf(strings.ReplaceAll(q, "%[2]s", filter), args)
				q, _, _ = strings.Cut(q, "%!(EXTRA")
				want, got := ask(t, oracle, q, nil), ask(t, embedded, q, nil)
				if want != got || strings.Contains(want, `"errors"`) {
					t.Errorf("%s\noracle   %s\nembedded %s", q, want, got)
				}
				asked++
			}
		}
	}
	if asked != 72 {
		t.Errorf("%d questions", asked)
	}
}

func TestWholeGraphQuestionsThatCannotBeMeant(t *testing.T) {
	cat, s := small(t)
	e := engine(t, cat, s)
	many := "{"
	for i := range 11 {
		many += fmt.Sprintf(" a%d: centrality(by: DEGREE, first: 1) { totalCount }", i)
	}
	for q, code := range map[string]kg.Code{
		`{ communities(seed: -1) { totalCount } }`:                                                           kg.BadUserInput,
		`{ communities(resolution: 0) { totalCount } }`:                                                      kg.BadUserInput,
		`{ communities(resolution: 1e9) { totalCount } }`:                                                    kg.BadUserInput,
		`{ communities(minSize: 0) { totalCount } }`:                                                         kg.BadUserInput,
		`{ communities(first: 101) { totalCount } }`:                                                         kg.BadUserInput,
		`{ communities { nodes { members(first: 101) { totalCount } } } }`:                                   kg.BadUserInput,
		`{ communities { edges { node { bridges(first: -1) { totalCount } } } } }`:                           kg.BadUserInput,
		`{ communities(after: "junk") { totalCount } }`:                                                      kg.BadCursor,
		`{ communities { nodes { members(after: "junk") { totalCount } } } }`:                                kg.BadCursor,
		`{ centrality(by: DEGREE, after: "junk") { totalCount } }`:                                           kg.BadCursor,
		`{ centrality(by: DEGREE, first: 1, last: 1) { totalCount } }`:                                       kg.BadUserInput,
		`{ centrality(by: FAME) { totalCount } }`:                                                            "GRAPHQL_VALIDATION_FAILED",
		`{ centrality(by: BETWEENNESS, pivots: 0) { totalCount } }`:                                          kg.BadUserInput,
		`{ centrality(by: BETWEENNESS, pivots: -1) { totalCount } }`:                                         kg.BadUserInput,
		`{ centrality(by: DEGREE, pivots: 10001) { totalCount } }`:                                           kg.BadUserInput,
		`{ centrality(by: DEGREE, parallel: TWICE) { totalCount } }`:                                         "GRAPHQL_VALIDATION_FAILED",
		`{ communities(parallel: 1) { totalCount } }`:                                                        "GRAPHQL_VALIDATION_FAILED",
		`{ centrality(by: DEGREE, types: [NOBODY]) { totalCount } }`:                                         "GRAPHQL_VALIDATION_FAILED",
		`{ centrality(by: DEGREE, where: {other: {linkedTo: {entity: {id: ""}}}}) { totalCount } }`:          kg.BadUserInput,
		`{ people(orderBy: [{field: PAGE_RANK}, {field: NAME}]) { totalCount } }`:                            kg.BadUserInput,
		`{ people(orderBy: [{field: NAME}, {field: BETWEENNESS}]) { totalCount } }`:                          kg.BadUserInput,
		`{ sources(orderBy: [{field: PAGE_RANK}]) { totalCount } }`:                                          kg.BadUserInput,
		`{ communities(first: 100) { nodes { members(first: 100) { nodes { id name type linkCount } } } } }`: kg.CostLimit,
		many + "}": kg.CostLimit,
		strings.ReplaceAll(many, "centrality(by: DEGREE,", "people(orderBy: [{field: PAGE_RANK}],") + "}": kg.CostLimit,
	} {
		if got := ask(t, e, q, nil); !strings.Contains(got, fmt.Sprintf("%q", code)) ||
			strings.Contains(got, `"data"`) {
			t.Errorf("%s: %.300s, want %s", q, got, code)
		}
	}
	// nothing is no error
	for q, want := range map[string]string{
		`{ centrality(by: BETWEENNESS, where: {kinds: []}) { totalCount sampled pivots nodes { id } } }`: `{"data":{"centrality":{"totalCount":0,"sampled":false,"pivots":0,"nodes":[]}}}`,
		`{ communities(where: {kinds: []}) { totalCount modularity nodes { id } } }`:                     `{"data":{"communities":{"totalCount":0,"modularity":0,"nodes":[]}}}`,
		`{ centrality(by: DEGREE, first: 0) { totalCount nodes { id } pageInfo { hasNextPage } } }`:      `{"data":{"centrality":{"totalCount":5,"nodes":[],"pageInfo":{"hasNextPage":true}}}}`,
	} {
		if got := ask(t, e, q, nil); got != want {
			t.Errorf("%s: %s, want %s", q, got, want)
		}
	}
}

// The clock goes on by a second whenever it is looked at: four times for an operation that waits for its turn,
// once when sampling begins and once for each round.
func TestSamplingTakesHalfOfTheTimeLimit(t *testing.T) {
	cat, s := parse(t), hub(t, 4000)
	pivots := map[time.Duration]int{}
	for _, limit := range []time.Duration{6 * time.Second, 12 * time.Second} {
		limits := plan.DefaultLimits()
		limits.Timeout = limit
		var seconds atomic.Int64 // a measure that nobody waits for any more looks at the clock too
		clock := func() time.Time { return time.Unix(1_700_000_000+seconds.Add(1), 0) }
		e, err := graph.New(graph.Options{Catalog: cat, Store: s, Limits: limits, Now: clock})
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Data struct {
				X struct {
					Pivots  int
					Sampled bool
					Edges   json.RawMessage
				}
			}
		}
		const q = `{ x: centrality(by: BETWEENNESS, %s first: 5) { pivots sampled edges { rank score error certain node { id } } } }`
		first := ask(t, e, fmt.Sprintf(q, ""), nil)
		if err := json.Unmarshal([]byte(first), &got); err != nil || !got.Data.X.Sampled {
			t.Fatalf("%s: %v", first, err)
		}
		pivots[limit] = got.Data.X.Pivots
		looked := seconds.Load()
		if again := ask(t, e, fmt.Sprintf(q, ""), nil); again != first || seconds.Load()-looked != 4 {
			t.Errorf("asked again, the answer is %s after %d looks, not %s", again, seconds.Load()-looked, first)
		}
		if same := ask(t, e, fmt.Sprintf(q, fmt.Sprintf("pivots: %d", got.Data.X.Pivots)), nil); same != first {
			t.Errorf("asked for from %d pivots the answer is %s, not %s", got.Data.X.Pivots, same, first)
		}
		for _, other := range []string{"pivots: 100", "parallel: ONCE"} {
			if answer := ask(t, e, fmt.Sprintf(q, other), nil); other != "parallel: ONCE" && answer == first ||
				strings.Contains(answer, "errors") {
				t.Errorf("%s: %s", other, answer)
			}
		}
	}
	if a, b := pivots[6*time.Second], pivots[12*time.Second]; a == 0 || b != 2*a {
		t.Errorf("%d pivots in 6 s, %d in 12 s", a, b)
	}
}

func TestParallelLinksCountEachOrOnce(t *testing.T) {
	cat, s := small(t)
	b := &store.Batch{}
	for _, role := range []string{"chair", "speaker", "guest"} {
		l := &kg.Link{
			Kind: "PARTICIPATED_IN", From: "mary-kaldor", To: "dialogue", Role: role,
			Evidence: []kg.Evidence{{Source: "s_a", Excerpt: "x", Stance: "SUPPORTS"}},
		}
		l.ID = l.StatedID()
		b.Links = append(b.Links, l)
	}
	b.Sources = []*kg.Source{{ID: "s_a", Title: "A", Kind: "BOOK"}}
	if err := storetest.Fill(t.Context(), s, b); err != nil {
		t.Fatal(err)
	}
	e := engine(t, cat, s)
	count := func(args string) float64 {
		for _, x := range page(t, e, `{ x: centrality(by: DEGREE `+args+`)`+fmt.Sprintf(wantedOfPage,
			"score rank")+` }`).Edges {
			if x.Node.ID == "mary-kaldor" {
				return x.Score
			}
		}
		return 0
	}
	each, once, plain := count("parallel: COUNT"), count("parallel: ONCE"), count("")
	if each != plain || each < once+2 || once == 0 {
		t.Errorf("each %v, once %v, by default %v", each, once, plain)
	}
}

// gated is a store that counts how often the whole graph is read, and holds each reading until it is let go.
type gated struct {
	store.Answerer
	mu    sync.Mutex
	state string
	read  int
	gone  int
	began chan struct{}
	gate  chan struct{}
}

func (g *gated) State(context.Context) (string, int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state, 1, nil
}

func (g *gated) reads() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.read
}

func (g *gated) Whole(ctx context.Context, w *plan.Walk) (*store.Whole, error) {
	g.mu.Lock()
	g.read++
	g.mu.Unlock()
	g.began <- struct{}{}
	select {
	case <-g.gate:
	case <-ctx.Done():
		g.mu.Lock()
		g.gone++
		g.mu.Unlock()
		g.began <- struct{}{}
		return nil, ctx.Err()
	}
	return g.Answerer.Whole(ctx, w)
}

func TestWholeGraphIsMeasuredOnceForEachState(t *testing.T) {
	cat, s := small(t)
	g := &gated{Answerer: s, state: "one", began: make(chan struct{}, 10), gate: make(chan struct{})}
	e := engine(t, cat, g)
	const q = `{ centrality(by: PAGE_RANK, first: 2) { nodes { id } } }`
	answers := make(chan string, 5)
	for range 5 {
		go func() { answers <- ask(t, e, q, nil) }()
	}
	<-g.began
	close(g.gate)
	for range 5 {
		if got := <-answers; got != `{"data":{"centrality":{"nodes":[{"id":"dialogue"},{"id":"mary-kaldor"}]}}}` {
			t.Error(got)
		}
	}
	ask(t, e, `{ centrality(by: BETWEENNESS) { totalCount } communities { totalCount } people(orderBy: [{field: PAGE_RANK}]) { totalCount } }`,
		nil)
	if g.reads() != 1 {
		t.Errorf("one state was read %d times", g.read)
	}
	g.mu.Lock()
	g.state = "two"
	g.mu.Unlock()
	ask(t, e, q, nil)
	if g.reads() != 2 {
		t.Errorf("two states were read %d times", g.read)
	}
}

func TestMeasuringGoesOnWhenTimeIsUp(t *testing.T) {
	cat, s := small(t)
	g := &gated{Answerer: s, began: make(chan struct{}, 10), gate: make(chan struct{})}
	e := engine(t, cat, g)
	const q = `{ centrality(by: DEGREE) { totalCount } }`
	short := &late{Context: t.Context(), done: make(chan struct{})}
	answers := make(chan *graph.Response)
	go func() { answers <- e.Do(short, &graph.Request{Query: q}) }()
	<-g.began
	close(short.done)
	if r := <-answers; r.Code() != string(kg.Timeout) {
		t.Errorf("code %q", r.Code())
	}
	close(g.gate)
	if got := ask(t, e, q, nil); got != `{"data":{"centrality":{"totalCount":5}}}` || g.reads() != 1 {
		t.Errorf("%s after %d readings", got, g.reads())
	}
}

// late is a context whose time is up when done is closed.
type late struct {
	context.Context
	done chan struct{}
}

func (l *late) Done() <-chan struct{} { return l.done }

func (l *late) Err() error {
	select {
	case <-l.done:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func TestMeasuringEndsWhenNobodyWaits(t *testing.T) {
	cat, s := small(t)
	g := &gated{Answerer: s, began: make(chan struct{}, 10), gate: make(chan struct{})}
	e := engine(t, cat, g)
	const q = `{ centrality(by: DEGREE) { totalCount } }`
	ctx, cancel := context.WithCancel(t.Context())
	answers := make(chan *graph.Response)
	for range 2 {
		go func() { answers <- e.Do(ctx, &graph.Request{Query: q}) }()
	}
	<-g.began
	cancel()
	for range 2 {
		if r := <-answers; r.Code() != string(kg.Cancelled) {
			t.Errorf("code %q", r.Code())
		}
	}
	<-g.began // the reading has ended
	close(g.gate)
	if got := ask(t, e, q, nil); got != `{"data":{"centrality":{"totalCount":5}}}` {
		t.Error(got)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.gone == 0 {
		t.Errorf("%d readings, none of them given up", g.read)
	}
}
