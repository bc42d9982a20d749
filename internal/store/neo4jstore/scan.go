package neo4jstore

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

func itoa(n int) string { return strconv.Itoa(n) }

// scanTime bounds an export's statement on the server.
const scanTime = 24 * time.Hour

// scan streams a statement's records. It is never run again, as its caller has seen a part of it already.
func (s *Store) scan(ctx context.Context, text string, f func(v []any) error) error {
	if err := s.usable(); err != nil {
		return err
	}
	var ended error
	err := s.stream(ctx, scanTime, text, nil, func(r *neo4j.Record) error {
		ended = f(r.Values)
		return ended
	})
	if ended != nil {
		return ended
	}
	return failure(ctx, err)
}

// Sources reads all sources by id, in the order of an index.
func (s *Store) Sources(ctx context.Context, f func(*kg.Source) error) error {
	return s.scan(ctx, "MATCH (s:Source) WHERE s.id >= '' AND s._sort IS NOT NULL RETURN "+sourceText+" ORDER BY s.id",
		func(v []any) error {
			x, err := sourceOf(v)
			if err != nil {
				return err
			}
			return f(x)
		})
}

// nodesText reads entities whole, those that fit.
func (s *Store) nodesText(where string) string {
	c := &compiler{layout: s.layout}
	c.w("MATCH (n:Entity) WHERE ", where, " AND n._sort IS NOT NULL RETURN ")
	c.typeOf("n", c.cat.Entities)
	c.w(", properties(n), ")
	c.quoted("n", c.cat.Entities)
	c.w(" ORDER BY n.id")
	return string(c.text)
}

// ExternalIDs reads the external ids of all entities.
func (s *Store) ExternalIDs(ctx context.Context, f func(entity string, e kg.ExternalID) error) error {
	return s.scan(ctx,
		"MATCH (n:Entity) WHERE n.id >= '' AND n._sort IS NOT NULL AND n.externalIds IS NOT NULL RETURN n.id, n.externalIds ORDER BY n.id", func(v []any) error {
			var read fields
			ids := read.externalIDs(v[1])
			if read.wrong != "" {
				return misfit("entity", v[0], read.wrong)
			}
			for _, e := range ids {
				if err := f(asString(v[0]), e); err != nil {
					return err
				}
			}
			return nil
		})
}

// Nodes reads all entities by id, in the order of an index.
func (s *Store) Nodes(ctx context.Context, f func(*kg.Node) error) error {
	return s.scan(ctx, s.nodesText("n.id >= ''"), func(v []any) error {
		x, err := s.nodeOf(v)
		if err != nil {
			return err
		}
		return f(x)
	})
}

// linkPage is how many links of a kind are read at once when all are read.
const linkPage = 1000

// linkRun is the links of one kind, read page by page from the kind's index.
type linkRun struct {
	text string
	page []*kg.Link
	last string
	done bool
}

func (r *linkRun) next(ctx context.Context, s *Store) error {
	if len(r.page) > 0 || r.done {
		return nil
	}
	rows, _, err := s.read(ctx, r.text, map[string]any{"last": r.last, "n": int64(linkPage)})
	if err != nil {
		return err
	}
	for _, v := range rows {
		x, err := s.layout.linkOf(v)
		if err != nil {
			return err
		}
		r.page = append(r.page, x)
	}
	if r.done = len(rows) < linkPage; len(rows) > 0 {
		r.last = r.page[len(r.page)-1].ID
	}
	return nil
}

// Links reads all links by id. The order over all kinds is merged here from the orders of the kinds' indexes: Neo4j
// would sort them all in memory. It gives no statement a state that does not change, so neither do the pages: links
// that are written meanwhile may or may not be seen, and each is seen once.
func (s *Store) Links(ctx context.Context, f func(*kg.Link) error) error {
	if err := s.usable(); err != nil {
		return err
	}
	types := s.layout.linkTypes()
	runs := make([]*linkRun, len(types))
	for i, name := range types {
		runs[i] = &linkRun{last: kg.LinkPrefix, text: "MATCH ()-[r:" + name + "]->() WHERE r.id > $last AND " +
			ours("r") + " WITH r ORDER BY r.id LIMIT $n RETURN " + linkText}
	}
	for {
		var first *linkRun
		for _, r := range runs {
			if err := r.next(ctx, s); err != nil {
				return err
			}
			if len(r.page) > 0 && (first == nil || r.page[0].ID < first.page[0].ID) {
				first = r
			}
		}
		if first == nil {
			return nil
		}
		x := first.page[0]
		first.page = first.page[1:]
		if err := f(x); err != nil {
			return err
		}
	}
}

