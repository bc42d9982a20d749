// Package text is the one way text is folded, ordered, split into words and matched. Both stores and the oracle
// use it, so that they find and order alike.
package text

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Revision must change whenever Fold, SortKey, Words, Deletes or Skeleton give something else for any text: stores keep
// what these make, and make it anew when it is of another revision, or of another version of Unicode. It changes too
// when they keep something else of it, or of dates: 3 is since kg.Span knows the date of what has only an end, 6 since
// search knows initials, phrases, ids and sources.
const Revision = 6

// Rules names how text is folded and split into words.
func Rules() string { return strconv.Itoa(Revision) + " Unicode " + unicode.Version }

// letters that Unicode does not decompose but readers take for their base.
var base = strings.NewReplacer("ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "æ", "ae", "œ", "oe", "ı", "i", "ß",
	"ss")

// apart are characters that Unicode decomposes to a space with a mark, where people write the one for an apostrophe and
// the other for the mark itself.
var apart = strings.NewReplacer("\u00b4", "'", "\u1fbd", "'", "\u1fbf", "'", "\u1ffd", "'", "\u309b", "\u3099",
	"\u309c", "\u309a")

// Fold returns the form in which texts are compared, trimmed. Compatibility forms, case, white space, and the kinds of
// apostrophe, quotation mark and hyphen are alike; what cannot be seen is left out (see invisible). Marks are dropped
// where readers take them for accents: on letters of the Latin, Greek and Cyrillic scripts, Hebrew points and Arabic
// harakat. Everywhere else a mark makes another letter of it, as in the Cyrillic й, in kana (バ is not ハ), in Arabic
// hamza and madda, and in the scripts of India. Fold(Fold(s)) == Fold(s).
func Fold(s string) string {
	if isFolded(s) {
		return s
	}
	if f, ok := foldASCII(s); ok {
		return f
	}
	// x/text leaves what follows a byte that is no UTF-8 as it is
	s = apart.Replace(strings.ToValidUTF8(s, "\ufffd"))
	s = norm.NFKD.String(cases.Fold().String(norm.NFKD.String(s)))
	var b strings.Builder
	b.Grow(len(s))
	space := false
	var letter rune // what a mark stands on; 0 = nothing
	for _, r := range s {
		// small letters of Cherokee, where x/text folds either case to the other
		switch {
		case r >= 0xAB70 && r <= 0xABBF:
			r += 0x13A0 - 0xAB70
		case r >= 0x13F8 && r <= 0x13FD:
			r -= 8
		}
		switch {
		case invisible(r):
			continue
		case r >= utf8.RuneSelf && unicode.Is(unicode.M, r):
			if dropped(r, letter) {
				continue
			}
			if r == breve && letter == 'и' {
				letter = 'й' // which has no other
			}
		case unicode.IsSpace(r):
			space, letter = b.Len() > 0, 0
			continue
		default:
			r = alike(r)
			letter = r
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	return norm.NFC.String(base.Replace(b.String()))
}

// invisible reports whether a character is there for layout alone: soft hyphens, what is of no width, marks of
// direction, selectors of variants, fillers, and the Arabic tatweel, which only stretches a word.
func invisible(r rune) bool {
	switch {
	case r < 0xad:
		return false
	case r == 0x640:
		return true
	}
	return unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) &&
		!unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// breve makes й of и.
const breve = 0x306

// dropped reports whether a mark does not count on a letter.
func dropped(mark, letter rune) bool {
	switch {
	case unicode.Is(points, mark):
		return true
	case mark == breve && letter == 'и':
		return false
	}
	return letter == 0 || !unicode.Is(unicode.Mc, mark) && unicode.In(letter, unicode.Latin, unicode.Greek,
		unicode.Cyrillic)
}

// points are the Hebrew points and accents, and the Arabic harakat and the marks of the Quran; hamza and madda (U+0653
// to U+0655) are none of them: they make letters.
var points = &unicode.RangeTable{R16: []unicode.Range16{
	{Lo: 0x591, Hi: 0x5bd, Stride: 1},
	{Lo: 0x5bf, Hi: 0x5bf, Stride: 1},
	{Lo: 0x5c1, Hi: 0x5c2, Stride: 1},
	{Lo: 0x5c4, Hi: 0x5c5, Stride: 1},
	{Lo: 0x5c7, Hi: 0x5c7, Stride: 1},
	{Lo: 0x610, Hi: 0x61a, Stride: 1},
	{Lo: 0x64b, Hi: 0x652, Stride: 1},
	{Lo: 0x656, Hi: 0x65f, Stride: 1},
	{Lo: 0x670, Hi: 0x670, Stride: 1},
	{Lo: 0x6d6, Hi: 0x6dc, Stride: 1},
	{Lo: 0x6df, Hi: 0x6e4, Stride: 1},
	{Lo: 0x6e7, Hi: 0x6e8, Stride: 1},
	{Lo: 0x6ea, Hi: 0x6ed, Stride: 1},
	{Lo: 0x898, Hi: 0x89f, Stride: 1},
	{Lo: 0x8ca, Hi: 0x8e1, Stride: 1},
	{Lo: 0x8e3, Hi: 0x8ff, Stride: 1},
	{Lo: 0xfb1e, Hi: 0xfb1e, Stride: 1},
}}

// inner turns the quotation marks that are outer ones into those that stand within others.
var inner = strings.NewReplacer("“", "‘", "”", "’")

// Quote puts text into quotation marks for people to read. Text that is all of one quotation already stays; marks
// within become single ones.
func Quote(s string) string {
	if rest, ok := strings.CutPrefix(s, "“"); ok {
		if rest, ok = strings.CutSuffix(rest, "”"); ok && !strings.ContainsAny(rest, "“”") {
			return s
		}
	}
	return "“" + inner.Replace(s) + "”"
}

// alike is the one character that stands for all of its kind.
func alike(r rune) rune {
	switch r {
	case '`', '‘', '’', '‛', '′', '‵', 'ʹ', 'ʻ', 'ʼ', 'ʽ', 'ʾ', 'ʿ', '՚', '׳', 'ꞌ':
		return '\''
	case '“', '”', '„', '‟', '«', '»', '״':
		return '"'
	case '‐', '‑', '‒', '–', '—', '―', '⁃', '−', '֊', '־', '᠆', '⸺', '⸻':
		return '-'
	}
	return r
}

// isFolded is the quick yes for plain lower-case ASCII with single spaces inside.
func isFolded(s string) bool {
	last := byte(' ')
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf || c < ' ' || c >= 'A' && c <= 'Z' || c == '`' || c == ' ' && last == ' ' {
			return false
		}
		last = c
	}
	return last != ' ' || s == ""
}

// foldASCII is Fold for text of nothing but ASCII, where only case, white space and one apostrophe are to be folded.
func foldASCII(s string) (string, bool) {
	b := make([]byte, 0, len(s))
	space := false
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			return "", false
		case c == ' ' || c >= '\t' && c <= '\r':
			space = len(b) > 0
			continue
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c == '`':
			c = '\''
		}
		if space {
			b = append(b, ' ')
			space = false
		}
		b = append(b, c)
	}
	return string(b), true
}

