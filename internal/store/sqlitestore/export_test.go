package sqlitestore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/internal/store"
)

// Snapshot saves a snapshot of the store as it is.
func Snapshot(ctx context.Context, s *Store) error {
	graph, err := s.rebuild(ctx)
	if err != nil {
		return err
	}
	return s.save(ctx, graph)
}

// ReadAndLeft returns what the store makes of an error of reading a row whose context has ended.
func ReadAndLeft(t *testing.T, s *Store) error {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	rows, err := s.read.QueryContext(ctx, "SELECT 1 UNION ALL SELECT 2")
	if err != nil || !rows.Next() {
		t.Fatal(err, rows.Err())
	}
	defer rows.Close()
	leave()
	for { // the rows are closed by another goroutine
		var n int
		if err := rows.Scan(&n); err != nil {
			return storeError(ctx, unreadable(err))
		}
	}
}

// Limit has the file take so many pages at most, but no fewer than it has, as a disk that is full. It returns how many
// that is.
func Limit(t *testing.T, s *Store, pages int) (most int) {
	t.Helper()
	if err := s.write.QueryRowContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d",
		pages)).Scan(&most); err != nil {
		t.Fatal(err)
	}
	return most
}

// Forbid has SQLite refuse to write the file, as where permission is missing, until it is called back.
func Forbid(t *testing.T, s *Store) (allow func()) {
	set := func(v string) {
		t.Helper()
		if _, err := s.write.ExecContext(t.Context(), "PRAGMA query_only = "+v); err != nil {
			t.Fatal(err)
		}
	}
	set("1")
	return func() { set("0") }
}

// SnapshotFrom has loads of so many rows leave a snapshot.
func SnapshotFrom(s *Store, rows int64) { s.snapshotFrom = rows }

// Restores reports whether a start would use the snapshot.
func Restores(ctx context.Context, s *Store) bool { return s.restore(ctx) != nil }

// Explained is every statement of the store with the plan that SQLite makes for it, by name.
func Explained(ctx context.Context, s *Store) (map[string][]string, error) {
	out := map[string][]string{}
	for name, text := range statements {
		out[name] = []string{text}
		err := explain(ctx, s, text, func(line string) { out[name] = append(out[name], line) })
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func explain(ctx context.Context, s *Store, text string, line func(string)) error {
	rows, err := s.read.QueryContext(ctx, "EXPLAIN QUERY PLAN "+text, make([]any, strings.Count(text, "?"))...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			return err
		}
		line(detail)
	}
	return rows.Err()
}

// StatementNames are the names of Explained, in order.
func StatementNames() []string { return slices.Sorted(maps.Keys(statements)) }

// changesOf is the statement that reads a page of changes.
func changesOf(q *store.ChangesQuery) string {
	text, _ := changesText(changeColumns, q)
	return text + " ORDER BY seq DESC LIMIT ?"
}

// itemsOf is the statement that reads a page of items.
func itemsOf(q *store.ItemsQuery) string {
	text, _ := itemsText(itemColumns, q)
	return text + " ORDER BY id LIMIT ?"
}

// statements are all of the store's. Those that only write a row by its key are left out.
var statements = map[string]string{
	"answers: evidence of many links": evidenceSQL, "answers: evidence of one link": oneEvidenceSQL, "answers: seq": seqSQL, "answers: texts of sources": sourceTextsSQL,
	"image: state": headSQL, "image: changed rows": changedSQL, "image: sources from a key on": sourceSQL, "image: sources by key": sourcesSQL,
	"image: nodes from a key on": nodeSQL, "image: nodes by key": nodesSQL, "image: links from a key to another": linkSQL, "image: links by key": linksSQL,
	"snapshot: chunk": chunkSQL, "snapshot: forget changes": forgetSQL,
	"load: begin": beginSQL, "load: node by id": rowSQL, "load: source by id": textSQL, "load: links that rest on records": restingOnSQL, "load: links near records that rest on them": restingNearSQL,
	"load: delete a node": dropNode, "load: delete a link": dropLink, "load: delete a source": dropSource, "load: change a node": setNode, "load: change a link": setLink, "load: change a source": setSource,
	"load: change evidence": setProof, "load: new links": insertSQL(newLink,
		2), "load: links of a source whose text has changed": restingSQL,
	"load: links of a quotation whose words have changed": quotingSQL, "load: words of a quotation": wordsSQL, "answers: evidence that is not verified": unverifiedSQL,
	"export: sources": allSourcesSQL, "export: nodes": allNodesSQL, "export: links": allLinksSQL, "import: external ids": externalSQL, "import: types by id": typesSQL, "import: former ids": mergedSQL,
	"log: number of a change": nextChangeSQL, "log: item": itemSQL, "log: items that came to nothing": dropItems, "log: count of items": countItems,
	"log: changes that touch records":    changesOf(&store.ChangesQuery{Touching: []string{}}),
	"log: changes by id":                 changesOf(&store.ChangesQuery{IDs: []string{}}),
	"log: changes that take others back": changesOf(&store.ChangesQuery{Reverting: []string{}}),
	"log: changes of somebody":           changesOf(&store.ChangesQuery{By: new(string)}),
	"log: items that touch records":      itemsOf(&store.ItemsQuery{Touching: []string{}}),
	"log: items of a change":             itemsOf(&store.ItemsQuery{Before: "b"}),
	"log: first items after a change":    laterSQL, "log: imports that created records": madeSQL, "log: the import that created a record": madeOneSQL,
	"log: where it begins": whereKeptSQL, "log: where it begins now": keptSQL, "log: whether there is anything to delete": compactsSQL,
	"log: earliest changes": earliestSQL, "log: delete changes": forgetChanges, "log: delete items": forgetItems,
	"records: sources by id": someSources, "records: entities by id": someNodes, "records: links by id": someLinks,
	"strays: whether there are any": anyStraySQL, "strays: by what they say": straysSQL,
}

// Images returns the graph that a load into an empty store made beside its writing, described, and the one made of the
// rows.
func Images(ctx context.Context, s *Store) (fed, read map[string]string, err error) {
	graph, err := advance(ctx, s.cat, s.bulk, nil)
	if err != nil {
		return nil, nil, err
	}
	if own := s.graph.Load(); own != nil {
		fed = own.Describe()
	}
	return fed, graph.Describe(), nil
}

// Derived returns what the store's graph holds, by name, and the same of one made at once of the rows, and
// how many bytes the store's wastes.
func Derived(ctx context.Context, s *Store) (steps, once map[string]string, wasted int64, err error) {
	graph, err := advance(ctx, s.cat, s.bulk, nil)
	if err != nil {
		return nil, nil, 0, err
	}
	own := s.graph.Load()
	return own.Describe(), graph.Describe(), own.Wasted(), nil
}

// OpenLocked opens a file to read it, as one that may not be written.
func OpenLocked(ctx context.Context, o Options) (*Store, error) {
	o.Reads = true
	return openWith(ctx, o, func(string) bool { return true })
}

// LookNow has the next request look for what others have written, however short ago the last one did.
func LookNow(s *Store) { s.watch.next.Store(0) }

// Full reports whether the version there is has something to merge that nobody has begun to.
func Full(s *Store) bool { return s.graph.Load().Full() }
