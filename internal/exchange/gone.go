package exchange

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// deletion is a line that deletes a record.
type deletion struct {
	id      string
	cascade bool
	file    string
	line    int
}

// remove takes note of a line that deletes. What it deletes goes at the end of the import.
func (c *checks) remove(d *deletion) error {
	h := c.hash(d.id)
	switch {
	case c.said(h):
		return fmt.Errorf("deletes %s, which an earlier line writes; leave out one of the two", d.id)
	case c.types[h]&used != 0:
		return fmt.Errorf("deletes %s, which an earlier line uses; leave out one of the two", d.id)
	case !c.gone.add(h):
		return fmt.Errorf("deletes %s, which an earlier line deletes", d.id)
	}
	c.deletions = append(c.deletions, *d)
	return nil
}

// said reports whether a line so far has written a record.
func (c *checks) said(h uint64) bool { return c.seen.has(h) || c.earlier.has(h) }

// removal is the work that the lines which delete ask for.
type removal struct {
	ids   []string   // what goes
	links []*kg.Link // what loses a part of its evidence, as it was and as it will be
	after []*kg.Link
}

// someAtOnce is how many records are asked of the store at once.
const someAtOnce = 2000

// removals finds out what goes. Lines that delete what others need are bad lines, unless they say that the others go
// too.
func (c *checks) removals(ctx context.Context, r *reporting) (out removal, bad []*LineError, err error) {
	if len(c.deletions) == 0 {
		return out, nil, nil
	}
	cascades := map[string]bool{} // by the ids of entities and sources that go
	gone := map[string]bool{}
	var ends []string
	for some := range slices.Chunk(c.deletions, someAtOnce) {
		ids := make([]string, len(some))
		for i := range some {
			ids[i] = some[i].id
		}
		types, err := c.store.Types(ctx, ids)
		if err != nil {
			return out, nil, err
		}
		for i := range some {
			d := &some[i]
			switch {
			case types[d.id] == "":
				r.warn("%s:%d: there is no %s to delete", d.file, d.line, d.id)
			case strings.HasPrefix(d.id, kg.LinkPrefix):
				gone[d.id] = true
			default:
				gone[d.id], cascades[d.id] = true, d.cascade
				ends = append(ends, d.id)
			}
		}
	}
	hanging := map[string]int{} // links, by what they keep from going
	var resting []string
	if len(ends) > 0 {
		if resting, err = c.store.Resting(ctx, ends); err != nil {
			return out, nil, err
		}
	}
	resting = slices.DeleteFunc(resting, func(id string) bool { return gone[id] })
	for ids := range slices.Chunk(resting, someAtOnce) {
		found, err := c.store.Records(ctx, ids)
		if err != nil {
			return out, nil, err
		}
		for _, l := range found.Links {
			said := c.said(c.hash(l.ID))
			goes, stays := false, false
			for _, end := range []string{l.From, l.To} {
				if cascade, ok := cascades[end]; ok && !said { // a line that writes it ends it elsewhere
					goes, stays = goes || cascade, stays || !cascade
					if !cascade {
						hanging[end]++
					}
				}
			}
			left := *l
			left.Evidence = nil
			for i := range l.Evidence {
				cascade, ok := cascades[l.Evidence[i].Source]
				if !ok || said && c.replace {
					left.Evidence = append(left.Evidence, l.Evidence[i])
				} else if !cascade || said {
					stays = true
					hanging[l.Evidence[i].Source]++
				}
			}
			switch {
			case stays:
			case goes || len(left.Evidence) == 0:
				gone[l.ID] = true
				out.ids = append(out.ids, l.ID)
			case len(left.Evidence) < len(l.Evidence):
				left.UpdatedAt = 0
				out.links, out.after = append(out.links, l), append(out.after, &left)
			}
		}
	}
	for i := range c.deletions {
		d := &c.deletions[i]
		if n := hanging[d.id]; n > 0 {
			bad = append(bad,
				&LineError{
					File: d.file, Line: d.line,
					Err: fmt.Errorf(`deletes %s, on which %s; delete what hangs on it too, or add "cascade": true`, d.id,
						hang(n)),
				})
		}
		if gone[d.id] && strings.HasPrefix(d.id, kg.LinkPrefix) {
			out.ids = append(out.ids, d.id)
		}
	}
	out.ids = append(out.ids, ends...)
	return out, bad, nil
}

func hang(n int) string {
	if n == 1 {
		return "1 link hangs"
	}
	return grouped(n) + " links hang"
}

// carryOut has what goes deleted, or only reports it where nothing is written.
func (m *removal) carryOut(ctx context.Context, s store.Loader, w *writer, report func(was, is any)) error {
	sources, entities, links := kg.SortIDs(m.ids)
	if len(m.links) > 0 {
		if w == nil {
			for i := range m.links {
				report(m.links[i], m.after[i])
			}
		} else if err := w.put(&store.Batch{Links: m.after, Report: report}); err != nil {
			return err
		}
	}
	for ids := range slices.Chunk(slices.Concat(links, entities, sources), someAtOnce) {
		b := &store.Batch{Delete: ids, Report: report}
		if w != nil {
			if err := w.put(b); err != nil {
				return err
			}
			continue
		}
		gone, err := s.Records(ctx, ids)
		if err != nil {
			return err
		}
		b.Removed(gone)
	}
	return nil
}
