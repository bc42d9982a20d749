package operation

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"

	"github.com/throughline/throughline/internal/kg"
)

// This file coerces input: GraphQL specification (September 2025), sections 3.5 to 3.12, 6.1.2 and 6.4.1. The
// rules are the same for literals and variables, at any depth:
//
//   - One value where a list stands is a list of one.
//   - A whole number for an ID is its text.
//   - An Int has 32 bits; 2.0 is one.
//   - Null for an argument, or for a field of an input, that may be null is as good as left out: its default stands
//     for it. In an input with @clears, a field that is null and has no default stays as nil.
//
// What comes out is nil, bool, int64, float64, string (an enum's value too), []any or map[string]any, defaults
// filled in.

// Numbers is run by validation before it looks at whether values are of the right type, and adds what that passes over.
func Numbers(rule core.RuleFunc) core.RuleFunc {
	return func(observers *core.Events, addError core.AddErrFunc) {
		observers.OnValue(func(_ *core.Walker, v *ast.Value) {
			switch {
			case v.Definition == nil:
			case v.Kind == ast.ObjectValue && v.Definition.Kind != ast.InputObject:
				// the rule itself looks at what is in it
				addError(core.Message("%s cannot represent an object", v.Definition.Name), core.At(v.Position))
			case v.Kind != ast.IntValue:
			case v.Definition.Name == "ID":
				v.Kind = ast.StringValue
			case v.Definition.Name == "Int":
				if n, err := strconv.ParseInt(
					v.Raw,
					10,
					64,
				); err == nil &&
					!is32(float64(n)) { // a longer one does not pass the rule itself
					addError(
						core.Message("Int cannot represent non 32-bit signed integer value: %s", v.Raw),
						core.At(v.Position),
					)
				}
			}
		})
		rule(observers, addError)
	}
}

// is32 reports whether a number is a whole one of 32 bits.
func is32(f float64) bool { return f == math.Trunc(f) && f >= math.MinInt32 && f <= math.MaxInt32 }

// Arguments returns the arguments of a field; what is null and has no default is left out.
func Arguments(schema *ast.Schema, f *ast.Field, vars map[string]any) map[string]any {
	if f.Definition == nil || len(f.Definition.Arguments) == 0 {
		return nil
	}
	out := make(map[string]any, len(f.Definition.Arguments))
	for _, d := range f.Definition.Arguments {
		var v any
		if a := f.Arguments.ForName(d.Name); a != nil {
			v = literal(schema, d.Type, a.Value, vars)
		}
		if v == nil && d.DefaultValue != nil {
			v = literal(schema, d.Type, d.DefaultValue, nil)
		}
		if v != nil {
			out[d.Name] = v
		}
	}
	return out
}

// literal returns the value of a literal that validation let pass; variables are coerced already.
func literal(schema *ast.Schema, t *ast.Type, v *ast.Value, vars map[string]any) any {
	switch {
	case v.Kind == ast.Variable:
		return vars[v.Raw]
	case v.Kind == ast.NullValue:
		return nil
	case t.Elem == nil:
	case v.Kind != ast.ListValue:
		return []any{literal(schema, t.Elem, v, vars)}
	default:
		list := make([]any, len(v.Children))
		for i, c := range v.Children {
			list[i] = literal(schema, t.Elem, c.Value, vars)
		}
		return list
	}
	switch v.Kind {
	case ast.ObjectValue:
		return literalObject(schema, schema.Types[t.NamedType], v, vars)
	case ast.ListValue: // validation lets it pass for a scalar of ours
		list := make([]any, len(v.Children))
		for i, c := range v.Children {
			list[i] = literal(schema, t, c.Value, vars)
		}
		return list
	case ast.BooleanValue:
		return v.Raw == "true"
	case ast.IntValue, ast.FloatValue:
		if v.Kind == ast.IntValue && t.NamedType == "Int" {
			n, _ := strconv.ParseInt(v.Raw, 10, 64)
			return n
		}
		f, _ := strconv.ParseFloat(v.Raw, 64)
		return f
	}
	return v.Raw
}

func literalObject(schema *ast.Schema, def *ast.Definition, v *ast.Value, vars map[string]any) map[string]any {
	m := make(map[string]any, len(v.Children))
	for _, f := range def.Fields {
		child := v.Children.ForName(f.Name)
		var x any
		if child != nil {
			x = literal(schema, f.Type, child, vars)
		}
		if x == nil && f.DefaultValue != nil {
			x = literal(schema, f.Type, f.DefaultValue, nil)
		}
		if x != nil || child != nil && clears(def) && !left(child, vars) {
			m[f.Name] = x
		}
	}
	return m
}

// clears reports whether null clears a field of an input, as another thing than leaving it out.
func clears(def *ast.Definition) bool { return def.Directives.ForName("clears") != nil }

