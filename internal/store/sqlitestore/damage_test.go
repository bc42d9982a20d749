package sqlitestore_test

import (
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/store/storetest"
)

var damages = flag.Int("damages", 150, "files with one damaged byte that are opened")

// TestADamagedFileStartsOrIsRefused: whichever byte of a file with a snapshot is damaged, a start soon ends.
func TestADamagedFileStartsOrIsRefused(t *testing.T) {
	cat := parse(t)
	path := filepath.Join(t.TempDir(), "g.db")
	open := func(path string) (*sqlitestore.Store, error) {
		return sqlitestore.Open(t.Context(), sqlitestore.Options{Path: path, Catalog: cat})
	}
	s, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(storetest.Fill(t.Context(), s, crowd(3000)), s.Warm(t.Context()), sqlitestore.Snapshot(t.Context(), s), s.Close()); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range *damages {
		at, bit := random.IntN(len(whole)), byte(1)<<random.IntN(8)
		damaged := filepath.Join(t.TempDir(), "d.db")
		raw := append([]byte(nil), whole...)
		raw[at] ^= bit
		if err := os.WriteFile(damaged, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() {
			s, err := open(damaged)
			if err == nil {
				err = errors.Join(s.Warm(t.Context()), s.Close())
			}
			done <- err
		}()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Fatalf("with bit %d of byte %d damaged the start does not end", bit, at)
		}
		_ = os.Remove(damaged)
	}
}
