package exchange_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// TestASelectionIsWhatFits draws graphs and selections, and holds what is exported to a naive reading of the lines of the
// whole. What is exported can be imported by itself.
func TestASelectionIsWhatFits(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		both.Checks(t, 10, 100)
		rapid.Check(t, func(rt *rapid.T) {
			g := drawGraph(rt, cat)
			s := open(t)
			if err := storetest.Fill(t.Context(), s, g); err != nil {
				rt.Fatal(err)
			}
			var sel exchange.Selection
			some := func(name string, of []string) []string {
				if len(of) == 0 || rapid.Bool().Draw(rt, "all "+name) {
					return nil
				}
				return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 1, min(3, len(of)), rapid.ID).Draw(rt, name)
			}
			var ids, types, kinds []string
			for _, n := range g.Nodes {
				ids = append(ids, n.ID)
				if !slices.Contains(types, n.Type) {
					types = append(types, n.Type)
				}
			}
			for _, l := range g.Links {
				if !slices.Contains(kinds, l.Kind) {
					kinds = append(kinds, l.Kind)
				}
			}
			sel.IDs, sel.Types, sel.Kinds = some("ids", ids), some("types", types), some("kinds", kinds)
			sel.Standings = some("standings", []string{"SUPPORTED", "DISPUTED", "REFUTED"})
			part, err := sel.Of(t.Context(), cat, s)
			if err != nil {
				rt.Fatal(err)
			}
			var got bytes.Buffer
			if _, err := exchange.Export(t.Context(), cat, part, &got); err != nil {
				rt.Fatal(err)
			}
			if want := chosen(rt, exported(t, s), &sel); got.String() != want {
				rt.Fatalf("%+v: want\n%s\ngot\n%s", sel, want, got.String())
			}
			if _, err := exchange.Import(t.Context(), cat, open(t), from("part", got.String()), exchange.Options{}); err != nil {
				rt.Fatalf("%v\n%s", err, got.String())
			}
		})
	})
}

// chosen returns the lines of a selection.
func chosen(t interface{ Fatal(...any) }, lines string, sel *exchange.Selection) string {
	type line struct {
		Source, Node, Link, ID, From, To string
		Evidence                         []struct{ Source, Stance string }
	}
	fits := func(list []string, s string) bool { return len(list) == 0 || slices.Contains(list, s) }
	var all []line
	nodes, sources, joined := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for text := range strings.Lines(lines) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
		if l.Node != "" && fits(sel.IDs, l.ID) && fits(sel.Types, l.Node) {
			nodes[l.ID] = true
		}
	}
	keep := func(l *line) bool {
		supporting, refuting := 0, 0
		for _, e := range l.Evidence {
			if e.Stance == "REFUTES" {
				refuting++
			} else {
				supporting++
			}
		}
		standing := "DISPUTED"
		if refuting == 0 {
			standing = "SUPPORTED"
		} else if supporting == 0 {
			standing = "REFUTED"
		}
		return l.Link != "" && fits(sel.Kinds, l.Link) && fits(sel.Standings, standing) && nodes[l.From] && nodes[l.To]
	}
	for i := range all {
		if keep(&all[i]) {
			joined[all[i].From], joined[all[i].To] = true, true
			for _, e := range all[i].Evidence {
				sources[e.Source] = true
			}
		}
	}
	whole := len(sel.IDs)+len(sel.Types)+len(sel.Kinds)+len(sel.Standings) == 0
	var out strings.Builder
	i := -1
	for text := range strings.Lines(lines) {
		i++
		l := &all[i]
		switch {
		case whole, l.Source == "" && l.Node == "" && l.Link == "",
			l.Source != "" && sources[l.ID], l.Link != "" && keep(l),
			l.Node != "" && nodes[l.ID] && (len(sel.Kinds) == 0 || joined[l.ID]):
			out.WriteString(text)
		}
	}
	return out.String()
}

// TestAnIDThatIsGivenTwiceIsThereOnce exports an entity that is asked for twice as if it were asked for once.
func TestAnIDThatIsGivenTwiceIsThereOnce(t *testing.T) {
	cat := both.Catalog(t)
	s := both.SQLite(cat)(t)
	if _, err := exchange.Import(t.Context(), cat, s, from("f", ground), exchange.Options{}); err != nil {
		t.Fatal(err)
	}
	twice := exchange.Selection{IDs: []string{"p", "p"}}
	part, err := twice.Of(t.Context(), cat, s)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if n, err := exchange.Export(t.Context(), cat, part, &got); err != nil || n != (exchange.Counts{Nodes: 1}) {
		t.Errorf("%+v, %v\n%s", n, err, got.String())
	}
}

func TestASelectionThatNamesNothingIsRefused(t *testing.T) {
	cat := both.Catalog(t)
	s := both.SQLite(cat)(t)
	for want, sel := range map[string]exchange.Selection{
		`type "PERSONS"; do you mean PERSON?`:     {Types: []string{"PERSONS"}},
		`kind "SADI"; do you mean SAID?`:          {Kinds: []string{"SADI"}},
		`standing "TRUE"; write one of SUPPORTED`: {Standings: []string{"TRUE"}},
		`no entity has the id "nobody", "no-one"`: {IDs: []string{"nobody", "no-one"}},
	} {
		if _, err := sel.Of(t.Context(), cat, s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %s, got %v", want, err)
		}
	}
}
