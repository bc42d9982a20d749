package text_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/text"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"Mary Kaldor": "mary kaldor", "  mary \t KALDÓR\n": "mary kaldor", "MÁRY": "mary", "Ærø": "aero", "Straße": "strasse", "Łódź": "lodz",
		"ﬁne": "fine", "ＮＡＴＯ": "nato", "İstanbul": "istanbul", "ΣΊΣΥΦΟΣ": "σισυφοσ", "李明": "李明", "O’Neill": "o'neill", "": "", " ": "", "a\u00a0b": "a b", "e\u0301": "e", "Ꭰ": "Ꭰ", "ꭰ": "Ꭰ", "ᏸ": "Ᏸ",
	} {
		if got := text.Fold(in); got != want {
			t.Errorf("%q is folded to %q, want %q", in, got, want)
		}
	}
}

// The names of each line are one name; names of different lines are different ones. Written down script by script, from
// what readers of each take for a letter.
var sameNames = [][]string{
	// Latin: accents are dropped, whichever way they are written
	{"Kaldor", "Káldor", "Ka\u0301ldor", "KALDÓR", "Ｋａｌｄｏｒ", "Kal\u00addor", "Kal\u200bdor", "\ufeffKaldor\u200e"},
	{"Nguyen", "Nguyễn", "Nguye\u0302\u0303n"},
	{"Zürich", "Zurich"},
	// Greek
	{"Αθήνα", "ΑΘΗΝΑ", "Ἀθῆνα"},
	// Cyrillic: й is a letter, stress and the dots of ё and ї are marks, ґ is a letter of its own
	{"Сергей", "СЕРГЕЙ", "Серге\u0438\u0306", "Серге́й"},
	{"Сергеи"},
	{"Артём", "Артем"},
	{"Київ", "Киів"},
	{"Ґалаґан"},
	{"Галаган", "Галага́н"},
	{"мой"},
	{"мои", "мои\u0301"},
	// Hebrew: points
	{"שלום", "שָׁלוֹם", "שׁלום"},
	{"סלום"},
	// Arabic: harakat and tatweel; hamza and madda make letters
	{"محمد", "مُحَمَّد", "محـــمد", "مح\u200fمد"},
	{"أحمد", "أَحْمَد", "ا\u0654حمد"},
	{"احمد"},
	{"قرآن", "قُرْآن"},
	{"قران"},
	{"سؤال"},
	{"سوال"},
	{"می\u200cخواهم", "میخواهم"},
	// Japanese: dakuten and handakuten
	{"ハナ", "ﾊﾅ", "ハ\u200bナ"},
	{"バナ", "ﾊﾞﾅ", "ハ\u3099ナ", "ハ゛ナ"},
	{"パナ", "ﾊﾟﾅ", "ハ\u309aナ", "ハ゜ナ"},
	{"はな"},
	{"ばな"},
	// Devanagari: vowels, virama, nukta, candrabindu
	{"राम"},
	{"रामा"},
	{"रम"},
	{"कर्म", "कर्\u200dम"},
	{"करम"},
	{"हँस"},
	{"हस"},
	{"क़लम", "क\u093cलम"},
	{"कलम"},
	// Bengali, Tamil
	{"মন"},
	{"মান"},
	{"கலை"},
	{"கல"},
	// Thai: vowels and tones
	{"มา"},
	{"ม้า"},
	{"กิน"},
	{"กน"},
	{"น้ำ", "น\u0e49\u0e4d\u0e32"},
	// Hangul, composed or not
	{"한국", "한국"},
	{"하국"},
	// apostrophes, hyphens, quotation marks
	{"O'Neill", "O’Neill", "O‘Neill", "Oʼneill", "O`Neill", "O´Neill", "O′Neill", "O＇Neill"},
	{"ONeill"},
	{"Jean-Luc", "Jean‐Luc", "Jean‑Luc", "Jean–Luc", "Jean—Luc", "Jean−Luc", "Jean－Luc"},
	{"JeanLuc", "Jean\u00adLuc"},
	{`the "Great"`, "The “Great”", "the «great»"},
	// signs are not their parts
	{"a = b"},
	{"a ≠ b", "a =\u0338 b"},
	{"CO2", "CO₂", "co²"},
	{"❤", "❤\ufe0f"},
}

func TestNamesThatAreOneNameAndThoseThatAreNot(t *testing.T) {
	line := map[string]int{}
	for i, names := range sameNames {
		for _, name := range names {
			folded := text.Fold(name)
			if folded == "" {
				t.Errorf("nothing is left of %q", name)
			}
			if j, ok := line[folded]; ok && j != i {
				t.Errorf("%q is taken for %q: both are folded to %q", name, sameNames[j][0], folded)
			} else if !ok && name != names[0] {
				t.Errorf("%+q is not taken for %q: %+q and %+q", name, names[0], folded, text.Fold(names[0]))
			}
			line[folded] = i
			if again := text.Fold(folded); again != folded {
				t.Errorf("%+q is folded to %+q, and that to %+q", name, folded, again)
			}
		}
	}
}

