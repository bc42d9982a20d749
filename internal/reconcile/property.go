package reconcile

import (
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
)

// part is what of a link a property has.
type part string

// The parts of a link.
const (
	other   part = ""        // the entity at its other end
	role    part = "role"    // as what
	since   part = "since"   // when it began
	until   part = "until"   // when it ended
	excerpt part = "excerpt" // the words that say so
	source  part = "source"  // where they stand
)

var parts = []part{other, role, since, until, excerpt, source}

// property is what can be compared, and fetched, of entities.
type property struct {
	id, name, help string
	// types are those that have it.
	types catalog.TypeSet
	// prop is a property of records, and kind with part one of links; both are nil for what every entity has.
	prop *catalog.Prop
	kind *catalog.Kind
	part part
}

// The properties that every entity has.
const (
	aliases     = "aliases"
	description = "description"
	externalID  = "externalId"
	anyRole     = "role"
)

// propertiesOf returns the properties of a catalogue: those of every entity, of types, and of links.
func propertiesOf(cat *catalog.Catalog) []*property {
	all := []*property{
		{
			id: externalID, name: "identifier elsewhere", help: "What another register calls it: wikidata:Q42, or Q42.",
			types: cat.Entities,
		},
		{id: aliases, name: "other name", help: "Another name of it.", types: cat.Entities},
		{id: description, name: "description", help: "What it is, in a sentence or two.", types: cat.Entities},
		{id: anyRole, name: "role", help: "As what it is linked to anything.", types: cat.Entities},
	}
	seen := map[string]*property{}
	for _, t := range cat.Types {
		for _, p := range t.Props {
			if seen[p.Name] == nil {
				seen[p.Name] = &property{id: p.Name, name: spaced(p.Name), prop: p, help: "A property of records."}
				all = append(all, seen[p.Name])
			}
			seen[p.Name].types |= 1 << t.Index
		}
	}
	for _, k := range cat.Kinds {
		for _, p := range parts {
			x := &property{
				id: k.Name, name: strings.ToLower(strings.ReplaceAll(k.Name, "_", " ")), kind: k, part: p, types: k.From | k.To,
				help: "What it is linked to: " + k.Phrase + ", " + k.Inverse + ".",
			}
			if p != other {
				x.id, x.name, x.help = k.Name+"."+string(p), x.name+": "+string(p), partHelp[p]
			}
			all = append(all, x)
		}
	}
	return all
}

var partHelp = map[part]string{
	role: "As what, of each link.", since: "When each link began.", until: "When each link ended.",
	excerpt: "The words that say so, of each link.", source: "The source of these words, of each link.",
}

// spaced returns the name of a field in words: startsOn is "starts on".
func spaced(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// property returns the property of an id, nil for none.
func (s *service) property(id string) *property {
	i := slices.IndexFunc(s.properties, func(p *property) bool { return p.id == id })
	if i < 0 {
		return nil
	}
	return s.properties[i]
}

// where returns the filter of the links that a property is of.
func (p *property) where() object {
	if p.kind == nil {
		return object{}
	}
	return object{"kinds": []any{p.kind.Name}}
}
