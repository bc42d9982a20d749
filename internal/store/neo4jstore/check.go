package neo4jstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/store"
)

// checking is a check under way. Records come by streams; what does not fit is gathered, and then looked at again and
// mended in transactions that hold the lock of those who write.
type checking struct {
	s       *Store
	repairs bool
	tell    func(store.Damage) error
	n       store.Checked
	moved   map[string]bool // ids of links that were REFUTED, and are of their kinds since
	damaged map[string]bool // ids of sources and entities from which nothing follows
	marked  int64           // the latest change that a record says it follows from
}

func (s *Store) checking(f func(store.Damage) error, repairs bool) *checking {
	return &checking{s: s, repairs: repairs, tell: f, moved: map[string]bool{}, damaged: map[string]bool{}}
}

// Check reads every record of ours as an export does. What follows from records is made again of them, and compared.
func (s *Store) Check(ctx context.Context, f func(store.Damage) error) (store.Checked, error) {
	return s.checking(f, false).all(ctx)
}

// Repair is many transactions, each of which takes the lock of those who write: others write between them.
func (s *Store) Repair(ctx context.Context, f func(store.Damage) error) (n store.Checked, err error) {
	if err := s.usable(); err != nil {
		return n, err
	}
	select {
	case s.loads <- struct{}{}:
	case <-ctx.Done():
		return n, failure(ctx, ctx.Err())
	}
	defer func() { <-s.loads }()
	return s.checking(f, true).all(ctx)
}

// all checks everything, indexes first: the others are read by them.
func (c *checking) all(ctx context.Context) (store.Checked, error) {
	for _, part := range []func(context.Context) error{c.indexes, c.sources, c.nodes, c.links, c.log} {
		if err := part(ctx); err != nil {
			return c.n, err
		}
	}
	return c.n, nil
}

// left reports damage that no repair mends.
func (c *checking) left(kind store.Fault, what, id, says string) error {
	if kind == store.FaultyRecords {
		c.damaged[id] = true
	}
	return c.tell(store.Damage{Kind: kind, What: what, ID: id, Says: says})
}

// unread reports a record with a property of a type that this program does not write.
func (c *checking) unread(what, id string, read *fields) error {
	return c.left(store.FaultyRecords, what, id, "holds in "+read.wrong+" what this program does not write")
}

// faults are some that a repair mends.
type faults []store.Damage

func (f *faults) add(kind store.Fault, what, id, says string) {
	*f = append(*f, store.Damage{Kind: kind, What: what, ID: id, Says: says, Mends: true})
}

// mendedAtOnce is how many records one transaction of a repair writes.
const mendedAtOnce = 1000

// mend reports the damage found so far, and in a repair mends it first, in a transaction that holds the lock of
// writers. It does nothing until a batch is full, or end says that no more is found.
func (c *checking) mend(ctx context.Context, of *faults, end bool, write func(tx neo4j.ManagedTransaction, ids []string) error) error {
	if len(*of) == 0 || !end && len(*of) < mendedAtOnce {
		return nil
	}
	some := *of
	*of = nil
	if c.repairs {
		ids := make([]string, len(some))
		for i := range some {
			ids[i] = some[i].ID
			some[i].Mended = true
		}
		if err := c.s.write(ctx, func(tx neo4j.ManagedTransaction) error {
			if _, err := c.s.do(ctx, tx, lockText, nil); err != nil {
				return err
			}
			return write(tx, ids)
		}); err != nil {
			return err
		}
	}
	for _, d := range some {
		if err := c.tell(d); err != nil {
			return err
		}
	}
	return nil
}

