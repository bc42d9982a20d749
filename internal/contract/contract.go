// Package contract completes a schema by rule. schema.graphqls declares types, properties, kinds of link, fields that
// follow links, and analyses. This package adds the fields that every entity has, connections and their edges, the
// arguments of lists, and a look-up and a list for each type. go generate and every start use it, so a schema of own
// types is completed as ours is.
package contract

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/rules"
)

// Contract is a schema with everything that follows from what it says.
type Contract struct {
	// Schema is the schema, validated.
	Schema *ast.Schema
	// Public and SDL are the schema as clients get it, and its text: without what says how it lies in the graph.
	Public *ast.Schema
	SDL    string
}

// Parse completes and validates a schema. Its errors name file and line.
func Parse(sources ...*ast.Source) (*Contract, error) {
	e := &expander{names: map[string]*ast.Definition{}, ours: sources[0]}
	for i, src := range sources {
		doc, err := parser.ParseSchema(src)
		if err != nil {
			return nil, err
		}
		if i > 0 && len(doc.Definitions)+len(doc.Extensions)+len(doc.Directives)+len(doc.Schema)+len(doc.SchemaExtension) == 0 {
			return nil, gqlerror.ErrorPosf(&ast.Position{Src: src, Line: 1, Column: 1}, "nothing is declared: %s", may)
		}
		if err := e.add(doc, i > 0); err != nil {
			return nil, err
		}
	}
	if err := e.expand(); err != nil {
		return nil, err
	}
	all, err := parser.ParseSchema(validator.Prelude)
	if err != nil {
		return nil, err
	}
	// nothing is answered in parts, and a directive that is declared and without effect would be taken at its word
	all.Directives = slices.DeleteFunc(all.Directives,
		func(d *ast.DirectiveDefinition) bool { return d.Name == "defer" })
	for _, d := range e.schema {
		if m := e.names["Mutation"]; m != nil && d.OperationTypes.ForType("Mutation") == nil {
			d.OperationTypes = append(d.OperationTypes,
				&ast.OperationTypeDefinition{Operation: ast.Mutation, Type: m.Name, Position: m.Position})
		}
	}
	all.Schema = append(all.Schema, e.schema...)
	all.Definitions = append(all.Definitions, e.definitions...)
	all.Directives = append(all.Directives, e.directives...)
	sdl := e.print() // validation adds fields of introspection
	schema, err := validator.ValidateSchemaDocument(all)
	if err != nil {
		return nil, err
	}
	return &Contract{Schema: schema, Public: public(schema, e.directives), SDL: sdl}, nil
}

// expander adds what follows by rule to definitions.
type expander struct {
	definitions ast.DefinitionList
	directives  ast.DirectiveDefinitionList
	schema      ast.SchemaDefinitionList // what ours says of itself
	names       map[string]*ast.Definition
	entities    []*ast.Definition // in the order of EntityType
	words       map[string]words  // of types with @graphNode
	ours        *ast.Source       // the schema that own types come behind
}

// words are what a type is called.
type words struct {
	field, fields string // of Query: newsItem, newsItems
	one, many     string // in a sentence: news item, news items
	name          string // of an example; "" without one
	titled        bool
}

// add takes what a file declares. An own file may declare types of entity and enums, and extend what is there.
func (e *expander) add(doc *ast.SchemaDocument, own bool) error {
	if own {
		if err := e.allowed(doc); err != nil {
			return err
		}
	}
	for _, d := range doc.Definitions {
		if was := e.names[d.Name]; was != nil {
			return gqlerror.ErrorPosf(d.Position,
				"%s is declared already, at line %d of %s: choose another name, or write `extend`", d.Name, was.Position.Line, was.Position.Src.Name)
		}
		e.names[d.Name] = d
	}
	e.definitions = append(e.definitions, doc.Definitions...)
	e.schema = append(e.schema, doc.Schema...)
	e.directives = append(e.directives, doc.Directives...)
	for _, x := range doc.Extensions {
		d := e.names[x.Name]
		if d == nil || d.Kind != x.Kind {
			return gqlerror.ErrorPosf(x.Position, "there is no %s %s to extend", strings.ToLower(string(x.Kind)),
				x.Name)
		}
		for _, f := range x.Fields {
			if was := d.Fields.ForName(f.Name); was != nil {
				return gqlerror.ErrorPosf(f.Position, "%s.%s is declared already: choose another name", d.Name, f.Name)
			}
			d.Fields = append(d.Fields, f)
		}
		for _, v := range x.EnumValues {
			if d.EnumValues.ForName(v.Name) != nil {
				return gqlerror.ErrorPosf(v.Position, "%s has %s already: choose another name", d.Name, v.Name)
			}
			d.EnumValues = append(d.EnumValues, v)
		}
	}
	return nil
}

