package neo4jstore

import (
	"context"
	"slices"
	"strings"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/rules"
)

// verifyAgain checks the words of every link of a source whose text is about to change.
func (l *load) verifyAgain(ctx context.Context, source string) error {
	c := &compiler{layout: l.s.layout}
	args := map[string]any{"id": source}
	if l.tx == nil {
		c.w("MATCH (s:Source {id: $id}) ")
		c.everySourceLink("s", "r")
	} else {
		ids, err := l.resting(ctx, l.tx, []string{source})
		if err != nil {
			return err
		}
		c.w(l.s.layout.anyLink())
		args["ids"] = ids
	}
	c.w(" RETURN ", linkText, ", r._made")
	var links []*kg.Link
	made := map[string]int64{}
	var ended error
	err := l.each(ctx, string(c.text), args, func(r []any) error {
		var x *kg.Link
		if x, ended = l.s.layout.linkOf(r); ended != nil {
			if l.migrates && kg.CodeOf(ended) == kg.Corrupt {
				ended = nil // a check tells of it, and it stays as it is
			}
			return ended
		}
		made[x.ID] = asInt(r[len(r)-1])
		if links = append(links, x); len(links) == linkPage {
			ended = l.writeVerified(ctx, links, made)
			links = nil
			clear(made)
		}
		return ended
	})
	if ended == nil && err == nil {
		err = l.writeVerified(ctx, links, made)
	}
	return failure(ctx, err)
}

// verifyAll checks the words of all links whose sources have texts.
func (s *Store) verifyAll(ctx context.Context) error {
	l := &load{s: s, sources: map[string]*rules.Text{}, migrates: true}
	last := ""
	for {
		rows, _, err := s.read(ctx,
			"MATCH (s:Source) WHERE s.id > $last AND s.text IS NOT NULL RETURN s.id ORDER BY s.id LIMIT 1000", map[string]any{"last": last})
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, r := range rows {
			last = asString(r[0])
			if err := l.verifyAgain(ctx, last); err != nil {
				return err
			}
		}
	}
}

// writeVerified writes links with what the texts of their sources, some of which are not stored yet, make of their
// evidence. made are the changes that they follow from.
func (l *load) writeVerified(ctx context.Context, links []*kg.Link, made map[string]int64) error {
	err := l.writeVerifiedAtOnce(ctx, links, made)
	if !l.migrates || kg.CodeOf(err) != kg.Corrupt {
		return err
	}
	for i := range links { // a text or a quotation is damaged: what rests on another is written
		if err := l.writeVerifiedAtOnce(ctx, links[i:i+1], made); err != nil && kg.CodeOf(err) != kg.Corrupt {
			return err
		}
	}
	return nil
}

func (l *load) writeVerifiedAtOnce(ctx context.Context, links []*kg.Link, made map[string]int64) error {
	if len(links) == 0 {
		return nil
	}
	if err := l.hold(ctx, links); err != nil {
		return err
	}
	words, err := l.wordsOf(links, func(text string, params map[string]any) ([][]any, error) {
		return l.read(ctx, text, params)
	})
	if err != nil {
		return err
	}
	rows := make([]any, len(links))
	for i, link := range links {
		row, err := l.linkRow(link, words)
		if err != nil {
			return err
		}
		p := row[linkProps:]
		p[4], p[5] = link.CreatedAt.UnixMilli(), link.UpdatedAt.UnixMilli()
		props := known(p)
		setMade(props, made[link.ID])
		rows[i] = props
	}
	l.writes(links)
	write := l.s.writeAnyway
	if l.tx != nil {
		write = func(_ context.Context, work func(tx neo4j.ManagedTransaction) error) error { return work(l.tx) }
	}
	return write(ctx, func(tx neo4j.ManagedTransaction) error {
		_, err := l.s.do(ctx, tx,
			"UNWIND $rows AS row CALL (row) {"+l.s.layout.eachType("MATCH ()-[r:%s {id: row.id}]->() RETURN r")+" } SET r = row", map[string]any{"rows": rows})
		return err
	})
}

// wordsOf reads the words of the quotations at the ends of links, by their ids. Where no text is held of what they rest
// on, they are not needed.
func (l *load) wordsOf(links []*kg.Link, read func(text string, params map[string]any) ([][]any,
	error),
) (map[string]string, error) {
	cat := l.s.layout.cat
	words := map[string]string{}
	for _, t := range cat.Types {
		if t.Quoted == nil {
			continue
		}
		var ids []string
		for _, x := range links {
			if t.Quoted.Kinds.Has(cat.Kind(x.Kind).Index) && l.textHeld(x) {
				ids = append(ids, x.To)
			}
		}
		if len(ids) == 0 {
			continue
		}
		if a := aheadOf(l); a != nil {
			held, err := a.records(l.s, ids)
			if err != nil {
				return nil, err
			}
			for _, x := range held.Nodes {
				if x.Type == t.Enum {
					words[x.ID], _ = x.Props[t.Quoted.Words.Name].(string)
				}
			}
			continue
		}
		found, err := read("MATCH (n:Entity) WHERE n.id IN $ids AND n:"+t.Name+" RETURN n.id, n."+t.Quoted.Words.Name,
			map[string]any{"ids": ids})
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			var f fields
			if words[asString(r[0])] = f.text(r[1], t.Quoted.Words.Name); f.wrong != "" {
				return nil, misfit(strings.ToLower(t.Enum), r[0], f.wrong)
			}
		}
	}
	return words, nil
}

// textHeld reports whether a text is held of a source that supports a link.
func (l *load) textHeld(x *kg.Link) bool {
	return slices.ContainsFunc(x.Evidence, func(e kg.Evidence) bool {
		t, err := l.text(e.Source)
		return e.Stance != kg.Refutes && err == nil && t.String() != ""
	})
}
