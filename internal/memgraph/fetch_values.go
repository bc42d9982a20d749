package memgraph

import (
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/rules"
)

// node fills the row of an entity.
func (x *fetch) node(row *kg.Row, k uint32, sel *plan.Sel) {
	x.spend()
	n := x.graph.nodes.at(k)
	row.Type = n.typ
	if sel == nil {
		return
	}
	if len(sel.Props) > 0 {
		row.Vals = x.vals.take(len(sel.Props))
		for i, p := range sel.Props {
			row.Vals[i] = x.graph.nodeValue(n, p)
		}
	}
	if len(sel.Children) > 0 {
		row.Children = x.pages.take(len(sel.Children))
		for i, f := range sel.Children {
			if !f.On.Has(n.typ) {
				continue
			}
			switch f.Follow {
			case plan.Links:
				x.links(&row.Children[i], k, f)
			case plan.LinkCount:
				row.Children[i].Total = x.countLinks(k, f)
			case plan.Derived:
				x.derived(&row.Children[i], k, f)
			}
		}
	}
}

func (graph *Graph) nodeValue(n *node, p *catalog.Prop) kg.Value {
	switch p.Name {
	case "id":
		return kg.StringValue(graph.id(n))
	case "name":
		return kg.StringValue(graph.name(n))
	case "type":
		return kg.StringValue(graph.cat.TypeAt(n.typ).Enum)
	case "description":
		return kg.StringValue(graph.field(n, descField))
	case "aliases":
		return kg.Value{Kind: kg.List, Str: graph.field(n, aliasesField)}
	case "externalIds":
		return kg.Value{Kind: kg.List, Str: graph.field(n, externalField)}
	case "formerIds":
		return kg.Value{Kind: kg.List, Str: graph.field(n, formerField)}
	case "createdAt":
		return kg.TimeValue(kg.TimeAt(graph.born[n.created]))
	case "updatedAt":
		return kg.TimeValue(kg.TimeAt(graph.born[n.updated]))
	}
	t := graph.cat.TypeAt(n.typ)
	for i, own := range t.Props {
		if own == p {
			return graph.prop(n, t, i)
		}
	}
	if t.Quoted != nil && p == t.Quoted.Verified {
		if v := graph.quoted(n, t.Quoted.Kinds).Verified(); v != nil {
			return kg.BoolValue(*v)
		}
	}
	return kg.Value{}
}

// quoted is what was found of a quotation's words over the links of some kinds to it.
func (graph *Graph) quoted(n *node, kinds catalog.KindSet) (q rules.Quoted) {
	for _, g := range graph.groups[n.group0:n.group1] {
		if g.out || !kinds.Has(g.kind) {
			continue
		}
		for _, k := range graph.adjacent[g.start:g.end] {
			q = max(q, graph.links.at(k).proof.quoted())
		}
	}
	return q
}

// link fills the row of a link.
func (x *fetch) link(row *kg.Row, k uint32, sel *plan.Sel) {
	x.spend()
	l := x.graph.links.at(k)
	row.Type = x.graph.cat.Link.Index
	if sel == nil {
		return
	}
	if len(sel.Props) > 0 {
		row.Vals = x.vals.take(len(sel.Props))
		for i, p := range sel.Props {
			row.Vals[i] = x.graph.linkValue(l, k, p)
		}
	}
	if len(sel.Children) > 0 {
		row.Children = x.pages.take(len(sel.Children))
		for i, f := range sel.Children {
			if !f.On.Has(row.Type) {
				continue
			}
			switch f.Follow {
			case plan.From:
				row.Children[i].Edges = x.edges.take(1)
				x.node(&row.Children[i].Edges[0].Node, l.from, f.Node)
			case plan.To:
				row.Children[i].Edges = x.edges.take(1)
				x.node(&row.Children[i].Edges[0].Node, l.to, f.Node)
			case plan.EvidenceOf:
				x.pending = append(x.pending, evidencePage{link: k, field: f, page: &row.Children[i]})
			}
		}
	}
}

func (graph *Graph) linkValue(l *link, k uint32, p *catalog.Prop) kg.Value {
	switch p.Name {
	case "id":
		return kg.StringValue(graph.linkID(k))
	case "kind":
		return kg.StringValue(graph.cat.Kinds[l.kind].Name)
	case "role":
		return kg.StringValue(graph.roles[l.role])
	case "since":
		return kg.StringValue(graph.dates[l.since].text)
	case "until":
		return kg.StringValue(graph.dates[l.until].text)
	case "standing":
		return kg.Value{Kind: kg.String, Str: l.standing.String()}
	case "sourceCount", "supportCount":
		return kg.IntValue(graph.sourceCount(k))
	case "refuteCount":
		return kg.IntValue(int64(len(graph.refutersOf(k))))
	case "createdAt":
		return kg.TimeValue(kg.TimeAt(graph.stamps[l.created]))
	case "updatedAt":
		return kg.TimeValue(kg.TimeAt(graph.stamps[l.updated]))
	case catalog.FromName:
		return kg.StringValue(graph.name(graph.nodes.at(l.from)))
	case catalog.ToName:
		return kg.StringValue(graph.name(graph.nodes.at(l.to)))
	}
	return kg.Value{}
}

// source fills the row of a source.
func (x *fetch) source(row *kg.Row, k uint32, sel *plan.Sel) {
	x.spend()
	s := &x.graph.sources[k]
	row.Type = x.graph.cat.Source.Index
	if sel == nil {
		return
	}
	if len(sel.Props) > 0 {
		row.Vals = x.vals.take(len(sel.Props))
		for i, p := range sel.Props {
			if p.Name == catalog.SourceText && s.hash != "" {
				x.wanted = append(x.wanted, wantedText{k, &row.Vals[i]})
			}
			row.Vals[i] = s.value(p)
		}
	}
	if len(sel.Children) > 0 {
		row.Children = x.pages.take(len(sel.Children))
		for i, f := range sel.Children {
			if f.On.Has(row.Type) && f.Follow == plan.LinksOf {
				x.linksOf(&row.Children[i], k, f)
			}
		}
	}
}

func (s *source) value(p *catalog.Prop) kg.Value {
	switch p.Name {
	case "id":
		return kg.StringValue(s.id)
	case "title":
		return kg.StringValue(s.title)
	case "url":
		return kg.StringValue(s.url)
	case "kind":
		return kg.StringValue(s.kind)
	case "publisher":
		return kg.StringValue(s.publisher)
	case "authors":
		return kg.Value{Kind: kg.List, Str: s.authors}
	case "publishedOn":
		return kg.StringValue(s.published)
	case "contentHash":
		return kg.StringValue(s.hash)
	}
	return kg.Value{}
}
