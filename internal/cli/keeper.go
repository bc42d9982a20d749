package cli

import (
	"slices"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/edit"
	"github.com/throughline/throughline/internal/history"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// keeper is where a graph is kept: a store that is open here, or a server.
type keeper interface {
	// typeOf returns the type of a record: an EntityType, SOURCE or LINK, "" where it is not there. A former id stands
	// for the entity that it is now.
	typeOf(id string) (string, error)
	// scalar returns the name of the scalar that a field of a type holds, anEnum, or "" for no single value.
	scalar(typ, field string) (string, error)
	// apply does an edit. What a person can put right is a *edit.UserError.
	apply(e edit.Edit, a edit.About) (*outcome, error)
	// former returns the former ids of an entity: those of the entities that were merged into it.
	former(id string) ([]string, error)
	// changes returns the changes that q names by Touching, IDs, Before and Limit, the latest first.
	changes(q *store.ChangesQuery) ([]kg.Change, error)
	// items returns what a change did, by id: the first most, only those that touch some records unless that is nil.
	items(of *kg.Change, touching []string, most int) ([]kg.ChangeItem, error)
	// recorded has the lines told of a record and of the links at it as they were at a time, and reports whether it was
	// there.
	recorded(id string, at kg.Time, tell func(line string) error) (bool, error)
}

// keeper returns where the graph is kept that is held.
func (a *asking) keeper(w *world) keeper {
	if a.opened != nil {
		return &here{w, a.opened, a.cat}
	}
	return &there{w: w, of: a}
}

// outcome is the result of an edit, with how many words are lost: a server names the first.
type outcome struct {
	edit.Outcome
	lost int
}

// sourceType is the type of sources, linkType that of links.
const (
	sourceType = "SOURCE"
	linkType   = "LINK"
)

// anEnum stands for the scalar of a field that holds one of several words.
const anEnum = "ENUM"

// here is a store that is open.
type here struct {
	*world
	s   *opened
	cat *catalog.Catalog
}

func (h *here) typeOf(id string) (string, error) {
	types, err := h.s.Types(h.ctx, []string{id})
	if err != nil || types[id] != "" {
		return types[id], err
	}
	merged, err := h.s.Merged(h.ctx, []string{id})
	if err != nil || merged[id] == "" {
		return "", err
	}
	types, err = h.s.Types(h.ctx, []string{merged[id]})
	return types[merged[id]], err
}

func (h *here) scalar(typ, field string) (string, error) {
	t := h.cat.TypeOf(typ)
	if t == nil {
		return "", nil
	}
	p := t.Prop(field)
	switch {
	case p == nil:
		return "", nil
	case len(p.Enum) > 0:
		return anEnum, nil
	}
	return map[catalog.PropKind]string{catalog.Int: "Int", catalog.Float: "Float", catalog.Bool: "Boolean"}[p.Kind], nil
}

func (h *here) apply(e edit.Edit, a edit.About) (*outcome, error) {
	if r, ok := e.(*edit.Revert); ok {
		r.Log = h.s
	}
	out, err := edit.Apply(h.ctx, h.cat, h.s, e, a)
	return &outcome{out, len(out.Lost)}, err
}

func (h *here) former(id string) ([]string, error) {
	found, err := h.s.Records(h.ctx, []string{id})
	if err != nil || len(found.Nodes) == 0 {
		return nil, err
	}
	return found.Nodes[0].FormerIDs, nil
}

func (h *here) changes(q *store.ChangesQuery) ([]kg.Change, error) { return h.s.Changes(h.ctx, q) }

func (h *here) items(of *kg.Change, touching []string, most int) (all []kg.ChangeItem, err error) {
	q := &store.ItemsQuery{Seq: of.Seq, Touching: touching}
	for {
		q.Limit = min(most-len(all), mostChanges)
		some, err := h.s.Items(h.ctx, q)
		if all = append(all, some...); err != nil || len(some) < q.Limit || len(all) == most {
			return all, err
		}
		q.After = all[len(all)-1].ID
	}
}

func (h *here) recorded(id string, at kg.Time, tell func(line string) error) (bool, error) {
	seq, err := history.Last(h.ctx, h.s, at)
	if err != nil {
		return false, err
	}
	was, err := history.Recorded(h.ctx, h.cat, h.s, id, seq, at)
	if err != nil {
		return false, err
	}
	if was.Record != "" {
		if err := tell(was.Record); err != nil {
			return false, err
		}
	}
	for some := range slices.Chunk(was.Links, mostChanges) {
		lines, err := was.Lines(h.ctx, some)
		if err != nil {
			return false, err
		}
		for _, id := range some {
			if err := tell(lines[id]); err != nil {
				return false, err
			}
		}
	}
	return was.Record != "", nil
}
