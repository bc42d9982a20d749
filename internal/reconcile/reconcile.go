// Package reconcile answers the Reconciliation Service API, by which OpenRefine and others match names in tables with
// entities of the graph and fetch what is known of them: version 0.2 at its root, the draft of 1.0 below /1.0-draft.
// What it asks the graph is GraphQL.
package reconcile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/inside"
	"github.com/throughline/throughline/internal/kg"
)

// Options are what a service is made of.
type Options struct {
	Catalog  *catalog.Catalog
	Executor inside.Executor
	// Version is the program's.
	Version string
	// Explorer says that entities have pages, below /e/.
	Explorer bool
	// JSONP lets pages of any site read answers as scripts (version 0.2).
	JSONP bool
}

// Root is the path of the service, and Draft that of the draft of 1.0.
const (
	Root  = "/reconcile"
	Draft = Root + "/1.0-draft"
)

// Bounds. What is beyond them is refused.
const (
	maxBatch  = 20  // queries at once
	maxIDs    = 100 // entities to extend at once
	maxLimit  = 25  // candidates of a query
	maxCells  = 60  // properties of one request
	maxValues = 50  // values of a property
)

// Handler answers requests for the service. The context of a request says who asks (see auth.With), and its URL has the
// scheme and host by which the server was addressed.
func Handler(o Options) http.Handler {
	s := &service{o: o, properties: propertiesOf(o.Catalog)}
	mux := http.NewServeMux()
	read := func(path string, f answering) { s.handle(mux, path, f, http.MethodGet, http.MethodHead) }
	mux.Handle(Root, s.door(s.root, http.MethodGet, http.MethodHead, http.MethodPost))
	read(Draft, func(c *call) (any, error) { return c.draftManifest(), nil })
	s.handle(mux, Draft+"/match", (*call).matchDraft, http.MethodPost)
	s.handle(mux, Draft+"/extend", (*call).extendDraft, http.MethodPost)
	for _, root := range []string{Root, Draft} {
		read(root+"/suggest/entity", (*call).suggestEntities)
		read(root+"/suggest/type", (*call).suggestTypes)
		read(root+"/suggest/property", (*call).suggestProperties)
		read(root+"/extend/propose", (*call).propose)
		mux.Handle(root+"/preview", s.door((*call).preview, http.MethodGet, http.MethodHead))
	}
	mux.Handle("/", s.door(func(*call) (any, error) {
		return nil, kg.Errorf(kg.NotFound, "there is nothing here: the service is at %s, the draft of 1.0 at %s", Root, Draft)
	}, http.MethodGet, http.MethodHead, http.MethodPost))
	return mux
}

type service struct {
	o          Options
	properties []*property
}

// call is one request.
type call struct {
	*service
	ctx  context.Context //nolint:containedctx // a call lives as long as one request
	who  *auth.Identity
	r    *http.Request
	w    http.ResponseWriter
	form url.Values
	body []byte
}

// answering answers a call with what is written as JSON, or with page, where it has written the answer itself.
type answering func(c *call) (any, error)

// page is the answer of what has written one.
var page = &struct{}{}

func (s *service) handle(mux *http.ServeMux, path string, f answering, methods ...string) {
	mux.Handle(path, s.door(f, methods...))
}

// door is around every answer: method, form, errors, JSONP.
func (s *service) door(f answering, methods ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{service: s, ctx: r.Context(), who: auth.From(r.Context()), r: r, w: w, form: r.URL.Query()}
		answer, err := c.answer(f, methods)
		switch {
		case err != nil:
			c.fail(err)
		case answer != page:
			c.write(answer)
		}
	})
}

func (c *call) answer(f answering, methods []string) (any, error) {
	allowed := false
	for _, m := range methods {
		allowed = allowed || m == c.r.Method
	}
	if !allowed {
		c.w.Header().Set("Allow", strings.Join(methods, ", "))
		return nil, kg.Errorf(kg.MethodNotAllowed, "use %s", strings.Join(methods, ", "))
	}
	if c.callback() != "" {
		switch {
		case !isName.MatchString(c.callback()) || c.r.Method == http.MethodPost:
			return nil, kg.Errorf(kg.BadRequest, "callback is the name of a function, in the address of a GET")
		case !c.o.JSONP:
			return nil, kg.Errorf(kg.Forbidden,
				"a script lets pages of any site read the answer: that needs --cors-origin '*'; ask without callback")
		}
	}
	if c.r.Method == http.MethodPost {
		var err error
		if c.body, err = io.ReadAll(c.r.Body); err != nil {
			return nil, kg.Errorf(kg.BadRequest, "the body did not arrive")
		}
	}
	return f(c)
}

