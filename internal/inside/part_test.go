package inside_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/inside"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/sample"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

func engine(t *testing.T, cat *catalog.Catalog, s store.Store, limits plan.Limits) *graph.Engine {
	t.Helper()
	e, err := graph.New(graph.Options{Catalog: cat, Store: s, Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// ids are those of the records of an export, links and nodes apart.
func ids(t *testing.T, cat *catalog.Catalog, s store.Scanner, sel *exchange.Selection) (nodes, links []string) {
	t.Helper()
	part, err := sel.Of(t.Context(), cat, s)
	if err != nil {
		t.Fatalf("%+v: %v", sel, err)
	}
	var out bytes.Buffer
	if _, err := exchange.Export(t.Context(), cat, part, &out); err != nil {
		t.Fatal(err)
	}
	for text := range strings.Lines(out.String()) {
		var l struct{ Node, Link, ID string }
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		if l.Node != "" {
			nodes = append(nodes, l.ID)
		}
		if l.Link != "" {
			links = append(links, l.ID)
		}
	}
	return nodes, links
}

// answered are the values under the name "id" below each key of two in the answer to a query, each once and in order.
func answered(t *testing.T, e *graph.Engine, query string, nodes, links func(path string) bool) (n, l []string) {
	t.Helper()
	var got any
	if err := inside.Run(t.Context(), e, &graph.Request{Query: query}, &got); err != nil {
		t.Fatal(err)
	}
	inNodes, inLinks := map[string]bool{}, map[string]bool{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				walk(path, x)
			}
		case map[string]any:
			for name, x := range v {
				if id, ok := x.(string); ok && name == "id" {
					switch {
					case nodes(path):
						inNodes[id] = true
					case links(path):
						inLinks[id] = true
					}
					continue
				}
				walk(path+"."+name, x)
			}
		}
	}
	walk("", got)
	return slices.Sorted(maps.Keys(inNodes)), slices.Sorted(maps.Keys(inLinks))
}

// TestPartsAreWhatGraphQLAnswers holds exports by a filter, by lines and by what is around against the answers of
// GraphQL, alone and together.
func TestPartsAreWhatGraphQLAnswers(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		if _, err := sample.Load(t.Context(), cat, s); err != nil {
			t.Fatal(err)
		}
		e := engine(t, cat, s, plan.Limits{})
		finder := inside.Parts{Graph: e}
		check := func(what string, sel *exchange.Selection, wantNodes, wantLinks []string) {
			t.Helper()
			sel.Finder = finder
			nodes, links := ids(t, cat, s, sel)
			if !slices.Equal(nodes, wantNodes) || wantLinks != nil && !slices.Equal(links, wantLinks) {
				t.Errorf("%s: want\n%v %v\ngot\n%v %v", what, wantNodes, wantLinks, nodes, links)
			}
		}
		ends := func(suffix string) func(string) bool {
			return func(path string) bool { return strings.HasSuffix(path, suffix) }
		}
		linked := func(path string) bool {
			return strings.HasSuffix(path, ".link") || strings.HasSuffix(path, ".alternatives")
		}
		lineNodes, lineLinks := answered(t, e, `{ paths(from: {id: "mary-kaldor"}, to: {id: "protection-of-civilians"}) {
			nodes { nodes { id } steps { link { id } alternatives { id } } } } }`, ends(".nodes.nodes"), linked)
		if len(lineNodes) < 3 || len(lineLinks) < 3 {
			t.Fatalf("the lines have %v %v", lineNodes, lineLinks)
		}
		check("a path", &exchange.Selection{From: "Mary Kaldor", To: "id:protection-of-civilians"}, lineNodes, lineLinks)
		aroundNodes, aroundLinks := answered(t, e, `{ subgraph(seeds: [{id: "nato"}, {id: "mary-kaldor"}], depth: 2, maxNodes: 1000) {
			nodes { id } links { id } truncated } }`, ends(".nodes"), ends(".links"))
		check("around", &exchange.Selection{Around: []string{"nato", "Mary Kaldor"}, Depth: 2}, aroundNodes, aroundLinks)
		alone, none := answered(t, e, `{ subgraph(seeds: [{id: "nato"}], depth: 0) { nodes { id } links { id } } }`, ends(".nodes"), ends(".links"))
		check("depth 0", &exchange.Selection{Around: []string{"nato"}}, alone, append([]string{}, none...))
		people, _ := answered(t, e, `{ people(where: {name: {contains: "a"}}, first: 100) { nodes { id } } }`, ends(".nodes"), linked)
		check("people", &exchange.Selection{Types: []string{"PERSON"}, Where: `{"name":{"contains":"a"}}`}, people, nil)
		check("people by an EntityFilter", &exchange.Selection{Where: `{"types": ["PERSON"], "name": {"contains": "a"}}`}, people, nil)
		dated, _ := answered(t, e, `{ events(where: {startsOn: {isNull: false}}, first: 100) { nodes { id } } }`, ends(".nodes"), linked)
		check("a property", &exchange.Selection{Types: []string{"EVENT"}, Where: `{"startsOn":{"isNull":false}}`}, dated, nil)
		check("an empty filter", &exchange.Selection{Types: []string{"PERSON"}, Where: `{}`}, func() []string {
			all, _ := ids(t, cat, s, &exchange.Selection{Types: []string{"PERSON"}})
			return all
		}(), nil)
		// together
		inBoth := func(a, b []string) []string {
			return slices.DeleteFunc(slices.Clone(a), func(x string) bool { return !slices.Contains(b, x) })
		}
		check("a path around", &exchange.Selection{
			From: "mary-kaldor", To: "protection-of-civilians", Around: []string{"nato", "mary-kaldor"}, Depth: 2,
		}, inBoth(lineNodes, aroundNodes), inBoth(lineLinks, aroundLinks))
		check("people on a path", &exchange.Selection{
			From: "mary-kaldor", To: "protection-of-civilians", Types: []string{"PERSON"}, Where: `{"name":{"contains":"a"}}`,
		}, inBoth(lineNodes, people), nil)
		check("one of them", &exchange.Selection{
			From: "mary-kaldor", To: "protection-of-civilians", IDs: []string{"mary-kaldor"},
		}, []string{"mary-kaldor"}, []string{})
	})
}

