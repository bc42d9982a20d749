package text_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/throughline/throughline/internal/text"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"Mary Kaldor": "mary kaldor", "  mary \t KALDÓR\n": "mary kaldor", "MÁRY": "mary", "Ærø": "aero", "Straße": "strasse", "Łódź": "lodz",
		"ﬁne": "fine", "ＮＡＴＯ": "nato", "İstanbul": "istanbul", "ΣΊΣΥΦΟΣ": "σισυφοσ", "李明": "李明", "O’Neill": "o’neill", "": "", " ": "", "a\u00a0b": "a b", "e\u0301": "e", "Ꭰ": "Ꭰ", "ꭰ": "Ꭰ", "ᏸ": "Ᏸ",
	} {
		if got := text.Fold(in); got != want {
			t.Errorf("%q is folded to %q, want %q", in, got, want)
		}
	}
}

func TestFoldingTwiceIsFoldingOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		if once := text.Fold(s); text.Fold(once) != once {
			t.Errorf("%q: %q, then %q", s, once, text.Fold(once))
		}
	})
}

func TestSortKeysOrderAsFoldedNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.StringN(0, 60, -1).Draw(t, "a"), rapid.StringN(0, 60, -1).Draw(t, "b")
		x, y := text.SortKey(a), text.SortKey(b)
		for i := range len(x) {
			if x[i] < ' ' || x[i] > '~' {
				t.Fatalf("%q is no ASCII", x)
			}
		}
		// ~ itself is written as an escape, and so every other character is behind the ASCII ones
		if want := slices.Compare([]rune(text.Fold(a)), []rune(text.Fold(b))); strings.Compare(x, y) != want {
			plain := func(s string) bool {
				return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '~' })
			}
			if plain(text.Fold(a)) && plain(text.Fold(b)) {
				t.Errorf("%q %q: keys %q %q", a, b, x, y)
			}
		}
	})
}

func TestMisspeltWordsShareAKey(t *testing.T) {
	shares := func(a, b string) bool {
		return slices.ContainsFunc(text.Deletes(a), func(k string) bool { return slices.Contains(text.Deletes(b), k) })
	}
	for _, c := range []struct {
		a, b string
		near bool
	}{{"kaldor", "kaldr", true}, {"kaldor", "kaldorr", true}, {"kaldor", "kalder", true}, {"kaldor", "kadlor", true}, {"kaldor", "caldro", false}, {"nato", "otan", false}, {"un", "us", false}} {
		if shares(c.a, c.b) != c.near {
			t.Errorf("%s and %s: near %v", c.a, c.b, !c.near)
		}
	}
}

func TestLoneSurrogates(t *testing.T) {
	for in, want := range map[string]bool{
		`"a"`: false, `"\ud83d\ude00"`: false, `"\ud83d"`: true, `"\ude00"`: true, `"\ud83d\ud83d\ude00"`: true, `"\\ud83d"`: false, `"\\\ud83d"`: true, `"\uD83Dx"`: true, `\`: false, `\u12`: false, `"😀"`: false,
	} {
		if got := text.LoneSurrogate([]byte(in)); got != want {
			t.Errorf("%s: %v", in, got)
		}
	}
}

func FuzzJSONString(f *testing.F) {
	for _, s := range []string{"", "a\"b\\", "\x00\x1f\x7f", "\u2028", "😀", "</script>", "eight by\x1f", "\"even\\7x", "plain for sixteen!\n", "Übergröße à côté"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		var back string
		if err := json.Unmarshal(text.AppendJSON(nil, s), &back); err != nil || back != s {
			t.Errorf("%q: %q, %v", s, back, err)
		}
	})
}

func FuzzSearch(f *testing.F) {
	for _, q := range []string{"mary kaldr", "Human Security", "李明", "* \" ( ~", "", "ﬁ", "İstanbul", strings.Repeat("a", 100), "\u0301\u0301", "\xff"} {
		f.Add(q, "Human Security is about protecting civilians. "+strings.Repeat("Mary Kaldor, Zürich, 李明; ", 20))
		f.Add("kaldor", q)
	}
	f.Fuzz(func(t *testing.T, query, body string) {
		if len(query) > 200 || len(body) > 2000 {
			return
		}
		q := text.Query(query)
		for _, w := range q {
			if w.Word == "" || utf8.RuneCountInString(w.Word) > text.MaxWord || text.Fold(w.Word) != w.Word {
				t.Errorf("%q has the word %q", query, w.Word)
			}
		}
		d := text.NewDoc(body, []string{body}, []string{body})
		for round := 1; round <= 3; round++ {
			score, hit := d.Match(q, round)
			if score < 0 || score > 100 || !hit && score != 0 {
				t.Errorf("round %d: score %d, hit %v", round, score, hit)
			}
		}
		if !utf8.ValidString(body) {
			return
		}
		h := text.Highlight([]string{body}, q)
		plain := strings.NewReplacer("**", "", "…", "").Replace(h)
		if !strings.Contains(strings.NewReplacer("**", "", "…", "").Replace(body), plain) {
			t.Errorf("%q is not from %q", h, body)
		}
	})
}
