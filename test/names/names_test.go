// Package names_test asks for entities by the names people write, on every store and the oracle: what is one name is
// found, what is another never is.
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
		if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("names", []byte(lines))},
			exchange.Options{}); err != nil {
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
	lines := person("hana", "ハナ") + person("ram", "राम") + person("rama", "रामा") + person("andrey",
		"Андрей") + person("ahmad", "أحمد") +
		person("muhammad", "مُحَمَّد") + person("oneill", "O’Neill") + person("picard", "Jean–Luc Picard",
		"The Cap\u00adtain") + person("co2", "CO₂")
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
			q := fmt.Sprintf(`{ person(ref: {name: %[1]s}) { id } people(where: {name: {eq: %[1]s}}) { nodes { id } } }`,
				name)
			if got, want := ask(q), `{"person":`+one+`,"people":{"nodes":`+list+`}}`; got != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
		for word, want := range map[string]string{
			"राम": "ram", "o`neill": "oneill", "JEAN—luc": "picard",
			"cap\u200dtain": "picard", "محمد": "muhammad", "co₂": "co2",
		} {
			got := ask(fmt.Sprintf(`{ search(text: %q) { nodes { id } } }`, word))
			if want := fmt.Sprintf(`{"search":{"nodes":[{"id":%q}`, want); !strings.HasPrefix(got, want) {
				t.Errorf("search for %s: %s, want %s", word, got, want)
			}
		}
	})
}

func TestSearchFindsInitialsAndTheMiddleOfARun(t *testing.T) {
	lines := person("fbi", "FBI") + person("bureau", "The F.B.I. Bureau") + person("tower", "東京タワー") + person("korea",
		"대한민국") + person("thai", "ประเทศไทย") + person("li", "李明")
	everywhere(t, lines, func(t *testing.T, ask func(string) string) {
		t.Helper()
		for word, want := range map[string]string{
			"F.B.I.": `{"id":"fbi"},{"id":"bureau"}`, "fbi": `{"id":"fbi"},{"id":"bureau"}`, "京タワ": `{"id":"tower"}`, "タワー": `{"id":"tower"}`, "民国": ``,
			"민국": `{"id":"korea"}`, "ไทย": `{"id":"thai"}`, "明": `{"id":"li"}`, "李明": `{"id":"li"}`,
		} {
			if got := ask(fmt.Sprintf(`{ search(text: %q) { nodes { id } } }`,
				word)); got != `{"search":{"nodes":[`+want+`]}}` {
				t.Errorf("search for %s: %s, want %s", word, got, want)
			}
		}
	})
}

// typed are entities that share names: seven quotes titled as a man is called, a theme and an institution.
func typed() string {
	var b strings.Builder
	b.WriteString(person("donald-trump", "Donald Trump"))
	b.WriteString(`{"source":"ARTICLE","id":"s_a","title":"A"}` + "\n")
	for i := range 7 {
		fmt.Fprintf(&b, `{"node":"QUOTE","id":"q%d","name":"Donald Trump","text":"Words number %[1]d."}`+"\n", i)
	}
	b.WriteString(`{"node":"QUOTE","id":"q-taxes","name":"On taxes","text":"Taxes are high."}` + "\n")
	b.WriteString(`{"node":"THEME","id":"taxes","name":"Taxes","description":"What a state takes."}` + "\n")
	b.WriteString(`{"node":"INSTITUTION","id":"taxes-board","name":"Board of Revenue","aliases":["Taxes"]}` + "\n")
	link := func(kind, from, to string) {
		fmt.Fprintf(&b, `{"link":%q,"from":%q,"to":%q,"evidence":[{"source":"s_a","excerpt":"so it is said"}]}`+"\n",
			kind, from, to)
	}
	link("SAID", "donald-trump", "q-taxes")
	link("ABOUT", "q-taxes", "taxes")
	link("AFFILIATED_WITH", "donald-trump", "taxes-board")
	for i := range 12 {
		id := fmt.Sprintf("smith-%02d", i)
		b.WriteString(person(id, "John Smith"))
		if i%3 == 0 {
			link("AFFILIATED_WITH", id, "taxes-board")
		}
	}
	return b.String()
}

