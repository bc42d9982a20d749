// Package writing_test changes graphs by GraphQL, on every store, and holds what becomes of them against package edit.
package writing_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/edit"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

const article = "Ann Berg has led the Club since 1998. “We begin,” Ann Berg said. The Club is in Oslo. The Club is in Oslo, they say."

var affiliated = kg.LinkID("AFFILIATED_WITH", "ann", "club", "", "", "")

// begun is a small graph with a text.
func begun() *store.Batch {
	return &store.Batch{
		Sources: []*kg.Source{
			{ID: "s_article", Kind: "ARTICLE", Title: "The club", Text: article, Authors: []string{"A", "B"}},
			{ID: "s_note", Kind: "ARTICLE", Title: "A note"},
			{ID: "s_other", Kind: "BOOK", Title: "A note", URL: "https://example.org/note"},
		},
		Nodes: []*kg.Node{
			{
				ID: "ann", Type: "PERSON", Name: "Ann Berg", Aliases: []string{"A. Berg"}, Props: map[string]any{"born": "1970"},
				ExternalIDs: []kg.ExternalID{
					{Scheme: "wikidata", Value: "Q1", URL: "https://example.org/Q1"}, {Scheme: "isni", Value: "2"},
				},
			},
			{ID: "club", Type: "INSTITUTION", Name: "Club"},
			{ID: "club2", Type: "INSTITUTION", Name: "club"},
			{ID: "oslo", Type: "PLACE", Name: "Oslo", Props: map[string]any{"latitude": 59.9, "longitude": 10.0}},
			{ID: "begin", Type: "QUOTE", Name: "We begin", Props: map[string]any{"text": "We begin"}},
		},
		Links: []*kg.Link{{
			ID: affiliated, Kind: "AFFILIATED_WITH", From: "ann", To: "club",
			Evidence: []kg.Evidence{
				{Source: "s_article", Excerpt: "Ann Berg has led the Club", Stance: kg.Supports},
				{Source: "s_note", Excerpt: "Not she", Stance: kg.Refutes},
			},
		}},
	}
}

func filled(t testing.TB, s store.Store) store.Store {
	t.Helper()
	if err := storetest.Fill(t.Context(), s, begun()); err != nil {
		t.Fatal(err)
	}
	return s
}

