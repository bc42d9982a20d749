package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/memgraph"
	"github.com/throughline/throughline/internal/store"
)

// The statements that read what is not in memory. The parameter of those for many is a JSON array of rowids.
const (
	evidenceSQL    = `SELECT j.key, l.evidence, l.wordsSum FROM json_each(?) j CROSS JOIN link l ON l.k = j.value`
	oneEvidenceSQL = `SELECT evidence, wordsSum FROM link WHERE k = ?`
	sourceTextsSQL = `SELECT s.k, s.text FROM json_each(?) j CROSS JOIN source s ON s.k = j.value`
	// seqSQL reads the seq of the file's state
	seqSQL = `SELECT value FROM meta WHERE key = 'seq'`
)

// texts is a store as a memgraph.Texts.
type texts Store

// ReadTexts begins a transaction on the state that a graph is of.
func (s *texts) ReadTexts(ctx context.Context, of *memgraph.Graph) (memgraph.TextReader, error) {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	var seq int64
	if err = tx.QueryRowContext(ctx, seqSQL).Scan(&seq); err == nil && seq != of.Seq() {
		err = memgraph.ErrStale
	}
	if err != nil {
		_ = tx.Rollback() // it only read
		return nil, err
	}
	return &textReader{tx: tx, of: of, file: s.file.path}, nil
}

// textReader reads texts in one transaction.
type textReader struct {
	tx   *sql.Tx
	of   *memgraph.Graph
	file string // for the log
	sums summer
}

// Close ends the transaction.
func (r *textReader) Close() { _ = r.tx.Rollback() } // it only read

// Evidence reads the evidence of links by one statement.
func (r *textReader) Evidence(ctx context.Context, links []uint32, f func(i int, list []kg.Evidence,
	size int) error,
) error {
	rowids := make([]int64, len(links))
	for i, k := range links {
		rowids[i] = int64(k)
	}
	arg, err := json.Marshal(rowids)
	if err != nil {
		return err
	}
	n := 0
	if rec := store.RecorderOf(ctx); rec != nil {
		began := time.Now()
		defer func() { rec.Statement(evidenceSQL, map[string]any{"rowids, as JSON": rowids}, n, began) }()
	}
	rows, err := r.tx.QueryContext(ctx, evidenceSQL, string(arg))
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err reports it
	for ; rows.Next(); n++ {
		var i int
		var raw sql.RawBytes
		var sum int64
		if err := rows.Scan(&i, &raw, &sum); err != nil {
			return unreadable(err)
		}
		if err := r.unharmed(links[i], raw, sum); err != nil {
			return err
		}
		list, err := parseEvidence(raw)
		if err != nil {
			return err
		}
		if err := f(i, list, len(raw)); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil || n == len(links) {
		return err
	}
	return (&damage{what: "links", lost: true, held: int64(n), want: int64(len(links))}).corrupt(r.file)
}

// EvidenceOf reads the evidence of one link.
func (r *textReader) EvidenceOf(ctx context.Context, link uint32) ([]kg.Evidence, error) {
	var raw []byte
	var sum int64
	began := time.Now()
	err := r.tx.QueryRowContext(ctx, oneEvidenceSQL, link).Scan(&raw, &sum)
	if err == nil {
		err = r.unharmed(link, raw, sum)
	}
	if rec := store.RecorderOf(ctx); rec != nil {
		rec.Statement(oneEvidenceSQL, map[string]any{"link": link}, 1, began)
	}
	if err != nil {
		return nil, err
	}
	return parseEvidence(raw)
}

// unharmed reports evidence that is not as it was written.
func (r *textReader) unharmed(link uint32, raw []byte, sum int64) error {
	r.sums.addInt(int64(link))
	r.sums.addAll(raw)
	if r.sums.sum() != sum {
		return (&damage{what: "evidence of the link", id: r.of.LinkID(link)}).corrupt(r.file)
	}
	return nil
}

// Texts reads the texts of sources by one statement.
func (r *textReader) Texts(ctx context.Context, sources []uint32, f func(source uint32, text string)) error {
	arg, err := json.Marshal(sources)
	if err != nil {
		return err
	}
	n := 0
	if rec := store.RecorderOf(ctx); rec != nil {
		began := time.Now()
		defer func() { rec.Statement(sourceTextsSQL, map[string]any{"rowids, as JSON": sources}, n, began) }()
	}
	rows, err := r.tx.QueryContext(ctx, sourceTextsSQL, string(arg))
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err reports it
	for ; rows.Next(); n++ {
		var k uint32
		var s string
		if err := rows.Scan(&k, &s); err != nil {
			return err
		}
		if id, hash := r.of.SourceID(k); contentHash(s) != hash {
			return (&damage{what: "text of the source", id: id}).corrupt(r.file)
		}
		f(k, s)
	}
	return rows.Err()
}

// parseEvidence reads the column link.evidence.
func parseEvidence(raw []byte) ([]kg.Evidence, error) {
	var list [][8]any
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, err
	}
	out := make([]kg.Evidence, len(list))
	for i, e := range list {
		s := func(j int) string { v, _ := e[j].(string); return v }
		out[i] = kg.Evidence{Source: s(0), Excerpt: s(1), Prefix: s(2), Suffix: s(3), Stance: s(4)}
		if b, ok := e[5].(bool); ok {
			out[i].Verified = &b
		}
		start, _ := e[6].(float64)
		end, _ := e[7].(float64)
		out[i].Start, out[i].End = int(start), int(end)
	}
	return out, nil
}
