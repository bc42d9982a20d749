package sqlitestore_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
)

// person is a batch of one person, who knows those before.
func person(id string, known ...string) *store.Batch {
	b := &store.Batch{Nodes: []*kg.Node{{ID: id, Type: "PERSON", Name: strings.ToUpper(id)}}}
	for _, k := range known {
		b.Links = append(b.Links, &kg.Link{ID: "l_" + id + "_" + k, Kind: "AFFILIATED_WITH", From: id, To: k})
	}
	return b
}

func write(t *testing.T, s *sqlitestore.Store, b *store.Batch) error {
	l, err := s.Load(t.Context())
	if err != nil {
		return err
	}
	if err := l.Put(t.Context(), b); err != nil {
		return errors.Join(err, l.Rollback())
	}
	return l.Commit(t.Context())
}

// written is all that a store holds.
func written(t *testing.T, s *sqlitestore.Store) string {
	t.Helper()
	said, err := heard(t.Context(), parse(t), s)
	if err != nil {
		t.Fatal(err)
	}
	return said
}

// TestTwoWritersLoseNothing: stores of one file, as of two processes, write side by side. What a store took is there in
// the end, and what it refused as busy is not.
func TestTwoWritersLoseNothing(t *testing.T) {
	cat := parse(t)
	path := filepath.Join(t.TempDir(), "g.db")
	fill(t, keep(t, cat, path), two())
	var mu sync.Mutex
	taken := map[string]bool{"ANN": true, "CLUB": true}
	var all sync.WaitGroup
	for w := range 3 {
		s := keep(t, cat, path)
		all.Go(func() {
			for i := range 12 {
				id := fmt.Sprintf("p%d-%d", w, i)
				err := write(t, s, person(id, "club"))
				if err != nil && kg.CodeOf(err) != kg.Unavailable {
					t.Errorf("a load ends with %v", err)
				}
				mu.Lock()
				taken[strings.ToUpper(id)] = err == nil
				mu.Unlock()
				if err == nil && !strings.Contains(strings.ToUpper(names(t, cat, s)), strings.ToUpper(id)) {
					t.Errorf("%s was written, and its own store does not find it", id)
				}
			}
		})
	}
	all.Wait()
	var want []string
	for name, there := range taken {
		if there {
			want = append(want, name)
		}
	}
	slices.Sort(want)
	s := keep(t, cat, path)
	var got []string
	links := 0
	err := errors.Join(
		s.Nodes(t.Context(), func(n *kg.Node) error { got = append(got, strings.ToUpper(n.Name)); return nil }),
		s.Links(t.Context(), func(*kg.Link) error { links++; return nil }),
	)
	slices.Sort(got)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("the file holds %v, %v; written were %v", got, err, want)
	}
	if _, err := s.Check(t.Context(), func(d store.Damage) error {
		t.Errorf("a check finds %v",
			d)
		return nil
	}); err != nil {
		t.Error(err)
	}
	if len(want) < 4 {
		t.Errorf("%d loads were taken", len(want)-2)
	}
}

// beingWritten returns a load under way that has put bob into a file, and another store of that file.
func beingWritten(t *testing.T) (*catalog.Catalog, store.Load, *sqlitestore.Store) {
	t.Helper()
	cat := parse(t)
	path := filepath.Join(t.TempDir(), "g.db")
	one, other := keep(t, cat, path), keep(t, cat, path)
	fill(t, one, two())
	l, err := one.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Rollback() })
	if err := l.Put(t.Context(), person("bob")); err != nil {
		t.Fatal(err)
	}
	return cat, l, other
}

