package graph

import (
	"cmp"
	"slices"

	"github.com/throughline/throughline/internal/plan"
)

// This file says what an operation costs, before anything is read.

// defaultedPage is what a page of default size counts in a cost: most lists are short, and what they really multiply
// to is bounded by plan.Query.MaxRows when it is read.
const defaultedPage = 4

// cost returns the cost of a bound root field: every field of every entry that the pages above it can have counts one,
// where an explicit first or last counts as given and a page of default size as 4; a facet counts 20, a search over the
// graph, or a change of it, 50, a reading of the log 20 and each change or item on its page 1, what measures the whole
// graph, or looks for every line between two entities, 1,000. A node or link of a subgraph counts one with all its own
// fields, and there are as many as it may have nodes. A record that may be of several types counts as the type with
// most fields. A filter counts 50 for each place where it asks what other entities are linked to, however many entries
// it is asked of, as an answer is remembered.
func cost(r *root, a *answer) int {
	n := answerCost(r, a) + entityFilterCost(a.query.Root.Entities)
	if a.question != nil {
		n += a.question.filterCost()
	}
	return clamp(n)
}

// long reports whether a root field may be under way for long, however little it answers: what searches or
// measures the graph, and filters that follow links.
func long(q *plan.Query, asked question) bool {
	_, measures := measured(q.Root.Order)
	return asked != nil && !asked.base().kind.quick() || measures || entityFilterCost(q.Root.Entities) > 0
}

// quick reports whether what the question asks for is found at once: it is written or read by its key.
func (k *questionKind) quick() bool { return k.writes || k.logged && !k.looks }

// searching is the cost of a root field that searches the graph.
const searching = 50

// logging is the cost of reading a page of the log, or of finding a change in it.
const logging = 20

// following is the cost of a filter that follows links to entities which must fit in turn.
const following = 50

// entityFilterCost returns the cost of a filter on entities, without that of the entries it filters.
func entityFilterCost(f *plan.EntityFilter) int {
	if f == nil {
		return 0
	}
	n := entityFilterCost(f.Not)
	for _, x := range slices.Concat(f.And, f.Or) {
		n += entityFilterCost(x)
	}
	if l := f.LinkedTo; l != nil && (l.Where != nil || l.Link != nil) {
		n += following + entityFilterCost(l.Where) + linkFilterCost(l.Link)
	}
	return n
}

// linkFilterCost returns the cost of a filter on links, without that of the links it filters.
func linkFilterCost(f *plan.LinkFilter) int {
	if f == nil {
		return 0
	}
	n := linkFilterCost(f.Not) + entityFilterCost(f.Other)
	for _, x := range slices.Concat(f.And, f.Or) {
		n += linkFilterCost(x)
	}
	return n
}

func answerCost(r *root, a *answer) int {
	k, q, asked, later := r.follow, a.query, a.question, a.asksLater
	n := 1
	switch q.Start {
	case plan.ByIDs:
		n = len(q.IDs)
	case plan.Search, plan.Everything, plan.EveryLink:
		n = pageCost(&q.Root)
	}
	if asked != nil {
		least := searching
		switch kind := asked.base().kind; {
		case kind.whole:
			least = analyzing
		case kind.logged && !kind.looks:
			least = logging
		}
		return clamp(least + followCost(k, &q.Root, later, asked.records()))
	}
	if _, ok := measured(q.Root.Order); ok {
		return clamp(analyzing + followCost(k, &q.Root, later, n))
	}
	return clamp(1 + followCost(k, &q.Root, later, n))
}

// costly is an argument that multiplies what a root field costs.
type costly struct {
	argument string // the way to it from the root field: `people.links.first`; "" for none
	n        int
}

