package neo4jstore_test

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
)

// TestADatabaseInWhichAnotherServerWritesMustBeDeclared: a server that lacks the schema of another beside it says so.
// That a database is not opened without its types is what every store must do: see storetest.
func TestADatabaseInWhichAnotherServerWritesMustBeDeclared(t *testing.T) {
	srv, _ := database(t)
	own, err := catalog.Parse("schema.graphqls", throughline.Schema, &ast.Source{
		Name:  "own.graphqls",
		Input: "extend type Person { gender: String }\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	lacking, s := open(t, srv, parse(t)), open(t, srv, own)
	b := &store.Batch{Nodes: []*kg.Node{{ID: "a", Type: "PERSON", Name: "A", Props: map[string]any{"gender": "x"}}}}
	if err := storetest.Fill(t.Context(), s, b); err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	if err := lacking.Ready(t.Context()); kg.CodeOf(err) != kg.Unavailable ||
		!strings.Contains(err.Error(), "which the schema does not declare: name the file") {
		t.Errorf("a server beside it says %v", err)
	}
}
