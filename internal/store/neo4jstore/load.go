package neo4jstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"golang.org/x/text/unicode/norm"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/text"
)

// Atomic is false: a load of any size does not fit into one transaction, whose state Neo4j keeps in memory. What was
// written is right as far as it goes, and the load run again completes it.
func (s *Store) Atomic() bool { return false }

// batchSize is about how many records one transaction writes: a commit costs some milliseconds, and a statement for each
// of fourteen kinds of link half of one. Larger ones gain nothing and cost memory on the server.
const batchSize = 10_000

// batchText is about how many bytes of long texts one transaction writes at most, and one batch more.
const batchText = 4 << 20

// load writes batches, each in transactions of its own.
type load struct {
	s       *Store
	now     kg.Time
	done    bool
	sources map[string]*heldSource
	held    int // bytes of their texts
	// waiting is what was put and not yet written, and the bytes of its texts
	waiting store.Batch
	texts   int
	// what of a kind, or of entities, was not there when the load began need not be looked for
	noLinks catalog.KindSet
	noNodes bool
}

// heldSource is what checking evidence needs of a source.
type heldSource struct{ text string } // NFC

// What a load remembers of sources at most.
const (
	maxHeld  = 100_000
	maxTexts = 32 << 20 // bytes of their texts
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
	l := &load{s: s, now: kg.TimeOf(s.now()), sources: map[string]*heldSource{}, waiting: store.Batch{Distinct: true}}
	if err := l.count(ctx); err != nil {
		return nil, errors.Join(err, l.Rollback())
	}
	return l, nil
}

// count finds out what is not there; Neo4j keeps the numbers.
func (l *load) count(ctx context.Context) error {
	rows, _, err := l.s.read(ctx, "MATCH (n:Entity) RETURN '' AS kind, count(n) AS n UNION ALL"+
		l.s.layout.eachType("MATCH ()-[r:%s]->() RETURN '%s' AS kind, count(r) AS n"), nil)
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
	err := l.flush(ctx)
	_ = l.Rollback() // it only lets the next load begin
	return err
}

// Rollback ends the load; what was written stays.
func (l *load) Rollback() error {
	if !l.done {
		l.done = true
		<-l.s.loads
	}
	return nil
}

