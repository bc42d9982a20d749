package http_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/server"
	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// TestAStoreThatIsAwayIsSaidEverywhere takes the store's file from under a server: exports and pages say so as GraphQL
// does, with 503. What is not there while the store is stays 404.
func TestAStoreThatIsAwayIsSaidEverywhere(t *testing.T) {
	cat := both.Catalog(t)
	path := filepath.Join(t.TempDir(), "g.db")
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Path: path, Catalog: cat})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	base, _ := serve(t, cat, s, func(_ *graph.Options, o *server.Options) {
		showPages(o)
		o.Export = exchange.Served(cat, s, nil, false)
	})
	get := func(path string) reply { return do(t, http.MethodGet, base+path, "", nil) }
	for path, status := range map[string]int{
		"/e/mary-kaldor": http.StatusOK, "/e/nobody": http.StatusNotFound, "/s/nothing": http.StatusNotFound, "/export": http.StatusOK,
	} {
		if r := get(path); r.status != status {
			t.Errorf("%s: %d %.200s", path, r.status, r.body)
		}
	}
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	const says = "the store&#39;s file was removed or another put in its place; start the server again, or put the file back."
	if r := get("/export"); r.status != http.StatusServiceUnavailable || r.code(t) != "UNAVAILABLE" {
		t.Errorf("/export: %d %.200s", r.status, r.body)
	}
	// the file is looked for every 50 ms
	for deadline := time.Now().Add(10 * time.Second); post(t, base, `{ stats { sources } }`).code(t) != "UNAVAILABLE"; {
		if time.Now().After(deadline) {
			t.Fatal("nobody noticed that the file is gone")
		}
	}
	for _, path := range []string{"/e/mary-kaldor", "/e/nobody", "/s/nothing"} {
		if r := get(path); r.status != http.StatusServiceUnavailable || !strings.Contains(r.body, says) {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
	if r := get("/"); r.status != http.StatusOK {
		t.Errorf("/: %d", r.status)
	}
}

// TestAPageOfAServerThatIsFullSaysWhenToAskAgain: as GraphQL does.
func TestAPageOfAServerThatIsFullSaysWhenToAskAgain(t *testing.T) {
	base, _ := start(t, func(_ *graph.Options, o *server.Options) {
		showPages(o)
		o.Executor = full{}
	})
	for _, path := range []string{"/e/mary-kaldor", "/s/s_x"} {
		if r := do(t, http.MethodGet, base+path, "", nil); r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") != "1" {
			t.Errorf("%s: %d %v", path, r.status, r.header)
		}
	}
}

// full is an executor that has more to do than it can.
type full struct{}

func (full) Do(context.Context, *graph.Request) *graph.Response {
	return &graph.Response{Overloaded: true}
}
