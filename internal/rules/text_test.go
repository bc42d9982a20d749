package rules

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestWhatIsAlike(t *testing.T) {
	for _, c := range []struct {
		name, text, excerpt string
		want                string // "" = not found
	}{
		{"as it is", "these are the words", "are the", "are the"},
		{"white space", "these are\n\t the\u00a0words", "are the words", "are\n\t the\u00a0words"},
		{"more white space in the excerpt", "these are the words", "  are \r\n the  words\n", "are the words"},
		{"white space is not nothing", "the rapist", "therapist", ""},
		{"nothing is not white space", "therapist", "the rapist", ""},
		{"soft hyphens", "human se\u00adcu\u00adrity first", "security", "se\u00adcu\u00adrity"},
		{"a soft hyphen in the excerpt", "human security first", "se\u00adcurity", "security"},
		{"soft hyphens at the ends", "human \u00adsecurity\u00ad first", "security", "security"},
		{
			"zero width", "hu\u200bman\u200d \ufeffsec\u2060urity", "human security",
			"hu\u200bman\u200d \ufeffsec\u2060urity",
		},
		{"quotation marks", "he said “never” again", `said "never" again`, "said “never” again"},
		{"guillemets", "il dit « jamais » encore", `dit " jamais "`, "dit « jamais »"},
		{"apostrophes", "the people’s voice", "people's voice", "people’s voice"},
		{"dashes", "1999–2003, and—then", "1999-2003, and - then", ""},
		{"dashes alike", "1999–2003, and—then", "1999-2003, and--then", "1999–2003, and—then"},
		{"a minus", "it was −5 degrees", "was -5 degrees", "was −5 degrees"},
		{"decomposed in the text", "the cafe\u0301 there", "the café", "the cafe\u0301"},
		{"decomposed in the excerpt", "the café there", "the cafe\u0301", "the café"},
		{"a letter and one with a mark", "the café there", "cafe", ""},
		{"a letter before its mark", "the cafe\u0301 there", "the cafe", ""},
		{"a mark that no letter takes", "the x\u0301yz there", "the x", ""},
		{"a mark alone", "the x\u0301yz there", "\u0301yz", ""},
		{"marks in another order", "the a\u0323\u0307bc", "a\u0307\u0323bc", "a\u0323\u0307bc"},
		{"half a syllable", "\u1112\u1161\u11ab국어", "하국어", ""},
		{"a syllable", "\u1112\u1161\u11ab국어", "한국어", "\u1112\u1161\u11ab국어"},
		{"case", "The Words", "the words", ""},
		{"a digit", "in 1999 then", "in 1998 then", ""},
		{"other digits", "in 1999 then", "in １999", ""},
		{"a ligature", "the ﬁrst", "the first", ""},
		{"astral", "😀😀 the 𝒜lpha 😀", "the 𝒜lpha", "the 𝒜lpha"},
		{"two letters", "these are the words", "th", ""},
		{"no letters", "- - - -", "- -", ""},
		{"nothing", "these are the words", " ", ""},
		{"Devanagari vowels", "राम आया था", "र", ""},
		{"Devanagari", "राम आया था", "राम आया", "राम आया"},
		{"expands in NFC", "\u200dख़ग and so", "ख\u093cग and", "ख़ग and"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := NewText(c.text)
			p, ok := text.Find(c.excerpt, "", "")
			if ok != (c.want != "") || p.Excerpt != c.want {
				t.Fatalf("%q in %q: %q %v, want %q", c.excerpt, c.text, p.Excerpt, ok, c.want)
			}
			if ok {
				holds(t, text, p, c.excerpt)
			}
		})
	}
}

// holds checks what is true of every place.
func holds(t interface{ Fatalf(string, ...any) }, text *Text, p Place, excerpt string) {
	runes := []rune(text.String())
	if got := string(runes[p.Start:p.End]); got != p.Excerpt {
		t.Fatalf("[%d, %d) is %q, not %q", p.Start, p.End, got, p.Excerpt)
	}
	if a, b := words(p.Excerpt), words(excerpt); a != b {
		t.Fatalf("%q is found for %q", a, b)
	}
	if _, cut := text.Cut(p.Start, p.End); cut {
		t.Fatalf("%q is found in %q within a word", p.Excerpt, text.String())
	}
	before, after := string(runes[:p.Start]), string(runes[p.End:])
	if !strings.HasSuffix(before, p.Prefix) || !strings.HasPrefix(after, p.Suffix) {
		t.Fatalf("%q and %q do not stand beside %q", p.Prefix, p.Suffix, p.Excerpt)
	}
	again, ok := NewText(text.String()).Find(p.Excerpt, p.Prefix, p.Suffix)
	if !ok || again != p {
		t.Fatalf("%+v is found again as %+v, %v", p, again, ok)
	}
}

