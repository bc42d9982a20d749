package neo4jstore

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// Every condition written here is true or false and never null, so that NOT and OR mean what they say.

// entityFilter writes a filter on an entity, or on a source (types 0), after where; it returns the where that goes on.
func (c *compiler) entityFilter(where string, f *plan.EntityFilter, n string, types catalog.TypeSet) string {
	if !c.noteIf(f != nil) {
		return where
	}
	c.w(where)
	c.entityFits(f, n, types)
	return " AND "
}

// all joins the parts of a filter by AND.
type all struct {
	c     *compiler
	parts int
}

func (a *all) next() {
	if a.parts > 0 {
		a.c.w(" AND ")
	}
	a.parts++
}

func (a *all) end() {
	if a.parts == 0 {
		a.c.w("true")
	}
	a.c.w(")")
}

// combine writes what and, or and not say of a filter; fits writes one of theirs.
func combine[F any](a *all, and, or []*F, not *F, fits func(*F)) {
	c := a.c
	for _, x := range and {
		c.note('&')
		a.next()
		fits(x)
	}
	if or != nil {
		c.note('|')
		a.next()
		if len(or) == 0 {
			c.w("false")
		} else {
			c.w("(")
			for i, x := range or {
				c.note('|')
				if i > 0 {
					c.w(" OR ")
				}
				fits(x)
			}
			c.w(")")
		}
	}
	if not != nil {
		c.note('!')
		a.next()
		c.w("NOT ")
		fits(not)
	}
}

// entityFits writes a filter as one condition in parentheses.
func (c *compiler) entityFits(f *plan.EntityFilter, n string, types catalog.TypeSet) {
	c.note('(')
	c.w("(")
	a := all{c: c}
	combine(&a, f.And, f.Or, f.Not, func(x *plan.EntityFilter) { c.entityFits(x, n, types) })
	if f.IDs != nil {
		c.note('i')
		a.next()
		c.w(n, ".id IN ", c.param(f.IDs))
	}
	if f.ExternalIDs != nil {
		c.note('e')
		a.next()
		c.identifies(f.ExternalIDs, n, types)
	}
	c.timesFit(&a, f.Created, f.Updated, n)
	if f.Types != nil {
		c.note('t')
		a.next()
		c.ofTypes(*f.Types, n, types)
	}
	if f.Name != nil {
		c.note('n')
		a.next()
		c.textFits(f.Name, n+"._names", func() { c.w("true") })
	}
	if f.Text != nil {
		c.note('x')
		a.next()
		if types == 0 {
			c.textFits(f.Text, n+"._names", func() { c.w("false") })
		} else {
			c.textFits(f.Text, n+"._texts", func() { c.hasBody(n, types) })
		}
	}
	if f.Date != nil {
		c.note('d')
		a.next()
		c.dateFits(f.Date, n+"._date")
	}
	if f.LinkCount != nil {
		c.note('c')
		a.next()
		c.orNone(f.LinkCount.IsNull, bare(f.LinkCount), func() { c.w("true") },
			func() { numberFits(c, f.LinkCount, c.degree(&matcher{n: n, types: types})) })
	}
	for _, p := range f.Props {
		c.note('p')
		a.next()
		c.propFits(p, n, types)
	}
	if f.LinkedTo != nil && !c.noteIf(f.LinkedTo == c.settled) {
		c.note('l')
		a.next()
		c.linkedTo(f.LinkedTo, n, types)
	}
	a.end()
	c.note(')')
}

// identifies writes that an entity has one of these external ids; a source has none.
func (c *compiler) identifies(ids [][2]string, n string, types catalog.TypeSet) {
	if types == 0 {
		c.w("false")
		return
	}
	x := c.name("x")
	c.w("EXISTS { MATCH (", x, ":ExternalId)-[:IDENTIFIES]->(", n, ") WHERE [", x, ".scheme, ", x, ".value] IN ",
		c.param(pairs(ids)), " }")
}

// pairs are lists of two, as a parameter has them.
func pairs(ids [][2]string) []any {
	out := make([]any, len(ids))
	for i, id := range ids {
		out[i] = []any{id[0], id[1]}
	}
	return out
}

