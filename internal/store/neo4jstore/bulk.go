package neo4jstore

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/text"
)

// Bulk makes the records of the layout, as a load writes them, for those who bring a whole graph into an empty database
// by other ways: Neo4j's own importer, or a script. They are marked as those of the first change.
type Bulk struct {
	cat  *catalog.Catalog
	load load
	last kg.Time // when a record was changed last
}

// Record is a node or a relationship of the layout.
type Record struct {
	Labels     []string // of a node; of a relationship its type
	From, To   string   // ids of the ends of a relationship: of entities, or of a name and its entity
	Properties map[string]any
}

// Column is a property of some records, with its type as Neo4j's importer names it.
type Column struct{ Name, Type string }

// The types of columns.
const (
	textColumn    = "string"
	textsColumn   = "string[]"
	numberColumn  = "long"
	numbersColumn = "long[]"
)

// unfinished is a property of the layout's record that a table sets which could not hold empty lists: the first start
// writes them.
const unfinished = "unfinished"

// noSupporters is the statement that writes them.
const noSupporters = "MATCH ()-[r:REFUTED]->() WHERE r.supporters IS NULL CALL (r) { SET r.supporters = [] } IN TRANSACTIONS OF 10000 ROWS"

// firstSeq is the number of the change that the records follow from.
const firstSeq = 1

// NewBulk refuses a catalogue whose names the layout needs for itself.
func NewBulk(cat *catalog.Catalog) (*Bulk, error) {
	l, err := newLayout(cat)
	if err != nil {
		return nil, err
	}
	return &Bulk{cat: cat, load: load{s: &Store{layout: l}}, last: kg.TimeAt(0)}, nil
}

// SourceColumns are the properties that sources can have.
func (b *Bulk) SourceColumns() []Column {
	out := []Column{
		{"id", textColumn},
		{"title", textColumn},
		{"kind", textColumn},
		{"url", textColumn},
		{"publisher", textColumn},
		{"authors", textsColumn},
		{"publishedOn", textColumn},
		{"text", textColumn},
		{"contentHash", textColumn},
	}
	for _, p := range b.cat.Source.Props {
		if isFolded(p) {
			out = append(out, Column{foldedPrefix + p.Name, columnType(p)})
		}
	}
	return append(out, madeColumns("_names")...)
}

// EntityColumns are the properties that entities of any type can have.
func (b *Bulk) EntityColumns() []Column {
	out := []Column{
		{"id", textColumn},
		{"name", textColumn},
		{"description", textColumn},
		{"aliases", textsColumn},
		{"externalIds", textsColumn},
		{"formerIds", textsColumn},
		{"createdAt", numberColumn},
		{"updatedAt", numberColumn},
	}
	for _, t := range b.cat.Types {
		for _, p := range t.Props {
			if slices.ContainsFunc(out, func(c Column) bool { return c.Name == p.Name }) {
				continue
			}
			out = append(out, Column{p.Name, columnType(p)})
			if isFolded(p) {
				out = append(out, Column{foldedPrefix + p.Name, columnType(p)})
			}
		}
	}
	return append(out, madeColumns("_names", "_texts")...)
}

// madeColumns are the properties that are made from the others.
func madeColumns(lists ...string) (out []Column) {
	for _, name := range []string{"_name", "_sort", "_words"} {
		out = append(out, Column{name, textColumn})
	}
	for _, name := range lists {
		out = append(out, Column{name, textsColumn})
	}
	for _, name := range []string{"_nameWords", "_date", madeProperty} {
		out = append(out, Column{name, numberColumn})
	}
	return out
}

func columnType(p *catalog.Prop) string {
	switch p.Kind {
	case catalog.Int:
		return numberColumn
	case catalog.Float:
		return "double"
	case catalog.Bool:
		return "boolean"
	case catalog.Texts:
		return textsColumn
	}
	return textColumn
}

// LinkColumns are the properties that links can have.
func (*Bulk) LinkColumns() (out []Column) {
	for _, name := range linkColumns {
		typ := textColumn
		switch name {
		case "createdAt", "updatedAt", "sourceCount", "_since", "_until", "_unverified", "refuteCount", madeProperty:
			typ = numberColumn
		case "sources", "evidenceSources", "excerpts", "prefixes", "suffixes", "stances", "verified", "supporters":
			typ = textsColumn
		case "starts", "ends":
			typ = numbersColumn
		case "_quoted":
			typ = "boolean"
		}
		out = append(out, Column{name, typ})
	}
	return out
}

// NameColumns are the properties that names and ids of entities can have, which are nodes of their own.
func (*Bulk) NameColumns() []Column {
	return []Column{{"name", textColumn}, {"_name", textColumn}, {"scheme", textColumn}, {"value", textColumn}}
}

