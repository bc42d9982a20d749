package store

import (
	"fmt"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
)

// OwnNames are names that a schema of own types declares: those that records in a store use. A store keeps them, so that it is not
// opened without them: what the schema does not declare would be left out of answers, and lost when its record is written again.
type OwnNames map[string]bool

// Add adds the names that the records of a batch use.
func (n OwnNames) Add(cat *catalog.Catalog, b *Batch) {
	if len(cat.Own) == 0 {
		return
	}
	add := func(name string) {
		if cat.Own[name] {
			n[name] = true
		}
	}
	for _, x := range b.Nodes {
		t := cat.TypeOf(x.Type)
		if t == nil {
			continue // it is refused
		}
		add(catalog.OwnType(t.Name))
		for name, v := range x.Props {
			p := t.Prop(name)
			if p == nil {
				continue
			}
			add(catalog.OwnProp(t.Name, name, p.Kind))
			if v, ok := v.(string); ok && p.Enum != nil {
				add(catalog.OwnValue(t.Name, name, v))
			}
		}
	}
	for _, x := range b.Links {
		add(catalog.OwnKind(x.Kind))
	}
}

// Use is the type, property, enum value or kind of link that a kept name stands for.
type Use struct {
	Type  string // the name of a type: Party
	Prop  string // of a property of that type; "" for the type
	Value string // of an enum, which that property has; "" for any
	Kind  string // of link; "" for the others
}

// Undeclared returns what a kept name stands for when the schema does not declare it, or declares it otherwise.
func Undeclared(cat *catalog.Catalog, name string) (u Use, undeclared bool) {
	what, rest, _ := strings.Cut(name, " ")
	switch what {
	case "type":
		return Use{Type: rest}, cat.Type(rest) == nil
	case "kind":
		return Use{Kind: rest}, cat.Kind(rest) == nil
	case "property", "value":
		path, value, _ := strings.Cut(rest, " ")
		u.Type, u.Prop, _ = strings.Cut(path, ".")
		var p *catalog.Prop
		if t := cat.Type(u.Type); t != nil {
			p = t.Prop(u.Prop)
		}
		if what == "value" {
			u.Value = value
			return u, p != nil && !slices.Contains(p.Enum, value) // that there is none is told of the property
		}
		return u, p == nil || catalog.OwnProp(u.Type, u.Prop, p.Kind) != name
	}
	return u, false // a later program's
}

// Problem says why a store that holds it cannot be opened.
func (u Use) Problem(cat *catalog.Catalog) string {
	switch {
	case u.Kind != "":
		return fmt.Sprintf("holds links of kind %s, which the schema does not declare", u.Kind)
	case u.Prop == "":
		return fmt.Sprintf("holds entities of type %s, which the schema does not declare", u.Type)
	}
	if u.Value != "" {
		return fmt.Sprintf("holds %s in %s.%s, which the schema does not have there", u.Value, u.Type, u.Prop)
	}
	if t := cat.Type(u.Type); t != nil && t.Prop(u.Prop) != nil {
		return fmt.Sprintf("holds values of %s.%s that are not of the type which the schema declares", u.Type, u.Prop)
	}
	return fmt.Sprintf("holds values of %s.%s, which the schema does not declare", u.Type, u.Prop)
}

// OwnRemedy says how to open a store that holds what the schema does not declare.
const OwnRemedy = "name the file that declares it with --schema FILE or THROUGHLINE_SCHEMA, as when it was written"
