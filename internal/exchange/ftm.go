package exchange

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
)

// ftmFormat is FollowTheMoney: lines of JSON, one for each entity, and one for each link, which is an entity with two
// ends.
func ftmFormat() *Format {
	return &Format{
		Name: "ftm", Title: "FollowTheMoney: OpenSanctions, Aleph, OpenAleph",
		Extensions: []string{".ftm.json", ".ftm", ".ijson"}, Media: "application/x-ndjson+ftm", typed: true,
		Holds: "people, organizations, events and places; links among them as Membership or UnknownLink, with their words and the documents that prove them",
		Lacks: "themes, quotations, own types and what joins them; links that their sources deny; texts of sources; attendance; " +
			"which words are of which document; external ids but for wikidata, lei, duns, imo and cik; when records were made and changed",
		looks: looksLikeFTM, read: readFTM,
		write: func(ctx context.Context, x *outlet) error {
			out, err := x.file()
			if err != nil {
				return err
			}
			w := ftmWriter{outlet: x, out: out}
			return w.write(ctx)
		},
	}
}

var ftmSchema = regexp.MustCompile(`"schema"\s*:\s*"[A-Z][A-Za-z]*"`)

// looksLikeFTM reports whether the first line is an entity, as far as it can be seen.
func looksLikeFTM(head []byte) bool {
	line, _, _ := strings.Cut(strings.TrimLeft(strings.TrimPrefix(string(head), byteOrderMark), " \t\r\n"), "\n")
	return strings.HasPrefix(line, "{") && ftmSchema.MatchString(line) && strings.Contains(line, `"properties"`)
}

// ftmTypes are the types of the schemata that have one here.
var ftmTypes = map[string]string{
	"Person": "PERSON", "Organization": "INSTITUTION", "Company": "INSTITUTION", "PublicBody": "INSTITUTION", ftmLegal: "INSTITUTION",
	"Event": "EVENT", "Trip": "EVENT", "Address": "PLACE", "Territory": "PLACE",
}

// ftmLegal is a schema for what may be a person or an organization.
const ftmLegal = "LegalEntity"

// ftmUnknown is the schema of links of any kind.
const ftmUnknown = "UnknownLink"

// ftmEdges are the schemata of links, with the properties that name their ends.
var ftmEdges = map[string][2]string{
	"Associate": {"person", "associate"}, "ContractAward": {"contract", "supplier"}, "Control": {"controller", "controlled"},
	"CourtCaseParty": {"party", "case"}, "Debt": {"debtor", "creditor"}, "Directorship": {"director", "organization"},
	"Documentation": {"document", "entity"}, "Employment": {"employee", "employer"}, "Family": {"person", "relative"},
	"Membership": {"member", "organization"}, "Occupancy": {"holder", "post"}, "Ownership": {"owner", "asset"},
	"Payment": {"payer", "beneficiary"}, "ProjectParticipant": {"participant", "project"}, "Representation": {"agent", "client"},
	"Succession": {"predecessor", "successor"}, ftmUnknown: {"subject", "object"},
}

// ftmRoles are the kinds of those by which a person belongs to an organization, and the role of one that says none:
// what the schema itself says.
var ftmRoles = map[string]string{"Membership": "", "Directorship": "director", "Employment": "employee", "Ownership": "owner", "Control": "controller"}

// ftmMaxEdges bounds the links that one line says: every end with every other.
const ftmMaxEdges = 10_000

// ftmLongest is how many bytes a line has at most that is left out: a document with its text. What is kept is bounded
// by MaxLine.
const ftmLongest = 64 << 20

// ftmInEvent are the properties of an event that name who was there, as links.
var ftmInEvent = []string{"organizer", "involved"}

// ftmIDs are the properties that are ids elsewhere, by their schemes.
var ftmIDs = map[string]string{"wikidataId": "wikidata", "leiCode": "lei", "cikCode": "cik", "dunsCode": "duns", "imoNumber": "imo"}

// ftmRead are the properties that are read of an entity.
var ftmRead = []string{
	"name", "title", "full", "alias", "previousName", "summary", "description", "birthDate", "deathDate", "incorporationDate",
	"dissolutionDate", "startDate", "date", "endDate", "latitude", "longitude", "organizer", "involved",
}

// errTooLong refuses a line that is kept.
var errTooLong = fmt.Errorf("is longer than %d bytes", MaxLine)

