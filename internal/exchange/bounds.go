package exchange

import (
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
)

// lives are properties of which one cannot be before the other, beside those that the schema names as a type's dates.
var lives = [][2]string{{"born", "died"}, {"founded", "dissolved"}}

// ordered checks that nothing of an entity ends before it begins.
func (c *cleaner) ordered(t *catalog.Type, props map[string]any) {
	pairs := lives
	if t.DateProp != nil && t.UntilProp != nil {
		pairs = append(slices.Clip(lives), [2]string{t.DateProp.Name, t.UntilProp.Name})
	}
	for _, p := range pairs {
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
		c.fail("has in %s what is no place on the globe: write a number from %g to %g", name, -most, most)
	}
}

// instead lists what may stand where something unknown stands, and names the nearest by spelling first.
func instead(got string, names []string) string {
	best, near := "", 0
	for _, name := range names {
		if d := levenshtein.ComputeDistance(strings.ToUpper(clip(got)), strings.ToUpper(name)); best == "" || d < near {
			best, near = name, d
		}
	}
	list := strings.Join(names, ", ")
	if best != "" && near <= max(1, len(best)/3) {
		return clip(strconv.Quote(got)) + "; do you mean " + best + "? It is one of " + list
	}
	return clip(strconv.Quote(got)) + "; write one of " + list
}

func sourceKinds(cat *catalog.Catalog) (names []string) {
	for _, v := range cat.Schema.Types["SourceKind"].EnumValues {
		names = append(names, v.Name)
	}
	return names
}

func entityTypes(cat *catalog.Catalog) (names []string) {
	for _, t := range cat.Types {
		names = append(names, t.Enum)
	}
	return names
}

func linkKinds(cat *catalog.Catalog) (names []string) {
	for _, k := range cat.Kinds {
		names = append(names, k.Name)
	}
	return names
}