// Put takes a batch and writes it when enough has come together.
func (l *load) Put(ctx context.Context, b *store.Batch) error {
	if l.done {
		return kg.Errorf(kg.Internal, "the load has ended")
	}
	w := &l.waiting
	w.Sources, w.Nodes, w.Links = append(w.Sources, b.Sources...), append(w.Nodes, b.Nodes...), append(w.Links, b.Links...)
	w.Distinct = w.Distinct && b.Distinct
	l.texts += textBytes(b)
	if len(w.Sources)+len(w.Nodes)+len(w.Links) < batchSize && l.texts < batchText {
		return nil
	}
	return l.flush(ctx)
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

// flush writes what waits: sources, then nodes, then links, in transactions of at most batchSize records.
func (l *load) flush(ctx context.Context) error {
	b := l.waiting
	l.waiting, l.texts = store.Batch{Distinct: b.Distinct}, 0
	for part := range slices.Chunk(b.Sources, batchSize) {
		if err := l.putSources(ctx, part); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(b.Nodes, batchSize) {
		err := l.supposing(ctx, b.Distinct, func(tx neo4j.ManagedTransaction, distinct bool) error { return l.putNodes(ctx, tx, part, distinct) })
		if err != nil {
			return err
		}
	}
	for part := range slices.Chunk(b.Links, batchSize) {
		if err := l.hold(ctx, part); err != nil {
			return err
		}
		err := l.supposing(ctx, b.Distinct, func(tx neo4j.ManagedTransaction, distinct bool) error { return l.putLinks(ctx, tx, part, distinct) })
		if err != nil {
			return err
		}
	}
	return nil
}

// supposing runs a transaction that may suppose records to be new, and again without that when one of them was there:
// another server's load is writing the same.
func (l *load) supposing(ctx context.Context, distinct bool, work func(tx neo4j.ManagedTransaction, distinct bool) error) error {
	err := l.s.write(ctx, func(tx neo4j.ManagedTransaction) error { return work(tx, distinct) })
	if distinct && notUnique(err) {
		err = l.s.write(ctx, func(tx neo4j.ManagedTransaction) error { return work(tx, false) })
	}
	return err
}

// notUnique tells whether a record was there that was taken to be new.
func notUnique(err error) bool {
	var e *neo4j.Neo4jError
	return errors.As(err, &e) && e.Code == "Neo.ClientError.Schema.ConstraintValidationFailed"
}

// lock makes loads of several servers take turns, so that what a transaction has looked at stays so until it ends.
func (l *load) lock(ctx context.Context, tx neo4j.ManagedTransaction) error {
	_, err := l.s.do(ctx, tx, "MATCH (m:ThroughlineMeta {id: 'layout'}) SET m.lastLoad = $now", map[string]any{"now": int64(l.now)})
	return err
}

// times are those of a record that is new: see store.Load.
func (l *load) times(created, updated kg.Time) (kg.Time, kg.Time) {
	if created == 0 {
		created = l.now
	}
	if updated == 0 {
		updated = max(created, l.now)
	}
	return created, updated
}

// keepTimes are those of a record that was there: see store.Load.
func (l *load) keepTimes(created, updated kg.Time, old map[string]any, same bool) (kg.Time, kg.Time) {
	if created == 0 {
		created = kg.Time(asInt(old["createdAt"]))
	}
	switch {
	case updated != 0:
	case same:
		updated = kg.Time(asInt(old["updatedAt"]))
	default:
		updated = l.now
	}
	return created, updated
}

// own are the properties that are the record's, without times and without what is made from others.
func ownProps(props map[string]any) map[string]any {
	out := make(map[string]any, len(props))
	for k, v := range props {
		if k[0] != '_' && k != "createdAt" && k != "updatedAt" {
			out[k] = v
		}
	}
	return out
}

// last keeps the last of several records with one id, as if they had been written one after another.
func last[T any](list []*T, id func(*T) string) []*T {
	at := make(map[string]int, len(list))
	out := make([]*T, 0, len(list))
	for _, x := range list {
		if i, twice := at[id(x)]; twice {
			out[i] = x
			continue
		}
		at[id(x)] = len(out)
		out = append(out, x)
	}
	return out
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

func sourceProps(x *kg.Source) map[string]any {
	name := text.Fold(x.Title)
	p := map[string]any{"id": x.ID, "title": x.Title, "kind": x.Kind, "_name": name, "_names": []any{name}, "_sort": text.SortKey(x.Title)}
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
	return p
}

// putSources writes sources. Where the text of one has changed, the excerpts of its links are checked again first, so
// that a load that is cut off in between does it again.
func (l *load) putSources(ctx context.Context, list []*kg.Source) error {
	list = last(list, func(x *kg.Source) string { return x.ID })
	ids, rows := make([]string, len(list)), make([]any, len(list))
	hashes := make(map[string]string, len(list))
	for i, x := range list {
		p := sourceProps(x)
		ids[i], rows[i] = x.ID, p
		hashes[x.ID] = asString(p["contentHash"])
		delete(l.sources, x.ID)
	}
	before, _, err := l.s.read(ctx, "MATCH (s:Source) WHERE s.id IN $ids RETURN s.id, s.contentHash", map[string]any{"ids": ids})
	if err != nil {
		return err
	}
	for _, r := range before {
		if id := asString(r[0]); asString(r[1]) != hashes[id] {
			i := slices.IndexFunc(list, func(x *kg.Source) bool { return x.ID == id })
			if err := l.verifyAgain(ctx, list[i]); err != nil {
				return err
			}
		}
	}
	return l.s.write(ctx, func(tx neo4j.ManagedTransaction) error {
		if err := l.lock(ctx, tx); err != nil {
			return err
		}
		_, err := l.s.do(ctx, tx, "UNWIND $rows AS row MERGE (s:Source {id: row.id}) SET s = row", map[string]any{"rows": rows})
		return err
	})
}

// verifyAgain checks the excerpts of every link of a source whose text is about to change.
func (l *load) verifyAgain(ctx context.Context, x *kg.Source) error {
	words := norm.NFC.String(x.Text)
	var rows []any
	flush := func() error {
		if len(rows) == 0 {
			return nil
		}
		err := l.s.write(ctx, func(tx neo4j.ManagedTransaction) error {
			_, err := l.s.do(ctx, tx, "UNWIND $rows AS row CALL (row) {"+l.s.layout.eachType("MATCH ()-[r:%s {id: row[0]}]->() RETURN r")+
				" } SET r.verified = row[1], r._unverified = row[2]", map[string]any{"rows": rows})
			return err
		})
		rows = nil
		return err
	}
	c := &compiler{layout: l.s.layout}
	c.w("MATCH (s:Source {id: $id}) CALL (s) { ")
	c.sourceLinks("s", "r")
	c.w(" RETURN r UNION ALL ")
	c.sourceLinksIn(refutedIndex, "s", "r")
	c.w(" RETURN r }")
	c.w(" RETURN r.id, r.excerpts, coalesce(r.evidenceSources, r.sources), r.verified")
	var ended error
	err := l.s.stream(ctx, longest, string(c.text), map[string]any{"id": x.ID}, func(r *neo4j.Record) error {
		excerpts, from, old := texts(asList(r.Values[1])), texts(asList(r.Values[2])), asList(r.Values[3])
		marks := make([]string, len(excerpts))
		for i := range excerpts {
			if i < len(old) {
				marks[i] = asString(old[i])
			}
			if i < len(from) && from[i] == x.ID {
				marks[i] = mark(words, excerpts[i])
			}
		}
		list, unverified := verdict(marks)
		rows = append(rows, []any{r.Values[0], list, unverified})
		if len(rows) == batchSize {
			ended = flush()
		}
		return ended
	})
	if ended == nil && err == nil {
		err = flush()
	}
	return failure(ctx, err)
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

// mark is how it is kept whether an excerpt occurs in its source's text: "" where there is no text.
func mark(words, excerpt string) string {
	switch {
	case words == "":
		return ""
	case strings.Contains(words, excerpt):
		return "true"
	}
	return "false"
}

// verdict is what a link keeps of its marks: the list, or null when all are "", and how many are not true, or null.
func verdict(marks []string) (list, unverified any) {
	n, any := 0, false
	for _, m := range marks {
		if m != "true" {
			n++
		}
		any = any || m != ""
	}
	if any {
		list = anys(marks)
	}
	if n > 0 {
		unverified = int64(n)
	}
	return list, unverified
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
	for _, own := range t.Props {
		v, ok := x.Props[own.Name]
		if !ok || v == nil || v == "" {
			continue
		}
		p[own.Name] = v
		if s, ok := v.(string); ok && own.Searchable {
			body = append(body, s)
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
	p["_words"], p["_nameWords"] = terms(t, &doc), int64(doc.NameCount)
	if t.DateProp != nil {
		from, _ := p[t.DateProp.Name].(string)
		until := ""
		if t.UntilProp != nil {
			until, _ = p[t.UntilProp.Name].(string)
		}
		if from != "" {
			p["_date"] = dateKey(kg.PartialDate(from), kg.PartialDate(until))
		}
	}
	return p
}

// held is an entity that is there.
type held struct {
	typ   *catalog.Type
	props map[string]any
}

// heldNodes finds those of some entities that are there.
func (l *load) heldNodes(ctx context.Context, tx neo4j.ManagedTransaction, list []*kg.Node) (map[string]held, error) {
	ids := make([]string, len(list))
	for i, x := range list {
		ids[i] = x.ID
	}
	found, err := l.s.do(ctx, tx, "MATCH (n:Entity) WHERE n.id IN $ids RETURN n.id, labels(n), properties(n)", map[string]any{"ids": ids})
	there := make(map[string]held, len(found))
	for _, r := range found {
		var h held
		for _, label := range texts(asList(r[1])) {
			if t := l.s.layout.cat.Type(label); t != nil {
				h.typ = t
			}
		}
		h.props, _ = r[2].(map[string]any)
		there[asString(r[0])] = h
	}
	return there, err
}

// putNodes writes entities, none of which stood in an earlier batch when they are distinct.
func (l *load) putNodes(ctx context.Context, tx neo4j.ManagedTransaction, list []*kg.Node, distinct bool) error {
	if err := l.lock(ctx, tx); err != nil {
		return err
	}
	cat := l.s.layout.cat
	there := map[string]held{}
	if !distinct || !l.noNodes {
		var err error
		if there, err = l.heldNodes(ctx, tx, list); err != nil {
			return err
		}
	}
	created := make([][]any, len(cat.Types)+1)
	var changed, names []any
	seen := make(map[string]*catalog.Type, len(list))
	for _, x := range list {
		t := cat.TypeOf(x.Type)
		if t == nil || !t.IsEntity() {
			return kg.Errorf(kg.BadUserInput, "%s has a type that the schema does not know", x.ID)
		}
		was := there[x.ID].typ
		if s, twice := seen[x.ID]; twice {
			was = s
		}
		if was != nil && was != t {
			return kg.Errorf(kg.Conflict, "%s is a %s in the store; give the %s another id", x.ID, strings.ToLower(was.Enum), strings.ToLower(x.Type))
		}
		seen[x.ID] = t
	}
	for _, x := range last(list, func(x *kg.Node) string { return x.ID }) {
		t := cat.TypeOf(x.Type)
		p := l.s.layout.nodeProps(x, t)
		h, old := there[x.ID]
		if old && h.typ == nil {
			return kg.Errorf(kg.Conflict, "%s is something else in the store; give the %s another id", x.ID, strings.ToLower(x.Type))
		}
		if !old {
			a, b := l.times(x.CreatedAt, x.UpdatedAt)
			p["createdAt"], p["updatedAt"] = int64(a), int64(b)
			created[t.Index] = append(created[t.Index], p)
		} else {
			same := reflect.DeepEqual(ownProps(p), ownProps(h.props))
			a, b := l.keepTimes(x.CreatedAt, x.UpdatedAt, h.props, same)
			p["createdAt"], p["updatedAt"] = int64(a), int64(b)
			if reflect.DeepEqual(p, h.props) {
				continue
			}
			changed = append(changed, p)
		}
		if len(x.Aliases) == 0 && len(x.ExternalIDs) == 0 {
			continue
		}
		row := []any{x.ID, []any{}, []any{}}
		aliases, outer := []any{}, []any{}
		for _, a := range x.Aliases {
			aliases = append(aliases, []any{a, text.Fold(a)})
		}
		for _, e := range x.ExternalIDs {
			outer = append(outer, []any{e.Scheme, e.Value})
		}
		row[1], row[2] = aliases, outer
		names = append(names, row)
	}
	for i, rows := range created {
		if len(rows) == 0 {
			continue
		}
		if _, err := l.s.do(ctx, tx, "UNWIND $rows AS row CREATE (n:"+cat.Types[i-1].Name+":Entity) SET n = row", map[string]any{"rows": rows}); err != nil {
			return err
		}
	}
	if len(changed) > 0 {
		if _, err := l.s.do(ctx, tx, `UNWIND $rows AS row MATCH (n:Entity {id: row.id}) SET n = row
WITH n MATCH (a:Alias|ExternalId)-[:ALIAS_OF|IDENTIFIES]->(n) DETACH DELETE a`, map[string]any{"rows": changed}); err != nil {
			return err
		}
	}
	if len(names) > 0 {
		if _, err := l.s.do(ctx, tx, `UNWIND $rows AS row MATCH (n:Entity {id: row[0]})
FOREACH (a IN row[1] | CREATE (:Alias {name: a[0], _name: a[1]})-[:ALIAS_OF]->(n))
FOREACH (x IN row[2] | CREATE (:ExternalId {scheme: x[0], value: x[1]})-[:IDENTIFIES]->(n))`, map[string]any{"rows": names}); err != nil {
			return err
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
	rows, _, err := l.s.read(ctx, "MATCH (s:Source) WHERE s.id IN $ids RETURN s.id, s.text", map[string]any{"ids": missing})
	for _, r := range rows {
		held := &heldSource{text: norm.NFC.String(asString(r[1]))}
		l.sources[asString(r[0])] = held
		l.held += len(held.text)
	}
	return err
}

// The columns of a link that is written: where it runs, then its properties in this order.
const (
	linkFrom = iota
	linkTo
	linkProps
)

// linkKind is the last of them: only a REFUTED link has it.
const linkKind = 21

var linkColumns = [...]string{
	"id", "role", "since", "until", "createdAt", "updatedAt", "sourceCount", "sources", "evidenceSources", "excerpts", "prefixes", "suffixes",
	"stances", "verified", "_role", "_since", "_until", "_unverified", "supporters", "refuteCount", "standing", "kind",
}

// linkRow is a link as it is written; a property that is not known is nil.
func (l *load) linkRow(x *kg.Link) ([]any, error) {
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
	n := len(x.Evidence)
	if n == 0 {
		p[6] = int64(0)
		return row, nil
	}
	from, excerpts, prefixes, suffixes, stances, marks := make([]string, n), make([]any, n), make([]any, n), make([]any, n), make([]any, n), make([]string, n)
	var different []string
	supporting, refuting := x.SourcesOf(kg.Supports), x.SourcesOf(kg.Refutes)
	hasPrefix, hasSuffix := false, false
	for i := range x.Evidence {
		e := &x.Evidence[i]
		s := l.sources[e.Source]
		if s == nil {
			return nil, kg.Errorf(kg.Conflict, "there is no source %s", e.Source)
		}
		from[i], excerpts[i], prefixes[i], suffixes[i], stances[i] = e.Source, e.Excerpt, e.Prefix, e.Suffix, e.Stance
		marks[i] = mark(s.text, e.Excerpt)
		hasPrefix, hasSuffix = hasPrefix || e.Prefix != "", hasSuffix || e.Suffix != ""
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
	p[13], p[17] = verdict(marks)
	if len(refuting) > 0 {
		standing := kg.StandingOf(len(supporting), len(refuting))
		p[18], p[19], p[20] = anys(supporting), int64(len(refuting)), standing.String()
		if standing == kg.Refuted {
			p[linkKind] = x.Kind
		}
	}
	return row, nil
}

// putLinks writes links, none of which stood in an earlier batch when they are distinct.
func (l *load) putLinks(ctx context.Context, tx neo4j.ManagedTransaction, list []*kg.Link, distinct bool) error {
	if err := l.lock(ctx, tx); err != nil {
		return err
	}
	cat := l.s.layout.cat
	byKind := make([][]*kg.Link, len(cat.Kinds))
	var minted []string // ids that do not follow from what the link says: another kind may hold them
	seen := make(map[string]string, len(list))
	for _, x := range list {
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
	if err := l.otherKinds(ctx, tx, minted, list); err != nil {
		return err
	}
	for i, links := range byKind {
		if len(links) == 0 {
			continue
		}
		if err := l.putKind(ctx, tx, cat.Kinds[i], last(links, func(x *kg.Link) string { return x.ID }), distinct && l.noLinks.Has(cat.Kinds[i].Index)); err != nil {
			return err
		}
	}
	return nil
}

func otherKind(x *kg.Link, was string) error {
	return kg.Errorf(kg.Conflict, "%s is a %s in the store; give the %s another id", x.ID, was, x.Kind)
}

// otherKinds refuses links whose id another kind holds. Ids that follow from what the link says belong to its kind
// alone, so only others are looked up; that keeps a large load from asking fourteen indexes for each link.
func (l *load) otherKinds(ctx context.Context, tx neo4j.ManagedTransaction, ids []string, list []*kg.Link) error {
	if len(ids) == 0 {
		return nil
	}
	found, err := l.s.do(ctx, tx, "CALL () {"+l.s.layout.eachType("MATCH ()-[r:%s]->() WHERE r.id IN $ids RETURN r")+" } RETURN r.id, coalesce(r.kind, type(r))", map[string]any{"ids": ids})
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

// putKind writes links of one kind. Where they are taken to be new, the constraints on their ids refuse one that is not. A link
// that goes to other ends, or becomes REFUTED or ceases to be so, is another relationship from then on.
func (l *load) putKind(ctx context.Context, tx neo4j.ManagedTransaction, k *catalog.Kind, list []*kg.Link, isNew bool) error {
	there := map[string][]any{}
	if !isNew {
		ids := make([]string, len(list))
		for i, x := range list {
			ids[i] = x.ID
		}
		const find = "MATCH (a)-[r:%s]->(b) WHERE r.id IN $ids RETURN r.id, a.id, b.id, properties(r), type(r)"
		found, err := l.s.do(ctx, tx, strings.ReplaceAll(find, "%s", k.Name)+" UNION ALL "+strings.ReplaceAll(find, "%s", refutedType), map[string]any{"ids": ids})
		if err != nil {
			return err
		}
		for _, r := range found {
			there[asString(r[0])] = r
		}
	}
	created, changed, moved := map[string][]any{}, map[string][]any{}, map[string][]any{} // by type of relationship
	for _, x := range list {
		row, err := l.linkRow(x)
		if err != nil {
			return l.firstMissing(ctx, tx, list, err)
		}
		p := row[linkProps:]
		typ := k.Name
		if p[linkKind] != nil {
			typ = refutedType
		}
		old := there[x.ID]
		if old == nil {
			a, b := l.times(x.CreatedAt, x.UpdatedAt)
			p[4], p[5] = int64(a), int64(b)
			created[typ] = append(created[typ], row)
			continue
		}
		props, _ := old[3].(map[string]any)
		ends := asString(old[1]) == x.From && asString(old[2]) == x.To && asString(old[4]) == typ
		now := make(map[string]any, len(p))
		for i, v := range p {
			if v != nil {
				now[linkColumns[i]] = v
			}
		}
		own, before := ownProps(now), ownProps(props)
		same := ends && reflect.DeepEqual(own, before)
		a, b := l.keepTimes(x.CreatedAt, x.UpdatedAt, props, same)
		p[4], p[5] = int64(a), int64(b)
		now["createdAt"], now["updatedAt"] = p[4], p[5]
		switch {
		case !ends:
			was := asString(old[4])
			moved[was] = append(moved[was], x.ID)
			created[typ] = append(created[typ], row)
		case !reflect.DeepEqual(now, props):
			changed[typ] = append(changed[typ], now)
		}
	}
	types := [2]string{k.Name, refutedType}
	for _, typ := range types {
		if len(moved[typ]) > 0 {
			if _, err := l.s.do(ctx, tx, "MATCH ()-[r:"+typ+"]->() WHERE r.id IN $ids DELETE r", map[string]any{"ids": moved[typ]}); err != nil {
				return err
			}
		}
		if len(changed[typ]) > 0 {
			if _, err := l.s.do(ctx, tx, "UNWIND $rows AS row MATCH ()-[r:"+typ+" {id: row.id}]->() SET r = row", map[string]any{"rows": changed[typ]}); err != nil {
				return err
			}
		}
	}
	for _, typ := range types {
		rows := created[typ]
		if len(rows) == 0 {
			continue
		}
		n, err := l.s.do(ctx, tx, "UNWIND $rows AS row MATCH (a:Entity {id: row[0]}) MATCH (b:Entity {id: row[1]}) CREATE (a)-[r:"+typ+" {"+propertiesOf()+"}]->(b) RETURN count(*)",
			map[string]any{"rows": rows})
		if err != nil {
			return err
		}
		if asInt(n[0][0]) != int64(len(rows)) {
			return l.firstMissing(ctx, tx, list, kg.Errorf(kg.Conflict, "a link's end is not in the store"))
		}
	}
	return nil
}

// firstMissing says which end of the first of some links is not there; otherwise it gives the error at hand.
func (l *load) firstMissing(ctx context.Context, tx neo4j.ManagedTransaction, list []*kg.Link, otherwise error) error {
	var ids []string
	for _, x := range list {
		ids = append(ids, x.From, x.To)
	}
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
