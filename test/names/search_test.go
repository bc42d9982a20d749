package names_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/throughline/throughline/internal/text"
)

// searchCase is what is searched for, and what is found.
type searchCase struct {
	text  string
	found string // ids, with a space between each two
	first string // the highlight of the first; "" = any
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
			answer := ask(fmt.Sprintf(`{ search(text: %s) { totalCount edges { highlight node { id } } } }`, quoted))
			var got struct {
				Search struct {
					TotalCount int
					Edges      []struct {
						Highlight string
						Node      struct{ ID string }
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
			if c.first != "" && got.Search.Edges[0].Highlight != c.first {
				t.Errorf("search for %s: highlight %s, want %s", c.text, got.Search.Edges[0].Highlight, c.first)
			}
		}
	})
}

func TestSearchFindsThePersonOfInitials(t *testing.T) {
	lines := person("donald-trump", "Donald Trump") + person("donald-trump-jr", "Donald Trump Jr.") + person("melania", "Melania Trump") + person("adam-smith", "Adam Smith") +
		person("jane-smith", "Jane Smith") + person("jfk", "John F. Kennedy") + person("robert", "Robert F. Kennedy") + person("tolkien", "J.R.R. Tolkien") +
		person("theodore", "Theodore Roosevelt") + person("un", "United Nations", "U.N.") + person("ulf", "Ulf Norén") +
		`{"node":"INSTITUTION","id":"theatre","name":"Roosevelt Theatre"}
{"node":"INSTITUTION","id":"smith-story","name":"A Smith's Tale","description":"A story of a smith."}
{"node":"INSTITUTION","id":"library","name":"John F. Kennedy Library"}
{"node":"THEME","id":"drugs","name":"Drugs","description":"What Trump said of them."}
`
	searches(t, lines, []searchCase{
		{"D. Trump", "donald-trump donald-trump-jr drugs", "**Donald** **Trump**"},
		{"d.trump", "donald-trump donald-trump-jr drugs", "**Donald** **Trump**"},
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
	lines := person("one", "Mary Security") + person("kaldor", "Mary Kaldor", "Kaldor, Mary") + person("tower", "東京タワー") +
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
		{"Q6779820", "mary-kaldor Other_ID x", "Mary Kaldor"},
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
