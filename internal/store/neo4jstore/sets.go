package neo4jstore

import (
	"slices"

	"github.com/throughline/throughline/internal/plan"
)

// A LinkedTo within the where of another would be answered anew for every link that leads to an entity: the work would
// be a product of the levels. So a statement finds all entities that fit it once, before anything else, and asks
// whether an entity is among them. Sets are made innermost first, each of the next deeper one, and the work is a sum.
// The outermost LinkedTo stays a condition on the records looked at, which are often few.

// set is the entities that fit a LinkedTo, as a list in a variable.
type set struct {
	of   *plan.LinkedTo
	name string
}

// linkedSet returns the variable of the entities that fit f, and writes what makes it where there is none yet: a page
// writes its filter once for each of its parts.
func (c *compiler) linkedSet(f *plan.LinkedTo) string {
	if i := slices.IndexFunc(c.sets, func(s set) bool { return s.of == f }); i >= 0 {
		c.noteRef(i)
		return c.sets[i].name
	}
	c.noteRef(len(c.sets))
	text := c.text
	c.text = nil
	c.importing(func() { c.linkedBy(f) }, c.refVars()...)
	v := c.name("set")
	c.w(" AS ", v, " }\n")
	c.before = append(c.before, c.text...)
	c.text = text
	c.sets = append(c.sets, set{f, v})
	return v
}

// linkedBy writes the clauses that collect the entities that fit f.
func (c *compiler) linkedBy(f *plan.LinkedTo) {
	c.w(" ")
	var m string
	if c.noteIf(f.Ref >= 0) {
		c.noteRef(f.Ref)
		m = c.refs[f.Ref]
		c.w("WITH ", m, " ")
		c.entityFilter("WHERE ", f.Where, m, c.cat.Entities)
	} else {
		m = c.name("n")
		c.linkable(f.Where, m)
		c.w(" WITH ", m)
	}
	r, n := c.name("r"), c.name("n")
	c.w(" MATCH (", m, ")-", c.along(r, c.cat.AllKinds(), f.Link), "-(", n, ")")
	c.linkFilter(c.linkedKinds(" WHERE ", f, r), f.Link, r, m, c.cat.Entities)
	c.w(" RETURN collect(DISTINCT ", n, ")")
}

// linkable writes the clauses that find the entities that fit a filter: from an index by id or name, or from a set,
// where one of these holds all that fit, or else from all entities.
func (c *compiler) linkable(f *plan.EntityFilter, n string) {
	if from, ok := anchorOf(f); ok && from.indexed() {
		c.entityFilter(c.anchored(from, n, c.cat.Entities), f, n, c.cat.Entities)
		return
	}
	l := required(f)
	if l == nil {
		c.entityFilter(c.scanned(n, c.cat.Entities), f, n, c.cat.Entities)
		return
	}
	c.w("UNWIND ", c.linkedSet(l), " AS ", n, " WITH ", n)
	settled := c.settled
	c.settled = l
	c.entityFilter(" WHERE ", f, n, c.cat.Entities)
	c.settled = settled
}

// required returns a LinkedTo that everything must fit that fits a filter; nil for none.
func required(f *plan.EntityFilter) *plan.LinkedTo {
	if f == nil {
		return nil
	}
	if f.LinkedTo != nil {
		return f.LinkedTo
	}
	for _, x := range f.And {
		if l := required(x); l != nil {
			return l
		}
	}
	return nil
}

// refVars returns the variables of the entities that filters name.
func (c *compiler) refVars() (vars []string) {
	for _, r := range c.refs {
		if r != "" {
			vars = append(vars, r)
		}
	}
	return vars
}

// withSets returns variables and those of all sets made so far.
func (c *compiler) withSets(vars []string) []string {
	vars = slices.Clip(vars)
	for _, s := range c.sets {
		vars = append(vars, s.name)
	}
	return vars
}

// makeSets puts what makes the sets to where the statement begins to use them. Where it is not one list already, it
// becomes a subquery: of several parts joined by UNION none sees what stands before.
func (c *compiler) makeSets(begin int, parts bool) {
	if len(c.sets) == 0 || c.mode == dry {
		return
	}
	body := slices.Clone(c.text[begin:])
	c.text = append(c.text[:begin], c.before...)
	if !parts {
		c.w(string(body))
		return
	}
	c.call(c.withSets(nil)...)
	c.w("\n", string(body), "\n} RETURN row")
}
