// Package clients_test has programs of others, on Node.js, ask a whole server.
package clients_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/sample"
	"github.com/throughline/throughline/internal/server"
	"github.com/throughline/throughline/internal/store/storetest/both"
	"github.com/throughline/throughline/test/npm"
)

// programTimeout is how long a program may take on a busy machine.
const programTimeout = 5 * time.Minute

// newServer serves the sample and returns the address of GraphQL.
func newServer(t *testing.T, change func(*server.Options)) string {
	t.Helper()
	cat := both.Catalog(t)
	s := both.SQLite(cat)(t)
	if _, err := sample.Load(t.Context(), cat, s); err != nil {
		t.Fatal(err)
	}
	e, err := graph.New(graph.Options{
		Catalog: cat, Store: s, StoreKind: s.Kind(), Version: "test",
		Introspection: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	o := server.Options{Executor: e, Store: s, State: s.State}
	if change != nil {
		change(&o)
	}
	h, err := server.New(o)
	if err != nil {
		t.Fatal(err)
	}
	served := httptest.NewServer(h.Handler())
	t.Cleanup(served.Close)
	return served.URL + "/graphql"
}

// post sends a body to a server and returns its answer.
func post(t *testing.T, address, body string) map[string]any {
	t.Helper()
	resp, err := http.Post(address, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// ask sends a document to a server and returns its answer.
func ask(t *testing.T, address, query string) map[string]any {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	return post(t, address, string(body))
}

// node runs a script of testdata and returns what it wrote.
func node(t *testing.T, script string, args ...string) []byte {
	t.Helper()
	npm.Need(t, "testdata")
	ctx, cancel := context.WithTimeout(t.Context(), programTimeout)
	defer cancel()
	c := exec.CommandContext(ctx, "node", append([]string{script}, args...)...)
	c.Dir = "testdata"
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("node %s: %v\n%s%s", filepath.Base(script), err, stderr.Bytes(), out)
	}
	return out
}
