package exchange

import (
	"context"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// checks holds what lines say against each other and against the store. It remembers ids as hashes: of a billion pairs
// of ids, none is likely to share 64 bits.
type checks struct {
	cat   *catalog.Catalog
	store store.Store
	none  bool // the store held nothing
	seed  maphash.Seed
	types map[uint64]uint8 // type index of entities and sources known
	seen  hashes           // ids of this file
	// a second file may say again what the first said
	earlier hashes // ids of the files before
	again   bool   // one of them was said again
	words   texts  // of the sources of this import, and of those of the store that its links rest on
	asked   hashes // sources whose texts were looked for
	// unverified counts the evidence taken whose words do not stand in their source's text, and misquoted the
	// quotations
	unverified, misquoted int
	spool                 spool
	quotations            map[uint64]quotation
	sayings               []saying
	// the quotations to which links lead whose ids do not say so, by the ids of the links
	leads map[string]uint64
	// links of the store that lead to another quotation than before, by their ids
	moved hashes
	// texts are the sources whose texts the file being read gives or clears; empty for a single file
	texts hashes
	// sources of the store, perhaps, whose texts lines of this import give or clear
	texted               []string
	lost, lostQuotations int      // evidence and quotations that were not unverified before
	alone                bool     // there is one file
	file, line           int      // at hand
	fault                error    // of the file of texts
	sums                 []string // SHA-256 of each file that was read
	replace              bool
	trial                bool // nothing is written
	checked              bool // a pass before has found all that is to be said
	report               *reporting
	// what lines delete
	gone      hashes
	deletions []deletion
	external  owners
	former    map[string]string     // the ids that entities have now, by former ones
	joined    hashes                // ids that lines have said by former ones
	others    map[uint64]uint8      // the types of the entities of all files, where one needs those of others: see elsewhere
	titles    map[uint64]*kg.Source // of the store, by what tables call them: see elsewhere
	watched   hashes                // ids that several files say
	before    map[string]any        // records as they are before the batch at hand, where that is asked for
	kept      map[string]any        // watched records as they are after the lines so far
}

func (c *checks) hash(id string) uint64 { return maphash.String(c.seed, id) }

// used marks what a line of this import uses, in types.
const used = 0x80

// typeOf returns the index of the type of an entity or source, and reports whether it is known.
func (c *checks) typeOf(h uint64) (uint8, bool) {
	t, ok := c.types[h]
	return t &^ used, ok
}

// use finds what a line needs, and marks it.
func (c *checks) use(h uint64) (uint8, bool) {
	t, ok := c.types[h]
	if ok && t&used == 0 {
		c.types[h] = t | used
	}
	return t &^ used, ok
}

// begin begins a pass.
func (c *checks) begin(r *reporting) {
	c.report, c.gone, c.deletions, c.external, c.kept = r, hashes{}, nil, owners{}, map[string]any{}
	c.seen, c.earlier, c.again, c.asked, c.unverified = hashes{}, hashes{}, false, hashes{}, 0
	c.quotations, c.sayings, c.leads, c.texted, c.moved = map[uint64]quotation{}, nil, map[string]uint64{}, nil, hashes{}
	c.words.reset()
	c.spool.reset()
}

// next begins another file.
func (c *checks) next() {
	c.earlier.merge(&c.seen)
	c.seen, c.texts = hashes{}, hashes{}
}

// say notes an id; false when the file has it already.
func (c *checks) say(h uint64) bool {
	if !c.seen.add(h) {
		return false
	}
	c.again = c.again || c.earlier.has(h)
	return true
}

// hashes is a set of hashes with open addressing: a map takes two to three times the memory, and a large import has
// millions.
type hashes struct {
	slots []uint64 // a power of two of them, at most three quarters used; 0 = free
	n     int
}

// at returns the slot of a hash, or the free one where it would be added.
func (s *hashes) at(h uint64) int {
	mask := len(s.slots) - 1
	i := int(h) & mask
	for s.slots[i] != 0 && s.slots[i] != h {
		i = (i + 1) & mask
	}
	return i
}

// has reports whether h is in the set. 0 stands for 1.
func (s *hashes) has(h uint64) bool {
	return s.n > 0 && s.slots[s.at(max(h, 1))] != 0
}

// add puts h into the set; false when it was there.
func (s *hashes) add(h uint64) bool {
	h = max(h, 1)
	if 4*s.n >= 3*len(s.slots) {
		old := s.slots
		s.slots = make([]uint64, max(2*len(old), 1024))
		for _, o := range old {
			if o != 0 {
				s.slots[s.at(o)] = o
			}
		}
	}
	i := s.at(h)
	if s.slots[i] != 0 {
		return false
	}
	s.slots[i] = h
	s.n++
	return true
}

// merge adds the hashes of another set.
func (s *hashes) merge(o *hashes) {
	for _, h := range o.slots {
		if h != 0 {
			s.add(h)
		}
	}
}

// batch checks a batch: ids once in a file, ends and sources known, types fitting.
func (c *checks) batch(ctx context.Context, file string, b *batch) (errs []*LineError, err error) {
	if err := c.redirect(ctx, b); err != nil {
		return nil, err
	}
	if !c.none {
		if err := c.ask(ctx, b.records); err != nil {
			return nil, err
		}
	}
	if err := c.readTexts(ctx, b.records); err != nil {
		return nil, err
	}
	if err := c.recall(ctx, b.records); err != nil {
		return nil, err
	}
	for i, r := range b.records {
		if r.bad {
			c.blame(r)
			continue
		}
		c.file, c.line = b.file, b.lines[i]
		if r.gone != nil {
			r.gone.file, r.gone.line = file, b.lines[i]
		}
		err := c.record(r)
		if c.fault != nil {
			return nil, c.fault
		}
		if err != nil {
			errs = append(errs, &LineError{File: file, Line: b.lines[i], Err: err})
			c.blame(r)
		}
	}
	return errs, nil
}

// ask asks the store at once for what some records need and the import has not seen.
func (c *checks) ask(ctx context.Context, records []record) error {
	unknown := map[string]bool{}
	own := map[string]bool{}
	need := func(id string) {
		if _, ok := c.types[c.hash(id)]; !ok && !own[id] {
			unknown[id] = true
		}
	}
	for _, r := range records {
		switch {
		case r.source != nil:
			need(r.source.ID)
			own[r.source.ID] = true
		case r.node != nil:
			need(r.node.ID)
			own[r.node.ID] = true
			if !r.node.Absorbed {
				for _, id := range r.node.FormerIDs {
					need(id)
				}
			}
		case r.link != nil:
			if r.missing != nil {
				need(r.link.ID)
			}
			need(r.link.From)
			need(r.link.To)
			for i := range r.link.Evidence {
				need(r.link.Evidence[i].Source)
			}
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	known, err := c.store.Types(ctx, slices.Collect(maps.Keys(unknown)))
	for id, typ := range known {
		c.types[c.hash(id)] = c.cat.TypeOf(typ).Index
	}
	return err
}

func (c *checks) record(r record) error {
	switch {
	case r.gone != nil:
		return c.remove(r.gone)
	case r.source != nil:
		return c.declare(r, r.source.ID, c.cat.Source)
	case r.node != nil:
		if err := c.declare(r, r.node.ID, c.cat.TypeOf(r.node.Type)); err != nil {
			return err
		}
		if err := c.formerly(r.node); err != nil {
			return err
		}
		c.identify(r.node)
		if err := c.merged(r); err != nil {
			return err
		}
		if r.node.Absorbed { // it keeps its own words
			return nil
		}
		c.fault = c.noteQuotation(r.node)
		return nil
	}
	return c.link(r)
}

// blame takes note of a bad line, so that lines that use what it should have made are no bad lines because of it.
func (c *checks) blame(r record) {
	var t uint8 // 0 = a type that the line does not say
	switch {
	case r.source != nil:
		t = c.cat.Source.Index
	case r.node != nil:
		if of := c.cat.TypeOf(r.node.Type); of != nil {
			t = of.Index
		}
	default:
		return
	}
	h := c.hash(r.id())
	if _, ok := c.types[h]; !ok {
		c.types[h] = t
	}
}

// declare takes note of an id.
func (c *checks) declare(r record, id string, t *catalog.Type) error {
	h := c.hash(id)
	hint := "; put what it says into one line"
	if r.minted {
		hint = ", made from its name; give one of the two an id"
	}
	if absorbed := r.node != nil && r.node.Absorbed; !c.say(h) && !c.joins(h, absorbed) {
		return fmt.Errorf("has the id %s of an earlier line%s", id, hint)
	}
	before, ok := c.typeOf(h)
	switch {
	case c.gone.has(h):
		return fmt.Errorf("has the id %s, which an earlier line deletes; leave out one of the two", id)
	case ok && before != 0 && before != t.Index:
		return fmt.Errorf("has the id %s, which is taken by a record of type %s; give it another id", id,
			c.cat.TypeAt(before).Enum)
	case r.missing != nil && (!ok || c.replace):
		return r.missing
	}
	if r.minted {
		var is any = r.node
		if r.source != nil {
			is = r.source
		}
		if err := namesake(c.cat, c.held(id), is); err != nil {
			return err
		}
	}
	if !ok {
		c.types[h] = t.Index
	}
	return nil
}

func (c *checks) link(r record) error {
	l := r.link
	h := c.hash(l.ID)
	if !c.say(h) {
		if !c.joins(h, l.Absorbed) {
			return fmt.Errorf("says what an earlier line says (link %s); put the evidence of both into one line", l.ID)
		}
		l.Absorbed = true // with --replace too, the two add up
	}
	if c.gone.has(h) {
		return fmt.Errorf("has the id %s, which an earlier line deletes; leave out one of the two", l.ID)
	}
	if r.missing != nil {
		if _, ok := c.types[h]; c.replace || !ok && !c.earlier.has(h) {
			return r.missing
		}
	}
	if l.Minted && !c.none && !c.replace {
		c.report.minted.add(l.ID)
	}
	k := c.cat.Kind(l.Kind)
	for _, end := range []struct {
		name, id string
		types    catalog.TypeSet
	}{{"from", l.From, k.From}, {"to", l.To, k.To}} {
		t, ok := c.use(c.hash(end.id))
		switch {
		case c.gone.has(c.hash(end.id)):
			return fmt.Errorf("links %s %s, which an earlier line deletes", end.name, end.id)
		case !ok:
			return fmt.Errorf("links %s %s, which stands neither above nor in the store", end.name, end.id)
		case t != 0 && !end.types.Has(t):
			return fmt.Errorf("links %s %s, which is of type %s; %s joins %s there", end.name, end.id,
				c.cat.TypeAt(t).Enum, k.Name, typeNames(c.cat, end.types))
		}
	}
	for i := range l.Evidence {
		e := &l.Evidence[i]
		if c.gone.has(c.hash(e.Source)) {
			return fmt.Errorf("has evidence from %s, which an earlier line deletes", e.Source)
		}
		if t, ok := c.use(c.hash(e.Source)); !ok || t != c.cat.Source.Index {
			return fmt.Errorf("has evidence from %s, a source that stands neither above nor in the store", e.Source)
		}
	}
	if c.fault = c.noteSaying(l); c.fault != nil {
		return nil //nolint:nilerr // the fault ends the pass
	}
	return c.quoted(l)
}

func typeNames(cat *catalog.Catalog, set catalog.TypeSet) string {
	return strings.Join(cat.Enums(set), " or ")
}
