package sqlitestore

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/throughline/throughline/internal/budget"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// What the sums of the log's rows are of.
const (
	changeSummed = "seq, id, at, hex(by), action, hex(note), reverts, hex(key), files, created, changed, removed, items"
	// changeSum is the sum of a change: what has ended has the sum of before it was said what has not
	changeSum  = "CASE open WHEN 0 THEN throughline_sum(" + changeSummed + ") ELSE throughline_sum(" + changeSummed + ", open) END"
	itemSummed = "seq, id, kind, a, b, wasA, wasB, before, after"
	// itemSum is the sum of an item: rows of before there was made have none of it
	itemSum = "CASE made WHEN 0 THEN throughline_sum(" + itemSummed + ") ELSE throughline_sum(" + itemSummed + ", made) END"
)

// The statements that write the log.
const (
	nextChangeSQL = `SELECT coalesce(max(seq), 0) + 1 FROM change`
	// itemSQL keeps what the record was before the load
	itemSQL = `INSERT INTO change_item (seq, id, kind, a, b, wasA, wasB, before, after, made, sum)
		VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10, CASE ?10 WHEN 0 THEN throughline_sum(?1,?2,?3,?4,?5,?6,?7,?8,?9)
			ELSE throughline_sum(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10) END)
		ON CONFLICT (seq, id) DO UPDATE SET kind = excluded.kind, a = excluded.a, b = excluded.b, after = excluded.after,
		made = max(made, excluded.made), sum = CASE max(made, excluded.made)
			WHEN 0 THEN throughline_sum(seq, id, excluded.kind, excluded.a, excluded.b, wasA, wasB, before, excluded.after)
			ELSE throughline_sum(seq, id, excluded.kind, excluded.a, excluded.b, wasA, wasB, before, excluded.after,
				max(made, excluded.made)) END`
	// madeOneSQL finds the change that created a record, where that does not list it
	madeOneSQL = `SELECT coalesce((SELECT CASE WHEN first <= ?2 THEN seq END FROM created WHERE what = ?1 AND last >= ?2
		ORDER BY last LIMIT 1), 0)`
	// dropItems deletes what has come to nothing within one load
	dropItems  = `DELETE FROM change_item WHERE seq = ? AND before = after`
	countItems = `SELECT coalesce(sum(before <> '' AND after <> ''), 0), coalesce(sum(after = ''), 0), count(*) FROM change_item WHERE seq = ?`
	changeSQL  = `INSERT INTO change (seq, id, at, by, action, note, reverts, key, files, created, changed, removed, items, open, sum)
		VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14, CASE ?14
			WHEN 0 THEN throughline_sum(?1,?2,?3,hex(?4),?5,hex(?6),?7,hex(?8),?9,?10,?11,?12,?13)
			ELSE throughline_sum(?1,?2,?3,hex(?4),?5,hex(?6),?7,hex(?8),?9,?10,?11,?12,?13,?14) END)`
	departedSQL = `SELECT id, made FROM change_item WHERE seq = ? AND made <> 0`
	createdSQL  = `INSERT INTO created (what, last, first, seq) VALUES (?,?,?,?)`
	// keptSQL notes where the log begins, with a sum: the numbers of changes are held against it
	keptSQL = `UPDATE meta SET value = CASE key WHEN 'changesFrom' THEN ?1 WHEN 'changesSince' THEN ?2 ELSE throughline_sum(?1, ?2) END
		WHERE key IN ('changesFrom', 'changesSince', 'changesSum')`
)

