// Package server speaks HTTP: routes, the GraphQL transport, limits, health, metrics and stopping. What a request
// means is package graph's.
package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/cors"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/bounded"
	"github.com/throughline/throughline/internal/budget"
	"github.com/throughline/throughline/internal/fair"
	"github.com/throughline/throughline/internal/issuer"
	"github.com/throughline/throughline/internal/kg"
)

// Executor answers requests: a *graph.Engine.
type Executor interface {
	Do(ctx context.Context, r *graph.Request) *graph.Response
}

// Readiness reports whether the store can answer.
type Readiness interface {
	Ready(ctx context.Context) error
}

// Options are what a server is made of. Zero numbers stand for the defaults below.
type Options struct {
	Executor   Executor
	Store      Readiness
	Playground http.Handler // serves /playground and what is below it; nil for none
	// Explorer makes what serves / and the pages below it, given what answers GraphQL; nil for none. Assets serves the
	// files that pages load, below /assets/.
	Explorer func(graphql http.Handler) http.Handler
	Assets   http.Handler
	Logger   *slog.Logger
	Metrics  *Metrics             // nil for none
	Tracing  trace.TracerProvider // nil for none
	// Explain lets requests ask how they are answered, by ExplainHeader.
	Explain bool
	// CORSOrigins may read answers from other sites: origins, those of all names below one ("https://*.example.org"),
	// or "*" for all, which never get credentials. Origins that are named may send any header; all may send corsHeaders
	// and CORSHeaders.
	CORSOrigins, CORSHeaders []string
	// State names the state that the graph is in, so that answers of GET can be asked for only when it has changed; nil
	// for no tags. The number is of no use here.
	State func(ctx context.Context) (state string, trips int, err error)
	// Export writes what of the graph the parameters of a request ask for, in the format that they name, to where begin
	// leads, which is told the media type and a name for the file; nil for a server that exports nothing.
	Export func(ctx context.Context, q url.Values, begin func(mediaType, file string) io.Writer) error
	// Import imports the files that next returns, for whoever has the name by, by the parameters of a request, and
	// returns a report; nil for a server that imports nothing. MaxImport bounds the bytes of a request.
	Import    func(ctx context.Context, by string, q url.Values, next func() (part, name string, r io.Reader, err error)) (any, error)
	MaxImport int64
	// Assistants answers messages of the Model Context Protocol, posted to /mcp; auth.From of their context is who
	// asks. nil for none.
	Assistants http.Handler
	// Reconcile answers /reconcile and what is below it, asked as Assistants is; the URL of a request has the scheme
	// and host by which the server was addressed. nil for none.
	Reconcile http.Handler
	// Documents can be asked for by their ids; nil for none. With DocumentsOnly no others run.
	Documents     *Documents
	DocumentsOnly bool
	// CacheControl is said of answers of GET without errors; "" stands for DefaultCacheControl.
	CacheControl string
	// Now is the clock; nil for the system's.
	Now func() time.Time
	// MaxBody bounds a request's body in bytes, BodyTime how long it may take to come, and HeaderTime how long what
	// stands before it may; 0 stands for DefaultBodyTime and DefaultHeaderTime.
	MaxBody              int64
	BodyTime, HeaderTime time.Duration
	// Client says of which client a request of nobody in particular is: clients share what there is fairly, and so do
	// subjects. nil for ByAddress without proxies.
	Client func(*http.Request) string
	// Verifier knows whose a token is; nil where none is looked at. Anonymous is who shows none; nil refuses them.
	// Where both are nil everybody may everything.
	Verifier  auth.Verifier
	Anonymous *auth.Identity
	// Issuer is where people log in, if they show no token on the page /login; nil for nowhere else. It is the
	// Verifier.
	Issuer *issuer.Issuer
	// PublicURL is the address by which browsers reach the server, without a path; "" for the one that a request names.
	PublicURL string
	// Secure reports whether a request came over TLS; nil for OverTLS without proxies.
	Secure func(*http.Request) bool
	// MaxConcurrent bounds operations under way, an eighth of them costly ones; of each client as many again may wait,
	// for QueueTime. What is beyond gets a 503. 0 stands for ConcurrentPerCore on each core.
	MaxConcurrent int
	QueueTime     time.Duration
	// NoArrivalQueue has requests wait for a processor as long as it takes: see queue.
	NoArrivalQueue bool
	// Memory is the pool that operations share; nil for no bound. OperationMemory is how many bytes one may hold.
	Memory          *budget.Pool
	OperationMemory int64
	// Outbox is how many bytes of answers may wait for slow readers without holding a place. FullTime is how long the
	// reader of an answer that finds it full may take.
	Outbox   int64
	FullTime time.Duration
	// ExportGrace is how long the server waits in all for the reader of an export, beside what its bytes take at
	// ExportRate bytes a second.
	ExportGrace time.Duration
	ExportRate  int64
	// AllowedHosts are names by which a server on a loopback address may be addressed, beside those of the address
	// itself.
	AllowedHosts []string
	// Grace is how long requests under way may take when the server stops.
	Grace time.Duration
}

