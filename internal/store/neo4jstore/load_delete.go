package neo4jstore

import (
	"context"
	"slices"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// remove deletes records, links first, in transactions of at most batch of them.
func (l *load) remove(ctx context.Context, b *store.Batch) error {
	if len(b.Delete) == 0 {
		return nil
	}
	if err := l.settle(ctx); err != nil {
		return err
	}
	sources, entities, links := kg.SortIDs(b.Delete)
	for ids := range slices.Chunk(links, l.s.batch) {
		if err := l.removing(ctx, b, func(ctx context.Context, tx neo4j.ManagedTransaction) (*store.Batch, error) {
			gone := &store.Batch{}
			found, err := l.s.do(ctx, tx, l.s.layout.anyLink()+" RETURN "+linkText+", r._made ORDER BY r.id",
				map[string]any{"ids": ids})
			if err != nil {
				return nil, err
			}
			for _, r := range found {
				x, err := l.s.layout.linkOf(r)
				if err != nil {
					return nil, err
				}
				gone.Links = append(gone.Links, x)
				l.log(x, nil, asInt(r[len(r)-1]))
			}
			l.writes(gone.Links)
			_, err = l.s.do(ctx, tx, l.s.layout.anyLink()+deleting("r"), map[string]any{"ids": ids})
			return gone, err
		}); err != nil {
			return err
		}
	}
	for ids := range slices.Chunk(entities, l.s.batch) {
		if err := l.removing(ctx, b, func(ctx context.Context, tx neo4j.ManagedTransaction) (*store.Batch, error) {
			gone := &store.Batch{}
			found, err := l.s.do(ctx, tx, l.s.nodesText("n.id IN $ids"), map[string]any{"ids": ids})
			if err != nil {
				return nil, err
			}
			for _, r := range found {
				x, err := l.s.nodeOf(r)
				if err != nil {
					return nil, err
				}
				gone.Nodes = append(gone.Nodes, x)
				p, _ := r[1].(map[string]any)
				l.log(x, nil, asInt(p[madeProperty]))
			}
			if err := l.hanging(ctx, tx, gone.IDs()); err != nil {
				return nil, err
			}
			_, err = l.s.do(ctx, tx, `MATCH (n:Entity) WHERE n.id IN $ids OPTIONAL MATCH (a:Alias|ExternalId)-[:ALIAS_OF|IDENTIFIES]->(n) DETACH DELETE a
WITH DISTINCT n`+deleting("n"), map[string]any{"ids": gone.IDs()})
			return gone, err
		}); err != nil {
			return err
		}
	}
	for ids := range slices.Chunk(sources, l.s.batch) {
		if err := l.removing(ctx, b, func(ctx context.Context, tx neo4j.ManagedTransaction) (*store.Batch, error) {
			gone := &store.Batch{}
			found, err := l.s.do(ctx, tx, sourcesText+" ORDER BY s.id", map[string]any{"ids": ids})
			if err != nil {
				return nil, err
			}
			for _, r := range found {
				x, err := sourceOf(r)
				if err != nil {
					return nil, err
				}
				gone.Sources = append(gone.Sources, x)
				l.log(x, nil, asInt(r[len(r)-1]))
			}
			if err := l.hanging(ctx, tx, gone.IDs()); err != nil {
				return nil, err
			}
			for _, id := range ids {
				delete(l.sources, id)
			}
			_, err = l.s.do(ctx, tx, "MATCH (s:Source) WHERE s.id IN $ids"+deleting("s"), map[string]any{"ids": ids})
			return gone, err
		}); err != nil {
			return err
		}
	}
	return nil
}

// deleting is the clause that deletes a node or relationship of ours. Its properties go first: what a transaction has
// both changed and deleted, Neo4j 5.26 still finds in the indexes of what was changed, and the statement that reads
// them fails, as the record is gone (EntityNotFound).
func deleting(v string) string { return " SET " + v + " = {} DELETE " + v }

// removing runs a transaction that deletes records, and reports them when they are gone.
func (l *load) removing(ctx context.Context, b *store.Batch, work func(ctx context.Context,
	tx neo4j.ManagedTransaction) (*store.Batch, error),
) error {
	if l.tx != nil {
		gone, err := work(ctx, l.tx)
		if err == nil {
			b.Removed(gone)
		}
		return err
	}
	var gone *store.Batch
	err := l.s.write(ctx, func(tx neo4j.ManagedTransaction) error {
		return l.within(ctx, tx, func() (err error) {
			gone, err = work(ctx, tx)
			return err
		})
	})
	if err == nil {
		l.logged()
		b.Removed(gone)
	}
	return err
}

// hanging refuses to delete records that links hang on.
func (l *load) hanging(ctx context.Context, tx neo4j.ManagedTransaction, ids []string) error {
	if found, err := l.resting(ctx, tx, ids); err != nil || len(found) == 0 {
		return err
	}
	for _, id := range ids { // there is one: the error names the first
		found, err := l.resting(ctx, tx, []string{id})
		if err != nil {
			return err
		}
		if len(found) > 0 {
			return store.Hanging(id, len(found))
		}
	}
	return nil
}
