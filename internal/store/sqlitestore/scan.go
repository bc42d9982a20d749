package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/memgraph"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/store"
)

// The statements that read everything, and those that find records by id.
const (
	wholeSource = `SELECT id, title, url, kind, publisher, authors, publishedOn, text, contentHash, throughline_sum(` +
		sourceSummed + `) = sum FROM source `
	wholeNode = `SELECT id, type, name, description, aliases, externalIds, formerIds, props, createdAt, updatedAt, throughline_sum(` +
		nodeSummed + `) = sum, (SELECT max(quoted) FROM link WHERE to_k = node.k AND quoted > 0) FROM node `
	wholeLink = `SELECT l.id, l.kind, a.id, b.id, l.role, l.since, l.until, l.evidence, l.createdAt, l.updatedAt,
		throughline_sum(` + linkSummedOf + `) = l.sum AND throughline_sum(l.k, l.evidence) = l.wordsSum FROM `
	// a link whose end is gone is damaged
	joinEnds      = ` LEFT JOIN node a ON a.k = l.from_k LEFT JOIN node b ON b.k = l.to_k `
	allSourcesSQL = wholeSource + `ORDER BY id`
	allNodesSQL   = wholeNode + `ORDER BY id`
	allLinksSQL   = wholeLink + `link l` + joinEnds + `ORDER BY l.id`
	someSources   = wholeSource + `WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id`
	someNodes     = wholeNode + `WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id`
	someLinks     = wholeLink + `link l` + joinEnds + `WHERE l.id IN (SELECT value FROM json_each(?)) ORDER BY l.id`
	// resting is the condition of a link that ends at an entity of ?1 or rests on a source of ?2
	resting = `l.from_k IN (SELECT n.k FROM json_each(?1) w JOIN node n ON n.id = w.value)
		OR l.to_k IN (SELECT n.k FROM json_each(?1) w JOIN node n ON n.id = w.value)
		OR ?2 <> '[]' AND EXISTS (SELECT 1 FROM json_each(l.evidence) e WHERE e.value->>0 IN (SELECT value FROM json_each(?2))) ORDER BY l.id`
	// restingOnSQL looks at every link, and at all evidence where sources are asked about
	restingOnSQL = `SELECT l.id FROM link l WHERE ` + resting
	// restingNearSQL looks at the links that a version has there, and at those that were written since
	restingNearSQL = `WITH near AS (SELECT value AS k FROM json_each(?3) UNION SELECT k FROM changed WHERE what = 2 AND seq > ?4
		UNION SELECT k FROM link WHERE k > ?5) SELECT l.id FROM near CROSS JOIN link l ON l.k = near.k WHERE ` + resting
	notedFromSQL = `SELECT value FROM meta WHERE key = 'changedFrom'`
	externalSQL  = `SELECT id, externalIds, throughline_sum(` + nodeSummed +
		`) = sum FROM node WHERE externalIds <> '' ORDER BY id`
	mergedSQL = `SELECT f.value, n.id FROM node n, json_each(n.formerIds) f WHERE n.formerIds <> ''`
	typesSQL  = `WITH w AS (SELECT value AS id FROM json_each(?))
		SELECT n.id, n.type FROM w JOIN node n ON n.id = w.id
		UNION ALL SELECT s.id, 'SOURCE' FROM w JOIN source s ON s.id = w.id
		UNION ALL SELECT l.id, 'LINK' FROM w JOIN link l ON l.id = w.id`
)

// scan runs a statement on a state of its own and calls f for each row.
func scan(ctx context.Context, db queryer, text string, f func(*sql.Rows) error, args ...any) error {
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return storeError(ctx, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err reports it
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return storeError(ctx, rows.Err())
}

// queryer is a database or a transaction.
type queryer interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

const rowsSQL = `SELECT value FROM meta WHERE key = ?`

// all reads a table whole, by id and in one state of the file. It holds that every row that was written comes, once.
func all[T any](
	ctx context.Context, s *Store, table int, text string, read func(context.Context, queryer, func(*T) error, string,
		...any) error,
	id func(*T) string, f func(*T) error,
) error {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return storeError(ctx, err)
	}
	defer tx.Rollback() //nolint:errcheck // it only reads
	d := damage{what: tables[table] + "s", lost: true}
	if err := tx.QueryRowContext(ctx, rowsSQL, tables[table]+"Rows").Scan(&d.want); err != nil {
		return storeError(ctx, err)
	}
	last := ""
	err = read(ctx, tx, func(x *T) error {
		if id(x) <= last {
			return s.damaged(tables[table], id(x))
		}
		last = id(x)
		d.held++
		return f(x)
	}, text)
	if err == nil && d.held != d.want {
		err = d.corrupt(s.file.path)
	}
	return err
}

