package rules

import "github.com/throughline/throughline/internal/kg"

// What a record may hold, so that each can be read, shown and exported as one line.
const (
	MaxAliases  = 100  // aliases, external ids or authors of a record
	MaxFormer   = 1000 // former ids of an entity
	MaxEvidence = 1000 // pieces of evidence of a link
	// bytes of the evidence that a link has from several imports: half of a line, as JSON may double them
	maxWords = 512 << 10
)

// CheckNode reports what is wrong with an entity that several imports have added to.
func CheckNode(x *kg.Node) error {
	if len(x.Aliases) > MaxAliases || len(x.ExternalIDs) > MaxAliases {
		return kg.Errorf(kg.Conflict,
			"%s would have more than %d aliases or external ids with those it has already; clear some with null first", x.ID, MaxAliases)
	}
	if len(x.FormerIDs) > MaxFormer {
		return kg.Errorf(kg.Conflict, "%s would have more than %d former ids with those it has already", x.ID, MaxFormer)
	}
	return nil
}

// CheckSource reports what is wrong with a source that several imports have added to.
func CheckSource(x *kg.Source) error {
	if len(x.Authors) > MaxAliases {
		return kg.Errorf(kg.Conflict,
			"%s would have more than %d authors with those it has already; clear some with null first", x.ID, MaxAliases)
	}
	return nil
}

// CheckLink reports what is wrong with a link that several imports have added to.
func CheckLink(x *kg.Link) error {
	if len(x.Evidence) > MaxEvidence {
		return kg.Errorf(kg.Conflict,
			"the link %s would have more than %d pieces of evidence with those it has already", x.ID, MaxEvidence)
	}
	words := 0
	for i := range x.Evidence {
		e := &x.Evidence[i]
		words += len(e.Excerpt) + len(e.Prefix) + len(e.Suffix)
	}
	if words > maxWords && len(x.Evidence) > 1 {
		return kg.Errorf(kg.Conflict, "the link %s would have more than %d KiB of evidence with what it has already",
			x.ID, maxWords>>10)
	}
	if x.Since != "" && x.Until != "" {
		from, _ := x.Since.Interval()
		if _, to := x.Until.Interval(); from > to {
			return kg.Errorf(kg.Conflict,
				"the link %s would end (%s) before it begins (%s): one of the two is in the store, write both", x.ID, x.Until, x.Since)
		}
	}
	return nil
}
