package sqlitestore_test

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/store/storetest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sentence is what the person at the command line reads of an error of Open.
func sentence(t *testing.T, err error) string {
	t.Helper()
	var e *sqlitestore.OpenError
	if !errors.As(err, &e) || kg.CodeOf(err) != kg.Unavailable {
		t.Fatalf("the error is %v", err)
	}
	return e.Problem
}

// edit runs statements on a file behind the store's back.
func edit(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(s, err)
		}
	}
}

// two is a graph of two people and what they said of each other.
func two() *store.Batch {
	l := &kg.Link{
		Kind: "AFFILIATED_WITH", From: "ann", To: "club", Role: "chair",
		Evidence: []kg.Evidence{{Source: "s_book", Excerpt: "Ann chairs the club", Stance: "SUPPORTS"}},
	}
	l.ID = kg.LinkID(l.Kind, l.From, l.To, l.Role, "", "")
	return &store.Batch{
		Sources: []*kg.Source{{ID: "s_book", Title: "Book", Kind: "BOOK"}},
		Nodes: []*kg.Node{
			{ID: "ann", Type: "PERSON", Name: "Ann", Props: map[string]any{"born": "1950"}},
			{ID: "club", Type: "INSTITUTION", Name: "Club"},
		},
		Links: []*kg.Link{l},
	}
}

