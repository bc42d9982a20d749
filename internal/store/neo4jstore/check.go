package neo4jstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// Check holds the properties of every record of ours against the contract: their types, those that no record is
// without, and that the lists of a link's evidence fit together.
func (s *Store) Check(ctx context.Context, f func(store.Damage) error) (n store.Checked, err error) {
	cat := s.layout.cat
	c := &compiler{layout: s.layout}
	c.w("MATCH (n:Entity) WHERE n.id >= '' AND n._sort IS NOT NULL RETURN ")
	c.typeOf("n", cat.Entities)
	c.w(", properties(n) ORDER BY n.id")
	err = s.scan(ctx, string(c.text), func(v []any) error {
		t := cat.TypeAt(uint8(asInt(v[0])))
		p, _ := v[1].(map[string]any)
		if n.Nodes++; t == nil {
			return f(store.Damage{
				What: "entity", ID: asString(p["id"]),
				Says: "is of no type of the contract, or of several",
			})
		}
		return misfit(f, "entity", p, append(slices.Clip(t.Props), s.common()...))
	})
	if err != nil {
		return n, err
	}
	err = s.scan(ctx, "MATCH (n:Source) WHERE n.id >= '' AND n._sort IS NOT NULL RETURN properties(n) ORDER BY n.id",
		func(v []any) error {
			p, _ := v[0].(map[string]any)
			n.Sources++
			// see catalog.SourceText
			return misfit(f, "source", p, append(slices.Clip(cat.Source.Props), &catalog.Prop{Name: "text"}))
		})
	if err != nil {
		return n, err
	}
	for _, name := range s.layout.linkTypes() {
		err = s.scan(ctx,
			"MATCH (a)-[r:"+name+"]->(b) WHERE r.id STARTS WITH '"+kg.LinkPrefix+"' RETURN properties(r), a._sort IS NOT NULL AND b._sort IS NOT NULL", func(v []any) error {
				p, _ := v[0].(map[string]any)
				n.Links++
				if err := misfit(f, "link", p, s.ofLink()); err != nil {
					return err
				}
				pieces := len(asList(p["excerpts"]))
				fits := pieces > 0
				for _, list := range evidenceColumns {
					got, there := p[list]
					fits = fits && (!there || len(asList(got)) == pieces)
				}
				if ours, _ := v[1].(bool); !fits || !ours {
					return f(store.Damage{
						What: "link", ID: asString(p["id"]),
						Says: "has evidence or ends that this program does not write",
					})
				}
				return nil
			})
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// common are the properties that every entity may have.
func (s *Store) common() (props []*catalog.Prop) {
	for _, name := range []string{"id", "name", "aliases", "description", "externalIds", "formerIds", "createdAt", "updatedAt"} {
		props = append(props, s.layout.cat.Prop(name))
	}
	return props
}

// ofLink are the properties of a link that are stored as the contract names them.
func (s *Store) ofLink() (props []*catalog.Prop) {
	for _, name := range []string{"id", "role", "since", "until", "sourceCount", "createdAt", "updatedAt"} {
		props = append(props, s.layout.cat.Prop(name))
	}
	return props
}

// misfit names the first property that is not as the contract says.
func misfit(f func(store.Damage) error, what string, have map[string]any, props []*catalog.Prop) error {
	for _, p := range props {
		v, ok := value(have[p.Name], readers[p.Kind])
		if !ok || p.Required && v.Kind == kg.Null {
			return f(store.Damage{
				What: what, ID: asString(have["id"]),
				Says: fmt.Sprintf("holds in %s what this program does not write", p.Name),
			})
		}
	}
	return nil
}
