package neo4jstore_test

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"pgregory.net/rapid"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/neo4jstore"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/text"
)

// TestTextDependsOnShapeAlone: other values give the same text, other parts another.
func TestTextDependsOnShapeAlone(t *testing.T) {
	cat := parse(t)
	b := &builder{t: t, cat: cat}
	compile := func(q *plan.Query) string {
		s, _, err := neo4jstore.Compile(cat, q)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	name := func(s string) *plan.EntityFilter {
		return &plan.EntityFilter{Name: &plan.StringFilter{Contains: &s}, Types: of(b.types("Person"))}
	}
	one := compile(b.list(b.types("Person"), 10, name("a")))
	other := name("b")
	other.Types = of(cat.Entities)
	if two := compile(b.list(b.types("Person"), 99, other)); one != two {
		t.Errorf("values changed the text:\n%s\n%s", one, two)
	}
	if three := compile(b.list(b.types("Person"), 10, &plan.EntityFilter{Not: name("a")})); one == three {
		t.Error("another filter has the same text")
	}
	if compile(b.search("mary kaldor", cat.Entities)) != compile(b.search("x", cat.Entities)) {
		t.Error("the text of a search depends on its words")
	}
}

// TestSearchHasNothingToEscape: whatever is searched for, the index is asked in letters, digits, marks and our own
// signs, and every quotation mark is closed.
func TestSearchHasNothingToEscape(t *testing.T) {
	cat := parse(t)
	b := &builder{t: t, cat: cat}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-zA-Z+\-&|!(){}\[\]^"~*?:\\/ .ÄßÉ😀]{0,40}`)).Draw(t, "search")
		q := b.search(s, b.types("Person"))
		if words := &q.Search.Words; len(*words) > text.MaxQueryWords {
			*words = (*words)[:text.MaxQueryWords]
		}
		_, params, err := neo4jstore.Compile(cat, q)
		if err != nil {
			t.Fatal(err)
		}
		for name, v := range params {
			query, ok := v.(string)
			if !ok {
				continue
			}
			if strings.Count(query, `"`)%2 > 0 {
				t.Fatalf("%s has a quotation mark that is not closed: %s", name, query)
			}
			for _, term := range strings.FieldsFunc(query, func(r rune) bool { return strings.ContainsRune("+-() \"", r) }) {
				term = strings.TrimSuffix(term, "*")
				ours := func(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.M) || r == '_' && term[0] == 'e' }
				if strings.ContainsFunc(term, func(r rune) bool { return !ours(r) }) || strings.IndexAny(term, "ndbstiex") != 0 {
					t.Fatalf("%s asks for %q", name, term)
				}
			}
		}
	})
}

// operator is a cell of a printed query plan that names one: what goes on from the line above may begin with a + too.
var operator = regexp.MustCompile(`^\s*\+[A-Z]`)

// operators lists the operators of a statement's query plan, as Neo4j prints it. (The driver's tree of them repeats one
// branch in place of the other.)
func operators(p neo4j.Plan) (out []string) {
	table, _ := p.Arguments()["string-representation"].(string)
	for line := range strings.Lines(table) {
		if cells := strings.Split(line, "|"); strings.HasPrefix(line, "|") && !strings.Contains(line, "+-") {
			for len(cells) > 1 && !operator.MatchString(cells[1]) {
				cells = cells[1:] // the lines that draw the tree
			}
			if len(cells) > 1 {
				out = append(out, strings.TrimLeft(strings.TrimSpace(cells[1]), "+")+" "+line)
			}
		}
	}
	return out
}

// oneRow reports whether the operator at i returns one row: what is collected does, and so does what only goes on from that.
func oneRow(ops []string, i int) bool {
	// an operator stands below the one that reads it; of two that one reads, the first is a column further in
	column := func(i int) int { _, line, _ := strings.Cut(ops[i], " "); return strings.IndexByte(line, '+') }
	word, _, _ := strings.Cut(ops[i], " ")
	switch word {
	case "EagerAggregation":
		return true
	case "Projection":
		return oneRow(ops, i+1)
	case "Apply":
		second := i + 1
		for column(second) > column(i) {
			second++
		}
		return oneRow(ops, i+1) && oneRow(ops, second)
	}
	return false
}