// expand completes what was added.
func (e *expander) expand() error {
	for _, n := range []string{"Entity", "EntityFilter", "EntityType", "LinkKind", "LinkConnection", "LinkEdge", "Query"} {
		if e.names[n] == nil {
			return fmt.Errorf("the contract has no %s", n)
		}
	}
	if err := e.findEntities(); err != nil {
		return err
	}
	e.fillIn()
	for _, d := range e.entities {
		if err := e.entity(d); err != nil {
			return err
		}
	}
	for _, d := range e.definitions {
		if err := e.page(d); err != nil {
			return err
		}
	}
	if err := e.lists(); err != nil {
		return err
	}
	if err := e.filters(); err != nil {
		return err
	}
	e.subjects()
	e.everyFacet()
	if err := e.roots(); err != nil {
		return err
	}
	if err := e.writing(); err != nil {
		return err
	}
	return e.dates()
}

// DateParts is the type of a date taken apart; its name ends those of the fields that hold one.
const DateParts = "PartialDateParts"

// dates adds behind each field that is a date the same taken apart: `bornParts` behind `born`.
func (e *expander) dates() error {
	if e.names[DateParts] == nil {
		return nil
	}
	for _, d := range e.definitions {
		if d.Kind != ast.Object && d.Kind != ast.Interface || d.Name == DateParts {
			continue
		}
		var fields ast.FieldList
		for _, f := range d.Fields {
			fields = append(fields, f)
			if f.Type.NamedType != "PartialDate" || len(f.Arguments) > 0 {
				continue
			}
			name := f.Name + "Parts"
			if was := d.Fields.ForName(name); was != nil {
				return gqlerror.ErrorPosf(cmp.Or(was.Position, d.Position),
					"%s.%s is the name of what follows from %s: choose another name", d.Name, name, f.Name)
			}
			fields = append(fields, field("`"+f.Name+"` taken apart.", name, &ast.Type{NamedType: DateParts, NonNull: f.Type.NonNull}))
		}
		d.Fields = fields
	}
	return nil
}

// findEntities lists the types of entity and what they are called. One that EntityType lacks comes into it, before
// sources.
func (e *expander) findEntities() error {
	enum := e.names["EntityType"]
	byEnum := map[string]*ast.Definition{}
	e.words = map[string]words{}
	for _, d := range e.definitions {
		node := d.Directives.ForName(Node)
		if d.Kind != ast.Object || node == nil {
			continue
		}
		w, err := wordsOf(d, node)
		if err != nil {
			return err
		}
		for name, other := range e.words {
			if other.field == w.field || other.fields == w.fields {
				return gqlerror.ErrorPosf(d.Position,
					"%s and %s would have root fields of one name: give one another @graphNode(plural: …) or name", d.Name, name)
			}
		}
		e.words[d.Name] = w
		if !slices.Contains(d.Interfaces, "Entity") {
			continue
		}
		value := Enum(d.Name)
		byEnum[value] = d
		if enum.EnumValues.ForName(value) != nil {
			continue
		}
		v := &ast.EnumValueDefinition{Name: value, Description: d.Description, Position: d.Position}
		at := slices.IndexFunc(enum.EnumValues, func(v *ast.EnumValueDefinition) bool { return v.Name == "SOURCE" })
		if at < 0 {
			at = len(enum.EnumValues)
		}
		enum.EnumValues = slices.Insert(enum.EnumValues, at, v)
	}
	for _, v := range enum.EnumValues {
		if d := byEnum[v.Name]; d != nil {
			e.entities = append(e.entities, d)
		}
	}
	return nil
}

// article returns a word behind "a" or "an".
func article(word string) string {
	if strings.ContainsRune("aeiou", rune(word[0])) {
		return "an " + word
	}
	return "a " + word
}

