package reconcile

import (
	"html/template"
	"net/http"
	"strings"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/text"
)

// Bounds of suggestions.
const (
	defaultSuggested = 10
	mostSuggested    = 50
	mostSkipped      = 50
)

// window returns which suggestions are wanted. The draft calls how many to skip offset, version 0.2 cursor.
func (c *call) window() (skip, limit int, err error) {
	if limit, err = c.number("limit", defaultSuggested, mostSuggested); err != nil {
		return 0, 0, err
	}
	name := "cursor"
	if c.form.Has("offset") {
		name = "offset"
	}
	skip, err = c.number(name, 0, mostSkipped)
	return skip, limit, err
}

// cut returns the part of a list that is wanted.
func cut[T any](list []T, skip, limit int) []T {
	skip = min(skip, len(list))
	return append([]T{}, list[skip:min(len(list), skip+limit)]...)
}

type suggestion struct {
	ID          string  `json:"id"`
	Name        string  `json:"name"`
	Description string  `json:"description,omitempty"`
	Notable     []named `json:"notable,omitempty"`
}

const suggestQuery = `query Suggest($text: String!, $types: [EntityType!], $first: Int) {
  search(text: $text, types: $types, first: $first) { nodes { id type name description } } }`

// suggestEntities answers what begins with some words.
func (c *call) suggestEntities() (any, error) {
	skip, limit, err := c.window()
	if err != nil {
		return nil, err
	}
	found := []suggestion{}
	prefix := sought(c.form.Get("prefix"))
	if prefix != "" && limit > 0 {
		var got struct{ Search struct{ Nodes []hit } }
		vars := object{"text": prefix, "types": anys(c.o.Catalog.Enums(c.o.Catalog.Entities)), "first": skip + limit}
		if err := c.ask(suggestQuery, vars, &got); err != nil {
			return nil, err
		}
		for _, h := range got.Search.Nodes {
			found = append(found, suggestion{h.ID, h.Name, h.Description, []named{typeOf(c.o.Catalog.TypeOf(h.Type))}})
		}
	}
	return object{"result": cut(found, skip, limit)}, nil
}

// like reports whether a name or id has words that begin as some are written; any has those of none.
func like(prefix string, names ...string) bool {
	prefix = strings.TrimSpace(text.Fold(prefix))
	for _, n := range names {
		n = text.Fold(n)
		if strings.HasPrefix(n, prefix) || strings.Contains(n, " "+prefix) {
			return true
		}
	}
	return false
}

func (c *call) suggestTypes() (any, error) {
	skip, limit, err := c.window()
	if err != nil {
		return nil, err
	}
	found := []suggestion{}
	for _, t := range c.o.Catalog.Types {
		if n := typeOf(t); like(c.form.Get("prefix"), n.ID, n.Name) {
			found = append(found, suggestion{ID: n.ID, Name: n.Name, Description: c.o.Catalog.Schema.Types[t.Name].Description})
		}
	}
	return object{"result": cut(found, skip, limit)}, nil
}

func (c *call) suggestProperties() (any, error) {
	skip, limit, err := c.window()
	if err != nil {
		return nil, err
	}
	found := []suggestion{}
	for _, p := range c.properties {
		if like(c.form.Get("prefix"), p.id, p.name) {
			found = append(found, suggestion{ID: p.id, Name: p.name, Description: p.help})
		}
	}
	return object{"result": cut(found, skip, limit)}, nil
}

// propose answers which properties entities of a type have.
func (c *call) propose() (any, error) {
	limit, err := c.number("limit", len(c.properties), len(c.properties))
	if err != nil {
		return nil, err
	}
	t := c.o.Catalog.TypeOf(c.form.Get("type"))
	if c.form.Get("type") != "" && (t == nil || !t.IsEntity()) {
		return nil, kg.Errorf(kg.BadUserInput, "there is no type %q; there are %s", kg.Clip(c.form.Get("type"), 60),
			strings.Join(c.o.Catalog.Enums(c.o.Catalog.Entities), ", "))
	}
	found := []named{}
	for _, p := range c.properties {
		if t == nil || p.types.Has(t.Index) {
			found = append(found, named{p.id, p.name})
		}
	}
	answer := object{"properties": cut(found, 0, limit), "type": c.form.Get("type")}
	if c.form.Has("limit") {
		answer["limit"] = limit
	}
	return answer, nil
}

const previewQuery = `query Preview($id: ID!) { node(id: $id) { ... on Entity { type name description
  links(first: 2, orderBy: [{field: SOURCE_COUNT, direction: DESC}]) { totalCount edges { link { sentence
    evidence(first: 1, stance: SUPPORTS) { nodes { excerpt source { title publishedOn } } } } } } } } }`

// preview writes a card of an entity.
func (c *call) preview() (any, error) {
	var got struct {
		Node *struct {
			Type, Name, Description string
			Links                   struct {
				TotalCount int
				Edges      []struct {
					Link struct {
						Sentence string
						Evidence struct {
							Nodes []struct {
								Excerpt string
								Source  struct{ Title, PublishedOn string }
							}
						}
					}
				}
			}
		}
	}
	id := c.form.Get("id")
	if kg.CheckID(id) == nil {
		if err := c.ask(previewQuery, object{"id": id}, &got); err != nil {
			return nil, err
		}
	}
	status := http.StatusOK
	if got.Node == nil || got.Node.Name == "" {
		got.Node, status = nil, http.StatusNotFound
	} else {
		got.Node.Type = typeOf(c.o.Catalog.TypeOf(got.Node.Type)).Name
	}
	h := c.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'")
	c.w.WriteHeader(status)
	return page, card.Execute(c.w, got.Node)
}

// card is the preview of an entity.
var card = template.Must(template.New("card").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{{with .}}{{.Name}}{{else}}Nothing{{end}}</title>
<style>body{font:14px/1.4 system-ui,sans-serif;margin:10px}h1{font-size:17px;margin:0}p{margin:4px 0}
.quiet{color:#555;font-size:12px}blockquote{margin:4px 0;padding-left:8px;border-left:3px solid #ccc}</style></head><body>
{{- with .}}<h1>{{.Name}}</h1><p class="quiet">{{.Type}}, links: {{.Links.TotalCount}}</p>{{with .Description}}<p>{{.}}</p>{{end}}
{{- range .Links.Edges}}<p>{{.Link.Sentence}}</p>
{{- range .Link.Evidence.Nodes}}<blockquote>{{.Excerpt}}</blockquote><p class="quiet">{{.Source.Title}}
{{- with .Source.PublishedOn}}, {{.}}{{end}}</p>{{end}}{{end}}
{{- else}}<p>There is no such entity.</p>{{end}}</body></html>
`))

// anys returns a list as variables have it.
func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}
