package exchange

import (
	"bufio"
	"context"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/text"
)

// cytoscapeFormat is the JSON of Cytoscape and of Cytoscape.js.
func cytoscapeFormat() *Format {
	return &Format{
		Name: "cyjs", Title: "Cytoscape JSON: Cytoscape, Cytoscape.js",
		Extensions: []string{".cyjs"}, Media: "application/json",
		Holds: "nodes and links with all their fields, each link with its words and where they stand",
		Lacks: flatLacks,
		write: func(ctx context.Context, x *outlet) error {
			w, err := x.file()
			if err != nil {
				return err
			}
			return x.draw(ctx, &cytoscape{out: w, nodeFields: nodeFields(x.cat), linkFields: linkFields()})
		},
	}
}

// cytoscape writes elements, each with its data.
type cytoscape struct {
	out                    *bufio.Writer
	nodeFields, linkFields []field
	b                      []byte
	some                   bool // the list at hand has an element
}

func (c *cytoscape) begin() error {
	_, err := c.out.WriteString(`{"format_version":"1.0","generated_by":"Throughline","target_cytoscapejs_version":"~3",` +
		`"data":{},"elements":{"nodes":[`)
	return err
}

// element writes one element: texts of its own, then its fields.
func (c *cytoscape) element(own [][2]string, fields []field, values []string) error {
	c.b = c.b[:0]
	if c.some {
		c.b = append(c.b, ',')
	}
	c.some = true
	c.b = append(c.b, "\n{\"data\":{"...)
	for i, f := range own {
		if i > 0 {
			c.b = append(c.b, ',')
		}
		c.b = append(c.b, `"`+f[0]+`":`...)
		c.b = text.AppendJSON(c.b, f[1])
	}
	for i, f := range fields {
		if values[i] == "" {
			continue
		}
		c.b = append(c.b, `,"`+f.name+`":`...)
		switch f.kind {
		case catalog.Int, catalog.Float, catalog.Bool:
			c.b = append(c.b, values[i]...)
		default:
			c.b = text.AppendJSON(c.b, values[i])
		}
	}
	_, err := c.out.Write(append(c.b, "}}"...))
	return err
}

func (c *cytoscape) node(n *flatNode) error {
	return c.element([][2]string{{"id", n.ID}, {"name", n.Name}}, c.nodeFields, n.values)
}

func (c *cytoscape) links() error {
	c.some = false
	_, err := c.out.WriteString(`],"edges":[`)
	return err
}

func (c *cytoscape) link(l *flatLink) error {
	return c.element([][2]string{{"id", l.ID}, {"source", l.From}, {"target", l.To}, {"interaction", l.kind.Phrase}},
		c.linkFields, l.values)
}

func (c *cytoscape) end() error {
	if _, err := c.out.WriteString("]}}\n"); err != nil {
		return err
	}
	return c.out.Flush()
}
