package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/text"
)

// textsFit matches a field of several texts; present reports whether the field counts as having one.
func textsFit(f *plan.StringFilter, texts []string, present bool) bool {
	if f == nil {
		return true
	}
	if f.IsNull != nil && *f.IsNull == present {
		return false
	}
	if f.Eq == nil && f.In == nil && f.Contains == nil && f.StartsWith == nil {
		return true
	}
	for _, s := range texts {
		s = text.Fold(s)
		ok := f.Eq == nil || s == *f.Eq
		ok = ok && (f.In == nil || slices.Contains(f.In, s))
		ok = ok && (f.Contains == nil || strings.Contains(s, *f.Contains))
		ok = ok && (f.StartsWith == nil || strings.HasPrefix(s, *f.StartsWith))
		if ok {
			return true
		}
	}
	return false
}

func intFits(f *plan.IntFilter, n int64) bool { return f == nil || numberFits(f, n, true) }

func numberFits[N int64 | float64](f *plan.NumberFilter[N], n N, known bool) bool {
	if f.IsNull != nil && *f.IsNull == known {
		return false
	}
	if f.Eq == nil && f.Gte == nil && f.Lte == nil {
		return true
	}
	return known && (f.Eq == nil || n == *f.Eq) && (f.Gte == nil || n >= *f.Gte) && (f.Lte == nil || n <= *f.Lte)
}

// propsFit reports whether the properties of a record fit; of returns one, Null where there is none.
func propsFit(list []*plan.PropFilter, of func(*catalog.Prop) kg.Value) bool {
	return !slices.ContainsFunc(list, func(f *plan.PropFilter) bool { return !propFits(f, of(f.Prop)) })
}

func propFits(f *plan.PropFilter, v kg.Value) bool {
	known := v.Kind != kg.Null
	switch {
	case f.Text != nil && f.Prop.Enum != nil:
		return (f.Text.IsNull == nil || *f.Text.IsNull != known) &&
			(f.Text.Eq == nil || v.Str == *f.Text.Eq) && (f.Text.In == nil || known && slices.Contains(f.Text.In, v.Str))
	case f.Text != nil && v.Kind == kg.List:
		return textsFit(f.Text, v.Items(), len(v.Items()) > 0)
	case f.Text != nil && known:
		return textsFit(f.Text, []string{v.Str}, true)
	case f.Text != nil:
		return textsFit(f.Text, nil, false)
	case f.Date != nil:
		from, to := kg.PartialDate(v.Str).Interval()
		return dateFits(f.Date, from, to, known)
	case f.Int != nil:
		return numberFits(f.Int, v.Int, known)
	case f.Float != nil:
		return numberFits(f.Float, v.Float(), known)
	}
	is := v.Int != 0
	return (f.Bool.IsNull == nil || *f.Bool.IsNull != known) && (f.Bool.Eq == nil || known && is == *f.Bool.Eq)
}

func timeFits(f *plan.TimeFilter, t kg.Time) bool {
	return f == nil || (f.After == nil || t.UnixMilli() > *f.After) && (f.Before == nil || t.UnixMilli() < *f.Before)
}

func oneOf(ids []string, id string) bool { return ids == nil || slices.Contains(ids, id) }

// isOne reports whether an entity has one of these ids, or had it.
func isOne(ids []string, n *kg.Node) bool {
	return oneOf(ids, n.ID) || slices.ContainsFunc(n.FormerIDs, func(id string) bool { return oneOf(ids, id) })
}

// identified reports whether an entity has one of these external ids.
func identified(ids [][2]string, n *kg.Node) bool {
	return ids == nil || slices.ContainsFunc(n.ExternalIDs, func(e kg.ExternalID) bool {
		return slices.Contains(ids, [2]string{e.Scheme, e.Value})
	})
}

func dateFits(f *plan.DateFilter, from, to kg.Day, known bool) bool {
	if f == nil {
		return true
	}
	if f.IsNull != nil && *f.IsNull == known {
		return false
	}
	if !f.Bounded {
		return true
	}
	if f.Certain {
		return known && f.From <= from && to <= f.To
	}
	return known && from <= f.To && f.From <= to
}

func (x *seeing) fits(f *plan.EntityFilter, n *kg.Node) bool {
	if f == nil {
		return true
	}
	for _, a := range f.And {
		if !x.fits(a, n) {
			return false
		}
	}
	if f.Or != nil {
		some := false
		for _, o := range f.Or {
			some = some || x.fits(o, n)
		}
		if !some {
			return false
		}
	}
	if f.Not != nil && x.fits(f.Not, n) {
		return false
	}
	names := append([]string{n.Name}, n.Aliases...)
	body := x.body(n)
	from, to, known := x.nodeDate(n)
	return isOne(f.IDs, n) && identified(f.ExternalIDs, n) && timeFits(f.Created, n.CreatedAt) &&
		timeFits(f.Updated, n.UpdatedAt) && (f.Types == nil || f.Types.Has(x.typ(n))) &&
		textsFit(f.Name, names, true) && textsFit(f.Text, append(names, body...), len(body) > 0) &&
		dateFits(f.Date, from, to, known) && intFits(f.LinkCount, x.touching(n)) && x.linked(f.LinkedTo, n) &&
		propsFit(f.Props, func(p *catalog.Prop) kg.Value { return x.nodeValue(n, p) })
}