// names asks for the names of all people and institutions.
func names(t *testing.T, cat *catalog.Catalog, s *sqlitestore.Store) string {
	t.Helper()
	name := cat.TypeOf("PERSON")
	q := &plan.Query{Start: plan.Everything, Types: 1<<name.Index | 1<<cat.TypeOf("INSTITUTION").Index}
	q.Root.Want.Rows, q.Root.Page.N = true, 100
	for _, p := range cat.Props {
		if p.Name == "name" {
			q.Root.Node = &plan.Sel{Props: []*catalog.Prop{p}}
		}
	}
	res, err := s.Fetch(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range res.Edges {
		out = append(out, e.Node.Vals[0].Str)
	}
	return strings.Join(out, ", ")
}

func TestAFileThatIsNotOursIsRefused(t *testing.T) {
	cat := parse(t)
	open := func(path string) error {
		s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Path: path, Catalog: cat})
		if err == nil {
			_, err = s.Empty(t.Context())
			err = errors.Join(err, s.Close())
		}
		return err
	}
	path := func(name string) string { return filepath.Join(t.TempDir(), name) }

	foreign := path("foreign.db")
	edit(t, foreign, `CREATE TABLE other (x)`)
	before, err := os.ReadFile(foreign)
	if err != nil {
		t.Fatal(err)
	}
	if got := sentence(t, open(foreign)); got != "is not a Throughline store" {
		t.Errorf("another program's file %s", got)
	}
	if after, err := os.ReadFile(foreign); err != nil || string(after) != string(before) {
		t.Error("another program's file was changed")
	}
	for name, how := range map[string][]string{
		"one with a name of its own":  {`CREATE TABLE other (x)`, `PRAGMA application_id = 77`},
		"one with a log":              {`PRAGMA journal_mode = WAL`, `CREATE TABLE other (x)`},
		"one that has nothing in it":  {`CREATE TABLE other (x)`, `DROP TABLE other`},
		"one with a negative version": {`CREATE TABLE other (x)`, `PRAGMA user_version = -3`},
	} {
		other := path("other.db")
		edit(t, other, how...)
		before, err := os.ReadFile(other)
		if err != nil {
			t.Fatal(err)
		}
		err = open(other)
		if got := sentence(t, err); got != "is not a Throughline store" && got != "is damaged" {
			t.Errorf("%s %s", name, got)
		}
		if after, err := os.ReadFile(other); err != nil || string(after) != string(before) {
			t.Errorf("%s was changed", name)
		}
		beside, err := filepath.Glob(other + "*")
		if err != nil || len(beside) != 1 {
			t.Errorf("%s has beside it: %v, %v", name, beside, err)
		}
	}

	nothing := path("nothing.db")
	if err := os.WriteFile(nothing, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := sentence(t, open(nothing)); got != "has 0 bytes" {
		t.Errorf("an empty file %s", got)
	}
	if info, err := os.Stat(nothing); err != nil || info.Size() != 0 {
		t.Error("an empty file was changed")
	}

	negative := path("negative.db")
	fill(t, keep(t, cat, negative), two())
	edit(t, negative, `PRAGMA user_version = -1`)
	if got := sentence(t, open(negative)); got != "is damaged" {
		t.Errorf("a file of version -1 %s", got)
	}

	words := path("words.db")
	if err := os.WriteFile(words, []byte(strings.Repeat("no database at all ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := sentence(t, open(words)); got != "is not a Throughline store" {
		t.Errorf("a text file %s", got)
	}

	newer := path("newer.db")
	fill(t, keep(t, cat, newer), two())
	edit(t, newer, `PRAGMA user_version = 99`)
	if got := sentence(t, open(newer)); got != "was written by a newer Throughline" {
		t.Errorf("a newer file %s", got)
	}

	damaged := path("damaged.db")
	s := keep(t, cat, damaged)
	fill(t, s, two())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(damaged)
	if err != nil {
		t.Fatal(err)
	}
	for i := 100; i < 4096; i++ { // what tables there are
		raw[i] = 0xee
	}
	if err := os.WriteFile(damaged, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := sentence(t, open(damaged)); got != "is damaged" {
		t.Errorf("a damaged file %s", got)
	}
}

// TestAFileThatIsReplacedIsNoticed puts another file in the place of one that is served, and takes it away.
func TestAFileThatIsReplacedIsNoticed(t *testing.T) {
	cat := parse(t)
	path := filepath.Join(t.TempDir(), "g.db")
	s := keep(t, cat, path)
	fill(t, s, two())
	want := names(t, cat, s)
	load, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := load.Put(t.Context(), &store.Batch{Nodes: []*kg.Node{{
		ID: "new", Type: "PERSON",
		Name: "New",
	}}}); err != nil {
		t.Fatal(err)
	}
	away := path + ".away"
	refused := func(when string) {
		t.Helper()
		_, _, asked := s.State(t.Context())
		_, loaded := s.Load(t.Context())
		exported := s.Nodes(t.Context(), func(*kg.Node) error { return nil })
		_, logged := s.Changes(t.Context(), &store.ChangesQuery{Limit: 1})
		_, checked := s.Check(t.Context(), func(store.Damage) error { return nil })
		for what, err := range map[string]error{
			"a question": asked, "a load": loaded, "an export": exported, "the log": logged, "a check": checked,
			"readiness": s.Ready(t.Context()),
		} {
			if kg.CodeOf(err) != kg.Unavailable || !strings.Contains(err.Error(), "start the server again") {
				t.Errorf("%s: %s: %v", when, what, err)
			}
		}
	}
	if err := os.Rename(path, away); err != nil {
		t.Fatal(err)
	}
	if err := load.Commit(t.Context()); kg.CodeOf(err) != kg.Unavailable {
		t.Errorf("a load was committed to a file that is gone: %v", err)
	}
	// a question looks for the file every 50 ms, and from then on each does
	for deadline := time.Now().Add(10 * time.Second); ; {
		if _, _, err := s.State(t.Context()); err != nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nobody noticed that the file is gone")
		}
	}
	refused("the file is gone")
	if err := os.WriteFile(path, []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused("another file is there")
	if err := errors.Join(os.Remove(path), os.Rename(away, path), s.Ready(t.Context())); err != nil {
		t.Fatal(err)
	}
	if got := names(t, cat, s); got != want {
		t.Errorf("the file is back: %s", got)
	}
}

// keep opens a store that is closed when the test ends.
func keep(t *testing.T, cat *catalog.Catalog, path string) *sqlitestore.Store {
	t.Helper()
	s := openAt(t, cat, path)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestWhoLoadsOnceLeavesNoSnapshot: of stores that are opened for one task, that of a load leaves no snapshot, and the
// first that reads does.
func TestWhoLoadsOnceLeavesNoSnapshot(t *testing.T) {
	cat := parse(t)
	path, other := filepath.Join(t.TempDir(), "g.db"), filepath.Join(t.TempDir(), "g.db")
	load := func(s *sqlitestore.Store) error { return storetest.Fill(t.Context(), s, storetest.Small()) }
	for _, c := range []struct {
		task     string
		path     string
		once     bool
		do       func(s *sqlitestore.Store) error
		restores bool
	}{
		{"a load", path, true, load, false},
		{"reading", path, true, func(s *sqlitestore.Store) error { return s.Warm(t.Context()) }, true},
		{"a load of a server", other, false, load, true},
	} {
		s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Path: c.path, Catalog: cat, Once: c.once})
		if err != nil {
			t.Fatal(err)
		}
		sqlitestore.SnapshotFrom(s, 1)
		if err := errors.Join(c.do(s), s.Close()); err != nil {
			t.Fatalf("%s: %v", c.task, err)
		}
		if s := openAt(t, cat, c.path); sqlitestore.Restores(t.Context(), s) != c.restores {
			t.Errorf("%s: a start restores %v", c.task, !c.restores)
		} else if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheFirstLayoutIsMigrated(t *testing.T) {
	cat := parse(t)
	path := filepath.Join(t.TempDir(), "g.db")
	layout, err := os.ReadFile("migrations/0001.sql")
	if err != nil {
		t.Fatal(err)
	}
	edit(t, path, string(layout), fmt.Sprintf(`PRAGMA application_id = %d`, 0x54684c6e), `PRAGMA user_version = 1`,
		`UPDATE meta SET value = 7`,
		`INSERT INTO node (k, id, type, name, createdAt, updatedAt, rev) VALUES (3, 'ann', 'PERSON', 'Ann', 1, 1, 7), (9, 'club', 'INSTITUTION', 'Club', 1, 1, 7)`)
	s := keep(t, cat, path)
	if got := names(t, cat, s); got != "Ann, Club" {
		t.Errorf("the names are %s", got)
	}
	b := two()
	b.Nodes[0].Name = "Bea"
	fill(t, s, b)
	if got := names(t, cat, s); got != "Bea, Club" {
		t.Errorf("after a load the names are %s", got)
	}
	log, err := s.Changes(t.Context(), &store.ChangesQuery{Touching: []string{"ann"}, Limit: 9})
	if err != nil || len(log) != 1 || log[0].Seq != 1 || log[0].Changed != 1 {
		t.Errorf("the log has %+v, %v", log, err)
	}
	items, err := s.Items(t.Context(), &store.ItemsQuery{Seq: 1, Limit: 9})
	if err != nil || len(items) != 1 || !strings.Contains(items[0].Before, `"name":"Ann"`) ||
		!strings.Contains(items[0].After, `"name":"Bea"`) {
		t.Errorf("its items are %+v, %v", items, err)
	}
}

func TestASnapshotThatDoesNotFitIsIgnored(t *testing.T) {
	cat := parse(t)
	other, err := catalog.Parse("schema.graphqls", strings.Replace(throughline.Schema, "  born: PartialDate\n",
		"  born: PartialDate\n  \"Another.\"\n  shoe: String\n", 1))
	if err != nil {
		t.Fatal(err)
	}
	if other.TypeOf("PERSON").Prop("shoe") == nil {
		t.Fatal("the other schema is the same")
	}
	for name, c := range map[string]struct {
		edit string
		cat  *catalog.Catalog
		used bool
	}{
		"as it was saved":     {edit: `SELECT 1`, cat: cat, used: true},
		"older than the rows": {edit: `UPDATE meta SET value = value + 1 WHERE key = 'seq'`, cat: cat, used: true},
		"another schema":      {edit: `SELECT 1`, cat: other},
		"a byte was changed": {
			edit: `UPDATE snapshot SET data = CAST(substr(data, 1, 20) || x'ff' || substr(data, 22) AS BLOB) WHERE part = 2`,
			cat:  cat,
		},
		"a part is short":   {edit: `UPDATE snapshot SET data = substr(data, 2) WHERE part = 0`, cat: cat},
		"a part is missing": {edit: `DELETE FROM snapshot WHERE part = 3`, cat: cat},
		"its head was changed": {
			edit: `UPDATE snapshot SET data = CAST(replace(CAST(data AS TEXT), '"Seq":1', '"Seq":0') AS BLOB) WHERE part = -1`,
			cat:  cat,
		},
		"its head is missing":  {edit: `DELETE FROM snapshot WHERE part = -1`, cat: cat},
		"of a later state":     {edit: `UPDATE meta SET value = 0 WHERE key = 'seq'`, cat: cat},
		"changes were dropped": {edit: `UPDATE meta SET value = 5 WHERE key IN ('seq', 'changedFrom')`, cat: cat},
		"rows are gone":        {edit: `DELETE FROM link; UPDATE meta SET value = 0 WHERE key = 'linkRows'`, cat: cat},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "g.db")
			s := openAt(t, cat, path)
			fill(t, s, two())
			if err := errors.Join(sqlitestore.Snapshot(t.Context(), s), s.Close()); err != nil {
				t.Fatal(err)
			}
			edit(t, path, c.edit)
			s = keep(t, c.cat, path)
			if got := sqlitestore.Restores(t.Context(), s); got != c.used {
				t.Errorf("the snapshot is used: %v", got)
			}
			if got := names(t, c.cat, s); got != "Ann, Club" {
				t.Errorf("the names are %s", got)
			}
		})
	}
}

// TestLostRowsAreMissed: rows that nobody deleted through the program are damage, whether the version is made of a
// snapshot or of rows.
func TestLostRowsAreMissed(t *testing.T) {
	cat := parse(t)
	for _, edits := range [][]string{
		{`DELETE FROM link`},
		{`DELETE FROM link`, `DELETE FROM node WHERE id = 'ann'`},
		{`DELETE FROM link`, `DELETE FROM snapshot`},
		{`UPDATE meta SET value = 7 WHERE key = 'nodeRows'`},
		{`DELETE FROM meta WHERE key = 'linkRows'`},
		{`DELETE FROM meta`},
	} {
		path := filepath.Join(t.TempDir(), "g.db")
		s := openAt(t, cat, path)
		fill(t, s, two())
		if err := errors.Join(sqlitestore.Snapshot(t.Context(), s), s.Close()); err != nil {
			t.Fatal(err)
		}
		edit(t, path, edits...)
		s = keep(t, cat, path)
		if _, err := heard(t.Context(), cat, s); kg.CodeOf(err) != kg.Corrupt {
			t.Errorf("%v: the export ends with %v", edits, err)
		}
		b := &plan.Query{Start: plan.Everything, Types: cat.Entities, Root: plan.Field{
			Page: plan.Paging{N: 10},
			Want: plan.Want{Rows: true}, Node: &plan.Sel{Props: []*catalog.Prop{cat.Prop("id")}},
		}}
		if _, err := s.Fetch(t.Context(), b); kg.CodeOf(err) != kg.Corrupt {
			t.Errorf("%v: a read ends with %v", edits, err)
		}
		var found []store.Damage
		if _, err := s.Check(t.Context(), func(d store.Damage) error {
			found = append(found,
				d)
			return nil
		}); err != nil || len(found) == 0 {
			t.Errorf("%v: a check finds %v, %v", edits, found, err)
		}
	}
}

func TestAnotherProcessWritesWhileOneReads(t *testing.T) {
	cat := parse(t)
	path := filepath.Join(t.TempDir(), "g.db")
	reader, writer := keep(t, cat, path), keep(t, cat, path)
	fill(t, reader, two())
	l, err := writer.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Rollback()
	if err := l.Put(t.Context(), &store.Batch{Nodes: []*kg.Node{
		{ID: "bob", Type: "PERSON", Name: "Bob"},
		{ID: "ann", Type: "PERSON", Name: "Anna"},
	}}); err != nil {
		t.Fatal(err)
	}
	if got := names(t, cat, reader); got != "Ann, Club" {
		t.Errorf("before the commit the names are %s", got)
	}
	if err := l.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		got := names(t, cat, reader)
		if got == "Anna, Bob, Club" {
			return
		}
		if got != "Ann, Club" || ctx.Err() != nil {
			t.Fatalf("after the commit the names are %s", got)
		}
		runtime.Gosched()
	}
}

