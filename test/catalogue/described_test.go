package catalogue_test

import (
	"strings"
	"testing"

	"github.com/throughline/throughline/internal/store/storetest/both"
)

// TestEverythingIsDescribed: whoever reads the contract in a tool reads what each thing means.
func TestEverythingIsDescribed(t *testing.T) {
	n := 0
	described := func(at, text string) {
		n++
		if strings.TrimSpace(text) == "" {
			t.Errorf("%s has no description", at)
		}
	}
	schema := both.Catalog(t).Schema
	for name, def := range schema.Types {
		if def.BuiltIn {
			continue
		}
		described(name, def.Description)
		for _, f := range def.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			described(name+"."+f.Name, f.Description)
			for _, a := range f.Arguments {
				described(name+"."+f.Name+"("+a.Name+")", a.Description)
			}
		}
		for _, v := range def.EnumValues {
			described(name+"."+v.Name, v.Description)
		}
	}
	if n < 500 {
		t.Errorf("only %d things were looked at", n)
	}
}
