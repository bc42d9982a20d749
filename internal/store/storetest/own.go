package storetest

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// The parts of a schema of own types.
const (
	ownParty   = "type Party implements Entity & Node @graphNode { x: Int of: Colour }\nenum Colour { RED BLUE }\n"
	ownMarried = `extend enum LinkKind { MARRIED_TO @graphJoins(from: [PERSON], to: [PERSON], phrase: "a", inverse: "b") }` +
		"\n"
	ownGender = "extend type Person { gender: String }\n"
)

// ownTypes holds a store to not being opened without the types, kinds, properties and values that it holds of a schema
// of own types, until what it holds of them is gone.
func (s *suite) ownTypes(t *testing.T) {
	x := s.Open(t)
	reopen := func(sdl string) (err error) {
		t.Helper()
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
		cat := s.Catalog
		if sdl != "" {
			if cat, err = catalog.Parse("schema.graphqls", throughline.Schema,
				&ast.Source{Name: "own.graphqls", Input: sdl}); err != nil {
				t.Fatal(err)
			}
		}
		next, err := s.Reopen(t, cat)
		if err == nil {
			x = next
		}
		return err
	}
	// write opens the store with all types, in which nothing may have changed, and writes
	before := ""
	write := func(b *store.Batch) {
		t.Helper()
		if err := reopen(ownParty + ownMarried + ownGender); err != nil {
			t.Fatal(err)
		}
		if got := whole(t, x); got != before {
			t.Errorf("a store that is not opened is changed: %s", difference(before, got))
		}
		defer func() { before = whole(t, x) }()
		if err := Fill(t.Context(), x, b); err != nil {
			t.Fatal(err)
		}
	}
	denied := kg.Link{Kind: "MARRIED_TO", From: "a", To: "b", Evidence: []kg.Evidence{{
		Source: "s_a", Excerpt: "x",
		Stance: kg.Refutes,
	}}}
	denied.ID = kg.LinkID(denied.Kind, denied.From, denied.To, "", "", "")
	write(&store.Batch{
		Sources: []*kg.Source{{ID: "s_a", Kind: "BOOK", Title: "A"}},
		Nodes: []*kg.Node{
			{ID: "a", Type: "PERSON", Name: "A", Props: map[string]any{"gender": "x"}},
			{ID: "b", Type: "PERSON", Name: "B"},
			{ID: "p", Type: "PARTY", Name: "P", Props: map[string]any{"of": "RED"}},
		},
		Links: []*kg.Link{&denied},
	})
	for _, c := range []struct{ sdl, says string }{
		// it may join more
		{ownParty + strings.Replace(ownMarried, "to: [PERSON]", "to: [PERSON PARTY]", 1) + ownGender, ""},
		{
			ownParty + strings.Replace(ownMarried, "from: [PERSON]", "from: [PARTY]", 1) + ownGender,
			"holds links of kind MARRIED_TO between types that its @graphJoins does not name: add these types",
		},
		{
			ownParty + ownGender,
			"holds links of kind MARRIED_TO, which the schema does not declare: name the file that declares it with --schema FILE",
		},
		{
			strings.Replace(ownParty, "RED", "GREEN", 1) + ownMarried + ownGender,
			"holds RED in Party.of, which the schema does not have there",
		},
		{ownMarried + ownGender, "holds entities of type Party, which the schema does not declare"},
		{
			ownParty + ownMarried + "extend type Person { gender: Int }\n",
			"holds values of Person.gender that are not of the type which the schema declares",
		},
		{ownParty + ownMarried, "holds values of Person.gender, which the schema does not declare"},
	} {
		switch err := reopen(c.sdl); {
		case c.says == "" && err != nil:
			t.Error(err)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("it says %v, want %s", err, c.says)
		}
	}
	write(&store.Batch{Nodes: []*kg.Node{{ID: "a", Type: "PERSON", Name: "A"}}, Delete: []string{denied.ID, "p"}})
	if err := reopen(""); err != nil {
		t.Errorf("when what it held of them is gone: %v", err)
	}
}
