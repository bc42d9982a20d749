package graph

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/operation"
	"github.com/throughline/throughline/internal/plan"
)

// This file holds the fields of records: entities, links, evidence and sources.

// recordTables are the fields of records that are said one by one. All others follow by recordField.
var recordTables = tables{
	"Link": {
		"from":     toOne(plan.From, func(c *catalog.Catalog) catalog.TypeSet { return c.Entities }),
		"to":       toOne(plan.To, func(c *catalog.Catalog) catalog.TypeSet { return c.Entities }),
		"sentence": {plan: planSentence, value: readSentence},
		"evidence": toPage(func(c *compiler, k *follow) catalog.TypeSet {
			k.base.Follow = plan.EvidenceOf
			return 1 << c.cat.Evidence.Index
		}),
	},
	"Evidence": {
		"link":   toOne(plan.LinkOf, func(c *catalog.Catalog) catalog.TypeSet { return 1 << c.Link.Index }),
		"source": toOne(plan.SourceOf, func(c *catalog.Catalog) catalog.TypeSet { return 1 << c.Source.Index }),
	},
	"Source": {
		"type": {
			value: func(r *reading, _ *out, _ *place) (kg.Value, error) { return textValue(r.cat.Source.Enum), nil },
		},
		"name":        propertyField("title"),
		"description": {plan: planPublished, value: readPublished},
		"text":        {plan: planText, value: readText},
		"links": toPage(func(c *compiler, k *follow) catalog.TypeSet {
			k.base.Follow = plan.LinksOf
			return c.cat.Entities
		}),
	},
	"ExternalId": {
		"scheme": textOf(func(id *[3]string) string { return id[0] }),
		"value":  textOf(func(id *[3]string) string { return id[1] }),
		"url": valueOf(func(id *[3]string) kg.Value {
			if id[2] == "-" {
				return kg.Value{}
			}
			return textValue(id[2])
		}),
	},
}

// recordField returns the row of a field of a record: a property, or what leads to others; nil when the catalogue
// knows it as neither.
func recordField(cat *catalog.Catalog, t *catalog.Type, f *ast.FieldDefinition) *field {
	links, derived := cat.LinkField(t.Name, f.Name), cat.DerivedField(t.Name, f.Name)
	switch {
	case f.Name == "version":
		return &field{plan: planVersion, value: readVersion}
	case f.Name == "history":
		return historyField
	case links != nil:
		return toPage(func(_ *compiler, k *follow) catalog.TypeSet {
			k.base.Follow, k.base.Kinds, k.base.Out, k.base.In = plan.Links, links.Kinds, links.Out, !links.Out
			return links.Other
		})
	case derived != nil:
		return toPage(func(_ *compiler, k *follow) catalog.TypeSet {
			k.base.Follow, k.base.Derived = plan.Derived, derived
			return 1 << derived.Other.Index
		})
	case t.IsEntity() && f.Name == "links":
		return &field{shape: objectShape, plan: planEveryLink, one: readPage}
	case t.IsEntity() && f.Name == "linkCount":
		return &field{plan: planEveryLink, value: func(_ *reading, x *out, p *place) (kg.Value, error) {
			return kg.IntValue(p.row.Children[x.index].Total), nil
		}}
	case t.IsEntity() && f.Name == "externalIds":
		return &field{shape: listShape, plan: planExternalIDs, count: countExternalIDs, item: readExternalID}
	case len(f.Arguments) == 0 && cat.Prop(f.Name) != nil:
		return propertyField(f.Name)
	}
	return nil
}

// propertyField returns a field that is a property of the record.
func propertyField(name string) *field {
	return &field{shape: propertyShape, plan: func(c *compiler, _ operation.Field, at *scope, x *out) {
		x.index = at.sel.prop(c.cat.Prop(name))
	}}
}

// newFollow begins what a field of a record leads to.
func newFollow(f operation.Field, at *scope) *follow {
	name := f.Fields[0].Name
	return &follow{field: f.Fields[0], at: at.typ.Name + "." + name, base: plan.Field{On: 1 << at.typ.Index}}
}

// addFollow adds what a field of a record leads to, when all that is wanted of it is known.
func (c *compiler) addFollow(k *follow, at *scope, x *out) {
	c.finish(k)
	x.index = len(at.sel.children)
	at.sel.children = append(at.sel.children, k)
}

// toOne returns a field that leads from a record to another.
func toOne(how plan.Follow, types func(*catalog.Catalog) catalog.TypeSet) *field {
	return &field{
		shape: objectShape,
		plan: func(c *compiler, f operation.Field, at *scope, x *out) {
			k := newFollow(f, at)
			k.base.Follow, k.node = how, &selection{}
			x.objs = c.records(f, k.node, types(c.cat))
			c.addFollow(k, at, x)
		},
		one: func(_ *reading, x *out, p, to *place) bool {
			child := &p.row.Children[x.index]
			if len(child.Edges) == 0 {
				return false
			}
			return to.record(&child.Edges[0].Node, p.sel.Children[x.index].Node)
		},
	}
}

