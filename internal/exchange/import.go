package exchange

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
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
	// Source is what is quoted where a file has no words of its own: kind, title, url, publisher, authors, publishedOn.
	// By default it is the file.
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

// LineError is what is wrong with one line of an import.
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

// Counts are the records of an import.
type Counts struct {
	Sources int `json:"sources"`
	Nodes   int `json:"nodes"`
	Links   int `json:"links"`
}

// Options of an import.
type Options struct {
	DryRun bool
	// Replace has a record take the place of what the store holds under its id, instead of adding to it.
	Replace bool
	// Diff, unless nil, is called for each field that changes.
	Diff func(FieldChange)
	// Progress is told how many bytes of its input were read since it was last told; nil for nobody.
	Progress func(bytes int)
	// Waits, unless nil, is called where another process writes to the store: the import begins when it has ended.
	Waits func()
	// By is who imports, for the log; "" where that is not known.
	By string
	// Note says why, for the log.
	Note string
	// Full has the log keep the records that the import creates too, so that it can be taken back.
	Full bool
}

// HistoryNames are what the log can keep of the records of an import: those that it changes and deletes, or all.
var HistoryNames = []string{"changed", historyFull}

const historyFull = "full"

// KeepHistory reads what the log is to keep.
func (o *Options) KeepHistory(name string) { o.Full = name == historyFull }

// A batch ends after so many records or so many bytes of lines: several are under way at once.
const (
	batchLines = 2000
	batchBytes = 1 << 20
	maxErrors  = 20
)

// Import writes files into a store: all of them or, where a line is bad, nothing. On a store whose loads are not atomic
// the files are read twice, first to check every line, and several files once more before that, or twice where links of
// one need the types of what is in the others.
func Import(ctx context.Context, cat *catalog.Catalog, s store.Store, files []File, o Options) (Report, error) {
	report, err := imported(ctx, cat, s, files, o)
	if err != nil && ctx.Err() != nil {
		err = kg.Wrap(kg.CodeOf(ctx.Err()), err, "the import was interrupted; nothing is lost, run it again")
	}
	return report, err
}

func imported(ctx context.Context, cat *catalog.Catalog, s store.Store, files []File, o Options) (_ Report, err error) {
	if err := kg.CheckNote(o.Note); err != nil {
		return Report{}, err
	}
	c := &checks{
		cat: cat, store: s, types: map[uint64]uint8{}, titles: map[uint64]*kg.Source{}, seed: maphash.MakeSeed(), replace: o.Replace, trial: o.DryRun,
		before: map[string]any{}, kept: map[string]any{},
	}
	c.sums = make([]string, len(files))
	c.words.spool = &c.spool
	c.alone = len(files) == 1
	defer func() { err = errors.Join(err, c.spool.close()) }()
	if c.none, err = s.Empty(ctx); err != nil {
		return Report{}, err
	}
	if c.others, err = c.elsewhere(ctx, files); err != nil {
		return Report{}, err
	}
	if err = c.watch(ctx, files); err != nil {
		return Report{}, err
	}
	if o.DryRun || !s.Atomic() {
		counts, err := pass(ctx, c, nil, files, o)
		if err != nil {
			return Report{}, err
		}
		if o.DryRun {
			return c.finished(counts), nil
		}
	}
	l, err := s.Load(ctx)
	for n := 0; errors.Is(err, store.ErrBusy) && ctx.Err() == nil; n++ { // each try waits for some time
		if n == 0 && o.Waits != nil {
			o.Waits()
		}
		l, err = s.Load(ctx)
	}
	if err != nil {
		return Report{}, err
	}
	c.checked = !s.Atomic()
	deed := store.Deed{By: o.By, Note: o.Note, Whole: o.Full, Files: make([]kg.ChangeFile, len(files))}
	for i, f := range files {
		deed.Files[i] = kg.ChangeFile{Name: filepath.Base(f.Name), SHA256: c.sums[i]}
	}
	l.Describe(&deed)
	counts, err := pass(ctx, c, l, files, o)
	if err == nil {
		for i := range files {
			deed.Files[i].SHA256 = c.sums[i]
		}
		l.Describe(&deed)
		err = l.Commit(ctx)
	}
	if err != nil {
		if err = errors.Join(err, l.Rollback()); !s.Atomic() {
			err = &partError{err}
		}
		return Report{}, err
	}
	return c.finished(counts), nil // a store may write the last of it at the end
}

