package sqlitestore_test

import (
	"path/filepath"
	"testing"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/store"
)

func parse(t testing.TB) *catalog.Catalog {
	t.Helper()
	cat, err := catalog.Parse("schema.graphqls", throughline.Schema)
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

// opener opens empty stores in files of their own.
func opener(cat *catalog.Catalog) func(t *testing.T) store.Store {
	return func(t *testing.T) store.Store {
		t.Helper()
		return keep(t, cat, filepath.Join(t.TempDir(), "g.db"))
	}
}
