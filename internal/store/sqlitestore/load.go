package sqlitestore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/text"
)

// Atomic is true: a load is one transaction.
func (s *Store) Atomic() bool { return true }

// load is one transaction on the file.
type load struct {
	s    *Store
	tx   *sql.Tx
	now  kg.Time
	seq  int64
	done bool

	insertNode, insertLink, insertSource, findNode, findSource *sql.Stmt

	nodes   map[string]int64 // rowids by id; emptied when it grows beyond maxKnown
	sources map[string]*loadSource
	buf     []byte
}

// maxKnown bounds the ids a load remembers; beyond it they are looked up again.
const maxKnown = 2_000_000

type loadSource struct {
	row  int64
	text string // NFC
}

// Load begins a load. It waits for one that is under way in this process.
func (s *Store) Load(ctx context.Context) (store.Load, error) {
	select {
	case s.loads <- struct{}{}:
	case <-ctx.Done():
		return nil, ended(ctx)
	}
	l := &load{s: s, now: kg.TimeOf(s.now()), nodes: map[string]int64{}, sources: map[string]*loadSource{}}
	if err := l.begin(context.WithoutCancel(ctx)); err != nil {
		return nil, errors.Join(storeError(ctx, err), l.Rollback())
	}
	return l, nil
}

// begin opens the transaction. It outlives the call's ctx: the load ends by Commit or Rollback.
func (l *load) begin(ctx context.Context) (err error) {
	if l.tx, err = l.s.write.BeginTx(ctx, nil); err != nil {
		return err
	}
	if err = l.tx.QueryRowContext(ctx, `UPDATE meta SET value = value + 1 WHERE key = 'seq' RETURNING value`).Scan(&l.seq); err != nil {
		return err
	}
	for _, p := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&l.insertNode, `INSERT INTO node (id, type, name, description, aliases, externalIds, props, createdAt, updatedAt, rev) VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO NOTHING`},
		{&l.insertLink, `INSERT INTO link (id, kind, from_k, to_k, role, since, until, evidence, sources, unverified, createdAt, updatedAt, rev) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO NOTHING`},
		{&l.insertSource, `INSERT INTO source (id, title, url, kind, publisher, authors, publishedOn, contentHash, text, rev) VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO NOTHING`},
		{&l.findNode, `SELECT k FROM node WHERE id = ?`},
		{&l.findSource, `SELECT k, text FROM source WHERE id = ?`},
	} {
		if *p.stmt, err = l.tx.PrepareContext(ctx, p.text); err != nil { //nolint:sqlclosecheck // the end of the transaction closes them
			return err
		}
	}
	return nil
}

// Put writes a batch into the transaction.
func (l *load) Put(ctx context.Context, b *store.Batch) error {
	for _, x := range b.Sources {
		if err := l.putSource(ctx, x); err != nil {
			return storeError(ctx, err)
		}
	}
	for _, x := range b.Nodes {
		if err := l.putNode(ctx, x); err != nil {
			return storeError(ctx, err)
		}
	}
	for _, x := range b.Links {
		if err := l.putLink(ctx, x); err != nil {
			return storeError(ctx, err)
		}
	}
	return nil
}

// inserted gives the rowid of a row that was new, and false when the id was there already.
func inserted(r sql.Result, err error) (row int64, isNew bool, _ error) {
	if err != nil {
		return 0, false, err
	}
	n, err := r.RowsAffected()
	if err != nil || n == 0 {
		return 0, false, err
	}
	row, err = r.LastInsertId()
	return row, true, err
}

// listJSON writes a list, "" for an empty one.
func listJSON(items []string) string {
	if len(items) == 0 {
		return ""
	}
	var b []byte
	for i, s := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = text.AppendJSON(b, s)
	}
	return "[" + string(b) + "]"
}

