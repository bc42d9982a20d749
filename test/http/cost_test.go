package http_test

import (
	"strings"
	"testing"
)

// TestCostIsForThoseWhoAsk: the extension of a request has the answer tell what the operation costs, and what is no
// such extension is refused.
func TestCostIsForThoseWhoAsk(t *testing.T) {
	base, _ := start(t, nil)
	const query = `"query":"{ person(ref: {name: \"Mary Kaldor\"}) { id } }"`
	plain := post(t, base, `{ person(ref: {name: "Mary Kaldor"}) { id } }`).body
	for extensions, want := range map[string]string{
		`{"cost":true}`:           strings.TrimSuffix(plain, "}") + `,"extensions":{"cost":3,"limit":10000}}`,
		`{"cost":true,"other":1}`: strings.TrimSuffix(plain, "}") + `,"extensions":{"cost":3,"limit":10000}}`,
		`{"cost":false}`:          plain,
		`{"other":true}`:          plain,
		`null`:                    plain,
	} {
		if r := do(t, "POST", base+"/graphql", `{`+query+`,"extensions":`+extensions+`}`, asJSON); r.body != want {
			t.Errorf("%s: %s, want %s", extensions, r.body, want)
		}
	}
	if r := do(t, "POST", base+"/graphql", `{`+query+`,"extensions":{"cost":"yes"}}`, asJSON); r.status != 400 ||
		r.code(t) != "BAD_REQUEST" {
		t.Errorf("%d %s", r.status, r.body)
	}
}
