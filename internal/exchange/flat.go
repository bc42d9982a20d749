package exchange

import (
	"bufio"
	"cmp"
	"context"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/text"
)

// Programs that draw and measure graphs know nodes and edges, each with single values under names. What they read is
// written from this flat form of entities and links.

// flatLacks says what the flat form cannot hold.
const flatLacks = "texts, publishers, authors and dates of sources; sources that no link quotes; former ids"

// field is one value of the flat form.
type field struct {
	name string
	kind catalog.PropKind // Text, Date, Int, Float or Bool
}

// xml returns the type of the field in GraphML and in GEXF, which name whole numbers in two ways.
func (f field) xml(whole string) string {
	switch f.kind {
	case catalog.Int:
		return whole
	case catalog.Float:
		return "double"
	case catalog.Bool:
		return "boolean"
	}
	return "string"
}

// Names of fields of the flat form that more than one place speaks of.
const (
	flatType        = "type"
	flatKind        = "kind"
	flatAliases     = "aliases"
	flatExternal    = "externalIds"
	flatVerified    = "verified"
	flatExcerpt     = "excerpt"
	flatSource      = "sourceId"
	flatSourceTitle = "sourceTitle"
	flatSourceKind  = "sourceKind"
	flatURL         = "url"
	flatEvidence    = "evidence"
	flatStanding    = "standing"
	flatCreated     = "createdAt"
	flatUpdated     = "updatedAt"
)

// nodeFields are the fields of an entity beside its id and its name, those of all types.
func nodeFields(cat *catalog.Catalog) []field {
	out := []field{{flatType, catalog.Text}, {flatAliases, catalog.Text}, {"description", catalog.Text}, {flatExternal, catalog.Text}}
	for _, t := range cat.Types {
		for _, p := range t.Props {
			if !slices.ContainsFunc(out, func(f field) bool { return f.name == p.Name }) {
				out = append(out, field{p.Name, p.Kind})
			}
		}
	}
	return append(out, field{flatVerified, catalog.Bool}, field{flatCreated, catalog.Text}, field{flatUpdated, catalog.Text})
}

// linkFields are the fields of a link beside its id and its ends.
func linkFields() []field {
	return []field{
		{flatKind, catalog.Text},
		{"role", catalog.Text},
		{"since", catalog.Date},
		{"until", catalog.Date},
		{flatStanding, catalog.Text},
		{flatExcerpt, catalog.Text},
		{flatSource, catalog.Text},
		{flatSourceTitle, catalog.Text},
		{flatSourceKind, catalog.Text},
		{flatURL, catalog.Text},
		{flatEvidence, catalog.Text},
		{flatCreated, catalog.Text},
		{flatUpdated, catalog.Text},
	}
}

// flatNode is an entity in the flat form. It is valid until the next.
type flatNode struct {
	*kg.Node
	typ    *catalog.Type
	values []string // by nodeFields; "" for none
}

// flatLink is a link in the flat form. It is valid until the next.
type flatLink struct {
	*kg.Link
	kind   *catalog.Kind
	values []string // by linkFields; "" for none
}

// days returns the first and the last day of an entity, "" where it is not known. An entity with one date alone, as a
// quotation, is over on that day.
func (n *flatNode) days() (first, last string) {
	if n.typ.DateProp == nil {
		return "", ""
	}
	from, _ := n.Props[n.typ.DateProp.Name].(string)
	until := ""
	for _, span := range spans(n.typ) {
		if span[0] == n.typ.DateProp.Name {
			until, _ = n.Props[span[1]].(string)
		}
	}
	if n.typ.Timeline != "" && until == "" {
		until = from
	}
	return firstDay(kg.PartialDate(from)), lastDay(kg.PartialDate(until))
}

func firstDay(d kg.PartialDate) string {
	if d == "" {
		return ""
	}
	day, _ := d.Interval()
	return string(day.Date())
}

func lastDay(d kg.PartialDate) string {
	if d == "" {
		return ""
	}
	_, day := d.Interval()
	return string(day.Date())
}

// drawing writes the flat form in a format: its nodes, then its links.
type drawing interface {
	begin() error
	node(n *flatNode) error
	links() error // nodes are over
	link(l *flatLink) error
	end() error
}

// sound returns the error of the first write that failed, which the writer keeps.
func sound(w *bufio.Writer) error {
	_, err := w.Write(nil)
	return err
}

// draw writes everything. Of the sources, whose words the links quote, it holds some numbers in memory.
func (x *outlet) draw(ctx context.Context, d drawing) (err error) {
	known := sources{seed: maphash.MakeSeed(), at: map[uint64]place{}}
	defer func() { err = cmp.Or(err, known.close()) }()
	if err := x.from.Sources(ctx, func(s *kg.Source) error {
		x.counts.Sources++
		return known.add(s)
	}); err != nil {
		return err
	}
	if err := d.begin(); err != nil {
		return err
	}
	fields := nodeFields(x.cat)
	n := flatNode{values: make([]string, len(fields))}
	if err := x.from.Nodes(ctx, func(of *kg.Node) error {
		x.counts.Nodes++
		n.Node, n.typ = of, x.cat.TypeOf(of.Type)
		for i, f := range fields {
			n.values[i] = nodeValue(of, f.name)
		}
		return d.node(&n)
	}); err != nil {
		return err
	}
	if err := d.links(); err != nil {
		return err
	}
	fields = linkFields()
	l := flatLink{values: make([]string, len(fields))}
	if err := x.from.Links(ctx, func(of *kg.Link) error {
		x.counts.Links++
		l.Link, l.kind = of, x.cat.Kind(of.Kind)
		quoted, err := known.of(of)
		if err != nil {
			return err
		}
		for i, f := range fields {
			l.values[i] = linkValue(of, quoted, f.name)
		}
		return d.link(&l)
	}); err != nil {
		return err
	}
	return d.end()
}

