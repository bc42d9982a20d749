package storetest

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// Describe writes a plan so that a person can read it: every field that is not zero, by its name in package plan, with
// the names of types, kinds, properties and ways for their numbers. Equal plans are written alike.
func Describe(cat *catalog.Catalog, q *plan.Query) string {
	c := *q
	c.Memo = nil
	d := &describer{cat: cat}
	d.fields(reflect.ValueOf(c), 0)
	return d.b.String()
}

type describer struct {
	cat *catalog.Catalog
	b   strings.Builder
}

// The names of what package plan numbers, in its order.
var (
	startNames  = []string{"ByID", "ByIDs", "ByRef", "Everything", "EveryLink", "Search", "Statistics", "Traced"}
	followNames = []string{"Links", "LinkCount", "Derived", "From", "To", "EvidenceOf", "SourceOf", "LinkOf", "LinksOf"}
	orderNames  = []string{
		"ByName", "ByDate", "ByLinkCount", "ByUpdated", "BySince", "ByUntil", "BySourceCount",
		"ByPageRank", "ByBetweenness",
	}
	facetNames = []string{
		"ByKind", "ByRole", "ByOtherType", "BySource", "ByYear", "ByType", "ByTheme",
		"ByInstitution", "BySourceKind", "ByPublisher", "ByAuthor",
	}
)

// word returns what can be said in one word; false for what has parts of its own.
func (d *describer) word(v reflect.Value) (string, bool) {
	numbered := func(names []string, n int) string {
		if n < len(names) {
			return names[n]
		}
		return strconv.Itoa(n)
	}
	switch x := v.Interface().(type) {
	case plan.Start:
		return numbered(startNames, int(x)), true
	case plan.Follow:
		return numbered(followNames, int(x)), true
	case plan.FacetBy:
		return numbered(facetNames, int(x)), true
	case plan.Order:
		if x.Desc {
			return numbered(orderNames, int(x.By)) + " descending", true
		}
		return numbered(orderNames, int(x.By)), true
	case catalog.TypeSet:
		return d.types(x), true
	case catalog.KindSet:
		return d.kinds(x), true
	case *catalog.DerivedField:
		return x.Owner.Name + "." + x.Name, true
	case *catalog.Prop:
		return x.Name, true
	case []*catalog.Prop:
		names := make([]string, len(x))
		for i, p := range x {
			names[i] = p.Name
		}
		return strings.Join(names, " "), true
	case kg.Standing:
		return x.String(), true
	case kg.Value:
		return fmt.Sprintf("%q", fmt.Sprint(renderValue(x))), true
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.Elem().Kind() != reflect.Struct {
			return d.word(v.Elem())
		}
	case reflect.String:
		return strconv.Quote(v.String()), true
	case reflect.Slice:
		words := make([]string, v.Len())
		for i := range words {
			w, ok := d.word(v.Index(i))
			if !ok {
				return "", false
			}
			words[i] = w
		}
		return "[" + strings.Join(words, ", ") + "]", true
	case reflect.Struct:
	default:
		return fmt.Sprint(v.Interface()), true
	}
	return "", false
}

// fields writes the fields of a struct, each on a line of its own.
func (d *describer) fields(v reflect.Value, depth int) {
	for i := range v.NumField() {
		f := v.Field(i)
		name := v.Type().Field(i).Name
		// they mean something when they are zero; the root follows nothing
		meant := name == "Start" || name == "Follow" && depth > 1
		if f.IsZero() && !meant {
			continue
		}
		d.value(name, f, depth)
	}
}

// value writes a value below its name.
func (d *describer) value(name string, v reflect.Value, depth int) {
	indent := strings.Repeat("  ", depth)
	if w, ok := d.word(v); ok {
		fmt.Fprintf(&d.b, "%s%s: %s\n", indent, name, w)
		return
	}
	if v.Kind() == reflect.Slice {
		for i := range v.Len() {
			d.value(fmt.Sprintf("%s[%d]", name, i), v.Index(i), depth)
		}
		return
	}
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	fmt.Fprintf(&d.b, "%s%s:\n", indent, name)
	d.fields(v, depth+1)
}

func (d *describer) types(s catalog.TypeSet) string {
	switch s {
	case ^catalog.TypeSet(0):
		return "everything"
	case d.cat.Entities:
		return "every entity"
	}
	var names []string
	for i := range uint8(64) {
		if t := d.cat.TypeAt(i); s.Has(i) && t != nil {
			names = append(names, t.Enum)
		}
	}
	return strings.Join(names, " ")
}

func (d *describer) kinds(s catalog.KindSet) string {
	if s == d.cat.AllKinds() {
		return "every kind"
	}
	return strings.Join(d.cat.KindNames(s), " ")
}
