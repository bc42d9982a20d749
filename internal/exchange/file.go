package exchange

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// File is one input of an import.
type File struct {
	Name string // for messages
	Path string // "" when Open is set
	// Open opens the lines. It is called once where the file is the only one and the store's loads are atomic, and
	// otherwise more often.
	Open func() (io.ReadCloser, error)
	// Terms say how it is read.
	Terms Terms
}

// Terms say how a file is read, where its name and what is in it do not.
type Terms struct {
	Format   *Format
	Encoding string // "" for UTF-8, or what the file itself says
	Sheet    string // of a workbook, the only one that is read; "" for what the mapping says, or all
	Mapping  *Mapping
	// Type and Kind are what nodes and links are of which the file does not say it: an EntityType and a LinkKind.
	Type, Kind string
	// Source describes the source that is quoted where a file has no words of its own, by the fields kind, title, url,
	// publisher, authors, publishedOn. Nil for the file itself.
	Source map[string]string
}

// encoding returns the name of the encoding that a file is read in; "" for none.
func (t *Terms) encoding() string {
	if t.Encoding == "" && t.Mapping != nil {
		return t.Mapping.Encoding
	}
	return t.Encoding
}

// sheet returns the name of the sheet that is read of a workbook; "" for all.
func (t *Terms) sheet() string {
	if t.Sheet == "" && t.Mapping != nil {
		return t.Mapping.Sheet
	}
	return t.Sheet
}

// fit returns an error for terms that say nothing of files of a format.
func (t *Terms) fit(f *File, format *Format) error {
	switch {
	case !format.recodes && t.Encoding != "" && !same(t.Encoding, "utf8"):
		return fmt.Errorf("%s is of format %s, which is always UTF-8: save it as that, without --encoding", f.Name, format.Name)
	case !format.packed && t.Sheet != "":
		return fmt.Errorf("%s is of format %s, which has no sheets: leave out --sheet", f.Name, format.Name)
	}
	return nil
}

// FromPath is a file on disk.
func FromPath(path string) File {
	return File{Name: path, Path: path, Open: func() (io.ReadCloser, error) {
		return os.Open(path)
	}}
}

// FromZip returns the files in a zip file that are of a format that can be read, in their order: both tables of a
// graph, for example. Close closes it.
func FromZip(of File) (files []File, closed func() error, err error) {
	z, err := zip.OpenReader(of.Path)
	if err != nil {
		return nil, nil, readError(of.Name, err)
	}
	for _, f := range z.File {
		base := filepath.Base(f.Name)
		if f.FileInfo().IsDir() || strings.HasPrefix(base, ".") || strings.HasPrefix(f.Name, "__MACOSX/") {
			continue
		}
		if format := FormatOf("", base); format == nil || !format.Reads() || filepath.Ext(base) == ".zip" {
			return nil, nil, errors.Join(fmt.Errorf("%s has in it %s, which is of no format that can be read: take it out, or unpack the others",
				of.Name, clip(strconv.Quote(f.Name))), z.Close())
		}
		files = append(files, File{Name: of.Name + ":" + f.Name, Open: f.Open})
	}
	if len(files) == 0 {
		return nil, nil, errors.Join(fmt.Errorf("%s has no file in it", of.Name), z.Close())
	}
	return files, z.Close, nil
}

// byteOrderMark is the mark with which some programs begin UTF-8.
const byteOrderMark = "\xef\xbb\xbf"

// unpacked reads through gzip where the input is packed, whatever its name.
func unpacked(r io.Reader) (*bufio.Reader, error) {
	b := bufio.NewReader(r)
	if head, _ := b.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, err
		}
		b = bufio.NewReader(z)
	}
	return b, nil
}

// zipped reports whether a file is a zip file, as workbooks are too.
func zipped(r *bufio.Reader) bool {
	head, _ := r.Peek(4) // an error comes again when it is read
	return string(head) == "PK\x03\x04"
}

