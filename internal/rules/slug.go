package rules

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/text"
)

// Slug is the id minted from a name: its folded words in ASCII, joined by "-". Where that would leave out letters of
// another script than Latin, or the whole name, a digest of the name follows, so that no two names share an id for what
// they have in common. It is "" for a name without letters and digits.
func Slug(name string) string {
	folded := text.Fold(name)
	words := strings.FieldsFunc(folded, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	slug := strings.Join(words, "-")
	for len(slug) > 80 {
		cut := strings.LastIndexByte(slug[:81], '-')
		if cut < 1 {
			cut = 80
		}
		slug = slug[:cut]
	}
	lost := strings.ContainsFunc(folded, func(r rune) bool {
		return r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsNumber(r)) &&
			(slug == "" || !unicode.Is(unicode.Latin, r))
	})
	switch {
	case !lost:
		return slug
	case slug == "":
		return "n-" + kg.Digest(folded)
	}
	return slug + "-" + kg.Digest(folded)
}