// left reports whether a value is a variable that is not given: the field that it stands for is left out then.
func left(v *ast.Value, vars map[string]any) bool {
	if v.Kind != ast.Variable {
		return false
	}
	_, given := vars[v.Raw]
	return !given
}

// Variables coerces the values of an operation's variables: one that is neither given nor has a default is left out.
func Variables(schema *ast.Schema, op *ast.OperationDefinition, given map[string]any) (map[string]any, error) {
	out := make(map[string]any, len(op.VariableDefinitions))
	for _, d := range op.VariableDefinitions {
		v, ok := given[d.Variable]
		switch {
		case ok:
			x, err := coerced(schema, d.Type, v)
			if err != nil {
				return nil, err.within(d.Variable).coded(op)
			}
			out[d.Variable] = x
		case d.DefaultValue != nil:
			out[d.Variable] = literal(schema, d.Type, d.DefaultValue, nil)
		case d.Type.NonNull:
			return nil, missing(d.Type).within(d.Variable).coded(op)
		}
	}
	return out, nil
}

// maxMessage is the longest message of an error, in characters, and maxValue the longest part of one that repeats a
// value: a message must not repeat what may be as long as a request.
const maxMessage, maxValue = 299, 60

// inputError says why a value is not of its type. Its path leads to the value from the variable, and its way from the
// argument that the variable stands for. Both are put together on the way out: most requests have no error.
type inputError struct{ path, way, message string }

func unfit(format string, args ...any) *inputError {
	return &inputError{message: fmt.Sprintf(format, args...)}
}

// mistyped is the error for a value of another type.
func mistyped(t, v any) *inputError {
	came := "null"
	if v != nil {
		text, err := json.Marshal(v)
		if err != nil {
			text = []byte("that")
		}
		came = kg.Clip(string(text), maxValue)
	}
	return unfit(" must be of type %s, not %s", t, came)
}

// missing is the error for a value that must be given.
func missing(t *ast.Type) *inputError { return unfit(" must be given: it is of type %s", t) }

// within puts a step before the path.
func (e *inputError) within(step string) *inputError {
	e.path, e.way = before(step, e.path), before(step, e.way)
	return e
}

// at puts a place in a list before the path and the way. A value that stands for a list of one has it in the way alone.
func (e *inputError) at(i int, list bool) *inputError {
	step := "[" + strconv.Itoa(i) + "]"
	if e.way = before(step, e.way); list {
		e.path = before(step, e.path)
	}
	return e
}

// before returns a path with a step put before it.
func before(step, path string) string {
	if path == "" || path[0] == '[' {
		return step + path
	}
	return step + "." + path
}

// coded returns the error for a client: it has the way to the value in the variables, and in the argument where the
// operation first uses the variable.
func (e *inputError) coded(op *ast.OperationDefinition) error {
	err := kg.Errorf(kg.BadUserInput, "%s", kg.Clip(VariablePrefix+e.path+e.message, maxMessage))
	err.Details = map[string]any{"variable": kg.Way(e.path)}
	way := kg.Way(e.way)
	if name, ok := way[0].(string); ok {
		if use := useOf(op.SelectionSet, name, map[string]bool{}); use != nil {
			err.Details["argument"] = append(use, way[1:]...)
		}
	}
	return err
}

// VariablePrefix is what messages about the value of a variable begin with, before its name.
const VariablePrefix = "variable $"

// useOf is the way to the first argument that a variable stands in: the field, the argument, and what leads to it
// there; nil for none.
func useOf(s ast.SelectionSet, variable string, seen map[string]bool) []any {
	for _, sel := range s {
		var inner ast.SelectionSet
		switch x := sel.(type) {
		case *ast.Field:
			for _, a := range x.Arguments {
				if in, ok := within(a.Value, variable); ok {
					return append([]any{x.Name, a.Name}, in...)
				}
			}
			inner = x.SelectionSet
		case *ast.InlineFragment:
			inner = x.SelectionSet
		case *ast.FragmentSpread:
			if x.Definition != nil && !seen[x.Name] {
				seen[x.Name] = true
				inner = x.Definition.SelectionSet
			}
		}
		if use := useOf(inner, variable, seen); use != nil {
			return use
		}
	}
	return nil
}

// within is the way to a variable in a literal, and whether it stands there.
func within(v *ast.Value, variable string) ([]any, bool) {
	if v.Kind == ast.Variable {
		return nil, v.Raw == variable
	}
	for i, c := range v.Children {
		if in, ok := within(c.Value, variable); ok {
			if v.Kind == ast.ListValue {
				return append([]any{i}, in...), true
			}
			return append([]any{c.Name}, in...), true
		}
	}
	return nil, false
}

