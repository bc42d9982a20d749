package exchange

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

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
// the files are read twice: to check every line, then to write. Several files are read once before that, and twice
// where links of one file need the types of entities in another.
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

// Rate is n in a time, for people: "123,456 links/s".
func Rate(n int, took time.Duration) int {
	if took <= 0 {
		return 0
	}
	return int(float64(n) / took.Seconds())
}