func TestWhatCanStandThereIsMeant(t *testing.T) {
	smiths := func(ids ...string) string {
		var out []string
		for i, id := range ids {
			n := 0
			if i < 4 {
				n = 1
			}
			out = append(out, fmt.Sprintf(`{"id":"smith-%s","type":"PERSON","name":"John Smith","linkCount":%d}`, id,
				n))
		}
		return strings.Join(out, ",")
	}
	const twoTaxes = `"taxes" fits 2 entities; name one of the candidates by id {"argument":["entity","ref"],"candidateCount":2,"candidates":[` +
		`{"id":"taxes-board","type":"INSTITUTION","name":"Board of Revenue","linkCount":5},` +
		`{"id":"taxes","type":"THEME","name":"Taxes","description":"What a state takes.","linkCount":1}],"code":"AMBIGUOUS_REF"}`
	asked := []struct{ query, want string }{
		// a quote's title gives way, wherever it stands
		{`{ entity(ref: {name: "donald trump"}) { id } }`, `{"entity":{"id":"donald-trump"}}`},
		{
			`{ quotes(where: {linkedTo: {entity: {name: "Donald Trump"}}}) { nodes { id } } }`,
			`{"quotes":{"nodes":[{"id":"q-taxes"}]}}`,
		},
		{
			`{ paths(from: {name: "Donald Trump"}, to: {typedName: {type: THEME, name: "Taxes"}}, where: {kinds: [SAID, ABOUT]}) { nodes { nodes { id } } } }`,
			`{"paths":{"nodes":[{"nodes":[{"id":"donald-trump"},{"id":"q-taxes"},{"id":"taxes"}]}]}}`,
		},
		{`{ entity(ref: {name: "taxes"}) { id } }`, twoTaxes},
		// what can stand in a place
		{
			`{ quotes(where: {linkedTo: {link: {kinds: [ABOUT]}, entity: {name: "taxes"}}}) { nodes { id } } }`,
			`{"quotes":{"nodes":[{"id":"q-taxes"}]}}`,
		},
		{
			`{ quotes(where: {linkedTo: {link: {kinds: ABOUT}, entity: {name: "taxes"}}}) { nodes { id } } }`,
			`{"quotes":{"nodes":[{"id":"q-taxes"}]}}`,
		},
		{
			`{ people(where: {linkedTo: {link: {kinds: [AFFILIATED_WITH]}, entity: {name: "taxes"}}, name: {startsWith: "don"}}) { nodes { id } } }`,
			`{"people":{"nodes":[{"id":"donald-trump"}]}}`,
		},
		{
			`{ people(where: {linkedTo: {entity: {typedName: {type: INSTITUTION, name: "TAXES"}}}, not: {name: {eq: "John Smith"}}}) { nodes { id } } }`,
			`{"people":{"nodes":[{"id":"donald-trump"}]}}`,
		},
		{
			`{ person(ref: {id: "donald-trump"}) { links(where: {other: {types: QUOTE, linkedTo: {link: {kinds: [ABOUT]}, entity: {name: "taxes"}}}}) { nodes { id } } } }`,
			`{"person":{"links":{"nodes":[{"id":"q-taxes"}]}}}`,
		},
		{
			`{ match(pattern: [{node: {}}, {link: {kinds: [ABOUT], direction: OUTGOING}}, {node: {ref: {name: "taxes"}}}]) { nodes { nodes { id } } } }`,
			`{"match":{"nodes":[{"nodes":[{"id":"q-taxes"},{"id":"taxes"}]}]}}`,
		},
		// types told
		{`{ entity(ref: {typedName: {type: THEME, name: "taxes"}}) { id } }`, `{"entity":{"id":"taxes"}}`},
		{`{ person(ref: {typedName: {type: THEME, name: "taxes"}}) { id } }`, `{"person":null}`},
		{
			`{ people(where: {linkedTo: {link: {kinds: [SAID]}, entity: {typedName: {type: PLACE, name: "taxes"}}}}) { totalCount } }`,
			`people.where.linkedTo.entity: no entity of this name can stand here {"argument":["people","where","linkedTo","entity"],"code":"NOT_FOUND","suggestions":[]}`,
		},
		{
			`{ match(pattern: [{node: {}}, {link: {kinds: [ABOUT]}}, {node: {ref: {typedName: {type: QUOTE, name: "taxes"}}}}]) { nodes { nodes { id } } } }`,
			`match.pattern[2].node.ref: there is no QUOTE of this name {"argument":["match","pattern",2,"node","ref"],"code":"NOT_FOUND","suggestions":[{"id":"q-taxes","type":"QUOTE","name":"On taxes"}]}`,
		},
		{
			`{ match(pattern: [{node: {types: [PERSON]}}, {link: {kinds: [SAID]}}, {node: {ref: {typedName: {type: THEME, name: "taxes"}}}}]) { nodes { nodes { id } } } }`,
			`match.pattern[2].node.ref: no entity of this name can stand here {"argument":["match","pattern",2,"node","ref"],"code":"NOT_FOUND","suggestions":[]}`,
		},
		{`{ entity(ref: {typedName: {type: QUOTE, name: "on taxes"}}) { id } }`, `{"entity":{"id":"q-taxes"}}`},
		// what is like a name that names nothing, in filters
		{
			`{ people(where: {not: {linkedTo: {link: {kinds: [SAID]}, entity: {name: "on taxs"}}}}) { totalCount } stats { sources } }`,
			`people.where.not.linkedTo.entity: there is no QUOTE of this name {"argument":["people","where","not","linkedTo","entity"],"code":"NOT_FOUND","suggestions":[{"id":"q-taxes","type":"QUOTE","name":"On taxes"}]}`,
		},
		{
			`{ person(ref: {id: "donald-trump"}) { links(where: {or: {other: {linkedTo: {entity: {name: "tax"}}}}}) { totalCount } } }`,
			`links.where.or[0].other.linkedTo.entity: there is no entity of this name {"argument":["links","where","or",0,"other","linkedTo","entity"],"code":"NOT_FOUND","suggestions":[{"id":"taxes","type":"THEME","name":"Taxes"},{"id":"q-taxes","type":"QUOTE","name":"On taxes"},{"id":"taxes-board","type":"INSTITUTION","name":"Board of Revenue"}]}`,
		},
		{
			`{ communities(where: {other: {linkedTo: {entity: {typedName: {type: QUOTE, name: "on taxs"}}}}}) { totalCount } }`,
			`communities.where.other.linkedTo.entity: there is no QUOTE of this name {"argument":["communities","where","other","linkedTo","entity"],"code":"NOT_FOUND","suggestions":[{"id":"q-taxes","type":"QUOTE","name":"On taxes"}]}`,
		},
		{
			`{ people(where: {ids: ["nobody"]}) { totalCount } links(where: {sources: ["s_nothing"]}) { totalCount } }`,
			`{"people":{"totalCount":0},"links":{"totalCount":0}}`,
		},
		// the argument of a search
		{
			`{ paths(from: {name: "Donald Trump"}, to: {id: "taxes"}, via: [{id: "q-taxes"}, {name: "taxes"}]) { report { outcome } } }`,
			strings.Replace(twoTaxes, `["entity","ref"]`, `["paths","via",1]`, 1),
		},
		// more than ten
		{
			`{ entity(ref: {name: "john smith"}) { id } }`,
			`"john smith" fits 12 entities; name one of the candidates by id {"argument":["entity","ref"],"candidateCount":12,"candidates":[` + smiths("00", "03", "06",
				"09", "01", "02", "04", "05", "07", "08") + `],"code":"AMBIGUOUS_REF"}`,
		},
		{
			`{ institutions(where: {linkedTo: {entity: {name: "john smith"}}}) { totalCount } }`,
			`"john smith" fits 12 entities; name one of the candidates by id {"argument":["institutions","where","linkedTo","entity"],"candidateCount":12,"candidates":[` + smiths("00", "03", "06",
				"09", "01", "02", "04", "05", "07", "08") + `],"code":"AMBIGUOUS_REF"}`,
		},
		{
			`{ entity(ref: {typedName: {type: QUOTE, name: "Donald Trump"}}) { id } }`,
			`"Donald Trump" fits 7 entities; name one of the candidates by id {"argument":["entity","ref"],"candidateCount":7,"candidates":[` +
				`{"id":"q0","type":"QUOTE","name":"Donald Trump","linkCount":0},{"id":"q1","type":"QUOTE","name":"Donald Trump","linkCount":0},{"id":"q2","type":"QUOTE","name":"Donald Trump","linkCount":0},{"id":"q3","type":"QUOTE","name":"Donald Trump","linkCount":0},{"id":"q4","type":"QUOTE","name":"Donald Trump","linkCount":0},{"id":"q5","type":"QUOTE","name":"Donald Trump","linkCount":0},{"id":"q6","type":"QUOTE","name":"Donald Trump","linkCount":0}],"code":"AMBIGUOUS_REF"}`,
		},
	}
	everywhere(t, typed(), func(t *testing.T, ask func(string) string) {
		t.Helper()
		for _, a := range both.Part(t, asked) {
			if got := ask(a.query); got != a.want {
				t.Errorf("%s\n got %s\nwant %s", a.query, got, a.want)
			}
		}
	})
}
