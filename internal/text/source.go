package text

import (
	"strings"
	"unicode"
)

// NewSourceDoc makes the document of a source: its title is its name, and of its text words and phrases fit exactly or
// not at all. The different words of a corpus are many, and most of them are in few texts: prefixes and misspellings of
// them would cost an index of their own, and find little that is meant.
func NewSourceDoc(title, body string) Doc {
	d := NewDoc(title, nil, []string{body})
	d.exact = true
	return d
}

// Sentences calls yield with the sentences of a text, in order, without the space around them. A sentence ends before
// an empty line, and behind a full stop, question mark or exclamation mark and what closes it, where space or a script
// without spaces follows; not behind the full stop of an initial.
func Sentences(s string, yield func(string) bool) {
	from := 0
	cut := func(to int) bool {
		one := strings.TrimSpace(s[from:to])
		from = to
		return one == "" || yield(one)
	}
	ended := false        // a sentence has, but for what closes it
	var last, before rune // the characters before r
	for i, r := range s {
		switch {
		case r == '\n' && blank(s[i+1:]), ended && (unicode.IsSpace(r) || partOfAny(r) == unspaced):
			if !cut(i) {
				return
			}
			ended = false
		case unicode.Is(unicode.STerm, r) || r == '…':
			initial := r == '.' && unicode.IsLetter(last) && partOfAny(before) == outside
			ended = ended || !initial
		case !unicode.In(r, unicode.Quotation_Mark, unicode.Pe, unicode.Pf):
			ended = false
		}
		before, last = last, r
	}
	cut(len(s))
}

// blank reports whether the line that s begins with is empty.
func blank(s string) bool {
	line, _, more := strings.Cut(s, "\n")
	return more && strings.TrimSpace(line) == ""
}

// HighlightsOfSource are those of a source: the sentence of its text in which most query words fit, and its title; the
// title first where more fit that.
func HighlightsOfSource(title, body string, s *Search) []Highlight {
	var out []Highlight
	inTitle, most := matches(title, inName, s.Words)
	if most > 0 {
		out = append(out, shown("title", title, inTitle))
	}
	best, bestHits, n := "", []span(nil), 0
	Sentences(body, func(one string) bool {
		if hits, fit := matches(one, inText, s.Words); fit > n {
			best, bestHits, n = one, hits, fit
		}
		return n < len(s.Words)
	})
	if n == 0 {
		return out
	}
	sentence := shown("text", best, bestHits)
	if n < most {
		return append(out, sentence)
	}
	return append([]Highlight{sentence}, out...) // a sentence says more than a title
}
