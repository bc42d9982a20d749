package neo4jstore

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

var (
	_ store.Walker    = (*Store)(nil)
	_ store.Patterned = (*walk)(nil)
)

// Walk finds the entities a question names, by one statement. Where a view of the graph can be used, that is all;
// otherwise each Expand is another, and what was seen is kept under keys.
func (s *Store) Walk(ctx context.Context, w *plan.Walk) (store.Graph, []uint32, error) {
	if err := s.usable(); err != nil {
		return nil, nil, err
	}
	w, err := s.known(ctx, w)
	if err != nil {
		return nil, nil, err
	}
	g, keys, err := s.walk(ctx, w)
	if now, some := s.knownRefs(ctx, w, err); some {
		return s.walk(ctx, now)
	}
	return g, keys, err
}

func (s *Store) walk(ctx context.Context, w *plan.Walk) (store.Graph, []uint32, error) {
	if v, keys, err := s.fromView(ctx, w); err != nil {
		return nil, nil, err
	} else if v != nil {
		return v, keys, nil
	}
	g, keys, bookmark, err := s.resolve(ctx, w)
	if err != nil {
		return nil, nil, err
	}
	if v := s.at(bookmark); v != nil && viewAnswers(w) {
		byID := *w
		byID.Refs = g.refs
		return v.walk(ctx, &byID, g.trips)
	}
	return g, keys, nil
}

// resolve finds the entities a question names, and reports at which bookmark.
func (s *Store) resolve(ctx context.Context, w *plan.Walk) (*walk, []uint32, string, error) {
	g := &walk{
		s: s, layout: s.asking(), w: w, nodes: make([]store.GraphNode, 1), links: make([]store.GraphLink, 1),
		nodeKeys: map[string]uint32{}, linkKeys: map[string]uint32{},
	}
	if len(w.Refs) == 0 && !w.Counts {
		return g, nil, "", nil
	}
	text, params := g.find()
	records, bookmark, trips, err := s.readMarked(ctx, text, params)
	if err != nil {
		return nil, nil, "", err
	}
	g.trips += trips
	if !s.holds(g.layout, bookmark) {
		again, keys, bookmark, err := s.resolve(ctx, w)
		if err == nil {
			again.trips += g.trips
		}
		return again, keys, bookmark, err
	}
	keys := make([]uint32, len(w.Refs))
	g.refs = make([]plan.Ref, len(w.Refs))
	if w.Counts {
		g.counts = &store.Counts{
			Nodes: append([]int64{0}, asInts(records[0][len(w.Refs)])...),
			Links: asInts(records[0][len(w.Refs)+1]),
		}
	}
	for i, v := range records[0][:len(w.Refs)] {
		cols := asList(v)
		if list := asList(cols[1]); list != nil {
			return nil, nil, "", wrongRef(s.layout.cat, w.Refs, i, list)
		}
		keys[i] = g.learn(asList(cols[0]))
		g.refs[i].ID, g.refs[i].Types = g.nodes[keys[i]].ID, w.Refs[i].Types
	}
	return g, keys[:w.Asked], bookmark, nil
}

// find writes the statement for the entities a question names.
func (g *walk) find() (string, map[string]any) {
	w := g.w
	c := newCompiler(g.layout, &plan.Query{Refs: w.Refs}, written)
	for i := range w.Refs {
		c.resolve(i)
	}
	c.w("RETURN ")
	for i := range w.Refs {
		if i > 0 {
			c.w(", ")
		}
		c.w("[CASE WHEN ", c.refs[i], " IS NULL THEN null ELSE ")
		g.node(c, c.refs[i], w.Refs[i].Types&c.cat.Entities)
		c.w(" END, ")
		c.wrongRef(i)
		c.w("]")
	}
	if w.Counts {
		if len(w.Refs) > 0 {
			c.w(", ")
		}
		g.count(c)
	}
	return string(c.text), params(c.values)
}

// walk is what one question has seen of the graph.
type walk struct {
	s        *Store
	layout   *layout
	w        *plan.Walk
	refs     []plan.Ref // by id, now that they are known
	nodes    []store.GraphNode
	links    []store.GraphLink
	nodeKeys map[string]uint32
	linkKeys map[string]uint32
	trips    int
	counts   *store.Counts
	// now are the ids that entities have, by former ones, of those that were asked.
	now   map[string]string
	asked map[string]bool
}