// Types finds what records are by their ids. An id's prefix says where to look: links have an index for each kind.
func (s *Store) Types(ctx context.Context, ids []string) (map[string]string, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	return s.types(ctx, ids, s.reads)
}

// running runs a statement that reads.
type running func(ctx context.Context, text string, params map[string]any) ([][]any, error)

// reads is read for who does not count.
func (s *Store) reads(ctx context.Context, text string, params map[string]any) ([][]any, error) {
	rows, _, err := s.read(ctx, text, params)
	return rows, err
}

func (s *Store) types(ctx context.Context, ids []string, read running) (map[string]string, error) {
	sources, entities, links := kg.SortIDs(ids)
	out := make(map[string]string, len(ids))
	find := func(ids []string, text string) error {
		if len(ids) == 0 {
			return nil
		}
		rows, err := read(ctx, text, map[string]any{"ids": ids})
		for _, r := range rows {
			if t := s.layout.cat.TypeAt(uint8(asInt(r[1]))); t != nil {
				out[asString(r[0])] = t.Enum
			}
		}
		return err
	}
	c := &compiler{layout: s.layout}
	c.w("MATCH (n:Entity) WHERE n.id IN $ids AND n._sort IS NOT NULL RETURN n.id, ")
	c.typeOf("n", c.cat.Entities)
	if err := find(entities, string(c.text)); err != nil {
		return nil, err
	}
	if err := find(sources,
		"MATCH (n:Source) WHERE n.id IN $ids AND n._sort IS NOT NULL RETURN n.id, "+itoa(int(c.cat.Source.Index))); err != nil {
		return nil, err
	}
	err := find(links, s.layout.anyLink()+" RETURN r.id, "+itoa(int(c.cat.Link.Index)))
	return out, err
}

// anyLink finds links of every kind by their ids.
func (l *layout) anyLink() string {
	return "CALL () {" + l.eachType("MATCH ()-[r:%s]->() WHERE r.id IN $ids RETURN r") + " }"
}

// Records finds records by their ids. The statements may see different states, as those of an export do.
func (s *Store) Records(ctx context.Context, ids []string) (*store.Batch, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	return s.records(ctx, ids, s.reads)
}

func (s *Store) records(ctx context.Context, ids []string, read running) (*store.Batch, error) {
	sources, entities, links := kg.SortIDs(ids)
	b := &store.Batch{}
	find := func(ids []string, text string, f func(v []any) error) error {
		if len(ids) == 0 {
			return nil
		}
		rows, err := read(ctx, text, map[string]any{"ids": ids})
		for i := 0; i < len(rows) && err == nil; i++ {
			err = f(rows[i])
		}
		return err
	}
	if err := find(sources,
		"MATCH (s:Source) WHERE s.id IN $ids AND s._sort IS NOT NULL RETURN "+sourceText+" ORDER BY s.id", func(v []any) error {
			x, err := sourceOf(v)
			b.Sources = append(b.Sources, x)
			return err
		}); err != nil {
		return nil, err
	}
	if err := find(entities, s.nodesText("n.id IN $ids"), func(v []any) error {
		x, err := s.nodeOf(v)
		b.Nodes = append(b.Nodes, x)
		return err
	}); err != nil {
		return nil, err
	}
	if err := find(links, s.layout.anyLink()+" RETURN "+linkText+" ORDER BY r.id", func(v []any) error {
		x, err := s.layout.linkOf(v)
		b.Links = append(b.Links, x)
		return err
	}); err != nil {
		return nil, err
	}
	return b, nil
}

// linksAt writes a query for the links that end at some entities.
func (c *compiler) linksAt() {
	c.w("MATCH (n:Entity)-", c.rel("r", c.allLinks),
		"-(:Entity) WHERE n.id IN $entities AND ", identified("r"), " RETURN r")
}

// restingText finds the links that end at some entities or rest on some sources.
func (s *Store) restingText() string {
	c := &compiler{layout: s.layout}
	c.w("CALL () { ")
	c.linksAt()
	c.w(" UNION MATCH (s:Source) WHERE s.id IN $sources ")
	c.everySourceLink("s", "r")
	c.w(" RETURN r } RETURN DISTINCT r.id ORDER BY r.id")
	return string(c.text)
}

