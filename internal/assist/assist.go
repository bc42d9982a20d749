// Package assist answers assistants over the Model Context Protocol: tools and resources that are made of GraphQL
// operations, each statement of an answer numbered, with the words that say so, their source, its date and its address.
// What an operation may cost, and who may ask it, is settled where every operation is: in package graph.
package assist

import (
	"context"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/inside"
)

// Options are what a Service is made of.
type Options struct {
	Catalog  *catalog.Catalog
	Executor inside.Executor
	// Version is the program's.
	Version string
	// Writable has those who may write try the links that they propose; with Writes they may also have them written.
	Writable, Writes bool
}

// Service has the tools and resources that assistants are given.
type Service struct {
	o               Options
	tools           []*tool
	reading, trying *mcp.Server // for who may only read, and for who may write
}

// New makes a Service.
func New(o Options) *Service {
	s := &Service{o: o}
	s.tools = []*tool{
		searchTool(o.Catalog), entityTool(o.Catalog), pathsTool(o.Catalog), subgraphTool(o.Catalog), timelineTool(o.Catalog),
		evidenceTool(), queryTool(), citationsTool(),
	}
	s.reading = s.server()
	s.tools = append(s.tools, proposeTool(o.Catalog, o.Writes))
	s.trying = s.server()
	return s
}

// instructions tell an assistant how to use what it is given.
const instructions = "A graph of people, institutions, events, quotes and themes. Every statement in an answer is " +
	"numbered and carries the words that say so, with their source, its date and its address.\n" +
	"- Say only what a numbered statement says, and cite it by its source. Names, descriptions and properties are " +
	"labels of the graph: they have no source of their own.\n" +
	"- Quote words exactly as they stand. [unverified] marks words that are not in the stored text of their source, " +
	"[no text held] words that could not be compared.\n" +
	"- A statement that is disputed has words for it and against it: give both.\n" +
	"- Begin with search, or with entity where the name is known. Where a name fits several, the error lists them: " +
	"name one by its id.\n" +
	"- Before an answer is given, pass it to check_citations."

// server makes a server of the tools there are so far.
func (s *Service) server() *mcp.Server {
	is := &mcp.Implementation{Name: "throughline", Title: "Throughline", Version: s.o.Version}
	server := mcp.NewServer(is, &mcp.ServerOptions{
		Instructions: instructions,
		// what one client may know is not for another
		SetCacheable: func(_ context.Context, _ mcp.Request, c *mcp.Cacheable) { c.CacheScope = "private" },
		// the lists never change
		Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}, Resources: &mcp.ResourceCapabilities{}},
	})
	for _, t := range s.tools {
		server.AddTool(t.declared(), s.handler(t))
	}
	for _, r := range resources {
		server.AddResourceTemplate(&mcp.ResourceTemplate{
			Name: r.name, Title: r.title, Description: r.help, MIMEType: "text/plain",
			URITemplate: resourceScheme + r.name + "/{+id}",
		}, s.resource(r))
	}
	return server
}

// of returns the server for whoever asks.
func (s *Service) of(who *auth.Identity) *mcp.Server {
	if s.o.Writable && (who == nil || who.Role >= auth.Editor) {
		return s.trying
	}
	return s.reading
}

// carried is what a request over HTTP brings to its tools: the context of the request, and who asks.
type carried struct {
	ctx context.Context //nolint:containedctx // the library's context does not end when the client leaves
	who *auth.Identity
}

type carriedKey struct{}

// Handler answers POST with a message of the protocol by JSON ("streamable HTTP", without sessions). The context of a
// request says who asks: see auth.With.
func (s *Service) Handler() http.Handler {
	inner := mcp.NewStreamableHTTPHandler(
		func(r *http.Request) *mcp.Server { return s.of(auth.From(r.Context())) },
		// the server has looked at hosts and origins, and at the length of the body
		&mcp.StreamableHTTPOptions{
			Stateless: true, JSONResponse: true, DisableLocalhostProtection: true, MaxRequestBodyBytes: -1,
		},
	)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := context.WithValue(r.Context(), carriedKey{}, &carried{r.Context(), auth.From(r.Context())})
		inner.ServeHTTP(w, r.WithContext(ctx))
	})
}
