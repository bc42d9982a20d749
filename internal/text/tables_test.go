package text_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/throughline/throughline/internal/text"
)

// Both stores and the oracle share this package, so nothing else would notice if all of them were wrong together. The
// tables here say by hand what it makes.

func TestFoldedNames(t *testing.T) {
	for in, want := range map[string]string{
		// white space of every kind is one space, and none at the ends
		"\u3000a\u00a0\u2003b\u2028c\u0085d\v\fe ": "a b c d e",
		// letters that Unicode does not take apart
		"ØLŁĐÐÞÆŒı": "ollddthaeoei", "Weiß": "weiss", "GROẞ": "gross",
		// Latin, Greek, Cyrillic: marks go, й stays
		"Çà et là": "ca et la", "Ǖ": "u", "Ἀθῆναι": "αθηναι", "Ϊ": "ι", "ЁЖИК": "ежик", "Йод": "йод", "и\u0306": "й", "и\u0301\u0306": "й", "и\u0306\u0306\u0301": "й", "Їжак": "іжак", "Ў": "у", "ά\u0345": "αι",
		// Hebrew points, the maqaf and the geresh
		"בְּרֵאשִׁית": "בראשית", "תל־אביב": "תל-אביב", "ג׳ורג׳": "ג'ורג'", "צה״ל": "צה\"ל", "יִ": "י",
		// Arabic harakat and tatweel go, hamza and madda stay
		"بِسْمِ ٱللَّٰهِ": "بسم ٱلله", "مـــحـمد": "محمد", "آمن": "آمن", "مؤمن": "مؤمن", "ئ": "ئ",
		// what are letters elsewhere
		"ガギ": "ガギ", "ﾊﾟﾋﾟ": "パピ", "हिंदी": "हिंदी", "বাংলা": "বাংলা", "தமிழ்": "தமிழ்", "ที่": "ที่", "ខ្មែរ": "ខ្មែរ",
		// what cannot be seen
		"a\u00ad\u200b\u200c\u200d\u2060\ufeffb": "ab", "\u202aa\u202c\u2066b\u2069\u200e\u200f\u061c": "ab", "❤\ufe0e❤\ufe0f": "❤❤", "\u115fa\u1160b\u3164c\uffa0": "abc", "a\u034fb": "ab", "\U000e0041a": "a",
		// the mark of a number in Arabic can be seen
		"\u0600a": "\u0600a",
		// compatibility forms
		"ﬃ ℡ Ⅷ ½ ㎏ ①": "ffi tel viii 1⁄2 kg 1", "Ｊｏｈｎ　２": "john 2", "H₂O²": "h2o2",
		// a mark that stands on nothing, or on a space
		"\u0301a": "a", "a \u0301b": "a b", "¨": "", "a¨b": "a b",
		// a mark of a script with vowels for marks, on a Latin letter
		"a\u0903": "a\u0903",
		// case that is more than one letter, or depends on where it stands
		"ŸŁ": "yl", "ὈΔΥΣΣΕΎΣ": "οδυσσευσ", "ς": "σ", "ŉ": "'n", "ᏣᎳᎩ": "ᏣᎳᎩ", "ꮳꮃꭹ": "ᏣᎳᎩ", "ᏽ": "Ᏽ",
	} {
		if got := text.Fold(in); got != want {
			t.Errorf("%+q is folded to %+q (%s), want %+q", in, got, got, want)
		}
	}
}

// TestPointsGo has every Hebrew point and every mark of Arabic on a letter, and the marks that make letters.
func TestPointsGo(t *testing.T) {
	for r := rune(0x591); r <= 0x6ed; r++ {
		if !unicode.Is(unicode.Mn, r) {
			continue
		}
		letter := "ש"
		if r >= 0x600 {
			letter = "س"
		}
		makes := r >= 0x653 && r <= 0x655
		if got := text.Fold(letter + string(r)); (got == letter) == makes {
			t.Errorf("%U on %s is folded to %+q", r, letter, got)
		}
	}
}