// indexes looks whether the indexes and constraints are there, and whether Neo4j could make them.
func (c *checking) indexes(ctx context.Context) error {
	if err := c.s.usable(); err != nil {
		return err
	}
	have, err := c.s.indexes(ctx)
	if err != nil {
		return c.s.failed(ctx, err)
	}
	todo, err := c.s.layout.missing(have)
	if setup := (*SetupError)(nil); errors.As(err, &setup) {
		return c.left(store.FaultyIndexes, "database", "", "has others in the place of our indexes: "+setup.Message)
	}
	rows, err := c.s.once(ctx, "SHOW INDEXES YIELD name, state WHERE state = 'FAILED' AND name STARTS WITH 'throughline_' RETURN name", nil)
	if err != nil {
		return c.s.failed(ctx, err)
	}
	for _, r := range rows {
		for _, x := range c.s.layout.indexes() {
			if x.name == r[0] {
				todo = append(todo, x.drop(), x.create())
			}
		}
	}
	if len(todo) == 0 {
		return nil
	}
	d := store.Damage{Kind: store.FaultyIndexes, What: "database", Says: "lacks indexes or constraints of ours", Mends: true}
	if c.repairs {
		for _, statement := range append(todo, "CALL db.awaitIndexes(3600)") {
			if err := c.s.schema(ctx, statement); err != nil {
				if e := (*neo4j.Neo4jError)(nil); !errors.As(err, &e) || !strings.HasSuffix(e.Code, ".Schema.ConstraintCreationFailed") {
					return c.s.failed(ctx, err)
				}
				d.Mends, d.Says = false, d.Says+", which cannot be made: records that have to be single may stand there twice"
				return c.tell(d)
			}
		}
		d.Mended = true
	}
	return c.tell(d)
}

// derived are the properties that follow from others.
func derived(name string) bool { return strings.HasPrefix(name, "_") && name != madeProperty }

// differing returns the derived properties of a record that are not what they must be: null for those that must not be
// there.
func differing(is, must map[string]any) map[string]any {
	out := map[string]any{}
	for name, v := range must {
		if derived(name) && !reflect.DeepEqual(is[name], v) {
			out[name] = v
		}
	}
	for name := range is {
		if _, there := must[name]; derived(name) && !there {
			out[name] = nil
		}
	}
	return out
}

// sourcesRead reads some sources whole, those that fit.
const sourcesRead = "MATCH (s:Source) WHERE %s AND s._sort IS NOT NULL RETURN " + sourceText + ", properties(s) ORDER BY s.id"

// sources checks the sources.
func (c *checking) sources(ctx context.Context) error {
	const what = "source"
	mend := func(tx neo4j.ManagedTransaction, ids []string) error {
		found, err := c.s.do(ctx, tx, fmt.Sprintf(sourcesRead, "s.id IN $ids"), map[string]any{"ids": ids})
		if err != nil {
			return err
		}
		var rows []any
		for _, v := range found {
			if x, err := sourceOf(v); err == nil { // nobody has damaged it meanwhile
				p, _ := v[len(v)-1].(map[string]any)
				rows = append(rows, map[string]any{"id": x.ID, "props": differing(p, c.s.layout.sourceProps(x))})
			}
		}
		_, err = c.s.do(ctx, tx, "UNWIND $rows AS row MATCH (n:Source {id: row.id}) SET n += row.props", map[string]any{"rows": rows})
		return err
	}
	var found faults
	last := ""
	if err := c.s.scan(ctx, fmt.Sprintf(sourcesRead, "s.id >= ''"), func(v []any) error {
		p, _ := v[len(v)-1].(map[string]any)
		c.n.Sources++
		var read fields
		x := read.source(v)
		id := asString(v[0])
		twice := id == last
		last = id
		c.marked = max(c.marked, asInt(p[madeProperty]))
		if twice {
			return c.left(store.FaultyRecords, what, id, "stands there twice")
		}
		if read.wrong != "" {
			return c.unread(what, id, &read)
		}
		switch m := c.s.layout.sourceProps(x); {
		case p["contentHash"] != m["contentHash"]: // which tells of a text that has changed, so it is not made of what is left
			return c.left(store.FaultyRecords, "text of the source", id, "is not as it was written")
		case len(differing(p, m)) > 0:
			found.add(store.FaultyTerms, what, id, notFound)
		}
		return c.mend(ctx, &found, false, mend)
	}); err != nil {
		return err
	}
	return c.mend(ctx, &found, true, mend)
}

const notFound = "is not found or ordered by what it says"

