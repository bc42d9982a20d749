package exchange

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/throughline/throughline/internal/catalog"
)

// sampleRows is how many rows a proposed mapping shows.
const sampleRows = 5

// Propose writes a mapping for a table by the names of its columns, for a person to edit.
func Propose(ctx context.Context, cat *catalog.Catalog, f File) ([]byte, error) {
	opened, err := f.Open()
	if err != nil {
		return nil, readError(f.Name, err)
	}
	defer opened.Close() //nolint:errcheck // it was only read
	r, err := unpacked(opened)
	if err != nil {
		return nil, readError(f.Name, err)
	}
	format := formatOf(f.Name, r)
	if err := packedOtherwise(&f, format, r); err != nil {
		return nil, err
	}
	if format.tables == nil && FormatOf("", f.Name) == nil {
		format = FormatOf("csv", "") // a table may have any name
	}
	if format.tables == nil {
		return nil, fmt.Errorf("%s is of format %s, and no table: for a mapping of its attributes, see docs/import-export.md", f.Name, format.Name)
	}
	if err := f.Terms.fit(&f, format); err != nil {
		return nil, err
	}
	in := f.quiet(ctx, r)
	m, err := proposed(cat, in, format)
	var bad *LineError
	switch {
	case errors.As(err, &bad):
		bad.File, bad.Noun = f.Name, "row"
		bad.in(in.sheets)
		return nil, bad
	case err != nil:
		return nil, readError(f.Name, err)
	}
	b, err := json.Marshal(m, jsontext.WithIndent("  "), json.Deterministic(true))
	return append(b, '\n'), err
}

// errProposed ends the reading of a file of which a mapping was proposed.
var errProposed = errors.New("a mapping was proposed")

// proposed makes a mapping for the first table of a file that has something in it.
func proposed(cat *catalog.Catalog, in *reading, format *Format) (m *Mapping, err error) {
	err = format.tables(in, func(t rows) error {
		if len(t.columns()) == 0 {
			return nil
		}
		if m, err = proposedOf(cat, in, t); err != nil {
			return err
		}
		return errProposed
	})
	if err == nil {
		err = &LineError{Line: 1, Err: errors.New("names no columns: the file is empty")}
	}
	if !errors.Is(err, errProposed) {
		return nil, err
	}
	return m, nil
}

// proposedOf makes a mapping for a table.
func proposedOf(cat *catalog.Catalog, in *reading, t rows) (*Mapping, error) {
	header := t.columns()
	m, err := automatic(header, &in.file.Terms)
	if err != nil {
		m = guessed(cat, header)
	}
	if m.Source["title"] == "" && m.Source["id"] == "" && len(m.Links) > 0 && m.Source["url"] != "" {
		m.Source["title"] = m.Source["url"] // one source for each address; without any, the file is the source
	}
	m.Source = without(m.Source)
	if text, ok := t.(*tableReader); ok {
		m.Delimiter = string(text.delimiter)
	}
	m.Encoding = in.file.Terms.Encoding
	if len(in.sheets) > 1 {
		top, _ := t.at()
		m.Sheet = in.sheets[top>>rowBits]
	}
	used := m.columns()
	for _, h := range header {
		if h != "" && !slices.Contains(used, h) {
			m.Unused = append(m.Unused, h)
		}
	}
	for range sampleRows {
		values, err := t.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		sample := map[string]string{}
		for i, h := range header {
			if i < len(values) && values[i] != "" {
				sample[h] = values[i]
			}
		}
		m.Sample = append(m.Sample, sample)
	}
	return m, nil
}

// typeWord says what the columns with the names of entities of a type are called.
type typeWord struct {
	enum  string
	words []string
}

// Words of columns, by what they mean.
var (
	typeWords = []typeWord{
		{"PERSON", []string{"person", "name", "fullname", "people", "member", "employee", "author", "speaker", "director", "politician"}},
		{"INSTITUTION", []string{
			"institution", "organisation", "organization", "org", "employer", "company", "affiliation", "university", "agency",
			"department", "body",
		}},
		{"EVENT", []string{"event", "conference", "meeting", "summit"}},
		{"THEME", []string{"theme", "topic", "subject", "keyword", "issue"}},
		{"PLACE", []string{"place", "city", "country", "location", "town", "region"}},
	}
	fieldWords = map[string][]string{
		"born": {"born", "birth", "birthdate", "dateofbirth", "birthday", "bornon"}, "died": {"died", "death", "deathdate", "dateofdeath"},
		"aliases": {"alias", "aliases", "aka", "alsoknownas", "othernames"}, "description": {"description", "notes", "bio", "about"},
		"founded": {"founded", "established"}, "id": {"id", "identifier", "key"}, "externalIds": {"externalids", "wikidata"},
	}
	linkWords = map[string][]string{
		"role":    {"role", "position", "title", "job", "jobtitle", "function", "office"},
		"since":   {"since", "from", "start", "started", "startdate", "joined", "begin"},
		"until":   {"until", "to", "end", "ended", "enddate", "left"},
		"excerpt": {"excerpt", "quote", "quotation", "words", "evidence"},
	}
	sourceWords = map[string][]string{
		"title": {"source", "sourcetitle", "reference", "publication"}, "url": {"url", "link", "sourceurl", "website"},
		"publishedOn": {"published", "publishedon", "publicationdate"}, "publisher": {"publisher", "newspaper"},
	}
)