// node writes what is wanted of an entity: id, type, number of links, date.
func (*walk) node(c *compiler, n string, types catalog.TypeSet) {
	c.w("[", n, ".id, ")
	c.typeOf(n, types)
	c.w(", ", c.degree(&matcher{n: n, types: types}), ", ", n, "._date]")
}

// count writes how much there is of each type and kind, which Neo4j knows without looking.
func (*walk) count(c *compiler) {
	c.w("[")
	for i, t := range c.cat.Types {
		if i > 0 {
			c.w(", ")
		}
		if c.asksNodes {
			c.w("COUNT { MATCH (n:", t.Name, ") WHERE n._sort >= '' AND n.id >= '' }")
		} else {
			c.w("COUNT { (:", t.Name, ") }")
		}
	}
	c.w("], [")
	for i, k := range c.cat.Kinds {
		if i > 0 {
			c.w(", ")
		}
		c.w("COUNT { ()-", c.rel("", k.Name), "->() }")
	}
	c.w("]")
}

func asInts(v any) []int64 {
	list := asList(v)
	out := make([]int64, len(list))
	for i, n := range list {
		out[i] = asInt(n)
	}
	return out
}

// learn keeps what node wrote.
func (g *walk) learn(cols []any) uint32 {
	id := asString(cols[0])
	if k, ok := g.nodeKeys[id]; ok {
		return k
	}
	k := uint32(len(g.nodes))
	g.nodeKeys[id] = k
	g.nodes = append(g.nodes, store.GraphNode{
		ID: id, Type: uint8(asInt(cols[1])), Degree: asInt(cols[2]),
		Date: dated(cols[3]),
	})
	return k
}

// dated reads an interval kept as its order key.
func dated(v any) store.Interval {
	n, ok := v.(int64)
	if !ok {
		return store.Interval{From: kg.MinDay, To: kg.MaxDay}
	}
	return store.Interval{From: kg.Day(n / 1e8), To: kg.Day(n % 1e8), Known: true}
}

// Expand reads the links of nodes by one statement. The far ends are listed apart from the links, each once: hubs
// are met again and again.
func (g *walk) Expand(ctx context.Context, nodes []uint32, way store.Way, visit func(uint32, []store.Arc)) error {
	if len(nodes) == 0 {
		return nil
	}
	if err := g.knowWays(ctx, &way); err != nil {
		return err
	}
	text, params := g.expand(way, g.ids(nodes))
	records, trips, err := g.s.read(ctx, text, params)
	g.trips += trips
	if err != nil {
		return err
	}
	all := make(map[uint32][]store.Arc, len(nodes))
	for _, r := range records { // one
		ends := map[int64]uint32{} // by Neo4j's own number of the node, which is shorter to send than its id
		for _, v := range asList(r[1]) {
			n := asList(v)
			ends[asInt(n[0])] = g.learn(asList(n[1]))
		}
		for _, v := range asList(r[0]) {
			cols := asList(v)
			links := asList(cols[1])
			arcs := make([]store.Arc, len(links))
			for i, a := range links {
				arcs[i] = g.arc(asList(a), ends)
			}
			all[g.nodeKeys[asString(cols[0])]] = arcs
		}
	}
	for _, k := range nodes {
		visit(k, all[k])
	}
	return nil
}

// compiler begins a statement that can use what filters name.
func (g *walk) compiler() *compiler {
	c := newCompiler(g.layout, &plan.Query{Refs: g.refs}, written)
	for i := g.w.Asked; i < len(g.refs); i++ {
		c.resolve(i)
	}
	return c
}

