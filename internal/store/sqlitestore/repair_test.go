package sqlitestore_test

import (
	"database/sql"
	"errors"
	"testing"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/store/storetest"
)

// Statements that give a row the sums of what it holds now: the damage is then not one of the disk.
const (
	sealedLink = `; UPDATE link SET sum = throughline_sum(k, id, kind, from_k, to_k, hex(role), since, until, sources, refuters, unverified, createdAt, updatedAt, quoted),
		wordsSum = throughline_sum(k, evidence)`
	sealedItem = `; UPDATE change_item SET sum = CASE made WHEN 0 THEN throughline_sum(seq, id, kind, a, b, wasA, wasB, before, after)
		ELSE throughline_sum(seq, id, kind, a, b, wasA, wasB, before, after, made) END`
	// unlisted has SQLite take an index for one of fewer rows
	unlisted = `; PRAGMA writable_schema = RESET`
)

// damagesOf are the damages of a file.
func damagesOf(path func() string) []storetest.Damaging {
	var all []storetest.Damaging
	damage := func(kind store.Fault, id, name, statement string) *storetest.Damaging {
		all = append(all, storetest.Damaging{
			Name: name, Kind: kind, ID: id, Do: func(t *testing.T) { t.Helper(); damageFile(t, path(), statement) },
		})
		return &all[len(all)-1]
	}
	damage(store.FaultyExcerpts, "l_said", "an excerpt that stands is marked as one that does not",
		`UPDATE link SET evidence = replace(evidence, 'true,', 'false,'), unverified = unverified + 1 WHERE id = 'l_said'`+sealedLink)
	damage(store.FaultyExcerpts, "l_said", "an excerpt is said to stand elsewhere",
		`UPDATE link SET evidence = replace(evidence, 'true,0,8', 'true,7,15') WHERE id = 'l_said'`+sealedLink)
	damage(store.FaultyExcerpts, "l_ann", "an excerpt of nowhere is said to stand",
		`UPDATE link SET evidence = replace(evidence, 'false]', 'true,0,3]') WHERE id = 'l_ann'`+sealedLink)
	damage(store.FaultyCounts, "l_said", "too many excerpts are said not to be verified",
		`UPDATE link SET unverified = 7 WHERE id = 'l_said'`+sealedLink)
	damage(store.FaultyCounts, "l_bob", "a denied link is said to be supported",
		`UPDATE link SET sources = refuters, refuters = '' WHERE id = 'l_bob'`+sealedLink)
	damage(store.FaultyCounts, "l_said", "a quotation is said not to stand in its source",
		`UPDATE link SET quoted = 1 WHERE id = 'l_said'`+sealedLink)
	damage(store.FaultyTerms, "l_cat", "a change is not found by an end that a link had",
		`UPDATE change_item SET wasB = '' WHERE id = 'l_cat'`+sealedItem)
	damage(store.FaultyTerms, "l_said", "a link is not found by what it says",
		`UPDATE link SET stray = 0 WHERE id = 'l_said'`)
	damage(store.FaultyIndexes, "", "an index lacks a row",
		`PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = 'CREATE INDEX link_quoted ON link (to_k, quoted) WHERE quoted > 5' WHERE name = 'link_quoted'; PRAGMA writable_schema = RESET;
			REINDEX link_quoted; PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = 'CREATE INDEX link_quoted ON link (to_k, quoted) WHERE quoted > 0' WHERE name = 'link_quoted'`+unlisted)
	damage(store.FaultyRecords, "ann", "an entity is not as it was written",
		`UPDATE node SET name = 'Anna' WHERE id = 'ann'`).Left = true
	damage(store.FaultyRecords, "s_c", "a source is not as it was written",
		`UPDATE source SET title = 'Z' WHERE id = 's_c'`).Left = true
	damage(store.FaultyRecords, "s_a", "a text is not as it was written",
		`UPDATE source SET text = 'Ann said nothing.' WHERE id = 's_a'`).Left = true
	damage(store.FaultyRecords, "l_ann", "a link is not as it was written",
		`UPDATE link SET role = 'Chef' WHERE id = 'l_ann'`).Left = true
	damage(store.FaultyRecords, "l_said", "evidence is not as it was written",
		`UPDATE link SET evidence = replace(evidence, 'Ann', 'Bob') WHERE id = 'l_said'`).Left = true
	damage(store.FaultyMissing, "l_cat", "an end is not there",
		`PRAGMA foreign_keys = 0; DELETE FROM node WHERE id = 'cat'; UPDATE meta SET value = value - 1 WHERE key = 'nodeRows'; `+
			`UPDATE link SET to_k = 99 WHERE id = 'l_cat'`+sealedLink).Left = true
	damage(store.FaultyMissing, "l_bob", "a source that is quoted is not there",
		`UPDATE link SET evidence = replace(evidence, 's_b', 's_z') WHERE id = 'l_bob'`+sealedLink).Left = true
	damage(store.FaultyRecords, "", "rows are lost",
		`UPDATE meta SET value = value + 1 WHERE key = 'sourceRows'`).Left = true
	damage(store.FaultyLog, "bob", "a change is not as it was written",
		`UPDATE change_item SET after = replace(after, 'Rows', 'Sits') WHERE id = 'bob'`).Left = true
	damage(store.FaultyLog, "", "the log does not say where it begins",
		`UPDATE meta SET value = 3 WHERE key = 'changesFrom'`).Left = true
	damage(store.FaultyLog, "", "a change is lost",
		`DELETE FROM change WHERE seq = 1`).Left = true
	damage(store.FaultyLog, "", "the last change is lost", `DELETE FROM change WHERE seq = 2`).Left = true
	return all
}