// guessed makes a mapping of what columns are usually called.
func guessed(cat *catalog.Catalog, header []string) *Mapping {
	m := &Mapping{Source: map[string]string{}}
	free := slices.Clone(header)
	take := func(words []string) string {
		for _, w := range words {
			if i := slices.IndexFunc(free, func(h string) bool { return bareName(h) == w }); i >= 0 {
				h := free[i]
				free = slices.Delete(free, i, i+1)
				return "{" + h + "}"
			}
		}
		return ""
	}
	var types []*catalog.Type
	add := func(enum, name string) {
		if t := cat.TypeOf(enum); t != nil && name != "" {
			m.Nodes = append(m.Nodes, map[string]string{"as": strings.ToLower(enum), "node": enum, "name": name})
			types = append(types, t)
		}
	}
	first := take([]string{"firstname", "givenname", "forename"})
	last := take([]string{"lastname", "surname", "familyname"})
	add("PERSON", strings.TrimSpace(first+" "+last))
	for _, t := range cat.Types {
		if !slices.ContainsFunc(typeWords, func(w typeWord) bool { return w.enum == t.Enum }) {
			add(t.Enum, take([]string{bareName(t.Name)})) // types of one's own
		}
	}
	for _, w := range typeWords {
		if w.enum != "PERSON" || len(types) == 0 || types[0].Enum != "PERSON" {
			add(w.enum, take(w.words))
		}
	}
	if len(m.Nodes) == 0 {
		add("PERSON", "{"+header[0]+"}")
		free = slices.DeleteFunc(free, func(h string) bool { return h == header[0] })
	}
	for key, words := range sourceWords {
		if p := take(words); p != "" {
			m.Source[key] = p
		}
	}
	main := m.Nodes[0]
	for _, key := range []string{"id", "aliases", "externalIds", "description", "born", "died", "founded"} {
		if p := types[0].Prop(key); p == nil && (key == "born" || key == "died" || key == "founded") {
			continue
		}
		if p := take(fieldWords[key]); p != "" {
			main[key] = p
			if key == "externalIds" && bareName(p) == "wikidata" {
				main[key] = "wikidata:" + p
			}
		}
	}
	for i, t := range types {
		for _, p := range t.Props {
			if c := take([]string{bareName(p.Name)}); c != "" {
				m.Nodes[i][p.Name] = c
			}
		}
	}
	for i := 1; i < len(types); i++ {
		var l map[string]string
		for j := 0; j < i && l == nil; j++ {
			l = joining(cat, types[j], types[i])
		}
		if l != nil {
			if len(m.Links) == 0 {
				for key, words := range linkWords {
					if p := take(words); p != "" {
						l[key] = p
					}
				}
			} else if x := m.Links[0]["excerpt"]; x != "" {
				l["excerpt"] = x
			}
			m.Links = append(m.Links, l)
		}
	}
	return m
}

// joining returns a link of the first kind that joins two types; nil where none does.
func joining(cat *catalog.Catalog, a, b *catalog.Type) map[string]string {
	link := func(kind, from, to string) map[string]string {
		return map[string]string{"link": kind, "from": strings.ToLower(from), "to": strings.ToLower(to)}
	}
	for _, k := range cat.Kinds {
		switch {
		case k.From.Has(a.Index) && k.To.Has(b.Index):
			return link(k.Name, a.Enum, b.Enum)
		case k.From.Has(b.Index) && k.To.Has(a.Index):
			return link(k.Name, b.Enum, a.Enum)
		}
	}
	return nil
}

// EncodingError returns an error for the name of an encoding that is not known.
func EncodingError(name string) error {
	if name == "" || same(name, "utf8") || encodingOf(name) != nil {
		return nil
	}
	return fmt.Errorf("the encoding %s is not known", cmp.Or(clip(name), "?"))
}