// ftmAddress are the parts of an address that make its name where it has none.
var ftmAddress = []string{"street", "street2", "postalCode", "city", "region", "state"}

// ftmEntity is a line.
type ftmEntity struct {
	ID         string                    `json:"id"`
	Schema     string                    `json:"schema"`
	Properties map[string]jsontext.Value `json:"properties"`
}

// ftmReader reads lines.
type ftmReader struct {
	*entries
	begun  bool // a line was read
	pieces []ftmPiece
	chains map[uint64]*ftmChain // of the pieces of an entity, by the hash of its id
	order  []*ftmChain
}

// ftmPiece is a line, where it is kept, and the next one of the same entity; 0 for none.
type ftmPiece struct {
	place
	line, next int32
}

// ftmChain is the first and the last piece of an entity.
type ftmChain struct{ first, last int32 }

// ftmBroader are the schemata that a line may name where another of the same entity names a narrower one.
var ftmBroader = map[string][]string{
	"Person": {ftmLegal}, "Organization": {ftmLegal}, "Company": {ftmLegal, "Organization"}, "PublicBody": {ftmLegal, "Organization"}, "Trip": {"Event"},
}

// ftmBroadest are those that any may be narrower than.
var ftmBroadest = []string{"Thing", "Asset", "Value", "Interval", "Interest", "Analyzable"}

// narrower returns the narrower one of two schemata; "" where they are of different things.
func narrower(a, b string) string {
	switch {
	case a == b, slices.Contains(ftmBroadest, b), slices.Contains(ftmBroader[a], b):
		return a
	case slices.Contains(ftmBroadest, a), slices.Contains(ftmBroader[b], a):
		return b
	}
	return ""
}

// readFTMEntity reads what the lines of one entity say: all values of each, and the narrowest schema.
func readFTMEntity(printed string) (x ftmEntity, err error) {
	for line := range strings.Lines(printed) {
		var y ftmEntity
		if err := loosely([]byte(line), &y); err != nil {
			return x, err
		}
		if x.ID == "" {
			x = y
			continue
		}
		schema := narrower(x.Schema, y.Schema)
		if schema == "" {
			return x, fmt.Errorf("says of %s that it is of the schema %s, and another line that it is of %s: if they are two, give each an id",
				clip(x.ID), clip(x.Schema), clip(y.Schema))
		}
		x.Schema = schema
		if x.Properties == nil {
			x.Properties = map[string]jsontext.Value{}
		}
		for name, v := range y.Properties {
			x.Properties[name] = united(x.Properties[name], v)
		}
	}
	x.ID = ftmOurs(x.ID)
	return x, nil
}

// united returns the list of the values of two.
func united(a, b jsontext.Value) jsontext.Value {
	list := object{'['}
	said := map[string]bool{}
	for _, v := range []jsontext.Value{a, b} {
		var of []jsontext.Value
		if json.Unmarshal(v, &of) != nil {
			of = []jsontext.Value{v} // one value
		}
		for _, x := range of {
			if len(x) == 0 || said[string(x)] {
				continue
			}
			said[string(x)] = true
			if len(list) > 1 {
				list = append(list, ',')
			}
			list = append(list, x...)
		}
	}
	return jsontext.Value(append(list, ']'))
}

func readFTM(in *reading) (err error) {
	e, err := newEntries(in, "schema", "properties", ftmRead)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, e.close()) }()
	f := ftmReader{entries: e, pieces: make([]ftmPiece, 1), chains: map[uint64]*ftmChain{}}
	inner := *in
	inner.say = func(line int, b []byte) bool {
		if err = f.line(line, strings.TrimPrefix(string(b), byteOrderMark)); err == nil {
			err = in.ctx.Err()
		}
		return err == nil
	}
	if wrong := readLinesUpTo(&inner, ftmLongest); err == nil {
		err = wrong
	}
	for i := 0; err == nil && i < len(f.order); i++ {
		err = cmp.Or(f.whole(f.order[i]), in.ctx.Err())
	}
	if err == nil {
		err = f.waiting(f.ends, f.joining)
	}
	if err != nil {
		return err
	}
	return f.end()
}

// values returns the values of a property.
func (f *ftmReader) values(x *ftmEntity, name string) []string {
	list, whole := textsOf(x.Properties[name])
	if !whole {
		f.g.in.lenient("entities that stand in others are left out: write each in a line of its own")
	}
	return list
}

