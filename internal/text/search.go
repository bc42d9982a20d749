package text

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Search is defined here, in words and small integers, so that every store gives the same hits with the same score.
//
// A document has name words (of its name and aliases) and body words (of its description and @graphSearchable
// properties). A query word fits a document with a grade: the best of ExactName … FuzzyBody below. Then:
//
//	round 1   every query word fits exactly, as a prefix or as initials
//	round 2   when round 1 finds nothing: every word fits in any way
//	round 3   when round 2 finds nothing: at least one word fits in any way
//
// Where initials fit, an entity whose name is a title (Type.Titled) has a score lower by one, so that "D. Trump" finds
// the person before quotes titled "Donald Trump". References by name prefer the person in the same way. What the whole
// search text is an id of (see IDs) is found in round 1 with the full score. The rounds look at the whole search (all
// types asked for), not at a page. Hits are ordered by score, best first, then by SortKey of the name, then by id.

// The grades of a fit.
const (
	ExactName     = 10
	FirstInitials = 9 // initials that the name or an alias begins with: J.F. of John F. Kennedy
	PrefixName    = 8 // from two characters on
	AnyInitials   = 7 // initials each of which some word of the name or an alias begins with
	FuzzyName     = 6 // a shared key of Deletes; from four characters on
	ExactBody     = 5
	PrefixBody    = 4
	FuzzyBody     = 3 // the same Skeleton
)

// FullScore is the score of what fits best.
const FullScore = 100

const (
	// MaxQueryWords is how many words of a search count, a phrase being one: see Search.Rarest.
	MaxQueryWords = 16
	// MaxSearchWords is how many words a search may have; one of more is refused by the plan.
	MaxSearchWords = 200
	// MaxInitials is how many letters are taken for initials; more of them with full stops are a word alone.
	MaxInitials = 4
)

// Doc is what a search looks at in one entity.
type Doc struct {
	NameWords []string // different words of name and aliases, in order
	BodyWords []string // different words of description and searchable properties, in order
	Initials  []string // different initials of name and aliases: see Initials
	NameCount int      // number of different words in the name alone, at least 1
	IDs       []string // see IDs; NewDoc leaves them to the caller
	Titled    bool     // its name is a title; left to the caller too

	names, body []string
	exact       bool // words of the body fit exactly or not at all
}

// NewDoc makes the document of an entity.
func NewDoc(name string, aliases, body []string) Doc {
	d := Doc{
		NameWords: Words(name), NameCount: max(1, len(words(name, false))),
		names: append([]string{name}, aliases...), body: body,
	}
	add := func(to []string, words ...string) []string {
		for _, w := range words {
			if !slices.Contains(to, w) {
				to = append(to, w)
			}
		}
		return to
	}
	for _, a := range aliases {
		d.NameWords = add(d.NameWords, Words(a)...)
	}
	for _, n := range d.names {
		if i := Initials(n); i != "" {
			d.Initials = add(d.Initials, i)
		}
	}
	for i, b := range body {
		if i == 0 { // they are different already, and may be many
			d.BodyWords = Words(b)
			continue
		}
		d.BodyWords = add(d.BodyWords, Words(b)...)
	}
	return d
}

// Initials are the letters that the words of a name begin with, folded, of the first MaxInitials words.
func Initials(name string) string {
	var out []rune
	scan(Fold(name), true, func(t token) { out = append(out, t.initialLetters()...) })
	return string(out[:min(len(out), MaxInitials)])
}

// initialLetters are the letters that initials have of a word: its first, or all of what are initials themselves.
func (t *token) initialLetters() []rune {
	if t.initials > 1 {
		return []rune(t.word)
	}
	if r, _ := utf8.DecodeRuneInString(t.word); unicode.IsLetter(r) && partOf(r) == spaced {
		return []rune{r}
	}
	return nil
}

// IDs are the forms in which an entity's own id and its external ids are found by a search text: folded, an external id
// by its value alone and behind its scheme and a colon. External is schemes and values in turn.
func IDs(id string, external ...string) []string {
	out := []string{Fold(id)}
	for i := 0; i+1 < len(external); i += 2 {
		out = append(out, Fold(external[i+1]), Fold(external[i]+":"+external[i+1]))
	}
	return out
}

// QueryWord is one word of a search with its keys, or a phrase.
type QueryWord struct {
	Word string // folded; of a phrase its words, with spaces between them
	// of words in quotation marks, which stand next to each other in one text; fits exactly or not at all
	Phrase   bool
	Initials bool     // of letters with full stops behind them, without these in Word
	Prefix   bool     // long enough to stand for the beginning of a word
	Deletes  []string // nil when too short to be fuzzy
	Skeleton string   // "" when too short
}

