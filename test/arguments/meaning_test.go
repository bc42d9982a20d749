package arguments_test

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
)

// input is an input object, or the arguments of a field: JSON, with numbers as int or float64.
type input = map[string]any

// meanings says what each field of each input means. A part that is null is as good as left out.
type meanings struct {
	cat    *catalog.Catalog
	entity map[string]func(v any, x *record) bool
	link   map[string]func(v any, l *kg.Link, other *record) bool
	text   map[string]func(v any, folded string) bool
	number map[string]func(v any, n float64) bool
	linked map[string]func(v any, l *kg.Link, other *record) bool
	time   map[string]func(v any, t kg.Time) bool
	ref    map[string]func(v any, x *record) bool
	source map[string]func(v any, x *record) bool
	byNode map[string]func(a, b *record, desc bool) int // orders
	byLink map[string]func(a, b entry, desc bool) int
	// whole are the fields whose meaning depends on those beside them.
	whole []string
}

// has reports whether a field of an input has a meaning here.
func (m *meanings) has(coordinate string) bool {
	typ, name, _ := strings.Cut(coordinate, ".")
	found := false
	if t := m.cat.Filtered(typ); t != nil {
		return t.Asked(name) != nil || m.entity[name] != nil
	}
	if e := m.cat.Schema.Types[strings.TrimSuffix(typ, "Filter")]; e != nil && e.Kind == ast.Enum {
		return name == "eq" || name == "in" || name == "isNull"
	}
	switch typ {
	case "EntityFilter":
		found = m.entity[name] != nil
	case "LinkFilter":
		found = m.link[name] != nil
	case "StringFilter":
		found = m.text[name] != nil
	case "IntFilter", "FloatFilter":
		found = m.number[name] != nil
	case "DateTimeFilter":
		found = m.time[name] != nil
	case "BooleanFilter":
		found = name == "eq" || name == "isNull"
	case "LinkedToFilter":
		found = m.linked[name] != nil
	case "EntityRef":
		found = m.ref[name] != nil
	case "SourceRef":
		found = m.source[name] != nil
	}
	return found || slices.Contains(m.whole, coordinate)
}

func list(v any) []any {
	l, ok := v.([]any)
	if !ok {
		l = []any{v} // one value where a list stands is a list of one
	}
	return l
}

func object(v any) input { m, _ := v.(input); return m }
func text(v any) string  { s, _ := v.(string); return s }
func truth(v any) bool   { b, _ := v.(bool); return b }
func whole(v any) int    { n, _ := v.(int); return n }

func some(v any, f func(any) bool) bool { return slices.ContainsFunc(list(v), f) }
func every(v any, f func(any) bool) bool {
	return !some(v, func(x any) bool { return !f(x) })
}

// holds reports whether every part that is given holds.
func holds[F any](f input, parts map[string]F, fits func(F, any) bool) bool {
	for name, v := range f {
		if v != nil && !fits(parts[name], v) {
			return false
		}
	}
	return true
}

// fitsListed is fits for the filter of the list of one type, which asks for its properties too.
func (w *world) fitsListed(f any, x *record) bool {
	t := w.cat.TypeOf(x.typ)
	if x.source != nil {
		t = w.cat.Source
	}
	for name, v := range object(f) {
		var fits bool
		switch p := t.Asked(name); {
		case v == nil:
			continue
		case p != nil:
			fits = w.fitsProperty(p, v, x)
		case name == "and":
			fits = every(v, func(f any) bool { return w.fitsListed(f, x) })
		case name == "or":
			fits = some(v, func(f any) bool { return w.fitsListed(f, x) })
		case name == "not":
			fits = !w.fitsListed(v, x)
		default:
			fits = w.means.entity[name](v, x)
		}
		if !fits {
			return false
		}
	}
	return true
}

