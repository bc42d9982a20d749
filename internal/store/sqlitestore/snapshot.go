package sqlitestore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sync/errgroup"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/text"
)

// A snapshot is an image as it lies in memory, kept in the file beside the rows it was made from, so that a start
// copies it instead of making it. It may be older than the rows: advance adds what has come since. Whatever is odd about
// it, it is ignored, and the image is made from the rows.

const (
	// snapshotFormat must change whenever what an image holds, or how, changes.
	snapshotFormat = 6
	// snapshotChunk is the size of one row of a snapshot.
	snapshotChunk = 1 << 20
	// defaultSnapshotFrom is from how many new rows on a snapshot is worth its room: fewer are read in a few milliseconds.
	defaultSnapshotFrom = 20_000
	headPart            = -1
)

// The statements about snapshots.
const (
	chunkSQL       = `SELECT data FROM snapshot WHERE part = ? AND chunk = ?`
	addChunkSQL    = `INSERT INTO snapshot (part, chunk, data) VALUES (?,?,?)`
	dropSQL        = `DELETE FROM snapshot`
	forgetSQL      = `DELETE FROM changed WHERE what IN (0, 1, 2) AND seq <= ?`
	changedFromSQL = `UPDATE meta SET value = ? WHERE key = 'changedFrom'`
)

// snapshotHead is what a snapshot begins with: which file it was made of.
type snapshotHead struct {
	Format               int
	Machine              string // byte order and sizes
	Rules                string // what types and kinds there were, and how text was folded
	Seq                  int64
	Sources, Nodes, Link int64 // largest keys
	Wasted               int64 // see image.wasted
	Parts                []snapshotPart
}

type snapshotPart struct {
	Size int
	Sums []uint32 // of each chunk
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// machine is what must be the same for the bytes of an image to mean the same.
func machine() string {
	return fmt.Sprintf("%x %d %d %d", binary.NativeEndian.AppendUint16(nil, 1), unsafe.Sizeof(node{}), unsafe.Sizeof(link{}), unsafe.Sizeof(group{})) //nolint:gosec // sizes alone
}

// ruleSum is a sum of everything an image depends on beside its rows.
func ruleSum(cat *catalog.Catalog) string {
	h := sha256.New()
	for _, t := range append(cat.Types[:len(cat.Types):len(cat.Types)], cat.Source, cat.Link, cat.Evidence) {
		fmt.Fprintln(h, t.Enum, t.Index, t.DateProp != nil, t.UntilProp != nil)
		for _, p := range t.Props {
			fmt.Fprintln(h, p.Name, p.Kind, p.Searchable, p == t.DateProp, p == t.UntilProp)
		}
	}
	for _, k := range cat.Kinds {
		fmt.Fprintln(h, k.Name, k.Index)
	}
	fmt.Fprintln(h, text.Rules())
	return hex.EncodeToString(h.Sum(nil))
}

// part is one list of an image as bytes.
type part struct {
	get func() []byte
	set func([]byte) error
}

var errSnapshot = errors.New("the snapshot does not fit together")

// flat is a list of values without pointers, which lie in the file as they lie in memory.
func flat[T any](p *[]T) part {
	var zero T
	size := int(unsafe.Sizeof(zero)) //nolint:gosec // a size
	return part{
		get: func() []byte {
			return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(*p))), len(*p)*size) //nolint:gosec // see above
		},
		set: func(b []byte) error {
			if len(b)%size != 0 {
				return errSnapshot
			}
			*p = unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/size) //nolint:gosec // room makes b begin where any value may
			return nil
		},
	}
}

// room is n bytes that begin where any value may.
func room(n int) []byte {
	words := make([]uint64, (n+7)/8)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), n) //nolint:gosec // within words
}

// packed is a list of strings.
func packed(get func() []string, set func([]string) error) part {
	return part{
		get: func() (b []byte) {
			for _, s := range get() {
				b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
			}
			return b
		},
		set: func(b []byte) error {
			var list []string
			for len(b) > 0 {
				n, w := binary.Uvarint(b)
				if w <= 0 || n > uint64(len(b)-w) { //nolint:gosec // w is at most len(b)
					return errSnapshot
				}
				list = append(list, view(b[w:w+int(n)])) //nolint:gosec // checked
				b = b[w+int(n):]                         //nolint:gosec // checked
			}
			return set(list)
		},
	}
}

