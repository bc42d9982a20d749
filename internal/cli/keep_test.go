package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestNoMixOfTwoExportsLooksWhole has the giving of names end at each file in turn, as when the machine does: the last
// file, without which the others are no export, is there beside files of the same export alone.
func TestNoMixOfTwoExportsLooksWhole(t *testing.T) {
	parts := []string{"graph-sources.csv", "graph-links.csv", "graph-import.sh"}
	for ends := range len(parts) + 1 {
		dir := t.TempDir()
		var made []*target
		for _, part := range parts {
			path := filepath.Join(dir, part)
			if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			to, err := create(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := to.Write([]byte("new")); err != nil {
				t.Fatal(err)
			}
			if err := to.whole(); err != nil {
				t.Fatal(err)
			}
			made = append(made, to)
		}
		if ends < len(parts) {
			if err := os.Remove(made[ends].file.Name()); err != nil {
				t.Fatal(err)
			}
		}
		err := keep(made)
		if (err == nil) != (ends == len(parts)) {
			t.Errorf("ended at %d: %v", ends, err)
		}
		var there []string
		for _, part := range parts {
			b, err := os.ReadFile(filepath.Join(dir, part))
			if err != nil {
				b = []byte("none")
			}
			there = append(there, string(b))
		}
		want := slices.Concat(slices.Repeat([]string{"new"}, ends), slices.Repeat([]string{"old"}, len(parts)-ends))
		if ends < len(parts) {
			want[len(parts)-1] = "none"
		}
		if !slices.Equal(there, want) {
			t.Errorf("ended at %d: there are %s, want %s", ends, strings.Join(there, ", "), strings.Join(want, ", "))
		}
	}
}
