package sqlitestore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

const notAsWritten = "is not as it was written"

// The statements of a check. Rows come in the order of their keys, so that no index is asked.
const (
	checkSources = `SELECT k, id, text, contentHash, throughline_sum(` + sourceSummed + `) = sum FROM source ORDER BY k`
	checkNodes   = `SELECT k, id, throughline_sum(` + nodeSummed + `) = sum FROM node ORDER BY k`
	checkLinks   = `SELECT l.k, l.id, throughline_sum(` + linkSummedOf + `) = l.sum, throughline_sum(l.k, l.evidence) = l.wordsSum,
		EXISTS (SELECT 1 FROM node n WHERE n.k = l.from_k) AND EXISTS (SELECT 1 FROM node n WHERE n.k = l.to_k) FROM link l ORDER BY l.k`
	checkChanges = `SELECT seq, id, ` + changeSum + ` = sum FROM change ORDER BY seq`
	checkItems   = `SELECT id, ` + itemSum + ` = sum FROM change_item NOT INDEXED`
	checkFile    = `PRAGMA integrity_check(1)`
	// SQLite's own check passes over an index whose first page is another's, where the index is empty
	checkIndexes = `SELECT
		(SELECT count(*) FROM link INDEXED BY link_quoted WHERE quoted > 0) = (SELECT count(*) FROM link NOT INDEXED WHERE quoted > 0)
		AND (SELECT count(*) FROM changed INDEXED BY changed_seq WHERE what >= 0) = (SELECT count(*) FROM changed NOT INDEXED)
		AND (SELECT count(*) FROM change_item INDEXED BY change_item_a WHERE a <> '') = (SELECT count(*) FROM change_item NOT INDEXED WHERE a <> '')
		AND (SELECT count(*) FROM change_item INDEXED BY change_item_b WHERE b <> '') = (SELECT count(*) FROM change_item NOT INDEXED WHERE b <> '')
		AND (SELECT count(*) FROM change_item INDEXED BY change_item_was_a WHERE wasA <> '') = (SELECT count(*) FROM change_item NOT INDEXED WHERE wasA <> '')
		AND (SELECT count(*) FROM change_item INDEXED BY change_item_was_b WHERE wasB <> '') = (SELECT count(*) FROM change_item NOT INDEXED WHERE wasB <> '')`
)

// Check holds every row against its sums, and the tables and indexes of the file against each other.
func (s *Store) Check(ctx context.Context, f func(store.Damage) error) (n store.Checked, err error) {
	found := func(what, id string) error { return f(store.Damage{What: what, ID: shown(id), Says: notAsWritten}) }
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return n, storeError(ctx, err)
	}
	defer tx.Rollback() //nolint:errcheck // it only reads
	var k, last int64
	// a page that is a copy of another holds rows that came before
	again := func() bool {
		before := last
		last = k
		return k <= before
	}
	err = scan(ctx, tx, checkSources, func(rows *sql.Rows) error {
		var id, words, hash string
		var whole bool
		n.Sources++
		if err := rows.Scan(&k, &id, &words, &hash, &whole); err != nil || !whole || again() {
			return found("source", id)
		}
		if contentHash(words) != hash {
			return found("text of the source", id)
		}
		return nil
	})
	if err != nil {
		return n, err
	}
	last = 0
	err = scan(ctx, tx, checkNodes, func(rows *sql.Rows) error {
		var id string
		var whole bool
		n.Nodes++
		if err := rows.Scan(&k, &id, &whole); err != nil || !whole || again() {
			return found("entity", id)
		}
		return nil
	})
	if err != nil {
		return n, err
	}
	last = 0
	err = scan(ctx, tx, checkLinks, func(rows *sql.Rows) error {
		var id string
		var whole, words, ends bool
		n.Links++
		err := rows.Scan(&k, &id, &whole, &words, &ends)
		switch {
		case err != nil || !whole || again():
			return found("link", id)
		case !words:
			return found("evidence of the link", id)
		case !ends:
			return f(store.Damage{What: "link", ID: id, Says: "joins an entity that is not there"})
		}
		return nil
	})
	if err != nil {
		return n, err
	}
	kept, err := s.kept(ctx, tx)
	if kg.CodeOf(err) == kg.Corrupt {
		kept.First = 0
		err = f(store.Damage{What: "file", Says: "does not say where its log begins"})
	}
	if err != nil {
		return n, err
	}
	if err := checkLog(ctx, tx, kept.First, found, f); err != nil {
		return n, err
	}
	h, err := readHead(ctx, tx)
	if err == nil {
		err = h.rows.hold(&rowCounts{
			changedSource: int64(n.Sources), changedNode: int64(n.Nodes),
			changedLink: int64(n.Links),
		})
	}
	if d := (*damage)(nil); errors.As(err, &d) {
		err = f(store.Damage{What: "file", Says: d.says()})
	}
	if err != nil {
		return n, storeError(ctx, err)
	}
	misfit := store.Damage{What: "file", Says: "has tables or indexes that do not fit together"}
	var fits bool
	if err := tx.QueryRowContext(ctx, checkIndexes).Scan(&fits); err != nil || !fits {
		if err := storeError(ctx, err); err != nil && kg.CodeOf(err) != kg.Corrupt {
			return n, err
		}
		return n, f(misfit)
	}
	return n, scan(ctx, tx, checkFile, func(rows *sql.Rows) error {
		var said string
		if err := rows.Scan(&said); err != nil || said != "ok" {
			return f(misfit)
		}
		return nil
	})
}

// checkLog holds the rows of the log against their sums, and the numbers of changes against each other; next is the first, 0
// where that is not known.
func checkLog(ctx context.Context, tx queryer, next int64, found func(what, id string) error, f func(store.Damage) error) error {
	err := scan(ctx, tx, checkChanges, func(rows *sql.Rows) error {
		var seq int64
		var id string
		var whole bool
		if err := rows.Scan(&seq, &id, &whole); err != nil || !whole {
			return found("change", id)
		}
		lost := next != 0 && seq != next
		if next = seq + 1; lost {
			return f(store.Damage{What: "file", Says: "has lost changes before " + id})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return scan(ctx, tx, checkItems, func(rows *sql.Rows) error {
		var id string
		var whole bool
		if err := rows.Scan(&id, &whole); err != nil || !whole {
			return found("item of a change", id)
		}
		return nil
	})
}
