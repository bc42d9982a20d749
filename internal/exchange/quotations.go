package exchange

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/rules"
)

// What a quotation says, the links by which somebody said it and the texts that these rest on may come in any order,
// from several files and from the store. So words are compared when a file is read to its end: see settle. Only of an
// import of one file into an empty store is it known before that nothing can come any more that counts.

// quotation holds what the lines read so far say of one quotation.
type quotation struct {
	from      int64 // where its id begins in the spool, and behind it its words
	id, words int   // bytes
	worded    bool  // a line gave the words
	stands    bool  // whatever is yet to come, they stand in a text
	settled   bool  // at the end of an earlier file it was known what is found of it:
	misquoted bool  // the words stood in none of the texts
	lost      bool  // though they did before
	// what the last file that speaks of it says
	// the line that gives the words or, where none does, the first link by which it is said; 0 for neither
	file, line int
	given      bool // the words stand in it
	knowingly  bool // it takes them as they are
}

// saying is a source that supports a link by which a quotation is said, each by the hash of its id. A link without such
// a source has one with 0.
type saying struct {
	quotation, link, source uint64
	file                    int
}

// quotationOf returns what is known of a quotation for a line that speaks of it.
func (c *checks) quotationOf(h uint64, id string) (q quotation, err error) {
	q, there := c.quotations[h]
	if !there {
		q.id = len(id)
		q.from, err = c.spool.add(id)
	}
	if !there || q.file != c.file {
		q.file, q.line, q.given, q.knowingly = c.file, 0, false, false
	}
	return q, err
}

// noteQuotation takes note of what a line says of a quotation.
func (c *checks) noteQuotation(n *kg.Node) error {
	of := c.cat.QuotedOf(n.Type)
	if of == nil || c.checked {
		return nil
	}
	h := c.hash(n.ID)
	q, err := c.quotationOf(h, n.ID)
	if words, given := n.Props[of.Words.Name].(string); given && err == nil {
		q.from, err = c.spool.add(n.ID + words)
		q.words, q.worded, q.given, q.line = len(words), true, true, c.line
	}
	q.knowingly = n.Verified != nil && !*n.Verified
	c.quotations[h] = q
	return err
}

// noteSaying takes note of a link by which a quotation is said.
func (c *checks) noteSaying(l *kg.Link) error {
	if c.checked || !c.cat.Quoting.Has(c.cat.Kind(l.Kind).Index) {
		return nil
	}
	h := c.hash(l.To)
	if l.ID != l.StatedID() { // it may have led elsewhere
		c.leads[l.ID] = h
	}
	q, err := c.quotationOf(h, l.To)
	if err != nil || q.stands {
		return err
	}
	if q.line == 0 {
		q.line = c.line
	}
	final, some := c.none && c.alone && q.worded, false
	for _, id := range l.SourcesOf(kg.Supports) {
		if final {
			text, err := c.text(id)
			if err != nil {
				return err
			}
			if text.String() == "" {
				continue
			}
			words, err := c.wordsOf(&q)
			if err != nil {
				return err
			}
			if text.Has(words) {
				q.stands = true
				break
			}
		}
		some = true
		c.sayings = append(c.sayings, saying{h, c.hash(l.ID), c.hash(id), c.file})
	}
	if !some && !final {
		c.sayings = append(c.sayings, saying{h, c.hash(l.ID), 0, c.file})
	}
	c.quotations[h] = q
	return nil
}

// idOf reads the id of a quotation.
func (c *checks) idOf(q *quotation) (string, error) { return c.spool.at(q.from, q.id) }

// wordsOf reads the words that a line gave.
func (c *checks) wordsOf(q *quotation) (string, error) {
	return c.spool.at(q.from+int64(q.id), q.words)
}

// settling compares what was held for the end of a file.
type settling struct {
	*checks
	going   *removal          // what lines delete; nil but at the end of the last file
	touched map[uint64]string // quotations of the store that lose a text or what they rest on: their ids
	changed hashes            // quotations whose links or texts the file at hand changes
	leadsTo map[uint64]uint64 // checks.leads by the hashes of the ids
	bad     []badQuotation    // at most maxErrors, the first by their lines
	more    int               // those beyond
}