// costliest finds the argument to lower where an operation costs too much: on the way down where most of the cost comes
// from, the one that multiplies most.
func costliest(r *root, a *answer) costly {
	name, q, asked := r.follow.field.Name, a.query, a.question
	var c costly
	switch {
	case asked != nil:
		kind := asked.base().kind
		name = kind.name
		c = costly{name + "." + cmp.Or(kind.bound, "first"), asked.records()}
	case q.Start == plan.ByIDs:
		c = costly{name + ".ids", len(q.IDs)}
	case q.Start == plan.Search || q.Start == plan.Everything || q.Start == plan.EveryLink:
		c = costly{name + "." + pageArgument(&q.Root), pageCost(&q.Root)}
	}
	c.descend(name, r.follow, &q.Root, a.asksLater)
	return c
}

func pageArgument(f *plan.Field) string {
	if f.Page.Given && f.Page.Backward {
		return "last"
	}
	return "first"
}

func (c *costly) descend(at string, k *follow, f *plan.Field, later []asksLater) {
	var next *follow
	var bound *plan.Field
	most := 0
	for _, p := range []struct {
		skeleton *selection
		bound    *plan.Sel
	}{{k.node, f.Node}, {k.link, f.Link}, {k.because, f.Because}} {
		if p.skeleton == nil || p.bound == nil {
			continue
		}
		for i, child := range p.skeleton.children {
			n := 1
			if child.page {
				n = pageCost(p.bound.Children[i])
			}
			if cost := followCost(child, p.bound.Children[i], later, n); cost > most {
				next, bound, most = child, p.bound.Children[i], cost
			}
		}
		for _, l := range p.skeleton.later {
			if cost := l.cost(later); cost > most {
				next, bound, most = l.follow(), l.bound(later), cost
			}
		}
	}
	if next == nil {
		return
	}
	if next.field.Name != "" { // what a search reads beside what was asked for has none
		at += "." + next.field.Name
	}
	if n := pageCost(bound); next.page && n > c.n {
		*c = costly{at + "." + pageArgument(bound), n}
	}
	c.descend(at, next, bound, later)
}

// most is where counting a cost stops: far above any limit, far below overflow.
const most = 1 << 40

func clamp(n int) int { return min(n, most) }

func pageCost(f *plan.Field) int {
	if f.Page.Given {
		return min(f.Page.N, plan.MaxPageSize)
	}
	return defaultedPage
}

// followCost returns the cost of a list of which n entries are read.
func followCost(k *follow, f *plan.Field, later []asksLater, n int) int {
	sum := 20*len(f.Want.Facets) + linkFilterCost(f.Links)
	for i := range k.facets {
		if s := k.facets[i].node; s != nil {
			sum = clamp(sum + plan.MaxPageSize*laterCost(s, later))
		}
	}
	for _, p := range []struct {
		skeleton *selection
		bound    *plan.Sel
		times    int
	}{{k.node, f.Node, n}, {k.link, f.Link, n}, {k.because, f.Because, n * max(1, f.BecauseN/4)}} {
		if p.skeleton == nil || p.bound == nil {
			continue
		}
		each := clamp(1 + p.skeleton.leaves + laterCost(p.skeleton, later))
		for i, child := range p.skeleton.children {
			kf := p.bound.Children[i]
			m := 1
			if child.page {
				m = pageCost(kf)
			}
			each = clamp(each + followCost(child, kf, later, m))
		}
		sum = clamp(sum + clamp(p.times*each))
	}
	return sum
}

// laterCost returns the cost of the later fields of one record: see later.go.
func laterCost(s *selection, later []asksLater) (sum int) {
	for _, l := range s.later {
		sum = clamp(sum + l.cost(later))
	}
	return sum
}

// cost is the cost of a field that is read later, of one that it is asked of.
func (l *later) cost(later []asksLater) int {
	n := 1
	if l.list != nil {
		n = pageCost(l.bound(later))
	}
	return clamp(logging + followCost(l.follow(), l.bound(later), later, n))
}

// follow returns the field as one that leads to the records, or to the entries, of l.sel.
func (l *later) follow() *follow {
	return &follow{field: l.fields[0], page: l.list != nil, node: l.sel}
}

// bound returns the same with the values of a request.
func (l *later) bound(later []asksLater) *plan.Field {
	a := &later[l.index]
	return &plan.Field{Page: a.page, Node: a.node}
}
