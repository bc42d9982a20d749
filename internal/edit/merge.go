package edit

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/store"
)

// Merge makes one entity of several. The survivor keeps what is known of it, and takes over what is known of the
// absorbed alone: their names as aliases, external ids, links and evidence. Links that say the same then become one,
// and one that would lead from the survivor to itself goes. The ids of the absorbed mean the survivor from then on.
type Merge struct {
	Survivor string
	Absorbed []string
	// IfVersion is the version in which the survivor was seen, "" for any: see Version.
	IfVersion string
}

func (*Merge) action() kg.ChangeAction { return kg.Merged }

// MostAbsorbed is how many entities one merge takes into another.
const MostAbsorbed = 100

func (m *Merge) apply(ctx context.Context, x *applying) (string, error) {
	switch {
	case len(m.Absorbed) == 0:
		return "", problem(InvalidValue, []string{"absorbed"}, "Name at least one entity that is to be merged into another.")
	case len(m.Absorbed) > MostAbsorbed:
		return "", problem(InvalidValue, []string{"absorbed"}, "Merge at most %d entities at once.", MostAbsorbed)
	}
	survivor, err := x.entity(ctx, m.Survivor, "survivor")
	if err == nil {
		err = x.unchanged(survivor, survivor.ID, m.IfVersion)
	}
	if err != nil {
		return "", err
	}
	is, b := survivor, &store.Batch{}
	for i, id := range m.Absorbed {
		path := []string{"absorbed", strconv.Itoa(i)}
		n, err := x.entity(ctx, id, path...)
		switch {
		case err != nil:
			return "", err
		case n.ID == survivor.ID && id == survivor.ID:
			return "", problem(InvalidValue, path, "%s cannot be merged into itself.", id)
		case n.ID == survivor.ID || slices.Contains(b.Delete, n.ID):
			continue // it is one with the survivor already
		case n.Type != survivor.Type:
			return "", problem(InvalidValue, path, "%s is of type %s, and %s of type %s: only entities of one type are merged.",
				n.ID, n.Type, survivor.ID, survivor.Type)
		}
		is = kg.Absorb(is, n)
		b.Delete = append(b.Delete, n.ID)
	}
	if len(b.Delete) == 0 {
		return survivor.ID, nil
	}
	line, err := x.line(is)
	if err != nil {
		return "", err
	}
	read, _, err := x.read("node", line) // by the rules of imports, as others do
	if err != nil {
		return "", err
	}
	one, _ := batch(read)
	b.Nodes = one.Nodes
	if err := x.moveLinks(ctx, b, survivor.ID); err != nil {
		return "", err
	}
	return survivor.ID, x.put(ctx, b)
}

// moveLinks adds to a batch, which deletes some entities, what has their links lead to another one.
func (x *applying) moveLinks(ctx context.Context, b *store.Batch, to string) error {
	gone := slices.Clone(b.Delete)
	resting, err := x.Resting(ctx, append([]string{to}, gone...))
	if err != nil {
		return err
	}
	held, err := x.Records(ctx, resting)
	if err != nil {
		return err
	}
	moved := func(id string) string {
		if slices.Contains(gone, id) {
			return to
		}
		return id
	}
	var stay []*kg.Link
	var move []movedLink
	var fresh []string
	for _, l := range held.Links {
		c := *l
		if c.From, c.To = moved(l.From), moved(l.To); c.From == l.From && c.To == l.To {
			stay = append(stay, l)
			continue
		}
		if c.From == c.To {
			b.Delete = append(b.Delete, l.ID)
			continue
		}
		c.UpdatedAt = 0
		if l.ID == l.StatedID() {
			c.ID = c.StatedID()
			fresh = append(fresh, c.ID)
		}
		move = append(move, movedLink{l, &c})
	}
	taken, err := x.Types(ctx, fresh)
	if err != nil {
		return err
	}
	written := map[string]bool{}
	for _, l := range move {
		at := slices.IndexFunc(stay, func(o *kg.Link) bool { return kg.SameStatement(o, l.is) })
		if at < 0 {
			if l.is.ID != l.was.ID && (taken[l.is.ID] != "" || written[l.is.ID]) { // by a link that says something else by now
				l.is.ID = l.was.ID
			}
			if l.is.ID != l.was.ID {
				b.Delete = append(b.Delete, l.was.ID)
			}
			at, stay = len(stay), append(stay, l.is)
		} else {
			c := *stay[at]
			c.UpdatedAt = 0
			c.Evidence = kg.UniteEvidence(slices.Clone(c.Evidence), l.is.Evidence...)
			if rules.CheckLink(&c) != nil {
				return problem(InvalidValue, nil, "The links %s and %s would become one with more evidence than fits on a link.", c.ID, l.was.ID)
			}
			stay[at] = &c
			b.Delete = append(b.Delete, l.was.ID)
		}
		written[stay[at].ID] = true
	}
	for _, l := range stay {
		if written[l.ID] {
			b.Links = append(b.Links, l)
		}
	}
	return nil
}

// movedLink is a link as it was and as it is when its ends are others.
type movedLink struct{ was, is *kg.Link }

// entity reads an entity, by its id or a former one.
func (x *applying) entity(ctx context.Context, id string, path ...string) (*kg.Node, error) {
	if strings.HasPrefix(id, kg.LinkPrefix) || strings.HasPrefix(id, kg.SourcePrefix) {
		return nil, problem(NotFound, path, "%s is no entity.", shown(id))
	}
	found, err := x.record(ctx, id, path...)
	if err != nil {
		return nil, err
	}
	n, ok := found.(*kg.Node)
	if !ok {
		return nil, problem(NotFound, path, "%s is no entity.", shown(id))
	}
	return n, nil
}
