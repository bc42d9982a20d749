package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/store"
)

// ownPrefix begins the keys of meta that stand for names of a schema of own types: see store.OwnNames.
const ownPrefix = "own:"

// undeclaredError is the error for a store that holds what the schema does not declare.
type undeclaredError struct{ problem string }

// Error returns what the store holds and the schema does not declare.
func (e *undeclaredError) Error() string { return e.problem }

// keepOwn keeps the names that a load has used.
func keepOwn(ctx context.Context, tx *sql.Tx, names store.OwnNames) error {
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if _, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO meta VALUES (?, 1)`, ownPrefix+name); err != nil {
			return err
		}
	}
	return nil
}

// checkOwn refuses a file that holds what the schema does not declare. A name whose records are gone is no reason.
func checkOwn(ctx context.Context, db *sql.DB, cat *catalog.Catalog) (err error) {
	var names []string
	err = scan(ctx, db, `SELECT key FROM meta WHERE key > ? AND key < ? ORDER BY key`, func(rows *sql.Rows) error {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		names = append(names, strings.TrimPrefix(name, ownPrefix))
		return nil
	}, ownPrefix, ownPrefix+"\xff")
	if err != nil {
		return err
	}
	for _, name := range names {
		u, undeclared := store.Undeclared(cat, name)
		if !undeclared {
			continue
		}
		var held bool
		enum := catalog.EnumOf(u.Type)
		switch {
		case u.Kind != "":
			err = db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM link WHERE kind = ?)`, u.Kind).Scan(&held)
		case u.Value != "":
			err = db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM node WHERE type = ? AND json_extract(nullif(props, ''), ?) = ?)`, enum, fmt.Sprintf("$.%q", u.Prop), u.Value).Scan(&held)
		case u.Prop != "":
			err = db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM node WHERE type = ? AND json_type(nullif(props, ''), ?) IS NOT NULL)`, enum, fmt.Sprintf("$.%q", u.Prop)).Scan(&held)
		default:
			err = db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM node WHERE type = ?)`, enum).Scan(&held)
		}
		if err != nil {
			return err
		}
		if held {
			return &undeclaredError{u.Problem(cat)}
		}
	}
	return nil
}
