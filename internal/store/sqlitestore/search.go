package sqlitestore

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/text"
)

// searchIndex finds nodes by word. It answers as package text defines; see text.Doc.
type searchIndex struct {
	words     words
	name      lists    // by word: nodes that have it in a name or alias, in any order
	body      lists    // by word: nodes that have it in a description or searchable property, in any order
	nameCount []uint8  // by node: different words of its name
	deletes   []uint64 // hash of a text.Deletes key, word of a name; in order
	skeletons []uint64 // hash of a text.Skeleton, word of a body; in order
}

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

// find gives the first word that is not before s.
func (w *words) find(s string) int {
	return sort.Search(len(w.end), func(i int) bool { return w.at(i) >= s })
}

func (w *words) add(s string) {
	w.text = append(w.text, s...)
	w.end = append(w.end, uint32(len(w.text))) //nolint:gosec // words are shorter than the texts they are in
}

// shortHash is a half of hash, to stand beside a word in one integer.
func shortHash(s string) uint64 { return hash(s) >> 32 << 32 }

// occurrence is a word in a node: the word above the node's 32 bits.
type occurrence = uint64

// indexWords makes the index: of the old one's words in nodes that are still as they were, and of the words of new nodes.
func (b *builder) indexWords() searchIndex {
	old := &b.old.searching
	if len(b.freshNodes) == 0 && !b.goneNodes.any() && len(old.nameCount) == len(b.nodes) {
		return *old
	}
	ix := searchIndex{nameCount: make([]uint8, len(b.nodes))}
	copy(ix.nameCount, old.nameCount)
	// new words get numbers as they come, which their order replaces later
	numbers := map[string]uint32{}
	var fresh []string
	var names, bodies []occurrence
	note := func(to *[]occurrence, list []string, node uint32) {
		for _, w := range list {
			n, ok := numbers[w]
			if !ok {
				n = uint32(len(fresh)) //nolint:gosec // fewer than bytes of text
				fresh = append(fresh, w)
				numbers[w] = n
			}
			*to = append(*to, uint64(n)<<32|uint64(node))
		}
	}
	for _, k := range b.freshNodes {
		d := b.docOf(&b.nodes[k])
		ix.nameCount[k] = uint8(min(d.NameCount, 255)) //nolint:gosec // cut to fit; beyond 255 words the share of the name is 0 anyway
		note(&names, d.NameWords, k)
		note(&bodies, d.BodyWords, k)
	}
	numbers = nil
	byText := make([]uint32, len(fresh))
	for i := range byText {
		byText[i] = uint32(i) //nolint:gosec // see above
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
		at := uint32(len(ix.words.end)) //nolint:gosec // see above
		switch {
		case c >= 0:
			ix.words.add(fresh[byText[j]])
			fromFresh[byText[j]] = at
			j++
		case b.has(&old.name, i) || b.has(&old.body, i):
			ix.words.add(old.words.at(i))
		default:
			at = noWord
		}
		if c <= 0 {
			fromOld[i] = at
			i++
		}
	}
	ix.name = postings(len(ix.words.end), &old.name, fromOld, b.goneNodes, names, fromFresh)
	ix.body = postings(len(ix.words.end), &old.body, fromOld, b.goneNodes, bodies, fromFresh)
	// fuzzy keys of words that are new to names, or to bodies
	had := func(l *lists, w string) bool {
		i := old.words.find(w)
		return i < len(fromOld) && old.words.at(i) == w && len(l.of(uint32(i))) > 0 //nolint:gosec // see above
	}
	var deletes, skeletons []uint64
	for i, w := range fresh {
		at := uint64(fromFresh[i])
		if len(ix.name.of(fromFresh[i])) > 0 && !had(&old.name, w) && utf8.RuneCountInString(w) >= 4 {
			for _, d := range text.Deletes(w) {
				deletes = append(deletes, shortHash(d)|at)
			}
		}
		if s := text.Skeleton(w); s != "" && len(ix.body.of(fromFresh[i])) > 0 && !had(&old.body, w) {
			skeletons = append(skeletons, shortHash(s)|at)
		}
	}
	ix.deletes, ix.skeletons = fuzzyKeys(old.deletes, fromOld, deletes), fuzzyKeys(old.skeletons, fromOld, skeletons)
	return ix
}

// noWord stands for the number of a word that no node has any more.
const noWord = 1<<32 - 1

// has tells whether a node that is still as it was has a word of the old index.
func (b *builder) has(l *lists, word int) bool {
	return slices.ContainsFunc(l.items[l.start[word]:l.start[word+1]], func(k uint32) bool { return !b.goneNodes.has(k) })
}