// partError is the error of an import that has ended while it wrote, on a store whose loads are not atomic.
type partError struct{ error }

// Unwrap returns what ended it.
func (e *partError) Unwrap() error { return e.error }

// partial reports whether an import that failed may have written a part of its files.
func partial(err error) bool {
	_, part := errors.AsType[*partError](err)
	return part
}

// Left says what an import that failed has left in the store.
func Left(err error) string {
	if partial(err) {
		return "a part of it may be written, and importing it again completes it"
	}
	return "nothing was written"
}

// finished returns the report of a pass that is over.
func (c *checks) finished(counts Counts) Report {
	r := c.report.report(counts)
	r.Unverified, r.MadeUnverified = c.unverified+c.misquoted, c.lost+c.lostQuotations
	return r
}

// batch is some lines, parsed.
type batch struct {
	file    int
	records []record
	lines   []int
	errs    []*LineError // at most maxErrors
	more    int          // bad lines beyond those
	bytes   int
	sum     string   // SHA-256 of the file, in its last batch
	err     error    // of reading
	noun    string   // what its lines are called where they are none
	sheets  []string // of a workbook: see LineError.in
	lenient []string // what was read leniently
}

// writer puts batches into a load beside the checks of those that follow.
type writer struct {
	batches chan *store.Batch
	ended   chan struct{}
	err     error // once it has ended
}

func newWriter(ctx context.Context, l store.Load) *writer {
	w := &writer{batches: make(chan *store.Batch, 2), ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		for b := range w.batches {
			if w.err = l.Put(ctx, b); w.err != nil {
				return
			}
		}
	}()
	return w
}

func (w *writer) put(b *store.Batch) error {
	select {
	case w.batches <- b:
		return nil
	case <-w.ended:
		return w.err
	}
}

// end waits until everything is written.
func (w *writer) end() error {
	close(w.batches)
	<-w.ended
	return w.err
}

// pass reads all files once and puts them into l, if there is one. What one pass has found out about ids, the next
// knows.
func pass(ctx context.Context, c *checks, l store.Load, files []File, o Options) (counts Counts, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	diff := o.Diff
	if l == nil && !o.DryRun {
		diff = nil // the pass that writes knows better
	}
	report := newReporting(c.cat, diff)
	if c.checked {
		report.warnings, report.more, report.quiet = c.report.warnings, c.report.more, true
	}
	c.begin(report)
	if err := c.formers(ctx); err != nil {
		return counts, err
	}
	var w *writer
	end := func() error { return nil }
	if l != nil {
		w = newWriter(ctx, l)
		end = sync.OnceValue(w.end)
		defer func() {
			cancel() // it is over in any case
			_ = end()
		}()
	}
	batches := make(chan *batch, 2)
	go func() {
		defer close(batches)
		c.read(ctx, files, batches)
	}()
	bad := &BadLinesError{}
	nouns, sheets := make([]string, len(files)), make([][]string, len(files))
	at := -1
	for b := range batches {
		if b.err != nil {
			return counts, b.err
		}
		if b.sum != "" {
			c.sums[b.file] = b.sum
		}
		if b.file != at {
			if at >= 0 && !c.checked {
				if err := c.settle(ctx, files[at], nil, bad); err != nil {
					return counts, err
				}
			}
			at = b.file
			c.file = at
			c.next()
		}
		errs, err := c.batch(ctx, files[b.file].Name, b)
		if err != nil {
			return counts, err
		}
		bad.add(append(b.errs, errs...), b.more)
		nouns[b.file] = b.noun
		if b.sheets != nil {
			sheets[b.file] = b.sheets
		}
		for _, s := range b.lenient {
			report.warn("%s", s)
		}
		sb := store.Batch{Distinct: !c.again, Merge: !o.Replace}
		for _, r := range b.records {
			switch {
			case r.source != nil:
				sb.Sources = append(sb.Sources, r.source)
			case r.node != nil:
				sb.Nodes = append(sb.Nodes, r.node)
			case r.link != nil:
				sb.Links = append(sb.Links, r.link)
			}
		}
		counts.Sources += len(sb.Sources)
		counts.Nodes += len(sb.Nodes)
		counts.Links += len(sb.Links)
		if len(bad.Lines) == 0 {
			var note func(was, is any)
			if c.trial {
				note = report.take
			}
			if err := c.keep(&sb, note); err != nil {
				return counts, err
			}
			sb.Report = report.take
			if w != nil {
				if err := w.put(&sb); err != nil {
					return counts, err
				}
			}
		}
		if o.Progress != nil {
			o.Progress(b.bytes)
		}
	}
	if err := ctx.Err(); err != nil {
		return counts, err
	}
	going, errs, err := c.removals(ctx, report)
	if err != nil {
		return counts, err
	}
	bad.add(errs, 0)
	if at >= 0 && !c.checked {
		if err := c.settle(ctx, files[at], &going, bad); err != nil {
			return counts, err
		}
	}
	if len(bad.Lines) > 0 {
		bad.order(files, nouns, sheets)
		return counts, bad
	}
	if err := c.identified(ctx); err != nil {
		return counts, err
	}
	if err := going.carryOut(ctx, c.store, w, report.take); err != nil {
		return counts, err
	}
	if err := end(); err != nil {
		return counts, err
	}
	return counts, nil
}

