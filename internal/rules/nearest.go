package rules

import (
	"strings"
	"unicode"

	"github.com/throughline/throughline/internal/kg"
)

// Passage is a stretch of a text.
type Passage struct {
	Words      string // as the text spells them
	Line       int    // of the text, from 1
	Start, End int    // code points
}

// Bounds of the search for the nearest passage.
const (
	maxLikened = 600 // characters of the words that are likened
	maxWidened = 24  // characters that it is widened by at either end, to begin and end with whole words
	maxWord    = 600 // bytes that a stretch is widened by at either end for the whole of the words that it cuts
)

// Nearest returns the passage of Within or, where there is none, that of Similar.
func (t *Text) Nearest(excerpt string) (Passage, bool) {
	if p, ok := t.Within(excerpt); ok {
		return p, true
	}
	return t.Similar(excerpt)
}

// Similar is the passage of the text most like some words that stand nowhere in it, not even within others: of all
// stretches as long, the first that shares most runs of three letters with them. There is none when nothing is alike.
// It takes one walk through the text.
func (t *Text) Similar(excerpt string) (Passage, bool) {
	f := t.fold()
	want := []rune(strings.ToLower(words(excerpt)))
	want = want[:min(len(want), maxLikened)]
	runes, at := make([]rune, 0, len(f.text)), make([]uint32, 0, len(f.text)+1)
	for i, r := range f.text {
		runes, at = append(runes, unicode.ToLower(r)), append(at, uint32(i))
	}
	at = append(at, uint32(len(f.text)))
	n := min(3, len(want), len(runes))
	if n == 0 {
		return Passage{}, false
	}
	grams := runsOf(want, n)
	best, score, bestAt := 0, 0, 0
	for i := 0; i+n <= len(runes); i++ {
		if left := grams.left(runes[i : i+n]); left != nil {
			if *left--; *left >= 0 {
				score++
			}
		}
		first := i + n - len(want) // where the window begins
		if first > 0 {
			if left := grams.left(runes[first-1 : first-1+n]); left != nil {
				if *left++; *left > 0 {
					score--
				}
			}
		}
		if score > best {
			best, bestAt = score, max(first, 0)
		}
	}
	if best == 0 {
		return Passage{}, false
	}
	from, to := bestAt, min(bestAt+len(want), len(runes))
	inWord := func(i int) bool {
		return unicode.IsLetter(runes[i]) || unicode.IsNumber(runes[i]) || unicode.Is(unicode.M, runes[i])
	}
	for k := 0; k < maxWidened && from > 0 && inWord(from-1) && inWord(from); k++ {
		from--
	}
	for k := 0; k < maxWidened && to < len(runes) && inWord(to-1) && inWord(to); k++ {
		to++
	}
	for from < to-1 && !inWord(from) {
		from++
	}
	for to-1 > from && runes[to-1] == ' ' {
		to--
	}
	start, end := f.given(int(at[from]), int(at[to]))
	return t.passage(start, end), true
}

// runsOfThree counts the runs of three characters of some words, in a table with open addressing: each character of a
// text is looked up twice.
type runsOfThree [4096]struct {
	run  [3]rune
	left int32 // how often the run is still to be found in the window
	used bool
}

func runsOf(words []rune, n int) *runsOfThree {
	t := &runsOfThree{}
	for i := 0; i+n <= len(words); i++ {
		at := t.slot(words[i : i+n])
		t[at].used = true
		copy(t[at].run[:], words[i:i+n])
		t[at].left++
	}
	return t
}

// slot is where a run stands, or would.
func (t *runsOfThree) slot(run []rune) int {
	var r [3]rune
	copy(r[:], run)
	at := int(uint32(r[0])*961+uint32(r[1])*31+uint32(r[2])) % len(t)
	for t[at].used && t[at].run != r {
		at = (at + 1) % len(t)
	}
	return at
}

// left is the count of a run, nil when the words do not have it.
func (t *runsOfThree) left(run []rune) *int32 {
	if at := t.slot(run); t[at].used {
		return &t[at].left
	}
	return nil
}

// line is the number of the line that begins or goes on behind a text.
func line(before string) int {
	return 1 + strings.Count(before, "\n") + strings.Count(strings.ReplaceAll(before, "\r\n", ""), "\r")
}

// clip shortens words for a message, which stands on one line.
func clip(s string, most int) string { return kg.Clip(strings.Join(strings.Fields(s), " "), most) }
