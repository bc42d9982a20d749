package assist

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/kg"
)

// Answer is what a tool answers, as JSON; Text has the same for a reader.
type Answer struct {
	// Notes are what there is to know of the answer as a whole.
	Notes []string `json:"notes,omitempty"`
	// Entity is what the answer is about, Entities are all that it has, and Lines how they hang together.
	Entity   *Entity   `json:"entity,omitempty"`
	Entities []*Entity `json:"entities,omitempty"`
	Lines    []Line    `json:"lines,omitempty"`
	// Statements are numbered from 1.
	Statements []*Statement `json:"statements"`
	// Passages are the quoted passages of a text that was checked.
	Passages []*Passage `json:"passages,omitempty"`
	// Total is how long the list is of which Statements are a part, and Next where it goes on.
	Total *int   `json:"total,omitempty"`
	Next  string `json:"next,omitempty"`
	// Result is the answer of GraphQL.
	Result any `json:"result,omitempty"`
	// text replaces what Text writes.
	text string
}

// Entity is an entity or a source. What it says is a label: it has no words of a source behind it.
type Entity struct {
	ID          string         `json:"id"`
	Type        string         `json:"type"`
	Name        string         `json:"name"`
	Description string         `json:"description,omitempty"`
	Aliases     []string       `json:"aliases,omitempty"`
	Properties  map[string]any `json:"properties,omitempty"`
	External    []string       `json:"externalIds,omitempty"`
	Date        string         `json:"date,omitempty"`
	URL         string         `json:"url,omitempty"`
	URI         string         `json:"uri"`
	// Statement is the number of one that speaks of it.
	Statement int `json:"statement,omitempty"`
	// HiddenLinks is how many of its links are not shown, where that is known.
	HiddenLinks int `json:"hiddenLinks,omitempty"`

	properties []string // in order
}

// Line is a line from one entity to another.
type Line struct {
	// Names are those of the entities it passes, and Statements the numbers of what joins them.
	Names      []string `json:"names"`
	Statements []int    `json:"statements"`
}

// Statement is one thing that sources say, with their words.
type Statement struct {
	N        int    `json:"n"`
	Sentence string `json:"statement"`
	Date     string `json:"when,omitempty"` // on a timeline
	Standing string `json:"standing,omitempty"`
	Link     string `json:"link,omitempty"`
	// From says of which statement the words are where they are of another one.
	From  string  `json:"from,omitempty"`
	Words []Words `json:"words"`
	// More is how many other sources there are for it or against it.
	More int `json:"moreSources,omitempty"`
}

// Words are the words of a source.
type Words struct {
	Excerpt string `json:"excerpt"`
	// Against reports whether they deny the statement.
	Against bool `json:"against,omitempty"`
	// Verified reports whether they stand in the stored text of the source; null where none is held.
	Verified  *bool   `json:"verified"`
	Evidence  string  `json:"evidence,omitempty"`
	Source    string  `json:"source"`
	Title     string  `json:"title"`
	Publisher *string `json:"publisher"`
	Date      *string `json:"date"`
	URL       *string `json:"url"`
	URI       string  `json:"uri"`
}

// resourceScheme is what the addresses of resources begin with.
const resourceScheme = "throughline://"

// uriOf returns the address of a record as a resource.
func uriOf(what, id string) string { return resourceScheme + what + "/" + url.PathEscape(id) }

// maxExcerpt is how many characters of an excerpt an answer has.
const maxExcerpt = 1200

// wordsFragment selects words with their source, and toldFragment a link with the first words for it, of which the best
// are told, and the first against it.
const (
	wordsFragment = `
fragment Words on Evidence { id excerpt stance verified source { id title publisher publishedOn url } }`
	toldFragment = wordsFragment + `
fragment Told on Link {
  id sentence standing supportCount refuteCount
  supports: evidence(first: 3, stance: SUPPORTS) { nodes { ...Words } }
  refutes: evidence(first: 1, stance: REFUTES) { nodes { ...Words } }
}`
)

type (
	sourceJSON struct {
		ID, Title                   string
		Publisher, PublishedOn, URL *string
	}
	wordsJSON struct {
		ID, Excerpt, Stance string
		Verified            *bool
		Source              sourceJSON
	}
	evidenceJSON struct{ Nodes []wordsJSON }
	toldJSON     struct {
		ID, Sentence, Standing    string
		SupportCount, RefuteCount int
		Supports, Refutes         evidenceJSON
	}
	pageJSON struct {
		HasNextPage bool
		EndCursor   string
	}
)

// oneLine returns an excerpt on one line, cut where it is too long.
func oneLine(excerpt string) string {
	return kg.Clip(strings.Join(strings.Fields(excerpt), " "), maxExcerpt)
}

// byTrust orders words by how sure it is that they stand in their source.
func byTrust(a, b wordsJSON) int {
	doubt := func(w wordsJSON) int {
		switch {
		case w.Verified == nil:
			return 1
		case *w.Verified:
			return 0
		}
		return 2
	}
	return cmp.Compare(doubt(a), doubt(b))
}