// read parses all files, and behind them the links that may have ends in any of them.
func (c *checks) read(ctx context.Context, files []File, batches chan<- *batch) {
	how := turn{others: c.beyond()}
	if c.others != nil {
		how.later = &postponed{nouns: make([]string, len(files))}
		defer how.later.spool.close() //nolint:errcheck // what was in it is read
	}
	for i, f := range files {
		if !readFile(ctx, c.cat, i, f, how, batches) {
			return
		}
	}
	if how.later != nil {
		how.later.send(ctx, c.cat, files, batches)
	}
}

// add takes in the bad lines of a batch, in order, up to a bound, and counts the others.
func (e *BadLinesError) add(lines []*LineError, more int) {
	slices.SortStableFunc(lines, func(a, b *LineError) int { return cmp.Compare(a.Line, b.Line) })
	room := min(maxErrors-len(e.Lines), len(lines))
	e.Lines = append(e.Lines, lines[:room]...)
	e.More += len(lines) - room + more
}

// order puts the bad lines in the order of the files and of their lines, as some are known to be bad at the end alone,
// and calls them what they are called in their files.
func (e *BadLinesError) order(files []File, nouns []string, sheets [][]string) {
	at := map[string]int{}
	for i, f := range files {
		at[f.Name] = i
	}
	for _, l := range e.Lines {
		l.Noun = nouns[at[l.File]]
	}
	slices.SortStableFunc(e.Lines, func(a, b *LineError) int {
		return cmp.Or(cmp.Compare(at[a.File], at[b.File]), cmp.Compare(a.Line, b.Line))
	})
	for _, l := range e.Lines {
		l.in(sheets[at[l.File]])
	}
}

// reading is a file on its way into an import.
type reading struct {
	ctx    context.Context //nolint:containedctx // it lives as long as one call
	cat    *catalog.Catalog
	r      *bufio.Reader
	file   *File
	others *elsewhere // what is not in the file; nil where nobody asks what its links are
	// say takes a record as a line of JSON, and where in the file it stands. It reports whether to go on.
	say func(at int, line []byte) bool
	// fail takes what is wrong with a place of the file. It returns errStopped when nobody is there to hear more.
	fail func(at int, err error) error
	// lenient takes what was read as something that it is not quite.
	lenient func(format string, args ...any)
	sheets  []string // of a workbook: see where
}

