// Package exchange reads and writes files: the graph as lines of JSON, without loss. The format is described in
// docs/format-jsonl.md.
package exchange

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/unicode/norm"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/jsonl"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/rules"
)

// Limits of one record.
const (
	MaxLine = 1 << 20 // bytes of a line
	maxName = 500     // characters of a name, title or role
	maxBody = 100_000 // bytes of any other text
)

// The forms of a line. Fields that are not there are not known.
type (
	sourceLine struct {
		Source      string   `json:"source"`
		ID          string   `json:"id,omitzero"`
		Title       string   `json:"title"`
		URL         string   `json:"url,omitzero"`
		Publisher   string   `json:"publisher,omitzero"`
		Authors     []string `json:"authors,omitempty"`
		PublishedOn string   `json:"publishedOn,omitzero"`
		Text        string   `json:"text,omitzero"`
	}
	nodeLine struct {
		Node        string                    `json:"node"`
		ID          string                    `json:"id,omitzero"`
		Name        string                    `json:"name"`
		Aliases     []string                  `json:"aliases,omitempty"`
		Description string                    `json:"description,omitzero"`
		ExternalIDs []externalLine            `json:"externalIds,omitempty"`
		FormerIDs   []string                  `json:"formerIds,omitempty"`
		CreatedAt   string                    `json:"createdAt,omitzero"`
		UpdatedAt   string                    `json:"updatedAt,omitzero"`
		Own         map[string]jsontext.Value `json:",embed"`
	}
	externalLine struct {
		Scheme string `json:"scheme"`
		Value  string `json:"value"`
		URL    string `json:"url,omitzero"`
	}
	linkLine struct {
		Link      string         `json:"link"`
		ID        string         `json:"id,omitzero"`
		From      string         `json:"from"`
		To        string         `json:"to"`
		Role      string         `json:"role,omitzero"`
		Since     string         `json:"since,omitzero"`
		Until     string         `json:"until,omitzero"`
		Evidence  []evidenceLine `json:"evidence"`
		CreatedAt string         `json:"createdAt,omitzero"`
		UpdatedAt string         `json:"updatedAt,omitzero"`
	}
	evidenceLine struct {
		Source  string `json:"source"`
		Excerpt string `json:"excerpt"`
		Prefix  string `json:"prefix,omitzero"`
		Suffix  string `json:"suffix,omitzero"`
		Stance  string `json:"stance,omitzero"`
		// Verified false takes words that do not stand in the text of their source; true says nothing: words are
		// checked anyway.
		Verified *bool `json:"verified,omitzero"`
	}
	deleteLine struct {
		Delete  string `json:"delete"`
		Cascade bool   `json:"cascade,omitzero"`
	}
	headLine struct {
		Throughline int `json:"throughline"`
	}
)

// record is one line read: exactly one of its parts is set, or none for the head and for empty lines.
type record struct {
	source *kg.Source
	node   *kg.Node
	link   *kg.Link
	gone   *deletion
	minted bool // its id was made from its name, or of a link from what it says
	// missing is the error of the line unless its record is there already
	missing error
	bad     bool // the line cannot be taken; what of it could be read is there for the lines that use it
}

// id returns the id of what the line writes.
func (r *record) id() string {
	switch {
	case r.source != nil:
		return r.source.ID
	case r.node != nil:
		return r.node.ID
	case r.link != nil:
		return r.link.ID
	}
	return ""
}

// line writes what a line says as a line; nil for a line of no record.
func (r *record) line(cat *catalog.Catalog) []byte {
	switch {
	case r.source != nil:
		return jsonl.AppendSource(nil, r.source)
	case r.node != nil:
		return jsonl.AppendNode(nil, cat, r.node)
	case r.link != nil:
		return jsonl.AppendLink(nil, r.link)
	}
	return nil
}

// first finds the first key of a line: it says what the line is.
func first(line []byte) string {
	rest, ok := bytes.CutPrefix(bytes.TrimLeft(line, " \t\r"), []byte("{"))
	if !ok {
		return ""
	}
	if rest, ok = bytes.CutPrefix(bytes.TrimLeft(rest, " \t\r"), []byte(`"`)); !ok {
		return ""
	}
	key, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(key)
}

// errNotUTF8 refuses a line in another encoding.
var errNotUTF8 = errors.New("is not UTF-8: save the file as UTF-8")

