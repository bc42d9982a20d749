package neo4jstore

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/text"
)

// The names of what is kept, as docs/decisions/0002-neo4j-layout.md explains them. Labels of entities and types of
// relationships are the catalogue's own names; properties that begin with an underscore are made from the others, for
// finding and ordering.
const (
	entityLabel = "Entity"
	sourceLabel = "Source"
	aliasLabel  = "Alias"
	aliasType   = "ALIAS_OF"
	outerLabel  = "ExternalId" // external ids, and former ones
	outerType   = "IDENTIFIES"
	metaLabel   = "ThroughlineMeta"
	refutedType = "REFUTED" // of links that are REFUTED, whose kind is a property

	searchIndex  = "throughline_words"
	sourcesIndex = "throughline_link_sources"
	refutedIndex = "throughline_refuted_sources" // the same of links that are REFUTED
)

// formerScheme stands in the place of a scheme, which no external id is without, with a former id.
const formerScheme = ""

// foldedPrefix stands before the name of a property that is text, or texts, where its folded form is kept.
const foldedPrefix = "_folded_"

// isFolded reports whether the folded form of a property is kept, for filters.
func isFolded(p *catalog.Prop) bool {
	return (p.Kind == catalog.Text || p.Kind == catalog.Texts) && p.Enum == nil && p.Name != "id" && p.Name != catalog.SourceText
}

// undated is the order key of no date in ascending order: see plan.DateKey.
const undated = "9999999999999999"

// plainName is what may stand in Cypher without quotes.
var plainName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// layout is what the catalogue's types and kinds are called in Cypher, made once.
type layout struct {
	cat      *catalog.Catalog
	allKinds string // "A|B|C"
	allLinks string // the same and the type of REFUTED links
	// typeCase returns the expression for a node's type, after CASE: " WHEN $:Person THEN 1 …"
	caseOf []string // by type index: " WHEN", ":Person THEN 1"
	// asksLinks says that the database has links that are not ours, and asksNodes that it has nodes with our labels
	// that are not: statements then ask for our marks. See marks.go.
	asksLinks, asksNodes bool
	// behind says that the statements are those of a transaction that has written: the full-text indexes do not hold
	// what it wrote, so what they would find is looked for among all.
	behind bool
}

// newLayout refuses a catalogue whose names this layout needs for itself.
func newLayout(cat *catalog.Catalog) (*layout, error) {
	l := &layout{cat: cat, caseOf: make([]string, 64)}
	for _, t := range cat.Types {
		if !plainName.MatchString(t.Name) || slices.Contains([]string{
			entityLabel, sourceLabel, aliasLabel, outerLabel,
			metaLabel, changeLabel, itemLabel, logLabel,
		}, t.Name) {
			return nil, fmt.Errorf("the schema's type %s cannot be a label in Neo4j: it is taken or holds other characters than letters and digits",
				t.Name)
		}
		for _, p := range t.Props {
			if !plainName.MatchString(p.Name) {
				return nil, fmt.Errorf("the schema's property %s.%s cannot be kept in Neo4j: begin it with a letter",
					t.Name, p.Name)
			}
		}
		l.caseOf[t.Index] = fmt.Sprintf(":%s THEN %d", t.Name, t.Index)
	}
	names := make([]string, len(cat.Kinds))
	for i, k := range cat.Kinds {
		if !plainName.MatchString(k.Name) || k.Name == aliasType || k.Name == outerType || k.Name == refutedType {
			return nil, fmt.Errorf("the schema's link kind %s cannot be a relationship type in Neo4j: it is taken",
				k.Name)
		}
		names[i] = k.Name
	}
	l.allKinds = strings.Join(names, "|")
	l.allLinks = l.allKinds + "|" + refutedType
	return l, nil
}

// kinds writes a set of kinds as a relationship pattern wants it.
func (l *layout) kinds(s catalog.KindSet) string {
	if s == l.cat.AllKinds() {
		return l.allKinds
	}
	var b strings.Builder
	for _, k := range l.cat.Kinds {
		if s.Has(k.Index) {
			if b.Len() > 0 {
				b.WriteByte('|')
			}
			b.WriteString(k.Name)
		}
	}
	return b.String()
}

// along writes the relationship of a pattern that follows links of some kinds, as far as a filter lets them be REFUTED.
func (c *compiler) along(r string, kinds catalog.KindSet, f *plan.LinkFilter) string {
	named := c.noteIf(f.NamesRefuted())
	if !named {
		return c.rel(r, c.kinds(kinds))
	}
	types := c.kinds(kinds) + "|" + refutedType
	if c.noteIf(f.OnlyRefuted()) {
		types = refutedType
	}
	if kinds == c.cat.AllKinds() {
		return c.rel(r, types)
	}
	return c.rel(r, types, "("+r+".kind IS NULL OR "+r+".kind IN ['"+strings.Join(c.kindList(kinds), "', '")+"'])")
}

// kindOf is an expression for a link's kind; refuted says that it may be REFUTED.
func kindOf(r string, refuted bool) string {
	if refuted {
		return "coalesce(" + r + ".kind, type(" + r + "))"
	}
	return "type(" + r + ")"
}