// Capitals, the grave accent and white space are all that is folded of ASCII; what is trimmed at the ends is left in
// the middle.
func TestFoldedASCII(t *testing.T) {
	for c := range byte(0x80) {
		in, want := string(rune(c)), string(rune(c))
		switch {
		case c >= 'A' && c <= 'Z':
			want = string("abcdefghijklmnopqrstuvwxyz"[c-'A'])
		case c == '`':
			want = "'"
		case strings.IndexByte("\t\n\v\f\r ", c) >= 0:
			want = " "
		}
		for around, want := range map[[2]string]string{
			{"", ""}: strings.Trim(want, " "), {"a", "b"}: "a" + want + "b",
			{"a", ""}: strings.TrimRight("a"+want, " "), {"", "b"}: strings.TrimLeft(want+"b", " "),
		} {
			for _, more := range []string{"", "\u00ad"} { // the quick way and the long one
				if got := text.Fold(around[0] + in + more + around[1]); got != want {
					t.Errorf("%q in %q is folded to %q, want %q", in, around, got, want)
				}
			}
		}
	}
}

// The marks by their code points, as a keyboard, a word processor and a typesetter write them.
func TestMarksThatAreAlike(t *testing.T) {
	for want, marks := range map[string]string{
		"'":  "'`\u00b4\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u055a\u05f3\u1fbd\u1fbf\u1ffd\u2018\u2019\u201b\u2032\u2035\ua78c\uff07\uff40",
		"\"": "\"\u00ab\u00bb\u05f4\u201c\u201d\u201e\u201f\uff02",
		"-":  "-\u058a\u05be\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\u2e3a\u2e3b\uff0d\ufe63",
	} {
		for _, r := range marks {
			if got := text.Fold("A" + string(r) + "B"); got != "a"+want+"b" {
				t.Errorf("A%cB (%U) is folded to %+q, want a%sb", r, r, got, want)
			}
		}
	}
	for _, r := range "_/.,:·|‚‹›「」〜+=" { // these are others
		if got := text.Fold("A" + string(r) + "B"); got != "a"+string(r)+"b" {
			t.Errorf("A%cB (%U) is folded to %+q", r, r, got)
		}
	}
}

func TestSortKeys(t *testing.T) {
	long := strings.Repeat("a", 199)
	for in, want := range map[string]string{
		"": "", " ": "", "Mary  Kaldor": "mary kaldor", "Ærø": "aero", "Jean–Luc": "jean-luc", "}": "}",
		"x~y": "x~00007ey", "a\x01": "a~000001", "a\x7f": "a~00007f", "李明": "~00674e~00660e", "😀": "~01f600", "\U0010fffd!": "~10fffd!", "Ωμ": "~0003c9~0003bc",
		// 200 characters count, however many bytes they are
		long + "b": long + "b", long + "bc": long + "b", long + "李": long + "~00674e", long + "b李": long +
			"b", strings.Repeat("李", 201): strings.Repeat("~00674e", 200),
	} {
		if got := text.SortKey(in); got != want {
			t.Errorf("the key of %q is %q, want %q", in, got, want)
		}
	}
	// names in their order, those of a line at the same place
	lines := [][]string{
		{"", " "},
		{`"Great" Alexander`, "“Great” Alexander", "«Great» alexander"},
		{"'t Hooft", "’t Hooft"},
		{"-1"},
		{"10 Downing Street"},
		{"2 Rue de la Paix", "² rue de la paix"},
		{"9/11"},
		{"A b"},
		{"A-b", "a–b"},
		{"A.b"},
		{"A1"},
		{"ab", "ÁB", "a\u0301b", "a\u00adb"},
		{"ab c"},
		{"Abc"},
		{"Ærø", "aero"},
		{"Étude", "etude"},
		{"Łódź", "lodz"},
		{"Østergård", "ostergard"},
		{"Zürich", "ZURICH"},
		{"zz"},
		{"z~"},
		{"~"},
		{"Αθήνα", "ΑΘΗΝΑ"},
		{"Ёлка", "елка"},
		{"Йод"},
		{"Омск"},
		{"שלום", "שָׁלוֹם"},
		{"أحمد"},
		{"احمد"},
		{"राम"},
		{"กิน"},
		{"Ꭰ", "ꭰ"},
		{"ハナ", "ﾊﾅ"},
		{"バナ", "ハ\u3099ナ"},
		{"パナ"},
		{"李明"},
		{"東京"},
		{"한국"},
		{"\ufffd"},
		{"𐍈"}, // behind the one before as a code point, before it in UTF-16
		{"😀"},
	}
	last := ""
	for i, line := range lines {
		key := text.SortKey(line[0])
		if i > 0 && key <= last {
			t.Errorf("%q (%s) stands at or before %q (%s)", line[0], key, lines[i-1][0], last)
		}
		for _, name := range line {
			if got := text.SortKey(name); got != key {
				t.Errorf("%q (%s) stands elsewhere than %q (%s)", name, got, line[0], key)
			}
		}
		last = key
	}
}

