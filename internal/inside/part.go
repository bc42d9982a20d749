package inside

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/budget"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// Graph answers what a part of a graph is chosen by: a *graph.Engine.
type Graph interface {
	Executor
	Fitting(ctx context.Context, types []string, where string, f func(id string)) error
}

// Parts finds parts of a graph for exports, see exchange.Finder: what GraphQL answers, within its limits.
type Parts struct {
	Graph
	// Memory bounds the bytes of all operations under way, and Most those of one; nil for no bound.
	Memory *budget.Pool
	Most   int64
	// Flags says that the part is chosen by flags of a command, which errors then name.
	Flags bool
}

// named is an error about an argument of a question as one about the parameter, or the flag, that it was made of.
func (p Parts) named(err error, argument, parameter string) error {
	var own *kg.Error
	if !errors.As(err, &own) {
		return err
	}
	rest, found := strings.CutPrefix(own.Message, argument)
	if !found || !strings.HasPrefix(rest, ":") && !strings.HasPrefix(rest, "[") {
		return err
	}
	if p.Flags {
		parameter = "--" + parameter
	}
	out := *own
	out.Message = parameter + rest
	if out.Details["argument"] != nil {
		entry, _, _ := strings.Cut(rest, ":")
		out.Details = maps.Clone(out.Details)
		out.Details["argument"] = kg.Way(parameter + entry)
	}
	return &out
}

func (p Parts) ask(ctx context.Context) Asking {
	return func(query string, vars map[string]any, into any) error {
		within := ctx
		if p.Memory != nil {
			memory := p.Memory.Begin(p.Most)
			defer memory.End()
			within = budget.With(ctx, memory)
		}
		return withSuggestions(Run(within, p.Graph, &graph.Request{Query: query, Variables: vars, ReadOnly: true}, into))
	}
}

// withSuggestions is an error of GraphQL that says in its message what it says beside it: which entities were perhaps
// meant.
func withSuggestions(err error) error {
	var own *kg.Error
	if !errors.As(err, &own) || own.Details == nil {
		return err
	}
	var beside struct {
		Suggestions, Candidates []struct{ ID, Type, Name string }
	}
	if text, failed := json.Marshal(own.Details); failed != nil || json.Unmarshal(text, &beside) != nil {
		return err
	}
	var like []string
	for _, x := range slices.Concat(beside.Suggestions, beside.Candidates) {
		like = append(like, fmt.Sprintf("id:%s (%s, %s)", x.ID, kg.Clip(x.Name, 60), strings.ToLower(x.Type)))
	}
	if like == nil {
		return err
	}
	out := *own
	if out.Message += "; like it: "; len(beside.Candidates) > 0 {
		out.Message = own.Message + ": "
	}
	out.Message += strings.Join(like, ", ")
	return &out
}

// Fitting calls node with the ids of the entities that fit a filter: see graph.Engine.Fitting.
func (p Parts) Fitting(ctx context.Context, types []string, where string, node func(id string)) error {
	return withSuggestions(p.Graph.Fitting(ctx, types, where, node))
}

const linesQuery = `query Lines($from: EntityRef!, $to: EntityRef!) { paths(from: $from, to: $to) {
  nodes { nodes { id } steps { link { id } alternatives { id } } } report { outcome } } }`

// Lines calls node and link with the ids of what is on the lines between two entities, as `paths` answers them unless
// more is asked for.
func (p Parts) Lines(ctx context.Context, from, to string, node, link func(id string)) error {
	ask := p.ask(ctx)
	refs, err := References(ask, []string{from, to})
	if err != nil {
		return err
	}
	type record struct{ ID string }
	var got struct {
		Paths struct {
			Nodes []struct {
				Nodes []record
				Steps []struct {
					Link         record
					Alternatives []record
				}
			}
			Report struct{ Outcome string }
		}
	}
	if err := ask(linesQuery, map[string]any{"from": refs[0][0], "to": refs[0][1]}, &got); err != nil {
		return p.named(p.named(err, "paths.from", "from"), "paths.to", "to")
	}
	if len(got.Paths.Nodes) == 0 {
		return noLine(got.Paths.Report.Outcome)
	}
	for _, line := range got.Paths.Nodes {
		for _, n := range line.Nodes {
			node(n.ID)
		}
		for _, s := range line.Steps {
			link(s.Link.ID)
			for _, l := range s.Alternatives {
				link(l.ID)
			}
		}
	}
	return nil
}