// where says a place of the file, within a sentence.
func (in *reading) where(place int) string {
	if in.sheets == nil {
		return fmt.Sprint("line ", place)
	}
	l := LineError{Line: place}
	l.in(in.sheets)
	return fmt.Sprintf("row %d of sheet %s", l.Line, l.Sheet)
}

// turn says what is asked of a file.
type turn struct {
	noLinks bool       // its links are not asked for
	others  *elsewhere // what is not in it
	later   *postponed // keeps the links of formats whose links need the types of their ends; nil to have them at once
}

// fail takes a bad line, up to a bound, and counts the others.
func (b *batch) fail(wrong *LineError) {
	if len(b.errs) == maxErrors {
		b.more++
	} else {
		b.errs = append(b.errs, wrong)
	}
}

// readFile parses a file in batches. It reports whether the reader is there still.
func readFile(ctx context.Context, cat *catalog.Catalog, index int, f File, how turn, to chan<- *batch) bool {
	send := func(b *batch) bool {
		select {
		case to <- b:
			return true
		case <-ctx.Done():
			return false
		}
	}
	opened, err := f.Open()
	if err != nil {
		send(&batch{err: readError(f.Name, err)})
		return false
	}
	defer opened.Close() //nolint:errcheck // it was only read
	sum := sha256.New()
	read := io.TeeReader(opened, sum)
	r, err := unpacked(read)
	if err != nil {
		send(&batch{err: readError(f.Name, err)})
		return false
	}
	format := f.Terms.Format
	if format == nil {
		format = formatOf(f.Name, r)
	}
	if err := packedOtherwise(&f, format, r); err != nil {
		send(&batch{err: err})
		return false
	}
	if format.read == nil {
		send(&batch{err: fmt.Errorf("%s is of format %s, which is written and not read", f.Name, format.Name)})
		return false
	}
	if !format.recodes && inUTF16(r) {
		send(&batch{err: readError(f.Name, errUTF16)})
		return false
	}
	if err := f.Terms.fit(&f, format); err != nil {
		send(&batch{err: err})
		return false
	}
	b := &batch{file: index, noun: format.noun}
	there := true // the reader of batches
	told := map[string]bool{}
	in := &reading{ctx: ctx, cat: cat, r: r, file: &f, others: how.others}
	handOn := send
	send = func(b *batch) bool {
		b.sheets = in.sheets
		return handOn(b)
	}
	in.fail = func(n int, err error) error {
		b.fail(&LineError{File: f.Name, Line: n, Err: err})
		if ctx.Err() != nil {
			return errStopped
		}
		return nil
	}
	in.lenient = func(say string, args ...any) {
		if !told[say] { // once is enough
			told[say] = true
			b.lenient = append(b.lenient, f.Name+": "+fmt.Sprintf(say, args...))
		}
	}
	empty := true
	in.say = func(n int, line []byte) bool {
		empty = false
		b.bytes += len(line) + 1
		line = bytes.TrimPrefix(line, []byte(byteOrderMark)) // a file that was joined to another has one within
		if (how.noLinks || how.later != nil && format.typed) && first(line) == "link" {
			if !how.noLinks {
				b.err = how.later.add(index, n, format.noun, line)
			}
			return b.err == nil
		}
		rec, err := parse(cat, line)
		if err != nil {
			_ = in.fail(n, err) // whether anybody is there is seen when the batch is full
		}
		if rec != (record{}) { // also that of a bad line, which others may need
			rec.bad = err != nil
			b.records = append(b.records, rec)
			b.lines = append(b.lines, n)
		}
		if len(b.records) >= batchLines || b.bytes >= batchBytes {
			if there = send(b); there {
				b = &batch{file: index, noun: format.noun}
			}
		}
		return there
	}
	records := format.read
	if nothing(r) {
		records = func(*reading) error { return nil } // in every format it holds no records
	}
	var bad *LineError
	switch err := records(in); {
	case !there, ctx.Err() != nil:
		return false
	case b.err != nil: // of what keeps its links
	case errors.As(err, &bad):
		_ = in.fail(bad.Line, bad.Err)
	case err != nil:
		b.err = readError(f.Name, err)
	default:
		if _, err := io.Copy(io.Discard, read); err != nil { // what stands behind a packed part
			b.err = readError(f.Name, err)
		}
	}
	if empty && len(b.errs) == 0 && b.err == nil {
		in.lenient("there is nothing in it")
	}
	b.sum = hex.EncodeToString(sum.Sum(nil))
	return send(b)
}

