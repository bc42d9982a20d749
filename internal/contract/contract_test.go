package contract_test

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/contract"
)

var update = flag.Bool("update", false, "write the whole contract anew")

// TestTheWholeContract holds the text that clients get.
func TestTheWholeContract(t *testing.T) {
	const golden = "testdata/whole.graphqls"
	c, err := contract.Parse(&ast.Source{Name: "schema.graphqls", Input: throughline.Schema})
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(golden, []byte(c.SDL), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), c.SDL); d != "" {
		t.Error(d)
	}
}
