package rules

import (
	"iter"
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
// right behind them, white space aside. Either may be "". The place begins and ends with whole words; prefix and
// suffix, which only tell one place from another, may be cut. Words of fewer than MinLetters letters are found nowhere.
func (t *Text) Find(excerpt, prefix, suffix string) (Place, bool) {
	if Short(excerpt) {
		return Place{}, false
	}
	if at, ok := t.asGiven(excerpt, prefix, suffix); ok {
		start := t.position(at)
		return Place{start, start + utf8.RuneCountInString(excerpt), excerpt, prefix, suffix}, true
	}
	before, after := words(prefix), words(suffix)
	f := t.fold()
	for i, end := range t.places(words(excerpt), 0) {
		a, beforeFits := f.endsIn(i, before)
		b, afterFits := f.beginsAt(end, after)
		if !beforeFits || !afterFits {
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
	return Place{}, false
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
	for i := range occurrences(t.given, whole, 0) {
		at := i + len(prefix)
		if !joined(t.given[at+len(excerpt):]) && !joined(t.given[i+len(whole):]) && t.whole(at, at+len(excerpt)) {
			return at, true
		}
	}
	return 0, false
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

// occurrences is where words begin in a text, from a byte on; they may overlap. It takes time by the length of both,
// however often the words stand there: two that overlap are a period of the words apart, or nearly all of them (Galil,
// 1979).
func occurrences(text, words string, from int) iter.Seq[int] {
	return func(yield func(int) bool) {
		p := 0
		for {
			n := strings.Index(text[from:], words)
			if n < 0 {
				return
			}
			i := from + n
			for end := i + len(words); ; i, end = i+p, end+p {
				if !yield(i) {
					return
				}
				if p == 0 {
					p = period(words)
				}
				if !strings.HasPrefix(text[end:], words[len(words)-p:]) {
					break
				}
			}
			from = i + len(words) - p + 1
		}
	}
}

// period is the smallest number of bytes by which words can be moved so that they fit on themselves (Knuth, Morris and
// Pratt, 1977).
func period(words string) int {
	border := make([]int32, len(words)) // of the longest stretch that each beginning both begins and ends with
	for i, n := 1, int32(0); i < len(words); i++ {
		for n > 0 && words[i] != words[n] {
			n = border[n-1]
		}
		if words[i] == words[n] {
			n++
		}
		border[i] = n
	}
	return len(words) - int(border[len(words)-1])
}

// places is where folded words begin and end in a folded text, from a byte on, where they are no part of a letter.
func (f *folded) places(words string, from int) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		if words == "" || joined(words) {
			return
		}
		for i := range occurrences(f.text, words, from) {
			if end := i + len(words); !joined(f.text[end:]) && !yield(i, end) {
				return
			}
		}
	}
}

// places is where folded words are whole words of the text, by the bytes of its folded form, from one of them on.
func (t *Text) places(words string, from int) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		f := t.fold()
		for i, end := range f.places(words, from) {
			if t.whole(f.given(i, end)) && !yield(i, end) {
				return
			}
		}
	}
}

// first is the first of some places.
func first(places iter.Seq2[int, int]) (from, to int, ok bool) {
	for from, to = range places {
		return from, to, true
	}
	return 0, 0, false
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
// pieces that stand in it one behind the other. What is left out is marked by an ellipsis, in brackets or not. No piece
// begins or ends within a word.
func (t *Text) Has(quotation string) bool {
	_, missing := t.Missing(quotation)
	return !missing
}

// Missing is the first piece of a quotation that the text does not have behind those before it: see Has.
func (t *Text) Missing(quotation string) (string, bool) {
	if letters(quotation) == 0 {
		return quotation, true
	}
	if at := strings.Index(t.given, quotation); at >= 0 && !joined(quotation) && !joined(t.given[at+len(quotation):]) &&
		t.whole(at, at+len(quotation)) {
		return "", false
	}
	whole := words(quotation)
	if _, _, ok := first(t.places(whole, 0)); ok {
		return "", false
	}
	from := 0
	for _, p := range pieces(whole) {
		_, end, ok := first(t.places(p, from))
		if !ok {
			return p, true
		}
		from = end
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
