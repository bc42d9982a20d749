package neo4jstore

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// A plan is compiled to one statement by one walk over it. The walk does three things at once: it writes the text, it
// collects the values as parameters in the order it meets them, and it notes everything that the text depends on but
// the plan's Memo does not fix (which parts of a filter are set, whether there is a cursor) as the shape. When the text
// for a shape is known already the walk is repeated dry: parameters and shape only, no text. One walk for both means
// that text and parameters cannot get out of step.

// statement is the compiled form of all plans of one shape.
type statement struct {
	text    string
	answer  answer
	batcher batcher
}

// mode is what a walk is for.
type mode uint8

const (
	written mode = iota // the text, for one plan
	dry                 // parameters and shape only
	shared              // the text, for several plans at once: see share.go
)

// compiler is one walk.
type compiler struct {
	*layout
	q      *plan.Query
	mode   mode
	text   []byte
	shape  []byte
	values []any // the parameters; the first is not used here: see share.go
	limits []int // which of them are limits
	names  int   // variables made so far
	// ahead is what must stand before the RETURN that is being written, and counted says that what was written since
	// it was last looked at counts rows: see part.
	ahead   []byte
	counted bool
	scope   []string       // the variables that can be used where the walk is
	settled *plan.LinkedTo // the part of a filter that the records looked at fit already
	refs    []string       // by index into q.Refs: the variable of one that a filter can use
	sets    []set          // what filters within filters need: see within
	within  bool           // the walk is in the where of a LinkedTo
	before  []byte         // the text that makes sets, innermost first
}

// newCompiler begins a walk.
func newCompiler(l *layout, q *plan.Query, m mode) *compiler {
	c := &compiler{layout: l, q: q, mode: m, values: make([]any, 1, 12)}
	if len(q.Refs) > 0 {
		c.refs = make([]string, len(q.Refs))
	}
	if m == shared {
		c.scope = append(c.scope, request)
	}
	return c
}

// compile walks a plan.
func compile(l *layout, q *plan.Query, m mode) (c *compiler, a answer) {
	c = newCompiler(l, q, m)
	c.note(byte(q.Start))
	first := 0
	if q.Start == plan.ByRef {
		first = 1 // the root itself looks for it
	}
	a.refs = len(q.Refs) > first
	for i := first; i < len(q.Refs); i++ {
		c.resolve(i)
	}
	begin := len(c.text)
	if a.refs {
		c.w("RETURN [")
		for i := first; i < len(q.Refs); i++ {
			if i > first {
				c.w(", ")
			}
			c.wrongRef(i)
		}
		c.w("] AS candidates, COLLECT {\n")
	}
	switch q.Start {
	case plan.ByID, plan.ByIDs:
		c.byIDs(&a, q.IDs)
	case plan.ByRef:
		c.byRef(&a)
	case plan.Everything:
		c.everything(&a)
	case plan.EveryLink:
		c.everyLink(&a)
	case plan.Search:
		c.search(&a)
	case plan.Statistics:
		c.statistics()
	}
	if a.refs {
		if a.empty {
			c.w("UNWIND [] AS row RETURN row")
		}
		c.w("\n} AS rows")
	}
	c.makeSets(begin, !a.refs)
	return c, a
}

// paramName names a parameter, counted from 0.
func paramName(n int) string {
	const few = "p0p1p2p3p4p5p6p7p8p9"
	if n < 10 {
		return few[2*n : 2*n+2]
	}
	return "p" + strconv.Itoa(n)
}

// w writes text.
func (c *compiler) w(parts ...string) {
	if c.mode == dry {
		return
	}
	for _, p := range parts {
		c.text = append(c.text, p...)
	}
}

// param adds a value and returns its name in the text, dollar included.
func (c *compiler) param(v any) string {
	c.values = append(c.values, v)
	switch n := len(c.values) - 1; c.mode {
	case dry:
		return ""
	case shared:
		return request + "[" + strconv.Itoa(n) + "]"
	default:
		return "$" + paramName(n-1)
	}
}

// limit adds the length of a page. Cypher wants it to be the same for a whole statement.
func (c *compiler) limit(n int) string {
	c.values = append(c.values, int64(n))
	c.limits = append(c.limits, len(c.values)-1)
	if c.mode == dry {
		return ""
	}
	return "$" + paramName(len(c.values)-2)
}

