package jsonl

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// FieldChange is a field of a record before and after, as a line writes it; "" where it is not there.
type FieldChange struct{ Name, Before, After string }

// Diff returns the fields in which two lines of a record differ: those of the first in its order, then those that the
// second has beside. Either line may be "".
func Diff(before, after string) (out []FieldChange) {
	was, is := fields(before), fields(after)
	at := func(list []field, name string) string {
		if i := slices.IndexFunc(list, func(f field) bool { return f.name == name }); i >= 0 {
			return list[i].value
		}
		return ""
	}
	for _, f := range was {
		if now := at(is, f.name); now != f.value {
			out = append(out, FieldChange{f.name, f.value, now})
		}
	}
	for _, f := range is {
		if at(was, f.name) == "" {
			out = append(out, FieldChange{Name: f.name, After: f.value})
		}
	}
	return out
}

// Without returns a line without one of its fields.
func Without(line, name string) string {
	all := fields(line)
	i := slices.IndexFunc(all, func(f field) bool { return f.name == name })
	if i < 0 {
		return line
	}
	out := []byte{'{'}
	for _, f := range slices.Delete(all, i, i+1) {
		if len(out) > 1 {
			out = append(out, ',')
		}
		out, _ = jsontext.AppendQuote(out, f.name) // it was read as UTF-8
		out = append(append(out, ':'), f.value...)
	}
	return string(append(out, '}'))
}

// field is a member of a line.
type field struct{ name, value string }

// fields are the members of a line, those before the first that cannot be read.
func fields(line string) (out []field) {
	d := jsontext.NewDecoder(strings.NewReader(line))
	if _, err := d.ReadToken(); err != nil {
		return nil
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return out
		}
		f := field{name: name.String()}
		value, err := d.ReadValue()
		if err != nil {
			return out
		}
		f.value = string(value)
		out = append(out, f)
	}
	return out
}
