package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"runtime/debug"
	"strings"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/memgraph"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/store"
)

// Atomic is true: a load is one transaction.
func (s *Store) Atomic() bool { return true }

// load is one transaction on the file.
type load struct {
	s       *Store
	conn    *sql.Conn
	tx      *sql.Tx
	now     kg.Time
	seq     int64
	own     store.OwnNames // that its records use
	done    bool
	wrote   int64     // rows that are new, changed or gone
	begun   head      // what there was when it began
	dropped rowCounts // by it

	// for the log: see log.go
	deed    store.Deed
	change  int64           // seq of the change, once there is one
	made    int64           // records that are new by the load
	went    map[string]bool // ids of records that were there before it and that it deleted
	logItem *sql.Stmt
	is      kg.Change // as it was written

	sourceRows, nodeRows, linkRows              inserter
	findNode, findSource, findWords, noteChange *sql.Stmt
	seals                                       [3]*sql.Stmt // by what was changed

	unindexed bool  // there is no index of the links' ids: see indexLinks
	feed      *feed // nil when the file was not empty, or a row was changed

	nodes    map[string]int64 // rows by id; emptied when it grows beyond maxKnown
	sources  map[string]*loadSource
	migrates bool // what is damaged is passed over
	texts    int  // bytes of the sources' texts
	buf      []byte
	pieces   []kg.Evidence     // of a link, while it is written
	words    map[int64]*string // of quotations, by their rows; emptied when they are more than maxTexts bytes
	spoken   int               // bytes of them
}

// What a load remembers at most; what it has forgotten is looked up again.
const (
	maxKnown   = 2_000_000 // ids of nodes
	maxSources = 100_000
	maxTexts   = 16 << 20 // bytes of sources' texts; folded, one takes about as much again
)

type loadSource struct {
	row  int64
	text *rules.Text
}

// inserter writes new rows of a table, whose keys it gives out.
type inserter struct {
	columns   []string // behind the table's name
	feed      func(b *rowReader, values []any) error
	sums      func(s *summer, values []any) []any // of a row
	summer    summer
	one, many *sql.Stmt
	next      int64 // key of the next row
	args      []any
}

// nextLinks is how many links nextLinksSQL reads.
const nextLinks = 5000

// manyRows is how many rows one statement writes: the driver's work for a statement is then small beside theirs.
const manyRows = 64

// The statements of loads.
const (
	beginSQL  = `UPDATE meta SET value = value + 1 WHERE key = 'seq' RETURNING value`
	noteSQL   = `INSERT INTO changed (what, k, seq) VALUES (?,?,?) ON CONFLICT (what, k) DO UPDATE SET seq = excluded.seq`
	rowSQL    = `SELECT k FROM node WHERE id = ?`
	textSQL   = `SELECT k, text, contentHash FROM source WHERE id = ?`
	setNode   = `UPDATE node SET name=?, description=?, aliases=?, externalIds=?, formerIds=?, props=?, createdAt=?, updatedAt=?, rev=? WHERE id=? RETURNING k`
	setLink   = `UPDATE link SET from_k=?, to_k=?, role=?, since=?, until=?, evidence=?, sources=?, refuters=?, unverified=?, createdAt=?, updatedAt=?, quoted=?, rev=?, stray=? WHERE id=? RETURNING k`
	setSource = `UPDATE source SET title=?, url=?, kind=?, publisher=?, authors=?, publishedOn=?, contentHash=?, text=?, rev=? WHERE id=? RETURNING k`
	// dropNode and its like delete a row, whose key is not given out again: see keysSQL
	dropNode   = `DELETE FROM node WHERE id=? RETURNING k`
	dropLink   = `DELETE FROM link WHERE id=? RETURNING k`
	dropSource = `DELETE FROM source WHERE id=? RETURNING k`
	// keysSQL notes the largest keys that were given out: versions know rows by their keys, and one of an old version
	// must not be taken for another
	keysSQL   = `INSERT INTO meta VALUES ('source', ?), ('node', ?), ('link', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`
	countSQL  = `UPDATE meta SET value = value + ? WHERE key = ?`
	setProof  = `UPDATE link SET evidence=?, unverified=?, quoted=?, rev=? WHERE k=?`
	wordsSQL  = `SELECT id, type, props, throughline_sum(` + nodeSummed + `) = sum FROM node WHERE k = ?`
	dropIndex = `DROP INDEX link_id`
	makeIndex = `CREATE UNIQUE INDEX link_id ON link (id)`
	// restingSQL looks at every link: a source's text changes seldom, and an index would cost every link of every load
	restingSQL = `SELECT k, kind, to_k, evidence, quoted, throughline_sum(` + wordsSummed +
		`) = wordsSum FROM link WHERE ' ' || sources || ' ' || refuters || ' ' LIKE ?`
	// nextLinksSQL leaves out what is damaged, which stays as it is for a check to list
	nextLinksSQL = `SELECT k, kind, to_k, evidence, quoted, 1 FROM link WHERE k > ? AND throughline_sum(` + wordsSummed +
		`) = wordsSum ORDER BY k LIMIT 5000`
	quotingSQL = `SELECT k, kind, to_k, evidence, quoted, throughline_sum(` + wordsSummed +
		`) = wordsSum FROM link WHERE to_k = ? AND quoted > 0`
)