// isName fits names of functions of JavaScript.
var isName = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$.]{0,100}$`)

// callback returns the function that a script calls with the answer; "" for an answer of JSON.
func (c *call) callback() string { return c.form.Get("callback") }

// write writes an answer.
func (c *call) write(answer any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(true)
	if err := e.Encode(answer); err != nil {
		c.fail(err)
		return
	}
	body, mediaType := bytes.TrimSpace(b.Bytes()), "application/json; charset=utf-8"
	if name := c.callback(); name != "" {
		body, mediaType = []byte("/**/"+name+"("+string(body)+");"), "text/javascript; charset=utf-8"
	}
	h := c.w.Header()
	h.Set("Content-Type", mediaType)
	_, _ = c.w.Write(body) // who reads has gone
}

// fail writes an error, in the form of errors of GraphQL.
func (c *call) fail(err error) {
	status := map[kg.Code]int{
		kg.NotFound: http.StatusNotFound, kg.MethodNotAllowed: http.StatusMethodNotAllowed,
		kg.Forbidden: http.StatusForbidden, kg.Unavailable: http.StatusServiceUnavailable,
		kg.Timeout: http.StatusServiceUnavailable, kg.UnsupportedMedia: http.StatusUnsupportedMediaType,
		tooLarge: http.StatusRequestEntityTooLarge, kg.Internal: http.StatusInternalServerError,
	}[kg.CodeOf(err)]
	if status == 0 {
		status = http.StatusBadRequest
	}
	said, code := "something went wrong on the server", kg.CodeOf(err)
	var own *kg.Error
	if errors.As(err, &own) {
		said = own.Message
	}
	if code == tooLarge {
		code = kg.BadRequest
	}
	one := object{"message": said, "extensions": object{"code": code}}
	body, failed := json.Marshal(object{"errors": []object{one}})
	if failed != nil {
		body = []byte(`{"errors":[]}`)
	}
	c.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	c.w.WriteHeader(status)
	_, _ = c.w.Write(body) // who reads has gone
}

// tooLarge is the code of more than may be asked at once. Clients see BAD_REQUEST with status 413.
const tooLarge kg.Code = "TOO_LARGE"

// ask runs a query.
func (c *call) ask(query string, vars map[string]any, into any) error {
	return inside.Run(c.ctx, c.o.Executor, &graph.Request{Query: query, Variables: vars, ReadOnly: true, Who: c.who}, into)
}

// base returns the address of the server.
func (c *call) base() string { return c.r.URL.Scheme + "://" + c.r.URL.Host }

// number returns a number of the form, from 0 to most; instead where there is none.
func (c *call) number(name string, instead, most int) (int, error) {
	text := c.form.Get(name)
	if text == "" {
		return instead, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, kg.Errorf(kg.BadUserInput, "%s is a whole number, 0 or more", name)
	}
	return min(n, most), nil
}

// root answers what comes to the root of version 0.2: queries, an extension, or neither, by GET or as a form.
func (s *service) root(c *call) (any, error) {
	if c.r.Method == http.MethodPost {
		if err := c.readForm(); err != nil {
			return nil, err
		}
	}
	switch {
	case c.form.Has("queries"):
		return c.match([]byte(c.form.Get("queries")))
	case c.form.Has("extend"):
		return c.extend([]byte(c.form.Get("extend")))
	case c.r.Method == http.MethodPost:
		return nil, kg.Errorf(kg.BadRequest, "send a form with queries or extend, as application/x-www-form-urlencoded")
	}
	return c.manifest(), nil
}

// readForm reads the body as a form.
func (c *call) readForm() error {
	mediaType, _, _ := strings.Cut(c.r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(mediaType), "application/x-www-form-urlencoded") {
		return kg.Errorf(kg.UnsupportedMedia, "send application/x-www-form-urlencoded; the draft of 1.0, which takes "+
			"JSON, is at %s", Draft)
	}
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return kg.Errorf(kg.BadRequest, "the form cannot be read")
	}
	c.form = form
	return nil
}

// readJSON reads JSON that must have no other fields than are known.
func readJSON(raw []byte, into any, what string) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return kg.Errorf(kg.BadRequest, "%s cannot be read: write it as the specification has it (%s)", what, specification)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return kg.Errorf(kg.BadRequest, "%s is one JSON value, and more stands behind it", what)
	}
	return nil
}

const specification = "https://reconciliation-api.github.io/specs/"

// isJSON refuses a body that is not JSON.
func (c *call) isJSON() error {
	mediaType, _, _ := strings.Cut(c.r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(mediaType), "application/json") {
		return kg.Errorf(kg.UnsupportedMedia, "send application/json")
	}
	return nil
}
