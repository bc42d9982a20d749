// Package catalog says what the graph can hold: node types, their properties, link kinds and the fields that follow
// links. It is read from the schema at start (see schema.graphqls), so a type or kind declared there is known to
// stores, search, import, export and the pages without another line of code.
package catalog

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/throughline/throughline/internal/contract"
	"github.com/throughline/throughline/internal/kg"
)

// TypeSet is a set of types by their index.
type TypeSet uint64

// Has reports whether the type with this index is in the set.
func (s TypeSet) Has(index uint8) bool { return s&(1<<index) != 0 }

// Len is the number of types in the set.
func (s TypeSet) Len() int { return bits.OnesCount64(uint64(s)) }

// KindSet is a set of link kinds by their index.
type KindSet uint64

// Has reports whether the kind with this index is in the set.
func (s KindSet) Has(index uint8) bool { return s&(1<<index) != 0 }

// Len is the number of kinds in the set.
func (s KindSet) Len() int { return bits.OnesCount64(uint64(s)) }

// Type is one kind of record: an entity type, or Source, Link or Evidence.
type Type struct {
	Name  string // in the schema and as the label in Neo4j: "Person"
	Enum  string // in EntityType: "PERSON"; "SOURCE", "LINK", "EVIDENCE" for the others
	Index uint8  // from 1; entity types first, in the order of EntityType, then Source, Link, Evidence
	// Props are the type's own properties, in the order of the schema: for entities without the common ones.
	Props []*Prop
	// DateProp and UntilProp are the own properties that make the entity's date interval; nil when it has none.
	DateProp, UntilProp *Prop
	// Timeline is what a node with a date is on a timeline, a value of TimelineKind; "" when it is on none.
	Timeline string
	// Quoted is set where the type's nodes are quotations.
	Quoted *Quoted
	// Titled reports whether its names are titles, which give way to the names of entities of other types: see
	// plan.Ref.
	Titled bool
	// Pronoun is what a sentence calls such a node: "who", "which".
	Pronoun string
	// Plural is the root field that lists this type, and Filter the input that filters it: "people", "PersonFilter"; ""
	// for Link and Evidence.
	Plural, Filter string
}

// Quoted names the properties and kinds of link by which the words of a type of quotation are verified.
type Quoted struct {
	Words *Prop // the property that holds them
	// the one that reports whether they stand where they are quoted from; it is found out, and none of Type.Props
	Verified *Prop
	Kinds    KindSet // of the links to such a node whose supporting sources are what it is quoted from
}

// sourceEnum is the EntityType of sources.
const sourceEnum = "SOURCE"

// IsEntity reports whether links can join records of this type.
func (t *Type) IsEntity() bool {
	return t.Enum != sourceEnum && t.Enum != "LINK" && t.Enum != "EVIDENCE"
}

// PropKind is what a property holds.
type PropKind uint8

// The kinds of property.
const (
	Text  PropKind = iota // String, ID, URL, an enum
	Date                  // PartialDate
	Int                   // Int
	Float                 // Float
	Bool                  // Boolean
	Texts                 // [String!]
	ExternalIDs
	DateTime
)

// Prop is one property by its field name. A name means the same thing on every type that has it.
type Prop struct {
	Name       string
	Index      uint16 // over all types, from 0
	Kind       PropKind
	Searchable bool
	Required   bool // it is never null, on whatever type has it
	Own        bool // it is declared in a file of own types
	// Type is the name of its type in the schema: "String", "URL", the name of an enum.
	Type string
	// Enum are the values of that enum; nil when it is none.
	Enum []string
}

// Kind is one kind of link.
type Kind struct {
	Name     string // "AFFILIATED_WITH": the relationship type in Neo4j
	Index    uint8  // from 0, in the order of LinkKind
	From, To TypeSet
	// Phrase are the words from the name of a link's start to that of its end, Inverse those the other way. Past and
	// PastInverse are the same of a link that has ended.
	Phrase, Inverse, Past, PastInverse string
}

