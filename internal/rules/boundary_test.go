package rules

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestWordsAreWhole(t *testing.T) {
	for _, c := range []struct{ text, excerpt, instead string }{ // instead: "" = found
		{"unaffiliated with Club", "affiliated with Club", "unaffiliated with Club"},
		{"affiliated with Clubs", "affiliated with Club", "affiliated with Clubs"},
		{"unaffiliated with Clubs, then affiliated with Club", "affiliated with Club", ""},
		{"unaffiliated  with Club", "affiliated with Club", "unaffiliated  with Club"},
		{"un\u00adaffiliated with Club", "affiliated with Club", "un\u00adaffiliated with Club"},
		{"de-affiliated with Club", "affiliated with Club", ""},
		{"word—affiliated with Club—word", "affiliated with Club", ""},
		{"“affiliated with Club”", "affiliated with Club", ""},
		{"/affiliated with Club/", "affiliated with Club", ""},
		{"_affiliated with Club_", "affiliated with Club", ""},
		{"word.affiliated with Club,word", "affiliated with Club", ""},
		// apostrophes
		{"they can't come", "they can", "they can't"},
		{"they can’t come", "they can", "they can’t"},
		{"they can’t come", "t come", "can’t come"},
		{"they can’t come", "'t come", "can’t come"},
		{"il n’est membre de rien", "est membre", "n’est membre"},
		{"il n’est membre de rien", "il n’", "il n’est"},
		{"Mary Kaldor’s words", "Mary Kaldor", ""},
		{"MARY KALDOR'S WORDS", "MARY KALDOR", ""},
		{"Mary Kaldor’s words", "Mary Kaldor’", "Mary Kaldor’s"},
		{"Mary Kaldor’svord", "Mary Kaldor", "Mary Kaldor’svord"},
		{"Mary Kaldor’s\u0301", "Mary Kaldor", "Mary Kaldor’s\u0301"},
		{"the states' rights", "the states", ""},
		{"said 'never' again", "never", ""},
		{"ʻnever’", "never", ""},
		{"à l’OTAN et à l'Union européenne", "OTAN", ""},
		{"à l’OTAN et à l'Union européenne", "Union européenne", ""},
		{"QU’ALAIN BADIOU", "ALAIN BADIOU", ""},
		{"presidente dell’Unione", "Unione", ""},
		{"presidente dell’Unione", "l’Unione", "dell’Unione"},
		{"ils vont vers l’OTAN", "vont vers l", "vont vers l’"},
		{"él’Otan", "Otan", "él’Otan"},
		{"il n’est pas", "est pas", "n’est pas"},
		{"роз’єднання сил", "єднання сил", "роз’єднання сил"},
		{"об’єднання сил", "єднання сил", "об’єднання сил"},
		// digits
		{"some 1.5 million people", "5 million people", "1.5 million people"},
		{"some 12,000 people", "000 people", "12,000 people"},
		{"some 12,000 people", "some 12", "some 12,000"},
		{"in 1999, then", "in 1999", ""},
		{"in 1999.", "in 1999", ""},
		{"in 1999–2003 then", "2003 then", ""},
		{"in 2019-2021", "in 2019", ""},
		{"in the 1990s", "the 1990", "the 1990s"},
		{"the Guild¹ said", "the Guild", ""},
		{"some 2 ½ years", "some 2", ""},
		// marks
		{"the cafe\u0301s", "the café", "the cafe\u0301s"},
		{"e\u0301affiliated", "affiliated", "e\u0301affiliated"},
		// scripts without spaces, and beside those that have them
		{"日本語の文章です", "語の文", ""},
		{"これはテーブルです", "ーブル", ""},
		{"ไม่เป็นสมาชิก", "เป็นสมาชิก", ""},
		{"2021年のNATO会議", "NATO会議", ""},
		{"2021年のNATO会議", "2021年", ""},
		{"在NATO总部", "NATO", ""},
		{"在NATOX总部", "NATO", "NATOX"},
		{"ຂ້ອຍບໍ່ແມ່ນ", "ແມ່ນ", ""},
		{"ꦲꦏ꧀ꦱꦫꦗꦮ", "ꦱꦫꦗꦮ", ""},
		{"ខ្ញុំមិនមែន", "មិនមែន", ""},
		{"ကျွန်တော်မဟုတ်", "မဟုတ်", ""},
		// and those that have spaces
		{"비회원입니다", "회원입니다", "비회원입니다"},
		{"नआया था", "आया था", "नआया था"},
		{"непринят в гильдию", "принят в гильдию", "непринят в гильдию"},
		{"نمی\u200cروم خانه", "روم خانه", "نمی\u200cروم خانه"},
		{"דברי חז״ל כאן", "דברי חז", "דברי חז״ל"},
		{"אמר \"דברים\" שם", "דברים", ""},
		// offsets into what is folded
		{"x—— unaffiliated…", "affiliated", "unaffiliated"},
	} {
		text := NewText(c.text)
		p, found := text.Find(c.excerpt, "", "")
		if found != (c.instead == "") {
			t.Errorf("%q in %q: %v", c.excerpt, c.text, found)
		}
		if found {
			holds(t, text, p, c.excerpt)
		}
		near, cut := text.Within(c.excerpt)
		if cut == found || near.Words != c.instead {
			t.Errorf("instead of %q in %q: %q, want %q", c.excerpt, c.text, near.Words, c.instead)
		}
		if near, _ := text.Nearest(c.excerpt); cut && near.Words != c.instead {
			t.Errorf("nearest to %q in %q: %q", c.excerpt, c.text, near.Words)
		}
		if has := text.Has(c.excerpt); has != found {
			t.Errorf("%q has %q: %v", c.text, c.excerpt, has)
		}
		if cut {
			if got, cuts := text.Cut(near.Start, near.End); cuts || got != near {
				t.Errorf("the whole words %q are cut: %+v", near.Words, got)
			}
		}
	}
}