// TestStatementsUseTheirIndexes holds every statement of the store, and what SQLite makes of it, to a golden file.
// There is no statement for each shape of question: answers come from memory, and only excerpts are asked for, by key.
func TestStatementsUseTheirIndexes(t *testing.T) {
	cat := parse(t)
	s := keep(t, cat, filepath.Join(t.TempDir(), "g.db"))
	fill(t, s, two())
	all, err := sqlitestore.Explained(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	// these read a table whole, and say so
	whole := map[string]bool{
		"export: sources": true, "export: nodes": true, "export: links": true, "load: links of a source whose text has changed": true,
		"load: links that rest on records": true, "import: external ids": true, "answers: evidence that is not verified": true,
	}
	var b strings.Builder
	for _, name := range sqlitestore.StatementNames() {
		lines := all[name]
		fmt.Fprintf(&b, "== %s\n%s\n", name, lines[0])
		for _, l := range lines[1:] {
			fmt.Fprintf(&b, "   %s\n", l)
			table, isScan := strings.CutPrefix(l, "SCAN ")
			if isScan && !whole[name] && !strings.Contains(table, "VIRTUAL TABLE") &&
				table != "touched" && table != "first" && table != "near" && table != "early" && // what the statement has found itself
				!strings.Contains(table, "node_former") && // an index of those alone that it asks for
				!strings.Contains(table, "CONSTANT ROW") && !strings.Contains(table, "VALUES CLAUSE") {
				t.Errorf("%s reads a whole table: %s", name, l)
			}
		}
	}
	const golden = "testdata/statements.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != string(want) {
		t.Errorf("the statements are not as in %s (write it anew with -update):\n%s", golden, got)
	}
}

