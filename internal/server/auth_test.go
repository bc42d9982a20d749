package server_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/server"
)

// TestATokenCostsNoAllocation: looking at a token takes no memory.
func TestATokenCostsNoAllocation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	secret, _, err := auth.Create(path, "ann", auth.Reader, time.Now(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := auth.Open(path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	allocations := func(o server.Options) float64 {
		h := newServer(t, o).Handler()
		body := strings.NewReader(document)
		r := httptest.NewRequest(http.MethodPost, "/graphql", body)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+secret)
		run := func() {
			body.Reset(document)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
		}
		least := testing.AllocsPerRun(200, run)
		for range 4 { // the race detector empties pools by chance
			least = min(least, testing.AllocsPerRun(200, run))
		}
		return least
	}
	// without tokens a client is named by its address, which takes memory
	byName := func(*http.Request) string { return "a client" }
	none, some := allocations(server.Options{Client: byName}), allocations(server.Options{Client: byName, Verifier: tokens})
	if some > none {
		t.Errorf("%.0f allocations with a token, %.0f without", some, none)
	}
}
