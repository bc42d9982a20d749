package assist

import (
	"context"
	"fmt"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/inside"
	"github.com/throughline/throughline/internal/kg"
)

// call is one call of a tool, or one reading of a resource.
type call struct {
	*Service
	ctx  context.Context //nolint:containedctx // a call lives as long as one request
	who  *auth.Identity
	args arguments
}

// begin begins a call under a context of the library.
func (s *Service) begin(ctx context.Context) (c *call, end func()) {
	ctx, cancel := context.WithCancel(ctx)
	c = &call{Service: s, ctx: ctx}
	stop := func() bool { return true }
	if from, ok := ctx.Value(carriedKey{}).(*carried); ok {
		c.who = from.who
		stop = context.AfterFunc(from.ctx, cancel)
	}
	return c, func() { stop(); cancel() }
}

// ask runs a query and reads its data. The first error of the answer is the error.
func (c *call) ask(query string, vars map[string]any, into any) error {
	return c.run(&graph.Request{Query: query, Variables: vars, ReadOnly: true}, into)
}

// run runs a request and reads its data.
func (c *call) run(r *graph.Request, into any) error {
	r.Who = c.who
	return inside.Run(c.ctx, c.o.Executor, r, into)
}

// references reads what entities are called: see inside.References.
func (c *call) references(lists ...[]string) ([][]any, error) {
	return inside.References(c.ask, lists...)
}

// reference reads what one entity is called.
func (c *call) reference(name string) (any, error) {
	refs, err := c.references([]string{name})
	if err != nil {
		return nil, err
	}
	return refs[0][0], nil
}

const likeQuery = `query Like($text: String!, $types: [EntityType!]) { search(text: $text, types: $types, first: 3) {
  nodes { id type name description } } }`

// missing returns the error for a name that names nothing, with the names that are like it.
func (c *call) missing(what, name string, types []string) error {
	err := kg.Errorf(kg.NotFound, "there is no %s %q; look for it with search", what, kg.Clip(name, 100))
	var got struct {
		Search struct{ Nodes []kg.Candidate }
	}
	if c.ask(likeQuery, map[string]any{"text": name, "types": anys(types)}, &got) == nil && len(got.Search.Nodes) > 0 {
		err.Message = fmt.Sprintf("there is no %s %q; like it are", what, kg.Clip(name, 100))
		err.Details = map[string]any{"suggestions": got.Search.Nodes}
	}
	return err
}

// where returns the filter of links that a call asks for.
func (c *call) where() map[string]any {
	where := map[string]any{}
	if kinds := c.args.texts("kinds"); len(kinds) > 0 {
		where["kinds"] = anys(kinds)
	}
	if at := c.args.text("asOf"); at != "" {
		where["asOf"] = at
	}
	if s := c.args.texts("standings"); len(s) > 0 {
		where["standings"] = anys(s)
	}
	return where
}

// kindsParam is the parameter of kinds of links, which several tools have.
func kindsParam(cat *catalog.Catalog) param {
	var names []string
	for _, k := range cat.Kinds {
		names = append(names, k.Name)
	}
	return param{name: "kinds", kind: list, most: len(names), of: names, help: "Only links of these kinds."}
}

func entityNames(name string, least, most int, help string) param {
	return param{name: name, kind: list, required: least > 0, least: least, most: most, help: help + " Names or ids."}
}

var (
	asOfParam = param{name: "asOf", kind: words, most: 10, help: "Only links that may have held then: 2021, 2021-02 " +
		"or 2021-02-25."}
	standings = param{
		name: "standings", kind: list, most: 3, of: []string{"SUPPORTED", "DISPUTED", "REFUTED"},
		help: "Only links of these standings. Without it, refuted ones are left out.",
	}
	afterParam = param{name: "after", kind: words, most: 5000, help: "Continue a list: what the answer before says."}
)

func firstParam(most, instead int) param {
	return param{name: "first", kind: number, least: 1, most: most, help: fmt.Sprintf("How many. Default %d.", instead)}
}

// anys returns a list of texts as variables have it, null for none.
func anys(list []string) any {
	if len(list) == 0 {
		return nil
	}
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}
