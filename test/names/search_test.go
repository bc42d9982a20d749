package names_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store/storetest/both"
	"github.com/throughline/throughline/internal/text"
)

// searchCase is what is searched for, and what is found.
type searchCase struct {
	text  string
	found string // ids, with a space between each two
	first string // the highlight of the first; "" = any
}

// TestHighlightsCountAsBrowsersDo: where words stand is told in UTF-16, in which characters beyond the first plane are
// two units, and each field in which words stand has its own text.
func TestHighlightsCountAsBrowsersDo(t *testing.T) {
	lines := `{"node":"PERSON","id":"ada","externalIds":[{"scheme":"wikidata","value":"Q77"}],"name":"😀 Ada 𝒦aldor","aliases":["Countess 👩‍👩‍👧 Ada"],"description":"Ada, 😀Ada; ` + strings.Repeat("🎈 ", 60) + `engine ada."}` + "\n" +
		`{"source":"ARTICLE","id":"s_a","title":"A 😀 bomb","text":"Nothing. The 🧨 engine of **Ada** 🎈 works. Else."}` + "\n"
	everywhere(t, lines, func(t *testing.T, ask func(string) string) {
		t.Helper()
		for query, want := range map[string]string{
			"ada":        "ada name:😀 **Ada** 𝒦aldor aliases:Countess 👩‍👩‍👧 **Ada** description:**Ada**, 😀**Ada**; " + strings.Repeat("🎈 ", 60) + "engine **ada**. | s_a text:The 🧨 engine of ****Ada**** 🎈 works.",
			"engine":     "s_a text:The 🧨 **engine** of **Ada** 🎈 works. | ada description:…" + strings.Repeat("🎈 ", 40) + "**engine** ada.",
			"bomb":       "s_a title:A 😀 **bomb**",
			"ada engine": "ada description:**Ada**, 😀**Ada**; " + strings.Repeat("🎈 ", 60) + "**engine** **ada**. name:😀 **Ada** 𝒦aldor aliases:Countess 👩‍👩‍👧 **Ada** | s_a text:The 🧨 **engine** of ****Ada**** 🎈 works.",
			"Q77":        "ada", // found by its id, no words stand there
		} {
			answer := ask(fmt.Sprintf(`{ search(text: %q) { edges { node { id } highlights { field text ranges { start end } } } } }`, query))
			var got struct {
				Search struct {
					Edges []struct {
						Node       struct{ ID string }
						Highlights []kg.Highlight
					}
				}
			}
			if err := json.Unmarshal([]byte(answer), &got); err != nil {
				t.Fatal(answer)
			}
			var found []string
			for _, e := range got.Search.Edges {
				one := e.Node.ID
				for _, h := range e.Highlights {
					one += " " + h.Field + ":" + h.Marked("**", "**")
				}
				found = append(found, one)
			}
			if all := strings.Join(found, " | "); all != want {
				t.Errorf("%s:\n got %s\nwant %s", query, all, want)
			}
		}
	})
}

// searches runs searches over lines everywhere.
func searches(t *testing.T, lines string, cases []searchCase) {
	t.Helper()
	everywhere(t, lines, func(t *testing.T, ask func(string) string) {
		t.Helper()
		for _, c := range cases {
			quoted, err := json.Marshal(c.text)
			if err != nil {
				t.Fatal(err)
			}
			answer := ask(fmt.Sprintf(`{ search(text: %s) { totalCount edges { highlights { field text ranges { start end } } node { id } } } }`, quoted))
			var got struct {
				Search struct {
					TotalCount int
					Edges      []struct {
						Highlights []kg.Highlight
						Node       struct{ ID string }
					}
				}
			}
			if err := json.Unmarshal([]byte(answer), &got); err != nil {
				t.Errorf("search for %s: %s", c.text, answer)
				continue
			}
			var ids []string
			for _, e := range got.Search.Edges {
				ids = append(ids, e.Node.ID)
			}
			found := strings.Join(ids, " ")
			if found != c.found {
				t.Errorf("search for %s: found %s, want %s", c.text, found, c.found)
				continue
			}
			if c.first == "" {
				continue
			}
			if of := got.Search.Edges[0].Highlights; len(of) == 0 || of[0].Marked("**", "**") != c.first {
				t.Errorf("search for %s: highlights %+v, want %s", c.text, of, c.first)
			}
		}
	})
}