// Sources reads all sources by id.
func (s *Store) Sources(ctx context.Context, f func(*kg.Source) error) error {
	return all(ctx, s, changedSource, allSourcesSQL, s.sources, func(x *kg.Source) string { return x.ID }, f)
}

func (s *Store) sources(ctx context.Context, db queryer, f func(*kg.Source) error, text string, args ...any) error {
	return scan(ctx, db, text, func(rows *sql.Rows) error {
		var x kg.Source
		var authors, hash string
		var whole bool
		if err := rows.Scan(&x.ID, &x.Title, &x.URL, &x.Kind, &x.Publisher, &authors, &x.PublishedOn, &x.Text, &hash,
			&whole); err != nil {
			return unreadable(err)
		}
		if !whole || contentHash(x.Text) != hash {
			return s.damaged("source", x.ID)
		}
		if err := json.Unmarshal([]byte(authors), &x.Authors); err != nil {
			return storeError(ctx, err)
		}
		return f(&x)
	}, args...)
}

// Nodes reads all entities by id.
func (s *Store) Nodes(ctx context.Context, f func(*kg.Node) error) error {
	return all(ctx, s, changedNode, allNodesSQL, s.nodes, func(x *kg.Node) string { return x.ID }, f)
}

func (s *Store) nodes(ctx context.Context, db queryer, f func(*kg.Node) error, text string, args ...any) error {
	return scan(ctx, db, text, func(rows *sql.Rows) error {
		var x kg.Node
		var aliases, ext, former, props string
		var created, updated int64
		var quoted sql.NullByte
		var whole bool
		err := rows.Scan(&x.ID, &x.Type, &x.Name, &x.Description, &aliases, &ext, &former, &props, &created, &updated, &whole,
			&quoted)
		switch {
		case err != nil:
			err = unreadable(err)
		case !whole:
			err = s.damaged("entity", x.ID)
		}
		x.CreatedAt, x.UpdatedAt, x.Verified = kg.TimeAt(created), kg.TimeAt(updated), rules.Quoted(quoted.Byte).Verified()
		if err == nil && aliases != "" {
			err = json.Unmarshal([]byte(aliases), &x.Aliases)
		}
		if err == nil && ext != "" {
			err = json.Unmarshal([]byte(ext), &x.ExternalIDs)
		}
		if err == nil && former != "" {
			err = json.Unmarshal([]byte(former), &x.FormerIDs)
		}
		if err == nil && props != "" {
			x.Props, err = parseProps(s.cat.TypeOf(x.Type), props)
		}
		if err != nil {
			return storeError(ctx, err)
		}
		return f(&x)
	}, args...)
}

func parseProps(t *catalog.Type, props string) (map[string]any, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal([]byte(props), &raw); err != nil {
		return nil, err
	}
	out := make(map[string]any, len(raw))
	for _, p := range t.Props {
		r, ok := raw[p.Name]
		if !ok {
			continue
		}
		v, err := memgraph.ParseProp(p, r)
		if err != nil {
			return nil, err
		}
		switch v.Kind {
		case kg.String:
			out[p.Name] = v.Str
		case kg.Int:
			out[p.Name] = v.Int
		case kg.Float:
			out[p.Name] = v.Float()
		case kg.Bool:
			out[p.Name] = v.Int == 1
		}
	}
	return out, nil
}

// Links reads all links by id.
func (s *Store) Links(ctx context.Context, f func(*kg.Link) error) error {
	return all(ctx, s, changedLink, allLinksSQL, s.links, func(x *kg.Link) string { return x.ID }, f)
}

func (s *Store) links(ctx context.Context, db queryer, f func(*kg.Link) error, text string, args ...any) error {
	return scan(ctx, db, text, func(rows *sql.Rows) error {
		var x kg.Link
		var raw sql.RawBytes
		var created, updated int64
		var from, to sql.NullString
		var whole bool
		if err := rows.Scan(&x.ID, &x.Kind, &from, &to, &x.Role, &x.Since, &x.Until, &raw, &created, &updated,
			&whole); err != nil {
			return unreadable(err)
		}
		if !whole || !from.Valid || !to.Valid {
			return s.damaged("link", x.ID)
		}
		x.From, x.To = from.String, to.String
		x.CreatedAt, x.UpdatedAt = kg.TimeAt(created), kg.TimeAt(updated)
		stored, err := parseEvidence(raw)
		if err != nil {
			return storeError(ctx, err)
		}
		x.Evidence = stored
		return f(&x)
	}, args...)
}

