package exchange

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/throughline/throughline/internal/kg"
)

// maxColumns bounds the columns of a table.
const maxColumns = 1000

// rows are those of a table behind its header, one after the other.
type rows interface {
	// columns returns the names that the header has, nil where the table is empty.
	columns() []string
	// next returns the values of the next row, valid until the one after it, and io.EOF behind the last.
	next() ([]string, error)
	// at returns where the file has the row at hand, or the header, and the row as it is printed.
	at() (place int, printed string)
	// wrong returns what is wrong with the value of a column of the row at hand; nil for most.
	wrong(column int) error
}

// readTables reads the tables of a file. A table has a header, and holds nodes, links, or what a mapping says. each calls
// its second argument once for each table, in order.
func readTables(in *reading, each func(in *reading, of func(rows) error) error) (err error) {
	g := gather(in)
	defer func() { err = cmp.Or(err, g.close()) }()
	if err := each(in, func(t rows) error { return readRows(in, g, t) }); err != nil {
		return err
	}
	return g.end()
}

// oneTable is the table that a file of text is.
func oneTable(in *reading, of func(rows) error) error {
	t, err := openTable(in)
	if err != nil {
		return err
	}
	return of(t)
}

// readRows makes records of the rows of a table.
func readRows(in *reading, g *gathering, t rows) (err error) {
	header := t.columns()
	if header == nil {
		return nil
	}
	top, _ := t.at()
	m := in.file.Terms.Mapping
	if m == nil {
		if m, err = automatic(header, &in.file.Terms); err != nil {
			return &LineError{Line: top, Err: err}
		}
		if len(m.Unused) > 0 {
			in.lenient("columns that mean nothing here are left out: %s", kg.Clip(strings.Join(m.Unused, ", "), 300))
		}
	} else if err := m.fits(header); err != nil {
		return &LineError{Line: top, Err: err}
	}
	records := mapped{Mapping: m, g: g, file: in.source()}
	at := map[string]int{}
	for i, name := range slices.Backward(header) { // of those without a name the first counts
		at[name] = i
	}
	var used []int
	for _, name := range m.columns() {
		if i, ok := at[name]; ok {
			used = append(used, i)
		}
	}
	for {
		values, err := t.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := in.ctx.Err(); err != nil {
			return err
		}
		line, printed := t.at()
		var wrong error
		for _, i := range used {
			wrong = cmp.Or(wrong, t.wrong(i))
		}
		if len(values) != len(header) {
			wrong = fmt.Errorf("has %d values where the header names %d columns: is a quotation mark or a delimiter missing?",
				len(values), len(header))
		}
		if wrong != nil {
			if err := in.fail(line, wrong); err != nil {
				return err
			}
			continue
		}
		if err := records.row(&row{line: line, printed: printed, get: func(column string) string {
			if i, ok := at[column]; ok {
				return values[i]
			}
			return ""
		}}); err != nil {
			return err
		}
	}
	records.tell()
	return nil
}

// source returns the fields of the source that links are quoted from where the file has no words of its own.
func (in *reading) source() map[string]string {
	if s := in.file.Terms.Source; s["title"] != "" {
		return s
	}
	return map[string]string{"kind": "DATASET", "title": filepath.Base(in.file.Name), "url": in.file.Terms.Source["url"]}
}

// tableReader reads the rows of a table, and keeps each as it is printed.
type tableReader struct {
	*csv.Reader
	raw       *recorder
	delimiter rune
	skipped   int // lines before those that the reader of rows counts
	header    []string
	end       int64 // how far rows were read
	below     int   // the lines that end before it
	line      int   // where the row at hand begins
	printed   string
}