// toPage returns a field that leads from a record to a list of others; begin says which, and returns their types.
func toPage(begin func(c *compiler, k *follow) catalog.TypeSet) *field {
	return &field{
		shape: objectShape,
		plan: func(c *compiler, f operation.Field, at *scope, x *out) {
			k := newFollow(f, at)
			k.base.Other = begin(c, k)
			c.page(f, k, k.base.Other, x)
			c.addFollow(k, at, x)
		},
		one: readPage,
	}
}

// page compiles the selection on a list of entries of these types.
func (c *compiler) page(f operation.Field, k *follow, types catalog.TypeSet, x *out) {
	k.page = true
	x.objs = c.inner(f, &scope{follow: k, types: types})
}

// readPage reads a list that a field of a record leads to.
func readPage(_ *reading, x *out, p, to *place) bool {
	*to = place{page: &p.row.Children[x.index], field: p.sel.Children[x.index]}
	return true
}

// planEveryLink plans links and linkCount, alike on every entity: they are read once for all types of an interface.
func planEveryLink(c *compiler, f operation.Field, at *scope, x *out) {
	name := f.Fields[0].Name
	if i, ok := at.sel.shared[f.Fields[0]]; ok && slices.Equal(at.sel.children[i].fields, f.Fields) {
		k := at.sel.children[i]
		k.base.On |= 1 << at.typ.Index
		if k.static != nil {
			k.static.On = k.base.On
		}
		x.objs, x.index = k.objs, i
		return
	}
	k := newFollow(f, at)
	k.at = "Entity." + name
	k.base.Kinds, k.base.Out, k.base.In, k.base.Other = c.cat.AllKinds(), true, true, c.cat.Entities
	if name == "linkCount" {
		k.base.Follow, k.base.Want.Total = plan.LinkCount, true
	} else {
		k.base.Follow = plan.Links
		c.page(f, k, c.cat.Entities, x)
	}
	if at.sel.shared == nil {
		at.sel.shared = map[*ast.Field]int{}
	}
	at.sel.shared[f.Fields[0]] = len(at.sel.children)
	k.objs, k.fields = x.objs, f.Fields
	c.addFollow(k, at, x)
}

func planExternalIDs(c *compiler, f operation.Field, at *scope, x *out) {
	x.index = at.sel.prop(c.cat.Prop("externalIds"))
	x.objs = c.inner(f, at)
}

func countExternalIDs(_ *reading, x *out, p *place) (int, error) {
	return len(p.row.Vals[x.index].Items()) / 3, nil
}

func readExternalID(_ *reading, x *out, p *place, i int, to *place) {
	*to = place{at: (*[3]string)(p.row.Vals[x.index].Items()[3*i:])}
}

// statementProps are the properties of a link that its sentence is made of.
var statementProps = [...]string{"kind", "role", catalog.FromName, catalog.ToName, "standing", "since", "until"}

// stated puts together what a link says, and finds its kind, nil when it is unknown; at reads statementProps.
func stated(cat *catalog.Catalog, at func(i int) string) (*catalog.Kind, catalog.Statement) {
	standing, _ := kg.ParseStanding(at(4))
	return cat.Kind(at(0)), catalog.Statement{
		From: at(
			2,
		),
		To:       at(3),
		Role:     at(1),
		Since:    kg.PartialDate(at(5)),
		Until:    kg.PartialDate(at(6)),
		Standing: standing,
	}
}

func planSentence(c *compiler, _ operation.Field, at *scope, x *out) {
	for _, name := range statementProps {
		x.more = append(x.more, at.sel.prop(c.cat.Prop(name)))
	}
}

// readSentence returns a link in words; null when its kind is unknown.
func readSentence(r *reading, x *out, p *place) (kg.Value, error) {
	k, s := stated(r.cat, func(i int) string { return p.row.Vals[x.more[i]].Str })
	if k == nil {
		return kg.Value{}, nil
	}
	return textValue(k.Sentence(&s, r.today)), nil
}

func planPublished(c *compiler, _ operation.Field, at *scope, x *out) {
	x.more = []int{at.sel.prop(c.cat.Prop("publisher")), at.sel.prop(c.cat.Prop("publishedOn"))}
}

// readPublished returns who published a source and when, as far as it is known.
func readPublished(_ *reading, x *out, p *place) (kg.Value, error) {
	by, on := p.row.Vals[x.more[0]].Str, p.row.Vals[x.more[1]].Str
	if by != "" && on != "" {
		by += ", "
	}
	return kg.StringValue(by + on), nil
}

// planText has the text of a source read, where texts are served.
func planText(c *compiler, _ operation.Field, at *scope, x *out) {
	if x.index = -1; c.texts {
		x.shape, x.index = propertyShape, at.sel.prop(c.cat.Prop(catalog.SourceText))
	}
}

// readText returns null: a text that is served is a property.
func readText(*reading, *out, *place) (kg.Value, error) { return kg.Value{}, nil }