// fitsProperty reports whether a property of a record is as a condition wants it.
func (w *world) fitsProperty(p *catalog.Prop, f any, x *record) bool {
	if p.Kind == catalog.Bool {
		is, known := w.verified(x)
		m := object(f)
		return (m["isNull"] == nil || truth(m["isNull"]) != known) && (m["eq"] == nil || known && truth(m["eq"]) == is)
	}
	value := x.property(p.Name)
	texts, several := value.([]string)
	one, isText := value.(string)
	if isText && one != "" {
		texts = []string{one}
	}
	n, isNumber := value.(int64)
	number, isFloat := value.(float64)
	switch {
	case p.Enum != nil:
		m := object(f)
		return (m["eq"] == nil || m["eq"] == one) && (m["in"] == nil || some(m["in"], func(v any) bool { return v == one })) &&
			(m["isNull"] == nil || truth(m["isNull"]) == (one == ""))
	case p.Kind == catalog.Date:
		from, to := kg.PartialDate(one).Interval()
		return fitsDate(f, from, to, one != "")
	case p.Kind == catalog.Text || several:
		var all []string
		for _, s := range texts {
			all = append(all, fold(s))
		}
		return w.fitsText(f, all, len(all) > 0)
	case isNumber:
		return w.fitsNumber(f, float64(n))
	case isFloat:
		return w.fitsNumber(f, number)
	}
	return w.noNumber(f)
}

// property is what a record has by this name; nil for nothing.
func (x *record) property(name string) any {
	if x.source == nil {
		return x.node.Props[name]
	}
	switch s := x.source; name {
	case "title":
		return s.Title
	case "url":
		return s.URL
	case "kind":
		return s.Kind
	case "publisher":
		return s.Publisher
	case "authors":
		return s.Authors
	case "publishedOn":
		return string(s.PublishedOn)
	case "contentHash":
		return x.hash
	}
	panic("nothing here says what " + name + " of a source is")
}

func (w *world) fits(f any, x *record) bool {
	return holds(object(f), w.means.entity, func(p func(any, *record) bool, v any) bool { return p(v, x) })
}

// fitsLink reports whether a link fits a part of a filter; other is the entity at its other end.
func (w *world) fitsLink(f any, l *kg.Link, other *record) bool {
	return holds(object(f), w.means.link, func(p func(any, *kg.Link, *record) bool,
		v any,
	) bool {
		return p(v, l, other)
	})
}

// passes reports whether a link fits a whole filter. What is refuted does only where a part of it names that.
func (w *world) passes(f any, l *kg.Link, other *record) bool {
	return (!refuted(l) || namesRefuted(f)) && w.fitsLink(f, l, other)
}

func namesRefuted(f any) bool {
	m := object(f)
	named := m["standings"] != nil && some(m["standings"], func(v any) bool { return v == "REFUTED" })
	for _, part := range []string{"and", "or", "not"} {
		named = named || m[part] != nil && some(m[part], namesRefuted)
	}
	return named
}

// fitsText: one and the same text has everything that is asked for; present says what isNull looks at.
func (w *world) fitsText(f any, texts []string, present bool) bool {
	m := object(f)
	if v := m["isNull"]; v != nil && truth(v) == present {
		return false
	}
	asked := false
	for name, v := range m {
		asked = asked || v != nil && name != "isNull"
	}
	return !asked || slices.ContainsFunc(texts, func(s string) bool {
		return holds(m, w.means.text, func(p func(any, string) bool, v any) bool { return p == nil || p(v, s) })
	})
}

// fitsDate looks at an interval; known says whether there is one. Of links, either side may be open: see fitsPeriod.
func fitsDate(f any, from, to kg.Day, known bool) bool {
	m := object(f)
	if v := m["isNull"]; v != nil && truth(v) == known {
		return false
	}
	if m["from"] == nil && m["to"] == nil {
		return true
	}
	first, last := bounds(m)
	if m["match"] == "CERTAIN" {
		return known && first <= from && to <= last
	}
	return known && from <= last && first <= to
}

func bounds(m input) (first, last kg.Day) {
	first, _ = kg.PartialDate(text(m["from"])).Interval()
	_, last = kg.PartialDate(text(m["to"])).Interval()
	return first, last
}

