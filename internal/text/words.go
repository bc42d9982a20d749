package text

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// MaxWord is the longest word, in characters; what is longer is cut.
const MaxWord = 48

// Words are the different words of s, folded, in the order they first occur. A word is a run of letters, digits and
// marks that begins with a letter or digit. Letters with full stops between them are one word, so that F.B.I. is FBI.
// Scripts that are written without spaces between words have pairs of neighbouring characters for words, and the last
// character of a run alone: so whatever stands in the middle of a run is found.
func Words(s string) []string { return words(s, true) }

// words are the different words of s; without tails, a run of an unspaced script of several characters has pairs alone.
func words(s string, tails bool) []string {
	var out []string
	var seen map[string]bool
	scan(Fold(s), true, func(t token) {
		if t.tail && !tails {
			return
		}
		switch {
		case seen != nil && seen[t.word] || seen == nil && slices.Contains(out, t.word):
			return
		case seen == nil && len(out) == 32: // a long text
			seen = make(map[string]bool, 256)
			for _, w := range out {
				seen[w] = true
			}
		}
		if seen != nil {
			seen[t.word] = true
		}
		out = append(out, t.word)
	})
	return out
}

// Sequence is all words of s, folded, as they stand one after the other, and apart from them the last characters of
// runs of an unspaced script.
func Sequence(s string) (list, tails []string) {
	scan(Fold(s), true, func(t token) {
		if t.tail {
			tails = append(tails, t.word)
		} else {
			list = append(list, t.word)
		}
	})
	return list, tails
}

// token is a word where it stands in a text.
type token struct {
	from, to int
	word     string // folded
	tail     bool   // the last character of a run of several, alone
	initials int    // how many letters, with full stops between them; 0 = more than a letter that stands alone
}

// part is the place of a character in a word.
type part uint8

const (
	outside  part = iota
	spaced        // of a script with spaces between words
	unspaced      // of a script without
	inside        // belongs to the character before it
)

// partOf says what a character of folded text is to a word.
func partOf(r rune) part {
	switch {
	case r < utf8.RuneSelf:
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return spaced
		}
		return outside
	case unicode.Is(unicode.M, r):
		return inside
	case !unicode.In(r, unicode.L, unicode.N):
		return outside
	case r >= 0xe00 && (r == 'ー' || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)):
		return unspaced
	}
	return spaced
}

// partOfAny says it of a character of any text.
func partOfAny(r rune) part {
	switch {
	case r < utf8.RuneSelf:
		return partOf(unicode.ToLower(r))
	case unicode.Is(unicode.M, r) || invisible(r):
		return inside
	}
	out := inside
	for i, c := range Fold(string(r)) {
		p := partOf(c)
		if i == 0 || p == outside {
			out = p
		}
		if p == outside {
			break
		}
	}
	return out
}

// scan finds the words of a text, folded or not, in order.
func scan(s string, folded bool, yield func(token)) {
	part, plain := partOfAny, Fold
	if folded {
		part, plain = partOf, func(s string) string { return s }
	}
	var initials token // letters with full stops between them
	flush := func() {
		if initials.word != "" {
			yield(initials)
			initials = token{}
		}
	}
	word := func(from, to, letters int) {
		w := plain(s[from:to])
		r, size := utf8.DecodeRuneInString(w)
		single := letters == 1 && size == len(w) && unicode.IsLetter(r)
		if single && initials.word != "" && from == initials.to+1 && s[initials.to] == '.' {
			initials.word, initials.to = initials.word+w, to
			initials.initials++
			return
		}
		flush()
		switch {
		case single:
			initials = token{from: from, to: to, word: w, initials: 1}
			return
		case utf8.RuneCountInString(w) > MaxWord:
			w = string([]rune(w)[:MaxWord])
		}
		yield(token{from: from, to: to, word: w})
	}
	// the run: its kind, where it begins, where its last character does, how many there are
	kind, from, last, n := outside, 0, 0, 0
	before := 0 // where the character before the last begins
	end := func(to int) {
		switch kind {
		case spaced:
			word(from, to, n)
		case unspaced:
			flush()
			if n > 1 {
				yield(token{from: before, to: to, word: plain(s[before:to])})
			}
			yield(token{from: last, to: to, word: plain(s[last:to]), tail: n > 1})
		}
		kind, n = outside, 0
	}
	for i, r := range s {
		p := part(r)
		if p == inside {
			continue
		}
		if p != kind {
			end(i)
			kind, from = p, i
		} else if p == unspaced && n > 1 {
			yield(token{from: before, to: i, word: plain(s[before:i])})
		}
		before, last = last, i
		n++
	}
	end(len(s))
	flush()
}
