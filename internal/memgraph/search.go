package memgraph

import (
	"cmp"
	"iter"
	"slices"
	"sort"
	"strings"
	"sync"
	"unicode/utf8"
	"unsafe"

	"github.com/throughline/throughline/internal/bitset"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/text"
)

// searchIndex finds nodes by word. It answers as package text defines; see text.Doc.
type searchIndex struct {
	words     words     // and the initials of names, behind initialsMark
	name      postings  // by word: nodes that have it in a name or alias, in any order
	body      postings  // by word: nodes that have it in a description or searchable property, in any order
	nameCount []uint8   // by node: different words of its name
	deletes   []uint64  // hash of a text.Deletes key, word of a name; in order
	skeletons []uint64  // hash of a text.Skeleton, word of a body; in order
	pool      sync.Pool // of grades
}

func newSearchIndex(n int) *searchIndex {
	return &searchIndex{
		nameCount: make([]uint8, n), name: postings{start: make([]uint32, 1)},
		body: postings{start: make([]uint32, 1)},
	}
}

// postings are the records of each word: those of word i are items[start[i]:start[i+1]].
type postings struct{ start, items []uint32 }

func (l *postings) of(i uint32) []uint32 { return l.items[l.start[i]:l.start[i+1]] }

// tier is an index of some nodes. A node that changes goes from one tier to another.
type tier struct {
	*searchIndex
	docs  []uint32 // the nodes, by their numbers in the index; 0 = none. In the first tier the numbers are their keys
	stale []uint32 // numbers of nodes that have gone to another tier, or are gone, ascending
}

// searching are the indexes of nodes: of most, of those that have changed since it was made, and of the last few of
// these. While some that were full are merged with most, they are a tier of their own, to which nothing comes.
type searching [4]tier

const (
	mostNodes = iota
	fullNodes
	someNodes
	lastNodes
)

// lastNodesMost and someNodesMost are how many nodes go into a tier before it goes into the one before it. Tests set
// them lower.
var (
	lastNodesMost = 8
	someNodesMost = 4096
)

// live lists the nodes of a tier.
func (t *tier) live() (out []uint32) {
	for i, k := range t.docs {
		if k != 0 && !t.isStale(uint32(i)) {
			out = append(out, k)
		}
	}
	return out
}

func (t *tier) isStale(number uint32) bool {
	_, ok := slices.BinarySearch(t.stale, number)
	return ok
}

// leave notes that a node is in the tier no longer. It reports whether it was.
func (t *tier) leave(k uint32) bool {
	if t.searchIndex == nil {
		return false
	}
	number := k
	if t.docs != nil {
		i := 0
		for ; i < len(t.docs) && (t.docs[i] != k || t.isStale(uint32(i))); i++ {
		}
		number = uint32(i)
	}
	i, there := slices.BinarySearch(t.stale, number)
	if there || int(number) >= len(t.nameCount) {
		return false
	}
	t.stale = slices.Insert(slices.Clone(t.stale), i, number)
	return true
}

// amendWords has searches find what nodes say now.
func (b *Builder) amendWords() {
	gone := b.goneNodes.keys()
	if len(gone)+len(b.freshNodes) == 0 {
		return
	}
	for _, k := range gone {
		for i := lastNodes; i >= mostNodes && !b.searching[i].leave(k); i-- {
		}
	}
	last := append(b.searching[lastNodes].live(), b.freshNodes...)
	if len(last) == 0 {
		b.searching[lastNodes] = tier{}
		return
	}
	if len(last) <= lastNodesMost {
		b.searching[lastNodes] = tier{b.indexWords(newSearchIndex(0), last, last, len(last), nil), last, nil}
		return
	}
	b.searching[lastNodes] = tier{}
	some := &b.searching[someNodes]
	if some.searchIndex == nil {
		some.searchIndex = newSearchIndex(0)
	}
	docs := slices.Concat(some.docs, last)
	away := bitset.New(len(docs))
	for _, i := range some.stale {
		away.Add(i)
		docs[i] = 0
	}
	*some = tier{b.indexWords(some.searchIndex, last, docs, len(docs), away), docs, nil}
	switch {
	case len(docs) <= someNodesMost:
	case b.merging.words == nil:
		b.searching[fullNodes], *some = *some, tier{}
		b.merging.words = &behind[searchIndex]{of: b.Graph}
	case len(docs) > overfull*someNodesMost:
		b.searching, b.merging.words = searching{{searchIndex: b.settledWords()}}, nil
	}
}