// parse reads one line. Its errors say what is wrong and what to write, without the line's number.
func parse(cat *catalog.Catalog, line []byte) (record, error) {
	switch {
	case len(bytes.TrimSpace(line)) == 0:
		return record{}, nil
	case !utf8.Valid(line):
		return record{}, errNotUTF8
	}
	switch key := first(line); key {
	case "link":
		return parseLink(cat, line)
	case "node":
		return parseNode(cat, line)
	case "source":
		return parseSource(cat, line)
	case "delete":
		return parseDelete(line)
	case "throughline":
		var h headLine
		if err := decode(line, &h); err != nil {
			return record{}, err
		}
		if h.Throughline != 1 {
			return record{}, fmt.Errorf("is of format %d; this program reads format 1", h.Throughline)
		}
		return record{}, nil
	case "":
		return record{}, errors.New(`is not an object with a key; write {"node": …}, {"link": …}, {"source": …} or {"delete": …}`)
	default:
		return record{}, fmt.Errorf(`begins with %s; write {"node": …}, {"link": …}, {"source": …} or {"delete": …}`,
			clip(strconv.Quote(key)))
	}
}

// Record reads the line of one whole record, with everything that an import would refuse of it. It is a *kg.Source,
// *kg.Node or *kg.Link; minted says that its id was made from its name. Errors are often a *FieldError.
func Record(cat *catalog.Catalog, line []byte) (x any, minted bool, err error) {
	r, err := parse(cat, line)
	if err == nil {
		err = r.missing
	}
	switch {
	case err != nil:
		return nil, false, err
	case r.source != nil:
		return r.source, r.minted, nil
	case r.node != nil:
		return r.node, r.minted, nil
	case r.link != nil:
		return r.link, false, nil
	}
	return nil, false, errors.New("is no record")
}

// clip shortens a value for a message.
func clip(s string) string { return kg.Clip(s, 60) }

// decode reads a line into its form: every key must be known and stand once.
func decode(line []byte, to any) error {
	if err := json.Unmarshal(line, to, json.RejectUnknownMembers(true)); err != nil {
		return wrongJSON(err, to)
	}
	return nil
}

// wrongJSON says what is wrong with JSON that was to be read into a form.
func wrongJSON(err error, to any) error {
	var syntax *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case errors.As(err, &syntax) && strings.Contains(syntax.Error(), "duplicate"):
		return fmt.Errorf("has %s twice", pointer(syntax.JSONPointer))
	case errors.As(err, &syntax) && strings.Contains(syntax.Error(), "surrogate"):
		return fmt.Errorf("has half of a surrogate pair in %s, which is no character", pointer(syntax.JSONPointer))
	case errors.As(err, &syntax):
		return fmt.Errorf("is not one JSON object (byte %d)", syntax.ByteOffset+1)
	case errors.As(err, &semantic) && errors.Is(err, json.ErrUnknownName):
		path := strings.Split(strings.TrimPrefix(string(semantic.JSONPointer), "/"), "/")
		return unknownField(strings.Join(path, "."), "it", fieldsAt(to, path))
	case errors.As(err, &semantic):
		return fmt.Errorf("has a value of the wrong type in %s", pointer(semantic.JSONPointer))
	}
	return errors.New("is not one JSON object")
}

func pointer(p jsontext.Pointer) string {
	return clip(strconv.Quote(strings.ReplaceAll(strings.TrimPrefix(string(p), "/"), "/", ".")))
}

// gaps finds what a line says is not there: the fields that are null, to be cleared, and a text that is empty, which is
// an error.
func gaps(line []byte) (cleared []string, err error) {
	if !bytes.Contains(line, []byte("null")) && !bytes.Contains(line, []byte(`""`)) {
		return nil, nil
	}
	d := jsontext.NewDecoder(bytes.NewReader(line))
	for {
		t, err := d.ReadToken()
		if err != nil {
			return cleared, nil //nolint:nilerr // the line was read before
		}
		in, n := d.StackIndex(d.StackDepth())
		if in == '{' && n%2 == 1 {
			continue // a name
		}
		switch at := strings.ReplaceAll(strings.TrimPrefix(string(d.StackPointer()), "/"), "/", "."); {
		case t.Kind() == 'n' && d.StackDepth() == 1:
			cleared = append(cleared, at)
		case t.Kind() == 'n':
			return nil, &FieldError{Field: at, Err: fmt.Errorf("has null in %s; leave out what is not known", clip(at))}
		case t.Kind() == '"' && t.String() == "":
			return nil, &FieldError{Field: at, Err: fmt.Errorf("has an empty text in %s; leave out what is not known, or write null to clear a field",
				clip(at))}
		}
	}
}

