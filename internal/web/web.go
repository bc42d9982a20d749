// Package web holds the pages the server shows, built by tools/webbuild and embedded, so that they work with no
// network: the explorer, which a person meets first, and the playground (GraphiQL) with the tour of the sample graph
// that it opens with.
package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"html"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// dist is what tools/webbuild made of src. The files in assets are compressed, and their names change with their
// content.
//
//go:embed dist
var dist embed.FS

//go:embed tour
var tour embed.FS

// policy lets the page run its own files and speak to its own server, and nothing else. Monaco, the editor, writes
// style elements, hence 'unsafe-inline'; fonts are data in the style sheet.
const policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; " +
	"connect-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

// Options are what the pages need to know.
type Options struct {
	// GraphQLPath is where the page sends queries, on its own origin; "" is /graphql.
	GraphQLPath string
	// Explain shows the button that asks how queries are answered: for servers that tell.
	Explain bool
	// NoPlayground has the explorer not lead to the playground, where there is none.
	NoPlayground bool
	// NoIntrospection has the page say why it knows no schema: of servers that do not tell it.
	NoIntrospection bool
	// DocumentsOnly has the playground say why it has no tour: of servers that run no documents but those they list.
	DocumentsOnly bool
	// Sample reports whether the store holds what the tour's queries name; nil says that it does.
	Sample func(context.Context) bool
}

// fill reads a page of dist and writes into it what does not change while the server runs.
func (o *Options) fill(name string) string {
	path := o.GraphQLPath
	if path == "" {
		path = "/graphql"
	}
	return strings.NewReplacer(
		"{{.GraphQLPath}}", html.EscapeString(path), "{{.Explain}}", strconv.FormatBool(o.Explain),
		"{{.Introspection}}", strconv.FormatBool(!o.NoIntrospection), "{{.Listed}}", strconv.FormatBool(o.DocumentsOnly),
		"{{.Playground}}", strconv.FormatBool(!o.NoPlayground),
	).Replace(string(must(dist.ReadFile("dist/" + name))))
}

// holdsSample reports whether the store holds what the tour names.
func (o *Options) holdsSample(ctx context.Context) bool { return o.Sample == nil || o.Sample(ctx) }

// Playground serves GET and HEAD of /playground.
func Playground(o Options) http.Handler {
	return &playground{page: o.fill("index.html"), options: o}
}

// Assets serves GET and HEAD of the files that the pages load, below /assets/.
func Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !readOnly(w, r) {
			return
		}
		name, _ := strings.CutPrefix(r.URL.Path, "/assets/")
		if name == "THIRD_PARTY_NOTICES.txt" {
			text := must(dist.ReadFile("dist/THIRD_PARTY_NOTICES.txt"))
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Header().Set("Cache-Control", "no-cache")
			send(w, r, "", len(text), strings.NewReader(string(text)))
			return
		}
		serveAsset(w, r, name)
	})
}

// readOnly sets the headers of every page, and reports whether a request only reads; others it refuses.
func readOnly(w http.ResponseWriter, r *http.Request) bool {
	setHeaders(w.Header())
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	w.Header().Set("Allow", "GET, HEAD")
	http.Error(w, "this page is only read", http.StatusMethodNotAllowed)
	return false
}

// setHeaders sets the headers of every page.
func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
}

type playground struct {
	page    string
	options Options
}

// ServeHTTP serves the page.
func (p *playground) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !readOnly(w, r):
	case r.URL.Path == "/playground":
		sample := strconv.FormatBool(p.options.holdsSample(r.Context()))
		sendPage(w, r, http.StatusOK, withAccount(r, strings.ReplaceAll(p.page, "{{.Sample}}", sample)))
	case r.URL.Path == "/playground/":
		u := *r.URL
		u.Path = "/playground"
		http.Redirect(w, r, u.RequestURI(), http.StatusPermanentRedirect)
	default:
		http.NotFound(w, r)
	}
}

// sendPage answers with a page, which names the files of its build and so is asked for anew each time.
func sendPage(w http.ResponseWriter, r *http.Request, status int, page string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	if accountOf(r) != nil {
		h.Set("Cache-Control", "private, no-cache")
	}
	if status != http.StatusOK {
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			_, _ = io.WriteString(w, page) // who reads has gone
		}
		return
	}
	sum := sha256.Sum256([]byte(page))
	send(w, r, `"`+hex.EncodeToString(sum[:8])+`"`, len(page), strings.NewReader(page))
}

