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

// Revert takes a change back, field by field: what it made goes, what it deleted comes back, what it changed is as it was
// before. A later change of the same fields is in the way.
type Revert struct {
	Log    store.Logger
	Change kg.Change
}

func (*Revert) action() kg.ChangeAction { return kg.Reverted }

// itemsAtOnce is how many items of a change are read at once.
const itemsAtOnce = 1000

func (r *Revert) apply(ctx context.Context, x *applying) (string, error) {
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
			lives[some[i].ID] = &life{there: some[i].After != ""}
		}
		if err := r.same(ctx, lives, now); err != nil {
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
			"The import %d created %d records that the log does not list: it cannot be taken back; delete them.", r.Change.Seq, r.Change.Created)
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
	lives, there := make(map[string]*life, len(need)), make(map[string]any, len(need))
	for id := range need {
		lives[id], there[id] = &life{there: true}, types[id]
	}
	if err := r.same(ctx, lives, there); err != nil {
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

// life is what became of a record since a change: where it was made or deleted it is in another state, and where that was taken
// back in the state before.
type life struct {
	there         bool
	state, states int            // 0 is that after the change
	before        map[string]int // the state before a later change
}

// next has a later change make or delete the record.
func (l *life) next(c *kg.Change) {
	state, known := l.before[c.Reverts]
	if l.before == nil {
		l.before = map[string]int{}
	}
	l.before[c.ID] = l.state
	if !known || c.Reverts == "" {
		l.states++
		state = l.states
	}
	l.state, l.there = state, !l.there
}

// same refuses to take back where a record was deleted or made since, and that was not taken back: what is there by now, or
// was deleted last, is another of that id.
func (r *Revert) same(ctx context.Context, lives map[string]*life, now map[string]any) error {
	if len(lives) == 0 {
		return nil
	}
	ids := slices.Sorted(maps.Keys(lives))
	var later []kg.Change
	q := &store.ChangesQuery{Touching: ids, Limit: itemsAtOnce}
	for more := true; more; {
		some, err := r.Log.Changes(ctx, q)
		if err != nil {
			return err
		}
		more = len(some) == q.Limit
		for _, c := range some {
			if c.Seq <= r.Change.Seq {
				more = false
				break
			}
			later, q.Before = append(later, c), c.Seq
		}
	}
	for _, c := range slices.Backward(later) {
		if err := r.follow(ctx, &c, ids, lives); err != nil {
			return err
		}
	}
	for _, id := range ids {
		switch l := lives[id]; {
		case now[id] == nil && l.there: // what took it is told otherwise
		case now[id] != nil && !l.there || l.state != 0: // an import does not list what it makes
			return r.blocked(ctx, id, "%s was made or deleted since", id)
		}
	}
	return nil
}

// follow follows records through a later change.
func (r *Revert) follow(ctx context.Context, c *kg.Change, ids []string, lives map[string]*life) error {
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
			if !l.there && items[i].Before != "" { // an import made it
				l.next(&kg.Change{})
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
