// Package graph is the GraphQL layer: it takes a request, compiles each root field to one plan, has the store answer
// it in one Fetch, and writes the answer's bytes from the plan. See docs/decisions/0003-answers-from-the-plan.md.
package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
	"golang.org/x/sync/errgroup"

	"github.com/throughline/throughline/graph/exec"
	"github.com/throughline/throughline/graph/model"
	"github.com/throughline/throughline/internal/bounded"
	"github.com/throughline/throughline/internal/budget"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/fair"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/text"
)

// Options are what an Engine is made of. Catalog and Store are needed; everything else has a usable zero value.
type Options struct {
	Catalog *catalog.Catalog
	Store   store.Answerer
	// StoreKind and Version are what serverInfo says: "sqlite" or "neo4j", and the program's version.
	StoreKind, Version string
	// Limits bound each operation; the zero value stands for plan.DefaultLimits.
	Limits plan.Limits
	// MaxBodyBytes is only shown by serverInfo: the transport holds it.
	MaxBodyBytes int
	// Introspection lets clients ask for __schema and __type.
	Introspection bool
	// ServeTexts lets clients read the texts of sources; without it Source.text is null.
	ServeTexts bool
	// ReadOnly is what serverInfo says about writing.
	ReadOnly bool
	// Memory bounds the bytes of measures of the whole graph under way and of their results that are kept; nil for no bound.
	Memory *budget.Pool
	// Logger gets what clients must not see; nil logs nothing.
	Logger *slog.Logger
	// Now is the clock: what has ended has ended before its day, ranks by time count back from it, and what may take a part
	// of the time limit is held to it. nil for the system's.
	Now func() time.Time
	// Observe is called once for each request, when its answer is ready; nil for none. It must not block.
	Observe func(Observation)
}

// Observation is what a request was and what it took, for metrics and traces.
type Observation struct {
	Operation string // the operation's name as the client gave it, "" for none: not for metric labels
	Kind      string // "query", "mutation", "subscription"; "" when the document could not be read
	Code      string // code of the first error, "" when there is none
	Duration  time.Duration
	// Parse is reading and validating the document (0 when it was remembered), Plan compiling and binding it, Store the
	// time from the first to the last answer of the store.
	Parse, Plan, Store time.Duration
	RoundTrips         int // over all root fields
	RootFields         int // fields that asked the store
	Cached             bool
}

// Engine answers GraphQL requests. It may be used by many goroutines at once.
type Engine struct {
	opts      Options
	log       *slog.Logger
	documents *documents
	rules     []core.Rule
	generated graphql.ExecutableSchema
	buffers   sync.Pool
	analyses  *analyses
	tables    tables
	server    serverInfo
}

// New makes an Engine. It fails when a field of the schema has no reader.
func New(opts Options) (*Engine, error) { return newEngine(opts, questionKinds()) }