// damageFile runs statements on a file, as another process does.
func damageFile(t *testing.T, path, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statements); err != nil {
		t.Fatal(err)
	}
}

// TestASnapshotOfOtherRowsIsDropped: a snapshot that is not of the rows, or is damaged, is found and dropped; a server that
// began with it reads what the rows say from then on.
func TestASnapshotOfOtherRowsIsDropped(t *testing.T) {
	cat := parse(t)
	for name, statement := range map[string]string{
		// as a load that did not note what it changed would leave it
		"other rows": `UPDATE node SET name = 'Other', rev = rev + 1 WHERE id = 'p7'; UPDATE node SET sum = throughline_sum(k, id, type, name, description, aliases, externalIds, formerIds, props, createdAt, updatedAt) WHERE id = 'p7'`,
		"damaged":    `UPDATE snapshot SET data = zeroblob(length(data)) WHERE part = 0 AND chunk = 0`,
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir() + "/g.db"
			s := openAt(t, cat, path)
			if err := errors.Join(storetest.Fill(t.Context(), s, crowd(300)), s.Warm(t.Context()), sqlitestore.Snapshot(t.Context(), s), s.Close()); err != nil {
				t.Fatal(err)
			}
			damageFile(t, path, statement)
			server, other := keep(t, cat, path), keep(t, cat, path)
			if err := server.Warm(t.Context()); err != nil {
				t.Fatal(err)
			}
			check := func(work func(f func(store.Damage) error) error) (all []store.Damage) {
				t.Helper()
				if err := work(func(d store.Damage) error { all = append(all, d); return nil }); err != nil {
					t.Fatal(err)
				}
				return all
			}
			find := func(f func(store.Damage) error) error { _, err := other.Check(t.Context(), f); return err }
			mend := func(f func(store.Damage) error) error { _, err := other.Repair(t.Context(), f); return err }
			if all := check(find); len(all) != 1 || all[0].Kind != store.FaultySnapshot || !all[0].Mends {
				t.Fatalf("found is %+v", all)
			}
			if all := check(mend); len(all) != 1 || !all[0].Mended {
				t.Errorf("mended is %+v", all)
			}
			if all := check(find); len(all) > 0 {
				t.Errorf("left is %+v", all)
			}
			sqlitestore.LookNow(server)
			if err := server.Warm(t.Context()); err != nil {
				t.Fatal(err)
			}
			steps, once, _, err := sqlitestore.Derived(t.Context(), server)
			if err != nil {
				t.Fatal(err)
			}
			for part, want := range once {
				if steps[part] != want {
					t.Errorf("the server's %s are not of the rows", part)
				}
			}
		})
	}
}

// TestARepairIsAllOrNothing: a repair that is given up leaves the file as it was, and so does one that finds nothing.
func TestARepairIsAllOrNothing(t *testing.T) {
	cat, path := parse(t), t.TempDir()+"/g.db"
	s := keep(t, cat, path)
	fill(t, s, storetest.Small())
	seq := func() (n int64) {
		t.Helper()
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := db.QueryRowContext(t.Context(), `SELECT value FROM meta WHERE key = 'seq'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := seq()
	if _, err := s.Repair(t.Context(), func(d store.Damage) error { t.Errorf("found is %+v", d); return nil }); err != nil {
		t.Fatal(err)
	}
	if seq() != before {
		t.Error("a repair of nothing writes")
	}
	damageFile(t, path, `UPDATE link SET unverified = 9`+sealedLink)
	enough, found := kg.Errorf(kg.Internal, "enough"), 0
	if _, err := s.Repair(t.Context(), func(store.Damage) error {
		if found++; found == 2 {
			return enough
		}
		return nil
	}); !errors.Is(err, enough) {
		t.Error(err)
	}
	left := 0
	if _, err := s.Check(t.Context(), func(store.Damage) error { left++; return nil }); err != nil || left != len(storetest.Small().Links) || seq() != before {
		t.Errorf("of a repair that is given up %d are left, seq %d, %v", left, seq(), err)
	}
}