// LinkField is a field that lists the nodes at the other end of links.
type LinkField struct {
	Owner *Type
	Name  string
	Kinds KindSet
	Out   bool    // links that run from the owner
	Other TypeSet // types the other end can have
}

// DerivedField is a field that lists nodes reached over chains of two links, every hop in one direction.
type DerivedField struct {
	Owner  *Type
	Name   string
	Chains [][2]*Kind // from the owner outwards
	Out    bool       // every hop runs away from the owner
	Other  *Type
}

// Catalog is what the graph can hold.
type Catalog struct {
	Schema   *ast.Schema
	Public   *ast.Schema // as clients get it
	SDL      string      // its text, whole
	Types    []*Type     // entities only, by Index-1
	Source   *Type
	Link     *Type
	Evidence *Type
	Kinds    []*Kind
	Props    []*Prop // all, by Index
	// Entities are all entity types.
	Entities TypeSet
	// Own are the names that files of own types declare: see OwnType, OwnKind and OwnProp.
	Own map[string]bool
	// Quoting are the kinds of link whose supporting sources an entity is quoted from.
	Quoting KindSet

	byName  map[string]*Type
	byEnum  map[string]*Type
	kinds   map[string]*Kind
	props   map[string]*Prop
	links   map[string]*LinkField
	derived map[string]*DerivedField
	all     []*Type // by Index; all[0] is nil
	ours    *ast.Source
	first   map[string]*ast.Position // where each property is declared first
}

// Names of pseudo-properties of a link: what a sentence is made of.
const (
	FromName = "fromName"
	ToName   = "toName"
)

// SourceText is the property that Source.text reads. It has a name that no field can have: the text of another type is
// short, and read with the rest of a record.
const SourceText = "Source.text"

// Parse reads a schema, ours first and own types behind it, and completes it by rule: see package contract. Its errors
// name the place in the schema, for whoever edits it.
func Parse(name, sdl string, own ...*ast.Source) (*Catalog, error) {
	ours := &ast.Source{Name: name, Input: sdl}
	whole, err := contract.Parse(append([]*ast.Source{ours}, own...)...)
	if err != nil {
		return nil, err
	}
	schema := whole.Schema
	c := &Catalog{
		Schema: schema, Public: whole.Public, SDL: whole.SDL, ours: ours, first: map[string]*ast.Position{},
		byName: map[string]*Type{}, byEnum: map[string]*Type{}, kinds: map[string]*Kind{},
		props: map[string]*Prop{}, links: map[string]*LinkField{}, derived: map[string]*DerivedField{}, all: []*Type{nil},
	}
	enum, kinds := schema.Types["EntityType"], schema.Types["LinkKind"]
	if enum == nil || kinds == nil {
		return nil, fmt.Errorf("schema has no enum EntityType or no enum LinkKind")
	}
	for _, v := range enum.EnumValues {
		if v.Name == sourceEnum { // what a search finds beside entities
			continue
		}
		if err := c.addType(typeName(schema, v.Name), v.Name); err != nil {
			return nil, err
		}
	}
	c.Types = c.all[1:]
	for _, t := range c.Types {
		c.Entities |= 1 << t.Index
	}
	for _, n := range []string{"Source", "Link", "Evidence"} {
		if err := c.addType(n, strings.ToUpper(n)); err != nil {
			return nil, err
		}
	}
	c.Source, c.Link, c.Evidence = c.byName["Source"], c.byName["Link"], c.byName["Evidence"]
	for _, n := range []string{FromName, ToName} {
		p, err := c.prop(n, Text, false)
		if err != nil {
			return nil, err
		}
		c.Link.Props = append(c.Link.Props, p)
	}
	for _, v := range kinds.EnumValues {
		if err := c.addKind(v); err != nil {
			return nil, err
		}
	}
	for _, t := range c.Types {
		for _, f := range schema.Types[t.Name].Fields {
			if err := c.addField(t, f); err != nil {
				return nil, err
			}
		}
	}
	for _, f := range schema.Query.Fields {
		if conn := schema.Types[f.Type.Name()]; conn != nil && f.Arguments.ForName("where") != nil {
			if t := c.byName[strings.TrimSuffix(conn.Name, "Connection")]; t != nil && t != c.Link {
				t.Plural, t.Filter = f.Name, f.Arguments.ForName("where").Type.Name()
			}
		}
	}
	c.findOwn()
	if len(c.all) > 64 {
		last := schema.Types[c.Types[len(c.Types)-1].Name]
		return nil, gqlerror.ErrorPosf(last.Position, "schema has %d types of entity, at most 60 fit", len(c.Types))
	}
	if len(c.Kinds) > 64 {
		return nil, gqlerror.ErrorPosf(kinds.EnumValues[len(c.Kinds)-1].Position,
			"schema has %d kinds of link, at most 64 fit", len(c.Kinds))
	}
	return c, nil
}

