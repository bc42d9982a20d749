// Package graph is the GraphQL layer: it takes a request, compiles each root field to one plan, has the store answer
// it in one Fetch, and writes the answer's bytes from the plan. See docs/decisions/0003-answers-from-the-plan.md.
package graph

import (
	"context"
	"log/slog"
	"time"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// Options are what an Engine is made of. Catalog and Store are needed; everything else has a usable zero value.
type Options struct {
	Catalog *catalog.Catalog
	Store   store.Reader
	// StoreKind and Version are what serverInfo says: "sqlite" or "neo4j", and the program's version.
	StoreKind, Version string
	// Limits bound each operation; the zero value stands for plan.DefaultLimits.
	Limits plan.Limits
	// MaxBodyBytes is only shown by serverInfo: the transport holds it.
	MaxBodyBytes int
	// Introspection lets clients ask for __schema and __type.
	Introspection bool
	// ReadOnly is what serverInfo says about writing.
	ReadOnly bool
	// Logger gets what clients must not see; nil logs nothing.
	Logger *slog.Logger
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
	opts Options
}

// New makes an Engine.
func New(opts Options) (*Engine, error) {
	return &Engine{opts: opts}, nil
}

// Request is one operation to run.
type Request struct {
	Query         string
	OperationName string
	Variables     map[string]any // as decoded from JSON, numbers as json.Number
	// ReadOnly refuses everything but queries: GET requests must not change anything.
	ReadOnly bool
}

// Response is the answer to one Request. Release must be called when its bytes are no longer needed.
type Response struct {
	// Data is the JSON of "data"; nil when the answer has no such key. It is valid until Release.
	Data []byte
	// Errors each have extensions.code.
	Errors []*gqlerror.Error
	// Began tells that execution began: the request was well-formed and valid, and what failed failed while answering.
	Began bool
	// Operation is the operation's name, Kind "query", "mutation" or "subscription"; "" when there is none.
	Operation, Kind string
}

// Do answers r. It never panics, and ends soon after ctx or the time limit does.
func (e *Engine) Do(ctx context.Context, r *Request) *Response {
	return &Response{}
}

// Code is the code of the first error, "" when there is none.
func (r *Response) Code() string {
	if len(r.Errors) == 0 {
		return ""
	}
	code, _ := r.Errors[0].Extensions["code"].(string)
	return code
}

// AppendJSON appends the answer as one JSON object: "errors" first when there are any, then "data".
func (r *Response) AppendJSON(dst []byte) []byte {
	return append(dst, "{}"...)
}

// Release gives the answer's buffers back. The Response must not be used afterwards.
func (r *Response) Release() {}
