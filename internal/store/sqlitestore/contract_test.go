package sqlitestore_test

import (
	"path/filepath"
	"testing"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/store/storetest"
)

// TestContract holds the store to the contract that every store has.
func TestContract(t *testing.T) {
	cat, path := parse(t), ""
	storetest.Run(t, storetest.Factory{
		Catalog: cat,
		Damages: damagesOf(func() string { return path }),
		Open: func(t *testing.T) store.Store {
			t.Helper()
			path = filepath.Join(t.TempDir(), "g.db")
			return keep(t, cat, path)
		},
		Reopen: func(t *testing.T, cat *catalog.Catalog) (store.Store, error) {
			t.Helper()
			s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Path: path, Catalog: cat, Now: storetest.Clock})
			if err == nil {
				t.Cleanup(func() { _ = s.Close() })
			}
			return s, err
		},
	}, nil)
}
