package neo4jstore

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/text"
)

// Atomic is false: a load of any size does not fit into one transaction, whose state Neo4j keeps in memory. What was
// written is right as far as it goes, and the load run again completes it.
func (s *Store) Atomic() bool { return false }

// batchSize is about how many records one transaction writes: a commit costs some milliseconds, and a statement for
// each of fourteen kinds of link half of one. Larger ones gain nothing and cost memory on the server.
const batchSize = 10_000

// batchText is about how many bytes of long texts one transaction writes at most, and one batch more.
const batchText = 4 << 20

// load writes batches, each in transactions of its own.
type load struct {
	s       *Store
	now     kg.Time
	done    bool
	sources map[string]*rules.Text
	// changing are the texts that are about to be written
	changing map[string]*rules.Text
	held     int           // bytes of them
	pieces   []kg.Evidence // of a link, while it is written
	// waiting is what was put and not yet written, and the bytes of its texts
	waiting store.Batch
	texts   int
	// what of a kind, or of entities, was not there when the load began need not be looked for
	noLinks catalog.KindSet
	noNodes bool
	// sent are transactions that are under way: see concurrent.go
	sent []*sent

	// tx is the one transaction of a load that is one: see write.go
	tx      neo4j.ManagedTransaction
	written []string // ids of the links that it has written or deleted

	// for the log: see log.go
	deed    store.Deed
	marks   map[string]int64 // of what waits, where the log is another store's: see mark
	seq     int64            // of the change, once it is there
	went    map[string]bool  // ids of records that were there before the load and that it deleted
	came    map[string]bool  // ids of records that are new, where the log keeps each of them and they bear no mark
	logging *logging         // of the transaction that was begun last
	is      kg.Change        // as it was written

	migrates bool // what is damaged is passed over: a store with some of it starts
}

// What a load remembers of sources at most.
const (
	maxHeld  = 100_000
	maxTexts = 16 << 20 // bytes of their texts; folded, one takes about as much again
)

// Load begins a load. It waits for one that is under way in this process; loads of other servers take turns batch by
// batch.
func (s *Store) Load(ctx context.Context) (store.Load, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	select {
	case s.loads <- struct{}{}:
	case <-ctx.Done():
		return nil, failure(ctx, ctx.Err())
	}
	l := &load{
		s: s, now: kg.TimeOf(s.now()), sources: map[string]*rules.Text{}, waiting: store.Batch{Distinct: true},
		went: map[string]bool{}, came: map[string]bool{},
	}
	if err := l.count(ctx); err != nil {
		return nil, errors.Join(err, l.Rollback())
	}
	return l, nil
}

// count finds out what is not there; Neo4j keeps the numbers.
func (l *load) count(ctx context.Context) error {
	rows, _, err := l.s.read(ctx, "RETURN '' AS kind, COUNT { MATCH (:Entity) } AS n UNION ALL"+
		l.s.layout.eachType("RETURN '%s' AS kind, COUNT { MATCH ()-[:%s]->() } AS n"), nil)
	refuted := false
	for _, r := range rows {
		none := asInt(r[1]) == 0
		switch name := asString(r[0]); {
		case name == "":
			l.noNodes = none
		case name == refutedType:
			refuted = !none
		case none:
			l.noLinks |= 1 << l.s.layout.cat.Kind(name).Index
		}
	}
	if refuted {
		l.noLinks = 0 // some are of any kind
	}
	return err
}

// Commit writes what waits and ends the load.
func (l *load) Commit(ctx context.Context) error {
	if l.done {
		return kg.Errorf(kg.Internal, "the load has ended")
	}
	err := cmp.Or(l.flush(ctx), l.settle(ctx))
	switch {
	case err != nil:
	case l.deed.Log != nil:
		err = l.copyLog(ctx, l.deed.Log)
	case l.seq > 0:
		err = l.s.write(ctx, func(tx neo4j.ManagedTransaction) error { return l.closeLog(ctx, tx) })
	}
	_ = l.Rollback() // it only lets the next load begin
	return err
}

// Rollback ends the load; what was written stays.
func (l *load) Rollback() error {
	if !l.done {
		l.done = true
		l.leave()
		<-l.s.loads
	}
	return nil
}