func TestWordsKeepTheirMarks(t *testing.T) {
	for in, want := range map[string][]string{
		"राम और श्याम": {"राम", "और", "श्याम"}, "बुद्ध, धम्म": {"बुद्ध", "धम्म"}, "CO₂ up": {
			"co2",
			"up",
		}, "\u0903 a\u0903": {"a\u0903"}, "2\u20e3 ≠": {"2\u20e3"},
		"O’Neill-Smith": {"o", "neill", "smith"}, "soft\u00adhyphen": {"softhyphen"}, "தமிழ் நாடு": {"தமிழ்", "நாடு"},
		"The F.B.I. and the U.S.-led": {"the", "fbi", "and", "us", "led"}, "D. Trump": {"d", "trump"}, "v1.2.3": {
			"v1",
			"2", "3",
		},
		"東京タワー": {"東京", "京タ", "タワ", "ワー", "ー"}, "NATO首脳": {"nato", "首脳", "脳"}, "李": {"李"}, "대한민국 2020年": {
			"대한", "한민",
			"민국", "국", "2020", "年",
		},
		"ม้ามา": {"ม้า", "าม", "มา", "า"},
	} {
		if got := text.Words(in); !slices.Equal(got, want) {
			t.Errorf("%q has the words %q, want %q", in, got, want)
		}
	}
}

// rulesSum is the sum of how the texts above are folded, sorted and split. When it changes, what stores keep is out of
// date: give text.Revision the next number, then write the new sum here.
const rulesSum = "6 c0993fe9eb8f79ed"

func TestRevisionFollowsTheRules(t *testing.T) {
	h := sha256.New()
	for _, names := range append(sameNames, []string{
		"Straße", "ﬁve", "Øre-Łódź", "Ｗide Ελλάδα 東京  Misspelling",
		"mary kaldor, F.B.I. 東京タワー ประเทศไทย 대한민국",
	}) {
		for _, name := range names {
			fmt.Fprintln(h, text.Fold(name), text.SortKey(name), text.Words(name))
			for _, w := range text.Words(name) {
				fmt.Fprintln(h, text.Deletes(w), text.Skeleton(w))
			}
		}
	}
	if sum := fmt.Sprintf("%d %x", text.Revision, h.Sum(nil)[:8]); sum != rulesSum {
		t.Errorf("text is folded otherwise than before: %s, want %s", sum, rulesSum)
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
	}{{"kaldor", "kaldr", true}, {"kaldor", "kaldorr", true}, {"kaldor", "kalder", true}, {
		"kaldor", "kadlor",
		true,
	}, {"kaldor", "caldro", false}, {"nato", "otan", false}, {"un", "us", false}} {
		if shares(c.a, c.b) != c.near {
			t.Errorf("%s and %s: near %v", c.a, c.b, !c.near)
		}
	}
}

