// Package plan is the tree a GraphQL operation is compiled to, one for each root field: where to start, what to
// follow, which properties are wanted, in which order and page. A store answers a whole plan in one Fetch. The tree
// holds no GraphQL and no query language; text in filters is already folded, dates are intervals, cursors decoded.
package plan

import (
	"strconv"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/text"
)

// Start says where a plan begins.
type Start uint8

// The ways a plan begins.
const (
	// ByID reads one record: IDs[0]; at most one edge.
	ByID Start = iota
	// ByIDs reads several: one edge for each of IDs, in their order; an edge with Node.Type 0 where there is none.
	ByIDs
	// ByRef reads the record Refs[0] names; at most one edge; AmbiguousRef when it names several of Types.
	ByRef
	// Everything lists all records of Types (entities, or sources alone) that fit Root's filter, in its order and page.
	Everything
	// EveryLink lists all links that fit Root's Links, in its order and page; Node is the link's To, as of LinksOf.
	EveryLink
	// Search lists what fits Query.Search among Types, best first: order of keys: score (desc), NAME, id.
	Search
	// Statistics fills Result.Stats and nothing else.
	Statistics
	// Traced is ByIDs, where the ids come from a search over the graph: see Walk and package trace. No store sees it.
	Traced
)

// Query is one plan.
type Query struct {
	Start Start
	IDs   []string
	// Refs are the entities the plan names, in the root (ByRef: Refs[0]) and in filters (by index). Each is resolved
	// within the same round trip, whatever stands around it in its filter: one that fits several entities is
	// AmbiguousRef, one of a filter that names nothing is NotFound. The first that is wrong counts, that of ByRef last.
	Refs []Ref
	// Types are the types of record wanted; a record of another type is as good as none.
	Types catalog.TypeSet
	// Search is what a Search looks for. Of more than text.MaxQueryWords words the rarest count: see
	// text.Search.Rarest.
	Search text.Search
	// Root is the page, filter, order and selection of the records found. ByID, ByIDs, ByRef and Search ignore what
	// does not apply to them.
	Root Field
	// MaxRows bounds the rows of all levels together; beyond it Fetch fails with CostLimit. 0 = no bound.
	MaxRows int
	// Memo is where a store keeps what it compiled for this plan's shape; nil when the plan is not cached. Plans that
	// share a Memo and a Variant are alike but for the values in them.
	Memo *Memo
}

// Ref names one entity (or source): exactly one of ID, Name, Scheme+Value, URL is set; only a source has a URL. A name
// or alias of an entity whose names are titles (catalog.Type.Titled) gives way: it is meant where no entity of another
// of the Types has that name or alias.
type Ref struct {
	ID            string
	Name          string // as given, for messages
	NameKey       string // text.Fold(Name)
	Scheme, Value string
	URL           string
	// Types it may be of; a name is looked for only among them. Where there are none, nothing is meant.
	Types catalog.TypeSet
	// At is the way to the argument that it stands in, for errors: paths.via[1].
	At string `json:"-"`
}

// RefError is the cause of an error about a reference: its index in Query.Refs or Walk.Refs. Stores do not say where
// the reference stands, as what they found out may be told to others who name the same entities elsewhere.
type RefError int

func (i RefError) Error() string { return "reference " + strconv.Itoa(int(i)) }

// Ambiguous is the error for Refs[i], which names several, total in all: see kg.Ambiguous.
func Ambiguous(refs []Ref, i, total int, candidates []kg.Candidate) *kg.Error {
	err := kg.Ambiguous(refs[i].Given(), total, candidates)
	err.Err = RefError(i)
	return err
}

// NamesNothing is the error for Refs[i], which names nothing.
func NamesNothing(i int) *kg.Error {
	return kg.Wrap(kg.NotFound, RefError(i), "a reference names nothing")
}

