package neo4jstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
)

// index is an index of ours, or one that is there.
type index struct {
	name   string
	text   string   // the analyzer of a full-text index; "" for a range index
	behind bool     // Neo4j writes it after the commit: see awaited
	unique bool     // it holds a constraint
	links  bool     // it is of relationships
	of     []string // labels or types
	on     []string // properties
}

// indexes are those that our statements need. Without those of the types and kinds, links by id and lists by name would
// be looked for among all.
func (l *layout) indexes() []index {
	entity, source, alias, outer := []string{entityLabel}, []string{sourceLabel}, []string{aliasLabel}, []string{outerLabel}
	id, name, order := []string{"id"}, []string{"_name"}, []string{"_sort", "id"}
	out := []index{
		metaConstraint,
		{name: "throughline_entity_id", unique: true, of: entity, on: id},
		{name: "throughline_source_id", unique: true, of: source, on: id},
		{name: "throughline_entity_name", of: entity, on: name},
		{name: "throughline_source_name", of: source, on: name},
		{name: "throughline_source_url", of: source, on: []string{"url"}},
		{name: "throughline_alias_name", of: alias, on: name},
		{name: "throughline_external_id", of: outer, on: []string{"scheme", "value"}},
		{name: "throughline_entity_order", of: entity, on: order},
		{name: "throughline_entity_updated", of: entity, on: []string{"updatedAt"}},
		{name: "throughline_source_order", of: source, on: order},
		{name: "throughline_change_seq", unique: true, of: []string{changeLabel}, on: []string{"seq"}},
		{name: "throughline_change_id", unique: true, of: []string{changeLabel}, on: id},
		{name: "throughline_change_at", of: []string{changeLabel}, on: []string{"at"}},
		{name: "throughline_change_reverts", of: []string{changeLabel}, on: []string{"reverts"}},
		{name: "throughline_item_record", unique: true, of: []string{itemLabel}, on: []string{"seq", "id"}},
		{name: "throughline_item_id", of: []string{itemLabel}, on: id},
		{name: "throughline_item_a", of: []string{itemLabel}, on: []string{"a"}},
		{name: "throughline_item_b", of: []string{itemLabel}, on: []string{"b"}},
		{name: "throughline_item_was_a", of: []string{itemLabel}, on: []string{"wasA"}},
		{name: "throughline_item_was_b", of: []string{itemLabel}, on: []string{"wasB"}},
		{name: searchIndex, text: "whitespace", behind: true, of: []string{entityLabel, sourceLabel}, on: []string{"_words"}},
	}
	for _, t := range l.cat.Types {
		out = append(out, index{
			name: "throughline_" + strings.ToLower(t.Name) + "_order", of: []string{t.Name},
			on: order,
		})
	}
	for _, name := range l.linkTypes() {
		out = append(out, index{
			name: "throughline_" + strings.ToLower(name) + "_id", unique: true, links: true,
			of: []string{name}, on: id,
		})
	}
	return append(out,
		index{
			name: sourcesIndex, text: "keyword", behind: true, links: true, of: l.kindList(l.cat.AllKinds()),
			on: []string{"sources"},
		},
		index{
			name: refutedIndex, text: "keyword", behind: true, links: true, of: []string{refutedType},
			on: []string{"sources"},
		})
}

// create is the statement that makes an index.
func (x index) create() string {
	what := "INDEX "
	switch {
	case x.text != "":
		what = "FULLTEXT INDEX "
	case x.unique:
		what = "CONSTRAINT "
	}
	at, v := "(n:"+strings.Join(x.of, "|")+")", "n."
	if x.links {
		at, v = "()-[r:"+strings.Join(x.of, "|")+"]-()", "r."
	}
	on := v + strings.Join(x.on, ", "+v)
	switch {
	case x.text != "":
		on = fmt.Sprintf(" ON EACH [%s] OPTIONS {indexConfig: {`fulltext.analyzer`: '%s', `fulltext.eventually_consistent`: %t}}",
			on, x.text, x.behind)
	case x.unique:
		on = " REQUIRE (" + on + ") IS UNIQUE"
	default:
		on = " ON (" + on + ")"
	}
	return "CREATE " + what + x.name + " IF NOT EXISTS FOR " + at + on
}