// badQuotation is a quotation that makes a line bad.
type badQuotation struct {
	line int
	err  *rules.UnquotedError
}

// settle compares the quotations of which the file at hand speaks with the texts as they are after it. Those that say
// what no text has are bad lines, unless they were taken so before or are now. It also compares those whose texts or
// links the file changes without speaking of them, because a later file may, and at the end of the last file all others
// of the import, and counts what ceases to be verified.
func (c *checks) settle(ctx context.Context, file File, going *removal, bad *BadLinesError) error {
	s := &settling{checks: c, going: going, touched: map[uint64]string{}}
	if !c.none {
		if err := s.corrected(ctx); err != nil {
			return err
		}
		if err := s.removed(ctx); err != nil {
			return err
		}
	}
	s.dropChanged()
	for _, x := range s.sayings {
		if c.texts.has(x.source) {
			s.changed.add(x.quotation)
		}
	}
	for h, id := range s.touched {
		if c.gone.has(h) {
			continue
		}
		s.changed.add(h)
		if _, known := c.quotations[h]; !known {
			q, err := c.quotationOf(h, id)
			if err != nil {
				return err
			}
			c.quotations[h] = q
		}
	}
	slices.SortStableFunc(c.sayings, func(a, b saying) int { return cmp.Compare(a.quotation, b.quotation) })
	var hashes []uint64
	for h, q := range c.quotations {
		if (going != nil || q.file == c.file || s.changed.has(h)) && !q.stands && !c.gone.has(h) {
			hashes = append(hashes, h)
		}
	}
	slices.Sort(hashes)
	for some := range slices.Chunk(hashes, someAtOnce) {
		if err := s.some(ctx, some); err != nil {
			return err
		}
		slices.SortFunc(s.bad, func(a, b badQuotation) int { return cmp.Compare(a.line, b.line) })
		n := min(len(s.bad), maxErrors)
		s.more += len(s.bad) - n
		s.bad = s.bad[:n]
	}
	lines := make([]*LineError, len(s.bad))
	for i, b := range s.bad {
		lines[i] = &LineError{File: file.Name, Line: b.line, Err: b.err}
	}
	bad.add(lines, s.more)
	return nil
}

// dropChanged drops what earlier files said by links that a later one replaces. What a link rests on goes with it where
// a later one leads it elsewhere.
func (s *settling) dropChanged() {
	s.leadsTo = make(map[uint64]uint64, len(s.leads))
	for id, q := range s.leads {
		s.leadsTo[s.hash(id)] = q
	}
	last := map[uint64]int{}
	if s.replace {
		for _, x := range s.sayings {
			last[x.link] = max(last[x.link], x.file)
		}
	}
	s.sayings = slices.DeleteFunc(s.sayings, func(x saying) bool {
		drop := x.file < last[x.link] || s.replace && s.elsewhere(x.link, x.quotation)
		if drop {
			s.changed.add(x.quotation)
		}
		return drop
	})
	for i := range s.sayings {
		x := &s.sayings[i]
		if s.elsewhere(x.link, x.quotation) {
			s.changed.add(x.quotation)
			x.quotation = s.leadsTo[x.link]
		}
	}
}

// elsewhere reports whether a line has a link lead to another entity.
func (s *settling) elsewhere(link, to uint64) bool {
	now, ok := s.leadsTo[link]
	return ok && now != to
}

