package exchange

import (
	"bytes"
	"context"
)

// graphmlFormat is GraphML, http://graphml.graphdrawing.org.
func graphmlFormat() *Format {
	return &Format{
		Name: "graphml", Title: "GraphML: networkx, igraph, yEd, Gephi, Neo4j's APOC",
		Extensions: []string{".graphml"}, Media: "application/graphml+xml",
		Holds: "nodes and links with all their fields, each link with its words and where they stand",
		Lacks: xmlLacks,
		noun:  "element", recodes: true,
		looks: func(head []byte) bool { return bytes.Contains(head, []byte("<graphml")) },
		read:  func(in *reading) error { return readDrawing(in, graphmlDialect) },
		write: func(ctx context.Context, x *outlet) error {
			w, err := x.file()
			if err != nil {
				return err
			}
			return x.draw(ctx, &graphml{markup{w}, nodeFields(x.cat), linkFields()})
		},
	}
}

// graphml writes GraphML. Keys of entities begin with n, those of links with l: both have a url, perhaps.
type graphml struct {
	markup
	nodeFields, linkFields []field
}

func (g *graphml) begin() error {
	g.raw(xmlHead + `<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"` +
		` xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">` + "\n")
	key := func(id, of, name, typ string) {
		g.raw("<key")
		g.attr("id", id)
		g.attr("for", of)
		g.attr("attr.name", name)
		g.attr("attr.type", typ)
		g.raw("/>\n")
	}
	key("label", "node", "label", "string")
	for _, f := range g.nodeFields {
		key("n."+f.name, "node", f.name, f.xml("int"))
	}
	key("phrase", "edge", "label", "string")
	for _, f := range g.linkFields {
		key("l."+f.name, "edge", f.name, f.xml("int"))
	}
	g.raw("<graph id=\"throughline\" edgedefault=\"directed\">\n")
	return sound(g.Writer)
}

func (g *graphml) data(key, value string) {
	if value != "" {
		g.raw("<data")
		g.attr("key", key)
		g.raw(">")
		g.text(value)
		g.raw("</data>")
	}
}

func (g *graphml) node(n *flatNode) error {
	g.raw("<node")
	g.attr("id", n.ID)
	g.raw(">")
	g.data("label", n.Name)
	for i, f := range g.nodeFields {
		g.data("n."+f.name, n.values[i])
	}
	g.raw("</node>\n")
	return sound(g.Writer)
}

func (g *graphml) links() error { return nil }

func (g *graphml) link(l *flatLink) error {
	g.raw("<edge")
	g.attr("id", l.ID)
	g.attr("source", l.From)
	g.attr("target", l.To)
	g.raw(">")
	g.data("phrase", l.kind.Phrase)
	for i, f := range g.linkFields {
		g.data("l."+f.name, l.values[i])
	}
	g.raw("</edge>\n")
	return sound(g.Writer)
}

func (g *graphml) end() error {
	g.raw("</graph>\n</graphml>\n")
	return g.Flush()
}