// encodings are those the files are kept in, the one that takes fewer bytes first, by the ends of their names.
var encodings = []struct{ name, end string }{{"br", ".br"}, {"gzip", ".gz"}}

// serveAsset serves one file of dist/assets as it is kept, or decompressed for a client that takes it no other way.
func serveAsset(w http.ResponseWriter, r *http.Request, name string) {
	packed, err := dist.ReadFile("dist/assets/" + name + ".gz")
	if err != nil || strings.Contains(name, "/") {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", contentType(name))
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	for _, e := range encodings {
		if takes(r.Header.Values("Accept-Encoding"), e.name) {
			packed := must(dist.ReadFile("dist/assets/" + name + e.end))
			h.Set("Content-Encoding", e.name)
			send(w, r, `"`+name+e.end+`"`, len(packed), bytes.NewReader(packed))
			return
		}
	}
	plain := must(gzip.NewReader(bytes.NewReader(packed)))
	size := binary.LittleEndian.Uint32(packed[len(packed)-4:]) // gzip ends with the length of what it holds
	send(w, r, `"`+name+`"`, int(size), plain)
}

// send answers with body, or with 304 when the client has it. An empty etag is none.
func send(w http.ResponseWriter, r *http.Request, etag string, size int, body io.Reader) {
	if etag != "" {
		w.Header().Set("ETag", etag)
		for _, have := range strings.Split(strings.Join(r.Header.Values("If-None-Match"), ","), ",") {
			have = strings.TrimPrefix(strings.TrimSpace(have), "W/")
			if have == etag || have == "*" {
				w.WriteHeader(http.StatusNotModified)
				return
			}
		}
	}
	w.Header().Set("Content-Length", strconv.Itoa(size))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = io.Copy(w, body) // who reads has gone
}

// takes reads Accept-Encoding: a coding counts when it is named, or `*` is, and not with a weight of 0.
func takes(accept []string, want string) bool {
	named, any := false, false
	for _, part := range strings.Split(strings.ToLower(strings.Join(accept, ",")), ",") {
		coding, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		_, q, weighed := strings.Cut(weight, "q=")
		f, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
		yes := !weighed || err == nil && f > 0
		switch strings.TrimPrefix(strings.TrimSpace(coding), "x-") { // x-gzip is gzip
		case want:
			if !yes {
				return false
			}
			named = true
		case "*":
			any = yes
		}
	}
	return named || any
}

// contentType does not ask the machine's own tables, which differ.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".ttf":
		return "font/ttf"
	case ".woff2":
		return "font/woff2"
	}
	return "application/octet-stream"
}

// Query is one stop of the tour: a document that runs as it is.
type Query struct {
	// Name is short and unique: "headline".
	Name string
	// Title is a line for people.
	Title string
	// Document begins with comments: the title, then what it shows.
	Document string
	// Variables is a JSON object, or nil when the document has none.
	Variables json.RawMessage
}

// Tour is the tour of the sample graph, in its order. The playground opens with it and the tests run it.
func Tour() []Query {
	var queries []Query
	for _, e := range must(tour.ReadDir("tour")) { // sorted, so by number
		base, ok := strings.CutSuffix(e.Name(), ".graphql")
		if !ok {
			continue
		}
		_, name, _ := strings.Cut(base, "-")
		q := Query{Name: name, Document: string(must(tour.ReadFile("tour/" + e.Name())))}
		title, _, _ := strings.Cut(q.Document, "\n")
		q.Title = strings.TrimPrefix(title, "# ")
		variables, err := tour.ReadFile("tour/" + base + ".variables.json")
		if err == nil {
			q.Variables = variables
		} else if !errors.Is(err, fs.ErrNotExist) {
			panic(err)
		}
		queries = append(queries, q)
	}
	return queries
}

// must is for embedded files: what is missing was missing when the program was built.
func must[T any](v T, err error) T {
	if err != nil {
		panic("embedded pages: " + err.Error())
	}
	return v
}
