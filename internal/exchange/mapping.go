package exchange

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/rules"
)

// Mapping says what the columns of a table mean, or the attributes of a drawing's nodes and edges. Its values are
// patterns: {Name} stands for what the column Name has, all else for itself. The keys of Source, Nodes and Links are
// those of lines of JSON.
type Mapping struct {
	// Source is what the links of a row are quoted from: one for all, or by columns.
	Source map[string]string `json:"source,omitempty"`
	// Nodes are the entities of a row. "as" is what links call them.
	Nodes []map[string]string `json:"nodes,omitempty"`
	// Links are the links of a row: "from" and "to" are entities of the row, or patterns of ids.
	Links []map[string]string `json:"links,omitempty"`
	// Values says what stands for what in a column.
	Values map[string]map[string]string `json:"values,omitempty"`
	// Separator stands between several values of one column; a semicolon by default.
	Separator string `json:"separator,omitzero"`
	Delimiter string `json:"delimiter,omitzero"` // stands between columns; seen from the first line by default
	Encoding  string `json:"encoding,omitzero"`
	Sheet     string `json:"sheet,omitzero"` // of a workbook, the only one that is read
	// Unused and Sample are for whoever edits a mapping: the columns that mean nothing yet, and some rows.
	Unused []string            `json:"unused,omitempty"`
	Sample []map[string]string `json:"sample,omitempty"`
}

// errNoRecords refuses a mapping by which nothing can be made of a row.
var errNoRecords = errors.New(`has no nodes and no links: write {"nodes": [{"as": "person", "node": "PERSON", "name": "{Name}"}]}`)

// maxMapping is the longest mapping, in bytes.
const maxMapping = 1 << 20

// ReadMapping reads a mapping.
func ReadMapping(b []byte) (*Mapping, error) {
	var m Mapping
	if len(b) > maxMapping {
		return nil, fmt.Errorf("is longer than %d bytes", maxMapping)
	}
	if err := decode(b, &m); err != nil {
		return nil, err
	}
	if len(m.Nodes) == 0 && len(m.Links) == 0 && len(m.Values) == 0 {
		return nil, errNoRecords
	}
	called := map[string]bool{}
	for i, n := range m.Nodes {
		as := n["as"]
		if called[as] && as != "" {
			return nil, fmt.Errorf("calls two nodes %s, the second in nodes.%d: links could mean either", clip(strconv.Quote(as)), i)
		}
		called[as] = true
		if n["node"] == "" {
			return nil, fmt.Errorf(`has no "node" in nodes.%d: write its type, as PERSON`, i)
		}
		if n["name"] == "" && n["id"] == "" {
			return nil, fmt.Errorf(`has neither "name" nor "id" in nodes.%d: write {"name": "{Name}"}`, i)
		}
	}
	for i, l := range m.Links {
		for _, key := range []string{"link", "from", "to"} {
			if l[key] == "" {
				return nil, fmt.Errorf(`has no %q in links.%d`, key, i)
			}
		}
	}
	if err := m.whole(); err != nil {
		return nil, err
	}
	return &m, nil
}

// whole returns an error for a pattern with a brace that names no column: the other one was forgotten.
func (m *Mapping) whole() error {
	check := func(at string, patterns map[string]string) error {
		for _, key := range slices.Sorted(maps.Keys(patterns)) {
			if strings.ContainsAny(braced.ReplaceAllLiteralString(patterns[key], ""), "{}") {
				return fmt.Errorf("has in %s.%s a brace without its other one: write {Column}", at, key)
			}
		}
		return nil
	}
	err := check("source", m.Source)
	for i, n := range m.Nodes {
		err = cmp.Or(err, check(fmt.Sprint("nodes.", i), n))
	}
	for i, l := range m.Links {
		err = cmp.Or(err, check(fmt.Sprint("links.", i), l))
	}
	return err
}

// braced matches a column in a pattern.
var braced = regexp.MustCompile(`\{[^{}]*\}`)