func newEngine(opts Options, kinds []*questionKind, more ...tables) (*Engine, error) {
	if opts.Catalog == nil || opts.Store == nil {
		return nil, errors.New("an engine needs a catalogue and a store")
	}
	if opts.Limits == (plan.Limits{}) {
		opts.Limits = plan.DefaultLimits()
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	e := &Engine{opts: opts, log: opts.Logger, analyses: newAnalyses(opts.Memory)}
	var err error
	if e.tables, err = newTables(opts.Catalog, kinds, more...); err != nil {
		return nil, err
	}
	e.server = serverInfo{opts.Version, opts.StoreKind, opts.ReadOnly, opts.Limits, opts.MaxBodyBytes}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	of := rules.NewDefaultRules()
	if !opts.Introspection {
		// without introspection nothing may be guessed either
		for name, rule := range map[string]core.RuleFunc{
			"FieldsOnCorrectType": rules.FieldsOnCorrectTypeRuleWithoutSuggestions.RuleFunc, "KnownArgumentNames": rules.KnownArgumentNamesRuleWithoutSuggestions.RuleFunc,
			"KnownTypeNames": rules.KnownTypeNamesRuleWithoutSuggestions.RuleFunc, "ValuesOfCorrectType": rules.ValuesOfCorrectTypeRuleWithoutSuggestions.RuleFunc, "ScalarLeafs": rules.ScalarLeafsRuleWithoutSuggestions.RuleFunc,
		} {
			of.ReplaceRule(name, rule)
		}
	}
	of.ReplaceRule("ValuesOfCorrectType", numbers(of.GetInner()["ValuesOfCorrectType"]))
	for name, rule := range of.GetInner() {
		e.rules = append(e.rules, core.Rule{Name: name, RuleFunc: rule})
	}
	sort.Sort(core.NameSorter(e.rules)) // as ValidateWithRules would
	e.documents = bounded.New[string, *document](cacheBytes)
	e.generated = exec.NewExecutableSchema(exec.Config{Schema: opts.Catalog.Schema, Resolvers: &Resolver{}})
	e.buffers.New = func() any { b := make([]byte, 0, 16<<10); return &b }
	return e, nil
}

// Request is one operation to run.
type Request struct {
	Query         string
	OperationName string
	Variables     map[string]any // as decoded from JSON, numbers as json.Number
	// ReadOnly refuses everything but queries: GET requests must not change anything.
	ReadOnly bool
	// Explain has the answer say how it was made, in Response.Extensions.
	Explain bool
}

// Response is the answer to one Request. Release must be called when its bytes are no longer needed.
type Response struct {
	// Data is the JSON of "data"; nil when the answer has no such key. It is valid until Release.
	Data []byte
	// Errors each have extensions.code.
	Errors []*gqlerror.Error
	// Extensions is the JSON of "extensions"; nil for none.
	Extensions []byte
	// Began tells that execution began: the request was well-formed and valid, and what failed failed while answering.
	Began bool
	// Overloaded reports that the server could not answer now, and may a little later.
	Overloaded bool
	// Operation is the operation's name, Kind "query", "mutation" or "subscription"; "" when there is none.
	Operation, Kind string

	engine *Engine
	buf    *[]byte
}

// Do answers r. It never panics, and ends soon after ctx or the time limit does.
func (e *Engine) Do(ctx context.Context, r *Request) (resp *Response) {
	o := Observation{}
	begin := e.opts.Now()
	ctx, cancel := context.WithTimeout(ctx, e.opts.Limits.Timeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			e.log.LogAttrs(ctx, slog.LevelError, "panic while answering", slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
			resp = &Response{Errors: []*gqlerror.Error{e.present(ctx, kg.Errorf(kg.Internal, "panic"), nil)}, Began: true, Data: []byte("null")}
		}
		if e.opts.Observe != nil {
			o.Operation, o.Kind, o.Code, o.Duration = resp.Operation, resp.Kind, resp.Code(), e.opts.Now().Sub(begin)
			e.opts.Observe(o)
		}
	}()
	return e.do(ctx, r, begin, &o)
}

// refuse is the answer to a request that is not run.
func (e *Engine) refuse(ctx context.Context, resp *Response, err error) *Response {
	resp.Errors = append(resp.Errors, e.present(ctx, err, nil))
	return resp
}

func (e *Engine) do(ctx context.Context, r *Request, now time.Time, o *Observation) *Response {
	resp := &Response{engine: e}
	d, cached := e.documents.Get(r.Query)
	if o.Cached = cached; !cached {
		var errs []*gqlerror.Error
		if d, errs = e.read(ctx, r); errs != nil {
			resp.Errors = errs
			return resp
		}
		if len(d.text) <= maxCached {
			e.documents.Add(d.text, d, textFactor*len(d.text))
		}
		o.Parse = e.opts.Now().Sub(now)
	}
	op, err := operation(d.doc, r.OperationName)
	if err != nil {
		return e.refuse(ctx, resp, err)
	}
	resp.Operation, resp.Kind = op.Name, string(op.Operation)
	if err := r.fits(op); err != nil {
		return e.refuse(ctx, resp, err)
	}
	vars := r.Variables
	if len(op.VariableDefinitions) > 0 {
		if !plainVariables(op, r.Variables) {
			if vars, err = variables(e.opts.Catalog.Schema, op, r.Variables); err != nil {
				return e.refuse(ctx, resp, err)
			}
		}
	}
	c, err := e.compile(ctx, d, op, vars)
	switch {
	case errors.Is(err, budget.ErrFull):
		return e.overloaded(ctx, resp, nil)
	case err != nil:
		return e.refuse(ctx, resp, err)
	}
	w := &writer{mostErrors: e.opts.Limits.MaxErrors, most: e.opts.Limits.MaxAnswer, budget: budget.Of(ctx)}
	w.reading = reading{cat: e.opts.Catalog, vars: vars, today: kg.DayOf(now), answers: make([]answer, len(c.roots)), server: &e.server}
	w.present = func(err error, path ast.Path) *gqlerror.Error { return e.present(ctx, err, path) }
	total, most, heavy, costly := 0, 0, 0, false // heavy is the root field that costs most
	for i, root := range c.roots {
		var bound time.Time
		if r.Explain {
			w.answers[i].explain, bound = &explaining{}, time.Now()
		}
		q, err := c.query(root, e.opts.Catalog, vars, &e.opts.Limits)
		if err != nil {
			return e.refuse(ctx, resp, err)
		}
		w.answers[i].query = q
		if root.asked != nil {
			if w.answers[i].question, err = root.asked.ask(e.opts.Catalog, vars, &e.opts.Limits, now); err != nil {
				return e.refuse(ctx, resp, err)
			}
		}
		each := cost(root, q, w.answers[i].question)
		costly = costly || long(q, w.answers[i].question)
		if total = clamp(total + each); each > most {
			most, heavy = each, i
		}
		if r.Explain {
			w.answers[i].explain.bind = time.Since(bound)
		}
	}
	if total > e.opts.Limits.MaxCost {
		return e.refuse(ctx, resp, tooCostly(total, e.opts.Limits.MaxCost, costliest(c.roots[heavy], w.answers[heavy].query, w.answers[heavy].question)))
	}
	started := e.opts.Now()
	o.Plan = started.Sub(now) - o.Parse
	if costly {
		switch err := fair.Of(ctx).Costly(ctx); {
		case errors.Is(err, fair.ErrFull):
			return e.overloaded(ctx, resp, nil)
		case err != nil:
			return e.refuse(ctx, resp, err)
		}
		started = e.opts.Now() // it may have waited for its turn
	}
	o.RootFields = len(c.roots)
	resp.Began = true
	e.fetch(ctx, w.answers)
	o.Store = e.opts.Now().Sub(started)
	for i := range w.answers {
		// what the server has no memory for can be asked again: part of an answer is worth less
		if errors.Is(w.answers[i].err, budget.ErrFull) {
			return e.overloaded(ctx, resp, w.answers)
		}
		if res := w.answers[i].res; res != nil {
			o.RoundTrips += res.RoundTrips
		}
	}
	if r.Explain {
		defer func() { resp.Extensions = e.explain(c, w.answers) }()
	}
	if forceGenerated(ctx) {
		e.execute(ctx, r, d, op, c, w, resp)
		return resp
	}
	if c.introspection != nil {
		asked := *op
		asked.SelectionSet = c.introspection
		var data []byte
		data, w.errs = e.generate(ctx, r, d, &asked, c, w)
		if err := json.Unmarshal(data, &w.introspected); err != nil {
			return e.refuse(ctx, resp, err)
		}
	}
	resp.buf, _ = e.buffers.Get().(*[]byte)
	*resp.buf = append((*resp.buf)[:0], dataPrefix...)
	w.buf = *resp.buf
	err = w.whole(&c.object)
	*resp.buf = w.buf
	switch {
	case errors.Is(err, budget.ErrFull):
		return e.overloaded(ctx, resp, w.answers)
	case err != nil:
		w.buf = append(w.buf[:len(dataPrefix)], "null"...)
		*resp.buf = w.buf
		w.errs = []*gqlerror.Error{e.present(ctx, err, nil)}
	}
	resp.Data, resp.Errors = w.buf[len(dataPrefix):], w.errs
	if !r.Explain {
		for i := range w.answers {
			w.answers[i].release()
		}
	}
	return resp
}

// tooCostly is the error for an operation that costs more than it may.
func tooCostly(total, limit int, c costly) error {
	err := kg.Errorf(kg.CostLimit, "the operation costs %d, the limit is %d; ask for fewer fields or levels", total, limit)
	err.Details = map[string]any{"cost": total, "limit": limit}
	if c.n > 1 {
		err.Message = fmt.Sprintf("the operation costs %d, the limit is %d; lower %s, or ask for fewer fields or levels", total, limit, c.argument)
		err.Details["argument"] = c.argument
	}
	return err
}

// overloaded is the answer when the server has no memory or no place left for an operation.
func (e *Engine) overloaded(ctx context.Context, resp *Response, answers []answer) *Response {
	for i := range answers {
		answers[i].release()
	}
	resp.Began, resp.Data, resp.Overloaded = false, nil, true
	return e.refuse(ctx, resp, kg.Errorf(kg.Unavailable, "the server has no memory or no place left for this now; try again in a second"))
}

// release gives the store its memory back when the answer is written.
func (a *answer) release() {
	if a.res != nil && a.res.Release != nil {
		a.res.Release()
	}
}

// fits reports whether an operation may be asked for in this way.
func (r *Request) fits(op *ast.OperationDefinition) error {
	switch {
	case op.Operation == ast.Subscription:
		return kg.Errorf(codeBadRequest, "a subscription cannot be answered over plain HTTP: it needs a WebSocket or server-sent events (SSE)")
	case r.ReadOnly && op.Operation != ast.Query:
		return kg.Errorf(codeMethod, "a %s needs POST", op.Operation)
	}
	return nil
}

// read parses, measures and validates a document.
func (e *Engine) read(ctx context.Context, r *Request) (*document, []*gqlerror.Error) {
	query := r.Query
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: query}, e.opts.Limits.MaxTokens)
	if err != nil {
		var g *gqlerror.Error
		if !errors.As(err, &g) {
			g = gqlerror.Errorf("the document cannot be read")
		}
		return nil, []*gqlerror.Error{{Message: clip(g.Message), Locations: g.Locations, Extensions: map[string]any{"code": string(codeParse)}}}
	}
	if len(doc.Operations) == 0 {
		return nil, []*gqlerror.Error{e.present(ctx, kg.Errorf(codeParse, "the document has no operation"), nil)}
	}
	if strings.Contains(query, `\u`) && text.LoneSurrogate([]byte(query)) {
		return nil, []*gqlerror.Error{e.present(ctx, kg.Errorf(kg.BadUserInput, "a string has half of a surrogate pair, which is no character"), nil)}
	}
	// before validation, which would only say that the schema has no such operations
	if op, err := operation(doc, r.OperationName); err == nil {
		if err := r.fits(op); err != nil {
			return nil, []*gqlerror.Error{e.present(ctx, err, nil)}
		}
	}
	if err := check(doc, &e.opts.Limits, e.opts.Introspection); err != nil {
		return nil, []*gqlerror.Error{e.present(ctx, err, nil)}
	}
	if errs := e.validate(doc); len(errs) > 0 {
		return nil, errs
	}
	return &document{text: query, doc: doc, compiled: map[string]*compiled{}, steering: map[string][]string{}}, nil
}