// ids returns the entities that a property names.
func (f *ftmReader) ids(x *ftmEntity, name string) []string {
	list := f.values(x, name)
	for i, id := range list {
		list[i] = ftmOurs(id)
	}
	return list
}

// line keeps what a line says until all lines of its entity are read, unless it is left out.
func (f *ftmReader) line(line int, printed string) error {
	if strings.TrimSpace(printed) == "" {
		return nil
	}
	if !utf8.ValidString(printed) {
		return f.g.in.fail(line, errNotUTF8)
	}
	if !f.begun {
		f.begun = true
		switch is := strings.TrimSpace(printed); {
		case strings.HasPrefix(is, "["):
			return &LineError{Line: line, Err: errors.New("begins an array; FollowTheMoney is one object a line: write each entity in a line of its own, without brackets and commas around them")}
		case is == "{":
			return &LineError{Line: line, Err: errors.New("begins an object that goes on in the next; FollowTheMoney is one object a line: write each entity in one line")}
		}
	}
	var x ftmEntity
	if err := loosely([]byte(printed), &x); err != nil {
		return f.g.in.fail(line, err)
	}
	if x.ID == "" || x.Schema == "" {
		return f.g.in.fail(line, errors.New(`has no id or no schema: an entity of FollowTheMoney is {"id": …, "schema": "Person", "properties": {…}}`))
	}
	t, _, edge, out := f.is(x.Schema)
	switch {
	case out:
		return nil
	case t == nil && !edge && !slices.Contains(ftmBroadest, x.Schema):
		f.left[x.Schema]++
		return nil
	case len(printed) >= MaxLine:
		return f.g.in.fail(line, errTooLong)
	}
	from, err := f.spool.add(printed)
	if err != nil {
		return err
	}
	i := int32(len(f.pieces))
	f.pieces = append(f.pieces, ftmPiece{place: place{from, len(printed)}, line: int32(line)})
	h := maphash.String(f.g.seed, x.ID)
	if c := f.chains[h]; c != nil {
		f.pieces[c.last].next, c.last = i, i
		return nil
	}
	f.chains[h] = &ftmChain{i, i}
	f.order = append(f.order, f.chains[h])
	return nil
}

// is returns the type of a schema, nil where it has none. It reports whether the mapping says so, whether the schema is
// one of links that the mapping makes no entities, and whether the mapping wants it left out.
func (f *ftmReader) is(schema string) (t *catalog.Type, said, edge, out bool) {
	t, k, said := f.meaning(schema)
	_, edge = ftmEdges[schema]
	if t == nil && !said && !edge {
		t = f.g.in.cat.TypeOf(ftmTypes[schema])
	}
	return t, said, edge && t == nil, said && t == nil && k == nil
}

// whole takes an entity, all of whose lines are read.
func (f *ftmReader) whole(c *ftmChain) error {
	at := f.pieces[c.first].place
	line := int(f.pieces[c.first].line)
	printed, err := f.spool.at(at.from, at.size)
	if err != nil {
		return err
	}
	if c.first != c.last {
		lines := []string{printed}
		size := len(printed)
		for i := f.pieces[c.first].next; i != 0; i = f.pieces[i].next {
			more, err := f.spool.at(f.pieces[i].from, f.pieces[i].size)
			if err != nil {
				return err
			}
			if size += len(more) + 1; size >= MaxLine {
				return f.g.in.fail(int(f.pieces[i].line), fmt.Errorf("and those before of the same id are longer than %d bytes", MaxLine))
			}
			if !slices.Contains(lines, more) {
				lines = append(lines, more)
			}
		}
		printed = strings.Join(lines, "\n")
		if at.from, err = f.spool.add(printed); err != nil {
			return err
		}
		at.size = len(printed)
	}
	return f.entity(line, at, printed)
}