func (x *seeing) linked(f *plan.LinkedTo, n *kg.Node) bool {
	if f == nil {
		return true
	}
	for _, l := range x.links {
		for _, ends := range [][2]string{{l.From, l.To}, {l.To, l.From}} {
			if ends[0] == n.ID && x.meant(f, l, x.nodes[ends[1]]) {
				return true
			}
		}
	}
	return false
}

// meant reports whether a link is one, and the entity at its other end the one or of the ones, that a LinkedTo speaks
// of.
func (x *seeing) meant(f *plan.LinkedTo, l *kg.Link, other *kg.Node) bool {
	if f.Kinds != nil && !f.Kinds.Has(x.cat.Kind(l.Kind).Index) || f.Ref >= 0 && x.refs[f.Ref] != other {
		return false
	}
	return x.matches(f.Link, l, other) && x.fits(f.Where, other)
}

func (x *seeing) sourceFits(f *plan.EntityFilter, s *kg.Source) bool {
	if f == nil {
		return true
	}
	for _, a := range f.And {
		if !x.sourceFits(a, s) {
			return false
		}
	}
	if f.Or != nil {
		some := false
		for _, o := range f.Or {
			some = some || x.sourceFits(o, s)
		}
		if !some {
			return false
		}
	}
	if f.Not != nil && x.sourceFits(f.Not, s) {
		return false
	}
	from, to := s.PublishedOn.Interval()
	if f.LinkedTo != nil {
		some := false
		for _, l := range x.links {
			some = some || rests(l, s) &&
				(x.meant(f.LinkedTo, l, x.nodes[l.From]) || x.meant(f.LinkedTo, l, x.nodes[l.To]))
		}
		if !some {
			return false
		}
	}
	return oneOf(f.IDs, s.ID) && f.ExternalIDs == nil && f.Created == nil && f.Updated == nil &&
		(f.Types == nil || f.Types.Has(x.cat.Source.Index)) &&
		textsFit(f.Name, []string{s.Title}, true) && textsFit(f.Text, []string{s.Title}, false) &&
		dateFits(f.Date, from, to, s.PublishedOn != "") && intFits(f.LinkCount, int64(len(x.resting(s)))) &&
		propsFit(f.Props, func(p *catalog.Prop) kg.Value { return sourceValue(s, p) })
}

// matches reports whether a link fits a whole filter, and not a part of one: where it is REFUTED, that must be asked
// for.
func (x *seeing) matches(f *plan.LinkFilter, l *kg.Link, other *kg.Node) bool {
	return (l.Standing() != kg.Refuted || f.NamesRefuted()) && x.linkFits(f, l, other)
}

func (x *seeing) linkFits(f *plan.LinkFilter, l *kg.Link, other *kg.Node) bool {
	if f == nil {
		return true
	}
	for _, a := range f.And {
		if !x.linkFits(a, l, other) {
			return false
		}
	}
	if f.Or != nil {
		some := false
		for _, o := range f.Or {
			some = some || x.linkFits(o, l, other)
		}
		if !some {
			return false
		}
	}
	if f.Not != nil && x.linkFits(f.Not, l, other) {
		return false
	}
	if f.Kinds != nil && !f.Kinds.Has(x.cat.Kind(l.Kind).Index) || !oneOf(f.IDs, l.ID) ||
		!timeFits(f.Created, l.CreatedAt) || !timeFits(f.Updated, l.UpdatedAt) {
		return false
	}
	var roles []string
	if l.Role != "" {
		roles = []string{l.Role}
	}
	if !textsFit(f.Role, roles, l.Role != "") {
		return false
	}
	from, _ := l.Since.Interval() // open without one
	_, to := l.Until.Interval()
	if f.AsOf != nil && (from > f.AsOf.To || to < f.AsOf.From) {
		return false
	}
	if d := f.During; d != nil {
		if d.IsNull != nil && *d.IsNull != (l.Since == "" && l.Until == "") {
			return false
		}
		if d.Bounded && d.Certain && (l.Since == "" || l.Until == "" || from < d.From || to > d.To) {
			return false
		}
		if d.Bounded && !d.Certain && (from > d.To || to < d.From) {
			return false
		}
	}
	if f.Sources != nil {
		some := false
		for _, s := range sourcesOf(l) {
			some = some || slices.Contains(f.Sources, s)
		}
		if !some {
			return false
		}
	}
	if f.Standing != nil && !slices.Contains(f.Standing, l.Standing()) {
		return false
	}
	if f.Verified != nil && *f.Verified == slices.ContainsFunc(l.Evidence,
		func(e kg.Evidence) bool { return e.Verified == nil || !*e.Verified }) {
		return false
	}
	return (f.MinSources == nil || int64(len(sourcesOf(l))) >= *f.MinSources) && x.fits(f.Other, other)
}

