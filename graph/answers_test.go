package graph

import (
	"strings"
	"testing"
)

// TestAnswersOnTheSample holds small answers of questions, each of which depends on one step that other tests pass
// over.
func TestAnswersOnTheSample(t *testing.T) {
	cat := extended(t, nil, "")
	e, err := New(Options{Catalog: cat, Store: stored(t, cat)})
	if err != nil {
		t.Fatal(err)
	}
	const kaldor, nato, civilians = `{name: "Mary Kaldor"}`, `{name: "NATO"}`, `{name: "protection of civilians"}`
	nested := strings.Repeat("{and: ", 40) + "{minSources: 1}" + strings.Repeat("}", 40)
	for query, want := range map[string]string{
		`{ compare(left: ` + kaldor + `, right: ` + nato +
			`) { shared { facets(by: [KIND, ROLE, OTHER_TYPE]) { buckets { key count } } } } }`: `{"data":{"compare":{"shared":{"facets":[` +
			`{"buckets":[{"key":"MENTIONS","count":1},{"key":"PARTICIPATED_IN","count":1},{"key":"REPRESENTED_AT","count":1},{"key":"SAID","count":1}]},` +
			`{"buckets":[{"key":"participant","count":1}]},{"buckets":[{"key":"EVENT","count":2},{"key":"QUOTE","count":2}]}]}}}}`,
		`{ compare(left: ` + kaldor + `, right: ` + nato +
			`) { shared(first: 0) { facets(by: [SOURCE, YEAR]) { by buckets { count year node { __typename ... on Source { title } } } } } } }`: `{"data":{"compare":{"shared":{"facets":[{"by":"SOURCE","buckets":[{"count":4,"year":null,"node":{"__typename":"Source",` +
			`"title":"“Human Security is about Protecting civilians” – Mary Kaldor"}}]},{"by":"YEAR","buckets":[]}]}}}}`,
		`{ timeline(subjects: ` + kaldor +
			`, during: {isNull: false}) { totalCount } }`: `{"data":{"timeline":{"totalCount":1}}}`,
		`{ timeline(subjects: ` + kaldor +
			`, during: {isNull: true}) { totalCount } }`: `{"data":{"timeline":{"totalCount":0}}}`,
		`{ paths(from: ` + kaldor + `, to: ` + civilians + `, avoid: ` + kaldor +
			`) { nodes { cost } } }`: `{"errors":[{"message":"paths.avoid: an entity cannot be avoided and be from, to or via at once",` +
			`"path":["paths"],"extensions":{"argument":["paths","avoid"],"code":"BAD_USER_INPUT"}}],"data":{"paths":null}}`,
		`{ paths(from: ` + kaldor + `, to: ` + civilians + `, avoid: ` + nato +
			`, first: 1) { nodes { length } } }`: `{"data":{"paths":{"nodes":[{"length":`,
		`{ links(where: ` + nested +
			`) { totalCount } }`: `{"errors":[{"message":"links.where.and[0].and[0].and[0].and[0].and[0].and[0].and[0].and[0]: a filter has at most 8 levels","extensions":`,
	} {
		got := answerTo(t, e, query, false)
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s\n got %s\nwant %s", query, got, want)
		}
	}
}