// clear checks that fields that are null may be cleared.
func (c *cleaner) clear(fields []string, may func(field string) bool) []string {
	for _, f := range fields {
		if !may(f) {
			c.in(f, "has null in %s, which cannot be cleared", clip(f))
		}
	}
	return fields
}

// salvage reads the id of a line that cannot be read whole, so that lines that use what it should have made are not bad
// lines because of it.
func salvage(line []byte) record {
	var m struct {
		Source string `json:"source"`
		Node   string `json:"node"`
		ID     string `json:"id"`
		Name   string `json:"name"`
		Title  string `json:"title"`
	}
	_ = json.Unmarshal(line, &m) // what was read until then is there
	switch {
	case m.Node != "" && m.ID == "":
		m.ID = rules.Slug(m.Name)
	case m.Source != "" && m.ID == "":
		m.ID = kg.SourcePrefix + rules.Slug(m.Title)
	}
	switch first(line) {
	case "node":
		return record{node: &kg.Node{ID: m.ID, Type: m.Node}}
	case "source":
		return record{source: &kg.Source{ID: m.ID}}
	}
	return record{}
}

func parseDelete(line []byte) (record, error) {
	var m deleteLine
	if err := decode(line, &m); err != nil {
		return record{}, err
	}
	switch {
	case strings.HasPrefix(m.Delete, kg.EvidencePrefix):
		return record{}, errors.New("deletes a piece of evidence; delete its link, or write the link anew with --replace")
	case kg.CheckID(m.Delete) != nil:
		return record{}, errors.New("has in delete what is no id")
	}
	return record{gone: &deletion{id: m.Delete, cascade: m.Cascade}}, nil
}

// clean checks a text and puts it into NFC.
func clean(field, s string, most int) (string, error) {
	if strings.IndexByte(s, 0) >= 0 {
		return "", fmt.Errorf("has a NUL character in %s", field)
	}
	if !norm.NFC.IsNormalString(s) {
		s = norm.NFC.String(s)
	}
	if len(s) > most && (most != maxName || utf8.RuneCountInString(s) > most) {
		return "", fmt.Errorf("has %d bytes in %s; at most %d fit", len(s), field, most)
	}
	return s, nil
}

// verbatim checks a text that is kept byte for byte: words quoted, and what they are quoted from.
func (c *cleaner) verbatim(field, s string, most int) {
	switch {
	case strings.IndexByte(s, 0) >= 0:
		c.in(field, "has a NUL character in %s", field)
	case len(s) > most:
		c.in(field, "has %d bytes in %s; at most %d fit", len(s), field, most)
	}
}

// FieldError is what is wrong with a record, and in which of its fields.
type FieldError struct {
	Field string // "" = the record as a whole
	// Span says that the record ends before it begins.
	Span bool
	Err  error
}

// Error says what is wrong, as the rest of a sentence about the record: "has in born what is no date: …".
func (e *FieldError) Error() string { return e.Err.Error() }

// Unwrap returns the same.
func (e *FieldError) Unwrap() error { return e.Err }

// cleaner collects the first error of several texts.
type cleaner struct{ err error }

func (c *cleaner) text(field string, s *string, most int) {
	if c.err == nil && *s != "" {
		var err error
		if *s, err = clean(field, *s, most); err != nil {
			c.err = &FieldError{Field: field, Err: err}
		}
	}
}

// name cleans a name: white space at its ends is no part of it. One of nothing else stays, to be refused.
func (c *cleaner) name(field string, s *string) {
	c.text(field, s, maxName)
	if trimmed := strings.TrimSpace(*s); trimmed != "" {
		*s = trimmed
	}
}

func (c *cleaner) fail(format string, args ...any) { c.in("", format, args...) }

// in fails because of a field.
func (c *cleaner) in(field, format string, args ...any) {
	if c.err == nil {
		c.err = &FieldError{Field: field, Err: fmt.Errorf(format, args...)}
	}
}

func (c *cleaner) date(field, s string) kg.PartialDate {
	if s == "" || c.err != nil {
		return ""
	}
	d, err := kg.ParseDate(s)
	if err != nil {
		c.in(field, "has in %s what is no date, %s: write 2021, 2021-02 or 2021-02-25", field, clip(strconv.Quote(s)))
	}
	return d
}

