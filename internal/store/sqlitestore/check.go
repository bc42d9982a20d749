package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/memgraph"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/store"
)

const notAsWritten = "is not as it was written"

// The statements of a check. Rows come in the order of their keys, so that no index is asked.
const (
	checkSources = `SELECT k, id, text, contentHash, throughline_sum(` + sourceSummed + `) = sum FROM source ORDER BY k`
	checkNodes   = `SELECT k, id, throughline_sum(` + nodeSummed + `) = sum FROM node ORDER BY k`
	linkWhole    = `throughline_sum(` + linkSummedOf + `) = l.sum`
	wordsWhole   = `throughline_sum(l.k, l.evidence) = l.wordsSum`
	endsThere    = `EXISTS (SELECT 1 FROM node n WHERE n.k = l.from_k) AND EXISTS (SELECT 1 FROM node n WHERE n.k = l.to_k)`
	checkLinks   = `SELECT l.k, l.id, ` + linkWhole + `, ` + wordsWhole + `, ` + endsThere + ` FROM link l ORDER BY l.k`
	checkChanges = `SELECT seq, id, ` + changeSum + ` = sum FROM change ORDER BY seq`
	checkItems   = `SELECT rowid, id, kind, before, after, a, b, wasA, wasB, ` + itemSum + ` = sum FROM change_item NOT INDEXED ORDER BY rowid`
	// checkCounted finds the changes that have not as many items as they say
	checkCounted = `SELECT c.id FROM change c LEFT JOIN (SELECT seq, count(*) AS n FROM change_item GROUP BY seq) i ON i.seq = c.seq
		WHERE c.items <> coalesce(i.n, 0) ORDER BY c.seq`
	// checkLast is the last change that anything says it is of
	checkLast = `SELECT max(coalesce((SELECT max(seq) FROM change_item), 0), coalesce((SELECT max(seq) FROM created), 0))`
	checkFile = `PRAGMA integrity_check(100)`
	// SQLite's own check passes over an index whose first page is another's, where the index is empty
	checkIndexes = `SELECT
		(SELECT count(*) FROM link INDEXED BY link_quoted WHERE quoted > 0) = (SELECT count(*) FROM link NOT INDEXED WHERE quoted > 0)
		AND (SELECT count(*) FROM link INDEXED BY link_stray WHERE stray > 0) = (SELECT count(*) FROM link NOT INDEXED WHERE stray > 0)
		AND (SELECT count(*) FROM changed INDEXED BY changed_seq WHERE what >= 0) = (SELECT count(*) FROM changed NOT INDEXED)
		AND (SELECT count(*) FROM change_item INDEXED BY change_item_a WHERE a <> '') = (SELECT count(*) FROM change_item NOT INDEXED WHERE a <> '')
		AND (SELECT count(*) FROM change_item INDEXED BY change_item_b WHERE b <> '') = (SELECT count(*) FROM change_item NOT INDEXED WHERE b <> '')
		AND (SELECT count(*) FROM change_item INDEXED BY change_item_was_a WHERE wasA <> '') = (SELECT count(*) FROM change_item NOT INDEXED WHERE wasA <> '')
		AND (SELECT count(*) FROM change_item INDEXED BY change_item_was_b WHERE wasB <> '') = (SELECT count(*) FROM change_item NOT INDEXED WHERE wasB <> '')`
	// checkDerived reads the links that are as they were written
	checkDerived = `SELECT l.k, l.id, l.kind, l.to_k, l.evidence, l.sources, l.refuters, l.unverified, l.quoted,
		l.stray, throughline_stray(l.id, l.kind, a.id, b.id, l.role, l.since, l.until) FROM link l JOIN node a ON a.k = l.from_k JOIN node b ON b.k = l.to_k
		WHERE ` + linkWhole + ` AND ` + wordsWhole + ` AND ` + endsThere + ` ORDER BY l.k`
)

