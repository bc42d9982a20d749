package verified_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// club has words that say one thing within a word, and the other as whole words.
const club = `{"source":"ARTICLE","id":"s_a","title":"A","text":"Ann Berg is unaffiliated with Clubs, he said. She can’t be a member of the Guild."}
{"source":"ARTICLE","id":"s_b","title":"B","text":"Unaffiliated with Club? She is affiliated with Club."}
{"source":"ARTICLE","id":"s_c","title":"C","text":"日本語の文章です。彼女は会員です。"}
{"node":"PERSON","id":"ann","name":"Ann Berg"}
{"node":"INSTITUTION","id":"club","name":"Club"}
{"node":"QUOTE","id":"q","name":"So","text":"Ann Berg is … with Clubs"}
`

// TestWordsOfASourceAreWhole gives words that begin or end within a word of their source, by every way there is.
func TestWordsOfASourceAreWhole(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		imported := func(lines string) error {
			_, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("lines", []byte(lines))}, exchange.Options{})
			return err
		}
		if err := imported(club); err != nil {
			t.Fatal(err)
		}
		e, err := graph.New(graph.Options{Catalog: cat, Store: s, Writer: s})
		if err != nil {
			t.Fatal(err)
		}
		ask := func(mutation string) string {
			return strings.TrimSuffix(strings.TrimPrefix(answer(t, e, "mutation { x: "+mutation+" }"), `{"x":`), "}")
		}
		line := func(source, excerpt string) string {
			b, _ := json.Marshal(excerpt)
			return `{"link":"AFFILIATED_WITH","from":"ann","to":"club","evidence":[{"source":"` + source + `","excerpt":` + string(b) + `}]}` + "\n"
		}
		const fields = ` { link { evidence { nodes { excerpt start end verified } } } errors { code path message ... on ExcerptError { nearest start end } } }`
		input := func(kind, evidence string) string {
			return `createLink(input: {dryRun: true, kind: ` + kind + `, from: {id: "ann"}, to: {id: "club"}, evidence: [` + evidence + `]})` + fields
		}
		const refused = `{"link":null,"errors":[{"code":"EXCERPT_NOT_IN_SOURCE","path":["input","evidence","0","`
		for _, c := range []struct{ source, excerpt, instead string }{
			{"s_a", "affiliated with Clubs", "unaffiliated with Clubs"},
			{"s_a", "unaffiliated with Club", "unaffiliated with Clubs"},
			{"s_a", "affiliated  with Club", "unaffiliated with Clubs"},
			{"s_a", "She can", "She can’t"},
		} {
			var bad *exchange.BadLinesError
			if err := imported(line(c.source, c.excerpt)); !errors.As(err, &bad) || len(bad.Lines) != 1 || bad.Lines[0].Line != 1 ||
				!strings.Contains(err.Error(), "begins or ends within a word of the text of "+c.source) || !strings.Contains(err.Error(), c.instead) {
				t.Errorf("%q is imported: %v", c.excerpt, err)
			}
			got := ask(input("AFFILIATED_WITH", `{source: {id: "`+c.source+`"}, excerpt: "`+c.excerpt+`"}`))
			if !strings.HasPrefix(got, refused+`excerpt"],"message":"These words begin or end within a word of the text of `) ||
				!strings.Contains(got, `"nearest":"`+c.instead+`"`) {
				t.Errorf("%q is written: %s", c.excerpt, got)
			}
		}
		for place, want := range map[string]string{
			`start: 14, end: 35`: `start"],"message":"These words begin or end within a word of the text of s_a: \"affiliated with Clubs\". Take whole words, from 12 to 35: \"unaffiliated with Clubs\".","nearest":"unaffiliated with Clubs","start":12,"end":35}]}`,
			`start: 12, end: 34`: `end"],"message":"These words begin or end within a word of the text of s_a: \"unaffiliated with Club\". Take whole words, from 12 to 35: \"unaffiliated with Clubs\".","nearest":"unaffiliated with Clubs","start":12,"end":35}]}`,
		} {
			if got := ask(input("AFFILIATED_WITH", `{source: {id: "s_a"}, `+place+`}`)); got != refused+want {
				t.Errorf("%s: %s", place, got)
			}
		}
		for evidence, want := range map[string]string{
			`{source: {id: "s_b"}, excerpt: "affiliated with Club"}`:                 `{"excerpt":"affiliated with Club","start":31,"end":51,"verified":true}`,
			`{source: {id: "s_b"}, excerpt: "affiliated  with Club"}`:                `{"excerpt":"affiliated with Club","start":31,"end":51,"verified":true}`,
			`{source: {id: "s_b"}, excerpt: "affiliated with Club", prefix: "e is"}`: `{"excerpt":"affiliated with Club","start":31,"end":51,"verified":true}`,
			`{source: {id: "s_b"}, start: 31, end: 51}`:                              `{"excerpt":"affiliated with Club","start":31,"end":51,"verified":true}`,
			`{source: {id: "s_c"}, excerpt: "語の文"}`:                                  `{"excerpt":"語の文","start":2,"end":5,"verified":true}`,
			`{source: {id: "s_c"}, start: 12, end: 15}`:                              `{"excerpt":"会員で","start":12,"end":15,"verified":true}`,
			`{source: {id: "s_a"}, excerpt: "he said"}`:                              `{"excerpt":"he said","start":37,"end":44,"verified":true}`,
		} {
			if got := ask(input("AFFILIATED_WITH", evidence)); got != `{"link":{"evidence":{"nodes":[`+want+`]}},"errors":[]}` {
				t.Errorf("%s: %s", evidence, got)
			}
		}
		// evidence for what is there, and words that a new text has within others
		if err := imported(line("s_b", "is affiliated with Club") + `{"link":"SAID","id":"l_q","from":"ann","to":"q","evidence":[{"source":"s_a","excerpt":"he said"}]}`); err != nil {
			t.Fatal(err)
		}
		if got := ask(`addEvidence(input: {link: "l_q", evidence: [{source: {id: "s_a"}, excerpt: "member of the Guil"}]})` + fields); !strings.HasPrefix(got, refused) ||
			!strings.Contains(got, "member of the Guild") {
			t.Errorf("evidence is added: %s", got)
		}
		got := ask(`updateSource(input: {dryRun: true, id: "s_a", text: "Ann Berg is unaffiliated with Clubs, she said. Ann Berg is with Clubsters."}) { lost { excerpt quotationId } errors { message } }`)
		if got != `{"lost":[{"excerpt":"he said","quotationId":null}],"errors":[]}` {
			t.Errorf("a new text: %s", got)
		}
		got = ask(`updateSource(input: {dryRun: true, id: "s_a", text: "Ann Berg is he said, with Clubsters."}) { lost { excerpt quotationId } errors { message } }`)
		if got != `{"lost":[{"excerpt":"Ann Berg is … with Clubs","quotationId":"q"}],"errors":[]}` {
			t.Errorf("a new text: %s", got)
		}
		got = ask(`updateQuote(input: {id: "q", text: "Ann Berg is un… with Clubs"}) { errors { code path } }`)
		if got != `{"errors":[{"code":"EXCERPT_NOT_IN_SOURCE","path":["input","text"]}]}` {
			t.Errorf("a quotation cut within a word: %s", got)
		}
		if err := imported(`{"node":"QUOTE","id":"q","text":"affiliated with Clubs"}`); err == nil ||
			!strings.Contains(err.Error(), "they begin or end within a word there, and the whole is, in line 1 of the text: unaffiliated with Clubs") {
			t.Errorf("a quotation cut within a word is imported: %v", err)
		}
		// knowingly
		if err := imported(strings.Replace(line("s_a", "affiliated with Club"), `"}]`, `","verified":false}]`, 1)); err != nil {
			t.Fatal(err)
		}
		if got := answer(t, e, `{ unverified { nodes { excerpt verified } } }`); got != `{"unverified":{"nodes":[{"excerpt":"affiliated with Club","verified":false}]}}` {
			t.Errorf("not verified are %s", got)
		}
	})
}

// answer is an engine's, without errors.
func answer(t *testing.T, e *graph.Engine, query string) string {
	t.Helper()
	r := e.Do(t.Context(), &graph.Request{Query: query})
	defer r.Release()
	if len(r.Errors) > 0 {
		t.Fatalf("%s: %v", query, r.Errors)
	}
	return string(r.Data)
}
