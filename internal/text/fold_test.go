package text

import "testing"

// The quick way for ASCII must give what the way for everything gives: a soft hyphen sends the same text the long way.
func TestQuickFoldIsFold(t *testing.T) {
	for _, s := range []string{
		"", " ", "A", " Ab\t\tC ", "x\v\f\r\ny", "Q.E.D. \x01 [z]", "UPPER lower 123 ~^`",
		"a\x1fb\x7f", "\x00", "  both  ends  ",
	} {
		quick, ok := foldASCII(s)
		if !ok {
			t.Fatalf("%q is ASCII", s)
		}
		if long := Fold(s + "\u00ad"); quick != long {
			t.Errorf("%q is folded to %q quickly and to %q otherwise", s, quick, long)
		}
	}
	if _, ok := foldASCII("é"); ok {
		t.Error("é is no ASCII")
	}
}
