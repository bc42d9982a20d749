package sqlitestore

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/text"
)

// searchIndex finds nodes by word. It answers as package text defines; see text.Doc.
type searchIndex struct {
	words     []string            // all words, in order
	name      map[string][]uint32 // word of a name or alias → nodes
	body      map[string][]uint32 // word of a description or searchable property → nodes
	deletes   map[string][]string // text.Deletes key → words of names
	skeletons map[string][]string // text.Skeleton → words of bodies
	nameCount []uint8             // by node: different words of its name
}

// search is the index of this image, made when it is first needed.
func (im *image) search() *searchIndex {
	im.searchOnce.Do(func() {
		ix := &searchIndex{
			name: map[string][]uint32{}, body: map[string][]uint32{}, deletes: map[string][]string{}, skeletons: map[string][]string{},
			nameCount: make([]uint8, len(im.nodes)),
		}
		x := &fetch{im: im}
		for k := 1; k < len(im.nodes); k++ {
			d := x.docOf(&im.nodes[k])
			ix.nameCount[k] = uint8(min(d.NameCount, 255)) //nolint:gosec // cut to fit; beyond 255 words the share of the name is 0 anyway
			for _, w := range d.NameWords {
				ix.name[w] = append(ix.name[w], uint32(k)) //nolint:gosec // see readSources
			}
			for _, w := range d.BodyWords {
				ix.body[w] = append(ix.body[w], uint32(k)) //nolint:gosec // see readSources
			}
		}
		for w := range ix.name {
			ix.words = append(ix.words, w)
			if utf8.RuneCountInString(w) >= 4 {
				for _, d := range text.Deletes(w) {
					ix.deletes[d] = append(ix.deletes[d], w)
				}
			}
		}
		for w := range ix.body {
			if _, ok := ix.name[w]; !ok {
				ix.words = append(ix.words, w)
			}
			if s := text.Skeleton(w); s != "" {
				ix.skeletons[s] = append(ix.skeletons[s], w)
			}
		}
		slices.Sort(ix.words)
		im.searching = ix
	})
	return im.searching
}

// graded is a node with the grade that one query word got on it.
type graded struct {
	node  uint32
	grade uint8
}

// fits lists the nodes a query word fits, by node, each with its best grade.
func (ix *searchIndex) fits(q *text.QueryWord, fuzzy bool) []graded {
	var out []graded
	add := func(nodes []uint32, grade int) {
		for _, n := range nodes {
			out = append(out, graded{n, uint8(grade)}) //nolint:gosec // at most 10
		}
	}
	// exact words are prefixes of themselves: one run of the dictionary holds both
	i, _ := slices.BinarySearch(ix.words, q.Word)
	for ; i < len(ix.words) && strings.HasPrefix(ix.words[i], q.Word); i++ {
		w := ix.words[i]
		if w == q.Word {
			add(ix.name[w], text.ExactName)
			add(ix.body[w], text.ExactBody)
		} else if q.Prefix {
			add(ix.name[w], text.PrefixName)
			add(ix.body[w], text.PrefixBody)
		}
	}
	if fuzzy {
		for _, d := range q.Deletes {
			for _, w := range ix.deletes[d] {
				add(ix.name[w], text.FuzzyName)
			}
		}
		if q.Skeleton != "" {
			for _, w := range ix.skeletons[q.Skeleton] {
				add(ix.body[w], text.FuzzyBody)
			}
		}
	}
	slices.SortFunc(out, func(a, b graded) int { return cmp.Or(cmp.Compare(a.node, b.node), cmp.Compare(b.grade, a.grade)) })
	return slices.CompactFunc(out, func(a, b graded) bool { return a.node == b.node })
}

// round runs one round of a search.
func (x *fetch) round(n int) []weighed {
	ix := x.im.search()
	lists := make([][]graded, len(x.q.Words))
	for i := range x.q.Words {
		lists[i] = ix.fits(&x.q.Words[i], n > 1)
		x.step(len(lists[i]))
		if n < 3 && len(lists[i]) == 0 {
			return nil
		}
	}
	var out []weighed
	grades := make([]int, len(lists))
	at := make([]int, len(lists))
	for {
		// the next node that any word fits; where every word must, it is the largest of the heads
		next, all := uint32(0), true
		for i, l := range lists {
			switch {
			case at[i] == len(l):
				all = false
			case next == 0, n < 3 && l[at[i]].node > next, n == 3 && l[at[i]].node < next:
				next = l[at[i]].node
			}
		}
		if next == 0 || n < 3 && !all {
			return out
		}
		hit := n == 3
		fitted := 0
		for i, l := range lists {
			for at[i] < len(l) && l[at[i]].node < next {
				at[i]++
			}
			grades[i] = 0
			if at[i] < len(l) && l[at[i]].node == next {
				grades[i] = int(l[at[i]].grade)
				at[i]++
				fitted++
			}
		}
		if fitted == len(lists) {
			hit = true
		}
		if hit && x.q.Types.Has(x.im.nodes[next].typ) {
			x.step(1)
			out = append(out, weighed{node: next, weight: int64(text.Score(grades, int(ix.nameCount[next])))})
		}
	}
}

// search fills a page with what fits the plan's words.
func (x *fetch) search(page *kg.Page, f *plan.Field) {
	var hits []weighed
	for n := 1; n <= 3 && len(hits) == 0 && len(x.q.Words) > 0; n++ {
		hits = x.round(n)
	}
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
			n.names(func(s string) bool { texts = append(texts, s); return true })
			page.Edges[i].Text = text.Highlight(append(texts, x.body(n)...), x.q.Words)
		}
	}
}