func (c *cleaner) time(field, s string) kg.Time {
	if s == "" || c.err != nil {
		return 0
	}
	t, err := kg.ParseTime(s)
	// in UTC it must be written with four digits
	if year := time.UnixMilli(t.UnixMilli()).UTC().Year(); err != nil || year < 0 || year > 9999 {
		c.in(field, "has in %s what is no instant of the years 0000 to 9999: write 2021-02-25T10:00:00.000Z", field)
	}
	return t
}

func (c *cleaner) url(field, s string) {
	if s == "" || c.err != nil {
		return
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		c.in(field, "has in %s what is no address: write https://…", field)
	}
}

func (c *cleaner) id(field, id, prefix string) {
	switch {
	case c.err != nil:
	case kg.CheckID(id) != nil:
		c.in(field, "has in %s what is no id: use at most %d letters, digits and . _ : ~ -", field, kg.MaxID)
	case prefix != "" && !strings.HasPrefix(id, prefix):
		c.in(field, "has in %s an id that does not begin with %s", field, prefix)
	case prefix == "" && (strings.HasPrefix(id, kg.LinkPrefix) || strings.HasPrefix(id, kg.EvidencePrefix) ||
		strings.HasPrefix(id, kg.SourcePrefix) || strings.HasPrefix(id, kg.CommunityPrefix) ||
		strings.HasPrefix(id, kg.ChangePrefix)):
		c.in(field, "has in %s an id that begins with l_, e_, s_, c_ or h_: these are for links, evidence, sources, communities and changes",
			field)
	}
}

func parseSource(cat *catalog.Catalog, line []byte) (record, error) {
	var m sourceLine
	if err := decode(line, &m); err != nil {
		return salvage(line), err
	}
	var c cleaner
	var cleared []string
	cleared, c.err = gaps(line)
	c.name("title", &m.Title)
	c.name("publisher", &m.Publisher)
	c.verbatim("text", m.Text, MaxLine)
	if len(m.Authors) > rules.MaxAliases {
		c.in("authors", "has more than %d authors", rules.MaxAliases)
	}
	for i := range m.Authors {
		c.name("authors", &m.Authors[i])
		if strings.TrimSpace(m.Authors[i]) == "" {
			c.in("authors", "has an empty author")
		}
	}
	c.url("url", m.URL)
	x := &kg.Source{
		ID: m.ID, Title: m.Title, URL: m.URL, Kind: m.Source, Publisher: m.Publisher, Authors: m.Authors,
		PublishedOn: c.date("publishedOn", m.PublishedOn), Text: m.Text,
	}
	x.Clear = c.clear(cleared, func(f string) bool {
		return f == "url" || f == "publisher" || f == "authors" || f == "publishedOn" || f == "text"
	})
	var missing error
	switch {
	case m.Title == "" && m.ID != "":
		missing = &FieldError{Field: "title", Err: errors.New("has no title")}
	case strings.TrimSpace(m.Title) == "":
		c.in("title", "has no title")
	}
	if cat.Schema.Types["SourceKind"].EnumValues.ForName(m.Source) == nil {
		c.in("kind", "has the unknown kind of source %s", Instead(m.Source, SourceKinds(cat)))
	}
	minted := x.ID == ""
	if minted {
		if x.ID = kg.SourcePrefix + rules.Slug(m.Title); x.ID == kg.SourcePrefix {
			c.in("title", "has a title no id can be made from; give an id that begins with s_")
		}
	}
	c.id("id", x.ID, kg.SourcePrefix)
	return record{source: x, minted: minted, missing: missing}, c.err
}

// What a record lacks that is of no type or kind.
var (
	errNoType = errors.New("has no type of node")
	errNoKind = errors.New("has no kind of link")
)

