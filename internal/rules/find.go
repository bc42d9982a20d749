package rules

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MinLetters is how many letters or digits an excerpt has at least: fewer stand anywhere and say nothing.
const MinLetters = 3

// Place is where words stand in a text, and how the text spells them.
type Place struct {
	Start, End int // code points
	// The words as the text has them: Prefix, Excerpt and Suffix stand there one behind the other.
	Excerpt, Prefix, Suffix string
}

// letters counts the letters and digits of a text, up to MinLetters.
func letters(s string) (n int) {
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			if n++; n == MinLetters {
				break
			}
		}
	}
	return n
}

// Short reports whether an excerpt has too few letters to be looked for.
func Short(excerpt string) bool { return letters(excerpt) < MinLetters }

// Find finds the first place at which a text has words that are alike (see Text), with prefix right before and suffix
// right behind them, white space aside. Either may be "". Words of fewer than MinLetters letters are found nowhere.
func (t *Text) Find(excerpt, prefix, suffix string) (Place, bool) {
	if Short(excerpt) {
		return Place{}, false
	}
	if at, ok := t.asGiven(excerpt, prefix, suffix); ok {
		start := t.position(at)
		return Place{start, start + utf8.RuneCountInString(excerpt), excerpt, prefix, suffix}, true
	}
	words, before, after := words(excerpt), words(prefix), words(suffix)
	f := t.fold()
	for from := 0; ; {
		i := f.index(words, from)
		if i < 0 {
			return Place{}, false
		}
		end := i + len(words)
		a, beforeFits := f.endsIn(i, before)
		b, afterFits := f.beginsAt(end, after)
		if !beforeFits || !afterFits {
			from = i + 1
			continue
		}
		start, stop := f.given(i, end)
		p := Place{Start: t.position(start), End: t.position(stop), Excerpt: t.given[start:stop]}
		if before != "" {
			left, _ := f.given(a, i)
			p.Prefix = t.given[left:start]
		}
		if after != "" {
			_, right := f.given(end, b)
			p.Suffix = t.given[stop:right]
		}
		return p, true
	}
}

// asGiven finds words that stand in the text byte for byte.
func (t *Text) asGiven(excerpt, prefix, suffix string) (int, bool) {
	if excerpt != strings.TrimFunc(excerpt, outer) || joined(excerpt) || joined(prefix) {
		return 0, false
	}
	whole := excerpt
	if prefix != "" || suffix != "" {
		whole = prefix + excerpt + suffix
	}
	for from := 0; ; {
		i := strings.Index(t.given[from:], whole)
		if i < 0 {
			return 0, false
		}
		i += from
		at := i + len(prefix)
		if !joined(t.given[at+len(excerpt):]) && !joined(t.given[i+len(whole):]) {
			return at, true
		}
		from = i + 1
	}
}

// outer reports whether a character at an end of an excerpt does not belong to it.
func outer(r rune) bool {
	c := classOf(r)
	return c == space || c == unseen
}

// words are folded words without white space around them.
func words(s string) string {
	if s == "" {
		return ""
	}
	return strings.Trim(fold(s).text, " ")
}

// index finds folded words that are no part of a letter in a folded text, from a byte on.
func (f *folded) index(words string, from int) int {
	if words == "" || joined(words) {
		return -1
	}
	for {
		i := strings.Index(f.text[from:], words)
		if i < 0 {
			return -1
		}
		if i += from; !joined(f.text[i+len(words):]) {
			return i
		}
		from = i + 1
	}
}

// endsIn reports whether folded words stand right before a byte, and where they begin.
func (f *folded) endsIn(at int, words string) (int, bool) {
	if words == "" {
		return at, true
	}
	head := strings.TrimSuffix(f.text[:at], " ")
	if joined(words) || !strings.HasSuffix(head, words) {
		return 0, false
	}
	return len(head) - len(words), true
}

// beginsAt reports whether folded words stand right behind a byte, and where they end.
func (f *folded) beginsAt(at int, words string) (int, bool) {
	if words == "" {
		return at, true
	}
	tail := strings.TrimPrefix(f.text[at:], " ")
	if !strings.HasPrefix(tail, words) || joined(tail[len(words):]) {
		return 0, false
	}
	return len(f.text) - len(tail) + len(words), true
}

// Has reports whether a quotation stands in the text: word for word as a whole or, where it leaves something out, in
// pieces that stand in it one behind the other. What is left out is marked by an ellipsis, in brackets or not.
func (t *Text) Has(quotation string) bool {
	_, missing := t.Missing(quotation)
	return !missing
}

// Missing is the first piece of a quotation that the text does not have behind those before it: see Has.
func (t *Text) Missing(quotation string) (string, bool) {
	if letters(quotation) == 0 {
		return quotation, true
	}
	if at := strings.Index(t.given, quotation); at >= 0 && !joined(quotation) && !joined(t.given[at+len(quotation):]) {
		return "", false
	}
	f, whole := t.fold(), words(quotation)
	if f.index(whole, 0) >= 0 {
		return "", false
	}
	from := 0
	for _, p := range pieces(whole) {
		i := f.index(p, from)
		if i < 0 {
			return p, true
		}
		from = i + len(p)
	}
	return "", false
}

// pieces are the parts of a folded quotation between its ellipses that have letters.
func pieces(s string) (out []string) {
	s = strings.ReplaceAll(s, "...", "…")
	for _, open := range [...]string{"[", "("} {
		s = strings.ReplaceAll(s, open+"…", "…")
	}
	for _, shut := range [...]string{"]", ")"} {
		s = strings.ReplaceAll(s, "…"+shut, "…")
	}
	for p := range strings.SplitSeq(s, "…") {
		if p = strings.Trim(p, " "); letters(p) > 0 {
			out = append(out, p)
		}
	}
	return out
}
