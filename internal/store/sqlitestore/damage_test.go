package sqlitestore_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/store/storetest"
)

var damages = flag.Int("damages", 150, "damaged files that are opened; -short opens a fifth")

// damagedFiles is how many damaged files are opened.
func damagedFiles() int {
	if testing.Short() {
		return *damages / 5
	}
	return *damages
}

// damage changes one place of a file's bytes: a bit, a run of bytes, or a page that became zeros or another page's
// copy; or it cuts the file short.
func damage(random *rand.Rand, raw []byte) (what string, damaged []byte) {
	const page = 4096
	damaged = bytes.Clone(raw)
	at := random.IntN(len(raw))
	run := damaged[at:min(len(raw), at+1+random.IntN(64))]
	this := damaged[at/page*page:][:min(page, len(raw)-at/page*page)]
	switch random.IntN(8) {
	default:
		what = "a bit"
		damaged[at] ^= 1 << random.IntN(8)
	case 0:
		what = "a run of bytes"
		for i := range run {
			run[i] = byte(random.IntN(256))
		}
	case 1:
		what = "a page of zeros"
		clear(this)
	case 2:
		what = "another page's copy"
		copy(this, raw[random.IntN(len(raw))/page*page:])
	case 3:
		what = "cut short"
		damaged = damaged[:at]
	}
	return fmt.Sprintf("%s at %d", what, at), damaged
}

// TestADamagedFileStartsOrIsRefused: whatever place of a file with a snapshot is damaged, a start soon ends, and says
// so where the snapshot could not be used.
func TestADamagedFileStartsOrIsRefused(t *testing.T) {
	cat := parse(t)
	path := filepath.Join(t.TempDir(), "g.db")
	var log bytes.Buffer
	open := func(path string) (*sqlitestore.Store, error) {
		log.Reset()
		return sqlitestore.Open(t.Context(), sqlitestore.Options{
			Path: path, Catalog: cat,
			Logger: slog.New(slog.NewTextHandler(&log, nil)),
		})
	}
	s, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(storetest.Fill(t.Context(), s, crowd(3000)), s.Warm(t.Context()),
		sqlitestore.Snapshot(t.Context(), s), s.Close()); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	warned, dir := 0, t.TempDir()
	files := damagedFiles()
	for range files {
		what, raw := damage(random, whole)
		damaged := filepath.Join(dir, "d.db")
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
			t.Fatalf("%s: the start does not end", what)
		}
		if strings.Contains(log.String(), "snapshot") {
			warned++
		}
		if err := os.Remove(damaged); err != nil {
			t.Fatal(err)
		}
	}
	// a third of the file is the snapshot
	if warned < files/10 {
		t.Errorf("of %d starts %d warned of the snapshot", files, warned)
	}
}

// heard is all that a store says of its graph: what it exports, and what it answers.
func heard(ctx context.Context, cat *catalog.Catalog, s store.Store) (string, error) {
	var b strings.Builder
	write := func(x any) error {
		line, err := json.Marshal(x)
		fmt.Fprintf(&b, "%s\n", line)
		return err
	}
	err := errors.Join(
		s.Sources(ctx, func(x *kg.Source) error { return write(x) }),
		s.Nodes(ctx, func(x *kg.Node) error { return write(x) }),
		s.Links(ctx, func(x *kg.Link) error { return write(x) }),
		s.ExternalIDs(ctx, func(id string, e kg.ExternalID) error { return write([]any{id, e}) }),
	)
	changes, failed := s.Changes(ctx, &store.ChangesQuery{Limit: 100})
	err = errors.Join(err, failed, write(changes))
	for _, c := range changes {
		items, failed := s.Items(ctx, &store.ItemsQuery{Seq: c.Seq, Limit: 1000})
		err = errors.Join(err, failed, write(items))
	}
	if err != nil {
		return b.String(), err
	}
	props := func(names ...string) *plan.Sel {
		sel := &plan.Sel{}
		for _, n := range names {
			sel.Props = append(sel.Props, cat.Prop(n))
		}
		return sel
	}
	link := props("id", "role", "since", "until", "createdAt")
	link.Children = []*plan.Field{{
		Follow: plan.EvidenceOf, On: 1 << cat.Link.Index, Page: plan.Paging{N: 10}, Want: plan.Want{Rows: true}, Node: props("id",
			"excerpt", "stance", "verified"),
	}}
	for _, q := range []*plan.Query{
		{Start: plan.Everything, Types: cat.Entities, Root: plan.Field{
			Page: plan.Paging{N: 100},
			Want: plan.Want{Rows: true}, Node: props("id", "name", "aliases", "description", "createdAt"),
		}},
		{Start: plan.EveryLink, Root: plan.Field{
			Page: plan.Paging{N: 100}, Want: plan.Want{Rows: true, Total: true},
			Link: link, Node: props("id"),
		}},
	} {
		res, err := s.Fetch(ctx, q)
		if err != nil {
			return b.String(), err
		}
		fmt.Fprintf(&b, "%s\n", storetest.Render(q, res))
		if res.Release != nil {
			res.Release()
		}
	}
	return b.String(), nil
}

// TestDamageIsToldAndNeverServed damages places of a file. After each damage the store exports and answers what it did
// before, or fails.
func TestDamageIsToldAndNeverServed(t *testing.T) {
	cat := parse(t)
	path := filepath.Join(t.TempDir(), "g.db")
	s := openAt(t, cat, path)
	b := storetest.Graph(cat, 5, 12, 30)
	fill(t, s, b)
	for _, x := range b.Nodes[:8] {
		x.Name += " again"
	}
	fill(t, s, b)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	hear := func(path, what string) (string, error) {
		s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Path: path, Catalog: cat})
		if err != nil {
			return "", err
		}
		found := 0
		_, checked := s.Check(t.Context(), func(store.Damage) error { found++; return nil })
		said, err := heard(t.Context(), cat, s)
		if kg.CodeOf(err) == kg.Corrupt && found == 0 && kg.CodeOf(checked) != kg.Corrupt {
			t.Errorf("%s: a check finds nothing (%v), and there is: %v", what, checked, err)
		}
		return said, errors.Join(err, s.Close())
	}
	before, err := hear(path, "nothing")
	if err != nil || len(before) < 5000 {
		t.Fatal(before, err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	corrupt := 0
	damaged := filepath.Join(t.TempDir(), "d.db")
	files := damagedFiles()
	for range 3 * files {
		what, changed := damage(random, raw)
		if err := os.WriteFile(damaged, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		said, err := hear(damaged, what)
		switch code := kg.CodeOf(err); {
		case err == nil && said != before:
			t.Errorf("%s: the graph is another, and nobody says so:\n%s", what, cmp.Diff(strings.Split(before, "\n"), strings.Split(said, "\n")))
		case code == kg.Corrupt:
			corrupt++
		case err != nil && code != kg.Unavailable: // it cannot be opened
			t.Errorf("%s: the error is %v", what, err)
		}
		for _, f := range []string{damaged, damaged + "-wal", damaged + "-shm"} {
			_ = os.Remove(f)
		}
	}
	if corrupt < files/10 {
		t.Errorf("of %d damages %d were told as damage to a record", 3*files, corrupt)
	}
}
