package neo4jstore

import (
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/plan"
)

// pattern writes the links of a field around n, the other end bound to o; empty variables are left out.
func (c *compiler) pattern(n, r, o string, f *plan.Field) {
	left, right := "-", "->"
	if f.Out && f.In {
		right = "-"
	} else if f.In {
		left, right = "<-", "-"
	}
	c.w("(", n, ")", left, c.along(r, f.Kinds, f.Links), right, "(", o)
	// the label is asked for only where the kinds can lead to others: each look at a label costs a read
	if ends := c.ends(f.Kinds, f.Out, f.In); ends&^f.Other != 0 {
		c.w(":", c.labels(ends&f.Other))
	}
	c.w(")")
}

// never reports whether a field of links can list nothing at all.
func (c *compiler) never(f *plan.Field) bool {
	return f.Kinds&c.cat.AllKinds() == 0 || !f.Out && !f.In || c.ends(f.Kinds, f.Out, f.In)&f.Other == 0
}

func (c *compiler) links(d *page, n string, types catalog.TypeSet, f *plan.Field) {
	if c.never(f) {
		d.never = true
		c.w("null")
		return
	}
	other := c.ends(f.Kinds, f.Out, f.In) & f.Other
	c.page(d, f, func() *matcher {
		o, r := c.name("n"), c.name("r")
		m := &matcher{n: o, r: r, linked: true, refuted: f.Links.NamesRefuted(), types: other, keep: []string{r, o}}
		m.match = func() string {
			c.w("MATCH ")
			c.pattern(n, r, o, f)
			return " WHERE "
		}
		m.rest = func(where string) string { return c.linkFilter(where, f.Links, r, o, other) }
		m.count = func() { c.countLinks(n, f) }
		switch {
		case f.Out && f.In:
			m.out = func() { c.w("startNode(", r, ") = ", n) }
		case f.Out:
			m.outward = true
			m.vars = linkVars{from: n, fromTypes: types, to: o, toTypes: other}
		default:
			m.vars = linkVars{from: o, fromTypes: other, to: n, toTypes: types}
		}
		m.vars.r, m.vars.refuted = r, m.refuted
		return m
	})
}

// countLinks writes an expression that counts links: a look at the node's degree when there is nothing to filter.
func (c *compiler) countLinks(n string, f *plan.Field) {
	if c.never(f) {
		c.w("0")
		return
	}
	o, r := "", ""
	if f.Links != nil {
		o, r = c.name("n"), c.name("r")
	}
	c.w("COUNT { ")
	if f.Links != nil {
		c.w("MATCH ")
	}
	c.pattern(n, r, o, f)
	c.linkFilter(" WHERE ", f.Links, r, o, c.ends(f.Kinds, f.Out, f.In)&f.Other)
	c.w(" }")
}

// sourceLinks writes the clauses that bind r to each link of the source n.
func (c *compiler) sourceLinks(n, r string) { c.sourceLinksIn(sourcesIndex, n, r) }

func (c *compiler) sourceLinksIn(index, n, r string) {
	if c.behind {
		types := c.allKinds
		if index == refutedIndex {
			types = refutedType
		}
		c.w("MATCH ()-[", r, ":", types, "]->() WHERE ", n, ".id IN ", r, ".sources", c.onlyOurs(" AND ", r))
		return
	}
	c.w(fullText, "Relationships('", index, "', 'sources:\"' + ", n,
		".id + '\"') YIELD relationship AS ", r, c.onlyOurs(" WHERE ", r))
}

// sourceLinksFor is sourceLinks, as far as a filter lets links be REFUTED.
func (c *compiler) sourceLinksFor(n, r string, f *plan.LinkFilter) {
	if !c.noteIf(f.NamesRefuted()) {
		c.sourceLinks(n, r)
		return
	}
	c.everySourceLink(n, r)
}

// everySourceLink is sourceLinks of all links, those that are REFUTED too.
func (c *compiler) everySourceLink(n, r string) {
	c.call(n)
	c.w(" ")
	c.sourceLinks(n, r)
	c.w(" RETURN ", r, " UNION ALL ")
	c.sourceLinksIn(refutedIndex, n, r)
	c.w(" RETURN ", r, " }")
}

