package neo4jstore

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/text"
)

// hold reads the sources of links that the load does not remember.
func (l *load) hold(ctx context.Context, list []*kg.Link) error {
	if len(l.sources) > maxHeld || l.held > maxTexts {
		clear(l.sources)
		l.held = 0
	}
	var missing []string
	asked := map[string]bool{}
	for _, x := range list {
		for i := range x.Evidence {
			if id := x.Evidence[i].Source; l.sources[id] == nil && !asked[id] {
				asked[id] = true
				missing = append(missing, id)
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if a := aheadOf(l); a != nil {
		return l.textsAhead(a, missing)
	}
	rows, err := l.read(ctx, "MATCH (s:Source) WHERE s.id IN $ids RETURN s.id, s.text", map[string]any{"ids": missing})
	for _, r := range rows {
		var f fields
		words := f.text(r[1], "text")
		if f.wrong != "" {
			return misfit("source", r[0], f.wrong)
		}
		l.sources[asString(r[0])] = rules.NewText(words)
		l.held += len(words)
	}
	return err
}

// The columns of a link that is written: where it runs, then its properties in this order.
const (
	linkFrom = iota
	linkTo
	linkProps
)

var linkColumns = [...]string{
	"id", "role", "since", "until", "createdAt", "updatedAt", "sourceCount", "sources", "evidenceSources", "excerpts", "prefixes", "suffixes",
	"stances", "verified", "_role", "_since", "_until", "_unverified",
	"starts", "ends", "supporters", "refuteCount", "standing", "kind", "_quoted", madeProperty,
}

// linkRow is a link as it is written; a property that is not known is nil. words are those of quotations, by their ids.
func (l *load) linkRow(x *kg.Link, words map[string]string) ([]any, error) {
	row := make([]any, linkProps+len(linkColumns))
	row[linkFrom], row[linkTo] = x.From, x.To
	p := row[linkProps:]
	p[0] = x.ID
	if x.Role != "" {
		p[1], p[14] = x.Role, text.Fold(x.Role)
	}
	if x.Since != "" {
		p[2], p[15] = string(x.Since), dateKey(x.Since, "")
	}
	if x.Until != "" {
		p[3], p[16] = string(x.Until), dateKey(x.Until, "")
	}
	var err error
	if l.pieces, err = rules.Verify(l.pieces[:0], x.Evidence, l.text); err != nil {
		return nil, err
	}
	n := len(l.pieces)
	if n == 0 {
		p[6] = int64(0)
		return row, nil
	}
	from, excerpts, prefixes, suffixes, stances, marks := make([]string, n), make([]any, n), make([]any, n), make([]any,
		n), make([]any, n), make([]any, n)
	starts, ends := make([]any, n), make([]any, n)
	var different []string
	supporting, refuting := x.SourcesOf(kg.Supports), x.SourcesOf(kg.Refutes)
	hasPrefix, hasSuffix, hasMark, hasPlace := false, false, false, false
	unverified := 0
	for i := range l.pieces {
		e := &l.pieces[i]
		from[i], excerpts[i], prefixes[i], suffixes[i], stances[i] = e.Source, e.Excerpt, e.Prefix, e.Suffix, e.Stance
		hasPrefix, hasSuffix = hasPrefix || e.Prefix != "", hasSuffix || e.Suffix != ""
		marks[i], starts[i], ends[i] = "", int64(-1), int64(-1)
		switch {
		case e.Verified == nil:
			unverified++
		case *e.Verified:
			marks[i], starts[i], ends[i] = "true", int64(e.Start), int64(e.End)
			hasMark, hasPlace = true, true
		default:
			marks[i] = "false"
			hasMark = true
			unverified++
		}
		if !slices.Contains(different, e.Source) {
			different = append(different, e.Source)
		}
	}
	p[6], p[7], p[9], p[12] = int64(len(supporting)), anys(different), excerpts, stances
	if len(different) < n {
		p[8] = anys(from)
	}
	if hasPrefix {
		p[10] = prefixes
	}
	if hasSuffix {
		p[11] = suffixes
	}
	if hasMark {
		p[13] = marks
	}
	if unverified > 0 {
		p[17] = int64(unverified)
	}
	if hasPlace {
		p[18], p[19] = starts, ends
	}
	if len(refuting) > 0 {
		standing := kg.StandingOf(len(supporting), len(refuting))
		p[20], p[21], p[22] = anys(supporting), int64(len(refuting)), standing.String()
		if standing == kg.Refuted {
			p[23] = x.Kind
		}
	}
	if said, ok := words[x.To]; ok && l.s.layout.cat.Quoting.Has(l.s.layout.cat.Kind(x.Kind).Index) {
		q, err := rules.Quote(said, l.pieces, l.text)
		if err != nil {
			return nil, err
		}
		if q != rules.Unheld {
			p[24] = q == rules.Verbatim
		}
	}
	return row, nil
}

// text is the text of a source that is held.
func (l *load) text(id string) (*rules.Text, error) {
	if t := l.changing[id]; t != nil {
		return t, nil
	}
	if t := l.sources[id]; t != nil {
		return t, nil
	}
	return nil, kg.Errorf(kg.Conflict, "there is no source %s", id)
}

// putLinks writes links, none of which stood in an earlier batch when they are distinct.
func (l *load) putLinks(ctx context.Context, tx neo4j.ManagedTransaction, b *store.Batch) error {
	cat := l.s.layout.cat
	byKind := make([][]*kg.Link, len(cat.Kinds))
	var minted []string // ids that do not follow from what the link says: another kind may hold them
	seen := make(map[string]string, len(b.Links))
	for _, x := range b.Links {
		k := cat.Kind(x.Kind)
		if k == nil {
			return kg.Errorf(kg.BadUserInput, "%s has a kind that the schema does not know", x.ID)
		}
		if was, twice := seen[x.ID]; twice && was != x.Kind {
			return otherKind(x, was)
		}
		seen[x.ID] = x.Kind
		byKind[k.Index] = append(byKind[k.Index], x)
		if x.ID != x.StatedID() {
			minted = append(minted, x.ID)
		}
	}
	if err := l.otherKinds(ctx, tx, minted, b.Links); err != nil {
		return err
	}
	// what is wrong is told of the first link in the order of the batch, so all are merged before any is written
	held := &store.Batch{}
	was := map[string]heldLink{}
	if a := aheadOf(l); a != nil {
		var err error
		of := store.Batch{Links: b.Links}
		if held, err = a.records(l.s, of.IDs()); err != nil {
			return err
		}
		for _, x := range held.Links {
			was[x.ID] = heldLink{x, linkType(x), a.made[x.ID]}
		}
	}
	for i, links := range byKind {
		if len(links) == 0 || b.Distinct && l.noLinks.Has(cat.Kinds[i].Index) || aheadOf(l) != nil {
			continue
		}
		const find = "MATCH ()-[r:%s]->() WHERE r.id IN $ids RETURN " + linkText + ", r._made"
		of := store.Batch{Links: links}
		found, err := l.s.do(ctx, tx,
			strings.ReplaceAll(find, "%s", cat.Kinds[i].Name)+" UNION ALL "+strings.ReplaceAll(find, "%s",
				refutedType), map[string]any{"ids": of.IDs()})
		if err != nil {
			return err
		}
		for _, r := range found {
			x, err := l.s.layout.linkOf(r)
			if err != nil {
				return err
			}
			held.Links = append(held.Links, x)
			was[x.ID] = heldLink{x, linkType(x), asInt(r[len(r)-1])}
		}
	}
	isNew, isOther, err := b.Onto(held)
	if err != nil {
		return err
	}
	if err := l.hold(ctx, isOther.Links); err != nil { // what they had rests on other sources
		return err
	}
	for i, links := range byKind {
		if len(links) == 0 {
			continue
		}
		of := func(list []*kg.Link) []*kg.Link {
			return slices.DeleteFunc(slices.Clone(list), func(x *kg.Link) bool { return x.Kind != cat.Kinds[i].Name })
		}
		var missing *missingError
		if err := l.putKind(ctx, tx, cat.Kinds[i], of(isNew.Links), of(isOther.Links), was); errors.As(err, &missing) {
			return l.firstMissing(ctx, tx, b.Links, missing.otherwise)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// heldLink is a link that is there, with its type of relationship and the change that it follows from.
type heldLink struct {
	*kg.Link
	typ  string
	made int64
}

// writes notes links that the one transaction of a load writes or deletes.
func (l *load) writes(list []*kg.Link) {
	if l.tx == nil {
		return
	}
	for _, x := range list {
		l.written = append(l.written, x.ID)
	}
}

// missingError is why links cannot be written: an end or a source of one of them is not there.
type missingError struct{ otherwise error }

func (e *missingError) Error() string { return e.otherwise.Error() }

func otherKind(x *kg.Link, was string) error {
	return kg.Errorf(kg.Conflict, "%s has the kind %s in the store; give the %s another id", x.ID, was, x.Kind)
}

// otherKinds refuses links whose id another kind holds. Ids that follow from what the link says belong to its kind
// alone, so only others are looked up; that keeps a large load from asking fourteen indexes for each link.
func (l *load) otherKinds(ctx context.Context, tx neo4j.ManagedTransaction, ids []string, list []*kg.Link) error {
	if len(ids) == 0 {
		return nil
	}
	found, err := l.s.do(ctx, tx, l.s.layout.anyLink()+" RETURN r.id, coalesce(r.kind, type(r))",
		map[string]any{"ids": ids})
	if err != nil {
		return err
	}
	kinds := make(map[string]string, len(found))
	for _, r := range found {
		kinds[asString(r[0])] = asString(r[1])
	}
	for _, x := range list {
		if was, ok := kinds[x.ID]; ok && was != x.Kind {
			return otherKind(x, was)
		}
	}
	return nil
}

// propertiesOf writes the pattern's map of a link's properties, from row.
func propertiesOf() string {
	var b strings.Builder
	for i, name := range linkColumns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(name)
		b.WriteString(": row[")
		b.WriteString(itoa(linkProps + i))
		b.WriteByte(']')
	}
	return b.String()
}

// putKind writes links of one kind. Where they are taken to be new, the constraints on their ids refuse one that is
// not. A link that goes to other ends, or becomes REFUTED or ceases to be so, is another relationship from then on; was
// has those that are there.
func (l *load) putKind(ctx context.Context, tx neo4j.ManagedTransaction, k *catalog.Kind, isNew, isOther []*kg.Link,
	was map[string]heldLink,
) error {
	written := slices.Concat(isNew, isOther)
	l.writes(written)
	words, err := l.wordsOf(written, func(text string, params map[string]any) ([][]any,
		error,
	) {
		return l.s.do(ctx, tx, text, params)
	})
	if err != nil {
		return err
	}
	created, changed, moved := map[string][]any{}, map[string][]any{}, map[string][]any{} // by type of relationship
	for i, x := range written {
		row, err := l.linkRow(x, words)
		if err != nil {
			return &missingError{err}
		}
		p := row[linkProps:]
		first, last := store.Times(x.CreatedAt, x.UpdatedAt, l.now)
		p[4], p[5] = first.UnixMilli(), last.UnixMilli()
		stored := *x
		stored.Evidence = l.pieces
		typ, old := linkType(x), was[x.ID]
		switch {
		case i < len(isNew):
			p[25] = l.mark(x.ID)
			l.log(nil, &stored, 0)
			created[typ] = append(created[typ], row)
			continue
		case old.made > 0:
			p[25] = old.made
		}
		l.log(old.Link, &stored, old.made)
		switch {
		case old.From != x.From || old.To != x.To || old.typ != typ:
			moved[old.typ] = append(moved[old.typ], x.ID)
			created[typ] = append(created[typ], row)
		default:
			changed[typ] = append(changed[typ], known(p))
		}
	}
	types := [2]string{k.Name, refutedType}
	for _, typ := range types {
		if len(moved[typ]) > 0 {
			if _, err := l.run(ctx, tx, "MATCH ()-[r:"+typ+"]->() WHERE r.id IN $ids"+deleting("r"),
				map[string]any{"ids": moved[typ]}, -1); err != nil {
				return err
			}
		}
		if len(changed[typ]) > 0 {
			if _, err := l.run(ctx, tx, "UNWIND $rows AS row MATCH ()-[r:"+typ+" {id: row.id}]->() SET r = row",
				map[string]any{"rows": changed[typ]}, -1); err != nil {
				return err
			}
		}
	}
	for _, typ := range types {
		rows := created[typ]
		if len(rows) == 0 {
			continue
		}
		all, err := l.run(ctx, tx,
			"UNWIND $rows AS row MATCH (a:Entity {id: row[0]}) MATCH (b:Entity {id: row[1]}) CREATE (a)-[r:"+typ+" {"+propertiesOf()+"}]->(b)",
			map[string]any{"rows": rows}, len(rows))
		if err != nil {
			return err
		}
		if !all {
			return &missingError{kg.Errorf(kg.Conflict, "a link's end is not in the store")}
		}
	}
	return nil
}

// linkType is the type of relationship that a link is.
func linkType(x *kg.Link) string {
	if x.Standing() == kg.Refuted {
		return refutedType
	}
	return x.Kind
}

// firstMissing says which end of the first of some links is not there, new links before those that change; otherwise it
// returns the error at hand.
func (l *load) firstMissing(ctx context.Context, tx neo4j.ManagedTransaction, list []*kg.Link, otherwise error) error {
	var ids, links []string
	for _, x := range list {
		ids, links = append(ids, x.From, x.To), append(links, x.ID)
	}
	rows, err := l.s.do(ctx, tx, l.s.layout.anyLink()+" RETURN r.id", map[string]any{"ids": links})
	if err != nil {
		return err
	}
	held := make(map[string]bool, len(rows))
	for _, r := range rows {
		held[asString(r[0])] = true
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b *kg.Link) int {
		switch {
		case held[a.ID] == held[b.ID]:
			return 0
		case held[b.ID]:
			return -1
		}
		return 1
	})
	found, err := l.s.do(ctx, tx, "MATCH (n:Entity) WHERE n.id IN $ids RETURN n.id", map[string]any{"ids": ids})
	if err != nil {
		return err
	}
	there := make(map[string]bool, len(found))
	for _, r := range found {
		there[asString(r[0])] = true
	}
	for _, x := range list {
		for _, id := range [2]string{x.From, x.To} {
			if !there[id] {
				return kg.Errorf(kg.Conflict, "there is no entity %s", id)
			}
		}
		for i := range x.Evidence {
			if l.sources[x.Evidence[i].Source] == nil {
				return kg.Errorf(kg.Conflict, "there is no source %s", x.Evidence[i].Source)
			}
		}
	}
	return otherwise
}
