package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What data holds can steer a terminal: control characters move its cursor, change its title and colours, and override
// the direction of text. Whatever a command prints of data goes through this file.

// steers reports whether a character could steer a terminal.
func steers(r rune) bool {
	switch {
	case r < 0x20 || r >= 0x7f && r <= 0x9f: // C0, DEL, C1
		return true
	case r == '\u2028' || r == '\u2029': // lines of their own
		return true
	}
	return unicode.Is(unicode.Bidi_Control, r)
}

// printable returns a text for one line of a terminal: white space is a space, and what could steer is written as its
// number.
func printable(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return steers(r) || r == utf8.RuneError }) < 0 {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError:
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				fmt.Fprintf(&b, `\x%02x`, s[i])
				continue
			}
			b.WriteRune(r)
		case !steers(r):
			b.WriteRune(r)
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// printableLines does the same for a text of several lines.
func printableLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = printable(l)
	}
	return strings.Join(lines, "\n")
}

// printableJSON makes every text of an answer printable.
func printableJSON(raw json.RawMessage) (json.RawMessage, error) {
	if strings.IndexFunc(string(raw), steers) < 0 && !strings.Contains(string(raw), `\u`) {
		return raw, nil
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(printableValue(v))
}

func printableValue(v any) any {
	switch v := v.(type) {
	case string:
		return printable(v)
	case []any:
		for i, x := range v {
			v[i] = printableValue(x)
		}
	case map[string]any:
		for k, x := range v {
			v[k] = printableValue(x)
		}
	}
	return v
}

// jsonPrinter writes JSON to a terminal: what could steer it stands within strings only, where JSON has escapes for it.
// It means the same to who reads it as JSON.
type jsonPrinter struct {
	to   io.Writer
	rest []byte // the beginning of a character
}

func (p *jsonPrinter) Write(b []byte) (int, error) {
	all := slices.Concat(p.rest, b)
	out := make([]byte, 0, len(all))
	i := 0
	for i < len(all) && (utf8.FullRune(all[i:]) || len(all)-i >= utf8.UTFMax) {
		r, n := utf8.DecodeRune(all[i:])
		if r != '\n' && r != '\t' && r != '\r' && steers(r) {
			out = fmt.Appendf(out, `\u%04x`, r)
		} else {
			out = append(out, all[i:i+n]...)
		}
		i += n
	}
	p.rest = append(p.rest[:0:0], all[i:]...)
	if _, err := p.to.Write(out); err != nil {
		return 0, err
	}
	return len(b), nil
}
