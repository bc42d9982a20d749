package neo4jstore_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/edit"
	"github.com/throughline/throughline/internal/neotest"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/neo4jstore"
)

// TestRoundTripsOfMutations counts on the wire: what a mutation looks at is a round trip, and what it writes, with its log
// and its answer, is another. An answer that goes further than the record and what is next to it is a third.
func TestRoundTripsOfMutations(t *testing.T) {
	srv, _ := database(t)
	cat := parse(t)
	p := neotest.NewProxy(t, srv)
	p.Start()
	s := open(t, &neotest.Server{URL: "bolt://" + p.Addr, User: srv.User, Password: srv.Password}, cat)
	s.NeverSurvey()
	fill(t, s)
	e, err := graph.New(graph.Options{Catalog: cat, Store: s, Writer: s, StoreKind: "neo4j", Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(query string) string {
		r := e.Do(t.Context(), &graph.Request{Query: query})
		defer r.Release()
		return string(r.AppendJSON(nil))
	}
	source := ask(`mutation { createSource(input: {kind: ARTICLE, title: "Words", text: "the words that say so"}) { source { id } } }`)
	_, id, _ := strings.Cut(source, `"id":"`)
	id, _, _ = strings.Cut(id, `"`)
	const rounds = 6 // a server that is silent for long, as it plans a statement, is tried: that is not the mutation's
	link := `createLink(input: {kind: AFFILIATED_WITH, from: {id: "person-%[1]d"}, to: {id: "lse"}, role: "Fellow",
		evidence: [{source: {id: "` + id + `"}, excerpt: "the words that say so"}]})`
	for _, c := range []struct {
		name, mutation, has string
		trips               int
	}{
		{"a person", `createPerson(input: {id: "person-%d", name: "New", born: "1970"}) { person { id name version } change { id } errors { message } }`, `"name":"New"`, 1},
		{"a person that is changed", `updatePerson(input: {id: "person-%d", born: "1971"}) { person { born } errors { message } }`, `"1971"`, 2},
		{"an answer that goes further", `updatePerson(input: {id: "person-%d", born: "1972"}) { person { affiliations { totalCount } } errors { message } }`, `"totalCount":0`, 3},
		{"a change that is none", `updatePerson(input: {id: "person-%d", born: "1972"}) { change { id } errors { message } }`, `"change":null`, 2},
		{"a change of what is not there", `updatePerson(input: {id: "nobody-%d", born: "1971"}) { errors { code } }`, `"NOT_FOUND"`, 1},
		{"a link", link + ` { link { role evidence { nodes { excerpt } } } errors { message } }`, `"Fellow"`, 2},
		{"a link that is there", link + ` { link { role } change { id } errors { message } }`, `"change":null`, 2},
		{"a link to nobody", strings.Replace(link, `"lse"`, `"nobody"`, 1) + ` { errors { code } }`, `"NOT_FOUND"`, 1},
	} {
		least := math.MaxInt
		for i := range rounds {
			before := p.Trips()
			got := ask(fmt.Sprintf(`mutation { `+c.mutation+` }`, i))
			least = min(least, p.Trips()-before)
			if !strings.Contains(got, c.has) || strings.Contains(got, `"message"`) {
				t.Errorf("%s: %s", c.name, got)
			}
		}
		if least != c.trips {
			t.Errorf("%s: %d round trips, and not %d", c.name, least, c.trips)
		}
	}
}

// TestServersThatForesaw has two servers change one person at the same time, each by what it has read before it writes:
// nothing is lost, and the log counts every change once. New ones of one id are made by one of them.
func TestServersThatForesaw(t *testing.T) {
	srv, _ := database(t)
	cat := parse(t)
	stores := []*neo4jstore.Store{open(t, srv, cat), open(t, srv, cat)}
	person := func(id string) *edit.Create {
		return &edit.Create{Type: "PERSON", Fields: map[string]any{"id": id, "name": "Ann"}}
	}
	if _, err := edit.Apply(t.Context(), cat, stores[0], person("ann"), edit.About{}); err != nil {
		t.Fatal(err)
	}
	const each = 12
	var all sync.WaitGroup
	var made atomic.Int64
	for i, s := range stores {
		all.Go(func() {
			for j := range each {
				_, err := edit.Apply(t.Context(), cat, s, &edit.Update{
					ID: "ann", Add: map[string]any{"aliases": []string{fmt.Sprintf("Ann %d of %d", j, i)}},
				}, edit.About{})
				if err != nil {
					t.Error(err)
				}
				_, err = edit.Apply(t.Context(), cat, s, person(fmt.Sprintf("ann-%d", j)), edit.About{})
				var there *edit.UserError
				switch {
				case err == nil:
					made.Add(1)
				case !errors.As(err, &there) || there.Code != edit.AlreadyExists:
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if made.Load() != each {
		t.Errorf("%d were made", made.Load())
	}
	found, err := stores[0].Records(t.Context(), []string{"ann"})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(found.Nodes[0].Aliases); n != len(stores)*each {
		t.Errorf("%d names are there", n)
	}
	log, err := stores[0].Changes(t.Context(), &store.ChangesQuery{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	want := int64(1 + len(stores)*each + each)
	for _, c := range log {
		if c.Seq != want {
			t.Fatalf("change %d is where %d should be", c.Seq, want)
		}
		want--
	}
	if want != 0 {
		t.Errorf("%d changes are missing", want)
	}
}