// restingInText finds the links that end at some entities, and of some links by their ids those that end there or rest
// on some sources: see load.resting.
func (s *Store) restingInText() string {
	c := &compiler{layout: s.layout}
	c.w("CALL () { ")
	c.linksAt()
	c.w(" UNION ", s.layout.anyLink(),
		" RETURN r } WITH r WHERE startNode(r).id IN $entities OR endNode(r).id IN $entities ",
		"OR any(x IN r.sources WHERE x IN $sources) RETURN DISTINCT r.id")
	return string(c.text)
}

// Resting finds the links that end at entities or rest on sources.
func (s *Store) Resting(ctx context.Context, ids []string) (out []string, err error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	sources, entities, _ := kg.SortIDs(ids)
	return idsOf(s.reads(ctx, s.restingText(), map[string]any{"entities": entities, "sources": sources}))
}

// resting finds the links that end at entities or rest on sources, as a transaction of the load sees them. Within a
// transaction that has written, the index of the links' sources lacks links at random, even some that the transaction
// has not touched. So it is asked outside, which is as good: whoever writes holds the lock. What the transaction wrote
// or deleted is looked at one by one.
func (l *load) resting(ctx context.Context, tx neo4j.ManagedTransaction, ids []string) ([]string, error) {
	sources, entities, _ := kg.SortIDs(ids)
	var out []string
	if len(sources) > 0 {
		found, err := idsOf(l.s.reads(ctx, l.s.restingText(),
			map[string]any{"entities": []string{}, "sources": sources}))
		if err != nil {
			return nil, err
		}
		written := map[string]bool{}
		for _, id := range l.written {
			written[id] = true
		}
		out = slices.DeleteFunc(found, func(id string) bool { return written[id] })
	}
	found, err := idsOf(l.s.do(ctx, tx, l.s.restingInText(),
		map[string]any{"entities": entities, "sources": sources, "ids": l.written}))
	out = append(out, found...)
	slices.Sort(out)
	return slices.Compact(out), err
}

// saying writes the clauses that bind r to the links that say what one of $said says, under another id.
func (c *compiler) saying() {
	c.w("UNWIND $said AS l MATCH (a:Entity {id: l[1]}), (b:Entity {id: l[2]}) MATCH (a)-", c.rel("r", c.allLinks), "->(b) WHERE ",
		kindOf("r", true), " = l[3] AND coalesce(r.role, '') = l[4] AND coalesce(r.since, '') = l[5] AND coalesce(r.until, '') = l[6] ",
		"AND ", identified("r"), " AND r.id <> l[0]")
}

// said is what links say, behind the ids that follow from it.
func said(links []*kg.Link) []any {
	out := make([]any, len(links))
	for i, x := range links {
		out[i] = []any{
			x.StatedID(), x.From, x.To, x.Kind, x.Role, string(x.Since), string(x.Until),
		}
	}
	return out
}

// Strays finds the links that say what some say, under ids that do not follow from it.
func (s *Store) Strays(ctx context.Context, links []*kg.Link) ([]string, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	return s.strays(ctx, links, s.reads)
}

func (s *Store) strays(ctx context.Context, links []*kg.Link, read running) ([]string, error) {
	if len(links) == 0 {
		return nil, nil
	}
	return idsOf(read(ctx, s.layout.straysText(), map[string]any{"said": said(links)}))
}

func (l *layout) straysText() string {
	c := &compiler{layout: l}
	c.saying()
	c.w(" RETURN DISTINCT r.id ORDER BY r.id")
	return string(c.text)
}

// idsOf returns the first column of an answer.
func idsOf(rows [][]any, err error) (out []string, _ error) {
	for _, r := range rows {
		out = append(out, asString(r[0]))
	}
	return out, err
}

// Empty reports whether there is no entity and no source of ours.
func (s *Store) Empty(ctx context.Context) (bool, error) {
	if err := s.usable(); err != nil {
		return false, err
	}
	rows, _, err := s.read(ctx,
		"RETURN NOT EXISTS { MATCH (n:Entity) WHERE n.id >= '' AND n._sort IS NOT NULL } AND NOT EXISTS { MATCH (n:Source) WHERE n.id >= '' AND n._sort IS NOT NULL } AS empty", nil)
	if err != nil {
		return false, err
	}
	empty, _ := rows[0][0].(bool)
	return empty, nil
}
