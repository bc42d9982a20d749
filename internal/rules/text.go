// Package rules says what a record must be. Imports ask it, and so do the stores, so that what is written by one way
// holds to the same as what is written by another.
package rules

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Text is the text of a source as it was given, with what comparing words with it needs. Two stretches of text are
// alike when they differ in nothing but
//
//   - the kind and amount of white space, though not whether there is any,
//   - characters that are not seen, such as soft hyphens,
//   - the form of quotation marks and apostrophes,
//   - the form of dashes, where several are as one,
//   - how a letter with its marks is encoded (NFC, NFD).
//
// Letters, digits and their marks are never alike, nor is a letter with a mark and one without. The zero Text is empty.
// A Text is for one goroutine at a time: it is folded when words are first looked for that do not stand in it as given.
type Text struct {
	given  string
	blocks []uint32 // code points before each block of bytes; nil while not counted, or where each is one byte
	plain  bool     // nothing but ASCII
	folded *folded
}

// blockSize is how many bytes apart code points are counted.
const blockSize = 1024

// NewText is a text as it was given.
func NewText(given string) *Text {
	t := &Text{given: given, plain: true}
	for i := range len(given) {
		if given[i] >= utf8.RuneSelf {
			t.plain = false
			break
		}
	}
	return t
}

// String is the text as it was given.
func (t *Text) String() string { return t.given }

// Size is about how many bytes of memory the text takes.
func (t *Text) Size() int {
	n := len(t.given) + 4*len(t.blocks)
	if t.folded != nil {
		n += 8*len(t.folded.runs) + len(t.folded.text)
	}
	return n
}

// position is how many code points stand before a byte.
func (t *Text) position(at int) int {
	if t.plain {
		return at
	}
	if t.blocks == nil {
		t.blocks = append(make([]uint32, 0, len(t.given)/blockSize+1), 0)
		for end := blockSize; end <= len(t.given); end += blockSize {
			t.blocks = append(t.blocks, t.blocks[len(t.blocks)-1]+uint32(starts(t.given[end-blockSize:end])))
		}
	}
	b := at / blockSize
	return int(t.blocks[b]) + starts(t.given[b*blockSize:at])
}

// starts counts the bytes of a stretch at which a code point begins; the stretch may begin or end within one.
func starts(s string) (n int) {
	for i := range len(s) {
		if s[i]&0xC0 != 0x80 {
			n++
		}
	}
	return n
}

// fold is the folded form, made once.
func (t *Text) fold() *folded {
	if t.folded == nil {
		t.folded = fold(t.given)
	}
	return t.folded
}

// folded is a text in the form in which stretches that are alike are equal, with where its parts come from.
type folded struct {
	text string
	runs []run
}

// run is a part of a folded text: either as it was given, byte by byte, or one piece that stands for other bytes. What
// is left out of the folded text lies between two runs.
type run struct{ at, from uint32 } // from has the bit piece where the run is one

const piece = 1 << 31

// maxText is the longest text that is folded; no line of an import is as long.
const maxText = piece - 1

func (r run) given() int { return int(r.from &^ piece) }

// holding is the last run that begins at a byte or before.
func (f *folded) holding(at int) int {
	return sort.Search(len(f.runs), func(i int) bool { return int(f.runs[i].at) > at }) - 1
}

// given is where the stretch [from, to) of the folded text, which is not empty, stands in the text as given.
func (f *folded) given(from, to int) (int, int) {
	first, last := f.runs[f.holding(from)], f.holding(to-1)
	start := first.given()
	if first.from&piece == 0 {
		start += from - int(first.at)
	}
	r := f.runs[last]
	if r.from&piece != 0 {
		return start, f.runs[last+1].given() // behind each piece stands a run that begins where it ends
	}
	return start, r.given() + to - int(r.at)
}

// folder writes a folded text.
type folder struct {
	text []byte
	runs []run
}

// same appends bytes as they were given.
func (f *folder) same(s string, from int) {
	if n := len(f.runs); n == 0 || f.runs[n-1].given()+len(f.text)-int(f.runs[n-1].at) != from {
		f.run(from, 0)
	}
	f.text = append(f.text, s...)
}

// instead appends a piece that stands for the bytes [from, to).
func (f *folder) instead(s string, from, to int) {
	f.run(from, piece)
	f.text = append(f.text, s...)
	f.run(to, 0)
}

func (f *folder) run(from int, flag uint32) {
	f.runs = append(f.runs, run{uint32(len(f.text)), uint32(from) | flag})
}

