package plan

import (
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
)

// Fits reports whether a text, already folded, fulfils every part that is set but IsNull.
func (f *StringFilter) Fits(folded string) bool {
	return (f.Eq == nil || folded == *f.Eq) &&
		(f.In == nil || slices.Contains(f.In, folded)) &&
		(f.Contains == nil || strings.Contains(folded, *f.Contains)) &&
		(f.StartsWith == nil || strings.HasPrefix(folded, *f.StartsWith))
}

// Bare reports whether a filter asks for nothing but IsNull.
func (f *StringFilter) Bare() bool {
	return f.Eq == nil && f.In == nil && f.Contains == nil && f.StartsWith == nil
}

// Fits reports whether a number does; known is false where there is none.
func (f *NumberFilter[N]) Fits(n N, known bool) bool {
	return (f.IsNull == nil || *f.IsNull != known) && (f.Eq == nil || known && n == *f.Eq) &&
		(f.Gte == nil || known && n >= *f.Gte) && (f.Lte == nil || known && n <= *f.Lte)
}

// Fits reports whether a value does; known is false where there is none.
func (f *BoolFilter) Fits(is, known bool) bool {
	return (f.IsNull == nil || *f.IsNull != known) && (f.Eq == nil || known && is == *f.Eq)
}

// Fits reports whether a filter holds for the dates [from, to] of a record, or for one without a date (known false).
func (f *DateFilter) Fits(from, to kg.Day, known bool) bool {
	return (f.IsNull == nil || *f.IsNull != known) && (!f.Bounded || known && f.Meets(from, to))
}

// Meets reports whether [from, to] lies in the filter's bounds, or overlaps them where it need not be certain.
func (f *DateFilter) Meets(from, to kg.Day) bool {
	if f.Certain {
		return from >= f.From && to <= f.To
	}
	return f.Overlaps(from, to)
}

// Overlaps reports whether [from, to] has a day in common with the filter's bounds.
func (f *DateFilter) Overlaps(from, to kg.Day) bool { return from <= f.To && to >= f.From }

// OnLinkAlone reports whether a filter looks at nothing but what a link says: neither at the entity at its other end
// nor at when the link was written.
func (f *LinkFilter) OnLinkAlone() bool {
	if f == nil {
		return true
	}
	alone := func(list []*LinkFilter) bool {
		return !slices.ContainsFunc(list, func(x *LinkFilter) bool { return !x.OnLinkAlone() })
	}
	return f.Other == nil && f.Created == nil && f.Updated == nil && alone(f.And) && alone(f.Or) && f.Not.OnLinkAlone()
}

// NamesRefuted reports whether REFUTED links can match the filter at all: see LinkFilter.
func (f *LinkFilter) NamesRefuted() bool {
	return f != nil && (slices.Contains(f.Standing, kg.Refuted) || f.Not.NamesRefuted() ||
		slices.ContainsFunc(f.And, (*LinkFilter).NamesRefuted) || slices.ContainsFunc(f.Or, (*LinkFilter).NamesRefuted))
}

// OnlyRefuted reports whether nothing but REFUTED links can match the filter.
func (f *LinkFilter) OnlyRefuted() bool {
	return f != nil && len(f.Standing) == 1 && f.Standing[0] == kg.Refuted
}

// OnlyKinds returns the kinds of a filter that asks for nothing else.
func (f *LinkFilter) OnlyKinds() (*catalog.KindSet, bool) {
	if f == nil || f.Kinds == nil || f.And != nil || f.Or != nil || f.Not != nil || f.Role != nil || f.Other != nil ||
		f.AsOf != nil || f.During != nil || f.Sources != nil || f.MinSources != nil || f.Standing != nil ||
		f.Verified != nil || f.IDs != nil || f.Created != nil || f.Updated != nil {
		return nil, false
	}
	return f.Kinds, true
}
