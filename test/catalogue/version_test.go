package catalogue_test

import (
	"encoding/json"
	"testing"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// TestTheVersionChangesWhenSomebodyWrites: stats.version is the same as long as nothing is written, whatever else is asked
// beside it and whichever engine asks, and another after each write.
func TestTheVersionChangesWhenSomebodyWrites(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		fresh := func() *graph.Engine {
			e, err := graph.New(graph.Options{Catalog: cat, Store: s, StoreKind: "a store"})
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
		e := fresh()
		version := func(e *graph.Engine, query string) (v, sources string) {
			t.Helper()
			r := e.Do(t.Context(), &graph.Request{Query: query})
			defer r.Release()
			var got struct {
				Stats struct {
					Version string
					Sources json.Number
				}
			}
			if err := json.Unmarshal(r.Data, &got); err != nil || len(r.Errors) > 0 || len(got.Stats.Version) < 12 {
				t.Fatalf("%s: %s", query, r.AppendJSON(nil))
			}
			return got.Stats.Version, got.Stats.Sources.String()
		}
		before, _ := version(e, `{ stats { version } }`)
		for _, query := range []string{
			`{ stats { version sources } }`, `{ people { totalCount } stats { version __typename } }`,
			`{ stats { ...V } } fragment V on GraphStats { version }`,
		} {
			for _, e := range []*graph.Engine{e, fresh()} {
				if v, _ := version(e, query); v != before {
					t.Errorf("%s: %s, before %s, and nothing was written", query, v, before)
				}
			}
		}
		if err := storetest.Fill(t.Context(), s, &store.Batch{Sources: []*kg.Source{{ID: "s_x", Kind: "BOOK", Title: "X"}}}); err != nil {
			t.Fatal(err)
		}
		after, sources := version(e, `{ stats { version sources } }`)
		if after == before || sources != "1" {
			t.Errorf("a source was written: the version is %s, before %s, and there are %s sources", after, before, sources)
		}
	})
}
