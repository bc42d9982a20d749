package edit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/jsonl"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// Revert takes a change back, field by field: what it made goes, what it deleted comes back, what it changed is as it
// was before. A later change of the same fields is in the way.
type Revert struct {
	Log    store.Logger
	Change kg.Change
}

func (*Revert) action() kg.ChangeAction { return kg.Reverted }

// itemsAtOnce is how many items of a change are read at once.
const itemsAtOnce = 1000

func (r *Revert) apply(ctx context.Context, x *applying) (string, error) {
	kept, err := r.Log.Kept(ctx) // while nobody writes, and so deletes nothing of it
	if err != nil {
		return "", err
	}
	if r.Change.Seq < kept.First {
		return "", problem(NotFound, []string{"change"}, "The change %d is not kept any more: the history begins with change %d.",
			r.Change.Seq, kept.First)
	}
	x.deed.Reverts = r.Change.ID
	x.Describe(&x.deed)
	q := &store.ItemsQuery{Seq: r.Change.Seq, Limit: itemsAtOnce}
	b := &store.Batch{}
	items := int64(0)
	for {
		some, err := r.Log.Items(ctx, q)
		if err != nil {
			return "", err
		}
		ids := make([]string, len(some))
		for i := range some {
			ids[i], q.After = some[i].ID, some[i].ID
			if some[i].Before == "" {
				items++
			}
		}
		held, err := x.Records(ctx, ids)
		if err != nil {
			return "", err
		}
		now := held.ByID()
		lives := make(map[string]*life, len(some))
		for i := range some {
			id := some[i].ID
			lives[id] = newLife(some[i].After != "", now[id] != nil)
		}
		if err := r.same(ctx, lives); err != nil {
			return "", err
		}
		for i := range some {
			if err := r.back(ctx, x, &some[i], now[some[i].ID], b); err != nil {
				return "", err
			}
		}
		if len(some) < q.Limit {
			break
		}
	}
	if r.Change.Created > items {
		return "", problem(InvalidValue, []string{"change"},
			"The import %d created %d records that the log does not list: it cannot be taken back; delete them.",
			r.Change.Seq, r.Change.Created)
	}
	if err := r.fits(ctx, x, b); err != nil {
		return "", err
	}
	return r.Change.ID, x.put(ctx, b)
}

// back adds to a batch what takes one item back; now is the record as it is, nil for none.
func (r *Revert) back(ctx context.Context, x *applying, i *kg.ChangeItem, now any, b *store.Batch) error {
	is := fields{}
	if now != nil {
		line := store.Log(x.cat, nil, now).After
		if err := json.Unmarshal([]byte(line), &is); err != nil {
			return err
		}
	}
	switch {
	case i.After == "" && now != nil:
		return r.blocked(ctx, i.ID, "%s is there again", i.ID)
	case i.After != "" && now == nil:
		return r.blocked(ctx, i.ID, "%s was deleted since", i.ID)
	}
	stamp := false // its times are those that the change has left
	for _, d := range jsonl.Diff(i.Before, i.After) {
		switch {
		case d.Name == "updatedAt":
			stamp = string(is[d.Name]) == d.After
		case string(is[d.Name]) != d.After:
			return r.blocked(ctx, i.ID, "%s of %s was changed since", d.Name, i.ID)
		}
		if delete(is, d.Name); d.Before != "" {
			is[d.Name] = jsontext.Value(d.Before)
		}
	}
	if i.Before == "" {
		if len(is) > 0 { // somebody gave it another field
			return r.blocked(ctx, i.ID, "%s was given %s since", i.ID, strings.Join(slices.Sorted(maps.Keys(is)), ", "))
		}
		b.Delete = append(b.Delete, i.ID)
		return nil
	}
	if i.After != "" && !stamp {
		delete(is, "updatedAt")
	}
	head := headOf(is)
	line, err := is.join(head)
	if err != nil {
		return err
	}
	record, _, err := exchange.Record(x.cat, line)
	if err != nil {
		return wrong(head, err)
	}
	switch one, _ := batch(record); {
	case len(one.Sources) > 0:
		b.Sources = append(b.Sources, one.Sources...)
	case len(one.Nodes) > 0:
		b.Nodes = append(b.Nodes, one.Nodes...)
	default:
		b.Links = append(b.Links, one.Links...)
	}
	return nil
}

