package graph

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/trace"
)

// pattern is what a match is asked for.
type pattern struct {
	trace.Pattern
	steps []map[string]any // as given, by step: node at even places, link at odd ones
	refs  []int            // by node: index into walk.Refs, or -1
	dry   bool
	after []kg.Value
	bound uint32 // what cursors are bound to
}

func stepAt(i int) string { return "match.pattern[" + strconv.Itoa(i) + "]" }

// bindMatch reads the steps and the entities they name. What their filters name comes behind, in filters.
func bindMatch(b *binder, q *question, args map[string]any) (err error) {
	p := &pattern{dry: args["dryRun"] == true, bound: plan.Binding("Query.match", nil)}
	q.pattern = p
	list, _ := args["pattern"].([]any)
	if len(list) < 3 || len(list) > 2*plan.MaxPathLength+1 {
		return bad("match.pattern", "a pattern has 1 to %d links and an entity before and behind each: give 3 to %d steps", plan.MaxPathLength, 2*plan.MaxPathLength+1)
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
			return bad(stepAt(i), "give exactly one of node, link")
		case !ok && m[other] != nil:
			return bad(stepAt(i), "a %s is wanted here: nodes and links stand by turns, a node first; write {%s: {}} for any", want, want)
		case !ok:
			return bad(stepAt(i), "give exactly one of node, link")
		}
		p.steps = append(p.steps, step)
		if want == "link" {
			err = p.link(b, i, step)
		} else {
			err = p.node(b, q, i, step)
		}
		if err != nil {
			return err
		}
	}
	if len(list)%2 == 0 {
		return bad(stepAt(len(list)-1), "a pattern ends with a node; write {node: {}} for any")
	}
	if at := p.Narrow(b.cat); at >= 0 {
		return impossible(b.cat, &p.Pattern, at)
	}
	for i, at := range p.refs {
		if at >= 0 {
			b.refs[at] = b.refs[at].Among(p.Nodes[i].Types)
		}
	}
	if p.First, err = whole("match.first", args["first"], 1, plan.MaxPaths); err != nil {
		return err
	}
	if s, ok := args["after"].(string); ok {
		kinds := make([]kg.ValueKind, len(p.Nodes))
		for i := range kinds {
			kinds[i] = kg.String
		}
		if p.after, err = plan.ParseCursor(s, p.bound, kinds); err != nil {
			return err
		}
		for _, v := range p.after {
			p.After = append(p.After, v.Str)
		}
	}
	q.walk.Counts = true
	return nil
}

func (p *pattern) node(b *binder, q *question, i int, step map[string]any) error {
	n := trace.PatternNode{Types: b.cat.Entities}
	if v := step["type"]; v != nil {
		types, err := b.types(stepAt(i)+".node.type", v)
		if err != nil {
			return err
		}
		if n.Types = *types; n.Types == 0 {
			return bad(stepAt(i)+".node.type", "name at least one type, or leave it out")
		}
	}
	p.refs = append(p.refs, -1)
	if ref := step["ref"]; ref != nil {
		at := stepAt(i) + ".node.ref"
		if step["where"] != nil {
			return bad(at, "it names one entity: leave out where")
		}
		m, _ := ref.(map[string]any)
		r, err := b.ref(at, m, n.Types)
		if err != nil {
			return err
		}
		p.refs[len(p.refs)-1] = len(b.refs)
		b.refs, q.names = append(b.refs, r), append(q.names, at)
	}
	p.Nodes = append(p.Nodes, n)
	return nil
}

func (p *pattern) link(b *binder, i int, step map[string]any) error {
	l := trace.PatternLink{Kinds: b.cat.AllKinds(), Out: step["direction"] != "INCOMING", In: step["direction"] != "OUTGOING"}
	if v := step["kind"]; v != nil {
		kinds, err := b.kinds(stepAt(i)+".link.kind", v)
		if err != nil {
			return err
		}
		if l.Kinds = *kinds; l.Kinds == 0 {
			return bad(stepAt(i)+".link.kind", "name at least one kind, or leave it out")
		}
	}
	p.Links = append(p.Links, l)
	return nil
}