// fold makes the folded form of a text. Folding a folded text changes nothing.
func fold(given string) *folded {
	if len(given) > maxText {
		given = given[:maxText]
	}
	f := folder{text: make([]byte, 0, len(given))}
	for i := 0; i < len(given); {
		n := plainPrefix(given[i:])
		if n > 0 {
			f.same(given[i:i+n], i)
			i += n
			continue
		}
		r, size := utf8.DecodeRuneInString(given[i:])
		switch kind := classOf(r); kind {
		case unseen:
			i += size
		case letter:
			f.same(given[i:i+size], i)
			i += size
		case quotation:
			f.put("'", given, i, i+size)
			i += size
		default: // white space and dashes: several are one
			end, next := i+size, i+size
			for next < len(given) {
				r, size := utf8.DecodeRuneInString(given[next:])
				c := classOf(r)
				if c != kind && c != unseen {
					break
				}
				if next += size; c == kind {
					end = next
				}
			}
			one := " "
			if kind == dash {
				one = "-"
			}
			f.put(one, given, i, end)
			i = next
		}
	}
	if norm.NFC.IsNormal(f.text) {
		return &folded{string(f.text), f.runs}
	}
	return compose(&folded{string(f.text), f.runs})
}

// put appends what a stretch is folded to.
func (f *folder) put(s, given string, from, to int) {
	if given[from:to] == s {
		f.same(s, from)
	} else {
		f.instead(s, from, to)
	}
}

// compose puts a folded text into NFC.
func compose(f *folded) *folded {
	c := folder{text: make([]byte, 0, len(f.text))}
	for i := 0; i < len(f.text); {
		n := norm.NFC.QuickSpanString(f.text[i:])
		if n > 0 {
			c.copy(f, i, i+n)
			i += n
			continue
		}
		n = max(norm.NFC.NextBoundaryInString(f.text[i:], true), 1)
		if s := f.text[i : i+n]; norm.NFC.IsNormalString(s) {
			c.copy(f, i, i+n)
		} else {
			from, to := f.given(i, i+n)
			c.instead(norm.NFC.String(s), from, to)
		}
		i += n
	}
	return &folded{string(c.text), c.runs}
}

// copy appends the stretch [from, to) of another folded text.
func (f *folder) copy(o *folded, from, to int) {
	for i := o.holding(from); from < to; i++ {
		end := len(o.text)
		if i+1 < len(o.runs) {
			end = int(o.runs[i+1].at)
		}
		if end = min(end, to); end <= from {
			continue
		}
		start, stop := o.given(from, end)
		if o.runs[i].from&piece != 0 {
			f.instead(o.text[from:end], start, stop)
		} else {
			f.same(o.text[from:end], start)
		}
		from = end
	}
}

// class is how a character is compared.
type class uint8

const (
	letter    class = iota // anything that is alike to itself alone
	space                  // white space
	dash                   // hyphens, dashes and minus signs
	quotation              // quotation marks and apostrophes
	unseen                 // takes no room and no ink
)

// quotations are the forms of quotation marks and apostrophes, those on typewriters and those that decompose to them
// included. Marks for minutes and seconds and the letters that look like an apostrophe are written for it everywhere.
const quotations = "'\"`´‘’‚‛“”„‟‹›«»′″‵‶ʼʻ〝〞〟＂＇\u1fef\u1ffd⹂❛❜❝❞❮❯"

func classOf(r rune) class {
	switch {
	case r < utf8.RuneSelf:
		switch {
		case r == ' ' || r >= '\t' && r <= '\r':
			return space
		case r == '-':
			return dash
		case r == '\'' || r == '"' || r == '`':
			return quotation
		}
		return letter
	case unicode.IsSpace(r):
		return space
	case unicode.Is(unicode.Pd, r) || r == '−':
		return dash
	case strings.ContainsRune(quotations, r):
		return quotation
	case unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r) ||
		unicode.Is(unicode.Variation_Selector, r) || r == '\u034f':
		return unseen
	}
	return letter
}

// plainPrefix is how many bytes a text begins with that are folded to themselves, whatever follows but a mark.
func plainPrefix(s string) int {
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf || c < ' ' || c == '"' || c == '`':
			return i
		case c == ' ' || c == '-':
			if i+1 == len(s) || s[i+1] <= ' ' || s[i+1] == '-' || s[i+1] >= utf8.RuneSelf {
				return i
			}
		}
	}
	return len(s)
}

// joined reports whether a text begins with what belongs to the letter before it, characters that are not seen aside.
func joined(s string) bool {
	for s != "" && s[0] >= utf8.RuneSelf {
		r, size := utf8.DecodeRuneInString(s)
		if classOf(r) != unseen {
			return unicode.Is(unicode.M, r) || !norm.NFC.PropertiesString(s).BoundaryBefore()
		}
		s = s[size:]
	}
	return false
}
