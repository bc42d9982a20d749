package assist

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/rules"
)

// Bounds of checking citations. What is beyond them is said in the answer.
const (
	maxChecked   = 50_000 // characters of a text
	mostPassages = 20
	mostReading  = 5    // texts that a passage is compared with, of those that search finds first
	mostUnheld   = 20   // sources without a text whose excerpts are read
	mostExcerpts = 1000 // links of them together
	mostAround   = 5    // entities whose links are looked through where there are more
	phraseWords  = 60   // words of a passage that are searched for
	maxNearest   = 300  // characters of the nearest passage
)

func citationsTool() *tool {
	return &tool{
		name: "check_citations", title: "Check quotations",
		help: "Check what a text quotes: each passage in quotation marks, or marked as quoted by >, with the source " +
			"that has these very words, or that none has. " +
			"White space, forms of quotation marks and dashes, and what an ellipsis leaves out do not matter; " +
			"letters do, and a part of a word is no word.",
		params: []param{{
			name: "text", kind: words, required: true, most: maxChecked, help: "The text to check, with its quotations.",
		}},
		run: (*call).citations,
	}
}

// The verdicts on a passage.
const (
	found      = "FOUND"
	notFound   = "NOT_FOUND"
	notChecked = "NOT_CHECKED"
)

// Passage is a quoted passage of a text that was checked.
type Passage struct {
	N       int    `json:"n"`
	Passage string `json:"passage"`
	Verdict string `json:"verdict"`
	// Says is the verdict in words.
	Says string `json:"says"`
	// Words are the sources that have it.
	Words []Words `json:"words,omitempty"`
	// Nearest is what a source has instead.
	Nearest *Words `json:"nearest,omitempty"`
}

// write writes a passage with its verdict.
func (p *Passage) write(b *strings.Builder) {
	fmt.Fprintf(b, "\n[%d] %s: “%s”\n  %s\n", p.N, p.Verdict, kg.Clip(p.Passage, maxNearest), p.Says)
	for i := range p.Words {
		p.Words[i].write(b)
	}
	if p.Nearest != nil {
		b.WriteString("  Nearest is:\n")
		p.Nearest.write(b)
	}
}

// checking is the checking of one text.
type checking struct {
	*call
	texts map[string]*held
	// excerpts are those of sources without a text; all reports whether they are all there are.
	excerpts []wordsJSON
	read     bool
	all      bool
	unread   bool // a text was too long to be read
}

// held is a source with its text.
type held struct {
	wordsJSON
	text *rules.Text
}

func (c *call) citations() (*Answer, error) {
	k := &checking{call: c, texts: map[string]*held{}}
	a := &Answer{Statements: []*Statement{}}
	for i, words := range passages(c.args.text("text")) {
		p := &Passage{N: i + 1, Passage: words}
		a.Passages = append(a.Passages, p)
		if i >= mostPassages {
			p.Verdict, p.Says = notChecked, "Not checked: the text has too many quotations. Send the rest by itself."
			continue
		}
		if err := k.check(p); err != nil {
			return nil, err
		}
	}
	if len(a.Passages) == 0 {
		a.note("The text quotes nothing: there is nothing in quotation marks, and no paragraph marked by >.")
	}
	return a, nil
}

// check finds the sources that have a passage.
func (k *checking) check(p *Passage) error {
	phrase := searched(p.Passage)
	candidates, more, err := k.search(`"`+phrase+`"`, k.quotedTypes())
	if err != nil {
		return err
	}
	if err := k.compare(p, candidates); err != nil || p.Verdict == found {
		if more {
			p.Says += " These are the first that were compared; more may have them."
		}
		return err
	}
	// search may see other words than stand there
	like, _, err := k.search(phrase, k.quotedTypes())
	if err != nil {
		return err
	}
	if err := k.compare(p, like); err != nil || p.Verdict == found {
		return err
	}
	if err := k.readExcerpts(); err != nil {
		return err
	}
	excerpts := k.excerpts
	if !k.all {
		around, err := k.around(phrase)
		if err != nil {
			return err
		}
		excerpts = slices.Concat(excerpts, around)
	}
	for i := range excerpts {
		if e := &excerpts[i]; rules.NewText(e.Excerpt).Has(p.Passage) {
			p.Verdict, p.Says = found, "The graph quotes a source with these words, whose text it does not hold."
			p.Words = append(p.Words, e.words())
			return nil
		}
	}
	p.Verdict, p.Says = notFound, "No source has these words."
	if !k.all || k.unread || more {
		p.Says = "No source that was compared has these words; not all could be: some are too long, too many have words " +
			"like these, or too much is quoted from sources whose text is not held."
	}
	p.Nearest = k.nearest(p.Passage, like, excerpts)
	return nil
}