// parts are the lists of an image, in the order of a snapshot's parts.
func (im *image) parts() []part {
	list := []part{
		flat(&im.nodes), flat(&im.links), flat(&im.texts), flat(&im.ids), flat(&im.born), flat(&im.stamps), flat(&im.more),
		flat(&im.nodeOrder), flat(&im.ranks), flat(&im.linkOrder), flat(&im.linkRanks),
		flat(&im.nodeByID.hashes), flat(&im.nodeByID.keys), flat(&im.byName.hashes), flat(&im.byName.keys), flat(&im.byExternal.hashes), flat(&im.byExternal.keys),
		flat(&im.byOuter.hashes), flat(&im.byOuter.keys),
		flat(&im.adjacent), flat(&im.ends), flat(&im.groups), flat(&im.supports.start), flat(&im.supports.items), flat(&im.refuted.links),
		packed(func() []string { return im.roles }, func(l []string) error { im.roles = l; return nil }),
		packed(im.dateTexts, im.setDates),
		packed(im.sourceTexts, im.setSources),
	}
	for _, ix := range [2]*searchIndex{&im.searching, &im.searchingSources} {
		list = append(list, flat(&ix.words.text), flat(&ix.words.end), flat(&ix.name.start), flat(&ix.name.items), flat(&ix.body.start), flat(&ix.body.items),
			flat(&ix.nameCount), flat(&ix.deletes), flat(&ix.skeletons))
	}
	return list
}

func (im *image) dateTexts() []string {
	out := make([]string, len(im.dates))
	for i := range im.dates {
		out[i] = im.dates[i].text
	}
	return out
}

func (im *image) setDates(list []string) error {
	im.dates = make([]date, len(list))
	for i, s := range list {
		im.dates[i].text = s
		im.dates[i].from, im.dates[i].to = kg.PartialDate(s).Interval()
	}
	return nil
}

// strings are the texts of a source that a snapshot holds.
func (s *source) strings() []*string {
	return []*string{&s.id, &s.title, &s.url, &s.kind, &s.publisher, &s.authors, &s.published, &s.hash}
}

func (im *image) sourceTexts() []string {
	var out []string
	for i := range im.sources {
		for _, p := range im.sources[i].strings() {
			out = append(out, *p)
		}
	}
	return out
}

func (im *image) setSources(list []string) error {
	each := len((&source{}).strings())
	if len(list)%each != 0 {
		return errSnapshot
	}
	im.sources = make([]source, len(list)/each)
	for i := range im.sources {
		s := &im.sources[i]
		for j, p := range s.strings() {
			*p = list[i*each+j]
		}
		s.complete()
	}
	return nil
}

// save keeps an image in the file.
func (s *Store) save(ctx context.Context, im *image) (err error) {
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // it goes back to its pool
	// what is written once need not stay in the cache
	if _, err = conn.ExecContext(ctx, `PRAGMA cache_size = -4096`); err != nil {
		return err
	}
	defer func() {
		_, e := conn.ExecContext(context.WithoutCancel(ctx), `PRAGMA cache_size = -49152`)
		err = errors.Join(err, e)
	}()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, rollback(tx))
		}
	}()
	if _, err = tx.ExecContext(ctx, dropSQL); err != nil {
		return err
	}
	add, err := tx.PrepareContext(ctx, addChunkSQL)
	if err != nil {
		return err
	}
	defer add.Close() //nolint:errcheck // the end of the transaction closes it anyway
	h := snapshotHead{
		Format: snapshotFormat, Machine: machine(), Rules: ruleSum(im.cat), Seq: im.seq,
		Sources: int64(len(im.sources) - 1), Nodes: int64(len(im.nodes) - 1), Link: int64(len(im.links) - 1), Wasted: im.wasted,
	}
	for i, p := range im.parts() {
		b := p.get()
		sp := snapshotPart{Size: len(b)}
		for len(b) > 0 {
			c := b[:min(len(b), snapshotChunk)]
			b = b[len(c):]
			if _, err = add.ExecContext(ctx, i, len(sp.Sums), c); err != nil {
				return err
			}
			sp.Sums = append(sp.Sums, crc32.Checksum(c, castagnoli))
		}
		h.Parts = append(h.Parts, sp)
	}
	j, err := json.Marshal(h)
	if err != nil {
		return err
	}
	j = binary.LittleEndian.AppendUint32(j, crc32.Checksum(j, castagnoli))
	if _, err = add.ExecContext(ctx, headPart, 0, j); err != nil {
		return err
	}
	// no image that is older will be asked for again, or only to be made anew
	if _, err = tx.ExecContext(ctx, forgetSQL, im.seq); err != nil {
		return err
	}
	if _, err = tx.ExecContext(ctx, changedFromSQL, im.seq); err != nil {
		return err
	}
	return tx.Commit()
}