// writable is an engine that changes a store.
func writable(t testing.TB, cat *catalog.Catalog, s store.Store) *graph.Engine {
	t.Helper()
	e, err := graph.New(graph.Options{Catalog: cat, Store: s, Writer: s, ServeTexts: true})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// do runs an operation and returns the whole answer.
func do(ctx context.Context, e *graph.Engine, query string, vars map[string]any) string {
	r := e.Do(ctx, &graph.Request{Query: query, Variables: vars})
	defer r.Release()
	return string(r.AppendJSON(nil))
}

// export is everything, as bytes.
func export(t testing.TB, cat *catalog.Catalog, s store.Scanner) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := exchange.Export(t.Context(), cat, s, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestWhatIsWrongIsData has each kind of user error told with what stands beside it, and nothing written.
func TestWhatIsWrongIsData(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := filled(t, open(t))
		e := writable(t, cat, s)
		before := export(t, cat, s)
		for _, c := range []struct{ mutation, want string }{
			{
				`createPerson(input: {name: " "}) { person { id } change { id } errors { __typename code path } }`,
				`{"person":null,"change":null,"errors":[{"__typename":"PlainError","code":"INVALID_VALUE","path":["input","name"]}]}`,
			},
			{
				`createPerson(input: {name: "Ann Berg", id: "club"}) { errors { code message } }`,
				`{"errors":[{"code":"ALREADY_EXISTS","message":"There is the institution club already."}]}`,
			},
			{
				`createPerson(input: {name: "X", born: "2000", died: "1999"}) { errors { code path } }`,
				`{"errors":[{"code":"INVALID_DATE_RANGE","path":["input","born"]}]}`,
			},
			{
				`updatePerson(input: {id: "club", name: "X"}) { errors { code message path } }`,
				`{"errors":[{"code":"NOT_FOUND","message":"club is of type INSTITUTION, and not PERSON.","path":["input","id"]}]}`,
			},
			{
				`updatePerson(input: {id: "ann", name: null}) { errors { code path } }`,
				`{"errors":[{"code":"INVALID_VALUE","path":["input","name"]}]}`,
			},
			{
				`updatePerson(input: {id: "ann", ifVersion: "old", born: "1971"}) { person { id } errors { code path ... on StaleWriteError { current { id ... on Person { born } } } } }`,
				`{"person":null,"errors":[{"code":"STALE_WRITE","path":["input","ifVersion"],"current":{"id":"ann","born":"1970"}}]}`,
			},
			{
				`updateSource(input: {id: "s_note", ifVersion: "old"}) { errors { code ... on StaleWriteError { current { ... on Source { title } } } } }`,
				`{"errors":[{"code":"STALE_WRITE","current":{"title":"A note"}}]}`,
			},
			{
				`updateLink(input: {id: "` + affiliated + `", ifVersion: "old", role: "x"}) { errors { code ... on StaleWriteError { current { ... on Link { sentence } } } } }`,
				`{"errors":[{"code":"STALE_WRITE","current":{"sentence":"Ann Berg is affiliated with Club (disputed)."}}]}`,
			},
			{
				`delete(input: {id: "ann", ifVersion: "old"}) { deletedIds errors { code } }`,
				`{"deletedIds":[],"errors":[{"code":"STALE_WRITE"}]}`,
			},
			{
				`createLink(input: {kind: AFFILIATED_WITH, from: {id: "ann"}, to: {name: "Club"}, evidence: [{source: {id: "s_note"}, excerpt: "x"}]}) { errors { code path ... on CandidatesError { candidates { id type name } } } }`,
				`{"errors":[{"code":"AMBIGUOUS_REF","path":["input","to"],"candidates":[{"id":"club","type":"INSTITUTION","name":"Club"},{"id":"club2","type":"INSTITUTION","name":"club"}]}]}`,
			},
			{
				`createLink(input: {kind: AFFILIATED_WITH, from: {id: "ann"}, to: {id: "club"}, evidence: [{source: {title: "a NOTE"}, excerpt: "x"}]}) { errors { code path ... on CandidatesError { candidates { id description ... on Source { kind } } } } }`,
				`{"errors":[{"code":"AMBIGUOUS_REF","path":["input","evidence","0","source"],"candidates":[{"id":"s_note","description":null,"kind":"ARTICLE"},{"id":"s_other","description":null,"kind":"BOOK"}]}]}`,
			},
			{
				`createLink(input: {kind: AFFILIATED_WITH, from: {name: "Oslo"}, to: {id: "club"}, evidence: [{source: {id: "s_note"}, excerpt: "x"}]}) { errors { code message path } }`,
				`{"errors":[{"code":"NOT_FOUND","message":"There is no PERSON of this name, \"Oslo\".","path":["input","from"]}]}`,
			},
			{
				`createLink(input: {kind: AFFILIATED_WITH, from: {name: "Ann Burg"}, to: {id: "club"}, evidence: [{source: {id: "s_note"}, excerpt: "x"}]}) { errors { code message path ... on CandidatesError { candidates { id name } } } }`,
				`{"errors":[{"code":"NOT_FOUND","message":"There is no PERSON of this name, \"Ann Burg\". Nearest are: Ann Berg (ann).","path":["input","from"],"candidates":[{"id":"ann","name":"Ann Berg"}]}]}`,
			},
			{
				`createLink(input: {kind: AFFILIATED_WITH, from: {id: "ann"}, to: {id: "club"}, evidence: [{source: {title: "` + strings.Repeat("n", 100) + `"}, excerpt: "x"}]}) { errors { code message } }`,
				`{"errors":[{"code":"NOT_FOUND","message":"There is no source of this name, \"` + strings.Repeat("n", 60) + `…\"."}]}`,
			},
			{
				`createLink(input: {kind: AFFILIATED_WITH, from: {id: "oslo"}, to: {id: "club"}, evidence: [{source: {id: "s_note"}, excerpt: "x"}]}) { errors { code path } }`,
				`{"errors":[{"code":"WRONG_ENDPOINT_TYPE","path":["input","from"]}]}`,
			},
			{
				`createLink(input: {kind: LOCATED_IN, from: {id: "club"}, to: {id: "oslo"}, evidence: []}) { errors { code path } }`,
				`{"errors":[{"code":"EVIDENCE_REQUIRED","path":["input","evidence"]}]}`,
			},
			{
				`createLink(input: {kind: LOCATED_IN, from: {id: "club"}, to: {id: "oslo"}, evidence: [{source: {id: "s_article"}, excerpt: "The Club is in Bergen"}]}) { link { id } errors { code path ... on ExcerptError { nearest start end } } }`,
				`{"link":null,"errors":[{"code":"EXCERPT_NOT_IN_SOURCE","path":["input","evidence","0","excerpt"],"nearest":"said. The Club is in","start":59,"end":79}]}`,
			},
			{
				`addEvidence(input: {link: "l_nothing", evidence: [{source: {id: "s_note"}, excerpt: "x"}]}) { errors { code path } }`,
				`{"errors":[{"code":"NOT_FOUND","path":["input","link"]}]}`,
			},
			{
				`removeEvidence(input: {evidence: "e_nothing"}) { link { id } errors { code path } }`,
				`{"link":null,"errors":[{"code":"NOT_FOUND","path":["input","evidence"]}]}`,
			},
			{
				`delete(input: {id: "club"}) { deletedIds errors { code message ... on DependentsError { linkCount links { sentence from { id } } } } }`,
				`{"deletedIds":[],"errors":[{"code":"DEPENDENT_LINKS","message":"1 link hangs on it.","linkCount":1,"links":[{"sentence":"Ann Berg is affiliated with Club (disputed).","from":{"id":"ann"}}]}]}`,
			},
			{
				`revertChange(input: {change: "h_nothing"}) { change { id } errors { code path } }`,
				`{"change":null,"errors":[{"code":"NOT_FOUND","path":["input","change"]}]}`,
			},
		} {
			name, _, _ := strings.Cut(c.mutation, "(")
			want := `{"data":{"` + name + `":` + c.want + `}}`
			if d := cmp.Diff(want, do(t.Context(), e, "mutation { "+c.mutation+" }", nil)); d != "" {
				t.Errorf("%s: %s", c.mutation, d)
			}
		}
		if d := cmp.Diff(before, export(t, cat, s)); d != "" {
			t.Errorf("something was written: %s", d)
		}
	})
}

