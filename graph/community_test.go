package graph_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/internal/exchange"
)

type communityPage struct {
	ID      string
	Label   string
	Size    int
	Members struct {
		PageInfo struct {
			HasNextPage, HasPreviousPage bool
			StartCursor, EndCursor       string
		}
		Nodes []struct{ ID string }
	}
}

const communityFields = `id label size members(%s) { pageInfo { hasNextPage hasPreviousPage startCursor endCursor } nodes { id } }`

// TestCommunitiesAreFoundAgain asks as Relay does: a list, then `node` with an id of it for each further page of its
// members, from either end. Whatever the list was asked by, the community is the same, on both stores.
func TestCommunitiesAreFoundAgain(t *testing.T) {
	cat, stores := both(t)
	for _, s := range stores {
		e := engine(t, cat, s)
		seen := map[string]bool{}
		for _, args := range []string{
			``, `seed: 7`, `resolution: 1.5`, `parallel: ONCE`, `types: [PERSON]`, `types: []`,
			`where: {other: {types: [PERSON, EVENT, QUOTE]}}`,
			`where: {other: {linkedTo: {entity: {name: "NATO"}}}, during: {from: "1990"}, minSources: 1} types: [THEME, PERSON] seed: 3`,
		} {
			var list struct {
				Data struct {
					Communities struct{ Nodes []communityPage }
				}
			}
			got := ask(t, e, fmt.Sprintf(`{ communities(minSize: 1 %s) { nodes { `+communityFields+` } } }`, args, "first: 3"), nil)
			if err := json.Unmarshal([]byte(got), &list); err != nil || len(list.Data.Communities.Nodes) == 0 && args != `types: []` {
				t.Fatalf("%s: %v %s", args, err, got)
			}
			for _, c := range list.Data.Communities.Nodes {
				if seen[c.ID] || !strings.HasPrefix(c.ID, "c_") {
					t.Errorf("%s: the id %s is of another", args, c.ID)
				}
				seen[c.ID] = true
				refetch := func(page string) communityPage {
					var one struct{ Data struct{ Node communityPage } }
					got := ask(t, e, fmt.Sprintf(`query($id: ID!) { node(id: $id) { __typename ... on Community { `+communityFields+` } } }`,
						page), map[string]any{"id": c.ID})
					if err := json.Unmarshal([]byte(got), &one); err != nil || one.Data.Node.ID != c.ID ||
						one.Data.Node.Label != c.Label || one.Data.Node.Size != c.Size || !strings.Contains(got, `"__typename":"Community"`) {
						t.Fatalf("%s %s: %v\n%s\nwant %+v", args, page, err, got, c)
					}
					return one.Data.Node
				}
				var forth, back []string
				for page, last := c, false; !last; last = !page.Members.PageInfo.HasNextPage {
					if len(forth) > 0 {
						page = refetch(fmt.Sprintf("first: 3, after: %q", page.Members.PageInfo.EndCursor))
					}
					for _, m := range page.Members.Nodes {
						forth = append(forth, m.ID)
					}
				}
				before := ""
				for {
					page := refetch("last: 2" + before)
					var ids []string
					for _, m := range page.Members.Nodes {
						ids = append(ids, m.ID)
					}
					back = append(ids, back...)
					if !page.Members.PageInfo.HasPreviousPage {
						break
					}
					before = fmt.Sprintf(", before: %q", page.Members.PageInfo.StartCursor)
				}
				if len(forth) != c.Size || !slices.Equal(forth, back) {
					t.Errorf("%s: %s of %d members has %v forwards and %v backwards", args, c.ID, c.Size, forth, back)
				}
			}
		}
		if len(seen) < 30 {
			t.Errorf("only %d communities were looked at", len(seen))
		}
	}
}

// TestIDsOfCommunitiesOutlastTheGraph: when members have come and gone, an id means the community that its member is in
// now, and none once the member is gone.
func TestIDsOfCommunitiesOutlastTheGraph(t *testing.T) {
	cat, s := small(t)
	e := engine(t, cat, s)
	id := "c_" + base64.RawURLEncoding.EncodeToString([]byte(`{"leader":"nato"}`))
	query := fmt.Sprintf(`{ node(id: %q) { id ... on Community { size members(first: 100) { nodes { id } } } } none: nodes(ids: [%[1]q]) { id } }`, id)
	load := func(line string) {
		t.Helper()
		if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("more", []byte(line))},
			exchange.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	if got := ask(t, e, query, nil); got != `{"data":{"node":null,"none":[null]}}` {
		t.Errorf("before there is one: %s", got)
	}
	load(`{"node":"INSTITUTION","id":"nato","name":"North Atlantic"}` + "\n")
	if got := ask(t, e, query, nil); got != `{"data":{"node":null,"none":[null]}}` {
		t.Errorf("without a link: %s", got)
	}
	load(`{"node":"INSTITUTION","id":"other","name":"Other"}` + "\n" +
		`{"source":"ARTICLE","id":"s_x","title":"X"}` + "\n" +
		`{"link":"PART_OF","from":"other","to":"nato","evidence":[{"source":"s_x","excerpt":"x"}]}` + "\n")
	want := fmt.Sprintf(`{"data":{"node":{"id":%q,"size":2,"members":{"nodes":[{"id":"nato"},{"id":"other"}]}},"none":[null]}}`, id)
	if got := ask(t, e, query, nil); got != want {
		t.Errorf("with another: %s\nwant %s", got, want)
	}
	load(`{"delete":"nato","cascade":true}` + "\n")
	if got := ask(t, e, query, nil); got != `{"data":{"node":null,"none":[null]}}` {
		t.Errorf("after it is gone: %s", got)
	}
	for name, held := range map[string]string{
		"a filter that names nothing": `{"leader":"other","where":{"other":{"linkedTo":{"entity":{"id":"nato"}}}}}`,
		"no JSON":                     `{`, "no leader": `{}`, "a leader that is no id": `{"leader":"?"}`,
		"an unknown kind": `{"leader":"lse","where":{"kinds":["NONE"]}}`, "a text for a number": `{"leader":"lse","seed":"x"}`,
	} {
		wrong := "c_" + base64.RawURLEncoding.EncodeToString([]byte(held))
		if got := ask(t, e, fmt.Sprintf(`{ node(id: %q) { id } }`, wrong), nil); got != `{"data":{"node":null}}` {
			t.Errorf("%s: %s", name, got)
		}
	}
	long := strings.Repeat("x", 3000)
	if got := ask(t, e, fmt.Sprintf(`{ communities(where: {role: {eq: %q}}) { nodes { id } } }`, long), nil); !strings.Contains(got, "too long") {
		t.Errorf("a long filter: %s", got)
	}
	if got := ask(t, e, fmt.Sprintf(`{ communities(where: {role: {eq: %q}}) { totalCount } }`, long), nil); !strings.Contains(got, `"totalCount":0`) {
		t.Errorf("a long filter without ids: %s", got)
	}
}
