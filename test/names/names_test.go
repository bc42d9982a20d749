// Package names_test asks for entities by the names people write, on every store and the oracle: what is one name is found, what
// is another never is.
package names_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// everywhere runs a test on a store of each kind that holds a file, and on the oracle.
func everywhere(t *testing.T, lines string, test func(t *testing.T, ask func(query string) string)) {
	t.Helper()
	cat := both.Catalog(t)
	on := func(t *testing.T, s store.Store) {
		t.Helper()
		if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("names", []byte(lines))}, exchange.Options{}); err != nil {
			t.Fatal(err)
		}
		e, err := graph.New(graph.Options{Catalog: cat, Store: s, Introspection: true})
		if err != nil {
			t.Fatal(err)
		}
		test(t, func(query string) string { return answer(t, e, query) })
	}
	t.Run("oracle", func(t *testing.T) { on(t, storetest.NewOracle(cat, both.Clock)) })
	both.Run(t, cat, func(t *testing.T, open both.Open) { on(t, open(t)) })
}

// answer is the data of an answer, or its first error with what it says beside the message.
func answer(t *testing.T, e *graph.Engine, query string) string {
	t.Helper()
	r := e.Do(t.Context(), &graph.Request{Query: query})
	defer r.Release()
	if len(r.Errors) > 0 {
		more, err := json.Marshal(r.Errors[0].Extensions)
		if err != nil {
			t.Fatal(err)
		}
		return r.Errors[0].Message + " " + string(more)
	}
	return string(r.Data)
}

// person writes a line for a person.
func person(id, name string, aliases ...string) string {
	b, err := json.Marshal(struct {
		Node    string   `json:"node"`
		ID      string   `json:"id"`
		Name    string   `json:"name"`
		Aliases []string `json:"aliases,omitempty"`
	}{"PERSON", id, name, aliases})
	if err != nil {
		panic(err)
	}
	return string(b) + "\n"
}

func TestANameNeverMeansAnother(t *testing.T) {
	lines := person("hana", "ハナ") + person("ram", "राम") + person("rama", "रामा") + person("andrey", "Андрей") + person("ahmad", "أحمد") +
		person("muhammad", "مُحَمَّد") + person("oneill", "O’Neill") + person("picard", "Jean–Luc Picard", "The Cap\u00adtain") + person("co2", "CO₂")
	asked := []struct{ name, id string }{
		{"ハナ", "hana"},
		{"ﾊﾅ", "hana"},
		{"バナ", ""},
		{"パナ", ""},
		{"はな", ""},
		{"राम", "ram"},
		{"रामा", "rama"},
		{"रम", ""},
		{"रा\u200dम", "ram"},
		{"Андре\u0438\u0306", "andrey"},
		{"АНДРЕЙ", "andrey"},
		{"Андреи", ""},
		{"أحمد", "ahmad"},
		{"احمد", ""},
		{"محمد", "muhammad"},
		{"محـمد", "muhammad"},
		{"O'Neill", "oneill"},
		{"O`NEILL", "oneill"},
		{"O\u200bʼNeill", "oneill"},
		{"ONeill", ""},
		{"Jean-Luc Picard", "picard"},
		{"Jean\u2011Luc\u00a0Picard\ufeff", "picard"},
		{"the captain", "picard"},
		{"co2", "co2"},
	}
	everywhere(t, lines, func(t *testing.T, ask func(string) string) {
		t.Helper()
		for _, a := range asked {
			one, list := `null`, `[]`
			if a.id != "" {
				one, list = fmt.Sprintf(`{"id":%q}`, a.id), fmt.Sprintf(`[{"id":%q}]`, a.id)
			}
			name, err := json.Marshal(a.name)
			if err != nil {
				t.Fatal(err)
			}
			q := fmt.Sprintf(`{ person(ref: {name: %[1]s}) { id } people(where: {name: {eq: %[1]s}}) { nodes { id } } }`, name)
			if got, want := ask(q), `{"person":`+one+`,"people":{"nodes":`+list+`}}`; got != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
		for word, want := range map[string]string{"राम": "ram", "o`neill": "oneill", "JEAN—luc": "picard", "cap\u200dtain": "picard", "محمد": "muhammad", "co₂": "co2"} {
			got := ask(fmt.Sprintf(`{ search(text: %q) { nodes { id } } }`, word))
			if want := fmt.Sprintf(`{"search":{"nodes":[{"id":%q}`, want); !strings.HasPrefix(got, want) {
				t.Errorf("search for %s: %s, want %s", word, got, want)
			}
		}
	})
}