// Given returns what names it, for messages; "" for an id.
func (r *Ref) Given() string {
	if r.Scheme != "" {
		return r.Scheme + ":" + r.Value
	}
	return r.Name + r.URL
}

// Among is r where only these types can stand. An id means what it means.
func (r Ref) Among(types catalog.TypeSet) Ref {
	if r.ID == "" {
		r.Types &= types
	}
	return r
}

// Follow says how a field leads from a record to others.
type Follow uint8

// The ways to follow.
const (
	Links      Follow = iota // entity → links of Kinds in the directions Out, In whose other end is of Other
	LinkCount                // entity → Total only: links that fit Filter
	Derived                  // entity → nodes over chains; keys: weight (desc), NAME, id
	From                     // link → the entity it starts at
	To                       // link → the entity it ends at
	EvidenceOf               // link → its evidence: see EvidenceOrder; keys: position, id
	SourceOf                 // evidence → its source
	LinkOf                   // evidence → its link
	LinksOf                  // source → the links it supports or refutes; Node is the link's To; order: NAME, link id
)

// EvidenceOrder returns what the pieces of a link's evidence are ordered by, least first: the first and then the last
// day of the source's publishedOn, sources without one last. Pieces with equal keys stand as they are stored.
func EvidenceOrder(publishedOn kg.PartialDate) int64 {
	from, to := publishedOn.Interval()
	return DateKey(from, to, publishedOn != "", false)
}

// Field is one thing followed from a record, or the root.
type Field struct {
	Follow Follow
	// On are the types of record it applies to (an inline fragment's); a row of another type gets the zero Page.
	On       catalog.TypeSet
	Kinds    catalog.KindSet // Links, LinkCount
	Out, In  bool            // Links, LinkCount
	Other    catalog.TypeSet // Links, Derived
	Derived  *catalog.DerivedField
	Links    *LinkFilter   // Links, LinkCount, LinksOf; Derived: of every hop, Other being where it leads
	Entities *EntityFilter // the root of Everything
	// Order is without the tie-break: the id of the link (Links, LinksOf) or of the record, which runs the way of the
	// last key. Empty is ByName.
	Order    []Order
	Page     Paging
	Binding  uint32 // what the cursors of this list are bound to: see AppendCursor
	Want     Want
	Node     *Sel   // what is wanted of the node at the other end; nil = nothing
	Link     *Sel   // what is wanted of the link of each edge; nil = nothing
	Stance   string // EvidenceOf: only pieces with this stance, which keep their positions; "" = all
	Because  *Sel   // Derived: what is wanted of the links an edge rests on; nil = nothing
	BecauseN int    // at most so many of them
}

// Want says which parts of a page are wanted, so that nothing else is read.
type Want struct {
	Rows      bool // Edges
	Cursors   bool // Keys on the edges
	Total     bool
	More      bool // HasNext and HasPrev
	Highlight bool // Search: Edge.Highlights
	Facets    []FacetWant
}

// FacetWant is one facet wanted.
type FacetWant struct {
	By    FacetBy
	Node  *Sel // what is wanted of Bucket.Node; nil = nothing
	Group int  // which of the selection's facets fields asked for it; stores pass over it
}

// FacetBy is what a facet counts by.
type FacetBy uint8

// The facets. On links: ByKind, ByRole, ByOtherType, BySource, ByYear. On entities and what a search finds: ByType,
// ByTheme, ByInstitution, BySource, ByYear. On sources: BySourceKind, ByPublisher, ByAuthor, ByYear, ByTheme,
// ByInstitution. Those by source, theme and institution have nodes.
const (
	ByKind      FacetBy = iota // key: kind
	ByRole                     // key: role as written; links without one do not count
	ByOtherType                // key: type's enum value
	// key: source id; each entry counts once for each source that supports it, or a link of it; a source, for itself
	BySource
	ByYear        // key: year in four digits: of a link's since, of an entity's or source's date
	ByType        // key: type's enum value
	ByTheme       // key: theme id: themes one link away; of a type with a derived field of themes, those
	ByInstitution // key: institution id: institutions one link away
	BySourceKind  // key: kind
	ByPublisher   // key: publisher as written; sources without one do not count
	ByAuthor      // key: author as written; each source counts once for each different one
)

