// Package jsonl writes records in the form of the lines of docs/format-jsonl.md: what an export writes, and what the
// log of changes keeps.
package jsonl

import (
	"encoding/json"
	"strconv"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/text"
)

// AppendSource appends the line of a source, without its end.
func AppendSource(b []byte, x *kg.Source) []byte {
	l := liner{append(b, '{')}
	l.source(x)
	return append(l.b, '}')
}

// AppendNode appends the line of an entity.
func AppendNode(b []byte, cat *catalog.Catalog, x *kg.Node) []byte {
	l := liner{append(b, '{')}
	l.node(cat, x)
	return append(l.b, '}')
}

// AppendLink appends the line of a link.
func AppendLink(b []byte, x *kg.Link) []byte {
	l := liner{append(b, '{')}
	l.link(x)
	return append(l.b, '}')
}

// liner writes one record as a line: its keys in the order of the format, without those that are not known.
type liner struct{ b []byte }

func (l *liner) key(name string) {
	if len(l.b) > 1 && l.b[len(l.b)-1] != '{' {
		l.b = append(l.b, ',')
	}
	l.b = append(l.b, '"')
	l.b = append(l.b, name...)
	l.b = append(l.b, '"', ':')
}

func (l *liner) text(name, s string) {
	if s != "" {
		l.key(name)
		l.b = text.AppendJSON(l.b, s)
	}
}

func (l *liner) time(name string, t kg.Time) {
	if t != 0 {
		l.text(name, t.String())
	}
}

func (l *liner) texts(name string, list []string) {
	if len(list) == 0 {
		return
	}
	l.key(name)
	l.b = text.AppendJSONList(l.b, list)
}

// objects writes a list of objects.
func (l *liner) objects(name string, n int, each func(i int)) {
	if n == 0 {
		return
	}
	l.key(name)
	l.b = append(l.b, '[')
	for i := range n {
		if i > 0 {
			l.b = append(l.b, ',')
		}
		l.b = append(l.b, '{')
		each(i)
		l.b = append(l.b, '}')
	}
	l.b = append(l.b, ']')
}

func (l *liner) source(x *kg.Source) {
	l.text("source", x.Kind)
	l.text("id", x.ID)
	l.text("title", x.Title)
	l.text("url", x.URL)
	l.text("publisher", x.Publisher)
	l.texts("authors", x.Authors)
	l.text("publishedOn", string(x.PublishedOn))
	l.text("text", x.Text)
}

func (l *liner) node(cat *catalog.Catalog, x *kg.Node) {
	l.text("node", x.Type)
	l.text("id", x.ID)
	l.text("name", x.Name)
	l.texts("aliases", x.Aliases)
	l.text("description", x.Description)
	l.objects("externalIds", len(x.ExternalIDs), func(i int) {
		l.text("scheme", x.ExternalIDs[i].Scheme)
		l.text("value", x.ExternalIDs[i].Value)
		l.text("url", x.ExternalIDs[i].URL)
	})
	l.texts("formerIds", x.FormerIDs)
	for _, p := range cat.TypeOf(x.Type).Props {
		switch v := x.Props[p.Name].(type) {
		case string:
			l.text(p.Name, v)
		case int64:
			l.key(p.Name)
			l.b = strconv.AppendInt(l.b, v, 10)
		case float64:
			l.key(p.Name)
			j, _ := json.Marshal(v) // a finite number always marshals
			l.b = append(l.b, j...)
		case bool:
			l.key(p.Name)
			l.b = strconv.AppendBool(l.b, v)
		}
	}
	if x.Verified != nil && !*x.Verified {
		l.key("verified") // so that an import takes it again
		l.b = append(l.b, "false"...)
	}
	l.time("createdAt", x.CreatedAt)
	l.time("updatedAt", x.UpdatedAt)
}

func (l *liner) link(x *kg.Link) {
	l.text("link", x.Kind)
	l.text("id", x.ID)
	l.text("from", x.From)
	l.text("to", x.To)
	l.text("role", x.Role)
	l.text("since", string(x.Since))
	l.text("until", string(x.Until))
	l.objects("evidence", len(x.Evidence), func(i int) {
		e := &x.Evidence[i]
		l.text("source", e.Source)
		l.text("excerpt", e.Excerpt)
		l.text("prefix", e.Prefix)
		l.text("suffix", e.Suffix)
		if e.Stance != "SUPPORTS" {
			l.text("stance", e.Stance)
		}
		if e.Verified != nil && !*e.Verified {
			l.key("verified") // so that an import takes it again
			l.b = append(l.b, "false"...)
		}
	})
	l.time("createdAt", x.CreatedAt)
	l.time("updatedAt", x.UpdatedAt)
}
