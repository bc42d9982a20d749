package graph

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMutationsAreWrittenAsTheExecutorWritesThem holds the answers to mutations, user errors of several types among
// them, against the generated executor's. Nothing is changed, so that both answer from the same graph.
func TestMutationsAreWrittenAsTheExecutorWritesThem(t *testing.T) {
	cat := extended(t, nil, "")
	s := stored(t, cat)
	e, err := New(Options{Catalog: cat, Store: s, Writer: s})
	if err != nil {
		t.Fatal(err)
	}
	const errs = `errors { __typename code message path ... on DependentsError { linkCount links { id sentence } }
		... on StaleWriteError { current { __typename id ... on Person { name links(first: 2) { nodes { id } } } } } ... on ExcerptError { nearest start end }
		... on CandidatesError { candidates { id name } } ... on BlockedError { changes { id summary } } }`
	const items = ` items { __typename recordId kind before after fields { name before after } record { __typename id } } `
	const query = `mutation {
		__typename
		a: createPerson(input: {name: "Ann", dryRun: true}) { __typename person { id name version aliases links { totalCount } } change { id } ` + items + errs + ` }
		b: delete(input: {id: "mary-kaldor"}) { deletedIds ` + errs + ` }
		c: updatePerson(input: {id: "mary-kaldor", ifVersion: "old"}) { person { id } ` + errs + ` }
		d: delete(input: {id: "nobody"}) { deletedIds change { by note } ` + errs + ` }
		e: delete(input: {id: "mary-kaldor", cascade: true, dryRun: true}) { deletedIds ` + items + errs + ` }
	}`
	answers := [2]string{}
	for i, ctx := range []context.Context{t.Context(), context.WithValue(t.Context(), forceKey{}, true)} {
		r := e.Do(ctx, &Request{Query: query})
		answers[i] = string(r.AppendJSON(nil))
		r.Release()
	}
	if d := cmp.Diff(answers[1], answers[0]); d != "" || len(answers[0]) < 500 {
		t.Errorf("%s %s", answers[0], d)
	}
}