// LogColumns are the properties of what End returns.
func (*Bulk) LogColumns() []Column {
	return []Column{
		{"id", textColumn},
		{"version", numberColumn},
		{"text", textColumn},
		{"seq", numberColumn},
		{"at", numberColumn},
		{"action", textColumn},
		{"created", numberColumn},
		{"changed", numberColumn},
		{"removed", numberColumn},
		{unfinished, "boolean"},
	}
}

// Source returns a source.
func (b *Bulk) Source(x *kg.Source) Record {
	p := b.load.s.layout.sourceProps(x)
	p[madeProperty] = int64(firstSeq)
	return Record{Labels: []string{sourceLabel}, Properties: p}
}

// Entity returns an entity, and the names and ids that it is found by beside its name, each with the type of the
// relationship that leads from it to the entity.
func (b *Bulk) Entity(x *kg.Node) (entity Record, names []Record, types []string) {
	t := b.cat.TypeOf(x.Type)
	p := b.load.s.layout.nodeProps(x, t)
	b.times(p, x.CreatedAt, x.UpdatedAt)
	p[madeProperty] = int64(firstSeq)
	aliases, outer := namesOf(x)
	for _, a := range aliases {
		pair := asList(a)
		names = append(names, Record{Labels: []string{aliasLabel}, To: x.ID, Properties: map[string]any{"name": pair[0], "_name": pair[1]}})
		types = append(types, aliasType)
	}
	for _, o := range outer {
		pair := asList(o)
		names = append(names, Record{Labels: []string{outerLabel}, To: x.ID, Properties: map[string]any{"scheme": pair[0], "value": pair[1]}})
		types = append(types, outerType)
	}
	return Record{Labels: []string{t.Name, entityLabel}, Properties: p}, names, types
}

func (b *Bulk) times(p map[string]any, created, updated kg.Time) {
	first, last := store.Times(created, updated, b.last)
	p["createdAt"], p["updatedAt"] = first.UnixMilli(), last.UnixMilli()
	b.last = max(b.last, last)
}

// Quoted returns the words of an entity that is a quotation, "" for any other.
func (b *Bulk) Quoted(x *kg.Node) string {
	if t := b.cat.TypeOf(x.Type); t.Quoted != nil {
		words, _ := x.Props[t.Quoted.Words.Name].(string)
		return words
	}
	return ""
}

// Link returns a link with what the texts of its sources make of its evidence. Said are the words of the quotation at
// its end, "" for none.
func (b *Bulk) Link(x *kg.Link, text func(source string) (*rules.Text, error), said string) (Record, error) {
	l := &b.load
	l.sources = make(map[string]*rules.Text, len(x.Evidence))
	for i := range x.Evidence {
		t, err := text(x.Evidence[i].Source)
		if err != nil {
			return Record{}, err
		}
		l.sources[x.Evidence[i].Source] = t
	}
	var words map[string]string
	if q := b.quotedBy(x); q && said != "" && l.textHeld(x) {
		words = map[string]string{x.To: said}
	}
	row, err := l.linkRow(x, words)
	if err != nil {
		return Record{}, err
	}
	p := known(row[linkProps:])
	b.times(p, x.CreatedAt, x.UpdatedAt)
	p[madeProperty] = int64(firstSeq)
	return Record{Labels: []string{linkType(x)}, From: x.From, To: x.To, Properties: p}, nil
}

// quotedBy reports whether a link is of a kind that leads to quotations.
func (b *Bulk) quotedBy(x *kg.Link) bool {
	k := b.cat.Kind(x.Kind)
	return k != nil && slices.ContainsFunc(b.cat.Types, func(t *catalog.Type) bool { return t.Quoted != nil && t.Quoted.Kinds.Has(k.Index) })
}

// End returns the records of the layout's version and of the change that all follow from, which made so many. The same
// graph has the same. Empty says that empty lists could be written.
func (b *Bulk) End(created int, empty bool) []Record {
	sum := sha256.Sum256(fmt.Append(nil, created, b.last))
	layout := map[string]any{"id": "layout", "version": int64(len(migrations)), "text": text.Rules()}
	if !empty {
		layout[unfinished] = true
	}
	return []Record{
		{Labels: []string{metaLabel}, Properties: layout},
		{Labels: []string{changeLabel}, Properties: map[string]any{
			"id": kg.ChangePrefix + hex.EncodeToString(sum[:10]), "seq": int64(firstSeq), "at": b.last.UnixMilli(),
			"action": string(kg.Imported), "created": int64(created), "changed": int64(0), "removed": int64(0),
		}},
	}
}