func parseNode(cat *catalog.Catalog, line []byte) (record, error) {
	var m nodeLine
	if err := decode(line, &m); err != nil {
		return salvage(line), err
	}
	t := cat.TypeOf(m.Node)
	switch {
	case m.Node == "":
		return salvage(line), fmt.Errorf("%w: write one of %s", errNoType, strings.Join(entityTypes(cat), ", "))
	case t == nil || !t.IsEntity():
		return salvage(line), fmt.Errorf("has the unknown type of node %s", Instead(m.Node, entityTypes(cat)))
	}
	var c cleaner
	var cleared []string
	cleared, c.err = gaps(line)
	c.name("name", &m.Name)
	c.text("description", &m.Description, maxBody)
	var missing error
	switch {
	case m.Name == "" && m.ID != "":
		missing = &FieldError{Field: "name", Err: errors.New("has no name")}
	case strings.TrimSpace(m.Name) == "":
		c.in("name", "has no name")
	}
	if len(m.Aliases) > rules.MaxAliases || len(m.ExternalIDs) > rules.MaxAliases {
		c.in("aliases", "has more than %d aliases or external ids", rules.MaxAliases)
	}
	for i := range m.Aliases {
		c.name("aliases", &m.Aliases[i])
		if strings.TrimSpace(m.Aliases[i]) == "" {
			c.in("aliases", "has an empty alias")
		}
	}
	x := &kg.Node{
		ID: m.ID, Type: m.Node, Name: m.Name, Aliases: m.Aliases, Description: m.Description,
		CreatedAt: c.time("createdAt", m.CreatedAt), UpdatedAt: c.time("updatedAt", m.UpdatedAt),
	}
	for _, e := range m.ExternalIDs {
		// people write Wikidata and wikidata; a letter may compose with its mark only then
		e.Scheme = strings.ToLower(e.Scheme)
		c.text("externalIds", &e.Scheme, maxName)
		c.text("externalIds", &e.Value, maxName)
		c.url("externalIds", e.URL)
		if e.Scheme == "" || e.Value == "" {
			c.in("externalIds", "has an external id without scheme or value")
		}
		x.ExternalIDs = append(x.ExternalIDs, kg.ExternalID(e))
	}
	if len(m.FormerIDs) > rules.MaxFormer {
		c.in("formerIds", "has more than %d former ids", rules.MaxFormer)
	}
	for i, id := range m.FormerIDs {
		c.id("formerIds", id, "")
		if id == m.ID || slices.Contains(m.FormerIDs[:i], id) {
			c.in("formerIds", "has in formerIds its own id, or one of them twice: %s", clip(id))
		}
	}
	x.FormerIDs = m.FormerIDs
	x.Clear = c.clear(cleared, func(f string) bool {
		p := t.Prop(f)
		return f == "aliases" || f == "description" || f == "externalIds" || p != nil &&
			!cat.Schema.Types[t.Name].Fields.ForName(f).Type.NonNull
	})
	for name, raw := range m.Own {
		if raw.Kind() == 'n' {
			continue // it is cleared
		}
		if t.Quoted != nil && name == t.Quoted.Verified.Name {
			stands, _ := c.prop(t.Quoted.Verified, raw).(bool)
			x.Verified = &stands
			continue
		}
		p := t.Prop(name)
		if p == nil {
			if c.err == nil {
				c.err = &FieldError{Field: name, Err: unknownField(name, t.Enum, propNames(t))}
			}
			break
		}
		if v := c.prop(p, raw); v != nil {
			if x.Props == nil {
				x.Props = map[string]any{}
			}
			x.Props[name] = v
		}
	}
	c.ordered(t, x.Props)
	for _, p := range t.Props {
		// what the schema says is never null must be there
		if f := cat.Schema.Types[t.Name].Fields.ForName(p.Name); f.Type.NonNull && x.Props[p.Name] == nil {
			if m.ID == "" {
				c.in(p.Name, "has no %s", p.Name)
			} else if missing == nil {
				missing = &FieldError{Field: p.Name, Err: fmt.Errorf("has no %s", p.Name)}
			}
		}
	}
	minted := x.ID == ""
	if minted {
		if x.ID = rules.Slug(m.Name); x.ID == "" {
			c.in("name", "has a name no id can be made from; give an id")
		}
	}
	c.id("id", x.ID, "")
	return record{node: x, minted: minted, missing: missing}, c.err
}

func propNames(t *catalog.Type) []string {
	names := []string{"id", "name", "aliases", "description", "externalIds", "formerIds", "createdAt", "updatedAt"}
	for _, p := range t.Props {
		names = append(names, p.Name)
	}
	if t.Quoted != nil {
		names = append(names, t.Quoted.Verified.Name)
	}
	return names
}

// span checks that a beginning is not after its end.
func (c *cleaner) span(begin, end string, from, to kg.PartialDate) {
	if from == "" || to == "" || c.err != nil {
		return
	}
	a, _ := from.Interval()
	if _, b := to.Interval(); a > b {
		c.err = &FieldError{Field: begin, Span: true, Err: fmt.Errorf("has %s after %s", begin, end)}
	}
}

