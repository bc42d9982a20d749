package exchange

import (
	"context"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// Selection is the part of a graph that is exported. Each list that is not empty narrows it.
type Selection struct {
	IDs       []string // of entities
	Types     []string // of entities
	Kinds     []string // of links; entities that none of them joins are left out
	Standings []string // of links
}

// Empty reports whether the selection is everything.
func (s *Selection) Empty() bool {
	return len(s.IDs)+len(s.Types)+len(s.Kinds)+len(s.Standings) == 0
}

// Of returns the selected part of a store: the entities that fit, the links that fit and join two of them, and the sources
// that those links quote. It reads the store once more, and holds some numbers of each record that fits.
func (s *Selection) Of(ctx context.Context, cat *catalog.Catalog, from store.Scanner) (store.Scanner, error) {
	if s.Empty() {
		return from, nil
	}
	for _, list := range []struct {
		what       string
		got, known []string
	}{
		{"type", s.Types, entityTypes(cat)},
		{"kind", s.Kinds, LinkKinds(cat)},
		{"standing", s.Standings, []string{kg.Supported.String(), kg.Disputed.String(), kg.Refuted.String()}},
	} {
		for _, name := range list.got {
			if !slices.Contains(list.known, name) {
				return nil, kg.Errorf(kg.BadUserInput, "%s %s", list.what, Instead(name, list.known))
			}
		}
	}
	p := &selected{Scanner: from, Selection: s, seed: maphash.MakeSeed()}
	missing := slices.Clone(s.IDs)
	if err := from.Nodes(ctx, func(n *kg.Node) error {
		if len(s.IDs) > 0 && !slices.Contains(s.IDs, n.ID) {
			return nil
		}
		missing = slices.DeleteFunc(missing, func(id string) bool { return id == n.ID })
		if len(s.Types) == 0 || slices.Contains(s.Types, n.Type) {
			p.nodes.add(p.hash(n.ID))
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if len(missing) > 0 {
		for i, id := range missing {
			missing[i] = clip(strconv.Quote(id))
		}
		return nil, kg.Errorf(kg.NotFound, "no entity has the id %s", kg.Clip(strings.Join(missing, ", "), 300))
	}
	var ends hashes
	if err := from.Links(ctx, func(l *kg.Link) error {
		if !p.fits(l) {
			return nil
		}
		ends.add(p.hash(l.From))
		ends.add(p.hash(l.To))
		for i := range l.Evidence {
			p.sources.add(p.hash(l.Evidence[i].Source))
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if len(s.Kinds) > 0 {
		p.nodes = ends
	}
	return p, nil
}

// selected is a store of which only some can be seen.
type selected struct {
	store.Scanner
	*Selection
	seed           maphash.Seed
	nodes, sources hashes
}

func (p *selected) hash(id string) uint64 { return maphash.String(p.seed, id) }

// fits reports whether a link is of the kinds and standings, and joins entities that fit.
func (p *selected) fits(l *kg.Link) bool {
	return (len(p.Kinds) == 0 || slices.Contains(p.Kinds, l.Kind)) &&
		(len(p.Standings) == 0 || slices.Contains(p.Standings, l.Standing().String())) &&
		p.nodes.has(p.hash(l.From)) && p.nodes.has(p.hash(l.To))
}

// Sources reads those that the links quote.
func (p *selected) Sources(ctx context.Context, f func(*kg.Source) error) error {
	return p.Scanner.Sources(ctx, func(x *kg.Source) error {
		if !p.sources.has(p.hash(x.ID)) {
			return nil
		}
		return f(x)
	})
}

// Nodes reads the entities that fit.
func (p *selected) Nodes(ctx context.Context, f func(*kg.Node) error) error {
	return p.Scanner.Nodes(ctx, func(n *kg.Node) error {
		if !p.nodes.has(p.hash(n.ID)) {
			return nil
		}
		return f(n)
	})
}

// Links reads the links that fit. One that has come meanwhile, with a source that was not seen, is left out.
func (p *selected) Links(ctx context.Context, f func(*kg.Link) error) error {
	return p.Scanner.Links(ctx, func(l *kg.Link) error {
		if !p.fits(l) || slices.ContainsFunc(l.Evidence, func(e kg.Evidence) bool { return !p.sources.has(p.hash(e.Source)) }) {
			return nil
		}
		return f(l)
	})
}