// Search is a search text, read.
type Search struct {
	Words []QueryWord // different ones, in order
	ID    string      // the whole text as one of IDs
}

// NewSearch reads a search text. What stands between two quotation marks, of whatever form but single ones, is a
// phrase; a last mark that none closes is ignored, and so is one in the middle of a word.
func NewSearch(s string) Search {
	f := Fold(s)
	out := Search{ID: f}
	opened, at := -1, 0
	for i, r := range f {
		switch {
		case !isQuote(f, i, r):
		case opened < 0:
			opened = i
		default:
			out.addPlain(f[at:opened])
			out.addPhrase(f[opened:i])
			opened, at = -1, i
		}
	}
	out.addPlain(f[at:])
	return out
}

// isQuote reports whether the character at a place of a folded text is a mark that begins or ends a phrase.
func isQuote(f string, at int, r rune) bool {
	if r == '\'' || !unicode.Is(unicode.Quotation_Mark, r) {
		return false
	}
	before, _ := utf8.DecodeLastRuneInString(f[:at])
	after, _ := utf8.DecodeRuneInString(f[at+utf8.RuneLen(r):])
	return partOf(before) != spaced || partOf(after) != spaced
}

// addPhrase adds the words of a folded text as one that stands together.
func (s *Search) addPhrase(f string) {
	if list, _ := Sequence(f); len(list) > 0 && !s.full() {
		s.add(QueryWord{Word: strings.Join(list, " "), Phrase: true})
	}
}

// addPlain adds the words of a folded text. Initials that follow each other are one word, as in J. F. Kennedy.
func (s *Search) addPlain(f string) {
	var last token // initials that may go on
	flush := func() {
		if last.word != "" {
			s.addWord(last.word, true)
			last = token{}
		}
	}
	scan(f, true, func(t token) {
		if t.tail {
			return
		}
		letters := utf8.RuneCountInString(t.word)
		r, _ := utf8.DecodeRuneInString(t.word)
		if t.initials == 0 || letters > MaxInitials || partOf(r) != spaced || t.initials == 1 &&
			!strings.HasPrefix(f[t.to:], ".") {
			flush()
			s.addWord(t.word, false)
			return
		}
		if last.word == "" || strings.Trim(f[last.to:t.from], ". ") != "" ||
			utf8.RuneCountInString(last.word)+letters > MaxInitials {
			flush()
			last = t
			return
		}
		last.word, last.to = last.word+t.word, t.to
	})
	flush()
}

func (s *Search) addWord(w string, initials bool) {
	if s.full() {
		return
	}
	if initials {
		s.add(QueryWord{Word: w, Initials: true})
		return
	}
	n := utf8.RuneCountInString(w)
	r, _ := utf8.DecodeRuneInString(w)
	q := QueryWord{Word: w, Prefix: n >= 2 || partOf(r) == unspaced, Skeleton: Skeleton(w)}
	if n >= 4 {
		q.Deletes = Deletes(w)
	}
	s.add(q)
}

func (s *Search) add(w QueryWord) {
	if !slices.ContainsFunc(s.Words, func(o QueryWord) bool {
		return o.Word == w.Word && o.Phrase == w.Phrase &&
			o.Initials == w.Initials
	}) {
		s.Words = append(s.Words, w)
	}
}

// full reports whether a search has so many words that it is refused, whatever more it has.
func (s *Search) full() bool { return len(s.Words) > MaxSearchWords }

// Size is how many words a search has, those of phrases counted each.
func (s *Search) Size() int {
	n := len(s.Words)
	for i := range s.Words {
		n += strings.Count(s.Words[i].Word, " ")
	}
	return n
}

// Rarest returns a search with MaxQueryWords of its words: those that the fewest entities have (counts: how many fit
// each word exactly, see Doc.Exact), of words with the same count the first. A word that no entity has counts as the
// most frequent: it finds nothing.
func (s *Search) Rarest(counts []int) Search {
	order := make([]int, len(s.Words))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(min(counts[b], 1), min(counts[a], 1)), cmp.Compare(counts[a], counts[b]))
	})
	order = order[:min(len(order), MaxQueryWords)]
	slices.Sort(order)
	out := Search{ID: s.ID}
	for _, i := range order {
		out.Words = append(out.Words, s.Words[i])
	}
	return out
}

