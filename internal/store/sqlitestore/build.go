package sqlitestore

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/sync/errgroup"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/memgraph"
)

// This file makes the version of the graph that the file holds from an older one, which may be empty: only rows that
// are new or changed are read.

// The statements that read rows.
const (
	headSQL = `SELECT (SELECT value FROM meta WHERE key = 'seq'), (SELECT value FROM meta WHERE key = 'changedFrom'),
		max(coalesce((SELECT max(k) FROM source), 0), coalesce((SELECT value FROM meta WHERE key = 'source'), 0)),
		max(coalesce((SELECT max(k) FROM node), 0), coalesce((SELECT value FROM meta WHERE key = 'node'), 0)),
		max(coalesce((SELECT max(k) FROM link), 0), coalesce((SELECT value FROM meta WHERE key = 'link'), 0)),
		(SELECT value FROM meta WHERE key = 'sourceRows'), (SELECT value FROM meta WHERE key = 'nodeRows'), (SELECT value FROM meta WHERE key = 'linkRows')`
	changedSQL    = `SELECT k FROM changed WHERE what = ? AND seq > ?`
	sourceColumns = `SELECT ` + sourceSummed + `, sum, text FROM source WHERE k `
	nodeColumns   = `SELECT ` + nodeSummed + `, sum FROM node WHERE k `
	// a row costs the driver 2 µs, and joined by SQLite into one text of many rows half of that
	linkColumns = `SELECT group_concat(concat_ws(char(31), ` + linkSummed + `, sum), char(30)) FROM link WHERE k `
	between     = `BETWEEN ? AND ?`
	listed      = `IN (SELECT value FROM json_each(?))`
	sourceSQL   = sourceColumns + between
	nodeSQL     = nodeColumns + between
	linkSQL     = linkColumns + between
	sourcesSQL  = sourceColumns + listed
	nodesSQL    = nodeColumns + listed
	linksSQL    = linkColumns + listed
)

// What a row of the table changed speaks of.
const (
	changedSource = iota
	changedNode
	changedLink
)

// tables are their names.
var tables = [...]string{changedSource: "source", changedNode: "node", changedLink: "link"}

// linkChunk is how many links one statement reads.
const linkChunk = 4096

// head is what a state of the file is known by.
type head struct {
	seq, changedFrom     int64
	sources, nodes, link int64 // largest keys, of rows that are gone too
	rows                 rowCounts
}

// rowCounts is how many rows each table holds; what is changed is the index.
type rowCounts [3]int64

func readHead(ctx context.Context, tx *sql.Tx) (h head, err error) {
	row := tx.QueryRowContext(ctx, headSQL)
	var n [8]sql.NullInt64
	if err = row.Scan(&n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7]); err != nil {
		return h, err
	}
	if slices.ContainsFunc(n[:], func(v sql.NullInt64) bool { return !v.Valid }) {
		return h, &damage{what: "table meta"}
	}
	h = head{n[0].Int64, n[1].Int64, n[2].Int64, n[3].Int64, n[4].Int64, rowCounts{n[5].Int64, n[6].Int64, n[7].Int64}}
	if !h.fits() {
		err = memgraph.ErrTooLarge
	}
	return h, err
}

// fits reports whether a graph can name every row.
func (h *head) fits() bool { return max(h.sources, h.nodes, h.link) <= memgraph.MaxKey }

// advance makes the version of what the file holds now. It returns old itself when nothing has changed.
func advance(ctx context.Context, cat *catalog.Catalog, db *sql.DB, old *memgraph.Graph) (*memgraph.Graph, error) {
	txs, h, err := states(ctx, db)
	defer func() {
		for _, tx := range txs {
			_ = tx.Rollback() // it only reads
		}
	}()
	if err != nil {
		return nil, err
	}
	if old != nil && old.Seq() == h.seq {
		return old, complete(old, &h.rows)
	}
	graph, err := follow(ctx, cat, txs, &h, old)
	if err != nil {
		return nil, err
	}
	return graph, complete(graph, &h.rows)
}