// Put takes a batch and writes it when enough has come together.
func (l *load) Put(ctx context.Context, b *store.Batch) error {
	if l.done {
		return kg.Errorf(kg.Internal, "the load has ended")
	}
	if l.waiting.Merge != b.Merge {
		if err := l.flush(ctx); err != nil {
			return err
		}
	}
	w := &l.waiting
	w.Sources, w.Nodes, w.Links = append(w.Sources, b.Sources...), append(w.Nodes, b.Nodes...), append(w.Links,
		b.Links...)
	w.Distinct, w.Merge, w.Report = w.Distinct && b.Distinct, b.Merge, b.Report
	l.texts += textBytes(b)
	if len(w.Sources)+len(w.Nodes)+len(w.Links) >= l.s.batch || l.texts >= batchText || len(b.Delete) > 0 {
		if err := l.flush(ctx); err != nil {
			return err
		}
	}
	return l.remove(ctx, b)
}

// textBytes counts the bytes of what can be long.
func textBytes(b *store.Batch) (n int) {
	for _, x := range b.Sources {
		n += len(x.Text)
	}
	for _, x := range b.Nodes {
		n += len(x.Description)
		for _, v := range x.Props {
			if s, ok := v.(string); ok {
				n += len(s)
			}
		}
	}
	for _, x := range b.Links {
		for i := range x.Evidence {
			n += len(x.Evidence[i].Excerpt) + len(x.Evidence[i].Prefix) + len(x.Evidence[i].Suffix)
		}
	}
	return n
}

// flush writes what waits: sources, then nodes, then links, in transactions of at most batch records.
func (l *load) flush(ctx context.Context) error {
	b := l.waiting
	if err := l.keepOwn(ctx, &b); err != nil {
		return err
	}
	if err := l.copyMarks(ctx, &b); err != nil {
		return err
	}
	l.waiting, l.texts = store.Batch{Distinct: b.Distinct, Merge: b.Merge}, 0
	part := func(of store.Batch) store.Batch {
		of.Distinct, of.Merge, of.Report = b.Distinct, b.Merge, b.Report
		return of
	}
	for list := range slices.Chunk(b.Sources, l.s.batch) {
		if err := l.putSources(ctx, part(store.Batch{Sources: list})); err != nil {
			return err
		}
	}
	for list := range slices.Chunk(b.Nodes, l.s.batch) {
		if err := l.supposing(ctx, part(store.Batch{Nodes: list}), l.putNodes); err != nil {
			return err
		}
	}
	if len(b.Links) > 0 && slices.ContainsFunc(l.sent, func(x *sent) bool { return len(x.batch.Nodes) > 0 }) {
		if err := l.settle(ctx); err != nil { // they may be ends
			return err
		}
	}
	for list := range slices.Chunk(b.Links, l.s.batch) {
		if err := l.hold(ctx, list); err != nil {
			return err
		}
		if err := l.supposing(ctx, part(store.Batch{Links: list}), l.putLinks); err != nil {
			return err
		}
	}
	return nil
}

// supposing writes a batch that may suppose records to be new: beside others where it can, otherwise alone.
func (l *load) supposing(ctx context.Context, b store.Batch, work batchWork) error {
	if l.tx != nil {
		return work(ctx, l.tx, &b)
	}
	if ok, err := l.send(ctx, b, work); ok {
		return err
	}
	if err := l.settle(ctx); err != nil {
		return err
	}
	return l.alone(ctx, b, work)
}

// alone runs a transaction that may suppose records to be new, and again without that when one of them was there:
// another server's load is writing the same. What became of the records is reported once it is so.
func (l *load) alone(ctx context.Context, b store.Batch, work batchWork) error {
	var changes []outcome
	report := b.Report
	if report != nil {
		b.Report = func(was, is any) { changes = append(changes, outcome{was, is}) }
	}
	try := func() error {
		return l.s.write(ctx, func(tx neo4j.ManagedTransaction) error {
			changes = changes[:0] // the driver may run it again
			return l.within(ctx, tx, func() error { return work(ctx, tx, &b) })
		})
	}
	err := try()
	if b.Distinct && notUnique(err) {
		b.Distinct = false
		err = try()
	}
	if err == nil {
		l.logged()
	}
	if err == nil && report != nil {
		for _, c := range changes {
			report(c.was, c.is)
		}
	}
	return err
}