func TestSkeletons(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "a": "", "kald": "", "東京": "", "été": "",
		"kaldor": "kldr", "kalder": "kldr", "hello": "hl", "whale": "wl", "civilians": "cvlns", "civillians": "cvlns", "afghanistan": "afgnstn", "afganistan": "afgnstn",
		"eerie": "er", "yearly": "yrl", "aaaaa": "a", "llama": "lm", "barbara": "brbr", "bobby": "b", "x1122": "x12",
		"москва": "москва", "αθηνα": "αθηνα", "аллея": "алея",
	} {
		if got := text.Skeleton(in); got != want {
			t.Errorf("the skeleton of %s is %q, want %q", in, got, want)
		}
	}
}

func TestDeletes(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "a": "a", "nat": "nat", "мир": "мир",
		"kofi": "kfi kof kofi koi ofi", "aabb": "aab aabb abb", "aaaa": "aaa aaaa", "abab": "aab aba abab abb bab", "поле": "оле пле пое пол поле",
	} {
		if got := strings.Join(text.Deletes(in), " "); got != want {
			t.Errorf("%s has the fuzzy keys %s, want %s", in, got, want)
		}
	}
}

func TestSplitWords(t *testing.T) {
	long := strings.Repeat("abcdefgh", 6)
	var many, again []string
	for i := range 40 {
		many = append(many, fmt.Sprintf("w%d", i))
		again = append(again, fmt.Sprintf("W%d w%d", i, 39-i))
	}
	for in, want := range map[string]string{
		"": "", " -- …!": "",
		"The the THE": "the", "Rock'n'roll": "rock n roll", "a_b/c": "a b c", "don’t": "don t", "C++ & C#": "c", "½ 3.5 1,000": "1 2 3 5 000", "№5": "no5",
		// initials
		"F.B.I.": "fbi", "FBI": "fbi", "f.b.i": "fbi", "F．B．I．": "fbi", "É.U.": "eu", "Я.К.": "як", "F. B. I.": "f b i", "F..B.": "f b", "J.F.Kennedy": "jf kennedy", "J.F.1": "jf 1", "A.1.B": "a 1 b", "a.b.c d.e": "abc de", "Ph.D.": "ph d",
		// pairs where no spaces stand between words
		"東": "東", "東京": "東京 京", "東京都": "東京 京都 都", "東 京": "東 京", "東京、京都": "東京 京 京都 都", "ひらカタ漢": "ひら らカ カタ タ漢 漢", "コーヒー": "コー ーヒ ヒー ー", "한국어": "한국 국어 어", "ไทย": "ไท ทย ย", "ລາວ": "ລາ າວ ວ", "ខ្មែរ": "ខ្មែ មែរ រ", "မြန်": "မြန် န်",
		"A東京b2": "a 東京 京 b2", "李.明": "李 明", "ガ": "ガ", "ﾊﾞﾅ": "バナ ナ",
		// marks belong to what they stand on
		"हिन्दी": "हिन्दी", "\u0301": "", "a\u0301b": "ab",
		// what is longer is cut
		long: long, long + "x": long, strings.Repeat("я", 49): strings.Repeat("я", 48),
		// different ones, however many
		strings.Join(many, " ") + " " + strings.Join(again, " ") + " end": strings.Join(many, " ") + " end",
	} {
		if got := strings.Join(text.Words(in), " "); got != want {
			t.Errorf("%q has the words %q, want %q", in, got, want)
		}
	}
}