// ExplainHeader asks for extensions.explain when its value is 1. A server that does not explain ignores it.
const ExplainHeader = "X-Throughline-Explain"

// The defaults of Options.
const (
	DefaultMaxBody    = 1 << 20
	DefaultBodyTime   = 25 * time.Second
	DefaultHeaderTime = 8 * time.Second
	// ConcurrentPerCore keeps cores and a store busy, and a request that is taken from waiting behind more than it
	// would have to with that many clients.
	ConcurrentPerCore = 32
	DefaultQueueTime  = time.Second
	DefaultGrace      = 6 * time.Second
	// DefaultOperationMemory is far above what an answer of usual size holds.
	DefaultOperationMemory = 256 << 20
	DefaultOutbox          = 64 << 20
	DefaultFullTime        = 10 * time.Second
	DefaultExportGrace     = time.Minute
	DefaultExportRate      = 256 << 10
)

// Time limits of a connection: a client that drips bytes holds a connection so long, and nothing else.
const (
	writeTime  = 60 * time.Second
	chunkTime  = 10 * time.Second // for writeChunk bytes
	writeChunk = 64 << 10
	fullChunks = 5 // the parts of FullTime that a piece may take
	idleTime   = 120 * time.Second
	maxHeader  = 64 << 10
)

// Server is an HTTP server for one executor.
type Server struct {
	o         Options
	log       *slog.Logger
	handler   http.Handler
	gate      *fair.Gate
	queue     *queue
	outbox    *budget.Pool
	local     atomic.Pointer[localHosts] // nil where any host is answered
	stopping  atomic.Bool
	persisted *persisted
	vary      []string       // what answers depend on, made once
	sessions  *auth.Sessions // nil where nobody logs in
	origins   *http.CrossOriginProtection
	cors      *cors.Cors   // nil for no other origins
	private   string       // Cache-Control of what is answered to one alone
	secret    []byte       // of tags
	signing   *signing     // nil where nobody logs in elsewhere
	explorer  http.Handler // nil for none
}

