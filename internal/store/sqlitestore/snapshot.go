package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"log/slog"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/memgraph"
)

// A snapshot is a version as it lies in memory, kept in the file beside the rows it was made from, so that a start
// copies it instead of making it. It may be older than the rows: advance adds what has come since. Whatever is odd
// about it, it is ignored, and the version is made from the rows.

const (
	// snapshotChunk is the size of one row of a snapshot.
	snapshotChunk = 1 << 20
	// defaultSnapshotFrom is from how many new rows on a snapshot is worth its room: fewer are read in a few
	// milliseconds.
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
	Wasted               int64 // see memgraph.Graph.Wasted
	Parts                []snapshotPart
}

type snapshotPart struct {
	Size int
	Sums []uint32 // of each chunk
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var (
	errSnapshot = errors.New("the snapshot does not fit together")
	// those of a snapshot that is whole and of no use
	errOtherProgram = errors.New("another program wrote it")
	errOtherRules   = errors.New("the schema has changed, or how text is folded")
)

// save keeps a version in the file.
func (s *Store) save(ctx context.Context, graph *memgraph.Graph) (err error) {
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
	largest := graph.Largest()
	h := snapshotHead{
		Format: memgraph.DumpFormat, Machine: memgraph.Machine(), Rules: memgraph.RuleSum(graph.Catalog()), Seq: graph.Seq(),
		Sources: largest.Sources, Nodes: largest.Nodes, Link: largest.Links, Wasted: graph.Wasted(),
	}
	for b := range graph.Dump() {
		sp := snapshotPart{Size: len(b)}
		for len(b) > 0 {
			c := b[:min(len(b), snapshotChunk)]
			b = b[len(c):]
			if _, err = add.ExecContext(ctx, len(h.Parts), len(sp.Sums), c); err != nil {
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
	// no version that is older will be asked for again, or only to be made anew
	if _, err = tx.ExecContext(ctx, forgetSQL, graph.Seq()); err != nil {
		return err
	}
	if _, err = tx.ExecContext(ctx, changedFromSQL, graph.Seq()); err != nil {
		return err
	}
	return tx.Commit()
}

// restore returns the version that the file keeps, or nil when it keeps none that can be used.
func (s *Store) restore(ctx context.Context) *memgraph.Graph {
	graph, err := readSnapshot(ctx, s.cat, s.bulk)
	if err != nil {
		if !errors.Is(err, sql.ErrNoRows) {
			s.log.LogAttrs(ctx, slog.LevelWarn,
				"the snapshot in the store's file is not used: making the version from the rows", slog.Any("reason",
					err))
		}
		return nil
	}
	return graph
}

// readSnapshot reads the snapshot. sql.ErrNoRows: there is none.
func readSnapshot(ctx context.Context, cat *catalog.Catalog, db *sql.DB) (*memgraph.Graph, error) {
	txs, now, err := states(ctx, db)
	defer func() {
		for _, tx := range txs {
			_ = tx.Rollback() // it only reads
		}
	}()
	if err != nil {
		return nil, err
	}
	return snapshotIn(ctx, cat, txs, &now)
}

// snapshotIn reads the snapshot that transactions see, in the state now.
func snapshotIn(ctx context.Context, cat *catalog.Catalog, txs []*sql.Tx, now *head) (*memgraph.Graph, error) {
	h, err := readSnapshotHead(ctx, txs, cat, now)
	if err != nil {
		return nil, err
	}
	type piece struct {
		part, chunk int
		to          []byte
		sum         uint32
	}
	var pieces []piece
	bufs := make([][]byte, len(h.Parts))
	for i, p := range h.Parts {
		if (p.Size+snapshotChunk-1)/snapshotChunk != len(p.Sums) {
			return nil, errSnapshot
		}
		bufs[i] = memgraph.Aligned(p.Size)
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
	graph, err := memgraph.Restore(cat, h.Seq, h.Wasted, bufs)
	if err != nil {
		return nil, err
	}
	if graph.Largest() != (memgraph.Counts{Sources: h.Sources, Nodes: h.Nodes, Links: h.Link}) {
		return nil, errSnapshot
	}
	return graph, nil
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
	case h.Format != memgraph.DumpFormat || h.Machine != memgraph.Machine():
		return nil, errOtherProgram
	case h.Rules != memgraph.RuleSum(cat):
		return nil, errOtherRules
	case h.Seq > now.seq || h.Seq < now.changedFrom || h.Nodes > now.nodes || h.Link > now.link ||
		h.Sources > now.sources:
		return nil, errors.New("it is of another graph")
	}
	return &h, nil
}
