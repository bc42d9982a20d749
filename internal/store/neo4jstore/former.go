package neo4jstore

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// Statements find entities by the ids that they have. Where one names an id that nothing has, a second one looks for
// the entity whose former id it is, and the first runs again with that. What a filter names is looked for before:
// whether an id of a list was there, its answer does not say.

// mergedText finds the entities whose former ids some are.
const mergedText = "MATCH (x:ExternalId)-[:IDENTIFIES]->(n:Entity) WHERE x.scheme = '" + formerScheme +
	"' AND x.value IN $ids RETURN x.value, n.id"

// allMergedText finds those of all former ids.
const allMergedText = "MATCH (x:ExternalId)-[:IDENTIFIES]->(n:Entity) WHERE x.scheme = '" + formerScheme +
	"' AND x.value >= '' RETURN x.value, n.id"

// Merged finds the entities whose former ids some are.
func (s *Store) Merged(ctx context.Context, ids []string) (map[string]string, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	return merged(ctx, ids, s.reads)
}

// Merged finds the entities whose former ids some are.
func (w *writer) Merged(ctx context.Context, ids []string) (map[string]string, error) {
	if a := aheadOf(w.load); a != nil {
		return a.merged(ids)
	}
	return merged(ctx, ids, w.read)
}

func merged(ctx context.Context, ids []string, read running) (map[string]string, error) {
	text, params := allMergedText, map[string]any(nil)
	if ids != nil {
		ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
			return id == "" || strings.HasPrefix(id, kg.SourcePrefix) || strings.HasPrefix(id, kg.LinkPrefix) ||
				strings.HasPrefix(id, kg.EvidencePrefix)
		})
		if len(ids) == 0 {
			return nil, nil //nolint:nilnil // of none, none
		}
		text, params = mergedText, map[string]any{"ids": ids}
	}
	rows, err := read(ctx, text, params)
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[asString(r[0])] = asString(r[1])
	}
	return out, nil
}

// counted counts the statements that read runs.
func counted(read running, trips *int) running {
	return func(ctx context.Context, text string, params map[string]any) ([][]any, error) {
		*trips++
		return read(ctx, text, params)
	}
}

// knowing answers a plan by fetch, and takes former ids in it for those that the entities have now.
func knowing(ctx context.Context, q *plan.Query, read running, fetch func(q *plan.Query) (*kg.Result, error)) (*kg.Result, error) {
	trips := 0
	read = counted(read, &trips)
	if ids := q.FilteredIDs(); len(ids) > 0 {
		names, err := merged(ctx, ids, read)
		if err != nil {
			return nil, err
		}
		q = q.Renamed(names)
	}
	res, err := fetch(q)
	if missing := unknown(q, res, err); len(missing) > 0 {
		names, failed := merged(ctx, missing, read)
		if failed != nil {
			return nil, failed
		}
		if len(names) > 0 {
			if err == nil {
				trips += res.RoundTrips
			}
			res, err = fetch(q.Renamed(names))
		}
	}
	if err == nil {
		res.RoundTrips += trips
	}
	return res, err
}

// unknown are the ids in a plan that nothing has, as far as its answer says.
func unknown(q *plan.Query, res *kg.Result, err error) (ids []string) {
	switch {
	case kg.CodeOf(err) == kg.NotFound:
		return refIDs(q.Refs)
	case err != nil:
	case q.Start == plan.ByIDs:
		for i := range res.Edges {
			if res.Edges[i].Node.Type == 0 {
				ids = append(ids, q.IDs[i])
			}
		}
	case len(res.Edges) > 0:
	case q.Start == plan.ByID:
		return q.IDs
	case q.Start == plan.ByRef:
		return refIDs(q.Refs[:1])
	}
	return ids
}

// refIDs are the ids by which some name entities.
func refIDs(refs []plan.Ref) (ids []string) {
	for i := range refs {
		if refs[i].ID != "" {
			ids = append(ids, refs[i].ID)
		}
	}
	return ids
}

// known returns a walk with the ids that entities have now in the place of the former ones in its filter.
func (s *Store) known(ctx context.Context, w *plan.Walk) (*plan.Walk, error) {
	ids := w.FilteredIDs()
	if len(ids) == 0 {
		return w, nil
	}
	names, err := merged(ctx, ids, s.reads)
	return w.Renamed(names), err
}

// knownRefs returns a walk, which has named nothing, with the ids that entities have now in the place of former ones,
// and whether there are some.
func (s *Store) knownRefs(ctx context.Context, w *plan.Walk, err error) (*plan.Walk, bool) {
	ids := refIDs(w.Refs)
	if kg.CodeOf(err) != kg.NotFound || len(ids) == 0 {
		return w, false
	}
	names, err := merged(ctx, ids, s.reads)
	return w.Renamed(names), err == nil && len(names) > 0
}

// know looks for the entities whose former ids some are, each once.
func (g *walk) know(ctx context.Context, ids []string) error {
	ids = slices.DeleteFunc(ids, func(id string) bool { _, asked := g.asked[id]; return asked })
	if len(ids) == 0 {
		return nil
	}
	names, err := merged(ctx, ids, counted(g.s.reads, &g.trips))
	if err != nil {
		return err
	}
	if g.asked == nil {
		g.asked, g.now = map[string]bool{}, map[string]string{}
	}
	for _, id := range ids {
		g.asked[id] = true
	}
	maps.Copy(g.now, names)
	return nil
}

// knowWays puts the ids that entities have now in the place of former ones in what ways ask.
func (g *walk) knowWays(ctx context.Context, ways ...*store.Way) error {
	for _, way := range ways {
		if way.Links == nil && way.Far == nil {
			continue
		}
		if err := g.know(ctx, way.Far.FilteredIDs(way.Links.FilteredIDs(nil))); err != nil {
			return err
		}
		way.Links, way.Far = way.Links.Renamed(g.now), way.Far.Renamed(g.now)
	}
	return nil
}