var (
	newSource = []string{
		"source", "k", "id", "title", "url", "kind", "publisher", "authors", "publishedOn",
		"contentHash", "text", "rev", "sum",
	}
	newNode = []string{
		"node", "k", "id", "type", "name", "description", "aliases", "externalIds", "formerIds", "props",
		"createdAt", "updatedAt", "rev", "sum",
	}
	newLink = []string{
		"link", "k", "id", "kind", "from_k", "to_k", "role", "since", "until", "evidence", "sources",
		"refuters", "unverified", "createdAt", "updatedAt", "quoted", "rev", "stray", "sum", "wordsSum",
	}
)

// insertSQL is the statement that writes n new rows; columns begin with the table. OR FAIL leaves the rows before one
// that fails, so that SQLite need not keep every page as it was: the whole load is rolled back then.
func insertSQL(columns []string, n int) string {
	row := "(?" + strings.Repeat(",?", len(columns)-2) + ")"
	return "INSERT OR FAIL INTO " + columns[0] + " (" + strings.Join(columns[1:],
		", ") + ") VALUES " + row + strings.Repeat(", "+row, n-1)
}

// Load begins a load. It waits for one that is under way in this process.
func (s *Store) Load(ctx context.Context) (store.Load, error) {
	l, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	return l, nil
}

func (s *Store) load(ctx context.Context) (*load, error) {
	select {
	case s.loads <- struct{}{}:
	case <-ctx.Done():
		return nil, kg.Ended(ctx)
	}
	l := &load{
		own: store.OwnNames{},
		s:   s, now: kg.TimeOf(s.now()), nodes: map[string]int64{}, sources: map[string]*loadSource{},
		sourceRows: inserter{
			columns: newSource, feed: feedSource,
			sums: sumSource,
		}, nodeRows: inserter{columns: newNode, feed: feedNode, sums: sumNode}, linkRows: inserter{columns: newLink, feed: feedLink, sums: sumLink},
	}
	if err := l.begin(context.WithoutCancel(ctx)); err != nil {
		return nil, errors.Join(storeError(ctx, err), l.Rollback())
	}
	return l, nil
}

// begin opens the transaction. It outlives the call's ctx: the load ends by Commit or Rollback.
func (l *load) begin(ctx context.Context) (err error) {
	if err := l.s.file.gone(); err != nil {
		return err
	}
	if l.conn, err = l.s.write.Conn(ctx); err != nil {
		return err
	}
	// the keys that are written were read or given out in the same transaction, so that looking each up again proves
	// nothing
	if _, err = l.conn.ExecContext(ctx, `PRAGMA foreign_keys = 0`); err != nil {
		return err
	}
	if l.tx, err = l.conn.BeginTx(ctx, nil); err != nil {
		return err
	}
	if err = l.tx.QueryRowContext(ctx, beginSQL).Scan(&l.seq); err != nil {
		return err
	}
	h, err := readHead(ctx, l.tx)
	if err != nil {
		return err
	}
	l.sourceRows.next, l.nodeRows.next, l.linkRows.next = h.sources+1, h.nodes+1, h.link+1
	l.begun = h
	if h.link == 0 {
		// rows go to the end of the table, so that few pages are looked at again
		if _, err = l.tx.ExecContext(ctx, dropIndex+`; PRAGMA cache_size = -12288`); err != nil {
			return err
		}
		l.unindexed = true
	}
	if h.sources == 0 && h.nodes == 0 && h.link == 0 && !l.s.once {
		l.feed = newFeed(l.s.cat, l.seq)
	}
	return l.prepare(ctx, []prepared{
		{&l.sourceRows.one, insertSQL(newSource, 1)},
		{&l.nodeRows.one, insertSQL(newNode, 1)},
		{&l.nodeRows.many, insertSQL(newNode, manyRows)},
		{&l.linkRows.one, insertSQL(newLink, 1)},
		{&l.linkRows.many, insertSQL(newLink, manyRows)},
		{&l.findNode, rowSQL},
		{&l.findSource, textSQL},
		{&l.findWords, wordsSQL},
		{&l.noteChange, noteSQL},
		{&l.seals[changedNode], sealNode},
		{&l.seals[changedLink], sealLink},
		{&l.seals[changedSource], sealSource},
	})
}