// filters reads the filters of the steps, once all entities that the steps name are known.
func (p *pattern) filters(b *binder) (err error) {
	for i, step := range p.steps {
		w, ok := step["where"].(map[string]any)
		switch {
		case !ok:
		case i%2 == 0:
			b.on = p.Nodes[i/2].Types
			p.Nodes[i/2].Where, err = b.entityFilter(stepAt(i)+".node.where", w, 1)
		default:
			b.on = p.Nodes[i/2].Types | p.Nodes[i/2+1].Types
			p.Links[i/2].Where, err = b.linkFilter(stepAt(i)+".link.where", w, 1)
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
	return bad(stepAt(2*hop+1), "no such link can be here: the steps beside it ask for %s; %s", wanted, strings.Join(joins, ", "))
}

// typeNames lists types for a message.
func typeNames(cat *catalog.Catalog, set catalog.TypeSet) string {
	if set == cat.Entities {
		return "any type"
	}
	var names []string
	for _, t := range cat.Types {
		if set.Has(t.Index) {
			names = append(names, t.Enum)
		}
	}
	return strings.Join(names, "/")
}

// match answers `match`.
func (x *searching) match() error {
	p := &x.pattern.Pattern
	g, ok := x.g.(store.Patterned)
	if !ok {
		return kg.Errorf(kg.Internal, "the store gave a graph that no pattern can be matched on")
	}
	for i, at := range x.pattern.refs {
		if at < 0 {
			continue
		}
		k := x.keys[at]
		for j, n := range p.Nodes[:i] {
			if n.Node == k {
				return bad(stepAt(2*i)+".node.ref", "that is the entity of step %d, and a line passes none twice", 2*j)
			}
		}
		p.Nodes[i].Node, p.Nodes[i].Types = k, 1<<x.g.Node(k).Type
	}
	if at := p.Narrow(x.e.opts.Catalog); at >= 0 {
		return impossible(x.e.opts.Catalog, p, at)
	}
	p.MaxNodes = x.question.paths.MaxNodes
	stages := p.Plan(x.e.opts.Catalog, g.Counts(), func(k uint32) int64 { return x.g.Node(k).Degree })
	if x.a.explain != nil {
		x.a.explain.stages, x.a.explain.matched = stages, p
	}
	report := tree{"outcome": textCell("ESTIMATED"), "estimatedNodes": countCell(trace.Total(stages)), "visitedNodes": intCell(0)}
	found := &trace.Match{}
	if !x.pattern.dry {
		if trace.Total(stages) > int64(p.MaxNodes) {
			return tooMuch(p, stages)
		}
		limit := x.ctx
		if end, ok := x.ctx.Deadline(); ok {
			var cancel context.CancelFunc
			limit, cancel = context.WithTimeout(x.ctx, time.Until(end)*(spare-1)/spare)
			defer cancel()
		}
		var err error
		if found, err = trace.MatchPattern(x.ctx, limit, g, p, stages); err != nil {
			return err
		}
		report["outcome"], report["visitedNodes"] = textCell(string(found.Outcome)), intCell(int64(found.Visited))
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
			return err
		}
	}
	var lines, done []tree
	for i := range found.Lines {
		lines = append(lines, x.path(x.g, &found.Lines[i], inner("paths", x.obj)))
	}
	for i := range stages {
		s := tree{"does": textCell(says(p, &stages[i])), "estimatedNodes": countCell(stages[i].Estimated)}
		if stages[i].Visited >= 0 {
			s["visitedNodes"] = intCell(int64(stages[i].Visited))
		}
		done = append(done, s)
	}
	report["stages"] = treeCell(done...)
	info := tree{"hasPreviousPage": boolCell(found.Before), "hasNextPage": boolCell(found.More)}
	if n := len(found.Lines); n > 0 {
		info["startCursor"], info["endCursor"] = x.lineCursor(&found.Lines[0]), x.lineCursor(&found.Lines[n-1])
	}
	x.a.tree = tree{"paths": treeCell(lines...), "pageInfo": treeCell(info), "report": treeCell(report)}
	return nil
}

// countCell holds an estimate, which may be more than a GraphQL Int can be.
func countCell(n int64) cell { return intCell(min(n, math.MaxInt32)) }

// lineCursor is a line's place: the ids along it.
func (x *searching) lineCursor(l *trace.Line) cell {
	var keys []kg.Value
	for _, id := range x.nodeIDs(l.Nodes) {
		keys = append(keys, kg.StringValue(id))
	}
	return cursorCell(x.pattern.bound, keys...)
}

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
	return kg.Errorf(kg.CostLimit, "the pattern would look at about %d entities, the limit is %d; most of them to %s: name an entity by ref, or narrow a step near there by type, kind or where",
		trace.Total(stages), p.MaxNodes, says(p, widest))
}