// Named reports whether the keys of a facet are ids, whose records can be wanted.
func (by FacetBy) Named() bool { return by == ByTheme || by == ByInstitution || by == BySource }

// MaxBuckets is how many buckets a facet has at most.
const MaxBuckets = 100

// Sel is what is wanted of a record.
type Sel struct {
	// Props are wanted on whatever type has them; Row.Vals follows them, Null where the type has none such.
	Props    []*catalog.Prop
	Children []*Field
}

// OrderBy is what a list is ordered by.
type OrderBy uint8

// The keys of an order and the value each has in kg.Edge.Keys. Nothing known comes last either way: it has kg.MaxDay in
// ascending order and kg.MinDay in descending.
const (
	// ByName: text.SortKey of the name of the entity, of a source's title, of the node at the other end of a link.
	// String.
	ByName OrderBy = iota
	// ByDate: two keys in one: Int from*1e8+to of the entity's date interval: the first day of DateProp and the last
	// day of UntilProp; where one of them is absent, those of the other (see kg.Span).
	ByDate
	// ByLinkCount: how many links touch the entity, or rest on the source. Int.
	ByLinkCount
	// ByUpdated: milliseconds. Sources have none: Int 0.
	ByUpdated
	// BySince: as ByDate, of the link's since alone.
	BySince
	// ByUntil: as ByDate, of the link's until alone.
	ByUntil
	// BySourceCount: how many different sources support the link. Int.
	BySourceCount
	// ByPageRank, ByBetweenness: the score of the root's entities in trace.Units. Int. Package graph sorts by it: no
	// store sees it.
	ByPageRank
	ByBetweenness
)

// Order is one key of an order.
type Order struct {
	By   OrderBy
	Desc bool
}

// DateKey is the order key of an interval, or of none (known false).
func DateKey(from, to kg.Day, known, desc bool) int64 {
	switch {
	case known:
		return int64(from)*1e8 + int64(to)
	case desc:
		return int64(kg.MinDay)
	}
	return int64(kg.MaxDay)*1e8 + int64(kg.MaxDay)
}

// StringFilter matches folded text. Every part that is set must hold for one and the same text of a field that has
// several (name and aliases); IsNull false: there is a text; true: there is none, and then nothing else can hold.
type StringFilter struct {
	Eq         *string  // folded
	In         []string // folded; nil = not set, empty = nothing matches
	Contains   *string  // folded
	StartsWith *string  // folded
	IsNull     *bool
}

// TimeFilter matches an instant, in milliseconds since 1970 UTC: later than After, earlier than Before. A record whose
// time is not kept does not match.
type TimeFilter struct{ After, Before *int64 }

// Fits reports whether an instant does.
func (f *TimeFilter) Fits(ms int64) bool {
	return (f.After == nil || ms > *f.After) && (f.Before == nil || ms < *f.Before)
}

// NumberFilter matches a number. Every part that is set must hold; IsNull as in StringFilter.
type NumberFilter[N int64 | float64] struct {
	Eq, Gte, Lte *N
	IsNull       *bool
}

// Filters of numbers: IntFilter matches a whole number, FloatFilter any.
type (
	IntFilter   = NumberFilter[int64]
	FloatFilter = NumberFilter[float64]
)

// BoolFilter matches what is true or false. Every part that is set must hold; IsNull as in StringFilter.
type BoolFilter struct{ Eq, IsNull *bool }

