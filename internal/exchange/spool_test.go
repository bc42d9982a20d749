package exchange

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a spool was given it gives back, from memory as from its file, which is removed behind it.
func TestASpoolGivesBackWhatItWasGiven(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	var s spool
	for _, size := range []int{10, maxTail / 3, maxTail} { // in memory alone; in both; a file's worth at once
		var begins []int64
		text := func(i int) string { return fmt.Sprint(i) + strings.Repeat("x", size) }
		for i := range 5 {
			from, err := s.add(text(i))
			if err != nil {
				t.Fatal(err)
			}
			begins = append(begins, from)
		}
		for i, from := range begins {
			if got, err := s.at(from, len(text(i))); err != nil || got != text(i) {
				t.Errorf("of %d bytes the %d.: %.20q, %v", size, i+1, got, err)
			}
		}
		s.reset()
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// Without a place for temporary files an import says so.
func TestWithoutAPlaceForTemporaryFiles(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	var s spool
	if _, err := s.add(strings.Repeat("x", maxTail)); err == nil {
		t.Error("a spool was written to nowhere")
	}
	if _, _, err := Spool("f", strings.NewReader("x")); err == nil {
		t.Error("a stream was copied to nowhere")
	}
}
