package contract

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// printer writes a document in the form of the contract: one line for each field, an argument that stands alone on the
// line of its field, several on lines of their own, every description before what it describes.
type printer struct {
	strings.Builder
	hidden ast.DirectiveDefinitionList // that are not written
}

func (p *printer) w(parts ...string) {
	for _, s := range parts {
		p.WriteString(s)
	}
}

// comment writes comments that stand apart from what follows them.
func (p *printer) comment(g *ast.CommentGroup) {
	if g == nil {
		return
	}
	for _, c := range g.List {
		p.w(c.Value, "\n")
	}
	p.w("\n")
}

// description writes a description, as a block when it has several lines.
func (p *printer) description(indent, s string) {
	switch {
	case s == "":
	case strings.Contains(s, "\n"):
		p.w(indent, `"""`, "\n")
		for line := range strings.SplitSeq(s, "\n") {
			p.w(indent, line, "\n")
		}
		p.w(indent, `"""`, "\n")
	default:
		p.w(indent, quoted(s), "\n")
	}
}

// quoted writes a string of GraphQL. Only the two characters that end it are escaped.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func (p *printer) directives(all ast.DirectiveList) {
	for _, d := range all {
		if p.hidden.ForName(d.Name) != nil {
			continue
		}
		p.w(" @", d.Name)
		for i, a := range d.Arguments {
			p.w([]string{"(", ", "}[min(i, 1)], a.Name, ": ")
			p.value(a.Value)
		}
		if len(d.Arguments) > 0 {
			p.w(")")
		}
	}
}

func (p *printer) value(v *ast.Value) {
	switch v.Kind {
	case ast.StringValue, ast.BlockValue:
		p.w(quoted(v.Raw))
	case ast.ListValue:
		p.w("[")
		for i, c := range v.Children {
			if i > 0 {
				p.w(", ")
			}
			p.value(c.Value)
		}
		p.w("]")
	case ast.ObjectValue:
		p.w("{")
		for i, c := range v.Children {
			if i > 0 {
				p.w(", ")
			}
			p.w(c.Name, ": ")
			p.value(c.Value)
		}
		p.w("}")
	default:
		p.w(v.Raw)
	}
}

func (p *printer) argument(a *ast.ArgumentDefinition) {
	p.w(a.Name, ": ", a.Type.String())
	if a.DefaultValue != nil {
		p.w(" = ")
		p.value(a.DefaultValue)
	}
	p.directives(a.Directives)
}

func (p *printer) field(f *ast.FieldDefinition) {
	p.description("  ", f.Description)
	p.w("  ", f.Name)
	switch len(f.Arguments) {
	case 0:
	case 1:
		p.w("(")
		if d := f.Arguments[0].Description; d != "" {
			p.w(quoted(d), " ")
		}
		p.argument(f.Arguments[0])
		p.w(")")
	default:
		p.w("(\n")
		for _, a := range f.Arguments {
			p.description("    ", a.Description)
			p.w("    ")
			p.argument(a)
			p.w("\n")
		}
		p.w("  )")
	}
	p.w(": ", f.Type.String())
	if f.DefaultValue != nil {
		p.w(" = ")
		p.value(f.DefaultValue)
	}
	p.directives(f.Directives)
	p.w("\n")
}

var keywords = map[ast.DefinitionKind]string{
	ast.Scalar: "scalar", ast.Object: "type", ast.Interface: "interface", ast.Union: "union", ast.Enum: "enum", ast.InputObject: "input",
}

func (p *printer) definition(d *ast.Definition) {
	p.comment(d.BeforeDescriptionComment)
	p.description("", d.Description)
	p.w(keywords[d.Kind], " ", d.Name)
	if len(d.Interfaces) > 0 {
		p.w(" implements ", strings.Join(d.Interfaces, " & "))
	}
	p.directives(d.Directives)
	if len(d.Types) > 0 {
		p.w(" = ", strings.Join(d.Types, " | "))
	}
	if len(d.Fields)+len(d.EnumValues) > 0 {
		p.w(" {\n")
		for _, f := range d.Fields {
			p.field(f)
		}
		for _, v := range d.EnumValues {
			p.description("  ", v.Description)
			p.w("  ", v.Name)
			p.directives(v.Directives)
			p.w("\n")
		}
		p.w("}")
	}
	p.w("\n")
}

func (p *printer) schema(d *ast.SchemaDefinition) {
	p.comment(d.BeforeDescriptionComment)
	p.description("", d.Description)
	p.w("schema {\n")
	for _, o := range d.OperationTypes {
		p.w("  ", string(o.Operation), ": ", o.Type, "\n")
	}
	p.w("}\n")
}
