package sqlitestore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"

	"modernc.org/sqlite"

	"github.com/throughline/throughline/internal/kg"
)

// The id of a link says where another link that says the same is, unless that is a stray: one whose id does not follow
// from what it says. An index has the strays alone, which are few in most graphs.

const (
	anyStraySQL = `SELECT EXISTS (SELECT 1 FROM link INDEXED BY link_stray WHERE from_k > 0 AND stray > 0)`
	straysSQL   = `SELECT DISTINCT l.id FROM json_each(?) s JOIN node a ON a.id = s.value ->> 0 JOIN node b ON b.id = s.value ->> 1
		JOIN link l INDEXED BY link_stray ON l.from_k = a.k AND l.to_k = b.k WHERE l.stray > 0 AND l.kind = s.value ->> 2
		AND l.role = s.value ->> 3 AND l.since = s.value ->> 4 AND l.until = s.value ->> 5 ORDER BY l.id`
)

func init() {
	// for the migration of files of earlier versions: of a link whose end is gone, nothing follows
	sqlite.MustRegisterDeterministicScalarFunction("throughline_stray", 7,
		func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
			var of [7]string
			for i, a := range args {
				s, ok := a.(string)
				if !ok {
					return int64(0), nil
				}
				of[i] = s
			}
			return isStray(&kg.Link{
				ID: of[0], Kind: of[1], From: of[2], To: of[3], Role: of[4], Since: kg.PartialDate(of[5]), Until: kg.PartialDate(of[6]),
			}), nil
		})
}

// isStray is 1 for a link whose id does not follow from what it says, and 0 for others.
func isStray(x *kg.Link) int64 {
	if x.ID == x.StatedID() {
		return 0
	}
	return 1
}

// Strays finds the links that say what some say, under ids that do not follow from it.
func (s *Store) Strays(ctx context.Context, links []*kg.Link) ([]string, error) {
	return strays(ctx, s.read, links)
}

// Strays finds the links that say what some say, under ids that do not follow from it.
func (w *writing) Strays(ctx context.Context, links []*kg.Link) ([]string, error) {
	return strays(ctx, w.tx, links)
}

func strays(ctx context.Context, db queryer, links []*kg.Link) ([]string, error) {
	var some bool
	if err := scan(ctx, db, anyStraySQL, func(rows *sql.Rows) error { return rows.Scan(&some) }); err != nil || !some {
		return nil, err
	}
	said := make([][6]string, len(links))
	for i, x := range links {
		said[i] = [...]string{x.From, x.To, x.Kind, x.Role, string(x.Since), string(x.Until)}
	}
	arg, err := json.Marshal(said)
	if err != nil {
		return nil, err
	}
	return scanIDs(ctx, db, straysSQL, string(arg))
}