// postings lists the nodes of each word.
func postings(n int, old *lists, fromOld []uint32, gone bits, fresh []occurrence, fromFresh []uint32) lists {
	l := lists{start: make([]uint32, n+1)}
	for i, w := range fromOld {
		for _, k := range old.of(uint32(i)) { //nolint:gosec // fewer than bytes of text
			if !gone.has(k) { // so it is a word still
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
		for _, k := range old.of(uint32(i)) { //nolint:gosec // see above
			if !gone.has(k) {
				l.items[at[w]] = k
				at[w]++
			}
		}
	}
	for _, o := range fresh {
		w := fromFresh[o>>32]
		l.items[at[w]] = uint32(o) //nolint:gosec // the lower half
		at[w]++
	}
	return l
}

// fuzzyKeys adds new keys to the old ones, whose words have new numbers in the same order.
func fuzzyKeys(old []uint64, fromOld []uint32, fresh []uint64) []uint64 {
	slices.Sort(fresh)
	out := make([]uint64, 0, len(old)+len(fresh))
	for _, k := range old {
		w := fromOld[uint32(k)] //nolint:gosec // the lower half
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
		if w := uint32(keys[i]); is(ix.words.at(int(w))) { //nolint:gosec // the lower half
			out = append(out, w)
		}
	}
	return out
}

// grades are the nodes that a query word fits, each with its best grade.
type grades struct {
	of    []uint8 // by node; 0 = does not fit
	nodes []uint32
	marks bits // see among; empty between searches
}

// takeGrades gives grades that are all 0; giveGrades keeps them for the next search.
func (im *image) takeGrades() *grades {
	if g, ok := im.gradesPool.Get().(*grades); ok {
		return g
	}
	return &grades{of: make([]uint8, len(im.nodes))}
}

func (im *image) giveGrades(g *grades) {
	for _, k := range g.nodes {
		g.of[k] = 0
	}
	g.nodes = g.nodes[:0]
	im.gradesPool.Put(g)
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

// fits finds the nodes a query word fits, and how many they are, some counted more than once.
func (ix *searchIndex) fits(q *text.QueryWord, fuzzy bool) (out []graded, size int) {
	add := func(nodes []uint32, grade uint8) {
		if len(nodes) > 0 {
			out, size = append(out, graded{nodes, grade}), size+len(nodes)
		}
	}
	// exact words are prefixes of themselves: one run of the dictionary holds both
	for i := ix.words.find(q.Word); i < len(ix.words.end); i++ {
		w, k := ix.words.at(i), uint32(i) //nolint:gosec // fewer than bytes of text
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
			add(ix.body.of(k), text.PrefixBody)
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
	if q.Skeleton != "" {
		for _, w := range ix.under(ix.skeletons, q.Skeleton, func(w string) bool { return text.Skeleton(w) == q.Skeleton }) {
			add(ix.body.of(w), text.FuzzyBody)
		}
	}
	return out, size
}

// round runs one round.
func (x *fetch) round(n int) []weighed {
	found := make([][]graded, len(x.q.Words))
	shortest, least := 0, 0
	for i := range x.q.Words {
		var size int
		found[i], size = x.im.searching.fits(&x.q.Words[i], n > 1)
		x.step(size)
		if n < 3 && size == 0 {
			return nil
		}
		if i == 0 || size < least {
			shortest, least = i, size
		}
	}
	lists := make([]*grades, len(found))
	for i := range lists {
		lists[i] = x.im.takeGrades()
	}
	defer func() {
		for _, g := range lists {
			x.im.giveGrades(g)
		}
	}()
	if n < 3 && len(lists) > 1 {
		x.among(lists, found, shortest)
	} else {
		for i, list := range found {
			for _, f := range list {
				lists[i].add(f.nodes, f.grade)
			}
		}
	}
	got := make([]int, len(lists))
	out := x.hits[:0]
	defer func() { x.hits = out }()
	take := func(k uint32) {
		for i, g := range lists {
			got[i] = int(g.of[k])
			if got[i] == 0 && n < 3 {
				return
			}
		}
		if !x.q.Types.Has(x.im.nodes[k].typ) {
			return
		}
		x.step(1)
		out = append(out, weighed{node: k, rank: x.im.ranks[k], weight: int64(text.Score(got, int(x.im.searching.nameCount[k])))})
	}
	if n < 3 {
		for _, k := range lists[shortest].nodes {
			take(k)
		}
		return out
	}
	for i, g := range lists {
		for _, k := range g.nodes {
			// taken already with an earlier word
			if !slices.ContainsFunc(lists[:i], func(e *grades) bool { return e.of[k] != 0 }) {
				take(k)
			}
		}
	}
	return out
}

// among notes the grades of nodes that every word fits, and of some others: most of what one word fits needs no note.
func (x *fetch) among(lists []*grades, found [][]graded, shortest int) {
	marks := &lists[shortest].marks
	if len(*marks) == 0 {
		*marks = x.im.bits(nil)
	}
	for _, f := range found[shortest] {
		for _, k := range f.nodes {
			marks.add(k)
		}
	}
	for i, list := range found {
		if i == shortest {
			continue
		}
		for _, f := range list {
			for _, k := range f.nodes {
				if marks.has(k) {
					lists[i].raise(k, f.grade)
				}
			}
		}
	}
	for _, f := range found[shortest] {
		for _, k := range f.nodes {
			marks.remove(k)
			if !slices.ContainsFunc(lists, func(g *grades) bool { return g != lists[shortest] && g.of[k] == 0 }) {
				lists[shortest].raise(k, f.grade)
			}
		}
	}
}

// search fills a page with what fits the plan's words.
func (x *fetch) search(page *kg.Page, f *plan.Field) {
	var hits []weighed
	for n := 1; n <= 3 && len(hits) == 0 && len(x.q.Words) > 0; n++ {
		hits = x.round(n)
	}
	x.hold(len(hits) * (int(unsafe.Sizeof(weighed{})) + 4))
	page.Total = int64(len(hits))
	if len(f.Want.Facets) > 0 {
		keys := make([]uint32, len(hits))
		for i, h := range hits {
			keys[i] = h.node
		}
		x.facetRecords(page, f, keys)
	}
	for i, w := range x.weighedPage(page, f, hits) {
		if f.Want.Highlight {
			n := &x.im.nodes[w.node]
			var texts []string
			x.im.names(n, func(s string) bool { texts = append(texts, s); return true })
			page.Edges[i].Text = text.Highlight(append(texts, x.im.body(n)...), x.q.Words)
		}
	}
}