// --- facets --------------------------------------------------------------------------------------------------------

func (x *seeing) buckets(counts map[string]int64, sel *plan.Sel) []kg.Bucket {
	out := []kg.Bucket{}
	for k, n := range counts {
		out = append(out, kg.Bucket{Key: k, Count: n})
	}
	slices.SortFunc(out, func(a, b kg.Bucket) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count),
			strings.Compare(a.Key, b.Key))
	})
	out = out[:min(len(out), plan.MaxBuckets)]
	for i := range out {
		if n := x.nodes[out[i].Key]; n != nil && sel != nil {
			out[i].Node = x.record(n, sel)
		}
		if s := x.sources[out[i].Key]; s != nil && sel != nil {
			out[i].Node = x.record(s, sel)
		}
	}
	return out
}

func year(d kg.Day) string { return fmt.Sprintf("%04d", int(d)/10000) }

func (x *seeing) linkFacets(list []entry, ends map[string]*kg.Node, f *plan.Field) (out []kg.Facet) {
	for _, w := range f.Want.Facets {
		counts := map[string]int64{}
		for _, e := range list {
			switch w.By {
			case plan.ByKind:
				counts[e.link.Kind]++
			case plan.ByRole:
				if e.link.Role != "" {
					counts[e.link.Role]++
				}
			case plan.ByOtherType:
				counts[ends[e.link.ID].Type]++
			case plan.BySource:
				for _, s := range sourcesOf(e.link) {
					counts[s]++
				}
			case plan.ByYear:
				if e.link.Since != "" {
					from, _ := e.link.Since.Interval()
					counts[year(from)]++
				}
			}
		}
		out = append(out, kg.Facet{Buckets: x.buckets(counts, w.Node)})
	}
	return out
}

func (x *seeing) recordFacets(all []any, f *plan.Field) (out []kg.Facet) {
	for _, w := range f.Want.Facets {
		counts := map[string]int64{}
		for _, r := range all {
			for _, k := range x.facetKeys(r, w.By) {
				counts[k]++
			}
		}
		out = append(out, kg.Facet{Buckets: x.buckets(counts, w.Node)})
	}
	return out
}

// facetKeys are the different keys a record counts for.
func (x *seeing) facetKeys(r any, by plan.FacetBy) []string {
	keys := map[string]bool{}
	near := func(id string, t *catalog.Type) {
		if x.nodes[id].Type == t.Enum {
			keys[id] = true
		}
	}
	t := x.cat.TypeOf("INSTITUTION")
	if by == plan.ByTheme {
		t = x.cat.TypeOf("THEME")
	}
	switch r := r.(type) {
	case *kg.Node:
		switch by {
		case plan.ByType:
			keys[r.Type] = true
		case plan.ByYear:
			if from, _, known := x.nodeDate(r); known {
				keys[year(from)] = true
			}
		default:
			if d := x.cat.DerivedTo(x.cat.TypeOf(r.Type), t); d != nil && by != plan.BySource {
				for _, c := range x.chains(r, d, nil) {
					keys[c[2]] = true
				}
				break
			}
			for _, l := range x.stand() {
				if l.From != r.ID && l.To != r.ID {
					continue
				}
				if by == plan.BySource {
					for _, s := range sourcesOf(l) {
						keys[s] = true
					}
					continue
				}
				if l.From == r.ID {
					near(l.To, t)
				}
				if l.To == r.ID {
					near(l.From, t)
				}
			}
		}
	case *kg.Source:
		switch by {
		case plan.ByType:
			keys[x.cat.Source.Enum] = true
		case plan.BySourceKind:
			keys[r.Kind] = true
		case plan.ByPublisher:
			if r.Publisher != "" {
				keys[r.Publisher] = true
			}
		case plan.ByAuthor:
			for _, a := range r.Authors {
				keys[a] = true
			}
		case plan.BySource:
			keys[r.ID] = true
		case plan.ByYear:
			if r.PublishedOn != "" {
				from, _ := r.PublishedOn.Interval()
				keys[year(from)] = true
			}
		default:
			for _, l := range x.resting(r) {
				near(l.From, t)
				near(l.To, t)
			}
		}
	}
	out := []string{}
	for k := range keys {
		out = append(out, k)
	}
	return out
}
