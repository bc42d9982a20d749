package writing_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/neotest"
	"github.com/throughline/throughline/internal/server"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// TestWhatIsAskedAgainIsMadeOnce has 32 clients ask for the same hundred records, under a key for each, while connections
// are cut: those of the clients, and on Neo4j those of the store. Each client asks until it is answered. There are a
// hundred records then, each of one change, and whoever asked under a key has the same answer.
func TestWhatIsAskedAgainIsMadeOnce(t *testing.T) {
	clients, keys := 32, 100
	if storetest.Rounds(t) == 1 {
		clients, keys = 8, 25
	}
	cat := both.Catalog(t)
	ask := func(t *testing.T, s store.Store, cut func()) {
		e := clocked(t, cat, s, storetest.Clock)
		h, err := server.New(server.Options{Store: s, State: s.State, Executor: e})
		if err != nil {
			t.Fatal(err)
		}
		web := httptest.NewServer(h.Handler())
		defer web.Close()
		p := neotest.NewProxy(t, &neotest.Server{URL: web.URL})
		p.Start()
		var asked atomic.Int64
		answers := make([][]string, clients)
		var all sync.WaitGroup
		for c := range clients {
			answers[c] = make([]string, keys)
			all.Go(func() {
				client := &http.Client{Transport: &http.Transport{}}
				defer client.CloseIdleConnections()
				for i := range keys {
					k := (i + c*keys/clients) % keys
					for answers[c][k] == "" && !t.Failed() {
						switch n := int(asked.Add(1)); { // a cut is the end of what all have asked
						case n%(7*clients) == 0:
							p.OnByte(p.Cut)
						case n%(5*clients) == 0:
							cut()
						}
						answers[c][k] = theme(t, client, "http://"+p.Addr+"/graphql", k)
					}
				}
			})
		}
		all.Wait()
		for _, got := range answers {
			if !slices.Equal(got, answers[0]) {
				t.Errorf("%q\nand another client was answered %q", answers[0], got)
				break
			}
		}
		r := e.Do(t.Context(), &graph.Request{Query: `{ themes(where: {name: {startsWith: "Theme "}}) { totalCount } }`})
		defer r.Release()
		if got, want := string(r.AppendJSON(nil)), fmt.Sprintf(`{"data":{"themes":{"totalCount":%d}}}`, keys); got != want {
			t.Errorf("there are %s, want %s", got, want)
		}
		found, err := s.CountChanges(t.Context(), &store.ChangesQuery{})
		if err != nil || found != int64(keys)+1 { // the first filled the store
			t.Errorf("%d changes, %v", found, err)
		}
	}
	t.Run("sqlite", func(t *testing.T) { ask(t, filled(t, both.SQLite(cat)(t)), func() {}) })
	t.Run("neo4j", func(t *testing.T) {
		srv := both.Server(t, cat)
		filled(t, both.Ready(t, srv, cat))
		p := neotest.NewProxy(t, srv)
		p.Start()
		through := &neotest.Server{URL: "bolt://" + p.Addr, User: srv.User, Password: srv.Password}
		ask(t, both.Ready(t, through, cat), func() { p.OnByte(p.Cut) })
	})
}

// theme asks for a theme under a key. It returns the answer, "" where it has to be asked for again.
func theme(t *testing.T, client *http.Client, url string, key int) string {
	body := fmt.Sprintf(`{"query":"mutation { createTheme(input: {name: \"Theme %d\"}) { theme { id } change { id } errors { code } } }"}`, key)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Error(err)
		return ""
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", fmt.Sprint("theme ", key))
	resp, err := client.Do(r)
	if err != nil {
		return "" // it was cut
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return ""
	}
	var answer struct {
		Data   json.RawMessage
		Errors []struct{ Extensions struct{ Code kg.Code } }
	}
	if err := json.Unmarshal(got, &answer); err != nil {
		t.Errorf("%s: %v", got, err)
		return ""
	}
	if len(answer.Errors) > 0 {
		if !slices.Contains([]kg.Code{kg.Unavailable, kg.Timeout}, answer.Errors[0].Extensions.Code) {
			t.Errorf("%d: %s", resp.StatusCode, got)
		}
		return ""
	}
	if !strings.Contains(string(got), `"errors":[]`) {
		t.Errorf("%d: %s", resp.StatusCode, got)
	}
	return string(answer.Data)
}