// fillIn puts into descriptions what the types declare: {dates} are the fields by which they have a date, {intervals}
// those and where they end, {texts} the texts of own types that are searched; in that of the schema, {codes} those of
// errors.
func (e *expander) fillIn() {
	var dates, intervals []string
	texts := ""
	list := func(to *[]string, word string) {
		if !slices.Contains(*to, word) {
			*to = append(*to, word)
		}
	}
	for _, d := range append(slices.Clone(e.entities), e.names["Source"]) {
		if d == nil {
			continue
		}
		for _, f := range d.Fields {
			if f.Directives.ForName(Searchable) != nil && f.Position.Src != e.ours {
				texts += fmt.Sprintf(", the %s of %s", f.Name, article(e.words[d.Name].one))
			}
		}
		node := d.Directives.ForName(Node)
		date := node.Arguments.ForName("date")
		if date == nil {
			continue
		}
		list(&dates, date.Value.Raw)
		word := date.Value.Raw
		if until := node.Arguments.ForName("until"); until != nil {
			word += "–" + until.Value.Raw
		}
		list(&intervals, word)
	}
	in := strings.NewReplacer("{dates}", strings.Join(dates, ", "), "{intervals}", strings.Join(intervals, ", "),
		"{texts}", texts)
	for _, d := range e.schema {
		d.Description = strings.ReplaceAll(d.Description, "{codes}", codes())
	}
	for _, d := range e.definitions {
		for _, f := range d.Fields {
			f.Description = in.Replace(f.Description)
		}
		for _, v := range d.EnumValues {
			v.Description = in.Replace(v.Description)
		}
	}
}