// columnOf returns the column that stands in braces, and the values that say what is meant by what it has: those of the
// column, or those whose name stands behind a bar.
func (m *Mapping) columnOf(braces string) (column, values string) {
	column = braces[1 : len(braces)-1]
	if i := strings.LastIndexByte(column, '|'); i >= 0 && m.Values[column[i+1:]] != nil {
		return column[:i], column[i+1:]
	}
	return column, column
}

// columns are the columns that the patterns of a mapping name.
func (m *Mapping) columns() (names []string) {
	take := func(patterns map[string]string) {
		for _, key := range slices.Sorted(maps.Keys(patterns)) {
			for _, name := range braced.FindAllString(patterns[key], -1) {
				column, _ := m.columnOf(name)
				names = append(names, column)
			}
		}
	}
	take(m.Source)
	for _, n := range m.Nodes {
		take(n)
	}
	for _, l := range m.Links {
		take(l)
	}
	return names
}

// fits returns an error for a mapping without records, and for a column that it names and a file lacks.
func (m *Mapping) fits(header []string) error {
	if len(m.Nodes) == 0 && len(m.Links) == 0 {
		return fmt.Errorf("is read by a mapping that %w", errNoRecords)
	}
	for _, name := range m.columns() {
		if name != rowColumn && !slices.Contains(header, name) {
			return fmt.Errorf("lacks the column %s that the mapping names; it has %s", clip(strconv.Quote(name)),
				kg.Clip(strings.Join(header, ", "), 300))
		}
	}
	return nil
}

// rowColumn is the name of the whole row in a pattern.
const rowColumn = "*"

// row is a row of a table, a node or an edge.
type row struct {
	line    int
	printed string // as it stands in the file
	get     func(column string) string
}

// mapped makes records of rows.
type mapped struct {
	*Mapping
	g    *gathering
	file map[string]string // the source that the file is
	// exact has values taken with the white space around them.
	exact bool
	// apart has ids that are none here written so that no two become one. Tables name entities by their names too, from
	// which the same id must follow.
	apart bool
	// unnamed counts what no values say the kind of, where a column of kinds has values.
	unnamed map[string]int
}

// of fills a pattern in. It is empty when it names columns that are all empty.
func (m *mapped) of(pattern string, r *row) string {
	some, named := false, false
	s := braced.ReplaceAllStringFunc(pattern, func(name string) string {
		named = true
		name, values := m.columnOf(name)
		if name == rowColumn {
			some = true
			return r.printed
		}
		v := m.trimmed(r.get(name))
		if is, ok := m.Values[values][v]; ok {
			v = is
		}
		some = some || v != ""
		return v
	})
	if named && !some {
		return ""
	}
	return m.trimmed(s)
}

func (m *mapped) trimmed(s string) string {
	if m.exact {
		return s
	}
	return strings.TrimSpace(s)
}

// row takes a row.
func (m *mapped) row(r *row) error {
	links := slices.DeleteFunc(slices.Clone(m.Links), func(l map[string]string) bool { return !m.meant(l["link"], r) })
	if len(links) == 0 && len(m.Links) > 0 && len(m.Nodes) > 0 {
		return nil // what it says is left out, and so are those of whom it says it
	}
	ids := map[string]string{}
	for _, n := range m.Nodes {
		id, err := m.node(n, r)
		if err != nil {
			return err
		}
		if as := n["as"]; as != "" {
			ids[as] = id
		}
	}
	for _, l := range links {
		if err := m.link(l, r, ids); err != nil {
			return err
		}
	}
	return nil
}

// meant reports whether a row has a kind of link, and counts what its column has where values say no kind for that.
// Without values, what is no kind is a fault of the row.
func (m *mapped) meant(pattern string, r *row) bool {
	if braced.FindString(pattern) != pattern {
		return true
	}
	column, values := m.columnOf(pattern)
	v := m.trimmed(r.get(column))
	is, said := m.Values[values][v]
	switch {
	case m.Values[values] == nil || v == "":
		return true
	case said:
		return is != ""
	case m.g.in.cat.Kind(constant(v)) != nil:
		return true
	}
	if m.unnamed == nil {
		m.unnamed = map[string]int{}
	}
	if what := clip(strconv.Quote(v)); m.unnamed[what] > 0 || len(m.unnamed) < maxUnnamed {
		m.unnamed[what]++
	} else {
		m.unnamed["others"]++
	}
	return false
}

