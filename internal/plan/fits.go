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

// LinkFacts is what a LinkFilter looks at, the other end excepted.
type LinkFacts struct {
	Kind uint8
	// Role is folded; HasRole says that there is one.
	Role    string
	HasRole bool
	// From is the first day of since, To the last of until; MinDay and MaxDay where they are not known.
	From, To           kg.Day
	HasSince, HasUntil bool
	SourceCount        int64
	Standing           kg.Standing
	Unverified         bool                    // one of its excerpts is not verified
	FromSource         func(ids []string) bool // whether one of the sources that support it is among these
}

// OnLinkAlone reports whether a filter looks at nothing but the link itself: not at the entity at its other end.
func (f *LinkFilter) OnLinkAlone() bool {
	if f == nil {
		return true
	}
	alone := func(list []*LinkFilter) bool {
		return !slices.ContainsFunc(list, func(x *LinkFilter) bool { return !x.OnLinkAlone() })
	}
	return f.Other == nil && alone(f.And) && alone(f.Or) && f.Not.OnLinkAlone()
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
		f.Verified != nil {
		return nil, false
	}
	return f.Kinds, true
}

// Fits reports whether the filter's parts hold for a link; Other is passed over. A REFUTED link is for the caller to
// keep out: see NamesRefuted.
func (f *LinkFilter) Fits(l *LinkFacts) bool {
	if f == nil {
		return true
	}
	for _, a := range f.And {
		if !a.Fits(l) {
			return false
		}
	}
	if f.Or != nil && !slices.ContainsFunc(f.Or, func(o *LinkFilter) bool { return o.Fits(l) }) {
		return false
	}
	if f.Not != nil && f.Not.Fits(l) || f.Kinds != nil && !f.Kinds.Has(l.Kind) {
		return false
	}
	if r := f.Role; r != nil && (r.IsNull != nil && *r.IsNull == l.HasRole || !r.Bare() &&
		(!l.HasRole || !r.Fits(l.Role))) {
		return false
	}
	if f.AsOf != nil && (l.From > f.AsOf.To || l.To < f.AsOf.From) {
		return false
	}
	if d := f.During; d != nil {
		switch {
		case d.IsNull != nil && *d.IsNull == (l.HasSince || l.HasUntil):
			return false
		case !d.Bounded:
		case d.Certain:
			if !l.HasSince || !l.HasUntil || l.From < d.From || l.To > d.To {
				return false
			}
		case l.From > d.To || l.To < d.From:
			return false
		}
	}
	if f.Standing != nil && !slices.Contains(f.Standing, l.Standing) {
		return false
	}
	if f.Verified != nil && *f.Verified == l.Unverified {
		return false
	}
	return (f.MinSources == nil || l.SourceCount >= *f.MinSources) && (f.Sources == nil || l.FromSource(f.Sources))
}
