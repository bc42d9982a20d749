package neo4jstore

import (
	"context"
	"maps"
	"reflect"
	"strings"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/text"
)

// refoldBatch is how many records one transaction of refold reads and writes.
const refoldBatch = 2000

// refoldTexts is how many sources are, with their texts.
const refoldTexts = 100

// refold makes everything anew that is made of folded text, when text is folded otherwise than when it was written.
// What is already as it must be is not written, so that a refold which was cut off goes on where it stopped.
func (s *Store) refold(ctx context.Context) error {
	c := &compiler{layout: s.layout}
	c.w("MATCH (n:Entity) WHERE n.id > $after AND n._sort >= '' RETURN ")
	c.typeOf("n", c.cat.Entities)
	c.w(", properties(n), COLLECT { MATCH (a:Alias)-[:ALIAS_OF]->(n) RETURN [a.name, a._name] }, n.id ORDER BY n.id LIMIT $limit")
	err := s.refolded(ctx, string(c.text), "MATCH (n:Entity {id: row.id})", refoldBatch, func(v []any) (ch change) {
		x, err := s.nodeOf(v)
		if err != nil { // a check tells of it, and it stays as it is
			return ch
		}
		for _, a := range asList(v[2]) {
			if pair := texts(asList(a)); len(pair) == 2 && text.Fold(pair[0]) != pair[1] {
				ch.aliases = append(ch.aliases, []any{pair[0], text.Fold(pair[0])})
			}
		}
		ch.was, _ = v[1].(map[string]any)
		ch.now = s.layout.nodeProps(x, s.layout.cat.TypeOf(x.Type))
		return ch
	})
	if err != nil {
		return err
	}
	const sources = "MATCH (s:Source) WHERE s.id > $after AND s._sort >= '' RETURN " + sourceText + ", properties(s), s.id AS last ORDER BY last LIMIT $limit"
	err = s.refolded(ctx, sources, "MATCH (n:Source {id: row.id})", refoldTexts, func(v []any) (ch change) {
		x, err := sourceOf(v)
		if err != nil {
			return ch
		}
		ch.was, _ = v[len(v)-2].(map[string]any)
		ch.now = s.layout.sourceProps(x)
		return ch
	})
	if err != nil {
		return err
	}
	rows, err := s.once(ctx,
		"MATCH (:Entity)-[r:"+s.layout.allLinks+"]->(:Entity) WHERE r.role IS NOT NULL RETURN DISTINCT r.role, r._role", nil)
	if err != nil {
		return err
	}
	roles := map[string]any{}
	for _, r := range rows {
		if role := asString(r[0]); text.Fold(role) != asString(r[1]) {
			roles[role] = text.Fold(role)
		}
	}
	if len(roles) == 0 {
		return nil
	}
	return s.alone(ctx, "MATCH (:Entity)-[r:"+s.layout.allLinks+"]->(:Entity) WHERE $roles[r.role] IS NOT NULL "+
		"CALL (r) { SET r._role = $roles[r.role] } IN TRANSACTIONS OF 10000 ROWS", map[string]any{"roles": roles})
}

// change is what a record has and should have: properties, and of its aliases those that should have another folded
// form.
type change struct {
	was, now map[string]any
	aliases  []any
}

// refolded reads records in the order of their ids and writes what changes of their derived properties. A row that is
// read ends with the id.
func (s *Store) refolded(ctx context.Context, read, match string, limit int64, derive func(v []any) change) error {
	for after := ""; ; {
		records, err := s.once(ctx, read, map[string]any{"after": after, "limit": limit})
		if err != nil || len(records) == 0 {
			return err
		}
		var rows []any
		for _, v := range records {
			after = asString(v[len(v)-1])
			ch := derive(v)
			maps.DeleteFunc(ch.now, func(name string, value any) bool {
				return !strings.HasPrefix(name, "_") || reflect.DeepEqual(value, ch.was[name])
			})
			if len(ch.now) > 0 || len(ch.aliases) > 0 {
				rows = append(rows, map[string]any{"id": after, "props": ch.now, "aliases": ch.aliases})
			}
		}
		if len(rows) == 0 {
			continue
		}
		if err := s.alone(ctx,
			"UNWIND $rows AS row "+match+" SET n += row.props WITH n, row UNWIND row.aliases AS alias "+
				"MATCH (a:Alias)-[:ALIAS_OF]->(n) WHERE a.name = alias[0] SET a._name = alias[1]", map[string]any{"rows": rows}); err != nil {
			return err
		}
	}
}

// alone runs a writing statement as its own transaction, before the store is ready.
func (s *Store) alone(ctx context.Context, statement string, params map[string]any) (err error) {
	u, err := s.conns.enter(ctx, endless)
	if err != nil {
		return err
	}
	defer func() { err = u.leave(err) }()
	session := u.session(s.session)
	defer u.end(session)
	res, err := session.Run(u.ctx, statement, params, neo4j.WithTxTimeout(time.Hour))
	if err == nil {
		_, err = res.Consume(u.ctx)
	}
	return err
}