func TestSearchFindsThePersonOfInitials(t *testing.T) {
	lines := person("donald-trump", "Donald Trump") + person("donald-trump-jr", "Donald Trump Jr.") + person("melania",
		"Melania Trump") + person("adam-smith", "Adam Smith") +
		person("jane-smith", "Jane Smith") + person("jfk", "John F. Kennedy") + person("robert",
		"Robert F. Kennedy") + person("tolkien", "J.R.R. Tolkien") +
		person("theodore", "Theodore Roosevelt") + person("un", "United Nations", "U.N.") + person("ulf", "Ulf Norén") +
		`{"node":"INSTITUTION","id":"theatre","name":"Roosevelt Theatre"}
{"node":"INSTITUTION","id":"smith-story","name":"A Smith's Tale","description":"A story of a smith."}
{"node":"INSTITUTION","id":"library","name":"John F. Kennedy Library"}
{"node":"THEME","id":"drugs","name":"Drugs","description":"What Trump said of them."}
{"node":"QUOTE","id":"a-quote","name":"Donald Trump","text":"He has gone."}
`
	searches(t, lines, []searchCase{
		{"D. Trump", "donald-trump a-quote donald-trump-jr drugs", "**Donald** **Trump**"},
		{"d.trump", "donald-trump a-quote donald-trump-jr drugs", "**Donald** **Trump**"},
		{"A. Smith", "adam-smith smith-story", "**Adam** **Smith**"},
		{"J.F. Kennedy", "jfk library", "**John** **F**. **Kennedy**"},
		{"J. F. Kennedy", "jfk library", "**John** **F**. **Kennedy**"},
		{"J. R. R. Tolkien", "tolkien", "**J.R.R**. **Tolkien**"},
		{"T. Roosevelt", "theodore theatre", "**Theodore** **Roosevelt**"},
		{"Kennedy J.", "jfk library", "**John** F. **Kennedy**"},
		{"U.N.", "un ulf", "**United** **Nations**"},
	})
}

func TestSearchKeepsQuotedWordsTogether(t *testing.T) {
	lines := person("one", "Mary Security") + person("kaldor", "Mary Kaldor", "Kaldor, Mary") + person("tower",
		"東京タワー") +
		`{"node":"THEME","id":"human-security","name":"Human Security"}
{"node":"THEME","id":"security","name":"Security","description":"Of NATO: human, and security."}
{"node":"THEME","id":"apart","name":"Human NATO","description":"Security of every human"}
{"node":"THEME","id":"ends","name":"Anything human","description":"Security is not meant."}
{"node":"QUOTE","id":"q","name":"On NATO","text":"The word was human-security, said NATO."}
`
	searches(t, lines, []searchCase{
		{`"human security"`, "human-security q", "**Human Security**"},
		{`"human security" nato`, "q", "The word was **human-security**, said **NATO**."},
		{`nato «Human security»`, "q", ""},
		{`“HUMAN   SECURITY”`, "human-security q", ""},
		{`"security human"`, "", ""},
		{`"human securty"`, "", ""},
		{`"human secur"`, "", ""},
		{`"human security`, "human-security ends apart security q", ""},
		{`"kaldor mary"`, "kaldor", "**Kaldor, Mary**"},
		{`"mary" security`, "one", ""},
		{`"京タワ"`, "tower", "東**京タワ**ー"},
		{`"京ワ"`, "", ""},
		{`"" " "`, "", ""},
	})
}

func TestSearchFindsIDs(t *testing.T) {
	lines := `{"node":"PERSON","id":"mary-kaldor","name":"Mary Kaldor","externalIds":[{"scheme":"wikidata","value":"Q6779820"},{"scheme":"doi","value":"10.1000/a:b C"}]}
{"node":"PERSON","id":"Other_ID","name":"Mary Kaldor Smith","aliases":["Q67798201"]}
{"node":"PERSON","id":"x","name":"Somebody","description":"Mary Kaldor has Q6779820."}
`
	searches(t, lines, []searchCase{
		{"Q6779820", "mary-kaldor Other_ID x", ""},
		{" q6779820 ", "mary-kaldor Other_ID x", ""},
		{"wikidata:Q6779820", "mary-kaldor", ""},
		{"WikiData:q6779820", "mary-kaldor", ""},
		{"Q677982", "Other_ID x", ""},
		{"wikidata:Q677982", "Other_ID x", ""},
		{"doi:10.1000/A:B c", "mary-kaldor", ""},
		{"10.1000/a:b c", "mary-kaldor", ""},
		{"mary-kaldor", "mary-kaldor Other_ID x", ""},
		{"other_id", "Other_ID", ""},
		{"isni:Q6779820", "Other_ID x", ""},
	})
}

