package graph

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator/core"

	"github.com/throughline/throughline/internal/bounded"
	"github.com/throughline/throughline/internal/budget"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/operation"
	"github.com/throughline/throughline/internal/text"
)

// A document that was parsed and validated is kept, so that sending it again costs neither, nor planning. The
// cache is bounded in bytes of what is kept: of the document, a multiple of its text; of what was compiled of it,
// so much for each field written, which are many more where fragments spread others or a field leads to several
// types.
const (
	cacheBytes  = 64 << 20
	maxCached   = 16 << 10 // longer documents are not kept
	maxVariants = 16       // settings of @skip and @include that are kept of one operation
	// textFactor, fieldBytes and rootBytes are what is kept for a byte of text, a field compiled, and a root field
	// with what a store compiled for it, as measured: see TestTheCacheIsBoundedByWhatItKeeps.
	textFactor = 40
	fieldBytes = 640
	rootBytes  = 4 << 10
	// maxCompiled is how many fields an operation may be compiled to, those of each type that a field leads to
	// counted by themselves.
	maxCompiled = operation.MaxSpread + operation.MaxSpread/2
)

// document is a valid document.
type document struct {
	key   documentKey
	doc   *ast.QueryDocument
	texts bool // the texts of sources are read

	mu       sync.Mutex
	compiled map[string]*compiled // by operation name and steering variables
	steering map[string][]string  // by operation: the variables that steer @skip and @include
}

// documentKey names a document in the cache: where a request may read the texts of sources, it is planned otherwise.
type documentKey struct {
	text  string
	texts bool
}

// documents is the cache.
type documents = bounded.Cache[documentKey, *document]

// compile returns an operation compiled for these variables, from the document's memory where it can.
func (e *Engine) compile(
	ctx context.Context,
	d *document,
	op *ast.OperationDefinition,
	vars map[string]any,
) (*compiled, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	names, ok := d.steering[op.Name]
	if !ok {
		names = operation.Steering(d.doc, op)
		d.steering[op.Name] = names
	}
	key := op.Name
	for _, n := range names {
		if on, _ := vars[n].(bool); on {
			key += "\x001"
		} else {
			key += "\x000"
		}
	}
	if c := d.compiled[key]; c != nil {
		return c, nil
	}
	comp := &compiler{cat: e.opts.Catalog, from: operation.Selections{Schema: e.opts.Catalog.Schema, Doc: d.doc, Vars: vars}, eng: e, texts: d.texts}
	c, err := comp.bounded(op)
	size := fieldBytes * comp.fields
	if err == nil {
		err = budget.Of(ctx).Hold(int64(size))
	}
	if err == nil && len(d.compiled) < maxVariants {
		d.compiled[key] = c
		e.documents.Grow(d.key, d, size+rootBytes*len(c.roots))
	}
	return c, err
}

// fits reports whether an operation may be asked for in this way.
func (r *Request) fits(op *ast.OperationDefinition) error {
	switch {
	case op.Operation == ast.Subscription:
		return kg.Errorf(kg.BadRequest, NoSubscriptions)
	case r.ReadOnly && op.Operation != ast.Query:
		return kg.Errorf(kg.MethodNotAllowed, "a %s needs POST", op.Operation)
	}
	return nil
}

// Check returns what is wrong with a document, whatever its variables: the errors that a request with it gets.
func (e *Engine) Check(ctx context.Context, document string) []*gqlerror.Error {
	_, errs := e.read(ctx, &Request{Query: document})
	return errs
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
		return nil, []*gqlerror.Error{
			{Message: clip(g.Message), Locations: g.Locations, Extensions: map[string]any{"code": string(kg.ParseFailed)}},
		}
	}
	if len(doc.Operations) == 0 {
		return nil, []*gqlerror.Error{e.present(ctx, kg.Errorf(kg.ParseFailed, "the document has no operation"), nil)}
	}
	if strings.Contains(query, `\u`) && text.LoneSurrogate([]byte(query)) {
		return nil, []*gqlerror.Error{
			e.present(
				ctx,
				kg.Errorf(kg.BadUserInput, "a string has half of a surrogate pair, which is no character"),
				nil,
			),
		}
	}
	// before validation, which would only say that the schema has no such operations
	if op, err := chooseOperation(doc, r.OperationName); err == nil {
		if err := r.fits(op); err != nil {
			return nil, []*gqlerror.Error{e.present(ctx, err, nil)}
		}
	}
	if err := operation.Check(doc, &e.opts.Limits, e.opts.Introspection); err != nil {
		return nil, []*gqlerror.Error{e.present(ctx, err, nil)}
	}
	if errs := e.validate(doc); len(errs) > 0 {
		return nil, errs
	}
	return &document{
		key: r.key(), doc: doc, texts: r.Texts || e.opts.ServeTexts, compiled: map[string]*compiled{}, steering: map[string][]string{},
	}, nil
}

// maxMessage is the longest message of an error, in characters: an error must not repeat what may be as long as a
// request.
const maxMessage = 300

// clip cuts a message to size.
func clip(s string) string { return kg.Clip(s, maxMessage-1) }

// chooseOperation picks the operation to run.
func chooseOperation(doc *ast.QueryDocument, name string) (*ast.OperationDefinition, error) {
	if name == "" {
		if len(doc.Operations) > 1 {
			return nil, kg.Errorf(
				kg.BadRequest,
				"the document has %d operations; name one in operationName",
				len(doc.Operations),
			)
		}
		return doc.Operations[0], nil
	}
	if op := doc.Operations.ForName(name); op != nil {
		return op, nil
	}
	return nil, kg.Errorf(kg.BadRequest, "the document has no operation of the name given in operationName")
}

// enough ends a validation once it has found as many errors as an answer lists.
type enough struct{}

// validate checks a document against the schema, and stops at MaxErrors: a document can have an error for every
// token, and each may repeat a name.
func (e *Engine) validate(doc *ast.QueryDocument) (errs []*gqlerror.Error) {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(enough); !ok {
				panic(p)
			}
		}
	}()
	observers := &core.Events{}
	for _, r := range e.rules {
		r.RuleFunc(observers, func(options ...core.ErrorOption) {
			err := &gqlerror.Error{}
			for _, o := range options {
				o(err)
			}
			err.Message = clip(err.Message)
			err.Extensions = map[string]any{"code": string(kg.ValidationFailed)}
			if errs = append(errs, err); len(errs) >= e.opts.Limits.MaxErrors {
				panic(enough{})
			}
		})
	}
	core.Walk(e.opts.Catalog.Schema, doc, observers)
	return errs
}
