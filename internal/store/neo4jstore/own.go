package neo4jstore

import (
	"context"
	"maps"
	"slices"

	"github.com/throughline/throughline/internal/store"
)

// keepOwn keeps the names of a schema of own types that a batch uses, before it is written: see store.OwnNames.
func (s *Store) keepOwn(ctx context.Context, b *store.Batch) error {
	names := store.OwnNames{}
	names.Add(s.layout.cat, b)
	s.ownMu.Lock()
	defer s.ownMu.Unlock()
	maps.DeleteFunc(names, func(name string, _ bool) bool { return s.own[name] })
	if len(names) == 0 {
		return nil
	}
	list := slices.Sorted(maps.Keys(names))
	err := s.alone(ctx, "MATCH (m:ThroughlineMeta {id: 'layout'}) SET m.lockedAt = timestamp() "+
		"SET m.own = [x IN coalesce(m.own, []) WHERE NOT x IN $names] + $names REMOVE m.lockedAt", map[string]any{"names": list})
	if err == nil {
		maps.Copy(s.own, names)
	}
	return err
}

// checkOwn refuses a database that holds what the schema does not declare. A name whose records are gone is no reason.
func (s *Store) checkOwn(ctx context.Context) error {
	rows, err := s.once(ctx, "MATCH (m:ThroughlineMeta {id: 'layout'}) UNWIND m.own AS name RETURN name ORDER BY name", nil)
	if err != nil {
		return err
	}
	for _, r := range rows {
		u, undeclared := store.Undeclared(s.layout.cat, asString(r[0]))
		if !undeclared {
			continue
		}
		var find string
		switch {
		case u.Kind != "":
			find = "MATCH (:Entity)-[r]->(:Entity) WHERE type(r) = $kind OR type(r) = 'REFUTED' AND r.kind = $kind RETURN 1 LIMIT 1"
		case u.Value != "":
			find = "MATCH (n:Entity) WHERE $type IN labels(n) AND n[$prop] = $value RETURN 1 LIMIT 1"
		case u.Prop != "":
			find = "MATCH (n:Entity) WHERE $type IN labels(n) AND n[$prop] IS NOT NULL RETURN 1 LIMIT 1"
		default:
			find = "MATCH (n:Entity) WHERE $type IN labels(n) RETURN 1 LIMIT 1"
		}
		held, err := s.once(ctx, find, map[string]any{"kind": u.Kind, "type": u.Type, "prop": u.Prop, "value": u.Value})
		if err != nil {
			return err
		}
		if len(held) > 0 {
			return &SetupError{Message: "this database " + u.Problem(s.layout.cat) + ": " + store.OwnRemedy}
		}
	}
	return nil
}