// prepared is a statement with where it is kept.
type prepared struct {
	stmt **sql.Stmt
	text string
}

func (l *load) prepare(ctx context.Context, list []prepared) (err error) {
	for _, p := range list {
		if *p.stmt, err = l.tx.PrepareContext(ctx, p.text); err != nil { //nolint:sqlclosecheck // the end of the transaction closes them
			return err
		}
	}
	return nil
}

// indexLinks makes the index of the links' ids, which a load into a store without links goes without: in the order they
// come in, each id would be put into a page somewhere, and sorting them all at the end is several times as quick. It is
// made earlier when two links may have one id, because the first is looked for then.
func (l *load) indexLinks(ctx context.Context) error {
	if !l.unindexed {
		return nil
	}
	l.unindexed = false
	_, err := l.tx.ExecContext(ctx, makeIndex)
	return err
}

// built makes the version of the load while the rows are indexed and committed, as neither needs the other. It sends
// nil where there is none.
func (l *load) built() <-chan *memgraph.Graph {
	out := make(chan *memgraph.Graph, 1)
	f := l.feed
	if l.feed = nil; f == nil {
		out <- nil
		return out
	}
	go func() { out <- f.end() }()
	return out
}

// unfeed gives up the version that is made beside: what was fed is not as it was.
func (l *load) unfeed() {
	if l.feed != nil {
		l.feed.drop()
		l.feed = nil
	}
}

// Put writes a batch into the transaction. Between its statements it looks whether ctx has ended; each of them is
// short, and one that could be interrupted would cost a goroutine.
func (l *load) Put(ctx context.Context, b *store.Batch) error {
	if l.done {
		return kg.Errorf(kg.Internal, "the load has ended")
	}
	for _, part := range b.Parts() {
		if err := l.put(ctx, context.WithoutCancel(ctx), part); err != nil {
			return storeError(ctx, err)
		}
	}
	return nil
}

func (l *load) put(ctx, whole context.Context, b *store.Batch) error {
	l.own.Add(l.s.cat, b)
	held, err := l.held(whole, b)
	if err != nil {
		return err
	}
	created, changed, err := b.Onto(held)
	if err != nil {
		return err
	}
	if len(changed.Sources)+len(changed.Nodes)+len(changed.Links)+len(b.Delete) > 0 {
		l.unfeed()
	}
	if err := putEach(ctx, created.Sources, func(x *kg.Source) error {
		if err := l.newSource(whole, x); err != nil {
			return err
		}
		return l.created(whole, x.ID, x)
	}); err != nil {
		return err
	}
	was := held.ByID()
	if err := putEach(ctx, changed.Sources, func(x *kg.Source) error {
		return l.setSource(whole, was[x.ID].(*kg.Source), x)
	}); err != nil {
		return err
	}
	if err := insert(ctx, l, &l.nodeRows, created.Nodes, l.nodeRow, func(x *kg.Node,
		row int64,
	) {
		l.know(x, row)
	}); err != nil {
		return err
	}
	if err := putEach(ctx, created.Nodes, func(x *kg.Node) error { return l.created(whole, x.ID, x) }); err != nil {
		return err
	}
	if err := putEach(ctx, changed.Nodes, func(x *kg.Node) error { return l.setNode(whole, was[x.ID], x) }); err != nil {
		return err
	}
	if err := insert(ctx, l, &l.linkRows, created.Links, func(x *kg.Link, args []any) ([]any,
		error,
	) {
		row, err := l.linkRow(whole, x, args)
		if err != nil {
			return row, err
		}
		return row, l.created(whole, x.ID, x)
	}, func(*kg.Link, int64) {}); err != nil {
		return err
	}
	if err := putEach(ctx, changed.Links, func(x *kg.Link) error { return l.setLink(whole, was[x.ID], x) }); err != nil {
		return err
	}
	return l.remove(whole, b)
}