// within runs the work of a transaction between its lock and what it logs.
func (l *load) within(ctx context.Context, tx neo4j.ManagedTransaction, work func() error) error {
	if err := l.lock(ctx, tx); err != nil {
		return err
	}
	if err := work(); err != nil {
		return err
	}
	return l.writeLog(ctx, tx)
}

// outcome is a record before and after it was written: see store.Batch.
type outcome struct{ was, is any }

// notUnique reports whether a record was there that was taken to be new.
func notUnique(err error) bool {
	var e *neo4j.Neo4jError
	return errors.As(err, &e) && e.Code == "Neo.ClientError.Schema.ConstraintValidationFailed"
}

func anys(items []string) []any {
	out := make([]any, len(items))
	for i, s := range items {
		out[i] = s
	}
	return out
}

func setText(props map[string]any, name, s string) {
	if s != "" {
		props[name] = s
	}
}

// dateKey is how an interval is kept: see plan.DateKey.
func dateKey(from, until kg.PartialDate) int64 {
	a, b := from.Interval()
	if until != "" {
		_, b = until.Interval()
	}
	return int64(a)*1e8 + int64(b)
}

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

// setMade keeps the change that a record follows from.
func setMade(props map[string]any, seq int64) {
	if seq > 0 {
		props[madeProperty] = seq
	}
}

// known are the properties of a link that it has.
func known(columns []any) map[string]any {
	props := make(map[string]any, len(columns))
	for i, v := range columns {
		if v != nil {
			props[linkColumns[i]] = v
		}
	}
	return props
}

// linkTypes are the types of relationship that are links: the kinds and that of REFUTED links.
func (l *layout) linkTypes() []string { return append(l.kindList(l.cat.AllKinds()), refutedType) }

// eachType repeats a clause for every type of relationship that is a link.
func (l *layout) eachType(clause string) string {
	var b strings.Builder
	for i, name := range l.linkTypes() {
		if i > 0 {
			b.WriteString(" UNION ALL")
		}
		b.WriteByte(' ')
		b.WriteString(strings.ReplaceAll(clause, "%s", name))
	}
	return b.String()
}

// nodeProps are the properties of an entity as kept.
func (l *layout) nodeProps(x *kg.Node, t *catalog.Type) map[string]any {
	p := map[string]any{"id": x.ID, "name": x.Name}
	var body []string
	if x.Description != "" {
		p["description"] = x.Description
		body = append(body, x.Description)
	}
	if len(x.Aliases) > 0 {
		p["aliases"] = anys(x.Aliases)
	}
	if len(x.ExternalIDs) > 0 {
		p["externalIds"] = anys(kg.ExternalIDsValue(x.ExternalIDs).Items())
	}
	if len(x.FormerIDs) > 0 {
		p["formerIds"] = anys(x.FormerIDs)
	}
	for _, own := range t.Props {
		v, ok := x.Props[own.Name]
		if !ok || v == nil || v == "" {
			continue
		}
		p[own.Name] = v
		if s, ok := v.(string); ok {
			if own.Searchable {
				body = append(body, s)
			}
			if isFolded(own) {
				p[foldedPrefix+own.Name] = text.Fold(s)
			}
		}
	}
	name := text.Fold(x.Name)
	names := []any{name}
	for _, a := range x.Aliases {
		names = append(names, text.Fold(a))
	}
	all := slices.Clone(names)
	for _, b := range body {
		all = append(all, text.Fold(b))
	}
	doc := text.NewDoc(x.Name, x.Aliases, body)
	p["_name"], p["_names"], p["_texts"], p["_sort"] = name, names, all, text.SortKey(x.Name)
	var external []string
	for _, e := range x.ExternalIDs {
		external = append(external, e.Scheme, e.Value)
	}
	doc.IDs = text.IDs(x.ID, external...)
	p["_words"], p["_nameWords"] = terms(t, &doc, append([]string{x.Name}, x.Aliases...), body), int64(doc.NameCount)
	if t.DateProp != nil {
		from, _ := p[t.DateProp.Name].(string)
		until := ""
		if t.UntilProp != nil {
			until, _ = p[t.UntilProp.Name].(string)
		}
		if a, b, known := kg.Span(kg.PartialDate(from), kg.PartialDate(until)); known {
			p["_date"] = int64(a)*1e8 + int64(b)
		}
	}
	return p
}