// Short words are taken as they stand: one character is no beginning of a word, fewer than four have no misspelling,
// fewer than five no skeleton.
func TestShortWords(t *testing.T) {
	for _, c := range []struct {
		word          string
		prefix, fuzzy bool
		skeleton      string
	}{
		{"a", false, false, ""},
		{"7", false, false, ""},
		{"я", false, false, ""},
		{"é", false, false, ""},
		{"क", false, false, ""},
		{"un", true, false, ""},
		{"42", true, false, ""},
		{"яс", true, false, ""},
		{"李", true, false, ""},
		{"ก", true, false, ""},
		{"한", true, false, ""},
		{"カ", true, false, ""},
		{"東京", true, false, ""},
		{"war", true, false, ""},
		{"мир", true, false, ""},
		{"nato", true, true, ""},
		{"поле", true, true, ""},
		{"2001", true, true, ""},
		{"seven", true, true, "svn"},
		{"полет", true, true, "полет"},
	} {
		s := text.NewSearch(c.word)
		if len(s.Words) != 1 {
			t.Fatalf("%s: %v", c.word, s.Words)
		}
		w := s.Words[0]
		if w.Prefix != c.prefix || w.Deletes != nil != c.fuzzy || w.Skeleton != c.skeleton || w.Phrase || w.Initials {
			t.Errorf("%s: %+v", c.word, w)
		}
	}
	for _, q := range []string{`"nato"`, `"naval war"`, "N.A.T.O.", "J."} { // these fit exactly or not at all
		if w := text.NewSearch(q).Words[0]; w.Prefix || w.Deletes != nil || w.Skeleton != "" {
			t.Errorf("%s: %+v", q, w)
		}
	}
}