// nodesRead reads some entities whole, with what they are found by.
func (c *checking) nodesRead(where string) string {
	x := &compiler{layout: c.s.layout}
	x.w("MATCH (n:Entity) WHERE ", where, " AND n._sort IS NOT NULL RETURN ")
	x.typeOf("n", x.cat.Entities)
	x.w(", properties(n), COLLECT { MATCH (a:Alias)-[:ALIAS_OF]->(n) RETURN [a.name, a._name] }, ",
		"COLLECT { MATCH (x:ExternalId)-[:IDENTIFIES]->(n) RETURN [x.scheme, x.value] } ORDER BY n.id")
	return string(x.text)
}

// named reports whether an entity is found by its aliases and ids, and by no others.
func named(v []any, aliases, outer []any) bool {
	same := func(kept any, want []any) bool {
		order := func(list []any) []string {
			var out []string
			for _, x := range list {
				out = append(out, fmt.Sprintf("%q", asList(x)))
			}
			slices.Sort(out)
			return out
		}
		return slices.Equal(order(asList(kept)), order(want))
	}
	return same(v[2], aliases) && same(v[3], outer)
}

// nodes checks the entities.
func (c *checking) nodes(ctx context.Context) error {
	const what = "entity"
	l := c.s.layout
	mend := func(tx neo4j.ManagedTransaction, ids []string) error {
		found, err := c.s.do(ctx, tx, c.nodesRead("n.id IN $ids"), map[string]any{"ids": ids})
		if err != nil {
			return err
		}
		var rows, names []any
		for _, v := range found {
			t := l.cat.TypeAt(uint8(asInt(v[0])))
			p, _ := v[1].(map[string]any)
			if t == nil {
				continue
			}
			x, err := nodeFrom(t, p)
			if err != nil { // somebody has damaged it meanwhile
				continue
			}
			rows = append(rows, map[string]any{"id": x.ID, "props": differing(p, l.nodeProps(x, t))})
			if aliases, outer := namesOf(x); !named(v, aliases, outer) {
				names = append(names, []any{x.ID, aliases, outer})
			}
		}
		for _, st := range []struct {
			text string
			rows []any
		}{
			{"UNWIND $rows AS row MATCH (n:Entity {id: row.id}) SET n += row.props", rows},
			{"UNWIND $rows AS row MATCH (n:Entity {id: row[0]}) MATCH (a:Alias|ExternalId)-[:ALIAS_OF|IDENTIFIES]->(n) DETACH DELETE a", names},
			{namesText, names},
		} {
			if len(st.rows) == 0 {
				continue
			}
			if _, err := c.s.do(ctx, tx, st.text, map[string]any{"rows": st.rows}); err != nil {
				return err
			}
		}
		return nil
	}
	var found faults
	last := ""
	if err := c.s.scan(ctx, c.nodesRead("n.id >= ''"), func(v []any) error {
		t := l.cat.TypeAt(uint8(asInt(v[0])))
		p, _ := v[1].(map[string]any)
		c.n.Nodes++
		id := asString(p["id"])
		twice := id == last
		last = id
		c.marked = max(c.marked, asInt(p[madeProperty]))
		switch {
		case twice:
			return c.left(store.FaultyRecords, what, id, "stands there twice")
		case t == nil:
			return c.left(store.FaultyRecords, what, id, "is of no type of the contract, or of several")
		}
		var read fields
		x := read.node(t, p)
		if read.wrong != "" {
			return c.unread(what, id, &read)
		}
		if aliases, outer := namesOf(x); len(differing(p, l.nodeProps(x, t))) > 0 || !named(v, aliases, outer) {
			found.add(store.FaultyTerms, what, id, notFound)
		}
		return c.mend(ctx, &found, false, mend)
	}); err != nil {
		return err
	}
	return c.mend(ctx, &found, true, mend)
}

// checkedLink is a link as a check reads it.
type checkedLink struct {
	*kg.Link
	props map[string]any
	typ   string // of the relationship
}

// linkRead are the columns of a link as a check reads it; r is the link.
const linkRead = linkText + ", properties(r), type(r)"

func (c *checking) checkedOf(v []any, read *fields) checkedLink {
	x := checkedLink{Link: read.link(c.s.layout.cat, v), typ: asString(v[len(v)-1])}
	x.props, _ = v[len(v)-2].(map[string]any)
	if x.typ != refutedType {
		x.Kind = x.typ
	}
	if len(x.Evidence) == 0 {
		read.misfit("evidence")
	}
	return x
}

