package sqlitestore_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/store/storetest"
)

// churned is a store that gets to what it is told by detours: records are first written otherwise, in several loads
// with a version made after each, some of them are deleted again, and in between it is closed, with a snapshot, and
// opened again. Its answers must be
// those of a store that was filled at once.
type churned struct {
	*sqlitestore.Store
	t   *testing.T
	cat *catalog.Catalog
	dir string
}

func openAt(t *testing.T, cat *catalog.Catalog, path string) *sqlitestore.Store {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Path: path, Catalog: cat, Now: storetest.Clock})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func openChurned(cat *catalog.Catalog) func(t *testing.T) store.Store {
	return func(t *testing.T) store.Store {
		t.Helper()
		c := &churned{t: t, cat: cat, dir: t.TempDir()}
		c.Store = openAt(t, cat, filepath.Join(c.dir, "g.db"))
		t.Cleanup(func() { _ = c.Store.Close() })
		return c
	}
}

// fill loads a batch and makes a version.
func fill(t *testing.T, s *sqlitestore.Store, b *store.Batch) {
	t.Helper()
	if err := storetest.Fill(t.Context(), s, b); err != nil {
		t.Fatal(err)
	}
	if err := s.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (c *churned) Load(context.Context) (store.Load, error) { return &churning{c: c}, nil }

type churning struct {
	c *churned
	b store.Batch
}

func (l *churning) Put(_ context.Context, b *store.Batch) error {
	l.b.Sources, l.b.Nodes, l.b.Links = append(l.b.Sources, b.Sources...), append(l.b.Nodes,
		b.Nodes...), append(l.b.Links, b.Links...)
	return nil
}

func (*churning) Describe(*store.Deed) {}

func (*churning) Rollback() error { return nil }

func (l *churning) Commit(ctx context.Context) error {
	t, c := l.c.t, l.c
	var first, second store.Batch
	for i, s := range l.b.Sources {
		if i%2 == 0 {
			o := *s
			o.Title, o.Text, o.PublishedOn = "otherwise "+s.Title, "", "1900"
			first.Sources = append(first.Sources, &o)
		}
	}
	for i, n := range l.b.Nodes {
		if i%3 != 0 {
			o := *n
			o.Aliases, o.ExternalIDs, o.Description, o.CreatedAt = []string{"Otherwise"}, []kg.ExternalID{{
				Scheme: "x",
				Value:  "9",
			}}, "words that go away", 77
			o.Name = []string{"zz " + n.Name, "aa " + n.Name, n.Name}[i%3]
			first.Nodes = append(first.Nodes, &o)
		}
	}
	slices.Reverse(first.Nodes)
	fill(t, c.Store, &first)
	second.Sources, second.Nodes = l.b.Sources, l.b.Nodes[:len(l.b.Nodes)/2]
	fill(t, c.Store, &store.Batch{Sources: second.Sources, Nodes: second.Nodes})
	var links store.Batch
	there := map[string]bool{}
	for _, n := range append(first.Nodes, second.Nodes...) {
		there[n.ID] = true
	}
	for i, x := range l.b.Links {
		if i%2 == 0 && there[x.From] && there[x.To] {
			o := *x
			o.From, o.To, o.Role, o.Since, o.Evidence = x.To, x.From, "otherwise", "1901", x.Evidence[:1]
			links.Links = append(links.Links, &o)
		}
	}
	// what is there for a while, and is deleted before the snapshot, behind it, and after the store was opened again
	passing := func(i int) string { return fmt.Sprint("passing-", i) }
	for i := range 6 {
		links.Nodes = append(links.Nodes, &kg.Node{ID: passing(i), Type: "PERSON", Name: "Passing " + fmt.Sprint(i), Aliases: []string{"Otherwise"}})
		links.Sources = append(links.Sources, &kg.Source{ID: "s_" + passing(i), Kind: "ARTICLE", Title: "Passing"})
	}
	for i := range 6 {
		links.Links = append(links.Links, &kg.Link{
			ID: "l_" + passing(i), Kind: "AFFILIATED_WITH", From: passing(i), To: passing((i + 1) % 6),
			Evidence: []kg.Evidence{{Source: "s_" + passing(i), Excerpt: "it passed", Stance: "SUPPORTS"}},
		})
	}
	fill(t, c.Store, &links)
	gone := func(i int) []string {
		return []string{"l_" + passing(i), "l_" + passing((i+5)%6), passing(i), "s_" + passing(i)}
	}
	var dropped []string
	for _, x := range links.Links[:len(links.Links)-6] {
		if len(dropped) < 20 {
			dropped = append(dropped, x.ID)
		}
	}
	fill(t, c.Store, &store.Batch{Delete: append(dropped, gone(0)...)})
	if err := sqlitestore.Snapshot(ctx, c.Store); err != nil {
		return err
	}
	fill(t, c.Store, &store.Batch{Nodes: l.b.Nodes, Delete: gone(2)})
	if err := c.Store.Close(); err != nil {
		return err
	}
	c.Store = openAt(t, c.cat, filepath.Join(c.dir, "g.db"))
	if !sqlitestore.Restores(ctx, c.Store) {
		t.Error("the snapshot is not used")
	}
	if err := c.Warm(ctx); err != nil {
		return err
	}
	fill(t, c.Store, &store.Batch{Delete: slices.Concat(gone(1), gone(3), gone(4), gone(5))})
	fill(t, c.Store, &l.b)
	// loads look up no key that they have just given out; this does
	db, err := sql.Open("sqlite", "file:"+filepath.Join(c.dir, "g.db"))
	if err != nil {
		return err
	}
	defer db.Close()
	var wrong int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM pragma_foreign_key_check`).Scan(&wrong); err != nil ||
		wrong > 0 {
		t.Errorf("%d keys lead nowhere, %v", wrong, err)
	}
	return nil
}

func TestAnImageMadeFromAnOlderOneAnswersAlike(t *testing.T) {
	cat := parse(t)
	storetest.RunRandom(t, cat, openChurned(cat), 1, 67)
	storetest.RunWalks(t, cat, openChurned(cat), 1, 9)
}

// TestFullIndexesAreMerged changes as many nodes, a few at a time, as fill the small indexes of a graph: nobody waits
// for them to be merged, and Close does.
func TestFullIndexesAreMerged(t *testing.T) {
	s := opener(parse(t))(t).(*sqlitestore.Store)
	const loads, each = 40, 16 // 512 nodes fill the index of names
	for i := range loads {
		b := &store.Batch{}
		for j := range each {
			id := fmt.Sprintf("p%d-%d", i, j)
			b.Nodes = append(b.Nodes, &kg.Node{ID: id, Type: "PERSON", Name: "Name of " + id})
		}
		if err := storetest.Fill(t.Context(), s, b); err != nil {
			t.Fatal(err)
		}
		if err := s.Warm(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if sqlitestore.Full(s) {
		t.Error("nobody has merged what was full")
	}
}