// checks holds what lines say against each other and against the store. It remembers ids as hashes: of a billion pairs
// of ids, none is likely to share 64 bits.
type checks struct {
	cat   *catalog.Catalog
	store store.Store
	none  bool // the store held nothing
	seed  maphash.Seed
	types map[uint64]uint8 // type index of entities and sources known
	seen  hashes           // ids of this file
	// a second file may say again what the first said
	earlier hashes // ids of the files before
	again   bool   // one of them was said again
	words   texts  // of the sources of this import, and of those of the store that its links rest on
	asked   hashes // sources whose texts were looked for
	// unverified counts the evidence taken whose words do not stand in their source's text, and misquoted the
	// quotations
	unverified, misquoted int
	spool                 spool
	quotations            map[uint64]quotation
	sayings               []saying
	// the quotations to which links lead whose ids do not say so, by the ids of the links
	leads map[string]uint64
	// links of the store that lead to another quotation than before, by their ids
	moved hashes
	// sources whose texts the file at hand gives or clears; none where it is the only one
	texts hashes
	// sources of the store, perhaps, whose texts lines of this import give or clear
	texted               []string
	lost, lostQuotations int      // evidence and quotations that were not unverified before
	alone                bool     // there is one file
	file, line           int      // at hand
	fault                error    // of the file of texts
	sums                 []string // SHA-256 of each file that was read
	replace              bool
	trial                bool // nothing is written
	checked              bool // a pass before has found all that is to be said
	report               *reporting
	// what lines delete
	gone      hashes
	deletions []deletion
	external  owners
	former    map[string]string     // the ids that entities have now, by former ones
	joined    hashes                // ids that lines have said by former ones
	others    map[uint64]uint8      // the types of the entities of all files, where one needs those of others: see elsewhere
	titles    map[uint64]*kg.Source // of the store, by what tables call them: see elsewhere
	watched   hashes                // ids that several files say
	before    map[string]any        // records as they are before the batch at hand, where that is asked for
	kept      map[string]any        // watched records as they are after the lines so far
}

func (c *checks) hash(id string) uint64 { return maphash.String(c.seed, id) }

// used marks what a line of this import uses, in types.
const used = 0x80

// typeOf returns the index of the type of an entity or source, and reports whether it is known.
func (c *checks) typeOf(h uint64) (uint8, bool) {
	t, ok := c.types[h]
	return t &^ used, ok
}

// use finds what a line needs, and marks it.
func (c *checks) use(h uint64) (uint8, bool) {
	t, ok := c.types[h]
	if ok && t&used == 0 {
		c.types[h] = t | used
	}
	return t &^ used, ok
}

// begin begins a pass.
func (c *checks) begin(r *reporting) {
	c.report, c.gone, c.deletions, c.external, c.kept = r, hashes{}, nil, owners{}, map[string]any{}
	c.seen, c.earlier, c.again, c.asked, c.unverified = hashes{}, hashes{}, false, hashes{}, 0
	c.quotations, c.sayings, c.leads, c.texted, c.moved = map[uint64]quotation{}, nil, map[string]uint64{}, nil, hashes{}
	c.words.reset()
	c.spool.reset()
}

// next begins another file.
func (c *checks) next() {
	c.earlier.merge(&c.seen)
	c.seen, c.texts = hashes{}, hashes{}
}

// say notes an id; false when the file has it already.
func (c *checks) say(h uint64) bool {
	if !c.seen.add(h) {
		return false
	}
	c.again = c.again || c.earlier.has(h)
	return true
}

// hashes is a set of hashes with open addressing: a map takes two to three times the memory, and a large import has
// millions.
type hashes struct {
	slots []uint64 // a power of two of them, at most three quarters used; 0 = free
	n     int
}

