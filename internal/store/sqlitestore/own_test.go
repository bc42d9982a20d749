package sqlitestore_test

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/store/storetest"
)

// TestWhatAnotherProcessWritesMustBeDeclared: a server that lacks the schema of an import beside it says so, to whoever
// asks and to who asks whether it is ready, until what it does not know is gone.
func TestWhatAnotherProcessWritesMustBeDeclared(t *testing.T) {
	path := t.TempDir() + "/g.db"
	open := func(cat *catalog.Catalog) *sqlitestore.Store {
		t.Helper()
		s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Path: path, Catalog: cat})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	own, err := catalog.Parse("schema.graphqls", throughline.Schema, &ast.Source{
		Name:  "own.graphqls",
		Input: "extend type Person { gender: String }",
	})
	if err != nil {
		t.Fatal(err)
	}
	cat := parse(t)
	server := open(cat)
	ask := func() error {
		sqlitestore.LookNow(server)
		_, err := server.Fetch(t.Context(), &plan.Query{Start: plan.Statistics})
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	writer := open(own)
	ada := &kg.Node{ID: "ada", Type: "PERSON", Name: "Ada", Props: map[string]any{"gender": "female"}}
	if err := storetest.Fill(t.Context(), writer, &store.Batch{Nodes: []*kg.Node{ada}}); err != nil {
		t.Fatal(err)
	}
	const says = "holds values of Person.gender, which the schema does not declare: start anew, and name the file that declares it with --schema FILE"
	for what, err := range map[string]error{"an answer": ask(), "readiness": server.Ready(t.Context())} {
		if kg.CodeOf(err) != kg.Unavailable || !strings.Contains(err.Error(), says) {
			t.Errorf("%s says %v", what, err)
		}
	}
	ada.Props = nil
	if err := storetest.Fill(t.Context(), writer, &store.Batch{Nodes: []*kg.Node{ada}}); err != nil {
		t.Fatal(err)
	}
	if err := ask(); err != nil {
		t.Error(err)
	}
	if err := server.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}