// follow makes the version of what transactions see: from an older one where that is possible, else from nothing.
func follow(
	ctx context.Context, cat *catalog.Catalog, txs []*sql.Tx, h *head, old *memgraph.Graph,
) (*memgraph.Graph, error) {
	if old == nil || old.Seq() < h.changedFrom || old.Seq() > h.seq {
		old = memgraph.New(cat)
	}
	r := &rowReader{Builder: memgraph.NewBuilder(old, h.seq), cat: cat}
	if err := r.read(ctx, txs, h, old); err != nil {
		return nil, err
	}
	return r.Build(), nil
}

// complete reports a graph that lacks rows which were written: pages of the file are gone, or are others.
func complete(graph *memgraph.Graph, want *rowCounts) error {
	n := graph.Counts()
	return want.hold(&rowCounts{changedSource: n.Sources, changedNode: n.Nodes, changedLink: n.Links})
}

// hold reports rows that are missing of those that were written.
func (want *rowCounts) hold(held *rowCounts) error {
	for i, n := range held {
		if n != want[i] {
			return &damage{what: tables[i] + "s", lost: true, held: n, want: want[i]}
		}
	}
	return nil
}

// states begins two transactions on one state of the file, so that two processors can read.
func states(ctx context.Context, db *sql.DB) (txs []*sql.Tx, h head, err error) {
	for try := 0; ; try++ {
		for len(txs) < 2 {
			tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
			if err != nil {
				return txs, h, err
			}
			txs = append(txs, tx)
		}
		var second head
		if h, err = readHead(ctx, txs[0]); err == nil {
			second, err = readHead(ctx, txs[1])
		}
		if err != nil || h == second {
			return txs, h, err
		}
		if try == 8 { // others write all the time: one will do
			return txs[:1], h, txs[1].Rollback()
		}
		_ = txs[0].Rollback()
		txs = append(txs[:0], txs[1])
	}
}

// rowReader adds rows to a builder.
type rowReader struct {
	*memgraph.Builder
	cat  *catalog.Catalog
	node memgraph.Node
	vals map[string]json.RawMessage // of node
	link memgraph.Link
	role []byte // of link
}

// read reads what is new or changed.
func (b *rowReader) read(ctx context.Context, txs []*sql.Tx, h *head, old *memgraph.Graph) error {
	var keys [3][]uint32
	var changed [3]string // as JSON, for the statements
	had := old.Largest()
	for what, largest := range [...]int64{changedSource: had.Sources, changedNode: had.Nodes, changedLink: had.Links} {
		list, err := changes(ctx, txs[0], what, old.Seq())
		if err != nil {
			return err
		}
		// what is behind the old rows is read as new
		keys[what] = slices.DeleteFunc(list, func(k uint32) bool { return int64(k) > largest })
		if len(keys[what]) > 0 {
			j, err := json.Marshal(keys[what])
			if err != nil {
				return err
			}
			changed[what] = string(j)
		}
	}
	b.Reserve(memgraph.Counts{Sources: h.sources, Nodes: h.nodes, Links: h.link},
		memgraph.Keys{Sources: keys[changedSource], Nodes: keys[changedNode], Links: keys[changedLink]})
	// one transaction reads sources and nodes and then helps the others with the links. Nodes and links are taken in
	// side by side, so they share no list
	g, ctx := errgroup.WithContext(ctx)
	chunks := make(chan []byte, 4)
	var mu sync.Mutex
	next := had.Links + 1
	first := true
	readLinks := func(tx *sql.Tx) error {
		for {
			mu.Lock()
			from := next
			next += linkChunk
			list := first && changed[changedLink] != ""
			first = false
			mu.Unlock()
			if list {
				if err := joined(ctx, tx, chunks, linksSQL, changed[changedLink]); err != nil {
					return err
				}
			}
			if from > h.link {
				return nil
			}
			if err := joined(ctx, tx, chunks, linkSQL, from, from+linkChunk-1); err != nil {
				return err
			}
		}
	}
	var readers errgroup.Group
	readers.Go(func() error {
		if err := b.readSources(ctx, txs[0], had.Sources+1, changed[changedSource]); err != nil {
			return err
		}
		if err := b.readNodes(ctx, txs[0], had.Nodes+1, changed[changedNode]); err != nil {
			return err
		}
		return readLinks(txs[0])
	})
	for _, tx := range txs[1:] {
		readers.Go(func() error { return readLinks(tx) })
	}
	g.Go(func() error { defer close(chunks); return readers.Wait() })
	g.Go(func() error {
		for c := range chunks {
			if err := b.parseLinks(c); err != nil {
				return err
			}
		}
		return nil
	})
	return g.Wait()
}

