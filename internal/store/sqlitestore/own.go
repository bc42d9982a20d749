package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// ownPrefix begins the keys of meta that stand for names of a schema of own types: see store.OwnNames.
const ownPrefix = "own:"

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
	return store.CheckOwn(cat, names, func(u store.Use) (held bool, err error) {
		enum, path := catalog.EnumOf(u.Type), fmt.Sprintf("$.%q", u.Prop)
		var find string
		var args []any
		switch {
		case u.Joins != nil:
			find = `SELECT 1 FROM link l JOIN node a ON a.k = l.from_k JOIN node b ON b.k = l.to_k WHERE l.kind = ? AND (a.type NOT ` +
				listed + ` OR b.type NOT ` + listed + `)`
			args = []any{u.Kind, asJSON(cat.Enums(u.Joins.From)), asJSON(cat.Enums(u.Joins.To))}
		case u.Kind != "":
			find, args = `SELECT 1 FROM link WHERE kind = ?`, []any{u.Kind}
		case u.Value != "":
			find, args = `SELECT 1 FROM node WHERE type = ? AND json_extract(nullif(props, ''), ?) = ?`, []any{
				enum,
				path, u.Value,
			}
		case u.Prop != "":
			find, args = `SELECT 1 FROM node WHERE type = ? AND json_type(nullif(props, ''), ?) IS NOT NULL`, []any{
				enum,
				path,
			}
		default:
			find, args = `SELECT 1 FROM node WHERE type = ?`, []any{enum}
		}
		err = db.QueryRowContext(ctx, "SELECT EXISTS ("+find+")", args...).Scan(&held)
		return held, err
	})
}

// undeclared makes a store.OwnError that comes up while the store is open one that requests are answered with.
func undeclared(err error) error {
	if own := (*store.OwnError)(nil); errors.As(err, &own) {
		return kg.Errorf(kg.Unavailable, "the store %s: start anew, and %s", own.Problem, own.Remedy)
	}
	return err
}

// asJSON is a list of names, whose letters need no escaping.
func asJSON(names []string) string { return `["` + strings.Join(names, `","`) + `"]` }
