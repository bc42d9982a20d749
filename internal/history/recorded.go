package history

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// State is a record, and the links at it, as they were after a change.
type State struct {
	// Record is its line in an export, "" where it was not there; Kind is "SOURCE", an EntityType or a LinkKind.
	Record, Kind string
	// Links are the ids of the links at an entity, in order.
	Links []string
	// Trips is how often the store was asked.
	Trips int

	cat   *catalog.Catalog
	from  Recorder
	seq   int64
	lines map[string]string // of the links that were changed since
}

// Recorder is what a state is read from.
type Recorder interface {
	store.Reader
	store.Logger
	store.Finder
}

// recordsAtOnce is how many records are read at once, itemsAtOnce how many items: to find a page of the items of many
// links, all of them are looked at.
const (
	recordsAtOnce = 1000
	itemsAtOnce   = 50_000
)

// Last returns the seq of the last change that was made at an instant or before, which may be the last that was
// deleted, 0 where there is none. What was before the history that is kept is an error with the code NotKept.
func Last(ctx context.Context, log store.Logger, at kg.Time) (int64, error) {
	found, err := log.Changes(ctx, &store.ChangesQuery{To: at + 1, Limit: 1})
	if err != nil {
		return 0, err
	}
	if len(found) > 0 {
		return found[0].Seq, nil
	}
	kept, err := log.Kept(ctx)
	if err == nil && at < kept.Since {
		err = forgotten(kept)
	}
	return kept.First - 1, err
}

// Recorded returns the record with an id as it was after the change seq, which was the last at an instant: as it was
// before the first later change of it, or as it is where there is none. When a record came that was
// there before the log was, its createdAt says. What is is read before what was, so that what is written meanwhile is a
// later change. Changes after seq that are deleted meanwhile are an error with the code NotKept.
func Recorded(ctx context.Context, cat *catalog.Catalog, from Recorder, id string, seq int64, at kg.Time) (*State, error) {
	s := &State{cat: cat, from: from, seq: seq, lines: map[string]string{}}
	now, err := s.records(ctx, []string{id})
	if err != nil {
		return nil, err
	}
	var links map[string]kg.Time
	if _, there := now[id]; there { // a former id would find the links of the entity that it means by now
		if links, err = s.linksNow(ctx, id); err != nil {
			return nil, err
		}
	}
	first, err := s.later(ctx, id)
	if err != nil {
		return nil, err
	}
	ids := []string{id}
	for x := range links {
		ids = append(ids, x)
	}
	for x := range first {
		if _, ok := links[x]; !ok && x != id {
			ids = append(ids, x)
		}
	}
	slices.Sort(ids)
	s.Trips++
	made, err := from.Made(ctx, ids, seq)
	if err != nil {
		return nil, err
	}
	for _, x := range ids {
		i, changed := first[x]
		switch {
		case made[x] != 0 && (!changed || made[x] < i.Seq), i.Made != 0 && i.Made < i.Seq: // an import made it later
		case x == id:
			kind, line := i.Kind, i.Before
			if !changed {
				kind, line = now[id].Kind, now[id].After
			}
			if line != "" && fieldsOf(line).created() <= at {
				s.Kind, s.Record = kind, line
			}
		case changed:
			if l := fieldsOf(i.Before); (l.From == id || l.To == id) && l.created() <= at {
				s.Links, s.lines[x] = append(s.Links, x), i.Before
			}
		case links[x] <= at:
			s.Links = append(s.Links, x)
		}
	}
	return s, s.kept(ctx)
}

// kept returns an error unless all changes are there after the one that the state is of.
func (s *State) kept(ctx context.Context) error {
	s.Trips++
	kept, err := s.from.Kept(ctx)
	if err == nil && kept.First > s.seq+1 {
		err = forgotten(kept)
	}
	return err
}

// someFields are fields of a line.
type someFields struct{ From, To, CreatedAt string }