// settledWords returns one index of all nodes.
func (graph *Graph) settledWords() *searchIndex {
	most := &graph.searching[mostNodes]
	var fresh []uint32
	for i := fullNodes; i <= lastNodes; i++ {
		fresh = append(fresh, graph.searching[i].live()...)
	}
	if len(fresh)+len(most.stale) == 0 && len(most.nameCount) == graph.nodes.n {
		return most.searchIndex
	}
	away := bitset.New(graph.nodes.n)
	for _, k := range most.stale {
		away.Add(k)
	}
	return graph.indexWords(most.searchIndex, fresh, nil, graph.nodes.n, away)
}

// initialsMark is before what are the initials of a name and no word: no word begins with it.
const initialsMark = "\x01"

// words are the different words of an index, in order.
type words struct {
	text []byte
	end  []uint32 // where each ends in text
}

func (w *words) at(i int) string {
	from := uint32(0)
	if i > 0 {
		from = w.end[i-1]
	}
	return view(w.text[from:w.end[i]])
}

// find returns the first word that is not before s.
func (w *words) find(s string) int {
	return sort.Search(len(w.end), func(i int) bool { return w.at(i) >= s })
}

func (w *words) add(s string) {
	w.text = append(w.text, s...)
	w.end = append(w.end, uint32(len(w.text)))
}

// shortHash is a half of hash, to stand beside a word in one integer.
func shortHash(s string) uint64 { return hash(s) >> 32 << 32 }

// occurrence is a word in a node: the word above the node's 32 bits.
type occurrence = uint64

// wordNotes are the words of new records. They get numbers as they come, which their order replaces later.
type wordNotes struct {
	numbers       map[string]uint32
	words         []string
	names, bodies []occurrence
	counts        []occurrence // the number of words of a name above the record
}

// add notes the words of a record. Words are copied, so that they do not keep the text alive that they are a part of.
func (w *wordNotes) add(k uint32, d *text.Doc) {
	if w.numbers == nil {
		w.numbers = map[string]uint32{}
	}
	note := func(to *[]occurrence, word string) {
		n, ok := w.numbers[word]
		if !ok {
			n = uint32(len(w.words))
			word = strings.Clone(word)
			w.words = append(w.words, word)
			w.numbers[word] = n
		}
		*to = append(*to, uint64(n)<<32|uint64(k))
	}
	for _, word := range d.NameWords {
		note(&w.names, word)
	}
	for _, i := range d.Initials {
		note(&w.names, initialsMark+i)
	}
	for _, word := range d.BodyWords {
		note(&w.bodies, word)
	}
	w.counts = append(w.counts, uint64(min(d.NameCount, 255))<<32|uint64(k))
}

// indexWords makes an index of n nodes of an old one, without those that are gone, and of fresh ones. Their numbers are
// their places in docs, behind those of the old index, or their keys where that is nil.
func (graph *Graph) indexWords(old *searchIndex, fresh, docs []uint32, n int, gone bitset.Set) *searchIndex {
	var w wordNotes
	for i, k := range fresh {
		d := graph.docOf(graph.nodes.at(k))
		if docs != nil {
			k = uint32(len(docs) - len(fresh) + i)
		}
		w.add(k, &d)
	}
	return w.index(old, n, gone, true)
}

