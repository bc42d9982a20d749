package exchange

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/kg"
)

// Headers that need no mapping: ours, those of Neo4j's import, Gephi's of edges.

// automatic returns the mapping that a header says by itself, with the type or kind that its file is read by.
func automatic(header []string, t *Terms) (*Mapping, error) {
	if slices.ContainsFunc(header, func(h string) bool { return strings.Contains(h, ":") && neo4jColumn(h).mark != "" }) {
		return neo4jMapping(header, t)
	}
	by := map[string]string{} // columns by the letters of their names
	for _, h := range header {
		key := bareName(h)
		if _, ok := by[key]; !ok {
			by[key] = h
		}
	}
	column := func(names ...string) string {
		for _, n := range names {
			if h, ok := by[n]; ok {
				delete(by, n)
				return "{" + h + "}"
			}
		}
		return ""
	}
	link := map[string]string{"from": column("from", "source", "sourcenode"), "to": column("to", "target", "targetnode")}
	if _, ok := by["sourcetitle"]; !ok { // where source is not what the link comes from, it is what says so
		if h, ok := by["source"]; ok {
			by["sourcetitle"] = h
			delete(by, "source")
		}
	}
	if link["from"] != "" && link["to"] != "" {
		if link["link"] = column("kind", "link", "linkkind", "relation", "relationship"); link["link"] == "" {
			link["link"] = t.Kind
		}
		if link["link"] == "" {
			link["link"] = column("label") // Gephi has one, mostly empty
		}
		if link["link"] == "" {
			return nil, errors.New("names no column of kinds of links: call one kind, say --kind where all are of one, " +
				"or write a mapping (throughline map FILE proposes one)")
		}
		link["id"] = column("id")
		for _, f := range linkFields() {
			if link[f.name] == "" && f.name != flatKind && f.name != flatStanding {
				link[f.name] = column(bareName(f.name))
			}
		}
		for _, key := range []string{"prefix", "suffix", "stance"} {
			link[key] = column(key)
		}
		m := &Mapping{Source: map[string]string{
			"id": link[flatSource], "title": link[flatSourceTitle], "kind": link[flatSourceKind], "url": link[flatURL],
		}}
		for _, key := range []string{flatSource, flatSourceTitle, flatSourceKind, flatURL} {
			delete(link, key)
		}
		m.Links = append(m.Links, without(link))
		delete(by, bareName(flatStanding)) // it follows from the evidence
		m.Unused = slices.Sorted(maps.Values(by))
		return m, nil
	}
	node := map[string]string{
		"node": column("type", "node", "nodetype", "category"), "name": column("name", "label", "title"), "id": column("id"),
	}
	if node["node"] == "" && (node["name"] != "" || node["id"] != "") {
		node["node"] = t.Type
	}
	if node["node"] == "" || node["name"] == "" && node["id"] == "" {
		return nil, fmt.Errorf("has the columns %s, which do not say what they are: "+
			"name id, name and type for nodes, from, to and kind for links, say --type where all nodes are of one, "+
			"or write a mapping (throughline map FILE proposes one)", kg.Clip(strings.Join(header, ", "), 300))
	}
	for _, h := range by {
		node[fieldName(h)] = "{" + h + "}"
	}
	return &Mapping{Nodes: []map[string]string{without(node)}}, nil
}

// Ordered returns files in an order in which they can be imported: tables of links whose headers say that they are
// behind all others, as links need their ends.
func Ordered(files []File) []File {
	if len(files) < 2 {
		return files // it may be read but once
	}
	first := make([]File, 0, len(files))
	var links []File
	for _, f := range files {
		if f.holdsLinks() {
			links = append(links, f)
		} else {
			first = append(first, f)
		}
	}
	return append(first, links...)
}

// holdsLinks reports whether a file has tables of links alone, by their headers. What is wrong with it is found when it
// is read.
func (f *File) holdsLinks() bool {
	if format := cmp.Or(f.Terms.Format, FormatOf("", f.Name)); format == nil || format.tables == nil || f.Terms.Mapping != nil {
		return false
	}
	opened, err := f.Open()
	if err != nil {
		return false
	}
	defer opened.Close() //nolint:errcheck // it was only read
	r, err := unpacked(opened)
	if err != nil {
		return false
	}
	format := f.Terms.Format
	if format == nil {
		format = formatOf(f.Name, r)
	}
	links, all := false, true
	err = format.tables(f.quiet(context.Background(), r), func(t rows) error {
		m, err := automatic(t.columns(), &f.Terms)
		links, all = true, all && err == nil && len(m.Nodes) == 0
		return nil
	})
	return err == nil && links && all
}