// The statements of a repair.
const (
	mendItem = `UPDATE change_item SET kind=?, a=?, b=?, wasA=?, wasB=? WHERE rowid=?`
	sealItem = `UPDATE change_item SET sum = ` + itemSum + ` WHERE rowid=?`
	mendLink = `UPDATE link SET evidence=?, sources=?, refuters=?, unverified=?, quoted=?, rev=?, stray=? WHERE k=?`
)

// checking is a check under way, in one transaction.
type checking struct {
	s       *Store
	l       *load // reads texts and words; writes what is mended
	repairs bool
	tell    func(store.Damage) error
	n       store.Checked
	lost    int   // what was found that no repair mends
	mended  bool  // something was
	next    int64 // seq of the change that comes next
}

// Check holds every row against its sums, the tables and indexes of the file against each other, and what follows from
// rows against them.
func (s *Store) Check(ctx context.Context, f func(store.Damage) error) (n store.Checked, err error) {
	return s.check(ctx, f, (*checking).all)
}

// CheckWritten is Check without what follows from rows: it finds what a repair does not mend.
func (s *Store) CheckWritten(ctx context.Context, f func(store.Damage) error) (n store.Checked, err error) {
	return s.check(ctx, f, func(c *checking, ctx context.Context) error {
		_, err := c.written(ctx)
		return err
	})
}

func (s *Store) check(ctx context.Context, f func(store.Damage) error, work func(*checking, context.Context) error) (store.Checked, error) {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return store.Checked{}, storeError(ctx, err)
	}
	defer tx.Rollback() //nolint:errcheck // it only reads
	c := &checking{s: s, l: &load{s: s, tx: tx, sources: map[string]*loadSource{}}, tell: f}
	err = work(c, ctx)
	return c.n, err
}

// Repair is one transaction, as a load is: other processes read meanwhile, and write when it has ended.
func (s *Store) Repair(ctx context.Context, f func(store.Damage) error) (n store.Checked, err error) {
	select {
	case s.loads <- struct{}{}:
	case <-ctx.Done():
		return n, kg.Ended(ctx)
	}
	defer func() { <-s.loads }()
	if err := s.file.gone(); err != nil {
		return n, err
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return n, storeError(ctx, err)
	}
	defer tx.Rollback() //nolint:errcheck // what was not committed goes in any case
	c := &checking{s: s, l: &load{s: s, tx: tx, sources: map[string]*loadSource{}}, repairs: true, tell: f}
	if err := tx.QueryRowContext(ctx, beginSQL).Scan(&c.l.seq); err != nil {
		return n, storeError(ctx, err)
	}
	if err := c.all(ctx); err != nil || !c.mended {
		return c.n, err
	}
	if err := tx.Commit(); err != nil {
		return c.n, storeError(ctx, err)
	}
	return c.n, s.committed(context.WithoutCancel(ctx), nil, 0)
}

// all checks everything. What is asked for by an index is so where the indexes fit.
func (c *checking) all(ctx context.Context) error {
	fits, err := c.written(ctx)
	if err != nil || !fits {
		return err
	}
	if err := c.derived(ctx); err != nil {
		return err
	}
	return c.snapshot(ctx)
}

// found tells what no repair mends.
func (c *checking) found(kind store.Fault, what, id, says string) error {
	c.lost++
	return c.tell(store.Damage{Kind: kind, What: what, ID: id, Says: says})
}

// mends tells what a repair mends, once it did.
func (c *checking) mends(kind store.Fault, what, id, says string, mend func() error) error {
	if c.repairs {
		if err := mend(); err != nil {
			return err
		}
		c.mended = true
	}
	return c.tell(store.Damage{Kind: kind, What: what, ID: id, Says: says, Mends: true, Mended: c.repairs})
}