// explain returns the operators of a statement's query plan.
func (o *outside) explain(t *testing.T, text string, params map[string]any) []string {
	t.Helper()
	ctx := context.Background()
	session := o.d.NewSession(ctx, neo4j.SessionConfig{})
	defer session.Close(ctx)
	res, err := session.Run(ctx, "EXPLAIN "+text, params)
	if err != nil {
		t.Fatal(err)
	}
	summary, err := res.Consume(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ops := operators(summary.Plan())
	if len(ops) < 2 {
		t.Fatalf("no query plan: %v", summary.Plan().Arguments())
	}
	return ops
}

// TestPlans looks at how Neo4j runs statements. Its plan cache is emptied for that, so that whoever comes next waits for
// all plans: one graph serves all that look.
func TestPlans(t *testing.T) {
	srv, db := database(t)
	cat := parse(t)
	s := open(t, srv, cat)
	fill(t, s)
	surveyed(t, s)
	db.run("CALL db.prepareForReplanning(30)", nil)
	t.Run("shapes", func(t *testing.T) { shapePlans(t, db, cat) })
	t.Run("asking for marks", func(t *testing.T) { askingKeepsThePlan(t, db, cat) })
	t.Run("walks", func(t *testing.T) { walkPlans(t, db, cat) })
	t.Run("each shape once", func(t *testing.T) { plannedOnce(t, &outside{t, db.d}, cat, s) })
}

// shapePlans looks at how Neo4j would run each shape.
func shapePlans(t *testing.T, db *outside, cat *catalog.Catalog) {
	for _, sh := range storetest.Part(t, shapes(t, cat)) {
		t.Run(sh.name, func(t *testing.T) {
			text, params, err := neo4jstore.Compile(cat, sh.q)
			if err != nil {
				t.Fatal(err)
			}
			if text == "" {
				t.Skip("nothing is asked")
			}
			ops := db.explain(t, text, params)
			text, params, err = neo4jstore.CompileShared(cat, sh.q, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, op := range slices.Concat(ops, db.explain(t, text, params)) {
				word, _, _ := strings.Cut(op, " ")
				bad := slices.Contains([]string{"AllNodesScan", "DirectedAllRelationshipsScan", "UndirectedAllRelationshipsScan"}, word)
				// facets are single rows beside each other, and a product of those is one row
				bad = bad || word == "CartesianProduct" && len(sh.q.Root.Want.Facets) == 0
				if sh.seek {
					bad = bad || strings.Contains(word, "NodeByLabelScan") || strings.Contains(word, "RelationshipTypeScan") || strings.Contains(word, "RelationshipTypesScan")
				}
				if bad {
					t.Errorf("%s in\n%s", op, strings.Join(ops, "\n"))
				}
			}
			if strings.HasPrefix(sh.name, "people") && sh.q.Root.Order == nil && sh.q.Root.Entities == nil && sh.q.Root.Want.Rows {
				for _, op := range ops {
					if strings.HasPrefix(op, "Sort") || strings.HasPrefix(op, "Top") {
						t.Errorf("the order does not come from the index: %s in\n%s", op, strings.Join(ops, "\n"))
					}
				}
			}
		})
	}
}

// askingKeepsThePlan: a statement that asks links for our marks finds them in the same way. Neo4j would rather read all
// links from the index of their ids once for each node.
func askingKeepsThePlan(t *testing.T, db *outside, cat *catalog.Catalog) {
	accesses := func(text string, params map[string]any) (of []string) {
		for _, op := range db.explain(t, text, params) {
			if word, _, _ := strings.Cut(op, " "); strings.Contains(word, "Seek") || strings.Contains(word, "Scan") {
				of = append(of, word)
			}
		}
		return of
	}
	for _, sh := range shapes(t, cat) {
		if !slices.Contains([]string{"chain", "quotes", "list with links", "link by id", "linked to a name by kind"}, sh.name) {
			continue
		}
		plain, params, err := neo4jstore.Compile(cat, sh.q)
		if err != nil {
			t.Fatal(err)
		}
		asking, asked, err := neo4jstore.CompileAsking(cat, sh.q)
		if err != nil || asking == plain {
			t.Fatalf("%s asks for nothing: %v", sh.name, err)
		}
		if d := cmp.Diff(accesses(plain, params), accesses(asking, asked)); d != "" {
			t.Errorf("%s: %s", sh.name, d)
		}
	}
}

// plansCached empties Neo4j's plan cache and returns how many plans were in it: its only counter that Community has.
func (o *outside) plansCached(t *testing.T) int {
	t.Helper()
	said, _ := o.run("CALL db.clearQueryCaches()", nil)[0][0].(string)
	n, err := strconv.Atoi(regexp.MustCompile(`\d+`).FindString(said))
	if err != nil {
		t.Fatalf("Neo4j says %q", said)
	}
	return n
}

// plannedOnce: asking again, for other values too, puts nothing more into Neo4j's plan cache.
func plannedOnce(t *testing.T, db *outside, cat *catalog.Catalog, s *neo4jstore.Store) {
	all := slices.DeleteFunc(shapes(t, cat), func(sh shape) bool { // planning all of them takes long
		return !slices.Contains([]string{"chain", "quotes", "list with links", "nodes", "link by id", "linked to a name by kind", "search", "search goes on", "people by names"}, sh.name)
	})
	all = storetest.Part(t, all)
	b := &builder{t: t, cat: cat}
	for _, id := range []string{"kaldor", "lse", "p0000001", "p0000002", "nobody-at-all"} {
		all = append(all, shape{q: byID(b, id)})
	}
	db.plansCached(t)
	planned := 0
	for round := range 4 {
		for _, sh := range all {
			if _, err := s.Fetch(t.Context(), sh.q); err != nil && kg.CodeOf(err) != kg.AmbiguousRef {
				t.Fatal(err)
			}
		}
		if round == 0 {
			planned = db.plansCached(t)
		}
	}
	if n := db.plansCached(t); n != planned || n == 0 {
		t.Errorf("%d plans for three rounds, %d for one", n, planned)
	}
}

// walkPlans: what a walk names is found by an index, and its links from there.
func walkPlans(t *testing.T, db *outside, cat *catalog.Catalog) {
	b := &builder{t: t, cat: cat}
	since := plan.DateFilter{From: 19500101, To: 19801231, Bounded: true}
	named := []plan.Ref{{ID: "kaldor", Types: cat.Entities}, {Name: "LSE", NameKey: "lse", Types: cat.Entities}, {Scheme: "isni", Value: "1", Types: cat.Entities}}
	linked := &plan.LinkFilter{Kinds: of(b.kinds("SAID", "ABOUT")), During: &since, Other: &plan.EntityFilter{LinkedTo: &plan.LinkedTo{Ref: 2}}}
	for name, w := range map[string]*plan.Walk{
		"plain":    {Refs: named, Asked: 3},
		"sources":  {Refs: named, Asked: 3, Sources: true, SourceDates: true},
		"filtered": {Refs: named, Asked: 2, Links: linked, Sources: true},
	} {
		all, err := neo4jstore.WalkStatements(cat, w, store.Way{Out: true, In: true}, store.Way{In: true, Back: true}, store.Way{Out: true, Among: []uint32{1, 2}})
		if err != nil {
			t.Fatal(err)
		}
		for _, st := range storetest.Part(t, all) {
			t.Run(name+" "+st.Name, func(t *testing.T) {
				ops := db.explain(t, st.Text, st.Params)
				for i, op := range ops {
					word, _, _ := strings.Cut(op, " ")
					// what several names lead to stands side by side, each collected to one row
					single := word == "CartesianProduct" && oneRow(ops, i+1)
					if strings.HasSuffix(word, "Scan") || word == "CartesianProduct" && !single {
						t.Errorf("%s in\n%s", op, strings.Join(ops, "\n"))
					}
				}
			})
		}
	}
}