func TestPiecesOfAQuotationAreWhole(t *testing.T) {
	const text = "Alice is unaffiliated with the Guild, said Bob of the Guildhall."
	for quotation, want := range map[string]bool{
		"Alice is … affiliated with the Guild":   false,
		"Alice is … with the Guild":              true,
		"Alice is un… with the Guild":            false,
		"Alice … of the Guild":                   false,
		"Alice … the Guild … of the Guildhall":   true,
		"Alice is [...] Guild, said (…) of the…": true,
	} {
		if got := NewText(text).Has(quotation); got != want {
			t.Errorf("%q: %v", quotation, got)
		}
	}
}

// classes writes a letter for what each byte of a text is to words; those of a character but the first are “z”, as
// what is not seen is.
func classes(s string) string {
	out := []byte(strings.Repeat("z", len(s)))
	for i, r := range s {
		switch {
		case classOf(r) == unseen:
		case strings.ContainsRune(apostrophes, r):
			out[i] = 'q'
		case strings.ContainsRune(points, r):
			out[i] = 'p'
		case unicode.Is(unicode.M, r):
			out[i] = 'm'
		case unicode.Is(unicode.Nd, r):
			out[i] = 'd'
		case unicode.In(r, unicode.Han, unicode.Thai, unicode.Katakana):
			out[i] = 'u'
		case r == 's' || r == 'S':
			out[i] = 's'
		case unicode.IsLetter(r):
			out[i] = 'l'
		default:
			out[i] = 'o'
		}
	}
	return string(out)
}

var (
	wordClasses = regexp.MustCompile(`(?:[ls][mz]*|d[mz]*(?:p[mz]*d[mz]*)*)(?:(?:q[mz]*)?(?:[ls][mz]*|d[mz]*(?:p[mz]*d[mz]*)*))*`)
	nameClasses = regexp.MustCompile(`q[mz]*sz*$`)
)