// maxUnnamed bounds how many different ones are counted by themselves.
const maxUnnamed = 1000

// tell lists what was left out.
func (m *mapped) tell() {
	if len(m.unnamed) > 0 {
		m.g.in.lenient("rows whose kind of link the values of the mapping do not say are left out: %s", counted(m.unnamed))
	}
}

// counted lists what was counted, the most frequent first.
func counted(n map[string]int) string {
	list := slices.SortedFunc(maps.Keys(n), func(a, b string) int { return cmp.Or(cmp.Compare(n[b], n[a]), cmp.Compare(a, b)) })
	for i, what := range list {
		list[i] = fmt.Sprintf("%s %d", what, n[what])
	}
	return kg.Clip(strings.Join(list, ", "), 500)
}

// node takes an entity of a row and returns its id, "" when the row has none.
func (m *mapped) node(n map[string]string, r *row) (string, error) {
	name, id := m.of(n["name"], r), m.of(n["id"], r)
	if name == "" && id == "" {
		m.nameless(n, r)
		return "", nil
	}
	b := object{'{'}
	typ := m.of(n["node"], r)
	t := typeOf(m.g.in.cat, typ)
	if t != nil {
		typ = t.Enum
	}
	b.text("node", typ)
	if id != "" {
		b.text("id", m.id(id))
	}
	b.known("name", name)
	for _, key := range slices.Sorted(maps.Keys(n)) {
		v := ""
		if key != "as" && key != "node" && key != "id" && key != "name" {
			v = m.of(n[key], r)
		}
		if v == "" {
			continue
		}
		if err := m.field(&b, key, v, t, r.line); err != nil {
			return "", err
		}
	}
	return m.g.add(r.line, append(b, '}'))
}

// nameless says of an entity that is left out, as it has neither a name nor an id, that there is something of it.
func (m *mapped) nameless(n map[string]string, r *row) {
	for key, pattern := range n {
		if key != "node" && key != "as" && braced.MatchString(pattern) && m.of(pattern, r) != "" {
			m.g.in.lenient("what has neither a name nor an id is left out, first in %s", m.g.in.where(r.line))
			return
		}
	}
}

// constant writes a type or kind as the schema does: "affiliated with" is AFFILIATED_WITH.
func constant(s string) string {
	return strings.ToUpper(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '_' || r == '-' }), "_"))
}

// typeOf finds the type that a file calls so: "person", or the first of "Person;Actor" that is one. It is nil where
// there is none.
func typeOf(cat *catalog.Catalog, s string) *catalog.Type {
	for name := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune(":;,|", r) }) {
		if t := cat.TypeOf(constant(name)); t != nil && t.IsEntity() {
			return t
		}
	}
	return nil
}

// id makes an id of what a file calls one.
func (m *mapped) id(s string) string {
	var c cleaner
	if c.id("id", s, ""); c.err == nil {
		return s
	}
	slug := rules.Slug(s)
	if m.apart {
		slug = cmp.Or(slug, "n") + "-" + kg.Digest(s)
	}
	if slug != "" {
		m.g.in.lenient("ids that are none here, such as %s, are written as %s", clip(strconv.Quote(s)), slug)
		return slug
	}
	return s // the line says what is wrong
}

// field writes a field of an entity of a type.
func (m *mapped) field(b *object, key, v string, t *catalog.Type, line int) error {
	switch key {
	case flatAliases:
		list, err := listed(m.parted(v))
		if err != nil {
			return m.g.in.fail(line, fmt.Errorf("has in aliases what %w", err))
		}
		b.texts(key, list)
		return nil
	case flatExternal:
		ids, err := listedIDs(m.parted(v))
		if err != nil {
			return m.g.in.fail(line, err)
		}
		b.raw(key, string(listOfIDs(ids)))
		return nil
	case flatVerified:
		if v == "true" || v == "false" {
			b.raw(key, v)
		} else {
			b.text(key, v)
		}
		return nil
	}
	var p *catalog.Prop
	if t != nil {
		p = t.Prop(key)
	}
	switch {
	case p == nil:
		b.text(key, v)
	case p.Kind == catalog.Date:
		b.text(key, m.date(v))
	case p.Kind == catalog.Int:
		b.number(key, wholeNumber(v))
	case p.Kind == catalog.Float:
		b.number(key, v)
	case p.Kind == catalog.Bool && (strings.EqualFold(v, "true") || strings.EqualFold(v, "false")):
		b.raw(key, strings.ToLower(v))
	case p.Enum != nil:
		if c := constant(v); slices.Contains(p.Enum, c) {
			v = c
		}
		b.text(key, v)
	default:
		b.text(key, v)
	}
	return nil
}