// coerced returns a JSON value in the form of a type.
func coerced(schema *ast.Schema, t *ast.Type, v any) (any, *inputError) {
	if v == nil {
		if t.NonNull {
			return nil, mistyped(t, nil)
		}
		return nil, nil
	}
	if t.Elem != nil {
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		out := make([]any, len(list))
		for i, x := range list {
			var err *inputError
			if out[i], err = coerced(schema, t.Elem, x); err != nil {
				return nil, err.at(i, ok)
			}
		}
		return out, nil
	}
	def := schema.Types[t.NamedType]
	switch def.Kind {
	case ast.InputObject:
		return coercedObject(schema, t, def, v)
	case ast.Enum:
		if s, ok := v.(string); ok && def.EnumValues.ForName(s) != nil {
			return s, nil
		}
		err := mistyped(t, v)
		err.message += "; " + def.Name + " has " + enumNames(def)
		return nil, err
	}
	return coercedScalar(t, v)
}

func coercedObject(schema *ast.Schema, t *ast.Type, def *ast.Definition, v any) (any, *inputError) {
	given, ok := v.(map[string]any)
	if !ok {
		return nil, mistyped(t, v)
	}
	unknown, null := []string(nil), false
	for name, x := range given {
		if null = null || x == nil; def.Fields.ForName(name) == nil {
			unknown = append(unknown, name)
		}
	}
	switch {
	case unknown != nil:
		return nil, unfit(": %s has no such field; it has %s", def.Name, fieldNames(def)).
			within(kg.Clip(slices.Min(unknown), maxValue)) // the same one each time
	case def.Directives.ForName("oneOf") != nil && (null || len(given) > 1):
		return nil, unfit(": give exactly one of %s, and leave the others out, as null counts too", fieldNames(def))
	}
	m := make(map[string]any, len(given))
	for _, f := range def.Fields {
		x, ok := given[f.Name]
		switch {
		case x != nil:
			var err *inputError
			if x, err = coerced(schema, f.Type, x); err != nil {
				return nil, err.within(f.Name)
			}
			m[f.Name] = x
		case f.Type.NonNull && ok:
			return nil, mistyped(f.Type, nil).within(f.Name)
		case f.DefaultValue != nil:
			m[f.Name] = literal(schema, f.Type, f.DefaultValue, nil)
		case f.Type.NonNull:
			return nil, missing(f.Type).within(f.Name)
		case ok && clears(def):
			m[f.Name] = nil
		}
	}
	return m, nil
}

// fieldNames lists the fields of an input.
func fieldNames(def *ast.Definition) string {
	names := make([]string, len(def.Fields))
	for i, f := range def.Fields {
		names[i] = f.Name
	}
	return strings.Join(names, ", ")
}

// enumNames lists the values of an enum.
func enumNames(def *ast.Definition) string {
	names := make([]string, len(def.EnumValues))
	for i, v := range def.EnumValues {
		names[i] = v.Name
	}
	return strings.Join(names, ", ")
}

func coercedScalar(t *ast.Type, v any) (any, *inputError) {
	switch t.NamedType {
	case "Boolean":
		if b, ok := v.(bool); ok {
			return b, nil
		}
	case "String":
		if s, ok := v.(string); ok {
			return s, nil
		}
	case "ID":
		if s, ok := v.(string); ok {
			return s, nil
		}
		if s, ok := wholeText(v); ok {
			return s, nil
		}
	case "Int":
		if f, ok := numeric(v); ok {
			if !is32(f) {
				err := mistyped(t, v)
				err.message += ": an Int is a whole number of 32 bits"
				return nil, err
			}
			return int64(f), nil
		}
	case "Float":
		if f, ok := numeric(v); ok {
			return f, nil
		}
	default:
		return v, nil // our own scalars are read where they are used
	}
	return nil, mistyped(t, v)
}

// numeric reads a number as JSON or Go has it.
func numeric(v any) (float64, bool) {
	switch v := v.(type) {
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case float64:
		return v, true
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	}
	return 0, false
}

// wholeText returns the digits of a whole number, however many.
func wholeText(v any) (string, bool) {
	if n, ok := v.(json.Number); ok && strings.Trim(string(n), "-0123456789") == "" {
		return string(n), true
	}
	f, ok := numeric(v)
	if !ok || f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
		return "", false
	}
	return strconv.FormatInt(int64(f), 10), true
}

// PlainVariables reports whether every variable of an operation has a value that coercion would leave as it is: a
// string for a String or an ID. That is what most requests send, and then there is nothing to copy.
func PlainVariables(op *ast.OperationDefinition, vars map[string]any) bool {
	if len(vars) != len(op.VariableDefinitions) {
		return false
	}
	for _, d := range op.VariableDefinitions {
		if _, ok := vars[d.Variable].(string); !ok || d.Type.NamedType != "String" && d.Type.NamedType != "ID" {
			return false
		}
	}
	return true
}