// entity takes an entity, or puts a link aside.
func (f *ftmReader) entity(line int, at place, printed string) error {
	x, err := readFTMEntity(printed)
	if err != nil {
		return f.g.in.fail(line, err)
	}
	t, said, edge, _ := f.is(x.Schema)
	aside := func() {
		f.later, f.lines = append(f.later, at), append(f.lines, int32(line))
	}
	switch {
	case edge:
		aside()
		return nil
	case t == nil:
		f.left[x.Schema]++
		return nil
	case !said && x.Schema == ftmLegal && t.Enum == ftmTypes[ftmLegal]:
		f.g.in.lenient("what has the schema %s, which may be a person too, is read as %s", ftmLegal, t.Enum)
	}
	for name := range x.Properties {
		read := slices.Contains(ftmRead, name) || ftmIDs[name] != "" || t.Prop(name) != nil
		if !read && (x.Schema != "Address" || !slices.Contains(ftmAddress, name)) {
			f.unread[name] = true
		}
	}
	names := slices.Concat(f.values(&x, "name"), f.values(&x, "title"), f.values(&x, "full"))
	if len(names) == 0 && x.Schema == "Address" {
		var parts []string
		for _, p := range ftmAddress {
			parts = append(parts, f.values(&x, p)...)
		}
		if parts == nil {
			f.left["Address without words"]++
			return nil
		}
		names = []string{strings.Join(parts, ", ")}
	}
	if err := f.node(t, ftmPatterns(), &row{line: line, printed: printed, get: func(column string) string {
		switch column {
		case "id":
			return x.ID
		case "name":
			return firstOf(names)
		case flatAliases:
			return f.otherNames(firstOf(names), names, f.values(&x, "alias"), f.values(&x, "previousName"))
		case flatExternal:
			var ids []kg.ExternalID
			for _, p := range slices.Sorted(maps.Keys(ftmIDs)) {
				for _, v := range f.values(&x, p) {
					ids = append(ids, kg.ExternalID{Scheme: ftmIDs[p], Value: v})
				}
			}
			if ids == nil {
				return ""
			}
			return string(listOfIDs(ids))
		case "startsOn":
			return firstOf(slices.Concat(f.values(&x, "startDate"), f.values(&x, "date")))
		case "description":
			return firstOf(slices.Concat(f.values(&x, "summary"), f.values(&x, column)))
		}
		return firstOf(f.values(&x, column))
	}}); err != nil {
		return err
	}
	if slices.ContainsFunc(ftmInEvent, func(p string) bool { return x.Properties[p] != nil }) {
		aside()
	}
	return nil
}

// ftmPatterns says what the properties of an entity are.
func ftmPatterns() map[string]string {
	return map[string]string{
		"id": "{id}", "name": "{name}", flatAliases: "{aliases}", "description": "{description}", flatExternal: "{externalIds}",
		"born": "{birthDate}", "died": "{deathDate}", "founded": "{incorporationDate}", "dissolved": "{dissolutionDate}", "endsOn": "{endDate}",
	}
}

// ends returns the entities that a line names. What is wrong with it is said when it is taken.
func (f *ftmReader) ends(printed string) (list []string) {
	x, err := readFTMEntity(printed)
	if err != nil {
		return nil
	}
	properties := ftmInEvent
	if ends, ok := ftmEdges[x.Schema]; ok {
		properties = ends[:]
	}
	for _, p := range properties {
		list = append(list, f.ids(&x, p)...)
	}
	return list
}

// joining takes what joins others.
func (f *ftmReader) joining(line int, printed string) error {
	x, err := readFTMEntity(printed)
	if err != nil {
		return f.g.in.fail(line, err)
	}
	ends, ok := ftmEdges[x.Schema]
	if ok {
		froms, tos := f.ids(&x, ends[0]), f.ids(&x, ends[1])
		switch n := len(froms) * len(tos); {
		case n == 0:
			return f.g.in.fail(line, fmt.Errorf("has no %s or no %s, the ends of %s", ends[0], ends[1], x.Schema))
		case n > ftmMaxEdges:
			return f.g.in.fail(line, fmt.Errorf("joins %s pairs of ends; at most %s fit in a line", grouped(n), grouped(ftmMaxEdges)))
		}
		for _, from := range froms {
			for _, to := range tos {
				if err := f.edge(&x, from, to, line, printed); err != nil {
					return err
				}
			}
		}
		return nil
	}
	event := f.typeOf(x.ID)
	for _, property := range ftmInEvent {
		for _, who := range f.ids(&x, property) {
			t := f.typeOf(who)
			if t == nil || event == nil {
				f.left[x.Schema+"."+property+" of what is not read"]++
				continue
			}
			kind := "ORGANIZED"
			if property == "involved" && t.Enum == "PERSON" {
				kind = "PARTICIPATED_IN"
			} else if property == "involved" {
				kind = "REPRESENTED_AT"
			}
			k := joins(f.g.in.cat.Kind(kind), t, event)
			if k == nil {
				f.left[fmt.Sprintf("%s.%s (%s to %s)", x.Schema, property, t.Enum, event.Enum)]++
				continue
			}
			if err := f.statement(&x, k, who, x.ID, "", line, printed); err != nil {
				return err
			}
		}
	}
	return nil
}