// corrected finds the sources whose texts are not as the store has them, and what rests on them.
func (s *settling) corrected(ctx context.Context) error {
	var ids []string
	for some := range slices.Chunk(s.texted, textsAtOnce) {
		found, err := s.store.Records(ctx, some)
		if err != nil {
			return err
		}
		for _, x := range found.Sources {
			if text, err := s.text(x.ID); err != nil {
				return err
			} else if text.String() != x.Text {
				ids = append(ids, x.ID)
			}
		}
	}
	s.lost = 0
	var seen hashes
	for some := range slices.Chunk(ids, someAtOnce) {
		err := s.resting(ctx, some, func(l *kg.Link) error {
			if !seen.add(s.hash(l.ID)) {
				return nil
			}
			s.touch(l)
			if s.replace && s.said(s.hash(l.ID)) {
				return nil
			}
			now, err := rules.Verify(nil, l.Evidence, s.text)
			s.lost += max(0, notFound(now)-notFound(l.Evidence))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// removed finds the quotations of which lines delete a link or a source that they rest on.
func (s *settling) removed(ctx context.Context) error {
	links := slices.Collect(maps.Keys(s.leads)) // they may have led elsewhere
	if s.going != nil {
		for _, l := range s.going.links {
			s.touch(l)
		}
		_, _, gone := kg.SortIDs(s.going.ids)
		links = append(links, gone...)
	}
	for some := range slices.Chunk(links, someAtOnce) {
		found, err := s.store.Records(ctx, some)
		if err != nil {
			return err
		}
		if err := s.hold(ctx, found.Links); err != nil {
			return err
		}
		for _, l := range found.Links {
			s.touch(l)
			to, led := s.leads[l.ID]
			if h := s.hash(l.ID); led && to != s.hash(l.To) && !s.replace && s.moved.add(h) {
				for _, id := range l.SourcesOf(kg.Supports) {
					s.sayings = append(s.sayings, saying{to, h, s.hash(id), s.file})
				}
			}
		}
	}
	return nil
}

// touch takes note of the quotation at the end of a link.
func (s *settling) touch(l *kg.Link) {
	if s.cat.Quoting.Has(s.cat.Kind(l.Kind).Index) {
		s.touched[s.hash(l.To)] = l.To
	}
}

// notFound counts the pieces whose words do not stand in the text that is held.
func notFound(list []kg.Evidence) (n int) {
	for i := range list {
		if list[i].Verified != nil && !*list[i].Verified {
			n++
		}
	}
	return n
}

// resting calls f with the links of the store that end at some entities or rest on some sources and that do not go,
// each with the texts that it rests on at hand.
func (s *settling) resting(ctx context.Context, ids []string, f func(l *kg.Link) error) error {
	links, err := s.store.Resting(ctx, ids)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(links, someAtOnce) {
		found, err := s.store.Records(ctx, some)
		if err != nil {
			return err
		}
		if err := s.hold(ctx, found.Links); err != nil {
			return err
		}
		for _, l := range found.Links {
			if s.goes(l) {
				continue
			}
			if err := f(l); err != nil {
				return err
			}
		}
	}
	return nil
}

// goes reports whether a link of the store is deleted. Of others, evidence from deleted sources is taken away.
func (s *settling) goes(l *kg.Link) bool {
	if len(s.deletions) == 0 {
		return false
	}
	l.Evidence = slices.DeleteFunc(slices.Clone(l.Evidence),
		func(e kg.Evidence) bool { return s.gone.has(s.hash(e.Source)) })
	return len(l.Evidence) == 0 || s.gone.has(s.hash(l.ID)) || s.gone.has(s.hash(l.From)) || s.gone.has(s.hash(l.To))
}

// finding is what is found of a quotation.
type finding struct {
	quotation
	of    *catalog.Quoted
	words string
	held  *kg.Node // as the store has it; nil where it is new
	found rules.Quoted
	said  bool  // lines of the import say by whom
	text  *held // one that does not have the words
}

// compare takes in the text of a source.
func (f *finding) compare(h uint64, t *texts) error {
	text, err := t.get(h)
	switch {
	case err != nil || text.String() == "" || f.found == rules.Verbatim:
	case text.Has(f.words):
		f.found = rules.Verbatim
	default:
		f.found, f.text = rules.Misquoted, t.at[h]
	}
	return err
}

// some settles some quotations.
func (s *settling) some(ctx context.Context, list []uint64) error {
	findings := make(map[uint64]*finding, len(list))
	var ids []string
	for _, h := range list {
		f := &finding{}
		if t, _ := s.typeOf(h); t != 0 {
			f.of = s.cat.TypeAt(t).Quoted
		}
		id := s.touched[h]
		if q, ok := s.quotations[h]; ok {
			var err error
			if id, err = s.idOf(&q); err != nil {
				return err
			}
			f.quotation = q
			if f.words, err = s.wordsOf(&q); err != nil {
				return err
			}
		}
		findings[h] = f
		ids = append(ids, id)
	}
	if !s.none {
		found, err := s.store.Records(ctx, ids)
		if err != nil {
			return err
		}
		for _, n := range found.Nodes {
			f := findings[s.hash(n.ID)]
			f.held, f.of = n, s.cat.QuotedOf(n.Type)
			if f.of != nil && !f.worded {
				f.words, _ = n.Props[f.of.Words.Name].(string)
			}
		}
	}
	for h, f := range findings {
		if f.of == nil || !f.worded && f.held == nil {
			delete(findings, h) // no quotation, or one whose own line is bad
			continue
		}
		i, _ := slices.BinarySearchFunc(s.sayings, h, func(x saying, h uint64) int {
			return cmp.Compare(x.quotation,
				h)
		})
		for ; i < len(s.sayings) && s.sayings[i].quotation == h; i++ {
			f.said = true
			if s.gone.has(s.sayings[i].source) {
				continue
			}
			if err := f.compare(s.sayings[i].source, &s.words); err != nil {
				return err
			}
		}
	}
	if err := s.heldBy(ctx, findings); err != nil {
		return err
	}
	for h, f := range findings {
		if err := s.judge(h, f); err != nil {
			return err
		}
	}
	return nil
}

// heldBy takes in what the store holds of quotations that stand in no text of the import.
func (s *settling) heldBy(ctx context.Context, findings map[uint64]*finding) error {
	var ids []string
	for h, f := range findings {
		if f.held == nil || f.found == rules.Verbatim {
			continue
		}
		_, touched := s.touched[h]
		if was, _ := f.held.Props[f.of.Words.Name].(string); touched || s.replace && f.said || was != f.words {
			ids = append(ids, f.held.ID)
			continue
		}
		switch {
		case f.held.Verified == nil:
		case *f.held.Verified:
			f.found = rules.Verbatim
		default:
			f.found = rules.Misquoted
			if f.text == nil {
				ids = append(ids, f.held.ID) // for a text to show
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return s.resting(ctx, ids, func(l *kg.Link) error {
		f := findings[s.hash(l.To)]
		if f == nil || !f.of.Kinds.Has(s.cat.Kind(l.Kind).Index) || s.elsewhere(s.hash(l.ID), s.hash(l.To)) ||
			s.replace && s.said(s.hash(l.ID)) {
			return nil
		}
		for _, id := range l.SourcesOf(kg.Supports) {
			if err := f.compare(s.hash(id), &s.words); err != nil {
				return err
			}
		}
		return nil
	})
}

// judge says what becomes of a quotation.
func (s *settling) judge(h uint64, f *finding) error {
	before := f.misquoted
	if !f.settled {
		before = f.held != nil && f.held.Verified != nil && !*f.held.Verified
	}
	now, here := f.found == rules.Misquoted, f.file == s.file
	q := f.quotation
	q.settled, q.misquoted, q.lost = true, now, now && f.lost
	s.quotations[h] = q
	if f.lost && !now {
		s.lostQuotations--
	}
	switch {
	case !now:
	case here && f.knowingly:
		s.misquoted++
	case here && (f.given || f.line > 0 && !before):
		if f.text == nil {
			return nil // another load has just taken it away
		}
		text, err := s.text(f.text.source)
		if err != nil {
			return err
		}
		e := &rules.UnquotedError{
			Field: f.of.Words.Name, Words: f.words, Link: !f.given, Source: f.text.source,
			Text: text,
		}
		if !f.given {
			if e.ID, err = s.idOf(&f.quotation); err != nil {
				return err
			}
			e.Type = s.typeNamed(h, f.held)
		}
		s.bad = append(s.bad, badQuotation{f.line, e})
	case !before:
		s.lostQuotations++
		q.lost = true
		s.quotations[h] = q
	}
	return nil
}

// typeNamed returns the type of an entity of the store or, where it is not there, of the import.
func (c *checks) typeNamed(h uint64, held *kg.Node) string {
	if held != nil {
		return held.Type
	}
	i, _ := c.typeOf(h)
	return c.cat.TypeAt(i).Enum
}
