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
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/throughline/throughline/graph/internal/exec"
	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/bounded"
	"github.com/throughline/throughline/internal/budget"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/fair"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/operation"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
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
	// Writer makes the changes that mutations ask for; nil refuses them.
	Writer Writer
	// Memory bounds the bytes of measures of the whole graph under way and of their results that are kept; nil for
	// no bound.
	Memory *budget.Pool
	// Logger gets what clients must not see; nil logs nothing.
	Logger *slog.Logger
	// Now is the clock: what has ended has ended before its day, ranks by time count back from it, and what may
	// take a part of the time limit is held to it. nil for the system's.
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
	Held               bool // the client has the answer, and nothing was run
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
	if e.tables, err = newTables(opts.Catalog, append(kinds, mutationKinds(opts.Catalog)...), more...); err != nil {
		return nil, err
	}
	e.server = serverInfo{opts.Version, opts.StoreKind, opts.Writer == nil, opts.Limits, opts.MaxBodyBytes}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	of := rules.NewDefaultRules()
	if !opts.Introspection {
		// without introspection nothing may be guessed either
		for name, rule := range map[string]core.RuleFunc{
			"FieldsOnCorrectType": rules.FieldsOnCorrectTypeRuleWithoutSuggestions.RuleFunc,
			"KnownArgumentNames":  rules.KnownArgumentNamesRuleWithoutSuggestions.RuleFunc,
			"KnownTypeNames":      rules.KnownTypeNamesRuleWithoutSuggestions.RuleFunc,
			"ValuesOfCorrectType": rules.ValuesOfCorrectTypeRuleWithoutSuggestions.RuleFunc,
			"ScalarLeafs":         rules.ScalarLeafsRuleWithoutSuggestions.RuleFunc,
		} {
			of.ReplaceRule(name, rule)
		}
	}
	of.ReplaceRule("ValuesOfCorrectType", operation.Numbers(of.GetInner()["ValuesOfCorrectType"]))
	for name, rule := range of.GetInner() {
		e.rules = append(e.rules, core.Rule{Name: name, RuleFunc: rule})
	}
	sort.Sort(core.NameSorter(e.rules)) // as ValidateWithRules would
	e.documents = bounded.New[documentKey, *document](cacheBytes)
	e.generated = exec.NewExecutableSchema(exec.Config{Schema: opts.Catalog.Public, Resolvers: &Resolver{}})
	e.buffers.New = func() any {
		return &writing{make([]byte, 0, 16<<10), make([]place, 0, 16)}
	}
	return e, nil
}

// Request is one operation to run.
type Request struct {
	Query         string
	OperationName string
	Variables     map[string]any // as decoded from JSON, numbers as json.Number
	// ReadOnly refuses everything but queries: GET requests must not change anything.
	ReadOnly bool
	// IdempotencyKey has its mutations made once: see Mutation. "" for none.
	IdempotencyKey string
	// Explain has the answer say how it was made, in Response.Extensions.
	Explain bool
	// Cost has the answer say what the operation costs and what it may, in Response.Extensions.
	Cost bool
	// SchemaOnly refuses what asks for anything but the schema: the document is not one of those that may run.
	SchemaOnly bool
	// Held says that the client has the answer: the request is counted, and not run.
	Held bool
	// Texts has the texts of sources read where clients may not have them: whoever asks keeps them to itself.
	Texts bool
	// Who is whoever asks; nil for the program itself, which may do everything.
	Who *auth.Identity
}

// key returns what the document of r is kept under.
func (r *Request) key() documentKey { return documentKey{r.Query, r.Texts} }

// who returns who asks.
func (r *Request) who() *auth.Identity {
	if r.Who == nil {
		return program
	}
	return r.Who
}

var program = auth.NewIdentity("", auth.Admin)

// Do answers r. It never panics, and ends soon after ctx or the time limit does.
func (e *Engine) Do(ctx context.Context, r *Request) (resp *Response) {
	o := Observation{}
	begin := e.opts.Now()
	ctx, cancel := context.WithTimeout(withKey(ctx, r.IdempotencyKey), e.opts.Limits.Timeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			resp = &Response{
				Errors: []*gqlerror.Error{e.present(ctx, e.panicked(ctx, "while answering", p), nil)},
				Began:  true,
				Data:   []byte("null"),
			}
		}
		if e.opts.Observe != nil {
			o.Operation, o.Kind, o.Code, o.Duration = resp.Operation, resp.Kind, resp.Code(), e.opts.Now().Sub(begin)
			o.Held = r.Held
			e.opts.Observe(o)
		}
	}()
	return e.do(ctx, r, begin, &o)
}

