package neo4jstore_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
)

// everything reads a store whole.
func everything(t *testing.T, s store.Scanner) (out []any) {
	t.Helper()
	for _, err := range []error{
		s.Sources(t.Context(), func(x *kg.Source) error { c := *x; out = append(out, c); return nil }),
		s.Nodes(t.Context(), func(x *kg.Node) error { c := *x; out = append(out, c); return nil }),
		s.Links(t.Context(), func(x *kg.Link) error { c := *x; out = append(out, c); return nil }),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// TestLoadsAsTheOracle writes one load after another and holds what is stored against the oracle.
func TestLoadsAsTheOracle(t *testing.T) {
	srv, db := database(t)
	cat := parse(t)
	s, oracle := open(t, srv, cat), storetest.NewOracle(cat, clock)
	sources, nodes, links := small()
	moved := *links[len(links)-1]
	moved.From, moved.To, moved.Since = "kaldor-home", "far", "2001"
	longer := *sources[2]
	longer.Text = "say a beta now, not there"
	named := kg.Node{ID: "lse", Type: "INSTITUTION", Name: "LSE", Aliases: []string{"London School of Economics and Political Science"}}
	denied := moved
	denied.Evidence = []kg.Evidence{{Source: sources[2].ID, Excerpt: "say a beta", Stance: kg.Refutes}}
	disputed := denied
	disputed.Evidence = append([]kg.Evidence{{Source: sources[0].ID, Excerpt: "x", Stance: kg.Supports}}, denied.Evidence...)
	longest := *sources[2]
	longest.Text = "say no more"
	role := *links[len(links)-4]
	role.Role, role.UpdatedAt = "Dean", kg.TimeAt(5000)
	for i, step := range []struct {
		name string
		b    store.Batch
	}{
		{"first", store.Batch{Sources: sources, Nodes: nodes, Links: links}},
		{"the same again", store.Batch{Sources: sources, Nodes: nodes, Links: links}},
		{"a source's text changes", store.Batch{Sources: []*kg.Source{&longer}}},
		{"a name changes, aliases go", store.Batch{Nodes: []*kg.Node{&named, {ID: "kaldor-home", Type: "PLACE", Name: "Home", ExternalIDs: []kg.ExternalID{{Scheme: "a", Value: "b"}}}}}},
		{"a link changes its ends", store.Batch{Links: []*kg.Link{&moved}}},
		{"a link changes", store.Batch{Links: []*kg.Link{&role}}},
		{"a link is refuted", store.Batch{Links: []*kg.Link{&denied}}},
		{"the same refuted link again", store.Batch{Links: []*kg.Link{&denied}}},
		{"the text of a refuted link's source changes", store.Batch{Sources: []*kg.Source{&longest}}},
		{"another kind has the id of a refuted link", store.Batch{Links: []*kg.Link{{ID: denied.ID, Kind: "SAID", From: denied.From, To: denied.To, Evidence: moved.Evidence}}}},
		{"a refuted link is disputed", store.Batch{Links: []*kg.Link{&disputed}}},
		{"twice in one batch", store.Batch{Nodes: []*kg.Node{{ID: "twice", Type: "THEME", Name: "A", Aliases: []string{"x"}}, {ID: "twice", Type: "THEME", Name: "B"}}}},
		{"merged: what is left out stays", store.Batch{Merge: true, Nodes: []*kg.Node{{ID: "lse", Type: "INSTITUTION", Name: "The LSE", Aliases: []string{"LSE", "London School of Economics and Political Science"}}}}},
		{"merged: twice in one batch", store.Batch{Merge: true, Nodes: []*kg.Node{{ID: "merged", Type: "THEME", Name: "A", Aliases: []string{"x"}}, {ID: "merged", Type: "THEME", Description: "d", Aliases: []string{"y", "x"}}}}},
		{"merged: what is cleared goes", store.Batch{Merge: true, Nodes: []*kg.Node{{ID: "merged", Type: "THEME", Clear: []string{"aliases"}}}}},
		{"an entity that links hang on stays", store.Batch{Delete: []string{"far"}}},
		{"a source that evidence quotes stays", store.Batch{Delete: []string{"s_one"}}},
		{"an entity goes", store.Batch{Delete: []string{"merged", "nobody", "s_nobody", "l_nobody"}}},
		{"a link goes", store.Batch{Delete: []string{moved.ID}}},
		{"a link comes back", store.Batch{Links: []*kg.Link{&moved}}},
		{"another type", store.Batch{Nodes: []*kg.Node{{ID: "lse", Type: "PLACE", Name: "x"}}}},
		{"another kind", store.Batch{Links: []*kg.Link{{ID: "l_four", Kind: "HELD_IN", From: "e0000001", To: "far", Evidence: moved.Evidence}}}},
		{"no such entity", store.Batch{Links: []*kg.Link{{ID: "l_new", Kind: "HELD_IN", From: "e0000001", To: "nowhere", Evidence: moved.Evidence}}}},
		{"no such source", store.Batch{Links: []*kg.Link{{ID: "l_new", Kind: "HELD_IN", From: "e0000001", To: "far", Evidence: []kg.Evidence{{Source: "s_nowhere", Excerpt: "x", Stance: "SUPPORTS"}}}}}},
	} {
		t.Run(fmt.Sprint(i, " ", step.name), func(t *testing.T) {
			want := storetest.Fill(t.Context(), oracle, &step.b)
			got := storetest.Fill(t.Context(), s, &step.b)
			if fmt.Sprint(want) != fmt.Sprint(got) {
				t.Errorf("error %v, want %v", got, want)
			}
			if d := cmp.Diff(everything(t, oracle), everything(t, s), cmpopts.EquateEmpty()); d != "" {
				t.Error(d)
			}
		})
	}
	asked := storetest.Part(t, shapes(t, cat))
	if got, want := answers(t, s, asked), answers(t, oracle, asked); got != want {
		t.Error(cmp.Diff(want, got))
	}
	ids := []string{"lse", "s_one", "l_two", "nobody", "e_x"}
	got, err := s.Types(t.Context(), ids)
	want, _ := oracle.Types(t.Context(), ids)
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("types %v, %v, want %v", got, err, want)
	}
	if n := db.run("MATCH (a:Alias) WHERE NOT (a)-[:ALIAS_OF]->(:Entity) RETURN count(a)", nil)[0][0]; n != int64(0) {
		t.Errorf("%d aliases of nothing", n)
	}
}

// TestWhatIsTakenToBeNewMayBeThere has another server write the same while a load waits that found the store empty.
func TestWhatIsTakenToBeNewMayBeThere(t *testing.T) {
	srv, _ := database(t)
	cat := parse(t)
	s, other, oracle := open(t, srv, cat), open(t, srv, cat), storetest.NewOracle(cat, clock)
	sources, nodes, links := small()
	b := store.Batch{Sources: sources, Nodes: nodes, Links: links, Distinct: true}
	l, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, into := range []store.Store{other, oracle} {
		if err := storetest.Fill(t.Context(), into, &b); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Put(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	if err := l.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(everything(t, oracle), everything(t, s), cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
}

// TestQuotationsOfAnEarlierLayoutAreCompared opens a database in which it was not kept whether quotations stand in their texts.
func TestQuotationsOfAnEarlierLayoutAreCompared(t *testing.T) {
	srv, db := database(t)
	cat := parse(t)
	s := open(t, srv, cat)
	if err := storetest.Fill(t.Context(), s, storetest.Graph(cat, 3, 40, 160)); err != nil {
		t.Fatal(err)
	}
	const all = "MATCH ()-[r]->() WHERE r._quoted IS NOT NULL RETURN r.id, r._quoted ORDER BY r.id"
	before := db.run(all, nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if said := fmt.Sprint(before); !strings.Contains(said, "true") || !strings.Contains(said, "false") {
		t.Fatal(said)
	}
	db.run("MATCH ()-[r]->() REMOVE r._quoted", nil)
	db.run("MATCH (m:ThroughlineMeta {id: 'layout'}) SET m.version = 3", nil)
	open(t, srv, cat)
	if d := cmp.Diff(before, db.run(all, nil)); d != "" {
		t.Error(d)
	}
}

// TestLinksOfAnEarlierLayoutGetTheirStanding opens a database in which what speaks for a link and what speaks against it were alike.
func TestLinksOfAnEarlierLayoutGetTheirStanding(t *testing.T) {
	srv, db := database(t)
	cat := parse(t)
	s := open(t, srv, cat)
	if err := storetest.Fill(t.Context(), s, storetest.Graph(cat, 3, 12, 30)); err != nil {
		t.Fatal(err)
	}
	const all = "MATCH (a:Entity)-[r]->(b:Entity) RETURN type(r), a.id, b.id, r{.*} ORDER BY r.id"
	before := db.run(all, nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := db.run("MATCH ()-[r:REFUTED]->() RETURN count(r)", nil)[0][0]; n == int64(0) {
		t.Fatal("no link is refuted")
	}
	for _, k := range cat.Kinds {
		db.run("MATCH (a)-[r:REFUTED {kind: '"+k.Name+"'}]->(b) CREATE (a)-[x:"+k.Name+"]->(b) SET x = properties(r) DELETE r", nil)
	}
	db.run("MATCH (:Entity)-[r]->(:Entity) SET r.sourceCount = size(r.sources) REMOVE r.standing, r.supporters, r.refuteCount, r.kind", nil)
	db.run("DROP CONSTRAINT throughline_refuted_id", nil)
	db.run("DROP INDEX throughline_refuted_sources", nil)
	db.run("MATCH (m:ThroughlineMeta {id: 'layout'}) SET m.version = 2", nil)
	open(t, srv, cat)
	if d := cmp.Diff(before, db.run(all, nil)); d != "" {
		t.Error(d)
	}
}
