package catalogue_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// TestWhatNamesNothing asks every root field that takes a reference for what is not there: a look-up is null without
// an error, a question is null with one that says which argument it is, and the field beside it is answered.
func TestWhatNamesNothing(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		a := newAsker(t, cat, open(t))
		for _, f := range cat.Schema.Query.Fields {
			var args []string
			for _, x := range f.Arguments {
				if of := x.Type.Name(); x.Type.NonNull && (of == "EntityRef" || of == "SourceRef") {
					args = append(args, x.Name+`: {id: "nobody"}`)
				}
			}
			if len(args) == 0 {
				continue
			}
			if f.Arguments.ForName("through") != nil {
				args = append(args, "through: EVENT")
			}
			r := a.e.Do(t.Context(), &graph.Request{
				Query: "{ it: " + f.Name + "(" + strings.Join(args, ", ") + ") { __typename } stats { sources } }",
			})
			var data map[string]any
			if err := json.Unmarshal(r.Data, &data); err != nil || data["it"] != nil || data["stats"] == nil {
				t.Errorf("%s: %s %v", f.Name, r.Data, r.Errors)
			}
			if lookup := slices.ContainsFunc(f.Arguments, func(x *ast.ArgumentDefinition) bool {
				return x.Name == "ref"
			}); lookup != (len(r.Errors) == 0) {
				t.Errorf("%s: %v", f.Name, r.Errors)
			} else if !lookup {
				way, _ := r.Errors[0].Extensions["argument"].([]any)
				if r.Code() != "NOT_FOUND" || len(way) != 2 || way[0] != f.Name {
					t.Errorf("%s: %v %v", f.Name, r.Code(), way)
				}
			}
			r.Release()
		}
	})
}
