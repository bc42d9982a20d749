package exchange

import (
	"bytes"
	"context"
	"fmt"

	"github.com/throughline/throughline/internal/catalog"
)

// gexfFormat is GEXF 1.3, https://gexf.net, of which it writes what networkx and Gephi both read: values that are no
// lists, all links directed, colours as r, g and b, dates of days.
func gexfFormat() *Format {
	return &Format{
		Name: "gexf", Title: "GEXF 1.3: Gephi, networkx, sigma.js",
		Extensions: []string{".gexf"}, Media: "application/gexf+xml",
		Holds: "nodes and links with all their fields, a colour for each type, the first and last day for time lines, " +
			"each link with its words and where they stand",
		Lacks: xmlLacks,
		noun:  "element", recodes: true,
		looks: func(head []byte) bool { return bytes.Contains(head, []byte("<gexf")) },
		read:  func(in *reading) error { return readDrawing(in, gexfDialect) },
		write: func(ctx context.Context, x *outlet) error {
			w, err := x.file()
			if err != nil {
				return err
			}
			return x.draw(ctx, &gexf{markup{w}, x.cat, nodeFields(x.cat), linkFields()})
		},
	}
}

// colours tell types apart: the palette of Okabe and Ito (2008), which the colour-blind can read.
var colours = [...][3]uint8{
	{0, 114, 178},
	{213, 94, 0},
	{0, 158, 115},
	{204, 121, 167},
	{230, 159, 0},
	{86, 180, 233},
	{168, 159, 0},
	{122, 92, 192},
}

// colour returns the colour of a type; beyond the palette types are grey.
func colour(t *catalog.Type) [3]uint8 {
	if i := int(t.Index) - 1; i < len(colours) {
		return colours[i]
	}
	return [3]uint8{136, 136, 136}
}

// gexf writes GEXF.
type gexf struct {
	markup
	cat                    *catalog.Catalog
	nodeFields, linkFields []field
}

func (g *gexf) begin() error {
	g.raw(xmlHead + `<gexf xmlns="http://gexf.net/1.3" xmlns:viz="http://gexf.net/1.3/viz" version="1.3">` + "\n" +
		"<meta><creator>Throughline</creator></meta>\n" +
		`<graph mode="dynamic" defaultedgetype="directed" timeformat="date">` + "\n")
	for _, class := range []struct {
		name   string
		fields []field
	}{{"node", g.nodeFields}, {"edge", g.linkFields}} {
		g.raw(`<attributes class="` + class.name + `" mode="static">` + "\n")
		for _, f := range class.fields {
			g.raw("<attribute")
			g.attr("id", f.name)
			g.attr("title", f.name)
			g.attr("type", f.xml("integer"))
			g.raw("/>\n")
		}
		g.raw("</attributes>\n")
	}
	g.raw("<nodes>\n")
	return sound(g.Writer)
}

// days writes a first and a last day.
func (g *gexf) days(first, last string) {
	if first != "" {
		g.attr("start", first)
	}
	if last != "" {
		g.attr("end", last)
	}
}

func (g *gexf) values(fields []field, values []string) {
	g.raw("<attvalues>")
	for i, f := range fields {
		if values[i] != "" {
			g.raw("<attvalue")
			g.attr("for", f.name)
			g.attr("value", values[i])
			g.raw("/>")
		}
	}
	g.raw("</attvalues>")
}

func (g *gexf) node(n *flatNode) error {
	g.raw("<node")
	g.attr("id", n.ID)
	g.attr("label", n.Name)
	g.days(n.days())
	g.raw(">")
	g.values(g.nodeFields, n.values)
	c := colour(n.typ)
	g.raw(fmt.Sprintf("<viz:color r=\"%d\" g=\"%d\" b=\"%d\"/></node>\n", c[0], c[1], c[2]))
	return sound(g.Writer)
}

func (g *gexf) links() error {
	g.raw("</nodes>\n<edges>\n")
	return nil
}

func (g *gexf) link(l *flatLink) error {
	g.raw("<edge")
	g.attr("id", l.ID)
	g.attr("source", l.From)
	g.attr("target", l.To)
	g.attr("label", l.kind.Phrase)
	g.days(firstDay(l.Since), lastDay(l.Until))
	g.raw(">")
	g.values(g.linkFields, l.values)
	g.raw("</edge>\n")
	return sound(g.Writer)
}

func (g *gexf) end() error {
	g.raw("</edges>\n</graph>\n</gexf>\n")
	return g.Flush()
}
