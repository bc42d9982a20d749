package sqlitestore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/text"
)

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

// authorsJSON writes a source's authors.
func authorsJSON(x *kg.Source) string {
	if len(x.Authors) == 0 {
		return "[]"
	}
	return listJSON(x.Authors)
}

func (l *load) newSource(ctx context.Context, x *kg.Source) error {
	in := &l.sourceRows
	in.args = append(in.args[:0], in.next, x.ID, x.Title, x.URL, x.Kind, x.Publisher, authorsJSON(x),
		string(x.PublishedOn), contentHash(x.Text), x.Text, l.seq)
	in.args = append(in.args, in.sums(&in.summer, in.args)...)
	if _, err := in.one.ExecContext(ctx, in.args...); err != nil {
		return err
	}
	in.next++
	l.wrote++
	l.feed.take(in)
	return nil
}

// setSource changes a source, whose excerpts are checked again when its text is another.
func (l *load) setSource(ctx context.Context, was, x *kg.Source) error {
	delete(l.sources, x.ID)
	var row int64
	if err := l.tx.QueryRowContext(ctx, setSource, x.Title, x.URL, x.Kind, x.Publisher, authorsJSON(x),
		string(x.PublishedOn), contentHash(x.Text), x.Text, l.seq, x.ID).Scan(&row); err != nil {
		return err
	}
	if was.Text != x.Text {
		if _, _, err := l.verifyAgain(ctx, restingSQL, "% "+strconv.FormatInt(row, 10)+" %"); err != nil {
			return err
		}
	}
	return l.changed(ctx, changedSource, x.ID, row, was, x)
}

// verifyAgain checks the words of links that a statement reads, like restingSQL. It returns how many it read, and
// the last one's key.
func (l *load) verifyAgain(ctx context.Context, text string, arg any) (n int, last int64, err error) {
	rows, err := l.tx.QueryContext(ctx, text, arg)
	if err != nil {
		return 0, 0, err
	}
	type change struct {
		row        int64
		evidence   string
		unverified int
		quoted     rules.Quoted
	}
	var changes []change
	read := func() error {
		defer rows.Close() //nolint:errcheck // rows.Err reports it
		for ; rows.Next(); n++ {
			var kind string
			var to int64
			var raw []byte
			var was, quoted rules.Quoted
			var whole bool
			if err := rows.Scan(&last, &kind, &to, &raw, &was, &whole); err != nil {
				return err
			}
			if !whole {
				return l.s.damaged("evidence of link", strconv.FormatInt(last, 10))
			}
			stored, err := parseEvidence(raw)
			if err != nil {
				return err
			}
			evidence, _, _, unverified, err := l.evidence(ctx, l.buf[:0], stored)
			if err == nil {
				quoted, err = l.quoted(ctx, kind, to)
			}
			if l.migrates && kg.CodeOf(err) == kg.Corrupt {
				continue // a text or a quotation is damaged
			}
			if err != nil {
				return err
			}
			if l.buf = evidence; !bytes.Equal(raw, evidence) || quoted != was {
				changes = append(changes, change{last, string(evidence), unverified, quoted})
			}
		}
		return rows.Err()
	}
	if err := read(); err != nil {
		return 0, 0, err
	}
	for _, c := range changes {
		if _, err := l.tx.ExecContext(ctx, setProof, c.evidence, c.unverified, int64(c.quoted), l.seq,
			c.row); err != nil {
			return 0, 0, err
		}
		if err := l.touched(ctx, changedLink, c.row); err != nil {
			return 0, 0, err
		}
	}
	return n, last, nil
}

// prepareVerifying prepares the statements that compare the words of links that are there with the texts of their
// sources.
func (l *load) prepareVerifying(ctx context.Context) error {
	return l.prepare(ctx, []prepared{
		{&l.findSource, textSQL},
		{&l.findWords, wordsSQL},
		{&l.noteChange, noteSQL},
		{&l.seals[changedLink], sealLink},
	})
}

// verifyAll checks the words of all links within a transaction of its own: how they are compared has changed.
func (s *Store) verifyAll(ctx context.Context, tx *sql.Tx) error {
	var texts bool
	if err := tx.QueryRowContext(ctx,
		`SELECT EXISTS (SELECT 1 FROM source WHERE text <> '')`).Scan(&texts); err != nil || !texts {
		return err
	}
	l := &load{s: s, tx: tx, sources: map[string]*loadSource{}, migrates: true}
	if err := tx.QueryRowContext(ctx, beginSQL).Scan(&l.seq); err != nil {
		return err
	}
	if err := l.prepareVerifying(ctx); err != nil {
		return err
	}
	for last := int64(0); ; {
		n, at, err := l.verifyAgain(ctx, nextLinksSQL, last)
		if err != nil || n < nextLinks {
			return err
		}
		last = at
	}
}