// ExternalIDs reads the external ids of all entities.
func (s *Store) ExternalIDs(ctx context.Context, f func(entity string, e kg.ExternalID) error) error {
	return scan(ctx, s.read, externalSQL, func(rows *sql.Rows) error {
		var id, ext string
		var whole bool
		var list []kg.ExternalID
		err := rows.Scan(&id, &ext, &whole)
		switch {
		case err != nil:
			err = unreadable(err)
		case !whole:
			err = s.damaged("entity", id)
		}
		if err == nil {
			err = json.Unmarshal([]byte(ext), &list)
		}
		if err != nil {
			return storeError(ctx, err)
		}
		for _, e := range list {
			if err := f(id, e); err != nil {
				return err
			}
		}
		return nil
	})
}

// Records finds records by their ids, in one state of the file.
func (s *Store) Records(ctx context.Context, ids []string) (*store.Batch, error) {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, storeError(ctx, err)
	}
	defer tx.Rollback() //nolint:errcheck // it only reads
	return s.records(ctx, tx, ids)
}

func (s *Store) records(ctx context.Context, db queryer, ids []string) (*store.Batch, error) {
	sources, entities, links := kg.SortIDs(ids)
	b := &store.Batch{}
	if len(sources) > 0 {
		if err := s.sources(ctx, db, func(x *kg.Source) error { b.Sources = append(b.Sources, x); return nil },
			someSources, listJSON(sources)); err != nil {
			return nil, err
		}
	}
	if len(entities) > 0 {
		if err := s.nodes(ctx, db, func(x *kg.Node) error { b.Nodes = append(b.Nodes, x); return nil }, someNodes,
			listJSON(entities)); err != nil {
			return nil, err
		}
	}
	if len(links) > 0 {
		if err := s.links(ctx, db, func(x *kg.Link) error { b.Links = append(b.Links, x); return nil }, someLinks,
			listJSON(links)); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// Resting finds the links that end at entities or rest on sources.
func (s *Store) Resting(ctx context.Context, ids []string) ([]string, error) {
	return s.resting(ctx, s.read, ids)
}

// resting looks at those links alone that the version in memory has there, or that were written since, if there is a
// version and the file says what was written since. Otherwise it looks at every link.
func (s *Store) resting(ctx context.Context, db queryer, ids []string) ([]string, error) {
	sources, entities, _ := kg.SortIDs(ids)
	if len(sources)+len(entities) == 0 {
		return nil, nil
	}
	if graph := s.graph.Load(); graph != nil {
		near, err := json.Marshal(graph.RestingOn(ids))
		if err != nil {
			return nil, err
		}
		out, err := scanIDs(ctx, db, restingNearSQL, idsJSON(entities), idsJSON(sources), string(near), graph.Seq(), graph.Largest().Links)
		if err != nil {
			return nil, err
		}
		var from int64 // read last: it only grows
		if err := scan(ctx, db, notedFromSQL, func(rows *sql.Rows) error { return rows.Scan(&from) }); err != nil || from <= graph.Seq() {
			return out, err
		}
	}
	return scanIDs(ctx, db, restingOnSQL, idsJSON(entities), idsJSON(sources))
}

// scanIDs reads a list of ids.
func scanIDs(ctx context.Context, db queryer, text string, args ...any) (out []string, err error) {
	err = scan(ctx, db, text, func(rows *sql.Rows) error {
		var id string
		if err := rows.Scan(&id); err != nil {
			return unreadable(err)
		}
		out = append(out, id)
		return nil
	}, args...)
	return out, err
}

// Types finds what records are by their ids.
func (s *Store) Types(ctx context.Context, ids []string) (map[string]string, error) {
	return types(ctx, s.read, ids)
}

// Merged finds the entities whose former ids some are.
func (s *Store) Merged(ctx context.Context, ids []string) (map[string]string, error) {
	return merged(ctx, s.read, ids)
}

func merged(ctx context.Context, db queryer, ids []string) (map[string]string, error) {
	out := map[string]string{}
	err := scan(ctx, db, mergedSQL, func(rows *sql.Rows) error {
		var former, id string
		if err := rows.Scan(&former, &id); err != nil {
			return unreadable(err)
		}
		if ids == nil || slices.Contains(ids, former) {
			out[former] = id
		}
		return nil
	})
	return out, err
}

func types(ctx context.Context, db queryer, ids []string) (map[string]string, error) {
	arg, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	rows, err := db.QueryContext(ctx, typesSQL, string(arg))
	if err != nil {
		return nil, storeError(ctx, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err reports it
	out := make(map[string]string, len(ids))
	for rows.Next() {
		var id, typ string
		if err := rows.Scan(&id, &typ); err != nil {
			return nil, unreadable(err)
		}
		out[id] = typ
	}
	return out, storeError(ctx, rows.Err())
}