// headOf is the field that says what a line is.
func headOf(f fields) string {
	for _, head := range []string{"node", "link"} {
		if f[head] != nil {
			return head
		}
	}
	return "source"
}

// fits refuses to leave links without their ends or sources, and to delete what others hang on by now.
func (r *Revert) fits(ctx context.Context, x *applying, b *store.Batch) error {
	need := map[string]bool{}
	for _, l := range b.Links {
		need[l.From], need[l.To] = true, true
		for i := range l.Evidence {
			need[l.Evidence[i].Source] = true
		}
	}
	for _, n := range b.Nodes {
		delete(need, n.ID)
	}
	for _, s := range b.Sources {
		delete(need, s.ID)
	}
	types, err := x.Types(ctx, slices.Collect(maps.Keys(need)))
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(need)) {
		if types[id] == "" || slices.Contains(b.Delete, id) {
			return r.blocked(ctx, id, "%s, which a link of it needs, is gone", id)
		}
	}
	lives := make(map[string]*life, len(need))
	for id := range need {
		lives[id] = newLife(true, true)
	}
	if err := r.same(ctx, lives); err != nil {
		return err
	}
	if err := r.formerly(ctx, x, b); err != nil {
		return err
	}
	if err := r.alone(ctx, x, b); err != nil {
		return err
	}
	written := (&store.Batch{Links: b.Links}).ByID()
	for _, id := range b.Delete {
		if strings.HasPrefix(id, kg.LinkPrefix) {
			continue
		}
		hanging, err := x.Resting(ctx, []string{id})
		if err != nil {
			return err
		}
		for _, link := range hanging {
			if written[link] == nil && !slices.Contains(b.Delete, link) {
				err := r.blocked(ctx, id, "a link hangs on %s by now", id)
				var p *UserError
				if errors.As(err, &p) {
					p.Links, p.LinkCount = []string{link}, 1
				}
				return err
			}
		}
	}
	return nil
}

// alone refuses to have a link say again what a later change has made another say.
func (r *Revert) alone(ctx context.Context, x *applying, b *store.Batch) error {
	ids := make([]string, len(b.Links))
	for i, l := range b.Links {
		ids[i] = l.ID
	}
	held, err := x.Records(ctx, ids)
	if err != nil {
		return err
	}
	now, written := held.ByID(), (&store.Batch{Links: b.Links}).ByID()
	for _, l := range b.Links {
		if was, ok := now[l.ID].(*kg.Link); ok && kg.SameStatement(was, l) {
			continue
		}
		other, err := x.saying(ctx, l)
		if err != nil {
			return err
		}
		if other == "" || written[other] != nil || slices.Contains(b.Delete, other) {
			continue
		}
		err = r.blocked(ctx, other, "the link %s says by now what %s said", other, l.ID)
		var p *UserError
		if !errors.As(err, &p) || len(p.Changes) > 0 { // or else both have said it before
			return err
		}
	}
	return nil
}

