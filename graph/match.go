package graph

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/throughline/throughline/graph/internal/bind"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/trace"
)

// This file answers `match`. Its paths are those of `paths`.

var matchKind = &questionKind{
	name: "match", begin: func() question { return &matchQuestion{} },
	tables: tables{
		"MatchConnection": {
			"nodes":      objectsOf(func(a *matchAnswer) []path { return a.beside }),
			"totalCount": totalOrNull(func(a *matchAnswer) int64 { return a.Total }),
			"report":     objectOf(func(a *matchAnswer) *matchAnswer { return a }),
		},
		"MatchEdge": {
			"node": objectOf(func(p *path) *path { return p }),
		},
		"MatchReport": {
			"outcome":        textOf(func(a *matchAnswer) string { return a.outcome }),
			"estimatedNodes": intOf(func(a *matchAnswer) int64 { return estimate(trace.Total(a.stages)) }),
			"visitedNodes":   intOf(func(a *matchAnswer) int64 { return int64(a.visited) }),
			"stages":         objectsOf(func(a *matchAnswer) []matchStage { return a.steps }),
		},
		"MatchStage": {
			"description":    textOf(func(s *matchStage) string { return s.description }),
			"estimatedNodes": intOf(func(s *matchStage) int64 { return estimate(s.Estimated) }),
			"visitedNodes": valueOf(func(s *matchStage) kg.Value {
				if s.Visited < 0 {
					return kg.Value{}
				}
				return kg.IntValue(int64(s.Visited))
			}),
		},
	},
}

// matchQuestion is `match` with its values.
type matchQuestion struct {
	asked
	pattern trace.Pattern
	given   []map[string]any // the steps as given: nodes at even places, links at odd ones
	refs    []int            // by node: index into walk.Refs, or -1
	dry     bool
	stages  []trace.Stage // once it is answered
}

// matchAnswer holds the values of MatchConnection and MatchReport, matchStage those of MatchStage.
type (
	matchAnswer struct {
		entryList[path]
		outcome string
		visited int
		stages  []trace.Stage
		steps   []matchStage
	}
	matchStage struct {
		*trace.Stage
		description string
	}
)

func stepAt(i int) string { return "match.pattern[" + strconv.Itoa(i) + "]" }

// bind reads the steps and the entities they name. What their filters name comes behind, in bindFilters.
func (q *matchQuestion) bind(b *binder, args map[string]any) (err error) {
	q.dry = args["dryRun"] == true
	p := &q.pattern
	list, _ := args["pattern"].([]any)
	if len(list) < 3 || len(list) > 2*plan.MaxPathLength+1 {
		return bind.Bad(
			"match.pattern",
			"a pattern has 1 to %d links and an entity before and behind each: give 3 to %d steps",
			plan.MaxPathLength,
			2*plan.MaxPathLength+1,
		)
	}
	for i, v := range list {
		want, other := "node", "link"
		if i%2 == 1 {
			want, other = other, want
		}
		m, _ := v.(map[string]any)
		step, ok := m[want].(map[string]any)
		switch {
		case len(m) != 1:
			return bind.Bad(stepAt(i), "give exactly one of node, link")
		case !ok && m[other] != nil:
			return bind.Bad(
				stepAt(i),
				"a %s is wanted here: nodes and links stand by turns, a node first; write {%s: {}} for any",
				want,
				want,
			)
		case !ok:
			return bind.Bad(stepAt(i), "give exactly one of node, link")
		}
		q.given = append(q.given, step)
		if want == "link" {
			err = q.bindLink(b, i, step)
		} else {
			err = q.bindNode(b, i, step)
		}
		if err != nil {
			return err
		}
	}
	if len(list)%2 == 0 {
		return bind.Bad(stepAt(len(list)-1), "a pattern ends with a node; write {node: {}} for any")
	}
	if at := p.Narrow(b.Catalog); at >= 0 {
		return impossible(b.Catalog, p, at)
	}
	for i, at := range q.refs {
		if at >= 0 {
			b.Refs[at] = b.Refs[at].Among(p.Nodes[i].Types)
		}
	}
	kinds := make([]kg.ValueKind, len(p.Nodes))
	for i := range kinds {
		kinds[i] = kg.String
	}
	if q.window, err = b.linesWindow(&q.asked, args, kinds...); err != nil {
		return err
	}
	p.Page, p.Count = q.page, q.list.base.Want.Total
	q.walk.Counts = true
	return nil
}