// noLine is the error where no line was found.
func noLine(outcome string) error {
	switch outcome {
	case "NODE_LIMIT":
		return kg.Errorf(kg.CostLimit, "no line was found among the entities nearest to the two; choose by ids or by a filter")
	case "TIMEOUT":
		return kg.Errorf(kg.Timeout, "no line was found in the time there is; choose by ids or by a filter")
	}
	return kg.Errorf(kg.NotFound, "there is no line between the two that an export follows: choose by ids, by a filter, or by what is around them")
}

const aroundQuery = `query Around($seeds: [EntityRef!]!, $depth: Int!, $most: Int!) {
  subgraph(seeds: $seeds, depth: $depth, maxNodes: $most) { nodes { id } links { id } truncated } }`

// Around calls node and link with the ids of what `subgraph` finds. One that would be cut off is an error.
func (p Parts) Around(ctx context.Context, names []string, depth int, node, link func(id string)) error {
	ask := p.ask(ctx)
	refs, err := References(ask, names)
	if err != nil {
		return err
	}
	type record struct{ ID string }
	var got struct {
		Subgraph struct {
			Nodes, Links []record
			Truncated    bool
		}
	}
	vars := map[string]any{"seeds": refs[0], "depth": depth, "most": plan.MaxSubgraph}
	if err := ask(aroundQuery, vars, &got); err != nil {
		return p.named(p.named(err, "subgraph.seeds", "around"), "subgraph.depth", "depth")
	}
	if got.Subgraph.Truncated {
		return kg.Errorf(kg.CostLimit, "around them are more than %d entities, or %d links: ask for less depth, or choose by a "+
			`filter, such as {"linkedTo": {"entity": {"name": "NATO"}}}`, plan.MaxSubgraph, plan.MaxSubgraph*plan.LinksPerNode)
	}
	for _, n := range got.Subgraph.Nodes {
		node(n.ID)
	}
	for _, l := range got.Subgraph.Links {
		link(l.ID)
	}
	return nil
}

// Asking runs a query and reads its data.
type Asking func(query string, vars map[string]any, into any) error

const thereQuery = `query There($ids: [ID!]!) { nodes(ids: $ids) { id } }`

// There returns those of some names that are ids of records in the graph, former ids included.
func There(ask Asking, names []string) (map[string]bool, error) {
	var ids []any
	for _, name := range names {
		if kg.CheckID(name) == nil {
			ids = append(ids, name)
		}
	}
	are := map[string]bool{}
	for some := range slices.Chunk(ids, plan.MaxIDs) {
		var got struct{ Nodes []*struct{ ID string } }
		if err := ask(thereQuery, map[string]any{"ids": some}, &got); err != nil {
			return nil, err
		}
		for i, n := range got.Nodes {
			if name, ok := some[i].(string); ok && n != nil {
				are[name] = true
			}
		}
	}
	return are, nil
}

// References reads what entities are called: an id, with "id:" before it or without, or else a name or alias.
func References(ask Asking, lists ...[]string) ([][]any, error) {
	ids, err := There(ask, slices.DeleteFunc(slices.Concat(lists...), func(s string) bool { return strings.HasPrefix(s, "id:") }))
	if err != nil {
		return nil, err
	}
	out := make([][]any, len(lists))
	for i, list := range lists {
		out[i] = make([]any, len(list))
		for j, s := range list {
			if id, ok := strings.CutPrefix(s, "id:"); ok || ids[s] {
				out[i][j] = map[string]any{"id": id}
			} else {
				out[i][j] = map[string]any{"name": s}
			}
		}
	}
	return out, nil
}
