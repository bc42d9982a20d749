package text_test

import (
	"testing"

	"github.com/throughline/throughline/internal/text"
)

func TestQuote(t *testing.T) {
	for given, want := range map[string]string{
		"":                    "“”",
		"plain":               "“plain”",
		"“all of it”":         "“all of it”",
		"“a” and “b”":         "“‘a’ and ‘b’”",
		"“a title” – by Mary": "“‘a title’ – by Mary”",
		"the end of it.” Me":  "“the end of it.’ Me”",
	} {
		if got := text.Quote(given); got != want {
			t.Errorf("%s: %s, want %s", given, got, want)
		}
	}
}
