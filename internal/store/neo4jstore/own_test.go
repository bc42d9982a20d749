package neo4jstore_test

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/neo4jstore"
	"github.com/throughline/throughline/internal/store/storetest"
)

// TestADatabaseIsNotOpenedWithoutItsTypes: what it holds of a schema of own types must be declared, as it was, until it is gone.
func TestADatabaseIsNotOpenedWithoutItsTypes(t *testing.T) {
	srv, db := database(t)
	own := func(sdl string) *catalog.Catalog {
		t.Helper()
		cat, err := catalog.Parse("schema.graphqls", throughline.Schema, &ast.Source{Name: "own.graphqls", Input: sdl})
		if err != nil {
			t.Fatal(err)
		}
		return cat
	}
	const party, married = "type Party implements Entity & Node @node { x: Int of: Colour }\nenum Colour { RED BLUE }\n", `extend enum LinkKind { MARRIED_TO @joins(from: [PERSON], to: [PERSON], phrase: "a", inverse: "b") }` + "\n"
	const gender = "extend type Person { gender: String }\n"
	lacking := open(t, srv, parse(t))
	s := open(t, srv, own(party+married+gender))
	denied := &kg.Link{ID: kg.LinkID("MARRIED_TO", "a", "b", "", "", ""), Kind: "MARRIED_TO", From: "a", To: "b", Evidence: []kg.Evidence{{Source: "s_a", Excerpt: "x", Stance: "REFUTES"}}}
	if err := storetest.Fill(t.Context(), s, &store.Batch{
		Sources: []*kg.Source{{ID: "s_a", Kind: "BOOK", Title: "A"}},
		Nodes:   []*kg.Node{{ID: "a", Type: "PERSON", Name: "A", Props: map[string]any{"gender": "x"}}, {ID: "b", Type: "PERSON", Name: "B"}, {ID: "p", Type: "PARTY", Name: "P", Props: map[string]any{"of": "RED"}}},
		Links:   []*kg.Link{denied},
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	if err := lacking.Ready(t.Context()); kg.CodeOf(err) != kg.Unavailable || !strings.Contains(err.Error(), "which the schema does not declare: name the file") {
		t.Errorf("a server beside it says %v", err)
	}
	for _, s := range []*neo4jstore.Store{s, lacking} {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ sdl, says, mend string }{
		{party + strings.Replace(married, "to: [PERSON]", "to: [PERSON PARTY]", 1) + gender, "", ""},
		{party + strings.Replace(married, "from: [PERSON]", "from: [PARTY]", 1) + gender, "holds links of kind MARRIED_TO between types that its @joins does not name: add these types", ""},
		{party + gender, "holds links of kind MARRIED_TO, which the schema does not declare: name the file that declares it with --schema FILE", "MATCH ()-[r:REFUTED]->() DELETE r"},
		{strings.Replace(party, "RED", "GREEN", 1) + gender, "holds RED in Party.of, which the schema does not have there", "MATCH (n:Party) REMOVE n.of"},
		{gender, "holds entities of type Party, which the schema does not declare", "MATCH (n:Party) DETACH DELETE n"},
		{"extend type Person { gender: Int }\n", "holds values of Person.gender that are not of the type which the schema declares", ""},
		{married, "holds values of Person.gender, which the schema does not declare", "MATCH (n:Person) REMOVE n.gender"},
	} {
		if c.says == "" {
			if err := open(t, srv, own(c.sdl)).Close(); err != nil {
				t.Error(err)
			}
			continue
		}
		if got := refusal(t, srv.URL, srv, own(c.sdl)); !strings.Contains(got, c.says) {
			t.Errorf("it says %s, want %s", got, c.says)
		}
		if c.mend != "" {
			db.run(c.mend, nil)
			if err := open(t, srv, own(c.sdl)).Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if err := open(t, srv, parse(t)).Close(); err != nil {
		t.Error(err)
	}
}