// heldNodes finds those of some entities that are there. What is somebody else's under such an id is a conflict.
func (l *load) heldNodes(ctx context.Context, tx neo4j.ManagedTransaction, list []*kg.Node) (held []*kg.Node,
	made map[string]int64, err error,
) {
	made = map[string]int64{}
	ids, types := make([]string, len(list)), make(map[string]string, len(list))
	for i, x := range list {
		ids[i] = x.ID
		types[x.ID] = x.Type
	}
	if a := aheadOf(l); a != nil {
		b, err := a.records(l.s, ids)
		if err != nil {
			return nil, nil, err
		}
		for _, x := range b.Nodes {
			x.Verified = nil // it follows from links
		}
		return b.Nodes, a.made, nil
	}
	found, err := l.s.do(ctx, tx, "MATCH (n:Entity) WHERE n.id IN $ids RETURN n.id, labels(n), properties(n)",
		map[string]any{"ids": ids})
	for _, r := range found {
		var t *catalog.Type
		for _, label := range texts(asList(r[1])) {
			if of := l.s.layout.cat.Type(label); of != nil {
				t = of
			}
		}
		p, _ := r[2].(map[string]any)
		if t == nil || p["_sort"] == nil { // not ours
			id := asString(r[0])
			return nil, nil, kg.Errorf(kg.Conflict, "%s is something else in the store; give the %s another id", id,
				strings.ToLower(types[id]))
		}
		x, err := nodeFrom(t, p)
		if err != nil {
			return nil, nil, err
		}
		held, made[x.ID] = append(held, x), asInt(p[madeProperty])
	}
	return held, made, err
}

// putNodes writes entities, none of which stood in an earlier batch when they are distinct.
func (l *load) putNodes(ctx context.Context, tx neo4j.ManagedTransaction, b *store.Batch) error {
	cat := l.s.layout.cat
	for _, x := range b.Nodes {
		if t := cat.TypeOf(x.Type); t == nil || !t.IsEntity() {
			return kg.Errorf(kg.BadUserInput, "%s has a type that the schema does not know", x.ID)
		}
	}
	held := &store.Batch{}
	var made map[string]int64
	if !b.Distinct || !l.noNodes {
		var err error
		if held.Nodes, made, err = l.heldNodes(ctx, tx, b.Nodes); err != nil {
			return err
		}
	}
	isNew, isOther, err := b.Onto(held)
	if err != nil {
		return err
	}
	created := make([][]any, len(cat.Types)+1)
	var changed, names []any
	props := func(x *kg.Node) map[string]any {
		p := l.s.layout.nodeProps(x, cat.TypeOf(x.Type))
		created, updated := store.Times(x.CreatedAt, x.UpdatedAt, l.now)
		p["createdAt"], p["updatedAt"] = created.UnixMilli(), updated.UnixMilli()
		if len(x.Aliases)+len(x.ExternalIDs)+len(x.FormerIDs) == 0 {
			return p
		}
		aliases, outer := namesOf(x)
		names = append(names, []any{x.ID, aliases, outer})
		return p
	}
	for _, x := range isNew.Nodes {
		l.log(nil, x, 0)
		i, p := cat.TypeOf(x.Type).Index, props(x)
		p[madeProperty] = l.mark(x.ID)
		created[i] = append(created[i], p)
	}
	was := held.ByID()
	for _, x := range isOther.Nodes {
		l.log(was[x.ID], x, made[x.ID])
		p := props(x)
		setMade(p, made[x.ID])
		changed = append(changed, p)
	}
	for i, rows := range created {
		if len(rows) == 0 {
			continue
		}
		if _, err := l.run(ctx, tx, "UNWIND $rows AS row CREATE (n:"+cat.Types[i-1].Name+":Entity) SET n = row",
			map[string]any{"rows": rows}, -1); err != nil {
			return err
		}
	}
	if len(changed) > 0 {
		if _, err := l.run(ctx, tx, `UNWIND $rows AS row MATCH (n:Entity {id: row.id}) SET n = row
WITH n MATCH (a:Alias|ExternalId)-[:ALIAS_OF|IDENTIFIES]->(n) DETACH DELETE a`, map[string]any{"rows": changed}, -1); err != nil {
			return err
		}
	}
	if err := l.quoteAgain(ctx, tx, isOther.Nodes); err != nil {
		return err
	}
	if len(names) > 0 {
		if _, err := l.run(ctx, tx, namesText, map[string]any{"rows": names}, -1); err != nil {
			return err
		}
	}
	return nil
}

