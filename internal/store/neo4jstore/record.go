package neo4jstore

import (
	"strconv"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
)

// fields read the values of one record as they are kept, and remember the first that this program does not write. A
// record with such a value is told of and never read: an export would lose what it holds, and a change write back what
// is left of it.
type fields struct{ wrong string }

func (f *fields) misfit(name string) {
	if f.wrong == "" {
		f.wrong = name
	}
}

// text reads a text, "" where there is none.
func (f *fields) text(v any, name string) string {
	s, ok := v.(string)
	if !ok && v != nil {
		f.misfit(name)
	}
	return s
}

// must reads a text that no record is without.
func (f *fields) must(v any, name string) string {
	s, ok := v.(string)
	if !ok {
		f.misfit(name)
	}
	return s
}

func (f *fields) date(v any, name string) kg.PartialDate {
	s := f.text(v, name)
	if s != "" {
		if _, err := kg.ParseDate(s); err != nil {
			f.misfit(name)
		}
	}
	return kg.PartialDate(s)
}

// time reads an instant, which no record is without.
func (f *fields) time(v any, name string) kg.Time {
	ms, ok := v.(int64)
	if !ok {
		f.misfit(name)
		return 0
	}
	return kg.TimeAt(ms)
}

// list reads a list, none where there is none.
func (f *fields) list(v any, name string) []any {
	l, ok := v.([]any)
	if !ok && v != nil {
		f.misfit(name)
	}
	return l
}

func (f *fields) texts(v any, name string) []string {
	list := f.list(v, name)
	if len(list) == 0 {
		return nil
	}
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = f.must(x, name)
	}
	return out
}

// externalIDs reads an entity's external ids.
func (f *fields) externalIDs(v any) []kg.ExternalID {
	const name = "externalIds"
	list := f.list(v, name)
	if len(list)%3 != 0 {
		f.misfit(name)
	}
	if len(list) < 3 {
		return nil
	}
	out := make([]kg.ExternalID, len(list)/3)
	for i := range out {
		e := &out[i]
		e.Scheme, e.Value, e.URL = f.must(list[3*i], name), f.must(list[3*i+1], name), f.must(list[3*i+2], name)
		if e.URL == "-" {
			e.URL = ""
		}
	}
	return out
}

// sourceText reads sources whole.
const sourceText = "s.id, s.title, s.url, s.kind, s.publisher, s.authors, s.publishedOn, s.text"

func (f *fields) source(v []any) *kg.Source {
	return &kg.Source{
		ID: f.must(v[0], "id"), Title: f.must(v[1], "title"), URL: f.text(v[2], "url"), Kind: f.must(v[3], "kind"),
		Publisher: f.text(v[4], "publisher"), Authors: f.texts(v[5], "authors"), PublishedOn: f.date(v[6], "publishedOn"),
		Text: f.text(v[7], "text"),
	}
}

// node is the entity that has these properties.
func (f *fields) node(t *catalog.Type, p map[string]any) *kg.Node {
	x := &kg.Node{
		ID: f.must(p["id"], "id"), Type: t.Enum, Name: f.must(p["name"], "name"), Description: f.text(p["description"], "description"),
		Aliases: f.texts(p["aliases"], "aliases"), ExternalIDs: f.externalIDs(p["externalIds"]), FormerIDs: f.texts(p["formerIds"], "formerIds"),
		CreatedAt: f.time(p["createdAt"], "createdAt"), UpdatedAt: f.time(p["updatedAt"], "updatedAt"),
	}
	for _, own := range t.Props {
		v, there := p[own.Name]
		if read, fits := value(v, readers[own.Kind]); !fits || own.Required && read.Kind == kg.Null {
			f.misfit(own.Name)
		}
		if !there {
			continue
		}
		if x.Props == nil {
			x.Props = map[string]any{}
		}
		x.Props[own.Name] = v
	}
	return x
}

// linkText reads links with all they rest on.
const linkText = "r.id, coalesce(r.kind, type(r)), startNode(r).id, endNode(r).id, r.role, r.since, r.until, r.createdAt, r.updatedAt, coalesce(r.evidenceSources, r.sources), r.excerpts, r.prefixes, r.suffixes, r.stances, r.verified, r.starts, r.ends"