// index makes an index of n records: of the old one's words in records that are still as they were, and of the words of
// new ones.
func (w *wordNotes) index(old *searchIndex, n int, gone bitset.Set, fuzzyBodies bool) *searchIndex {
	if len(w.counts) == 0 && !gone.Any() && len(old.nameCount) == n {
		return old
	}
	ix := &searchIndex{nameCount: make([]uint8, n)}
	copy(ix.nameCount, old.nameCount)
	for _, c := range w.counts {
		ix.nameCount[uint32(c)] = uint8(c >> 32)
	}
	names, bodies, fresh := w.names, w.bodies, w.words
	w.numbers = nil
	byText := make([]uint32, len(fresh))
	for i := range byText {
		byText[i] = uint32(i)
	}
	slices.SortFunc(byText, func(x, y uint32) int { return cmp.Compare(fresh[x], fresh[y]) })
	// the union of new words and of old ones that some node has still, and where each went
	fromOld, fromFresh := make([]uint32, len(old.words.end)), make([]uint32, len(fresh))
	for i, j := 0, 0; i < len(fromOld) || j < len(byText); {
		c := -1
		switch {
		case i == len(fromOld):
			c = 1
		case j < len(byText):
			c = cmp.Compare(old.words.at(i), fresh[byText[j]])
		}
		at := uint32(len(ix.words.end))
		switch {
		case c >= 0:
			ix.words.add(fresh[byText[j]])
			fromFresh[byText[j]] = at
			j++
		case has(&old.name, i, gone) || has(&old.body, i, gone):
			ix.words.add(old.words.at(i))
		default:
			at = noWord
		}
		if c <= 0 {
			fromOld[i] = at
			i++
		}
	}
	ix.name = newPostings(len(ix.words.end), &old.name, fromOld, gone, names, fromFresh)
	ix.body = newPostings(len(ix.words.end), &old.body, fromOld, gone, bodies, fromFresh)
	// fuzzy keys of words that are new to names, or to bodies
	had := func(l *postings, w string) bool {
		i := old.words.find(w)
		return i < len(fromOld) && old.words.at(i) == w && len(l.of(uint32(i))) > 0
	}
	var deletes, skeletons []uint64
	for i, w := range fresh {
		at := uint64(fromFresh[i])
		if len(ix.name.of(fromFresh[i])) > 0 && !had(&old.name, w) && utf8.RuneCountInString(w) >= 4 &&
			!strings.HasPrefix(w, initialsMark) {
			for _, d := range text.Deletes(w) {
				deletes = append(deletes, shortHash(d)|at)
			}
		}
		if s := text.Skeleton(w); fuzzyBodies && s != "" && len(ix.body.of(fromFresh[i])) > 0 && !had(&old.body, w) {
			skeletons = append(skeletons, shortHash(s)|at)
		}
	}
	ix.deletes, ix.skeletons = fuzzyKeys(old.deletes, fromOld, deletes), fuzzyKeys(old.skeletons, fromOld, skeletons)
	return ix
}

// noWord stands for the number of a word that no node has any more.
const noWord = 1<<32 - 1

// has reports whether a record that is still as it was has a word of the old index.
func has(l *postings, word int, gone bitset.Set) bool {
	return slices.ContainsFunc(l.items[l.start[word]:l.start[word+1]], func(k uint32) bool { return !gone.Has(k) })
}

// newPostings lists the records of each word.
func newPostings(n int, old *postings, fromOld []uint32, gone bitset.Set, fresh []occurrence, fromFresh []uint32) postings {
	l := postings{start: make([]uint32, n+1)}
	for i, w := range fromOld {
		for _, k := range old.of(uint32(i)) {
			if !gone.Has(k) { // so it is a word still
				l.start[w+1]++
			}
		}
	}
	for _, o := range fresh {
		l.start[fromFresh[o>>32]+1]++
	}
	for i := range n {
		l.start[i+1] += l.start[i]
	}
	l.items = make([]uint32, l.start[n])
	at := slices.Clone(l.start)
	for i, w := range fromOld {
		for _, k := range old.of(uint32(i)) {
			if !gone.Has(k) {
				l.items[at[w]] = k
				at[w]++
			}
		}
	}
	for _, o := range fresh {
		w := fromFresh[o>>32]
		l.items[at[w]] = uint32(o)
		at[w]++
	}
	return l
}

// fuzzyKeys adds new keys to the old ones, whose words have new numbers in the same order.
func fuzzyKeys(old []uint64, fromOld []uint32, fresh []uint64) []uint64 {
	slices.Sort(fresh)
	out := make([]uint64, 0, len(old)+len(fresh))
	for _, k := range old {
		w := fromOld[uint32(k)]
		if w == noWord {
			continue
		}
		k = k>>32<<32 | uint64(w)
		for len(fresh) > 0 && fresh[0] < k {
			out, fresh = append(out, fresh[0]), fresh[1:]
		}
		out = append(out, k)
	}
	return slices.Compact(append(out, fresh...))
}

