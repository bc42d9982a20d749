package contract

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Directives of mutations.
const (
	// Requires names the role that a field needs.
	Requires = "requires"
	// Clears marks an input in which a field that is null is cleared, and one that is left out stays.
	Clears = "clears"
)

// Names of fields that every input of a mutation has, or every one that changes a record.
const (
	DryRun    = "dryRun"
	Note      = "note"
	IfVersion = "ifVersion"
	As        = "as"

	IdempotencyKey = "idempotencyKey"
)

// Controls are the fields of inputs that say how a change is made, and are never fields of a record. Note is another
// where the record has no property of that name.
var Controls = []string{DryRun, IfVersion, IdempotencyKey, As}

// writing completes Mutation: it adds the mutations that create and change the records of each type, and to every input
// and payload the fields that all have.
func (e *expander) writing() error {
	mutation := e.names["Mutation"]
	if mutation == nil {
		return nil
	}
	var fields ast.FieldList
	var out ast.DefinitionList
	add := func(d, def *ast.Definition) error {
		def.Position = d.Position
		out = append(out, def)
		return e.follows(d, def)
	}
	for _, d := range e.nodes() {
		w := e.words[d.Name]
		if slices.Contains([]string{"change", "items", "errors"}, w.field) {
			return gqlerror.ErrorPosf(d.Position, "%s means something else in mutations: choose another name", d.Name)
		}
		for _, f := range d.Fields {
			if slices.Contains(unsettable, f.Name) && e.settable(d, f) != nil {
				return gqlerror.ErrorPosf(f.Position, "%s.%s means something else in mutations: choose another name",
					d.Name, f.Name)
			}
		}
		for _, x := range []struct {
			verb, says string
			input      ast.FieldList
		}{
			{"create", "Makes " + article(w.one) + ".", append(e.createFields(d),
				field("Within `applyChanges` alone: what later operations call it.", As,
					ast.NamedType("String", nil)))},
			{"update", "Changes " + article(w.one) + ". What is left out stays, null clears.", e.updateFields(d)},
		} {
			name := strings.ToUpper(x.verb[:1]) + x.verb[1:] + d.Name
			input := &ast.Definition{
				Kind: ast.InputObject, Name: name + "Input", Fields: x.input,
				Description: "What `" + x.verb + d.Name + "` takes.",
			}
			if x.verb == "update" {
				input.Directives = ast.DirectiveList{{Name: Clears, Position: d.Position}}
			}
			payload := &ast.Definition{
				Kind: ast.Object, Name: name + "Payload", Description: "What `" + x.verb + d.Name + "` answers.",
				Fields: ast.FieldList{
					field("The record as it is then; with `dryRun`, as it would be. Null where there are errors.",
						w.field, ast.NamedType(d.Name, nil)),
				},
			}
			if x.verb == "create" && slices.Contains(e.entities, d) {
				payload.Fields = append(payload.Fields, field("Entities that were there and may be the same, the likeliest "+
					"first; at most 10. `Query.possibleDuplicates` says why.", "possibleDuplicates", listOf("Entity")))
			}
			if err := add(d, input); err != nil {
				return err
			}
			if err := add(d, payload); err != nil {
				return err
			}
			f := field(x.says+" Role EDITOR.", x.verb+d.Name, ast.NamedType(payload.Name, nil),
				argument("What to write.", "input", ast.NonNullNamedType(input.Name, nil)))
			f.Position = d.Position
			f.Directives = ast.DirectiveList{requires("EDITOR", d.Position)}
			fields = append(fields, f)
		}
	}
	mutation.Fields = append(fields, mutation.Fields...)
	e.operations(mutation)
	at := slices.Index(e.definitions, mutation) + 1
	e.definitions = slices.Insert(e.definitions, at, out...)
	e.userErrors()
	return e.every(mutation)
}

// requires returns the directive that names the role which a field needs.
func requires(role string, at *ast.Position) *ast.Directive {
	return &ast.Directive{Name: Requires, Position: at, Arguments: ast.ArgumentList{
		{Name: "role", Value: &ast.Value{Raw: role, Kind: ast.EnumValue, Position: at}, Position: at},
	}}
}

// operations gives ChangeOperation a field for each mutation that may stand among several.
func (e *expander) operations(mutation *ast.Definition) {
	of := e.names["ChangeOperation"]
	for _, f := range mutation.Fields {
		a := f.Arguments.ForName("input")
		if of != nil && a != nil && f.Name != "applyChanges" && f.Name != "revertChange" {
			of.Fields = append(of.Fields, field("As `Mutation."+f.Name+"`.", f.Name, ast.NamedType(a.Type.Name(), nil)))
		}
	}
}

// userErrors adds to each type of user error the fields that all have, before its own.
func (e *expander) userErrors() {
	for _, d := range e.definitions {
		if d.Kind == ast.Object && slices.Contains(d.Interfaces, "UserError") {
			d.Fields = append(slices.Clone(e.names["UserError"].Fields), d.Fields...)
		}
	}
}

