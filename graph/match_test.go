package graph_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/sample"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
)

// sampled is a store of the sample graph.
func sampled(t testing.TB) (*catalog.Catalog, store.Store) {
	t.Helper()
	cat := parse(t)
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Catalog: cat})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if _, err := sample.Load(t.Context(), cat, s); err != nil {
		t.Fatal(err)
	}
	return cat, s
}

// matched is what a match answers.
type matched struct {
	Data struct {
		Match *struct {
			Nodes []struct {
				Narrative string
				Nodes     []struct{ ID string }
				Steps     []struct {
					Direction    string
					Link         struct{ Kind string }
					Alternatives []struct{ Kind string }
				}
			}
			PageInfo struct {
				HasNextPage, HasPreviousPage bool
				EndCursor                    string
			}
			Report struct {
				Outcome                      string
				EstimatedNodes, VisitedNodes int
				Stages                       []struct {
					Does           string
					EstimatedNodes int
					VisitedNodes   *int
				}
			}
		}
	}
	Errors []struct {
		Message    string
		Extensions struct{ Code string }
	}
}

func match(t *testing.T, e *graph.Engine, args string) (m matched) {
	t.Helper()
	q := `{ match(` + args + `) { nodes { narrative nodes { id } steps { direction link { kind } alternatives { kind } } }
		pageInfo { hasNextPage hasPreviousPage endCursor } report { outcome estimatedNodes visitedNodes stages { description estimatedNodes visitedNodes } } } }`
	if err := json.Unmarshal([]byte(ask(t, e, q, nil)), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

const saidAbout = `pattern: [{node: {types: [PERSON]}}, {link: {kinds: [SAID], direction: OUTGOING}}, {node: {types: [QUOTE]}}, {link: {kinds: [ABOUT]}}, {node: {types: [THEME]}}]`

func TestMatchPagesThroughEverythingThatFits(t *testing.T) {
	cat, s := sampled(t)
	e := engine(t, cat, s)
	// what fits, from the lists of links
	var all struct {
		Data struct {
			People struct {
				Nodes []struct {
					ID     string
					Quotes struct {
						Nodes []struct {
							ID     string
							Themes struct{ Nodes []struct{ ID string } }
						}
					}
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(ask(t, e,
		`{ people { nodes { id quotes { nodes { id themes { nodes { id } } } } } } }`, nil)), &all); err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for _, p := range all.Data.People.Nodes {
		for _, q := range p.Quotes.Nodes {
			for _, th := range q.Themes.Nodes {
				want[p.ID+" "+q.ID+" "+th.ID] = true
			}
		}
	}
	if len(want) < 3 {
		t.Fatalf("the sample has %d lines of this pattern", len(want))
	}
	for _, first := range []int{1, 2, 50} {
		last, after := "", ""
		seen := 0
		for page := 0; ; page++ {
			m := match(t, e, fmt.Sprintf(`%s, first: %d%s`, saidAbout, first, after))
			if m.Data.Match == nil || m.Data.Match.Report.Outcome != "COMPLETE" ||
				m.Data.Match.PageInfo.HasPreviousPage != (page > 0) {
				t.Fatalf("page %d: %+v", page, m)
			}
			for _, p := range m.Data.Match.Nodes {
				var ids []string
				for _, n := range p.Nodes {
					ids = append(ids, n.ID)
				}
				line := strings.Join(ids, " ")
				if !want[line] || line <= last {
					t.Fatalf("%q after %q, wanted %v", line, last, want[line])
				}
				if !strings.Contains(p.Narrative, "²") || p.Steps[0].Direction != "OUTGOING" ||
					p.Steps[0].Link.Kind != "SAID" {
					t.Errorf("%+v", p)
				}
				last = line
				seen++
			}
			if !m.Data.Match.PageInfo.HasNextPage {
				break
			}
			after = fmt.Sprintf(`, after: %q`, m.Data.Match.PageInfo.EndCursor)
		}
		if seen != len(want) {
			t.Errorf("pages of %d list %d lines of %d", first, seen, len(want))
		}
	}
}

func TestMatchTellsItsCostBeforehand(t *testing.T) {
	cat, s := sampled(t)
	e := engine(t, cat, s)
	dry := match(t, e, saidAbout+`, dryRun: true`).Data.Match
	ran := match(t, e, saidAbout).Data.Match
	if dry.Report.Outcome != "ESTIMATED" || len(dry.Nodes) > 0 || dry.Report.VisitedNodes != 0 ||
		dry.Report.EstimatedNodes == 0 {
		t.Errorf("%+v", dry)
	}
	if dry.Report.EstimatedNodes != ran.Report.EstimatedNodes || len(dry.Report.Stages) != 3 ||
		ran.Report.VisitedNodes == 0 {
		t.Errorf("%+v, when run %+v", dry.Report, ran.Report)
	}
	for i, s := range ran.Report.Stages {
		if d := dry.Report.Stages[i]; d.Does != s.Does || d.EstimatedNodes != s.EstimatedNodes ||
			d.VisitedNodes != nil || s.VisitedNodes == nil {
			t.Errorf("stage %d: %+v, when run %+v", i, d, s)
		}
	}
	limits := plan.DefaultLimits()
	limits.MaxNodes = dry.Report.EstimatedNodes - 1
	small, err := graph.New(graph.Options{Catalog: cat, Store: s, Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	m := match(t, small, saidAbout)
	if len(m.Errors) != 1 || m.Errors[0].Extensions.Code != "COST_LIMIT" ||
		!strings.Contains(m.Errors[0].Message, "narrow a step") {
		t.Errorf("%+v", m.Errors)
	}
	if m := match(t, small, saidAbout+`, dryRun: true`); m.Data.Match == nil ||
		m.Data.Match.Report.EstimatedNodes != dry.Report.EstimatedNodes {
		t.Errorf("a dry run is refused as well: %+v", m.Errors)
	}
}

func TestMatchRefusesWhatCannotBeMeant(t *testing.T) {
	cat, s := sampled(t)
	e := engine(t, cat, s)
	for _, q := range []struct{ args, code, says string }{
		{`pattern: []`, "BAD_USER_INPUT", "1 to 8 links"},
		{`pattern: [{node: {}}]`, "BAD_USER_INPUT", "1 to 8 links"},
		{
			`pattern: [` + strings.Repeat(`{node: {}}, {link: {}}, `, 9) + `{node: {}}]`, "BAD_USER_INPUT",
			"1 to 8 links",
		},
		{`pattern: [{node: {}}, {link: {}}, {link: {}}]`, "BAD_USER_INPUT", "match.pattern[2]: a node is wanted here"},
		{`pattern: [{node: {}}, {node: {}}, {node: {}}]`, "BAD_USER_INPUT", "match.pattern[1]: a link is wanted here"},
		{`pattern: [{link: {}}, {node: {}}, {link: {}}]`, "BAD_USER_INPUT", "match.pattern[0]: a node is wanted here"},
		{`pattern: [{node: {}}, {link: {}}, {node: {}}, {link: {}}]`, "BAD_USER_INPUT", "ends with a node"},
		{
			`pattern: [{node: {}}, {link: {}}, {node: {ref: {name: "nobody at all"}}}]`, "NOT_FOUND",
			"match.pattern[2].node.ref",
		},
		{
			`pattern: [{node: {}}, {link: {}}, {node: {ref: {name: "NATO"}, where: {name: {eq: "x"}}}}]`, "BAD_USER_INPUT",
			"leave out where",
		},
		{
			`pattern: [{node: {}}, {link: {}}, {node: {ref: {name: "NATO"}, types: [PERSON]}}]`, "NOT_FOUND",
			"match.pattern[2].node.ref",
		},
		{
			`pattern: [{node: {ref: {name: "NATO"}}}, {link: {}}, {node: {}}, {link: {}}, {node: {ref: {name: "NATO"}}}]`,
			"BAD_USER_INPUT", "the entity of step 0",
		},
		{
			`pattern: [{node: {types: [INSTITUTION]}}, {link: {kinds: [SAID]}}, {node: {}}]`, "BAD_USER_INPUT",
			"ask for INSTITUTION and any type, in either direction; SAID joins PERSON to QUOTE",
		},
		{
			`pattern: [{node: {types: [PERSON]}}, {link: {kinds: [SAID], direction: INCOMING}}, {node: {}}]`,
			"BAD_USER_INPUT", "ask for any type to PERSON; SAID joins PERSON to QUOTE",
		},
		{
			`pattern: [{node: {}}, {link: {kinds: [SAID]}}, {node: {}}, {link: {kinds: [LOCATED_IN]}}, {node: {}}]`,
			"BAD_USER_INPUT", "LOCATED_IN",
		},
		// a name is looked for among the types that can stand there; an id means what it means
		{
			`pattern: [{node: {ref: {name: "NATO"}}}, {link: {kinds: [SAID]}}, {node: {}}]`, "NOT_FOUND",
			"match.pattern[0].node.ref",
		},
		{`pattern: [{node: {ref: {id: "nato"}}}, {link: {kinds: [SAID]}}, {node: {}}]`, "BAD_USER_INPUT", "SAID"},
		{`pattern: [{node: {types: []}}, {link: {}}, {node: {}}]`, "BAD_USER_INPUT", "at least one type"},
		{`pattern: [{node: {}}, {link: {kinds: []}}, {node: {}}]`, "BAD_USER_INPUT", "at least one kind"},
		{saidAbout + `, first: 101`, "BAD_USER_INPUT", "0 to 100"},
		{saidAbout + `, first: 1, last: 1`, "BAD_USER_INPUT", "not both"},
		{saidAbout + `, after: "junk"`, "BAD_CURSOR", "cursor"},
	} {
		m := match(t, e, q.args)
		if len(m.Errors) != 1 || m.Errors[0].Extensions.Code != q.code ||
			!strings.Contains(m.Errors[0].Message, q.says) {
			t.Errorf("%s: %+v, want %s with %q", q.args, m.Errors, q.code, q.says)
		}
	}
	// a cursor of another pattern, longer or not
	other := match(t, e, saidAbout+`, first: 1`)
	for _, pattern := range []string{
		`[{node: {}}, {link: {}}, {node: {}}]`,
		strings.TrimPrefix(strings.Replace(saidAbout, "types: [THEME]", "types: [THEME, PERSON]", 1), "pattern: "),
	} {
		for _, way := range []string{"after", "before"} {
			m := match(t, e, `pattern: `+pattern+`, `+way+`: "`+other.Data.Match.PageInfo.EndCursor+`"`)
			if len(m.Errors) != 1 || m.Errors[0].Extensions.Code != "BAD_CURSOR" {
				t.Errorf("%s of another: %+v", way, m.Errors)
			}
		}
	}
}

func TestMatchFiltersEveryStep(t *testing.T) {
	cat, s := sampled(t)
	e := engine(t, cat, s)
	middle := match(t, e,
		`pattern: [{node: {types: [PERSON]}}, {link: {where: {role: {isNull: false}}}}, {node: {where: {linkedTo: {entity: {name: "human security"}}}}}, {link: {}}, {node: {ref: {name: "human security"}}}], first: 50`).Data.Match
	if len(middle.Nodes) == 0 {
		t.Fatal("nothing fits")
	}
	for _, p := range middle.Nodes {
		if p.Nodes[2].ID != middle.Nodes[0].Nodes[2].ID {
			t.Errorf("ends at %s", p.Nodes[2].ID)
		}
		if p.Steps[0].Link.Kind == "SAID" {
			t.Errorf("a link without a role: %+v", p)
		}
	}
	none := match(t, e, `pattern: [{node: {where: {name: {eq: "nobody at all"}}}}, {link: {}}, {node: {}}]`).Data.Match
	if len(none.Nodes) != 0 || none.Report.Outcome != "COMPLETE" || none.PageInfo.HasNextPage {
		t.Errorf("%+v", none)
	}
}

func TestEveryAliasGetsWhatItAsks(t *testing.T) {
	cat, s := sampled(t)
	e := engine(t, cat, s)
	got := ask(t, e, `{ paths(from: {name: "Mary Kaldor"}, to: {name: "NATO"}, where: {kinds: [SAID]}) { a: nodes { length } b: nodes { narrative sources { id } } c: report { outcome } d: report { nearMiss { narrative } } } }`,
		nil)
	if strings.Contains(got, `"errors"`) || !strings.Contains(got, `"nearMiss":{"narrative":"Mary Kaldor`) {
		t.Errorf("%s", got)
	}
	got = ask(t, e, `{ paths(from: {name: "Mary Kaldor"}, to: {name: "NATO"}, first: 1) { a: nodes { length } b: nodes { narrative } } }`,
		nil)
	if !strings.Contains(got, `"b":[{"narrative":"Mary Kaldor`) {
		t.Errorf("%s", got)
	}
}