// openTable sees a table's encoding and delimiter, and reads its header.
func openTable(in *reading) (*tableReader, error) {
	terms := in.file.Terms
	r, err := decoded(in.r, terms.encoding())
	if err != nil {
		return nil, err
	}
	b := bufio.NewReaderSize(r, 64<<10)
	head, err := b.Peek(sniffed)
	var bad *LineError
	if errors.As(err, &bad) {
		return nil, bad
	}
	t := &tableReader{}
	if rest, ok := bytes.CutPrefix(head, []byte("sep=")); ok && len(rest) > 1 && (rest[1] == '\r' || rest[1] == '\n') {
		t.delimiter = rune(rest[0]) // Excel's own
		if _, err := b.ReadString('\n'); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		t.skipped = 1
	}
	if terms.Mapping != nil && terms.Mapping.Delimiter != "" {
		t.delimiter, _ = utf8.DecodeRuneInString(terms.Mapping.Delimiter)
	}
	if t.delimiter == 0 {
		head, _ = b.Peek(sniffed)
		t.delimiter = delimiterOf(head)
	}
	t.below = t.skipped
	t.raw = &recorder{r: b, remedy: "is a quotation mark not closed?"}
	t.Reader = csv.NewReader(t.raw)
	t.Comma, t.FieldsPerRecord, t.ReuseRecord = t.delimiter, -1, true
	values, err := t.next()
	if errors.Is(err, io.EOF) {
		return t, nil
	}
	if err != nil {
		return nil, err
	}
	t.header, err = headerOf(values, t.line)
	return t, err
}

// headerOf reads the names of columns.
func headerOf(values []string, line int) (header []string, err error) {
	if len(values) > maxColumns {
		return nil, &LineError{Line: line, Err: fmt.Errorf("has %s columns; at most %d fit", grouped(len(values)), maxColumns)}
	}
	for i, v := range values {
		v = strings.TrimSpace(v)
		switch {
		case v != "" && slices.Contains(header, v):
			return nil, &LineError{Line: line, Err: fmt.Errorf("names the column %q twice", clip(v))}
		case strings.ContainsAny(v, "{}"):
			err := fmt.Errorf("has a brace in the name of column %d, which patterns of a mapping cannot name", i+1)
			return nil, &LineError{Line: line, Err: err}
		}
		header = append(header, v)
	}
	return header, nil
}

func (t *tableReader) columns() []string { return t.header }

func (t *tableReader) at() (int, string) { return t.line, t.printed }

func (t *tableReader) wrong(int) error { return nil }

// delimiterOf finds what stands between columns: what is most frequent in the first line, outside of quotation marks.
func delimiterOf(head []byte) rune {
	counts := map[rune]int{}
	quoted := false
	for _, c := range string(head) {
		if c == '"' {
			quoted = !quoted
		}
		if c == '\n' && !quoted {
			break
		}
		if !quoted {
			counts[c]++
		}
	}
	best := ','
	for _, d := range ",;\t|" {
		if counts[d] > counts[best] {
			best = d
		}
	}
	return best
}

// next reads a row. What it returns is valid until the next.
func (t *tableReader) next() ([]string, error) {
	t.raw.line = t.below + 1
	values, err := t.Read()
	var wrong *csv.ParseError
	switch {
	case errors.As(err, &wrong):
		what := "within a value: write it twice, and the value in quotation marks"
		if errors.Is(wrong.Err, csv.ErrQuote) {
			what = "that does not end its value, or that is never closed: write one within a value twice"
		}
		return nil, &LineError{
			Line: wrong.StartLine + t.skipped,
			Err:  fmt.Errorf("has a quotation mark %s (line %d, character %d)", what, wrong.Line+t.skipped, wrong.Column),
		}
	case err != nil:
		return nil, err
	}
	line, _ := t.FieldPos(0)
	t.line = line + t.skipped
	end := t.InputOffset()
	printed := t.raw.take(int(end - t.end))
	t.end = end
	t.below += strings.Count(printed, "\n")
	t.printed = strings.Trim(printed, "\r\n")
	return values, nil
}