// EnumOf is the value of EntityType that stands for a type: NewsItem, NEWS_ITEM.
func EnumOf(typeName string) string { return contract.Enum(typeName) }

// OwnType is the name by which a store remembers that it holds entities of a type.
func OwnType(name string) string { return "type " + name }

// OwnKind is the same of a kind of link.
func OwnKind(name string) string { return "kind " + name }

// OwnEnds returns the name by which a store remembers what links of a kind join, "" for a kind of ours.
func (c *Catalog) OwnEnds(kind string) string {
	if k := c.kinds[kind]; k != nil && c.Own[OwnKind(kind)] {
		return fmt.Sprintf("ends %s %s %s", kind, strings.Join(c.Enums(k.From), ","), strings.Join(c.Enums(k.To), ","))
	}
	return ""
}

// OwnProp is the same of a property, with what it holds.
func OwnProp(typeName, prop string, kind PropKind) string {
	return fmt.Sprintf("property %s.%s %d", typeName, prop, kind)
}

// OwnValue is the same of a value of an enum that a property has.
func OwnValue(typeName, prop, value string) string {
	return fmt.Sprintf("value %s.%s %s", typeName, prop, value)
}

// findOwn lists what is declared elsewhere than in our schema.
func (c *Catalog) findOwn() {
	c.Own = map[string]bool{}
	own := func(p *ast.Position) bool { return p != nil && p.Src != c.ours }
	for _, t := range c.Types {
		def := c.Schema.Types[t.Name]
		if own(def.Position) {
			c.Own[OwnType(t.Name)] = true
		}
		for _, p := range t.Props {
			if own(def.Fields.ForName(p.Name).Position) {
				c.Own[OwnProp(t.Name, p.Name, p.Kind)] = true
				for _, v := range p.Enum {
					c.Own[OwnValue(t.Name, p.Name, v)] = true
				}
			}
		}
	}
	for _, v := range c.Schema.Types["LinkKind"].EnumValues {
		if own(v.Position) {
			c.Own[OwnKind(v.Name)] = true
			c.Own[c.OwnEnds(v.Name)] = true
		}
	}
}

// typeName finds the object type an EntityType value stands for: PERSON → Person, NEWS_ITEM → NewsItem.
func typeName(schema *ast.Schema, enum string) string {
	for name := range schema.Types {
		if strings.EqualFold(name, strings.ReplaceAll(enum, "_", "")) {
			return name
		}
	}
	return enum
}