func (q *matchQuestion) bindNode(b *binder, i int, step map[string]any) error {
	n := trace.PatternNode{Types: b.Catalog.Entities}
	if v := step["types"]; v != nil {
		types, err := b.Types(stepAt(i)+".node.types", v)
		if err != nil {
			return err
		}
		if n.Types = *types; n.Types == 0 {
			return bind.Bad(stepAt(i)+".node.types", "name at least one type, or leave it out")
		}
	}
	q.refs = append(q.refs, -1)
	if ref := step["ref"]; ref != nil {
		at := stepAt(i) + ".node.ref"
		if step["where"] != nil {
			return bind.Bad(at, "it names one entity: leave out where")
		}
		m, _ := ref.(map[string]any)
		r, err := b.Ref(at, m, n.Types)
		if err != nil {
			return err
		}
		q.refs[len(q.refs)-1] = len(b.Refs)
		b.Refs = append(b.Refs, r)
	}
	q.pattern.Nodes = append(q.pattern.Nodes, n)
	return nil
}

func (q *matchQuestion) bindLink(b *binder, i int, step map[string]any) error {
	l := trace.PatternLink{
		Kinds: b.Catalog.AllKinds(),
		Out:   step["direction"] != "INCOMING",
		In:    step["direction"] != "OUTGOING",
	}
	if v := step["kinds"]; v != nil {
		kinds, err := b.Kinds(stepAt(i)+".link.kinds", v)
		if err != nil {
			return err
		}
		if l.Kinds = *kinds; l.Kinds == 0 {
			return bind.Bad(stepAt(i)+".link.kinds", "name at least one kind, or leave it out")
		}
	}
	q.pattern.Links = append(q.pattern.Links, l)
	return nil
}