// params are parameters by name.
func params(values []any) map[string]any {
	out := make(map[string]any, len(values)-1)
	for i, v := range values[1:] {
		out[paramName(i)] = v
	}
	return out
}

// call begins a subquery that uses some variables; what a shared statement is asked for can be used everywhere.
func (c *compiler) call(vars ...string) {
	if c.mode == shared {
		vars = append([]string{request}, vars...)
	}
	c.w("CALL (", join(vars), ") {")
}

// name makes a variable.
func (c *compiler) name(prefix string) string {
	c.names++
	if c.mode == dry {
		return ""
	}
	return prefix + strconv.Itoa(c.names)
}

// returning writes a RETURN of a list whose columns f writes.
func (c *compiler) returning(f func(row *list)) {
	if c.mode == dry {
		f(&list{})
		return
	}
	text, ahead := c.text, c.ahead
	c.text, c.ahead = nil, nil
	f(&list{})
	columns, own := c.text, c.ahead
	c.text, c.ahead = text, ahead
	c.text = append(c.text, own...)
	c.w("RETURN [", string(columns), "]")
	c.counted = c.counted || len(own) > 0
}

// importing begins a subquery that uses some variables and the sets there are once f has written it.
func (c *compiler) importing(f func(), vars ...string) {
	text := c.text
	c.text = nil
	f()
	own := c.text
	c.text = text
	c.call(c.withSets(vars)...)
	c.w(string(own))
}

// in lets what f writes use more variables.
func (c *compiler) in(f func(), names ...string) {
	n := len(c.scope)
	c.scope = append(c.scope, names...)
	f()
	c.scope = c.scope[:n]
}

// part writes an expression that may count rows within a subquery. Neo4j takes such a count for one of the RETURN
// around it, and refuses it beside anything else, so the expression moves into a CALL ahead of that RETURN.
func (c *compiler) part(write func()) {
	if c.mode == dry {
		write()
		return
	}
	before := c.counted
	c.counted = false
	at := len(c.text)
	write()
	if c.counted {
		v := c.name("part")
		c.ahead = append(c.ahead,
			"CALL ("+join(c.withSets(c.scope))+") { RETURN "+string(c.text[at:])+" AS "+v+" } "...)
		c.text = append(c.text[:at], v...)
	}
	c.counted = c.counted || before
}

// note adds to the shape.
func (c *compiler) note(b byte) { c.shape = append(c.shape, b) }

// noteIf adds a yes or no to the shape.
func (c *compiler) noteIf(b bool) bool {
	if b {
		c.note(1)
	} else {
		c.note(0)
	}
	return b
}

func (c *compiler) noteKinds(s catalog.KindSet) {
	c.shape = binary.LittleEndian.AppendUint64(c.shape, uint64(s))
}

func (c *compiler) noteTypes(s catalog.TypeSet) {
	c.shape = binary.LittleEndian.AppendUint64(c.shape, uint64(s))
}

// list counts the columns of a list that is being written.
type list struct{ n int }

// column begins the next column of a list and returns its index.
func (c *compiler) column(l *list) int {
	if l.n > 0 {
		c.w(", ")
	}
	l.n++
	return l.n - 1
}

// class is what an id names: see kg.LinkPrefix.
type class uint8

const (
	entities class = iota
	links
	pieces // of evidence
	sources
	classes
)

func classOf(id string) class {
	switch {
	case strings.HasPrefix(id, kg.LinkPrefix):
		return links
	case strings.HasPrefix(id, kg.EvidencePrefix):
		return pieces
	case strings.HasPrefix(id, kg.SourcePrefix):
		return sources
	}
	return entities
}

// wanted reports whether records of a class are among the plan's types.
func (c *compiler) wanted(k class) bool {
	switch k {
	case links:
		return c.q.Types.Has(c.cat.Link.Index)
	case pieces:
		return c.q.Types.Has(c.cat.Evidence.Index)
	case sources:
		return c.q.Types.Has(c.cat.Source.Index)
	}
	return c.q.Types&c.cat.Entities != 0
}