// fitsPeriod looks at when a link held: an unknown beginning or end is open, and CERTAIN needs both.
func fitsPeriod(f any, l *kg.Link) bool {
	m := object(f)
	if v := m["isNull"]; v != nil && truth(v) != (l.Since == "" && l.Until == "") {
		return false
	}
	from, _ := l.Since.Interval()
	_, to := l.Until.Interval()
	first, last := bounds(m)
	switch {
	case m["from"] == nil && m["to"] == nil:
		return true
	case m["match"] == "CERTAIN":
		return l.Since != "" && l.Until != "" && first <= from && to <= last
	}
	return from <= last && first <= to
}

// resolve finds the entities that a reference names, among all.
func (w *world) resolve(ref any) (found []*record) {
	for _, x := range w.order {
		if x.node != nil && w.named(ref, x) {
			found = append(found, x)
		}
	}
	return found
}

func (w *world) named(ref any, x *record) bool {
	means := w.means.ref
	if x.source != nil && x.node == nil {
		means = w.means.source
	}
	return holds(object(ref), means, func(p func(any, *record) bool, v any) bool { return p(v, x) })
}

func (w *world) meanings() meanings {
	called := func(v any, x *record) bool { return slices.Contains(x.names, fold(text(v))) }
	return meanings{
		cat: w.cat,
		entity: map[string]func(any, *record) bool{
			"and":   func(v any, x *record) bool { return every(v, func(f any) bool { return w.fits(f, x) }) },
			"or":    func(v any, x *record) bool { return some(v, func(f any) bool { return w.fits(f, x) }) },
			"not":   func(v any, x *record) bool { return !w.fits(v, x) },
			"types": func(v any, x *record) bool { return some(v, func(t any) bool { return t == x.typ }) },
			"name":  func(v any, x *record) bool { return w.fitsText(v, x.names, true) },
			"text": func(v any, x *record) bool {
				return w.fitsText(v, slices.Concat(x.names, x.body), len(x.body) > 0)
			},
			"date":      func(v any, x *record) bool { return fitsDate(v, x.from, x.to, x.dated) },
			"linkCount": func(v any, x *record) bool { return w.fitsNumber(v, float64(len(x.links))) },
			"ids":       func(v any, x *record) bool { return some(v, func(id any) bool { return id == x.id }) },
			"externalIds": func(v any, x *record) bool {
				return some(v, func(id any) bool { return w.means.ref["externalId"](id, x) })
			},
			"createdAt": func(v any, x *record) bool { return x.node != nil && w.fitsTime(v, x.node.CreatedAt) },
			"updatedAt": func(v any, x *record) bool { return x.node != nil && w.fitsTime(v, x.node.UpdatedAt) },
			"linkedTo": func(v any, x *record) bool {
				return slices.ContainsFunc(w.byLink, func(l *kg.Link) bool {
					return w.touches(l, x) && (!refuted(l) || namesRefuted(object(v)["link"])) && slices.ContainsFunc(w.others(l, x), func(o *record) bool {
						return holds(object(v), w.means.linked, func(p func(any, *kg.Link, *record) bool,
							v any,
						) bool {
							return p(v, l, o)
						})
					})
				})
			},
		},
		time: map[string]func(any, kg.Time) bool{
			"after":  func(v any, t kg.Time) bool { return t > instant(v) },
			"before": func(v any, t kg.Time) bool { return t < instant(v) },
		},
		linked: map[string]func(any, *kg.Link, *record) bool{
			"link":   func(v any, l *kg.Link, o *record) bool { return w.passes(v, l, o) },
			"entity": func(v any, _ *kg.Link, o *record) bool { return w.named(v, o) },
			"where":  func(v any, _ *kg.Link, o *record) bool { return w.fits(v, o) },
		},
		link: map[string]func(any, *kg.Link, *record) bool{
			"and": func(v any, l *kg.Link, o *record) bool {
				return every(v, func(f any) bool { return w.fitsLink(f, l, o) })
			},
			"or": func(v any, l *kg.Link, o *record) bool {
				return some(v, func(f any) bool { return w.fitsLink(f, l, o) })
			},
			"not":   func(v any, l *kg.Link, o *record) bool { return !w.fitsLink(v, l, o) },
			"kinds": func(v any, l *kg.Link, _ *record) bool { return some(v, func(k any) bool { return k == l.Kind }) },
			"role": func(v any, l *kg.Link, _ *record) bool {
				if l.Role == "" {
					return w.fitsText(v, nil, false)
				}
				return w.fitsText(v, []string{fold(l.Role)}, true)
			},
			"other":  func(v any, _ *kg.Link, o *record) bool { return w.fits(v, o) },
			"asOf":   func(v any, l *kg.Link, _ *record) bool { return fitsPeriod(input{"from": v, "to": v}, l) },
			"during": func(v any, l *kg.Link, _ *record) bool { return fitsPeriod(v, l) },
			"sources": func(v any, l *kg.Link, _ *record) bool {
				return some(v, func(id any) bool { return slices.Contains(supporters(l), text(id)) })
			},
			"ids":        func(v any, l *kg.Link, _ *record) bool { return some(v, func(id any) bool { return id == l.ID }) },
			"createdAt":  func(v any, l *kg.Link, _ *record) bool { return w.fitsTime(v, l.CreatedAt) },
			"updatedAt":  func(v any, l *kg.Link, _ *record) bool { return w.fitsTime(v, l.UpdatedAt) },
			"minSources": func(v any, l *kg.Link, _ *record) bool { return len(supporters(l)) >= whole(v) },
			"standings": func(v any, l *kg.Link, _ *record) bool {
				return some(v,
					func(s any) bool { return s == standing(l) })
			},
			"verified": func(v any, l *kg.Link, _ *record) bool {
				unverified := false
				for i := range l.Evidence {
					is, _ := w.stands(&l.Evidence[i])
					unverified = unverified || !is
				}
				return truth(v) != unverified
			},
		},
		text: map[string]func(any, string) bool{
			"eq":         func(v any, s string) bool { return s == fold(text(v)) },
			"in":         func(v any, s string) bool { return some(v, func(x any) bool { return s == fold(text(x)) }) },
			"contains":   func(v any, s string) bool { return strings.Contains(s, fold(text(v))) },
			"startsWith": func(v any, s string) bool { return strings.HasPrefix(s, fold(text(v))) },
		},
		number: map[string]func(any, float64) bool{
			"eq":     func(v any, n float64) bool { return n == float(v, 0) },
			"gte":    func(v any, n float64) bool { return n >= float(v, 0) },
			"lte":    func(v any, n float64) bool { return n <= float(v, 0) },
			"isNull": func(v any, _ float64) bool { return !truth(v) },
		},
		ref: map[string]func(any, *record) bool{
			"id":   func(v any, x *record) bool { return x.id == text(v) },
			"name": called,
			"typedName": func(v any, x *record) bool {
				return x.typ == object(v)["type"] &&
					called(object(v)["name"], x)
			},
			"externalId": func(v any, x *record) bool {
				return x.node != nil && slices.ContainsFunc(x.node.ExternalIDs, func(e kg.ExternalID) bool {
					return e.Scheme == strings.ToLower(text(object(v)["scheme"])) && e.Value == text(object(v)["value"])
				})
			},
		},
		source: map[string]func(any, *record) bool{
			"id":    func(v any, x *record) bool { return x.id == text(v) },
			"title": called,
			"url":   func(v any, x *record) bool { return x.source.URL == text(v) },
		},
		byNode: map[string]func(a, b *record, desc bool) int{
			"NAME": func(a, b *record, desc bool) int {
				return turned(cmp.Compare(fold(a.name), fold(b.name)),
					desc)
			},
			"LINK_COUNT": func(a, b *record, desc bool) int {
				return turned(cmp.Compare(len(a.links), len(b.links)),
					desc)
			},
			"UPDATED_AT": func(a, b *record, desc bool) int { return turned(cmp.Compare(a.updated, b.updated), desc) },
			"DATE": func(a, b *record, desc bool) int {
				return compareDates(a.from, a.to, a.dated, b.from, b.to, b.dated, desc)
			},
			// the scores are looked up before: see ranked
			"PAGE_RANK": nil, "BETWEENNESS": nil,
		},
		byLink: map[string]func(a, b entry, desc bool) int{
			"NAME": func(a, b entry, desc bool) int {
				return turned(cmp.Compare(fold(a.other.name), fold(b.other.name)), desc)
			},
			"SOURCE_COUNT": func(a, b entry, desc bool) int {
				return turned(cmp.Compare(len(supporters(a.link)), len(supporters(b.link))), desc)
			},
			"SINCE": func(a, b entry, desc bool) int { return comparePartial(a.link.Since, b.link.Since, desc) },
			"UNTIL": func(a, b entry, desc bool) int { return comparePartial(a.link.Until, b.link.Until, desc) },
		},
		whole: []string{
			"StringFilter.isNull", "PartialDateFilter.from", "PartialDateFilter.to", "PartialDateFilter.match", "PartialDateFilter.isNull",
			"TypedName.type", "TypedName.name", "ExternalIdInput.scheme", "ExternalIdInput.value",
			"LinkOrder.field", "LinkOrder.direction", "EntityOrder.field", "EntityOrder.direction",
			// of match: see lines
			"PatternStep.node", "PatternStep.link", "NodeStep.ref", "NodeStep.types", "NodeStep.where", "LinkStep.kinds", "LinkStep.direction", "LinkStep.where",
		},
	}
}