// TestWhatCannotBeMeantIsACode has values that are none refused before anything is written.
func TestWhatCannotBeMeantIsACode(t *testing.T) {
	cat := both.Catalog(t)
	s := filled(t, both.SQLite(cat)(t))
	e := writable(t, cat, s)
	before := export(t, cat, s)
	const link = `mutation($from: EntityRef!, $born: PartialDate) { createLink(input: {kind: AFFILIATED_WITH, from: $from, to: {id: "club"}, since: $born, evidence: [{source: {id: "s_note"}, excerpt: "x"}]}) { errors { code } } }`
	const person = `mutation($born: PartialDate, $url: URL) { updatePerson(input: {id: "ann", born: $born, externalIds: [{scheme: "a", value: "b", url: $url}]}) { errors { code } } }`
	for _, c := range []struct {
		query string
		vars  map[string]any
		code  string
	}{
		{link, map[string]any{"from": map[string]any{"id": "ann"}, "born": json.Number("1999")}, "BAD_USER_INPUT"},
		{link, map[string]any{"from": map[string]any{"name": ""}}, "BAD_USER_INPUT"},
		{person, map[string]any{"born": json.Number("1999")}, "BAD_USER_INPUT"},
		{person, map[string]any{"url": true}, "BAD_USER_INPUT"},
		// a version that came out empty guards nothing
		{`mutation { updatePerson(input: {id: "ann", born: "1971", ifVersion: ""}) { errors { code } } }`, nil, "BAD_USER_INPUT"},
		{`mutation { delete(input: {id: "ann", cascade: true, ifVersion: ""}) { deletedIds } }`, nil, "BAD_USER_INPUT"},
		{`mutation { mergeEntities(input: {survivor: {id: "ann"}, absorbed: [{id: "bea"}], ifVersion: ""}) { errors { code } } }`, nil, "BAD_USER_INPUT"},
		// a note is read in lists
		{`mutation { updatePerson(input: {id: "ann", born: "1971", note: "` + strings.Repeat("é", 4001) + `"}) { errors { code } } }`, nil, "BAD_USER_INPUT"},
		{`mutation { delete(input: {id: "ann", cascade: "yes"}) { deletedIds } }`, nil, "GRAPHQL_VALIDATION_FAILED"},
		{`mutation { createDragon(input: {name: "x"}) { errors { code } } }`, nil, "GRAPHQL_VALIDATION_FAILED"},
		{`mutation { createPerson(input: {born: "1999"}) { errors { code } } }`, nil, "GRAPHQL_VALIDATION_FAILED"},
	} {
		r := e.Do(t.Context(), &graph.Request{Query: c.query, Variables: c.vars})
		if r.Code() != c.code {
			t.Errorf("%s %v: %s, want %s", c.query, c.vars, r.AppendJSON(nil), c.code)
		}
		r.Release()
	}
	if d := cmp.Diff(before, export(t, cat, s)); d != "" {
		t.Errorf("something was written: %s", d)
	}
}

