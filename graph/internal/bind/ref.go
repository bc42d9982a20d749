package bind

import (
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/text"
)

// Ref reads an EntityRef: exactly one key, for literals and variables alike.
func (b *Binder) Ref(at string, m map[string]any, types catalog.TypeSet) (plan.Ref, error) {
	r := plan.Ref{Types: types, At: at}
	given := 0
	for key, v := range b.given("EntityRef", m) {
		given++
		var err error
		switch key {
		case "id":
			r.ID, err = b.id(at+".id", v)
		case "name":
			err = b.name(at+".name", v, &r)
		case "typedName":
			x, _ := v.(map[string]any)
			var typ catalog.TypeSet
			if typ, err = b.entityType(at+".typedName.type", x["type"]); err != nil {
				break
			}
			r.Types &= typ
			err = b.name(at+".typedName.name", x["name"], &r)
		case "externalId":
			x, _ := v.(map[string]any)
			var id [2]string
			id, err = b.externalID(at+".externalId", x)
			r.Scheme, r.Value = id[0], id[1]
		case "as":
			err = NothingAs(at)
		}
		if err != nil {
			return r, err
		}
	}
	if given != 1 || len(m) != 1 {
		return r, Bad(at, "give exactly one of id, name, externalId, typedName")
	}
	return r, nil
}

// NothingAs refuses a reference to what an operation has made where there are none.
func NothingAs(at string) error {
	return Bad(at+".as", "only applyChanges has operations that a name can mean")
}

// SourceRef reads a SourceRef: exactly one key, for literals and variables alike.
func (b *Binder) SourceRef(at string, m map[string]any, types catalog.TypeSet) (plan.Ref, error) {
	r := plan.Ref{Types: types, At: at}
	given := 0
	for key, v := range b.given("SourceRef", m) {
		given++
		at := at + "." + key
		var err error
		switch key {
		case "id":
			r.ID, err = b.id(at, v)
		case "title":
			err = b.name(at, v, &r)
		case "url":
			if r.URL, err = b.Text(at, v); err == nil && r.URL == "" {
				err = Bad(at, "an address is not empty")
			}
		case "as":
			err = NothingAs(strings.TrimSuffix(at, ".as"))
		default:
			err = unread(at)
		}
		if err != nil {
			return r, err
		}
	}
	if given != 1 || len(m) != 1 {
		return r, Bad(at, "give exactly one of id, title, url")
	}
	return r, nil
}

// name reads the name that a reference is by.
func (b *Binder) name(at string, v any, r *plan.Ref) (err error) {
	if r.Name, err = b.Text(at, v); err != nil {
		return err
	}
	if r.NameKey = text.Fold(r.Name); r.NameKey == "" {
		return Bad(at, "a name is not empty")
	}
	return nil
}

// Entity reads a reference to an entity.
func (b *Binder) Entity(at string, v any) error {
	r, err := b.Ref(at, inputOf(v), b.Catalog.Entities)
	b.Refs = append(b.Refs, r)
	return err
}

// Entities reads a list of references to entities.
func (b *Binder) Entities(at string, v any, most int) error {
	list, err := Items(at, v, most)
	if err != nil {
		return err
	}
	for i, x := range list {
		if err := b.Entity(Nth(at, i), x); err != nil {
			return err
		}
	}
	return nil
}

// SomeEntities reads at least one reference, and so many at most.
func (b *Binder) SomeEntities(at string, v any, most int) error {
	if err := b.Entities(at, v, most); err != nil {
		return err
	}
	if len(b.Refs) == 0 {
		return Bad(at, "name at least one entity")
	}
	return nil
}