func TestGrades(t *testing.T) {
	for _, c := range []struct {
		query, name, body string
		exact, fuzzy      int // without and with misspelling
	}{
		{"nato", "NATO", "nato", text.ExactName, text.ExactName},
		{"nato", "Natoland, Nato", "", text.ExactName, text.ExactName},
		{"a", "Ab", "ab", 0, 0},
		{"ab", "Abc", "abd", text.PrefixName, text.PrefixName},
		{"李", "李明", "", text.PrefixName, text.PrefixName},
		{"東京", "大東京都", "", text.ExactName, text.ExactName},
		{"京", "東京都", "", text.PrefixName, text.PrefixName},
		{"東都", "東京都", "東京都", 0, 0},
		// misspelt names: from four characters on, on both sides
		{"nao", "Nato", "", 0, 0},
		{"nato", "Nat", "", 0, 0},
		{"naot", "Nato", "", 0, text.FuzzyName},
		{"natx", "Nato", "", 0, text.FuzzyName},
		{"natoo", "Nato", "", 0, text.FuzzyName},
		{"natxo", "Nato", "", 0, text.FuzzyName},
		{"otan", "Nato", "", 0, 0},
		{"naot", "Nato Naotland", "", text.PrefixName, text.PrefixName},
		{"naot", "Naotland Nato", "", text.PrefixName, text.PrefixName},
		// bodies: by skeleton, from five characters on
		{"kaldor", "x", "Kaldor", text.ExactBody, text.ExactBody},
		{"kald", "x", "Kaldor", text.PrefixBody, text.PrefixBody},
		{"kald", "x", "Kaldor, kald", text.ExactBody, text.ExactBody},
		{"kalder", "x", "Kaldor", 0, text.FuzzyBody},
		{"kalder", "x", "Kaldor Kalderon", text.PrefixBody, text.PrefixBody},
		{"kalder", "x", "Kalderon Kaldor", text.PrefixBody, text.PrefixBody},
		{"naot", "x", "Nato", 0, 0},
		{"kaldxr", "x", "Kaldor", 0, 0},
		// a name that fits somehow is better than a text that fits
		{"kalder", "Kaldor", "Kalder", text.ExactBody, text.FuzzyName},
		{"ka", "Kaldor", "kan", text.PrefixName, text.PrefixName},
		{"kaldor", "x", "y", 0, 0},
		{`"human security"`, "Human Security", "human security", text.ExactName, text.ExactName},
		{`"human security"`, "Security", "on human security", text.ExactBody, text.ExactBody},
		{`"human security"`, "Human Securities", "security human, humans security", 0, 0},
	} {
		d, s := text.NewDoc(c.name, nil, []string{c.body}), text.NewSearch(c.query)
		if len(s.Words) != 1 {
			t.Fatalf("%s: %v", c.query, s.Words)
		}
		for fuzzy, want := range map[bool]int{false: c.exact, true: c.fuzzy} {
			if got := d.Grade(&s.Words[0], fuzzy); got != want {
				t.Errorf("%s fits %s (%s) with %d, want %d (fuzzy %v)", c.query, c.name, c.body, got, want, fuzzy)
			}
		}
		if got, want := d.Exact(&s.Words[0]), c.exact == text.ExactName || c.exact == text.ExactBody; got != want {
			t.Errorf("%s fits %s (%s) exactly: %v", c.query, c.name, c.body, got)
		}
	}
}

func TestDocuments(t *testing.T) {
	d := text.NewDoc("John F. Kennedy", []string{"JFK", "Kennedy, Jack", "J. F. K. of B. M."},
		[]string{"a president", "president of a land", "a land"})
	for what, c := range map[string][2]string{
		"name":     {strings.Join(d.NameWords, " "), "john f kennedy jfk jack j k of b m"},
		"body":     {strings.Join(d.BodyWords, " "), "a president of land"},
		"initials": {strings.Join(d.Initials, " "), "jfk j kj jfko"},
		"count":    {fmt.Sprint(d.NameCount), "3"},
	} {
		if c[0] != c[1] {
			t.Errorf("%s: %s, want %s", what, c[0], c[1])
		}
	}
	for name, want := range map[string]int{"": 1, "…": 1, "NATO nato": 1, "東京都": 2, "東": 1, "A B C": 3} {
		if d := text.NewDoc(name, nil, nil); d.NameCount != want {
			t.Errorf("%q counts %d words, want %d", name, d.NameCount, want)
		}
	}
	for name, want := range map[string]string{
		"": "", "Mary Kaldor": "mk", "A B C D E": "abcd", "F.B.I. Agents": "fbia",
		"3 Men": "m", "東京 Tower": "t", "Åse Ørn": "ao", "Я.К.": "як", "A.B.C.D.E.": "abcd",
	} {
		if got := text.Initials(name); got != want {
			t.Errorf("%q has the initials %q, want %q", name, got, want)
		}
	}
	if got, want := text.IDs("Mary-K", "ISNI", "00 01", "wikidata", "Q5"), []string{
		"mary-k", "00 01", "isni:00 01",
		"q5", "wikidata:q5",
	}; !slices.Equal(got, want) {
		t.Errorf("ids %q, want %q", got, want)
	}
}