// TestAFileThatAnotherWritesIsBusy: a load waits for another's for a while and is then refused, and the file is read
// meanwhile.
func TestAFileThatAnotherWritesIsBusy(t *testing.T) {
	cat, l, other := beingWritten(t)
	if err := write(t, other, person("cid")); kg.CodeOf(err) != kg.Unavailable ||
		!strings.Contains(err.Error(), "another process") {
		t.Errorf("a second load ends with %v", err)
	}
	if got := names(t, cat, other); got != "Ann, Club" {
		t.Errorf("meanwhile the names are %s", got)
	}
	if err := l.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := write(t, other, person("cid")); err != nil {
		t.Error(err)
	}
	if got := names(t, cat, other); got != "Ann, BOB, CID, Club" {
		t.Errorf("then the names are %s", got)
	}
}

// TestAFullDiskTakesNothing: a load that the disk has no room for is refused whole, whatever statement meets the end of
// it, and the store goes on.
func TestAFullDiskTakesNothing(t *testing.T) {
	cat := parse(t)
	path := filepath.Join(t.TempDir(), "g.db")
	s := keep(t, cat, path)
	fill(t, s, two())
	pages := sqlitestore.Limit(t, s, 1) // no less than there are
	refused := 0
	for more := range 16 {
		sqlitestore.Limit(t, s, pages+more)
		b := &store.Batch{}
		for i := range 80 {
			p := person(fmt.Sprintf("p%d-%d", more, i), "club")
			p.Nodes[0].Description = strings.Repeat("long ", 40)
			b.Nodes, b.Links = append(b.Nodes, p.Nodes...), append(b.Links, p.Links...)
		}
		before := written(t, s)
		err := write(t, s, b)
		switch {
		case err == nil:
			continue
		case kg.CodeOf(err) != kg.StorageFull || !strings.Contains(err.Error(), "nothing was written"):
			t.Fatalf("with %d pages a load ends with %v", pages+more, err)
		}
		refused++
		if got := written(t, s); got != before {
			t.Fatalf("with %d pages there are %s, and were %s", pages+more, got, before)
		}
	}
	if refused < 5 {
		t.Errorf("%d loads were refused", refused)
	}
	sqlitestore.Limit(t, s, 1<<30)
	if err := write(t, s, person("zoe", "club")); err != nil {
		t.Error(err)
	}
	if _, err := s.Check(t.Context(), func(d store.Damage) error {
		t.Errorf("a check finds %v",
			d)
		return nil
	}); err != nil {
		t.Error(err)
	}
	if got, err := s.Types(t.Context(), []string{"zoe"}); err != nil || got["zoe"] != "PERSON" {
		t.Errorf("what was written with room again is %v, %v", got, err)
	}
}

// TestWritesToAFileThatMayNotBeWritten: each says so, and reads go on.
func TestWritesToAFileThatMayNotBeWritten(t *testing.T) {
	cat := parse(t)
	s := keep(t, cat, filepath.Join(t.TempDir(), "g.db"))
	fill(t, s, two())
	writable := sqlitestore.Forbid(t, s)
	err := write(t, s, person("bob"))
	if kg.CodeOf(err) != kg.ReadOnly || !strings.Contains(err.Error(), "write permission") {
		t.Errorf("a write ends with %v", err)
	}
	if got := names(t, cat, s); got != "Ann, Club" {
		t.Errorf("then the names are %s", got)
	}
	writable()
	if err := write(t, s, person("bob")); err != nil {
		t.Error(err)
	}
}

// TestImportsFollowOneAnother: an import begins when another process has ended its own.
func TestImportsFollowOneAnother(t *testing.T) {
	cat, l, other := beingWritten(t)
	waited := 0
	_, err := exchange.Import(t.Context(), cat, other, []exchange.File{
		exchange.FromBytes("cid.jsonl", []byte(`{"node":"PERSON","id":"cid","name":"CID"}`)),
	}, exchange.Options{Waits: func() {
		waited++
		if err := l.Commit(t.Context()); err != nil {
			t.Error(err)
		}
	}})
	if err != nil || waited != 1 {
		t.Errorf("the import ends with %v and has waited %d times", err, waited)
	}
	if got := names(t, cat, other); got != "Ann, BOB, CID, Club" {
		t.Errorf("then the names are %s", got)
	}
}