// New makes a server.
func New(o Options) (*Server, error) {
	if o.Executor == nil || o.Store == nil {
		return nil, errors.New("a server needs an executor and a store")
	}
	set := func(n *time.Duration, d time.Duration) {
		if *n == 0 {
			*n = d
		}
	}
	set(&o.QueueTime, DefaultQueueTime)
	set(&o.BodyTime, DefaultBodyTime)
	set(&o.HeaderTime, DefaultHeaderTime)
	set(&o.Grace, DefaultGrace)
	set(&o.FullTime, DefaultFullTime)
	set(&o.ExportGrace, DefaultExportGrace)
	if o.ExportRate == 0 {
		o.ExportRate = DefaultExportRate
	}
	if o.DocumentsOnly && o.Documents == nil {
		return nil, errors.New("a server of listed documents alone needs a list")
	}
	if o.CacheControl == "" {
		o.CacheControl = DefaultCacheControl
	}
	if o.Verifier == nil && o.Anonymous == nil {
		o.Anonymous = everybody
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.OperationMemory == 0 {
		o.OperationMemory = DefaultOperationMemory
	}
	if o.Outbox == 0 {
		o.Outbox = DefaultOutbox
	}
	if o.Secure == nil {
		o.Secure = OverTLS(nil)
	}
	if o.Client == nil {
		o.Client = ByAddress(nil)
	}
	if o.MaxConcurrent == 0 {
		o.MaxConcurrent = ConcurrentPerCore * runtime.GOMAXPROCS(0)
	}
	s := &Server{
		o: o, log: o.Logger, gate: fair.NewGate(o.MaxConcurrent), queue: newQueue(o.MaxConcurrent),
		outbox: budget.NewPool(o.Outbox), private: privately(o.CacheControl),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.secret = newSecret()
	s.persisted = bounded.New[string, string](persistedBytes)
	s.vary = []string{"Accept, Accept-Encoding"}
	if o.Explain {
		s.vary[0] += ", " + ExplainHeader
	}
	s.origins = http.NewCrossOriginProtection()
	if o.Verifier != nil {
		s.vary[0] += ", " + varyWho
		if o.Explorer != nil || o.Playground != nil {
			s.sessions = auth.NewSessions(o.Verifier, o.Now)
			if o.Issuer != nil {
				s.signing = newSigning()
			}
		}
	}
	s.handler = s.routes()
	return s, nil
}

// Handler serves every route of the public address.
func (s *Server) Handler() http.Handler { return s.handler }

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	var api http.Handler = http.HandlerFunc(s.graphql)
	if len(s.o.CORSOrigins) > 0 {
		open := contains(s.o.CORSOrigins, "*")
		headers := []string{"*"} // what is asked for is allowed
		if open {
			headers = append(corsHeaders(), s.o.CORSHeaders...)
		}
		s.cors = cors.New(cors.Options{
			AllowedOrigins:   s.o.CORSOrigins,
			AllowedMethods:   []string{http.MethodGet, http.MethodHead, http.MethodPost},
			AllowedHeaders:   headers,
			ExposedHeaders:   []string{"X-Request-Id", "Retry-After", "ETag"},
			AllowCredentials: !open,
			MaxAge:           600,
		})
		api = s.cors.Handler(api)
	}
	if s.o.Tracing != nil {
		api = otelhttp.NewHandler(api, "graphql", otelhttp.WithTracerProvider(s.o.Tracing),
			otelhttp.WithPropagators(propagation.TraceContext{}))
	}
	mux.Handle("/graphql", api)
	if s.o.Assistants != nil {
		mux.Handle("/mcp", s.crossOrigin(s.assistants))
	}
	if s.o.Reconcile != nil {
		door := s.crossOrigin(s.reconcile)
		mux.Handle("/reconcile", door)
		mux.Handle("/reconcile/", door)
	}
	if s.o.Playground != nil {
		playground := s.guarded(s.o.Playground)
		mux.Handle("/playground", playground)
		mux.Handle("/playground/", playground)
	}
	if s.o.Assets != nil {
		mux.Handle("/assets/", s.o.Assets)
	}
	if s.o.Explorer != nil {
		s.explorer = s.guarded(s.kept(s.o.Explorer(http.HandlerFunc(s.graphql))))
		for _, pattern := range []string{"/e/", "/s/", "/path", "/view", "/story"} {
			mux.Handle(pattern, s.explorer)
		}
	}
	if s.sessions != nil {
		mux.HandleFunc("/login", s.login)
		mux.HandleFunc("/logout", s.logout)
		if s.signing != nil {
			mux.HandleFunc("/login/begin", s.beginLogin)
			mux.HandleFunc(backPath, s.endLogin)
		}
	}
	pages := map[string]http.HandlerFunc{
		"/livez":  func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, `{"status":"ok"}`) },
		"/readyz": s.ready,
		"/{$}":    s.home,
		"/export": s.export,
	}
	mux.Handle("/import", s.crossOrigin(s.importFiles))
	for pattern, page := range pages {
		mux.HandleFunc("GET "+pattern, page)
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			wrongMethod(w, "GET, HEAD", "this page is only read: use GET")
		})
	}
	mux.HandleFunc("/", s.nothing)
	return s.outer(mux)
}