// written holds rows against their sums, the log against its numbers, and the tables and indexes against each other,
// which it reports.
func (c *checking) written(ctx context.Context) (fits bool, err error) {
	tx := c.l.tx
	damaged := func(what, id string) error { return c.found(store.FaultyRecords, what, shown(id), notAsWritten) }
	var k, last int64
	// a page that is a copy of another holds rows that came before
	again := func() bool {
		before := last
		last = k
		return k <= before
	}
	if err := scan(ctx, tx, checkSources, func(rows *sql.Rows) error {
		var id, words, hash string
		var whole bool
		c.n.Sources++
		if err := rows.Scan(&k, &id, &words, &hash, &whole); err != nil || !whole || again() {
			return damaged("source", id)
		}
		if contentHash(words) != hash {
			return damaged("text of the source", id)
		}
		return nil
	}); err != nil {
		return false, err
	}
	last = 0
	if err := scan(ctx, tx, checkNodes, func(rows *sql.Rows) error {
		var id string
		var whole bool
		c.n.Nodes++
		if err := rows.Scan(&k, &id, &whole); err != nil || !whole || again() {
			return damaged("entity", id)
		}
		return nil
	}); err != nil {
		return false, err
	}
	last = 0
	if err := scan(ctx, tx, checkLinks, func(rows *sql.Rows) error {
		var id string
		var whole, words, ends bool
		c.n.Links++
		err := rows.Scan(&k, &id, &whole, &words, &ends)
		switch {
		case err != nil || !whole || again():
			return damaged("link", id)
		case !words:
			return damaged("evidence of the link", id)
		case !ends:
			return c.found(store.FaultyMissing, "link", id, "joins an entity that is not there")
		}
		return nil
	}); err != nil {
		return false, err
	}
	if err := c.log(ctx); err != nil {
		return false, err
	}
	h, err := readHead(ctx, tx)
	if err == nil {
		// these counts tell that rows are lost, so they are not made of the rows that are left
		err = h.rows.hold(&rowCounts{
			changedSource: int64(c.n.Sources), changedNode: int64(c.n.Nodes),
			changedLink: int64(c.n.Links),
		})
	}
	if d := (*damage)(nil); errors.As(err, &d) {
		err = c.found(store.FaultyRecords, "file", "", d.says())
	}
	if err != nil {
		return false, storeError(ctx, err)
	}
	fits, indexes, err := c.fit(ctx)
	if err != nil {
		return false, err
	}
	if !fits {
		return c.misfit(ctx, indexes)
	}
	if err := tx.QueryRowContext(ctx, checkLast).Scan(&last); err != nil {
		return false, storeError(ctx, err)
	}
	if last > 0 && last >= c.next {
		if err := c.found(store.FaultyLog, "file", "", "has lost changes at the end of its log"); err != nil {
			return false, err
		}
	}
	return true, scan(ctx, tx, checkCounted, func(rows *sql.Rows) error {
		var id string
		if err := rows.Scan(&id); err != nil {
			return unreadable(err)
		}
		return c.found(store.FaultyLog, "change", id, "has lost some of what it did")
	})
}

// log holds the rows of the log against their sums, the numbers of changes against each other, and what items are found
// by against what they say.
func (c *checking) log(ctx context.Context) error {
	tx := c.l.tx
	damaged := func(what, id string) error { return c.found(store.FaultyLog, what, shown(id), notAsWritten) }
	kept, err := c.s.kept(ctx, tx)
	if kg.CodeOf(err) == kg.Corrupt {
		kept.First = 0 // it is not known
		err = c.found(store.FaultyLog, "file", "", "does not say where its log begins")
	}
	if err != nil {
		return err
	}
	next := kept.First
	if err := scan(ctx, tx, checkChanges, func(rows *sql.Rows) error {
		var seq int64
		var id string
		var whole bool
		if err := rows.Scan(&seq, &id, &whole); err != nil || !whole {
			return damaged("change", id)
		}
		lost := next != 0 && seq != next
		if next = seq + 1; lost {
			return c.found(store.FaultyLog, "file", "", "has lost changes before "+id)
		}
		return nil
	}); err != nil {
		return err
	}
	c.next = next
	return scan(ctx, tx, checkItems, func(rows *sql.Rows) error {
		var k int64
		var is store.Logged
		var whole bool
		if err := rows.Scan(&k, &is.ID, &is.Kind, &is.Before, &is.After, &is.A, &is.B, &is.WasA, &is.WasB, &whole); err != nil || !whole {
			return damaged("item of a change", is.ID)
		}
		must, err := store.Again(&is.ChangeItem)
		if err != nil {
			return damaged("item of a change", is.ID)
		}
		if is == *must {
			return nil
		}
		return c.mends(store.FaultyTerms, "item of a change", is.ID, "is not found by the ends that it had", func() error {
			_, err := tx.ExecContext(ctx, mendItem, must.Kind, must.A, must.B, must.WasA, must.WasB, k)
			if err == nil {
				_, err = tx.ExecContext(ctx, sealItem, k)
			}
			return err
		})
	})
}