// timesFit writes filters on when a record was made and last changed.
func (c *compiler) timesFit(a *all, created, updated *plan.TimeFilter, v string) {
	if created != nil {
		c.note('b')
		a.next()
		c.timeFits(created, v+".createdAt")
	}
	if updated != nil {
		c.note('u')
		a.next()
		c.timeFits(updated, v+".updatedAt")
	}
}

// timeFits writes a filter on an instant, which may not be kept: the comparison with what is not there is null.
func (c *compiler) timeFits(f *plan.TimeFilter, v string) {
	a := all{c: c}
	c.w("(")
	a.next()
	c.w(v, " IS NOT NULL")
	for i, bound := range [2]*int64{f.After, f.Before} {
		if c.noteIf(bound != nil) {
			a.next()
			c.w(v, [2]string{" > ", " < "}[i], c.param(*bound))
		}
	}
	a.end()
}

// ofTypes compares labels with a list, so that the text is the same for any types asked for.
func (c *compiler) ofTypes(want catalog.TypeSet, n string, types catalog.TypeSet) {
	if types == 0 {
		p := c.param(want.Has(c.cat.Source.Index))
		c.w(p)
		return
	}
	c.w("any(label IN labels(", n, ") WHERE label IN ", c.param(c.labelList(want)), ")")
}

func (l *layout) labelList(s catalog.TypeSet) []string {
	out := []string{}
	for _, t := range l.cat.Types {
		if s.Has(t.Index) {
			out = append(out, t.Name)
		}
	}
	return out
}

// kindList lists the names of these kinds; an empty list is not null in Cypher.
func (l *layout) kindList(s catalog.KindSet) []string {
	return append([]string{}, l.cat.KindNames(s)...)
}

// hasBody reports whether an entity has a description or searchable property.
func (c *compiler) hasBody(n string, types catalog.TypeSet) {
	c.w("(", n, ".description IS NOT NULL")
	for _, p := range c.bodyProps(types) {
		c.w(" OR ", n, ".", p, " IS NOT NULL")
	}
	c.w(")")
}

// textFits writes a filter on a list of folded texts, of which one must fit in every way; present says whether there is
// a text at all.
func (c *compiler) textFits(f *plan.StringFilter, texts string, present func()) {
	c.textOrNone(f, present, func() {
		c.w("any(text IN coalesce(", texts, ", []) WHERE ")
		c.oneText(f, "text")
		c.w(")")
	})
}

// roleFits writes a filter on the role of a link, which may have none: a comparison with what is not there is null.
func (c *compiler) roleFits(f *plan.StringFilter, r string) {
	c.textOrNone(f, func() { c.w("(", r, ".role IS NOT NULL)") }, func() {
		c.w("(", r, "._role IS NOT NULL AND ")
		c.oneText(f, r+"._role")
		c.w(")")
	})
}

// textOrNone writes a filter on text: present says whether there is any, fits whether it is as asked for.
func (c *compiler) textOrNone(f *plan.StringFilter, present, fits func()) {
	c.orNone(f.IsNull, f.Bare(), present, fits)
}

// orNone writes a filter on what there may be none of: present says whether there is any, fits whether it is as asked
// for, unless the filter is bare and asks for nothing more.
func (c *compiler) orNone(isNull *bool, bare bool, present, fits func()) {
	a := all{c: c}
	c.w("(")
	if isNull != nil {
		a.next()
		if c.noteIf(*isNull) {
			c.w("NOT ")
		}
		present()
	} else {
		c.note(2)
	}
	if !c.noteIf(bare) {
		a.next()
		fits()
	}
	a.end()
}

// oneText writes the parts of a string filter that look at one text.
func (c *compiler) oneText(f *plan.StringFilter, v string) {
	a := all{c: c}
	c.w("(")
	if c.noteIf(f.Eq != nil) {
		a.next()
		c.w(v, " = ", c.param(*f.Eq))
	}
	if c.noteIf(f.In != nil) {
		a.next()
		c.w(v, " IN ", c.param(f.In))
	}
	if c.noteIf(f.Contains != nil) {
		a.next()
		c.w(v, " CONTAINS ", c.param(*f.Contains))
	}
	if c.noteIf(f.StartsWith != nil) {
		a.next()
		c.w(v, " STARTS WITH ", c.param(*f.StartsWith))
	}
	a.end()
}