// crossOrigin returns a handler that pages of the allowed origins may ask.
func (s *Server) crossOrigin(f http.HandlerFunc) http.Handler {
	if s.cors == nil {
		return f
	}
	return s.cors.Handler(f)
}

// wrongMethod refuses a request whose method is none of those that are allowed.
func wrongMethod(w http.ResponseWriter, allowed, sentence string) {
	w.Header().Set("Allow", allowed)
	writeError(w, http.StatusMethodNotAllowed, kg.MethodNotAllowed, sentence)
}

// corsHeaders are the headers that pages of any origin may send: those of this server, and those that libraries add by
// themselves for client awareness (Apollo) and for traces (W3C, Sentry), without which a page could ask nothing.
func corsHeaders() []string {
	return []string{
		"Accept", "Authorization", "Content-Type", "If-None-Match", "X-Request-Id", ExplainHeader,
		"Apollo-Require-Preflight", "Apollographql-Client-Name", "Apollographql-Client-Version", "X-Apollo-Operation-Name", "X-Apollo-Operation-Id",
		"Graphql-Client-Name", "Graphql-Client-Version", "X-Requested-With", "Traceparent", "Tracestate", "Baggage", "Sentry-Trace",
		"Mcp-Protocol-Version", "Mcp-Session-Id", "Mcp-Method", "Mcp-Name",
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// nothing says what there is instead: to a person on a page of the explorer, if there is one.
func (s *Server) nothing(w http.ResponseWriter, r *http.Request) {
	if s.explorer != nil && strings.Contains(r.Header.Get("Accept"), "text/html") {
		s.explorer.ServeHTTP(w, r)
		return
	}
	there := "there is nothing here: GraphQL is at /graphql"
	if s.explorer != nil {
		there += ", the explorer at /"
	}
	if s.o.Playground != nil {
		there += ", the playground at /playground"
	}
	writeError(w, http.StatusNotFound, kg.NotFound, there)
}

// home shows a person the explorer, leads to the playground where there is none, and tells a program where things are.
func (s *Server) home(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Accept")
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		if s.explorer != nil {
			s.explorer.ServeHTTP(w, r)
			return
		}
		if s.o.Playground != nil {
			http.Redirect(w, r, "/playground", http.StatusFound)
			return
		}
	}
	writeJSON(w, http.StatusOK, `{"graphql":"/graphql","playground":"/playground","live":"/livez","ready":"/readyz"}`)
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if s.stopping.Load() {
		writeError(w, http.StatusServiceUnavailable, kg.Unavailable, "the server is stopping")
		return
	}
	if err := s.o.Store.Ready(ctx); err != nil {
		writeError(w, http.StatusServiceUnavailable, kg.Unavailable, message(err, "the store cannot be reached"))
		return
	}
	writeJSON(w, http.StatusOK, `{"status":"ready"}`)
}

// Serve answers on l until ctx ends, then lets what is under way finish. It returns nil after a clean stop.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	s.local.Store(hostsOf(l.Addr(), s.o.AllowedHosts))
	base, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	h := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: s.o.HeaderTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
		ErrorLog:    slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return base },
		ConnContext: withConnection,
	}
	done := make(chan error, 1)
	go func() { done <- h.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	s.stopping.Store(true)
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.Grace)
	defer cancel()
	err := h.Shutdown(wait)
	if errors.Is(err, context.DeadlineExceeded) {
		cut() // what still runs is told, and gets a moment to say so
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if err = h.Shutdown(last); err != nil {
			err = h.Close()
		}
	}
	if served := <-done; err == nil && !errors.Is(served, http.ErrServerClosed) {
		err = served
	}
	return err
}