// links checks the links, those that are REFUTED first: of them some may be found not to be.
func (c *checking) links(ctx context.Context) error {
	types := c.s.layout.linkTypes()
	slices.Reverse(types)
	l := &load{s: c.s, sources: map[string]*rules.Text{}}
	var found faults
	mend := func(tx neo4j.ManagedTransaction, ids []string) error { return c.mendLinks(ctx, tx, ids) }
	for _, typ := range types {
		var page []checkedLink
		check := func() error {
			some := page
			page = nil
			if err := c.linksOf(ctx, l, some, &found); err != nil {
				return err
			}
			return c.mend(ctx, &found, false, mend)
		}
		if err := c.s.scan(ctx, "MATCH (a)-[r:"+typ+"]->(b) WHERE r.id STARTS WITH '"+kg.LinkPrefix+
			"' RETURN a._sort IS NOT NULL AND b._sort IS NOT NULL, "+linkRead, func(v []any) error {
			var read fields
			x := c.checkedOf(v[1:], &read)
			if c.moved[x.ID] {
				return nil
			}
			c.n.Links++
			c.marked = max(c.marked, asInt(x.props[madeProperty]))
			ours, _ := v[0].(bool)
			switch {
			case !ours:
				return c.left(store.FaultyMissing, "link", x.ID, "joins an entity that is not there")
			case read.wrong != "":
				return c.unread("link", x.ID, &read)
			}
			if c.damaged[x.To] || slices.ContainsFunc(x.Evidence, func(e kg.Evidence) bool { return c.damaged[e.Source] }) {
				return nil
			}
			if page = append(page, x); len(page) < linkPage {
				return nil
			}
			return check()
		}); err != nil {
			return err
		}
		if err := check(); err != nil {
			return err
		}
		if err := c.mend(ctx, &found, true, mend); err != nil {
			return err
		}
	}
	return nil
}

// linksOf checks what follows from the evidence of some links.
func (c *checking) linksOf(ctx context.Context, l *load, list []checkedLink, found *faults) error {
	if len(list) == 0 {
		return nil
	}
	must, err := c.made(ctx, l, list)
	if err != nil {
		return err
	}
	for i, x := range list {
		if must[i].missing != "" {
			if err := c.left(store.FaultyMissing, "link", x.ID, "quotes "+must[i].missing+", which is not there"); err != nil {
				return err
			}
			continue
		}
		switch wrong := must[i].differing(x.props); {
		case must[i].typ != x.typ:
			found.add(store.FaultyCounts, "link", x.ID, "has a standing or counts that do not follow from its evidence")
		case len(wrong) == 0:
			continue
		case slices.ContainsFunc(wrong, func(name string) bool { return slices.Contains(placeColumns, name) }):
			found.add(store.FaultyExcerpts, "link", x.ID, "has excerpts that stand otherwise in the texts of their sources")
		case slices.Equal(wrong, []string{"_quoted"}):
			found.add(store.FaultyCounts, "link", x.ID, "says otherwise than the texts of its sources whether a quotation stands in them")
		case slices.ContainsFunc(wrong, func(name string) bool { return !slices.Contains([]string{"_role", "_since", "_until"}, name) }):
			found.add(store.FaultyCounts, "link", x.ID, "has a standing or counts that do not follow from its evidence")
		default:
			found.add(store.FaultyTerms, "link", x.ID, notFound)
		}
		if x.typ == refutedType && must[i].typ != refutedType {
			c.moved[x.ID] = c.repairs
		}
	}
	return nil
}

// placeColumns are those of a link that say where its words stand.
var placeColumns = []string{"excerpts", "prefixes", "suffixes", "verified", "starts", "ends"}

// madeLink is a link as a write would make it.
type madeLink struct {
	props   map[string]any
	typ     string
	missing string // a source that it quotes and that is not there
}

// differing returns the names of the properties that are otherwise, but for what a link is given.
func (m *madeLink) differing(is map[string]any) (names []string) {
	for _, name := range linkColumns {
		if slices.Contains([]string{"createdAt", "updatedAt", madeProperty}, name) || reflect.DeepEqual(is[name], m.props[name]) {
			continue
		}
		names = append(names, name)
	}
	return names
}