// restore returns the image that the file keeps, or nil when it keeps none that can be used.
func (s *Store) restore(ctx context.Context) *image {
	im, err := readSnapshot(ctx, s.cat, s.bulk)
	if err != nil {
		if !errors.Is(err, sql.ErrNoRows) {
			s.log.LogAttrs(ctx, slog.LevelWarn, "the snapshot in the store's file is not used: making the image from the rows", slog.Any("reason", err))
		}
		return nil
	}
	return im
}

// readSnapshot reads the snapshot. sql.ErrNoRows: there is none.
func readSnapshot(ctx context.Context, cat *catalog.Catalog, db *sql.DB) (*image, error) {
	txs, now, err := states(ctx, db)
	defer func() {
		for _, tx := range txs {
			_ = tx.Rollback() // it only reads
		}
	}()
	if err != nil {
		return nil, err
	}
	h, err := readSnapshotHead(ctx, txs, cat, &now)
	if err != nil {
		return nil, err
	}
	im := empty(cat)
	im.seq, im.wasted = h.Seq, h.Wasted
	parts := im.parts()
	if len(parts) != len(h.Parts) {
		return nil, errSnapshot
	}
	type piece struct {
		part, chunk int
		to          []byte
		sum         uint32
	}
	var pieces []piece
	bufs := make([][]byte, len(parts))
	for i, p := range h.Parts {
		if (p.Size+snapshotChunk-1)/snapshotChunk != len(p.Sums) {
			return nil, errSnapshot
		}
		bufs[i] = room(p.Size)
		for c, sum := range p.Sums {
			pieces = append(pieces, piece{i, c, bufs[i][c*snapshotChunk : min(p.Size, (c+1)*snapshotChunk)], sum})
		}
	}
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for _, tx := range txs {
		g.Go(func() error {
			stmt, err := tx.PrepareContext(ctx, chunkSQL)
			if err != nil {
				return err
			}
			defer stmt.Close() //nolint:errcheck // the end of the transaction closes it anyway
			for {
				i := int(next.Add(1) - 1)
				if i >= len(pieces) {
					return nil
				}
				p := &pieces[i]
				if err := copyChunk(ctx, stmt, p.part, p.chunk, p.to); err != nil {
					return err
				}
				if crc32.Checksum(p.to, castagnoli) != p.sum {
					return errors.New("it is damaged")
				}
			}
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for i, p := range parts {
		if err := p.set(bufs[i]); err != nil {
			return nil, err
		}
	}
	if int64(len(im.nodes)-1) != h.Nodes || int64(len(im.links)-1) != h.Link || int64(len(im.sources)-1) != h.Sources {
		return nil, errSnapshot
	}
	im.listTypes()
	im.listSources()
	im.findSources()
	im.refuted = im.apart(im.refuted.links)
	return im, nil
}

func copyChunk(ctx context.Context, stmt *sql.Stmt, part, chunk int, to []byte) error {
	rows, err := stmt.QueryContext(ctx, part, chunk)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err reports it
	var data sql.RawBytes
	if !rows.Next() {
		return errors.Join(errSnapshot, rows.Err())
	}
	if err := rows.Scan(&data); err != nil {
		return err
	}
	if copy(to, data) != len(to) || len(data) != len(to) {
		return errSnapshot
	}
	// what Scan lent is given back first: Err would wait for it for ever when the other readers have ended meanwhile
	return errors.Join(rows.Close(), rows.Err())
}

// readSnapshotHead reads what the snapshot is of, and refuses one that is of something else.
func readSnapshotHead(ctx context.Context, txs []*sql.Tx, cat *catalog.Catalog, now *head) (*snapshotHead, error) {
	var raw []byte
	for i, tx := range txs {
		var again []byte
		if err := tx.QueryRowContext(ctx, chunkSQL, headPart, 0).Scan(&again); err != nil {
			return nil, err
		}
		if i > 0 && string(again) != string(raw) {
			return nil, errors.New("it was replaced while it was read")
		}
		raw = again
	}
	if len(raw) < 4 {
		return nil, errSnapshot
	}
	j := raw[:len(raw)-4]
	if crc32.Checksum(j, castagnoli) != binary.LittleEndian.Uint32(raw[len(j):]) {
		return nil, errors.New("it is damaged")
	}
	var h snapshotHead
	if err := json.Unmarshal(j, &h); err != nil {
		return nil, err
	}
	switch {
	case h.Format != snapshotFormat || h.Machine != machine():
		return nil, errors.New("another program wrote it")
	case h.Rules != ruleSum(cat):
		return nil, errors.New("the schema has changed, or how text is folded")
	case h.Seq > now.seq || h.Seq < now.changedFrom || h.Nodes > now.nodes || h.Link > now.link || h.Sources > now.sources:
		return nil, errors.New("it is of another graph")
	}
	return &h, nil
}