// prop reads an own property.
func (c *cleaner) prop(p *catalog.Prop, raw jsontext.Value) any {
	wrong := func(what string) any {
		c.in(p.Name, "has in %s what is no %s", p.Name, what)
		return nil
	}
	switch p.Kind {
	case catalog.Int:
		n, err := strconv.ParseInt(string(raw), 10, 32)
		if err != nil {
			return wrong("whole number of 32 bits")
		}
		if n < 0 && !p.Own { // those that are built in are counts
			c.in(p.Name, "has in %s a number below 0", p.Name)
		}
		return n
	case catalog.Float:
		f, err := strconv.ParseFloat(string(raw), 64)
		if err != nil || math.IsInf(f, 0) {
			return wrong("number")
		}
		c.within(p.Name, f)
		return f
	case catalog.Bool:
		if k := raw.Kind(); k != 't' && k != 'f' {
			return wrong("true or false")
		}
		return raw.Kind() == 't'
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil || s == "" {
		return wrong("text")
	}
	if p.Kind == catalog.Date {
		return string(c.date(p.Name, s))
	}
	c.text(p.Name, &s, maxBody)
	switch {
	case p.Enum != nil && !slices.Contains(p.Enum, s):
		c.in(p.Name, "has in %s the unknown value %s", p.Name, Instead(s, p.Enum))
	case p.Type == "URL":
		c.url(p.Name, s)
	}
	return s
}

func parseLink(cat *catalog.Catalog, line []byte) (record, error) {
	var m linkLine
	if err := decode(line, &m); err != nil {
		return record{}, err
	}
	switch {
	case m.Link == "":
		return record{}, fmt.Errorf("%w: write one of %s", errNoKind, strings.Join(LinkKinds(cat), ", "))
	case cat.Kind(m.Link) == nil:
		return record{}, fmt.Errorf("has the unknown kind of link %s", Instead(m.Link, LinkKinds(cat)))
	}
	var c cleaner
	var cleared []string
	cleared, c.err = gaps(line)
	c.text("role", &m.Role, maxName)
	c.id("from", m.From, "")
	c.id("to", m.To, "")
	if m.From == m.To {
		c.in("to", "links %s to itself; %s joins two", clip(m.From), m.Link)
	}
	x := &kg.Link{
		ID: m.ID, Kind: m.Link, From: m.From, To: m.To, Role: m.Role, Since: c.date("since",
			m.Since), Until: c.date("until", m.Until),
		CreatedAt: c.time("createdAt", m.CreatedAt), UpdatedAt: c.time("updatedAt", m.UpdatedAt),
	}
	c.span("since", "until", x.Since, x.Until)
	x.Clear = c.clear(cleared, func(f string) bool {
		return m.ID != "" &&
			(f == "role" || f == "since" || f == "until")
	})
	var missing error
	if len(m.Evidence) == 0 || len(m.Evidence) > rules.MaxEvidence {
		missing = fmt.Errorf("has no evidence: a link needs the words that say so, [{\"source\": …, \"excerpt\": …}], at most %d",
			rules.MaxEvidence)
		if m.ID == "" || len(m.Evidence) > 0 {
			c.fail("%w", missing)
		}
	}
	x.Evidence = make([]kg.Evidence, 0, len(m.Evidence))
	for i := range m.Evidence {
		e := &m.Evidence[i]
		c.verbatim("excerpt", e.Excerpt, rules.MaxExcerpt)
		c.verbatim("prefix", e.Prefix, rules.MaxExcerpt)
		c.verbatim("suffix", e.Suffix, rules.MaxExcerpt)
		c.id("source", e.Source, kg.SourcePrefix)
		switch {
		case strings.TrimSpace(e.Excerpt) == "":
			c.in("evidence", "has evidence without an excerpt")
		case e.Stance == "":
			e.Stance = kg.Supports
		case e.Stance != kg.Supports && e.Stance != kg.Refutes:
			c.in("stance", "has in stance neither SUPPORTS nor REFUTES")
		}
		x.Evidence = kg.UniteEvidence(x.Evidence, kg.Evidence{
			Source: e.Source, Excerpt: e.Excerpt, Prefix: e.Prefix,
			Suffix: e.Suffix, Stance: e.Stance, Verified: e.Verified,
		})
	}
	if x.Minted = x.ID == ""; x.Minted {
		x.ID = x.StatedID()
	} else {
		c.id("id", x.ID, kg.LinkPrefix)
	}
	return record{link: x, minted: x.Minted, missing: missing}, c.err
}
