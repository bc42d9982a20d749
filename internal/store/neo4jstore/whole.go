package neo4jstore

import (
	"context"
	"slices"
	"strings"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

var _ store.Surveyor = (*Store)(nil)

// State is the bookmark of the last transaction that anybody committed.
func (s *Store) State(ctx context.Context) (string, int, error) {
	if err := s.usable(); err != nil {
		return "", 0, err
	}
	bookmark, err := s.bookmark(ctx)
	return bookmark, 1, err
}

// Whole streams every entity with the entities its links lead to, by Neo4j's own numbers, which are shorter to send
// than ids. What a filter names is found by a statement before. Measures read on when those who asked have gone:
// closing the store ends this, rather than wait for it.
func (s *Store) Whole(ctx context.Context, w *plan.Walk) (*store.Whole, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.lifetime, cancel)()
	w, err := s.known(ctx, w)
	if err != nil {
		return nil, err
	}
	g, _, _, err := s.resolve(ctx, w)
	if now, some := s.knownRefs(ctx, w, err); some {
		g, _, _, err = s.resolve(ctx, now)
	}
	if err != nil {
		return nil, err
	}
	out := &store.Whole{RoundTrips: g.trips}
	var numbers [][2]int64 // of each node: Neo4j's number, and how many of ends are its
	var ends []int64
	read := func() (bookmark string, err error) {
		text, params := g.whole()
		out.RoundTrips++
		out.Nodes, numbers, ends = nil, nil, nil
		err = s.within(ctx, longest, text, params, func(r *neo4j.Record) error {
			t := s.layout.cat.TypeAt(uint8(asInt(r.Values[2])))
			if t == nil {
				return nil // somebody else's
			}
			list := asList(r.Values[3])
			out.Nodes = append(out.Nodes, store.WholeNode{ID: asString(r.Values[1]), Type: t.Index})
			numbers = append(numbers, [2]int64{asInt(r.Values[0]), int64(len(list))})
			for _, v := range list {
				ends = append(ends, asInt(v))
			}
			if len(ends) > plan.MaxWhole {
				return store.TooLarge()
			}
			return nil
		}, func(session neo4j.SessionWithContext) { bookmark = strings.Join(session.LastBookmarks(), " ") })
		return bookmark, err
	}
	bookmark, err := read()
	if err == nil && !s.holds(g.layout, bookmark) {
		g.layout = s.layouts[1][1]
		_, err = read()
	}
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	out.Links = make([]store.Pair, 0, len(ends))
	order := make([]int, len(numbers))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(out.Nodes[a].ID, out.Nodes[b].ID) })
	nodes := make([]store.WholeNode, len(order))
	place := make(map[int64]uint32, len(order))
	for i, j := range order {
		nodes[i] = out.Nodes[j]
		place[numbers[j][0]] = uint32(i)
	}
	out.Nodes = nodes
	for _, n := range numbers {
		for _, e := range ends[:n[1]] {
			if to, ok := place[e]; ok {
				out.Links = append(out.Links, store.Pair{From: place[n[0]], To: to})
			}
		}
		ends = ends[n[1]:]
	}
	return out, nil
}

// whole writes the statement.
func (g *walk) whole() (string, map[string]any) {
	c := newCompiler(g.layout, &plan.Query{Refs: g.refs}, written)
	for i := range g.refs {
		c.resolve(i)
	}
	begin := len(c.text)
	types := c.cat.Entities
	f, filter := g.follows(store.Way{Out: true})
	c.w("MATCH (n:Entity) WHERE n.id >= '' AND n._sort IS NOT NULL\n")
	ends := "[]"
	if f.Kinds != 0 {
		ends = "ends"
		c.importing(func() {
			c.w(" MATCH ")
			c.pattern("n", "r", "m", f)
			c.w(" WHERE m <> n")
			c.linkFilter(" AND ", filter, "r", "m", types)
			c.linkFilter(" AND ", filter, "r", "n", types)
			c.w(" RETURN collect(id(m)) AS ends }\n")
		}, append(slices.Clone(c.scope), "n")...)
	}
	c.w("RETURN id(n), n.id, ")
	c.typeOf("n", types)
	c.w(", ", ends)
	c.makeSets(begin, false)
	return string(c.text), params(c.values)
}

// Unverified reads the evidence of every link that has some.
func (s *Store) Unverified(ctx context.Context) (ids []string, trips int, err error) {
	if err := s.usable(); err != nil {
		return nil, 0, err
	}
	text := "MATCH (:Entity)-[r:" + s.layout.allLinks +
		"]->(:Entity) WHERE r._unverified > 0 AND 'false' IN r.verified AND " + ours("r") + " RETURN " + linkText
	err = s.stream(ctx, longest, text, nil, func(r *neo4j.Record) error {
		var f fields
		id, list := asString(r.Values[0]), f.evidence(r.Values)
		if f.wrong != "" {
			return misfit("link", r.Values[0], f.wrong)
		}
		for i := range list {
			if v := list[i].Verified; v != nil && !*v {
				ids = append(ids, kg.EvidenceID(id, &list[i]))
			}
		}
		return nil
	})
	slices.Sort(ids)
	return ids, 1, s.failed(ctx, err)
}