// TestAFilterIsReadPageByPage has more entities fit than one page has, many of them of one name.
func TestAFilterIsReadPageByPage(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		const most = 21_000
		batch := &store.Batch{}
		var want []string
		for i := range most {
			n := &kg.Node{ID: fmt.Sprintf("n-%05d", i), Type: []string{"PERSON", "PLACE"}[i%2], Name: fmt.Sprintf("Same %d", i%5)}
			batch.Nodes = append(batch.Nodes, n)
			if i%5 != 3 {
				want = append(want, n.ID)
			}
		}
		if err := storetest.Fill(t.Context(), s, batch); err != nil {
			t.Fatal(err)
		}
		e := engine(t, cat, s, plan.Limits{})
		nodes, _ := ids(t, cat, s, &exchange.Selection{Where: `{"not":{"name":{"eq":"same 3"}}}`, Finder: inside.Parts{Graph: e}})
		if !slices.Equal(nodes, want) {
			t.Errorf("%d of %d", len(nodes), len(want))
		}
	})
}

// TestPartsThatCannotBeAreRefused has each error with its code and what to do.
func TestPartsThatCannotBeAreRefused(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		batch := &store.Batch{
			Sources: []*kg.Source{{ID: "s_a", Title: "A", Kind: "ARTICLE"}},
			Nodes: []*kg.Node{
				{ID: "twin-1", Type: "PERSON", Name: "Twin"},
				{ID: "twin-2", Type: "PERSON", Name: "Twin"},
				{ID: "hub", Type: "INSTITUTION", Name: "Chatham House"},
			},
		}
		for i := range plan.MaxSubgraph {
			id := fmt.Sprintf("m-%04d", i)
			batch.Nodes = append(batch.Nodes, &kg.Node{ID: id, Type: "PERSON", Name: id})
			batch.Links = append(batch.Links, &kg.Link{
				ID: kg.LinkID("AFFILIATED_WITH", id, "hub", "", "", ""), Kind: "AFFILIATED_WITH", From: id, To: "hub",
				Evidence: []kg.Evidence{{Source: "s_a", Excerpt: "x", Stance: "SUPPORTS"}},
			})
		}
		if err := storetest.Fill(t.Context(), s, batch); err != nil {
			t.Fatal(err)
		}
		e := engine(t, cat, s, plan.Limits{})
		cheap := plan.DefaultLimits()
		cheap.MaxCost = 40
		poor := engine(t, cat, s, cheap)
		for _, c := range []struct {
			sel  exchange.Selection
			on   *graph.Engine
			code kg.Code
			want string
		}{
			{exchange.Selection{Where: `{"wrong": "x"}`}, e, kg.BadUserInput, "where.wrong: EntityFilter has no such field; it has and, or, not, ids"},
			{exchange.Selection{Where: `{"name": "x"}`}, e, kg.BadUserInput, `where.name must be of type StringFilter, not "x"`},
			{exchange.Selection{Where: `{"name": {"contains": "`}, e, kg.BadUserInput, "where: write a filter as JSON"},
			{exchange.Selection{Where: `null`}, e, kg.BadUserInput, "where: write a filter as JSON"},
			{exchange.Selection{Where: `[{}]`}, e, kg.BadUserInput, "where: write a filter as JSON"},
			{exchange.Selection{Where: `{} {}`}, e, kg.BadUserInput, "where: there is more behind the filter"},
			{exchange.Selection{Where: strings.Repeat(`{"not":`, 10_001) + `{}` + strings.Repeat(`}`, 10_001)}, e, kg.BadUserInput, "where: write a filter as JSON"},
			{exchange.Selection{Where: strings.Repeat(`{"not":`, 30) + `{}` + strings.Repeat(`}`, 30)}, e, kg.BadUserInput, "levels"},
			{exchange.Selection{Where: `{"born": {"isNull": true}}`}, e, kg.BadUserInput, "where.born: EntityFilter has no such field"},
			{exchange.Selection{Where: `{"types": ["PERSON"]}`, Types: []string{"PERSON"}}, e, kg.BadUserInput, "where.types: PersonFilter has no such field"},
			{exchange.Selection{Where: `{"linkedTo":{"entity":{"name":"Chatam House"}}}`}, e, kg.NotFound, "where.linkedTo.entity: there is no entity of this name; like it: id:hub (Chatham House, institution)"},
			{exchange.Selection{Where: `{"linkedTo":{"entity":{"name":"Twin"}}}`}, e, kg.AmbiguousRef, "id:twin-1 (Twin, person), id:twin-2 (Twin, person)"},
			{exchange.Selection{Where: `{"linkedTo":{"where":{"name":{"eq":"x"}}}}`}, poor, kg.CostLimit, "the operation costs 50, the limit is 40"},
			{exchange.Selection{From: "hub"}, e, kg.BadUserInput, "give both from and to"},
			{exchange.Selection{To: "hub"}, e, kg.BadUserInput, "give both from and to"},
			{exchange.Selection{From: "hub", To: "hub"}, e, kg.BadUserInput, "from and to are the same entity"},
			{exchange.Selection{From: "hub", To: "twin-1"}, e, kg.NotFound, "there is no line between the two"},
			{exchange.Selection{From: "hub", To: "Twin"}, e, kg.AmbiguousRef, `"Twin" fits 2 entities; name one of the candidates by id: id:twin-1 (Twin, person), id:twin-2`},
			{exchange.Selection{From: "Chatam House", To: "twin-1"}, e, kg.NotFound, "from: there is no entity of this name; like it: id:hub (Chatham House, institution)"},
			{exchange.Selection{Around: []string{"hub", "id:nobody"}, Depth: 1}, e, kg.NotFound, "around[1]: there is no entity of this id"},
			{exchange.Selection{Around: []string{"hub"}, Depth: 5}, e, kg.BadUserInput, "depth: ask for 0 to 4"},
			{exchange.Selection{Around: []string{"hub"}, Depth: -1}, e, kg.BadUserInput, "depth: ask for 0 to 4"},
			{exchange.Selection{Around: []string{"hub"}, Depth: 1}, e, kg.CostLimit, "around them are more than 1000 entities"},
		} {
			c.sel.Finder = inside.Parts{Graph: c.on}
			if _, err := c.sel.Of(t.Context(), cat, s); err == nil || kg.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%.200s\nwant %s %s\ngot  %s %v", fmt.Sprintf("%+v", c.sel), c.code, c.want, kg.CodeOf(err), err)
			} else if strings.Contains(err.Error(), "subgraph.") || strings.Contains(err.Error(), "paths.") {
				t.Errorf("it names an argument of a question that nobody has written: %v", err)
			}
		}
	})
}