// fit reports whether tables and indexes fit together, and where they do not, whether that is a matter of the indexes
// alone.
func (c *checking) fit(ctx context.Context) (fits, indexes bool, err error) {
	if err := c.l.tx.QueryRowContext(ctx, checkIndexes).Scan(&fits); err != nil {
		if err := storeError(ctx, err); err != nil && kg.CodeOf(err) != kg.Corrupt {
			return false, false, err
		}
		return false, false, nil
	}
	indexes = true
	return fits, indexes, scan(ctx, c.l.tx, checkFile, func(rows *sql.Rows) error {
		var said string
		if err := rows.Scan(&said); err != nil || said != "ok" {
			fits = false
			indexes = indexes && err == nil && ofIndex(said)
		}
		return nil
	})
}

// ofIndex reports whether what SQLite has found is wrong with an index alone.
func ofIndex(said string) bool {
	return strings.HasPrefix(said, "wrong # of entries in index ") || strings.HasPrefix(said, "non-unique entry in index ") ||
		strings.HasPrefix(said, "row ") && strings.Contains(said, " missing from index ")
}

// misfit tells that tables and indexes do not fit together. Indexes are made anew where all rows are as they were
// written: otherwise those that there are may know of what is lost.
func (c *checking) misfit(ctx context.Context, indexes bool) (fits bool, err error) {
	const unchecked = ", so that what follows from records was not checked"
	switch {
	case !indexes:
		return false, c.found(store.FaultyIndexes, "file", "", "has tables or indexes that do not fit together"+unchecked)
	case c.lost > 0:
		return false, c.found(store.FaultyIndexes, "file", "", "has indexes that do not fit their tables, some rows of which are damaged"+unchecked)
	}
	says := "has indexes that do not fit their tables"
	if !c.repairs {
		return false, c.mends(store.FaultyIndexes, "file", "", says+unchecked, nil)
	}
	if _, err := c.l.tx.ExecContext(ctx, `SAVEPOINT reindex`); err != nil {
		return false, err
	}
	_, err = c.l.tx.ExecContext(ctx, `REINDEX`)
	if err == nil {
		fits, _, err = c.fit(ctx)
	}
	if err != nil || !fits {
		if _, err := c.l.tx.ExecContext(ctx, `ROLLBACK TO reindex`); err != nil {
			return false, err
		}
		return false, c.found(store.FaultyIndexes, "file", "", says+", and cannot be made anew"+unchecked)
	}
	return true, c.mends(store.FaultyIndexes, "file", "", says, func() error { return nil })
}