func TestScores(t *testing.T) {
	for _, c := range []struct {
		grades []int
		words  int
		titled bool
		want   int
	}{
		{nil, 1, false, 0},
		{[]int{10}, 1, false, 100},        // 80 + 20
		{[]int{10}, 2, false, 90},         // 80 + 10
		{[]int{10}, 3, false, 86},         // 80 + 6⅔
		{[]int{10, 10}, 1, false, 100},    // no more than the whole name
		{[]int{10, 8}, 2, false, 92},      // 72 + 20
		{[]int{6}, 1, false, 68},          // 48 + 20
		{[]int{6, 6, 6}, 4, false, 63},    // 48 + 15
		{[]int{5}, 1, false, 40},          // not in the name
		{[]int{10, 5}, 2, false, 60},      // nor all of it
		{[]int{5, 10}, 2, false, 60},      // in whatever order
		{[]int{10, 0}, 2, false, 40},      // round 3
		{[]int{3, 3, 4}, 1, false, 26},    // 26⅔
		{[]int{10}, 1, true, 100},         // a title gives way where initials fit alone
		{[]int{9, 10}, 2, false, 96},      // 76 + 20
		{[]int{9, 10}, 2, true, 95},       // one less
		{[]int{10, 7}, 2, true, 87},       // 68 + 20 - 1
		{[]int{8, 6}, 2, true, 76},        // 56 + 20
		{[]int{10, 10, 10}, 6, false, 90}, // 80 + 10
	} {
		if got := text.Score(c.grades, c.words, c.titled); got != c.want {
			t.Errorf("%v of %d words (titled %v): %d, want %d", c.grades, c.words, c.titled, got, c.want)
		}
	}
}

func TestRounds(t *testing.T) {
	d := text.NewDoc("Mary Kaldor", nil, []string{"Human security"})
	d.IDs = text.IDs("mary-kaldor", "isni", "0000 1")
	for query, want := range map[string][3]int{ // by round; -1 = no hit
		"":                {-1, -1, -1},
		"mary kaldor":     {100, 100, 100},
		"kaldor":          {90, 90, 90},
		"kal":             {74, 74, 74},
		"mary security":   {60, 60, 60},
		"mary kaldr":      {-1, 84, 84}, // 64 + 20
		"kaldr":           {-1, 58, 58}, // 48 + 10
		"mary nobody":     {-1, -1, 40},
		"nobody security": {-1, -1, 20},
		"nobody":          {-1, -1, -1},
		"Mary-Kaldor":     {100, 100, 100},
		"ISNI:0000 1":     {100, 100, 100},
		"0000 1":          {100, 100, 100},
		"isni":            {-1, -1, -1},
		`"kaldor mary"`:   {-1, -1, -1},
		"M. K.":           {82, 82, 82}, // 72 + 10: initials are one word, and the name has two
	} {
		s := text.NewSearch(query)
		for i := range want {
			score, hit := d.Match(&s, i+1)
			if !hit {
				if score != 0 {
					t.Errorf("%q in round %d: no hit with %d", query, i+1, score)
				}
				score = -1
			}
			if score != want[i] {
				t.Errorf("%q in round %d: %d, want %d", query, i+1, score, want[i])
			}
		}
	}
}

