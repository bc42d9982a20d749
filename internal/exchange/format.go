package exchange

import (
	"archive/zip"
	"bufio"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/store"
)

// Format is one form of files that hold a graph. What the program and its documentation say of formats is made from
// Formats.
type Format struct {
	Name       string   // for --format
	Title      string   // what it is, and who reads it
	Extensions []string // with their dots; the first is the usual one
	Media      string   // the media type
	Parts      []string // names of the files that one graph is written as, with endings that differ; nil for one file
	Holds      string   // what of a graph it holds
	Lacks      string   // what it cannot hold, "" for nothing
	// Then says what to do with the files that were written, each at the path of its part; nil where there is nothing
	// to say.
	Then    func(path func(part string) string) string
	noun    string                 // what its records are called in messages; "" for a line
	typed   bool                   // what its links are follows from the types of their ends
	recodes bool                   // its reader knows other encodings than UTF-8
	packed  bool                   // its files are zip files
	looks   func(head []byte) bool // whether a file that begins so is of the format; nil where that says nothing
	read    func(in *reading) error
	// tables calls a function for each table of a file; nil for formats of anything else.
	tables func(in *reading, of func(rows) error) error
	write  func(ctx context.Context, x *outlet) error
}

// Formats returns all formats, in the order in which they are listed.
func Formats() []*Format {
	return slices.Concat([]*Format{jsonlFormat()}, tables(),
		[]*Format{xlsxFormat(), graphmlFormat(), gexfFormat(), cytoscapeFormat(), jsonldFormat(), ftmFormat(), popoloFormat(), dotFormat(), cypherFormat(), neo4jFormat()})
}

// Reads reports whether files of the format can be imported.
func (f *Format) Reads() bool { return f.read != nil }

// Writes reports whether the format can be exported.
func (f *Format) Writes() bool { return f.write != nil }

// Ways says whether the format is imported, exported or both.
func (f *Format) Ways() string {
	switch {
	case f.read == nil:
		return "export"
	case f.write == nil:
		return "import"
	}
	return "import and export"
}

// FormatNames returns the names of the formats that fit.
func FormatNames(fits func(*Format) bool) (names []string) {
	for _, f := range Formats() {
		if fits(f) {
			names = append(names, f.Name)
		}
	}
	return names
}

// FormatOf returns the format of a name as --format has it, or else the one of a file's name,
// of which .gz and .zip say how it is packed; nil where neither is known.
func FormatOf(name, file string) *Format {
	all := Formats()
	if name != "" {
		if i := slices.IndexFunc(all, func(f *Format) bool { return f.Name == name }); i >= 0 {
			return all[i]
		}
		return nil
	}
	name = strings.ToLower(strings.TrimSuffix(filepath.Base(file), ".gz"))
	var found *Format
	longest := 0 // .ftm.json says more than .json
	for _, f := range all {
		for _, ext := range f.Extensions {
			if strings.HasSuffix(name, ext) && len(ext) > longest {
				found, longest = f, len(ext)
			}
		}
		if found == nil && strings.HasSuffix(name, ".zip") && f.Parts != nil {
			return f
		}
	}
	return found
}

// formatOf returns the format of a file by its name, or by how it begins; JSON lines where neither says one. What
// begins as a workbook is one, whatever its name.
func formatOf(name string, r *bufio.Reader) *Format {
	if looksWorkbook(begun(r)) {
		return xlsxFormat()
	}
	if f := FormatOf("", name); f != nil {
		return f
	}
	head := begun(r)
	for _, f := range Formats() {
		if f.looks != nil && f.looks(head) {
			return f
		}
	}
	return jsonlFormat()
}

// begun returns how a file begins.
func begun(r *bufio.Reader) []byte {
	head, _ := r.Peek(sniffed) // an error comes again when it is read
	return head
}

// sniffed is how much of a file is looked at to find its format.
const sniffed = 4 << 10

// outlet is what a format is written from, and to.
type outlet struct {
	cat    *catalog.Catalog
	from   store.Scanner
	open   Open
	counts Counts
}

// Open returns where a part of a format goes; the part is "" where there is but one. What was opened before is whole
// when the next is asked for.
type Open func(part string) (io.Writer, error)

// file opens the one file of a format.
func (x *outlet) file() (*bufio.Writer, error) {
	w, err := x.open("")
	if err != nil {
		return nil, err
	}
	return bufio.NewWriterSize(w, 1<<20), nil
}

// One returns the Open by which the format is written to w as one file: a format of several parts is packed into a zip
// file. Finish ends that file, after the export.
func (f *Format) One(w io.Writer) (_ Open, finish func() error) {
	if f.Parts == nil {
		return func(string) (io.Writer, error) { return w, nil }, func() error { return nil }
	}
	z := zip.NewWriter(w)
	return func(part string) (io.Writer, error) { return z.Create(f.PartName(part)) }, z.Close
}

// PartName returns the name of the file of a part.
func (f *Format) PartName(part string) string {
	if strings.Contains(part, ".") {
		return part
	}
	return part + f.Extensions[0]
}

// Export writes everything a store holds in this format. The same graph gives the same bytes, whatever store it is in.
func (f *Format) Export(ctx context.Context, cat *catalog.Catalog, s store.Scanner, open Open) (Counts, error) {
	if f.write == nil {
		return Counts{}, fmt.Errorf("%s cannot be written; write one of %s", f.Name,
			strings.Join(FormatNames((*Format).Writes), ", "))
	}
	x := &outlet{cat: cat, from: s, open: open}
	err := f.write(ctx, x)
	return x.counts, err
}

// Export writes everything a store holds as lines of JSON.
func Export(ctx context.Context, cat *catalog.Catalog, s store.Scanner, w io.Writer) (Counts, error) {
	f := jsonlFormat()
	open, _ := f.One(w)
	return f.Export(ctx, cat, s, open)
}
