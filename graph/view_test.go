package graph_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
)

// version loads a graph whose every text says which version it is.
func version(t *testing.T, s store.Store, n int) {
	t.Helper()
	l, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v := fmt.Sprint("v", n)
	err = l.Put(t.Context(), &store.Batch{
		Sources: []*kg.Source{{ID: "s_a", Title: v, Kind: "ARTICLE"}},
		Nodes:   []*kg.Node{{ID: "ann", Type: "PERSON", Name: v}, {ID: "club", Type: "INSTITUTION", Name: v}},
		Links: []*kg.Link{{
			ID: "l_a", Kind: "AFFILIATED_WITH", From: "ann", To: "club", Role: v,
			Evidence: []kg.Evidence{
				{Source: "s_a", Excerpt: v, Stance: "SUPPORTS"},
			},
		}},
	})
	if err == nil {
		err = l.Commit(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
}

var versions = regexp.MustCompile(`\bv[0-9]+`)

// written is a store that somebody writes to after some of its answers.
type written struct {
	store.Store
	t     *testing.T
	after atomic.Int32 // answers still to be given before it is written to
	n     atomic.Int32 // its version
}

func (s *written) answered() {
	if s.after.Add(-1) == 0 {
		version(s.t, s.Store, int(s.n.Add(1)))
	}
}

func (s *written) Fetch(ctx context.Context, q *plan.Query) (*kg.Result, error) {
	defer s.answered()
	return s.Store.Fetch(ctx, q)
}

func (s *written) Walk(ctx context.Context, w *plan.Walk) (store.Graph, []uint32, error) {
	defer s.answered()
	return s.Store.Walk(ctx, w)
}

// TestAnOperationSeesOneState writes to the store in the middle of an operation: after its first question, its
// second, and so on.
func TestAnOperationSeesOneState(t *testing.T) {
	cat := parse(t)
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Path: t.TempDir() + "/g.db", Catalog: cat})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w := &written{Store: s, t: t}
	version(t, s, 0)
	e := engine(t, cat, w)
	for name, q := range map[string]string{
		"from memory":         `{a: node(id: "ann") {... on Entity {name}} b: node(id: "club") {... on Entity {name}} c: node(id: "l_a") {... on Link {role}}}`,
		"excerpts":            `{a: node(id: "ann") {... on Entity {name}} b: node(id: "l_a") {... on Link {role evidence {nodes {excerpt}}}}}`,
		"excerpts twice":      `{a: node(id: "l_a") {... on Link {evidence {nodes {excerpt}}}} b: node(id: "l_a") {... on Link {evidence {nodes {excerpt}}}}}`,
		"paths":               `{paths(from: {id: "ann"}, to: {id: "club"}) {nodes {nodes {name} narrative}}}`,
		"paths and a node":    `{paths(from: {id: "ann"}, to: {id: "club"}) {nodes {nodes {name} steps {link {evidence {nodes {excerpt}}}}}} node(id: "ann") {... on Entity {name}}}`,
		"a subgraph":          `{subgraph(seeds: [{id: "ann"}]) {nodes {name} links {role evidence {nodes {excerpt}}}}}`,
		"a timeline":          `{timeline(subjects: [{id: "ann"}]) {nodes {caption}} node(id: "ann") {... on Entity {name}}}`,
		"a list by a measure": `{people(orderBy: [{field: PAGE_RANK}], where: {text: {startsWith: "v"}}) {nodes {name links {edges {link {evidence {nodes {excerpt}}}}}}}}`,
		"measures":            `{centrality(by: DEGREE) {nodes {name}} communities {nodes {label members {nodes {name}}}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			for after := range int32(4) {
				w.after.Store(after + 1)
				got := ask(t, e, q, nil)
				seen := map[string]bool{}
				for _, v := range versions.FindAllString(got, -1) {
					seen[v] = true
				}
				if len(seen) != 1 || strings.Contains(got, `"errors"`) {
					t.Errorf("written after answer %d: %s", after+1, got)
				}
			}
		})
	}
}