// bindFilters reads the filters of the steps, once all entities that the steps name are known.
func (q *matchQuestion) bindFilters(b *binder) (err error) {
	p := &q.pattern
	for i, step := range q.given {
		w, ok := step["where"].(map[string]any)
		switch {
		case !ok:
		case i%2 == 0:
			b.On = p.Nodes[i/2].Types
			p.Nodes[i/2].Where, err = b.EntityFilter(stepAt(i)+".node.where", w, 1)
		default:
			b.On = p.Nodes[i/2].Types | p.Nodes[i/2+1].Types
			p.Links[i/2].Where, err = b.LinkFilter(stepAt(i)+".link.where", w, 1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// impossible says why nothing can ever fit a hop.
func impossible(cat *catalog.Catalog, p *trace.Pattern, hop int) error {
	l := &p.Links[hop]
	left, right := typeNames(cat, p.Nodes[hop].Types), typeNames(cat, p.Nodes[hop+1].Types)
	wanted := left + " and " + right + ", in either direction"
	switch {
	case !l.In:
		wanted = left + " to " + right
	case !l.Out:
		wanted = right + " to " + left
	}
	var joins []string
	for _, k := range cat.Kinds {
		if l.Kinds.Has(k.Index) {
			joins = append(joins, k.Name+" joins "+typeNames(cat, k.From)+" to "+typeNames(cat, k.To))
		}
	}
	if len(joins) > 5 {
		joins = []string{"no kind asked for joins these"}
	}
	return bind.Bad(
		stepAt(2*hop+1),
		"no such link can be here: the steps next to it ask for %s; %s",
		wanted,
		strings.Join(joins, ", "),
	)
}

// typeNames lists types for a message.
func typeNames(cat *catalog.Catalog, set catalog.TypeSet) string {
	if set == cat.Entities {
		return "any type"
	}
	return strings.Join(cat.Enums(set), "/")
}

func (q *matchQuestion) records() int { return q.entries(defaultedPage) * (2*len(q.pattern.Nodes) - 1) }

func (q *matchQuestion) filterCost() int {
	n := q.asked.filterCost()
	for i := range q.pattern.Nodes {
		n += entityFilterCost(q.pattern.Nodes[i].Where)
	}
	for i := range q.pattern.Links {
		n += linkFilterCost(q.pattern.Links[i].Where)
	}
	return n
}

func (q *matchQuestion) describe(d *describer) (how, steps []string) {
	for i := range q.pattern.Nodes {
		n := &q.pattern.Nodes[i]
		what := typeNames(d.cat, n.Types)
		if q.refs[i] >= 0 {
			what = "the entity named"
		}
		steps = append(steps, sentence(fmt.Sprintf("step %d: %s", 2*i, what), d.where("where ", d.entities(n.Where))))
		if i < len(q.pattern.Links) {
			l := &q.pattern.Links[i]
			steps = append(
				steps,
				sentence(
					fmt.Sprintf("step %d: %s", 2*i+1, d.kinds(l.Kinds)),
					directions(l.Out, l.In),
					d.where("where ", d.links(l.Where)),
				),
			)
		}
	}
	for i := range q.stages {
		s := &q.stages[i]
		steps = append(steps, fmt.Sprintf("%d. %s: about %d expected", i+1, says(&q.pattern, s), s.Estimated))
	}
	return []string{pageWords(&q.page)}, steps
}

func (q *matchQuestion) answer(x *search) (place, error) {
	p := &q.pattern
	g, ok := x.g.(store.Patterned)
	if !ok {
		return place{}, kg.Errorf(kg.Internal, "the store gave a graph that no pattern can be matched on")
	}
	for i, at := range q.refs {
		if at < 0 {
			continue
		}
		k := x.keys[at]
		for j, n := range p.Nodes[:i] {
			if n.Node == k {
				return place{}, bind.Bad(
					stepAt(2*i)+".node.ref",
					"that is the entity of step %d, and a line passes none twice",
					2*j,
				)
			}
		}
		p.Nodes[i].Node, p.Nodes[i].Types = k, 1<<x.g.Node(k).Type
	}
	if at := p.Narrow(x.e.opts.Catalog); at >= 0 {
		return place{}, impossible(x.e.opts.Catalog, p, at)
	}
	p.MaxNodes = q.limits.MaxNodes
	q.stages = p.Plan(x.e.opts.Catalog, g.Counts(), func(k uint32) int64 { return x.g.Node(k).Degree })
	a := &matchAnswer{outcome: "ESTIMATED", stages: q.stages}
	found := &trace.Match{Total: -1}
	if !q.dry {
		if trace.Total(q.stages) > int64(p.MaxNodes) {
			return place{}, tooMuch(p, q.stages)
		}
		limit, cancel := x.searchTime()
		defer cancel()
		var err error
		if found, err = trace.MatchPattern(x.ctx, limit, g, p, q.stages); err != nil {
			return place{}, err
		}
		a.outcome, a.visited = string(found.Outcome), found.Visited
	}
	var ids []string
	for i := range found.Lines {
		ids = append(ids, x.nodeIDs(found.Lines[i].Nodes)...)
		for _, h := range found.Lines[i].Hops {
			for _, a := range h.Links {
				ids = append(ids, x.g.Link(a.Link).ID)
			}
		}
	}
	if len(ids) > 0 {
		if err := x.read(unique(ids)); err != nil {
			return place{}, err
		}
	}
	a.begin(x, q.window, found.Total, found.Before, found.More)
	for i := range found.Lines {
		l := &found.Lines[i]
		var keys []kg.Value // its place in the list: the ids along it
		for _, id := range x.nodeIDs(l.Nodes) {
			keys = append(keys, kg.StringValue(id))
		}
		a.addMade(x.path(x.g, l), keys...)
	}
	for i := range q.stages {
		a.steps = append(a.steps, matchStage{&q.stages[i], says(p, &q.stages[i])})
	}
	return a.place(a), nil
}

// estimate returns an estimate, which may be more than a GraphQL Int can be.
func estimate(n int64) int64 { return min(n, math.MaxInt32) }

// says puts a stage into words.
func says(p *trace.Pattern, s *trace.Stage) string {
	step := 2 * s.Place
	if s.Hop < 0 {
		if p.Nodes[s.Place].Where != nil {
			return fmt.Sprintf("list what fits step %d", step)
		}
		return fmt.Sprintf("list the types of step %d", step)
	}
	from := fmt.Sprintf("step %d", step)
	if p.Nodes[s.Place].Node != 0 {
		from = "the entity of " + from
	}
	if s.Back {
		return fmt.Sprintf("follow step %d backwards from %s", 2*s.Hop+1, from)
	}
	return fmt.Sprintf("follow step %d from %s", 2*s.Hop+1, from)
}

// tooMuch refuses a pattern by its estimate, and says where it widens.
func tooMuch(p *trace.Pattern, stages []trace.Stage) error {
	widest := &stages[0]
	for i := range stages {
		if stages[i].Estimated > widest.Estimated {
			widest = &stages[i]
		}
	}
	return kg.Errorf(
		kg.CostLimit,
		"the pattern would look at about %d entities, the limit is %d; "+
			"most of them to %s: name an entity by ref, or narrow a step near there by types, kinds or where",
		trace.Total(stages),
		p.MaxNodes,
		says(p, widest),
	)
}
