package exchange

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
)

// lives are properties of which one cannot be before the other, beside those that the schema names as a type's dates.
var lives = [][2]string{{"born", "died"}, {"founded", "dissolved"}}

// spans are the pairs of an entity's properties of which the first is the beginning and the second the end.
func spans(t *catalog.Type) [][2]string {
	if t.DateProp != nil && t.UntilProp != nil {
		return append(slices.Clip(lives), [2]string{t.DateProp.Name, t.UntilProp.Name})
	}
	return lives
}

// halfDated reports whether a record says one of two such dates. The other may be in the store already.
func (c *checks) halfDated(r record) bool {
	return !c.replace && r.node != nil && slices.ContainsFunc(spans(c.cat.TypeOf(r.node.Type)), func(p [2]string) bool {
		return (r.node.Props[p[0]] == nil) != (r.node.Props[p[1]] == nil)
	})
}

// merged checks that an entity which adds a date to what is known of it does not end before it begins.
func (c *checks) merged(r record) error {
	was, ok := c.held(r.node.ID).(*kg.Node)
	if !ok || !c.halfDated(r) {
		return nil
	}
	var wrong cleaner
	is := kg.MergeNode(was, r.node)
	if r.node.Absorbed {
		is = kg.Absorb(was, r.node)
	}
	wrong.ordered(c.cat.TypeOf(r.node.Type), is.Props)
	if wrong.err != nil {
		return fmt.Errorf("%w, which is known already; write both if it is wrong", wrong.err)
	}
	return nil
}

// ordered checks that nothing of an entity ends before it begins.
func (c *cleaner) ordered(t *catalog.Type, props map[string]any) {
	for _, p := range spans(t) {
		from, _ := props[p[0]].(string)
		until, _ := props[p[1]].(string)
		c.span(p[0], p[1], kg.PartialDate(from), kg.PartialDate(until))
	}
}

// degrees are the largest values of properties that are places on the globe.
var degrees = map[string]float64{"latitude": 90, "longitude": 180}

// within checks that a place is on the globe.
func (c *cleaner) within(name string, f float64) {
	if most, ok := degrees[name]; ok && (f < -most || f > most) {
		c.in(name, "has in %s what is no place on the globe: write a number from %g to %g", name, -most, most)
	}
}

// nearest returns the name that is spelled most like got, "" when none is near. The same letters in another order are
// one change: fingers swap letters.
func nearest(got string, names []string) string {
	got = strings.ToUpper(clip(got))
	best, near := "", 0
	for _, name := range names {
		d := levenshtein.ComputeDistance(got, strings.ToUpper(name))
		if d > 1 && letters(got) == letters(strings.ToUpper(name)) {
			d = 1
		}
		if best == "" || d < near {
			best, near = name, d
		}
	}
	if near > max(1, len(best)/3) {
		return ""
	}
	return best
}

// letters are the letters of a word in order.
func letters(s string) string {
	r := []rune(s)
	slices.Sort(r)
	return string(r)
}

// Instead lists what may stand where something unknown stands, and names the nearest by spelling first.
func Instead(got string, names []string) string {
	list := strings.Join(names, ", ")
	if best := nearest(got, names); best != "" {
		return clip(strconv.Quote(got)) + "; do you mean " + best + "? It is one of " + list
	}
	return clip(strconv.Quote(got)) + "; write one of " + list
}

// unknownField describes a field that is none of names, which whose has.
func unknownField(field, whose string, names []string) error {
	said := fmt.Sprintf("has the unknown field %s; %s has %s", clip(strconv.Quote(field)), whose,
		strings.Join(names, ", "))
	if best := nearest(field[strings.LastIndexByte(field, '.')+1:], names); best != "" {
		said += "; do you mean " + best + "?"
	}
	return errors.New(said)
}

// fieldsAt returns the names of the fields that the form of a line has where a path ends, such as evidence.0.page.
func fieldsAt(form any, path []string) (names []string) {
	t := reflect.TypeOf(form).Elem()
	for _, name := range path[:len(path)-1] {
		switch t.Kind() {
		case reflect.Slice:
			t = t.Elem()
		case reflect.Struct:
			for i := range t.NumField() {
				if jsonName(t.Field(i)) == name {
					t = t.Field(i).Type
					break
				}
			}
		default:
			return nil
		}
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	for i := range t.NumField() {
		if name := jsonName(t.Field(i)); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// jsonName returns the name that a field of a form has in a line.
func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// SourceKinds are the kinds of sources.
func SourceKinds(cat *catalog.Catalog) (names []string) {
	for _, v := range cat.Schema.Types["SourceKind"].EnumValues {
		names = append(names, v.Name)
	}
	return names
}

func entityTypes(cat *catalog.Catalog) []string { return cat.Enums(cat.Entities) }

// LinkKinds are the kinds of links.
func LinkKinds(cat *catalog.Catalog) []string { return cat.KindNames(cat.AllKinds()) }
