package exchange

import (
	"context"
	"fmt"
	"slices"

	"github.com/throughline/throughline/internal/kg"
)

// A line may name an entity that was merged into another since, by its former id. What it says of it adds to the other,
// as a merge would; its links are links of the other. So a file that was imported before the merge changes nothing when
// it is imported again.

// formers begins a pass: the store's former ids are known.
func (c *checks) formers(ctx context.Context) (err error) {
	c.former, c.joined = map[string]string{}, hashes{}
	if !c.none {
		c.former, err = c.store.Merged(ctx, nil)
	}
	return err
}

// redirect has the records of a batch name entities by the ids that they have now. Links of an entity to itself go.
func (c *checks) redirect(ctx context.Context, b *batch) error {
	dropped := 0
	var links []*kg.Link // whose ends are others
	var before []string  // the ids that they had
	going := map[string]bool{}
	for i := range b.records {
		switch r := &b.records[i]; {
		case r.gone != nil:
			going[r.gone.id] = true
		case r.node != nil:
			c.redirectNode(r)
		case r.link != nil:
			id := r.link.ID
			moved, looped := c.redirectLink(r.link)
			if looped {
				c.report.warn("the link %s is left out: what it joins is one entity by now, %s", r.link.ID, r.link.From)
				*r = record{}
				dropped++
			} else if moved || r.link.Minted {
				links, before = append(links, r.link), append(before, id)
			}
		}
	}
	if dropped > 0 {
		c.again = true
		n := 0
		for i, r := range b.records {
			if r != (record{}) {
				b.records[n], b.lines[n] = r, b.lines[i]
				n++
			}
		}
		b.records, b.lines = b.records[:n], b.lines[:n]
	}
	return c.equal(ctx, links, before, going)
}

// redirectNode takes a line under a former id for one about the entity that it means.
func (c *checks) redirectNode(r *record) {
	n := r.node
	if now := c.former[n.ID]; now != "" {
		n.FormerIDs = append(n.FormerIDs, n.ID)
		n.ID, n.Absorbed, n.Clear = now, true, nil
		r.minted, c.again = false, true
		c.joined.add(c.hash(now))
	} else if c.replace { // an entity does not lose its former ids because an older file does not have them
		for former, id := range c.former {
			if id == n.ID && !slices.Contains(n.FormerIDs, former) {
				n.FormerIDs = append(n.FormerIDs, former)
			}
		}
		slices.Sort(n.FormerIDs)
	}
	for _, id := range n.FormerIDs {
		if c.former[id] == "" {
			c.former[id] = n.ID
		}
	}
}

// redirectLink puts the ids that entities have now in the place of former ones. It reports whether there were some, and
// whether the link leads to where it begins now.
func (c *checks) redirectLink(l *kg.Link) (moved, looped bool) {
	from, to := c.former[l.From], c.former[l.To]
	if from == "" && to == "" {
		return false, false
	}
	was := *l
	if from != "" {
		l.From = from
	}
	if to != "" {
		l.To = to
	}
	if was.ID == kg.LinkID(l.Kind, was.From, was.To, l.Role, l.Since, l.Until) {
		l.ID = l.StatedID()
	}
	l.Absorbed, l.Clear, c.again = true, nil, true
	return true, l.From == l.To && was.From != was.To
}

// equal gives links the ids under which the store has links that say the same. An id differs where an end was merged into
// another entity, and where the link was given an id or was corrected. before are the ids that the links had before their
// ends were replaced. going are the ids that lines of the batch delete.
func (c *checks) equal(ctx context.Context, links []*kg.Link, before []string, going map[string]bool) error {
	if c.none || len(links) == 0 {
		return nil
	}
	strays, err := c.store.Strays(ctx, links)
	if err != nil {
		return err
	}
	met := map[string]string{} // the ids of strays, by those that follow from what they say
	if len(strays) > 0 {
		found, err := c.store.Records(ctx, strays)
		if err != nil {
			return err
		}
		for _, x := range slices.Backward(found.Links) {
			if !going[x.ID] && !c.gone.has(c.hash(x.ID)) {
				met[x.StatedID()] = x.ID
			}
		}
	}
	var ids []string
	for i, l := range links {
		if l.Absorbed || met[l.StatedID()] != "" {
			ids = append(ids, before[i], l.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	there, err := c.store.Types(ctx, ids)
	if err != nil {
		return err
	}
	for i, l := range links {
		switch id := met[l.StatedID()]; {
		case there[l.ID] != "" || c.said(c.hash(l.ID)):
		case there[before[i]] != "":
			l.ID = before[i]
		case id != "":
			l.ID, l.Minted, l.Clear, c.again = id, false, nil, true // it says what the line says, so that nothing was corrected
			c.joined.add(c.hash(id))
		}
		if l.Absorbed {
			c.joined.add(c.hash(l.ID))
		}
	}
	return nil
}

// joins reports whether a line may say again what an earlier one has said: one of the two has named it by a former id.
func (c *checks) joins(h uint64, absorbed bool) bool { return absorbed || c.joined.has(h) }

// formerly checks the former ids that a line gives its entity: each may be of no other.
func (c *checks) formerly(n *kg.Node) error {
	for _, id := range n.FormerIDs {
		h := c.hash(id)
		switch {
		case c.former[id] != n.ID:
			return fmt.Errorf("has in formerIds %s, which was merged into %s", id, c.former[id])
		case c.said(h) || c.types[h] != 0:
			return fmt.Errorf("has in formerIds %s, which is an entity of its own: merge the two, or leave one of them out", id)
		}
	}
	return nil
}
