package sqlitestore

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/text"
)

// This file makes an image of the file as it is from an older image, which may be empty: only rows that are new or
// changed are read, what was in order stays in order, and the rest is counting.

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
		err = errTooLarge()
	}
	return h, err
}

// fits reports whether an image can name every row.
func (h *head) fits() bool { return max(h.sources, h.nodes, h.link) < severalSources }

func errTooLarge() error {
	return kg.Errorf(kg.Unavailable, "the store holds more than fits in memory")
}

// builder is an image in the making.
type builder struct {
	*image
	old                *image
	roleKeys, dateKeys map[string]uint32
	// rows that are new or are not what they were, and rows of the old image that are gone or are not what they were. What
	// has its texts, ends, kind and sources still is in neither: all that follows from those stays as it is.
	freshNodes, freshLinks          []uint32
	goneNodes, goneLinks            bits
	nodeWaste, linkWaste            int64 // what image.wasted grows by; nodes and links are read side by side
	byIDs, names, externals, outers []entry
	goneSources                     bits                       // sources whose rows are not what they were
	sourceWords                     wordNotes                  // of new sources
	vals                            map[string]json.RawMessage // for addNode
	role                            []byte                     // for parseLink
}

// newBuilder begins an image of a seq on what an old one holds.
func newBuilder(old *image, seq int64) *builder {
	cat := old.cat
	b := &builder{
		image: &image{cat: cat, seq: seq, byType: make([][]uint32, len(old.byType))}, old: old,
		roleKeys: make(map[string]uint32, len(old.roles)), dateKeys: make(map[string]uint32, len(old.dates)), vals: map[string]json.RawMessage{},
	}
	// these only grow at their end, where no reader of the old image looks; builds follow one another
	b.texts, b.ids, b.more, b.born, b.stamps, b.dates, b.roles = old.texts, old.ids, old.more, old.born, old.stamps, old.dates, old.roles
	for i, r := range b.roles {
		b.roleKeys[r] = uint32(i) //nolint:gosec // keys are below 2³¹
	}
	for i, d := range b.dates {
		b.dateKeys[d.text] = uint32(i) //nolint:gosec // see above
	}
	return b
}

// empty is the image of nothing.
func empty(cat *catalog.Catalog) *image {
	return &image{
		cat: cat, byType: make([][]uint32, cat.Source.Index+1), nodes: make([]node, 1), links: make([]link, 1), sources: make([]source, 1),
		dates: []date{{from: kg.MinDay, to: kg.MaxDay}}, roles: []string{""}, born: []int64{0}, stamps: []int64{0},
	}
}

// advance makes the image of what the file holds now. It gives old itself when nothing has changed.
func advance(ctx context.Context, cat *catalog.Catalog, db *sql.DB, old *image) (*image, error) {
	txs, h, err := states(ctx, db)
	defer func() {
		for _, tx := range txs {
			_ = tx.Rollback() // it only reads
		}
	}()
	if err != nil {
		return nil, err
	}
	if old == nil || old.seq < h.changedFrom || old.seq > h.seq {
		old = empty(cat)
	} else if old.seq == h.seq {
		return old, old.complete(&h.rows)
	}
	b := newBuilder(old, h.seq)
	if err := b.read(ctx, txs, &h); err != nil {
		return nil, err
	}
	if err := b.complete(&h.rows); err != nil {
		return nil, err
	}
	b.derive()
	return b.image, nil
}

