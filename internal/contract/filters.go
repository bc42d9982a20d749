package contract

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// filterSuffix ends the name of the filter of a type: PersonFilter.
const filterSuffix = "Filter"

// conditions names, for each type that a property can have, the input type that filters by it. A list of texts fits
// where one of them does. An enum has a filter of its own.
var conditions = map[string]string{
	"String": "StringFilter", "[String!]": "StringFilter", "URL": "StringFilter", "Int": "IntFilter",
	"Float": "FloatFilter", "Boolean": "BooleanFilter", "PartialDate": "PartialDateFilter",
}

// filters adds the filter of each type that has a list, behind EntityFilter: what of EntityFilter makes sense for the
// type, and a condition for each of its properties. Before them stand the filters of enums that properties have.
func (e *expander) filters() error {
	var enums, out ast.DefinitionList
	input := func(from *ast.Definition, to *ast.DefinitionList, name, description string) (*ast.Definition, error) {
		d := &ast.Definition{Kind: ast.InputObject, Name: name, Description: description, Position: from.Position}
		err := e.follows(from, d)
		*to = append(*to, d)
		return d, err
	}
	ofEnum := map[string]bool{}
	for _, d := range e.nodes() {
		f, err := input(d, &out, d.Name+filterSuffix,
			"The filter of the list of "+e.words[d.Name].many+". All that are given must hold.")
		if err != nil {
			return err
		}
		f.Fields = e.shared(d)
		for _, p := range d.Fields {
			condition := e.condition(d, p)
			if condition == "" {
				continue
			}
			if of := e.names[p.Type.Name()]; of != nil && of.Kind == ast.Enum && !ofEnum[of.Name] {
				ofEnum[of.Name] = true
				x, err := input(of, &enums, condition, "Matches a value of `"+of.Name+"`. All that are given must hold.")
				if err != nil {
					return err
				}
				x.Fields = ast.FieldList{
					field("Exactly this.", "eq", ast.NamedType(of.Name, nil)),
					field("One of these; at most 100.", "in", ast.ListType(ast.NonNullNamedType(of.Name, nil), nil)),
					field("True: no value is known. False: one is.", "isNull", ast.NamedType("Boolean", nil)),
				}
			}
			f.Fields = slices.DeleteFunc(f.Fields, func(shared *ast.FieldDefinition) bool { return shared.Name == p.Name })
			f.Fields = append(f.Fields,
				field(strings.TrimSpace("`"+p.Name+"` fits. "+p.Description), p.Name, ast.NamedType(condition, nil)))
		}
	}
	at := slices.Index(e.definitions, e.names["EntityFilter"]) + 1
	e.definitions = slices.Insert(e.definitions, at, slices.Concat(enums, out)...)
	return nil
}

// condition is the filter of a property of a type, "" for a field that is none that can be asked for. What every entity
// has, and the id and the name of a source, are in the part that all filters share. The text of a source is often not
// for everybody to read, so nothing can be asked of it by a filter.
func (e *expander) condition(d *ast.Definition, f *ast.FieldDefinition) string {
	if len(f.Arguments) > 0 ||
		e.names["Entity"].Fields.ForName(f.Name) != nil || e.names["SearchHit"].Fields.ForName(f.Name) != nil ||
		f.Name == "text" && !slices.Contains(e.entities, d) {
		return ""
	}
	if of := e.names[f.Type.Name()]; of != nil && of.Kind == ast.Enum && f.Type.Elem == nil {
		return of.Name + filterSuffix
	}
	plain := *f.Type
	plain.NonNull = false
	return conditions[plain.String()]
}

// shared are the parts of EntityFilter that make sense for a type: not what its records never have, nor what the list
// says already.
func (e *expander) shared(d *ast.Definition) (out ast.FieldList) {
	node := d.Directives.ForName(Node)
	for _, f := range e.names["EntityFilter"].Fields {
		c := *f
		switch f.Name {
		case "types":
			continue
		case "and", "or", "not":
			t := *f.Type
			if t.Elem != nil {
				of := *t.Elem
				of.NamedType, t.Elem = d.Name+filterSuffix, &of
			} else {
				t.NamedType = d.Name + filterSuffix
			}
			c.Type = &t
		case "date":
			date := node.Arguments.ForName("date")
			if date == nil {
				continue
			}
			interval := []string{"`" + date.Value.Raw + "`"}
			if until := node.Arguments.ForName("until"); until != nil {
				interval = append(interval, "`"+until.Value.Raw+"`")
			}
			c.Description = "The time fits: " + strings.Join(interval, " to ") + "."
		case "text":
			if !slices.Contains(e.entities, d) {
				continue
			}
			c.Description = "The name, an alias" + searchable(d) + " fits. isNull: there is none but names."
		case "externalIds", "createdAt", "updatedAt":
			if d.Fields.ForName(f.Name) == nil {
				continue
			}
		}
		out = append(out, &c)
	}
	return out
}

// searchable names what text looks at beside names: the description and the properties that are searched.
func searchable(d *ast.Definition) string {
	var before string
	last := "the description"
	for _, f := range d.Fields {
		if f.Directives.ForName(Searchable) != nil {
			before, last = before+", "+last, "`"+f.Name+"`"
		}
	}
	return before + " or " + last
}