// nodeValue returns a field of an entity.
func nodeValue(n *kg.Node, field string) string {
	switch field {
	case flatType:
		return n.Type
	case flatAliases:
		return joined(n.Aliases)
	case "description":
		return n.Description
	case flatExternal:
		return joinedIDs(n.ExternalIDs)
	case flatVerified:
		if n.Verified != nil {
			return strconv.FormatBool(*n.Verified)
		}
		return ""
	case flatCreated:
		return written(n.CreatedAt)
	case flatUpdated:
		return written(n.UpdatedAt)
	}
	switch v := n.Props[field].(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// linkValue returns a field of a link whose evidence rests on these sources, one for each piece.
func linkValue(l *kg.Link, quoted []*kg.Source, field string) string {
	switch field {
	case flatKind:
		return l.Kind
	case "role":
		return l.Role
	case "since":
		return string(l.Since)
	case "until":
		return string(l.Until)
	case flatStanding:
		return l.Standing().String()
	case flatCreated:
		return written(l.CreatedAt)
	case flatUpdated:
		return written(l.UpdatedAt)
	}
	if len(l.Evidence) == 0 {
		return ""
	}
	i := max(0, slices.IndexFunc(l.Evidence, func(e kg.Evidence) bool { return e.Stance == kg.Supports }))
	switch field {
	case flatExcerpt:
		return l.Evidence[i].Excerpt
	case flatSource:
		return l.Evidence[i].Source
	case flatSourceTitle:
		return quoted[i].Title
	case flatSourceKind:
		return quoted[i].Kind
	case flatURL:
		return quoted[i].URL
	case flatEvidence:
		return evidenceValue(l, quoted)
	}
	return ""
}

// evidenceValue writes all pieces of evidence as JSON, unless there is but one and an excerpt and its source say it.
func evidenceValue(l *kg.Link, quoted []*kg.Source) string {
	if e := &l.Evidence[0]; len(l.Evidence) == 1 && e.Stance == kg.Supports && e.Prefix == "" && e.Suffix == "" &&
		(e.Verified == nil || *e.Verified) && plain(e.Excerpt) {
		return ""
	}
	b := object{'['}
	for i := range l.Evidence {
		e := &l.Evidence[i]
		b.begin()
		b.text("source", e.Source)
		for _, f := range [][2]string{
			{"title", quoted[i].Title},
			{"kind", quoted[i].Kind},
			{"url", quoted[i].URL},
			{"excerpt", e.Excerpt},
			{"prefix", e.Prefix},
			{"suffix", e.Suffix},
			{"stance", e.Stance},
		} {
			b.known(f[0], f[1])
		}
		if e.Verified != nil && !*e.Verified {
			b.raw(flatVerified, "false")
		}
		b = append(b, '}')
	}
	return string(append(b, ']'))
}

// plain reports whether every format has a text as it is: tables do without white space around it and without carriage
// returns, XML without control characters.
func plain(s string) bool {
	return s == strings.TrimSpace(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' })
}

func written(t kg.Time) string {
	if t == 0 {
		return ""
	}
	return t.String()
}

// joined writes a list as one value: "a; b", or as JSON where that would be read as another list.
func joined(list []string) string {
	s := strings.Join(list, "; ")
	if again, err := listed(s); err == nil && slices.Equal(again, list) && plain(s) {
		return s
	}
	return string(text.AppendJSONList(nil, list))
}

// joinedIDs writes external ids as one value: "wikidata:Q1; ror:2", or as JSON where that would not say it.
func joinedIDs(ids []kg.ExternalID) string {
	list := make([]string, len(ids))
	for i, e := range ids {
		list[i] = e.Scheme + ":" + e.Value
	}
	s := strings.Join(list, "; ")
	if again, err := listedIDs(s); err == nil && slices.Equal(again, ids) && plain(s) {
		return s
	}
	return string(listOfIDs(ids))
}

// listOfIDs writes external ids as JSON.
func listOfIDs(ids []kg.ExternalID) []byte {
	b := object{'['}
	for _, e := range ids {
		b.begin()
		b.text("scheme", e.Scheme)
		b.text("value", e.Value)
		b.known("url", e.URL)
		b = append(b, '}')
	}
	return append(b, ']')
}

// place is where the words of a source stand in a spool.
type place struct {
	from int64
	size int
}

// sources holds what the flat form says of sources: their titles, kinds and addresses.
type sources struct {
	seed  maphash.Seed
	at    map[uint64]place // by the hash of the id
	spool spool
}

func (s *sources) add(x *kg.Source) error {
	words := strings.Join([]string{x.Title, x.Kind, x.URL}, "\x00") // no text of a record has that character
	from, err := s.spool.add(words)
	s.at[maphash.String(s.seed, x.ID)] = place{from, len(words)}
	return err
}

// of returns the source of each piece of a link's evidence.
func (s *sources) of(l *kg.Link) ([]*kg.Source, error) {
	out := make([]*kg.Source, len(l.Evidence))
	for i := range l.Evidence {
		id := l.Evidence[i].Source
		out[i] = &kg.Source{ID: id}
		p, ok := s.at[maphash.String(s.seed, id)]
		if !ok {
			continue // it came behind the reading of the sources
		}
		words, err := s.spool.at(p.from, p.size)
		if err != nil {
			return nil, err
		}
		parts := strings.Split(words, "\x00")
		out[i].Title, out[i].Kind, out[i].URL = parts[0], parts[1], parts[2]
	}
	return out, nil
}

func (s *sources) close() error { return s.spool.close() }
