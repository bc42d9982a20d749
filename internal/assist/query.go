package assist

import (
	"encoding/json"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/inside"
	"github.com/throughline/throughline/internal/kg"
)

// Bounds of the tool query.
const (
	maxQuery  = 20_000  // characters of a document
	maxResult = 100_000 // bytes of an answer
)

func queryTool() *tool {
	return &tool{
		name: "query", title: "Ask in GraphQL",
		help: "Run a GraphQL query, read only, for what the other tools do not tell. Ask for { __schema { queryType { " +
			"fields { name description } } } } to see what there is. " +
			"Ask of links for evidence { nodes { excerpt source { title url publishedOn } } }, so that what is said can be " +
			"cited.",
		params: []param{
			{name: "query", kind: words, required: true, most: maxQuery, help: "The document."},
			{name: "variables", kind: object, help: "Its variables."},
			{name: "operationName", kind: words, most: maxName, help: "The operation to run, when there are several."},
		},
		run: (*call).query,
	}
}

func (c *call) query() (*Answer, error) {
	variables, _ := c.args["variables"].(map[string]any)
	raw := inside.Do(c.ctx, c.o.Executor, &graph.Request{
		Query: c.args.text("query"), OperationName: c.args.text("operationName"), Variables: variables, ReadOnly: true, Who: c.who,
	})
	var head inside.Answer
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, err
	}
	if err := head.Err(); err != nil && (len(head.Data) == 0 || string(head.Data) == "null") {
		if kg.CodeOf(err) == kg.MethodNotAllowed {
			return nil, kg.Errorf(kg.MethodNotAllowed,
				"this tool only reads; where links may be proposed there is a tool propose_link")
		}
		return nil, err
	}
	if len(raw) > maxResult {
		return nil, kg.Errorf(kg.CostLimit, "the answer has %d bytes, and at most %d are given: ask for fewer fields, "+
			"or a smaller first", len(raw), maxResult)
	}
	return &Answer{Statements: []*Statement{}, Result: json.RawMessage(raw), text: string(raw)}, nil
}