func (c *compiler) linksOf(d *page, n string, f *plan.Field) {
	c.page(d, f, func() *matcher {
		o, r := c.name("n"), c.name("r")
		m := &matcher{
			n: o, r: r, linked: true, refuted: f.Links.NamesRefuted(), types: c.cat.Entities,
			keep: []string{r, o}, outward: true,
		}
		m.vars = linkVars{r: r, refuted: m.refuted, to: o, toTypes: c.cat.Entities}
		m.match = func() string {
			c.sourceLinksFor(n, r, f.Links)
			c.w(" WITH ", r, ", endNode(", r, ") AS ", o)
			return " WHERE "
		}
		m.rest = func(where string) string { return c.linkFilter(where, f.Links, r, o, c.cat.Entities) }
		return m
	})
}

// chain writes one chain of a derived field from n to o, with its links, which fit a filter.
func (c *compiler) chain(n, a, b, o string, d *catalog.DerivedField, hops [2]*catalog.Kind, f *plan.LinkFilter) {
	left, right := "-", "->"
	if !d.Out {
		left, right = "<-", "-"
	}
	middle := ""
	if f != nil {
		middle = c.name("n")
	}
	first, second := c.along(a, 1<<hops[0].Index, f), c.along(b, 1<<hops[1].Index, f)
	c.w("(", n, ")", left, first, right, "(", middle, ")", left, second, right, "(", o, ":", d.Other.Name, ")")
	c.linkFilter(" WHERE ", f, a, middle, c.ends(catalog.KindSet(1)<<hops[0].Index, d.Out, !d.Out))
	c.linkFilter(" AND ", f, b, o, catalog.TypeSet(1)<<d.Other.Index)
}

// chained writes a subquery over the chains from n, of which f writes one: a filter on their links may speak of any
// entity that the plan names.
func (c *compiler) chained(f *plan.Field, each func(hops [2]*catalog.Kind), names ...string) {
	if f.Links != nil {
		names = append(names, c.refVars()...)
	}
	c.importing(func() {
		for i, hops := range f.Derived.Chains {
			if i > 0 {
				c.w(" UNION ALL")
			}
			c.w(" MATCH ")
			each(hops)
		}
		c.w(" }")
	}, names...)
}

// derived writes a page of what chains lead to: by weight, then name, then id.
func (c *compiler) derived(d *page, n string, f *plan.Field) {
	df := f.Derived
	types := catalog.TypeSet(1) << df.Other.Index
	c.page(d, f, func() *matcher {
		o, a, b := c.name("n"), c.name("r"), c.name("r")
		w := c.name("weight")
		m := &matcher{n: o, weight: w, weighed: true, types: types, keep: []string{o, w}}
		m.match = func() string {
			c.chained(f, func(hops [2]*catalog.Kind) {
				c.chain(n, a, b, o, df, hops, f.Links)
				c.w(" RETURN ", o)
			}, n)
			c.w(" WITH ", o, ", count(*) AS ", w)
			c.counted = true
			return " WHERE "
		}
		m.because = func(row *list) (int, *record) { return c.because(row, n, o, f) }
		return m
	})
}

// because writes the links a derived edge rests on: the links of its chains in order of the chains' ids, each once.
func (c *compiler) because(row *list, n, o string, f *plan.Field) (int, *record) {
	col := c.column(row)
	var d *record
	c.part(func() {
		a, b, l, hop := c.name("r"), c.name("r"), c.name("r"), c.name("hop")
		c.w("COLLECT { ")
		c.chained(f, func(hops [2]*catalog.Kind) {
			c.chain(n, a, b, o, f.Derived, hops, f.Links)
			c.w(" RETURN ", a, ", ", b)
		}, n, o)
		c.w(" UNWIND [0, 1] AS ", hop, " WITH CASE ", hop, " WHEN 0 THEN ", a, " ELSE ", b, " END AS ", l, ", ", a,
			".id AS id1, ", b, ".id AS id2, ", hop,
			" ORDER BY id1, id2, ", hop, " WITH DISTINCT ", l, " LIMIT ", c.limit(f.BecauseN), " ")
		c.in(func() {
			c.returning(func(own *list) { d = c.link(own, linkVars{r: l, refuted: f.Links.NamesRefuted()}, f.Because) })
		}, l)
		c.w(" }")
	})
	return col, d
}
