package text_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/throughline/throughline/internal/text"
)

func TestSentences(t *testing.T) {
	for in, want := range map[string]string{
		"":                             "",
		"One. Two!  Three?":            "One.|Two!|Three?",
		"D. Trump met J. F. Kennedy.":  "D. Trump met J. F. Kennedy.",
		"The F.B.I. said so. It did.":  "The F.B.I. said so.|It did.",
		"“One.” Two (three.) Four":     "“One.”|Two (three.)|Four",
		"Really?! Yes… No":             "Really?!|Yes…|No",
		"v1.2 is 3.5 % more. So":       "v1.2 is 3.5 % more.|So",
		"A title\n\nA line\nand more.": "A title|A line\nand more.",
		"東京です。大阪です。":                   "東京です。|大阪です。",
		"\r\n\r\n  x \r\n":             "x",
		"A line\nand\r\nmore.":         "A line\nand\r\nmore.",
		"A\n \t\nB\n\nC\n\n\nD\n":      "A|B|C|D",
		"A\n ":                         "A",
		"One.\nTwo":                    "One.|Two",
		"Ends (here.)Not here.":        "Ends (here.)Not here.",
		"Said ‘so.’ «Yes.» 「はい。」 No":   "Said ‘so.’|«Yes.»|「はい。」|No",
		"क है। ख":                      "क है।|ख",
		"Plan B. Plan 9. In 1999. So":  "Plan B. Plan 9.|In 1999.|So",
	} {
		var got []string
		text.Sentences(in, func(s string) bool { got = append(got, s); return true })
		if strings.Join(got, "|") != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestSentencesAreTheText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.SampledFrom([]rune("aB .\n?!”)東。\u0301"))).Draw(t, "text")
		rest := s
		text.Sentences(s, func(one string) bool {
			i := strings.Index(rest, one)
			if i < 0 || strings.TrimSpace(rest[:i]) != "" {
				t.Errorf("%q is not what follows in %q", one, s)
				return false
			}
			rest = rest[i+len(one):]
			return true
		})
		if strings.TrimSpace(rest) != "" && !t.Failed() {
			t.Errorf("%q is missing of %q", rest, s)
		}
	})
}

func TestSourcesAreShownInTheirSentence(t *testing.T) {
	const title, body = "Human Security", "It began in 1999. Mary Kaldor said that human security is new. D. Trump did not. Security, again."
	for query, want := range map[string]string{
		"human security": "Mary Kaldor said that **human** **security** is new.",
		"kaldor 1999":    "It began in **1999**.",
		"security":       "Mary Kaldor said that human **security** is new.",
		"securty":        "Human **Security**",
		"human":          "Mary Kaldor said that **human** security is new.",
		"human securty":  "**Human** **Security**",
		"again security": "**Security**, **again**.",
		"kaldo":          "",
		"D. Trump":       "**D**. **Trump** did not.",
		`"did not"`:      "D. Trump **did not**.",
	} {
		s := text.NewSearch(query)
		if got := marked(text.HighlightsOfSource(title, body, &s)); got != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
	d := text.NewSourceDoc(title, body)
	for query, want := range map[string]int{
		"kaldor": text.ExactBody, "kaldo": 0, "kaldr": 0, "secur": text.PrefixName,
		"securty": text.FuzzyName, `"is new"`: text.ExactBody, `"new is"`: 0,
	} {
		s := text.NewSearch(query)
		if got := d.Grade(&s.Words[0], true); got != want {
			t.Errorf("%q fits with %d, want %d", query, got, want)
		}
	}
}