// SortKey is what names are ordered by: the folded name in ASCII, every other character written as ~ and six hex
// digits. Bytewise order of the keys is code point order of the folded names in Go, in SQLite and in Neo4j alike
// (Java would compare UTF-16 units). At most 200 characters of the name count; the id decides between equal keys.
func SortKey(name string) string {
	const hex = "0123456789abcdef"
	f := Fold(name)
	plain := len(f) <= 200
	for i := 0; plain && i < len(f); i++ {
		plain = f[i] >= ' ' && f[i] < '~'
	}
	if plain {
		return f
	}
	b := make([]byte, 0, len(f)+16)
	n := 0
	for _, r := range f {
		if n++; n > 200 {
			break
		}
		if r >= ' ' && r < '~' {
			b = append(b, byte(r))
			continue
		}
		b = append(b, '~', hex[r>>20&15], hex[r>>16&15], hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
	}
	return string(b)
}

// Deletes are the fuzzy keys of a word in a name: the word itself and, from four characters on, the word with one
// character left out, each once, in order. Two words are near each other when they share a key: one character
// missing, added, changed or swapped with its neighbour (SymSpell, Garbe 2012).
func Deletes(w string) []string {
	out := []string{w}
	r := []rune(w)
	if len(r) < 4 {
		return out
	}
	for i := range r {
		if i > 0 && r[i] == r[i-1] {
			continue // leaves the same word as the step before
		}
		out = append(out, string(r[:i])+string(r[i+1:]))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Skeleton is the fuzzy key of a word in running text: its first letter and its consonants without h, doubled ones
// once. It is "" for words of fewer than five characters, which have none.
func Skeleton(w string) string {
	if utf8.RuneCountInString(w) < 5 {
		return ""
	}
	var b strings.Builder
	var last rune
	for i, r := range w {
		if i > 0 && (strings.ContainsRune("aeiouyh", r) || r == last) {
			continue
		}
		b.WriteRune(r)
		last = r
	}
	return b.String()
}
