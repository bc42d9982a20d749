package writing_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// clocked returns an engine that changes a store and has a clock of its own.
func clocked(t testing.TB, cat *catalog.Catalog, s store.Store, now func() time.Time) *graph.Engine {
	t.Helper()
	e, err := graph.New(graph.Options{Catalog: cat, Store: s, Writer: s, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestUnderOneKeyItIsDoneOnce asks for changes again, under the key of the input and under that of the request.
func TestUnderOneKeyItIsDoneOnce(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := filled(t, open(t))
		now := storetest.Clock()
		e := clocked(t, cat, s, func() time.Time { return now })
		ask := func(key, query string) string {
			r := e.Do(t.Context(), &graph.Request{Query: query, IdempotencyKey: key})
			defer r.Release()
			return string(r.AppendJSON(nil))
		}
		changes := func() int {
			found, err := s.Changes(t.Context(), &store.ChangesQuery{Limit: 1000})
			if err != nil {
				t.Fatal(err)
			}
			return len(found)
		}
		const person = `mutation { createPerson(input: {name: "Bea", idempotencyKey: "k1"}) { person { id name } change { id summary } possibleDuplicates { id } errors { code path } } }`
		const several = `mutation { applyChanges(input: {idempotencyKey: "k2", operations: [{createTheme: {name: "One"}}, {createTheme: {name: "Two"}}]}) { results { id record { id } } change { id } errors { code } } }`
		const gone = `mutation { delete(input: {id: "club", cascade: true, idempotencyKey: "k3"}) { deletedIds change { id } errors { code } } }`
		const evidence = `mutation { createLink(input: {kind: LOCATED_IN, from: {id: "ann"}, to: {id: "oslo"}, evidence: [], idempotencyKey: "k4"}) { errors { code } } }`
		for _, query := range []string{person, several, gone} {
			before := changes()
			first := ask("", query)
			if !strings.Contains(first, `"change":{"id":"h_`) || changes() != before+1 {
				t.Fatalf("%s: %s", query, first)
			}
			if d := cmp.Diff(first, ask("", query)); d != "" || changes() != before+1 {
				t.Errorf("%s again: %s, %d changes", query, d, changes()-before)
			}
		}
		before := changes()
		if got := ask("", strings.Replace(person, "Bea", "Cis", 1)); got != `{"data":{"createPerson":{"person":null,"change":null,"possibleDuplicates":[],"errors":[{"code":"IDEMPOTENCY_KEY_REUSED","path":["input","idempotencyKey"]}]}}}` {
			t.Error(got)
		}
		if got := ask("", strings.Replace(person, "k1", "", 1)); !strings.Contains(got, `"code":"BAD_USER_INPUT"`) {
			t.Error(got)
		}
		if got := ask("", strings.Replace(person, "k1", strings.Repeat("k", 256), 1)); !strings.Contains(got, `"code":"BAD_USER_INPUT"`) {
			t.Error(got)
		}
		for range 2 { // what was refused is refused again, and leaves no key
			if got := ask("", evidence); !strings.Contains(got, `EVIDENCE_REQUIRED`) && !strings.Contains(got, "WRONG_ENDPOINT_TYPE") {
				t.Error(got)
			}
		}
		// a trial is made each time, and leaves no key
		trial := strings.Replace(strings.Replace(person, "k1", "k5", 1), `"Bea"`, `"Dan", dryRun: true`, 1)
		if got := ask("", trial); got != ask("", trial) || !strings.Contains(got, `"id":"dan"`) {
			t.Error(got)
		}
		if changes() != before {
			t.Errorf("%d changes", changes()-before)
		}
		// the key of a request is for each of its fields
		const two = `mutation { a: createTheme(input: {name: "Three"}) { theme { id } errors { code } } b: createTheme(input: {name: "Four"}) { theme { id } errors { code } } }`
		first := ask("request", two)
		if first != ask("request", two) || !strings.Contains(first, `"id":"four"`) || changes() != before+2 {
			t.Errorf("%s, then %s, %d changes", first, ask("request", two), changes()-before)
		}
		if got := ask("another", two); !strings.Contains(got, "ALREADY_EXISTS") {
			t.Error(got)
		}
		// a key counts for a day
		now = now.Add(25 * time.Hour)
		if got := ask("", person); !strings.Contains(got, "ALREADY_EXISTS") {
			t.Error(got)
		}
	})
}

// TestUnderOneKeyAtOnce has many ask for the same at the same time: one of them does it, and all get its answer.
func TestUnderOneKeyAtOnce(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := filled(t, open(t))
		e := clocked(t, cat, s, storetest.Clock)
		const keys, each = 6, 8
		answers := make([][each]string, keys)
		var all sync.WaitGroup
		for k := range keys {
			for i := range each {
				all.Go(func() {
					r := e.Do(t.Context(), &graph.Request{
						Query: fmt.Sprintf(`mutation { createTheme(input: {name: "Theme %d"}) { theme { id } change { id } errors { code } } }`, k), IdempotencyKey: fmt.Sprint(k),
					})
					defer r.Release()
					answers[k][i] = string(r.AppendJSON(nil))
				})
			}
		}
		all.Wait()
		for k := range answers {
			for _, got := range answers[k] {
				if got != answers[k][0] || !strings.Contains(got, `"change":{"id":"h_`) {
					t.Errorf("%s, and another gets %s", got, answers[k][0])
				}
			}
		}
		found, err := s.Changes(t.Context(), &store.ChangesQuery{Limit: 1000})
		if err != nil || len(found) != keys+1 {
			t.Errorf("%d changes, %v", len(found), err)
		}
	})
}
