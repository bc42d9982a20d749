package neo4jstore

import (
	"context"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/store"
)

// The statements of a compaction. What a change did is deleted after it: until then nothing finds it. Where the log
// begins is a node of its own, so that it goes where all of ours is deleted.
const (
	keptText     = "MATCH (k:ThroughlineLog) RETURN k.first, k.since"
	earliestText = `MATCH (c:ThroughlineChange) WHERE c.seq > 0 AND c.seq < $first WITH c ORDER BY c.seq LIMIT $most
WHERE EXISTS { MATCH (later:ThroughlineChange) WHERE later.seq > c.seq } RETURN c.seq, c.at`
	// compactsText reports whether there is anything to delete
	compactsText = `RETURN EXISTS { MATCH (c:ThroughlineChange) WHERE c.seq > 0 AND c.seq < $first
AND EXISTS { MATCH (later:ThroughlineChange) WHERE later.seq > c.seq } }
OR EXISTS { MATCH (k:ThroughlineLog) MATCH (i:ThroughlineChangeItem) WHERE i.seq < k.first AND i.id >= '' }`
	forgetChanges = "MATCH (c:ThroughlineChange) WHERE c.seq > 0 AND c.seq <= $last DELETE c"
	forgetItems   = `MATCH (i:ThroughlineChangeItem) WHERE i.seq < $first AND i.id >= '' WITH i LIMIT $most DELETE i RETURN count(*)`
)

// Kept says where the log begins.
func (s *Store) Kept(ctx context.Context) (store.Kept, error) {
	if err := s.usable(); err != nil {
		return store.Kept{}, err
	}
	rows, _, err := s.read(ctx, keptText, nil)
	return keptOf(rows), err
}

// keptOf reads what keptText returns: nothing where nothing was deleted.
func keptOf(rows [][]any) store.Kept {
	if len(rows) == 0 {
		return store.Kept{First: 1}
	}
	return store.KeptFrom(asInt(rows[0][0]), asInt(rows[0][1]))
}

// keepFrom notes where the log begins.
func (s *Store) keepFrom(ctx context.Context, tx neo4j.ManagedTransaction, k store.Kept) error {
	_, err := s.do(ctx, tx, "MERGE (k:ThroughlineLog) SET k.first = $first, k.since = $since",
		map[string]any{"first": k.First, "since": k.SinceMilli()})
	return err
}

// Compact deletes changes before one, and what they did, under the lock of those who write: nobody takes a
// change back meanwhile. Where there is nothing to delete, nothing is written, so that what was read stays.
func (s *Store) Compact(ctx context.Context, first int64, most int) (more bool, err error) {
	if err := s.usable(); err != nil {
		return false, err
	}
	rows, _, err := s.read(ctx, compactsText, map[string]any{"first": first})
	if err != nil || len(rows) == 0 || rows[0][0] != true {
		return false, err
	}
	err = s.write(ctx, func(tx neo4j.ManagedTransaction) error {
		more, err = s.compact(ctx, tx, first, most)
		return err
	})
	return more, err
}

func (s *Store) compact(ctx context.Context, tx neo4j.ManagedTransaction, first int64, most int) (more bool, err error) {
	if _, err := s.do(ctx, tx, lockText, nil); err != nil {
		return false, err
	}
	rows, err := s.do(ctx, tx, keptText, nil)
	if err != nil {
		return false, err
	}
	kept := keptOf(rows)
	changes, err := s.do(ctx, tx, earliestText, map[string]any{"first": first, "most": int64(most)})
	if err != nil {
		return false, err
	}
	if n := len(changes); n > 0 {
		last := changes[n-1]
		kept = store.Kept{First: asInt(last[0]) + 1, Since: asTime(last[1])}
		if _, err := s.do(ctx, tx, forgetChanges, map[string]any{"last": last[0]}); err != nil {
			return false, err
		}
		if err := s.keepFrom(ctx, tx, kept); err != nil {
			return false, err
		}
	}
	rows, err = s.do(ctx, tx, forgetItems, map[string]any{"first": kept.First, "most": int64(most)})
	if err != nil {
		return false, err
	}
	return len(changes) == most || asInt(rows[0][0]) == int64(most), nil
}