func TestSearchOfManyWordsTakesTheRarest(t *testing.T) {
	var b strings.Builder
	var common []string
	for i := range 20 {
		common = append(common, fmt.Sprintf("often%02d", i))
	}
	for i := range 3 {
		b.WriteString(person(fmt.Sprintf("common%d", i), "Nobody "+fmt.Sprint(i), strings.Join(common, " ")))
	}
	b.WriteString(person("rare", "Mary Kaldor", strings.Join(common, " "), "here together"))
	long := strings.Join(common, " ")
	searches(t, b.String(), []searchCase{
		{long, "rare common0 common1 common2", ""},
		{long + " kaldor", "rare", ""},
		{long + ` "here together"`, "rare", ""},
		{long + ` "together here"`, "rare common0 common1 common2", ""},
		{long + " nothing at all of which occurs anywhere", "rare common0 common1 common2", ""},
	})
	everywhere(t, b.String(), func(t *testing.T, ask func(string) string) {
		t.Helper()
		words := make([]string, text.MaxSearchWords+1)
		for i := range words {
			words[i] = fmt.Sprint("w", i)
		}
		if got := ask(fmt.Sprintf(`{ search(text: %q) { totalCount } }`, strings.Join(words, " "))); !strings.Contains(got, "at most 200 words") || !strings.Contains(got, "BAD_USER_INPUT") {
			t.Error(got)
		}
	})
}

func TestSearchFindsSources(t *testing.T) {
	lines := person("kaldor", "Mary Kaldor") + `{"source":"ARTICLE","id":"s_new","title":"What is new","publisher":"The Guardian","publishedOn":"2021-02-25","text":"It began in 1999. Mary Kaldor said that human security is new. D. Trump did not."}
{"source":"ARTICLE","id":"s_old","title":"Human Security","text":"Security of humans.\n\nNothing else is said here: civilian life."}
{"source":"BOOK","id":"s_bare","title":"Kaldor on war"}
`
	searches(t, lines, []searchCase{
		{"mary kaldor", "kaldor s_new", "**Mary** **Kaldor**"},
		{"kaldor 1999", "s_new", "It began in **1999**."},
		{"human security", "s_old s_new", "**Human** **Security**"},
		{`"human security is"`, "s_new", "Mary Kaldor said that **human security is** new."},
		{"kaldo", "kaldor s_bare", ""},
		{"civilian", "s_old", "Nothing else is said here: **civilian** life."},
		{"civil", "", ""},
		{"civilan", "", ""},
		{"S_NEW", "s_new", ""},
	})
	everywhere(t, lines, func(t *testing.T, ask func(string) string) {
		t.Helper()
		for query, want := range map[string]string{
			`{ search(text: "kaldor", types: [SOURCE]) { totalCount facets(by: [TYPE, SOURCE, YEAR]) { by buckets { key count } } nodes { __typename id type name description ... on Source { kind } ... on Entity { aliases } } } }`: `{"search":{"totalCount":2,"facets":[{"by":"TYPE","buckets":[{"key":"SOURCE","count":2}]},{"by":"SOURCE","buckets":[{"key":"s_bare","count":1},{"key":"s_new","count":1}]},{"by":"YEAR","buckets":[{"key":"2021","count":1}]}],` +
				`"nodes":[{"__typename":"Source","id":"s_bare","type":"SOURCE","name":"Kaldor on war","description":null,"kind":"BOOK"},{"__typename":"Source","id":"s_new","type":"SOURCE","name":"What is new","description":"The Guardian, 2021-02-25","kind":"ARTICLE"}]}}`,
			`{ search(text: "kaldor") { facets(by: [TYPE]) { buckets { key count } } nodes { id type ... on Person { born } ... on Entity { name } } } }`: `{"search":{"facets":[{"buckets":[{"key":"SOURCE","count":2},{"key":"PERSON","count":1}]}],` +
				`"nodes":[{"id":"kaldor","type":"PERSON","born":null,"name":"Mary Kaldor"},{"id":"s_bare","type":"SOURCE"},{"id":"s_new","type":"SOURCE"}]}}`,
			`{ search(text: "kaldor", types: [PERSON]) { nodes { id } } }`:                   `{"search":{"nodes":[{"id":"kaldor"}]}}`,
			`{ search(text: "kaldor", first: 2, types: [SOURCE, PERSON]) { nodes { id } } }`: `{"search":{"nodes":[{"id":"kaldor"},{"id":"s_bare"}]}}`,
			`{ source(ref: {id: "s_new"}) { type name title description } }`:                 `{"source":{"type":"SOURCE","name":"What is new","title":"What is new","description":"The Guardian, 2021-02-25"}}`,
		} {
			if got := ask(query); got != want {
				t.Errorf("%s: %s, want %s", query, got, want)
			}
		}
		for _, query := range []string{
			`{ people(where: {linkedTo: {entity: {id: "kaldor"}, where: {types: [SOURCE]}}}) { totalCount } }`,
			`{ people(where: {linkedTo: {entity: {typedName: {type: SOURCE, name: "x"}}}}) { totalCount } }`,
			`{ coParticipation(of: {id: "kaldor"}, through: SOURCE) { totalCount } }`,
			`{ centrality(by: DEGREE, types: [SOURCE]) { totalCount } }`,
			`{ communities(types: [SOURCE]) { totalCount } }`,
			`{ match(pattern: [{node: {types: [SOURCE]}}, {link: {}}, {node: {}}]) { nodes { narrative } } }`,
		} {
			if got := ask(query); !strings.Contains(got, "SOURCE is no type of entity") || !strings.Contains(got, "BAD_USER_INPUT") {
				t.Errorf("%s: %s", query, got)
			}
		}
	})
}