// columns are a node's columns between its type and its times.
func (l *load) columns(x *kg.Node) (aliases, ext, former, props string, err error) {
	if props, err = propsJSON(l.s.cat.TypeOf(x.Type), x.Props); err != nil {
		return "", "", "", "", err
	}
	if len(x.ExternalIDs) > 0 {
		b, err := json.Marshal(x.ExternalIDs)
		if err != nil {
			return "", "", "", "", err
		}
		ext = string(b)
	}
	return listJSON(x.Aliases), ext, listJSON(x.FormerIDs), props, nil
}

func (l *load) nodeRow(x *kg.Node, args []any) ([]any, error) {
	aliases, ext, former, props, err := l.columns(x)
	created, updated := store.Times(x.CreatedAt, x.UpdatedAt, l.now)
	return append(args, x.ID, x.Type, x.Name, x.Description, aliases, ext, former, props, created.UnixMilli(),
		updated.UnixMilli(), l.seq), err
}

// setNode changes a node.
func (l *load) setNode(ctx context.Context, was any, x *kg.Node) error {
	aliases, ext, former, props, err := l.columns(x)
	if err != nil {
		return err
	}
	created, updated := store.Times(x.CreatedAt, x.UpdatedAt, l.now)
	var row int64
	if err := l.tx.QueryRowContext(ctx, setNode, x.Name, x.Description, aliases, ext, former, props, created.UnixMilli(),
		updated.UnixMilli(), l.seq, x.ID).Scan(&row); err != nil {
		return err
	}
	l.know(x, row)
	if l.s.cat.QuotedOf(x.Type) != nil {
		if _, _, err := l.verifyAgain(ctx, quotingSQL, row); err != nil {
			return err
		}
	}
	return l.changed(ctx, changedNode, x.ID, row, was, x)
}

// know takes note of a node that is written.
func (l *load) know(x *kg.Node, row int64) {
	l.knowRow(x.ID, row)
	if q := l.s.cat.QuotedOf(x.Type); q != nil {
		words, _ := x.Props[q.Words.Name].(string)
		l.knowWords(row, &words)
	}
}

func (l *load) knowRow(id string, row int64) {
	if len(l.nodes) >= maxKnown {
		clear(l.nodes)
	}
	l.nodes[id] = row
}

// knowWords takes note of the words of a quotation; nil for another entity.
func (l *load) knowWords(row int64, words *string) {
	n := 64
	if words != nil {
		n += len(*words)
	}
	if l.spoken += n; l.spoken > maxTexts || l.words == nil {
		l.words, l.spoken = map[int64]*string{}, n
	}
	l.words[row] = words
}

// quoted is what comparing the words of the quotation at the end of a link with the texts of its evidence, which is in
// l.pieces, has found.
func (l *load) quoted(ctx context.Context, kind string, to int64) (rules.Quoted, error) {
	k := l.s.cat.Kind(kind)
	if k == nil || !l.s.cat.Quoting.Has(k.Index) || !slices.ContainsFunc(l.pieces,
		func(e kg.Evidence) bool { return e.Verified != nil }) {
		return rules.Unheld, nil
	}
	words, ok := l.words[to]
	if !ok {
		var id, typ, props string
		var whole bool
		if err := l.findWords.QueryRowContext(ctx, to).Scan(&id, &typ, &props, &whole); err != nil {
			return rules.Unheld, err
		}
		if !whole {
			return rules.Unheld, l.s.damaged("entity", id)
		}
		if q := l.s.cat.QuotedOf(typ); q != nil {
			own := map[string]any{}
			if props != "" {
				var err error
				if own, err = parseProps(l.s.cat.TypeOf(typ), props); err != nil {
					return rules.Unheld, err
				}
			}
			said, _ := own[q.Words.Name].(string)
			words = &said
		}
		l.knowWords(to, words)
	}
	if words == nil {
		return rules.Unheld, nil
	}
	return rules.Quote(*words, l.pieces, l.sourceText(ctx))
}

// sourceText returns how the texts of sources are found.
func (l *load) sourceText(ctx context.Context) func(id string) (*rules.Text, error) {
	return func(id string) (*rules.Text, error) {
		s, err := l.source(ctx, id)
		if err != nil {
			return nil, err
		}
		return s.text, nil
	}
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

func (l *load) nodeKey(ctx context.Context, id string) (int64, error) {
	if row, ok := l.nodes[id]; ok {
		return row, nil
	}
	var row int64
	err := l.findNode.QueryRowContext(ctx, id).Scan(&row)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, kg.Errorf(kg.Conflict, "there is no entity %s", id)
	}
	if err == nil {
		l.knowRow(id, row)
	}
	return row, err
}

