package assist

import (
	"strings"
	"unicode"

	"github.com/throughline/throughline/internal/rules"
)

// closing are the marks that end a quotation, by the one that begins it.
var closing = map[rune]string{
	'"': `"`, '“': "”“", '”': "”", '„': "“”", '‟': "”",
	'«': "»", '»': "«", '‹': "›", '›': "‹", '「': "」", '『': "』", '＂': "＂", '‘': "’", '‚': "‘’",
}

// passages returns what a text quotes, in order, each once: what stands in quotation marks and, where a paragraph is
// marked as quoted (>) and has none, the paragraph. A quotation does not go beyond its paragraph. What has too few
// letters to be looked for is no quotation.
func passages(text string) (found []string) {
	seen := map[string]bool{}
	add := func(list []string) {
		for _, p := range list {
			p = strings.TrimFunc(p, atEnds)
			if !rules.Short(p) && !seen[p] {
				seen[p] = true
				found = append(found, p)
			}
		}
	}
	for _, p := range paragraphs(text) {
		inside := marked([]rune(p.text))
		if add(inside); p.quoted && len(inside) == 0 {
			add([]string{p.text})
		}
	}
	return found
}

// atEnds reports whether a character at an end of a quotation is none of its words: writers set the punctuation of
// their own sentence there.
func atEnds(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(".,;:!?*_", r) }

// paragraph is a stretch of a text without an empty line.
type paragraph struct {
	text   string
	quoted bool
}

// paragraphs returns the paragraphs of a text. Lines that begin with > are one of their own.
func paragraphs(text string) (all []paragraph) {
	open := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		rest, quoted := strings.CutPrefix(line, ">")
		rest = strings.TrimSpace(rest)
		switch last := len(all) - 1; {
		case rest == "":
			open = false
		case open && all[last].quoted == quoted:
			all[last].text += " " + rest
		default:
			open, all = true, append(all, paragraph{rest, quoted})
		}
	}
	return all
}

// marked returns what stands in quotation marks; marks within a quotation are part of it.
func marked(text []rune) (found []string) {
	for i := 0; i < len(text); i++ {
		ends, some := closing[text[i]]
		if !some || !begins(text, i) {
			continue
		}
		for j := i + 1; j < len(text); j++ {
			if strings.ContainsRune(ends, text[j]) && endsAt(text, j) {
				found = append(found, string(text[i+1:j]))
				i = j
				break
			}
		}
	}
	return found
}

func letterAt(text []rune, i int) bool {
	return i >= 0 && i < len(text) && (unicode.IsLetter(text[i]) || unicode.IsNumber(text[i]))
}

// begins reports whether a mark begins a quotation, and is no apostrophe and no sign of inches.
func begins(text []rune, i int) bool { return !letterAt(text, i-1) }

// endsAt reports whether a mark ends a quotation, and is no apostrophe.
func endsAt(text []rune, j int) bool { return text[j] != '’' || !letterAt(text, j+1) }
