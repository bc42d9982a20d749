package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/throughline/throughline/graph/internal/bind"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/operation"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/trace"
)

// This file answers `paths`.

var pathsKind = &questionKind{
	name:  "paths",
	begin: func() question { return &pathsQuestion{} },
	tables: tables{
		"PathConnection": {
			"nodes":      objectsOf(func(a *pathsAnswer) []path { return a.beside }),
			"totalCount": totalOrNull(func(a *pathsAnswer) int64 { return a.Total }),
			"report":     objectOf(func(a *pathsAnswer) *pathsAnswer { return a }),
		},
		"PathEdge": {
			"node": objectOf(func(p *path) *path { return p }),
		},
		"PathReport": {
			"outcome":      textOf(func(a *pathsAnswer) string { return string(a.outcome) }),
			"visitedNodes": intOf(func(a *pathsAnswer) int64 { return int64(a.visited) }),
			"nearMiss": objectOf(func(a *pathsAnswer) *path { return a.nearMiss }).also(func(_ *compiler, at *scope) {
				at.asked.nearMiss = true
			}),
		},
		"Path": {
			"length":    intOf(func(p *path) int64 { return int64(len(p.steps)) }),
			"cost":      floatOf(func(p *path) float64 { return float64(p.cost) / 1000 }),
			"start":     recordOf(func(p *path) *kg.Row { return p.steps[0].from }),
			"end":       recordOf(func(p *path) *kg.Row { return p.steps[len(p.steps)-1].to }),
			"steps":     objectsOf(func(p *path) []pathStep { return p.steps }).also(wantLinks),
			"nodes":     recordsOf(func(p *path) []*kg.Row { return p.nodes }),
			"sources":   sourcesOfPath,
			"narrative": textOf(narrative).also(planNarrative),
		},
		"PathStep": {
			"from":         recordOf(func(s *pathStep) *kg.Row { return s.from }),
			"link":         recordOf(func(s *pathStep) *kg.Row { return s.link }),
			"alternatives": recordsOf(func(s *pathStep) []*kg.Row { return s.alternatives }),
			"direction":    textOf(func(s *pathStep) string { return directionName(s.out) }),
			"to":           recordOf(func(s *pathStep) *kg.Row { return s.to }),
		},
	},
}

// totalOrNull returns the field `totalCount` of a list that may be too long to be counted: then it is less than 0.
func totalOrNull[T any](get func(*T) int64) *field {
	return valueOf(func(t *T) kg.Value {
		n := get(t)
		if n < 0 {
			return kg.Value{}
		}
		return kg.IntValue(min(n, math.MaxInt32))
	}).also(func(_ *compiler, at *scope) { at.follow.base.Want.Total = true })
}

// wantLinks has the links of the answer read.
func wantLinks(_ *compiler, at *scope) { at.asked.links = true }

// sourcesOfPath is the field `sources` of a path: these records are read with the evidence.
var sourcesOfPath = &field{
	shape: listShape,
	plan: func(c *compiler, f operation.Field, at *scope, x *out) {
		planEvidence(c, at)
		x.objs = c.records(f, at.asked.sources, 1<<c.cat.Source.Index)
	},
	count: func(_ *reading, _ *out, p *place) (int, error) { return len(of[path](p).sources), nil },
	item: func(_ *reading, _ *out, p *place, i int, to *place) {
		a := of[path](p)
		*to = place{row: a.sources[i], sel: a.sourceSel}
	},
}

// pathsQuestion is `paths` with its values.
type pathsQuestion struct {
	asked
	search trace.Question // its entities are walk.Refs, in the order from, to, via, avoid
	via    int            // how many of them are via
}

// pathsAnswer holds the values of PathConnection and PathReport.
type pathsAnswer struct {
	entryList[path]
	outcome  trace.Outcome
	visited  int
	nearMiss *path
}

