package exchange

import (
	"bufio"
	"context"
	"fmt"
	"strings"
)

// dotFormat is the language of Graphviz.
func dotFormat() *Format {
	return &Format{
		Name: "dot", Title: "DOT: Graphviz, to draw a graph that is not large",
		Extensions: []string{".dot", ".gv"}, Media: "text/vnd.graphviz",
		Holds: "names and types of nodes, kinds of links, the words of a link as its tooltip and their address as its URL",
		Lacks: "all else",
		write: func(ctx context.Context, x *outlet) error {
			w, err := x.file()
			if err != nil {
				return err
			}
			return x.draw(ctx, &dot{w, linkFields()})
		},
	}
}

// dot writes a digraph.
type dot struct {
	*bufio.Writer
	linkFields []field
}

func (d *dot) begin() error {
	_, err := d.WriteString("digraph throughline {\n  node [shape=box style=\"rounded,filled\" fontname=\"Helvetica\"];\n" +
		"  edge [fontname=\"Helvetica\" fontsize=10];\n")
	return err
}

// dotted escapes what has a meaning in a label: a backslash, a quotation mark, a line end, the beginning of an entity
// of HTML.
var dotted = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r\n", `\n`, "\n", `\n`, "\r", `\n`, "&", "&amp;")

func (d *dot) node(n *flatNode) error {
	c := colour(n.typ)
	_, err := fmt.Fprintf(d, "  \"%s\" [label=\"%s\" tooltip=\"%s\" fillcolor=\"#%02x%02x%02x40\" color=\"#%02x%02x%02x\"];\n",
		dotted.Replace(n.ID), dotted.Replace(n.Name), dotted.Replace(n.Type), c[0], c[1], c[2], c[0], c[1], c[2])
	return err
}

func (d *dot) links() error { return nil }

func (d *dot) link(l *flatLink) error {
	_, err := fmt.Fprintf(d, "  \"%s\" -> \"%s\" [label=\"%s\"", dotted.Replace(l.From), dotted.Replace(l.To),
		dotted.Replace(l.kind.Phrase))
	for i, f := range d.linkFields {
		if err != nil || l.values[i] == "" {
			continue
		}
		switch f.name {
		case flatExcerpt:
			_, err = fmt.Fprintf(d, " tooltip=\"%s\"", dotted.Replace(l.values[i]))
		case flatURL:
			_, err = fmt.Fprintf(d, " URL=\"%s\"", dotted.Replace(l.values[i]))
		case flatStanding:
			if l.values[i] != "SUPPORTED" {
				_, err = d.WriteString(" style=dashed")
			}
		}
	}
	if err == nil {
		_, err = d.WriteString("];\n")
	}
	return err
}

func (d *dot) end() error {
	if _, err := d.WriteString("}\n"); err != nil {
		return err
	}
	return d.Flush()
}