// expand writes the statement for a way of expanding.
func (g *walk) expand(way store.Way, ids []string) (string, map[string]any) {
	c := g.compiler()
	begin := len(c.text)
	cat := g.layout.cat
	f, _ := g.follows(way)
	if f.Kinds == 0 {
		return "RETURN [] AS found, [] AS ends", nil
	}
	c.w("UNWIND ", c.param(ids), " AS id MATCH (n:Entity {id: id})\n")
	c.importing(func() { g.arcsFrom(c, f, way) }, append(slices.Clone(c.scope), "n")...)
	c.w("WITH collect([n.id, arcs]) AS found, collect(ends) AS lists\n")
	c.w("CALL (lists) { UNWIND lists AS list UNWIND list AS m WITH DISTINCT m RETURN collect([id(m), ")
	g.node(c, "m", cat.Entities)
	c.w("]) AS ends }\nRETURN found, ends")
	c.makeSets(begin, false)
	return string(c.text), params(c.values)
}

// arcsFrom writes the subquery that lists the links of n.
func (g *walk) arcsFrom(c *compiler, f *plan.Field, way store.Way) {
	c.w(" MATCH ")
	c.pattern("n", "r", "m", f)
	if way.Loops {
		c.w(" WHERE true")
	} else {
		c.w(" WHERE m <> n")
	}
	if way.Among != nil {
		c.w(" AND m.id IN ", c.param(g.ids(way.Among)))
	}
	other := "m"
	if way.Back {
		other = "n"
	}
	c.linkFilter(" AND ", f.Links, "r", other, c.cat.Entities)
	c.entityFilter(" AND ", way.Far, "m", c.cat.Entities)
	c.w(" RETURN collect([r.id, id(m), ")
	switch {
	case way.Out && way.In:
		c.w("startNode(r) = n")
	default:
		c.w(strconv.FormatBool(way.Out))
	}
	c.w(", ")
	c.kindIndex(kindOf("r", f.Links.NamesRefuted()), f.Kinds)
	c.w(", r._since, r._until, coalesce(r.sourceCount, 0), r.role")
	switch {
	case g.w.SourceDates:
		c.w(", COLLECT { UNWIND ", supporters("r"), " AS sid MATCH (s:Source {id: sid}) RETURN [s.id, s._date] }")
	case g.w.Sources:
		c.w(", [sid IN ", supporters("r"), " | [sid, null]]")
	}
	c.w("]) AS arcs, collect(DISTINCT m) AS ends }\n")
}

// follows is which links a way follows: the kinds a filter asks for stand in the pattern, so that others are not even
// looked at.
func (g *walk) follows(way store.Way) (*plan.Field, *plan.LinkFilter) {
	cat, filter := g.layout.cat, g.w.Links
	if way.Links != nil {
		filter = way.Links
	}
	f := &plan.Field{Kinds: cat.AllKinds(), Out: way.Out, In: way.In, Other: cat.Entities}
	if filter != nil && filter.Kinds != nil {
		f.Kinds &= *filter.Kinds
		rest := *filter
		rest.Kinds = nil
		filter = &rest
	}
	f.Links = filter
	return f, filter
}

func (g *walk) ids(nodes []uint32) []string {
	ids := make([]string, len(nodes))
	for i, k := range nodes {
		ids[i] = g.nodes[k].ID
	}
	return ids
}

// Middle joins what both sides lead to, by one statement.
func (g *walk) Middle(ctx context.Context, a, b []uint32, wayA, wayB store.Way) ([]uint32, error) {
	if err := g.knowWays(ctx, &wayA, &wayB); err != nil {
		return nil, err
	}
	text, params := g.middle(a, b, wayA, wayB)
	if text == "" {
		return nil, nil
	}
	return g.found(ctx, text, params)
}

// found runs a statement that node has written the rows of, and keeps what it finds.
func (g *walk) found(ctx context.Context, text string, params map[string]any) ([]uint32, error) {
	records, trips, err := g.s.read(ctx, text, params)
	g.trips += trips
	if err != nil {
		return nil, err
	}
	out := make([]uint32, len(records))
	for i, r := range records {
		out[i] = g.learn(asList(r[0]))
	}
	return out, nil
}

