package sqlitestore

import (
	"context"
	"database/sql"

	"github.com/throughline/throughline/internal/store"
)

const notAsWritten = "is not as it was written"

// The statements of a check. Rows come in the order of their keys, so that no index is asked.
const (
	checkSources = `SELECT id, text, contentHash, throughline_sum(` + sourceSummed + `) = sum FROM source ORDER BY k`
	checkNodes   = `SELECT id, throughline_sum(` + nodeSummed + `) = sum FROM node ORDER BY k`
	checkLinks   = `SELECT l.id, throughline_sum(` + linkSummedOf + `) = l.sum, throughline_sum(l.k, l.evidence) = l.wordsSum,
		EXISTS (SELECT 1 FROM node n WHERE n.k = l.from_k) AND EXISTS (SELECT 1 FROM node n WHERE n.k = l.to_k) FROM link l ORDER BY l.k`
	checkFile = `PRAGMA integrity_check(1)`
)

// Check holds every row against its sums, and the tables and indexes of the file against each other.
func (s *Store) Check(ctx context.Context, f func(store.Damage) error) (n store.Checked, err error) {
	found := func(what, id string) error { return f(store.Damage{What: what, ID: shown(id), Says: notAsWritten}) }
	err = scan(ctx, s.read, checkSources, func(rows *sql.Rows) error {
		var id, words, hash string
		var whole bool
		n.Sources++
		if err := rows.Scan(&id, &words, &hash, &whole); err != nil || !whole {
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
	err = scan(ctx, s.read, checkNodes, func(rows *sql.Rows) error {
		var id string
		var whole bool
		n.Nodes++
		if err := rows.Scan(&id, &whole); err != nil || !whole {
			return found("entity", id)
		}
		return nil
	})
	if err != nil {
		return n, err
	}
	err = scan(ctx, s.read, checkLinks, func(rows *sql.Rows) error {
		var id string
		var whole, words, ends bool
		n.Links++
		err := rows.Scan(&id, &whole, &words, &ends)
		switch {
		case err != nil || !whole:
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
	return n, scan(ctx, s.read, checkFile, func(rows *sql.Rows) error {
		var said string
		if err := rows.Scan(&said); err != nil || said != "ok" {
			return f(store.Damage{What: "file", Says: "has tables or indexes that do not fit together"})
		}
		return nil
	})
}