func contentHash(s string) string {
	if s == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func (l *load) putSource(ctx context.Context, x *kg.Source) error {
	authors := listJSON(x.Authors)
	if authors == "" {
		authors = "[]"
	}
	hash := contentHash(x.Text)
	_, isNew, err := inserted(l.insertSource.ExecContext(ctx, x.ID, x.Title, x.URL, x.Kind, x.Publisher, authors, string(x.PublishedOn), hash, x.Text, l.seq))
	delete(l.sources, x.ID)
	if err != nil || isNew {
		return err
	}
	var row int64
	var before string
	if err := l.tx.QueryRowContext(ctx, `SELECT k, contentHash FROM source WHERE id = ?`, x.ID).Scan(&row, &before); err != nil {
		return err
	}
	_, err = l.tx.ExecContext(ctx, `UPDATE source SET title=?, url=?, kind=?, publisher=?, authors=?, publishedOn=?, contentHash=?, text=?, rev=? WHERE k=?`,
		x.Title, x.URL, x.Kind, x.Publisher, authors, string(x.PublishedOn), hash, x.Text, l.seq, row)
	if err == nil && before != hash {
		err = l.verifyAgain(ctx, row)
	}
	return err
}

// verifyAgain checks the excerpts of every link of a source whose text has changed.
func (l *load) verifyAgain(ctx context.Context, source int64) error {
	rows, err := l.tx.QueryContext(ctx, `SELECT k, evidence FROM link WHERE ' ' || sources || ' ' LIKE ?`, "% "+strconv.FormatInt(source, 10)+" %")
	if err != nil {
		return err
	}
	type change struct {
		row        int64
		evidence   []byte
		unverified int
	}
	var changes []change
	read := func() error {
		defer rows.Close() //nolint:errcheck // rows.Err tells
		for rows.Next() {
			var c change
			var raw []byte
			if err := rows.Scan(&c.row, &raw); err != nil {
				return err
			}
			stored, err := parseEvidence(raw)
			if err != nil {
				return err
			}
			list := make([]kg.Evidence, len(stored))
			for i, e := range stored {
				list[i] = kg.Evidence{Source: e.source, Excerpt: e.excerpt, Prefix: e.prefix, Suffix: e.suffix, Stance: e.stance}
			}
			if c.evidence, _, c.unverified, err = l.evidence(ctx, nil, list); err != nil {
				return err
			}
			changes = append(changes, c)
		}
		return rows.Err()
	}
	if err := read(); err != nil {
		return err
	}
	for _, c := range changes {
		if _, err := l.tx.ExecContext(ctx, `UPDATE link SET evidence=?, unverified=?, rev=? WHERE k=?`, string(c.evidence), c.unverified, l.seq, c.row); err != nil {
			return err
		}
	}
	return nil
}

func (l *load) putNode(ctx context.Context, x *kg.Node) error {
	props, err := propsJSON(l.s.cat.TypeOf(x.Type), x.Props)
	if err != nil {
		return err
	}
	ext := ""
	if len(x.ExternalIDs) > 0 {
		b, err := json.Marshal(x.ExternalIDs)
		if err != nil {
			return err
		}
		ext = string(b)
	}
	aliases := listJSON(x.Aliases)
	created, updated := l.times(x.CreatedAt, x.UpdatedAt)
	row, isNew, err := inserted(l.insertNode.ExecContext(ctx, x.ID, x.Type, x.Name, x.Description, aliases, ext, props, int64(created), int64(updated), l.seq))
	if err != nil {
		return err
	}
	if !isNew {
		var typ string
		var same bool
		var oldCreated, oldUpdated int64
		if err := l.tx.QueryRowContext(ctx, `SELECT k, type, name=? AND description=? AND aliases=? AND externalIds=? AND props=?, createdAt, updatedAt FROM node WHERE id=?`,
			x.Name, x.Description, aliases, ext, props, x.ID).Scan(&row, &typ, &same, &oldCreated, &oldUpdated); err != nil {
			return err
		}
		if typ != x.Type {
			return kg.Errorf(kg.Conflict, "%s is a %s in the store; give the %s another id", x.ID, strings.ToLower(typ), strings.ToLower(x.Type))
		}
		created, updated = keepTimes(x.CreatedAt, x.UpdatedAt, kg.Time(oldCreated), kg.Time(oldUpdated), same, l.now)
		if !same || int64(created) != oldCreated || int64(updated) != oldUpdated {
			if _, err := l.tx.ExecContext(ctx, `UPDATE node SET name=?, description=?, aliases=?, externalIds=?, props=?, createdAt=?, updatedAt=?, rev=? WHERE k=?`,
				x.Name, x.Description, aliases, ext, props, int64(created), int64(updated), l.seq, row); err != nil {
				return err
			}
		}
	}
	l.know(x.ID, row)
	return nil
}

func (l *load) know(id string, row int64) {
	if len(l.nodes) >= maxKnown {
		clear(l.nodes)
	}
	l.nodes[id] = row
}

// times are those of a record that is new: see store.Load.
func (l *load) times(created, updated kg.Time) (kg.Time, kg.Time) {
	if created == 0 {
		created = l.now
	}
	if updated == 0 {
		updated = max(created, l.now)
	}
	return created, updated
}

// keepTimes are those of a record that was there: see store.Load.
func keepTimes(created, updated, oldCreated, oldUpdated kg.Time, same bool, now kg.Time) (kg.Time, kg.Time) {
	if created == 0 {
		created = oldCreated
	}
	switch {
	case updated != 0:
	case same:
		updated = oldUpdated
	default:
		updated = now
	}
	return created, updated
}

// propsJSON writes a node's own properties in the order of the schema, "" for none.
func propsJSON(t *catalog.Type, props map[string]any) (string, error) {
	if len(props) == 0 {
		return "", nil
	}
	var b []byte
	for _, p := range t.Props {
		v, ok := props[p.Name]
		if !ok {
			continue
		}
		if len(b) > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, p.Name...)
		b = append(b, '"', ':')
		if s, ok := v.(string); ok {
			b = text.AppendJSON(b, s)
			continue
		}
		j, err := json.Marshal(v)
		if err != nil {
			return "", err
		}
		b = append(b, j...)
	}
	if len(b) == 0 {
		return "", nil
	}
	return "{" + string(b) + "}", nil
}