func TestThePlaceIsWhereItsNeighboursStand(t *testing.T) {
	const text = "He said the words. Then “he took the words back”, not the\nwords of her."
	for _, c := range []struct {
		excerpt, prefix, suffix string
		start                   int
		before, after           string
	}{
		{"the words", "", "", 8, "", ""},
		{"the words", "took ", "", 33, "took ", ""},
		{"the words", "took", " back", 33, "took ", " back"},
		{"the words", "", "back", 33, "", " back"},
		{"the words", "not  ", "of her", 54, "not ", " of her"},
		{"the words", "", ".", 8, "", "."},
		{"the words", "INVENTED ", "", -1, "", ""},
		{"the words", "said ", " back", -1, "", ""},
		{"he took", `"`, "", 25, "“", ""},
	} {
		x := NewText(text)
		p, ok := x.Find(c.excerpt, c.prefix, c.suffix)
		if ok != (c.start >= 0) || ok && (p.Start != c.start || p.Prefix != c.before || p.Suffix != c.after) {
			t.Errorf("%q between %q and %q: %+v, %v", c.excerpt, c.prefix, c.suffix, p, ok)
		}
		if ok {
			holds(t, x, p, c.excerpt)
		}
	}
}

// alphabet is what texts are made of that could be compared or counted wrongly.
var alphabet = []string{
	"a", "b", "é", "e\u0301", "e", "x", "\u0301", "\u0323", "\u00ad", "\u200b", "\u200d", " ", " ", "\n", "\r\n", "\u00a0", "\u2003", "-", "–", "--", "—", "'", "’", "“", "\"", "«",
	"李", "𝒜", "😀", "1", ".", "…", "\u1112", "\u1161", "\u11ab", "한", "\u0958", "र", "ा", "\u034f", "\ufeff", "\u1fef", "ﬁ", "\u0600",
}

func someText(most int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(alphabet), 0, most).Draw(t, "text"), "")
	})
}

// otherwise writes a text in another way that is alike.
func otherwise(t *rapid.T, s string) string {
	if rapid.Bool().Draw(t, "NFD") {
		s = norm.NFD.String(s)
	}
	var b strings.Builder
	for i, r := range s {
		class := classOf(r)
		switch class {
		case space:
			b.WriteString(rapid.SampledFrom([]string{" ", "\n", "\u00a0 ", "\u200b\t"}).Draw(t, "space"))
		case dash:
			b.WriteString(rapid.SampledFrom([]string{"-", "–", "--"}).Draw(t, "dash"))
		case quotation:
			b.WriteString(rapid.SampledFrom([]string{"'", "“", "»"}).Draw(t, "quotation"))
		case unseen:
		default:
			if i > 0 && !joined(s[i:]) && rapid.IntRange(0, 5).Draw(t, "unseen") == 0 {
				b.WriteString("\u00ad")
			}
			b.WriteRune(r)
		}
	}
	return b.String()
}

// TestWordsAreFoundWhereTheyStand looks for any stretch of any text, written otherwise.
func TestWordsAreFoundWhereTheyStand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := someText(40).Draw(t, "text")
		text := NewText(s)
		var cuts []int
		for i := range s + "x" {
			if !joined(s[i:]) && !dashAt(s[i:]) { // several dashes are one
				cuts = append(cuts, i)
			}
		}
		a, b := rapid.IntRange(0, len(cuts)-1).Draw(t, "from"), rapid.IntRange(0, len(cuts)-1).Draw(t, "to")
		excerpt := s[cuts[min(a, b)]:cuts[max(a, b)]]
		trimmed := strings.TrimFunc(excerpt, outer)
		if Short(excerpt) || joined(trimmed) {
			return
		}
		start := strings.Index(s[cuts[min(a, b)]:], trimmed) + cuts[min(a, b)]
		if within := withinWords(s); within[start] || within[start+len(trimmed)] {
			return
		}
		p, ok := text.Find(otherwise(t, excerpt), "", "")
		if !ok {
			t.Fatalf("%q is not found in %q", excerpt, s)
		}
		holds(t, text, p, excerpt)
	})
}

// dashAt reports whether a text begins with a dash, characters that are not seen aside.
func dashAt(s string) bool {
	r, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(s, func(r rune) bool { return classOf(r) == unseen }))
	return classOf(r) == dash
}

