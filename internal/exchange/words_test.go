package exchange_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

const (
	guild = `{"source":"ARTICLE","id":"s_a","title":"A","text":"In the \"news\":\nAlice  joined the Gu\u00adild’s “board” in 1999."}
{"source":"ARTICLE","id":"s_b","title":"B"}
{"node":"PERSON","id":"alice","name":"Alice"}
{"node":"INSTITUTION","id":"guild","name":"Guild"}
`
	affiliated = `{"link":"AFFILIATED_WITH","id":"l_a","from":"alice","to":"guild","evidence":[%s]}
`
)

func importing(t *testing.T, s store.Store, lines ...string) error {
	t.Helper()
	_, err := exchange.Import(t.Context(), both.Catalog(t), s, from("f", strings.Join(lines, "")), exchange.Options{})
	return err
}

// evidence is what a store holds of the link l_a's evidence, in words.
func evidence(t *testing.T, s store.Store) (out []string) {
	t.Helper()
	if err := s.Links(t.Context(), func(l *kg.Link) error {
		if l.ID != "l_a" {
			return nil
		}
		for _, e := range l.Evidence {
			v := "unknown"
			if e.Verified != nil {
				v = fmt.Sprint(*e.Verified)
			}
			out = append(out, fmt.Sprintf("%q %s %d-%d", e.Prefix+"|"+e.Excerpt+"|"+e.Suffix, v, e.Start, e.End))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func wants(t *testing.T, got []string, want ...string) {
	t.Helper()
	if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
		t.Errorf("got\n%s\nwant\n%s", a, b)
	}
}

func TestWordsAreCheckedWheneverTheTextIsHeld(t *testing.T) {
	cat := both.Catalog(t)
	link := func(e string) string { return fmt.Sprintf(affiliated, e) }
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		for _, c := range []struct{ name, evidence, says string }{
			{
				"nowhere", `{"source":"s_a","excerpt":"Alice founded the Guild"}`,
				"has an excerpt that does not occur in the text of s_a: Alice founded the Guild; nearest is, in line 2 of the text: Alice joined the Gu\u00adild;",
			},
			{
				"said to be verified", `{"source":"s_a","excerpt":"Alice founded the Guild","verified":true}`,
				"has an excerpt that does not occur in the text of s_a",
			},
			{
				"invented context", `{"source":"s_a","excerpt":"Alice joined","prefix":"INVENTED "}`,
				`has an excerpt that stands in the text of s_a, though not between the prefix "INVENTED" and the suffix ""`,
			},
			{"two letters", `{"source":"s_a","excerpt":"in"}`, "has an excerpt of fewer than 3 letters from s_a"},
			{"another letter", `{"source":"s_a","excerpt":"alice joined"}`, "has an excerpt that does not occur"},
		} {
			t.Run(c.name, func(t *testing.T) {
				for _, inTwo := range []bool{false, true} {
					s := open(t)
					ground := guild
					if inTwo {
						if err := importing(t, s, guild); err != nil {
							t.Fatal(err)
						}
						ground = ""
					}
					before := exported(t, s)
					err := importing(t, s, ground, link(c.evidence))
					if err == nil || !strings.Contains(err.Error(), c.says) ||
						!strings.Contains(err.Error(), `"verified": false`) && c.name != "two letters" {
						t.Errorf("the text in the store %v: %v", inTwo, err)
					}
					if got := exported(t, s); got != before {
						t.Errorf("something was written:\n%s", got)
					}
				}
			})
		}
	})
}

func TestExcerptsAreStoredAsTheTextHasThem(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		err := importing(t, s, guild,
			fmt.Sprintf(affiliated,
				`{"source":"s_a","excerpt":"Alice joined the Guild's \"board\"","prefix":"'news': ","suffix":"in"},`+
					`{"source":"s_a","excerpt":" Alice\njoined the Guild’s 'board' ","prefix":"\"news\":","suffix":"  in"},`+
					`{"source":"s_a","excerpt":"never joined","verified":false},{"source":"s_b","excerpt":"text unseen","verified":false}`))
		if err != nil {
			t.Fatal(err)
		}
		wants(t, evidence(t, s), `"\"news\":\n|Alice  joined the Gu\u00adild’s “board”| in" true 15-49`,
			`"|never joined|" false 0-0`, `"|text unseen|" unknown 0-0`)
		once := exported(t, s)
		if n := strings.Count(once, `"verified":false`); n != 1 {
			t.Errorf("%d pieces are written as not verified:\n%s", n, once)
		}
		again := open(t)
		if err := importing(t, again, once); err != nil {
			t.Fatal(err)
		}
		if got := exported(t, again); got != once {
			t.Errorf("want\n%s\ngot\n%s", once, got)
		}
		if err := importing(t, s, once); err != nil {
			t.Fatal(err)
		}
		if got := exported(t, s); got != once {
			t.Errorf("again: want\n%s\ngot\n%s", once, got)
		}
	})
}

