package sqlitestore

import (
	"context"
	"database/sql"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// The statements of a compaction. What a change did is deleted after it: until then nothing finds it.
const (
	whereKeptSQL = `SELECT f.value, s.value, throughline_sum(f.value, s.value) = m.value FROM meta f, meta s, meta m
		WHERE f.key = 'changesFrom' AND s.key = 'changesSince' AND m.key = 'changesSum'`
	compactsSQL = `SELECT EXISTS (SELECT 1 FROM change WHERE seq < min(?1, (SELECT max(seq) FROM change)))
		OR EXISTS (SELECT 1 FROM change_item WHERE seq < ?2)`
	earliestSQL = `WITH early AS (SELECT seq, at FROM change WHERE seq < min(?1, (SELECT max(seq) FROM change)) ORDER BY seq LIMIT ?2)
		SELECT coalesce(max(seq), 0), coalesce(at, 0), count(*) FROM early`
	forgetChanges = `DELETE FROM change WHERE seq <= ?`
	forgetItems   = `DELETE FROM change_item WHERE rowid IN (SELECT rowid FROM change_item WHERE seq < ? ORDER BY seq, id LIMIT ?)`
)

// Kept says where the log begins.
func (s *Store) Kept(ctx context.Context) (store.Kept, error) { return s.kept(ctx, s.read) }

func (s *Store) kept(ctx context.Context, from queryer) (k store.Kept, err error) {
	found := false
	err = scan(ctx, from, whereKeptSQL, func(rows *sql.Rows) error {
		var first, since int64
		if err := rows.Scan(&first, &since, &found); err != nil {
			return unreadable(err)
		}
		k = store.KeptFrom(first, since)
		return nil
	})
	if err == nil && !found {
		err = s.damaged("beginning of the log", "")
	}
	return k, err
}

// Compact deletes changes before one, and what they did.
func (s *Store) Compact(ctx context.Context, first int64, most int) (more bool, err error) {
	kept, err := s.Kept(ctx)
	if err != nil {
		return false, err
	}
	if err := scan(ctx, s.read, compactsSQL, func(rows *sql.Rows) error { return rows.Scan(&more) }, first, kept.First); err != nil || !more {
		return false, err
	}
	select {
	case s.loads <- struct{}{}:
	case <-ctx.Done():
		return false, kg.Ended(ctx)
	}
	defer func() { <-s.loads }()
	if err := s.file.gone(); err != nil {
		return false, err
	}
	whole := context.WithoutCancel(ctx) // each statement is short
	tx, err := s.write.BeginTx(whole, nil)
	if err != nil {
		return false, storeError(ctx, err)
	}
	defer tx.Rollback() //nolint:errcheck // what was not committed goes in any case
	if more, err = s.compact(whole, tx, first, most); err == nil {
		err = tx.Commit()
	}
	return more, storeError(ctx, err)
}

func (s *Store) compact(ctx context.Context, tx *sql.Tx, first int64, most int) (more bool, err error) {
	kept, err := s.kept(ctx, tx)
	if err != nil {
		return false, err
	}
	var last, at int64
	var changes int
	if err := tx.QueryRowContext(ctx, earliestSQL, first, most).Scan(&last, &at, &changes); err != nil {
		return false, err
	}
	if changes > 0 {
		if _, err := tx.ExecContext(ctx, forgetChanges, last); err != nil {
			return false, err
		}
		if _, err := tx.ExecContext(ctx, keptSQL, last+1, at); err != nil {
			return false, err
		}
		kept.First = last + 1
	}
	done, err := tx.ExecContext(ctx, forgetItems, kept.First, most)
	if err != nil {
		return false, err
	}
	items, err := done.RowsAffected()
	return changes == most || items == int64(most), err
}