// searched returns the words of a passage by which search may find it: of one that leaves something out the longest
// part, without marks that mean something in a search.
func searched(passage string) string {
	passage = strings.NewReplacer("...", "…", "[", " ", "]", " ", "(", " ", ")", " ").Replace(passage)
	longest := ""
	for part := range strings.SplitSeq(passage, "…") {
		if len(part) > len(longest) {
			longest = part
		}
	}
	longest = strings.Map(func(r rune) rune {
		if closing[r] != "" && r != '‘' && r != '‚' {
			return ' '
		}
		return r
	}, longest)
	all := strings.Fields(longest)
	return strings.Join(all[:min(len(all), phraseWords)], " ")
}

// quotedTypes returns the types that have words: sources and quotations.
func (k *checking) quotedTypes() any {
	types := []string{k.o.Catalog.Source.Enum}
	for _, t := range k.o.Catalog.Types {
		if t.Quoted != nil {
			types = append(types, t.Enum)
		}
	}
	return anys(types)
}

const foundQuery = `query Found($text: String!, $types: [EntityType!], $first: Int) {
  search(text: $text, types: $types, first: $first) { pageInfo { hasNextPage } nodes { id type } } }`

// hit is what a search finds.
type hit struct{ ID, Type string }

// search returns what has words, best first, and whether there is more.
func (k *checking) search(words string, types any) (hits []hit, more bool, err error) {
	if strings.Trim(words, `" `) == "" {
		return nil, false, nil
	}
	var got struct {
		Search struct {
			PageInfo pageJSON
			Nodes    []hit
		}
	}
	err = k.ask(foundQuery, map[string]any{"text": words, "types": types, "first": mostReading}, &got)
	return got.Search.Nodes, got.Search.PageInfo.HasNextPage, err
}

// compare compares a passage with the words of what a search found.
func (k *checking) compare(p *Passage, hits []hit) error {
	for _, h := range hits {
		if h.Type != k.o.Catalog.Source.Enum {
			if err := k.quotation(p, h); err != nil {
				return err
			}
			continue
		}
		s, err := k.text(h.ID)
		if err != nil || s == nil || !s.text.Has(p.Passage) {
			if err != nil {
				return err
			}
			continue
		}
		is := s.wordsJSON
		is.Excerpt, is.Verified = p.Passage, new(bool)
		if at, ok := s.text.Find(p.Passage, "", ""); ok {
			is.Excerpt = at.Excerpt
		}
		*is.Verified = true
		if w := is.words(); !slices.ContainsFunc(p.Words, func(x Words) bool { return x.Source == w.Source }) {
			p.Words = append(p.Words, w)
		}
		p.Verdict, p.Says = found, "The text of a source has these words."
	}
	return nil
}

const textQuery = `query Text($id: ID!) { source(ref: {id: $id}) { id title publisher publishedOn url text } }`

// text returns a source with its text, nil where none is held.
func (k *checking) text(id string) (*held, error) {
	if s, some := k.texts[id]; some {
		return s, nil
	}
	var got struct {
		Source *struct {
			sourceJSON
			Text string
		}
	}
	// the answer has no more of the text than the words that were asked about, and what is nearest to them
	err := k.run(&graph.Request{Query: textQuery, Variables: map[string]any{"id": id}, ReadOnly: true, Texts: true}, &got)
	switch {
	case kg.CodeOf(err) == kg.CostLimit:
		k.unread = true
	case err != nil:
		return nil, err
	case got.Source != nil && got.Source.Text != "":
		k.texts[id] = &held{wordsJSON{Source: got.Source.sourceJSON}, rules.NewText(got.Source.Text)}
		return k.texts[id], nil
	}
	k.texts[id] = nil
	return nil, nil //nolint:nilnil // there is none
}

// quotationQuery asks for the words of a quotation, and the links by which it is quoted.
func quotationQuery(t *catalog.Type) string {
	return fmt.Sprintf(`query Quotation($id: ID!, $where: LinkFilter) { node(id: $id) { ... on %s { words: %s
  links(where: $where, first: 10) { edges { link { ...Told } } } } } }`,
		t.Name, t.Quoted.Words.Name) + toldFragment
}

// quotation compares a passage with the words of a quotation, as far as they are not known to be other than its
// sources'.
func (k *checking) quotation(p *Passage, h hit) error {
	t := k.o.Catalog.TypeOf(h.Type)
	var kinds []any
	for _, kind := range k.o.Catalog.Kinds {
		if t.Quoted.Kinds.Has(kind.Index) {
			kinds = append(kinds, kind.Name)
		}
	}
	var got struct {
		Node struct {
			Words string
			Links struct{ Edges []struct{ Link toldJSON } }
		}
	}
	vars := map[string]any{"id": h.ID, "where": map[string]any{"kinds": kinds}}
	if err := k.ask(quotationQuery(t), vars, &got); err != nil {
		return err
	}
	if !rules.NewText(got.Node.Words).Has(p.Passage) {
		return nil
	}
	for i := range got.Node.Links.Edges {
		for _, e := range got.Node.Links.Edges[i].Link.Supports.Nodes {
			s, err := k.text(e.Source.ID)
			if err != nil {
				return err
			}
			if s != nil || slices.ContainsFunc(p.Words, func(x Words) bool { return x.Source == e.Source.ID }) {
				continue // its text decides
			}
			w := e.words()
			w.Excerpt, w.Evidence = kg.Clip(got.Node.Words, maxExcerpt), ""
			p.Words = append(p.Words, w)
			p.Verdict, p.Says = found, "The graph has a quotation with these words, from a source whose text it does not hold."
		}
	}
	return nil
}