// TestSearchFollowsTexts: what a later import says of a text is what search finds.
func TestSearchFollowsTexts(t *testing.T) {
	cat := both.Catalog(t)
	source := func(text string) string {
		return fmt.Sprintf(`{"source":"ARTICLE","id":"s_a","title":"A","text":%q}`+"\n", text)
	}
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		t.Helper()
		s := open(t)
		e, err := graph.New(graph.Options{Catalog: cat, Store: s})
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct{ lines, found string }{
			{source("Words of the first."), "first"},
			{`{"source":"ARTICLE","id":"s_b","title":"B","text":"Another first."}` + "\n", "first another"},
			{source("Words of the second."), "first second another"},
			{`{"delete":"s_b"}` + "\n", "second"},
		} {
			if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("texts", []byte(step.lines))}, exchange.Options{}); err != nil {
				t.Fatal(err)
			}
			for _, word := range []string{"first", "second", "another"} {
				got := answer(t, e, fmt.Sprintf(`{ search(text: %q) { totalCount } }`, word))
				if found := got != `{"search":{"totalCount":0}}`; found != strings.Contains(step.found, word) {
					t.Errorf("after %s: %s: %s", step.lines, word, got)
				}
			}
		}
	})
}

// TestPhrasesFollowChanges: a phrase is found where it stands now, and not in an entity that is gone or says something else.
func TestPhrasesFollowChanges(t *testing.T) {
	cat := both.Catalog(t)
	person := func(id, description string) string {
		return fmt.Sprintf(`{"node":"PERSON","id":%q,"name":%q,"description":%q}`+"\n", id, id, description)
	}
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		t.Helper()
		s := open(t)
		e, err := graph.New(graph.Options{Catalog: cat, Store: s})
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			lines string
			found int
		}{
			{person("ada", "wrote the first program") + person("bob", "wrote the first program") + person("eve", "read it"), 2},
			{`{"delete":"ada"}` + "\n", 1},
			{person("bob", "wrote the second program"), 0},
			{person("eve", "wrote the first program"), 1},
			{person("ada", "wrote the first program"), 2},
			{`{"delete":"eve"}` + "\n" + `{"delete":"ada"}` + "\n", 0},
		} {
			lines := []exchange.File{exchange.FromBytes("lines", []byte(step.lines))}
			if _, err := exchange.Import(t.Context(), cat, s, lines, exchange.Options{}); err != nil {
				t.Fatal(err)
			}
			got := answer(t, e, `{ search(text: "\"first program\"") { totalCount } }`)
			if want := fmt.Sprintf(`{"search":{"totalCount":%d}}`, step.found); got != want {
				t.Errorf("after %s: %s, want %s", step.lines, got, want)
			}
		}
	})
}