// The first load of a file makes the index of the links' ids at its end, or earlier when an id comes again.
func TestALinkThatComesAgainInTheFirstLoadReplacesItself(t *testing.T) {
	cat := parse(t)
	s := keep(t, cat, filepath.Join(t.TempDir(), "g.db"))
	undone, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(undone.Put(t.Context(), two()), undone.Rollback()); err != nil {
		t.Fatal(err)
	}
	l, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again := two()
	again.Links[0].Evidence[0].Excerpt = "the club is Ann's"
	if err := errors.Join(l.Put(t.Context(), two()), l.Put(t.Context(), again), l.Commit(t.Context())); err != nil {
		t.Fatal(err)
	}
	var got []string
	err = s.Links(t.Context(), func(l *kg.Link) error { got = append(got, l.Evidence[0].Excerpt); return nil })
	if err != nil || len(got) != 1 || got[0] != "the club is Ann's" {
		t.Errorf("the links' excerpts are %q, error %v", got, err)
	}
}

// counted is what a statement counts in a file.
func counted(t *testing.T, path, query string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestALoadThatChangesNothingLeavesNothing loads the same again: no server need look at the file anew.
func TestALoadThatChangesNothingLeavesNothing(t *testing.T) {
	cat := parse(t)
	path := filepath.Join(t.TempDir(), "g.db")
	s := keep(t, cat, path)
	fill(t, s, two())
	before := counted(t, path, `SELECT value FROM meta WHERE key = 'seq'`)
	fill(t, s, two())
	if got := counted(t, path, `SELECT value FROM meta WHERE key = 'seq'`); got != before {
		t.Errorf("the seq was %d and is %d", before, got)
	}
	fill(t, s, &store.Batch{Nodes: []*kg.Node{{ID: "bea", Type: "PERSON", Name: "Bea"}}})
	if got := names(t, cat, s); got != "Ann, Bea, Club" {
		t.Errorf("after one more the names are %s", got)
	}
}

// beforeQuotations takes from a file what its seventh migration adds.
const beforeQuotations = `DROP INDEX link_quoted; ALTER TABLE link DROP COLUMN quoted`

// beforeStandings takes from a file what its fifth migration, and those behind it, add.
const beforeStandings = beforeQuotations + `; UPDATE link SET sources = (SELECT group_concat(k, ' ') FROM (SELECT DISTINCT s.k FROM json_each(link.evidence) e
	JOIN source s ON s.id = e.value ->> 0 ORDER BY s.k)); ALTER TABLE link DROP COLUMN refuters`

// beforeStrays takes from a file what its seventeenth migration adds.
const beforeStrays = `DROP INDEX link_stray; ALTER TABLE link DROP COLUMN stray`

// beforeSums takes the sums of rows out of a file, the log and former ids.
const beforeSums = beforeStrays + `; DROP INDEX node_former; ALTER TABLE node DROP COLUMN formerIds; DROP TABLE change; DROP TABLE change_item; DROP TABLE created; ALTER TABLE source DROP COLUMN sum; ALTER TABLE node DROP COLUMN sum; ALTER TABLE link DROP COLUMN sum; ALTER TABLE link DROP COLUMN wordsSum`

// TestLinksOfAnEarlierVersionGetTheirStanding opens a file in which the sources for and against a link stood together.
func TestLinksOfAnEarlierVersionGetTheirStanding(t *testing.T) {
	cat := parse(t)
	path := filepath.Join(t.TempDir(), "g.db")
	s := keep(t, cat, path)
	fill(t, s, storetest.Graph(cat, 3, 20, 80))
	const sides = `SELECT group_concat(id || ': ' || sources || ' against ' || refuters, char(10) ORDER BY id) FROM link`
	before := told(t, path, sides)
	if !strings.Contains(before, ":  against 1") || !strings.Contains(before, ": 2 against 1") {
		t.Fatalf("no link is refuted, or none disputed:\n%s", before)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	edit(t, path, beforeSums, beforeStandings, `PRAGMA user_version = 4`)
	keep(t, cat, path)
	if after := told(t, path, sides); after != before {
		t.Errorf("the sources were\n%s\nand are\n%s", before, after)
	}
}

// TestQuotationsOfAnEarlierVersionAreCompared opens a file that did not know which quotations stand in the texts it
// holds.
func TestQuotationsOfAnEarlierVersionAreCompared(t *testing.T) {
	cat := parse(t)
	path := filepath.Join(t.TempDir(), "g.db")
	s := keep(t, cat, path)
	fill(t, s, storetest.Graph(cat, 4, 40, 160))
	const found = `SELECT group_concat(id || ': ' || quoted, char(10) ORDER BY id) FROM link`
	before := told(t, path, found)
	for _, q := range []string{": 0", ": 1", ": 2"} {
		if !strings.Contains(before, q) {
			t.Fatalf("no link has%s:\n%s", q, before)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	edit(t, path, beforeSums, beforeQuotations, `PRAGMA user_version = 6`)
	keep(t, cat, path)
	if after := told(t, path, found); after != before {
		t.Errorf("what was found of quotations was\n%s\nand is\n%s", before, after)
	}
}

// TestWordsThatAnEarlierVersionCutAreNotVerified opens a file of a version that took words for those of a text which stand
// within others. A link that is damaged stays as it is, and nothing else waits for it.
func TestWordsThatAnEarlierVersionCutAreNotVerified(t *testing.T) {
	cat := parse(t)
	path := filepath.Join(t.TempDir(), "g.db")
	s := keep(t, cat, path)
	fill(t, s, cut())
	const all = `SELECT group_concat(id || ' ' || unverified || ' ' || evidence, char(10) ORDER BY id) FROM link`
	before := told(t, path, all)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	edit(t, path,
		`UPDATE link SET unverified = 0, evidence = replace(evidence, ',false]', ',true,8,28]') WHERE id <> 'l_moved'`,
		`UPDATE link SET evidence = replace(evidence, ',true,41,61]', ',true,8,28]') WHERE id = 'l_moved'`,
		`UPDATE link SET sum = throughline_sum(k, id, kind, from_k, to_k, hex(role), since, until, sources, refuters, unverified, createdAt, updatedAt, quoted),
			wordsSum = throughline_sum(k, evidence)`,
		`UPDATE link SET evidence = replace(evidence, 'ffiliated', 'ffiliatet') WHERE id = 'l_damaged'`,
		beforeStrays, `PRAGMA user_version = 15`)
	if now := told(t, path, all); strings.Contains(now, "false") || strings.Contains(now, "41") {
		t.Fatalf("the words are\n%s", now)
	}
	s = keep(t, cat, path)
	got := told(t, path, all)
	want := strings.NewReplacer("l_damaged 1 ", "l_damaged 0 ").Replace(before)
	at := strings.Index(want, "l_damaged")
	end := at + strings.Index(want[at:], "\n")
	damaged := strings.NewReplacer("false]", "true,8,28]", "ffiliated", "ffiliatet").Replace(want[at:end])
	if want = want[:at] + damaged + want[end:]; got != want {
		t.Errorf("the words are\n%s\nwant\n%s", got, want)
	}
	var found []string
	if _, err := s.Check(t.Context(), func(d store.Damage) error { found = append(found, d.ID); return nil }); err != nil ||
		fmt.Sprint(found) != "[l_damaged]" {
		t.Errorf("damaged are %v, %v", found, err)
	}
}

// cut are links whose words stand within others of their text, alone or before they stand there by themselves.
func cut() *store.Batch {
	b := two()
	b.Sources = []*kg.Source{
		{ID: "s_cut", Kind: "ARTICLE", Title: "Cut", Text: "is un-unaffiliated with Clubs"},
		{ID: "s_moved", Kind: "ARTICLE", Title: "Moved", Text: "is un-unaffiliated with Clubs, but he is affiliated with Club"},
	}
	of := func(id, source, words string) *kg.Link {
		l := *b.Links[0]
		l.ID, l.Evidence = id, []kg.Evidence{{Source: source, Excerpt: words, Stance: kg.Supports}}
		return &l
	}
	b.Links = []*kg.Link{
		of("l_cut", "s_cut", "affiliated with Club"), of("l_damaged", "s_cut", "affiliated with Clubs"), of("l_moved", "s_moved", "affiliated with Club"),
	}
	return b
}

// told is the one text that a statement gives.
func told(t *testing.T, path, query string) (s string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), query).Scan(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestChangesOfOneRowAreNotedOnce changes a row again and again: what is noted of it must not grow.
func TestChangesOfOneRowAreNotedOnce(t *testing.T) {
	cat := parse(t)
	path := filepath.Join(t.TempDir(), "g.db")
	s := keep(t, cat, path)
	b := two()
	for i := range 5 {
		b.Nodes[0].Name = fmt.Sprint("Ann ", i)
		fill(t, s, b)
	}
	if n := counted(t, path, `SELECT count(*) FROM changed`); n != 1 {
		t.Errorf("%d notes of one row", n)
	}
	if got := names(t, cat, s); got != "Ann 4, Club" {
		t.Errorf("the names are %s", got)
	}
	// of a file that an earlier version has written
	edit(t, path, `DROP TABLE changed`,
		`CREATE TABLE changed (seq INTEGER NOT NULL, what INTEGER NOT NULL, k INTEGER NOT NULL, PRIMARY KEY (seq, what, k)) STRICT, WITHOUT ROWID`,
		`INSERT INTO changed VALUES (2, 1, 1), (3, 1, 1), (3, 2, 1)`, beforeSums, beforeStandings, `PRAGMA user_version = 3`)
	keep(t, cat, path)
	if n := counted(t, path, `SELECT sum(seq) FROM changed`); n != 6 {
		t.Errorf("the sum of the last seqs is %d", n)
	}
}
