package rules

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Words that are cut say something else than the text: “affiliated” stands in “unaffiliated”. So an excerpt begins and
// ends where words do. A word is a run of letters, digits and marks, as in UAX #29, with what joins its parts:
//
//   - an apostrophe between two of them, as “can” is no word of “can’t”, nor “est” of “n’est”. The ’s of a name is
//     none: Mary Kaldor stands in “Mary Kaldor’s”. Nor is an article or a preposition that lost its vowel before a name:
//     OTAN stands in “l’OTAN”, Unione in “dell’Unione”;
//   - a full stop or comma between two digits: “5 million” does not stand in “1.5 million”;
//   - a quotation mark between two Hebrew letters, which makes one word of initials.
//
// Hyphens and all other characters are boundaries, and so are both sides of a letter of a script that is written
// without spaces.

// wordPart is what a character is to a word.
type wordPart uint8

const (
	noWord  wordPart = iota
	aLetter          // of a script with spaces between words
	aDigit
	unspacedLetter // of a script without: a word may begin and end beside it
)

// unspaced are the scripts that are written without spaces between words: ideographs with what goes with them, and the
// scripts of South East Asia that are broken into lines by dictionaries (UAX #14, class SA). Korean has spaces.
var unspaced = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo, unicode.Tangut, unicode.Nushu,
	unicode.Khitan_Small_Script, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tai_Le,
	unicode.New_Tai_Lue, unicode.Tai_Tham, unicode.Tai_Viet, unicode.Ahom, unicode.Javanese, unicode.Balinese,
	// the letters among these that belong to several scripts: the mark of a long vowel and its like
	{R16: []unicode.Range16{
		{Lo: 0x3006, Hi: 0x3006, Stride: 1},
		{Lo: 0x3031, Hi: 0x3035, Stride: 1},
		{Lo: 0x303c, Hi: 0x303c, Stride: 1},
		{Lo: 0x30fc, Hi: 0x30fc, Stride: 1},
		{Lo: 0xff70, Hi: 0xff70, Stride: 1},
		{Lo: 0xff9e, Hi: 0xff9f, Stride: 1},
	}},
}

func wordPartOf(r rune) wordPart {
	switch {
	case r < utf8.RuneSelf:
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
			return aLetter
		case r >= '0' && r <= '9':
			return aDigit
		}
		return noWord
	case classOf(r) != letter: // the letters among them are written for an apostrophe
		return noWord
	case unicode.Is(unicode.Nd, r):
		return aDigit
	case !unicode.In(r, unicode.L, unicode.Nl):
		return noWord
	case r >= 0xe00 && unicode.In(r, unspaced...):
		return unspacedLetter
	}
	return aLetter
}

// inSpaced reports whether a character is a part of a word that others are set off from by spaces.
func (p wordPart) inSpaced() bool { return p == aLetter || p == aDigit }

// The marks that join two parts of a word.
const (
	apostrophes = "'`´‘’‛′‵ʼʻ＇\u1fef\u1ffd"
	points      = ".,\u066b\u066c"
	gershayim   = "\"“”„״"
)

// joins reports whether a mark between two characters makes one word of what they belong to.
func joins(before, mark, after rune) bool {
	a, b := wordPartOf(before), wordPartOf(after)
	switch {
	case !a.inSpaced() || !b.inSpaced():
		return false
	case strings.ContainsRune(apostrophes, mark):
		return true
	case strings.ContainsRune(points, mark):
		return a == aDigit && b == aDigit
	case strings.ContainsRune(gershayim, mark):
		return unicode.Is(unicode.Hebrew, before) && unicode.Is(unicode.Hebrew, after)
	}
	return false
}

// firstSeen is the first character of a text that is seen, and what follows it; utf8.RuneError and "" where there is
// none.
func firstSeen(s string) (rune, string) {
	for s != "" {
		r, size := utf8.DecodeRuneInString(s)
		if s = s[size:]; classOf(r) != unseen {
			return r, s
		}
	}
	return utf8.RuneError, ""
}

// nextSeen is firstSeen behind the marks on the character before.
func nextSeen(s string) (rune, string) {
	r, rest := firstSeen(s)
	for unicode.Is(unicode.M, r) {
		r, rest = firstSeen(rest)
	}
	return r, rest
}

