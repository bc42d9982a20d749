package assist

import (
	"context"
	"net/url"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/throughline/throughline/internal/kg"
)

// resource is a sort of resource: throughline://NAME/ID.
type resource struct {
	name, title, help string
	read              func(c *call, id string) (*Answer, error)
}

var resources = []*resource{
	{
		"entity", "An entity", "What is known of an entity: the statements about it, with their words.",
		func(c *call, id string) (*Answer, error) { return c.entity("id:" + id) },
	},
	{"source", "A source", "What is quoted from a source.", (*call).source},
}

// mostStated is how many statements a resource has.
const mostStated = 50

// resource reads resources of one sort.
func (s *Service) resource(r *resource) mcp.ResourceHandler {
	return func(ctx context.Context, req *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
		uri := req.Params.URI
		id, err := url.PathUnescape(strings.TrimPrefix(uri, resourceScheme+r.name+"/"))
		if err != nil || kg.CheckID(id) != nil || r.name == "source" && !strings.HasPrefix(id, kg.SourcePrefix) {
			return nil, mcp.ResourceNotFoundError(uri)
		}
		c, end := s.begin(ctx)
		defer end()
		c.args = arguments{"first": mostStated}
		answer, err := r.read(c, id)
		switch code := kg.CodeOf(err); {
		case code == kg.NotFound:
			return nil, mcp.ResourceNotFoundError(uri)
		case err != nil:
			e := failed(err)
			said, _ := e.Content[0].(*mcp.TextContent)
			return nil, &jsonrpc.Error{Code: jsonrpc.CodeInternalError, Message: said.Text}
		}
		return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{{Text: answer.Text()}}}, nil
	}
}