// The statements that read it. Of a page, an id that is touched is looked up in each index by itself.
const (
	itemsTouching = `SELECT i.seq, i.id FROM w JOIN change_item i ON i.id = w.value
		UNION SELECT i.seq, i.id FROM w JOIN change_item i ON i.a = w.value WHERE i.a <> ''
		UNION SELECT i.seq, i.id FROM w JOIN change_item i ON i.b = w.value WHERE i.b <> ''
		UNION SELECT i.seq, i.id FROM w JOIN change_item i ON i.wasA = w.value WHERE i.wasA <> ''
		UNION SELECT i.seq, i.id FROM w JOIN change_item i ON i.wasB = w.value WHERE i.wasB <> ''`
	withTouching = `WITH w AS (SELECT value FROM json_each(?)), touched AS (` + itemsTouching + `) `
	// madeBy finds the changes that created records, where those do not list them
	madeBy = `made AS (
			SELECT 0 AS what, s.k, s.id FROM w JOIN source s ON s.id = w.value
			UNION ALL SELECT 1, n.k, n.id FROM w JOIN node n ON n.id = w.value
			UNION ALL SELECT 2, l.k, l.id FROM w JOIN link l ON l.id = w.value
		), by AS (SELECT id, (SELECT CASE WHEN c.first <= made.k THEN c.seq END FROM created c
			WHERE c.what = made.what AND c.last >= made.k ORDER BY c.last LIMIT 1) AS seq FROM made) `
	changesTouching = `WITH w AS (SELECT value FROM json_each(?)), touched AS (` + itemsTouching + `), ` + madeBy
	madeSQL         = `WITH w AS (SELECT value FROM json_each(?)), ` + madeBy + `SELECT id, seq FROM by WHERE seq > ?`
	changeColumns   = `seq, id, at, by, action, note, reverts, key, files, created, changed, removed, open,
		` + changeSum + ` = sum`
	laterSQL = `WITH w AS (SELECT value FROM json_each(?1)), touched AS (` + itemsTouching + `), first AS (
			SELECT id AS of, min(seq) AS at FROM touched WHERE seq > ?2 AND id > ?3 GROUP BY id ORDER BY id LIMIT ?4)
		SELECT i.seq, coalesce((SELECT min(m.made) FROM change_item m WHERE m.id = i.id AND m.seq > ?2 AND m.made > ?2), 0),
		` + itemColumns + ` FROM first CROSS JOIN change_item i ON i.seq = first.at AND i.id = first.of ORDER BY i.id`
	// wholeSQL reports whether a change has as many items as it says
	wholeSQL    = `SELECT count(*) = coalesce((SELECT items FROM change WHERE seq = ?1), 0) FROM change_item WHERE seq = ?1`
	itemColumns = `id, kind, before, after, ` + itemSum + ` = sum`
)

// Describe says what the load is for.
func (l *load) Describe(d *store.Deed) { l.deed = *d }

// logged reports whether the log has an item of a record with a key, whatever becomes of it: one that was there before
// the load, or of which the log keeps everything.
func (l *load) logged(what int, id string, row int64) bool {
	return l.deed.Whole || row <= l.begun.last(what) || l.went[id]
}

// last is the largest key of a table.
func (h *head) last(what int) int64 {
	switch what {
	case changedSource:
		return h.sources
	case changedNode:
		return h.nodes
	}
	return h.link
}

// log writes what became of a record, as the file has it by then. made is the import that created one that went, 0 for
// none.
func (l *load) log(ctx context.Context, was, is any, made int64) error {
	if l.change == 0 {
		if err := l.tx.QueryRowContext(ctx, nextChangeSQL).Scan(&l.change); err != nil {
			return err
		}
		if err := l.prepare(ctx, []prepared{{&l.logItem, itemSQL}}); err != nil {
			return err
		}
	}
	i := store.Log(l.s.cat, store.Timed(was, l.now), store.Timed(is, l.now))
	_, err := l.logItem.ExecContext(ctx, l.change, i.ID, i.Kind, i.A, i.B, i.WasA, i.WasB, i.Before, i.After, made)
	return err
}

// created counts a record that is new, and logs it where the log keeps that. A link's evidence is in l.pieces.
func (l *load) created(ctx context.Context, id string, x any) error {
	if !l.went[id] {
		l.made++
	}
	if !l.deed.Whole && !l.went[id] {
		return nil
	}
	return l.log(ctx, nil, l.stored(x), 0)
}

// stored returns a record as it is written: a link with the evidence that is in l.pieces.
func (l *load) stored(x any) any {
	link, ok := x.(*kg.Link)
	if !ok {
		return x
	}
	c := *link
	c.Evidence = l.pieces
	return &c
}

// gone logs a record that went.
func (l *load) gone(ctx context.Context, what int, id string, row int64, was any) error {
	logged := l.logged(what, id, row)
	if row > l.begun.last(what) && !l.went[id] {
		l.made-- // it came by this load
	}
	if !logged {
		return nil
	}
	if l.went == nil {
		l.went = map[string]bool{}
	}
	made := int64(0)
	if row <= l.begun.last(what) {
		l.went[id] = true
		if err := l.tx.QueryRowContext(ctx, madeOneSQL, what, row).Scan(&made); err != nil {
			return err
		}
	}
	return l.log(ctx, was, nil, made)
}