// formerly refuses to bring back an id that means another entity by now.
func (r *Revert) formerly(ctx context.Context, x *applying, b *store.Batch) error {
	mine := map[string]string{} // the entities of the batch, by their former ids
	own := map[string]bool{}
	for _, n := range b.Nodes {
		own[n.ID] = true
		for _, id := range n.FormerIDs {
			mine[id] = n.ID
		}
	}
	if len(own) == 0 {
		return nil
	}
	former := slices.Sorted(maps.Keys(mine))
	merged, err := x.Merged(ctx, slices.Concat(former, slices.Sorted(maps.Keys(own))))
	if err != nil {
		return err
	}
	types, err := x.Types(ctx, former)
	if err != nil {
		return err
	}
	for _, id := range former {
		if own[id] || types[id] != "" && !slices.Contains(b.Delete, id) {
			return r.blocked(ctx, id, "%s is an entity of its own by now", id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(merged)) {
		now := merged[id]
		if !own[now] && !slices.Contains(b.Delete, now) {
			return r.blocked(ctx, now, "%s was merged into %s since", id, now)
		}
	}
	return nil
}

// life follows a record through the changes after the one that is taken back. A change that makes or deletes the record
// brings it into a state that it was not in before; one that takes such a change back returns it to the state before
// that.
type life struct {
	state  int            // 0 is the state after the change that is taken back
	states int            // how many others there were
	before map[string]int // by the id of a change that made or deleted the record, the state before it
	// there says whether the record exists by what the log lists, and held whether the store holds it now.
	there, held bool
}

// newLife returns the life of a record that the change which is taken back has left there, or not.
func newLife(there, held bool) *life {
	return &life{there: there, held: held, before: map[string]int{}}
}

// renew has the record made or deleted by a change that takes nothing back.
func (l *life) renew() {
	l.states++
	l.state, l.there = l.states, !l.there
}

// next has the record made or deleted by a later change.
func (l *life) next(c *kg.Change) {
	was := l.state
	if state, ok := l.before[c.Reverts]; ok {
		l.state, l.there = state, !l.there
	} else {
		l.renew()
	}
	l.before[c.ID] = was
}

// same refuses to take the change back where a later one deleted or made a record and was not taken back itself: what
// the store holds under that id now, or what was deleted last, is another record.
func (r *Revert) same(ctx context.Context, lives map[string]*life) error {
	if len(lives) == 0 {
		return nil
	}
	ids := slices.Sorted(maps.Keys(lives))
	later, err := r.later(ctx, ids)
	if err != nil {
		return err
	}
	for i := range slices.Backward(later) {
		if err := r.follow(ctx, &later[i], ids, lives); err != nil {
			return err
		}
	}
	for _, id := range ids {
		switch l := lives[id]; {
		case l.there && !l.held: // back and fits say what deleted it
		case l.held && !l.there || l.state != 0: // the log does not list what an import makes
			return r.blocked(ctx, id, "%s was made or deleted since", id)
		}
	}
	return nil
}

// later returns the changes that touch records and came after the one that is taken back, the latest first.
func (r *Revert) later(ctx context.Context, ids []string) (later []kg.Change, err error) {
	q := &store.ChangesQuery{Touching: ids, Limit: itemsAtOnce}
	for {
		some, err := r.Log.Changes(ctx, q)
		if err != nil {
			return nil, err
		}
		for i := range some {
			if some[i].Seq <= r.Change.Seq {
				return later, nil
			}
			later = append(later, some[i])
		}
		if len(some) < q.Limit {
			return later, nil
		}
		q.Before = some[len(some)-1].Seq
	}
}

// follow follows records through a later change.
func (r *Revert) follow(ctx context.Context, c *kg.Change, ids []string, lives map[string]*life) error {
	if c.Created == 0 && c.Removed == 0 && !c.Open { // it made and deleted nothing
		return nil
	}
	q := &store.ItemsQuery{Seq: c.Seq, Touching: ids, Limit: itemsAtOnce}
	for {
		items, err := r.Log.Items(ctx, q)
		if err != nil {
			return err
		}
		for i := range items {
			q.After = items[i].ID
			l := lives[items[i].ID]
			if l == nil {
				continue
			}
			if !l.there && items[i].Before != "" { // an import made it in between
				l.renew()
			}
			if items[i].Before == "" || items[i].After == "" {
				l.next(c)
			}
		}
		if len(items) < q.Limit {
			return nil
		}
	}
}

// changesNamed is how many changes a problem names.
const changesNamed = 10

// blocked is the error for a record that later changes touched, with what is in the way.
func (r *Revert) blocked(ctx context.Context, id, why string, args ...any) error {
	later, err := r.Log.Changes(ctx, &store.ChangesQuery{Touching: []string{id}, Limit: changesNamed})
	if err != nil {
		return err
	}
	p := problem(BlockedByLater, []string{"change"}, "The change %d cannot be taken back: %s.", r.Change.Seq, fmt.Sprintf(why, args...))
	for _, c := range later {
		if c.Seq > r.Change.Seq {
			p.Changes = append(p.Changes, c)
		}
	}
	return p
}
