package exchange

import (
	"fmt"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/text"
)

// Two records of one name need not be one. A line without an id gets its id from its name, and so meets the record that
// has it already: they are taken to be the same only when nothing that both say differs.

// namesake returns the error for a line whose id was made from its name and is that of a record that says otherwise.
func namesake(cat *catalog.Catalog, was, is any) error {
	switch x := is.(type) {
	case *kg.Source:
		if w, ok := was.(*kg.Source); ok {
			return twoOf("title", x.ID, w.Title, differingSource(w, x))
		}
	case *kg.Node:
		if w, ok := was.(*kg.Node); ok && w.Type == x.Type {
			return twoOf("name", x.ID, w.Name, differingNode(cat.TypeOf(x.Type), w, x))
		}
	}
	return nil
}

// difference is a field in which two records differ.
type difference struct{ field, was, is string }

func twoOf(from, id, name string, d difference) error {
	if d.field == "" {
		return nil
	}
	return fmt.Errorf("has the id %s, made from its %s, and so has %s of another file or the store, whose %s is %s while this one's is %s: "+
		`if they are two, give one an id; if they are one, write "id":"%s"`, id, from, clip(name), d.field, clip(d.was), clip(d.is), id)
}

func differingSource(w, x *kg.Source) difference {
	switch {
	case w.Kind != x.Kind:
		return difference{"kind", w.Kind, x.Kind}
	case otherwise(w.URL, x.URL):
		return difference{"url", w.URL, x.URL}
	case otherwise(text.Fold(w.Publisher), text.Fold(x.Publisher)):
		return difference{"publisher", w.Publisher, x.Publisher}
	case apart(w.PublishedOn, x.PublishedOn):
		return difference{"publishedOn", string(w.PublishedOn), string(x.PublishedOn)}
	case len(w.Authors) > 0 && len(x.Authors) > 0 && !common(w.Authors, x.Authors):
		return difference{"authors", strings.Join(w.Authors, ", "), strings.Join(x.Authors, ", ")}
	}
	return difference{}
}

func differingNode(t *catalog.Type, w, x *kg.Node) difference {
	for _, p := range t.Props {
		a, b := w.Props[p.Name], x.Props[p.Name]
		if a == nil || b == nil || a == b {
			continue
		}
		if p.Kind == catalog.Date {
			from, _ := a.(string)
			to, _ := b.(string)
			if !apart(kg.PartialDate(from), kg.PartialDate(to)) {
				continue
			}
		}
		return difference{p.Name, fmt.Sprint(a), fmt.Sprint(b)}
	}
	for _, e := range x.ExternalIDs {
		same := func(o kg.ExternalID) bool { return o.Scheme == e.Scheme }
		i := slices.IndexFunc(w.ExternalIDs, same)
		if i < 0 || slices.ContainsFunc(w.ExternalIDs, func(o kg.ExternalID) bool {
			return same(o) && slices.ContainsFunc(x.ExternalIDs, func(m kg.ExternalID) bool {
				return same(m) &&
					m.Value == o.Value
			})
		}) {
			continue
		}
		return difference{e.Scheme, w.ExternalIDs[i].Value, e.Value}
	}
	if otherwise(w.Description, x.Description) {
		return difference{"description", w.Description, x.Description}
	}
	return difference{}
}

// otherwise reports whether two texts are there and differ.
func otherwise(a, b string) bool { return a != "" && b != "" && a != b }

// apart reports whether two dates are there and cannot be one: 1950 and 1950-03 can.
func apart(a, b kg.PartialDate) bool {
	if a == "" || b == "" {
		return false
	}
	from, to := a.Interval()
	first, last := b.Interval()
	return to < first || last < from
}

// common reports whether two lists of names have one in common.
func common(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool {
		return slices.ContainsFunc(b, func(y string) bool { return text.Fold(x) == text.Fold(y) })
	})
}