func (c *Catalog) addType(name, enum string) error {
	def := c.Schema.Types[name]
	if def == nil || def.Kind != ast.Object {
		return fmt.Errorf("schema has no object type for %s", enum)
	}
	t := &Type{Name: name, Enum: enum, Index: uint8(len(c.all))}
	entity := t.IsEntity()
	if entity != (def.Directives.ForName(contract.Node) != nil) && t.Enum != sourceEnum {
		return gqlerror.ErrorPosf(def.Position, "type %s: an EntityType needs @graphNode, and nothing else may have it",
			name)
	}
	common := map[string]bool{}
	if entity {
		for _, f := range c.Schema.Types["Entity"].Fields {
			common[f.Name] = true
		}
	}
	for _, f := range def.Fields {
		kind, ok := propKind(c.Schema, f)
		if !ok || enum == sourceEnum && f.Name != "id" && c.Schema.Types["SearchHit"].Fields.ForName(f.Name) != nil {
			continue // what a source has as a hit is made of its own properties
		}
		prop := f.Name
		if enum == sourceEnum && prop == "text" {
			prop = SourceText
		}
		p, err := c.prop(prop, kind, f.Directives.ForName(contract.Searchable) != nil)
		if err == nil {
			switch of := f.Type.Name(); {
			case c.first[prop] == nil:
				c.first[prop] = f.Position
				p.Type, p.Own = of, f.Position != nil && f.Position.Src != c.ours
				if d := c.Schema.Types[of]; d.Kind == ast.Enum {
					for _, v := range d.EnumValues {
						p.Enum = append(p.Enum, v.Name)
					}
				}
			case p.Type != of && (p.Own || f.Position.Src != c.ours):
				err = declaredTwice(prop)
			}
		}
		if err != nil {
			at := f.Position
			if first := c.first[prop]; first != nil && first.Src != c.ours {
				at = first // whoever reads this can change what is their own
			}
			return gqlerror.ErrorPosf(at, "%s.%s: %s", name, f.Name, err)
		}
		p.Required = p.Required && f.Type.NonNull
		if !common[f.Name] && f.Directives.ForName(contract.Verbatim) == nil {
			t.Props = append(t.Props, p)
		}
	}
	t.Pronoun = "which"
	if d := def.Directives.ForName(contract.Node); d != nil {
		if len(def.Directives.ForNames(contract.Node)) > 1 {
			return gqlerror.ErrorPosf(d.Position, "type %s: @graphNode stands twice", name)
		}
		if a := d.Arguments.ForName("timeline"); a != nil {
			t.Timeline = a.Value.Raw
			if kinds := c.Schema.Types["TimelineKind"]; kinds == nil || kinds.EnumValues.ForName(t.Timeline) == nil {
				return gqlerror.ErrorPosf(d.Position, "type %s: @graphNode(timeline: %s) is no value of TimelineKind", name,
					t.Timeline)
			}
		}
		if a := d.Arguments.ForName("titled"); a != nil {
			t.Titled = a.Value.Raw == "true"
		}
		if a := d.Arguments.ForName("pronoun"); a != nil {
			if t.Pronoun = a.Value.Raw; strings.TrimSpace(t.Pronoun) == "" {
				return gqlerror.ErrorPosf(d.Position,
					`type %s: @graphNode(pronoun: %q) is no word: write what a sentence goes on with, such as "who" or "which"`, name, t.Pronoun)
			}
		}
		for arg, to := range map[string]**Prop{"date": &t.DateProp, "until": &t.UntilProp} {
			if a := d.Arguments.ForName(arg); a != nil {
				if *to = t.Prop(a.Value.Raw); *to == nil || (*to).Kind != Date {
					return gqlerror.ErrorPosf(d.Position, "type %s: @graphNode(%s: %q) is not a PartialDate field of it",
						name, arg, a.Value.Raw)
				}
			}
		}
		if t.UntilProp != nil && (t.DateProp == nil || t.DateProp == t.UntilProp) {
			return gqlerror.ErrorPosf(d.Position,
				"type %s: @graphNode(until: %q) ends an interval: date names another field, the one that begins it", name, t.UntilProp.Name)
		}
		if t.Timeline != "" && t.DateProp == nil {
			return gqlerror.ErrorPosf(d.Position,
				"type %s: @graphNode(timeline: %s) needs date, the field by which it stands on a timeline", name, t.Timeline)
		}
	}
	c.all = append(c.all, t)
	c.byName[name], c.byEnum[enum] = t, t
	return nil
}

