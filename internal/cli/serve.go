package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/assist"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/config"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/history"
	"github.com/throughline/throughline/internal/inside"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/reconcile"
	"github.com/throughline/throughline/internal/sample"
	"github.com/throughline/throughline/internal/server"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/web"
)

type serveCmd struct {
	config.Store
	config.Serve

	manifests []manifest
}

// Run serves until the process is told to stop.
func (c *serveCmd) Run(w *world) error {
	defer boundGarbage(serveGarbage)()
	limit, unbound := boundMemory(c.MaxMemory)
	defer unbound()
	log := c.Serve.Logger(w.stderr)
	cat, err := loadCatalog(&c.Contract)
	if err != nil {
		return err
	}
	l, err := listen(w.ctx, "--addr", c.Addr)
	if err != nil {
		return err
	}
	defer l.Close() //nolint:errcheck // Serve has closed it, or nothing was served
	who, err := c.access(w, l.Addr(), log)
	if err != nil {
		return err
	}
	var ml net.Listener
	if c.MetricsAddr != "" {
		if ml, err = listen(w.ctx, "--metrics-addr", c.MetricsAddr); err != nil {
			return err
		}
		defer ml.Close() //nolint:errcheck // see above
	}
	if c.manifests, err = readManifests(c.Documents); err != nil { // before there is a store
		return err
	}
	s, err := w.open(&c.Store, &c.Serve, cat, log, false)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // there is nobody left to tell
	// what goes on beside the server ends with it
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	background := make(chan struct{})
	defer func() { cancel(); <-background }()
	prepare := func() error { return c.prepare(ctx, w, cat, s) }
	if s.kind == config.Neo4j {
		go func() {
			defer close(background)
			if err := prepare(); err != nil && ctx.Err() == nil {
				log.Error("the sample was not loaded", "error", err)
			}
		}()
	} else {
		close(background)
		if err := prepare(); err != nil {
			return err
		}
	}
	if c.KeepHistory > 0 {
		hourly := time.NewTicker(time.Hour)
		defer hourly.Stop()
		retained := make(chan struct{})
		defer func() { cancel(); <-retained }()
		go func() {
			defer close(retained)
			if <-background; s.await(ctx) == nil {
				history.Retain(ctx, s, c.KeepHistory, time.Now, hourly.C, func(k store.Kept, err error) { compacted(ctx, log, k, err) })
			}
		}()
	}
	if who.tokens != nil {
		go who.again(ctx, log)
	}
	if who.issuer != nil {
		go who.issuer.Prepare(ctx)
		defer who.issuer.Close()
	}
	h, stop, err := c.handler(ctx, cat, s, &readiness{s, background}, log, c.Explains(l.Addr()), limit, who)
	if err != nil {
		return err
	}
	defer stop()
	if ml != nil {
		m := &http.Server{
			Handler:           server.LocalHosts(ml.Addr(), c.AllowedHost, h.metrics.Handler()),
			ReadHeaderTimeout: 5 * time.Second,
		}
		go func() { _ = m.Serve(ml) }() // Close ends it
		defer m.Close()                 //nolint:errcheck // nobody needs its answers now
		fmt.Fprintf(w.stdout, "Metrics     http://%s/metrics\n", ml.Addr())
	}
	c.announce(w, s, l.Addr())
	return h.server.Serve(ctx, l)
}

// prepare loads the sample into a new store and builds what makes the first answer quick.
func (c *serveCmd) prepare(ctx context.Context, w *world, cat *catalog.Catalog, s *opened) error {
	if err := s.await(ctx); err != nil {
		return err
	}
	if c.Sample {
		empty, err := s.Empty(ctx)
		if err != nil {
			return err
		}
		if empty {
			n, err := sample.Load(ctx, cat, s)
			if err != nil {
				return err
			}
			fmt.Fprintf(w.stdout,
				"The store is new: loaded the sample graph (%d nodes, %d links). Leave it out with --no-sample.\n", n.Nodes, n.Links)
		}
	}
	if x, ok := s.Store.(*sqlitestore.Store); ok {
		return x.Warm(ctx)
	}
	return nil
}

// compacted logs what became of a compaction of the log of changes.
func compacted(ctx context.Context, log *slog.Logger, k store.Kept, err error) {
	switch {
	case err != nil:
		log.ErrorContext(ctx, "the history could not be compacted", "error", err)
	case k.First > 1:
		log.InfoContext(ctx, "the history begins later", "change", k.First, "since", k.Since.String())
	}
}

// readiness is that of a store which is prepared first.
type readiness struct {
	server.Readiness
	prepared <-chan struct{}
}

// Ready is nil once the store can answer and holds what it begins with.
func (r *readiness) Ready(ctx context.Context) error {
	if err := r.Readiness.Ready(ctx); err != nil {
		return err
	}
	select {
	case <-r.prepared:
		return nil
	default:
		return kg.Errorf(kg.Unavailable, "the store is being prepared; try again in a moment")
	}
}

// wired is a server with its parts.
type wired struct {
	server  *server.Server
	metrics *server.Metrics
}

