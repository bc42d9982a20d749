// Package text is the one way text is folded, ordered, split into words and matched. Both stores and the oracle
// use it, so that they find and order alike.
package text

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// letters that Unicode does not decompose but readers take for their base.
var base = strings.NewReplacer("ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "æ", "ae", "œ", "oe", "ı", "i", "ß", "ss")

// Fold is what two texts are compared by: compatibility forms, case, accents and white space folded, trimmed.
// Fold(Fold(s)) == Fold(s).
func Fold(s string) string {
	if isFolded(s) {
		return s
	}
	if f, ok := foldASCII(s); ok {
		return f
	}
	s = norm.NFKD.String(cases.Fold().String(norm.NFKD.String(s)))
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range s {
		// small letters of Cherokee, where x/text folds either case to the other
		switch {
		case r >= 0xAB70 && r <= 0xABBF:
			r += 0x13A0 - 0xAB70
		case r >= 0x13F8 && r <= 0x13FD:
			r -= 8
		}
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsSpace(r):
			space = b.Len() > 0
		default:
			if space {
				b.WriteByte(' ')
				space = false
			}
			b.WriteRune(r)
		}
	}
	return norm.NFC.String(base.Replace(b.String()))
}

// isFolded is the quick yes for plain lower-case ASCII with single spaces inside.
func isFolded(s string) bool {
	last := byte(' ')
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf || c < ' ' || c >= 'A' && c <= 'Z' || c == ' ' && last == ' ' {
			return false
		}
		last = c
	}
	return last != ' ' || s == ""
}

// foldASCII is Fold for text of nothing but ASCII, where only case and white space are to be folded.
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

// MaxWord is the longest word, in characters; what is longer is cut.
const MaxWord = 48

// Words are the different words of s, folded, in the order they first occur. A word is a run of letters and digits.
func Words(s string) []string {
	var out []string
	for w := range strings.FieldsFuncSeq(Fold(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if r := []rune(w); len(r) > MaxWord {
			w = string(r[:MaxWord])
		}
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
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
