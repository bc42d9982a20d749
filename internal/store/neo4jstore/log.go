package neo4jstore

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// The log: a node for each load that wrote something, and one for each record that it changed or deleted. What an
// import created bears the seq of its change instead.
const (
	changeLabel  = "ThroughlineChange"
	itemLabel    = "ThroughlineChangeItem"
	logLabel     = "ThroughlineLog" // of the node that says where the log begins
	madeProperty = "_made"
	itemMade     = "made" // of what went: the import that created it
)

// logging is what one transaction adds to the log.
type logging struct {
	seq   int64           // of the load's change
	first bool            // it is not there yet
	items []any           // rows of records that were written
	made  int64           // records that are new
	went  map[string]bool // as load's, within this transaction
	came  map[string]bool // as load's, within this transaction, and false for records that it deleted
	wrote bool
	done  bool // the change is there, of a run of this transaction of which nobody knew what became of it
}

// Describe says what the load is for.
func (l *load) Describe(d *store.Deed) { l.deed = *d }

// lockText takes the lock, and counts the transactions that have had it.
const lockText = "MATCH (m:ThroughlineMeta {id: 'layout'}) SET m.turns = coalesce(m.turns, 0) + 1"

// lock makes loads of several servers take turns, so that what a transaction has looked at stays so until it ends, and
// changes get their numbers in the order of commits. It begins what the transaction logs.
func (l *load) lock(ctx context.Context, tx neo4j.ManagedTransaction) error {
	rows, err := l.s.do(ctx, tx, lockText+" RETURN COLLECT { MATCH (c:ThroughlineChange) WHERE c.seq > 0 RETURN c.seq ORDER BY c.seq DESC LIMIT 1 }, "+
		"COLLECT { MATCH (c:ThroughlineChange) WHERE c.id = $id RETURN c.seq }",
		map[string]any{"id": l.deed.ID})
	if err != nil {
		return err
	}
	g := &logging{seq: l.seq, went: map[string]bool{}, came: map[string]bool{}}
	l.logging = g
	switch last, there := asList(rows[0][0]), asList(rows[0][1]); {
	case l.seq > 0:
	case len(there) > 0:
		g.seq, g.done = asInt(there[0]), true
	default:
		g.first, g.seq = true, 1
		if len(last) > 0 {
			g.seq += asInt(last[0])
		}
	}
	return nil
}

// mark is what a new record bears: the change that it follows from, unless the log keeps what the load created.
func (l *load) mark(id string) any {
	switch {
	case l.deed.Log != nil && l.marks[id] > 0:
		return l.marks[id]
	case l.deed.Log != nil || l.deed.Whole:
		return nil
	}
	return l.logging.seq
}

// copyMarks reads what records bear in the store whose log this one gets.
func (l *load) copyMarks(ctx context.Context, b *store.Batch) (err error) {
	if l.deed.Log == nil {
		return nil
	}
	l.marks, err = l.deed.Log.Made(ctx, b.IDs(), 0)
	return err
}

// rowsAtOnce is how many rows of a log one statement writes.
const rowsAtOnce = 1000

