package neo4jstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/text"
)

func (l *layout) sourceProps(x *kg.Source) map[string]any {
	name := text.Fold(x.Title)
	p := map[string]any{
		"id": x.ID, "title": x.Title, "kind": x.Kind, "_name": name, "_names": []any{name},
		"_sort": text.SortKey(x.Title),
	}
	setText(p, "url", x.URL)
	setText(p, "publisher", x.Publisher)
	setText(p, "publishedOn", string(x.PublishedOn))
	setText(p, "text", x.Text)
	if len(x.Authors) > 0 {
		p["authors"] = anys(x.Authors)
	}
	if x.PublishedOn != "" {
		p["_date"] = dateKey(x.PublishedOn, "")
	}
	if x.Text != "" {
		sum := sha256.Sum256([]byte(x.Text))
		p["contentHash"] = hex.EncodeToString(sum[:])
	}
	for _, own := range l.cat.Source.Props {
		if !isFolded(own) {
			continue
		}
		switch v := p[own.Name].(type) {
		case string:
			p[foldedPrefix+own.Name] = text.Fold(v)
		case []any:
			p[foldedPrefix+own.Name] = foldedAll(v)
		}
	}
	doc := text.NewSourceDoc(x.Title, x.Text)
	doc.IDs = text.IDs(x.ID)
	p["_words"], p["_nameWords"] = terms(l.cat.Source, &doc, []string{x.Title}, []string{x.Text}), int64(doc.NameCount)
	return p
}

// foldedAll folds each of a list of texts.
func foldedAll(list []any) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = text.Fold(asString(v))
	}
	return out
}

// sourcesText finds those of some sources that are there.
const sourcesText = "MATCH (s:Source) WHERE s.id IN $ids RETURN " + sourceText + ", s._made"

// heldSources finds those of some sources that are there, in a transaction if there is one.
func (l *load) heldSources(ctx context.Context, tx neo4j.ManagedTransaction, ids []string) (held *store.Batch,
	made map[string]int64, err error,
) {
	if a := aheadOf(l); a != nil {
		held, err = a.records(l.s, ids)
		return held, a.made, err
	}
	var rows [][]any
	if params := map[string]any{"ids": ids}; tx != nil {
		rows, err = l.s.do(ctx, tx, sourcesText, params)
	} else {
		rows, err = l.s.reads(ctx, sourcesText, params)
	}
	held, made = &store.Batch{}, map[string]int64{}
	for i := 0; i < len(rows) && err == nil; i++ {
		var x *kg.Source
		if x, err = sourceOf(rows[i]); err == nil {
			held.Sources, made[x.ID] = append(held.Sources, x), asInt(rows[i][len(rows[i])-1])
		}
	}
	return held, made, err
}

// putSources writes sources. Where the text of one changes, the excerpts of its links are checked again first, so
// that a load that is cut off in between does it again.
func (l *load) putSources(ctx context.Context, b store.Batch) error {
	if err := l.settle(ctx); err != nil {
		return err
	}
	held, _, err := l.heldSources(ctx, l.tx, b.IDs())
	if err != nil {
		return err
	}
	texts := make(map[string]string, len(held.Sources))
	for _, x := range held.Sources {
		texts[x.ID] = x.Text
	}
	quiet := b
	quiet.Report = nil
	_, changed, err := quiet.Onto(held)
	if err != nil {
		return err
	}
	// a link may rest on several of them
	l.changing = map[string]*rules.Text{}
	for _, x := range changed.Sources {
		l.changing[x.ID] = rules.NewText(x.Text)
	}
	defer func() { l.changing = nil }()
	for _, x := range changed.Sources {
		if texts[x.ID] != x.Text {
			if err := l.verifyAgain(ctx, x.ID); err != nil {
				return err
			}
		}
	}
	for _, x := range b.Sources {
		delete(l.sources, x.ID)
	}
	return l.supposing(ctx, b, func(ctx context.Context, tx neo4j.ManagedTransaction, b *store.Batch) error {
		held, made, err := l.heldSources(ctx, tx, b.IDs())
		if err != nil {
			return err
		}
		created, changed, err := b.Onto(held)
		if err != nil {
			return err
		}
		was := held.ByID()
		rows := make([]any, 0, len(created.Sources)+len(changed.Sources))
		for _, x := range created.Sources {
			l.log(nil, x, 0)
			p := l.s.layout.sourceProps(x)
			p[madeProperty] = l.mark(x.ID)
			rows = append(rows, p)
		}
		for _, x := range changed.Sources {
			l.log(was[x.ID], x, made[x.ID])
			p := l.s.layout.sourceProps(x)
			setMade(p, made[x.ID])
			rows = append(rows, p)
		}
		if len(rows) > 0 {
			_, err = l.run(ctx, tx, "UNWIND $rows AS row MERGE (s:Source {id: row.id}) SET s = row",
				map[string]any{"rows": rows}, -1)
		}
		return err
	})
}
