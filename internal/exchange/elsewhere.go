package exchange

import (
	"context"
	"hash/maphash"
	"maps"
	"slices"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/text"
)

// What a link of the formats of others is follows from the types of its ends, and these may stand in another file of
// the import, also in one behind it, or in the store.

// elsewhere finds the types of entities that are not in the file at hand. It serves one pass.
type elsewhere struct {
	cat    *catalog.Catalog
	store  store.Store // nil where it holds nothing
	seed   maphash.Seed
	types  map[uint64]uint8  // of the entities of all files, by the hash of the id
	former map[string]string // the ids that entities have now, by former ones; nil until it is needed
	// titles are the sources of the store that were looked for by their titles, by the hash of those; nil for none, and
	// for several of one title. All passes have the same, whatever was written meanwhile.
	titles map[uint64]*kg.Source
}

// beyond begins a pass over files.
func (c *checks) beyond() *elsewhere {
	x := &elsewhere{cat: c.cat, seed: c.seed, types: c.others}
	if !c.replace { // which would take from the source what a title does not say
		x.titles = c.titles
	}
	if !c.none {
		x.store = c.store
	}
	return x
}

// elsewhere returns the types of the entities of several files, by the hashes of their ids. It reads the files for
// that, where one of them has links whose kinds follow from these types; otherwise it returns nil.
func (c *checks) elsewhere(ctx context.Context, files []File) (map[uint64]uint8, error) {
	if len(files) < 2 || !slices.ContainsFunc(files, func(f File) bool { return f.typed() }) {
		return nil, nil //nolint:nilnil // none follow
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	batches := make(chan *batch, 2)
	go func() {
		defer close(batches)
		for i, f := range files {
			if !readFile(ctx, c.cat, i, f, turn{noLinks: true}, batches) {
				return
			}
		}
	}()
	types := map[uint64]uint8{}
	for b := range batches {
		if b.err != nil {
			return nil, b.err
		}
		for _, r := range b.records {
			if r.node == nil || r.id() == "" {
				continue
			}
			if t := c.cat.TypeOf(r.node.Type); t != nil {
				types[c.hash(r.id())] = t.Index
			}
		}
	}
	return types, ctx.Err()
}

// typed reports whether a file is of a format whose links need the types of their ends. What is wrong with it is found
// when it is read.
func (f *File) typed() bool {
	format := f.Terms.Format
	if format == nil {
		format = FormatOf("", f.Name)
	}
	if format != nil {
		return format.typed
	}
	opened, err := f.Open()
	if err != nil {
		return false
	}
	defer opened.Close() //nolint:errcheck // it was only read
	r, err := unpacked(opened)
	return err == nil && formatOf(f.Name, r).typed
}

// typesOf returns the types of the entities that are there.
func (x *elsewhere) typesOf(ctx context.Context, ids []string) (map[string]*catalog.Type, error) {
	found := map[string]*catalog.Type{}
	if x == nil {
		return found, nil
	}
	asked := map[string][]string{} // by the ids that entities have now
	for _, id := range ids {
		if t, ok := x.types[maphash.String(x.seed, id)]; ok {
			found[id] = x.cat.TypeAt(t)
			continue
		}
		if x.store == nil {
			continue
		}
		if x.former == nil {
			var err error
			if x.former, err = x.store.Merged(ctx, nil); err != nil {
				return nil, err
			}
		}
		now := id
		if to := x.former[id]; to != "" {
			now = to
		}
		asked[now] = append(asked[now], id)
	}
	if len(asked) == 0 {
		return found, nil
	}
	there, err := x.store.Types(ctx, slices.Collect(maps.Keys(asked)))
	if err != nil {
		return nil, err
	}
	for now, name := range there {
		if t := x.cat.TypeOf(name); t != nil && t.IsEntity() {
			for _, id := range asked[now] {
				found[id] = t
			}
		}
	}
	return found, nil
}

// titled returns the source of the store that has a title; nil where there is none, or several.
func (x *elsewhere) titled(ctx context.Context, title string) (*kg.Source, error) {
	if x == nil || x.store == nil || x.titles == nil {
		return nil, nil //nolint:nilnil // there is none
	}
	h := maphash.String(x.seed, text.Fold(title))
	if s, ok := x.titles[h]; ok {
		return s, nil
	}
	x.titles[h] = nil
	types := catalog.TypeSet(1) << x.cat.Source.Index
	sel := &plan.Sel{}
	for _, name := range []string{"id", "kind", "title", "url"} {
		sel.Props = append(sel.Props, x.cat.Source.Prop(name))
	}
	found, err := x.store.Fetch(ctx, &plan.Query{
		Start: plan.ByRef, Types: types, Refs: []plan.Ref{{Name: title, NameKey: text.Fold(title), Types: types}},
		Root: plan.Field{Page: plan.Paging{N: 1}, Want: plan.Want{Rows: true}, Node: sel},
	})
	switch code := kg.CodeOf(err); {
	case code == kg.NotFound, code == kg.AmbiguousRef:
		return nil, nil //nolint:nilnil // no one is meant
	case err != nil:
		return nil, err
	case len(found.Edges) != 1:
		return nil, nil //nolint:nilnil // there is none
	}
	found.Own()
	v := found.Edges[0].Node.Vals
	x.titles[h] = &kg.Source{ID: v[0].Str, Kind: v[1].Str, Title: v[2].Str, URL: v[3].Str}
	return x.titles[h], nil
}

// postponed keeps the links of files until all files are read, as their ends may be in one behind theirs.
type postponed struct {
	spool spool
	links []postponedLink
	nouns []string // what the records of each file are called
}

// postponedLink is a line, where it is kept, and the place of the file that says it.
type postponedLink struct {
	place
	file, line int32
}

func (p *postponed) add(file, line int, noun string, said []byte) error {
	p.nouns[file] = noun
	from, err := p.spool.add(string(said))
	p.links = append(p.links, postponedLink{place{from, len(said)}, int32(file), int32(line)})
	return err
}

// send hands the links on in batches. It reports whether the reader is there still.
func (p *postponed) send(ctx context.Context, cat *catalog.Catalog, files []File, to chan<- *batch) bool {
	var b *batch
	end := func() bool {
		if b == nil {
			return true
		}
		select {
		case to <- b:
			b = nil
			return true
		case <-ctx.Done():
			return false
		}
	}
	for _, l := range p.links {
		if b != nil && (b.file != int(l.file) || len(b.records) >= batchLines || b.bytes >= batchBytes) && !end() {
			return false
		}
		if b == nil {
			b = &batch{file: int(l.file), noun: p.nouns[l.file]}
		}
		said, err := p.spool.at(l.from, l.size)
		if err != nil {
			b.err = err
			return end()
		}
		r, err := parse(cat, []byte(said))
		if err != nil {
			b.fail(&LineError{File: files[l.file].Name, Line: int(l.line), Err: err})
		}
		if r != (record{}) {
			r.bad = err != nil
			b.records, b.lines = append(b.records, r), append(b.lines, int(l.line))
		}
		b.bytes += l.size
	}
	return end()
}