func TestLoneSurrogates(t *testing.T) {
	for in, want := range map[string]bool{
		`"a"`: false, `"\ud83d\ude00"`: false, `"\ud83d"`: true, `"\ude00"`: true, `"\ud83d\ud83d\ude00"`: true, `"\\ud83d"`: false, `"\\\ud83d"`: true, `"\uD83Dx"`: true, `\`: false, `\u12`: false, `"😀"`: false,
		// the first and the last of either half, and their neighbours
		`\ud7ff`: false, `\ud800`: true, `\udbff`: true, `\udc00`: true, `\udfff`: true, `\ue000`: false,
		`\ud800\udc00`: false, `\udbff\udfff`: false, `\ud800\ud7ff`: true, `\ud800\ue000`: true, `\ud800\udbff`: true, `\ud800\udc0`: true, `\ud800\n`: true,
		// what stands around them
		`\ud800\udc00\ud800`: true, `x\n\ud800`: true, `\u0041\ud800`: true, `\u0041\udc00\u0041`: true, `\\udc00`: false, `\n\\\udc00`: true, `\` +
			"\\": false, `\u00g0\udc00`: true, `\udc0`: false, `\u`: false,
	} {
		if got := text.LoneSurrogate([]byte(in)); got != want {
			t.Errorf("%s: %v", in, got)
		}
	}
}

func FuzzJSONString(f *testing.F) {
	for _, s := range []string{
		"", "a\"b\\", "\x00\x1f\x7f", "\u2028", "😀", "</script>", "eight by\x1f", "\"even\\7x",
		"plain for sixteen!\n", "Übergröße à côté",
	} {
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

func FuzzFold(f *testing.F) {
	for _, names := range sameNames {
		for _, name := range names {
			f.Add(name)
		}
	}
	f.Add("ᄒ\u200dᅡ\u1160ᆫ \u3164")
	f.Add("\ufcf3\u0651")
	f.Add("\xf7\u0135")
	f.Fuzz(func(t *testing.T, s string) {
		once := text.Fold(s)
		if again := text.Fold(once); again != once {
			t.Errorf("%+q is folded to %+q, and that to %+q", s, once, again)
		}
		for _, c := range []string{"\u00ad", "\u200b", "\u200d", "\u2066", "\ufeff", "\ufe0f"} {
			if got := text.Fold(c + s + c); utf8.ValidString(s) && got != once {
				t.Errorf("%+q counts at the end of %+q: %+q, want %+q", c, s, got, once)
			}
		}
		if !utf8.ValidString(s) {
			return
		}
		for _, form := range []norm.Form{norm.NFC, norm.NFD} {
			if got := text.Fold(form.String(s)); got != once {
				t.Errorf("%+q is folded to %+q, but to %+q in another form", s, once, got)
			}
		}
	})
}

func highlight(name, query string) string {
	s := text.NewSearch(query)
	return marked(text.Highlights([]text.Field{{Name: "name", Text: name, IsName: true}}, &s))
}

// marked is the first of highlights with its words between asterisks, "" of none.
func marked(list []text.Highlight) string {
	if len(list) == 0 {
		return ""
	}
	return plan.Highlights(list)[0].Marked("**", "**")
}

func TestHighlightMarksTheTextAsItStands(t *testing.T) {
	for _, c := range []struct{ query, text, want string }{
		{"co2", "Less CO₂ is better", "Less **CO₂** is better"},
		{"CO₂", "less co2", "less **co2**"},
		{"fbi", "The F.B.I. said", "The **F.B.I**. said"},
		{"F.B.I.", "The FBI said", "The **FBI** said"},
		{"京タワ", "東京タワー", "東**京タワ**ー"},
		{"राम", "राम और श्याम", "**राम** और श्याम"},
		{"softhyphen", "A soft\u00adhyphen", "A **soft\u00adhyphen**"},
		{"neill", "Sean O’Neill", "Sean O’**Neill**"},
		{`"human security" x`, "A human, human — Security; human x", "A human, **human — Security**; human **x**"},
		{`"a b a"`, "a b a b a", "**a b a** b a"},
		{`"京タワ"`, "京タ 東京タワー", "京タ 東**京タワ**ー"},
		{`"kaldr"`, "Mary Kaldor", ""},
		{"kaldor nato", "𝒦 😀Kaldor👩‍👩‍👧 NATO", "𝒦 😀**Kaldor**👩‍👩‍👧 **NATO**"},
		{"D. Trump", "Donald J. Trump", "**Donald** J. **Trump**"},
		{"J. Trump", "Donald J. Trump", "Donald **J**. **Trump**"},
		{"T. Roosevelt", "Roosevelt, Theodore", "**Roosevelt**, **Theodore**"},
	} {
		if got := highlight(c.text, c.query); got != c.want {
			t.Errorf("%q in %q: %q, want %q", c.query, c.text, got, c.want)
		}
	}
}

func TestSearchIsRead(t *testing.T) {
	for in, want := range map[string]string{
		"":                                "",
		"Mary KALDOR mary":                "mary kaldor",
		"D. Trump":                        "d. trump",
		"vitamin D":                       "vitamin d",
		"J. F. Kennedy":                   "jf. kennedy",
		"J.F. Kennedy":                    "jf. kennedy",
		"J.-F. Kennedy":                   "j. f. kennedy",
		"U.S.-led":                        "us. led",
		"A. B. C. D. E.":                  "abcd. e.",
		"A.B.C.D.E.":                      "abcde",
		"李. 明":                            "李 明",
		`"human  Security" nato`:          `"human security" nato`,
		"“human security” «a b» 「c d」":    `"human security" "a b" "c d"`,
		`a "b c`:                          "a b c",
		`say "F.B.I. agents" now`:         `say "fbi agents" now`,
		`"" "x" x`:                        `"x" x`,
		`5"x6"y`:                          "5 x6 y",
		"the ‘human security’ of O’Neill": "the human security of o neill",
	} {
		var got []string
		s := text.NewSearch(in)
		for _, w := range s.Words {
			switch {
			case w.Phrase:
				got = append(got, `"`+w.Word+`"`)
			case w.Initials:
				got = append(got, w.Word+".")
			default:
				got = append(got, w.Word)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q is read as %q, want %q", in, got, want)
		}
	}
}

func TestGradesOfInitials(t *testing.T) {
	for _, c := range []struct {
		query, name string
		grade       int
	}{
		{"F.B.I.", "FBI", text.ExactName},
		{"F.B.I.", "F.B.I. Agents", text.ExactName},
		{"J.F.", "John F. Kennedy", text.FirstInitials},
		{"J.F.", "J. F. Kennedy", text.FirstInitials},
		{"J.F.", "Kennedy, John F.", text.AnyInitials},
		{"J.F.", "John Kennedy", 0},
		{"J.", "Jean-Luc Picard", text.FirstInitials},
		{"L.", "Jean-Luc Picard", text.AnyInitials},
		{"Q.", "1 Quay", text.FirstInitials},
		{"d", "Donald", 0},
	} {
		d, s := text.NewDoc(c.name, nil, []string{c.name}), text.NewSearch(c.query)
		if got := d.Grade(&s.Words[0], true); got != c.grade {
			t.Errorf("%s fits %s with %d, want %d", c.query, c.name, got, c.grade)
		}
	}
}

func TestPhrasesStandTogether(t *testing.T) {
	word := rapid.SampledFrom([]string{"a", "b", "c", "A.B.", "京タ", "é"})
	rapid.Check(t, func(t *rapid.T) {
		inText, asked := rapid.SliceOfN(word, 0, 8).Draw(t, "text"), rapid.SliceOfN(word, 1, 3).Draw(t, "phrase")
		s := text.NewSearch(`"` + strings.Join(asked, " ") + `"`)
		want := false
		for i := range inText {
			want = want || len(inText)-i >= len(asked) && slices.Equal(inText[i:i+len(asked)], asked)
		}
		if got := text.HasPhrase(strings.Join(inText, ", "), s.Words[0].Word); got != want {
			t.Errorf("%q in %q: %v", asked, inText, got)
		}
	})
}

func TestTheRarestWordsCount(t *testing.T) {
	s := text.Search{ID: "x"}
	for i := range 20 {
		s.Words = append(s.Words, text.QueryWord{Word: string(rune('a' + i))})
	}
	counts := []int{0, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 1, 0, 9}
	few := s.Rarest(counts)
	var got string
	for _, w := range few.Words {
		got += w.Word
	}
	if got != "bcdefghijklmnopr" || few.ID != "x" {
		t.Errorf("the rarest are %s", got)
	}
}

func FuzzSearch(f *testing.F) {
	for _, q := range []string{"mary kaldr", "Human Security", "李明", "* \" ( ~", "", "ﬁ", "İstanbul", strings.Repeat("a", 100), "\u0301\u0301", "\xff", `"mary kaldor" x`, "“a «b」 c", "J. F. Kennedy, U.S.A.F.B.", `x"y`, "東.京."} {
		f.Add(q, "Human Security is about protecting civilians. "+strings.Repeat("Mary Kaldor, Zürich, 李明; ", 20))
		f.Add("kaldor", q)
	}
	f.Fuzz(func(t *testing.T, query, body string) {
		if len(query) > 200 || len(body) > 2000 {
			return
		}
		q := text.NewSearch(query)
		for _, w := range q.Words {
			for one := range strings.SplitSeq(w.Word, " ") {
				if one == "" || utf8.RuneCountInString(one) > text.MaxWord || text.Fold(one) != one || one != w.Word && !w.Phrase {
					t.Errorf("%q has the word %q", query, w.Word)
				}
			}
			if w.Initials && (w.Phrase || utf8.RuneCountInString(w.Word) > text.MaxInitials) {
				t.Errorf("%q has the initials %q", query, w.Word)
			}
		}
		d := text.NewDoc(body, []string{body}, []string{body})
		for round := 1; round <= 3; round++ {
			score, hit := d.Match(&q, round)
			if score < 0 || score > 100 || !hit && score != 0 {
				t.Errorf("round %d: score %d, hit %v", round, score, hit)
			}
		}
		if !utf8.ValidString(body) {
			return
		}
		for _, h := range text.Highlights([]text.Field{{Text: body, IsName: true}, {Text: body}}, &q) {
			if !strings.Contains(body, strings.TrimSuffix(strings.TrimPrefix(h.Text, "…"), "…")) &&
				!strings.Contains("…"+body+"…", h.Text) {
				t.Errorf("%q is not from %q", h.Text, body)
			}
			at, units := 0, len(utf16.Encode([]rune(h.Text)))
			for _, r := range h.Ranges {
				if r.Start < at || r.End <= r.Start || r.End > units {
					t.Errorf("%q in %q: %v of %d units", query, h.Text, h.Ranges, units)
				}
				at = r.End
			}
			if len(h.Ranges) == 0 {
				t.Errorf("%q in %q: nothing is marked", query, h.Text)
			}
		}
	})
}