// at returns the slot of a hash, or the free one where it would be added.
func (s *hashes) at(h uint64) int {
	mask := len(s.slots) - 1
	i := int(h) & mask
	for s.slots[i] != 0 && s.slots[i] != h {
		i = (i + 1) & mask
	}
	return i
}

// has reports whether h is in the set. 0 stands for 1.
func (s *hashes) has(h uint64) bool {
	return s.n > 0 && s.slots[s.at(max(h, 1))] != 0
}

// add puts h into the set; false when it was there.
func (s *hashes) add(h uint64) bool {
	h = max(h, 1)
	if 4*s.n >= 3*len(s.slots) {
		old := s.slots
		s.slots = make([]uint64, max(2*len(old), 1024))
		for _, o := range old {
			if o != 0 {
				s.slots[s.at(o)] = o
			}
		}
	}
	i := s.at(h)
	if s.slots[i] != 0 {
		return false
	}
	s.slots[i] = h
	s.n++
	return true
}

// merge adds the hashes of another set.
func (s *hashes) merge(o *hashes) {
	for _, h := range o.slots {
		if h != 0 {
			s.add(h)
		}
	}
}

// batch checks a batch: ids once in a file, ends and sources known, types fitting.
func (c *checks) batch(ctx context.Context, file string, b *batch) (errs []*LineError, err error) {
	if err := c.redirect(ctx, b); err != nil {
		return nil, err
	}
	if !c.none {
		if err := c.ask(ctx, b.records); err != nil {
			return nil, err
		}
	}
	if err := c.readTexts(ctx, b.records); err != nil {
		return nil, err
	}
	if err := c.recall(ctx, b.records); err != nil {
		return nil, err
	}
	for i, r := range b.records {
		if r.bad {
			c.blame(r)
			continue
		}
		c.file, c.line = b.file, b.lines[i]
		if r.gone != nil {
			r.gone.file, r.gone.line = file, b.lines[i]
		}
		err := c.record(r)
		if c.fault != nil {
			return nil, c.fault
		}
		if err != nil {
			errs = append(errs, &LineError{File: file, Line: b.lines[i], Err: err})
			c.blame(r)
		}
	}
	return errs, nil
}