func (l *load) nodeRow(ctx context.Context, id string) (int64, error) {
	if row, ok := l.nodes[id]; ok {
		return row, nil
	}
	var row int64
	err := l.findNode.QueryRowContext(ctx, id).Scan(&row)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, kg.Errorf(kg.Conflict, "there is no entity %s", id)
	}
	if err == nil {
		l.know(id, row)
	}
	return row, err
}

func (l *load) source(ctx context.Context, id string) (*loadSource, error) {
	if s := l.sources[id]; s != nil {
		return s, nil
	}
	s := &loadSource{}
	err := l.findSource.QueryRowContext(ctx, id).Scan(&s.row, &s.text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, kg.Errorf(kg.Conflict, "there is no source %s", id)
	}
	if err != nil {
		return nil, err
	}
	if len(l.sources) >= 256 {
		clear(l.sources) // texts are large
	}
	s.text = norm.NFC.String(s.text)
	l.sources[id] = s
	return s, nil
}

// evidence writes evidence as it is stored, with the different sources it has and how many excerpts are not verified.
func (l *load) evidence(ctx context.Context, buf []byte, list []kg.Evidence) (_ []byte, sources []int64, unverified int, _ error) {
	buf = append(buf, '[')
	for i := range list {
		e := &list[i]
		s, err := l.source(ctx, e.Source)
		if err != nil {
			return nil, nil, 0, err
		}
		if !slices.Contains(sources, s.row) {
			sources = append(sources, s.row)
		}
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = append(buf, '[')
		for _, part := range [...]string{e.Source, e.Excerpt, e.Prefix, e.Suffix, e.Stance} {
			buf = text.AppendJSON(buf, part)
			buf = append(buf, ',')
		}
		switch {
		case s.text == "":
			buf = append(buf, "null]"...)
			unverified++
		case strings.Contains(s.text, e.Excerpt):
			buf = append(buf, "true]"...)
		default:
			buf = append(buf, "false]"...)
			unverified++
		}
	}
	slices.Sort(sources)
	return append(buf, ']'), sources, unverified, nil
}

func (l *load) putLink(ctx context.Context, x *kg.Link) error {
	from, err := l.nodeRow(ctx, x.From)
	if err != nil {
		return err
	}
	to, err := l.nodeRow(ctx, x.To)
	if err != nil {
		return err
	}
	raw, keys, unverified, err := l.evidence(ctx, l.buf[:0], x.Evidence)
	if err != nil {
		return err
	}
	l.buf = raw
	evidence := string(raw)
	var sources []byte
	for i, k := range keys {
		if i > 0 {
			sources = append(sources, ' ')
		}
		sources = strconv.AppendInt(sources, k, 10)
	}
	created, updated := l.times(x.CreatedAt, x.UpdatedAt)
	_, isNew, err := inserted(l.insertLink.ExecContext(ctx, x.ID, x.Kind, from, to, x.Role, string(x.Since), string(x.Until), evidence,
		string(sources), unverified, int64(created), int64(updated), l.seq))
	if err != nil || isNew {
		return err
	}
	var row, oldCreated, oldUpdated int64
	var kind string
	var same bool
	if err := l.tx.QueryRowContext(ctx, `SELECT k, kind, from_k=? AND to_k=? AND role=? AND since=? AND until=? AND evidence=?, createdAt, updatedAt FROM link WHERE id=?`,
		from, to, x.Role, string(x.Since), string(x.Until), evidence, x.ID).Scan(&row, &kind, &same, &oldCreated, &oldUpdated); err != nil {
		return err
	}
	if kind != x.Kind {
		return kg.Errorf(kg.Conflict, "%s is a %s in the store; give the %s another id", x.ID, kind, x.Kind)
	}
	created, updated = keepTimes(x.CreatedAt, x.UpdatedAt, kg.Time(oldCreated), kg.Time(oldUpdated), same, l.now)
	if same && int64(created) == oldCreated && int64(updated) == oldUpdated {
		return nil
	}
	_, err = l.tx.ExecContext(ctx, `UPDATE link SET from_k=?, to_k=?, role=?, since=?, until=?, evidence=?, sources=?, unverified=?, createdAt=?, updatedAt=?, rev=? WHERE k=?`,
		from, to, x.Role, string(x.Since), string(x.Until), evidence, string(sources), unverified, int64(created), int64(updated), l.seq, row)
	return err
}

// Commit makes the load durable and, where somebody has read before, readable.
func (l *load) Commit(ctx context.Context) error {
	if l.done {
		return kg.Errorf(kg.Internal, "the load has ended")
	}
	err := l.tx.Commit()
	l.finish()
	if err != nil {
		return storeError(ctx, err)
	}
	if l.s.image.Load() == nil {
		return nil
	}
	_, err = l.s.rebuild(ctx)
	return err
}

// Rollback undoes the load, unless it is committed.
func (l *load) Rollback() error {
	if l.done {
		return nil
	}
	defer l.finish()
	if l.tx == nil {
		return nil
	}
	return rollback(l.tx)
}

func (l *load) finish() {
	if !l.done {
		l.done = true
		<-l.s.loads
	}
}