// supporters is an expression for the sources that support a link.
func supporters(r string) string { return "coalesce(" + r + ".supporters, " + r + ".sources, [])" }

// kindsAt are the kinds of link that entities of some types can have.
func (l *layout) kindsAt(types catalog.TypeSet) (s catalog.KindSet) {
	for _, k := range l.cat.Kinds {
		if (k.From|k.To)&types != 0 {
			s |= 1 << k.Index
		}
	}
	return s
}

// labels writes a set of entity types as a label expression, "" for none.
func (l *layout) labels(s catalog.TypeSet) string {
	var b strings.Builder
	for _, t := range l.cat.Types {
		if s.Has(t.Index) {
			if b.Len() > 0 {
				b.WriteByte('|')
			}
			b.WriteString(t.Name)
		}
	}
	return b.String()
}

// ends are the types a link of these kinds can have at its far end.
func (l *layout) ends(kinds catalog.KindSet, out, in bool) catalog.TypeSet {
	var s catalog.TypeSet
	for _, k := range l.cat.Kinds {
		if kinds.Has(k.Index) {
			if out {
				s |= k.To
			}
			if in {
				s |= k.From
			}
		}
	}
	return s
}

// bodyProps are the searchable properties of any of the types, by name.
func (l *layout) bodyProps(types catalog.TypeSet) []string {
	var out []string
	for _, t := range l.cat.Types {
		if !types.Has(t.Index) {
			continue
		}
		for _, p := range t.Props {
			if p.Searchable && !slices.Contains(out, p.Name) {
				out = append(out, p.Name)
			}
		}
	}
	return out
}

// single is the only type of a set, nil when it has none or several.
func (l *layout) single(s catalog.TypeSet) *catalog.Type {
	if s.Len() != 1 {
		return nil
	}
	for _, t := range l.cat.Types {
		if s.Has(t.Index) {
			return t
		}
	}
	return nil
}

// The terms of the search index. Every term is a letter that says what it is and a folded word, so it consists of
// letters, digits and their marks alone (and _ in ids), and nothing in it means anything to the index's query language.
const (
	nameTerm     = "n" // a word of a name or alias
	deleteTerm   = "d" // a key of text.Deletes of such a word
	initialsTerm = "i" // the text.Initials of a name or alias
	bodyTerm     = "b" // a word of a description or searchable property
	skeletonTerm = "s" // a text.Skeleton of such a word
	typeTerm     = "t" // the type
	idTerm       = "e" // an id: see text.IDs
	textTerm     = "x" // a word of a source's text
)

// textEnd is the term between two texts, so that no phrase reaches from one into the other.
const textEnd = "|"

// longestIDTerm is the longest id, in bytes, that is its own term; of a longer one the sum is: the index splits long
// words.
const longestIDTerm = 120

// idTermOf is the term of an id, whose characters other than letters, digits and marks are written as _ and their hex
// digits.
func idTermOf(id string) string {
	b := append(make([]byte, 0, len(idTerm)+len(id)+8), idTerm...)
	for _, r := range id {
		switch {
		case unicode.In(r, unicode.L, unicode.N, unicode.M):
			b = utf8.AppendRune(b, r)
		default:
			b = fmt.Appendf(b, "_%x_", r)
		}
	}
	if len(b) > longestIDTerm {
		b = fmt.Appendf([]byte(idTerm+"_"), "%x", sha256.Sum256([]byte(id)))
	}
	return string(b)
}

// typeWord is the search term of a type.
func typeWord(t *catalog.Type) string {
	return typeTerm + strings.ToLower(strings.ReplaceAll(t.Enum, "_", ""))
}

// terms are the search terms of an entity or a source, each with a space on either side, so that a term is found in it
// by CONTAINS. The words of each text stand in their order, for phrases.
func terms(t *catalog.Type, d *text.Doc, names, body []string) string {
	bodies := bodyTerm
	if !t.IsEntity() {
		bodies = textTerm
	}
	b := make([]byte, 0, 256)
	add := func(prefix, w string) {
		b = append(b, prefix...)
		b = append(b, w...)
		b = append(b, ' ')
	}
	b = append(b, ' ')
	add("", typeWord(t))
	inOrder := func(prefix string, list []string) {
		var tails []string
		for _, s := range list {
			words, rest := text.Sequence(s)
			for _, w := range words {
				add(prefix, w)
			}
			add("", textEnd)
			tails = append(tails, rest...)
		}
		for _, w := range tails {
			add(prefix, w)
		}
	}
	inOrder(nameTerm, names)
	for _, i := range d.Initials {
		add(initialsTerm, i)
	}
	for _, w := range d.NameWords {
		if len([]rune(w)) >= 4 {
			for _, k := range text.Deletes(w) {
				add(deleteTerm, k)
			}
		}
	}
	inOrder(bodies, body)
	for _, w := range d.BodyWords {
		if k := text.Skeleton(w); k != "" && t.IsEntity() {
			add(skeletonTerm, k)
		}
	}
	for _, id := range d.IDs {
		add("", idTermOf(id))
	}
	return string(b)
}
