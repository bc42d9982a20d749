package text

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Search is defined here, in words and small integers, so that every store gives the same hits with the same score.
//
// A document has name words (of its name and aliases) and body words (of its description and @searchable
// properties). A query word fits a document with a grade: the best of ExactName … fuzzyBody below. Then:
//
//	round 1   every query word fits exactly or as a prefix
//	round 2   when round 1 finds nothing: every word fits in any way
//	round 3   when round 2 finds nothing: at least one word fits in any way
//
// The rounds look at the whole search (all types asked for), not at a page. Hits are ordered by score, best first,
// then by SortKey of the name, then by id.
// The grades of a fit.
const (
	ExactName  = 10
	PrefixName = 8 // from two characters on
	FuzzyName  = 6 // a shared key of Deletes; from four characters on
	ExactBody  = 5
	PrefixBody = 4
	FuzzyBody  = 3 // the same Skeleton
)

// MaxQueryWords is how many words of a search count; a search of more is refused by the plan.
const MaxQueryWords = 16

// Doc is what a search looks at in one entity.
type Doc struct {
	NameWords []string // different words of name and aliases, in order
	BodyWords []string // different words of description and searchable properties, in order
	NameCount int      // number of different words in the name alone, at least 1
}

// NewDoc makes the document of an entity.
func NewDoc(name string, aliases, body []string) Doc {
	d := Doc{NameWords: Words(name), NameCount: max(1, len(words(name, false)))}
	add := func(to, words []string) []string {
		for _, w := range words {
			if !slices.Contains(to, w) {
				to = append(to, w)
			}
		}
		return to
	}
	for _, a := range aliases {
		d.NameWords = add(d.NameWords, Words(a))
	}
	for _, b := range body {
		d.BodyWords = add(d.BodyWords, Words(b))
	}
	return d
}

// QueryWord is one word of a search with its keys.
type QueryWord struct {
	Word     string
	Prefix   bool     // long enough to stand for the beginning of a word
	Deletes  []string // nil when too short to be fuzzy
	Skeleton string   // "" when too short
}

// Query splits a search into its different words.
func Query(s string) []QueryWord {
	list := words(s, false)
	out := make([]QueryWord, len(list))
	for i, w := range list {
		n := utf8.RuneCountInString(w)
		r, _ := utf8.DecodeRuneInString(w)
		out[i] = QueryWord{Word: w, Prefix: n >= 2 || partOf(r) == unspaced, Skeleton: Skeleton(w)}
		if n >= 4 {
			out[i].Deletes = Deletes(w)
		}
	}
	return out
}

// Grade is how well a query word fits a document: one of the grades above, or 0. Without fuzzy only exact and prefix count.
func (d *Doc) Grade(q *QueryWord, fuzzy bool) int {
	best := 0
	for _, w := range d.NameWords {
		switch {
		case w == q.Word:
			return ExactName
		case q.Prefix && strings.HasPrefix(w, q.Word):
			best = PrefixName
		case fuzzy && best == 0 && q.Deletes != nil && utf8.RuneCountInString(w) >= 4 && shareKey(q.Deletes, Deletes(w)):
			best = FuzzyName
		}
	}
	if best > 0 {
		return best
	}
	for _, w := range d.BodyWords {
		switch {
		case w == q.Word:
			return ExactBody
		case q.Prefix && strings.HasPrefix(w, q.Word):
			best = PrefixBody
		case fuzzy && best == 0 && q.Skeleton != "" && q.Skeleton == Skeleton(w):
			best = FuzzyBody
		}
	}
	return best
}

func shareKey(a, b []string) bool {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch c := strings.Compare(a[i], b[j]); {
		case c == 0:
			return true
		case c < 0:
			i++
		default:
			j++
		}
	}
	return false
}

// Score is the score in hundredths (0 to 100) of a document whose query words got these grades: four fifths for the
// mean grade and one fifth for how much of the name was asked for, when every word fits the name.
func Score(grades []int, nameCount int) int {
	if len(grades) == 0 {
		return 0
	}
	sum, inName := 0, true
	for _, g := range grades {
		sum += g
		inName = inName && g >= FuzzyName
	}
	score := sum * 80 / (10 * len(grades))
	if inName {
		score += 20 * min(len(grades), nameCount) / nameCount
	}
	return score
}

// Match runs a search over one document in the given round (1, 2, 3): its score, and whether it is a hit.
func (d *Doc) Match(q []QueryWord, round int) (score int, hit bool) {
	grades := make([]int, len(q))
	all, some := true, false
	for i := range q {
		grades[i] = d.Grade(&q[i], round > 1)
		all = all && grades[i] > 0
		some = some || grades[i] > 0
	}
	if !all && (round < 3 || !some) {
		return 0, false
	}
	return Score(grades, d.NameCount), true
}

// highlightContext is how many characters of a long text stand on either side of its first match.
const highlightContext = 80

// Highlight is the text in which most query words fit (the first such of texts), with the words that fit between
// **asterisks**; of a long text, the part around the first of them, with … where it was cut.
func Highlight(texts []string, q []QueryWord) string {
	best, bestHits, bestN := "", []span(nil), -1
	for _, t := range texts {
		hits, n := matches(t, q)
		if n > bestN {
			best, bestHits, bestN = t, hits, n
		}
	}
	from, to := 0, len(best)
	if len(bestHits) > 0 {
		from, to = window(best, bestHits[0])
	}
	var b strings.Builder
	if from > 0 {
		b.WriteString("…")
	}
	at := from
	for _, h := range bestHits {
		if h.from < from || h.to > to {
			continue
		}
		b.WriteString(best[at:h.from])
		b.WriteString("**")
		b.WriteString(best[h.from:h.to])
		b.WriteString("**")
		at = h.to
	}
	b.WriteString(best[at:to])
	if to < len(best) {
		b.WriteString("…")
	}
	return b.String()
}

type span struct{ from, to int }

// matches are the words of t that some query word fits, and how many query words fit.
func matches(t string, q []QueryWord) (hits []span, n int) {
	fitted := make([]bool, len(q))
	scan(t, false, func(w token) {
		d := Doc{NameWords: []string{w.word}}
		b := Doc{BodyWords: d.NameWords}
		hit := false
		for i := range q {
			if d.Grade(&q[i], true) > 0 || b.Grade(&q[i], true) > 0 {
				hit = true
				fitted[i] = true
			}
		}
		switch last := len(hits) - 1; {
		case !hit:
		case last >= 0 && w.from < hits[last].to: // pairs of an unspaced script overlap
			hits[last].to = w.to
		default:
			hits = append(hits, span{w.from, w.to})
		}
	})
	for _, f := range fitted {
		if f {
			n++
		}
	}
	return hits, n
}

func window(t string, h span) (from, to int) {
	from, to = h.from, h.to
	for i := 0; i < highlightContext && from > 0; i++ {
		_, n := utf8.DecodeLastRuneInString(t[:from])
		from -= n
	}
	for i := 0; i < 2*highlightContext && to < len(t); i++ {
		_, n := utf8.DecodeRuneInString(t[to:])
		to += n
	}
	return from, to
}