// ask asks the store at once for what some records need and the import has not seen.
func (c *checks) ask(ctx context.Context, records []record) error {
	unknown := map[string]bool{}
	own := map[string]bool{}
	need := func(id string) {
		if _, ok := c.types[c.hash(id)]; !ok && !own[id] {
			unknown[id] = true
		}
	}
	for _, r := range records {
		switch {
		case r.source != nil:
			need(r.source.ID)
			own[r.source.ID] = true
		case r.node != nil:
			need(r.node.ID)
			own[r.node.ID] = true
			if !r.node.Absorbed {
				for _, id := range r.node.FormerIDs {
					need(id)
				}
			}
		case r.link != nil:
			if r.missing != nil {
				need(r.link.ID)
			}
			need(r.link.From)
			need(r.link.To)
			for i := range r.link.Evidence {
				need(r.link.Evidence[i].Source)
			}
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	known, err := c.store.Types(ctx, slices.Collect(maps.Keys(unknown)))
	for id, typ := range known {
		c.types[c.hash(id)] = c.cat.TypeOf(typ).Index
	}
	return err
}

func (c *checks) record(r record) error {
	switch {
	case r.gone != nil:
		return c.remove(r.gone)
	case r.source != nil:
		return c.declare(r, r.source.ID, c.cat.Source)
	case r.node != nil:
		if err := c.declare(r, r.node.ID, c.cat.TypeOf(r.node.Type)); err != nil {
			return err
		}
		if err := c.formerly(r.node); err != nil {
			return err
		}
		c.identify(r.node)
		if err := c.merged(r); err != nil {
			return err
		}
		if r.node.Absorbed { // it keeps its own words
			return nil
		}
		c.fault = c.noteQuotation(r.node)
		return nil
	}
	return c.link(r)
}

// blame takes note of a bad line, so that lines that use what it should have made are no bad lines because of it.
func (c *checks) blame(r record) {
	var t uint8 // 0 = a type that the line does not say
	switch {
	case r.source != nil:
		t = c.cat.Source.Index
	case r.node != nil:
		if of := c.cat.TypeOf(r.node.Type); of != nil {
			t = of.Index
		}
	default:
		return
	}
	h := c.hash(r.id())
	if _, ok := c.types[h]; !ok {
		c.types[h] = t
	}
}

// declare takes note of an id.
func (c *checks) declare(r record, id string, t *catalog.Type) error {
	h := c.hash(id)
	hint := "; put what it says into one line"
	if r.minted {
		hint = ", made from its name; give one of the two an id"
	}
	if absorbed := r.node != nil && r.node.Absorbed; !c.say(h) && !c.joins(h, absorbed) {
		return fmt.Errorf("has the id %s of an earlier line%s", id, hint)
	}
	before, ok := c.typeOf(h)
	switch {
	case c.gone.has(h):
		return fmt.Errorf("has the id %s, which an earlier line deletes; leave out one of the two", id)
	case ok && before != 0 && before != t.Index:
		return fmt.Errorf("has the id %s, which is taken by a record of type %s; give it another id", id,
			c.cat.TypeAt(before).Enum)
	case r.missing != nil && (!ok || c.replace):
		return r.missing
	}
	if r.minted {
		var is any = r.node
		if r.source != nil {
			is = r.source
		}
		if err := namesake(c.cat, c.held(id), is); err != nil {
			return err
		}
	}
	if !ok {
		c.types[h] = t.Index
	}
	return nil
}

func (c *checks) link(r record) error {
	l := r.link
	h := c.hash(l.ID)
	if !c.say(h) {
		if !c.joins(h, l.Absorbed) {
			return fmt.Errorf("says what an earlier line says (link %s); put the evidence of both into one line", l.ID)
		}
		l.Absorbed = true // with --replace too, the two add up
	}
	if c.gone.has(h) {
		return fmt.Errorf("has the id %s, which an earlier line deletes; leave out one of the two", l.ID)
	}
	if r.missing != nil {
		if _, ok := c.types[h]; c.replace || !ok && !c.earlier.has(h) {
			return r.missing
		}
	}
	if l.Minted && !c.none && !c.replace {
		c.report.minted.add(l.ID)
	}
	k := c.cat.Kind(l.Kind)
	for _, end := range []struct {
		name, id string
		types    catalog.TypeSet
	}{{"from", l.From, k.From}, {"to", l.To, k.To}} {
		t, ok := c.use(c.hash(end.id))
		switch {
		case c.gone.has(c.hash(end.id)):
			return fmt.Errorf("links %s %s, which an earlier line deletes", end.name, end.id)
		case !ok:
			return fmt.Errorf("links %s %s, which stands neither above nor in the store", end.name, end.id)
		case t != 0 && !end.types.Has(t):
			return fmt.Errorf("links %s %s, which is of type %s; %s joins %s there", end.name, end.id,
				c.cat.TypeAt(t).Enum, k.Name, typeNames(c.cat, end.types))
		}
	}
	for i := range l.Evidence {
		e := &l.Evidence[i]
		if c.gone.has(c.hash(e.Source)) {
			return fmt.Errorf("has evidence from %s, which an earlier line deletes", e.Source)
		}
		if t, ok := c.use(c.hash(e.Source)); !ok || t != c.cat.Source.Index {
			return fmt.Errorf("has evidence from %s, a source that stands neither above nor in the store", e.Source)
		}
	}
	if c.fault = c.noteSaying(l); c.fault != nil {
		return nil //nolint:nilerr // the fault ends the pass
	}
	return c.quoted(l)
}

func typeNames(cat *catalog.Catalog, set catalog.TypeSet) string {
	return strings.Join(cat.Enums(set), " or ")
}

// Rate is n in a time, for people: "123,456 links/s".
func Rate(n int, took time.Duration) int {
	if took <= 0 {
		return 0
	}
	return int(float64(n) / took.Seconds())
}