// lastSeen is the last character of a text that is seen and no mark on another, and what stands before it.
func lastSeen(s string) (rune, string) {
	for s != "" {
		r, size := utf8.DecodeLastRuneInString(s)
		if s = s[:len(s)-size]; classOf(r) != unseen && !unicode.Is(unicode.M, r) {
			return r, s
		}
	}
	return utf8.RuneError, ""
}

// cuts reports whether a byte of a text lies within a word of it.
func cuts(s string, at int) bool {
	if at <= 0 || at >= len(s) {
		return false
	}
	after, behind := firstSeen(s[at:])
	if unicode.Is(unicode.M, after) {
		return true
	}
	before, ahead := lastSeen(s[:at])
	a, b := wordPartOf(before), wordPartOf(after)
	switch {
	case a.inSpaced() && b.inSpaced():
		return true
	case b.inSpaced(): // behind a mark
		first, _ := lastSeen(ahead)
		return joins(first, before, after) && !elided(ahead, before)
	case a.inSpaced(): // before one
		last, rest := nextSeen(behind)
		return joins(before, after, last) && !possessive(after, last, rest)
	}
	return false
}

// possessive reports whether an apostrophe and a letter are the ’s of a name, which ends there.
func possessive(mark, s rune, rest string) bool {
	if s != 's' && s != 'S' || !strings.ContainsRune(apostrophes, mark) {
		return false
	}
	next, behind := firstSeen(rest)
	last, _ := nextSeen(behind)
	return !wordPartOf(next).inSpaced() && !unicode.Is(unicode.M, next) && !joins(s, next, last)
}

// elisions are the words that French, Italian and Catalan shorten before a vowel and that say nothing else of what
// follows, as the n’ of n’est would.
var elisions = []string{
	"l", "d", "qu", "jusqu", "lorsqu", "puisqu", "un", "quell", "all", "coll", "dall", "dell", "nell", "sull",
}

// longestElision is how many letters the longest of them has.
const longestElision = 6

// elided reports whether a text ends in such a word before an apostrophe: the next word begins behind it.
func elided(ahead string, mark rune) bool {
	if !strings.ContainsRune(apostrophes, mark) {
		return false
	}
	var word []rune
	for len(word) <= longestElision {
		r, rest := lastSeen(ahead)
		if wordPartOf(r) != aLetter {
			return slices.Contains(elisions, string(word))
		}
		word, ahead = slices.Insert(word, 0, unicode.ToLower(r)), rest
	}
	return false
}

// whole reports whether a stretch of the text begins and ends where words do.
func (t *Text) whole(start, end int) bool { return !cuts(t.given, start) && !cuts(t.given, end) }

// widened is the stretch with the whole of the words that it cuts, but for what is further away than maxWord.
func (t *Text) widened(start, end int) (int, int) {
	from, to := start, end
	for start > 0 && from-start < maxWord && cuts(t.given, start) {
		_, before := lastSeen(t.given[:start])
		start = len(before)
	}
	for end < len(t.given) && end-to < maxWord && cuts(t.given, end) {
		_, behind := firstSeen(t.given[end:])
		end = len(t.given) - len(behind)
	}
	return start, end
}

// passage is a stretch of the text, by bytes.
func (t *Text) passage(start, end int) Passage {
	return Passage{t.given[start:end], line(t.given[:start]), t.position(start), t.position(end)}
}

// Cut reports whether a stretch of the text, in code points, begins or ends within a word, and returns it with the whole
// of the words.
func (t *Text) Cut(start, end int) (Passage, bool) {
	from, to := t.byteAt(start), t.byteAt(end)
	return t.passage(t.widened(from, to)), !t.whole(from, to)
}

// byteAt is the byte at which a code point begins.
func (t *Text) byteAt(position int) int {
	if t.plain {
		return position
	}
	n := 0
	for i := range t.given {
		if n == position {
			return i
		}
		n++
	}
	return len(t.given)
}

// Within returns the whole words of the first place at which an excerpt stands that begins or ends within a word. There
// is none where it stands in whole words somewhere, or nowhere at all.
func (t *Text) Within(excerpt string) (Passage, bool) {
	if Short(excerpt) {
		return Passage{}, false
	}
	words, f := words(excerpt), t.fold()
	from, to, ok := first(f.places(words, 0))
	if _, _, whole := first(t.places(words, 0)); whole || !ok {
		return Passage{}, false
	}
	return t.passage(t.widened(f.given(from, to))), true
}