// putEach calls write with each record, until ctx ends.
func putEach[T any](ctx context.Context, list []*T, write func(x *T) error) error {
	for _, x := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := write(x); err != nil {
			return err
		}
	}
	return nil
}

// held reads what the file holds of a batch's records. Where a class of them was empty and no id came twice, that is
// nothing and is not looked up.
func (l *load) held(ctx context.Context, b *store.Batch) (*store.Batch, error) {
	look := *b
	if b.Distinct {
		if l.begun.sources == 0 {
			look.Sources = nil
		}
		if l.begun.nodes == 0 {
			look.Nodes = nil
		}
		if l.begun.link == 0 {
			look.Links = nil
		}
	}
	if len(look.Links) > 0 {
		if err := l.indexLinks(ctx); err != nil {
			return nil, err
		}
	}
	return l.s.records(ctx, l.tx, look.IDs())
}

// remove deletes records, links first.
func (l *load) remove(ctx context.Context, b *store.Batch) error {
	if len(b.Delete) == 0 {
		return nil
	}
	if err := l.indexLinks(ctx); err != nil {
		return err
	}
	gone, err := l.s.records(ctx, l.tx, b.Delete)
	if err != nil {
		return err
	}
	drop := func(statement, id string, what int, was any) error {
		var row int64
		if err := l.tx.QueryRowContext(ctx, statement, id).Scan(&row); err != nil {
			return err
		}
		l.dropped[what]++
		if err := l.touched(ctx, what, row); err != nil {
			return err
		}
		return l.gone(ctx, what, id, row, was)
	}
	for _, x := range gone.Links {
		if err := drop(dropLink, x.ID, changedLink, x); err != nil {
			return err
		}
	}
	var ends []string
	for _, x := range gone.Nodes {
		ends = append(ends, x.ID)
	}
	for _, x := range gone.Sources {
		ends = append(ends, x.ID)
	}
	if links, err := l.s.resting(ctx, l.tx, ends); err != nil || len(links) > 0 {
		if err != nil {
			return err
		}
		for _, id := range ends {
			if links, err := l.s.resting(ctx, l.tx, []string{id}); err != nil || len(links) > 0 {
				return errors.Join(err, store.Hanging(id, len(links)))
			}
		}
	}
	for _, x := range gone.Nodes {
		delete(l.nodes, x.ID)
		if err := drop(dropNode, x.ID, changedNode, x); err != nil {
			return err
		}
	}
	for _, x := range gone.Sources {
		delete(l.sources, x.ID)
		if err := drop(dropSource, x.ID, changedSource, x); err != nil {
			return err
		}
	}
	b.Removed(gone)
	_, err = l.tx.ExecContext(ctx, keysSQL, l.sourceRows.next-1, l.nodeRows.next-1, l.linkRows.next-1)
	return err
}

// insert writes new records: row appends the values of one behind its key, and then sees each with its key.
func insert[T any](ctx context.Context, l *load, in *inserter, list []*T, row func(*T, []any) ([]any, error),
	then func(*T, int64),
) error {
	for len(list) > 0 {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		stmt, some := in.one, list[:1]
		if len(list) >= manyRows && in.many != nil {
			stmt, some = in.many, list[:manyRows]
		}
		list = list[len(some):]
		in.args = in.args[:0]
		for i, x := range some {
			from := len(in.args)
			var err error
			if in.args, err = row(x, append(in.args, in.next+int64(i))); err != nil {
				return err
			}
			in.args = append(in.args, in.sums(&in.summer, in.args[from:])...)
		}
		if _, err := stmt.ExecContext(context.WithoutCancel(ctx), in.args...); err != nil {
			return err
		}
		for i, x := range some {
			then(x, in.next+int64(i))
		}
		l.wrote += int64(len(some))
		in.next += int64(len(some))
		l.feed.take(in)
	}
	return nil
}

