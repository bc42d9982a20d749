package sqlitestore_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/throughline/throughline/internal/store"
)

// TestABackupIsTheStoreAtOneMoment: backups are made while others write; each is whole, with its log, and one of the
// states that there were.
func TestABackupIsTheStoreAtOneMoment(t *testing.T) {
	cat := parse(t)
	s := keep(t, cat, filepath.Join(t.TempDir(), "g.db"))
	fill(t, s, two())
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := range 40 {
			if err := write(t, s, person(fmt.Sprintf("p%d", i), "club")); err != nil {
				t.Error(err)
			}
		}
	})
	var paths []string
	for i := range 4 {
		path := filepath.Join(t.TempDir(), fmt.Sprint(i, ".db"))
		if err := s.Backup(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	writing.Wait()
	last := filepath.Join(t.TempDir(), "last.db")
	if err := s.Backup(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	before := int64(0)
	for _, path := range append(paths, last) {
		copied := keep(t, cat, path)
		n, err := copied.Check(t.Context(), func(d store.Damage) error {
			t.Errorf("a check finds %v", d)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		log, err := copied.Changes(t.Context(), &store.ChangesQuery{Limit: 1})
		if err != nil || len(log) != 1 {
			t.Fatal(log, err)
		}
		// the first change made a person, a club and a link, each further one a person with a link
		if seq := log[0].Seq; int64(n.Nodes) != seq+1 || int64(n.Links) != seq || seq < before {
			t.Errorf("after change %d there are %d nodes and %d links", seq, n.Nodes, n.Links)
		} else {
			before = seq
		}
		if err := write(t, copied, person("zoe", "club")); err != nil {
			t.Error(err)
		}
	}
	if err := s.Backup(t.Context(), last); err == nil {
		t.Error("a backup has taken the place of a file")
	}
	if err := write(t, s, person("zoe", "club")); err != nil {
		t.Error(err)
	}
}