// words returns evidence as an answer has it.
func (w wordsJSON) words() Words {
	return Words{
		Excerpt: oneLine(w.Excerpt), Against: w.Stance == "REFUTES", Verified: w.Verified, Evidence: w.ID,
		Source: w.Source.ID, Title: w.Source.Title, Publisher: w.Source.Publisher, Date: w.Source.PublishedOn,
		URL: w.Source.URL, URI: uriOf("source", w.Source.ID),
	}
}

// state appends a statement, and returns it.
func (a *Answer) state(s *Statement) *Statement {
	s.N = len(a.Statements) + 1
	a.Statements = append(a.Statements, s)
	return s
}

// tell appends what a link says.
func (a *Answer) tell(l *toldJSON) *Statement {
	s := a.state(&Statement{Sentence: l.Sentence, Standing: l.Standing, Link: l.ID})
	for _, list := range []evidenceJSON{l.Supports, l.Refutes} {
		if len(list.Nodes) > 0 {
			s.Words = append(s.Words, slices.MinFunc(list.Nodes, byTrust).words())
		}
	}
	s.More = l.SupportCount + l.RefuteCount - len(s.Words)
	return s
}

// note appends a note.
func (a *Answer) note(format string, args ...any) {
	a.Notes = append(a.Notes, fmt.Sprintf(format, args...))
}

// page says where a list goes on.
func (a *Answer) page(total int, p pageJSON) {
	if a.Total = &total; p.HasNextPage {
		a.Next = p.EndCursor
	}
}

// Text is the answer for a reader.
func (a *Answer) Text() string {
	if a.text != "" {
		return a.text
	}
	var b strings.Builder
	if a.Entity != nil {
		a.Entity.write(&b, "")
	}
	for _, n := range a.Notes {
		b.WriteString(n + "\n")
	}
	for _, e := range a.Entities {
		e.write(&b, "- ")
	}
	for i, l := range a.Lines {
		fmt.Fprintf(&b, "Line %d: %s, by", i+1, strings.Join(l.Names, " → "))
		for _, n := range l.Statements {
			fmt.Fprintf(&b, " [%d]", n)
		}
		b.WriteByte('\n')
	}
	for _, s := range a.Statements {
		s.write(&b)
	}
	for _, p := range a.Passages {
		p.write(&b)
	}
	if a.Total != nil {
		fmt.Fprintf(&b, "\n%d in all.", *a.Total)
		if a.Next != "" {
			fmt.Fprintf(&b, " More with after: %q", a.Next)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// write writes an entity.
func (e *Entity) write(b *strings.Builder, mark string) {
	fmt.Fprintf(b, "%s%s (%s, id:%s)", mark, e.Name, strings.ToLower(e.Type), e.ID)
	if e.Statement > 0 {
		fmt.Fprintf(b, " [%d]", e.Statement)
	}
	if e.HiddenLinks > 0 {
		fmt.Fprintf(b, ", links not shown: %d", e.HiddenLinks)
	}
	b.WriteByte('\n')
	say := func(what, value string) {
		if value != "" {
			fmt.Fprintf(b, "  %s%s\n", what, value)
		}
	}
	say("", e.Description)
	say("also: ", strings.Join(e.Aliases, ", "))
	for _, name := range e.properties {
		say(name+": ", fmt.Sprint(e.Properties[name]))
	}
	say("elsewhere: ", strings.Join(e.External, ", "))
	say("", e.URL)
}

// write writes a statement with its words.
func (s *Statement) write(b *strings.Builder) {
	fmt.Fprintf(b, "\n[%d] %s", s.N, s.Sentence)
	if s.Link != "" {
		fmt.Fprintf(b, " (%s)", s.Link)
	}
	b.WriteByte('\n')
	if s.From != "" {
		fmt.Fprintf(b, "  known from: %s\n", s.From)
	}
	for i := range s.Words {
		s.Words[i].write(b)
	}
	if s.More > 0 {
		fmt.Fprintf(b, "  and %d more in other sources: evidence\n", s.More)
	}
}

// write writes words with their source.
func (w *Words) write(b *strings.Builder) {
	b.WriteString("  ")
	if w.Against {
		b.WriteString("AGAINST IT: ")
	}
	if w.Excerpt != "" {
		fmt.Fprintf(b, "“%s”", w.Excerpt)
		switch {
		case w.Verified == nil:
			b.WriteString(" [no text held]")
		case !*w.Verified:
			b.WriteString(" [unverified]")
		}
		b.WriteString("\n  ")
	}
	b.WriteString("— " + w.Title)
	for _, x := range []struct {
		value   *string
		instead string
	}{{w.Publisher, ""}, {w.Date, "no date"}, {w.URL, "no address"}} {
		switch {
		case x.value != nil:
			b.WriteString(", " + *x.value)
		case x.instead != "":
			b.WriteString(", " + x.instead)
		}
	}
	fmt.Fprintf(b, " (%s)\n", w.Source)
}