// finishLog writes the change that the load is.
func (l *load) finishLog(ctx context.Context) error {
	if l.deed.Log != nil {
		return l.copyLog(ctx, l.deed.Log)
	}
	if l.change == 0 {
		if err := l.tx.QueryRowContext(ctx, nextChangeSQL).Scan(&l.change); err != nil {
			return err
		}
	}
	if _, err := l.tx.ExecContext(ctx, dropItems, l.change); err != nil {
		return err
	}
	var changed, removed, items int64
	if err := l.tx.QueryRowContext(ctx, countItems, l.change).Scan(&changed, &removed, &items); err != nil {
		return err
	}
	d := &l.deed
	l.is = kg.Change{
		Seq: l.change, ID: cmp.Or(d.ID, kg.NewChangeID()), At: l.now, By: d.By, Action: cmp.Or(d.Action, kg.Imported),
		Note: d.Note, Reverts: d.Reverts, Key: d.Key, Files: d.Files, Created: l.made, Changed: changed, Removed: removed,
	}
	if err := l.writeChange(ctx, &l.is, items); err != nil || d.Whole {
		return err
	}
	for what, next := range [...]int64{l.sourceRows.next, l.nodeRows.next, l.linkRows.next} {
		if before := l.begun.last(what); next-1 > before {
			if _, err := l.tx.ExecContext(ctx, createdSQL, what, next-1, before+1, l.change); err != nil {
				return err
			}
		}
	}
	return nil
}

// idsJSON writes ids that anybody may have given.
func idsJSON(ids []string) string { return cmp.Or(listJSON(ids), "[]") }

// changesText returns a statement that reads these columns of the changes that q names, with its arguments.
func changesText(columns string, q *store.ChangesQuery) (string, []any) {
	var text strings.Builder
	var args []any
	if q.Touching != nil {
		text.WriteString(changesTouching)
		args = append(args, idsJSON(q.Touching))
	}
	text.WriteString("SELECT " + columns + " FROM change WHERE seq > ?")
	args = append(args, q.After)
	and := func(condition string, arg ...any) {
		text.WriteString(" AND " + condition)
		args = append(args, arg...)
	}
	if q.Touching != nil {
		and("seq IN (SELECT seq FROM touched UNION SELECT seq FROM by)")
	}
	if q.IDs != nil {
		and("id IN (SELECT value FROM json_each(?))", idsJSON(q.IDs))
	}
	if q.Reverting != nil {
		and("reverts <> '' AND reverts IN (SELECT value FROM json_each(?))", idsJSON(q.Reverting))
	}
	if q.By != nil {
		and("by = ?", *q.By)
	}
	if q.Key != "" {
		and("substr(key, 1, length(?)) = ?", q.Key, q.Key)
	}
	if q.From != 0 {
		and("at >= ?", q.From.UnixMilli())
	}
	if q.To != 0 {
		and("at < ?", q.To.UnixMilli())
	}
	if q.Before != 0 {
		and("seq < ?", q.Before)
	}
	return text.String(), args
}

// Changes reads changes, the latest first.
func (s *Store) Changes(ctx context.Context, q *store.ChangesQuery) (out []kg.Change, err error) {
	text, args := changesText(changeColumns, q)
	order := "seq"
	if q.Key != "" {
		order = "+seq" // so that the index of times is taken: few changes are of the time that keys count
	}
	if !q.Earliest {
		order += " DESC"
	}
	err = scan(ctx, s.read, text+" ORDER BY "+order+" LIMIT ?", func(rows *sql.Rows) error {
		var c kg.Change
		var at int64
		var files string
		var whole bool
		if err := rows.Scan(&c.Seq, &c.ID, &at, &c.By, &c.Action, &c.Note, &c.Reverts, &c.Key, &files, &c.Created,
			&c.Changed, &c.Removed, &c.Open, &whole); err != nil {
			return unreadable(err)
		}
		if !whole {
			return s.damaged("change", c.ID)
		}
		c.At = kg.TimeAt(at)
		if files != "" {
			if err := json.Unmarshal([]byte(files), &c.Files); err != nil {
				return storeError(ctx, err)
			}
		}
		out = append(out, c)
		return nil
	}, append(args, q.Limit)...)
	if err == nil && q.All() && !q.Earliest {
		err = s.noneLost(ctx, out, q)
	}
	return out, err
}

