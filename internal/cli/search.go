package cli

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/internal/config"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
)

type searchCmd struct {
	asking
	Words []string `arg:"" placeholder:"WORDS" help:"The words to find; case, accents, order and small misspellings do not matter. Where there are several arguments, one of several words is a phrase."`
	Type  []string `placeholder:"TYPE" help:"List only these types, for example PERSON,SOURCE."`
	First int      `short:"n" default:"20" help:"How many, 0 to 100."`
}

const searchQuery = `query Search($text: String!, $types: [EntityType!], $first: Int) {
  search(text: $text, types: $types, first: $first) { totalCount edges { score highlights { text ranges { start end } } node { id type name } } }
}`

type foundJSON struct {
	Search struct {
		TotalCount int
		Edges      []hitJSON
	}
}

type hitJSON struct {
	Score      float64
	Highlights []kg.Highlight
	Node       struct{ ID, Type, Name string }
}

// highlighted returns the text with its words in bold, where there is no bold between asterisks.
func highlighted(h *kg.Highlight, s styles) string {
	if s.bold == "" {
		return h.Marked("**", "**")
	}
	return h.Marked(s.bold, s.end)
}

// Run prints what fits, best first, each with the text that does.
func (c *searchCmd) Run(w *world) error {
	vars := map[string]any{"text": c.text(), "first": c.First}
	if len(c.Type) > 0 {
		if err := c.known(); err != nil {
			return err
		}
		vars["types"] = upper(c.Type)
	}
	var got foundJSON
	if done, err := c.answer(w, searchQuery, vars, &got); done || err != nil {
		return err
	}
	s := w.style()
	for _, e := range got.Search.Edges {
		fmt.Fprintf(w.stdout, "%s%s%s %s(%s, id:%s)%s\n", s.bold, e.Node.Name, s.end, s.dim,
			strings.ToLower(e.Node.Type), e.Node.ID, s.end)
		if len(e.Highlights) > 0 && e.Highlights[0].Text != e.Node.Name {
			fmt.Fprintf(w.stdout, "   %s\n", highlighted(&e.Highlights[0], s))
		}
	}
	if got.Search.TotalCount == 0 {
		fmt.Fprintln(w.stdout, "Nothing fits.")
	}
	w.more("", got.Search.TotalCount-len(got.Search.Edges))
	return nil
}

// known refuses types that the schema has not. A server has its own, and says so itself.
func (c *searchCmd) known() error {
	if c.Server != "" {
		return nil
	}
	cat, err := loadCatalog(&c.Contract)
	if err != nil {
		return err
	}
	types := append(cat.Enums(cat.Entities), cat.Source.Enum)
	for _, t := range c.Type {
		if !slices.Contains(types, strings.ToUpper(t)) {
			return &config.UsageError{Problem: "--type is of no type", Hint: exchange.Instead(strings.ToUpper(t), types)}
		}
	}
	return nil
}

// text is the search text: an argument of several words beside others is a phrase.
func (c *searchCmd) text() string {
	list := slices.Clone(c.Words)
	for i, w := range list {
		if len(list) > 1 && len(strings.Fields(w)) > 1 && !strings.Contains(w, `"`) {
			list[i] = `"` + w + `"`
		}
	}
	return strings.Join(list, " ")
}

// mostSuggestions is how many names are suggested for one that was not found.
const mostSuggestions = 3

// sought is the kind of record that a name was looked for among.
type sought int

const (
	entities sought = iota
	sources
	everything
)

// suggest returns err with the names that are most like one that was not found, where there are any.
func (a *asking) suggest(w *world, name string, err error, what sought) error {
	quiet := *a
	quiet.JSON = false
	cat, failed := loadCatalog(&a.Contract)
	if failed != nil {
		return err
	}
	var got foundJSON
	vars := map[string]any{"text": name, "first": 10 * mostSuggestions}
	if what == sources {
		vars["types"] = []any{cat.Source.Enum}
	}
	if _, failed := quiet.answer(w, searchQuery, vars, &got); failed != nil {
		return err
	}
	found := slices.DeleteFunc(got.Search.Edges, func(e hitJSON) bool { return what == entities && e.Node.Type == cat.Source.Enum })
	if len(found) == 0 {
		return err
	}
	// with equal scores, quotes and other works come last: who writes a name seldom means a work with that title
	titled := func(e hitJSON) int {
		if t := cat.TypeOf(e.Node.Type); t != nil && t.Titled {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(found, func(a, b hitJSON) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(titled(a), titled(b)))
	})
	var b strings.Builder
	b.WriteString(err.Error() + "; did you mean")
	for _, e := range found[:min(len(found), mostSuggestions)] {
		fmt.Fprintf(&b, "\n  %s  (%s, id:%s)", e.Node.Name, strings.ToLower(e.Node.Type), e.Node.ID)
	}
	return errors.New(b.String())
}

// missed is the error for a reference that names nothing.
func (a *asking) missed(w *world, message string, ref map[string]any) error {
	if name, ok := ref["name"].(string); ok {
		return a.suggest(w, name, fmt.Errorf("there is no entity %q", printable(name)), entities)
	}
	if id, ok := ref["id"].(string); ok {
		return fmt.Errorf("there is no entity id:%s", printable(id))
	}
	return errors.New(message)
}

// missing returns the reference that an error of the code NOT_FOUND is about: its message begins with the way to the
// argument, such as "paths.via[1]:", and the variables of the commands are called as the arguments.
func missing(message string, vars map[string]any) map[string]any {
	at, _, _ := strings.Cut(message, ":")
	_, at, _ = strings.Cut(at, ".")
	at, index, _ := strings.Cut(strings.TrimSuffix(at, "]"), "[")
	v := vars[at]
	if list, ok := v.([]any); ok {
		if index == "" {
			index = "0" // the only one
		}
		i, err := strconv.Atoi(index)
		if err != nil || i >= len(list) {
			return nil
		}
		v = list[i]
	}
	ref, _ := v.(map[string]any)
	return ref
}
