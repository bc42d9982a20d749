package sqlitestore_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/throughline/throughline/internal/sample"
	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// TestDiscard: only what was made and never used goes away.
func TestDiscard(t *testing.T) {
	cat := both.Catalog(t)
	open := func(path string) *sqlitestore.Store {
		t.Helper()
		s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Path: path, Catalog: cat})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	left := func(path string) bool {
		_, err := os.Stat(path)
		return err == nil
	}
	dir := t.TempDir()

	path := filepath.Join(dir, "new", "deep", "graph.db")
	open(path).Discard()
	if left(filepath.Join(dir, "new")) {
		t.Error("a store that nobody used is left")
	}

	first := open(path)
	second := open(path)
	second.Discard()
	if !left(path) {
		t.Fatal("who did not make a store removed it")
	}
	first.Discard()
	if !left(path) {
		t.Error("a store was removed that somebody else has open")
	}
	_ = second.Close()

	path = filepath.Join(dir, "used.db")
	used := open(path)
	if _, err := sample.Load(t.Context(), cat, used); err != nil {
		t.Fatal(err)
	}
	used.Discard()
	if !left(path) {
		t.Error("a store that holds something was removed")
	}
}