// maxMessage is the longest message of an error, in characters: an error must not repeat what may be as long as a request.
const maxMessage = 300

// clip cuts a message to size.
func clip(s string) string { return kg.Clip(s, maxMessage-1) }

// operation picks the operation to run.
func operation(doc *ast.QueryDocument, name string) (*ast.OperationDefinition, error) {
	if name == "" {
		if len(doc.Operations) > 1 {
			return nil, kg.Errorf(codeBadRequest, "the document has %d operations; name one in operationName", len(doc.Operations))
		}
		return doc.Operations[0], nil
	}
	if op := doc.Operations.ForName(name); op != nil {
		return op, nil
	}
	return nil, kg.Errorf(codeBadRequest, "the document has no operation of the name given in operationName")
}

// plainVariables reports whether every variable of an operation has a value that coercion would leave as it is: a string
// for a String or an ID. That is what most requests send, and then there is nothing to copy.
func plainVariables(op *ast.OperationDefinition, vars map[string]any) bool {
	if len(vars) != len(op.VariableDefinitions) {
		return false
	}
	for _, d := range op.VariableDefinitions {
		if _, ok := vars[d.Variable].(string); !ok || d.Type.NamedType != "String" && d.Type.NamedType != "ID" {
			return false
		}
	}
	return true
}

