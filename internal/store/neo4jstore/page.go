package neo4jstore

import (
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// matcher is a list of which a page is wanted: it writes what the list is made of, once for each part of the page
// (rows, what lies before and behind, total, facets).
type matcher struct {
	n       string // the record listed
	r       string // its link, when linked
	weight  string // what it is ordered by before its name, when weighed
	linked  bool
	weighed bool
	refuted bool            // r may be a REFUTED link
	types   catalog.TypeSet // of n; 0 for a source
	found   bool            // by a search
	mixed   bool            // n may be a source too
	keep    []string        // the variables that ordering carries on
	vars    linkVars        // what the link's row can use
	// match writes the clauses that bind the variables and returns the word that begins a condition after them.
	match func() (where string)
	// rest writes the list's own filter; nil for none.
	rest func(where string) string
	// count writes an expression for the length of the list; nil: the rows are counted.
	count func()
	// out writes an expression that reports whether r runs from the owner; nil: it is always outward.
	out     func()
	outward bool
	because func(row *list) (int, *record)
	texts   func() []string // writes the texts that highlights are taken from, and returns the properties they end with
}

// clauses writes match and rest.
func (m *matcher) clauses() string {
	where := m.match()
	if m.rest != nil {
		where = m.rest(where)
	}
	return where
}

// key is one key of an order.
type key struct {
	expr string
	desc bool
	made bool // expr is made of several parts and gets a variable of its own
}

var byNameOrder = []plan.Order{{By: plan.ByName}}

// keys are those of a list, the tie-break last.
func (c *compiler) keys(m *matcher, order []plan.Order) []key {
	if m.weighed {
		return []key{{expr: m.weight, desc: true}, {expr: m.n + "._sort"}, {expr: m.n + ".id"}}
	}
	if len(order) == 0 {
		order = byNameOrder
	}
	out := make([]key, 0, len(order)+1)
	for _, o := range order {
		k := key{desc: o.Desc, made: true}
		missing := undated
		if o.Desc {
			missing = "0"
		}
		switch o.By {
		case plan.ByName:
			k.expr, k.made = m.n+"._sort", false
		case plan.ByDate:
			k.expr = "coalesce(" + m.n + "._date, " + missing + ")"
		case plan.ByLinkCount:
			k.expr = c.degree(m)
		case plan.ByUpdated:
			k.expr = "coalesce(" + m.n + ".updatedAt, 0)"
		case plan.BySince:
			k.expr = "coalesce(" + m.r + "._since, " + missing + ")"
		case plan.ByUntil:
			k.expr = "coalesce(" + m.r + "._until, " + missing + ")"
		case plan.BySourceCount:
			k.expr = "coalesce(" + m.r + ".sourceCount, 0)"
		}
		out = append(out, k)
	}
	id := key{expr: m.n + ".id", desc: order[len(order)-1].Desc}
	if m.linked {
		id.expr = m.r + ".id"
	}
	return append(out, id)
}

// degree is an expression for the number of links of an entity, or on a source.
func (c *compiler) degree(m *matcher) string {
	if m.types == 0 && c.behind {
		return "COUNT { MATCH ()-[relationship:" + c.allKinds + "]->() WHERE " + m.n + ".id IN relationship.sources" +
			c.onlyOurs(" AND ", "relationship") + " }"
	}
	if m.types == 0 {
		return "COUNT { " + fullText + "Relationships('" + sourcesIndex + "', 'sources:\"' + " + m.n +
			".id + '\"') YIELD relationship" + c.onlyOurs(" WHERE ", "relationship") + " RETURN relationship }"
	}
	return "COUNT { (" + m.n + ")-" + c.rel("", c.allKinds) + "-() }"
}

// beyond writes the condition that an entry stands behind a position (or before it), or at it.
func (c *compiler) beyond(where string, keys []key, at []string, behind, orAt bool) string {
	op := func(k key, strict bool) string {
		s := " < "
		if k.desc != behind {
			s = " > "
		}
		if !strict {
			s = s[:2] + "= "
		}
		return s
	}
	last := len(keys) - 1
	c.w(where)
	for i, k := range keys {
		if i < last {
			// k >= a AND (k > a OR …): the first half alone is where an index begins
			c.w(k.expr, op(k, false), at[i], " AND (", k.expr, op(k, true), at[i], " OR ")
		} else {
			c.w(k.expr, op(k, !orAt), at[i])
		}
	}
	for range last {
		c.w(")")
	}
	return " AND "
}

// positionParams adds the keys of a cursor as parameters.
func (c *compiler) positionParams(keys []kg.Value) []string {
	names := make([]string, len(keys))
	for i, k := range keys {
		if k.Kind == kg.String {
			names[i] = c.param(k.Str)
		} else {
			names[i] = c.param(k.Int)
		}
	}
	return names
}

// page writes a page as an expression: a list of its rows alone, or a list of its parts.
func (c *compiler) page(d *page, f *plan.Field, of func() *matcher) {
	c.note(byte(len(f.Order)))
	for _, o := range f.Order {
		c.note(byte(o.By))
		c.noteIf(o.Desc)
	}
	c.noteIf(f.Page.Backward)
	after, before := c.noteIf(f.Page.After != nil), c.noteIf(f.Page.Before != nil)
	c.note(byte(len(f.Want.Facets)))
	for _, w := range f.Want.Facets {
		c.note(byte(w.By))
	}
	var a, b []string
	if after {
		a = c.positionParams(f.Page.After)
	}
	if before {
		b = c.positionParams(f.Page.Before)
	}
	d.total, d.prev, d.next = -1, -1, -1
	rows := f.Want.Rows || f.Want.More
	d.rows = rows
	d.parts = !rows || f.Want.Total || f.Want.More && (after || before) || len(f.Want.Facets) > 0
	parts := &list{}
	if d.parts {
		c.w("[")
	}
	if rows {
		if d.parts {
			c.column(parts)
		}
		c.part(func() { c.pageRows(d, f, of(), a, b) })
	}
	if f.Want.Total {
		d.total = c.column(parts)
		m := of()
		if m.count != nil {
			m.count()
		} else {
			c.part(func() {
				c.w("COUNT { ")
				m.clauses()
				c.w(" RETURN 1 AS one }")
			})
		}
	}
	if f.Want.More && after {
		d.prev = c.column(parts)
		c.part(func() {
			c.exists(of(), f.Order, func(where string, keys []key) { c.beyond(where, keys, a, false, true) })
		})
	}
	if f.Want.More && before {
		d.next = c.column(parts)
		c.part(func() {
			c.exists(of(), f.Order, func(where string, keys []key) {
				if after {
					where = c.beyond(where, keys, a, true, false)
				}
				c.beyond(where, keys, b, true, true)
			})
		})
	}
	for _, w := range f.Want.Facets {
		c.column(parts)
		c.part(func() { d.facets = append(d.facets, c.facet(of(), w)) })
	}
	if d.parts {
		c.w("]")
	}
}

// with binds keys that are made of several parts to variables, and returns how conditions go on.
func (c *compiler) with(m *matcher, keys []key, where string) string {
	made := false
	for _, k := range keys {
		made = made || k.made
	}
	if !made {
		return where
	}
	c.w(" WITH ", join(m.keep))
	for i := range keys {
		if k := &keys[i]; k.made {
			v := c.name("key")
			c.w(", ", k.expr, " AS ", v)
			k.expr = v
			m.keep = append(m.keep, v)
		}
	}
	return " WHERE "
}

func join(names []string) string {
	out := ""
	for i, n := range names {
		if i > 0 {
			out += ", "
		}
		out += n
	}
	return out
}

// exists writes an expression that reports whether the list has an entry at some place.
func (c *compiler) exists(m *matcher, order []plan.Order, place func(where string, keys []key)) {
	c.w("EXISTS { ")
	where := m.clauses()
	keys := c.keys(m, order)
	place(c.with(m, keys, where), keys)
	c.w(" RETURN 1 AS one }")
}

// pageRows writes the rows of a page, one more than wanted where it is asked whether there are more. A page counted
// from the end is read backwards.
func (c *compiler) pageRows(d *page, f *plan.Field, m *matcher, after, before []string) {
	c.w("COLLECT { ")
	where := m.clauses()
	keys := c.keys(m, f.Order)
	where = c.with(m, keys, where)
	if after != nil {
		where = c.beyond(where, keys, after, true, false)
	}
	if before != nil {
		c.beyond(where, keys, before, false, false)
	}
	n := f.Page.N
	if f.Want.More {
		n++
	}
	c.w(" WITH ", join(m.keep), " ORDER BY ")
	for i, k := range keys {
		if i > 0 {
			c.w(", ")
		}
		c.w(k.expr)
		if k.desc != f.Page.Backward {
			c.w(" DESC")
		}
	}
	c.w(" LIMIT ", c.limit(n), " ")
	c.returning(func(row *list) {
		if f.Want.Rows {
			c.in(func() { c.edge(row, d, f, m, keys) }, m.keep...)
		}
	})
	c.w(" }")
}

// edge writes the columns of one entry.
func (c *compiler) edge(row *list, d *page, f *plan.Field, m *matcher, keys []key) {
	d.out, d.outward, d.weight = -1, m.outward, -1
	if m.out != nil {
		d.out = c.column(row)
		m.out()
	}
	if m.weighed {
		d.weight = c.column(row)
		c.w(m.weight)
	}
	if f.Node != nil {
		if m.types == 0 {
			d.node = c.source(row, m.n, f.Node)
		} else {
			d.node = c.entity(row, m.n, m.types, f.Node)
		}
		if m.mixed {
			d.sourceColumn = c.column(row) + 1
			c.w(m.n, ":", sourceLabel)
			d.source = c.source(row, m.n, f.Node)
		}
	}
	if f.Link != nil && m.linked {
		d.link = c.link(row, m.vars, f.Link)
	}
	if f.Want.Cursors {
		for _, k := range keys {
			d.keys = append(d.keys, c.column(row))
			c.w(k.expr)
		}
	}
	if f.Want.Highlight && m.texts != nil {
		d.textColumn = c.column(row) + 1
		d.textProps = m.texts()
	}
	if f.Because != nil && m.because != nil {
		d.becauseColumn, d.because = m.because(row)
	}
}