// propFits writes a filter on a property. A record may not have it, and a comparison with what is not there is null.
func (c *compiler) propFits(f *plan.PropFilter, n string, types catalog.TypeSet) {
	c.noteRef(int(f.Prop.Index))
	if c.isVerdict(f.Prop) {
		c.orNone(f.Bool.IsNull, f.Bool.Eq == nil, func() {
			c.w("(")
			c.quoted(n, types)
			c.w(" IS NOT NULL)")
		}, func() {
			c.w("coalesce(")
			c.quoted(n, types)
			c.w(" = ", c.param(*f.Bool.Eq), ", false)")
		})
		return
	}
	v := n + "." + f.Prop.Name
	known := v + " IS NOT NULL"
	present := func() { c.w("(", known, ")") }
	if f.Prop.Kind == catalog.Texts {
		c.textFits(f.Text, n+"."+foldedPrefix+f.Prop.Name, present)
		return
	}
	of := func(isNull *bool, bare bool, fits func()) {
		c.orNone(isNull, bare, present, func() {
			c.w("(", known, " AND ")
			fits()
			c.w(")")
		})
	}
	switch f.Prop.Kind {
	case catalog.Text:
		if f.Prop.Enum == nil {
			v = n + "." + foldedPrefix + f.Prop.Name
		}
		of(f.Text.IsNull, f.Text.Bare(), func() { c.oneText(f.Text, v) })
	case catalog.Date:
		of(f.Date.IsNull, !f.Date.Bounded, func() { c.partialFits(f.Date, v) })
	case catalog.Int:
		of(f.Int.IsNull, bare(f.Int), func() { numberFits(c, f.Int, v) })
	case catalog.Float:
		of(f.Float.IsNull, bare(f.Float), func() { numberFits(c, f.Float, v) })
	case catalog.Bool:
		of(f.Bool.IsNull, f.Bool.Eq == nil, func() { c.w(v, " = ", c.param(*f.Bool.Eq)) })
	}
}

// isVerdict reports whether a property says whether the words of a quotation are verified.
func (l *layout) isVerdict(p *catalog.Prop) bool {
	return slices.ContainsFunc(l.cat.Types, func(t *catalog.Type) bool { return t.Quoted != nil && t.Quoted.Verified == p })
}

// bare reports whether a filter asks for nothing but IsNull.
func bare[N int64 | float64](f *plan.NumberFilter[N]) bool {
	return f.Eq == nil && f.Gte == nil && f.Lte == nil
}

// numberFits writes the parts of a filter that look at a number.
func numberFits[N int64 | float64](c *compiler, f *plan.NumberFilter[N], v string) {
	a := all{c: c}
	c.w("(")
	each := func(n *N, op string) {
		if c.noteIf(n != nil) {
			a.next()
			c.w(v, op, c.param(*n))
		}
	}
	each(f.Eq, " = ")
	each(f.Gte, " >= ")
	each(f.Lte, " <= ")
	a.end()
}

// partialFits writes the bounds of a filter on a date that is kept as its text: of texts too, 2021-02 stands before
// 2021-02-25 and behind 2021-01-31.
func (c *compiler) partialFits(f *plan.DateFilter, date string) {
	if c.noteIf(f.Certain) {
		c.w("left(", date, " + '-01-01', 10) >= ", c.param(dayText(f.From)), " AND ", date, " <= ", c.param(lastWithin(f.To)),
			"[size(", date, ") / 5]")
		return
	}
	c.w(date, " <= ", c.param(dayText(f.To)), " AND ", date, " >= left(", c.param(dayText(f.From)), ", size(", date, "))")
}

// dayText is a day as the text of a date.
func dayText(d kg.Day) string { return fmt.Sprintf("%04d-%02d-%02d", d/10000, d/100%100, d%100) }

// lastWithin are the last year, month and day that end on a day or before; "" for none.
func lastWithin(d kg.Day) []string {
	day := dayText(d)
	year, month := day[:4], day[:7]
	if _, end := kg.PartialDate(month).Interval(); end > d {
		month = before(d/10000, d/100%100)
	}
	if _, end := kg.PartialDate(year).Interval(); end > d {
		if year = ""; d >= 10000 {
			year = fmt.Sprintf("%04d", d/10000-1)
		}
	}
	return []string{year, month, day}
}

// before is the month before a month, "" for the first of all.
func before(year, month kg.Day) string {
	switch {
	case month > 1:
		return fmt.Sprintf("%04d-%02d", year, month-1)
	case year > 0:
		return fmt.Sprintf("%04d-12", year-1)
	}
	return ""
}

