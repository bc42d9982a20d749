package assist

import (
	"fmt"

	"github.com/throughline/throughline/internal/catalog"
)

func pathsTool(cat *catalog.Catalog) *tool {
	return &tool{
		name: "paths", title: "How two are connected",
		help: "How two entities are connected: lines from one to the other, best first, each hop a statement with the " +
			"words of a source. When there is none, the answer says why.",
		params: []param{
			{name: "from", kind: words, required: true, most: maxName, help: "Where lines begin: a name or an id."},
			{name: "to", kind: words, required: true, most: maxName, help: "Where they end."},
			entityNames("via", 0, 4, "Entities that every line must pass."),
			entityNames("avoid", 0, 20, "Entities that no line may pass."),
			kindsParam(cat), asOfParam, standings,
			{
				name: "rank", kind: words, of: []string{"SHORTEST", "STRONGEST", "MOST_CORROBORATED", "MOST_RECENT"},
				help: "What makes a line better. Default SHORTEST.",
			},
			{name: "maxLength", kind: number, least: 1, most: 8, help: "Most hops. Default 6."},
			firstParam(5, 3),
		},
		run: (*call).paths,
	}
}

const pathsQuery = `query Paths($from: EntityRef!, $to: EntityRef!, $via: [EntityRef!], $avoid: [EntityRef!],
  $where: LinkFilter, $rank: PathRank!, $max: Int!, $first: Int!) {
  paths(from: $from, to: $to, via: $via, avoid: $avoid, where: $where, rank: $rank, maxLength: $max, first: $first) {
    nodes { ...Steps } report { outcome visitedNodes nearMiss { ...Steps } } }
}
fragment Steps on Path { nodes { name } steps { link { ...Told } } }` + toldFragment

type lineJSON struct {
	Nodes []struct{ Name string }
	Steps []struct{ Link toldJSON }
}

func (c *call) paths() (*Answer, error) {
	refs, err := c.references([]string{c.args.text("from"), c.args.text("to")}, c.args.texts("via"), c.args.texts("avoid"))
	if err != nil {
		return nil, err
	}
	longest, rank := c.args.number("maxLength", 6), c.args.text("rank")
	if rank == "" {
		rank = "SHORTEST"
	}
	var got struct {
		Paths struct {
			Nodes  []lineJSON
			Report struct {
				Outcome      string
				VisitedNodes int
				NearMiss     *lineJSON
			}
		}
	}
	vars := map[string]any{
		"from": refs[0][0], "to": refs[0][1], "via": refs[1], "avoid": refs[2], "where": c.where(), "rank": rank,
		"max": longest, "first": c.args.number("first", 3),
	}
	if err := c.ask(pathsQuery, vars, &got); err != nil {
		return nil, err
	}
	a := &Answer{Statements: []*Statement{}}
	told := map[string]int{}
	for i := range got.Paths.Nodes {
		a.line(&got.Paths.Nodes[i], told)
	}
	if len(a.Lines) > 0 {
		return a, nil
	}
	r := &got.Paths.Report
	a.note("%s", map[string]string{
		"COMPLETE":     "No line fulfils the conditions.",
		"LENGTH_LIMIT": fmt.Sprintf("There is no line of at most %d hops; there may be a longer one.", longest),
		"NODE_LIMIT":   fmt.Sprintf("No line was found among the %d entities nearest to the two.", r.VisitedNodes),
		"TIMEOUT":      "No line was found in the time there is.",
		"DISCONNECTED": "There is no line of any length under these conditions.",
	}[r.Outcome])
	if r.NearMiss != nil {
		a.note("The nearest to one, which breaks a condition:")
		a.line(r.NearMiss, told)
	}
	return a, nil
}

// line appends a line, and those of its statements that were not told before.
func (a *Answer) line(l *lineJSON, told map[string]int) {
	var line Line
	for _, n := range l.Nodes {
		line.Names = append(line.Names, n.Name)
	}
	for i := range l.Steps {
		of := &l.Steps[i].Link
		if told[of.ID] == 0 {
			told[of.ID] = a.tell(of).N
		}
		line.Statements = append(line.Statements, told[of.ID])
	}
	a.Lines = append(a.Lines, line)
}

// mostTold is how many links of a subgraph are told.
const mostTold = 50

func subgraphTool(cat *catalog.Catalog) *tool {
	return &tool{
		name: "subgraph", title: "What is around entities",
		help: fmt.Sprintf("Who and what is around some entities, nearest first, and the links among them, of which at "+
			"most %d are told with their words. With depth 0, only the links among the entities themselves.", mostTold),
		params: []param{
			entityNames("seeds", 1, 20, "Where to begin."),
			{name: "depth", kind: number, least: 0, most: 4, help: "How many links away. Default 1."},
			kindsParam(cat), asOfParam, standings,
			{name: "maxNodes", kind: number, least: 1, most: 100, help: "Most entities. Default 30."},
		},
		run: (*call).subgraph,
	}
}

const subgraphQuery = `query Around($seeds: [EntityRef!]!, $depth: Int!, $where: LinkFilter, $most: Int!) {
  subgraph(seeds: $seeds, depth: $depth, where: $where, maxNodes: $most) { nodes { id type name } links { id }
    frontier { node { id } hiddenLinks } truncated }
}`