// every adds to the input and the payload of each mutation the fields that all have.
func (e *expander) every(mutation *ast.Definition) error {
	for _, f := range mutation.Fields {
		a, payload := f.Arguments.ForName("input"), e.names[f.Type.Name()]
		if a == nil || e.names[a.Type.Name()] == nil || payload == nil {
			return fmt.Errorf("the mutation %s has no input or no payload", f.Name)
		}
		in := e.names[a.Type.Name()]
		if slices.Contains([]string{"updateSource", "applyChanges"}, f.Name) {
			payload.Fields = append(payload.Fields,
				field("Excerpts and quotations that are not in the new text of their source, which nothing refuses: at most ten of "+
					"them. None where the change was made before, under its key.", "lost", listOf("LostWords")),
				field("How many there are.", "lostCount", ast.NonNullNamedType("Int", nil)))
		}
		payload.Fields = append(payload.Fields,
			field("The entry of the log; null where nothing was written.", "change", ast.NamedType("Change", nil)),
			field("What was made of each record; with `dryRun`, what would be. None where all was so already.", "items",
				listOf("ChangeItem")),
			field("What a person can put right. With any, nothing was written.", "errors", listOf("UserError")))
		dry := field("Check everything, answer as if it were done, and write nothing.", DryRun,
			ast.NamedType("Boolean", nil))
		dry.DefaultValue = &ast.Value{Raw: "false", Kind: ast.BooleanValue}
		in.Fields = append(in.Fields, dry, field("By which a client knows what it has asked for: asked again under "+
			"the same key within 24 hours, it is not done again, and the answer has the change of the first time, and "+
			"the record as it is by now. At most 255 bytes. The header `Idempotency-Key` is one for all fields of a "+
			"request. What wrote nothing is done again.",
			IdempotencyKey, ast.NamedType("String", nil)))
		if in.Fields.ForName(Note) == nil { // a property of this name keeps it
			in.Fields = append(in.Fields, field("Why, for the log of changes: at most 4,000 characters.", Note, ast.NamedType("String", nil)))
		}
	}
	return nil
}

// unsettable are names that a property cannot have: inputs of mutations have other fields of these names.
var unsettable = append(slices.Clone(Controls), "addAliases", "removeAliases", "addExternalIds", "removeExternalIds",
	"addAuthors", "removeAuthors")

// settable returns the type that a field of a type has in an input, nil for a field that nobody sets.
func (e *expander) settable(d *ast.Definition, f *ast.FieldDefinition) *ast.Type {
	entity := slices.Contains(e.entities, d)
	switch {
	case len(f.Arguments) > 0, f.Directives.ForName(Verbatim) != nil,
		e.names["Entity"].Fields.ForName(f.Name) != nil, !entity && e.names["SearchHit"].Fields.ForName(f.Name) != nil,
		!entity && f.Name == "contentHash":
		return nil
	}
	t := *f.Type
	if t.NonNull = false; conditions[t.String()] == "" {
		if of := e.names[t.Name()]; of == nil || of.Kind != ast.Enum || t.Elem != nil {
			return nil
		}
	}
	t.NonNull = f.Type.NonNull && t.Elem == nil
	return &t
}

// listFields are the lists that every entity has, with the type of their items.
var listFields = []struct{ name, of, says string }{
	{"aliases", "String", "Other names that references and search find it by."},
	{"externalIds", "ExternalIdInput", "What other registers call it."},
}

// createFields returns the fields of the input that makes a record of a type.
func (e *expander) createFields(d *ast.Definition) ast.FieldList {
	out := ast.FieldList{
		field("The id to give it; without one, it is made from the name.", "id", ast.NamedType("ID", nil)),
	}
	if slices.Contains(e.entities, d) {
		out = append(out, field("The name as printed.", "name", ast.NonNullNamedType("String", nil)))
		for _, l := range listFields {
			out = append(out, field(l.says, l.name, ast.ListType(ast.NonNullNamedType(l.of, nil), nil)))
		}
		out = append(out, field("One or two sentences on who or what this is.", "description",
			ast.NamedType("String", nil)))
	}
	for _, f := range d.Fields {
		if t := e.settable(d, f); t != nil {
			out = append(out, field(f.Description, f.Name, t))
		}
	}
	return out
}

// updateFields returns the fields of the input that changes a record of a type.
func (e *expander) updateFields(d *ast.Definition) ast.FieldList {
	out := ast.FieldList{
		field("Which record.", "id", ast.NonNullNamedType("ID", nil)),
		field("Only if this is its `version` still; otherwise the answer has a StaleWriteError.", IfVersion,
			ast.NamedType("String", nil)),
	}
	for _, f := range e.createFields(d)[1:] {
		t := *f.Type
		t.NonNull = false
		out = append(out, field(f.Description, f.Name, &t))
		if t.Elem == nil {
			continue
		}
		many := strings.ToUpper(f.Name[:1]) + f.Name[1:]
		out = append(out,
			field("Items to add to `"+f.Name+"`; those that are there stay.", "add"+many, &t),
			field("Items to take from `"+f.Name+"`.", "remove"+many, &t))
	}
	return out
}