// drop is the statement that drops it.
func (x index) drop() string {
	if x.unique {
		return "DROP CONSTRAINT " + x.name
	}
	return "DROP INDEX " + x.name
}

// fullText begins every use of a full-text index.
const fullText = "CALL db.index.fulltext.query"

// awaited has a statement that asks a full-text index wait first until the index holds all that is committed. Neo4j
// would write such an index within each commit, which takes several times as long as all the rest of a small change; so
// it is written behind the commits, many at once, and whoever asks waits for what is left.
func awaited(text string) string {
	if strings.Contains(text, fullText) {
		return "CALL db.index.fulltext.awaitEventuallyConsistentIndexRefresh() " + text
	}
	return text
}

// like reports whether two indexes are of the same kind, over the same records and properties; unique is not compared.
func (x index) like(y index) bool {
	return x.over(y) && slices.Equal(slices.Sorted(slices.Values(x.of)), slices.Sorted(slices.Values(y.of)))
}

// over reports whether they are of the same kind and over the same properties, whatever the labels or types.
func (x index) over(y index) bool {
	return x.text == y.text && x.links == y.links && slices.Equal(x.on, y.on)
}

// missing are the statements that make the indexes which are not there. What stands in the way of one is not touched
// but told.
func (l *layout) missing(have []index) (todo []string, err error) {
	for _, want := range l.indexes() {
		if i := slices.IndexFunc(have, func(x index) bool { return x.name == want.name }); i >= 0 {
			switch x := have[i]; {
			case x.like(want) && x.unique == want.unique && x.behind == want.behind:
			case want.text != "" && x.like(want), // of an earlier layout
				want.name == sourcesIndex && x.over(want): // the schema's kinds have changed
				todo = append(todo, x.drop(), want.create())
			default:
				return nil, setupErrorf(nil,
					"%s in this database is not what this program makes by that name: run %s, and it is made as it must be", x.name, x.drop())
			}
			continue
		}
		if i := slices.IndexFunc(have, want.like); i >= 0 && (want.text != "" || want.unique && !have[i].unique) {
			return nil, setupErrorf(nil,
				"%s in this database stands where this program needs %s: run %s, and that is made", have[i].name, want.name, have[i].drop())
		}
		todo = append(todo, want.create())
	}
	return todo, nil
}

// indexes reads which there are.
func (s *Store) indexes(ctx context.Context) (all []index, err error) {
	rows, err := s.once(ctx,
		"SHOW INDEXES YIELD name, type, entityType, labelsOrTypes, properties, owningConstraint, options WHERE type <> 'LOOKUP' "+
			"RETURN name, type, entityType, labelsOrTypes, properties, owningConstraint, options.indexConfig['fulltext.analyzer'], "+
			"options.indexConfig['fulltext.eventually_consistent']", nil)
	for _, r := range rows {
		x := index{
			name: asString(r[0]), links: r[2] == "RELATIONSHIP", of: texts(asList(r[3])),
			on: texts(asList(r[4])), unique: r[5] != nil,
		}
		switch kind := asString(r[1]); kind {
		case "RANGE":
		case "FULLTEXT":
			x.text = asString(r[6])
			x.behind, _ = r[7].(bool)
		default:
			x.text = kind // neither
		}
		all = append(all, x)
	}
	return all, err
}

// Indexes returns the statements that make the indexes and constraints of a catalogue in an empty database. Tests
// compare them: a database in which they stand already need not make them again.
func Indexes(cat *catalog.Catalog) ([]string, error) {
	l, err := newLayout(cat)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, x := range l.indexes() {
		out = append(out, x.create())
	}
	return out, nil
}