// under lists the words that a fuzzy key leads to: those of which is says so, as hashes may be shared.
func (ix *searchIndex) under(keys []uint64, key string, is func(word string) bool) (out []uint32) {
	h := shortHash(key)
	i, _ := slices.BinarySearch(keys, h)
	for ; i < len(keys) && keys[i]>>32<<32 == h; i++ {
		if w := uint32(keys[i]); is(ix.words.at(int(w))) {
			out = append(out, w)
		}
	}
	return out
}

// grades are the nodes that a query word fits, each with its best grade.
type grades struct {
	of    []uint8 // by node; 0 = does not fit
	nodes []uint32
	marks bitset.Set // see among; empty between searches
}

// section is one of the indexes that a search looks at: of nodes, or of sources.
type section struct {
	tier
	flag  uint32 // sourceFlag, or 0
	exact bool   // words of bodies fit exactly or not at all
}

// sourceFlag is on the key of a source among those of nodes.
const sourceFlag = 1 << 31

// key returns the key of the record with a number.
func (p *section) key(number uint32) uint32 {
	if p.docs != nil {
		return p.docs[number]
	}
	return number
}

// sections are the indexes of nodes, of sources, or of both.
func (x *fetch) sections(nodes, sources bool) []section {
	list := x.parts[:0]
	if nodes {
		for i := range x.graph.searching {
			if t := &x.graph.searching[i]; t.searchIndex != nil {
				list = append(list, section{tier: *t})
			}
		}
	}
	if sources {
		list = append(list, section{tier: tier{searchIndex: x.graph.searchingSources}, flag: sourceFlag, exact: true})
	}
	x.parts = list
	return list
}

// bits is a set of records of the section.
func (p *section) bits(keys []uint32) bitset.Set {
	b := bitset.New(len(p.nameCount))
	for _, k := range keys {
		b.Add(k)
	}
	return b
}

// takeGrades returns grades that are all 0; giveGrades keeps them for the next search.
func (p *section) takeGrades() *grades {
	if g, ok := p.pool.Get().(*grades); ok {
		return g
	}
	return &grades{of: make([]uint8, len(p.nameCount))}
}

func (p *section) giveGrades(g *grades) {
	for _, k := range g.nodes {
		g.of[k] = 0
	}
	g.nodes = g.nodes[:0]
	p.pool.Put(g)
}

func (g *grades) add(nodes []uint32, grade uint8) {
	for _, k := range nodes {
		g.raise(k, grade)
	}
}

func (g *grades) raise(k uint32, grade uint8) {
	switch before := g.of[k]; {
	case before == 0:
		g.of[k] = grade
		g.nodes = append(g.nodes, k)
	case before < grade:
		g.of[k] = grade
	}
}

// graded is nodes that a query word fits with the same grade.
type graded struct {
	nodes []uint32
	grade uint8
}

// beginning are the numbers of the words that begin with s.
func (ix *searchIndex) beginning(s string) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for i := ix.words.find(s); i < len(ix.words.end) && strings.HasPrefix(ix.words.at(i), s); i++ {
			if !yield(uint32(i)) {
				return
			}
		}
	}
}

