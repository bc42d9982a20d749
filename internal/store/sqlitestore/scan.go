package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
)

// The statements that read everything, and one that finds records by id.
const (
	allSourcesSQL = `SELECT id, title, url, kind, publisher, authors, publishedOn, text FROM source ORDER BY id`
	allNodesSQL   = `SELECT id, type, name, description, aliases, externalIds, props, createdAt, updatedAt FROM node ORDER BY id`
	allLinksSQL   = `SELECT l.id, l.kind, a.id, b.id, l.role, l.since, l.until, l.evidence, l.createdAt, l.updatedAt
		FROM link l JOIN node a ON a.k = l.from_k JOIN node b ON b.k = l.to_k ORDER BY l.id`
	typesSQL = `WITH w AS (SELECT value AS id FROM json_each(?))
		SELECT n.id, n.type FROM w JOIN node n ON n.id = w.id
		UNION ALL SELECT s.id, 'SOURCE' FROM w JOIN source s ON s.id = w.id
		UNION ALL SELECT l.id, 'LINK' FROM w JOIN link l ON l.id = w.id`
)

// scan runs a statement on a state of its own and calls f for each row.
func (s *Store) scan(ctx context.Context, text string, f func(*sql.Rows) error) error {
	rows, err := s.read.QueryContext(ctx, text)
	if err != nil {
		return storeError(ctx, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return storeError(ctx, rows.Err())
}

// Sources reads all sources by id.
func (s *Store) Sources(ctx context.Context, f func(*kg.Source) error) error {
	return s.scan(ctx, allSourcesSQL, func(rows *sql.Rows) error {
		var x kg.Source
		var authors string
		if err := rows.Scan(&x.ID, &x.Title, &x.URL, &x.Kind, &x.Publisher, &authors, &x.PublishedOn, &x.Text); err != nil {
			return storeError(ctx, err)
		}
		if err := json.Unmarshal([]byte(authors), &x.Authors); err != nil {
			return storeError(ctx, err)
		}
		return f(&x)
	})
}

// Nodes reads all entities by id.
func (s *Store) Nodes(ctx context.Context, f func(*kg.Node) error) error {
	return s.scan(ctx, allNodesSQL, func(rows *sql.Rows) error {
		var x kg.Node
		var aliases, ext, props string
		err := rows.Scan(&x.ID, &x.Type, &x.Name, &x.Description, &aliases, &ext, &props, &x.CreatedAt, &x.UpdatedAt)
		if err == nil && aliases != "" {
			err = json.Unmarshal([]byte(aliases), &x.Aliases)
		}
		if err == nil && ext != "" {
			err = json.Unmarshal([]byte(ext), &x.ExternalIDs)
		}
		if err == nil && props != "" {
			x.Props, err = parseProps(s.cat.TypeOf(x.Type), props)
		}
		if err != nil {
			return storeError(ctx, err)
		}
		return f(&x)
	})
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
		v, err := parseProp(p, r)
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
	return s.scan(ctx, allLinksSQL, func(rows *sql.Rows) error {
		var x kg.Link
		var raw sql.RawBytes
		if err := rows.Scan(&x.ID, &x.Kind, &x.From, &x.To, &x.Role, &x.Since, &x.Until, &raw, &x.CreatedAt, &x.UpdatedAt); err != nil {
			return storeError(ctx, err)
		}
		stored, err := parseEvidence(raw)
		if err != nil {
			return storeError(ctx, err)
		}
		x.Evidence = make([]kg.Evidence, len(stored))
		for i, e := range stored {
			x.Evidence[i] = kg.Evidence{Source: e.source, Excerpt: e.excerpt, Prefix: e.prefix, Suffix: e.suffix, Stance: e.stance, Verified: e.verified}
		}
		return f(&x)
	})
}

// Types finds what records are by their ids.
func (s *Store) Types(ctx context.Context, ids []string) (map[string]string, error) {
	arg, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	rows, err := s.read.QueryContext(ctx, typesSQL, string(arg))
	if err != nil {
		return nil, storeError(ctx, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	out := make(map[string]string, len(ids))
	for rows.Next() {
		var id, typ string
		if err := rows.Scan(&id, &typ); err != nil {
			return nil, storeError(ctx, err)
		}
		out[id] = typ
	}
	return out, storeError(ctx, rows.Err())
}