func (l *load) source(ctx context.Context, id string) (*loadSource, error) {
	if s := l.sources[id]; s != nil {
		return s, nil
	}
	s := &loadSource{}
	var words, hash string
	err := l.findSource.QueryRowContext(ctx, id).Scan(&s.row, &words, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, kg.Errorf(kg.Conflict, "there is no source %s", id)
	}
	if err != nil {
		return nil, err
	}
	if contentHash(words) != hash {
		return nil, l.s.damaged("text of the source", id)
	}
	s.text = rules.NewText(words)
	if l.texts += len(words); l.texts > maxTexts || len(l.sources) >= maxSources {
		clear(l.sources)
		l.texts = len(words)
	}
	l.sources[id] = s
	return s, nil
}

// evidence writes evidence as it is stored, with the different sources that support and refute, as lists of keys, and
// how many excerpts are not verified.
func (l *load) evidence(ctx context.Context, buf []byte, list []kg.Evidence) (_ []byte, sources, refuters string,
	unverified int, err error,
) {
	var sides [2][]int64
	buf = append(buf, '[')
	l.pieces, err = rules.Verify(l.pieces[:0], list, l.sourceText(ctx))
	if err != nil {
		return nil, "", "", 0, err
	}
	for i := range l.pieces {
		e := &l.pieces[i]
		s, err := l.source(ctx, e.Source)
		if err != nil {
			return nil, "", "", 0, err
		}
		side := &sides[0]
		if e.Stance == kg.Refutes {
			side = &sides[1]
		}
		if !slices.Contains(*side, s.row) {
			*side = append(*side, s.row)
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
		case e.Verified == nil:
			buf = append(buf, "null]"...)
			unverified++
		case *e.Verified:
			buf = strconv.AppendInt(append(buf, "true,"...), int64(e.Start), 10)
			buf = strconv.AppendInt(append(buf, ','), int64(e.End), 10)
			buf = append(buf, ']')
		default:
			buf = append(buf, "false]"...)
			unverified++
		}
	}
	return append(buf, ']'), keyList(sides[0]), keyList(sides[1]), unverified, nil
}

func (l *load) linkRow(ctx context.Context, x *kg.Link, args []any) ([]any, error) {
	from, err := l.nodeKey(ctx, x.From)
	if err != nil {
		return args, err
	}
	to, err := l.nodeKey(ctx, x.To)
	if err != nil {
		return args, err
	}
	raw, sources, refuters, unverified, err := l.evidence(ctx, l.buf[:0], x.Evidence)
	if err != nil {
		return args, err
	}
	l.buf = raw
	quoted, err := l.quoted(ctx, x.Kind, to)
	if err != nil {
		return args, err
	}
	created, updated := store.Times(x.CreatedAt, x.UpdatedAt, l.now)
	return append(args, x.ID, x.Kind, from, to, x.Role, string(x.Since), string(x.Until), string(raw),
		sources, refuters, int64(unverified), created.UnixMilli(), updated.UnixMilli(), int64(quoted), l.seq, isStray(x)), nil
}

// keyList writes keys as link.sources and link.refuters hold them.
func keyList(keys []int64) string {
	slices.Sort(keys)
	var b []byte
	for i, k := range keys {
		if i > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendInt(b, k, 10)
	}
	return string(b)
}

// setLink changes a link.
func (l *load) setLink(ctx context.Context, was any, x *kg.Link) error {
	from, err := l.nodeKey(ctx, x.From)
	if err != nil {
		return err
	}
	to, err := l.nodeKey(ctx, x.To)
	if err != nil {
		return err
	}
	raw, sources, refuters, unverified, err := l.evidence(ctx, l.buf[:0], x.Evidence)
	if err != nil {
		return err
	}
	l.buf = raw
	quoted, err := l.quoted(ctx, x.Kind, to)
	if err != nil {
		return err
	}
	created, updated := store.Times(x.CreatedAt, x.UpdatedAt, l.now)
	var row int64
	if err := l.tx.QueryRowContext(ctx, setLink, from, to, x.Role, string(x.Since), string(x.Until), string(raw),
		sources, refuters, unverified,
		created.UnixMilli(), updated.UnixMilli(), int64(quoted), l.seq, isStray(x), x.ID).Scan(&row); err != nil {
		return err
	}
	return l.changed(ctx, changedLink, x.ID, row, was, l.stored(x))
}