// quiet reads a file of which nobody wants to hear more than what its tables have.
func (f *File) quiet(ctx context.Context, r *bufio.Reader) *reading {
	return &reading{ctx: ctx, r: r, file: f, lenient: func(string, ...any) {}}
}

// without leaves out what no column says.
func without(patterns map[string]string) map[string]string {
	for key, p := range patterns {
		if p == "" {
			delete(patterns, key)
		}
	}
	return patterns
}

// bareName returns the letters of a name, from a to z, in lower case.
func bareName(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(s))
}

// fieldName writes the name of a column as fields have it: "Starts on" and "starts_on" are startsOn.
func fieldName(s string) string {
	words := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '_' || r == '-' })
	for i, w := range words {
		if len(words) > 1 {
			w = strings.ToLower(w)
		}
		if i == 0 {
			words[i] = strings.ToLower(w[:1]) + w[1:]
		} else {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, "")
}

// neo4jField is a column of neo4j-admin database import: name:MARK(space).
type neo4jField struct{ name, mark, space string }

// neo4jColumn reads the name of a column as Neo4j does.
func neo4jColumn(h string) neo4jField {
	name, rest, _ := strings.Cut(h, ":")
	mark, _, _ := strings.Cut(rest, "{")
	mark, space, _ := strings.Cut(mark, "(")
	f := neo4jField{name: name, mark: strings.ToUpper(strings.TrimSuffix(mark, "[]")), space: strings.TrimSuffix(space, ")")}
	switch f.mark {
	case "ID", "LABEL", "START_ID", "END_ID", "TYPE", "IGNORE", "STRING", "INT", "LONG", "FLOAT", "DOUBLE", "BOOLEAN",
		"BYTE", "SHORT", "CHAR", "POINT", "DATE", "LOCALTIME", "TIME", "LOCALDATETIME", "DATETIME", "DURATION":
		return f
	}
	return neo4jField{name: h}
}

// neo4jMapping is the mapping of a header of Neo4j's import. An id of an id space is the space and the id.
func neo4jMapping(header []string, t *Terms) (*Mapping, error) {
	node, link := map[string]string{"node": t.Type}, map[string]string{"link": t.Kind}
	in := func(f neo4jField, h string) string {
		if f.space == "" {
			return "{" + h + "}"
		}
		return strings.ToLower(f.space) + "-{" + h + "}"
	}
	m := &Mapping{}
	for _, h := range header {
		switch f := neo4jColumn(h); f.mark {
		case "ID":
			node["id"] = in(f, h)
			if node["name"] == "" {
				node["name"] = "{" + h + "}"
			}
		case "LABEL":
			node["node"] = "{" + h + "}"
		case "START_ID":
			link["from"] = in(f, h)
		case "END_ID":
			link["to"] = in(f, h)
		case "TYPE":
			link["link"] = "{" + h + "}"
		case "IGNORE":
		default:
			name := fieldName(f.name)
			if name == "label" || name == "title" {
				name = "name"
			}
			if name != "" {
				node[name], link[name] = "{"+h+"}", "{"+h+"}"
			}
		}
	}
	switch {
	case link["from"] != "" && link["to"] != "" && link["link"] != "":
		delete(link, "name")
		for key := range link {
			if !slices.Contains([]string{"link", "from", "to", "role", "since", "until", "excerpt"}, key) {
				m.Unused = append(m.Unused, strings.Trim(link[key], "{}"))
				delete(link, key)
			}
		}
		slices.Sort(m.Unused)
		m.Links = append(m.Links, link)
	case node["id"] != "" && node["node"] != "":
		m.Nodes = append(m.Nodes, node)
	default:
		return nil, errors.New("is a header of Neo4j's import without :ID and :LABEL, or :START_ID, :END_ID and :TYPE: " +
			"add the column, say --type or --kind, or write a mapping (throughline map FILE proposes one)")
	}
	return m, nil
}