// byIDs writes the statement that finds records by id. A row is [id, columns…].
func (c *compiler) byIDs(a *answer, ids []string) {
	var byClass [classes][]string
	for _, id := range ids {
		if k := classOf(id); c.wanted(k) {
			byClass[k] = append(byClass[k], id)
		}
	}
	a.empty = true
	for k := range classes {
		// one id reads better, and plans better, than a list of one
		ids, one := byClass[k], len(byClass[k]) == 1
		c.noteIf(one)
		if !c.noteIf(len(ids) > 0) {
			continue
		}
		if !a.empty {
			c.w("\nUNION ALL\n")
		}
		a.empty = false
		v := c.name("n")
		c.findIDs(k, v, ids, one)
		c.returning(func(row *list) {
			c.column(row)
			if k == pieces {
				c.w("'", kg.EvidencePrefix, "' + ")
			}
			c.w(v, ".id")
			c.in(func() { c.record(a, k, row, v, c.q.Types) }, v)
		})
		c.w(" AS row")
	}
}

// record writes the columns of a root record.
func (c *compiler) record(a *answer, k class, row *list, v string, types catalog.TypeSet) {
	sel := c.q.Root.Node
	switch k {
	case entities:
		a.record[k] = c.entity(row, v, types&c.cat.Entities, sel)
	case sources:
		a.record[k] = c.source(row, v, sel)
	case links:
		a.record[k] = c.link(row, linkVars{r: v, refuted: true}, sel)
	case pieces:
		a.piece = c.evidence(row, v, sel, nil)
	}
}

// findIDs writes the MATCH for ids of one class.
func (c *compiler) findIDs(k class, v string, ids []string, one bool) {
	if k == pieces {
		own := make([]string, len(ids))
		for i, id := range ids {
			own[i] = kg.LinkOfEvidence(id)
		}
		ids = own
	}
	var p string
	if one {
		p = " = " + c.param(ids[0])
	} else {
		p = " IN " + c.param(ids)
	}
	switch k {
	case entities:
		c.w("MATCH (", v, ":Entity) WHERE ", v, ".id", p, " AND ", v, "._sort IS NOT NULL AND ", v, ":",
			c.labels(c.q.Types&c.cat.Entities), "\n")
	case sources:
		c.w("MATCH (", v, ":Source) WHERE ", v, ".id", p, " AND ", v, "._sort IS NOT NULL\n")
	default:
		// each kind of link has an index of its own
		c.call()
		for i, name := range c.linkTypes() {
			if i > 0 {
				c.w("\n  UNION ALL")
			}
			c.w("\n  MATCH ()-", c.rel(v, name), "->() WHERE ", v, ".id", p, " RETURN ", v)
		}
		c.w("\n}\n")
	}
}

// refKind says how a ref names its entity.
func refKind(r *plan.Ref) byte {
	switch {
	case r.ID != "":
		return byID
	case r.Name != "":
		return byName
	case r.URL != "":
		return byURL
	}
	return byExternalID
}

const (
	byID         = 'i'
	byName       = 'n'
	byExternalID = 'x'
	byURL        = 'u'
)

// resolve finds what a filter's ref names: a node or null in refN, and in candidatesrefN, when there are several, a
// list of rows as candidate writes them.
func (c *compiler) resolve(i int) {
	r := &c.q.Refs[i]
	types := r.Types & c.cat.Entities
	kind := refKind(r)
	c.note(kind)
	c.noteTypes(types)
	v := "ref" + strconv.Itoa(i)
	c.refs[i] = v
	c.scope = append(c.scope, v)
	if types == 0 {
		c.w("WITH *, null AS ", v, ", null AS candidates", v, "\n")
		return
	}
	if kind == byID {
		c.w("OPTIONAL MATCH (", v, ":Entity {id: ", c.param(r.ID), "}) WHERE ", v, "._sort IS NOT NULL AND ", v, ":",
			c.labels(types), "\n")
		return
	}
	c.call()
	c.w("\n")
	c.named(r, "n", types)
	c.meant(r, "n", types)
	c.w("  CALL (found) {\n    UNWIND CASE WHEN size(found) > 1 THEN found ELSE [] END AS n\n    WITH n, size(found) AS total, ")
	c.mostLinked("n", types)
	c.w("\n    RETURN collect([")
	c.candidate(&list{}, "n", "name", types)
	c.w("]) AS candidates\n  }\n  RETURN CASE WHEN size(found) = 1 THEN head(found) END AS ", v,
		", CASE WHEN size(candidates) > 0 THEN candidates END AS candidates", v, "\n}\n")
}