func (q *pathsQuestion) bind(b *binder, args map[string]any) (err error) {
	for _, name := range []string{"from", "to"} {
		if err := b.Entity("paths."+name, args[name]); err != nil {
			return err
		}
	}
	if err := b.Entities("paths.via", args["via"], trace.MaxVia); err != nil {
		return err
	}
	q.via = len(b.Refs) - 2
	if err := b.Entities("paths.avoid", args["avoid"], plan.MaxIDs); err != nil {
		return err
	}
	p := &q.search
	p.MaxNodes, p.Year = q.limits.MaxNodes, q.now.UTC().Year()
	p.Directed, p.Chronological = args["directed"] == true, args["chronological"] == true
	p.Overlapping, p.Independent = args["overlapping"] == true, args["independentSources"] == true
	p.Certain = args["dateMatch"] == "CERTAIN"
	q.walk.Sources = p.Independent
	rank, _ := args["rank"].(string)
	p.Rank = trace.RankNames[rank]
	if p.HubPenalty, err = bind.Number("paths.hubPenalty", args["hubPenalty"], 0, plan.MaxHubPenalty); err != nil {
		return err
	}
	if p.MaxLength, err = bind.Whole("paths.maxLength", args["maxLength"], 1, plan.MaxPathLength); err != nil {
		return err
	}
	if q.window, err = b.linesWindow(&q.asked, args, kg.Int, kg.String); err != nil {
		return err
	}
	p.Page, p.More, p.Count = q.page, q.list.base.Want.More, q.list.base.Want.Total
	return nil
}

// linesWindow reads first, after, last, before of a list of lines. Its cursors are those of this very question, since
// another has other lines; filters are no part of it, as in other lists.
func (b *binder) linesWindow(q *asked, args map[string]any, kinds ...kg.ValueKind) (window, error) {
	rest := maps.Clone(args)
	for _, name := range []string{"first", "after", "last", "before", "dryRun"} {
		delete(rest, name)
	}
	this, err := json.Marshal(unfiltered(rest))
	if err != nil {
		return window{}, err
	}
	list := *q.list
	list.at += string(this)
	return b.window(&list, args, kinds...)
}

// unfiltered is a value of arguments without the filters in it.
func unfiltered(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, x := range v {
			if name != "where" {
				out[name] = unfiltered(x)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = unfiltered(x)
		}
		return out
	}
	return v
}

// filterCost counts looking for every line there is as much as a measure of the whole graph.
func (q *pathsQuestion) filterCost() int {
	n := q.asked.filterCost()
	if q.search.Count || q.page.Backward && q.page.Before == nil {
		n += analyzing
	}
	return n
}

func (q *pathsQuestion) records() int { return q.entries(defaultedPage) * (q.search.MaxLength + 1) }

func (q *pathsQuestion) describe(*describer) (how, steps []string) {
	p := &q.search
	for rank, r := range trace.RankNames {
		if r == p.Rank {
			how = append(how, rank)
		}
	}
	how = append(
		how,
		fmt.Sprintf("hubPenalty %g", p.HubPenalty),
		fmt.Sprintf("at most %d hops", p.MaxLength),
		pageWords(&p.Page),
	)
	for _, c := range []struct {
		on   bool
		name string
	}{
		{p.Directed, "directed"},
		{p.Chronological, "chronological"},
		{p.Overlapping, "overlapping"},
		{p.Independent, "independentSources"},
	} {
		if c.on {
			how = append(how, c.name)
		}
	}
	return how, nil
}

// timeToWrite is the part of an operation's time, as its inverse, that a search leaves for reading and writing the
// answer.
const timeToWrite = 5

// searchTime returns a context that ends when a search must.
func (x *search) searchTime() (context.Context, context.CancelFunc) {
	if end, ok := x.ctx.Deadline(); ok {
		return context.WithTimeout(x.ctx, time.Until(end)*(timeToWrite-1)/timeToWrite)
	}
	return x.ctx, func() {}
}