// parted puts semicolons between several values of one column, unless they are a list of JSON.
func (m *mapped) parted(v string) string {
	if m.Separator == "" || strings.HasPrefix(v, "[") {
		return v
	}
	return strings.ReplaceAll(v, m.Separator, ";")
}

// wholeNumber takes the .0 from a number that a program kept as a fraction.
func wholeNumber(v string) string {
	if whole, zeros, ok := strings.Cut(v, "."); ok && strings.Trim(zeros, "0") == "" {
		return whole
	}
	return v
}

// Forms of dates that are read beside our own, because they can mean but one day.
var (
	slashed = regexp.MustCompile(`^(\d{4})/(\d{1,2})(?:/(\d{1,2}))?$`)
	dotted3 = regexp.MustCompile(`^(\d{1,2})\.(\d{1,2})\.(\d{4})$`)
	timed   = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})[T ]\d{2}:\d{2}.*$`)
	decimal = regexp.MustCompile(`^(\d{4})\.0$`)
)

// date writes a date in our form, where it is one of others that mean but one day.
func (m *mapped) date(v string) string {
	two := func(s string) string { return strings.Repeat("0", 2-len(s)) + s }
	is := v
	if f := slashed.FindStringSubmatch(v); f != nil {
		is = f[1] + "-" + two(f[2])
		if f[3] != "" {
			is += "-" + two(f[3])
		}
	} else if f := dotted3.FindStringSubmatch(v); f != nil {
		is = f[3] + "-" + two(f[2]) + "-" + two(f[1])
	} else if f := timed.FindStringSubmatch(v); f != nil {
		is = f[1]
	} else if f := decimal.FindStringSubmatch(v); f != nil {
		is = f[1]
	}
	if is != v {
		m.g.in.lenient("dates in other forms are read as ours: %s as %s", clip(v), is)
	}
	return is
}

// link takes a link of a row.
func (m *mapped) link(l map[string]string, r *row, ids map[string]string) error {
	end := func(key string) string {
		if id, ok := ids[l[key]]; ok {
			return id
		}
		if s := m.of(l[key], r); s != "" {
			return m.id(s)
		}
		return ""
	}
	from, to := end("from"), end("to")
	for _, x := range [][2]string{{"from", from}, {"to", to}} {
		if x[1] != "" {
			continue
		}
		if _, ok := ids[l[x[0]]]; ok {
			return nil // the row has no such entity, and so no such link
		}
		return m.g.in.fail(r.line, fmt.Errorf("has nothing in %s, where a link needs the id of an entity", l[x[0]]))
	}
	kind := m.of(l["link"], r)
	if k := m.g.in.cat.Kind(constant(kind)); k != nil {
		kind = k.Name
	}
	b := object{'{'}
	b.text("link", kind)
	if id := m.of(l["id"], r); strings.HasPrefix(id, kg.LinkPrefix) {
		b.text("id", id) // others number theirs
	}
	b.text("from", from)
	b.text("to", to)
	for _, key := range []string{"role", "since", "until", flatCreated, flatUpdated} {
		v := m.of(l[key], r)
		if key == "since" || key == "until" {
			v = m.date(v)
		}
		b.known(key, v)
	}
	pieces, err := m.evidence(l, r)
	if err != nil || pieces == nil {
		return err
	}
	b.raw("evidence", string(pieces))
	_, err = m.g.add(r.line, append(b, '}'))
	return err
}

// piece is a piece of evidence as the flat form writes it.
type piece struct {
	Source   string `json:"source"`
	Title    string `json:"title,omitzero"`
	Kind     string `json:"kind,omitzero"`
	URL      string `json:"url,omitzero"`
	Excerpt  string `json:"excerpt"`
	Prefix   string `json:"prefix,omitzero"`
	Suffix   string `json:"suffix,omitzero"`
	Stance   string `json:"stance,omitzero"`
	Verified *bool  `json:"verified,omitzero"`
}

// evidence returns the evidence of a link of a row as a line of JSON has it, after its sources were taken; nil when
// that is wrong.
func (m *mapped) evidence(l map[string]string, r *row) ([]byte, error) {
	var pieces []piece
	if v := m.of(l[flatEvidence], r); v != "" {
		if err := json.Unmarshal([]byte(v), &pieces, json.RejectUnknownMembers(true)); err != nil || len(pieces) == 0 {
			return nil, m.g.in.fail(r.line, errors.New(`has in evidence what is no list: `+
				`write [{"source": "s_a", "title": "A", "kind": "ARTICLE", "excerpt": "…"}], or an excerpt alone`))
		}
	} else {
		s := m.Source
		if m.of(s["title"], r) == "" && m.of(s["id"], r) == "" {
			s = m.file
		}
		id, err := m.source(func(key string) string { return m.of(s[key], r) }, r.line)
		if err != nil || id == "" {
			return nil, err
		}
		pieces = []piece{{
			Source: id, Excerpt: cmp.Or(m.of(l[flatExcerpt], r), beginning(r.printed)),
			Prefix: m.of(l["prefix"], r), Suffix: m.of(l["suffix"], r), Stance: m.of(l["stance"], r),
		}}
	}
	for i := range pieces {
		x := &pieces[i]
		if x.Title != "" || x.Kind != "" || x.URL != "" {
			fields := map[string]string{"id": x.Source, "title": x.Title, "kind": x.Kind, "url": x.URL}
			id, err := m.source(func(key string) string { return fields[key] }, r.line)
			if err != nil || id == "" {
				return nil, err
			}
		}
		x.Title, x.Kind, x.URL = "", "", ""
	}
	out, err := json.Marshal(pieces)
	if err != nil {
		return nil, m.g.in.fail(r.line, errors.New("has evidence that is not UTF-8"))
	}
	return out, nil
}

// beginning returns as much of a record as an excerpt can have.
func beginning(printed string) string {
	if len(printed) <= rules.MaxExcerpt {
		return printed
	}
	n := rules.MaxExcerpt
	for !utf8.RuneStart(printed[n]) {
		n--
	}
	return printed[:n]
}

// source takes a source of these fields and returns its id, "" when it is wrong. One that has no id is the source of
// the store that has its title, unless what both say of its address and kind differs.
func (m *mapped) source(of func(key string) string, line int) (string, error) {
	kind, is := constant(of("kind")), (*kg.Source)(nil)
	if title := strings.TrimSpace(of("title")); of("id") == "" && title != "" {
		s, err := m.g.in.others.titled(m.g.in.ctx, title)
		if err != nil {
			return "", err
		}
		if s != nil && (kind == "" || kind == s.Kind) && (of("url") == "" || s.URL == "" || of("url") == s.URL) {
			is, kind = s, s.Kind
		}
	}
	b := object{'{'}
	b.text("source", cmp.Or(kind, "DATASET"))
	for _, key := range []string{"id", "title", "url", "publisher", "publishedOn"} {
		v := of(key)
		switch {
		case is == nil:
		case key == "id":
			v = is.ID
		case key == "title":
			v = is.Title // as it is written there
		}
		if key == "id" && v != "" && !strings.HasPrefix(v, kg.SourcePrefix) {
			v = kg.SourcePrefix + cmp.Or(rules.Slug(v), v)
		}
		if key == "publishedOn" {
			v = m.date(v)
		}
		b.known(key, v)
	}
	if v := of("authors"); v != "" {
		list, err := listed(m.parted(v))
		if err != nil {
			return "", m.g.in.fail(line, fmt.Errorf("has in authors what %w", err))
		}
		b.texts("authors", list)
	}
	return m.g.add(line, append(b, '}'))
}
