package web

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
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
// source is can be read on its page without JavaScript too, and stands there as JSON-LD (schema.org); graphql is asked for
// it as any client asks, with the request's own address and headers.
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
}

const product = "Throughline"

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
	sendPage(w, r, c.Status, withAccount(r, strings.NewReplacer(
		"{{.Title}}", template.HTMLEscapeString(c.Title), "{{.Head}}", string(c.Head), "{{.Body}}", string(c.Body),
		"{{.Sample}}", strconv.FormatBool(e.options.holdsSample(r.Context())),
	).Replace(e.page)))
}

func missing() content {
	return content{Status: http.StatusNotFound, Title: "Not found · " + product, Body: must(render("missing", nil))}
}

// failed is the page in place of one whose question was not answered. The page's script asks again.
func failed(err error) content {
	var no *refused
	errors.As(err, &no)
	switch {
	case no == nil:
		no = &refused{message: "something went wrong on the server"}
	case no.code == kg.BadUserInput: // a text that no record can have as its id
		return missing()
	}
	status := http.StatusInternalServerError
	if no.code == kg.Unavailable || no.code == kg.Timeout {
		status = http.StatusServiceUnavailable
	}
	return content{Status: status, Title: "No answer · " + product, Body: must(render("failed", no.message))}
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
	code    kg.Code
	message string
}

func (r *refused) Error() string { return r.message }

// ask asks as the client that wants the page: by its address, and with the rights it shows.
func (e *explorer) ask(r *http.Request, query, id string, into any) error {
	body, err := json.Marshal(map[string]any{"query": query, "variables": map[string]string{"id": id}})
	if err != nil {
		return err
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
			Extensions struct {
				Code kg.Code `json:"code"`
			} `json:"extensions"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(a.body.Bytes(), &got); err != nil {
		return err
	}
	if len(got.Errors) > 0 {
		return &refused{got.Errors[0].Extensions.Code, got.Errors[0].Message}
	}
	return json.Unmarshal(got.Data, into)
}

type (
	// a reference is a source as citations name it.
	reference struct {
		ID, Title, URL, Publisher, PublishedOn, Kind string
		Authors                                      []string
	}
	evidence struct {
		Nodes []struct {
			Excerpt string
			Source  reference
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
		Links                       connection
		SourceID                    string // of what is no entity
	}
)

const entityQuery = `query Page($id: ID!) { node(id: $id) { ... on Source { sourceID: id } ... on Entity {
  id type name description aliases externalIds { url }
  links(first: 50) { totalCount edges { node { id name } link { sentence
    evidence(first: 1) { nodes { excerpt source { id title url publisher publishedOn kind authors } } } } } }
} } }`

func (e *explorer) entity(r *http.Request, id string) (content, error) {
	var got struct{ Node *entity }
	if err := e.ask(r, entityQuery, id, &got); err != nil {
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
	return pageOf("entity", n.Name, n.Description, about, n)
}

const sourceQuery = `query Page($id: ID!) { node(id: $id) { ... on Entity { id } } source(ref: {id: $id}) {
  id title url publisher publishedOn kind authors
  links(first: 50) { totalCount edges { node { id name } link { sentence from { id name } to { id name }
    evidence(first: 1) { nodes { excerpt source { id title url publisher publishedOn kind authors } } } } } }
} }`

func (e *explorer) source(r *http.Request, id string) (content, error) {
	var got struct {
		Node   *struct{ ID string }
		Source *struct {
			reference
			Links connection
		}
	}
	if err := e.ask(r, sourceQuery, id, &got); err != nil {
		return content{}, err
	}
	if got.Node != nil && got.Node.ID != "" {
		return content{To: "/e/" + url.PathEscape(id)}, nil
	}
	if got.Source == nil {
		return missing(), nil
	}
	s := got.Source
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

var pages = template.Must(template.New("").Parse(`
{{- define "start"}}<main><h1>Throughline</h1>
<p class="claim">People, institutions, events, quotes and themes, and the words that connect them.</p>
<noscript><p>The explorer needs JavaScript. What is known of an entity or a source can be read without it, at /e/ID and /s/ID.</p></noscript></main>{{end}}
{{- define "missing"}}<main><h1>There is nothing here</h1>
<p>The address may be mistyped, or what it named was removed. <a href="/">Begin at the start</a>.</p></main>{{end}}
{{- define "failed"}}<main><h1>This cannot be shown now</h1>
<p>The server says: {{.}}.</p></main>{{end}}
{{- define "head"}}{{with .Description}}<meta name="description" content="{{.}}">
{{end}}<script type="application/ld+json">{{.About}}</script>
{{end}}
{{- define "words"}}{{range .Evidence.Nodes}}
<blockquote>{{.Excerpt}}</blockquote>
<p class="quiet"><a href="/s/{{.Source.ID}}">{{.Source.Title}}</a>{{with .Source.Publisher}}, {{.}}{{end}}{{with .Source.PublishedOn}}, {{.}}{{end}}</p>
{{- end}}{{end}}
{{- define "entity"}}<main><h1>{{.Name}}</h1>
{{with .Description}}<p>{{.}}</p>
{{end}}{{with .Aliases}}<p class="quiet">Also known as {{range $i, $a := .}}{{if $i}}, {{end}}{{$a}}{{end}}</p>
{{end}}<h2>Links ({{.Links.TotalCount}})</h2>
<ul class="sentences">{{range .Links.Edges}}
<li><p>{{.Link.Sentence}} <a href="/e/{{.Node.ID}}">{{.Node.Name}}</a></p>{{template "words" .Link}}</li>{{end}}
</ul></main>{{end}}
{{- define "source"}}<main><h1>{{.Title}}</h1>
<p class="quiet">{{range .Authors}}{{.}}, {{end}}{{.Publisher}} {{.PublishedOn}}</p>
{{with .URL}}<p><a href="{{.}}">Read the original</a></p>
{{end}}<h2>What it is quoted for ({{.Links.TotalCount}})</h2>
<ul class="sentences">{{range .Links.Edges}}
<li><p><a href="/e/{{.Link.From.ID}}">{{.Link.From.Name}}</a>, <a href="/e/{{.Link.To.ID}}">{{.Link.To.Name}}</a>: {{.Link.Sentence}}</p></li>{{end}}
</ul></main>{{end}}`))
