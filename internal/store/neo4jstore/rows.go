package neo4jstore

import (
	"strconv"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// typeOf writes an expression for the index of an entity's type.
func (c *compiler) typeOf(n string, types catalog.TypeSet) {
	if t := c.single(types); t != nil {
		c.w(strconv.Itoa(int(t.Index)))
		return
	}
	if types&c.cat.Entities == 0 {
		c.w("null")
		return
	}
	c.w("CASE")
	for _, t := range c.cat.Types {
		if types.Has(t.Index) {
			c.w(" WHEN ", n, c.caseOf[t.Index])
		}
	}
	c.w(" END")
}

// entity writes the columns of an entity whose type is one of types.
func (c *compiler) entity(row *list, n string, types catalog.TypeSet, sel *plan.Sel) *record {
	d := &record{}
	if t := c.single(types); t != nil {
		d.typ = t.Index
	} else {
		d.typeColumn = c.column(row) + 1
		c.typeOf(n, types)
	}
	if sel == nil {
		return d
	}
	for _, p := range c.props(sel) {
		d.add(c.entityProp(row, n, types, p))
	}
	for _, f := range sel.Children {
		d.children = append(d.children, c.entityChild(row, n, types, f))
	}
	return d
}

// props are the properties to write: none when nothing is written, as they are a part of neither shape nor values.
func (c *compiler) props(sel *plan.Sel) []*catalog.Prop {
	if c.mode == dry {
		return nil
	}
	return sel.Props
}

func (c *compiler) entityProp(row *list, n string, types catalog.TypeSet, p *catalog.Prop) prop {
	own, has := false, true
	switch p.Name {
	case "type":
		return prop{how: readType}
	case "id", "name", "description", "aliases", "externalIds", "formerIds", "createdAt", "updatedAt":
	default:
		own, has = true, false
		for _, t := range c.cat.Types {
			if types.Has(t.Index) && t.Quoted != nil && t.Quoted.Verified == p {
				col := c.column(row)
				c.quoted(n, types)
				return propOf(p, col)
			}
			has = has || types.Has(t.Index) && t.Prop(p.Name) != nil
		}
	}
	if !has {
		return prop{}
	}
	x := propOf(p, c.column(row))
	x.own = own
	c.w(n, ".", p.Name)
	return x
}

// quoted writes an expression that reports whether the words of a quotation stand where it is quoted from; null for
// another entity.
func (c *compiler) quoted(n string, types catalog.TypeSet) {
	c.w("CASE WHEN ", n, " IS NULL THEN null")
	for _, t := range c.cat.Types {
		if !types.Has(t.Index) || t.Quoted == nil {
			continue
		}
		for _, stands := range [...]string{"true", "false"} {
			c.w(" WHEN ", n, ":", t.Name, " AND EXISTS { (", n, ")<-[:", strings.Join(c.kindList(t.Quoted.Kinds), "|"),
				" {_quoted: ", stands, "}]-(:Entity) } THEN ", stands)
		}
	}
	c.w(" END")
}

// readers are how the kinds of property are read.
var readers = map[catalog.PropKind]reader{
	catalog.Text: readText, catalog.Date: readDate, catalog.Int: readInt, catalog.Float: readFloat, catalog.Bool: readBool,
	catalog.Texts: readList, catalog.ExternalIDs: readList, catalog.DateTime: readTime,
}

func propOf(p *catalog.Prop, column int) prop {
	return prop{how: readers[p.Kind], column: column, name: p.Name, must: p.Required}
}

// add takes in a property.
func (r *record) add(p prop) {
	if p.name == "id" {
		r.idColumn = p.column + 1
	}
	r.props = append(r.props, p)
}

// entityChild writes the column of what is followed from an entity, unless it never applies.
func (c *compiler) entityChild(row *list, n string, types catalog.TypeSet, f *plan.Field) *page {
	on := f.On & types
	if on == 0 {
		return nil
	}
	d := &page{on: f.On}
	d.column = c.column(row)
	// where only some of the types have the field, the others get null
	part := on != types
	if part {
		c.w("CASE WHEN ", n, ":", c.labels(on), " THEN ")
	}
	switch f.Follow {
	case plan.Links:
		c.links(d, n, on, f)
	case plan.LinkCount:
		d.count = true
		c.countLinks(n, f)
	case plan.Derived:
		c.derived(d, n, f)
	}
	if part {
		c.w(" END")
	}
	return d
}

// linkVars are the variables of a link and of its ends, where they are known.
type linkVars struct {
	r        string
	refuted  bool // it may be a REFUTED link
	from, to string
	// types of the ends, where the variables are known
	fromTypes, toTypes catalog.TypeSet
}

// link writes the columns of a link.
func (c *compiler) link(row *list, v linkVars, sel *plan.Sel) *record {
	d := &record{typ: c.cat.Link.Index}
	if sel == nil {
		return d
	}
	for _, p := range c.props(sel) {
		d.add(c.linkProp(row, v, p))
	}
	for _, f := range sel.Children {
		if !f.On.Has(c.cat.Link.Index) {
			d.children = append(d.children, nil)
			continue
		}
		k := &page{on: f.On}
		switch f.Follow {
		case plan.From:
			c.end(k, row, "startNode", v.from, v.fromTypes, v.r, f)
		case plan.To:
			c.end(k, row, "endNode", v.to, v.toTypes, v.r, f)
		case plan.EvidenceOf:
			k.evidence = c.evidence(row, v.r, f.Node, f)
			k.column = k.evidence.column
		default:
			k = nil
		}
		d.children = append(d.children, k)
	}
	return d
}

// end writes one end of a link: a list of its columns.
func (c *compiler) end(k *page, row *list, function, v string, types catalog.TypeSet, r string, f *plan.Field) {
	k.column, k.one = c.column(row), true
	if types != 0 {
		c.w("[")
		k.node = c.entity(&list{}, v, types, f.Node)
		c.w("]")
		return
	}
	c.part(func() {
		n := c.name("n")
		k.boxed = true
		c.w("COLLECT { WITH ", function, "(", r, ") AS ", n, " ")
		c.in(func() { c.returning(func(own *list) { k.node = c.entity(own, n, c.cat.Entities, f.Node) }) }, n)
		c.w(" }")
	})
}

func (c *compiler) linkProp(row *list, v linkVars, p *catalog.Prop) prop {
	col := func() prop { return propOf(p, c.column(row)) }
	switch p.Name {
	case "kind":
		x := col()
		c.w(kindOf(v.r, v.refuted))
		return x
	case "standing":
		x := col()
		c.w(standingOf(v.r))
		return x
	case "supportCount":
		x := col()
		c.w(v.r, ".sourceCount")
		return x
	case "refuteCount":
		x := col()
		c.w("coalesce(", v.r, ".refuteCount, 0)")
		return x
	case "id", "role", "since", "until", "sourceCount", "createdAt", "updatedAt":
		x := col()
		c.w(v.r, ".", p.Name)
		return x
	case catalog.FromName:
		x := col()
		c.endName("startNode", v.from, v.fromTypes != 0, v.r)
		return x
	case catalog.ToName:
		x := col()
		c.endName("endNode", v.to, v.toTypes != 0, v.r)
		return x
	}
	return prop{}
}

// standingOf is an expression for a link's standing.
func standingOf(r string) string {
	return "coalesce(" + r + ".standing, '" + kg.Supported.String() + "')"
}

func (c *compiler) endName(function, n string, known bool, r string) {
	if !known {
		c.w(function, "(", r, ").name")
		return
	}
	c.w(n, ".name")
}

// source writes the columns of a source.
func (c *compiler) source(row *list, n string, sel *plan.Sel) *record {
	d := &record{typ: c.cat.Source.Index}
	if sel == nil {
		return d
	}
	for _, p := range c.props(sel) {
		switch p.Name {
		case "id", "title", "url", "kind", "publisher", "authors", "publishedOn", "contentHash":
			d.add(propOf(p, c.column(row)))
			c.w(n, ".", p.Name)
		case catalog.SourceText:
			d.add(prop{how: readSourceText, column: c.column(row)})
			c.w(n, ".id")
		default:
			d.add(prop{})
		}
	}
	for _, f := range sel.Children {
		if !f.On.Has(c.cat.Source.Index) || f.Follow != plan.LinksOf {
			d.children = append(d.children, nil)
			continue
		}
		k := &page{on: f.On, column: c.column(row)}
		c.linksOf(k, n, f)
		d.children = append(d.children, k)
	}
	return d
}

// evidenceColumns are the lists on a link that evidence is made of, in this order.
var evidenceColumns = [...]string{"excerpts", "prefixes", "suffixes", "stances", "verified", "starts", "ends"}

// evidence writes the columns of a link's evidence: the lists it is made of, whole, because links have little of it and
// ids are made from it. f is the field that pages it; nil for a single piece, which is looked for among all.
func (c *compiler) evidence(row *list, r string, sel *plan.Sel, f *plan.Field) *evidence {
	d := &evidence{}
	d.column = c.column(row)
	placed := f != nil && c.noteIf(f.Page.After != nil || f.Page.Before != nil)
	sided := f != nil && c.noteIf(f.Stance != "")
	if f != nil && !f.Want.Rows && !placed && !sided {
		c.w("size(", r, ".excerpts)")
		return d
	}
	var want [len(evidenceColumns)]bool
	want[0] = true // its length is the number of pieces
	want[3] = sided
	ids := f == nil || f.Want.Cursors || placed
	if sel != nil {
		for _, p := range sel.Props {
			if p.Name == "id" {
				ids = true
			}
			for i, name := range [...]string{"excerpt", "prefix", "suffix", "stance", "verified", "start", "end"} {
				want[i] = want[i] || p.Name == name
			}
		}
	}
	c.w("[")
	own := &list{}
	for i, name := range evidenceColumns {
		d.lists[i] = -1
		if want[i] || ids && i < 4 {
			d.lists[i] = c.column(own)
			c.w(r, ".", name)
		}
	}
	d.sources, d.link, d.dates = -1, -1, -1
	if ids {
		d.sources = c.column(own)
		c.w("coalesce(", r, ".evidenceSources, ", r, ".sources)")
		d.link = c.column(own)
		c.w(r, ".id")
	}
	if f != nil {
		// the pieces of one source stand as they are stored
		at, s := c.name("id"), c.name("s")
		d.dates = c.column(own)
		c.w("CASE WHEN size(", r, ".sources) > 1 THEN COLLECT { UNWIND coalesce(", r, ".evidenceSources, ", r,
			".sources) AS ", at,
			" OPTIONAL MATCH (", s, ":Source {id: ", at, "}) RETURN ", s, "._date } END")
	}
	if sel != nil {
		for _, p := range sel.Props {
			d.props = append(d.props, pieceOf(p.Name))
		}
		for _, k := range sel.Children {
			if k.Follow == plan.LinkOf && k.On.Has(c.cat.Evidence.Index) {
				p := &page{on: k.On, one: true, column: c.column(own)}
				c.w("[")
				p.link = c.link(&list{}, linkVars{r: r, refuted: true}, k.Node)
				c.w("]")
				d.children = append(d.children, p)
				continue
			}
			if k.Follow != plan.SourceOf || !k.On.Has(c.cat.Evidence.Index) {
				d.children = append(d.children, nil)
				continue
			}
			p := &page{on: k.On, one: true, column: c.column(own)}
			at, s := c.name("id"), c.name("s")
			c.part(func() {
				c.w("COLLECT { UNWIND coalesce(", r, ".evidenceSources, ", r, ".sources) AS ", at, " OPTIONAL MATCH (",
					s, ":Source {id: ", at, "}) ")
				c.in(func() { c.returning(func(own *list) { p.node = c.source(own, s, k.Node) }) }, s)
				c.w(" }")
			})
			d.children = append(d.children, p)
		}
	}
	c.w("]")
	return d
}