// derived holds what follows from the evidence of links against it. Where evidence, a text or a quotation is damaged,
// nothing follows.
func (c *checking) derived(ctx context.Context) error {
	l := c.l
	if err := l.prepareVerifying(ctx); err != nil {
		return storeError(ctx, err)
	}
	whole := context.WithoutCancel(ctx) // what is asked for a row is short
	return scan(ctx, l.tx, checkDerived, func(rows *sql.Rows) error {
		var k, to int64
		var id, kind, sources, refuters string
		var raw []byte
		var unverified, stray, strays int
		var quoted rules.Quoted
		if err := rows.Scan(&k, &id, &kind, &to, &raw, &sources, &refuters, &unverified, &quoted, &stray, &strays); err != nil {
			return unreadable(err)
		}
		was, err := parseEvidence(raw)
		if err != nil {
			return c.found(store.FaultyRecords, "evidence of the link", id, notAsWritten)
		}
		for i := range was {
			switch _, err := l.source(whole, was[i].Source); {
			case kg.CodeOf(err) == kg.Conflict:
				return c.found(store.FaultyMissing, "link", id, "quotes "+was[i].Source+", which is not there")
			case kg.CodeOf(err) == kg.Corrupt:
				return nil
			case err != nil:
				return err
			}
		}
		evidence, of, against, n, err := l.evidence(whole, l.buf[:0], was)
		if err != nil {
			return err
		}
		l.buf = evidence
		q, err := l.quoted(whole, kind, to)
		switch {
		case kg.CodeOf(err) == kg.Corrupt:
			return nil
		case err != nil:
			return err
		}
		mend := func() error {
			if _, err := l.tx.ExecContext(whole, mendLink, string(evidence), of, against, n, int64(q), l.seq, strays, k); err != nil {
				return err
			}
			return l.touched(whole, changedLink, k)
		}
		switch {
		case !reflect.DeepEqual(was, l.pieces):
			return c.mends(store.FaultyExcerpts, "link", id, "has excerpts that stand otherwise in the texts of their sources", mend)
		case unverified != n || !slices.Equal(strings.Fields(sources), strings.Fields(of)) ||
			!slices.Equal(strings.Fields(refuters), strings.Fields(against)):
			return c.mends(store.FaultyCounts, "link", id, "has a standing or counts that do not follow from its evidence", mend)
		case q != quoted:
			return c.mends(store.FaultyCounts, "link", id, "says otherwise than the texts of its sources whether a quotation stands in them", mend)
		case stray != strays:
			return c.mends(store.FaultyTerms, "link", id, "is not found by what it says", mend)
		}
		return nil
	})
}

// snapshot holds the snapshot, with what was changed since, against the rows. One that is not used is as good as none,
// and so is one that cannot be held against rows, as they are damaged.
func (c *checking) snapshot(ctx context.Context) error {
	tx := c.l.tx
	h, err := readHead(ctx, tx)
	if err != nil {
		return nil //nolint:nilerr // it is told already
	}
	drop := func() error {
		// a server that began with it makes its version of the rows
		_, err := tx.ExecContext(ctx, dropSQL+"; DELETE FROM changed")
		if err == nil {
			_, err = tx.ExecContext(ctx, changedFromSQL, c.l.seq)
		}
		return err
	}
	graph, err := snapshotIn(ctx, c.s.cat, []*sql.Tx{tx}, &h)
	switch {
	case errors.Is(err, sql.ErrNoRows) || errors.Is(err, errOtherProgram) || errors.Is(err, errOtherRules):
		return nil
	case ctx.Err() != nil:
		return kg.Ended(ctx)
	case err != nil:
		return c.mends(store.FaultySnapshot, "snapshot", "", notAsWritten, drop)
	}
	kept, unfit := c.sums(ctx, &h, graph)
	made, err := c.sums(ctx, &h, nil)
	switch {
	case ctx.Err() != nil:
		return kg.Ended(ctx)
	case err != nil && c.lost > 0:
		return nil
	case err != nil:
		return storeError(ctx, fmt.Errorf("the version of the rows: %w", err))
	case unfit != nil || !maps.Equal(kept, made):
		return c.mends(store.FaultySnapshot, "snapshot", "", "is not of the rows of the file", drop)
	}
	return nil
}

// sums returns the sums of the version that follows from an older one. Of two versions one is held at a time.
func (c *checking) sums(ctx context.Context, h *head, old *memgraph.Graph) (map[string]string, error) {
	defer debug.FreeOSMemory()
	graph, err := follow(ctx, c.s.cat, []*sql.Tx{c.l.tx}, h, old)
	if err != nil {
		return nil, err
	}
	return graph.Sums(), nil
}
