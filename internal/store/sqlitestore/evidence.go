package sqlitestore

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// errStale tells that the file has moved on while an answer was made from an older image.
var errStale = errors.New("the file is newer than the image")

// querier is what reads need of a database or transaction.
type querier interface {
	BeginTx(ctx context.Context, o *sql.TxOptions) (*sql.Tx, error)
}

// evidencePage is a page of evidence that is still to be read.
type evidencePage struct {
	link  uint32
	field *plan.Field
	page  *kg.Page
}

// evidenceSQL reads the evidence of many links at once; its parameter is a JSON array of rowids.
const evidenceSQL = `SELECT j.key, l.evidence, l.wordsSum FROM json_each(?) j CROSS JOIN link l ON l.k = j.value`

// oneEvidenceSQL reads the evidence of one link.
const oneEvidenceSQL = `SELECT evidence, wordsSum FROM link WHERE k = ?`

// seqSQL reads the seq of the file's state.
const seqSQL = `SELECT value FROM meta WHERE key = 'seq'`

// readEvidence reads what is pending, a statement for each level, all in one transaction on the state of the image.
func (x *fetch) readEvidence() error {
	if len(x.pending) == 0 {
		return nil
	}
	tx, err := x.begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // it only reads
	for len(x.pending) > 0 {
		todo := x.pending
		x.pending = nil
		if err := x.evidenceLevel(tx, todo); err != nil {
			return err
		}
	}
	return nil
}

func (x *fetch) begin() (*sql.Tx, error) {
	tx, err := x.db.BeginTx(x.ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	var seq int64
	if err = tx.QueryRowContext(x.ctx, seqSQL).Scan(&seq); err == nil && seq != x.im.seq {
		err = errStale
	}
	if err != nil {
		_ = tx.Rollback()
		return nil, err
	}
	return tx, nil
}

func (x *fetch) evidenceLevel(tx *sql.Tx, todo []evidencePage) error {
	x.trips++
	rowids := make([]int64, len(todo))
	for i := range todo {
		rowids[i] = int64(todo[i].link)
	}
	arg, err := json.Marshal(rowids)
	if err != nil {
		return err
	}
	n := 0
	if r := store.RecorderOf(x.ctx); r != nil {
		began := time.Now()
		defer func() { r.Statement(evidenceSQL, map[string]any{"rowids, as JSON": rowids}, n, began) }()
	}
	rows, err := tx.QueryContext(x.ctx, evidenceSQL, string(arg))
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
		if err := x.unharmed(todo[i].link, raw, sum); err != nil {
			return err
		}
		x.hold(3 * len(raw)) // the texts, and what they are read through
		all, err := parseEvidence(raw)
		if err != nil {
			return err
		}
		x.evidencePage(todo[i].page, todo[i].link, all, todo[i].field)
	}
	if err := rows.Err(); err != nil || n == len(todo) {
		return err
	}
	return (&damage{what: "links", lost: true, held: int64(n), want: int64(len(todo))}).corrupt(x.file)
}

// unharmed reports evidence that is not as it was written.
func (x *fetch) unharmed(link uint32, raw []byte, sum int64) error {
	x.sums.addInt(int64(link))
	x.sums.addAll(raw)
	if x.sums.sum() != sum {
		return (&damage{what: "evidence of the link", id: x.im.linkID(link)}).corrupt(x.file)
	}
	return nil
}

// storedEvidence is one element of link.evidence.
type storedEvidence struct {
	source, excerpt, prefix, suffix, stance string
	verified                                *bool
	start, end                              int
}

// evidenceOf is evidence as it was written.
func evidenceOf(stored []storedEvidence) []kg.Evidence {
	list := make([]kg.Evidence, len(stored))
	for i, e := range stored {
		list[i] = kg.Evidence{Source: e.source, Excerpt: e.excerpt, Prefix: e.prefix, Suffix: e.suffix, Stance: e.stance, Verified: e.verified, Start: e.start, End: e.end}
	}
	return list
}

func parseEvidence(raw []byte) ([]storedEvidence, error) {
	var list [][8]any
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, err
	}
	out := make([]storedEvidence, len(list))
	for i, e := range list {
		s := func(j int) string { v, _ := e[j].(string); return v }
		out[i] = storedEvidence{source: s(0), excerpt: s(1), prefix: s(2), suffix: s(3), stance: s(4)}
		if b, ok := e[5].(bool); ok {
			out[i].verified = &b
		}
		start, _ := e[6].(float64)
		end, _ := e[7].(float64)
		out[i].start, out[i].end = int(start), int(end)
	}
	return out, nil
}

func (e *storedEvidence) id(link string) string {
	return kg.EvidenceID(link, &kg.Evidence{Source: e.source, Excerpt: e.excerpt, Prefix: e.prefix, Suffix: e.suffix, Stance: e.stance})
}