// Of a search sixteen words count, two hundred may be given, and one more is kept so that it is seen to have too many.
func TestLongSearches(t *testing.T) {
	words := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "w%d ", i)
		}
		return b.String()
	}
	for query, want := range map[string][2]int{ // different words or phrases, and words of theirs
		"":                                {0, 0},
		"a a A":                           {1, 1},
		`a "a" "a" A. a.`:                 {3, 3},
		`"a b" c`:                         {2, 3},
		`"a b c" "a b" "東京都"`:             {3, 7},
		words(17):                         {17, 17},
		words(200):                        {200, 200},
		words(201):                        {201, 201},
		words(300):                        {201, 201},
		words(300) + `"x y z"`:            {201, 201},
		words(200) + `"x y z"`:            {201, 203},
		words(200) + `X. `:                {201, 201},
		`"` + words(300) + `"`:            {1, 300},
		strings.Repeat(`"x y" `, 300):     {1, 2},
		words(200) + words(200) + "w0 w1": {200, 200},
	} {
		s := text.NewSearch(query)
		if got := [2]int{len(s.Words), s.Size()}; got != want {
			t.Errorf("%.40s… has %v words, want %v", query, got, want)
		}
	}
	s := text.NewSearch(words(17))
	counts := make([]int, 17)
	for i := range counts {
		counts[i] = 3
	}
	// the last of equals, the most frequent, what nothing has
	for rarest, c := range map[string]int{"w16": 3, "w4": 4, "w5": 0} {
		var at int
		if _, err := fmt.Sscanf(rarest, "w%d", &at); err != nil {
			t.Fatal(err)
		}
		counts[at] = c
		few := s.Rarest(counts)
		counts[at] = 3
		if len(few.Words) != text.MaxQueryWords || slices.ContainsFunc(few.Words,
			func(w text.QueryWord) bool { return w.Word == rarest }) {
			t.Errorf("without %s: %v", rarest, few.Words)
		}
	}
	if few := text.NewSearch(words(16)); len(few.Rarest(counts[:16]).Words) != 16 {
		t.Error("sixteen words are not too many")
	}
}

func TestHighlightsOfLongTexts(t *testing.T) {
	x := func(n int) string { return strings.Repeat("é", n) }
	for _, c := range []struct{ query, text, want string }{
		// 80 characters before the first match, 160 behind it
		{"nato", x(79) + " NATO " + x(159), x(79) + " **NATO** " + x(159)},
		{"nato", x(80) + " NATO " + x(160), "…" + x(79) + " **NATO** " + x(159) + "…"},
		{"nato", "NATO" + strings.Repeat(" y", 80), "**NATO**" + strings.Repeat(" y", 80)},
		{"nato", "NATO" + strings.Repeat(" y", 80) + "!", "**NATO**" + strings.Repeat(" y", 80) + "…"},
		// a match that is cut is not marked
		{"nato west", "NATO " + x(154) + " west", "**NATO** " + x(154) + " **west**"},
		{"nato west", "NATO " + x(155) + " west", "**NATO** " + x(155) + " wes…"},
		{"nato", x(300), ""},
		{"", "plain", ""},
	} {
		if got := highlight(c.text, c.query); got != c.want {
			t.Errorf("%s in %s: %s, want %s", c.query, c.text, got, c.want)
		}
	}
}

// The text with most words that fit, of as many the first, the names before the others.
func TestHighlightsOfSeveralTexts(t *testing.T) {
	fields := []text.Field{
		{Name: "name", Text: "Mary Kaldor", IsName: true},
		{Name: "aliases", Text: "Kaldor", IsName: true},
		{Name: "description", Text: "Kaldor on security"},
		{Name: "a", Text: "Human security by Kaldor"},
		{Name: "b", Text: "security"},
	}
	for query, want := range map[string]string{
		"kaldor":                "Mary **Kaldor**",
		"security":              "Kaldor on **security**",
		"kaldor security":       "**Kaldor** on **security**",
		"human kaldor security": "**Human** **security** by **Kaldor**",
		"nobody":                "",
		"kaldr":                 "Mary **Kaldor**",
		"securety":              "Kaldor on **security**",
	} {
		s := text.NewSearch(query)
		if got := marked(text.Highlights(fields, &s)); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

// Every character of ASCII at every place of the eight that are looked at together.
func TestJSONStrings(t *testing.T) {
	named := map[byte]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`}
	for c := range byte(0x80) {
		want := string(rune(c))
		switch short, ok := named[c]; {
		case ok:
			want = short
		case c < 0x20:
			want = fmt.Sprintf(`\u%04X`, c)
		}
		for at := range 20 {
			before, behind := strings.Repeat("é", at/2)+strings.Repeat("x", at%2), strings.Repeat("y", 19-at)
			if got := string(text.AppendJSON([]byte("z"),
				before+string(rune(c))+behind)); got != `z"`+before+want+behind+`"` {
				t.Errorf("%U at %d: %s", c, at, got)
			}
		}
	}
}