// changes lists the keys of rows that were there before and were changed or deleted since a seq.
func changes(ctx context.Context, tx *sql.Tx, what int, since int64) ([]uint32, error) {
	rows, err := tx.QueryContext(ctx, changedSQL, what, since)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err reports it
	var keys []uint32
	for rows.Next() {
		var k uint32
		if err := rows.Scan(&k); err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, rows.Err()
}

// each calls f for the rows of a table with keys from a first one on, and for those listed.
func each(ctx context.Context, tx *sql.Tx, ranged string, first int64, listed, list string,
	f func(*sql.Rows) error,
) error {
	run := func(query string, args ...any) error {
		rows, err := tx.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // rows.Err reports it
		for rows.Next() {
			if err := f(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	}
	if list != "" {
		if err := run(listed, list); err != nil {
			return err
		}
	}
	return run(ranged, first, int64(memgraph.MaxKey))
}

func (b *rowReader) readSources(ctx context.Context, tx *sql.Tx, first int64, list string) error {
	var sums summer
	return each(ctx, tx, sourceSQL, first, sourcesSQL, list, func(rows *sql.Rows) error {
		var s memgraph.Source
		var list string
		var sum int64
		err := rows.Scan(&s.Key, &s.ID, &s.Title, &s.URL, &s.Kind, &s.Publisher, &list, &s.PublishedOn, &s.ContentHash,
			&sum, &s.Text)
		switch {
		case err != nil:
			err = unreadable(err)
		case sums.of(int64(s.Key), s.ID, s.Title, s.URL, s.Kind, s.Publisher, list, s.PublishedOn,
			s.ContentHash) != sum:
			err = &damage{what: "source", id: s.ID}
		}
		if err == nil {
			err = json.Unmarshal([]byte(list), &s.Authors)
		}
		if err != nil {
			return err
		}
		return b.AddSource(&s)
	})
}

func (b *rowReader) readNodes(ctx context.Context, tx *sql.Tx, first int64, list string) error {
	var id, typ, name, desc, aliases, ext, former, props sql.RawBytes
	var sums summer
	return each(ctx, tx, nodeSQL, first, nodesSQL, list, func(rows *sql.Rows) error {
		var r nodeRow
		var sum int64
		if err := rows.Scan(&r.key, &id, &typ, &name, &desc, &aliases, &ext, &former, &props, &r.created, &r.updated,
			&sum); err != nil {
			return unreadable(err)
		}
		sums.addInt(r.key)
		sums.addAll(id, typ, name, desc, aliases, ext, former, props)
		sums.addInt(r.created)
		sums.addInt(r.updated)
		if sums.sum() != sum {
			return &damage{what: "entity", id: string(id)}
		}
		r.id, r.typ, r.name, r.desc, r.aliases, r.ext, r.former, r.props = view(id), view(typ), view(name), view(desc), view(aliases), view(ext),
			view(former), view(props)
		return b.addNode(&r)
	})
}

// nodeRow is a row of the table node.
type nodeRow struct {
	key                                              int64
	id, typ, name, desc, aliases, ext, former, props string
	created, updated                                 int64 // milliseconds since 1970
}

// addNode adds an entity.
func (b *rowReader) addNode(r *nodeRow) error {
	n := &b.node
	*n = memgraph.Node{
		Key: uint32(r.key),
		ID:  r.id, Type: r.typ, Name: r.name, Description: r.desc, Aliases: n.Aliases[:0], ExternalIDs: n.ExternalIDs[:0], FormerIDs: n.FormerIDs[:0], Props: b.vals, Created: r.created, Updated: r.updated,
	}
	if r.aliases != "" {
		if err := json.Unmarshal([]byte(r.aliases), &n.Aliases); err != nil {
			return err
		}
	}
	if r.ext != "" {
		if err := json.Unmarshal([]byte(r.ext), &n.ExternalIDs); err != nil {
			return err
		}
	}
	if r.former != "" {
		if err := json.Unmarshal([]byte(r.former), &n.FormerIDs); err != nil {
			return err
		}
	}
	clear(b.vals)
	if r.props != "" {
		if err := json.Unmarshal([]byte(r.props), &b.vals); err != nil {
			return err
		}
		n.Props = b.vals
	}
	return b.AddNode(n)
}

// joined sends the links of one statement.
func joined(ctx context.Context, tx *sql.Tx, to chan<- []byte, query string, args ...any) error {
	var chunk []byte
	if err := tx.QueryRowContext(ctx, query, args...).Scan(&chunk); err != nil || len(chunk) == 0 {
		return err
	}
	select {
	case to <- chunk:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// errLinkRow is the error for a row of links that does not even have an id.
var errLinkRow = &damage{what: "link"}

// parseLinks reads links as linkColumns has joined them.
func (b *rowReader) parseLinks(chunk []byte) error {
	var f [15][]byte
	for len(chunk) > 0 {
		row := chunk
		if i := bytes.IndexByte(chunk, 30); i >= 0 {
			row, chunk = chunk[:i], chunk[i+1:]
		} else {
			chunk = nil
		}
		whole := row
		for i := range f {
			j := bytes.IndexByte(row, sumSeparator)
			if (j < 0) != (i == len(f)-1) {
				return errLinkRow
			}
			if j < 0 {
				j = len(row)
			}
			f[i] = row[:j]
			row = row[min(j+1, len(row)):]
		}
		sum := f[len(f)-1]
		if n, err := strconv.ParseInt(view(sum), 10, 64); err != nil || len(sum) == len(whole) ||
			sumOf(whole[:len(whole)-len(sum)-1]) != n {
			return &damage{what: "link", id: string(f[1])}
		}
		if err := b.parseLink(&f); err != nil {
			return err
		}
	}
	return nil
}

func (b *rowReader) parseLink(f *[15][]byte) error {
	role, err := hex.AppendDecode(b.role[:0], f[5])
	if err != nil {
		return err
	}
	b.role = role
	r := linkRow{
		key: number(f[0]), id: view(f[1]), kind: view(f[2]), from: number(f[3]), to: number(f[4]), role: view(role), since: view(f[6]), until: view(f[7]),
		sources: view(f[8]), refuters: view(f[9]), unverified: number(f[10]), created: number(f[11]), updated: number(f[12]), quoted: number(f[13]),
	}
	return b.addLink(&r)
}

// linkRow is a row of the table link without its evidence.
type linkRow struct {
	key, from, to                int64
	id, kind, role, since, until string
	sources, refuters            string
	unverified, quoted           int64
	created, updated             int64 // milliseconds since 1970
}

// addLink adds a link.
func (b *rowReader) addLink(r *linkRow) error {
	if min(r.key, r.from, r.to) <= 0 || max(r.key, r.from, r.to) > memgraph.MaxKey {
		return errLinkRow
	}
	l := &b.link
	*l = memgraph.Link{
		Key: uint32(r.key), From: uint32(r.from), To: uint32(r.to),
		ID: r.id, Kind: r.kind, Role: r.role, Since: r.since, Until: r.until, Sources: keysOf(l.Sources[:0],
			r.sources), Refuters: keysOf(l.Refuters[:0], r.refuters),
		Unverified: r.unverified, Quoted: r.quoted, Created: r.created, Updated: r.updated,
	}
	err := b.AddLink(l)
	if errors.Is(err, memgraph.ErrLink) {
		return errLinkRow
	}
	return err
}

// keysOf appends the keys of a list of them.
func keysOf(to []uint32, list string) []uint32 {
	for s := range strings.FieldsSeq(list) {
		to = append(to, uint32(number(s)))
	}
	return to
}

// number reads a decimal number, 0 where there is none.
func number[T string | []byte](s T) int64 {
	if len(s) == 0 {
		return 0
	}
	neg := s[0] == '-'
	if neg {
		s = s[1:]
	}
	var n int64
	for i := range len(s) {
		c := s[i]
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + int64(c-'0')
	}
	if neg {
		return -n
	}
	return n
}

// view is a string over bytes that do not change while it is used.
func view(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b)) //nolint:gosec // see above
}
