package store

import (
	"fmt"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
)

// OwnNames are names that a schema of own types declares: those that records in a store use. A store keeps them, so
// that it is not opened without them: what the schema does not declare would be left out of answers, and lost when its
// record is written again.
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
		add(cat.OwnEnds(x.Kind))
	}
}

// Use is the type, property, enum value or kind of link that a kept name stands for.
type Use struct {
	Type  string // the name of a type: Party
	Prop  string // of a property of that type; "" for the type
	Value string // of an enum, which that property has; "" for any
	Kind  string // of link; "" for the others
	// Joins, unless nil, is what links of Kind may join: the store may hold some that join something else.
	Joins *catalog.Kind
}

// undeclared returns what a kept name stands for when the schema does not declare it, or declares it otherwise.
func undeclared(cat *catalog.Catalog, name string) (u Use, is bool) {
	what, rest, _ := strings.Cut(name, " ")
	switch what {
	case "type":
		return Use{Type: rest}, cat.Type(rest) == nil
	case "kind":
		return Use{Kind: rest}, cat.Kind(rest) == nil
	case "ends":
		parts := strings.Split(rest, " ")
		k := cat.Kind(parts[0])
		if len(parts) != 3 || k == nil { // that there is no such kind is told of the kind
			return u, false
		}
		return Use{Kind: k.Name, Joins: k}, !joins(cat, k.From, parts[1]) || !joins(cat, k.To, parts[2])
	case "property", "value":
		path, value, _ := strings.Cut(rest, " ")
		u.Type, u.Prop, _ = strings.Cut(path, ".")
		t := cat.Type(u.Type)
		if t == nil { // that there is no such type is told of the type
			return u, false
		}
		p := t.Prop(u.Prop)
		if what == "value" {
			u.Value = value
			return u, p != nil && !slices.Contains(p.Enum, value) // that there is none is told of the property
		}
		return u, p == nil || catalog.OwnProp(u.Type, u.Prop, p.Kind) != name
	}
	return u, false // a later program's
}

// joins reports whether all types of a list are in a set.
func joins(cat *catalog.Catalog, set catalog.TypeSet, enums string) bool {
	for enum := range strings.SplitSeq(enums, ",") {
		if t := cat.TypeOf(enum); t == nil || !set.Has(t.Index) {
			return false
		}
	}
	return true
}

// problem says why a store that holds it cannot be opened.
func (u Use) problem(cat *catalog.Catalog) string {
	switch {
	case u.Joins != nil:
		return fmt.Sprintf("holds links of kind %s between types that its @graphJoins does not name", u.Kind)
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

// remedy says how to open it.
func (u Use) remedy(cat *catalog.Catalog) string {
	t := cat.Type(u.Type)
	switch {
	case u.Joins != nil:
		return "add these types to @graphJoins again, or open it as before and delete those links"
	case t != nil && t.Prop(u.Prop) != nil:
		return "declare the property as it was when the values were written, or under another name"
	}
	return "name the file that declares it with --schema FILE or THROUGHLINE_SCHEMA, as when it was written"
}

// OwnError is the error for a store that holds what the schema does not declare.
type OwnError struct {
	Problem string // what it holds: goes on after "the store"
	Remedy  string // how to open it
}

// Error returns both.
func (e *OwnError) Error() string { return e.Problem + ": " + e.Remedy }

// CheckOwn returns an OwnError when a store holds what the schema does not declare, of the names that it has kept.
// holds asks the store; a name whose records are gone is no reason.
func CheckOwn(cat *catalog.Catalog, names []string, holds func(Use) (bool, error)) error {
	for _, name := range names {
		u, undeclared := undeclared(cat, name)
		if !undeclared {
			continue
		}
		held, err := holds(u)
		if err != nil {
			return err
		}
		if held {
			return &OwnError{Problem: u.problem(cat), Remedy: u.remedy(cat)}
		}
	}
	return nil
}
