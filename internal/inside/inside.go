// Package inside asks the graph in GraphQL from within the program, for doors that speak another language: what they
// ask has the limits, costs and roles of any operation.
package inside

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/operation"
)

// Executor answers requests: a *graph.Engine.
type Executor interface {
	Do(ctx context.Context, r *graph.Request) *graph.Response
}

// Do returns the answer to a request, as one JSON object.
func Do(ctx context.Context, e Executor, r *graph.Request) []byte {
	resp := e.Do(ctx, r)
	defer resp.Release()
	return resp.AppendJSON(nil)
}

// Run runs a request and reads its data. The first error of the answer is the error.
func Run(ctx context.Context, e Executor, r *graph.Request, into any) error {
	var got Answer
	if err := json.Unmarshal(Do(ctx, e, r), &got); err != nil {
		return err
	}
	if err := got.Err(); err != nil {
		return err
	}
	return json.Unmarshal(got.Data, into)
}

// Answer is the answer to a request.
type Answer struct {
	Data   json.RawMessage
	Errors []struct {
		Message    string
		Extensions map[string]any
	}
}

// Err returns the first error of an answer, a *kg.Error; nil for none.
func (a *Answer) Err() error {
	if len(a.Errors) == 0 {
		return nil
	}
	e := a.Errors[0]
	code, _ := e.Extensions["code"].(string)
	delete(e.Extensions, "code")
	err := kg.Errorf(kg.Code(code), "%s", strings.TrimPrefix(e.Message, operation.VariablePrefix))
	err.Details = e.Extensions
	return err
}