// made makes links again of their evidence.
func (c *checking) made(ctx context.Context, l *load, list []checkedLink) ([]madeLink, error) {
	out, links := make([]madeLink, len(list)), make([]*kg.Link, len(list))
	for i := range list {
		links[i] = list[i].Link
	}
	if err := l.hold(ctx, links); err != nil {
		return nil, err
	}
	links = slices.DeleteFunc(links, func(x *kg.Link) bool {
		return slices.ContainsFunc(x.Evidence, func(e kg.Evidence) bool { return l.sources[e.Source] == nil })
	})
	words, err := l.wordsOf(links, func(text string, params map[string]any) ([][]any, error) { return l.read(ctx, text, params) })
	if err != nil {
		return nil, err
	}
	for i, x := range list {
		if at := slices.IndexFunc(x.Evidence, func(e kg.Evidence) bool { return l.sources[e.Source] == nil }); at >= 0 {
			out[i].missing = x.Evidence[at].Source
			continue
		}
		row, err := l.linkRow(x.Link, words)
		if err != nil {
			return nil, err
		}
		out[i].props, out[i].typ = known(row[linkProps:]), linkType(x.Link)
		for _, name := range []string{"createdAt", "updatedAt", madeProperty} {
			if v, there := x.props[name]; there {
				out[i].props[name] = v
			}
		}
	}
	return out, nil
}

// mendLinks writes anew what follows from the evidence of some links, as it is now.
func (c *checking) mendLinks(ctx context.Context, tx neo4j.ManagedTransaction, ids []string) error {
	rows, err := c.s.do(ctx, tx, c.s.layout.anyLink()+" RETURN "+linkRead, map[string]any{"ids": ids})
	if err != nil {
		return err
	}
	var list []checkedLink
	for _, v := range rows {
		var read fields
		if x := c.checkedOf(v, &read); read.wrong == "" {
			list = append(list, x)
		}
	}
	l := c.s.newLoad("")
	l.tx = tx
	must, err := c.made(ctx, l, list)
	if err != nil {
		return err
	}
	changed, moved := map[string][]any{}, map[[2]string][]any{} // by types of relationships
	for i, x := range list {
		switch m := must[i]; {
		case m.missing != "":
		case m.typ != x.typ:
			way := [2]string{x.typ, m.typ}
			moved[way] = append(moved[way], m.props)
		default:
			changed[x.typ] = append(changed[x.typ], m.props)
		}
	}
	for _, typ := range slices.Sorted(maps.Keys(changed)) {
		if _, err := c.s.do(ctx, tx, "UNWIND $rows AS row MATCH ()-[r:"+typ+" {id: row.id}]->() SET r = row", map[string]any{"rows": changed[typ]}); err != nil {
			return err
		}
	}
	for way, rows := range moved {
		if _, err := c.s.do(ctx, tx, "UNWIND $rows AS row MATCH (a)-[r:"+way[0]+" {id: row.id}]->(b) CREATE (a)-[x:"+way[1]+
			"]->(b) SET x = row"+deleting("r"), map[string]any{"rows": rows}); err != nil {
			return err
		}
	}
	return nil
}

// log checks the changes, by their numbers and by how much they did, and what each did.
func (c *checking) log(ctx context.Context) error {
	rows, err := c.s.reads(ctx, keptText, nil)
	if err != nil {
		return err
	}
	if len(rows) > 0 && (asInt(rows[0][0]) < 1 || len(rows) > 1) {
		return c.left(store.FaultyLog, "database", "", "does not say where its log begins")
	}
	next := keptOf(rows).First
	first := next
	if err := c.s.scan(ctx, `MATCH (c:ThroughlineChange) WHERE c.seq > 0 RETURN c.seq, c.id, c.at, c.action, coalesce(c.open, false), c.changed, c.removed,
COUNT { MATCH (i:ThroughlineChangeItem) WHERE i.seq = c.seq AND i.id >= '' AND i.before <> '' AND i.after <> '' },
COUNT { MATCH (i:ThroughlineChangeItem) WHERE i.seq = c.seq AND i.id >= '' AND i.after = '' } ORDER BY c.seq`, func(v []any) error {
		seq, id := asInt(v[0]), asString(v[1])
		lost := seq != next
		next = seq + 1
		_, timed := v[2].(int64)
		switch {
		case lost:
			return c.left(store.FaultyLog, "database", "", "has lost changes before "+id)
		case id == "" || !timed || asString(v[3]) == "":
			return c.left(store.FaultyLog, "change", id, "is not as it was written")
		case v[4] == false && (asInt(v[5]) != asInt(v[7]) || asInt(v[6]) != asInt(v[8])):
			return c.left(store.FaultyLog, "change", id, "has lost some of what it did")
		}
		return nil
	}); err != nil {
		return err
	}
	rows, err = c.s.reads(ctx, "MATCH (c:ThroughlineChange) RETURN count(c)", nil)
	if err != nil {
		return err
	}
	says := ""
	switch {
	case asInt(rows[0][0]) > next-first:
		says = "has changes without a number"
	case c.marked >= next:
		says = "has lost changes at the end of its log"
	}
	if says != "" {
		if err := c.left(store.FaultyLog, "database", "", says); err != nil {
			return err
		}
	}
	return c.items(ctx)
}

