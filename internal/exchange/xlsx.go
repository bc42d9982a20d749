package exchange

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding/unicode"

	"github.com/throughline/throughline/internal/kg"
)

// Workbooks (ECMA-376) are read here and not by a library, for the reasons in docs/decisions/0013-workbooks.md:
// excelize ends a sheet without an error where its XML breaks off, and does not say of what kind a cell is when it
// reads row by row.

// xlsxFormat is that of workbooks. Their sheets are tables, as files of CSV are.
func xlsxFormat() *Format {
	return &Format{
		Name: "xlsx", Title: "Workbooks of Excel; LibreOffice, Google Sheets and Numbers save them too",
		Extensions: []string{".xlsx", ".xlsm"}, Media: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		Holds: "what csv holds, of all sheets that are not hidden, or of one",
		Lacks: "colours, comments, pictures and formulas, of which the values that they had are read",
		noun:  "row", packed: true, looks: looksWorkbook, tables: sheetsOf,
		read: func(in *reading) error { return readTables(in, sheetsOf) },
	}
}

// Bounds of a workbook. Those of rows and columns are Excel's.
const (
	rowBits      = 21 // of a place, for the row; those above are the number of the sheet
	maxSheetRow  = 1 << 20
	maxSheetCol  = 1 << 14
	maxSheets    = 1000    // so that a place has 31 bits
	maxUnpacked  = 1 << 30 // bytes of all parts that are read, and of the values of all rows: many share one text
	maxAbout     = 1 << 24 // bytes of a part that is about the others
	maxStrings   = 1 << 22 // different texts: their places are in memory
	maxMerges    = 1 << 16
	maxStyles    = 1 << 16
	maxRelations = 1 << 16
	maxXMLToken  = 1 << 20 // bytes of an element's tag, or of a text
)

// in sets the sheet and the row of a line whose number has both (see rowBits), where a file has sheets.
func (e *LineError) in(sheets []string) {
	if sheets != nil {
		e.Sheet, e.Line = clip(sheets[min(e.Line>>rowBits, len(sheets)-1)]), e.Line&(1<<rowBits-1)
	}
}

// bookError is an error of a whole workbook. Its text follows the name of the file.
type bookError struct{ said string }

// Error returns the text, without the name.
func (e *bookError) Error() string { return e.said }

func bookErrorf(format string, args ...any) error { return &bookError{fmt.Sprintf(format, args...)} }

// oleHead begins the files of Microsoft's older programs, and those that a password locks.
var oleHead = []byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}

// oldWorkbook says of such a file which of the two it is.
func oldWorkbook(name string, r io.Reader) error {
	const part = 1 << 20
	locked, _ := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().String("EncryptedPackage") // ASCII always can be
	if found, err := contains(io.LimitReader(r, 64*part), locked); err != nil {
		return readError(name, err)
	} else if found {
		return fmt.Errorf("%s is locked by a password: take it off, or save each sheet as CSV, and name that", name)
	}
	return fmt.Errorf("%s is of the old form of Excel (.xls): save it as .xlsx or CSV, and name that", name)
}

// contains reports whether a text stands in what r has. It reads no further than that.
func contains(r io.Reader, text string) (bool, error) {
	b, kept := make([]byte, 64<<10), 0
	for {
		n, err := r.Read(b[kept:])
		n += kept
		if bytes.Contains(b[:n], []byte(text)) {
			return true, nil
		}
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		kept = copy(b, b[max(0, n-len(text)+1):n])
	}
}

// firstName returns the name of the first file in a zip file, and what stands behind it.
func firstName(head []byte) (name, rest string) {
	const fixed = 30
	if len(head) < fixed || string(head[:4]) != "PK\x03\x04" {
		return "", ""
	}
	n, extra := int(head[26])|int(head[27])<<8, int(head[28])|int(head[29])<<8
	if len(head) < fixed+n+extra {
		return "", ""
	}
	return string(head[fixed : fixed+n]), string(head[fixed+n+extra:])
}

// looksWorkbook reports whether a file begins as those of Office do. One that is none of Excel's is told when it is
// read.
func looksWorkbook(head []byte) bool {
	name, _ := firstName(head)
	return name == "[Content_Types].xml" ||
		slices.ContainsFunc([]string{"_rels/", "docProps/", "xl/"}, func(dir string) bool { return strings.HasPrefix(name, dir) })
}

// looksOpenDocument reports whether a file begins as those of LibreOffice do.
func looksOpenDocument(head []byte) bool {
	name, rest := firstName(head)
	return name == "mimetype" && strings.HasPrefix(rest, "application/vnd.oasis.opendocument.")
}

