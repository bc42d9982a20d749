package neo4jstore_test

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/neo4jstore"
	"github.com/throughline/throughline/internal/store/storetest"
)

// crowded fills a store with people each of whom is affiliated with each of a few institutions, and returns how many
// links that is.
func crowded(t *testing.T, s store.Store, people, institutions int) (links int) {
	t.Helper()
	b := &store.Batch{Sources: []*kg.Source{{ID: "s", Title: "A list", Kind: "DATASET", Text: "made up"}}}
	for i := range institutions {
		b.Nodes = append(b.Nodes, &kg.Node{
			ID: fmt.Sprint("i", i), Type: "INSTITUTION",
			Name: fmt.Sprint("Institution ", i),
		})
	}
	for p := range people {
		from := fmt.Sprint("p", p)
		b.Nodes = append(b.Nodes, &kg.Node{ID: from, Type: "PERSON", Name: fmt.Sprint("Person ", p)})
		for i := range institutions {
			to := fmt.Sprint("i", i)
			b.Links = append(b.Links, &kg.Link{
				ID: kg.LinkID("AFFILIATED_WITH", from, to, "", "", ""), Kind: "AFFILIATED_WITH", From: from, To: to,
				Evidence: []kg.Evidence{{Source: "s", Excerpt: "made up", Stance: "SUPPORTS"}},
			})
		}
	}
	if err := storetest.Fill(t.Context(), s, b); err != nil {
		t.Fatal(err)
	}
	return len(b.Links)
}

// accesses is what a profile says of the work: the driver's tree of operators repeats some, but the printed table has
// the sum.
var accesses = regexp.MustCompile(`Total database accesses: (\d+)`)

