package cli

import (
	"fmt"
	"math"
	"strings"
)

type duplicatesCmd struct {
	asking
	Of    string   `arg:"" optional:"" placeholder:"ENTITY" help:"List only what this one may be: its id or its name."`
	Type  []string `placeholder:"TYPE" help:"List only these types, for example PERSON,INSTITUTION."`
	First int      `short:"n" default:"20" help:"How many, 0 to 100."`
}

const duplicatesQuery = `query Duplicates($of: EntityRef, $types: [EntityType!], $first: Int) {
  possibleDuplicates(of: $of, types: $types, first: $first) { totalCount edges { score node { id type name } other { id name } reasons { against text } } }
}`

// Run prints the entities that may be one, the likeliest first.
func (c *duplicatesCmd) Run(w *world) error {
	end, err := c.hold(w)
	if err != nil {
		return err
	}
	defer end()
	vars := map[string]any{"first": c.First}
	if len(c.Type) > 0 {
		vars["types"] = upper(c.Type)
	}
	if c.Of != "" {
		refs, err := c.references(w, []string{c.Of})
		if err != nil {
			return err
		}
		vars["of"] = refs[0][0]
	}
	var got struct {
		PossibleDuplicates struct {
			TotalCount int
			Edges      []struct {
				Score   float64
				Node    struct{ ID, Type, Name string }
				Other   struct{ ID, Name string }
				Reasons []struct {
					Against bool
					Text    string
				}
			}
		}
	}
	if done, err := c.answer(w, duplicatesQuery, vars, &got); done || err != nil {
		return err
	}
	s := w.style()
	found := &got.PossibleDuplicates
	for _, e := range found.Edges {
		fmt.Fprintf(w.stdout, "%3.0f %%  %s%s%s and %s%s%s %s(%s, throughline merge id:%s id:%s)%s\n", math.Floor(100*e.Score), s.bold, e.Other.Name,
			s.end, s.bold, e.Node.Name, s.end, s.dim, strings.ToLower(e.Node.Type), e.Other.ID, e.Node.ID, s.end)
		for _, r := range e.Reasons {
			sign := "+"
			if r.Against {
				sign = "-"
			}
			fmt.Fprintf(w.stdout, "      %s %s\n", sign, r.Text)
		}
	}
	if found.TotalCount == 0 {
		fmt.Fprintln(w.stdout, "Nothing here looks like another.")
	}
	w.more("", found.TotalCount-len(found.Edges))
	return nil
}
