package kg

import (
	"math"
	"strings"
	"unicode/utf16"
)

// ValueKind says which part of a Value counts.
type ValueKind uint8

// The kinds of value a property can have.
const (
	Null ValueKind = iota
	String
	Int
	Float // Int holds the bits
	Bool  // Int is 0 or 1
	List  // Str holds the items, joined by NUL
)

// Value is one property of one record. It is small and holds no interface, so that a page of a thousand
// properties costs one allocation and not a thousand.
type Value struct {
	Str  string
	Int  int64
	Kind ValueKind
}

// StringValue is s, or Null for "": no property of ours tells the two apart.
func StringValue(s string) Value {
	if s == "" {
		return Value{}
	}
	return Value{Kind: String, Str: s}
}

// IntValue is n.
func IntValue(n int64) Value { return Value{Kind: Int, Int: n} }

// FloatValue is f.
func FloatValue(f float64) Value { return Value{Kind: Float, Int: int64(math.Float64bits(f))} }

// Float is the number of a Float value.
func (v Value) Float() float64 { return math.Float64frombits(uint64(v.Int)) }

// BoolValue is b.
func BoolValue(b bool) Value {
	if b {
		return Value{Kind: Bool, Int: 1}
	}
	return Value{Kind: Bool}
}

// PropValue returns the value of an own property of an entity, as Node.Props holds it.
func PropValue(v any) Value {
	switch v := v.(type) {
	case string:
		return StringValue(v)
	case int64:
		return IntValue(v)
	case float64:
		return FloatValue(v)
	case bool:
		return BoolValue(v)
	}
	return Value{}
}

// TimeValue is t in the contract's form, or Null for 0.
func TimeValue(t Time) Value {
	if t == 0 {
		return Value{}
	}
	return Value{Kind: String, Str: t.String()}
}

// ListValue is a list of strings, none of which holds NUL or is "" (an empty list has no items).
func ListValue(items []string) Value {
	return Value{Kind: List, Str: strings.Join(items, "\x00")}
}

// ExternalIDsValue is a list of three items for each id: scheme, value, url ("-" for none, so that no item is empty).
func ExternalIDsValue(ids []ExternalID) Value {
	items := make([]string, 0, 3*len(ids))
	for _, x := range ids {
		url := x.URL
		if url == "" {
			url = "-"
		}
		items = append(items, x.Scheme, x.Value, url)
	}
	return ListValue(items)
}

// Items are the items of a List value.
func (v Value) Items() []string {
	if v.Str == "" {
		return nil
	}
	return strings.Split(v.Str, "\x00")
}

// Row is one record of an answer: an entity, a link, a piece of evidence or a source. Vals follow Sel.Props of the
// plan, Children follow Sel.Children; a child that does not apply to the row's type is the zero Page.
type Row struct {
	Vals     []Value
	Children []Page
	Type     uint8 // index of the type in the catalogue; 0 = no record
}

// Highlight is a text of a record in which words of a search stand, and where: see text.Highlight.
type Highlight struct {
	Field, Text string
	Ranges      []Range
}

// Range is a part of a text in units of UTF-16.
type Range struct{ Start, End int }

// Marked returns the text with begin and end around each of its words. Ranges beyond the text are cut, as another
// server may have sent them.
func (h *Highlight) Marked(begin, end string) string {
	units, at := utf16.Encode([]rune(h.Text)), 0
	part := func(from, to int) string {
		return string(utf16.Decode(units[min(from, len(units)):min(max(from, to), len(units))]))
	}
	var b strings.Builder
	for _, r := range h.Ranges {
		b.WriteString(part(at, r.Start) + begin + part(r.Start, r.End) + end)
		at = r.End
	}
	return b.String() + part(at, len(units))
}

// Edge is one entry of a page.
type Edge struct {
	Node Row
	Link Row // for link connections, when the plan wants it
	// Keys are the values of the page's order at this edge, tie-break last; filled where the plan wants cursors.
	Keys []Value
	// Because are the links a derived edge rests on, as many as the plan asks for.
	Because []Row
	// Highlights are what a search shows of the record.
	Highlights []Highlight
	// Weight is a derived edge's number of chains, or a search edge's score in hundredths.
	Weight int64
	// Out: the link runs from the entity whose links are listed.
	Out bool
}

// Page is the answer to one field that needs the graph. A single record is a page of one edge.
type Page struct {
	Edges   []Edge
	Facets  []Facet // follow Want.Facets of the plan
	Total   int64   // filled when the plan wants it
	HasNext bool
	HasPrev bool
}

// Facet is one way a list divides: at most 100 buckets, largest first, ties by key.
type Facet struct {
	Buckets []Bucket
}

// Bucket is one value of a facet.
type Bucket struct {
	Key   string
	Count int64
	Node  Row // of the entity or source that Key is the id of, when the plan wants it
}

// Stats is how much is in the graph.
type Stats struct {
	// Version names the state of the graph, where that was asked for. It is no store's to fill in.
	Version              string
	Entities, Links      []Bucket // every type and kind of the catalogue, in its order, also those with none
	Sources              int64
	LinksWithoutEvidence int64 // links that no source supports: those that are REFUTED among them
	RefutedLinks         int64 // of these alone: Links does not count them
	UnverifiedExcerpts   int64
}

// Result is the answer to one plan.
type Result struct {
	Page
	Stats *Stats
	// Corrupt are errors, with code Corrupt, for what the store holds in a form that is not ours: the field is Null
	// then, and a record that cannot be without it is left out.
	Corrupt []error
	// RoundTrips is how often the store was asked: 1 on Neo4j, at most one for each level of the plan on SQLite.
	RoundTrips int
	// Release, unless nil, returns the memory of the rows to the store. Whoever has read the result may call it, once;
	// of the result only strings may be used afterwards.
	Release func()
}

// Own copies the texts that a result shares with its store, so that it holds whatever becomes of the store's.
func (r *Result) Own() { r.own() }

func (p *Page) own() {
	for i := range p.Edges {
		e := &p.Edges[i]
		e.Node.own()
		e.Link.own()
		ownValues(e.Keys)
		for j := range e.Because {
			e.Because[j].own()
		}
		for j := range e.Highlights {
			h := &e.Highlights[j]
			h.Field, h.Text = strings.Clone(h.Field), strings.Clone(h.Text)
		}
	}
	for i := range p.Facets {
		for j := range p.Facets[i].Buckets {
			b := &p.Facets[i].Buckets[j]
			b.Key = strings.Clone(b.Key)
			b.Node.own()
		}
	}
}

func (r *Row) own() {
	ownValues(r.Vals)
	for i := range r.Children {
		r.Children[i].own()
	}
}

func ownValues(values []Value) {
	for i := range values {
		values[i].Str = strings.Clone(values[i].Str)
	}
}
