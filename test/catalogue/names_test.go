package catalogue_test

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/catalog"
)

// notPlural are the arguments and fields of inputs that hold a list and have no plural name, and why.
var notPlural = map[string]string{
	"and": "a word of logic", "or": "a word of logic", "in": "an operator of filters, as eq is",
	"via": "a preposition: the way leads via these", "avoid": "a verb: avoid these", "by": "a preposition: count by these",
	"orderBy": "a verb: order by these keys", "evidence": "a word without a plural",
	"absorbed": "a participle: those that go into another",
	"touching": "a preposition: what touches these", "pattern": "one pattern, which is made of steps",
}

// TestListsAreNamedInThePlural: where a list stands the name says so, so that nobody has to look it up.
func TestListsAreNamedInThePlural(t *testing.T) {
	cat, err := catalog.Parse("schema.graphqls", throughline.Schema)
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	check := func(at, name string, typ *ast.Type) {
		switch {
		case notPlural[name] != "" && typ.Elem != nil:
			used[name] = true
		case typ.Elem != nil && !strings.HasSuffix(name, "s"):
			t.Errorf("%s is a list: name it in the plural, or in notPlural with a reason", at)
		}
	}
	for _, def := range cat.Schema.Types {
		if strings.HasPrefix(def.Name, "__") {
			continue
		}
		for _, f := range def.Fields {
			if def.Kind == ast.InputObject {
				check(def.Name+"."+f.Name, f.Name, f.Type)
			}
			for _, a := range f.Arguments {
				check(def.Name+"."+f.Name+"("+a.Name+":)", a.Name, a.Type)
			}
		}
	}
	for name := range notPlural {
		if !used[name] {
			t.Errorf("no list has the name %s any more: strike it from notPlural", name)
		}
	}
}