// namesText makes what entities are found by beside their names, of rows of ids and namesOf.
const namesText = `UNWIND $rows AS row MATCH (n:Entity {id: row[0]})
FOREACH (a IN row[1] | CREATE (:Alias {name: a[0], _name: a[1]})-[:ALIAS_OF]->(n))
FOREACH (x IN row[2] | CREATE (:ExternalId {scheme: x[0], value: x[1]})-[:IDENTIFIES]->(n))`

// namesOf returns what an entity is found by beside its name: aliases with their folded forms, and external and former
// ids with their schemes.
func namesOf(x *kg.Node) (aliases, outer []any) {
	aliases, outer = []any{}, []any{}
	for _, a := range x.Aliases {
		aliases = append(aliases, []any{a, text.Fold(a)})
	}
	for _, e := range x.ExternalIDs {
		outer = append(outer, []any{e.Scheme, e.Value})
	}
	for _, id := range x.FormerIDs {
		outer = append(outer, []any{formerScheme, id})
	}
	return aliases, outer
}

// quoteAgain compares the words of entities that have changed, those that are quotations, with the texts that they are
// quoted from.
func (l *load) quoteAgain(ctx context.Context, tx neo4j.ManagedTransaction, list []*kg.Node) error {
	for _, t := range l.s.layout.cat.Types {
		if t.Quoted == nil {
			continue
		}
		words := map[string]string{}
		for _, x := range list {
			if x.Type == t.Enum {
				words[x.ID], _ = x.Props[t.Quoted.Words.Name].(string)
			}
		}
		if len(words) == 0 {
			continue
		}
		kinds := strings.Join(l.s.layout.kindList(t.Quoted.Kinds), "|")
		found, err := l.s.do(ctx, tx,
			"MATCH (n:Entity)<-[r:"+kinds+"]-(:Entity) WHERE n.id IN $ids AND r._quoted IS NOT NULL RETURN "+linkText,
			map[string]any{"ids": slices.Collect(maps.Keys(words))})
		if err != nil {
			return err
		}
		links := make([]*kg.Link, len(found))
		for i, r := range found {
			if links[i], err = l.s.layout.linkOf(r); err != nil {
				return err
			}
		}
		if err := l.hold(ctx, links); err != nil {
			return err
		}
		l.writes(links)
		rows := make([]any, len(links))
		for i, x := range links {
			q, err := rules.Quote(words[x.To], x.Evidence, l.text)
			if err != nil {
				return err
			}
			rows[i] = []any{x.ID, q == rules.Verbatim}
		}
		if len(rows) == 0 {
			continue
		}
		if _, err := l.s.do(ctx, tx,
			"UNWIND $rows AS row MATCH ()-[r:"+kinds+"]->() WHERE r.id = row[0] SET r._quoted = row[1]", map[string]any{"rows": rows}); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes records, links first, in transactions of at most batch of them.
func (l *load) remove(ctx context.Context, b *store.Batch) error {
	if len(b.Delete) == 0 {
		return nil
	}
	if err := l.settle(ctx); err != nil {
		return err
	}
	sources, entities, links := kg.SortIDs(b.Delete)
	for ids := range slices.Chunk(links, l.s.batch) {
		if err := l.removing(ctx, b, func(ctx context.Context, tx neo4j.ManagedTransaction) (*store.Batch, error) {
			gone := &store.Batch{}
			found, err := l.s.do(ctx, tx, l.s.layout.anyLink()+" RETURN "+linkText+", r._made ORDER BY r.id",
				map[string]any{"ids": ids})
			if err != nil {
				return nil, err
			}
			for _, r := range found {
				x, err := l.s.layout.linkOf(r)
				if err != nil {
					return nil, err
				}
				gone.Links = append(gone.Links, x)
				l.log(x, nil, asInt(r[len(r)-1]))
			}
			l.writes(gone.Links)
			_, err = l.s.do(ctx, tx, l.s.layout.anyLink()+deleting("r"), map[string]any{"ids": ids})
			return gone, err
		}); err != nil {
			return err
		}
	}
	for ids := range slices.Chunk(entities, l.s.batch) {
		if err := l.removing(ctx, b, func(ctx context.Context, tx neo4j.ManagedTransaction) (*store.Batch, error) {
			gone := &store.Batch{}
			found, err := l.s.do(ctx, tx, l.s.nodesText("n.id IN $ids"), map[string]any{"ids": ids})
			if err != nil {
				return nil, err
			}
			for _, r := range found {
				x, err := l.s.nodeOf(r)
				if err != nil {
					return nil, err
				}
				gone.Nodes = append(gone.Nodes, x)
				p, _ := r[1].(map[string]any)
				l.log(x, nil, asInt(p[madeProperty]))
			}
			if err := l.hanging(ctx, tx, gone.IDs()); err != nil {
				return nil, err
			}
			_, err = l.s.do(ctx, tx, `MATCH (n:Entity) WHERE n.id IN $ids OPTIONAL MATCH (a:Alias|ExternalId)-[:ALIAS_OF|IDENTIFIES]->(n) DETACH DELETE a
WITH DISTINCT n`+deleting("n"), map[string]any{"ids": gone.IDs()})
			return gone, err
		}); err != nil {
			return err
		}
	}
	for ids := range slices.Chunk(sources, l.s.batch) {
		if err := l.removing(ctx, b, func(ctx context.Context, tx neo4j.ManagedTransaction) (*store.Batch, error) {
			gone := &store.Batch{}
			found, err := l.s.do(ctx, tx, sourcesText+" ORDER BY s.id", map[string]any{"ids": ids})
			if err != nil {
				return nil, err
			}
			for _, r := range found {
				x, err := sourceOf(r)
				if err != nil {
					return nil, err
				}
				gone.Sources = append(gone.Sources, x)
				l.log(x, nil, asInt(r[len(r)-1]))
			}
			if err := l.hanging(ctx, tx, gone.IDs()); err != nil {
				return nil, err
			}
			for _, id := range ids {
				delete(l.sources, id)
			}
			_, err = l.s.do(ctx, tx, "MATCH (s:Source) WHERE s.id IN $ids"+deleting("s"), map[string]any{"ids": ids})
			return gone, err
		}); err != nil {
			return err
		}
	}
	return nil
}

// deleting is the clause that deletes a node or relationship of ours. Its properties go first: what a transaction has
// both changed and deleted, Neo4j 5.26 still finds in the indexes of what was changed, and the statement that reads
// them fails, as the record is gone (EntityNotFound).
func deleting(v string) string { return " SET " + v + " = {} DELETE " + v }

// removing runs a transaction that deletes records, and reports them when they are gone.
func (l *load) removing(ctx context.Context, b *store.Batch, work func(ctx context.Context,
	tx neo4j.ManagedTransaction) (*store.Batch, error),
) error {
	if l.tx != nil {
		gone, err := work(ctx, l.tx)
		if err == nil {
			b.Removed(gone)
		}
		return err
	}
	var gone *store.Batch
	err := l.s.write(ctx, func(tx neo4j.ManagedTransaction) error {
		return l.within(ctx, tx, func() (err error) {
			gone, err = work(ctx, tx)
			return err
		})
	})
	if err == nil {
		l.logged()
		b.Removed(gone)
	}
	return err
}

// hanging refuses to delete records that links hang on.
func (l *load) hanging(ctx context.Context, tx neo4j.ManagedTransaction, ids []string) error {
	if found, err := l.resting(ctx, tx, ids); err != nil || len(found) == 0 {
		return err
	}
	for _, id := range ids { // there is one: the error names the first
		found, err := l.resting(ctx, tx, []string{id})
		if err != nil {
			return err
		}
		if len(found) > 0 {
			return store.Hanging(id, len(found))
		}
	}
	return nil
}

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
		if x.ID != kg.LinkID(x.Kind, x.From, x.To, x.Role, x.Since, x.Until) {
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
