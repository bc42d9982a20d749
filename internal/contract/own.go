package contract

import (
	"regexp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

var (
	name     = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9]*$`)
	kindName = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`) // REFUTED is a type of relationship of every Neo4j
)

func isName(s string) bool { return name.MatchString(s) }

// properties are the types that a property can have, beside an enum.
var properties = []string{"String", "Int", "Float", "Boolean", "PartialDate", "URL"}

// reserved are names of fields that mean something else on every line of an import, of every quotation, or in every
// filter.
var reserved = map[string]bool{
	"node": true, "source": true, "link": true, "delete": true, "cascade": true,
	"throughline": true, "verified": true, "sentence": true, "version": true, "history": true,
	"and": true, "or": true, "not": true, "ids": true, "linkedTo": true,
}

// may says what a schema of own types is for.
const may = "a schema of own types declares types that implement Entity and have @graphNode, and enums; it extends such types and LinkKind"

// allowed reports as an error what a schema of own types must not declare.
func (e *expander) allowed(doc *ast.SchemaDocument) error {
	if err := namedAnew(doc); err != nil {
		return err
	}
	if len(doc.Directives) > 0 {
		return gqlerror.ErrorPosf(doc.Directives[0].Position, "a directive is declared: %s", may)
	}
	for _, x := range slices.Concat(doc.Schema, doc.SchemaExtension) {
		return gqlerror.ErrorPosf(x.Position, "a schema is declared: %s", may)
	}
	enums := map[string]bool{}
	for _, d := range doc.Definitions {
		switch {
		case d.Kind == ast.Enum:
			enums[d.Name] = true
		case d.Kind != ast.Object:
			return gqlerror.ErrorPosf(d.Position, "%s is no type of entity: %s", d.Name, may)
		case !slices.Contains(d.Interfaces, "Entity") || d.Directives.ForName(Node) == nil:
			return gqlerror.ErrorPosf(d.Position,
				"%s is no type of entity: write `type %s implements Entity & Node @graphNode {`", d.Name, d.Name)
		case d.Name == "Mutation" || d.Name == "Subscription":
			return gqlerror.ErrorPosf(d.Position, "%s is a word of GraphQL: choose another name", d.Name)
		case !isName(d.Name) || strings.ToUpper(d.Name[:1]) != d.Name[:1] || strings.HasPrefix(d.Name, "Throughline"):
			return gqlerror.ErrorPosf(d.Position,
				"%s is no name of a type: begin it with a capital, use letters and digits, and do not begin it with Throughline", d.Name)
		}
	}
	isEnum := func(n string) bool { return enums[n] || e.names[n] != nil && e.names[n].Kind == ast.Enum }
	check := func(d *ast.Definition) error {
		for _, f := range d.Fields {
			if err := checkField(d, f, isEnum); err != nil {
				return err
			}
		}
		return nil
	}
	for _, d := range doc.Definitions {
		if err := check(d); err != nil {
			return err
		}
		for _, v := range d.EnumValues {
			if err := plainValue(d, v); err != nil {
				return err
			}
		}
	}
	for _, x := range doc.Extensions {
		to := e.names[x.Name]
		if to == nil {
			i := slices.IndexFunc(doc.Definitions, func(d *ast.Definition) bool { return d.Name == x.Name })
			if i < 0 {
				return gqlerror.ErrorPosf(x.Position, "there is no %s to extend", x.Name)
			}
			to = doc.Definitions[i]
		}
		if x.Name != "LinkKind" && !enums[x.Name] && !slices.Contains(to.Interfaces, "Entity") {
			return gqlerror.ErrorPosf(x.Position, "%s cannot be extended: %s", x.Name, may)
		}
		if len(x.Directives)+len(x.Interfaces) > 0 {
			return gqlerror.ErrorPosf(x.Position, "an extension of %s adds fields or values, and nothing else", x.Name)
		}
		if err := check(x); err != nil {
			return err
		}
		for _, v := range x.EnumValues {
			if err := plainValue(x, v); err != nil {
				return err
			}
			if x.Name == "LinkKind" && (!kindName.MatchString(v.Name) || v.Name == "REFUTED") {
				return gqlerror.ErrorPosf(v.Position,
					"%s is no name of a kind of link: write it in capitals, as MARRIED_TO, and not REFUTED", v.Name)
			}
			if x.Name == "LinkKind" && v.Directives.ForName(Joins) == nil {
				return gqlerror.ErrorPosf(v.Position,
					`LinkKind %s has no @graphJoins: write %s @graphJoins(from: [PERSON], to: [PERSON], phrase: "…", inverse: "…")`, v.Name, v.Name)
			}
			if joins := v.Directives.ForName(Joins); joins != nil {
				for _, a := range joins.Arguments {
					if !text(a) && a.Value.Kind != ast.ListValue {
						return gqlerror.ErrorPosf(a.Position, "LinkKind %s: %s is a list, such as [PERSON]", v.Name,
							a.Name)
					}
					if text(a) && a.Value.Kind != ast.StringValue {
						return gqlerror.ErrorPosf(a.Position, "LinkKind %s: %s is a text", v.Name, a.Name)
					}
				}
			}
		}
	}
	return nil
}