// Exact reports whether a query word fits a document exactly.
func (d *Doc) Exact(q *QueryWord) bool {
	g := d.Grade(&QueryWord{Word: q.Word, Phrase: q.Phrase}, false)
	return g > 0
}

// Grade is how well a query word fits a document: one of the grades above, or 0. Without fuzzy only exact words,
// prefixes and initials count.
func (d *Doc) Grade(q *QueryWord, fuzzy bool) int {
	if q.Phrase {
		has := func(s string) bool { return HasPhrase(s, q.Word) }
		switch {
		case slices.ContainsFunc(d.names, has):
			return ExactName
		case slices.ContainsFunc(d.body, has):
			return ExactBody
		}
		return 0
	}
	best := 0
	for _, w := range d.NameWords {
		switch {
		case w == q.Word:
			return ExactName
		case q.Prefix && strings.HasPrefix(w, q.Word):
			best = PrefixName
		case fuzzy && best == 0 && q.Deletes != nil && utf8.RuneCountInString(w) >= 4 &&
			shareKey(q.Deletes, Deletes(w)):
			best = FuzzyName
		}
	}
	if q.Initials {
		best = max(best, gradeInitials(q.Word, d.Initials, d.NameWords))
	}
	if best > 0 {
		return best
	}
	for _, w := range d.BodyWords {
		switch {
		case w == q.Word:
			return ExactBody
		case d.exact:
		case q.Prefix && strings.HasPrefix(w, q.Word):
			best = PrefixBody
		case fuzzy && best == 0 && q.Skeleton != "" && q.Skeleton == Skeleton(w):
			best = FuzzyBody
		}
	}
	return best
}

// gradeInitials is how well initials fit a name.
func gradeInitials(word string, initials, nameWords []string) int {
	if slices.ContainsFunc(initials, func(i string) bool { return strings.HasPrefix(i, word) }) {
		return FirstInitials
	}
	for _, r := range word {
		if !slices.ContainsFunc(nameWords, func(w string) bool { return strings.HasPrefix(w, string(r)) }) {
			return 0
		}
	}
	return AnyInitials
}

