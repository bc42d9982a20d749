package graph_test

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
)

// TestWhatFailsNullsItsFieldAlone: a name that fits several, wherever below a root field it stands, leaves the other root
// fields as they are.
func TestWhatFailsNullsItsFieldAlone(t *testing.T) {
	cat, s := small(t)
	if err := storetest.Fill(t.Context(), s, &store.Batch{Nodes: []*kg.Node{
		{ID: "twin-1", Type: "PERSON", Name: "Twin"}, {ID: "twin-2", Type: "PERSON", Name: "Twin"},
	}}); err != nil {
		t.Fatal(err)
	}
	e := engine(t, cat, s)
	const twin = `where: {other: {linkedTo: {entity: {name: "twin"}}}}`
	const below = `nodes { ... on Entity { links(` + twin + `) { totalCount } } }`
	for _, field := range []string{
		`institutions(where: {linkedTo: {entity: {name: "twin"}}}) { totalCount }`, `people { ` + below + ` }`,
		`links(` + twin + `) { totalCount }`, `search(text: "kaldor") { ` + below + ` }`,
		`centrality(by: DEGREE, ` + twin + `) { totalCount }`, `communities(` + twin + `) { totalCount }`,
		`nodes(ids: ["lse"]) { ... on Entity { links(` + twin + `) { totalCount } } }`,
		`node(id: "lse") { ... on Entity { links(` + twin + `) { totalCount } } }`,
		`paths(from: {name: "twin"}, to: {id: "lse"}) { totalCount }`,
	} {
		got := ask(t, e, `{ failed: `+field+` stays: person(ref: {id: "mary-kaldor"}) { id } }`, nil)
		if !strings.Contains(got, `"data":{"failed":null,"stays":{"id":"mary-kaldor"}}`) || !strings.Contains(got, "AMBIGUOUS_REF") ||
			!strings.Contains(got, `"path":["failed"]`) || !strings.Contains(got, `"argument":[`) {
			t.Errorf("%s: %s", field, got)
		}
	}
	for _, f := range cat.Schema.Query.Fields {
		never := f.Name == "stats" || f.Name == "serverInfo" || f.Name == "viewer"
		if f.Type.NonNull != never && !strings.HasPrefix(f.Name, "__") &&
			cat.Schema.Types[f.Type.Name()].Kind != ast.Scalar {
			t.Errorf("Query.%s is %s", f.Name, f.Type)
		}
	}
}