// edge takes a link from one entity to another.
func (f *ftmReader) edge(x *ftmEntity, from, to string, line int, printed string) error {
	a, b := f.typeOf(from), f.typeOf(to)
	if a == nil || b == nil {
		f.left[x.Schema+" of what is not read"]++
		return nil
	}
	roles := slices.Concat(f.values(x, "role"), f.values(x, "relationship"))
	_, k, _ := f.meaning(x.Schema)
	fallback, belongs := ftmRoles[x.Schema]
	switch {
	case joins(k, a, b) != nil:
	case joins(k, b, a) != nil: // a direction is not everywhere the same
		from, to, a, b = to, from, b, a
	case belongs && a.Enum == "PERSON" && b.Enum == "INSTITUTION":
		k = f.g.in.cat.Kind("AFFILIATED_WITH")
		if len(roles) == 0 && fallback != "" {
			roles = []string{fallback}
		}
	case x.Schema == "Membership":
		k = f.g.in.cat.Kind("PART_OF")
	case x.Schema == ftmUnknown:
		k, roles = f.spoken(roles, a, b)
	}
	if k = joins(k, a, b); k == nil {
		f.left[fmt.Sprintf("%s (%s to %s)", x.Schema, a.Enum, b.Enum)]++
		return nil
	}
	return f.statement(x, k, from, to, strings.Join(roles, "; "), line, printed)
}

// spoken finds the kind whose words one of the roles of a link are, and returns the others.
func (f *ftmReader) spoken(roles []string, from, to *catalog.Type) (*catalog.Kind, []string) {
	for i, role := range roles {
		for _, k := range f.g.in.cat.Kinds {
			if joins(k, from, to) != nil && (constant(role) == k.Name || role == k.Phrase || role == k.Past) {
				return k, slices.Delete(slices.Clone(roles), i, i+1)
			}
		}
	}
	return nil, roles
}

// statement takes a link of a kind. The line that says so is its excerpt.
func (f *ftmReader) statement(x *ftmEntity, k *catalog.Kind, from, to, role string, line int, printed string) error {
	patterns := map[string]string{"link": k.Name, "from": "{from}", "to": "{to}", "role": "{role}", "since": "{startDate}", "until": "{endDate}"}
	if x.Schema == "Event" || x.Schema == "Trip" {
		delete(patterns, "since") // these are the event's
		delete(patterns, "until")
	}
	return f.said(patterns, from, to, role, line, printed, func(column string) string { return firstOf(f.values(x, column)) })
}

// ftmSchemata are the schemata that types are written as, what their dates are called, and which ids they have.
var ftmSchemata = map[string]struct {
	schema string
	dates  map[string]string
	ids    []string
}{
	"PERSON": {"Person", map[string]string{"born": "birthDate", "died": "deathDate"}, []string{"wikidataId", "leiCode", "dunsCode"}},
	"INSTITUTION": {
		"Organization",
		map[string]string{"founded": "incorporationDate", "dissolved": "dissolutionDate"},
		[]string{"wikidataId", "leiCode", "dunsCode", "imoNumber", ftmCompanyID},
	},
	"EVENT": {"Event", map[string]string{"startsOn": "startDate", "endsOn": "endDate"}, []string{"wikidataId"}},
	"PLACE": {"Address", map[string]string{"latitude": "latitude", "longitude": "longitude"}, []string{"wikidataId"}},
}

// ftmCompanyID is an id that of the organizations only a Company has.
const ftmCompanyID = "cikCode"

// ftmWriter writes lines.
type ftmWriter struct {
	*outlet
	object
	out *bufio.Writer
}