func TestTextsAreKeptAsGiven(t *testing.T) {
	cat := both.Catalog(t)
	const text = "cafe\u0301 \u00a0 a\r\nb\u00ad—\ufeff"
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		if err := importing(t, s, `{"source":"ARTICLE","id":"s_a","title":"A","text":"`+strings.ReplaceAll(text, "\r\n",
			`\r\n`)+`"}`+"\n"); err != nil {
			t.Fatal(err)
		}
		if err := s.Sources(t.Context(), func(x *kg.Source) error {
			if x.Text != text {
				t.Errorf("the text is %q", x.Text)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	})
}

// TestACorrectedTextChangesWhatRestsOnIt gives a source another text, and none, and one where there was none.
func TestACorrectedTextChangesWhatRestsOnIt(t *testing.T) {
	cat := both.Catalog(t)
	source := func(id, text string) string {
		return fmt.Sprintf("{\"source\":\"ARTICLE\",\"id\":%q,\"title\":\"A\",\"text\":%q}\n", id, text)
	}
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		if err := importing(t, s, guild,
			fmt.Sprintf(affiliated,
				`{"source":"s_a","excerpt":"Alice joined the Guild"},{"source":"s_a","excerpt":"Alice  joined the Guild"},{"source":"s_a","excerpt":"in 1999"},{"source":"s_b","excerpt":"she was there"}`)); err != nil {
			t.Fatal(err)
		}
		wants(t, evidence(t, s), `"|Alice  joined the Gu\u00adild|" true 15-39`, `"|in 1999|" true 50-57`,
			`"|she was there|" unknown 0-0`)
		if err := importing(t, s, source("s_a", "😀 Alice joined the Guild in 1998."),
			source("s_b", "That she  was there")); err != nil {
			t.Fatal(err)
		}
		wants(t, evidence(t, s), `"|Alice joined the Guild|" true 2-24`, `"|in 1999|" false 0-0`,
			`"|she  was there|" true 5-19`)
		once := exported(t, s)
		again := open(t)
		if err := importing(t, again, once); err != nil {
			t.Fatal(err)
		}
		if got := exported(t, again); got != once {
			t.Errorf("want\n%s\ngot\n%s", once, got)
		}
	})
}

// TestTextsBeyondMemoryAreCheckedToo imports more text than is held in memory.
func TestTextsBeyondMemoryAreCheckedToo(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out an import of 40 MB")
	}
	s := both.SQLite(both.Catalog(t))(t)
	var b strings.Builder
	b.WriteString(guild)
	long := strings.Repeat("some words of some length. ", 1<<15)
	for i := range 45 {
		fmt.Fprintf(&b, "{\"source\":\"ARTICLE\",\"id\":\"s_%d\",\"title\":\"T\",\"text\":\"%sHere stands number %d.\"}\n",
			i, long, i)
	}
	for i := range 45 {
		fmt.Fprintf(&b, "{\"link\":\"AFFILIATED_WITH\",\"from\":\"alice\",\"to\":\"guild\",\"role\":\"r%d\",\"evidence\":[{\"source\":\"s_%d\",\"excerpt\":\"stands number %d.\"}]}\n",
			i, i, i+i/44)
	}
	err := importing(t, s, b.String())
	if err == nil || strings.Count(err.Error(), "\n") != 0 || !strings.Contains(err.Error(),
		"in the text of s_44: stands number 45.; nearest is, in line 1 of the text: Here stands number 44;") {
		t.Errorf("%v", err)
	}
}