// fieldsOf reads fields of a line, of none where it has none.
func fieldsOf(line string) (f someFields) {
	_ = json.Unmarshal([]byte(line), &f)
	return f
}

// created returns when a record was created, 0 where the line does not say.
func (f someFields) created() kg.Time {
	at, _ := kg.ParseTime(f.CreatedAt)
	return at
}

// records returns records as they are as items of a change that makes them, by id.
func (s *State) records(ctx context.Context, ids []string) (map[string]kg.ChangeItem, error) {
	out := make(map[string]kg.ChangeItem, len(ids))
	for some := range slices.Chunk(ids, recordsAtOnce) {
		s.Trips++
		found, err := s.from.Records(ctx, some)
		if err != nil {
			return nil, err
		}
		for id, x := range found.ByID() {
			out[id] = store.Log(s.cat, nil, x).ChangeItem
		}
	}
	return out, nil
}

// linksNow returns the links at an entity, refuted ones too, with when they were created.
func (s *State) linksNow(ctx context.Context, id string) (map[string]kg.Time, error) {
	_, entities, _ := kg.SortIDs([]string{id})
	if len(entities) == 0 {
		return nil, nil //nolint:nilnil // no link ends at it
	}
	every := &plan.LinkFilter{Standing: []kg.Standing{kg.Supported, kg.Disputed, kg.Refuted}}
	s.Trips++
	res, err := s.from.Fetch(ctx, &plan.Query{Start: plan.ByID, Types: s.cat.Entities, IDs: []string{id}, Root: plan.Field{
		Want: plan.Want{Rows: true}, Page: plan.Paging{N: 1},
		Node: &plan.Sel{Children: []*plan.Field{{
			Follow: plan.Links, On: s.cat.Entities, Kinds: s.cat.AllKinds(), Out: true, In: true, Other: s.cat.Entities, Links: every,
			Want: plan.Want{Rows: true}, Page: plan.Paging{N: plan.MaxWhole},
			Node: &plan.Sel{}, Link: &plan.Sel{Props: []*catalog.Prop{s.cat.Prop("id"), s.cat.Prop("createdAt")}},
		}}},
	}})
	if err != nil || len(res.Edges) == 0 {
		return nil, err
	}
	edges := res.Edges[0].Node.Children[0].Edges
	out := make(map[string]kg.Time, len(edges))
	for i := range edges {
		v := edges[i].Link.Vals
		if out[strings.Clone(v[0].Str)], err = kg.ParseTime(v[1].Str); err != nil {
			return nil, err
		}
	}
	if res.Release != nil {
		res.Release()
	}
	return out, nil
}

// later returns the first later items of some records, and of the links at them, by id.
func (s *State) later(ctx context.Context, ids ...string) (map[string]store.LaterItem, error) {
	out := map[string]store.LaterItem{}
	q := &store.LaterQuery{Seq: s.seq, Touching: ids, Limit: itemsAtOnce}
	for {
		s.Trips++
		found, err := s.from.Later(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, i := range found {
			out[i.ID], q.After = i, i.ID
		}
		if len(found) < q.Limit {
			return out, nil
		}
	}
}

// Lines returns the lines of some of the links, by id.
func (s *State) Lines(ctx context.Context, ids []string) (map[string]string, error) {
	out := make(map[string]string, len(ids))
	var now []string
	for _, id := range ids {
		if out[id] = s.lines[id]; out[id] == "" {
			now = append(now, id)
		}
	}
	if len(now) == 0 {
		return out, nil
	}
	found, err := s.records(ctx, now)
	if err != nil {
		return nil, err
	}
	first, err := s.later(ctx, now...) // they may have been changed since they were found
	if err != nil {
		return nil, err
	}
	for _, id := range now {
		out[id] = found[id].After
		if i, changed := first[id]; changed {
			out[id] = i.Before
		}
	}
	return out, s.kept(ctx)
}
