package writing_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/edit"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// TestAsRecorded reads what was there at a time, of records that were changed, made and deleted since.
func TestAsRecorded(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := filled(t, open(t))
		e := writable(t, cat, s)
		told(t, e)
		at := storetest.Clock().UTC().Format("2006-01-02T15:04:05.000Z")
		const before = "2023-11-14T22:13:19.999Z"
		for _, c := range []struct{ query, want string }{
			{
				`asRecorded(id: "ann", at: "` + at + `") { id at kind record links { totalCount pageInfo { hasNextPage } nodes { id } edges { node { record } } } }`,
				`{"id":"ann","at":"` + at + `","kind":"PERSON","record":"{\"node\":\"PERSON\",\"id\":\"ann\",\"name\":\"Ann Berg\",\"aliases\":[\"A. Berg\"],`,
			},
			{
				`asRecorded(id: "ann", at: "` + at + `") { links { totalCount pageInfo { hasNextPage } nodes { id } } }`,
				`{"links":{"totalCount":1,"pageInfo":{"hasNextPage":false},"nodes":[{"id":"` + affiliated + `"}]}}`,
			},
			{
				`asRecorded(id: "ann", at: "` + before + `") { kind record links { totalCount nodes { id } } none: links(last: 0) { pageInfo { hasPreviousPage } } }`,
				`{"kind":null,"record":null,"links":{"totalCount":0,"nodes":[]},"none":{"pageInfo":{"hasPreviousPage":false}}}`,
			},
			{
				`asRecorded(id: "s_article", at: "2100-01-01T00:00:00Z") { kind record links { totalCount } }`,
				`{"kind":"SOURCE","record":"{\"source\":\"ARTICLE\",\"id\":\"s_article\",\"title\":\"The Club\",\"authors\":[\"A\",\"B\"],\"text\":\"Ann Berg has led`,
			},
			{
				`asRecorded(id: "` + affiliated + `", at: "2100-01-01T01:00:00+01:00") { at kind record links { totalCount } }`,
				`{"at":"2100-01-01T00:00:00.000Z","kind":"AFFILIATED_WITH","record":"{\"link\":\"AFFILIATED_WITH\",\"id\":\"` + affiliated + `\",\"from\":\"ann\"`,
			},
			{`asRecorded(id: "nobody", at: "` + at + `") { kind record links { nodes { record } } }`, `{"kind":null,"record":null,"links":{"nodes":[]}}`},
			{`asRecorded(id: "club2", at: "` + at + `") { record }`, `{"record":null}`},
		} {
			got := do(t.Context(), e, "{ q: "+c.query+" }", nil)
			if want := `{"data":{"q":` + c.want; !strings.HasPrefix(got, want) {
				t.Errorf("%s\n%s\nwant\n%s", c.query, got, want)
			}
		}
		if got := do(t.Context(), e, `{ asRecorded(id: "ann", at: "yesterday") { id } }`, nil); !strings.Contains(got, "BAD_USER_INPUT") ||
			!strings.Contains(got, `"argument":["asRecorded","at"]`) {
			t.Error(got)
		}
		hidden, err := graph.New(graph.Options{Catalog: cat, Store: s})
		if err != nil {
			t.Fatal(err)
		}
		if got := do(t.Context(), hidden, `{ asRecorded(id: "s_article", at: "`+at+`") { record } }`, nil); !strings.Contains(got, "The Club") ||
			strings.Contains(got, "Oslo") {
			t.Error("the text of a source that is not served:", got)
		}
	})
}

// TestWhatIsNotKept deletes the earliest changes: what is asked about the time before is refused, and a change that is gone
// is not taken back.
func TestWhatIsNotKept(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := filled(t, open(t))
		e := writable(t, cat, s)
		told(t, e)
		second, fifth := changeOf(t, e, 2), changeOf(t, e, 5)
		gone, err := s.Changes(t.Context(), &store.ChangesQuery{IDs: []string{second}, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		for more := true; more; {
			if more, err = s.Compact(t.Context(), 5, 2); err != nil {
				t.Fatal(err)
			}
		}
		at := storetest.Clock().UTC().Format("2006-01-02T15:04:05.000Z")
		for _, c := range []struct{ query, want string }{
			{
				`{ changes { totalCount nodes { seq reverts { seq } } } change(id: "` + second + `") { seq } node(id: "` + fifth + `") { ... on Change { seq } } }`,
				`{"data":{"changes":{"totalCount":2,"nodes":[{"seq":6,"reverts":null},{"seq":5,"reverts":null}]},"change":null,"node":{"seq":5}}}`,
			},
			{`{ changes(first: 1) { totalCount } }`, `{"data":{"changes":{"totalCount":2}}}`},
			{`{ changes(upTo: 5, first: 0) { totalCount } }`, `{"data":{"changes":{"totalCount":1}}}`},
			{`{ changes(upTo: 4, first: 0) { totalCount } }`, `{"data":{"changes":{"totalCount":0}}}`},
			{
				`{ person(ref: {id: "ann"}) { history { totalCount nodes { seq } } } }`,
				`{"data":{"person":{"history":{"totalCount":1,"nodes":[{"seq":5}]}}}}`,
			},
			{`{ asRecorded(id: "club2", at: "` + at + `") { record } }`, `{"data":{"asRecorded":{"record":null}}}`},
			{
				`{ asRecorded(id: "club2", at: "2023-11-14T22:13:19.999Z") { record } }`,
				`{"errors":[{"message":"the history is kept since ` + at + `: what was before is not known any more","path":["asRecorded"],` +
					`"extensions":{"argument":["asRecorded","at"],"code":"HISTORY_NOT_KEPT","since":"` + at + `"}}],"data":{"asRecorded":null}}`,
			},
			{
				`mutation { revertChange(input: {change: "` + second + `"}) { errors { code path } } }`,
				`{"data":{"revertChange":{"errors":[{"code":"NOT_FOUND","path":["input","change"]}]}}}`,
			},
			{`mutation { revertChange(input: {change: "` + fifth + `"}) { errors { message } } }`, `{"data":{"revertChange":{"errors":[]}}}`},
			{`{ person(ref: {id: "ann"}) { born history { totalCount } } }`, `{"data":{"person":{"born":"1971","history":{"totalCount":2}}}}`},
		} {
			if got := do(t.Context(), e, c.query, nil); got != c.want {
				t.Errorf("%s\n%s\nwant\n%s", c.query, got, c.want)
			}
		}
		// one that is deleted after it was looked up
		_, err = edit.Apply(t.Context(), cat, s, &edit.Revert{Log: s, Change: gone[0]}, edit.About{})
		var p *edit.UserError
		if !errors.As(err, &p) || p.Code != edit.NotFound || !strings.Contains(p.Message, "begins with change 5") {
			t.Error(err)
		}
	})
}