// hits runs a statement and returns how often it looked at the database.
func (o *outside) hits(ctx context.Context, t *testing.T, text string, params map[string]any) int {
	t.Helper()
	session := o.d.NewSession(ctx, neo4j.SessionConfig{})
	defer session.Close(ctx)
	res, err := session.Run(ctx, "PROFILE "+text, params)
	if err != nil {
		t.Fatal(err)
	}
	summary, err := res.Consume(ctx)
	if err != nil {
		t.Fatal(err)
	}
	table, _ := summary.Profile().Arguments()["string-representation"].(string)
	found := accesses.FindStringSubmatch(table)
	if found == nil {
		t.Fatalf("no sum in the profile:\n%s", table)
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestAccesses counts what filters look at, by one graph: see TestPlans.
func TestAccesses(t *testing.T) {
	srv, db := database(t)
	cat := parse(t)
	const people, institutions = 400, 5
	links := crowded(t, open(t, srv, cat), people, institutions)
	// Until Neo4j has counted what an index holds, it may look at every entity instead.
	db.run("CALL db.prepareForReplanning(30)", nil)
	t.Run("filters within filters", func(t *testing.T) {
		filtersWithinFilters(t, db, cat, people, institutions, links)
	})
	t.Run("filters begin at an index", func(t *testing.T) { filtersBeginAtAnIndex(t, db, cat, people) })
}

// filtersWithinFilters: they cost a sum. Each level of a filter looks at each link a few times, however many links lead
// to its entities. The product of two levels would be people times links.
func filtersWithinFilters(t *testing.T, db *outside, cat *catalog.Catalog, people, institutions, links int) {
	b := &builder{t: t, cat: cat}
	nobody := func() *plan.EntityFilter { return &plan.EntityFilter{Text: &plan.StringFilter{Contains: of("zzz")}} }
	level := map[string]func(f *plan.EntityFilter) *plan.EntityFilter{
		"linked": linkedThrough,
		// every second level all entities fit, and none at the others
		"linked to none": func(f *plan.EntityFilter) *plan.EntityFilter {
			return linkedThrough(&plan.EntityFilter{Not: linkedThrough(&plan.EntityFilter{Not: f})})
		},
		"or": func(f *plan.EntityFilter) *plan.EntityFilter {
			return linkedThrough(&plan.EntityFilter{Or: []*plan.EntityFilter{nobody(), f}})
		},
	}
	for name, next := range level {
		for _, asking := range []bool{false, true} {
			f, before := next(nobody()), 0
			for levels := 2; levels <= 3; levels++ {
				f = next(f)
				q := b.list(b.types("Person"), 1, f)
				q.Root.Want = plan.Want{Total: true}
				compile := neo4jstore.Compile
				if asking {
					compile = neo4jstore.CompileAsking
				}
				text, params, err := compile(cat, q)
				if err != nil {
					t.Fatal(err)
				}
				// each level may look at each link from both ends, and the list itself at each once more
				deep := levels
				if name == "linked to none" {
					deep *= 2
				}
				most := (deep + 1) * (2*links + people + institutions)
				if asking {
					most *= 4 // at the marks of the link and of both ends as well
				}
				n := db.hits(t.Context(), t, text, params)
				if n > most || n == 0 {
					t.Errorf("%s, %d levels, asking %t: %d accesses, of a sum of at most %d", name, levels, asking, n,
						most)
				}
				if levels == 3 && n > 2*before {
					t.Errorf("%s, asking %t: %d accesses for 3 levels and %d for 2", name, asking, n, before)
				}
				before = n
			}
		}
	}
}

// filtersBeginAtAnIndex: what an index finds is all that is looked at, be the filter the list's own or one of those that
// a part of it must fit.
func filtersBeginAtAnIndex(t *testing.T, db *outside, cat *catalog.Catalog, people int) {
	b := &builder{t: t, cat: cat}
	later := storetest.Clock().AddDate(100, 0, 0).UnixMilli()
	for name, f := range map[string]*plan.EntityFilter{
		"ids":         {IDs: []string{"p1", "p7"}},
		"externalIds": {ExternalIDs: [][2]string{{"wikidata", "Q1"}}},
		"updatedAt":   {Updated: &plan.TimeFilter{After: &later}},
	} {
		for _, f := range []*plan.EntityFilter{f, {And: []*plan.EntityFilter{f}}} {
			q := b.list(b.types("Person"), 1, f)
			q.Root.Want = plan.Want{Total: true}
			text, params, err := neo4jstore.Compile(cat, q)
			if err != nil {
				t.Fatal(err)
			}
			if n := db.hits(t.Context(), t, text, params); n > people/4 {
				t.Errorf("%s: %d accesses to find at most 2 of %d\n%s", name, n, people, text)
			}
		}
	}
}

// TestWritesBeginAtEnds: what a write asks of links begins at the entities that they join, and looks at no others'. After
// a first load, when Neo4j has not counted yet how many ids the index of links holds, it would rather read them all, for
// each link that is asked for: a second import of 12,000 links took two and a half minutes.
func TestWritesBeginAtEnds(t *testing.T) {
	srv, db := database(t)
	s := open(t, srv, parse(t))
	const people, events, each = 3000, 300, 3
	b := &store.Batch{Sources: []*kg.Source{{ID: "s", Title: "A list", Kind: "DATASET", Text: "made up"}}}
	for i := range events {
		b.Nodes = append(b.Nodes, &kg.Node{ID: fmt.Sprint("e", i), Type: "EVENT", Name: fmt.Sprint("Event ", i)})
	}
	for p := range people {
		from := fmt.Sprint("p", p)
		b.Nodes = append(b.Nodes, &kg.Node{ID: from, Type: "PERSON", Name: fmt.Sprint("Person ", p)})
		for i := range each {
			to := fmt.Sprint("e", (p+i*7)%events)
			b.Links = append(b.Links, &kg.Link{
				ID: kg.LinkID("PARTICIPATED_IN", from, to, "", "", ""), Kind: "PARTICIPATED_IN", From: from, To: to,
				Evidence: []kg.Evidence{{Source: "s", Excerpt: "made up", Stance: "SUPPORTS"}},
			})
		}
	}
	if err := storetest.Fill(t.Context(), s, b); err != nil {
		t.Fatal(err)
	}
	asked, entities := b.Links[:10], []string{"p0", "p1", "p2"}
	for name, statement := range s.StatementsOfWrites(asked, entities) {
		text, params := statement()
		// each end has some thirty links, and of each link a few things are read; until ids are counted, Neo4j may look at
		// everything once, though not once for each that is asked for
		most := people + events + len(b.Links) + 100*len(asked)
		if n := db.hits(t.Context(), t, text, params); n == 0 || n > most {
			t.Errorf("%s: %d accesses, more than %d\n%s", name, n, most, text)
		}
	}
}