// packedOtherwise returns an error for what is packed in a form that its format is not, or a file of another program.
func packedOtherwise(f *File, format *Format, r *bufio.Reader) error {
	head := begun(r)
	switch {
	case bytes.HasPrefix(head, oleHead):
		return oldWorkbook(f.Name, r)
	case !zipped(r):
		return nil
	case looksOpenDocument(head):
		return fmt.Errorf("%s is a spreadsheet of OpenDocument (.ods): save it as .xlsx or CSV, and name that", f.Name)
	case !format.packed && looksWorkbook(head):
		return fmt.Errorf("%s is a workbook: leave out --format", f.Name)
	case !format.packed:
		return fmt.Errorf("%s is a zip file whose name does not end in .zip: rename it, or unpack it, and name that", f.Name)
	}
	return nil
}

// nothing reports whether a file has nothing but white space in it.
func nothing(r *bufio.Reader) bool {
	head, err := r.Peek(sniffed)
	return errors.Is(err, io.EOF) && len(bytes.TrimSpace(bytes.TrimPrefix(head, []byte(byteOrderMark)))) == 0
}

// inUTF16 reports whether a file begins with a mark of UTF-16.
func inUTF16(r *bufio.Reader) bool {
	head, _ := r.Peek(2) // an error comes again when it is read
	return string(head) == "\xff\xfe" || string(head) == "\xfe\xff"
}

var errUTF16 = errors.New("is UTF-16: save it as UTF-8")

// readError says what is wrong with a file that cannot be read to its end.
func readError(name string, err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%s does not exist", name)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%s may not be read by this user", name)
	case errors.Is(err, syscall.EISDIR):
		return fmt.Errorf("%s is a folder: name the files in it", name)
	case errors.Is(err, errUTF16), errors.As(err, new(*bookError)):
		return fmt.Errorf("%s %w", name, err)
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, zip.ErrFormat), errors.Is(err, zip.ErrAlgorithm), errors.Is(err, zip.ErrChecksum):
		return fmt.Errorf("%s is packed and damaged or cut off: fetch it again", name)
	}
	var damaged flate.CorruptInputError
	if errors.As(err, &damaged) {
		return fmt.Errorf("%s is packed and damaged or cut off: fetch it again", name)
	}
	return fmt.Errorf("read %s: %w", name, err)
}

// FromBytes is a file in memory.
func FromBytes(name string, b []byte) File {
	return File{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }}
}

// Spool copies a stream to a temporary file, so that it can be read twice. The file is removed by the function
// returned.
func Spool(name string, r io.Reader) (File, func(), error) {
	f, err := os.CreateTemp("", "throughline-*.jsonl")
	if err != nil {
		return File{}, nil, err
	}
	remove := func() { _ = os.Remove(f.Name()) }
	_, err = io.Copy(f, r)
	if err = errors.Join(err, f.Close()); err != nil {
		remove()
		return File{}, nil, err
	}
	file := FromPath(f.Name())
	file.Name = name
	return file, remove, nil
}

// LineError is an error in one line of an import.
type LineError struct {
	File  string
	Sheet string // of a workbook
	Line  int    // or the row of the sheet
	Err   error
	Noun  string // what stands there; "" for a line
}

// Error is "people.jsonl:17: the line …", or "people.xlsx, sheet Staff, row 17: the row …".
func (e *LineError) Error() string {
	at := fmt.Sprintf("%s:%d", e.File, e.Line)
	if e.Sheet != "" {
		at = fmt.Sprintf("%s, sheet %s, row %d", e.File, e.Sheet, e.Line)
	}
	return fmt.Sprintf("%s: the %s %v", at, cmp.Or(e.Noun, "line"), e.Err)
}

// Unwrap returns what is wrong.
func (e *LineError) Unwrap() error { return e.Err }

// BadLinesError is the error of an import that found lines it cannot take; nothing of the files was written.
type BadLinesError struct {
	Lines []*LineError
	More  int // bad lines that are not listed
}

// Files returns the places, as the details of an error have them.
func (e *BadLinesError) Files() []BadFile {
	files := make([]BadFile, len(e.Lines))
	for i, l := range e.Lines {
		files[i] = BadFile{l.File, l.Sheet, l.Line, l.Error()}
	}
	return files
}

// Error lists them, a line each.
func (e *BadLinesError) Error() string {
	var b strings.Builder
	for i, l := range e.Lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(l.Error())
	}
	if e.More > 0 {
		fmt.Fprintf(&b, "\nand %s more", grouped(e.More))
	}
	return b.String()
}

// grouped writes a number for people: 1,234.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