// complete reports an image that lacks rows which were written: pages of the file are gone, or are others.
func (im *image) complete(want *rowCounts) error {
	var held rowCounts
	for i := range im.sources {
		if im.sources[i].id != "" {
			held[changedSource]++
		}
	}
	for i := range im.nodes {
		if im.nodes[i].typ != 0 {
			held[changedNode]++
		}
	}
	for i := range im.links {
		if im.links[i].from != 0 {
			held[changedLink]++
		}
	}
	return want.hold(&held)
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

// grown copies a list and makes room up to a largest key.
func grown[T any](old []T, largest int64) []T {
	list := make([]T, max(int64(len(old)), largest+1))
	copy(list, old)
	return list
}

// read reads what is new or changed.
func (b *builder) read(ctx context.Context, txs []*sql.Tx, h *head) error {
	old := b.old
	b.nodes, b.links, b.sources = grown(old.nodes, h.nodes), old.links, grown(old.sources, h.sources)
	// a guess that is about right spares copies while they grow
	more := h.nodes + 1 - int64(len(old.nodes))
	b.texts = slices.Grow(b.texts, int(more)*128)
	b.byIDs, b.names, b.freshNodes = make([]entry, 0, more), make([]entry, 0, more), make([]uint32, 0, more)
	more = h.link + 1 - int64(len(old.links))
	b.ids, b.freshLinks = slices.Grow(b.ids, int(more)*24), make([]uint32, 0, more)
	var changed [3]string // as JSON, for the statements
	for what := range changed {
		keys, err := changes(ctx, txs[0], what, old.seq)
		if err != nil {
			return err
		}
		// what is behind the old rows is read as new
		count := [...]int{len(old.sources), len(old.nodes), len(old.links)}[what]
		keys = slices.DeleteFunc(keys, func(k uint32) bool { return int(k) >= count })
		switch what {
		case changedSource:
			b.goneSources = make(bits, len(b.sources)/64+1)
			for _, k := range keys {
				b.goneSources.add(k)
				b.sources[k] = source{}
			}
		case changedNode:
			b.goneNodes = b.image.bits(keys)
			for _, k := range keys {
				b.nodes[k] = node{}
			}
		case changedLink:
			if len(keys) == 0 && more == 0 {
				break // the links stay the old image's: nothing of them is written to
			}
			b.links = grown(old.links, h.link)
			b.goneLinks = make(bits, len(b.links)/64+1)
			for _, k := range keys {
				b.goneLinks.add(k)
				b.links[k] = link{}
			}
		}
		if len(keys) > 0 {
			j, err := json.Marshal(keys)
			if err != nil {
				return err
			}
			changed[what] = string(j)
		}
	}
	// one transaction reads sources and nodes and then helps the others with the links. Nodes and links are taken in side by
	// side, so they share no list
	g, ctx := errgroup.WithContext(ctx)
	chunks := make(chan []byte, 4)
	var mu sync.Mutex
	next := int64(len(old.links))
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
		if err := b.readSources(ctx, txs[0], int64(len(old.sources)), changed[changedSource]); err != nil {
			return err
		}
		if err := b.readNodes(ctx, txs[0], int64(len(old.nodes)), changed[changedNode]); err != nil {
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
func each(ctx context.Context, tx *sql.Tx, ranged string, first int64, listed, list string, f func(*sql.Rows) error) error {
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
	return run(ranged, first, int64(severalSources))
}

func (b *builder) readSources(ctx context.Context, tx *sql.Tx, first int64, list string) error {
	var sums summer
	err := each(ctx, tx, sourceSQL, first, sourcesSQL, list, func(rows *sql.Rows) error {
		var s source
		var key uint32
		var list, body string
		var sum int64
		err := rows.Scan(&key, &s.id, &s.title, &s.url, &s.kind, &s.publisher, &list, &s.published, &s.hash, &sum, &body)
		switch {
		case err != nil:
			err = unreadable(err)
		case sums.of(int64(key), s.id, s.title, s.url, s.kind, s.publisher, list, s.published, s.hash) != sum:
			err = &damage{what: "source", id: s.id}
		}
		if err == nil {
			s.authors, err = authors(list)
		}
		if err != nil {
			return err
		}
		s.complete()
		b.sources[key] = s
		b.noteSource(key, s.title, body)
		return nil
	})
	b.findSources()
	return err
}

// noteSource notes the words of a new source, or of one that has changed.
func (b *builder) noteSource(key uint32, title, body string) {
	d := text.NewSourceDoc(title, body)
	b.sourceWords.add(key, &d)
}

// authors are a source's authors as an image keeps them.
func authors(list string) (string, error) {
	var names []string
	err := json.Unmarshal([]byte(list), &names)
	return strings.Join(names, "\x00"), err
}

// complete fills in what follows from the rest.
func (s *source) complete() {
	s.sortKey = text.SortKey(s.title)
	s.from, s.to = kg.PartialDate(s.published).Interval()
}

// findSources makes what finds sources by id and title. There are few.
func (im *image) findSources() {
	im.sourceByID, im.sourceByName = make(map[string]uint32, len(im.sources)), make(map[string][]uint32, len(im.sources))
	for i := range im.sources {
		s := &im.sources[i]
		if s.id == "" {
			continue
		}
		key := uint32(i) //nolint:gosec // keys are below 2³¹
		im.sourceByID[s.id] = key
		name := text.Fold(s.title)
		im.sourceByName[name] = append(im.sourceByName[name], key)
	}
}

func (b *builder) readNodes(ctx context.Context, tx *sql.Tx, first int64, list string) error {
	var id, typ, name, desc, aliases, ext, props sql.RawBytes
	var sums summer
	return each(ctx, tx, nodeSQL, first, nodesSQL, list, func(rows *sql.Rows) error {
		var r nodeRow
		var sum int64
		if err := rows.Scan(&r.key, &id, &typ, &name, &desc, &aliases, &ext, &props, &r.created, &r.updated, &sum); err != nil {
			return unreadable(err)
		}
		sums.addInt(r.key)
		sums.addAll(id, typ, name, desc, aliases, ext, props)
		sums.addInt(r.created)
		sums.addInt(r.updated)
		if sums.sum() != sum {
			return &damage{what: "entity", id: string(id)}
		}
		r.id, r.typ, r.name, r.desc, r.aliases, r.ext, r.props = view(id), view(typ), view(name), view(desc), view(aliases), view(ext), view(props)
		return b.addNode(&r)
	})
}

// nodeRow is a row of the table node. Its texts may change once addNode has returned.
type nodeRow struct {
	key                                      int64
	id, typ, name, desc, aliases, ext, props string
	created, updated                         int64 // milliseconds since 1970
}

// addNode takes in a node whose place in nodes is there.
func (b *builder) addNode(r *nodeRow) error {
	t := b.cat.TypeOf(r.typ)
	if t == nil || !t.IsEntity() {
		return kg.Errorf(kg.Unavailable, "the store holds nodes of type %s, which the schema does not declare", r.typ)
	}
	key := uint32(r.key) //nolint:gosec // checked by head.fits
	n := node{text: uint64(len(b.texts)), typ: t.Index}
	n.created, n.updated = stamp(&b.born, r.created), stamp(&b.born, r.updated)
	b.put(r.id)
	b.put(r.name)
	b.put(text.SortKey(r.name))
	b.put(r.desc)
	var aliases []string
	if r.aliases != "" {
		if err := json.Unmarshal([]byte(r.aliases), &aliases); err != nil {
			return err
		}
	}
	b.put(strings.Join(aliases, "\x00"))
	var ids []kg.ExternalID
	if r.ext != "" {
		if err := json.Unmarshal([]byte(r.ext), &ids); err != nil {
			return err
		}
	}
	b.put(kg.ExternalIDsValue(ids).Str)
	clear(b.vals)
	if r.props != "" {
		if err := json.Unmarshal([]byte(r.props), &b.vals); err != nil {
			return err
		}
	}
	if err := b.putProps(&n, t, b.vals); err != nil {
		return err
	}
	b.nodes[key] = n
	if b.stayed(key) {
		return nil
	}
	b.byIDs = append(b.byIDs, entry{hash(r.id), key})
	if f := text.Fold(r.id); f != r.id {
		b.outers = append(b.outers, entry{hash(f), key})
	}
	b.names = append(b.names, entry{hash(text.Fold(r.name)), key})
	for _, a := range aliases {
		b.names = append(b.names, entry{hash(text.Fold(a)), key})
	}
	for _, x := range ids {
		b.externals = append(b.externals, entry{hash(x.Scheme + "\x00" + x.Value), key})
		b.outers = append(b.outers, entry{hash(text.Fold(x.Value)), key})
	}
	b.freshNodes = append(b.freshNodes, key)
	return nil
}

// stayed reports whether the texts of a node that was read last are those it had, which then are its texts again.
func (b *builder) stayed(key uint32) bool {
	if int(key) >= len(b.old.nodes) || b.old.nodes[key].typ == 0 {
		return false
	}
	n, was := &b.nodes[key], &b.old.nodes[key]
	before, now := b.textsOf(was), b.texts[n.text:]
	if n.typ != was.typ || !bytes.Equal(before, now) {
		b.nodeWaste += int64(len(before))
		return false
	}
	b.texts = b.texts[:n.text]
	n.text = was.text
	b.goneNodes.remove(key)
	return true
}

// put appends a text of a node.
func (b *builder) put(s string) {
	b.texts = binary.AppendUvarint(b.texts, uint64(len(s)))
	b.texts = append(b.texts, s...)
}

// putProps appends the type's own properties, and sets the date interval they make.
func (b *builder) putProps(n *node, t *catalog.Type, vals map[string]json.RawMessage) error {
	dates := map[*catalog.Prop]string{}
	for _, p := range t.Props {
		raw, ok := vals[p.Name]
		if !ok {
			b.put("")
			continue
		}
		if raw[0] == '"' {
			s, ok := plainJSON(raw)
			if !ok {
				if err := json.Unmarshal(raw, &s); err != nil {
					return err
				}
			}
			b.put(s)
			if p == t.DateProp || p == t.UntilProp {
				dates[p] = s
			}
			continue
		}
		if _, err := parseProp(p, raw); err != nil {
			return err
		}
		b.put(string(raw))
	}
	n.from, n.to, n.dated = interval(t, func(p *catalog.Prop) string { return dates[p] })
	return nil
}

// plainJSON is the text of a JSON string without escapes.
func plainJSON(raw []byte) (string, bool) {
	if bytes.IndexByte(raw, '\\') >= 0 {
		return "", false
	}
	return string(raw[1 : len(raw)-1]), true
}

func parseProp(p *catalog.Prop, raw []byte) (kg.Value, error) {
	switch p.Kind {
	case catalog.Int:
		n, err := strconv.ParseInt(string(raw), 10, 64)
		return kg.IntValue(n), err
	case catalog.Float:
		f, err := strconv.ParseFloat(string(raw), 64)
		return kg.FloatValue(f), err
	case catalog.Bool:
		return kg.BoolValue(string(raw) == "true"), nil
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return kg.StringValue(s), err
}

// interval is the date interval of a record of type t: see kg.Span.
func interval(t *catalog.Type, get func(*catalog.Prop) string) (from, to kg.Day, known bool) {
	if t.DateProp == nil {
		return 0, 0, false
	}
	ended := kg.PartialDate("")
	if t.UntilProp != nil {
		ended = kg.PartialDate(get(t.UntilProp))
	}
	return kg.Span(kg.PartialDate(get(t.DateProp)), ended)
}

// stamp keeps an instant. Those of one load are mostly the same two, so only the last two are looked at.
func stamp(to *[]int64, t int64) uint32 {
	if t == 0 {
		return 0
	}
	for i := len(*to) - 1; i > max(0, len(*to)-3); i-- {
		if (*to)[i] == t {
			return uint32(i) //nolint:gosec // twice the records, which are below 2³¹
		}
	}
	*to = append(*to, t)
	return uint32(len(*to) - 1) //nolint:gosec // see above
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
func (b *builder) parseLinks(chunk []byte) error {
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
		if n, err := strconv.ParseInt(view(sum), 10, 64); err != nil || len(sum) == len(whole) || sumOf(whole[:len(whole)-len(sum)-1]) != n {
			return &damage{what: "link", id: string(f[1])}
		}
		if err := b.parseLink(&f); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) parseLink(f *[15][]byte) error {
	role, err := hex.AppendDecode(b.role[:0], f[5])
	if err != nil {
		return err
	}
	b.role = role
	r := linkRow{
		key: number(f[0]), id: view(f[1]), kind: view(f[2]), from: number(f[3]), to: number(f[4]), role: view(role), since: view(f[6]), until: view(f[7]),
		sources: view(f[8]), refuters: view(f[9]), unverified: number(f[10]), created: number(f[11]), updated: number(f[12]), quoted: number(f[13]),
	}
	if r.key == 0 {
		return errLinkRow
	}
	return b.addLink(&r)
}

// linkRow is a row of the table link without its evidence. Its texts may change once addLink has returned.
type linkRow struct {
	key, from, to                int64
	id, kind, role, since, until string
	sources, refuters            string
	unverified, quoted           int64
	created, updated             int64 // milliseconds since 1970
}

// addLink takes in a link whose place in links is there, and whose ends are known to be.
func (b *builder) addLink(r *linkRow) error {
	if r.key >= int64(len(b.links)) || r.from == 0 || r.from >= int64(len(b.nodes)) || r.to == 0 || r.to >= int64(len(b.nodes)) || len(r.id) > 255 {
		return errLinkRow
	}
	kind := b.cat.Kind(r.kind)
	if kind == nil {
		return kg.Errorf(kg.Unavailable, "the store holds links of kind %s, which the schema does not declare", r.kind)
	}
	if len(b.ids) > 1<<32-512 {
		return errTooLarge()
	}
	key := uint32(r.key)                                                                                        //nolint:gosec // checked by head.fits
	l := link{kind: kind.Index, from: uint32(r.from), to: uint32(r.to), proof: proofOf(r.unverified, r.quoted)} //nolint:gosec // checked above
	var was link                                                                                                // what it was, if it was there
	if int(key) < len(b.old.links) {
		was = b.old.links[key]
	}
	if was.from != 0 && b.idAt(was.id) == r.id {
		l.id = was.id
	} else {
		l.id = uint32(len(b.ids)) //nolint:gosec // checked above
		b.ids = append(append(b.ids, byte(len(r.id))), r.id...)
	}
	var ok bool
	if l.role, ok = b.roleKeys[r.role]; !ok {
		role := strings.Clone(r.role)
		l.role = uint32(len(b.roles)) //nolint:gosec // keys are below 2³¹
		b.roles = append(b.roles, role)
		b.roleKeys[role] = l.role
	}
	l.since, l.until = b.date(r.since), b.date(r.until)
	if one := number(r.sources); one > 0 && r.refuters == "" {
		l.source = uint32(one) //nolint:gosec // checked by head.fits
	} else if r.sources != "" || r.refuters != "" {
		at := len(b.more)
		l.source = severalSources | uint32(at) //nolint:gosec // fewer than links times their evidence
		supporting, refuting := b.addSources(r.sources), 0
		if r.refuters != "" {
			refuting = b.addSources(r.refuters)
		}
		l.standing = kg.StandingOf(supporting, refuting)
		if was.standing == l.standing && slices.Equal(b.ownMore(&was), b.more[at:]) {
			b.more, l.source = b.more[:at], was.source
		}
	}
	l.created, l.updated = stamp(&b.stamps, r.created), stamp(&b.stamps, r.updated)
	b.links[key] = l
	if was.from == l.from && was.to == l.to && was.kind == l.kind && was.source == l.source && was.standing == l.standing && was.id == l.id {
		b.goneLinks.remove(key)
		return nil
	}
	if was.from != 0 && was.id != l.id {
		b.linkWaste += int64(1 + len(b.idAt(was.id)))
	}
	if was.source != l.source {
		b.linkWaste += int64(4 * len(b.ownMore(&was)))
	}
	b.freshLinks = append(b.freshLinks, key)
	return nil
}

// addSources appends a list of sources as image.more holds it, and returns their number.
func (b *builder) addSources(list string) int {
	b.more = append(b.more, 0)
	at := len(b.more)
	for s := range strings.FieldsSeq(list) {
		b.more = append(b.more, uint32(number(s))) //nolint:gosec // checked by head.fits
	}
	slices.Sort(b.more[at:])
	n := len(b.more) - at
	b.more[at-1] = uint32(n) //nolint:gosec // at most 1,000
	return n
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

func (b *builder) date(s string) uint32 {
	k, ok := b.dateKeys[s]
	if !ok {
		k = uint32(len(b.dates)) //nolint:gosec // there are 4 million dates
		d := date{text: strings.Clone(s)}
		d.from, d.to = kg.PartialDate(d.text).Interval()
		b.dates = append(b.dates, d)
		b.dateKeys[d.text] = k
	}
	return k
}