// fetch has the store answer every root field, all from one state of the graph where the store can keep one.
func (e *Engine) fetch(ctx context.Context, answers []answer) {
	if len(answers) == 1 && answers[0].asksOnce() {
		e.one(ctx, &answers[0])
		return
	}
	for {
		seeing, view := store.WithView(ctx)
		e.all(seeing, answers)
		if !view.Lost() || ctx.Err() != nil {
			return
		}
		for i := range answers {
			answers[i].again()
		}
	}
}

// asksOnce reports whether the store is asked one question for this root field.
func (a *answer) asksOnce() bool {
	_, measured := measured(a.query.Root.Order)
	return a.question == nil && !measured
}

// again takes back what a root field was answered with.
func (a *answer) again() {
	a.release()
	a.res, a.err, a.place = nil, nil, nil
	if a.explain != nil {
		a.explain.recorder.Reset()
	}
}

// all has the store answer every root field: one call each, side by side when there are several.
func (e *Engine) all(ctx context.Context, answers []answer) {
	if len(answers) == 1 {
		e.one(ctx, &answers[0])
		return
	}
	var g errgroup.Group
	g.SetLimit(4)
	for i := range answers {
		a := &answers[i]
		g.Go(func() error {
			defer func() {
				if p := recover(); p != nil {
					e.log.LogAttrs(ctx, slog.LevelError, "panic in the store", slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
					a.err = kg.Errorf(kg.Internal, "panic")
				}
			}()
			e.one(ctx, a)
			return nil
		})
	}
	_ = g.Wait() // each answer keeps its own error
}

// one has the store answer one root field.
func (e *Engine) one(ctx context.Context, a *answer) {
	if x := a.explain; x != nil {
		ctx = store.WithRecorder(ctx, &x.recorder)
		began := time.Now()
		defer func() { x.store = time.Since(began) }()
	}
	if a.question != nil {
		a.err = e.search(ctx, a)
		return
	}
	if by, ok := measured(a.query.Root.Order); ok {
		a.res, a.err = e.measuredList(ctx, a.query, by)
		return
	}
	a.res, a.err = e.opts.Store.Fetch(ctx, a.query)
}

// generate has the generated executor answer an operation. Of types that are declared in a file it knows what the schema says, and
// has no Go types: it answers introspection.
func (e *Engine) generate(ctx context.Context, r *Request, d *document, op *ast.OperationDefinition, c *compiled, w *writer) ([]byte, gqlerror.List) {
	oc := &graphql.OperationContext{
		RawQuery: r.Query, Variables: w.vars, OperationName: op.Name, Doc: d.doc, Operation: op,
		ResolverMiddleware:     func(ctx context.Context, next graphql.Resolver) (any, error) { return next(ctx) },
		RootResolverMiddleware: func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler { return next(ctx) },
		RecoverFunc: func(ctx context.Context, p any) error {
			e.log.LogAttrs(ctx, slog.LevelError, "panic while answering", slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
			return kg.Errorf(kg.Internal, "panic")
		},
		DisableIntrospection: !e.opts.Introspection,
	}
	if w.vars == nil {
		oc.Variables = map[string]any{}
	}
	ctx = context.WithValue(ctx, rootKey{}, model.Value{In: &spot{r: &w.reading, obj: &c.object}})
	ctx = graphql.WithOperationContext(ctx, oc)
	ctx = graphql.WithResponseContext(ctx, func(ctx context.Context, err error) *gqlerror.Error {
		return e.present(ctx, err, graphql.GetPath(ctx))
	}, oc.RecoverFunc)
	answer := e.generated.Exec(ctx)(ctx)
	errs := graphql.GetErrors(ctx)
	errs = errs[:min(len(errs), w.mostErrors)]
	if answer == nil || len(answer.Data) == 0 {
		return []byte("null"), errs
	}
	return answer.Data, errs
}

// execute has the generated executor write a whole answer: tests hold it against the writer's.
func (e *Engine) execute(ctx context.Context, r *Request, d *document, op *ast.OperationDefinition, c *compiled, w *writer, resp *Response) {
	began := time.Now()
	for i := range c.object.outs {
		if x := &c.object.outs[i]; x.shape == rootShape {
			for _, err := range w.answers[x.index].corrupt() {
				resp.Errors = append(resp.Errors, e.present(ctx, err, ast.Path{ast.PathName(x.key)}))
			}
		}
	}
	data, errs := e.generate(ctx, r, d, op, c, w)
	for i := range w.answers {
		if x := w.answers[i].explain; x != nil {
			x.write = time.Since(began) // of all fields: they are written side by side
		}
	}
	resp.Data, resp.Errors = data, append(resp.Errors, errs...)
	resp.Errors = resp.Errors[:min(len(resp.Errors), w.mostErrors)]
	if most := e.opts.Limits.MaxAnswer; most > 0 && len(resp.Data) > most {
		resp.Data = nil
		resp.Errors = []*gqlerror.Error{e.present(ctx, kg.Errorf(kg.CostLimit, "the answer has more than %d bytes; ask for smaller pages or fewer fields", most), nil)}
	}
}

// forceKey makes Do use the generated executor for everything: tests hold the two against each other.
type forceKey struct{}

func forceGenerated(ctx context.Context) bool { return ctx.Value(forceKey{}) != nil }

// Code is the code of the first error, "" when there is none.
func (r *Response) Code() string {
	if len(r.Errors) == 0 {
		return ""
	}
	code, _ := r.Errors[0].Extensions["code"].(string)
	return code
}

// dataPrefix is how an answer without errors begins. It is written ahead of the data, so that nothing is copied then.
const dataPrefix = `{"data":`

// JSON is the answer as one JSON object, as AppendJSON writes it. It is valid until Release.
func (r *Response) JSON() []byte {
	if r.buf == nil || len(r.Errors) > 0 || r.Extensions != nil {
		return r.AppendJSON(nil)
	}
	*r.buf = append(*r.buf, '}')
	whole := *r.buf
	*r.buf = whole[:len(whole)-1]
	return whole
}

// AppendJSON appends the answer as one JSON object: "errors" first when there are any, then "data", then "extensions".
func (r *Response) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	if len(r.Errors) > 0 {
		dst = append(dst, `"errors":[`...)
		dst = appendErrors(dst, r.Errors)
		dst = append(dst, ']')
	}
	if r.Data != nil {
		if len(r.Errors) > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `"data":`...)
		dst = append(dst, r.Data...)
	}
	if r.Extensions != nil {
		dst = append(dst, `,"extensions":`...)
		dst = append(dst, r.Extensions...)
	}
	return append(dst, '}')
}

// maxErrorBytes is how long the errors of an answer are together; what would be beyond is left out.
const maxErrorBytes = 60 << 10

// appendErrors writes errors, as many as fit and at least the first: without its details where those are too long.
func appendErrors(dst []byte, errs []*gqlerror.Error) []byte {
	start := len(dst)
	for i, err := range errs {
		b, failed := json.Marshal(err)
		if failed != nil || len(b) > maxErrorBytes {
			b, failed = json.Marshal(&gqlerror.Error{Message: err.Message, Extensions: map[string]any{"code": err.Extensions["code"]}})
		}
		if failed != nil {
			b = []byte(`{"message":"the error could not be written","extensions":{"code":"INTERNAL"}}`)
		}
		if i > 0 {
			if len(dst)-start+len(b) >= maxErrorBytes {
				break
			}
			dst = append(dst, ',')
		}
		dst = append(dst, b...)
	}
	return dst
}

// maxPooled is the largest buffer that is kept for another answer.
const maxPooled = 1 << 20

// Release gives the answer's buffers back. The Response must not be used afterwards.
func (r *Response) Release() {
	if r.buf != nil && cap(*r.buf) <= maxPooled {
		r.engine.buffers.Put(r.buf)
	}
	r.buf, r.Data = nil, nil
}