const unheldQuery = `query Unheld($first: Int) {
  sources(where: {contentHash: {isNull: true}, linkCount: {gte: 1}}, first: $first) { totalCount
    nodes { id links(first: 0, where: {standings: [SUPPORTED, DISPUTED, REFUTED]}) { totalCount } } } }`

// excerptsQuery reads what is quoted from a source, a page of few links: each may have many words.
const excerptsQuery = `query Excerpts($id: ID!, $after: String) { source(ref: {id: $id}) {
  links(first: 40, after: $after, where: {standings: [SUPPORTED, DISPUTED, REFUTED]}) {
    pageInfo { hasNextPage endCursor }
    edges { link { evidence(first: 10) { pageInfo { hasNextPage } nodes { ...Words } } } } } } }` + wordsFragment

type excerptsJSON struct {
	PageInfo pageJSON
	Edges    []struct {
		Link struct {
			Evidence struct {
				evidenceJSON
				PageInfo pageJSON
			}
		}
	}
}

// readExcerpts reads the excerpts of the sources whose texts are not held, if they are few enough.
func (k *checking) readExcerpts() error {
	if k.read {
		return nil
	}
	k.read = true
	var got struct {
		Sources struct {
			TotalCount int
			Nodes      []struct {
				ID    string
				Links struct{ TotalCount int }
			}
		}
	}
	if err := k.ask(unheldQuery, map[string]any{"first": mostUnheld}, &got); err != nil {
		return err
	}
	links := 0
	for _, s := range got.Sources.Nodes {
		links += s.Links.TotalCount
	}
	if got.Sources.TotalCount > mostUnheld || links > mostExcerpts {
		return nil
	}
	k.all = true
	for _, s := range got.Sources.Nodes {
		for vars := map[string]any{"id": s.ID}; ; {
			var page struct{ Source struct{ Links excerptsJSON } }
			if err := k.ask(excerptsQuery, vars, &page); err != nil {
				return err
			}
			k.take(&k.excerpts, &page.Source.Links)
			if !page.Source.Links.PageInfo.HasNextPage {
				break
			}
			vars["after"] = page.Source.Links.PageInfo.EndCursor
		}
	}
	return nil
}

// take appends the excerpts of a page of links whose source has no text that could decide.
func (k *checking) take(into *[]wordsJSON, page *excerptsJSON) {
	for i := range page.Edges {
		e := &page.Edges[i].Link.Evidence
		k.all = k.all && !e.PageInfo.HasNextPage
		for _, w := range e.Nodes {
			if w.Verified == nil {
				*into = append(*into, w)
			}
		}
	}
}

const aroundQuery = `query Near($id: ID!) { node(id: $id) { ... on Entity {
  links(first: 40, where: {standings: [SUPPORTED, DISPUTED, REFUTED]}) { pageInfo { hasNextPage }
    edges { link { evidence(first: 10) { pageInfo { hasNextPage } nodes { ...Words } } } } } } } }` + wordsFragment

// around returns excerpts of links at entities that have words of a passage.
func (k *checking) around(words string) (out []wordsJSON, err error) {
	hits, _, err := k.search(words, anys(k.o.Catalog.Enums(k.o.Catalog.Entities)))
	if err != nil {
		return nil, err
	}
	for _, h := range hits[:min(len(hits), mostAround)] {
		var page struct{ Node struct{ Links excerptsJSON } }
		if err := k.ask(aroundQuery, map[string]any{"id": h.ID}, &page); err != nil {
			return nil, err
		}
		k.take(&out, &page.Node.Links)
	}
	return out, nil
}

// leastLike is how much of a passage what is nearest to it must have, in parts of its length.
const leastLike = 0.6

// nearest returns what is most like a passage, if anything is: of the texts that search found, and of excerpts.
func (k *checking) nearest(passage string, hits []hit, excerpts []wordsJSON) (best *Words) {
	most := leastLike
	try := func(text *rules.Text, of *wordsJSON, verified *bool) {
		near, ok := text.Nearest(passage)
		if !ok {
			return
		}
		is := []rune(strings.Join(strings.Fields(near.Words), " "))
		like := 1 - float64(levenshtein.ComputeDistance(string(is), passage))/float64(max(len(is), len([]rune(passage))))
		if like > most {
			most = like
			w := *of
			w.Excerpt, w.Verified = kg.Clip(string(is), maxNearest), verified
			said := w.words()
			best = &said
		}
	}
	yes := true
	for _, h := range hits {
		if s := k.texts[h.ID]; s != nil {
			try(s.text, &s.wordsJSON, &yes)
		}
	}
	for i := range excerpts {
		try(rules.NewText(excerpts[i].Excerpt), &excerpts[i], nil)
	}
	return best
}
