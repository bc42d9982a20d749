package catalogue_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// shifted returns the nodes of a graph under the type after their own, with links of their own, and what deletes all of
// it again.
func shifted(cat *catalog.Catalog, b *store.Batch) (before, gone *store.Batch) {
	before, gone = &store.Batch{Sources: b.Sources}, &store.Batch{}
	byType := map[uint8][]*kg.Node{}
	for _, n := range b.Nodes {
		i := slices.IndexFunc(cat.Types, func(t *catalog.Type) bool { return t.Enum == n.Type })
		next := cat.Types[(i+1)%len(cat.Types)]
		c := &kg.Node{
			ID: n.ID, Type: next.Enum, Name: "Formerly " + n.Name, Aliases: []string{"Former"},
			Props: map[string]any{},
		}
		for _, p := range next.Props {
			if cat.Schema.Types[next.Name].Fields.ForName(p.Name).Type.NonNull {
				c.Props[p.Name] = "formerly"
			}
		}
		before.Nodes = append(before.Nodes, c)
		byType[next.Index] = append(byType[next.Index], c)
		gone.Delete = append(gone.Delete, c.ID)
	}
	for _, k := range cat.Kinds {
		for from, fs := range byType {
			for to, ts := range byType {
				if !k.From.Has(from) || !k.To.Has(to) || fs[0].ID == ts[1].ID {
					continue
				}
				l := &kg.Link{
					Kind: k.Name, From: fs[0].ID, To: ts[1].ID,
					Evidence: []kg.Evidence{{Source: b.Sources[0].ID, Excerpt: "x", Stance: "SUPPORTS"}},
				}
				l.ID = l.StatedID()
				before.Links = append(before.Links, l)
				gone.Delete = append(gone.Delete, l.ID)
			}
		}
	}
	return before, gone
}

// TestWhatWasDeletedComesBackAsAnotherType: every id of a graph was held by an entity of another type, with other
// links. Once those are deleted nothing of them is left: every field that takes a LinkFilter answers as on a store that
// never held them.
func TestWhatWasDeletedComesBackAsAnotherType(t *testing.T) {
	cat := both.Catalog(t)
	whole := dated(cat)
	before, gone := shifted(cat, whole)
	if len(before.Links) < len(cat.Kinds) {
		t.Fatalf("%d links of %d kinds", len(before.Links), len(cat.Kinds))
	}
	all := append(questions(t, cat),
		question{"search", `{ search(text: "formerly", first: 50) { totalCount nodes { name } } }`},
		question{"stats", `{ stats { entities { key count } links { key count } sources linksWithoutEvidence } }`},
	)
	for _, typ := range cat.Types {
		list := rootField(cat.Schema.Query, typ.Name+"Connection", "where")
		all = append(all,
			question{list, "{ " + list + "(first: 50) { totalCount nodes { __typename id name aliases linkCount } } }"})
	}
	want := answersOf(t, cat, fill(t, storetest.NewOracle(cat, both.Clock), whole), all, "")
	check := func(t *testing.T, s store.Store) {
		fill(t, s, before)
		asked := both.Part(t, all)
		was := answersOf(t, cat, s, asked, "")
		fill(t, s, gone)
		fill(t, s, whole)
		same := 0
		for j, got := range answersOf(t, cat, s, asked, "") {
			i := slices.Index(all, asked[j])
			if d := cmp.Diff(indent(want[i]), indent(got)); d != "" {
				t.Errorf("%s\n%s", asked[j].name, d)
			}
			if got == was[j] {
				same++
			}
		}
		if same == len(all) { // of a few, all may be alike
			t.Error("nothing was answered otherwise before")
		}
	}
	t.Run("oracle", func(t *testing.T) { check(t, storetest.NewOracle(cat, both.Clock)) })
	both.Run(t, cat, func(t *testing.T, open both.Open) { check(t, open(t)) })
}
