package exchange

import (
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"

	"github.com/throughline/throughline/internal/kg"
)

// Tables and drawings say one thing in many places: a row for each job of a person, the same employer in each, nodes
// behind the edges that join them. An import wants each record once, and what a link needs before it.

// gathering puts the parts of records together. It holds some numbers of each record in memory; their words are in a
// file.
type gathering struct {
	in    *reading
	seed  maphash.Seed
	at    map[uint64]int32 // places in parts, by the hash of the id
	parts []part
	spool spool
	// lately has the ids of records that were added lately, by the hashes of their lines: the same source, the same
	// employer comes row after row.
	lately map[uint64]string
}

// maxLately is how many lines lately has at most.
const maxLately = 1 << 14

// part is what is known of one record.
type part struct {
	place
	line int32  // where the file says it first
	kind uint8  // what it is: partSource, partNode or partLink
	said uint64 // the hash of what was said last, which is often said again
}

// Kinds of parts, in the order in which an import wants them.
const (
	partSource = iota
	partNode
	partLink
)

// gather begins a gathering of what a file says.
func gather(in *reading) *gathering {
	return &gathering{in: in, seed: maphash.MakeSeed(), at: map[uint64]int32{}, lately: map[uint64]string{}}
}

// add takes a record, or a part of one, as a line of JSON, and the place where the file says it. It returns the id of
// the record, "" where it has none. What is wrong with it is passed on, to be reported.
func (g *gathering) add(line int, said []byte) (id string, err error) {
	hash := maphash.Bytes(g.seed, said)
	if id, ok := g.lately[hash]; ok {
		return id, nil
	}
	r, wrong := parse(g.in.cat, said)
	if r == (record{}) && wrong == nil {
		return "", nil
	}
	if wrong != nil || r.missing != nil && r.link != nil {
		if !g.in.say(line, said) { // the import tells what is wrong, and takes note of what it cannot take
			return "", errStopped
		}
		return r.id(), nil
	}
	if len(g.lately) == maxLately {
		clear(g.lately)
	}
	g.lately[hash] = r.id()
	h := maphash.String(g.seed, r.id())
	i, ok := g.at[h]
	if !ok {
		g.at[h] = int32(len(g.parts))
		p := part{line: int32(line), said: hash, kind: partLink}
		switch {
		case r.source != nil:
			p.kind = partSource
		case r.node != nil:
			p.kind = partNode
		}
		p.place, err = g.keep(&r)
		g.parts = append(g.parts, p)
		return r.id(), err
	}
	p := &g.parts[i]
	if p.said == hash {
		return r.id(), nil
	}
	p.said = hash
	was, err := g.read(p)
	if err != nil {
		return "", err
	}
	if wrong := g.merge(&was, &r, g.in.where(int(p.line))); wrong != nil {
		return r.id(), g.in.fail(line, wrong)
	}
	p.place, err = g.keep(&was)
	return r.id(), err
}

// merge adds to a record what else is said of it.
func (g *gathering) merge(was, is *record, where string) error {
	var d difference
	switch {
	case was.source != nil && is.source != nil:
		d = differingSource(was.source, is.source)
		was.source = kg.MergeSource(was.source, is.source)
	case was.node != nil && is.node != nil && was.node.Type != is.node.Type:
		d = difference{flatType, was.node.Type, is.node.Type}
	case was.node != nil && is.node != nil:
		d = cmp.Or(differingNode(g.in.cat.TypeOf(is.node.Type), was.node, is.node), differingName(was.node, is.node))
		created, updated, verified := was.node.CreatedAt, was.node.UpdatedAt, was.node.Verified
		was.node = kg.MergeNode(was.node, is.node)
		was.node.CreatedAt, was.node.UpdatedAt = cmp.Or(is.node.CreatedAt, created), cmp.Or(is.node.UpdatedAt, updated)
		was.node.Verified = cmp.Or(is.node.Verified, verified)
	case was.link != nil && is.link != nil:
		created, updated := was.link.CreatedAt, was.link.UpdatedAt
		was.link = kg.MergeLink(was.link, is.link)
		was.link.CreatedAt, was.link.UpdatedAt = cmp.Or(is.link.CreatedAt, created), cmp.Or(is.link.UpdatedAt, updated)
	}
	was.minted = was.minted && is.minted
	if d.field != "" {
		return fmt.Errorf("says of %s that its %s is %s, and %s that it is %s: if they are two, give each an id; if not, mend one",
			is.id(), d.field, clip(d.is), where, clip(d.was))
	}
	return nil
}

// differingName returns the difference of two names of one entity, unless its id was made from them.
func differingName(w, x *kg.Node) difference {
	if otherwise(w.Name, x.Name) {
		return difference{"name", w.Name, x.Name}
	}
	return difference{}
}

// keep puts a record into the file. An id that was made from a name, or from what a link says, is left out, and made
// again: so an import knows that it was.
func (g *gathering) keep(r *record) (p place, err error) {
	kept := *r
	switch {
	case !r.minted:
	case r.source != nil:
		c := *r.source
		c.ID = ""
		kept.source = &c
	case r.node != nil:
		c := *r.node
		c.ID = ""
		kept.node = &c
	case r.link != nil:
		c := *r.link
		c.ID = ""
		kept.link = &c
	}
	line := kept.line(g.in.cat)
	p.size = len(line)
	p.from, err = g.spool.add(string(line))
	return p, err
}

// read returns a record from the file.
func (g *gathering) read(p *part) (record, error) {
	line, err := g.spool.at(p.from, p.size)
	if err != nil {
		return record{}, err
	}
	r, err := parse(g.in.cat, []byte(line))
	if err != nil {
		return record{}, fmt.Errorf("what was kept of line %d cannot be read again: %w", p.line, err)
	}
	return r, nil
}

// end hands everything on: sources, nodes, links, each in the order of the file.
func (g *gathering) end() error {
	for kind := uint8(partSource); kind <= partLink; kind++ {
		for i := range g.parts {
			p := &g.parts[i]
			if p.kind != kind {
				continue
			}
			line, err := g.spool.at(p.from, p.size)
			if err != nil {
				return err
			}
			if !g.in.say(int(p.line), []byte(line)) {
				return errStopped
			}
		}
	}
	return nil
}

func (g *gathering) close() error { return g.spool.close() }

// errStopped ends the reading of a file that nobody wants to hear more of.
var errStopped = errors.New("the reading was stopped")