// itemsRead reads items, those that fit, with whether their changes are there or were deleted.
const itemsRead = `MATCH (i:ThroughlineChangeItem) WHERE %s RETURN i.seq, i.id, i.kind, i.before, i.after,
coalesce(i.a, ''), coalesce(i.b, ''), coalesce(i.wasA, ''), coalesce(i.wasB, ''),
EXISTS { MATCH (c:ThroughlineChange) WHERE c.seq = i.seq } OR EXISTS { MATCH (k:ThroughlineLog) WHERE k.first > i.seq }`

// itemOf returns an item as it is, and as it must be; nil where it is not as it was written.
func itemOf(v []any) (is, must *store.Logged) {
	is = &store.Logged{
		ChangeItem: kg.ChangeItem{ID: asString(v[1]), Kind: asString(v[2]), Before: asString(v[3]), After: asString(v[4])},
		A:          asString(v[5]), B: asString(v[6]), WasA: asString(v[7]), WasB: asString(v[8]),
	}
	for _, line := range []string{is.Before, is.After} {
		var of struct{ ID string }
		if line != "" && (json.Unmarshal([]byte(line), &of) != nil || of.ID != is.ID) {
			return is, nil
		}
	}
	must, err := store.Again(&is.ChangeItem)
	if err != nil || is.ID == "" || is.Kind == "" || is.Before == "" && is.After == "" {
		return is, nil
	}
	return is, must
}

// items checks what changes did.
func (c *checking) items(ctx context.Context) error {
	const what = "item of a change"
	mend := func(tx neo4j.ManagedTransaction, ids []string) error {
		found, err := c.s.do(ctx, tx, fmt.Sprintf(itemsRead, "i.id IN $ids"), map[string]any{"ids": ids})
		if err != nil {
			return err
		}
		var rows []any
		for _, v := range found {
			if is, must := itemOf(v); must != nil && *is != *must {
				row := itemRow(must)
				for _, name := range []string{"a", "b", "wasA", "wasB"} {
					if _, there := row[name]; !there {
						row[name] = nil
					}
				}
				rows = append(rows, map[string]any{"seq": v[0], "id": is.ID, "props": row})
			}
		}
		_, err = c.s.do(ctx, tx, "UNWIND $rows AS row MATCH (i:ThroughlineChangeItem {seq: row.seq, id: row.id}) SET i += row.props", map[string]any{"rows": rows})
		return err
	}
	var found faults
	if err := c.s.scan(ctx, fmt.Sprintf(itemsRead, "i.seq > 0 AND i.id >= ''")+" ORDER BY i.seq, i.id", func(v []any) error {
		is, must := itemOf(v)
		switch {
		case must == nil:
			return c.left(store.FaultyLog, what, is.ID, "is not as it was written")
		case v[9] != true:
			return c.left(store.FaultyLog, what, is.ID, "is of a change that is not there")
		case *is != *must:
			found.add(store.FaultyTerms, what, is.ID, "is not found by the ends that it had")
		}
		return c.mend(ctx, &found, false, mend)
	}); err != nil {
		return err
	}
	return c.mend(ctx, &found, true, mend)
}
