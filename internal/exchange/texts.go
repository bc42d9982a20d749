package exchange

import (
	"context"
	"slices"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/rules"
)

// texts holds the texts of sources that words are compared with: up to a bound in memory, the others in a file, so that
// an import of any size looks at every excerpt. Sources are named by the hashes of their ids.
type texts struct {
	at    map[uint64]*held
	bytes int // of texts in memory
	spool *spool
	empty rules.Text
}

// held is where a text is held.
type held struct {
	source string      // the id
	text   *rules.Text // nil while it is in the spool alone
	from   int64
	size   int // in the spool; 0 when it is not there
}

// maxTexts bounds the bytes of texts in memory. Folded, one takes about as much again.
const maxTexts = 32 << 20

// put takes note of the text of a source; "" for none.
func (t *texts) put(h uint64, source, text string) error {
	if t.at == nil {
		t.at = map[uint64]*held{}
	}
	if old := t.at[h]; old != nil && old.text != nil {
		t.bytes -= len(old.text.String())
	}
	delete(t.at, h)
	switch {
	case text == "":
		return nil
	case t.bytes+len(text) <= maxTexts:
		t.bytes += len(text)
		t.at[h] = &held{source: source, text: rules.NewText(text)}
		return nil
	}
	x := &held{source: source}
	t.at[h] = x
	return t.write(x, text)
}

// write puts a text into the spool.
func (t *texts) write(x *held, text string) (err error) {
	x.size = len(text)
	x.from, err = t.spool.add(text)
	return err
}

// get returns the text of a source, the empty one when there is none.
func (t *texts) get(h uint64) (*rules.Text, error) {
	x := t.at[h]
	switch {
	case x == nil:
		return &t.empty, nil
	case x.text != nil:
		return x.text, nil
	}
	text, err := t.spool.at(x.from, x.size)
	if err != nil {
		return nil, err
	}
	if t.bytes+x.size > maxTexts {
		if err := t.letGo(); err != nil {
			return nil, err
		}
	}
	x.text = rules.NewText(text)
	t.bytes += x.size
	return x.text, nil
}

// letGo leaves all texts in the spool alone.
func (t *texts) letGo() error {
	for _, x := range t.at {
		if x.text == nil {
			continue
		}
		if x.size == 0 {
			if err := t.write(x, x.text.String()); err != nil {
				return err
			}
		}
		x.text = nil
	}
	t.bytes = 0
	return nil
}

// reset forgets all texts.
func (t *texts) reset() { t.at, t.bytes = nil, 0 }

// textsAtOnce is how many texts of the store are read at once.
const textsAtOnce = 32

// readTexts takes note of the texts of a batch's sources, and of those of the store that its links rest on.
func (c *checks) readTexts(ctx context.Context, records []record) error {
	for _, r := range records {
		// a source that adds to what is there keeps its text where it gives none
		if x := r.source; x != nil && (x.Text != "" || c.replace || slices.Contains(x.Clear, "text")) {
			h := c.hash(x.ID)
			c.asked.add(h)
			if !c.alone {
				c.texts.add(h)
			}
			if !c.none && !c.said(h) {
				c.texted = append(c.texted, x.ID)
			}
			if err := c.words.put(h, x.ID, x.Text); err != nil {
				return err
			}
		}
	}
	if c.none {
		return nil
	}
	var links []*kg.Link
	for _, r := range records {
		if r.link != nil {
			links = append(links, r.link)
		}
	}
	return c.hold(ctx, links)
}

// hold reads the texts of the store that links rest on, unless a line of the import gives another.
func (c *checks) hold(ctx context.Context, links []*kg.Link) error {
	var ids []string
	for _, x := range links {
		for i := range x.Evidence {
			if id := x.Evidence[i].Source; c.asked.add(c.hash(id)) {
				ids = append(ids, id)
			}
		}
	}
	for some := range slices.Chunk(ids, textsAtOnce) {
		found, err := c.store.Records(ctx, some)
		if err != nil {
			return err
		}
		for _, s := range found.Sources {
			if err := c.words.put(c.hash(s.ID), s.ID, s.Text); err != nil {
				return err
			}
		}
	}
	return nil
}

// text returns the text of a source, as far as it has been read.
func (c *checks) text(id string) (*rules.Text, error) { return c.words.get(c.hash(id)) }

// quoted checks the words of a link's evidence and puts them as their sources' texts have them.
func (c *checks) quoted(l *kg.Link) error {
	list := l.Evidence
	l.Evidence = make([]kg.Evidence, 0, len(list))
	for i := range list {
		knowingly := list[i].Verified != nil && !*list[i].Verified
		text, err := c.text(list[i].Source)
		if err != nil {
			c.fault = err
			return nil //nolint:nilerr // the fault ends the pass
		}
		e := rules.Verified(list[i], text)
		if e.Verified != nil && !*e.Verified {
			if !knowingly {
				return &rules.MisquoteError{Evidence: e, Text: text}
			}
			c.unverified++
		}
		l.Evidence = kg.UniteEvidence(l.Evidence, e)
	}
	return nil
}