// handler wires engine, metrics, traces and pages; stop sends what is left of the traces.
func (c *serveCmd) handler(ctx context.Context, cat *catalog.Catalog, s *opened, ready server.Readiness,
	log *slog.Logger, explain bool, limit int64, who *access,
) (*wired, func(), error) {
	stop := func() {}
	m := server.NewMetrics(Version())
	memory := pool(limit)
	proxies, err := c.Proxies()
	if err != nil {
		return nil, stop, err
	}
	var writer graph.Writer
	if c.Writable {
		writer = s
	}
	engine, err := graph.New(graph.Options{
		Catalog: cat, Store: s, Writer: writer, StoreKind: s.Kind(), Version: Version(), Limits: c.Limits.Plan(), MaxBodyBytes: int(c.MaxBody),
		Introspection: c.Introspection, ServeTexts: c.ServeTexts, Memory: memory, Logger: log, Observe: c.observer(m),
	})
	if err != nil {
		return nil, stop, err
	}
	documents, err := loadDocuments(ctx, c.manifests, engine)
	if err != nil {
		return nil, stop, err
	}
	o := server.Options{
		Documents: documents, DocumentsOnly: c.DocumentsOnly,
		Executor: engine, Store: ready, Logger: log, Metrics: m, State: s.State, Explain: explain,
		CORSOrigins: c.CORSOrigin, CORSHeaders: c.CORSHeader, CacheControl: c.CacheControl,
		MaxBody: c.MaxBody, MaxConcurrent: c.MaxConcurrent, NoArrivalQueue: !c.ArrivalQueue, Grace: c.Grace,
		Client: server.ByAddress(proxies), Secure: server.OverTLS(proxies), Memory: memory, OperationMemory: min(c.MaxOperationMemory,
			memory.Most()/2), AllowedHosts: c.AllowedHost,
	}
	o.Verifier, o.Anonymous, o.Issuer, o.PublicURL = who.verifier(), who.Anonymous, who.issuer, c.PublicURL
	if limit > 0 {
		o.Outbox = min(limit/16, server.DefaultOutbox)
	}
	if c.Export && !c.DocumentsOnly {
		o.Export = exchange.Served(cat, s, inside.Parts{Graph: engine, Memory: memory, Most: o.OperationMemory}, c.ServeTexts)
	}
	if c.Writable && !c.DocumentsOnly {
		o.Import, o.MaxImport = exchange.Received(cat, s), c.MaxImport
	}
	pages := web.Options{
		Explain: explain, NoPlayground: !c.Playground, NoIntrospection: !c.Introspection, DocumentsOnly: c.DocumentsOnly, Sample: holdsSample(s),
	}
	if c.Playground {
		o.Playground = web.Playground(pages)
	}
	if c.explores() {
		o.Explorer = func(graphql http.Handler) http.Handler { return web.Explorer(pages, graphql) }
	}
	o.Assets = web.Assets()
	if c.OTLPEndpoint != "" {
		tp, err := server.NewTracing(ctx, c.OTLPEndpoint, Version())
		if err != nil {
			return nil, stop, &config.UsageError{
				Problem: "--otlp-endpoint cannot be used",
				Hint:    "write it as http://localhost:4318",
			}
		}
		stop = func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 500*time.Millisecond)
			defer cancel()
			_ = tp.Shutdown(ctx) // an endpoint that is away must not keep the server from stopping
		}
		o.Tracing, o.Executor = tp, server.Traced(engine, tp)
	}
	if c.Reconcile && !c.DocumentsOnly {
		o.Reconcile = reconcile.Handler(reconcile.Options{
			Catalog: cat, Executor: o.Executor, Version: Version(), Explorer: c.explores(), JSONP: slices.Contains(c.CORSOrigin, "*"),
		})
	}
	if c.MCP && !c.DocumentsOnly {
		o.Assistants = assist.New(assist.Options{
			Catalog: cat, Executor: o.Executor, Version: Version(), Writable: c.Writable, Writes: c.MCPWrites,
		}).Handler()
	}
	srv, err := server.New(o)
	return &wired{srv, m}, stop, err
}

// explores reports whether the explorer is served: it asks what no list of documents holds.
func (c *serveCmd) explores() bool { return c.Explorer && !c.DocumentsOnly }

// holdsSample returns a test for whom the tour begins with: a store that holds another graph has other people.
func holdsSample(s store.Store) func(context.Context) bool {
	return func(ctx context.Context) bool {
		found, err := s.Types(ctx, []string{"mary-kaldor"})
		return err == nil && len(found) > 0
	}
}

// observer counts operations only where somebody reads the counts.
func (c *serveCmd) observer(m *server.Metrics) func(graph.Observation) {
	if c.MetricsAddr == "" {
		return nil
	}
	return m.Observe
}

func (c *serveCmd) announce(w *world, s *opened, addr net.Addr) {
	base := "http://" + addr.String()
	if t, ok := addr.(*net.TCPAddr); ok && t.IP.IsUnspecified() {
		base = fmt.Sprintf("http://localhost:%d", t.Port)
	}
	fmt.Fprintf(w.stdout, "Throughline %s, store %s\n", Version(), s.where)
	if c.Playground {
		fmt.Fprintf(w.stdout, "Playground  %s/playground\n", base)
	}
	fmt.Fprintf(w.stdout, "GraphQL     %s/graphql\nStart here  %s/\n", base, base)
}

// listen takes the address a flag names, or says why it cannot.
func listen(ctx context.Context, flag, addr string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is in use by another program: stop it, or choose another address with %s, such as 127.0.0.1:0",
			addr, flag)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("this user may not answer on %s: choose a port above 1023 with %s", addr, flag)
	}
	return nil, &config.UsageError{
		Problem: fmt.Sprintf("cannot answer on %q", strings.TrimSpace(addr)),
		Hint:    "write " + flag + " as 127.0.0.1:8080",
	}
}