// wrongRef writes what is wrong with a ref: null when it names one entity, and else a list of candidates: empty when it
// names nothing.
func (c *compiler) wrongRef(i int) {
	c.w("CASE WHEN ", c.refs[i], " IS NULL THEN ")
	if refKind(&c.q.Refs[i]) == byID {
		c.w("[]")
	} else {
		c.w("coalesce(candidates", c.refs[i], ", [])")
	}
	c.w(" END")
}

// meant collects what a ref found as found: titles give way to other names.
func (c *compiler) meant(r *plan.Ref, n string, types catalog.TypeSet) {
	titled := types & c.cat.Titled()
	if r.Name == "" || titled == 0 || titled == types {
		c.w("  WITH collect(", n, ") AS found\n")
		return
	}
	c.w("  WITH collect(", n, ") AS all, collect(CASE WHEN ", n, ":", c.labels(types&^titled), " THEN ", n,
		" END) AS others\n",
		"  WITH CASE WHEN size(others) > 0 THEN others ELSE all END AS found\n")
}

// mostLinked counts the links of each of total candidates and keeps those with most.
func (c *compiler) mostLinked(n string, types catalog.TypeSet) {
	c.w(c.degree(&matcher{n: n, types: types}), " AS degree ORDER BY degree DESC, ", n, ".id LIMIT ",
		strconv.Itoa(kg.MaxCandidates))
}

// candidate writes the first columns of what a ref found: id, type, name, description, how many links it has, and how
// many were found.
func (c *compiler) candidate(row *list, n, name string, types catalog.TypeSet) {
	c.column(row)
	c.w(n, ".id")
	c.column(row)
	if types == 0 {
		c.w(strconv.Itoa(int(c.cat.Source.Index)))
	} else {
		c.typeOf(n, types)
	}
	c.column(row)
	c.w(n, ".", name)
	c.column(row)
	c.w(n, ".description")
	c.column(row)
	c.w("degree")
	c.column(row)
	c.w("total")
}

// named finds entities by name, alias or external id, each once.
func (c *compiler) named(r *plan.Ref, n string, types catalog.TypeSet) {
	if refKind(r) == byName {
		p := c.param(r.NameKey)
		c.call()
		c.w("\n    MATCH (", n, ":Entity {_name: ", p, "}) RETURN ", n,
			"\n    UNION\n    MATCH (:Alias {_name: ", p, "})-[:ALIAS_OF]->(", n, ":Entity) RETURN ", n, "\n  }\n")
		c.w("WITH ", n)
	} else {
		c.w("MATCH (:ExternalId {scheme: ", c.param(r.Scheme), ", value: ", c.param(r.Value), "})-[:IDENTIFIES]->(", n,
			":Entity)\n")
		c.w("WITH DISTINCT ", n)
	}
	c.w(" WHERE ", n, ":", c.labels(types), "\n")
}

// byRef writes the statement that finds the record of the first ref. By id it is that of byIDs; otherwise there is a
// row for each entity, or else source, that it names: what candidate writes, then the record's columns.
func (c *compiler) byRef(a *answer) {
	r := &c.q.Refs[0]
	kind := refKind(r)
	c.note(kind)
	if kind == byID {
		c.byIDs(a, []string{r.ID})
		return
	}
	a.candidates, a.empty = true, true
	types := r.Types & c.q.Types
	c.noteTypes(types)
	head := func(k class, v, name string, types catalog.TypeSet) {
		c.meant(r, v, types)
		c.w("UNWIND found AS ", v, "\nWITH ", v, ", size(found) AS total, ")
		c.mostLinked(v, types)
		c.w("\n")
		c.returning(func(row *list) {
			c.candidate(row, v, name, types)
			c.in(func() { c.record(a, k, row, v, types) }, v)
		})
		c.w(" AS row")
	}
	if own := types & c.cat.Entities; own != 0 && kind != byURL {
		a.empty = false
		v := c.name("n")
		c.named(r, v, own)
		head(entities, v, "name", own)
	}
	if kind != byExternalID && types.Has(c.cat.Source.Index) {
		if !a.empty {
			c.w("\nUNION ALL\n")
		}
		a.empty = false
		v := c.name("n")
		if kind == byURL {
			c.w("MATCH (", v, ":Source {url: ", c.param(r.URL), "})\n")
		} else {
			c.w("MATCH (", v, ":Source {_name: ", c.param(r.NameKey), "})\n")
		}
		head(sources, v, "title", 0)
	}
}
