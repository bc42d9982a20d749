package web

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/internal/kg"
)

// Explorer serves GET and HEAD of the explorer's pages: /, /e/ID, /s/ID, /path, /view and /story. What an entity or a
// source is can be read on its page without JavaScript too, and stands there as JSON-LD (schema.org); graphql is asked
// for it as any client asks, with the request's own address and headers.
func Explorer(o Options, graphql http.Handler) http.Handler {
	return &explorer{page: o.fill("explorer.html"), options: o, graphql: graphql}
}

type explorer struct {
	page    string
	options Options
	graphql http.Handler
}

// content is what a page holds before its script runs.
type content struct {
	Status int
	Title  string
	// Head and Body are HTML.
	Head, Body template.HTML
	// To is the address of the page that the record has; "" when it is this one.
	To string
	// RetryAfter says in how many seconds to ask again; "" where nobody knows.
	RetryAfter string
}

// ServeHTTP serves the page of a path.
func (e *explorer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !readOnly(w, r) {
		return
	}
	kind, id, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	c := content{Status: http.StatusOK, Title: product}
	var err error
	switch {
	case kind == "e" && id != "":
		c, err = e.entity(r, id)
	case kind == "s" && id != "":
		c, err = e.source(r, id)
	case id == "" && slices.Contains([]string{"", "path", "view", "story"}, kind) && !strings.HasSuffix(r.URL.Path, "//"):
		c.Body = must(render("start", nil))
	default:
		c = missing()
	}
	if c.To != "" {
		http.Redirect(w, r, c.To, http.StatusFound)
		return
	}
	if err != nil {
		c = failed(err)
	}
	if c.RetryAfter != "" {
		w.Header().Set("Retry-After", c.RetryAfter)
	}
	sendPage(w, r, c.Status, withAccount(r, strings.NewReplacer(
		"{{.Title}}", template.HTMLEscapeString(c.Title), "{{.Head}}", string(c.Head), "{{.Body}}", string(c.Body),
		"{{.Sample}}", strconv.FormatBool(e.options.holdsSample(r.Context())),
	).Replace(e.page)))
}

func missing() content {
	return content{Status: http.StatusNotFound, Title: titleMissing + " · " + product, Body: must(render("missing", nil))}
}

// failed is the page in place of one whose question was not answered. The page's script asks again.
func failed(err error) content {
	var no *refused
	errors.As(err, &no)
	switch {
	case no == nil:
		no = &refused{message: unknownFault}
	case no.code == kg.BadUserInput: // a text that no record can have as its id
		return missing()
	}
	status := http.StatusInternalServerError
	if no.code == kg.Unavailable || no.code == kg.Timeout {
		status = http.StatusServiceUnavailable
	}
	return content{
		Status: status, Title: titleFailed + " · " + product, Body: must(render("failed", no.message)), RetryAfter: no.retryAfter,
	}
}

// answer is what the program of a page asks for, written into memory.
type answer struct {
	header http.Header
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }
func (a *answer) WriteHeader(int)             {}

// refused is the first error of an answer.
type refused struct {
	code       kg.Code
	message    string
	retryAfter string
}

func (r *refused) Error() string { return r.message }