// noneLost refuses a page of all changes that lacks one: seq counts from the first that is kept, without gaps.
func (s *Store) noneLost(ctx context.Context, page []kg.Change, q *store.ChangesQuery) error {
	for i, c := range page {
		next := q.After
		if i+1 < len(page) {
			next = page[i+1].Seq
		} else if len(page) == q.Limit {
			return nil
		}
		if next == c.Seq-1 {
			continue
		}
		kept, err := s.Kept(ctx)
		if err != nil {
			return err
		}
		if i+1 < len(page) || kept.First < c.Seq { // or what was before it was deleted, maybe since it was read
			return s.damaged("change before", c.ID)
		}
	}
	return nil
}

// CountChanges counts changes.
func (s *Store) CountChanges(ctx context.Context, q *store.ChangesQuery) (int64, error) {
	text, args := changesText("count(*)", q)
	return s.logCount(ctx, text, args...)
}

// logCount reads how many there are of something in the log.
func (s *Store) logCount(ctx context.Context, text string, args ...any) (n int64, err error) {
	err = scan(ctx, s.read, text, func(rows *sql.Rows) error {
		if err := rows.Scan(&n); err != nil {
			return unreadable(err)
		}
		return nil
	}, args...)
	return n, err
}

// itemsText returns a statement that reads these columns of the items that q names, with its arguments.
func itemsText(columns string, q *store.ItemsQuery) (string, []any) {
	text, args := "SELECT "+columns+" FROM change_item WHERE seq = ? AND id > ?", []any{q.Seq, q.After}
	if q.Before != "" {
		text += " AND id < ?"
		args = append(args, q.Before)
	}
	if q.Touching != nil {
		text = withTouching + text + " AND (seq, id) IN (SELECT seq, id FROM touched)"
		args = append([]any{idsJSON(q.Touching)}, args...)
	}
	return text, args
}

// Items reads what a change did.
func (s *Store) Items(ctx context.Context, q *store.ItemsQuery) (out []kg.ChangeItem, err error) {
	if q.After == "" && q.Before == "" {
		if err := s.noItemLost(ctx, q.Seq); err != nil {
			return nil, err
		}
	}
	text, args := itemsText(itemColumns, q)
	text += " ORDER BY id"
	if q.Last {
		text += " DESC"
	}
	err = scan(ctx, s.read, text+" LIMIT ?", func(rows *sql.Rows) error {
		var i kg.ChangeItem
		var whole bool
		if err := rows.Scan(&i.ID, &i.Kind, &i.Before, &i.After, &whole); err != nil {
			return unreadable(err)
		}
		if !whole {
			return s.damaged("item of a change", i.ID)
		}
		out = append(out, i)
		return budget.Of(ctx).Hold(int64(len(i.Before) + len(i.After)))
	}, append(args, q.Limit)...)
	return out, err
}

// noItemLost refuses a change that has not as many items as it says.
func (s *Store) noItemLost(ctx context.Context, seq int64) error {
	return scan(ctx, s.read, wholeSQL, func(rows *sql.Rows) error {
		var whole bool
		if err := rows.Scan(&whole); err != nil {
			return unreadable(err)
		}
		if !whole {
			return s.damaged("list of items of change", strconv.FormatInt(seq, 10))
		}
		return nil
	}, seq)
}

// CountItems counts what a change did.
func (s *Store) CountItems(ctx context.Context, q *store.ItemsQuery) (int64, error) {
	text, args := itemsText("count(*)", q)
	return s.logCount(ctx, text, args...)
}

// Later reads what the first changes after one made of records.
func (s *Store) Later(ctx context.Context, q *store.LaterQuery) (out []store.LaterItem, err error) {
	err = scan(ctx, s.read, laterSQL, func(rows *sql.Rows) error {
		var i store.LaterItem
		var whole bool
		if err := rows.Scan(&i.Seq, &i.Made, &i.ID, &i.Kind, &i.Before, &i.After, &whole); err != nil {
			return unreadable(err)
		}
		if !whole {
			return s.damaged("item of a change", i.ID)
		}
		out = append(out, i)
		return budget.Of(ctx).Hold(int64(len(i.Before) + len(i.After)))
	}, idsJSON(q.Touching), q.Seq, q.After, q.Limit)
	return out, err
}