func (f *fields) link(cat *catalog.Catalog, v []any) *kg.Link {
	x := &kg.Link{
		ID: f.must(v[0], "id"), Kind: f.must(v[1], "kind"), From: f.must(v[2], "from"), To: f.must(v[3], "to"), Role: f.text(v[4], "role"),
		Since: f.date(v[5], "since"), Until: f.date(v[6], "until"), CreatedAt: f.time(v[7], "createdAt"), UpdatedAt: f.time(v[8], "updatedAt"),
	}
	if cat.Kind(x.Kind) == nil {
		f.misfit("kind")
	}
	x.Evidence = f.evidence(v)
	return x
}

// evidence reads the lists that a link's evidence is made of, which are of one length.
func (f *fields) evidence(v []any) []kg.Evidence {
	const name = "evidence"
	var lists [8][]any // of linkText, from the sources on
	for i := range lists {
		lists[i] = f.list(v[9+i], name)
	}
	n := len(lists[1])
	for i, l := range lists {
		if len(l) != n && (i == 0 || v[9+i] != nil) {
			f.misfit(name)
		}
	}
	at := func(list, i int) string {
		if l := lists[list]; i < len(l) {
			return f.must(l[i], name)
		}
		return ""
	}
	place := func(list, i int) int {
		if l := lists[list]; i < len(l) {
			if n, ok := l[i].(int64); ok {
				return int(n)
			}
		}
		f.misfit(name)
		return 0
	}
	out := make([]kg.Evidence, n)
	for i := range out {
		e := &out[i]
		e.Source, e.Excerpt, e.Prefix, e.Suffix, e.Stance = at(0, i), at(1, i), at(2, i), at(3, i), at(4, i)
		switch m := at(5, i); m {
		case "":
		case "true", "false":
			yes := m == "true"
			if e.Verified = &yes; yes {
				e.Start, e.End = place(6, i), place(7, i)
			}
		default:
			f.misfit(name)
		}
	}
	return out
}

// misfit is the error for a record with a value that this program does not write.
func misfit(what string, id any, name string) error {
	return kg.Errorf(kg.Corrupt, "%s of the %s %s holds what this program does not write: %s", name, what, shown(id), remedy)
}

// remedy is what to do about what somebody else wrote.
const remedy = "mend it in Neo4j; `throughline check` lists all that is damaged"

// shown is an id of which nobody knows whether it is one.
func shown(v any) string {
	id, ok := v.(string)
	switch {
	case !ok:
		return "without an id"
	case kg.CheckID(id) != nil:
		return "with the damaged id " + strconv.QuoteToASCII(kg.Clip(id, 60))
	}
	return id
}

func sourceOf(v []any) (*kg.Source, error) {
	var f fields
	x := f.source(v)
	if f.wrong != "" {
		return nil, misfit("source", v[0], f.wrong)
	}
	return x, nil
}

// nodeOf is an entity as nodesText reads it.
func (s *Store) nodeOf(v []any) (*kg.Node, error) {
	p, _ := v[1].(map[string]any)
	t := s.layout.cat.TypeAt(uint8(asInt(v[0])))
	if t == nil {
		return nil, kg.Errorf(kg.Corrupt, "the entity %s is of no type of the contract: %s", shown(p["id"]), remedy)
	}
	x, err := nodeFrom(t, p)
	if err != nil {
		return nil, err
	}
	if stands, ok := v[2].(bool); ok {
		x.Verified = &stands
	}
	return x, nil
}

func nodeFrom(t *catalog.Type, p map[string]any) (*kg.Node, error) {
	var f fields
	x := f.node(t, p)
	if f.wrong != "" {
		return nil, misfit(strings.ReplaceAll(strings.ToLower(t.Enum), "_", " "), p["id"], f.wrong)
	}
	return x, nil
}

func (l *layout) linkOf(v []any) (*kg.Link, error) {
	var f fields
	x := f.link(l.cat, v)
	if f.wrong != "" {
		return nil, misfit("link", v[0], f.wrong)
	}
	return x, nil
}
