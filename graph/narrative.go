package graph

import (
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/text"
	"github.com/throughline/throughline/internal/trace"
)

// This file makes paths of what was found and read, and puts them into words.

// path holds the values of Path.
type path struct {
	x     *search
	cost  int64
	nodes []*kg.Row // without those that are gone since the search
	steps []pathStep
	// sources are those that support the links of the steps, each once; sourceSel is what was read of them.
	sources   []*kg.Row
	sourceSel *plan.Sel
}

// pathStep holds the values of PathStep; a record that is gone since the search is nil.
type pathStep struct {
	from, to, link *kg.Row
	alternatives   []*kg.Row
	out            bool
}

// path makes a path of a line.
func (x *search) path(g store.Graph, l *trace.Line) path {
	p := path{x: x, cost: l.Cost, steps: make([]pathStep, len(l.Hops))}
	nodes := make([]string, len(l.Nodes))
	for i, k := range l.Nodes {
		nodes[i] = g.Node(k).ID
	}
	p.nodes = x.records(nodes...)
	for i, h := range l.Hops {
		links := make([]string, len(h.Links))
		for j, a := range h.Links {
			links[j] = g.Link(a.Link).ID
		}
		p.steps[i] = pathStep{
			from:         x.rows[nodes[i]],
			to:           x.rows[nodes[i+1]],
			link:         x.rows[links[0]],
			alternatives: x.records(links[1:]...),
			out:          h.Links[0].Out,
		}
	}
	if x.evidence >= 0 {
		p.findSources()
	}
	return p
}

// planEvidence has the evidence of links read with them: excerpts and sources.
func planEvidence(c *compiler, at *scope) {
	a := at.asked
	if a.links = true; a.evidence >= 0 {
		return
	}
	a.sources = &selection{}
	a.sources.prop(c.cat.Prop("id"))
	a.sources.prop(c.cat.Prop("title"))
	source := &follow{
		field: noField,
		at:    "Evidence.source",
		base:  plan.Field{Follow: plan.SourceOf, On: 1 << c.cat.Evidence.Index},
		node:  a.sources,
	}
	pieces := &selection{children: []*follow{source}}
	for _, name := range [...]string{excerptOf: "excerpt", stanceOf: "stance", verifiedOf: "verified"} {
		pieces.prop(c.cat.Prop(name))
	}
	k := &follow{
		field: noField,
		at:    "Link.evidence",
		node:  pieces,
		base: plan.Field{
			Follow: plan.EvidenceOf,
			On:     1 << c.cat.Link.Index,
			Other:  1 << c.cat.Evidence.Index,
			Page:   plan.Paging{N: plan.MaxPageSize},
			Want:   plan.Want{Rows: true},
		},
	}
	a.evidence = len(a.sel.children)
	a.sel.children = append(a.sel.children, k)
}

// Where the values of a piece of evidence stand that planEvidence has read, and of its source.
const (
	excerptOf, stanceOf, verifiedOf = 0, 1, 2
	idOfSource, titleOfSource       = 0, 1
)

// findSources finds the sources that support the links, each once.
func (p *path) findSources() {
	child := p.x.sel().Children[p.x.evidence]
	p.sourceSel = child.Node.Children[0].Node
	seen := map[string]bool{}
	for i := range p.steps {
		for _, e := range p.pieces(p.steps[i].link) {
			of := e.Node.Children[0].Edges
			if e.Node.Vals[stanceOf].Str != kg.Refutes && len(of) > 0 && !seen[of[0].Node.Vals[idOfSource].Str] {
				seen[of[0].Node.Vals[idOfSource].Str] = true
				p.sources = append(p.sources, &of[0].Node)
			}
		}
	}
}

// pieces returns the evidence of a link.
func (p *path) pieces(link *kg.Row) []kg.Edge {
	if link == nil {
		return nil
	}
	return link.Children[p.x.evidence].Edges
}

// planNarrative has everything read that a narrative says.
func planNarrative(c *compiler, at *scope) {
	for _, name := range append([]string{"name", "verified"}, statementProps[:]...) {
		at.sel.prop(c.cat.Prop(name))
	}
	planEvidence(c, at)
}

// narrative returns a path in one sentence, with a footnote for each step.
func narrative(p *path) string {
	var b, notes strings.Builder
	x := p.x
	name := func(row *kg.Row) string { return x.value(row, "name").Str + unverified(x.value(row, "verified")) }
	b.WriteString(name(p.steps[0].from))
	for i := range p.steps {
		s := &p.steps[i]
		if i > 0 {
			b.WriteString(", ")
			if s.from != nil {
				b.WriteString(x.e.opts.Catalog.TypeAt(s.from.Type).Pronoun)
			}
		}
		k, said := x.statement(s.link)
		if k != nil {
			b.WriteString(" " + k.Words(&said, kg.DayOf(x.now), s.out) + " ")
		}
		b.WriteString(name(s.to) + said.Particulars())
		switch said.Standing {
		case kg.Disputed:
			b.WriteString(" (disputed)")
		case kg.Refuted:
			b.WriteString(" (refuted)")
		}
		mark := superscript(i + 1)
		b.WriteString(mark)
		notes.WriteString(footnote(mark, p.pieces(s.link)))
	}
	b.WriteString(".")
	return b.String() + notes.String()
}

// statement returns the kind of a link and what its record says; a nil kind when the link has gone since the search.
func (x *search) statement(row *kg.Row) (*catalog.Kind, catalog.Statement) {
	return stated(x.e.opts.Catalog, func(i int) string { return x.value(row, statementProps[i]).Str })
}

// footnote quotes the first words for a link and the first against it.
func footnote(mark string, pieces []kg.Edge) string {
	var b strings.Builder
	for _, stance := range [2]string{kg.Supports, kg.Refutes} {
		i := slices.IndexFunc(pieces, func(e kg.Edge) bool { return e.Node.Vals[stanceOf].Str == stance })
		if i < 0 {
			continue
		}
		e := &pieces[i].Node
		b.WriteString("\n" + mark)
		if stance == kg.Refutes {
			b.WriteString(" refutes:")
		}
		b.WriteString(
			" " + text.Quote(strings.Join(strings.Fields(e.Vals[excerptOf].Str), " ")) + unverified(e.Vals[verifiedOf]),
		)
		if of := e.Children[0].Edges; len(of) > 0 {
			b.WriteString(" — " + of[0].Node.Vals[titleOfSource].Str)
		}
	}
	return b.String()
}

// unverified returns the mark of words that are not in the stored text of their source; verified is a piece of
// evidence's or a quote's.
func unverified(verified kg.Value) string {
	if verified.Kind == kg.Bool && verified.Int == 0 {
		return " [unverified]"
	}
	return ""
}

// superscript writes a number in superscript digits.
func superscript(n int) string {
	digits := []rune("⁰¹²³⁴⁵⁶⁷⁸⁹")
	var b strings.Builder
	for _, c := range strconv.Itoa(n) {
		b.WriteRune(digits[c-'0'])
	}
	return b.String()
}