func (w *world) fitsNumber(f any, n float64) bool {
	return holds(object(f), w.means.number, func(p func(any, float64) bool, v any) bool { return p(v, n) })
}

// noNumber reports whether a filter of numbers holds where there is none.
func (*world) noNumber(f any) bool {
	for name, v := range object(f) {
		if v != nil && (name != "isNull" || !truth(v)) {
			return false
		}
	}
	return true
}

func (w *world) fitsTime(f any, t kg.Time) bool {
	return holds(object(f), w.means.time, func(p func(any, kg.Time) bool, v any) bool { return p(v, t) })
}

// instant reads a DateTime; what is none is refused before.
func instant(v any) kg.Time {
	t, err := time.Parse(time.RFC3339, text(v))
	if err != nil {
		panic(err)
	}
	return kg.TimeOf(t)
}

// touches reports whether an entity is an end of a link, or a source is evidence of it.
func (w *world) touches(l *kg.Link, x *record) bool {
	if x.source != nil {
		return slices.ContainsFunc(l.Evidence, func(e kg.Evidence) bool { return e.Source == x.id })
	}
	return l.From == x.id || l.To == x.id
}

// others are the entities at the other end of a link; what rests on a source touches both of its ends.
func (w *world) others(l *kg.Link, x *record) (out []*record) {
	if l.From == x.id || x.source != nil {
		out = append(out, w.records[l.To])
	}
	if l.To == x.id || x.source != nil {
		out = append(out, w.records[l.From])
	}
	return out
}

func turned(c int, desc bool) int {
	if desc {
		return -c
	}
	return c
}

// compareDates orders by first day, then by last; what has no date comes last either way.
func compareDates(aFrom, aTo kg.Day, aKnown bool, bFrom, bTo kg.Day, bKnown, desc bool) int {
	switch {
	case !aKnown && !bKnown:
		return 0
	case !aKnown:
		return 1
	case !bKnown:
		return -1
	}
	return turned(cmp.Or(cmp.Compare(aFrom, bFrom), cmp.Compare(aTo, bTo)), desc)
}

func comparePartial(a, b kg.PartialDate, desc bool) int {
	aFrom, aTo := a.Interval()
	bFrom, bTo := b.Interval()
	return compareDates(aFrom, aTo, a != "", bFrom, bTo, b != "", desc)
}