// days is the factor between the two days of an order key: see plan.DateKey.
const days = "100000000"

// dateFits writes a filter on an interval that is kept as its order key.
func (c *compiler) dateFits(f *plan.DateFilter, date string) {
	a := all{c: c}
	c.w("(")
	if f.IsNull != nil {
		a.next()
		c.w(date)
		if c.noteIf(*f.IsNull) {
			c.w(" IS NULL")
		} else {
			c.w(" IS NOT NULL")
		}
	} else {
		c.note(2)
	}
	if c.noteIf(f.Bounded) {
		a.next()
		from, to := c.param(int64(f.From)), c.param(int64(f.To))
		c.w(date, " IS NOT NULL AND ")
		if c.noteIf(f.Certain) {
			c.w(date, " / ", days, " >= ", from, " AND ", date, " % ", days, " <= ", to)
		} else {
			c.w(date, " / ", days, " <= ", to, " AND ", date, " % ", days, " >= ", from)
		}
	}
	a.end()
}

// linkedTo writes that an entity has a link to another that fits, or that a source has a link that touches one. Within
// the where of another LinkedTo it asks a set.
func (c *compiler) linkedTo(f *plan.LinkedTo, n string, types catalog.TypeSet) {
	if c.within {
		c.w(n, " IN ", c.linkedSet(f))
		return
	}
	c.within = true
	defer func() { c.within = false }()
	r := c.name("r")
	known := c.noteIf(f.Ref >= 0)
	var o string
	if known {
		c.note(byte(f.Ref))
		o = c.refs[f.Ref]
	} else {
		o = c.name("n")
	}
	if types == 0 {
		c.w("EXISTS { ")
		if known {
			// the entity's links are fewer than the source's
			c.w("MATCH (", o, ")-", c.along(r, c.cat.AllKinds(), f.Link), "-() WHERE ", n, ".id IN ", r, ".sources")
		} else {
			c.sourceLinksFor(n, r, f.Link)
			c.w(" UNWIND [startNode(", r, "), endNode(", r, ")] AS ", o, " WITH ", r, ", ", o, " WHERE true")
		}
		c.linkedBoth(f, r, o)
		c.w(" RETURN 1 AS one }")
		return
	}
	c.w("EXISTS { MATCH (", n, ")-", c.along(r, c.cat.AllKinds(), f.Link), "-(", o, ") WHERE true")
	c.linkedBoth(f, r, o)
	c.w(" }")
}

// linkedBoth writes what a LinkedTo asks of the link and of the entity at its other end, behind other conditions.
func (c *compiler) linkedBoth(f *plan.LinkedTo, r, o string) {
	c.linkedKinds(" AND ", f, r)
	c.linkFilter(" AND ", f.Link, r, o, c.cat.Entities)
	c.entityFilter(" AND ", f.Where, o, c.cat.Entities)
}

// linkedKinds writes the kinds of link of a LinkedTo after where; it returns the where that goes on.
func (c *compiler) linkedKinds(where string, f *plan.LinkedTo, r string) string {
	if !c.noteIf(f.Kinds != nil) {
		return where
	}
	c.w(where, kindOf(r, f.Link.NamesRefuted()), " IN ", c.param(c.kindList(*f.Kinds)))
	return " AND "
}

// linkFilter writes a filter on a link whose other end is o, after where.
func (c *compiler) linkFilter(where string, f *plan.LinkFilter, r, o string, types catalog.TypeSet) string {
	if !c.noteIf(f != nil) {
		return where
	}
	c.w(where)
	c.linkFits(f, kindOf(r, f.NamesRefuted()), r, o, types)
	return " AND "
}