// middle writes the statement for what two sides lead to, "" when there can be nothing.
func (g *walk) middle(a, b []uint32, wayA, wayB store.Way) (string, map[string]any) {
	c := g.compiler()
	begin := len(c.text)
	for i, side := range []struct {
		nodes []uint32
		way   store.Way
	}{{a, wayA}, {b, wayB}} {
		f, filter := g.follows(side.way)
		if f.Kinds == 0 {
			return "", nil
		}
		n, m, r := "n"+strconv.Itoa(i), "m"+strconv.Itoa(i), "r"+strconv.Itoa(i)
		c.importing(func() {
			c.w(" UNWIND ", c.param(g.ids(side.nodes)), " AS id MATCH (", n, ":Entity {id: id}) MATCH ")
			c.pattern(n, r, m, f)
			c.w(" WHERE ", m, " <> ", n)
			other := m
			if side.way.Back {
				other = n
			}
			c.linkFilter(" AND ", filter, r, other, g.layout.cat.Entities)
			c.w(" RETURN collect(DISTINCT ", m, ") AS side", strconv.Itoa(i), " }\n")
		}, c.scope...)
	}
	c.w("UNWIND side0 AS m WITH m, side1 WHERE m IN side1 RETURN ")
	g.node(c, "m", g.layout.cat.Entities)
	c.makeSets(begin, false)
	return string(c.text), params(c.values)
}

// kindIndex writes the index of a link's kind, which is an expression.
func (c *compiler) kindIndex(kind string, kinds catalog.KindSet) {
	if kinds.Len() == 1 {
		for _, k := range c.cat.Kinds {
			if kinds.Has(k.Index) {
				c.w(strconv.Itoa(int(k.Index)))
			}
		}
		return
	}
	c.w("CASE ", kind)
	for _, k := range c.cat.Kinds {
		if kinds.Has(k.Index) {
			c.w(" WHEN '", k.Name, "' THEN ", strconv.Itoa(int(k.Index)))
		}
	}
	c.w(" END")
}

// arc keeps what expand wrote of a link.
func (g *walk) arc(cols []any, ends map[int64]uint32) store.Arc {
	id := asString(cols[0])
	k, ok := g.linkKeys[id]
	if !ok {
		k = uint32(len(g.links))
		g.linkKeys[id] = k
		l := store.GraphLink{
			ID: id, Kind: uint8(asInt(cols[3])), Since: dated(cols[4]), Until: dated(cols[5]),
			SourceCount: asInt(cols[6]), Role: asString(cols[7]),
		}
		if len(cols) > 8 {
			for _, v := range asList(cols[8]) {
				s := asList(v)
				l.Sources = append(l.Sources, store.GraphSource{ID: asString(s[0]), Date: dated(s[1])})
			}
			sortSources(l.Sources)
		}
		g.links = append(g.links, l)
	}
	out, _ := cols[2].(bool)
	return store.Arc{To: ends[asInt(cols[1])], Link: k, Out: out}
}

// Start lists entities by one statement.
func (g *walk) Start(ctx context.Context, types catalog.TypeSet, f *plan.EntityFilter, most int) ([]uint32, error) {
	if err := g.know(ctx, f.FilteredIDs(nil)); err != nil {
		return nil, err
	}
	f = f.Renamed(g.now)
	c := g.compiler()
	begin := len(c.text)
	c.importing(func() {
		c.w(" ")
		var where string
		from, ok := anchorOf(f)
		if ok {
			where = c.anchored(from, "n", types)
		} else {
			where = c.scanned("n", types)
		}
		c.restOf(from, where, f, "n", types)
		c.w(" RETURN n LIMIT ", c.param(int64(most)), " }\nRETURN ")
	}, c.scope...)
	g.node(c, "n", types)
	c.makeSets(begin, false)
	return g.found(ctx, string(c.text), params(c.values))
}

// Counts is what Walk learned.
func (g *walk) Counts() *store.Counts { return g.counts }

// Node reports what was learned of a node.
func (g *walk) Node(k uint32) store.GraphNode { return g.nodes[k] }

// Link reports what was learned of a link.
func (g *walk) Link(k uint32) store.GraphLink { return g.links[k] }

// RoundTrips counts the statements.
func (g *walk) RoundTrips() int { return g.trips }

func sortSources(list []store.GraphSource) {
	slices.SortFunc(list, func(a, b store.GraphSource) int { return strings.Compare(a.ID, b.ID) })
}