// codes lists the codes of errors for the description of the schema.
func codes() string {
	var lines []string
	for _, c := range kg.Codes() {
		line := fmt.Sprintf("- `%s`: %s", c.Code, c.Means)
		if len(c.Extensions) > 0 {
			line += " (with `" + strings.Join(c.Extensions, "`, `") + "`)"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func wordsOf(d *ast.Definition, node *ast.Directive) (w words, err error) {
	text := func(arg string) string {
		if a := node.Arguments.ForName(arg); a != nil {
			return a.Value.Raw
		}
		return ""
	}
	w = words{field: lowerFirst(d.Name), one: spaced(d.Name), name: text("example"), titled: text("titled") == "true"}
	w.fields, w.many = plural(w.field), plural(w.one)
	if p := text("plural"); p != "" {
		if !isName(p) || p[0] < 'a' || p[0] > 'z' {
			return w, gqlerror.ErrorPosf(node.Position, "@graphNode(plural: %q) is no name of a field: write it as in %q", p,
				"people")
		}
		w.fields, w.many = p, spaced(p)
	}
	if w.fields == w.field {
		return w, gqlerror.ErrorPosf(node.Position, "%s has one word for one and for many: give it @graphNode(plural: …)",
			d.Name)
	}
	return w, nil
}

// entity completes a type of entity: what it implements, the fields that every entity has, and its fields that follow
// links.
func (e *expander) entity(d *ast.Definition) error {
	d.Interfaces = []string{"Entity", "SearchHit", "Node"} // no interface implements another: see schema.graphqls
	var common ast.FieldList
	for _, f := range e.names["Entity"].Fields {
		if d.Fields.ForName(f.Name) != nil {
			continue // it says so itself
		}
		c := *f
		c.Position = d.Position
		switch w := e.words[d.Name]; f.Name {
		case "id":
			c.Description = "Readable and stable, minted from the name and kept on rename" +
				example(rules.Slug(w.name)) + ". Unique over everything in the graph."
		case "type":
			c.Description = "Which kind of entity this is: always `" + Enum(d.Name) + "` here."
		case "name":
			c.Description = "The name as printed"
			if w.name != "" {
				c.Description += ", for example `" + w.name + "`"
			}
			c.Description += "."
		}
		common = append(common, &c)
	}
	d.Fields = append(common, d.Fields...)
	for _, f := range d.Fields {
		follows, derived := f.Directives.ForName(Link) != nil, f.Directives.ForName(Derived) != nil
		if !follows && !derived || f.Type.Elem == nil || len(f.Arguments) > 0 {
			continue
		}
		other := e.names[f.Type.Name()]
		if other == nil || other != e.names["Entity"] && !slices.Contains(e.entities, other) {
			return gqlerror.ErrorPosf(f.Position, "%s.%s leads to %s, which is no type of entity", d.Name, f.Name,
				f.Type.Name())
		}
		name := other.Name
		switch {
		case derived:
			f.Arguments, name = derivedArguments, "Derived"+name
		case name == "Entity":
			f.Arguments, name = linkArguments, "Link"
		default:
			f.Arguments, name = linkArguments, name+"Link"
		}
		f.Type = ast.NonNullNamedType(name+"Connection", f.Position)
	}
	return nil
}

// subjects adds the types that have a place on a timeline to what an entry of it can be about.
func (e *expander) subjects() {
	union := e.names["TimelineSubject"]
	if union == nil {
		return
	}
	var types []string
	for _, d := range e.entities {
		if d.Directives.ForName(Node).Arguments.ForName("timeline") != nil {
			types = append(types, d.Name)
		}
	}
	union.Types = append(types, union.Types...)
}

// follows notes a definition that follows from another, and reports as an error that its name is taken.
func (e *expander) follows(from, d *ast.Definition) error {
	was := e.names[d.Name]
	switch {
	case was == nil:
		e.names[d.Name] = d
		return nil
	case from.Position.Src == e.ours: // whoever reads this can change what is their own
		return gqlerror.ErrorPosf(was.Position,
			"%s is the name of what follows from %s: choose another name", d.Name, from.Name)
	}
	return gqlerror.ErrorPosf(from.Position,
		"%s is followed by %s, which line %d declares: choose another name", from.Name, d.Name, was.Position.Line)
}

// lists adds the connections of types of node, behind that of links.
func (e *expander) lists() error {
	var out ast.DefinitionList
	var err error
	add := func(at *ast.Definition, name, description string, implements []string, fields ...*ast.FieldDefinition) {
		d := &ast.Definition{
			Kind: ast.Object, Name: name, Description: description, Interfaces: implements,
			Fields: fields, Position: at.Position,
		}
		if was := e.follows(at, d); was != nil {
			err = cmp.Or(err, was)
			return
		}
		out = append(out, d)
	}
	for _, d := range e.entities {
		name := d.Name + "Link"
		add(d, name+"Connection", "Links with the "+e.words[d.Name].many+" at the other end.",
			e.names["LinkConnection"].Interfaces,
			pageFields(name, d.Name, filtered, "LinkFacet")...)
		var fields ast.FieldList
		for _, f := range e.names["LinkEdge"].Fields {
			if f.Name == "node" {
				f = field(f.Description, "node", ast.NonNullNamedType(d.Name, nil))
			}
			fields = append(fields, f)
		}
		add(d, name+"Edge", e.names["LinkEdge"].Description, e.names["LinkEdge"].Interfaces, fields...)
	}
	for _, d := range e.entities {
		for _, f := range d.Fields {
			other := strings.TrimSuffix(strings.TrimPrefix(f.Type.Name(), "Derived"), "Connection")
			if f.Directives.ForName(Derived) == nil || e.names[other] == nil {
				continue
			}
			name, many := "Derived"+other, e.words[other].many
			if e.names[name+"Connection"] != nil {
				continue // two fields lead there
			}
			add(d, name+"Connection",
				strings.ToUpper(many[:1])+many[1:]+" that follow from other links, strongest first.", nil, pageFields(name,
					other, filtered, "")...)
			add(d, name+"Edge", "One of the "+many+" that follow from other links.", nil,
				cursorField(filtered),
				field("What follows.", "node", ast.NonNullNamedType(other, nil)),
				field("How many chains of links lead to it.", "weight", ast.NonNullNamedType("Int", nil)),
				field("The links it rests on, chain by chain, each once; at most 20.", "because", listOf("Link")))
		}
	}
	for _, d := range e.nodes() {
		many := e.words[d.Name].many
		add(d, d.Name+"Connection", "A list of "+many+".", nil, pageFields(d.Name, d.Name, filtered, e.facets(d))...)
		add(d, d.Name+"Edge", "One entry of a list of "+many+".", nil, cursorField(filtered),
			field("The entry.", "node", ast.NonNullNamedType(d.Name, nil)))
	}
	at := slices.Index(e.definitions, e.names["LinkEdge"]) + 1
	e.definitions = slices.Insert(e.definitions, at, out...)
	return err
}

// facetBy is the enum of all that lists can be counted by.
const facetBy = "FacetBy"

// facets returns the name of the enum that lists the facets of a type: one of its own, or that of all entities.
func (e *expander) facets(d *ast.Definition) string {
	if own := d.Name + "Facet"; e.names[own] != nil && !slices.Contains(e.entities, d) {
		return own
	}
	return "EntityFacet"
}

// everyFacet fills FacetBy with the values of the enums that arguments are of.
func (e *expander) everyFacet() {
	all := e.names[facetBy]
	if all == nil {
		return
	}
	in := map[string][]string{}
	for _, d := range e.definitions {
		if d.Kind != ast.Enum || !strings.HasSuffix(d.Name, "Facet") || d.Position.Src != e.ours {
			continue
		}
		for _, v := range d.EnumValues {
			if in[v.Name] == nil {
				all.EnumValues = append(all.EnumValues, &ast.EnumValueDefinition{Name: v.Name, Position: all.Position})
			}
			in[v.Name] = append(in[v.Name], "`"+d.Name+"`")
		}
	}
	for _, v := range all.EnumValues {
		v.Description = "As in " + strings.Join(in[v.Name], " and ") + "."
	}
}

// nodes are the types that have a list of their own: entities, and what else has @graphNode.
func (e *expander) nodes() []*ast.Definition {
	out := slices.Clone(e.entities)
	for _, d := range e.definitions {
		if _, ok := e.words[d.Name]; ok && !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	return out
}

// roots adds look-ups and lists to Query. One that Query has already stays as it is, and stands where it would.
func (e *expander) roots() error {
	query := e.names["Query"]
	var lookups, lists ast.FieldList
	place := func(to *ast.FieldList, d *ast.Definition, name string, f func() *ast.FieldDefinition) error {
		i := slices.IndexFunc(query.Fields, func(f *ast.FieldDefinition) bool { return f.Name == name })
		if i < 0 {
			*to = append(*to, f())
			return nil
		}
		is := query.Fields[i]
		if t := is.Type.Name(); t != d.Name && t != d.Name+"Connection" {
			return gqlerror.ErrorPosf(d.Position,
				"Query.%s is declared already: give %s another name, or @graphNode(plural: …)", name, d.Name)
		}
		*to = append(*to, is)
		query.Fields = slices.Delete(query.Fields, i, i+1)
		return nil
	}
	for _, d := range e.nodes() {
		w := e.words[d.Name]
		if err := place(&lookups, d, w.field, func() *ast.FieldDefinition {
			name := w.name
			if w.titled || name == "" {
				name = "…"
			}
			f := field("A"+article(w.one)[1:]+"; null when none fits.", w.field, ast.NamedType(d.Name, d.Position),
				argument(fmt.Sprintf("Which one, for example `{name: %s}`.", quoted(name)), "ref",
					ast.NonNullNamedType("EntityRef", nil)))
			f.Position = d.Position
			return f
		}); err != nil {
			return err
		}
		if err := place(&lists, d, w.fields, func() *ast.FieldDefinition {
			f := field("All "+w.many+" that fit, by name unless ordered otherwise.", w.fields,
				ast.NamedType(d.Name+"Connection", d.Position), rootArguments(d.Name+filterSuffix)...)
			f.Position = d.Position
			return f
		}); err != nil {
			return err
		}
	}
	after := func(name string) int {
		return slices.IndexFunc(query.Fields, func(f *ast.FieldDefinition) bool { return f.Name == name }) + 1
	}
	query.Fields = slices.Insert(query.Fields, after("entity"), lookups...)
	query.Fields = slices.Insert(query.Fields, after("evidence"), lists...)
	return nil
}

// print writes all definitions in their order, without the directives that are declared.
func (e *expander) print() string {
	p := &printer{hidden: e.directives}
	gap := func() {
		if p.Len() > 0 {
			p.w("\n")
		}
	}
	for _, d := range e.schema {
		p.schema(d)
	}
	for _, d := range e.definitions {
		gap()
		p.definition(d)
	}
	return p.String()
}

// Enum is the value of EntityType that stands for a type: NewsItem, NEWS_ITEM.
func Enum(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String()
}

// spaced writes a name as words: newsItems, news items.
func spaced(name string) string { return strings.ToLower(strings.ReplaceAll(Enum(name), "_", " ")) }

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// plural forms the plural of an English noun by rule.
func plural(s string) string {
	last := s[len(s)-1:]
	switch {
	case last == "y" && len(s) > 1 && !strings.ContainsRune("aeiou", rune(s[len(s)-2])):
		return s[:len(s)-1] + "ies"
	case last == "s" || last == "x" || last == "z" || strings.HasSuffix(s, "ch") || strings.HasSuffix(s, "sh"):
		return s + "es"
	}
	return s + "s"
}

func example(id string) string {
	if id == "" {
		return ""
	}
	return ": `" + id + "`"
}
