package rules

import (
	"fmt"

	"github.com/throughline/throughline/internal/kg"
)

// MaxExcerpt is the longest excerpt, prefix or suffix, in bytes.
const MaxExcerpt = 100_000

// What evidence points to for Verified; nobody changes it.
var yes, no = true, false

// Verified returns a piece of evidence with what comparing its words with the text of its source has found: Verified,
// and where the words stand there, in the spelling of the text. Without a text it is not known, and the words stay as
// they are; so they do where they are not found.
func Verified(e kg.Evidence, text *Text) kg.Evidence {
	e.Verified, e.Start, e.End = nil, 0, 0
	if text.String() == "" {
		return e
	}
	p, ok := text.Find(e.Excerpt, e.Prefix, e.Suffix)
	if !ok || len(p.Excerpt) > MaxExcerpt || len(p.Prefix) > MaxExcerpt || len(p.Suffix) > MaxExcerpt {
		e.Verified = &no
		return e
	}
	e.Verified, e.Start, e.End = &yes, p.Start, p.End
	e.Excerpt, e.Prefix, e.Suffix = p.Excerpt, p.Prefix, p.Suffix
	return e
}

// Verify appends the evidence of a link as it is stored to into: each piece Verified, and each once. text returns the
// text of a source.
func Verify(into, list []kg.Evidence, text func(source string) (*Text, error)) ([]kg.Evidence, error) {
	for i := range list {
		t, err := text(list[i].Source)
		if err != nil {
			return nil, err
		}
		into = kg.UniteEvidence(into, Verified(list[i], t))
	}
	return into, nil
}

// MisquoteError is the error of words that do not stand in the text of their source. What is nearest to them is looked
// for when the error is read, as most are never shown.
type MisquoteError struct {
	Evidence kg.Evidence
	Text     *Text
}

// Error says what is wrong and what to do.
func (m *MisquoteError) Error() string {
	e := &m.Evidence
	if Short(e.Excerpt) {
		return fmt.Sprintf("has an excerpt of fewer than %d letters from %s: %q; quote more of its text", MinLetters,
			e.Source, clip(e.Excerpt, 60))
	}
	const knowingly = `or write "verified": false next to the excerpt to take it as it is`
	if p, ok := m.Text.Within(e.Excerpt); ok {
		return fmt.Sprintf("has an excerpt that begins or ends within a word of the text of %s: %s; quote whole words, in line %d of the text: %s; or %s",
			e.Source, clip(e.Excerpt, 60), p.Line, clip(p.Words, 200), `write "verified": false next to it to take it as it is`)
	}
	if _, ok := m.Text.Find(e.Excerpt, "", ""); ok {
		return fmt.Sprintf("has an excerpt that stands in the text of %s, though not between the prefix %q and the suffix %q: %s; correct them, %s",
			e.Source, clip(e.Prefix, 60), clip(e.Suffix, 60), clip(e.Excerpt, 60), knowingly)
	}
	return fmt.Sprintf("has an excerpt that does not occur in the text of %s: %s; %s; correct it, %s", e.Source,
		clip(e.Excerpt, 60), m.Text.similar(e.Excerpt), knowingly)
}

// nearest says in words what passage is nearest.
func (t *Text) nearest(words string) string {
	if p, ok := t.Within(words); ok {
		return fmt.Sprintf("they begin or end within a word there, and the whole is, in line %d of the text: %s", p.Line, clip(p.Words, 200))
	}
	return t.similar(words)
}

// similar says in words what passage is Similar.
func (t *Text) similar(words string) string {
	p, ok := t.Similar(words)
	if !ok {
		return "nothing there is like it"
	}
	return fmt.Sprintf("nearest is, in line %d of the text: %s", p.Line, clip(p.Words, 200))
}