// ask asks as the client that wants the page: by its address, and with the rights it shows. What is damaged in the
// store is left out of the answer's lists: damaged says what, in the server's words.
func (e *explorer) ask(r *http.Request, query, id string, into any) (damaged []string, err error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": map[string]string{"id": id}})
	if err != nil {
		return nil, err
	}
	asked := r.Clone(r.Context())
	asked.Method, asked.URL, asked.RequestURI = http.MethodPost, &url.URL{Path: "/graphql"}, "/graphql"
	asked.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
	for _, name := range []string{"Authorization", "Cookie", "X-Forwarded-For", "X-Forwarded-Proto", "X-Request-Id"} {
		if v := r.Header.Values(name); len(v) > 0 {
			asked.Header[name] = v
		}
	}
	asked.Body, asked.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	a := &answer{header: http.Header{}}
	e.graphql.ServeHTTP(a, asked)
	var got struct {
		Data   json.RawMessage `json:"data"`
		Errors []struct {
			Message    string `json:"message"`
			Path       []any  `json:"path"`
			Extensions struct {
				Code kg.Code `json:"code"`
			} `json:"extensions"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(a.body.Bytes(), &got); err != nil {
		return nil, err
	}
	fields := map[string]any{}
	if got.Data != nil {
		if err := json.Unmarshal(got.Data, &fields); err != nil {
			return nil, err
		}
	}
	for _, g := range got.Errors {
		// of a field without a value nothing is left
		if len(g.Path) != 1 || g.Extensions.Code != kg.Corrupt || fields[fmt.Sprint(g.Path[0])] == nil {
			return nil, &refused{g.Extensions.Code, g.Message, a.header.Get("Retry-After")}
		}
		damaged = append(damaged, g.Message)
	}
	return slices.Compact(damaged), json.Unmarshal(got.Data, into)
}

type (
	// a reference is a source as citations name it.
	reference struct {
		ID, Title, URL, Publisher, PublishedOn, Kind string
		Authors                                      []string
	}
	evidence struct {
		Nodes []struct {
			Excerpt, Stance string
			Source          reference
		}
	}
	connection struct {
		TotalCount int
		Edges      []struct {
			Node struct{ ID, Name string }
			Link struct {
				From, To struct{ ID, Name string }
				Sentence string
				Evidence evidence
			}
		}
	}
	entity struct {
		ID, Type, Name, Description string
		Aliases                     []string
		ExternalIDs                 []struct{ URL string }
		Links, Denied               connection
		SourceID                    string // of what is no entity
		Damaged                     []string
	}
)

const entityQuery = `query Page($id: ID!) { node(id: $id) { ... on Source { sourceID: id } ... on Entity {
  id type name description aliases externalIds { url }
  links(first: 50) { ...Links }
  denied: links(first: 50, where: {standings: [REFUTED]}) { ...Links }
} } }
fragment Links on LinkConnection { totalCount edges { node { id name } link { sentence
  evidence(first: 1) { nodes { excerpt stance source { id title url publisher publishedOn kind authors } } } } } }`

func (e *explorer) entity(r *http.Request, id string) (content, error) {
	var got struct{ Node *entity }
	damaged, err := e.ask(r, entityQuery, id, &got)
	if err != nil {
		return content{}, err
	}
	if got.Node != nil && got.Node.SourceID != "" {
		return content{To: "/s/" + url.PathEscape(id)}, nil
	}
	if got.Node == nil || got.Node.ID == "" {
		return missing(), nil
	}
	n := got.Node
	if n.ID != id { // a former one
		return content{To: "/e/" + url.PathEscape(n.ID)}, nil
	}
	about := map[string]any{"@type": cmp.Or(schemaTypes[n.Type], "Thing"), "name": n.Name}
	put(about, "description", n.Description)
	if len(n.Aliases) > 0 {
		about["alternateName"] = n.Aliases
	}
	var same []string
	for _, x := range n.ExternalIDs {
		if x.URL != "" {
			same = append(same, x.URL)
		}
	}
	if len(same) > 0 {
		about["sameAs"] = same
	}
	n.Damaged = damaged
	return pageOf("entity", n.Name, n.Description, about, n)
}

const sourceQuery = `query Page($id: ID!) { node(id: $id) { ... on Entity { id } } source(ref: {id: $id}) {
  id title url publisher publishedOn kind authors
  links(first: 50, where: {standings: [SUPPORTED, DISPUTED, REFUTED]}) { totalCount edges { node { id name } link { sentence from { id name } to { id name }
    evidence(first: 3) { nodes { excerpt stance source { id title url publisher publishedOn kind authors } } } } } }
} }`

func (e *explorer) source(r *http.Request, id string) (content, error) {
	var got struct {
		Node   *struct{ ID string }
		Source *struct {
			reference
			Links   connection
			Damaged []string
		}
	}
	damaged, err := e.ask(r, sourceQuery, id, &got)
	if err != nil {
		return content{}, err
	}
	if got.Node != nil && got.Node.ID != "" {
		return content{To: "/e/" + url.PathEscape(id)}, nil
	}
	if got.Source == nil {
		return missing(), nil
	}
	s := got.Source
	s.Damaged = damaged
	about := map[string]any{"@type": cmp.Or(schemaSources[s.Kind], "CreativeWork"), "name": s.Title}
	put(about, "url", s.URL)
	put(about, "datePublished", s.PublishedOn)
	if s.Publisher != "" {
		about["publisher"] = map[string]any{"@type": "Organization", "name": s.Publisher}
	}
	if len(s.Authors) > 0 {
		about["author"] = s.Authors
	}
	return pageOf("source", s.Title, strings.Trim(s.Publisher+", "+s.PublishedOn, ", "), about, s)
}

func put(m map[string]any, name, value string) {
	if value != "" {
		m[name] = value
	}
}

// pageOf renders what is known of a record.
func pageOf(name, title, description string, about map[string]any, data any) (content, error) {
	about["@context"] = "https://schema.org"
	head, err := render("head", map[string]any{"Description": description, "About": about})
	if err != nil {
		return content{}, err
	}
	body, err := render(name, data)
	return content{Status: http.StatusOK, Title: title + " · " + product, Head: head, Body: body}, err
}

// What types of entity and kinds of source are in the words of schema.org; others are Thing and CreativeWork.
var (
	schemaTypes = map[string]string{
		"PERSON": "Person", "INSTITUTION": "Organization", "EVENT": "Event", "QUOTE": "Quotation", "THEME": "DefinedTerm", "PLACE": "Place",
	}
	schemaSources = map[string]string{
		"ARTICLE": "Article", "REPORT": "Report", "DATASET": "Dataset", "WEB_PAGE": "WebPage", "BOOK": "Book",
	}
)

func render(name string, data any) (template.HTML, error) {
	var b strings.Builder
	err := pages.ExecuteTemplate(&b, name, data)
	return template.HTML(b.String()), err //nolint:gosec // html/template wrote it
}

// spell makes words of a name of the schema.
func spell(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", " ") }