// changed notes that a record is not as it was, also in the log.
func (l *load) changed(ctx context.Context, what int, id string, row int64, was, is any) error {
	if err := l.touched(ctx, what, row); err != nil || !l.logged(what, id, row) {
		return err
	}
	return l.log(ctx, was, is, 0)
}

// touched notes that a row of an earlier load is not as it was.
func (l *load) touched(ctx context.Context, what int, row int64) error {
	l.wrote++
	if _, err := l.noteChange.ExecContext(ctx, what, row, l.seq); err != nil {
		return err
	}
	_, err := l.seals[what].ExecContext(ctx, row)
	return err
}

// Commit makes the load durable and, where it began the graph or somebody has read before, readable. A large one leaves
// a snapshot, so that the next start is quick. One that changed nothing leaves nothing.
func (l *load) Commit(ctx context.Context) error {
	if l.done {
		return kg.Errorf(kg.Internal, "the load has ended")
	}
	if l.wrote == 0 && l.deed.Log == nil {
		return l.Rollback() // a new seq would have every server make a new image
	}
	l.nodes, l.sources = nil, nil
	if l.wrote >= l.s.snapshotFrom {
		debug.FreeOSMemory() // what checking and writing took: sorting takes as much again
	}
	built := l.built()
	err := errors.Join(l.indexLinks(context.WithoutCancel(ctx)), l.count(context.WithoutCancel(ctx)),
		keepOwn(context.WithoutCancel(ctx), l.tx, l.own), l.finishLog(context.WithoutCancel(ctx)))
	if err == nil {
		err = l.s.file.gone()
	}
	if err != nil {
		<-built
		return errors.Join(storeError(ctx, err), l.Rollback())
	}
	err = l.tx.Commit()
	graph := <-built
	l.finish()
	if err != nil {
		return storeError(ctx, err)
	}
	return l.s.committed(context.WithoutCancel(ctx), graph, l.wrote)
}

// count keeps how many rows each table holds: new rows have the keys behind those that were given out before.
func (l *load) count(ctx context.Context) error {
	added := rowCounts{
		l.sourceRows.next - 1 - l.begun.sources, l.nodeRows.next - 1 - l.begun.nodes,
		l.linkRows.next - 1 - l.begun.link,
	}
	for what, n := range added {
		if _, err := l.tx.ExecContext(ctx, countSQL, n-l.dropped[what], tables[what]+"Rows"); err != nil {
			return err
		}
	}
	return nil
}

// committed follows a load that wrote so many rows. Its version is nil unless it began the graph.
func (s *Store) committed(ctx context.Context, graph *memgraph.Graph, wrote int64) (err error) {
	read := s.graph.Load() != nil
	switch {
	case graph != nil:
		s.begin(graph)
	case read:
		if graph, _, err = s.make(ctx); err != nil {
			return err
		}
	}
	switch {
	case read && wrote >= max(s.snapshotFrom, graph.Size()/8):
		s.keep(graph)
	case !read && !s.once && wrote >= s.snapshotFrom:
		s.unsaved(ctx, s.prepare(ctx, graph)) // the load is done, whatever comes of what is made of it
	}
	return nil
}

// begin takes the version of a load, unless a request had a newer one made in the meantime.
func (s *Store) begin(graph *memgraph.Graph) {
	s.build.Lock()
	defer s.build.Unlock()
	if old := s.graph.Load(); old == nil || old.Seq() < graph.Seq() {
		s.graph.Store(graph)
	}
}

// prepare leaves a snapshot where nobody reads: an import. Without a version it makes one.
func (s *Store) prepare(ctx context.Context, graph *memgraph.Graph) error {
	if _, err := s.write.ExecContext(ctx, `PRAGMA shrink_memory`); err != nil {
		return err
	}
	debug.FreeOSMemory()
	if graph == nil {
		var unkept bool
		var err error
		if graph, unkept, err = s.make(ctx); err != nil || !unkept {
			return err
		}
		debug.FreeOSMemory() // what making it took
	}
	return s.save(ctx, graph)
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
	if l.done {
		return
	}
	l.done = true
	l.unfeed()
	if l.conn != nil {
		_, err := l.conn.ExecContext(context.Background(), `PRAGMA foreign_keys = 1; PRAGMA cache_size = -49152`)
		l.s.log.LogAttrs(context.Background(), slog.LevelDebug, "the load has ended",
			slog.Any("error", errors.Join(err, l.conn.Close())))
	}
	<-l.s.loads
}