func (q *pathsQuestion) answer(x *search) (place, error) {
	p := q.search // a copy
	p.From, p.To = x.keys[0], x.keys[1]
	p.Via, p.Avoid = distinct(x.keys[2:2+q.via]), distinct(x.keys[2+q.via:])
	if p.From == p.To {
		return place{}, bind.Bad("paths", "from and to are the same entity; name two")
	}
	p.Via = slices.DeleteFunc(p.Via, func(k uint32) bool { return k == p.From || k == p.To }) // passed by every line
	for _, k := range p.Avoid {
		if k == p.From || k == p.To || slices.Contains(p.Via, k) {
			return place{}, bind.Bad("paths.avoid", "an entity cannot be avoided and be from, to or via at once")
		}
	}
	limit, cancel := x.searchTime()
	defer cancel()
	found, err := trace.Find(x.ctx, limit, x.g, &p)
	if err != nil {
		return place{}, err
	}
	if gaveUp := found.Outcome == trace.NodeLimit || found.Outcome == trace.TimeLimit; gaveUp && p.Page.Backward && !found.None {
		return place{}, bind.About("paths.last", kg.CostLimit,
			"there are too many lines to come to this end of the list: read it forwards, by first, or ask for shorter lines by maxLength")
	}
	lines := slices.Clone(found.Lines)
	g := x.g // of all lines: there is a near miss only when there is nothing else
	if found.None && x.nearMiss && limit.Err() == nil {
		var miss *trace.Line
		if miss, g, err = x.findNearMiss(limit, p); err != nil {
			return place{}, err
		}
		if miss != nil {
			lines = append(lines, *miss)
		}
	}
	if err := x.readLines(g, lines); err != nil {
		return place{}, err
	}
	if g != x.g { // those are counted
		x.a.res.RoundTrips += g.RoundTrips()
	}
	a := &pathsAnswer{outcome: found.Outcome, visited: found.Visited}
	a.begin(x, q.window, found.Total, found.Before, found.More)
	for i := range found.Lines {
		l := &found.Lines[i]
		a.addMade(x.path(g, l), trace.LineKeys(l, func(k uint32) string { return g.Node(k).ID })...)
	}
	if len(lines) > len(found.Lines) {
		miss := x.path(g, &lines[0])
		a.nearMiss = &miss
	}
	return a.place(a), nil
}

// readLines reads the records of lines, with their links where these are wanted, as far as the search does not
// know already what is wanted of them.
func (x *search) readLines(g store.Graph, lines []trace.Line) error {
	sel := x.sel()
	if !x.links && len(sel.Children) == 0 &&
		!slices.ContainsFunc(sel.Props, func(p *catalog.Prop) bool { return p.Name != "id" && p.Name != "type" }) {
		x.a.res, x.rows = &kg.Result{}, map[string]*kg.Row{}
		for i := range lines {
			for _, k := range lines[i].Nodes {
				n := g.Node(k)
				row := &kg.Row{Type: n.Type, Vals: make([]kg.Value, len(sel.Props))}
				for j, p := range sel.Props {
					row.Vals[j] = kg.StringValue(n.ID)
					if p.Name == "type" {
						row.Vals[j] = kg.StringValue(x.e.opts.Catalog.TypeAt(n.Type).Enum)
					}
				}
				x.rows[n.ID] = row
			}
		}
		return nil
	}
	var ids []string
	for i := range lines {
		for _, k := range lines[i].Nodes {
			ids = append(ids, g.Node(k).ID)
		}
		if !x.links {
			continue
		}
		for _, h := range lines[i].Hops {
			for _, a := range h.Links {
				ids = append(ids, g.Link(a.Link).ID)
			}
		}
	}
	return x.read(unique(ids))
}

// findNearMiss finds the best line that breaks a condition: a longer one, or else one without any conditions; nil
// for none. It returns the graph that it searched last.
func (x *search) findNearMiss(limit context.Context, p trace.Question) (*trace.Line, store.Graph, error) {
	p.Page, p.More, p.Count = plan.Paging{N: 1}, false, false
	if p.MaxLength < plan.MaxPathLength {
		longer := p
		longer.MaxLength = plan.MaxPathLength
		if a, err := trace.Find(x.ctx, limit, x.g, &longer); err != nil || len(a.Lines) > 0 {
			if err != nil {
				return nil, nil, err
			}
			return &a.Lines[0], x.g, nil
		}
	}
	if x.walk.Links == nil && len(p.Via)+len(p.Avoid) == 0 && !p.Directed && !p.Chronological && !p.Overlapping &&
		!p.Independent {
		return nil, x.g, nil
	}
	g, keys, err := x.e.openWalk(x.ctx, &plan.Walk{Refs: x.walk.Refs[:2], Asked: 2})
	if err != nil {
		return nil, nil, err
	}
	free := trace.Question{
		From:       keys[0],
		To:         keys[1],
		HubPenalty: p.HubPenalty,
		Rank:       p.Rank,
		MaxLength:  plan.MaxPathLength,
		Page:       plan.Paging{N: 1},
		MaxNodes:   p.MaxNodes,
		Year:       p.Year,
	}
	a, err := trace.Find(x.ctx, limit, g, &free)
	if err != nil || len(a.Lines) == 0 {
		return nil, g, err
	}
	return &a.Lines[0], g, nil
}