// withinWords are the bytes of a text that lie within a word, as an expression says what words are.
func withinWords(s string) map[int]bool {
	of, within := classes(s), map[int]bool{}
	inside := func(from, to int) {
		to = from + len(strings.TrimRight(of[from:to], "z"))
		for i := from + 1; i < to; i++ {
			within[i] = true
		}
	}
	for _, w := range wordClasses.FindAllStringIndex(of, -1) {
		inside(w[0], w[1])
		if name := nameClasses.FindStringIndex(of[w[0]:w[1]]); name != nil {
			at := w[0] + name[0]
			for delete(within, at); of[at-1] == 'z'; at-- {
				delete(within, at-1)
			}
		}
	}
	for i := range of {
		if rest := strings.TrimLeft(of[i:], "z"); i > 0 && strings.HasPrefix(rest, "m") {
			within[i] = true
		}
	}
	return within
}

func TestWhatLiesWithinAWord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.SampledFrom(append([]string{"s", "テ", "ท", "2", ",", "٫", "S"}, alphabet...))
		s := strings.Join(rapid.SliceOfN(some, 0, 20).Draw(t, "text"), "")
		within := withinWords(s)
		text := NewText(s)
		n := 0
		for i := range s {
			if got := cuts(s, i); got != within[i] {
				t.Fatalf("%q | %q lies within a word: %v", s[:i], s[i:], got)
			}
			if _, cut := text.Cut(n, utf8.RuneCountInString(s)); cut != within[i] {
				t.Fatalf("from %d on, a word of %q is cut: %v", n, s, cut)
			}
			n++
		}
	})
}

// TestAWordThatIsLongIsPassedOver would not end if each place within a word was looked at by itself.
func TestAWordThatIsLongIsPassedOver(t *testing.T) {
	long := strings.Repeat("a", 1<<20)
	joined := strings.Repeat("1.", 1<<19)
	if _, ok := NewText(joined+"1x").Find(joined[:1<<17]+"1", "", ""); ok {
		t.Error("a part of a number is found")
	}
	for _, text := range []string{long, "é" + long, long + " —— b", strings.Repeat("\u0301", 1<<19) + "aaa"} {
		if p, ok := NewText(text).Find(long[:1<<19], "", ""); ok {
			t.Errorf("found at %d", p.Start)
		}
	}
}

// TestWordsThatOverlapAreComparedOnce would not end if each of the places was compared as a whole, at each of which the
// end is cut.
func TestWordsThatOverlapAreComparedOnce(t *testing.T) {
	const n = 1 << 21
	for _, of := range []string{"ab ", "äb\u2009"} {
		text := NewText(strings.Repeat(of, n) + "abc")
		words := strings.Repeat(of, n/2)
		if p, ok := text.Find(words+"a", "", ""); ok {
			t.Errorf("found at %d", p.Start)
		}
		if p, ok := text.Find(words, "", "abc"); !ok || p.Start != len([]rune(of))*(n-n/2) {
			t.Errorf("found at %d, %v", p.Start, ok)
		}
		if !text.Has(words + "… abc") {
			t.Error("pieces are not found")
		}
	}
}

func TestAPassageIsWidenedByNoMoreThanAWord(t *testing.T) {
	text := NewText(strings.Repeat("x", 1<<16) + "Mary" + strings.Repeat("x", 1<<16))
	p, ok := text.Nearest("Mary")
	if !ok || len(p.Words) != 4+2*maxWord || !strings.Contains(p.Words, "Mary") {
		t.Errorf("%d bytes, %v", len(p.Words), ok)
	}
}

func TestOccurrences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		few := rapid.StringOfN(rapid.RuneFrom([]rune("ab")), 1, 4, -1)
		words := strings.Repeat(few.Draw(t, "words"), rapid.IntRange(1, 4).Draw(t, "times")) + few.Draw(t, "end")
		text := strings.Join(rapid.SliceOf(rapid.OneOf(few, rapid.Just(words))).Draw(t, "text"), "")
		from := rapid.IntRange(0, len(text)).Draw(t, "from")
		var want []int
		for i := from; i+len(words) <= len(text); i++ {
			if text[i:i+len(words)] == words {
				want = append(want, i)
			}
		}
		if got := slices.Collect(occurrences(text, words, from)); !slices.Equal(got, want) {
			t.Fatalf("%q stands in %q, from %d on, at %v, want %v", words, text, from, got, want)
		}
	})
}
