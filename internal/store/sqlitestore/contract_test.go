package sqlitestore_test

import (
	"path/filepath"
	"testing"

	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
)

// TestContract holds the store to the contract that every store has.
func TestContract(t *testing.T) {
	cat, path := parse(t), ""
	storetest.Run(t, storetest.Factory{
		Catalog: cat,
		Open: func(t *testing.T) store.Store {
			t.Helper()
			path = filepath.Join(t.TempDir(), "g.db")
			return keep(t, cat, path)
		},
		Reopen: func(t *testing.T) store.Store {
			t.Helper()
			return keep(t, cat, path)
		},
	}, nil)
}