// linkFits writes the parts of a filter on r, whose kind is an expression. That a REFUTED link was asked for is seen to
// by the pattern that r stands in: see along.
func (c *compiler) linkFits(f *plan.LinkFilter, kind, r, o string, types catalog.TypeSet) {
	c.note('(')
	c.w("(")
	a := all{c: c}
	combine(&a, f.And, f.Or, f.Not, func(x *plan.LinkFilter) { c.linkFits(x, kind, r, o, types) })
	if f.IDs != nil {
		c.note('i')
		a.next()
		c.w(r, ".id IN ", c.param(f.IDs))
	}
	c.timesFit(&a, f.Created, f.Updated, r)
	if f.Kinds != nil {
		c.note('k')
		a.next()
		c.w(kind, " IN ", c.param(c.kindList(*f.Kinds)))
	}
	if f.Standing != nil {
		c.note('z')
		a.next()
		names := make([]string, len(f.Standing))
		for i, s := range f.Standing {
			names[i] = s.String()
		}
		c.w(standingOf(r), " IN ", c.param(names))
	}
	if f.Role != nil {
		c.note('r')
		a.next()
		c.roleFits(f.Role, r)
	}
	if f.AsOf != nil {
		c.note('a')
		a.next()
		c.overlaps(r, f.AsOf)
	}
	if f.During != nil {
		c.note('d')
		a.next()
		c.during(f.During, r)
	}
	if f.MinSources != nil {
		c.note('m')
		a.next()
		c.w("coalesce(", r, ".sourceCount, 0) >= ", c.param(*f.MinSources))
	}
	if f.Verified != nil {
		c.note('v')
		a.next()
		c.w("(coalesce(", r, "._unverified, 0) = 0) = ", c.param(*f.Verified))
	}
	if f.Sources != nil {
		c.note('s')
		a.next()
		c.w("any(source IN ", supporters(r), " WHERE source IN ", c.param(f.Sources), ")")
	}
	if f.Other != nil {
		c.note('o')
		a.next()
		c.entityFits(f.Other, o, types)
	}
	a.end()
	c.note(')')
}

// overlaps writes that a link's interval, open where a side is missing, overlaps another.
func (c *compiler) overlaps(r string, f *plan.DateFilter) {
	c.w("coalesce(", r, "._since / ", days, ", 0) <= ", c.param(int64(f.To)),
		" AND coalesce(", r, "._until % ", days, ", 99999999) >= ", c.param(int64(f.From)))
}

func (c *compiler) during(f *plan.DateFilter, r string) {
	a := all{c: c}
	c.w("(")
	if f.IsNull != nil {
		a.next()
		if !c.noteIf(*f.IsNull) {
			c.w("NOT ")
		}
		c.w("(", r, "._since IS NULL AND ", r, "._until IS NULL)")
	} else {
		c.note(2)
	}
	if c.noteIf(f.Bounded) {
		a.next()
		if c.noteIf(f.Certain) {
			c.w(r, "._since IS NOT NULL AND ", r, "._until IS NOT NULL AND ", r, "._since / ", days, " >= ",
				c.param(int64(f.From)),
				" AND ", r, "._until % ", days, " <= ", c.param(int64(f.To)))
		} else {
			c.overlaps(r, f)
		}
	}
	a.end()
}

// anchor is a part of a filter from which the records can be found without looking at all of them.
type anchor struct {
	ids     []string           // not nil
	outer   [][2]string        // not nil
	name    *plan.StringFilter // with Eq or In
	linked  *plan.LinkedTo     // to an entity that is named, and not by a link that is REFUTED
	updated *plan.TimeFilter   // with After
}

// indexed reports whether an index finds the records, whatever else is known of them.
func (a *anchor) indexed() bool { return a.ids != nil || a.outer != nil || a.name != nil }

// anchorOf finds a part that every record must fit and that an index, or a node at hand, leads to.
func anchorOf(f *plan.EntityFilter) (anchor, bool) {
	if f == nil {
		return anchor{}, false
	}
	switch {
	case f.IDs != nil:
		return anchor{ids: f.IDs}, true
	case f.ExternalIDs != nil:
		return anchor{outer: f.ExternalIDs}, true
	case f.Name != nil && (f.Name.Eq != nil || f.Name.In != nil):
		return anchor{name: f.Name}, true
	case f.LinkedTo != nil && f.LinkedTo.Ref >= 0 && !f.LinkedTo.Link.NamesRefuted():
		return anchor{linked: f.LinkedTo}, true
	}
	for _, x := range f.And {
		if a, ok := anchorOf(x); ok {
			return a, true
		}
	}
	if f.Updated != nil && f.Updated.After != nil {
		return anchor{updated: f.Updated}, true
	}
	return anchor{}, false
}

// noteRef adds to the shape which reference stands there.
func (c *compiler) noteRef(i int) { c.shape = binary.AppendUvarint(c.shape, uint64(i)) }