// PropFilter matches a property of a record, which it has none of where its type has no such property; or whether the
// words of a quotation are verified. One of its conditions is set: that of the kind of Prop.
type PropFilter struct {
	Prop *catalog.Prop
	// Text is of a Text, or of Texts, of which one and the same must fit. Values of an enum are compared as they are,
	// and not folded: then Text has Eq, In and IsNull alone.
	Text  *StringFilter
	Date  *DateFilter
	Int   *IntFilter
	Float *FloatFilter
	Bool  *BoolFilter
}

// DateFilter matches a date interval [a, b] against [From, To]: POSSIBLE when they overlap, CERTAIN when [a, b] lies
// inside. A record without a date matches neither; for links see LinkFilter.During. IsNull as in StringFilter.
type DateFilter struct {
	From, To kg.Day // MinDay, MaxDay where open
	Bounded  bool   // From or To was given
	Certain  bool
	IsNull   *bool
}

// LinkFilter matches links. Every part that is set must hold. An empty Or matches nothing, an empty And everything.
//
// A REFUTED link matches only a filter that names REFUTED: in Standing, be it the filter's own or that of a part of it
// in And, Or or Not. For every other filter, and for none, there is no such link. Where REFUTED is named, the parts
// decide as they do of any link: Not {Standing: [REFUTED]} is as good as no filter, Not {Standing: [DISPUTED]} matches
// SUPPORTED links alone, and Or {Standing: [REFUTED]}, {Kinds: [SAID]} matches REFUTED links of every kind and those of
// kind SAID of every standing. What has no LinkFilter (facets of entities, numbers of links, a LinkedTo without) never
// sees a REFUTED link.
type LinkFilter struct {
	And, Or []*LinkFilter // nil = not set
	Not     *LinkFilter
	IDs     []string // nil = not set, empty = nothing matches
	Kinds   *catalog.KindSet
	Role    *StringFilter
	Other   *EntityFilter // of the other end; for LinksOf, of To
	// AsOf: the link's interval [since, until] overlaps it, where a missing since or until is open.
	AsOf *DateFilter
	// During: POSSIBLE: the link's interval overlaps it, a missing side being open. CERTAIN: both sides are known and
	// the interval lies inside. IsNull true: neither side is known; false: one is.
	During     *DateFilter
	Sources    []string      // nil = not set; one of these ids is a source that supports the link
	MinSources *int64        // at least so many different sources support it
	Standing   []kg.Standing // nil = not set, empty = nothing matches
	// Verified: true: every excerpt of the link, whatever its stance, is verified; false: at least one is not, be it
	// that its source's text is not held.
	Verified         *bool
	Created, Updated *TimeFilter
}

// EntityFilter matches entities, and sources: their name is the title, text is the title alone, linkCount the number of
// links that rest on them, linkedTo a link that rests on them and touches the entity; they have no external ids and no
// times. Every part that is set must hold.
type EntityFilter struct {
	And, Or []*EntityFilter // nil = not set; an empty Or matches nothing
	Not     *EntityFilter
	IDs     []string // nil = not set, empty = nothing matches
	// ExternalIDs are likewise; one of them is among those of the entity, scheme and value.
	ExternalIDs [][2]string
	Types       *catalog.TypeSet
	Name        *StringFilter // name or an alias
	Text        *StringFilter // name, an alias, the description, a searchable property; IsNull looks at the last two only
	// from the first day of DateProp to the last day of UntilProp; of either where the other is absent
	Date             *DateFilter
	LinkedTo         *LinkedTo
	LinkCount        *IntFilter
	Created, Updated *TimeFilter
	Props            []*PropFilter
}

// LinkedTo matches entities that have a link of these kinds, in either direction, to an entity that fits.
type LinkedTo struct {
	Ref   int // index into Query.Refs, or -1
	Kinds *catalog.KindSet
	// Link is a filter that the link must fit beside its kind. Its Other is the entity at the other end; for links that
	// rest on a source, the end that Where looks at. nil = any link that is not REFUTED.
	Link  *LinkFilter
	Where *EntityFilter
}
