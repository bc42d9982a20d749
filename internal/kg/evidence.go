package kg

import "slices"

// The stances of evidence.
const (
	Supports = "SUPPORTS"
	Refutes  = "REFUTES"
)

// Standing says whether a link's evidence speaks for it, against it or both. It is computed, never set.
type Standing uint8

// The standings. A link without any evidence is SUPPORTED: nothing speaks against it.
const (
	Supported Standing = iota // no words against it
	Disputed                  // words for it and words against it
	Refuted                   // only words against it
)

// standings are the names of the standings in the contract.
var standings = [...]string{"SUPPORTED", "DISPUTED", "REFUTED"}

// String returns the standing's name in the contract.
func (s Standing) String() string { return standings[s] }

// ParseStanding returns the standing of a name, and reports whether there is one.
func ParseStanding(name string) (Standing, bool) {
	i := slices.Index(standings[:], name)
	return Standing(max(i, 0)), i >= 0
}

// StandingOf returns the standing of a link that so many sources support and refute.
func StandingOf(supporting, refuting int) Standing {
	switch {
	case refuting == 0:
		return Supported
	case supporting == 0:
		return Refuted
	}
	return Disputed
}

// Standing returns what the evidence makes of the link.
func (l *Link) Standing() Standing {
	return StandingOf(len(l.SourcesOf(Supports)), len(l.SourcesOf(Refutes)))
}

// SourcesOf returns the ids of the different sources whose words have this stance, in the order of the evidence.
func (l *Link) SourcesOf(stance string) []string {
	var out []string
	for i := range l.Evidence {
		if e := &l.Evidence[i]; (e.Stance == Refutes) == (stance == Refutes) && !slices.Contains(out, e.Source) {
			out = append(out, e.Source)
		}
	}
	return out
}

// Same reports whether two pieces of evidence of one link are one: the same words at the same place of the same source,
// for the same side. What was found out about the words does not matter.
func (e *Evidence) Same(o *Evidence) bool {
	return e.Source == o.Source && e.Excerpt == o.Excerpt && e.Prefix == o.Prefix && e.Suffix == o.Suffix &&
		e.Stance == o.Stance
}

// UniteEvidence appends those of more that list does not hold yet, each once. The order is kept.
func UniteEvidence(list []Evidence, more ...Evidence) []Evidence {
	for i := range more {
		if !slices.ContainsFunc(list, func(e Evidence) bool { return e.Same(&more[i]) }) {
			list = append(list, more[i])
		}
	}
	return list
}
