package neo4jstore

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/throughline/throughline/internal/store"
)

// keepOwnText adds names to those that the database keeps. Others who do so wait for each other.
const keepOwnText = "MATCH (m:ThroughlineMeta {id: 'layout'}) SET m.lockedAt = timestamp() " +
	"SET m.own = [x IN coalesce(m.own, []) WHERE NOT x IN $names] + $names REMOVE m.lockedAt"

// keepOwn keeps the names of a schema of own types that a batch uses, before it is written: see store.OwnNames.
func (l *load) keepOwn(ctx context.Context, b *store.Batch) error {
	names := store.OwnNames{}
	names.Add(l.s.layout.cat, b)
	l.s.ownMu.Lock()
	defer l.s.ownMu.Unlock()
	maps.DeleteFunc(names, func(name string, _ bool) bool { return l.s.own[name] })
	if len(names) == 0 {
		return nil
	}
	args := map[string]any{"names": slices.Sorted(maps.Keys(names))}
	if l.tx != nil { // it may come to nothing: the next load keeps them again
		_, err := l.run(ctx, l.tx, keepOwnText, args, -1)
		return err
	}
	err := l.s.alone(ctx, keepOwnText, args)
	if err == nil {
		maps.Copy(l.s.own, names)
	}
	return err
}

// checkOwn refuses a database that holds what the schema does not declare. A name whose records are gone is no reason.
func (s *Store) checkOwn(ctx context.Context) error {
	rows, err := s.once(ctx, "MATCH (m:ThroughlineMeta {id: 'layout'}) UNWIND m.own AS name RETURN name ORDER BY name",
		nil)
	if err != nil {
		return err
	}
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = asString(r[0])
	}
	err = store.CheckOwn(s.layout.cat, names, func(u store.Use) (bool, error) {
		args := map[string]any{"kind": u.Kind, "type": u.Type, "prop": u.Prop, "value": u.Value}
		var find string
		switch {
		case u.Joins != nil:
			find = "MATCH (a:Entity)-[r]->(b:Entity) WHERE (type(r) = $kind OR type(r) = 'REFUTED' AND r.kind = $kind) " +
				"AND (none(l IN labels(a) WHERE l IN $from) OR none(l IN labels(b) WHERE l IN $to))"
			args["from"], args["to"] = s.layout.labelList(u.Joins.From), s.layout.labelList(u.Joins.To)
		case u.Kind != "":
			find = "MATCH (:Entity)-[r]->(:Entity) WHERE type(r) = $kind OR type(r) = 'REFUTED' AND r.kind = $kind"
		case u.Value != "":
			find = "MATCH (n:Entity) WHERE $type IN labels(n) AND n[$prop] = $value"
		case u.Prop != "":
			find = "MATCH (n:Entity) WHERE $type IN labels(n) AND n[$prop] IS NOT NULL"
		default:
			find = "MATCH (n:Entity) WHERE $type IN labels(n)"
		}
		held, err := s.once(ctx, find+" RETURN 1 LIMIT 1", args)
		return len(held) > 0, err
	})
	var own *store.OwnError
	if errors.As(err, &own) {
		return &SetupError{Message: "this database " + own.Error()}
	}
	return err
}
