package catalogue_test

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline/internal/store/storetest/both"
)

// TestEveryConnectionIsReadBothWays: each field that gives a connection takes first, after, last and before, and nothing
// else takes one of them; a connection has its edges, nodes, page info and number.
func TestEveryConnectionIsReadBothWays(t *testing.T) {
	schema := both.Catalog(t).Schema
	fields := 0
	for _, def := range schema.Types {
		if def.BuiltIn || def.Kind != ast.Object && def.Kind != ast.Interface {
			continue
		}
		if strings.HasSuffix(def.Name, "Connection") {
			for _, name := range []string{"edges", "nodes", "pageInfo", "totalCount"} {
				if def.Fields.ForName(name) == nil {
					t.Errorf("%s has no %s", def.Name, name)
				}
			}
		}
		for _, f := range def.Fields {
			at := def.Name + "." + f.Name
			var pages []string
			for _, name := range []string{"first", "after", "last", "before"} {
				if f.Arguments.ForName(name) != nil {
					pages = append(pages, name)
				}
			}
			switch {
			case strings.HasSuffix(f.Type.Name(), "Connection"):
				if fields++; len(pages) < 4 {
					t.Errorf("%s gives a connection and takes %v", at, pages)
				}
			case len(pages) > 0:
				t.Errorf("%s takes %v and gives no connection", at, pages)
			}
		}
	}
	if fields < 50 {
		t.Errorf("there are only %d connections", fields)
	}
}