// panicked logs a panic, where it is recovered, and returns the error that stands for it.
func (e *Engine) panicked(ctx context.Context, where string, p any) error {
	e.log.LogAttrs(ctx, slog.LevelError, "panic "+where,
		slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
	return kg.Errorf(kg.Internal, "panic")
}

// prepared is an operation that is ready to be answered: everything is known of it but what the store says.
type prepared struct {
	doc      *document
	op       *ast.OperationDefinition
	compiled *compiled
	vars     map[string]any
	answers  []answer  // of each root field: its plan or question
	costly   bool      // it has to wait for a turn
	at       time.Time // when it was asked
	began    time.Time // when its turn came
}

func (e *Engine) do(ctx context.Context, r *Request, now time.Time, o *Observation) *Response {
	resp := &Response{engine: e}
	if r.Held {
		e.name(r, resp)
		return resp
	}
	p := prepared{at: now}
	if e.prepare(ctx, r, &p, resp, o); len(resp.Errors) > 0 {
		return resp
	}
	if e.admit(ctx, &p, resp, o); len(resp.Errors) > 0 {
		return resp
	}
	return e.answer(ctx, r, &p, resp, o)
}

// name finds the operation of a request that is not run: in the document, if that is still in memory, or else by the
// name that the request gives.
func (e *Engine) name(r *Request, resp *Response) {
	resp.Operation = r.OperationName
	if doc, ok := e.documents.Get(r.key()); ok {
		if op, err := chooseOperation(doc.doc, r.OperationName); err == nil {
			resp.Operation, resp.Kind = op.Name, string(op.Operation)
		}
	}
}

// prepare reads, compiles and binds an operation, unless there is an error.
func (e *Engine) prepare(ctx context.Context, r *Request, p *prepared, resp *Response, o *Observation) {
	if r.SchemaOnly && !e.opts.Introspection {
		e.refuse(ctx, resp, errUntrusted)
		return
	}
	if p.doc, o.Cached = e.documents.Get(r.key()); !o.Cached {
		if p.doc, resp.Errors = e.read(ctx, r); resp.Errors != nil {
			return
		}
		if n := len(p.doc.key.text); n <= maxCached {
			e.documents.Add(p.doc.key, p.doc, textFactor*n)
		}
		o.Parse = e.opts.Now().Sub(p.at)
	}
	var err error
	if p.op, err = chooseOperation(p.doc.doc, r.OperationName); err != nil {
		e.refuse(ctx, resp, err)
		return
	}
	resp.Operation, resp.Kind = p.op.Name, string(p.op.Operation)
	if err = r.fits(p.op); err == nil && r.SchemaOnly && !onlySchema(p.op.SelectionSet) {
		err = errUntrusted
	}
	if err != nil {
		e.refuse(ctx, resp, err)
		return
	}
	if p.vars = r.Variables; len(p.op.VariableDefinitions) > 0 && !operation.PlainVariables(p.op, r.Variables) {
		if p.vars, err = operation.Variables(e.opts.Catalog.Schema, p.op, r.Variables); err != nil {
			e.refuse(ctx, resp, err)
			return
		}
	}
	p.compiled, err = e.compile(ctx, p.doc, p.op, p.vars)
	switch {
	case errors.Is(err, budget.ErrFull):
		e.overloaded(ctx, resp, nil)
	case err != nil:
		e.refuse(ctx, resp, err)
	default:
		e.bind(ctx, r, p, resp)
	}
}

// bind fills in the values of the root fields, and refuses an operation that costs too much.
func (e *Engine) bind(ctx context.Context, r *Request, p *prepared, resp *Response) {
	roots := p.compiled.roots
	p.answers = make([]answer, len(roots))
	total, most, heavy := 0, 0, 0 // heavy is the root field that costs most
	for i, root := range roots {
		a := &p.answers[i]
		root, args := root.chosen(e.opts.Catalog, p.vars)
		a.root = root
		var began time.Time
		if r.Explain {
			a.explain, began = &explaining{}, time.Now()
		}
		if a.forbidden = p.compiled.roots[i].out.requires > r.who().Role; a.forbidden {
			continue
		}
		var err error
		if a.query, err = p.compiled.query(
			root,
			e.opts.Catalog,
			p.vars,
			&e.opts.Limits,
		); err == nil &&
			root.asked != nil {
			a.question, err = root.asked.ask(e.opts.Catalog, p.vars, args, &e.opts.Limits, p.at)
		}
		if err == nil {
			a.asksLater, err = root.bindLater(e.opts.Catalog, p.vars)
		}
		if err != nil {
			e.refuse(ctx, resp, err)
			return
		}
		each := cost(root, a)
		p.costly = p.costly || long(a.query, a.question)
		if total = clamp(total + each); each > most {
			most, heavy = each, i
		}
		if r.Explain {
			a.explain.bind = time.Since(began)
		}
	}
	if r.Cost {
		resp.Extensions = fmt.Appendf(nil, `"cost":%d,"limit":%d`, total, e.opts.Limits.MaxCost)
	}
	if total > e.opts.Limits.MaxCost {
		a := &p.answers[heavy]
		e.refuse(ctx, resp, tooCostly(total, e.opts.Limits.MaxCost, costliest(a.root, a)))
	}
}

// admit waits for the turn of an operation that is costly.
func (e *Engine) admit(ctx context.Context, p *prepared, resp *Response, o *Observation) {
	p.began = e.opts.Now()
	o.Plan = p.began.Sub(p.at) - o.Parse
	if !p.costly {
		return
	}
	switch err := fair.Of(ctx).Costly(ctx); {
	case errors.Is(err, fair.ErrFull):
		e.overloaded(ctx, resp, nil)
	case err != nil:
		e.refuse(ctx, resp, err)
	}
	p.began = e.opts.Now()
}

// answer has the store answer an operation, and writes its answer. What is to be answered many times calls it for
// each, after answer.again.
func (e *Engine) answer(ctx context.Context, r *Request, p *prepared, resp *Response, o *Observation) *Response {
	c := p.compiled
	w := &writer{mostErrors: e.opts.Limits.MaxErrors, most: e.opts.Limits.MaxAnswer, budget: budget.Of(ctx)}
	w.reading = reading{
		cat: e.opts.Catalog, vars: p.vars, today: kg.DayOf(p.at), answers: p.answers, server: &e.server, who: r.who(),
	}
	w.present = func(err error, path ast.Path) *gqlerror.Error { return e.present(ctx, err, path) }
	o.RootFields = len(c.roots)
	resp.Began = true
	asking := ctx
	if p.op.Operation == ast.Mutation {
		asking = auth.With(ctx, w.who) // what is written says who wrote it
	}
	e.fetch(asking, &w.reading, c.inOrder)
	o.Store = e.opts.Now().Sub(p.began)
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
		defer func() {
			if resp.Extensions != nil {
				resp.Extensions = append(resp.Extensions, ',')
			}
			resp.Extensions = append(resp.Extensions, e.explain(c, w.answers)...)
		}()
	}
	if forceGenerated(ctx) {
		e.execute(ctx, r, p, w, resp)
		return resp
	}
	if c.introspection != nil {
		asked := *p.op
		asked.SelectionSet = c.introspection
		var data []byte
		data, w.errs = e.generate(ctx, r, p, &asked, w)
		if err := json.Unmarshal(data, &w.introspected); err != nil {
			return e.refuse(ctx, resp, err)
		}
	}
	resp.memory, _ = e.buffers.Get().(*writing)
	w.buf, w.places = resp.memory.buf[:0], resp.memory.places[:0]
	w.buf = append(w.buf, dataPrefix...)
	err := w.whole(&c.object)
	resp.memory.buf, resp.memory.places = w.buf, w.places
	switch {
	case errors.Is(err, budget.ErrFull):
		return e.overloaded(ctx, resp, w.answers)
	case err != nil:
		w.buf = append(w.buf[:len(dataPrefix)], "null"...)
		resp.memory.buf = w.buf
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

// refuse is the answer to a request that is not run.
func (e *Engine) refuse(ctx context.Context, resp *Response, err error) *Response {
	resp.Errors = append(resp.Errors, e.present(ctx, err, nil))
	return resp
}

// tooCostly is the error for an operation that costs more than it may.
func tooCostly(total, limit int, c costly) error {
	err := kg.Errorf(
		kg.CostLimit,
		"the operation costs %d, the limit is %d; ask for fewer fields or levels",
		total,
		limit,
	)
	err.Details = map[string]any{"cost": total, "limit": limit}
	if c.n > 1 {
		err.Message = fmt.Sprintf(
			"the operation costs %d, the limit is %d; lower %s, or ask for fewer fields or levels",
			total,
			limit,
			c.argument,
		)
		err.Details["argument"] = kg.Way(c.argument)
	}
	return err
}

// overloaded is the answer when the server has no memory or no place left for an operation.
func (e *Engine) overloaded(ctx context.Context, resp *Response, answers []answer) *Response {
	for i := range answers {
		answers[i].release()
	}
	resp.Began, resp.Data, resp.Overloaded = false, nil, true
	return e.refuse(
		ctx,
		resp,
		kg.Errorf(kg.Unavailable, "the server has no memory or no place left for this now; try again in a second"),
	)
}
