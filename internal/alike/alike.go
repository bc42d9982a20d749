// Package alike compares entities that may be one and the same: two records of one person. It weighs names, external
// ids, dates and what both are linked to, says why, and leaves it to people to merge them.
package alike

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/text"
)

// Entity is what is compared.
type Entity struct {
	ID    string
	Type  uint8
	Names []string // the name, and the aliases
	// External are the schemes and values of external ids.
	External [][2]string
	Dates    []Date
	// Links is how many links touch it.
	Links int
	forms []form
}

// Date is a date that is known of an entity, by the name of its property.
type Date struct {
	Name string
	On   kg.PartialDate
}

// Kind is what speaks for or against two being one.
type Kind string

// The kinds. The first speak for it, the last two against it.
const (
	SameExternalID      Kind = "SAME_EXTERNAL_ID"
	SameName            Kind = "SAME_NAME"
	NameForm            Kind = "NAME_FORM"
	NamePart            Kind = "NAME_PART"
	SharedLinks         Kind = "SHARED_LINKS"
	SameDate            Kind = "SAME_DATE"
	DifferentDate       Kind = "DIFFERENT_DATE"
	DifferentExternalID Kind = "DIFFERENT_EXTERNAL_ID"
)

// Against reports whether it speaks against it.
func (k Kind) Against() bool { return k == DifferentDate || k == DifferentExternalID }

// Reason is what speaks for or against two being one, in a sentence.
type Reason struct {
	Kind Kind
	Says string
	// weight is how much, in thousandths: of what speaks for it, the chance that they are one for this alone; of what
	// speaks against it, what is left of the chance.
	weight int
}

// Unit is the score of what is certain. Least is the score from which on two are listed.
const (
	Unit  = 1000
	Least = 300
)

// The weights of what is found.
const (
	externalWeight  = 900
	nameWeight      = 600
	reorderedWeight = 500
	initialsWeight  = 400
	partWeight      = 200
	sharedWeight    = 200 // of the first that both are linked to
	sharedMost      = 600
	dayWeight       = 400
	yearWeight      = 100
	dateLeaves      = 250
	externalLeaves  = 400
)

// form is a name in its words.
type form struct {
	name, folded string
	words        []string // in order of their letters
}

func (e *Entity) formed() []form {
	if e.forms == nil {
		for _, n := range e.Names {
			words, _ := text.Sequence(n)
			slices.Sort(words)
			e.forms = append(e.forms, form{n, text.Fold(n), words})
		}
	}
	return e.forms
}

// Compare weighs what speaks for two entities of one type being one and the same, and against it. shared is how many
// entities both are linked to. The score is 0 where nothing but that speaks for it.
func Compare(a, b *Entity, shared int) (score int, why []Reason) {
	if r, ok := named(a, b); ok {
		why = append(why, r)
	} else if _, ok := external(a, b); !ok {
		return 0, nil
	}
	if shared > 0 {
		weight, none := 0, Unit
		for range shared {
			none = none * (Unit - sharedWeight) / Unit
			if weight = Unit - none; weight >= sharedMost {
				break
			}
		}
		what := "entity"
		if shared > 1 {
			what = "entities"
		}
		why = append(why, Reason{SharedLinks, fmt.Sprintf("Both are linked to %d %s.", shared, what), min(weight, sharedMost)})
	}
	why = append(why, Facts(a, b)...)
	for _, against := range []bool{false, true} {
		for _, r := range why {
			if r.Kind.Against() == against {
				score = r.Weigh(score)
			}
		}
	}
	slices.SortStableFunc(why, func(x, y Reason) int {
		if x.Kind.Against() != y.Kind.Against() {
			if y.Kind.Against() {
				return -1
			}
			return 1
		}
		return cmp.Compare(y.weight, x.weight)
	})
	return score, why
}

// Facts returns what external ids and dates say for and against two entities of one type being one and the same.
func Facts(a, b *Entity) (why []Reason) {
	if r, ok := external(a, b); ok {
		why = append(why, r)
	}
	return append(append(why, dated(a, b)...), otherwise(a, b)...)
}

// Weigh returns a score, of 0 to Unit, with the reason weighed too. What speaks against it is weighed last.
func (r Reason) Weigh(score int) int {
	if r.Kind.Against() {
		return score * r.weight / Unit
	}
	return Unit - (Unit-score)*(Unit-r.weight)/Unit
}