// TestWhatIsFoundIsAlike holds Find against looking at every stretch of a text.
func TestWhatIsFoundIsAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := someText(24).Draw(t, "text")
		excerpt := someText(6).Draw(t, "excerpt")
		prefix, suffix := someText(1).Draw(t, "prefix"), someText(1).Draw(t, "suffix")
		text := NewText(s)
		p, ok := text.Find(excerpt, prefix, suffix)
		if ok {
			holds(t, text, p, excerpt)
			return
		}
		if Short(excerpt) || prefix != "" || suffix != "" || joined(strings.TrimFunc(excerpt, outer)) {
			return
		}
		within := withinWords(s)
		for i := range s {
			for j := range s {
				if j > i && !joined(s[i:]) && !joined(s[j:]) && !within[i] && !within[j] && words(s[i:j]) == words(excerpt) {
					t.Fatalf("%q is not found in %q, where %q stands", excerpt, s, s[i:j])
				}
			}
		}
	})
}

func TestFoldingIsDoneOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := someText(40).Draw(t, "text")
		f := fold(s)
		if again := fold(f.text).text; again != f.text || !utf8.ValidString(f.text) {
			t.Fatalf("%q is folded to %q, and that to %q", s, f.text, again)
		}
	})
}

func FuzzFind(f *testing.F) {
	f.Add("these are\nthe words", "are the", "these", "words")
	f.Add("x e\u0301\u00ad—“a” 𝒜bc", "\u00e9-\"a\" 𝒜", "x", "bc")
	f.Fuzz(func(t *testing.T, s, excerpt, prefix, suffix string) {
		if !utf8.ValidString(s) || !utf8.ValidString(excerpt) || !utf8.ValidString(prefix) || !utf8.ValidString(suffix) {
			return
		}
		text := NewText(s)
		if p, ok := text.Find(excerpt, prefix, suffix); ok {
			holds(t, text, p, excerpt)
		}
		if p, ok := text.Nearest(excerpt); ok {
			if got := string([]rune(s)[p.Start:p.End]); got != p.Words || p.Line < 1 {
				t.Errorf("nearest %+v is %q", p, got)
			}
		}
		text.Has(excerpt)
	})
}

func TestTheNearestPassage(t *testing.T) {
	long := strings.Repeat("Nothing of the kind stands on this line.\r\n", 2000)
	for _, c := range []struct {
		text, excerpt, words string
		line                 int
	}{
		{"Alice joined the Guild in 1999.\nAlice never joined the Guild, said Bob.", "Alice nevar joined the Guild", "Alice never joined the Guild", 2},
		{"Alice joined the Guild.", "Alice founded the Guild.", "Alice joined the Guild.", 1},
		{long + "She founded the\nGuild—alone. " + long, "She foundet the Guild - alone", "She founded the\nGuild—alone", 2001},
		{"日本語の文章です。\nこれは別の行です。", "これは別な行です", "これは別の行です", 2},
		{"nothing alike", "ZZZ QQQ", "", 0},
		{"", "some words", "", 0},
		{"as", "as it is", "as", 1},
	} {
		p, ok := NewText(c.text).Nearest(c.excerpt)
		if ok != (c.words != "") || p.Words != c.words || p.Line != c.line {
			t.Errorf("%q: %+v, %v", c.excerpt, p, ok)
		}
	}
}

func TestAQuotationStandsWholeOrInPieces(t *testing.T) {
	const text = "We joined the Guild in 1999 “because it was right”. Later we left it… and came back."
	for quotation, want := range map[string]bool{
		"We joined the Guild in 1999":         true,
		"We joined  the Guild … it was right": true,
		"We joined the Guild... it was right": true,
		"We joined […] it was right":          true,
		"We joined (...) it was right...":     true,
		"…it was right":                       true,
		"it was right … We joined":            false,
		"We joined … it was wrong":            false,
		"We joined it was right":              false,
		`"because it was right"`:              true,
		"we left it... and came back":         true,
		"left it… and came":                   true,
		"We nevar joined":                     false,
		"…":                                   false,
		"":                                    false,
	} {
		if got := NewText(text).Has(quotation); got != want {
			t.Errorf("%q: %v", quotation, got)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	s := strings.Repeat("She told the council that “nobody” had asked the people’s assembly — not once.\n", 60) + "The end of it all."
	text := NewText(s)
	b.Run("as given", func(b *testing.B) {
		for b.Loop() {
			text.Find("end of it all", "", "")
		}
	})
	b.Run("folded", func(b *testing.B) {
		for b.Loop() {
			text.Find("end  of it all", "", "")
		}
	})
	b.Run("folding", func(b *testing.B) {
		b.SetBytes(int64(len(s)))
		for b.Loop() {
			fold(s)
		}
	})
	long := NewText(strings.Repeat(s, 1<<20/len(s)))
	b.Run("nearest", func(b *testing.B) {
		for b.Loop() {
			long.Nearest("The end of it was nobody")
		}
	})
}