// recorder keeps what was read until it is taken.
type recorder struct {
	r      io.Reader
	kept   []byte
	line   int    // where the row at hand begins
	remedy string // what to do where a row is too long
}

// recorded is how many bytes are read at once: who asks for as many as there are already would never be told.
const recorded = 64 << 10

// Read reads on, unless a row is too long.
func (r *recorder) Read(p []byte) (int, error) {
	p = p[:min(len(p), recorded)]
	if len(r.kept) > MaxLine+len(p) {
		return 0, &LineError{Line: r.line, Err: fmt.Errorf("has more than %d bytes: %s", MaxLine, r.remedy)}
	}
	n, err := r.r.Read(p)
	r.kept = append(r.kept, p[:n]...)
	return n, err
}

// take returns the first bytes of what is kept, and keeps them no longer.
func (r *recorder) take(n int) string {
	s := string(r.kept[:n])
	r.kept = append(r.kept[:0], r.kept[n:]...)
	return s
}

// decoded reads a text as UTF-8: by its mark, or by the name of its encoding, or else as what it is.
func decoded(r *bufio.Reader, name string) (io.Reader, error) {
	head, _ := r.Peek(3)
	switch {
	case string(head) == byteOrderMark:
		_, _ = r.Discard(len(byteOrderMark))
		return &checked{r: r, line: 1, recodes: true}, nil
	case inUTF16(r):
		return unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Reader(r), nil
	case name == "" || same(name, "utf8"):
		return &checked{r: r, line: 1, recodes: true}, nil
	}
	e := encodingOf(name)
	if e == nil {
		return nil, fmt.Errorf("the encoding %s is not known: use windows-1252, iso-8859-1 or another of these families, or utf-16le",
			clip(name))
	}
	return e.NewDecoder().Reader(r), nil
}

// same compares names of encodings by their letters and digits.
func same(a, b string) bool {
	bare := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, strings.ToLower(s))
	}
	return bare(a) == bare(b)
}

// encodingOf finds an encoding by its name; nil where it is none that is known.
func encodingOf(name string) encoding.Encoding {
	for _, e := range charmap.All {
		if named, ok := e.(fmt.Stringer); ok && same(named.String(), name) {
			return e
		}
	}
	switch {
	case same(name, "latin1"):
		return charmap.ISO8859_1
	case same(name, "utf16le"):
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case same(name, "utf16be"):
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	}
	return nil
}

// checked refuses what is not UTF-8, with its place.
type checked struct {
	r          io.Reader
	line, byte int  // the place of what comes next: lines from 1, bytes before it in the line
	recodes    bool // the format can be read in other encodings
	rest       []byte
	err        error
}

// Read returns whole characters.
func (c *checked) Read(p []byte) (int, error) {
	if c.err != nil || len(p) < utf8.UTFMax {
		return 0, cmp.Or(c.err, io.ErrShortBuffer)
	}
	n := copy(p, c.rest)
	m, err := c.r.Read(p[n:])
	n += m
	b := p[:n]
	for i := 0; i < n; {
		if b[i] < utf8.RuneSelf {
			if c.byte++; b[i] == '\n' {
				c.line, c.byte = c.line+1, 0
			}
			i++
			continue
		}
		if r, size := utf8.DecodeRune(b[i:]); r != utf8.RuneError || size > 1 {
			i += size
			c.byte += size
			continue
		}
		if err == nil && !utf8.FullRune(b[i:]) {
			c.rest = append(c.rest[:0], b[i:]...)
			return i, nil
		}
		remedy := "save the file as UTF-8"
		if c.recodes {
			remedy += ", or say --encoding windows-1252 if that is what it is"
		}
		c.err = &LineError{Line: c.line, Err: fmt.Errorf("is not UTF-8 at byte %d (0x%02X): %s", c.byte+1, b[i], remedy)}
		return i, nil
	}
	c.rest = c.rest[:0]
	return n, err
}
