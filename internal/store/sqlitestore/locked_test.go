package sqlitestore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/internal/store/sqlitestore"
)

// TestAFileThatMayNotBeWrittenIsRead: put in order or with a log, in use or left behind, and nothing is written to it
// or beside it.
func TestAFileThatMayNotBeWrittenIsRead(t *testing.T) {
	cat := parse(t)
	for _, c := range []struct {
		name          string
		keepLog, used bool
	}{{"in order", false, false}, {"with a log left behind", true, false}, {"in use", true, true}} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "g.db")
			writer, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Path: path, Catalog: cat})
			if err != nil {
				t.Fatal(err)
			}
			defer writer.Close()
			fill(t, writer, two())
			want := names(t, cat, writer)
			if c.keepLog && !c.used { // as a process leaves it that was killed
				to := filepath.Join(t.TempDir(), "g.db")
				for _, end := range []string{"", "-wal"} {
					b, err := os.ReadFile(path + end)
					if err == nil {
						err = os.WriteFile(to+end, b, 0o600)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				path = to
			}
			if !c.used {
				if err := writer.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if !c.keepLog {
				edit(t, path, "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA journal_mode(DELETE)",
					"PRAGMA journal_mode(WAL)")
			}
			before := folder(t, filepath.Dir(path))
			s, err := sqlitestore.OpenLocked(t.Context(), sqlitestore.Options{Path: path, Catalog: cat})
			if err != nil {
				t.Fatal(err)
			}
			if got := names(t, cat, s); got != want {
				t.Errorf("read %s, want %s", got, want)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			// shared memory notes its readers
			if after := folder(t, filepath.Dir(path)); !cmp.Equal(before, after) && !c.used {
				t.Error("something was written: " + cmp.Diff(before, after))
			}
		})
	}
	early := filepath.Join(t.TempDir(), "g.db")
	layout, err := os.ReadFile("migrations/0001.sql")
	if err != nil {
		t.Fatal(err)
	}
	edit(t, early, string(layout), fmt.Sprintf(`PRAGMA application_id = %d`, 0x54684c6e), `PRAGMA user_version = 1`)
	if _, err := sqlitestore.OpenLocked(t.Context(), sqlitestore.Options{Path: early, Catalog: cat}); sentence(t,
		err) != "may not be written" {
		t.Errorf("a file of an earlier layout: %v", err)
	}
}

// folder is what stands in a folder, by name.
func folder(t *testing.T, path string) map[string]string {
	t.Helper()
	files, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(path, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[f.Name()] = string(b)
	}
	return all
}