// book is a workbook that is read.
type book struct {
	in       *reading
	parts    map[string]*zip.File // by their names in lower case
	unpacked uint64               // bytes of the parts that were opened
	rowBytes int                  // of the values of all rows
	sheets   []bookSheet
	texts    spool // that cells share, one behind the other
	ends     []int64
	displays []display // by style
	from1904 bool
}

// bookSheet is a sheet as a workbook lists it.
type bookSheet struct {
	name, part string
	hidden     bool
}

// sheetsOf calls a function for each sheet that is read of a workbook, in their order. A zip file is read from its end,
// so it is copied first.
func sheetsOf(in *reading, of func(rows) error) (err error) {
	if head := begun(in.r); len(head) == 0 {
		return nil
	} else if !zipped(in.r) {
		return bookErrorf("is no workbook, whatever its name: name it as what it is, or say that by --format")
	}
	copied, remove, err := Spool(in.file.Name, in.r)
	if err != nil {
		return err
	}
	defer remove()
	f, err := os.Open(copied.Path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read
	i, err := f.Stat()
	if err != nil {
		return err
	}
	z, err := zip.NewReader(f, i.Size())
	if err != nil {
		return err
	}
	b := &book{in: in, parts: map[string]*zip.File{}}
	defer func() { err = cmp.Or(err, b.texts.close()) }()
	for _, f := range z.File {
		b.parts[strings.ToLower(strings.ReplaceAll(f.Name, `\`, "/"))] = f
	}
	if err := b.open(); err != nil {
		return err
	}
	for i := range b.sheets {
		in.sheets = append(in.sheets, b.sheets[i].name)
	}
	wanted := in.file.Terms.sheet()
	if wanted != "" && !slices.Contains(in.sheets, wanted) {
		return bookErrorf("has no sheet %s", kg.Clip(Instead(wanted, in.sheets), 500))
	}
	var hidden []string
	for i := range b.sheets {
		switch sheet := &b.sheets[i]; {
		case wanted != "" && sheet.name != wanted:
		case wanted == "" && sheet.hidden:
			hidden = append(hidden, sheet.name)
		default:
			if err := b.read(i, of); err != nil {
				return err
			}
		}
	}
	if hidden != nil {
		in.lenient("hidden sheets are left out, unless --sheet names one: %s", kg.Clip(strings.Join(hidden, ", "), 300))
	}
	return nil
}

// part opens a part of at most so many bytes, and reports whether it is there.
func (b *book) part(name string, most uint64) (*bookPart, bool, error) {
	f := b.parts[strings.ToLower(name)]
	if f == nil {
		return nil, false, nil
	}
	switch size := f.UncompressedSize64; {
	case size > maxUnpacked || b.unpacked+size > maxUnpacked:
		return nil, true, bookErrorf("unpacks to more than %s bytes: save each sheet as CSV, and name that", grouped(maxUnpacked))
	case size > most:
		return nil, true, bookErrorf("is damaged: its part %s has more than %s bytes", clip(f.Name), grouped(int(most)))
	}
	b.unpacked += f.UncompressedSize64
	from, err := b.unpack(f)
	if err != nil {
		return nil, true, err
	}
	p := &bookPart{name: f.Name, from: from, left: int64(f.UncompressedSize64)}
	r := bufio.NewReader(p)
	p.Decoder = xml.NewDecoder(r)
	p.CharsetReader = p.decoded
	if inUTF16(r) {
		p.Decoder = xml.NewDecoder(unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Reader(r))
		p.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // it was decoded
	}
	return p, true, nil
}

// unpack opens a part that can be read until the context is done: what is read of it may be one element of 1 GB.
func (b *book) unpack(f *zip.File) (io.ReadCloser, error) {
	from, err := f.Open()
	return cancelled{from, b.in.ctx}, err
}

// cancelled is a part that is read no further when a context is done.
type cancelled struct {
	io.ReadCloser
	ctx context.Context //nolint:containedctx // an io.Reader is given none
}

// Read reads on.
func (c cancelled) Read(to []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.ReadCloser.Read(to)
}

// bookPart is XML in a workbook. Its size, its tags and how deep they stand are bounded.
type bookPart struct {
	*xml.Decoder
	name  string
	from  io.ReadCloser
	left  int64 // bytes that may come still
	since int   // bytes since the last token
	depth int
}

// decoded reads XML of an encoding that it declares. That of ASCII is that of UTF-8.
func (p *bookPart) decoded(declared string, r io.Reader) (io.Reader, error) {
	if same(declared, "usascii") || same(declared, "ascii") {
		return r, nil
	}
	if e := encodingOf(declared); e != nil {
		return e.NewDecoder().Reader(r), nil
	}
	return nil, bookErrorf("has its part %s in the encoding %s, which is not known: save it in a spreadsheet again",
		clip(p.name), clip(declared))
}

// Read reads on, for the decoder.
func (p *bookPart) Read(to []byte) (int, error) {
	if p.since > maxXMLToken {
		return 0, bookErrorf("has in %s more than %s bytes without an end: it is damaged", clip(p.name), grouped(maxXMLToken))
	}
	n, err := p.from.Read(to)
	p.since += n
	if p.left -= int64(n); p.left < 0 {
		return 0, zip.ErrFormat // it says that it is shorter
	}
	return n, err
}

// token returns the next tag or text; io.EOF behind the last.
func (p *bookPart) token() (xml.Token, error) {
	p.since = 0
	t, err := p.Token()
	var syntax *xml.SyntaxError
	var told *bookError
	switch {
	case errors.As(err, &told):
		return nil, told // without what the decoder puts before it
	case errors.As(err, &syntax):
		return nil, bookErrorf("is damaged: its part %s is no XML (line %d: %s)", clip(p.name), syntax.Line, clip(syntax.Msg))
	case err != nil:
		return nil, err
	}
	switch t.(type) {
	case xml.StartElement:
		if p.depth++; p.depth > maxNesting {
			return nil, bookErrorf("is damaged: in %s, elements stand in more than %d others", clip(p.name), maxNesting)
		}
	case xml.EndElement:
		p.depth--
	}
	return t, nil
}

// tokens calls a function for each tag and text of a part of at most so many bytes, and reports whether the part is
// there.
func (b *book) tokens(name string, most uint64, of func(t xml.Token) error) (bool, error) {
	p, ok, err := b.part(name, most)
	if !ok || err != nil {
		return ok, err
	}
	defer p.from.Close() //nolint:errcheck // it was only read
	for {
		t, err := p.token()
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err == nil {
			err = of(t)
		}
		if err != nil {
			return true, err
		}
	}
}

// each calls a function for the start of each element of a part, as tokens does.
func (b *book) each(name string, most uint64, of func(x *xml.StartElement) error) (bool, error) {
	return b.tokens(name, most, func(t xml.Token) error {
		if x, ok := t.(xml.StartElement); ok {
			return of(&x)
		}
		return nil
	})
}

// relation is a part that another one names.
type relation struct{ id, kind, part string }

// relations returns the parts that a part names. What lies outside of the file is left alone.
func (b *book) relations(of string) (list []relation, err error) {
	dir, name := path.Split(of)
	_, err = b.each(dir+"_rels/"+name+".rels", maxAbout, func(x *xml.StartElement) error {
		if x.Name.Local != "Relationship" || strings.EqualFold(attr(x, "TargetMode"), "external") {
			return nil
		}
		to := attr(x, "Target")
		if !strings.HasPrefix(to, "/") {
			to = dir + to
		}
		kind := attr(x, "Type")
		list = append(list, relation{attr(x, "Id"), kind[strings.LastIndexByte(kind, '/')+1:], strings.TrimPrefix(path.Clean(to), "/")})
		if len(list) > maxRelations {
			return bookErrorf("is damaged: %s names too many parts", clip(name))
		}
		return nil
	})
	return list, err
}

// open reads what a workbook says of its sheets, and what they share.
func (b *book) open() error {
	outer, err := b.relations("")
	if err != nil {
		return err
	}
	i := slices.IndexFunc(outer, func(r relation) bool { return r.kind == "officeDocument" })
	if i < 0 {
		return bookErrorf("is no workbook of Excel: save it as .xlsx or CSV, and name that")
	}
	main := outer[i].part
	if strings.HasSuffix(main, ".bin") {
		return bookErrorf("is of the binary form of Excel (.xlsb): save it as .xlsx or CSV, and name that")
	}
	inner, err := b.relations(main)
	if err != nil {
		return err
	}
	parts := map[string]*relation{}
	for i := range slices.Backward(inner) { // of those with the same id the first counts
		parts[inner[i].id] = &inner[i]
	}
	listed := 0
	var hold string // what the sheets are held in, if it is no workbook
	there, err := b.each(main, maxAbout, func(x *xml.StartElement) error {
		hold = cmp.Or(hold, x.Name.Local)
		switch x.Name.Local {
		case "workbookPr":
			b.from1904 = yes(attr(x, "date1904"))
		case "sheet":
			if listed++; listed > maxSheets {
				return bookErrorf("has more than %d sheets", maxSheets)
			}
			part := parts[relationID(x)]
			if part == nil {
				return bookErrorf("is damaged: the part of the sheet %s is missing", clip(strconv.Quote(attr(x, "name"))))
			}
			if part.kind != "worksheet" {
				return nil // a sheet of a diagram
			}
			state := attr(x, "state")
			b.sheets = append(b.sheets, bookSheet{attr(x, "name"), part.part, state != "" && state != "visible"})
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case !there:
		return bookErrorf("is damaged: its part %s is missing", clip(main))
	case hold != "workbook":
		return bookErrorf("is no workbook of Excel: save it as .xlsx or CSV, and name that")
	case len(b.sheets) == 0:
		return bookErrorf("has no sheet with a table")
	}
	for _, r := range inner {
		switch r.kind {
		case "styles":
			err = b.readStyles(r.part)
		case "sharedStrings":
			err = b.readTexts(r.part)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// relationID returns the id of the part that an element names: it has one of its own beside it.
func relationID(x *xml.StartElement) string {
	for _, a := range x.Attr {
		if a.Name.Local == "id" && strings.HasSuffix(a.Name.Space, "/relationships") {
			return a.Value
		}
	}
	return ""
}

func yes(s string) bool { return s == "1" || s == "true" }

// readStyles reads how numbers are shown.
func (b *book) readStyles(part string) error {
	codes, cells := map[string]string{}, false
	_, err := b.each(part, maxAbout, func(x *xml.StartElement) error {
		switch x.Name.Local {
		case "numFmt":
			if !cells {
				codes[attr(x, "numFmtId")] = attr(x, "formatCode")
			}
		case "cellXfs":
			cells = true
		case "cellStyleXfs", "cellStyles", "dxfs":
			cells = false
		case "xf":
			if !cells {
				return nil
			}
			id := attr(x, "numFmtId")
			n, _ := strconv.Atoi(id) // what is no number shows nothing as a date
			d, ok := builtIn(n)
			if code, own := codes[id]; own || !ok {
				d = displayOf(code)
			}
			b.displays = append(b.displays, d)
		}
		if len(b.displays) > maxStyles || len(codes) > maxStyles {
			return bookErrorf("is damaged: it has more than %s styles", grouped(maxStyles))
		}
		return nil
	})
	return err
}

// readTexts reads the texts that cells share.
func (b *book) readTexts(part string) error {
	var c cellText
	// where the part is missing, a cell that needs a text of it tells
	_, err := b.tokens(part, maxUnpacked, func(t xml.Token) error {
		if err := c.take(t); err != nil {
			return err
		}
		if end, ok := t.(xml.EndElement); !ok || end.Name.Local != "si" {
			return nil
		}
		text := c.text()
		from, err := b.texts.add(text)
		if err != nil {
			return err
		}
		if b.ends = append(b.ends, from+int64(len(text))); len(b.ends) > maxStrings {
			return bookErrorf("has more than %s different texts: save each sheet as CSV, and name that", grouped(maxStrings))
		}
		return nil
	})
	return err
}

// shared returns a text that cells share.
func (b *book) shared(i int) (string, error) {
	from := int64(0)
	if i > 0 {
		from = b.ends[i-1]
	}
	return b.texts.at(from, int(b.ends[i]-from))
}

// cellText gathers the text of a cell out of its pieces.
type cellText struct {
	said     strings.Builder
	in       bool // a piece
	phonetic bool // how it is read aloud stands beside it
}

func (c *cellText) take(t xml.Token) error {
	switch x := t.(type) {
	case xml.StartElement:
		c.in = x.Name.Local == "t" && !c.phonetic
		c.phonetic = c.phonetic || x.Name.Local == "rPh"
	case xml.CharData:
		if !c.in {
			return nil
		}
		if c.said.Len()+len(x) > MaxLine {
			return bookErrorf("has a text of more than %d bytes in a cell", MaxLine)
		}
		c.said.Write(x)
	case xml.EndElement:
		c.in = false
		if x.Name.Local == "rPh" {
			c.phonetic = false
		}
	}
	return nil
}

// escaped matches characters that XML cannot have, as Excel writes them: in UTF-16, where two may be one.
var escaped = regexp.MustCompile(`(?:_x[0-9A-Fa-f]{4}_)+`)

// unescaped writes such characters as they are.
func unescaped(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	return escaped.ReplaceAllStringFunc(s, func(e string) string {
		var units []uint16
		for one := range slices.Chunk([]byte(e), len("_x0000_")) {
			n, _ := strconv.ParseUint(string(one[2:6]), 16, 16) // it was matched
			units = append(units, uint16(n))
		}
		return string(utf16.Decode(units))
	})
}

func (c *cellText) text() string {
	s := unescaped(c.said.String())
	c.said.Reset()
	return s
}
