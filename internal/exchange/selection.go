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

// Selection is the part of a graph that is exported. Each field that is not empty narrows it.
type Selection struct {
	IDs       []string // of entities
	Types     []string // of entities
	Kinds     []string // of links; entities that none of them joins are left out
	Standings []string // of links

	Where    string   // a filter of entities as JSON: see Finder
	From, To string   // two entities: what is on the lines between them
	Around   []string // entities: these and what is around them
	Depth    int      // how many links away that is
	Finder   Finder   // finds these; not needed without them
}

// Finder finds parts of a graph, and calls node and link with the ids of what is there. Entities are named by an id,
// with "id:" before it or without, or else by a name or alias.
type Finder interface {
	// Fitting finds the entities of some types, or of any where there are none, that fit a filter: the text of one of
	// GraphQL's as JSON, that of the list of the type where there is one, and otherwise an EntityFilter.
	Fitting(ctx context.Context, types []string, where string, node func(id string)) error
	// Lines finds what is on the lines between two entities.
	Lines(ctx context.Context, from, to string, node, link func(id string)) error
	// Around finds some entities and what is around them.
	Around(ctx context.Context, names []string, depth int, node, link func(id string)) error
}

// Empty reports whether the selection is everything.
func (s *Selection) Empty() bool {
	return len(s.IDs)+len(s.Types)+len(s.Kinds)+len(s.Standings)+len(s.Around) == 0 && s.Where == "" && s.From == "" && s.To == ""
}

// Of returns the selected part of a store: the entities that fit, the links that fit and join two of them, and the
// sources that those links quote. It reads the store once more, and holds some numbers of each record that fits.
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
	if err := p.find(ctx); err != nil {
		return nil, err
	}
	ids := slices.Clone(s.IDs)
	for i, id := range ids {
		ids[i] = strings.TrimPrefix(id, "id:")
	}
	missing := slices.Clone(ids)
	if err := from.Nodes(ctx, func(n *kg.Node) error {
		means := func(id string) bool { return id == n.ID || slices.Contains(n.FormerIDs, id) }
		if len(ids) > 0 && !slices.ContainsFunc(ids, means) {
			return nil
		}
		missing = slices.DeleteFunc(missing, means)
		if (len(s.Types) == 0 || slices.Contains(s.Types, n.Type)) && p.among(n.ID) {
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
	found          []*found
}

// found holds the ids of the entities and links that a Finder found.
type found struct {
	nodes, links hashes
	all          bool // the links among the entities are all there
}

// find has found what the Finder finds.
func (p *selected) find(ctx context.Context) error {
	into := func(all bool) (node, link func(id string)) {
		f := &found{all: all}
		p.found = append(p.found, f)
		return func(id string) { f.nodes.add(p.hash(id)) }, func(id string) { f.links.add(p.hash(id)) }
	}
	if p.Where != "" {
		node, _ := into(true)
		if err := p.Finder.Fitting(ctx, p.Types, p.Where, node); err != nil {
			return err
		}
	}
	switch {
	case p.From != "" && p.To != "":
		node, link := into(false)
		if err := p.Finder.Lines(ctx, p.From, p.To, node, link); err != nil {
			return err
		}
	case p.From != "" || p.To != "":
		return kg.Errorf(kg.BadUserInput, "lines are between two: give both from and to")
	}
	if len(p.Around) > 0 {
		node, link := into(false)
		return p.Finder.Around(ctx, p.Around, p.Depth, node, link)
	}
	return nil
}

// among reports whether an entity is in all that was found.
func (p *selected) among(id string) bool {
	return !slices.ContainsFunc(p.found, func(f *found) bool { return !f.nodes.has(p.hash(id)) })
}

func (p *selected) hash(id string) uint64 { return maphash.String(p.seed, id) }

// fits reports whether a link is of the kinds and standings, was found, and joins entities that fit.
func (p *selected) fits(l *kg.Link) bool {
	return (len(p.Kinds) == 0 || slices.Contains(p.Kinds, l.Kind)) &&
		(len(p.Standings) == 0 || slices.Contains(p.Standings, l.Standing().String())) &&
		p.nodes.has(p.hash(l.From)) && p.nodes.has(p.hash(l.To)) &&
		!slices.ContainsFunc(p.found, func(f *found) bool { return !f.all && !f.links.has(p.hash(l.ID)) })
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