// fits finds the nodes a query word fits, and how many they are, some counted more than once.
func (x *fetch) fits(p *section, q *text.QueryWord, fuzzy bool) (out []graded, size int) {
	ix := p.searchIndex
	add := func(nodes []uint32, grade uint8) {
		if len(nodes) > 0 {
			out, size = append(out, graded{nodes, grade}), size+len(nodes)
		}
	}
	if q.Phrase {
		name, body := x.together(p, q.Word)
		add(name, text.ExactName)
		add(body, text.ExactBody)
		return out, size
	}
	// exact words are prefixes of themselves: one run of the dictionary holds both
	for i := ix.words.find(q.Word); i < len(ix.words.end); i++ {
		w, k := ix.words.at(i), uint32(i)
		if !strings.HasPrefix(w, q.Word) {
			break
		}
		if w == q.Word {
			add(ix.name.of(k), text.ExactName)
			add(ix.body.of(k), text.ExactBody)
		} else {
			if !q.Prefix {
				break
			}
			add(ix.name.of(k), text.PrefixName)
			if !p.exact {
				add(ix.body.of(k), text.PrefixBody)
			}
		}
	}
	if q.Initials {
		for w := range ix.beginning(initialsMark + q.Word) {
			add(ix.name.of(w), text.FirstInitials)
		}
		if utf8.RuneCountInString(q.Word) > 1 {
			add(x.lettered(p, q.Word), text.AnyInitials)
		} else {
			for w := range ix.beginning(q.Word) {
				add(ix.name.of(w), text.AnyInitials)
			}
		}
	}
	if !fuzzy {
		return out, size
	}
	for _, d := range q.Deletes {
		for _, w := range ix.under(ix.deletes, d, func(w string) bool { return slices.Contains(text.Deletes(w), d) }) {
			add(ix.name.of(w), text.FuzzyName)
		}
	}
	if q.Skeleton != "" && !p.exact {
		for _, w := range ix.under(ix.skeletons, q.Skeleton,
			func(w string) bool { return text.Skeleton(w) == q.Skeleton }) {
			add(ix.body.of(w), text.FuzzyBody)
		}
	}
	return out, size
}

// lettered lists the nodes of which each letter of word begins a word of the name or an alias.
func (x *fetch) lettered(p *section, word string) (nodes []uint32) {
	for i, r := range word {
		marks := p.bits(nil)
		for w := range p.beginning(string(r)) {
			list := p.name.of(w)
			x.step(len(list))
			for _, k := range list {
				if i == 0 && !marks.Has(k) {
					nodes = append(nodes, k)
				}
				marks.Add(k)
			}
		}
		nodes = slices.DeleteFunc(nodes, func(k uint32) bool { return !marks.Has(k) })
	}
	return nodes
}

// pair is the nodes that have something in a name or alias, and those that have it in another text.
type pair struct{ name, body []uint32 }

// phraseIn is a phrase in a section.
type phraseIn struct {
	phrase string
	of     *searchIndex
}

// together lists the records that have the words of a phrase next to each other in one text. A node that says something
// else by now, or is gone, is none: it has no text to look into here.
func (x *fetch) together(p *section, phrase string) (name, body []uint32) {
	key := phraseIn{phrase, p.searchIndex}
	if p, ok := x.phrases[key]; ok {
		return p.name, p.body
	}
	is := func(s string) bool { return text.HasPhrase(s, phrase) }
	for _, k := range p.current(x.withAll(p, &p.name, phrase)) {
		x.step(1)
		if p.flag != 0 {
			if is(x.graph.sources[k].title) {
				name = append(name, k)
			}
			continue
		}
		x.graph.names(x.graph.nodes.at(p.key(k)), func(s string) bool {
			if !is(s) {
				return true
			}
			name = append(name, k)
			return false
		})
	}
	list := p.current(x.withAll(p, &p.body, phrase))
	if p.flag != 0 {
		x.sourceTexts(list, func(k uint32, s string) {
			if is(s) {
				body = append(body, k)
			}
		})
	} else {
		for _, k := range list {
			x.step(1)
			if slices.ContainsFunc(x.graph.body(x.graph.nodes.at(p.key(k))), is) {
				body = append(body, k)
			}
		}
	}
	if x.phrases == nil {
		x.phrases = map[phraseIn]pair{}
	}
	x.phrases[key] = pair{name, body}
	return name, body
}

// current leaves those of the records of a section that are as it says.
func (p *section) current(list []uint32) []uint32 {
	if len(p.stale) == 0 {
		return list
	}
	return slices.DeleteFunc(list, p.isStale)
}

// sourceTexts reads texts of sources, of the state of the graph.
func (x *fetch) sourceTexts(keys []uint32, yield func(k uint32, s string)) {
	if len(keys) == 0 {
		return
	}
	x.trips++
	r, err := x.texts.ReadTexts(x.ctx, x.graph)
	if err != nil {
		x.fail(err)
	}
	defer r.Close()
	err = r.Texts(x.ctx, keys, func(k uint32, s string) {
		x.step(1 + len(s)/64)
		yield(k, s)
	})
	if err != nil {
		x.fail(err)
	}
}