// evidencePage fills a page of a link's evidence, oldest first.
func (x *fetch) evidencePage(page *kg.Page, link uint32, all []storedEvidence, f *plan.Field) {
	if len(all) > 1 {
		slices.SortStableFunc(all, func(a, b storedEvidence) int { return cmp.Compare(x.age(&a), x.age(&b)) })
	}
	l := list[int]{items: make([]int, 0, len(all)), sorted: true}
	for i := range all {
		if f.Stance == "" || all[i].stance == f.Stance {
			l.items = append(l.items, i)
		}
	}
	page.Total = int64(len(l.items))
	if !f.Want.Rows && !f.Want.More {
		return
	}
	id := x.im.linkID(link)
	at := func(keys []kg.Value) func(int) int {
		return func(i int) int {
			return cmp.Or(cmp.Compare(int64(i), keys[0].Int), strings.Compare(all[i].id(id), keys[1].Str))
		}
	}
	if f.Page.After != nil {
		l.after = at(f.Page.After)
	}
	if f.Page.Before != nil {
		l.before = at(f.Page.Before)
	}
	items, prev, next := l.page(&f.Page)
	page.HasPrev, page.HasNext = prev, next
	if !f.Want.Rows {
		return
	}
	page.Edges = x.edges.take(len(items))
	for j, i := range items {
		if f.Node != nil {
			x.evidence(&page.Edges[j].Node, link, &all[i], f.Node)
		}
		if f.Want.Cursors {
			page.Edges[j].Keys = []kg.Value{kg.IntValue(int64(i)), kg.StringValue(all[i].id(id))}
		}
	}
}

// age is the key that orders a piece of evidence: see plan.EvidenceOrder.
func (x *fetch) age(e *storedEvidence) int64 {
	s := &x.im.sources[x.im.sourceByID[e.source]]
	return plan.DateKey(s.from, s.to, s.published != "", false)
}

// evidence fills the row of a piece of evidence.
func (x *fetch) evidence(row *kg.Row, link uint32, e *storedEvidence, sel *plan.Sel) {
	x.spend()
	row.Type = x.im.cat.Evidence.Index
	if len(sel.Props) > 0 {
		row.Vals = x.vals.take(len(sel.Props))
		id := x.im.linkID(link)
		for i, p := range sel.Props {
			row.Vals[i] = e.value(id, p)
		}
	}
	if len(sel.Kids) > 0 {
		row.Kids = x.pages.take(len(sel.Kids))
		for i, f := range sel.Kids {
			if !f.On.Has(row.Type) {
				continue
			}
			switch f.Follow {
			case plan.SourceOf:
				row.Kids[i].Edges = x.edges.take(1)
				x.source(&row.Kids[i].Edges[0].Node, x.im.sourceByID[e.source], f.Node)
			case plan.LinkOf:
				row.Kids[i].Edges = x.edges.take(1)
				x.link(&row.Kids[i].Edges[0].Node, link, f.Node)
			}
		}
	}
}

func (e *storedEvidence) value(link string, p *catalog.Prop) kg.Value {
	switch p.Name {
	case "id":
		return kg.StringValue(e.id(link))
	case "excerpt":
		return kg.StringValue(e.excerpt)
	case "prefix":
		return kg.StringValue(e.prefix)
	case "suffix":
		return kg.StringValue(e.suffix)
	case "stance":
		return kg.StringValue(e.stance)
	case "verified":
		if e.verified != nil {
			return kg.BoolValue(*e.verified)
		}
	case "start":
		if e.end > 0 {
			return kg.IntValue(int64(e.start))
		}
	case "end":
		if e.end > 0 {
			return kg.IntValue(int64(e.end))
		}
	}
	return kg.Value{}
}

// oneEvidence fills the row of the piece of a link's evidence that has this id.
func (x *fetch) oneEvidence(link uint32, id string, row *kg.Row, sel *plan.Sel) bool {
	tx, err := x.begin()
	if err != nil {
		x.fail(err)
	}
	defer tx.Rollback() //nolint:errcheck // it only reads
	x.trips++
	var raw []byte
	began := time.Now()
	var sum int64
	if err = tx.QueryRowContext(x.ctx, oneEvidenceSQL, link).Scan(&raw, &sum); err == nil {
		err = x.unharmed(link, raw, sum)
	}
	if r := store.RecorderOf(x.ctx); r != nil {
		r.Statement(oneEvidenceSQL, map[string]any{"link": link}, 1, began)
	}
	if err != nil {
		x.fail(err)
	}
	all, err := parseEvidence(raw)
	if err != nil {
		x.fail(err)
	}
	for i := range all {
		if own := x.im.linkID(link); all[i].id(own) == id {
			if sel == nil {
				sel = &plan.Sel{}
			}
			x.evidence(row, link, &all[i], sel)
			return true
		}
	}
	return false
}