// Made finds the imports after a change that created records.
func (s *Store) Made(ctx context.Context, ids []string, after int64) (map[string]int64, error) {
	out := map[string]int64{}
	err := scan(ctx, s.read, madeSQL, func(rows *sql.Rows) error {
		var id string
		var seq int64
		if err := rows.Scan(&id, &seq); err != nil {
			return unreadable(err)
		}
		out[id] = seq
		return nil
	}, idsJSON(ids), after)
	return out, err
}

// Departed finds the imports that created what a change deleted.
func (s *Store) Departed(ctx context.Context, seq int64) (map[string]int64, error) {
	out := map[string]int64{}
	err := scan(ctx, s.read, departedSQL, func(rows *sql.Rows) error {
		var id string
		var made int64
		if err := rows.Scan(&id, &made); err != nil {
			return unreadable(err)
		}
		out[id] = made
		return nil
	}, seq)
	return out, err
}

// copyLog writes the log of another store, from which the records of the load come.
func (l *load) copyLog(ctx context.Context, from store.Logger) error {
	kept, err := from.Kept(ctx)
	if err != nil {
		return err
	}
	if _, err := l.tx.ExecContext(ctx, keptSQL, kept.First, kept.SinceMilli()); err != nil {
		return err
	}
	if err := l.prepare(ctx, []prepared{{&l.logItem, itemSQL}}); err != nil {
		return err
	}
	if err := store.EachChange(ctx, from, func(c *kg.Change, items []kg.ChangeItem, made map[string]int64) error {
		for x := range items {
			i, err := store.Again(&items[x])
			if err != nil {
				return err
			}
			if _, err := l.logItem.ExecContext(ctx, c.Seq, i.ID, i.Kind, i.A, i.B, i.WasA, i.WasB, i.Before, i.After, made[i.ID]); err != nil {
				return err
			}
		}
		return l.writeChange(ctx, c, int64(len(items)))
	}); err != nil {
		return err
	}
	for what, table := range [...]string{"source", "node", "link"} {
		if err := l.copyMade(ctx, from, what, table); err != nil {
			return err
		}
	}
	return nil
}

// copyMade writes which imports created the records of a table.
func (l *load) copyMade(ctx context.Context, from store.Logger, what int, table string) error {
	var ids []string
	var keys []int64
	type run struct{ first, last, seq int64 } // rows one behind the other that one import created
	var runs []run
	ask := func() error {
		made, err := from.Made(ctx, ids, 0)
		if err != nil {
			return err
		}
		for i, id := range ids {
			seq, k, n := made[id], keys[i], len(runs)
			switch {
			case seq == 0:
			case n > 0 && runs[n-1].seq == seq && runs[n-1].last == k-1:
				runs[n-1].last = k
			default:
				runs = append(runs, run{k, k, seq})
			}
		}
		ids, keys = ids[:0], keys[:0]
		return nil
	}
	if err := scan(ctx, l.tx, "SELECT k, id FROM "+table+" ORDER BY k", func(rows *sql.Rows) error {
		var k int64
		var id string
		if err := rows.Scan(&k, &id); err != nil {
			return unreadable(err)
		}
		if ids, keys = append(ids, id), append(keys, k); len(ids) < copiedAtOnce {
			return nil
		}
		return ask()
	}); err != nil {
		return err
	}
	if err := ask(); err != nil {
		return err
	}
	for _, r := range runs {
		if _, err := l.tx.ExecContext(ctx, createdSQL, what, r.last, r.first, r.seq); err != nil {
			return err
		}
	}
	return nil
}

// copiedAtOnce is how many records are asked about at once.
const copiedAtOnce = 1000

// writeChange writes the row of a change with so many items.
func (l *load) writeChange(ctx context.Context, c *kg.Change, items int64) error {
	files := ""
	if len(c.Files) > 0 {
		b, err := json.Marshal(c.Files)
		if err != nil {
			return err
		}
		files = string(b)
	}
	_, err := l.tx.ExecContext(ctx, changeSQL, c.Seq, c.ID, c.At.UnixMilli(), c.By, string(c.Action), c.Note, c.Reverts, c.Key, files,
		c.Created, c.Changed, c.Removed, items, c.Open)
	return err
}