// Prop finds an own property by name, nil when the type has none such.
func (t *Type) Prop(name string) *Prop {
	for _, p := range t.Props {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// Asked finds what a filter of the type's list can ask for by this name: an own property, or whether its words are
// verified; nil for neither.
func (t *Type) Asked(name string) *Prop {
	if p := t.Prop(name); p != nil || t.Quoted == nil || t.Quoted.Verified.Name != name {
		return p
	}
	return t.Quoted.Verified
}

// propKind reports what a field holds, and false for a field that is not a stored property.
func propKind(schema *ast.Schema, f *ast.FieldDefinition) (PropKind, bool) {
	if len(f.Arguments) > 0 || f.Name == "sentence" || f.Name == "version" || strings.HasPrefix(f.Name, "__") {
		return 0, false
	}
	n := f.Type.Name()
	if f.Type.Elem != nil {
		switch n {
		case "String", "ID":
			return Texts, true
		case "ExternalId":
			return ExternalIDs, true
		}
		return 0, false
	}
	switch n {
	case "String", "ID", "URL":
		return Text, true
	case "PartialDate":
		return Date, true
	case "DateTime":
		return DateTime, true
	case "Int":
		return Int, true
	case "Float":
		return Float, true
	case "Boolean":
		return Bool, true
	}
	if d := schema.Types[n]; d != nil && d.Kind == ast.Enum {
		return Text, true
	}
	return 0, false
}

func declaredTwice(name string) error {
	return fmt.Errorf("property %s is declared in two ways: choose another name, or declare it as it is elsewhere",
		name)
}

func (c *Catalog) prop(name string, kind PropKind, searchable bool) (*Prop, error) {
	if p := c.props[name]; p != nil {
		if p.Kind != kind || p.Searchable != searchable {
			return nil, declaredTwice(name)
		}
		return p, nil
	}
	p := &Prop{Name: name, Index: uint16(len(c.Props)), Kind: kind, Searchable: searchable, Required: true}
	c.Props = append(c.Props, p)
	c.props[name] = p
	return p, nil
}

func (c *Catalog) addKind(v *ast.EnumValueDefinition) error {
	d := v.Directives.ForName(contract.Joins)
	if d == nil {
		return gqlerror.ErrorPosf(v.Position, "LinkKind %s has no @graphJoins", v.Name)
	}
	for _, arg := range []string{"from", "to", "phrase", "inverse"} {
		if a := d.Arguments.ForName(arg); a == nil || a.Value.Raw == "" && len(a.Value.Children) == 0 {
			return gqlerror.ErrorPosf(v.Position, "LinkKind %s: @graphJoins needs %s", v.Name, arg)
		}
	}
	k := &Kind{Name: v.Name, Index: uint8(len(c.Kinds))}
	for arg, set := range map[string]*TypeSet{"from": &k.From, "to": &k.To} {
		for _, child := range d.Arguments.ForName(arg).Value.Children {
			t := c.byEnum[child.Value.Raw]
			if t == nil || !t.IsEntity() {
				return gqlerror.ErrorPosf(v.Position, "LinkKind %s: unknown type %s", v.Name, child.Value.Raw)
			}
			*set |= 1 << t.Index
		}
	}
	k.Phrase, k.Inverse = d.Arguments.ForName("phrase").Value.Raw, d.Arguments.ForName("inverse").Value.Raw
	k.Past, k.PastInverse = k.Phrase, k.Inverse
	for arg, words := range map[string]*string{"past": &k.Past, "pastInverse": &k.PastInverse} {
		if a := d.Arguments.ForName(arg); a != nil {
			*words = a.Value.Raw
		}
	}
	c.Kinds = append(c.Kinds, k)
	c.kinds[k.Name] = k
	return nil
}

func (c *Catalog) addField(t *Type, f *ast.FieldDefinition) error {
	at := t.Name + "." + f.Name
	if d := f.Directives.ForName(contract.Link); d != nil {
		lf := &LinkField{Owner: t, Name: f.Name, Out: d.Arguments.ForName("direction").Value.Raw == "OUTGOING"}
		for _, child := range d.Arguments.ForName("kinds").Value.Children {
			k := c.kinds[child.Value.Raw]
			if k == nil {
				return gqlerror.ErrorPosf(f.Position, "%s: unknown kind %s", at, child.Value.Raw)
			}
			own, other := k.From, k.To
			if !lf.Out {
				own, other = other, own
			}
			if !own.Has(t.Index) {
				return gqlerror.ErrorPosf(f.Position, "%s: %s does not join %s in this direction", at, k.Name, t.Enum)
			}
			lf.Kinds |= 1 << k.Index
			lf.Other |= other
		}
		if other := c.byName[strings.TrimSuffix(f.Type.Name(), "LinkConnection")]; other != nil {
			if !lf.Other.Has(other.Index) {
				return gqlerror.ErrorPosf(f.Position, "%s: its links never lead to %s", at, other.Enum)
			}
			lf.Other = 1 << other.Index
		}
		c.links[at] = lf
		return nil
	}
	if d := f.Directives.ForName(contract.Verbatim); d != nil {
		q := &Quoted{Words: t.Prop(d.Arguments.ForName("property").Value.Raw), Verified: c.props[f.Name]}
		if q.Words == nil || q.Words.Kind != Text || q.Verified == nil || q.Verified.Kind != Bool || t.Quoted != nil {
			return gqlerror.ErrorPosf(f.Position,
				"%s: @graphVerbatim is for one Boolean of a type, and names a text of the type", at)
		}
		for _, child := range d.Arguments.ForName("kinds").Value.Children {
			k := c.kinds[child.Value.Raw]
			if k == nil || !k.To.Has(t.Index) {
				return gqlerror.ErrorPosf(f.Position, "%s: %s is no kind of link to %s", at, child.Value.Raw, t.Enum)
			}
			q.Kinds |= 1 << k.Index
		}
		t.Quoted = q
		c.Quoting |= q.Kinds
		return nil
	}
	if d := f.Directives.ForName(contract.Derived); d != nil {
		df := &DerivedField{
			Owner: t, Name: f.Name, Out: d.Arguments.ForName("direction").Value.Raw == "OUTGOING",
			Other: c.byName[strings.TrimSuffix(strings.TrimPrefix(f.Type.Name(), "Derived"), "Connection")],
		}
		if df.Other == nil {
			return gqlerror.ErrorPosf(f.Position, "%s: no node type for %s", at, f.Type.Name())
		}
		chains := d.Arguments.ForName("chains").Value.Children
		if len(chains) == 0 {
			return gqlerror.ErrorPosf(f.Position,
				"%s: chains is empty: write the kinds of link that lead to it, as [[SAID, ABOUT]]", at)
		}
		for _, chain := range chains {
			hops := chain.Value.Children
			if len(hops) != 2 || c.kinds[hops[0].Value.Raw] == nil || c.kinds[hops[1].Value.Raw] == nil {
				return gqlerror.ErrorPosf(f.Position, "%s: a chain is two known kinds of link", at)
			}
			first, second := c.kinds[hops[0].Value.Raw], c.kinds[hops[1].Value.Raw]
			middle := c.Ends(1<<first.Index, 1<<t.Index, df.Out, !df.Out)
			if !c.Ends(1<<second.Index, middle, df.Out, !df.Out).Has(df.Other.Index) {
				return gqlerror.ErrorPosf(f.Position,
					"%s: no links of kind %s and then %s lead from %s to %s in this direction", at, first.Name, second.Name, t.Enum, df.Other.Enum)
			}
			df.Chains = append(df.Chains, [2]*Kind{first, second})
		}
		c.derived[at] = df
	}
	return nil
}

// Type finds a type by its name in the schema ("Person"), nil when there is none.
func (c *Catalog) Type(name string) *Type { return c.byName[name] }

// TypeOf finds a type by its enum value ("PERSON"), nil when there is none.
func (c *Catalog) TypeOf(enum string) *Type { return c.byEnum[enum] }

// Filtered finds the type whose list an input filters ("PersonFilter"), nil when there is none.
func (c *Catalog) Filtered(input string) *Type {
	for _, t := range c.all[1:] {
		if t.Filter == input {
			return t
		}
	}
	return nil
}

// QuotedOf returns what a type, by its enum value, says of the words of its nodes, nil for one whose nodes are no
// quotations.
func (c *Catalog) QuotedOf(enum string) *Quoted {
	if t := c.byEnum[enum]; t != nil {
		return t.Quoted
	}
	return nil
}

// TypeAt is the type with this index, nil for 0 and for indexes out of range.
func (c *Catalog) TypeAt(index uint8) *Type {
	if int(index) >= len(c.all) {
		return nil
	}
	return c.all[index]
}

// Kind finds a kind of link by name, nil when there is none.
func (c *Catalog) Kind(name string) *Kind { return c.kinds[name] }

// Prop finds a property by name over all types, nil when there is none.
func (c *Catalog) Prop(name string) *Prop { return c.props[name] }

// LinkField finds a @graphLink field, nil when the field is none.
func (c *Catalog) LinkField(typeName, field string) *LinkField { return c.links[typeName+"."+field] }

// DerivedField finds a @graphDerived field, nil when the field is none.
func (c *Catalog) DerivedField(typeName, field string) *DerivedField {
	return c.derived[typeName+"."+field]
}

// Enums returns the values of EntityType that stand for these types, in its order.
func (c *Catalog) Enums(set TypeSet) (names []string) {
	for _, t := range c.Types {
		if set.Has(t.Index) {
			names = append(names, t.Enum)
		}
	}
	return names
}

// KindNames returns the names of these kinds, in the order of LinkKind.
func (c *Catalog) KindNames(set KindSet) (names []string) {
	for _, k := range c.Kinds {
		if set.Has(k.Index) {
			names = append(names, k.Name)
		}
	}
	return names
}

// Titled are the types whose names are titles.
func (c *Catalog) Titled() (s TypeSet) {
	for _, t := range c.Types {
		if t.Titled {
			s |= 1 << t.Index
		}
	}
	return s
}

// Ends are the types of entity that a link of these kinds can have at its other end, seen from an entity of one of
// these types.
func (c *Catalog) Ends(kinds KindSet, from TypeSet, out, in bool) (s TypeSet) {
	for _, k := range c.Kinds {
		if !kinds.Has(k.Index) {
			continue
		}
		if out && k.From&from != 0 {
			s |= k.To
		}
		if in && k.To&from != 0 {
			s |= k.From
		}
	}
	return s
}

// AllKinds is the set of all kinds of link.
func (c *Catalog) AllKinds() KindSet { return KindSet(1)<<len(c.Kinds) - 1 }

// Statement holds the parts of a link that its sentence is made of.
type Statement struct {
	From, To     string // names
	Role         string
	Since, Until kg.PartialDate
	Standing     kg.Standing
}

// Words are the words between the names of a link's two ends, in the past when the link has ended. They lead from its
// start to its end when out, and back otherwise.
func (k *Kind) Words(s *Statement, today kg.Day, out bool) string {
	_, last := s.Until.Interval()
	switch ended := last < today; {
	case ended && out:
		return k.Past
	case ended:
		return k.PastInverse
	case out:
		return k.Phrase
	}
	return k.Inverse
}

// Particulars are the role and the dates, each in brackets behind a space.
func (s *Statement) Particulars() string {
	var all string
	for _, x := range [2]string{s.Role, kg.Period(s.Since, s.Until)} {
		if x != "" {
			all += " (" + x + ")"
		}
	}
	return all
}

// Sentence says a link as one English sentence: see Link.sentence of the contract.
func (k *Kind) Sentence(s *Statement, today kg.Day) string {
	sentence := s.From + " " + k.Words(s, today, true) + " " + s.To + s.Particulars()
	switch s.Standing {
	case kg.Disputed:
		sentence += " (disputed)"
	case kg.Refuted:
		sentence = "It is denied that " + sentence
	}
	return sentence + "."
}

// DerivedTo finds the derived field of owner that lists nodes of type other, nil when there is none.
func (c *Catalog) DerivedTo(owner, other *Type) *DerivedField {
	if other == nil {
		return nil
	}
	for _, f := range c.Schema.Types[owner.Name].Fields {
		if d := c.derived[owner.Name+"."+f.Name]; d != nil && d.Other == other {
			return d
		}
	}
	return nil
}
