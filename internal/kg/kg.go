// Package kg holds the words of the domain: nodes, links, evidence, sources, partial dates, and the
// shapes in which a store answers a plan. It imports only the standard library, so that every other
// package can speak it.
package kg

// ID prefixes. An id says what it names, so that looking one up never needs to try every class:
// links begin with "l_", evidence with "e_", sources with "s_"; changes with "h_"; an entity's id never begins
// with any of these. A community, which is in no store, has "c_".
const (
	LinkPrefix      = "l_"
	EvidencePrefix  = "e_"
	SourcePrefix    = "s_"
	CommunityPrefix = "c_"
	ChangePrefix    = "h_"
)

// Node is one entity as it is written, imported and exported. Strings are NFC and hold no NUL.
type Node struct {
	ID          string
	Type        string // EntityType, for example "PERSON"
	Name        string
	Aliases     []string
	Description string // "" = none
	ExternalIDs []ExternalID
	// FormerIDs are the ids of entities that were merged into this one: each means this one.
	FormerIDs []string
	// Props are the type's own properties by field name: string (text and PartialDate), int64 or float64.
	// A property that is not known is absent.
	Props     map[string]any
	CreatedAt Time // 0 = not given
	UpdatedAt Time // 0 = not given
	// Verified reports whether the words of a quotation stand in the stored text of a source that it is quoted from;
	// nil when none is stored, and for other entities. It is found out from links and texts. In an import, false says
	// to take words that do not stand there.
	Verified *bool
	// Clear names the fields that a merging load empties. It is not kept.
	Clear []string
	// Absorbed says that it was given under a former id of what it is written to: see Absorb. It is not kept.
	Absorbed bool
}

// ExternalID is one identifier in another register. URL may be "".
type ExternalID struct {
	Scheme string `json:"scheme"`
	Value  string `json:"value"`
	URL    string `json:"url,omitempty"`
}

// Link is one statement that two entities are connected.
type Link struct {
	ID           string // begins with LinkPrefix
	Kind         string // LinkKind, for example "AFFILIATED_WITH"
	From, To     string // entity ids
	Role         string // "" = none
	Since, Until PartialDate
	Evidence     []Evidence // at least one, in the order given; order is kept
	CreatedAt    Time
	UpdatedAt    Time
	Clear        []string // as Node's
	Absorbed     bool     // as Node's, of one of its ends
	// Minted says that its id was made of what it says. What the store holds under that id was made so too, and may
	// have been corrected since: it gains the evidence and nothing else. It is not kept.
	Minted bool
}

// Evidence is the words of one source for or against a link. Its id is not stored but derived: see EvidenceID.
type Evidence struct {
	Source  string // source id
	Excerpt string
	Prefix  string // "" = none
	Suffix  string // "" = none
	Stance  string // "SUPPORTS" or "REFUTES"
	// Verified reports whether the words stand in the source's stored text, as package rules compares them; nil when no
	// text is stored. It is found out when the evidence is written. In an import, false says to take words that do not
	// stand there.
	Verified *bool
	// Start and End are where the excerpt stands in the text, in code points; 0 unless it is Verified.
	Start, End int
}

// Source is a text that evidence quotes. Text is what excerpts are checked against, byte for byte as it was given; ""
// when only the reference is held.
type Source struct {
	ID          string // begins with SourcePrefix
	Title       string
	URL         string // "" = none
	Kind        string // SourceKind, for example "ARTICLE"
	Publisher   string // "" = none
	Authors     []string
	PublishedOn PartialDate
	Text        string
	Clear       []string // as Node's
}
