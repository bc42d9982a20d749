// Package bind reads the values of arguments: filters, references to entities, lists, dates. They become parts of a
// plan.
//
// Each is read with the way to it from its field, such as `people.where.name.eq`: an error names it.
package bind

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/text"
)

// Binder reads the values of one root field. Its fields are filled in as it reads.
type Binder struct {
	Catalog *catalog.Catalog
	// Refs are the references to entities and sources so far, in the order of the schema.
	Refs []plan.Ref
	// On are the types that what a filter speaks of can have: where it stands, and what is around it, says so.
	On catalog.TypeSet
	// Root are the types of the records that the root field lists.
	Root  catalog.TypeSet
	parts int // conditions of filters so far
}

// Bad is the error for a value that cannot be meant; at is the way to it, from the field.
func Bad(at, format string, args ...any) error {
	return About(at, kg.BadUserInput, fmt.Sprintf(format, args...))
}

// About is an error about the value at the end of this way. Programs read the way as Details["argument"].
func About(at string, code kg.Code, message string) *kg.Error {
	err := kg.Errorf(code, "%s: %s", at, message)
	err.Details = map[string]any{"argument": kg.Way(at)}
	return err
}

// AtEntry turns an error about a list into one about an entry of it: the way to an entry is made for errors alone.
func AtEntry(err error, list string, i int) error {
	var e *kg.Error
	if errors.As(err, &e) {
		return About(Nth(list, i), e.Code, strings.TrimPrefix(e.Message, list+": "))
	}
	return err
}

// within puts the way to a value before the message of an error about it.
func within(at string, err error) error {
	var e *kg.Error
	if errors.As(err, &e) && e.Code == kg.BadUserInput {
		return About(at, e.Code, e.Message)
	}
	return err
}

// CheckText refuses what no store keeps byte for byte.
func CheckText(at, s string) error {
	switch {
	case len(s) > plan.MaxText:
		return Bad(at, "at most %d bytes", plan.MaxText)
	case strings.IndexByte(s, 0) >= 0:
		return Bad(at, "a text has no NUL character")
	case !utf8.ValidString(s):
		return Bad(at, "not UTF-8")
	}
	return nil
}

// Text reads a text that a store keeps byte for byte.
func (b *Binder) Text(at string, v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", Bad(at, "write a text")
	}
	return s, CheckText(at, s)
}

func (b *Binder) folded(at string, v any) (*string, error) {
	s, err := b.Text(at, v)
	s = text.Fold(s)
	return &s, err
}

// Items reads a list of bounded length.
func Items(at string, v any, most int) ([]any, error) {
	list, _ := v.([]any)
	if len(list) > most {
		return nil, Bad(at, "at most %d", most)
	}
	return list, nil
}

// Nth returns the way to an entry of a list.
func Nth(at string, i int) string { return at + "[" + strconv.Itoa(i) + "]" }

// given yields the fields of an input that have a value, in the order of the schema: which of two mistakes is told
// and in which order entities are named must not change from request to request. Null is as good as left out.
func (b *Binder) given(input string, m map[string]any) iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for _, f := range b.Catalog.Schema.Types[input].Fields {
			if v := m[f.Name]; v != nil && !yield(f.Name, v) {
				return
			}
		}
	}
}

// unread is the error for a field of an input that the schema has and nothing here reads.
func unread(at string) error { return kg.Errorf(kg.Internal, "%s has no reader", at) }

// Types reads a list of types of entities.
func (b *Binder) Types(at string, v any) (*catalog.TypeSet, error) {
	list, err := Items(at, v, plan.MaxIDs)
	if err != nil {
		return nil, err
	}
	var set catalog.TypeSet
	for i, x := range list {
		t, err := b.entityType(at, x)
		if err != nil {
			return nil, AtEntry(err, at, i)
		}
		set |= t
	}
	return &set, nil
}

// entityType reads a type of entities.
func (b *Binder) entityType(at string, v any) (catalog.TypeSet, error) {
	s, _ := v.(string)
	switch t := b.Catalog.TypeOf(s); {
	case t == nil:
		return 0, Bad(at, "there is no type %q", s)
	case !t.IsEntity():
		return 0, NotEntity(at)
	default:
		return 1 << t.Index, nil
	}
}

// NotEntity refuses the type SOURCE where only entities can stand.
func NotEntity(at string) error {
	return Bad(at, "SOURCE is no type of entity: search finds sources, and sources(where:) lists them")
}

// Found returns the types that a search asks for.
func (b *Binder) Found(at string, v any) (catalog.TypeSet, error) {
	list, err := Items(at, v, plan.MaxIDs)
	if err != nil {
		return 0, err
	}
	var set catalog.TypeSet
	for i, x := range list {
		t := catalog.TypeSet(1) << b.Catalog.Source.Index
		if x != b.Catalog.Source.Enum {
			if t, err = b.entityType(at, x); err != nil {
				return 0, AtEntry(err, at, i)
			}
		}
		set |= t
	}
	return set, nil
}

// Kinds reads a list of kinds of link.
func (b *Binder) Kinds(at string, v any) (*catalog.KindSet, error) {
	list, err := Items(at, v, plan.MaxIDs)
	var set catalog.KindSet
	for i, x := range list {
		s, _ := x.(string)
		k := b.Catalog.Kind(s)
		if k == nil {
			return nil, Bad(Nth(at, i), "there is no kind %q", s)
		}
		set |= 1 << k.Index
	}
	return &set, err
}

// IDs reads ids. The result is not nil even when there are none: nothing is one of none.
func (*Binder) IDs(at string, v any) ([]string, error) {
	list, err := Items(at, v, plan.MaxIDs)
	if err != nil {
		return nil, err
	}
	out := make([]string, 0, len(list))
	for i, x := range list {
		s, _ := x.(string)
		if err := CheckText(at, s); err != nil {
			return nil, AtEntry(err, at, i)
		}
		out = append(out, s)
	}
	return out, nil
}

// externalIDs reads schemes and values, as idList reads ids.
func (b *Binder) externalIDs(at string, v any) ([][2]string, error) {
	list, err := Items(at, v, plan.MaxIDs)
	if err != nil {
		return nil, err
	}
	out := make([][2]string, 0, len(list))
	for i, x := range list {
		m, _ := x.(map[string]any)
		id, err := b.externalID(Nth(at, i), m)
		if err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, nil
}

// externalID reads a scheme and a value as they are stored. The address says nothing in a question, and is still one.
func (b *Binder) externalID(at string, m map[string]any) (id [2]string, err error) {
	if id[0], err = b.Text(at+".scheme", m["scheme"]); err == nil {
		id[0] = strings.ToLower(id[0])
		id[1], err = b.Text(at+".value", m["value"])
	}
	if v := m["url"]; v != nil && err == nil {
		_, err = b.Text(at+".url", v)
	}
	return id, err
}

func (b *Binder) id(at string, v any) (string, error) {
	id, err := b.Text(at, v)
	if err == nil && id == "" {
		err = Bad(at, "an id is not empty")
	}
	return id, err
}

// Whole reads a whole number between bounds.
func Whole(at string, v any, least, most int) (int, error) {
	n, ok := v.(int64)
	if !ok || n < int64(least) || n > int64(most) {
		return 0, Bad(at, "ask for %d to %d", least, most)
	}
	return int(n), nil
}

// Number reads a number between bounds.
func Number(at string, v any, least, most float64) (float64, error) {
	f, ok := v.(float64)
	if !ok || !(f >= least && f <= most) {
		return 0, Bad(at, "ask for %g to %g", least, most)
	}
	return f, nil
}

func inputOf(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}