// HasPhrase reports whether the words of a phrase (see QueryWord) stand next to each other in a text.
func HasPhrase(s, phrase string) bool {
	list, _ := Sequence(s)
	return strings.Contains(" "+strings.Join(list, " ")+" ", " "+phrase+" ")
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
// mean grade and one fifth for how much of the name was asked for, when every word fits the name; one less
// for initials that fit a title.
func Score(grades []int, nameCount int, titled bool) int {
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
	if titled && slices.ContainsFunc(grades, func(g int) bool { return g == FirstInitials || g == AnyInitials }) {
		score--
	}
	return score
}

// Match runs a search over one document in the given round (1, 2, 3): its score, and whether it is a hit.
func (d *Doc) Match(s *Search, round int) (score int, hit bool) {
	if slices.Contains(d.IDs, s.ID) {
		return FullScore, true
	}
	grades := make([]int, len(s.Words))
	all, some := true, false
	for i := range s.Words {
		grades[i] = d.Grade(&s.Words[i], round > 1)
		all = all && grades[i] > 0
		some = some || grades[i] > 0
	}
	if !some || !all && round < 3 {
		return 0, false
	}
	return Score(grades, d.NameCount, d.Titled), true
}

// highlightContext is how many characters of a long text stand on either side of its first match.
const highlightContext = 80

// MaxHighlights is how many texts of one record are shown.
const MaxHighlights = 10

// Field is a text of a record that is searched.
type Field struct {
	Name, Text string // the field's name, and its text
	IsName     bool   // the text is a name: initials fit it too
}

// Highlight is a text in which words fit, and where they stand; of a long text, the part around the first of them,
// with … where it was cut.
type Highlight struct {
	Field, Text string
	// Ranges are where the words stand in Text, from and to, in units of UTF-16.
	Ranges []Range
}

// Range is a part of a text: from its first unit to the one behind its last.
type Range struct{ Start, End int }

// Highlights are the texts in which query words fit: those first in which most do, of as many in the order given. There
// are at most MaxHighlights.
func Highlights(fields []Field, s *Search) []Highlight {
	type fit struct {
		field *Field
		hits  []span
		n     int
	}
	var fits []fit
	for i := range fields {
		f := &fields[i]
		of := inBody
		if f.IsName {
			of = inName
		}
		if hits, n := matches(f.Text, of, s.Words); n > 0 {
			fits = append(fits, fit{f, hits, n})
		}
	}
	slices.SortStableFunc(fits, func(a, b fit) int { return cmp.Compare(b.n, a.n) })
	var out []Highlight
	for _, f := range fits[:min(len(fits), MaxHighlights)] {
		out = append(out, shown(f.field.Name, f.field.Text, f.hits))
	}
	return out
}

// shown is a text, or the part of it around the first hit, with the places of its hits.
func shown(field, t string, hits []span) Highlight {
	from, to := window(t, hits[0])
	h := Highlight{Field: field, Text: t[from:to]}
	units := 0
	if from > 0 {
		h.Text, units = cut+h.Text, units16(cut)
	}
	if to < len(t) {
		h.Text += cut
	}
	at := from
	for _, hit := range hits {
		if hit.from < from || hit.to > to {
			continue
		}
		start := units + units16(t[at:hit.from])
		units = start + units16(t[hit.from:hit.to])
		h.Ranges = append(h.Ranges, Range{start, units})
		at = hit.to
	}
	return h
}

// cut stands where a text was cut.
const cut = "…"

// units16 is how many units of UTF-16 a text has: two for each character that needs a surrogate pair.
func units16(s string) (n int) {
	for _, r := range s {
		if n++; r > '\uFFFF' {
			n++
		}
	}
	return n
}

type span struct{ from, to int }

// place is where a text stands that a highlight is taken from.
type place uint8

const (
	inBody place = iota
	inName       // where initials fit too
	inText       // of a source, where words fit exactly alone
)

// matches are the words of t that some query word fits, and how many query words fit.
func matches(t string, of place, q []QueryWord) (hits []span, n int) {
	var tokens []token
	scan(t, false, func(w token) { tokens = append(tokens, w) })
	marked, joined := make([]bool, len(tokens)), make([]bool, len(tokens))
	for i := range q {
		fits := false
		mark := func(at int) { marked[at], fits = true, true }
		switch w := &q[i]; {
		case w.Phrase:
			markPhrase(tokens, w.Word, mark, func(at int) { joined[at] = true })
		default:
			plain := *w
			plain.Initials = false
			for at := range tokens {
				word := []string{tokens[at].word}
				d, b := Doc{NameWords: word}, Doc{BodyWords: word, exact: of == inText}
				if of != inText && d.Grade(&plain, true) > 0 || b.Grade(&plain, true) > 0 {
					mark(at)
				}
			}
			if of == inName && w.Initials && !fits {
				markInitials(tokens, w.Word, mark)
			}
		}
		if fits {
			n++
		}
	}
	for i, w := range tokens {
		switch last := len(hits) - 1; {
		case !marked[i]:
		case last >= 0 && (joined[i] || w.from < hits[last].to): // pairs of an unspaced script overlap
			hits[last].to = max(hits[last].to, w.to)
		default:
			hits = append(hits, span{w.from, w.to})
		}
	}
	return hits, n
}

// markPhrase marks the words of a phrase wherever they stand together, and joins each to the one before it.
func markPhrase(tokens []token, phrase string, mark, join func(int)) {
	want := strings.Split(phrase, " ")
	var at []int // the places of tokens that are no tails
	for i := range tokens {
		if !tokens[i].tail {
			at = append(at, i)
		}
	}
	for len(at) >= len(want) {
		i := 0
		for i < len(want) && tokens[at[i]].word == want[i] {
			i++
		}
		if i < len(want) {
			at = at[1:]
			continue
		}
		for n := range i {
			mark(at[n])
			if n > 0 {
				join(at[n])
			}
		}
		at = at[i:]
	}
}

// markInitials marks the words of a name that initials stand for: its first, or any that begin so.
func markInitials(tokens []token, word string, mark func(int)) {
	var initials []rune
	var of []int // the token each of them is of
	var list []string
	for i := range tokens {
		for _, r := range tokens[i].initialLetters() {
			initials, of = append(initials, r), append(of, i)
		}
		list = append(list, tokens[i].word)
	}
	initials = initials[:min(len(initials), MaxInitials)]
	switch gradeInitials(word, []string{string(initials)}, list) {
	case FirstInitials:
		for i := range utf8.RuneCountInString(word) {
			mark(of[i])
		}
	case AnyInitials:
		for i, w := range list {
			if r, _ := utf8.DecodeRuneInString(w); strings.ContainsRune(word, r) {
				mark(i)
			}
		}
	}
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
