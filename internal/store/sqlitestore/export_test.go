package sqlitestore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// Snapshot saves a snapshot of the store as it is.
func Snapshot(ctx context.Context, s *Store) error {
	im, err := s.rebuild(ctx)
	if err != nil {
		return err
	}
	return s.save(ctx, im)
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

// Limit has the file take so many pages at most, but no fewer than it has, as a disk that is full. It returns how many that is.
func Limit(t *testing.T, s *Store, pages int) (most int) {
	t.Helper()
	if err := s.write.QueryRowContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)).Scan(&most); err != nil {
		t.Fatal(err)
	}
	return most
}

// ReadAhead has stores read ahead in graphs of any size until the test ends.
func ReadAhead(t *testing.T) {
	t.Helper()
	was := aheadFrom
	aheadFrom = 0
	t.Cleanup(func() { aheadFrom = was })
}

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
	defer rows.Close() //nolint:errcheck // rows.Err reports it
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

// statements are all of the store's. Those that only write a row by its key are left out.
var statements = map[string]string{
	"answers: evidence of many links": evidenceSQL, "answers: evidence of one link": oneEvidenceSQL, "answers: seq": seqSQL, "answers: texts of sources": sourceTextsSQL,
	"image: state": headSQL, "image: changed rows": changedSQL, "image: sources from a key on": sourceSQL, "image: sources by key": sourcesSQL,
	"image: nodes from a key on": nodeSQL, "image: nodes by key": nodesSQL, "image: links from a key to another": linkSQL, "image: links by key": linksSQL,
	"snapshot: chunk": chunkSQL, "snapshot: forget changes": forgetSQL,
	"load: begin": beginSQL, "load: node by id": rowSQL, "load: source by id": textSQL, "load: links that rest on records": restingOnSQL,
	"load: delete a node": dropNode, "load: delete a link": dropLink, "load: delete a source": dropSource, "load: change a node": setNode, "load: change a link": setLink, "load: change a source": setSource,
	"load: change evidence": setProof, "load: new links": insertSQL(newLink, 2), "load: links of a source whose text has changed": restingSQL,
	"load: links of a quotation whose words have changed": quotingSQL, "load: words of a quotation": wordsSQL, "answers: evidence that is not verified": unverifiedSQL,
	"export: sources": allSourcesSQL, "export: nodes": allNodesSQL, "export: links": allLinksSQL, "import: external ids": externalSQL, "import: types by id": typesSQL,
	"records: sources by id": someSources, "records: entities by id": someNodes, "records: links by id": someLinks,
}

// Images returns the image that a load into an empty store made beside its writing, part by part, and the one made of the rows.
func Images(ctx context.Context, s *Store) (fed, read [][]byte, err error) {
	im, err := advance(ctx, s.cat, s.bulk, nil)
	if err != nil {
		return nil, nil, err
	}
	return s.image.Load().bytes(), im.bytes(), nil
}

func (im *image) bytes() (out [][]byte) {
	if im == nil {
		return nil
	}
	for i, p := range im.parts() {
		switch i {
		case 0, 1, 19: // between their fields there are bytes that mean nothing
			out = append(out, fmt.Append(nil, im.nodes, im.links, im.groups))
		default:
			out = append(out, p.get())
		}
	}
	return out
}

// Derived returns what the store's image holds beside its rows, by name, and the same of an image made at once of the rows, and
// how many bytes the store's wastes.
func Derived(ctx context.Context, s *Store) (steps, once map[string]string, wasted int64, err error) {
	im, err := advance(ctx, s.cat, s.bulk, nil)
	if err != nil {
		return nil, nil, 0, err
	}
	own := s.image.Load()
	return own.derived(), im.derived(), own.wasted, nil
}

func (im *image) derived() map[string]string {
	ix, sx := &im.searching, &im.searchingSources
	out := map[string]string{
		"order of nodes": fmt.Sprint(im.nodeOrder), "ranks": fmt.Sprint(im.ranks), "types": fmt.Sprint(im.byType),
		"order of links": fmt.Sprint(im.linkOrder), "ranks of links": fmt.Sprint(im.linkRanks),
		"links of nodes": fmt.Sprint(im.adjacent, im.ends, im.groups), "links of sources": fmt.Sprint(im.supports),
		"refuted links": fmt.Sprint(im.refuted),
		"ids":           fmt.Sprint(im.nodeByID), "names": fmt.Sprint(im.byName), "external ids": fmt.Sprint(im.byExternal), "found ids": fmt.Sprint(im.byOuter),
		"words": fmt.Sprint(string(ix.words.text), ix.words.end), "words of names": fmt.Sprint(ix.name.ordered()), "words of texts": fmt.Sprint(ix.body.ordered()),
		"numbers of words": string(ix.nameCount),
		"words of sources": fmt.Sprint(string(sx.words.text), sx.words.end, sx.name.ordered(), sx.body.ordered(), string(sx.nameCount)),
	}
	var rows strings.Builder
	for k := range im.nodes {
		if n := &im.nodes[k]; n.typ != 0 {
			fmt.Fprintf(&rows, "%d %q %d %d %d %d %v %d %d %d\n", k, im.textsOf(n), im.born[n.created], im.born[n.updated], n.from, n.to, n.dated, n.group0, n.group1, n.loops)
		}
	}
	for k := range im.links {
		if l := &im.links[k]; l.from != 0 {
			fmt.Fprintf(&rows, "%d %s %d %d %d %q %q %q %d %s %v %v %d %d\n", k, im.linkID(uint32(k)), l.kind, l.from, l.to, im.roles[l.role], im.dates[l.since].text, im.dates[l.until].text,
				l.proof, l.standing, im.sourcesOf(uint32(k)), im.refutersOf(uint32(k)), im.stamps[l.created], im.stamps[l.updated])
		}
	}
	out["rows"] = rows.String()
	return out
}

// ordered are the lists, each in order.
func (l *lists) ordered() (out [][]uint32) {
	for i := range len(l.start) - 1 {
		out = append(out, slices.Sorted(slices.Values(l.of(uint32(i)))))
	}
	return out
}

// OpenLocked opens a file to read it, as one that may not be written.
func OpenLocked(ctx context.Context, o Options) (*Store, error) {
	o.Reads = true
	return openWith(ctx, o, func(string) bool { return true })
}

// LookNow has the next request look for what others have written, however short ago the last one did.
func LookNow(s *Store) { s.watch.next.Store(0) }