// TestADay makes an article and what it says, corrects it, and takes a change back; every answer is what the next
// question finds.
func TestADay(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		e := writable(t, cat, s)
		is := func(query, want string) {
			t.Helper()
			if d := cmp.Diff(want, do(t.Context(), e, query, nil)); d != "" {
				t.Errorf("%s: %s", query, d)
			}
		}
		const nothing = `"errors":[]`
		is(`mutation {
			createSource(input: {kind: ARTICLE, title: "A club", text: "Ann Berg has led the Club since 1998. She is sixty.", publishedOn: "2024-03"}) { source { id text publishedOn } errors { code } }
			createPerson(input: {name: "Ann Berg", born: "1970", note: "from the article"}) { person { id born links { totalCount } } change { action note by summary } errors { code } }
			createInstitution(input: {name: "Club", id: "c"}) { institution { id type name } errors { code } }
			createLink(input: {kind: AFFILIATED_WITH, from: {name: "ann berg"}, to: {id: "c"}, since: "1998", evidence: [{source: {title: "A club"}, start: 0, end: 25}]}) { link { sentence from { id links { totalCount } } evidence { nodes { excerpt start end verified stance } } } errors { code } }
		}`, `{"data":{"createSource":{"source":{"id":"s_a-club","text":"Ann Berg has led the Club since 1998. She is sixty.","publishedOn":"2024-03"},`+nothing+`},`+
			`"createPerson":{"person":{"id":"ann-berg","born":"1970","links":{"totalCount":0}},"change":{"action":"CREATED","note":"from the article","by":null,"summary":"created: 1 created"},`+nothing+`},`+
			`"createInstitution":{"institution":{"id":"c","type":"INSTITUTION","name":"Club"},`+nothing+`},`+
			`"createLink":{"link":{"sentence":"Ann Berg is affiliated with Club (since 1998).","from":{"id":"ann-berg","links":{"totalCount":1}},"evidence":{"nodes":[{"excerpt":"Ann Berg has led the Club","start":0,"end":25,"verified":true,"stance":"SUPPORTS"}]}},`+nothing+`}}}`)
		is(`mutation { updatePerson(input: {id: "ann-berg", born: null, died: "2020", addAliases: ["Annie"], externalIds: [{scheme: "Wikidata", value: "Q7", url: "https://example.org/Q7"}]}) { person { born died aliases externalIds { scheme value url } } errors { code message } } }`,
			`{"data":{"updatePerson":{"person":{"born":null,"died":"2020","aliases":["Annie"],"externalIds":[{"scheme":"wikidata","value":"Q7","url":"https://example.org/Q7"}]},`+nothing+`}}}`)
		is(`{ person(ref: {name: "Annie"}) { id born died links { nodes { id } } } }`,
			`{"data":{"person":{"id":"ann-berg","born":null,"died":"2020","links":{"nodes":[{"id":"c"}]}}}}`)
		link := kg.LinkID("AFFILIATED_WITH", "ann-berg", "c", "", "1998", "")
		is(`mutation {
			a: updateLink(input: {id: "`+link+`", role: "head"}) { link { role since } errors { code } }
			b: addEvidence(input: {link: "`+link+`", evidence: [{source: {id: "s_a-club"}, excerpt: "She is sixty", stance: REFUTES}]}) { link { standing } errors { code } }
			c: updateSource(input: {id: "s_a-club", publishedOn: null, authors: ["X"], addAuthors: ["Y"]}) { source { publishedOn authors } errors { code } }
			d: delete(input: {id: "c", cascade: true}) { deletedIds change { summary } errors { code } }
		}`, `{"data":{"a":{"link":{"role":"head","since":"1998"},`+nothing+`},"b":{"link":{"standing":"DISPUTED"},`+nothing+`},`+
			`"c":{"source":{"publishedOn":null,"authors":["X","Y"]},`+nothing+`},"d":{"deletedIds":["c","`+link+`"],"change":{"summary":"deleted: 2 removed"},`+nothing+`}}}`)
		is(`{ node(id: "c") { id } person(ref: {id: "ann-berg"}) { links { totalCount } } stats { sources links { count } } }`,
			func() string {
				counts := make([]string, len(cat.Kinds))
				for i := range counts {
					counts[i] = `{"count":0}`
				}
				return `{"data":{"node":null,"person":{"links":{"totalCount":0}},"stats":{"sources":1,"links":[` + strings.Join(counts, ",") + `]}}}`
			}())
		changes, err := s.Changes(t.Context(), &store.ChangesQuery{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		undo := func(id string) string {
			return `mutation { revertChange(input: {change: "` + id + `"}) { change { action summary } errors { code ... on BlockedError { changes { id action } } } } }`
		}
		is(undo(changes[0].ID), `{"data":{"revertChange":{"change":{"action":"REVERTED","summary":"reverted: 2 created"},`+nothing+`}}}`)
		is(`{ link(id: "`+link+`") { role standing } }`, `{"data":{"link":{"role":"head","standing":"DISPUTED"}}}`)
		again, err := s.Changes(t.Context(), &store.ChangesQuery{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		is(undo(changes[0].ID), `{"data":{"revertChange":{"change":null,"errors":[{"code":"BLOCKED_BY_LATER_CHANGE","changes":[{"id":"`+again[0].ID+`","action":"REVERTED"}]}]}}}`)
	})
}

// TestAServerThatOnlyReads refuses mutations, each by itself, and says how they are allowed.
func TestAServerThatOnlyReads(t *testing.T) {
	cat := both.Catalog(t)
	s := filled(t, both.SQLite(cat)(t))
	e, err := graph.New(graph.Options{Catalog: cat, Store: s})
	if err != nil {
		t.Fatal(err)
	}
	r := e.Do(t.Context(), &graph.Request{Query: `mutation { __typename delete(input: {id: "ann", cascade: true}) { deletedIds } }`})
	defer r.Release()
	if got := string(r.Data); got != `{"__typename":"Mutation","delete":null}` || r.Code() != string(kg.ReadOnly) ||
		!strings.Contains(r.Errors[0].Message, "--writable") || r.Errors[0].Path.String() != "delete" {
		t.Errorf("%s %v", got, r.Errors)
	}
	get := writable(t, cat, s).Do(t.Context(), &graph.Request{
		Query: `mutation { delete(input: {id: "ann", cascade: true}) { deletedIds } }`, ReadOnly: true,
	})
	defer get.Release()
	if get.Code() != string(kg.MethodNotAllowed) {
		t.Errorf("by GET: %v", get.Errors)
	}
	if types, err := s.Types(t.Context(), []string{"ann"}); err != nil || types["ann"] == "" {
		t.Errorf("it is gone, %v", err)
	}
}

// TestAFieldThatFailsLeavesTheOthers: root fields are changes of their own, in order.
func TestAFieldThatFailsLeavesTheOthers(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := filled(t, open(t))
		got := do(t.Context(), writable(t, cat, s), `mutation {
			a: createTheme(input: {name: "One"}) { theme { name } errors { code } }
			b: createTheme(input: {name: "One"}) { theme { name } errors { code } }
			c: updateTheme(input: {id: "one", name: "Two"}) { theme { name } errors { code } }
			d: delete(input: {id: "one"}) { deletedIds }
			e: updateTheme(input: {id: "one", name: "Three"}) { errors { code } }
		}`, nil)
		const want = `{"data":{"a":{"theme":{"name":"One"},"errors":[]},"b":{"theme":null,"errors":[{"code":"ALREADY_EXISTS"}]},` +
			`"c":{"theme":{"name":"Two"},"errors":[]},"d":{"deletedIds":["one"]},"e":{"errors":[{"code":"NOT_FOUND"}]}}}`
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

// TestWhoLeavesLeavesNothingHalf has clients leave at random moments of a change of several records: all or nothing of it is
// there.
func TestWhoLeavesLeavesNothingHalf(t *testing.T) {
	cat := both.Catalog(t)
	s := filled(t, both.SQLite(cat)(t))
	e := writable(t, cat, s)
	for i := range 30 {
		ctx, leave := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			do(ctx, e, `mutation { delete(input: {id: "ann", cascade: true}) { deletedIds } }`, nil)
		}()
		for range i * 200 {
			if ctx.Err() != nil {
				break
			}
		}
		leave()
		<-done
		types, err := s.Types(t.Context(), []string{"ann", affiliated})
		if err != nil || (types["ann"] == "") != (types[affiliated] == "") {
			t.Fatalf("%v, %v", types, err)
		}
		if types["ann"] == "" {
			if err := storetest.Fill(t.Context(), s, begun()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestAVersionIsThatOfTheRecord holds the version that is read of each record against that of package edit, on stores of
// random graphs, and has a change with it done and one with another refused.
func TestAVersionIsThatOfTheRecord(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := filled(t, open(t))
		if err := storetest.Fill(t.Context(), s, storetest.Small()); err != nil {
			t.Fatal(err)
		}
		e := writable(t, cat, s)
		seen, all := map[string]bool{}, 0
		check := func(id string, record any) error {
			all++
			want := edit.Version(cat, record)
			got := do(t.Context(), e, `query($id: ID!) { node(id: $id) { ... on Entity { version } ... on Source { version } ... on Link { version } } }`,
				map[string]any{"id": id})
			if got != `{"data":{"node":{"version":"`+want+`"}}}` {
				t.Errorf("%s: %s, want %s", id, got, want)
			}
			seen[want] = true
			return nil
		}
		if err := errors.Join(
			s.Nodes(t.Context(), func(x *kg.Node) error { return check(x.ID, x) }),
			s.Sources(t.Context(), func(x *kg.Source) error { return check(x.ID, x) }),
			s.Links(t.Context(), func(x *kg.Link) error { return check(x.ID, x) }),
		); err != nil {
			t.Fatal(err)
		}
		if all < 20 || len(seen) < all*9/10 {
			t.Errorf("%d records have %d versions", all, len(seen))
		}
		version := func(id string) string {
			found, err := s.Records(t.Context(), []string{id})
			if err != nil {
				t.Fatal(err)
			}
			return edit.Version(cat, found.ByID()[id])
		}
		person, link, source := version("ann"), version(affiliated), version("s_article")
		for _, c := range []struct{ mutation, moved string }{
			{`updatePerson(input: {id: "ann", ifVersion: "` + person + `", born: "1971"}) { errors { code } }`, "ann"},
			{`addEvidence(input: {link: "` + affiliated + `", evidence: [{source: {id: "s_note"}, excerpt: "More"}]}) { errors { code } }`, affiliated},
			{`updateSource(input: {id: "s_article", ifVersion: "` + source + `", text: "Ann Berg has led the Club."}) { errors { code } }`, "s_article"},
		} {
			before := map[string]string{"ann": version("ann"), affiliated: version(affiliated), "s_article": version("s_article")}
			if got := do(t.Context(), e, "mutation { x: "+c.mutation+" }", nil); got != `{"data":{"x":{"errors":[]}}}` {
				t.Errorf("%s: %s", c.mutation, got)
			}
			for id, was := range before {
				if (version(id) != was) != (id == c.moved) {
					t.Errorf("after %s the version of %s is %s, and was %s", c.mutation, id, version(id), was)
				}
			}
		}
		if got := do(t.Context(), e, `mutation { updateLink(input: {id: "`+affiliated+`", ifVersion: "`+link+`", role: "x"}) { errors { code } } }`, nil); got != `{"data":{"updateLink":{"errors":[{"code":"STALE_WRITE"}]}}}` {
			t.Error(got)
		}
	})
}

// TestAMutationIsAllowedBySomeRole: each field has @requires and says so, and own types have theirs.
func TestAMutationIsAllowedBySomeRole(t *testing.T) {
	own := &ast.Source{Name: "own.graphqls", Input: `
"A political party."
type Party implements Entity & Node @graphNode(plural: "parties", date: "founded") { founded: PartialDate note: String wing: Wing seats: Int }
"Which."
enum Wing { "Left." LEFT "Right." RIGHT }
extend enum LinkKind { "Is in it." IS_IN @graphJoins(from: [PERSON], to: [PARTY], phrase: "is in", inverse: "has") }
`}
	cat, err := catalog.Parse("schema.graphqls", throughline.Schema, own)
	if err != nil {
		t.Fatal(err)
	}
	roles := cat.Schema.Types["Role"].EnumValues
	for _, f := range cat.Schema.Mutation.Fields {
		on := f.Directives.ForName("requires")
		if on == nil || roles.ForName(on.Arguments.ForName("role").Value.Raw) == nil {
			t.Errorf("%s is not for any role", f.Name)
			continue
		}
		if role := on.Arguments.ForName("role").Value.Raw; !strings.HasSuffix(f.Description, "Role "+role+".") {
			t.Errorf("%s does not say that it needs the role %s", f.Name, role)
		}
	}
	if len(cat.Schema.Mutation.Fields) < 2*len(cat.Types)+8 {
		t.Errorf("%d mutations", len(cat.Schema.Mutation.Fields))
	}
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		e := writable(t, cat, filled(t, open(t)))
		got := do(t.Context(), e, `mutation {
			createParty(input: {name: "Greens", founded: "1980", note: "a note", wing: LEFT, seats: 3}) { party { id note wing seats version } change { note } errors { code message } }
			updateParty(input: {id: "greens", wing: null, seats: 4}) { party { note wing seats } errors { code } }
			createLink(input: {kind: IS_IN, from: {id: "ann"}, to: {name: "greens"}, evidence: [{source: {id: "s_note"}, excerpt: "x"}]}) { link { sentence } errors { code } }
		}`, nil)
		i := strings.Index(got, `,"version":"`)
		if i < 0 {
			t.Fatal(got)
		}
		got = got[:i] + got[i+len(`,"version":""`)+16:]
		const want = `{"data":{"createParty":{"party":{"id":"greens","note":"a note","wing":"LEFT","seats":3},"change":{"note":null},"errors":[]},` +
			`"updateParty":{"party":{"note":"a note","wing":null,"seats":4},"errors":[]},"createLink":{"link":{"sentence":"Ann Berg is in Greens."},"errors":[]}}}`
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

// TestSeveralAreOne does several operations together, the later of which mean what the earlier have made.
func TestSeveralAreOne(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := filled(t, open(t))
		e := writable(t, cat, s)
		before := export(t, cat, s)
		apply := func(more, operations string) string {
			return do(t.Context(), e, `mutation { applyChanges(input: {`+more+`operations: [`+operations+`]}) {
				results { id as record { ... on Person { name links { nodes { name } } } ... on Source { title } ... on Link { sentence } } }
				change { action note summary } errors { code message path } } }`, nil)
		}
		failed := func(want string) string {
			return `{"data":{"applyChanges":{"results":[],"change":null,"errors":[` + want + `]}}}`
		}
		const source, person = `{createSource: {as: "s", kind: ARTICLE, title: "New", text: "Bea is in the Club."}}`, `{createPerson: {as: "b", name: "Bea"}}`
		const link = `{createLink: {kind: AFFILIATED_WITH, from: {as: "b"}, to: {id: "club"}, evidence: [{source: {as: "s"}, excerpt: "Bea is in the Club"}]}}`
		for _, c := range []struct{ operations, want string }{
			{
				person + link, failed(`{"code":"NOT_FOUND","message":"No operation before this one is called \"s\".","path":["input","operations","1","createLink","evidence","0","source"]}`),
			},
			{
				person + person, failed(`{"code":"ALREADY_EXISTS","message":"An operation before this one is called \"b\".","path":["input","operations","1","createPerson","as"]}`),
			},
			{
				source + `{updatePerson: {id: "ann", died: "1960"}}`, failed(`{"code":"INVALID_DATE_RANGE","message":"The node has born after died.","path":["input","operations","1","updatePerson","born"]}`),
			},
			{
				source + `{createLink: {kind: AFFILIATED_WITH, from: {id: "ann"}, to: {name: "club"}, evidence: [{source: {as: "s"}, excerpt: "x"}]}}`,
				failed(`{"code":"AMBIGUOUS_REF","message":"\"club\" fits 2 entities; name one of the candidates by id","path":["input","operations","1","createLink","to"]}`),
			},
		} {
			if d := cmp.Diff(c.want, apply("", c.operations)); d != "" {
				t.Errorf("%s: %s", c.operations, d)
			}
		}
		for operations, code := range map[string]string{
			`{createPerson: {name: "X", note: "so"}}`:          "BAD_USER_INPUT",
			`{createPerson: {name: "X", dryRun: true}}`:        "BAD_USER_INPUT",
			`{createPerson: {name: "X"}, delete: {id: "ann"}}`: "GRAPHQL_VALIDATION_FAILED",
			`{revertChange: {change: "h_x"}}`:                  "GRAPHQL_VALIDATION_FAILED",
			``:                                                 "BAD_USER_INPUT",
		} {
			if got := apply("", operations); !strings.Contains(got, `"code":"`+code+`"`) {
				t.Errorf("%s: %s, want %s", operations, got, code)
			}
		}
		for query, at := range map[string]string{
			`mutation { createPerson(input: {name: "X", as: "x"}) { errors { code } } }`: `["createPerson","input","as"]`,
			`{ person(ref: {as: "x"}) { id } }`:                                          `["person","ref","as"]`,
			`{ source(ref: {as: "x"}) { id } }`:                                          `["source","ref","as"]`,
		} {
			if got := do(t.Context(), e, query, nil); !strings.Contains(got, `"code":"BAD_USER_INPUT"`) || !strings.Contains(got, at) {
				t.Errorf("%s: %s", query, got)
			}
		}
		// what is created and deleted is no change
		logged := func() int {
			found, err := s.Changes(t.Context(), &store.ChangesQuery{Limit: 1000})
			if err != nil {
				t.Fatal(err)
			}
			return len(found)
		}
		known := logged()
		if got := apply("", person+`{updatePerson: {id: "bea", born: "1990"}} {delete: {id: "bea"}}`); !strings.Contains(got, `"id":"bea"`) ||
			!strings.HasSuffix(got, `"change":null,"errors":[]}}}`) || logged() != known || export(t, cat, s) != before {
			t.Errorf("what is deleted again: %s, %d changes", got, logged()-known)
		}
		all := source + person + link + `{updatePerson: {id: "bea", born: "1990", addAliases: ["B"]}} {delete: {id: "club2"}}`
		results := `"results":[{"id":"s_new","as":"s","record":{"title":"New"}},{"id":"bea","as":"b","record":{"name":"Bea","links":{"nodes":[{"name":"Club"}]}}},` +
			`{"id":"` + kg.LinkID("AFFILIATED_WITH", "bea", "club", "", "", "") + `","as":null,"record":{"sentence":"Bea is affiliated with Club."}},` +
			`{"id":"bea","as":null,"record":{"name":"Bea","links":{"nodes":[{"name":"Club"}]}}},{"id":"club2","as":null,"record":null}]`
		if d := cmp.Diff(`{"data":{"applyChanges":{`+results+`,"change":null,"errors":[]}}}`, apply("dryRun: true, ", all)); d != "" {
			t.Errorf("a trial: %s", d)
		}
		if d := cmp.Diff(before, export(t, cat, s)); d != "" {
			t.Errorf("something was written: %s", d)
		}
		if d := cmp.Diff(`{"data":{"applyChanges":{`+results+`,"change":{"action":"APPLIED","note":"all","summary":"applied: 3 created, 1 removed"},"errors":[]}}}`,
			apply(`note: "all", `, all)); d != "" {
			t.Error(d)
		}
		changes, err := s.Changes(t.Context(), &store.ChangesQuery{Limit: 10})
		if err != nil || len(changes) != 2 {
			t.Fatalf("%+v, %v", changes, err)
		}
		if got := do(t.Context(), e, `mutation { revertChange(input: {change: "`+changes[0].ID+`"}) { errors { code message } } }`, nil); got != `{"data":{"revertChange":{"errors":[]}}}` {
			t.Error(got)
		}
		if d := cmp.Diff(before, export(t, cat, s)); d != "" {
			t.Errorf("taken back, it is otherwise: %s", d)
		}
	})
}