// wantedText is a value that the text of a source is to be.
type wantedText struct {
	source uint32
	to     *kg.Value
}

// fillTexts reads the texts that are wanted of sources, each once.
func (x *fetch) fillTexts() {
	keys := make([]uint32, len(x.wanted))
	for i, t := range x.wanted {
		keys[i] = t.source
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	texts := make(map[uint32]kg.Value, len(keys))
	x.sourceTexts(keys, func(k uint32, s string) {
		x.hold(len(s))
		texts[k] = kg.StringValue(s)
	})
	for _, t := range x.wanted {
		*t.to = texts[t.source]
	}
}

// fewNodes is how many nodes are looked at one by one rather than searched for in further lists.
const fewNodes = 64

// withAll lists nodes that may have all words of a phrase in a list: few, or those that do.
func (x *fetch) withAll(p *section, of *postings, phrase string) []uint32 {
	ix := p.searchIndex
	var all [][]uint32
	for w := range strings.SplitSeq(phrase, " ") {
		i := ix.words.find(w)
		if i == len(ix.words.end) || ix.words.at(i) != w {
			return nil
		}
		all = append(all, of.of(uint32(i)))
	}
	slices.SortFunc(all, func(a, b []uint32) int { return cmp.Compare(len(a), len(b)) })
	nodes := slices.Clone(all[0])
	for _, list := range all[1:] {
		if len(nodes) <= fewNodes {
			break
		}
		x.step(len(list))
		marks := p.bits(list)
		nodes = slices.DeleteFunc(nodes, func(k uint32) bool { return !marks.Has(k) })
	}
	return nodes
}

// having is how many records a query word fits exactly.
func (x *fetch) having(q *text.QueryWord) (n int) {
	exact := text.QueryWord{Word: q.Word, Phrase: q.Phrase}
	list := x.sections(true, true)
	for i := range list {
		p := &list[i]
		found, size := x.fits(p, &exact, false)
		n += size
		if len(found) < 2 && len(p.stale) == 0 {
			continue
		}
		x.step(size)
		seen := p.bits(p.stale)
		for _, f := range found { // name and body, which one record may have both
			for _, k := range f.nodes {
				if seen.Has(k) {
					n--
				}
				seen.Add(k)
			}
		}
	}
	return n
}

// round runs one round in a section, and adds what it finds to x.hits.
func (x *fetch) round(p *section, n int) {
	found := make([][]graded, len(x.search.Words))
	shortest, least := 0, 0
	for i := range x.search.Words {
		var size int
		found[i], size = x.fits(p, &x.search.Words[i], n > 1)
		x.step(size)
		if n < 3 && size == 0 {
			return
		}
		if i == 0 || size < least {
			shortest, least = i, size
		}
	}
	lists := make([]*grades, len(found))
	for i := range lists {
		lists[i] = p.takeGrades()
	}
	defer func() {
		for _, g := range lists {
			p.giveGrades(g)
		}
	}()
	if n < 3 && len(lists) > 1 {
		x.among(p, lists, found, shortest)
	} else {
		for i, list := range found {
			for _, f := range list {
				lists[i].add(f.nodes, f.grade)
			}
		}
	}
	// whatever every word fits, or in the last round any of them
	candidates := lists[shortest].nodes
	if n == 3 {
		candidates = nil
		for i, g := range lists {
			for _, k := range g.nodes {
				if !slices.ContainsFunc(lists[:i], func(e *grades) bool { return e.of[k] != 0 }) {
					candidates = append(candidates, k)
				}
			}
		}
	}
	got, titled, hits := make([]int, len(lists)), x.graph.cat.Titled(), x.hits
	docs, counts, nodes, ranks, types, steps := p.docs, p.nameCount, &x.graph.nodes, &x.graph.ranks, x.q.Types, 0
next:
	for _, number := range candidates {
		for i, g := range lists {
			if got[i] = int(g.of[number]); got[i] == 0 && n < 3 {
				continue next
			}
		}
		if len(p.stale) > 0 && p.isStale(number) {
			continue
		}
		k := number
		if docs != nil {
			k = docs[number]
		}
		w, title := weighed{node: k | p.flag}, false
		if p.flag == 0 {
			typ := nodes.at(k).typ
			if !types.Has(typ) {
				continue
			}
			w.rank, title = *ranks.at(k), titled.Has(typ)
		}
		w.weight = int64(text.Score(got, int(counts[number]), title))
		hits = append(hits, w)
		if steps++; steps == 256 {
			x.step(steps)
			steps = 0
		}
	}
	x.step(steps)
	x.hits = hits
}

// among notes the grades of nodes that every word fits, and of some others: most of what one word fits needs no note.
func (x *fetch) among(p *section, lists []*grades, found [][]graded, shortest int) {
	marks := &lists[shortest].marks
	if len(*marks) == 0 {
		*marks = p.bits(nil)
	}
	for _, f := range found[shortest] {
		for _, k := range f.nodes {
			marks.Add(k)
		}
	}
	for i, list := range found {
		if i == shortest {
			continue
		}
		for _, f := range list {
			for _, k := range f.nodes {
				if marks.Has(k) {
					lists[i].raise(k, f.grade)
				}
			}
		}
	}
	for _, f := range found[shortest] {
		for _, k := range f.nodes {
			marks.Remove(k)
			if !slices.ContainsFunc(lists, func(g *grades) bool { return g != lists[shortest] && g.of[k] == 0 }) {
				lists[shortest].raise(k, f.grade)
			}
		}
	}
}

// identify adds what the search text is an id of to the hits.
func (x *fetch) identify() {
	add := func(k, rank uint32) {
		i := slices.IndexFunc(x.hits, func(h weighed) bool { return h.node == k })
		if i < 0 {
			i = len(x.hits)
			x.hits = append(x.hits, weighed{node: k, rank: rank})
		}
		x.hits[i].weight = text.FullScore
	}
	for _, k := range x.graph.identified(x.search.ID) {
		if x.q.Types.Has(x.graph.nodes.at(k).typ) {
			add(k, *x.graph.ranks.at(k))
		}
	}
	if !x.q.Types.Has(x.graph.cat.Source.Index) || !strings.HasPrefix(x.search.ID, kg.SourcePrefix) {
		return
	}
	for k := range x.graph.sources {
		if id := x.graph.sources[k].id; len(id) > 0 && text.Fold(id) == x.search.ID {
			add(uint32(k)|sourceFlag, 0)
		}
	}
}

// found fills a page with what fits the plan's search.
func (x *fetch) found(page *kg.Page, f *plan.Field) {
	x.search, x.hits = x.q.Search, x.hits[:0]
	if len(x.search.Words) > text.MaxQueryWords {
		counts := make([]int, len(x.search.Words))
		for i := range counts {
			counts[i] = x.having(&x.search.Words[i])
		}
		x.search = x.search.Rarest(counts)
	}
	for n := 1; n <= 3 && len(x.hits) == 0; n++ {
		if len(x.search.Words) > 0 {
			list := x.sections(x.q.Types&x.graph.cat.Entities != 0, x.q.Types.Has(x.graph.cat.Source.Index))
			for i := range list {
				x.round(&list[i], n)
			}
		}
		if n == 1 {
			x.identify()
		}
	}
	hits := x.hits
	x.hold(len(hits) * (int(unsafe.Sizeof(weighed{})) + 4))
	page.Total = int64(len(hits))
	if len(f.Want.Facets) > 0 {
		keys := make([]uint32, len(hits))
		for i, h := range hits {
			keys[i] = h.node
		}
		x.facetRecords(page, f, keys)
	}
	var sources []uint32
	list := x.weighedPage(page, f, hits)
	if !f.Want.Highlight {
		return
	}
	for i, w := range list {
		if w.node&sourceFlag != 0 {
			sources = append(sources, w.node&^sourceFlag)
			continue
		}
		n := x.graph.nodes.at(w.node)
		page.Edges[i].Highlights = plan.Highlights(text.Highlights(x.graph.searched(n), &x.search))
	}
	x.sourceTexts(sources, func(k uint32, s string) {
		i := slices.IndexFunc(list, func(w weighed) bool { return w.node == k|sourceFlag })
		page.Edges[i].Highlights = plan.Highlights(text.HighlightsOfSource(x.graph.sources[k].title, s, &x.search))
	})
}