// copyLog writes the log of another store, from which the records of the load come. The change that the load has left,
// and which says that it has not ended, goes with the last transaction.
func (l *load) copyLog(ctx context.Context, from store.Logger) error {
	kept, err := from.Kept(ctx)
	if err != nil {
		return err
	}
	var changes, items []any
	put := func() error {
		rows := items
		items = nil
		return l.s.write(ctx, func(tx neo4j.ManagedTransaction) error {
			_, err := l.s.do(ctx, tx, "UNWIND $rows AS row MERGE (i:ThroughlineChangeItem {seq: row.seq, id: row.id}) SET i = row",
				map[string]any{"rows": rows})
			return err
		})
	}
	if err := store.EachChange(ctx, from, func(c *kg.Change, of []kg.ChangeItem, made map[string]int64) error {
		row := aboutChange(c)
		row["seq"], row["created"], row["changed"], row["removed"] = c.Seq, c.Created, c.Changed, c.Removed
		if c.Open {
			row["open"] = true
		}
		changes = append(changes, row)
		for x := range of {
			i, err := store.Again(&of[x])
			if err != nil {
				return err
			}
			row := itemRow(i)
			if row["seq"] = c.Seq; made[i.ID] != 0 {
				row[itemMade] = made[i.ID]
			}
			if items = append(items, row); len(items) >= rowsAtOnce {
				if err := put(); err != nil {
					return err
				}
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if err := put(); err != nil {
		return err
	}
	return l.s.write(ctx, func(tx neo4j.ManagedTransaction) error {
		if _, err := l.s.do(ctx, tx, "MATCH (c:ThroughlineChange) DELETE c", nil); err != nil {
			return err
		}
		if err := l.s.keepFrom(ctx, tx, kept); err != nil {
			return err
		}
		for rows := range slices.Chunk(changes, rowsAtOnce) {
			if _, err := l.s.do(ctx, tx, "UNWIND $rows AS row CREATE (c:ThroughlineChange) SET c = row", map[string]any{"rows": rows}); err != nil {
				return err
			}
		}
		return nil
	})
}

// itemRow returns an item as it is kept, without its change.
func itemRow(i *store.Logged) map[string]any {
	row := map[string]any{"id": i.ID, "kind": i.Kind, "before": i.Before, "after": i.After}
	setText(row, "a", i.A)
	setText(row, "b", i.B)
	setText(row, "wasA", i.WasA)
	setText(row, "wasB", i.WasB)
	return row
}

// log takes down what becomes of a record: was is nil for one that is new, is for one that goes. made is the change
// that it follows from as it was, 0 for none.
func (l *load) log(was, is any, made int64) {
	g := l.logging
	g.wrote = true
	i := store.Log(l.s.layout.cat, store.Timed(was, l.now), store.Timed(is, l.now))
	came := was != nil && (made == g.seq || l.hasMade(i.ID)) // it is new by this load
	went := l.went[i.ID] || g.went[i.ID]
	switch {
	case was == nil && !went:
		g.made++
		if !l.deed.Whole {
			return
		}
		g.came[i.ID] = true
	case is == nil && came && !went:
		g.made--
		if !l.deed.Whole {
			return
		}
		g.came[i.ID] = false
	case is == nil && !came:
		g.went[i.ID] = true
	case is != nil && came && !went && !l.deed.Whole:
		return
	}
	row := itemRow(i)
	if is == nil && !came && made != 0 {
		row[itemMade] = made
	}
	g.items = append(g.items, row)
}

// hasMade reports whether the load has made a record that bears no mark, and has not deleted it since.
func (l *load) hasMade(id string) bool {
	if came, known := l.logging.came[id]; known {
		return came
	}
	return l.came[id]
}

// writeLog writes what a transaction logs, as its last statements.
func (l *load) writeLog(ctx context.Context, tx neo4j.ManagedTransaction) error {
	g := l.logging
	if !g.wrote {
		return nil
	}
	text := "MATCH (c:ThroughlineChange {seq: $seq}) SET c.created = c.created + $made"
	params := map[string]any{"seq": g.seq, "made": g.made}
	if g.first {
		text = "CREATE (c:ThroughlineChange {seq: $seq, created: $made, open: true}) SET c += $about"
		params["about"] = l.about()
	}
	if _, err := l.s.do(ctx, tx, text, params); err != nil || len(g.items) == 0 {
		return err
	}
	_, err := l.s.do(ctx, tx, `UNWIND $rows AS row MERGE (i:ThroughlineChangeItem {seq: $seq, id: row.id})
ON CREATE SET i.before = row.before, i.wasA = row.wasA, i.wasB = row.wasB
SET i.kind = row.kind, i.after = row.after, i.a = row.a, i.b = row.b, i.made = coalesce(row.made, i.made)`, map[string]any{"seq": g.seq, "rows": g.items})
	return err
}

// logAtOnce writes the change of a load that is one transaction, with all its items, by one statement.
func (l *load) logAtOnce(ctx context.Context, tx neo4j.ManagedTransaction) error {
	text, params := l.closed("$seq")
	params["seq"] = l.seq
	_, err := l.s.do(ctx, tx, text, params)
	return err
}

// closed ends what a load that is one transaction logs, and returns the statement that writes it. seq is an expression
// for the number of the change.
func (l *load) closed(seq string) (text string, params map[string]any) {
	g := l.logging
	l.seq = g.seq
	var rows []any
	at := map[any]map[string]any{}
	for _, x := range g.items {
		row, _ := x.(map[string]any)
		if was := at[row["id"]]; was != nil { // it is as the last says, and was as the first says
			for _, name := range []string{"kind", "after", "a", "b"} {
				if delete(was, name); row[name] != nil {
					was[name] = row[name]
				}
			}
			if row[itemMade] != nil {
				was[itemMade] = row[itemMade]
			}
			continue
		}
		at[row["id"]] = row
		rows = append(rows, row)
	}
	rows = slices.DeleteFunc(rows, func(x any) bool {
		row, _ := x.(map[string]any)
		return row["before"] == row["after"]
	})
	about := l.about()
	l.is = l.change(g.made)
	for _, x := range rows {
		switch row, _ := x.(map[string]any); {
		case row["after"] == "":
			l.is.Removed++
		case row["before"] != "":
			l.is.Changed++
		}
	}
	about["created"], about["changed"], about["removed"] = g.made, l.is.Changed, l.is.Removed
	return "CREATE (c:ThroughlineChange) SET c = $about, c.seq = " + seq + ` WITH c
UNWIND $rows AS row CREATE (i:ThroughlineChangeItem) SET i = row, i.seq = c.seq`, map[string]any{"about": about, "rows": rows}
}

// change is the change of the load, which made so many records.
func (l *load) change(made int64) kg.Change {
	d := &l.deed
	return kg.Change{
		Seq: l.seq, ID: d.ID, At: l.now, By: d.By, Action: cmp.Or(d.Action, kg.Imported), Note: d.Note, Reverts: d.Reverts,
		Key: d.Key, Files: d.Files, Created: made,
	}
}

// logged takes over what a transaction has logged, once it is committed.
func (l *load) logged() {
	g := l.logging
	if g == nil || !g.wrote {
		return
	}
	l.seq = g.seq
	maps.Copy(l.went, g.went)
	maps.Copy(l.came, g.came)
}

// about is what the change says of itself.
func (l *load) about() map[string]any {
	l.deed.ID = cmp.Or(l.deed.ID, kg.NewChangeID())
	c := l.change(0)
	return aboutChange(&c)
}

// aboutChange is what a change says of itself, without its number and what it counts.
func aboutChange(c *kg.Change) map[string]any {
	p := map[string]any{"id": c.ID, "at": c.At.UnixMilli(), "action": string(c.Action)}
	setText(p, "by", c.By)
	setText(p, "note", c.Note)
	setText(p, "reverts", c.Reverts)
	setText(p, "key", c.Key)
	if len(c.Files) > 0 {
		b, _ := json.Marshal(c.Files) // texts always marshal
		p["files"] = string(b)
	}
	return p
}

// closeLog ends the change that the load is: what has come to nothing goes, the rest is counted.
func (l *load) closeLog(ctx context.Context, tx neo4j.ManagedTransaction) error {
	if _, err := l.s.do(ctx, tx,
		"MATCH (i:ThroughlineChangeItem) WHERE i.seq = $seq AND i.before = i.after DELETE i", map[string]any{"seq": l.seq}); err != nil {
		return err
	}
	_, err := l.s.do(ctx, tx, `MATCH (c:ThroughlineChange {seq: $seq})
CALL (c) { MATCH (i:ThroughlineChangeItem) WHERE i.seq = c.seq RETURN count(CASE WHEN i.before <> '' AND i.after <> '' THEN 1 END) AS changed,
  count(CASE WHEN i.after = '' THEN 1 END) AS removed }
SET c += $about, c.changed = changed, c.removed = removed REMOVE c.open`, map[string]any{"seq": l.seq, "about": l.about()})
	return err
}

// touchedBy finds the items of some records, and of links that end at them.
const touchedBy = `MATCH (i:ThroughlineChangeItem) WHERE i.id IN $touching RETURN i
UNION MATCH (i:ThroughlineChangeItem) WHERE i.a IN $touching RETURN i
UNION MATCH (i:ThroughlineChangeItem) WHERE i.b IN $touching RETURN i
UNION MATCH (i:ThroughlineChangeItem) WHERE i.wasA IN $touching RETURN i
UNION MATCH (i:ThroughlineChangeItem) WHERE i.wasB IN $touching RETURN i`

// changesText returns the beginning of a statement that reads the changes that q names, as c, with its parameters.
func (s *Store) changesText(q *store.ChangesQuery) (string, map[string]any) {
	var b strings.Builder
	params := map[string]any{"after": q.After}
	conditions := []string{"c.seq > $after"}
	and := func(condition, name string, value any) {
		conditions = append(conditions, condition)
		params[name] = value
	}
	if q.Touching != nil {
		sources, entities, links := kg.SortIDs(q.Touching)
		params["touching"], params["sources"], params["entities"], params["ids"] = q.Touching, sources, entities, links
		b.WriteString("CALL () { CALL () { " + touchedBy + " } RETURN i.seq AS seq")
		if len(sources) > 0 {
			b.WriteString(" UNION MATCH (s:Source) WHERE s.id IN $sources AND s._sort IS NOT NULL RETURN s._made AS seq")
		}
		if len(entities) > 0 {
			b.WriteString(" UNION MATCH (n:Entity) WHERE n.id IN $entities AND n._sort IS NOT NULL RETURN n._made AS seq")
		}
		if len(links) > 0 {
			b.WriteString(" UNION " + s.layout.anyLink() + " RETURN r._made AS seq")
		}
		b.WriteString(" } WITH collect(seq) AS touched ")
		conditions = append(conditions, "c.seq IN touched")
	}
	if q.IDs != nil {
		and("c.id IN $changes", "changes", q.IDs)
	}
	if q.Reverting != nil {
		and("c.reverts IN $reverting", "reverting", q.Reverting)
	}
	if q.By != nil {
		and("coalesce(c.by, '') = $by", "by", *q.By)
	}
	if q.Key != "" {
		and("c.key STARTS WITH $key", "key", q.Key)
	}
	if q.From != 0 {
		and("c.at >= $from", "from", q.From.UnixMilli())
	}
	if q.To != 0 {
		and("c.at < $to", "to", q.To.UnixMilli())
	}
	if q.Before != 0 {
		and("c.seq < $before", "before", q.Before)
	}
	b.WriteString("MATCH (c:ThroughlineChange) WHERE " + strings.Join(conditions, " AND "))
	return b.String(), params
}

// Changes reads changes, the latest first.
func (s *Store) Changes(ctx context.Context, q *store.ChangesQuery) (out []kg.Change, err error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	text, params := s.changesText(q)
	params["limit"] = int64(q.Limit)
	order := " DESC"
	if q.Earliest {
		order = ""
	}
	rows, _, err := s.read(ctx, text+" RETURN c.seq, c.id, c.at, c.by, c.action, c.note, c.reverts, c.key, c.files, c.created, "+
		"coalesce(c.changed, 0), coalesce(c.removed, 0), coalesce(c.open, false) ORDER BY c.seq"+order+" LIMIT $limit", params)
	for _, r := range rows {
		open, _ := r[12].(bool)
		c := kg.Change{
			Seq: asInt(r[0]), ID: asString(r[1]), At: asTime(r[2]), By: asString(r[3]), Action: kg.ChangeAction(asString(r[4])),
			Note: asString(r[5]), Reverts: asString(r[6]), Key: asString(r[7]), Created: asInt(r[9]), Changed: asInt(r[10]),
			Removed: asInt(r[11]), Open: open,
		}
		if files := asString(r[8]); files != "" {
			if err := json.Unmarshal([]byte(files), &c.Files); err != nil {
				return nil, kg.Wrap(kg.Corrupt, err, "the change %s in the database is not as it was written", c.ID)
			}
		}
		out = append(out, c)
	}
	return out, err
}

// CountChanges counts changes.
func (s *Store) CountChanges(ctx context.Context, q *store.ChangesQuery) (int64, error) {
	text, params := s.changesText(q)
	return s.logCount(ctx, text+" RETURN count(c)", params)
}

// logCount reads how many there are of something in the log.
func (s *Store) logCount(ctx context.Context, text string, params map[string]any) (int64, error) {
	if err := s.usable(); err != nil {
		return 0, err
	}
	rows, _, err := s.read(ctx, text, params)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return asInt(rows[0][0]), nil
}

// itemsText returns the beginning of a statement that reads the items that q names, as i, with its parameters.
func itemsText(q *store.ItemsQuery) (string, map[string]any) {
	text, params := "MATCH (i:ThroughlineChangeItem)", map[string]any{"seq": q.Seq, "after": q.After}
	if q.Touching != nil {
		text = "CALL () { " + touchedBy + " } WITH i"
		params["touching"] = q.Touching
	}
	text += " WHERE i.seq = $seq AND i.id > $after"
	if q.Before != "" {
		text += " AND i.id < $before"
		params["before"] = q.Before
	}
	return text, params
}

// Items reads what a change did.
func (s *Store) Items(ctx context.Context, q *store.ItemsQuery) (out []kg.ChangeItem, err error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	text, params := itemsText(q)
	params["limit"] = int64(q.Limit)
	order := ""
	if q.Last {
		order = " DESC"
	}
	rows, _, err := s.read(ctx, text+" RETURN i.id, i.kind, i.before, i.after ORDER BY i.id"+order+" LIMIT $limit", params)
	for _, r := range rows {
		out = append(out, kg.ChangeItem{ID: asString(r[0]), Kind: asString(r[1]), Before: asString(r[2]), After: asString(r[3])})
	}
	return out, err
}

// CountItems counts what a change did.
func (s *Store) CountItems(ctx context.Context, q *store.ItemsQuery) (int64, error) {
	text, params := itemsText(q)
	return s.logCount(ctx, text+" RETURN count(i)", params)
}

// Later reads what the first changes after one made of records.
func (s *Store) Later(ctx context.Context, q *store.LaterQuery) (out []store.LaterItem, err error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	rows, _, err := s.read(ctx, "CALL () { "+touchedBy+` } WITH i WHERE i.seq > $seq AND i.id > $after
WITH i.id AS id, min(i.seq) AS seq ORDER BY id LIMIT $limit
MATCH (i:ThroughlineChangeItem {seq: seq, id: id}) RETURN i.seq, i.id, i.kind, i.before, i.after,
COLLECT { MATCH (m:ThroughlineChangeItem) WHERE m.id = id AND m.seq > $seq AND m.made > $seq RETURN min(m.made) } ORDER BY i.id`,
		map[string]any{"touching": q.Touching, "seq": q.Seq, "after": q.After, "limit": int64(q.Limit)})
	for _, r := range rows {
		made := int64(0)
		if found := asList(r[5]); len(found) > 0 {
			made = asInt(found[0])
		}
		out = append(out, store.LaterItem{Seq: asInt(r[0]), Made: made, ChangeItem: kg.ChangeItem{
			ID: asString(r[1]), Kind: asString(r[2]), Before: asString(r[3]), After: asString(r[4]),
		}})
	}
	return out, err
}

// Made finds the imports after a change that created records.
func (s *Store) Made(ctx context.Context, ids []string, after int64) (map[string]int64, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	sources, entities, links := kg.SortIDs(ids)
	out := map[string]int64{}
	for _, of := range []struct {
		ids  []string
		text string
	}{
		{sources, "MATCH (x:Source) WHERE x.id IN $ids AND x._sort IS NOT NULL WITH x"},
		{entities, "MATCH (x:Entity) WHERE x.id IN $ids AND x._sort IS NOT NULL WITH x"},
		{links, s.layout.anyLink() + " WITH r AS x"},
	} {
		if len(of.ids) == 0 {
			continue
		}
		rows, _, err := s.read(ctx, of.text+" WHERE x._made > $after RETURN x.id, x._made", map[string]any{"ids": of.ids, "after": after})
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[asString(r[0])] = asInt(r[1])
		}
	}
	return out, nil
}

// Departed finds the imports that created what a change deleted.
func (s *Store) Departed(ctx context.Context, seq int64) (map[string]int64, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	rows, _, err := s.read(ctx, "MATCH (i:ThroughlineChangeItem) WHERE i.seq = $seq AND i.made > 0 RETURN i.id, i.made",
		map[string]any{"seq": seq})
	out := make(map[string]int64, len(rows))
	for _, r := range rows {
		out[asString(r[0])] = asInt(r[1])
	}
	return out, err
}