const tellQuery = `query Tell($ids: [ID!]!) { nodes(ids: $ids) { ...Told } }` + toldFragment

func (c *call) subgraph() (*Answer, error) {
	refs, err := c.references(c.args.texts("seeds"))
	if err != nil {
		return nil, err
	}
	var got struct {
		Subgraph struct {
			Nodes    []*Entity
			Links    []struct{ ID string }
			Frontier []struct {
				Node        struct{ ID string }
				HiddenLinks int
			}
			Truncated bool
		}
	}
	vars := map[string]any{
		"seeds": refs[0], "depth": c.args.number("depth", 1), "where": c.where(), "most": c.args.number("maxNodes", 30),
	}
	if err := c.ask(subgraphQuery, vars, &got); err != nil {
		return nil, err
	}
	a := &Answer{Entities: got.Subgraph.Nodes, Statements: []*Statement{}}
	hidden := map[string]int{}
	for _, f := range got.Subgraph.Frontier {
		hidden[f.Node.ID] = f.HiddenLinks
	}
	for _, e := range a.Entities {
		e.URI, e.HiddenLinks = uriOf("entity", e.ID), hidden[e.ID]
	}
	if got.Subgraph.Truncated {
		a.note("More is around them than is shown: narrow it by kinds, or raise maxNodes.")
	}
	var ids []any
	for _, l := range got.Subgraph.Links[:min(mostTold, len(got.Subgraph.Links))] {
		ids = append(ids, l.ID)
	}
	if n := len(got.Subgraph.Links) - len(ids); n > 0 {
		a.note("%d more links among them are not told: ask about fewer entities, or narrow it by kinds.", n)
	}
	if len(ids) == 0 {
		return a, nil
	}
	var told struct{ Nodes []*toldJSON }
	if err := c.ask(tellQuery, map[string]any{"ids": ids}, &told); err != nil {
		return nil, err
	}
	for _, l := range told.Nodes {
		if l != nil { // it went in between
			a.tell(l)
		}
	}
	return a, nil
}

func timelineTool(cat *catalog.Catalog) *tool {
	return &tool{
		name: "timeline", title: "What happened, in order",
		help: "What happened around some entities, in order of time: events, links that began and ended, what was said " +
			"and published. Only what has a date.",
		params: []param{
			entityNames("subjects", 1, 20, "Whose timeline."),
			{name: "from", kind: words, most: 10, help: "Only from this date on: 2021, 2021-02 or 2021-02-25."},
			{name: "to", kind: words, most: 10, help: "Only up to this date."},
			kindsParam(cat), standings, firstParam(50, 20), afterParam,
		},
		run: (*call).timeline,
	}
}

const timelineQuery = `query When($subjects: [EntityRef!]!, $during: PartialDateFilter, $where: LinkFilter, $first: Int,
  $after: String) {
  timeline(subjects: $subjects, during: $during, where: $where, first: $first, after: $after) { totalCount pageInfo {
    hasNextPage endCursor }
    nodes { date caption subject { __typename ... on Link { ...Told } ... on Source { id title publisher publishedOn
      url }
      ... on Entity { links(first: 1, orderBy: [{field: SOURCE_COUNT, direction: DESC}]) { edges { link { ...Told } }
        } } } } }
}` + toldFragment

func (c *call) timeline() (*Answer, error) {
	refs, err := c.references(c.args.texts("subjects"))
	if err != nil {
		return nil, err
	}
	during := map[string]any{}
	for _, end := range []string{"from", "to"} {
		if d := c.args.text(end); d != "" {
			during[end] = d
		}
	}
	var got struct {
		Timeline struct {
			TotalCount int
			PageInfo   pageJSON
			Nodes      []struct {
				Date, Caption string
				Subject       struct {
					Typename string `json:"__typename"`
					toldJSON
					Title                       string
					Publisher, PublishedOn, URL *string
					Links                       struct{ Edges []struct{ Link toldJSON } }
				}
			}
		}
	}
	vars := map[string]any{
		"subjects": refs[0], "during": during, "where": c.where(), "first": c.args.number("first", 20), "after": c.after(),
	}
	if err := c.ask(timelineQuery, vars, &got); err != nil {
		return nil, err
	}
	a := &Answer{Statements: []*Statement{}}
	for i := range got.Timeline.Nodes {
		n := &got.Timeline.Nodes[i]
		var s *Statement
		switch of := &n.Subject; {
		case of.Typename == c.o.Catalog.Link.Name:
			s = a.tell(&of.toldJSON)
		case of.Typename == c.o.Catalog.Source.Name:
			source := wordsJSON{Source: sourceJSON{of.ID, of.Title, of.Publisher, of.PublishedOn, of.URL}}
			s = a.state(&Statement{Words: []Words{source.words()}})
		case len(of.Links.Edges) > 0:
			s = a.tell(&of.Links.Edges[0].Link)
			s.From = s.Sentence
		default:
			s = a.state(&Statement{Words: []Words{}})
		}
		s.Date, s.Sentence = n.Date, n.Date+": "+n.Caption
	}
	if len(a.Statements) == 0 {
		a.note("Nothing around them has a date in this time.")
	}
	a.page(got.Timeline.TotalCount, got.Timeline.PageInfo)
	return a, nil
}