func (w *ftmWriter) write(ctx context.Context) error {
	if err := w.from.Sources(ctx, func(s *kg.Source) error {
		w.counts.Sources++
		w.begin(s.ID, map[bool]string{true: "Article", false: "Document"}[s.Kind == "ARTICLE"])
		w.values("title", s.Title)
		w.values("fileName", s.Title)
		w.values("sourceUrl", s.URL)
		w.values("publisher", s.Publisher)
		w.values("author", s.Authors...)
		w.values("publishedAt", string(s.PublishedOn))
		return w.end()
	}); err != nil {
		return err
	}
	if err := w.from.Nodes(ctx, func(n *kg.Node) error {
		as, ok := ftmSchemata[n.Type]
		if !ok {
			return nil
		}
		w.counts.Nodes++
		ids := map[string][]string{}
		for _, e := range n.ExternalIDs {
			for _, p := range as.ids {
				if ftmIDs[p] == e.Scheme {
					ids[p] = append(ids[p], e.Value)
				}
			}
		}
		if ids[ftmCompanyID] != nil {
			as.schema = "Company"
		}
		w.begin(n.ID, as.schema)
		w.values("name", n.Name)
		if as.schema == "Address" {
			w.values("full", n.Name)
		}
		w.values("alias", n.Aliases...)
		w.values("summary", n.Description)
		for _, p := range as.ids {
			w.values(p, ids[p]...)
		}
		for _, p := range slices.Sorted(maps.Keys(as.dates)) {
			w.values(as.dates[p], nodeValue(n, p))
		}
		return w.end()
	}); err != nil {
		return err
	}
	if err := w.from.Links(ctx, func(l *kg.Link) error {
		k := w.cat.Kind(l.Kind)
		if l.Standing() == kg.Refuted || !w.written(k.From) || !w.written(k.To) {
			return nil
		}
		w.counts.Links++
		schema, roles := ftmUnknown, []string{k.Phrase}
		if k.Name == "AFFILIATED_WITH" {
			schema, roles = "Membership", nil
		}
		if l.Role != "" {
			roles = append(roles, l.Role)
		}
		w.begin(l.ID, schema)
		w.values(ftmEdges[schema][0], ftmID(l.From))
		w.values(ftmEdges[schema][1], ftmID(l.To))
		w.values("role", roles...)
		w.values("startDate", string(l.Since))
		w.values("endDate", string(l.Until))
		var words []string
		for i := range l.Evidence {
			if e := &l.Evidence[i]; e.Stance == kg.Supports {
				words = append(words, e.Excerpt)
			}
		}
		w.values("description", words...)
		w.values("proof", ftmIDsOf(l.SourcesOf(kg.Supports))...)
		return w.end()
	}); err != nil {
		return err
	}
	return w.out.Flush()
}

// written reports whether all types of a set have a schema.
func (w *ftmWriter) written(types catalog.TypeSet) bool {
	return !slices.ContainsFunc(w.cat.Enums(types), func(enum string) bool { _, ok := ftmSchemata[enum]; return !ok })
}

// ftmForeign begins an id that FollowTheMoney cannot have, with escapes in it. An id of ours that begins so is escaped
// too, so that every id is written as one that is read as it was.
const ftmForeign = "id.."

var (
	ftmValid     = regexp.MustCompile(`^[0-9a-zA-Z]([0-9a-zA-Z.-]*[0-9a-zA-Z])?$`)
	ftmEscapes   = strings.NewReplacer(".", ".d", "_", ".u", ":", ".c", "~", ".t")
	ftmUnescapes = strings.NewReplacer(".d", ".", ".u", "_", ".c", ":", ".t", "~", ".h", "-")
)

// ftmID writes an id as FollowTheMoney can have it: letters, digits, dots and hyphens, the last two only within.
func ftmID(id string) string {
	if ftmValid.MatchString(id) && !strings.HasPrefix(id, ftmForeign) {
		return id
	}
	s, hyphen := strings.CutSuffix(ftmEscapes.Replace(id), "-")
	if hyphen {
		s += ".h"
	}
	return ftmForeign + s
}

// ftmOurs returns the id of ours that ftmID has written as this one, and any other id as it is.
func ftmOurs(id string) string {
	if s, ok := strings.CutPrefix(id, ftmForeign); ok {
		if ours := ftmUnescapes.Replace(s); ftmID(ours) == id {
			return ours
		}
	}
	return id
}

func ftmIDsOf(ids []string) (list []string) {
	for _, id := range ids {
		list = append(list, ftmID(id))
	}
	return list
}

func (w *ftmWriter) begin(id, schema string) {
	w.object = append(w.object[:0], '{')
	w.text("id", ftmID(id))
	w.text("schema", schema)
	w.key("properties")
	w.object = append(w.object, '{')
}

// values writes the values of a property that are there.
func (w *ftmWriter) values(name string, list ...string) {
	if list = slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == "" }); len(list) > 0 {
		w.texts(name, list)
	}
}

func (w *ftmWriter) end() error {
	w.object = append(w.object, "}}\n"...)
	_, err := w.out.Write(w.object)
	return err
}
