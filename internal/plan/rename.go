package plan

import "slices"

// An entity that was merged into another is meant by its former id still. A store that finds records by their ids alone
// asks for the others by the names that these functions give.

// FilteredIDs are the ids of entities that a plan's filters name.
func (q *Query) FilteredIDs() []string { return q.Root.filteredIDs(nil) }

// FilteredIDs are the ids of entities that a walk's filter names.
func (w *Walk) FilteredIDs() []string { return w.Links.FilteredIDs(nil) }

// FilteredIDs appends the ids of entities that a filter names.
func (f *EntityFilter) FilteredIDs(ids []string) []string {
	if f == nil {
		return ids
	}
	ids = append(ids, f.IDs...)
	for _, p := range f.And {
		ids = p.FilteredIDs(ids)
	}
	for _, p := range f.Or {
		ids = p.FilteredIDs(ids)
	}
	if f.LinkedTo != nil {
		ids = f.LinkedTo.Where.FilteredIDs(f.LinkedTo.Link.FilteredIDs(ids))
	}
	return f.Not.FilteredIDs(ids)
}

// FilteredIDs appends the ids of entities that a filter names.
func (f *LinkFilter) FilteredIDs(ids []string) []string {
	if f == nil {
		return ids
	}
	for _, p := range f.And {
		ids = p.FilteredIDs(ids)
	}
	for _, p := range f.Or {
		ids = p.FilteredIDs(ids)
	}
	return f.Other.FilteredIDs(f.Not.FilteredIDs(ids))
}

func (f *Field) filteredIDs(ids []string) []string {
	ids = f.Entities.FilteredIDs(f.Links.FilteredIDs(ids))
	for _, s := range [...]*Sel{f.Node, f.Link, f.Because} {
		ids = s.filteredIDs(ids)
	}
	for i := range f.Want.Facets {
		ids = f.Want.Facets[i].Node.filteredIDs(ids)
	}
	return ids
}

func (s *Sel) filteredIDs(ids []string) []string {
	if s != nil {
		for _, k := range s.Children {
			ids = k.filteredIDs(ids)
		}
	}
	return ids
}

// Renamed returns the plan with other ids of entities in the place of some.
func (q *Query) Renamed(ids map[string]string) *Query {
	if len(ids) == 0 {
		return q
	}
	r := renamer{ids: ids}
	c := *q
	c.IDs, c.Refs = r.list(q.IDs), r.refs(q.Refs)
	c.Root = *r.field(&q.Root)
	return &c
}

// Renamed returns the walk with other ids of entities in the place of some.
func (w *Walk) Renamed(ids map[string]string) *Walk {
	if len(ids) == 0 {
		return w
	}
	r := renamer{ids: ids}
	c := *w
	c.Refs, c.Links = r.refs(w.Refs), r.links(w.Links)
	return &c
}

// Renamed returns the filter with other ids of entities in the place of some.
func (f *EntityFilter) Renamed(ids map[string]string) *EntityFilter {
	r := renamer{ids: ids}
	return r.entities(f)
}

// Renamed returns the filter with other ids of entities in the place of some.
func (f *LinkFilter) Renamed(ids map[string]string) *LinkFilter {
	r := renamer{ids: ids}
	return r.links(f)
}

// renamer goes through a plan. What has no id that it renames, it returns as it is.
type renamer struct{ ids map[string]string }

func (r *renamer) list(ids []string) []string {
	out := ids
	for i, id := range ids {
		now, ok := r.ids[id]
		if !ok {
			continue
		}
		if &out[0] == &ids[0] {
			out = slices.Clone(ids)
		}
		out[i] = now
	}
	return out
}

func (r *renamer) refs(refs []Ref) []Ref {
	out := slices.Clone(refs)
	for i := range out {
		if now, ok := r.ids[out[i].ID]; ok {
			out[i].ID = now
		}
	}
	return out
}

func (r *renamer) field(f *Field) *Field {
	c := *f
	c.Links, c.Entities = r.links(f.Links), r.entities(f.Entities)
	c.Node, c.Link, c.Because = r.sel(f.Node), r.sel(f.Link), r.sel(f.Because)
	if f.Want.Facets != nil {
		c.Want.Facets = slices.Clone(f.Want.Facets)
		for i := range c.Want.Facets {
			c.Want.Facets[i].Node = r.sel(c.Want.Facets[i].Node)
		}
	}
	return &c
}

func (r *renamer) sel(s *Sel) *Sel {
	if s == nil || len(s.Children) == 0 {
		return s
	}
	c := *s
	c.Children = make([]*Field, len(s.Children))
	for i, k := range s.Children {
		c.Children[i] = r.field(k)
	}
	return &c
}

func (r *renamer) links(f *LinkFilter) *LinkFilter {
	if f == nil {
		return nil
	}
	c := *f
	c.And, c.Or, c.Not = each(f.And, r.links), each(f.Or, r.links), r.links(f.Not)
	c.Other = r.entities(f.Other)
	return &c
}

func (r *renamer) entities(f *EntityFilter) *EntityFilter {
	if f == nil {
		return nil
	}
	c := *f
	c.And, c.Or, c.Not = each(f.And, r.entities), each(f.Or, r.entities), r.entities(f.Not)
	c.IDs = r.list(f.IDs)
	if f.LinkedTo != nil {
		to := *f.LinkedTo
		to.Link, to.Where = r.links(to.Link), r.entities(to.Where)
		c.LinkedTo = &to
	}
	return &c
}

// each returns what f makes of the parts of a filter; nil is not set, and is no empty list.
func each[T any](list []*T, f func(*T) *T) []*T {
	if list == nil {
		return nil
	}
	out := make([]*T, len(list))
	for i, x := range list {
		out[i] = f(x)
	}
	return out
}