// plainValue reports as an error a value of an enum that is joined as kinds of link are.
func plainValue(d *ast.Definition, v *ast.EnumValueDefinition) error {
	if joins := v.Directives.ForName(Joins); joins != nil && d.Name != "LinkKind" {
		return gqlerror.ErrorPosf(joins.Position,
			"%s.%s has @graphJoins, which is for kinds of link: leave it out, or write `extend enum LinkKind`", d.Name, v.Name)
	}
	return nil
}

// text reports whether an argument of @graphJoins is words, and not a list of types.
func text(a *ast.Argument) bool { return a.Name != "from" && a.Name != "to" }

// checkField reports as an error a field that is neither a property nor one that follows links.
func checkField(d *ast.Definition, f *ast.FieldDefinition, isEnum func(string) bool) error {
	if !isName(f.Name) || strings.ToLower(f.Name[:1]) != f.Name[:1] {
		return gqlerror.ErrorPosf(f.Position,
			"%s.%s is no name of a field: begin it with a small letter, and use letters and digits", d.Name, f.Name)
	}
	if reserved[f.Name] {
		return gqlerror.ErrorPosf(f.Position, "%s.%s means something else in imports, filters or answers: choose another name",
			d.Name, f.Name)
	}
	if len(f.Arguments) > 0 {
		return gqlerror.ErrorPosf(f.Position,
			"%s.%s has arguments: leave them out, a field that follows links gets its own", d.Name, f.Name)
	}
	for _, on := range f.Directives {
		if a := on.Arguments.ForName("kinds"); a != nil && a.Value.Kind != ast.ListValue {
			return gqlerror.ErrorPosf(a.Position, "%s.%s: kinds is a list, such as [SAID]", d.Name, f.Name)
		}
		if a := on.Arguments.ForName("direction"); a != nil && a.Value.Raw != "OUTGOING" && a.Value.Raw != "INCOMING" {
			return gqlerror.ErrorPosf(a.Position, "%s.%s: direction is OUTGOING or INCOMING, seen from %s", d.Name,
				f.Name, d.Name)
		}
	}
	if f.Directives.ForName(Link) != nil || f.Directives.ForName(Derived) != nil {
		if f.Type.Elem == nil || !f.Type.NonNull || !f.Type.Elem.NonNull {
			return gqlerror.ErrorPosf(f.Position,
				"%s.%s follows links: its type is a list such as [Person!]!, or [Entity!]!", d.Name, f.Name)
		}
		return nil
	}
	if f.Type.NonNull && f.Type.Elem == nil {
		return gqlerror.ErrorPosf(f.Position,
			"%s.%s must not have an exclamation mark: records that are there already may lack it", d.Name, f.Name)
	}
	plain := *f.Type
	plain.NonNull = false
	if slices.Contains(properties, plain.String()) || plain.Elem == nil && isEnum(plain.Name()) {
		return nil
	}
	return gqlerror.ErrorPosf(f.Position,
		"%s.%s is %s: a property is one of %s or an enum, and a list of entities needs @graphLink", d.Name, f.Name, f.Type, strings.Join(properties,
			", "))
}