// external finds an external id that both have.
func external(a, b *Entity) (Reason, bool) {
	for _, x := range a.External {
		if slices.Contains(b.External, x) {
			return Reason{SameExternalID, fmt.Sprintf("Both have the external id %s:%s.", x[0], x[1]), externalWeight}, true
		}
	}
	return Reason{}, false
}

// otherwise finds external ids of one scheme of which they have none in common.
func otherwise(a, b *Entity) (why []Reason) {
	of := func(e *Entity, scheme string) (values []string) {
		for _, x := range e.External {
			if x[0] == scheme {
				values = append(values, x[1])
			}
		}
		return values
	}
	var seen []string
	for _, x := range a.External {
		if slices.Contains(seen, x[0]) {
			continue
		}
		seen = append(seen, x[0])
		mine, other := of(a, x[0]), of(b, x[0])
		if len(other) > 0 && !slices.ContainsFunc(mine, func(v string) bool { return slices.Contains(other, v) }) {
			why = append(why, Reason{
				DifferentExternalID,
				fmt.Sprintf("They have different external ids of %s: %s and %s.", x[0], mine[0], other[0]), externalLeaves,
			})
		}
	}
	return why
}

// named finds what of their names is most alike.
func named(a, b *Entity) (best Reason, ok bool) {
	for _, x := range a.formed() {
		for _, y := range b.formed() {
			if r := alike(&x, &y); r.weight > best.weight {
				best, ok = r, true
			}
		}
	}
	return best, ok
}

// alike compares two names; the weight is 0 where they are not alike.
func alike(x, y *form) Reason {
	switch {
	case x.folded == y.folded:
		return Reason{SameName, fmt.Sprintf("Both are called %s.", text.Quote(x.name)), nameWeight}
	case len(x.words) == 0 || len(y.words) == 0:
		return Reason{}
	case slices.Equal(x.words, y.words):
		return Reason{NameForm, fmt.Sprintf("%s and %s have the same words.", text.Quote(x.name), text.Quote(y.name)), reorderedWeight}
	}
	short, long := x, y
	if len(y.words) < len(x.words) {
		short, long = y, x
	}
	whole, ok := within(short.words, long.words)
	switch {
	case !ok:
		return Reason{}
	case len(short.words) == len(long.words):
		return Reason{NameForm, fmt.Sprintf("%s may be %s.", text.Quote(short.name), text.Quote(long.name)), initialsWeight}
	case whole:
		return Reason{NamePart, fmt.Sprintf("%s is a part of %s.", text.Quote(short.name), text.Quote(long.name)), partWeight}
	}
	return Reason{NamePart, fmt.Sprintf("%s may be a part of %s.", text.Quote(short.name), text.Quote(long.name)), partWeight}
}

// within reports whether each word of a name is one of another's, or an initial of one, or has one of them for its
// initial, each another, and whether each is one. One word that is no initial must be the same.
func within(short, long []string) (whole, ok bool) {
	taken := make([]bool, len(long))
	find := func(fits func(w string) bool) bool {
		for i, w := range long {
			if !taken[i] && fits(w) {
				taken[i] = true
				return true
			}
		}
		return false
	}
	var rest []string
	anchored := false
	for _, s := range short {
		if !find(func(w string) bool { return w == s }) {
			rest = append(rest, s)
		} else if !initial(s) {
			anchored = true
		}
	}
	for _, s := range rest {
		if !find(func(w string) bool {
			return initial(s) && strings.HasPrefix(w, s) || initial(w) && strings.HasPrefix(s, w)
		}) {
			return false, false
		}
	}
	return len(rest) == 0, anchored
}

// initial reports whether a word is one letter.
func initial(w string) bool {
	n := 0
	for range w {
		n++
	}
	return n == 1
}

// dated compares dates that are known of both.
func dated(a, b *Entity) (why []Reason) {
	for _, x := range a.Dates {
		i := slices.IndexFunc(b.Dates, func(y Date) bool { return y.Name == x.Name })
		if i < 0 {
			continue
		}
		y := b.Dates[i]
		from, to := x.On.Interval()
		otherFrom, otherTo := y.On.Interval()
		switch {
		case to < otherFrom || otherTo < from:
			why = append(why, Reason{DifferentDate, fmt.Sprintf("They differ in %s: %s and %s.", x.Name, x.On, y.On), dateLeaves})
		case from == to && otherFrom == otherTo:
			why = append(why, Reason{SameDate, fmt.Sprintf("Both have %s in %s.", x.On, x.Name), dayWeight})
		default:
			why = append(why, Reason{SameDate, fmt.Sprintf("They agree in %s: %s and %s.", x.Name, x.On, y.On), yearWeight})
		}
	}
	return why
}
